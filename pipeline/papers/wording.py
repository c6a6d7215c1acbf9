"""The words on the papers: each in Indonesian and in English, Indonesian first."""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final, Literal, NamedTuple

from ektp.cards import BlankKind, SpoilCause
from ektp.lifecycle import CardState
from ektp.regions import Area
from pipeline.papers.words import group_digits, number_in_words

__all__ = [
    "BLANK_KIND",
    "CIRCULAR_CLASS",
    "CLASS_OF_CAUSE",
    "GROUND",
    "METHOD",
    "STATE",
    "Bi",
    "CircularClass",
    "DestructionMethod",
    "Lang",
    "OtherGround",
    "count_cards",
    "count_parcels",
    "in_words",
    "village_title",
]

Lang = Literal["id", "en"]
"""Which language of a paper stands large; the other stands small beside or below it."""


class Bi(NamedTuple):
    """A text in both languages."""

    id: str
    en: str

    def pick(self, lang: Lang) -> tuple[str, str]:
        """The text in the leading language, then the one in the other."""
        return (self.id, self.en) if lang == "id" else (self.en, self.id)


@unique
class CircularClass(StrEnum):
    """The classes of circular 400.8.1.2/202241/Dukcapil, by which spoiled cards are reported.

    Lost cards are ours to add: the offices count them, the circular does not name them.
    """

    ENCODING = "encoding"
    PRINTING = "printing"
    DAMAGE = "damage"
    DATA_CHANGE = "data_change"
    LOST = "lost"


CIRCULAR_CLASS: Final = {
    CircularClass.ENCODING: Bi("Gagal encode", "Encoding failed"),
    CircularClass.PRINTING: Bi("Gagal cetak", "Printing failed"),
    CircularClass.DAMAGE: Bi("Rusak", "Damaged"),
    CircularClass.DATA_CHANGE: Bi("Perubahan elemen data", "Data element changed"),
    CircularClass.LOST: Bi("Hilang", "Lost"),
}
"""The circular's own terms."""

CLASS_OF_CAUSE: Final = {
    SpoilCause.BLANK_UNREADABLE: CircularClass.DAMAGE,
    SpoilCause.BLANK_REFUSED: CircularClass.DAMAGE,
    SpoilCause.ENCODE_FAILED: CircularClass.ENCODING,
    SpoilCause.CHIP_INVALID: CircularClass.ENCODING,
    SpoilCause.PRINT_FAILED: CircularClass.PRINTING,
    SpoilCause.CHIP_DEAD_AFTER_PRINT: CircularClass.DAMAGE,
    SpoilCause.PRINT_INTERRUPTED: CircularClass.PRINTING,
    SpoilCause.DAMAGED: CircularClass.DAMAGE,
    SpoilCause.DATA_CHANGED: CircularClass.DATA_CHANGE,
    SpoilCause.UNRESOLVED: CircularClass.DAMAGE,
    SpoilCause.LOST: CircularClass.LOST,
}
"""Under which class of the circular each cause is counted: our mapping, the circular has none."""


@unique
class OtherGround(StrEnum):
    """Why a card that was not spoiled is destroyed."""

    SAMPLE = "sample"
    COLLECTED_BACK = "collected_back"


GROUND: Final[dict[SpoilCause | OtherGround, Bi]] = {
    SpoilCause.BLANK_UNREADABLE: Bi("Blangko cacat, chip tidak terbaca", "Blank unreadable"),
    SpoilCause.BLANK_REFUSED: Bi("Blangko ditolak", "Blank refused"),
    SpoilCause.ENCODE_FAILED: Bi("Gagal encode", "Encoding failed"),
    SpoilCause.CHIP_INVALID: Bi("Chip invalid", "Chip failed its inspection"),
    SpoilCause.PRINT_FAILED: Bi("Gagal cetak", "Printing failed"),
    SpoilCause.CHIP_DEAD_AFTER_PRINT: Bi("Chip mati setelah cetak", "Chip dead after printing"),
    SpoilCause.PRINT_INTERRUPTED: Bi("Cetak terputus", "Printing interrupted"),
    SpoilCause.DAMAGED: Bi("Rusak fisik", "Physically damaged"),
    SpoilCause.DATA_CHANGED: Bi("Perubahan elemen data", "Data element changed"),
    SpoilCause.UNRESOLVED: Bi("Keadaan tidak dapat dipastikan", "State not resolved"),
    SpoilCause.LOST: Bi("Hilang", "Lost"),
    OtherGround.SAMPLE: Bi("Sampel pemeriksaan", "Test sample"),
    OtherGround.COLLECTED_BACK: Bi("KTP-el lama ditarik", "Old card collected back"),
}
"""Why a card ended, in the terms of the Dukcapil offices."""


