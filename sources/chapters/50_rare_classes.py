# %% [markdown]
# # 50 · Rare classes
#
# *The class that you need most is often the one that you have least of. One of the cures costs a line of code and no
# training. You meet it in section 1.*
#
# > **You will be able to**
# > - say why a classifier hardly ever names a rare class, although it has learned something about it
# > - use the cheap cures first: re-weighting, resampling, and shifting the answer
# > - add data by moving pictures and by generating some, and compare all cures fairly
# > - tell apart whether a generated picture is believable, new, and useful
# >
# > **Before you start** [45 · conditional generation](45_conditional.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used automatically): {{gpu_time}}

# %% [markdown]
# ## The idea in a picture
#
# You want to recognise ten digits. You have 300 pictures of each, but only **ten eights**. This is called **class
# imbalance**. (Imports and helpers are folded.)

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
here = device.pick()  # a GPU if there is one, or else the CPU
mnist, unseen = data.images("mnist"), data.images("mnist", split="test")
pairs = mnist.pairs(device=here)  # (10000, 794): 784 pixels in -1 … 1, and beside them the class, one-hot
test = unseen.pairs(device=here)
RARE, SEEDS = 8, range(5)


# %% jupyter={"source_hidden": true}
def scarce(seed, rare=10, common=300):
    """Rows of pairs with few eights; which ones depends on the seed."""
    chance, chosen = device.generator(seed), []
    for k in range(10):
        mine = (mnist.labels == k).nonzero()[:, 0]
        chosen.append(mine[torch.randperm(len(mine), generator=chance)][: rare if k == RARE else common])
    return pairs[torch.cat(chosen).to(here)]


sets = [scarce(seed) for seed in SEEDS]

# %% jupyter={"source_hidden": true}
_, (left, right) = plt.subplots(1, 2, figsize=(6.8, 2.2), width_ratios=(1, 1.2))
counts = sets[0][:, 784:].sum(dim=0).cpu()
left.bar(range(10), counts, color=[plotting.FAKE if k == RARE else plotting.REAL for k in range(10)])
left.set(xticks=range(10), xlabel="digit", ylabel="pictures")
eights = sets[0][sets[0][:, 784 + RARE] > 0][:, :784].view(2, 5, 28, 28).cpu()
right.imshow(eights.permute(0, 2, 1, 3).reshape(56, 140), cmap="gray")
right.set(title="all eights that you have")
right.axis("off")
plt.show()

# %% [markdown]
# In the test set eights are as frequent as the other digits. So between training and use, the shares of the classes
# $p(y)$ **change**. Which eights you happen to own is a matter of luck. Therefore we draw five such sets, and judge
# every cure on all five.

# %% [markdown]
# ## 1. Three cheap cures
#
# The classifier gives ten logits, one for each class. *Softmax* makes probabilities of them: exponentiate each, then
# divide by their sum. The loss of a picture, the *cross-entropy*, is minus the logarithm of the probability of its true
# class.
#
# 1. **Re-weighting**: an eight counts 30 times as much in the loss.
# 2. **Resampling**: each eight is drawn 30 times as often as any other picture.
# 3. **Shifting the answer** (*logit adjustment*): train as if nothing were special. Then subtract $\log p(y)$, with
#    the shares of the training data, from the logit of each class. By Bayes' rule $p(y \mid x) / p(y)$ is
#    proportional to $p(x \mid y)$. So this is what the classifier would say if all classes were equally frequent
#    (Menon et al. 2021, and others before).
#
# **Predict, and say why:** how many of the unseen eights does a classifier find without any cure? And which of the
# three cures finds most?


# %% jupyter={"source_hidden": true}
def even(rows):
    """For each row the chance to be drawn, so that all classes come equally often."""
    return (rows[:, 784:] / rows[:, 784:].sum(dim=0).clamp(min=1)).sum(dim=1)


