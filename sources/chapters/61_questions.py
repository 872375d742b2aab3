# %% [markdown]
# # 61 · Frequently asked questions
#
# *Nearly everybody who trains a GAN asks the same questions. Here are 46, each with an answer in one sentence, the
# reason in a few, and the place in the course that shows it.*
#
# > **You will be able to**
# > - find the answer to a question by its theme, or by `gan-edu ask`
# > - read the two losses together: what they tell, and what they can't
# > - look at black, grey or equal pictures with one small instrument, and know what it can't see
# > - answer a question of your own by a small experiment with a control
# >
# > **Before you start** Nothing. This is a page to look things up in. Helpful, not needed: [41 · An MLP
# > GAN](41_mlp_gan.ipynb) has the words (loss, logit, batch) and the training step.
# >
# > **Minutes** {{read_minutes}} to read all of it, one for an answer · {{run_time}} to run on two CPU cores · GPU:
# > none needed

# %% [markdown]
# ## The idea in a picture
#
# Most questions begin with two numbers, the **losses** of the discriminator D and the generator G. Here is the map of
# all pairs that they can have. Find your place on it; there are no borders between the regions.

# %% jupyter={"source_hidden": true}
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, models, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first
ring = data.toy.ring()  # eight clouds on a circle of radius 2

# %% jupyter={"source_hidden": true}
TWO_LN_2 = 2 * math.log(2)
_, ax = plt.subplots(figsize=(6.8, 4.4))
ax.fill_between([0, TWO_LN_2], [TWO_LN_2, 0], color="#D9D9D9", linewidth=0)
ax.text(0.05, 0.5, "impossible with\nright losses:\nlook at the labels", va="center", fontsize=9)
for x, y, text, color in (
    (0.05, 3.4, "D is sure. Do G's\nweights move at all?", plotting.FAKE),
    (0.75, 1.7, "D is ahead. Usual, and\nno sign of quality", plotting.DISC),
    (1.62, 0.85, "balance, or a D that sees\nnothing: the losses can't\ntell which", plotting.REAL),
    (
        1.95,
        2.6,
        "D is wrong about points that\nit should know: steps too\nlarge, or gradients pile up",
        plotting.NEUTRAL[0],
    ),
):
    ax.text(x, y, text, color=color, va="center", fontsize=9)
ax.plot(TWO_LN_2, math.log(2), "o", color=plotting.REAL, markersize=9)
ax.set(xlim=(0, 3.2), ylim=(0, 4), xlabel="loss of D, both halves added", ylabel="loss of G, −log D")
plt.show()

# %% [markdown]
# The blue dot is $(2 \ln 2, \ln 2) \approx (1.386, 0.693)$: D says ½ to everything. The grey corner can't be reached,
# because for a generated point with logit $\ell$ D pays $\ln(1 + e^{\ell})$, G pays $\ln(1 + e^{-\ell})$, and that is
# together at least $2 \ln 2$. (This holds if D's loss is the *sum* of its halves, and both losses see the same D and
# the same points. [Chapter 60](60_museum_of_failures.ipynb#3.-In-training) has the museum of what can be wrong.)

# %%
logits = torch.linspace(-20, 20, 4001, dtype=torch.double)
both = F.softplus(logits) + F.softplus(-logits)
identity("no logit brings the sum below 2 ln 2, and logit 0 is there", abs(both.min() - TWO_LN_2) < 1e-12)

# %% [markdown]
# The questions, by theme. In a terminal, `gan-edu ask "loss is zero"` finds them and all else, in English or
# Chinese.
#
# | theme | questions about |
# |---|---|
# | [1. The game](#1.-The-game) | losses at zero, rising losses, swings, who should be stronger |
# | [2. Settings](#2.-Settings) | which loss, rates, labels of 0.9, batch norm, tanh, NaN, noise, time, GPU |
# | [3. The pictures](#3.-The-pictures) | black, all the same, checkerboards, far from real |
# | [4. Kinds of data](#4.-Kinds-of-data) | pictures, many dimensions, series, text, several answers |
# | [5. Your data](#5.-Your-data) | how many, how diverse, rare classes, holes, privacy, selling |
# | [6. Measuring and using](#6.-Measuring-and-using) | is it good, is it a copy, my own folder, a chosen class |
# | [7. GANs, VAEs, diffusion](#7.-GANs,-VAEs,-diffusion) | which one, pros and cons, what is coming |
# | [8. Cause and effect](#8.-Cause-and-effect) | how they differ, how they are linked |
#
# An answer is as of 30 November 2026. What the world did after 2014 has its source and date beside it.

# %% [markdown]
# ## 1. The game
#
# ### The discriminator's loss goes to zero. Is that good?
#
# *Also asked as:* loss is zero; D loss 0; loss_D = 0.0000; discriminator too strong; discriminator
# accuracy 100%; 判别器损失为零; 判别器损失为0; 判别器太强
#
# **No: there is a difference that D can see, or D knows a few training points by heart. The difference may be large,
# or tiny and everywhere.** With perfect samples the best D can only guess, and pays $2 \ln 2$ on new points. Beside a
# sure D the generator of [chapter
# 42](42_convolutional_gan.ipynb#10.-An-MLP-against-a-convolutional-discriminator) was only slow. First ask whether
# G's weights change at all: a `.detach()` too many, a wrong range of the data and a loss that G doesn't occur in look
# the same. Only then slow D down, or flatten it with R1.
#
# *Read on:* [three ways to a loss near 0](60_museum_of_failures.ipynb#3.-In-training), [the
# reason](32_optimal_discriminator.ipynb#2.-What-the-game-is-worth).


# %% jupyter={"source_hidden": true}
def best_pays(away, width):
    """The best D's loss: real points around 0, generated ones around `away`, both bell curves of this width."""
    x = torch.linspace(-15 * width, away + 15 * width, 40_001, dtype=torch.double)
    log_p, log_q = (-((x - at) / width).square() / 2 - math.log(width * math.sqrt(2 * math.pi)) for at in (0, away))
    best = log_p - log_q  # the logit of the best D
    return torch.trapezoid(log_p.exp() * F.softplus(-best) + log_q.exp() * F.softplus(best), x).item()


# %% jupyter={"source_hidden": true}
paid = [best_pays(away, width=1) for away in (0, 0.5, 1, 2, 4)]
for away, loss in zip((0, 0.5, 1, 2, 4), paid, strict=True):
    print(f"width 1, generated points {away} away: the best D pays {loss:.3f}")
thin = best_pays(0.1, width=0.01)
print(f"width 0.01, only 0.1 away:              the best D pays {thin:.3f}")
identity("at the same place 2 ln 2, to 6 digits", abs(paid[0] - TWO_LN_2) < 1e-6)
identity("the farther away, counted in widths, the less", [*paid, thin] == sorted([*paid, thin], reverse=True))

# %% [markdown]
# So the loss tells how far the clouds *overlap*. A D for digits against the same digits times 0.97 is sure, too.

# %% [markdown]
# ### The generator's loss rises. Is training failing?
#
# *Also asked as:* G loss increases; generator loss keeps going up; loss of G goes up; 生成器损失上升;
# 生成器损失越来越大
#
# **Not by that alone: G's loss is measured by D, and it can rise because D gets better, even if no sample has
# changed.**
#
# **Predict, and say why:** we freeze eight untrained generators and train only their discriminators. What does G's
# loss do?

# %% jupyter={"source_hidden": true}
gans = ensemble.gans(lambda: nets.mlp([2, 32, 2]), lambda: nets.mlp([2, 32, 32, 1]), seeds=8)
G, D, noise = gans.nets["generator"], gans.nets["discriminator"], gans.noise(256)
adam, told, stream = torch.optim.Adam(D.parameters(), lr=2e-3), [], torch.Generator().manual_seed(0)
frozen = G(noise).detach()
for _ in range(200):
    real = ring.sample(8 * 256, stream).view(8, 256, 2)
    on_real, on_fake = D(real), D(frozen)
    adam.zero_grad()
    (F.softplus(-on_real) + F.softplus(on_fake)).mean(dim=(1, 2)).sum().backward()
    adam.step()
    told.append(F.softplus(-on_fake).mean(dim=(1, 2)).detach())  # what G's loss would be
# %%
identity("no generated point has moved", frozen.equal(G(noise)))
claim("yet G's loss more than doubles, in all eight", (told[-1] > 2 * told[0]).all(), measured=(told[0], told[-1]))

