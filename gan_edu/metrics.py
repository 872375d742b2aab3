"""Measures of how close generated samples come to real ones.

Samples are tensors (or what `torch.as_tensor` takes), one sample a row. Everything is computed in float64 on the
CPU, whatever device the samples lie on. Numbers that are not finite, wrong shapes and too few samples raise a
ValueError that names the argument.

Images are measured in the features of a small classifier trained on the same data set (`features`), because
distances between pixels say little. Numbers from different classifiers or data sets can't be compared, and none means
anything without its floor: what real images score against other real images (`Reference.floor`).
"""

import hashlib
import math
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from scipy.special import bdtrc
from torch import nn

CHUNK = 500  # rows of a distance matrix held at once: 500 x 10,000 float64 numbers are 40 MB


# ---------------------------------------------------------------- checking what came in


def _finite(x, argument):
    x = torch.as_tensor(x).detach().to("cpu").to(torch.float64)  # first the CPU: Apple's MPS has no float64
    bad = x.numel() - int(torch.isfinite(x).sum())
    if bad:
        raise ValueError(f"{argument} holds {bad:,} numbers that are NaN or infinite, of {x.numel():,}.")
    return x


def _table(x, argument, least=2):
    """x as a finite float64 table (N, d) of at least `least` rows."""
    x = _finite(x, argument)
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"{argument} has shape {tuple(x.shape)}; expected (N, d), one sample a row.")
    if len(x) < least:
        raise ValueError(f"{argument} holds {len(x)} sample(s); at least {least} are needed.")
    return x


def _two_tables(x, y, names, least=2):
    x, y = _table(x, names[0], least), _table(y, names[1], least)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"{names[0]} has {x.shape[1]} numbers a sample and {names[1]} has {y.shape[1]}; they must agree."
        )
    return x, y


# ---------------------------------------------------------------- modes of a mixture

HIGH_QUALITY_CEILING_2D = 1 - math.exp(-4.5)
"""Share of exact samples of a 2-D Gaussian within 3 standard deviations: 0.98889. More means modes too narrow."""


@dataclass(frozen=True, eq=False)
class ModeCoverage:
    """What `mode_coverage` found. For an ensemble every field but `total` is a tensor with a first dimension (S,).

    captured: modes with at least one high-quality sample. high_quality: share of high-quality samples, 0 to 1.
    reverse_kl: in nats; NaN without any high-quality sample. counts: high-quality samples of each mode, (K,) or (S, K).
    total: number of modes K.
    """

    captured: int | torch.Tensor
    high_quality: float | torch.Tensor
    reverse_kl: float | torch.Tensor
    counts: torch.Tensor
    total: int

    def __repr__(self):
        runs = [torch.as_tensor(field).double() for field in (self.captured, self.high_quality, self.reverse_kl)]
        captured, quality, kl = (field.mean().item() for field in runs)
        of = f"mean of {len(runs[0])} runs: " if runs[0].ndim else ""
        return (
            f"ModeCoverage({of}{captured:.4g} of {self.total} modes, {quality:.1%} high quality, reverse KL {kl:.4f})"
        )


