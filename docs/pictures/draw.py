"""Draws the pictures of the README: `python docs/pictures/draw.py`.

`proof-cards.png` is two proofs as the operator sees them: one of a synthetic citizen, one of the
samples of the foreigner's layout. `flow.png` is a drawing.
"""  # noqa: INP001 - a folder of documents is no package

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Final

import reportlab
from PIL import Image, ImageDraw, ImageFont

from ektp.cards import STEP_ORDER, Step
from ektp.printer_profiles import print_geometry
from ektp.record import CardVariant
from personalization.artwork import layout_for, proof_png, render, render_sample
from pipeline.intake.parse import parse_line
from simulation.people import generate

HERE: Final = Path(__file__).parent
FONTS: Final = Path(reportlab.__file__).with_name("fonts")
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

INK: Final[Colour] = (27, 38, 59)
QUIET: Final[Colour] = (96, 108, 129)
LINE: Final[Colour] = (122, 137, 160)
PAPER: Final[Colour] = (255, 255, 255)
BLUE: Final[Colour] = (222, 234, 247)
BLUE_EDGE: Final[Colour] = (72, 117, 170)
SAND: Final[Colour] = (252, 239, 220)
SAND_EDGE: Final[Colour] = (206, 138, 44)
GREEN: Final[Colour] = (222, 242, 228)
GREEN_EDGE: Final[Colour] = (58, 140, 88)
RED: Final[Colour] = (250, 226, 224)
RED_EDGE: Final[Colour] = (188, 72, 62)
GREY: Final[Colour] = (240, 243, 247)

SCALE: Final = 3
WIDTH: Final = 1280
HEIGHT: Final = 640
MARGIN: Final = 28


# --- proof cards ----------------------------------------------------------------------------


