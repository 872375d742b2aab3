# %% [markdown]
# # 32 · The optimal discriminator
#
# *Much of what is proved about GANs begins with the words "let the discriminator be optimal". Here you find out what
# that discriminator is, what it tells the generator, how near a network comes to it, and where the proof stops.*
#
# > **You will be able to**
# > - derive the best discriminator, D\* = p / (p + q), in three lines, and say what the derivation assumes
# > - show that the game is worth 2 JSD − 2 ln 2, and turn any discriminator's loss into a lower bound
# > - say how far a learned discriminator is from D\*, and in which direction its loss errs
# > - tell the saturating from the non-saturating gradient, where each is flat, and what each of them follows
# > - explain what happens when real and generated points share no place
# >
# > **Before you start** [21 · the adversarial game](21_the_adversarial_game.ipynb) and
# > [22 · the discriminator's decision surface](22_decision_surface.ipynb) show all this in pictures;
# > [31 · the probability toolkit](31_probability_toolkit.ipynb) has expectation, KL and JS.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% jupyter={"source_hidden": true}
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from gan_edu import data, device, ensemble, metrics, nets, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first

# %% [markdown]
# ## The idea in a picture
#
# The discriminator is somebody who bets. A point comes by, and the discriminator says with which probability the point
# is real. If it gave the truth the probability 0.5, or 0.9, or 1, it is paid the logarithm of that number. The best
# pay is 0, and everything else is less.
#
# Take three places where 9, 5 and 2 of 10 visitors are real. What is the best thing to say there, if you stand at
# this place all day?

# %% jupyter={"source_hidden": true}
said = torch.linspace(0.005, 0.995, 199)
_, ax = plt.subplots(figsize=(6.8, 3.6))
for share, color in ((0.9, plotting.REAL), (0.5, plotting.NEUTRAL[0]), (0.2, plotting.FAKE)):
    pay = share * said.log() + (1 - share) * (1 - said).log()
    ax.plot(said, pay, color=color, label=f"{10 * share:.0f} of 10 are real")
    ax.plot([share], [pay.max()], "o", color=color, markersize=9)
    ax.plot([share, share], [-3, pay.max()], color=color, linestyle=":", linewidth=1.5)
ax.set(xlim=(0, 1), ylim=(-3, 0), xlabel="what the discriminator says: D", ylabel="average pay")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
plt.show()

# %% [markdown]
# Each curve has one top, and the top is the truth: **where 9 of 10 are real, the best bet is 0.9.** Whoever exaggerates
# (0.99) loses, and so does whoever is timid (0.5). This way of paying rewards honest answers.
#
# Everything in this chapter follows from these curves. Section 1 says where the top lies. Section 2 says how high it
# is, and what the generator makes of that.

# %% [markdown]
# ## 1. Place by place
#
# Goodfellow's game has one number, its **value**. The discriminator wants it large, the generator small:
#
# $$\min_G \max_D V(G, D), \qquad
# V(G, D) = \mathbb E_{x \sim p}\big[\log D(x)\big] + \mathbb E_{z \sim p_z}\big[\log(1 - D(G(z)))\big].$$
#
# Here $p$ is the density of the data, and $p_z$ is the density of the noise. The order counts: first $D$ makes $V$ as
# large as it can, then $G$ makes this largest value as small as it can. Let $G$ stand still. Its points have some
# distribution; suppose that it has a density too, $q$. The second mean runs over noise, but only $G(z)$ occurs in it,
# so it is a mean over generated points. Both means together are one integral:
#
# $$V(D) = \int \Big( p(x) \log D(x) + q(x) \log\big(1 - D(x)\big) \Big)\, dx .$$
#
# We take $p$ and $q$ from chapter 21, where both are known: the data lie in two clusters, and the generated points are
# the noise itself, $G(z) = z$. In code, `F.logsigmoid(ℓ)` is $\log D$ for $D = \sigma(\ell)$. As
# $1 - \sigma(\ell) = \sigma(-\ell)$, `F.logsigmoid(-ℓ)` is $\log(1 - D)$.

# %%
real = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5)
forger = data.toy.gaussian_mixture([0.0], std=1.0)
x = torch.linspace(-9, 9, 3601, dtype=torch.float64)[:, None]
log_p, log_q = real.log_prob(x), forger.log_prob(x)
p, q = log_p.exp(), log_q.exp()


def integral(values):
    return values.sum().item() * (x[1] - x[0]).item()


def value(logit, p=p, q=q):
    """V of the discriminator with these logits at the places x, in nats."""
    return integral(p * F.logsigmoid(logit) + q * F.logsigmoid(-logit))


identity("both areas between -9 and 9 are 1", abs(integral(p) - 1) + abs(integral(q) - 1) < 1e-9)

# %% [markdown]
# Is the integral really the same as the two means of the game? Take any discriminator, and draw points and noise:

# %%
device.seed_everything(0)


def some_logit(x):
    return (2 * x[:, 0]).sin() - 0.3


points, z = real.sample(400_000), torch.randn(400_000, 1)
means = F.logsigmoid(some_logit(points)).mean() + F.logsigmoid(-some_logit(z)).mean()
exact = value(some_logit(x))
claim("two means over 400,000 samples: the integral, within 0.005", abs(means - exact) < 0.005, measured=means - exact)

# %% [markdown]
# Now the step that makes it easy. $D$ may say at each place what it likes, without regard to other places. So the
# integral is largest when the bracket is largest **at each place by itself**. At one place there are two numbers,
# $a = p(x)$ and $b = q(x)$, and one unknown, $y = D(x)$:
#
# $$f(y) = a \log y + b \log(1 - y), \qquad f'(y) = \frac a y - \frac b{1 - y} = 0
# \iff y = \frac a{a + b}, \qquad f'' = -\frac a{y^2} - \frac b{(1-y)^2} < 0 .$$
#
# Where both are positive, the slope is 0 at one place only, and $f$ is curved downwards. So that place is the top:
#
# $$\boxed{D^*(x) = \frac{p(x)}{p(x) + q(x)}} \qquad \text{with the logit} \qquad
# \ell^*(x) = \log p(x) - \log q(x).$$
#
# **Predict, and say why:** we bend $D^*$ a little, in 200 random ways. In how many of them will $V$ go up?

# %%
best = log_p - log_q
identity("log p - log q is the logit of p / (p + q)", torch.sigmoid(best).allclose(p / (p + q)))
bends = torch.randn(200, 1) * (torch.rand(200, 1) * 3 * x[:, 0] + 6 * torch.rand(200, 1)).sin()
change = torch.tensor([value(best + bend) - value(best) for bend in bends])
identity("in none of 200 ways does V go up", (change < 0).all(), measured=change)

# %% [markdown]
# In none. $D^*$ is at the top at *each* place, so whatever a bend changes, it loses there.
#
# What did we assume?
#
# - **Densities.** If $G$ maps noise of 2 numbers to images of 784, its points lie on a thin sheet and have no density.
#   (The formula survives with densities relative to the mixture of both. What may get lost is overlap: section 7.)
# - **Freedom.** $D$ may be any function (any *measurable* one, to be exact). A network is not free: a change at one
#   place changes others. Section 3 measures what that costs.
# - **True means**, not means over a batch: sections 3 and 4.
# - **A generator that waits.** $D^*$ belongs to one $q$. After a step of $G$ there is another one.
#
# One small thing: where only $q$ is positive, the best answer is 0, which a logit can only approach. Where neither is
# positive, every answer is as good as any other. So $D^*$ is unique *almost everywhere where points come by*, and
# nowhere else.

