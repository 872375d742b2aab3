"""`gan-edu`: start the course, test it, look after it. Nothing heavy is imported before a command needs it."""

import errno
import json
import os
import shlex
import shutil
import socket
import sys
from pathlib import Path
from typing import NamedTuple

import gan_edu

START = "chapters/00_start_here.ipynb"
NO_CHROMIUM = (
    "No Chromium, Chrome or Edge found, so the browser tests are skipped. Debian, Ubuntu: sudo apt install chromium; "
    "macOS, Windows: any Chrome will do, or set CHROMIUM to the program's path."
)


class Problem(Exception):
    """What happened and what to do, in words for the person at the keyboard."""


def main(arguments=None):
    """Run one command; returns the exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ✓ shows a question mark instead of failing
    try:
        # Everything after `lab`, `test` and `site` belongs to JupyterLab, pytest and make_site.py, --help included;
        # most after `open`, too.
        if arguments[:1] == ["lab"]:
            return lab(arguments[1:])
        if arguments[:1] == ["test"]:
            return test(arguments[1:])
        if arguments[:1] == ["site"]:
            return site(arguments[1:])
        if arguments[:1] == ["open"] and not {"-h", "--help"} & set(arguments):
            return open_course(arguments[1:])
        code = _parse_and_run(arguments)
        sys.stdout.flush()
        return code
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `gan-edu progress | head`: nobody reads any more, and Python's last flush must not say so
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _without_dashes(parser, arguments):
    """End with a usage error that says what to do where a name would be taken for an option that isn't there."""
    from gan_edu.settings import near

    options = parser._option_string_actions  # argparse has no other list of them
    for word in arguments:
        name = word.partition("=")[0]
        if word == "--":
            return
        short = name.startswith("--") and any(option.startswith(name) for option in options)
        if word[:1] != "-" or word == "-" or " " in word or _is_number(word) or name in options or short:
            continue
        meant = near(name, options)
        parser.error(f"there is no option {name}.{meant} A name that begins with a dash is written ./{word}")


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def _new(folder, data):
    from gan_edu.files import typed
    from gan_edu.project import create

    try:
        files = create(folder, data)
    except (OSError, ValueError) as error:
        raise Problem(str(error)) from None
    folder = typed(folder)
    quoted = f'"{folder}"' if os.name == "nt" else shlex.quote(folder)
    names = ", ".join(file.name for file in files)
    print(f"{folder} holds: {names}. Start with:\n  cd {quoted}\n  python train.py\nREADME.md says more.")
    return 0


def _export(file):
    from gan_edu import classroom
    from gan_edu.checks import record

    solved, questions = classroom.export(file)
    print(f"{file}: {solved} of {questions} questions are solved on this computer. No name is in the file.")
    if wrong := record.trouble():
        raise Problem(wrong)
    return 0


def _classroom(action, folder):
    from gan_edu import classroom

    if action == "collect":
        print(classroom.collect(folder))
        return 0
    made = classroom.make_course(folder, course_folder())
    print(f"{folder}: {len(made)} assignments are new in source/; what was there stays. Then, in this folder:")
    print("  nbgrader generate_assignment 21_the_adversarial_game    makes release/, without answers")
    print("  nbgrader autograde 21_the_adversarial_game              grades what lies in submitted/NAME/")
    return 0


def _add_train(commands):
    import argparse

    more = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    more["description"] = """\
Train a GAN on a folder of pictures, with settings that are chosen for you. Ctrl-C stops it and keeps everything;
the same command goes on. At the end, runs/NAME/report.html shows and measures what was learned."""
    train = commands.add_parser("train", help="train a GAN on a folder of pictures, and get a report", **more)
    yes_no = argparse.BooleanOptionalAction
    train.add_argument("folder", metavar="FOLDER", help="the pictures; subfolders, if any, are classes")
    train.add_argument("--out", metavar="DIR", help="folder for what is made (default: runs/ and FOLDER's name)")
    train.add_argument("--size", type=int, help="pixels a side: 28, 32, 64 or 128 (default: 32, or 64 on a GPU)")
    train.add_argument("--grey", action="store_true", default=None, help="learn pictures in grey")
    train.add_argument("--steps", type=int, help="how many steps, altogether")
    train.add_argument("--minutes", type=float, help="train so long, instead of a number of steps")
    train.add_argument("--augment", action=yes_no, help="change what D sees at random (default: if pictures are few)")
    train.add_argument("--seed", type=int, help="of the random numbers (default: 0)")
    train.add_argument("--device", help="cpu, cuda or mps (default: auto, the fastest that is there)")
    train.add_argument("--report-only", action="store_true", help="train nothing; write the report anew")
    return train


