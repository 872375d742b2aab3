"""MNIST and Fashion-MNIST: 28 x 28 grey images of ten classes.

A sample of 12,000 images each comes with the package, so nothing needs the network. The whole sets (70,000 each) are
read from the files in which they are published, gzipped or not, and fetched when they are nowhere on this machine.
No file is used before its SHA-256 has been compared with the known one.

Sources: Y. LeCun and C. Cortes, MNIST, 1998 (CC BY-SA 3.0); H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST",
arXiv:1708.07747, 2017 (MIT licence).
"""

import gzip
import hashlib
import io
import math
import os
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import platformdirs
import torch
from tqdm.auto import tqdm

from gan_edu import files, settings
from gan_edu.device import pick

NAMES = ("mnist", "fashion_mnist")
SPLITS = {"train": "train", "test": "t10k"}
CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": tuple("T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot".split(",")),
}
EMBEDDED = Path(__file__).parent / "embedded"

# Of the decompressed files: gzip headers, and with them the compressed files, differ from mirror to mirror.
CONTENT_SHA256 = {
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
}
# Of every set: a header of 16 or 8 bytes, and a byte for each pixel or label. No mirror may send more.
CONTENT_BYTES = {
    "train-images-idx3-ubyte": 16 + 60_000 * 28 * 28,
    "train-labels-idx1-ubyte": 8 + 60_000,
    "t10k-images-idx3-ubyte": 16 + 10_000 * 28 * 28,
    "t10k-labels-idx1-ubyte": 8 + 10_000,
}
MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion_mnist": (
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
}
DEBIAN = {"fashion_mnist": Path("/usr/share/datasets/fashion-mnist")}

# Seconds to wait for a connection, and for the next bytes of a download.
TIMEOUT = (10, 30)
# Bytes that are taken at a time; of a chunk that is cut off nothing is kept.
_CHUNK = 2**14
_ALL = slice(None)


class DataError(RuntimeError):
    """A data file is damaged, missing, or can't be fetched."""


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Images with their labels.

    Attributes:
        name: "mnist", "fashion_mnist", or the name of a folder with a slash behind it.
        split: "train", "test", or "all".
        pixels: uint8 ``(N, 28, 28)``, 0 the background, 255 full ink; or ``(N, C, H, W)``, 0 black, 255 white.
        labels: int64 ``(N,)``, numbers of classes.
        classes: what the class numbers stand for.
    """

    name: str
    split: str
    pixels: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"ImageSet({self.name!r}, {self.split!r}, {len(self):,} images of {len(self.classes)} classes)"

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, height, width) of each image."""
        return (1, *self.pixels.shape[1:]) if self.pixels.ndim == 3 else tuple(self.pixels.shape[1:])

    def tensor(
        self, flat: bool = False, low: float = -1.0, high: float = 1.0, device=None, rows: slice | torch.Tensor = _ALL
    ) -> torch.Tensor:
        """The images as float32 ``(N, C, H, W)``, or ``(N, C·H·W)`` if flat, 0 mapped to low and 255 to high.

        The default range is that of a generator that ends in tanh. Of a set that doesn't fit in memory take some
        `rows` at a time: a slice, or places ``(n,)``.

        Raises:
            ValueError: low is not below high, or there is no such device.
        """
        if not low < high:
            raise ValueError(f"low must be below high, and {low} is not below {high}.")
        # Bytes travel to the device, and become four times as large there. Dividing first makes 255 exactly 1.
        x = self.pixels[rows].to(pick(device or "cpu")).to(torch.float32, copy=True).div_(255)
        x = x.mul_(high - low).add_(low).clamp_(low, high)
        return x.reshape(len(x), -1) if flat else x.reshape(len(x), *self.shape)

    def pairs(self, device=None, rows: slice | torch.Tensor = _ALL) -> torch.Tensor:
        """Each image with its class: float32 ``(N, C·H·W + K)``, pixels in [-1, 1] and the class one-hot.

        What a conditional GAN is trained on. `rows` as for `tensor`.

        Raises:
            ValueError: there is one class only.
        """
        if len(self.classes) < 2:
            raise ValueError(f"Pairs need two classes at least, and {self.name} has one: {', '.join(self.classes)}.")
        x = self.tensor(flat=True, device=device, rows=rows)
        return torch.cat([x, torch.nn.functional.one_hot(self.labels[rows], len(self.classes)).to(x)], dim=1)


