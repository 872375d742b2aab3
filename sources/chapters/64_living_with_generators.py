# %% [markdown]
# # 64 · Living with generators
#
# *Pictures of things that never happened cost nothing now. Here you try the two usual defences, a detector and a
# watermark, and break both. Then you plan what comes after this course: larger nets, other tools, a project of your
# own.*
#
# > **You will be able to**
# > - train a detector of generated pictures, and say what it does on a generator that it hasn't seen
# > - hide a key in pictures, find it again at few false alarms, remove it and forge it
# > - say what standards and laws ask for, and since when
# > - work out in GPU hours, bytes and steps what a large GAN costs
# > - choose a tool and a project, and read a GAN paper with ten questions
# >
# > **Before you start** [36 · measuring samples](36_measuring_samples.ipynb) and
# > [42 · a convolutional GAN](42_convolutional_gan.ipynb). Helpful, not needed: [49 · bigger](49_bigger.ipynb) for
# > section 7.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# Sixteen clothes, in random order. Eight are photographs from Fashion-MNIST. Eight were made by the small GAN that
# comes with this course. **Predict, and say why:** which ones? Write down eight numbers from 1 to 16, row by row.
# (Imports and helpers are folded.)

# %% jupyter={"source_hidden": true}
import io

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.ensemble import HistGradientBoostingClassifier

from gan_edu import data, metrics, models, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
CLOTHES = "fashion_mnist"
nets_of = {kind: models.load(CLOTHES, kind) for kind in ("vae", "gan", "conditional_gan", "classifier")}
train, unseen = (data.images(CLOTHES, split).tensor() for split in ("train", "test"))


# %% jupyter={"source_hidden": true}
def chance(seed):
    return torch.Generator().manual_seed(seed)


def as_file(x):
    """Pictures as a file keeps them: 256 levels of grey."""
    return ((x.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1


@torch.no_grad()
def make(z):
    """Noise (N, 64) → pictures of the finished GAN."""
    return as_file(torch.cat([nets_of["gan"](part) for part in z.split(250)]))


@torch.no_grad()
def draw(name, n, seed):
    """n pictures of a finished generator: "VAE", "GAN" or "other GAN" (the conditional one, random classes)."""
    z = torch.randn(n, 64, generator=chance(seed))
    if name == "GAN":
        return make(z)
    if name == "VAE":
        return as_file(nets_of["vae"].decode(z[:, :16]).sigmoid().view(-1, 1, 28, 28) * 2 - 1)
    classes = F.one_hot(torch.randint(0, 10, (n,), generator=chance(seed + 1)), 10)
    return as_file(nets_of["conditional_gan"](torch.cat([z, classes], 1))[:, :784].view(-1, 1, 28, 28))


# %% jupyter={"source_hidden": true}
def jpeg(x, quality=75):
    """Save as JPEG, and open again."""
    opened = []
    for picture in ((x[:, 0] + 1) * 127.5).round().byte().numpy():
        Image.fromarray(picture).save(file := io.BytesIO(), "JPEG", quality=quality)
        opened.append(np.asarray(Image.open(file)))
    return torch.tensor(np.stack(opened)).float().div(127.5).sub(1)[:, None]


# %%
mixed = torch.cat([unseen[:8], draw("GAN", 8, seed=3)])
order = torch.randperm(16, generator=chance(64))
plotting.image_grid(mixed[order], rows=2)

# %% [markdown]
# <details><summary>The eight generated ones</summary>
#
# In a new cell, run `[i + 1 for i in range(16) if order[i] >= 8]`. Who guesses finds four of the eight, on average.
#
# </details>
#
# Eyes are a weak defence. In January 2024 an employee in Hong Kong paid out 200 million Hong Kong dollars after a video
# call with colleagues who were all generated, the police said ([record of the
# incident](https://topaithreats.com/incidents/INC-24-0001-hong-kong-deepfake-cfo-fraud)). Such fakes are called
# **deepfakes**. They serve fraud, false news, and pictures that shame people. There are two technical answers. A
# **detector** looks for traces that a generator leaves behind. A **watermark** is a trace left on purpose.

# %% [markdown]
# ## 1. A detector
#
# Where would traces be? Not in the subject: a generated shirt is a shirt. Look at the finest scale. For each picture we
# count how large the steps between neighbouring pixels are, across and down, and how often each grey occurs. That makes
# 68 shares, the **texture** of a picture. On them we train trees, each of which corrects the ones before it (*gradient
# boosting*, from scikit-learn).


# %%
EDGES = torch.tensor([-160.0, -80, -40, -20, -8, -2, 2, 8, 20, 40, 80, 160])


def shares(values, edges):
    """For each picture the share of its values in each bin: (N, bins)."""
    bins = torch.bucketize(values.flatten(1), edges)
    rows, many = torch.arange(len(bins))[:, None], len(edges) + 1
    return (
        torch.bincount((bins + rows * many).flatten(), minlength=len(bins) * many).view(len(bins), many)
        / bins[0].numel()
    )


def texture(x):
    grey = ((x + 1) * 127.5).round()[:, 0]
    steps = [grey.diff(dim=1), grey.diff(dim=2), grey.diff(n=2, dim=1), grey.diff(n=2, dim=2)]
    found = [shares(step, EDGES) for step in steps] + [shares(grey, torch.arange(15.5, 255, 16))]
    return torch.cat(found, 1).numpy()


# %% [markdown]
# A detector gives each picture a suspicion. From which one on do we accuse? Take 2,000 other real pictures and draw the
# line so that 1 % of them lie above: a **false alarm rate** of 1 %.


# %%
def detector(real, fake, others):
    """A function: pictures → the share of them that is accused."""
    labels = np.repeat([0, 1], [len(real), len(fake)])
    trees = HistGradientBoostingClassifier(random_state=0).fit(np.concatenate([texture(real), texture(fake)]), labels)
    line = np.quantile(trees.predict_proba(texture(others))[:, 1], 0.99)
    return lambda x: float((trees.predict_proba(texture(x))[:, 1] > line).mean())


# %% [markdown]
# For comparison, a detector of **one number**, without any learning: how many pixels are faint, with a grey from 1 to
# 12? Photographs of clothes have an exactly black background; nets only come near to it.


# %%
def faint(x):
    grey = ((x + 1) * 127.5).round()
    return ((grey > 0) & (grey <= 12)).sum((1, 2, 3)).float()


line = faint(train[:2000]).quantile(0.99)
simple = [float((faint(draw("GAN", 1000, seed)) > line).float().mean()) for seed in range(3)]

# %% [markdown]
# ## 2. How a detector ages
#
# Generators come in order. The VAE is the old one here; the GAN came later and is better; beside it stands its cousin,
# a conditional GAN with the same kind of net and another training. And the owner of the GAN may train on: here 60 steps
# more, with the same rates, against a new discriminator. (It had 3,900 before.)


# %%
def trained_on(seed):
    torch.manual_seed(seed)
    gan = training.GAN(
        models.load(CLOTHES, "gan").requires_grad_(True), nets.DCGANDiscriminator(32, hidden=128), seed=seed,
        penalties={"r1": 1.0}, penalty_every=8, lr=2e-3, betas=(0.0, 0.99), device="cpu",
    )  # fmt: skip
    training.run(gan, train, 60, batch=32)
    with torch.no_grad():
        return as_file(gan.generator.eval()(torch.randn(1000, 64, generator=chance(seed + 20))))


def cleaned(x):
    """A forger has read section 1: faint pixels become black."""
    return torch.where(x < 12.5 / 127.5 - 1, -1.0, x)


# %% [markdown]
# **Predict, and say why:** a detector has learned on the VAE's pictures. Which share of the GAN's will it find? And one
# that has learned on the GAN's, which share of the VAE's? We do everything three times, with other photographs and
# other noise. A third "detector" learns to tell photographs from photographs. It is the control.

# %%
found, sets, changed = {}, [], []
for seed in range(3):
    rows = torch.randperm(len(train), generator=chance(seed))
    real, others, more = train[rows[:2000]], train[rows[2000:4000]], train[rows[4000:6000]]
    sets.append((real, others))
    gan = draw("GAN", 1000, seed + 10)
    tests = {
        "unseen photos": unseen, "VAE": draw("VAE", 1000, seed + 10), "GAN": gan, "GAN, 60 steps on": trained_on(seed),
        "other GAN": draw("other GAN", 1000, seed + 10), "GAN, cleaned": cleaned(gan), "GAN as JPEG": jpeg(gan),
        "photos as JPEG": jpeg(unseen[:1000]),
    }  # fmt: skip
    before = make(torch.randn(1000, 64, generator=chance(seed + 20)))
    changed.append(float((tests["GAN, 60 steps on"] - before).abs().mean()))
    for learned in ("VAE", "GAN", "photos"):
        accused = detector(real, more if learned == "photos" else draw(learned, 2000, seed), others)
        for name, pictures in tests.items():
            found.setdefault((learned, name), []).append(accused(pictures))

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 4.0), layout="constrained")
looks = {"VAE": (plotting.NEUTRAL[0], "s"), "GAN": (plotting.FAKE, "o"), "photos": ("0.35", "x")}
for number, (learned, (color, marker)) in enumerate(looks.items()):
    for place, name in enumerate(tests):
        values = found[learned, name]
        ax.scatter([place + 0.22 * (number - 1)] * 3, values, color=color, marker=marker, s=34, alpha=0.8,
                   label=f"learned on {learned}" if place == 0 else None)  # fmt: skip
