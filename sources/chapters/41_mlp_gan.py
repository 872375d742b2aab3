# %% [markdown]
# # 41 · An MLP GAN
#
# *From a blank cell to handwritten digits: you build two whole GANs yourself. Then you measure what they have learned,
# and don't only admire it.*
#
# > **You will be able to**
# > - write the two networks, the two losses and the two turns of a GAN in plain PyTorch, and say why each line is there
# > - do the same in five lines of `gan_edu`, and show that both take exactly the same steps
# > - judge samples by a distance with a floor and baselines, over eight seeds, and know when the baseline has won
# > - say what loss curves tell you, and what they can't
# >
# > **Before you start** The idea of the game: [00 · start here](00_start_here.ipynb). Some PyTorch: tensors,
# > `nn.Sequential`, `backward()`. Helpful, not needed: [32 · the optimal
# > discriminator](32_optimal_discriminator.ipynb) has the theory behind the losses.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used automatically): {{gpu_time}}

# %% jupyter={"source_hidden": true}
import copy
import functools
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
here = device.pick()  # a GPU if there is one, or else the CPU

# %% [markdown]
# ## The idea in a picture
#
# Two networks play a game about pictures, and neither knows what a picture is. For them it is a list of 784 numbers:

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
noise = torch.randn(100)
forgery = nn.Sequential(nn.Linear(100, 784), nn.Tanh())(noise).detach()
digit = data.images("mnist").tensor()[7, 0]


def box(ax, x, y, text, color, picture=None):
    if picture is not None:
        ax.imshow(picture, cmap="gray", vmin=-1, vmax=1, extent=(x, x + 1, y, y + 1))
    ax.add_patch(plt.Rectangle((x, y), 1, 1, fill=False, color=color, linewidth=2.5))
    height, side = (y + 0.5, "center") if picture is None else (y - 0.1, "top")
    ax.text(x + 0.5, height, text, color=color, ha="center", va=side)


# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 2.8))
box(ax, 0, 1.7, "noise:\n100 numbers", "0.35", noise.view(10, 10))
box(ax, 1.6, 1.7, "gene-\nrator", plotting.FAKE)
box(ax, 3.2, 1.7, "forged:\n784 numbers", plotting.FAKE, forgery.view(28, 28))
box(ax, 3.2, 0, "real: 784 numbers", plotting.REAL, digit)
box(ax, 4.8, 0.85, "discri-\nminator", plotting.DISC)
ax.text(6.4, 1.35, "real?\n1 number", va="center")
arrows = [
    (1, 2.2, 1.6, 2.2),
    (2.6, 2.2, 3.2, 2.2),
    (4.2, 2.2, 4.8, 1.55),
    (4.2, 0.5, 4.8, 1.15),
    (5.8, 1.35, 6.4, 1.35),
]
for x0, y0, x1, y1 in arrows:
    ax.annotate("", (x1, y1), (x0, y0), arrowprops={"arrowstyle": "->", "linewidth": 2, "color": "0.2"})
ax.set(xlim=(-0.15, 7.4), ylim=(-0.35, 2.8), aspect="equal")
ax.axis("off")
plt.show()

# %% [markdown]
# The generator never sees a real picture. All it ever learns, it learns from one number: the discriminator's opinion,
# and how that opinion would change if each pixel changed a little.
#
# Both networks here are **MLPs** (multilayer perceptrons). Every number is connected with every other, and no layer
# knows which pixels are neighbours. That is a poor way to treat pictures. It works anyway, and it shows the bare game.

# %% [markdown]
# ## 1. A picture is 784 numbers
#
# The course brings 10,000 digits of MNIST along. `flat=True` lays the 28 rows of a picture end to end:

# %%
mnist = data.images("mnist")
digits = mnist.tensor(flat=True, device=here)
digits.shape

# %%
plotting.image_grid(digits[:20], rows=2)

# %% [markdown]
# Which **range** do the numbers have? Image files use 0 … 255, and many programs divide by 255. Our generator will end
# in `tanh`, which gives numbers from −1 to 1. So black must be −1 and white must be 1, and `tensor` has taken care of
# that:

# %%
identity("black is -1, white is 1", digits.min() == -1 and digits.max() == 1)

# %% [markdown]
# Does the range matter that much? Suppose we leave the real pictures in 0 … 1 and let a `tanh` generator play against
# them.
#
# **Predict, and say why:** can you tell its pictures from real ones *without any learning*, by a rule of one line?

# %%
real = mnist.tensor(flat=True, low=0.0)[:1000]  # black is 0 here
fake = nn.Sequential(nn.Linear(100, 784), nn.Tanh())(torch.randn(1000, 100))


def looks_forged(x):
    return (x < 0).any(dim=1)


claim("the rule is right 2,000 times out of 2,000", looks_forged(fake).all() and not looks_forged(real).any())

# %% [markdown]
# You can: a real picture has no negative number, and a `tanh` nearly always makes one. Remember this rule. In section 7
# we let such a GAN train, and most people don't expect what happens.

# %% [markdown]
# ## 2. Two networks, by hand
#
# The smallest pair that can do it has one hidden layer on each side:


# %%
def make_generator():
    return nn.Sequential(nn.Linear(100, 128), nn.LeakyReLU(0.2), nn.Linear(128, 784), nn.Tanh())


def make_discriminator():
    return nn.Sequential(nn.Linear(784, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1))


device.seed_everything(0)
G, D = make_generator().to(here), make_discriminator().to(here)

# %% [markdown]
# `LeakyReLU(0.2)` leaves positive numbers as they are and multiplies negative ones by 0.2. Without such a bend between
# them, two linear layers could do no more than one. A linear layer from $n$ to $m$ numbers has a weight for each pair
# and a bias for each output. Together these are $(n+1)\,m$ numbers.


# %%
def size(net):
    return sum(parameter.numel() for parameter in net.parameters())


identity("G has 101·128 + 129·784 = 114,064 parameters", size(G) == 101 * 128 + 129 * 784 == 114_064)
identity("D has 785·128 + 129·1 = 100,609", size(D) == 785 * 128 + 129 == 100_609)

# %% [markdown]
# The discriminator ends *without* a sigmoid. Its output $\ell$ is a **logit**, and the probability "real" is $D(x) =
# \sigma(\ell)$. The loss that we use takes logits. It does the sigmoid itself, in a way that doesn't overflow:
#
# $$\text{bce}(\ell, 1) = -\log \sigma(\ell), \qquad \text{bce}(\ell, 0) = -\log(1 - \sigma(\ell)).$$

