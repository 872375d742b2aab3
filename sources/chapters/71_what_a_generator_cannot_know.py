# %% [markdown]
# # 71 · What a generator can't know
#
# *A generator can copy your data perfectly and still be wrong about what happens when you act. Here you see why, and
# what has to be known besides the data.*
#
# > **You will be able to**
# > - say what an effect is: two possible results of one person, of which you see one
# > - tell seeing (conditioning) from doing (an intervention), in words, in code and in a graph
# > - show that one table fits many stories with different effects, so that no generator can know which is true
# > - remove the bias of a measured common cause in three ways, and say when that fails
# > - tell which columns to adjust for, and which columns make an answer wrong
# >
# > **Before you start** [21 · the adversarial game](21_the_adversarial_game.ipynb), and what a mean, a standard
# > deviation and a correlation are. Other words of statistics are explained where they come.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A school offers an evening course. At the end of the year, pupils who took it have 3.4 points more in the exam than
# those who didn't. Does the course bring 3.4 points?
#
# In this chapter we know the answer, because the school is a program. The course brings **one** point. The rest comes
# from *preparation*: well prepared pupils take the course more often, and they would have done better without it.
# (Imports and helpers are folded.)

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.stats import ks_2samp
from torch import nn

from gan_edu import ensemble, nets, plotting, training
from gan_edu.claims import claim, identity
from gan_edu.widgets import SeeingDoing

plotting.use_style()
WITH, WITHOUT = plotting.NEUTRAL[0], plotting.NEUTRAL[2]


def graph(ax, places, arrows, hidden=(), title=None):
    """Names in circles, and arrows from causes to effects."""
    for name, place in places.items():
        style = dict(boxstyle="circle,pad=0.35", facecolor="#F2F2F2", edgecolor="black")
        style["linestyle"] = ":" if name in hidden else "-"
        ax.text(*place, name, ha="center", va="center", bbox=style, zorder=3, fontsize=12)
    for cause, effect in arrows:
        arrow = dict(arrowstyle="-|>", shrinkA=17, shrinkB=17, color="black", linewidth=1.6)
        ax.annotate("", places[effect], places[cause], arrowprops=arrow)
    ax.set(xlim=(-0.35, 1.35), ylim=(-0.35, 1.35), title=title)
    ax.axis("off")


TRIANGLE = {"U": (0.5, 1.0), "T": (0.0, 0.0), "Y": (1.0, 0.0)}


# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def school(n, seed, coin=False, pull=2.0):
    chance = np.random.default_rng(seed)
    u = chance.normal(size=n)  # U: preparation, which nobody writes down
    wish = 0.5 if coin else sigmoid(pull * u)
    t = (chance.random(n) < wish).astype(float)  # T: 1 takes the course, 0 doesn't
    y = 1.0 * t + 2.0 * u + chance.normal(size=n)  # Y: points in the exam, from an average
    return u, t, y


def contrast(t, y):
    return y[t == 1].mean() - y[t == 0].mean()


many = 500_000
_, t, y = school(many, seed=0)
_, t_coin, y_coin = school(many, seed=1, coin=True)

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(2, 2, figsize=(6.8, 5.2), height_ratios=(1, 1.3), layout="constrained")
graph(axes[0, 0], TRIANGLE, [("U", "T"), ("U", "Y"), ("T", "Y")], "U", "pupils choose")
graph(axes[0, 1], TRIANGLE, [("U", "Y"), ("T", "Y")], "U", "a coin chooses")
for ax, ts, ys in ((axes[1, 0], t, y), (axes[1, 1], t_coin, y_coin)):
    for value, color, name in ((0, WITHOUT, "without"), (1, WITH, "with the course")):
        part = ys[ts == value]
        ax.hist(part, bins=np.linspace(-9, 10, 60), density=True, histtype="step", linewidth=2, color=color, label=name)
        ax.axvline(part.mean(), color=color, linestyle="--")
    ax.set(xlabel="points Y", yticks=[], title=f"means differ by {contrast(ts, ys):.2f}", ylim=(0, 0.25))
axes[1, 0].set_ylabel("share of pupils")
fig.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=10)
plt.show()
claim("where pupils choose, the means differ by 3.3 to 3.5 points", 3.3 < contrast(t, y) < 3.5)
claim("where a coin chooses, by 0.95 to 1.05", 0.95 < contrast(t_coin, y_coin) < 1.05)

# %% [markdown]
# The circles are the columns of the program, and each arrow says "is used to compute". U is dotted, because it is in no
# table. On the right a coin decides who takes the course. The arrow from U to T is gone, both groups are equally well
# prepared on average, and the difference of the means is the effect.
#
# A variable such as U, which drives both the choice and the result, is a **confounder**, a common cause. The left
# difference mixes what the course does with who takes it.

# %% [markdown]
# ## 1. A perfect copy, and the same mistake
#
# Now a generator learns the school's table: the columns T and Y. **Predict, and say why:** what difference will
# *generated* pupils show, with and without the course? 1.0 or 3.4?
#
# We ask two generators. The first is **exact**: the school's own program with another seed, and U thrown away. No
# generator of T and Y can be better. The second is a tiny GAN, eight times with other seeds. It learns from 20,000
# pupils. T is shown to it as −1 or 1 with a little noise, and read by its sign. (`r1` and `ema` steady the
# game: [chapter 22](22_decision_surface.ipynb).)

# %%
_, t_seen, y_seen = school(20_000, seed=2)
spread = y_seen.std()
blur = 0.2 * np.random.default_rng(3).normal(size=len(t_seen))
table = torch.tensor(np.stack([2 * t_seen - 1 + blur, y_seen / spread], axis=1)).float()


def read(samples):
    """(8, N, 2) → the eight contrasts of generated pupils, in points."""
    return np.array([contrast(s[:, 0] > 0, s[:, 1] * spread) for s in samples.numpy()])


