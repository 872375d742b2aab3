# %% [markdown]
# # 11 · Why generate
#
# *A classifier answers one question about data. A generative model can also fill gaps and make new data. In this
# chapter you find out, by experiment, when that helps and when it doesn't.*
#
# > **You will be able to**
# > - tell a discriminative model from a generative one, and say what each can do that the other can't
# > - tell a density from a sampler, and say what is missing in a GAN
# > - fit a sampler to data without ever computing a density
# > - test the promise “generate data where data are scarce”, and say what the answer depends on
# > - say in a few sentences where GANs stand today
# >
# > **Before you start** [00 · start here](00_start_here.ipynb). It helps to know what a probability density is: a curve
# > that is high where points are frequent. You also need logarithms, slopes, and some PyTorch: tensors, `backward()`
# > and an optimiser's step. New to PyTorch? Do its own [*Learn the
# > Basics*](https://docs.pytorch.org/tutorials/beginner/basics/intro.html) first, up to *Optimization*.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# Here are two kinds of points, circles and squares. You can ask two quite different questions about them.

# %% jupyter={"source_hidden": true}
import math
import warnings

import matplotlib.pyplot as plt
import torch
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from gan_edu import data, device, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
L = torch.tensor([[0.9, 0.0], [0.6, 0.5]])
kinds = [torch.randn(120, 2) @ L.T + torch.tensor(centre) for centre in ([-1.2, 0.5], [1.2, -0.5])]
looks = [{"marker": "o", "color": plotting.NEUTRAL[0]}, {"marker": "s", "color": plotting.NEUTRAL[2]}]
both_kinds = LogisticRegression().fit(torch.cat(kinds).numpy(), [0] * 120 + [1] * 120)
slope_x, slope_y = both_kinds.coef_[0]
border = [-(slope_x * x + both_kinds.intercept_[0]) / slope_y for x in (-4.0, 4.0)]
bells = [torch.distributions.MultivariateNormal(kind.mean(0), torch.cov(kind.T)) for kind in kinds]

# %% jupyter={"source_hidden": true}
figure, axes = plt.subplots(1, 2, figsize=(6.8, 3.4), sharex=True, sharey=True)
titles = ("discriminative:\nwhich kind is this?", "generative:\nwhat do such points look like?")
for ax, title in zip(axes, titles, strict=True):
    for kind, look in zip(kinds, looks, strict=True):
        ax.scatter(*kind.T, s=14, alpha=0.35, linewidths=0, **look)
    ax.set(title=title, xticks=[], yticks=[], xlim=(-4, 4), ylim=(-3, 3))
axes[0].plot((-4, 4), border, color=plotting.DISC, label="the border")
turn = torch.linspace(0, 2 * math.pi, 80)
circle = torch.stack([turn.cos(), turn.sin()], 1)
for bell, look in zip(bells, looks, strict=True):
    for radius in (1, 2):
        axes[1].plot(*(bell.mean + radius * circle @ bell.scale_tril.T).T, color=look["color"], linewidth=1)
    axes[1].scatter(*bell.sample((40,)).T, s=22, marker="^", color=plotting.FAKE, linewidths=0)
axes[1].scatter([], [], s=22, marker="^", color=plotting.FAKE, label="new points")
for ax in axes:
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02))
plt.show()

# %% [markdown]
# Both models were fitted to the same 240 points. On the left is a **discriminative** model. It has learned a border,
# and it says on which side of the border a point lies. On the right is a **generative** model. It has learned where the
# points of each kind are frequent: most of them within the larger ellipse of their colour. So it can draw new ones (the
# orange triangles).

# %% [markdown]
# ## 1. Two questions about the same data
#
# Take 100 fruits. Each has a colour $x$ and a kind $y$:
#
# | | apple | pear | together |
# |---|---|---|---|
# | **red** | 45 | 5 | 50 |
# | **green** | 15 | 35 | 50 |
#
# Read $p(y \mid x)$ as “the probability of $y$ when $x$ is known”. Of the 50 green fruits 15 are apples, so
# $p(\text{apple} \mid \text{green}) = 15/50 = 0.3$. The order matters: of the 60 apples 15 are green, so
# $p(\text{green} \mid \text{apple}) = 15/60 = 0.25$. That is another question.
#
# - A **discriminative** model learns $p(y \mid x)$: for each colour, how likely each kind is. Nothing else.
# - A **generative** model learns how often each *pair* occurs, $p(x, y)$: the whole table. (Where there are no labels,
#   it learns $p(x)$.) So it can draw a new fruit.
#
# The whole table contains the answer to the first question: divide a row by its sum. Written as a formula, that is
# **Bayes' rule**:
#
# $$p(y \mid x) = \frac{p(x, y)}{\sum_{y'} p(x, y')}, \qquad p(x, y) = p(y)\, p(x \mid y).$$
#
# (In words: how frequent is a kind, times how often this kind has that colour; then compare the kinds.) The way back is
# closed. If you only know that 30 % of the green fruits are apples, you can't tell how many fruits are green, so you
# can't draw a new one.

