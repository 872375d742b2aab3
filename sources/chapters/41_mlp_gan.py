# %% [markdown]
# # 41 · An MLP GAN
#
# *From a blank cell to handwritten digits: you build two whole GANs yourself, and then measure, instead of admire,
# what they have learned.*
#
# > **You will be able to**
# > - write the two networks, the two losses and the two turns of a GAN in plain PyTorch, and say why each line is there
# > - do the same in five lines of `gan_edu`, and show that both take exactly the same steps
# > - judge samples by a distance with a floor and baselines, over eight seeds, and know when the baseline has won
# > - say what loss curves tell, and what they can't
# >
# > **Before you start** The idea of the game: [00 · start here](00_start_here.ipynb). Some PyTorch:
# > tensors, `nn.Sequential`, `backward()`. The theory behind the losses
# > will be chapter 32.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used by itself): {{gpu_time}}

# %%
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, plotting, training
from gan_edu.claims import claim

plotting.use_style()
here = device.pick()  # a GPU if there is one, or else the CPU

# %% [markdown]
# ## The idea in a picture
#
# Two networks without any notion of what a picture is. For them it is a list of 784 numbers:

# %%
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


# %%
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
# and how that would change if each pixel changed a little.
#
# Both networks here are **MLPs** (multilayer perceptrons): every number is connected with every other, and no layer
# knows which pixels are neighbours. That is a bad way to treat pictures. It works anyway, and shows the bare game.

# %% [markdown]
# ## 1 · A picture is 784 numbers
#
# The course brings 10,000 digits of MNIST along. `flat=True` lays the 28 rows of a picture end to end:

# %%
mnist = data.images("mnist")
digits = mnist.tensor(flat=True, device=here)
digits.shape

# %%
plotting.image_grid(digits[:20], rows=2)

# %% [markdown]
# Which **range** do the numbers have? Files say 0 … 255, many programs divide by 255. Our generator will end in
# `tanh`, which gives numbers from −1 to 1; so black must be −1 and white 1. `tensor` has taken care of that:

# %%
claim("black is -1, white is 1", digits.min() == -1 and digits.max() == 1)

# %% [markdown]
# Does it matter that much? Suppose we leave the real pictures in 0 … 1 and let a `tanh` generator play against them.
#
# **Before you run the next cell:** can you tell its pictures from real ones *without any learning*, by a rule of one
# line?

# %%
real = mnist.tensor(flat=True, low=0.0)[:1000]  # black is 0 here
fake = nn.Sequential(nn.Linear(100, 784), nn.Tanh())(torch.randn(1000, 100))


def looks_forged(x):
    return (x < 0).any(dim=1)


claim("the rule is right 2,000 times out of 2,000", looks_forged(fake).all() and not looks_forged(real).any())

# %% [markdown]
# Remember this rule. In section 7 we let such a GAN train, and what happens is not what most people expect.

# %% [markdown]
# ## 2 · Two networks, by hand
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
# A linear layer from $n$ to $m$ has a weight for each pair and a bias for each output: $(n+1)\,m$ numbers.


# %%
def size(net):
    return sum(parameter.numel() for parameter in net.parameters())


claim("G has 101·128 + 129·784 = 114,064 parameters", size(G) == 101 * 128 + 129 * 784 == 114_064)
claim("D has 785·128 + 129·1 = 100,609", size(D) == 785 * 128 + 129 == 100_609)

# %% [markdown]
# The discriminator ends *without* a sigmoid. Its output $\ell$ is a **logit**; the probability "real" is $D(x) =
# \sigma(\ell)$. The loss that we use takes logits and does the sigmoid itself, in a way that doesn't overflow:
#
# $$\text{bce}(\ell, 1) = -\log \sigma(\ell), \qquad \text{bce}(\ell, 0) = -\log(1 - \sigma(\ell)).$$

# %%
bce = F.binary_cross_entropy_with_logits
logit = torch.tensor([0.0, 3.0, -3.0])
claim("label 1: -log sigmoid", bce(logit, torch.ones(3), reduction="none").allclose(-logit.sigmoid().log()))
claim("label 0: -log(1 - sigmoid)", bce(logit, torch.zeros(3), reduction="none").allclose(-(1 - logit.sigmoid()).log()))
claim("at logit 0, where D says ½, either is ln 2", bce(logit[:1], torch.ones(1)).isclose(torch.tensor(math.log(2))))

# %% [markdown]
# A classic slip is to put a sigmoid at the end of `D` *and* use this loss: the sigmoid is then taken twice.
#
# **Predict:** a discriminator that is always right should have a loss near 0. How low can it get with two sigmoids?

# %%
sure = torch.tensor([60.0])  # as sure as can be
right = bce(sure, torch.ones(1)) + bce(-sure, torch.zeros(1))
twice = bce(sure.sigmoid(), torch.ones(1)) + bce((-sure).sigmoid(), torch.zeros(1))
claim("one sigmoid: the loss of a perfect D is 0", right < 1e-6)
claim(
    "two: never below log(1 + 1/e) + ln 2 ≈ 1.006", twice.isclose(torch.tensor(math.log(1 + 1 / math.e) + math.log(2)))
)