for place in (0, 7):
    ax.axvspan(place - 0.5, place + 0.5, color="0.94", zorder=0)
ax.axhline(0.01, color="black", linestyle="--", linewidth=1.2)
ax.set_xticks(
    range(8), [name.replace(" ", "\n", 1).replace("60 steps on", "60 steps\non") for name in tests], fontsize=9
)
ax.set(ylabel="share accused", ylim=(-0.03, 1.05))
ax.legend(fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
plt.show()

# %%
middle = {key: float(np.median(values)) for key, values in found.items()}
claim("learned on the VAE: more than 95 % of the VAE's", middle["VAE", "VAE"] > 0.95, found["VAE", "VAE"])
claim("… and less than 60 % of the GAN's", middle["VAE", "GAN"] < 0.6, found["VAE", "GAN"])
claim("learned on the GAN: more than 85 % of the VAE's", middle["GAN", "VAE"] > 0.85, found["GAN", "VAE"])
claim("… 45 % to 90 % of the GAN's own", 0.45 < middle["GAN", "GAN"] < 0.9, found["GAN", "GAN"])
claim("60 more steps have changed the pictures, by more than 0.04 a pixel", min(changed) > 0.04, changed)
gap = np.subtract(found["GAN", "GAN"], found["GAN", "GAN, 60 steps on"])
claim("… and the share that is found by less than 15 points", abs(np.median(gap)) < 0.15, gap)
cousin = np.subtract(found["GAN", "GAN"], found["GAN", "other GAN"])
claim("the other GAN escapes a little: less than 15 points", abs(np.median(cousin)) < 0.15, cousin)
rubbed = np.subtract(found["GAN", "GAN"], found["GAN", "GAN, cleaned"])
claim("black instead of faint: at least 8 points lost", np.median(rubbed) > 0.08, rubbed)
claim("… more than by the 60 steps", np.median(rubbed) > np.median(gap), (rubbed, gap))
claim("unseen photographs: at most 3 % accused, by all three", max(middle[k, "unseen photos"] for k in looks) <= 0.03)
claim(
    "but of photographs as JPEG more than 15 %", middle["GAN", "photos as JPEG"] > 0.15, found["GAN", "photos as JPEG"]
)
claim("the control finds at most 4 % of the GAN's", middle["photos", "GAN"] <= 0.04, found["photos", "GAN"])
claim("one number finds less than 30 %", max(simple) < 0.3, simple)

# %% [markdown]
# Read the squares from left to right: they know the VAE and lose two thirds of the GAN. Read the circles the other way:
# who has learned on the better generator also finds the worse one. **This detector looks backwards.** But these are two
# families on one data set: another pair may part in another way. A published detector that had learned on *one* GAN
# also found pictures of other nets, newer ones among them ([Wang et al. 2020](https://arxiv.org/abs/1912.11035)). "For
# now", says the title. With diffusion models such detectors failed ([Ojha et al.
# 2023](https://arxiv.org/abs/2302.10174)).
#
# What we had *not* expected: training on for 60 steps changes the pictures, and not what the detector sees, and even
# the other GAN hardly escapes. A generator's traces come from its kind of net, it seems, more than from the last state
# of its weights. (It *seems*: to know, one would have to change the net and nothing else.)

# %% [markdown]
# One line of the forger's, `cleaned`, costs the detector more than those 60 steps of training. And look at the grey
# column on the right. The photographs have done nothing but travel as JPEG, and a large part of them is accused. The 1
# % was true for files of one kind, and not for these. Our one number loses clearly on clothes. On digits (`"mnist"` in
# place of `CLOTHES`) the same number finds 96 to 97 % of the GAN's: there the trees, with more than 99 %, add little.

# %% [markdown]
# ### The trap of the file format
#
# Here is a mistake that has been found in published collections ([Grommelt et al.
# 2024](https://arxiv.org/abs/2403.17608)): photographs come as JPEG, generated pictures as PNG. **Predict, and say
# why:** what does a detector learn from such a collection, and how good does it look there?

# %%
looks_good, innocents = [], []
for seed, (real, others) in enumerate(sets):
    trapped = detector(jpeg(real), draw("GAN", 2000, seed), jpeg(others))
    looks_good.append(trapped(draw("GAN", 1000, seed + 10)))
    innocents.append(trapped(unseen))  # photographs that were never JPEG
claim("in its own collection it finds more than 85 %", np.median(looks_good) > 0.85, looks_good)
claim("and accuses more than 75 % of photographs that are PNG", np.median(innocents) > 0.75, innocents)

# %% [markdown]
# It has learned "PNG". The test inside the collection couldn't show that, for there every photograph is a JPEG. The
# control that shows it: *real pictures, stored as the fakes are.*
#
# ### From a rate to an accusation
#
# A detector finds 70 % at 1 % false alarms. It accuses a picture. How sure are you? That depends on how many fakes
# there are at all, the **base rate**:

# %%
for share in (0.5, 0.01, 0.001):
    right = 0.7 * share / (0.7 * share + 0.01 * (1 - share))
    print(f"{share:6.1%} of the pictures generated: {right:5.1%} of the accusations are right")

# %% [markdown]
# With one fake in a thousand, 14 of 15 accused are innocent. So a detector's word is a reason to look closer, and no
# proof.

# %% [markdown]
# ## 3. A mark with a key
#
# Now we own the generator, and mark what it makes. A secret **key** is a list of random signs. Three ways to use it:
#
# - **fine**: add a pattern to the picture, +0.08 or −0.08 at each pixel (10 of 255 greys);
# - **coarse**: the same amount, but one sign for each block of 4 × 4 pixels;
# - **in the noise**: change no pixel. Give each of the 64 noise numbers the sign that the key says, and keep its size.


# %%
def marks(seed):
    """Three marks with one key: each takes noise (N, 64) and gives marked pictures."""
    random = chance(seed)
    fine, block, noise = (torch.randint(0, 2, shape, generator=random) * 2.0 - 1 for shape in ((28, 28), (7, 7), (64,)))
    coarse = torch.kron(block, torch.ones(4, 4))
    return {
        "fine": lambda z: as_file(make(z) + 0.08 * fine),
        "coarse": lambda z: as_file(make(z) + 0.08 * coarse),
        "in the noise": lambda z: make(noise * z.abs()),
    }


# %% jupyter={"source_hidden": true}
def normal(n, seed):
    return torch.randn(n, 64, generator=chance(seed))


plotting.image_grid({"unmarked": make(normal(8, 5)), **{n: m(normal(8, 5)) for n, m in marks(0).items()}}, rows=1)

# %% [markdown]
# (The mark in the noise can't keep the same picture: other signs are another piece of clothing.)
#
# Who has the key can make as many marked and unmarked pictures as needed, and so can find the best *linear* score: the
# one that the mark moves furthest, measured in standard deviations of unmarked pictures.
#
# $$w = \Sigma^{-1}(\bar x_\text{marked} - \bar x_\text{unmarked}), \qquad \text{score}(x) = w \cdot x$$
#
# $\Sigma$ is the covariance of unmarked pictures. It says how much each pixel varies anyway, and the inverse turns down
# what varies much. (For a pattern that is added this is called a **matched filter**.) The line is drawn as before, at 1
# % of unmarked ones: of generated pictures, and of photographs; the higher line counts.

# %%
plain = make(normal(2000, 100))
varies = torch.cov(plain.flatten(1).T) + 0.01 * torch.eye(784)
unmarked_too = make(normal(2000, 101)), train[:2000]


def finder(mark):
    """A function: pictures → the share in which the mark is found, with the line from home or from `others`."""
    w = torch.linalg.solve(varies, (mark(normal(2000, 100)) - plain).flatten(1).mean(0))
    top = lambda unmarked: max((x.flatten(1) @ w).quantile(0.99) for x in unmarked)  # noqa: E731
    home = top(unmarked_too)
    return lambda x, others=None: float((x.flatten(1) @ w > (top(others) if others else home)).float().mean())


# %% [markdown]
# **The price.** A mark shouldn't make the pictures worse. We measure with the Fréchet distance to photographs (smaller
# is better).


# %%
@torch.no_grad()
def two_commonest(x):
    """The share of the two commonest of ten classes: 0.2 if all were equally common."""
    net = nets_of["classifier"]
    return float(net.head(net(x)).argmax(1).bincount().topk(2).values.sum() / len(x))


judge = metrics.Reference(CLOTHES, train[:2000])
keys = [marks(key) for key in range(3)]
price, common = {}, {}
for name in ("unmarked", *keys[0]):
    made = [(make if name == "unmarked" else mark[name])(normal(1000, 200 + k)) for k, mark in enumerate(keys)]
    price[name], common[name] = [judge.frechet(x) for x in made], [two_commonest(x[:300]) for x in made]

# %% tags=["nbval-ignore-output"]
print({name: np.round(np.median(values), 1).item() for name, values in price.items()})

# %%
cost = {name: float(np.median(values)) for name, values in price.items()}
claim("a pattern costs something: 1.1 to 4 times the distance", 1.1 < cost["fine"] / cost["unmarked"] < 4, price)
claim("so does the coarse one", 1.1 < cost["coarse"] / cost["unmarked"] < 4, price)
claim("the mark in the noise: more than 8 times", cost["in the noise"] > 8 * cost["unmarked"], price)
two = {name: float(np.median(values)) for name, values in common.items()}
claim("with it, two classes make more than half of the pictures", two["in the noise"] > 0.5, common)
claim("unmarked, less than 40 %", two["unmarked"] < 0.4, common)

# %% [markdown]
# Signs that are fixed leave one corner of the noise, of $2^{64}$. The generator makes fewer kinds of clothes then. That
# is a high price for pictures without a changed pixel. (A scheme for diffusion models makes the signs look random, by a
# cipher. Its authors claim that nothing is lost then: [Yang et al. 2024](https://arxiv.org/abs/2404.04956). Others
# found gaps in their proof, and give another: [Thietke et al. 2025](https://arxiv.org/abs/2503.11404).)

# %% [markdown]
# ## 4. What a mark survives
#
# Marked pictures go on a journey: saved as JPEG (quality 30), blurred (by 1 pixel), with noise, moved by one pixel, cut
# (2 pixels off each side, then enlarged again), and last a **copy**: a VAE describes the picture by 16 numbers and
# paints it again.
#
# We ask twice: with the line drawn at home, and with one drawn on unmarked pictures that made the *same* journey.
#
# **Predict, and say why:** which of the three marks survives which journey?

# %% jupyter={"source_hidden": true}
WINDOW = torch.exp(-(torch.arange(-3, 4.0) ** 2) / 2)
WINDOW = WINDOW / WINDOW.sum()


def blurred(x):
    x = F.pad(x, (3, 3, 3, 3), mode="replicate")
    return F.conv2d(F.conv2d(x, WINDOW.view(1, 1, 1, 7)), WINDOW.view(1, 1, 7, 1))


def cut(x):
    return as_file(F.interpolate(x[:, :, 2:-2, 2:-2], size=28, mode="bilinear", antialias=True))


@torch.no_grad()
def copied(x):
    code = nets_of["vae"].encoder((x.flatten(1) + 1) / 2)[:, :16]  # the means; the other 16 are spreads
    return as_file(nets_of["vae"].decode(code).sigmoid().view(-1, 1, 28, 28) * 2 - 1)


journeys = {
    "none": lambda x: x,
    "JPEG": lambda x: jpeg(x, 30),
    "blur": lambda x: as_file(blurred(x)),
    "noise": lambda x: as_file(x + 0.2 * torch.randn(x.shape, generator=chance(7))),
    "moved": lambda x: x.roll(1, dims=3),
    "cut": cut,
    "copy": copied,
}

# %%
unmarked = {journey: (go(make(normal(1000, 300))), go(unseen[:1000])) for journey, go in journeys.items()}
finders = [{name: finder(mark[name]) for name in mark} for mark in keys]
kept, alarms, fair = {}, {}, {}
for key, mark in enumerate(keys):
    for name, find in finders[key].items():
        marked = mark[name](normal(400, 310 + key))
        for journey, go in journeys.items():
            kept.setdefault((name, journey), []).append(find(go(marked)))
            alarms.setdefault((name, journey), []).append(max(find(x) for x in unmarked[journey]))
            fair.setdefault((name, journey), []).append(find(go(marked), unmarked[journey]))

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 3, figsize=(7.2, 3.4), sharey=True, layout="constrained")
for ax, name, color in zip(axes, keys[0], plotting.NEUTRAL, strict=False):
    for place, journey in enumerate(journeys):
        first = place == 0
        ax.bar(place, np.median(fair[name, journey]), color=color, alpha=0.4, width=0.7,
               label="found, line drawn after the journey (median)" if first else None)  # fmt: skip
        ax.scatter([place - 0.15, place, place + 0.15], fair[name, journey], color=color, s=16,
                   label="the same, each of three keys" if first else None)  # fmt: skip
        ax.scatter(place, np.median(kept[name, journey]), facecolors="none", edgecolors="black", s=42,
                   label="found, line from home (median)" if first else None)  # fmt: skip
        ax.scatter(place, np.median(alarms[name, journey]), color="black", marker="x", s=30,
                   label="false alarms of the line from home" if first else None)  # fmt: skip
    ax.set_xticks(range(7), journeys, rotation=60, fontsize=10)
    ax.set(title=name, ylim=(-0.03, 1.04))
