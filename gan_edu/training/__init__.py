"""Training as a stream of steps.

    gan = GAN(generator, discriminator, loss="non_saturating", penalties={"r1": 1.0})
    for step in train(gan, data, steps=5000):
        ...                                  # look at step, draw, measure; `break` stops

A model (GAN or VAE) owns everything that changes while it trains: nets, optimisers, averages, its own streams of random
numbers, and a History. So a run can be left, saved, loaded and continued, bit for bit on the same machine.
"""

from gan_edu.training.checkpoint import CheckpointError, read_safetensors
from gan_edu.training.doubts import Doubt
from gan_edu.training.gan import GAN, GANSettings, noise_dim_of
from gan_edu.training.history import History, Step
from gan_edu.training.model import Model
from gan_edu.training.run import Run, TrainingDiverged, progress_bar, run, train
from gan_edu.training.sources import batches
from gan_edu.training.vae import VAE, VAESettings

__all__ = [
    "GAN", "VAE", "CheckpointError", "Doubt", "GANSettings", "History", "Model", "Run", "Step", "TrainingDiverged",
    "VAESettings", "batches", "noise_dim_of", "progress_bar", "read_safetensors", "run", "train",
]  # fmt: skip