# %%
def answers(sets, weights=None, chances=None, change=None, steps=250):
    """Train a classifier on each of the five sets, all at once; their logits on unseen digits, (5, 2000, 10)."""
    five, places = [], []
    for seed, rows in zip(SEEDS, sets, strict=True):
        device.seed_everything(seed)
        five.append(nets.mlp([784, 64, 10], activation="relu"))
        chance = torch.ones(len(rows)) if chances is None else chances[seed].cpu()
        places.append(torch.multinomial(chance, 64 * steps, replacement=True).view(steps, 64))
    net, weights = ensemble.stack(five).to(here), torch.ones(5, 10, device=here) if weights is None else weights
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3, fused=here.type != "mps")  # fused: the same steps, faster
    for step in range(steps):
        batch = torch.stack([rows[place[step].to(here)] for rows, place in zip(sets, places, strict=True)])
        pictures, labels = batch[..., :784], batch[..., 784:].argmax(dim=2)
        logits = net(pictures if change is None else change(pictures))  # (5, 64, 10)
        wrong = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
        optimiser.zero_grad()
        (weights.gather(1, labels) * wrong).mean(dim=1).sum().backward()
        optimiser.step()
    with torch.no_grad():
        return net(test[:, :784].expand(5, -1, -1)).cpu()


# %%
def judge(logits, minus=0.0):
    """For each of the five: recall of the rare class, and accuracy on the other nine, on unseen digits."""
    right, rare = (logits - minus).argmax(dim=2) == unseen.labels, unseen.labels == RARE
    return torch.stack([right[:, rare].float().mean(dim=1), right[:, ~rare].float().mean(dim=1)], dim=1).tolist()


# %% [markdown]
# The five classifiers are trained side by side, as one net. `judge` returns two numbers for each: the share of unseen
# eights that are found (its **recall**), and the share of right answers on the other nine digits. (This is the recall
# of a *classifier*. In chapters 25 to 45 the word meant the share of real pictures that have a generated one nearby.)
# As a measure of what would be possible, we also train with 300 real eights.

# %%
usual, frequency = answers(sets), torch.stack(sets)[:, :, 784:].mean(dim=1).cpu()  # of the classes, (5, 10)
log_share, fair = frequency.log()[:, None], [even(rows) for rows in sets]
found = {"do nothing": judge(usual), "answer shifted": judge(usual, log_share)}
found["re-weighted"] = judge(answers(sets, weights=0.1 / frequency.to(here)))
found["resampled"] = judge(answers(sets, chances=fair))
found["300 real 8s"] = judge(answers([scarce(seed, rare=300) for seed in SEEDS]))


# %%
def recall_of(name):
    return torch.tensor(found[name])[:, 0]


def medians():
    return {name: recall_of(name).median().item() for name in found}


cheap = ("answer shifted", "re-weighted", "resampled")
claim("do nothing, 250 steps: a median of at most 15 % of the eights", medians()["do nothing"] < 0.15, found)
claim("each of the three cheap cures: a median of over 25 %", min(medians()[name] for name in cheap) > 0.25, medians())
better = {name: int((recall_of(name) > recall_of("do nothing")).sum()) for name in cheap}
claim("each of them finds more than doing nothing in all five sets", min(better.values()) == 5, measured=better)
claim("300 real eights: over 70 %", medians()["300 real 8s"] > 0.7, medians())

# %% [markdown]
# Even the cure without any training finds many. The network *had* learned something about eights, from ten pictures. It
# hardly ever said so. One reason is that in its world an eight was a bet of 1 to 270. Take this bet away, and the same
# network finds many. Another is that we stopped after 250 steps (section 5 trains longer). Here are all five sets:

# %% tags=["nbval-ignore-output"]
for name in found:
    print(f"{name:15s}", "  ".join(f"{100 * value:3.0f} %" for value in recall_of(name).tolist()))

# %% [markdown]
# Which of the three is best? In most of our five sets the shifted answer finds most. But with other sets of ten the
# order of the three changed in our trials. And finding more eights has its price on the other digits, which these
# numbers don't show (section 5). So five sets are enough to see that all three help, and not enough to rank them.
#
# Re-weighting and resampling have the same aim, and on average even the same gradient (up to a factor). They differ
# in their noise. The effect of weights fades when a network learns its training data by heart (Byrd & Lipton 2019):
# once every training picture is right, weights hardly change anything.

