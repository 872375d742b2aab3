# %% [markdown]
# # 75 · Individual effects
#
# *An average effect says whether a programme helps. Whom it helps is a harder question: each person shows one result,
# and the other one has to be made up. Can a GAN make it up better than plain regressions? Here you see.*
#
# > **You will be able to**
# > - predict effects for single people in two plain ways, the S- and the T-learner, and judge them by PEHE
# > - build a small GANITE, and say which part of it does what, by taking each part away
# > - name the baseline that predicts one effect for all, and show a world where it wins
# > - turn predicted effects into a decision, and draw an uplift curve from an experiment
# > - say how people choose a model though PEHE can't be computed, and what no table tells
# >
# > **Before you start** [71 · what a generator can't know](71_what_a_generator_cannot_know.ipynb) explains potential
# > outcomes, confounders and overlap; [21 · the adversarial game](21_the_adversarial_game.ipynb) explains the game.
# > Helpful, not needed: [72 · LaLonde's lesson](72_lalonde.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A job programme costs 1,500 dollars a man. Should *this* man get a place? We would need two numbers of him: his
# earnings with the programme and his earnings without it. One of them happens. The other one, the **counterfactual**,
# never does.
#
# So in real data nobody can check an answer about one man. We build worlds in which we can: the men are real (15,992 of
# the survey in chapter 72, with their ages, schooling and past earnings), **and the results are simulated**. Who takes
# part, and what it brings him, are formulas of ours. (Imports are folded.)

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from torch import nn

from gan_edu import causal, data, ensemble, nets, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
PURPLE, GREY, GOLD = plotting.NEUTRAL[:3]

# %%
survey = data.job_training("survey")
men, earned = survey.x[survey.t == 0], survey.y[survey.t == 0] / 1000  # in $1,000
x = (men - men.mean(axis=0)) / men.std(axis=0)  # eight columns from before, in standard deviations
years, age, school, married, in_1974, in_1975 = men[:, 0], *x[:, [0, 1, 4, 6, 7]].T

EFFECTS = {  # what the programme would bring each man, in $1,000
    "same": np.full(len(x), 1.5),
    "straight": 1.5 - 0.8 * age + 0.8 * school,
    "bent": 4 * np.exp(-(((years - 30) / 7) ** 2) / 2) - 0.5,
}
base = 4 + 2 * np.tanh(in_1975 + 0.5 * in_1974) + 0.8 * school + 0.6 * married  # mean earnings without it
wish = -(in_1975 + 0.7 * age)  # the young and the poor take part
wish = (wish - wish.mean()) / wish.std()

# %% jupyter={"source_hidden": true}
fig, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.3), layout="constrained")
chance = np.random.default_rng(0)
some = chance.choice(len(x), 500, replace=False)
by_years = np.sort(years[some]), np.argsort(years[some])
for (name, effect), color, line in zip(EFFECTS.items(), (GREY, GOLD, PURPLE), ("--", "", "-"), strict=True):
    if line:
        left.plot(by_years[0], effect[some][by_years[1]], line, color=color, label=name)
    else:
        left.plot(years[some], effect[some], ".", color=color, markersize=3, label=name)
left.set(xlabel="age (years)", ylabel="effect ($1,000)", ylim=(-2.5, 5.5), title="what we know")
left.legend(fontsize=9, ncols=3, loc="upper center", columnspacing=0.8, handletextpad=0.4, markerscale=3)
took = chance.random(500) < 1 / (1 + np.exp(-1.5 * wish[some]))
shown = base[some] + took * EFFECTS["bent"][some] + chance.normal(size=500)
right.plot(years[some][~took], shown[~took], "o", color=GREY, markersize=3, alpha=0.7, label="without")
right.plot(years[some][took], shown[took], "^", color=plotting.REAL, markersize=4, alpha=0.7, label="with")
right.set(xlabel="age (years)", ylabel="earnings ($1,000)", title="what a table shows (bent)", ylim=(-4, 14))
right.legend(fontsize=9, ncols=2, loc="upper center")
plt.show()

# %% [markdown]
# Left, three worlds: the programme brings the *same* to all; or it depends on age and schooling along *straight* lines;
# or it helps men near 30 most, brings the youngest nothing, and costs the old a little (*bent*). Right, what an analyst
# gets: one dot for each man, and never two.

# %% [markdown]
# ## 1. Studies, and two scores
#
# A study has 600 men. Its `pull` says how strongly wishes decide who takes part: at 0 a coin decides. Everything that
# matters is in the table, so there is no hidden cause. A second kind of study is harder: results without the programme
# are the men's **real** earnings of 1978, which scatter far more than our formula. 2,000 other men are held out to
# judge.

# %%
mixed = np.random.default_rng(1).permutation(len(x))
held, pool = mixed[:2000], mixed[2000:]


def results(rows, chance, effect, pull=1.5, real=False):
    """Who takes part, and what the table shows: t and y, each (n,)."""
    t = (chance.random(len(rows)) < 1 / (1 + np.exp(-pull * wish[rows]))).astype(float)
    without = earned[rows] if real else base[rows] + chance.normal(size=len(rows))
    return t, without + t * EFFECTS[effect][rows]


def study(seed, **world):
    chance = np.random.default_rng(seed)
    rows = chance.choice(pool, 600, replace=False)
    return x[rows], *results(rows, chance, **world)


WORLDS = {
    "same": dict(effect="same"),
    "straight": dict(effect="straight"),
    "bent": dict(effect="bent"),
    "bent,\nreal results": dict(effect="bent", real=True),
    "bent,\na coin": dict(effect="bent", pull=0.0),
    "bent, little\noverlap": dict(effect="bent", pull=3.0),
}
studies = {name: [study(10 + k, **world) for k in range(8)] for name, world in WORLDS.items()}
truth = {name: EFFECTS[world["effect"]][held] for name, world in WORLDS.items()}
spread = [np.std(study(9, effect="bent", real=real)[2]) for real in (False, True)]
claim("real earnings scatter at least 3 times as much as simulated ones", spread[1] > 3 * spread[0], spread)

