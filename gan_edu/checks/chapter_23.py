"""Questions of chapter 23: when a mode was lost, how many there really are, what a loss can tell, four patients."""

import functools
import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import NotAttempted, NotYet, discussion, question
from gan_edu.checks.values import describe

# --- when was it lost?


def _looks():
    story = [  # one row a seed: lost, lost, complete to the end, never complete, lost
        [0, 3, 2, 8, 8, 5, 8],
        [2, 8, 8, 6, 8, 3, 8],
        [1, 4, 6, 6, 8, 8, 8],
        [5, 4, 7, 7, 6, 7, 7],
        [8, 8, 8, 8, 7, 8, 2],
    ]
    short = [[5, 5, 0], [4, 5, 5], [5, 3, 1], [2, 5, 4]]
    return [(torch.tensor(story).T, 8), (torch.tensor(short), 5), (torch.tensor([[8], [7]]), 8)]


@question(
    "The look at which a mode was lost",
    hints=(
        "Two looks that follow each other decide: complete at the one, incomplete at the next. held[:-1] and held[1:] "
        "are the looks and those after them.",
        "lost = (held[:-1] == total) & (held[1:] < total) is a table (T - 1, S); a row of it belongs to the *later* "
        "look, which has the number row + 1.",
        "Of each column you need the first True: lost.int().argmax(dim=0) gives it (and 0 where there is none, so ask "
        "lost.any(dim=0) and put -1 there).",
    ),
    insight="A seed that never was complete has lost nothing by this definition: never found and lost again are two "
    "illnesses, and a count at the end of the training can't tell them apart.",
    probes=_looks,
    run=lambda candidate, held, total: torch.as_tensor(candidate(held, total)).reshape(-1).double(),
)
def lost_at(held, total):
    lost = (held[:-1] == total) & (held[1:] < total)  # (T - 1, S)
    first = lost.int().argmax(dim=0) + 1  # row i of `lost` belongs to look i + 1
    return torch.where(lost.any(dim=0), first, -1)


@lost_at.misconception(
    "the last look at which all was well, instead of the first at which a mode is missing: one too early."
)
def _one_too_early(held, total):
    lost = (held[:-1] == total) & (held[1:] < total)
    return torch.where(lost.any(dim=0), lost.int().argmax(dim=0), -1)


@lost_at.misconception(
    "the first look with a mode missing, although nothing had been complete before. Lost is what was there."
)
def _never_had_it(held, total):
    lost = held < total
    return torch.where(lost.any(dim=0), lost.int().argmax(dim=0), -1)


@lost_at.misconception(
    "any look at which the number falls, also from 6 to 4. Here it counts only from all modes downwards."
)
def _any_fall(held, total):
    lost = held[1:] < held[:-1]
    return torch.where(lost.any(dim=0), lost.int().argmax(dim=0) + 1, -1)


@lost_at.misconception(
    "a number for seeds that never lost a mode: argmax gives 0 where nothing is True. It shall be -1."
)
def _no_minus_one(held, total):
    lost = (held[:-1] == total) & (held[1:] < total)
    return lost.int().argmax(dim=0) + 1


# --- how many modes are there really?


def _counts():
    return [
        (torch.tensor([[50, 50, 0, 0], [25, 25, 25, 25], [97, 1, 1, 1]]),),
        (torch.tensor([[1, 2, 3], [0, 0, 7]]),),
    ]


@question(
    "The effective number of modes",
    hints=(
        "First shares: each row divided by its own sum. Then the entropy of each row, -Σ p ln p.",
        "0 ln 0 counts as 0. torch.xlogy(p, p) knows that; p * p.log() gives NaN.",
        "exp(entropy) with the natural logarithm: (-torch.xlogy(p, p).sum(dim=1)).exp().",
    ),
    insight="It is K · exp(-KL) when all K modes deserve the same share: PacGAN's reverse KL in another unit, one that "
    "you can count on your fingers. A generator with 97 % of its points on one mode has captured 4 and has 1.2.",
    probes=_counts,
    tol=1e-4,
    run=lambda candidate, counts: torch.as_tensor(candidate(counts)).double().reshape(-1),
)
def effective_modes(counts):
    shares = counts.double() / counts.sum(dim=1, keepdim=True)
    entropy = -torch.xlogy(shares, shares).sum(dim=1)
    return entropy.exp()


