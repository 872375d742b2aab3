"""A folder of pictures: what Pillow can read is read as it should look, the rest is named, and nothing is fatal."""

import io
import json
import os
import struct
import sys
import threading
import tracemalloc
import types
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image

from gan_edu import data, nets
from gan_edu.data import DataError, folders, kept, picture_files
from gan_edu.data.picture_files import Form
from gan_edu.training import GAN, run

REAL_READ = picture_files.read
WINDOWS = sys.platform == "win32"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """No test sees the user's cache."""
    monkeypatch.setattr(kept.platformdirs, "user_cache_dir", lambda *_: str(tmp_path / "cache"))
    return tmp_path / "cache" / "folders"


@pytest.fixture
def pets(tmp_path):
    """Three cats and two dogs, in colour, 20×20."""
    for number, name in enumerate(["cats/a.png", "cats/b.png", "cats/c.png", "dogs/a.png", "dogs/b.png"]):
        save(tmp_path / "pets" / name, noise(number))
    return tmp_path / "pets"


def noise(seed=0, height=20, width=20):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path, pixels, **options):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(path, **options)
    return path


def folder(path, **options):
    return data.folder(path, **{"size": 20, "progress": False} | options)


# What comes out


def test_a_folder_is_a_set_of_images_with_classes(pets):
    got = folder(pets)
    assert isinstance(got, data.ImageSet) and isinstance(got, data.Folder)
    assert len(got) == 5 and got.pixels.shape == (5, 3, 20, 20) and got.shape == (3, 20, 20)
    assert got.classes == ("cats", "dogs") and got.labels.tolist() == [0, 0, 0, 1, 1]
    assert got.files == ("cats/a.png", "cats/b.png", "cats/c.png", "dogs/a.png", "dogs/b.png")
    assert (got.path / got.files[3]).is_file() and got.left_out == {}
    for number in range(5):
        assert np.array_equal(got.pixels[number].permute(1, 2, 0), noise(number))  # of the right size: byte for byte
    assert repr(got) == "Folder('pets/', 5 pictures of 2 classes, 3×20×20)"
    x = got.tensor()
    assert x.shape == (5, 3, 20, 20) and x.dtype == torch.float32 and -1 <= x.min() < x.max() <= 1
    assert x.is_contiguous(memory_format=torch.channels_last)  # as convolutions on a CPU like it
    assert torch.equal(got.tensor(rows=torch.tensor([4, 0])), x[[4, 0]])
    torch.testing.assert_close(got.tensor(rows=slice(1, 3), flat=True, low=0.0), (x[1:3].flatten(1) + 1) / 2)
    assert got.pairs().shape == (5, 1202) and got.pairs(rows=slice(3)).shape == (3, 1202)


def test_grey_is_one_channel(pets):
    got = folder(pets, color=False)
    assert got.pixels.shape == (5, 1, 20, 20) and got.tensor(flat=True).shape == (5, 400)
    assert np.array_equal(got.pixels[0, 0], Image.fromarray(noise(0)).convert("L"))


def test_images_of_the_course_come_back_from_files_as_they_were(tmp_path):
    clothes = data.images("fashion_mnist", "test")
    for number in range(30):
        name = clothes.classes[clothes.labels[number]].replace("/", " or ")
        save(tmp_path / "set" / name / f"{number:02d}.png", clothes.pixels[number].numpy())
    got = folder(tmp_path / "set", size=28, color=False)
    order = [int(Path(name).stem) for name in got.files]
    assert torch.equal(got.pixels[:, 0], clothes.pixels[order])
    assert [got.classes[k] for k in got.labels] == [
        clothes.classes[clothes.labels[n]].replace("/", " or ") for n in order
    ]


def test_pictures_beside_subfolders_have_a_class_of_their_own(pets):
    save(pets / "nobody.png", noise(9))
    save(pets / "cats" / "old" / "d.png", noise(8))
    got = folder(pets)
    assert got.classes == (".", "cats", "dogs") and got.labels.bincount().tolist() == [1, 4, 2]
    assert got.classes[got.labels[got.files.index("cats/old/d.png")]] == "cats"


def test_a_folder_without_subfolders_has_one_class_and_no_pairs(pets):
    got = folder(pets / "cats")
    assert got.classes == (".",) and "3 pictures of 1 class," in repr(got)
    with pytest.raises(ValueError, match="Pairs need two classes at least, and cats/ has one"):
        got.pairs()


# Modes, sizes, orientation


def grey(value):
    return np.full((20, 20), value, np.uint8)


def palette():
    image = Image.new("P", (20, 20), 1)
    image.putpalette([9, 9, 9, 10, 200, 30])
    return image


def see_through():
    """Left half red, right half nothing."""
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (10, 0, 20, 20))
    return image


def lab():
    from PIL import ImageCms

    profiles = [ImageCms.createProfile(space) for space in ("sRGB", "LAB")]
    return ImageCms.profileToProfile(Image.new("RGB", (20, 20), (200, 100, 50)), *profiles, outputMode="LAB")


