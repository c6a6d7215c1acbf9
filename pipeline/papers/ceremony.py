"""*Berita acara upacara kunci*: the paper beside the record of a key ceremony.

First the act and its signatures, then each key with its check value or key id and how the token
keeps it, the component files that custodians took away, what was checked, and the digest of the
record that the journal keeps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pipeline.papers.blocks import Fact, Signature, facts, initials, party, signatures
from pipeline.papers.handover import opening
from pipeline.papers.ink import BAND, RULE, Box, Face
from pipeline.papers.key_views import CeremonialKey, KeyCeremony
from pipeline.papers.sheet import Sheet
from pipeline.papers.tables import Column, Table
from pipeline.papers.typesetting import BODY, LABEL, SECOND, Bold, Style
from pipeline.papers.views import Person, Stamp
from pipeline.papers.wording import Bi, Lang
from pipeline.papers.words import group_digits, number_in_words

__all__ = ["lay_out", "render_key_ceremony"]

_GROUP: Final = 8
_IN_A_ROW: Final = 4
_MONO: Final = Style(Face.BOLD, 8.4, leading=1.35)
_COMPONENTS: Final = (
    Column(Bi("Komponen", "Component"), 25),
    Column(Bi("Dipegang oleh", "Held by"), 30, face=Face.BOLD),
    Column(Bi("KCV", "KCV"), 16),
    Column(Bi("Berkas", "File"), 36),
    Column(Bi("SHA-256 berkas", "SHA-256 of the file"), 68),
)
_KEYS: Final = (
    Column(Bi("No.", "No."), 9, "right"),
    Column(Bi("Label kunci", "Key label"), 30, face=Face.BOLD),
    Column(Bi("Jenis", "Kind"), 27),
    Column(Bi("Asal", "Origin"), 31),
    Column(Bi("KCV atau ID kunci", "KCV or key id"), 36),
    Column(Bi("Rahasia", "SENSITIVE"), 21, "center"),
    Column(Bi("Dapat keluar", "EXTRACTABLE"), 21, "center"),
)
_YES, _NO = Bi("ya", "yes"), Bi("tidak", "no")
_CHECKS: Final = {
    "custodians are different people with different passphrases": (
        "Para pemegang kunci adalah orang yang berbeda dengan kata sandi yang berbeda."
    ),
    "each component was read back from its file and opened": (
        "Setiap komponen dibaca kembali dari berkasnya dan terbuka."
    ),
    "the combined masters have the check values that were stated": (
        "Kunci induk gabungan memiliki nilai pemeriksaan yang dinyatakan."
    ),
    "every key proved itself in the token": "Setiap kunci membuktikan dirinya di dalam token.",
    "every key is SENSITIVE and not EXTRACTABLE": (
        "Setiap kunci bersifat SENSITIVE dan tidak EXTRACTABLE."
    ),
}


def render_key_ceremony(view: KeyCeremony, stamp: Stamp, *, lang: Lang = "id") -> bytes:
    """The record of a key ceremony as PDF. Raises `GlyphMissing`."""
    return lay_out(view, stamp, lang).finish()


def lay_out(view: KeyCeremony, stamp: Stamp, lang: Lang) -> Sheet:
    """The record as drawing commands: the act and its signatures, then the annex."""
    sheet = Sheet(
        stamp,
        view,
        kind="UPACARA-KUNCI",
        title=Bi("Berita Acara Upacara Kunci", "Record of a key ceremony"),
        lang=lang,
    )
    sheet.both(*opening(view.held_at, stamp.zone, view.place))
    for number, custodian in enumerate(view.custodians, start=1):
        party(sheet, number, custodian)
    _statement(sheet, view)
    facts(sheet, _token(view), columns=3)
    _components(sheet, view)
    _closing(sheet, view)
    sheet.break_page()
    _keys(sheet, view, lang)
    _checks(sheet, view)
    _digest(sheet, view)
    holder, seen_by = Bi("Pemegang", "Custodian"), Bi("Saksi", "Witness")
    initials(sheet, [holder] * len(view.custodians) + [seen_by] * len(view.witnesses))
    return sheet


def _statement(sheet: Sheet, view: KeyCeremony) -> None:
    count = len(view.keys)
    words = f"{group_digits(count)} ({number_in_words(count)}) kunci"
    kind = "pengembangan" if view.development else "produksi"
    kind_en = "development" if view.development else "production"
    sheet.both(
        [
            "selaku pemegang kunci telah menyelenggarakan upacara kunci, dan bersama-sama membuat ",
            Bold(words),
            (
                f" di dalam token {kind} tersebut di bawah ini, dengan disaksikan oleh para "
                "saksi yang turut menandatangani berita acara ini. Tidak seorang pun di antara "
                "yang hadir mengetahui nilai suatu kunci."
            ),
        ],
        [
            "custodians, have held a key ceremony and together made ",
            Bold(f"{count} keys"),
            (
                f" in the {kind_en} token below, before the witnesses who sign. Nobody of "
                "those present knows the value of a key."
            ),
        ],
    )


def _token(view: KeyCeremony) -> list[Fact]:
    token = view.token
    if not token.label:
        return [
            (Bi("Token", "Token"), "perangkat lunak / software"),
            (Bi("Perangkat lunak", "Software"), view.software),
        ]
    return [
        (Bi("Token", "Token"), token.label),
        (Bi("Nomor seri", "Serial"), token.serial.decode("ascii", "replace")),
        (Bi("Pembuat", "Manufacturer"), token.manufacturer),
        (Bi("Model", "Model"), token.model),
        (Bi("Pustaka PKCS#11", "PKCS#11 library"), token.library),
        (Bi("Perangkat lunak", "Software"), view.software),
    ]


def _components(sheet: Sheet, view: KeyCeremony) -> None:
    if not view.components:
        return
    sheet.heading(Bi("Komponen yang dibawa pemegangnya", "Components that custodians take away"))
    table = Table(sheet, _COMPONENTS)
    for one in view.components:
        table.row(
            (
                f"{one.key}, {one.number}/{one.count}",
                one.custodian,
                _hex(one.check_value),
                one.file,
                _hex(one.sha256),
            )
        )
    table.end()


def _closing(sheet: Sheet, view: KeyCeremony) -> None:
    sheet.need(60)
    parts = view.components
    taken = (
        "Setiap pemegang membawa satu komponen di dalam amplop tertutup dan menyimpannya terpisah; "
        "tidak seorang pun pernah memegang lebih dari satu. "
        if parts
        else ""
    )
    taken_en = (
        "Each custodian takes one component in a closed envelope and keeps it apart; nobody ever "
        "holds more than one. "
        if parts
        else ""
    )
    sheet.both(
        [
            (
                f"{taken}Daftar kunci dan pemeriksaannya pada lampiran merupakan bagian tidak "
                "terpisahkan dari berita acara ini. Demikian berita acara ini dibuat dengan "
                "sebenarnya untuk dipergunakan sebagaimana mestinya."
            )
        ],
        [
            (
                f"{taken_en}The annexed list of keys and checks is part of this record. "
                "The Indonesian text prevails."
            )
        ],
    )
    sheet.skip(2)
    custodians = [
        # What their position is stands above, where the record names them.
        Signature(Bi(f"Pemegang kunci {number}", f"Key custodian {number}"), _short(person))
        for number, person in enumerate(view.custodians, start=1)
    ]
    witnesses = [
        Signature(Bi(f"Saksi {number}", f"Witness {number}"), person)
        for number, person in enumerate(view.witnesses, start=1)
    ]
    # Side by side where they fit: a record of one sheet is not parted from its signatures.
    rows = [[*custodians, *witnesses]]
    if len(rows[0]) > _IN_A_ROW:
        rows = [custodians, witnesses]
    for row in rows:
        signatures(sheet, row, columns=_IN_A_ROW)


def _short(person: Person) -> Person:
    return replace(person, position="")


# --- the annex ----------------------------------------------------------------------------------


def _keys(sheet: Sheet, view: KeyCeremony, lang: Lang) -> None:
    sheet.heading(Bi("Lampiran: kunci di dalam token", "Annex: the keys in the token"))
    table = Table(sheet, _KEYS)
    for number, key in enumerate(view.keys, start=1):
        table.row(
            (
                str(number),
                key.label,
                key.kind,
                _origin(key, lang),
                _hex(key.check_value or key.key_id),
                _word(key.sensitive, lang),
                _word(key.extractable, lang),
            )
        )
    table.end()
    sheet.both(
        [
            (
                "KCV (nilai pemeriksaan kunci) milik kunci rahasia; ID kunci, awal SHA-256 dari "
                "kunci publiknya, milik pasangan kunci. Keduanya tidak mengungkapkan kunci."
            )
        ],
        [
            (
                "A key check value is that of a secret; a key id, the start of the SHA-256 of its "
                "public key, that of a key pair. Neither reveals a key."
            )
        ],
    )


def _origin(key: CeremonialKey, lang: Lang) -> str:
    if key.components:
        return Bi(f"{key.components} komponen", f"{key.components} components").pick(lang)[0]
    if key.made_inside:
        return Bi("dibuat di dalam", "made inside").pick(lang)[0]
    return Bi("dimasukkan", "put in").pick(lang)[0]


def _word(value: bool, lang: Lang) -> str:
    return (_YES if value else _NO).pick(lang)[0]


def _checks(sheet: Sheet, view: KeyCeremony) -> None:
    sheet.heading(Bi("Pemeriksaan yang lulus", "Checks that were passed"))
    for number, check in enumerate(view.checks, start=1):
        english = f"{check[:1].upper()}{check[1:]}."
        indonesian = _CHECKS.get(check, english)
        sheet.both([indonesian], [english], indent_mm=6, mark=f"{number}.")
    sheet.skip(1)


def _digest(sheet: Sheet, view: KeyCeremony) -> None:
    """The digest in full, in a frame: it is compared with the journal's by eye."""
    height = 17.0
    sheet.need(height + 20)
    top = sheet.y_mm
    sheet.ink(Box(sheet.left_mm, top, sheet.width_mm, height, fill=BAND, stroke=RULE, line_pt=0.5))
    first, second = Bi(
        "SHA-256 catatan upacara (JSON), seperti tersimpan di jurnal",
        "SHA-256 of the ceremony's record (JSON), as the journal keeps it",
    ).pick(sheet.lang)
    taken = sheet.text(first, sheet.left_mm + 3, top + 4.6, LABEL)
    sheet.text(second, sheet.left_mm + 4.5 + taken, top + 4.6, SECOND)
    digest = view.record.hex()
    half = len(digest) // 2
    for line, text in enumerate((digest[:half], digest[half:])):
        y = top + 9.6 + line * _MONO.line_mm
        sheet.text(_grouped(text), sheet.left_mm + 3, y, _MONO)
    sheet.y_mm = top + height
    sheet.skip(BODY.line_mm)


def _hex(value: bytes) -> str:
    return _grouped(value.hex().upper())


def _grouped(text: str) -> str:
    return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
