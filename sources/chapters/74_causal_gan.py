# %% [markdown]
# # 74 · A causal GAN
#
# *Give a generator one small net for each variable, wired as causes are wired in the world. Then it can answer what
# would happen if you acted. Here you see when that answer is right, and when nobody could give it.*
#
# > **You will be able to**
# > - build a generator along a graph, train it on observations, and ask it what is seen and what would happen
# > - show a wrong graph that fits the data as well as the right one, and say why it can
# > - say what *identifiable* means, and test it by pushing a generator
# > - use the front door and an instrument where a common cause is hidden, and say what each assumes
# > - tell what gene expression alone can't say, and what a knock-out adds
# >
# > **Before you start** [71 · what a generator can't know](71_what_a_generator_cannot_know.ipynb) explains seeing,
# > doing, hidden causes and instruments.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A clinic prescribes a drug. Of the patients who get it 55% recover, of the others 64%. Does the drug harm?
#
# The clinic is a program of five lines, one for each column: Z (the doctor on duty likes the drug), S (a severe case),
# T (the drug is prescribed), M (the patient takes it), Y (recovers). All are 0 or 1. Severe cases get the drug more
# often, and recover less often. (Imports and helpers are folded.)

# %% jupyter={"source_hidden": true}
from itertools import combinations, product

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import nn

from gan_edu import ensemble, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
PURPLE, GREY, GOLD = plotting.NEUTRAL[:3]


def graph(ax, places, arrows, hidden=(), title=None, fixed=()):
    """Names in circles (in squares where they're set by hand), and arrows from causes to effects."""
    for name, place in places.items():
        shape = "square,pad=0.4" if name in fixed else "circle,pad=0.35"
        style = dict(boxstyle=shape, facecolor="#F2F2F2", edgecolor="black", linestyle=":" if name in hidden else "-")
        ax.text(*place, name, ha="center", va="center", bbox=style, zorder=3, fontsize=11)
    for cause, effect in arrows:
        arrow = dict(arrowstyle="-|>", shrinkA=15, shrinkB=15, color="black", linewidth=1.5)
        ax.annotate("", places[effect], places[cause], arrowprops=arrow)
    ax.set(xlim=(-0.4, 1.4), ylim=(-0.4, 1.4))
    ax.set_title(title, fontsize=11)
    ax.axis("off")


CLINIC = {"Z": (-0.1, 0.9), "S": (0.6, 1.0), "T": (-0.1, 0.0), "M": (0.55, 0.0), "Y": (1.2, 0.0)}


# %%
def clinic(n, seed, do=None, pull=0.3, care=0.0):
    """n patients: a dict of five columns. do: columns that are set by hand, such as {"T": 1}."""
    chance, do = np.random.default_rng(seed), do or {}

    def draw(name, share):
        luck = chance.random(n)
        return np.full(n, float(do[name])) if name in do else (luck < share).astype(float)

    z = draw("Z", 0.5)
    s = draw("S", 0.4)
    t = draw("T", 0.25 - pull / 2 + 0.55 * s + pull * z)
    m = draw("M", 0.1 + 0.8 * t)
    y = draw("Y", 0.7 - 0.55 * s + 0.25 * m + care * z)
    return {"Z": z, "S": s, "T": t, "M": m, "Y": y}


patients = clinic(50_000, seed=0)
seen = np.array([patients["Y"][patients["T"] == t].mean() for t in (0, 1)])
done = np.array([clinic(500_000, seed=1, do={"T": t})["Y"].mean() for t in (0, 1)])

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 3, figsize=(6.8, 2.7), width_ratios=(1, 1, 1.1), layout="constrained")
arrows = ["ZT", "ST", "SY", "TM", "MY"]
graph(axes[0], CLINIC, arrows, title="seeing: as it is")
graph(axes[1], CLINIC, arrows[2:], title="doing: we set T", fixed="T")
for place, values, color in ((0, seen, plotting.REAL), (2.6, done, GOLD)):
    axes[2].bar([place, place + 1], values, color=color, alpha=0.75, width=0.85)
    for x, value in zip((place, place + 1), values, strict=True):
        axes[2].text(x, value + 0.01, f"{value:.2f}", ha="center", fontsize=10)
axes[2].set_xticks([0, 1, 2.6, 3.6], ["T=0", "T=1", "do\nT=0", "do\nT=1"], fontsize=10)
axes[2].set(ylim=(0, 0.85), ylabel="share that recovers")
plt.show()
claim("seen: with the drug 8 to 11 points fewer recover", -0.11 < seen[1] - seen[0] < -0.08, seen)
claim("done: 19 to 21 points more would recover", 0.19 < done[1] - done[0] < 0.21, done)

# %% [markdown]
# An intervention cuts the arrows into T. On the left the difference mixes the drug with who gets it, and even its
# *sign* is wrong. (With real counts you met this in [chapter
# 71](71_what_a_generator_cannot_know.ipynb#4.-If-the-common-cause-was-measured): kidney stones, Simpson's paradox.)
#
# A generator that is wired like the left graph can be cut like the right one. That is the idea of **CausalGAN**
# (Kocaoglu et al. 2018; they call this part the *causal controller*).

# %% [markdown]
# ## 1. One small net for each variable
#
# First everything is measured that matters: S, T and Y. (M and Z may stay out: M lies on the way from T to Y, and Z
# moves only T.) The graph is S → T, S → Y, T → Y. In the generator each variable has a net of its own. It sees the
# *parents*, the variables with an arrow to it, and makes one number, a logit. To this its own noise is added, and the
# variable is 1 where the sum is positive.
#
# With *logistic* noise $\varepsilon$, $P(\text{logit} + \varepsilon > 0) = \sigma(\text{logit})$. So the net says with
# which probability the variable is 1, given its parents.


# %%
def small(sizes, first, seeds):
    """One small net for each seed, first, first + 1, …"""
    for seed in range(first, first + seeds):
        torch.manual_seed(seed)
        yield nets.mlp(sizes)