# %% [markdown]
# So a rise is no proof of harm, and a fall none of progress. Look at samples from *fixed* noise, and at a measure
# that doesn't move with the game.
#
# *Read on:* [what to log](46_test_a_gan.ipynb#5.-While-it-runs:-what-to-log), [points that get nearer while D's loss
# rises](21_the_adversarial_game.ipynb#7.-What-equilibrium-looks-like).

# %% [markdown]
# ### Why do the losses not tell how good the samples are?
#
# *Also asked as:* loss doesn't correlate with quality; does lower loss mean better images?; loss stuck at 0.693;
# loss does not change; loss is negative; 损失不能反映生成质量; 损失很小但是效果差; 损失不变; 损失是负数
#
# **Because the ruler is one of the players: a loss says how well *this* D tells, and not how far the samples are from
# the data.** A D that sees nothing shows the same $2 \ln 2$ as one that has met its match. In [chapter
# 21](21_the_adversarial_game.ipynb#8.-Perfect-losses,-blind-judges) two handicapped games reach perfect losses, with
# samples three times as far from the data as those of a fair game; in [chapter
# 41](41_mlp_gan.ipynb#7.-Two-runs-with-perfect-losses) it happens with digits. A fresh discriminator, trained while G
# stands still, tells more ([chapter 23](23_mode_collapse.ipynb#4.-What-do-the-losses-know?)). The loss of a
# Wasserstein critic comes nearer to a distance, with [conditions](34_wasserstein.ipynb#8.-May-one-read-the-loss?).
# (Wasserstein losses may be negative.)

# %% [markdown]
# ### Why is GAN training unstable, and why does it swing?
#
# *Also asked as:* losses oscillate; loss goes up and down; training does not converge; unstable training;
# 训练不稳定; 损失震荡; 损失上下波动; 不收敛
#
# **Because nobody goes downhill on one landscape: each player changes the other's, and two plain gradients together
# can turn in circles.** The smallest GAN shows it: one real point, at 0, one generated point θ, and a D that is a line
# with slope ψ, with the minimax loss. We start at distance √2 and take 1,000 steps of 0.1: at once or in turns, without
# R1 (a penalty on D's slope at real points) or with it, at the weight γ = 0.3.


# %% jupyter={"source_hidden": true}
def play(turns, gamma, steps=1000, size=0.1):
    theta, psi, away = 1.0, 1.0, []
    for _ in range(steps):
        said = 1 / (1 + math.exp(-theta * psi))  # D at the generated point
        old = psi
        psi -= size * (theta * said + gamma * psi)  # D's loss, and γ/2 ψ² for R1
        slope = psi if turns else old
        theta += size * slope / (1 + math.exp(-theta * slope))  # minimax: θ goes where D says “real”
        away.append(math.hypot(theta, psi))
    return away


# %% jupyter={"source_hidden": true}
games = {(turns, gamma): play(turns, gamma) for turns in (False, True) for gamma in (0.0, 0.3)}
_, ax = plt.subplots(figsize=(6.8, 3.4))
for (turns, gamma), away in games.items():
    name = f"{'in turns' if turns else 'at once'}, {'R1 with γ = 0.3' if gamma else 'plain'}"
    ax.plot(away, label=name, color=plotting.DISC if gamma else plotting.FAKE, linestyle="-" if turns else ":")
ax.set(yscale="log", ylim=(1e-8, 30), xlabel="steps", ylabel="distance from the solution")
ax.legend(loc="lower left")
plt.show()

# %%
end = {name: max(away[-100:]) for name, away in games.items()}
identity(
    "at once, plain: farther out than it began, by half or more", end[False, 0.0] > 1.5 * math.sqrt(2), measured=end
)
identity("in turns, plain: in these 1,000 steps it neither arrives nor leaves", 1 < end[True, 0.0] < 2, measured=end)
identity(
    "R1 with γ = 0.3: there, to four digits, in turns or at once",
    max(end[False, 0.3], end[True, 0.3]) < 1e-4,
    measured=end,
)

# %% [markdown]
# With γ = 0.01 the way in has hardly begun, and with −log D the plain game creeps in by itself. With networks three
# more reasons join in: batches are noisy, D can be late, and where real and generated points share no place, its slopes
# say little. What helped in our counts on the ring: smaller rates for both, less momentum, R2. R1 alone settled nothing
# there. An average of G's weights calms what you *see*.
#
# *Read on:* [circles](33_dynamics.ipynb#2.-Circles), [four
# cures](33_dynamics.ipynb#7.-Four-cures,-and-what-each-does), [each remedy beside doing
# nothing](23_mode_collapse.ipynb#3.-What-makes-it-worse,-what-makes-it-better).

# %% [markdown]
# ### Which should be stronger, or get more steps: D or G?
#
# *Also asked as:* balance generator and discriminator; n_critic; discriminator too weak; 判别器和生成器如何平衡;
# 判别器太弱; 训练次数比例
#
# **Start with equal steps and equal rates, and change them only after counting; “make D faster” is no general advice.**
# On our ring a slow D sent G running round, a slow G left it stuck, and of the changes of rates making both slower
# helped most ([chapter 23](23_mode_collapse.ipynb#3.-What-makes-it-worse,-what-makes-it-better)). Turns of one step
# each did well on a line, ten each did as well, a hundred each did not ([chapter
# 21](21_the_adversarial_game.ipynb#5.-Turn-by-turn)). A Wasserstein critic is the exception by design: its number
# means something only if it is nearly at its best.

# %% [markdown]
# ## 2. Settings
#
# ### Which loss should I use?
#
# *Also asked as:* best GAN loss; BCE or Wasserstein; hinge loss; WGAN-GP or not; is WGAN better than GAN;
# 用哪个损失函数;
# 损失函数选择
#
# **Take −log D(G(z)) or the paired (relativistic) loss, with penalties on D's slope (R1, R2), as published recipes do;
# in our runs the penalty, its strength and the rates moved the counts at least as much as the loss.** At equal settings
# log(1 − D) held our ring better than −log D in two sets of eight seeds, and of the penalties R2, at *generated*
# points, did the work. In [chapter 37](37_reading_tables.ipynb#4.-Equal-contestants) the same four methods change
# places when two settings change.
# [Lucic et al. 2018](https://arxiv.org/abs/1711.10337) tuned several losses on pictures with equal effort, and found
# none that consistently beats the original one.
#
# *Read on:* [each ingredient of the recipe](43_modern_recipe.ipynb#4.-What-each-ingredient-does,-and-at-which-γ),
# [what each loss follows](32_optimal_discriminator.ipynb#6.-What-each-loss-follows).

# %% [markdown]
# ### How do I solve vanishing gradients?
#
# *Also asked as:* vanishing gradient in GAN; generator does not learn; why −log D and not log(1−D); saturating loss;
# 梯度消失; 生成器不学习
#
# **Train G with −log D(G(z)) instead of log(1 − D(G(z))), and keep D from being too sure.** Where D is sure that a
# point is generated, the second loss is flat. For a logit of −5 the first pushes 148 times harder:

# %%
logit = torch.tensor([-2.0, -5.0, -10.0], requires_grad=True)
steep = torch.autograd.grad(-F.logsigmoid(logit).sum(), logit)[0].abs()  # −log D
flat = torch.autograd.grad(F.logsigmoid(-logit).sum(), logit)[0].abs()  # log(1 − D)
print("logit:", logit.tolist(), " how many times steeper:", [round(each, 1) for each in (steep / flat).tolist()])
identity("the ratio is e^(−logit)", torch.allclose(steep / flat, (-logit).exp(), rtol=1e-3))

# %% [markdown]
# More layers in D make it worse: it gets surer. Adam changes the story, because it makes short gradients long again;
# with it the flat loss did about as well on our ring in a short run, and *better* in [chapter
# 23](23_mode_collapse.ipynb#3.-What-makes-it-worse,-what-makes-it-better)'s longer ones. LeakyReLU passes on what is
# there, and can't bring back what the loss has lost.
#
# *Read on:* [which gradient G gets](32_optimal_discriminator.ipynb#5.-Which-gradient-does-the-generator-get?),
# [deeper D](32_optimal_discriminator.ipynb#7.-When-they-share-no-place), [leaky or
# not](42_convolutional_gan.ipynb#8.-Leaky-or-not:-what-an-activation-passes-on).

