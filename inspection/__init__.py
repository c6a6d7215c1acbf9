"""Quality assurance: reads a chip as a stranger does, and as an inspector with a SAM does.

Shares no code with what wrote the card (`personalization`) or plays it (`simulation`); they meet in
`ektp` and in `docs/chip-profile-ktp-el.md`. What a chip does never raises out of this package: it
becomes the outcome of a named check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspection.identity import identify
    from inspection.ktp_el import KtpElInspector

__all__ = ["KtpElInspector", "identify"]


def __getattr__(name: str) -> object:
    # Loaded on first use: the command line imports this package to print its help.
    if name == "KtpElInspector":
        from inspection.ktp_el import KtpElInspector  # noqa: PLC0415 - see above

        return KtpElInspector
    if name == "identify":
        from inspection.identity import identify  # noqa: PLC0415 - see above

        return identify
    raise AttributeError(name)
