# %% [markdown]
# # 11 · Why generate
#
# *A classifier answers one question about data. A generative model can make new data, fill gaps and imagine what it
# has not seen. This chapter says what that is good for, who invented what, and where GANs stand in 2026.*
#
# > **You will be able to**
# > - tell a discriminative model from a generative one, and say what each can do that the other can't
# > - tell a density from a sampler, and say why a GAN has no likelihood
# > - judge the promise “generate data where data are scarce” by an experiment
# > - name who invented VAEs, GANs and diffusion models, and when, with the papers to prove it
# > - say where diffusion beat GANs, where a discriminator is still at work, and why one step matters
# >
# > **Before you start** [00 · start here](00_start_here.ipynb). It helps to know what a probability density is;
# > [12 · classic generative models](12_classic_generative_models.ipynb) builds four of the models step by step.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %%
import math
import warnings

import matplotlib.pyplot as plt
import torch
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## The idea in a picture
#
# Two kinds of points, circles and squares. You can ask two quite different questions about them.

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
L = torch.tensor([[0.9, 0.0], [0.6, 0.5]])
kinds = [torch.randn(120, 2) @ L.T + torch.tensor(centre) for centre in ([-1.2, 0.5], [1.2, -0.5])]
made = [torch.randn(40, 2) @ L.T + kind.mean(0) for kind in kinds]
looks = [{"marker": "o", "color": plotting.NEUTRAL[0]}, {"marker": "s", "color": plotting.NEUTRAL[2]}]
figure, axes = plt.subplots(1, 2, figsize=(6.8, 3.4), sharex=True, sharey=True)
for ax, title in zip(
    axes, ("discriminative:\nwhich kind is this?", "generative:\nwhat do such points look like?"), strict=True
):
    for kind, look in zip(kinds, looks, strict=True):
        ax.scatter(*kind.T, s=14, alpha=0.35, linewidths=0, **look)
    ax.set(title=title, xticks=[], yticks=[], xlim=(-4, 4), ylim=(-3, 3))
x_line = torch.linspace(-4, 4, 2)
axes[0].plot(x_line, 3.1 * x_line, color=plotting.DISC, label="the border")
axes[0].legend(loc="lower right")
circle = torch.linspace(0, 2 * math.pi, 80)
circle = torch.stack([circle.cos(), circle.sin()], 1) @ L.T
for kind, new, look in zip(kinds, made, looks, strict=True):
    for radius in (1, 2):
        axes[1].plot(*(kind.mean(0) + radius * circle).T, color=look["color"], linewidth=1)
    axes[1].scatter(*new.T, s=22, marker="^", color=plotting.FAKE, linewidths=0)
axes[1].scatter([], [], s=22, marker="^", color=plotting.FAKE, label="new points")
axes[1].legend(loc="lower right")
plt.show()

# %% [markdown]
# Left, a **discriminative** model: a border. It needs to know nothing of the points but on which side they lie. Right,
# a **generative** model: where such points are frequent, so that new ones can be drawn. It knows more, and pays for
# knowing it.

# %% [markdown]
# ## 1 · Two questions about the same data
#
# With data $x$ and labels $y$, a discriminative model learns $p(y \mid x)$: given this picture, which digit? A
# generative one learns how the data themselves come about: $p(x)$, or with labels
# $p(x, y) = p(y)\, p(x \mid y)$. They are two families, side by side. (You may read that generative models “include
# discriminative ones”. They don't. A GAN *uses* one of each.)
#
# From the second you can compute the first, by Bayes' rule:
#
# $$p(y \mid x) = \frac{p(y)\, p(x \mid y)}{\sum_{y'} p(y')\, p(x \mid y')} .$$
#
# So let both compete where the discriminative one is at home, on MNIST digits in black and white. Generative: for each
# digit a *sheet of coins*, each pixel having ink with its own probability, independently of the others (chapter 12).
# Discriminative: logistic regression.


# %%
def load(split):
    images = data.images("mnist", split)
    return (images.pixels > 127).flatten(1).double(), images.labels


x, y = load("train")
x_test, y_test = load("test")


def fit_coins(x, y):
    """Ten sheets of coins (10, 784), by counting, with one more 0 and one more 1 everywhere (smoothing)."""
    counts = torch.stack([x[y == digit].sum(0) for digit in range(10)])
    sizes = y.bincount(minlength=10)
    return (counts + 1) / (sizes[:, None] + 2), (sizes + 1) / (len(y) + 10)