class Wired(nn.Module):
    def __init__(self, wiring, shown, seeds):
        """wiring: {variable: its parents}, causes first. H is hidden: nothing but noise. shown: what D gets to see."""
        super().__init__()
        self.wiring, self.shown, self.noise_dim, self.seeds = wiring, shown, len(wiring), seeds
        self.mechanisms = nn.ModuleDict()
        for number, (name, parents) in enumerate(wiring.items()):
            if name != "H":
                self.mechanisms[name] = ensemble.stack(small([len(parents) + 1, 8, 1], 100 * number, seeds))

    def forward(self, noise, do=None):
        values, do = {}, do or {}
        for own, (name, parents) in zip(noise.split(1, dim=-1), self.wiring.items(), strict=True):
            if name in do or name == "H":
                values[name] = torch.full_like(own, do[name]) if name in do else own
                continue
            logit = self.mechanisms[name](torch.cat([values[p] for p in parents] + [torch.ones_like(own)], dim=-1))
            soft = torch.sigmoid(logit + torch.special.ndtr(own).clamp(1e-6, 1 - 1e-6).logit())  # logistic noise
            values[name] = soft + (soft.round() - soft).detach()  # 0 or 1; the gradient is that of soft
        return torch.cat([values[name] for name in self.shown], dim=-1)


# %% [markdown]
# (Rounding has no gradient. The line before the last passes it as if nothing were rounded; [chapter
# 56](56_text.ipynb#1.-A-drawn-letter-has-no-gradient) explains why something like that is needed.)
#
# The discriminator sees the three values and all their products, and is linear in them. With three columns of 0 and 1
# there are eight kinds of rows, and such a line can give each kind a score of its own. So it is as strong as any
# discriminator here. We train eight causal GANs side by side.


# %%
class Judge(nn.Module):
    def __init__(self, columns, seeds):
        super().__init__()
        sizes = range(1, columns + 1)
        self.groups = [list(group) for size in sizes for group in combinations(range(columns), size)]
        self.line = ensemble.stack(nets.mlp([len(self.groups), 1]) for _ in range(seeds))

    def forward(self, x):
        signs = 2 * x - 1
        return self.line(torch.stack([signs[..., group].prod(dim=-1) for group in self.groups], dim=-1))


settings = dict(lr=(0.01, 0.05), penalties={"r1": 0.03}, penalty_every=4, ema=0.99)


def train(wiring, shown, kind=training.GAN, seeds=8, steps=500):
    torch.manual_seed(0)
    gan = kind(Wired(wiring, shown, seeds), Judge(len(shown), seeds), **settings)
    rows = torch.tensor(np.stack([patients[name] for name in shown], axis=1)).float()
    return training.run(gan, rows, steps=steps, batch=512)


right = train({"S": "", "T": "S", "Y": "ST"}, "STY")

# %% [markdown]
# Now two questions to the same nets.
#
# - *Seeing*: generate patients, keep those with T = 1, and count who recovers.
# - *Doing*: put a 1 in the place of T's net, generate, and count. Y's net gets the 1, S's net is asked as before.
#
# **Predict, and say why:** the nets never saw an intervention. How near will $P(Y \mid \mathrm{do}(T))$ come to the
# truth, 0.505 and 0.705: within 0.02, within 0.1, or not at all?


# %%
def asked(gan, n=50_000):
    """Shares that recover: (2, seeds) for T = 0, 1 as seen, and the same under do(T)."""
    y, t = (gan.generator.shown.index(name) for name in "YT")
    rows = gan.sample(n).numpy()
    as_seen = [[one[one[:, t] == value, y].mean() for one in rows] for value in (0, 1)]
    with torch.no_grad():
        under_do = [gan.nets["average"](gan.noise(n), do={"T": value})[..., y].mean(dim=1) for value in (0.0, 1.0)]
    return np.array(as_seen), torch.stack(under_do).numpy()


def counted(rows):
    """The share of each kind of rows (N, k) of zeros and ones: (2, …, 2)."""
    kinds = (rows @ 2 ** np.arange(rows.shape[1])[::-1]).astype(int)
    return np.bincount(kinds, minlength=2 ** rows.shape[1]).reshape((2,) * rows.shape[1]) / len(rows)


gan_seen, gan_done = asked(right)
p = counted(np.stack([patients[name] for name in "STY"], axis=1))  # p[s, t, y]
adjusted = np.array([sum(p[s].sum() * p[s, t, 1] / p[s, t].sum() for s in (0, 1)) for t in (0, 1)])

# %% tags=["nbval-ignore-output"]
for t in (0, 1):
    found = " ".join(f"{value:.3f}" for value in gan_done[t])
    print(f"do(T={t}): truth {done[t]:.3f}   eight GANs {found}   counts {adjusted[t]:.3f}")

# %%
far = abs(gan_done - done[:, None]).max(axis=0), abs(gan_seen - seen[:, None]).max(axis=0)
claim(
    "do(T): seven of eight GANs within 0.02, all within 0.03", (far[0] < 0.02).sum() >= 7 and far[0].max() < 0.03, far
)
claim("seen: seven of eight within 0.02, all within 0.03", (far[1] < 0.02).sum() >= 7 and far[1].max() < 0.03, far)
claim("the adjustment formula, with counts: within 0.012", abs(adjusted - done).max() < 0.012, adjusted)

# %% [markdown]
# The GANs answer both questions, from observations alone. Why can they? All causes of T and Y that these two share are
# in the table. So among patients with the same S and T, Y's net learns $P(Y \mid S, T)$, and that line of the program
# stays as it is when we act. Doing only changes *who comes with which T*, and that is the wire we cut. What it needs:
# the right graph, nothing hidden that T and Y share, and each pair (s, t) in the data.
#
# But look at the last line. The **adjustment formula** $\sum_s P(s) \, P(Y \mid s, t)$, with counted shares, is exact
# up to the luck of 50,000 patients, and needs no training. For three columns of zeros and ones a GAN is a toy. A net is
# worth its trouble where counting ends. In the paper the last variable is a *picture* of a face: the labels (mustache,
# male, …) come from such a small generator, and a conditional GAN draws faces for them. Asked to see mustaches, it
# draws men; under do(mustache = 1) it draws women with mustaches as well, who aren't in the data.