axes[0].set_ylabel("share of pictures")
handles, labels = axes[0].get_legend_handles_labels()
bars_first = (3, 0, 1, 2)  # matplotlib puts them last
fig.legend([handles[i] for i in bars_first], [labels[i] for i in bars_first],
           fontsize=9, loc="outside lower center", ncols=2)  # fmt: skip
plt.show()

# %%
home, far, wrong = ({key: float(np.median(values)) for key, values in each.items()} for each in (kept, fair, alarms))
NOISE = "in the noise"
claim("at home: fine and coarse in more than 90 %", min(home["fine", "none"], home["coarse", "none"]) > 0.9, home)
claim("… the mark in the noise in 65 % to 99 %", 0.65 < home[NOISE, "none"] < 0.99, home)
claim("false alarms at home: at most 3 %", max(wrong[name, "none"] for name in keys[0]) <= 0.03, wrong)
claim("of the coarse mark, after cutting: more than 10 %", wrong["coarse", "cut"] > 0.1, wrong)
claim("and after noise: more than 5 %", wrong["coarse", "noise"] > 0.05, wrong)
others = {name: finders[0][name](keys[1][name](normal(400, 330))) for name in keys[0]}
claim(
    "with the wrong key the patterns aren't found: at most 5 %", max(others["fine"], others["coarse"]) <= 0.05, others
)