# %%
def posterior(x, coins, share, pixels=slice(None)):
    """p(y | x) by Bayes' rule, from these pixels alone: (N, 10)."""
    x, coins = x[:, pixels], coins[:, pixels]
    return (x @ coins.log().T + (1 - x) @ (1 - coins).log().T + share.log()).softmax(1)


def fit_logistic(x, y):
    with warnings.catch_warnings(), threadpool_limits(1):  # small matrices: one thread is faster than two
        warnings.simplefilter("ignore")  # it may say that it has not converged in 100 steps; that is good enough here
        return LogisticRegression(max_iter=100).fit(x.numpy(), y.numpy())


# %% [markdown]
# Eight random choices of 50 to 1,000 training digits. **Predict:** which of the two names more of the 2,000 test digits
# right? With few digits, and with many?

# %%
sizes, coins_right, logistic_right = (50, 100, 200, 500, 1000), [], []
fits = {}
for n in sizes:
    for seed in range(8):
        chosen = torch.randperm(len(x), generator=device.generator(seed))[:n]
        fits[n, seed] = fit_coins(x[chosen], y[chosen]), fit_logistic(x[chosen], y[chosen])
        coins, logistic = fits[n, seed]
        coins_right.append((posterior(x_test, *coins).argmax(1) == y_test).double().mean())
        logistic_right.append(logistic.score(x_test.numpy(), y_test.numpy()))
coins_right, logistic_right = (torch.tensor(right).view(-1, 8) for right in (coins_right, logistic_right))

# %%
both = {"generative: coins and Bayes": coins_right, "discriminative: logistic regression": logistic_right}
_, ax = plt.subplots(figsize=(6.8, 3.3))
for (name, values), color, marker in zip(both.items(), plotting.NEUTRAL[::2], "os", strict=False):
    ax.plot(sizes, values, color=color, linewidth=0.8, alpha=0.5)
    ax.plot(sizes, values.median(1).values, marker + "-", color=color, label=name)
ax.set(xscale="log", xlabel="training digits (thin: one choice; thick: median)", ylabel="share right", ylim=(0.3, 1))
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend()
plt.show()
gap = logistic_right - coins_right
claim("the discriminative model wins at every size, in all eight choices", (gap > 0).all(), measured=gap)

# %% [markdown]
# To name digits, learn to name digits. ([Ng and
# Jordan](https://papers.nips.cc/paper/2001/hash/7b7a53e239400a13bd6be6c91c4f6c4e-Abstract.html) found two regimes in
# 2001: the generative model may be ahead with few data, because it comes sooner to its worse final result. Here it
# isn't, against a logistic regression that is regularised as scikit-learn does it.)
#
# Now a question that nobody had thought of. The lower half of each test digit is covered. Both models are as they were;
# the logistic regression gets the covered pixels as “no ink”. For the generative model we simply *leave them out of the
# product*: with independent pixels that is exactly $p(y \mid \text{upper half})$.
#
# **Predict:** which falls deeper?

# %%
upper = slice(0, 14 * 28)
covered = x_test.clone()
covered[:, 14 * 28 :] = 0
with_gap = [
    (
        (posterior(x_test, *coins, upper).argmax(1) == y_test).double().mean().item(),
        logistic.score(covered.numpy(), y_test.numpy()),
    )
    for (n, _), (coins, logistic) in fits.items()
    if n == 1000
]
# %% tags=["nbval-ignore-output"]
coins_gap, logistic_gap = torch.tensor(with_gap).T
print(f"1,000 digits, upper half only: coins {coins_gap.median():.2f}, logistic regression {logistic_gap.median():.2f}")
claim(
    "now the generative model wins by more than 0.2, all eight times", (coins_gap - logistic_gap > 0.2).all(), with_gap
)

# %% [markdown]
# The generative model knows what digits look like, so it can say what a *part* of one means. The border of the other
# one was drawn for whole digits. You could train a new one for upper halves, and it would be good again: one for each
# question. The generative model answers all of them, and fills the gap, too:


# %%
def fill(x, coins, share):
    """Keep the upper half; draw a digit by p(y | upper half), then its lower half from that sheet."""
    digit = torch.multinomial(posterior(x, coins, share, upper), 1)[:, 0]
    return torch.where(torch.arange(784) < 14 * 28, x, torch.bernoulli(coins[digit]))


