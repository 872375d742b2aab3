# %% [markdown]
# # 43 · The modern recipe
#
# *In 2024 a paper made a plain GAN competitive again, with four ingredients and a modern network. You write the four in
# twenty lines, and find out what each of them does on a ring of eight modes.*
#
# > **You will be able to**
# > - write relativistic pairing, R1, R2 and an average of the weights yourself, and show that the library takes the
# >   same steps
# > - set γ on purpose: know its factor of two, its unit, and why batch norm and R1 don't go together
# > - take a recipe apart, one ingredient at a time, each at several strengths
# > - choose the memory of an average, and say what the published code has beside the four ingredients
# >
# > **Before you start** [41 · an MLP GAN](41_mlp_gan.ipynb) has the training step, and [23 · mode
# > collapse](23_mode_collapse.ipynb) counts modes. Helpful, not needed: [33 · dynamics](33_dynamics.ipynb) explains
# > why R1 works; section 2, which you can leave out, needs [32 · the optimal
# > discriminator](32_optimal_discriminator.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% jupyter={"source_hidden": true}
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # nets of 32 units: a second CPU thread would mostly wait for the first

# %% [markdown]
# ## The idea in a picture
#
# The discriminator gives every place a height, its **logit**. High means "looks real". Blue dots are real points,
# orange triangles are generated ones.

# %% jupyter={"source_hidden": true}
x = torch.linspace(-3, 3, 200)


def height(x):
    return 1.3 * torch.sin(1.3 * x + 0.4) + 0.25 * x


real, fake = torch.tensor([0.3, 0.9, 1.5]), torch.tensor([-2.2, -1.5, -0.8])
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.1), sharey=True)
for ax in axes:
    ax.plot(x, height(x), color=plotting.DISC)
    ax.plot(real, height(real), "o", color=plotting.REAL, markersize=9)
    ax.plot(fake, height(fake), "^", color=plotting.FAKE, markersize=9)
    ax.set(xlabel="x", xticks=[], yticks=[])
axes[0].set(title="pairing: how much higher?", ylabel="logit")
axes[1].set(title="R1 and R2: how steep?")
for a, b, gap in zip(real, fake, (2.5, 2.7, 2.9), strict=True):
    axes[0].plot([b, gap, gap], [height(b), height(b), height(a)], color="0.6", linewidth=1)
    axes[0].plot([a, gap], [height(a), height(a)], color="0.6", linewidth=1)
for points, color in ((real, plotting.REAL), (fake, plotting.FAKE)):
    for at in points:
        slope = (height(at + 0.01) - height(at - 0.01)) / 0.02
        axes[1].plot([at - 0.3, at + 0.3], [height(at) - 0.3 * slope, height(at) + 0.3 * slope], color=color, lw=3)
plt.show()

# %% [markdown]
# **Left, pairing.** Each real point is compared with one generated point. Only the *difference* of their heights
# counts. (A grey line joins each pair; its upright part is the difference.) How high the whole landscape lies doesn't
# matter.
#
# **Right, R1 and R2.** The landscape is asked to be flat where points stand: R1 asks at the blue points, R2 at the
# orange ones. A point on a gentle slope is not thrown far.
#
# The fourth ingredient is not in the picture: samples come from an **average** of the generator's weights. And the
# discriminator has **no normalisation** layer (section 3 says why).

# %% [markdown]
# ## 1. Twenty lines
#
# $D(x)$ is the logit of a real point, $D(G(z))$ that of a generated one, and softplus$(t) = \log(1 + e^t)$:
#
# $$L_D = E\,\text{softplus}\big(D(G(z)) - D(x)\big)
# + \tfrac\gamma2 \underbrace{E_x \|\nabla D(x)\|^2}_{R_1}
# + \tfrac\gamma2 \underbrace{E_z \|\nabla D(G(z))\|^2}_{R_2}, \qquad
# L_G = E\,\text{softplus}\big(D(x) - D(G(z))\big).$$
#
# The pairs are simply the first real point with the first fake, the second with the second, and so on.
# [Huang et al. 2024](https://arxiv.org/abs/2501.05441) call this RpGAN + R1 + R2, and their network R3GAN trains with
# it.


# %%
def slope(logits, x):
    """E‖∇D‖², and it can be differentiated again."""
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradient.square().sum(dim=1).mean()


