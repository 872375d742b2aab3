import math

import pytest
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests
from torch import nn

from gan_edu.checks import chapter_42 as q
from gan_edu.checks.engine import NotYet


def size_stub(n, kernel, stride, padding, transposed):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_torch(n, kernel, stride, padding, transposed):
    function = F.conv_transpose1d if transposed else F.conv1d
    return function(torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), stride=stride, padding=padding).shape[-1]


def by_counting(n, kernel, stride, padding, transposed):
    if transposed:
        return max(stride * i + kernel for i in range(n)) - 2 * padding
    return len(range(0, n + 2 * padding - kernel + 1, stride))


def sized(down, up=lambda n, k, s, p: s * (n - 1) + k - 2 * p):
    return lambda n, k, s, p, transposed: (up if transposed else down)(n, k, s, p)


def right_down(n, k, s, p):
    return math.floor((n + 2 * p - k) / s + 1)


map_size = Case(
    q.map_size,
    size_stub,
    right=[by_torch, by_counting, sized(right_down), lambda *a: torch.tensor(by_torch(*a))],
    wrong={
        "forgets_the_first_place": sized(lambda n, k, s, p: (n - k + 2 * p) // s),
        "padding_at_one_side": sized(
            lambda n, k, s, p: math.floor((n + p - k) / s) + 1, lambda n, k, s, p: n * s - s - p + k
        ),
        "rounds_up": sized(lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1),
        "not_rounded": sized(lambda n, k, s, p: 1 + (n + 2 * p - k) / s),
        "always_down": lambda n, k, s, p, transposed: right_down(n, k, s, p),
        "size_times_stride": sized(right_down, lambda n, k, s, p: s * n),
        "one_step_too_many": sized(right_down, lambda n, k, s, p: s * n + k - 2 * p),
    },
    also_wrong=[lambda *a: 14, sized(lambda n, k, s, p: n // s), lambda n, k: n // k],
)


def write_stub(y, kernel, stride):
    # YOUR CODE HERE
    raise NotImplementedError()


def torch_windows(y, kernel, stride):
    return F.conv_transpose1d(y.view(1, 1, -1), kernel.view(1, 1, -1), stride=stride).view(-1)


def place_by_place(y, kernel, stride):
    out = torch.zeros(stride * (len(y) - 1) + len(kernel))
    for i, value in enumerate(y.tolist()):
        for j, weight in enumerate(kernel.tolist()):
            out[i * stride + j] += value * weight
    return out


def by_matrix(y, kernel, stride):
    matrix = torch.zeros((len(y) - 1) * stride + len(kernel), len(y))
    for i in range(len(y)):
        matrix[i * stride : i * stride + len(kernel), i] = kernel
    return matrix @ y


def overwriting(y, kernel, stride):
    out = torch.zeros(stride * (len(y) - 1) + len(kernel))
    for i, value in enumerate(y):
        out[i * stride : i * stride + len(kernel)] = value * kernel
    return out


write_windows = Case(
    q.write_windows,
    write_stub,
    right=[torch_windows, place_by_place, by_matrix],
    wrong={
        "overwrites": overwriting,
        "kernel_turned_round": lambda y, k, s: torch_windows(y, torch.flip(k, (0,)), s),
        "moves_by_the_kernel": lambda y, k, s: (y[:, None] * k).flatten(),
        "forgets_the_stride": lambda y, k, s: torch_windows(y, k, 1),
        "reads_windows": lambda y, k, s: F.conv1d(y.view(1, 1, -1), k.view(1, 1, -1), stride=s).view(-1),
        "length_times_stride": lambda y, k, s: F.pad(torch_windows(y, k, s), (0, s))[: len(y) * s],
        "averages_overlaps": lambda y, k, s: (
            torch_windows(y, k, s) / torch_windows(y * 0 + 1, k * 0 + 1, s).clamp(min=1)
        ),
    },
    also_wrong=[lambda y, k, s: y, lambda y, k, s: 2 * torch_windows(y, k, s), lambda y, k, s: None if len(y) else 1],
)


def norm_stub(x, eps):
    # YOUR CODE HERE
    raise NotImplementedError()


def norm_in_rows(x, eps):
    rows = x.transpose(0, 1).flatten(1)
    rows = (rows - rows.mean(1, keepdim=True)) / torch.sqrt(rows.var(1, keepdim=True, correction=0) + eps)
    return rows.view(x.shape[1], x.shape[0], *x.shape[2:]).transpose(0, 1)


def in_double(x, eps):
    x = x.double()
    mean = x.mean((0, 2, 3))[None, :, None, None]
    return (x - mean) / ((x - mean).pow(2).mean((0, 2, 3), keepdim=True) + eps) ** 0.5


def over(*dims):
    return lambda x, eps: (x - x.mean(dims, keepdim=True)) / (x.var(dims, keepdim=True, correction=0) + eps).sqrt()


def moments(x):
    return x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)


batch_norm = Case(
    q.batch_norm,
    norm_stub,
    right=[
        lambda x, eps: F.batch_norm(x, None, None, training=True, eps=eps),
        lambda x, eps: nn.BatchNorm2d(x.shape[1], eps=eps)(x),
        norm_in_rows,
        in_double,
    ],
    wrong={
        "each_pixel_alone": over(0),
        "each_picture_alone": [over(2, 3), lambda x, eps: F.instance_norm(x, eps=eps)],
        "all_maps_together": [over(1, 2, 3), lambda x, eps: F.layer_norm(x, x.shape[1:], eps=eps)],
        "everything_together": lambda x, eps: (x - x.mean()) / (x.var(correction=0) + eps).sqrt(),
        "only_centred": lambda x, eps: x - moments(x)[0],
        "only_scaled": lambda x, eps: x / (moments(x)[1] + eps).sqrt(),
        "variance_instead_of_root": lambda x, eps: (x - moments(x)[0]) / (moments(x)[1] + eps),
        "eps_outside_the_root": lambda x, eps: (x - moments(x)[0]) / (moments(x)[1].sqrt() + eps),
        "divides_by_n_minus_1": lambda x, eps: (x - moments(x)[0]) / (x.var((0, 2, 3), keepdim=True) + eps).sqrt(),
    },
    also_wrong=[lambda x, eps: x, lambda x, eps: over(0, 2, 3)(x, 0 * eps), lambda x, eps: None if len(x) else 1],
)


def generator_stub(noise_dim, maps):
    # YOUR CODE HERE
    raise NotImplementedError()


class Written(nn.Module):
    """The same as a module: window 3 and 6, and the first maps by transposed convolution from 1 × 1."""

    def __init__(self, noise_dim, maps):
        super().__init__()
        self.noise_dim = noise_dim
        self.first = nn.ConvTranspose2d(noise_dim, 2 * maps, 7)
        self.norms = nn.ModuleList([nn.BatchNorm2d(2 * maps), nn.BatchNorm2d(maps)])
        self.second = nn.ConvTranspose2d(2 * maps, maps, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.third = nn.ConvTranspose2d(maps, 1, 6, stride=2, padding=2)

    def forward(self, z):
        x = F.relu(self.norms[0](self.first(z[:, :, None, None])))
        return torch.tanh(self.third(F.relu(self.norms[1](self.second(x)))))


def rows_first(noise_dim, maps):
    return nn.Sequential(
        *[nn.Linear(noise_dim, 98 * maps, bias=False), nn.BatchNorm1d(98 * maps), nn.ReLU()],
        *[nn.Unflatten(1, (2 * maps, 7, 7)), nn.Upsample(scale_factor=2), nn.Conv2d(2 * maps, maps, 3, padding=1)],
        *[nn.BatchNorm2d(maps), nn.ReLU(inplace=True), nn.Conv2d(maps, 4, 3, padding=1), nn.PixelShuffle(2), nn.Tanh()],
    )


class OwnFirstLayer(nn.Module):
    """Weights of its own in the first layer, lazy layers behind it, functions for the rest."""

    def __init__(self, noise_dim, maps):
        super().__init__()
        self.first = nn.Parameter(torch.randn(noise_dim, 2 * maps, 7, 7) / 8)
        self.norms = nn.ModuleList([nn.LazyBatchNorm2d(), nn.LazyBatchNorm2d()])
        self.up = nn.ModuleList([nn.LazyConvTranspose2d(maps, 4, 2, 1), nn.LazyConvTranspose2d(1, 4, 2, 1)])

    def forward(self, z):
        x = torch.einsum("nz,zchw->nchw", z, self.first)
        for norm, up in zip(self.norms, self.up, strict=True):
            x = up(norm(x).clamp(min=0))
        return torch.tanh(x)


def mlp(z, m):
    return nn.Sequential(
        *[nn.Linear(z, 98 * m), nn.BatchNorm1d(98 * m), nn.ReLU(), nn.Linear(98 * m, 49 * m), nn.BatchNorm1d(49 * m)],
        *[nn.ReLU(), nn.Linear(49 * m, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))],
    )


def one_relu_less(z, m):
    return nn.Sequential(*[layer for number, layer in enumerate(made(z, m)) if number != 6])


def made(noise_dim, maps, **changes):
    options = {"kernel": 4, "padding": 1, "norm": nn.BatchNorm2d, "act": nn.ReLU, "last": 1, "end": nn.Tanh} | changes
    k, p, norm, act, last = (options[name] for name in ("kernel", "padding", "norm", "act", "last"))
    layers = [nn.Linear(noise_dim, 98 * maps), nn.Unflatten(1, (2 * maps, 7, 7)), norm(2 * maps), act()]
    layers += [nn.ConvTranspose2d(2 * maps, maps, k, 2, p), norm(maps), act()]
    layers += [nn.ConvTranspose2d(maps, last, k, 2, p), *options.get("more", []), options["end"]()]
    return nn.Sequential(*layers)


def no_norm(maps):
    return nn.Identity()


make_generator = Case(
    q.make_generator,
    generator_stub,
    right=[lambda z, m: Written(z, m), lambda z, m: OwnFirstLayer(z, m), rows_first, made],
    wrong={
        "nothing_enlarges": lambda z, m: nn.Sequential(
            *[nn.Linear(z, 49 * m), nn.ReLU(), nn.Unflatten(1, (m, 7, 7)), nn.Conv2d(m, 1, 1), nn.Tanh()]
        ),
        "goes_down": lambda z, m: nn.Sequential(
            *[nn.Linear(z, 49 * m), nn.Unflatten(1, (m, 7, 7)), nn.Conv2d(m, 1, 3, stride=2, padding=1), nn.Tanh()]
        ),
        "three_colours": lambda z, m: made(z, m, last=3),
        "sizes_that_miss_28": [lambda z, m: made(z, m, padding=0), lambda z, m: made(z, m, kernel=3)],
        "sigmoid_output": lambda z, m: made(z, m, end=nn.Sigmoid),
        "no_output_activation": lambda z, m: made(z, m, end=nn.Identity),
        "norm_at_the_output": lambda z, m: made(z, m, more=[nn.BatchNorm2d(1)]),
        "missing_norm": lambda z, m: made(z, m, norm=no_norm),
        "hard_coded_sizes": [lambda z, m: made(64, 8), lambda z, m: made(z, 8)],
        "no_hidden_activation": [lambda z, m: made(z, m, act=nn.Identity), one_relu_less],
        "other_activation": [
            lambda z, m: made(z, m, act=lambda: nn.LeakyReLU(0.2)),
            lambda z, m: made(z, m, act=nn.ELU),
        ],
        "maps_swapped": q._maps_swapped,
        "an_mlp": mlp,
    },
    also_wrong=[
        lambda z, m: made,
        lambda z, m: None if m else 1,
        lambda z, m: made(z, m)[:-3],
        lambda z, m: nn.Sequential(made(z, m), nn.Hardshrink(0.0), nn.Flatten()),
        lambda z, m: nn.Linear(z, 784),
        lambda z, m: made(z, m).eval(),
    ],
)


def test_half_the_range_is_found():
    class Half(nn.Module):
        def forward(self, x):
            return 0.5 * x.tanh()

    with pytest.raises(NotYet, match="pixels from -1 to 1"):
        q.make_generator.check(lambda z, m: made(z, m, end=Half))


TestChapter42 = chapter_tests(q, map_size, write_windows, batch_norm, make_generator)