device.seed_everything(0)
all_coins = fit_coins(x, y)
shown = {
    "covered": covered[:10],
    "filled once": fill(x_test[:10], *all_coins),
    "filled again": fill(x_test[:10], *all_coins),
}
plotting.image_grid({name: 2 * images - 1 for name, images in (shown | {"the truth": x_test[:10]}).items()})

# %% [markdown]
# Rough, since its pixels are independent coins. But look at the two fillings: where the upper half leaves doubt, they
# differ. A generative model gives *one of the possible* answers each time. That is what the rest of the course makes
# sharp.

# %% [markdown]
# ## 2 · Density, sampler, or both
#
# What exactly is it that a generative model has? There are two things to have:
#
# - a **density** (or probability): a function that says how probable a given $x$ is. With it you can score, compare,
#   compress, detect the improbable.
# - a **sampler**: a procedure that makes a new $x$. With it you can generate, simulate, average over what might be.
#
# | | density | sampler |
# |---|---|---|
# | coins, Gaussian, mixture, Markov chain (chapter 12) | exact | yes |
# | autoregressive models, such as language models | exact, piece by piece | yes, piece by piece |
# | normalising flows | exact, by a change of variables | yes |
# | VAEs (24, 35) | a lower bound | yes |
# | diffusion models | a bound, or by solving an equation | yes, in many steps |
# | energy-based models | up to an unknown factor | only by long random walks |
# | **GANs** | **none** | yes, in one step |
#
# The simplest sampler pushes noise through a function: $x = G(z)$. In one dimension, if $G$ always rises, its density
# follows: where $G$ is steep, the points are spread thin.
#
# $$p(x) = \frac{\varphi(z)}{G'(z)} \quad\text{at } x = G(z), \quad \varphi\text{: the density of the noise } N(0, 1).$$

# %%
device.seed_everything(0)
z = torch.linspace(-2.6, 2.6, 4001, dtype=torch.double)
place, slope = z + 0.8 * torch.sin(2 * z) / 2, 1 + 0.8 * torch.cos(2 * z)  # G and its derivative, always above 0
density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi) / slope
many = torch.randn(200_000).double()
many = many + 0.8 * torch.sin(2 * many) / 2
# %%
_, ax = plt.subplots(figsize=(6.8, 2.9))
ax.hist(many.numpy(), bins=100, range=(-2.6, 2.6), density=True, color=plotting.FAKE, alpha=0.4, label="samples G(z)")
ax.plot(place, density, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="φ(z) / G′(z)")
ax.set(xlabel="x", ylabel="density", ylim=(0, None))
ax.legend()
plt.show()
inside = (place > -0.5) & (place < 0.5)
area = torch.trapezoid(density[inside], place[inside])
share = ((many > -0.5) & (many < 0.5)).double().mean()
claim(
    "the share of samples between -0.5 and 0.5 is the area under the formula (within 0.01)", (share - area).abs() < 0.01
)

# %% [markdown]
# Now a picture generator: 2 numbers of noise, a network, 784 pixels. **Predict:** what is its density at a picture that
# it has made? And at a real picture?
#
# Near each $z$ the output moves in as many directions as the Jacobian matrix $\partial G / \partial z$ (784 × 2) has
# rank:

# %%
device.seed_everything(0)
G = nets.mlp([2, 64, 64, 784], activation="tanh").double()
ranks = [torch.linalg.matrix_rank(torch.func.jacrev(G)(z)).item() for z in torch.randn(8, 2).double()]
claim("at each of eight places: 2 directions of 784", ranks == [2] * 8, measured=ranks)

# %% [markdown]
# All its pictures together are a crumpled two-dimensional sheet in a space of 784 dimensions. A sheet has no volume, so
# there *is no density* (no function that, summed over volume, gives the probabilities). With 100 numbers of noise it is
# the same (100 < 784). A real picture will hardly ever lie exactly on the sheet, so the generator calls it impossible,
# and maximum likelihood has nothing to hold on to.
#
# ### Likelihood-free
#
# Can one fit a sampler without ever asking for a density? Yes, by comparing *samples*. Take $x = a + b z + c z^2$. On a
# line, sort 512 generated and 512 real numbers, pair them, and make the distances small by gradient descent. No density
# occurs. **Predict:** will eight random starts find the $a$, $b$ and $c$ that made the data?


