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
# > - count strings for text without an oracle, and say what such a count can't see
# >
# > **Before you start** [13 · Markov chains](13_markov_chains.ipynb): models of letters and their score.
# > [21 · the adversarial game](21_the_adversarial_game.ipynb): the two players.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A generator writes one letter, *a*, *b* or *c*. A judge gives 1 point for an *a*, 0 for a *b* and −1 for a *c*. The
# generator can change one number: how much it likes *a*. How do the points change with it? (Imports and helpers are
# folded.)

# %% jupyter={"source_hidden": true}
import copy
import math
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import ensemble, nets, plotting
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
# $r_k \nabla \log p_k$ over drawn letters. It needs a letter's *points*, nothing else. (Its whole family is called
# *policy gradients*.)
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

# %% tags=["nbval-ignore-output"]
for way in ("REINFORCE", "REINFORCE + baseline"):
    print(f"{way:21s} noise of one estimate {noise[way, 'straight']:.2f} (curved judge: {noise[way, 'curved']:.2f})")

# %%
reinforce = [bias[way, name] for way in ways if way.startswith("REINFORCE") for name in judges]
cosine = F.cosine_similarity(mean["straight-through", "curved"], exact, dim=0).item()
steeper = [bias["Gumbel, τ = 1", name] > bias["Gumbel, τ = 0.2", name] for name in judges]
noisier = [noise["Gumbel, τ = 1", name] < noise["Gumbel, τ = 0.2", name] for name in judges]
claim("REINFORCE, with and without a baseline: right on average with both judges", max(reinforce) < 0.08, bias)
drop = noise["REINFORCE + baseline", "straight"] / noise["REINFORCE", "straight"]
claim("the baseline takes away over a third of the noise", drop < 2 / 3, measured=noise)
easy = "straight-through", "straight"
identity("straight-through: exact with the straight judge, and without noise", max(bias[easy], noise[easy]) < 1e-9)
claim("with the curved judge its mean points the wrong way", cosine < -0.3, measured=cosine)
claim("Gumbel: the low temperature has less bias and more noise", all(steeper + noisier), (bias, noise))

# %% [markdown]
# Read the figure from below: at the bottom, where the bias is 0, an estimate is right on average. **REINFORCE** is,
# with both judges, since it never looks between the letters. The price is noise: 2.3 for one estimate, the most of all
# five. The baseline takes nearly half of it away, and leaves 1.2.
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
def plane(spots, lines=None, near=None):
    """Quality and coverage: the curve of maximum likelihood, spots {name: (2, S)}, and lines {name: (…, 2, S)}."""
    _, ax = plt.subplots(figsize=(6.8, 4.2))
    panels = [ax] if near is None else [ax, ax.inset_axes((0.46, 0.44, 0.54, 0.56))]
    for panel in panels:
        panel.plot(*curve.unbind(dim=1), color=INK[1], linewidth=0.8, alpha=0.35)
        panel.plot(*curve.mean(dim=2).T, "o-", color=INK[1], markersize=4, label="likelihood, temperatures 0.4 to 1.3")
        panel.plot(0, 0, "*", color=plotting.REAL, markersize=16, label="the oracle itself")
        colors = dict(zip(spots, (INK[0], *[plotting.FAKE] * 2, INK[2], INK[3], INK[4], INK[1]), strict=False))
        for (name, spot), marker in zip(spots.items(), "sD<^vPX", strict=False):
            panel.plot(*spot, marker, color=colors[name], markersize=5, alpha=0.4)
            look = {"color": colors[name], "markersize": 11, "markeredgecolor": "white", "label": name}
            panel.plot(*spot.mean(dim=1), marker, **look)
        for name, line in (lines or {}).items():
            panel.plot(*line.mean(dim=2).T, "-", color=colors[name], linewidth=1.5, zorder=1)
        panel.axhline(0, color=plotting.THEORY, linestyle=":", linewidth=1)
    if near is not None:
        panels[1].set(xlim=near[0], ylim=near[1])
        panels[1].tick_params(labelsize=9)
        ax.indicate_inset_zoom(panels[1], edgecolor="black")
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
# - SeqGAN at three times the rate, too, and SeqGAN without its baseline
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


