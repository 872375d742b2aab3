"""`gan-edu`: what it prints when all is well, and what it says when something is not."""

import errno
import shlex
import shutil
import socket
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest

import gan_edu.data
from gan_edu import cli
from gan_edu.checks import record
from gan_edu.data import image_sets, kept

ROOT = Path(__file__).parents[1]


@pytest.fixture
def images(monkeypatch):
    """Data sets that take no time to load; `.full` and `.broken` change what they say."""

    def load(name, split="train", full=False):
        if name == fake.broken:
            raise ValueError(f"{name}.npz is damaged")
        return range(10 if split == "train" else 2)

    def fetch(name):
        if name not in fake.NAMES:
            raise ValueError(f"There is no data set {name!r}; there are: mnist, fashion_mnist.")
        if name == fake.broken:
            raise OSError("no network")
        fake.full[name] = fake.folder
        return fake.folder

    fake = types.ModuleType("gan_edu.data.image_sets")
    fake.NAMES, fake.full, fake.broken, fake.folder = ("mnist", "fashion_mnist"), {}, None, Path(__file__).parent
    fake.images, fake.fetch, fake.where = load, fetch, lambda name: fake.full.get(name)
    fake.DataError = image_sets.DataError
    monkeypatch.setattr(gan_edu.data, "image_sets", fake)
    return fake


@pytest.fixture
def installed(monkeypatch):
    """gan-edu's requirements, as if it were installed; change the list to break something."""
    lines = ["torch>=2.11,<3", "numpy>=2.0", 'pytest>=8; extra == "test"', 'nothing; sys_platform == "other"']
    real = metadata.requires
    monkeypatch.setattr(metadata, "requires", lambda name: lines if name == "gan-edu" else real(name))
    return lines


@pytest.fixture
def healthy(images, installed, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("GAN_EDU_DEVICE", "cpu")


def broken():
    return [finding for finding in cli.examine() if finding.ok is False]


def test_doctor_finds_a_healthy_installation_healthy(healthy, capsys):
    assert cli.main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "✗" not in shown
    assert "All is well." in shown
    for word in ("Python 3.", "✓ torch ", "✓ numpy ", "device: cpu", "mnist, 12 images", "widget extension", "GB free"):
        assert word in shown
    assert "gan-edu data fetch mnist" in shown


def test_doctor_can_be_called_from_a_notebook(healthy, capsys):
    assert gan_edu.doctor() is None
    assert "All is well." in capsys.readouterr().out


def test_the_report_to_paste_names_no_home_folder(healthy, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    cli.main(["doctor"])
    report = capsys.readouterr().out.split("```")[1]
    assert f"gan-edu {gan_edu.__version__}" in report
    assert f"state folder {Path('~/state')} is writable" in report
    assert str(tmp_path) not in report


@pytest.mark.parametrize(
    "line, said",
    [
        ("numpy>=99", "but the course needs >=99"),
        ("no-such-package>=1", "no-such-package is missing"),
    ],
)
def test_doctor_names_packages_that_do_not_fit(healthy, installed, line, said):
    installed.append(line)
    (finding,) = broken()
    assert said in finding.text
    assert "course.py lab" in finding.advice


def test_packages_for_tests_may_be_absent(healthy, installed):
    installed.append('no-such-tool; extra == "test"')
    assert not broken()
    assert any(f.ok is None and "no-such-tool" in f.text for f in cli.examine())


def test_doctor_says_when_gan_edu_is_not_installed(healthy, monkeypatch):
    def requires(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    (finding,) = broken()
    assert "not installed" in finding.text


def test_doctor_names_a_device_that_is_not_there(healthy, monkeypatch):
    monkeypatch.setenv("GAN_EDU_DEVICE", "warp")
    (finding,) = broken()
    assert "warp" in finding.text
    assert "GAN_EDU_DEVICE" in finding.advice


def test_doctor_names_damaged_data_and_goes_on(healthy, images):
    images.broken = "mnist"
    (finding,) = broken()
    assert "mnist.npz is damaged" in finding.text
    assert any("fashion_mnist, 12 images" in f.text for f in cli.examine())


def test_doctor_finds_a_full_data_set(healthy, images):
    images.full["mnist"] = "/data/mnist"
    assert any(f.ok and "/data/mnist" in f.text for f in cli.examine())


def test_doctor_misses_the_widget_extension(healthy, monkeypatch, tmp_path):
    import jupyter_core.paths

    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *parts: [])
    (finding,) = broken()
    assert "widget extension is missing" in finding.text


def test_doctor_tells_colabs_ipywidgets_from_jupyterlabs(healthy, monkeypatch):
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "7.7.1" if name == "ipywidgets" else real(name))
    (finding,) = [finding for finding in cli.examine() if "ipywidgets 7 " in finding.text]
    assert finding.ok is None and "pip install --upgrade ipywidgets" in finding.advice


@pytest.mark.parametrize("free, ok", [(50e9, True), (0.5e9, None), (0.1e9, False)])
def test_doctor_looks_at_the_disk(healthy, monkeypatch, free, ok):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=free))
    findings = [f for f in cli.examine() if f.text.startswith("disk")]
    assert [finding.ok for finding in findings] == [ok, ok]  # of the course, and of the progress