# %% [markdown]
# ## 2. What the game is worth
#
# Put $D^*$ into $V$. With the average density $m = \frac12 (p + q)$ we have $D^* = p/(2m)$ and $1 - D^* = q/(2m)$, so
#
# $$V(D^*) = \int p \log \frac p{2m} + q \log \frac q{2m}
# = \mathrm{KL}(p \,\|\, m) + \mathrm{KL}(q \,\|\, m) - 2 \ln 2 = 2\,\mathrm{JSD}(p, q) - 2 \ln 2 .$$
#
# The Jensen–Shannon divergence is half the sum of these two KL divergences. It is never negative, it is 0 only if
# $p = q$ (almost everywhere), and it is at most $\ln 2$. So the value lies between $-2 \ln 2 \approx -1.386$ and 0.
#
# Both sides by quadrature, each by its own formula, for three generators:


# %%
def kl(p, q):
    return integral(torch.xlogy(p, p) - torch.xlogy(p, q))


def jsd(p, q):
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


forgers = {
    "noise itself": forger,
    "only the right cluster": data.toy.gaussian_mixture([2.0], std=0.5),
    "the data": real,
}
for name, one in forgers.items():
    log_one = one.log_prob(x)
    worth = value(log_p - log_one, p, log_one.exp())
    print(f"{name:22}  V = {worth:6.3f}   JSD = {jsd(p, log_one.exp()):.3f}")
    identity("  V = 2 JSD - 2 ln 2", abs(worth - 2 * jsd(p, log_one.exp()) + 2 * math.log(2)) < 1e-9)

# %% [markdown]
# The discriminator's usual loss is $L_D = -V$. So against an optimal discriminator, a generator that makes $L_D$
# large makes the JSD small. The loss of the best $D$ is at most $2 \ln 2$, and it is $2 \ln 2$ only if $q = p$. *That*
# is theorem 1 of the paper of 2014.
#
# (There is an entropy in it, too. Chapter 31 wrote the JSD as $\ln 2$ minus the mean entropy of the coin "real or
# generated?". So $G$ makes *this* entropy large: it wants $D$ to be as unsure as possible. It doesn't make the entropy
# of its points large.)
#
# **What if $D$ is not optimal?** Then a part of the value is missing, and we can say which. Since $p = (p+q) D^*$ and
# $q = (p + q)(1 - D^*)$,
#
# $$V(D^*) - V(D) = \int (p + q) \Big( D^* \log \frac{D^*}{D} + (1 - D^*) \log \frac{1 - D^*}{1 - D} \Big) dx .$$
#
# The bracket is the KL divergence between two coins. One shows "real" with probability $D^*(x)$, the other one with
# $D(x)$. It is never negative: these are the bets of the first picture, seen from the top.


# %% jupyter={"source_hidden": true}
def shortfall(logit):
    """The right side: the mean KL between the coins D* and D, over the points that come by, times 2."""
    on_real = torch.sigmoid(best) * (F.logsigmoid(best) - F.logsigmoid(logit))
    on_fake = torch.sigmoid(-best) * (F.logsigmoid(-best) - F.logsigmoid(-logit))
    return integral((p + q) * (on_real + on_fake))


for name, logit in {"a wavy D": some_logit(x), "D = ½": 0 * best, "D*, half as sure": best / 2}.items():
    identity(f"{name}: both sides agree", abs(value(best) - value(logit) - shortfall(logit)) < 1e-9)
    identity("  and it falls short", shortfall(logit) > 0)

# %% [markdown]
# So for **every** discriminator, good or bad, $V(D) \le 2\,\mathrm{JSD} - 2 \ln 2$, or, with its loss $L_D = -V(D)$,
#
# $$\mathrm{JSD}(p, q) \;\ge\; \ln 2 - \tfrac12 L_D .$$
#
# Read it in the right direction. A loss below $2 \ln 2$ **proves** that the distributions differ, and by how much at
# least. A loss of $2 \ln 2$ proves nothing: perhaps $q = p$, perhaps $D$ is blind. The loss of $D^*$ measures the
# difference between real and generated points. The loss of any other $D$ only bounds it.

# %% [markdown]
# ## 3. Do networks find it?
#
# A network is not free, it sees samples only, and it learns by small steps. Each of the three costs something. We
# measure the first two.
#
# **A case without small steps.** Take two Gaussians with different means and the same covariance $\Sigma$. The squares
# in $\log p - \log q$ cancel, and the best logit is *linear*: $\ell^*(x) = w^\top x + c$ with
# $w = \Sigma^{-1} (\mu_p - \mu_q)$.

