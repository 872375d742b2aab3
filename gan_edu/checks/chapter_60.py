"""Questions of chapter 60: four patients to diagnose, and an exhibit of a VAE to mend."""

import math

import torch

from gan_edu.checks.engine import NotAttempted, NotYet, question
from gan_edu.checks.values import describe
from gan_edu.museum import ward

# --- the patients: exhibits of the museum that are played when somebody asks for them

DIAGNOSES = ("healthy", *(name for name in ward.NAMES if name != "same noise"))
"""What `bedside` patients may have; answers are written like this, in any case, with blanks, hyphens or underscores."""

_PATIENTS = {
    "A": "wrong label",
    "B": "strong discriminator",
    "C": "no detach",
    "D": "blind discriminator",
    "X": "too much detach",
}


def findings(letter, seed=0):
    """What can be found out about a patient: name → tensor, one number for each of its eight seeds."""
    if letter not in _PATIENTS:
        raise ValueError(f"There is no patient {letter!r}; there are: {', '.join(_PATIENTS)}.")
    return {name: values.clone() for name, values in ward.examined(_PATIENTS[letter], seed)[1].items()}


def bedside(letter):
    """Show a patient: seed 0 in a picture, the curves of eight seeds, and the findings (medians)."""
    found = findings(letter)
    ward.bedside(ward.examined(_PATIENTS[letter])[0], found, f"patient {letter}")


_UNLIKE = {
    "healthy": "a healthy GAN. But those hold seven or eight modes, and this one doesn't.",
    "weak discriminator": "a discriminator that is late. Then its loss stands near 2 ln 2, the points run (unrest "
    "well above 1), and its eye test falls to about 0.4: it can see.",
    "strong discriminator": "a discriminator that wins: its loss is clearly below 2 ln 2, the generator's above 1.4, "
    "the points lie calmly on some of the modes, and after D's turn G has no gradient.",
    "blind discriminator": "a discriminator that can't see. Then the eye test stays near 2 ln 2.",
    "momentum": "momentum. Then the points run (unrest well above 1), and the eye test falls to 0.",
    "learning rate": "a learning rate that is far too high. Then the losses jump about, differently in each seed.",
    "wrong label": "a wrong label. Then both losses go to 0, L_D + L_G < 2 ln 2, and the points flee from the data.",
    "no detach": "a missing detach. Then the generator has a gradient after the discriminator's turn.",
    "too much detach": "a detach too many. Then the generator's weights don't change at all.",
    "no zero_grad": "gradients that pile up. Then D's loss goes well above 2 ln 2, and jumps.",
    "two sigmoids": "two sigmoids. Then the eye test ends near 1.1 (it can't get below 1.006), and D's loss near "
    "2 ln 2.",
    "wrong range": "a wrong range. Then the points stick to the walls of a square, and L_G is large while L_D goes "
    "to 0.",
    "rare mode": "a rare mode. Then the other modes are fine; here more than one is missing.",
}


def _plain(diagnosis):
    """A diagnosis as DIAGNOSES writes it, or NotYet."""
    if diagnosis is None or diagnosis is ...:
        raise NotAttempted("There is no diagnosis here yet. Return one of q.DIAGNOSES.")
    if not isinstance(diagnosis, str):
        raise NotYet("one of the names in q.DIAGNOSES, as a text", describe(diagnosis), looks_like="no name.")
    words = " ".join(diagnosis.lower().replace("_", " ").replace("-", " ").split())
    for name in DIAGNOSES:
        if words == name.replace("_", " "):
            return name
    raise NotYet(f"one of {', '.join(DIAGNOSES)}", describe(diagnosis), looks_like="a name that the list doesn't have.")


def _judge(asked, letter):
    """Give a question its test, and an explanation for every wrong diagnosis."""
    right = asked.answer()

    @asked.test
    def _(learner):
        said = _plain(learner())
        if said != right:
            looks = said.replace(" ", "_")
            raise NotYet("a diagnosis that fits all findings", said, on=_summary(letter), looks_like=looks)

    for name in DIAGNOSES:
        if name != right:

            def wrong(name=name):
                return name

            wrong.__name__ = name.replace(" ", "_")
            asked.misconception(_UNLIKE[name])(wrong)


def _summary(letter):
    shown = ("loss of D", "loss of G", "modes held", "unrest in 50 steps", "eye test")
    numbers = ", ".join(f"{name} {findings(letter)[name].median():.2f}" for name in shown)
    return f"patient {letter}, medians: {numbers}"


@question(
    "Diagnose patient A",
    hints=(
        "Add the two losses. What is the least that they can add up to?",
        "For a fake with logit ℓ the two losses add up to at least 2 ln 2, if both turns are written right.",
        "Both losses are near 0, so both players get what their losses ask for. What does the generator's ask for?",
    ),
    insight="No measurement of the points was needed: the sum of two losses proves the fault, on paper.",
    seconds=600.0,  # a wrong diagnosis may have to play the patient first
)
def patient_a():
    return "wrong label"


