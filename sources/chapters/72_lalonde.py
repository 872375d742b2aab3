# %% [markdown]
# # 72 · LaLonde's lesson
#
# *An experiment knows the answer. Here its control group is taken away, and five methods try to find the answer without
# it. You see how near they come, and how to find out when nobody tells you the answer.*
#
# > **You will be able to**
# > - estimate an effect from a table in five ways, and say what each of them assumes
# > - draw the two pictures that come before any estimate: balance and overlap
# > - test a method where the answer is known to be zero
# > - show how far an answer moves when somebody makes other reasonable choices
# > - say how strong a hidden cause would have to be to change the answer
# >
# > **Before you start** [71 · what a generator can't know](71_what_a_generator_cannot_know.ipynb) explains confounders,
# > the ATT, ignorability, overlap and the propensity score.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# In the 1970s an American programme, the **National Supported Work Demonstration**, gave people with few chances to
# find work a job with guidance, for 9 to 18 months. Among those who qualified, chance decided who got one. So we know
# what it brought: compare the two groups.
#
# In 1986 the economist Robert LaLonde asked: what if there had been no control group? He replaced it by ordinary men
# from a survey, the Current Population Survey, and let the methods of his time find the effect. (Imports are folded.)
#
# We use the men whom Dehejia & Wahba (1999) selected from his: those whose earnings of 1974 are known as well, 185
# treated and 260 controls. All earnings are in dollars of 1982.

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from gan_edu import causal, data, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
PURPLE, GREY, GOLD = plotting.NEUTRAL[:3]

# %%
experiment = data.job_training("experiment")
survey = data.job_training("survey")  # the same treated men, and other controls
print(experiment)
print(survey)

# %% jupyter={"source_hidden": true}
fig, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.6), layout="constrained", width_ratios=(1.15, 1))
groups = {
    "treated": (experiment.x[experiment.t == 1, 7], PURPLE, "-"),
    "controls by chance": (experiment.x[experiment.t == 0, 7], plotting.REAL, "--"),
    "men of the survey": (survey.x[survey.t == 0, 7], plotting.FAKE, "-."),
}
for name, (earned, color, line) in groups.items():
    left.plot(np.sort(earned) / 1000, np.linspace(0, 1, len(earned)), line, color=color, linewidth=2, label=name)
left.set(xlabel="earnings in 1975 ($1,000)", ylabel="share that earned no more", ylim=(0, 1.02))
left.legend(fontsize=9, loc="lower right")
seen = [causal.difference(trial.x, trial.t, trial.y) for trial in (experiment, survey)]
right.bar([0, 1], np.array(seen) / 1000, color=[plotting.REAL, plotting.FAKE], width=0.6)
right.axhline(0, color="black", linewidth=1)
right.set_xticks([0, 1], ["controls\nby chance", "men of\nthe survey"])
right.set(ylabel="treated minus controls, 1978 ($1,000)", ylim=(-10, 3.5))
for place, value in enumerate(seen):
    right.text(place, value / 1000 + (0.3 if value > 0 else -0.9), f"{value:+,.0f}".replace("-", "−"), ha="center")
plt.show()
claim("the experiment says $1,794", round(seen[0]) == 1794, seen)
claim("with the survey in its place the difference is −$8,498", round(seen[1]) == -8498, seen)

# %% [markdown]
# On the right: the men in the programme earned 1,794 dollars more in 1978 than the controls whom chance had chosen.
# Against the men of the survey they earned 8,498 dollars *less*. Did the programme do harm? The left picture answers.
# *Before* the programme, most of the treated and their controls earned nothing, and the men of the survey had ordinary
# jobs.
#
# That is confounding, with real people. And for once we have an answer to compare with. It isn't the last word:
# LaLonde's own group was larger (297 treated men, 425 controls), and this is a part of it. (The survey cuts earnings at
# about 25,000 dollars; hence the upright line.)

# %% [markdown]
# ## 1. What chance does
#
# The table has eight columns from before the programme: age, years of school, four times yes or no (black, hispanic,
# married, no school degree), and the earnings of 1974 and 1975. The result is what they earned in 1978.
#
# How alike are two groups? For each column take the difference of the means, in standard deviations (the root of the
# mean of both variances). This **standardised difference** needs no unit. A common rule of thumb calls more than 0.1
# worth a look.

# %%
before = {"experiment": causal.imbalance(experiment.x, experiment.t), "survey": causal.imbalance(survey.x, survey.t)}
print("standardised difference   experiment   survey")
for name, a, b in zip(survey.names, *before.values(), strict=True):
    print(f"{name:24s} {a:10.2f} {b:9.2f}")
