# %% [markdown]
# # 56 · Text
#
# *A pixel can become a little brighter. A letter can't become a little more of an e. This small difference
# makes text hard for GANs, and you will see exactly where it lies.*
#
# > **You will be able to**
# > - say why a drawn letter passes no gradient on, and measure four ways round that against the exact gradient
# > - judge a model of text on two axes, quality and coverage, with an oracle that knows the truth
# > - compare two text GANs with maximum likelihood, and with its temperature, a setting that costs no training
# > - read the score of a language model in bits, beside baselines that need no network
# > - say what reinforcement learning from human feedback shares with text GANs, and what it doesn't
# >
# > **Before you start** [13 · Markov chains](13_markov_chains.ipynb): models of letters and their score.
# > [21 · the adversarial game](21_the_adversarial_game.ipynb): the two players.
# >
# > **Minutes** {{read_minutes}} to read (there is a place for a break after section 5) · {{run_time}} to run on two CPU
# > cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A generator writes one letter, *a*, *b* or *c*. A judge gives 1 point for an *a*, 0 for a *b* and −1 for a *c*. The
# generator can change one number: how much it likes *a*. How do the points change with it? (Imports and helpers are
# folded.)

# %% jupyter={"source_hidden": true}
import copy
import gzip
import lzma
import math
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, ensemble, models, nets, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)
INK = plotting.NEUTRAL

# %% jupyter={"source_hidden": true}
torch.manual_seed(1)
liking = torch.linspace(-4, 4, 161)
likings = torch.stack([liking, 0 * liking, 0 * liking], dim=1)  # of a, b and c
points = torch.tensor([1.0, 0.0, -1.0])
mean_points = likings.softmax(dim=1) @ points
_, ax = plt.subplots(figsize=(6.8, 3.2))
for k in range(4):
    luck = -torch.empty(3).exponential_().log()  # drawn once, and kept for the whole line
    letter = (likings + luck).argmax(dim=1)
    label = "one draw, its luck kept" if k == 0 else None
    ax.plot(liking, points[letter] + 0.03 * (k - 1.5), color=INK[k], linewidth=1.5, label=label)
ax.plot(liking, mean_points, color=plotting.THEORY, linestyle="--", label="mean of all draws")
ax.set(xlabel="how much the generator likes a", ylabel="points", yticks=(-1, 0, 1))
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# Each line is one draw: its luck (the noise vector of a GAN) stays the same, and only the generator changes. The line
# is a staircase. It is **flat nearly everywhere**, so its slope is 0, and at the step there is no slope at all. That is
# what backpropagation sees. Yet the dashed line, the mean of all draws, has a slope. It is the slope that we want.
#
# (The staircases are drawn slightly apart, so that you can see them all. Adding *Gumbel* noise to each letter's logit
# and taking the largest sum is the same as drawing from the softmax. You need this in section 2.)

# %% [markdown]
# ## 1. A drawn letter has no gradient
#
# Here is the same in PyTorch. Four letters have the logits $\theta$, one is drawn, and the judge gives its points $r$.
#
# **Predict, and say why:** what will `backward` do?

# %%
theta = torch.tensor([1.5, 0.5, 0.0, -1.0], dtype=torch.float64)
reward = torch.tensor([1.0, 2.0, 4.0, 6.0], dtype=torch.float64)
torch.manual_seed(0)
leaf = theta.clone().requires_grad_()
letter = torch.multinomial(leaf.softmax(dim=0), 1)
one_hot = F.one_hot(letter, 4).double()
try:
    (one_hot @ reward).sum().backward()
except RuntimeError as error:
    print("RuntimeError:", str(error)[:62])
identity(
    "neither the letter nor its one-hot vector carries a gradient", not (letter.requires_grad or one_hot.requires_grad)
)

# %% [markdown]
# A letter is a *number in a list*, and PyTorch cuts the graph there. A picture is different: each pixel is a smooth
# function of the weights, so $D$ can tell $G$ "a little darker here". There is no "a little" between two letters.
#
# But the mean can be written down, $J(\theta) = \sum_k p_k r_k$ with $p = \text{softmax}(\theta)$. It is smooth in
# $\theta$. For four letters we can sum, and get the exact gradient:
#
# $$\frac{\partial J}{\partial \theta_k} = p_k \, (r_k - \bar r), \qquad \bar r = \sum_j p_j r_j .$$
#
# In words: letters that are better than the average become likelier.

# %%
(leaf.softmax(dim=0) @ reward).backward()
p = theta.softmax(dim=0)
exact = p * (reward - p @ reward)
identity("autograd gives the same", leaf.grad.allclose(exact))
print("probabilities", [round(x, 2) for x in p.tolist()], " exact gradient", [round(x, 2) for x in exact.tolist()])

# %% [markdown]
# For texts of 12 letters out of 20 this sum has $20^{12}$ terms, about a 4 with 15 zeros. So for most judges one must
# *estimate* the gradient from a few draws. How well can that be done?

# %% [markdown]
# ## 2. Four ways round
#
# **REINFORCE** (Williams 1992) uses $\nabla p_k = p_k \nabla \log p_k$. So $\nabla J$ is the mean of
# $r_k \nabla \log p_k$ over drawn letters. It needs a letter's *points*, nothing else.
#
# **REINFORCE with a baseline** uses $r_k - b$ in the place of $r_k$. Any number $b$ that doesn't depend on the draw is
# allowed: the mean of $b \nabla \log p_k$ is $b \nabla \sum_k p_k = b \nabla 1 = 0$. We take the mean of the points.
#
# **Straight-through** (Bengio et al. 2013) shows the judge a one-hot vector, and on the way back pretends that it
# was the softmax. **Gumbel-softmax** (Jang et al. 2017, Maddison et al. 2017) shows the judge something soft: the
# softmax of (logits + Gumbel noise) / $\tau$, a *temperature*. For small $\tau$ it is nearly one-hot.
#
# These two need the judge's *slope*. So the judge must say something about vectors that are no letters. We take two
# judges: the *straight* one gives $\sum_k r_k y_k$ to a vector $y$, the *curved* one $\sum_k r_k y_k^2$. They agree
# about each letter. Between the letters they differ.
#
# **Predict, and say why:** for which ways does it matter which of the two judges we use? Which way has the most noise?

# %%
judges = {"straight": lambda y: y @ reward, "curved": lambda y: y**2 @ reward}
N = 40_000


# %%
def estimates(way, judge, tau=1.0, extra=0.0):
    """N gradients (N, 4), each from one draw; `extra` points are added to each letter's."""
    leaves = theta.expand(N, 4).clone().requires_grad_()
    noisy = leaves - torch.empty(N, 4, dtype=torch.float64).exponential_().log()
    letter = noisy.argmax(dim=1)
    hard, soft = F.one_hot(letter, 4).double(), leaves.softmax(dim=1)
    if way.startswith("REINFORCE"):
        baseline = p @ reward + extra if way.endswith("baseline") else 0.0
        value = (judge(hard) + extra - baseline) * leaves.log_softmax(dim=1).gather(1, letter[:, None])[:, 0]
    elif way == "straight-through":
        value = judge(hard + soft - soft.detach())
    else:
        value = judge((noisy / tau).softmax(dim=1))
    return torch.autograd.grad(value.sum(), leaves)[0]