settings = dict(lr=2e-3, penalties={"r1": 0.1}, penalty_every=4, ema=0.99)
gans = ensemble.gans(lambda: nets.mlp([3, 24, 24, 2]), lambda: nets.mlp([2, 32, 32, 1]), seeds=8, **settings)
gans = training.run(gans, table, steps=800)
made = gans.sample(20_000)

# %% tags=["nbval-ignore-output"]
_, t_copy, y_copy = school(many, seed=4)
from_gans = read(made)
print(f"seen         {contrast(t_seen, y_seen):.2f}")
print(f"exact copy   {contrast(t_copy, y_copy):.2f}")
print("eight GANs  ", *(f"{value:.2f}" for value in from_gans))
print(f"experiment   {contrast(t_coin, y_coin):.2f}")

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(6.8, 3.0), sharex=True, sharey=True, layout="constrained")
for ax, value, name in ((axes[0], 0, "without the course"), (axes[1], 1, "with the course")):
    real = y_seen[t_seen == value]
    ax.hist(real, bins=50, range=(-8, 9), density=True, color=plotting.REAL, alpha=0.35, label="real")
    for number, s in enumerate(made.numpy()):
        ys = s[(s[:, 0] > 0) == value, 1] * spread
        heights, edges = np.histogram(ys, bins=50, range=(-8, 9), density=True)
        label = "eight GANs" if number == 0 else None
        ax.plot((edges[1:] + edges[:-1]) / 2, heights, color=plotting.FAKE, linewidth=1, label=label)
    ax.set(xlabel="points Y", title=name)
axes[0].set(ylabel="density", yticks=[])
axes[0].legend(fontsize=9)
plt.show()
claim("the exact copy shows the seen difference, within 0.1", abs(contrast(t_copy, y_copy) - contrast(t, y)) < 0.1)
claim("all eight GANs show 3.0 to 3.9 points: not one is near 1", (abs(from_gans - 3.45) < 0.45).all(), from_gans)

# %% [markdown]
# The copy is good, and its answer to "what does the course bring?" is wrong, because it *is* good. A generator learns
# what is in the table. The table holds who chose the course.
#
# Would more pupils help? **Predict, and say why:** what happens to the difference from 100 to 30,000 pupils?

# %%
sizes = [100, 300, 1_000, 3_000, 10_000, 30_000]
spans = []
for n in sizes:
    found = [contrast(*school(n, seed=100 + repeat)[1:]) for repeat in range(100)]
    spans.append(np.quantile(found, [0.025, 0.5, 0.975]))
low, middle, high = np.array(spans).T

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
ax.fill_between(sizes, low, high, color=plotting.REAL, alpha=0.3, label="95 of 100 schools")
ax.plot(sizes, middle, color=plotting.REAL, label="their median")
ax.axhline(1, color="black", linestyle="--", label="the effect")
ax.set(xscale="log", xlabel="pupils in the table", ylabel="difference of means (points)", ylim=(0, 4.9))
ax.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0, 0.26))
plt.show()
claim("from 100 to 30,000 pupils the band gets at least 8 times narrower", high[0] - low[0] > 8 * (high[-1] - low[-1]))
claim("the median stays between 3.3 and 3.55", 3.3 < middle.min() and middle.max() < 3.55, middle)
claim("from 300 pupils on the band doesn't reach down to 2", low[1:].min() > 2, low)

# %% [markdown]
# More data make us *surer of the wrong number*. Two errors are at work:
#
# - **scatter**: another sample of pupils would have given another number. It shrinks with the number of rows.
# - **bias**: the number that we approach isn't the one we asked for. No number of rows changes it.
#
# Generated rows by themselves don't even help against scatter. Here 500 real rows become 50,000 by drawing from them
# again and again, the simplest generator that there is:

# %%
claimed, far = [], []
for seed in range(100):
    _, t_few, y_few = school(500, seed=300 + seed)
    rows = np.random.default_rng(seed).integers(500, size=50_000)
    t_new, y_new = t_few[rows], y_few[rows]
    parts = [y_new[t_new == value] for value in (0, 1)]
    claimed.append(np.sqrt(sum(part.var() / len(part) for part in parts)))  # its standard error
    far.append(abs(contrast(t_new, y_new) - contrast(t, y)))
claim("50,000 rows promise a standard error below 0.02", np.median(claimed) < 0.02, claimed)
claim("the median school misses even the biased 3.42 by more than 4 such errors", np.median(far) > 0.08, far)

# %% [markdown]
# A *standard error* says how far a mean typically lies from what endless data would give. The formula counts 50,000
# independent pupils, and there are 500. A generator that was trained on 500 rows knows what 500 rows know, *and what
# its builder assumed*. Where an assumption is right (say, that Y is Gaussian in each group) it may well help against
# scatter. Against this bias it doesn't.

# %% [markdown]
# ## 2. Seeing and doing
#
# What exactly is "the effect"? Give each pupil **two** results: $Y(1)$, the points *with* the course, and $Y(0)$, the
# points *without* it. They are called **potential outcomes**. One of them happens. The other one would have happened.
# The effect for this pupil is $Y(1) - Y(0)$, and nobody ever sees both.
#
# Our program can compute both. To make it more lifelike, let well prepared pupils gain more: $1 + U/2$ points.


# %%
def both_results(n, seed):
    chance = np.random.default_rng(seed)
    u = chance.normal(size=n)
    t = (chance.random(n) < sigmoid(2 * u)).astype(float)
    without = 2 * u + chance.normal(size=n)
    return t, without, without + 1 + u / 2


t_two, y0, y1 = both_results(many, seed=5)
print("pupil   T    Y(0)    Y(1)   what the table holds")
for i in range(6):
    seen = y1[i] if t_two[i] else y0[i]
    shown = ["   ?  ", f"{y1[i]:6.2f}"] if t_two[i] else [f"{y0[i]:6.2f}", "   ?  "]
    print(f"  {i + 1}     {t_two[i]:.0f}   {shown[0]}  {shown[1]}    Y = {seen:5.2f}")