worst = {name: abs(gaps).max() for name, gaps in before.items()}
lots = np.random.default_rng(0)
others = [abs(causal.imbalance(experiment.x, lots.permutation(experiment.t))).max() for _ in range(1_000)]
print(f"largest gap: {worst['experiment']:.2f} in the experiment, {np.median(others):.2f} in the median of new lots")
claim("in fewer than 3 % of 1,000 new lots the largest gap is as large", np.mean(others >= worst["experiment"]) < 0.03)
gaps = abs(before["survey"])
claim("the survey has seven gaps above 0.6, the largest above 2", (gaps > 0.6).sum() == 7 and gaps.max() > 2, before)

# %% [markdown]
# Chance doesn't make two groups equal. It makes their gaps *small and random*, for hidden columns as well, and that is
# its power. With 185 and 260 men the largest of eight gaps is typically near 0.16. Here "no degree" has 0.30, and
# drawing lots anew gives as much in fewer than 3 of 100 draws. So these 445 may not be quite as the lots left them:
# they are a selection, and some men couldn't be found again (Imbens 2015 thinks of such losses).
#
# How sure are the 1,794 dollars? Draw the men again, with replacement, and look how much the answer scatters. This is
# the **bootstrap**. A formula says it too, for a difference of means: $\sqrt{s_1^2 / n_1 + s_0^2 / n_0}$, with the
# variances $s^2$ and the sizes n of both groups.

# %%
draws = causal.bootstrap(causal.difference, experiment.x, experiment.t, experiment.y, times=400)
parts = [experiment.y[experiment.t == value] for value in (1, 0)]
formula = np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts))
benchmark = seen[0]
claim("the standard error is near $671 by the formula", abs(formula - 671) < 1, formula)
claim("and within 12 % of that by the bootstrap", abs(draws.std() / formula - 1) < 0.12, draws.std())

# %% [markdown]
# So the experiment says: about 1,800 dollars, give or take two standard errors of 670: from 450 to 3,100. Even the
# answer that we compare with is wide. But the methods below use the *same* treated men, so their luck cancels when we
# ask how wrong a method is. Section 4 measures that, with its own error.

# %% [markdown]
# ## 2. Five ways to an answer
#
# All of them ask for the ATT, the effect on the treated: what would *these 185 men* have earned without the programme?
# The treated men's own results are known, so only $Y(0)$ is missing. Each way fills it in differently.
#
# **Outcome regression.** Learn from the controls how earnings depend on the columns, a function $m(x)$, and predict
# with it what each treated man would have earned. The answer is the mean of $y - m(x)$ over the treated.
#
# **Weighting.** Fit the propensity $e(x)$, the probability to be a treated man rather than one of the survey. A control
# counts $w = e/(1-e)$ times, 0.25 times for $e = 0.2$, and so the controls come to look like the treated. The answer is
# the mean of y over the treated minus the weighted mean of y over the controls.
#
# **Doubly robust.** Do both: the mean of $y - m(x)$ over the treated minus the *weighted* mean of $y - m(x)$ over the
# controls.

# %%
x, t, y = survey.x, survey.t, survey.y
treated, control = t == 1, t == 0

m = causal.linear(x[control], y[control])  # least squares
by_regression = y[treated].mean() - m(x[treated]).mean()

e = causal.logistic(x, t)(x)  # logistic regression
odds = e / (1 - e)
by_weights = y[treated].mean() - np.average(y[control], weights=odds[control])

errors = y - m(x)
by_both = errors[treated].mean() - np.average(errors[control], weights=odds[control])
print(f"regression ${by_regression:,.0f}   weighting ${by_weights:,.0f}   doubly robust ${by_both:,.0f}")

# %% [markdown]
# Why is it called doubly robust? If $m$ is right, its errors are zero on average wherever you look, and wrong weights
# bring no bias (only scatter). If the weights are right, the second term takes out, on average, what $m$ gets wrong.
# *One* of the two has to be right, and ignorability must hold for both. When both are wrong, nothing is promised.
#
# **Matching.** For each treated man find the nearest control, with distances in standard deviations, and compare the
# two. What is left of difference within pairs is taken out by a line.
#
# The fifth is the plain **difference**. They all stand in `gan_edu.causal`, in a few lines each.
#
# **Predict, and say why:** the five answers on the *experiment's* table, will they agree? And on the survey's? Which of
# them will be nearest to 1,794?

