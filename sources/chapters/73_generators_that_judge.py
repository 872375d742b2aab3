# %% [markdown]
# # 73 · Generators that judge estimators
#
# *With real data nobody knows the true effect, so nobody knows which method is best. A generator can make worlds whose
# truth is known. Is it a good judge? Here we can check, and the answer is sobering.*
#
# > **You will be able to**
# > - judge an estimator by RMSE, bias and coverage, and say how sure these numbers are themselves
# > - build a world with both results of each person by a conditional Wasserstein GAN
# > - say what such a generator has to get right, and measure it on rows that it hasn't seen
# > - compare it with four plain ways to build a world, in a case where the right verdict is known
# >
# > **Before you start** [72 · LaLonde's lesson](72_lalonde.ipynb) has the data and the five ways;
# > [34 · Wasserstein](34_wasserstein.ipynb) explains critics.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# In chapter 72 five ways gave five answers, and the experiment said which was near. Usually there is no experiment.
# How can you choose a way then?
#
# Try them where you know the truth. Let us build such a world from real men: the 15,992 of the survey, with their real
# earnings. A made-up programme takes 185 of them, mostly men without earnings, and it brings 3,000 dollars to men who
# earned nothing in 1975, and 1,000 to others. The rule and the gains are *ours*, so we know the truth. An analyst sees
# the 185, another 1,000 men, and nothing else. (Imports are folded.)

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
import torch

from gan_edu import causal, data, plotting, simulators
from gan_edu.claims import claim, identity
from gan_edu.metrics import classifier_two_sample_test

plotting.use_style()
WAYS = simulators.WAYS
COLORS = dict(
    zip(WAYS, (plotting.NEUTRAL[1], plotting.FAKE, plotting.REAL, plotting.DISC, plotting.NEUTRAL[0]), strict=True)
)
MARKS = dict(zip(WAYS, "xsoDv", strict=True))

# %%
survey = data.job_training("survey")
men, earned = survey.x[survey.t == 0], survey.y[survey.t == 0]
none_1974, none_1975 = men[:, 6] == 0, men[:, 7] == 0
wish = np.exp(3.5 * none_1975 + 2.0 * none_1974 + 0.7 * men[:, 2] - 0.7 * men[:, 4])  # columns 2, 4: black, married
gain = np.where(none_1975, 3000.0, 1000.0)

chosen = np.random.default_rng(0).choice(len(men), 40_000, p=wish / wish.sum())
rows = np.concatenate([chosen, np.arange(len(men))])
t = np.repeat([1.0, 0.0], [40_000, len(men)])
known = simulators.World(men[rows], t, earned[rows] + t * gain[rows], earned[rows] + (1 - t) * gain[rows])
true = simulators.judge(known, times=150)  # draws 150 studies, and asks all five ways each time

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4), layout="constrained")
for place, way in enumerate(WAYS):
    spread = np.random.default_rng(1).uniform(-0.25, 0.25, len(true.errors))
    told = (true.errors[:, place] + known.effect) / 1000
    ax.plot(told, place + spread, ".", color=COLORS[way], markersize=4)
    ax.plot(told.mean(), place, "|", color="black", markersize=22, markeredgewidth=2)
ax.axvline(known.effect / 1000, color="black", linestyle="--", label="the truth")
ax.set_yticks(range(5), WAYS)
ax.invert_yaxis()
ax.set(xlabel="reported effect ($1,000); a dot is one study, the bar their mean")
ax.legend(fontsize=9, loc="lower left")
plt.show()
claim("the effect on the treated is between $2,800 and $3,000", 2800 < known.effect < 3000, known.effect)
claim("the plain difference is more than $9,000 too low", true.bias[0] < -9000, true.bias)

# %% [markdown]
# Each dot is what one analyst would have written. The plain difference is hopeless. The other four lie round the
# truth, some closer, some a little to the left. Now "which way is best?" has an answer, in this world. (*ATT*, the
# effect on the treated, is what all of them estimate.)

# %% [markdown]
# ## 1. Three numbers, and how sure they are
#
# Take the errors: what a way said, minus the truth. Over many studies:
#
# - **bias**: their mean. What more studies don't cure.
# - **RMSE**, root mean squared error: how far off it typically is, in dollars. It holds bias *and* scatter: RMSE² =
#   bias² + sd².
# - **coverage**: the share of studies in which the interval "estimate ± 1.96 standard errors" holds the truth. It
#   should be 95 %.