# %% [markdown]
# Eight studies of each world; study 3 has the same men and the same luck in each. Two scores, over the held-out men:
#
# $$\text{PEHE} = \sqrt{\tfrac1n \sum_i (\hat\tau_i - \tau_i)^2} \qquad\qquad
# \text{error of the average} = \Big|\tfrac1n \sum_i (\hat\tau_i - \tau_i)\Big|$$
#
# $\tau_i$ is man i's true effect, and $\hat\tau_i$ what a method says. The first is the root mean square error of
# single effects (Hill 2011: *precision in estimation of heterogeneous effects*), in thousands of dollars. Look twice
# when you read it elsewhere: some leave out the root, and GANITE's released code takes the mean *absolute* error under
# this name (its author confirmed that in 2021).


# %%
def pehe(told, tau):
    """told (…, n): predicted effects."""
    return np.sqrt(((told - tau) ** 2).mean(axis=-1))


def off_on_average(told, tau):
    return abs((told - tau).mean(axis=-1))


tau = truth["bent"]
best = pehe(np.full_like(tau, tau.mean()), tau)
identity("the best single number for all has a PEHE of the effects' standard deviation", np.isclose(best, tau.std()))
guess = 0.5 * tau
parts = off_on_average(guess, tau) ** 2, (guess - tau).var()
identity("PEHE² = (error of the average)² + variance of the errors", np.isclose(pehe(guess, tau) ** 2, sum(parts)))

# %% [markdown]
# So there is a baseline that every method must beat: **one effect for all**, the *null predictor*. In the bent world
# its PEHE is 1.42 at best, though it knows nothing of anybody.

# %% [markdown]
# ## 2. Plain ways
#
# Two recipes turn any regression into a predictor of effects (Künzel et al. 2019 call them so):
#
# - **S-learner**, a *single* model: fit y on x and t together. Predict twice for each man, with t = 1 and with t = 0,
#   and subtract.
# - **T-learner**, *two* models: one fitted to the treated, one to the others. Predict with both, and subtract.


# %%
def s_learner(make, x, t, y):
    model = make().fit(np.column_stack([x, t]), y)
    return lambda new: np.stack([model.predict(np.column_stack([new, np.full(len(new), v)])) for v in (0, 1)], axis=1)


def t_learner(make, x, t, y):
    models = [make().fit(x[t == v], y[t == v]) for v in (0, 1)]
    return lambda new: np.stack([model.predict(new) for model in models], axis=1)


def boosting():
    return HistGradientBoostingRegressor(max_iter=60, max_leaf_nodes=8, min_samples_leaf=10, random_state=0)


# %% [markdown]
# Inside we put **ridge regression** (a line, with a small penalty on large slopes) or **boosted trees** (many small
# trees, each fitted to the errors so far). Four ways, then. Each returns two predicted results for each held-out man,
# (2000, 2).
#
# **Predict, and say why:** which of the four wins in the *same*, the *straight* and the *bent* world? And what does the
# S-learner with ridge say about two different men?

# %%
PLAIN = {"S, ridge": (s_learner, Ridge), "T, ridge": (t_learner, Ridge)}
PLAIN |= {"S, boosting": (s_learner, boosting), "T, boosting": (t_learner, boosting)}
told = {}  # (way, world): predicted results (8, 2000, 2)
for way, (recipe, make) in PLAIN.items():
    for world, drawn in studies.items():
        told[way, world] = np.stack([recipe(make, *one)(x[held]) for one in drawn])


def effects(way, world):
    return told[way, world][..., 1] - told[way, world][..., 0]


def score(way, world, measure=pehe):
    """The eight studies' scores (8,)."""
    return measure(effects(way, world), truth[world])


def table(ways, worlds, measure=pehe):
    """Medians of eight studies, as lines of text; returned as an array."""
    rows = np.array([[np.median(score(way, world, measure)) for world in worlds] for way in ways])
    print(" " * 20 + "".join(f"{world.replace(',' + chr(10), ' '):>20s}" for world in worlds))
    for way, row in zip(ways, rows, strict=True):
        print(f"{way:20s}" + "".join(f"{value:20.2f}" for value in row))
    return rows


# %% tags=["nbval-ignore-output"]
FIRST = list(WORLDS)[:4]
medians = table(PLAIN, FIRST)

# %%
constant = effects("S, ridge", "bent")
identity("S with ridge says the same effect for everybody", np.allclose(constant, constant[:, :1]))
naive = np.array([y[t == 1].mean() - y[t == 0].mean() for _, t, y in studies["bent"]])
claim("but not the plain difference, which is below 0.5 in all studies", naive.max() < 0.5, naive)
claim("and below 0 in at least six of eight", (naive < 0).sum() >= 6, naive)
adjusted = constant[:, 0]
claim("S with ridge is within 0.6 of the average in all", score("S, ridge", "bent", off_on_average).max() < 0.6)
by = dict(zip(FIRST, medians.T, strict=True))
claim("same: S with ridge has the smallest PEHE, less than half of the next", 2 * by["same"][0] < by["same"][1:].min())
claim("straight: T with ridge wins, by a third or more", by["straight"][1] < 0.67 * by["straight"][[0, 2, 3]].min())
claim("bent: both boosted ways beat both ridges", by["bent"][2:].max() < by["bent"][:2].min(), by["bent"])
hard = by[FIRST[3]]
claim("real results: no way is 10 % better than the effects' own spread", hard.min() > 0.9 * tau.std(), hard)

# %% [markdown]
# Each of the first three worlds has its own winner: the way whose assumptions are those of the world. S with ridge is
# the null predictor in disguise, t has one slope for everybody, but it is an *adjusted* one: the plain difference says
# that the programme harms (in most studies), since poorer men take part. Whoever builds the world chooses the winner
# (Curth et al. 2021 show it for the popular benchmark IHDP).
#
# And look at the last column. With real scatter, 600 men say too little about single men: nobody clearly beats one
# number for all, and T with boosting is far worse. Yu & Sun (2024) report the like for real experiments: 62 % of the
# models' estimates were worse there than predicting *zero* for everybody.