# %%
better = min(home["coarse", journey] - home["fine", journey] for journey in ("blur", "moved"))
claim("with the line from home, the coarse one looks better after blur and moving", better > 0.1, kept)
less = min(home["coarse", journey] - far["coarse", journey] for journey in ("moved", "cut"))
claim("with a line drawn after moving or cutting, less of it is found, by 10 points", less > 0.1, (kept, fair))
claim("noise costs the coarse one more than the fine one", far["fine", "noise"] > far["coarse", "noise"] + 0.05, fair)
claim("one pixel aside, and the fine one is gone: below 8 %", far["fine", "moved"] < 0.08, fair)
claim("cut, both patterns are gone: below 8 %", max(far["fine", "cut"], far["coarse", "cut"]) < 0.08, fair)
claim("after the copy, too", max(far["fine", "copy"], far["coarse", "copy"]) < 0.08, fair)
claim(
    "the mark in the noise survives JPEG and noise: above 60 %",
    min(far[NOISE, "JPEG"], far[NOISE, "noise"]) > 0.6,
    fair,
)
lasting = max(far[name, journey] for name in keys[0] for journey in ("moved", "cut"))
claim("moved or cut, no mark is found in half of the pictures", lasting < 0.5, fair)
claim("blurred, with the line from home, it is below 25 %", home[NOISE, "blur"] < 0.25, kept)
claim("… with a line drawn after the blur above 50 %", far[NOISE, "blur"] > 0.5, fair)
claim(
    "after the copy, such a line finds more of it, by 10 points", far[NOISE, "copy"] > home[NOISE, "copy"] + 0.1, fair
)

