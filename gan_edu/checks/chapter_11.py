"""Questions of chapter 11: Bayes' rule on a table, a score with gaps, a sampler's density, its directions, GANs now."""

import math

import torch
from torch import nn

from gan_edu import nets
from gan_edu.checks.engine import discussion, question

# --- from the table to the answer


def _table(*rows):
    return torch.tensor(rows, dtype=torch.double)


@question(
    "From the table to the answer",
    hints=(
        "Look at one row: one x, and all y that can go with it. Its entries are in the right proportion already. What "
        "is missing to make them probabilities?",
        "They must sum to 1. So divide each row by its own sum, which is p(x).",
        "joint / joint.sum(1, keepdim=True): keepdim keeps the sums as a column, so that each row is divided by its "
        "own.",
    ),
    insight="p(x) is used up by the division. That is why there is no way back: a discriminative model knows these "
    "rows and not how often each of them is needed.",
    probes=lambda: [
        (_table([0.45, 0.05], [0.15, 0.35]),),
        (torch.randn(12).double().softmax(0).view(3, 4),),
        (torch.randn(15).double().softmax(0).view(5, 3),),
        (_table([0.5, 0.5 - 4e-12, 0.0], [1e-12, 1e-12, 2e-12]),),
    ],
)
def conditional(joint):
    return joint / joint.sum(1, keepdim=True)


@conditional.misconception(
    "columns that sum to 1: that is p(x | y), for each kind how likely each x is. Asked for is p(y | x), so each row "
    "sums to 1."
)
def _columns_sum_to_one(joint):
    return joint / joint.sum(0, keepdim=True)


@conditional.misconception(
    "the table itself. Its entries say how likely a *pair* is; when x is known, its row has to sum to 1."
)
def _still_the_joint(joint):
    return joint / joint.sum()


@conditional.misconception(
    "p(y) in each row: how frequent each y is in the whole table. Then x would make no difference."
)
def _ignores_x(joint):
    return joint.sum(0).expand_as(joint)


@conditional.misconception(
    "a softmax of probabilities. It exponentiates first, and these numbers are no logarithms: only divide by the sum."
)
def _softmax_of_probabilities(joint):
    return joint.softmax(1)


@conditional.misconception("each row divided by its largest entry. Divide by its sum.")
def _divided_by_largest(joint):
    return joint / joint.amax(1, keepdim=True)


@conditional.misconception("only the most probable y for each x. Asked for are the probabilities of all y.")
def _most_probable(joint):
    return joint.argmax(1)


@conditional.misconception()
def _most_probable(joint):
    return nn.functional.one_hot(joint.argmax(1), joint.shape[1]).double()


@conditional.misconception("p(x), the sums of the rows. Divide each row by its sum.")
def _only_the_sums(joint):
    return joint.sum(1)


# --- pictures with gaps


def _with_gaps(n, d, known):
    x = (torch.rand(n, d) < 0.5).double()
    x[:, ~known] = math.nan
    return x, 0.1 + 0.8 * torch.rand(d).double(), known


def _mask(*known):
    return torch.tensor(known, dtype=torch.bool)


def _bernoulli(x, theta):
    return x * theta.log() + (1 - x) * (1 - theta).log()


@question(
    "A picture with gaps",
    hints=(
        "The pixels are independent coins. What does a coin that nobody has looked at tell about the others?",
        "Nothing: summed over both of its sides, its probability is 1, and log 1 = 0. So a pixel that is not known "
        "must not occur in the sum at all. Pick the columns that are known, of x and of theta.",
        "x, theta = x[:, known], theta[known]; then (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1).",
    ),
    insight="Leaving a pixel out is so easy only because the pixels are independent. For a Gaussian, take the known "
    "rows and columns of mean and covariance. An ordinary GAN has no density that could be evaluated, and no such "
    "rule.",
    probes=lambda: [
        (
            torch.tensor([[1.0, math.nan], [0.0, math.nan]], dtype=torch.double),
            torch.tensor([0.75, 0.9], dtype=torch.double),
            _mask(True, False),
        ),
        _with_gaps(4, 6, _mask(True, False, True, True, False, True)),
        _with_gaps(3, 5, _mask(False, True, False, False, True)),
        _with_gaps(1, 3, _mask(True, True, True)),
        _with_gaps(2, 3, _mask(False, False, False)),  # nothing is known: certain, so 0
    ],
)
def known_score(x, theta, known):
    x, theta = x[:, known], theta[known]
    return (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1)


@known_score.misconception("gaps taken for “no ink”. A pixel that nobody has seen is not 0: it must not count at all.")
def _gaps_as_zeros(x, theta, known):
    return _bernoulli(x.nan_to_num(0.0), theta).sum(1)