# %%
errors, claimed = true.errors, true.standard_errors  # both (150 studies, 5 ways)
rmse = np.sqrt((errors**2).mean(axis=0))
bias, scatter = errors.mean(axis=0), errors.std(axis=0)
covered = (abs(errors) < 1.96 * claimed).mean(axis=0)
identity("RMSE² = bias² + sd²", np.allclose(rmse**2, bias**2 + scatter**2))
identity("the library says the same", np.allclose([rmse, bias, covered], [true.rmse, true.bias, true.coverage]))

# %% tags=["nbval-ignore-output"]
print("                  RMSE    bias scatter  mean s.e.  coverage")
for way, *row in zip(WAYS, rmse, bias, scatter, claimed.mean(axis=0), covered, strict=True):
    print("{:14s} {:7,.0f} {:7,.0f} {:7,.0f}    {:7,.0f}      {:4.0%}".format(way, *row))

# %% [markdown]
# These are averages over 150 studies, so they have errors themselves: **Monte Carlo errors**. A share c from R studies
# has the standard error $\sqrt{c(1-c)/R}$: at 95 % and R = 150 it is 1.8 points. An RMSE from R studies is known to
# about $1/\sqrt{2R}$ of itself, if the errors are bell-shaped and the bias is small: 6 % here.
#
# So is a gap of 10 % between two ways no more than noise? Not necessarily. All ways see *the same* studies. A study
# that is hard for one is hard for the others, and the **ratio** of two RMSEs is known better than each of them. To see
# how well, draw the 150 studies again, with replacement, many times, and look how the ratio scatters (a bootstrap).


# %%
def redrawn(errors, times=500):
    """The RMSEs (times, 5) that would come out if the same studies were drawn again, with replacement."""
    again = np.random.default_rng(2).integers(len(errors), size=(times, len(errors)))
    return np.sqrt((errors[again] ** 2).mean(axis=1))


identity("95 % of 150 studies: ± 1.8 points", abs(np.sqrt(0.95 * 0.05 / 150) - 0.0178) < 1e-4)
wobbly = redrawn(errors)
alone = wobbly[:, 3].std() / rmse[3]
claim("drawing again moves doubly robust's RMSE by 4 % to 9 %", 0.04 < alone < 0.09, alone)
ratio, moves = rmse / rmse[3], (wobbly / wobbly[:, 3:4]).std(axis=0)
claim("but the ratio weighting : doubly robust by less than 3 %", moves[2] < 0.03, moves)
worse = (wobbly[:, [1, 2]] > wobbly[:, 3:4]).mean(axis=0)  # regression, weighting
claim("regression and weighting are worse than doubly robust in 95 % of the draws", worse.min() > 0.95, worse)
claim("regression's RMSE is at least 1.2 times the doubly robust one", ratio[1] > 1.2, rmse)
claim("its intervals hold the truth in fewer than 90 % of studies", covered[1] < 0.9, covered)
honest = claimed[:, 1].mean() / scatter[1]
claim("though its standard errors are 0.8 of its scatter or more", honest > 0.8, honest)
claim("weighting, doubly robust, matching: more than 80 %", covered[2:].min() > 0.8, covered)

# %% [markdown]
# In this world the RMSE of weighting is a seventh larger than that of doubly robust, and that is no noise, though each
# RMSE alone is known to 6 % only. Matching is behind by 12 ± 5 %: likely worse, not surely. (`seed=1`, 2 and 3 in
# `judge` draw other studies, and say 25 to 31 %.) Regression is clearly worst of the four. Its intervals promise 95 %
# and keep less. Its standard errors aren't too small (compare them with the scatter), but a standard error knows
# nothing of bias. (The 99 % of matching are partly luck: with the other seeds it keeps 95 or 96 %. All five ways are
# weighted means of the controls, and one formula makes all standard errors: see the help of `simulators.estimates`.)
#
# Where does regression's bias come from? A straight line doesn't fit men who earn *nothing*, we suspect. Take that
# cause away: give the same ways two more columns, "nothing in 1974" and "nothing in 1975". The men and the studies
# stay.