# %% [markdown]
# Begin with the crosses. Cutting and noise change the patterns' scores of pictures *without* a mark, too: far more than
# 1 % are "found" then. The coarse mark seems to survive the cut (circle), and at equal false alarms nothing of it is
# left (bar). Who reports that a mark survives, and has measured false alarms on clean pictures, fools himself. It goes
# the other way, too: after blur the scores sink, and the line from home misses a mark in the noise that is still there.

# %% [markdown]
# So read the bars. No mark wins everywhere, and moving or cutting takes most of each. With the line from home, the
# coarse pattern looks like the tougher one. At equal false alarms, noise hurts it more than the fine one; which of them
# JPEG and blur hurt more changed when we moved all seeds, so we don't say. The mark in the noise survives JPEG, noise
# *and* blur; but it costs most. (The bars are rough: at 1 %, a line hangs on the ten highest of 1,000 scores. And the
# finder is linear and looks at pixels; one that works out the noise itself might do better.)
#
# The copy removes both patterns. A part of the mark in the noise stays, more of it if the line is drawn on copies: it
# is in what the picture shows. [Zhao et al. 2024](https://arxiv.org/abs/2306.01953) show the same for large pictures:
# repaint them with a generative model, and marks in the pixels go. (Our VAE is a poor painter: the copy costs quality.)

# %% [markdown]
# ### Remove it, and forge it
#
# A thief hasn't got the key, only 500 marked pictures, and any 500 photographs. **Predict:** can the thief take the
# mark off? Or, worse, put it on a photograph, so that a true picture is called generated? (We let the thief know how
# strong the mark is.)

# %%
removed, forged = {}, {}
for key, mark in enumerate(keys):
    for name, find in finders[key].items():
        stolen = mark[name](normal(500, 320 + key))
        average = (stolen.mean(0) - train[:500].mean(0))[None]
        guess = 0.08 * (average - blurred(average)).sign()  # what all marked pictures have in common
        removed.setdefault(name, []).append(find(as_file(mark[name](normal(400, 310 + key)) - guess)))
        forged.setdefault(name, []).append(find(as_file(unseen[:400] + guess)))
off, on = ({name: float(np.median(v)) for name, v in each.items()} for each in (removed, forged))

# %% tags=["nbval-ignore-output"]
print("still found:", {name: round(v, 2) for name, v in off.items()})
print("forged:     ", {name: round(v, 2) for name, v in on.items()})

# %%
claim("the fine mark comes off: still found in less than 10 %", off["fine"] < 0.1, removed)
claim("and can be forged: found in more than 80 % of photographs", on["fine"] > 0.8, forged)
claim("the mark in the noise stays in more than half", off["in the noise"] > 0.5, removed)
claim("and is forged less often than the fine one", on["in the noise"] < 0.75 * on["fine"], forged)

# %% [markdown]
# What is the same in every picture can be averaged out, and then it belongs to everybody. So a found mark says "the
# key's pattern is here", not "our generator made this"; and a mark that isn't found says nothing at all. The mark in
# the noise holds out better against *this* thief. Still, a part of the photographs passes as marked, and a thief who
# trains an imitation of the finder may do better.

# %% [markdown]
# ## 5. Labels and laws
#
# A third way marks the true pictures: camera and program sign what they did, and the signature travels with the file.
# That is **provenance**. It proves nothing about files without a signature. As of 1 December 2026:
#
# | what | who | since |
# |---|---|---|
# | Content Credentials (C2PA): a signed list of what was done to a file | voluntary | we read 2.4; some use 2.5 |
# | EU AI Act 50(2): generated sound, picture, film and text is *marked for machines* | providers | 2 August 2026 (*) |
# | EU AI Act 50(4): who publishes a deepfake says so | professional users | 2 August 2026 |
# | China: a label where people could be misled, one in the file's metadata | services, platforms | 1 September 2025 |
# | South Korea, AI Basic Act: what looks real and is generated is labelled | companies | 22 January 2026 (†) |
#
# (*) As far as that is technically feasible, and not for mere help with editing. For systems that were on the market
# before: 2 December 2026. That later day came with Regulation (EU) 2026/1744 of 8 July 2026 (a new article 111(4)).
# From the same day the act forbids systems that make intimate pictures of people without their consent (article 5). We
# know the amendment, and the rules of China (with the standard GB 45438-2025), from summaries only. Both EU rows have
# exceptions (art, police). (†) No fines in the first year, at least. Other places have rules, too.

# %% [markdown]
# If the Credentials are stripped off a file, a watermark can lead back to them. The EU's act leaves the technique open.
# A code of practice that goes with it (10 June 2026, voluntary) asks for *two*, a signed entry in the file and a
# watermark, as its readers report. After section 4 you know why. This is no legal advice: look at the texts (Further
# reading) and at their day.
#
# **What you can do yourself:** name generated pictures as generated, also to your future self; keep the seed and the
# model with them; never generate a living person without a yes; and believe no accusation with only one instrument
# behind it.