# %% [markdown]
# Two averages of the effect have names:
#
# - the **average treatment effect**, ATE $= \mathbb{E}[Y(1) - Y(0)]$, over all pupils: what would it bring if everybody
#   took the course, instead of nobody?
# - the **average effect on the treated**, ATT $= \mathbb{E}[Y(1) - Y(0) \mid T = 1]$: what did it bring to those who
#   did take it?
#
# The mistake of section 1 has a formula. Read $\mathbb{E}[Y \mid T=1]$ as "the mean of Y over all with T =
# 1". The table shows each person's own result (**consistency**): $\mathbb{E}[Y \mid T=1]$ is $\mathbb{E}[Y(1) \mid
# T=1]$, and $\mathbb{E}[Y \mid T=0]$ is $\mathbb{E}[Y(0) \mid T=0]$. Now add and subtract $\mathbb{E}[Y(0) \mid T=1]$:
#
# $$\underbrace{\mathbb{E}[Y \mid T=1] - \mathbb{E}[Y \mid T=0]}_{\text{seen}} = \underbrace{\mathbb{E}[Y(1) - Y(0) \mid
# T=1]}_{\text{ATT}} + \underbrace{\mathbb{E}[Y(0) \mid T=1] - \mathbb{E}[Y(0) \mid T=0]}_{\text{selection bias}}$$
#
# The last term compares the two groups *as if nobody had taken the course*.

# %%
y_two = np.where(t_two == 1, y1, y0)
ate, att = (y1 - y0).mean(), (y1 - y0)[t_two == 1].mean()
bias = y0[t_two == 1].mean() - y0[t_two == 0].mean()
print(f"seen {contrast(t_two, y_two):.3f} = ATT {att:.3f} + selection bias {bias:.3f}          (ATE {ate:.3f})")
identity("seen = ATT + selection bias", np.isclose(contrast(t_two, y_two), att + bias))
claim("ATE near 1 (within 0.02), ATT near 1.3 (within 0.03)", abs(ate - 1) < 0.02 and abs(att - 1.3) < 0.03, [ate, att])
claim("most of what is seen is selection", bias > 0.6 * contrast(t_two, y_two), bias)

# %% [markdown]
# Those who chose the course gain more from it than the average pupil. So ATT and ATE are different questions with
# different answers. Say which one you ask.
#
# The same distinction in the language of graphs: $P(Y \mid T = 1)$, "the law of Y among those with T = 1", is
# **seeing**, or conditioning. Keep the rows with $T = 1$, and look at Y. $P(Y \mid \mathrm{do}(T = 1))$ is **doing**:
# put a 1 in the place of the line that computes T, leave all other lines as they are, and run the program again. An
# intervention cuts the arrows *into* T, and only these. (Two results of one person go back to Neyman and Rubin; do and
# the graphs are Pearl's.)

# %% [markdown]
# ### A good forecast isn't an effect
#
# Somebody wants to *forecast* the points of a pupil who took the course, or didn't. The best forecast from T is the
# mean of the rows with the same T. The rival knows the truth: an average level, and one point for the course.
#
# **Predict, and say why:** which one has the smaller squared error next year, when pupils choose again? And in a year
# in which a coin chooses?

# %%
forecast = np.array([y[t == 0].mean(), y[t == 1].mean()])  # E[Y | T]
causal = np.array([y.mean() - 0.5, y.mean() + 0.5])  # what do(T) brings
errors = {}
for year, coin in (("pupils choose", False), ("a coin chooses", True)):
    _, t_next, y_next = school(100_000, seed=6, coin=coin)
    errors[year] = [((y_next - rule[t_next.astype(int)]) ** 2).mean() for rule in (forecast, causal)]
    print(f"{year:15s} forecast {errors[year][0]:.2f}   causal {errors[year][1]:.2f}")
claim("where pupils choose, the forecast is better by at least 1", np.diff(errors["pupils choose"])[0] > 1, errors)
claim("where a coin chooses, the causal rule is, by at least 1", np.diff(errors["a coin chooses"])[0] < -1, errors)

# %% [markdown]
# Each wins where it belongs. *If the world goes on as it was*, the forecast is right to use who chooses the course: T
# tells something about U. *If we act*, T tells nothing about U any more, and the forecast misses.
#
# So "which pupils will do well?" and "what should we offer?" are two questions. Predicting answers the first one,
# causal inference the second.

# %% [markdown]
# ## 3. Many stories, one table
#
# Could a cleverer generator find the 1 in T and Y? Not if it leaves open what the laws look like, and here is the
# reason in two lines. Take *any* number $\tau$, and tell this story:
#
# - a hidden cause H comes first, and T is drawn depending on it. Their law is that of $Y - \tau T$ and T in the table;
# - then $Y = \tau T + H$.
#
# Here H drives T and Y, as U did, and the course brings exactly $\tau$ points. Which table does this story give?

# %%
answers = {}
for tau in (-2.0, 0.0, 1.0, 3.4, 6.0):
    h = y_seen - tau * t_seen  # the hidden cause of this story
    rows = tau * t_seen + h  # the table it gives
    identity(f"effect {tau:4.1f}: the same table, row by row", np.allclose(rows, y_seen))
    answers[tau] = (tau * 1 + h).mean() - (tau * 0 + h).mean()  # do(T = 1) against do(T = 0)
identity("five effects for one table", np.allclose(list(answers), list(answers.values())))

# %% [markdown]
# Five stories, one table, five effects. (If Y can only be 0 or 1, the stories reach less far: the *average* effect
# keeps to a range of width 1, which always holds 0. So the table never settles its sign: Robins 1989, Manski 1990.) A
# generator sees the table only. So any answer about $\mathrm{do}(T)$ is the table *plus an assumption*, and the
# assumption is put in by how the generator is built. Watch it:
#
# A **wired** generator computes T first, then Y. We choose what Y may look at: T, a hidden noise that T has seen as
# well, or both.