# %% [markdown]
# ### The same with pictures
#
# Now let $x$ be a handwritten digit in pure black and white, 784 pixels, and $y$ its name. A table of all possible
# pictures would have $2^{784}$ rows, so a generative model has to *assume* something.
#
# Ours assumes that within one kind of digit the pixels are independent of each other. For each digit it keeps a **sheet
# of coins**: one coin per pixel, which shows “ink” with probability $\theta$. Of all the threes in the training data,
# how many have ink at this pixel? That share is $\theta$. The probability of a picture is the product over its pixels:
# $\theta$ where there is ink, $1 - \theta$ where there is none. The code adds the logarithms instead. (Chapter 12 does
# this slowly.)
#
# One number must be chosen by hand. A pixel that never had ink in five threes would get $\theta = 0$, “impossible”, and
# one drop of ink there would rule out the three. So we act as if we had seen $\alpha$ more threes with ink there, and
# $\alpha$ more without. This is called **smoothing**:
#
# $$\theta = \frac{\text{number with ink} + \alpha}{\text{number of threes} + 2 \alpha}.$$


# %%
def fit_coins(x, y, alpha):
    """Ten sheets of coins (10, 784), and how frequent each digit is (10,)."""
    inked = torch.stack([x[y == digit].sum(0) for digit in range(10)])
    sizes = y.bincount(minlength=10)
    return (inked + alpha) / (sizes[:, None] + 2 * alpha), (sizes + 1) / (len(y) + 10)


def posterior(x, coins, share, pixels=slice(None)):
    """p(y | x) by Bayes' rule, from these pixels alone: (N, 10)."""
    x, coins = x[:, pixels], coins[:, pixels]
    log_p = x @ coins.log().T + (1 - x) @ (1 - coins).log().T  # log p(x | y): the logarithms of all coins, added
    return (log_p + share.log()).softmax(1)  # softmax: exponentiate, then divide each row by its sum


# %% jupyter={"source_hidden": true}
def load(split):
    images = data.images("mnist", split)
    return (images.pixels > 127).flatten(1).double(), images.labels


def choose(n, seed):
    chosen = torch.randperm(len(x), generator=device.generator(seed))[:n]
    return x[chosen], y[chosen]


def fit_logistic(x, y, C=1.0):
    with warnings.catch_warnings(), threadpool_limits(1):  # small matrices: one thread is faster than two
        warnings.simplefilter("ignore")  # it may say that it has not converged in 100 steps; that is good enough here
        return LogisticRegression(C=C, max_iter=100).fit(x.float().numpy(), y.numpy())  # 32 bits: in half the time


def right(answers):
    """The share of the test digits that are named right."""
    return (torch.as_tensor(answers) == y_test).double().mean()


x, y = load("train")
x_test, y_test = load("test")

# %% [markdown]
# The discriminative rival is **logistic regression**. For each digit it has one number per pixel, a *weight*, and adds
# up the weights of the inked pixels (and one number more). The ten sums become probabilities by softmax, as in
# `posterior`. Training chooses the weights so that the right labels get high probabilities: the *loss* of a picture is
# minus the logarithm of the probability of its label, and the sum of all losses is made small.
#
# It has a constant of its own, `C`: the smaller `C`, the smaller the weights are kept. We leave it at 1, as
# scikit-learn does, and look afterwards whether that matters.
#
# We compare them where the discriminative model is at home: naming digits. Each gets 50 to 1,000 training digits, eight
# random choices of each number. As the typical result of the eight we take the **median**: sort them and take the one
# in the middle. (Of eight, two stand in the middle; torch's `median` takes the lower one, here and in all chapters.)
#
# **Predict, and say why:** which of the two names more of the 2,000 test digits correctly, after 50 digits and after
# 1,000? Will it matter whether $\alpha$ is 1 or 0.1?

