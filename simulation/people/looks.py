"""How somebody looks: the traits from which a portrait is drawn."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from ektp.record import Sex
from simulation.people.canvas import Colour, blend
from simulation.people.chance import weighted

__all__ = ["Cover", "Hair", "Looks", "Subject", "Wear", "looks_of"]


@unique
class Cover(StrEnum):
    """What is worn on the head."""

    NOTHING = "nothing"
    HIJAB = "hijab"
    PECI = "peci"


@unique
class Hair(StrEnum):
    """How the hair is cut or worn."""

    SHORT = "short"
    PARTED = "parted"
    CROPPED = "cropped"
    CURLY = "curly"
    RECEDING = "receding"
    LONG = "long"
    BOB = "bob"
    TIED = "tied"
    FRINGE = "fringe"


@unique
class Wear(StrEnum):
    """What is worn below the neck."""

    SHIRT = "shirt"
    BATIK = "batik"
    ROUND_NECK = "round_neck"
    JACKET = "jacket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the record says of the person in the picture."""

    sex: Sex
    age: int
    birth_year: int
    religion: str
    foreign: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """All that the drawing needs; lengths in pixels of 480 × 640, proportions around 1."""

    sex: Sex
    age: int
    skin: Colour
    hair_colour: Colour
    iris: Colour
    cover: Cover
    hair: Hair
    wear: Wear
    cloth: Colour
    cloth_accent: Colour
    centre: tuple[float, float]
    half_width: float
    half_height: float
    jaw: float
    chin: float
    eye_size: float
    eye_slant: float
    eye_open: float
    brow: float
    nose: float
    nose_width: float
    mouth: float
    lips: float
    smile: float
    moustache: bool
    beard: float
    glasses: int
    mole: tuple[float, float] | None
    light: float


_SKINS: Final = (
    ((236, 194, 160), 3), ((226, 180, 142), 6), ((214, 165, 125), 8), ((198, 146, 106), 8),
    ((178, 126, 88), 6), ((152, 104, 72), 3), ((122, 82, 58), 2),
)  # fmt: skip
_FOREIGN_SKINS: Final = (
    ((246, 212, 190), 4), ((238, 198, 170), 4), ((222, 176, 138), 2), ((170, 118, 82), 2),
)  # fmt: skip
_HAIR: Final = ((28, 24, 24), (38, 30, 26), (48, 34, 26), (20, 20, 24))
_FOREIGN_HAIR: Final = ((28, 24, 24), (96, 64, 36), (150, 112, 62), (70, 46, 30), (128, 62, 34))
_IRIS: Final = ((52, 34, 22), (40, 26, 20), (64, 42, 26))
_FOREIGN_IRIS: Final = ((52, 34, 22), (74, 104, 132), (84, 100, 66), (92, 66, 40))
_CLOTHS: Final = (
    (236, 236, 232), (214, 224, 236), (44, 54, 82), (92, 36, 42), (52, 82, 66), (120, 98, 66),
    (72, 72, 80), (150, 120, 150), (196, 164, 92), (60, 110, 120), (30, 30, 36), (170, 84, 66),
)  # fmt: skip
_VEILS: Final = (
    (238, 234, 226), (52, 52, 60), (120, 84, 92), (196, 160, 150), (86, 108, 92), (100, 116, 150),
    (160, 130, 96), (134, 64, 70), (84, 70, 110), (188, 184, 172), (46, 84, 88),
)  # fmt: skip
_GREY: Final = (176, 174, 172)