# %%
class Wired(nn.Module):
    noise_dim = 3

    def __init__(self, arrow, hidden, seeds=8):
        super().__init__()
        self.arrow, self.hidden, self.seeds = arrow, hidden, seeds
        self.choose = ensemble.stack(self.new(seed, [2, 24, 24, 1]) for seed in range(seeds))
        self.result = ensemble.stack(self.new(50 + seed, [3, 24, 24, 1]) for seed in range(seeds))

    @staticmethod
    def new(seed, sizes):
        torch.manual_seed(seed)
        return nets.mlp(sizes)

    def forward(self, z, do=None):
        hidden, own, last = z.split(1, dim=-1)
        shown = self.choose(torch.cat([hidden, own], dim=-1))
        t = shown + (shown.sign() - shown).detach()  # −1 or 1; the gradient passes as if nothing were rounded
        if do is not None:
            t = shown = torch.full_like(shown, do)  # one line replaced, all others as they were
        return torch.cat([shown, self.result(torch.cat([self.arrow * t, self.hidden * hidden, last], -1))], dim=-1)


# %% [markdown]
# Three wirings. "Hidden only": Y listens to the hidden noise and not to T. "Arrow only": T is all that Y knows of it.
# "Both" is the *true* graph of our school. **Predict, and say why:** what effect will each find, with
# $\mathrm{do}(T=1)$ against $\mathrm{do}(T=0)$?


# %%
def apart(t_other, y_other):
    """How far a table lies from the real one: the largest distance of two distribution functions of Y, given T."""
    pairs = [(y_seen[t_seen == value], y_other[t_other == value]) for value in (0, 1)]
    return max(ks_2samp(*pair, method="asymp").statistic for pair in pairs)


wirings = {"hidden only": (0, 1), "arrow only": (1, 0), "both": (1, 1)}
seen, done, gaps = {}, {}, {}
for name, (arrow, hidden) in wirings.items():
    torch.manual_seed(0)
    critics = ensemble.stack(nets.mlp([2, 32, 32, 1]) for _ in range(8))
    gan = training.run(training.GAN(Wired(arrow, hidden), critics, **settings), table, steps=800)
    samples = gan.sample(20_000)
    seen[name], gaps[name] = read(samples), [apart(s[:, 0] > 0, s[:, 1] * spread) for s in samples.numpy()]
    with torch.no_grad():
        z = gan.noise(20_000)
        one, zero = (gan.nets["average"](z, do=value)[..., 1].mean(dim=1) for value in (1.0, -1.0))
    done[name] = (one - zero).numpy() * spread

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
for place, name in enumerate(wirings):
    jitter = np.linspace(-0.12, 0.12, 8)
    ax.scatter(place - 0.2 + jitter, seen[name], color=plotting.REAL, label="seen" if place == 0 else None)
    ax.scatter(
        place + 0.2 + jitter, done[name], color=plotting.FAKE, marker="^", label="under do" if place == 0 else None
    )
ax.axhline(1, color="black", linestyle="--", label="the effect")
ax.axhline(contrast(t, y), color="black", linestyle=":", label="seen in the data")
ax.set_xticks(range(3), wirings)
ax.set(ylabel="difference of T = 1 and T = 0 (points)", xlim=(-0.5, 2.5))
ax.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
fits = np.concatenate(list(seen.values()))
claim("all 24 copy the table's difference: 2.9 to 4", fits.min() > 2.9 and fits.max() < 4, fits)
identity("hidden only: effect 0, for Y doesn't listen to T", np.allclose(done["hidden only"], 0))
near = abs(done["arrow only"] - seen["arrow only"]).max() < 0.3
claim("arrow only: the effect is what is seen, within 0.3, in all seeds", near, done)
both = done["both"]
claim("both: it varies at least twice as much as what is seen", both.std() > 2 * seen["both"].std(), both)
claim("both: at least seven of eight are off by 0.5 or more", (abs(both - 1) > 0.5).sum() >= 7, both)
claim("both: their median lies nearer to what is seen than to the truth", np.median(both) > 2.2, both)
floor = apart(*school(20_000, seed=8)[1:])
far_off = np.median(list(gaps.values()))
claim("the median copy lies at least 1.5 times as far off as a second school", far_off > 1.5 * floor, gaps)

# %% [markdown]
# All 24 show about the seen difference. Asked for the effect, the first wiring says 0: that was fixed before the first
# step. The second says 3.4. The *number* comes from the table, and the rule "effect = seen difference" from the wiring.
# The third wiring is the *right graph*. Its eight answers are spread out, they lean to the seen difference, and hardly
# one comes near the truth.
#
# Could the discriminator object? The median copy lies at least half as far again from the table as a second school, so
# there is something to find. But a perfect copy is no help: the five stories above fit row by row.

# %% [markdown]
# So knowing the graph isn't enough here. Two kinds of knowledge would help:
#
# - *the cause itself*. With U in the table the graph suffices: that is [section
#   4](#4.-If-the-common-cause-was-measured), and the idea behind CausalGAN, whose generator is wired along a known
#   graph of *measured* causes: [chapter 74](74_causal_gan.ipynb).
# - *the forms*. Who knows that U is Gaussian, that the choice is a logistic curve of it, and that Y is a line with
#   Gaussian noise, can fit the 1 to T and Y alone. (Selection models, [Heckman 1979](https://doi.org/10.2307/1912352),
#   rest on such forms.) But other forms fit the same table: the five stories do. Which forms are true comes from
#   outside.

# %% [markdown]
# ### Which way does the arrow point?
#
# Even with two columns and nothing hidden, the direction can be lost. Let X and Y have a Gaussian law with correlation
# 0.8. Fit "X first, then Y from X", and "Y first, then X from Y", each with a straight line and Gaussian noise.

# %%
chance = np.random.default_rng(7)
a = chance.normal(size=5_000)
b = 0.8 * a + 0.6 * chance.normal(size=5_000)


def story(cause, effect):
    """Mean log-likelihood of `cause first, then effect`, and what one more unit of the cause brings."""
    slope, level = np.polyfit(cause, effect, 1)
    noise = effect - slope * cause - level
    gaussian = [-0.5 * np.log(2 * np.pi * np.e * part.var()) for part in (cause, noise)]
    return sum(gaussian), slope


