"""Questions of chapter 32: the value by quadrature, two Gaussians, how far Adam's help reaches, unequal shares."""

import math

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import NotYet, discussion, question
from gan_edu.checks.values import difference

# --- the value of a game


def _two_heaps():
    """Places on a line, the logarithms of two densities there, and the step of the grid."""
    x = torch.linspace(-10, 10, 401, dtype=torch.float64)
    log_p = -0.5 * (x - 1).square() - 0.5 * math.log(2 * math.pi)
    log_q = -0.5 * (x / 2).square() - 0.5 * math.log(8 * math.pi)
    return x, log_p, log_q, 0.05


def _value_probes():
    x, log_p, log_q, dx = _two_heaps()
    return [
        (torch.zeros_like(x), log_p, log_q, dx),
        (log_p - log_q, log_p, log_q, dx),
        (0.7 * x - 0.2, log_p, log_q, dx),
    ]


@question(
    "What is the game worth?",
    hints=(
        "An integral over a fine grid is a sum times dx. At each place there are two parts: the real points that come "
        "by, as often as p says, and the generated ones, as often as q says.",
        "F.logsigmoid(logits) is log D. As 1 - σ(ℓ) = σ(-ℓ), log(1 - D) is F.logsigmoid(-logits). Neither ever becomes "
        "infinite.",
        "((log_p.exp() * F.logsigmoid(logits) + log_q.exp() * F.logsigmoid(-logits)) * dx).sum()",
    ),
    insight="A top is flat: in the chapter's example, logits that are a third too small, or one and a half times as "
    "large, lose only about 0.05. So a value close to the best one doesn't mean logits close to the best ones. But D "
    "itself must then be close to D*, on average over the points that come by.",
    probes=_value_probes,
)
def value(logits, log_p, log_q, dx):
    on_real = (log_p.exp() * F.logsigmoid(logits)).sum() * dx
    on_fake = (log_q.exp() * F.logsigmoid(-logits)).sum() * dx
    return on_real + on_fake


@value.misconception("the loss, -V. The value is what the discriminator wants *large*: no minus.")
def _loss_instead_of_value(logits, log_p, log_q, dx):
    return -value.answer(logits, log_p, log_q, dx)


@value.misconception("swapped labels: log D belongs to the real points (p), log(1 - D) to the generated ones (q).")
def _swapped_labels(logits, log_p, log_q, dx):
    return value.answer(-logits, log_p, log_q, dx)


@value.misconception("log D for both kinds of points. On generated ones the right answer got the probability 1 - D.")
def _same_label_for_both(logits, log_p, log_q, dx):
    return ((log_p.exp() + log_q.exp()) * F.logsigmoid(logits)).sum() * dx


@value.misconception(
    "the logarithms of the densities as weights. Points come by as often as the density itself says: log_p.exp()."
)
def _log_density_as_weight(logits, log_p, log_q, dx):
    return (log_p * F.logsigmoid(logits) + log_q * F.logsigmoid(-logits)).sum() * dx


@value.misconception("a sum without the step dx: with a finer grid it would grow and grow.")
def _forgets_the_step(logits, log_p, log_q, dx):
    return value.answer(logits, log_p, log_q, 1.0)


@value.misconception("a mean over the grid. The integral is the *sum* times dx.")
def _mean_over_the_grid(logits, log_p, log_q, dx):
    return value.answer(logits, log_p, log_q, 1.0) / len(logits)


@value.misconception()
def _mean_over_the_grid(logits, log_p, log_q, dx):
    return value.answer(logits, log_p, log_q, dx) / len(logits)


@value.misconception("half of the value: the two means are added, not averaged.")
def _halved(logits, log_p, log_q, dx):
    return value.answer(logits, log_p, log_q, dx) / 2


@value.misconception("only the real half. Generated points come by, too.")
def _forgets_fakes(logits, log_p, log_q, dx):
    return (log_p.exp() * F.logsigmoid(logits)).sum() * dx


@value.misconception(
    "a sigmoid too many: F.logsigmoid has it inside, and takes the logits themselves.",
)
def _sigmoid_twice(logits, log_p, log_q, dx):
    return value.answer(logits.sigmoid(), log_p, log_q, dx)


@value.misconception(
    "the logarithm of a sigmoid in two steps. At a logit of -800 the sigmoid is rounded to 0, at 200 to "
    "1, and the logarithm is lost. F.logsigmoid does both at once."
)
def _log_of_sigmoid(logits, log_p, log_q, dx):
    return (log_p.exp() * logits.sigmoid().log() + log_q.exp() * (1 - logits.sigmoid()).log()).sum() * dx


