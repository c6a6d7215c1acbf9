"""The camera over the tray: a card's picture, made of the panels that are really on it.

Dye is subtractive: each colour panel takes its complement out of the light that the card returns
(yellow takes blue, magenta green, cyan red), resin black covers. Below lies a neutral card, since
the printed background of a real blank is not ours to copy. What a fault left out is missing here.
"""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from ektp.ids import CardSerial
from ektp.perso import Panel
from ektp.printer_profiles import PanelKind, PrintGeometry, Side, print_geometry
from simulation.world.prints import Print
from simulation.world.world import World

__all__ = ["picture_png", "printed_picture"]

_CARD_COLOUR: Final = (236, 238, 240)
_RESIN_COLOUR: Final = (22, 22, 24)
_STREAK_PX: Final = 3
_TAKEN_CHANNEL: Final = {PanelKind.CYAN: 0, PanelKind.MAGENTA: 1, PanelKind.YELLOW: 2}
_BARE_GEOMETRY: Final = "cr80-300-1016x648"


def printed_picture(world: World, serial: CardSerial, side: Side = Side.FRONT) -> Image.Image:
    """One side of a card as it is now, RGB, in the raster of the machine that printed it.

    A card that was never printed is a bare one. Raises `NotFound`, `SealBroken`.
    """
    prints = world.prints.of_card(world.places.number(serial))
    name = prints[0].artwork.geometry if prints else _BARE_GEOMETRY
    geometry = print_geometry(name)
    picture = Image.new("RGB", (geometry.width_px, geometry.height_px), _CARD_COLOUR)
    for layer in prints:
        _lay_down(picture, layer, side, geometry)
    return picture


def picture_png(world: World, serial: CardSerial, side: Side = Side.FRONT) -> bytes:
    """The same as a PNG file. Raises `NotFound`, `SealBroken`."""
    buffer = io.BytesIO()
    printed_picture(world, serial, side).save(buffer, format="PNG")
    return buffer.getvalue()


def _lay_down(picture: Image.Image, layer: Print, side: Side, geometry: PrintGeometry) -> None:
    streak = layer.damage.streak_permille
    streak_y = None if streak is None else streak * geometry.height_px // 1_000
    for panel in layer.panels:
        if panel.side is not side or panel.kind is PanelKind.OVERLAY:
            continue
        dye = _dye(panel)
        if streak_y is not None:
            _scratch(dye, streak_y - panel.y_px)
        if panel.kind is PanelKind.BLACK:
            picture.paste(_RESIN_COLOUR, (panel.x_px, panel.y_px), dye)
        else:
            _take_light(picture, panel, dye)


def _dye(panel: Panel) -> Image.Image:
    """How much dye lies where: 8 bits, 255 is full."""
    size = (panel.width_px, panel.height_px)
    data = panel.data.reveal()
    if panel.bits == 1:
        return Image.frombytes("1", size, data).convert("L")
    return Image.frombytes("L", size, data)


def _scratch(dye: Image.Image, top: int) -> None:
    box = (0, top, dye.width, top + _STREAK_PX - 1)
    ImageDraw.Draw(dye).rectangle(box, fill=0)


def _take_light(picture: Image.Image, panel: Panel, dye: Image.Image) -> None:
    box = (panel.x_px, panel.y_px, panel.x_px + panel.width_px, panel.y_px + panel.height_px)
    channels = list(picture.crop(box).split())
    taken = _TAKEN_CHANNEL[panel.kind]
    channels[taken] = ImageChops.multiply(channels[taken], ImageChops.invert(dye))
    picture.paste(Image.merge("RGB", channels), box[:2])
