"""`gan-edu train`: it trains, it loses nothing, and its report is one file that asks for nothing."""

import errno
import html
import html.parser
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from gan_edu import cli, data, files, gallery, metrics, studio, training
from gan_edu.studio import measures, page, plan, report, run
from gan_edu.studio.record import Record

SMALL = {28: (4, 8, 12), 32: (4, 8, 12), 64: (4, 8, 12), 128: (4, 8, 12)}
ROOT = Path(__file__).parents[1]
WRITE = report.write
# The command in a process of its own, with small nets and slow steps, so that there is time to interrupt it.
SLOW = f"""
import sys, time
from gan_edu import cli, training
from gan_edu.studio import plan, run

plan.CHOICES = {{"cpu": {SMALL}}}
run.SAVE_SECONDS = float(sys.argv[1])
step = training.Run.__next__


def slow(self):
    time.sleep(0.04)
    return step(self)


training.Run.__next__ = slow
sys.exit(cli.main(sys.argv[2:]))
"""


def draw(folder, count, name="{}.png", first=0):
    """Pictures of 30 × 28 pixels: a bright spot somewhere on a dark ground."""
    folder.mkdir(parents=True, exist_ok=True)
    random, (y, x) = np.random.default_rng(first), np.mgrid[:28, :30]
    for number in range(first, first + count):
        at, colour = random.uniform(6, 22, 2), random.uniform(0.4, 1, 3)
        spot = np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / 20)
        pixels = (30 + 220 * spot[..., None] * colour).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name.format(number), format="PNG")


@pytest.fixture(scope="module")
def spots(tmp_path_factory):
    """40 pictures in two classes, a broken file; names with everything that HTML could take for its own."""
    folder = tmp_path_factory.mktemp("data") / "spots <b>&amp; 'more'"
    draw(folder / "<script>alert(1)<-script>", 20, name='<img src=x onerror="alert({})">.png')
    draw(folder / "plain", 20, first=100)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def short_report(studio, outcome):
    """In place of the report, where a test isn't about it: to draw takes longer than to train."""
    return files.write_atomically(studio.out / "report.html", outcome.encode())


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path, tmp_path_factory):
    """Small nets, a short report, a cache of the tests' own, and a folder in which nothing is yet."""
    monkeypatch.setattr(report, "write", short_report)
    monkeypatch.setattr(plan, "CHOICES", {"cpu": SMALL})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("GAN_EDU_DEVICE", "cpu")
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def whole_report(small, monkeypatch):
    monkeypatch.setattr(report, "write", WRITE)


def train(*words):
    return cli.main(["train", *map(str, words)])


def slowly(*words, save=1000):
    """The command under way, in a process of its own."""
    command = [sys.executable, "-c", SLOW, str(save), "train", *map(str, words)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def wait_for(path, process):
    until = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.01)


def state(out):
    """All that a checkpoint holds."""
    tensors, text = training.read_safetensors(Path(out) / run.CHECKPOINT)
    return {name: value.numpy().tobytes() for name, value in tensors.items()}, text["step"], text["history"]


class Reader(html.parser.HTMLParser):
    """All tags of a page with their attributes, and its text."""

    def __init__(self, content):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(content)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def read(out):
    return Reader((Path(out) / "report.html").read_text(encoding="utf-8"))


# -- it trains -------------------------------------------------------------------------------------------------------
def test_a_run_from_folder_to_report(spots, whole_report, capsys):
    assert train(spots, "--size", 28) == 0
    said = capsys.readouterr().out
    out = Path("runs", spots.name)
    for words in ("40 pictures of 2 classes", "broken.jpg", "Finished: 12 steps", f"Report: {out}", "--steps 24"):
        assert words in said
    assert sorted(path.name for path in out.iterdir()) == [
        "checkpoint.safetensors", "film.gif", "report.html", "run.json", "samples"
    ]  # fmt: skip
    assert sorted(path.name for path in (out / "samples").iterdir()) == ["000000.png", "000010.png"]
    assert Image.open(out / "samples" / "000010.png").size == (6 * 30 - 2, 6 * 30 - 2)
    assert Image.open(out / "film.gif").n_frames >= 2
    gan = studio.load(out)
    assert gan.step == 12 and gan.sample(3).shape == (3, 3, 28, 28)