@known_score.misconception(
    "gaps filled with a guess (½, or θ). Leave them out instead: an unknown pixel is certain to be 0 or 1, and the "
    "logarithm of that certainty is 0."
)
def _gaps_as_guess(x, theta, known):
    return _bernoulli(torch.where(known, x, 0.5), theta).sum(1)


@known_score.misconception()
def _gaps_as_guess(x, theta, known):
    return _bernoulli(torch.where(known, x, theta), theta).sum(1)


@known_score.misconception()
def _gaps_as_guess(x, theta, known):
    return known_score.answer(x, theta, known) + (~known).sum() * math.log(0.5)


@known_score.misconception(
    "NaN times 0: that is NaN still. Choose the known columns (x[:, known]) before you compute, instead of multiplying "
    "with the mask afterwards."
)
def _masked_too_late(x, theta, known):
    return (_bernoulli(x, theta) * known).sum(1)


@known_score.misconception()
def _masked_too_late(x, theta, known):
    return _bernoulli(x, theta).sum(1)


@known_score.misconception("a mean over the known pixels. Their probabilities are multiplied: add the logarithms.")
def _mean_over_pixels(x, theta, known):
    return known_score.answer(x, theta, known) / known.sum()


@known_score.misconception("one number for all pictures. Each picture has its own score: (N,).")
def _one_number(x, theta, known):
    return known_score.answer(x, theta, known).mean()


@known_score.misconception()
def _one_number(x, theta, known):
    return known_score.answer(x, theta, known).sum()


@known_score.misconception("probabilities. Asked for are their logarithms.")
def _without_logarithm(x, theta, known):
    return known_score.answer(x, theta, known).exp()


@known_score.misconception("the unknown pixels instead of the known ones: the mask is True where a pixel is known.")
def _mask_turned_round(x, theta, known):
    return known_score.answer(x.nan_to_num(0.0), theta, ~known)


# --- the density of a sampler on a line


def _stretch(z):
    return 3 * z + 1


def _wave(z):
    return z + 0.4 * torch.sin(2 * z)


def _falling(z):
    return -2 * z - 0.5 * z**3


def _normal(z):
    return -z.square() / 2 - 0.5 * math.log(2 * math.pi)


def _slope(G, z):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(G(z).sum(), z)[0]


@question(
    "The density of a sampler",
    hints=(
        "A small piece of noise of width dz holds φ(z) dz of the probability. After G it has the width |G'(z)| dz. "
        "What is then the probability per width?",
        "φ(z) / |G'(z)|, and its logarithm is a difference. log φ(z) = -z²/2 - ½ log 2π. For G' let PyTorch follow z: "
        "z = z.detach().requires_grad_(), and torch.autograd.grad(G(z).sum(), z).",
        "-z**2 / 2 - 0.5 * math.log(2 * math.pi) - slope.abs().log()",
    ),
    insight="In d dimensions |G'| becomes |det ∂G/∂z|: normalising flows are built so that it is cheap. With fewer "
    "noise numbers than pixels the matrix is not even square, and there is no density.",
    probes=lambda: [
        (_stretch, torch.tensor([0.0, 1.0], dtype=torch.double)),
        (_wave, torch.tensor([-1.0, 0.2, 2.0], dtype=torch.double)),
        (_falling, torch.tensor([-0.5, 1.5], dtype=torch.double)),
    ],
)
def log_density(G, z):
    z = z.detach().requires_grad_()
    (slope,) = torch.autograd.grad(G(z).sum(), z)
    return (-(z**2) / 2 - 0.5 * math.log(2 * math.pi) - slope.abs().log()).detach()


@log_density.misconception(
    "the slope on the wrong side. Where G is steep, points are spread thin: the density is *divided* by |G'|, so its "
    "logarithm is subtracted."
)
def _slope_multiplied(G, z):
    return _normal(z) + _slope(G, z).abs().log()


@log_density.misconception(
    "a slope without its absolute value. G may fall: then G' is negative and has no logarithm, and the width of a "
    "piece is |G'| dz all the same."
)
def _without_absolute_value(G, z):
    return _normal(z) - _slope(G, z).log()


@log_density.misconception("only the density of the noise. G stretches and squeezes: divide by |G'(z)|.")
def _forgets_slope(G, z):
    return _normal(z)


@log_density.misconception(
    "the normal density at the place x = G(z). The *noise* is normal: evaluate φ at z, where the point came from."
)
def _noise_density_at_x(G, z):
    return _normal(G(z))


@log_density.misconception()
def _noise_density_at_x(G, z):
    return _normal(G(z)) - _slope(G, z).abs().log()


@log_density.misconception("the density itself. Asked for is its logarithm.")
def _without_logarithm(G, z):
    return (_normal(z) - _slope(G, z).abs().log()).exp()