# %%
ways = {"REINFORCE": {}, "REINFORCE + baseline": {}, "straight-through": {}}
ways |= {"Gumbel, τ = 1": {"tau": 1.0}, "Gumbel, τ = 0.2": {"tau": 0.2}}
torch.manual_seed(0)
mean, noise = {}, {}
for way, options in ways.items():
    for name, judge in judges.items():
        gradients = estimates(way, judge, **options)
        mean[way, name] = gradients.mean(dim=0)
        noise[way, name] = gradients.var(dim=0).sum().sqrt().item()
bias = {key: (value - exact).norm().item() for key, value in mean.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.6))
for (way, marker), color in zip(zip(ways, "osD^v", strict=True), INK, strict=True):
    for name in judges:
        face = color if name == "straight" else "white"
        ax.plot(noise[way, name], bias[way, name], marker, color=color, markerfacecolor=face, markersize=10)
    ax.plot([], [], marker, color=color, markersize=9, label=way)
ax.axhline(exact.norm(), **{"color": plotting.THEORY, "linestyle": "--", "linewidth": 1.5})
ax.text(2.75, exact.norm(), "length of the\nexact gradient", va="center", ha="left", fontsize=11)
ax.set(xlabel="noise: standard deviation of one estimate", ylabel="bias: distance of\nthe mean", xlim=(-0.1, 2.7))
ax.legend(
    loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, title="filled: straight judge · hollow: curved judge"
)
plt.show()

# %%
reinforce = [bias[way, name] for way in ways if way.startswith("REINFORCE") for name in judges]
cosine = F.cosine_similarity(mean["straight-through", "curved"], exact, dim=0).item()
steeper = [bias["Gumbel, τ = 1", name] > bias["Gumbel, τ = 0.2", name] for name in judges]
noisier = [noise["Gumbel, τ = 1", name] < noise["Gumbel, τ = 0.2", name] for name in judges]
claim("REINFORCE, with and without a baseline: right on average with both judges", max(reinforce) < 0.08, bias)
drop = noise["REINFORCE + baseline", "straight"] / noise["REINFORCE", "straight"]
claim("the baseline takes away over a third of the noise", drop < 2 / 3, measured=noise)
identity(
    "straight-through: exact with the straight judge, and without noise", bias["straight-through", "straight"] < 1e-9
)
claim("with the curved judge its mean points the wrong way", cosine < -0.3, measured=cosine)
claim("Gumbel: the low temperature has less bias and more noise", all(steeper + noisier), (bias, noise))

# %% [markdown]
# Read the figure from below: at the bottom, where the bias is 0, an estimate is right on average. **REINFORCE** is,
# with both judges, since it never looks between the letters. The price is noise, the most of all five. The baseline
# takes nearly half of it away.
#
# **Straight-through** is perfect with the straight judge. With the curved one its mean points *away* from the exact
# gradient: it makes the first letter, with 1 point the worst, likelier. That is a trap, but not the rule. Let us count
# over random cases.

# %%
torch.manual_seed(0)
many_p, many_r = torch.randn(2000, 4).softmax(dim=1), torch.randn(2000, 4)


def push(p, r):  # p (r - mean of r), in each row: the exact gradient of a straight judge with the points r
    return p * (r - (p * r).sum(dim=1, keepdim=True))


wrong = ((push(many_p, many_r) * push(many_p, 2 * many_p * many_r)).sum(dim=1) < 0).float().mean().item()
claim(
    "straight-through with curved judges points the wrong way in 1 to 10 % of random cases", 0.01 < wrong < 0.1, wrong
)
shifted = estimates("REINFORCE", judges["straight"], extra=10.0).var(dim=0).sum().sqrt().item()
claim("10 points more for each letter: at least 3 times the noise, without a baseline",
      shifted > 3 * noise["REINFORCE", "straight"], measured=shifted)  # fmt: skip

# %% [markdown]
# (The slope of the curved judge at letter $k$ is $2 r_k$ in direction $k$, so straight-through averages to the
# exact gradient for the points $2 p_k r_k$.) And without a baseline, ten points more for *every* letter multiply the
# noise, although they change nothing in the exact gradient. So the baseline matters.
#
# **Gumbel-softmax** lies between: at high temperature little noise and much bias, at low temperature the other way
# round. At $\tau = 0.2$ it has more noise here than REINFORCE with a baseline. So which way is best depends on the
# judge, and on what it says about vectors that are no letters. A discriminator is trained at such places only if you
# feed it some.

# %% [markdown]
# ## 3. An oracle to judge by
#
# Which text is good? For real text nobody can say exactly. So we take a world in which it is known (this idea comes
# from SeqGAN, Yu et al. 2017): an **oracle** writes the real texts. Ours is a random Markov chain with 20 letters, and
# a text has 12 of them. It can say how probable any text is. So two questions can be answered, in nats per letter:
#
# - **Quality**: how surprised is the *oracle* by the *model's* texts, $-\log p_\text{oracle}(x)$ on average?
# - **Coverage**: how surprised is the *model* by *new texts of the oracle*, $-\log p_\text{model}(x)$ on average? It is
#   small only if the model is neither too narrow nor too wide. (Papers call it diversity.)

# %% [markdown]
# Both are small for a good model. The oracle's own texts score its entropy in both, on average. We subtract that, so
# the oracle sits at 0, 0. Nobody gets below 0 in coverage, but for the chance of 1,000 texts (KL ≥ 0, chapter 31). In
# quality one *can*: by writing only what the oracle finds likeliest. Beside them we print the **variety**: the writer's
# own entropy, less the oracle's (below 0: too narrow). Four oracles, each with 800 texts to learn from, run side by
# side.

# %% jupyter={"source_hidden": true}
V, LENGTH, S = 20, 12, 4  # letters, length of a text, oracles


class Oracle:
    """S random Markov chains; texts are (S, n, LENGTH)."""

    def __init__(self, seed):
        torch.manual_seed(seed)
        self.first = torch.randn(S, V).log_softmax(dim=-1)
        self.table = (2 * torch.randn(S, V, V)).log_softmax(dim=-1)

    def write(self, n):
        text = [torch.multinomial(self.first.exp(), n, replacement=True)]
        while len(text) < LENGTH:
            rows = self.table.gather(1, text[-1][:, :, None].expand(-1, -1, V)).exp()
            text.append(torch.multinomial(rows.flatten(0, 1), 1).view(S, n))
        return torch.stack(text, dim=2)

    def log_p(self, text):
        """(S, n): the log-probability of each text."""
        steps = self.table[torch.arange(S)[:, None, None], text[:, :, :-1], text[:, :, 1:]]
        return self.first.gather(1, text[:, :, 0]) + steps.sum(dim=2)

    def entropy(self):
        """(S,), in nats per letter."""
        now, rows = self.first.exp(), -(self.table.exp() * self.table).sum(dim=2)
        total = -(now * self.first).sum(dim=1)
        for _ in range(LENGTH - 1):
            total = total + (now * rows).sum(dim=1)
            now = torch.einsum("si,sij->sj", now, self.table.exp())
        return total / LENGTH


