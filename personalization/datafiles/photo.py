"""Photo (`6FF2`): a baseline JPEG that fits what 8 KB leaves for it.

The portrait is turned upright, cut to 3:4 and scaled down; then the quality is
searched that comes nearest to the budget from below. Sizes of a JPEG follow a power of the
quantizer's scale, so that two or three encodings do where a bisection needs seven.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from ektp.errors import ChipImageTooLarge, ImageUnusable
from ektp.personal import PersonalBytes
from personalization.datafiles.pictures import decoding, on_white, opened, upright

__all__ = [
    "MIN_PORTRAIT_PX",
    "PHOTO_SIZES_PX",
    "ChipPhoto",
    "best_jpeg",
    "check_portrait",
    "chip_photo",
    "portrait_pictures",
]

MIN_PORTRAIT_PX: Final = (240, 320)
"""A portrait has at least this width and height (`approved-record.md`)."""

PHOTO_SIZES_PX: Final = ((240, 320), (210, 280), (180, 240), (150, 200), (120, 160))
"""Sizes on the chip, tried in this order until one fits at an honest quality."""

_FIELD: Final = "portrait"
_FILE: Final = "photo"
_HALF_PX: Final = 0.5
_CUT_ABOVE: Final = 0.4  # of what is too tall: below a face there is more to spare than above
_FIRST_QUALITY: Final = 40
_LOWEST_QUALITY: Final = 25  # below, blocks show, and a smaller picture looks better
_LAST_QUALITY: Final = 5  # at the smallest size there is nothing else to give
_HIGHEST_QUALITY: Final = 92
_HEADER_BYTES: Final = 300  # tables and markers, which the quality does not change
_AIM: Final = 0.975  # of the budget
_NEAR_ENOUGH: Final = 0.94  # of the budget: more encodings would change nothing to see
_ENOUGH_ENCODINGS: Final = 5  # for one size, once one of them fits
_USUAL_EXPONENT: Final = 0.9
_EXPONENTS: Final = (0.4, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipPhoto:
    """The photo of a chip: a JPEG, its size in pixels, its quality, and the encodings it took."""

    jpeg: PersonalBytes
    width_px: int
    height_px: int
    quality: int
    encodings: int


def check_portrait(portrait: PersonalBytes) -> None:
    """Decode a portrait whole, at the smallest scale that shows whether it does; encode nothing.

    Raises `ImageUnusable`: format, pixels, size, or a picture that ends too early.
    """
    _portrait(portrait, least_px=(1, 1))


def chip_photo(
    portrait: PersonalBytes,
    budget_bytes: int,
    *,
    sizes_px: Sequence[tuple[int, int]] = PHOTO_SIZES_PX,
    file: str = _FILE,
) -> ChipPhoto:
    """A JPEG (baseline, 4:2:0, no metadata) of at most `budget_bytes`.

    `sizes_px` are tried in their order, all but those that are larger than the portrait; `file` is
    what an error names. Raises `ImageUnusable` for a portrait that cannot be used, and
    `ChipImageTooLarge` where not even the smallest size fits.
    """
    guess, encodings = _FIRST_QUALITY, 0
    for picture in portrait_pictures(portrait, sizes_px):
        last = picture.size == sizes_px[-1]
        search = _Search(
            image=picture,
            budget_bytes=budget_bytes,
            lowest=_LAST_QUALITY if last else _LOWEST_QUALITY,
        )
        jpeg = search.run(guess)
        encodings += search.encodings
        if jpeg is not None:
            return ChipPhoto(
                jpeg=PersonalBytes(jpeg),
                width_px=picture.width,
                height_px=picture.height,
                quality=search.quality,
                encodings=encodings,
            )
    raise ChipImageTooLarge("the photo at its smallest", file=file, limit=budget_bytes)


def portrait_pictures(
    portrait: PersonalBytes, sizes_px: Sequence[tuple[int, int]]
) -> Iterator[Image.Image]:
    """The portrait upright, in RGB, cut to 3:4, at each of these sizes that does not enlarge it.

    The last size, which no portrait may be smaller than, is always there. Raises `ImageUnusable`.
    """
    whole = _portrait(portrait, least_px=sizes_px[0])
    face = on_white(_FIELD, whole, "RGB")
    left, top, right, bottom = box = _crop(face)
    for size in sizes_px:
        fits = size[0] <= right - left + _HALF_PX and size[1] <= bottom - top + _HALF_PX
        if fits or size == sizes_px[-1]:
            yield face.resize(size, Image.Resampling.HAMMING, box)


def best_jpeg(picture: Image.Image, budget_bytes: int, *, lowest: int) -> bytes | None:
    """A picture as a JPEG within a budget, at the best quality; None where `lowest` is too large.

    In mode `L` it has one component, in `RGB` three (4:2:0).
    """
    return _Search(image=picture, budget_bytes=budget_bytes, lowest=lowest).run(_FIRST_QUALITY)


def _portrait(portrait: PersonalBytes, *, least_px: tuple[int, int]) -> Image.Image:
    image = opened(_FIELD, portrait)
    with decoding(_FIELD):
        turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}
        size = (image.height, image.width) if turned else image.size
    if size[0] < MIN_PORTRAIT_PX[0] or size[1] < MIN_PORTRAIT_PX[1]:
        raise ImageUnusable(
            "a portrait is too small",
            field=_FIELD,
            reason="too_small",
            width_px=size[0],
            height_px=size[1],
        )
    # A JPEG can be decoded at a half, a quarter or an eighth: most of the work of a large portrait.
    narrow = min(size[0] / 3, size[1] / 4)
    scale = min(1.0, least_px[0] / 3 / narrow)
    with decoding(_FIELD):
        image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))
    return upright(_FIELD, image)


def _crop(image: Image.Image) -> tuple[float, float, float, float]:
    unit = min(image.width / 3, image.height / 4)
    left, top = (image.width - 3 * unit) / 2, (image.height - 4 * unit) * _CUT_ABOVE
    return (left, top, left + 3 * unit, top + 4 * unit)


def _scale(quality: float) -> float:
    """The factor that the IJG quality puts on the quantization tables (jcparam.c), in percent."""
    return 5000 / quality if quality < 50 else 200 - 2 * quality


def _quality(scale: float) -> int:
    quality = 5000 / scale if scale > 100 else (200 - scale) / 2
    return math.floor(quality)


class _Search:
    """The search for one size: an interpolation on log-log axes, kept inside a bracket."""

    def __init__(self, *, image: Image.Image, budget_bytes: int, lowest: int) -> None:
        self._image = image
        self._budget = budget_bytes
        self._floor = lowest
        self._too_small, self._too_large = lowest - 1, _HIGHEST_QUALITY + 1
        self._points: list[tuple[float, float]] = []
        self._best: bytes | None = None
        self.quality = 0
        self.encodings = 0

    def run(self, guess: int) -> bytes | None:
        """The largest JPEG within the budget that was found; None where the floor is too large."""
        quality = max(self._floor, guess)
        while self._too_small < quality < self._too_large:
            jpeg = self._encode(quality)
            if len(jpeg) <= self._budget:
                self._too_small, self._best, self.quality = quality, jpeg, quality
                if len(jpeg) >= self._budget * _NEAR_ENOUGH:
                    break
            else:
                self._too_large = quality
            if self._best is not None and self.encodings >= _ENOUGH_ENCODINGS:
                break
            predicted = self._predict()
            if self._best is None and predicted < self._floor - 3:
                break  # far out of reach: the next size, without one encoding more
            quality = min(max(predicted, self._too_small + 1), self._too_large - 1)
        return self._best

    def _encode(self, quality: int) -> bytes:
        stream = io.BytesIO()
        self._image.save(stream, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
        jpeg = stream.getvalue()
        self.encodings += 1
        content = max(1, len(jpeg) - _HEADER_BYTES)
        self._points.append((math.log(_scale(quality)), math.log(content)))
        return jpeg

    def _predict(self) -> int:
        aim = math.log(max(1.0, self._budget * _AIM - _HEADER_BYTES))
        at, content = min(self._points, key=lambda point: abs(point[1] - aim))
        return _quality(math.exp(at + (content - aim) / self._exponent()))

    def _exponent(self) -> float:
        if len(self._points) < 2:
            return _USUAL_EXPONENT
        (at_1, content_1), (at_2, content_2) = self._points[-2:]
        least, most = _EXPONENTS
        return min(most, max(least, (content_1 - content_2) / (at_2 - at_1)))