def test_the_same_command_says_that_it_is_finished_and_more_steps_go_on(spots, capsys):
    assert train(spots, "--out", "spots", "--size", 28, "--steps", 4) == 0
    before = state("spots")
    assert train(spots, "--out", "spots", "--size", 28, "--steps", 4) == 0
    assert state("spots") == before and "Finished: 4 steps" in capsys.readouterr().out
    assert train(spots, "--out", "spots", "--steps", 6) == 0  # what was said at first is kept
    said = capsys.readouterr().out
    assert "The goal is 6 steps now; it was 4." in said and "4 steps were made before" in said
    assert studio.load("spots").step == 6
    assert Record.read(Path("spots")).plan.steps == 6


def test_grey_pictures_are_learned_in_grey_without_being_told(tmp_path, whole_report):
    draw(tmp_path / "colours", 6)
    for path in (tmp_path / "colours").iterdir():
        (tmp_path / "greys").mkdir(exist_ok=True)
        Image.open(path).convert("L").save(tmp_path / "greys" / path.name)
    assert train("greys", "--size", 28, "--steps", 2) == 0
    assert train("colours", "--size", 28, "--steps", 2) == 0
    assert train("colours", "--size", 28, "--steps", 2, "--grey", "--out", "grey") == 0
    channels = [studio.load(out).sample(1).shape[1] for out in ("runs/greys", "runs/colours", "grey")]
    assert channels == [1, 3, 1]
    assert "fewer than 12 pictures" in read("grey").text.lower()


def test_minutes_train_so_long_and_again_as_long(spots, capsys):
    assert train(spots, "--out", "timed", "--size", 28, "--minutes", 0.01) == 0
    first = studio.load("timed").step
    assert first >= 1 and "To train longer: gan-edu train" in capsys.readouterr().out
    assert train(spots, "--out", "timed", "--minutes", 0.01) == 0
    assert studio.load("timed").step > first
    capsys.readouterr()
    assert train(spots, "--out", "timed") == 1
    assert "say --minutes or --steps" in capsys.readouterr().err


def test_minutes_on_the_way_to_a_goal_are_no_finish(spots, whole_report, capsys):
    assert train(spots, "--out", "run", "--size", 28, "--steps", 2) == 0
    kept = Record.read(Path("run"))
    replace(kept, plan=kept.plan.with_(steps=10**6)).write(Path("run"))  # as after Ctrl-C on a longer way
    capsys.readouterr()
    assert train(spots, "--out", "run", "--minutes", 0.001) == 0
    said, page, step = capsys.readouterr().out, read("run"), studio.load("run").step
    assert f"The minutes are over: {step:,} of 1,000,000 steps." in said and "Finished" not in said
    assert "; after the minutes asked for." in page.text and "; finished" not in page.text
    (command,) = [line for line in page.text.split("Go on, up to 1,000,000 steps: ")[1:]]
    assert command.startswith("gan-edu train") and "--minutes" not in command.partition("Larger")[0]


# -- it loses nothing ------------------------------------------------------------------------------------------------
@pytest.fixture
def uninterrupted(spots):
    """What 40 steps give when nothing happens."""
    assert train(spots, "--out", "uninterrupted", "--size", 28, "--steps", 40) == 0
    return state("uninterrupted")


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_keeps_everything_and_the_same_command_goes_on_exactly(spots, tmp_path, uninterrupted, capsys):
    command = (spots, "--out", tmp_path / "run", "--size", "28", "--steps", "40")
    process = slowly(*command)
    wait_for(tmp_path / "run" / "samples" / "000010.png", process)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 130 and "Traceback" not in said
    step = studio.load(tmp_path / "run").step
    assert 10 <= step < 40
    assert f"Stopped after step {step}." in said and "Go on: gan-edu train" in said
    assert "stopped by hand" in read(tmp_path / "run").text
    assert train(*command) == 0
    assert f"{step} steps were made before" in capsys.readouterr().out
    assert state(tmp_path / "run") == uninterrupted