# %% [markdown]
# ## 2. Why the shift is right
#
# Take one number $x$ in place of a picture. Common things have $x \sim N(0, 1)$, rare things have $x \sim N(2, 1)$.
# In the training data one thing in 28 is rare. By Bayes' rule the logarithm of the odds is a sum of two parts:
#
# $$\log \frac{p(\text{rare} \mid x)}{p(\text{common} \mid x)} = \underbrace{\log \frac{p(x \mid \text{rare})}{p(x \mid
# \text{common})}}_{2x - 2: \text{ what } x \text{ says}} + \underbrace{\log \frac{p(\text{rare})}{p(\text{common})}}_{
# -\log 27: \text{ the shares}} .$$
#
# A classifier that is trained with cross-entropy learns this *sum*. If the shares change and things of each class
# look as before, only the second part is wrong. So we subtract the old logarithm of the odds, and add the new one (0
# for equal shares).
#
# **Predict, and say why:** from which $x$ on does the trained classifier say "rare"? Which share of the rare things is
# that?

# %%
place = torch.linspace(-3, 5, 161, dtype=torch.float64)
says = 2 * place - 2  # log p(x|rare) - log p(x|common)
trained_at, used_at = -np.log(27), 0.0  # log odds of the shares: 1 in 28, and 1 in 2
shifted = (says + trained_at) - trained_at + used_at
curves = {"shares 1 in 28": (says + trained_at).sigmoid(), "equal shares": (says + used_at).sigmoid()}
plotting.curves(place, curves, "x", "p(rare | x)")
identity("the shifted answer is the answer for equal shares", shifted.sigmoid().allclose(curves["equal shares"]))
border, shifted_border = (1 - log_odds / 2 for log_odds in (trained_at, used_at))  # where the curves cross ½
print(f"says “rare” from x = {border:.2f} on; with equal shares from x = {shifted_border:.2f} on")

# %% [markdown]
# At $2x - 2 = \log 27$, so from 2.65 on. That is beyond the middle of the rare things, and only a quarter of them lie
# there. The classifier isn't stupid. In a world with one rare thing in 28 this border makes the fewest mistakes.
#
# What does re-weighting do? It changes what is learned. Let a logistic regression learn from 28,000 samples, once
# plainly and once with fair weights (14 and 14/27: then both kinds weigh the same in total). **Predict:** where will
# the two borders be?

# %%
device.seed_everything(0)
samples = torch.cat([torch.randn(27_000), 2 + torch.randn(1_000)]).double()
rare = (torch.arange(28_000) >= 27_000).double()