# %% [markdown]
# ## 6. Looking inside
#
# "Nobody knows how a generator does it." What could knowing mean? One hope: among the 64 noise numbers there are
# **directions** with a meaning, so that a step along one of them makes every piece of clothing brighter, or every
# sleeve longer. Our generator begins with a matrix $W$, from 64 numbers to 3,136. The directions that it stretches most
# are its **singular vectors**; they are PCA of what comes out of $W$, without any samples ([Shen & Zhou
# 2021](https://arxiv.org/abs/2007.06600)).
#
# Demonstrations show the best direction on a few pictures. We ask all of the first eight, on 60 pictures, and eight
# *random* directions beside them, three times; once more with longer steps, as random ones change less. How much does
# the picture change (in the features of a classifier)? And of three things that have names, brightness, width and
# height: for the one that fares best, in which share of the pictures does it change the *same way*? Tossed coins would
# get 59 %, as the best of three names is taken.


# %%
def named(x):
    """Brightness, width and height of each picture, (N, 3)."""
    ink = (x[:, 0] + 1) / 2
    spread = [(ink.sum(axis) @ torch.eye(28)).div(ink.sum((1, 2))[:, None] + 1e-3) for axis in (1, 2)]
    place = torch.arange(28.0)
    wide = [((s * place**2).sum(1) - (s * place).sum(1) ** 2).clamp(min=0).sqrt() for s in spread]
    return torch.stack([ink.mean((1, 2)), *wide], 1)


@torch.no_grad()
def along(direction, step, z):
    there, back = (nets_of["gan"](z + sign * step * direction) for sign in (1, -1))
    up = (named(there) > named(back)).float().mean(0)
    features = nets_of["classifier"]
    return float((features(there) - features(back)).norm(dim=1).mean()), float(torch.maximum(up, 1 - up).max())


# %%
singular = torch.linalg.svd(nets_of["gan"].project.weight, full_matrices=False).Vh[:8]
rounds = {"singular": [], "random": [], "random, longer step": []}
for seed in range(3):
    z, others = normal(60, 400 + seed), F.normalize(normal(8, 410 + seed), dim=1)
    best, rest = (np.median([along(v, 1.0, z) for v in eight], axis=0) for eight in (singular, others))
    longer = np.median([along(v, best[0] / rest[0], z) for v in others], axis=0)
    for name, values in zip(rounds, (best, rest, longer), strict=True):
        rounds[name].append(values)
change, same_way = ({name: np.round(np.median(v, axis=0)[i], 2).item() for name, v in rounds.items()} for i in (0, 1))

# %% tags=["nbval-ignore-output"]
for name in rounds:
    print(f"{name:20s} change {change[name]:4.1f}   same way in {same_way[name]:.0%}")

# %%
claim(
    "singular directions change pictures at least 1.25 times as much",
    change["singular"] > 1.25 * change["random"],
    rounds,
)
claim("and change something the same way in more than 80 %", same_way["singular"] > 0.8, rounds)
claim("random ones do so, too: in more than 70 %", same_way["random"] > 0.7, rounds)
lead = same_way["singular"] - same_way["random, longer step"]
claim("with longer steps, the lead is below 15 points", lead < 0.15, rounds)

# %% [markdown]
# The singular vectors are real: they are the strong directions. But most of the "meaning" comes with *random*
# directions, too: 80 % against 91 %, where coins would get 59 %. With three names to choose from something usually
# fits. Without that control a figure of one fine direction shows little. What can be asked and answered: *which
# property, in what share of pictures, against which random directions?* [Bau et al.
# 2019](https://arxiv.org/abs/1811.10597) ask such questions of single units, and remove them to see what goes.
#
# And the brain? Nets got the name *neural* from a simple picture of nerve cells. What we train are sums, bends and
# slopes; **deep learning** means many such layers, all learned together. No claim about brains is needed to build them,
# and none follows from them.

# %% [markdown]
# ## 7. What a large GAN costs
#
# The GANs in this course need minutes. What do those in the papers need? The unit is the **GPU hour**: GPUs times
# hours. Published numbers (sources below):

# %%
published = {  # GPUs, kind, days
    "R3GAN, CIFAR-10 (32 px)": (8, "L40", 4),
    "R3GAN, FFHQ (256 px)": (8, "A6000", 21),  # "roughly 3 weeks"
    "StyleGAN2, FFHQ (1024 px)": (8, "V100", 9.75),
    "StyleGAN3-R, FFHQ (1024 px)": (8, "V100", 25_000 * 34.12 / 86_400),  # thousands of pictures × seconds
    "GigaGAN, text to picture": (1, "A100", 4783),  # GPU days, as another paper gives them
}
for name, (gpus, kind, days) in published.items():
    print(f"{name:28s} {gpus * days * 24:9,.0f} hours of one {kind}")

# %% [markdown]
# An hour of an A100 is another hour than one of a V100, so compare orders of magnitude only. And a paper's table shows
# the run that worked. The whole StyleGAN3 project took 92 GPU *years* and 225 MWh, its paper says:

# %%
run = 8 * published["StyleGAN3-R, FFHQ (1024 px)"][2] * 24
ratio = 92 * 365 * 24 / run
print(f"one run {run:,.0f} hours; the project {92 * 365 * 24:,} hours: {ratio:.0f} runs")
identity("the project took more than 400 times as long as the run in the table", ratio > 400)

# %% [markdown]
# So multiply your own estimate, too: for what fails, for seeds, for the search.
#
# **A plan, worked out.** You want faces at 256 pixels, as R3GAN: 70,000 pictures, 200 million shown, batches of 256,
# nets of 23.06 and 23.01 million numbers.

