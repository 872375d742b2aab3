"""`gan-edu new`: the project that it writes trains, goes on, and needs nothing of the course."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

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


@pytest.mark.parametrize("kind", project.KINDS)
def test_its_own_tests_pass(projects, kind):
    done = run(projects / kind, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "5 passed" in done.stdout


@pytest.mark.parametrize("kind", project.KINDS)
def test_nothing_needs_the_course(projects, kind):
    for file in (projects / kind).iterdir():
        if file.suffix in (".py", ".txt", ".md"):
            text = file.read_text("utf-8")
            assert "gan_edu" not in text and "{{" not in text, file
    lines = (projects / kind / "train.py").read_text("utf-8").splitlines()
    assert len(lines) < 220


def test_a_table_comes_back_as_a_table(projects, people):
    run(projects / "table", "train.py", *SMALL, "--steps", 3, "--out", "runs/back")
    run(projects / "table", "sample.py", "--out", "runs/back", "--n", 200, "--to", "made")
    real, made = pd.read_csv(people), pd.read_csv(projects / "table/made.csv")
    assert list(made) == ["age", "income", "city", "since"] and len(made) == 200
    assert set(made.city) <= {"Bern", "Genf"} and made.age.dtype == np.int64
    for name in ("age", "income"):
        assert real[name].min() <= made[name].min() and made[name].max() <= real[name].max()


def test_numbers_choices_and_gaps_survive_the_way_there_and_back(projects, people, tmp_path):
    code = "import data; rows, spec = data.load(data.DATA); data.save_samples(rows.rows, spec, r'{}')"
    run(projects / "table", "-c", code.format(tmp_path / "back"))
    real, back = pd.read_csv(people).drop(columns="name"), pd.read_csv(tmp_path / "back.csv")
    assert (real.age - back.age).abs().max() <= 1 and (real.city == back.city).all()
    assert (real.since.isna() == back.since.isna()).all()
    assert np.allclose(real.since.dropna(), back.since.dropna(), atol=0.05)


def test_several_processes_train_one_model(projects):
    done = run(projects / "pictures", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
               "train.py", *SMALL, "--steps", 3, "--out", "runs/two")  # fmt: skip
    assert done.stdout.count("Fréchet distance") == 1
    assert (projects / "pictures/runs/two/samples_000003.png").exists()


def test_ctrl_c_saves_and_the_same_command_goes_on(projects):
    import signal
    import time

    command = [sys.executable, "-u", "train.py", *SMALL, "--steps", "100000", "--out", "runs/stopped"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=projects / "pictures", env=environment, stderr=subprocess.PIPE, text=True)
    for _ in range(1200):
        if (projects / "pictures/runs/stopped/checkpoint.pt").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0 and "The same command goes on" in told
    stopped = int(told.split("Stopped after step ")[1].split(".")[0])
    again = run(projects / "pictures", "train.py", *SMALL, "--steps", stopped + 2, "--out", "runs/stopped")
    assert f"{stopped}/{stopped + 2}" in again.stderr


def test_bad_data_are_said_and_nothing_is_written(tmp_path, flags, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    (tmp_path / "notes.txt").write_text("no table")
    for folder, data, words in (
        ("new", tmp_path / "nothing", "There is no "),
        ("new", tmp_path / "notes.txt", "neither a folder of pictures nor a CSV file"),
        ("full", flags, "is there already, and not empty"),
    ):
        assert cli.main(["new", str(tmp_path / folder), "--data", str(data)]) == 1
        told = capsys.readouterr().err
        assert words in told and told.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "notes.txt"]


@pytest.mark.parametrize(
    "text, words",
    [("", "can't be read as a table"), ("a\n" + "1\n" * 30, "too few"), ("a,b\n1,2\n2,3\n", "too few")],
)
def test_a_table_that_can_not_be_learned(projects, tmp_path, text, words):
    (tmp_path / "bad.csv").write_text(text)
    done = run(projects / "table", "train.py", "--data", tmp_path / "bad.csv", "--out", tmp_path / "run", fails=True)
    assert words in done.stderr and "Traceback" not in done.stderr


def test_pictures_that_can_not_be_learned(projects, tmp_path):
    done = run(projects / "pictures", "train.py", "--data", tmp_path, "--out", tmp_path / "run", fails=True)
    assert "0 pictures that Pillow can read" in done.stderr and "Traceback" not in done.stderr
    done = run(projects / "pictures", "train.py", "--size", 20, "--out", tmp_path / "run", fails=True)
    assert "--size must be 16, 32, 64 or 128" in done.stderr