@value.test
def _(learner):
    _, log_p, log_q, dx = _two_heaps()
    for sure in (200.0, -800.0):
        logits = torch.full_like(log_p, sure)
        right, got = value.answer(logits, log_p, log_q, dx), learner(logits, log_p, log_q, dx)
        if difference(right, got, 1e-4) is not None:
            raise NotYet(right, got, on=f"logits of {sure:g} everywhere", looks_like="log_of_sigmoid")


# --- two Gaussians


def _gaussian_probes():
    x = torch.tensor([[0.0, 0.0], [1.0, 0.5], [-2.0, 3.0]], dtype=torch.float64)
    slanted = torch.tensor([[2.0, 0.9], [0.9, 1.0]], dtype=torch.float64)
    means = torch.tensor([1.0, 0.5], dtype=torch.float64), torch.tensor([-1.0, 2.0], dtype=torch.float64)
    wide = torch.eye(3, dtype=torch.float64) * torch.tensor([0.5, 2.0, 3.0], dtype=torch.float64)
    return [
        (x, *means, slanted),
        (torch.randn(4, 3, dtype=torch.float64), *torch.randn(2, 3, dtype=torch.float64), wide),
    ]


@question(
    "Two Gaussians",
    hints=(
        "The best logit is log p - log q. Write both logarithms down: which terms are in both, and cancel?",
        "What is left is linear: w·x + c with w = Σ⁻¹(μ_p - μ_q). In the middle between the means both densities are "
        "equal, so the logit is 0 there: that gives c.",
        "w = torch.linalg.solve(covariance, mean_p - mean_q), and then (x - (mean_p + mean_q) / 2) @ w.",
    ),
    insight="With one covariance for both, the squares cancel and the best discriminator is a single linear layer. "
    "With two different ones they don't, and in the plane the ½-line is bent: an ellipse, say, or a hyperbola.",
    probes=_gaussian_probes,
)
def gaussian_logit(x, mean_p, mean_q, covariance):
    w = torch.linalg.solve(covariance, mean_p - mean_q)
    middle = (mean_p + mean_q) / 2
    return (x - middle) @ w


@gaussian_logit.misconception("the covariance where its inverse belongs: a wide direction should count *less*.")
def _covariance_instead_of_inverse(x, mean_p, mean_q, covariance):
    return (x - (mean_p + mean_q) / 2) @ (covariance @ (mean_p - mean_q))


@gaussian_logit.misconception("no covariance at all. That is right only for round Gaussians of width 1.")
def _forgets_covariance(x, mean_p, mean_q, covariance):
    return (x - (mean_p + mean_q) / 2) @ (mean_p - mean_q)


@gaussian_logit.misconception(
    "only the diagonal of the covariance. The coordinates depend on each other: the whole matrix counts."
)
def _only_the_diagonal(x, mean_p, mean_q, covariance):
    return (x - (mean_p + mean_q) / 2) @ ((mean_p - mean_q) / covariance.diagonal())


@gaussian_logit.misconception("no constant. Then the ½-line runs through 0 instead of the middle between both means.")
def _forgets_the_constant(x, mean_p, mean_q, covariance):
    return x @ torch.linalg.solve(covariance, mean_p - mean_q)


@gaussian_logit.misconception("a constant with the wrong sign: in the middle between both means the logit must be 0.")
def _constant_with_wrong_sign(x, mean_p, mean_q, covariance):
    return (x + (mean_p + mean_q) / 2) @ torch.linalg.solve(covariance, mean_p - mean_q)


@gaussian_logit.misconception("a ½-line through one of the means. It lies in the middle between both.")
def _line_through_a_mean(x, mean_p, mean_q, covariance):
    return (x - mean_q) @ torch.linalg.solve(covariance, mean_p - mean_q)


@gaussian_logit.misconception()
def _line_through_a_mean(x, mean_p, mean_q, covariance):
    return (x - mean_p) @ torch.linalg.solve(covariance, mean_p - mean_q)


@gaussian_logit.misconception("swapped densities: the logit is positive where *real* points are more frequent.")
def _swapped_labels(x, mean_p, mean_q, covariance):
    return -gaussian_logit.answer(x, mean_p, mean_q, covariance)


@gaussian_logit.misconception("the probability D*. Asked for is its logit, before the sigmoid.")
def _probability_instead_of_logit(x, mean_p, mean_q, covariance):
    return torch.sigmoid(gaussian_logit.answer(x, mean_p, mean_q, covariance))


@gaussian_logit.misconception("log p alone. The generated points count, too: log p - log q.")
def _log_density_alone(x, mean_p, mean_q, covariance):
    return torch.distributions.MultivariateNormal(mean_p, covariance).log_prob(x)