# %%
def quadratic(abc, z):
    a, b, c = abc.T[..., None]  # each (S, 1)
    return a + b * z + c * z.square()


# %%
device.seed_everything(0)
truth = torch.tensor([[1.0, 1.0, 0.3]])
abc = torch.randn(8, 3).requires_grad_()
adam = torch.optim.Adam([abc], lr=0.05)
for _ in range(500):
    generated = quadratic(abc, torch.randn(8, 512)).sort(1).values
    real = quadratic(truth.expand(8, -1), torch.randn(8, 512)).sort(1).values
    loss = (generated - real).abs().mean(1)
    adam.zero_grad()
    loss.sum().backward()
    adam.step()
# %%
found = torch.stack([abc[:, 0], abc[:, 1].abs(), abc[:, 2]], 1).detach()
claim(
    "a and |b| and c within 0.15 of the truth, in at least six of eight starts",
    ((found - truth).abs().amax(1) < 0.15).sum() >= 6,
    found,
)

# %% [markdown]
# ($b$ and $-b$ make the same data, because $z$ is symmetric: only $|b|$ can be found. A start that fails has met a
# local minimum, as can happen to any descent.)
#
# This works because numbers on a line can be sorted. Pictures can't. What compares *two heaps of pictures*, and says in
# which direction each generated one should change? A network that learns to tell them apart: a discriminator. That is
# the idea of 2014, and chapter 21 plays it on a line.

# %% [markdown]
# ## 3 · What for?
#
# | use | what is needed | a caution |
# |---|---|---|
# | pictures, speech, music to look at or listen to | sampler | whose faces, whose voices, whose style? |
# | filling gaps, sharpening, colouring (51, 54) | conditional sampler | invents what it can't know |
# | speech from a spectrogram, fast | conditional sampler | a use of GANs that has lasted |
# | simulation: physics, traffic, patients (56) | sampler | copies its data, errors included |
# | scoring, compressing, finding the odd one out | density | not with a GAN |
# | more training data (45, 51) | sampler | see below |
# | sharing data instead of the real ones (55) | sampler | synthetic is not private by itself |
#
# One promise is made very often: *generate new data where data are scarce*. Let us test it. From $n$ labelled digits we
# fit the ten sheets, draw 2,000 labelled digits from them, and train the logistic regression on the real ones, on the
# generated ones, and on both. **Predict** the order, for $n = 50$.


# %%
def accuracy(x, y):
    return fit_logistic(x, y).score(x_test.numpy(), y_test.numpy())


results = {}
for n in (50, 300):
    rows = []
    for seed in range(8):
        device.seed_everything(seed)
        chosen = torch.randperm(len(x), generator=device.generator(seed))[:n]
        few, labels = x[chosen], y[chosen]
        new_labels = torch.randint(10, (2000,))
        new = torch.bernoulli(fit_coins(few, labels)[0][new_labels])
        on_both = accuracy(torch.cat([few, new]), torch.cat([labels, new_labels]))
        rows.append([accuracy(few, labels), accuracy(new, new_labels), on_both])
    results[n] = torch.tensor(rows)

# %% tags=["nbval-ignore-output"]
for n, rows in results.items():
    real_only, new_only, on_both = rows.median(0).values
    print(f"{n} real digits: {real_only:.2f}   2,000 generated: {new_only:.2f}   both: {on_both:.2f}")
few_rows = results[50]
claim(
    "2,000 generated digits are worth less than the 50 they come from: in at least seven of eight",
    (few_rows[:, 1] < few_rows[:, 0]).sum() >= 7,
    few_rows,
)
claim(
    "and added to them they don't help by more than 0.01, in at least six of eight",
    (few_rows[:, 2] < few_rows[:, 0] + 0.01).sum() >= 6,
    few_rows,
)

# %% [markdown]
# A generator adds no information to its training data, only its own *assumptions* (here: independent pixels, which are
# false). Where the assumptions are true, or come from much other data, that can help; else it is noise with labels. So
# the rule of this course: **augmentation is measured on real test data, against doing nothing.**
#
# On ImageNet, [Ravuri and Vinyals 2019](https://arxiv.org/abs/1905.10887) trained a classifier on samples of a very
# good GAN, BigGAN-deep, instead of real pictures: its accuracy fell by 27.9 % (top-1).

# %% [markdown]
# ## 4 · Who, when, what
#
# Told by the first papers and a few turns. Names and years are often given wrongly; each entry in the table below links
# to the paper, whose first page says who.