def test_doctor_finds_a_state_folder_that_cannot_be_written(healthy, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path / "file"))
    (finding,) = broken()
    assert "state folder" in finding.text
    assert "GAN_EDU_STATE" in finding.advice


def test_doctor_and_progress_say_that_progress_lies_in_nobodys_home(healthy, capsys, monkeypatch):
    monkeypatch.setenv("GAN_EDU_STATE", "~nobody-here/state")
    (finding,) = broken()
    assert "there is no home folder ~nobody-here" in finding.text and "GAN_EDU_STATE" in finding.advice
    assert cli.main(["progress"]) == 0
    assert "Progress can't be remembered: ~nobody-here/state is not there" in capsys.readouterr().out


def test_doctor_writes_bytes_where_progress_is_kept(healthy, monkeypatch, tmp_path):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)  # an empty file can be made on a full disk
    (finding,) = broken()
    assert "state folder" in finding.text and "No space left on device" in finding.text


def test_doctor_looks_at_the_disk_of_the_state_folder(healthy, monkeypatch, tmp_path):
    free = {tmp_path / "state": 0.1e9}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=free.get(path, 50e9)))
    (finding,) = broken()
    assert finding.text == "disk of the state folder: 0.1 GB free" and "full disk" in finding.advice


def test_doctor_and_progress_say_what_can_not_be_read(healthy, capsys, tmp_path):
    (tmp_path / "state" / "progress.json").mkdir(parents=True)
    (finding,) = broken()
    assert "progress.json" in finding.text
    assert cli.main(["progress"]) == 0
    assert "can't be read in" in capsys.readouterr().out


def test_doctor_and_data_say_that_gan_edu_data_is_no_folder(installed, capsys, monkeypatch, tmp_path):
    for value in ("/nonexistent", "~nobody-here/x", "x" * 5000):
        monkeypatch.setenv("GAN_EDU_DATA", value)
        monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path))
        assert all("GAN_EDU_DATA is " in finding.text for finding in broken()) and broken()
        for command in (["data"], ["data", "fetch", "mnist"]):
            assert cli.main(command) == 1
            said = capsys.readouterr().err
            assert said.startswith("GAN_EDU_DATA is ") and said.count("\n") == 1


def test_data_that_is_damaged_is_one_sentence(images, capsys):
    images.broken = "mnist"
    assert cli.main(["data"]) == 1
    assert capsys.readouterr().err == "mnist.npz is damaged\n"