# %%
bce = F.binary_cross_entropy_with_logits
logit = torch.tensor([0.0, 3.0, -3.0])
identity("label 1: -log sigmoid", bce(logit, torch.ones(3), reduction="none").allclose(-logit.sigmoid().log()))
opposite = -(1 - logit.sigmoid()).log()
identity("label 0: -log(1 - sigmoid)", bce(logit, torch.zeros(3), reduction="none").allclose(opposite))
identity("at logit 0, where D says ½, both are ln 2", bce(logit[:1], torch.ones(1)).isclose(torch.tensor(math.log(2))))

# %% [markdown]
# A classic slip is to put a sigmoid at the end of `D` *and* use this loss. Then the sigmoid is taken twice.
#
# **Predict, and say why:** a discriminator that is always right should have a loss near 0. How low can the loss get
# with two sigmoids?

# %%
sure = torch.tensor([60.0])  # as sure as can be
right = bce(sure, torch.ones(1)) + bce(-sure, torch.zeros(1))
twice = bce(sure.sigmoid(), torch.ones(1)) + bce((-sure).sigmoid(), torch.zeros(1))
lowest = torch.tensor(math.log(1 + 1 / math.e) + math.log(2))
identity("one sigmoid: the loss of a perfect D is 0", right < 1e-6)
identity("two sigmoids: never below log(1 + 1/e) + ln 2 ≈ 1.006", twice.isclose(lowest))

# %% [markdown]
# With two sigmoids the "logit" lies between 0 and 1. So `D` can never be sure that a picture is forged: the best it can
# say is ½. Nothing crashes and nothing warns. It just learns badly.

# %% [markdown]
# ## 3. One step of the game
#
# Each network gets **an optimiser of its own**, which knows only that network's parameters. With one optimiser for
# both, the generator's turn would also move the discriminator, and in the wrong direction: it would help the generator.

# %%
opt_g = torch.optim.Adam(G.parameters(), lr=4e-3, betas=(0.0, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.999))

# %% [markdown]
# (Most tutorials write `lr=2e-4, betas=(0.5, 0.999)`. We want to see something within seconds, so we tried a few
# settings and kept the one that reached digits first. Section 6 shows the usual setting beside ours.)
#
# **The discriminator's turn.** It sees 64 real and 64 forged pictures. `detach()` cuts the forgeries off from the
# generator, because in this turn the generator must not learn.
#
# **Predict, and say why:** nobody has learned anything yet. What will `D`'s loss be, roughly?

# %%
real = digits[torch.randint(len(digits), (64,), device=here)]
fake = G(torch.randn(64, 100, device=here))
real_logits, fake_logits = D(real), D(fake.detach())
loss_d = bce(real_logits, torch.ones_like(real_logits)) + bce(fake_logits, torch.zeros_like(fake_logits))

opt_d.zero_grad()
loss_d.backward()
opt_d.step()
claim("near 2 ln 2 ≈ 1.386 (between 1.1 and 1.8): D knows nothing", 1.1 < loss_d < 1.8, measured=loss_d)
identity("no gradient has reached the generator", all(p.grad is None for p in G.parameters()))

# %% [markdown]
# An untrained `D` has logits near 0, so it says about ½ to everything. Each of the two terms is then about $\ln 2$.
#
# **The generator's turn.** It wants its forgeries to be taken for real, so the label is now 1. This is $-\log
# D(G(z))$, the **non-saturating** loss. Here there must be *no* `detach()`. The gradient has to travel back through
# the discriminator, down to the pixels, and on into the generator.

# %%
before, grad_of_d = copy.deepcopy(D), D[0].weight.grad.clone()
fake_logits = D(fake)
loss_g = bce(fake_logits, torch.ones_like(fake_logits))

opt_g.zero_grad()
loss_g.backward()
opt_g.step()
same = [new.equal(old) for new, old in zip(D.parameters(), before.parameters(), strict=True)]
identity("D is a bystander: its weights are the same as before", all(same))
claim("every tensor of G has got a gradient", all(p.grad.any() for p in G.parameters()))

# %% [markdown]
# The weights of `D` have not changed. Its gradients have.
#
# **Predict, and say why:** the generator's turn ran `backward()` through `D`. What is now in the `.grad` of `D`'s
# weights: nothing, the gradient of `D`'s turn, or something else?

# %%
(wish,) = torch.autograd.grad(bce(D(fake.detach()), torch.ones_like(fake_logits)), D[0].weight)
both_turns = grad_of_d + wish
identity("the sum of both turns", D[0].weight.grad.allclose(both_turns, atol=1e-5) and wish.any())

# %% [markdown]
# PyTorch *adds* gradients until you clear them. If the discriminator stepped now, it would also follow the
# generator's wish to be fooled. That is why `zero_grad()` stands right before each `backward()`, and not somewhere
# "at the end".
#
# Both turns, in one function:


# %%
def step_by_hand(G, D, opt_g, opt_d, real, z):
    fake = G(z)
    real_logits, fake_logits = D(real), D(fake.detach())
    loss_d = bce(real_logits, torch.ones_like(real_logits)) + bce(fake_logits, torch.zeros_like(fake_logits))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()

    loss_g = bce(D(fake), torch.ones_like(fake_logits))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    accuracy = torch.cat([real_logits > 0, fake_logits < 0]).float().mean()
    return {"loss_d": loss_d.item(), "loss_g": loss_g.item(), "accuracy": accuracy.item()}


# %% [markdown]
# ## 4. Train, and watch
#
# Now eight hundred such steps, from fresh networks. We draw pictures from the same 20 noise vectors again and again, so
# that you can follow single pictures.
#
# **Predict, and say why:** what comes first: the black border, a blob in the middle, or strokes? Will all twenty become
# digits at the same time?

# %% jupyter={"source_hidden": true}
device.seed_everything(1)
G, D = make_generator().to(here), make_discriminator().to(here)
opt_g = torch.optim.Adam(G.parameters(), lr=4e-3, betas=(0.0, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.999))
same_noise = torch.randn(20, 100, device=here)
history = {"step": [], "loss_d": [], "loss_g": [], "accuracy": []}
film = {}


@torch.no_grad()
def picture():
    figure = plotting.figure(6.4, 1.7)
    plotting.image_grid(G(same_noise), rows=2, title=f"step {history['step'][-1]}", ax=figure.subplots())
    return figure


# %%
with plotting.Live() as live:
    for step in range(801):
        if step in (0, 25, 100, 200, 400, 800):
            film[f"step {step}"] = G(same_noise[:10]).detach()
        real = digits[torch.randint(len(digits), (64,), device=here)]
        measured = step_by_hand(G, D, opt_g, opt_d, real, torch.randn(64, 100, device=here))
        for name, value in {"step": step, **measured}.items():
            history[name].append(value)
        live.draw(picture)

# %% [markdown]
# The run is fast. Here it is slowly, each column one noise vector:

# %%
plotting.image_grid(film)