@log_density.misconception("a missing -½ log 2π: without it the area below φ would not be 1.")
def _missing_constant(G, z):
    return -z.square() / 2 - _slope(G, z).abs().log()


@log_density.misconception("the slope itself subtracted. In the logarithm of a quotient stands log |G'|.")
def _slope_without_logarithm(G, z):
    return _normal(z) - _slope(G, z).abs()


# --- in how many directions its output can move


def _net(*sizes):
    return nets.mlp(list(sizes), activation="tanh").double()


def _wide_and_poor():
    """No layer is narrower than 3, but the one in the middle uses two directions only."""
    net = _net(3, 8, 8, 5)
    middle = [layer for layer in net.modules() if isinstance(layer, nn.Linear)][1]
    with torch.no_grad():
        middle.weight.copy_(torch.randn(8, 2).double() @ torch.randn(2, 8).double() / 3)
    return net


class _Squares(nn.Module):
    def forward(self, z):
        return torch.cat([z.square(), z.square().sum()[None]])


@question(
    "How thin is the sheet?",
    hints=(
        "Move z a little, in each of its directions: how does the output move? All these movements are the columns of "
        "a matrix.",
        "The Jacobian matrix: torch.autograd.functional.jacobian(G, z), or torch.func.jacrev(G)(z). How many of its "
        "columns are independent?",
        "int(torch.linalg.matrix_rank(torch.autograd.functional.jacobian(G, z)))",
    ),
    insight="It is never more than the number of noise numbers, and never more than the narrowest layer: a generator "
    "with a density in pixel space needs at least as many noise numbers as pixels.",
    probes=lambda: [
        (_net(2, 16, 5), torch.tensor([0.3, -0.4], dtype=torch.double)),
        (_net(4, 16, 1, 16, 6), torch.tensor([0.3, -0.4, 0.1, 0.8], dtype=torch.double)),
        (_net(3, 16, 2), torch.tensor([0.1, 0.5, -0.2], dtype=torch.double)),
        (_wide_and_poor(), torch.tensor([0.1, 0.5, -0.2], dtype=torch.double)),
        (_Squares(), torch.tensor([0.0, 1.0, -2.0], dtype=torch.double)),  # at 0 a square stands still
    ],
)
def directions(G, z):
    return int(torch.linalg.matrix_rank(torch.autograd.functional.jacobian(G, z)))


@directions.misconception(
    "the number of outputs. The output has that many numbers, but it can't move freely in all of them: it follows z."
)
def _number_of_outputs(G, z):
    return len(G(z))


@directions.misconception(
    "the number of noise numbers. It can't be more than that, but it can be less: at a narrow place in the network, "
    "or where there are fewer outputs."
)
def _number_of_inputs(G, z):
    return len(z)


@directions.misconception(
    "the smaller one of inputs and outputs. That is the most that is possible; a narrow layer in between makes it "
    "less. Look at the Jacobian."
)
def _smaller_of_both(G, z):
    return min(len(z), len(G(z)))


@directions.misconception(
    "the width of the narrowest layer. It can be less: a layer's weights may use few directions, and at some places "
    "the output stands still. Look at the Jacobian there."
)
def _narrowest_layer(G, z):
    shapes = [weight.shape for weight in G.parameters() if weight.dim() == 2]
    return min([len(z), len(G(z)), *(min(shape) for shape in shapes)])


@directions.misconception("all entries of the Jacobian that are not zero. Count its independent columns: its rank.")
def _entries_not_zero(G, z):
    return int((torch.autograd.functional.jacobian(G, z) != 0).sum())


# --- are GANs dead?


@discussion(
    "Dead, or at work?",
    hints=(
        "Separate three things: GANs as the usual way to generate pictures, GANs as generators that need one pass, and "
        "a discriminator's loss inside other models.",
        "For each of the three, name one piece of evidence with its source. What would you measure before you choose?",
    ),
)
def dead_or_at_work():
    """Right is: for pictures from text, and wherever variety matters most, diffusion and autoregressive models have
    taken over since about 2021. They train without a game, and they cover the data better (Dhariwal and Nichol 2021).

    Wrong is: "nobody needs". A GAN makes a sample in one pass through a network. Where speed counts, as in making sound
    from spectrograms (HiFi-GAN), that is decisive. And discriminators work inside other models: in the autoencoders
    below latent diffusion (VQGAN), and where a diffusion model is taught to need one or a few steps (DMD2).

    To choose for a project, ask: how many milliseconds may a sample take? Must rare kinds occur? Is a likelihood
    needed? How many data are there? Then compare the candidates on your own data, with the same number of samples:
    quality, variety and time.

    A fair short version: GANs are no longer the default; adversarial training is a tool that is still in use."""