def recipe_step(G, D, opt_g, opt_d, real, z, gamma):
    fake = G(z)
    x, y = real.clone().requires_grad_(), fake.detach().requires_grad_()
    on_real, on_fake = D(x)[:, 0], D(y)[:, 0]
    loss_d = F.softplus(on_fake - on_real).mean() + gamma / 2 * (slope(on_real, x) + slope(on_fake, y))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()

    on_real = D(real)[:, 0].detach()  # the new D
    loss_g = F.softplus(on_real - D(fake)[:, 0]).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()


# %% [markdown]
# The average: after step $t$, every averaged weight moves towards the current weight. It moves by the share $1 -
# \beta$, divided by $1 - \beta^t$. That division is the bias correction which Adam has too. At $t = 1$ the share is 1,
# so nothing of the untrained network stays in the average.


# %%
@torch.no_grad()
def average_step(average, G, t, beta=0.99):
    share = (1 - beta) / (1 - beta**t)
    for mean, now in zip(average.parameters(), G.parameters(), strict=True):
        mean.lerp_(now, share)


# %% [markdown]
# That is all. Does the library play the same game? We give both the same weights and the same stream of random
# numbers, in double precision, for 120 steps on the ring of chapter 23.
#
# **Predict, and say why:** how large is the largest difference between any two weights after 120 steps? Is it 0,
# something like $10^{-12}$, or something you could see in a picture?

# %% jupyter={"source_hidden": true}
ring = data.toy.ring()  # 8 modes, radius 2, standard deviation 0.1


def make_generator():
    return nets.mlp([2, 32, 32, 2], activation="tanh")


def make_discriminator():
    return nets.mlp([2, 32, 32, 1], activation="tanh")


