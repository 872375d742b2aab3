"""Questions of chapter 22: the best discriminator, accuracy, a discriminator without angles, arrows, reading maps."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.engine import NotYet, discussion, question, value_of
from gan_edu.checks.probes import SLIPS_OF_GRAD, gradient_reaches, known_errors
from gan_edu.checks.values import close

# --- the best discriminator


def _logs(*densities):
    return torch.tensor(densities).log()


@question(
    "The best discriminator",
    hints=(
        "D* = p / (p + q), and you have log p and log q. The obvious way is p = exp(log p). What is exp(-1000) in a "
        "computer?",
        "Divide above and below by p: D* = 1 / (1 + q/p), and q/p = exp(log q - log p). So only the difference of "
        "the two logarithms counts.",
        "1 / (1 + exp(-ℓ)) has a name: the sigmoid of ℓ. What is ℓ here?",
    ),
    insight="So log p - log q is the logit of the best discriminator. A discriminator that is trained well is an "
    "estimate of a ratio of two densities, learned without knowing either of them.",
    probes=lambda: [
        (_logs(0.3, 0.1, 0.02), _logs(0.1, 0.1, 0.08)),
        (torch.tensor([[-900.0, -1000.0], [-1000.0, -1000.0]]), torch.tensor([[-901.0, -998.0], [-1000.0, -700.0]])),
        (torch.tensor([-2.0, -50.0]), torch.tensor([-40.0, -3.0])),
        (torch.tensor([-2.0, -900.0]), torch.tensor([-900.0, -2.0])),
    ],
    tol=2e-4,  # logaddexp is a right way too, and -1000 has few digits left behind the point
)
def optimal_discriminator(log_p, log_q):
    return torch.sigmoid(log_p - log_q)


@optimal_discriminator.misconception(
    "p and q swapped. D(x) is the probability that x is *real*, and p is the density of the real points."
)
def _swapped_densities(log_p, log_q):
    return torch.sigmoid(log_q - log_p)


@optimal_discriminator.misconception(
    "densities that have become 0 on the way: exp(-1000) is 0 in a computer, and 0 / 0 is no number. Use log p - log q."
)
def _exp_underflows(log_p, log_q):
    p, q = log_p.exp(), log_q.exp()
    return p / (p + q)


@optimal_discriminator.misconception()
def _exp_underflows(log_p, log_q):
    p, q = log_p.double().exp(), log_q.double().exp()
    return p / (p + q)


@optimal_discriminator.misconception()
def _exp_underflows(log_p, log_q):
    p, q = log_p.exp(), log_q.exp()
    return p / (p + q + 1e-12)


@optimal_discriminator.misconception()
def _exp_underflows(log_p, log_q):
    p, q = log_p.exp(), log_q.exp()
    return 1 / (1 + q / p)


@optimal_discriminator.misconception(
    "a ratio that has become infinite on the way: exp(900) is infinite in a computer, and infinite / infinite is no "
    "number. The sigmoid of log p - log q has no such trouble."
)
def _exp_overflows(log_p, log_q):
    ratio = (log_p - log_q).exp()
    return ratio / (1 + ratio)


@optimal_discriminator.misconception("the logit, without the sigmoid that makes a probability of it.")
def _logit_instead_of_probability(log_p, log_q):
    return log_p - log_q


@optimal_discriminator.misconception("the ratio p / q. It is not bounded by 1; D* = p / (p + q).")
def _ratio_instead_of_share(log_p, log_q):
    return (log_p - log_q).exp()


@optimal_discriminator.misconception(
    "logarithms used as if they were densities: log p / (log p + log q). The formula wants p and q themselves."
)
def _logs_as_densities(log_p, log_q):
    return log_p / (log_p + log_q)


@optimal_discriminator.misconception(
    "a verdict (0 or 1) instead of a probability. Where p = q, the best answer is ½, and just beside it nearly ½."
)
def _verdict_instead_of_probability(log_p, log_q):
    return (log_p > log_q).float()


# --- accuracy


@question(
    "Accuracy, from logits",
    hints=(
        "The discriminator says “real” where D > ½. Which logits have a sigmoid above ½?",
        "On real points it is right where it says “real”, on generated ones where it says “generated”. (logits > 0) is "
        "a table of True and False; its .float().mean() is the share of True.",
        "Two shares, one for each kind of point; then their mean: (a + b) / 2, however many points each has.",
    ),
    insight="Accuracy looks only at the side of the ½-line on which a point lies. The discriminator can double all its "
    "logits, and with them all their slopes, without changing its accuracy at all.",
    probes=lambda: [
        (torch.tensor([2.0, 0.3, -1.0, 0.2]), torch.tensor([-2.0, 0.4])),
        (torch.tensor([[0.1], [-0.1], [3.0]]), torch.tensor([[-0.2], [-4.0], [0.7], [-0.3], [1.0]])),
        (torch.tensor([-0.5, -0.2]), torch.tensor([-0.4, -0.1, -3.0])),
    ],
)
def accuracy(real_logits, fake_logits):
    on_real = (real_logits > 0).float().mean()
    on_fake = (fake_logits < 0).float().mean()
    return (on_real + on_fake) / 2


@accuracy.misconception("a threshold of ½ for logits. D = ½ is where the *logit* is 0.")
def _threshold_half_on_logits(real_logits, fake_logits):
    return ((real_logits > 0.5).float().mean() + (fake_logits < 0.5).float().mean()) / 2


@accuracy.misconception(
    "a threshold of 0 for probabilities. After the sigmoid everything is above 0; there the threshold is ½."
)
def _threshold_zero_after_sigmoid(real_logits, fake_logits):
    return ((real_logits.sigmoid() > 0).float().mean() + (fake_logits.sigmoid() < 0).float().mean()) / 2


@accuracy.misconception(
    "all points counted together. With 1,000 generated and 10 real ones, always saying “generated” would be right in "
    "99 %. Take each kind's share first, then their mean."
)
def _one_heap(real_logits, fake_logits):
    right = torch.cat([(real_logits > 0).flatten(), (fake_logits < 0).flatten()])
    return right.float().mean()


@accuracy.misconception("only the real points. Generated ones count just as much.")
def _forgets_fakes(real_logits, fake_logits):
    return (real_logits > 0).float().mean()


@accuracy.misconception(
    "how often the discriminator says “real”, for both kinds. On generated points it is right when it says “generated”."
)
def _fooled_counts_as_right(real_logits, fake_logits):
    return ((real_logits > 0).float().mean() + (fake_logits > 0).float().mean()) / 2


@accuracy.misconception("the share of mistakes. Accuracy is the share of right answers.")
def _share_of_mistakes(real_logits, fake_logits):
    return ((real_logits < 0).float().mean() + (fake_logits > 0).float().mean()) / 2


@accuracy.misconception(
    "mean probabilities of the right answer. Accuracy counts verdicts: each answer is right or wrong, however sure."
)
def _mean_probability(real_logits, fake_logits):
    return (real_logits.sigmoid().mean() + (1 - fake_logits.sigmoid()).mean()) / 2


@accuracy.misconception("a sum of the two shares: a perfect discriminator would have accuracy 2. Take their mean.")
def _sum_instead_of_mean(real_logits, fake_logits):
    return (real_logits > 0).float().mean() + (fake_logits < 0).float().mean()


# --- a discriminator that is blind to angles

_TURNS = (0.3, 1.1, math.pi / 2, 2.5, math.pi)


def _turned(x, angle):
    c, s = math.cos(angle), math.sin(angle)
    return x @ x.new_tensor([[c, s], [-s, c]])


def _places(judge, *shape):
    """Random points of the dtype that the judge's weights have."""
    weights = list(getattr(judge, "parameters", list)())
    return torch.randn(*shape, dtype=weights[0].dtype if weights else torch.float32)