# %% [markdown]
# With two sigmoids the "logit" lies between 0 and 1, so `D` can never say "forged" with conviction. Nothing crashes,
# nothing warns. It just learns badly.

# %% [markdown]
# ## 3 · One step of the game
#
# Each network gets **an optimiser of its own**, which knows only that network's parameters. One optimiser for both
# would move the generator to help the discriminator.

# %%
opt_g = torch.optim.Adam(G.parameters(), lr=4e-3, betas=(0.0, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.999))

# %% [markdown]
# (Most tutorials write `lr=2e-4, betas=(0.5, 0.999)`. We want to see something within seconds, so we tried a dozen
# settings on two seeds, and kept the one that reached digits first. No momentum, `0.0`, helped most. Section 6 shows
# the usual setting beside ours.)
#
# **The discriminator's turn.** It sees 64 real and 64 forged pictures. `detach()` cuts the forgeries off from the
# generator, because in this turn the generator must not learn.
#
# **Before you run the next cell:** nobody has learned anything yet. What will `D`'s loss be, roughly?

# %%
real = digits[torch.randint(len(digits), (64,), device=here)]
fake = G(torch.randn(64, 100, device=here))
real_logits, fake_logits = D(real), D(fake.detach())
loss_d = bce(real_logits, torch.ones_like(real_logits)) + bce(fake_logits, torch.zeros_like(fake_logits))

opt_d.zero_grad()
loss_d.backward()
opt_d.step()
claim("near 2 ln 2 ≈ 1.386 (between 1.1 and 1.8): D knows nothing", 1.1 < loss_d < 1.8, measured=loss_d)
claim("no gradient has reached the generator", all(p.grad is None for p in G.parameters()))

# %% [markdown]
# **The generator's turn.** It wants its forgeries to be taken for real, so the label is now 1. This is $-\log
# D(G(z))$, the **non-saturating** loss. Here there must be *no* `detach()`: the gradient has to travel back through
# the discriminator, down to the pixels, and on into the generator.

# %%
before, grad_of_d = copy.deepcopy(D), D[0].weight.grad.clone()
fake_logits = D(fake)
loss_g = bce(fake_logits, torch.ones_like(fake_logits))

opt_g.zero_grad()
loss_g.backward()
opt_g.step()
claim(
    "D is a bystander: its weights are the same as before",
    all(new.equal(old) for new, old in zip(D.parameters(), before.parameters(), strict=True)),
)
claim("every tensor of G has got a gradient", all(p.grad.any() for p in G.parameters()))

# %% [markdown]
# A bystander, but not an untouched one.
#
# **Predict:** the generator's turn ran `backward()` through `D`. What is now in the `.grad` of `D`'s weights:
# nothing, the gradient of `D`'s turn, or something else?

# %%
(wish,) = torch.autograd.grad(bce(D(fake.detach()), torch.ones_like(fake_logits)), D[0].weight)
claim("the sum of both turns", D[0].weight.grad.allclose(grad_of_d + wish, atol=1e-5) and wish.any())

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
# ## 4 · Train, and watch
#
# Eight hundred such steps, from fresh networks. The same 20 noise vectors are drawn again and again, so that you can
# follow single pictures.
#
# **Before you run the next cell:** what comes first, the black border, a blob in the middle, or strokes? And will all
# twenty become digits at the same time?

# %%
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
# It moves fast; here it is slowly, each column one noise vector:

# %%
plotting.image_grid(film)

# %% [markdown]
# First the border turns dark: it is black in every digit, and that's what a discriminator notices first. In the
# middle hangs a cloud that all noise vectors share. Out of the cloud come strokes, and they differ. The speckles
# stay: nothing in an MLP knows that neighbouring pixels belong together.
#
# Now the curves:

# %%
plotting.loss_curves(history)

# %% [markdown]
# **How to read them.** The dashed lines are the losses when $D$ says ½ to everything: $2 \ln 2$ for the discriminator
# (two terms, $-\ln ½$ each) and $\ln 2$ for the generator. Near them nobody is winning.
#
# Neither curve goes down. In a game that's no alarm: each loss is measured against an opponent who also gets better.
# The pictures went from static to strokes while $L_D$ stood almost still.
#
# What would be an alarm: $L_D$ near 0 for hundreds of steps. Then the discriminator is always right. Its accuracy
# says the same in a handier unit, the share of right answers:

# %%
accuracy = torch.tensor(history["accuracy"][1:]).view(-1, 20).mean(dim=1)  # means of 20 steps
plotting.seeds_over_time(
    range(20, 801, 20), accuracy, "D's share of right answers", label="discriminator", reference=(0.5, "guessing")
)