# %% jupyter={"source_hidden": true}
def hot(text):
    return F.one_hot(text, V).float()


def stacked(sizes, seed):
    """S small nets as one, each with a seed of its own."""
    made = []
    for k in range(S):
        torch.manual_seed(seed + k)
        made.append(nets.mlp(sizes, activation="relu"))
    return ensemble.stack(made)


# %% [markdown]
# The **writer** is a small net: it sees the last two letters and gives logits for the next one.


# %%
class Writer(nn.Module):
    def __init__(self, seed=0):
        super().__init__()
        self.net = stacked([2 * V, 64, V], seed)

    def log_p(self, text, temperature=1.0):  # of each letter, given those before it: (S, n, LENGTH)
        before = F.pad(hot(text), (0, 0, 2, 0))[:, :, :-1]  # two empty places in front
        pairs = torch.cat([before[:, :, :-1], before[:, :, 1:]], dim=3)
        logits = self.net(pairs.flatten(1, 2)).view(*text.shape, V)
        return (logits / temperature).log_softmax(dim=-1).gather(3, text[..., None])[..., 0]

    def write(self, n, choose):  # (S, n, LENGTH, V); `choose` makes a letter, hard or soft, of logits (S, n, V)
        last_two, text = [torch.zeros(S, n, V)] * 2, []
        for _ in range(LENGTH):
            text.append(choose(self.net(torch.cat(last_two, dim=2))))
            last_two = [last_two[1], text[-1]]
        return torch.stack(text, dim=2)


# %%
def draw(temperature=1.0):
    return lambda logits: hot(torch.multinomial((logits / temperature).softmax(2).flatten(0, 1), 1).view(S, -1))


def soft(tau, hard=False):
    return lambda logits: F.gumbel_softmax(logits, tau=tau, hard=hard)


@torch.no_grad()
def texts(writer, n=64, temperature=1.0):
    return writer.write(n, draw(temperature)).argmax(dim=3)


# %%
oracle = Oracle(0)
real, unseen = oracle.write(800), oracle.write(1000)
floor = oracle.entropy()


@torch.no_grad()
def judged(writer, temperature=1.0):
    """(2, S): surprise at new texts, and the oracle's at the writer's, in nats per letter above the floor."""
    coverage = -writer.log_p(unseen, temperature).mean(dim=(1, 2))
    quality = -oracle.log_p(texts(writer, 1000, temperature)).mean(dim=1) / LENGTH
    return torch.stack([coverage, quality]) - floor


@torch.no_grad()
def variety(writer, temperature=1.0):
    """The writer's own entropy above the oracle's: the mean over the oracles."""
    own = -writer.log_p(texts(writer, 1000, temperature), temperature).mean(dim=(1, 2))
    return (own - floor).mean().item()


# %% [markdown]
# **Maximum likelihood** first, as in chapter 13: minus the log-probability of the real letters is the loss. Afterwards
# we change one setting, without any training: the **temperature**. All logits are divided by it before a letter is
# drawn.
#
# **Predict, and say why:** what does a temperature of 0.7 do to quality, and what to coverage? Is there a temperature
# that improves both?


# %%
def some(texts, n=64):
    return texts[torch.arange(S)[:, None], torch.randint(texts.shape[1], (S, n))]


def likelihood(writer, steps, rate=3e-3):
    adam = torch.optim.Adam(writer.parameters(), lr=rate)
    for _ in range(steps):
        loss = -writer.log_p(some(real)).sum(dim=2).mean(dim=1).sum()  # the S losses are summed: no weight is shared
        adam.zero_grad()
        loss.backward()
        adam.step()
    return writer


young = likelihood(Writer(), 120)
best = likelihood(copy.deepcopy(young), 200)  # the same writer, 200 steps later
temperatures = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3)


def turned(writer):
    """(temperatures, 2, S): one writer at all temperatures."""
    return torch.stack([judged(writer, t) for t in temperatures])


curve = turned(best)


# %% jupyter={"source_hidden": true}
def plane(spots, lines=None, theory=None):
    """Quality and coverage: the curve of maximum likelihood, spots {name: (2, S)}, and lines {name: (…, 2, S)}."""
    _, ax = plt.subplots(figsize=(6.8, 4.2))
    ax.plot(*curve.unbind(dim=1), color=INK[1], linewidth=0.8, alpha=0.35)
    ax.plot(*curve.mean(dim=2).T, "o-", color=INK[1], markersize=4, label="maximum likelihood, temperatures 0.4 to 1.3")
    ax.plot(0, 0, "*", color=plotting.REAL, markersize=16, label="the oracle itself")
    colors = dict(zip(spots, (INK[0], plotting.FAKE, INK[2], INK[3], INK[4], INK[1]), strict=False))
    for (name, spot), marker in zip(spots.items(), "sD^vPX", strict=False):
        ax.plot(*spot, marker, color=colors[name], markersize=5, alpha=0.4)
        ax.plot(*spot.mean(dim=1), marker, color=colors[name], markersize=11, markeredgecolor="white", label=name)
    for name, line in (lines or {}).items():
        ax.plot(*line.mean(dim=2).T, "-", color=colors[name], linewidth=1.5, zorder=1)
    if theory is not None:
        ax.plot(*theory.mean(dim=2).T, "--", color=plotting.THEORY, linewidth=1.5, label="the formula, β from 0.7 to ∞")
    ax.axhline(0, color=plotting.THEORY, linestyle=":", linewidth=1)
    ax.set(xlabel="surprise at new texts, nats per letter above the floor (→ misses more of them)",
           ylabel="the oracle's surprise\nat its texts (↑ worse)")  # fmt: skip
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, fontsize=10)
    plt.show()


plane({"after 120 steps, temperature 1": judged(young)})

# %% tags=["nbval-ignore-output"]
print("variety:", {t: round(variety(best, t), 2) for t in (0.7, 1.0, 1.3)})

# %%
at_one, at_low, at_high = (curve[temperatures.index(t)] for t in (1.0, 0.7, 1.3))
claim("a temperature of 0.7: the oracle is less surprised than by its own texts", (at_low[1] < 0).all(), at_low)
claim("and the model is more surprised by new texts than at temperature 1", (at_low[0] > at_one[0]).all(), curve)
claim("so it is at 1.3, for the other reason: too much variety", (at_high[0] > at_one[0]).all(), curve)