def _train(chosen):
    from gan_edu import studio

    try:
        asked = studio.Asked(**{name: getattr(chosen, name) for name in studio.Asked.names()})
    except (ValueError, TypeError) as error:
        raise Problem(str(error)) from None
    try:
        return studio.train(asked)
    except studio.Refused as refused:
        raise Problem(str(refused)) from None


def _parse_and_run(arguments):
    import argparse

    parser = argparse.ArgumentParser(prog="gan-edu", description="A course on generative adversarial networks.")
    parser.add_argument("--version", action="version", version=f"gan-edu {gan_edu.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    opened = commands.add_parser("open", help="copy the course's notebooks to a folder of yours, and open it", **OPEN)
    opened.add_argument("folder", metavar="FOLDER", nargs="?", help=f"comes first; without it: {OWN_FOLDER}")
    opened.add_argument("--no-lab", action="store_true", help="only copy; for VS Code and others")
    commands.add_parser("lab", help="open the course in JupyterLab; further arguments go to JupyterLab")
    commands.add_parser("test", help="run the tests; further arguments go to pytest")
    commands.add_parser("site", help="make a site of the notebooks as they are stored, in build/site")
    commands.add_parser("doctor", help="check the installation, and say what to do about what is wrong")
    data = commands.add_parser("data", help="list the data sets; `gan-edu data fetch NAME` fetches a full one")
    actions = data.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("fetch", help="fetch a full data set").add_argument("name", metavar="NAME")
    new = commands.add_parser("new", help="write a small GAN project of your own, in plain PyTorch")
    new.add_argument("folder", metavar="FOLDER", help="the project's folder, which is made")
    new.add_argument("--data", required=True, metavar="DATA", help="a folder of pictures, or a CSV file")
    train = _add_train(commands)
    cache = commands.add_parser("cache", help="say what is kept of your pictures; `gan-edu cache clear` removes it")
    cache.add_argument("action", nargs="?", choices=["clear"], metavar="clear", help="remove it")
    ask = commands.add_parser("ask", help='say where the course speaks of something: gan-edu ask "loss is zero"')
    ask.add_argument("question", nargs="+", metavar="WORDS", help="in English or Chinese")
    progress = commands.add_parser("progress", help="show which exercises are solved")
    progress.add_argument("--export", metavar="FILE", help="write it to a .csv or .json file, for a teacher")
    classroom = commands.add_parser("classroom", help="for teachers: an nbgrader course; a class's progress")
    actions = classroom.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = actions.add_parser("init", help="make an nbgrader course with all exercises as assignments")
    collect = actions.add_parser("collect", help="show what files of gan-edu progress --export say")
    for action in (init, collect):
        action.add_argument("folder", metavar="FOLDER")

    for parser_of, name in ((train, "train"), (new, "new")):
        if arguments[:1] == [name]:
            _without_dashes(parser_of, arguments[1:])
    chosen = parser.parse_args(arguments)
    if chosen.command == "doctor":
        return _report(examine())
    if chosen.command == "data":
        try:
            return _fetch(chosen.name) if chosen.action == "fetch" else _list_data()
        except BrokenPipeError:
            raise
        except (OSError, ValueError, RuntimeError) as error:  # data.DataError is a RuntimeError
            raise Problem(str(error)) from None
    if chosen.command == "new":
        return _new(chosen.folder, chosen.data)
    if chosen.command == "train":
        return _train(chosen)
    if chosen.command == "cache":
        return _cache(chosen.action)
    if chosen.command == "ask":
        from gan_edu.search import as_text

        try:
            print(as_text(" ".join(chosen.question)))
        except ValueError as error:
            raise Problem(str(error)) from None
        return 0
    if chosen.command == "progress" and not chosen.export:
        from gan_edu.checks import show_progress

        show_progress()
        return 0
    if chosen.command in ("progress", "classroom"):
        try:
            return _export(chosen.export) if chosen.command == "progress" else _classroom(chosen.action, chosen.folder)
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            raise Problem(str(error)) from None
    parser.print_help()
    return 0


# lab and test


OWN_FOLDER = "gan-edu-course"
OPEN = {
    "usage": "gan-edu open [FOLDER] [--no-lab] [arguments for JupyterLab]",
    "description": "Copy the course's notebooks to a folder of your own, and open it in JupyterLab. Called again, it "
    "brings what is new. What you have changed is never overwritten: where the new version changes the same notebook, "
    "yours is kept beside it under another name.",
}


def course_folder(to_read=False):
    """The folder that holds the chapters; `to_read`: perhaps those in the package. Raises Problem where there is none.

    From a notebook, the folder above counts too.
    """
    from gan_edu import opening

    folders = [Path(__file__).resolve().parent.parent, Path.cwd(), Path.cwd().parent]
    for folder in folders + [opening.PACKED] * to_read:
        if (folder / "chapters").is_dir():
            return folder
    raise Problem(
        "The chapters are not here. Call gan-edu in the course's folder, the one that holds chapters/; "
        "gan-edu open copies the course to a new one."
    )


def open_course(arguments):
    """Copy the notebooks to the learner's folder and open JupyterLab there: [FOLDER] [--no-lab] [JupyterLab's own]."""
    from gan_edu import opening
    from gan_edu.files import expanded

    rest = [argument for argument in arguments if argument != "--no-lab"]
    only_copy = rest != arguments
    folder = rest.pop(0) if rest and not rest[0].startswith("-") else OWN_FOLDER
    if only_copy and rest:
        raise Problem(f"With --no-lab there is no JupyterLab that could take {rest[0]}. Nothing was copied.")
    if not folder:
        raise Problem("The folder's name is empty. Nothing was copied.")
    aside = []
    try:
        folder = expanded(folder).absolute()
        written, _ = opening.copy_to(folder, aside)
        print(f"The course is in {folder}: {f'{written} files are new' if written else 'nothing is new'}.")
    except (OSError, ValueError) as error:
        raise Problem(f"The course can't be copied: {error}") from None
    except KeyboardInterrupt:
        raise Problem("Stopped. The next call of the same command goes on from here.") from None
    finally:
        if aside:
            print("What you had changed is kept under another name:")
            print("\n".join(f"  {old}  →  {new}" for old, new in aside))
    sys.stdout.flush()
    if only_copy:
        return 0
    return lab(rest, folder)


def lab(arguments, folder=None):
    """Open JupyterLab on the first chapter in `folder`; `arguments` are JupyterLab's own."""
    folder = folder or course_folder()
    for argument in arguments:
        if argument.endswith(".ipynb") and not argument.startswith("-") and not (folder / argument).exists():
            raise Problem(f"There is no notebook {argument} in {folder}.")
    port = _asked_port(arguments)
    if port and not _free(port):
        other = next((p for p in range(port + 1, port + 100) if p < 65536 and _free(p)), None)
        hint = f"Port {other} is free: add --port {other}. " if other else ""
        raise Problem(f"Port {port} is taken, perhaps by another JupyterLab. {hint}Without --port, a free one is used.")
    os.chdir(folder)
    # Terminals and `!commands` in notebooks find the course's own programs first.
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    # Settings that hide what the tests' packages, and not the course, would put into JupyterLab's bars.
    theirs = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [theirs, str(Path(__file__).parent / "jupyter")]))
    try:
        from jupyterlab.labapp import main as jupyterlab
    except ImportError as error:
        raise Problem(f"JupyterLab can't be loaded ({error}). `python3 course.py lab` installs it.") from None
    sys.argv = ["jupyter-lab", *terminal_arguments(arguments), *lab_arguments(arguments)]
    return jupyterlab()