MODES = {  # the file, a picture, and the colours of its left and of its right edge
    "1.png": (Image.new("1", (20, 20), 1), (255, 255, 255), None),
    "L.png": (grey(77), (77, 77, 77), None),
    "P.png": (palette(), (10, 200, 30), None),
    "P.gif": (palette(), (10, 200, 30), None),
    "RGBA.png": (see_through(), (255, 0, 0), (255, 255, 255)),
    "RGBA.webp": (see_through(), (255, 0, 0), (255, 255, 255)),
    "P clear.gif": (see_through(), (255, 0, 0), (255, 255, 255)),
    "LA.png": (see_through().convert("LA"), (76, 76, 76), (255, 255, 255)),
    "I16.png": (np.full((20, 20), 257 * 100, np.uint16), (100, 100, 100), None),
    "I16.tif": (np.full((20, 20), 257 * 100, np.uint16), (100, 100, 100), None),
    "I16B.tif": (Image.frombytes("I;16B", (20, 20), struct.pack(">H", 257 * 100) * 400), (100, 100, 100), None),
    "I.tif": (np.full((20, 20), 65535, np.int32), (255, 255, 255), None),
    "F.tif": (np.full((20, 20), 0.5, np.float32), (128, 128, 128), None),
    "F255.tif": (np.full((20, 20), 90.0, np.float32), (90, 90, 90), None),
    "CMYK.tif": (Image.new("CMYK", (20, 20), (0, 255, 255, 0)), (255, 0, 0), None),
    "LAB.tif": (lab(), (200, 100, 50), None),
    "BMP.bmp": (Image.new("RGB", (20, 20), (1, 2, 3)), (1, 2, 3), None),
    "PPM.ppm": (Image.new("RGB", (20, 20), (1, 2, 3)), (1, 2, 3), None),
    "TGA.tga": (see_through(), (255, 0, 0), (255, 255, 255)),
    "ICO.ico": (see_through(), (255, 0, 0), (255, 255, 255)),
}


@pytest.mark.parametrize("name", MODES)
def test_each_mode_looks_as_it_should(tmp_path, name):
    image, left, right = MODES[name]
    options = {"quality": 100, "lossless": True} if name.endswith("webp") else {}
    options |= {"sizes": [(20, 20)]} if name.endswith("ico") else {}
    save(tmp_path / name, image, **options)
    for form, mode in ((Form(size=20), "RGB"), (Form(size=20, color=False), "L")):
        got = picture_files.read(tmp_path / name, form).pixels
        for colour, edge in ((left, got[:, 0]), (right or left, got[:, -1])):
            wanted = np.array(Image.new("RGB", (1, 1), colour).convert(mode)).reshape(-1)
            assert np.abs(edge.astype(int) - wanted).max() <= (3 if name == "LAB.tif" else 0), (name, mode)


@pytest.mark.parametrize("background, wanted", [("white", 255), ("black", 0), ("#404040", 64)])
def test_what_shows_through_is_the_background(tmp_path, background, wanted):
    save(tmp_path / "a.png", see_through())
    got = picture_files.read(tmp_path / "a.png", Form(size=20, background=background))
    assert got.transparent and (got.pixels[:, 10:] == wanted).all() and got.pixels[0, 0].tolist() == [255, 0, 0]


def test_sixteen_bits_keep_their_shades(tmp_path):
    save(tmp_path / "a.png", np.arange(0, 65600, 164, dtype=np.uint16).reshape(20, 20))
    got = picture_files.read(tmp_path / "a.png", Form(size=20, color=False))
    assert got.pixels[0, 0] == 0 and got.pixels[-1, -1] == 255 and len(np.unique(got.pixels)) > 200
    assert not got.stretched


def test_a_shade_of_sixteen_bits_can_show_through(tmp_path):
    shades = np.full((20, 20), 30_000, np.uint16)
    shades[:, 10:] = 60_000
    save(tmp_path / "set" / "a.png", Image.fromarray(shades), transparency=30_000)
    save(tmp_path / "set" / "b.png", noise())
    got = folder(tmp_path / "set", background="red")
    assert got.pixels[0, :, 0, 0].tolist() == [255, 0, 0] and got.pixels[0, :, 0, 19].tolist() == [233] * 3
    assert "see-through 1" in got.report


def test_what_is_smaller_is_counted_by_the_side_that_counts(tmp_path):
    for name in "ab":
        save(tmp_path / "set" / f"{name}.png", noise(ord(name), 12, 40))
    assert "2 smaller than 20×20 and enlarged" in folder(tmp_path / "set", fit="crop").report
    assert "enlarged" not in folder(tmp_path / "set", fit="pad").report


def test_a_large_picture_is_held_twice_at_most(tmp_path, monkeypatch):
    """With what Pillow keeps of it. New pictures are counted, which tracemalloc doesn't see."""
    made = []
    monkeypatch.setattr(Image, "new", lambda *a, new=Image.new, **b: made.append(a) or new(*a, **b))
    monkeypatch.setattr(Image.Image, "convert", lambda *a, do=Image.Image.convert, **b: made.append(a) or do(*a, **b))
    for mode, copies in (("RGB", 0), ("RGBA", 1), ("P", 1), ("CMYK", 1)):
        path = save(tmp_path / f"{mode}.tiff", Image.effect_noise((60, 60), 90).convert(mode))
        made.clear()
        picture_files.read(path, Form(size=20))
        assert len([each for each in made if 60 in getattr(each[0], "size", (each + ((),))[1])]) == copies, mode