# %% [markdown]
# The curve bends around the star and never reaches it: 800 texts and 320 steps don't teach everything about the
# oracle. At temperature 1, the writer covers new texts best (within our grid). Below 1 it writes what is likely, so
# quality rises, soon beyond the oracle's own texts. But new texts surprise it more: it has stopped writing the rarer
# ones. Above 1 it is too wide. No temperature improves both by much. **A model of text isn't a point in this plane, it
# is a curve**, and the curve costs no training. So each writer must be compared with its rival's whole curve, and with
# its own (Caccia et al. 2020).

# %% [markdown]
# ## 4. Two games
#
# Now the writer may no longer see the real texts. A judge sees them, and learns to tell them from written ones. That is
# the game of chapter 21. Our judge looks at three letters at a time and sums its marks. (For two chains with a short
# memory the best judge has this form: the logarithm of a ratio of products is a sum.)
#
# - A small **SeqGAN** (Yu et al. 2017): the writer draws letters. The judge's probability of "real" gives the points,
#   and REINFORCE with a baseline makes a gradient of them. (The paper's code has no baseline, but *roll-outs*: it
#   completes each text several times from each letter on, so that each letter gets points of its own. We leave this
#   out to save time.)
# - A **Gumbel-softmax GAN** (as in Kusner & Hernández-Lobato 2016): the writer hands *soft* letters on, and the judge's
#   gradient flows back through them. The same with straight-through: the judge sees one-hot letters.

# %% [markdown]
# All start from the same writer, 120 steps of maximum likelihood old; the oracle experiment of SeqGAN starts with
# maximum likelihood, too. Then all play 200 steps, with a rate of 0.001, and with two steps of the judge for each of
# the writer's. The controls:
#
# - 200 more steps of maximum likelihood, at this rate and at three times the rate (that is the curve of section 3)
# - SeqGAN at three times the rate, too
# - the temperatures of the start, and of what SeqGAN and straight-through made of it.
#
# **Predict, and say why:** which games improve on their start, in which of the two numbers? Does one end below the
# curve of maximum likelihood?


# %%
class Judge(nn.Module):
    """Texts (S, n, LENGTH, V) → logits (S, n): the sum of a small net's marks for three letters at a time."""

    def __init__(self, seed=50):
        super().__init__()
        self.net = stacked([3 * V, 64, 1], seed)

    def forward(self, text):
        framed = F.pad(text, (0, 0, 1, 0))
        windows = torch.cat([framed[:, :, :-2], framed[:, :, 1:-1], framed[:, :, 2:]], dim=3)
        return self.net(windows.flatten(1, 2)).view(*windows.shape[:3]).sum(dim=2)


def reinforce(writer, text, points):
    """SeqGAN's loss, without roll-outs: what was written, times its points above the mean of the others."""
    n = points.shape[1]
    better = (points - points.mean(dim=1, keepdim=True)) * n / (n - 1)
    return -(better * writer.log_p(text).sum(dim=2)).mean(dim=1).sum()


# %%
def play(tau=None, hard=False, rate=1e-3, steps=200):
    """The game from the same half-trained writer on; `tau` asks for Gumbel-softmax, else it is REINFORCE."""
    torch.manual_seed(0)
    writer, judge = copy.deepcopy(young), Judge()
    choose = draw() if tau is None else soft(tau, hard)
    adams = [torch.optim.Adam(net.parameters(), lr=lr) for net, lr in ((writer, rate), (judge, 3e-3))]
    for step in range(-50, steps):  # 50 times only the judge learns
        for _ in range(2):
            fake = writer.write(64, choose).detach()
            loss = (F.softplus(-judge(hot(some(real)))) + F.softplus(judge(fake))).mean(dim=1).sum()
            adams[1].zero_grad()
            loss.backward()
            adams[1].step()
        if step >= 0:
            adams[0].zero_grad()
            writer_loss(writer, judge, choose, tau).backward()
            adams[0].step()
    return writer, loss.item() / S


def writer_loss(writer, judge, choose, tau):
    if tau is not None:
        return F.softplus(-judge(writer.write(64, choose))).mean(dim=1).sum()
    text = texts(writer)
    points = judge(hot(text)).sigmoid().detach()
    return reinforce(writer, text, points)


# %%
settings = {
    "SeqGAN": {},
    "SeqGAN, 3 × the rate": {"rate": 3e-3},
    "Gumbel-softmax, τ = 0.5": {"tau": 0.5},
    "the same, straight-through": {"tau": 0.5, "hard": True},
}
played = {name: play(**options) for name, options in settings.items()}
torch.manual_seed(0)
writers = {"the start": young} | {name: writer for name, (writer, _) in played.items()}
writers["likelihood, SeqGAN's rate"] = likelihood(copy.deepcopy(young), 200, 1e-3)
spots = {name: judged(writer) for name, writer in writers.items()}
lines = {name: turned(writers[name]) for name in ("the start", "SeqGAN", "the same, straight-through")}
plane(spots, lines)

# %% tags=["nbval-ignore-output"]
for name, writer in ({"likelihood, 3 × the rate": best} | writers).items():
    coverage, quality = judged(writer).mean(dim=1).tolist()
    print(f"{name:27s} coverage {coverage:.2f}   quality {quality:+.2f}   variety {variety(writer):+.2f}")


# %%
def above(spot, line=curve):
    """(S,): how much more the oracle is surprised than on the line, at the same coverage."""
    cold = line[: temperatures.index(1.0) + 1].flip(0)  # from temperature 1 down; coverage gets worse along it
    return torch.tensor([spot[1, k] - np.interp(spot[0, k], cold[:, 0, k], cold[:, 1, k]) for k in range(S)])


# %%
start, seqgan, slow = (spots[name] for name in ("the start", "SeqGAN", "likelihood, SeqGAN's rate"))
claim("SeqGAN: better than its start in both numbers, 3 of 4 oracles or more",
      (seqgan < start).all(dim=0).sum() >= 3, spots)  # fmt: skip
claim("likelihood at 3 times the rate: better than SeqGAN in both, 3 of 4 or more",
      (at_one < seqgan).all(dim=0).sum() >= 3, (at_one, seqgan))  # fmt: skip
claim("SeqGAN at 3 times the rate: covers less than its start, 3 of 4 or more",
      (spots["SeqGAN, 3 × the rate"][0] > start[0]).sum() >= 3, spots)  # fmt: skip
claim("likelihood at SeqGAN's rate: covers more than SeqGAN, 3 of 4; quality within 0.1 (mean)",
      (slow[0] < seqgan[0]).sum() >= 3 and (slow[1] - seqgan[1]).mean().abs() < 0.1, spots)  # fmt: skip