# %%
sizes, alphas = (50, 100, 200, 500, 1000), (1.0, 0.1)
shares = {name: torch.zeros(len(sizes), 8) for name in ("logistic", *alphas)}
for i, n in enumerate(sizes):
    for seed in range(8):
        few = choose(n, seed)
        shares["logistic"][i, seed] = right(fit_logistic(*few).predict(x_test.numpy()))
        for alpha in alphas:
            shares[alpha][i, seed] = right(posterior(x_test, *fit_coins(*few, alpha)).argmax(1))

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.5))
names = {"logistic": "discriminative: logistic regression"} | {a: f"generative: coins, α = {a:g}" for a in alphas}
for (name, values), color, marker in zip(shares.items(), plotting.NEUTRAL, "sov", strict=False):
    ax.plot(sizes, values, color=color, linewidth=0.8, alpha=0.4)
    ax.plot(sizes, values.median(1).values, marker + "-", color=color, label=names[name])
ax.set(xscale="log", xlabel="training digits (thin: one choice; thick: median)", ylabel="share right", ylim=(0.3, 1))
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend(loc="lower right")
plt.show()

# %%
middle = {name: values.median(1).values for name, values in shares.items()}
claim(
    "with α = 1 the coins are behind at every size, in all eight choices",
    (shares["logistic"] > shares[1.0]).all(),
    measured=shares["logistic"] - shares[1.0],
)
claim(
    "with α = 0.1, 50 digits: the two medians are within 0.05 of each other",
    (middle["logistic"][0] - middle[0.1][0]).abs() < 0.05,
    measured=middle,
)
claim(
    "with 1,000 digits the coins are behind in all eight choices, whatever the α",
    all((shares["logistic"][-1] > shares[alpha][-1]).all() for alpha in alphas),
    measured={alpha: shares["logistic"][-1] - shares[alpha][-1] for alpha in alphas},
)

# %%
other_C = {
    C: [right(fit_logistic(*choose(50, s), C).predict(x_test.numpy())) for s in range(8)] for C in (0.01, 0.1, 10)
}
moved = {C: torch.stack(values).median() - middle["logistic"][0] for C, values in other_C.items()}
claim(
    "a C ten times larger or smaller moves the median of logistic regression at 50 digits by less than 0.05",
    all(moved[C].abs() < 0.05 for C in (0.1, 10)),
    measured=moved,
)
claim("a C of 0.01 lowers it by more than 0.1", moved[0.01] < -0.1, measured=moved)

# %% [markdown]
# With 1,000 digits, logistic regression wins. It was trained for exactly this question, while the coins assume that
# pixels are independent. That is false, and more data can't mend a false assumption.
#
# With 50 digits the answer hangs on one constant. There are about five digits of each kind. With $\alpha = 1$, a pixel
# that never had ink gets $\theta = 1/7$, so the model expects ink in every seventh pixel of the empty border. With
# $\alpha = 0.1$ it is about 1/50, and the two models are level.
#
# You can see it when they draw. Both rows come from the same 50 digits:

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
fifty = choose(50, 0)
rows = {f"α = {alpha:g}": torch.bernoulli(fit_coins(*fifty, alpha)[0]) for alpha in alphas}
plotting.image_grid({name: 2 * images - 1 for name, images in rows.items()})

# %% [markdown]
# The first model believes that digits are sprinkled with ink. The constant of logistic regression moves less: with 50
# digits, any `C` between 0.1 and 10 gives nearly the same result, but a `C` of 0.01 spoils it. So each model has a
# constant that can spoil it. The usual `C` happens to be a good one here, the usual $\alpha = 1$ does not.
#
# An assumption replaces data: it helps most when data are few, and it costs most when it is wrong. [Ng and
# Jordan](https://papers.nips.cc/paper/2001/hash/7b7a53e239400a13bd6be6c91c4f6c4e-Abstract.html) described two regimes
# in 2001: with few data the generative model is often ahead, with many the discriminative one. Ours only draws level.
# Had we tried $\alpha = 1$ only, we would have seen it behind everywhere, and blamed the generative model for our
# smoothing. **When one hand-picked number can turn a result round, try more than one.**

# %% [markdown]
# ### A question that nobody had planned
#
# Now the lower half of each test digit is covered. The models stay as they were, fitted to 1,000 whole digits. The
# generative model adds one logarithm per pixel (in `posterior`). Now it *leaves the covered pixels out of this sum*: as
# its pixels are independent, that is exactly $p(y \mid \text{upper half})$. Logistic regression needs a number for each
# pixel. We give it zeros (“no ink”), or better, the average ink of its training digits at this pixel.
#
# **Predict, and say why:** which of these three loses least? And would a *new* logistic regression, trained on upper
# halves, do better still?

# %%
upper, lower = slice(0, 14 * 28), slice(14 * 28, None)


