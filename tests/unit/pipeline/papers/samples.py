"""Synthetic content for the papers: people who do not exist, in made-up villages."""

# ruff: noqa: S311 - seeded chance for people who do not exist

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from ektp.accounting import BatchCount, MachineCount, StockCount
from ektp.cards import BlankKind, SpoilCause
from ektp.ids import AttemptId, BatchId, CardSerial, ConsignmentId, Identifier, JobId, ParcelId
from ektp.lifecycle import CardState
from ektp.personal import PersonalText, mask_number
from ektp.regions import Area, RegionCode
from pipeline.papers import (
    ceremony,
    destruction,
    handover,
    key_views,
    manifest,
    notices,
    reconciliation,
    spoilage,
    stock,
    views,
)
from pipeline.papers.sheet import Sheet
from pipeline.papers.wording import DestructionMethod, OtherGround

NOON = datetime(2026, 11, 21, 5, 4, 30, tzinfo=UTC)
LONG_NAME = "RADEN MAS PANJI SURYANEGARA KUSUMAWARDHANA DJOJODININGRAT II"
LONG_VILLAGE = "KAMPUANG TANJUANG KOTO MAMBANG SUNGAI DURIAN"
UNBROKEN = "W" * 60
_GIVEN = ("SITI", "AGUS", "NUR'AINI", "M. YUSUF", "DEWI", "BAMBANG", "I GUSTI NGURAH", "MARIA")
_FAMILY = ("RAHMAWATI", "SANTOSO", "SIREGAR", "WULANDARI", "HIDAYATULLAH", "PUTRA", "LESTARI", "")
_VILLAGES = ("TANJUNG MELATI", "SUKA BAKTI", "MUARA KENANGA", LONG_VILLAGE, "26 ILIR TIMUR JAYA")
_OFFICES = (
    "ILIR BARAT DUA",
    "SEBERANG ULU SATU",
    "SEBERANG ULU DUA",
    "ILIR BARAT SATU",
    "ILIR TIMUR SATU",
    "ILIR TIMUR DUA",
    "SUKARAMI",
    "SAKO",
    "KEMUNING",
    "KALIDONI",
    "BUKIT KECIL",
    "GANDUS",
    "KERTAPATI",
    "PLAJU",
    "ALANG-ALANG LEBAR",
    "SEMATANG BORANG",
)
_I = TypeVar("_I", bound=Identifier)


def an_id(kind: type[_I], seed: str) -> _I:
    """An id of that kind with a right check character."""
    source = random.Random(f"{kind.prefix}{seed}")
    while True:
        found = kind.from_entropy(source.randbytes(8))
        if found is not None:
            return found


def a_serial(seed: str) -> CardSerial:
    return CardSerial.from_bytes(random.Random(f"card{seed}").randbytes(8))


def an_area(code: str, name: str) -> Area:
    return Area(code=RegionCode.parse(code), name=name)


OFFICE = an_area("16.71.04", "ILIR BARAT SATU")
CITY = an_area("16.71", "KOTA PALEMBANG")
BATCH = an_id(BatchId, "batch")
PARCEL = an_id(ParcelId, "parcel")
CONSIGNMENT = an_id(ConsignmentId, "consignment")


def a_stamp(**changes: object) -> views.Stamp:
    facts: dict[str, object] = {
        "site": "PUSAT PERSONALISASI KTP-el",
        "site_line": "Direktorat Jenderal Kependudukan dan Pencatatan Sipil, Jakarta",
        "number": "470/0123/KTP-el/2026",
        "printed_at": NOON,
        "simulated": True,
    }
    return views.Stamp(**(facts | changes))  # type: ignore[arg-type]


def a_person(seed: int, position: str = "", organization: str = "") -> views.Person:
    source = random.Random(seed)
    return views.Person(
        name=f"{source.choice(_GIVEN)} {source.choice(_FAMILY)}".strip().title() + ", S.Sos.",
        position=position,
        organization=organization,
        staff_number="19800101 200501 1 001",
    )


def a_label(number: int = 0) -> views.ParcelLabel:
    office = an_area(f"16.71.{number % 16 + 1:02}", _OFFICES[number % 16])
    return views.ParcelLabel(
        parcel=an_id(ParcelId, f"parcel{number}"),
        office=office,
        regency=CITY.name,
        seal=f"SGL-{100200 + number:07}",
        cards=32 + number,
        batches=(BATCH,),
        route=("Pusat, Jakarta", "Disdukcapil Kota Palembang", f"Kec. {office.name.title()}"),
        packed_at=NOON,
        consignment=CONSIGNMENT,
        ordinal=1,
        parcels=2,
    )