def test_a_run_that_was_killed_goes_on_exactly(spots, tmp_path, uninterrupted, capsys):
    command = (spots, "--out", tmp_path / "run", "--size", "28", "--steps", "40")
    process = slowly(*command, save=0)
    wait_for(tmp_path / "run" / "samples" / "000010.png", process)
    process.kill()
    process.communicate()
    step = studio.load(tmp_path / "run").step
    assert 9 <= step < 40
    assert train(*command) == 0
    assert f"{step} steps were made before" in capsys.readouterr().out
    assert state(tmp_path / "run") == uninterrupted


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_again(spots, tmp_path, capsys):
    assert train(spots, "--out", "run", "--size", 28, "--steps", 3) == 0
    whole = state("run")
    Path("run", run.CHECKPOINT).unlink()
    assert train(spots, "--out", "run", "--report-only") == 1
    assert "before it was saved" in capsys.readouterr().err
    assert train(spots, "--out", "run") == 0
    assert state("run") == whole


def test_the_second_ctrl_c_stops_at_once():
    before = signal.getsignal(signal.SIGINT)
    with run._interrupts() as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert interrupted == [signal.SIGINT]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_the_folder_is_read_leaves_nothing(spots, monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "folder", stop)
    assert train(spots, "--size", 28) == 130
    assert "Stopped before training began" in capsys.readouterr().out and not Path("runs").exists()


def test_ctrl_c_in_the_report_does_without_it(spots, monkeypatch, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "write", stop)
    assert train(spots, "--out", "run", "--size", 28, "--steps", 2) == 0
    assert "--report-only" in capsys.readouterr().out
    assert studio.load("run", device="cpu").step == 2


def test_a_full_disk_is_told_and_training_goes_on(spots, monkeypatch, capsys):
    monkeypatch.setattr(run, "SAVE_SECONDS", 0.0)
    save, full = training.GAN.save, [True, True]

    def sometimes(self, path):
        if full:
            full.pop()
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(self, path)

    monkeypatch.setattr(training.GAN, "save", sometimes)
    assert train(spots, "--out", "run", "--size", 28, "--steps", 5) == 0
    said = "".join(capsys.readouterr())
    assert said.count("Not saved after step") == 2 and "No space left" in said
    assert studio.load("run").step == 5
    full += [True] * 10
    assert train(spots, "--out", "run", "--steps", 6) == 1
    assert "can't be written (No space left on device)" in capsys.readouterr().err
    assert studio.load("run").step == 5


def test_diverged_training_is_told_and_the_last_good_state_is_kept(spots, whole_report, monkeypatch, capsys):
    monkeypatch.setattr(run, "SAVE_SECONDS", 0.0)
    update = training.GAN.update

    def breaks(self, batch, measure=True):
        values = update(self, batch, measure)
        if self.step < 5:
            return values
        for weight in self.nets["average"].parameters():
            weight.fill_(float("nan"))
        return values | {"loss_d": values["loss_d"] * float("nan")}

    monkeypatch.setattr(training.GAN, "update", breaks)
    assert train(spots, "--out", "run", "--size", 28, "--steps", 9) == 1
    said = capsys.readouterr().out
    assert "diverged at step 6" in said and "--seed 1" in said and "run-2" in said
    assert studio.load("run").step == 5
    assert "Training diverged" in read("run").text
    seconds = Record.read(Path("run")).seconds
    assert seconds > 0 and f"a step takes{1000 * seconds / 5:,.0f} milliseconds" in read("run").text


@pytest.mark.parametrize("saved", [True, False])
def test_samples_that_are_no_numbers_are_a_divergence(spots, monkeypatch, capsys, saved):
    monkeypatch.setattr(run, "SAVE_SECONDS", 0.0 if saved else 1000.0)
    samples = run.Studio.samples

    def broken(self, *count):
        return samples(self, *count) * (float("nan") if self.gan.step == 10 else 1.0)

    monkeypatch.setattr(run.Studio, "samples", broken)
    assert train(spots, "--out", "run", "--size", 28, "--steps", 12) == 1
    said = capsys.readouterr().out
    assert "diverged at step 10" in said and "--seed 1" in said
    assert "What was saved after step 9 is kept" in said if saved else "Nothing had been saved before" in said
    assert Path("run", "report.html").exists() is saved


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_before_the_first_step_makes_no_report(spots, monkeypatch, capsys):
    bar = run._bar

    def interrupted(*asked):
        signal.raise_signal(signal.SIGINT)
        return bar(*asked)

    monkeypatch.setattr(run, "_bar", interrupted)
    assert train(spots, "--out", "run", "--size", 28, "--steps", 2) == 130
    assert "Stopped before the first step. To begin: gan-edu train" in capsys.readouterr().out
    assert not Path("run", "report.html").exists()
    monkeypatch.setattr(run, "_bar", bar)
    assert train(spots, "--out", "run") == 0 and studio.load("run").step == 2