def filled(thousand, labels, C):
    """Logistic regression, fitted to whole digits: the share right with zeros below, and with average ink."""
    zeros, average = x_test.clone(), x_test.clone()
    zeros[:, lower], average[:, lower] = 0, thousand[:, lower].mean(0)
    old = fit_logistic(thousand, labels, C)
    return [right(old.predict(each.numpy())) for each in (zeros, average)]


rows = []
for seed in range(8):
    few = thousand, labels = choose(1000, seed)
    coins_say = posterior(x_test, *fit_coins(*few, 0.1), upper).argmax(1)
    new_says = fit_logistic(thousand[:, upper], labels).predict(x_test[:, upper].numpy())
    rows.append(torch.stack([right(coins_say), *filled(*few, 1.0), right(new_says), *filled(*few, 0.01)]))
halves = torch.stack(rows)  # the last two: with C = 0.01

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.1))
names = [
    "coins, α = 0.1,\ncovered left out",
    "logistic,\nzeros",
    "logistic,\naverage ink",
    "a new logistic,\nupper halves",
]
colors = [plotting.NEUTRAL[2], *[plotting.NEUTRAL[0]] * 3]
ax.bar(range(4), halves.median(0).values[:4], color=colors, alpha=0.5, width=0.6)
ax.set_xticks(range(4), names)
for place in range(4):
    ax.scatter(torch.linspace(place - 0.2, place + 0.2, 8), halves[:, place], s=14, color=colors[place])
ax.set(ylabel="share right", ylim=(0, 1))
plt.show()

# %%
coins, zeros, average, retrained, zeros_soft, average_soft = halves.T
claim("the coins beat zeros by more than 0.2, all eight times", (coins - zeros > 0.2).all(), halves)
claim("they beat average ink, too, all eight times", (coins > average).all(), halves)
claim("and with C = 0.01, all eight times", (coins > average_soft).all(), halves)
fault, fault_soft = (average - zeros) / (coins - zeros), (average_soft - zeros_soft) / (coins - zeros_soft)
claim("the zeros' share in the lead: 40 to 60 % in the median", 0.4 < fault.median() < 0.6, measured=fault)
claim("with C = 0.01 it is larger, all eight times", (fault_soft > fault).all(), measured=fault_soft)
claim(
    "with C = 1, a new model for this question is ahead of the coins, in at least six of eight",
    (retrained > coins).sum() >= 6,
    halves,
)

# %% [markdown]
# How the gaps are filled matters. With `C` = 1 about half of the coins' lead over zeros was the fault of the zeros, and
# with `C` = 0.01 more than that. A part remains, and that is the point. The generative model knows what digits look
# like, so it can say what a *part* of one means. The border was drawn for whole digits.
#
# You could train a new classifier for upper halves, and with `C` = 1 it would be a little better than the coins. Then
# one for left halves, one for every second row, and so on: one for each question. The generative model answers them
# all. It can even fill the gap: name the digit by $p(y \mid \text{upper half})$, then toss the coins of that sheet for
# the lower half.


# %%
def fill(x, coins, share):
    digit = torch.multinomial(posterior(x, coins, share, upper), 1)[:, 0]  # drawn, not the most probable one
    return torch.where(torch.arange(784) < 14 * 28, x, torch.bernoulli(coins[digit]))


# %% jupyter={"source_hidden": true}
device.seed_everything(0)
covered = torch.where(torch.arange(784) < 14 * 28, x_test[:10], 0.0)
all_coins = fit_coins(x, y, 0.1)
shown = {"covered": covered} | {f"filled, {n} time": fill(x_test[:10], *all_coins) for n in ("first", "second")}
plotting.image_grid({name: 2 * images - 1 for name, images in (shown | {"the truth": x_test[:10]}).items()})

# %%
odds = posterior(x_test, *all_coins, upper)
claim("from upper halves, its favourite gets more than 90 % on average", odds.max(1).values.mean() > 0.9)
claim("and is right in less than 80 %", right(odds.argmax(1)) < 0.8)

# %% [markdown]
# The fillings are rough, because their pixels are independent coins. But compare the two: a generative model gives *one
# of the possible* answers each time. Here both times it is nearly always the same digit, and not always the true one.
# This model multiplies the coins of neighbouring pixels as if each told something new, and so it becomes far too sure:
# from upper halves it gives its favourite digit 97 % on average, and is right about 73 % of the time. The rest of the
# course is about doing this better.

