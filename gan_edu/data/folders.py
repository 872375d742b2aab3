"""Pictures of one's own: a folder of files becomes an `ImageSet` of one size, which needn't fit in memory.

    pictures = data.folder("pets", size=64)      # each file is read once, and what comes of it kept in a cache
    print(pictures.report)                       # what was found; what was left out, and why
    plotting.contact_sheet(pictures)
    for step in train(gan, pictures, steps=2000): ...

The cache is a file of bytes, N · size · size · channels, that is mapped into memory: a part is read when it is used. It
belongs to the names, sizes and times of the folder's files, and is made anew when one of them has changed. What isn't
used for a month goes (see `kept`); `gan-edu cache` says how much there is, and `gan-edu cache clear` removes it.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
import stat
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from gan_edu import files
from gan_edu.data import kept as storage
from gan_edu.data import picture_files
from gan_edu.data.image_sets import DataError, ImageSet
from gan_edu.data.picture_files import Form, Picture, Unopened, Unreadable

FORMAT = 1  # of the cache; a new number makes all pictures be read again
HERE = "."  # the class of pictures that lie in the folder itself
_LITTER = {"__macosx", "thumbs.db", "desktop.ini"}  # what Macs and Windows leave; names with a dot are hidden anyway
_AT_ONCE = 64  # files that are under way together


@dataclass(frozen=True, eq=False, repr=False)
class Folder(ImageSet):
    """The pictures of a folder, and what was found in it. `pixels` lie on the disk until they are used.

    Attributes:
        path: the folder.
        files: where each picture comes from, as ``path / files[i]``.
        left_out: what is no picture of the set, with the reason.
        found: counts, as `report` tells them.
    """

    path: Path
    files: tuple[str, ...]
    left_out: dict[str, str]
    found: dict

    def __repr__(self) -> str:
        channels, height, width = self.shape
        return (
            f"Folder({self.name!r}, {len(self):,} pictures of {len(self.classes)} "
            f"{'class' if len(self.classes) == 1 else 'classes'}, {channels}×{height}×{width})"
        )

    @property
    def report(self) -> str:
        """What was found: classes, formats, sizes, what was changed on the way, and what was left out and why."""
        return "\n".join([f"{self!r}", *(f"  {head:<12}{text}" for head, text in _lines(self))])


def folder(
    path: str | os.PathLike,
    size: int = 64,
    color: bool = True,
    fit: str = "crop",
    background: str = "white",
    cache: str | os.PathLike | None = None,
    progress: bool = True,
) -> Folder:
    """The pictures in a folder and its subfolders, all of one size.

    Any format and mode that Pillow reads will do, and HEIC where the package pillow-heif is installed. Pictures are
    turned as their EXIF data say, laid on a background where they are transparent, and brought to 8 bits. A file that
    can't be read, or is no picture, is left out and named in the `report`; so are RAW files, of which Pillow finds a
    small preview at best. The class of a picture is the first subfolder on the way to it, "." where there is none;
    classes come in the order of their names.

    Args:
        path: the folder.
        size: pixels a side, 4 to 1024.
        color: three channels, or one.
        fit: "crop" takes the middle square, "pad" the whole picture with a margin, "stretch" the whole, distorted.
        background: a colour ("white", "#d0e0ff"), behind transparent parts and in margins.
        cache: a folder for what was read, by default one of the user's.
        progress: show a bar while files are read.

    Raises:
        ValueError, TypeError: a setting can't be used.
        DataError: there is no such folder; fewer than two pictures in it can be read, or all are the same one; or the
            cache can't be written. Nothing half-written stays.

    Warns when the folder changes while it is read.
    """
    form = Form.of(size=size, color=color, fit=fit, background=background)
    root = _root(path)
    kept = _Cache(root, form, cache)
    there = _look_through(root, kept.place)
    stored = kept.load(there.fingerprint)
    if stored is None:
        stored = _read_all(root, there, form, kept, progress)
    return _folder(root, there, form, stored, kept)


def _named(path) -> Path:
    try:
        if not os.fspath(path):
            raise TypeError("name one, or '.' for the one you are in")
        return files.expanded(path)
    except TypeError as error:
        raise DataError(f"{path!r} is no folder: {error}.") from None
    except FileNotFoundError as error:
        raise DataError(str(error)) from None


def _root(path) -> Path:
    root = _named(path)
    if not os.path.isdir(root):
        what = "a file; unpack it if it is an archive, and name the folder" if os.path.exists(root) else "not there"
        raise DataError(f"{_shown(root)} is {what}.")
    return Path(os.path.realpath(root))


# -- what is there -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _There:
    """Files below a folder, by their names with slashes: size in bytes and time of the last change, in nanoseconds.
    left_out: what isn't looked into, with the reason."""

    files: dict[str, tuple[int, int]]
    left_out: dict[str, str]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(list(self.files.items())).encode()).hexdigest()