# %%
ways = {
    "difference": causal.difference,
    "regression": causal.outcome_regression,
    "weighting": causal.weighting,
    "doubly robust": causal.doubly_robust,
    "matching": causal.matching,
}
answers = {}
for name, way in ways.items():
    for place, trial in (("experiment", experiment), ("survey", survey)):
        value = way(trial.x, trial.t, trial.y)
        again = [np.nan]
        if name != "matching":  # for matching the bootstrap is known to fail
            again = causal.bootstrap(way, trial.x, trial.t, trial.y, times=200 if place == "experiment" else 100)
        answers[name, place] = value, np.std(again)

# %% tags=["nbval-ignore-output"]
print("dollars            experiment (s.e.)     survey (s.e.)")
for name in ways:
    cells = [f"{answers[name, place][0]:8,.0f} ({answers[name, place][1]:4.0f})" for place in ("experiment", "survey")]
    print(f"{name:15s}    {cells[0]:17s}  {cells[1]}".replace("( nan)", ""))

# %%
told = {"regression": 690, "weighting": 1180, "doubly robust": 1274}  # what we found on our machine
same = [by_regression, by_weights, by_both]
identity(
    "the library gives what the lines above gave", np.allclose(same, [answers[name, "survey"][0] for name in told])
)
close = [abs(answers[name, "survey"][0] - value) for name, value in told.items()]
claim("regression 690, weighting 1,180, doubly robust 1,274 (within $15)", max(close) < 15, answers)
inside = [answers[name, "experiment"][0] for name in ways]
claim("in the experiment four agree within $30, and matching says $200 to $450 more",
      np.ptp(inside[:4]) < 30 and 200 < inside[4] - benchmark < 450, inside)  # fmt: skip
outside = [answers[name, "survey"][0] for name in list(ways)[1:]]
claim("with the survey the four that adjust differ by more than $1,200", max(outside) - min(outside) > 1200, outside)
parts = [survey.y[survey.t == value] for value in (1, 0)]
by_formula = np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts))
ratio = answers["difference", "survey"][1] / by_formula
claim("survey, difference: the bootstrap agrees with the formula within 25 %", abs(ratio - 1) < 0.25, ratio)

# %% [markdown]
# In the experiment four agree, because there is little to adjust. With the survey, adjusting removes nearly all of the
# 10,000 dollars that the plain difference is off. That is a great deal. But the four answers run from 700 to 2,150.
# Nearest to 1,794 is matching, then doubly robust, but from the survey alone nobody could tell. Their standard errors
# are only a little smaller than in the experiment, for the scatter of 185 treated men is in all of them.
#
# Athey, Imbens, Metzger & Munro (2024, Table 5) report, in thousands and in our order, 1.79, 1.79, 1.81, 1.80 and 2.12
# in the experiment, and −8.50, 0.69, 1.18, 1.27 and 2.15 with the survey. All ten agree with ours to the last digit
# that they print. (They drop rows with $e > 0.9$. There is none here. Many men have equal columns, and as partners all
# equally near ones count.)

# %%
for place, trial in (("experiment", experiment), ("survey", survey)):
    partners = [causal.matching(trial.x, trial.t, trial.y, neighbours=count) for count in (1, 4, 16)]
    print(f"{place:10s} matching with 1, 4, 16 partners: " + ", ".join(f"{value:,.0f}" for value in partners))
    claim("with 16 partners it says at least $150 less than with one", partners[2] < partners[0] - 150, partners)

# %% [markdown]
# More partners bring matching in the experiment to the others, and with the survey to 1,550 dollars. "Matching" isn't
# one method, and one partner is a noisy choice. (Standard errors for it exist, by another formula: Abadie & Imbens
# 2006.)

# %% [markdown]
# ### What if m needn't be a line?
#
# A random forest, the mean of many decision trees, can follow curves. But it fits its own training rows too well, and
# the doubly robust correction would look at exactly these flattering errors. **Cross-fitting** helps: deal the rows
# into parts, and judge each part by a forest that hasn't seen it. The dealing is random, so we look at three seeds. And
# two things change at once, so we look at lines with two parts (*folds*) as well, and at forests in the experiment,
# with twelve seeds.

# %%
options = dict(n_estimators=20, min_samples_leaf=10, max_features=0.5, random_state=0)
trees = causal.learner(lambda: RandomForestRegressor(**options))
chances = causal.learner(lambda: RandomForestClassifier(**options))
experiment_table = experiment.x, experiment.t, experiment.y
forest = [causal.doubly_robust(x, t, y, trees, chances, folds=2, seed=seed) for seed in range(3)]
lines = [causal.doubly_robust(x, t, y, folds=2, seed=seed) for seed in range(3)]
inside = [causal.doubly_robust(*experiment_table, trees, chances, folds=2, seed=seed) for seed in range(12)]
claim("survey, forests: 1,300 to 2,300 in three seeds", 1300 < min(forest) and max(forest) < 2300, forest)
claim("survey, lines with two folds: within $150 of one fold", max(abs(v - by_both) for v in lines) < 150, lines)
claim("so the forests say more, in each seed", min(forest) > max(lines), [forest, lines])
near = abs(np.median(inside) - benchmark) < 150
claim("experiment, forests: their median over twelve seeds is within $150 of the 1,794", near, inside)
claim("but from seed to seed they move by more than $150", np.ptp(inside) > 150, inside)