def test_a_reader_that_leaves_ends_it_quietly():
    shown = subprocess.Popen(
        [sys.executable, "-m", "gan_edu", "progress"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    shown.stdout.close()
    assert shown.stderr.read() == b"" and shown.wait(60) == 0


def test_a_check_that_fails_itself_is_a_finding(healthy, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gan_edu.data", None)  # importing it raises ImportError
    monkeypatch.setattr(cli, "_disk", lambda: 1 / 0)
    assert cli.main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "ZeroDivisionError" in shown
    assert "✗ data: ModuleNotFoundError" in shown
    assert "2 broken." in shown


def test_data_lists_what_is_here(images, capsys):
    images.full["mnist"] = images.folder / Path(__file__).name
    assert cli.main(["data"]) == 0
    shown = capsys.readouterr().out
    assert "10 to train, 2 to test" in shown
    assert "MB)" in shown
    assert "not here; gan-edu data fetch fashion_mnist" in shown


def test_data_fetches(images, capsys):
    assert cli.main(["data", "fetch", "mnist"]) == 0
    assert str(images.folder) in capsys.readouterr().out


@pytest.mark.parametrize("name, said", [("cifar", "there are: mnist"), ("mnist", "no network")])
def test_data_that_cannot_be_fetched_is_one_sentence(images, capsys, name, said):
    images.broken = "mnist"
    assert cli.main(["data", "fetch", name]) == 1
    assert said in capsys.readouterr().err


def test_progress_shows_the_map(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("GAN_EDU_STATE", str(tmp_path))
    record.note("00", "noise")
    assert cli.main(["progress"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Your progress: 1 of ") and "  00  ✓ noise  ○ to_unit_range" in shown


def test_the_cache_is_told_and_cleared(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(kept, "place", lambda: tmp_path)
    for name in ("0123456789abcdef.json", "0123456789abcdef-0123456789abcdef.pixels", "letter.txt"):
        (tmp_path / name).write_bytes(bytes(10**6))
    assert cli.main(["cache"]) == 0
    shown = capsys.readouterr().out
    assert f"kept: 1, 2.0 MB, in {tmp_path}." in shown and "30 days" in shown and "gan-edu cache clear" in shown
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_: (_ for _ in ()).throw(PermissionError(13, "in use")))
        assert cli.main(["cache", "clear"]) == 1
        assert "2 files can't be removed, perhaps because they are in use" in capsys.readouterr().err
    assert cli.main(["cache", "clear"]) == 0
    assert "2.0 MB are removed" in capsys.readouterr().out and [p.name for p in tmp_path.iterdir()] == ["letter.txt"]
    monkeypatch.setattr(kept, "place", lambda: tmp_path / "nowhere")
    assert cli.main(["cache"]) == cli.main(["cache", "clear"]) == 0 and "kept: 0, 0.0 MB" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["cache", "claer"])


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["train", "-pics"], "there is no option -pics. A name that begins with a dash is written ./-pics"),
        (["train", "pics", "--out", "-x"], "there is no option -x. A name that begins with a dash is written ./-x"),
        (["train", "pics", "--stesp=5"], "there is no option --stesp. Did you mean '--steps'"),
        (["new", "-proj", "--data", "pics"], "written ./-proj"),
        (["new", "proj", "--data", "-pics"], "written ./-pics"),
        (["new", "-proj"], "written ./-proj"),
        (["train", "pics", "--steps", "x"], "argument --steps: invalid int value: 'x'"),
        (["train", "pics", "--minutes", "x"], "argument --minutes: invalid float value: 'x'"),
    ],
)
def test_names_with_a_dash_and_words_for_numbers_get_a_usage_error(capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    shown = capsys.readouterr().err
    assert stopped.value.code == 2 and shown.startswith("usage: gan-edu ") and words in shown.splitlines()[-1]


@pytest.mark.parametrize("folder", ["./-pics", "-my pics", ["--", "-pics"]])
def test_names_with_a_dash_can_be_written(capsys, monkeypatch, tmp_path, folder):
    monkeypatch.chdir(tmp_path)
    words = folder if isinstance(folder, list) else [folder]
    assert cli.main(["train", "--seed", "-1", *words]) == 1 and "seed must be" in capsys.readouterr().err
    assert cli.main(["train", "--step=3", "--no-augment", *words]) == 1
    assert "pics is not there" in capsys.readouterr().err
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    assert cli.main(["new", "--data", "rows.csv", *words]) == 0
    (command,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  cd ")]
    assert shlex.split(command)[1].startswith("./-")


def test_an_unknown_command_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["doctr"])
    assert stopped.value.code == 2
    assert "'doctor'" in capsys.readouterr().err


def test_no_command_shows_the_help(capsys):
    assert cli.main([]) == 0
    assert "doctor" in capsys.readouterr().out


def test_a_taken_port_is_named_and_another_one_offered(capsys):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert cli.main(["lab", "--no-browser", "--port", str(port)]) == 1
        said = capsys.readouterr().err
    assert f"Port {port} is taken" in said
    offered = int(said.split("--port ")[1].split(".")[0])
    assert offered > port and cli._free(offered)


@pytest.mark.parametrize(
    "arguments, port",
    [
        (["--port", "8890"], 8890),
        (["--port=8890"], 8890),
        (["--ServerApp.port=1"], 1),
        (["--port", "0"], 0),
        ([], None),
    ],
)
def test_the_port_is_read_from_any_spelling(arguments, port):
    assert cli._asked_port(["--no-browser", *arguments]) == port


def test_lab_starts_without_any_argument(monkeypatch):
    import jupyterlab.labapp

    asked = []
    monkeypatch.setattr(jupyterlab.labapp, "main", lambda argv=None: asked.append(argv) or 0)
    assert cli._asked_port([]) is None
    assert cli.main(["lab"]) in (0, None) and len(asked) == 1


@pytest.mark.parametrize(
    "arguments",
    [["--port", "99999999"], ["--port=x"], ["--port", "-5"], ["--port"], ["--port", "²"], ["--LabApp.port=1.5"]],
)
def test_what_is_no_port_gets_one_sentence(arguments, capsys):
    assert cli.main(["lab", "--no-browser", *arguments]) == 1
    said = capsys.readouterr().err
    assert "needs a number from 1 to 65535" in said and said.count("\n") == 1


def test_a_notebook_that_is_not_there_gets_one_sentence(capsys):
    assert cli.main(["lab", "chapters/99_not_there.ipynb"]) == 1
    assert "There is no notebook chapters/99_not_there.ipynb" in capsys.readouterr().err


def test_lab_opens_the_first_chapter_unless_told_otherwise(monkeypatch):
    monkeypatch.setattr(cli.os, "geteuid", lambda: 1000, raising=False)
    start = f"--LabApp.default_url=/lab/tree/{cli.START}"
    assert cli.lab_arguments([]) == [start]
    assert cli.lab_arguments(["--no-browser", "--port", "8890"]) == [start, "--no-browser", "--port", "8890"]
    assert cli.lab_arguments(["--LabApp.default_url=/lab"]) == ["--LabApp.default_url=/lab"]
    assert cli.lab_arguments(["stop", "8890"]) == ["stop", "8890"]
    opened = cli.lab_arguments(["chapters/41_mlp_gan.ipynb"])
    assert opened[-1] == "chapters/41_mlp_gan.ipynb" and start not in opened


def test_lab_lets_root_in(monkeypatch):
    monkeypatch.setattr(cli.os, "geteuid", lambda: 0, raising=False)
    assert "--allow-root" in cli.lab_arguments([])
    assert cli.lab_arguments(["--allow-root"]).count("--allow-root") == 1


@pytest.fixture
def pytest_called(monkeypatch):
    """Let `gan-edu test` call a pytest that only notes its arguments and its environment."""
    calls = []
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TQDM_DISABLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(".")
    monkeypatch.setattr(pytest, "main", lambda arguments: calls.append((arguments, dict(cli.os.environ))) or 0)
    yield calls
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TQDM_DISABLE"):
        cli.os.environ.pop(name, None)


def test_test_adds_its_arguments_before_the_callers(pytest_called):
    assert cli.main(["test", "-k", "widgets"]) == 0
    ((arguments, environment),) = pytest_called
    assert arguments[-2:] == ["-k", "widgets"]
    assert "--nbval" in arguments and arguments[:2] == ["-n", "3"]
    assert environment["OMP_NUM_THREADS"] == environment["TQDM_DISABLE"] == "1"
    assert "MPLBACKEND" not in environment


def test_without_a_browser_test_says_so_in_one_line(pytest_called, monkeypatch, capsys):
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    assert cli.main(["test"]) == 0
    assert capsys.readouterr().out == cli.NO_CHROMIUM + "\n"


def test_chromium_is_found_by_its_variable_first(monkeypatch):
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert cli.find_chromium() == sys.executable
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    assert cli.find_chromium() is None
