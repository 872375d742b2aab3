"""Inception-v3 with the weights that the Fréchet *Inception* distance is defined by, for those who have the file.

The net is written here in plain PyTorch, under the names that the file uses, so that the file is all it takes: no
torchvision, no torch-fidelity. It is the net of Szegedy et al. 2016 (arXiv 1512.00567) with what is particular in the
weights of 2015: means over borders leave the padding out, and the last block has a maximum where others have a mean.
"""

import hashlib
import os
import pickle
import warnings
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_edu import files
from gan_edu.metrics.extractors import Features, placed

SIDE = 299
DIM = 2048
FILE = "weights-inception-2015-12-05-6726825d.pth"
URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
BYTES = 95_628_359


def inception_features(path: str | os.PathLike, shape: Sequence[int] = (3, 64, 64)) -> Features:
    """The 2,048 features of Inception-v3 from a file of its weights: with them `frechet` is the FID of the literature.

    The file is weights-inception-2015-12-05-6726825d.pth (96 MB), which torch-fidelity and torchmetrics use as well:
    https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth
    pt_inception-2015-12-05-6726825d.pth of pytorch-fid has the same content. Nothing is ever downloaded here.

    Images are rounded to 256 levels and enlarged to 299 × 299 as torchmetrics does (bilinear); grey ones become three
    equal channels. FID is compared at 50,000 images in most papers, and means something from several thousand on, since
    there are 2,048 features; for fewer images read the kernel distance, which is KID here. An image takes about 11
    thousand million operations: a thousand of them take minutes without a GPU.

    Args:
        path: of the file.
        shape: of the images that will be measured, (1, S, S) or (3, S, S).

    Raises RuntimeError, with what to do, when the file isn't there or isn't such weights; ValueError for a shape that
    can't be used. Warns when it holds other weights for the same net, whose distances are no FID.
    """
    given = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else shape
    if not isinstance(given, tuple) or len(given) != 3 or given[0] not in (1, 3) or given[1:] != given[:0:-1]:
        raise ValueError(f"shape must be (1, S, S) or (3, S, S); got {given!r}.")
    weights, right = _read(path)
    with torch.device("meta"):  # no memory, and no random numbers, for weights that the file brings
        net = Inception()
    try:
        net.load_state_dict(weights, assign=True)
    except (RuntimeError, TypeError, AttributeError) as error:
        why = " ".join(str(error).removeprefix("Error(s) in loading state_dict for Inception:").split())
        raise _unusable(path, f"its weights are of another net: {why[:200]}") from None
    if not right:
        warnings.warn(
            f"{path} isn't the file of the original weights (by its SHA-256): distances in these features are no FID "
            "that could be compared with published ones.",
            stacklevel=2,
        )
    return Features(
        name="Inception" if right else "Inception (other weights)",
        shape=given,
        dim=DIM,
        on=placed(net.float()),
        batch=16,
    )


def _unusable(path, why: str) -> RuntimeError:
    return RuntimeError(
        f"The weights of Inception can't be read from {path} ({why}): get {FILE} ({BYTES / 1e6:.0f} MB) from {URL}, "
        "and say where it lies."
    )