(forth, brings), (back, _) = story(a, b), story(b, a)
print(f"log-likelihood a row: X → Y {forth:.4f}, Y → X {back:.4f}")
print(f"effect of do(X) on Y: X → Y {brings:.2f}, Y → X 0 (no arrow)")
identity("both stories fit equally well", np.isclose(forth, back))

# %% [markdown]
# In the first story one more unit of X brings 0.8 of Y. In the second, changing X does nothing. Both fit equally well.
#
# That isn't so for *every* law. With a straight line and noise that is *not* Gaussian, only one direction leaves noise
# that is independent of its cause; Shimizu et al. (2006) use this to find arrows. Hoyer et al. (2009) do so for curves
# with added noise. But both assume that nothing is hidden, and a kind of law.

# %% [markdown]
# ## 4. If the common cause was measured
#
# Now somebody writes preparation down. Then we can compare like with like.
#
# Charig et al. (1986) compared treatments of kidney stones. Open surgery succeeded in 273 of 350 patients, percutaneous
# nephrolithotomy (PN, through a small hole) in 289 of 350. Julious & Mullee (1994) split the same patients by the size
# of the stone:
#
# | success | open surgery | PN |
# |---|---|---|
# | small stones (below 2 cm) | 81 of 87 | 234 of 270 |
# | large stones | 192 of 263 | 55 of 80 |
# | all | 273 of 350 | 289 of 350 |
#
# **Predict, and say why:** compute the four rates of success. Which treatment has the higher rate for small stones,
# which for large ones, and which for all together?

# %%
successes = np.array([[81, 234], [192, 55]])  # rows: small, large; columns: open surgery, PN
patients = np.array([[87, 270], [263, 80]])
rate = successes / patients
total = successes.sum(axis=0) / patients.sum(axis=0)
print(f"small  {rate[0, 0]:.1%} open, {rate[0, 1]:.1%} PN")
print(f"large  {rate[1, 0]:.1%} open, {rate[1, 1]:.1%} PN")
print(f"all    {total[0]:.1%} open, {total[1]:.1%} PN")
claim("open surgery has the higher rate for small and for large stones", (rate[:, 0] > rate[:, 1]).all())
claim("and the lower one in total", total[0] < total[1])
claim("three of four open operations were on large stones", abs(patients[1, 0] / 350 - 0.75) < 0.01)
claim("and these succeed less, with either treatment", (rate[1] < rate[0]).all())

# %% [markdown]
# This reversal is called **Simpson's paradox**. It is no contradiction: the totals weigh the sizes differently.
#
# To compare like with like, give both treatments the *same* patients: a share of small stones as among all 700. This is
# **standardisation**. If X holds all common causes,
#
# $$\mathbb{E}[Y \mid \mathrm{do}(T = t)] = \sum_x P(X = x) \, \mathbb{E}[Y \mid T = t, X = x] .$$
#
# The seen mean would use $P(X = x \mid T = t)$ in its place. That is all the difference between seeing and doing here.
#
# **Weighting** does the same from the other side. The **propensity score** $e(x) = P(T = 1 \mid X = x)$ is the share
# that gets the treatment among patients like this. Count each treated patient $1 / e(x)$ times, and each other one $1 /
# (1 - e(x))$ times. Then both groups look like all *in X*, and perhaps in nothing else.

# %%
share = patients.sum(axis=1) / patients.sum()  # of small and of large stones among all
standardised = share @ rate
chosen = patients / patients.sum(axis=1, keepdims=True)  # probability of each treatment, by size
weighted = (successes / chosen).sum(axis=0) / (patients / chosen).sum(axis=0)
noise = np.sqrt(((rate * (1 - rate) / patients).sum(axis=1) * share**2).sum())  # standard error of their difference
print(f"standardised by size: open surgery {standardised[0]:.1%}, PN {standardised[1]:.1%}")
claim("open surgery is 4 to 7 points ahead", 0.04 < -np.diff(standardised)[0] < 0.07)
claim("which is less than two standard errors", -np.diff(standardised)[0] < 2 * noise, noise)
identity("weighting by 1 / propensity gives the same", np.allclose(standardised, weighted))

# %% [markdown]
# Standardised, open surgery is 5 points ahead, and chance alone could explain that. So should a hospital go back to it?
# Not from this table. Its open operations are of 1972–80, those by PN of 1980–85: everything else that changed in these
# years is mixed in. And the size explains the choice only in part. For "standardised" to mean "if all had it", three
# things must hold:
#
# - **Ignorability**: among patients with the same X it is as if a (loaded) coin had chosen, with the chance $e(x)$:
#   $Y(0)$ and $Y(1)$ are independent of T given X. (Also: exchangeability, no unmeasured confounding.) The table can't
#   show whether that is true.
# - **Overlap**: for each x both treatments occur. With few values the table shows it. With many columns each x occurs
#   once, and you look at a fitted $e(x)$ instead. For the *year* there is hardly any overlap, so nobody can adjust for
#   it.
# - **Consistency**, as in section 2: the row shows the result of the treatment that its person had.

# %% [markdown]
# ### Three ways in the school
#
# Back to the school, with U written down, and with 2,000 pupils. Three ways to adjust:
#
# - **regression**: fit $Y \approx a + \tau T + b U$ by least squares, and read $\tau$
# - **standardisation**: cut U into ten slices, and take the mean of their contrasts, weighted by their sizes
# - **weighting**: by 1 / propensity, with the propensity from a logistic regression
#
# The strength of the arrow from U to T is a slider: `pull`. At 0 the choice is a coin; at 4 nearly all of the best
# prepared pupils take the course, and nearly none of the worst. **Predict:** which way suffers first?


# %%
def logistic(x, t, steps=25):
    """Probabilities of a logistic regression of t on x with a constant, by Newton's method."""
    columns, beta = np.stack([np.ones_like(x), x], axis=1), np.zeros(2)
    for _ in range(steps):
        p = sigmoid(columns @ beta)
        beta += np.linalg.solve((columns.T * (p * (1 - p))) @ columns + 1e-6 * np.eye(2), columns.T @ (t - p))
    return sigmoid(columns @ beta)