# %% [markdown]
# There is one thing that $L_D$ *can* prove. For any discriminator whatsoever (chapter 32 will show why)
#
# $$\mathrm{JSD}(p_\text{data}, p_\text{generated}) \;\ge\; \ln 2 - \tfrac12 L_D .$$
#
# So a *small* $L_D$ (on samples that it wasn't trained on) proves that the two distributions differ. A *large* one,
# say $2\ln 2$, proves that they differ by at least… zero. It proves nothing. Keep that for section 7.

# %% [markdown]
# ## 5 · The same in five lines
#
# `gan_edu` holds this game, so that you needn't write the loop each time:

# %%
gan = training.GAN(make_generator(), make_discriminator(), lr=(4e-3, 2e-3), betas=(0.0, 0.999), seed=1)
for step in training.train(gan, digits, steps=100, batch=64):
    if step.number == 100:
        plotting.image_grid(gan.sample(10), rows=1, title=f"step {step.number}")

# %% [markdown]
# Training is a stream of steps: you look at what you want to see, and leaving the loop stops it.
#
# Is it *the same* game, though? We can do better than "similar curves". We give both the same weights, and let our
# loop draw from a stream of random numbers with the same seed as the library's. Then every weight must agree after
# every step. We look after every fifth of 150 steps, once in single precision (`float32`, the usual one), once in
# double.
#
# **Predict:** how large is the largest difference among the 114,064 weights of the generator at the end?


# %%
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
            pairs = zip(G.parameters(), gan.generator.parameters(), strict=True)
            found.append(max((mine - its).abs().max().item() for mine, its in pairs))
    return found


single, double = differences(torch.float32), differences(torch.float64)

# %%
_, ax = plt.subplots()
ax.set_yscale("log")
pair = {"float32": torch.tensor(single), "float64": torch.tensor(double)}
plotting.curves(torch.arange(5, 151, 5), pair, "step", "largest difference of a weight", ax=ax)
plt.show()

# %%
claim("in double precision all weights agree to 10 digits, to the end", max(double) < 1e-10, measured=max(double))
claim("after five steps in single precision too they agree (to 0.001)", single[0] < 1e-3, measured=single)
claim(
    "in the end they are a million times further apart than in double precision",
    single[-1] > 1e6 * double[-1],
    measured={"single": single[-1], "double": double[-1]},
)

# %% [markdown]
# The same game, step by step: the library has no trick up its sleeve.
#
# But look at the other curve. The library writes the same loss in another way (`softplus`), so that the last digit is
# now and then rounded differently. In single precision that makes no difference for a while. Then some unit of a
# leaky ReLU lands on the other side of its kink, and the two runs part. Same formula, same data, same random numbers,
# and soon *different* pictures!
#
# So "with seed 2 it works" would mean little even if you had the same seed. It is one more reason to look at several.

# %% [markdown]
# ## 6 · Eight seeds, and a number
#
# `ensemble.gans` trains eight GANs as one batched model. `ema=0.99` keeps, besides each generator, a running average
# of its weights: $\bar\theta \leftarrow 0.99\,\bar\theta + 0.01\,\theta$. It costs next to nothing and changes
# nothing in the game; `sample` uses it, and `sample(…, ema=False)` the generator itself.

# %%
settings = {"lr": (4e-3, 2e-3), "betas": (0.0, 0.999), "ema": 0.99}
eight = ensemble.gans(make_generator, make_discriminator, seeds=8, **settings)
eight = training.run(eight, digits, steps=600, batch=64)

# %%
samples, raw = eight.sample(1000), eight.sample(1000, ema=False)
plotting.image_grid({f"seed {seed}": samples[seed, :10] for seed in range(8)})

# %% [markdown]
# Looking at pictures is necessary, and it misleads: you'd forgive a few bad ones, and you can't see what is missing.
# So we need a number. `metrics` knows a small classifier that was trained to recognise digits. Its 64 inner
# **features** describe a picture by its strokes rather than its pixels. The **Fréchet distance** compares the
# features of 1,000 generated pictures with those of 5,000 real ones: means and covariances (chapter 36 takes it
# apart).
#
# A distance alone says nothing. Is 20 good? So first the **floor**, real against real, and then pictures that need no
# GAN:
#
# - *noisy*: real digits that nobody has trained on, with noise on them (σ = 0.3)
# - *10 pictures*: ten real digits, each of them a hundred times
# - *1 Gaussian*: 784 random numbers with the mean and the covariance of the data
# - *10 Gaussians*: one for each class; this uses the labels, which the GAN has never seen
# - *10 means*: the mean picture of each class, a hundred times; nobody would call that more than a blur
#
# **Predict:** which of these five will be nearer to the data than the GAN?


# %%
def gaussian(x, n):
    values, vectors = torch.linalg.eigh(torch.cov(x.T))
    root = vectors * values.clamp(min=0).sqrt()
    return (x.mean(dim=0) + torch.randn(n, 784) @ root.T).clamp(-1, 1)