def _look_through(root: Path, but: Path) -> _There:
    """All files, in the order of their names, but those of the cache; links are followed, once."""
    there = _There({}, {})
    seen = set()

    def locked(error: OSError) -> None:
        if error.filename == str(root):
            raise DataError(f"{_shown(root)} can't be opened ({error.strerror}).")
        there.left_out[_below(root, error.filename) + "/"] = f"can't be opened: {error.strerror}"

    for here, folders, names in os.walk(root, onerror=locked, followlinks=True):
        inside = "" if here == str(root) else _below(root, here) + "/"
        try:
            known = os.stat(here)
        except OSError:
            continue  # gone meanwhile
        if (known.st_dev, known.st_ino) in seen:  # or else a link to a folder above would lead around for ever
            there.left_out[inside] = "already read by another way"
            folders.clear()
            continue
        seen.add((known.st_dev, known.st_ino))
        for name in sorted(filter(_hidden, folders)):
            there.left_out[f"{inside}{name}/"] = "hidden"
        folders[:] = sorted(name for name in folders if not _hidden(name) and Path(here, name) != but)
        for name in sorted(names):
            try:
                known = os.stat(os.path.join(here, name))
            except OSError as error:
                there.left_out[inside + name] = f"can't be opened: {error.strerror}"
                continue
            if _hidden(name):
                there.left_out[inside + name] = "hidden"
            elif not stat.S_ISREG(known.st_mode):
                there.left_out[inside + name] = "no file"
            elif not os.access(os.path.join(here, name), os.R_OK):  # so that it is read when that has changed
                there.left_out[inside + name] = f"can't be opened: {os.strerror(errno.EACCES)}"
            else:
                there.files[inside + name] = known.st_size, known.st_mtime_ns
    return there


def _below(root: Path, path: str) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")


def _hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


# -- reading all of it ---------------------------------------------------------------------------------------------
def _read_all(root: Path, there: _There, form: Form, kept: "_Cache", progress: bool) -> dict:
    """Read every file into the cache; returns what `_Cache.load` will."""
    left_out, names, digests, whole = {}, [], set(), True
    smaller = max if form.fit == "pad" else min  # the side that must reach the size
    formats, modes, counts, sizes = Counter(), Counter(), Counter(), set()
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # Pillow's, about damaged EXIF data and the like
            contextlib.closing(_pictures(root, list(there.files), form)) as pictures,
            kept.writing(there.fingerprint) as pixels,
        ):
            for name, got in _bar(pictures, len(there.files), root.name, progress):
                if isinstance(got, Unreadable):
                    left_out[name] = str(got)
                    whole = whole and not isinstance(got, Unopened)
                    continue
                raw = got.pixels.tobytes()
                pixels.write(raw)
                names.append(name)
                digests.add(hashlib.blake2b(raw, digest_size=16).digest())
                formats[got.format] += 1
                modes[got.mode] += 1
                sizes.add((got.width * got.height, got.width, got.height))
                sizes = {min(sizes), max(sizes)}
                counts["enlarged"] += smaller(got.width, got.height) < form.size
                counts["grey"] += bool((got.pixels == got.pixels[..., :1]).all())
                for fact in ("turned", "transparent", "stretched", "frames"):
                    counts[fact] += getattr(got, fact)
            _check(root, names, len(digests), there.left_out | left_out)
            changed = _changes(there.files, _look_through(root, kept.place).files)
        found = {
            "formats": formats,
            "modes": modes,
            "sizes": [size[1:] for size in sorted(sizes)],
            "twins": len(names) - len(digests),
            "while_read": changed,
            **counts,
        }
        stored = kept.store(there.fingerprint, names, left_out, found, whole)
    except OSError as error:
        space = len(there.files) * form.size**2 * (3 if form.color else 1) / 1e6
        raise DataError(
            f"What is read of {_shown(root)} can't be kept in {kept.place} ({error.strerror or error}): make room "
            f"({space:,.0f} MB) or give write permission, or name another folder by cache=."
        ) from None
    if any(changed.values()):
        warnings.warn(
            f"{_shown(root)} changed while it was read (files {_counted(changed)}): call folder() again when it is at "
            "rest.",
            stacklevel=3,
        )
    return stored