@question(
    "A discriminator that is blind to angles",
    hints=(
        "Nothing that differs between two points of one circle may reach a layer. So what is the only number that may?",
        "x.norm(dim=1, keepdim=True) turns (N, 2) into (N, 1), the distances from the centre. Two small layers on top.",
        "In __init__: super().__init__(); self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1)). "
        "In forward: self.net of the distances.",
    ),
    insight="Every gradient of such a discriminator points along the radius, so no generated point is ever pushed "
    "sideways. What a discriminator can't see, its generator can't learn.",
)
class RadiusJudge(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x.norm(dim=1, keepdim=True))


@RadiusJudge.misconception("a discriminator that sees the angle: when the plane turns, its answer changes.")
class _sees_the_angle(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x)


@RadiusJudge.misconception(
    "a square instead of a circle: |x₁| + |x₂|, the larger of the two, or each without its sign, still tells a corner "
    "from a side. The distance is the root of x₁² + x₂²."
)
class _square_instead_of_circle(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x.abs().sum(1, keepdim=True))


@RadiusJudge.misconception(
    "one norm for the whole batch: x.norm() without dim. Each point gets its own: x.norm(dim=1, keepdim=True)."
)
class _norm_of_the_batch(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x.norm().expand(len(x), 1))


@RadiusJudge.misconception(
    "a sigmoid at the end. Our losses take logits and have the sigmoid inside; with two of them D is never below ½."
)
class _sigmoid_at_the_end(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1), nn.Sigmoid())

    def forward(self, x):
        return self.net(x.norm(dim=1, keepdim=True))


