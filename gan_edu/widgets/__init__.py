"""The widgets of the course: `DiscriminatorSurface`, `ModeCollapse`, `LatentSpace`; and `SeeingDoing`, which trains
nothing.

Each of the three is a thin shell: a recorder trains and records, a view in the browser draws, a thread of its own joins
them.
"""

import importlib

_HOMES = {
    "DiscriminatorSurface": "discriminator_surface",
    "ModeCollapse": "mode_collapse",
    "LatentSpace": "latent_space",
    "SeeingDoing": "seeing_doing",
}


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f"gan_edu.widgets.{_HOMES[name]}"), name)
    raise AttributeError(f"gan_edu.widgets has no {name!r}. It has: {', '.join(_HOMES)}.", name=name)


def __dir__():
    return sorted([*globals(), *_HOMES])