def looks_of(rng: random.Random, subject: Subject) -> Looks:
    """Draw somebody's looks; hijab and peci go with the record's religion, grey hair with age."""
    male = subject.sex is Sex.MALE
    cover = _cover(rng, subject)
    return Looks(
        sex=subject.sex,
        age=subject.age,
        skin=_vary(rng, weighted(rng, _FOREIGN_SKINS if subject.foreign else _SKINS), 6),
        hair_colour=_hair_colour(rng, subject),
        iris=rng.choice(_FOREIGN_IRIS if subject.foreign else _IRIS),
        cover=cover,
        hair=_hair(rng, male=male, age=subject.age),
        wear=weighted(
            rng,
            ((Wear.SHIRT, 5), (Wear.BATIK, 4), (Wear.ROUND_NECK, 3), (Wear.JACKET, 2)),
        ),
        cloth=_vary(rng, rng.choice(_VEILS if cover is Cover.HIJAB else _CLOTHS), 12),
        cloth_accent=_vary(rng, rng.choice(_CLOTHS), 12),
        centre=(240 + rng.gauss(0, 5), 292 + rng.gauss(0, 6)),
        half_width=(110 if male else 104) * rng.uniform(0.93, 1.08),
        half_height=146 * rng.uniform(0.95, 1.05),
        jaw=rng.uniform(0.76, 0.92) if male else rng.uniform(0.68, 0.85),
        chin=rng.uniform(0.34, 0.52) if male else rng.uniform(0.26, 0.42),
        eye_size=rng.uniform(0.9, 1.12) * (1.0 if male else 1.07),
        eye_slant=rng.uniform(-2.0, 4.0),
        eye_open=rng.uniform(0.72, 1.1),
        brow=rng.uniform(0.7, 1.35) * (1.15 if male else 0.75),
        nose=rng.uniform(0.88, 1.14),
        nose_width=rng.uniform(0.85, 1.25) * (1.05 if male else 0.92),
        mouth=rng.uniform(0.88, 1.14),
        lips=rng.uniform(0.75, 1.3) * (0.85 if male else 1.1),
        smile=rng.uniform(0.5, 7.0),
        moustache=male and rng.random() < 0.3,
        beard=_beard(rng, subject) if male else 0.0,
        glasses=rng.randint(1, 3) if rng.random() < 0.1 + subject.age / 400 else 0,
        mole=(rng.uniform(-0.6, 0.6), rng.uniform(0.1, 0.7)) if rng.random() < 0.12 else None,
        light=rng.choice((-1.0, -0.6, 0.0, 0.6, 1.0)),
    )


def _vary(rng: random.Random, colour: Colour, by: int) -> Colour:
    step = rng.randint(-by, by)
    red, green, blue = (
        min(250, max(8, level + step + rng.randint(-by // 2, by // 2))) for level in colour
    )
    return red, green, blue


def _cover(rng: random.Random, subject: Subject) -> Cover:
    if subject.religion != "ISLAM" or subject.foreign:
        return Cover.NOTHING
    if subject.sex is Sex.FEMALE:
        return Cover.HIJAB if rng.random() < 0.68 else Cover.NOTHING
    return Cover.PECI if rng.random() < 0.16 else Cover.NOTHING


def _hair_colour(rng: random.Random, subject: Subject) -> Colour:
    colour = rng.choice(_FOREIGN_HAIR if subject.foreign else _HAIR)
    grey = min(1.0, max(0.0, (subject.age - 45) / 35 + rng.gauss(0, 0.12)))
    return blend(colour, _GREY, grey * 0.9)


def _hair(rng: random.Random, *, male: bool, age: int) -> Hair:
    if not male:
        return weighted(
            rng, ((Hair.LONG, 5), (Hair.BOB, 2), (Hair.TIED, 4), (Hair.FRINGE, 2), (Hair.CURLY, 1))
        )
    receding = max(0, (age - 35) // 8)
    return weighted(
        rng,
        (
            (Hair.SHORT, 5),
            (Hair.PARTED, 5),
            (Hair.CROPPED, 3),
            (Hair.CURLY, 2),
            (Hair.RECEDING, receding),
        ),
    )


def _beard(rng: random.Random, subject: Subject) -> float:
    """0 for none, up to 0.5 for stubble, 1 for a chin beard."""
    draw = rng.random()
    if draw < 0.1 and subject.age > 25:
        return 1.0
    return rng.uniform(0.15, 0.45) if draw < 0.5 else 0.0
