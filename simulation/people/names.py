"""Names of people who do not exist: 1 to 60 characters, in capitals, as the register has them.

New names follow Permendagri 73/2022 (Latin letters, at most 60); older ones keep their dots,
apostrophes, digits and the spelling of before 1972. All of that occurs here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from ektp.record import Sex
from simulation.people.chance import weighted
from simulation.people.name_lists import CULTURES, FOREIGN, ONE_WORD, Culture, ForeignNames

__all__ = ["NAME_LIMIT", "PersonName", "citizen_name", "foreign_name", "nationality"]

NAME_LIMIT: Final = 60
"""Characters, spaces included (Permendagri 73/2022 article 4)."""

_OLD_SPELLING: Final = (("J", "DJ"), ("Y", "J"), ("C", "TJ"), ("U", "OE"))
_SYLLABLES: Final = ("NA", "RI", "TA", "SU", "LO", "KA", "DI", "PE", "RA", "BI", "SE", "LA")
_LONG_SHARE: Final = 0.006
_DIGIT_SHARE: Final = 0.003
_APOSTROPHE_SHARE: Final = 0.04
_OLD_SPELLING_AGE: Final = 54


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A name and the region whose customs it follows (None for foreigners)."""

    text: str
    culture: str | None


def citizen_name(rng: random.Random, sex: Sex, age: int, one_word_share: float) -> PersonName:
    """A citizen's name; older people more often have the spelling of before 1972."""
    culture = weighted(rng, [(name, c.weight) for name, c in CULTURES.items()])
    draw = rng.random()
    if draw < one_word_share:
        return PersonName(text=_one_word(rng, sex, age), culture="jawa")
    if draw > 1 - _LONG_SHARE:
        return PersonName(text=_exactly(rng, CULTURES[culture], sex, NAME_LIMIT), culture=culture)
    words = _words(rng, CULTURES[culture], sex)
    if age >= _OLD_SPELLING_AGE and rng.random() < 0.3:
        words = [_old_spelling(word) for word in words]
    if culture in ("jawa", "palembang", "sunda", "bugis") and rng.random() < _APOSTROPHE_SHARE:
        words[-1] = rng.choice(ONE_WORD[f"apostrophe_{_half(sex)}"])
    if rng.random() < _DIGIT_SHARE:
        words.append(rng.choice(("2", "3", "II")))
    return PersonName(text=" ".join(words), culture=culture)


def nationality(rng: random.Random) -> ForeignNames:
    """The nationality of a resident foreigner."""
    return rng.choice(FOREIGN)


def foreign_name(rng: random.Random, people: ForeignNames, sex: Sex) -> str:
    """A resident foreigner's name, given names first, as the passport's visual zone has it."""
    given = people.men if sex is Sex.MALE else people.women
    first = rng.choice(given)
    middle = rng.choice(given) if rng.random() < 0.3 else first
    families = rng.choice(people.families)
    if middle == first or " " in first + middle:
        return f"{first} {families}"
    return f"{first} {middle} {families}"


def _half(sex: Sex) -> str:
    return "men" if sex is Sex.MALE else "women"


def _one_word(rng: random.Random, sex: Sex, age: int) -> str:
    half = _half(sex)
    if age >= _OLD_SPELLING_AGE and rng.random() < 0.35:
        return rng.choice(ONE_WORD[f"old_{half}"])
    if rng.random() < 0.05:
        return rng.choice(ONE_WORD[f"apostrophe_{half}"])
    return rng.choice(ONE_WORD[half])


def _words(rng: random.Random, culture: Culture, sex: Sex) -> list[str]:
    given = culture.men if sex is Sex.MALE else culture.women
    second = (sex is Sex.FEMALE and culture.second_women) or culture.second
    prefixes = (sex is Sex.FEMALE and culture.prefixes_women) or culture.prefixes
    first = rng.choice(given)
    words = [first, rng.choice([word for word in second if word != first])]
    if rng.random() < 0.3:
        words.insert(1, rng.choice([word for word in given if word not in words]))
    if prefixes and rng.random() < culture.prefix_share:
        words.insert(0, rng.choice(prefixes))
    return words


def _old_spelling(word: str) -> str:
    if any(mark in word for mark in (".", "DJ", "TJ", "CH")):
        return word
    # In this order: the J that was a Y must not become DJ.
    for new, old in _OLD_SPELLING:
        word = word.replace(new, old)
    return word


def _exactly(rng: random.Random, culture: Culture, sex: Sex, length: int) -> str:
    """A name of many words that takes exactly the characters that the register allows."""
    given = culture.men if sex is Sex.MALE else culture.women
    name = rng.choice(given)
    while True:
        word = rng.choice(given + culture.second)
        if word in name:
            continue
        room = length - len(name) - 1
        if room - len(word) < 5:
            return f"{name} {_made_up_word(rng, room)}"
        name = f"{name} {word}"


def _made_up_word(rng: random.Random, length: int) -> str:
    word = "".join(rng.choice(_SYLLABLES) for _ in range(length // 2 + 1))
    return word[:length]
