"""How far are the generated examples from the real ones? The Fréchet distance, and its floor: real against real."""

import torch
from data import settle
from torch import nn


def features(x):
    """(N, d): of pictures what a fixed random network sees (no knowledge, but sensitive to shapes and colours);
    tables as they are."""
    if x.dim() == 2:
        return x.double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers, channels = [], x.shape[1]
        for maps in (32, 64, 128):
            layers += [nn.Conv2d(channels, maps, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            channels = maps
        net = nn.Sequential(*layers)
    with torch.no_grad():
        seen = torch.cat([net(part).flatten(2) for part in x.float().cpu().split(256)])
    return torch.cat([seen.mean(2), seen.std(2)], dim=1).double()


def frechet(a, b):
    """Fréchet distance of two Gaussians fitted to features (N, d): |μ−μ′|² + tr(Σ + Σ′ − 2(ΣΣ′)^½)."""
    root = _root(a.T.cov())
    cross = torch.linalg.eigvalsh(root @ b.T.cov() @ root).clamp(min=0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + a.T.cov().trace() + b.T.cov().trace() - 2 * cross)


def _root(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def frechet_distance(generator, data, spec, args, most=4000):
    """(generated against one half of the real examples, the other half against it), with equal numbers.

    Measured is what a file of samples would hold, and not, for instance, the probabilities of choices.
    """
    chosen = torch.randperm(len(data), generator=torch.Generator().manual_seed(args.seed))[:most]
    half = len(chosen) // 2
    first, second = data.take(chosen[:half]), data.take(chosen[half : 2 * half])
    noise = torch.randn(half, args.noise, generator=torch.Generator().manual_seed(args.seed + 1)).to(args.device)
    with torch.no_grad():
        made = torch.cat([generator(part).float().cpu() for part in noise.split(256)])
    seen = features(first)
    return frechet(features(settle(made, spec)), seen), frechet(features(second), seen)