# %% tags=["nbval-ignore-output"]
for name, found in (("survey, forests", forest), ("survey, lines", lines), ("experiment, forests", sorted(inside))):
    print(f"{name:20s}" + " ".join(f"{value:,.0f}" for value in found))

# %% [markdown]
# With the survey the forests come nearer than lines do, and the folds aren't the reason. So forests are better? In the
# *experiment*, where there is little to adjust, their median is about the plain difference, but single seeds lie up to
# some 300 dollars away, on both sides. So one seed is no answer. And on another survey it can be the other way
# round: Table 5 of the same paper has 0.98 thousand for the forests, and 1.50 for the lines, with controls of the Panel
# Study of Income Dynamics.

# %% [markdown]
# ## 3. Two pictures before any estimate
#
# Both can be drawn *without looking at the result*, so nobody can choose by it.
#
# **Balance**: the standardised differences before and after weighting (a *love plot*, after Thomas Love). **Overlap**:
# the propensity in both groups. **Predict:** how many of the 15,992 men of the survey are of any use as controls?

# %% jupyter={"source_hidden": true}
after = causal.imbalance(x, t, weights=odds)
fig, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.9), layout="constrained")
rows = np.arange(len(survey.names))
left.axvspan(-0.1, 0.1, color="0.9")
left.scatter(before["survey"], rows, color=plotting.FAKE, marker="o", label="before")
left.scatter(after, rows, color=plotting.REAL, marker="D", label="weighted")
left.set_yticks(rows, survey.names)
left.set(xlabel="standardised difference", title="balance")
left.legend(fontsize=9, loc="upper right")
bins = np.linspace(0, 0.5, 26)
right.hist(e[control], bins, histtype="step", linewidth=2, color=plotting.FAKE, label="men of the survey")
right.hist(e[treated], bins, histtype="step", linewidth=2, color=PURPLE, linestyle="--", label="treated")
right.set(yscale="log", xlabel="propensity e(x)", ylabel="men (logarithmic)", title="overlap")
right.legend(fontsize=9, loc="upper right")
plt.show()

# %%
weight = odds[control] / odds[control].sum()
effective = 1 / (weight**2).sum()
print(f"{(e[control] < 0.01).sum():,} controls have a propensity below 1 %, {(e[control] >= 0.1).sum()} at least 10 %")
print(f"the weighted controls are worth {effective:.0f} men")
claim("after weighting no gap is above 0.1", abs(after).max() < 0.1, after)
claim("nine of ten controls have a propensity below 1 %", (e[control] < 0.01).mean() > 0.9)
claim("the effective number is below 500", effective < 500, effective)

# %% [markdown]
# The weights do what they should: on average the weighted controls look like the treated, in all eight columns. The
# price stands on the right. Most of the 15,992 controls count for little: the weighted mean scatters as that of about
# 400 equal men would. (This **effective number** is $1 / \sum w_i^2$, for weights that sum to 1.)
#
# Many analysts now **trim**: they leave out men without a counterpart. Who is that? We ask about the treated, so the
# danger is a treated man with e near *1*, whose like isn't among the controls. Here the largest e is 0.49, so there is
# none. Controls with small e have no counterpart among the treated, and hardly any weight. *Treated* men with small e
# have more counterparts than anybody.
#
# Still, "keep $0.1 \le e \le 0.9$" is a common rule (it was made for the effect over *all*). **Predict:** leave out
# only the controls below 0.1, or only the treated below 0.1: what does each do to regression and to weighting?

# %%
in_experiment = causal.logistic(x, t)(experiment.x)
kept_rows = {
    "nobody": e >= 0,
    "controls": (e >= 0.1) | treated,
    "treated": (e >= 0.1) | control,
    "both": e >= 0.1,
}
trimmed = {}
for out, kept in kept_rows.items():
    ours = in_experiment >= (0.1 if out in ("treated", "both") else 0)  # the experiment on the same kind of men
    row = [way(x[kept], t[kept], y[kept]) for way in ways.values()]
    truth = causal.difference(experiment.x[ours], experiment.t[ours], experiment.y[ours])
    trimmed[out] = row, truth, (kept & control).sum(), (kept & treated).sum()