@unique
class DestructionMethod(StrEnum):
    """How cards are destroyed. SE Mendagri 470.13/11176/SJ asks for burning."""

    BURNT = "burnt"
    CUT_AND_BURNT = "cut_and_burnt"


METHOD: Final = {
    DestructionMethod.BURNT: Bi("dibakar", "burning"),
    DestructionMethod.CUT_AND_BURNT: Bi("digunting lalu dibakar", "cutting and burning"),
}
"""The method, as the record's sentence needs it."""

BLANK_KIND: Final = {
    BlankKind.WNI_8K: Bi("WNI 8 KB (biru)", "Citizen 8 KB (blue)"),
    BlankKind.OA_8K: Bi("OA 8 KB (jingga)", "Foreigner 8 KB (orange)"),
    BlankKind.WNI_32K: Bi("WNI 32 KB (biru)", "Citizen 32 KB (blue)"),
    BlankKind.OA_32K: Bi("OA 32 KB (jingga)", "Foreigner 32 KB (orange)"),
}
"""A kind of blank by what people see of it."""

STATE: Final = {
    CardState.IN_VAULT: Bi("Di gudang aman", "In the vault"),
    CardState.ISSUED: Bi("Dikeluarkan ke lini", "Issued to a line"),
    CardState.LOADED: Bi("Masuk mesin", "In the machine"),
    CardState.ENCODING: Bi("Sedang di-encode", "Being encoded"),
    CardState.ENCODED: Bi("Selesai encode", "Encoded"),
    CardState.PRINTING: Bi("Sedang dicetak", "Being printed"),
    CardState.PRINTED: Bi("Selesai cetak", "Printed"),
    CardState.PASSED: Bi("Lulus", "Passed"),
    CardState.PACKED: Bi("Dikemas", "Packed"),
    CardState.DISPATCHED: Bi("Dikirim", "Dispatched"),
    CardState.DELIVERED: Bi("Diterima kantor", "Delivered"),
    CardState.HANDED_OVER: Bi("Diserahkan", "Handed over"),
    CardState.HELD: Bi("Ditahan", "Held"),
    CardState.IN_DOUBT: Bi("Diragukan", "In doubt"),
    CardState.SPOILED: Bi("Rusak", "Spoiled"),
    CardState.DESTROYED: Bi("Dimusnahkan", "Destroyed"),
    CardState.SAMPLE: Bi("Sampel", "Sample"),
    CardState.LOST: Bi("Hilang", "Lost"),
    CardState.COLLECTED_BACK: Bi("Ditarik kembali", "Collected back"),
}
"""Where a card is or what has become of it."""

_VILLAGE_KIND: Final = {"1": "Kelurahan", "2": "Desa", "3": "Desa Adat"}


def count_cards(number: int, lang: Lang) -> str:
    """A number of cards with its noun."""
    return f"{group_digits(number, lang)} {_noun(number, lang, 'kartu', 'card')}"


def count_parcels(number: int, lang: Lang) -> str:
    """A number of parcels with its noun."""
    return f"{group_digits(number, lang)} {_noun(number, lang, 'paket', 'parcel')}"


def in_words(number: int, lang: Lang) -> str:
    """A number in Indonesian words, in brackets; nothing where English leads."""
    return f" ({number_in_words(number)})" if lang == "id" else ""


def _noun(number: int, lang: Lang, word: str, english: str) -> str:
    if lang == "id":
        return word
    return english if number == 1 else f"{english}s"


def village_title(village: Area) -> str:
    """A village with its kind: the first digit of the code's last part says which.

    1 kelurahan, 2 desa, 3 desa adat (Kemendagri codes).
    """
    kind = _VILLAGE_KIND.get(village.code[9:10], "Desa/Kelurahan")
    return f"{kind} {village.name}"
