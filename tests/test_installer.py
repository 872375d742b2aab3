"""Installing: by uv with pip's settings, by pip where that fails, and not at all where PyTorch has left."""

import functools
import http.server
import json
import os
import subprocess
import sys
import textwrap
import threading
import types
import zipfile
from pathlib import Path

import pytest
from setup_project import builds, call, load, make_project, pins

from tools import installer, systems

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "the course")  # with a space, as home folders have


# Pythons and systems that PyTorch has left, or has not reached

MAC = {"sys.platform": "darwin", "platform.machine": "arm64", "platform.mac_ver": ("14.5", ("", "", ""), "arm64")}
WINDOWS = {"sys.platform": "win32", "platform.machine": "AMD64", "sysconfig.get_platform": "win-amd64"}
LINUX = {"sys.platform": "linux", "platform.machine": "x86_64", "os.confstr": "glibc 2.28"}
UNSUPPORTED = {
    "Intel Mac": ({**MAC, "platform.machine": "x86_64"}, "Macs with Intel processors"),
    "Intel Python on Apple silicon": ({**MAC, "platform.machine": "x86_64", "translated": True}, "has Apple silicon"),
    "macOS 13": ({**MAC, "platform.mac_ver": ("13.7.1", ("", "", ""), "arm64")}, "this is macOS 13.7.1"),
    "Windows on ARM": ({**WINDOWS, "sysconfig.get_platform": "win-arm64"}, "wsl --install"),
    "32-bit Windows": ({**WINDOWS, "struct.calcsize": 4}, "64-bit installer"),
    "32-bit ARM": ({**LINUX, "platform.machine": "armv7l"}, "this is armv7l"),
    "Alpine": ({**LINUX, "os.confstr": ValueError("unrecognized configuration name")}, "another C library"),
    "CentOS 7": ({**LINUX, "os.confstr": "glibc 2.17"}, "this one has glibc 2.17"),
    "FreeBSD": ({"sys.platform": "freebsd14", "platform.system": "FreeBSD"}, "not made for FreeBSD"),
    "Python 3.15": ({**LINUX, "sys.version_info": (3, 15, 0, "final", 0)}, "Python 3.11 to 3.14"),
    "free-threaded 3.13": ({**LINUX, "sys.version_info": (3, 13, 1), "Py_GIL_DISABLED": 1}, "without free threading"),
    "PyPy": ({**LINUX, "sys.implementation": types.SimpleNamespace(name="pypy")}, "this is pypy"),
}
SUPPORTED = {
    "macOS 14": MAC,
    "Windows": WINDOWS,
    "Windows on ARM, Python for AMD": {**WINDOWS, "platform.machine": "ARM64"},
    "glibc 2.28": LINUX,
    "Linux on ARM": {**LINUX, "platform.machine": "aarch64", "os.confstr": "glibc 2.39"},
    "Python 3.11.0": {**LINUX, "sys.version_info": (3, 11, 0, "final", 0)},
    "Python 3.14": {**LINUX, "sys.version_info": (3, 14, 2, "final", 0)},
}


@pytest.fixture
def pretend(monkeypatch):
    """A function: make tools.systems see another system."""

    def answer(value):
        def asked(*_, **__):
            if isinstance(value, Exception):
                raise value
            return value

        return asked

    def set_up(values):
        values = {"translated": False, "Py_GIL_DISABLED": None, "struct.calcsize": 8, **values}
        monkeypatch.setattr(systems, "_translated", answer(values.pop("translated")))
        monkeypatch.setattr(systems.sysconfig, "get_config_var", answer(values.pop("Py_GIL_DISABLED")))
        for name, value in values.items():
            module, _, attribute = name.partition(".")
            data = name in ("sys.platform", "sys.version_info", "sys.implementation")
            # A stand-in for the module, so that the rest of Python keeps seeing what is there.
            stand_in = types.SimpleNamespace(
                **{**vars(getattr(systems, module)), attribute: value if data else answer(value)}
            )
            monkeypatch.setattr(systems, module, stand_in)

    return set_up