def largest_difference(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max((a - b).abs().max().item() for a, b in pairs)


# %%
G, D = (net.double() for net in ensemble.single_nets(make_generator, make_discriminator, 3))
average = copy.deepcopy(G)
adam = {"lr": 2e-3, "betas": (0.0, 0.99)}
recipe = {"loss": "relativistic", "penalties": {"r1": 0.1, "r2": 0.1}, "ema": 0.99}
gan = training.GAN(copy.deepcopy(G), copy.deepcopy(D), **recipe, **adam, seed=3, device="cpu")
opt_g, opt_d = torch.optim.Adam(G.parameters(), **adam), torch.optim.Adam(D.parameters(), **adam)
stream = device.generator(3)
for step in training.train(gan, ring, steps=120, progress=False):
    real = ring.sample(128, stream).double()
    recipe_step(G, D, opt_g, opt_d, real, torch.randn(128, 2, generator=stream, dtype=torch.float64), gamma=0.1)
    average_step(average, G, step.number)

# %%
same = {"G": (G, gan.generator), "D": (D, gan.discriminator), "average": (average, gan.nets["average"])}
gaps = {name: largest_difference(*pair) for name, pair in same.items()}
claim("120 steps: every weight of G, of D and of the average agrees to 10 digits", max(gaps.values()) < 1e-10, gaps)
moved = largest_difference(G, ensemble.single_nets(make_generator, make_discriminator, 3)[0].double())
claim("and they have moved a long way", moved > 0.05, measured=moved)

# %% [markdown]
# The two programs compute the same numbers in another order, so the last digit is sometimes rounded differently. In
# double precision such a difference starts near $10^{-16}$ and has little time to grow.
#
# PyTorch has such an average of its own: `torch.optim.swa_utils.AveragedModel`, with
# `multi_avg_fn=get_ema_multi_avg_fn(0.99)`. It begins as a copy of the weights and has no bias correction.

# %% [markdown]
# ## 2. What pairing is, on paper
#
# Two exact statements. Take $K$ places with shares $p_i$ of the real and $q_i$ of the generated points, all of them
# positive. The paired loss is
#
# $$L_D(\ell) = \sum_{ij} p_i q_j \,\text{softplus}(\ell_j - \ell_i).$$
#
# **The best logits** are $\ell_i = \log(p_i / q_i)$, plus any constant. To see this, look at two places $i \ne j$. They
# appear in two terms, $p_i q_j\,\text{softplus}(\ell_j - \ell_i) + p_j q_i\,\text{softplus}(\ell_i - \ell_j)$. By
# chapter 32 (the best answer is $a/(a+b)$) their sum is least if $\ell_i - \ell_j = \log \frac{p_i q_j}{p_j q_i}$. The
# logits $\log(p/q)$ fulfil that for all pairs at once.
#
# **The least loss** is $\ln 2 - \mathrm{JSD}(p \otimes q,\, q \otimes p)$. Here $p \otimes q$ is the distribution of
# the pair (real, generated), and $q \otimes p$ that of the swapped pair. So $D$ answers the question "which of the two
# is the real one?".
#
# **Predict, and say why:** what is the loss of a discriminator that knows nothing: 0, $\ln 2$ or $2 \ln 2$?

# %%
device.seed_everything(0)
p, q = torch.rand(2, 6, dtype=torch.float64).softmax(dim=1)
pairs, swapped = p[:, None] * q, q[:, None] * p
middle = (pairs + swapped) / 2
jsd = ((pairs * (pairs / middle).log()).sum() + (swapped * (swapped / middle).log()).sum()) / 2


def paired_loss(logits):
    return (pairs * F.softplus(logits[None, :] - logits[:, None])).sum()


best = (p / q).log()
others = [paired_loss(best + torch.randn(6) * size) for size in (0.01, 0.1, 1.0) for _ in range(100)]
identity("the least loss is ln 2 - JSD of the pairs", paired_loss(best).isclose(math.log(2) - jsd))
identity("300 other logits are all worse", min(others) > paired_loss(best))
identity("a constant on top changes nothing", paired_loss(best + 7).isclose(paired_loss(best)))
identity("a D that knows nothing has the loss ln 2", abs(paired_loss(0 * p).item() - math.log(2)) < 1e-9)

# %% [markdown]
# It is $\ln 2$, and not $2 \ln 2$ as in chapter 41: there $D$ answers two questions per pair, here one.
#
# At its best the paired discriminator knows *the same* as the usual one, $\log(p/q)$, up to a constant. It follows that
# the last bias of $D$ has no use. In our trained pair it has hardly moved, and only by rounding:

# %%
start = ensemble.single_nets(make_generator, make_discriminator, 3)[1][-1].bias
identity("the last bias is where it began", (D[-1].bias - start).abs().max() < 0.01, measured=D[-1].bias - start)
x = ring.sample(64, 0).double()
difference = F.softplus(D(G(x)) - D(x)).mean()  # any points will do
(gradient,) = torch.autograd.grad(difference, D[-1].bias)
identity("its gradient is 0", gradient.abs().max() < 1e-12, measured=gradient)

# %% [markdown]
# What is pairing good for, then? Away from the optimum the landscapes of the two losses differ.
# [Sun, Fang and Schwing 2020](https://arxiv.org/abs/2011.04926) prove a statement about the loss on a finite set of
# points: separate losses have many bad basins, which look like mode collapse, and the paired loss has none. That is a
# statement about the shape of a landscape. It doesn't say how fast training crosses it.
#
# Pairing is no cure for running in circles either. On the Dirac-GAN of
# [chapter 33](33_dynamics.ipynb) the paired game *is* the non-saturating game. That is why the
# recipe has penalties as well.

# %% [markdown]
# ## 3. γ: a factor of two, a unit, and a condition
#
# **A factor of two.** In the paper on R1 the penalty is $\frac\gamma2 E\|\nabla D\|^2$, and ours is the same. The code
# published with it ([GAN_stability](https://github.com/LMescheder/GAN_stability), `gan_training/train.py`) computes
# `self.reg_param * compute_grad2(d_real, x_real).mean()`, without the half. So its `reg_param = 10` is $\gamma = 20$.
# Before you copy a γ, look for the ½.

# %%
x = ring.sample(64, 0).double().requires_grad_()
logits = D(x)[:, 0]
ours = objectives.zero_centered(logits, x, weight=20.0)
theirs = 10.0 * slope(logits, x)
identity("10 without the half is γ = 20 with it", ours.isclose(theirs))

# %% [markdown]
# **A unit.** $\nabla D$ is "logit per length". Measure the same data in a unit that is eight times smaller. All numbers
# get eight times larger, all slopes eight times smaller, and the penalty 64 times smaller. To play the same game you
# need
#
# $$\gamma' = c^2 \gamma \qquad \text{when the data are multiplied by } c.$$
#
# We check it in training. Two fixed layers translate, so that inside, the networks see the same numbers as before.
#
# **Predict, and say why:** which of two runs on the larger data ends with the weights of the original: the one with the
# old γ, or the one with 64 γ?


# %%
class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


def weights_after(unit, gamma, steps=100):
    G, D = (net.double() for net in ensemble.single_nets(make_generator, make_discriminator, 3))
    penalties = {"r1": gamma, "r2": gamma}
    pair = nn.Sequential(*G, Times(unit)), nn.Sequential(Times(1 / unit), *D)
    gan = training.GAN(*pair, loss="relativistic", penalties=penalties, **adam, seed=3, device="cpu")
    training.run(gan, data.toy.ring(radius=2.0 * unit, std=0.1 * unit), steps, progress=False)
    return G


# %%
original = weights_after(unit=1, gamma=0.1)
gap = {gamma: largest_difference(original, weights_after(8, gamma)) for gamma in (0.1, 6.4)}
identity("data times 8, γ times 64: the same weights, to 10 digits", gap[6.4] < 1e-10, measured=gap)
claim("data times 8 and the old γ: another game", gap[0.1] > 1e-3, measured=gap)

# %% [markdown]
# So "γ = 10" means nothing without the scale of the data. For toy data it helps to divide by their root mean square.
# (The networks and the optimiser have a scale of their own, too. That is why the two translating layers were needed.)
#
# Scale isn't all, either. R3GAN's ready-made settings begin with γ = 0.05 for CIFAR-10 (32 × 32 pixels) and with 150
# for faces of 256 × 256 pixels, 3,000 times as much. The number of pixels explains a factor of 64: the same slope,
# spread over 64 times as many pixels, has a 64th of the square. The other 50 belong to the data set and the networks.
#
# **A condition.** We take the gradient of the *sum* of all logits and read off each point's own slope. That works if
# the logit of one point depends on that point alone. **Batch normalisation** breaks it, because every point enters the
# mean.


# %% jupyter={"source_hidden": true}
def own_slopes(D, x):
    """‖∇ of logit i by point i‖, one by one, beside what the gradient of the sum gives."""
    x = x.clone().requires_grad_()
    logits = D(x)[:, 0]
    (of_sum,) = torch.autograd.grad(logits.sum(), x, retain_graph=True)
    each = [torch.autograd.grad(logit, x, retain_graph=True)[0] for logit in logits]
    own = torch.stack([gradient[i] for i, gradient in enumerate(each)])
    foreign = max(g[torch.arange(len(x)) != i].abs().max().item() for i, g in enumerate(each))
    return (of_sum - own).norm() / own.norm(), foreign


# %%
device.seed_everything(0)
x = ring.sample(32, 0)
without, with_norm = (nets.mlp([2, 32, 32, 1], batch_norm=norm) for norm in (False, True))
identity(
    "without: no other point matters, and the sum's gradient is each point's own", max(own_slopes(without, x)) < 1e-6
)
error, foreign = own_slopes(with_norm, x)
claim("with batch norm: off by more than half, since other points matter", error > 0.5 and foreign > 0, measured=error)

# %% [markdown]
# With batch norm the program still *runs*, but it computes another penalty than R1. Huang et al. leave all
# normalisation out of the discriminator, and so do we. (Layer norm and instance norm work on each sample alone, so they
# would not break R1. The generator may keep its batch norm as far as R1 and R2 are concerned.)

# %% [markdown]
# ## 4. What each ingredient does, and at which γ
#
# Now we take the recipe apart (an **ablation**), on purpose in a rough climate: the learning rate 0.01 of chapter 23,
# at which a plain GAN keeps losing the ring. A mode is *held* when it gets more than a quarter of its due points, and
# a look is *complete* when all eight are held. We look every 50 steps from step 500 to 800, with eight seeds. (Adam
# has the rate
# 0.01 and β = (0.5, 0.999) in sections 4 and 5. In sections 1 to 3 it had 0.002 and (0, 0.99).)
#
# The penalties need a γ. One value for all of them would be unfair: what is good for R1 alone need not be good for R1
# and R2 together, which also weigh twice as much. So every penalty is tried at three strengths.
#
# **Predict, and say why:** which single ingredient does most? And what becomes of the order when γ is ten times larger?

# %%
penalties = {
    "R1": lambda γ: {"penalties": {"r1": γ}},
    "R2": lambda γ: {"penalties": {"r2": γ}},
    "R1 + R2": lambda γ: {"penalties": {"r1": γ, "r2": γ}},
    "pairing + R1 + R2": lambda γ: {"penalties": {"r1": γ, "r2": γ}, "loss": "relativistic"},
}
rough = {"lr": 1e-2, "betas": (0.5, 0.999)}  # the settings of this section, and of the next


def modes_held(samples):
    counts = metrics.mode_coverage(samples, ring).counts
    return (counts / samples.shape[-2] > ring.mode_weights / 4).sum(dim=-1)


def complete(steps=800, film=None, **settings):
    """At steps 500, 550, …: are all eight modes held? (looks, 8 seeds) A list `film` gets G's weights of each step."""
    gans = ensemble.gans(make_generator, make_discriminator, seeds=8, **rough, **settings)
    looks = []
    for step in training.train(gans, ring, steps, progress=False):
        if film is not None:
            film.append([weight.detach().clone() for weight in gans.generator.parameters()])
        if step.number >= 500 and step.number % 50 == 0:
            looks.append(modes_held(gans.sample(400)) == 8)
    return torch.stack(looks).float()


# %%
gammas = (0.03, 0.1, 1.0)
films = {"plain": [], "the recipe": []}  # for section 5
twice = {"plain": complete(1600, films["plain"])}  # we shall need a longer run, too
twice["pairing"] = complete(1600, loss="relativistic")
without = {name: looks[:7] for name, looks in twice.items()}  # steps 500 to 800

# %%
whole = {(name, 0.03): complete(**make(0.03)) for name, make in penalties.items()}

# %%
for name, make in penalties.items():
    film = films["the recipe"] if name == "pairing + R1 + R2" else None
    whole[name, 0.1] = complete(film=film, **make(0.1))

# %%
twice["recipe"] = complete(1600, **penalties["pairing + R1 + R2"](1.0))
twice["R2"] = complete(1600, **penalties["R2"](1.0))
whole |= {(name, 1.0): complete(**penalties[name](1.0)) for name in ("R1", "R1 + R2")}
whole |= {("pairing + R1 + R2", 1.0): twice["recipe"][:7], ("R2", 1.0): twice["R2"][:7]}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.6))
for i, name in enumerate(penalties):
    ax.plot(gammas, [100 * whole[name, γ].mean() for γ in gammas], marker="os^D"[i], label=name)