# %% tags=["nbval-ignore-output"]
print("left out    controls  treated   diff.   regr.  weight.  d.robust  match.   experiment")
for out, (row, truth, controls, men) in trimmed.items():
    print(f"{out:10s}  {controls:8,} {men:8}  " + " ".join(f"{v:7,.0f}" for v in row) + f"  {truth:9,.0f}")

# %%
naive = {out: row[0] for out, (row, *_) in trimmed.items()}
claim(
    "without the remote controls the plain difference goes from −8,498 to above 1,000",
    naive["nobody"] < -8000 and naive["controls"] > 1000,
    naive,
)
nobody, controls, men, both = (np.array(row) for row, *_ in trimmed.values())
claim("and the line moves by more than $500", controls[1] - nobody[1] > 500, trimmed)
claim("weighting and doubly robust by less than $200", abs(controls - nobody)[2:4].max() < 200, trimmed)
claim("they move by $300 or more when treated men are left out", (men - nobody)[2:4].min() > 300, trimmed)
claim("with both, the three are less than $200 apart", np.ptp(both[1:4]) < 200, trimmed)

# %% [markdown]
# Leaving out the remote *controls* helps whoever has to extrapolate: the plain difference, and the line, which was
# fitted to 16,000 other men. Weighting and doubly robust hardly notice, since those men had little weight. They move
# when 40 *treated* men are left out, and that changes the question: the answer is then about the 145 who are left. With
# both, the three ways agree, and come near the experiment on the same men.
#
# Agreeing isn't being right. Regression, weighting and doubly robust use the same columns and the same men, so they can
# be wrong together. Matching with one partner lies above them all the while, at 2,200 to 2,700 dollars.
#
# We could stop here and be happy. But nobody has shown us yet that the *comparison* is right.

# %% [markdown]
# ## 4. Where the answer must be zero
#
# A **placebo test** asks the same method a question whose answer is known. The programme can't have changed what the
# men earned *before* it began. So take the earnings of 1975 as the result, adjust for the other seven columns, and see
# whether 0 comes out.
#
# **Predict, and say why:** the adjusted answers came near the experiment. Will they come near 0 here?

# %%
past, was = np.delete(x, 7, axis=1), x[:, 7]  # seven columns, and the earnings of 1975
past_experiment, was_experiment = np.delete(experiment.x, 7, axis=1), experiment.x[:, 7]
placebo = {name: way(past, t, was) for name, way in ways.items()}
fair = {name: way(past_experiment, experiment.t, was_experiment) for name, way in ways.items()}
error = causal.bootstrap(causal.doubly_robust, past, t, was, times=100).std()
fair_error = causal.bootstrap(causal.doubly_robust, past_experiment, experiment.t, was_experiment, times=100).std()

# %% tags=["nbval-ignore-output"]
print("“effect” on 1975   experiment   survey")
for name in ways:
    print(f"{name:16s} {fair[name]:11,.0f} {placebo[name]:10,.0f}")
print(f"standard error   {fair_error:11,.0f} {error:10,.0f}   (doubly robust)")

# %%
adjusted = np.array(list(placebo.values())[1:])
claim(
    "survey: each adjusted “effect” is $1,000 to $1,600 below zero",
    (-1600 < adjusted).all() and (adjusted < -1000).all(),
)
claim("the doubly robust one lies more than 4 standard errors from 0", placebo["doubly robust"] < -4 * error, error)
claim("experiment: within 2 standard errors of 0", abs(fair["doubly robust"]) < 2 * fair_error, fair)

# %% [markdown]
# The survey fails, clearly. Men with the same age, school, family and earnings in 1974 still earned about 1,300 dollars
# less in 1975 if they were about to enter the programme. Why? Three candidates, between which this table can't decide:
#
# - people come to such a programme after a bad year. (That is so common that it has a name, *Ashenfelter's dip*. Here
#   it isn't obvious: fewer of the treated had no earnings in 1975 than in 1974.)
# - they may have been out of work when they joined, and no column says so.
# - earnings may have been *measured* in two ways. Those of the survey are cut at a ceiling: one man in five stands
#   there in 1975, one in four in 1978. The experiment has no such pile.

# %% [markdown]
# Does this refute the answers of section 2? Not strictly. They adjust for 1975 as well, and the placebo can't. But it
# says how much *seven* good columns left over. We can hope that one more column takes away the rest, and not know it.
#
# A second zero needs the experiment: its *controls* got nothing either. Put them in the place of the treated, and the
# survey against them. What comes out is the bias itself.