def _subcommand(arguments):
    """Whether `arguments` are one of JupyterLab's subcommands: list, stop, …"""
    notebook = any(argument.endswith(".ipynb") for argument in arguments)
    return bool(arguments) and not arguments[0].startswith("-") and not notebook


def terminal_arguments(arguments):
    """Where JupyterLab itself was started outside a terminal, its terminals get login shells, and on Debian and Ubuntu
    these forget PATH, and gan-edu with it. So say which shell, without -l; where there is a terminal, nothing."""
    said = any("terminado_settings" in argument for argument in arguments)
    if os.name == "nt" or sys.stdout.isatty() or said or _subcommand(arguments):
        return []
    shell = os.environ.get("SHELL") or shutil.which("sh") or "/bin/sh"
    return [f"--ServerApp.terminado_settings={dict(shell_command=[shell])}"]


def lab_arguments(arguments):
    """What JupyterLab is called with: its own `arguments`, and what the course adds where they don't say it."""
    if _subcommand(arguments):
        return list(arguments)
    notebook = any(argument.endswith(".ipynb") for argument in arguments)
    added = []
    if notebook and not any("root_dir" in a or "notebook-dir" in a for a in arguments):
        added.append(f"--ServerApp.root_dir={os.getcwd()}")
    if not notebook and not any("default_url" in a for a in arguments):
        added.append(f"--LabApp.default_url=/lab/tree/{START}")
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not any("allow-root" in a for a in arguments):
        added.append("--allow-root")
    return [*added, *arguments]