# %% [markdown]
# ## 3. A net with two heads
#
# **TARNet** (Shalit et al. 2017) lies between S and T: a shared body looks at x, and two heads give the two results.
# Each man trains the head of what happened to him; the other head gets no gradient from him.
#
# Our loop takes a mask, `counted`: which of the two results of each man count. We'll use the loop again, so keep the
# mask in mind. All 48 studies train side by side, as one stack of 48 nets.


# %%
class TwoHeads(nn.Module):
    def __init__(self, columns, studies):
        super().__init__()
        self.body = ensemble.stack(nets.mlp([columns, 32, 32]) for _ in range(studies))
        self.heads = nn.ModuleList(ensemble.stack(nets.mlp([32, 16, 1]) for _ in range(studies)) for _ in range(2))

    def forward(self, x):
        shared = F.leaky_relu(self.body(x), 0.2)
        return torch.cat([head(shared) for head in self.heads], dim=-1)


def batches(steps, *tables):
    """128 rows of each study, of all tables (studies, 600, columns) alike."""
    chance = torch.Generator().manual_seed(0)
    for _ in range(steps):
        rows = torch.randint(tables[0].shape[1], (len(tables[0]), 128, 1), generator=chance)
        yield [table.gather(1, rows.expand(-1, -1, table.shape[2])) for table in tables]


def regress(x, targets, counted, steps=500, seed=0):
    torch.manual_seed(seed)
    net = TwoHeads(x.shape[2], len(x))
    adam = torch.optim.Adam(net.parameters(), lr=2e-3)
    for part, wanted, mask in batches(steps, x, targets, counted):
        loss = (mask * (net(part) - wanted) ** 2).sum(dim=-1).mean(dim=1).sum()  # the studies share no weight
        adam.zero_grad()
        loss.backward()
        adam.step()
    return net


# %% jupyter={"source_hidden": true}
def stacked(worlds):
    """The studies of these worlds as tensors x (S, 600, 8), t, y (S, 600, 1), with y standardised; mean and std of y"""
    parts = [np.stack(part) for part in zip(*(one for world in worlds for one in studies[world]), strict=True)]
    x, t, y = (torch.tensor(part).float() for part in parts)
    mean, std = y.mean(dim=1)[:, None, None], y.std(dim=1)[:, None, None]
    return x, t[..., None], (y[..., None] - mean) / std, mean, std


def remember(way, net, worlds, mean, std):
    """Puts what a net says about the held-out men into `told`, in $1,000."""
    with torch.no_grad():
        new = torch.tensor(x[held]).float().expand(len(mean), -1, -1)
        both = (net(new) * std + mean).numpy()
    for number, world in enumerate(worlds):
        told[way, world] = both[8 * number : 8 * number + 8]


# %%
xs, ts, ys, mean, std = stacked(WORLDS)
happened = torch.cat([1 - ts, ts], dim=-1)  # (48, 600, 2): a 1 for the result that a man shows
for way, steps in (("two heads", 500), ("two heads, 100 steps", 100)):
    remember(way, regress(xs, ys.expand(-1, -1, 2), happened, steps), WORLDS, mean, std)

# %% [markdown]
# ## 4. GANITE in small
#
# **GANITE** (Yoon, Jordon & van der Schaar 2018) asks: if the missing result were filled in *well*, could anybody tell
# which of the two is the real one?
#
# - A **generator** G gets a man's x, t *and his result y*, and writes down two results. The one of his own t is
#   compared with y (squared error). The other one is put beside y: now the man has two results.
# - A **discriminator** D sees x and the two results, and guesses t: which of them happened? G is paid for its mistakes,
#   times a weight $\alpha$.
# - Then a second net I, the *ITE generator* (individual treatment effect), learns both results from x alone. A new man
#   has no y yet.
#
# Suppose all men with the same x have filled-in pairs of the same law, whatever their t. Then results don't help D at
# all. Its best guess is the propensity: x alone says how likely t = 1 is. And that can only be if a filled-in Y(1) has
# the law of the Y(1) seen in such men: right, if no cause is hidden. (*Which* Y(1) goes with which Y(0) stays open.)


# %%
def step(adam, loss):
    adam.zero_grad()
    loss.backward()
    adam.step()


def fill_in(x, t, y, alpha, sees=True, steps=500):
    """Both results of each man, (S, n, 2): his own and the generator's. sees: does G get t and y, beside x?"""
    torch.manual_seed(0)
    g, d = TwoHeads(10 if sees else 8, len(x)), ensemble.stack(nets.mlp([10, 32, 32, 1]) for _ in range(len(x)))
    adam_g, adam_d = (torch.optim.Adam(net.parameters(), lr=2e-3) for net in (g, d))

    def complete(x, t, y):
        made, own = g(torch.cat([x, t, y], dim=-1) if sees else x), torch.cat([1 - t, t], dim=-1)
        return own * y + (1 - own) * made, (own * (made - y) ** 2).sum(dim=-1).mean(dim=1).sum()

    def guess(x, pair, t):
        return F.binary_cross_entropy_with_logits(d(torch.cat([x, pair], -1)), t, reduction="none").mean((1, 2)).sum()

    for number, (some, who, seen) in enumerate(batches(3 * steps, x, t, y)):
        if number % 3 < 2 and alpha:  # D makes two steps for each of G's
            with torch.no_grad():
                pair, _ = complete(some, who, seen)
            step(adam_d, guess(some, pair, who))
        elif number % 3 == 2:
            pair, error = complete(some, who, seen)
            step(adam_g, error - alpha * guess(some, pair, who) if alpha else error)
    return complete(x, t, y)[0].detach()


# %% [markdown]
# Two steps of D for each of G's, and $\alpha = 1$: that is the released code (which makes 10,000 steps with batches of
# 256 on a larger table, and takes a cross-entropy where we have a squared error, so its $\alpha$ weighs otherwise). It
# differs from the paper, which gives G noise as well, and I a discriminator of its own. In
# the code, and here, I is plain regression: our `regress`, now with *both* results counted. So GANITE and the
# two-headed net end in the same net and the same loop. They differ in who fills in the blanks.
#
# **Predict, and say why:** in which of the four worlds will GANITE beat its own net without an adversary, "two heads"?

