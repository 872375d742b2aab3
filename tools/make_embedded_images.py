"""Make gan_edu/data/embedded/*.npz from the published files of MNIST and Fashion-MNIST.

    GAN_EDU_DATA=FOLDER python tools/make_embedded_images.py          write the files
    GAN_EDU_DATA=FOLDER python tools/make_embedded_images.py --check  compare what they hold

Without GAN_EDU_DATA the whole sets are taken from the cache, or fetched into it.
"""

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

from gan_edu.data.image_sets import EMBEDDED, NAMES, images

SEED = 0
PER_CLASS = {"train": 1000, "test": 200}


def choose(labels: np.ndarray, per_class: int) -> np.ndarray:
    """Places of ``per_class`` random images of each class, in ascending order."""
    # RandomState, because its stream is frozen: newer generators may change with numpy.
    random = np.random.RandomState(SEED)
    classes = [np.flatnonzero(labels == k) for k in np.unique(labels)]
    return np.sort(np.concatenate([random.permutation(places)[:per_class] for places in classes]))


def subset(name: str, per_class: dict[str, int] = PER_CLASS) -> dict[str, np.ndarray]:
    """The arrays of one embedded file."""
    arrays = {}
    for split, count in per_class.items():
        whole = images(name, split, full=True)
        pixels, labels = whole.pixels.numpy(), whole.labels.numpy().astype(np.uint8)
        index = choose(labels, count)
        arrays[f"{split}_pixels"], arrays[f"{split}_labels"] = pixels[index], labels[index]
        arrays[f"{split}_index"] = index.astype(np.uint16)
    return arrays


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """An .npz file that depends on nothing but the arrays (np.savez_compressed writes the time into it)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for key, array in arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, entry.getvalue())
    return file.getvalue()


def same(path: Path, arrays: dict[str, np.ndarray]) -> bool:
    """Whether the file holds exactly these arrays."""
    with np.load(path, allow_pickle=False) as stored:
        return set(stored.files) == set(arrays) and all(np.array_equal(stored[key], arrays[key]) for key in arrays)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing, exit with 1 if a file holds something else"
    )
    check = parser.parse_args().check
    sums, wrong = [], False
    for name in NAMES:
        path, arrays = EMBEDDED / f"{name}.npz", subset(name)
        if check:
            good = same(path, arrays)
            wrong |= not good
            print(f"{path.name}: {'right' if good else 'WRONG'}")
            continue
        data = npz_bytes(arrays)
        path.write_bytes(data)
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {path.name}\n")
        print(f"{path.name}: {len(data):,} bytes")
    if not check:
        (EMBEDDED / "SHA256SUMS").write_text("".join(sums), encoding="utf-8", newline="\n")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
