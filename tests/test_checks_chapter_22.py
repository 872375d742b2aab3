import functools

import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests
from torch import nn

from gan_edu import nets
from gan_edu.checks import chapter_22 as q


def best_stub(log_p, log_q):
    # YOUR CODE HERE
    raise NotImplementedError()


optimal_discriminator = Case(
    q.optimal_discriminator,
    best_stub,
    right=[
        lambda log_p, log_q: (log_p - torch.logaddexp(log_p, log_q)).exp(),
        lambda log_p, log_q: torch.stack([log_p, log_q]).softmax(dim=0)[0],
        lambda log_p, log_q: 1 / (1 + (log_q - log_p).double().exp()),
        lambda log_p, log_q: F.logsigmoid(log_p - log_q).exp(),
    ],
    wrong={
        "swapped_densities": lambda log_p, log_q: 1 - torch.sigmoid(log_p - log_q),
        "exp_underflows": lambda log_p, log_q: torch.exp(log_p) / (torch.exp(log_p) + torch.exp(log_q)),
        "logit_instead_of_probability": lambda log_p, log_q: -(log_q - log_p),
        "verdict_instead_of_probability": lambda log_p, log_q: (log_p - log_q > 0) * 1.0,
        "logs_as_densities": lambda log_p, log_q: 1 / (1 + log_q / log_p),
        "exp_overflows": lambda log_p, log_q: torch.exp(log_p - log_q) / (torch.exp(log_p - log_q) + 1),
    },
    also_wrong=[
        lambda log_p, log_q: torch.full_like(log_p, 0.5),
        lambda log_p, log_q: (log_p - log_q).tanh(),
        lambda log_p: log_p,
    ],
)


def accuracy_stub(real_logits, fake_logits):
    # YOUR CODE HERE
    raise NotImplementedError()


def counted(real, fake):
    on_real = sum(1 for logit in real.flatten().tolist() if logit > 0) / len(real)
    on_fake = sum(1 for logit in fake.flatten().tolist() if logit < 0) / len(fake)
    return 0.5 * on_real + 0.5 * on_fake


accuracy = Case(
    q.accuracy,
    accuracy_stub,
    right=[
        counted,
        lambda r, f: ((r.sigmoid() > 0.5).double().mean() + (f.sigmoid() <= 0.5).double().mean()) / 2,
        lambda r, f: 0.5 + (r.sign().mean() - f.sign().mean()) / 4,
        lambda r, f: 1 - ((r < 0).float().mean() + (f > 0).float().mean()) / 2,
    ],
    wrong={
        "threshold_half_on_logits": lambda r, f: 0.5 * ((r > 0.5).float().mean() + (f <= 0.5).float().mean()),
        "one_heap": lambda r, f: ((r > 0).sum() + (f < 0).sum()) / (len(r) + len(f)),
        "fooled_counts_as_right": lambda r, f: 0.5 * ((r >= 0).float().mean() + (f >= 0).float().mean()),
        "sum_instead_of_mean": lambda r, f: (r > 0).double().mean() + (f < 0).double().mean(),
        "threshold_zero_after_sigmoid": lambda r, f: 0.5,
    },
    also_wrong=[
        lambda r, f: (f < 0).float().mean(),
        lambda r, f: 100 * q.accuracy.answer(r, f),
        lambda r, f: (r > 0).float(),
        lambda r, f: (r > 0).mean,
    ],
)


class RadiusStub(nn.Module):
    def __init__(self):
        # YOUR CODE HERE
        raise NotImplementedError()

    def forward(self, x):
        # YOUR CODE HERE
        raise NotImplementedError()