# %% [markdown]
# First the border turns dark. It is black in every digit, so it is the first thing that a discriminator notices. In the
# middle hangs a cloud that all noise vectors share. Then strokes come out of the cloud, and they differ from one noise
# vector to the next. Some columns look like a digit sooner than others. The speckles stay: nothing in an MLP knows that
# neighbouring pixels belong together.
#
# Now the curves:

# %%
plotting.loss_curves(history)

# %% [markdown]
# **How to read them.** The dashed lines are the losses when $D$ says ½ to everything: $2 \ln 2$ for the discriminator
# (two terms, $-\ln ½$ each) and $\ln 2$ for the generator. Near these lines nobody is winning.
#
# Neither curve goes down. In a game that is no alarm, because each loss is measured against an opponent who also gets
# better. The pictures went from static to strokes while $L_D$ hardly moved.
#
# An alarm would be $L_D$ near 0 for hundreds of steps. Then the discriminator is always right. Its accuracy, the share
# of right answers, says the same in a handier unit:

# %% jupyter={"source_hidden": true}
accuracy = torch.tensor(history["accuracy"][1:]).view(-1, 20).mean(dim=1)  # means of 20 steps
plotting.seeds_over_time(
    range(20, 801, 20), accuracy, "D's share of right answers", label="discriminator", reference=(0.5, "guessing")
)

# %% [markdown]
# There is one thing that $L_D$ *can* prove. For any discriminator whatsoever ([chapter
# 32](32_optimal_discriminator.ipynb) shows why)
#
# $$\mathrm{JSD}(p_\text{data}, p_\text{generated}) \;\ge\; \ln 2 - \tfrac12 L_D .$$
#
# JSD is the Jensen–Shannon divergence: 0 if two distributions are the same, and $\ln 2$ if they share nothing. So a
# *small* $L_D$ (on samples that $D$ wasn't trained on) proves that the two distributions differ. A *large* one, say
# $2\ln 2$, proves only that they differ by at least 0, which is nothing. We shall need that in section 7.

# %% [markdown]
# ## 5. The same in five lines
#
# `gan_edu` holds this game, so that you needn't write the loop each time:

# %%
gan = training.GAN(make_generator(), make_discriminator(), lr=(4e-3, 2e-3), betas=(0.0, 0.999), seed=1)
for step in training.train(gan, digits, steps=100, batch=64):
    if step.number == 100:
        plotting.image_grid(gan.sample(10), rows=1, title=f"step {step.number}")

# %% [markdown]
# Training is a stream of steps. You look at what you want to see, and leaving the loop stops the training.
#
# Is it *the same* game, though? We can test more than "similar curves". We give both the same weights, and let our
# loop draw from a stream of random numbers with the same seed as the library's. Then every weight must agree after
# every step. We look after every fifth of 150 steps, once in single precision (`float32`, the usual one), once in
# double.
#
# **Predict, and say why:** how large is the largest difference among the 214,673 weights of the two networks at the
# end? Is it the same in both precisions?


# %% jupyter={"source_hidden": true}
def differences(dtype, steps=150, seed=2):
    x = digits.cpu()
    nets = ensemble.single_nets(make_generator, make_discriminator, seed)
    G, D = (net.to(dtype) for net in nets)
    gan = training.GAN(copy.deepcopy(G), copy.deepcopy(D), lr=(4e-3, 2e-3), betas=(0.0, 0.999), seed=seed, device="cpu")
    opt_g = torch.optim.Adam(G.parameters(), lr=4e-3, betas=(0.0, 0.999))
    opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.999))
    stream, found = device.generator(seed), []
    for step in training.train(gan, x, steps, batch=64, progress=False):
        real = x[torch.randint(len(x), (64,), generator=stream)].to(dtype)
        step_by_hand(G, D, opt_g, opt_d, real, torch.randn(64, 100, generator=stream, dtype=dtype))
        if step.number % 5 == 0:
            theirs = [*gan.generator.parameters(), *gan.discriminator.parameters()]
            pairs = zip([*G.parameters(), *D.parameters()], theirs, strict=True)
            found.append(max((mine - its).abs().max().item() for mine, its in pairs))
    return found


single, double = differences(torch.float32), differences(torch.float64)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots()
ax.set_yscale("log")
pair = {"float32": torch.tensor(single), "float64": torch.tensor(double)}
plotting.curves(torch.arange(5, 151, 5), pair, "step", "largest difference of a weight", ax=ax)
plt.show()

# %%
claim("in double precision all weights agree to 10 decimals, to the end", max(double) < 1e-10, measured=max(double))
claim("after five steps in single precision too they agree (to 0.001)", single[0] < 1e-3, measured=single)
claim(
    "in the end they are a million times further apart than in double precision",
    single[-1] > 1e6 * double[-1],
    measured={"single": single[-1], "double": double[-1]},
)

# %% [markdown]
# The double-precision run shows that both programs play the same game, step by step.
#
# But look at the other curve. The library writes the same loss in another way (`softplus`), so that the last digit is
# now and then rounded differently. In single precision these differences stay small for a while. Then they jump, and
# the two runs part. Same formula, same data, same random numbers, and soon *different* weights!
#
# So "with seed 2 it works" means little: with the same formula written in another way, the same seed may give another
# run. It is one more reason to look at several seeds.

# %% [markdown]
# ## 6. Eight seeds, and a number
#
# `ensemble.gans` trains eight GANs as one batched model. `ema=0.98` keeps, besides each generator, a running average
# of its weights: $\bar\theta \leftarrow 0.98\,\bar\theta + 0.02\,\theta$. (In the first steps it takes more of the new
# weights, so that the untrained network doesn't stay in it; chapter 43 has the formula.) After 34 steps a weight counts
# half as much. That is a short memory beside the 600 steps of the run. The average costs next to nothing and changes
# nothing in the game. `sample` uses it, and `sample(…, ema=False)` uses the generator itself.

# %%
settings = {"lr": (4e-3, 2e-3), "betas": (0.0, 0.999), "ema": 0.98}
eight = ensemble.gans(make_generator, make_discriminator, seeds=8, **settings)
eight = training.run(eight, digits, steps=600, batch=64)

# %%
samples, raw = eight.sample(1000), eight.sample(1000, ema=False)
plotting.image_grid({f"seed {seed}": samples[seed, :10] for seed in range(8)})

# %% [markdown]
# Looking at pictures is necessary, but it misleads. You forgive a few bad ones, and you can't see what is missing. So
# we need a number. `metrics` has a small classifier that was trained to recognise digits. Its 64 inner **features**
# describe a picture by its strokes rather than by its pixels. The **Fréchet distance** compares the features of 1,000
# generated pictures with those of 5,000 real ones: their means and their covariances ([chapter
# 36](36_measuring_samples.ipynb) takes it apart).