def reinforce(writer, text, points, baseline=True):
    """SeqGAN's loss, without roll-outs: what was written, times its points above the mean of the others."""
    n = points.shape[1]
    better = (points - points.mean(dim=1, keepdim=True)) * n / (n - 1) if baseline else points
    return -(better * writer.log_p(text).sum(dim=2)).mean(dim=1).sum()


# %%
def play(tau=None, hard=False, rate=1e-3, steps=200, baseline=True):
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
            writer_loss(writer, judge, choose, tau, baseline).backward()
            adams[0].step()
    return writer, loss.item() / S


def writer_loss(writer, judge, choose, tau, baseline):
    if tau is not None:
        return F.softplus(-judge(writer.write(64, choose))).mean(dim=1).sum()
    text = texts(writer)
    points = judge(hot(text)).sigmoid().detach()
    return reinforce(writer, text, points, baseline)


# %%
settings = {
    "SeqGAN": {},
    "SeqGAN, no baseline": {"baseline": False},
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
plane(spots, lines, near=((0.03, 0.22), (0.05, 0.42)))

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
bare = spots["SeqGAN, no baseline"]
claim("SeqGAN without a baseline: better than its start as well, 3 of 4 or more",
      (bare < start).all(dim=0).sum() >= 3, spots)  # fmt: skip
claim("but it covers less than with it, 3 of 4 or more, and has the worse quality (mean)",
      (bare[0] > seqgan[0]).sum() >= 3 and (bare - seqgan)[1].mean() > 0, spots)  # fmt: skip

# %%
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
# curve (orange) lies below that of its start. Without the baseline it gains less in both numbers, and nothing else was
# changed: that is what the noise of section 2 costs. (With 1,024 texts in a batch, so a quarter of the noise, it got as
# far as SeqGAN does with 64. That run isn't shown.) At three times the rate it covers less than its start does. Maximum
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
written = {
    "new real texts": oracle.write(200),
    "new real texts, again": oracle.write(200),
    "the copier": real[:, :200],
    "likelihood": texts(best, 200),
    "likelihood, temperature 0.6": texts(best, 200, 0.6),
    "SeqGAN": texts(played["SeqGAN"][0], 200),
    "Gumbel-softmax, τ = 0.5": texts(played["Gumbel-softmax, τ = 0.5"][0], 200),
}


def both(some_texts, references):
    return bleu(some_texts, references), bleu(some_texts[:100], some_texts[100:])


bleus = {
    name: np.array([both(*pair) for pair in zip(found.tolist(), unseen[:, :200].tolist(), strict=True)])
    for name, found in written.items()
}  # each (S, 2): BLEU and self-BLEU, for each oracle

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.8))
colors = (plotting.REAL, plotting.REAL, INK[4], INK[1], INK[0], plotting.FAKE, INK[3])
for (name, found), color, marker in zip(bleus.items(), colors, "*PXosD^", strict=True):
    size = 14 if marker == "*" else 9
    ax.plot(found[:, 1], found[:, 0], marker, color=color, markersize=size, markeredgecolor="white", label=name)
ax.set(xlabel="self-BLEU (→ more alike); one point for each oracle", ylabel="BLEU (↑ better)")
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize=10)
plt.show()

# %% tags=["nbval-ignore-output"]
for name, found in bleus.items():
    print(f"{name:28s} BLEU {found[:, 0].mean():.2f}   self-BLEU {found[:, 1].mean():.2f}")

# %%
new, copier, cold = (bleus[name] for name in ("new real texts", "the copier", "likelihood, temperature 0.6"))
claim("a temperature of 0.6 gets a higher BLEU than new real texts, by over 0.02 with each oracle",
      (cold[:, 0] > new[:, 0] + 0.02).all(), bleus)  # fmt: skip