# %%
pictures, shown, batch = 70_000, 200e6, 256
numbers = 23.06e6 + 23.01e6
disk = pictures * 256 * 256 * 3  # one byte for each colour of each pixel
steps = shown / batch
seconds = 21 * 86_400 / steps
checkpoint = 4 * (3 * numbers + 23.06e6)  # weights and Adam's two averages of both nets, and the averaged generator
print(f"data {disk / 1e9:.0f} GB · {shown / pictures:,.0f} rounds · {steps:,.0f} steps of {seconds:.1f} s")
print(
    f"each GPU: {batch // 8} pictures a step, {batch / seconds / 8:.0f} a second; "
    f"to exchange: {4 * numbers / 1e6:.0f} MB a step"
)
print(f"a checkpoint {checkpoint / 1e6:.0f} MB; one each 200,000 pictures: {shown / 200e3 * checkpoint / 1e9:.0f} GB")
identity("13.8 GB of bytes fit into memory: no clever loader is needed", round(disk / 1e9, 1) == 13.8)

# %% [markdown]
# | step | what changes in this course's code | chapter |
# |---|---|---|
# | 1 · small and right | 64 pixels, three seeds, all tests, one GPU | 46, 59 |
# | 2 · one GPU, fast | bytes on the device, channels last, bfloat16; measure first | 48 |
# | 3 · eight GPUs | `torchrun --standalone --nproc-per-node 8`; same whole batch, other noise each | 49 |
# | 4 · four nodes | `--nnodes 4 --rdzv-backend c10d --rdzv-endpoint first:29500`; data on each node's disk | 49 |
# | 5 · storage | the last two checkpoints and one of fifty; samples of a fixed noise | 49 |
# | 6 · when to stop | a measure with its floor each 200,000 pictures; three no better: stop | 36 |
#
# Go one line further only when the line above is boring. A fault found at 64 pixels costs an hour, and at step 4 weeks.

# %% [markdown]
# ## 8. Tools
#
# **Python** with **NumPy** is the ground on which all of these stand: arrays, and a language that calls fast code.
# Newest versions on PyPI on 1 December 2026 (with the month of their first release), and what the same small GAN looks
# like in each:
#
# | | PyTorch | Keras | TensorFlow | JAX (with Flax) |
# |---|---|---|---|---|
# | version | 2.15 (October 2026) | 3.15 (June 2026) | 2.21 (March 2026) | 0.12 (October 2026; Python 3.12) |
# | a net | object with weights | object with weights | a Keras model | function of weights |
# | gradient | `loss.backward()` | own `train_step` | `tf.GradientTape` | `jax.grad` |
# | G rests | `fake.detach()` | the other net's weights | the other net's weights | one argument |
# | penalty on D | `create_graph=True` | as its backend | a tape in a tape | `grad` of `grad` |
# | randomness | a stream | seed generators | a stream | keys, split by you |
# | many GPUs | `torchrun`, DDP | `keras.distribution` | `tf.distribute` | sharded arrays |
#
# The columns differ in style, not in what can be computed. Take what your group knows.

# %% [markdown]
# **What lives, and what doesn't.** Google's announcement of TensorFlow 2.21 promises stability, and points to Keras 3,
# JAX and PyTorch for new work on generators
# ([as quoted](https://newsletter.tf/google-litert-replaces-tensorflow-mobile-ai)). A first candidate of 2.22 came in
# September 2026. Keras runs on all three. Code from TensorFlow 1 (`tf.variable_scope`, `tf.layers`, sessions) doesn't
# run in TensorFlow 2: StyleGAN2's official program wants version 1.14 or 1.15, StyleGAN3 and R3GAN are in PyTorch.
# Libraries *for GANs* have aged: the last releases of TF-GAN (2.1.0) and TorchGAN (0.1.0) are from September and
# October 2021. Read them; build on a general library.
#
# So before you follow any tutorial: which version does it name, and from when is it? Computer science and these models
# grow together: graphics cards made for games, automatic differentiation, and shared data sets came first, and GANs
# are what one could do with them.

# %% [markdown]
# ## 9. Twelve projects
#
# Each begins with something plain that may win, and says beforehand what would count as success.
#
# | project | data | first step | success |
# |---|---|---|---|
# | 1 · a detector that ages slowly | section 2 | learn on two kinds | half of a third kind, at 1 %, also as JPEG |
# | 2 · a mark not to be averaged | section 3 | signs by content | the thief forges below 10 % |
# | 3 · rare pictures (medicine) | a rare class | weights, chapter 50 | better recall on five splits |
# | 4 · made-up accounts (finance) | your CSV | counts, chapter 81 | within 2 points of real rows; 83's attacks fail |
# | 5 · holes in a table | your CSV | MICE, chapter 82 | smaller error for all three reasons |
# | 6 · stories (language) | one author | Markov, chapter 13 | likelihood *and* diversity, chapter 56 |
# | 7 · old photographs (vision) | your scans | bicubic, chapter 51 | preferred blind; inventions counted |
# | 8 · a voice for a toy | recordings | no adversary, chapter 55 | smaller spectral error |
# | 9 · alarms of a machine | its log | PCA, chapter 53 | more found, at one false alarm a day |
# | 10 · weather | ten years | autoregression, chapter 54 | extremes and seasons within the floor |
# | 11 · a judge of estimators | a trial | resampling, chapter 73 | finds the known ranking oftener |
# | 12 · a paper, again | with code | its smallest row | three seeds; its number in your range, or why not |
#
# If the plain thing wins, you have a result. Write it down.

# %% [markdown]
# ## 10. Ten questions to ask a paper
#
# They have served us well with our own chapters, too.
#
# 1. **Where is the control?** Is the new part shown alone, and beside doing nothing?
# 2. **One constant, or several?** Would the conclusion turn round at half or twice the value?
# 3. **Are the contestants equal?** Steps, averaging, data, and the search for settings: list every difference.
# 4. **Could it have come out otherwise?** What would the measure say of an untrained net?
# 5. **Who chose the example?** By a rule fixed before, or after looking? (Section 6.)
# 6. **For what is it shown?** One data set, one size? Read each *always* as *here*.
# 7. **Does the instrument see it?** What is its floor, its noise, and what is it blind to?
# 8. **Is the cause tested?** "Because of X" needs the run without X.
# 9. **Where is the number from?** The table, not the abstract; points or per cent; and does it add up?
# 10. **Can you see what it argues against?** Quoted, with its best settings, run again?

