"""Mode collapse counted as PacGAN and VEEGAN count it: our runs beside the published numbers.

    python benchmarks/mode_collapse.py --setting short                        # some minutes on a CPU; see below
    python benchmarks/mode_collapse.py --setting paper --device cuda          # full length, for a GPU
    python benchmarks/mode_collapse.py --task grid --methods ns pac2 --steps 20000
    python benchmarks/mode_collapse.py --report                               # print the tables again, train nothing

Tasks: a ring of 8 and a grid of 25 narrow Gaussians, and stacked digits, three MNIST digits as the channels of one
image, 1,000 modes. On ring and grid all seeds train at once (gan_edu.ensemble); on digits they train one after another.
A run that was stopped goes on where it last saved itself; a finished one is not repeated. Both lie in --out.

`--setting paper` is that of PacGAN (Lin, Khetan, Fanti & Oh, NeurIPS 2018, arXiv 1712.04086), read from its code,
github.com/fjxmlzn/PacGAN. Ring: radius 1, deviation 0.01; grid {-4, -2, 0, 2, 4}², deviation 0.05; 100,000 points drawn
once; a pack of m joins m independent resamplings of them. G: 2 normal numbers, 4 hidden layers of 400 with batch norm
and ReLU; D: 3 maxout layers of 200 units with 5 pieces. Weights from N(0, 0.02²), Adam 1e-4 with β (0.8, 0.999), 100
packs in a batch, both players' gradients taken before either moves, 400,000 steps, 10 seeds, judged by 2,500 samples.
(β1 is meant as in PyTorch, as in Blocks since January 2017; before, Blocks would have called that 0.2.) Stacked digits:
128,000 stacks in [0, 1] drawn from all digits, DCGAN of 64 channels with a tanh, 100 uniform numbers, Adam 2e-4 with β
(0.5, 0.999), 64 packs in a batch, G moves twice for each step of D, 50 epochs, judged by 26,000 samples.

What we do otherwise: batch norm averages variances, not deviations; convolutions pad both sides alike; the digits'
classifier is the course's own, and what it sees is cut to [0, 1]; without the full MNIST the 12,000 digits that come
with the course serve. PacGAN ran only the plain GAN and its packs. The settings of the other methods are ours: nets,
optimiser, batch and order of updates as above unless said here; no batch norm in D, which would couple samples.

- WGAN-GP: 5 critic steps, β (0.5, 0.9), G moves after D; λ = 0.1 on ring and grid, 10 on digits, rate 1e-4 (its
  authors' own for such data). As many steps of D as the others, so a fifth of G's.
- hinge + SN: spectral norm on every layer of D (Miyato et al. 2018).
- NS + R1 and RpGAN + R1 + R2: γ = 0.1 on ring and grid, 1 on digits, not tuned.
- For all of these, ring and grid are divided by their root mean square, so that γ and λ mean the same on both, and
  digits lie in [-1, 1]; G moves once for each step of D.

`--setting short` fits a CPU: fewer steps, narrower nets, larger rates. **It can't be compared with what was
published**; its tables say so, and what was changed. A share of high quality above the ceiling of 98.89 % means modes
too narrow.
"""

import argparse
import functools
import json
import math
import subprocess
import time
from pathlib import Path

import torch
from torch import nn

import gan_edu
from gan_edu import data, device, ensemble, metrics, nets
from gan_edu.data.image_sets import where
from gan_edu.files import write_atomically
from gan_edu.settings import Choice
from gan_edu.training import GAN, TrainingDiverged, progress_bar, read_safetensors

ROOT = Path(__file__).resolve().parent
GAMMA_TOY = 0.1

# ---------------------------------------------------------------- what is played, and how