claim("its self-BLEU is higher as well, by over 0.03 with each", (cold[:, 1] > new[:, 1] + 0.03).all(), bleus)
claim("the copier: both numbers within 0.05 of new real texts, with each", (abs(new - copier) < 0.05).all(), bleus)
off = {name: abs((bleus[name] - new).mean(axis=0)).max() for name in ("the copier", "new real texts, again")}
claim("in the mean of the oracles within 0.03, and so is a second set of new real texts", max(off.values()) < 0.03, off)

# %% [markdown]
# With each of the four oracles BLEU alone prefers the low temperature to *real texts*. The price of its quality is
# diversity, and the second number shows it. The length of the strings matters as well: in a published table
# ([Texygen](https://github.com/geek-ai/Texygen), COCO captions) SeqGAN is ahead of maximum likelihood at BLEU-2, level
# at BLEU-3, and behind at BLEU-4 and -5. Its self-BLEU is worse at all four.
#
# And the two together don't see the copier. How could they? What it prints *are* real texts, and a second set of new
# real texts lies about as far from the first. A model with probabilities can be asked how surprised it is by new text.
# The copier would have to say: infinitely. So if your model has probabilities, use them. If it has none, look for
# quotations (chapter 13), as you look for copies among pictures (chapter 36).

# %% [markdown]
# ## What all this does not show
#
# - **That a text GAN can't win.** Ours are tiny, without roll-outs, with a few settings. Caccia et al. (2020) compared
#   real ones, at real sizes, and found the same order over their whole plane.
# - **That the oracle is like language.** It remembers one letter. Nobody knows how probable a real text is, so quality
#   can't be computed there, and it has more than one side.

# %% [markdown]
# ## Help, I get …
#
# ### `element 0 of tensors does not require grad and does not have a grad_fn`
# The loss depends on drawn letters alone. Use `log_p` of what was drawn (REINFORCE), or `F.gumbel_softmax`.
#
# ### REINFORCE that gets worse and worse
# Check the sign: the loss is *minus* points times `log_p`. Then check the points: are they detached, and is a baseline
# subtracted? Then make the learning rate smaller. In section 4, with three times the rate, SeqGAN covered less than its
# start. (In [chapter 57](57_language_models.ipynb#3.-What-remained:-learning-from-feedback) even points without meaning
# cost coverage at that rate.)
#
# ### A judge whose loss falls to 0, with Gumbel-softmax
# It sees that your letters are soft. Take `hard=True` (straight-through), or a lower temperature.
#
# ### `probability tensor contains either inf, nan or element < 0`
# `torch.multinomial` takes no logits: take their softmax first. And no temperature of 0, which one would divide by: for
# the likeliest letter use `argmax`.
#
# ### A self-BLEU of exactly 1
# Each text stands among its own references. Compare it with the *other* texts only.

# %% [markdown]
# ## Recap
#
# - A drawn letter has no gradient. The mean over all draws has one; for long texts it must be estimated.
# - REINFORCE is right on average and noisy; a baseline takes much of the noise away. Straight-through and
#   Gumbel-softmax ask the judge about vectors that are no letters, and can be misled there.
# - Quality alone says little: a low temperature raises it without any training. Draw quality and coverage, and the
#   whole curve of each writer.
# - Our SeqGAN got better than its start. Maximum likelihood, at a rate too high for SeqGAN, got further, without a
#   judge.
# - Counts of strings (BLEU, self-BLEU) don't notice a writer that copies. If your model has probabilities, use them.

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
# <details><summary>A generator has the BLEU and the self-BLEU of new real texts. Is it good?</summary>
#
# Perhaps, and perhaps it prints what it has learned from. Ask how surprised it is by new texts, or look for quotations.
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

# %% [markdown]
# ## Key terms
#
# {{terms: REINFORCE, policy gradient; baseline of REINFORCE; straight-through; Gumbel-softmax; oracle; temperature;
# self-BLEU}}