# %%
def with_zeros(world):
    wider = np.column_stack([world.x, world.x[:, 6:] == 0])  # columns 6 and 7: earnings in 1974 and 1975
    return simulators.World(wider, world.t, world.y, world.other)


helped = simulators.judge(with_zeros(known), times=150)

# %% tags=["nbval-ignore-output"]
print("                RMSE:  as above   with the two columns")
for way, before, after in list(zip(WAYS, true.rmse, helped.rmse, strict=True))[1:]:
    print(f"{way:14s} {round(before, -1):15,.0f} {round(after, -1):15,.0f}")

# %%
claim("regression's bias falls to less than 40 % of what it was", abs(helped.bias[1]) < 0.4 * abs(true.bias[1]))
claim("its intervals hold the truth in 88 % of studies or more", helped.coverage[1] > 0.88, helped.coverage)
near = helped.rmse[1] / helped.rmse[3]
claim("its RMSE is at most 15 % above the doubly robust one", near < 1.15, near)

# %% [markdown]
# With two more columns regression, which was the worst of the four, is as good as the best. (Dehejia & Wahba 1999 give
# their ways such columns.) So "doubly robust is best" isn't a property of doubly robust. It belongs to this world *and*
# to these eight columns. With them we go on: a known ranking, with a known reason. Which judge will find it?

# %% [markdown]
# ## 2. A generator in the place of the truth
#
# With LaLonde's men we have *one* study, and no truth. Athey, Imbens, Metzger & Munro (2024) had an idea: let a
# conditional GAN learn the study, and judge the ways in the *generator's* world. There we can ask for both results of
# each generated man. Two nets:
#
# - $x = g(z, t)$ makes the eight columns of a man, for t = 1 or t = 0;
# - $y = h(z', x, t)$ makes his earnings. **Flip t** and ask $h$ again: that is his other result.
#
# One critic looks at x, y and t together. Then we draw as many studies from this world as we like. Three details
# matter, and each is one or two lines:
#
# **Equal groups.** 185 of 1,185 rows are treated. In a batch of 64 that would be ten. Each batch has 32 of each group.
#
# **A floor.** Most treated men earned *exactly* 0 in 1974. A smooth net never gives exactly 0. So its output is cut
# off at the smallest and largest value seen. But a cut has slope 0: a column that lies wholly below would never learn
# again. So values are cut, and gradients pass. (Theirs is a plain maximum; the rest is ours.)

# %%
v = torch.tensor([-1.0, 0.5, 3.0], requires_grad=True)
cut = v + (v.clamp(0, 2) - v).detach()  # the value of the clamp, the gradient of v
(slope,) = torch.autograd.grad(cut.sum(), v)
(plain,) = torch.autograd.grad(v.clamp(0, 2).sum(), v)
identity("the values are cut: 0, 0.5, 2", torch.equal(cut.detach(), torch.tensor([0.0, 0.5, 2.0])))
identity("a plain clamp passes slopes 0, 1, 0", torch.equal(plain, torch.tensor([0.0, 1.0, 0.0])))
identity("this one passes 1, 1, 1", torch.equal(slope, torch.ones(3)))

# %% [markdown]
# **A one-sided penalty.** The critic's slope may be at most 1 ([chapter 34](34_wasserstein.ipynb)). The usual penalty,
# $(\|\nabla\| - 1)^2$, also punishes slopes *below* 1. Theirs is $\max(0, \|\nabla\| - 1)$: a flat critic
# costs nothing.

# %%
slopes = torch.tensor([[0.3, 0.4], [0.0, 1.0], [3.0, 4.0]])  # three rows, of lengths 0.5, 1 and 5
identity("the mean of 0, 0 and 4", simulators.one_sided(slopes).isclose(torch.tensor(4 / 3)))

# %% [markdown]
# Our study of LaLonde's men: the 185 treated, and 1,000 men of the survey. The other 14,992 are held back, to judge
# the generator. **Four** GANs learn it, from other starts and with other batches and noise; a fifth one has no floor
# and no ceiling, as a control. Three more learn studies from our known world; section 5 needs them. All eight train
# side by side.