@RadiusJudge.misconception(
    "a discriminator that says the same for all distances. Is the distance really what goes into the layers?"
)
class _blind_to_everything(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(F.normalize(x, dim=1).norm(dim=1, keepdim=True))


@RadiusJudge.misconception(
    "layers that PyTorch doesn't know: made new at each call, or kept in a plain list. Make them once, in __init__, "
    "and keep them as attributes of self (or in an nn.Sequential)."
)
class _layers_made_in_forward(nn.Module):
    def forward(self, x):
        return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))(x.norm(dim=1, keepdim=True))


@RadiusJudge.test
def _(learner):
    judge = learner()
    x = _places(judge, 7, 2)
    out = value_of(judge, x)
    if not any(parameter.requires_grad for parameter in getattr(judge, "parameters", list)()):
        raise NotYet("a discriminator with something to learn", "no parameters", looks_like="layers_made_in_forward")
    if tuple(out.shape) != (7, 1):
        raise NotYet("shape (7, 1)", f"shape {tuple(out.shape)}", on="x of shape (7, 2)", looks_like=_SHAPE)
    if not judge(x).allclose(out):
        raise NotYet(
            "twice the same opinion of the same points",
            "two different ones",
            looks_like="something random inside: dropout, or layers that are made new at each call.",
        )
    if not gradient_reaches(judge, out):
        raise NotYet("a gradient for the weights", "none reaches them", looks_like="a .detach() or no_grad.")
    one_by_one = torch.cat([judge(point[None]) for point in x])
    if not close(one_by_one, out, 1e-4):
        name = "norm_of_the_batch" if out.allclose(out[:1]) else "points that influence one another in the batch."
        raise NotYet("the same logits one by one as all together", "other ones", looks_like=name)


_SHAPE = "a logit for each point is asked for, (N, 1): keepdim=True keeps the second axis of the norm."


@RadiusJudge.test
def _(learner):
    judge = learner()
    x = _places(judge, 200, 2) * 2
    out = judge(x)
    different = [a for a in _TURNS if not close(out, judge(_turned(x, a)), 1e-3)]
    if different:
        symmetric = all(close(out, judge(_turned(x, k * math.pi / 2)), 1e-3) for k in (1, 2, 3))
        raise NotYet(
            "the same logits when the plane is turned around the centre",
            f"they change by up to {(judge(_turned(x, different[0])) - out).abs().max():.2g} when it turns by "
            f"{math.degrees(different[0]):.0f}°",
            looks_like="square_instead_of_circle" if symmetric else "sees_the_angle",
        )
    radii = torch.linspace(0.1, 5, 50, dtype=x.dtype)[:, None] * x.new_tensor([[0.6, 0.8]])
    if max((judge := learner())(radii).std().item() for _ in range(5)) < 1e-4:
        raise NotYet("different logits at different distances", "the same at all", looks_like="blind_to_everything")
    lowest, highest = 0.0, 0.0
    for _ in range(20):  # weights far larger than usual, so that only bounds keep the logits in
        judge = learner()
        with torch.no_grad():
            for parameter in judge.parameters():
                parameter.mul_(30)
            out = judge(radii)
        lowest, highest = min(lowest, out.min().item()), max(highest, out.max().item())
    if lowest >= 0 and highest <= 1:
        raise NotYet(
            "logits of either sign, as large as need be", "always between 0 and 1", looks_like="sigmoid_at_the_end"
        )
    if lowest >= 0:
        raise NotYet("logits of either sign", "never a negative one", looks_like="a ReLU (or a square) at the end.")
    if -1 <= lowest and highest <= 1 and max(-lowest, highest) > 0.95:
        raise NotYet("logits as large as need be", "always between -1 and 1", looks_like="a tanh at the end.")


# --- arrows


