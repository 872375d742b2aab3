"""Data of the course, and of one's own: 2-D toy distributions with exact densities, small images, and a text; a folder
of pictures, a table, a series.

``toy`` is the module of toy distributions, ``processes`` that of series with a known law; ``images`` is the function
that returns an ``ImageSet``, ``faces`` the one that draws faces in colour with everything about them known, ``prose``
the one that returns the text; ``image_sets`` knows the whole sets. ``Distribution`` and ``Mixture`` say what the rest
of the library asks of a distribution, yours included. ``folder``, ``table`` and ``series`` read what is yours.
"""

from gan_edu.data import image_sets, processes, toy
from gan_edu.data.distribution import Distribution, Mixture
from gan_edu.data.drawn_faces import Faces, faces
from gan_edu.data.folders import Folder, folder
from gan_edu.data.image_sets import DataError, ImageSet, images
from gan_edu.data.tables import Table, table
from gan_edu.data.text import prose
from gan_edu.data.windows import Series, series

__all__ = [
    "DataError", "Distribution", "Faces", "Folder", "ImageSet", "Mixture", "Series", "Table", "faces", "folder",
    "image_sets", "images", "processes", "prose", "series", "table", "toy",
]  # fmt: skip