def learned_border(weights):
    slope, offset = (torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimiser = torch.optim.LBFGS([slope, offset], max_iter=50)

    def loss():
        optimiser.zero_grad()
        value = F.binary_cross_entropy_with_logits(slope * samples + offset, rare, weight=weights)
        value.backward()
        return value

    optimiser.step(loss)
    return -(offset / slope).item()


# %%
borders = learned_border(torch.ones(28_000)), learned_border(torch.where(rare > 0, 14.0, 14 / 27))
claim("plain: near 2.65 (within 0.15)", abs(borders[0] - border) < 0.15, measured=borders)
claim("with fair weights: near 1 (within 0.15)", abs(borders[1] - shifted_border) < 0.15, measured=borders)

# %% [markdown]
# Here, where the model can learn the right answer and has plenty of data, re-weighting and shifting end at the *same*
# border. The networks above have few data and stop early. That may be why the cures differ there.

# %% [markdown]
# ## 3. Data augmentation: moved pictures, and generated eights
#
# Three more cures *make* data:
#
# 4. **Moved pictures**: each picture is moved by up to two pixels, anew each time. Alone, with the answer shifted, and
#    together with resampling.
# 5. A **conditional GAN** learns from these 2,710 pictures, with the classes evened out. We ask it for 290 eights.
# 6. A **CVAE** does the same.
#
# (A GAN without labels would be no cure. At its best it draws eights as often as the data hold them, once in 271.)
#
# The generators know no more eights than you do: ten. What they can add is what an eight has in common with other
# digits: strokes, slant, thickness.
#
# **Predict, and say why:** which find more eights, the generators or re-weighting? And the moved pictures alone?


# %%
def moved(pictures):
    framed = F.pad(pictures.reshape(-1, 28, 28), (2, 2, 2, 2), value=-1.0)  # a black frame, 32 × 32
    windows = framed.unfold(1, 28, 1).unfold(2, 28, 1)  # (N, 5, 5, 28, 28): all places of a 28 × 28 window
    down, right = torch.randint(5, (2, len(framed)), device=here)
    return windows[torch.arange(len(framed), device=here), down, right].reshape(pictures.shape)


moving = answers(sets, change=moved)
found |= {"moved": judge(moving), "moved, answer shifted": judge(moving, log_share)}
found["resampled + moved"] = judge(answers(sets, chances=fair, change=moved))

# %% [markdown]
# The two generators are much like those of [chapter 45](45_conditional.ipynb#2.-Is-the-label-heard?), with one-hot
# labels times 10, so that they are heard. Their code is folded.


# %% jupyter={"source_hidden": true}
class Loud(nn.Module):
    """A net on rows whose numbers from `start` on are a one-hot class: multiplied by 10 first."""

    def __init__(self, net, start):
        super().__init__()
        self.net, self.start, self.noise_dim = net, start, start + 10

    def forward(self, rows):
        return self.net(torch.cat([rows[:, : self.start], 10 * rows[:, self.start :]], dim=1))


# %% jupyter={"source_hidden": true}
def train_gan(seed, rows, steps=300):
    device.seed_everything(seed)
    G = nets.ConditionalGenerator(Loud(nets.mlp([100 + 10, 128, 784], output="tanh"), 100))
    D = Loud(nets.mlp([784 + 10, 128, 1]), 784)
    gan = training.GAN(G, D, lr=(4e-3, 2e-3), betas=(0.0, 0.999), ema=0.99, seed=seed)
    return training.run(gan, rows, steps, batch=64)


# %% jupyter={"source_hidden": true}
class CVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = (nets.mlp(sizes, activation="relu") for sizes in ([794, 200, 32], [26, 200, 784]))

    def decode(self, z, classes):
        return self.decoder(torch.cat([z, 10 * classes], dim=1))

    def loss(self, rows):
        pixels, classes = (rows[:, :784] + 1) / 2, rows[:, 784:]
        mean, log_variance = self.encoder(torch.cat([pixels, 10 * classes], dim=1)).chunk(2, dim=1)
        logits = self.decode(mean + (0.5 * log_variance).exp() * torch.randn_like(mean), classes)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)
        return (F.binary_cross_entropy_with_logits(logits, pixels, reduction="none").sum(dim=1) + kl).mean()


# %% jupyter={"source_hidden": true}
def train_cvae(seed, rows, steps=300):
    device.seed_everything(seed)
    net = CVAE().to(here)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3, fused=here.type != "mps")
    for _ in range(steps):
        loss = net.loss(rows[torch.randint(len(rows), (64,), device=here)])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


# %%
def evened(rows):
    """All common pictures, and each rare one thirty times."""
    rare = rows[:, 784 + RARE] > 0
    return torch.cat([rows[~rare], rows[rare].repeat(30, 1)])


wanted = torch.full((290,), RARE, device=here)
classes = F.one_hot(wanted, 10).float()
made = {"+ GAN's 8s": [], "+ CVAE's 8s": []}
for seed, rows in zip(SEEDS, sets, strict=True):
    gan = train_gan(seed, evened(rows))
    made["+ GAN's 8s"].append(gan.sample(gan.generator.noise_for(wanted))[:, :784])
    cvae = train_cvae(seed, evened(rows))
    with torch.no_grad():
        made["+ CVAE's 8s"].append(2 * cvae.decode(torch.randn(290, 16, device=here), classes).sigmoid() - 1)
enlarged = {
    name: [torch.cat([rows, torch.cat([new, classes], dim=1)]) for rows, new in zip(sets, each, strict=True)]
    for name, each in made.items()
}
for name, more in enlarged.items():
    found[name] = judge(answers(more))

# %% jupyter={"source_hidden": true}
ten_eights = sets[0][sets[0][:, 784 + RARE] > 0][:, :784]
shown = {"all ten real 8s": ten_eights} | {name.removeprefix("+ "): each[0][:10] for name, each in made.items()}
plotting.image_grid(shown, rows=1)