# %%
untreated = np.concatenate([experiment.x[experiment.t == 0], x[control]])
played = np.repeat([1.0, 0.0], [(experiment.t == 0).sum(), control.sum()])
earned = np.concatenate([experiment.y[experiment.t == 0], y[control]])
bias = {name: way(untreated, played, earned) for name, way in ways.items()}
noise = {
    name: causal.bootstrap(ways[name], untreated, played, earned, times=100).std()
    for name in ("difference", "regression", "weighting", "doubly robust")
}

# %% tags=["nbval-ignore-output"]
for name, value in bias.items():
    print(f"{name:15s} {value:8,.0f}" + (f"  (s.e. {noise[name]:,.0f})" if name in noise else ""))

# %%
four = [bias[name] for name in list(ways)[1:]]
claim("all four that adjust are below zero", max(four) < 0, bias)
claim("regression by more than two standard errors", bias["regression"] < -2 * noise["regression"], noise)
claim("weighting and doubly robust by less than two",
      all(abs(bias[name]) < 2 * noise[name] for name in ("weighting", "doubly robust")), noise)  # fmt: skip
claim("that is 10 % to 65 % of the 1,794", -0.65 * benchmark < min(four) and max(four) < -0.1 * benchmark, bias)
claim("and adjusting removes at least 85 % of the plain difference", min(four) > 0.15 * bias["difference"], bias)

# %% [markdown]
# Adjusted for the columns, the experiment's controls earned 300 to 1,100 dollars less than the men of the survey. So
# adjusting removes nine tenths of the bias, and what it leaves is between a sixth and three fifths of the effect that
# we look for. Is it different from zero? For regression it is, by two and a half standard errors. For weighting and
# doubly robust it isn't clear: with 260 men chance could do it. All four lie below, but they use the same men, so that
# is *one* sign and not four.

# %% [markdown]
# ## 5. Which choices move the answer?
#
# Every analyst makes choices, and reports *one* number. Let us make them all: four ways, five sets of columns, three
# cuts for overlap. **Predict:** in what range will the 60 answers lie? Which of the three choices matters most?

# %%
zeros = (x[:, 6:] == 0).astype(float)  # earned nothing in 1974, in 1975
columns = {
    "all eight": x,
    "and squares, zeros": np.column_stack([x, zeros, x[:, 0] ** 2, x[:, 1] ** 2]),
    "without 1974": np.delete(x, 6, axis=1),
    "without 1975": np.delete(x, 7, axis=1),
    "no earnings": x[:, :6],
}
curve = []
for chosen, table in columns.items():
    score = causal.logistic(table, t)(table)
    for low in (0.0, 0.05, 0.1):
        kept = score >= low
        for name in list(ways)[1:]:
            curve.append((ways[name](table[kept], t[kept], y[kept]), chosen, low, name))
curve.sort()
values = np.array([value for value, *_ in curve])

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.9), layout="constrained")
looks = zip(columns, (plotting.REAL, plotting.DISC, GOLD, GREY, plotting.FAKE), ("o", "D", "s", "v", "^"), strict=True)
ax.axhspan(benchmark - formula, benchmark + formula, color="0.9", label="experiment ± s.e.")
for chosen, color, marker in looks:
    ranks = [place for place, row in enumerate(curve) if row[1] == chosen]
    ax.scatter(ranks, values[ranks], color=color, marker=marker, s=28, label=chosen)
ax.axhline(0, color="black", linewidth=1)
ax.set(xlabel="60 analyses, sorted", ylabel="effect in 1978 (dollars)")
ax.legend(fontsize=9, loc="lower right", title="columns", ncols=2)
plt.show()

# %%
by_columns = {chosen: values[[row[1] == chosen for row in curve]] for chosen in columns}
print("median by columns:", ", ".join(f"{chosen} {np.median(v):,.0f}" for chosen, v in by_columns.items()))
rest = [row for row in curve if row[1] != "no earnings"]


def medians(rows, place):
    return {
        key: round(float(np.median([row[0] for row in rows if row[place] == key])))
        for key in dict.fromkeys(row[place] for row in rows)
    }


three = [row for row in rest if row[3] != "matching"]
moves = [np.ptp(list(medians(three, place).values())) for place in (3, 1, 2)]
for what, place in (("way", 3), ("columns", 1), ("cut", 2)):
    print(f"{what:8s}", ", ".join(f"{key} {value:,}" for key, value in sorted(medians(rest, place).items(), key=str)))
claim("with some earnings, three ways have medians less than $200 apart", moves[0] < 200, moves)
claim("and matching with one partner lies $300 or more above all three",
      medians(rest, 3)["matching"] - max(medians(three, 3).values()) > 300, medians(rest, 3))  # fmt: skip