# %% [markdown]
# A distance alone says nothing. Is 20 good? So first we need the **floor**, real against real, and then pictures that
# need no GAN:
#
# - *noisy*: real digits that nobody has trained on, with noise on them (σ = 0.3)
# - *one of each*: ten real digits, the first unseen one of each class, each of them a hundred times
# - *1 Gaussian*: 784 random numbers with the mean and the covariance of the data
# - *10 Gaussians*: one for each class; this uses the labels, which the GAN has never seen
# - *cut*: a Gaussian doesn't know that pixels lie in −1 … 1. More than a quarter of its numbers lie outside: blacker
#   than black, or whiter than white. So we take both a second time, and cut such numbers to −1 or 1. Now they are
#   pictures, but they have lost much of the variance
#
# **Predict, and say why:** which of these six will be nearer to the data than the GAN?


# %% jupyter={"source_hidden": true}
def gaussian(x, n):
    """Random mixtures of all deviations of x have its mean and covariance."""
    mixtures = torch.randn(n, len(x)) / (len(x) - 1) ** 0.5
    return x.mean(dim=0) + mixtures @ (x - x.mean(dim=0))


def baselines(images, test):
    x, y = images.tensor(flat=True), images.labels
    unseen, labels = test.tensor(flat=True)[:1000], test.labels[:1000]
    device.seed_everything(0)
    one, ten = gaussian(x, 1000), torch.cat([gaussian(x[y == k], 100) for k in range(10)])
    return {
        "noisy": (unseen + 0.3 * torch.randn_like(unseen)).clamp(-1, 1),
        "one of each": torch.stack([unseen[labels == k][0] for k in range(10)]).repeat(100, 1),
        "1 Gaussian": one,
        "1 Gaussian, cut": one.clamp(-1, 1),
        "10 Gaussians": ten,
        "10 Gaussians, cut": ten.clamp(-1, 1),
    }


def pictures_of(simple):  # on a screen a Gaussian looks the same cut or not: nothing is blacker than its black
    return {name: x[::77][:10] for name, x in simple.items() if x.abs().max() <= 1}


# %%
test = data.images("mnist", split="test")
unseen, simple = test.tensor(flat=True)[:1000], baselines(mnist, test)
plotting.image_grid(pictures_of(simple))
free, cut = simple["1 Gaussian"], simple["1 Gaussian, cut"]
outside, left = (free.abs() > 1).float().mean(), cut.var(dim=0).sum() / mnist.tensor(flat=True).var(dim=0).sum()
claim("one Gaussian: more than a quarter of all numbers lie outside −1 … 1", outside > 0.25, measured=outside)
claim("cut, it has less than two thirds of the variance of the data", left < 2 / 3, measured=left)

# %% jupyter={"source_hidden": true}
reference = metrics.Reference("mnist", digits[:5000])
floor = reference.floor(1000)
distance = {"GAN": [reference.frechet(x) for x in samples]}


@torch.no_grad()
def features(x, name="mnist"):  # as metrics.features, which refuses numbers outside −1 … 1
    return metrics.classifier(name, x.device)(x.view(-1, 1, 28, 28)).cpu()


def frechet(reference, x):
    return metrics.frechet_distance(reference.features, features(x, reference.name))


distance |= {name: [frechet(reference, x)] for name, x in simple.items()}


def draw(distance, floor):
    _, ax = plt.subplots(figsize=(6.8, 4))
    ax.set_yscale("log")
    shown = {name.replace(" ", "\n"): each for name, each in distance.items()}
    colors = {name: plotting.FAKE for name, each in shown.items() if len(each) > 1}  # GANs have several seeds
    plotting.bars_with_floor(shown, "Fréchet distance", floor=floor, ax=ax, colors=colors)
    ax.set_yticks([0.3, 1, 3, 10, 30, 100], ["0.3", "1", "3", "10", "30", "100"])
    plt.show()


draw(distance, floor)

# %%
averaged = torch.tensor(distance["GAN"])
itself = torch.tensor([reference.frechet(x) for x in raw])
claim(
    "all eight beat one Gaussian that is cut, with and without averaging",
    max(averaged.max(), itself.max()) < distance["1 Gaussian, cut"][0],
    measured=distance,
)
claim("averaged, all eight beat the uncut one, too", averaged.max() < distance["1 Gaussian"][0], measured=distance)
claim(
    "ten Gaussians: cut, further away than every averaged GAN; uncut, at most 0.7 times as far as any",
    distance["10 Gaussians, cut"][0] > averaged.max() and distance["10 Gaussians"][0] < 0.7 * averaged.min(),
    measured=distance,
)
claim(
    "the average beats the generator itself in at least 7 of 8 seeds",
    (averaged < itself).sum() >= 7,
    measured={"averaged": averaged, "itself": itself},
)
claim("no seed comes closer than 60 times the floor", averaged.min() > 60 * floor, measured=averaged)
claim(
    "ten pictures, one of each digit, are nearer than every GAN", averaged.min() > distance["one of each"][0], distance
)

# %% [markdown]
# Orange: GANs, a dot for each seed. Violet: baselines, one draw of each.
#
# Read the figure from the left. The eight seeds lie close together, about as far away as *real* digits with noise on
# them. They are nearer than one Gaussian: far nearer than the cut one, a little nearer than the uncut one. Ten
# Gaussians lose to each of them if they are cut. *Uncut they win*, though many of their numbers can't be pixels. So
# whether a GAN "beats the baseline" may depend on a small step like cutting.
#
# And ten pictures, copied a hundred times each, are *nearer than every GAN*! The Fréchet distance looks at nothing but
# mean and covariance. Ten digits, one of each class, have a mean and a covariance nearer to the data's than our GANs
# have.

# %% [markdown]
# So one number isn't enough. Here are two more, which answer different questions:
#
# - **precision**: the share of generated pictures that lie among the real ones. Are they *believable*?
# - **recall**: the share of real pictures that lie among the generated ones. Is anything *missing*?
#
# ("Among" means: in the features, nearer to one of them than that one's third neighbour.)
#
# **Predict, and say why:** in which of the two will the GAN be better than ten Gaussians, cut and uncut? In both?


# %%
def precision_recall(x):
    return metrics.precision_recall(reference.features[:1000], features(x))


points = {"GAN": [precision_recall(x) for x in samples], "unseen digits": [precision_recall(unseen)]}
points |= {name: [precision_recall(pictures)] for name, pictures in simple.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.4, 4.4))
place = {"1 Gaussian, cut": (-35, -17), "one of each": (8, -13)}  # where the names have room, in points
for name, each in points.items():
    precision, recall = zip(*each, strict=True)
    style = {"color": plotting.FAKE, "marker": "^"} if name == "GAN" else {"color": "black", "marker": "o"}
    ax.scatter(precision, recall, s=45, **style)
    label = "GAN, 8 seeds" if name == "GAN" else name
    ax.annotate(label, (max(precision), recall[0]), place.get(name, (9, 0)), textcoords="offset points")