def by_regression(u, t, y):
    return np.linalg.lstsq(np.stack([t, u, np.ones_like(u)], axis=1), y, rcond=None)[0][0]


def by_slices(u, t, y, count=10):
    which = np.searchsorted(np.quantile(u, np.linspace(0, 1, count + 1)[1:-1]), u)
    usable = [which == k for k in range(count) if 0 < t[which == k].mean() < 1]  # both kinds of pupils
    return sum(contrast(t[rows], y[rows]) * rows.sum() for rows in usable) / sum(rows.sum() for rows in usable)


def by_weights(u, t, y):
    e = logistic(u, t)
    return np.average(y, weights=t / e) - np.average(y, weights=(1 - t) / (1 - e))


# %%
pulls = np.linspace(0, 4, 9)
ways = {"not adjusted": lambda u, t, y: contrast(t, y), "regression": by_regression}
ways |= {"ten slices": by_slices, "weights": by_weights}
found = {name: np.empty((len(pulls), 40)) for name in ways}
for i, pull in enumerate(pulls):
    for seed in range(40):
        columns = school(2_000, seed=1_000 + seed, pull=pull)
        for name, way in ways.items():
            found[name][i, seed] = way(*columns)

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(6.8, 3.7), layout="constrained")
looks = zip(
    ways, ((plotting.REAL, "-"), (plotting.NEUTRAL[0], "-."), (plotting.DISC, ":"), (plotting.FAKE, "--")), strict=True
)
for name, (color, line) in looks:
    axes[0].plot(pulls, np.median(found[name], axis=1), color=color, linestyle=line, linewidth=2, label=name)
    axes[1].plot(pulls, found[name].std(axis=1), color=color, linestyle=line, linewidth=2)
axes[0].axhline(1, color="black", linewidth=1)
axes[0].set(xlabel="pull: strength of U → T", ylabel="median estimate (points)", title="where it lies (truth 1)")
axes[1].set(xlabel="pull: strength of U → T", ylabel="standard deviation (points)", title="how much it scatters")
fig.legend(loc="outside lower center", ncols=4, fontsize=9)
plt.show()

# %%
middle = {name: np.median(values, axis=1) for name, values in found.items()}
scatter = {name: values.std(axis=1) for name, values in found.items()}
claim("at pull 0 all four are right, within 0.15", max(abs(m[0] - 1) for m in middle.values()) < 0.15, middle)
plain = middle["not adjusted"]
claim("not adjusted: it rises at each step, to more than 3.8", (np.diff(plain) > 0).all() and plain[-1] > 3.8, plain)
claim("regression stays within 0.1 everywhere", abs(middle["regression"] - 1).max() < 0.1, middle["regression"])
claim("ten slices: 0.05 to 0.4 too high at pull 2", 0.05 < middle["ten slices"][4] - 1 < 0.4, middle["ten slices"])
claim("and already at pull 1 they're further off than weights are",
      middle["ten slices"][2] - 1 > abs(middle["weights"][2] - 1), middle)  # fmt: skip
claim("at pull 2 weights are within 0.2", abs(middle["weights"][4] - 1) < 0.2, middle["weights"])
wide = scatter["weights"]
claim("from pull 1 to 4 weights scatter at least 3 times more", wide[8] > 3 * wide[2], scatter)

# %% [markdown]
# Without adjusting the error grows with the slider. Regression stays right. The slices suffer first: ten are a little
# too coarse, and within a slice the better prepared still choose more often. Weights hold longer, but at strong pulls
# they scatter more and more, and drift. At pull 4 a pupil with low U who takes the course is so rare that this one gets
# an enormous weight. Poor **overlap** harms slices, too: one that has pupils of one kind only is left out, and the
# answer is about the others.

# %% [markdown]
# ### Each way has its privilege
#
# So far all three were given what they need: the law of Y *is* a line in U, the choice *is* a logistic curve of U, and
# the course brings the same to everybody. Take that away. In the *bent* school very good preparation counts extra
# ($U^2$ more for positive U). In the *step* school 85 % of the pupils with $U > 0.5$ take the course, and 15 % of the
# others, so overlap is good. In the last one the course brings $1 + U/2$, and fewer than three in ten take it.
#
# **Predict, and say why:** which way will be wrong in which school?


# %%
def other_school(n, seed, bent=0.0, step=False, gain=0.0, level=0.0):
    chance = np.random.default_rng(seed)
    u = chance.normal(size=n)
    wish = np.where(u > 0.5, 0.85, 0.15) if step else sigmoid(2 * u + level)
    t = (chance.random(n) < wish).astype(float)
    y = (1 + gain * u) * t + 2 * u + bent * np.maximum(u, 0) ** 2 + chance.normal(size=n)
    return u, t, y


schools = {"as before": {}, "bent": dict(bent=1.0), "step": dict(step=True), "bent, step": dict(bent=1.0, step=True)}
schools["unequal gain"] = dict(gain=0.5, level=-1.5)

# %%
four = [by_regression, by_slices, lambda u, t, y: by_slices(u, t, y, 50), by_weights]
table_of = {}
print("average effect 1    regression  10 slices  50 slices  weights")
for name, kinds in schools.items():
    told = [[way(*other_school(2_000, 2_000 + seed, **kinds)) for way in four] for seed in range(40)]
    table_of[name] = np.median(told, axis=0)
    print(f"{name:20s}" + "".join(f"{value:10.1f}" for value in table_of[name]))

# %%
regression, _, fifty, weights = np.array([table_of[name] for name in schools]).T
claim("as before: 50 slices are within 0.1", abs(fifty[0] - 1) < 0.1, table_of)
claim("bent: regression is off by 0.1 or more, with either choice", (abs(regression[[1, 3]] - 1) > 0.1).all(), table_of)
claim("step: weights reverse the sign, with a line and with a bend", (weights[2:4] < -0.1).all(), table_of)
claim("50 slices stay within 0.15 in these four", (abs(fifty[:4] - 1) < 0.15).all(), table_of)
claim("unequal gain: regression says 0.15 to 0.45 too much", 0.15 < regression[4] - 1 < 0.45, table_of)