# %% [markdown]
# **Question 9, once.** Appendix D of R3GAN's paper says that training on ImageNet "took one day on 32 H100s (about 5000
# H100 hours)". Table 9 there gives 32 GPUs for 32 × 32 pixels and 64 GPUs for 64 × 64.

# %%
hours = 32 * 24
print(f"32 GPUs for one day: {hours} GPU hours; 5,000 hours on 32 GPUs: {5000 / 32 / 24:.1f} days")
identity("one day on 32 GPUs isn't 5,000 hours", hours == 768)

# %% [markdown]
# Both can't be true of one run. Perhaps two runs share the sentence: 64 GPUs for 3.3 days would be 5,000 hours. That
# doesn't make the paper bad: it has ablations, tables and code, and admits that it had no computing time for error
# bars. But a budget built on that sentence may be off by a factor of six. So add up yourself, then ask the authors.

# %% [markdown]
# ## Help, I get …
#
# ### A detector with 100 %
# Look at how both kinds were stored: format, size, rounding, colour. Floats from a net beside bytes from a file are
# told apart at once.
#
# ### A detector that is fine at home and accuses everybody elsewhere
# Its line was drawn on other files. Draw it again, on real pictures that came the same way.
#
# ### A mark that isn't found after enlarging or moving
# The score compares place by place. Undo the move first (try several, and draw the line for the *best* of them), or use
# coarser blocks.
#
# ### `LinAlgError`, or a mark found in everything
# The covariance can't be inverted: some pixels never vary. Add a little to its diagonal, as in section 3.
#
# ### `module 'tensorflow' has no attribute 'variable_scope'`
# A program for TensorFlow 1. Look for a newer one, or write it again with today's calls (section 8).

# %% [markdown]
# ## Recap
#
# - A detector knows old generators, and files like those that it has seen. Say at which false alarm rate, on which
#   files, and how rare fakes are.
# - A mark needs a key, a journey, and a line drawn after that journey. Patterns that are the same everywhere are
#   averaged out and forged; a generative copy removed ours, all but a part of the one in the noise.
# - Marking is the law in the EU, in China and in South Korea. None of our marks survived every journey. A missing mark
#   proves nothing.
# - "This direction means …" needs random directions beside it.
# - GPU hours = GPUs × hours, and a project is many runs. Plan from the small and right one upwards.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A vendor's detector finds 99 % of generated pictures. What do you ask first?</summary>
#
# At which false alarm rate, on photographs stored how, and for which generators: those of its training, or later ones?
#
# </details>
#
# <details><summary>A photograph carries your generator's mark. Did your generator make it?</summary>
#
# Not surely. The pattern may have been learned from marked pictures and pasted. And one photograph in a hundred is a
# false alarm anyway.
#
# </details>
#
# <details><summary>Why publish how a detector works, if forgers read it, too?</summary>
#
# Nobody can check a secret detector. But what is published will be used: any detector with a gradient can serve as a
# discriminator. So publish the test, and expect to train again.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Wang et al. 2020, CNN-generated images are surprisingly easy to spot… for now](https://arxiv.org/abs/1912.11035):
#   one detector, eleven generators; [Ojha et al. 2023](https://arxiv.org/abs/2302.10174): where that ended.
# - [Grommelt et al. 2024, Fake or JPEG?](https://arxiv.org/abs/2403.17608): the trap of the file format.
# - [Zhao et al. 2024, Invisible Image Watermarks Are Provably Removable](https://arxiv.org/abs/2306.01953);
#   [Wen et al. 2023, Tree-Ring Watermarks](https://arxiv.org/abs/2305.20030): attack by copy, mark in the noise.
# - [C2PA, Technical Specification 2.4](https://spec.c2pa.org/specifications/specifications/2.4/specs/C2PA_Specification.html):
#   what is signed, and how a watermark leads back to a lost signature. (A
#   [verifier](https://github.com/encypherai/encypher-c2pa/releases/tag/v1.9.0) of 28 October 2026 knows 2.5, too.)
# - [Regulation (EU) 2024/1689, article 50](https://eur-lex.europa.eu/eli/reg/2024/1689/oj), and the amendment
#   [2026/1744](https://eur-lex.europa.eu/eli/reg/2026/1744/oj): read the consolidated text. Summaries:
#   [IPTC on the code](https://iptc.org/news/eu-ai-transparency-code-of-practice-june-2026/),
#   [Covington](https://www.insideprivacy.com/artificial-intelligence/eu-ai-act-update-timeline-relief-targeted-simplification-and-new-prohibitions/)
#   (May 2026, before the amendment was law).
# - [China's labelling rules, a summary](https://www.covingtonblogs.com/2025/03/18/china-releases-new-labeling-requirements-for-ai-generated-content/):
#   who has to label what. [South Korea's act, a report](https://www.ndtv.com/world-news/south-korean-law-to-regulate-ai-takes-effect-10840732)
#   of the day on which it took effect.
# - [Bau et al. 2019, GAN Dissection](https://arxiv.org/abs/1811.10597); [Shen & Zhou
#   2021](https://arxiv.org/abs/2007.06600); [Härkönen et al. 2020, GANSpace](https://arxiv.org/abs/2004.02546): units
#   that are removed, and two ways to find directions.
# - Costs: [R3GAN, appendix D](https://arxiv.org/abs/2501.05441); [StyleGAN2, table in the
#   README](https://github.com/NVlabs/stylegan2); [StyleGAN3, seconds per 1,000
#   pictures](https://github.com/NVlabs/stylegan3/blob/main/docs/configs.md), and the project's energy in its
#   [paper](https://arxiv.org/abs/2106.12423); GigaGAN in table 2 of [PixArt-α](https://arxiv.org/abs/2310.00426).
# - [TensorFlow 2.21](https://github.com/tensorflow/tensorflow/releases/tag/v2.21.0), [Keras](https://keras.io/),
#   [JAX](https://docs.jax.dev/), [TF-GAN](https://github.com/tensorflow/gan): look at the dates first.

# %% [markdown]
# ## Key terms
#
# {{terms: deepfake; generated-picture detector; false alarm rate; base rate; watermark; matched filter; provenance; GPU
# hour}}