ax.set(xlim=(0, 1.15), ylim=(-0.12, 1), xlabel="precision (believable)", ylabel="recall (nothing missing)")
plt.show()

# %%
precision, recall = torch.tensor(points["GAN"]).T
free, cut, goal = (points[name][0] for name in ("10 Gaussians", "10 Gaussians, cut", "unseen digits"))
most = max(free.precision, cut.precision)
claim("all eight are more believable than ten Gaussians, cut or uncut…", (precision > most).all(), measured=points)
claim("… and miss more of the real digits than the uncut ones", (recall < free.recall).all(), measured=points)
claim("at least six of eight miss more than the cut ones, too", (recall < cut.recall).sum() >= 6, measured=points)
claim("real digits that nobody trained on reach more than 0.75 in both", min(goal) > 0.75, measured=goal)


# %% jupyter={"source_hidden": true}
def shares(x):
    return metrics.classify(x, "mnist").argmax(dim=1).bincount(minlength=10) / len(x)


def classes(x):
    return (shares(x) > 0.02).sum().item()


found = torch.tensor([classes(x) for x in samples])
claim(
    "at least 8 of the 10 digits (each more than 2 % of the samples) in at least 7 of 8 seeds",
    (found >= 8).sum() >= 7,
    measured=found,
)
eights = torch.stack([shares(x)[8] for x in [*samples, unseen, simple["noisy"]]])
claim(
    "every seed: more than a fifth is called an 8 (of real digits about a tenth)",
    eights[:8].min() > 0.2 and eights[8] < 0.13,
    measured=eights,
)
claim("but so are real digits with noise: more than a fifth", eights[9] > 0.2, measured=eights)

# %% tags=["nbval-ignore-output"]
print("digit          " + "".join(f"{k:5d}" for k in range(10)))
for name, each in {"real, unseen": unseen[None], "real, noisy": simple["noisy"][None], "GANs, median": samples}.items():
    print(f"{name:15}" + "".join(f"{v:5.0%}" for v in torch.stack([shares(x) for x in each]).median(dim=0).values))

# %% [markdown]
# The classifier finds nearly all ten digits in nearly every seed. But it calls about a third of the samples an 8. Are
# they? Look at the row of *real* digits with noise: it calls about as many of *those* an 8, and only a tenth are.
# Hardly any is called a 1. This judge learned on clean digits. It errs on rough ones, and not in all directions
# alike. So these shares can't tell what the GAN draws, nor can a count of classes. And neither sees whether the
# pictures of one class vary.
#
# **Predict, and say why:** recall is 0 for *one of each*. Does it see that there are only ten pictures? What is it for
# 1,000 *different* unseen digits, each of them four times?


# %%
def coverage(x):  # the share of real pictures with a generated one nearby, in a ball around the *real* picture
    return metrics.density_coverage(reference.features[:1000], metrics.features(x, "mnist")).coverage


fourfold = unseen.repeat(4, 1)
identity("1,000 different digits, four times each: recall 0, too", precision_recall(fourfold).recall < 0.01)
covered = {
    "GAN": [coverage(x) for x in samples],
    "one of each": coverage(simple["one of each"]),
    "four": coverage(fourfold),
}
claim(
    "coverage: over 0.7 for these 1,000, below 0.1 for one of each",
    covered["one of each"] < 0.1 and covered["four"] > 0.7,
    covered,
)
claim("and every GAN covers more than one of each does", min(covered["GAN"]) > covered["one of each"], covered)

# %% [markdown]
# Recall is 0 there, too. A picture that occurs four times has its third neighbour at distance 0, so nothing lies within
# that distance. Recall had noticed the *copies*, not that there are only ten pictures. **Coverage**
# ([chapter 36](36_measuring_samples.ipynb)) measures from the real pictures to the generated ones, and copies don't
# fool it.
#
# So is the GAN better than ten Gaussians? It is more believable and, in most seeds, less complete, cut or uncut. And
# the Gaussians were given the labels. If somebody shows you a single number, they have already decided for you what
# counts.
#
# **The usual settings.** Here are two seeds with `lr=2e-4, betas=(0.5, 0.999)`, after as many steps:

# %%
usual = ensemble.gans(make_generator, make_discriminator, seeds=2, lr=2e-4, betas=(0.5, 0.999))
usual = training.run(usual, digits, steps=600, batch=64)
slow = [reference.frechet(x) for x in usual.sample(1000)]
plotting.image_grid(usual.sample(20)[0], rows=2)
claim("more than five times as far away as any of ours", min(slow) > 5 * itself.max(), measured=slow)

# %% [markdown]
# Is this setting wrong, or only slow? From one length you can't tell. The rates are 10 and 20 times smaller than ours,
# so 600 steps are a much shorter way for these two. When somebody tells you that A beats B, ask how long each was
# trained and how well B was tuned.

# %% [markdown]
# ## 7. Two runs with perfect losses
#
# $L_D = 2\ln 2$, $L_G = \ln 2$, $D = ½$ everywhere: in theory these are the values when generated and real data are the
# same. Let us meet two GANs that get there at once.
#
# One plays with digits in the **wrong range**: real pictures in 0 … 1, and a generator with `tanh`. In section 1 a rule
# of one line found *every* forgery.
#
# The other gets **no digits** at all. Its "real data" are uniform noise, `rand(10_000, 784)`: perhaps somebody wanted
# to try the loop first, and forgot to load the pictures.

# %% jupyter={"source_hidden": true}
worlds = {
    "uniform noise": torch.rand(10_000, 784, device=here),
    "digits in 0 … 1": mnist.tensor(flat=True, low=0.0, device=here),
}
perfect = {}
for name, world in worlds.items():
    gans = ensemble.gans(make_generator, make_discriminator, seeds=3, **settings, sure=True)  # no warning: we mean it
    perfect[name] = training.run(gans, world, steps=250, batch=64)

# %% [markdown]
# Here are the discriminators' losses of these two, and of three healthy GANs of section 6, in some order.
#
# **Predict, and say why:** which of A, B and C is the healthy one?

# %%
players = dict(zip("ABC", [*perfect.values(), eight], strict=True))
loss_d = {letter: gans.history.columns["loss_d"][:250, :3] for letter, gans in players.items()}
plotting.seeds_over_time(range(1, 251), loss_d, "loss of D (nats)", reference=(2 * math.log(2), "2 ln 2"))

# %% jupyter={"source_hidden": true}
names = ["A: noise", "B: digits,\n0 … 1", "C: digits,\n−1 … 1"]
shown = [gans.sample(10, ema=False)[0] for gans in players.values()]
plotting.image_grid(dict(zip(names, shown, strict=True)))


