"""The variable print layer of a card: layout, typesetting, panels, and the operator's proof.

`check` asks whether a record can be printed; `render` gives the panels; `compose`, `proof_png` and
`contact_sheet_pdf` show them before a blank is used. Names load their module when first asked for,
so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from personalization.artwork.completion import complete
    from personalization.artwork.contact_sheet import contact_sheet_pdf
    from personalization.artwork.fields import EVERY_FIELD, FIELDS, TRAVEL_FIELDS, Field
    from personalization.artwork.layout import Layout
    from personalization.artwork.layout_files import (
        LAYOUTS,
        PROFILE_LAYOUTS,
        layout_for,
        load_layout,
        parse_layout,
    )
    from personalization.artwork.pictures import check_pictures
    from personalization.artwork.proof import (
        compose,
        printed_sides,
        proof_png,
        specimen_ground,
    )
    from personalization.artwork.rendering import render, render_sample
    from personalization.artwork.typesetting import (
        TextBox,
        Typesetting,
        check,
        typeset,
        typeset_sample,
    )

__all__ = [
    "EVERY_FIELD",
    "FIELDS",
    "LAYOUTS",
    "PROFILE_LAYOUTS",
    "TRAVEL_FIELDS",
    "Field",
    "Layout",
    "TextBox",
    "Typesetting",
    "check",
    "check_pictures",
    "complete",
    "compose",
    "contact_sheet_pdf",
    "layout_for",
    "load_layout",
    "parse_layout",
    "printed_sides",
    "proof_png",
    "render",
    "render_sample",
    "specimen_ground",
    "typeset",
    "typeset_sample",
]

_MODULES = {
    "completion": ("complete",),
    "contact_sheet": ("contact_sheet_pdf",),
    "fields": ("EVERY_FIELD", "FIELDS", "TRAVEL_FIELDS", "Field"),
    "layout": ("Layout",),
    "layout_files": ("LAYOUTS", "PROFILE_LAYOUTS", "layout_for", "load_layout", "parse_layout"),
    "pictures": ("check_pictures",),
    "proof": ("compose", "printed_sides", "proof_png", "specimen_ground"),
    "rendering": ("render", "render_sample"),
    "typesetting": ("TextBox", "Typesetting", "check", "typeset", "typeset_sample"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