# %%
cool = temperatures.index(0.8)
own = {name: above(line[cool], lines["the start"]) for name, line in lines.items()}
claim(
    "at a temperature of 0.8, SeqGAN lies over 0.05 below its start's curve (mean)", own["SeqGAN"].mean() < -0.05, own
)
less = own["the same, straight-through"].mean() - own["SeqGAN"].mean()
claim("straight-through gained less than SeqGAN there, by over 0.04 (mean)", less > 0.04, own)
hot_gap, cold_gap = above(seqgan).mean(), above(lines["SeqGAN"][temperatures.index(0.6)]).mean()
claim("SeqGAN above the curve of likelihood: over 0.15 at temperature 1, under half of that at 0.6 (means)",
      hot_gap > 0.15 and cold_gap < hot_gap / 2, (hot_gap, cold_gap))  # fmt: skip

# %%
losses = {name: loss for name, (_, loss) in played.items()}  # a judge that can only guess has 2 ln 2 ≈ 1.39
gumbel, hard = spots["Gumbel-softmax, τ = 0.5"], losses["the same, straight-through"]
claim("Gumbel-softmax: quality beyond the oracle's own, surprise at new texts at least twice its start's, 3 of 4",
      ((gumbel[1] < 0) & (gumbel[0] > 2 * start[0])).sum() >= 3, gumbel)  # fmt: skip
claim("the judge's loss: under 0.3 with soft letters, over 0.8 with straight-through",
      losses["Gumbel-softmax, τ = 0.5"] < 0.3 and hard > 0.8, losses)  # fmt: skip
gaps = above(gumbel)
claim(
    "it isn't 0.1 below the curve on average, and above it with one oracle or more",
    gaps.mean() > -0.1 and gaps.max() > 0,
    gaps,
)

# %% tags=["nbval-ignore-output"]
print("Gumbel-softmax above (+) or below (−) the curve, with each oracle:", [round(x, 1) for x in gaps.tolist()])

# %% [markdown]
# **SeqGAN works**, against our own expectation: with a small rate its writer gets better in *both* numbers, and its
# curve (orange) lies below that of its start. At three times the rate it covers less than its start does. Maximum
# likelihood works at that rate, and gets further in both numbers, without a judge. At SeqGAN's own rate likelihood is
# ahead in coverage only. At low temperatures SeqGAN and the curve of likelihood nearly meet.
#
# **Straight-through** also seems to gain quality. But look at its curve (brown): it lies about on that of its start
# (with other seeds a little below). Nearly all that its 200 steps did, a lower temperature does, too.

# %% [markdown]
# **Gumbel-softmax** seems to win: its texts surprise the oracle less than the oracle's own. But it has lost its variety
# (mode collapse, chapter 23). Its judge has almost won: real letters are one-hot, and soft ones aren't. One way to look
# real is to be *sure* of each letter. The control supports this: straight-through letters don't show how soft they are,
# and there the same game doesn't collapse. Did the soft game gain more than a low temperature gives? With some oracles
# it lies clearly below the curve, with others above (with other seeds we saw it above with all four). So we can't say.
#
# And $\tau = 0.5$ was our choice. In one run each with 0.2 and 0.1 the soft game didn't collapse: variety 0.03 and
# 0.01, coverage 0.14 and 0.13, quality +0.18. So letters must be rather soft for this collapse.
#
# In the log that comes with SeqGAN's code ([its README](https://github.com/LantaoYu/SeqGAN)) the oracle's surprise
# falls from 9.07 to 8.68 in the game. That is quality. Coverage isn't in that log, and neither is a temperature.

# %% [markdown]
# ## 5. Self-BLEU, and the trap
#
# Real text has no oracle. So papers count strings. **BLEU** (simplified here): which share of a text's strings of one,
# two and three letters also stands in real texts? More is better. **Self-BLEU** (Zhu et al. 2018): the same, against
# the model's *own* other texts. More means less diverse. (We take one half of the texts against the other half.)
#
# One more contestant: the **copier**. It prints texts that it has learned from.
#
# **Predict, and say why:** who will have the best BLEU? And which of the contestants looks like real texts in both
# numbers, although it isn't a good model?


# %%
def strings(text, n):
    return Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1))


def bleu(written, references, most=3):
    """How many of the strings of 1 … `most` letters stand in some reference, too: a geometric mean of shares."""
    shares = []
    for n in range(1, most + 1):
        known = Counter()
        for reference in references:
            known |= strings(reference, n)  # | keeps the larger count
        matched = sum((strings(text, n) & known).total() for text in written)
        shares.append(matched / sum(strings(text, n).total() for text in written))
    return math.prod(shares) ** (1 / most)


# %%
torch.manual_seed(3)
of_first = {
    "new real texts": oracle.write(200)[0],
    "the copier": real[0, :200],
    "likelihood": texts(best, 200)[0],
    "likelihood, temperature 0.6": texts(best, 200, 0.6)[0],
    "SeqGAN": texts(played["SeqGAN"][0], 200)[0],
    "Gumbel-softmax, τ = 0.5": texts(played["Gumbel-softmax, τ = 0.5"][0], 200)[0],
}
references = unseen[0, :200].tolist()
bleus = {}
for name, written in of_first.items():
    written = written.tolist()
    bleus[name] = bleu(written, references), bleu(written[:100], written[100:])

# %% tags=["nbval-ignore-output"]
for name, (quality, alike) in bleus.items():
    print(f"{name:28s} BLEU {quality:.3f}   self-BLEU {alike:.3f}")

# %%
new, copier, cold = (bleus[name] for name in ("new real texts", "the copier", "likelihood, temperature 0.6"))
claim("a temperature of 0.6 gets a higher BLEU than new real texts", cold[0] > new[0] + 0.01, measured=bleus)
claim("its self-BLEU is higher as well, by over 0.03", cold[1] > new[1] + 0.03, measured=bleus)
claim(
    "the copier: both numbers within 0.05 of new real texts",
    max(abs(a - b) for a, b in zip(new, copier, strict=True)) < 0.05,
    bleus,
)

# %% [markdown]
# BLEU alone prefers the low temperature to *real texts*. The price of its quality is diversity, and the second number
# shows it. The length of the strings matters as well: in a published table
# ([Texygen](https://github.com/geek-ai/Texygen), COCO captions) SeqGAN is ahead of maximum likelihood at BLEU-2, level
# at BLEU-3, and behind at BLEU-4 and -5. Its self-BLEU is worse at all four.
#
# And the two together don't see the copier. A model with probabilities can be asked how surprised it is by new text.
# The copier would have to say: infinitely. So if your model has probabilities, use them. If it has none, look for
# quotations (chapter 13), as you look for copies among pictures (chapter 36).
#
# This is a good place for a break.

# %% [markdown]
# ## 6. What people really use: a language model
#
# Today most text is generated by **transformers** that are trained with maximum likelihood, letter by letter or piece
# of a word by piece of a word. Compared with our writer, one thing above all is new: **attention** (Vaswani et al.
# 2017). Each place compares itself with all places up to its own, and takes a weighted mean of what they say. The
# weights depend on the text, by rules that are learned. So the model itself chooses which earlier letters matter. What
# comes later is masked: it is what must be predicted.
#
# Ours is tiny: two layers, 64 letters of context, 136,000 weights, trained for less than a minute on the prose of this
# course (`gan_edu/models/CARD_letters.md` says how). Whole chapters are held out. If we had split by sentences,
# neighbours that share an example would stand on both sides. (Chapters share phrases, too, "Predict, and say why" for
# one. That helps all the models below.)