def _read(path: str | os.PathLike) -> tuple[dict[str, Tensor], bool]:
    """The weights in a file, and whether it is the one that it should be."""
    try:
        with open(files.expanded(path), "rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest() == SHA256
            file.seek(0)
            weights = torch.load(file, map_location="cpu", weights_only=True)  # numbers, and nothing that could run
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    except (pickle.UnpicklingError, RuntimeError, ValueError, TypeError, EOFError, KeyError, AttributeError) as error:
        raise _unusable(path, f"{type(error).__name__}: it is damaged, or no file of weights alone") from None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise _unusable(path, "it is no table of tensors")
    if not all(value.isfinite().all() for value in weights.values()):
        raise _unusable(path, "some of its numbers are NaN or infinite")
    return weights, right


# -- the net -------------------------------------------------------------------------------------------------------
class Conv(nn.Module):
    """A convolution without bias, its batch norm, ReLU. By default it keeps the sides."""

    def __init__(self, before: int, after: int, kernel: int | tuple[int, int], stride: int = 1, padding=None):
        super().__init__()
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = tuple(side // 2 for side in sides) if padding is None else padding
        self.conv = nn.Conv2d(before, after, sides, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Block(nn.Module):
    """Branches side by side: each a chain of convolutions; and one that pools first.

    branches: name → widths and kernels, [(maps, kernel), ...]; the layers are called name_1, name_2 and so on, or just
    name where there is one. A step [("a", ...), ("b", ...)] forks, and both outcomes are kept.
    """

    def __init__(self, before: int, branches: dict, pool: int, maximum: bool = False):
        super().__init__()
        self.chains, self.maximum = [], maximum
        for name, steps in branches.items():
            chain, width = [], before
            for place, step in enumerate(steps, 1):
                own = name if len(steps) == 1 else f"{name}_{place}"
                if isinstance(step, list):
                    chain.append([self._add(own + letter, width, *conv) for letter, *conv in step])
                else:
                    chain.append([self._add(own, width, *step)])
                    width = step[0]
            self.chains.append(chain)
        self.branch_pool = Conv(before, pool, 1)

    def _add(self, name: str, before: int, maps: int, *kernel) -> str:
        self.add_module(name, Conv(before, maps, *kernel))
        return name

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for chain in self.chains:
            y = x
            for names in chain:
                y = torch.cat([getattr(self, name)(y) for name in names], 1)
            found.append(y)
        if self.maximum:
            pooled = F.max_pool2d(x, 3, stride=1, padding=1)
        else:
            pooled = F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        return torch.cat([*found, self.branch_pool(pooled)], 1)


class Halving(Block):
    """The same with strides of 2 at the end of each chain; what is pooled stays as it is."""

    def __init__(self, before: int, branches: dict):
        super().__init__(before, branches, 1)
        del self.branch_pool

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for chain in self.chains:
            y = x
            for (name,) in chain:
                y = getattr(self, name)(y)
            found.append(y)
        return torch.cat([*found, F.max_pool2d(x, 3, stride=2)], 1)


def _a(before: int, pool: int) -> Block:
    three = [(64, 1), (96, 3), (96, 3)]
    return Block(before, {"branch1x1": [(64, 1)], "branch5x5": [(48, 1), (64, 5)], "branch3x3dbl": three}, pool)


def _c(seven: int) -> Block:
    row, column = (1, 7), (7, 1)
    once = [(seven, 1), (seven, row), (192, column)]
    twice = [(seven, 1), (seven, column), (seven, row), (seven, column), (192, row)]
    return Block(768, {"branch1x1": [(192, 1)], "branch7x7": once, "branch7x7dbl": twice}, 192)


def _e(before: int, maximum: bool) -> Block:
    fork = [("a", 384, (1, 3)), ("b", 384, (3, 1))]
    branches = {"branch1x1": [(320, 1)], "branch3x3": [(384, 1), fork], "branch3x3dbl": [(448, 1), (384, 3), fork]}
    return Block(before, branches, 192, maximum)


class Inception(nn.Module):
    """Images (N, 1 or 3, S, S) in [-1, 1] → (N, 2048), the means of the last maps.

    `fc`, 1,008 logits, is in the file of weights and not used.
    """

    def __init__(self):
        super().__init__()
        halved = (3, 2, 0)  # 3 × 3, stride 2, no padding
        self.Conv2d_1a_3x3 = Conv(3, 32, *halved)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, 1, 0)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.MaxPool_1 = nn.MaxPool2d(3, 2)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, 1, 0)
        self.MaxPool_2 = nn.MaxPool2d(3, 2)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _a(192, 32), _a(256, 64), _a(288, 64)
        self.Mixed_6a = Halving(288, {"branch3x3": [(384, *halved)], "branch3x3dbl": [(64, 1), (96, 3), (96, *halved)]})
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = _c(128), _c(160), _c(160), _c(192)
        seven = [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, *halved)]
        self.Mixed_7a = Halving(768, {"branch3x3": [(192, 1), (320, *halved)], "branch7x7x3": seven})
        self.Mixed_7b, self.Mixed_7c = _e(1280, False), _e(2048, True)
        self.fc = nn.Linear(DIM, 1008)

    def forward(self, x: Tensor) -> Tensor:
        x = ((x + 1) * 127.5).round().clamp(0, 255).expand(-1, 3, -1, -1)
        x = F.interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
        x = (x - 128) / 128
        for name, layer in self.named_children():
            if name != "fc":
                x = layer(x)
        return x.mean((2, 3))