def _asked_port(arguments):
    for argument, following in zip(arguments, [*arguments, ""][1:], strict=True):
        option, _, value = argument.partition("=")
        if option in ("--port", "--ServerApp.port", "--LabApp.port"):
            value = value or following
            if not (value.isascii() and value.isdecimal() and int(value) < 65536):
                raise Problem(f"{option} needs a number from 1 to 65535, and not {value!r}. 0 or nothing: a free port.")
            return int(value)
    return None


def _free(port):
    """Whether a server on this machine could listen on this port."""
    with socket.socket() as s:
        # As servers do: a port that a server has just left is free on POSIX, and one in use is taken on Windows.
        if os.name == "nt":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno not in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", None))
    return True


def test(arguments):
    """Run all tests, notebooks included; `arguments` are pytest's own, and come after the course's."""
    os.chdir(course_folder())
    try:
        import pytest
    except ImportError as error:
        raise Problem(f"pytest can't be loaded ({error}). `python3 course.py test` installs it.") from None
    if find_chromium() is None:
        print(NO_CHROMIUM, flush=True)
    # One thread for each of the workers; no bars in compared outputs; notebooks choose their own backend.
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TQDM_DISABLE"):
        os.environ.setdefault(name, "1")
    # Kernels keep the memory of up to a gibibyte: asking the system for it anew cost chapter 12 a fifth of its time.
    for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"):
        os.environ.setdefault(name, str(2**30))
    os.environ.pop("MPLBACKEND", None)
    return int(pytest.main([*TEST_ARGUMENTS, *arguments]))


def site(arguments):
    """Make a site of the notebooks as they are stored; `arguments` are those of tools/make_site.py."""
    folder = course_folder()
    if not (folder / "tools/make_site.py").is_file():
        raise Problem(f"A site is made in a clone of the course; {folder} holds only its notebooks.")
    sys.path.insert(0, str(folder))
    try:
        import myst_nb  # noqa: F401
        import sphinx_book_theme  # noqa: F401

        from tools import make_site
    except ImportError as error:
        raise Problem(f"Sphinx can't be loaded ({error}). `python3 course.py site` installs it.") from None
    return make_site.main(arguments)


# A notebook's cells stay on one worker, in order (loadscope); conftest.py puts the notebooks first. Three workers keep
# two cores busy: one of them is often waiting for a browser.
TEST_ARGUMENTS = ["-n", "3", "--dist", "loadscope", "--no-loadscope-reorder"]
TEST_ARGUMENTS += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout", "900"]


def find_chromium():
    """The path of a Chromium, Chrome or Edge on this machine, or None. The environment's CHROMIUM goes first."""
    if asked := os.environ.get("CHROMIUM"):
        return shutil.which(asked)
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
    names += ["microsoft-edge", "msedge"]
    for app in ("Google Chrome", "Chromium", "Microsoft Edge"):
        names.append(f"/Applications/{app}.app/Contents/MacOS/{app}")
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if variable in os.environ:
            for program in ("Google/Chrome/Application/chrome.exe", "Chromium/Application/chrome.exe"):
                names.append(str(Path(os.environ[variable], program)))
            names.append(str(Path(os.environ[variable], "Microsoft/Edge/Application/msedge.exe")))
    return next(filter(None, map(shutil.which, names)), None)