# %%
remember("GANITE", regress(xs, fill_in(xs, ts, ys, alpha=1.0), torch.ones_like(happened)), WORLDS, mean, std)

# %% tags=["nbval-ignore-output"]
WAYS = [*PLAIN, "two heads", "two heads, 100 steps", "GANITE"]
medians = table(WAYS, FIRST)
net, early, ganite = (np.array([score(way, world) for world in FIRST]) for way in WAYS[4:])  # (4 worlds, 8 studies)
print("studies of eight in which GANITE beats two heads:", (ganite < net).sum(axis=1))

# %% jupyter={"source_hidden": true}
LOOK = dict(zip(WAYS, [(GREY, "o"), (GREY, "s"), (GOLD, "o"), (GOLD, "s"), (PURPLE, "D"), (PURPLE, "v"),
                       (plotting.FAKE, "^")], strict=True))  # fmt: skip


def dots(ax, worlds):
    for place, way in enumerate(WAYS):
        color, mark = LOOK[way]
        for number, world in enumerate(worlds):
            values = score(way, world)
            at = number + 0.11 * (place - 3)
            ax.plot(np.full(8, at), values, mark, color=color, markersize=4, alpha=0.45, markeredgewidth=0)
            ax.plot(at, np.median(values), "_", color=color, markersize=11, markeredgewidth=3)
        ax.plot([], [], mark, color=color, label=way)
    for number, world in enumerate(worlds):
        spread = truth[world].std()
        ax.plot([number - 0.45, number + 0.45], [spread, spread], "k--", linewidth=1.2)
    ax.plot([], [], "k--", linewidth=1.2, label="best single number")
    ax.set_xticks(range(len(worlds)), worlds)
    ax.set(ylabel="PEHE ($1,000)")


fig, ax = plt.subplots(figsize=(6.8, 4.4), layout="constrained")
dots(ax, FIRST)
ax.set(yscale="log", ylim=(0.02, 9), yticks=[0.03, 0.1, 0.3, 1, 3], yticklabels=["0.03", "0.1", "0.3", "1", "3"])
ax.minorticks_off()
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
plt.show()

# %%
claim("bent: two heads are better in at least 7 of 8", (net[2] < ganite[2]).sum() >= 7, [net[2], ganite[2]])
claim("real results: GANITE is better in at least 7 of 8", (ganite[3] < net[3]).sum() >= 7, [net[3], ganite[3]])
median = np.median([net, early, ganite], axis=2)
claim("but the same net after 100 steps comes within a factor of 1.6 of GANITE in each world",
      (abs(np.log(median[1] / median[2])) < np.log(1.6)).all(), median)  # fmt: skip
best_plain = np.array([min(np.median(score(way, world)) for way in PLAIN) for world in FIRST])
claim("in each of the four a plain way has a smaller median than each net", (best_plain < median).all(), best_plain)
vary = {way: np.array([np.median(effects(way, world).std(axis=1)) for world in FIRST[2:]]) for way in WAYS}
claim("bent and real: effects told by GANITE, and after 100 steps, vary by less than 0.85 of those of two heads",
      max((vary[way] / vary["two heads"]).max() for way in WAYS[5:]) < 0.85, vary)  # fmt: skip

# %% [markdown]
# (Short bars are medians. In the *same* world the best single number has a PEHE of 0, which has no place on this
# scale.)
#
# The adversary seems to help where results scatter much: 2.6 against 4.4 without it. But look at the purple triangles.
# The *same net, trained for 100 steps instead of 500*, is about as good as GANITE where GANITE is better, and about as
# bad where it is worse. Both say smoother, more cautious effects. That is good where single effects can't be seen, and
# bad where they can. And in each of the four worlds a plain way did better than all nets.
#
# So what makes GANITE cautious: its adversary, or something else?

# %% [markdown]
# ## 5. Which part does what?
#
# GANITE has three parts: G sees t and y; an adversary; a second net I. Take them apart, in both bent worlds.
#
# **Predict, and say why:** without the adversary ($\alpha = 0$), what will G write as the missing result of a man whose
# own result it sees? And will a stronger adversary say smaller effects, or larger ones?

# %%
BENT = ["bent", FIRST[3]]
bent = stacked(BENT)
parts = {"G sees y, α = 0": (0.0, True), "G sees y, α = 0.3": (0.3, True)}
parts |= {"x only, α = 0": (0.0, False), "x only, α = 1": (1.0, False)}
filled = {}
for way, (alpha, sees) in parts.items():
    filled[way] = fill_in(*bent[:3], alpha, sees)
    remember(way, regress(bent[0], filled[way], torch.ones_like(filled[way])), BENT, *bent[3:])

# %% tags=["nbval-ignore-output"]
shown = [*parts, "GANITE", "two heads"]
print("PEHE")
part = dict(zip(shown, table(shown, BENT), strict=True))
vary |= {way: np.array([np.median(effects(way, world).std(axis=1)) for world in BENT]) for way in parts}
print("\nstandard deviation of the effects told (true: 1.42)")
for way in shown:
    print(f"{way:20s}" + "".join(f"{value:20.2f}" for value in vary[way]))

# %%
copied = filled["G sees y, α = 0"][:8].numpy()
alike = np.array([np.corrcoef(*pair.T)[0, 1] for pair in copied])
claim("bent, no adversary: a man's two results are nearly the same (correlations above 0.95)", alike.min() > 0.95)
zero = pehe(0 * tau, tau)
claim("so its PEHE is within 15 % of saying zero for all", abs(part["G sees y, α = 0"][0] / zero - 1) < 0.15, part)
weak, strong = part["G sees y, α = 0.3"], part["GANITE"]  # each: bent, real results
claim("bent: with an adversary it is at least a quarter lower", max(weak[0], strong[0]) < 0.75 * zero, part)
blind = part["x only, α = 0"], part["x only, α = 1"]
claim("bent: G that sees x only, without adversary, is better", blind[0][0] < min(weak[0], strong[0]), part)
claim("in both worlds an adversary doesn't help it", (blind[1] > 0.9 * blind[0]).all(), part)

