"""The Pythons and systems that the course can be installed on: those that PyTorch's wheels are made for.

Standard library only: course.py asks before anything is installed. tools/resolve_pins.py checks the lists against what
the package index really has, and benchmarks/systems.md holds its answer.
"""

import os
import platform
import struct
import subprocess
import sys
import sysconfig

NEWEST = (3, 14)  # the newest Python that the pinned torch has wheels for
OLDEST_MACOS = (14, 0)
OLDEST_GLIBC = (2, 28)
OTHER = "a computer with Windows or Linux on an Intel or AMD processor, or a Mac with Apple silicon"


def unsupported():
    """None where the course can be installed, else one or two sentences: what is missing, and what to do instead."""
    return _python() or _system()


def _python():
    here = f"{platform.python_version()} ({sys.executable})"
    if sys.implementation.name != "cpython":
        return f"PyTorch exists for CPython only, and this is {sys.implementation.name} {here}. {_get_python()}"
    if sys.version_info[:2] > NEWEST:
        return f"PyTorch, in the version that the course needs, is not made for Python {here} yet. {_get_python()}"
    if sysconfig.get_config_var("Py_GIL_DISABLED") and sys.version_info[:2] < (3, 14):
        return f"PyTorch is not made for the free-threaded Python {here}. {_get_python('without free threading')}"
    if struct.calcsize("P") < 8:
        return f"PyTorch needs a 64-bit Python, and {here} is a 32-bit one. {_get_python('as the 64-bit installer')}"
    return None


def _get_python(how=""):
    newest = ".".join(map(str, NEWEST))
    how = f" {how}" if how else ""
    return f"Install Python 3.11 to {newest}{how} (python.org/downloads), then call course.py with it."


def _system():
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        return _macos(machine)
    if sys.platform == "win32":
        # The Python decides, not the processor: Windows on ARM runs Pythons for Intel and AMD too.
        if sysconfig.get_platform() == "win-amd64":
            return None
        return (
            "PyTorch has no version for Windows on ARM that fits the course. Install Linux inside Windows "
            "(wsl --install) and call python3 course.py lab there."
        )
    if not sys.platform.startswith("linux"):
        return f"PyTorch is not made for {platform.system() or sys.platform}. Use {OTHER}."
    if machine not in ("x86_64", "amd64", "aarch64", "arm64"):
        return f"PyTorch is made for Linux on x86-64 and 64-bit ARM, and this is {machine}. Use {OTHER}."
    return _libc()


def _macos(machine):
    if machine != "arm64":
        if _translated():
            return (
                f"This Python ({sys.executable}) is one for Intel processors, and this Mac has Apple silicon. Install "
                "Python from python.org/downloads or for arm64, then call course.py with it."
            )
        return (
            "PyTorch no longer exists for Macs with Intel processors. Run the course in a virtual machine or container "
            f"with Linux on this Mac, or use {OTHER}."
        )
    version = platform.mac_ver()[0]
    if _numbers(version) < OLDEST_MACOS:
        return f"PyTorch needs macOS 14 or newer, and this is macOS {version}. Update it in System Settings > General."
    return None


def _translated():
    """Whether Apple silicon runs this process as if on an Intel processor."""
    try:
        asked = subprocess.run(["sysctl", "-n", "sysctl.proc_translated"], capture_output=True, text=True, timeout=2)
    except (OSError, subprocess.SubprocessError):
        return False
    return asked.stdout.strip() == "1"


def _libc():
    try:
        name, version = os.confstr("CS_GNU_LIBC_VERSION").split()
    except (AttributeError, OSError, ValueError):  # musl knows no such name
        return (
            "PyTorch needs Linux with glibc, and this Linux (Alpine?) has another C library. Use one such as Debian or "
            "Ubuntu, for example in a container (docker run -it python:3.12)."
        )
    if _numbers(version) < OLDEST_GLIBC:
        return (
            f"PyTorch needs Linux with glibc 2.28 or newer, and this one has {name} {version}. Use a newer one (Debian "
            "10, Ubuntu 20.04, RHEL 8 or later), for example in a container (docker run -it python:3.12)."
        )
    return None


def _numbers(version):
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