# %% [markdown]
# ### Which learning rates, and which optimiser?
#
# *Also asked as:* learning rate for GAN; two time scales TTUR; Adam beta1 0.5; batch size; 学习率怎么设置;
# 优化器选择; 批次大小; 批量大小
#
# **Adam with β₁ = 0 or 0.5, one rate for both, and then halve or double *both* until a count over seeds says stop.**
# PyTorch's default β₁ = 0.9 was the worst of nine settings on our ring. No rate is right for all: 0.004 worked there,
# and in [chapter 42](42_convolutional_gan.ipynb#10.-An-MLP-against-a-convolutional-discriminator) a generator that
# looked lost at 0.001 after 300 steps worked after 1,200 steps, or at a higher rate. And the batch? Four times larger
# ones made points [wander less](33_dynamics.ipynb#8.-From-two-numbers-to-networks).
#
# *Read on:* [how large may a step be?](33_dynamics.ipynb#4.-Steps-are-not-a-flow), [a sweep over
# rates](49_bigger.ipynb#3.-Sweeps:-many-settings).

# %% [markdown]
# ### Should real labels be 0.9? (one-sided label smoothing)
#
# *Also asked as:* one-sided label smoothing; soft labels; label 0.9; 单侧标签平滑; 标签平滑
#
# **If any, then only the real ones: labels above 0 for generated points take away the slope where G needs it.** With
# labels α for real and β for generated points the best D is $(\alpha p + \beta q)/(p + q)$ ([Salimans et al.
# 2016](https://arxiv.org/abs/1606.03498)). Let real points lie around 0 and generated ones around 4. At 4 the logit
# should lead back, steeply:


# %%
def slope_at_4(alpha, beta):
    x = torch.tensor(4.0, dtype=torch.double, requires_grad=True)
    p, q = torch.exp(-x.square() / 2), torch.exp(-(x - 4).square() / 2)
    d = (alpha * p + beta * q) / (p + q)
    return torch.autograd.grad(d.logit(), x)[0].item()


slopes = {labels: slope_at_4(*labels) for labels in ((1.0, 0.0), (0.9, 0.0), (0.9, 0.1))}
print({f"labels {a:g} and {b:g}": round(slope, 2) for (a, b), slope in slopes.items()})
identity(
    "none, or only real labels smoothed: −4, to 0.1 %", all(abs(slopes[a, 0.0] / -4 - 1) < 1e-3 for a in (1.0, 0.9))
)
identity("both smoothed: over a hundred times flatter there", abs(slopes[0.9, 0.1]) < 4 / 100)

# %% [markdown]
# This is one place, four widths away, and the *best* D. A D in training isn't there, and whether 0.9 helps it is a
# question for your own count; the course does without. R1 makes D less sure, too.
#
# *Read on:* [the optimal discriminator](32_optimal_discriminator.ipynb#1.-Place-by-place).

# %% [markdown]
# ### Do I need batch norm?
#
# *Also asked as:* batch norm; BatchNorm in discriminator; batch normalization in GAN; instance norm; 批归一化;
# 批量归一化
#
# **In a deep G it helps at the start; in D leave it out as soon as you use a gradient penalty.** In G it brings the
# noise through the layers ([chapter 41](41_mlp_gan.ipynb#8.-A-deeper-generator)); good first weights do part of
# that, and R3GAN has none. In D it ties the points of a batch together, so the gradient of one logit is not its own
# any more:


# %% jupyter={"source_hidden": true}
def pull_of_others(batch_norm):
    device.seed_everything(0)
    net, x = nets.mlp([2, 16, 1], batch_norm=batch_norm), ring.sample(32, 0).requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, 0], x)  # of the first logit, for all 32 points
    return (gradient[1:].norm() / gradient.norm()).item()


# %%
with_norm, without = pull_of_others(True), pull_of_others(False)
print(f"share of the gradient at the other 31 points: {without:.2f} without batch norm, {with_norm:.2f} with it")
identity("without: nothing", without == 0)
identity("with: something, so R1 penalises something else", with_norm > 0)

# %% [markdown]
# *Read on:* [γ: a unit, and a condition](43_modern_recipe.ipynb#3.-γ:-a-factor-of-two,-a-unit,-and-a-condition),
# [every choice of DCGAN](42_convolutional_gan.ipynb#9.-What-does-each-choice-do-to-the-distance?).

# %% [markdown]
# ### Why tanh at the end of G, and pictures from −1 to 1?
#
# *Also asked as:* why tanh; normalize images to [-1, 1]; tanh or sigmoid; 为什么用tanh; 图像归一化到-1到1
#
# **Because real and generated pictures must have the same range; −1 … 1 is the usual one.** ([DCGAN's
# authors](https://arxiv.org/abs/1511.06434) saw faster learning with a bounded last layer.) What goes wrong is a
# mixture. Real pictures in 0 … 1 against a tanh give D a rule that needs no learning: *any pixel below 0 means
# generated*. The losses can look perfect all the same.
#
# *Read on:* [two runs with perfect losses](41_mlp_gan.ipynb#7.-Two-runs-with-perfect-losses), [what does it
# see?](46_test_a_gan.ipynb#4.-What-does-it-see?)

# %% [markdown]
# ### My loss is NaN. What now?
#
# *Also asked as:* loss nan; loss becomes inf; nan after some steps; 损失为nan; 损失变成nan
#
# **Find the first layer or line that makes it; usual suspects are a logarithm of 0, a root at 0, and a step that is far
# too large.** Two lines that look right:

# %%
sure = torch.tensor(-120.0)  # a logit of a D that is very sure
print("log of a sigmoid:", torch.sigmoid(sure).log().item(), "  logsigmoid:", F.logsigmoid(sure).item())
still = torch.zeros(2, requires_grad=True)  # a gradient of length 0, as it is where D is flat
(broken,) = torch.autograd.grad(still.square().sum().sqrt(), still)
(mended,) = torch.autograd.grad((still.square().sum() + 1e-12).sqrt(), still)
identity(
    "log(sigmoid) is −∞, logsigmoid is −120", torch.sigmoid(sure).log() == -math.inf and F.logsigmoid(sure) == -120
)
identity(
    "the root's slope at 0 is NaN; with a tiny number below it, it is 0", broken.isnan().all() and (mended == 0).all()
)

# %% [markdown]
# *Read on:* [a watchman for NaN](46_test_a_gan.ipynb#A-watchman-for-NaN), [where NaN comes
# from](46_test_a_gan.ipynb#a-loss-of-nan).

# %% [markdown]
# ### How many numbers should the noise have?
#
# *Also asked as:* latent size; latent dimension; noise dimension; size of z; 噪声维度; 潜变量维度; 隐变量多少维
#
# **At least as many as the data have directions of their own; how many more hardly mattered where we looked.** (DCGAN
# takes 100, StyleGAN2 512.) With 1 number G can draw only a curve: locally, it can't have more directions than `z`. But
# a curve can pass through all the clouds, so a count of clouds won't show it. A second instrument does: how far is a
# real point from the nearest generated one, with 250 generated points and with 4,000? Sixteen times as many points
# halve that distance twice (a factor of 4) where they fill an area, as real ones do; on a curve that is already full,
# hardly at all.
#
# **Predict, and say why:** eight GANs learn our ring of eight clouds, with 1, 2 or 8 numbers. How many clouds do they
# hold after 500 steps, how many after 2,000? And by what factor does the distance shrink?

# %% jupyter={"source_hidden": true}
real = ring.sample(800, 7)
home = torch.cdist(real, ring.modes).argmin(dim=1)  # the cloud of each real point


def shrinks(gans, holds):
    """By what factor real points of clouds that are held get nearer with 4,000 points instead of 250: the median."""
    few, many = (torch.cdist(real.expand(8, -1, -1), gans.sample(n)).amin(dim=2) for n in (250, 4000))
    kept = [hold[home] for hold in holds]
    return torch.stack(
        [a[k].median() / b[k].median() if k.any() else torch.ones(()) for a, b, k in zip(few, many, kept, strict=True)]
    )


