"""Occupations, streets and the like, as building stones of a biography."""

from __future__ import annotations

from typing import Final

__all__ = [
    "BLOOD_TYPES",
    "FOREIGN_OCCUPATIONS",
    "OCCUPATIONS",
    "OCCUPATIONS_OF_MEN",
    "OCCUPATIONS_OF_WOMEN",
    "RELIGIONS",
    "STREETS",
]

OCCUPATIONS: Final = (
    ("KARYAWAN SWASTA", 22), ("WIRASWASTA", 18), ("BURUH HARIAN LEPAS", 10),
    ("BELUM/TIDAK BEKERJA", 8), ("PEDAGANG", 7), ("PETANI/PEKEBUN", 7),
    ("PEGAWAI NEGERI SIPIL", 5), ("GURU", 4), ("KARYAWAN HONORER", 3), ("PERDAGANGAN", 2),
    ("KARYAWAN BUMN", 2), ("KARYAWAN BUMD", 1), ("BURUH TANI/PERKEBUNAN", 2),
    ("NELAYAN/PERIKANAN", 1), ("PETERNAK", 1), ("INDUSTRI", 1), ("KONSTRUKSI", 1),
    ("TRANSPORTASI", 1), ("BURUH NELAYAN/PERIKANAN", 1), ("BURUH PETERNAKAN", 1),
    ("PENATA RAMBUT", 1), ("SENIMAN", 1), ("TABIB", 1), ("PERANCANG BUSANA", 1),
    ("PENTERJEMAH", 1), ("WARTAWAN", 1), ("JURU MASAK", 1), ("PROMOTOR ACARA", 1),
    ("DOSEN", 1), ("PENGACARA", 1), ("NOTARIS", 1), ("ARSITEK", 1), ("AKUNTAN", 1),
    ("KONSULTAN", 1), ("DOKTER", 1), ("PERAWAT", 1), ("APOTEKER", 1),
    ("PSIKIATER/PSIKOLOG", 1), ("PENYIAR TELEVISI", 1), ("PENYIAR RADIO", 1), ("PENELITI", 1),
    ("PIALANG", 1), ("PERANGKAT DESA", 1), ("LAINNYA", 1),
)  # fmt: skip
"""(occupation, weight) for anybody of working age; spelling of form F-1.01."""

OCCUPATIONS_OF_MEN: Final = (
    ("SOPIR", 4), ("TUKANG BATU", 2), ("TUKANG KAYU", 2), ("MEKANIK", 2),
    ("KEPOLISIAN RI", 2), ("TENTARA NASIONAL INDONESIA", 2), ("PELAUT", 1),
    ("TUKANG LISTRIK", 1), ("TUKANG CUKUR", 1), ("TUKANG SOL SEPATU", 1),
    ("TUKANG LAS/PANDAI BESI", 1), ("TUKANG GIGI", 1),
    ("PILOT", 1), ("PARANORMAL", 1),
)  # fmt: skip

OCCUPATIONS_OF_WOMEN: Final = (
    ("MENGURUS RUMAH TANGGA", 40), ("BIDAN", 3), ("TUKANG JAHIT", 2),
    ("PEMBANTU RUMAH TANGGA", 3), ("PENATA RIAS", 1), ("PENATA BUSANA", 1), ("PARAJI", 1),
)  # fmt: skip

FOREIGN_OCCUPATIONS: Final = (
    ("ENTREPRENEUR", 5), ("ENGINEER", 4), ("TEACHER", 4), ("RETIRED", 3), ("HOUSEWIFE", 2),
    ("CONSULTANT", 2), ("RESEARCHER", 1), ("CHEF", 1), ("CLERGY", 1), ("PRIVATE EMPLOYEE", 3),
)  # fmt: skip
"""A foreigner's card has its values in English since Permendagri 72/2022."""

RELIGIONS: Final = {
    "jawa": (("ISLAM", 94), ("KRISTEN", 3), ("KATHOLIK", 3)),
    "palembang": (("ISLAM", 100),),
    "sunda": (("ISLAM", 98), ("KRISTEN", 2)),
    "minang": (("ISLAM", 100),),
    "batak": (("KRISTEN", 75), ("KATHOLIK", 15), ("ISLAM", 10)),
    "bugis": (("ISLAM", 100),),
    "bali": (("HINDU", 97), ("BUDHA", 3)),
    "timur": (("KRISTEN", 60), ("KATHOLIK", 40)),
    "tionghoa": (("BUDHA", 45), ("KRISTEN", 30), ("KATHOLIK", 15), ("KHONGHUCU", 10)),
    "foreign": (("KRISTEN", 40), ("ISLAM", 20), ("KATHOLIK", 20), ("BUDHA", 12), ("HINDU", 8)),
}

BLOOD_TYPES: Final = (
    ("-", 38), ("O", 22), ("B", 15), ("A", 13), ("AB", 5), ("O+", 3), ("A+", 1), ("B+", 1),
    ("AB+", 1), ("O-", 1),
)  # fmt: skip

STREETS: Final = (
    "MELATI", "KENANGA RAYA", "BOUGENVILLE", "RAJAWALI", "CENDRAWASIH", "MERPATI PUTIH",
    "PANGERAN ARYA KELANA", "SULTAN MAKMUR SENTOSA", "RADEN PANJI WIRADARMA", "DEMANG SETIA LOYAL",
    "DEPATEN SERUMPUN", "NASKAH PANJANG", "TEMBESU RAYA", "SEMANGKA MANIS", "SUKA BERSAMA",
    "SEPAKAT JAYA", "GOTONG ROYONG", "MUSYAWARAH", "PERSATUAN", "MUFAKAT LAMA",
)  # fmt: skip
"""Street names that could be anywhere."""
