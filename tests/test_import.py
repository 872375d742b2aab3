"""`import gan_edu` is quick, because it loads nothing until it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

import gan_edu

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ["torch", "numpy", "matplotlib", "IPython", "jupyterlab", "sklearn"]


def modules_after(code, wanted=HEAVY):
    code = f"{code}\nimport sys; print(*[name for name in {wanted} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("code", ["import gan_edu", "import gan_edu.cli", "import gan_edu; dir(gan_edu)"])
def test_import_loads_nothing_heavy(code):
    assert modules_after(code).split() == []


def test_this_test_would_notice_torch():
    assert "torch" in modules_after("import gan_edu; gan_edu.device").split()


def test_what_every_chapter_imports_leaves_out_what_few_need():
    code = "from gan_edu import data, ensemble, metrics, nets, plotting, training; plotting.use_style()"
    assert modules_after(code, ["pandas", "scipy", "seaborn", "sklearn", "ipywidgets"]).split() == []


def test_modules_load_when_first_used():
    assert gan_edu.device.pick("cpu").type == "cpu"
    assert "device" in dir(gan_edu)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(AttributeError, match="no 'devise'.*device"):
        gan_edu.devise  # noqa: B018
    assert not hasattr(gan_edu, "__wrapped__")


def test_python_m_is_the_command():
    shown = subprocess.run(
        [sys.executable, "-m", "gan_edu", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == f"gan-edu {gan_edu.__version__}"