# %% [markdown]
# ## 2. Density, sampler, or both
#
# What exactly does a generative model have? There are two things to have:
#
# - a **density** (for black-and-white pictures: a probability): a function that says how probable a given $x$ is. With
#   it you can score, compare, compress, and notice what is unusual.
# - a **sampler**: a procedure that makes a new $x$. With it you can generate, simulate, and average over what might be.
#
# | model | density | sampler |
# |---|---|---|
# | coins, Gaussian, mixture, Markov chain (12, 13) | exact | yes |
# | autoregressive models, such as language models | exact, piece by piece | yes, piece by piece |
# | normalising flows | exact, by a change of variables (below) | yes |
# | VAEs (24, 35) | a lower bound of its logarithm | yes |
# | diffusion models | a bound, or by solving an equation | yes, in many steps |
# | energy-based models | up to an unknown factor | only by long random walks |
# | **GANs** | none, or one that nobody computes (below) | yes, in one step |
#
# (Don't stop at autoregressive models, flows, diffusion and energy-based models: they only complete the map. You
# need not know how they work. Compare the first row with the last.)

# %% [markdown]
# ### The density of a sampler
#
# The simplest sampler pushes noise through a function: $x = G(z)$. On a line, if $G$ always rises, the density of $x$
# follows from the density $\varphi$ of the noise. A short piece of noise of width $dz$ holds the probability
# $\varphi(z)\,dz$. $G$ stretches the piece to the width $G'(z)\,dz$, and the probability stays the same. So where $G$
# is steep, the points are spread thin:
#
# $$p(x) = \frac{\varphi(z)}{G'(z)} \quad\text{at } x = G(z).$$
#
# This is the **change of variables**. Here are the formula and 200,000 samples of the same $G$:

# %% jupyter={"source_hidden": true}
device.seed_everything(0)


def G(z):
    return z + 0.4 * torch.sin(2 * z)


z = torch.linspace(-2.6, 2.6, 4001, dtype=torch.double)
place, slope = G(z), 1 + 0.8 * torch.cos(2 * z)  # the derivative of G: always above 0
density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi) / slope
many = G(torch.randn(200_000).double())
_, ax = plt.subplots(figsize=(6.8, 2.9))
ax.hist(many.numpy(), bins=100, range=(-2.6, 2.6), density=True, color=plotting.FAKE, alpha=0.4, label="samples G(z)")
ax.plot(place, density, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="φ(z) / G′(z)")
ax.set(xlabel="x", ylabel="density", xlim=(-2.8, 2.8), ylim=(0, None))
ax.legend()
plt.show()

# %%
inside = (place > -0.5) & (place < 0.5)
area = torch.trapezoid(density[inside], place[inside])
drawn = ((many > -0.5) & (many < 0.5)).double().mean()
identity(
    "the share of samples between -0.5 and 0.5 is the area under the formula (within 0.01)", (drawn - area).abs() < 0.01
)

# %% [markdown]
# This $G$ takes one number and gives one number. Now take one number and give *two*: a generator of points in the
# plane, with one number of noise.
#
# **Predict, and say why:** what shape do all its points make together? How many of the 400 real points below lie on it?

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
real_points = torch.randn(400, 2)
t = torch.linspace(-2.5, 2.5, 600)
curve = torch.stack([1.4 * torch.sin(1.7 * t), t + 0.8 * torch.cos(2.5 * t)], 1)
figure, ax = plt.subplots(figsize=(4.2, 3.8))
ax.scatter(*real_points.T, s=8, color=plotting.REAL, alpha=0.5, linewidths=0, label="real points")
ax.plot(*curve.T, color=plotting.FAKE, label="all that G can make")
ax.set(xticks=[], yticks=[], xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), aspect="equal")
figure.legend(loc="outside lower center", ncols=2)
plt.show()

# %% [markdown]
# They make a curve, and none of the real points lies exactly on it: a curve has no area, so a point that falls at
# random misses it with probability 1. A density in the plane is “probability per area”. Here that is zero off the curve
# and infinite on it: **there is no density**. *Maximum likelihood* (chapter 12) makes the real points as probable as
# possible. Nearly every curve gives all of them the density zero, and so does a curve that is a little different. So
# there is nothing to climb.
#
# With pictures it is the same. A GAN usually makes 784 pixels, or a million, from 100 numbers of noise. All its
# pictures together are a crumpled sheet with 100 dimensions at most, in a space of 784, and such a sheet has no volume.
# (The small GANs of the next chapters take 1 number to 1, or 2 to 2. Those usually have a density, by a formula like
# the one above, with a sum over all $z$ that lead to the same $x$. It is only that nobody computes it.)

