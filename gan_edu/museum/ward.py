"""Illnesses of training, played: eight tiny GANs on the ring of eight modes, each with the same single fault.

chart = play("weak discriminator")          what was recorded in 600 steps; None is a healthy one
findings(chart)                             name → tensor, one number for each of the eight
bedside(chart, "patient A")                 a picture of all that
"""

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from gan_edu import data, ensemble, metrics, nets
from gan_edu.museum import get
from gan_edu.training import GAN
from gan_edu.training.fast import FastGAN

ring = data.toy.ring()
NAMES = (
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
    "same noise",
)
"""The exhibits that can be played: those of the family "training", but for the checkerboard of pictures."""


@dataclass
class Chart:
    """What was recorded of eight GANs.

    loss: (steps, 2, 8), D's and G's. held: modes held at each look (looks, 8). points: at each look, of the same noise
    (looks + 1, 8, 500, 2). gradients: whether all of G's weights had a gradient right after D's turn. change: how far
    G's weights have moved (8,).
    """

    gan: GAN
    settings: dict
    world: data.toy.Distribution
    loss: torch.Tensor
    held: torch.Tensor
    points: torch.Tensor
    gradients: bool
    change: torch.Tensor

    @property
    def unrest(self):
        """How far the median point moves in 50 steps: (looks, 8)."""
        return (self.points[1:] - self.points[:-1]).norm(dim=-1).median(dim=-1).values


def modes_held(samples, world=ring):
    """How many modes have more than a quarter of the points that they should have."""
    shares = metrics.mode_coverage(samples, world).counts / samples.shape[-2]
    return (shares > world.mode_weights / 4).sum(dim=-1)


def settings(name):
    """What an exhibit changes, as arguments of `admit`, and its slip and shares; {} for None.

    Raises ValueError for an exhibit that can't be played.
    """
    if name is not None and name not in NAMES:
        raise ValueError(f"{name!r} can't be played; these can: {', '.join(NAMES)}, and None, a healthy GAN.")
    return eval(f"dict({get(name, 'training').before})", {}) if name is not None else {}


def admit(seed=0, output=None, discriminator=(2, 32, 32, 1), **settings):
    """Eight new GANs, untrained."""
    return ensemble.gans(
        lambda: nets.mlp([2, 32, 32, 2], activation="tanh", output=output),
        lambda: nets.mlp(list(discriminator), activation="tanh"),
        seeds=8,
        seed=seed,
        **{"lr": 4e-3, "device": "cpu"} | settings,
    )


def d_turn(gan, real, fake, slip=None):
    if slip not in ("two sigmoids", "no detach", "no zero_grad") and (fast := FastGAN.of(gan)):
        return fast.learn(real, fake.detach())
    logits = gan.logits(torch.cat([real, fake if slip == "no detach" else fake.detach()], dim=1))
    on_real, on_fake = (logits.sigmoid() if slip == "two sigmoids" else logits).chunk(2, dim=-1)
    loss = F.softplus(-on_real).mean(dim=-1) + F.softplus(on_fake).mean(dim=-1)
    if slip not in ("no zero_grad", "no detach"):
        gan.optimizers["discriminator"].zero_grad()
    loss.sum().backward(retain_graph=slip == "no detach")  # the sum over the eight
    gan.optimizers["discriminator"].step()
    return loss.detach()


def g_turn(gan, fake, slip=None):
    on_fake = gan.logits(fake.detach() if slip == "too much detach" else fake)
    if slip == "two sigmoids":
        on_fake = on_fake.sigmoid()
    loss = F.softplus(on_fake if slip == "wrong label" else -on_fake).mean(dim=-1)
    if slip != "no detach":
        gan.optimizers["generator"].zero_grad()
    # D's gradients count only where nobody clears them before its turn
    everywhere = slip in ("no zero_grad", "too much detach")
    loss.sum().backward(inputs=None if everywhere else list(gan.generator.parameters()))
    gan.optimizers["generator"].step()
    return loss.detach()


def _weights(net):
    return torch.cat([parameter.detach().flatten(1) for parameter in net.parameters()], dim=1)  # (8, all)


def play(name=None, seed=0, steps=600, after=None):
    """Play an exhibit by its name, or a healthy GAN (None). Draws nothing from PyTorch's own stream.

    after: a Chart whose nets go on (mended, if name is None) instead of new ones.
    """
    changes = settings(name)
    slip, shares = changes.pop("slip", None), changes.pop("shares", None)
    world = ring if shares is None else data.toy.ring(weights=shares)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        gan = admit(seed, **changes)
        if after is not None:
            for part in ("generator", "discriminator"):
                gan.nets[part].load_state_dict(after.gan.nets[part].state_dict())
        look, same, start = gan.noise(500), gan.noise(128), _weights(gan.generator)
        losses, held, points = [], [], [gan.sample(look)]

        def batch():
            return gan.draw(lambda stream: world.sample(128, stream))

        for step in range(1, steps + 1):
            if slip == "no detach":  # all gradients are cleared once, at the top of the step
                for optimizer in gan.optimizers.values():
                    optimizer.zero_grad()
            elif step == steps:
                gan.optimizers["generator"].zero_grad()
            if slip is None:
                real, fake, loss_d = gan.step_discriminator(batch, measure=False)
            else:
                real = batch()
                fake = gan.generator(same if slip == "same noise" else gan.noise(128, training=True))
                loss_d = d_turn(gan, real, fake, slip)
            if step == steps:
                gradients = all(p.grad is not None and bool(p.grad.any()) for p in gan.generator.parameters())
            loss_g = gan.step_generator(real, fake)["loss_g"] if slip is None else g_turn(gan, fake, slip)
            losses.append(torch.stack([loss_d["loss_d"] if slip is None else loss_d, loss_g]))
            if step % 50 == 0:
                points.append(gan.sample(look))
                held.append(modes_held(points[-1], world))
    moved = (_weights(gan.generator) - start).norm(dim=1)
    held = torch.stack(held) if held else torch.zeros(0, 8, dtype=torch.long)
    return Chart(
        gan, {**changes, "slip": slip}, world, torch.stack(losses), held, torch.stack(points), gradients, moved
    )