def mode_coverage(samples, modes, std=None, weights=None, sigmas=3.0):
    """Modes captured, share of high-quality samples, and reverse KL, for a mixture of round Gaussians.

    A sample is of high quality if its nearest mode is at most `sigmas` standard deviations away; a mode is captured if
    it is the nearest one of at least one such sample (VEEGAN, Srivastava et al. 2017, arXiv 1705.07761). The reverse
    KL is KL(shares of high-quality samples among the modes || weights), in nats (PacGAN, Lin et al. 2018, arXiv
    1712.04086). Both papers draw 2,500 samples; a perfect sampler reaches HIGH_QUALITY_CEILING_2D and
    `reverse_kl_floor`.

    samples: (N, D), or (S, N, D) for S runs side by side. modes: (K, D), or a distribution of `gan_edu.data.toy` that
    has modes; it knows its own std and weights. std: standard deviation of a mode. weights: (K,) positive shares of
    the modes, equal by default. Without any high-quality sample there are no shares: captured is 0, reverse_kl NaN.
    """
    if hasattr(modes, "mode_std"):
        if modes.modes is None:
            raise ValueError(f"{getattr(modes, 'name', 'this distribution')} has no modes; use a mixture such as ring.")
        std = modes.mode_std if std is None else std
        weights = modes.mode_weights if weights is None else weights
        modes = modes.modes
    if std is None:
        raise ValueError("std is missing: give the standard deviation of one mode.")
    if not 0 < std < math.inf or not 0 < sigmas < math.inf:
        raise ValueError(f"std and sigmas must be positive numbers, not {std} and {sigmas}.")
    modes = _table(modes, "modes", least=1)
    samples = _finite(samples, "samples")
    if samples.ndim not in (2, 3) or samples.shape[-1] != modes.shape[1]:
        d = modes.shape[1]
        raise ValueError(f"samples has shape {tuple(samples.shape)}; expected (N, {d}) or (S, N, {d}).")
    runs = samples.reshape(-1, *samples.shape[-2:])
    if runs.shape[0] < 1 or runs.shape[1] < 2:
        raise ValueError(f"samples has shape {tuple(samples.shape)}; at least 2 samples are needed.")
    total = len(modes)
    weights = torch.ones(total) if weights is None else weights
    weights = _finite(weights, "weights")
    if weights.shape != (total,) or not (weights > 0).all():
        raise ValueError(f"weights must be {total} positive numbers, one for each mode.")

    # cdist's shortcut by matrix products loses half of the digits, which small modes far from 0 would notice
    distance, nearest = torch.cdist(runs, modes, compute_mode="donot_use_mm_for_euclid_dist").min(dim=-1)
    good = distance <= sigmas * std
    counts = F.one_hot(nearest, total).mul(good[..., None]).sum(dim=1)  # (S, K)
    shares = counts.double() / counts.sum(dim=1, keepdim=True)  # 0 / 0 is the NaN of the docstring
    kl = torch.xlogy(shares, shares / (weights / weights.sum())).sum(dim=1)
    captured, quality = (counts > 0).sum(dim=1), good.double().mean(dim=1)
    if samples.ndim == 3:
        return ModeCoverage(captured, quality, kl, counts, total)
    return ModeCoverage(captured.item(), quality.item(), kl.item(), counts[0], total)


def reverse_kl_floor(K, N):
    """Expected reverse KL of a perfect sampler with N high-quality samples on K modes: (K - 1) / (2 N), in nats.

    First term of the bias of the plug-in estimate (Miller 1955); good where every mode expects a few samples.
    """
    if K < 1 or N < 1:
        raise ValueError(f"K and N must be at least 1, not {K} and {N}.")
    return (K - 1) / (2 * N)


# ---------------------------------------------------------------- distances between clouds of features


def _moments(x):
    return x.mean(dim=0), torch.cov(x.T).reshape(x.shape[1], x.shape[1])  # divides by N - 1, as torchmetrics does


def _root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def _frechet(moments_x, moments_y):
    (mean_x, cov_x), (mean_y, cov_y) = moments_x, moments_y
    root = _root(cov_x)
    # the symmetric form has the eigenvalues of cov_x @ cov_y, but never leaves the real numbers
    cross = torch.linalg.eigvalsh(root @ cov_y @ root).clamp(min=0).sqrt().sum()
    return ((mean_x - mean_y).square().sum() + cov_x.trace() + cov_y.trace() - 2 * cross).item()


def frechet_distance(x, y):
    """Squared Fréchet distance between Gaussians fitted to x (N, d) and y (M, d); with Inception features called FID.

    |mean_x - mean_y|^2 + Tr(S_x + S_y - 2 (S_x S_y)^(1/2)), in squared units of the features (Dowson and Landau 1982;
    Heusel et al. 2017, arXiv 1706.08500). Sampling makes it too large by about `frechet_expected_floor`, and rounding
    may leave -1e-8 in the place of 0.
    """
    x, y = _two_tables(x, y, ("x", "y"))
    return _frechet(_moments(x), _moments(y))