# %%
order = np.random.default_rng(3).permutation(len(men))
few, held_back = order[:1000], order[1000:]
one = survey.t == 1
real = (
    np.concatenate([survey.x[one], men[few]]),
    np.repeat([1.0, 0.0], [185, 1000]),
    np.concatenate([survey.y[one], earned[few]]),
)
studies = [known.study(185, 1000, np.random.default_rng(100 + k)) for k in range(3)]
gans = simulators.TableGANs([real] * 5 + studies, steps=600, clamped=[True] * 4 + [False] + [True] * 3)
worlds = gans.worlds()
on_real, smooth, on_known = worlds[:4], worlds[4], worlds[5:]

# %% [markdown]
# ## 3. What has it to get right?
#
# A judge of estimators needs no pretty rows. It needs what decides between estimators: the piles at zero, the tails,
# how earnings depend on the past, and how far the groups overlap. **Predict, and say why:** 14 % of the survey's men
# earned exactly nothing in 1978. What share will the fifth GAN make, the one without a floor?


# %%
def zeros(world):
    """The share that earned exactly 0 in 1974, 1975, 1978: treated, then controls, (2, 3)."""
    table = np.column_stack([world.x[:, 6:], world.y])
    return np.array([(table[world.t == value] == 0).mean(axis=0) for value in (1, 0)])


def below(world):
    return (np.column_stack([world.x[:, 6:], world.y]) < 0).mean()


x, t, y = real
wanted = zeros(simulators.World(x, t, y, y))
found = np.array([zeros(world) for world in on_real])
off = np.median(abs(found - wanted))
identity("without a floor: no zeros at all", zeros(smooth).max() == 0, zeros(smooth))
claim("but 2 % to 25 % of its dollars are below zero", 0.02 < below(smooth) < 0.25, below(smooth))
identity("with a floor: never below zero", max(map(below, on_real)) == 0)
claim("and the shares of zeros are off by less than 20 points in the median", off < 0.2, found - wanted)

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(6.8, 3.5), sharey=True, layout="constrained")
for ax, group, title in ((axes[0], 0, "treated"), (axes[1], 1, "men of the survey")):
    place = np.arange(3)
    ax.bar(place - 0.2, wanted[group], 0.36, color=plotting.REAL, label="real")
    ax.bar(place + 0.2, np.median(found[:, group], axis=0), 0.36, color=plotting.FAKE, alpha=0.45, label="GANs, median")
    for k in range(4):
        ax.plot(place + 0.11 + 0.06 * k, found[k, group], "o", color=plotting.FAKE, markersize=4)
    ax.set_xticks(place, ["1974", "1975", "1978"])
    ax.set(title=title, xlabel="year")
axes[0].set(ylabel="share that earned exactly 0", ylim=(0, 1))
axes[1].legend(fontsize=9)
plt.show()

# %% [markdown]
# Exactly none: for a smooth net a single number has probability 0. The floor makes the piles, though the four fits
# differ (dots). Rounding negative values up after training would be a floor too, but one that the critic never saw.
#
# Can a classifier tell generated rows from held-back ones? The **baseline** is what it scores on two halves of real
# rows, about one half.


# %%
def rows_of(x, y):
    return np.column_stack([x, y]).astype(np.float32)


unseen = rows_of(men[held_back], earned[held_back])
baseline = classifier_two_sample_test(unseen[:1000], unseen[1000:2000]).accuracy
told_apart = []
for world in [*on_real, smooth]:
    made = rows_of(world.x, world.y)[world.t == 0][:1000]
    told_apart.append(classifier_two_sample_test(unseen[:1000], made).accuracy)
claim("real against real: 44 % to 56 %", 0.44 < baseline < 0.56, baseline)
claim("each of the four GANs: at least 8 points above that", min(told_apart[:4]) > baseline + 0.08, told_apart)
claim("and between 62 % and 90 %", 0.62 < min(told_apart[:4]) and max(told_apart[:4]) < 0.9, told_apart)

# %% [markdown]
# And overlap? Weight the controls so that they look like the treated, and ask how many equal men the weighted ones are
# worth: the *effective number* of chapter 72. Beside it stand the top 1 % of the treated men's earnings, and the
# generator's own effect.