def _name(source: random.Random, number: int) -> str:
    if number == 3:
        return LONG_NAME
    if number == 5:
        return "Y"
    return f"{source.choice(_GIVEN)} {source.choice(_FAMILY)} {source.choice(_FAMILY)}".strip()


def _villages(count: int) -> list[Area]:
    shares = sorted(number * len(_VILLAGES) // count for number in range(count))
    return [
        an_area(f"16.71.04.{1001 if share % 2 else 2001}"[:-1] + str(share + 1), _VILLAGES[share])
        for share in shares
    ]


def a_manifest(cards: int = 33, **changes: object) -> views.ParcelManifest:
    source = random.Random(cards)
    listed = tuple(
        views.ManifestCard(
            job=an_id(JobId, f"{cards}.{number}"),
            card=a_serial(f"{cards}.{number}"),
            nik=mask_number(f"1671{source.randrange(10**8):08}0000"),
            name=PersonalText(_name(source, number)),
            village=village,
            rw=f"{number // 12 + 1:03}",
            rt=f"{number // 4 % 9 + 1:03}",
        )
        for number, village in enumerate(_villages(cards))
    )
    facts: dict[str, object] = {
        "parcel": PARCEL,
        "office": OFFICE,
        "regency": CITY.name,
        "seal": "SGL-0100200",
        "batches": (BATCH,),
        "packed_at": NOON,
        "cards": listed,
        "consignment": CONSIGNMENT,
        "packer": a_person(1, "Petugas pengemasan"),
        "checker": a_person(2, "Petugas pemeriksa"),
    }
    return views.ParcelManifest(**(facts | changes))  # type: ignore[arg-type]


def a_handover(leg: views.TransferLeg, parcels: int = 16) -> views.ConsignmentHandover:
    labels = [a_label(number) for number in range(parcels)]
    to_city = leg is views.TransferLeg.TO_REGENCY
    giver = a_person(3, "Kepala Seksi Distribusi", "Direktorat Jenderal Dukcapil")
    registry = views.Person(
        name="Dra. Hj. Nur'aini Wulandari, M.Si.",
        position="Kepala Bidang Pelayanan Pendaftaran Penduduk",
        organization="Dinas Kependudukan dan Pencatatan Sipil Kota Palembang",
        staff_number="19751231 200003 2 004",
        address="Jalan Demang Lebar Daun Nomor 1, Palembang",
    )
    camat = views.Person(position="Camat", organization="Kecamatan Ilir Barat Satu")
    return views.ConsignmentHandover(
        consignment=CONSIGNMENT,
        leg=leg,
        destination=CITY if to_city else OFFICE,
        parcels=tuple(
            views.ConsignedParcel(
                parcel=label.parcel,
                seal=label.seal,
                office=label.office if to_city else OFFICE,
                cards=label.cards,
            )
            for label in labels
        ),
        handed_at=NOON,
        place="Jakarta" if to_city else "Kantor Disdukcapil Kota Palembang",
        giver=giver if to_city else registry,
        receiver=registry if to_city else camat,
        courier="PT Pos Indonesia, kendaraan B 1234 XYZ" if to_city else "",
    )


def a_spoilage(cards: int = 33) -> views.SpoilageReport:
    source = random.Random(cards)
    causes = [SpoilCause.CHIP_DEAD_AFTER_PRINT] * 4 + list(SpoilCause)
    return views.SpoilageReport(
        batch=BATCH,
        since=date(2026, 11, 20),
        until=date(2026, 11, 21),
        attempts=cards * 41 + 100,
        cards=tuple(
            views.SpoiledCard(
                card=a_serial(f"s{number}") if number % 11 else None,
                attempt=an_id(AttemptId, f"s{number}"),
                job=an_id(JobId, f"s{number}"),
                line=f"lini-{source.randrange(1, 4)}",
                spoiled_at=NOON - timedelta(minutes=11 * (cards - number)),
                cause=source.choice(causes),
            )
            for number in range(cards)
        ),
        reporter=a_person(4, "Operator cetak"),
        reviewer=a_person(5, "Kepala Seksi Produksi"),
    )


def a_destruction(cards: int = 33, witnesses: int = 3) -> views.DestructionRecord:
    source = random.Random(cards)
    causes = [cause for cause in SpoilCause if cause is not SpoilCause.LOST]
    grounds = [*causes, OtherGround.SAMPLE, OtherGround.COLLECTED_BACK]
    offices = ("Satuan Polisi Pamong Praja", "Kepolisian Sektor Ilir Barat I", "Inspektorat Kota")
    return views.DestructionRecord(
        cards=tuple(
            views.DestroyedCard(
                card=a_serial(f"d{number}"),
                ground=source.choice(grounds),
                since=date(2026, 11, 20) - timedelta(days=number % 5),
            )
            for number in range(cards)
        ),
        destroyed_at=NOON,
        place="halaman belakang Kantor Disdukcapil Kota Palembang",
        method=DestructionMethod.BURNT,
        officers=(
            a_person(6, "Kepala Seksi Identitas Penduduk", "Disdukcapil Kota Palembang"),
            a_person(7, "Penyimpan blangko", "Disdukcapil Kota Palembang"),
        ),
        witnesses=tuple(a_person(8 + n, "", offices[n % 3]) for n in range(witnesses)),
        batches=(BATCH,),
    )


def a_ceremony(witnesses: int = 2, **changes: object) -> key_views.KeyCeremony:
    source = random.Random(witnesses)
    secret = (("READ-1", 2), ("TRANSPORT-128", 3), ("KEK-1", 0), ("SAM-OPEN-1", 0))
    pairs = ("CSCA-1", "DS-1", "LDS-1", "ENVELOPE-1")
    kept = {"sensitive": True, "extractable": False}
    keys = [
        key_views.CeremonialKey(
            label=label,
            kind="AES-256",
            components=parts,
            check_value=source.randbytes(3),
            key_id=b"",
            made_inside=not parts,
            **kept,
        )
        for label, parts in secret
    ]
    keys += [
        key_views.CeremonialKey(
            label=label,
            kind="EC P-384",
            components=0,
            check_value=b"",
            key_id=source.randbytes(8),
            made_inside=True,
            **kept,
        )
        for label in pairs
    ]
    custodians = (
        a_person(18, "Pemegang kunci", "Pusat Personalisasi KTP-el"),
        a_person(19, "Pemegang kunci", "Pusat Personalisasi KTP-el"),
    )
    facts: dict[str, object] = {
        "held_at": NOON,
        "place": "ruang kunci, Jakarta",
        "custodians": custodians,
        "witnesses": tuple(a_person(20 + n, "", "Inspektorat") for n in range(witnesses)),
        "software": "ektp 0.1.0",
        "token": key_views.KeyToken(
            kind="pkcs11",
            label="ektp",
            serial=b"1234567890123456",
            manufacturer="Pembuat HSM",
            model="Model 7",
            library="Cryptoki 3.0",
        ),
        "development": False,
        "keys": tuple(keys),
        "components": tuple(
            key_views.KeyComponent(
                key="READ-1",
                number=number,
                count=2,
                custodian=person.name,
                check_value=source.randbytes(3),
                file=f"read-1-{number}-of-2.txt",
                sha256=source.randbytes(32),
            )
            for number, person in enumerate(custodians, start=1)
        ),
        "checks": (
            "custodians are different people with different passphrases",
            "every key proved itself in the token",
            "a check that nobody translated yet",
        ),
        "record": source.randbytes(32),
    }
    return key_views.KeyCeremony(**(facts | changes))  # type: ignore[arg-type]


def _stock() -> tuple[views.StockLine, ...]:
    return (
        views.StockLine(
            kind=BlankKind.WNI_8K,
            count=StockCount(
                opening=1640,
                received=4000,
                vault=3000,
                on_line=440,
                in_process=1,
                passed_in_house=199,
                dispatched=1960,
                sample=2,
                spoiled_not_destroyed=5,
                destroyed=33,
            ),
        ),
        views.StockLine(
            kind=BlankKind.OA_8K,
            count=StockCount(opening=200, vault=190, dispatched=9, destroyed=1),
        ),
    )


def a_reconciliation(*, missing: int = 0) -> views.ReconciliationSheet:
    return views.ReconciliationSheet(
        batch=BATCH,
        opened_at=NOON - timedelta(hours=5),
        closed_at=None if missing else NOON,
        count=BatchCount(
            picked=205, passed=199 - missing, spoiled=5, held=0, in_doubt=1, on_machine=0
        ),
        machines=(
            views.MachineLine(
                line="lini-1",
                machine="sim-evolis 10000123",
                count=MachineCount(
                    fed=105, good=102 - missing, rejected=3, lost=0, inside=0, journal_fed=105
                ),
            ),
            views.MachineLine(
                line="lini-2",
                machine="sim-evolis 10000124",
                count=MachineCount(fed=100, good=97, rejected=2, lost=0, inside=1, journal_fed=100),
            ),
        ),
        stock=_stock(),
        open_cards=(
            views.UnexplainedCard(
                card=a_serial("open"),
                job=an_id(JobId, "open"),
                state=CardState.IN_DOUBT,
                last_seen="lini-2, print",
                seen_at=NOON,
            ),
        ),
        operator=a_person(11, "Operator cetak"),
        supervisor=a_person(12, "Penyelia"),
    )


def a_bulletin() -> views.StockBulletin:
    return views.StockBulletin(
        since=date(2026, 11, 1),
        as_of=NOON,
        lines=_stock(),
        keeper=a_person(13, "Penyimpan blangko"),
        head=a_person(14, "Kepala Dinas"),
    )


def a_notice(cards: int = 33) -> views.NoticeList:
    return views.NoticeList(
        office=OFFICE,
        entries=tuple(
            views.NoticeEntry(name=card.name, village=card.village, rw=card.rw, rt=card.rt)
            for card in a_manifest(cards).cards
        ),
        collect_from=date(2026, 11, 23),
        collect_at="Loket KTP-el, Kantor Kecamatan Ilir Barat Satu",
        hours="Senin–Jumat 08.00–15.00",
        signer=a_person(15, "Camat"),
    )


def an_unclaimed(cards: int = 33) -> views.UnclaimedList:
    return views.UnclaimedList(
        office=OFFICE,
        as_of=date(2026, 11, 21),
        cards=tuple(
            views.UnclaimedCard(
                job=card.job,
                card=card.card,
                nik=card.nik,
                name=card.name,
                village=card.village,
                rw=card.rw,
                rt=card.rt,
                received_on=date(2026, 11, 20) - timedelta(days=7 * (number % 40)),
                notified_on=date(2026, 11, 20) if number % 3 else None,
            )
            for number, card in enumerate(a_manifest(cards).cards)
        ),
        keeper=a_person(16),
        head=a_person(17, "Camat"),
    )


SIZED = {
    "manifest": a_manifest,
    "bast-regency": lambda count: a_handover(views.TransferLeg.TO_REGENCY, count),
    "bast-district": lambda count: a_handover(views.TransferLeg.TO_DISTRICT, count),
    "spoilage": a_spoilage,
    "destruction": a_destruction,
    "notice": a_notice,
    "unclaimed": an_unclaimed,
}
"""The papers that grow with the number of things on them."""


def a_paper(name: str, count: int = 33) -> views.View:
    """The content of a paper by its name."""
    if name in SIZED:
        return SIZED[name](count)
    return {
        "reconciliation": a_reconciliation(),
        "unbalanced": a_reconciliation(missing=1),
        "stock": a_bulletin(),
        "ceremony": a_ceremony(),
    }[name]


def lay_out(view: views.View, lang: str = "id", stamp: views.Stamp | None = None) -> Sheet:
    """Any paper but a label as drawing commands."""
    stamp = stamp or a_stamp()
    if isinstance(view, views.NoticeList):
        return notices.lay_out_notices(view, stamp, lang, views.NoticeSplit.RW)
    by_type = {
        views.ParcelManifest: manifest.lay_out,
        views.ConsignmentHandover: handover.lay_out,
        views.SpoilageReport: spoilage.lay_out,
        views.DestructionRecord: destruction.lay_out,
        key_views.KeyCeremony: ceremony.lay_out,
        views.ReconciliationSheet: reconciliation.lay_out,
        views.StockBulletin: stock.lay_out,
        views.UnclaimedList: notices.lay_out_unclaimed,
    }
    return by_type[type(view)](view, stamp, lang)


PAPERS = (*SIZED, "reconciliation", "unbalanced", "stock", "ceremony")
"""Every paper but the label, by name."""