# %% jupyter={"source_hidden": true}
covariance = torch.tensor([[1.0, 0.6], [0.6, 1.0]], dtype=torch.float64)
means = torch.tensor([[1.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
two = [torch.distributions.MultivariateNormal(mean, covariance) for mean in means]
w = torch.linalg.solve(covariance, means[0] - means[1])
c = -w @ (means[0] + means[1]) / 2
anywhere = 3 * torch.randn(1000, 2, dtype=torch.float64)
identity(
    "log p - log q is w·x + c, at a thousand places",
    (two[0].log_prob(anywhere) - two[1].log_prob(anywhere)).allclose(anywhere @ w + c),
)

# %% [markdown]
# So one linear layer *can* be optimal. This is logistic regression, and Newton's method finds its best weights in a few
# rounds, to the last digit. The only error left is that it sees $N$ points of each kind.
#
# **Predict, and say why:** with four times as many points, by which factor does the error of the weights shrink?


# %% jupyter={"source_hidden": true}
def regression(n, repeats=200):
    """Best weights (w, c) for n real and n generated points, in many repeats: (repeats, 3)."""
    x = torch.cat([one.sample((repeats, n)) for one in two], dim=1)
    x = torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)
    is_real = torch.cat([torch.ones(n), torch.zeros(n)]).double()
    theta = torch.zeros(repeats, 3, dtype=torch.float64)
    for _ in range(8):
        D = torch.sigmoid((x @ theta[..., None])[..., 0])
        slope = ((is_real - D)[..., None] * x).sum(1)
        curvature = torch.einsum("rni,rn,rnj->rij", x, D * (1 - D), x)
        theta = theta + torch.linalg.solve(curvature, slope)
    return theta


# %% tags=["nbval-ignore-output"]
device.seed_everything(0)
sizes, truth = [100, 400, 1600], torch.cat([w, c[None]])
errors = torch.stack([(regression(n) - truth).norm(dim=1).square().mean().sqrt() for n in sizes])
for n, error in zip(sizes, errors, strict=True):
    print(f"{n:5} points of each kind: weights are off by {error:.1g}")
ratios = errors[:-1] / errors[1:]
claim("four times the points, half the error (between 1.7 and 2.4)", ((1.7 < ratios) & (ratios < 2.4)).all(), ratios)

# %% [markdown]
# By 2: this is the $1/\sqrt N$ of all averages (chapter 31). A class of functions that is too narrow can't get there at
# all, and that is the next cost.
#
# **Width.** Back to the two clusters, where $\ell^*$ is a curve with two hills. We train eight networks of each width
# on *the integral itself*, as if they saw infinitely many points. What they still miss is not the fault of the data.

# %% jupyter={"source_hidden": true}
line = torch.linspace(-5, 5, 201)[:, None]  # a coarser line for training: 5 holds all points but one in a million
weight_p, weight_q = (one.density(line) / one.density(line).sum() for one in (real, forger))


def eight(width, seed=0):
    def make():
        return nets.mlp([1, width, 1], activation="tanh")

    return ensemble.stack(ensemble.single_nets(make, make, seed + i)[0] for i in range(8))


@torch.no_grad()
def curves_of(judges):
    return judges(x.float().expand(8, -1, 1))[..., 0].double()  # logits at all places x, (8, 3601)


def off(logits):
    """The mean |D - D*| over the points that come by, half of them real."""
    error = (torch.sigmoid(logits) - torch.sigmoid(best)).abs() * (p + q) / 2
    return torch.tensor([integral(one) for one in error])


# %% jupyter={"source_hidden": true}
by_width = {}
for width in (1, 2, 4, 32):
    judges = eight(width)
    adam = torch.optim.Adam(judges.parameters(), lr=2e-2)
    cool = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.02, total_iters=1500)
    for _ in range(1500):
        logits = judges(line.expand(8, -1, 1))[..., 0]
        loss = (weight_p * F.softplus(-logits) + weight_q * F.softplus(logits)).sum(1)
        adam.zero_grad()
        loss.sum().backward()
        adam.step()
        cool.step()
    by_width[width] = curves_of(judges)

# %% [markdown]
# **Data.** Now the other way round: 32 units, which is enough, and $N$ real and $N$ generated points. These points stay
# the same for 600 steps, and each step uses all of them.

# %% jupyter={"source_hidden": true}
by_points, on_training, by_best = {}, {}, {}
for n in (20, 40, 80, 160, 640, 2560):
    stream = device.generator(n)
    theirs = [one.sample(8 * n, stream).view(8, n, 1) for one in (real, forger)]
    judges = eight(32)
    adam = torch.optim.Adam(judges.parameters(), lr=1e-2)
    for _ in range(600):
        loss = F.softplus(-judges(theirs[0])).mean((1, 2)) + F.softplus(judges(theirs[1])).mean((1, 2))
        adam.zero_grad()
        loss.sum().backward()
        adam.step()
    by_points[n], on_training[n] = curves_of(judges), -loss.detach()  # the value on the points that it learned from
    logits = [(real.log_prob(one.flatten()[:, None]) - forger.log_prob(one.flatten()[:, None])) for one in theirs]
    by_best[n] = (F.logsigmoid(logits[0]) + F.logsigmoid(-logits[1])).view(8, n).mean(1)  # of D*, on the same points

# %% [markdown]
# **Predict, and say why:** what shape can a discriminator of width 1 have, and one of width 2? And will a discriminator
# that has seen 20 points be too sure, or too timid? (In the next picture each green line is one of eight networks, and
# the dashes are $D^*$. In the one after it each dot is a network, and the line runs through the medians.)

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(2, 3, figsize=(6.8, 4.2), sharex=True, sharey=True)
shown = {f"width {width}": by_width[width] for width in (1, 2, 32)}
shown |= {f"{n} points": by_points[n] for n in (20, 160, 2560)}
for ax, (title, logits) in zip(axes.flat, shown.items(), strict=True):
    ax.plot(x, torch.sigmoid(logits).T, color=plotting.DISC, alpha=0.6, linewidth=1.2)
    ax.plot(x, torch.sigmoid(best), color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5)
    ax.set(title=title, xlim=(-4.5, 4.5), ylim=(-0.03, 1.03), yticks=[0, 0.5, 1])
axes[1, 0].set(xlabel="x", ylabel="D(x)")
plt.show()

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 3.2), sharey=True)
for ax, found, name in ((axes[0], by_width, "width (endless data)"), (axes[1], by_points, "points N (width 32)")):
    gaps = torch.stack([off(logits) for logits in found.values()])
    ax.loglog(list(found), gaps, "o", color=plotting.DISC, alpha=0.45, markersize=5)
    ax.loglog(list(found), gaps.median(1).values, color=plotting.DISC)
    ax.set(xlabel=name, xticks=list(found), xticklabels=list(found))
    ax.minorticks_off()
axes[0].set(ylabel="mean |D - D*|", yticks=[0.001, 0.01, 0.1], yticklabels=["0.001", "0.01", "0.1"])
plt.show()

# %% jupyter={"source_hidden": true}
width_gap = {width: off(logits) for width, logits in by_width.items()}
points_gap = {n: off(logits) for n, logits in by_points.items()}
claim("width 1 cannot: all eight are off by more than 0.15", (width_gap[1] > 0.15).all(), measured=width_gap)
claim("width 32 comes within 0.01, at least seven of eight", (width_gap[32] < 0.01).sum() >= 7, measured=width_gap)
flat = {width: (logits.std(1) < 0.1).sum().item() for width, logits in by_width.items()}
claim("with 32 units none of the eight stays flat", flat[32] == 0, measured=flat)
middles = torch.stack([gap.median() for gap in width_gap.values()])
claim(
    "typical errors shrink from 1 to 2 units, and from 2 to 32, at least by half",
    (middles[[0, 1]] > 2 * middles[[1, 3]]).all(),
    middles,
)
claim("20 points: the typical error is above 0.06", points_gap[20].median() > 0.06, measured=points_gap)
claim("2560 points: below 0.02 in at least seven of eight", (points_gap[2560] < 0.02).sum() >= 7, measured=points_gap)
medians = torch.stack([gap.median() for gap in points_gap.values()])
claim(
    "from 20 to 160 to 2560 points the median shrinks, each time by a third or more",
    (medians[3] < medians[0] / 1.5) & (medians[5] < medians[3] / 1.5),
    measured=medians,
)

# %% [markdown]
# That is how near they come: on average within 0.01 of $D^*$ with 32 units and endless data, and within 0.02 with 2,560
# points of each kind. Three things to remember:
#
# - One tanh unit makes one step, up or down. Two units can make a **valley**: high, low, high. That nearly suffices
#   here, because hardly any point lies on the outer slopes of the hills. (A few of the networks with one or two units
#   may stay flat at ½. Others of the same width learned more, so the start decides. None of those with 32 units got
#   stuck: more units forgive a bad start.)
# - With too few **points**, a discriminator is wrong in a different way each time, and too sure: its curve is steep
#   wherever it can separate its own points.
# - The errors here are averages *over places where points come by*. Elsewhere nothing was promised (look at the edges
#   of the picture), and chapter 22 shows what that leads to.

# %% [markdown]
# ## 4. The value, measured by playing
#
# Section 2 computed $2\,\mathrm{JSD} - 2 \ln 2$ from formulas. In real life nobody has $p$ and $q$. All you have is a
# discriminator and its loss. There are two ways to read the loss: on the points that it learned from, or on fresh ones.
#
# **Predict, and say why,** for the discriminators with 20 points: which of the two readings lies above the exact value,
# and which lies below?