# %%
def effective(x, t, y):
    e = causal.logistic(x, t)(x)[t == 0]
    odds = e / (1 - e)
    return odds.sum() ** 2 / (odds**2).sum()


def typical(world):
    """The median effective number of five studies."""
    return np.median([effective(*world.study(185, 1000, np.random.default_rng(k))) for k in range(5)])


overlap = np.array([typical(world) for world in on_real])
top = np.array([np.quantile(world.y[world.t == 1], 0.99) for world in on_real])
own = np.array([world.effect for world in on_real])

# %% tags=["nbval-ignore-output"]
print(f"effective controls   real {effective(*real):6.0f}    GANs", *(f"{v:7.0f}" for v in overlap))
print(f"top 1 % ($)          real {np.quantile(y[t == 1], 0.99):6,.0f}    GANs", *(f"{v:7,.0f}" for v in top))
print("effect ($)                real    ?    GANs", *(f"{v:7,.0f}" for v in own))

# %%
claim("the four effects differ by more than $400", np.ptp(own) > 400, own)
claim("the four effective numbers differ by a factor above 1.25", overlap.max() / overlap.min() > 1.25, overlap)

# %% [markdown]
# So nobody reaches the baseline: our GANs are small, and a classifier still gets about three rows in four right. The
# four learned *the same table*, and their worlds have different effects and different overlap. None of these effects
# is "the" effect: a world's truth is its own. It is there so that errors can be computed in *that* world. Anyone who
# reads it as an answer about LaLonde's men merely has one more estimator, and an odd one.

# %% [markdown]
# ## 4. The verdict on LaLonde's men
#
# Now each of the four worlds judges: 80 studies of 185 treated and 1,000 controls, five ways. How far would each RMSE
# move with other studies? Section 1 says how to see that: draw them again. **Predict, and say why:** will the four
# fits agree, up to that?

# %%
verdicts = [simulators.judge(world, times=80) for world in on_real]
table = np.array([verdict.rmse for verdict in verdicts])  # (4 fits, 5 ways)
unsure = np.array([redrawn(verdict.errors).std(axis=0) for verdict in verdicts])  # their Monte Carlo errors

# %% tags=["nbval-ignore-output"]
print("RMSE ($)      " + "".join(f"         fit {k + 1}" for k in range(4)) + "   bias in each")
for place, way in enumerate(WAYS):
    biases = "".join(f"{verdict.bias[place]:8,.0f}" for verdict in verdicts)
    parts = zip(table[:, place], unsure[:, place], strict=True)
    print(f"{way:14s}" + "".join(f"{value:8,.0f} ±{error:4,.0f}" for value, error in parts) + biases)
print("named best:", ", ".join(WAYS[row.argmin()] for row in table))

# %%
gaps = abs(table[:, None] - table) / np.sqrt((unsure**2)[:, None] + unsure**2)  # of two fits, in errors of the gap
claim("in all four worlds the plain difference is worst", (table.argmax(axis=1) == 0).all(), table)
claim("of the other ways, one at least gets RMSEs more than 3.5 of these errors apart", gaps[..., 1:].max() > 3.5, gaps)

# %% [markdown]
# All four call the difference worst, and we knew that. About the others they don't agree: from fit to fit, the same way
# gets RMSEs that differ by more than the Monte Carlo error. The table was the same; only starts, batches and noise were
# others. A verdict from *one* GAN is one draw.
#
# The paper sees this, too. Its tables for the survey, in thousands of dollars, with our four fits beside them:

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
paper = {  # Table 7: one GAN; Table 9: mean (sd) over ten GANs, each fitted to 80 % of the rows
    "difference": (11.12, 10.12, 1.29),
    "regression": (2.14, 1.09, 0.48),
    "weighting": (0.51, 0.75, 0.30),
    "doubly robust": (0.53, 0.75, 0.32),
    "matching": (0.73, 0.78, 0.13),
}
print("RMSE            paper, one GAN   paper, ten GANs    our four")
for place, way in enumerate(WAYS):
    single, mean, sd = paper[way]
    ours = table[:, place] / 1000
    print(f"{way:15s} {single:12.2f}   {mean:11.2f} ({sd:.2f})   {ours.mean():7.2f} ({ours.std(ddof=1):.2f})")

