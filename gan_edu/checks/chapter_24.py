"""Questions of chapter 24: clouds and their price, dead numbers, a recipe for drawing codes, arcs, reading a table."""

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import NotYet, describe, discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at


@question(
    "A point of the cloud",
    hints=(
        "Start with the noise, of mean 0 and standard deviation 1. What makes it σ wide? What brings its middle to μ?",
        "You are given log σ², not σ. The exponential of log σ² is σ²; and the root of an exponential is the "
        "exponential of the half.",
        "mean + (0.5 * log_variance).exp() * …",
    ),
    insight="The noise comes from outside, so gradients pass through mean and log variance as if it were a constant. "
    "That is the reparameterisation trick; chapter 35 shows what goes wrong without it.",
    probes=lambda: [
        (torch.tensor([[2.0, -1.0]]), torch.tensor([[0.0, 2.0]]), torch.tensor([[0.5, 1.0]])),
        (torch.randn(4, 3), torch.randn(4, 3), torch.randn(4, 3)),
        (torch.randn(2, 5), torch.full((2, 5), -3.0), torch.randn(2, 5)),
    ],
)
def draw_code(mean, log_variance, noise):
    return mean + (0.5 * log_variance).exp() * noise


@draw_code.misconception("log σ² taken for σ itself. It is even negative for narrow clouds: exp of the half gives σ.")
def _log_var_as_std(mean, log_variance, noise):
    return mean + log_variance * noise


@draw_code.misconception("σ² where σ belongs: exp(log σ²) is the variance. Its root is exp of the half.")
def _variance_instead_of_std(mean, log_variance, noise):
    return mean + log_variance.exp() * noise


@draw_code.misconception(
    "log σ taken for what you are given. It is log σ², so half of it has to go into the exponential, not twice of it."
)
def _doubled_instead_of_halved(mean, log_variance, noise):
    return mean + (2 * log_variance).exp() * noise


@draw_code.misconception(
    "a product of mean and noise. A cloud has its middle at the mean: the noise is stretched first and then *added*."
)
def _multiplies_the_mean(mean, log_variance, noise):
    return mean * (0.5 * log_variance).exp() * noise


@draw_code.misconception()
def _multiplies_the_mean(mean, log_variance, noise):
    return mean * log_variance.exp()


@draw_code.misconception()
def _multiplies_the_mean(mean, log_variance, noise):
    return mean * (0.5 * log_variance).exp()


@draw_code.misconception("no noise at all: then every picture is a point again, and you have an autoencoder.")
def _no_noise(mean, log_variance, noise):
    return mean


@draw_code.misconception()
def _no_noise(mean, log_variance, noise):
    return mean + (0.5 * log_variance).exp()


@draw_code.misconception(
    "noise of your own. Use the noise that is passed in: then a run can be repeated, and the result be checked."
)
def _fresh_noise(mean, log_variance, noise):
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


@draw_code.test
def _(learner):
    shape, on = (200, 40), "mean 5, σ = 0.1 everywhere"
    mean, log_variance = torch.full(shape, 5.0), torch.full(shape, 0.01).log()
    points = value_of(learner, mean, log_variance, torch.randn(shape), shape=shape).double()
    if abs(points.std().item() - 0.1) > 0.01:
        raise NotYet("points with standard deviation 0.1", f"{points.std():.3f}", on=on)
    mean, log_variance = (torch.randn(3, 2, requires_grad=True) for _ in range(2))
    value = learner(mean, log_variance, torch.ones(3, 2))
    expect_gradient_at(value, {"mean": mean, "log variance": log_variance})