# %% [markdown]
# Its score is its surprise, now in **bits**: logarithms to base 2. So it can be compared with programs that pack files.
# The baselines: how frequent each letter is; the chain of chapter 13; a chain with a memory of five letters that backs
# off to shorter ones; and gzip and lzma, which first pack the other chapters. (gzip looks back only 32,768 letters, so
# it has forgotten nearly all of them. lzma hasn't.)
#
# **Predict:** in which order will they come? By how much will the transformer win?

# %%
net, facts = models.load_letters()
chapters = {number: data.letters(text) + " " for number, text in data.chapters().items()}
held_out = facts["held_out"].split()
learned = "".join(text for number, text in chapters.items() if number not in held_out)
test = "".join(chapters[number] for number in held_out)
signs = torch.tensor([data.LETTERS.index(letter) for letter in test])
table = net.surprise(signs)  # (windows, context), in bits
half = net.context // 2
transformer = table[:, half:].flatten()
print(f"{len(learned):,} letters to learn from; held out: chapters {', '.join(held_out)}, {len(test):,} letters")


# %% jupyter={"source_hidden": true}
def counted(text, memory):
    """How often each string of up to memory + 1 letters occurs, and what came after each string."""
    seen, after, kinds = Counter(), Counter(), Counter()
    for m in range(memory + 1):
        found = Counter(text[i - m : i + 1] for i in range(m, len(text)))
        seen.update(found)
        for string, number in found.items():
            after[string[:-1]] += number
            kinds[string[:-1]] += 1
    return seen, after, kinds


seen, after, kinds = counted(learned, 5)


def chain(memory):
    """Bits for the letters that the transformer is scored on; each memory is mixed with the shorter ones."""
    bits = []
    for i in range(half + 1, half + 1 + len(transformer)):
        chance = 1 / 27
        for m in range(memory + 1):
            before = test[i - m : i]
            if before not in after:
                break
            chance = (seen[before + test[i]] + kinds[before] * chance) / (after[before] + kinds[before])
        bits.append(-math.log2(chance))
    return torch.tensor(bits)


# %%
def packed(compress):
    """Bits for each letter that the held-out text adds to a file that already holds the other one."""
    both, one = (len(compress(text.encode())) for text in (learned + test, learned))
    return 8 * (both - one) / len(test)


long_memory = chain(5)
bits = {
    "frequencies": chain(0).mean().item(),
    "chain, memory 1": chain(1).mean().item(),
    "gzip": packed(lambda text: gzip.compress(text, 9)),
    "lzma": packed(lzma.compress),
    "chain, memory 5": long_memory.mean().item(),
    "transformer": transformer.mean().item(),
    "both, half and half": -((2**-long_memory + 2**-transformer) / 2).log2().mean().item(),
}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3))
names = list(bits)[::-1]
colors = [INK[3] if name == "transformer" else INK[0] if name.startswith("both") else INK[1] for name in names]
ax.barh(names, [bits[name] for name in names], color=colors)
for place, name in enumerate(names):
    ax.text(bits[name] + 0.05, place, f"{bits[name]:.2f}", va="center", fontsize=11)
ax.axvline(math.log2(27), color=plotting.THEORY, linestyle="--", linewidth=1.5)
ax.set(xlabel="bits for each held-out letter (dashed: log₂ 27, nothing known)", xlim=(0, 5.2))
plt.show()

# %%
rivals = [bits[name] for name in ("frequencies", "chain, memory 1", "gzip", "lzma")]
claim(
    "the transformer needs less than gzip, lzma, and the chain with a memory of 1",
    bits["transformer"] < min(rivals),
    bits,
)
claim(
    "between the transformer and the long chain: less than 0.1 bits",
    abs(bits["transformer"] - bits["chain, memory 5"]) < 0.1,
    bits,
)

# %%
both = bits["both, half and half"]
claim(
    "both together: better than each by over 0.05",
    both < min(bits["transformer"], bits["chain, memory 5"]) - 0.05,
    bits,
)

# %% [markdown]
# It doesn't win. A table of counts, filled in seconds, is as good. So little text and training are not enough for more.
# (The table can't grow further here: in our trial a memory of six was worse than one of five. Transformers get better
# with more text, more weights and more time, and that is why they are used.) The two know different things: their mean
# is better than each.
#
# Now let it write. **Predict:** what does the temperature do here?


# %% jupyter={"source_hidden": true}
def as_signs(text):
    return torch.tensor([data.LETTERS.index(letter) for letter in text])


def as_text(signs):
    return "".join(data.LETTERS[sign] for sign in signs)


# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
words = set(learned.split())
known, different = {}, {}
for temperature in (0.3, 0.7, 1.0):
    written = [as_text(row) for row in net.write(as_signs("the generator ").expand(8, -1), 200, temperature)]
    some_words = [word for text in written for word in text.split()[2:-1]]
    known[temperature] = sum(word in words for word in some_words) / len(some_words)
    different[temperature] = len(set(some_words)) / len(some_words)
    print(f"{temperature}: …{written[0][14:94]}…")
    print(f"     known words {known[temperature]:.0%}, different words {different[temperature]:.0%}")

# %%
claim("a temperature of 0.3: more known words than at 1", known[0.3] > known[1.0] + 0.05, known)
claim("and fewer different ones", different[0.3] < different[1.0] - 0.1, different)

# %% [markdown]
# It is as in section 3: at a low temperature it is sure and repeats itself, at a high one it is varied and makes more
# mistakes. At none of the three does it *say* anything.

# %% [markdown]
# ## 7. What remained: learning from feedback
#
# Text GANs are rare today. But some of their parts are widely used: a writer that draws whole texts, a judge that gives
# points, a policy gradient between the two. **Reinforcement learning from human feedback** works like this (Ziegler et
# al. 2019, Stiennon et al. 2020, Ouyang et al. 2022). It grew out of reinforcement learning, from which SeqGAN has its
# policy gradient, not out of GANs.
#
# 1. Train a language model with maximum likelihood. Keep a copy, the **reference** $\pi_\text{ref}$.
# 2. Show people two answers, and ask which is better. Train a judge $r$ so that $\sigma(r(A) - r(B))$ is the
#    probability that $A$ is preferred. (You know this loss: it is the one with pairs of chapter 43, with "preferred" in
#    the place of "real".)
# 3. Train the writer $\pi$ to make this large:
#
# $$\mathbb{E}_{x \sim \pi}\,[\, r(x) \,] - \beta \, \text{KL}(\pi \,\|\, \pi_\text{ref})
# = \mathbb{E}_{x \sim \pi}\Big[\, r(x) - \beta \log \frac{\pi(x)}{\pi_\text{ref}(x)} \Big] .$$
#
# So the penalty is paid in points, and REINFORCE can be used. (The points now contain $\pi$ itself. That does no harm:
# the mean of $\nabla \log \pi$ is 0, as with the baseline. Many use PPO, a more careful relative.)
#
# | | SeqGAN | learning from feedback |
# |---|---|---|
# | draws whole texts; points; policy gradient | yes | yes |
# | baseline | ours yes, the paper's code no | yes |
# | starts from maximum likelihood | yes | yes, from a large model |
# | the judge learns from | real against written texts, all the time | people's choices; then mostly fixed |
# | the aim | texts like the data | texts that people prefer |
# | what holds the writer | the judge has real texts | the penalty, $\beta$ |

