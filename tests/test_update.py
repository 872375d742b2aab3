"""`course.py update`: what it brings, what it keeps, and what it says where it can't. With real git repositories."""

import datetime
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from gan_edu import files
from tools import update

ROOT = Path(__file__).resolve().parent.parent
DAY = "2026-11-28"
CHAPTER, EXERCISE = "chapters/21_the_game.ipynb", "exercises/21_the_game.ipynb"
MINE = f"chapters/21_the_game.mine-{DAY}.ipynb"


def git(folder, *arguments):
    line = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True).stdout


def publish(folder, files, deleted=()):
    """Commit in the course's own repository: {name: text}."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in deleted:
        (folder / name).unlink()
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "more")


@pytest.fixture(autouse=True)
def one_day(monkeypatch):
    """The tests may run past midnight."""
    monkeypatch.setattr(files, "_today", lambda: datetime.date.fromisoformat(DAY))


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def course(tmp_path):
    """The course's own repository, with a learner's clone beside it."""
    (tmp_path / "published").mkdir()
    git(tmp_path / "published", "init", "--quiet", "-b", "main")
    publish(tmp_path / "published", {CHAPTER: "old", EXERCISE: "stub", "README.md": "read", "gan_edu/x.py": "x = 1"})
    git(tmp_path, "clone", "--quiet", "published", "the course")
    return tmp_path / "published"


@pytest.fixture
def mine(course):
    return course.with_name("the course")


def refused(folder):
    """What it says when it refuses. Nothing may have changed."""
    before = snapshot(folder)
    with pytest.raises(update.Refused) as caught:
        update.update(folder)
    assert snapshot(folder) == before
    return str(caught.value)


def snapshot(folder):
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts
    )
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def head(folder):
    return git(folder, "rev-parse", "HEAD").strip()


def test_an_untouched_copy_gets_everything(course, mine):
    assert update.update(mine) == "The course is up to date."
    publish(course, {CHAPTER: "new", "chapters/22_more.ipynb": "more"}, deleted=["README.md"])
    assert update.update(mine) == "The course is up to date again, with 1 new commit."
    assert head(mine) == head(course)
    assert snapshot(mine) == snapshot(course)


def test_what_the_learner_changed_is_set_aside_and_named(course, mine):
    (mine / CHAPTER).write_text("old, and I ran it")
    (mine / EXERCISE).write_text("my answer")
    (mine / "gan_edu/x.py").write_text("x = 2")  # the update leaves this one alone
    publish(course, {CHAPTER: "new"}, deleted=[EXERCISE])
    said = update.update(mine)
    assert (mine / CHAPTER).read_text() == "new"
    assert (mine / MINE).read_text() == "old, and I ran it"
    assert not (mine / EXERCISE).exists()
    assert (mine / f"exercises/21_the_game.mine-{DAY}.ipynb").read_text() == "my answer"
    assert (mine / "gan_edu/x.py").read_text() == "x = 2"
    assert MINE in said and "x.py" not in said
    assert head(mine) == head(course)

    (mine / CHAPTER).write_text("new, and I ran it again")  # a second update on the same day
    publish(course, {CHAPTER: "newer"})
    assert "mine-" in update.update(mine)
    assert (mine / MINE).read_text() == "old, and I ran it"
    assert (mine / f"chapters/21_the_game.mine-{DAY}-2.ipynb").read_text() == "new, and I ran it again"


def test_a_learners_own_file_in_the_way_is_set_aside(course, mine):
    (mine / "chapters/22_more.ipynb").write_text("my own chapter 22")
    (mine / "data").write_text("a file, where the update brings a folder")
    publish(course, {"chapters/22_more.ipynb": "more", "data/points.csv": "1, 2"})
    said = update.update(mine)
    assert (mine / f"chapters/22_more.mine-{DAY}.ipynb").read_text() == "my own chapter 22"
    assert (mine / f"data.mine-{DAY}").read_text().startswith("a file")
    assert (mine / "data/points.csv").exists() and head(mine) == head(course)
    assert "22_more.mine" in said and "data.mine" in said


def test_an_untracked_file_in_a_folder_that_becomes_a_file_is_not_lost(course, mine):
    (mine / "exercises/my notes.txt").write_text("mine")
    publish(course, {}, deleted=[EXERCISE])
    shutil.rmtree(course / "exercises", ignore_errors=True)
    publish(course, {"exercises": "now a file"})
    assert "could not update" in refused(mine)


def test_a_chapter_that_the_learner_deleted_comes_back_new(course, mine):
    (mine / CHAPTER).unlink()
    publish(course, {CHAPTER: "new"})
    assert "kept" not in update.update(mine)
    assert (mine / CHAPTER).read_text() == "new"


def test_names_with_spaces_and_other_letters(course, mine):
    publish(course, {"chapters/ö 北.ipynb": "old"})
    update.update(mine)
    (mine / "chapters/ö 北.ipynb").write_text("mine")
    publish(course, {"chapters/ö 北.ipynb": "new"})
    assert f"ö 北.mine-{DAY}.ipynb" in update.update(mine)


def test_commits_of_ones_own(course, mine):
    publish(mine, {"notes.md": "mine"})
    assert update.update(mine) == "The course is up to date."  # ahead, and nothing new
    publish(course, {CHAPTER: "new"})
    assert "1 commit of your own" in refused(mine)


@pytest.mark.parametrize(
    "prepare, said",
    [
        (["checkout", "--quiet", "--detach"], "detached HEAD"),
        (["checkout", "--quiet", "-b", "experiments"], "experiments follows no branch"),
        (["remote", "remove", "origin"], "no remote"),
        (["remote", "set-url", "origin", "/nowhere/at/all"], "can't be fetched"),
        (["add", CHAPTER], "is staged"),
    ],
)
def test_where_it_can_not_update_it_says_why(course, mine, prepare, said):
    (mine / CHAPTER).write_text("mine")
    publish(course, {CHAPTER: "new"})
    git(mine, *prepare)
    assert said in refused(mine)


def test_a_merge_in_progress(course, mine):
    git(mine, "checkout", "--quiet", "-b", "side")
    publish(mine, {CHAPTER: "theirs"})
    git(mine, "checkout", "--quiet", "main")
    publish(mine, {CHAPTER: "ours"})
    with pytest.raises(subprocess.CalledProcessError):
        git(mine, "merge", "side")
    assert "A merge is in progress" in refused(mine)


def test_another_git_at_work(course, mine):
    (mine / ".git/index.lock").touch()
    assert "index.lock" in refused(mine)


def test_a_download_is_no_clone(course, mine, tmp_path):
    shutil.rmtree(mine / ".git")
    assert "not a git clone" in refused(mine)
    git(tmp_path, "init", "--quiet")  # nor is a folder inside somebody's own repository
    assert "not a git clone" in refused(mine)


def test_without_git(course, mine, monkeypatch):
    monkeypatch.setattr(update.shutil, "which", lambda name: None)
    assert "needs git" in refused(mine)


@pytest.mark.parametrize("failing", ["second rename", "merge"])
def test_a_failure_in_the_middle_puts_everything_back(course, mine, monkeypatch, failing):
    for name in (CHAPTER, EXERCISE):
        (mine / name).write_text("mine")
    publish(course, {CHAPTER: "new", EXERCISE: "new"})
    if failing == "merge":
        real = update.Git.__call__

        def call(self, *arguments, **options):
            if arguments[0] == "merge":
                raise update.Refused("No space left on device")
            return real(self, *arguments, **options)

        monkeypatch.setattr(update.Git, "__call__", call)
        assert "No space left" in refused(mine)
        return
    rename, renamed = os.rename, []

    def second_fails(old, new):
        renamed.append(old)
        if len(renamed) == 2:
            raise PermissionError(13, "in use")
        rename(old, new)

    monkeypatch.setattr(update.os, "rename", second_fails)
    assert "can't be renamed (in use)" in refused(mine)


def gits_at_work(folder):
    gits = []
    for process in psutil.process_iter(["name", "cwd"]):  # "cwd" is None where it may not be seen
        if process.info["name"] == "git" and process.info["cwd"] == os.fspath(folder.resolve()):
            gits.append(process)
    return gits


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_an_interruption_at_any_moment_loses_nothing(course, mine, stop):
    """Stopped ever later, until one run gets through; the work is always there, and the next run goes through."""
    names = [f"chapters/{number}_x.ipynb" for number in range(30, 60)]
    publish(course, dict.fromkeys(names, "old"))
    update.update(mine)
    publish(course, dict.fromkeys(names, "new"))
    start = head(mine)
    code = "import sys; from tools import update; print('go', flush=True); print(update.update(sys.argv[1]))"
    for n in range(40):
        git(mine, "reset", "--quiet", "--hard", start)
        git(mine, "clean", "--quiet", "-fd")
        for name in names:
            (mine / name).write_text(f"my {name}")
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(mine)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        process.stdout.readline()
        time.sleep(0.01 * n)
        through = process.poll() is not None
        if not through:
            os.killpg(process.pid, stop)
        process.communicate()
        for _ in range(1000):  # the merge, which the signal does not reach, ends by itself
            if not gits_at_work(mine):
                break
            time.sleep(0.02)
        (mine / ".git/index.lock").unlink(missing_ok=True)
        kept = set(snapshot(mine).values())
        assert {f"my {name}".encode() for name in names} <= kept
        update.update(mine)
        assert head(mine) == head(course)
        assert {f"my {name}".encode() for name in names} <= set(snapshot(mine).values())
        if through and process.returncode == 0:
            break


def test_course_py_updates_without_an_environment(course, mine):
    publish(course, {CHAPTER: "new"})
    for name in ("course.py", *(f"tools/{name}.py" for name in ("__init__", "installer", "systems", "update"))):
        (mine / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, mine / name)
    line = [sys.executable, str(mine / "course.py"), "update"]
    told = subprocess.run(line, cwd=course, capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "The course is up to date again, with 1 new commit.\n"), told.stderr
    assert not (mine / ".venv").exists()
    shutil.rmtree(mine / ".git")
    told = subprocess.run(line, capture_output=True, text=True)
    assert told.returncode == 1 and "not a git clone" in told.stderr and "Traceback" not in told.stderr


def test_ignored_files_in_a_folder_that_becomes_a_file_are_not_lost(course, mine):
    """git's merge deletes ignored files there, and what was set aside before is ignored."""
    kept = mine / "exercises/21.mine-2026-11-01.ipynb"
    publish(course, {".gitignore": "*.mine-*\n"})
    update.update(mine)
    kept.write_text("my answers")
    shutil.rmtree(course / "exercises")
    publish(course, {"exercises": "a file"})
    try:
        update.update(mine)
    except update.Refused:
        pass
    assert any(path.read_text() == "my answers" for path in mine.rglob("*.mine-*") if path.is_file())