for (name, share), style in zip(without.items(), ("--", ":"), strict=True):
    ax.axhline(100 * share.mean(), color="0.4", linestyle=style, label=name)
ax.set(xscale="log", xlabel="γ", ylabel="looks with all eight modes (%)", ylim=(0, 104))
ax.set_xticks(gammas, [f"{γ:g}" for γ in gammas])
ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
share = {key: value.mean().item() for key, value in whole.items()}
plain, pairing = (without[name].mean().item() for name in ("plain", "pairing"))
with_r2 = [share[name, γ] for name in penalties if "R2" in name for γ in (0.03, 0.1)]
claim(
    "γ = 0.03 and 0.1: with R2, a larger share of looks is complete than in the plain GAN", min(with_r2) > plain, share
)
for γ in (0.03, 0.1):
    claim(f"γ = {γ}: and larger than with R1 alone", share["R2", γ] > share["R1", γ], measured=share)
r2 = (share["R2", 0.03] + share["R2", 0.1]) / 2
claim("R2 at these two γ: on average larger than with pairing alone", r2 > pairing, measured=[share, pairing])
added = [share["pairing + R1 + R2", γ] - share["R1 + R2", γ] for γ in (0.03, 0.1)]
claim("pairing on top of R1 + R2 adds less than 15 points", max(added) < 0.15, measured=share)
weaker = [share[name, 1.0] < share[name, 0.1] - 0.1 for name in penalties if "R2" in name]
claim("γ = 1: everything with R2 has lost more than a tenth of the looks again", all(weaker), measured=share)
recipe_best = max(share["pairing + R1 + R2", γ] for γ in gammas)
claim("pairing + R1 + R2 at its best γ: above 80 %", recipe_best > 0.8, measured=share)
at_one = share["pairing + R1 + R2", 1.0]
claim("pairing + R1 + R2 at γ = 1: no better than plain (to 15 points)", at_one < plain + 0.15, [at_one, plain])

