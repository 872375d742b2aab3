"""Pictures from a folder, and pictures into a file."""

import contextlib
import tempfile
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from tqdm import tqdm

DATA = "{{data}}"
STEPS, BATCH = 1000, 32  # what train.py does if it isn't told otherwise: two minutes on two CPU cores
HERE = Path(__file__).resolve().parent
Image.init()
FORMATS = [name for name in Image.ID if name not in ("EPS", "IPTC")]  # PostScript is a program, which would be run


class Pictures:
    """Pictures (N, C, size, size) in -1 … 1, of an array of bytes that stays on the disk."""

    def __init__(self, array):
        self.array = array  # uint8 (N, C, size, size)

    def __len__(self):
        return len(self.array)

    def take(self, places):
        return torch.from_numpy(self.array[places.numpy()]).float() / 127.5 - 1


def load(folder, size):
    """Read all pictures below a folder once, into a file beside this one. Returns them, and what the nets must know."""
    folder = Path(folder).resolve()
    if size not in (16, 32, 64, 128):
        raise SystemExit(f"--size must be 16, 32, 64 or 128, not {size}.")
    if not folder.is_dir():
        raise SystemExit(f"There is no folder {folder}: say --data FOLDER, or change DATA in data.py.")
    files = find(folder)
    names = repr([(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files]).encode()
    times = repr([path.stat().st_mtime_ns for path in files]).encode()
    mark = zlib.crc32(names + times + Path(__file__).read_bytes())  # other pictures, or other code: read them anew
    cache = HERE / f"cache-{size}-{mark:08x}.npy"
    try:
        array = np.load(cache, mmap_mode="r")
    except (OSError, ValueError, EOFError):  # not there yet, or cut short
        read(folder, files, size, cache)
        array = np.load(cache, mmap_mode="r")
    return Pictures(array), {"channels": array.shape[1], "size": size, "data": zlib.crc32(names)}


def find(folder):
    """All files below a folder, but hidden ones and what this project itself has drawn."""
    in_here = folder != HERE and folder.is_relative_to(HERE)  # the data may have a folder of their own in the project
    files = []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        drawn = (
            path.name.startswith(("samples_", "checkpoint.", "events.")) and (path.parent / "checkpoint.pt").exists()
        )
        if path.is_file() and not hidden and not drawn and (in_here or not path.is_relative_to(HERE)):
            files.append(path)
    return files


def read(folder, files, size, cache):
    with tempfile.TemporaryDirectory(prefix=".reading-", dir=HERE, ignore_cleanup_errors=True) as place:
        new, shape = Path(place) / "new.npy", (len(files) + 1, 3, size, size)
        array = np.lib.format.open_memmap(Path(place) / "all.npy", "w+", np.uint8, shape)  # on the disk, not in memory
        n, grey, broken, deep = 0, True, [], []
        for path in tqdm(files, desc="pictures"):
            try:
                with Image.open(path, formats=FORMATS) as picture:
                    upright = ImageOps.exif_transpose(picture)
                    if upright.mode == "F" or upright.mode == "I":
                        deep.append(path.name)
                        continue
                    array[n] = np.asarray(ImageOps.fit(rgb(upright), (size, size))).transpose(2, 0, 1)
            except Exception:  # of a damaged file Pillow can raise nearly everything
                broken.append(path.name)
                continue
            grey = grey and bool((array[n] == array[n, :1]).all())
            n += 1
        for names, why in (
            (broken, "nothing that Pillow reads here: convert HEIC, RAW and the like to JPEG or PNG"),
            (deep, "pictures of 32 bits or floats: convert them to 8 bits"),
        ):
            if names:
                print(f"{len(names)} files are left out, since they are {why}: {', '.join(names[:3])}")
        if n < 20:
            raise SystemExit(f"{folder} holds {n} pictures that can be read: 20 are needed, some hundred are better.")
        np.save(new, array[:n, : 1 if grey else 3])
        del array  # Windows removes no file that is open
        with contextlib.suppress(PermissionError):  # on Windows: another run was faster, and reads it already
            new.replace(cache)
    for old in set(HERE.glob(f"cache-{size}-*.npy")) - {cache}:
        with contextlib.suppress(OSError):
            old.unlink()


def rgb(picture):
    """A picture in colour, without transparency: what lies behind it is white.

    Of 16 bits the upper 8 are kept: files that use only 12 of the 16 become dark.
    """
    if picture.mode.startswith("I;16"):
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def settle(samples, spec):
    """Pictures as a file holds them, in 256 steps of brightness."""
    return ((samples + 1) * 127.5).round().clamp(0, 255) / 127.5 - 1


def save_samples(samples, spec, path):
    """Write pictures (N, C, size, size) in -1 … 1 as one sheet, PNG. Returns it, uint8 (C, height, width)."""
    n, channels, size, _ = samples.shape
    columns = min(8, n)
    rows = -(-n // columns)
    sheet = torch.zeros(rows * columns, channels, size, size, dtype=torch.uint8)
    sheet[:n] = ((settle(samples, spec) + 1) * 127.5).round().byte()
    sheet = sheet.unflatten(0, (rows, columns)).permute(2, 0, 3, 1, 4).reshape(channels, rows * size, columns * size)
    Image.fromarray(sheet.permute(1, 2, 0).squeeze(2).numpy()).save(path.with_name(path.name + ".png"))
    return sheet