# %% [markdown]
# ## 2. A dose instead of yes or no
#
# The same with real numbers. S is now severity, D a dose, Y how well the patient is. Severe cases get higher doses.
# Higher doses help, less and less.
#
# Three nets again, each with Gaussian noise of its own as an input. Beside them stands a plain rival: fit Y on S and D
# by *boosted trees* (many small trees, each fitted to the errors so far), set D to a dose for *all* patients, and take
# the mean of the predictions.
#
# **Predict, and say why:** will the GANs' curves rise or fall at high doses? And whose curve will be nearer to the
# truth?


# %%
def ward(n, seed, do=None, lots=False):
    """lots: the dose is drawn by lot, whatever S is."""
    s, e, f = np.random.default_rng(seed).normal(size=(3, n))
    d = np.full(n, do) if do is not None else e if lots else 0.8 * s + 0.6 * e
    return np.stack([s, d, 2 * np.tanh(1.5 * d) - 1.5 * s + 0.5 * f], axis=1)


class Dosed(nn.Module):
    noise_dim = 3

    def __init__(self, seeds=8):
        super().__init__()
        self.seeds = seeds  # each net sees the variables before its own, and a noise
        self.s, self.d, self.y = (ensemble.stack(small([k, 16, 16, 1], 100 * k, seeds)) for k in (1, 2, 3))

    def forward(self, z, do=None):
        s = self.s(z[..., :1])
        d = self.d(torch.cat([s, z[..., 1:2]], dim=-1)) if do is None else torch.full_like(s, do)
        return torch.cat([s, d, self.y(torch.cat([s, d, z[..., 2:]], dim=-1))], dim=-1)


# %%
doses = np.linspace(-1.5, 1.5, 13)
steady = dict(lr=(0.002, 0.008), penalties={"r1": 0.05}, penalty_every=4, ema=0.99)


def curves(rows):
    """What eight GANs say of the mean of Y under each dose: (8, 13)."""
    torch.manual_seed(0)
    judges = ensemble.stack(nets.mlp([3, 32, 32, 1]) for _ in range(8))
    gan = training.run(training.GAN(Dosed(), judges, **steady), torch.tensor(rows).float(), steps=600)
    with torch.no_grad():
        noise = gan.noise(4_000)
        return np.stack([gan.nets["average"](noise, do=float(d))[..., 2].mean(dim=1).numpy() for d in doses], axis=1)


# %%
cases = ward(10_000, seed=2)
by_gans, by_lot = curves(cases), curves(ward(10_000, seed=2, lots=True))
trees = HistGradientBoostingRegressor(max_iter=60, random_state=0).fit(cases[:, :2], cases[:, 2])
by_trees = np.array([trees.predict(np.stack([cases[:, 0], np.full(10_000, d)], axis=1)).mean() for d in doses])
truth = np.array([ward(100_000, seed=3, do=d)[:, 2].mean() for d in doses])
as_seen = np.array([cases[abs(cases[:, 1] - d) < 0.125, 2].mean() for d in doses])

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.6, 3.5), layout="constrained")
ax.plot(doses, as_seen, color=plotting.REAL, linestyle="-.", label="seen: E[Y | D]")
for number, line in enumerate(by_gans):
    ax.plot(doses, line, color=plotting.FAKE, linewidth=1, label="eight GANs, do(D)" if number == 0 else None)
ax.plot(doses, by_trees, color=PURPLE, linestyle=":", linewidth=2.5, label="trees, do(D)")
ax.plot(doses, truth, color="black", linestyle="--", label="truth, do(D)")
ax.set(xlabel="dose D (standard deviations)", ylabel="mean of Y")
ax.legend(fontsize=9, loc="upper left")
plt.show()

# %%
off, half = abs(by_gans - truth), abs(doses) == 0.5
claim("seen: from dose 0.5 to 1.5 it falls", as_seen[-1] < as_seen[doses == 0.5][0], as_seen)
claim("all eight GANs rise by at least 2.5 from −1.5 to 1.5", (by_gans[:, -1] - by_gans[:, 0] > 2.5).all(), by_gans)
bend = np.median(abs(by_gans[:, half]), axis=0) - abs(truth[half])
claim("at doses of −0.5 and 0.5 the median GAN bends too little, by 0.1 or more", bend.max() < -0.1, bend)
scatter = by_gans.std(axis=0)
claim("the eight scatter more at both ends than there", min(scatter[[0, -1]]) > max(scatter[half]), scatter)
less = by_lot.std(axis=0)[[0, -1]] / scatter[[0, -1]]
claim("trained on doses by lot they scatter at most 0.75 times as much, at one end at least", less.min() < 0.75, less)
mild = (cases[cases[:, 1] > 1.25, 0] < 0).mean()
claim("of the patients with a dose above 1.25 fewer than 8 % have S below 0", mild < 0.08, mild)
claim("the trees' largest error is below 0.35", abs(by_trees - truth).max() < 0.35, by_trees - truth)
claim("and smaller than that of at least 7 of 8 GANs", (off.max(axis=1) > abs(by_trees - truth).max()).sum() >= 7, off)

# %% [markdown]
# Seen, more than a middle dose looks harmful, because severe cases get it. All eight GANs know better. Yet the plain
# rival is nearer to the truth than they are, and it was trained in a moment. After 600 steps the GANs' curves are too
# straight in the middle. At the ends they disagree, and there the data say little: do(D = 1.5) is about *all*
# patients, half of them with S below 0, and of those who got so much hardly anybody is. That is poor *overlap* again.
# Without it, on a ward where the dose is drawn by lot, eight more GANs agree better at the ends. (With one of five
# other sets of seeds only at one of them.)
#
# What the GANs have and the trees don't is the whole law of Y under do(D), not only its mean. Whether it is right would
# have to be tested, too.