# %% jupyter={"source_hidden": true}
exact = value(best)
on_fresh = {n: torch.tensor([value(logits) for logits in by_points[n]]) for n in by_points}  # the mean over fresh ones
_, ax = plt.subplots(figsize=(6.8, 3.4))
for name, found, color, mark in (
    ("on its own points", on_training, plotting.NEUTRAL[0], "s"),
    ("on fresh points", on_fresh, plotting.DISC, "o"),
):
    all_values = torch.stack(list(found.values()))
    ax.plot(list(found), all_values, mark, color=color, alpha=0.35, markersize=5)
    ax.plot(list(found), all_values.median(1).values, color=color, label=name)
ax.axhline(exact, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="exact: 2 JSD - 2 ln 2")
ax.set_xscale("log")
ax.set(xlabel="real points, and as many generated ones", ylabel="value V", xticks=list(found))
ax.set_xticklabels(list(found))
ax.minorticks_off()
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
plt.show()

# %%
below = all((found < exact).all() for found in on_fresh.values())
identity("fresh points: below the exact value, for each of the 48 networks", below, measured=on_fresh)
gain = on_training[20].mean() - exact
claim("own points, 20 of them: above it, by more than 0.05 on average over the eight", gain > 0.05, measured=gain)
flattery = {n: on_training[n] - by_best[n] for n in (20, 40, 80, 160)}
claim("up to 160: on its own points each network beats D*", all((one > 0).all() for one in flattery.values()), flattery)
for name, found in (("own", on_training), ("fresh", on_fresh)):
    near = {n: (found[n] - exact).abs().median() for n in (20, 2560)}
    claim(f"{name} points: with 2560 at least five times nearer than with 20", near[2560] * 5 < near[20], measured=near)

# %% [markdown]
# Both have a reason.
#
# - **Fresh points err downwards.** The discriminator was fixed before they came. So the mean over them is, on average,
#   $V(D)$, and $V(D) \le V(D^*)$ for every $D$. *On average* it is a lower bound. (The mean over one small batch of
#   fresh points may by luck lie higher.)
# - **Own points err upwards**, once a discriminator is flexible. It was chosen so that the value is large on just these
#   points. At the very top it would be at least (nearly) as good on them as $D^*$, whose value on them is right *on
#   average*. On an unlucky sample both may be too low: some squares lie below the dashed line. But compare each network
#   with $D^*$ *on the same points*: up to 160 points every one of them is flattered.
#
# So with *few* data, the loss that you watch while training flatters the discriminator. (In a GAN the generated points
# are fresh at every step. The real ones are the same again and again.)
#
# Now the whole loop, as in real life: networks, samples, no formula. Real points come from $N(0, 1)$, and generated
# ones come from $N(\theta, 1)$. For six values of $\theta$, eight networks estimate the JSD by $\ln 2 - \frac12 L_D$ on
# 20,000 fresh points.


# %% jupyter={"source_hidden": true}
def played_jsd(theta, steps=300, batch=256):
    stream = device.generator(round(10 * theta))
    adam = torch.optim.Adam((judges := eight(32)).parameters(), lr=5e-3)
    for step in range(steps + 1):
        n = batch if step < steps else 20_000
        real_points, fakes = (torch.randn(8, n, 1, generator=stream) + shift for shift in (0, theta))
        loss = F.softplus(-judges(real_points)).mean((1, 2)) + F.softplus(judges(fakes)).mean((1, 2))
        if step < steps:
            adam.zero_grad()
            loss.sum().backward()
            adam.step()
    return math.log(2) - loss.detach() / 2


def normal(mean):
    return torch.exp(-0.5 * (x[:, 0] - mean) ** 2) / math.sqrt(2 * math.pi)


shifts = (0, 0.5, 1, 2, 3, 4)
played = torch.stack([played_jsd(theta) for theta in shifts])

# %% jupyter={"source_hidden": true}
smooth = torch.linspace(0, 4.3, 44)
_, ax = plt.subplots(figsize=(6.8, 3.2))
exact_curve = [jsd(normal(0), normal(theta)) for theta in smooth]
ax.plot(smooth, exact_curve, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5, label="exact, by quadrature")
ax.plot(shifts, played, "o", color=plotting.DISC, alpha=0.4)
ax.plot([], [], "o", color=plotting.DISC, label="eight networks each")
ax.axhline(math.log(2), color="0.6", linewidth=1)
ax.text(0, math.log(2) - 0.01, "ln 2", va="top")
ax.set(xlabel="distance θ between the two Gaussians", ylabel="JSD (nats)")
ax.legend(loc="lower right")
plt.show()

# %%
exact_jsd = torch.tensor([jsd(normal(0), normal(theta)) for theta in shifts])
claim("every estimate is within 0.02 of the exact JSD", ((played - exact_jsd[:, None]).abs() < 0.02).all(), played)
claim("equal distributions: all eight say 0 or less, but for 0.002", (played[0] < 0.002).all(), measured=played[0])
claim("and some of them say less than 0", (played[0] < 0).any(), measured=played[0])

# %% [markdown]
# The game measures a divergence between two distributions of which it sees nothing but samples. Look at $\theta = 0$:
# there are estimates *below 0*, which no JSD can be. They are lower bounds, true and useless.
#
# This was the easy case, on a line. In many dimensions, networks would need far more points to come so near.

# %% [markdown]
# ## 5. Which gradient does the generator get?
#
# Early in training the discriminator wins easily: for a generated point it says $D(G(z)) \approx 0$. That is when the
# generator needs its strongest push. Let us see which loss gives one.
#
# Write $\ell$ for the discriminator's **logit** of a generated point, so $D = \sigma(\ell)$. In the game of section 1
# the generator *minimises* $\log(1 - \sigma(\ell))$. This is the **saturating** loss. Goodfellow's paper trains with
# another one, $-\log \sigma(\ell)$: the **non-saturating** loss.
#
# **Predict, and say why:** which of the two has the larger slope at $\ell = -5$? And roughly how many times larger: 2,
# 10, 100?

# %% jupyter={"source_hidden": true}
GENERATOR_LOSSES = {
    "saturating": lambda logit: F.logsigmoid(-logit),  # log(1 - σ(ℓ))
    "non-saturating": lambda logit: -F.logsigmoid(logit),  # -log σ(ℓ)
}
logit = torch.linspace(-8, 8, 400, requires_grad=True)
slopes = {name: torch.autograd.grad(loss(logit).sum(), logit)[0] for name, loss in GENERATOR_LOSSES.items()}
_, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.2))
heights = {name: loss(logit.detach()) for name, loss in GENERATOR_LOSSES.items()}
plotting.curves(logit.detach(), heights, xlabel="logit of a fake sample", ylabel="loss", ax=left)
plotting.curves(logit.detach(), slopes, xlabel="logit of a fake sample", ylabel="slope of the loss", ax=right)
left.get_legend().remove()
right.get_legend().remove()
left.figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% jupyter={"source_hidden": true}
at = torch.tensor(-5.0)
ratio = torch.sigmoid(-at) / torch.sigmoid(at)
identity(
    "the slopes are -σ(ℓ) and -σ(-ℓ)",
    all(
        slopes[n].allclose(-torch.sigmoid(s * logit), atol=1e-6) for n, s in (("saturating", 1), ("non-saturating", -1))
    ),
)
identity("at logit -5 the non-saturating slope is e^5 ≈ 148 times the saturating one", ratio.isclose(at.neg().exp()))