# %% [markdown]
# Table 7 judges by one GAN: regression 2.14, weighting 0.51. Over ten GANs (Table 9) it is 1.09 against 0.75, with
# standard deviations of 0.48 and 0.30. (The authors conclude that simple ways change places from GAN to GAN, and that
# doubly robust ways with flexible fits hold out best; those we don't run here.)
#
# What differs: their studies have all 15,992 controls, ours 1,000, so our weights rest on fewer men. Theirs drop rows
# with $e > 0.9$. Their ten GANs see different parts of the rows, ours the same. They train far longer, with a critic
# of its own for y, a plain cut at 0, and no ceiling. Compare patterns, not digits.

# %% [markdown]
# ## 5. The check that nobody can do
#
# Which of these verdicts is *right*? With LaLonde's men nobody can say. In our known world we can. There the right
# verdict is that of section 1. Give a judge one study from it, as it would have in real life, let it build its world,
# and compare. We do this with three studies.
#
# And a GAN isn't the only maker. Four plain ones compete, with the same three studies:
#
# - **copula**: keeps each column's values and the correlations of their ranks, in each group;
# - **neighbours**: real men; a man's results are those of men like him, drawn from the nearest ten of each group;
# - **line** (a *plasmode*): real men; results from a fitted line, plus errors drawn anew;
# - **resampled**: real men, real results, all untreated. Some are *called* treated, by the fitted propensity, so the
#   effect is 0.
#
# **Predict, and say why:** which way will each maker call best? Think of the line first.

# %%
makers = {
    "copula": simulators.copula,
    "neighbours": simulators.neighbours,
    "line": simulators.regressed,
    "resampled": simulators.resampled,
}
judged = {"GAN": [(world.effect, simulators.judge(world, times=60)) for world in on_known]}
for name, maker in makers.items():
    made = [maker(*study) for study in studies]
    judged[name] = [(world.effect, simulators.judge(world, times=60)) for world in made]
scores = {name: np.array([verdict.rmse for _, verdict in found]) for name, found in judged.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 4.3), layout="constrained")
lines = {"truth": true.rmse[None]} | scores
for row, values in enumerate(lines.values()):
    for place, way in enumerate(WAYS[1:], start=1):
        height = row + 0.16 * (place - 2.5)
        ax.plot(values[:, place], np.full(len(values), height), MARKS[way], color=COLORS[way], alpha=0.4, markersize=5)
        label = way if row == 0 else None
        middle = np.median(values[:, place])
        ax.plot(middle, height, MARKS[way], color=COLORS[way], markersize=9, label=label)
    ax.axhline(row + 0.5, color="0.85", linewidth=0.8)
ax.set_yticks(range(len(lines)), lines)
ax.invert_yaxis()
ax.set(xlabel="RMSE in the maker's world ($); small: three studies, large: their median", xscale="log")
ax.set_xticks([400, 600, 800, 1000, 1500, 2000], ["400", "600", "800", "1,000", "1,500", "2,000"])
ax.minorticks_off()
ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.45, 1.13), ncols=4)
plt.show()

# %% tags=["nbval-ignore-output"]
print("maker       calls best      in redraws   costs ($)   regression's bias ($)   effect ($)")
for name, found in judged.items():
    for effect, verdict in found:
        choice = verdict.rmse.argmin()
        sure = (redrawn(verdict.errors).argmin(axis=1) == choice).mean()
        cost = true.rmse[choice] - true.rmse.min()
        print(f"{name:11s} {WAYS[choice]:15s} {sure:10.0%} {cost:11,.0f} {round(verdict.bias[1]):23,} {effect:12,.0f}")
print(f"{'truth':11s} {WAYS[true.rmse.argmin()]:15s} {'':10s} {0:11d} {true.bias[1]:23,.0f} {known.effect:12,.0f}")

# %%
kind = {name: values[:, 1] / values[:, 3] for name, values in scores.items()}  # regression against doubly robust
best = {name: values.argmin(axis=1) for name, values in scores.items()}
skew = {name: np.array([verdict.bias[1] for _, verdict in found]) for name, found in judged.items()}
effects = {name: np.array([effect for effect, _ in found]) for name, found in judged.items()}
claim("in two of three GAN worlds or more, regression looks better, against doubly robust, than it is",
      (kind["GAN"] < ratio[1] - 0.1).sum() >= 2, kind)  # fmt: skip