# %% [markdown]
# ## 3. A wrong graph that fits as well
#
# Somebody draws the first arrow the other way round: T → S, "the drug makes cases severe". All else stays. **Predict,
# and say why:** can the discriminator tell that this graph is wrong? And what will it say about do(T)?
#
# As a judge we take the best one possible. With eight kinds of rows, let TV be the share of rows that one would have to
# change to make one table into the other (the *total variation*). Nobody can tell a row's table better than in a share
# of $\tfrac12 + \tfrac12 \mathrm{TV}$. The floor is what a second sample of real patients gets.

# %%
turned = train({"T": "", "S": "T", "Y": "ST"}, "STY")
turned_seen, turned_done = asked(turned)


def apart(other):
    return abs(counted(other) - p).sum() / 2


floor = apart(np.stack([clinic(50_000, seed=4)[name] for name in "STY"], axis=1))
gaps = {name: [apart(s) for s in g.sample(50_000).numpy()] for name, g in (("right", right), ("turned", turned))}
print(f"best judge, real against real: {0.5 + floor / 2:.1%}")

# %% tags=["nbval-ignore-output"]
for name, answer in (("right", gan_done), ("turned", turned_done)):
    print(f"{name:7s} judge {0.5 + np.median(gaps[name]) / 2:.1%}   effect {np.median(answer[1] - answer[0]):+.2f}")

# %%
middles = [np.median(gaps[name]) for name in ("right", "turned")]
claim("best judge: below 50.9 % in the median of eight, for both graphs", max(middles) < 0.018, gaps)
claim("the two medians differ by less than 0.006 in TV", abs(middles[0] - middles[1]) < 0.006, gaps)
effect = turned_done[1] - turned_done[0]
claim("turned: effect −0.14 to −0.05 in all eight; truth +0.20", ((effect > -0.14) & (effect < -0.05)).all(), effect)
claim("turned: it is what is seen, within 0.03", abs(effect - (turned_seen[1] - turned_seen[0])).max() < 0.03, effect)

# %% [markdown]
# Both are slightly above the floor, and alike. But one says +0.19 and the other −0.10. In the turned graph nothing
# points to T, so for it doing *is* seeing.
#
# Is this bad luck? There are 25 graphs without loops on three variables. For each we take the best that its generator
# could learn: every variable's shares, counted given its parents.

# %% jupyter={"source_hidden": true}
NAMES = "STY"
PAIRS = [(0, 1), (0, 2), (1, 2)]


def wirings():
    """All graphs without loops on S, T, Y: tuples of arrows (cause, effect), as numbers 0, 1, 2."""
    for choice in product((None, 0, 1), repeat=3):
        arrows = tuple(
            pair if way == 0 else pair[::-1] for pair, way in zip(PAIRS, choice, strict=True) if way is not None
        )
        if len(arrows) < 3 or len({cause for cause, _ in arrows}) < 3:  # three causes would be a circle
            yield arrows


def law(arrows, do=None):
    """P(s, t, y) of the best generator wired so; do=t: with T set to t, its own line left out."""
    out = np.ones((2, 2, 2))
    for v in range(3):
        parents = [cause for cause, effect in arrows if effect == v]
        together = p.sum(axis=tuple(set(range(3)) - {v, *parents}), keepdims=True)
        share = together / together.sum(axis=v, keepdims=True)
        if v == 1 and do is not None:
            share = np.eye(2)[do].reshape(1, 2, 1)
        out = out * share
    return out


# %%
misfit = {arrows: abs(law(arrows) - p).sum() / 2 for arrows in wirings()}
effects = {arrows: law(arrows, do=1)[..., 1].sum() - law(arrows, do=0)[..., 1].sum() for arrows in misfit}
perfect = [arrows for arrows in misfit if len(arrows) == 3]
others = [misfit[arrows] for arrows in misfit if len(arrows) < 3]
identity("there are 25 graphs, and the six with all three arrows fit exactly",
         len(misfit) == 25 and len(perfect) == 6 and np.allclose([misfit[a] for a in perfect], 0))  # fmt: skip
told = sorted({round(float(effects[arrows]), 2) + 0.0 for arrows in perfect})
print("effects that the six tell:", *told)
three = sorted({round(effects[a], 9) for a in perfect})
identity(
    "they tell three effects: seen, none, adjusted", np.allclose(three, [np.diff(seen)[0], 0, np.diff(adjusted)[0]])
)
claim("each of the other 19 is at least 4 floors off", min(others) > 4 * floor, [min(others), floor])
unlinked = effects[(0, 2), (1, 2)]
identity("one of these, S → Y ← T, tells the adjusted effect, too", np.isclose(unlinked, np.diff(adjusted)[0]))

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.6, 3.3), layout="constrained")
ax.scatter([misfit[a] for a in misfit if len(a) < 3], [effects[a] for a in misfit if len(a) < 3],
           facecolor="none", edgecolor=GREY, marker="s", s=40, label="19 with an arrow missing")  # fmt: skip
ax.scatter([misfit[a] for a in perfect], [effects[a] for a in perfect], color=plotting.FAKE, s=70, marker="^",
           label="six with all arrows")  # fmt: skip
ax.axvline(floor, color=plotting.REAL, linestyle=":", label="real against real")
ax.axhline(done[1] - done[0], color="black", linestyle="--", label="true effect")
ax.set(xlabel="distance from the table (TV)", ylabel="effect of do(T)", xlim=(-0.01, None))
ax.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# Six graphs fit *exactly*, by the chain rule of probability: $P(s)P(t \mid s)P(y \mid s,t) = P(t)P(s \mid t)P(y \mid
# s,t)$, and so on. They give three effects. The others forbid a dependence that is there, and data show that: a
# missing arrow can be refuted, the direction of these arrows can't. (Many squares lie on top of each other. The one at
# the right answer far from the table is S → Y ← T: its Y adjusts for S, but it denies that severe cases get the drug
# more often. A refuted graph may answer a question rightly, as a graph that fits may answer it wrongly.)

