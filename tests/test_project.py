"""`gan-edu new`: the project that it writes trains, goes on, and needs nothing of the course."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import EpsImagePlugin, Image

from gan_edu import cli, project

SMALL = ["--size", "16", "--batch", "8", "--width", "4", "--every", "3", "--device", "cpu"]


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """24 pictures of three stripes, one broken file and one that is none."""
    folder, random = tmp_path_factory.mktemp("data") / "flags & faces", np.random.default_rng(0)
    folder.mkdir()
    for number in range(24):
        stripes = random.integers(0, 255, (3, 3)).astype(np.uint8)
        Image.fromarray(stripes.repeat(8, axis=0)[:, None].repeat(30, axis=1)).save(folder / f"{number}.png")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A CSV file with numbers, whole numbers, gaps, choices, and a column that can't be learned."""
    random, n = np.random.default_rng(0), 60
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 90, n),
            "income": np.exp(random.normal(8, 1, n)),
            "city": random.choice(["Bern", "Genf"], n),
            "since": np.where(random.random(n) < 0.3, np.nan, random.normal(size=n)),
            "name": [f"person {k}" for k in range(n)],
        }
    )
    path = tmp_path_factory.mktemp("data") / "people.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def projects(flags, people, tmp_path_factory):
    place = tmp_path_factory.mktemp("projects")
    project.create(place / "pictures", flags)
    project.create(place / "table", people)
    return place


def run(folder, *arguments, fails=False):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300)
    assert bool(done.returncode) is fails, done.stdout + done.stderr
    return done


def imported(folder):
    """The project's modules, imported in this process. They call each other `data` and so on: no such name is left."""
    names = [path.stem for path in folder.glob("*.py") if not path.stem.startswith("test_")]
    others = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(folder))
    try:
        return SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(folder))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(others)


@pytest.fixture(scope="module")
def pictures(projects):
    return imported(projects / "pictures")


@pytest.fixture(scope="module")
def table(projects):
    return imported(projects / "table")