claim("without matching, columns and cuts move the median by $250 or more each", min(moves[1:]) > 250, moves)
claim("the 60 answers span more than $4,000", np.ptp(values) > 4000, values)
claim("without any earnings all 12 are below −2,000", by_columns["no earnings"].max() < -2000, by_columns)
claim("with some earnings all 48 are between 0 and 3,000", 0 < min(rest)[0] and max(rest)[0] < 3000, by_columns)

# %% [markdown]
# One choice decides whether there is any hope: without past earnings all answers are far below zero. The other 48 lie
# between 0 and 2,700 dollars, with the same men, and with methods that are all in the textbooks. The three ways hardly
# differ in their medians. Matching with one partner lies 500 dollars higher, and columns and cuts move the rest by
# about as much. Dehejia & Wahba (1999) came close to the experiment by propensity scores; Smith & Todd (2005) showed
# how much that depends on the columns and on the men who are included.
#
# A curve like this is worth more than its best point. Who shows one point owes the reader the rule by which it was
# chosen, *before* the result was seen.

# %% [markdown]
# ## 6. How strong would a hidden cause have to be?
#
# Ignorability can't be tested. But we can ask what it would take to change the answer. For a straight line there is an
# exact formula. Fit Y on T and the columns, once *with* another column Z and once *without* it:
#
# $$\tau_\text{without} = \tau_\text{with} + \gamma \cdot \delta .$$
#
# $\gamma$ is what one more standard deviation of Z brings (in dollars, other columns equal). $\delta$ is how many
# standard deviations more of Z the treated have (other columns equal). This is the **omitted variable bias**. To check
# it, hide each *measured* column in turn.


# %%
def coefficients(columns, target):
    return np.linalg.lstsq(np.column_stack([*columns, np.ones(len(target))]), target, rcond=None)[0]


with_all = coefficients([t, x], y)[0]
hidden = {}
for j, name in enumerate(survey.names):
    z, others = x[:, j] / x[:, j].std(), np.delete(x, j, axis=1)
    gamma = coefficients([z, t, others], y)[0]
    delta = coefficients([t, others], z)[0]
    without = coefficients([t, others], y)[0]
    hidden[name] = gamma, delta
    identity(f"{name:14s} γ {gamma:6,.0f} · δ {delta:5.2f} = {without - with_all:5,.0f}",
             np.isclose(without, with_all + gamma * delta))  # fmt: skip

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.4, 3.9), layout="constrained")
d = np.linspace(0.02, 3, 300)
for size, line in ((500, ":"), (1000, "--"), (2000, "-")):
    ax.plot(d, size / d, line, color="black", linewidth=1.5, label=f"moves it by ${size:,}")
small = [name for name, (gamma, delta) in hidden.items() if abs(gamma) < 1000 and abs(delta) < 1]
for name, (gamma, delta) in hidden.items():
    ax.scatter(abs(delta), abs(gamma), color=GREY if name in small else PURPLE, zorder=3)
    if name not in small:
        place = {"earnings 1975": (0.7, 4500), "earnings 1974": (0.95, 3200), "black": (2.3, 1500)}.get(
            name, (1.3, 2200)
        )
        ax.annotate(name, (abs(delta), abs(gamma)), place, fontsize=10, arrowprops=dict(arrowstyle="-", color=GREY))
ax.scatter([], [], color=GREY, label=",\n".join(small))
ax.set(xlabel="|δ|: gap between the groups (standard deviations)", ylabel="|γ|: dollars per standard deviation")
ax.set(xlim=(0, 3), ylim=(0, 5000))
ax.legend(fontsize=9)
plt.show()
move = {name: gamma * delta for name, (gamma, delta) in hidden.items()}
claim("with all columns the line says $650 to $750", 650 < with_all < 750, with_all)
claim("two columns, hidden alone, move it by $500 or more", sum(abs(v) > 500 for v in move.values()) == 2, move)
neither = coefficients([t, x[:, :6]], y)[0]
claim("both earnings, hidden together, move it by more than $3,000", with_all - neither > 3000, neither)

# %% [markdown]
# The line with all columns says 699 dollars. To bring it to 1,794 a hidden cause would need $\gamma \delta = -1{,}095$:
# for example one that is worth 2,000 dollars per standard deviation, and of which the treated have a good half of a
# standard deviation less. No single column lies beyond the dashed curve. But the earnings of 1974 and 1975 stand in for
# each other: hide one, and the other one does its work. Hide *both*, and the line moves by 3,700 dollars. So causes of
# this size do exist. "Able to find work" would be one like it, if past earnings didn't tell.
#
# Is there a hidden column like this? Health, a prison record, a car, the town: none of them is in the table. (The
# survey asks all over the country, the programme had ten sites.) Nobody can say from the table. But now the question is
# one that people can argue about: how large is $\gamma$, how large is $\delta$?