# %% jupyter={"source_hidden": true}
order = sorted(found, key=lambda name: medians()[name])
_, ax = plt.subplots(figsize=(6.8, 4.2))
for place, name in enumerate(order):
    recall, rest = (100 * torch.tensor(found[name])).T
    generated = name.startswith("+")
    color = plotting.FAKE if generated else plotting.REAL if name == "300 real 8s" else "0.35"
    ax.plot(recall, [place] * 5, "^" if generated else "o", color=color, alpha=0.6, markersize=7)
    ax.plot([recall.median()] * 2, [place - 0.3, place + 0.3], color=color, linewidth=3)
    ax.text(104, place, f"{rest.median():.0f} %", va="center")
ax.text(104, len(order) - 0.3, "others", va="center")
ax.set(yticks=range(len(order)), yticklabels=order, xlim=(-3, 102), xlabel="eights found (%); bar: median of 5 sets")
plt.show()

# %% [markdown]
# On the right you see how many of the other nine digits are still right (the median).
#
# ## 4. Who wins?

# %%
middle = medians()
made_best = max(middle["+ GAN's 8s"], middle["+ CVAE's 8s"])
claim(
    "generated eights, 250 steps: either median is at least 10 points above doing nothing",
    min(middle["+ GAN's 8s"], middle["+ CVAE's 8s"]) > middle["do nothing"] + 0.1,
    middle,
)
claim("but neither is above the best cheap cure", made_best < max(middle[name] for name in cheap), middle)
claim("moved alone: hardly any eights (at most 5 % in each set)", recall_of("moved").max() < 0.05, found)
with_shift = recall_of("moved, answer shifted")
claim("with the answer shifted as well: a mean of over 10 %", with_shift.mean() > 0.1, measured=with_shift)
others = {name: torch.tensor(found[name])[:, 1] for name in ("moved", "do nothing")}
claim("moving costs on the other nine in at least 4 of 5", (others["moved"] < others["do nothing"]).sum() >= 4, others)
claim(
    "resampling with moved pictures: more than resampling alone, in the median",
    middle["resampled + moved"] > middle["resampled"],
    middle,
)

# %% [markdown]
# After 250 steps generated eights help, if you compare them with doing nothing. (Section 5 asks what is left of this
# after 1,000.) Against a cure that costs nothing, they don't come out ahead here. That is no surprise: they were made
# from the same ten pictures.
#
# What about the moved pictures? They add something *true* that the ten pictures don't show: a moved eight is still an
# eight. Together with resampling they find more eights, at a price on the other digits (section 5). Alone they find
# hardly any. The bet of 1 to 270 is one reason: with the answer shifted as well, the same networks do find some; how
# many depends on the ten. It is not the only one. After 250 steps these networks have learned less than the plain ones,
# as their answers on the other nine show. Pictures that move take longer to learn.

# %% [markdown]
# ## 5. A fair comparison: at equal cost
#
# A cure that finds more eights usually calls more other digits an eight, too. The right column of the figure shows how
# many of the other nine are still right. So we should compare at *equal cost*. Shifting the answer by $\tau \log p(y)$
# gives a whole curve, without any training: $\tau = 0$ does nothing, $\tau = 1$ is the shift of section 1.
#
# **Predict, and say why:** will re-weighting or the generated eights lie above this curve?

# %% jupyter={"source_hidden": true}
taus = torch.linspace(0, 1.6, 17)


def free_curve(logits):
    """Means over the five sets of what `judge` gives, for each τ: (17, 2)."""
    return torch.tensor([judge(logits, t * log_share) for t in taus]).mean(dim=1)


curve = free_curve(usual)
_, ax = plt.subplots(figsize=(6.8, 4))
ax.plot(*(100 * curve).T, color="black", linestyle="--", label="answer shifted by τ")
ax.plot(*(100 * curve[[0, 10]]).T, "o", color="black", markersize=5, label="τ = 0 and τ = 1")
spots = {"re-weighted": "s", "resampled": "D", "moved": "<", "moved, answer shifted": ">", "resampled + moved": "v"}
spots |= {"+ GAN's 8s": "^", "+ CVAE's 8s": "P"}
for number, (name, marker) in enumerate(spots.items()):
    color = plotting.FAKE if name.startswith("+") else plotting.NEUTRAL[number % len(plotting.NEUTRAL)]
    ax.plot(*(100 * torch.tensor(found[name]).mean(dim=0)), marker, color=color, markersize=9, label=name)