# %% [markdown]
# Graphs that can make the same tables are called **Markov equivalent**. There is a simple rule (Verma & Pearl 1990):
# two graphs are equivalent if they have the same links, directions aside, and the same *open colliders*: A → C ← B
# without a link between A and B. So A → B → C, A ← B ← C and A ← B → C are equivalent, and A → B ← C isn't: there A and
# C are independent. (The rule is about *all* laws. If you know, say, that effects are straight lines and the noise
# isn't Gaussian, more can be told: chapter 71.)


# %%
def kind(arrows):
    links = frozenset(frozenset(arrow) for arrow in arrows)
    open_ = frozenset(
        (frozenset((a, b)), c)
        for a, c in arrows
        for b, d in arrows
        if c == d and a != b and frozenset((a, b)) not in links
    )
    return links, open_


classes = {}
for arrows in misfit:
    classes.setdefault(kind(arrows), []).append(misfit[arrows])
identity("the 25 graphs fall into 11 classes", len(classes) == 11)
identity("within each class all fit equally well", all(np.ptp(values) < 1e-12 for values in classes.values()))

# %% [markdown]
# So where does the right graph come from? From *outside the table*: a case was severe *before* the drug was prescribed.

# %% [markdown]
# ## 4. Hidden causes: what can be known?
#
# Now S was never written down. The graph is known, and correct: H → T, H → Y, T → Y, with H hidden. The table has only
# T and Y. Is the effect in there?
#
# Of the patients without the drug nobody saw what it would have done. Model A says: *all* of them would have recovered
# with it. Model B says: *none*. Of the others nobody saw how they would have done without it. There A says *none* would
# have recovered, and B says *all*.

# %%
q = counted(np.stack([patients[name] for name in "TY"], axis=1))  # q[t, y]
with_drug = {"A": q[1, 1] + q[0].sum(), "B": q[1, 1]}  # P(Y = 1 | do(T = 1))
without = {"A": q[0, 1], "B": q[0, 1] + q[1].sum()}  # P(Y = 1 | do(T = 0))
low, high = (with_drug[name] - without[name] for name in "BA")
print(f"the effect is between {low:.2f} and {high:.2f}")
identity("the two models, with the same table, are 1 apart", np.isclose(high - low, 1))

# %% [markdown]
# Both models give the table that we have, to the last row, and their effects differ by 1. An answer is **identifiable**
# if all models that share the *graph* and the *table* give the same. This one isn't.
#
# Now three variables: M, whether the patient took the drug, is in the table. T acts only through M, and H doesn't touch
# M. Is the effect of T on Y identifiable now?
#
# We can *ask a generator*. Train it, but for the first 100 steps push it: some are rewarded for a large effect, some
# for a small one, some are left alone. Then let go, and train on for 500 ordinary steps, with the same loss for all. If
# the table and the graph fix the answer, all should come back to it. (Xia et al. 2021 test identifiability in this
# spirit: fit the table, and look for the largest and the smallest effect.)
#
# **Predict, and say why:** what will the three groups say in the end, without M and with M?


# %%
class Pushed(training.GAN):
    push = torch.tensor([0.5] * 3 + [0.0] * 3 + [-0.5] * 3)  # nine generators

    def update_generator(self, real, fake):
        noise = self.noise(512, training=True)
        one, zero = (self.generator(noise, do={"T": value})[..., -1].mean(dim=-1) for value in (1.0, 0.0))
        loss = self.loss.generator(None, self.logits(fake)) - self.push * (one - zero)
        self.optimizers["generator"].zero_grad(set_to_none=True)
        loss.sum().backward(inputs=self.trained("generator"))
        self.optimizers["generator"].step()
        return {"loss_g": loss.detach()}


# %%
graphs = {
    "without M": ({"H": "", "T": "H", "Y": "HT"}, "TY"),
    "with M": ({"H": "", "T": "H", "M": "T", "Y": "HM"}, "TMY"),
}
released, away = {}, {}
for name, (wiring, shown) in graphs.items():
    gan = train(wiring, shown, kind=Pushed, seeds=9, steps=100)
    pushed = asked(gan)[1]
    rows = np.stack([patients[column] for column in shown], axis=1)
    gan.update_generator = super(Pushed, gan).update_generator  # let go
    gan = training.run(gan, torch.tensor(rows).float(), steps=500, batch=512)
    after = asked(gan)[1]
    released[name] = pushed[1] - pushed[0], after[1] - after[0]
    away[name] = [abs(counted(s) - counted(rows)).sum() / 2 for s in gan.sample(50_000).numpy()]

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 4, figsize=(6.8, 3.3), width_ratios=(0.9, 1, 1.6, 1), layout="constrained")
places = {
    "without M": {"H": (0.5, 1), "T": (0, 0), "Y": (1, 0)},
    "with M": {"H": (0.5, 1), "T": (-0.1, 0), "M": (0.5, 0), "Y": (1.1, 0)},
}
for panel, (name, (start, end)) in enumerate(released.items()):
    links = [(parent, child) for child, parents in graphs[name][0].items() for parent in parents]
    graph(axes[2 * panel], places[name], links, "H", name)
    ax = axes[2 * panel + 1]
    for value, after, color in zip(start, end, [PURPLE] * 3 + [GREY] * 3 + [GOLD] * 3, strict=True):
        ax.plot([0, 1], [value, after], color=color, marker="o", markersize=4, linewidth=1.2)
    ax.axhline(done[1] - done[0], color="black", linestyle="--")
    if name == "without M":
        ax.axhspan(low, high, color="0.93", zorder=0)
        ax.set_ylabel("effect of do(T)")
    ax.set_xticks([0, 1], ["pushed", "released"], fontsize=10)
    ax.set(ylim=(-1, 1), xlim=(-0.2, 1.2))
plt.show()

# %%
free, held = (released[name][1] for name in graphs)
claim("released, both fit: TV below 0.02 in the median", max(np.median(v) for v in away.values()) < 0.02, away)
between = np.median(free[:3]) - np.median(free[6:])
claim("without M: pushed up and pushed down stay apart, in the median by over 0.2",
      free[:3].min() > free[6:].max() and between > 0.2, free)  # fmt: skip