# %% jupyter={"source_hidden": true}
held, factor = {}, {}
for size in (1, 2, 8):
    gans = ensemble.gans(
        lambda size=size: nets.mlp([size, 32, 32, 2], activation="tanh"),
        lambda: nets.mlp([2, 32, 32, 1], activation="tanh"),
        seeds=8,
        lr=4e-3,
    )
    for steps, more in ((500, 500), (2000, 1500)):
        training.run(gans, ring, steps=more, progress=False)
        holds = metrics.mode_coverage(gans.sample(500), ring).counts > 500 / 8 / 4  # a quarter of what is due
        held[size, steps] = holds.sum(dim=-1).float()
    factor[size] = shrinks(gans, holds)

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(9, 3.6))
shown = {f"{size} in z\n{steps:,}": each for (size, steps), each in held.items()}
plotting.bars_with_floor(shown, "clouds held, of 8", ax=axes[0])
few, many = (torch.cdist(real, ring.sample(n, n)).amin(dim=1).median().item() for n in (250, 4000))  # the control
plotting.bars_with_floor(
    {f"{size} in z": each for size, each in factor.items()},
    "distance shrinks by the factor",
    baseline=few / many,
    ax=axes[1],
    baseline_name="new real points",
)
axes[0].tick_params(axis="x", labelsize=7)
plt.show()

# %%
middle = {name: each.median().item() for name, each in held.items()}
claim(
    "500 steps: 1 number holds at most 4 clouds in the median, 2 and 8 at least 6",
    middle[1, 500] <= 4 and min(middle[2, 500], middle[8, 500]) >= 6,
    held,
)
claim("2,000 steps: 1 number has gained 3 clouds or more", middle[1, 2000] >= middle[1, 500] + 3, held)
claim(
    "yet its points make a thread: factor below 1.5 in the median, with 2 and 8 numbers above 1.7",
    factor[1].median() < 1.5 and min(factor[2].median(), factor[8].median()) > 1.7,
    factor,
)
claim(
    "new real points: 3.4 to 4.6, above the median of each",
    3.4 < few / many < 4.6 and few / many > max(each.median() for each in factor.values()),
    (few / many, factor),
)

# %% [markdown]
# So one number *learns later*, and what it has learnt by then is a thread through each cloud. The count alone would
# have told two false stories: “far too few” at 500 steps, “nearly as good as two” at 2,000. Two and eight numbers fill
# more than a thread, and still not a cloud as real points do: a factor of about 2.3, not 4. In three sets of eight
# seeds the ring was complete after 500 steps in 13 of 24 cases with two numbers and in 21 with
# eight; after 2,000 steps in 24 and 24. Take more than you think, and don't tune it.
#
# *Read on:* [how many numbers digits need](12_classic_generative_models.ipynb#2.-One-bell-curve-in-24-dimensions),
# [how many a VAE uses](44_vae.ipynb#9.-Who-does-the-work?).

# %% [markdown]
# ### How long must I train, and when do I stop?
#
# *Also asked as:* how many epochs; how long to train a GAN; when to stop training; is training finished; 训练多久;
# 训练多少轮;
# 训练好了; 什么时候停止训练
#
# **As long as a measure on held-out data gets better; there is no number of epochs, and the losses don't tell.** Save
# on the way, measure each saved file, keep the best, and say that you chose it so. Neighbouring looks differ by
# chance: in [chapter 00](00_start_here.ipynb#4.-Eight-seeds,-side-by-side) three of eight rings or more had other
# modes 500 steps before. As an order of size: our short runs show D tens of thousands of pictures. The authors of
# [StyleGAN2-ADA](https://github.com/NVlabs/stylegan2-ada-pytorch#expected-training-time) call results “already quite
# reasonable” around 5 million, and convergence typical at 25 million or more.
#
# *Read on:* [how long will it take?](59_your_own_data.ipynb#6.-How-long-will-it-take?)

# %% [markdown]
# ### Training is slow. What first?
#
# *Also asked as:* speed up GAN training; training too slow; 训练太慢; 如何加快训练
#
# **Reach the same samples sooner: a small net, low resolution and tuned rates first; faster steps come after that.**
# A higher rate is a short cut as long as a count over seeds doesn't fall; on our ring 0.01 was already too much.
#
# *Read on:* [a table: if …, then first …](48_fast.ipynb#10.-Training-is-slow:-what-first?)

# %% [markdown]
# ### Which GPU do I need?
#
# *Also asked as:* can I train without a GPU; how much VRAM; CUDA out of memory; 需要什么显卡; 显存多大;
# 需要多大的显存; 显存不足
#
# **For this course none; for pictures of 256 × 256 or more, one with 8 to 12 GB, and days.** The README of
# [StyleGAN2-ADA](https://github.com/NVlabs/stylegan2-ada-pytorch#expected-training-time) gives for one V100 GPU: 256
# × 256 needs 5.0 GB and 6 days 21 hours for 25 million pictures, 1024 × 1024 8.1 GB and 46 days. It asks for 12 GB or
# more. Too little memory? Half the batch, or half the side.
#
# *Read on:* [CPU or GPU?](01_workshop.ipynb#4.-CPU-or-GPU?), [memory is
# full](59_your_own_data.ipynb#Memory-is-full).

# %% [markdown]
# ## 3. The pictures
#
# One small instrument helps with most of these. It looks at what G makes of 200 noise vectors. The patients below are
# made, so their rows show what it sees, and prove nothing.


# %%
def look(pictures):
    """Of (N, 1, 28, 28): lowest, highest, spread over the noise, share of pixels at a wall of tanh."""
    spread = pictures.std(dim=0).mean()  # first over the noise, then the mean over pixels
    walls = (pictures.abs() > 0.99).float().mean()
    return [round(each.item(), 2) for each in (pictures.min(), pictures.max(), spread, walls)]


# %% jupyter={"source_hidden": true}
def patient(kind):
    """200 pictures of an *untrained* generator with one fault."""
    device.seed_everything(0)
    G = nets.mlp([64, 128, 784], output="tanh")
    with torch.no_grad():
        for parameter in G.parameters():
            parameter *= {"saturated": 30.0, "deaf": 0.01}.get(kind, 1.0)
        pictures = G(torch.randn(200, 64)).view(-1, 1, 28, 28)
    return (pictures + 1) / 2 if kind == "wrong range" else pictures


# %%
digits = data.images("mnist").tensor()[:200]
finished, _ = models.read("mnist_gan")
device.seed_everything(0)
made = finished(torch.randn(200, training.gan.noise_dim_of(finished)))
looks = {"real digits": look(digits), "finished GAN": look(made)}
one_code = torch.randn(1, training.gan.noise_dim_of(finished)) + 0.05 * torch.randn(200, 1)  # all nearly the same
looks |= {"one picture": look(finished(one_code)), "all black": look(-torch.ones(200, 1, 28, 28))}
looks |= {kind: look(patient(kind)) for kind in ("untrained", "wrong range", "saturated", "deaf")}
for name, found in looks.items():
    print(f"{name:13} from {found[0]:5.2f} to {found[1]:4.2f}   spread {found[2]:.2f}   at the walls {found[3]:.2f}")

# %%
identity("wrong range: no pixel below 0", looks["wrong range"][0] >= 0)
identity(
    "untrained: 0 at the walls; saturated: over 90 %, before any training",
    looks["untrained"][3] == 0 and looks["saturated"][3] > 0.9,
)
identity(
    "deaf: hardly any spread, less than a tenth of the untrained one", looks["deaf"][2] < looks["untrained"][2] / 10
)

# %% [markdown]
# Read the rows with care. Real digits stand at the walls too, most of their pixels: what parts *saturated* from them is
# the spread, and that it was so before training. *Saturated* is static, black and white. *Deaf*, *all black* and *one
# picture* share a small spread; only a look before training parts the first from the last. Two faults leave no trace
# here: −1 … 1 shown as 0 … 1, and a G that knows two digits of ten.

# %% [markdown]
# ### All pictures are black, grey or white. Why?
#
# *Also asked as:* black images; generator outputs black; only grey pictures; blank or white output; image grey;
# only noise in the pictures; 生成的图片全黑; 全黑图片; 图片全是灰色; 生成的图片是灰色的; 生成的全是噪声
#
# **First suspect the range that the picture is *shown* in: look at the lowest and highest number before you look at the
# picture.** Shown as 0 … 1, everything below 0 is black, half of the range of a tanh; and if lowest, highest and spread
# are those of real pictures, G isn't to blame. If nearly all numbers stand at −1 or 1 *before training* (*saturated*
# above), tanh is flat there, so hardly any gradient comes back: smaller first weights, a smaller rate. Grey everywhere,
# with a small spread, is an untrained or *deaf* generator. And early in a training nearly black is a natural first
# answer where most pixels of the data are black, as with digits.
#
# *Read on:* [static for ever](41_mlp_gan.ipynb#Static-for-ever,-and-beautiful-losses), [what does it
# see?](60_museum_of_failures.ipynb#What-does-it-see?)