ax.plot(*(100 * torch.tensor(found["300 real 8s"]).mean(dim=0)), "*", color=plotting.REAL, ms=14, label="300 real 8s")
ax.set(xlabel="eights found (%), mean of 5 sets", ylabel="right on the other nine (%)", ylim=(78, 94))
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, fontsize=10)
plt.show()


# %%
def above(curve, judged):
    """By how much a cure is right more often on the other nine than the curve, at equally many eights found."""
    recall, rest = torch.tensor(judged).mean(dim=0).tolist()
    return rest - np.interp(recall, *curve.T.numpy())


gains = {name: above(curve, found[name]) for name in (*spots, "300 real 8s")}
real = gains.pop("300 real 8s")
claim("no cure lies more than 2 points above the free curve", max(gains.values()) < 0.02, measured=gains)
claim("moved, with and without the shift: below it", max(gains["moved"], gains["moved, answer shifted"]) < 0, gains)
claim("300 real eights lie more than 2 points above it, higher than any cure", real > max(0.02, *gains.values()), real)

# %% [markdown]
# None of the cures lifts us far off the curve. Mostly they choose another *place* on it. Only the 300 real eights lie
# clearly above: they show eights that the ten don't. So before you generate data for a rare class, draw this curve on
# held-out data. It takes a minute.
#
# All this is after 250 steps. Now doing nothing gets 1,000, and so do four of the cures that change the data.
#
# **Predict, and say why:** how many eights does doing nothing find then? What is left of the gain of the generated
# eights? And do moved pictures need the time?

# %%
longer = answers(sets, steps=1000)
late = {"do nothing": judge(longer), "answer shifted": judge(longer, log_share)}
for name, more in enlarged.items():
    late[name] = judge(answers(more, steps=1000))
for name, change in {"resampled": None, "resampled + moved": moved}.items():
    late[name] = judge(answers(sets, chances=fair, change=change, steps=1000))

# %% tags=["nbval-ignore-output"]
late_curve, mean, points = free_curve(longer), {}, {}
print("mean of five sets     eights found after 250 → 1,000 steps     points above the curve")
for name, judged in late.items():
    mean[name] = torch.tensor([found[name], judged])[:, :, 0].mean(dim=1).tolist()
    points[name] = above(curve, found[name]), above(late_curve, judged)
    shares, gaps = "{:.0%} → {:.0%}".format(*mean[name]), "{:+.1%} → {:+.1%}".format(*points[name]).replace("%", "")
    print(f"{name:20s}  {shares:39s}  {gaps}")

# %%
now = {name: after for name, (_, after) in points.items() if name not in ("do nothing", "answer shifted")}
gain = {name: torch.tensor(mean[name]) - torch.tensor(mean["do nothing"]) for name in (*enlarged, "resampled")}
fewer = [after < before for name, (before, after) in mean.items() if name != "do nothing"]
claim("do nothing: a mean of over 15 % after 1,000 steps", mean["do nothing"][1] > 0.15, measured=mean)
claim("most of these cures find fewer eights than before", sum(fewer) >= 3, measured=mean)
claim(
    "generated and resampled eights lose over half of their gain",
    all(after < before / 2 for before, after in gain.values()),
    gain,
)
claim("after 1,000 steps these four cures lie within 2 points of their curve", max(map(abs, now.values())) < 0.02, now)
climb = points["resampled + moved"]
claim("resampled + moved: higher above its curve than after 250 steps", climb[1] > climb[0], measured=climb)

# %% [markdown]
# Doing nothing finds many more eights after 1,000 steps, and the generated eights keep less than half of their gain. So
# most of what they seemed to give after 250 steps could have been had by training longer. But the gains shrink from
# both sides: most of the five cures, the shifted answer among them, find *fewer* eights than before (here four do).
# Resampling loses most of its lead, as section 1 said of weights. Moved pictures do need the time: resampled and moved
# rises, here from below its curve to above it. (With two other groups of five sets it rose as well, and ended close to
# its curve.) Learning takes time, also without any cure. So a comparison names its number of steps, and gives the same
# number to doing nothing.