claim("the three that weren't pushed agree within 0.06", np.ptp(free[3:6]) < 0.06, free)
claim("and are wrong: all three below −0.02", free[3:6].max() < -0.02, free)
claim("with M: all nine are between 0.08 and 0.26", 0.08 < held.min() and held.max() < 0.26, held)
claim(
    "with M the groups pushed up and down differ by less than 0.1",
    abs(np.median(held[:3]) - np.median(held[6:])) < 0.1,
    held,
)

# %% [markdown]
# Purple was pushed up, gold down, grey not at all; the dashed line is the truth. Without M each group stays elsewhere,
# with the table fitted. (The shaded area holds all answers that the table allows.) With M all nine come back to about
# 0.2, though H is hidden as before.
#
# Look at the grey lines without M. They *agree*, and all are wrong. Seeds that agree don't show that an answer is
# identifiable: they share a net, a loss and a way of starting, which may be why they agree. (Whether it is, we didn't
# test.) In chapter 71 the seeds of such a generator were spread out. Neither is a proof. The push is no proof either:
# it can find two answers, but if it finds only one, perhaps it was too weak. And look where they began: the same reward
# pushed those with M less far away. That they come back doesn't prove much by itself; the next section has a formula.

# %% [markdown]
# ## 5. Two ways around a hidden cause
#
# ### The front door
#
# Why did M help? There is a formula (Pearl 1995). How T moves M can be seen: nothing hidden is shared by T and M. How M
# moves Y is confounded only by way of T, so *T* can be adjusted for. Put together:
#
# $$P(y \mid \mathrm{do}(t)) = \sum_m P(m \mid t) \sum_{t'} P(t') \, P(y \mid t', m)$$
#
# **Predict:** what if we adjust for M instead, as for a common cause?

# %%
r = counted(np.stack([patients[name] for name in "TMY"], axis=1))  # r[t, m, y]
share_t = r.sum(axis=(1, 2))
m_given_t = r.sum(axis=2) / share_t[:, None]
y_given = r[..., 1] / r.sum(axis=2)  # [t, m]
front = m_given_t @ (share_t @ y_given)  # for t = 0, 1
as_common_cause = y_given @ r.sum(axis=(0, 2))
differences = [seen[1] - seen[0], np.diff(as_common_cause)[0], np.diff(front)[0]]
print("naive {:+.2f}   adjusted for M {:+.2f}   front door {:+.2f}".format(*differences))
claim("front door: within 0.02 of the truth", abs(np.diff(front) - np.diff(done))[0] < 0.02, front)
claim("adjusting for M is further off than the naive difference, by 0.1 or more",
      np.diff(as_common_cause)[0] < seen[1] - seen[0] - 0.1, as_common_cause)  # fmt: skip

# %% [markdown]
# Adjusting for M blocks the way on which the drug works, and leaves only the confounding. The front door uses the same
# column in another way. What it assumes: *all* of the effect goes through M, and nothing hidden touches M and one of
# the others. And each pair (t, m) must occur in the table, as each (s, t) must for adjustment. Were severe patients
# less able to swallow the drug, it would fail. The exercises try that.
#
# ### An instrument
#
# Now M is unknown, too. But the roster says who was on duty: Z, a coin for the patients. Z moves T and nothing else.
# Then all that Y differs between Z = 1 and Z = 0 must have come through T (**Wald's estimate**):
#
# $$\text{effect} = \frac{\mathbb{E}[Y \mid Z=1] - \mathbb{E}[Y \mid Z=0]}
# {\mathbb{E}[T \mid Z=1] - \mathbb{E}[T \mid Z=0]}$$
#
# Chapter 71 used such a column the wrong way, for *adjusting*. **Predict, and say why:** with 2,000 patients, what
# happens when Z moves the prescription by 30, by 10, by 3 points only?


# %%
def wald(columns):
    z, t, y = (columns[name] for name in "ZTY")
    return (y[z == 1].mean() - y[z == 0].mean()) / (t[z == 1].mean() - t[z == 0].mean())


def roster(pull):
    """P(z, t, y) in the clinic, exactly: its lines multiplied, and summed over S. (M is averaged within Y's line.)"""
    z, s, t, y = np.indices((2, 2, 2, 2))
    lines = (z, 0.5), (s, 0.4), (t, 0.25 - pull / 2 + 0.55 * s + pull * z), (y, 0.7 - 0.55 * s + 0.25 * (0.1 + 0.8 * t))
    return np.prod([np.where(column, share, 1 - share) for column, share in lines], axis=0).sum(axis=1)


def many(pull, clinics=20_000, patients=2_000):
    """Wald's estimates in many clinics. Each is drawn at once, as the eight counts of its kinds of rows (z, t, y)."""
    n = np.random.default_rng(9).multinomial(patients, roster(pull).ravel(), size=clinics).reshape(-1, 2, 2, 2)
    rows = n.sum(axis=(2, 3))
    first = np.diff(n[:, :, 1].sum(axis=2) / rows)[:, 0]
    return (np.diff(n[..., 1].sum(axis=2) / rows)[:, 0] / np.where(first == 0, np.nan, first))[first != 0]


# %%
pulls = (0.3, 0.1, 0.03)
table = counted(np.stack([patients[name] for name in "ZTY"], axis=1))
claim("the exact table is that of our patients: TV below 0.015", abs(table - roster(0.3)).sum() / 2 < 0.015, table)
estimates = {pull: many(pull) for pull in pulls}
wrong_sign = {pull: np.mean(values < 0) for pull, values in estimates.items()}
spread = {pull: np.subtract(*np.quantile(values, [0.9, 0.1])) for pull, values in estimates.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.6, 3.0), layout="constrained")
for row, (pull, values) in enumerate(estimates.items()):
    inside = values[abs(values) < 3]
    look = dict(color=(plotting.REAL, PURPLE, GREY)[row], linestyle=("-", "--", ":")[row], linewidth=2)
    name = f"Z moves T by {100 * pull:.0f} points"
    ax.hist(inside, bins=np.linspace(-3, 3, 151), density=True, histtype="step", label=name, **look)