def proof_cards() -> Image.Image:
    """Two proofs side by side."""
    geometry = print_geometry("cr80-300-1016x648")
    line = json.dumps(list(generate(2, 7))[1]).encode()
    record = parse_line(line, today=date(2026, 1, 5), geometry=geometry).record
    artworks = (
        render(record, layout_for(record.variant), geometry),
        render_sample(layout_for(CardVariant.OA), geometry),
    )
    proofs = [Image.open(BytesIO(proof_png(artwork))) for artwork in artworks]
    gap = 40
    width = sum(proof.width for proof in proofs) + gap
    both = Image.new("RGBA", (width, proofs[0].height))
    left = 0
    for proof in proofs:
        both.paste(proof, (left, 0))
        left += proof.width + gap
    return both.resize((width * 2 // 3, both.height * 2 // 3), Image.Resampling.LANCZOS)


# --- the flow -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the whole job, what it does, and the value that it leaves."""

    name: str
    does: Sequence[str]
    leaves: str


STAGES: Final = (
    Stage("Intake", ("signature of the file,", "every line for itself"), "a job is owed"),
    Stage("Preparation", ("artwork, data files,", "digests; proof sheet"), "PersoPackage"),
    Stage("Production", ("one attempt", "for each blank"), "PASSED card"),
    Stage("Inspection", ("again at a desk,", "as a stranger reads"), "QaVerdict"),
    Stage("Packing", ("sorted by desa, RW, RT,", "name; numbered seal"), "sealed parcel"),
    Stage("Logistics", ("registry, kecamatan,", "receipt, hand-over"), "card in hand"),
)
LEDGERS: Final = (
    ("Vault", "personal data, a key per job"),
    ("Journal", "append-only, chained: intent before act, outcome after"),
    ("State tables", "projections of the journal"),
    ("Stock ledger", "every blank, every seal"),
)


@dataclass(slots=True)
class Sheet:
    """A drawing in points of the finished picture, drawn larger and made small at the end."""

    image: Image.Image = field(
        default_factory=lambda: Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAPER)
    )

    @property
    def _draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def box(self, box: Box, fill: Colour, edge: Colour, *, radius: float = 8) -> None:
        """A box with round corners."""
        scaled = [value * SCALE for value in box]
        self._draw.rounded_rectangle(scaled, radius * SCALE, fill=fill, outline=edge, width=4)

    def text(
        self, x: float, y: float, text: str, size: float, *, bold: bool = False, ink: Colour = INK
    ) -> None:
        """A line of text, centred on a point."""
        face = ImageFont.truetype(FONTS / ("VeraBd.ttf" if bold else "Vera.ttf"), size * SCALE)
        self._draw.text((x * SCALE, y * SCALE), text, fill=ink, font=face, anchor="mm")

    def arrow(self, *points: tuple[float, float], ink: Colour = LINE) -> None:
        """A line through points that ends in an arrow head."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, fill=ink, width=5, joint="curve")
        (x0, y0), (x1, y1) = scaled[-2:]
        length = max(abs(x1 - x0), abs(y1 - y0))
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        back, side = 7 * SCALE, 4 * SCALE
        self._draw.polygon(
            [
                (x1, y1),
                (x1 - dx * back - dy * side, y1 - dy * back + dx * side),
                (x1 - dx * back + dy * side, y1 - dy * back - dx * side),
            ],
            fill=ink,
        )

    def finished(self) -> Image.Image:
        """The picture at twice its size in points."""
        return self.image.resize((WIDTH * 2, HEIGHT * 2), Image.Resampling.LANCZOS)


def _stages(sheet: Sheet) -> tuple[float, float]:
    """The row of stages; left and right edge of production."""
    gap, top, height = 30.0, 64.0, 92.0
    width = (WIDTH - 2 * MARGIN - gap * (len(STAGES) - 1)) / len(STAGES)
    edges = (0.0, 0.0)
    for number, stage in enumerate(STAGES):
        left = MARGIN + number * (width + gap)
        middle = left + width / 2
        main = stage.name == "Production"
        sheet.box(
            (left, top, left + width, top + height),
            SAND if main else BLUE,
            SAND_EDGE if main else BLUE_EDGE,
        )
        sheet.text(middle, top + 22, stage.name, 16, bold=True)
        for row, words in enumerate(stage.does):
            sheet.text(middle, top + 48 + 19 * row, words, 12)
        sheet.text(middle, top + height + 16, stage.leaves, 12, bold=True, ink=QUIET)
        if number:
            sheet.arrow((left - gap + 3, top + height / 2), (left - 3, top + height / 2))
        if main:
            edges = (left, left + width)
    sheet.text(MARGIN + width / 2, 22, "signed file of", 12, ink=QUIET)
    sheet.text(MARGIN + width / 2, 38, "approved records", 12, ink=QUIET)
    sheet.arrow((MARGIN + width / 2, 47), (MARGIN + width / 2, 62))
    return edges


def _attempt(sheet: Sheet, edges: tuple[float, float]) -> None:
    """One card attempt, opened up below production."""
    top, bottom = 226.0, 500.0
    left, right = MARGIN, WIDTH - MARGIN
    for edge, corner in zip(edges, (left, right), strict=True):
        draw = ImageDraw.Draw(sheet.image)
        ends = [(edge * SCALE, 190 * SCALE), (corner * SCALE, top * SCALE)]
        draw.line(ends, fill=SAND_EDGE, width=3)
    sheet.box((left, top, right, bottom), (255, 251, 244), SAND_EDGE, radius=12)
    sheet.text(WIDTH / 2, top + 22, "One card attempt: one blank for one job", 15, bold=True)
    sheet.text(
        WIDTH / 2,
        top + 43,
        "the outcome of a step and the intent of the next are committed together, before the next"
        " physical act",
        12,
        ink=QUIET,
    )
    says = {
        Step.FEED: ("a blank to the", "chip station"),
        Step.PROVE: ("in the ledger,", "untouched"),
        Step.BIND: ("serial and attempt,", "signed in the token"),
        Step.ENCODE: ("marker, keys, files,", "digests, closed"),
        Step.READ: ("as a stranger,", "with the SAM"),
        Step.PRINT: ("photo in colour,", "text in resin"),
        Step.REREAD: ("heat kills", "chips"),
        Step.DELIVER: ("to the good", "tray"),
    }
    steps = [step for step in STEP_ORDER if step is not Step.REJECT]
    gap, row, height = 18.0, top + 64, 78.0
    width = (right - left - 32 - gap * (len(steps) - 1)) / len(steps)
    middles = []
    for number, step in enumerate(steps):
        x = left + 16 + number * (width + gap)
        middles.append(x + width / 2)
        sheet.box((x, row, x + width, row + height), PAPER, SAND_EDGE)
        sheet.text(middles[-1], row + 20, step.value, 15, bold=True)
        for line, words in enumerate(says[step]):
            sheet.text(middles[-1], row + 43 + 17 * line, words, 11)
        if number:
            sheet.arrow((x - gap + 2, row + height / 2), (x - 2, row + height / 2))
    _ends(sheet, middles, row + height)


def _ends(sheet: Sheet, middles: Sequence[float], under: float) -> None:
    """How an attempt can end."""
    top, height, collect = under + 50, 62.0, under + 22
    ends = (
        ((middles[0] - 68, 350), "SPOILED", "a cause; chip terminated; job remade", RED, RED_EDGE),
        ((350 + 28, 862), "HELD or IN_DOUBT", "evidence kept; two people decide", SAND, SAND_EDGE),
        ((890, middles[-1] + 68), "PASSED", "last verdict PASS, to packing", GREEN, GREEN_EDGE),
    )
    draw = ImageDraw.Draw(sheet.image)
    # A card can jam on its way out, too.
    bad = [*middles[:-1], middles[-1] - 34]
    for middle in bad:
        ends_at = [(middle * SCALE, (under + 2) * SCALE), (middle * SCALE, collect * SCALE)]
        draw.line(ends_at, fill=LINE, width=4)
    draw.line(
        [(bad[0] * SCALE, collect * SCALE), (bad[-1] * SCALE, collect * SCALE)], fill=LINE, width=4
    )
    for (left, right), name, says, fill, edge in ends:
        middle = (left + right) / 2
        sheet.box((left, top, right, top + height), fill, edge)
        sheet.text(middle, top + 22, name, 14, bold=True)
        sheet.text(middle, top + 44, says, 12)
        if name != "PASSED":
            sheet.arrow((middle, collect), (middle, top - 3))
    sheet.arrow((middles[-1], under + 3), (middles[-1], top - 3), ink=GREEN_EDGE)


def _ledgers(sheet: Sheet) -> None:
    """What stands below everything."""
    top, height, gap = 528.0, 56.0, 14.0
    shares = (0.20, 0.38, 0.21, 0.21)
    room = WIDTH - 2 * MARGIN - gap * (len(LEDGERS) - 1)
    left = float(MARGIN)
    for (name, says), share in zip(LEDGERS, shares, strict=True):
        width = room * share
        sheet.box((left, top, left + width, top + height), GREY, LINE)
        sheet.text(left + width / 2, top + 19, name, 14, bold=True)
        sheet.text(left + width / 2, top + 39, says, 11.5)
        left += width + gap
    sheet.text(
        WIDTH / 2,
        top + height + 26,
        "Reconciliation: the identities of batch, machine and stock give difference 0, or name what"
        " is missing",
        13,
        bold=True,
        ink=QUIET,
    )


def flow() -> Image.Image:
    """The whole job in one picture."""
    sheet = Sheet()
    _attempt(sheet, _stages(sheet))
    _ledgers(sheet)
    return sheet.finished()


def main() -> None:
    """Draw both."""
    proof_cards().save(HERE / "proof-cards.png", optimize=True)
    flow().quantize(128).save(HERE / "flow.png", optimize=True)


if __name__ == "__main__":
    main()