# %% [markdown]
# *G copies.* It is asked to write down a number that it sees, and nothing tells it about the other one. So the missing
# result becomes a copy of the own one, and the effect nearly zero. (Judged by the results that were seen, its pairs are
# *perfect*. Remember that for section 8.) The adversary alone repairs it, and it does so honestly: no row ever shows
# a missing result, and yet the PEHE in the bent world falls to a half. The idea works.
#
# But the hole was dug by showing y to G. A generator that sees x only never copies; it is the two-headed net. Then
# regression fills both heads, and an adversary ($\alpha = 1$) doesn't help.

# %%
size = [vary[way][1] for way in ("G sees y, α = 0", "G sees y, α = 0.3", "GANITE")]
claim("real results: effects told grow with α = 0, 0.3, 1", size[0] < size[1] < size[2], size)
claim("PEHE is at least 15 % lower with α = 0.3 than with 1", weak[1] < 0.85 * strong[1], part)
claim("and lower than that of the plain net after 100 steps", weak[1] < median[1, 3], part)
claim("in the bent world it is at most 20 % higher than with 1", weak[0] < 1.2 * strong[0], part)
claim("but not 10 % better than one number for all", weak[1] > 0.9 * tau.std(), part)
claim("a G that sees x only isn't cautious: effects vary at least 1.3 times as much as GANITE's",
      min(vary["x only, α = 0"][1], vary["x only, α = 1"][1]) > 1.3 * size[2], vary)  # fmt: skip

# %% [markdown]
# And here is GANITE's caution: **the copying, not the adversary.** A copy says zero; the adversary pulls away from it.
# With real results a *weaker* one does better: with $\alpha = 0.3$ PEHE is about 1.7, clearly below the plain net's
# after 100 steps, and in the bent world it is hardly worse than with 1. So a brake on purpose could be worth something
# here. But one number for all has 1.5, and we chose 0.3 after looking.
#
# 🔎 **Try it.** A longer game loosens the brake as well. What do `alpha=3` and `steps=1500` do in both worlds?

# %% [markdown]
# ## 6. Less and less overlap
#
# So far everybody had some chance of either. Now wishes pull harder: at `pull=3` 40 % of the held-out men have a
# propensity below 0.05 or above 0.95. For these, one of the two results is hardly ever seen.
#
# **Predict, and say why:** whom will it hurt most? And will the adversary help, now that groups differ more?

# %%
LESS = ["bent,\na coin", "bent", "bent, little\noverlap"]
overlap = np.array([[np.median(score(way, world)) for world in LESS] for way in WAYS])
chance_of_t = 1 / (1 + np.exp(-3 * wish[held]))
thin = (chance_of_t < 0.05) | (chance_of_t > 0.95)

# %% jupyter={"source_hidden": true}
fig, ax = plt.subplots(figsize=(6.6, 3.7), layout="constrained")
for way, values in zip(WAYS, overlap, strict=True):
    color, mark = LOOK[way]
    ax.plot(range(3), values, color=color, marker=mark, linewidth=1.5, label=way)
ax.axhline(tau.std(), color="black", linestyle="--", linewidth=1.2, label="best single number")
ax.set_xticks(range(3), ["a coin\n(pull 0)", "wishes\n(pull 1.5)", "little overlap\n(pull 3)"])
ax.set(ylabel="PEHE, median ($1,000)", ylim=(0, 1.7))
ax.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
claim("38 to 42 % of the men have a propensity below 0.05 or above 0.95", 0.38 < thin.mean() < 0.42, thin.mean())
learners = [place for place, way in enumerate(WAYS) if way != "S, ridge"]
worse = overlap[:, 2] / overlap[:, 0]
claim(
    "from a coin to little overlap each way but S, ridge gets worse by 8 % or more", worse[learners].min() > 1.08, worse
)
claim("S with boosting, the best with a coin, most of all", worse.argmax() == WAYS.index("S, boosting"), worse)
edge = {}  # squared errors of the men with thin overlap, divided by those of the others
for world in LESS[::2]:
    wrong = [(effects(way, world) - truth[world]) ** 2 for way in WAYS]
    edge[world] = np.array([np.median(w[:, thin].mean(axis=1) / w[:, ~thin].mean(axis=1)) for w in wrong])
claim("squared errors are larger where overlap is thin, in at least six of the seven ways",
      (edge[LESS[2]] > 1).sum() >= 6, edge)  # fmt: skip
claim("and this ratio is larger than with a coin, for the same men", (edge[LESS[2]] > 1.05 * edge[LESS[0]]).all(), edge)
claim("two heads without adversary stay better than GANITE", (overlap[4] < overlap[6]).all(), overlap)

# %% [markdown]
# Nearly all get worse, mostly for men of whom one result was hardly ever seen. (With a coin the same men are about as
# hard as others, or easier.) There every method *extends* what it learned elsewhere, by its own taste. S with boosting
# loses most. (A likely reason, not tested here: where t can nearly be read off x, its trees explain by x what is due to
# t.) Fitting the two groups apart is safer here. A discriminator doesn't bring back what isn't in the table.

# %% [markdown]
# ## 7. Whom to treat
#
# Nobody needs $\hat\tau$ for its own sake. A place costs 1,500 dollars, so offer one where $\hat\tau > 1.5$. The
# **policy value** is what this brings per man, costs taken off. In the bent worlds, treating everybody brings about
# 0.04 (thousand dollars), and knowing all effects 0.66.
#
# **Predict, and say why:** with real results, S with ridge had the best PEHE. What is its policy worth? And if places
# cost 500 or 2,500 dollars?


# %%
def policy_value(told, tau, cost=1.5):
    return ((tau - cost) * (told > cost)).mean(axis=-1)