# %% [markdown]
# With a bend the line is wrong, and regression with it. With a step the logistic curve is wrong: far from the middle it
# promises a propensity near 0 or 1 which isn't there, and weights get the *sign* wrong though overlap is good. Fifty
# slices assume little and do well in the first four, because there is one column and 2,000 pupils. Slice by ten columns
# at once, and nearly all slices are empty.
#
# In the last school regression finds neither the average effect 1 nor that on the treated, which is about 1.45. One
# slope for all is a mixture of effects with weights of its own. (Ten slices and weights miss here as well, by 0.2,
# fifty slices by 0.1. The form of the weights is right; overlap is poor.)
#
# So say by what form you adjusted, and for whom.

# %% [markdown]
# ## 5. Columns that make it worse
#
# "Then adjust for everything that was written down!" No. A column can lie elsewhere in the graph:
#
# - a **mediator** M lies on the way, $T \to M \to Y$: the course makes pupils practise, and practice brings points
# - a **collider** C is a common *effect*, $T \to C \leftarrow Y$: the score of a jury, $2T + 2Y$ and noise, for who
#   took the course and who has many points
#
# **Predict, and say why:** the true effect is 1 in all three worlds. What will a regression say that includes the extra
# column? And which of the columns helps most to *forecast* Y?


# %%
def worlds(n, seed):
    """name → (T, the extra column, Y); the effect of T on Y is 1 in each."""
    chance = np.random.default_rng(seed)
    e = chance.normal(size=(4, n))
    u = e[0]
    t_wish, t_coin = (chance.random(n) < sigmoid(2 * u)).astype(float), (chance.random(n) < 0.5).astype(float)
    practice = t_coin + 0.5 * e[1]
    y = t_coin + e[3]
    return {
        "confounder": (t_wish, u, t_wish + 2 * u + e[3]),
        "mediator": (t_coin, practice, practice + e[3]),
        "collider": (t_coin, 2 * t_coin + 2 * y + e[2], y),
    }


def fitted(columns, y):
    """The first column's coefficient, and the share of the variance of Y that the fit explains."""
    x = np.stack([*columns, np.ones_like(y)], axis=1)
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    return beta[0], 1 - (y - x @ beta).var() / y.var()


# %%
results = {name: [] for name in worlds(5, 0)}
for seed in range(8):
    for name, (treat, column, points) in worlds(5_000, 40 + seed).items():
        results[name].append([fitted(columns, points) for columns in ((treat,), (treat, column))])
results = {name: np.array(values) for name, values in results.items()}  # (8 seeds, without and with, 2)
print("               effect of T (truth 1)       explained share of Y")
print("extra column    without      with           without    with")
for name, values in results.items():
    (plain, r0), (extra, r1) = np.median(values, axis=0)
    print(f"{name:15s} {plain:5.1f}       {extra.round(1) + 0.0:6.1f}            {r0:4.0%}     {r1:4.0%}")

# %%
error = {name: abs(values[:, :, 0] - 1) for name, values in results.items()}  # (8 seeds, without and with)
claim("confounder: with it within 0.15, without it off by 2 or more, in all seeds",
      (error["confounder"][:, 1] < 0.15).all() and (error["confounder"][:, 0] > 2).all(), error)  # fmt: skip
for name in ("mediator", "collider"):
    good, bad = error[name].T
    right = (good < 0.15).all() and (bad > 0.7).all()
    claim(f"{name}: without it within 0.15, with it off by 0.7 or more", right, error)
gains = {name: values[:, 1, 1] - values[:, 0, 1] for name, values in results.items()}
claim("each column makes the forecast better, in all seeds", min(gain.min() for gain in gains.values()) > 0.02, gains)
claim("the collider explains most of Y in the end", np.median(results["collider"][:, 1, 1]) > 0.75, results["collider"])

# %% [markdown]
# All three columns improve the forecast, and the collider does so most. One of the three is needed, and two do harm.
# With the mediator the regression asks "what does the course bring, *if practice stays the same*?" Nothing, for it
# works by practice. With the collider it compares pupils with the same score. Among these, those without the course
# must have had more points. Here that even reverses the sign. How much it does depends on our 2: with $aT + aY$ the
# answer is $(1 - a^2) / (1 + a^2)$, which is 0 for $a = 1$.
#
# So choosing columns by how well they forecast can choose the harmful ones. In all three tables the extra column goes
# with T and with Y, so correlation doesn't sort them. What tells them apart is *when* a column was settled, and *what*
# it depends on: the graph. Rules of thumb: adjust for common causes; don't adjust for what the treatment has changed.
# (Even a column from before can be a collider, if hidden causes of T and of Y meet there: Greenland 2003, and *M* in
# the widget below.)

# %% [markdown]
# ### Draw the graph yourself
#
# Here each column is the sum of its causes, each times the strength of its arrow, and noise. So the mean of Y is a line
# in T, and its slope says it all. Left you *see* the table as it is. Right you *do*: scissors cut the arrows into T.
# Drag from circle to circle to draw an arrow; pull its slider; tick *adjust for*.
#
# **Predict, and say why,** before you pull U → T down to 0: which of the two slopes will change, 2.00 (seen) or 1.00
# (done)?

# %%
SeeingDoing("fork")

# %%
world = SeeingDoing("fork")  # a second one, so that yours stays as you left it
for strength in (0, 0.5, 1, 2):
    world.set(strengths={"U->T": strength}, given=["U"])
    print(f"U → T {strength:3}: seen {world.seen:.2f}, done {world.done:.2f}, adjusted for U {world.adjusted:.2f}")

# %% [markdown]
# Only the seen slope changes, for doing cuts this arrow anyway. At 0 the two agree, as where a coin decided (at the
# start of this chapter). (From 1 to 2 the seen slope falls, for T itself varies more.)
#
# Now choose *instrument*: a column Z that moves T and nothing else, such as the distance to the course. U is hidden.
# **Predict, and say why:** Z is no common cause. Will adjusting for it help, harm, or do nothing?