# --- how far Adam's help reaches


def _adam_probes():
    logits = torch.tensor([-5.0, -10.0, -25.0, 0.0, 3.0], dtype=torch.float64)
    one, sure = (torch.tensor(logit, dtype=torch.float64) for logit in (1.0, -12.0))
    return [(one, 1.0, 0.3), (logits, 1e-3, 1e-8), (sure, 0.5, 1e-4)]  # a large ε first: there wrong values differ most


def _moves(candidate, logit, lr, eps):
    """In units of the rate, logarithms, so that tiny moves are compared as well as long ones."""
    result = candidate(logit, lr, eps)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise NotYet("two results: the saturating move and the non-saturating one", result)
    return result[0] / lr, result[1] / lr


@question(
    "How far does Adam's help reach?",
    hints=(
        "Two things are asked for, one after the other: the size of the loss's slope with respect to the logit, then "
        "what Adam makes of it.",
        "Section 5 of the chapter has both slopes: -σ(ℓ) for the saturating loss, -σ(-ℓ) for the other. The root of g² "
        "is |g|.",
        "g = torch.sigmoid(logit) gives lr * g / (g + eps); the same with g = torch.sigmoid(-logit).",
    ),
    insight="Adam makes all slopes well above ε equally long, and it doesn't lengthen those well below ε to the same "
    "size: with ε = 1e-8 its help ends near a logit of ln 1e-8 ≈ -18.",
    run=_moves,
    probes=_adam_probes,
    tol=1e-7,
)
def adam_moves(logit, lr, eps):
    moves = []
    for slope in (torch.sigmoid(logit), torch.sigmoid(-logit)):
        moves.append(lr * slope / (slope + eps))
    return tuple(moves)


@adam_moves.misconception("plain SGD: the rate times the slope. Adam divides the slope by its own size.")
def _sgd_instead_of_adam(logit, lr, eps):
    return lr * torch.sigmoid(logit), lr * torch.sigmoid(-logit)


@adam_moves.misconception("no ε: then every slope, however tiny, would give the same step. Below ε Adam's help ends.")
def _forgets_eps(logit, lr, eps):
    return lr * torch.ones_like(logit), lr * torch.ones_like(logit)


@adam_moves.misconception("ε inside the square root. In the formula it is added after the root.")
def _eps_inside_the_root(logit, lr, eps):
    s, n = torch.sigmoid(logit), torch.sigmoid(-logit)
    return lr * s / (s.square() + eps).sqrt(), lr * n / (n.square() + eps).sqrt()


@adam_moves.misconception("g² below instead of its root: two slopes cancel, and a *shorter* one would move *farther*.")
def _forgets_the_root(logit, lr, eps):
    s, n = torch.sigmoid(logit), torch.sigmoid(-logit)
    return lr * s / (s.square() + eps), lr * n / (n.square() + eps)


@adam_moves.misconception(
    "the two losses swapped. The saturating one is flat where the discriminator is sure of a fake: its slope is -σ(ℓ)."
)
def _swapped_losses(logit, lr, eps):
    return adam_moves.answer(-logit, lr, eps)


@adam_moves.misconception(
    "slopes with respect to D, -1/(1 - D) and -1/D. The weight moves the *logit*: there is a factor D(1 - D) more."
)
def _slope_by_probability(logit, lr, eps):
    s, n = 1 / (1 - torch.sigmoid(logit)), 1 / torch.sigmoid(logit)
    return lr * s / (s + eps), lr * n / (n + eps)


@adam_moves.misconception("moves with a sign. Asked for is how *far* the weight moves: a size, positive.")
def _signed(logit, lr, eps):
    saturating, other = adam_moves.answer(logit, lr, eps)
    return -saturating, -other


@adam_moves.misconception("the value of the losses where their slope belongs.")
def _loss_instead_of_slope(logit, lr, eps):
    s, n = F.logsigmoid(-logit).abs(), F.logsigmoid(logit).abs()
    return lr * s / (s + eps), lr * n / (n + eps)


# --- unequal shares


def _share_probes():
    log_p, log_q = torch.tensor([[-1.0, -3.0, -1000.0], [-1.0, -0.5, -1002.0]], dtype=torch.float64)
    return [(log_p, log_q, 3, 1), (log_p, log_q, 64, 128), (log_p, log_q, 5, 5)]