# %% [markdown]
# Of the single ingredients, **R2 does most** on this ring, at γ = 0.03 and at 0.1. Our reading is that R2 flattens $D$
# where the *fakes* are, and these are the points that get thrown about. R1 alone asks for nothing at a fake that stands
# outside the data. Pairing on top of R1 + R2 adds less than 15 points: here it took 2 to 5 away. (With eight other
# seeds it took 23 away at γ = 0.03.)
#
# But look at the right end. At γ = 1 the gain is gone, and all three ingredients together (the average is still
# missing) are no better than a plain GAN. Are they useless there, or only slow? One length of run can't tell.
#
# **Predict, and say why:** we let both train twice as long, and look from step 1,300 to 1,600. Which is complete more
# often now? (Beside them: pairing alone, and R2 alone with γ = 1.)

# %% tags=["nbval-ignore-output"]
late = {name: looks[16:].mean().item() for name, looks in twice.items()}
print("steps   500 –   800: " + ", ".join(f"{name} {looks[:7].mean():.0%}" for name, looks in twice.items()))
print("steps 1,300 – 1,600: " + ", ".join(f"{name} {value:.0%}" for name, value in late.items()))

# %%
claim(
    "γ = 1, twice as long: complete more often than plain, by over 10 points",
    late["recipe"] > late["plain"] + 0.1,
    late,
)
claim("R2 alone does as well as the recipe (to 15 points)", late["R2"] > late["recipe"] - 0.15, late)