class Squared(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.hidden, self.out = nn.Linear(1, width), nn.Linear(width, 1)

    def forward(self, x):
        return self.out(F.relu(self.hidden((x**2).sum(dim=1, keepdim=True))))


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nets.mlp([2, 32, 32, 1], spectral_norm=True).eval()

    def forward(self, x):
        r = torch.hypot(x[:, 0], x[:, 1])
        return self.net(torch.stack([r, r.sin()], dim=1))


class Monotone(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(())), nn.Parameter(torch.randn(()))

    def forward(self, x):
        return self.weight * torch.linalg.norm(x, dim=-1)[:, None] + self.bias


class Double(Monotone):
    def __init__(self):
        super().__init__()
        self.double()


class OneCoordinate(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nets.mlp([1, 16, 1])

    def forward(self, x):
        return self.net(x[:, :1])


class Largest(OneCoordinate):
    def forward(self, x):
        return self.net(x.abs().max(dim=1, keepdim=True).values)


class Flat(OneCoordinate):
    def forward(self, x):
        return self.net(x.norm(dim=1, keepdim=True))[:, 0]


class Tanh(OneCoordinate):
    def forward(self, x):
        return self.net(x.norm(dim=1, keepdim=True)).tanh()


class NeverNegative(OneCoordinate):
    def forward(self, x):
        return F.softplus(self.net(x.norm(dim=1, keepdim=True)))


class Probability(OneCoordinate):
    def forward(self, x):
        return torch.sigmoid(self.net(x.norm(dim=1, keepdim=True)))


class Batch(OneCoordinate):
    def forward(self, x):
        return self.net(x.norm().repeat(len(x), 1))


class Centred(OneCoordinate):
    def forward(self, x):
        return self.net((x - x.mean(0)).norm(dim=1, keepdim=True))


class Detached(OneCoordinate):
    def forward(self, x):
        return self.net(x.norm(dim=1, keepdim=True)).detach()


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)]

    def forward(self, x):
        x = x.norm(dim=1, keepdim=True)
        for layer in self.layers:
            x = layer(x)
        return x


radius_judge = Case(
    q.RadiusJudge,
    RadiusStub,
    right=[Squared, Deep, Monotone, Double],
    wrong={
        "sees_the_angle": OneCoordinate,
        "square_instead_of_circle": Largest,
        "sigmoid_at_the_end": Probability,
        "norm_of_the_batch": Batch,
        "layers_made_in_forward": Listed,
    },
    also_wrong=[Flat, Tanh, NeverNegative, Centred, Detached],
)


def arrows_stub(discriminator, points):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_bce(discriminator, points):
    x = points.clone().requires_grad_(True)
    logits = discriminator(x)
    loss = F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits), reduction="sum")
    return torch.autograd.grad(-loss, x)[0]


def by_hand(discriminator, points):
    x = points.detach().requires_grad_()  # shares the numbers, not the flag
    logits = discriminator(x)
    (slope,) = torch.autograd.grad(logits, x, torch.ones_like(logits))
    return ((1 - logits.sigmoid()) * slope).detach()


def one_by_one(discriminator, points):
    return torch.cat([q.arrows.answer(discriminator, point[None]) for point in points])


def mean_times_n(discriminator, points):
    x = points.clone().requires_grad_()
    return torch.autograd.grad(F.logsigmoid(discriminator(x)).mean() * len(x), x)[0]


def only_points(discriminator, points):
    x = points.clone().requires_grad_()
    (-F.logsigmoid(discriminator(x))).sum().backward(inputs=[x])
    return -x.grad


def with_functional(discriminator, points):
    return torch.func.grad(lambda x: F.logsigmoid(discriminator(x)).sum())(points)


def loss_with(function, discriminator, points):
    x = points.clone().requires_grad_()
    return torch.autograd.grad(function(discriminator(x)), x)[0]


def clears_gradients(discriminator, points):
    x = points.clone().requires_grad_()
    F.logsigmoid(discriminator(x)).sum().backward()
    discriminator.zero_grad()
    return x.grad


arrows = Case(
    q.arrows,
    arrows_stub,
    right=[with_bce, by_hand, one_by_one, mean_times_n, only_points, with_functional],
    wrong={
        "missing_minus": functools.partial(loss_with, lambda t: -F.logsigmoid(t).sum()),
        "mean_instead_of_sum": functools.partial(loss_with, lambda t: F.logsigmoid(t).mean()),
        "saturating_instead_of_non_saturating": functools.partial(
            loss_with, lambda t: -torch.log(1 - t.sigmoid()).sum()
        ),
        "slope_of_the_probability": functools.partial(loss_with, lambda t: torch.sigmoid(t).sum()),
        "gradients_left_behind": lambda d, p: -_left_behind(d, p),
        "points_without_gradient": functools.partial(
            lambda d, p: torch.autograd.grad(F.logsigmoid(d(p)).sum(), p)[0],
        ),
    },
    also_wrong=[
        lambda d, p: torch.zeros_like(p),
        lambda d, p: d(p),
        lambda d, p: 2 * q.arrows.answer(d, p),
        lambda d, p: q.arrows.answer(d, p).mean(0),
        lambda d, p: q.arrows.answer(d.requires_grad_(False), p),
        lambda d, p: q.arrows.answer(d.eval(), p),
        clears_gradients,
    ],
)


def _left_behind(discriminator, points):
    x = points.detach().requires_grad_()
    (-F.logsigmoid(discriminator(x))).sum().backward()
    return x.grad


TestChapter22 = chapter_tests(q, optimal_discriminator, accuracy, radius_judge, arrows)