def baselines(images, unseen):
    x, y = images.tensor(flat=True), images.labels
    device.seed_everything(0)
    return {
        "noisy": (unseen + 0.3 * torch.randn_like(unseen)).clamp(-1, 1),
        "10 pictures": unseen[:10].repeat(100, 1),
        "1 Gaussian": gaussian(x, 1000),
        "10 Gaussians": torch.cat([gaussian(x[y == k], 100) for k in range(10)]),
        "10 means": torch.stack([x[y == k].mean(dim=0) for k in range(10)]).repeat(100, 1),
    }


# %%
unseen = data.images("mnist", split="test").tensor(flat=True)[:1000]
simple = baselines(mnist, unseen)
plotting.image_grid({name: pictures[::77][:10] for name, pictures in simple.items()})

# %%
reference = metrics.Reference("mnist", digits[:5000])
floor = reference.floor(1000)
distance = {"GAN": [reference.frechet(x) for x in samples]}
distance |= {name: [reference.frechet(pictures)] for name, pictures in simple.items()}


def draw(distance, floor):
    _, ax = plt.subplots(figsize=(6.8, 4))
    ax.set_yscale("log")
    colors = {name: plotting.FAKE for name in distance if name.startswith("GAN")}
    plotting.bars_with_floor(distance, "Fréchet distance", floor=floor, ax=ax, colors=colors)
    ax.set_yticks([0.3, 1, 3, 10, 30, 100], ["0.3", "1", "3", "10", "30", "100"])
    plt.show()


draw(distance, floor)

# %%
averaged = torch.tensor(distance["GAN"])
itself = torch.tensor([reference.frechet(x) for x in raw])
claim(
    "all eight beat one Gaussian, with and without averaging",
    max(averaged.max(), itself.max()) < distance["1 Gaussian"][0],
    measured=distance,
)
claim(
    "the average beats the generator itself in at least 7 of 8 seeds",
    (averaged < itself).sum() >= 7,
    measured={"averaged": averaged, "itself": itself},
)
claim("no seed comes closer than 20 times the floor", averaged.min() > 20 * floor, measured=averaged)

# %% [markdown]
# Read the figure from the left. The eight seeds lie close together, and clearly nearer than one Gaussian: the GAN has
# learned more than means and covariances of pixels. They are about as far away as *real* digits with noise on them.
# And ten pictures, copied a hundred times each, score nearly as well! The Fréchet distance hardly minds that 990 of
# 1,000 are repetitions.
#
# So one number isn't enough. Chapter 36 has more of them; two that answer different questions:
#
# - **precision**: the share of generated pictures that lie among the real ones. Is it *believable*?
# - **recall**: the share of real pictures that lie among the generated ones. Is anything *missing*?
#
# ("Among" means: in the features, nearer to one of them than that one's third neighbour.)
#
# **Predict:** in which of the two will the GAN be better than ten Gaussians? In both?


# %%
def precision_recall(x):
    return metrics.precision_recall(reference.features[:1000], metrics.features(x, "mnist"))


points = {"GAN": [precision_recall(x) for x in samples], "unseen digits": [precision_recall(unseen)]}
points |= {name: [precision_recall(pictures)] for name, pictures in simple.items()}

# %%
_, ax = plt.subplots(figsize=(6.4, 4.4))
place = {"1 Gaussian": (-35, -17), "10 pictures": (8, -13)}  # where the names have room, in points
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
rival, goal = points["10 Gaussians"][0], points["unseen digits"][0]
claim("all eight are more believable than ten Gaussians…", (precision > rival.precision).all(), measured=points)
claim("… and all eight miss more of the real digits", (recall < rival.recall).all(), measured=points)
claim("real digits that nobody trained on reach more than 0.75 in both", min(goal) > 0.75, measured=goal)


# %%
def classes(x, name="mnist"):
    shares = metrics.classify(x, name).argmax(dim=1).bincount(minlength=10) / len(x)
    return (shares > 0.02).sum().item()


found = torch.tensor([classes(x) for x in samples])
claim(
    "at least 9 of the 10 digits (each more than 2 % of the samples) in at least 7 of 8 seeds",
    (found >= 9).sum() >= 7,
    measured=found,
)

# %% [markdown]
# All ten digits are there. What is missing is variety *within* them: a count of classes can't see that, recall can.
# And recall sees through "10 pictures" at once.
#
# So is the GAN better than ten Gaussians? More believable, less complete; and the labels were a gift to the
# Gaussians. Whoever shows you a single number has already decided for you what counts.
#
# **The usual settings.** Here are two seeds with `lr=2e-4, betas=(0.5, 0.999)`, after as many steps:

