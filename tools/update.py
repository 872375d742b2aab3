"""`course.py update`: bring a clone of the course up to date, and keep what the learner has done in it.

A file that the learner has changed (a notebook that was run is one) and that the update changes too is renamed before
git sees it, to chapters/21_the_adversarial_game.mine-2026-11-28.ipynb, for example; a file of the learner's where the
update brings one of its own, likewise. Renaming is all that happens to anybody's work, so that there is no moment at
which an interruption could lose any, and a full disk doesn't matter. Everything else is a fetch and a fast-forward.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from gan_edu.files import name_for_mine  # needs nothing but Python

UNFINISHED = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


class Refused(Exception):
    """Why nothing was updated, and what to do, in words for the person at the keyboard."""


def update(root):
    """Update the clone in `root`; returns what happened, to print. Raises Refused, and then nothing is changed."""
    git = Git(root)
    branch, upstream = _where_it_comes_from(git)
    remote = git("config", f"branch.{branch}.remote")
    try:
        git("fetch", "--quiet", remote)
    except Refused as error:
        raise Refused(
            f"The newest version can't be fetched; nothing was changed. Is this machine online? {error}"
        ) from None
    own, new = map(int, git("rev-list", "--left-right", "--count", f"HEAD...{upstream}", "--").split())
    if not new:
        return "The course is up to date."
    if own:
        short = upstream.removeprefix("refs/remotes/").removeprefix("refs/heads/")
        raise Refused(
            f"The branch {branch} has {own} commit{'s' * (own > 1)} of your own, so nothing was changed. Bring both "
            f"together yourself: git rebase {short}, or git merge {short}."
        )
    aside = _set_aside(git, upstream)
    try:
        # Without the second, git deletes ignored files (.mine- files are) in a folder that becomes a file.
        plain = ("--no-squash", "--no-overwrite-ignore")
        git("merge", "--ff-only", *plain, "--quiet", upstream, alone=True)
    except (Refused, OSError) as error:
        _put_back(aside)
        raise Refused(f"git could not update the course: {error}\n{_told(git.root, aside)}".strip()) from None
    except KeyboardInterrupt:
        print(_told(git.root, aside), flush=True)
        raise
    said = f"The course is up to date again, with {new} new commit{'s' * (new > 1)}."
    return f"{said}\n{_told(git.root, aside)}".strip()


class Git:
    """Call git in one folder: git("fetch") returns what it prints, or raises Refused with its last words."""

    def __init__(self, root):
        self.root = Path(root)
        # Set by a git that calls us, these lead to another repository.
        elsewhere = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX")
        self.environment = {key: value for key, value in os.environ.items() if key not in elsewhere}

    def __call__(self, *arguments, alone=False):
        """With `alone`, Ctrl-C does not reach git, which finishes first."""
        apart = {}
        if alone:
            apart = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}
        # A disk that forgets which files are executable has not changed them. A stash would hide the learner's work.
        settings = ("core.fileMode=false", "core.quotePath=false", "merge.autoStash=false")
        line = ["git", *(word for setting in settings for word in ("-c", setting)), *arguments]
        process = subprocess.Popen(
            line, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **apart
        )
        interrupted = None
        while True:
            try:
                out, errors = process.communicate()
                break
            except KeyboardInterrupt as error:
                interrupted = error
                if not alone:
                    process.wait()
                    raise
        if interrupted:
            raise interrupted
        if process.returncode:
            raise Refused(" ".join(os.fsdecode(errors or out).split()[-60:]))
        return os.fsdecode(out).rstrip("\n")

    def names(self, *arguments):
        """The file names that a command with -z prints, as paths relative to the root with slashes."""
        return [name for name in self(arguments[0], "-z", *arguments[1:]).split("\0") if name]


def _where_it_comes_from(git):
    """(the branch, what it follows), or Refused where a fast-forward makes no sense."""
    if shutil.which("git") is None:
        raise Refused(f"Updating needs git, which is not installed. {_BY_HAND}")
    if not os.path.lexists(git.root / ".git") or git("rev-parse", "--show-prefix"):  # or else git's own words, if any
        raise Refused(f"This copy of the course is not a git clone, so it can't be updated in place. {_BY_HAND}")
    private = Path(git.root, git("rev-parse", "--git-dir"))
    for name, what in UNFINISHED.items():
        if (private / name).exists():
            end = "reset" if what == "bisect" else "--abort"
            raise Refused(f"A {what} is in progress here. Finish it, or end it (git {what} {end}), then call again.")
    if (lock := private / "index.lock").exists():
        raise Refused(f"Another git is at work here, or one was cut off: when none runs any more, delete {lock}.")
    try:
        branch = git("symbolic-ref", "--quiet", "HEAD").removeprefix("refs/heads/")
    except Refused:
        raise Refused("No branch is checked out (detached HEAD). Go to the course's own: git switch main.") from None
    if not git("remote"):
        raise Refused(f"This clone has no remote to fetch from, so it can't be updated in place. {_BY_HAND}")
    try:
        return branch, git("rev-parse", "--symbolic-full-name", "@{upstream}")
    except Refused:
        raise Refused(
            f"The branch {branch} follows no branch of a remote. Go to the course's own (git switch main), or name "
            "one: git branch --set-upstream-to=origin/main."
        ) from None


_BY_HAND = "Download the newest version into a folder of its own, and copy your notebooks into it under other names."


def _set_aside(git, upstream):
    """Rename what is in the update's way; returns the (old, new) paths."""
    touched = git.names("diff", "--name-only", "--no-renames", "HEAD", upstream, "--")
    staged = set(git.names("diff", "--name-only", "--no-renames", "--cached", "HEAD", "--"))
    if both := sorted(staged & set(touched)):
        raise Refused(f"{both[0]} is staged, and the update changes it. Unstage it first: git restore --staged .")
    tracked = set(git.names("ls-files"))
    with contextlib.suppress(Refused):  # it complains of what is changed
        git("update-index", "-q", "--refresh")
    # What git's merge takes for changed: also what differs in line ends or by a filter only, which `git diff` hides.
    changed = set(git.names("diff-index", "--name-only", "--no-renames", "HEAD", "--"))
    for folder in sorted({parent for name in touched for parent in Path(name).parents if parent.name}):
        if (git.root / folder).is_symlink():
            raise Refused(f"{folder} is a link, and the update changes files in it. Put the folder itself back first.")
    in_the_way = {}  # in the update's order, each once
    for name in touched:
        if name in tracked and os.path.lexists(git.root / name):
            blocked = [name] if name in changed else []
        else:  # the update brings a file: is there one of the learner's, or one where it needs a folder?
            parts = name.split("/")
            paths = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
            blocked = [path for path in paths if path not in tracked and _is_in_the_way(git.root, path, name)]
        in_the_way.update(dict.fromkeys(blocked[:1]))
    aside = []
    try:
        for name in in_the_way:
            old = git.root / name
            new = name_for_mine(old)
            aside.append((old, new))
            os.rename(old, new)
    except OSError as error:
        _put_back(aside)
        raise Refused(
            f"{name} is in the update's way and can't be renamed ({error.strerror}), so nothing was changed. Close "
            "what uses it (JupyterLab, an editor), then call again."
        ) from None
    except BaseException:
        _put_back(aside)
        raise
    return aside


def _is_in_the_way(root, path, name):
    """Whether the learner has a file where the update writes `name`, or where it needs one of its folders."""
    place = root / path
    folder = place.is_dir() and (path != name or not place.is_symlink())
    return os.path.lexists(place) and not folder


def _put_back(aside):
    for old, new in list(aside):
        if not os.path.lexists(old):
            with contextlib.suppress(OSError):
                os.rename(new, old)
                aside.remove((old, new))


def _told(root, aside):
    if not aside:
        return ""
    lines = [f"  {old.relative_to(root).as_posix()}  →  {new.relative_to(root).as_posix()}" for old, new in aside]
    return "\n".join(["What you had changed is kept under another name:", *lines])