TASKS = ("ring", "grid", "stacked")
SHARED = {  # for all methods of a task; those of PacGAN change nothing but `packing`
    "toy": dict(
        loss="non_saturating", packing=1, penalties={}, spectral_norm=False, lr=1e-4, betas=(0.8, 0.999), batch=100,
        discriminator_steps=1, generator_steps=1, simultaneous=True, rescaled=False, batch_norm_in_d=False,
        updates_of_d=400_000, seeds=10, width_g=400, width_d=200, pieces=5, init=0.02,
        points=100_000, samples=2_500, looks=40,
    ),
    "digits": dict(
        loss="non_saturating", packing=1, penalties={}, spectral_norm=False, lr=2e-4, betas=(0.5, 0.999), batch=64,
        discriminator_steps=1, generator_steps=2, simultaneous=False, rescaled=False, batch_norm_in_d=True,
        updates_of_d=100_000, seeds=10, width_g=64, width_d=64, noise=100, init=0.02,
        points=128_000, samples=26_000, looks=10,
    ),
}  # fmt: skip
SHORT = {  # what the short setting changes; lr_times multiplies every method's rate
    "toy": dict(updates_of_d=5_000, seeds=4, width_g=64, width_d=32, init=0.05, looks=10, lr_times=10),
    "digits": dict(
        updates_of_d=800, seeds=3, width_g=8, width_d=8, init=0.05, samples=10_000, looks=1, lr_times=5
    ),
}  # fmt: skip
OURS = {"toy": dict(rescaled=True), "digits": dict(rescaled=True, batch_norm_in_d=False, generator_steps=1)}
METHODS = {  # name: (label, changes on ring and grid, changes on digits)
    "ns": ("NS-GAN", {}, {}),
    "pac2": ("PacGAN2", dict(packing=2), dict(packing=2)),
    "pac3": ("PacGAN3", dict(packing=3), dict(packing=3)),
    "pac4": ("PacGAN4", dict(packing=4), dict(packing=4)),
    "wgan_gp": (
        "WGAN-GP",
        OURS["toy"] | dict(
            loss="wasserstein", penalties={"gradient_penalty": 0.1}, betas=(0.5, 0.9), discriminator_steps=5,
            simultaneous=False,
        ),
        OURS["digits"] | dict(
            loss="wasserstein", penalties={"gradient_penalty": 10.0}, lr=1e-4, betas=(0.5, 0.9), discriminator_steps=5
        ),
    ),
    "hinge_sn": (
        "hinge + SN",
        OURS["toy"] | dict(loss="hinge", spectral_norm=True),
        OURS["digits"] | dict(loss="hinge", spectral_norm=True),
    ),
    "ns_r1": (
        "NS + R1", OURS["toy"] | dict(penalties={"r1": GAMMA_TOY}), OURS["digits"] | dict(penalties={"r1": 1.0})
    ),
    "rp_r1_r2": (
        "RpGAN + R1 + R2",
        OURS["toy"] | dict(loss="relativistic", penalties={"r1": GAMMA_TOY, "r2": GAMMA_TOY}),
        OURS["digits"] | dict(loss="relativistic", penalties={"r1": 1.0, "r2": 1.0}),
    ),
}  # fmt: skip


def family(task):
    return "digits" if task == "stacked" else "toy"


def known(name, names, what):
    return Choice(tuple(names)).check(name, what)


def settings_of(task, setting, method, **changes):
    """Everything that decides a run, as one flat dictionary. changes: those of the command line."""
    kind = family(known(task, TASKS, "task"))
    _, *own = METHODS[known(method, METHODS, "method")]
    settings = SHARED[kind] | own[kind == "digits"]
    if known(setting, ("paper", "short"), "setting") == "short":
        settings = settings | SHORT[kind]
        settings["lr"] = settings["lr"] * settings.pop("lr_times")
    settings = settings | changes
    least = settings["discriminator_steps"]
    if settings["updates_of_d"] < least or settings["seeds"] < 1:
        raise ValueError(f"{method} needs at least {least} step(s) and one seed.")
    if kind == "digits":
        settings["full_mnist"] = where("mnist") is not None
    return settings


def distribution(task):
    return data.toy.ring(8, radius=1.0, std=0.01) if task == "ring" else data.toy.grid(5, spacing=2.0, std=0.05)


def rms(task):
    """Root mean square of one coordinate of the data: the unit of length of gradient penalties."""
    exact = distribution(task)
    return math.sqrt(exact.modes.double().square().mean().item() + exact.mode_std**2)


# ---------------------------------------------------------------- nets


def toy_generator(settings):
    width = settings["width_g"]
    layers, inputs = [], 2
    for _ in range(4):
        # the average of the running numbers keeps 0.95 of itself a step; a pack of m brings m batches in a step
        norm = nn.BatchNorm1d(width, eps=1e-4, momentum=1 - 0.95 ** (1 / settings["packing"]))
        layers += [nn.Linear(inputs, width, bias=False), norm, nn.ReLU()]
        inputs = width
    return nets.initialize_normal(nn.Sequential(*layers, nn.Linear(width, 2)), settings["init"])


