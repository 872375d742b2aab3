"""Pictures and films in files: sample grids as PNG or JPEG, films as GIF, and as MP4 where imageio-ffmpeg is installed.

    save_grid("samples.png", gan.sample(64))
    save_film("walk.gif", gan.sample(latent.tour(gan.noise(5), steps=24)))

Pictures are grey, (N, H, W) or (N, 1, H, W), or in colour, (N, 3, H, W): floats in [−1, 1], or uint8. Files are written
whole or not at all.
"""

import io
import math
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from gan_edu import files
from gan_edu.device import tensor_of
from gan_edu.settings import Number, Whole

STILLS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
WHITE = 255
JPEG_SIDE = 65_500  # of libjpeg
GIF_SIDE = 65_535  # 16 bits
MOST_PIXELS = 2 * (2**28 // 3)  # of a grid: larger pictures Pillow doesn't open again
MOST_OF_FILM = 2**30  # pixels of all frames together, which are in memory at once


def _pictures(images, what: str = "Pictures") -> np.ndarray:
    """Pictures of any kind of array as uint8 (N, H, W) or (N, H, W, 3)."""
    try:
        x = tensor_of(images)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{what} must be an array of numbers; got a {type(images).__name__}.") from None
    shape = tuple(x.shape)
    x = x[:, None] if x.ndim == 3 else x
    if x.ndim != 4 or x.shape[1] not in (1, 3) or x.numel() == 0:
        raise ValueError(f"{what} must have shape (N, H, W), (N, 1, H, W) or (N, 3, H, W); got {shape}.")
    if x.is_floating_point():
        if not x.isfinite().all():
            raise ValueError(f"{what} hold NaN or infinite numbers.")
        if x.abs().max() > 10:
            raise ValueError(
                f"{what} must lie between -1 and 1; the largest value is {x.abs().max():g}. For pixels 0 … 255: "
                "pixels / 127.5 - 1."
            )
        x = ((x.float().clamp(-1, 1) + 1) * 127.5).round()
    elif str(x.dtype) != "torch.uint8":
        raise TypeError(f"{what} must be floats in [-1, 1] or uint8; got {str(x.dtype).removeprefix('torch.')}.")
    x = x.numpy().astype(np.uint8)
    return x[:, 0] if x.shape[1] == 1 else x.transpose(0, 2, 3, 1)


def grid(images, columns: int | None = None, gap: int = 2, scale: int = 1, what: str = "Pictures") -> Image.Image:
    """Pictures (N, ...) row by row on white, as one picture of Pillow.

    columns: by default a square of them. gap: pixels between pictures. scale: pixels of the file for one of a picture,
    in each direction. Raises TypeError and ValueError, in one sentence, also for more than `MOST_PIXELS` in all.
    """
    x = _pictures(images, what)
    columns = math.ceil(math.sqrt(len(x))) if columns is None else min(Whole(1).check(columns, "columns"), len(x))
    gap, scale = Whole(0).check(gap, "gap"), Whole(1, 64).check(scale, "scale")
    n, height, width, *colors = x.shape
    height, width, rows = scale * height, scale * width, math.ceil(n / columns)
    whole = rows * (height + gap) - gap, columns * (width + gap) - gap
    if math.prod(whole) > MOST_PIXELS:
        raise ValueError(
            f"{what} would make a grid of {whole[1]:,} × {whole[0]:,} pixels, and {MOST_PIXELS:,} are the most: take "
            "fewer of them, or a smaller gap or scale."
        )
    x = x.repeat(scale, axis=1).repeat(scale, axis=2)
    whole = np.full((*whole, *colors), WHITE, np.uint8)
    for number, picture in enumerate(x):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        whole[top : top + height, left : left + width] = picture
    return Image.fromarray(whole)


def save_grid(path: str | os.PathLike, images, columns: int | None = None, gap: int = 2, scale: int = 1) -> Path:
    """Write pictures (N, ...) as one file, .png (exact) or .jpg (smaller); arguments as in `grid`. Returns its path.

    Raises OSError; TypeError and ValueError for pictures that aren't any or make too large a grid, and another ending.
    """
    kind = _kind(path, STILLS, "A grid")
    page = grid(images, columns, gap, scale)
    if kind == "JPEG" and max(page.size) > JPEG_SIDE:
        raise ValueError(
            f"A JPEG has at most {JPEG_SIDE:,} pixels a side, and this grid has {page.width:,} × {page.height:,}: "
            "change columns or scale, or say a name that ends in .png."
        )
    return files.write_atomically(path, _bytes(page, kind, quality=90))


def save_film(
    path: str | os.PathLike,
    frames: Iterable,
    fps: float = 12,
    columns: int | None = None,
    gap: int = 2,
    scale: int = 1,
) -> Path:
    """Write a film: .gif, which repeats for ever, or .mp4, which needs the package imageio-ffmpeg. Returns its path.

    frames: pictures (T, ...), one for each moment; or for each moment several, as grids: an array (T, N, C, H, W), or
    arrays (N, ...) in a list, such as samples of the same noise while a GAN was trained. In a list, (3, H, W) is one
    picture in colour; three grey ones are (3, 1, H, W). fps: frames a second, up to 50; a GIF counts in hundredths of a
    second. Other arguments as in `grid`.

    Raises OSError; TypeError and ValueError for frames that aren't any, of different sizes, or too large; ImportError
    where a package is missing.
    """
    fps = Number(0, 50, above=True).check(fps, "fps")
    kind = _kind(path, {".gif": "GIF", ".mp4": "MP4"}, "A film")
    if kind == "MP4":
        _ffmpeg()  # before the work
    shown, count = [], len(frames) if hasattr(frames, "__len__") else 0
    for i, each in enumerate(_moments(frames)):
        frame = grid(each, columns, gap, scale, f"Frame {i}'s pictures")
        shown.append(frame)
        if (frame.size, frame.mode) != (shown[0].size, shown[0].mode):
            raise ValueError(
                f"All frames must be alike; frame 0 is {_said(shown[0])}, and frame {i} is {_said(frame)}."
            )
        if kind == "GIF" and max(frame.size) > GIF_SIDE:
            raise ValueError(
                f"A GIF has at most {GIF_SIDE:,} pixels a side, and frame {i} has {frame.width:,} × {frame.height:,}: "
                "change columns, gap or scale."
            )
        if max(count, i + 1) * math.prod(frame.size) > MOST_OF_FILM:
            raise ValueError(
                f"{max(count, i + 1):,} frames of {frame.width:,} × {frame.height:,} pixels are too many: a film has "
                f"at most {MOST_OF_FILM:,} pixels in all. Take fewer frames, or a smaller gap or scale."
            )
    if not shown:
        raise ValueError("A film needs at least one frame.")
    if kind == "MP4":
        return files.write_atomically(path, _mp4(shown, fps))
    more = {"save_all": True, "append_images": shown[1:], "duration": max(20, round(1000 / fps)), "loop": 0}
    return files.write_atomically(path, _bytes(shown[0], "GIF", **more))


def _moments(frames) -> Iterable:
    """What is seen at each moment, as arrays (N, ...)."""
    if hasattr(frames, "ndim"):
        if frames.ndim < 3:
            raise ValueError(
                f"Frames must be pictures (T, ...) or grids (T, N, C, H, W); got shape {tuple(frames.shape)}."
            )
        return (frame if frames.ndim == 5 else frame[None] for frame in frames)
    if isinstance(frames, str) or not isinstance(frames, Iterable):
        raise TypeError(f"Frames must be an array, or a list of them; got a {type(frames).__name__}.")
    return (each[None] if getattr(each, "ndim", 0) == 2 or _is_one(each) else each for each in frames)


def _is_one(picture) -> bool:
    """Whether an array is one picture (C, H, W), and not grey ones (N, H, W)."""
    return getattr(picture, "ndim", 0) == 3 and picture.shape[0] in (1, 3)


def _said(frame: Image.Image) -> str:
    return f"{frame.width} × {frame.height}, {'grey' if frame.mode == 'L' else 'in colour'}"


def _kind(path: str | os.PathLike, endings: dict[str, str], what: str) -> str:
    ending = Path(path).suffix.lower()
    if ending not in endings:
        raise ValueError(f"{what} is a file that ends in {' or '.join(endings)}; got {Path(path).name!r}.")
    return endings[ending]


def _bytes(picture: Image.Image, kind: str, **more) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **more)
    return buffer.getvalue()


def _ffmpeg():
    try:
        import imageio_ffmpeg
    except ImportError:
        raise ImportError(
            "A film as .mp4 needs the package imageio-ffmpeg: python -m pip install imageio-ffmpeg, or say a name that "
            "ends in .gif."
        ) from None
    return imageio_ffmpeg


def _mp4(frames: list[Image.Image], fps: float) -> bytes:
    """The frames as H.264 in an MP4. Players want sides of even numbers of pixels."""
    width, height = (side + side % 2 for side in frames[0].size)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "film.mp4")
        film = _ffmpeg().write_frames(
            str(file), (width, height), fps=fps, quality=8, macro_block_size=2, ffmpeg_log_level="error"
        )
        film.send(None)
        try:
            for frame in frames:
                page = Image.new("RGB", (width, height), (WHITE,) * 3)
                page.paste(frame)
                film.send(page.tobytes())
        finally:
            film.close()
        return file.read_bytes()