@question(
    "Diagnose patient B",
    hints=(
        "Calm, incomplete, D's loss below 2 ln 2: two exhibits look like that.",
        "Which of the two leaves a gradient in the generator after the discriminator's turn?",
        "There is none. So the code is right, and the generator's loss is large: somebody wins.",
    ),
    insight="Equal learning rates would have kept it healthy. Given now, they come too late for most seeds: it needs a "
    "new start.",
    seconds=600.0,
)
def patient_b():
    return "strong discriminator"


@question(
    "Diagnose patient C",
    hints=(
        "Compare with patient B, finding by finding. Which one differs most?",
        "The generator's loss is much smaller than patient B's. And after D's turn?",
        "The generator has a gradient where it shouldn't have any. What keeps it away in a healthy program?",
    ),
    insight="The best picture of the four, and the only one whose gradients go where they don't belong: looks are no "
    "test.",
    seconds=600.0,
)
def patient_c():
    return "no detach"


@question(
    "Diagnose patient D",
    hints=(
        "The losses look perfect, and the second opinion says that the points are wrong. So the discriminator "
        "doesn't see it.",
        "Is it late, or can't it see? One finding was made to tell these apart.",
        "In the eye test a late one gets to about 0.4, one with two sigmoids to about 1.1. And this one?",
    ),
    insight="A generator is never told more than its discriminator can see: this one knew nothing but the mean.",
    seconds=600.0,
)
def patient_d():
    return "blind discriminator"


for _asked, _letter in ((patient_a, "A"), (patient_b, "B"), (patient_c, "C"), (patient_d, "D")):
    _judge(_asked, _letter)
del _asked, _letter


# --- mend: the sample and the KL of a VAE


@question(
    "Mend the code of a VAE",
    hints=(
        "Test it before you mend it: log_var = ln 4 means a standard deviation of 2. What does the broken one give?",
        "z is the mean plus noise: noise of standard deviation exp(log_var / 2), drawn by randn_like. The KL is 0 at "
        "mean 0, log_var 0, and never negative.",
        "z = mean + (0.5 * log_var).exp() * torch.randn_like(mean); the KL of each picture is half of the sum over the "
        "code of mean² + exp(log_var) - 1 - log_var.",
    ),
    insight="Four slips in two lines. At mean 0 and log_var 0 three of them give the right number, and a freshly made "
    "encoder starts near there.",
)
def sample_and_kl(mean, log_var):
    deviation = torch.exp(log_var / 2)
    noise = torch.randn_like(deviation)
    divergence = (mean.square() + log_var.exp() - log_var - 1).sum(dim=1) / 2
    return mean + deviation * noise, divergence


