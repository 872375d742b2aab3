"""Put the course's notebooks into the package when it is built; all else about the package is in pyproject.toml.

They lie beside the package, where learners look for them, and `gan-edu open` needs them inside it.
"""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))
from gan_edu import opening  # noqa: E402  (imports nothing but Python's own)


class BuildWithNotebooks(build_py):
    def run(self):
        super().run()
        if self.editable_mode:  # the notebooks are used where they lie
            return
        inside = Path(self.build_lib, "gan_edu/course")
        shutil.rmtree(inside, ignore_errors=True)  # of an earlier build
        for name in opening.files():
            (inside / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(opening.home() / name, inside / name)


setup(cmdclass={"build_py": BuildWithNotebooks})