def frechet_expected_floor(d, n, m=None, covariance=None):
    """Expected `frechet_distance` between n and m (by default n) samples of the same d-dimensional normal distribution.

    [d (d + 1) / 2 + 2 d] (1/n + 1/m) / 2 for equal variances of 1; that is the first term of an expansion in 1/n, good
    for n much larger than d. With a covariance (d, d) of eigenvalues v the bracket is
    5/2 sum_i v_i + sum_ij v_i v_j / (v_i + v_j), which is smaller when few directions hold most of the variance.
    """
    m = n if m is None else m
    if min(d, n, m) < 1:
        raise ValueError(f"d, n and m must be at least 1, not {d}, {n} and {m}.")
    v = torch.ones(d, dtype=torch.float64)
    if covariance is not None:
        covariance = _table(covariance, "covariance", least=1)
        if covariance.shape != (d, d):
            raise ValueError(f"covariance has shape {tuple(covariance.shape)}; expected ({d}, {d}).")
        v = torch.linalg.eigvalsh(covariance).clamp(min=1e-300)  # 0 / 0 is no way to say 0
    bracket = 2.5 * v.sum() + (v[:, None] * v / (v[:, None] + v)).sum()
    return bracket.item() * (1 / n + 1 / m) / 2


def _kernel_sum(x, y):
    """Sum over all pairs of (x.y / d + 1)^3."""
    return sum(((rows @ y.T).div_(x.shape[1]).add_(1).pow_(3).sum() for rows in x.split(CHUNK)), torch.tensor(0.0))


def kernel_distance(x, y):
    """Unbiased squared maximum mean discrepancy between x (N, d) and y (M, d); with Inception features called KID.

    The kernel is (x.y / d + 1)^3 (Binkowski et al. 2018, arXiv 1801.01401; Gretton et al. 2012). For equal
    distributions its mean is 0, so about half of the values are negative.
    """
    x, y = _two_tables(x, y, ("x", "y"))
    n, m = len(x), len(y)
    same_x = _kernel_sum(x, x) - (x.square().mean(dim=1) + 1).pow(3).sum()  # without a sample's pair with itself
    same_y = _kernel_sum(y, y) - (y.square().mean(dim=1) + 1).pow(3).sum()
    return (same_x / (n * (n - 1)) + same_y / (m * (m - 1)) - 2 * _kernel_sum(x, y) / (n * m)).item()


class PrecisionRecall(NamedTuple):
    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    density: float
    coverage: float


def _check_k(k):
    if not isinstance(k, int) or k < 1:
        raise ValueError(f"k must be a whole number of neighbours, at least 1, not {k!r}.")


def neighbour_distances(x, k):
    """Distance of each sample to its k-th nearest neighbour among the others: x (N, d) -> (N,)."""
    _check_k(k)
    x = _table(x, "x", least=k + 1)
    nearest = [torch.cdist(rows, x).topk(k + 1, largest=False).values[:, -1] for rows in x.split(CHUNK)]
    return torch.cat(nearest)  # k + 1, because the nearest of all is the sample itself


def _balls(points, centres, radii):
    """How many balls hold each point (M,), and how many points each ball holds (N,)."""
    per_point, per_ball = [], torch.zeros(len(centres), dtype=torch.int64)
    for rows in points.split(CHUNK):
        inside = torch.cdist(rows, centres) <= radii
        per_point.append(inside.sum(dim=1))
        per_ball += inside.sum(dim=0)
    return torch.cat(per_point), per_ball


def precision_recall(real, fake, k=3, radii=None):
    """Share of fake samples among the real ones, and of real samples among the fake ones.

    real: (N, d), fake: (M, d). "Among" means inside at least one ball around a sample that reaches to its k-th nearest
    neighbour (Kynkäänniemi et al. 2019, arXiv 1904.06991). Not 1 for equal distributions: about 0.7 in 64 dimensions.
    radii: (N,), `neighbour_distances(real, k)` if they are known already.
    """
    _check_k(k)
    real, fake = _two_tables(real, fake, ("real", "fake"), least=k + 1)
    radii = neighbour_distances(real, k) if radii is None else radii
    precision = (_balls(fake, real, radii)[0] > 0).double().mean()
    recall = (_balls(real, fake, neighbour_distances(fake, k))[0] > 0).double().mean()
    return PrecisionRecall(precision.item(), recall.item())


