"""Grids and films in files."""

import sys
import types

import numpy as np
import pytest
import torch
from PIL import Image

from gan_edu.gallery import grid, save_film, save_grid


def read(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(int), image.mode


def test_a_grid_shows_every_picture_in_its_place(tmp_path):
    images = torch.linspace(-1, 1, 5)[:, None, None, None].expand(5, 1, 3, 4)
    path = save_grid(tmp_path / "new" / "samples.png", images, columns=2, gap=1)
    pixels, mode = read(path)
    assert path == tmp_path / "new" / "samples.png" and mode == "L" and pixels.shape == (3 * 3 + 2, 2 * 4 + 1)
    assert [pixels[4 * row, 5 * column] for row in range(3) for column in range(2)] == [0, 64, 128, 191, 255, 255]
    assert (pixels[3] == 255).all() and (pixels[:, 4] == 255).all()
    assert grid(images).size == (3 * 4 + 2 * 2, 2 * 3 + 2)  # a square by default
    assert grid(images, columns=99, gap=0).size == (20, 3)
    assert grid(images, scale=3, gap=0, columns=5).size == (60, 9)


def test_colours_keep_their_order_and_all_kinds_of_arrays_are_pictures(tmp_path):
    images = torch.full((2, 3, 4, 4), -1.0)
    images[0, 0] = images[1, 2] = 1  # red, blue
    pixels, mode = read(save_grid(tmp_path / "a.png", images, gap=0))
    assert mode == "RGB" and pixels[0, 0].tolist() == [255, 0, 0] and pixels[0, 4].tolist() == [0, 0, 255]
    same = ((images + 1) * 127.5).to(torch.uint8)
    for given in (same, images.numpy(), images.double(), images * 1.5, images.requires_grad_()):
        assert (read(save_grid(tmp_path / "b.png", given, gap=0))[0] == pixels).all()
    assert read(save_grid(tmp_path / "c.jpg", images))[1] == "RGB"
    assert grid(np.zeros((1, 5, 6))).size == (6, 5) and grid([[[0.0, 0.5]]]).size == (2, 1)


WRONG = {
    "a single picture": (torch.zeros(28, 28), ValueError, r"must have shape \(N, H, W\).*got \(28, 28\)"),
    "two channels": (torch.zeros(2, 2, 4, 4), ValueError, r"got \(2, 2, 4, 4\)"),
    "none": (torch.zeros(0, 1, 4, 4), ValueError, r"got \(0, 1, 4, 4\)"),
    "NaN": (torch.full((1, 1, 4, 4), torch.nan), ValueError, "hold NaN or infinite numbers"),
    "bytes as floats": (torch.full((1, 1, 4, 4), 200.0), ValueError, r"the largest value is 200.*pixels / 127.5 - 1"),
    "whole numbers": (torch.ones(1, 1, 4, 4).long(), TypeError, "floats in .-1, 1. or uint8; got int64"),
    "words": (["a", "b"], TypeError, "must be an array of numbers; got a list"),
    "nothing": (None, TypeError, "must be an array of numbers|must be floats"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_picture_gets_a_sentence_and_leaves_no_file(what, tmp_path):
    images, kind, text = WRONG[what]
    with pytest.raises(kind, match=f"^Pictures .*{text}"):
        save_grid(tmp_path / "a.png", images)
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_were_flipped_are_pictures():
    x = np.arange(2 * 4 * 6, dtype=np.uint8).reshape(2, 4, 6)
    assert np.array_equal(np.asarray(grid(x[:, :, ::-1], gap=0)), np.asarray(grid(x[:, :, ::-1].copy(), gap=0)))


def test_a_jpeg_that_is_too_large_gets_a_sentence(tmp_path):
    tall = torch.zeros(9000, 1, 8, 8)
    with pytest.raises(ValueError, match=r"^A JPEG has at most 65,500 pixels a side, and this grid has 8 × 89,998"):
        save_grid(tmp_path / "a.jpg", tall, columns=1)
    assert list(tmp_path.iterdir()) == [] and save_grid(tmp_path / "a.png", tall, columns=1).exists()


@pytest.mark.parametrize(
    "settings, size",
    [
        ({"gap": 10**5}, "200,012 × 200,012"),
        ({"gap": 10**30}, "2,[0,]+,012 × 2,[0,]+,012"),
        ({"scale": 64, "gap": 9000}, "18,768 × 18,768"),
        ({"columns": 1, "gap": 10**9}, "4 × 8,000,000,036"),
    ],
)
def test_a_grid_that_is_too_large_gets_a_sentence_before_it_takes_memory(tmp_path, monkeypatch, settings, size):
    images = np.zeros((9, 4, 4), np.uint8)
    monkeypatch.setattr("gan_edu.gallery.np.full", lambda *_: pytest.fail("memory was asked for"))
    words = f"would make a grid of {size} pixels, and 178,956,970 are the most: take fewer of them, or a smaller gap"
    with pytest.raises(ValueError, match=f"^Pictures {words}"):
        save_grid(tmp_path / "a.png", images, **settings)
    for ending in (".gif", ".mp4"):
        monkeypatch.setitem(sys.modules, "imageio_ffmpeg", types.ModuleType("imageio_ffmpeg"))
        with pytest.raises(ValueError, match=f"^Frame 0's pictures {words}"):
            save_film(tmp_path / f"a{ending}", images[None, :, None], **settings)
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_is_too_large_gets_a_sentence_before_it_takes_memory(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr("gan_edu.gallery.MOST_OF_FILM", 10_000)
    monkeypatch.setattr("gan_edu.gallery.GIF_SIDE", 500)
    words = "frames of 50 × 50 pixels are too many: a film has at most 10,000 pixels in all"
    with pytest.raises(ValueError, match=f"^9 {words}"):
        save_film(tmp_path / "a.gif", torch.zeros(9, 50, 50))
    with pytest.raises(ValueError, match=f"^5 {words}"):  # nobody knows how many there will be
        save_film(tmp_path / "a.gif", (made.append(i) or torch.zeros(1, 50, 50) for i in range(100)))
    assert made == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="A GIF has at most 500 pixels a side, and frame 0 has 601 × 1"):
        save_film(tmp_path / "a.gif", torch.zeros(1, 2, 1, 1, 1), columns=2, gap=599)
    assert save_film(tmp_path / "a.gif", torch.zeros(4, 50, 50)).exists()


def test_names_say_what_a_file_is(tmp_path):
    images = torch.zeros(2, 1, 4, 4)
    for name in ("a.gif", "a", "a.png.txt"):
        with pytest.raises(ValueError, match=r"^A grid is a file that ends in \.png or \.jpg or \.jpeg; got 'a"):
            save_grid(tmp_path / name, images)
    for name in ("a.png", "a"):
        with pytest.raises(ValueError, match=r"^A film is a file that ends in \.gif or \.mp4; got 'a"):
            save_film(tmp_path / name, images)
    with pytest.raises(OSError):
        save_grid("/proc/none/a.png", images)
    assert list(tmp_path.iterdir()) == []


# --- films


def frames_of(path):
    with Image.open(path) as film:
        found = []
        for i in range(film.n_frames):
            film.seek(i)
            found.append((np.asarray(film.convert("RGB")).astype(int), film.info["duration"]))
        return found, film.info.get("loop")


@pytest.mark.parametrize("colors", [1, 3])
def test_a_film_shows_its_frames_in_turn_and_for_ever(tmp_path, colors):
    chance = torch.Generator().manual_seed(0)
    frames = torch.rand(6, colors, 8, 8, generator=chance) * 2 - 1
    path = save_film(tmp_path / "walk.gif", frames, fps=20, scale=2)
    found, loop = frames_of(path)
    assert loop == 0 and len(found) == 6 and {duration for _, duration in found} == {50}
    for (pixels, _), frame in zip(found, frames, strict=True):
        wanted = ((frame + 1) * 127.5).round().expand(3, 8, 8).permute(1, 2, 0).repeat_interleave(2, 0)
        assert (
            np.abs(pixels - wanted.repeat_interleave(2, 1).numpy()).max() <= 3
        )  # 256 colours are enough for 64 pixels


def test_grids_can_move_too(tmp_path):
    frames = torch.rand(3, 4, 1, 5, 5, generator=torch.Generator().manual_seed(0)) * 2 - 1
    whole = frames_of(save_film(tmp_path / "a.gif", frames, columns=4))[0]
    listed = frames_of(save_film(tmp_path / "b.gif", [frame.numpy() for frame in frames], columns=4))[0]
    assert whole[0][0].shape == (5, 4 * 5 + 3 * 2, 3) and len(whole) == 3
    assert all((mine[0] == theirs[0]).all() for mine, theirs in zip(whole, listed, strict=True))
    one = frames_of(save_film(tmp_path / "c.gif", [frame[0] for frame in frames]))[0]  # (1, H, W): one picture each
    assert one[0][0].shape == (5, 5, 3)
    greys = [frame[:3].numpy() for frame in frames]  # (3, 1, H, W) are three grey ones, (3, H, W) one in colour
    assert frames_of(save_film(tmp_path / "e.gif", greys, columns=3))[0][0][0].shape == (5, 3 * 5 + 2 * 2, 3)
    assert frames_of(save_film(tmp_path / "f.gif", [each[:, 0] for each in greys]))[0][0][0].shape == (5, 5, 3)
    flat = frames_of(save_film(tmp_path / "d.gif", (frame[0, 0] for frame in frames)))[0]  # (H, W)
    assert (flat[1][0] == one[1][0]).all()


def test_films_of_nothing_or_of_frames_that_differ_get_a_sentence(tmp_path):
    path, frame = tmp_path / "a.gif", torch.zeros(2, 1, 4, 4)
    for frames, kind, text in (
        ([], ValueError, "^A film needs at least one frame"),
        (torch.zeros(0, 1, 4, 4), ValueError, "^A film needs at least one frame"),
        ([frame, torch.zeros(3, 1, 4, 4)], ValueError, r"frame 0 is 10 × 4, grey, and frame 1 is 10 × 10, grey"),
        ([frame, torch.zeros(2, 3, 4, 4)], ValueError, r"frame 0 is 10 × 4, grey, and frame 1 is 10 × 4, in colour"),
        (torch.zeros(4, 4), ValueError, r"^Frames must be pictures \(T, ...\) or grids"),
        ("frames", TypeError, "^Frames must be an array, or a list of them; got a str"),
        (None, TypeError, "^Frames must be an array, or a list of them; got a NoneType"),
        ([frame, frame * torch.nan], ValueError, "^Frame 1's pictures hold NaN"),
    ):
        with pytest.raises(kind, match=text):
            save_film(path, frames)
    for fps in (0, -3, 51, "fast", float("nan")):
        with pytest.raises((TypeError, ValueError), match="^fps must be a number above 0 and up to 50"):
            save_film(path, frame, fps=fps)
    assert list(tmp_path.iterdir()) == []


def test_mp4_needs_its_package_and_says_so_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match=r"needs the package imageio-ffmpeg: .*\.gif\."):
        save_film(tmp_path / "a.mp4", (1 / 0 for _ in range(3)))
    assert list(tmp_path.iterdir()) == []


def test_mp4_gets_frames_with_even_sides(tmp_path, monkeypatch):
    """By a stand-in for imageio_ffmpeg, which is not among the course's packages."""
    said = {}

    def write_frames(path, size, **more):
        said.update(more, size=size, frames=[])
        try:
            frame = yield
            while True:
                said["frames"].append(frame)
                frame = yield
        finally:
            with open(path, "wb") as file:
                file.write(b"film")

    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", types.SimpleNamespace(write_frames=write_frames))
    path = save_film(tmp_path / "a.mp4", torch.zeros(3, 1, 5, 7), fps=24)
    assert path.read_bytes() == b"film" and said["size"] == (8, 6) and said["fps"] == 24
    assert [len(frame) for frame in said["frames"]] == [8 * 6 * 3] * 3
    pixels = np.frombuffer(said["frames"][0], np.uint8).reshape(6, 8, 3)
    assert (pixels[:5, :7] == 128).all() and (pixels[5] == 255).all() and (pixels[:, 7] == 255).all()