# %% [markdown]
# ### All pictures are the same. Is that mode collapse?
#
# *Also asked as:* same image for every noise; all samples look the same; mode collapse; generator makes the same
# picture every time; no diversity; always the same digit; generator forgets earlier modes; 生成的图片都一样;
# 模式崩溃; 模式坍塌
#
# **Measure the spread over the noise *before* training: if it is tiny already, the noise never got through (*deaf*);
# if it was there and went, it is mode collapse.** The first needs batch norm or larger first weights. The second has
# two faces: with a late D the points run round, with a D that has won modes are dropped. Against both, equal rates
# from a new start; then smaller steps, R2. More diverse data are no cure: most runs of chapter 23 had complete data.
#
# *Read on:* [three patients](23_mode_collapse.ipynb#5.-Three-patients), [the same picture for every noise
# vector](41_mlp_gan.ipynb#The-same-picture-for-every-noise-vector).

# %% [markdown]
# ### Where does the checkerboard pattern come from?
#
# *Also asked as:* checkerboard artifacts; grid pattern in images; a grid in my pictures; ConvTranspose2d artifacts;
# 棋盘效应; 棋盘格伪影; 网格状图案
#
# **From upsampling layers whose neighbouring pixels are made by different weights, often also from unequal numbers of
# inputs.** We count the inputs of each output pixel, with all weights 1:

# %%
counted = {}
for kernel, more in ((3, 1), (4, 0)):
    layer = nn.ConvTranspose2d(1, 1, kernel, stride=2, padding=1, output_padding=more, bias=False)
    nn.init.ones_(layer.weight)
    counted[kernel] = layer(torch.ones(1, 1, 5, 5))[0, 0, 2:-2, 2:-2].detach()
    print(f"window {kernel}:", *(" ".join(f"{each:.0f}" for each in row) for row in counted[kernel][:2]), sep="\n  ")
identity("window 3: one, two or four inputs", sorted(set(counted[3].flatten().tolist())) == [1, 2, 4])
identity("window 4: everywhere four", (counted[4] == 4).all())

# %% [markdown]
# A window that is divisible by the stride is the usual advice, and only half of the matter: the four inputs come
# through four different sets of weights. Of four layers, before any training, only *enlarge, then convolve* had less
# of the pattern than white noise has. Training can unlearn it, or not: look.
#
# *Read on:* [another way up](42_convolutional_gan.ipynb#3.-Checkerboards,-and-another-way-up), [four layers
# measured](60_museum_of_failures.ipynb#3.-In-training).

# %% [markdown]
# ### How do I avoid a large gap between generated and real images?
#
# *Also asked as:* generated images look bad; pictures too far from real; poor quality; blurry images; images look
# like noise;
# 生成的图片很模糊; 图片模糊; 生成图像与真实图像差距大; 生成效果不好
#
# **Find the cause first, in this order: does everything learn, is the range right, who is winning, is it simply too
# early?** “More layers, more data, more epochs” don't mend a program in which G gets no gradient; and where all is
# right they may. After that: batch norm or good first weights in G, a flat D, an average of the weights (it brought
# at least seven of eight MLP GANs nearer), the best of the saved files. If quality is all you want, change the kind
# of model ([section 7](#GAN-or-diffusion?)).
#
# *Read on:* [the checklist](46_test_a_gan.ipynb#6.-The-checklist), [eight seeds, and a
# number](41_mlp_gan.ipynb#6.-Eight-seeds,-and-a-number).

# %% [markdown]
# ## 4. Kinds of data
#
# ### How do GANs handle image data?
#
# *Also asked as:* GAN for images; DCGAN recipe; 图像数据怎么处理; 图像生成用什么结构
#
# **By convolutions: G goes up from a small map to the picture, D goes down from the picture to one logit.** For small
# pictures the DCGAN pair is enough. For larger ones networks with residual blocks are usual, with R1 or R1 + R2, an
# average of the weights, and augmentation of what D sees where pictures are few. Begin with an MLP all the same, and a
# baseline. On digits each of our eight MLPs beat one Gaussian, and ten,
# *cut* to the range of pixels. Ten that weren't cut were nearer than all eight.
#
# *Read on:* [eight seeds, and a number](41_mlp_gan.ipynb#6.-Eight-seeds,-and-a-number), [a DCGAN by
# hand](42_convolutional_gan.ipynb#4.-A-DCGAN-by-hand), [the modern recipe](43_modern_recipe.ipynb#1.-Twenty-lines).

# %% [markdown]
# ### How do GANs handle high-dimensional data?
#
# *Also asked as:* high dimensional data; curse of dimensionality; 高维数据; 维度灾难
#
# **By not treating the dimensions alike (convolutions, low resolution first, codes of an autoencoder) and by a D that
# is kept from learning its points by heart.** In many dimensions even the simplest D can do that with a few points: a
# *linear* D fitted to 64 + 64 points is right about all of them in 128 dimensions, and about half of new ones, though
# both kinds come from the same distribution (exercise 3 tries it). But a GAN's D isn't fitted to the end. It meets
# *fresh* generated points in each step, and what you log is said before the step.
#
# **Predict, and say why:** eight small D in 50 dimensions take 600 such steps. How often are they right about their
# last batches if there are 64 real points, 1,000, or 20,000, and no difference? And with 20,000 and a real difference?


# %% jupyter={"source_hidden": true}
def logged(points, away, d=50, steps=600, batch=64):
    """How often eight D are right about their batches, in the last 100 steps; generated points are fresh."""
    stream = torch.Generator().manual_seed(0)
    real = torch.randn(8, points, d, generator=stream)
    D, said = ensemble.stack(nets.mlp([d, 64, 1]) for _ in range(8)), []
    adam = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
    for _ in range(steps):
        fake = torch.randn(8, batch, d, generator=stream)
        fake[..., 0] += away
        on_real, on_fake = D(real[:, torch.randint(points, (batch,), generator=stream)]), D(fake)
        said.append(torch.cat([on_real > 0, on_fake < 0], dim=1).double().mean(dim=(1, 2)))
        adam.zero_grad()
        (F.softplus(-on_real) + F.softplus(on_fake)).mean(dim=(1, 2)).sum().backward()
        adam.step()
    return torch.stack(said[-100:]).mean(dim=0)


# %% jupyter={"source_hidden": true}
games = {(points, away): logged(points, away) for points, away in ((64, 0), (1_000, 0), (20_000, 0), (20_000, 3))}
for (points, away), share in games.items():
    print(f"{points:6,} real points, generated ones {away} away: right about {share.median():.0%} of its batches")
# %%
claim("64 points and no difference: all eight are right in over 85 %", games[64, 0].min() > 0.85, games)
claim("20,000 and no difference: no more than 58 %", games[20_000, 0].max() < 0.58, games)
claim("20,000 and a difference: over 80 %", games[20_000, 3].min() > 0.8, games)

# %% [markdown]
# So what decides is how often D has met its *real* points: with few of them its accuracy is no news about the samples,
# with many it is. New points settle it. In high dimensions real and generated points often lie on thin sets that hardly
# meet. Then the best D is sure everywhere, and flatness (R1, noise on the inputs) can give it a slope that leads
# somewhere.
#
# *Read on:* [when they share no place](32_optimal_discriminator.ipynb#7.-When-they-share-no-place), [distances need
# more points there](34_wasserstein.ipynb#7.-Batches).

# %% [markdown]
# ### How do GANs handle time series?
#
# *Also asked as:* time series GAN; TimeGAN; sequential data; 时间序列; 时序数据生成
#
# **D must see the order, and G must be able to make it (recurrent, or convolutions along time); then compare with a
# model that is a hundred years old.** On an AR(2) process a plain AR fit was the harder one to tell from real. On
# series with two regimes and on sunspots the linear rivals were found out and the GAN did better. A recurrent net
# with a mixture, trained by likelihood, was better again on the regimes.
#
# *Read on:* [a D that can't see time](54_series.ipynb#2.-A-discriminator-that-can't-see-time), [the
# rivals](54_series.ipynb#4.-The-rivals,-and-a-series-on-which-one-of-them-wins).