claim("the line calls regression best in two of three worlds or more", (best["line"] == 1).sum() >= 2, best)
claim("its bias there is less than half of what it is in truth, in each", abs(skew["line"]).max() < -bias[1] / 2, skew)
claim("the copula never calls regression best", (best["copula"] != 1).all(), best)
claim("it overdoes regression's bias, in the median", np.median(skew["copula"]) < bias[1], skew)
claim("resampled: matching looks better than it is", np.median(scores["resampled"][:, 4]) < 0.9 * rmse[4], scores)
typical_effect = np.median(effects["neighbours"])
claim("neighbours: the effect is below $2,000 in the median", typical_effect < 2000, effects)
softened = [world.other[world.t == 1].mean() for world in (simulators.neighbours(*study) for study in studies)]
excess = np.array(softened) - known.other[known.t == 1].mean()
claim("for without the programme their treated earn $1,000 too much or more, in each", excess.min() > 1000, excess)

# %% [markdown]
# How to read a row of the table: the way that this maker calls best; the share of redraws of its 60 studies in which
# the same way wins, which says how far the *judge* is to blame; and what it costs to believe it, the true RMSE of that
# way minus the smallest true RMSE. Truth first: regression (orange squares in the figure) is clearly worst of the
# four. Then the others:
#
# - **Our GANs** are too kind to regression, compared with doubly robust. Look at regression's bias in their worlds: the
#   strong bend downwards, −956 dollars in truth, is weak or absent there. But their RMSEs differ in other things as
#   well, such as the overlap, so this need not be the only reason. (Some name doubly robust all the same, by little.)
# - The **line** can't see regression fail. Its world *is* the line, so regression has next to no bias there. A maker
#   prefers the way that shares its model.
# - The **copula** overdoes the bend, so it never falls for regression. That saves it here. The size of its RMSE for
#   regression is far too large: the right warning, with a wrong number.

# %% [markdown]
# - **Neighbours** soften what is sharp: of the ten controls nearest to a man without earnings, many earned *something*.
#   So their treated earn too much without the programme. The strong bias of regression goes, and with it much of the
#   programme's effect.
# - **Resampled** keeps real men with their results. But one man can stand in both groups, and be his own partner. In
#   our known world, too: there a man who was chosen is among the 1,000 controls with a chance of 6 %. Here it is about
#   63 %, since both groups come from the same 1,000. That may be why matching looks too good; we haven't taken that
#   cause away.

# %% [markdown]
# What did the GAN buy? It trains for hundreds of steps, and the copula is computed at once. In our run the advice of
# two GANs costs nothing, and that of the third as much as the line's. The copula's costs 86 dollars at most (about
# 200, if the studies of the other seeds say what matching's RMSE is). That doesn't make it good: it errs to the side
# that happens to be safe here. A maker's looks don't tell whether its verdict is right, and plain makers belong beside
# a GAN.
#
# And the truth itself? The programme brings 2,890 dollars. The makers' own effects, in the last column, differ from
# study to study by hundreds of dollars, for the GAN, the copula and the line. The neighbours' are all far too small.
# (The 0 of the resampled worlds is by construction.) No wonder: the doubly robust estimate itself scatters by about 600
# dollars from study to study. A study with 185 treated men can't fix the effect, and no maker adds men.

# %% [markdown]
# ## What all this does not show
#
# - **That GANs can't judge.** Ours is small, learns from 1,185 rows, and makes 600 steps. A better one may see
#   the bend. But with real data nobody could tell that it does.
# - **That the copula is the right maker.** Its mistake was harmless in *one* world that we built. In another one it
#   may cost more.
# - **That doubly robust is best.** It was in this world, with these columns. Two more columns, and regression drew
#   level.
# - **Anything about hidden causes.** Every maker here puts all causes into the table. In such worlds ignorability
#   holds by construction, and no way is ever punished for trusting it. In the real one that is the main worry.