def images(name: str, split: str = "train", full: bool = False, progress: bool = True) -> ImageSet:
    """Load MNIST or Fashion-MNIST.

    Args:
        name: "mnist" or "fashion_mnist".
        split: "train" (10,000 images that come with the package, 60,000 if full) or "test" (2,000, or 10,000).
        full: the whole set, from the folder ``GAN_EDU_DATA``, the user's cache, Debian's package
            dataset-fashion-mnist, or the network, in this order.
        progress: show a bar if something must be fetched.

    Raises:
        ValueError: there is no such set or split.
        DataError: a file is damaged and can't be replaced, or the whole set is not here and can't be fetched.
    """
    _known(name, NAMES, "image set")
    _known(split, SPLITS, "split")
    if full:
        pixels, labels = (
            read_idx(_official(name, f"{SPLITS[split]}-{kind}-ubyte", progress))
            for kind in ("images-idx3", "labels-idx1")
        )
    else:
        path = EMBEDDED / f"{name}.npz"
        with np.load(io.BytesIO(_embedded_bytes(path)), allow_pickle=False) as arrays:
            pixels, labels = arrays[f"{split}_pixels"], arrays[f"{split}_labels"]
    return ImageSet(name, split, torch.tensor(pixels), torch.tensor(labels, dtype=torch.int64), CLASSES[name])


def where(name: str) -> Path | None:
    """The folder that holds all four files of a whole set, or None. It is not checked what they hold.

    Raises:
        ValueError: there is no such set.
        DataError: ``GAN_EDU_DATA`` is no folder, or a folder can't be read.
    """
    _known(name, NAMES, "image set")
    for folder in _folders(name):
        if all(_in(folder, stem) for stem in CONTENT_SHA256[name]):
            return folder
    return None


def cache_folder(name: str) -> Path:
    """Where ``fetch`` puts the files of a set."""
    return Path(platformdirs.user_cache_dir("gan-edu")) / name


def fetch(name: str, progress: bool = True) -> Path:
    """Make the user's cache hold a whole set, undamaged, and return its folder.

    Good files stay. Missing and damaged ones are fetched from the first mirror that has them, and take their place
    only once their content is known to be right.

    Raises:
        ValueError: there is no such set.
        DataError: a file can't be fetched, or can't be written; or ``GAN_EDU_DATA``, which is looked into first, is
            no folder.
    """
    _known(name, NAMES, "image set")
    _user_folder()
    for stem in CONTENT_SHA256[name]:
        path = _in(cache_folder(name), stem)
        content, wrong = _read(name, stem, path) if path else (None, "")
        if wrong:
            warnings.warn(f"{wrong}, and is fetched anew.", stacklevel=2)
        if content is None:
            _fetch_file(name, stem, progress)
    return cache_folder(name)