# %% jupyter={"source_hidden": true}
FAMILIES = ["VAE", "GAN", "a discriminator\nwithin a system", "autoregressive,\ntext to image", "diffusion"]
EVENTS = [
    (2013.95, 0, "VAE", 0.22), (2014.45, 1, "GAN", 0.22), (2015.88, 1, "DCGAN", -0.38), (2017.07, 1, "WGAN", 0.22),
    (2018.95, 1, "StyleGAN", -0.38), (2025.02, 1, "R3GAN", 0.22), (2025.75, 1, "GAT", -0.38),
    (2016.9, 2, "pix2pix", 0.22), (2020.78, 2, "HiFi-GAN", 0.22), (2020.96, 2, "VQGAN", -0.38),
    (2023.9, 2, "ADD", 0.22), (2024.4, 2, "DMD2", -0.38),
    (2021.15, 3, "DALL·E", 0.22), (2015.2, 4, "first diffusion", 0.22), (2020.47, 4, "DDPM", -0.38),
    (2021.36, 4, "“beat GANs”        ", 0.22), (2021.97, 4, "latent\ndiffusion", -0.66),
    (2022.28, 4, "                    DALL·E 2", 0.22),
]  # fmt: skip
# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 4.6))
for when, row, name, up in EVENTS:
    color = plotting.FAKE if row == 1 else plotting.DISC if row == 2 else plotting.NEUTRAL[(0, 0, 0, 2, 1)[row]]
    ax.plot(when, -row, "o", color=color, markersize=7)
    ax.text(when, -row + up, name, ha="center", va="bottom", fontsize=10)
for row in range(5):
    ax.axhline(-row, color="0.85", linewidth=1, zorder=0)
ax.set_yticks([-row for row in range(5)], FAMILIES)
ax.set(xlim=(2013.2, 2026.6), ylim=(-4.75, 0.6), xticks=range(2014, 2027, 2), xlabel="first version of the paper")
ax.tick_params(axis="y", length=0)
plt.show()

# %% [markdown]
# | year | what | who |
# |---|---|---|
# | 2013 | [VAE](https://arxiv.org/abs/1312.6114) | Diederik P. Kingma, Max Welling; University of Amsterdam |
# | 2014 | [VAE](https://arxiv.org/abs/1401.4082), too | Danilo J. Rezende, Shakir Mohamed, Daan Wierstra; DeepMind |
# | 2014 | [GAN](https://arxiv.org/abs/1406.2661) | Ian Goodfellow and seven co-authors; Université de Montréal |
# | 2015 | [diffusion](https://arxiv.org/abs/1503.03585) | Jascha Sohl-Dickstein and others; Stanford, Berkeley |
# | 2015 | [DCGAN](https://arxiv.org/abs/1511.06434) | Alec Radford, Luke Metz, Soumith Chintala |
# | 2016 | [pix2pix](https://arxiv.org/abs/1611.07004) | Phillip Isola and others; Berkeley |
# | 2017 | [WGAN](https://arxiv.org/abs/1701.07875) | Martin Arjovsky, Soumith Chintala, Léon Bottou |
# | 2018 | [StyleGAN](https://arxiv.org/abs/1812.04948) | Tero Karras, Samuli Laine, Timo Aila; NVIDIA |
# | 2020 | [DDPM](https://arxiv.org/abs/2006.11239) | Jonathan Ho, Ajay Jain, Pieter Abbeel |
# | 2020 | [HiFi-GAN](https://arxiv.org/abs/2010.05646) | Jungil Kong, Jaehyeon Kim, Jaekyoung Bae; Kakao |
# | 2020 | [VQGAN](https://arxiv.org/abs/2012.09841) | Patrick Esser, Robin Rombach, Björn Ommer; Heidelberg |
# | 2021 | [DALL·E](https://arxiv.org/abs/2102.12092) | Aditya Ramesh and others; OpenAI |
# | 2021 | [“Diffusion … Beat GANs”](https://arxiv.org/abs/2105.05233) | Prafulla Dhariwal, Alex Nichol; OpenAI |
# | 2021 | [latent diffusion](https://arxiv.org/abs/2112.10752) | Robin Rombach and others |
# | 2022 | [DALL·E 2](https://arxiv.org/abs/2204.06125) | Aditya Ramesh and others; OpenAI |
# | 2023 | [ADD](https://arxiv.org/abs/2311.17042) | Axel Sauer and others; Stability AI |
# | 2024 | [DMD2](https://arxiv.org/abs/2405.14867) | Tianwei Yin and others |
# | 2025 | [R3GAN](https://arxiv.org/abs/2501.05441) | Yiwen Huang and others |
# | 2025 | [GAT](https://arxiv.org/abs/2509.24935) | Sangeek Hyun, MinKyu Lee, Jae-Pil Heo |

