"""Data of the course: 2-D toy distributions with exact densities, small images, and a text.

``toy`` is the module of toy distributions, ``images`` the *function* that returns an ``ImageSet``;
what else lies in the module of images is reached by ``from gan_edu.data.images import fetch, where``.
"""

from gan_edu.data import toy
from gan_edu.data.images import ImageSet, images
from gan_edu.data.text import prose

__all__ = ["ImageSet", "images", "prose", "toy"]
