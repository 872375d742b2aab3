"""One file with a picture, of whatever format and mode Pillow reads, as a square of bytes.

Colour profiles are not applied. Of several frames the first is taken. Sizes change with an antialiasing filter, without
which small pictures flicker and Fréchet distances shift (Parmar, Zhang & Zhu 2022, arXiv 2104.11222).
"""

import contextlib
import math
import os
import re
import threading
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageCms, ImageColor, ImageOps, UnidentifiedImageError, features

from gan_edu.settings import Any, Checked, Choice, Flag, Whole, setting

FITS = ("crop", "pad", "stretch")
MOST_PIXELS = 2**28 // 3  # a quarter of a GiB in colour; from there on Pillow warns of bombs
CONVERT, FILMS = "convert to JPEG or PNG", "a format of films"
ENDINGS = {  # what is a picture for people, and for Pillow is none, or only a preview of one
    "RAW": (".cr2", ".cr3", ".nef", ".nrw", ".dng", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f", ".3fr"),
    FILMS: (".mp4", ".webm", ".mov", ".m4v", ".avi", ".mkv", ".mpg", ".mpeg", ".wmv", ".3gp"),
    "HEIC": (".heic", ".heif", ".hif"),
    "AVIF": (".avif",),
    "SVG": (".svg", ".svgz"),
    "PDF": (".pdf",),
    "JPEG XL": (".jxl",),
}
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # brands, ISO/IEC 23008-12
HINTS = {"HEIC": f"{CONVERT}, or install pillow-heif", FILMS: "take pictures out of them"}
_MANY_PIXELS = 2**23
_one_at_a_time = threading.Lock()  # for large ones, or else threads multiply the memory


def _colour(value):
    try:
        return ImageColor.getrgb(value)[:3]
    except (ValueError, AttributeError, TypeError):
        raise ValueError(
            f"background is a colour as CSS writes it, for example 'white' or '#d0e0ff'; got {value!r}."
        ) from None


@dataclass(frozen=True)
class Form(Checked):
    """What all pictures of a set are brought to."""

    size: int = setting(64, Whole(4, 1024), "pixels a side")
    color: bool = setting(True, Flag(), "three channels, or one")
    fit: str = setting("crop", Choice(FITS), "the middle square; the whole with a margin; or the whole, distorted")
    background: str = setting("white", Any(_colour), "what shows through transparent parts, and fills margins")

    @property
    def mode(self) -> str:
        return "RGB" if self.color else "L"


@dataclass(frozen=True)
class Picture:
    """pixels: uint8 (size, size, channels). The rest says what the file was like, for a report."""

    pixels: np.ndarray
    format: str
    mode: str
    width: int
    height: int
    turned: bool
    transparent: bool
    stretched: bool
    frames: bool


class Unreadable(Exception):
    """A file is left out; the text says why, in a few words."""


class Unopened(Unreadable):
    """The same, for a reason that lies in the machine (a network drive, the memory) and not in the file."""


def read(path: str | os.PathLike, form: Form) -> Picture:
    """Raises Unreadable for whatever is wrong with a file, and nothing else."""
    try:
        return _read(path, form)
    except Unreadable:
        raise
    except Image.DecompressionBombError:
        raise Unreadable(f"too large: more than {2 * MOST_PIXELS:,} pixels") from None
    except FileNotFoundError:
        raise Unopened("gone before it was read") from None
    except MemoryError:
        raise Unopened("can't be read: not enough memory") from None
    except Exception as error:  # a decoder may raise anything on a damaged file
        if isinstance(error, OSError) and error.errno is not None:
            raise Unopened(f"can't be read: {error.strerror}") from None
        text = " ".join((str(error) or type(error).__name__).split())
        if kind := _strange(path, text, isinstance(error, UnidentifiedImageError)):
            raise Unreadable(_not_here(kind)) from None
        if isinstance(error, UnidentifiedImageError):
            raise Unreadable("no picture that Pillow knows") from None
        raise Unreadable(f"broken: {text[:120]}") from None


def _strange(path, text: str, unidentified: bool) -> str | None:
    """The kind of a file that Pillow, which said `text`, can't read here, whole or not; None where it could."""
    if found := re.match(r"cannot find loader for this (\S+) file|decoder (\S+) not available", text):
        return found[1] or found[2]
    with contextlib.suppress(OSError), open(path, "rb") as file:
        head = file.read(12)
        if head[4:8] == b"ftyp" and head[8:] in HEIC and not _is_read("HEIC"):  # phones call many of these .jpg
            return "HEIC"
    kind = _by_name(path) if unidentified else None
    return None if kind is None or _is_read(kind) else kind


def _is_read(kind: str) -> bool:
    """Whether Pillow reads a kind here that it doesn't read everywhere."""
    return kind == "HEIC" and "HEIF" in formats() or kind == "AVIF" and features.check("avif") is True


def _by_name(path) -> str | None:
    return next((kind for kind, endings in ENDINGS.items() if os.fspath(path).lower().endswith(endings)), None)


def _not_here(kind: str) -> str:
    return f"in {kind}, which Pillow can't read here – {HINTS.get(kind, CONVERT)}"


@cache
def formats() -> tuple[str, ...]:
    """What Pillow reads here: all its formats but PostScript, which it would have run as a program by another program,
    and IPTC, in which a PostScript may lie; HEIF, too, where the package pillow-heif is installed."""
    Image.init()
    with contextlib.suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()
    return tuple(name for name in Image.ID if name not in ("EPS", "IPTC"))


def _read(path, form: Form) -> Picture:
    if os.path.getsize(path) == 0:
        raise Unreadable("empty")
    if (kind := _by_name(path)) in ("RAW", FILMS):  # Pillow opens some of these, and finds a small preview, or fails
        raise Unreadable(_not_here(kind))
    with Image.open(path, formats=formats()) as image:
        kind, mode, (width, height) = image.format or "?", image.mode, image.size
        image.draft(None, (2 * form.size, 2 * form.size))  # a large JPEG is unpacked at an eighth of its size
        if math.prod(image.size) > MOST_PIXELS:
            raise Unreadable(f"too large: {width:,}×{height:,} pixels, and {MOST_PIXELS:,} are read at most")
        turned = _turned(image)
        with _one_at_a_time if math.prod(image.size) > _MANY_PIXELS else contextlib.nullcontext():
            image.load()  # of a TIFF, this turns it already
            upright = ImageOps.exif_transpose(image) if turned else image
            transparent = upright.has_transparency_data
            plain, stretched = _plain(upright, form)
            pixels = np.asarray(_placed(plain, form)).reshape(form.size, form.size, -1)
        frames = False
        with contextlib.suppress(Exception):  # what follows the first frame may be broken
            frames = bool(getattr(image, "is_animated", False))
    return Picture(pixels, kind, mode, width, height, turned, transparent, stretched, frames)


def _turned(image: Image.Image) -> bool:
    """Whether EXIF data say that the camera was not held upright; False where they are damaged."""
    try:
        return image.getexif().get(0x0112, 1) in range(2, 9)
    except Exception:
        return False


def _plain(image: Image.Image, form: Form) -> tuple[Image.Image, bool]:
    """In the form's mode, without transparency; and whether its numbers were stretched."""
    stretched = False
    if image.mode == "F" or image.mode.startswith("I"):
        image, stretched = _eight_bits(image)
    if image.mode == "LAB":
        image = ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    if image.has_transparency_data:
        image = _converted(image, "RGBA")
        page = Image.new("RGB", image.size, form.background)
        page.paste(image, mask=image)
        image = page
    return _converted(image, form.mode), stretched


def _converted(image: Image.Image, mode: str) -> Image.Image:
    """Pillow's own `convert` makes a copy in any case, and a large picture is a third of a GB."""
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(image: Image.Image) -> tuple[Image.Image, bool]:
    """A grey picture of more than 8 bits. 16 bits go from 0 to 65,535, and fractions from 0 to 1 or 255; other numbers
    are stretched, the least to black and the greatest to white. (Pillow's `convert` would cut them off at 255.)"""
    x = np.asarray(image).astype(np.float32)
    if not np.isfinite(x).all():
        raise Unreadable("broken: it holds NaN or infinite numbers")
    clear = image.info.get("transparency")  # one of the shades, in a grey PNG
    alpha = Image.fromarray(np.where(x == clear, 0, 255).astype(np.uint8)) if isinstance(clear, int) else None
    low, high = x.min(), x.max()
    whites = (1, 255) if image.mode == "F" else (65535,)
    white = next((white for white in whites if 0 <= low and high <= white), None)
    if white is None:
        x -= low
    x *= 255 / (white or high - low or 1)
    grey = Image.fromarray(x.round(out=x).astype(np.uint8))
    if alpha is not None:
        grey.putalpha(alpha)
    return grey, white is None


def _placed(image: Image.Image, form: Form) -> Image.Image:
    """As a square of the form's size."""
    side, (width, height) = form.size, image.size
    if form.fit == "crop":
        least = min(width, height)  # whole pixels, so that one of the right size stays as it is
        left, top = (width - least) // 2, (height - least) // 2
        # the filter looks beyond the box, so that its edges are as good as the rest
        return _resized(image, side, side, (left, top, left + least, top + least))
    if form.fit == "stretch":
        return _resized(image, side, side)
    scale = side / max(width, height)
    width, height = max(1, round(scale * width)), max(1, round(scale * height))
    padded = Image.new("RGB", (side, side), form.background).convert(form.mode)
    padded.paste(_resized(image, width, height), ((side - width) // 2, (side - height) // 2))
    return padded


def _resized(image: Image.Image, width: int, height: int, box: tuple | None = None) -> Image.Image:
    return image.resize((width, height), Image.Resampling.LANCZOS, box)