def test_settings_of_git_that_stash_or_squash_change_nothing(course, mine):
    git(mine, "config", "merge.autoStash", "true")
    git(mine, "config", "branch.main.mergeOptions", "--squash")
    (mine / CHAPTER).write_text("old, and I ran it")
    (mine / "gan_edu/x.py").write_text("x = 2")
    publish(course, {CHAPTER: "new"})
    update.update(mine)
    assert head(mine) == head(course) and git(mine, "stash", "list") == ""
    assert (mine / CHAPTER).read_text() == "new" and (mine / MINE).read_text() == "old, and I ran it"
    assert (mine / "gan_edu/x.py").read_text() == "x = 2"


def test_a_notebook_that_differs_in_line_ends_only_is_no_obstacle(course, mine):
    git(mine, "config", "core.autocrlf", "true")
    (mine / CHAPTER).unlink()
    git(mine, "checkout", "--", CHAPTER)
    publish(course, {CHAPTER: "two\nlines\n"})
    update.update(mine)
    (mine / CHAPTER).write_bytes(b"two\nlines\n")  # as JupyterLab saves it
    publish(course, {CHAPTER: "three\nlines\n"})
    update.update(mine)
    assert (mine / CHAPTER).read_text() == "three\nlines\n" and head(mine) == head(course)