# %%
def at_the_end(column, gans):
    return torch.tensor(gans.history.columns[column][-50:]).mean(dim=0)  # one number for each seed


for name, gans in perfect.items():
    loss_d, d_real = at_the_end("loss_d", gans), at_the_end("d_real", gans)
    claim(f"{name}: all three within 0.06 of 2 ln 2", ((loss_d - 2 * math.log(2)).abs() < 0.06).all(), measured=loss_d)
    claim(f"{name}: D is within 0.05 of ½ on real data", ((d_real - 0.5).abs() < 0.05).all(), measured=d_real)
    loss_g = at_the_end("loss_g", gans)
    claim(f"{name}: and L_G within 0.15 of ln 2", ((loss_g - math.log(2)).abs() < 0.15).all(), measured=loss_g)

# %% [markdown]
# C is the healthy one, and it is the one with the *worst* curve. The noise has the most beautiful curve of all.
#
# Now a discriminator that nobody has trained, one line for each world:
#
# - digits in 0 … 1: *is any pixel below −0.1?*
# - uniform noise: *is the contrast of the picture, the standard deviation of its pixels, below 0.26?* For true
#   uniform noise it is $1/\sqrt{12} \approx 0.289$.
#
# It gives the logit −4 if so and +4 if not. Its loss goes into the bound of section 4.

# %%
rules = {
    "uniform noise": lambda x: x.std(dim=-1) < 0.26,
    "digits in 0 … 1": lambda x: (x < -0.1).any(dim=-1),
}
for name, gans in perfect.items():
    fake, real = gans.sample(1000, ema=False), worlds[name][:1000]
    on_fake, on_real = (torch.where(rules[name](x), -4.0, 4.0) for x in (fake, real))
    loss = F.softplus(-on_real).mean(dim=-1) + F.softplus(on_fake).mean(dim=-1)  # bce with labels 1 and 0
    one_line, network = math.log(2) - loss / 2, math.log(2) - at_the_end("loss_d", gans) / 2
    claim(
        f"{name}: one line proves a JSD above 0.6, the network proves less than 0.03",
        (one_line > 0.6).all() and (network < 0.03).all(),
        measured=[one_line, network],
    )

# %% [markdown]
# More than $\ln 2 \approx 0.693$ isn't possible. So the generated pictures are nearly *as different as can be* from the
# real ones, although the losses looked perfect.
#
# Why did the networks not notice? This is how it looks after 250 steps. A longer game, or a discriminator that goes on
# learning while the generator stands still, might notice; we didn't try. But see what the generator for digits in 0 … 1
# does where all real ones are black:

# %%
black = (worlds["digits in 0 … 1"] == 0).all(dim=0)  # the same pixel is black in all 10,000 digits
wrong, right = perfect["digits in 0 … 1"].sample(1000, ema=False)[..., black], raw[..., black]
claim("0 … 1: forged pixels are 0 there on average (within 0.05)…", (wrong.mean(dim=(1, 2)).abs() < 0.05).all())
claim("… but spread by more than 0.1", (wrong.std(dim=(1, 2)) > 0.1).all(), measured=wrong.std(dim=(1, 2)))
claim(
    "-1 … 1: on average within 0.1 of black",
    ((right.mean(dim=(1, 2)) + 1) < 0.1).all(),
    measured=right.mean(dim=(1, 2)),
)

# %% [markdown]
# The forged pixels lie below black as well as above, and their *mean* is right. A weighted sum of pixels, the first
# thing that a network computes, sees hardly more than that. With −1 … 1 nothing lies below black. Whoever wants to have
# the right mean there must make black pixels.
#
# **A loss near 2 ln 2 tells about the game, and nothing about the pictures.** It says that *this* discriminator, at
# *this* moment, can't tell the two apart. (A small one can prove something: section 4.) It doesn't say "it has
# converged", nor "it has learned the data", nor even which data it was.

# %% [markdown]
# ## 8. A deeper generator
#
# If two layers make digits, do four layers make better ones? We try 100 → 256 → 512 → 1024 → 784 against 784 → 512 →
# 256 → 1, with dropout in the discriminator (in each training step a random 30 % of the hidden numbers are set to 0, so
# that it can't rely on a few). The pair has about nine times as many parameters.
#
# We train it three times. The second generator has **batch norm**: after each hidden linear layer, every number is
# shifted and scaled so that over the batch its mean is 0 and its variance 1. The third has no norm, but larger random
# weights at the start (He's, [chapter 42](42_convolutional_gan.ipynb) explains them).


# %%
def leaky():
    return nn.LeakyReLU(0.2)


def deep_generator(version):
    layers = []
    for inputs, outputs in [(100, 256), (256, 512), (512, 1024)]:
        layers += [nn.Linear(inputs, outputs), *([nn.BatchNorm1d(outputs)] if version == "batch norm" else []), leaky()]
        if version == "larger weights":
            nn.init.kaiming_normal_(layers[-2].weight, a=0.2)
            nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers, nn.Linear(1024, 784), nn.Tanh())