@question(
    "Unequal shares",
    hints=(
        "Which share of all points that come by at x is real, if three times as many real points are drawn as "
        "generated ones?",
        "n_real·p(x) real points for n_fake·q(x) generated ones: D = n_real·p / (n_real·p + n_fake·q). A share "
        "a/(a + b) has the logit log a - log b.",
        "log_p - log_q + math.log(n_real / n_fake)",
    ),
    insight="Unequal shares move the whole logit by one constant: the slopes, all that the generator sees of the map, "
    "stay the same (though the losses weigh them differently). The rule “½ means can't tell” is gone.",
    probes=_share_probes,
)
def optimal_logit(log_p, log_q, n_real, n_fake):
    return log_p - log_q + math.log(n_real / n_fake)


@optimal_logit.misconception("equal shares. Where p = q, three of four points that come by are real: D = ¾ there.")
def _forgets_the_shares(log_p, log_q, n_real, n_fake):
    return log_p - log_q


@optimal_logit.misconception("shares the wrong way round: more real points make “real” the *better* bet.")
def _shares_swapped(log_p, log_q, n_real, n_fake):
    return log_p - log_q + math.log(n_fake / n_real)


@optimal_logit.misconception("a share where the ratio n_real / n_fake belongs.")
def _share_instead_of_ratio(log_p, log_q, n_real, n_fake):
    return log_p - log_q + math.log(n_real / (n_real + n_fake))


@optimal_logit.misconception("the ratio itself added to a logit. Logits are logarithms, so its logarithm is added.")
def _ratio_without_logarithm(log_p, log_q, n_real, n_fake):
    return log_p - log_q + n_real / n_fake


@optimal_logit.misconception("a logit multiplied by the ratio. Factors of densities become *summands* of logits.")
def _logit_times_ratio(log_p, log_q, n_real, n_fake):
    return (log_p - log_q) * n_real / n_fake


@optimal_logit.misconception("swapped densities: the logit is large where *real* points are frequent.")
def _swapped_labels(log_p, log_q, n_real, n_fake):
    return log_q - log_p + math.log(n_fake / n_real)


@optimal_logit.misconception("the probability D. Asked for is its logit, before the sigmoid.")
def _probability_instead_of_logit(log_p, log_q, n_real, n_fake):
    return torch.sigmoid(optimal_logit.answer(log_p, log_q, n_real, n_fake))


@optimal_logit.misconception(
    "densities that are computed before they are divided. Far out e^-1000 is rounded to 0, and 0 / 0 is no number. "
    "Stay with the logarithms."
)
def _density_underflows(log_p, log_q, n_real, n_fake):
    a, b = n_real * log_p.exp(), n_fake * log_q.exp()
    return torch.logit(a / (a + b))


@optimal_logit.misconception()
def _density_underflows(log_p, log_q, n_real, n_fake):
    return (n_real * log_p.exp() / (n_fake * log_q.exp())).log()


@optimal_logit.misconception()
def _density_underflows(log_p, log_q, n_real, n_fake):
    return (n_real * log_p.exp()).log() - (n_fake * log_q.exp()).log()


# --- for discussion


@discussion(
    "Four sentences",
    hints=(
        "A: what is the loss of the *best* discriminator, in terms of the JSD? Which way does it go when p and q get "
        "more alike?",
        "B: what is the slope of log(1 - σ(ℓ))? At which logits is it near 0, and who has such logits: a perfect "
        "generator, or one that is caught?",
        "C: section 2, the inequality. D: section 7, the last experiment, and question 3.",
    ),
)
def four_sentences():
    """A is the wrong way round. The loss of the best discriminator is 2 ln 2 - 2 JSD: the more alike p and q are, the
    *larger* it is, up to 2 ln 2. A small loss says that the discriminator is winning. (Sections 2 and 4.)

    B draws a right conclusion from a wrong reason. The slope of log(1 - σ(ℓ)) is -σ(ℓ) = -D: it is flat where D(G(z))
    is near 0. That is the *beginning*, when every generated point is recognised. Near D(G(z)) = 1 the loss is at its
    steepest. And a perfect generator has D = ½, where both losses have the same slope.

    C proves nothing. JSD ≥ ln 2 - ½ L_D, and with L_D = 2 ln 2 this says JSD ≥ 0. A blind discriminator has this loss
    against any generator. The other direction is sound: a small loss on fresh points *proves* a difference.

    D treats a symptom. In the chapter's last experiment the deeper discriminators were surer after the same number of
    steps, and the saturating arrows *shorter*. Adam makes short gradients long again, as long as they are above its ε
    and above rounding errors; with SGD the generator starved. The cause is a loss that is flat where the discriminator
    is sure, together with a discriminator that is sure. So the cures are another loss (non-saturating, Wasserstein), or
    a discriminator that can't get so steep (gradient penalty, spectral norm, noise on its inputs)."""