def _hills(dim):
    """A discriminator of points with `dim` coordinates, always the same; steep enough that factors show."""
    net = nn.Sequential(nn.Linear(dim, 16), nn.Tanh(), nn.Linear(16, 1))
    net[2].weight.data *= 4
    net[2].bias.data -= 1
    return net


def _arrows_at(candidate, points):
    """What candidate makes of `points`, on a discriminator that is always the same."""
    with known_errors("arrows", SLIPS_OF_GRAD):
        return candidate(_hills(points.shape[1]), points)


@question(
    "Arrows",
    hints=(
        "You want a derivative with respect to the points, not to the weights. So PyTorch must follow the points: a "
        "copy of them with requires_grad, before the discriminator sees it.",
        "The loss of one point is F.softplus(-logit), which is -log D. Start from the sum over all points: as no "
        "point's logit depends on the others, each point gets the gradient of its own loss.",
        "torch.autograd.grad(loss, x) gives a tuple with one tensor. Arrows go where the loss *falls*.",
    ),
    insight="Each arrow is the slope of the logit times 1 - D. Where the logit is flat, both losses give nothing. "
    "Where it is steep and D is near 0, this loss gives nearly the whole slope, and log(1 - D) next to nothing.",
    probes=lambda: [
        (torch.tensor([[0.5, -1.0], [2.0, 0.3], [-1.5, 0.0]]),),
        (torch.randn(50, 2),),
        (torch.randn(4, 3),),
    ],
    run=_arrows_at,
)
def arrows(discriminator, points):
    x = points.detach().clone().requires_grad_()
    loss = F.softplus(-discriminator(x)).sum()
    (gradient,) = torch.autograd.grad(loss, x)
    return -gradient


def _gradient(function, discriminator, points):
    x = points.detach().clone().requires_grad_()
    return torch.autograd.grad(function(discriminator(x)), x)[0]


@arrows.misconception("the missing minus: the gradient points up the loss, and the points want to go down.")
def _missing_minus(discriminator, points):
    return _gradient(lambda logits: F.softplus(-logits).sum(), discriminator, points)


@arrows.misconception(
    "a mean over the points: each arrow is then divided by their number, and looks N times too short. Use the sum."
)
def _mean_instead_of_sum(discriminator, points):
    return -_gradient(lambda logits: F.softplus(-logits).mean(), discriminator, points)


@arrows.misconception("the minimax loss, log(1 - D): its arrows carry the factor D. Asked for is -log D, with 1 - D.")
def _saturating_instead_of_non_saturating(discriminator, points):
    return _gradient(lambda logits: F.softplus(logits).sum(), discriminator, points)


@arrows.misconception("the discriminator's loss on generated points: these arrows flee from the data.")
def _discriminator_loss(discriminator, points):
    return -_gradient(lambda logits: F.softplus(logits).sum(), discriminator, points)


@arrows.misconception("the slope of the logit itself. A loss is missing; it brings the factor 1 - D.")
def _slope_of_the_logit(discriminator, points):
    return _gradient(lambda logits: logits.sum(), discriminator, points)


@arrows.misconception("the slope of D, after the sigmoid. Asked for is that of -log D.")
def _slope_of_the_probability(discriminator, points):
    return _gradient(lambda logits: logits.sigmoid().sum(), discriminator, points)


@arrows.misconception("a sigmoid before the softplus. The discriminator gives logits: F.softplus(-logits) is -log D.")
def _sigmoid_before_softplus(discriminator, points):
    return -_gradient(lambda logits: F.softplus(-logits.sigmoid()).sum(), discriminator, points)


@arrows.misconception("arrows that all have one length. Their lengths are part of the answer: don't normalise them.")
def _all_of_one_length(discriminator, points):
    return F.normalize(-_gradient(lambda logits: F.softplus(-logits).sum(), discriminator, points))


@arrows.misconception(
    "a derivative with respect to points that PyTorch doesn't follow. First x = points.clone().requires_grad_(), then "
    "discriminator(x), with no detach() behind it."
)
def _points_without_gradient(discriminator, points):
    return -torch.autograd.grad(F.softplus(-discriminator(points)).sum(), points)[0]


@arrows.misconception()
def _points_without_gradient(discriminator, points):
    x = points.clone().requires_grad_()
    return -torch.autograd.grad(F.softplus(-discriminator(x).detach()).sum(), x)[0]


@arrows.misconception()
def _points_without_gradient(discriminator, points):
    loss = F.softplus(-discriminator(points)).sum()
    return -torch.autograd.grad(loss, points.clone().requires_grad_())[0]