# %% [markdown]
# ### Fitting a sampler without a density
#
# Can you fit a sampler without ever asking for a density? Yes, by comparing *samples*. On a line: draw 512 generated
# and 512 real numbers, sort both, pair them in that order, and make the distances small by gradient descent.
#
# Our sampler is $x = a + b z + c z^2$, the data were made with $a = 1$, $b = 1$, $c = 0.3$.
#
# **Predict:** will eight random starts all find $a$, $b$ and $c$ again? (One of them can only be found up to its sign.
# Which one, and why?)


# %%
def quadratic(abc, z):
    a, b, c = abc.T[..., None]  # each (8, 1): eight starts side by side
    return a + b * z + c * z.square()


device.seed_everything(0)
truth = torch.tensor([[1.0, 1.0, 0.3]])
abc = torch.randn(8, 3).requires_grad_()
adam = torch.optim.Adam([abc], lr=0.05)
for _ in range(1000):
    generated = quadratic(abc, torch.randn(8, 512)).sort(1).values
    real = quadratic(truth.expand(8, -1), torch.randn(8, 512)).sort(1).values
    loss = (generated - real).abs().mean(1)
    adam.zero_grad()
    loss.sum().backward()
    adam.step()
# %%
found = torch.stack([abc[:, 0], abc[:, 1].abs(), abc[:, 2]], 1).detach()
error = (found - truth).abs().amax(1)
claim("all eight starts: a and |b| and c are within 0.15 of the truth", (error < 0.15).all(), measured=found)

# %% [markdown]
# All eight arrive. ($b$ and $-b$ make the same data, because $z$ and $-z$ are equally frequent: only $|b|$ can be
# found.)
#
# This works because numbers on a line can be sorted. Pictures can't. What could compare *two heaps of pictures*, and
# say in which direction each generated one should change? A network that learns to tell the two heaps apart: a
# **discriminator**. That is the idea of 2014, and [chapter 21](21_the_adversarial_game.ipynb) plays it on a line.

# %% [markdown]
# ## 3. What for?
#
# | use | what is needed | a caution |
# |---|---|---|
# | pictures, speech, music to look at or listen to | sampler | whose faces, whose voices, whose style? |
# | filling gaps, sharpening, colouring (51, 54) | conditional sampler | invents what it can't know |
# | speech from a spectrogram, fast | conditional sampler | invents what the spectrogram leaves out |
# | anomalies: what is improbable? (52) | density, or errors of reconstruction | what is probable need not be normal |
# | simulation: what might happen? | sampler | rare events may be missing |
# | more training data (45, 50, 51) | sampler | see below |
# | sharing data instead of the real ones (55) | sampler | synthetic is not private by itself |
#
# (A *conditional* sampler gets something to go by: a label, half a picture, a sentence. It draws from $p(x \mid y)$.)
# The last column is no small print. A generator that fills a gap in a scan invents a part of a patient, and it looks as
# real as the rest.
#
# One promise is made very often: *generate new data where data are scarce*. Let us test it. From $n$ labelled digits we
# fit the ten sheets, draw 2,000 labelled digits from them, and train a logistic regression: on the $n$ real digits
# alone, on the generated ones alone, and on both together.
#
# **Predict, and say why:** what is the order of the three, for 50 real digits and for 300? And what will $\alpha$ do
# this time?

# %%
results = {}
for n in (50, 300):
    for alpha in alphas:
        rows = []
        for seed in range(8):
            device.seed_everything(seed)
            few, labels = choose(n, seed)
            new_labels = torch.randint(10, (2000,))
            new = torch.bernoulli(fit_coins(few, labels, alpha)[0][new_labels])
            sets = [(few, labels), (new, new_labels), (torch.cat([few, new]), torch.cat([labels, new_labels]))]
            rows.append(torch.stack([right(fit_logistic(*each).predict(x_test.numpy())) for each in sets]))
        results[n, alpha] = torch.stack(rows)
gain = {case: rows[:, 2] - rows[:, 0] for case, rows in results.items()}  # both together, against the real ones alone

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.1), sharey=True)
for ax, n in zip(axes, (50, 300), strict=True):
    for alpha, color, marker in zip(alphas, plotting.NEUTRAL[1:], "ov", strict=False):
        ax.plot(results[n, alpha].T, color=color, linewidth=0.8, alpha=0.4)
        ax.plot(results[n, alpha].median(0).values, marker + "-", color=color, label=f"α = {alpha:g}")
    ax.set(title=f"{n} real digits", xlim=(-0.3, 2.3))
    ax.set_xticks(range(3), ["real\nalone", "generated\nalone", "both"])
axes[0].set(ylabel="share right")
axes[1].legend(loc="lower right")
plt.show()

