"""The small library behind the course on generative adversarial networks.

`import gan_edu` imports nothing heavy: each module, and torch with it, is loaded when it is first used.
"""

import importlib
import pkgutil

__version__ = "0.1.0"


def _modules():
    return {module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")}


def __getattr__(name):
    if name == "doctor":
        from gan_edu.cli import doctor

        return doctor
    if not name.startswith("_") and name in _modules():
        return importlib.import_module(f"gan_edu.{name}")
    raise AttributeError(f"gan_edu has no {name!r}. It has: {', '.join(sorted(_modules()))}.", name=name)


def __dir__():
    return sorted({*globals(), *_modules(), "doctor"})