def _changes(before: dict, after: dict) -> dict[str, int]:
    return {
        "new": len(after.keys() - before.keys()),
        "gone": len(before.keys() - after.keys()),
        "changed": sum(after.get(name, known) != known for name, known in before.items()),
    }


def _pictures(root: Path, names: list[str], form: Form) -> Iterator[tuple[str, Picture | Unreadable]]:
    """Each file with its picture, or with the reason why there is none, in their order; several are under way."""

    def read(name: str) -> Picture | Unreadable:
        try:
            return picture_files.read(root / name, form)
        except Unreadable as reason:
            return reason

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        try:
            for first in range(0, len(names), _AT_ONCE):
                some = names[first : first + _AT_ONCE]
                yield from zip(some, pool.map(read, some), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)  # after an interrupt nobody waits for the rest


def _bar(pictures: Iterable, total: int, name: str, progress: bool) -> Iterator:
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))  # notebooks' bars don't heed it by themselves
    return tqdm(pictures, desc=_shown(name), total=total, unit=" files", delay=1, leave=False, disable=silent)


def _check(root: Path, names: list[str], different: int, left_out: dict[str, str]) -> None:
    """Raise DataError where there is nothing to learn from."""
    why = f" Left out: {_reasons(left_out)}." if left_out else ""
    if not names:
        raise DataError(f"{_shown(root)} {'holds no picture that can be read' if left_out else 'is empty'}.{why}")
    if len(names) == 1:
        raise DataError(f"{_shown(root)} holds one picture only, {_shown(names[0])}; a net learns from many.{why}")
    if different == 1:
        raise DataError(f"All {len(names):,} pictures in {_shown(root)} are the same one, pixel by pixel.{why}")


# -- the cache -----------------------------------------------------------------------------------------------------
class _Cache:
    """Where the pictures of a folder lie in one form: a file that names another one with their bytes.

    The bytes come first, under a name of their own; the file that names them is replaced in one go, and so there is the
    old set or the new one, whenever somebody looks.
    """

    def __init__(self, root: Path, form: Form, place: str | os.PathLike | None):
        here = storage.place() if place is None else _named(place)
        self.place = Path(os.path.realpath(here))
        if self.place == root:
            raise DataError(f"The cache can't be the folder itself: {_shown(root)}.")
        self.shape = (form.size, form.size, 3 if form.color else 1)
        said = json.dumps([FORMAT, os.fspath(root), form.to_dict()])
        self.key = hashlib.sha256(said.encode()).hexdigest()[:16]
        self.about = here / f"{self.key}.json"

    def pixels_file(self, fingerprint: str) -> Path:
        return self.place / f"{self.key}-{fingerprint[:16]}.pixels"

    def load(self, fingerprint: str) -> dict | None:
        """What was stored of the folder as it is now; None if that isn't there, or not whole."""
        try:
            stored = json.loads(self.about.read_bytes())
            size = os.path.getsize(self.pixels_file(fingerprint))
            fits = stored["fingerprint"] == fingerprint and 0 < size == len(stored["names"]) * math.prod(self.shape)
            known = isinstance(stored["left_out"], dict) and isinstance(stored["found"], dict)
            # where another Pillow left files out, or the machine failed, it may go better now
            again = stored["formats"] != sorted(picture_files.formats()) or stored["whole"] is not True
            if fits and known and not again:
                storage.used(self.about, self.pixels_file(fingerprint))
                return stored
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def writing(self, fingerprint: str) -> contextlib.AbstractContextManager:
        return files.whole_or_not(self.pixels_file(fingerprint))

    def store(self, fingerprint: str, names: list[str], left_out: dict[str, str], found: dict, whole: bool) -> dict:
        stored = {
            "fingerprint": fingerprint, "names": names, "left_out": left_out, "found": found, "whole": whole,
            "formats": sorted(picture_files.formats()),
        }  # fmt: skip
        try:
            files.write_atomically(self.about, json.dumps(stored).encode())
        except BaseException:
            self.pixels_file(fingerprint).unlink(missing_ok=True)  # nobody would find them
            raise
        with contextlib.suppress(OSError):
            storage.clear(self.place, storage.DAYS)
        for old in self.place.glob(f"{self.key}-*.pixels"):
            if old != self.pixels_file(fingerprint):
                with contextlib.suppress(OSError):  # Windows keeps what somebody looks into
                    old.unlink()
        return stored

    def pixels(self, fingerprint: str) -> torch.Tensor:
        """uint8 (N, C, H, W), channels last in memory, mapped from the disk: what is written to it stays here."""
        try:
            rows = np.memmap(self.pixels_file(fingerprint), np.uint8, mode="c").reshape(-1, *self.shape)
        except FileNotFoundError:
            raise DataError(f"The cache in {self.place} was cleared at this moment: call folder() again.") from None
        return torch.from_numpy(rows).permute(0, 3, 1, 2)