# %%
off = {}
for u, z in [(u, z) for u in (0.5, 1, 2) for z in (0.5, 1, 2)]:
    world.set(preset="instrument", strengths={"U->T": u, "Z->T": z}, given=["Z"])
    off[u, z] = world.seen - world.done, world.adjusted - world.done
print("off by {:.2f} without Z, by {:.2f} with Z".format(*off[1, 2]))
identity("further off with Z, at nine pairs of strengths", all(more > plain > 0 for plain, more in off.values()))

# %% [markdown]
# It harms. Z explains a part of T, and what is left of T is explained by U all the more. [Pearl
# (2010)](https://arxiv.org/abs/1203.3503) calls this **bias amplification**. Leave such a column out of the adjustment.

# %% [markdown]
# ## What all this does not show
#
# - **That generators are useless for cause and effect.** If *you* know the truth that is built into a generator, you
#   can test methods on it: [chapter 73](73_generators_that_judge.ipynb) does. If you know the graph and measured its
#   causes, a generator can follow it: [chapter 74](74_causal_gan.ipynb).
# - **That experiments answer everything.** A coin gives the average effect in the people who took part. Others may
#   differ, and pupils who talk to each other break the idea that each has two results of their own.
# - **That adjusting works with real data.** Here we knew that U was the only common cause.

# %% [markdown]
# ## Help, I get …
#
# ### The contrast is NaN
# One group is empty: all rows have the same T. Print `t.mean()`. Comparisons also fail when T is stored as text, or as
# −1 and 1 (then `t == 0` finds nobody).
#
# ### My weights are huge, or infinite
# Some propensity is near 0 or 1. Draw a histogram of it for both groups. Where one group has nobody, no method can
# compare; leave these people out, and say for whom the answer holds.
#
# ### `overflow encountered in exp`, and NaN as the answer of weights
# T can be predicted perfectly from X, so the logistic fit runs away. Look at the overlap. (`LinAlgError: Singular
# matrix` from your own `solve` has another cause: two columns say the same. Remove one.)

# %% [markdown]
# ### The three ways disagree
# Then the answer depends on the form of the model (a line, slices) or on few people with large weights. Look at overlap
# first. Don't report the one that you like.
#
# ### Adjusting changed the sign
# That can be an improvement (kidney stones by size) or a mistake (a collider). The numbers can't tell. Draw the graph,
# and ask of each column: was it settled before the treatment? What causes it?

# %% [markdown]
# ## Recap
#
# - An effect compares two possible results of the same people. Seeing keeps rows; doing replaces one line of the
#   program that makes them.
# - A perfect generator of T and Y copies the confounded difference. More rows make the wrong number precise.
# - With a hidden common cause one table fits many stories with different effects. What a generator says about doing is
#   the table plus an assumption, and the assumption comes from its wiring.
# - A measured common cause can be removed by regression, standardisation or weights, if there is overlap, nothing else
#   is hidden, and the form (a line, slices, a logistic curve) is right.
# - Adjusting for a mediator or a collider makes right answers wrong, while it improves the forecast.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Your company trains a GAN on customer data, and its samples can't be told from real ones. May you
# use them to find out what a discount would bring?</summary>
#
# Not more than the real data. If customers with a discount differ from the others for reasons that aren't in the table,
# both tables give the same biased answer. A coin, or measured reasons, would help.
#
# </details>
#
# <details><summary>What is the difference between P(Y | T = 1) and P(Y | do(T = 1)) when T was decided by a
# coin?</summary>
#
# None. Those with T = 1 are in everything else like all, on average. So looking at them is like giving it to
# everybody.
#
# </details>
#
# <details><summary>A study of a drug adjusts for blood pressure measured one month after the treatment began. What do
# you ask?</summary>
#
# Does the drug work by changing blood pressure? Then it is a mediator, and adjusting removes part of the effect. Blood
# pressure *before* the treatment would be the right column.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Hernán, Hsu & Healy 2019, A Second Chance to Get Causal Inference Right](https://arxiv.org/abs/1804.10846): short,
#   on describing, forecasting and finding causes as three different tasks.
# - [Rosenbaum & Rubin 1983, The central role of the propensity score](https://doi.org/10.1093/biomet/70.1.41):
#   ignorability and the propensity score, in the language of two possible results.
# - [Pearl 1995, Causal diagrams for empirical research](https://doi.org/10.1093/biomet/82.4.669): do, and which columns
#   to adjust for in a given graph.
# - [Charig et al. 1986, Comparison of treatment of renal calculi](https://pmc.ncbi.nlm.nih.gov/articles/PMC1339981/):
#   the source of the totals.
# - [Julious & Mullee 1994, Confounding and Simpson's paradox](https://doi.org/10.1136/bmj.309.6967.1480): the same
#   patients by the size of their stones.
# - [Greenland 2003, Quantifying biases in causal models](https://doi.org/10.1097/01.ede.0000042804.12056.6c):
#   confounding against collider bias, in numbers.
# - [Kocaoglu et al. 2018, CausalGAN](https://arxiv.org/abs/1709.02023): a generator wired along a graph that is known,
#   for pictures and their labels.
# - [Shimizu et al. 2006, A Linear Non-Gaussian Acyclic Model for Causal
#   Discovery](https://jmlr.org/papers/v7/shimizu06a.html): when the direction of an arrow can be read from data.
# - [Hoyer et al. 2009, Nonlinear causal
#   discovery](https://papers.neurips.cc/paper_files/paper/2008/hash/f7664060cc52bc6f3d620bcedc94a4b6-Abstract.html):
#   the same with curves and added noise.

# %% [markdown]
# ## Key terms
#
# {{terms: confounder; potential outcome; selection bias; ATE, average treatment effect; ATT; intervention, do(·);
# ignorability; standardisation; Simpson's paradox; overlap; propensity score; mediator; collider}}