# %% [markdown]
# Both slopes are sigmoids, mirrored: $-\sigma(\ell)$ for the saturating loss and $-\sigma(-\ell)$ for the other one.
# Their ratio is $e^{-\ell}$, so at $\ell = -5$ the non-saturating push is about 148 times stronger.
#
# Read the right plot from the left. Where the discriminator is *sure that the point is generated*, the saturating loss
# is flat. It is steep where the generator has already won. (It is easy to remember this the wrong way round. Put your
# finger on the curve.)
#
# Both losses agree about *where to go*: for one sample, each gradient is a negative multiple of the gradient of the
# logit, so both point the same way. (For a batch they agree no longer: the multiples differ from sample to sample, and
# so do the sums.) They disagree about *how far*. Does that matter in training? One run could tell us anything, so we
# ask eight seeds at once. Two little networks play on the ring of chapter 23:

# %% jupyter={"source_hidden": true}
ring = data.toy.ring()
stream = device.generator(0)


def make_g():
    return nets.mlp([2, 64, 64, 2], activation="tanh")


def make_d():
    return nets.mlp([2, 64, 64, 1], activation="tanh")


def update_d(G, D, adam):
    with torch.no_grad():
        fakes = G(torch.randn(8, 128, 2, generator=stream))
    loss = F.softplus(-D(ring.sample(8 * 128, stream).view(8, 128, 2))).mean((1, 2)) + F.softplus(D(fakes)).mean((1, 2))
    adam.zero_grad()
    loss.sum().backward()
    adam.step()


def loss_g(G, D, name):
    return GENERATOR_LOSSES[name](D(G(torch.randn(8, 128, 2, generator=stream)))).mean((1, 2)).sum()


# %% [markdown]
# First we let the discriminator win: it trains 200 steps alone. Then we compare the very first gradients of the
# generator.

# %% jupyter={"source_hidden": true}
pairs = [ensemble.single_nets(make_g, make_d, seed) for seed in range(8)]
G, D = ensemble.stack(g for g, _ in pairs), ensemble.stack(d for _, d in pairs)
adam_d = torch.optim.Adam(D.parameters(), lr=1e-3)
for _ in range(200):
    update_d(G, D, adam_d)


def gradient_lengths(name):
    """The length of the generator's gradient, for each of eight seeds."""
    parts = torch.autograd.grad(loss_g(G, D, name), G.parameters())
    return torch.stack([part.flatten(1).square().sum(1) for part in parts]).sum(0).sqrt()


# %%
with torch.no_grad():
    sure = D(G(torch.randn(8, 2000, 2, generator=stream))).mean((1, 2))
first = {name: gradient_lengths(name) for name in GENERATOR_LOSSES}
times = (first["non-saturating"] / first["saturating"]).median()
claim("the discriminator is sure: its mean logit on fakes is below -3.5, eight times", (sure < -3.5).all(), sure)
claim("the first non-saturating gradient is typically 40 to 400 times longer", 40 < times < 400, measured=times)

# %% [markdown]
# (If all generated points had the same logit, say −4.6, the ratio would be $e^{4.6} \approx 100$.)
#
# **Predict, and say why:** now both train on, the generator with plain SGD (rate 0.02). It makes 200 steps, with five
# steps of the discriminator for each. How many of the eight modes will each loss find?


# %% jupyter={"source_hidden": true}
@torch.no_grad()
def found(G):
    return metrics.mode_coverage(G(torch.randn(8, 2500, 2, generator=device.generator(1))), ring).captured


def play(name, make_optimizer, steps=200):
    mine, judge, adam = copy.deepcopy((G, D, adam_d))  # all games go on from the same moment
    stream.manual_seed(1)
    optimizer = make_optimizer(mine.parameters())
    modes = [found(mine)]
    for step in range(1, steps + 1):
        for _ in range(5):
            update_d(mine, judge, adam)
        optimizer.zero_grad()
        loss_g(mine, judge, name).backward()
        optimizer.step()
        if step % 20 == 0:
            modes.append(found(mine))
    return torch.stack(modes)


# %% jupyter={"source_hidden": true}
sgd = {name: play(name, lambda weights: torch.optim.SGD(weights, lr=0.02)) for name in GENERATOR_LOSSES}
plotting.seeds_over_time(range(0, 201, 20), sgd, "modes found, of 8", title="generator: SGD")

# %% jupyter={"source_hidden": true}
ends = {name: modes[-1] for name, modes in sgd.items()}
claim(
    "with SGD most saturating runs have found no mode yet; most non-saturating runs have",
    (ends["saturating"] == 0).sum() >= 5 and (ends["non-saturating"] > 0).sum() >= 5,
    measured=ends,
)

# %% [markdown]
# The saturating generator starves, as the formula said. (A mode counts as found when one of 2,500 points lies in it.
# That is far from a good forgery.) But we have picked a rate at which it shows. Five times the rate:

# %%
awake = play("saturating", lambda weights: torch.optim.SGD(weights, lr=0.1))[-1]
claim("saturating, SGD at 0.1: at least six of eight have found four modes or more", (awake >= 4).sum() >= 6, awake)

# %% [markdown]
# Five times the rate is enough here, although the first gradient is about a hundred times too short. So its first
# length doesn't decide alone: once the generator has moved a little, its later gradients count. We haven't taken this
# apart. (And a rate that suits a weak push may be too large once $D$ is near ½, where the push is many times stronger.)
#
# Now the same with Adam, which almost everybody uses:

# %% jupyter={"source_hidden": true}
adam = {name: play(name, lambda weights: torch.optim.Adam(weights, lr=1e-3)) for name in GENERATOR_LOSSES}
plotting.seeds_over_time(range(0, 201, 20), adam, "modes found, of 8", title="generator: Adam")

# %% jupyter={"source_hidden": true}
ends = {name: modes[-1] for name, modes in adam.items()}
claim(
    "with Adam the saturating loss starves no more: at least 6 of 8 runs find two modes or more",
    (ends["saturating"] >= 2).sum() >= 6,
    measured=ends,
)
level = ends["saturating"].median() >= ends["non-saturating"].median() - 1
claim("its median is at least as high as that of the other loss, less one mode", level, measured=ends)

# %% [markdown]
# The effect is gone. Adam divides each gradient by its own running size, so a gradient that is a hundred times too
# short is made long again. The slopes of this section are true. The conclusion "never train with the saturating loss"
# needs an optimiser that feels them. (Adam can't repair everything: it rescales signal and rounding error alike, and
# below a certain size, its $\varepsilon$, it rescales no more. See exercise 3.)
#
# Each thin line is one seed, the thick one is their median. With the same loss one seed finds many modes and another
# one finds few. Eight seeds are enough to see starvation, and not enough to rank the two losses under Adam.
#
# 🔎 **Try it.** Double the head start. What happens to the logit, and to the ratio of the first gradients? (The logit
# falls, so the ratio grows like $e^{-\ell}$. To see the saturating runs starve longer, give them the rate 0.1: with
# 0.02 most find nothing in 200 steps already.)

