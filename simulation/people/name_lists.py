"""Given names, family names and forms of many regions of Indonesia, as building stones.

Each list is common property of the language; the combinations are drawn by chance and name nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["CULTURES", "FOREIGN", "ONE_WORD", "Culture", "ForeignNames"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Culture:
    """The names of one region: given names of men and of women, second names, and their shape.

    `prefixes` stand before a name now and then (an order of birth, an abbreviation, a noble form).
    """

    weight: int
    men: tuple[str, ...]
    women: tuple[str, ...]
    second: tuple[str, ...]
    second_women: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    prefixes_women: tuple[str, ...] = ()
    prefix_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignNames:
    """Names, birth places and the English country name of one nationality."""

    country: str
    men: tuple[str, ...]
    women: tuple[str, ...]
    families: tuple[str, ...]
    places: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CULTURES: Final[Mapping[str, Culture]] = {
    "jawa": Culture(
        weight=30,
        men=_words(
            "AGUS ADITYA ANDRIYANTO ARIF BAGAS BAMBANG BAYU BUDI CAHYO DANANG DIMAS DJOKO DWI EKO "
            "FAJAR GALIH GATOT GUNTUR HARYONO HENDRO INDRA JOKO JUMADI KUNCORO MULYONO NUGROHO "
            "PANJI PRIYO PURNOMO RUDI SIGIT SLAMET SUGENG SUPRIYADI TEGUH TRI WAHYU WIDODO YOGA"
        ),
        women=_words(
            "ANGGRAENI AYU BUDIARTI DEWI DIAH DWI DYAH EKA ENDANG ENI ERNI HANDAYANI INDAH "
            "ISTIQOMAH KARTIKA LESTARI NINGSIH NUNUNG PUJI RATNA RETNO RINI SARI SRI SUMIYATI "
            "SULASTRI TITIK TRI TUTIK UMI WAHYUNI WIWIK WULAN YULI YUNITA"
        ),
        second=_words(
            "SANTOSO PRASETYO WIBOWO NUGRAHA SUSANTO HARTONO SAPUTRO UTOMO SETIAWAN WICAKSONO "
            "PRABOWO SUTRISNO KUSUMO HANDOKO RAHARJO PURWANTO WIDIYANTO MARTONO SUHARTONO "
            "DARMAWAN PAMUNGKAS WARDOYO"
        ),
        second_women=_words(
            "RAHAYU LESTARI WULANDARI HANDAYANI PUSPITASARI KUSUMAWATI UTAMI PRATIWI SETYOWATI "
            "SUSILOWATI WIDYASTUTI PURWANINGSIH ANGGRAINI RAHMAWATI HARTATI SULISTYOWATI YUNIARTI"
        ),
        prefixes=("R.", "RM.", "MOCH.", "MUH."),
        prefixes_women=("RR.", "R.A.", "SITI"),
        prefix_share=0.08,
    ),
    "palembang": Culture(
        weight=26,
        men=_words(
            "AHMAD AMIRUDDIN ANDRIANSYAH ARDIANSYAH BURHANUDDIN DARMAWANSYAH EFENDI FIRMANSYAH "
            "HASANUDDIN HERMANSYAH IRWANSYAH JUNAIDI KEMAS KOMARUDDIN LUKMAN MARZUKI MASAGUS "
            "NAJAMUDDIN RIDWAN ROZALI RUSDI SYAHRIAL SYARIFUDDIN TARMIZI YUDI ZAINAL ZULKARNAIN"
        ),
        women=_words(
            "ASMARANI CEK DAHLIA FARIDA HALIMAH HERLINA IRMA KHAIRUNNISA LAILA MARDIANA MASAYU "
            "MARYAMAH NURBAITI NURHAYATI ROSMALA RUSMINI SALBIAH SYARIFAH YUSNANI ZALEHA ZUBAIDAH"
        ),
        second=_words(
            "AKBAR ANWAR ABDULLAH BASRI DJALALUDDIN EFFENDI FAUZI GOFAR HAMID HUSIN IBRAHIM "
            "ISKANDAR KARIM KURNIAWAN MAHMUD OKTAVIAN PRATAMA RAMADHAN SAPUTRA USMAN WAHAB YAHYA"
        ),
        second_women=_words(
            "APRIANI AGUSTINA DAMAYANTI FITRIANI HIDAYATI JULIANA MARLINA NOVITASARI OKTARINA "
            "PERMATASARI RAMADHANI SAFITRI SEPTIANA YANTI ZAHARA"
        ),
        prefixes=("M.", "KGS.", "KMS.", "MGS.", "RD."),
        prefixes_women=("NYAYU", "MSY.", "RA.", "SITI"),
        prefix_share=0.25,
    ),
    "sunda": Culture(
        weight=12,
        men=_words(
            "ASEP ATEP CECEP DADANG DEDEN DENI ENDANG ENTIS GUGUN IWAN JAJANG KOMAR MAMAT NANDANG "
            "OTONG RIDWAN RIZKI TATANG UJANG UUS WAWAN YAYAN"
        ),
        women=_words(
            "AI CICIH ECIN ELIS ENENG EUIS IIS IMAS KOKOM LILIS NENDEN NENENG NINING RENI RINA "
            "TATI TETI TITIN YANTI YETI YULIA"
        ),
        second=_words(
            "KURNIA SOBARNA SUPRIATNA HIDAYAT PERMANA GUMILAR SUHERMAN SUTISNA NURJAMAN RUKMANA "
            "WIRAWAN SURYANA KOSASIH"
        ),
        second_women=_words(
            "KURNIASIH ROSMIATI NURHASANAH SUMIATI ROHAETI MARYATI SURYANI NURJANAH MULYANI"
        ),
    ),
    "minang": Culture(
        weight=7,
        men=_words(
            "AFRIZAL ALFIAN ARIZAL BOY DASRIL EFRIZAL HENDRI JASMAN NASRUL RIKO SYAFRI YUSRI"
        ),
        women=_words("ARMINI DESMI ELVA FITRI GUSNITA LIZA MERI NELFI RAHMI SUSI YENI ZULFA"),
        second=_words("CHANIAGO PILIANG KOTO TANJUNG SIKUMBANG MALIN GUCI JAMBAK MARAJO SUTAN"),
        prefixes=("ST.", "DT."),
        prefix_share=0.05,
    ),
    "batak": Culture(
        weight=7,
        men=_words("BINSAR BONAR HOTMAN JHONNY MANGASI PARLIN POLTAK ROBERT SAHAT TIGOR TOGAR"),
        women=_words("BERLIANA DAME HOTMAIDA LAMTIUR MARINTAN MEGAWATI ROSDIANA ROTUA TIUR TIARMA"),
        second=_words(
            "SIMANJUNTAK NAINGGOLAN HUTAPEA SIREGAR LUBIS HARAHAP SITORUS SIMBOLON PANGGABEAN "
            "HUTAGALUNG GINTING SEMBIRING TARIGAN NASUTION"
        ),
    ),
    "bugis": Culture(
        weight=5,
        men=_words("AMBO BASO BASRI HASBI KAHARUDDIN LATIF MAPPASESSU RUSTAM SYAMSUL TAJUDDIN"),
        women=_words("BESSE HASNAH INDO JUMRIANI MARLIA NURLAELA ROSTINA SITTI TENRI WAHIDAH"),
        second=_words("DAENG MANGKONA PALINGE PAWELLOI RAUF SIRAJUDDIN TAHIR YUSUF MAPPANYUKKI"),
        prefixes=("ANDI", "MUH.", "ABD."),
        prefixes_women=("ANDI", "ST.", "HJ."),
        prefix_share=0.25,
    ),
    "bali": Culture(
        weight=4,
        men=_words("ARTHA BUDIASA DARMA GUNAWAN PUTRA SUARDANA SUDIRA SUPARTA WIRYA YASA"),
        women=_words("ARYANI ASTUTI DEWANTI KERTI LAKSMI MURNIATI SUARTINI SUCI WIDIANI YULIARI"),
        second=_words("ADNYANA ATMAJA DIPUTRA MAHENDRA PARAMARTHA SANJAYA SUTAMA WIJAYA"),
        prefixes=("I WAYAN", "I MADE", "I NYOMAN", "I KETUT", "I GST. NGURAH", "IDA BAGUS", "A.A."),
        prefixes_women=("NI WAYAN", "NI MADE", "NI NYOMAN", "NI KETUT", "NI LUH", "A.A. AYU"),
        prefix_share=1.0,
    ),
    "timur": Culture(
        weight=5,
        men=_words(
            "AGUSTINUS BENEDIKTUS FRANSISKUS GERSON HENGKI LAMBERTUS MARTHEN OKTOVIANUS YOHANIS"
        ),
        women=_words(
            "ALOYSIA DORKAS ELISABETH FERONIKA MARIA MARTHA ORPA SELFINA THERESIA YULIANA"
        ),
        second=_words(
            "PATTIASINA LATUHERU WENDA KOGOYA RUMBIAK WANGGAI MANUPUTTY TAHITU FOEH NABU BERE "
            "DJAMI LOBO SERAN"
        ),
    ),
    "tionghoa": Culture(
        weight=4,
        men=_words("ANDREAS DAVID EDWARD FELIX HENDRA JIMMY KEVIN LEONARDO STEVEN SUSANTO WILLIAM"),
        women=_words("CHRISTINE DESSY ELLEN FELICIA GRACE JESSICA LILIANA MELISA SHERLY VIVIAN"),
        second=_words("HALIM GUNAWAN TANUWIJAYA WIJAYA SALIM KUSUMA TJANDRA LESMANA HARTANTO LIEM"),
    ),
}

ONE_WORD: Final[Mapping[str, tuple[str, ...]]] = {
    "men": _words(
        "SUPARMAN SUKARNO SUWARNO PONIMAN KASIMIN LEGIMAN NGATIMIN PAIMIN SARDI TUKIMAN WAKIDI "
        "YATIMAN RUSLAN DJAMAL HASYIM SUTIKNO JUMALI MISKAN SAMIN MARZUKI SYAFEI"
    ),
    "women": _words(
        "SUPARMI SUKARTI PONIYEM KASINAH LEGINEM NGATINI PAIKEM SARINAH TUKINEM WAGIYEM YATINAH "
        "RUKAYAH JUMINTEN MISIRAH SAMINAH MURNI HALIMAH SAODAH SITIARMI KARSINEM"
    ),
    "old_men": _words("SOEKARDI SOEPARDI DJOEMADI TJOKRO SOERATMAN MOELJONO DJOJO WIRJO"),
    "old_women": _words("SOEKARTI SOEMINAH DJOEMINEM TJASMI SOERATMI MOELJATI WIRJANI"),
    "apostrophe_men": ("MA'RUF", "SYA'BAN", "RA'UF", "JA'FAR", "MU'MIN", "RIFA'I", "SYAFI'I"),
    "apostrophe_women": ("NUR'AINI", "MAS'AMAH", "RA'UDAH", "QURROTA'AINI", "SA'DIYAH", "UMMU'L"),
}  # fmt: skip

FOREIGN: Final = (
    ForeignNames(
        country="JAPAN",
        men=_words("HARUTO KENJI SATOSHI TAKUMI DAISUKE"),
        women=_words("AKIKO HINATA NAOMI SAKURA YUMI"),
        families=_words("TANAKAMORI ISHIZUKA HAYASHIDA NAKAGAWA FUKUMOTO"),
        places=_words("NAGOYA SAPPORO FUKUOKA KOBE"),
    ),
    ForeignNames(
        country="NETHERLANDS",
        men=_words("PIETER WILLEM JOOST SANDER DIRK"),
        women=_words("ANNEKE FEMKE MARIEKE LOTTE SASKIA"),
        families=("VAN DER MEERDIJK", "DE GRAAFF", "VAN 'T HOF", "JANSE VAN RIJSWOUT", "HOEKMAN"),
        places=("UTRECHT", "DEN HAAG", "'S-HERTOGENBOSCH", "LEIDEN"),
    ),
    ForeignNames(
        country="AUSTRALIA",
        men=_words("LIAM NOAH COOPER JACK ANGUS"),
        women=_words("CHLOE MATILDA RUBY ISLA HARRIET"),
        families=("O'BRIENSON", "MCALLISDALE", "FAIRWEATHER", "SMYTHE-WARD", "THORNBURY"),
        places=_words("PERTH HOBART BRISBANE DARWIN"),
    ),
    ForeignNames(
        country="INDIA",
        men=_words("ARJUN RAVI SURESH VIKRAM ANIL"),
        women=_words("PRIYA LAKSHMI ANJALI MEERA SUNITA"),
        families=_words("RAMANATHAN CHATTERJI KRISHNAMURTHY DESHMUKH PILLAIAN"),
        places=_words("CHENNAI MUMBAI KOLKATA PUNE"),
    ),
    ForeignNames(
        country="REPUBLIC OF KOREA",
        men=("MIN JUN", "SEO JOON", "DONG HYUN", "JI HO"),
        women=("SEO YEON", "JI WOO", "HA EUN", "MIN SEO"),
        families=_words("KIM LEE PARK CHOI JUNG"),
        places=_words("BUSAN INCHEON DAEGU SEOUL"),
    ),
    ForeignNames(
        country="UNITED KINGDOM",
        men=_words("OLIVER GEORGE HARRY ALFRED EDMUND"),
        women=_words("AMELIA FLORENCE ROSEMARY BEATRICE EDITH"),
        families=("ASHWORTH", "BLACKTHORNE", "D'ARCY", "WINTERBOURNE", "HOLLINGDALE"),
        places=_words("LEEDS BRISTOL GLASGOW CARDIFF"),
    ),
    ForeignNames(
        country="MALAYSIA",
        men=("AHMAD FAIZ", "MOHD. HAFIZ", "AZLAN", "WEI MING"),
        women=("NUR AISYAH", "SITI HAJAR", "FARAH", "MEI LING"),
        families=("BIN ABDUL RAZIF", "TANIAH", "RAJAGOPALAN", "ABDUL HALIMIN"),
        places=("KUCHING", "IPOH", "JOHOR BAHRU", "GEORGE TOWN"),
    ),
)
"""Nationalities of the resident foreigners (OA), with the country's English name."""