@pytest.mark.parametrize("kind", project.KINDS)
def test_its_own_tests_pass(projects, kind):
    done = run(projects / kind, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "8 passed" in done.stdout


@pytest.mark.parametrize("kind", project.KINDS)
def test_nothing_needs_the_course(projects, kind):
    for file in (projects / kind).iterdir():
        if file.suffix in (".py", ".txt", ".md"):
            text = file.read_text("utf-8")
            assert "gan_edu" not in text and "{{" not in text, file
    lines = (projects / kind / "train.py").read_text("utf-8").splitlines()
    assert len(lines) < 220


def test_a_table_comes_back_as_a_table(table, people, tmp_path, capsys):
    table.train.main([*SMALL, "--steps", "3", "--out", str(tmp_path)])
    told = capsys.readouterr()
    assert "60 examples, on cpu" in told.out and "'name' is left out: 60 different texts are too many" in told.out
    assert "D=" in told.err and "G=" in told.err  # the losses
    table.sample.main(["--out", str(tmp_path), "--n", "200", "--to", str(tmp_path / "new folder/v1.5")])
    real, made = pd.read_csv(people), pd.read_csv(tmp_path / "new folder/v1.5.csv")
    assert list(made) == ["age", "income", "city", "since"] and len(made) == 200
    assert set(made.city) <= {"Bern", "Genf"} and made.age.dtype == np.int64
    for name in ("age", "income"):
        assert real[name].min() <= made[name].min() and made[name].max() <= real[name].max()


def there_and_back(data, frame, folder, noise=0.0):
    """A table as numbers, a little disturbed, and as a table again."""
    frame.to_csv(folder / "there.csv", index=False)
    rows, spec = data.load(folder / "there.csv")
    disturbed = rows.rows + noise * torch.randn(rows.rows.shape, generator=torch.Generator().manual_seed(0))
    data.save_samples(disturbed, spec, folder / "back")
    return pd.read_csv(folder / "back.csv"), rows, spec


def test_numbers_choices_and_gaps_survive_the_way_there_and_back(table, people, tmp_path):
    real = pd.read_csv(people).drop(columns="name")
    back, _, _ = there_and_back(table.data, real, tmp_path)
    assert (real.age - back.age).abs().max() <= 1 and (real.city == back.city).all()
    assert (real.since.isna() == back.since.isna()).all()
    assert np.allclose(real.since.dropna(), back.since.dropna(), atol=0.02)


def test_many_equal_values_and_outliers_stand_a_small_error(table, tmp_path):
    random, n = np.random.default_rng(0), 5000
    gain = np.where(random.random(n) < 0.92, 0, random.integers(100, 9000, n))
    income = np.exp(random.normal(8, 1, n))
    income[0] = 1e9
    real = pd.DataFrame({"gain": gain, "income": income})
    back, _, _ = there_and_back(table.data, real, tmp_path, noise=0.05)
    assert abs((back.gain == 0).mean() - (gain == 0).mean()) < 0.01
    assert abs(back.gain.mean() / gain.mean() - 1) < 0.1
    assert abs(back.income.quantile(0.99) / np.quantile(income, 0.99) - 1) < 0.2


def test_infinite_and_huge_numbers_and_whole_ones_with_gaps(table, tmp_path):
    n = 60
    real = pd.DataFrame({"a": np.arange(n) / 7, "huge": np.arange(1, n + 1) * 1e21, "flag": np.arange(n) % 2 * 1.0})
    real.loc[3, "a"], real.loc[5, "flag"] = np.inf, np.nan
    back, rows, spec = there_and_back(table.data, real, tmp_path)
    assert rows.rows.isfinite().all() and spec == table.data.load(tmp_path / "there.csv")[1]
    assert back.a.isna().tolist() == [k == 3 for k in range(n)]
    assert np.allclose(back.huge, real.huge, rtol=0.05, atol=1e21)
    flags = [line.split(",")[-1] for line in (tmp_path / "back.csv").read_text().split()[1:]]
    assert flags == ["" if k == 5 else str(k % 2) for k in range(n)]


def test_the_metric_measures_what_is_written(table, tmp_path):
    real = pd.DataFrame({"a": np.arange(60.0), "city": ["Bern", "Genf"] * 30})
    real.loc[::3, "a"] = np.nan
    _, _, spec = there_and_back(table.data, real, tmp_path)
    unsure = torch.tensor([[1.5, 0.6, 0.4, 0.3, 0.7], [1.5, 0.1, 0.9, 0.8, 0.2]])
    assert table.data.settle(unsure, spec).tolist() == [[1.5, 1, 0, 0, 1], [0, 0, 1, 1, 0]]


def test_several_processes_train_one_model(projects):
    done = run(projects / "pictures", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
               "train.py", *SMALL, "--steps", 3, "--out", "runs/two")  # fmt: skip
    assert done.stdout.count("Fréchet distance") == 1
    assert (projects / "pictures/runs/two/samples_000003.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to a single process")
def test_ctrl_c_saves_and_the_same_command_goes_on(projects, pictures, capsys):
    out = projects / "pictures/runs/stopped"
    command = [sys.executable, "-u", "train.py", *SMALL, "--steps", "100000", "--out", str(out)]
    process = subprocess.Popen(
        command, cwd=projects / "pictures", env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    for _ in range(1200):
        if (out / "checkpoint.pt").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and "The same command goes on" in told
    stopped = int(told.split("Stopped after step ")[1].split(".")[0])
    before = signal.getsignal(signal.SIGINT)
    pictures.train.main([*SMALL, "--steps", str(stopped + 2), "--out", str(out)])
    assert f"{stopped}/{stopped + 2}" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before


def test_bad_data_are_said_and_nothing_is_written(tmp_path, flags, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    (tmp_path / "notes.txt").write_text("no table")
    (tmp_path / "empty").mkdir()
    for folder, data, words in (
        (tmp_path / "new", tmp_path / "nothing", "There is no "),
        (tmp_path / "new", "~nobody-here/pets", "there is no home folder ~nobody-here"),
        ("~nobody-here/new", flags, "there is no home folder ~nobody-here"),
        (tmp_path / "new", tmp_path / "notes.txt", "neither a folder of pictures nor a CSV file"),
        (tmp_path / "new", tmp_path / "empty", "is an empty folder"),
        (tmp_path / "full", flags, "is there already, and not empty"),
        (tmp_path / "notes.txt/new", flags, "is a file"),
        (flags / "gan", flags, "would lie among its own data"),
    ):
        assert cli.main(["new", str(folder), "--data", str(data)]) == 1
        told = capsys.readouterr().err
        assert words in told and told.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full", "notes.txt"]


def test_the_folder_one_is_in_will_do(flags, tmp_path, monkeypatch, capsys):
    (tmp_path / "my project").mkdir()
    monkeypatch.chdir(tmp_path / "my project")
    assert cli.main(["new", ".", "--data", str(flags)]) == 0
    assert "# my project: " in (tmp_path / "my project/README.md").read_text("utf-8")
    assert "runs/" in (tmp_path / "my project/.gitignore").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "two words", "--data", str(flags)]) == 0
    assert "'two words'" in capsys.readouterr().out or os.name == "nt"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_folder_with_an_odd_name_is_found(flags, people, tmp_path):
    folder = tmp_path / 'a"b\\new\n{x}\'"""'
    shutil.copytree(flags, folder)
    shutil.copy(people, folder / "t.csv")
    for name, data in (("p", folder), ("t", folder / "t.csv")):
        project.create(tmp_path / name, data)
        assert imported(tmp_path / name).data.DATA == str(data)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "can't be read as a table"),
        ("a\n" + "1\n" * 30, "too few"),
        ("a,b\n1,2\n2,3\n", "too few"),
        ("length;weight\n" + "3,1;4,2\n" * 30, "If semicolons part them"),
        ("a;b;c\n" + "3,1;4,2;5,5\n" * 30, "If semicolons part them"),
        ("a;b\n" + "3;4\n" * 30, "If semicolons part them"),
        ("a,b\n" + "1,2,3\n" * 30, "rows and header don't fit"),
        ("a,b\n" + "".join(f"{k},2,3\n" for k in range(30)), "rows and header don't fit"),
        (b"stra\xdfe,b\n" + b"1,2\n" * 30, "CSV UTF-8"),
        (None, "There is no file"),
    ],
)
def test_a_table_that_can_not_be_learned(table, tmp_path, text, words):
    if text is not None:
        (tmp_path / "bad.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SystemExit) as told:
        table.data.load(tmp_path / "bad.csv")
    assert words in str(told.value)


def test_a_comma_at_the_end_of_each_row_shifts_no_column(table, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{k / 3},{k % 2},\n" for k in range(30)))
    _, spec = table.data.load(tmp_path / "t.csv")
    a, b = spec["columns"]
    assert a["name"] == "a" and a["steps"][-1] == pytest.approx(29 / 3) and b["choices"] == ["0", "1"]


def test_pictures_that_can_not_be_learned(pictures, flags, tmp_path):
    for folder, size, words in (
        (tmp_path, 16, "holds 0 pictures that can be read"),
        (tmp_path / "nowhere", 16, "There is no folder"),
        (flags, 20, "--size must be 16, 32, 64 or 128"),
    ):
        with pytest.raises(SystemExit) as told:
            pictures.data.load(folder, size)
        assert words in str(told.value)


def test_16_bits_and_transparency_are_read_and_unknown_ranges_left_out(pictures, tmp_path, capsys):
    rgb, ramp = pictures.data.rgb, np.arange(0, 65536, 256, dtype=np.uint16)[None].repeat(2, axis=0)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    with Image.open(tmp_path / "ramp.png") as picture:
        assert np.array_equal(np.asarray(rgb(picture))[..., 1], ramp >> 8)
    for mode, hidden in (("RGBA", (9, 200, 3, 0)), ("LA", (7, 0)), ("RGB", (255, 255, 255)), ("L", 255), ("1", 1)):
        assert (np.asarray(rgb(Image.new(mode, (2, 2), hidden))) == 255).all(), mode
    palette = Image.new("P", (2, 2), 1)
    palette.putpalette([0, 0, 0, 9, 200, 3])
    palette.save(tmp_path / "p.png", transparency=1)
    with Image.open(tmp_path / "p.png") as picture:
        assert (np.asarray(rgb(picture)) == 255).all()
    for mode in ("CMYK", "YCbCr", "HSV", "LAB", "PA"):
        assert rgb(Image.new(mode, (2, 2))).mode == "RGB"
    for k in range(20):
        Image.new("L", (20, 20), k * 10).save(tmp_path / f"{k}.png")
    Image.fromarray(np.ones((20, 20), np.float32)).save(tmp_path / "float.tif")
    data, spec = pictures.data.load(tmp_path, 16)
    assert len(data) == 22 and spec["channels"] == 1  # all are grey
    told = capsys.readouterr().out
    assert "1 files are left out, since they are pictures of 32 bits or floats" in told and "float.tif" in told


def test_postscript_is_not_run(pictures, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: ran.append(1) or Image.new("RGB", (20, 20)).im)
    for k in range(20):
        Image.new("RGB", (20, 20), (k, 99, 0)).save(tmp_path / f"{k}.png")
    Image.new("RGB", (20, 20)).save(tmp_path / "a.eps")
    assert len(pictures.data.load(tmp_path, 16)[0]) == 20 and not ran
    assert not {"EPS", "IPTC"} & set(pictures.data.FORMATS)  # an IPTC file may hold PostScript


def test_pictures_are_read_anew_when_they_or_the_code_are_others(flags, tmp_path):
    """Cut caches too; and of a run that draws into the data, or hidden folders, nothing is learned."""
    data, folder = tmp_path / "flags", tmp_path / "p"
    shutil.copytree(flags, data)
    project.create(folder, data)
    own = imported(folder).data
    first, _ = own.load(data, 16)
    (cache,) = folder.glob("cache-*.npy")
    assert len(first) == 24 and isinstance(first.array, np.memmap) and not list(folder.glob(".reading-*"))
    first.array, cut = first.array.copy(), cache.read_bytes()[:1000]  # a file that is mapped must not be cut
    cache.write_bytes(cut)
    assert np.array_equal(own.load(data, 16)[0].array, first.array)
    source = (folder / "data.py").read_text("utf-8")
    (folder / "data.py").write_text(source.replace("ImageOps.exif_transpose(picture)", 'picture.convert("L")'), "utf-8")
    grey, grey_spec = imported(folder).data.load(data, 16)
    assert grey_spec["channels"] == 1 and len(list(folder.glob("cache-*.npy"))) == 1
    for place in (data / "runs", data / ".thumbnails"):
        place.mkdir()
        shutil.copy(data / "0.png", place / "samples_000003.png")
    (data / "runs/checkpoint.pt").touch()
    assert own.load(data, 16)[1] == grey_spec
    shutil.copytree(data, folder / "data")  # in the project the data may lie, but what it draws itself is no data
    assert len(own.load(folder / "data", 16)[0]) == 24 and own.find(folder) == []


def test_a_run_does_not_go_on_with_other_pictures(pictures, flags, tmp_path):
    shutil.copytree(flags, tmp_path / "moved")
    command = [*SMALL, "--out", str(tmp_path / "run")]
    pictures.train.main([*command, "--steps", "1"])
    pictures.train.main([*command, "--steps", "2", "--data", str(tmp_path / "moved")])
    (tmp_path / "moved/0.png").unlink()
    for other, words in (("--data", "the data are others"), ("--batch", "batch is 8 there, 16 now")):
        with pytest.raises(SystemExit) as told:
            pictures.train.main(
                [*command, "--steps", "3", other, "16" if other == "--batch" else str(tmp_path / "moved")]
            )
        assert words in str(told.value)


@pytest.mark.parametrize("wrong", [("--accumulate", "3"), ("--accumulate", "0"), ("--batch", "1"), ("--every", "0")])
def test_settings_that_can_not_be_are_said(pictures, wrong, capsys):
    with pytest.raises(SystemExit):
        pictures.train.settings([*SMALL, *wrong])
    assert "must " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        pictures.sample.main(["--n", "0"])