@pytest.mark.parametrize("values, said", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_a_system_without_pytorch_is_told_so_before_anything_is_made(
    project, pretend, values, said, monkeypatch, capsys
):
    pretend(values)
    course = load(project)
    monkeypatch.setattr(course, "systems", systems)
    assert course.main(["lab"]) == 1
    told = capsys.readouterr().err
    assert "can't be installed here. PyTorch" in told or "This Python" in told
    assert said in told
    assert not course.VENV.exists() and not (project / ".venv.lock").exists()


@pytest.mark.parametrize("values", SUPPORTED.values(), ids=SUPPORTED)
def test_a_system_with_pytorch_goes_on(pretend, values):
    pretend(values)
    assert systems.unsupported() is None


def test_letters_that_the_locale_does_not_know(tmp_path):
    project = make_project(tmp_path / "Universität 北京")
    for _ in range(2):
        done = call(project, "lab", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        assert done.returncode == 0, done.stderr
        assert builds(project) == 1


# uv, with what pip is set to


@pytest.fixture
def with_uv(project, tmp_path):
    """A project for which a stand-in for uv can be had: it notes how it was called, and installs by pip or fails."""
    code = """
        import json, os, pathlib, subprocess, sys
        seen = {"arguments": sys.argv[1:], "environment": {k: v for k, v in os.environ.items() if k.startswith("UV_")}}
        with open("uv.jsonl", "a") as file:
            print(json.dumps(seen), file=file)
        if os.environ.get("FAIL"):
            sys.exit("uv: no such luck")
        arguments = sys.argv[2:]
        for option, length in {"--no-config": 1, "--python": 2, "--index-strategy": 2}.items():
            while option in arguments:
                del arguments[arguments.index(option) : arguments.index(option) + length]
        sys.exit(subprocess.call([sys.executable, "-m", "pip", *arguments]))
        """
    wheel(tmp_path / "wheels", "uv", pins()["uv"], code)
    with open(project / "constraints.txt", "a") as file:
        file.write(f"uv=={pins()['uv']}  # a reason\n")
    (project / "nothing.txt").touch()
    return project, {"PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_CONFIG_FILE": os.devnull}


def wheel(folder, name, version, code=""):
    """A wheel with one module that runs `code` as `python -m name`."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", "")
        file.writestr(f"{name}/__main__.py", textwrap.dedent(code))
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


def uv_calls(project):
    return [json.loads(line) for line in (project / "uv.jsonl").read_text().splitlines()]


def test_uv_installs_with_pips_settings_and_pins(with_uv):
    project, settings = with_uv
    done = call(project, "lab", **settings, PIP_CONSTRAINT="nothing.txt", UV_INDEX_URL="https://elsewhere.example")
    assert done.returncode == 0, done.stderr
    (seen,) = uv_calls(project)
    line = " ".join(seen["arguments"])
    assert line.startswith("pip install --no-config --python ") and line.endswith("-c constraints.txt -e .")
    assert "--no-index" in line and "-c nothing.txt" in line
    assert seen["environment"]["UV_FIND_LINKS"] == settings["PIP_FIND_LINKS"]
    assert "UV_INDEX_URL" not in seen["environment"]
    assert builds(project) == 1


def test_when_uv_fails_pip_installs(with_uv):
    project, settings = with_uv
    done = call(project, "lab", **settings, FAIL="yes")
    assert done.returncode == 0, done.stderr
    assert "uv: no such luck" in done.stderr and "trying again with pip" in done.stdout
    assert len(uv_calls(project)) == builds(project) == 1


def test_a_setting_that_only_pip_knows_means_pip(with_uv):
    project, settings = with_uv
    done = call(project, "lab", **settings, PIP_NO_BINARY="six")
    assert done.returncode == 0, done.stderr
    assert "pip is set to use no-binary" in done.stdout
    assert not (project / "uv.jsonl").exists()


@pytest.mark.parametrize(
    "setting, arguments, variables",
    [
        ({"index-url": "https://a/simple"}, [], {"UV_DEFAULT_INDEX": "https://a/simple"}),
        (
            {"extra-index-url": "https://b\nhttps://c"},
            ["--index-strategy", "unsafe-best-match"],
            {"UV_INDEX": "https://b https://c"},
        ),
        ({"find-links": "/a /b"}, [], {"UV_FIND_LINKS": "/a,/b"}),
        ({"no-index": "true"}, ["--no-index"], {}),
        ({"no-index": "false"}, [], {}),
        ({"trusted-host": "a b:80"}, [], {"UV_INSECURE_HOST": "a b:80"}),
        ({"cert": "/ca.pem"}, [], {"SSL_CERT_FILE": "/ca.pem"}),
        ({"default-timeout": "180"}, [], {"UV_HTTP_TIMEOUT": "180"}),
        ({"constraint": "x.txt y.txt"}, ["-c", "x.txt", "-c", "y.txt"], {}),
        ({"no-cache-dir": "1"}, ["--no-cache"], {}),
        ({"disable-pip-version-check": "1", "progress-bar": "off"}, [], {}),
    ],
)
def test_pips_settings_in_uvs_words(setting, arguments, variables):
    assert installer.translate(setting, {}) == (arguments, variables)


def test_pips_proxy_is_uvs_for_both_protocols():
    _, variables = installer.translate({"proxy": "proxy.example:3128"}, {})
    assert set(variables.values()) == {"http://proxy.example:3128"} and {"HTTP_PROXY", "HTTPS_PROXY"} <= set(variables)


@pytest.mark.parametrize("option", ["only-binary", "require-hashes", "keyring-provider", "client-cert", "anything-new"])
def test_pips_other_settings_have_no_words(option):
    with pytest.raises(installer.OnlyPip, match=option):
        installer.translate({option: "x"}, {})


def test_pips_settings_are_read_from_files_and_variables(tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://a\nretries = 3\n[install]\nindex_url = https://b\n[list]\nformat = x\n"
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    here = {"env": {**kept, "PIP_CONFIG_FILE": str(config), "PIP_RETRIES": "5", "PIP_EXTRA_INDEX_URL": ""}}
    found = installer.pip_settings(sys.executable, here)
    assert (found["index-url"], found["retries"]) == ("https://b", "5")
    assert "format" not in found and "extra-index-url" not in found


# PyTorch's index of CPU builds


@pytest.fixture
def cpu_builds(tmp_path):
    """An index like PyTorch's, on this machine, with a torch that is a stand-in."""
    wheel(tmp_path / "index/torch", "torch", "1.0+cpu")
    with open(tmp_path / "index/torch/index.html", "w") as file:
        file.write('<a href="torch-1.0%2Bcpu-py3-none-any.whl">torch-1.0+cpu-py3-none-any.whl</a>')
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "index"))
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    "cuda, chosen, taken", [(False, {}, True), (True, {}, False), (False, {"find-links": "/x"}, False)]
)
def test_linux_without_a_driver_takes_torch_from_pytorchs_cpu_builds(
    project, cpu_builds, monkeypatch, cuda, chosen, taken
):
    with open(project / "constraints.txt", "a") as file:
        file.write("torch==1.0\n")
    monkeypatch.setattr(installer, "CPU_BUILDS", cpu_builds)
    monkeypatch.setattr(installer, "wants_cuda", lambda: cuda)
    monkeypatch.setattr(installer, "pip_settings", lambda *_: chosen)
    monkeypatch.setattr(installer, "_uv", lambda *_: None)
    lines = []
    monkeypatch.setattr(installer, "_is_there", lambda *_: True)
    monkeypatch.setattr(installer, "_run", lambda line, options: lines.append(line))
    installer.install("python", project, ".", {})
    assert len(lines) == 1 + taken and lines[-1][-2:] == ["-e", "."]
    if taken:
        assert lines[0][-4:] == ["--no-deps", "--index-url", cpu_builds, "torch==1.0"]
    monkeypatch.setattr(installer, "CPU_BUILDS", "http://127.0.0.1:1")  # can't be reached: the usual index
    installer.install("python", project, ".", {})
    assert len(lines) == 2 + taken


