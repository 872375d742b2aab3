"""Latent spaces of autoencoders, VAEs and a GAN's noise: the mathematics, the training and the recording.

`Space` sees any model from its latent space; `LatentSettings` says what can be trained and shown; the widget
`gan_edu.widgets.LatentSpace` is a shell around all this. Tools for any generator: `slerp` and `tour` (ways between
codes), `truncate`, `attribute_direction`, `invert` and `fit_encoder` (from pictures back to codes).
"""

from gan_edu.latent.codes import Direction, attribute_direction, slerp, tour, truncate, walk_codes
from gan_edu.latent.inversion import FittedEncoder, Inversion, fit_encoder, invert
from gan_edu.latent.observer import LatentObserver
from gan_edu.latent.pictures import Pictures, drawing, like_mnist, pictures_of
from gan_edu.latent.recipe import KINDS, LatentSettings, new_model, training_rows
from gan_edu.latent.runs import Finished, Learning
from gan_edu.latent.space import DEAD, Holes, Space, hole_centers, hole_map, kl_per_dimension, misfit

__all__ = [
    "DEAD", "KINDS", "Direction", "Finished", "FittedEncoder", "Holes", "Inversion", "LatentObserver",
    "LatentSettings", "Learning", "Pictures", "Space", "attribute_direction", "drawing", "fit_encoder",
    "hole_centers", "hole_map", "invert", "kl_per_dimension", "like_mnist", "misfit", "new_model", "pictures_of",
    "slerp", "tour", "training_rows", "truncate", "walk_codes",
]  # fmt: skip