def test_two_at_once_do_not_mix(spots, monkeypatch, capsys):
    monkeypatch.setattr(run, "SAVE_SECONDS", 0.0)
    step = training.Run.__next__

    def meanwhile(self):
        if self.model.step == 3:
            Path("run", run.CHECKPOINT).write_bytes(b"somebody else's")
        return step(self)

    monkeypatch.setattr(training.Run, "__next__", meanwhile)
    assert train(spots, "--out", "run", "--size", 28, "--steps", 9) == 1
    assert "Another gan-edu train writes to run" in capsys.readouterr().err
    assert Path("run", run.CHECKPOINT).read_bytes() == b"somebody else's"


# -- it says what is wrong -------------------------------------------------------------------------------------------
def refused(capsys, *words):
    """The one sentence with which the command refuses."""
    capsys.readouterr()
    assert train(*words) == 1
    said = capsys.readouterr().err.strip()
    assert said and "\n" not in said and "Traceback" not in said
    return said


@pytest.mark.parametrize(
    "words, why",
    [
        (["--size", "50"], "no size 50; there are: 28, 32, 64, 128"),
        (["--steps", "0"], "steps must be a whole number from 1; got 0"),
        (["--minutes", "0"], "minutes must be a number above 0"),
        (["--minutes", "nan"], "minutes must be a number"),
        (["--seed", "-1"], "seed must be a whole number"),
        (["--steps", "9", "--minutes", "1"], "not both"),
        (["--device", "abacus"], "no device 'abacus'"),
        (["--report-only"], "no run in"),
        (["--report-only", "--steps", "9"], "Leave --steps and --minutes out"),
        (["--report-only", "--minutes", "9"], "Leave --steps and --minutes out"),
        (["--out", "~nobody-here/run"], "~nobody-here/run is not there: there is no home folder ~nobody-here."),
    ],
)
def test_options_that_cannot_be(spots, capsys, words, why):
    assert why in refused(capsys, spots, *words)
    assert not Path("runs").exists()


def test_folders_that_cannot_be_learned_from(tmp_path, capsys):
    Path("empty").mkdir()
    assert "is empty" in refused(capsys, "empty")
    draw(Path("one"), 1)
    assert "holds one picture only" in refused(capsys, "one")
    assert "is not there" in refused(capsys, "nowhere")
    assert "is a file" in refused(capsys, "one/0.png")
    assert "there is no home folder ~nobody-here" in refused(capsys, "~nobody-here/pets")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "one"]  # nothing was made


def test_places_where_a_run_cannot_lie(spots, monkeypatch, capsys):
    Path("file").write_text("mine")
    assert "is a file" in refused(capsys, spots, "--out", "file")
    Path("full").mkdir()
    Path("full", "letter.txt").write_text("mine")
    assert "holds other things (letter.txt)" in refused(capsys, spots, "--out", "full")
    assert "among the pictures" in refused(capsys, spots, "--out", spots / "run")
    monkeypatch.chdir(spots)
    assert "among the pictures" in refused(capsys, ".")


def test_a_place_that_can_only_be_read(spots, monkeypatch, capsys):
    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", read_only)
    assert "Nothing can be written at" in refused(capsys, spots, "--size", 28)
    assert not Path("runs").exists()


def test_a_run_goes_on_with_its_own_settings_and_pictures(spots, tmp_path, capsys):
    assert train(spots, "--out", "run", "--size", 28, "--steps", 2) == 0
    for words in (["--size", "32"], ["--seed", "1"], ["--grey"], ["--no-augment"]):
        said = refused(capsys, spots, "--out", "run", *words)
        assert "was begun" in said and f"leave {words[0]} out" in said
    draw(tmp_path / "other", 5)
    assert "other pictures" in refused(capsys, "other", "--out", "run")
    assert studio.load("run").step == 2