# %% [markdown]
# **The losses, side by side.** Each player *minimises* its own:
#
# | player | loss |
# |---|---|
# | discriminator | $L_D = -V = -\mathbb E_{x \sim p}[\log D(x)] - \mathbb E_{z \sim p_z}[\log(1 - D(G(z)))]$ |
# | generator, saturating | $\mathbb E_{z \sim p_z}[\log(1 - D(G(z)))]$ |
# | generator, non-saturating | $-\mathbb E_{z \sim p_z}[\log D(G(z))]$ |
#
# When you read such a formula elsewhere, ask three questions. Is it a value (large is good for $D$) or a loss (small
# is good)? Which letter is drawn, $x$ from the data or $z$ from the noise? Does a generated point occur in the
# generator's loss? A term such as $\mathbb E_p[\log D(x)]$ holds none, so $G$ gets no slope from it.
#
# A game is **zero-sum** if what one player wins, the other loses: as far as $G$ can change them, both losses add up to
# a constant. Then one number $V$ describes the game. The non-saturating game is not zero-sum: each player has a number
# of its own. By autograd:

# %% jupyter={"source_hidden": true}
reals, fakes = D(ring.sample(8 * 128, stream).view(8, 128, 2)), D(G(torch.randn(8, 128, 2, generator=stream)))
real_term = torch.autograd.grad(F.softplus(-reals).mean(), G.parameters(), retain_graph=True, allow_unused=True)
identity("-E_p[log D(x)] has no slope for G at all", all(slope is None for slope in real_term))
loss_d = F.softplus(-reals).mean() + F.softplus(fakes).mean()
for name, of_logit in GENERATOR_LOSSES.items():
    both = torch.autograd.grad(loss_d + of_logit(fakes).mean(), G.parameters(), retain_graph=True)
    largest = max(slope.abs().max() for slope in both)
    zero_sum = name == "saturating"
    identity(f"{name}: {'zero-sum' if zero_sum else 'not zero-sum'}", (largest < 1e-5) == zero_sum, measured=largest)

# %% [markdown]
# ## 6. What each loss follows
#
# Let $D$ be optimal for the present generator, $q_0$. Now let $G$ take one small step while $D$ stands still. Which
# divergence goes down? With $D^* = p/(p+q_0)$,
#
# $$\log(1 - D^*) = \log \frac{q_0}{p + q_0}, \qquad
# -\log D^* = \log \frac{q_0}{p} - \log \frac{q_0}{p + q_0} .$$
#
# The mean of the first over generated points has the same slope as the *value*, $2\,\mathrm{JSD}$: at a top the slope
# in $D$ is 0, so it makes no difference to the slope whether $D$ follows the small step. The mean of $\log (q_0/p)$ has
# the slope of the *reverse* KL, $\mathrm{KL}(q\,\|\,p) = \int q \log \frac qp\, dx$. Here $q$ stands in two places. Let
# $q'$ say how $q$ changes with a weight. The $q$ inside the logarithm adds $\int q \cdot \frac{q'}q\, dx = \int q'\,
# dx$ to the slope, and this is 0, because the area stays 1. So, for the gradient at $q = q_0$:
#
# | loss | its gradient is that of |
# |---|---|
# | saturating | $2\,\mathrm{JSD}(p, q)$ |
# | non-saturating | $\mathrm{KL}(q \,\Vert\, p) - 2\,\mathrm{JSD}(p, q)$ |
#
# (Arjovsky and Bottou found the second line in 2017. It needs densities, $q$ positive only where $p$ is, and slopes
# that may be taken under the integral.) We check it with a generator that has one weight, $G(z) = z + \theta$, at
# $\theta = 0.7$:


# %% jupyter={"source_hidden": true}
def gaussian(theta):
    return torch.exp(-0.5 * (x - theta) ** 2)[:, 0] / math.sqrt(2 * math.pi)


def by_game(name, at=0.7):
    """The generator's gradient through D* of this θ, which stands still: the mean slope at its points."""
    place = x.clone().requires_grad_()
    frozen = real.log_prob(place) + 0.5 * (place[:, 0] - at) ** 2 + 0.5 * math.log(2 * math.pi)
    (slope,) = torch.autograd.grad(GENERATOR_LOSSES[name](frozen).sum(), place)
    return integral(gaussian(at) * slope[:, 0])  # dG/dθ = 1


def by_divergence(divergence, at=0.7, h=1e-4):
    return (divergence(gaussian(at + h)) - divergence(gaussian(at - h))) / (2 * h)


two_jsd = by_divergence(lambda q: 2 * jsd(p, q))
reverse_kl = by_divergence(lambda q: integral(q * (q.log() - log_p)))
identity("saturating: the slope of 2 JSD", abs(by_game("saturating") - two_jsd) < 1e-6)
identity("non-saturating: that of KL(q‖p) - 2 JSD", abs(by_game("non-saturating") - (reverse_kl - two_jsd)) < 1e-6)

# %% [markdown]
# A *minus* before a divergence looks alarming. Does the non-saturating loss push distributions apart? It doesn't: the
# difference is a divergence itself. It is an $f$-divergence (chapter 31): with $u = p/q$ it is a mean over generated
# points, $\mathbb E_q [f(u)]$, of the fine
#
# $$f(u) = (u + 1) \ln \frac{1 + u}2 - (u + 1) \ln u + u - 1 .$$
#
# This $f$ is curved upwards, $f'' = 1/(u^2 (1 + u)) > 0$, and it is 0 and flat at $u = 1$. So the divergence is never
# negative, and 0 only for $p = q$. Both losses have the same goal. They differ in what they mind, and chapter 31 taught
# you how to read that. A point that is made up costs $f(0)$, and data that are left out cost $\lim f(u)/u$:
#
# | loss | made-up point | left-out data |
# |---|---|---|
# | saturating, $2\,\mathrm{JSD}$ | $\ln 2 \approx 0.69$ | $\ln 2 \approx 0.69$ |
# | non-saturating, $\mathrm{KL}(q \,\Vert\, p) - 2\,\mathrm{JSD}$ | no limit | $1 - \ln 2 \approx 0.31$ |

# %% jupyter={"source_hidden": true}
FINES = {
    "saturating": lambda u: torch.xlogy(u, u) - (u + 1) * ((1 + u) / 2).log(),
    "non-saturating": lambda u: (u + 1) * (((1 + u) / 2).log() - u.log()) + u - 1,
}
none, much = torch.tensor([1e-300, 1e12], dtype=torch.float64)
costs = {name: (fine(none).item(), (fine(much) / much).item()) for name, fine in FINES.items()}
identity("saturating: ln 2 and ln 2", all(abs(cost - math.log(2)) < 1e-9 for cost in costs["saturating"]), costs)
made_up, left_out = costs["non-saturating"]
identity("non-saturating: no limit, and 1 - ln 2", made_up > 600 and abs(left_out - 1 + math.log(2)) < 1e-9, costs)
lone = forgers["only the right cluster"].log_prob(x).exp()
direct, by_fine = kl(lone, p) - 2 * jsd(p, lone), integral(lone * FINES["non-saturating"](p / lone))
identity("E_q f(p/q) is KL(q‖p) - 2 JSD", abs(direct - by_fine) < 1e-6, measured=(direct, by_fine))