def density_coverage(real, fake, k=5, radii=None):
    """How many real balls hold a fake sample, divided by k, on average; and the share of real balls that hold one.

    real: (N, d), fake: (M, d); a ball reaches from a real sample to its k-th nearest real neighbour (Naeem et al. 2020,
    arXiv 2002.09797). For equal distributions the means are 1 and `expected_coverage`, in any dimension.
    radii: (N,), `neighbour_distances(real, k)` if they are known already.
    """
    _check_k(k)
    real, fake = _two_tables(real, fake, ("real", "fake"), least=k + 1)
    radii = neighbour_distances(real, k) if radii is None else radii
    per_point, per_ball = _balls(fake, real, radii)
    return DensityCoverage(per_point.double().mean().item() / k, (per_ball > 0).double().mean().item())


def expected_coverage(n, m, k=5):
    """Mean coverage of n real samples by m fake ones of the same continuous distribution; 1 - 2^-k for large n = m.

    1 - prod_{i<k} (n - 1 - i) / (n + m - 1 - i): a ball is empty if its sample's k nearest neighbours among the n - 1
    real and m fake ones are all real (Naeem et al. 2020, arXiv 2002.09797).
    """
    if not 1 <= k < n or m < 1:
        raise ValueError(f"expected 1 <= k < n and m >= 1, not k={k}, n={n}, m={m}.")
    return 1 - math.prod((n - 1 - i) / (n + m - 1 - i) for i in range(k))


# ---------------------------------------------------------------- two-sample test


@dataclass(frozen=True)
class TwoSampleTest:
    """accuracy: share of held-out samples told apart, 0.5 by guessing. p_value: chance of that accuracy or more if the
    distributions are equal. n_test: held-out samples, real and fake together."""

    accuracy: float
    p_value: float
    n_test: int

    def __repr__(self):
        return f"TwoSampleTest(accuracy {self.accuracy:.3f} on {self.n_test} samples, p = {self.p_value:.2g})"


def classifier_two_sample_test(real, fake, seed=0):
    """Can a classifier tell fake from real samples it was not trained on? (Lopez-Paz and Oquab 2017, arXiv 1610.06545)

    real: (N, d), fake: (M, d); both are cut to the smaller number, 20 at least, by chance. Half of each trains 100
    randomised trees, the other half tests them. Trees see differences that are not linear, and at any scale: the
    spread inside a narrow mode as well as a missing mode. With equal distributions the number of right answers is
    binomial(n_test, 1/2), so that the accuracy is about normal(1/2, 1 / (4 n_test)); the p-value is the exact tail.
    The samples must be independent: overlapping windows of one series are not.
    """
    from sklearn.ensemble import ExtraTreesClassifier  # half a second, which only this function needs

    real, fake = _two_tables(real, fake, ("real", "fake"), least=20)
    chance = torch.Generator().manual_seed(seed)
    half = min(len(real), len(fake)) // 2
    real, fake = (x[torch.randperm(len(x), generator=chance)[: 2 * half]] for x in (real, fake))
    labels = torch.arange(2).repeat_interleave(half).numpy()  # 0 real, 1 fake
    trees = ExtraTreesClassifier(100, min_samples_leaf=5, random_state=seed)
    trees.fit(torch.cat([real[:half], fake[:half]]).numpy(), labels)
    answers = trees.predict(torch.cat([real[half:], fake[half:]]).numpy())
    right, n_test = int((answers == labels).sum()), 2 * half
    return TwoSampleTest(right / n_test, float(bdtrc(right - 1, n_test, 0.5)), n_test)


# ---------------------------------------------------------------- features of images

CLASSIFIERS = Path(__file__).parent / "classifiers"


class FeatureNet(nn.Module):
    """The small classifier whose 64 features measure images: (N, 1, 28, 28) in [-1, 1] -> (N, 64).

    The features end in a batch norm without learned scale: each has variance 1 over the training images, so that a
    generator stuck at one image of average features scores a Fréchet distance of 64. `head` turns features into the
    logits of 10 classes.
    """

    num_features = 64

    def __init__(self, dropout=0.3):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 32, 5, stride=2, padding=2),
            nn.BatchNorm2d(32),
            nn.SiLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.SiLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 96, 3, padding=1),
            nn.BatchNorm2d(96),
            nn.SiLU(),
            nn.AvgPool2d(2, ceil_mode=True),  # 7 x 7 -> 4 x 4
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(96 * 16, 64),
            nn.BatchNorm1d(64, affine=False),
        )
        self.head = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), nn.Linear(64, 10))

    def forward(self, x):
        return self.body(x)


