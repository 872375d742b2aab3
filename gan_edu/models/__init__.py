"""Finished models that open at once: a GAN, a conditional GAN and a VAE of digits and of clothes each.

    generator = models.load("fashion_mnist", "gan")
    images = generator(torch.randn(16, generator.noise_dim))            # (16, 1, 28, 28) in [-1, 1]

`widgets.LatentSpace(models.load("fashion_mnist", "vae"), data="fashion_mnist")` walks in the latent space of one.
CARD.md says how they were made and how good they are.
"""

from pathlib import Path

import torch
from torch import nn

from gan_edu import metrics, nets
from gan_edu.training import CheckpointError, read_safetensors

KINDS = ("gan", "conditional_gan", "vae")
NAMES = ("mnist", "fashion_mnist")
FOLDER = Path(__file__).parent


def net(kind: str) -> nn.Module:
    """An untrained net of the architecture of the finished models: a generator, or a VAE.

    Raises ValueError for an unknown kind.
    """
    if kind == "gan":
        return nets.SubpixelGenerator(64, channels=32)
    if kind == "conditional_gan":
        return nets.ConditionalGenerator(nets.SubpixelGenerator(64 + 10, channels=32))
    if kind == "vae":
        return nets.VAE(latent_dim=16, hidden=(400,))
    raise ValueError(f"There is no finished model {kind!r}; there are: {', '.join(KINDS)}.")


def load(name: str, kind: str) -> nn.Module:
    """A finished model of `name` ("mnist", "fashion_mnist"), in evaluation mode, on the CPU, without gradients.

    "gan": noise (N, 64) → images (N, 1, 28, 28) in [-1, 1]. "conditional_gan": a nets.ConditionalGenerator, noise
    (N, 74) → rows of 784 pixels in [-1, 1] and a one-hot class. "vae": a nets.VAE with 16 latent numbers;
    decode(z).sigmoid() is an image in [0, 1].

    Raises ValueError for an unknown name or kind, RuntimeError when the file is missing or not what was written.
    """
    if name not in NAMES:
        raise ValueError(f"There are no finished models of {name!r}; there are models of: {', '.join(NAMES)}.")
    with torch.random.fork_rng(devices=[]):
        model = net(kind)
    model.load_state_dict(weights(path(name, kind))[0])
    return model.eval().requires_grad_(False)


def weights(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The weights in a file of a finished model, in 32 bits, and what the file says of itself.

    Raises RuntimeError when the file is missing or not what was written.
    """
    try:
        tensors, facts = read_safetensors(file)
        if metrics.checksum(tensors) != facts.get("sha256"):
            raise ValueError("its numbers don't match its checksum")
    except (FileNotFoundError, CheckpointError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RuntimeError(f"The finished model {file.name} can't be used ({reason}): install again.") from None
    # stored in 16 bits; counters and the like stay as they are
    return {key: x.float() if x.is_floating_point() else x for key, x in tensors.items()}, facts


def path(name: str, kind: str) -> Path:
    """Where the weights lie."""
    return FOLDER / f"{name}_{kind}.safetensors"