# %% [markdown]
# In one line each: DCGAN made GANs convolutional, pix2pix turned pictures into pictures, WGAN measured another
# distance, StyleGAN drew faces; DDPM made diffusion good. HiFi-GAN makes speech, VQGAN turns pictures into tokens, ADD
# and DMD2 teach diffusion to be fast, each with a discriminator's help. R3GAN and GAT are GANs of today (section 6).
#
# Four errors to unlearn, should you have met them:
#
# - GANs come from Montréal, VAEs from Amsterdam and, independently, from DeepMind. Other universities, countries and
#   persons that some texts name have nothing to do with it.
# - The VAE is *older* than the GAN, by half a year.
# - **DALL·E was no GAN.** The first one (2021) turns pictures into 32 × 32 tokens by a discrete VAE, and a transformer
#   with 12 billion parameters writes them one after the other, like text. DALL·E 2 (2022) is a diffusion model.
# - Deep learning is no imitation of how the brain works. Its networks are long chains of simple functions, fitted by
#   gradient descent; the name is what is left of an old inspiration.

# %% [markdown]
# ## 5 · One step or many
#
# Why did diffusion win, and what is left to GANs? The heart of it fits into the plane.
#
# A **diffusion model** learns to *denoise*: given data with noise of width $\sigma$ on top, what was the data? It gives
# the average of all answers, $D(x, \sigma) = \mathrm E[\text{data} \mid x]$. To sample, start with nothing but noise
# and go in small steps from $\sigma = 10$ to 0, each time a little towards the present answer. For the ring of eight
# Gaussians this average is a formula, so we need train nothing:

# %%
ring = data.toy.ring()
modes, s = ring.modes.double(), ring.mode_std


def denoise(x, sigma):
    """E[data | data + sigma · noise = x], exactly: the average over the eight modes, each with its probability."""
    variance = s**2 + sigma**2
    weight = (-torch.cdist(x, modes).square() / (2 * variance)).softmax(1)
    return (s**2 * x + sigma**2 * (weight @ modes)) / variance


# %%
def widths(steps):
    """From 10 down to 0.01, in shrinking steps, and then 0."""
    if steps == 1:
        return torch.tensor([10.0, 0.0])
    return torch.cat([torch.linspace(10 ** (1 / 7), 0.01 ** (1 / 7), steps) ** 7, torch.zeros(1)])


def diffuse(steps, n=2500):
    sigma, x = widths(steps), 10 * torch.randn(n, 2).double()
    for now, after in zip(sigma[:-1], sigma[1:], strict=True):
        answer = denoise(x, now)
        x = answer + after / now * (x - answer)  # keep a share of the noise
    return x


# %% [markdown]
# **Predict:** where will the points be after *one* step from pure noise to the answer? How many steps until the ring
# is good?

# %%
device.seed_everything(0)
budgets = (1, 2, 4, 8, 32, 128)
figure, axes = plt.subplots(1, 4, figsize=(6.8, 2.1), sharex=True, sharey=True)
for ax, steps in zip(axes, (1, 4, 8, 32), strict=True):
    ax.scatter(*ring.sample(400).T, s=4, color=plotting.REAL, alpha=0.3, linewidths=0)
    ax.scatter(*diffuse(steps, 300).T, s=8, marker="^", color=plotting.FAKE, linewidths=0)
    ax.set(
        title=f"{steps} step{'s' if steps > 1 else ''}",
        xlim=(-3, 3),
        ylim=(-3, 3),
        xticks=[],
        yticks=[],
        aspect="equal",
    )
plt.show()
# %%
quality = {
    steps: torch.stack([torch.tensor(metrics.mode_coverage(diffuse(steps), ring).high_quality) for _ in range(8)])
    for steps in budgets
}
claim("one step: everything in the middle, no point of high quality", quality[1].max() < 0.01, measured=quality[1])
claim("128 steps: at least 97.5 % of high quality (perfect would be 98.9 %)", quality[128].min() > 0.975, quality[128])