# %% tags=["nbval-ignore-output"]
print("policy value, $1,000 a man; in brackets PEHE (medians of eight studies)")
for way in WAYS:
    row = [(np.median(score(way, world, policy_value)), np.median(score(way, world))) for world in FIRST[2:]]
    print(f"{way:22s}" + "".join(f"   {value:5.2f} ({error:.2f})" for value, error in row))
COSTS = (0.5, 1.5, 2.5)
print("\nreal results, places at $500, $1,500, $2,500")
priced = {way: np.median([policy_value(effects(way, FIRST[3]), tau, c) for c in COSTS], axis=1) for way in WAYS}
for way, row in priced.items():
    print(f"{way:22s}" + "".join(f"{value:8.2f}" for value in row))

# %%
real = FIRST[3]
value = {way: np.median(score(way, real, policy_value)) for way in WAYS}
perfect = policy_value(tau, tau)
claim("with all effects known: 0.6 to 0.7", 0.6 < perfect < 0.7, perfect)
claim("real results: S with ridge is worth less than 0.05", value["S, ridge"] < 0.05, value)
errors = {way: np.median(score(way, real)) for way in WAYS}
claim("T with boosting has more than twice its PEHE", errors["T, boosting"] > 2 * errors["S, ridge"], errors)
claim("and is worth more than 0.1", value["T, boosting"] > 0.1, value)
claim("though its effects vary twice as much as the true ones, or more", vary["T, boosting"][1] > 2 * tau.std(), vary)
cheap, _, dear = np.array(list(priced.values())).T
claim("places at $500: S with ridge is worth at least 0.1 more than T with boosting", cheap[0] > cheap[3] + 0.1, cheap)
claim("at $2,500: T with boosting loses", dear[3] < -0.05, dear)

# %%
simulated = {way: np.median(score(way, "bent", policy_value)) for way in WAYS}
others = [simulated[way] for way in WAYS if way not in WAYS[2:5]]
claim("bent: boosting and two heads are worth more than 0.5, and all others less than these",
      min(simulated[way] for way in WAYS[2:5]) > max(0.5, *others), simulated)  # fmt: skip

# %% [markdown]
# At this cost the best by PEHE is worthless for deciding, and one of the worst is useful. PEHE asks for *sizes*; a
# decision asks who lies above a line. T with boosting exaggerates wildly, but it tends to exaggerate in the right
# direction. (GANITE and T with ridge do better still: about 0.3, within their scatter.)
#
# And it depends on the line. 1,500 dollars lie near the mean effect, where knowing *who* is worth most. At 500 dollars
# most men gain: one number says so, and exaggerated effects turn men away. At 2,500 dollars one number says "nobody",
# and exaggerated effects invite men who cost more than they gain. (One number can be wrong, too: with one other set of
# seeds it lost 500 dollars per man.)
#
# ### The uplift curve
#
# If we can afford places for a share q, take those with the largest $\hat\tau$. How much is gained per man, for each q?
# This can be read from an **experiment**, without both results of anybody: among those chosen, compare the treated with
# the others, and multiply by q. The **Qini curve** (Radcliffe 2007) is the same, but counted in treated people. The
# diagonal is what a random order gains.


# %%
def uplift(order, t, y):
    """Gain per man when the first k in this order are treated, for k = 1 … n, from an experiment."""
    t, y, k = t[order], y[order], np.arange(1, len(t) + 1)
    treated = np.cumsum(t)
    both = (treated > 0) & (treated < k)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.cumsum(t * y) / treated - np.cumsum((1 - t) * y) / (k - treated)
    return np.where(both, gap, 0.0) * k / len(t)


def area(curve):
    """Between the curve and the straight line to its end."""
    return (curve - curve[-1] * np.arange(1, len(curve) + 1) / len(curve)).mean()


# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(6.8, 3.6), sharey=True, layout="constrained")
share = np.arange(1, len(held) + 1) / len(held)
for ax, world, title in ((axes[0], "bent", "simulated results"), (axes[1], real, "real results")):
    t, y = results(held, np.random.default_rng(700), "bent", pull=0.0, real=world == real)
    for way in ("two heads", "GANITE", "S, ridge"):
        order = np.argsort(-effects(way, world)[0], kind="stable")  # learned from the first study
        color = LOOK[way][0]
        ax.plot(share, uplift(order, t, y), color=color, linewidth=1.2, label=way)
        ax.plot(share, np.cumsum(tau[order]) / len(tau), color=color, linestyle="--", linewidth=2)
    ax.plot([], [], color="0.3", linestyle="--", label="dashed: the truth")
    ax.plot([0, 1], [0, tau.mean()], color="black", linestyle=":", linewidth=1.5, label="random order")
    ax.set(xlabel="share treated q", title=title, ylim=(-0.3, 2.2))
axes[0].set_ylabel("gain per man ($1,000)")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
plt.show()

# %% [markdown]
# Solid: read from *one* experiment with the 2,000 held-out men. Dashed: the truth, which an analyst doesn't have. With
# simulated results they agree. With real ones the solid lines wander: below you see that the luck of one experiment is
# not small beside what the ways differ by.


# %%
def areas(way, world, seed):
    t, y = results(held, np.random.default_rng(seed), "bent", pull=0.0, real=world == real)
    return np.array([area(uplift(np.argsort(-one, kind="stable"), t, y)) for one in effects(way, world)])


lucky = {world: [areas("two heads", world, seed)[0] for seed in range(700, 720)] for world in ("bent", real)}
noise = {world: np.std(values) for world, values in lucky.items()}
claim("20 experiments, one order: with real results the area scatters at least twice as much",
      noise[real] > 2 * noise["bent"], noise)  # fmt: skip
THREE = ("S, ridge", "GANITE", "two heads")
sizes = {way: np.median(areas(way, "bent", 700)) for way in THREE}
gap = np.ptp([np.mean([areas(way, real, seed)[0] for seed in range(700, 720)]) for way in THREE])
claim("real: its standard deviation is more than a third of the three ways' gap", noise[real] > gap / 3, [noise, gap])
claim("bent: two heads above GANITE above 0.1; S with ridge within 0.1 of zero",
      sizes["two heads"] > sizes["GANITE"] > 0.1 and abs(sizes["S, ridge"]) < 0.1, sizes)  # fmt: skip

