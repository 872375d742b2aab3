"""Questions of chapter 24: clouds and their cost, dead numbers, drawing codes, reading a table."""

import torch

from gan_edu.checks.engine import NotYet, describe, discussion, question, value_of
from gan_edu.checks.probes import expect_gradient_at


@question(
    "A point of the cloud",
    hints=(
        "Start with the noise, of mean 0 and standard deviation 1. What makes it σ wide? What moves its middle to μ?",
        "You are given log σ², not σ. The exponential of log σ² is σ². The square root of an exponential is the "
        "exponential of the half.",
        "mean + (0.5 * log_variance).exp() * …",
    ),
    insight="The noise comes from outside, so for the gradients of mean and log variance it is a constant. "
    "This is called the reparameterisation trick. Chapter 35 shows what goes wrong without it.",
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
    "perhaps log σ² multiplied by 2. You are given log σ², and σ is the exponential of its *half*."
)
def _doubled_instead_of_halved(mean, log_variance, noise):
    return mean + (2 * log_variance).exp() * noise


@draw_code.misconception(
    "a product with the mean. A cloud has its middle at the mean: first stretch the noise, then *add* it to the mean."
)
def _multiplies_the_mean(mean, log_variance, noise):
    return mean * (0.5 * log_variance).exp() * noise


@draw_code.misconception()
def _multiplies_the_mean(mean, log_variance, noise):
    return mean * log_variance.exp()


@draw_code.misconception()
def _multiplies_the_mean(mean, log_variance, noise):
    return mean * (0.5 * log_variance).exp()


@draw_code.misconception("no noise at all. Then every picture has one point again, and you have an autoencoder.")
def _no_noise(mean, log_variance, noise):
    return mean


@draw_code.misconception()
def _no_noise(mean, log_variance, noise):
    return mean + (0.5 * log_variance).exp()