def toy_discriminator(settings):
    width, pieces = settings["width_d"], settings["pieces"]
    layers, inputs = [], 2 * settings["packing"]
    for _ in range(3):
        layers += [nn.Linear(inputs, width * pieces), nets.Maxout(pieces)]
        inputs = width
    net = nets.initialize_normal(nn.Sequential(*layers, nn.Linear(width, 1)), settings["init"])
    return with_spectral_norm(net, settings)


def digit_generator(settings):
    """DCGAN-tensorflow's generator for 28×28: 2 → 4 → 7 → 14 → 28, kernels of 5."""
    width = settings["width_g"]
    sizes = [8 * width, 4 * width, 2 * width, width, 3]
    layers = [nn.Linear(settings["noise"], sizes[0] * 4), nn.Unflatten(1, (sizes[0], 2, 2))]
    for inputs, outputs, odd in zip(sizes, sizes[1:], (1, 0, 1, 1), strict=False):
        layers += [nn.BatchNorm2d(inputs), nn.ReLU()]
        layers += [nn.ConvTranspose2d(inputs, outputs, 5, stride=2, padding=2, output_padding=odd)]
    return nets.initialize_normal(nn.Sequential(*layers, nn.Tanh()), settings["init"])


def digit_discriminator(settings):
    """DCGAN-tensorflow's discriminator for 28×28, of three channels for each image in a pack."""
    width = settings["width_d"]
    sizes = [3 * settings["packing"], width, 2 * width, 4 * width, 8 * width]
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers.append(nn.Conv2d(inputs, outputs, 5, stride=2, padding=2))
        if settings["batch_norm_in_d"] and layers[1:]:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.LeakyReLU(0.2))
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(sizes[-1] * 4, 1))
    return with_spectral_norm(nets.initialize_normal(net, settings["init"]), settings)


def with_spectral_norm(net, settings):
    if settings["spectral_norm"]:
        for layer in net:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                nn.utils.parametrizations.spectral_norm(layer)
    return net


# ---------------------------------------------------------------- the game


class Game(GAN):
    """GAN, with the habits of these two papers that the library lacks.

    simultaneous: both gradients are taken before either player moves. generator_steps: G's moves for each of D's, on
    the same noise. uniform: noise from [-1, 1]. With packing m, G makes a pack in m passes, each a batch of its own.
    """

    def __init__(self, *both, simultaneous=False, generator_steps=1, uniform=False, **settings):
        super().__init__(*both, **settings)
        self.simultaneous, self.generator_steps, self.uniform = simultaneous, generator_steps, uniform
        self.about = {"seconds": 0.0, "cpu_seconds": 0.0, "looks": []}  # saved with the state

    def noise(self, n, training=False):
        if not self.uniform:
            return super().noise(n, training)
        return self.draw(lambda g: torch.rand(n, self.noise_dim, generator=g) * 2 - 1, training)

    def packs(self, noise):
        """Fakes (packs · m, ...) from m pieces of noise; those of a pack stand one after another, as `pack` wants."""
        axis = 1 if self.batched else 0
        return torch.stack([self.generator(z) for z in noise], dim=axis + 1).flatten(axis, axis + 1)

    def update(self, batch, measure):
        for _ in range(self.settings.discriminator_steps):
            real = batch()
            n = real.shape[1 if self.batched else 0] // self.packing
            noise = [self.noise(n, training=True) for _ in range(self.packing)]
            fake = self.packs(noise)
            if self.simultaneous:  # G's gradient through D as it is now; G moves below
                with torch.no_grad():
                    on_real = self.logits(real) if self.loss.pairs else None
                loss_g = self.loss.generator(on_real, self.logits(fake))
                self.optimizers["generator"].zero_grad(set_to_none=True)
                loss_g.sum().backward(inputs=self.trained("generator"))
            loss_d, total, _, _ = self._discriminator_loss(self.pack(real), self.pack(fake.detach()))
            self.optimizers["discriminator"].zero_grad(set_to_none=True)
            total.sum().backward(inputs=self.trained("discriminator"))
            self.optimizers["discriminator"].step()
        if self.simultaneous:
            self.optimizers["generator"].step()
            return {"loss_d": loss_d.detach(), "loss_g": loss_g.detach()}
        for turn in range(self.generator_steps):
            loss_g = self.update_generator(real, fake if turn == 0 else self.packs(noise))["loss_g"]
        return {"loss_d": loss_d.detach(), "loss_g": loss_g}

    def more_state(self):
        return super().more_state() | {"about": self.about}

    def checked_more(self, more, step):
        return super().checked_more(more, step) | {"about": more["about"]}

    def take_more(self, more):
        super().take_more(more)
        self.about = more["about"]