@effective_modes.misconception("the entropy itself, in nats. exp() turns it into a number of modes.")
def _no_exp(counts):
    shares = counts.double() / counts.sum(dim=1, keepdim=True)
    return -torch.xlogy(shares, shares).sum(dim=1)


@effective_modes.misconception(
    "p * log(p) at p = 0: that is 0 · (−∞), NaN. torch.xlogy(p, p) gives the 0 that is meant."
)
def _zero_times_log_zero(counts):
    shares = counts.double() / counts.sum(dim=1, keepdim=True)
    return (-(shares * shares.log()).sum(dim=1)).exp()


@effective_modes.misconception(
    "the number of modes with at least one point. One point in a thousand counts as much as all."
)
def _counts_captured(counts):
    return (counts > 0).sum(dim=1)


@effective_modes.misconception(
    "shares of all seeds together. Each row is a training of its own: divide by the row's own sum."
)
def _mean_over_wrong_axis(counts):
    shares = counts.double() / counts.sum()
    return (-torch.xlogy(shares, shares).sum(dim=1)).exp()


@effective_modes.misconception(
    "a logarithm to base 2 with the exponential to base e. The bases must agree: log and exp, or log2 and 2**."
)
def _bits_and_nats(counts):
    shares = counts.double() / counts.sum(dim=1, keepdim=True)
    return (-torch.xlogy(shares, shares).sum(dim=1) / math.log(2)).exp()


# --- what can a loss tell?


def _worlds():
    third = torch.full((3,), 1 / 3, dtype=torch.float64)
    return [
        (torch.tensor([0.5, 0.5], dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)),
        (third, third),
        (
            torch.tensor([0.5, 0.3, 0.2, 0.0], dtype=torch.float64),
            torch.tensor([0.1, 0.6, 0.0, 0.3], dtype=torch.float64),
        ),
        (torch.full((8,), 1 / 8, dtype=torch.float64), torch.tensor([1 / 6] * 6 + [0.0] * 2, dtype=torch.float64)),
    ]


@question(
    "The loss of the best discriminator",
    hints=(
        "At place i the best answer is D = p[i] / (p[i] + q[i]). What does the cross-entropy charge for it, on the "
        "real and on the forged points there?",
        "The loss is -Σ p ln D - Σ q ln(1 - D), and 1 - D = q / (p + q).",
        "Where p or q is 0, its term is 0: torch.xlogy(p, p / (p + q)) takes care of that.",
    ),
    insight="It is 2 ln 2 - 2 JSD(p, q): the discriminator's loss, if it is the best one, is a measure of distance. A "
    "real discriminator is never better than that, so what its loss proves is a lower bound.",
    probes=_worlds,
    run=lambda candidate, p, q: torch.as_tensor(candidate(p, q)).double().reshape(()),
)
def perfect_loss(p, q):
    total = p + q
    return -torch.xlogy(p, p / total).sum() - torch.xlogy(q, q / total).sum()


@perfect_loss.misconception("only the real points' half of the loss. The forged ones cost -Σ q ln(1 - D) more.")
def _real_half_only(p, q):
    return -torch.xlogy(p, p / (p + q)).sum()


@perfect_loss.misconception(
    "the mean of both halves instead of their sum. This course's loss (and the paper's) adds them: 2 ln 2 in "
    "equilibrium."
)
def _mean_of_halves(p, q):
    total = p + q
    return -(torch.xlogy(p, p / total).sum() + torch.xlogy(q, q / total).sum()) / 2


@perfect_loss.misconception(
    "the sign: this is the value that D maximises. Its loss, which it minimises, has the minus."
)
def _value_instead_of_loss(p, q):
    total = p + q
    return torch.xlogy(p, p / total).sum() + torch.xlogy(q, q / total).sum()