# %%
helped = {case: [(each > 0).sum().item(), (each < 0).sum().item()] for case, each in gain.items()}
claim(
    "50 digits, α = 1: adding generated digits hurts more often than it helps",
    helped[50, 1.0][1] > helped[50, 1.0][0],
    gain,
)
claim("50 digits, α = 0.1: adding them helps in at least six of eight", helped[50, 0.1][0] >= 6, gain)
alone = {case: rows.median(0).values for case, rows in results.items()}  # real, generated, both
claim("50 digits, in the median: with α = 0.1 real alone is last", alone[50, 0.1].argmin() == 0, alone)
claim(
    "with α = 1 real alone is first, and generated alone is last", alone[50, 1.0].argsort().tolist() == [1, 2, 0], alone
)
claim(
    "300 digits: generated alone is worst in all eight choices, with either α",
    all((results[300, a].argmin(1) == 1).all() for a in alphas),
    results,
)
claim(
    "300 digits: the median gain is between -0.015 and 0.015, with either α",
    all(gain[300, a].median().abs() < 0.015 for a in alphas),
    gain,
)

# %% [markdown]
# With 50 digits and $\alpha = 0.1$, real alone is last; both and generated alone lie close together. With $\alpha = 1$
# the order is real alone, both, generated alone. With 300 digits the generated ones alone are worst, and adding them to
# the real ones changes next to nothing.
#
# So the same generator with the same data helps or hurts, and one constant decides. But look for what else has changed.
# `C` weighs the sum of all losses against the size of the weights, and 2,050 digits make a sum that is 41 times larger.
# So “both” was also fitted more freely. Let us give this freedom to the 50 real digits alone, in 16 choices: `C` = 41
# is the same as taking each of them 41 times.
#
# **Predict, and say why:** how much of the gain is there with a larger `C`, without any generated digit?


# %%
def fifty(seed):
    """The share right with 50 real digits alone, with C = 1, 41 and 100; and with generated ones (C = 1, α = 0.1)."""
    device.seed_everything(seed)
    few, labels = choose(50, seed)
    new_labels = torch.randint(10, (2000,))
    new = torch.bernoulli(fit_coins(few, labels, 0.1)[0][new_labels])
    models = [fit_logistic(few, labels, C) for C in (1, 41, 100)]
    models += [fit_logistic(torch.cat([few, new]), torch.cat([labels, new_labels]))]
    return torch.stack([right(model.predict(x_test.numpy())) for model in models])


with_1, with_41, with_100, both = torch.stack([fifty(seed) for seed in range(16)]).T
claim(
    "C = 41 helps the real ones alone, in at least 10 of 16 choices", (with_41 > with_1).sum() >= 10, with_41 - with_1
)
claim(
    "with C = 100 they reach more than half of the mean gain of “both”",
    (with_100 - with_1).mean() > (both - with_1).mean() / 2,
    measured=[with_1.mean(), with_41.mean(), with_100.mean(), both.mean()],
)

# %% [markdown]
# More than half of the gain is there, and nothing was generated. A fair rival of generated data is the real data with
# *its* constant chosen well. So here generating with $\alpha = 0.1$ brings little that another `C` would not bring, and
# with $\alpha = 1$ it hurts. A generator adds no information about digits beyond its training data, only its own
# *assumptions*: here, that pixels are independent, and that a pixel that never had ink gets ink with a certain small
# probability.
#
# So the rule of this course: **augmentation is measured, on real test data, against doing nothing, and against the
# simplest other remedy.** The promise is neither true nor false in general.
#
# On ImageNet, [Ravuri and Vinyals](https://arxiv.org/abs/1905.10887) trained a classifier on pictures from a very good
# GAN, BigGAN-deep at 256 × 256, instead of the real ones. It named 42.7 % of the real test pictures correctly; trained
# on real pictures, 73.1 % (best guess only; with five guesses, 65.9 against 91.5 %).