def deep_discriminator():
    layers = [nn.Linear(784, 512), leaky(), nn.Dropout(0.3), nn.Linear(512, 256), leaky(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(256, 1))


# %% [markdown]
# **Predict, and say why:** rank the three after 150 steps, two seeds each, with the same optimiser settings. Where
# would you put the *small* GAN of section 6 (600 steps, not averaged)?

# %%
deep, deep_distance = {}, {}
versions = ("no norm", "batch norm", "larger weights")
for name in versions:
    gans = ensemble.gans(
        functools.partial(deep_generator, name), deep_discriminator, seeds=2, lr=1e-3, betas=(0.0, 0.999)
    )
    deep[name] = training.run(gans, digits, steps=150, batch=64).sample(1000)
    deep_distance[name] = [reference.frechet(x) for x in deep[name]]
deep_distance["small, 600 steps"] = itself.tolist()
plotting.image_grid({f"{name},\nseed {s}": x[s, :10] for name, x in deep.items() for s in range(2)})

# %% jupyter={"source_hidden": true}
draw({name if "steps" in name else f"{name}, 150 steps": each for name, each in deep_distance.items()}, floor)

# %%
kinds = {name: [classes(x) for x in pictures] for name, pictures in deep.items()}
claim(
    "both runs with batch norm are nearer than both without",
    max(deep_distance["batch norm"]) < min(deep_distance["no norm"]),
    measured=deep_distance,
)
claim("and they draw more kinds of digits", min(kinds["batch norm"]) > max(kinds["no norm"]), measured=kinds)

# %% [markdown]
# With the usual weights and no norm all noise vectors give nearly the same picture. Is that *mode collapse*, a variety
# that was there and got lost? Look at the generators before any training. By how much do pixels differ from one noise
# vector to the next?


# %%
def spread(generator):
    return generator(torch.randn(1000, 100)).std(dim=0).mean().item()


born = {name: spread(deep_generator(name)) for name in versions} | {"small": spread(make_generator())}
claim("no norm: less than 0.05 (of a range of 2)", born["no norm"] < 0.05, measured=born)
claim("all others: more than 0.15", min(born[name] for name in ("batch norm", "larger weights", "small")) > 0.15, born)
grown = {name: x.std(dim=1).mean(dim=1) for name, x in deep.items()}  # after training, for each seed
claim("trained, with larger weights: more than 0.15, too", grown["larger weights"].min() > 0.15, measured=grown)
claim(
    "but further from digits than with batch norm",
    min(deep_distance["larger weights"]) > max(deep_distance["batch norm"]),
    measured=deep_distance,
)

# %% [markdown]
# The variety had never been there. Each linear layer, with PyTorch's usual random weights, shrinks the differences
# between noise vectors. After four layers pixels differ by only about 0.03 from one noise vector to the next, and a
# pattern of the same size is common to all of them. Batch norm puts the spread of each hidden number back to 1,
# whatever it was, so the noise reaches the pixels from the first step on. Larger first weights do that, too, and the
# pictures differ. But they are further from digits than with batch norm. So batch norm does more than let the noise
# through.
#
# Is the deep pair without batch norm *broken*, then? 150 steps can't tell. For this table we ran both much longer
# (`benchmarks/deep_mlp_gan.py`, smallest and largest of three):
#
# | after 2,000 steps, rate 1e-3, no momentum | no norm | batch norm |
# |---|---|---|
# | distance | 18–19 | 14–16 |
# | digits found | 9–10 | 10 |
#
# So the network without batch norm is not broken. It starts late, but it starts. "This architecture doesn't work" was
# half the truth: time and optimiser are part of the recipe.

# %% [markdown]
# And the small GAN? One of its steps needs an eighth of the multiplications of a deep step. So we compare 600 of its
# steps with 150 deep ones, which need twice as many in total. (The small pair also has rates that we tuned, and the
# deep one hasn't.)

# %%
claim(
    "600 small steps: all eight seeds are nearer to the data than 150 deep steps with batch norm",
    itself.max() < min(deep_distance["batch norm"]),
    measured={"small": itself, "deep": deep_distance},
)

# %% [markdown]
# Which of the two "wins" depends on what you count, steps or arithmetic, and on how long you wait. After 2,000 steps
# the deep pair is ahead of what the small one has after 600. We didn't give the small one as much time. More layers are
# no cure for a GAN that doesn't work, and no short cut for one that does.

# %% [markdown]
# ## 9. Clothes: when a baseline wins
#
# The same code on Fashion-MNIST: shirts, trousers, shoes. Only the name of the data set changes.
#
# **Predict, and say why:** will ten Gaussians be nearer than the GAN this time, or further away? Cut, and uncut?

# %%
fashion = data.images("fashion_mnist")
clothes = ensemble.gans(make_generator, make_discriminator, seeds=4, **settings)
clothes = training.run(clothes, fashion.tensor(flat=True), steps=600, batch=64)

# %%
wardrobe = baselines(fashion, data.images("fashion_mnist", split="test"))
wardrobe.pop("noisy")
dressed, undressed = clothes.sample(1000).cpu(), clothes.sample(1000, ema=False).cpu()
shown = {"GAN": dressed[0, :10], "GAN, not averaged": undressed[0, :10]}
plotting.image_grid(shown | pictures_of(wardrobe))

# %% jupyter={"source_hidden": true}
closet = metrics.Reference("fashion_mnist", fashion.tensor()[:5000])
far = {
    name: [closet.frechet(x) for x in each] for name, each in {"GAN": dressed, "GAN, not averaged": undressed}.items()
}
far |= {name: [frechet(closet, x)] for name, x in wardrobe.items()}
draw(far, closet.floor(1000))

# %% jupyter={"source_hidden": true}
claim(
    "cut, ten Gaussians are at least twice as near as any of our GANs",
    2 * far["10 Gaussians, cut"][0] < min(far["GAN"]),
    measured=far,
)
claim("uncut, they are further away than every averaged GAN", far["10 Gaussians"][0] > max(far["GAN"]), measured=far)
ratio = torch.tensor(far["GAN, not averaged"]) / far["1 Gaussian, cut"][0]
claim("without averaging, no GAN is even a fifth nearer than one Gaussian, cut", ratio.min() > 0.8, measured=ratio)

# %% [markdown]
# Cut, the ten Gaussians win: a few lines of linear algebra, nothing trained. Even *one*, cut, is about as good as a
# generator without averaging. Look at the pictures, too: the shirts are shirts.
#
# Uncut, they lose. (By how much depends on the draw: eight draws of 1,000 lay between 29 and 45.) On digits it was the
# other way round: uncut they won, and cut they lost. So *which of the two wins, GAN or Gaussians, depends on one
# `clamp`*, and it works in opposite directions on the two data sets. Why, we don't know. The uncut one has the mean
# and the covariance that it promises, and isn't pictures. The cut one is pictures, and has lost what it promised. Show
# both, or say which you show.
#
# The comparison has limits. The Gaussians had the labels, and our four GANs are small and young (600 steps). A
# convolutional GAN with six times the data came to 1.95 in two minutes, and with another recipe to 5.9
# (`benchmarks/README.md`; one seed, measured in another way, and without ten Gaussians beside it). But without this
# baseline the chapter would have ended with nice pictures and the words "it works on Fashion-MNIST, too".

# %% [markdown]
# ## 10. Between two digits
#
# We walk from one noise vector to another. **Predict, and say why:** do the pictures jump, or do they glide? And what
# does an *untrained* generator do?

# %%
start, end = torch.randn(2, 200, 1, 100, device=here)
way = torch.lerp(start, end, torch.linspace(0, 1, 10, device=here)[:, None])  # (200, 10, 100): straight lines
films = eight.sample(way.flatten(0, 1).expand(8, 2000, 100)).unflatten(1, (200, 10))  # (8, 200, 10, 784)
plotting.image_grid(films[0, :4].flatten(0, 1), rows=4)

# %%
leaps = films.diff(dim=2).norm(dim=-1).amax(dim=2)  # (8, 200): the largest of the nine changes on each way
whole = (films[:, :, -1] - films[:, :, 0]).norm(dim=-1)
longest = (leaps / whole).median(dim=1).values
with torch.no_grad():
    unlearned = make_generator().to(here)(way)  # (200, 10, 784)
control = (unlearned.diff(dim=1).norm(dim=-1).amax(dim=1) / (unlearned[:, -1] - unlearned[:, 0]).norm(dim=-1)).median()
claim("every seed: on a typical way the largest step is below 60 % of the whole", (longest < 0.6).all(), longest)
claim("and an untrained generator glides more evenly than any", control < longest.min(), measured=[control, longest])

# %% [markdown]
# It glides, and so does a network that has learned nothing: a small network changes little when its noise changes
# little. So gliding doesn't show that nothing was learned by heart. [Chapter 36](36_measuring_samples.ipynb) audits
# that.
#
# Some pictures on the way are no digit at all. The training never asked for one: it only asks for pictures that can't
# be told from digits *on average*, over the noise that was used.
#
# And the straight way leaves that noise. A vector of 100 standard normal numbers nearly always has a length near
# $\sqrt{100} = 10$. The middle between two of them has a length near $\sqrt{50} \approx 7$. Such noise hardly ever
# occurred in training.
#
# **Predict, and say why:** are the pictures from the middle nearer to the data than at length 10, or further away? And
# at length 14, which hardly ever occurred either?

# %%
z, other = torch.randn(2, 1000, 100, device=here)
middle = (z + other) / 2
claim(
    "lengths: near 10, and near 7", abs(z.norm(dim=1).mean() - 10) < 0.3 and abs(middle.norm(dim=1).mean() - 7.05) < 0.3
)
at_length = {
    n: eight.sample((middle * factor).expand(8, 1000, 100))[:4] for n, factor in ((7, 1), (10, math.sqrt(2)), (14, 2))
}
far_at = {n: torch.tensor([reference.frechet(x) for x in each]) for n, each in at_length.items()}
claim(
    "four seeds: the same z at length 7 is at least 20 % further away than at 10",
    (far_at[7] > 1.2 * far_at[10]).all(),
    far_at,
)
claim("and at length 14 it is nearer than at 10", (far_at[14] < far_at[10]).all(), measured=far_at)


# %% [markdown]
# At length 7 they are further away. A guess is easy: the generator never saw such noise. But it hardly saw noise of
# length 14 either, and there the pictures are nearer to the data. So it isn't only that the length is new. Why *short*
# noise is bad here, we don't know. (Nor does the distance tell whether single pictures are worse or only less varied:
# both count.) If you walk between two noise vectors, stay at their length, on the arc of a great circle.
#
# ## What all this does not show
#
# - **That MLP GANs are good.** Ours are about 100 times the floor away. The next chapter gives the networks what they
#   lack: the knowledge which pixels are neighbours.
# - **That these settings are best.** We chose them on the same 10,000 digits and the same features that we then
#   reported.
# - **Much about "digits".** Distances, precision and recall see what our classifier sees. What it ignores, like a faint
#   checkerboard (chapter 42), can be as wrong as you like.
# - **What other data would give.** Eight seeds vary the start and the order of the data. They don't vary the data.

# %% [markdown]
# ## Help, I get …
#
# ### `RuntimeError: Trying to backward through the graph a second time`
# You used the same `fake` in both turns, without `.detach()` in the discriminator's turn. Its `backward()` went through
# the generator and freed what the generator's turn needs. Don't add `retain_graph=True`: detach.
#
# ### Static for ever, and beautiful losses
# Look at the *data* first: `image_grid(batch_of_real)`, its `min()` and its `max()`. Noise instead of data, and 0 … 1
# with a `tanh`, both look like this (section 7).

# %% [markdown]
# ### $L_D$ near 0, $L_G$ growing, pictures frozen
# The discriminator has won. Does the generator get a gradient at all (`p.grad`)? Is there a `.detach()` in its turn, or
# are its parameters missing in `opt_g`? If the code is right, try a smaller rate for `D`, dropout in `D`, batch norm in
# `G`, or a gradient penalty (chapter 43).
#
# ### The same picture for every noise vector
# It is mode collapse (chapter 23), or a generator in which the noise dies on the way (section 8). Measure the spread of
# `G(z)` over `z` *before* training. If that is tiny already, it is the second.
#
# ### `ValueError: Target size (torch.Size([64])) must be the same as input size (torch.Size([64, 1]))`
# The labels have another shape than the logits. `torch.ones_like(logits)` always fits.

# %% [markdown]
# ## Recap
#
# - Two networks, two optimisers, two turns. `D`'s turn: real → 1, `fake.detach()` → 0. `G`'s turn: `fake` → 1, no
#   detach.
# - Logits, not probabilities; pictures in the range of the generator's last layer; `zero_grad()` before each
#   `backward()`.
# - Losses tell who is winning. Two GANs with perfect losses drew static and impossible greys.
# - A distance needs a floor, baselines and seeds. Averaged, eight GANs beat one Gaussian on digits. Ten Gaussians,
#   which know the labels, beat the GANs on digits if uncut, and on clothes if cut to the range of pixels.
# - Batch norm let the deep generator start at once. Without it the noise hardly reached the pixels. Larger first
#   weights cured that, and not the rest.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why is there a detach() in one turn, and none in the other?</summary>
#
# In the discriminator's turn the generator must not learn, and computing its gradient would be wasted work. In the
# generator's turn the only way from the loss to its weights leads through the discriminator, so nothing may be cut.
#
# </details>
#
# <details><summary>L_D stands at 1.386 for a thousand steps. Good or bad?</summary>
#
# It says that this discriminator can't tell real from generated. That is so when the generator is perfect. It is also
# so when the discriminator is blind, too small or too slow, or when both have been given noise. Look at samples, and
# measure.
#
# </details>
#
# <details><summary>Somebody reports a Fréchet distance of 22. What do you ask?</summary>
#
# In which features? From how many samples? What do real pictures get against real ones? What do simple baselines get?
# Over how many seeds? Were the settings chosen by the same number?
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Goodfellow et al. 2014, Generative Adversarial Nets](https://arxiv.org/abs/1406.2661): the first GANs were MLPs
#   like these, on the same digits; section 3 has the loss that we use.
# - [Radford, Metz and Chintala 2015, DCGAN](https://arxiv.org/abs/1511.06434): where `tanh`, −1 … 1, leaky ReLU,
#   batch norm and the "usual settings" of Adam come from.
# - [Ioffe and Szegedy 2015, Batch Normalization](https://arxiv.org/abs/1502.03167): what section 8 put into the
#   generator, and what it was invented for.
# - [Salimans et al. 2016, Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498): an early, honest
#   list of what goes wrong, and of tricks against it.
# - [Lucic et al. 2018, Are GANs Created Equal?](https://arxiv.org/abs/1711.10337): with the same budget for tuning,
#   most differences between GANs melt away.
# - [Xiao, Rasul and Vollgraf 2017, Fashion-MNIST](https://arxiv.org/abs/1708.07747): the clothes, and why digits had
#   become too easy.

# %% [markdown]
# ## Key terms
#
# {{terms: multilayer perceptron (MLP); logit; non-saturating loss; batch normalisation; exponential moving average
# (EMA); Fréchet distance (FID); baseline; precision, recall}}