@draw_code.misconception(
    "perhaps noise of your own. Use the noise that is passed in: then a run can be repeated and checked."
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
        "First compute what each single number costs, a table of shape (N, Z). Then take the mean over the pictures.",
        "½ (μ² + σ² − 1 − log σ²). Which of the four do you have already, and which needs an exp?",
        "Pictures are rows. The mean goes along dim=0, and Z numbers are left. There is no sum.",
    ),
    insight="A number whose mean cost is near 0 has a cloud near N(0, 1) for nearly every picture, so it says next to "
    "nothing about most of them. The sum of your result is the KL term of the VAE's loss.",
    probes=lambda: [
        (torch.tensor([[3.0, 0.0], [1.0, 0.0]]), torch.zeros(2, 2)),
        (torch.zeros(2, 3), torch.tensor([[0.0, -4.0, 1.0], [0.0, -2.0, 2.0]])),
        (torch.randn(6, 4), torch.randn(6, 4)),
        (torch.randn(5, 5), torch.randn(5, 5) - 1),
    ],
)
def price_per_number(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception(
    "the opposite sign. A cost is never negative. It is 0 for N(0, 1), and more for everything else."
)
def _kl_sign(mean, log_variance):
    return -0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception("log σ² where σ² belongs. Take exp of it first.")
def _log_var_as_variance(mean, log_variance):
    variance = log_variance
    return 0.5 * (mean.square() + variance - 1 - log_variance).mean(dim=0)


@price_per_number.misconception()
def _log_var_as_variance(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.square() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception("perhaps σ or σ⁴ where σ² belongs. exp(log σ²) is σ², with no factor before it.")
def _log_var_as_log_std(mean, log_variance):
    return 0.5 * (mean.square() + (2 * log_variance).exp() - 1 - 2 * log_variance).mean(dim=0)


@price_per_number.misconception()
def _log_var_as_log_std(mean, log_variance):
    return 0.5 * (mean.square() + (0.5 * log_variance).exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception()
def _log_var_as_log_std(mean, log_variance):
    return 0.5 * (mean.square() + (2 * log_variance).exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception(
    "one result for each picture. Asked for is one for each *number* of the code: take the mean along dim=0."
)
def _mean_over_wrong_axis(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=1)


@price_per_number.misconception()
def _mean_over_wrong_axis(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


@price_per_number.misconception(
    "everything in one number, as in the loss. Keep the numbers of the code apart, or you can't find a dead one."
)
def _one_number_for_all(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()


@price_per_number.misconception()
def _one_number_for_all(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()


@price_per_number.misconception(
    "a sum over the pictures. With twice as many pictures, every number would cost twice as much."
)
def _sum_over_pictures(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=0)


@price_per_number.misconception("the factor ½ is missing.")
def _missing_half(mean, log_variance):
    return (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=0)


@price_per_number.misconception(
    "a cost without μ² and σ². Then it would be free to be far away, and a wider cloud would always be better."
)
def _no_prior(mean, log_variance):
    return 0.5 * (-1 - log_variance).mean(dim=0)


@price_per_number.misconception()
def _no_prior(mean, log_variance):
    return -0.5 * log_variance.mean(dim=0)


@price_per_number.test
def _(learner):
    mean, log_variance = (torch.randn(3, 2, requires_grad=True) for _ in range(2))
    value = value_of(learner, mean, log_variance, shape=(2,))
    expect_gradient_at(value, {"mean": mean, "log variance": log_variance})


@question(
    "Drawing new codes",
    hints=(
        "Two things describe a Gaussian: where it is, and how it is stretched. Fit both to the codes.",
        "torch.cov wants one variable a row, so give it codes.T; the result is (Z, Z).",
        "torch.distributions.MultivariateNormal(mean, covariance) has a method .sample((n,)).",
    ),
    insight="With codes like these the chapter's plain autoencoder drew nearer to real digits than the VAE did from "
    "N(0, I). A mixture of Gaussians can follow the codes more closely still (chapter 25).",
)
def sample_codes(codes, n):
    mean, covariance = codes.mean(dim=0), torch.cov(codes.T)
    return torch.distributions.MultivariateNormal(mean, covariance).sample((n,))


@sample_codes.misconception("N(0, I). Nobody has told an autoencoder to put its codes there: look where they are.")
def _standard_normal(codes, n):
    return torch.randn(n, codes.shape[1])


@sample_codes.misconception(
    "each number drawn by itself, with its own mean and standard deviation. The covariance also says which numbers go "
    "together, and here that is lost."
)
def _independent_numbers(codes, n):
    return codes.mean(dim=0) + codes.std(dim=0) * torch.randn(n, codes.shape[1])


@sample_codes.misconception("draws around 0. Add the mean of the codes.")
def _mean_forgotten(codes, n):
    covariance = torch.cov(codes.T)
    return torch.distributions.MultivariateNormal(torch.zeros(len(covariance)), covariance).sample((n,))


@sample_codes.misconception(
    "normal noise multiplied by the covariance. The noise needs a *root* of the covariance, such as "
    "torch.linalg.cholesky gives (or let MultivariateNormal do it)."
)
def _covariance_without_root(codes, n):
    return codes.mean(dim=0) + torch.randn(n, codes.shape[1]) @ torch.cov(codes.T)


@sample_codes.misconception(
    "the given codes again, perhaps with a little noise. Decoded, they give the pictures that the network has seen, "
    "and nothing new."
)
def _copies_of_codes(codes, n):
    return codes[torch.randint(len(codes), (n,))]


@sample_codes.misconception()
def _copies_of_codes(codes, n):
    return codes[torch.randint(len(codes), (n,))] + 0.02 * torch.randn(n, codes.shape[1])


@sample_codes.misconception(
    "draws that all lie in a flat part of the space, as if one direction were missing. Use the whole covariance."
)
def _flattened(codes, n):
    values, vectors = torch.linalg.eigh(torch.cov(codes.T))
    values[0] = 0  # the smallest
    return codes.mean(dim=0) + torch.randn(n, codes.shape[1]) * values.sqrt() @ vectors.T


def _two_clusters(count):
    """Codes (count, 3), tilted and off the middle: two clusters, so that they are not normal themselves."""
    side = torch.randn(count, 1).sign()
    shape = torch.tensor([[2.0, 0.0, 0.0], [1.5, 0.5, 0.0], [-0.4, 0.3, 0.6]])
    return (torch.cat([side + 0.2 * torch.randn(count, 1), torch.randn(count, 2)], 1)) @ shape.T + shape.new_tensor(
        [3.0, -2.0, 0.5]
    )


@sample_codes.test
def _(learner):
    codes = _two_clusters(5000)
    on = "5,000 tilted codes (5000, 3) in two clusters, n = 20000"
    drawn = value_of(learner, codes, 20_000, shape=(20_000, 3)).detach().cpu().double()
    centre, spread = codes.double().mean(dim=0), torch.cov(codes.T.double())
    standard = torch.linalg.inv(torch.linalg.cholesky(spread))  # makes these codes uncorrelated, of variance 1

    def fits(mean, covariance):
        """Whether the draws have these moments; the bands are about ten standard errors wide."""
        scale = max(1.0, (standard @ covariance @ standard.T).diagonal().max().item())
        off = standard @ (drawn.mean(dim=0) - mean), standard @ (torch.cov(drawn.T) - covariance) @ standard.T
        return off[0].abs().max() < 0.1 * scale**0.5 and off[1].abs().max() < 0.1 * scale

    names = {
        "standard_normal": (torch.zeros(3).double(), torch.eye(3).double()),
        "mean_forgotten": (torch.zeros(3).double(), spread),
        "independent_numbers": (centre, spread.diag().diag()),
        "covariance_without_root": (centre, spread @ spread),
        "flattened": (centre, _without_smallest(spread)),
    }
    if not fits(centre, spread):
        name = next((name for name, moments in names.items() if fits(*moments)), None)
        if drawn.mean(dim=0).sub(centre).abs().max() > 0.1:
            expected, got = f"mean {describe(centre)}", f"mean {describe(drawn.mean(dim=0))}"
        else:
            expected = f"covariance {describe(spread.flatten())}"
            got = f"covariance {describe(torch.cov(drawn.T).flatten())}"
        raise NotYet(expected, got, on=on, looks_like=name)
    along = (drawn - centre) @ standard.T
    fourth = along.pow(4).mean(dim=0)  # 3 for a normal distribution; 1.2 across two clusters
    if (fourth - 3).abs().max() > 0.4:
        near = torch.cdist(drawn[:300], codes.double()).amin(dim=1).median()
        raise NotYet(
            "a normal distribution",
            "draws with the right mean and covariance, but not normal",
            on=on,
            looks_like="copies_of_codes"
            if near < 0.08 and (fourth - fourth.new_tensor(_FOURTH)).abs().max() < 0.3
            else None,
        )
    again = value_of(learner, codes, 20_000, shape=(20_000, 3)).detach().cpu().double()
    if drawn.equal(again):
        raise NotYet("new codes at each call", "the same twice", on=on, looks_like="a seed inside the function.")


_FOURTH = (1.2, 3.0, 3.0)


def _without_smallest(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    values[0] = 0
    return vectors * values @ vectors.T


@discussion(
    "Three statements about one table",
    hints=(
        "Copies use the codes of real pictures. Draws use codes from a distribution. Which column tells about which?",
        "What can a recogniser do with a picture that is no digit at all? Which measure has a floor beside it?",
        "How many seeds are there?",
    ),
)
def three_statements():
    """1. Wrong. The second row shows it: with codes from a fitted Gaussian the same decoder draws at 14, nearer than
    the VAE. What fails is drawing its codes from N(0, I), because nobody has told the encoder to put them there. A
    distribution of codes can be fitted after training.

    2. Not shown. A copy starts from the code of a real picture. A draw starts from N(0, I), and the clouds of all
    pictures together have another shape. The VAE's copies are at 7 and its draws at 22. So most of its distance comes
    from *which* codes are drawn, not from the decoder alone.

    3. No. A recogniser's confidence is no quality. It must name one of ten digits, and is certain even of a grey blob
    (β = 20: 100 % sure, at distance 214). Real digits get 97 %. The aim is to be *like* them, not to get a higher
    number. The distance, with its floor, shows the blob at once.

    All this is one seed and one number of steps, so a difference of 2 may be chance. More observations are right too,
    if each says on which column it rests."""