@perfect_loss.misconception("p ln p where p is 0: NaN. Nothing is paid where nothing lies; torch.xlogy knows.")
def _zero_times_log_zero(p, q):
    d = p / (p + q)
    return -(p * d.log()).sum() - (q * (1 - d).log()).sum()


@perfect_loss.misconception(
    "a bet instead of a probability: D says 1 where real is likelier. The best D is p / (p + q)."
)
def _hard_decision(p, q):
    d = torch.where(p == q, 0.5, (p > q).double()).clamp(1e-6, 1 - 1e-6)
    return -(p * d.log()).sum() - (q * (1 - d).log()).sum()


# --- the patients: tiny GANs with one fault, played when somebody asks for them

DIAGNOSES = (
    "healthy",
    "weak discriminator",
    "strong discriminator",
    "blind discriminator",
    "momentum",
    "learning rate",
    "wrong label",
    "no detach",
    "too much detach",
    "no zero_grad",
    "two sigmoids",
    "wrong range",
    "rare mode",
)
"""What `bedside` patients may have; answers are written like this, in any case, with blanks, hyphens or underscores."""


@dataclass(frozen=True)
class _Fault:
    slip: str | None = None
    settings: dict = field(default_factory=dict)
    hidden: bool = True  # has the discriminator hidden layers?


_PATIENTS = {
    "A": _Fault("wrong label"),
    "B": _Fault(settings={"lr": (1e-3, 2e-2)}),
    "C": _Fault("no detach"),
    "D": _Fault(hidden=False),
    "X": _Fault("too much detach"),
}


def _admit(fault, seed):
    from gan_edu import ensemble, nets

    sizes = [2, 32, 32, 1] if fault.hidden else [2, 1]
    return ensemble.gans(
        lambda: nets.mlp([2, 32, 32, 2], activation="tanh"),
        lambda: nets.mlp(sizes, activation="tanh"),
        seeds=8,
        seed=seed,
        **{"lr": 4e-3, "device": "cpu"} | fault.settings,
    )


def _turn_of_d(gan, real, fake, slip=None):
    on_real, on_fake = gan.logits(real), gan.logits(fake if slip == "no detach" else fake.detach())
    loss = (F.softplus(-on_real) + F.softplus(on_fake)).mean(-1)
    if slip != "no detach":
        gan.optimizers["discriminator"].zero_grad()
    loss.sum().backward(retain_graph=slip == "no detach")
    gan.optimizers["discriminator"].step()
    return loss.detach()


def _turn_of_g(gan, fake, slip):
    on_fake = gan.logits(fake.detach() if slip == "too much detach" else fake)
    loss = F.softplus(on_fake if slip == "wrong label" else -on_fake).mean(-1)
    if slip != "no detach":
        gan.optimizers["generator"].zero_grad()
    loss.sum().backward()
    gan.optimizers["generator"].step()
    return loss.detach()


def _weights(net):
    return torch.cat([parameter.detach().flatten(1) for parameter in net.parameters()], dim=1)  # (S, all)


def _held(samples, world):
    from gan_edu import metrics

    return (metrics.mode_coverage(samples, world).counts / samples.shape[1] > world.mode_weights / 4).sum(-1)


def _alone(gan, world, forge, steps=300):
    """The discriminator's loss (S,) after learning alone, with forgeries forge(real)."""
    for _ in range(steps):
        real = gan.draw(lambda stream: world.sample(128, stream))
        loss = _turn_of_d(gan, real, forge(real))
    return loss