ax.axvline(0.2, color="black", linestyle="--", linewidth=1.2, label="true effect")
ax.set(xlabel="Wald's estimate of the effect", ylabel="density", xlim=(-3, 3))
ax.legend(fontsize=9)
plt.show()
beyond = np.mean(abs(estimates[0.03]) > 3)
print(f"not in the picture: {beyond:.0%} of the dotted ones, which lie beyond ±3")

# %%
middle = {pull: np.median(values) for pull, values in estimates.items()}
claim("30 points: the median is within 0.02 of 0.2", abs(middle[0.3] - 0.2) < 0.02, middle)
claim("30 points: fewer than 6 % have the wrong sign", wrong_sign[0.3] < 0.06, wrong_sign)
claim("3 points: 38 to 46 % have the wrong sign", 0.38 < wrong_sign[0.03] < 0.46, wrong_sign)
claim("eight of ten estimates span at least 6 times more than at 30 points", spread[0.03] > 6 * spread[0.3], spread)
claim(
    "3 points: at least one answer in 20 is beyond ±3, though every effect is between −1 and 1", beyond > 0.05, beyond
)
claim("3 points: the median has moved towards the naive difference, by 0.03 or more", middle[0.03] < 0.17, middle)

# %% [markdown]
# With a strong instrument the median is right, though T and Y alone say −0.1. With a weak one the denominator is
# nearly zero by chance: answers lie far off, about four in ten have the wrong sign, and the median moves towards the
# confounded answer. (If the denominator is exactly zero, there is no estimate; such clinics are left out.) With one Z,
# *two-stage least squares* is the same number. A common rule of thumb asks that the first difference be clear: an F
# above 10, which is $t^2$ here (Staiger & Stock 1997).
#
# And "nothing else" matters more, the weaker Z is. Let the doctors who like the drug also care a little better, 3
# points:

# %%
for pull in (0.3, 0.1):
    told = wald(clinic(1_000_000, seed=5, pull=pull, care=0.03))
    print(f"Z moves T by {100 * pull:.0f} points: {told:.2f}")
    claim(f"the error is about 0.03 / {pull} (within 0.03)", abs(told - 0.2 - 0.03 / pull) < 0.03, told)

# %% [markdown]
# 3 points become 10, and 30. Whether Z touches Y by another way isn't in the table. (Our drug brings the same to
# everybody. If it doesn't, and Z never keeps anyone from the drug who would get it otherwise, Wald's estimate is about
# those whom Z moves: Imbens & Angrist 1994.)

# %% [markdown]
# ## 6. Genes, and what a knock-out adds
#
# The same in biology. Three genes A, B, C are measured in 500 cells (logarithms of expression, from an average). All
# three go together. Which one regulates which? Five stories:

# %%
STORIES = {  # gene: the measured genes that regulate it
    "A → B → C": {"A": "", "B": "A", "C": "B"},
    "A ← B ← C": {"C": "", "B": "C", "A": "B"},
    "A ← B → C": {"B": "", "A": "B", "C": "B"},
    "A ← H → B → C": {"A": "", "B": "", "C": "B"},  # H isn't measured
    "A → B ← C": {"A": "", "C": "", "B": "AC"},
}


def cells(n, seed, knocked=None):
    """Which story is this? Read it after you have guessed."""
    h, a, b, c = np.random.default_rng(seed).normal(size=(4, n))
    gene = {"A": h + 0.5 * a}
    gene["B"] = np.full(n, -3.0) if knocked == "B" else 0.8 * h + 0.6 * b
    gene["A"] = np.full(n, -3.0) if knocked == "A" else gene["A"]
    gene["C"] = 0.9 * gene["B"] + 0.5 * c
    return gene


def line(gene, parents, data):
    x = np.stack([data[p] for p in parents] + [np.ones(len(data[gene]))], axis=1)
    beta = np.linalg.lstsq(x, data[gene], rcond=None)[0]
    return beta, (data[gene] - x @ beta).var()


observed = cells(500, seed=6)
correlation = np.corrcoef([observed[g] for g in "ABC"])
print(f"correlations: A, B {correlation[0, 1]:.2f}   B, C {correlation[1, 2]:.2f}   A, C {correlation[0, 2]:.2f}")

# %% [markdown]
# Each story is fitted by straight lines with Gaussian noise, which is how these data were made. In the fourth story A
# and B share a hidden regulator; that can give A and B any correlation.
#
# **Predict, and say why:** which of the five can observations exclude?

# %%
fit = {}
for name, story in STORIES.items():
    fit[name] = -0.5 * sum(np.log(line(gene, parents, observed)[1]) for gene, parents in story.items())
    if "H" in name:  # A and B as a pair, with a correlation of their own
        fit[name] = fit[name] - 0.5 * np.log(1 - correlation[0, 1] ** 2)
best = max(fit.values())
for name in STORIES:
    print(f"{name:15s} log-likelihood a cell, below the best: {best - fit[name]:.3f}")
identity("four stories fit equally well", np.allclose(sorted(fit.values())[1:], best))
claim("the fifth is at least 0.1 a cell worse", best - min(fit.values()) > 0.1, fit)

# %% [markdown]
# Only the last one goes: in it A and C would be independent. The other four have the same Gaussian law, with any number
# of cells. For a **knock-out** one gene is switched off, here set to −3: do(B = −3). The stories say what the *others*
# will do then. We compare with 40 such cells.


# %%
def foretold(story, knocked):
    """Means of all genes under a knock-out, by the story's lines."""
    mean = {}
    for gene, parents in story.items():
        beta = line(gene, parents, observed)[0]
        mean[gene] = -3.0 if gene == knocked else beta @ [*(mean[p] for p in parents), 1.0]
    return mean