# %% [markdown]
# ## 4. Where GANs stand
#
# | year | what | who |
# |---|---|---|
# | 2013 | [VAE](https://arxiv.org/abs/1312.6114) | Diederik P. Kingma, Max Welling; University of Amsterdam |
# | 2014 | [VAE](https://arxiv.org/abs/1401.4082), too | Danilo J. Rezende, Shakir Mohamed, Daan Wierstra; DeepMind |
# | 2014 | [GAN](https://arxiv.org/abs/1406.2661) | Ian Goodfellow and seven co-authors; Université de Montréal |
# | 2015 | [diffusion](https://arxiv.org/abs/1503.03585) | Jascha Sohl-Dickstein and others; Stanford, Berkeley |
# | 2020 | [diffusion, made good](https://arxiv.org/abs/2006.11239) | Jonathan Ho, Ajay Jain, Pieter Abbeel; Berkeley |
#
# Until about 2021 GANs held the record on most tasks of making pictures. Since then most pictures from text come from
# diffusion and autoregressive models. These train without a game, and diffusion models cover the data
# [better](https://arxiv.org/abs/2105.05233) than the GANs they were compared with. But a diffusion model needs many
# passes through a large network for each sample, and a GAN needs one.
#
# So GANs have stayed where speed counts, for instance in [making speech](https://arxiv.org/abs/2010.05646) from a
# spectrogram. And a discriminator works inside other models: in the [autoencoders](https://arxiv.org/abs/2012.09841)
# below many diffusion models, and where a diffusion model [is taught to need few
# steps](https://arxiv.org/abs/2405.14867). In one sentence: **GANs are no longer the default way to generate; where one
# step must look real, a discriminator is still among the strongest tools.**
#
# Chapters 21 to 25 show how the game works, 31 to 37 why it works, 41 to 49 how to build one.

# %% [markdown]
# ## Help, I get …
#
# ### new pictures from a classifier that look like noise
# $p(y \mid x)$ says nothing about which $x$ exist. The input that such a model is most certain about usually looks like
# noise: the model was never asked what lies far behind its border. Take a generative model.
#
# ### `ConvergenceWarning: lbfgs failed to converge`
# Logistic regression had not finished after `max_iter` steps. Give it more, scale the columns, or accept it, as we do
# here for speed.

# %% [markdown]
# ### `nan` or `-inf` from my coins
# Some $\theta$ is 0 or 1, because a pixel never (or always) had ink. Smooth: add a small $\alpha$ to both counts.
#
# ### generated data that make my classifier worse
# Ask what the generator assumes, and try other values of what was set by hand. If real test data still say “worse”,
# leave the generated data out.
#
# ### “add a likelihood term to the GAN”
# An ordinary GAN has no density to evaluate (section 2). Either use a model that has one (flow, autoregressive, the
# models of chapter 12) or a bound (VAE), or compare samples.

# %% [markdown]
# ## Recap
#
# - A discriminative model learns $p(y \mid x)$ and is usually best at that one question. A generative model learns how
#   the data come about, and answers many.
# - Density and sampler are two things. A GAN is a sampler; with less noise than pixels it has no density at all.
# - A sampler can be fitted without a density, by comparing samples. A discriminator does that for pictures.
# - A generator adds its assumptions to the data, smoothing included. Measure augmentation on real data, against
#   nothing and against a better setting of the classifier.
# - VAE 2013, GAN 2014, diffusion 2015. GANs are no longer the default; they are quick, and discriminators work inside
#   other models.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Is the discriminator of a GAN a generative or a discriminative model?</summary>
#
# Discriminative: it learns p(real | x), a border between real and generated points. It helps to train a generative one.
#
# </details>
#
# <details><summary>A GAN makes pictures from 100 numbers. Why has it no test log-likelihood?</summary>
#
# Its pictures lie on a sheet with at most 100 dimensions. There is no density in pixel space, and real pictures almost
# surely don't lie on the sheet.
#
# </details>
#
# <details><summary>A colleague offers to generate 5,000 more pictures from your 50. What do you say?</summary>
#
# They will hold the 50 and the generator's assumptions, nothing else. That may help or hurt. So compare on real test
# data: the 50 alone (with several settings of the classifier), the 50 with ordinary augmentation (shifts, turns), and
# the 50 with the 5,000.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Goodfellow et al. 2014, *Generative Adversarial Nets*](https://arxiv.org/abs/1406.2661): nine pages; read the
#   introduction, now that you know which models it compares itself with.
# - [Ng and Jordan 2001, *On Discriminative vs. Generative
#   Classifiers*](https://papers.nips.cc/paper/2001/hash/7b7a53e239400a13bd6be6c91c4f6c4e-Abstract.html): section 1 of
#   this chapter, with proofs and on fifteen data sets.
# - [Ravuri and Vinyals 2019, *Classification Accuracy Score*](https://arxiv.org/abs/1905.10887): what generated
#   pictures are worth for training a classifier.
# - [Dhariwal and Nichol 2021, *Diffusion Models Beat GANs on Image Synthesis*](https://arxiv.org/abs/2105.05233): the
#   turn to diffusion, with a careful comparison of quality and variety.

# %% [markdown]
# ## Key terms
#
# {{terms: discriminative model; generative model; Bayes' rule; smoothing; density; sampler; change of variables;
# likelihood-free; data augmentation; median}}