@functools.cache
def findings(letter, seed=0, steps=600):
    """What can be found out about a patient: name → tensor, one number for each of its eight seeds; and its curves."""
    from gan_edu import data

    if letter not in _PATIENTS:
        raise ValueError(f"There is no patient {letter!r}; there are: {', '.join(_PATIENTS)}.")
    fault, world = _PATIENTS[letter], data.toy.ring()
    with torch.random.fork_rng(devices=[]):
        gan = _admit(fault, seed)
        look = gan.noise(500)
        at_first, losses, held, seen = _weights(gan.generator), [], [], [gan.sample(look)]
        for step in range(1, steps + 1):
            real = gan.draw(lambda stream: world.sample(128, stream))
            fake = gan.generator(gan.noise(128, looking=False))
            for optimizer in gan.optimizers.values():
                optimizer.zero_grad()
            loss_d = _turn_of_d(gan, real, fake, fault.slip)
            of_d = [
                parameter.grad is not None and bool(parameter.grad.any()) for parameter in gan.generator.parameters()
            ]
            losses.append(torch.stack([loss_d, _turn_of_g(gan, fake, fault.slip)]))
            if step % 50 == 0:
                seen.append(gan.sample(look))
                held.append(_held(seen[-1], world))
        changed = _weights(gan.generator) - at_first
        seen, losses, held = torch.stack(seen), torch.stack(losses), torch.stack(held)
        fresh = _admit(_Fault(), seed)
        fresh.generator.load_state_dict(gan.generator.state_dict())
        opinion = _alone(fresh, world, lambda real: fresh.sample(128))
        eyes = _alone(_admit(fault, seed), world, lambda real: real / 20)
    loss_d, loss_g = losses[-50:].mean(dim=0)
    return {
        "loss of D": loss_d,
        "loss of G": loss_g,
        "modes held": held[-1].float(),
        "unrest in 50 steps": (seen[1:] - seen[:-1]).norm(dim=-1).median(dim=-1).values[-4:].median(dim=0).values,
        "distance from middle": seen[-1].norm(dim=-1).mean(dim=-1),
        "second opinion": opinion,
        "eye test": eyes,
        "change of G's weights": changed.norm(dim=1),
        "G has a gradient after D's turn": torch.tensor([float(all(of_d))] * 8),
        "curves": (losses, held, seen[-1]),
    }


def bedside(letter):
    """Show a patient: seed 0 in a picture, the curves of eight seeds, and the findings (medians)."""
    import matplotlib.pyplot as plt

    from gan_edu import data, plotting

    found = dict(findings(letter))
    losses, held, points = found.pop("curves")
    figure, axes = plt.subplot_mosaic("ALT;AHT", figsize=(6.8, 3.0), width_ratios=[1, 0.9, 1.25])
    axes["A"].scatter(*data.toy.ring().modes.T, s=90, color=plotting.REAL, alpha=0.35, linewidths=0)
    axes["A"].scatter(*points[0, :300].T, s=7, color=plotting.FAKE, marker="^", linewidths=0)
    reach = max(3.2, points[0].abs().max().item() + 0.5)
    axes["A"].set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    axes["A"].set_title(f"patient {letter}, seed 0")
    every, blocks = range(1, len(losses) + 1, 20), losses.unflatten(0, (-1, 20)).mean(dim=1).clamp(max=3)
    looks = range(50, len(losses) + 1, 50)
    for ax, x, y, color in (
        ("L", every, blocks[:, 0], plotting.DISC),
        ("L", every, blocks[:, 1], plotting.FAKE),
        ("H", looks, held, plotting.NEUTRAL[0]),
    ):
        axes[ax].plot(x, y, color=color, alpha=0.3, linewidth=0.7)
        axes[ax].plot(x, y.double().quantile(0.5, dim=1), color=color, linewidth=2)
    axes["L"].axhline(2 * math.log(2), color=plotting.THEORY, linestyle="--", linewidth=1)
    axes["L"].set(ylim=(-0.15, 3.15), ylabel="losses", xticks=[])
    axes["H"].set(ylim=(-0.5, 8.5), ylabel="held", xlabel="step", yticks=[0, 4, 8])
    axes["T"].axis("off")
    for row, (name, values) in enumerate(found.items()):
        yes_no = {0.0: "no", 1.0: "yes"}.get(values[0].item()) if name.startswith("G has") else None
        text = yes_no or f"{values.median():.2f}".replace("-0.00", "0.00")
        axes["T"].text(0, 0.95 - row / 9.5, name.replace(" after D's turn", "\nafter D's turn"), fontsize=10, va="top")
        axes["T"].text(1.12, 0.95 - row / 9.5, text, fontsize=10, ha="right", va="top", weight="bold")
    plt.show()