# %% [markdown]
# ## What all this does not show
#
# - **That some method is best.** One survey, one programme, 185 treated men. Section 4's errors of 425 to 510 dollars
#   are too large to rank most of them.
# - **That adjusting fails.** It removed nine tenths of the bias. Whether that is enough depends on the effect.
# - **That a passed placebo proves the rest.** It shows that this test found nothing.
# - **Anything about other people.** These are men in the United States in the 1970s, with very low earnings. The women
#   of the programme are another table.
# - **That chance is always possible, or right.** Where places are scarce, drawing lots can be a fair way to give them.

# %% [markdown]
# ## Help, I get …
#
# ### `No treated or no untreated rows are left`
# You have trimmed too much, or `t` is turned round. Print how many of each are left.
#
# ### The weights sum to a strange number
# Divide by their sum, as `np.average` does. Without that, one man with $e = 0.999$ counts a thousand times, and the
# answer changes when a constant is added to Y.
#
# ### Logistic regression doesn't converge
# A column (or a mixture) tells treated and controls apart perfectly: no overlap. Scale the columns, look for a column
# that only one group has, and think about whom you can compare.

# %% [markdown]
# ### My regression disagrees with a paper's
# Is the treatment a column of the regression (one line for both groups), or was the line fitted to the controls only?
# Here: 699 and 690 dollars. Are earnings in dollars or thousands, and which sample is it: 185 treated men (Dehejia &
# Wahba) or 297 (LaLonde)?
#
# ### Cross-fitting gives another number each time
# The folds are random. Take the median over several seeds, and tell their spread.

# %% [markdown]
# ## Recap
#
# - Lots make groups alike up to small random gaps, in hidden columns too. These men: 1,794 dollars, with a standard
#   error of 670.
# - With men of a survey the plain difference is off by 10,000 dollars. Four ways to adjust bring it to between
#   700 and 2,150.
# - Draw balance and overlap first. For the effect on the treated, remote controls harm lines, not weights; leaving out
#   treated men changes the question.
# - Ask where the answer is known. The survey fails on the earnings of 1975, by 1,300 dollars; the experiment's controls
#   show what is left of the bias, with errors of 425 to 510 dollars.
# - Show how the answer moves with the choices, and how strong a hidden cause would have to be.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Which of the five ways is right?</summary>
#
# The difference in the experiment, because lots were drawn. With the survey none is *known* to be right: all four need
# ignorability, and one of the two zeros says clearly that something is missing.
#
# </details>
#
# <details><summary>Weighting has balanced all eight columns. Is the bias gone?</summary>
#
# From these columns' means, yes. From hidden columns, and from bends and combinations of the eight, perhaps not. A
# balanced table can still compare men with different luck in the year before.
#
# </details>
#
# <details><summary>A paper reports one estimate from a survey, with a standard error of 300. What is missing from that
# error?</summary>
#
# All that doesn't shrink with more rows: hidden causes, and the choices of columns, of people and of method. The 60
# answers above span more than 4,000 dollars; with the survey the standard errors of section 2 are below 600.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Imbens & Xu 2024, Comparing Experimental and Nonexperimental Methods](https://arxiv.org/abs/2406.00827): the same
#   data with today's methods, overlap and placebo tests; the model for this chapter.
# - [Athey, Imbens, Metzger & Munro 2024, Using Wasserstein GANs for the Design of Monte Carlo
#   Simulations](https://arxiv.org/abs/1909.02210): more estimators on these tables, and GANs that imitate the tables to
#   judge the estimators. The next step of this part.
# - [LaLonde 1986, Evaluating the Econometric Evaluations of Training
#   Programs](https://www.jstor.org/stable/1806062): the paper that began it.
# - [Dehejia & Wahba 1999, Causal Effects in Nonexperimental Studies](https://doi.org/10.1080/01621459.1999.10473858):
#   the sample that we use, and propensity scores. [Their data](https://www.nber.org/~rdehejia/nswdata.html).
# - [Imbens 2015, Matching Methods in Practice: Three Examples](https://doi.org/10.3368/jhr.50.2.373): these data step
#   by step, with the gap of "no degree".
# - [Smith & Todd 2005, Does Matching Overcome LaLonde's Critique?](https://doi.org/10.1016/j.jeconom.2004.04.011): how
#   much depends on the columns and on the sample.

# %% [markdown]
# ## Key terms
#
# {{terms: standardised difference; bootstrap; weighting (by the propensity); doubly robust; matching; cross-fitting;
# trimming; placebo test; omitted variable bias}}
