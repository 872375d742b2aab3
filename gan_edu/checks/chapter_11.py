"""Questions of chapter 11: a score with gaps, a sampler's density, its directions, steps of denoising, GANs in 2026."""

import math

import torch

from gan_edu import nets
from gan_edu.checks.engine import NotYet, discussion, question

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
    insight="Leaving a pixel out is exact only because the pixels are independent. For a Gaussian one takes the known "
    "rows and columns of mean and covariance; for a GAN there is no such rule: it has no density.",
    probes=lambda: [
        (
            torch.tensor([[1.0, math.nan], [0.0, math.nan]], dtype=torch.double),
            torch.tensor([0.75, 0.9], dtype=torch.double),
            _mask(True, False),
        ),
        _with_gaps(4, 6, _mask(True, False, True, True, False, True)),
        _with_gaps(3, 5, _mask(False, True, False, False, True)),
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


@question(
    "How thin is the sheet?",
    hints=(
        "Move z a little, in each of its directions: how does the output move? All these movements are the columns of "
        "a matrix.",
        "The Jacobian matrix: torch.func.jacrev(G)(z), or torch.autograd.functional.jacobian(G, z). How many of its "
        "columns are independent?",
        "int(torch.linalg.matrix_rank(torch.func.jacrev(G)(z)))",
    ),
    insight="It is never more than the number of noise numbers, and never more than the narrowest layer: a sheet with "
    "a density in pixel space needs at least as many noise numbers as pixels.",
    probes=lambda: [
        (_net(2, 16, 5), torch.tensor([0.3, -0.4], dtype=torch.double)),
        (_net(4, 16, 1, 16, 6), torch.tensor([0.3, -0.4, 0.1, 0.8], dtype=torch.double)),
        (_net(3, 16, 2), torch.tensor([0.1, 0.5, -0.2], dtype=torch.double)),
    ],
)
def directions(G, z):
    return int(torch.linalg.matrix_rank(torch.func.jacrev(G)(z)))


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


@directions.misconception("all entries of the Jacobian that are not zero. Count its independent columns: its rank.")
def _entries_not_zero(G, z):
    return int((torch.func.jacrev(G)(z) != 0).sum())


# --- steps of denoising


def _towards_three(x, sigma):
    """The best denoiser for data that are all 3, with a little width: simple enough to follow by hand."""
    return (0.04 * x + sigma**2 * 3.0) / (0.04 + sigma**2)


def _two_heaps(x, sigma):
    return torch.tanh(x / (sigma**2 + 0.1))


@question(
    "From noise to a sample",
    hints=(
        "One step goes from the width sigmas[i] to sigmas[i + 1]. First ask: what was the data, given x with noise of "
        "width sigmas[i]? What is x minus that answer?",
        "x - answer is the noise, of width sigmas[i]. Only a share of it may stay, so that its width becomes "
        "sigmas[i + 1].",
        "for now, after in zip(sigmas[:-1], sigmas[1:]): answer = denoise(x, now); x = answer + after / now * (x - "
        "answer)",
    ),
    insight="This is a deterministic sampler (DDIM, or Euler's method for an equation of motion): the same start "
    "always gives the same sample. So there is a function from noise to data, and that is what distillation teaches a "
    "fast net.",
    probes=lambda: [
        (
            _towards_three,
            torch.tensor([10.0, -4.0], dtype=torch.double),
            torch.tensor([4.0, 1.0, 0.0], dtype=torch.double),
        ),
        (_two_heaps, 5 * torch.randn(4).double(), torch.tensor([5.0, 2.0, 0.5, 0.1], dtype=torch.double)),
    ],
)
def sample_by_denoising(denoise, x, sigmas):
    for now, after in zip(sigmas[:-1], sigmas[1:], strict=True):
        answer = denoise(x, now)
        x = answer + after / now * (x - answer)
    return x


def _walk(denoise, x, sigmas, step):
    for now, after in zip(sigmas[:-1], sigmas[1:], strict=True):
        x = step(denoise, x, now, after)
    return x


@sample_by_denoising.misconception(
    "the whole way to the answer in each step. The first answer is an average of all data: keep a share of the noise, "
    "and ask again."
)
def _jumps_to_the_answer(denoise, x, sigmas):
    return _walk(denoise, x, sigmas, lambda denoise, x, now, after: denoise(x, now))


@sample_by_denoising.misconception(
    "the shares the wrong way round: after / now of the *noise* x - answer stays, and all of the answer."
)
def _shares_swapped(denoise, x, sigmas):
    return _walk(denoise, x, sigmas, lambda denoise, x, now, after: x + after / now * (denoise(x, now) - x))


@sample_by_denoising.misconception("a ratio upside down: the noise must shrink, by after / now, which is below 1.")
def _ratio_upside_down(denoise, x, sigmas):
    def step(denoise, x, now, after):
        answer = denoise(x, now)
        return answer + now / after * (x - answer)

    return _walk(denoise, x, sigmas, step)


@sample_by_denoising.misconception(
    "the next width given to the denoiser. It has to be told how much noise is in x *now*: sigmas[i]."
)
def _denoises_with_next_width(denoise, x, sigmas):
    def step(denoise, x, now, after):
        answer = denoise(x, after)
        return answer + after / now * (x - answer)

    return _walk(denoise, x, sigmas, step)


@sample_by_denoising.misconception("a last step that is missing: the walk goes on to the last one of the widths.")
def _stops_one_step_early(denoise, x, sigmas):
    return sample_by_denoising.answer(denoise, x, sigmas[:-1])


@sample_by_denoising.misconception("a single step. Go through all neighbours in the list of widths, in a loop.")
def _only_one_step(denoise, x, sigmas):
    return sample_by_denoising.answer(denoise, x, sigmas[:2])


@sample_by_denoising.misconception(
    "noise that is not divided by its present width: x - answer has the width now already, so after / now of it stays."
)
def _noise_times_width(denoise, x, sigmas):
    def step(denoise, x, now, after):
        answer = denoise(x, now)
        return answer + after * (x - answer)

    return _walk(denoise, x, sigmas, step)


@sample_by_denoising.misconception(
    "the given x changed in place. Make a new tensor in each step, so that the start is still there afterwards."
)
def _changes_the_start(denoise, x, sigmas):
    result = sample_by_denoising.answer(denoise, x, sigmas)
    x.copy_(result)
    return result


@sample_by_denoising.test
def _(learner):
    x = torch.tensor([10.0, -4.0], dtype=torch.double)
    before = x.clone()
    learner(_towards_three, x, torch.tensor([4.0, 1.0, 0.0], dtype=torch.double))
    if not x.equal(before):
        raise NotYet("x as it was, after the call", x, looks_like="changes_the_start")


# --- are GANs dead?


@discussion(
    "Dead, or at work?",
    hints=(
        "Separate three things: GANs as the usual way to generate pictures, GANs as generators with one pass, and a "
        "discriminator's loss inside other models.",
        "For each of the three, name one piece of evidence with its source. What would you measure before you choose?",
    ),
)
def dead_or_at_work():
    """Right is: for pictures from text, and wherever variety matters most, diffusion and autoregressive models have
    taken over since 2021. They train by plain regression or likelihood, without a game, and cover the data better.

    Wrong is: "nobody needs". A GAN makes a sample in one pass of a network. Where speed counts (sound from
    spectrograms, pictures in real time) that is decisive, and GANs trained in recent years (R3GAN, GAT) show FIDs
    that stand beside those of diffusion models with many passes, on the data sets where both were measured. And
    discriminators work inside other models: in the autoencoders below latent diffusion (VQGAN's loss), and in
    distillation to one or a few steps (ADD, DMD2), where regression alone tends to blur.

    To choose for a project one would ask: how many milliseconds may a sample cost? Must rare kinds occur? Is a
    likelihood needed? How many data are there, and how much patience for training? Then compare on one's own data,
    with the same features and the same number of samples, quality *and* coverage.

    A fair short version: GANs are no longer the default; adversarial training is a tool that is still in use."""
