"""Pictures from a folder, and pictures into a file."""

import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

DATA = "{{data}}"


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
    if size not in (16, 32, 64, 128):
        raise SystemExit(f"--size must be 16, 32, 64 or 128, not {size}.")
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file() and not path.name.startswith("."))
    mark = zlib.crc32(repr([(str(path), path.stat().st_mtime_ns) for path in files]).encode())
    cache = Path(__file__).parent / f"cache-{size}-{mark:08x}.npy"
    if cache.exists():
        array = np.load(cache, mmap_mode="r")
        return Pictures(array), {"channels": array.shape[1], "size": size}
    pictures, skipped = [], []
    for path in tqdm(files, desc="pictures"):
        try:
            with Image.open(path) as picture:
                upright = ImageOps.exif_transpose(picture).convert("RGB")
                pictures.append(np.asarray(ImageOps.fit(upright, (size, size))))
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
            skipped.append(path.name)
    if len(pictures) < 2:
        raise SystemExit(f"{folder} holds {len(pictures)} pictures that Pillow can read; a GAN needs some hundred.")
    if skipped:
        print(f"{len(skipped)} files are no pictures: {', '.join(skipped[:3])}")
    array = np.stack(pictures).transpose(0, 3, 1, 2)
    if (array == array[:, :1]).all():
        array = array[:, :1]  # all are grey
    np.save(cache.with_suffix(".new.npy"), array)
    cache.with_suffix(".new.npy").replace(cache)
    return Pictures(array), {"channels": array.shape[1], "size": size}


def save_samples(samples, spec, path):
    """Write pictures (N, C, size, size) in -1 … 1 as one sheet, PNG. Returns it, uint8 (C, height, width)."""
    n, channels, size, _ = samples.shape
    columns = min(8, n)
    rows = -(-n // columns)
    sheet = torch.zeros(rows * columns, channels, size, size, dtype=torch.uint8)
    sheet[:n] = ((samples + 1) * 127.5).round().clamp(0, 255).byte()
    sheet = sheet.unflatten(0, (rows, columns)).permute(2, 0, 3, 1, 4).reshape(channels, rows * size, columns * size)
    Image.fromarray(sheet.permute(1, 2, 0).squeeze(2).numpy()).save(path.with_suffix(".png"))
    return sheet