# %%
usual = ensemble.gans(make_generator, make_discriminator, seeds=2, lr=2e-4, betas=(0.5, 0.999))
usual = training.run(usual, digits, steps=600, batch=64)
slow = [reference.frechet(x) for x in usual.sample(1000)]
plotting.image_grid(usual.sample(20)[0], rows=2)
claim("more than five times as far away as any of ours", min(slow) > 5 * itself.max(), measured=slow)

# %% [markdown]
# Not wrong, only slow: after 6,000 steps, ten times as many, they were as close as ours (26 and 27; it took a
# minute). When somebody tells you that A beats B, ask how well B was tuned.

# %% [markdown]
# ## 7 · Two runs with perfect losses
#
# $L_D = 2\ln 2$, $L_G = \ln 2$, $D = ½$ everywhere: that is where theory says that generated and real data are the
# same. Let us meet two GANs that get there at once.
#
# One plays with digits in the **wrong range**: real pictures in 0 … 1, generator with `tanh`. In section 1 a rule of
# one line found *every* forgery.
#
# The other was given **no digits** at all. A program that this course started from calls this its real data:
# `rand(128, 784)`. Uniform noise.

# %%
worlds = {
    "uniform noise": torch.rand(10_000, 784, device=here),
    "digits in 0 … 1": mnist.tensor(flat=True, low=0.0, device=here),
}
perfect = {}
for name, world in worlds.items():
    gans = ensemble.gans(make_generator, make_discriminator, seeds=3, **settings)
    perfect[name] = training.run(gans, world, steps=250, batch=64)

# %% [markdown]
# Here are the discriminators' losses of these two, and of three healthy GANs of section 6, in some order.
#
# **Predict:** which of A, B and C is the healthy one?

# %%
players = dict(zip("ABC", [*perfect.values(), eight], strict=True))
loss_d = {letter: gans.history.columns["loss_d"][:250, :3] for letter, gans in players.items()}
plotting.seeds_over_time(range(1, 251), loss_d, "loss of D (nats)", reference=(2 * math.log(2), "2 ln 2"))

# %%
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

# %% [markdown]
# Perfect, both; the noise has the most beautiful curve of all. Now a discriminator that nobody has trained, one line
# for each world:
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
        f"{name}: one line proves a JSD above 0.6, the network one above 0.03 at best",
        (one_line > 0.6).all() and (network < 0.03).all(),
        measured=[one_line, network],
    )

# %% [markdown]
# More than $\ln 2 \approx 0.693$ isn't possible. So the generated pictures are *as different as can be* from the real
# ones, and the losses said that all is well.
#
# Why did the networks not notice? A discriminator is no oracle. It is a small network with a few hundred steps of
# learning, and it looks at weighted sums of pixels. See what the digits in 0 … 1 do where all real ones are black:

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
# As often below black as above: in a sum that cancels out. That is what −1 … 1 is really for. Black then lies where
# `tanh` is flat, so that clean black is easy to make.
#
# **Losses tell about the game, never about the pictures.** They say that *this* discriminator, at *this* moment,
# can't tell. "It has converged" doesn't follow, nor "it has learned the data", nor even which data they were.

# %% [markdown]
# ## 8 · A deeper generator, three times
#
# If two layers make digits, four must make better ones? Here is another program that the course started from:
# generator 100 → 256 → 512 → 1024 → 784, discriminator 784 → 512 → 256 → 1. Nine times as many parameters.
#
# As it was printed: ReLU everywhere, a sigmoid at the end of the generator, real pictures in 0 … 1. We mend it in two
# steps. First leaky ReLU, `tanh`, −1 … 1, and a gentler discriminator, with dropout. Then **batch norm** on top:
# after each hidden linear layer, every number is shifted and scaled so that over the batch its mean is 0 and its
# variance 1.


# %%
def deep_generator(activation, last, batch_norm=False):
    layers = []
    for inputs, outputs in [(100, 256), (256, 512), (512, 1024)]:
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs)] if batch_norm else [nn.Linear(inputs, outputs)]
        layers += [activation()]
    return nn.Sequential(*layers, nn.Linear(1024, 784), last)