# %% [markdown]
# They were slow. With twice the steps the order has turned round. R2 alone does as well as the whole recipe. But part
# of the turn is the plain GAN, which got worse here. (Pairing alone stayed level and is well ahead of it. That is no
# rule: with two other groups of eight seeds it was at 34 and 43 %, and plain at 38 and 66 %. The recipe, at 70 and
# 80 %, was ahead in both.) So "R2 helps" and "the recipe works" are sentences about a γ *and* a length of run. With one
# γ per ingredient and one length, chosen by hand, this section could have shown the opposite as well.
#
# What about the paper's own table? It is about another game, stacked digits with 1,000 modes and a small **residual**
# network (each block adds its result to its input). Huang et al. (Table 1) report
#
# | loss | modes | KL |
# |---|---|---|
# | pairing + R1 + R2 | 1000 | 0.078 |
# | GAN + R1 + R2 | 693 | 0.927 |
# | pairing + R1, GAN + R1 | fail | fail |
#
# There, pairing makes the difference between the first two rows. Perhaps a ring of eight modes is too easy to show
# that. What an ingredient buys depends on what was missing. [Chapter 37](37_reading_tables.ipynb) is about reading such
# tables.

# %% [markdown]
# ## 5. An average, and its memory
#
# The last ingredient. With decay $\beta$ an old weight has lost half of its influence after $h$ steps, the
# **half-life**:
#
# $$\beta^h = \tfrac12, \qquad h = \frac{\ln 2}{-\ln \beta}, \qquad \beta = 2^{-1/h}.$$


# %%
def half_life(beta):
    return math.log(2) / -math.log(beta)


def decay(half_life):
    return 0.5 ** (1 / half_life)


identity("β = 0.99: 69 steps; β = 0.999: 693 steps", round(half_life(0.99)) == 69 and round(half_life(0.999)) == 693)
identity("and back", abs(decay(half_life(0.99)) - 0.99) < 1e-12)
left = math.prod(1 - (1 - 0.999) / (1 - 0.999**t) for t in range(1, 801))
identity("with the correction of section 1, nothing of the untrained net is left", left == 0, measured=left)
early = (0.999**400 - 0.999**800) / (1 - 0.999**800)
identity("after 800 steps with β = 0.999, the first half of the run has 40 % of the weight", abs(early - 0.40) < 0.01)

# %% [markdown]
# So the correction removes the *untrained* network, and only that. A memory that is long compared with the run still
# averages in much of its youth.
#
# An average changes nothing in the game. So we can hang several on one and the same run, by `average_step`, and compare
# them fairly: half-lives of 8, 40, 200 and 1,000 steps. We needn't even train again: of two runs of section 4, the
# plain GAN and the recipe with γ = 0.1, we have kept the weights of every step. We look from step 500 to 800, as
# before. The plain GAN went on, and we look again from step 1,300 to 1,600. Beside the modes held we measure *high
# quality*, the share of points within three standard deviations of a mode.
#
# **Predict, and say why:** which half-life is best for the modes, which for the quality? And is a memory of 200 steps
# better in the longer run, where hardly any early weights are left in it?


# %%
@torch.no_grad()
def with_averages(film, half_lives=(8, 40, 200, 1000)):
    """Modes held and high quality at steps 500, 550, …, for the weights themselves (0) and for each half-life."""
    G = ensemble.gans(make_generator, make_discriminator, seeds=8).generator
    averages = {h: copy.deepcopy(G) for h in half_lives}
    looks = {h: [] for h in (0, *half_lives)}
    for step, weights in enumerate(film, 1):
        for mine, kept in zip(G.parameters(), weights, strict=True):
            mine.copy_(kept)
        for h, average in averages.items():
            average_step(average, G, step, decay(h))
        if step >= 500 and step % 50 == 0:
            z = torch.randn(8, 400, 2, generator=device.generator(step)).to(kept.device)
            for h, net in {0: G, **averages}.items():
                x = net(z).cpu()
                looks[h].append(torch.stack([modes_held(x), metrics.mode_coverage(x, ring).high_quality]))
    return {h: torch.stack(each).mean(dim=2) for h, each in looks.items()}  # (looks, 2)