def read_idx(content: bytes) -> np.ndarray:
    """Read an array of bytes in the IDX format of MNIST.

    The header is 0, 0, 8 (unsigned bytes), the number of axes, and the length of each axis as a big-endian
    32-bit number; the values follow, the last axis fastest.

    Raises:
        ValueError: the content is not of this format.
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"this is no IDX file of bytes: it should begin with 0, 0, 8, not {list(content[:3])}.")
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    if len(content) != start + math.prod(shape):
        raise ValueError(f"an IDX file of shape {shape} has {start + math.prod(shape)} bytes, not {len(content)}.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _known(name, names, what: str) -> None:
    settings.Choice(tuple(names)).check(name, what)


def _embedded_bytes(path: Path) -> bytes:
    """An embedded file, after its checksum was found right."""
    repair = "restore it with `git checkout -- gan_edu/data/embedded`, or install gan-edu again"
    try:
        data = path.read_bytes()
        sums = (path.parent / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{error.filename} can't be read ({error.strerror}): {repair}.") from None
    if f"{_sha256(data)}  {path.name}" not in sums:
        raise DataError(f"{path} is damaged (its SHA-256 is not the one in SHA256SUMS): {repair}.")
    return data


def _user_folder() -> Path | None:
    """The folder that the user named in the environment."""
    value = os.environ.get("GAN_EDU_DATA")
    try:
        if not value or os.path.isdir(folder := files.expanded(value)):
            return folder if value else None
        what = f"{folder}, which is no folder"
    except FileNotFoundError:
        what = f"{value}, in nobody's home folder"
    raise DataError(f"GAN_EDU_DATA is {what}. Create it, or unset GAN_EDU_DATA.")


def _folders(name: str) -> list[Path]:
    """Where the files of a set may lie, in the order in which they are looked for."""
    folders = [_user_folder() and _user_folder() / name, cache_folder(name), DEBIAN.get(name)]
    return [folder for folder in folders if folder]


def _in(folder: Path, stem: str) -> Path | None:
    """The file in a folder, gzipped or not, or None."""
    return next((path for path in (folder / f"{stem}.gz", folder / stem) if os.path.isfile(path)), None)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _right(name: str, stem: str, data: bytes) -> bytes | None:
    """What a file holds, decompressed if it was compressed; None if that is not what was published."""
    if data[:2] == b"\x1f\x8b":
        try:  # one byte too many shows a bomb, and never fills the memory
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(CONTENT_BYTES[stem] + 1)
        except (OSError, EOFError, zlib.error):
            return None
    return data if _sha256(data) == CONTENT_SHA256[name][stem] else None


def _read(name: str, stem: str, path: Path) -> tuple[bytes | None, str]:
    """The right content and "", or None and what is wrong with the file."""
    try:
        content = _right(name, stem, path.read_bytes())
    except OSError as error:
        return None, f"{path} can't be read ({error.strerror})"
    return content, "" if content is not None else f"{path} is damaged (its content is not what was published)"


def _official(name: str, stem: str, progress: bool) -> bytes:
    """The content of one official file, from the first place that has it; it is always the right content."""
    user_folder = _user_folder()
    for folder in _folders(name):
        path = _in(folder, stem)
        if path is None:
            continue
        content, wrong = _read(name, stem, path)
        if content is not None:
            return content
        if user_folder and user_folder in path.parents:
            raise DataError(f"{wrong}: replace it.")
        warnings.warn(f"{wrong}, and is not used.", stacklevel=3)
    return _fetch_file(name, stem, progress)


def _fetch_file(name: str, stem: str, progress: bool) -> bytes:
    """Fetch one file into the cache from the first mirror that sends the right content, and return the content."""
    import requests

    folder = cache_folder(name)
    reasons = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for mirror in MIRRORS[name]:
            try:
                data = _download(f"{mirror}{stem}.gz", name, stem, progress)
            except requests.RequestException as error:
                reasons.append(f"{urlsplit(mirror).netloc}: {_short(error)}")
                continue
            content = _right(name, stem, data)
            if content is not None:
                files.write_atomically(folder / f"{stem}.gz", data)
                return content
            reasons.append(f"{urlsplit(mirror).netloc}: sent something else")
    except OSError as error:
        raise DataError(
            f"{name} can't be written to {folder} ({error.strerror or error}): "
            "make room or give write permission, or put the files elsewhere and name that folder in GAN_EDU_DATA."
        ) from error
    raise DataError(
        f"{stem}.gz of {name} can't be fetched ({'; '.join(reasons)}): try again with a network, or put its four "
        f".gz files into {folder}, or into {name}/ of a folder named in GAN_EDU_DATA; full=False needs no network."
    )


def _download(url: str, name: str, stem: str, progress: bool, tries: int = 5) -> bytes:
    """What lies at an address, or the beginning of it where it is more than the file can hold.

    A dropped connection is tried again and goes on where it stopped, as long as each try brings something new, `tries`
    times at most. Raises requests.RequestException.
    """
    import requests

    data = bytearray()
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))  # notebooks' bars don't heed it by themselves
    with tqdm(desc=f"{name}/{stem}", unit="B", unit_scale=True, disable=silent) as bar:
        for attempt in range(tries):
            had = len(data)
            headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={had}-"} if had else {})
            try:
                with requests.get(url, headers=headers, timeout=TIMEOUT, stream=True) as response:
                    response.raise_for_status()
                    if response.status_code != 206:  # the server knows no ranges, and sends all of it again
                        data.clear()
                        bar.reset()
                    bar.total = len(data) + (response.raw.length_remaining or 0) or None
                    for chunk in response.iter_content(_CHUNK):
                        data += chunk
                        bar.update(len(chunk))
                        if len(data) > 1.001 * CONTENT_BYTES[stem] + 1000:  # what doesn't shrink grows a little
                            break
                break
            except requests.RequestException:
                if attempt == tries - 1 or len(data) <= had:
                    raise
    return bytes(data)


def _short(error: Exception) -> str:
    """A few words on why a download failed."""
    response = getattr(error, "response", None)
    return f"status {response.status_code}" if response is not None else type(error).__name__