def test_other_numbers_are_stretched_and_said_so(tmp_path):
    x = np.linspace(-3, 5, 400, dtype=np.float32).reshape(20, 20)
    save(tmp_path / "a.tif", x)
    save(tmp_path / "b.tif", -x)
    x[3, 3] = np.nan
    save(tmp_path / "c.tif", x)
    got = folder(tmp_path, color=False)
    assert got.pixels[0].min() == 0 and got.pixels[0].max() == 255
    assert "stretched   2 with numbers beyond 16 bits" in got.report
    assert got.left_out == {"c.tif": "broken: it holds NaN or infinite numbers"}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_pictures_are_turned_as_they_were_held(tmp_path, orientation, suffix):
    upright = np.zeros((60, 60, 3), np.uint8)
    upright[:30, :30] = 255  # white in the upper left,
    upright[30:, :30, 0] = 255  # red below
    back = {  # what a camera held in this way stores; an orientation says how to undo it
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path / f"a.{suffix}", np.ascontiguousarray(back[orientation](upright)), exif=exif)
    got = picture_files.read(tmp_path / f"a.{suffix}", Form(size=60))
    assert np.abs(got.pixels.astype(int) - upright)[5:-5:10, 5:-5:10].max() < 30, "JPEG is lossy, and not that lossy"
    assert got.turned == (orientation > 1)


def test_damaged_exif_data_do_not_cost_the_picture(tmp_path):
    save(tmp_path / "a.jpg", noise(), exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff" + b"\xff" * 40)
    assert not picture_files.read(tmp_path / "a.jpg", Form(size=20)).turned


@pytest.mark.parametrize("width, height", [(40, 20), (20, 40), (80, 40)])
def test_the_middle_the_whole_or_all_of_it(tmp_path, width, height):
    x = np.zeros((height, width, 3), np.uint8)
    least = min(width, height)
    top, left = (height - least) // 2, (width - least) // 2
    x[top : top + least, left : left + least] = 255
    save(tmp_path / "a.png", x)
    crop, pad, stretch = (
        picture_files.read(tmp_path / "a.png", Form(size=20, fit=fit, background="red")).pixels
        for fit in ("crop", "pad", "stretch")
    )
    assert (crop[2:-2, 2:-2] >= 250).all() and (crop > 200).all()
    margin = pad[:5] if width > height else pad[:, :5]
    inside = pad[5:15] if width > height else pad[:, 5:15]
    assert (margin == (255, 0, 0)).all() and (inside[..., 1] == inside[..., 0]).all()
    assert stretch[10, 10, 0] == 255 and stretch.min() < 10


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(picture_files.FITS), st.booleans())
@example(90, 1, "pad", True)
@example(1, 1, "crop", False)
def test_any_size_becomes_the_size_and_an_even_picture_stays_even(width, height, fit, color):
    form = Form(size=16, color=color, fit=fit, background="#7b7b7b")
    image = Image.new(form.mode, (width, height), "#7b7b7b")
    got = np.asarray(picture_files._placed(image, form))
    assert got.shape[:2] == (16, 16) and (got == 0x7B).all()


def test_a_large_jpeg_is_read_small_and_looks_the_same(tmp_path):
    y, x = np.mgrid[0:900, 0:900]
    smooth = np.stack([x / 900, y / 900, (x + y) / 1800], -1)
    save(tmp_path / "a.jpg", (255 * smooth).astype(np.uint8), quality=95)
    got = picture_files.read(tmp_path / "a.jpg", Form(size=20))
    wanted = Image.open(tmp_path / "a.jpg").resize((20, 20), Image.Resampling.LANCZOS)
    assert (got.width, got.height) == (900, 900)
    assert np.abs(got.pixels.astype(int) - np.asarray(wanted)).max() <= 3


def test_of_several_frames_the_first_is_taken(tmp_path):
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "lime")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    frames[1].save(tmp_path / "b.png")
    got = folder(tmp_path)
    assert got.pixels[0, :, 0, 0].tolist() == [255, 0, 0] and "frames      1 with several" in got.report


# What is left out