def test_a_folder_that_is_a_link_is_refused(course, mine, tmp_path):
    (mine / "exercises").rename(tmp_path / "elsewhere")
    (mine / "exercises").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    publish(course, {EXERCISE: "new stub"})
    assert "exercises is a link" in refused(mine)


def test_a_tag_of_the_branchs_name_is_no_obstacle(course, mine):
    git(mine, "tag", "main")
    (mine / "HEAD").write_text("a file of this name")
    publish(course, {CHAPTER: "new"})
    update.update(mine)
    assert head(mine) == head(course)


def test_two_updates_at_once_lose_nothing(course, mine):
    names = [f"chapters/{n}_x.ipynb" for n in range(10, 30)]
    publish(course, dict.fromkeys(names, "old"))
    update.update(mine)
    for name in names:
        (mine / name).write_text("mine")
    publish(course, dict.fromkeys(names, "new"))
    for name in ("course.py", "pyproject.toml"):
        shutil.copy(ROOT / name, mine / name)
    shutil.copytree(ROOT / "tools", mine / "tools", dirs_exist_ok=True)
    both = [
        subprocess.Popen([sys.executable, "course.py", "update"], cwd=mine, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [each.communicate(timeout=60) and each.returncode for each in both] == [0, 0]
    assert all((mine / name).read_text() == "new" for name in names)
    aside = [path.read_text() for path in (mine / "chapters").glob("*.mine-*")]
    assert aside == ["mine"] * len(names)