def deep_discriminator(activation, dropout=0.0):
    layers = []
    for inputs, outputs in [(784, 512), (512, 256)]:
        layers += [nn.Linear(inputs, outputs), activation(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(256, 1))


def leaky():
    return nn.LeakyReLU(0.2)


claim("1,489,936 parameters with batch norm", size(deep_generator(leaky, nn.Tanh(), batch_norm=True)) == 1_489_936)

# %% [markdown]
# **Before you run the next cell:** rank the three after 150 steps, two seeds each, with the same optimiser settings.
# And where would you put the *small* GAN of section 6?

# %%
versions = {
    "as printed": (lambda: deep_generator(nn.ReLU, nn.Sigmoid()), lambda: deep_discriminator(nn.ReLU), 0.0),
    "leaky, tanh": (lambda: deep_generator(leaky, nn.Tanh()), lambda: deep_discriminator(leaky, 0.3), -1.0),
    "… and batch norm": (
        lambda: deep_generator(leaky, nn.Tanh(), batch_norm=True),
        lambda: deep_discriminator(leaky, 0.3),
        -1.0,
    ),
}
deep, deep_distance = {}, {}
for name, (generator, discriminator, low) in versions.items():
    gans = ensemble.gans(generator, discriminator, seeds=2, lr=1e-3, betas=(0.0, 0.999))
    x = training.run(gans, mnist.tensor(flat=True, low=low), steps=150, batch=64).sample(1000)
    deep[name] = 2 * x - 1 if low == 0 else x  # pixels in -1 … 1, for all of them
    deep_distance[name] = [reference.frechet(each) for each in deep[name]]

# %%
plotting.image_grid({f"{name}, seed {s}": x[s, :10] for name, x in deep.items() for s in range(2)})

# %%
found = {name: [classes(x) for x in pictures] for name, pictures in deep.items()}
best = max(deep_distance["… and batch norm"])
others = deep_distance["as printed"] + deep_distance["leaky, tanh"]
claim("both runs with batch norm are nearer than all four without", best < min(others), measured=deep_distance)
claim(
    "and draw more kinds of digits",
    min(found["… and batch norm"]) > max(found["as printed"] + found["leaky, tanh"]),
    measured=found,
)

# %% [markdown]
# Without batch norm all noise vectors give nearly the same picture. Is that *mode collapse*? Look at the generators
# as they are born: by how much do pixels differ from one noise vector to the next, before any training?


# %%
def spread(generator):
    return generator(torch.randn(1000, 100)).std(dim=0).mean().item()


born = {name: spread(generator()) for name, (generator, _, _) in versions.items()} | {"small": spread(make_generator())}
claim(
    "leaky, tanh: less than 0.05 (of a range of 2); as printed, less still",
    0.05 > born["leaky, tanh"] > born["as printed"],
)
claim("with batch norm and in the small GAN: more than 0.15", min(born["… and batch norm"], born["small"]) > 0.15)

# %% [markdown]
# It had never been there. Each linear layer, with PyTorch's usual random weights, shrinks what differs; after four
# layers the biases are left, which are the same for every noise vector. Batch norm puts the spread of each hidden
# number back to 1, whatever it was, so the noise reaches the pixels from the first step on.
#
# Are the others *broken*, then, as one often reads? 150 steps can't tell. For this table we ran all of them for 2,000
# steps, with three seeds (`benchmarks/deep_mlp_gan.py`: a minute or two for each cell, so not here):
#
# | distance; digits found | as printed | leaky, tanh | … and batch norm |
# |---|---|---|---|
# | our settings: 1e-3, no momentum | 24–31; 6–8 | 18–19; 9–10 | 14–16; 10 |
# | the usual ones: 2e-4, 0.5 | 75–81; 1–2 | 122–143; 1–3 (after 1,000 steps) | 24–28; 7–10 |
#
# With the usual settings the printed networks stay with one or two digits. With ours they get up, several times later
# than with batch norm. "This architecture doesn't work" was half the truth: the optimiser is part of the recipe.
#
# And the small GAN? A step costs about as many multiplications as the networks have parameters, so:

# %%
small_cost = 600 * (size(G) + size(D))
deep_cost = 150 * (size(deep_generator(leaky, nn.Tanh(), batch_norm=True)) + size(deep_discriminator(leaky)))
claim("600 steps of the small pair cost less than half as much as 150 of the deep one", small_cost < deep_cost / 2)
claim(
    "and all eight small ones are nearer to the data",
    itself.max() < min(deep_distance["… and batch norm"]),
    measured={"small": itself, "deep": deep_distance},
)

# %% [markdown]
# In the long run the deep one wins (14–16 after 2,000 steps). But "more layers" is no cure for a GAN that doesn't
# work, and no short cut for one that does.

# %% [markdown]
# ## 9 · Clothes: a baseline that wins
#
# The same code on Fashion-MNIST: shirts, trousers, shoes. Only the name of the data set changes.
#
# **Predict:** is it harder or easier than digits? And ten Gaussians with labels: below or above the GAN this time?

# %%
fashion = data.images("fashion_mnist")
clothes = ensemble.gans(make_generator, make_discriminator, seeds=4, **settings)
clothes = training.run(clothes, fashion.tensor(flat=True), steps=400, batch=64)

# %%
unseen_clothes = data.images("fashion_mnist", split="test").tensor(flat=True)[:1000]
wardrobe = baselines(fashion, unseen_clothes)
wardrobe.pop("noisy")
dressed, undressed = clothes.sample(1000).cpu(), clothes.sample(1000, ema=False).cpu()
shown = {"GAN": dressed[0, :10], "GAN, not averaged": undressed[0, :10]}
plotting.image_grid(shown | {name: x[::77][:10] for name, x in wardrobe.items()})

# %%
closet = metrics.Reference("fashion_mnist", fashion.tensor()[:5000])
far = {name: [closet.frechet(x) for x in each] for name, each in {"GAN": dressed, "GAN, raw": undressed}.items()}
far |= {name: [closet.frechet(x)] for name, x in wardrobe.items()}
draw(far, closet.floor(1000))

# %%
claim(
    "ten Gaussians are at least twice as near as any of our GANs",
    2 * far["10 Gaussians"][0] < min(far["GAN"]),
    measured=far,
)
ratio = torch.tensor(far["GAN, raw"]) / far["1 Gaussian"][0]
claim(
    "without averaging, GANs and one Gaussian are about equal (within 35 %)",
    ((ratio > 0.74) & (ratio < 1.35)).all(),
    measured=ratio,
)

# %% [markdown]
# Three lines of linear algebra, nothing trained, and they win. Even *one* Gaussian is as good as a generator without
# averaging. Look at the pictures, too: the ten Gaussians' shirts are shirts.
#
# Why here and not on digits? Perhaps because clothes fill their frame in the same way each time: how bright, how
# long, how wide is much of what varies, and a covariance knows that. A digit is a thin line that *moves*, and the
# mean of two lines is no line.
#
# Without this baseline the chapter would have ended with nice pictures and the words "it works on Fashion-MNIST,
# too".

# %% [markdown]
# ## 10 · Is it copying?
#
# A generator that had learned its training pictures by heart would make splendid ones. Its distance would be small,
# and it would have invented nothing. So for each forgery we look for the nearest of all 10,000 training pictures:


# %%
def nearest(x):
    distance, index = torch.cdist(x, digits).min(dim=1)
    return distance, digits[index]


_, twins = nearest(samples[0, :10])
plotting.image_grid({"forged": samples[0, :10], "nearest real": twins})

# %% [markdown]
# Similar, but not the same. How near is "too near"? We need something to compare with: digits of the test set, which
# nobody can have copied, and *planted copies*: training pictures with noise on them, for a copyist who speckles like
# our GAN.
#
# **Predict:** which are further from the training pictures, the forgeries or real digits that were never used?

# %%
copies = (digits[:1000] + 0.3 * torch.randn(1000, 784, device=here)).clamp(-1, 1)
near = {"planted copies": copies, "unseen digits": unseen.to(here), "forged": samples[0]}
near = {name: nearest(x)[0].cpu() for name, x in near.items()}

_, ax = plt.subplots(figsize=(6.8, 3.2))
for (name, distance_to), color in zip(near.items(), ["0.6", plotting.REAL, plotting.FAKE], strict=True):
    ax.hist(distance_to.numpy(), bins=40, range=(0, 18), color=color, alpha=0.65, label=name)
ax.set(xlabel="distance to the nearest training picture", ylabel="pictures")
ax.legend()
plt.show()

# %%
border = near["planted copies"].quantile(0.99)
share = torch.stack([(nearest(x)[0].cpu() < border).float().mean() for x in samples])  # (8,)
claim(
    "in each of the 8 seeds at most 5 % of the forgeries are as near as planted copies",
    (share < 0.05).all(),
    measured=share,
)
claim("of real unseen digits more are (over 10 %)", (near["unseen digits"] < border).float().mean() > 0.1)

# %% [markdown]
# No sign of copying: the forgeries keep *more* distance than real digits do. With 10,000 pictures, a small network
# and 600 steps nothing else was to be expected.
#
# The audit has limits. It compares pixels: a copy that was moved by two pixels would pass. And being far away is no
# merit, static is further still.
#
# **Between two digits.** If the generator had only learned a list of pictures, it would have to jump on the way from
# one noise vector to another:

# %%
start, end = torch.randn(2, 200, 1, 100, device=here)
way = torch.lerp(start, end, torch.linspace(0, 1, 10, device=here)[:, None])  # (200, 10, 100): straight lines
films = eight.sample(way.flatten(0, 1).expand(8, 2000, 100)).unflatten(1, (200, 10))  # (8, 200, 10, 784)
plotting.image_grid(films[0, :4].flatten(0, 1), rows=4)

# %%
leaps = films.diff(dim=2).norm(dim=-1).amax(dim=2)  # (8, 200): the largest of the nine changes on each way
whole = (films[:, :, -1] - films[:, :, 0]).norm(dim=-1)
claim(
    "for every seed: on a typical way no single step is as long as 60 % of the whole distance",
    ((leaps / whole).median(dim=1).values < 0.6).all(),
    measured=(leaps / whole).median(dim=1).values,
)

# %% [markdown]
# It glides. Some pictures on the way are no digit at all, and nobody had asked for one: only for pictures that can't
# be told from digits *on average*, over the noise that was used in training.
#
# And the straight way leads outside that noise. A vector of 100 standard normal numbers has a length near $\sqrt{100}
# = 10$, always; the middle between two of them only $\sqrt{50} \approx 7$. No such noise was ever trained.
# **Predict:** does it matter?

# %%
z, other = torch.randn(2, 1000, 100, device=here)
middle = (z + other) / 2
claim(
    "lengths: near 10, and near 7", abs(z.norm(dim=1).mean() - 10) < 0.3 and abs(middle.norm(dim=1).mean() - 7.05) < 0.3
)
near_7, near_10 = (eight.sample(x.expand(8, 1000, 100))[:4] for x in (middle, middle * math.sqrt(2)))
worse = torch.tensor([reference.frechet(a) / reference.frechet(b) for a, b in zip(near_7, near_10, strict=True)])
claim(
    "four seeds: from the middle, pictures are at least 20 % further from the data than from the same z at length 10",
    (worse > 1.2).all(),
    measured=worse,
)

# %% [markdown]
# It does. Who walks between two noise vectors should stay at their length, on the arc of a great circle.
#
# ## What all this does not show
#
# - **That MLP GANs are good.** Ours are 60 times the floor away. The next chapter gives the networks what they lack:
#   the knowledge which pixels are neighbours.
# - **That these settings are best.** We chose them on the same 10,000 digits and the same features that we then
#   reported.
# - **Much about "digits".** Distances, precision and recall see what our classifier sees. What it ignores, like
#   speckles that don't change the class, can be as wrong as you like.
# - **That eight seeds are the world.** They vary the start and the order of the data, not the data.

# %% [markdown]
# ## Help, I get …
#
# ### `RuntimeError: Trying to backward through the graph a second time`
# You used the same `fake` in both turns, without `.detach()` in the discriminator's. Its `backward()` went through
# the generator and freed what the generator's turn needs. Don't add `retain_graph=True`: detach.
#
# ### Static, for ever, and beautiful losses
# Look at the *data* first: `image_grid(batch_of_real)` and its `min()` and `max()`. Noise instead of data, and 0 … 1
# with a `tanh`, both look like this (section 7).

# %% [markdown]
# ### $L_D$ near 0, $L_G$ growing, pictures frozen
# The discriminator has won. Is the generator getting a gradient at all (`p.grad`)? Is there a `.detach()` in its
# turn, or are its parameters missing in `opt_g`? If the code is right: a smaller rate for `D`, dropout in `D`, batch
# norm in `G`, or a gradient penalty (chapter 43).
#
# ### The same picture for every noise vector
# Mode collapse (23), or a generator in which the noise dies on the way (section 8). Measure the spread of `G(z)` over
# `z` *before* training: if that's tiny already, it is the second.
#
# ### `ValueError: Target size (torch.Size([64])) must be the same as input size (torch.Size([64, 1]))`
# Labels of another shape than the logits. `torch.ones_like(logits)` is never wrong.

# %% [markdown]
# ## Recap
#
# - Two networks, two optimisers, two turns. `D`'s turn: real → 1, `fake.detach()` → 0. `G`'s turn: `fake` → 1, no
#   detach.
# - Logits, not probabilities; pictures in the range of the generator's last layer; `zero_grad()` before each
#   `backward()`.
# - Losses tell who is winning. Two GANs with perfect losses drew static and impossible greys.
# - A distance needs a floor, baselines and seeds: eight GANs beat one Gaussian on digits; on clothes ten Gaussians
#   beat every GAN.
# - Batch norm let the deep generator start at once, and the optimiser decided whether it starts at all without.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why is there a detach() in one turn, and none in the other?</summary>
#
# In the discriminator's turn the generator must not move, and its gradient would be wasted work. In the generator's
# turn the only way from the loss to its weights leads through the discriminator, so nothing may be cut.
#
# </details>
#
# <details><summary>L_D stands at 1.386 for a thousand steps. Good or bad?</summary>
#
# It says that this discriminator can't tell real from generated. That is so when the generator is perfect, and also
# when the discriminator is blind, too small, too slow, or both have been given noise. Look at samples, and measure.
#
# </details>
#
# <details><summary>Somebody reports a Fréchet distance of 22. What do you ask?</summary>
#
# In which features, from how many samples, what do real pictures get against real ones, what do simple baselines get,
# over how many seeds, and were the settings chosen by the same number?
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
# | English | 中文 | Meaning |
# |---|---|---|
# | multilayer perceptron (MLP) | 多层感知机 | layers in which every number is connected with every other |
# | logit | 对数几率 | the discriminator's output before the sigmoid |
# | non-saturating loss | 非饱和损失 | the generator minimises $-\log D(G(z))$ |
# | batch normalisation | 批归一化 | gives each feature mean 0 and variance 1 over the batch, then rescales it |
# | exponential moving average (EMA) | 指数移动平均 | a running average of the generator's weights, used for sampling |
# | Fréchet distance | 弗雷歇距离 | distance between the means and covariances of two sets of features |
# | baseline | 基线 | what something simple achieves; without it a number means nothing |
# | precision, recall | 精确率、召回率 | share of believable samples; share of the data that has a sample nearby |