# %% [markdown]
# ### How do GANs handle natural language?
#
# *Also asked as:* GAN for text; text generation; SeqGAN; NLP; 自然语言处理; 文本生成; 写文章
#
# **Badly: a drawn letter passes on no gradient, and a model trained by likelihood does the same job better and more
# simply.** REINFORCE, straight-through and Gumbel-softmax are ways round. In our comparison likelihood, at the right
# rate, beat SeqGAN in quality *and* coverage for at least three of four oracles. The text generators that people use
# are trained by likelihood, then from feedback; what remained of the game there is a judge that gives points.
#
# *Read on:* [no gradient](56_text.ipynb#1.-A-drawn-letter-has-no-gradient), [two
# games](56_text.ipynb#4.-Two-games), [learning from
# feedback](57_language_models.ipynb#3.-What-remained:-learning-from-feedback).

# %% [markdown]
# ### How do GANs handle multimodal data?
#
# *Also asked as:* several modalities; image and text together; one input, many outputs; 多模态数据; 一对多生成
#
# **Two questions hide here: several right answers to one input (modes), and several kinds of data, such as picture
# and text (modalities).** For the first, noise alone wasn't enough: G ignored it, until a loss asked that the noise
# can be recovered from the answer. For the second, a conditional GAN learns pairs, and D must hear the condition. The
# large systems that make pictures from text combine encoders of both kinds with diffusion or autoregression.
#
# *Read on:* [two answers fit](52_translating_pictures.ipynb#3.-Two-answers-fit,-and-the-noise-is-ignored), [is the
# label heard?](45_conditional.ipynb#2.-Is-the-label-heard?), [which famous picture makers are
# GANs?](52_translating_pictures.ipynb#8.-Which-famous-picture-makers-are-GANs?)

# %% [markdown]
# ## 5. Your data
#
# ### How many pictures do I need?
#
# *Also asked as:* how many images; size of the training set; small dataset; few images; 需要多少张图片;
# 最少多少张图片; 数据太少
#
# **A few thousand of one kind, for the published recipes with augmentation; with a hundred, expect copies, and look for
# them.** [Karras et al. 2020](https://arxiv.org/abs/2006.06676) report good results from a few thousand, with adaptive
# augmentation; [Zhao et al. 2020](https://arxiv.org/abs/2006.10738) show pictures made from 100. Both are long runs.
# The usual help with few is to start from finished weights of similar pictures (transfer learning), which the course
# doesn't try. In our runs, far shorter, 100 faces did about as well as 400 by the distance, which doesn't know what was
# trained on. So audit for copies. How *alike* they are (one angle, one size) counts as much as how many.
#
# *Read on:* [a hundred pictures](59_your_own_data.ipynb#5.-A-hundred-pictures), [learned by
# heart](83_privacy.ipynb#1.-Learned-by-heart).

# %% [markdown]
# ### Why must training data be diverse?
#
# *Also asked as:* diversity of training data; biased data; 训练数据为什么要多样; 数据多样性
#
# **They must hold what you want to draw, in the shares that you want: a generator can at best repeat its data.**
# Diversity is no cure for mode collapse. On our ring all eight clouds are in the data, and with both rates at 0.01
# about four of ten looks found some missing. Few data are another matter: D comes to know its own pictures better
# than held-out ones.
#
# *Read on:* [a rare mode](23_mode_collapse.ipynb#A-mode-that-is-rare), [more rows, no more
# knowledge](81_tables.ipynb#7.-More-rows,-no-more-knowledge).

# %% [markdown]
# ### How do GANs handle imbalance in a data set?
#
# *Also asked as:* imbalanced data; rare class; class imbalance; generate rare images; rare disease; better than
# SMOTE; oversampling; 数据集不平衡; 类别不平衡; 不平衡数据
#
# **They repeat it, and often lose the rare class; and if you want generated pictures to help a classifier, three
# cheap cures do as well or better.** A class with 1 % of the data is missing from half of all batches:

# %%
device.seed_everything(0)
missed = (torch.rand(20_000, 64) < 0.01).sum(dim=1).eq(0).double().mean().item()
print(f"no member of the class in a batch of 64: {missed:.1%}, and 0.99 to the 64th is {0.99**64:.1%}")
identity("they agree, to 2 points", abs(missed - 0.99**64) < 0.02)

# %% [markdown]
# For G: draw the rare class more often, or make a conditional GAN. For the classifier: weight, resample, or shift its
# answers. In [chapter 50](50_rare_classes.ipynb#5.-A-fair-comparison:-at-equal-cost) generated eights gained 10
# points or more over doing nothing, no more than the best cheap cure, and most of the gain was gone after longer
# training. Count the rare kinds by name; no average shows them
# ([tables](81_tables.ipynb#4.-The-rare-ones-are-lost-twice)).

# %% [markdown]
# ### How do GANs handle missing values?
#
# *Also asked as:* missing values in GAN; missing data; GAIN; imputation; fill in gaps; 缺失值; 数据缺失; 缺失数据填补
#
# **GAIN fills holes by a game for each cell; on our table chained linear regressions were better, and so was asking
# first why the values are missing.** GAIN's error was 0.07, with its adversary or without; chained lines had 0.05.
# The lowest error is also the wrong aim if you want honest intervals: draw several fillings. If the lost value itself
# is the reason, no filler knows it.
#
# *Read on:* [GAIN](82_missing_values.ipynb#3.-GAIN:-a-discriminator-for-each-cell), [three
# reasons](82_missing_values.ipynb#1.-Three-reasons-for-a-hole).

# %% [markdown]
# ### How do GANs handle private data?
#
# *Also asked as:* privacy; are synthetic data anonymous; membership inference; differential privacy; 隐私数据;
# 数据隐私; 隐私保护
#
# **Not by themselves: synthetic isn't private, and only a promise such as differential privacy limits what G may
# tell.** With 50 digits D knew its members (AUC above 0.7 in the median), with 5,000 it didn't show. Encryption,
# removed names and federated training do other jobs. DP-SGD on D keeps the promise, and it costs: with 500 rows and ε
# = 1 a single Gaussian blob was nearer than the GAN.
#
# *Read on:* [three tools for other jobs](83_privacy.ipynb#3.-Three-tools-for-other-jobs), [what ε
# costs](83_privacy.ipynb#5.-What-ε-costs).

# %% [markdown]
# ### May I sell or publish what my GAN makes?
#
# *Also asked as:* can I sell the samples; legal to sell generated pictures; commercial use; copyright of generated
# images; licence; 能不能商用; 版权; 生成的图片可以卖吗
#
# **It depends on three licences and on people: the training pictures, the code, the finished weights, and who can be
# recognised. This is no legal advice.** Code and weights may forbid it whatever your data are: NVIDIA's licence for
# StyleGAN2-ADA allows non-commercial use, which it defines as research or evaluation ([its
# licence](https://nvlabs.github.io/stylegan2-ada-pytorch/license.html), as quoted in [issue
# 93](https://github.com/NVlabs/stylegan2-ada/issues/93)). In the USA a picture made by a machine alone has no
# copyright ([Copyright Office, 29 January 2025](https://www.copyright.gov/ai/)), so others may copy it, too. A copy
# of a protected picture stays protected, whoever made it.
#
# *Read on:* [yours to show?](59_your_own_data.ipynb#8.-Yours-to-show?), and audit for copies first.

# %% [markdown]
# ## 6. Measuring and using
#
# ### How do I know whether my GAN is good?
#
# *Also asked as:* evaluate a GAN; is my FID good; FID differs from the paper; inception score; how do I know
# if it works; 如何评估GAN; 怎么评价生成效果; FID多少算好
#
# **By several numbers beside what *real* data get: one distance, one number for believable and one for complete, an
# audit for copies, and a use if there is one.** A distance has a floor that depends on the number of samples, so FIDs
# with other features, sizes or counts can't be compared. Here real is measured against real, in 64 features with a
# normal distribution:

# %%
device.seed_everything(0)
floors = {}
for n in (125, 500, 2000):
    drawn = [metrics.frechet_distance(torch.randn(n, 64), torch.randn(n, 64)) for _ in range(8)]
    floors[n] = torch.tensor(drawn).mean().item(), metrics.frechet_expected_floor(64, n, n)
    print(f"{n:5} of each: {floors[n][0]:.2f} on average, by theory {floors[n][1]:.2f}")
identity("as the law says, within 10 %", all(abs(got / law - 1) < 0.1 for got, law in floors.values()), floors)
identity("sixteen times the samples: less than a tenth", floors[2000][0] < floors[125][0] / 10, floors)