def test_a_folder_that_has_grown_or_moved_is_the_same(tmp_path, capsys):
    draw(Path("grows"), 5)
    assert train("grows", "--out", "run", "--size", 28, "--steps", 2) == 0
    draw(Path("grows"), 2, first=50)
    assert train("grows", "--out", "run", "--steps", 3) == 0
    assert "5 pictures when the run was begun, 7 now" in capsys.readouterr().out
    draw(Path("moves"), 5)
    assert train("moves", "--out", "moved", "--size", 28, "--steps", 2) == 0
    Path("moves").rename("elsewhere")
    assert train("elsewhere", "--out", "moved", "--steps", 3) == 0
    assert studio.load("moved").step == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"format": 2}', b'{"format": 1, "plan": {"size": 50}}', b'{"format": 1, "plan": 3}', b"\xff"],
)
def test_a_damaged_run_file_is_said(spots, capsys, content):
    Path("run").mkdir()
    Path("run", "run.json").write_bytes(content)
    assert "run.json can't be used" in refused(capsys, spots, "--out", "run")
    assert Path("run", "run.json").read_bytes() == content


def test_a_damaged_checkpoint_is_said_and_stays(spots, capsys):
    assert train(spots, "--out", "run", "--size", 28, "--steps", 2) == 0
    path = Path("run", run.CHECKPOINT)
    path.write_bytes(path.read_bytes()[:-100])
    damaged = path.read_bytes()
    assert run.CHECKPOINT in refused(capsys, spots, "--out", "run", "--steps", 4)
    assert path.read_bytes() == damaged