# %%
t, y = results(held, np.random.default_rng(700), "bent", pull=0.0)
one = effects("GANITE", "bent")[0]
same = uplift(np.argsort(-one, kind="stable"), t, y), uplift(np.argsort(-(10 * one + 3), kind="stable"), t, y)
identity("effects that are ten times too large, plus 3, have the same curve", np.array_equal(*same))
claim("but a PEHE above 10", pehe(10 * one + 3, tau) > 10, pehe(10 * one + 3, tau))

# %% [markdown]
# So an uplift curve sees order only. A method can have a beautiful curve and be wrong about every size; then don't
# compare its $\hat\tau$ with a cost.

# %% [markdown]
# ## 8. Choosing without the truth
#
# PEHE needs both results of a man. How do people choose a method, then? Two of the ways, on held-out men with *one*
# result each:
#
# - **factual error**: how well does it predict the results that happened?
# - **a doubly robust score**: build for each man a noisy stand-in for his effect that is right on average,
#   $\tilde\tau = \hat\mu_1 - \hat\mu_0 + \frac{t - \hat e}{\hat e (1 - \hat e)} (y - \hat\mu_t)$, from fits of others
#   (here S with boosting, and logistic regression for the propensity $\hat e$). Then take the mean squared distance of
#   $\hat\tau$ from it.
#
# **Predict, and say why:** how much PEHE does each choice cost, compared with the best of the seven in that study? And
# always S with ridge?

# %% jupyter={"source_hidden": true}
CHOICES = ("factual error", "doubly robust", "at random", "always S, ridge")


def regrets(world, seed, men=2000):
    """PEHE of the chosen way minus that of the best one: for each choice, and 8 studies (4, 8)."""
    both = np.stack([told[way, world] for way in WAYS])  # (7, 8, 2000, 2)
    error = np.stack([score(way, world) for way in WAYS])
    lost = []
    for k, (x_, t_, _) in enumerate(studies[world]):
        t, y = results(held, np.random.default_rng(seed + k), **WORLDS[world])
        t, y, pair = t[:men], y[:men], both[:, k, :men]
        factual = ((pair[..., 0] + t * (pair[..., 1] - pair[..., 0]) - y) ** 2).mean(axis=1)
        mu, e = told["S, boosting", world][k, :men], causal.logistic(x_, t_)(x[held[:men]]).clip(0.05, 0.95)
        stand_in = mu[:, 1] - mu[:, 0] + (t - e) / (e * (1 - e)) * (y - np.where(t == 1, mu[:, 1], mu[:, 0]))
        robust = ((pair[..., 1] - pair[..., 0] - stand_in) ** 2).mean(axis=1)
        chosen = np.array([error[factual.argmin(), k], error[robust.argmin(), k], error[:, k].mean(), error[0, k]])
        lost.append(chosen - error[:, k].min())
    return np.array(lost).T


# %% tags=["nbval-ignore-output"]
cost = {men: np.array([regrets(world, 500, men).mean(axis=1) for world in FIRST]) for men in (2000, 200)}
print("mean PEHE lost        " + "".join(f"{world.replace(',' + chr(10), ' '):>20s}" for world in FIRST))
for men, lost in cost.items():
    for choice, row in zip(CHOICES, lost.T, strict=True):
        print(f"{men:5d} men, {choice:15s}" + "".join(f"{value:20.2f}" for value in row))

# %%
lost = cost[2000]
claim("simulated results, 2,000 men: both choices lose less than 0.15", lost[:3, :2].max() < 0.15, lost)
claim("in all four worlds less than half of what choosing at random loses",
      (lost[:, :2].max(axis=1) < 0.5 * lost[:, 2]).all(), lost)  # fmt: skip
claim("real results: always S with ridge loses no more, within 0.1", lost[3, 3] < lost[3, :2].min() + 0.1, lost)
claim("straight, bent: it loses at least 0.4 more", (lost[1:3, 3] > lost[1:3, :2].max(axis=1) + 0.4).all(), lost)
claim("simulated results: with 200 men they lose more", cost[200][:3, :2].sum() > lost[:3, :2].sum(), cost)

# %% [markdown]
# Better than you may have feared: with 2,000 held-out men both choices find nearly the best way, where results are
# simulated. With real ones, not to choose was as good or better: always one number for all. (In the straight and the
# bent world that costs much.) Curth & van der Schaar (2023) look closer: which score works depends on the data, and on
# the candidates. And each can be fooled:
#
# - Factual error can't see the missing result. The copied pairs of section 5 have a factual error near 0.
# - Where one result is never seen, no score on such data sees it.
# - The doubly robust score leans on fits of its own, and on a propensity.

# %% [markdown]
# ### What no table shows
#
# One thing isn't known even after a perfect experiment. In our simulated worlds a man has *one* luck, in both results.
# Let him have two instead, one for each result, and give luck a size of 3,000 dollars:

# %%
chance = np.random.default_rng(800)
rows = np.tile(held, 50)  # each man 50 times, so that the luck of our draw doesn't matter
luck, other = 3 * chance.normal(size=(2, len(rows)))
gain, without = EFFECTS["bent"][rows], base[rows] + luck
harmed, law = {}, {}
for story, its_luck in (("one luck", luck), ("two lucks", other)):
    with_it = base[rows] + gain + its_luck
    harmed[story], law[story] = ((with_it - without) < 0).mean(), np.quantile(with_it, [0.1, 0.5, 0.9])
    error = pehe(gain, with_it - without)
    print(f"{story:9s}  results with it (10 %, 50 %, 90 %):", *(f"{value:4.1f}" for value in law[story]), end="")
    print(f"   harmed {harmed[story]:.0%}   PEHE of the true mean effects {error:.1f}")