long_run = with_averages(films["plain"])

# %%
memories = {
    "plain": {h: each[:7].mean(dim=0).tolist() for h, each in long_run.items()},
    "plain, later": {h: each[16:].mean(dim=0).tolist() for h, each in long_run.items()},
}
recipe_run = with_averages(films["the recipe"])
memories["the recipe"] = {h: each.mean(dim=0).tolist() for h, each in recipe_run.items()}

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(8.4, 3.3))
for ax, which, label in zip(axes, (0, 1), ("modes held (of 8)", "high quality"), strict=True):
    for (name, each), style in zip(memories.items(), ("o--", "^:", "s-"), strict=True):
        ax.plot(range(5), [pair[which] for pair in each.values()], style, color=plotting.FAKE, label=name)
    ax.set_xticks(range(5), ["none", "8", "40", "200", "1,000"])
    ax.set(xlabel="half-life of the average (steps)", ylabel=label)
axes[1].legend(loc="lower left")
plt.show()

# %%
short = min(memories["plain"][h][1] for h in (8, 40))
none, long = memories["plain"][0], memories["plain"][1000]
claim("plain: short averages (8 and 40 steps) don't lower the quality (by 0.02)", short > none[1] - 0.02, memories)
claim("a memory longer than the run (1,000 steps) lowers it by more than 0.1", long[1] < none[1] - 0.1, memories)
claim("and holds fewer modes than a short one, by more than 0.5", long[0] < memories["plain"][40][0] - 0.5, memories)
loss = {name: each[40][1] - each[1000][1] for name, each in memories.items()}
claim("the recipe, too, has a lower quality with 1,000 steps than with 40", loss["the recipe"] > 0, measured=memories)

# %%
longer, beta = memories["plain, later"], decay(200)
youth = (beta**800 - beta**1300) / (1 - beta**1300)
identity("half-life 200: at step 1,300 the first 500 steps have 5 % of the weight", abs(youth - 0.05) < 0.005)
claim(
    "and yet 200 steps give less quality there than 8, by more than 0.03", longer[200][1] < longer[8][1] - 0.03, longer
)
claim("8 steps raise it, in all three curves", all(each[8][1] > each[0][1] for each in memories.values()), memories)

# %% [markdown]
# A very short memory (8 steps) is good in both games, and one of 40 does little harm. It smooths what the generator
# does from step to step. A long memory lowers the quality in both games. Is it because early weights are still in it?
# Then a longer run should heal it. For the plain GAN it doesn't: 8 steps stay better than 200. (Than no average at all,
# 200 are worse here, and equally good with one other set of seeds.) Our reading: the plain GAN never stops moving, and
# a memory that is long compared with this *movement* smears it. (We ran the recipe for 800 steps only. There early
# weights may be the reason.)
#
# So it isn't "averaging" that helps or hurts, and a number from a paper belongs to a paper's run. An average costs next
# to nothing. Hang several half-lives on one run, compare them with the weights themselves, and keep the best. In
# chapter 41 a half-life of 34 steps in a run of 600 made nearly all seeds better.

# %% [markdown]
# ## 6. What the published code has besides
#
# The four ingredients are the *idea*. Whoever runs the twenty lines on ten thousand photographs will not get R3GAN. Its
# published code ([`train.py`](https://github.com/brownvc/R3GAN/blob/main/train.py)) has ready-made settings,
# **presets**, for each data set. Here are two of them; every value changes along half a cosine from the first number to
# the second:
#
# | | CIFAR-10, over 20 million images | FFHQ 256 × 256, over 20 million |
# |---|---|---|
# | γ | 0.05 → 0.005 | 150 → 15 |
# | learning rate | 2e-4 → 5e-5 | 2e-4 → 5e-5 |
# | Adam's β₂ (β₁ = 0) | 0.9 → 0.99 | 0.9 → 0.99 |
# | half-life of the average, images | 0 → 5,000,000 | 0 → 500,000 |
# | probability of augmentation | 0 → 0.55 | 0 → 0.3 |
#
# The average starts with no memory at all and gets a longer one as training goes on. For CIFAR-10, at the end of this
# schedule, after 20 million images, its half-life is 5 million images: a quarter of the whole. The learning rate has
# fallen to a quarter by then, too, and weights move less. **Augmentation** means that $D$ sees real and generated
# pictures only after random changes, such as shifts or changes of colour. Then it can't learn the training pictures by
# heart, which it would otherwise do on small data sets.
#
# And there is the network, with residual blocks and many more parameters. In the paper's series of steps from StyleGAN2
# to R3GAN (faces at 256 × 256, Fréchet distance after 5 million images) pairing and R2 take 12.46 to 11.65. The new
# networks take it on to 7.05.