# -- the report ------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def made(spots, tmp_path_factory):
    """A run with held-out pictures and a classifier, and the text of its report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "CHOICES", {"cpu": SMALL})
        patch.setattr(plan, "HOLD_OUT", 20)
        patch.setattr(measures, "IN_A_CLASS", 10)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        patch.setenv("TQDM_DISABLE", "1")
        patch.chdir(tmp_path_factory.mktemp("made"))
        assert train(spots, "--out", "the 'run'", "--size", 28, "--steps", 60, "--device", "cpu") == 0
        return Path("the 'run'").resolve()


def test_a_report_asks_for_nothing(made):
    content = (made / "report.html").read_text(encoding="utf-8")
    assert len(content) < 3_000_000
    page = read(made)
    assert not {"script", "link", "iframe", "object", "form", "base"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name in {"src", "srcset", "href", "data", "poster", "action"} & attributes.keys():
            assert attributes[name].startswith("data:image/"), (tag, name)
        assert not any(name.startswith("on") for name in attributes)
    assert "http://" not in content and "https://" not in content and "url(" not in content
    assert "default-src 'none'" in content


def test_names_in_a_report_are_text(made, spots):
    page = read(made)
    assert spots.name in page.text and "<script>alert(1)<-script>" in page.text and '<img src=x onerror="' in page.text
    assert "b" not in {tag for tag, _ in page.tags}
    assert all(attributes["src"].startswith("data:") for tag, attributes in page.tags if tag == "img")


def test_pictures_in_a_report_have_words(made):
    pictures = [attributes for tag, attributes in read(made).tags if tag == "img"]
    assert len(pictures) >= 10
    assert all(len(attributes["alt"]) > 15 for attributes in pictures)


def test_a_report_says_everything(made):
    text = " ".join(read(made).text.split())
    for words in (
        "after 60 steps", "broken.jpg", "2 ln 2", "Fréchet distance", "real pictures", "random weights",
        "say nothing here",  # nothing tells the two classes apart
        "The copy audit: 3 pictures", "γ = 1", "gan-edu 0.", "PyTorch", "a step takes", "--steps 120", "nearest: ",
        "Augmentation", "36_measuring_samples",
    ):  # fmt: skip
        assert words in text, words
    for chapter in ("36_measuring_samples", "43_modern_recipe", "60_museum_of_failures"):
        assert (ROOT / f"chapters/{chapter}.ipynb").is_file()


def test_the_lines_of_python_in_a_report_work(made, monkeypatch):
    lines = read(made).text.partition("from gan_edu import")[2].partition("Call Python")[0]
    monkeypatch.chdir(made.parent)
    exec("from gan_edu import" + lines, {})
    assert Image.open("new.png").size == (8 * 30 - 2, 8 * 30 - 2)


def test_a_report_can_be_had_anew(made, spots, whole_report):
    before, first = state(made), (made / "report.html").read_bytes()
    (made / "report.html").unlink()
    assert train(spots, "--out", made, "--report-only") == 0
    assert state(made) == before and len((made / "report.html").read_bytes()) > len(first) / 2
    assert "of training. " in read(made).text


def test_samples_that_are_damaged_or_of_others_are_left_out(spots, whole_report):
    assert train(spots, "--out", "run", "--size", 28, "--steps", 3) == 0
    Path("run/samples/000001.png").write_bytes(b"no picture")
    Image.new("RGB", (5, 5)).save("run/samples/000002.png")
    gallery.save_grid("run/samples/999999.png", torch.zeros(36, 3, 28, 28), columns=6)  # of a run that was longer
    assert train(spots, "--out", "run", "--report-only") == 0
    assert "after 1 steps" not in read("run").text and "999" not in read("run").text


def test_text_is_escaped_and_markup_is_not():
    assert page.element("p", "<b>", page.code("a & b"), title='"x"') == (
        '<p title="&quot;x&quot;">&lt;b&gt;<code>a &amp; b</code></p>'
    )
    assert "&lt;i&gt;" in page.facts({"<i>": "x"}) and "&lt;i&gt;" in page.table(["a"], [["<i>"]], "<i>")


# -- what is chosen --------------------------------------------------------------------------------------------------
def chosen(pictures, size=32, **asked):
    return plan.Plan.choose(plan.Asked(folder="x", **asked), pictures, size, False, torch.device("cpu"))


def test_few_pictures_are_augmented_and_many_lend_some_for_the_audit():
    assert [chosen(n).augment for n in (2, 4_999, 5_000)] == [True, True, False]
    assert chosen(10, augment=False).augment is False and chosen(10**6, augment=True).augment is True
    assert [chosen(n).held_out for n in (2, 999, 1_000, 10**6)] == [0, 0, 0.1, 0.001]


@pytest.mark.parametrize("size", plan.SIZES)
def test_every_size_has_nets(size):
    for grey in (False, True):
        gan = plan.Plan(size=size, grey=grey, channels=4).build("cpu")
        assert gan.sample(2).shape == (2, 1 if grey else 3, size, size)
        assert gan.logits(gan.sample(2)).shape == (2,)


def test_an_average_forgets_within_the_run():
    for steps in (100, 3_000, 10**6):
        half_life = np.log(0.5) / np.log(chosen(10, steps=steps).ema)
        assert half_life < max(0.11 * steps, 10)


def test_moments_come_ever_more_seldom():
    moments = [step for step in range(100_001) if run.is_moment(step)]
    assert moments[:6] == [0, 10, 25, 50, 100, 150] and len(moments) < 170
    assert max(later - step for step, later in zip(moments, moments[1:], strict=False)) <= 5_000


def test_pictures_that_were_trained_on_stay_so_when_others_come(tmp_path):
    draw(Path("some"), 30)
    kept = plan.Plan(size=28, held_out=0.2)
    first = run._parts(data.folder("some", size=28), kept)
    draw(Path("some"), 20, first=100)
    second = run._parts(data.folder("some", size=28), kept)
    for trained_on, held_out in (first, second):
        assert len(held_out) > 1 and not set(trained_on.files) & set(held_out.files)
    assert set(first[0].files) <= set(second[0].files)
    whole = data.folder("some", size=28)
    for row, name in enumerate(second[1].files):
        assert torch.equal(second[1].pixels[row], whole.pixels[whole.files.index(name)])
    assert run._parts(whole, kept.with_(seed=1))[1].files != second[1].files != whole.files[: len(second[1])]
    for name in second[1].files[:2]:  # when held-out ones go, none that was trained on takes their place
        Path("some", name).unlink()
    third = run._parts(data.folder("some", size=28), kept)
    assert third[0].files == second[0].files and third[1].files == second[1].files[2:]
    assert run._parts(whole, kept.with_(held_out=1e-9)) == (whole, None)


def test_a_run_file_holds_the_plan(spots):
    assert train(spots, "--out", "run", "--size", 28, "--steps", 2, "--seed", 7) == 0
    said = json.loads(Path("run", "run.json").read_text())
    assert said["plan"]["seed"] == 7 and said["pictures"] == 40 and said["seconds"] > 0


def test_commands_for_the_next_run_keep_the_settings_and_never_lower_the_goal(spots, whole_report):
    process = slowly(spots, "--out", "run", "--size", "28", "--steps", "400", "--grey", "--no-augment", "--seed", "3")
    wait_for(Path("run", "samples", "000010.png"), process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    page = read("run")
    kept = "--grey --no-augment --seed 3 --steps 400"
    assert "Go on, up to 400 steps" in page.text and "Train longer" not in page.text
    assert f"--out run-32 {kept}" in page.text  # 32 pixels are what the command chooses by itself
    assert f"after {studio.load('run').step} steps" in page.text.partition("Samples over time")[2]
    again = run.Studio.open(plan.Asked(folder=str(spots), out="run"))
    assert again.anew("2", seed=4).endswith("--out run-2 --size 28 --grey --no-augment --seed 4 --steps 400")
    again.asked = plan.Asked(folder="-pets", out="-run")
    assert again.again(out=Path("-run")) == "gan-edu train ./-pets --out ./-run"


def test_to_report_only_is_not_to_train_on(tmp_path, capsys):
    draw(Path("grows"), 5)
    assert train("grows", "--out", "run", "--size", 28, "--steps", 2) == 0
    draw(Path("grows"), 2, first=50)
    capsys.readouterr()
    assert train("grows", "--out", "run", "--report-only") == 0
    said = capsys.readouterr().out
    assert "7 now." in said and "2 steps were made before." in said and "goes on" not in said
    assert "classes" not in said  # there is one only, and it has no name


def test_every_measure_has_its_floor(made):
    table = read(made).text.partition("How good are the samples?")[2].partition("Are samples copies?")[0]
    assert "precision" in table and "–" not in table


@pytest.mark.parametrize(
    ("count", "share", "most", "why"),
    [
        (5, 0.0, 2**30, "1,000 pictures are needed to spare some"),
        (1_000, 0.0, 2**30, "this run was begun with fewer than 1,000, and goes on so"),
        (1_000, 0.1, 10, "these pictures are too many to be divided"),
    ],
)
def test_why_there_is_no_copy_audit(monkeypatch, count, share, most, why):
    monkeypatch.setattr(report, "MOST_COPIED", most, raising=False)
    x = torch.zeros(1, 1, 28, 28)
    near = measures.Neighbours(x, x[:, None], [["a.png"]], 1.0, 1.0, count, None)
    folder = type("Folder", (), {"__len__": lambda self: count, "pixels": torch.zeros(count, 1)})()
    of = SimpleNamespace(pictures=folder, plan=plan.Plan(size=28, grey=True, held_out=share), held_out=None)
    assert why in report._nearest(of, measures.Measures([], near, []))


@pytest.mark.parametrize(("pictures", "known"), [(200, True), (2_000, False)])
def test_a_classifier_that_knows_few_pictures_is_told_of(pictures, known):
    numbers = {"frechet": 3.0, "floor": 1.0, "kernel": 0.1, "scatter": 0.1, "precision": 0.5, "recall": 0.5}
    numbers |= {"density": 1.0, "coverage": 0.9, "classes": 1, "n_classes": 2, "missing": ("cats",)}
    told = metrics.ImageReport(name="pets", n_fake=256, n_real=pictures, **numbers)
    judge = SimpleNamespace(accuracy=0.9, guessing=0.5)
    text = report._measured(measures.Measures([(told, 0.81), (told, 0.82)], None, [], judge))
    assert "is right on 90%" in text and "0.81" in text and "0.82" in text and "not cats" in text
    assert ("new real ones would be farther" in text) is known


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (999.96, "1,000"), (99.96, "100"), (1234.5, "1,234"), (-0.0000123, "-0.0000123"), (2.25, "2.25")],
)
def test_numbers_need_no_powers_of_ten(value, said):
    assert report._digits(value) == said


def test_what_is_warned_of_in_programs_is_not_in_a_report(whole_report, monkeypatch):
    """Bright pictures; and classes that nobody could tell apart, whose features would name missing classes."""
    monkeypatch.setattr(measures, "IN_A_CLASS", 10)
    random = np.random.default_rng(0)
    for name in "ab":
        Path("bright", name).mkdir(parents=True)
        for number in range(15):
            pixels = random.integers(200, 256, (28, 28, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(f"bright/{name}/{number}.png")
    assert train("bright", "--out", "run", "--size", 28, "--steps", 2) == 0
    text = read("run").text
    assert "pixel" not in text.partition("How good are the samples?")[2].partition("Settings")[0]
    assert "say nothing here" in text and "that are among the samples" not in text and "metrics." not in text