# %% [markdown]
# The inception score never sees real data: ten pictures, repeated, score higher than real digits. A look by eye finds
# ugly pictures and no missing ones.
#
# *Read on:* [how to report](36_measuring_samples.ipynb#10.-How-to-report), [metric ×
# failure](36_measuring_samples.ipynb#8.-Metric-×-failure), [your own pictures, two
# judges](59_your_own_data.ipynb#3.-Good?-Ask-two-judges).

# %% [markdown]
# ### Does my GAN copy its training pictures?
#
# *Also asked as:* memorization; overfitting of a GAN; are samples new; 记忆训练数据; GAN会过拟合吗; 抄袭训练集
#
# **Ask of each sample whether its nearest real picture was trained on or held out: with equally many of both, and
# without copying, that is half and half.** With 90 and 10 % it is 90 to 10, so take equally many. Good distances don't
# answer it: copies have the best ones. An audit finds the changes that it was made for, and no others: a copy moved by
# three pixels passed ours.
#
# *Read on:* [is it a copy?](36_measuring_samples.ipynb#9.-The-audit:-is-it-a-copy?), [the copy
# audit](59_your_own_data.ipynb#4.-New?-The-copy-audit).

# %% [markdown]
# ### Can I train on my own folder of pictures?
#
# *Also asked as:* custom dataset; own photos; train on my own pictures; different sizes; colour pictures;
# 用自己的图片训练; 自己的数据集
#
# **Yes: `gan-edu train folder` does it in one command, and chapter 59 does it step by step.** It takes grey or
# colour, crops them to squares of 28, 32, 64 or 128 pixels, and says what it can't read. `gan-edu new` writes you a
# program of your own in plain PyTorch.
#
# *Read on:* [from a folder to a tensor](59_your_own_data.ipynb#1.-From-a-folder-to-a-tensor).

# %% [markdown]
# ### How do I generate a chosen class?
#
# *Also asked as:* conditional GAN; control what is generated; generate a given digit; 条件GAN; 生成指定类别
#
# **Give the label to *both* networks, and check that D hears it: one-hot labels beside 784 pixels were hardly heard
# in our short runs.** Larger rows of numbers for each class were heard sooner. Then count obedience, distance and
# coverage; ten real pictures shine in the first two.
#
# *Read on:* [is the label heard?](45_conditional.ipynb#2.-Is-the-label-heard?)

# %% [markdown]
# ### How do I get the noise that belongs to a given picture?
#
# *Also asked as:* GAN inversion; encode an image; latent code of a photo; 图像反演; 求潜变量
#
# **An ordinary GAN has no encoder: search for `z` by gradient descent, or train an encoder in addition.** Our search
# found pictures that this GAN had drawn. Of unseen digits it left at least 20 % more error than a VAE's encoder.
#
# *Read on:* [from a picture back to a code](25_ae_vae_gan.ipynb#5.-From-a-picture-back-to-a-code).

# %% [markdown]
# ### Why are my samples worse in `eval()` mode?
#
# *Also asked as:* eval mode; model.eval() gives bad images; batch norm at test time; eval模式效果变差; 测试时效果差
#
# **Batch norm then uses running averages of earlier batches, and these lag behind weights that move fast.** Train a
# little longer at a smaller rate, or send noise through G in `train()` mode without a step.
#
# *Read on:* [fine while training](42_convolutional_gan.ipynb#Fine-while-training,-worse-with-G.eval%28%29).

# %% [markdown]
# ## 7. GANs, VAEs, diffusion
#
# ### How do GANs differ from VAEs?
#
# *Also asked as:* GAN vs VAE; GAN or VAE; difference between GAN and variational autoencoder; GAN和VAE的区别;
# GAN与VAE哪个好
#
# **A VAE learns an encoder and a decoder by one loss, a bound on the likelihood; a GAN learns a generator by a game,
# with no likelihood and no encoder.** So a VAE trains without swings, gives each picture a code and a score, and its
# draws are smooth; a GAN's are rough. Which draws nearer depends on details: with the last weights ours were level,
# with averaged weights the GAN was ahead. And a plain autoencoder with a mixture fitted to its codes beat both.
#
# *Read on:* [on equal terms](25_ae_vae_gan.ipynb#2.-Who-draws-nearest?), [blur and
# speckle](25_ae_vae_gan.ipynb#4.-Blur-and-speckle).

# %% [markdown]
# ### What are the advantages and disadvantages of GANs?
#
# *Also asked as:* pros and cons of GANs; strengths and weaknesses of GANs; GAN的优缺点; GAN的优点和缺点
#
# **For them: one pass for a sample, details that look real, and a loss that is learned; against them: a game that may
# not settle, lost modes, no likelihood, no encoder.** What is often said, and what the course found:
#
# | often said | here |
# |---|---|
# | + high quality, pictures and sound | in one pass, [yes][55]; a plain rival may still be nearer |
# | + complex structures, pictures and text | pictures yes, [text no][56] |
# | + latent structure, “balance of both” | paths between codes, [yes][25-6]; [it has no encoder][25-5] |
# | − unstable, “oscillation and blur” | [it swings][33]; blur is the VAE's, [a GAN's is speckle][25-4] |
# | − compute and time | two nets are trained; drawing is one pass |
# | − hard to interpret | yes, and no sample comes with a number for how likely it is |
#
# [55]: 55_sound.ipynb#6.-Where-GANs-stand-in-sound
# [56]: 56_text.ipynb#1.-A-drawn-letter-has-no-gradient
# [25-4]: 25_ae_vae_gan.ipynb#4.-Blur-and-speckle
# [25-5]: 25_ae_vae_gan.ipynb#5.-From-a-picture-back-to-a-code
# [25-6]: 25_ae_vae_gan.ipynb#6.-Between-two-digits
# [33]: 33_dynamics.ipynb#2.-Circles

# %% [markdown]
# ### What are the advantages and disadvantages of VAEs?
#
# *Also asked as:* pros and cons of VAEs; why are VAE samples blurry; posterior collapse; VAE的优缺点;
# VAE生成的图片模糊; 后验坍塌
#
# **For them: one loss that settles, a code for each picture, a bound on the likelihood; against them: draws that are
# worse than copies, blur where the decoder assumes independent pixels, numbers of the code that do nothing.**
#
# | often said | here |
# |---|---|
# | + high quality | copies yes; draws were [at least 2.5 times as far away][44-7] |
# | + latent structure, balance | yes, and [β sets the balance][24] |
# | + interpretable “through the decoder” | no: [12 to 50 of 100 numbers][44-9] work, and none has a name |
# | − much compute and time | no more than others: all of chapter 44 trains within a minute |
# | − draws differ from real data | yes: [the clouds don't fill the prior][44-8] |
# | − “may be affected by the data distribution” | by whether the *likelihood* [fits the data][44-10] |
#
# [24]: 24_from_autoencoders_to_vaes.ipynb#6.-β:-how-strong-is-the-pull?
# [44-7]: 44_vae.ipynb#7.-Copies-and-draws
# [44-8]: 44_vae.ipynb#8.-Ten-thousand-clouds-can't-fill-the-space
# [44-9]: 44_vae.ipynb#9.-Who-does-the-work?
# [44-10]: 44_vae.ipynb#10.-What-a-squared-error-assumes
#
# A common trap: a squared error *averaged* over 784 pixels, plus a KL *averaged* over 100 numbers. It is a β in
# disguise:

# %%
device.seed_everything(0)
x, copies = torch.rand(64, 784), torch.rand(64, 784)
mean, log_var = torch.randn(64, 100), torch.randn(64, 100)
error = (x - copies).square()
kl = (mean.square() + log_var.exp() - 1 - log_var) / 2
averaged = error.mean() + kl.mean()  # what is often written
beta = 784 / (2 * 100)
summed = (error.sum(dim=1) / 2 + beta * kl.sum(dim=1)).mean()  # a Gaussian decoder with noise 1, and β
identity("averages are the sums with β = 3.92, times 2/784", averaged.isclose(summed * 2 / 784, rtol=1e-4))