def test_whatever_is_no_picture_is_named_and_skipped(pets):
    (pets / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (pets / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (pets / "notes.txt").write_text("cats and dogs")
    (pets / "empty.jpg").touch()
    (pets / "cats" / "._a.png").write_bytes(b"\0\5\x16\7")
    whole = (pets / "cats" / "a.png").read_bytes()
    (pets / "cats" / "cut.png").write_bytes(whole[:700])
    (pets / "cats" / "header.png").write_bytes(whole[:20])
    (pets / "dogs" / "noise.jpg").write_bytes(np.random.default_rng(0).bytes(5000))
    (pets / "dogs" / "film.mpg").write_bytes(b"\x00\x00\x01\xb3" + bytes(100))
    save(pets / ".ipynb_checkpoints" / "a-checkpoint.png", noise(7))
    save(pets / "__MACOSX" / "a.png", noise(7))
    got = folder(pets)
    assert len(got) == 5
    reasons = {name: reason.partition(":")[0] for name, reason in got.left_out.items()}
    assert reasons.pop("cats/header.png") in ("broken", "no picture that Pillow knows")
    assert reasons.pop("dogs/film.mpg").startswith("in a format of films, which Pillow can't read here")
    assert reasons == {
        ".DS_Store": "hidden", "Thumbs.db": "hidden", "cats/._a.png": "hidden", ".ipynb_checkpoints/": "hidden",
        "__MACOSX/": "hidden", "notes.txt": "no picture that Pillow knows", "empty.jpg": "empty",
        "cats/cut.png": "broken", "dogs/noise.jpg": "no picture that Pillow knows",
    }  # fmt: skip
    assert "5 hidden (" in got.report and " broken (cats/cut.png" in got.report and "files       16" in got.report


FOREIGN = {
    "RAW": ["a.cr2", "b.NEF", "c.dng", "d.ARW"],
    "HEIC": ["a.heic", "b.HEIF", "phone.jpg"],
    "AVIF": ["a.avif"],
    "SVG": ["a.svg"],
    "PDF": ["a.pdf"],
    "a format of films": ["a.mp4", "b.webm", "c.mov", "d.mpg"],
    "HDF5": ["a.h5"],
}
HINTS = {"HEIC": "convert to JPEG or PNG, or install pillow-heif", "a format of films": "take pictures out of them"}


def test_kinds_that_pillow_can_not_read_here_are_named_with_what_to_do(pets, monkeypatch):
    (pets / "b.avif").write_bytes(bytes(90))
    monkeypatch.setattr(picture_files.features, "check", lambda name: True)
    assert folder(pets).left_out == {"b.avif": "no picture that Pillow knows"}, "Pillow would read it if it were one"
    monkeypatch.setattr(picture_files.features, "check", lambda name: None)
    (pets / "b.avif").unlink()
    content = dict.fromkeys(sum(FOREIGN.values(), []), b"\0\0\0\x18abcd" + bytes(90))
    content["a.heic"] = content["phone.jpg"] = b"\0\0\0\x18ftypheic" + bytes(90)
    content["b.HEIF"] = b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(90)  # which Pillow tries as an AVIF
    content["a.svg"] = b"<svg xmlns='http://www.w3.org/2000/svg'></svg>"
    content["d.mpg"] = b"\x00\x00\x01\xb3" + bytes(90)
    content["a.h5"] = b"\x89HDF\r\n\x1a\n" + bytes(90)  # which Pillow knows and leaves to others
    for name, some in content.items():
        (pets / name).write_bytes(some)
    save(pets / "preview.tif", noise(7)).rename(pets / "d.ARW")  # a RAW file is a TIFF with a small preview
    got = folder(pets)
    assert len(got) == 5
    for kind, names in FOREIGN.items():
        words = f"in {kind}, which Pillow can't read here – {HINTS.get(kind, 'convert to JPEG or PNG')}"
        assert {name: got.left_out[name] for name in names} == dict.fromkeys(names, words)
        assert f"{len(names)} {words} ({names[0]}" in got.report
    for path in pets.rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match="holds no picture that can be read. .*3 in HEIC, .*install pillow-heif"):
        folder(pets)


def test_damaged_files_of_kinds_that_pillow_reads_are_still_broken(pets):
    whole = save(pets / "a.webp", noise(7)).read_bytes()
    (pets / "a.webp").write_bytes(whole[:200])
    assert folder(pets).left_out["a.webp"].startswith("broken")


def test_heic_is_read_once_its_package_is_there(pets, monkeypatch):
    whole = (pets / "cats" / "a.png").read_bytes()

    def register():  # as the package does; a plugin that finds a PNG in each HEIC stands in
        def plugin(file, name):
            return Image.open(io.BytesIO(whole))

        Image.register_open("HEIF", plugin, lambda head: head[4:12] == b"ftypheic")

    package = types.ModuleType("pillow_heif")
    package.register_heif_opener = register
    (pets / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(90))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    try:
        for there, count in ((None, 5), (package, 6)):
            monkeypatch.setitem(sys.modules, "pillow_heif", there)
            picture_files.formats.cache_clear()
            got = folder(pets)
            assert len(got) == count, "what was left out before was taken from the cache"
    finally:
        picture_files.formats.cache_clear()
    heic, png = (got.pixels[got.files.index(name)] for name in ("phone.heic", "cats/a.png"))
    assert got.left_out == {} and torch.equal(heic, png)


@given(st.integers(0, 2**32), st.sampled_from(["png", "jpg", "gif", "tif", "webp", "bmp", "ppm", "tga", "ico"]))
@pytest.mark.filterwarnings("ignore")
def test_no_damage_is_ever_fatal(tmp_path_factory, seed, suffix):
    chance = np.random.default_rng(seed)
    path = tmp_path_factory.mktemp("damaged") / f"a.{suffix}"
    save(path, noise(seed % 7), **({"sizes": [(16, 16)]} if suffix == "ico" else {}))
    content = bytearray(path.read_bytes())
    for _ in range(chance.integers(1, 20)):
        content[chance.integers(len(content))] = chance.integers(256)
    path.write_bytes(content[: chance.integers(1, len(content) + 1)])
    try:
        got = picture_files.read(path, Form(size=16))
        assert got.pixels.shape == (16, 16, 3) and got.pixels.dtype == np.uint8
    except picture_files.Unreadable as reason:
        assert str(reason) and "\n" not in str(reason) and len(str(reason)) < 200


def bomb(path, width, height):
    """A PNG of a few bytes that would unpack to width · height pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(1 + width // 8) * 1000) for _ in range(height // 1000)) + rows.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


@pytest.mark.filterwarnings("error")
def test_bombs_are_refused_without_filling_the_memory(pets):
    bomb(pets / "huge.png", 20_000, 20_000)  # 400 million pixels
    bomb(pets / "large.png", 12_000, 10_000)  # above what Pillow warns of
    text = zlib.compress(bytes(10**8))  # in a PNG's comment
    content = (pets / "cats" / "a.png").read_bytes()
    comment = b"zTXtnote\0\0" + text
    chunk = struct.pack(">I", len(comment) - 4) + comment + struct.pack(">I", zlib.crc32(comment))
    (pets / "text.png").write_bytes(content[:33] + chunk + content[33:])
    tracemalloc.start()
    got = folder(pets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(got) == 5 and peak < 2e7
    assert got.left_out["huge.png"] == "too large: more than 178,956,970 pixels"
    assert got.left_out["large.png"] == "too large: 12,000×10,000 pixels, and 89,478,485 are read at most"
    assert got.left_out["text.png"].startswith("broken: Decompressed data too large")
    assert "2 too large (huge.png, large.png)" in got.report


def test_the_limit_holds_when_pillows_own_was_taken_away(pets, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    bomb(pets / "huge.png", 20_000, 20_000)
    assert "20,000×20,000 pixels" in folder(pets).left_out["huge.png"]


def test_postscript_is_not_run(pets, monkeypatch):
    ran = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: ran.append(1) or Image.new("RGB", (32, 32)).im)
    save(pets / "a.eps", noise())
    fields = [(3, 60, b"\1\0"), (3, 20, b"\0\x20"), (3, 30, b"\0\x20"), (3, 120, b"\5"), (9, 10, b"")]
    fields.insert(4, (8, 10, (pets / "a.eps").read_bytes()[:9000]))  # what Pillow opens within an IPTC file
    within = b"".join(struct.pack(">BBBH", 28, *kind, len(said)) + said for *kind, said in fields)
    (pets / "b.jpg").write_bytes(within)
    with Image.open(pets / "b.jpg") as image:
        image.load()
    assert ran == [1]  # so it is with all formats
    assert folder(pets).left_out == dict.fromkeys(("a.eps", "b.jpg"), "no picture that Pillow knows")
    assert ran == [1]


@pytest.mark.skipif(WINDOWS, reason="Windows has no such names, pipes or links")
def test_names_with_any_letters_pipes_and_links(pets, tmp_path):
    odd = ["ž ü 猫 🐈.png", "a\nb.png", "[x]*?.png", "'quoted' \"twice\".png", "-rf.png", "%s.png", "x" * 200 + ".png"]
    for number, name in enumerate(odd):
        save(pets / "猫\t猫" / name, noise(20 + number))
    raw = os.fsencode(pets) + b"/dogs/\xff\xfe.png"
    os.link(pets / "dogs" / "a.png", raw)
    os.mkfifo(pets / "pipe.png")
    os.symlink(pets, pets / "dogs" / "loop")
    os.symlink(tmp_path / "nowhere", pets / "dead.png")
    save(tmp_path / "elsewhere" / "e.png", noise(50))
    os.symlink(tmp_path / "elsewhere", pets / "linked")
    for _ in range(2):  # read, and from the cache
        got = folder(pets)
        assert got.classes == ("cats", "dogs", "linked", "猫\\t猫") and got.labels.bincount().tolist() == [3, 3, 1, 7]
        assert all((got.path / name).is_file() for name in got.files)
        assert got.left_out == {
            "pipe.png": "no file",
            "dogs/loop/": "already read by another way",
            "dead.png": "can't be opened: No such file or directory",
        }
        got.report.encode()
        assert "twins       1 equal to an earlier one" in got.report


@pytest.mark.skipif(WINDOWS or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may read everything")
def test_what_may_not_be_read_is_named(pets):
    (pets / "cats" / "a.png").chmod(0)
    (pets / "dogs").chmod(0)
    try:
        assert folder(pets).left_out == {
            "cats/a.png": "can't be opened: Permission denied",
            "dogs/": "can't be opened: Permission denied",
        }
    finally:
        (pets / "dogs").chmod(0o700)


# What can't be used at all


def one_sentence(error):
    return "\n" not in str(error.value) and str(error.value).endswith(".")


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda path: None, "is empty."),
        (lambda path: (path / "cats").mkdir(), "is empty."),
        (
            lambda path: (path / "a.txt").write_text("a"),
            r"holds no picture that can be read. Left out: 1 no picture .*a.txt",
        ),
        (lambda path: (path / ".DS_Store").touch(), r"holds no picture that can be read. Left out: 1 hidden"),
        (lambda path: save(path / "a.png", noise()), "holds one picture only, a.png; a net learns from many"),
        (lambda path: [save(path / f"{n}.png", noise()) for n in range(4)], "All 4 pictures in .* are the same one"),
        (
            lambda path: [save(path / f"{n}.png", np.full((n, 30, 3), 7, np.uint8)) for n in range(20, 23)],
            "All 3 pictures in .* are the same one",
        ),
    ],
)
def test_a_folder_without_enough_to_learn_from(tmp_path, cache, make, words):
    (tmp_path / "set").mkdir()
    make(tmp_path / "set")
    with pytest.raises(DataError, match=words) as error:
        folder(tmp_path / "set")
    assert one_sentence(error) or "Left out" in str(error.value)
    assert not cache.exists() or not list(cache.iterdir()), "something half-written stays"


@pytest.mark.parametrize(
    "path, words",
    [
        ("nowhere", "nowhere is not there"),
        ("file.zip", "file.zip is a file; unpack it if it is an archive"),
        ("~nobody-here/pictures", "is not there: there is no home folder ~nobody-here"),
        ("", "'' is no folder: name one, or '.' for the one you are in"),
        ("a\0b", "not there"),
        (None, "None is no folder"),
        (3, "3 is no folder"),
    ],
)
def test_what_is_no_folder(tmp_path, monkeypatch, path, words):
    monkeypatch.chdir(tmp_path)
    Path("file.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=words) as error:
        folder(path)
    assert one_sentence(error)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"size": 0}, "size must be a whole number from 4 to 1024; got 0"),
        ({"size": 64.0}, "size must be a whole number"),
        ({"size": 5000}, "from 4 to 1024"),
        ({"color": 3}, "color must be True or False; got 3"),
        ({"fit": "cut"}, "There is no fit 'cut'; there are: crop, pad, stretch"),
        ({"background": "pinkish"}, "background is a colour as CSS writes it.*'pinkish'"),
        ({"background": 3}, "background is a colour"),
    ],
)
def test_settings_that_can_not_be_used(pets, options, words):
    with pytest.raises((TypeError, ValueError), match=words) as error:
        folder(pets, **options)
    assert one_sentence(error)


# The cache


def test_what_was_read_is_not_read_again_until_something_changes(pets, cache, monkeypatch):
    first = folder(pets)
    monkeypatch.setattr(folders.picture_files, "read", lambda *_: pytest.fail("read again"))
    again = folder(pets)
    assert torch.equal(again.pixels, first.pixels) and again.report == first.report and again.files == first.files
    assert torch.equal(again.labels, first.labels) and again.classes == first.classes
    (pets / ".DS_Store").touch()  # which Macs do all the time
    assert "1 hidden" in folder(pets).report
    assert len(list(cache.iterdir())) == 2
    read = []
    monkeypatch.setattr(folders.picture_files, "read", lambda path, form: read.append(path) or REAL_READ(path, form))
    for change in (
        lambda: save(pets / "cats" / "new.png", noise(11)),
        lambda: (pets / "cats" / "new.png").rename(pets / "dogs" / "new.png"),
        lambda: save(pets / "dogs" / "new.png", noise(12, 20, 30)),
        lambda: os.utime(pets / "dogs" / "new.png", ns=(1, 1)),
        lambda: (pets / "dogs" / "new.png").unlink(),
    ):
        read.clear()
        change()
        got = folder(pets)
        assert len(read) == len(got) and set(got.files) == {p.relative_to(pets).as_posix() for p in pets.rglob("*.png")}
        assert len(list(cache.iterdir())) == 2, "the old one is still there"


def test_each_form_has_its_own_cache(pets, cache):
    sizes = [folder(pets, size=size, color=color).pixels.shape[1:] for size in (8, 16) for color in (True, False)]
    assert sizes == [(3, 8, 8), (1, 8, 8), (3, 16, 16), (1, 16, 16)] and len(list(cache.iterdir())) == 8


def test_an_older_set_stays_good_while_it_is_used(pets):
    first = folder(pets)
    before = first.pixels.clone()
    save(pets / "cats" / "new.png", noise(11))
    assert len(folder(pets)) == 6
    assert torch.equal(first.pixels, before)


@pytest.mark.parametrize("damage", ["cut", "no pixels", "no text", "half a text", "another text", "a part of it"])
def test_a_damaged_cache_is_made_anew(pets, cache, damage):
    before = folder(pets).pixels.clone()
    (about,), (pixels,) = cache.glob("*.json"), cache.glob("*.pixels")
    if damage == "cut":
        pixels.write_bytes(pixels.read_bytes()[:-1])
    elif damage == "no pixels":
        pixels.unlink()
    else:
        text = {"no text": b"", "half a text": about.read_bytes()[:-30], "another text": json.dumps([1, 2]).encode()}
        text["a part of it"] = json.dumps(json.loads(about.read_bytes()) | {"found": None}).encode()
        about.write_bytes(text[damage])
    assert torch.equal(folder(pets).pixels, before)
    assert len(list(cache.iterdir())) == 2


def test_what_is_written_into_the_pixels_does_not_reach_the_cache(pets):
    got = folder(pets)
    got.pixels.zero_()
    assert folder(pets).pixels.sum() > 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_nothing_half_written_and_the_next_call_works(pets, cache, monkeypatch, error):
    filters = list(warnings.filters)
    with monkeypatch.context() as patch:
        patch.setattr(folders.Counter, "__setitem__", lambda *_: (_ for _ in ()).throw(error()))
        with pytest.raises(error):
            folder(pets)
    assert list(cache.iterdir()) == [] and threading.active_count() < 20
    assert warnings.filters == filters
    assert len(folder(pets)) == 5


def test_a_cache_that_can_not_be_written_is_told(pets, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"can't be kept in .*file.*make room \(0 MB\).*cache=") as error:
        folder(pets, cache=tmp_path / "file" / "cache")
    assert one_sentence(error)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders.files.os, "fsync", full)
    with pytest.raises(DataError, match="No space left on device"):
        folder(pets, cache=tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_disk_that_is_full_at_the_last_moment_is_told_and_nothing_is_left(pets, cache, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders.files, "write_atomically", full)
    with pytest.raises(DataError, match="No space left on device") as error:
        folder(pets)
    assert one_sentence(error) and list(cache.iterdir()) == []


@pytest.mark.parametrize("place, words", [("", "'' is no folder"), ("~nobody-here/x", "no home folder ~nobody-here")])
def test_a_cache_needs_a_name(pets, place, words):
    with pytest.raises(DataError, match=words):
        folder(pets, cache=place)


def test_what_a_killed_process_left_is_swept_when_the_folder_has_changed_meanwhile(pets, cache):
    folder(pets)
    (pixels,) = cache.glob("*.pixels")
    left, fresh = (cache / f".{pixels.name}.{name}.tmp" for name in ("old", "new"))
    left.write_bytes(b"x")
    fresh.write_bytes(b"x")  # another process may be at work
    os.utime(left, (1, 1))
    save(pets / "cats" / "new.png", noise(11))
    folder(pets)
    assert not left.exists() and fresh.exists()


def test_what_nobody_has_used_for_a_month_goes_when_another_set_is_kept(pets, cache):
    for size in (8, 9, 10):
        folder(pets, size=size)
    old = {path for path in cache.iterdir() if not os.utime(path, (1, 1))}
    (half, others) = (
        cache / ".0123456789abcdef.json.x.tmp",
        [cache / "mine.json", cache / ".mine.tmp", cache / "a.pixels"],
    )
    for path in (half, *others):
        path.write_bytes(b"x")
        os.utime(path, (1, 1))
    folder(pets, size=9)  # from the cache, which is its use
    assert old <= set(cache.iterdir()), "nothing was kept, so nothing needs to go"
    save(pets / "cats" / "new.png", noise(11))
    got = folder(pets, size=11)
    left = {path for path in cache.iterdir() if path in old}
    assert len(left) == 2 and {path.suffix for path in left} == {".json", ".pixels"} and not half.exists()
    assert all(path.exists() for path in others), "a folder may hold other things"
    assert got.found["cache"].exists() and kept.size() == (2, sum(map(os.path.getsize, left)) + _bytes(got, cache))


def _bytes(got, cache):
    key = got.found["cache"].name.partition("-")[0]
    return sum(path.stat().st_size for path in cache.iterdir() if path.name.startswith(key))


def test_the_cache_can_be_cleared_while_it_is_used(pets, cache, monkeypatch):
    assert kept.size() == (0, 0) and kept.clear() == (0, 0), "there is none yet"
    got = folder(pets)
    before, fresh = got.pixels.clone(), cache / ".0123456789abcdef.json.x.tmp"
    fresh.write_bytes(b"")  # another process is at work
    assert kept.size() == (1, _bytes(got, cache))
    gone, stuck = kept.clear()
    assert torch.equal(got.pixels, before)
    if not WINDOWS:
        assert gone > 6000 and stuck == 0 and list(cache.iterdir()) == [fresh] and kept.size()[0] == 0
        assert torch.equal(folder(pets).pixels, before)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **more: (_ for _ in ()).throw(PermissionError(13, "in use")))
        assert kept.clear() == (0, 2)
    monkeypatch.setattr(folders.np, "memmap", lambda *_, **more: (_ for _ in ()).throw(FileNotFoundError()))
    with pytest.raises(DataError, match="was cleared at this moment: call folder"):
        folder(pets)


@pytest.mark.parametrize(
    "failure", [OSError(5, "Input/output error"), OSError(24, "Too many open files"), MemoryError()]
)
def test_what_the_machine_could_not_read_is_tried_again(pets, monkeypatch, failure):
    def fail(path, *more, **options):
        if path.name == "b.png":
            raise failure
        return opened(path, *more, **options)

    opened = Image.open
    with monkeypatch.context() as patch:
        patch.setattr(picture_files.Image, "open", fail)
        got = folder(pets)
        assert len(got) == 3 and set(got.left_out) == {"cats/b.png", "dogs/b.png"}
        assert all(why.startswith("can't be read: ") for why in got.left_out.values())
    assert len(folder(pets)) == 5
    monkeypatch.setattr(folders.picture_files, "read", lambda *_: pytest.fail("read again"))
    assert len(folder(pets)) == 5


def test_what_may_be_read_now_is_read_now(pets, monkeypatch):
    with monkeypatch.context() as patch:  # the tests may run as root, who may read everything
        patch.setattr(folders.os, "access", lambda path, mode: not path.endswith("a.png"))
        assert folder(pets).left_out == dict.fromkeys(
            ("cats/a.png", "dogs/a.png"), f"can't be opened: {os.strerror(13)}"
        )
        patch.setattr(folders.picture_files, "read", lambda *_: pytest.fail("read again"))
        assert len(folder(pets)) == 3
    assert len(folder(pets)) == 5


def test_a_cache_of_ones_own_may_lie_inside_the_folder_and_is_not_read_as_part_of_it(pets, monkeypatch):
    folder(pets, cache=pets / "kept")
    monkeypatch.setattr(folders.picture_files, "read", lambda *_: pytest.fail("read again"))
    assert folder(pets, cache=pets / "kept").left_out == {}
    with pytest.raises(DataError, match="The cache can't be the folder itself"):
        folder(pets, cache=pets)


# A folder that changes, and large ones


def test_a_folder_that_changes_while_it_is_read(pets, monkeypatch):
    def read(path, form):
        if path.name == "a.png" and path.parent.name == "cats":
            (pets / "cats" / "c.png").unlink()
            save(pets / "dogs" / "z.png", noise(13))
            save(pets / "dogs" / "b.png", noise(14, 20, 25))
        else:
            done.wait(5)
        try:
            return REAL_READ(path, form)
        finally:
            done.set()

    done = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(folders.picture_files, "read", read)
        with pytest.warns(UserWarning, match=r"changed while it was read \(files new 1, gone 1, changed 1\)") as caught:
            got = folder(pets)
    assert caught[0].filename == __file__
    assert got.files == ("cats/a.png", "cats/b.png", "dogs/a.png", "dogs/b.png")
    assert got.left_out == {"cats/c.png": "gone before it was read"} and "at work" in got.report
    again = folder(pets)
    assert again.files == ("cats/a.png", "cats/b.png", "dogs/a.png", "dogs/b.png", "dogs/z.png")
    assert again.left_out == {} and "at work" not in again.report


def test_a_folder_that_is_taken_away_at_the_end_leaves_nothing(pets, cache, monkeypatch):
    counted = folders._check
    monkeypatch.setattr(folders, "_check", lambda *known: (counted(*known), pets.rename(pets.parent / "away")))
    with pytest.raises(DataError, match="can't be opened") as error:
        folder(pets)
    assert one_sentence(error) and list(cache.iterdir()) == []


def test_memory_is_bounded(tmp_path):
    for number in range(600):
        save(tmp_path / "many" / f"{number % 3}" / f"{number}.bmp", noise(number, 4, 4))
    tracemalloc.start()
    got = folder(tmp_path / "many", size=256)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert got.pixels.numel() == 600 * 3 * 256**2 and peak < got.pixels.numel() / 3


def test_the_bar_counts_the_files(pets, monkeypatch):
    bars = []

    class Bar(folders.tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            bars.append(self)

    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(folders, "tqdm", Bar)
    (pets / "notes.txt").write_text("a")
    folder(pets, progress=True)
    assert [(bar.total, bar.n, bar.desc, bar.unit) for bar in bars] == [(6, 6, "pets", " files")]
    folder(pets, progress=True)
    assert len(bars) == 1, "nothing is read from a good cache"
    monkeypatch.setenv("TQDM_DISABLE", "1")
    folder(pets, progress=True, size=8)
    folder(pets, progress=False, size=12)
    assert all(bar.disable for bar in bars[1:])


def test_the_report_says_what_was_found(pets):
    save(pets / "dogs" / "small.png", noise(6, 10, 12))
    save(pets / "dogs" / "clear.png", see_through())
    save(pets / "dogs" / "twin.png", noise(0))
    report = folder(pets).report.splitlines()
    assert report[0] == "Folder('pets/', 8 pictures of 2 classes, 3×20×20)"
    assert report[1:-1] == [
        "  files       8",
        "  classes     cats 3, dogs 5",
        "  formats     PNG 8",
        "  modes       RGB 7, RGBA 1",
        "  sizes       from 12×10 to 20×20 pixels; 1 smaller than 20×20 and enlarged",
        "  see-through 1, on #ffffff",
        "  twins       1 equal to an earlier one, pixel by pixel",
    ]
    assert report[-1].startswith("  cache       0.0 MB in ") and report[-1].endswith(".pixels")


def test_a_grey_folder_is_told_to_be_grey(tmp_path):
    for number in range(3):
        save(tmp_path / f"{number}.png", grey(number))
    assert "grey        all of them: color=False" in folder(tmp_path).report
    assert "color=False" not in folder(tmp_path, color=False).report


# Training on it


def test_a_gan_trains_on_a_folder(pets):
    got = folder(pets, size=8, color=False)
    gan = GAN(nets.mlp([4, 16, 64], output="tanh"), nets.mlp([64, 16, 1]), device="cpu")
    run(gan, got.tensor(flat=True), 5, batch=4, progress=False)
    assert gan.sample(3).shape == (3, 64)