# %% [markdown]
# Others have asked the same question. Advani, Kitagawa & Słoczyński (2019) tried two ways of building worlds from data
# in a case where the performance of the estimators was known. Both were worse than chance at finding the estimators
# with the smallest bias, and better for mean squared error. A simple bootstrap was at least as good (we don't try it
# as a maker here). They advise to use several estimators and to compare.
#
# So what is such a world good for? For finding what *can't* work (the plain difference fails in all of them), for
# planning (how large are standard errors with 185 treated?), for testing programs where the answer is known. And if
# you rank with it: several fits, several makers, and say which.
#
# 🔎 **Try it.** Judge section 5's worlds with the two columns of section 1: `simulators.judge(with_zeros(world))`, for
# each `world` in `on_known`, and for `maker(*study)`. Which makers say then that regression and doubly robust are about
# equally good?
#
# <details><summary>What we found</summary>
#
# Only the neighbours, with all three studies: the ratio of the RMSEs is 0.98 to 1.03. For the copula regression is
# better by a quarter, for the line by 5 to 25 %. The GANs say 0.78, 1.02 and 1.30.
#
# </details>

# %% [markdown]
# ## Help, I get …
#
# ### One column of the generated table is 0 everywhere
# The output lies below its floor for all rows, and a plain clamp passes no gradient there. Let the gradient pass
# (section 2), or give the net a coin of its own for zeros (exercise 3).
#
# ### A classifier tells my rows at once
# Look at what it uses: `feature_importances_` of a random forest. Often it is trivial: ages with decimals, or a
# ceiling in the data that the generator doesn't have.
#
# ### The treated look fine, and their other results are strange
# The net $h$ was never shown such men with t flipped. Where the groups don't overlap, it invents. So does a line.

# %% [markdown]
# ### All ways have a coverage near 100 %
# Compare with the truth of *this* world, `world.effect`, and not with the experiment's. And look whether studies draw
# the same rows again and again.
#
# ### The ranking changes with the seed
# First the Monte Carlo error: more studies per world. What then remains is the fit, and only more fits show it.

# %% [markdown]
# ## Recap
#
# - RMSE, bias and coverage judge an estimator where the truth is known. They have Monte Carlo errors themselves.
# - A conditional generator with t as an input gives both results of each generated man, so its world has a known
#   effect. It is that world's effect, and no estimate.
# - Piles at zero need a floor (or a hurdle). Tails, dependence and overlap decide the verdict, so measure them.
# - The same table, other starts and batches: other effects, other RMSEs. One GAN is one draw.
# - Where the truth was known, our GANs were too kind to regression, a line's world even more, and a copula too hard.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why is h a net of its own, and not one net for x and y together?</summary>
#
# To flip t for *the same* man: keep his x, and ask only for y again. One net for both would make another man.
#
# </details>
#
# <details><summary>A GAN fits so well that no classifier can tell its rows. Is its verdict right?</summary>
#
# Closer to what the table says. But which way is best depends on men's *other* results, and no row shows these. The
# flipped answers of two equally good generators can differ, above all where the groups hardly overlap.
#
# </details>
#
# <details><summary>Which maker would you use for your next study?</summary>
#
# Several: one that keeps real rows and results, one with a model, and if rows are many, a flexible generator. What all
# of them say can be trusted more than what one says, and what they disagree about is worth reporting.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Athey, Imbens, Metzger & Munro 2024, Using Wasserstein GANs for the Design of Monte Carlo
#   Simulations](https://arxiv.org/abs/1909.02210): the idea of this chapter, with thirteen ways on three tables.
#   [Their code and tables](https://github.com/evanmunro/dswgan-paper), and [a
#   library](https://github.com/gsbDBI/ds-wgan).
# - [Advani, Kitagawa & Słoczyński 2019, Mostly Harmless Simulations?](https://arxiv.org/abs/1809.09527): when worlds
#   made from data choose the right estimator, and when they don't.
# - [Parikh, Varjao, Xu & Tchetgen Tchetgen 2022, Validating Causal Inference
#   Methods](https://arxiv.org/abs/2202.04208): a generator whose effect and confounding are set by hand.
# - [Gulrajani et al. 2017, Improved Training of Wasserstein GANs](https://arxiv.org/abs/1704.00028): the penalty that
#   is made one-sided here.

# %% [markdown]
# ## Key terms
#
# {{terms: Monte Carlo study; RMSE; coverage; Monte Carlo error; hurdle; one-sided penalty; plasmode; Gaussian
# copula}}