def left(knocked, stories, seed):
    """The stories whose forecasts for the other genes are all within 0.8 of the mean of 40 knocked-out cells."""
    mean = {gene: values.mean() for gene, values in cells(40, seed, knocked).items()}
    others = [gene for gene in "ABC" if gene != knocked]
    print(f"knock-out of {knocked}:", ", ".join(f"{gene} {mean[gene]:+.1f}" for gene in others))
    return [name for name in stories if all(abs(foretold(STORIES[name], knocked)[g] - mean[g]) < 0.8 for g in others)]


# %%
print("others, foretold    with B off          with A off")
for name in list(STORIES)[:4]:
    b_off, a_off = (foretold(STORIES[name], knocked) for knocked in "BA")
    print(f"{name:15s}   A {b_off['A']:+.1f}, C {b_off['C']:+.1f}       B {a_off['B']:+.1f}, C {a_off['C']:+.1f}")

# %% [markdown]
# **Predict:** you may pay for one knock-out. Which one separates more stories, B's or A's?

# %%
first = left("B", list(STORIES)[:4], seed=7)
print("left:", "; ".join(first))
second = left("A", first, seed=8)
print("left:", "; ".join(second))
claim("the knock-out of B leaves two stories", first == ["A → B → C", "A ← H → B → C"], first)
claim("that of A leaves one of these", second == ["A ← H → B → C"], second)

# %% [markdown]
# The knock-out of B shows that B regulates C and not A. It can't show *why* A and B go together: A → B, or a hidden
# regulator of both. The knock-out of A can. Of these five stories it leaves the hidden one. (Both together, a hidden
# regulator and a weak arrow from A to B, would be a sixth story. A's knock-out alone would have left three stories.)
# So a knock-out tells what lies *downstream* of the gene that is switched off, directly or by way of others. Which
# experiment to pay for next, the stories themselves say.
#
# In real cells it is done like this: Sachs et al. (2005) measured 11 proteins and lipids in single cells of the immune
# system, some of them with one molecule activated or inhibited, and these interventions give arrows their directions.
# Real networks are harder than ours. They have loops, which our graphs forbid, a knocked-out gene may be replaced by a
# similar one, and the means of an intervention may hit other targets as well.

# %% [markdown]
# ## What all this does not show
#
# - **That a causal GAN finds causes.** The graph goes in, and nothing tests the directions of its arrows.
# - **That GANs are a good tool for effects.** Counts, trees and formulas did as well or better wherever we compared
#   them.
# - **That nets are needed for do().** Any generator with one part for each variable can be cut: tables, lines, trees.
# - **That real clinics look like this.** Ours has five lines, and no column is missing that we don't know of.

# %% [markdown]
# ## Help, I get …
#
# ### The same number for seeing and doing
# Is `do` passed on, and is T's net really left out? Or has T no parents in your graph? Then the two *are* the same.
#
# ### Nothing is learned: all values stay 0, or all 1
# The gradient is cut. `round()` alone has none. Write `soft + (soft.round() - soft).detach()`.
#
# ### `KeyError` in the generator
# A parent comes after its child in the dict. List causes first. If no order works, the graph has a loop.

# %% [markdown]
# ### NaN in the adjustment formula
# A pair (s, t) doesn't occur, so $P(Y \mid s, t)$ is 0 / 0. That is missing overlap. No formula can fill it in.
#
# ### Wald's estimate is 40, or −7
# The instrument is weak. Look at its first difference, with its standard error, before you look at the estimate.

# %% [markdown]
# ## Recap
#
# - A generator with one net for each variable can be asked about seeing (keep rows) and doing (replace a net).
# - With the right graph and all common causes measured, both answers were within 0.03. Counts gave them at once.
# - A wrong graph of the same class fits as well and answers do() wrongly. Missing arrows can be refuted, directions
#   within a class can't.
# - An answer is identifiable if graph and table fix it. Seeds that agree don't show that; a push may show the opposite.
# - Around hidden causes lead a front door, an instrument, or an experiment such as a knock-out. Each rests on something
#   that isn't in the table.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A causal GAN fits your table perfectly. Is its graph right?</summary>
#
# Not shown. All graphs of its class could fit as well, and all that come from one of these by adding arrows. Fit only
# refutes graphs that miss a dependence.
#
# </details>
#
# <details><summary>Eight seeds of a generator with a hidden node all say +0.3. What do you know?</summary>
#
# What this kind of net tends to do from this kind of start. Ask whether graph and table fix the answer: by a formula,
# or try to push it away.
#
# </details>
#
# <details><summary>Knocking out gene A doesn't change gene C. May A still be correlated with C?</summary>
#
# Yes: C may regulate A, or a third gene regulates both. The knock-out shows only that A isn't upstream of C (or that
# another gene made up for it).
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Kocaoglu et al. 2018, CausalGAN](https://arxiv.org/abs/1709.02023): the idea of this chapter, with faces; [their
#   code](https://github.com/mkocaoglu/CausalGAN).
# - [Xia et al. 2021, The Causal-Neural Connection](https://arxiv.org/abs/2107.00793): nets of any size can't answer
#   do() from observations alone; with a graph, training can tell whether an answer is identifiable.
# - [Pearl 1995, Causal diagrams for empirical research](https://doi.org/10.1093/biomet/82.4.669): adjustment and the
#   front door.
# - [Verma & Pearl 1990, On the Equivalence of Causal Models](https://arxiv.org/abs/1304.1108): the rule by which graphs
#   are equivalent, with its proof.
# - [Imbens & Angrist 1994, Identification and Estimation of Local Average Treatment
#   Effects](https://doi.org/10.2307/2951620): whom an instrument tells about.
# - [Staiger & Stock 1997, Instrumental Variables Regression with Weak Instruments](https://doi.org/10.2307/2171753):
#   what goes wrong when Z hardly moves T.
# - [Sachs et al. 2005, Causal Protein-Signaling Networks](https://doi.org/10.1126/science.1105809): arrows between
#   molecules from single cells, by interventions.

# %% [markdown]
# ## Key terms
#
# {{terms: parents (in a graph); adjustment formula; total variation; Markov equivalent; open collider; identifiable;
# front door; instrument; weak instrument; knock-out}}