# %% [markdown]
# With the penalty the best writer is known:
#
# $$\pi^*(x) \propto \pi_\text{ref}(x) \, e^{\, r(x) / \beta} .$$
#
# (Why: put $\pi^*$ into the aim, and it becomes a number that doesn't depend on $\pi$, minus
# $\beta \, \text{KL}(\pi \,\|\, \pi^*)$. A KL is smallest, 0, where both agree. Exercise 4 lets you compute it.)
#
# Is the penalty needed, if the judge is good? We can ask, since we have a *perfect* judge: the oracle. The points of a
# text are its $\log p_\text{oracle}$. We start from our best writer. One control: the same points, *shuffled* among the
# texts, so that they mean nothing.
#
# **Predict, and say why:** what happens to quality and coverage without a penalty ($\beta = 0$)? With $\beta = 1$, and
# with 4? And with shuffled points?


# %%
def feedback(beta, steps=150, shuffled=False):
    torch.manual_seed(0)
    writer = copy.deepcopy(best)
    adam = torch.optim.Adam(writer.parameters(), lr=3e-3)
    for _ in range(steps):
        text = texts(writer)
        with torch.no_grad():
            drift = (writer.log_p(text) - best.log_p(text)).sum(dim=2)
            points = oracle.log_p(text) - beta * drift
        if shuffled:
            points = points[:, torch.randperm(points.shape[1])]
        adam.zero_grad()
        reinforce(writer, text, points).backward()
        adam.step()
    return writer


# %% [markdown]
# The formula's writer can be had without any training: its weights for whole texts are summed from the last letter to
# the first. Each place then knows how good the best continuations are. (Folded; the states are the last two letters.)


# %% jupyter={"source_hidden": true}
@torch.no_grad()
def formula(beta):
    """(2, S): coverage and quality of the reference times exp(points / β), exactly. The letter V is "none yet"."""
    each = torch.cat([torch.eye(V), torch.zeros(1, V)])
    pairs = torch.cat([each[:, None].expand(-1, V + 1, -1), each.expand(V + 1, -1, -1)], dim=2).flatten(0, 1)
    points = torch.cat([oracle.table, oracle.first[:, None]], dim=1)[:, None]  # (S, 1, last letter, next letter)
    score = best.net(pairs.expand(S, -1, -1)).log_softmax(dim=-1).view(S, V + 1, V + 1, V) + points / beta
    ahead, policy = torch.zeros(S, V + 1, V + 1), []
    for _ in range(LENGTH):
        total = score + ahead[:, None, :, :V]  # with all that can follow
        ahead = total.logsumexp(dim=3)
        policy.insert(0, total - ahead[..., None])
    at, quality, coverage = torch.zeros(S, V + 1, V + 1), torch.zeros(S), torch.zeros(S)
    at[:, V, V] = 1.0
    framed, k = F.pad(unseen, (2, 0), value=V), torch.arange(S)[:, None]
    for t, log_p in enumerate(policy):
        drawn = at[..., None] * log_p.exp()
        quality -= (drawn * points).sum(dim=(1, 2, 3))
        at = F.pad(drawn.sum(dim=1), (0, 1))
        coverage -= log_p[k, framed[:, :, t], framed[:, :, t + 1], framed[:, :, t + 2]].mean(dim=1)
    return torch.stack([coverage, quality]) / LENGTH - floor


# %%
kinds = {"β = 0": (0.0,), "β = 1": (1.0,), "β = 4": (4.0,), "β = 0, shuffled points": (0.0, 150, True)}
fed = {name: judged(feedback(*options)) for name, options in kinds.items()}
exact = {beta: formula(beta) for beta in (0.7, 1.0, 1.4, 2.0, 4.0, 10.0, 1e6)}
identity(
    "a huge β: the formula's writer covers new texts as the reference does",
    exact[1e6][0].allclose(at_one[0], atol=1e-3),
)
plane(fed, theory=torch.stack(list(exact.values())))

# %%
free, shuffled = fed["β = 0"], fed["β = 0, shuffled points"]
claim(
    "no penalty: new texts cost over 1 nat per letter more than the floor, with each oracle", (free[0] > 1).all(), fed
)
claim("and the oracle is less surprised than at any temperature of our grid",
      (free[1] < curve[:, 1].min(dim=0).values).all(), fed)  # fmt: skip
claim("shuffled points: worse coverage as well, but by less than half as much (means)",
      at_one[0].mean() < shuffled[0].mean() < free[0].mean() / 2, fed)  # fmt: skip
off = {beta: (fed[f"β = {beta}"][1] - exact[beta][1]).abs().mean() for beta in (1, 4)}
claim("the formula with β = 2 lies below the curve of temperatures (mean)", above(exact[2.0]).mean() < -0.05, exact)
claim("β = 1 and β = 4: quality within 0.1 of the formula's (means)", max(off.values()) < 0.1, off)

# %% tags=["nbval-ignore-output"]
rows = fed | {f"the formula, β = {beta}": exact[beta] for beta in (1, 4)} | {"temperature ½": judged(best, 0.5)}
for name, spot in rows.items():
    print(f"{name:24s} coverage {spot[0].mean():.2f}   quality {spot[1].mean():+.2f}")

# %% [markdown]
# Nothing is wrong with the judge, and the writer collapses all the same. The most points are to be had from the one
# likeliest text, so *the aim itself* is collapse. In a GAN the judge can learn to see this; a fixed judge can't.
# (Shuffled points cost coverage, too: it ends at 0.38 instead of 0.05, where without a penalty it ends at 2.36. That is
# the noise of this rate.)
#
# The penalty leads the writer to the dashed line. With $\beta = 4$ it ends where the formula says. With $\beta = 1$ it
# has the formula's quality, but covers less (0.93 against 0.69). That is a weak penalty: the probability of each *whole
# text* under the reference is multiplied by the oracle's. The curve of temperatures lies above the dashed line. Two
# reasons are possible: the formula knows the oracle's points, and it weighs whole texts, so it also avoids letters that
# lead to poor continuations.