# %% [markdown]
# ## 6. Believable, new, useful
#
# Look at the eights themselves once more. The judge, the course's classifier, takes nearly every one of the CVAE's
# for an eight. **Predict:** are they *new*? How could one measure that?

# %%
nearest = {}
for name, each in {**made, "unseen 8s": [test[unseen.labels == RARE][:, :784]] * 5}.items():
    tens = [rows[rows[:, 784 + RARE] > 0][:, :784] for rows in sets]
    nearest[name] = torch.stack(
        [torch.cdist(new, old).min(dim=1).values.mean() for new, old in zip(each, tens, strict=True)]
    )
believed = torch.stack(
    [(metrics.classify(each, "mnist").argmax(dim=1) == RARE).float().mean() for each in made["+ CVAE's 8s"]]
)
claim("the judge calls over 90 % of the CVAE's eights an 8", believed.min() > 0.9, measured=believed)
claim(
    "in each set they lie nearer to the ten training eights than unseen eights do",
    (nearest["+ CVAE's 8s"] < nearest["unseen 8s"]).all(),
    measured=nearest,
)
strangers = [tens[(k + 1) % 5] for k in SEEDS]  # ten eights of another set
foreign = torch.stack(
    [torch.cdist(new, ten).min(dim=1).values.mean() for new, ten in zip(made["+ CVAE's 8s"], strangers, strict=True)]
)
claim("and nearer to their own ten than to the ten of another set", (nearest["+ CVAE's 8s"] < foreign).all(), foreign)

# %% [markdown]
# We measured the distance from each picture to the nearest of the ten training eights, and compared with real eights
# that nobody has seen. The CVAE's are believable, and they lie nearer to the ten. Part of this may be blur: a smooth
# picture is nearer to everything, also to the ten eights of another set. But they are nearer to the ten that the CVAE
# was shown than to another ten. Believable, new and *useful* are three things.
#
# Ravuri & Vinyals (2019) asked for usefulness on ImageNet, at 256 × 256. A classifier learned from nothing but samples
# of BigGAN-deep, a GAN with excellent pictures. Its accuracy (how often its first guess is right) was 42.7 %. The same
# classifier had 73.1 % when it learned from real data. That is a loss of 30 points, or 41.6 % of the accuracy.

# %% [markdown]
# ## 7. Which number do you report?
#
# **Recall** is the share of rare things that are found. Its partner is **precision** (again a classifier's): the share
# of right ones among those that were *called* rare. Back to the single number $x$ of section 2, with the border at 1.
# It finds 84 % of the rare things, and it calls 16 % of the common ones rare.
#
# **Predict, and say why:** you measured on a test set with equal shares. Then you use the classifier where one thing
# in 28 is rare. What happens to recall, and what to precision?

# %%
normal = torch.distributions.Normal(0.0, 1.0)


def recall_and_precision(border, share):
    found = 1 - normal.cdf(torch.tensor(border - 2.0))  # of the rare
    false = 1 - normal.cdf(torch.tensor(border))  # of the common
    return found.item(), (share * found / (share * found + (1 - share) * false)).item()


for border_at in (1.0, 2.65):
    for share in (1 / 2, 1 / 28):
        recall, precision = recall_and_precision(border_at, share)
        print(f"border {border_at:.2f}, {share:5.1%} are rare: recall {recall:.0%}, precision {precision:.0%}")

# %% [markdown]
# Recall stays, because it looks at rare things only. Precision falls from 84 % to 16 %: where almost everything is
# common, most alarms come from common things. So a precision means nothing without the shares at which it was
# measured. Report both numbers, say which shares your test set has, and say which shares you expect in use.
#
# **Your own rare class, step by step:**
#
# 1. Count the classes, in training and in use.
# 2. Train plainly, and look at the recall of *each* class on held-out data.
# 3. Shift the answer, and draw the curve of section 5. Choose a place on it by what each kind of mistake costs.
# 4. Then try re-weighting or resampling, with changes of the pictures that keep the class. Train long enough. Are they
#    above the curve?
# 5. Only then think of generated pictures, from a generator that knows *more* than your data.
# 6. Collect more pictures of the rare class. In our trial, after 250 steps, only this lifted us clearly above the
#    curve.