def _folder(root: Path, there: _There, form: Form, stored: dict, kept: _Cache) -> Folder:
    names = stored["names"]
    own = [name.split("/", 1)[0] if "/" in name else HERE for name in names]
    classes = sorted(set(own))
    number = {name: k for k, name in enumerate(classes)}
    return Folder(
        name=f"{_shown(root.name)}/",
        split="all",
        pixels=kept.pixels(stored["fingerprint"]),
        labels=torch.tensor([number[name] for name in own]),
        classes=tuple(map(_shown, classes)),
        path=root,
        files=tuple(names),
        left_out=there.left_out | stored["left_out"],
        found=stored["found"] | {"form": form, "cache": kept.pixels_file(stored["fingerprint"])},
    )


# -- telling -------------------------------------------------------------------------------------------------------
def _lines(pictures: Folder) -> Iterator[tuple[str, str]]:
    found, form = pictures.found, pictures.found["form"]
    sizes = [f"{width:,}×{height:,}" for width, height in found["sizes"]]
    yield "files", f"{len(pictures) + len(pictures.left_out):,}"
    counts = pictures.labels.bincount().tolist()
    yield "classes", _few([f"{name} {count:,}" for name, count in zip(pictures.classes, counts, strict=True)], 10)
    yield "formats", _counted(found["formats"])
    yield "modes", _counted(found["modes"])
    yield (
        "sizes",
        (sizes[0] if len(sizes) == 1 else f"from {sizes[0]} to {sizes[-1]}")
        + " pixels"
        + (f"; {found['enlarged']:,} smaller than {form.size}×{form.size} and enlarged" if found["enlarged"] else ""),
    )
    if found["turned"]:
        yield "turned", f"{found['turned']:,}, as their EXIF data say"
    if found["transparent"]:
        yield "see-through", f"{found['transparent']:,}, on #{bytes(form.background).hex()}"
    if found["frames"]:
        yield "frames", f"{found['frames']:,} with several, of which the first is taken"
    if found["stretched"]:
        yield (
            "stretched",
            f"{found['stretched']:,} with numbers beyond 16 bits: the least is black, the greatest white",
        )
    if found["twins"]:
        yield "twins", f"{found['twins']:,} equal to an earlier one, pixel by pixel"
    if form.color and found["grey"] == len(pictures):
        yield "grey", "all of them: color=False takes a third of the space"
    if pictures.left_out:
        yield "left out", _reasons(pictures.left_out)
    if any(found["while_read"].values()):
        yield "at work", f"the folder changed while it was read: {_counted(found['while_read'])}; call folder() again"
    yield "cache", f"{pictures.pixels.numel() / 1e6:,.1f} MB in {_shown(found['cache'])}"


def _reasons(left_out: dict[str, str]) -> str:
    """'3 broken (a.jpg, b.jpg, c.jpg), 1 hidden (.DS_Store)'."""
    groups: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        groups.setdefault(reason.partition(":")[0], []).append(_shown(name))
    return ", ".join(f"{len(names):,} {reason} ({_few(names, 3)})" for reason, names in groups.items())


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda each: -each[1]) if count)


def _few(words: list[str], most: int) -> str:
    return ", ".join(words[:most]) + (f", and {len(words) - most:,} more" if len(words) > most else "")


def _shown(name: str | os.PathLike) -> str:
    """A name that can be printed anywhere: names of files may hold line breaks, and bytes that are no letters."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in os.fspath(name))
