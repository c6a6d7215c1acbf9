import io
from pathlib import Path

import pytest
from PIL import Image

from ektp.errors import CardSpoiled, NotFound
from ektp.ids import CardSerial
from ektp.perso import Artwork, Panel
from ektp.personal import PersonalBytes
from ektp.printer_profiles import PanelKind, Side, Station
from simulation.printer.camera import picture_png, printed_picture
from simulation.printer.faults import FaultPlan, Mishap, PhysicalStep
from simulation.printer.setup import MachineSetup
from simulation.printer.simulated import SimulatedPrinter
from simulation.world.panels import pack_artwork, unpack_artwork
from simulation.world.world import World
from tests.unit.simulation.world.helpers import artwork, boxed, dye, resin, serials

QUIET = FaultPlan.named("none", 7)
BARE = (236, 238, 240)
IN_PATCH = (130, 220)
ON_STRIPE = (8, 600)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.create(tmp_path / "sim")
    world.load_hopper("L1", 1, boxed(world, 3))
    return world


def printed(world: World, job: Artwork, plan: FaultPlan = QUIET) -> CardSerial:
    printer = SimulatedPrinter(world, "L1", plan=plan, setup=MachineSetup(duplex=True))
    printer.feed_to(Station.PRINT)
    card = world.inside("L1")
    assert card is not None
    try:
        printer.print(job)
    except CardSpoiled:
        printer.recover()
    return card


def with_mishap(mishap: Mishap, *, draw_over: float = 0.0, draw_under: float = 1.0) -> FaultPlan:
    seed = next(
        s
        for s in range(999)
        if draw_over <= FaultPlan.named("none", s).draw("L1", 1, "print") < draw_under
    )
    return FaultPlan.named("none", seed).with_mishap(1, PhysicalStep.PRINT, mishap)


def pixel(picture: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return found


def test_an_unknown_card_has_no_picture(world: World) -> None:
    with pytest.raises(NotFound):
        printed_picture(world, serials(1, first=77)[0])


def test_a_card_that_was_never_printed_is_bare(world: World) -> None:
    picture = printed_picture(world, serials(1)[0])
    assert picture.size == (1016, 648)
    assert picture.getcolors() == [(1016 * 648, BARE)]


@pytest.mark.parametrize(
    ("kind", "taken"), [(PanelKind.YELLOW, 2), (PanelKind.MAGENTA, 1), (PanelKind.CYAN, 0)]
)
def test_dye_takes_its_complement_out_of_the_light(
    world: World, kind: PanelKind, taken: int
) -> None:
    picture = printed_picture(world, printed(world, artwork([dye(kind, 255)])))
    seen = pixel(picture, IN_PATCH)
    assert seen[taken] <= 2
    assert [seen[i] for i in range(3) if i != taken] == [BARE[i] for i in range(3) if i != taken]
    assert pixel(picture, (99, 199)) == BARE
    assert pixel(picture, (160, 240)) == BARE


def test_resin_covers_what_lies_below(world: World) -> None:
    picture = printed_picture(world, printed(world, artwork()))
    assert pixel(picture, ON_STRIPE) == (22, 22, 24)
    assert pixel(picture, (16, 600)) == BARE
    assert max(pixel(picture, IN_PATCH)) < 60


def test_an_overlay_is_not_seen_and_a_side_is_seen_by_itself(world: World) -> None:
    job = artwork([dye(PanelKind.OVERLAY, 255), dye(PanelKind.CYAN, 255, Side.BACK)])
    card = printed(world, job)
    assert pixel(printed_picture(world, card), IN_PATCH) == BARE
    assert pixel(printed_picture(world, card, Side.BACK), IN_PATCH)[0] <= 2


def test_a_missing_panel_is_missing(world: World) -> None:
    plan = with_mishap(Mishap.MISSING_PANEL, draw_under=0.25)
    seen = pixel(printed_picture(world, printed(world, artwork(), plan)), IN_PATCH)
    assert seen[2] == BARE[2]
    assert max(seen[:2]) < 60


def test_a_jam_leaves_the_panels_before_it(world: World) -> None:
    plan = with_mishap(Mishap.JAM, draw_over=0.5, draw_under=0.75)
    picture = printed_picture(world, printed(world, artwork(), plan))
    seen = pixel(picture, IN_PATCH)
    assert seen[0] == BARE[0]
    assert max(seen[1:]) < 60
    assert pixel(picture, ON_STRIPE) == BARE


def test_a_streak_runs_along_the_card(world: World) -> None:
    plan = with_mishap(Mishap.STREAK, draw_over=0.32, draw_under=0.34)
    picture = printed_picture(world, printed(world, artwork(), plan))
    bare_rows = [y for y in range(648) if pixel(picture, (8, y)) == BARE]
    assert len(bare_rows) == 3
    assert pixel(picture, (130, bare_rows[0])) == BARE
    assert pixel(picture, (130, bare_rows[0] - 2)) != BARE


def test_a_second_print_lies_over_the_first(world: World) -> None:
    printer = SimulatedPrinter(world, "L1")
    printer.feed_to(Station.PRINT)
    printer.print(artwork([dye(PanelKind.CYAN, 255)]))
    printer.print(artwork([resin()]))
    picture = printed_picture(world, serials(1)[0])
    assert pixel(picture, IN_PATCH)[0] <= 2
    assert pixel(picture, ON_STRIPE) == (22, 22, 24)


def test_a_picture_can_be_had_as_a_file(world: World) -> None:
    card = printed(world, artwork())
    with Image.open(io.BytesIO(picture_png(world, card))) as picture:
        assert picture.format == "PNG"
        assert picture.convert("RGB").tobytes() == printed_picture(world, card).tobytes()


def test_resin_is_kept_exactly_and_dye_closely() -> None:
    ramp = Image.linear_gradient("L").resize((60, 40)).tobytes()
    job = artwork([dye(PanelKind.CYAN, 200), resin(), _patch(ramp), _patch(b"\x07", 1, 1)])
    kept = unpack_artwork(pack_artwork(job))
    assert kept.panels[1] == job.panels[1]
    assert kept.panels[3] == job.panels[3]
    assert (kept.layout, kept.geometry) == (job.layout, job.geometry)
    levels = zip(kept.panels[2].data.reveal(), ramp, strict=True)
    assert max(abs(one - other) for one, other in levels) <= 6


def _patch(data: bytes, width_px: int = 60, height_px: int = 40) -> Panel:
    like = dye(PanelKind.CYAN, 0)
    return Panel(
        side=like.side,
        kind=PanelKind.YELLOW,
        x_px=0,
        y_px=0,
        width_px=width_px,
        height_px=height_px,
        bits=8,
        data=PersonalBytes(data),
    )