def game(task, settings, seeds, where_to=None):
    """The players of all `seeds` (consecutive numbers): an ensemble on ring and grid, one pair on digits."""
    toy = family(task) == "toy"
    make_g = functools.partial(toy_generator if toy else digit_generator, settings)
    make_d = functools.partial(toy_discriminator if toy else digit_discriminator, settings)
    pairs = [ensemble.single_nets(make_g, make_d, seed) for seed in seeds]
    both = [ensemble.stack(side) for side in zip(*pairs, strict=True)] if toy else pairs[0]
    own = {key: settings[key] for key in ("simultaneous", "generator_steps")}
    of_gan = ("loss", "penalties", "lr", "betas", "discriminator_steps", "packing")
    own |= {key: settings[key] for key in of_gan}
    return Game(*both, uniform=not toy, seed=seeds[0], device=where_to, **own)


# ---------------------------------------------------------------- data

FAR = 2**20  # keeps the data's random numbers apart from those of nets and noise


class ToyPacks:
    """Packs of points, drawn once for each seed, then taken in a new order in each epoch. Call it for the next batch.

    Which batch comes depends on `drawn` alone, so that a run can be taken up anywhere.
    """

    def __init__(self, task, settings, seeds, where_to, batched=True):
        exact, packing = distribution(task), settings["packing"]
        self.seeds, self.batch, self.where_to, self.batched, self.drawn = seeds, settings["batch"], where_to, batched, 0
        self.epoch = -1
        packs = []
        for seed in seeds:
            chance = device.generator(FAR + seed)
            points = exact.sample(settings["points"], chance)
            if settings["rescaled"]:
                points = points / rms(task)
            rows = torch.randint(len(points), (len(points), packing), generator=chance)
            packs.append(points[rows])
        self.packs = torch.stack(packs).to(where_to, torch.get_default_dtype())  # (S, N, m, 2)
        self.which = torch.arange(len(seeds), device=where_to)[:, None]

    def __call__(self):
        n = self.packs.shape[1]
        epoch, place = divmod(self.drawn, n // self.batch)
        if epoch != self.epoch:
            orders = [torch.randperm(n, generator=device.generator(FAR * (2 + seed) + epoch)) for seed in self.seeds]
            self.epoch, self.order = epoch, torch.stack(orders).to(self.where_to)
        self.drawn += 1
        rows = self.order[:, place * self.batch : (place + 1) * self.batch]
        batch = self.packs[self.which, rows].flatten(1, 2)  # (S, batch · m, 2)
        return batch if self.batched else batch[0]


@functools.cache
def digits(full):
    """All digits, those for training and those for testing together, as PacGAN takes them: uint8 (N, 28, 28)."""
    return torch.cat([data.images("mnist", split, full=full).pixels for split in ("train", "test")])


def stacks(settings, seed):
    """Packs of stacked digits, drawn once: numbers of digits (N, m, 3)."""
    chance, n = device.generator(FAR + seed), settings["points"]
    stacked = torch.randint(len(digits(settings["full_mnist"])), (n, 3), generator=chance)
    return stacked[torch.randint(n, (n, settings["packing"]), generator=chance)]


class DigitPacks:
    """Packs of stacked digits, (batch · m, 3, 28, 28), always in the same order, as in PacGAN's code."""

    def __init__(self, task, settings, seeds, where_to):
        self.pixels = digits(settings["full_mnist"]).to(where_to)
        self.packs, self.batch = stacks(settings, seeds[0]).to(where_to), settings["batch"]
        self.low, self.drawn = (-1.0 if settings["rescaled"] else 0.0), 0

    def __call__(self):
        place = self.drawn % (len(self.packs) // self.batch)
        self.drawn += 1
        rows = self.packs[place * self.batch : (place + 1) * self.batch].flatten(0, 1)
        x = self.pixels[rows].to(torch.get_default_dtype()) / 255
        return x * (1 - self.low) + self.low


# ---------------------------------------------------------------- measuring


def look(model, task, settings):
    """Measure each seed: {"modes": [...], "high_quality": [...], "reverse_kl": [...]}, the KL None if it has none."""
    if family(task) == "digits":
        return look_at_digits(model.sample(settings["samples"]), settings["rescaled"])
    samples = model.sample(settings["samples"]) * (rms(task) if settings["rescaled"] else 1.0)
    found = metrics.mode_coverage(samples, distribution(task))
    return {
        "modes": found.captured.tolist(),
        "high_quality": found.high_quality.tolist(),
        "reverse_kl": [None if math.isnan(kl) else kl for kl in found.reverse_kl.tolist()],
    }


def look_at_digits(images, rescaled):
    """Modes and KL of stacked images (N, 3, 28, 28): which three digits the classifier sees in the channels."""
    images = images.flatten(0, 1).unsqueeze(1)
    if not rescaled:  # G learned data in [0, 1], the classifier [-1, 1]
        images = images.clamp(0, 1) * 2 - 1
    classes = torch.cat([metrics.classify(part, "mnist").argmax(1) for part in images.split(3000)])
    return of_classes(classes.view(-1, 3))


def of_classes(classes):
    numbers = (classes * torch.tensor([100, 10, 1])).sum(1)
    shares = torch.bincount(numbers, minlength=1000).double() / len(numbers)
    return {"modes": [int((shares > 0).sum())], "reverse_kl": [torch.xlogy(shares, shares * 1000).sum().item()]}


@functools.cache
def real_digits(full, samples):
    """What real stacks score with the same classifier."""
    pixels = digits(full).unsqueeze(1).float() / 127.5 - 1
    classes = torch.cat([metrics.classify(part, "mnist").argmax(1) for part in pixels.split(3000)])
    chance = device.generator(FAR)
    return of_classes(classes[torch.randint(len(classes), (samples, 3), generator=chance)])


# ---------------------------------------------------------------- one run, which can be left and taken up


class OtherSettings(ValueError):
    """A file holds a run with other settings."""


def same_settings(stored, mine, path):
    stored, mine = (json.loads(json.dumps(each)) for each in (stored, mine))
    differ = [
        f"{key} {stored.get(key)} there, {mine.get(key)} here"
        for key in sorted(stored.keys() | mine.keys())
        if stored.get(key) != mine.get(key) and key != "seeds"
    ]
    if differ:
        raise OtherSettings(
            f"{path} holds a run with other settings ({'; '.join(differ)}): choose another --out, or remove that file."
        )


def play(task, settings, seeds, state, where_to=None, save_every=180.0, stop_at=None, label=None):
    """Train `seeds` to the end, keeping the state in a file from which a second start goes on; returns the model.

    stop_at: leave after so many steps, with the state saved (for tests). Raises TrainingDiverged, OtherSettings.
    """
    model = game(task, settings, seeds, where_to)
    batch = (ToyPacks if family(task) == "toy" else DigitPacks)(task, settings, seeds, model.device)
    if state.exists():
        same_settings(json.loads(read_safetensors(state)[1]["more"])["about"]["settings"], settings, state)
        model.load(state)
    model.about["settings"] = settings
    batch.drawn = model.step * model.settings.discriminator_steps
    steps = settings["updates_of_d"] // model.settings.discriminator_steps
    every = max(1, steps // settings["looks"])
    clocks = {"seconds": time.perf_counter, "cpu_seconds": time.process_time}  # others may use the machine too
    begun = {name: model.about[name] - clock() for name, clock in clocks.items()}
    saved = time.perf_counter()
    with progress_bar(steps, progress=label is not None) as bar:
        bar.set_description(label)
        bar.update(model.step)
        while model.step < steps:
            values = model.update(batch, measure=False)
            model.step += 1
            bar.update()
            last, looking = model.step in (steps, stop_at), model.step % every == 0 or model.step == steps
            if last or looking or model.step % 100 == 0:  # asking a GPU for numbers makes it wait, so not in each step
                numbers = [*values.values(), *model.generator.parameters()]
                if not all(each.isfinite().all() for each in numbers):
                    raise TrainingDiverged(model.step, {key: v.tolist() for key, v in values.items()}, None)
            if looking:
                model.about["looks"].append({"step": model.step} | look(model, task, settings))
            model.about |= {name: begun[name] + clock() for name, clock in clocks.items()}
            if time.perf_counter() - saved > save_every or last:
                model.save(state)
                saved = time.perf_counter()
            if model.step == stop_at:
                break
    return model


def commit():
    """The commit that this script lies in, or None."""
    try:
        line = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def run(task, setting, method, out, where_to=None, save_every=180.0, progress=True, **changes):
    """Run one method on one task for all its seeds, and write the result as JSON. Does nothing if that is done."""
    settings = settings_of(task, setting, method, **changes)
    name = f"{setting}_{task}_{method}"
    path, out = Path(out) / f"{name}.json", Path(out)
    result = {
        "task": task,
        "setting": setting,
        "method": method,
        "settings": settings,
        "seeds": [],
        "runs": {},
        "looks": [],
        "seconds": 0.0,
        "cpu_seconds": 0.0,
        "device": device.describe(where_to),
        "torch": torch.__version__,
        "gan_edu": gan_edu.__version__,
        "commit": commit(),
    }
    if path.exists():
        stored = json.loads(path.read_text())
        same_settings(stored["settings"], settings, path)
        result = stored | {"settings": settings}
    if family(task) == "digits":
        result["real"] = real_digits(settings["full_mnist"], settings["samples"])
    missing = [seed for seed in range(settings["seeds"]) if seed not in result["seeds"]]
    if family(task) == "toy" and result["seeds"] and missing:
        raise OtherSettings(f"{path} holds {len(result['seeds'])} seeds, {settings['seeds']} are asked for.")
    groups = [missing] if family(task) == "toy" else [[seed] for seed in missing]
    for seeds in filter(None, groups):
        state = out / f"{name}_seed{seeds[0]}.safetensors"
        which = f"seeds {seeds[0]} to {seeds[-1]}" if seeds[1:] else f"seed {seeds[0]}"
        label = f"{task}, {METHODS[method][0]}, {which}" if progress else None
        try:
            model = play(task, settings, seeds, state, where_to, save_every, label=label)
        except ArithmeticError as error:  # TrainingDiverged is one
            result["diverged"] = [*result.get("diverged", []), {"seeds": seeds, "why": " ".join(str(error).split())}]
            names = ["modes", "reverse_kl"] + ["high_quality"] * (family(task) == "toy")
            found = {key: [None] * len(seeds) for key in names}
            about = {"looks": [], "seconds": 0.0, "cpu_seconds": 0.0}
        else:
            about, looks = model.about, model.about["looks"]
            found = {key: value for key, value in looks[-1].items() if key != "step"}
        result["seeds"] += seeds
        result["looks"].append(rounded(about["looks"]))
        for clock in ("seconds", "cpu_seconds"):
            result[clock] = round(result[clock] + about[clock], 1)
        for key, values in rounded(found).items():
            result["runs"].setdefault(key, []).extend(values)
        write_atomically(path, (json.dumps(result, indent=1) + "\n").encode())
        state.unlink(missing_ok=True)
    return result


def rounded(x):
    """Numbers with five digits after the point, so that files stay small."""
    if isinstance(x, dict):
        return {key: rounded(value) for key, value in x.items()}
    if isinstance(x, list):
        return [rounded(value) for value in x]
    return round(x, 5) if isinstance(x, float) else x


# ---------------------------------------------------------------- tables

PACGAN = {  # Lin et al. 2018, tables 1 and 2: mean ± standard error of 10 trials
    "ring": {
        "ns": "6.3 ± 0.5, 98.2 ± 0.2 %, 0.45 ± 0.09",
        "ALI": "6.6 ± 0.3, 97.6 ± 0.4 %, 0.36 ± 0.04",
        "pac2": "7.9 ± 0.1, 95.6 ± 2.0 %, 0.07 ± 0.03",
        "pac3": "7.8 ± 0.1, 97.7 ± 0.3 %, 0.10 ± 0.02",
        "pac4": "7.8 ± 0.1, 95.9 ± 1.4 %, 0.07 ± 0.02",
    },
    "grid": {
        "ns": "17.3 ± 0.8, 94.8 ± 0.7 %, 0.70 ± 0.07",
        "ALI": "24.1 ± 0.4, 95.7 ± 0.6 %, 0.14 ± 0.03",
        "pac2": "23.8 ± 0.7, 91.3 ± 0.8 %, 0.13 ± 0.04",
        "pac3": "24.6 ± 0.4, 94.2 ± 0.4 %, 0.06 ± 0.02",
        "pac4": "24.8 ± 0.2, 93.6 ± 0.6 %, 0.04 ± 0.01",
    },
    "stacked": {
        "ns": "78.9 ± 6.46, 4.50 ± 0.127",
        "pac2": "1000.0 ± 0.00, 0.06 ± 0.003",
        "pac3": "1000.0 ± 0.00, 0.06 ± 0.003",
        "pac4": "1000.0 ± 0.00, 0.07 ± 0.005",
    },
}
VEEGAN = {  # Srivastava et al. 2017, tables 1 and 2: average of 5 runs
    "ring": {"ns": "1, 99.3 %", "ALI": "2.8, 0.13 %", "Unrolled GAN": "7.6, 35.6 %", "VEEGAN": "8, 52.9 %"},
    "grid": {"ns": "3.3, 0.5 %", "ALI": "15.8, 1.6 %", "Unrolled GAN": "23.6, 16 %", "VEEGAN": "24.6, 40 %"},
    "stacked": {"ns": "99, 3.4", "ALI": "16, 5.4", "Unrolled GAN": "48.7, 4.32", "VEEGAN": "150, 2.95"},
}
WORDS = {
    "updates_of_d": "updates of D",
    "seeds": "seeds",
    "lr": "learning rate",
    "width_g": "width of G",
    "width_d": "width of D",
    "init": "deviation of the first weights",
    "digits": "digits to stack",
}


def mean_and_error(values, digits, times=1.0):
    """The mean and its standard error over the runs that have a value, and how many those are if not all."""
    there = torch.tensor([times * value for value in values if value is not None], dtype=torch.float64)
    if not len(there):
        return "–"
    text = f"{there.mean().item():.{digits}f}"
    if len(there) > 1:
        text += f" ± {there.std().item() / math.sqrt(len(there)):.{digits}f}"
    return text if len(there) == len(values) else f"{text} (in {len(there)} of {len(values)} runs)"


def differences(results):
    """What these runs do otherwise than the setting named after the paper, in words; empty at full length."""
    found = {}
    for result in results:
        mine = result["settings"] | {"seeds": len(result["seeds"])}
        paper = json.loads(json.dumps(settings_of(result["task"], "paper", result["method"])))
        for settings in (mine, paper):
            if "full_mnist" in settings:
                settings["digits"] = 70_000 if settings is paper or settings.pop("full_mnist") else 12_000
        keys = (mine.keys() | paper.keys()) - {"looks", "full_mnist"}
        for key in sorted(keys, key=lambda key: (*WORDS, key).index(key)):
            if mine.get(key) != paper.get(key):
                found.setdefault(key, {})[f"{number(mine.get(key))} (paper: {number(paper.get(key))})"] = None
    return [f"{WORDS.get(key, key.replace('_', ' '))} {' or '.join(pairs)}" for key, pairs in found.items()]


def number(x):
    return f"{x:,}" if isinstance(x, int) else f"{x:g}" if isinstance(x, float) else str(x)


def table(task, setting, results):
    """One table in Markdown, with a caption that says what was done and what may be compared."""
    digit_task, total = task == "stacked", {"ring": 8, "grid": 25, "stacked": 1000}[task]
    first = results[0]
    otherwise = differences(results)
    lines = []
    if otherwise:
        lines += [f"**{task.capitalize()}, {setting} setting: not comparable with the published columns.** Changed: "]
        lines[-1] += f"{'; '.join(otherwise)}. All else is as in the setting named after the paper."
    else:
        lines += [f"**{task.capitalize()}, at the full length of the paper's setting.**"]
    made = {f"PyTorch {r['torch']}, {r['device']}, gan_edu {r['gan_edu']}" for r in results}
    commits = ", ".join(dict.fromkeys(str(r["commit"]) for r in results))
    lines[-1] += f" Mean ± standard error over seeds, {first['settings']['samples']:,} samples each."
    lines[-1] += f" {'; '.join(sorted(made))}, commit {commits}."
    clock = "cpu_seconds" if all(r["device"].startswith("cpu") for r in results) else "seconds"
    minutes = "CPU minutes, all seeds" if clock == "cpu_seconds" else "minutes, all seeds"
    of, quality = ("modes, KL", "") if digit_task else ("modes, high quality, KL", " high quality, % |")
    lines += [
        "",
        f"| method | modes of {total} |{quality} reverse KL | seeds | steps of D, G | {minutes} "
        f"| PacGAN's table: {of} | VEEGAN's table |",
        f"|---|---|{'---|' if quality else ''}---|---|---|---|---|---|",
    ]
    for result in sorted(results, key=lambda each: list(METHODS).index(each["method"])):
        method, runs, settings = result["method"], result["runs"], result["settings"]
        updates = settings["updates_of_d"] // settings["discriminator_steps"]
        cells = [METHODS[method][0], mean_and_error(runs["modes"], 1)]
        if not digit_task:
            cells.append(mean_and_error(runs["high_quality"], 1, 100))
        cells += [
            mean_and_error(runs["reverse_kl"], 2),
            str(len(result["seeds"])),
            f"{updates * settings['discriminator_steps']:,}, {updates * settings['generator_steps']:,}",
            f"{result[clock] / 60:.1f}",
        ]
        if result.get("diverged"):
            cells[0] += f" (diverged: {sum(len(each['seeds']) for each in result['diverged'])})"
        lines.append(row(*cells, PACGAN[task].get(method, "–"), VEEGAN[task].get(method, "–")))
    width = len(cells)
    for name in ("ALI", "Unrolled GAN", "VEEGAN"):
        lines.append(row(name, *["–"] * (width - 1), PACGAN[task].get(name, "–"), VEEGAN[task].get(name, "–")))
    if digit_task:
        real, floor = first["real"], metrics.reverse_kl_floor(1000, first["settings"]["samples"])
        best = ["real digits", real["modes"][0], f"{real['reverse_kl'][0]:.3f} (floor {floor:.3f})"]
    else:
        floor = metrics.reverse_kl_floor(total, first["settings"]["samples"])
        best = ["exact samples", total, f"{100 * metrics.HIGH_QUALITY_CEILING_2D:.2f}", f"{floor:.4f}"]
        noise = even_noise(task, first["settings"]["samples"])
        captured, kl = noise.captured.double().mean(), noise.reverse_kl.nanmean()
        cells = ["points spread evenly", f"{captured:.1f}", f"{100 * noise.high_quality.mean():.1f}", f"{kl:.2f}"]
        lines.append(row(*cells, *["–"] * (width - 2)))
    lines.append(row(*best, *["–"] * (width + 2 - len(best))))
    return "\n".join(lines)


def even_noise(task, samples, draws=10):
    """What points score that are spread evenly over the square around all modes, and so have learned nothing."""
    exact = distribution(task)
    edge = exact.modes.abs().max() + 3 * exact.mode_std
    points = (2 * torch.rand(draws, samples, 2, generator=device.generator(FAR)) - 1) * edge
    return metrics.mode_coverage(points, exact)


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


SOURCES = """\
Published: Lin, Khetan, Fanti & Oh, *PacGAN*, NeurIPS 2018, arXiv 1712.04086, tables 1 and 2, mean ± standard error of
10 trials (the plain GAN on stacked digits is their own DCGAN); Srivastava et al., *VEEGAN*, NeurIPS 2017, arXiv
1705.07761, tables 1 and 2, average of 5 runs, without a KL on ring and grid. On the same plain GAN the two differ
wildly: settings, not names, make these numbers. Last row: what can be expected of a perfect sampler; more high quality
than that means modes too narrow. *Points spread evenly* over the square around all modes have learned nothing: numbers
that are no better than theirs show no modes found. On ring and grid the KL is that of the samples of high quality
alone; where these are few, it is noisy and biased upwards."""


def report(folder):
    """All tables of the results in a folder, as Markdown. Raises ValueError where there are none."""
    results = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]
    if not results:
        raise ValueError(f"There are no results in {folder} yet.")
    tables = []
    for setting in ("paper", "short"):
        for task in TASKS:
            of_task = [each for each in results if (each["setting"], each["task"]) == (setting, task)]
            if of_task:
                tables.append(table(task, setting, of_task))
    return "\n\n".join([*tables, SOURCES])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setting", default="short", help="paper, or short (the default)")
    parser.add_argument("--task", nargs="+", default=list(TASKS), help=", ".join(TASKS))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), help=", ".join(METHODS))
    parser.add_argument("--seeds", type=int, help="how many, from 0 on")
    parser.add_argument("--steps", type=int, help="updates of D, in the place of the setting's")
    parser.add_argument("--device", help="cpu, cuda or mps; by default the best there is")
    parser.add_argument("--out", type=Path, default=ROOT / "recorded" / "mode_collapse", help="folder of results")
    parser.add_argument("--save-every", type=float, default=180.0, help="seconds between saved states")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    parser.add_argument("--report", action="store_true", help="print the tables of --out, train nothing")
    options = parser.parse_args(arguments)
    changes = {"seeds": options.seeds, "updates_of_d": options.steps}
    changes = {key: value for key, value in changes.items() if value is not None}
    try:
        for task in options.task:
            for method in options.methods:
                settings_of(task, options.setting, method, **changes)  # a wrong name is said before hours of training
        if not options.report:
            with device.threads(options.threads):
                for task in options.task:
                    for method in options.methods:
                        run(task, options.setting, method, options.out, options.device, options.save_every, **changes)
        print(report(options.out))
    except ValueError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