# %%
identity("the law of results with it is the same (here within 0.1)", np.allclose(*law.values(), atol=0.1))
claim("one luck: 17 to 25 % are harmed", 0.17 < harmed["one luck"] < 0.25, harmed)
claim("two lucks: at least 10 points more", harmed["two lucks"] > harmed["one luck"] + 0.1, harmed)

# %% [markdown]
# With each x, results *with* the programme have the same law in both stories, and results *without* it, too. So every
# table and every experiment looks alike. But the shares harmed differ, and in the second story even the true mean
# effects have a PEHE above 4. What all methods here estimate is the **mean effect among men with the same x** (CATE,
# conditional average treatment effect). "Individual" is a big word for it.

# %% [markdown]
# ### Published numbers
#
# GANITE's abstract says that it outperforms the state of the art. A later package, causalforge, shows its own runs on
# three data sets of IHDP: root PEHE on held-out rows 3.84 for GANITE, 0.65 for DragonNet (two heads, and a third for
# the propensity). Before you conclude: GANITE made 500 steps there (the default is 5,000), once for each of three data
# sets of 1,000, and its row bears the wrong name, "DragonNet".
#
# A large comparison found that rankings on half-simulated data don't carry over to real ones, and that simple learners
# with strong regressions inside were competitive throughout, unlike special models (Panagopoulos 2026).

# %% [markdown]
# ## What all this does not show
#
# - **That GANITE can't be better.** Ours is small, with few settings, none of them tuned. Where laws
#   matter, or several treatments, it may have more to offer.
# - **That boosting is best.** It was, for one bent effect that depends on age alone.
# - **Anything about hidden causes.** There were none. With one, *all* of these ways are wrong, and no score here tells.
# - **What the real programme brings whom.** Effects and choices were formulas of ours.

# %% [markdown]
# ## Help, I get …
#
# ### The same effect for everybody
# An S-learner with a line: t has one slope. Add products of t and x, use a T-learner, or trees.
#
# ### Effects near zero everywhere, from a GANITE
# G copies the result that it sees. Is the adversary on, and does D get *both* results, each in its own column?
#
# ### D's loss goes far below 0.69
# It may: x alone tells something about t. Compare it with the loss of a propensity model.

# %% [markdown]
# ### PEHE on my real data
# You can't have it. If a program prints one, ask what it took for the missing result.
#
# ### My uplift curve falls at the end
# Then the last ones are harmed, or results scatter. Draw the experiment's rows again, with replacement, and look.

# %% [markdown]
# ## Recap
#
# - S- and T-learners turn any regression into a predictor of effects. One effect for all is the baseline to beat.
# - GANITE's adversary really fills in results that no row shows. It was needed because G sees y and copies. A
#   two-headed net did better where effects could be seen; where they couldn't, what was left of the copying helped.
# - In each of the first four worlds a plain way was best by PEHE. Which one depended on the effects and on the
#   scatter.
# - PEHE asks for sizes, a decision for who lies above a line, an uplift curve for order. They can disagree, and how
#   much that costs depends on where the line lies.
# - Without the truth, factual error and doubly robust scores choose decently. What is one man's own effect, no table
#   tells.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A method has a PEHE of 1.4, and effects have a standard deviation of 1.4. Is it useful?</summary>
#
# By size it is no better than one number for all. For deciding it may still be: look at its policy value, or an uplift
# curve from an experiment.
#
# </details>
#
# <details><summary>D can guess t with 80 %. Has G failed?</summary>
#
# Not necessarily. x alone may allow 80 %. Compare D with a propensity model that doesn't see results.
#
# </details>
#
# <details><summary>Why does a perfect experiment not tell how many are harmed?</summary>
#
# It shows the law of results with and the law of results without the programme. Who would have had which *pair* isn't
# in it.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Yoon, Jordon & van der Schaar 2018, GANITE](https://openreview.net/forum?id=ByKWUeWA-): the idea of sections 4
#   and 5. [Their code](https://github.com/jsyoon0823/GANITE), and [the question about
#   PEHE](https://github.com/jsyoon0823/GANITE/issues/2).
# - [Hill 2011, Bayesian Nonparametric Modeling for Causal Inference](https://doi.org/10.1198/jcgs.2010.08162): PEHE,
#   and IHDP, real children with simulated results.
# - [Shalit, Johansson & Sontag 2017, Estimating individual treatment effect](https://arxiv.org/abs/1606.03976): TARNet,
#   and nets that make the two groups alike on the way.
# - [Künzel et al. 2019, Metalearners](https://arxiv.org/abs/1706.03461): S, T, and a third one, X.
# - [Curth et al. 2021, Really Doing Great at Estimating CATE?](https://openreview.net/forum?id=FQLzQqGEAH): how
#   benchmarks choose winners. [Curth & van der Schaar 2023](https://arxiv.org/abs/2302.02923): how to choose models.
# - [Mahajan et al. 2024, Empirical Analysis of Model Selection](https://arxiv.org/abs/2211.01939): many such scores,
#   and how well each of them chooses.
# - [Yu & Sun 2024, Do Contemporary Causal Inference Models Capture Real-World
#   Heterogeneity?](https://arxiv.org/abs/2410.07021): how often predicting zero was better, on experiments.
# - [Panagopoulos 2026, Real vs. Semi-Simulated](https://arxiv.org/abs/2605.10430): rankings that don't carry over.
# - [causalforge's page on
#   GANITE](https://github.com/anthem-ai/causalforge/blob/0483b93/docs/source/user_guide/GANITE.rst) and [on
#   DragonNet](https://github.com/anthem-ai/causalforge/blob/28e7a1b/docs/source/user_guide/DragonNet.rst): the two
#   published rows (looked up in November 2026).
# - [Radcliffe & Surry 2011, Real-World Uplift
#   Modelling](https://stochasticsolutions.com/sbut.html): uplift models and their quality measures.

# %% [markdown]
# ## Key terms
#
# {{terms: counterfactual; individual treatment effect; conditional average treatment effect; PEHE; S-learner;
# T-learner; null predictor; policy value; uplift curve}}