def second_opinion(chart, seed=0, steps=300):
    """The loss (8,) of fresh discriminators that learn while the generators stand still, against the data they had."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        gan, loss = admit(seed, output=chart.settings.get("output")), []
        gan.generator.load_state_dict(chart.gan.generator.state_dict())
        for _ in range(steps):
            real = gan.draw(lambda stream: chart.world.sample(128, stream))
            loss.append(d_turn(gan, real, gan.sample(128)))
    return torch.stack(loss[-50:]).mean(dim=0)


def eye_test(chart, seed=0, steps=300):
    """The loss (8,) of new discriminators of this kind in the easiest task: all fakes lie in the middle of the ring."""
    changes = {name: value for name, value in chart.settings.items() if name != "slip"}
    slip = chart.settings["slip"] if chart.settings["slip"] == "two sigmoids" else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        gan = admit(seed, **changes)
        for _ in range(steps):
            real = gan.draw(lambda stream: ring.sample(128, stream))
            loss = d_turn(gan, real, real / 20, slip)
    return loss


def findings(chart, seed=0):
    """All that is measured of a chart: name → tensor (8,). Raises ValueError for a chart without a look."""
    if not len(chart.held):
        raise ValueError(f"This chart has {len(chart.loss)} steps; the first look at the points is at step 50.")
    loss_d, loss_g = chart.loss[-50:].mean(dim=0)
    return {
        "loss of D": loss_d,
        "loss of G": loss_g,
        "modes held": chart.held[-1].float(),
        "unrest in 50 steps": chart.unrest[-4:].median(dim=0).values,
        "distance from middle": chart.points[-1].norm(dim=-1).mean(dim=-1),
        "second opinion": second_opinion(chart, seed),
        "eye test": eye_test(chart, seed),
        "change of G's weights": chart.change,
        "G has a gradient after D's turn": torch.tensor([float(chart.gradients)] * 8),
    }


def examined(name=None, seed=0, steps=600):
    """(chart, findings) of an exhibit; played once."""
    return _examined(name, seed, steps)


@functools.cache
def _examined(name, seed, steps):  # a cache tells examined("momentum") from examined("momentum", 0)
    chart = play(name, seed, steps)
    return chart, findings(chart, seed)


def bedside(chart, found, title):
    """Show a chart: the first of the eight in a picture, the curves of all, and the findings (medians)."""
    import matplotlib.pyplot as plt

    from gan_edu import plotting

    points, steps = chart.points[-1][0], len(chart.loss)
    _, axes = plt.subplot_mosaic("ALT;AHT", figsize=(6.8, 3.0), width_ratios=[1, 0.9, 1.25])
    axes["A"].scatter(*ring.modes.T, s=90, color=plotting.REAL, alpha=0.35, linewidths=0)
    axes["A"].scatter(*points[:300].T, s=7, color=plotting.FAKE, marker="^", linewidths=0)
    reach = max(3.2, points.abs().max().item() + 0.5)
    axes["A"].set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    axes["A"].set_title(f"{title}, seed 0")
    blocks = torch.stack([block.mean(dim=0) for block in chart.loss.split(20)]).clamp(max=3)
    every, looks = range(1, steps + 1, 20), range(50, steps + 1, 50)
    for ax, x, y, color in (
        ("L", every, blocks[:, 0], plotting.DISC),
        ("L", every, blocks[:, 1], plotting.FAKE),
        ("H", looks, chart.held, plotting.NEUTRAL[0]),
    ):
        axes[ax].plot(x, y, color=color, alpha=0.3, linewidth=0.7)
        axes[ax].plot(x, y.double().quantile(0.5, dim=1), color=color, linewidth=2)
    axes["L"].axhline(2 * math.log(2), color=plotting.THEORY, linestyle="--", linewidth=1)
    for place, name, color in ((0.80, "D", plotting.DISC), (0.90, "G", plotting.FAKE)):
        axes["L"].text(place, 0.82, name, color=color, weight="bold", transform=axes["L"].transAxes)
    axes["L"].set(ylim=(-0.15, 3.15), ylabel="losses", xticks=[])
    axes["H"].set(ylim=(-0.5, 8.5), ylabel="held", xlabel="step", yticks=[0, 4, 8])
    axes["T"].axis("off")
    for row, (name, values) in enumerate(found.items()):
        yes_no = {0.0: "no", 1.0: "yes"}.get(values[0].item()) if name.startswith("G has") else None
        text = yes_no or f"{values.median():.2f}".replace("-0.00", "0.00")
        axes["T"].text(0, 0.95 - row / 9.5, name.replace(" after D's turn", "\nafter D's turn"), fontsize=10, va="top")
        axes["T"].text(1.12, 0.95 - row / 9.5, text, fontsize=10, ha="right", va="top", weight="bold")
    plt.show()