# %% [markdown]
# One step gives the *average of all data*: the middle of the ring, where there are none. It is the best single answer
# to the question “what was the data?” (in squared error), and a useless sample. Each further step asks again with less
# noise. Many small steps make a sample; in a large model each is a pass through a large network.
#
# A **GAN** does it in one pass. Eight of them, 1,500 training steps:


# %%
def make_generator():
    return nets.mlp([2, 64, 64, 2])


def make_discriminator():
    return nets.mlp([2, 64, 64, 1])


gans = ensemble.gans(make_generator, make_discriminator, seeds=8)
training.run(gans, ring, steps=1500, progress=False)
coverage = metrics.mode_coverage(gans.sample(2500), ring)

# %%
_, ax = plt.subplots(figsize=(6.8, 3.3))
ax.axhline(metrics.HIGH_QUALITY_CEILING_2D, color=plotting.THEORY, linestyle="--", linewidth=1.5, label="perfect")
middle = [quality[steps].median() for steps in budgets]
ax.plot(budgets, middle, "s-", color=plotting.NEUTRAL[1], label="diffusion, exact denoiser")
side_by_side = torch.linspace(0.88, 1.14, 8)
ax.scatter(side_by_side, coverage.high_quality, marker="^", s=50, color=plotting.FAKE, label="eight small GANs")
ax.set(xscale="log", xlabel="network passes for one sample", ylabel="share of high quality", ylim=(-0.05, 1.1))
ax.set_xticks(budgets, budgets)
ax.minorticks_off()
ax.legend(loc="lower right")
plt.show()
# %%
claim(
    "at least seven of the eight GANs reach all modes with one pass",
    (coverage.captured == 8).sum() >= 7,
    measured=coverage.captured,
)
claim(
    "and are better than one or two steps of diffusion",
    coverage.high_quality.min() > quality[2].max(),
    coverage.high_quality,
)
claim(
    "but eight steps are better than all of them", quality[8].min() > coverage.high_quality.max(), coverage.high_quality
)

# %% [markdown]
# That is the whole trade: **diffusion buys quality with passes; a GAN has one pass, and a game to train it.** Don't
# read more into this picture: our denoiser is perfect, as no trained one is, and our GANs are tiny and young. And one
# thing it can't show: training a denoiser is plain regression, with no opponent. That is much of its appeal.

# %% [markdown]
# ## 6 · Where GANs stand in 2026
#
# FID is a distance between generated and real pictures, lower is better (chapter 36). Numbers from different data sets
# or resolutions *can't* be compared; all are as printed in the papers, measured by their authors.
#
# **Where they lost.** Pictures from text, and variety. In 2021 [diffusion models](https://arxiv.org/abs/2105.05233)
# reached FID 4.59 on ImageNet at 256 × 256, past the GANs of the time and with better coverage of the data, at the
# price of many passes. Text-to-image went mostly to autoregressive models and to diffusion.
#
# **Where they hold on: one pass.**
#
# - [R3GAN](https://arxiv.org/abs/2501.05441): faces at 256 × 256, FID 2.75, against 3.78 of StyleGAN2; ImageNet at
#   64 × 64, FID 2.09 in one pass, against 2.23 of the diffusion model EDM in 79.
# - [GAT](https://arxiv.org/abs/2509.24935), a GAN of transformers in the latent space of an autoencoder: ImageNet at
#   256 × 256, FID 2.18 in one pass, after 60 epochs (2026 version of the paper).
# - [HiFi-GAN](https://arxiv.org/abs/2010.05646), from spectrogram to sound: 168 times faster than real time on one V100
#   GPU. For this step, the *vocoder*, GANs have been a common choice since.

# %% [markdown]
# **Where they work unseen: a discriminator inside other models.**
#
# - *Distillation.* [ADD](https://arxiv.org/abs/2311.17042) (SDXL Turbo) and [DMD2](https://arxiv.org/abs/2405.14867)
#   teach a diffusion model to do with 1 to 4 passes. Regression alone tends to blur; a discriminator keeps the pictures
#   sharp. DMD2: FID 1.28 on ImageNet at 64 × 64 with one pass, better than its teacher.
# - *Autoencoders.* [VQGAN](https://arxiv.org/abs/2012.09841) and the first stage of [latent
#   diffusion](https://arxiv.org/abs/2112.10752) are trained with a discriminator on patches. So there is a GAN's loss
#   below many diffusion and token models.
#
# An honest sentence for 2026: **GANs are no longer the default way to generate; where one step must look real, a
# discriminator is still among the strongest tools.** (There are others: [consistency
# models](https://arxiv.org/abs/2303.01469), for one, generate in one step without an opponent.) Chapters 21 to 24 show
# how it works, 31 to 36 why, 41 to 47 how to build it, 51 to 57 what it is good for.

