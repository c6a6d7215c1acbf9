"""From the nationality as approved to the three letters of the machine-readable zone.

Codes are those of ISO 3166-1 alpha-3 with the additions of ICAO Doc 9303-3 clause 5 (`D` for
Germany, `XXA` stateless, `XXB` refugee). The approved text is a country's name in English or
Indonesian, or the code itself; `countries.toml` lists the names. What is not listed is `XXX`, a
person of unspecified nationality: the printed card still says it in words.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

__all__ = ["INDONESIA", "UNSPECIFIED", "nationality_code"]

INDONESIA: Final = "IDN"
UNSPECIFIED: Final = "XXX"

_NOT_A_LETTER: Final = re.compile(r"[^A-Z]+")
_SILENT: Final = re.compile(r"['’.]")
_ARTICLES: Final = frozenset({"THE"})


def nationality_code(nationality: str) -> str:
    """The code for a nationality as approved; `XXX` where it is not known."""
    return _names().get(_key(nationality), UNSPECIFIED)


def _key(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.replace("&", " AND ")).upper()
    bare = "".join(character for character in letters if not unicodedata.combining(character))
    words = _NOT_A_LETTER.sub(" ", _SILENT.sub("", bare)).split()
    return " ".join(word for word in words if word not in _ARTICLES)


@cache
def _names() -> Mapping[str, str]:
    file = resources.files("personalization.datafiles.lds1") / "countries.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for code, names in table["codes"].items():
        for name in (code, *names):
            # Two countries under one name would be a mistake of the table, seen when it is read.
            if found.setdefault(_key(name), code) != code:
                msg = f"the table of countries gives {name} twice"
                raise ValueError(msg)
    return found