# doctor


class Finding(NamedTuple):
    """One line of the doctor's: fine (True), broken (False), or worth knowing (None), and what to do about it."""

    ok: bool | None
    text: str
    advice: str = ""

    def __str__(self):
        line = f"{ {True: '✓', False: '✗', None: '–'}[self.ok] } {self.text}"
        return f"{line}\n    → {self.advice}" if self.advice else line


def doctor():
    """Check the installation and print what to do about what is wrong. For notebooks; `gan-edu doctor` is the same."""
    _report(examine())


def examine():
    """All findings, as a list. A check that itself fails is a finding too."""
    findings = []
    for check in (_python, _packages, _device, _data, _jupyterlab, _disk, _state):
        try:
            findings += check()
        except Exception as error:  # whatever is broken, the other checks go on
            subject = check.__name__.strip("_")
            findings.append(Finding(False, f"{subject}: {type(error).__name__}: {error}", INSTALL))
    return findings


INSTALL = "python3 course.py lab, called in the course's folder, installs what is missing"
if Path(__file__).with_name("course").is_dir():  # installed as a package
    # From the file: on the package index, the name isn't the project's (RELEASING.md).
    INSTALL = "python -m pip install and the name of the course's gan_edu-….whl: that installs what is missing"


def _python():
    import platform

    text = f"Python {platform.python_version()} on {platform.system()} {platform.machine()} ({sys.executable})"
    fine = sys.version_info >= (3, 11)
    return [Finding(fine, text, "" if fine else "install Python 3.11 to 3.14")]


def _packages():
    from importlib import metadata

    from packaging.requirements import Requirement

    try:
        requirements = [Requirement(line) for line in metadata.requires("gan-edu") or []]
    except metadata.PackageNotFoundError:
        return [Finding(False, "gan-edu is not installed in this Python", INSTALL)]
    findings, absent = [], []
    for needed in requirements:
        if needed.marker and not needed.marker.evaluate({"extra": "test"}):
            continue
        for_tests = needed.marker is not None and not needed.marker.evaluate({"extra": ""})
        try:
            version = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            if for_tests:
                absent.append(needed.name)
            else:
                findings.append(Finding(False, f"{needed.name} is missing", INSTALL))
            continue
        if needed.specifier.contains(version, prereleases=True):
            findings.append(Finding(True, f"{needed.name} {version}"))
        else:
            text = f"{needed.name} {version}, but the course needs {needed.specifier}"
            findings.append(Finding(False, text, INSTALL.replace("what is missing", "a fitting one")))
    if absent:
        text = f"not installed, and needed for tests only: {', '.join(absent)}"
        findings.append(Finding(None, text, "python3 course.py test installs them"))
    return findings


def _device():
    from gan_edu import device

    try:
        return [Finding(True, f"device: {device.describe()}")]
    except ValueError as error:  # GAN_EDU_DEVICE names what this machine hasn't
        return [Finding(False, f"device: {error}", "unset GAN_EDU_DEVICE, or set it to a device that is there")]


def _data():
    from gan_edu.data import image_sets

    for name in image_sets.NAMES:
        try:
            count = sum(len(image_sets.images(name, split)) for split in ("train", "test"))
            yield Finding(True, f"data: {name}, {count:,} images that come with the course")
        except Exception as error:
            yield Finding(False, f"data: {name}: {error}", "restore gan_edu/data, for example with git checkout")
        try:
            full = image_sets.where(name)
        except image_sets.DataError as error:  # GAN_EDU_DATA
            yield Finding(False, f"data: {name}, full set: {error}")
            continue
        if full:
            yield Finding(True, f"data: {name}, full set in {full}")
        else:
            yield Finding(None, f"data: {name}, full set not here", f"if wanted: gan-edu data fetch {name}")