# %% [markdown]
# ## What all this does not show
#
# - **That generated data never help.** We had ten pictures, tiny networks, and at most 1,000 steps. A generator that
#   knows *other* data, millions of pictures perhaps, brings in something new. Ours can't.
# - **That shifting the answer is always right.** It assumes that only the shares of the classes change between training
#   and use, and that the logits are honest probabilities. After long training they are overconfident.
# - **That recall is what you want.** What does a missed eight cost, and what does a false one cost? The curve shows
#   what you can have. The choice is yours.
# - **That other rare classes behave like eights.** Exercise 50 tries sandals.

# %% [markdown]
# ## Help, I get …
#
# ### 99 % accuracy, and the rare class is never found
# Accuracy counts every picture once, so a class of 1 % can be ignored at a cost of 1 %. Look at the recall of each
# class.
#
# ### Weighted cross-entropy, and the loss is suddenly small or huge
# The weights have another scale. Multiplied by hand, weights with a mean of 30 make a loss 30 times as large. Scale
# them so that their mean over the data is 1, as section 1 does. PyTorch's `weight=` hides such a slip, since it divides
# by the sum of the weights *in the batch*. But then a batch with one eight counts differently from one without, and the
# mean over batches is no longer the re-weighted loss. Take `reduction="none"`, multiply, and take the plain mean.

# %% [markdown]
# ### `inf` or `nan` after the shift
# A class with no training picture has $\log p(y) = -\infty$. Subtracting it gives $+\infty$, and this class always
# wins. Nothing can be learned about it. Leave it out.
#
# ### Generated pictures make it worse
# Look at them, and count how many the judge takes for the class. Wrong labels harm more than few pictures. Is the label
# heard (chapter 45)?
#
# ### It was better on my validation set than in use
# Which shares of classes does your validation set have? If you chose τ there, it fits those shares.

# %% [markdown]
# ## Recap
#
# - Few pictures of a class are two problems: little knowledge about it, and a network that doesn't dare to name it.
# - Re-weighting, resampling and shifting the answer solve the second. Shifting needs no training.
# - Moving the pictures brings in something that you know. With resampling and longer training it came to the free
#   curve, once a little above it. Generated pictures mostly repeat the ten, and most of what they gained, longer
#   training gained as well.
# - Compare at equal cost: draw the free curve of the shifted answer first.
# - Believable, new and useful are three different questions about a generated picture.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Test and training data have equal shares of eights, 0.4 %. Should you shift the answer?</summary>
#
# Not for accuracy: then the unshifted answer is the best bet. Shift if a missed eight costs more than a false one, by
# the logarithm of the ratio of the two costs.
#
# </details>
#
# <details><summary>A paper reports that GAN pictures raised the recall of a rare class from 3 % to 45 %. Which row is
# missing?</summary>
#
# Two rows: a cheap cure, for instance re-weighting, and doing nothing *trained for longer* (section 5). And what
# happened to the other classes? Compared with doing nothing after a short run, nearly everything looks good.
#
# </details>
#
# <details><summary>Why can moved pictures add knowledge, while a generator trained on the same ten can't?</summary>
#
# They bring something in from outside: *you* know that a moved eight is an eight. The generator has only seen the
# data. (It can carry over what it learned from the other digits, which is something, but not much here.)
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Menon et al. 2021, Long-tail Learning via Logit Adjustment](https://arxiv.org/abs/2007.07314): the shifted answer,
#   why it is right, and how to train with it.
# - [Byrd & Lipton 2019, What is the Effect of Importance Weighting in Deep
#   Learning?](https://arxiv.org/abs/1812.03372): how the effect of weights fades while a net trains on.
# - [Mariani et al. 2018, BAGAN](https://arxiv.org/abs/1803.09655): a GAN made for rare classes, which learns from all
#   classes at once.
# - [Ravuri & Vinyals 2019, Classification Accuracy Score](https://arxiv.org/abs/1905.10887): judge a conditional
#   generator by what a classifier learns from it. (Read its table; the abstract exchanges two of the numbers.)

# %% [markdown]
# ## Key terms
#
# {{terms: class imbalance; re-weighting; resampling; logit adjustment; data augmentation; recall}}