def _kl(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(dim=1)


def _z(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.randn_like(mean)


@sample_and_kl.misconception(
    "one number of noise for a whole code. Then all numbers of a code move together: draw one for each, with "
    "randn_like(mean)."
)
def _one_noise_per_picture(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.randn(len(mean), 1, dtype=mean.dtype), _kl(mean, log_var)


@sample_and_kl.misconception("the same noise at each call. Is there a seed inside the function? Seeds belong outside.")
def _seed_inside(mean, log_var):
    torch.manual_seed(0)
    return _z(mean, log_var), _kl(mean, log_var)


@sample_and_kl.misconception("no noise at all: the same z each time. Then it is an autoencoder, and no VAE.")
def _no_noise(mean, log_var):
    return mean * (0.5 * log_var).exp(), _kl(mean, log_var)


@sample_and_kl.misconception(
    "the variance where the standard deviation belongs: exp(log_var) is σ², and the noise is multiplied by σ, which "
    "is exp(log_var / 2)."
)
def _variance_as_std(mean, log_var):
    return mean + log_var.exp() * torch.randn_like(mean), _kl(mean, log_var)


@sample_and_kl.misconception("log σ² itself as the standard deviation: it needs exp(log_var / 2).")
def _log_var_as_std(mean, log_var):
    return mean + log_var * torch.randn_like(mean), _kl(mean, log_var)


@sample_and_kl.misconception(
    "noise from 0 to 1 (torch.rand), which is neither centred nor normal. torch.randn_like has the n."
)
def _uniform_noise(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.rand_like(mean), _kl(mean, log_var)


@sample_and_kl.misconception(
    "a result without a gradient: .sample(), .detach(), .data or no_grad(). The encoder couldn't learn. "
    "(Normal(…).rsample() lets gradients through.)"
)
def _no_gradient(mean, log_var):
    return _z(mean, log_var).detach(), _kl(mean, log_var)


@sample_and_kl.misconception(
    "the KL with the wrong sign. A KL divergence is never negative; a training that minimises its negative drives the "
    "code away from the prior."
)
def _kl_sign(mean, log_var):
    return _z(mean, log_var), -_kl(mean, log_var)


@sample_and_kl.misconception(
    "a mean over the code. The numbers of a code are independent, so their divergences add up: a sum over axis 1."
)
def _mean_over_code(mean, log_var):
    return _z(mean, log_var), _kl(mean, log_var) / mean.shape[1]


@sample_and_kl.misconception("one number for the whole batch. Asked for is one KL for each picture, shape (N,).")
def _one_number(mean, log_var):
    return _z(mean, log_var), _kl(mean, log_var).mean()


@sample_and_kl.misconception("the KL without its factor ½.")
def _without_half(mean, log_var):
    return _z(mean, log_var), 2 * _kl(mean, log_var)


def _both(learner, mean, log_var):
    got = learner(mean, log_var)
    if not isinstance(got, tuple | list) or len(got) != 2 or not all(map(torch.is_tensor, got)):
        raise NotYet(
            "two tensors, (z, kl)", describe(got) if not isinstance(got, tuple | list) else f"{len(got)} things"
        )
    return got


@sample_and_kl.test
def _(learner):
    mean = torch.full((20_000, 2), 3.0, requires_grad=True)
    log_var = torch.full((20_000, 2), math.log(4.0), requires_grad=True)
    on = "20,000 times mean = (3, 3), log_var = (ln 4, ln 4)"
    z, _ = _both(learner, mean, log_var)
    if tuple(z.shape) != (20_000, 2):
        raise NotYet("z of shape (20000, 2)", f"shape {tuple(z.shape)}", on=on)
    average, deviation = z.mean().item(), z.std().item()
    got = f"mean {average:.2f}, standard deviation {deviation:.2f}"
    wanted = "samples of mean 3 and standard deviation 2"
    if deviation < 0.05:
        raise NotYet(wanted, got, on=on, looks_like="no_noise")
    if abs(deviation - 2) > 0.1 or abs(average - 3) > 0.1:
        found = {"variance_as_std": (3, 4), "log_var_as_std": (3, math.log(4)), "uniform_noise": (4, 2 / 12**0.5)}
        looks = [name for name, (m, s) in found.items() if abs(average - m) < 0.1 and abs(deviation - s) < 0.1]
        raise NotYet(wanted, got, on=on, looks_like=looks[0] if looks else None)
    noise = ((z.detach() - 3) / 2).double()
    if abs((noise[:, 0] * noise[:, 1]).mean().item()) > 0.1:
        looks = "one_noise_per_picture" if noise[:, 0].allclose(noise[:, 1], atol=1e-4) else None
        raise NotYet(
            "independent noise for each number of a code", "noise that moves together", on=on, looks_like=looks
        )
    if abs((noise[:-1] * noise[1:]).mean().item()) > 0.1:
        raise NotYet("independent noise for each picture", "the same noise for several", on=on)
    again, _ = _both(learner, mean, log_var)
    if again.equal(z):
        raise NotYet("other noise at the next call", "the same z again", on=on, looks_like="seed_inside")
    slopes = (None, None)
    if z.requires_grad:
        slopes = torch.autograd.grad(z.square().sum(), (mean, log_var), allow_unused=True)
    if any(slope is None or not slope.any() for slope in slopes):
        raise NotYet("a gradient for mean and log_var", "none arrives", on=on, looks_like="no_gradient")


@sample_and_kl.test
def _(learner):
    mean, log_var = torch.randn(2, 6, 3)
    prior = torch.distributions.Normal(torch.zeros(3), torch.ones(3))
    q = torch.distributions.Normal(mean, (0.5 * log_var).exp())
    wanted = torch.distributions.kl_divergence(q, prior).sum(dim=1)
    mean, log_var = mean.requires_grad_(), log_var.requires_grad_()
    wanted = wanted.detach()
    _, got = _both(learner, mean, log_var)
    on = "six random codes of three numbers"
    if got.numel() == 1:
        raise NotYet("a KL for each picture: shape (6,)", f"shape {tuple(got.shape)}", on=on, looks_like="one_number")
    if tuple(got.shape) != (6,):
        raise NotYet("a KL for each picture: shape (6,)", f"shape {tuple(got.shape)}", on=on)
    slopes = (None, None)
    if got.requires_grad:
        slopes = torch.autograd.grad(got.sum(), (mean, log_var), allow_unused=True)
    got = got.detach()
    if got.to(wanted).allclose(wanted, atol=1e-4, rtol=1e-4):
        if any(slope is None or not slope.any() for slope in slopes):
            raise NotYet("a gradient of the KL for mean and log_var", "none arrives", on=on, looks_like="no_gradient")
        return
    for name, value in {"kl_sign": -wanted, "mean_over_code": wanted / 3, "without_half": 2 * wanted}.items():
        if got.to(wanted).allclose(value, atol=1e-4, rtol=1e-4):
            raise NotYet(wanted, got, on=on, looks_like=name)
    raise NotYet(wanted, got, on=on)
