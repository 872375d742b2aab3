"""What every test shares."""

import gc
import os
import shutil
import tempfile

import hypothesis
import matplotlib
import pytest

from tests import warm_kernels

# Exercises are incomplete on purpose; the others are a learner's own, set aside by `course.py update`.
collect_ignore_glob = ["exercises/*", "*.mine-*"]

# Figures of the tests themselves open no windows. (The notebooks' kernels are other processes.)
matplotlib.use("Agg")

# The same examples in every run, however slow the machine.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")


def pytest_configure(config):
    """Give tests and notebooks folders of their own, so that they neither see nor change the learner's."""
    if config.getoption("nbval", False) and (kernels := warm_kernels.installed()):
        config.add_cleanup(kernels.close)
    if hasattr(config, "workerinput"):
        return  # pytest-xdist's workers inherit the folders
    if config.getoption("nbval", False):
        # Lists the fonts, once for this computer: a notebook that did so would say so, if it took more than 5 seconds.
        import matplotlib.font_manager  # noqa: F401

        os.environ.setdefault("TQDM_DISABLE", "1")  # a bar shows only where a training takes more than a second
    folder = tempfile.mkdtemp(prefix="gan-edu-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in ("GAN_EDU_STATE", "IPYTHONDIR"):
        os.environ[name] = os.path.join(folder, name.lower())


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without the garbage collector, and keep it from looking through all tests ever after."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items):
    """Start what takes longest, notebooks and browser, first: the short tests then keep the cores busy to the end.

    The browser's files are spread among the notebooks: a browser mostly waits, a notebook mostly computes.

    Of notebooks' outputs in HTML only the text beside it is compared: recordings for exported pages hold every digit of
    a training, which differ from processor to processor.
    """
    for notebook in {id(item.parent): item.parent for item in items if item.path.suffix == ".ipynb"}.values():
        if "text/html" not in notebook.skip_compare:
            notebook.skip_compare = (*notebook.skip_compare, "text/html")

    files = list(dict.fromkeys(item.path for item in items))
    notebooks = [path for path in files if path.suffix == ".ipynb"]
    browser = [path for path in files if "browser" in path.parts]
    place = {path: n / len(kind) for kind in (notebooks, browser) for n, path in enumerate(kind)}
    items.sort(key=lambda item: place.get(item.path, 1))