def test_pip_takes_the_cpu_build_for_the_pinned_version(cpu_builds, tmp_path):
    line = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "there")]
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("PIP_")}, "PIP_CONFIG_FILE": os.devnull}
    subprocess.run([*line, "--index-url", cpu_builds, "torch==1.0"], check=True, env=environment)
    assert (tmp_path / "there/torch-1.0+cpu.dist-info").exists()


@pytest.mark.parametrize(
    "platform, found, wants", [("linux", None, False), ("linux", "/x", True), ("darwin", None, True)]
)
def test_where_the_usual_torch_is_wanted(monkeypatch, platform, found, wants):
    monkeypatch.setattr(installer, "sys", types.SimpleNamespace(platform=platform))
    monkeypatch.setattr(installer.shutil, "which", lambda name: found)
    monkeypatch.setattr(installer, "glob", types.SimpleNamespace(glob=lambda pattern: []))
    assert installer.wants_cuda() == wants


def test_an_installation_that_pips_settings_led_elsewhere_is_no_success(monkeypatch, tmp_path):
    """PIP_TARGET, PIP_PREFIX and PIP_DRY_RUN let pip end well, with nothing in .venv."""
    monkeypatch.setattr(installer, "_run", lambda *_: None)
    monkeypatch.setattr(installer, "_is_there", lambda *_: False)
    monkeypatch.setattr(installer, "_uv", lambda *_: None)
    monkeypatch.setattr(installer, "pip_settings", lambda *_: {"target": "elsewhere"})
    with pytest.raises(installer.Failed, match="installed elsewhere than in .venv. pip is set to: target"):
        installer.install("python", ROOT, ".", {})


def test_the_course_is_looked_for_in_the_environment_itself():
    assert installer._is_there(sys.executable, {"cwd": ROOT, "env": dict(os.environ)})
    assert not installer._is_there(sys._base_executable, {"cwd": ROOT, "env": dict(os.environ)})