@question(
    "Alive or dead?",
    hints=(
        "First the price of each single number, a table of shape (N, Z). Then the mean over the pictures.",
        "½ (μ² + σ² − 1 − log σ²). Which of the four do you have already, and which needs an exp?",
        "Pictures are rows: the mean goes along dim=0, and Z numbers are left. Sum nothing.",
    ),
    insight="A number whose mean price is near 0 has the cloud N(0, 1) for every picture: it says nothing. "
    "The sum of your result is the KL term of the VAE's loss.",
    probes=lambda: [
        (torch.tensor([[3.0, 0.0], [1.0, 0.0]]), torch.zeros(2, 2)),
        (torch.zeros(2, 3), torch.tensor([[0.0, -4.0, 1.0], [0.0, -2.0, 2.0]])),
        (torch.randn(6, 4), torch.randn(6, 4)),
        (torch.randn(5, 5), torch.randn(5, 5) - 1),
    ],
)
def price_per_number(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception("the sign turned round. A price is never negative: it is 0 for N(0, 1), and else more.")
def _kl_sign(mean, log_variance):
    return -0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception(
    "log σ² put in where σ² belongs, without exp. For σ = 1 it is 0, and your price isn't 0 there."
)
def _log_var_as_variance(mean, log_variance):
    variance = log_variance
    return 0.5 * (mean.square() + variance - 1 - log_variance).mean(dim=0)


@price_per_number.misconception()
def _log_var_as_variance(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.square() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception(
    "the wrong square: log σ² belongs to the variance, so neither σ nor σ⁴ has a place in the formula."
)
def _log_var_as_log_std(mean, log_variance):
    return 0.5 * (mean.square() + (2 * log_variance).exp() - 1 - 2 * log_variance).mean(dim=0)


@price_per_number.misconception()
def _log_var_as_log_std(mean, log_variance):
    return 0.5 * (mean.square() + (0.5 * log_variance).exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception()
def _log_var_as_log_std(mean, log_variance):
    return 0.5 * (mean.square() + (2 * log_variance).exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception(
    "the mean over the numbers instead of the pictures. That gives one price for each picture; here each *number* of "
    "the code gets one: dim=0."
)
def _mean_over_wrong_axis(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=1)


@price_per_number.misconception()
def _mean_over_wrong_axis(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


@price_per_number.misconception(
    "everything in one number, as in the loss. Leave the numbers of the code apart, or no dead one can be found."
)
def _one_number_for_all(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()


@price_per_number.misconception()
def _one_number_for_all(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()


@price_per_number.misconception("a sum over the pictures: with twice as many, every number would be twice as dear.")
def _sum_over_pictures(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=0)


@price_per_number.misconception("the factor ½ is missing.")
def _missing_half(mean, log_variance):
    return (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception(
    "a price without the prior: −log σ² alone, and neither μ² nor σ². Then far away is free, and wider always better."
)
def _no_prior(mean, log_variance):
    return 0.5 * (-1 - log_variance).mean(dim=0)


@price_per_number.misconception()
def _no_prior(mean, log_variance):
    return -0.5 * log_variance.mean(dim=0)


@question(
    "A recipe for drawing codes",
    hints=(
        "Two things describe a Gaussian: where it is, and how it is stretched. Fit both to the codes.",
        "torch.cov wants one variable a row, so give it codes.T; the result is (Z, Z).",
        "torch.distributions.MultivariateNormal(mean, covariance) has a method .sample((n,)).",
    ),
    insight="With this recipe the chapter's plain autoencoder drew nearer to real digits than the VAE from N(0, I). "
    "A mixture of Gaussians follows the codes more closely still.",
)
def sample_codes(codes, n):
    mean, covariance = codes.mean(dim=0), torch.cov(codes.T)
    return torch.distributions.MultivariateNormal(mean, covariance).sample((n,))


@sample_codes.misconception("N(0, I). Nobody has told an autoencoder to put its codes there: look where they are.")
def _standard_normal(codes, n):
    return torch.randn(n, codes.shape[1])


@sample_codes.misconception(
    "each number drawn by itself, with its own mean and standard deviation. The covariance also knows which numbers go "
    "together, and that is lost."
)
def _independent_numbers(codes, n):
    return codes.mean(dim=0) + codes.std(dim=0) * torch.randn(n, codes.shape[1])


@sample_codes.misconception("the middle at 0. Add the codes' mean.")
def _mean_forgotten(codes, n):
    covariance = torch.cov(codes.T)
    return torch.distributions.MultivariateNormal(torch.zeros(len(covariance)), covariance).sample((n,))


@sample_codes.misconception(
    "normal noise multiplied by the covariance. That stretches too much: the noise needs a *root* of the covariance, "
    "such as torch.linalg.cholesky gives (or let MultivariateNormal do it)."
)
def _covariance_without_root(codes, n):
    return codes.mean(dim=0) + torch.randn(n, codes.shape[1]) @ torch.cov(codes.T)


@sample_codes.misconception(
    "copies of the codes that are there. Decoded, they give pictures that the network has seen, and nothing new."
)
def _copies_of_codes(codes, n):
    return codes[torch.randint(len(codes), (n,))]


@sample_codes.test
def _(learner):
    # 2-D codes, stretched, tilted and off the middle; the covariance is known up to sampling
    turn = torch.tensor([[2.0, 0.0], [1.5, 0.5]])
    codes = torch.randn(5000, 2) @ turn.T + torch.tensor([3.0, -2.0])
    on = "5,000 tilted codes around (3, −2), n = 20000"
    drawn = value_of(learner, codes, 20_000, shape=(20_000, 2)).detach().double()
    exact = "donot_use_mm_for_euclid_dist"
    if (torch.cdist(drawn[:100], codes.double(), compute_mode=exact).amin(dim=1) < 1e-5).all():
        raise NotYet("new codes", "codes that were there already", on=on, looks_like="copies_of_codes")
    mean, covariance = drawn.mean(dim=0), torch.cov(drawn.T)
    right_mean, right = codes.double().mean(dim=0), torch.cov(codes.T.double())
    names = {
        "standard_normal": (torch.zeros(2), torch.eye(2)),
        "mean_forgotten": (torch.zeros(2), right),
        "independent_numbers": (right_mean, right.diag().diag()),
        "covariance_without_root": (right_mean, right @ right),
    }

    # the bands are several standard errors wide, and far narrower than what separates the four
    def fits(centre, spread):
        return (mean - centre).abs().max() < 0.1 and (covariance - spread).abs().max() < 0.3

    if not fits(right_mean, right):
        raise NotYet(
            f"mean {describe(right_mean)} and covariance {describe(right.flatten())}",
            f"mean {describe(mean)} and covariance {describe(covariance.flatten())}",
            on=on,
            looks_like=next((name for name, moments in names.items() if fits(*moments)), None),
        )
    fourth = ((drawn - mean) / drawn.std(dim=0)).pow(4).mean(dim=0)  # 3 for a normal distribution
    if (fourth - 3).abs().max() > 0.4:
        raise NotYet("a normal distribution", "draws with the right mean and covariance, but not normal", on=on)
    again = value_of(learner, codes, 20_000, shape=(20_000, 2)).detach().double()
    if drawn.equal(again):
        raise NotYet("new codes at each call", "twice the same", on=on)


def _pairs(count, dim, length):
    vectors = F.normalize(torch.randn(2, count, dim), dim=-1) * length
    return vectors[0], vectors[1]


@question(
    "On the arc",
    hints=(
        "The cosine similarity of a and b is the cosine of their angle, .acos() the way back. One angle for each pair.",
        "Weights for a and b: at t = 0 they are 1 and 0, at t = 1 they are 0 and 1. On a line they are 1 − t and t; "
        "on the arc they are made of sines.",
        "sin((1 − t) ω) / sin ω and sin(t ω) / sin ω. The angles have shape (N,), the codes (N, D): ω[:, None].",
    ),
    insight="Half-way between two random codes of 16 normal numbers the line is at length 2.8, the arc at 4, where "
    "nearly all codes live.",
    probes=lambda: [
        (torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]]), 0.5),
        (*_pairs(3, 16, 4.0), 0.25),
        (*_pairs(5, 3, 0.5), 0.8),
        (*_pairs(2, 8, 3.0), 0.0),
    ],
)
def arc(a, b, t):
    angle = F.cosine_similarity(a, b, dim=1).acos()[:, None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


@arc.misconception("the straight line. Half-way it is too short: compare the lengths of a, b and your result.")
def _straight_line(a, b, t):
    return (1 - t) * a + t * b


@arc.misconception(
    "a point of the line, brought to the right length. It lies on the arc, but at the wrong place: equal steps of t "
    "aren't equal angles there (except half-way)."
)
def _line_then_length(a, b, t):
    return F.normalize((1 - t) * a + t * b, dim=1) * a.norm(dim=1, keepdim=True)


@arc.misconception("an arc of length 1. The formula keeps the length of a and b if they aren't normalised.")
def _unit_length(a, b, t):
    a, b = F.normalize(a, dim=1), F.normalize(b, dim=1)
    angle = (a * b).sum(dim=1, keepdim=True).acos()
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


@arc.misconception()
def _unit_length(a, b, t):
    return F.normalize((1 - t) * a + t * b, dim=1)


@arc.misconception("the way back: at t = 0 it should be a, at t = 1 b.")
def _from_b_to_a(a, b, t):
    angle = F.cosine_similarity(a, b, dim=1).acos()[:, None]
    return ((t * angle).sin() * a + ((1 - t) * angle).sin() * b) / angle.sin()


@arc.misconception("the division by sin ω is missing: then even t = 0 doesn't give a back.")
def _no_division(a, b, t):
    angle = F.cosine_similarity(a, b, dim=1).acos()[:, None]
    return ((1 - t) * angle).sin() * a + (t * angle).sin() * b


@arc.misconception("the cosine in the angle's place: .acos() is missing.")
def _cosine_as_angle(a, b, t):
    angle = F.cosine_similarity(a, b, dim=1)[:, None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


@arc.misconception("the dot product of vectors that aren't normalised: divide by both lengths before .acos().")
def _dot_without_lengths(a, b, t):
    angle = (a * b).sum(dim=1, keepdim=True).clamp(-1, 1).acos()
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


@discussion(
    "Four statements about one table",
    hints=(
        "Copies use the codes of real pictures. Draws use codes from a recipe. Which column tells about which?",
        "What is a recogniser to do with a picture that is no digit at all? Which measure has a floor to compare with?",
        "How many seeds are there, and how many settings were tried for each model?",
    ),
)
def four_statements():
    """1. Wrong. Its own row says so: with the mixture as a recipe it draws nearest of all. What fails is drawing its
    codes from N(0, I), where nobody has told it to put them. A recipe can be fitted after training.

    2. Not shown. A copy starts from the code of a real picture; a draw starts from N(0, I), most of which is empty of
    codes. The VAE's copies are at 7 and its draws at 22, so most of its distance comes from *which* codes are
    drawn, not from the decoder. The mixture, fitted to the VAE's codes, would be one thing to try.

    3. No. Confidence of a recogniser isn't quality: it must name one of ten digits, and is certain even of a grey blob
    (β = 20: 100 % sure, at distance 214). Real digits get 97 %; what counts is to be *like* them, not to beat them.
    The distance, with a floor, sees the blob at once.

    4. It can't be said from this. One seed each (so a difference of 2 may be chance), one number of steps (the GAN
    gained most from more of them), settings that weren't tried equally often, and features of one recogniser. One
    would want several seeds, the budget varied, a baseline, and a second measure, such as precision and recall.

    More observations are right, too, if each says which column it rests on."""