# %% [markdown]
# **Predict, and say why:** here are two bad generators. One leaves out the left cluster of the data. The other one has
# both clusters, and wastes 10 % of its points around $x = 5$, where there are no data. Which of them does each loss
# like better?

# %%
wasteful = data.toy.gaussian_mixture([-2.0, 2.0, 5.0], std=0.5, weights=[0.45, 0.45, 0.1]).log_prob(x).exp()
minds = {}
for name, bad in (("half of the data missing", lone), ("10 % wasted", wasteful)):
    minds[name] = 2 * jsd(p, bad), kl(bad, p) - 2 * jsd(p, bad)
    print(f"{name:25}  2 JSD = {minds[name][0]:.3f}   KL(q‖p) - 2 JSD = {minds[name][1]:.3f}")
half, waste = minds.values()
claim("2 JSD: half of the data missing is at least five times as bad", half[0] > 5 * waste[0], measured=minds)
claim("the other one: the 10 % in the wrong place are worse", waste[1] > half[1], measured=minds)

# %% [markdown]
# With a perfect discriminator, the non-saturating loss forgives missing data more easily, and points in wrong places
# less easily: the table of fines says so. (Shannon et al. 2020 made a theory of it.) That fits what one often sees:
# good samples, and lost modes. But don't read too much into it. All this holds for $D^*$ and for one small step. A
# training with real networks takes many steps, with a $D$ that is never quite $D^*$, and whether the loss decides what
# is lost there is another question.

# %% [markdown]
# ## 7. When they share no place
#
# Suppose that real and generated points lie in different places: no $x$ has both $p(x) > 0$ and $q(x) > 0$. Then
# $D^* = 1$ on the real ones and 0 on the others, $V(D^*) = 0$, and $\mathrm{JSD} = \ln 2$, the largest possible value.
# The distance between them doesn't matter. Here are two boxes of width 1, shifted by $\theta$, and the same boxes
# blurred by Gaussian noise:

# %% jupyter={"source_hidden": true}
places = torch.linspace(-6, 12, 18_001, dtype=torch.float64)


def box(start, blur):
    if blur == 0:
        return ((places > start + 1e-9) & (places < start + 1 + 1e-9)).double()  # left edge out, right edge in
    return torch.special.ndtr((places - start) / blur) - torch.special.ndtr((places - start - 1) / blur)


def box_jsd(theta, blur=0.0):
    a, b = box(0, blur), box(theta, blur)
    m = (a + b) / 2
    return 0.5 * 0.001 * (torch.xlogy(a, a) + torch.xlogy(b, b) - 2 * torch.xlogy(m, m)).sum().item()


# %% jupyter={"source_hidden": true}
thetas = torch.linspace(0, 4, 81, dtype=torch.float64)
found_jsd = {
    blur: torch.tensor([box_jsd(theta, blur) for theta in thetas], dtype=torch.float64) for blur in (0.0, 0.3, 1.0)
}
named = {("boxes" if blur == 0 else f"blurred by {blur:g}"): values for blur, values in found_jsd.items()}
plotting.curves(thetas, named, "shift θ", "JSD (nats)")
identity(
    "boxes: θ ln 2 as long as they overlap, then ln 2",
    found_jsd[0.0].allclose(thetas.clamp(max=1) * math.log(2), atol=2e-3),
)
identity(
    "at θ = 2 the boxes' JSD is flat, and that of the boxes blurred by 1 is not",
    abs(box_jsd(2.1) - box_jsd(1.9)) < 1e-9 and box_jsd(2.1, 1.0) - box_jsd(1.9, 1.0) > 0.01,
)

# %% [markdown]
# On the flat part the JSD has no slope, so there is nothing for the generator to follow. Data like images are worse
# than boxes: they lie near thin sheets, which as a rule hardly overlap unless they are equal.
#
# Blur helps: noise on real *and* generated points makes the two overlap everywhere. The goal $q = p$ stays, because two
# blurred distributions are equal only if the original ones are. What changes is how much each difference costs: fine
# detail hardly counts any more. (Noise on the real points *alone* would move the goal.) The other way out is a distance
# that does feel how far apart the points are: chapter 34.
#
# **And in training?** No network reaches $D^* = 0$ or 1, because no finite logit gives them. It only becomes surer and
# surer, as long as you let it. Take two strips in the plane with a gap between them. The generated strip stands still,
# and eight discriminators learn.
#
# **Predict, and say why:** how does the length of the arrows at the generated points (the slopes of both losses with
# respect to $x$) change from 10 to 100 to 1000 steps?

# %% jupyter={"source_hidden": true}
strip, forged_strip = data.toy.disjoint().parts


def strips_game(steps, look, hidden=1):
    def make():
        return nets.mlp([2, *[32] * hidden, 1])

    judges = ensemble.stack(ensemble.single_nets(make, make, seed)[0] for seed in range(8))
    adam, stream, seen = torch.optim.Adam(judges.parameters(), lr=3e-3), device.generator(0), []
    for step in range(steps + 1):
        mine, theirs = (one.sample(8 * 128, stream).view(8, 128, 2) for one in (strip, forged_strip))
        logits = judges(theirs.requires_grad_())[..., 0]
        loss = F.softplus(-judges(mine)[..., 0]).mean(1) + F.softplus(logits).mean(1)
        if step in look:
            (slope,) = torch.autograd.grad(logits.sum(), theirs, retain_graph=True)
            length = slope.norm(dim=2)
            arrows = [(length * torch.sigmoid(sign * logits)).mean(1) for sign in (1, -1)]
            seen.append(torch.stack([-loss, *arrows]).detach())
        adam.zero_grad()
        loss.sum().backward()
        adam.step()
    return torch.stack(seen, 1)  # value and both lengths, (3, looks, 8)


looks = (10, 30, 100, 300, 1000, 2000)
worth, weak, strong = strips_game(2000, looks)

# %% jupyter={"source_hidden": true}
_, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.2))
left.plot(looks, worth, color=plotting.DISC, alpha=0.5)
left.axhline(0, color=plotting.THEORY, linestyle=(0, (5, 3)), linewidth=1.5)
left.set(xscale="log", xlabel="steps of D alone", ylabel="value V  (dashes: its bound, 0)")
for name, lengths, color in (
    ("saturating", weak, plotting.NEUTRAL[0]),
    ("non-saturating", strong, plotting.NEUTRAL[1]),
):
    right.plot(looks, lengths, color=color, alpha=0.4, linewidth=1)
    right.plot(looks, lengths.median(1).values, color=color, label=name)
right.set(xscale="log", yscale="log", xlabel="steps of D alone", ylabel="mean length of an arrow")
right.legend(loc="lower left")
plt.show()