_UNLIKE = {
    "healthy": "a healthy GAN. But those hold seven or eight modes, and this one doesn't.",
    "weak discriminator": "a discriminator that is late. Then its loss stands near 2 ln 2 and the points run (unrest "
    "well above 1), while its eye test is perfect: near 0.",
    "strong discriminator": "a discriminator that wins: its loss is clearly below 2 ln 2, the generator's is large "
    "(above 1.4), the points lie calmly on some of the modes, and the generator has no gradient after D's turn.",
    "blind discriminator": "a discriminator that can't see. Then the eye test stays near 2 ln 2.",
    "momentum": "momentum. Then the points run (unrest well above 1), and the eye test falls to 0.",
    "learning rate": "a learning rate that is far too high. Then the losses jump about, differently in each seed.",
    "wrong label": "a wrong label. Then both losses go to 0, L_D + L_G < 2 ln 2, and the points flee from the data.",
    "no detach": "a missing detach. Then the generator has a gradient after the discriminator's turn.",
    "too much detach": "a detach too many. Then the generator's weights don't change at all.",
    "no zero_grad": "gradients that pile up. Then D's loss goes well above 2 ln 2, and jumps.",
    "two sigmoids": "two sigmoids. Then the eye test stops at 1.006, and D's loss stays near 2 ln 2.",
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
        "For a forgery of logit ℓ both together pay at least 2 ln 2, if both turns are written right.",
        "Both losses are near 0, so both players get what their losses ask for. What does the generator's ask for?",
    ),
    insight="No measurement of the points was needed: the sum of two losses proves the fault, on paper.",
)
def patient_a():
    return "wrong label"


@question(
    "Diagnose patient B",
    hints=(
        "Calm, incomplete, D's loss below 2 ln 2: two rooms look like that.",
        "Which of the two leaves a gradient in the generator after the discriminator's turn?",
        "There is none. So the code is right, and the generator's loss is large: somebody wins.",
    ),
    insight="Equal learning rates would have kept it healthy, and given now they come too late: this one needs a "
    "new start.",
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
    insight="The best picture of the four, and the only one with an error in the gradients: looks are no test.",
)
def patient_c():
    return "no detach"


@question(
    "Diagnose patient D",
    hints=(
        "The losses look perfect, and the second opinion says that the points are wrong. So the discriminator "
        "doesn't see it.",
        "Is it late, or can't it see? One finding was made to tell these apart.",
        "In the eye test a late one gets near 0, one with two sigmoids 1.006. And this one?",
    ),
    insight="A generator is never told more than its discriminator can see: this one knew nothing but the mean.",
)
def patient_d():
    return "blind discriminator"


for _asked, _letter in ((patient_a, "A"), (patient_b, "B"), (patient_c, "C"), (patient_d, "D")):
    _judge(_asked, _letter)
del _asked, _letter


@discussion(
    "“No mode collapse was observed”",
    hints=(
        "What would you have to know to count yourself: of which distribution, how many samples, how many runs?",
        "When was it looked at, and who chose the moment?",
        "What could be missing that nobody has a name for?",
    ),
)
def no_collapse():
    """A picture of samples can show that something is there; it can't show that nothing is missing.

    I would ask: over how many seeds? At which step, and was it chosen because it looked good? (In the chapter, complete
    rings fell again.) What was counted: modes with at least one sample, or with their share? With how many samples?
    Against which baseline, trained by whom? The same plain GAN has 3.3 modes of 25 in one paper and 17.3 in another.

    For data without named modes: recall or coverage against real data, with real data against real data as the
    ceiling; a fresh classifier on held-out samples; and a look at rare groups that can be named, with their shares and
    the error of these.

    Losses near 2 ln 2 are no answer: four rooms of the museum have them."""