@arrows.misconception("a derivative that starts from many numbers. It starts from one: add up the losses with .sum().")
def _one_number_for_each_point(discriminator, points):
    x = points.clone().requires_grad_()
    return -torch.autograd.grad(F.softplus(-discriminator(x)), x)[0]


@arrows.misconception(
    "a backward() that leaves gradients in the discriminator. The next step of its optimiser would follow them. "
    "torch.autograd.grad(loss, x) changes nothing."
)
def _gradients_left_behind(discriminator, points):
    x = points.detach().clone().requires_grad_()
    F.softplus(-discriminator(x)).sum().backward()
    return -x.grad


@arrows.misconception(
    "requires_grad_() on the caller's own tensor. It stays switched on after your function is done: clone() first."
)
def _changes_the_points(discriminator, points):
    points.requires_grad_()
    return -torch.autograd.grad(F.softplus(-discriminator(points)).sum(), points)[0]


@arrows.test
def _(learner):
    judge, points = _hills(2), torch.randn(6, 2)
    kept = points.clone()
    value_of(learner, judge, points, shape=(6, 2))
    if not judge.training:
        raise NotYet("a discriminator that is left as it was", "one in eval mode", looks_like="an .eval() left behind.")
    if any(parameter.grad is not None and parameter.grad.any() for parameter in judge.parameters()):
        raise NotYet(
            "a discriminator that is left as it was", "gradients in its weights", looks_like="gradients_left_behind"
        )
    if not all(parameter.requires_grad for parameter in judge.parameters()):
        raise NotYet("a discriminator that is left as it was", "weights that don't ask for gradients any more")
    if points.requires_grad:
        raise NotYet(
            "points that are left as they were", "points.requires_grad is True now", looks_like="changes_the_points"
        )
    if not points.equal(kept):
        raise NotYet("points that are left as they were", "other numbers", looks_like="an operation in place.")


@arrows.test
def _(learner):
    judge, points = _hills(2), torch.randn(6, 2)
    for parameter in judge.parameters():
        parameter.grad = torch.ones_like(parameter)  # what its own loss has left there
    learner(judge, points)
    if not all(parameter.grad is not None and (parameter.grad == 1).all() for parameter in judge.parameters()):
        raise NotYet(
            "the gradients that the discriminator had before",
            "others",
            looks_like="a zero_grad(), or a backward() into its weights. torch.autograd.grad(loss, x) changes neither.",
        )


# --- reading maps


@discussion(
    "Three maps",
    hints=(
        "For each map ask first: where are points? Colours elsewhere are guesses.",
        "Map A: two very different situations look like this. What could you *do* to tell them apart?",
        "Map B: how long are the arrows, for either loss? Think of the slope of the logit, which the colours don't "
        "show, and of the factor. Map C: which values can the sigmoid of a sigmoid have?",
    ),
)
def reading_maps():
    """Map A is white wherever points lie. There are two possible reasons. Either the generated points are where the
    real ones are, and as often: then ½ is the best answer. Or the discriminator has not found the difference, because
    it is too slow, too small, or has only begun. The map can't say which. Two tests can. Let the discriminator train
    some hundred steps while the generator waits: if colours appear, there was something to see. Or measure the samples
    without it: count modes, and points far from all data. In the chapter the map was white while most points lay
    between the clusters.

    Map B is deep blue and deep orange with a sharp line between. Accuracy is 1, and the best discriminator would
    probably say the same. The generator uses the slope of the logit at its own points, and the colours can't show it: D
    near 0 looks flat in any case. If the logit is flat there, the arrows are short for every loss. If it still rises
    towards the data, -log D gives useful arrows, because its factor 1 - D is about 1. log(1 - D) gives next to none,
    because its factor D is about 0. What helps: the non-saturating loss, or a penalty that keeps the logit from
    becoming so steep at the line and so flat beyond it. Compute the slopes; don't judge by the colours.

    Map C has no orange at all and no ½-line: D is nowhere below ½. Look at the code, not at the data. Perhaps the
    discriminator ends with a sigmoid, and the loss, which takes logits, adds another. The sigmoid of a number between
    0 and 1 lies between 0.5 and 0.73.

    The empty corner. A discriminator is trained only where points are. What it says elsewhere is how its network
    happens to continue, and another seed may say the opposite. It matters only if a generated point goes there."""