def _jupyterlab():
    from importlib import metadata

    from jupyter_core.paths import jupyter_path

    lab = f"JupyterLab {metadata.version('jupyterlab')}"
    for folder in [Path(sys.prefix, "share/jupyter/labextensions"), *map(Path, jupyter_path("labextensions"))]:
        package = folder / "@jupyter-widgets/jupyterlab-manager/package.json"
        if package.is_file():
            version = json.loads(package.read_text(encoding="utf-8")).get("version", "")
            found = [Finding(True, f"{lab} with the widget extension {version}")]
            if metadata.version("ipywidgets").startswith("7."):
                text = "ipywidgets 7 shows its sliders on Colab, but not in JupyterLab"
                found.append(Finding(None, text, "for JupyterLab: python -m pip install --upgrade ipywidgets"))
            return found
    advice = "without it sliders and progress bars stay text: pip install --force-reinstall jupyterlab_widgets"
    return [Finding(False, f"{lab}, but its widget extension is missing", advice)]


def _disk():
    return [_room("disk", Path(__file__).parent, "notebooks can't be saved on a full disk")]


def _room(what, folder, why):
    free = shutil.disk_usage(folder).free / 1e9
    text = f"{what}: {free:.1f} GB free"
    if free < 0.2:
        return Finding(False, text, f"make room: {why}")
    return Finding(None if free < 1 else True, text, "that is little: make room" if free < 1 else "")


def _state():
    from gan_edu.checks import record
    from gan_edu.files import check_writable

    try:
        folder = record.state_folder()
        check_writable(record.solved_folder() / "try")
    except OSError as error:
        advice = "make it writable, or set GAN_EDU_STATE to another folder; progress is not remembered until then"
        yield Finding(False, f"state folder: {error}", advice)
    else:
        yield Finding(True, f"state folder {folder} is writable")
        if wrong := record.trouble():
            yield Finding(False, f"progress: {wrong}", "mend it, give read permission, or move it away")
        yield _room("disk of the state folder", folder, "progress can't be remembered on a full disk")


def _report(findings):
    """Print the findings and what to paste into a bug report; returns the exit code."""
    for finding in findings:
        print(finding)
    broken = [finding for finding in findings if finding.ok is False]
    print(f"\n{len(broken)} broken." if broken else "\nAll is well.")
    print("\nTo paste into a bug report:\n```")
    print(f"gan-edu {gan_edu.__version__}")
    # Packages on one line; no home folder, which holds a name.
    plain = [f.text for f in findings if f.ok and len(f.text.split()) == 2]
    lines = [", ".join(plain), *(str(f).splitlines()[0] for f in findings if f.text not in plain)]
    home = str(Path.home())
    print("\n".join(lines).replace(home, "~") if len(home) > 1 else "\n".join(lines))
    print("```")
    return int(bool(broken))


# data


def _list_data():
    from gan_edu.data import image_sets

    for name in image_sets.NAMES:
        sizes = ", ".join(f"{len(image_sets.images(name, split)):,} to {split}" for split in ("train", "test"))
        print(f"{name}\n  with the course: {sizes}")
        full = image_sets.where(name)
        print(f"  full set: {f'{full} ({_size(full)})' if full else f'not here; gan-edu data fetch {name}'}")
    return 0


def _fetch(name):
    from gan_edu.data import image_sets

    print(f"{name}: full set in {image_sets.fetch(name)}")
    return 0


def _cache(action):
    from gan_edu.data import kept

    try:
        if action == "clear":
            gone, stuck = kept.clear()
            print(f"{gone / 1e6:.1f} MB are removed from {kept.place()}.")
            if stuck:
                raise Problem(f"{stuck} files can't be removed, perhaps because they are in use: try again later.")
            return 0
        sets, size = kept.size()
    except OSError as error:
        raise Problem(f"{kept.place()} can't be opened ({error.strerror or error}).") from None
    print(f"Sets of pictures that are kept: {sets}, {size / 1e6:.1f} MB, in {kept.place()}.")
    print(
        "data.folder and gan-edu train keep there what they have read of your pictures. What isn't used for "
        f"{kept.DAYS} days goes when others come; gan-edu cache clear removes all. Your own files stay as they are."
    )
    return 0


def _size(path):
    path = Path(path)
    files = path.rglob("*") if path.is_dir() else [path]
    return f"{sum(file.stat().st_size for file in files if file.is_file()) / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