def checksum(tensors):
    """SHA-256 of named tensors, in the order of their names; what a file of weights says of itself."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


@cache
def classifier(name, device="cpu"):
    """The trained `FeatureNet` of a data set ("mnist", "fashion_mnist"), frozen and in evaluation mode.

    The same object at every call. A file that is missing, cut short or changed raises a RuntimeError that names it.
    """
    path = CLASSIFIERS / f"{name}.safetensors"
    if not path.is_file():
        known = sorted(p.stem for p in CLASSIFIERS.glob("*.safetensors"))
        guess = get_close_matches(str(name), known, n=1)
        hint = f" Did you mean {guess[0]!r}?" if guess else ""
        raise ValueError(f"no classifier is called {name!r}; there are {', '.join(known) or 'none'}.{hint}")
    net = FeatureNet()
    try:
        with safe_open(path, framework="pt") as file:
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
            promised = (file.metadata() or {}).get("sha256")
        if checksum(weights) != promised:
            raise ValueError("its numbers don't match its checksum")
        net.load_state_dict(weights)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # torch's own has several lines
        raise RuntimeError(f"{path} is damaged ({reason}); restore it, for example by installing again.") from error
    net = net.requires_grad_(False).eval().to(device)
    return net.to(memory_format=torch.channels_last) if device == "cpu" else net  # nearly twice as fast there


def _images(images, argument="images"):
    """Images as a checked float32 tensor (N, 1, 28, 28) in [-1, 1], on their own device."""
    x = torch.as_tensor(images).detach()
    if x.ndim == 2 and x.shape[1] == 784:
        x = x.reshape(-1, 1, 28, 28)
    if x.ndim != 4 or x.shape[1:] != (1, 28, 28):
        raise ValueError(f"{argument} has shape {tuple(x.shape)}; expected (N, 1, 28, 28) or (N, 784).")
    if len(x) == 0:
        raise ValueError(f"{argument} holds no image.")
    if not x.is_floating_point():
        raise ValueError(f"{argument} holds {x.dtype} numbers; expected floats in [-1, 1]: pixels / 127.5 - 1.")
    x = x.float()
    broken = int((~torch.isfinite(x)).flatten(1).any(dim=1).sum())
    if broken:
        raise ValueError(f"{broken:,} of {len(x):,} {argument} hold NaN or infinite pixels.")
    low, high = x.min().item(), x.max().item()
    if low < -1.001 or high > 1.001:
        outside = int(((x < -1.001) | (x > 1.001)).flatten(1).any(dim=1).sum())
        raise ValueError(
            f"{outside:,} of {len(x):,} {argument} leave [-1, 1]: pixels run from {low:.3g} to {high:.3g}. "
            "Rescale them (from [0, 255]: x / 127.5 - 1; from [0, 1]: 2 x - 1) or clamp them."
        )
    if low >= 0:
        warnings.warn(
            f"no pixel of {argument} is below 0. Black is -1 here: if they are in [0, 1], rescale them by 2 x - 1.",
            stacklevel=3,
        )
    return x


@torch.no_grad()  # not inference_mode: the result may be trained on
def features(images, name, batch=250):
    """Features of images in the classifier of a data set: (N, 64) float32, on the CPU.

    images: (N, 1, 28, 28) or (N, 784), in [-1, 1] with -1 black, on any device. Small batches stay in the processor's
    cache; a GPU likes larger ones.
    """
    x = _images(images)
    net = classifier(name, str(x.device))
    return torch.cat([net(part).cpu() for part in x.split(batch)])


@torch.no_grad()
def _probabilities(features, name):
    return classifier(name).head(features).softmax(dim=1)


def classify(images, name, batch=250):
    """Class probabilities of images: (N, 10) float32, on the CPU. images as for `features`."""
    return _probabilities(features(images, name, batch), name)


# ---------------------------------------------------------------- everything about a set of images


@dataclass(frozen=True)
class ImageReport:
    """What `image_report` measured; print it. floor: what as many new real images would score as Fréchet distance."""

    name: str
    n_fake: int
    n_real: int
    frechet: float
    floor: float
    kernel: float
    precision: float
    recall: float
    density: float
    coverage: float
    classes: int

    def __repr__(self):
        equal = expected_coverage(self.n_real, self.n_fake)
        return (
            f"{self.n_fake:,} generated against {self.n_real:,} real images, {self.name} features\n"
            f"  Fréchet distance  {self.frechet:8.2f}   real against real: {self.floor:.2f}\n"
            f"  kernel distance   {self.kernel:8.4f}   equal distributions: 0 on average\n"
            f"  precision         {self.precision:8.3f}\n"
            f"  recall            {self.recall:8.3f}\n"
            f"  density           {self.density:8.3f}   equal distributions: 1\n"
            f"  coverage          {self.coverage:8.3f}   equal distributions: {equal:.3f}\n"
            f"  classes           {self.classes:8d}   of 10 hold more than 2 % of the generated images"
        )


class Reference:
    """Real images, seen once by the classifier of a data set, to measure generated images against.

    reference = Reference("fashion_mnist", images.tensor()); then reference.frechet(fake), reference.report(fake).
    images: (N, 1, 28, 28) or (N, 784), in [-1, 1]. `features` (N, 64) holds their features.
    """

    def __init__(self, name, images):
        self.name = name
        self.features = _table(features(images, name), "images", least=12)  # two halves with 5 neighbours each
        self._moments = _moments(self.features)

    @cached_property
    def _radii(self):
        return {"precision": neighbour_distances(self.features, 3), "density": neighbour_distances(self.features, 5)}

    def __repr__(self):
        return f"Reference({self.name!r}, {len(self.features):,} real images)"

    def frechet(self, fake):
        """`frechet_distance` between fake images (M, 1, 28, 28) or (M, 784), in [-1, 1], and the real ones."""
        return _frechet(_moments(_table(features(fake, self.name), "fake")), self._moments)

    def floor(self, n=None, splits=10, seed=0):
        """What n new real images, by default as many as these, score in `frechet`: the best that a generator can do.

        Measured between disjoint parts of these N images, n or N/2 each, and brought to the sizes n and N by the law
        that the distance goes with 1/n + 1/N. The mean of several random splits, as one may be half as much or double.
        """
        total = len(self.features)
        n = total if n is None else n
        if n < 2:
            raise ValueError(f"n must be at least 2 images, not {n}.")
        part = min(n, total // 2)
        chance = torch.Generator().manual_seed(seed)
        values = []
        for _ in range(splits):
            order = torch.randperm(total, generator=chance)
            values.append(frechet_distance(self.features[order[:part]], self.features[order[part : 2 * part]]))
        return sum(values) / splits * (1 / n + 1 / total) / (2 / part)

    def report(self, fake):
        """All measures of fake images (M, 1, 28, 28) or (M, 784), in [-1, 1], as an `ImageReport`."""
        raw = features(fake, self.name)
        fake = _table(raw, "fake", least=6)
        shares = _probabilities(raw, self.name).argmax(dim=1).bincount(minlength=10) / len(raw)
        return ImageReport(
            name=self.name,
            n_fake=len(fake),
            n_real=len(self.features),
            frechet=_frechet(_moments(fake), self._moments),
            floor=self.floor(len(fake)),
            kernel=kernel_distance(self.features, fake),
            **precision_recall(self.features, fake, 3, self._radii["precision"])._asdict(),
            **density_coverage(self.features, fake, 5, self._radii["density"])._asdict(),
            classes=int((shares > 0.02).sum()),
        )


def image_report(fake, real, name):
    """All measures of fake against real images at once: `Reference(name, real).report(fake)`.

    fake: (M, 1, 28, 28) or (M, 784), real: (N, 1, 28, 28) or (N, 784), in [-1, 1]. Keep the `Reference` when the same
    real images are used again.
    """
    return Reference(name, real).report(fake)