# %% [markdown]
# ## Help, I get …
#
# ### a classifier that I would like to generate
# $p(y \mid x)$ says nothing about which $x$ exist. “The input that is most certainly a 3” is usually noise: a border
# has no idea of what lies far behind it.
#
# ### `ConvergenceWarning: lbfgs failed to converge`
# Logistic regression on separable or unscaled data. Give it more `max_iter`, scale the columns, or accept it, as we do
# here for speed; the ranking does not hang on it.

# %% [markdown]
# ### all samples in one spot in the middle
# A regression was asked for a sample: the average of several right answers is none of them. More steps, noise as input,
# or a discriminator.
#
# ### two FIDs, and the question which model is better
# Same data set, same resolution, same number of images, same features? If not, nothing follows. If yes, look at
# coverage and cost too.
#
# ### “add a likelihood term to the GAN”
# There is no density to evaluate (section 2). Either use a model that has one (VAE, flow, autoregressive, chapter 12),
# or compare samples.

# %% [markdown]
# ## Recap
#
# - Discriminative: $p(y \mid x)$, a border, best at its own question. Generative: how $x$ comes about, good for many.
# - Density and sampler are two things. A GAN has a sampler only; its samples lie on a sheet without volume.
# - A generator adds assumptions to data, no information. Measure augmentation on real data.
# - VAE 2013 (Amsterdam), GAN 2014 (Montréal), diffusion 2015; DALL·E was an autoregressive model, then diffusion.
# - Diffusion: many passes, regression, variety. GAN: one pass, a game. In 2026 discriminators also work inside the
#   others.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Is the discriminator of a GAN a generative or a discriminative model?</summary>
#
# Discriminative: it learns p(real | x), a border between real and generated. It helps to train a generative one.
#
# </details>
#
# <details><summary>Why can't you report the test log-likelihood of an ordinary GAN?</summary>
#
# Its samples lie on a surface of lower dimension than the data space. There is no density there, and real data are
# almost surely not on it.
#
# </details>
#
# <details><summary>A colleague offers to make 5,000 more pictures from your 50, with a GAN. What do you say?</summary>
#
# Nothing new can be in them but the GAN's assumptions. Compare on real test data: the 50 alone, with ordinary
# augmentation, with the 5,000. (And a GAN trained on 50 pictures will mostly copy.)
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
#   introduction, now that you know what it sets itself apart from.
# - [Kingma and Welling 2013, *Auto-Encoding Variational Bayes*](https://arxiv.org/abs/1312.6114): the other beginning,
#   half a year earlier.
# - [Dhariwal and Nichol 2021, *Diffusion Models Beat GANs on Image Synthesis*](https://arxiv.org/abs/2105.05233): the
#   turn, with a fair comparison of quality and variety.
# - [Huang et al. 2025, *The GAN is dead; long live the GAN!*](https://arxiv.org/abs/2501.05441): what a GAN looks like
#   if one begins again with ten years of hindsight; chapter 43 builds it small.
# - [Ravuri and Vinyals 2019, *Classification Accuracy Score*](https://arxiv.org/abs/1905.10887): what generated
#   pictures are worth for training a classifier.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | discriminative model | 判别模型 | learns $p(y \mid x)$: which kind is this? |
# | generative model | 生成模型 | learns how the data come about: $p(x)$ or $p(x, y)$ |
# | density | 概率密度 | how probable an $x$ is, per unit of volume |
# | sampler | 采样器 | makes a new $x$ |
# | likelihood-free | 无似然 | learning that compares samples and never evaluates a density |
# | change of variables | 变量替换 | the density of $G(z)$ from that of $z$ and the slope of $G$ |
# | diffusion model | 扩散模型 | removes noise in many small steps |
# | distillation | 蒸馏 | teach a fast model to do what a slow one does |
# | vocoder | 声码器 | makes sound from a spectrogram |