# %% jupyter={"source_hidden": true}
claim("after 2000 steps the value is above -0.01, eight times", (worth[-1] > -0.01).all(), measured=worth[-1])
claim("saturating: from 10 to 30 steps they get longer, all eight", (weak[1] > weak[0]).all(), weak)
claim("saturating: from 30 to 2000 steps they get at least 30 times shorter", (weak[-1] < weak[1] / 30).all(), weak)
claim("non-saturating: they get at least five times longer", (strong[-1] > 5 * strong[1]).all(), strong)

# %% [markdown]
# At first both kinds of arrows get longer, because the network gets steeper. Then the saturating push fades: its slope
# has the factor $D \to 0$, and a nearly perfect discriminator gives hardly any. The non-saturating arrows go on
# growing. Long arrows are no proof of a *good* direction, though. Between the strips no point has ever been, and the
# slope there is a guess.
#
# Would a deeper discriminator help the generator? Compare one, two and four hidden layers after 300 steps:

# %% tags=["nbval-ignore-output"]
depth = {hidden: strips_game(300, (300,), hidden)[:, 0] for hidden in (1, 2, 4)}  # value and both lengths, (3, 8)
typical = {hidden: found.median(1).values for hidden, found in depth.items()}
print("hidden layers   value   saturating arrow   non-saturating arrow")
for hidden, (height, flat, steep) in typical.items():
    print(f"{hidden:13} {height:7.0e} {flat:18.0e} {steep:22.1f}")
claim("all eight with four layers are surer than any with one", depth[4][0].min() > depth[1][0].max(), depth)
claim("their saturating arrows: at most a third as long, in the median", typical[4][1] < typical[1][1] / 3, typical)
claim("their non-saturating arrows are no shorter, in the median", typical[4][2] >= typical[1][2], typical)

# %% [markdown]
# It doesn't help here. After as many steps the deeper network is surer: its value is nearer to 0. Both arrows are the
# slope of the logit, times $D$ for the saturating loss and times $1 - D \approx 1$ for the other one. The second kind
# got no shorter. So the slope of the logit is there, and it is the factor $D$ that makes the first kind short.

# %% [markdown]
# ## What the theorem does not promise
#
# The paper of 2014 proves two things.
#
# - **Theorem 1.** Against the optimal $D$, the value is smallest exactly when $q = p$.
# - **Proposition 2.** Suppose that at each step $D$ reaches its optimum, and that then *the density $q$ itself* moves
#   downhill, by gradient steps of a suitable size. Then $q$ converges to $p$. (The value is convex in $q$, so there is
#   no local minimum to get stuck in. That the value falls at each step wouldn't be enough: the steps may shrink too
#   fast.)
#
# Both are true, and both say less than "a GAN's samples follow the distribution of the data":
#
# - Proposition 2 moves densities, and not the weights of a network. And its $D$ is optimal each time. Two networks that
#   move in turns are another game: chapter 33.
# - A discriminator's value is a *bound*, and a limited one may be content long before $q = p$ (chapter 21).
# - The data are a finite set. A free $D$ could learn them by heart (section 4).
# - And training may work where this theory sees no way: Fedus et al. (2018) show generators that learn thin sheets of
#   data while JSD theory promises them no gradient.

# %% [markdown]
# ## Help, I get …
#
# ### `nan` or `-inf` as the value
# `torch.log(torch.sigmoid(ℓ))` is $-\infty$ below a logit of about −89 in single precision, and $0 \cdot \infty$ is
# no number. `F.logsigmoid(ℓ)` does both in one safe step.
#
# ### A value above 0
# Somewhere a sign is lost, or a "probability" is above 1: $V$ is a sum of two means of logarithms of probabilities.
#
# ### A JSD of 1 where ln 2 ≈ 0.693 should be
# Logarithms to base 2 (bits). Both are right; this course counts in nats.

# %% [markdown]
# ### A JSD estimate below 0, or above ln 2
# Below 0: on these points the discriminator's loss is worse than that of $D = \frac12$. Usually it has learned few
# points by heart and is too sure (section 4). Rarely it has learned nothing yet: its guesses scatter around ½, and that
# costs, too. Above $\ln 2$: the loss is negative, so it isn't the cross-entropy.
#
# ### A discriminator with D = 0.75 where p = q
# It saw three real points for each generated one. Its best answer is then $3p/(3p + q)$: exercise 4.

# %% [markdown]
# ## Recap
#
# - At each place by itself the best bet is the share of real points: $D^* = p/(p+q)$, logit $\log p - \log q$.
# - Against $D^*$ the game is worth $2\,\mathrm{JSD} - 2 \ln 2$. Any other $D$ gets less, by twice the mean KL between
#   two coins.
# - So $\ln 2 - \frac12 L_D$ is a lower bound of the JSD. On fresh points it errs low; on the points that $D$ learned
#   from, it flatters.
# - The saturating loss is flat where $D(G(z)) \approx 0$, not where it is near 1. Plain SGD can starve there; Adam
#   hides it.
# - Where real and generated points share no place, JSD is $\ln 2$ and flat: a nearly perfect $D$ teaches the saturating
#   loss hardly anything.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A discriminator has the loss 1.2 on fresh points. What do you know about the JSD?</summary>
#
# It is (up to the error of the mean) at least ln 2 − 0.6 ≈ 0.093. It may be much larger: perhaps there is a better
# discriminator.
#
# </details>
#
# <details><summary>Two densities, and D* is 0.5 on the whole left half of the line. What do you know?</summary>
#
# That p = q there, at almost every place where points come by. Not that the two distributions are equal: on the right
# half they may differ as they like (with equal areas).
#
# </details>
#
# <details><summary>"The saturating loss vanishes when the generator is perfect." True?</summary>
#
# No. At the equilibrium D = ½ the slopes of both losses with respect to the logit are −½. What vanishes there, for both
# losses, is the slope of the *logit*: D* is flat. The saturating loss gets flat where D(G(z)) is near 0, with a
# generator that is far from perfect.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Goodfellow et al. 2014, Generative Adversarial Nets](https://arxiv.org/abs/1406.2661): $D^*$ is proposition 1, the
#   value theorem 1, convergence in the space of densities proposition 2. Section 3 has the non-saturating loss.
# - [Arjovsky and Bottou 2017, Towards Principled Methods for Training GANs](https://arxiv.org/abs/1701.04862): disjoint
#   supports, vanishing gradients, and what the non-saturating loss follows.
# - [Shannon et al. 2020, Non-saturating GAN training as divergence minimization](https://arxiv.org/abs/2010.08029): the
#   $f$-divergence of section 6, and why it resembles the reverse KL.
# - [Nowozin, Cseke and Tomioka 2016, f-GAN](https://arxiv.org/abs/1606.00709): the same game for any $f$-divergence.
# - [Fedus et al. 2018, Many Paths to Equilibrium](https://arxiv.org/abs/1710.08446): GANs that learn where the
#   divergence says they can't.
# - [Mohamed and Lakshminarayanan 2016, Learning in Implicit Generative Models](https://arxiv.org/abs/1610.03483): the
#   discriminator as an estimator of the ratio of two densities.

# %% [markdown]
# ## Key terms
#
# {{terms: value function; optimal discriminator; density ratio; Jensen–Shannon divergence; saturating loss;
# non-saturating loss; zero-sum game; support; quadrature}}
