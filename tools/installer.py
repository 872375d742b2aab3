"""Install the course's packages into .venv: by uv, in seconds; by pip, where uv isn't to be had or fails.

uv gets what the user has set for pip (its files and PIP_ variables): the same indexes, folders, certificates, proxies
and constraints. A setting that has no counterpart in uv means pip. On Linux without an NVIDIA driver, PyTorch's own
index of CPU builds is asked first, unless the user has chosen where packages come from. Standard library only.
"""

import ast
import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections import deque
from pathlib import Path

CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
SOURCES = ("index-url", "extra-index-url", "find-links", "no-index")  # a user who sets one has chosen
# Settings of pip's that change only what it shows, or that have no meaning for an installation into .venv.
HARMLESS = {"disable-pip-version-check", "no-color", "progress-bar", "quiet", "verbose", "no-input", "debug", "log"}
HARMLESS |= {"no-warn-script-location", "no-python-version-warning", "root-user-action", "break-system-packages"}
HARMLESS |= {"require-virtualenv", "user", "compile", "no-compile", "format", "config-file", "warn-script-location"}


class Failed(Exception):
    """What pip wrote to stderr."""


class OnlyPip(Exception):
    """A setting of pip's that uv has no counterpart for."""


def install(python, root, target, environment):
    """Install `target` ("." or ".[test]") of the course in `root` for the interpreter `python`. Raises Failed."""
    here = {"cwd": root, "env": environment}
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-user"]
    pinned = ["-c", "constraints.txt"]
    settings = pip_settings(python, here)
    uv = _uv([*pip, *pinned], settings, python, here)
    for install, options in filter(None, [uv, (pip, here)]):
        if (torch := _pin(root, "torch")) and not wants_cuda() and not settings.keys() & set(SOURCES) and _reachable():
            print("There is no NVIDIA driver here, so PyTorch comes in its small build for CPUs.", flush=True)
            _run([*install, "--no-deps", "--index-url", CPU_BUILDS, torch], options)  # or else from the usual index
        if (errors := _run([*install, *pinned, "-e", target], options)) is None:
            if _is_there(python, here):
                return
            said = ", ".join(settings) or "PIP_ variables"
            errors = f"ERROR: it was installed elsewhere than in .venv. pip is set to: {said} (pip config list)."
        if install is pip:
            raise Failed(errors)
        print("uv could not install it; trying again with pip, which takes longer.", flush=True)


def _is_there(python, here):
    """Whether the course is in .venv itself: pip's settings (target, prefix, dry-run) may lead elsewhere."""
    ask = "from importlib.metadata import version; version('gan-edu')"
    return not subprocess.run([python, "-I", "-c", ask], capture_output=True, **here).returncode


def _uv(pip, settings, python, here):
    """(how a command line for uv starts, options of its process), or None where only pip will do."""
    try:
        arguments, variables = translate(settings, here["env"])
    except OnlyPip as reason:
        print(f"pip is set to use {reason}, which is for pip only; so pip installs, which takes longer.", flush=True)
        return None
    got = subprocess.run([*pip, "--quiet", "--retries", "0", "--only-binary", "uv", "uv"], capture_output=True, **here)
    if got.returncode:
        return None  # no network, or an index without uv: pip has words for that
    kept = re.compile("UV_(CACHE_DIR|NO_CACHE|LINK_MODE|CONCURRENT_.*)")  # where to and how; from where, says pip
    env = {key: value for key, value in here["env"].items() if not key.startswith("UV_") or kept.fullmatch(key)}
    line = [python, "-m", "uv", "pip", "install", "--no-config", "--python", python, *arguments]
    return line, {"cwd": here["cwd"], "env": {**env, **variables}}


def pip_settings(python, here):
    """{option: value} as pip sees them for `pip install`: its files, then the PIP_ variables."""
    line = [python, "-m", "pip", "config", "list"]
    asked = subprocess.run(line, capture_output=True, text=True, errors="replace", **here)
    found = {"global": {}, "install": {}, ":env:": {}}
    for line in asked.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.partition(".")
        with contextlib.suppress(ValueError, SyntaxError):
            if section in found and (value := str(ast.literal_eval(value)).strip()):
                found[section][option.replace("_", "-")] = value
    return {**found["global"], **found["install"], **found[":env:"]}


def translate(settings, environment):
    """(arguments, variables) for `uv pip install` that mean what `settings` mean to pip. Raises OnlyPip."""
    arguments, variables = [], {}
    for option, value in settings.items():
        several = value.split()
        if option == "index-url":
            variables["UV_DEFAULT_INDEX"] = value
        elif option == "extra-index-url":
            variables["UV_INDEX"] = " ".join(several)
            arguments += ["--index-strategy", "unsafe-best-match"]  # as pip does: the best of all indexes
        elif option == "find-links" and "," not in value:
            variables["UV_FIND_LINKS"] = ",".join(several)
        elif option == "no-index":
            arguments += ["--no-index"] * _true(value)
        elif option == "trusted-host":
            variables["UV_INSECURE_HOST"] = " ".join(several)
        elif option == "cert":
            variables["SSL_CERT_FILE"] = value
        elif option == "proxy":
            proxy = value if "://" in value else f"http://{value}"
            variables.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy))
        elif option in ("timeout", "default-timeout") and value.isdecimal():
            variables["UV_HTTP_TIMEOUT"] = value
        elif option == "retries" and value.isdecimal():
            variables["UV_HTTP_RETRIES"] = value
        elif option == "constraint":
            for file in several:
                arguments += ["-c", file]
        elif option == "cache-dir":
            variables["UV_CACHE_DIR"] = environment.get("UV_CACHE_DIR", os.path.join(value, "uv"))
        elif option == "no-cache-dir":
            arguments += ["--no-cache"] * _true(value)
        elif option not in HARMLESS:
            raise OnlyPip(option)
    return arguments, variables


def _true(value):
    return value.lower() not in ("0", "n", "no", "f", "false", "off")


def wants_cuda():
    """Whether the usual index's torch is the right one: everywhere but on Linux without an NVIDIA driver."""
    driver = ["/proc/driver/nvidia", "/dev/nvidia*", "/usr/lib/wsl/lib/nvidia-smi"]
    return not sys.platform.startswith("linux") or bool(shutil.which("nvidia-smi") or any(map(glob.glob, driver)))


def _reachable():
    """Whether PyTorch's index answers within seconds."""
    try:
        with urllib.request.urlopen(f"{CPU_BUILDS}/torch/", timeout=4):
            return True
    except (OSError, ValueError):
        return False


def _pin(root, name):
    """'torch==2.13.0' of constraints.txt, or None."""
    lines = Path(root, "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next((line.partition("#")[0].strip() for line in lines if line.startswith(f"{name}==")), None)


def _run(line, options):
    """Run it with its progress on the terminal; returns None when it went well, else what it wrote to stderr."""
    # uv draws its progress on stderr, and what it says there is only for the eye: pip has the last word.
    piped = None if "uv" in line else subprocess.PIPE
    process = subprocess.Popen(line, stderr=piped, text=True, errors="replace", **options)
    errors = deque(maxlen=200)
    try:
        for text in process.stderr or ():
            print(text, end="", file=sys.stderr, flush=True)
            errors.append(text)
        process.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        raise
    return "".join(errors) if process.returncode else None