# %% [markdown]
# With a judge that is *not* perfect comes a second danger: the writer finds what the judge likes by mistake.
# [Gao et al. 2022](https://arxiv.org/abs/2210.10760) let a large judge stand in for people, and trained smaller ones
# from it. Points from the small judge went on rising, while those from the large one rose first and then fell.

# %% [markdown]
# ## 8. Summaries and dialogue
#
# You may read that GANs are used for summaries and dialogue. It was tried: [Li et al.
# 2017](https://arxiv.org/abs/1701.06547) trained a dialogue model, [Liu et al. 2018](https://arxiv.org/abs/1711.09357)
# one that writes summaries. Both used a discriminator's verdict as the reward, as SeqGAN does. Today both are done by
# large language models, trained with maximum likelihood and then from feedback.
#
# What can a model of *our* size do? A summary needs all of a long text, an answer needs the question. **Predict:** how
# many letters back does our transformer look? We draw its surprise against the number of letters that it sees before
# the one to predict.

# %%
_, ax = plt.subplots(figsize=(6.8, 3))
ax.plot(range(1, net.context + 1), table.mean(dim=0), color=INK[3])
ax.set(xlabel="letters that it sees before the one to predict", ylabel="bits", ylim=(0, None))
plt.show()
few, middle, many = (table[:, places].mean().item() for places in (slice(0, 2), slice(7, 16), slice(48, 64)))
claim("with 8 to 16 letters: over 0.8 bits less than with 1 or 2", middle < few - 0.8, measured=(few, middle, many))
claim("with 49 to 64: no more than 0.1 bits less than with 8 to 16", many > middle - 0.1, measured=(few, middle, many))

# %% tags=["nbval-ignore-output"]
torch.manual_seed(1)
for question in ("question what does the discriminator do answer ", "summary of the chapter about letters "):
    print(question, "→", as_text(net.write(as_signs(question)[None], 90, 0.7)[0, len(question) :]))

# %% [markdown]
# Beyond some ten letters, one or two words, more context hardly helps it. So it can't use a question, and there is no
# point in asking it for a summary. It writes *in the style* of this course, some words at a time, and knows nothing.
# Larger models use thousands of words of context, and that ability had to be learned, from much more text. What you can
# take from here is how to judge them: held-out text, bits beside a baseline, both axes, and a look for
# quotations.

# %% [markdown]
# ## What all this does not show
#
# - **That a text GAN can't win.** Ours are tiny, without roll-outs, with a few settings. Caccia et al. (2020) compared
#   real ones, at real sizes, and found the same order over their whole plane.
# - **That the oracle is like language.** It remembers one letter. In real text nobody can compute the two surprises
#   exactly, and quality has more than one side.
# - **How good transformers are.** Ours has learned for less than a minute, from about as much text as a short novel
#   has.
# - **How feedback from people works out.** Our points came from the oracle itself, not from people.

# %% [markdown]
# ## Help, I get …
#
# ### `element 0 of tensors does not require grad and does not have a grad_fn`
# The loss depends on drawn letters alone. Use `log_p` of what was drawn (REINFORCE), or `F.gumbel_softmax`.
#
# ### REINFORCE that gets worse and worse
# Check the sign: the loss is *minus* points times `log_p`. Then check the points: are they detached, and is a baseline
# subtracted? Then make the learning rate smaller. In section 4, with three times the rate, SeqGAN covered less than its
# start; in section 7 even points without meaning cost coverage at that rate.
#
# ### A judge whose loss falls to 0, with Gumbel-softmax
# It sees that your letters are soft. Take `hard=True` (straight-through), or a lower temperature.

# %% [markdown]
# ### A loss that is too good, on letters
# Does the model see the letter that it predicts? In a transformer the mask must hide what comes later
# (`is_causal=True`), and row $t$ must be compared with letter $t + 1$. Is the split by chapter, or do neighbouring
# sentences stand on both sides?
#
# ### Text that repeats itself for ever
# The temperature is too low. Take 0.7 or more.

# %% [markdown]
# ## Recap
#
# - A drawn letter has no gradient. The mean over all draws has one; for long texts it must be estimated.
# - REINFORCE is right on average and noisy; a baseline takes much of the noise away. Straight-through and
#   Gumbel-softmax ask the judge about vectors that are no letters, and can be misled there.
# - Quality alone says little: a low temperature raises it without any training. Draw quality and coverage, and the
#   whole curve of each writer.
# - Language models are trained with maximum likelihood, and scored in bits on text that was held out as a whole.
# - Learning from feedback has the writer, the judge and the policy gradient, as SeqGAN has. The game is missing.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why may the baseline be the mean of the other texts' points, but not of all?</summary>
#
# The baseline must not depend on the text whose points it is subtracted from. With the text's own points in it, the
# gradient is too short on average, by the factor (N − 1)/N. (With large batches that hardly matters.)
#
# </details>
#
# <details><summary>A generator's texts surprise the oracle less than the oracle's own texts do. Is it better than the
# oracle?</summary>
#
# No. It writes only what is likeliest. Look at how surprised it is by new texts of the oracle.
#
# </details>
#
# <details><summary>Your model needs 1.5 bits for each letter of its held-out text. Is that good?</summary>
#
# Nobody can say, without the text. What do a compressor and a chain with back-off need for the same text? And was it
# held out as a whole?
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Williams 1992, REINFORCE](https://doi.org/10.1007/BF00992696): the gradient, and why a baseline does no harm.
# - [Jang et al. 2017](https://arxiv.org/abs/1611.01144) and [Maddison et al. 2017](https://arxiv.org/abs/1611.00712):
#   Gumbel-softmax, found twice at the same time. [Bengio et al. 2013](https://arxiv.org/abs/1308.3432):
#   straight-through.
# - [Yu et al. 2017, SeqGAN](https://arxiv.org/abs/1609.05473): policy gradient, roll-outs, and the oracle.
#   [Kusner & Hernández-Lobato 2016](https://arxiv.org/abs/1611.04051): a GAN with Gumbel-softmax.
# - [Caccia et al. 2020, Language GANs Falling Short](https://arxiv.org/abs/1811.02549): the plane, and temperature as
#   the baseline. [Zhu et al. 2018, Texygen](https://arxiv.org/abs/1802.01886): self-BLEU.
# - [Ziegler et al. 2019](https://arxiv.org/abs/1909.08593), [Stiennon et al. 2020](https://arxiv.org/abs/2009.01325),
#   [Ouyang et al. 2022](https://arxiv.org/abs/2203.02155): from a style, over summaries, to following instructions.
#   [Rafailov et al. 2023](https://arxiv.org/abs/2305.18290): the best policy as a formula, and training without a
#   judge.
# - [Vaswani et al. 2017, Attention Is All You Need](https://arxiv.org/abs/1706.03762): where the transformer comes
#   from; there it translates.

# %% [markdown]
# ## Key terms
#
# {{terms: REINFORCE, policy gradient; baseline of REINFORCE; straight-through; Gumbel-softmax; oracle; temperature;
# self-BLEU; attention; RL from human feedback}}
