"""Data of the course, and of one's own: 2-D toy distributions with exact densities, small images, and texts; a folder
of pictures, a table, a series.

``toy`` is the module of toy distributions, ``processes`` that of series with a known law, ``sounds`` that of
vowels and notes; ``images`` is the function
that returns an ``ImageSet``, ``faces`` the one that draws faces in colour with everything about them known, ``prose``
and ``chapters`` those that return a text, ``job_training`` the one that returns an experiment; ``image_sets`` knows
the whole sets. ``Distribution`` and ``Mixture`` say what the rest of the library asks of a distribution, yours
included. ``folder``, ``table`` and ``series`` read what is yours.
"""

from gan_edu.data import image_sets, processes, sounds, toy
from gan_edu.data.distribution import Distribution, Mixture
from gan_edu.data.drawn_faces import Faces, faces
from gan_edu.data.folders import Folder, folder
from gan_edu.data.image_sets import DataError, ImageSet, images
from gan_edu.data.tables import Table, table
from gan_edu.data.text import LETTERS, chapters, letters, prose
from gan_edu.data.trials import Trial, job_training
from gan_edu.data.windows import Series, series

__all__ = [
    "LETTERS", "DataError", "Distribution", "Faces", "Folder", "ImageSet", "Mixture", "Series", "Table", "Trial",
    "chapters", "faces", "folder", "image_sets", "images", "job_training", "letters", "processes", "prose", "series",
    "sounds", "table", "toy",
]  # fmt: skip