# %% [markdown]
# ## What all this does not show
#
# - **That the recipe is best.** On the ring it is good at a small γ, and slow at γ = 1. Its fame rests on long runs
#   with modern residual networks, on faces and ImageNet.
# - **That pairing is useless.** On top of R1 + R2 we saw no gain here. Alone, in the longer run, it was ahead of the
#   plain GAN with some seeds, and not with others.
# - **That our γ fits your data.** It has a unit (section 3). Try three values, ten times apart.
# - **Anything about pictures.** All of this chapter was trained in the plane.

# %% [markdown]
# ## Help, I get …
#
# ### `RuntimeError: element 0 of tensors does not require grad`
# Or `One of the differentiated Tensors does not require grad`. In R1, the real batch needs `requires_grad_()` *before*
# it goes through `D`. In R2, detach the fakes first, then `requires_grad_()`.
#
# ### The penalty has no effect on `D`
# `create_graph=True` is missing in `autograd.grad`. The slope is then a constant. (In `recipe_step` you would get
# `Trying to backward through the graph a second time` instead.)
#
# ### With γ from a paper, `D` stays flat and nothing is learned
# Look for the ½, and at the scale of the data (section 3). Print the penalty beside the loss. If it is ten times
# larger, γ is probably too large.
#
# ### The generator is fine for a while, then collapses
# γ may be too small for this learning rate. Halve the rate before you change anything else, and look at several seeds.
#
# ### The averaged generator is blurred, or worse than the weights themselves
# The half-life is too long: the generator moves a lot within it (section 5). Sample from the weights themselves and
# compare.

# %% [markdown]
# ## Recap
#
# - The recipe is twenty lines: compare pairs, flatten $D$ at real *and* generated points, no normalisation in $D$,
#   sample from an average.
# - At its best, the paired discriminator knows $\log(p/q)$ up to a constant. Its least loss is $\ln 2$ minus the JSD of
#   the two orders of a pair.
# - γ has a factor of two and a unit: data times $c$, γ times $c^2$. Batch norm in $D$ turns R1 into another penalty.
# - On our ring R2 did most of the single ingredients, at γ = 0.03 and 0.1 within 800 steps. At γ = 1 the recipe needed
#   twice as long, and so did R2 alone.
# - How long an average may remember depends on how fast the generator still moves. Compare several on one run. The
#   published code has schedules and augmentation besides.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Somebody found that "R1 + R2 doesn't help". What do you ask?</summary>
#
# At which γ, on data of which scale, and after how many steps? On our ring the whole recipe with γ = 1, and R2
# alone, looked useless after 800 steps and were ahead of the plain GAN after 1,600 (which had got worse meanwhile).
#
# </details>
#
# <details><summary>You change pixels from [0, 1] to [−1, 1]. What becomes of γ = 10?</summary>
#
# The data are stretched by $c = 2$, and slopes halve. So $\gamma = 40$ gives the old penalty to the same landscape.
# (The networks see other numbers, so it is not quite the same game.)
#
# </details>
#
# <details><summary>Where does R1 alone leave $D$ free to be steep?</summary>
#
# Wherever no real points are. Early on all fakes stand there. That this is why R2 did more on the ring is our reading;
# we haven't measured $D$'s slope at the fakes.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Huang et al. 2024, *The GAN is dead; long live the GAN!*](https://arxiv.org/abs/2501.05441): the recipe, its local
#   convergence, and R3GAN; Tables 1 and 3 are the stacked digits.
# - [Jolicoeur-Martineau 2018](https://arxiv.org/abs/1807.00734), *The relativistic discriminator*: where the idea of
#   comparing real with generated points comes from, with several variants.
# - [Sun, Fang and Schwing 2020](https://arxiv.org/abs/2011.04926), *Towards a Better Global Loss Landscape of GANs*:
#   why pairing may help against mode collapse.
# - [Mescheder, Geiger and Nowozin 2018](https://arxiv.org/abs/1801.04406): R1 and R2, on the Dirac-GAN and on images.
# - [Karras et al. 2020, *Training GANs with limited data*](https://arxiv.org/abs/2006.06676): augmentation of what the
#   discriminator sees, and how strong it should be.

# %% [markdown]
# ## Key terms
#
# {{terms: relativistic pairing; R1, R2; ablation; bias correction; half-life; augmentation (of what D sees)}}