# %% [markdown]
# ### GAN or diffusion?
#
# *Also asked as:* diffusion vs GAN; are GANs dead; are GANs outdated; should I still learn GANs; 扩散模型还是GAN;
# GAN还是扩散模型; GAN过时了吗; GAN和扩散模型的区别
#
# **For pictures from text or for the best coverage, diffusion; where one fast pass must look real, a GAN, or a
# discriminator that finishes a diffusion model.** Diffusion passed GANs on ImageNet in [May
# 2021](https://arxiv.org/abs/2105.05233). It trains without a game, and pays with many passes for a sample. To need
# few, it is often taught by a discriminator: [LADD, March 2024](https://arxiv.org/abs/2403.12015), with which
# [FLUX.1-schnell](https://huggingface.co/black-forest-labs/FLUX.1-schnell) draws in 1 to 4 steps, its card says;
# [APT, January 2025](https://arxiv.org/abs/2501.08316), two seconds of video in one; [AdvDMD, April
# 2026](https://arxiv.org/abs/2604.28126). And a plain GAN with modern networks,
# [R3GAN](https://arxiv.org/abs/2501.05441) (NeurIPS 2024), surpasses StyleGAN2 on FFHQ, ImageNet, CIFAR and Stacked
# MNIST, its abstract says.
#
# *Read on:* [where GANs stand](11_why_generate.ipynb#4.-Where-GANs-stand), [which famous picture makers are
# GANs?](52_translating_pictures.ipynb#8.-Which-famous-picture-makers-are-GANs?)

# %% [markdown]
# ## 8. Cause and effect
#
# ### How do GANs and causal inference differ?
#
# *Also asked as:* GAN versus causal inference; can a GAN find causes; GAN与因果推断的区别; 因果推断和GAN有什么区别
#
# **A GAN learns what the data look like; causal inference asks what would happen if somebody acted, and the data
# alone don't say that.** A perfect generator of confounded data hands on the confounding: in a world whose effect is
# 1, real and generated records both say 3.4, and a thousand times more of them say it more precisely. An experiment,
# or knowledge of the common cause, says 1.
#
# *Read on:* [a hidden common cause](62_errata.ipynb#A-hidden-common-cause), [a perfect copy, and the same
# mistake](71_what_a_generator_cannot_know.ipynb#1.-A-perfect-copy,-and-the-same-mistake).

# %% [markdown]
# ### How are GANs and causal inference linked?
#
# *Also asked as:* GAN for causal inference; causal GAN; 生成对抗网络与因果推断的联系; GAN和因果推断如何结合
#
# **In two ways that the course tries out: generators make worlds with a known effect, in which estimators can be
# judged, and generators wired along a causal graph can be asked what an action would do.** Both rest on knowledge
# that somebody puts in: four GANs of the same table made four different effects, and a wrong graph fits as well as
# the right one.
#
# *Read on:* [generators that judge](73_generators_that_judge.ipynb#2.-A-generator-in-the-place-of-the-truth), [one
# small net for each variable](74_causal_gan.ipynb#1.-One-small-net-for-each-variable), [wrong
# graphs](74_causal_gan.ipynb#3.-A-wrong-graph-that-fits-as-well).

# %% [markdown]
# ### What are GANs and causal inference used for?
#
# *Also asked as:* applications of GANs; applications of causal inference; what are GANs good for; can a GAN
# make music; GAN有哪些应用; GAN能生成音乐吗; 因果推断的应用
#
# **Two lists, with little in common: GANs make or finish data; causal inference decides what to do.** GANs: vocoders,
# sharper and translated pictures, few-step diffusion, tables, anomalies.
# Causal inference: does a training pay, does a drug help, which gene
# regulates which. Both: worlds in which methods are tested.
#
# *Read on:* [sound](55_sound.ipynb#6.-Where-GANs-stand-in-sound),
# [anomalies](53_what_pictures_are_good_for.ipynb#5.-Alarms-by-generative-models),
# [tables](81_tables.ipynb#3.-Six-judges), [LaLonde's men](72_lalonde.ipynb#2.-Five-ways-to-an-answer),
# [genes](74_causal_gan.ipynb#6.-Genes,-and-what-a-knock-out-adds).

# %% [markdown]
# ### Which challenges do they have?
#
# *Also asked as:* limitations of GANs; open problems; challenges of causal inference; 面临的挑战; 存在的问题和挑战
#
# **GANs: a game that need not settle, lost modes, measures with blind spots, copies and privacy; causal inference:
# hidden causes, too little overlap, and no truth to check by.** More data help against chance, not against a hidden
# cause.
#
# *Read on:* [metric × failure](36_measuring_samples.ipynb#8.-Metric-×-failure), [how strong would a hidden cause
# have to be?](72_lalonde.ipynb#6.-How-strong-would-a-hidden-cause-have-to-be?)

# %% [markdown]
# ### What is the future of GANs and causal inference?
#
# *Also asked as:* future trends; where are GANs going; 未来发展趋势; GAN的未来
#
# **Nobody knows; what can be seen in 2026 is the game as a *part*: a discriminator that finishes other models.** It
# stands in autoencoders below diffusion models, in vocoders, and where many steps become few (the papers above). For
# causal questions a better generator changes little as long as the assumptions are the weak point.
#
# *Read on:* [the check that nobody can do](73_generators_that_judge.ipynb#5.-The-check-that-nobody-can-do).

# %% [markdown]
# ## Help, I get …
#
# ### a question that isn't on this page
# Ask `gan-edu ask` with other words: it looks through all chapters, not only this one. An error message or a symptom
# is more likely in [chapter 60](60_museum_of_failures.ipynb), a sentence from an article in [chapter
# 62](62_errata.ipynb).
#
# ### an answer that doesn't fit what I see
# Most answers come from small networks, few steps, digits or points in the plane. Write down how your case differs,
# change one thing at a time, and count over seeds. Exercise 4 does it.
#
# ### other advice somewhere else
# Ask which experiment stands behind it, and whether each part was tried alone, beside doing nothing.

# %% [markdown]
# ### another number than the text says
# Claims have bands that should hold on other machines; numbers in the text are one run. If a claim *fails*, tell us.
#
# ### `Nothing in the course is like “…”`
# `gan-edu ask` compares letters, so slips of the keyboard don't matter, but it doesn't know what a word means. Try
# the word that a paper would use, or fewer words.

# %% [markdown]
# ## Recap
#
# - Two losses say who is ahead, and not how good the samples are; their sum can't be below $2 \ln 2$.
# - Before you turn a knob: does everything learn, is the range right, does the noise get through?
# - A D that is perfect on few points that it has met often proves nothing; new points do.
# - A number needs its floor, its baseline and its seeds.
# - Synthetic is neither private nor causal, and not better than its data.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>“L_D is 0.02, so let us train D less.” What do you ask first?</summary>
#
# Whether G's weights change at all, and whether real and generated pictures have the same range. A cut thread and a
# wrong range look like a strong D, and no rate mends them.
#
# </details>
#
# <details><summary>Somebody adds 10,000 generated pictures to 50 real ones, and the FID of the GAN is excellent. Has
# the data set grown?</summary>
#
# The pictures come from 50, and the distance doesn't know which ones were trained on: copies score best. Audit for
# copies, and measure the use on real, held-out data, beside moving the 50 pictures a little.
#
# </details>
#
# <details><summary>All samples look alike after 2,000 steps. One measurement that you should have made at step
# 0?</summary>
#
# The spread over the noise. If it was tiny from the start, nothing has collapsed: the noise never got through.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Goodfellow 2016, NIPS tutorial](https://arxiv.org/abs/1701.00160): many of these questions, answered by the first
#   author two years after the paper; its section 4 is about tips, label smoothing among them
# - [Lucic et al. 2018, Are GANs Created Equal?](https://arxiv.org/abs/1711.10337): losses compared with equal effort
# - [Karras et al. 2020](https://arxiv.org/abs/2006.06676), with its
#   [README](https://github.com/NVlabs/stylegan2-ada-pytorch) of training times: what few pictures and one GPU can do
# - [Huang et al. 2024](https://arxiv.org/abs/2501.05441): which old advice a modern GAN can do without
# - [Lin et al. 2025, Diffusion Adversarial Post-Training](https://arxiv.org/abs/2501.08316): where the game came
#   back, with an R1 for large networks
# - Where people ask: the threads [ganhacks 36](https://github.com/soumith/ganhacks/issues/36) (why is a loss of 0 a
#   failure?), [PyTorch-GAN 132](https://github.com/eriklindernoren/PyTorch-GAN/issues/132) (G's loss rises) and
#   [StyleGAN2-ADA 266](https://github.com/NVlabs/stylegan2-ada-pytorch/issues/266) (how many pictures?)

# %% [markdown]
# ## Key terms
#
# {{terms: logit; mode collapse; batch normalisation; R1 penalty; floor; checkerboard artefact; learning rate}}
