"""Finished models that open at once: of digits and of clothes a GAN, a conditional GAN, a VAE and a classifier each,
and small models of digits with a latent space that can be drawn. And one that writes letters.

    generator = models.load("fashion_mnist", "gan")
    images = generator(torch.randn(16, generator.noise_dim))            # (16, 1, 28, 28) in [-1, 1]

`widgets.LatentSpace(models.load("fashion_mnist", "vae"), data="fashion_mnist")` walks in the latent space of one.
`read("faces_gan")[0]` is a generator of drawn faces in colour: noise (N, 32) → (N, 3, 64, 64), `read("waves_gan")[0]`
one of vowels: noise (N, 16) → (N, 1, 1024). CARD.md, CARD_classifiers.md, CARD_latent.md, CARD_faces.md,
CARD_letters.md and CARD_waves.md say how they were made and how good they are.

FINISHED is the table of all files: none that isn't in it is ever opened.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from gan_edu import nets
from gan_edu.settings import near

FOLDER = Path(__file__).parent
NAMES = ("mnist", "fashion_mnist")
KINDS: dict[str, Callable[[], nn.Module]] = {
    "gan": lambda: nets.SubpixelGenerator(64, channels=32),
    "conditional_gan": lambda: nets.ConditionalGenerator(nets.SubpixelGenerator(64 + 10, channels=32)),
    "vae": lambda: nets.VAE(latent_dim=16, hidden=(400,)),
    "classifier": nets.FeatureNet,
}
HIDDEN = (128, 64)  # of encoders to a latent space that can be drawn; decoders have them the other way round
# (kind, β, numbers in the code)
LATENT = {
    "ae": ("ae", 0.0, 2),
    "vae-1": ("vae", 1.0, 2),
    "vae-4": ("vae", 4.0, 2),
    "vae-50": ("vae", 50.0, 2),
    "vae-4-z10": ("vae", 4.0, 10),
    "cvae-1": ("cvae", 1.0, 2),
    "gan": ("gan", 0.0, 2),
}


def net(kind: str) -> nn.Module:
    """An untrained net of the architecture of the finished models. Raises ValueError for an unknown kind."""
    return KINDS[_known(kind, KINDS, "There is no finished model")]()


def latent_net(
    kind: str,
    shape: Sequence[int] = (1, 28, 28),
    latent_dim: int = 2,
    hidden: Sequence[int] = HIDDEN,
    classes: int = 10,
) -> nn.Module:
    """An untrained net with a latent space: "ae", "vae", "cvae" or "gan" (a generator of rows of pixels)."""
    _known(kind, ("ae", "vae", "cvae", "gan"), "There is no net with a latent space")
    if kind == "ae":
        return nets.Autoencoder(shape, latent_dim, hidden)
    if kind == "cvae":
        return nets.ConditionalVAE(shape, latent_dim, hidden, classes)
    if kind == "gan":
        return nets.mlp([latent_dim, *reversed(hidden), math.prod(shape)], activation="relu", output="tanh")
    return nets.VAE(shape, latent_dim, hidden)


FINISHED: dict[str, Callable[[], nn.Module]] = {
    **{f"{name}_{kind}": make for name in NAMES for kind, make in KINDS.items()},
    **{f"latent_{name}": partial(latent_net, kind, latent_dim=dim) for name, (kind, _, dim) in LATENT.items()},
    "faces_gan": lambda: nets.SubpixelGenerator(32, channels=8, shape=(3, 64, 64)),
    "letters_transformer": nets.LetterTransformer,
    "waves_gan": lambda: nets.WaveGenerator(1024, noise_dim=16, hidden=12),
}


def load(name: str, kind: str) -> nn.Module:
    """A finished model of `name` ("mnist", "fashion_mnist"), in evaluation mode, on the CPU, without gradients.

    "gan": noise (N, 64) → images (N, 1, 28, 28) in [-1, 1]. "conditional_gan": a nets.ConditionalGenerator, noise
    (N, 74) → rows of 784 pixels in [-1, 1] and a one-hot class. "vae": a nets.VAE with 16 latent numbers;
    decode(z).sigmoid() is an image in [0, 1]. "classifier": a nets.FeatureNet, which `metrics` measures with.

    Raises ValueError for an unknown name or kind, RuntimeError when the file is missing or not what was written.
    """
    _known(name, NAMES, "There are no finished models of")
    return read(f"{name}_{_known(kind, KINDS, 'There is no finished model')}")[0]


def load_latent(name: str) -> tuple[nn.Module, dict[str, str]]:
    """A finished model with a latent space, by its name in LATENT, and what its file says of it. Raises as `load`."""
    return read(f"latent_{_known(name, LATENT, 'There is no finished model')}")


def load_letters() -> tuple[nets.LetterTransformer, dict[str, str]]:
    """The finished transformer of letters, and what its file says of it. Raises RuntimeError as `load`.

    Signs (N, T), places in data.LETTERS, T ≤ 64 → logits (N, T, 27). facts["held_out"]: numbers of the chapters of
    data.chapters() that it has not learned from, with spaces between them.
    """
    return read("letters_transformer")


def read(entry: str) -> tuple[nn.Module, dict[str, str]]:
    """A finished model by its name in FINISHED, frozen, on the CPU, and what its file says of itself.

    Raises ValueError for an unknown name, RuntimeError when the file is missing or not what was written.
    """
    make, file = FINISHED[_known(entry, FINISHED, "There is no finished model")], path(entry)
    try:
        with safe_open(file, framework="pt") as content:
            weights = {key: content.get_tensor(key) for key in content.keys()}  # noqa: SIM118 (not a dict)
            facts = content.metadata() or {}
        if checksum(weights) != facts.get("sha256"):
            raise ValueError("its numbers don't match its checksum")
        if not all(tensor.isfinite().all() for tensor in weights.values()):
            raise ValueError("some of its numbers are NaN or infinite")
        if entry.startswith("latent_") and not facts.get("steps", "").isdigit():  # a widget shows them
            raise ValueError("it doesn't say how many steps it was trained")
        with torch.random.fork_rng(devices=[]):
            model = make()
        model.load_state_dict(weights)  # some are stored in 16 bits; the net stays in 32
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
        reason = "it is missing" if isinstance(error, FileNotFoundError) else " ".join(str(error).split())
        raise RuntimeError(f"The finished model {file.name} can't be used ({reason}): install again.") from None
    return model.eval().requires_grad_(False), facts


def path(entry: str) -> Path:
    """Where the weights lie."""
    return FOLDER / f"{entry}.safetensors"


def checksum(tensors: dict[str, torch.Tensor]) -> str:
    """SHA-256 of named tensors, in the order of their names; what a file of weights says of itself."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _known(name, names, what: str) -> str:
    """`name`, if it is one of `names`."""
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"{what} {name!r}; there are: {', '.join(names)}.{near(name, names)}")
    return name
