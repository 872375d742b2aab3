# %% [markdown]
# # Exercises 35 · The ELBO
#
# You write the formulas of [the chapter](../chapters/35_elbo.ipynb): a KL term, a bound, a tighter bound, and a
# forecast of which code numbers die. At the end they train a VAE on points of the plane and say how good it is. There
# are [worked solutions](../solutions/35_elbo.ipynb) for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch

from gan_edu import data, nets, plotting
from gan_edu.checks import chapter_35 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. From any Gaussian to any other
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# The chapter has the KL to $N(0, I)$. Derive the general one and write it: for $q = N(\mu_q, \operatorname{diag}
# \sigma_q^2)$ and $p = N(\mu_p, \operatorname{diag} \sigma_p^2)$ return $\mathrm{KL}(q \,\|\, p)$ for each row, as a
# tensor of shape (N,). All arguments have the shape (N, Z); `log_q` and `log_p` hold $\log \sigma^2$.
#
# **Predict, and say why:** $q = N(1, 1)$ and $p = N(0, 4)$. Which is larger, $\mathrm{KL}(q \,\|\, p)$ or
# $\mathrm{KL}(p \,\|\, q)$?


# %% answer="gaussian_kl"
def gaussian_kl(mean_q, log_q, mean_p, log_p):
    ### BEGIN SOLUTION
    shift = (mean_q - mean_p).square()
    ratio = (log_q.exp() + shift) / log_p.exp()
    return 0.5 * (log_p - log_q + ratio - 1).sum(dim=1)
    ### END SOLUTION


# %% check="gaussian_kl" points=2
q.gaussian_kl.check(gaussian_kl)
### BEGIN HIDDEN TESTS
import torch

given = [torch.tensor([[1.0, -2.0, 0.5]]), torch.tensor([[0.0, 0.6, -1.0]])]
given += [torch.tensor([[0.0, 1.0, 0.5]]), torch.tensor([[1.3862943611, 0.2, -1.0]])]
assert abs(float(gaussian_kl(*given)[0]) - 4.1733471) < 1e-3
assert tuple(gaussian_kl(*(each.expand(5, 3) for each in given)).shape) == (5,)
given[0].requires_grad_()
gaussian_kl(*given).sum().backward()
assert bool(((given[0].grad - torch.tensor([[0.25, -2.4561923, 0.0]])).abs() < 1e-3).all())
### END HIDDEN TESTS

# %%
# q.gaussian_kl.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# <details><summary>Which is larger, and why?</summary>
#
# $\mathrm{KL}(p \,\|\, q)$ = 1.31, against 0.44. Its mean is taken over draws of the wide $p$, and many of these lie
# where the narrow $q$ has hardly any density. That costs much. The other way round, nearly all draws of $q$ lie where
# $p$ has density as well.
#
# </details>

# %% [markdown]
# ## 2. One draw, one bound
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# Estimate the ELBO of each data point from one draw: $\log p(x \mid z) - \mathrm{KL}$, a tensor of shape (N,).
#
# - `x` is (N, D). `mean` and `log_variance` ($\log \sigma^2$) come from the encoder, (N, Z). `noise` is drawn from
#   $N(0, I)$, (N, Z).
# - `decode` turns codes (N, Z) into the means of $x$, (N, D). Around them $x$ is Gaussian, each number with the
#   standard deviation `s`.
#
# Keep all constants: it must be a true bound of a log density. Gradients must reach the mean, the log variance and the
# decoder, since a VAE will be trained with it.
#
# **Predict, and say why:** for the same networks, does the bound rise or fall when `s` is halved?


# %% answer="elbo"
def elbo(x, mean, log_variance, decode, s, noise):
    ### BEGIN SOLUTION
    z = mean + (0.5 * log_variance).exp() * noise
    error = (x - decode(z)) / s
    log_likelihood = -0.5 * error.square() - math.log(s) - 0.5 * math.log(2 * math.pi)
    zeros = torch.zeros_like(mean)
    return log_likelihood.sum(dim=1) - gaussian_kl(mean, log_variance, zeros, zeros)
    ### END SOLUTION


# %% check="elbo" points=3
q.elbo.check(elbo)
### BEGIN HIDDEN TESTS
import torch

told = torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[0.5]]), torch.tensor([[0.0]])
weight = torch.tensor([[1.0, 0.0, 2.0]], requires_grad=True)
bound = elbo(
    *told, lambda code: code @ weight.to(code.dtype), 2.0, torch.tensor([[-1.5]])
)  # the code is −1, the error (2, 0, 4)
assert abs(bound[0].item() + 7.4612570) < 1e-3 and tuple(bound.shape) == (1,)
(pull,) = torch.autograd.grad(bound.sum(), weight)
assert bool(((pull - torch.tensor([[-0.5, 0.0, -1.0]])).abs() < 1e-3).all())
### END HIDDEN TESTS

# %%
# q.elbo.hint()

# %% [markdown]
# <details><summary>Does it rise or fall?</summary>
#
# It depends on how well $x$ is rebuilt. Halving s adds ln 2 for each of the D numbers, and makes $\lVert x - g \rVert^2
# / (2 s^2)$ four times as large. So the bound rises as long as the mean squared error of one number is below $\tfrac23
# \ln 2 \cdot s^2 \approx 0.46\, s^2$ (with the old s), and falls if it is above. The best s² for given networks is the
# mean squared error itself.
#
# </details>

# %% [markdown]
# ## 3. Many draws, a tighter bound
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# `log_weights` holds $\log w_i = \log p(x, z_i) - \log q(z_i)$ for k draws (rows) of N data points (columns), shape
# (k, N). Return $\log \frac1k \sum_i w_i$ for each data point, a tensor of shape (N,). Log weights may be as small as
# −800, and they may be very different for different data points.


# %% answer="tighter_bound"
def tighter_bound(log_weights):
    ### BEGIN SOLUTION
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))
    ### END SOLUTION


# %% check="tighter_bound" points=2
q.tighter_bound.check(tighter_bound)
### BEGIN HIDDEN TESTS
import torch

table = torch.tensor([[-900.0, 0.0, 300.0], [-900.0, -1.3862943611, 300.0]])
assert bool(((tighter_bound(table) - torch.tensor([-900.0, -0.4700036, 300.0])).abs() < 1e-3).all())
### END HIDDEN TESTS

# %%
# q.tighter_bound.hint()

# %% [markdown]
# ## 4. Who dies?
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Take a linear VAE with as many code numbers as the data have dimensions. The data have `variances` (the eigenvalues of
# their covariance, shape (D,)). The decoder's noise has the fixed standard deviation `s`, and the KL term has the
# factor `beta`. Write `prices(variances, s, beta)`: what the number of each direction costs at the optimum of training,
# in nats, a tensor of shape (D,). Dead numbers cost 0.
#
# **Predict, and say why:** the data have variance 1 in every direction, s = 1, β = 1. How many numbers are alive?


# %% answer="prices"
def prices(variances, s, beta):
    ### BEGIN SOLUTION
    price = 0.5 * torch.log(variances / (beta * s**2))
    return price.clamp(min=0)
    ### END SOLUTION


# %% check="prices" points=2
q.prices.check(prices)
### BEGIN HIDDEN TESTS
import torch

alive = prices(torch.tensor([9.0, 4.5, 4.0, 0.01]), 1.5, 2.0)
assert bool(((alive - torch.tensor([0.3465736, 0.0, 0.0, 0.0])).abs() < 1e-5).all())
### END HIDDEN TESTS

# %%
# q.prices.hint()

# %% [markdown]
# <details><summary>How many are alive?</summary>
#
# None. Each variance is exactly β s², so the noise alone explains every direction. No code can add anything.
#
# </details>

# %% [markdown]
# ## 5. Four messages
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Four people write to you. What do you answer? Two or three sentences each will do.
#
# 1. "My VAE on binarised digits has an ELBO of **+35** nats. State of the art!"
# 2. "Model A has a test ELBO of −92, B of −95. So A is the better model of the data."
# 3. "I divided the pixels by 255, and the bound of my Gaussian VAE (28 × 28 pixels, learned noise) rose by 4,344
#    nats. A breakthrough?"
# 4. "Six of my eight code numbers are dead. I need a better optimiser for the KL term, don't I?"

# %% [markdown] answer="four_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. Impossible: probabilities of binary pictures are at most 1, so their logarithm is at most 0, and a lower bound lies
#    below. I would look for targets outside 0 and 1 (such as pixels from −1 to 1), a missing minus, or a KL term with
#    the wrong sign.
# 2. Not shown. A bound is likelihood minus gap, and A may only have the smaller gap. Compare importance weighted bounds
#    with a large k, on the same test set.
# 3. No. A density has units: the same model, written for numbers that are 255 times as small, has a log density that
#    is higher by 784 · ln 255 = 4,344 nats. Nothing has been learned. Such bounds can't be compared.
# 4. First compare the variances with s² and β s². Directions below s² are dead in the best model with this noise; those
#    between s² and β s² are killed by β. So learn s or make it smaller, use β = 1, and look for averages where sums
#    belong. After that I would think about the optimiser.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.four_messages.hint()
# q.four_messages.check()

# %% [markdown]
# ## Your tools at work
#
# Here are points on a ring, and a VAE with one code number. It is trained with your `elbo`.

# %%
ring = data.toy.ring(modes=8, radius=2.0, std=0.3)
x = ring.sample(4000, 0)
S = 0.3


def train(steps=1200):
    torch.manual_seed(0)
    encoder = nets.mlp([2, 64, 64, 2], activation="tanh")  # one mean, one log variance
    decoder = nets.mlp([1, 64, 64, 2], activation="tanh")
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    for _ in range(steps):
        batch = x[torch.randint(len(x), (128,))]
        mean, log_variance = encoder(batch).chunk(2, dim=1)
        loss = -elbo(batch, mean, log_variance, decoder, S, torch.randn_like(mean)).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return encoder, decoder


encoder, decoder = train()

# %% [markdown]
# **Predict:** how far is the ELBO from the bound with 1,000 draws? And from the mean log density of the *true*
# distribution, which no model can beat on average?

# %% tags=["nbval-ignore-output"]
fresh = ring.sample(500, 1)
with torch.no_grad():
    mean, log_variance = encoder(fresh).chunk(2, dim=1)
    noise = torch.randn(1000, *mean.shape)
    z = torch.addcmul(mean, torch.exp(log_variance / 2), noise)
    normal = torch.distributions.Normal(0.0, 1.0)
    log_x = torch.distributions.Normal(decoder(z.flatten(0, 1)).view(1000, 500, 2), S).log_prob(fresh).sum(-1)
    log_w = (log_x + (normal.log_prob(z) - normal.log_prob(noise) + 0.5 * log_variance).sum(-1)).detach()
print(f"ELBO {elbo(fresh, mean, log_variance, decoder, S, noise[0]).mean():.2f}")
print(f"1,000 draws {tighter_bound(log_w).mean():.2f}, the truth {ring.log_prob(fresh).mean():.2f}")

# %% [markdown]
# In our run 0.3 nats are gap: more draws win them back. About 0.4 more are missing because this small decoder is not
# the true distribution. (The bound with 1,000 draws may still be a little too low.)

# %%
with torch.no_grad():
    codes = torch.randn(2000, 1)
    made = decoder(codes) + S * torch.randn(2000, 2)
plotting.scatter_2d(fresh, made)

# %% [markdown]
# 🔎 **Try it.** Halve `S`, then double it, and train again. Which one raises the bound? Predict first.
#
# <details><summary>What comes out</summary>
#
# Neither. In our runs the ELBO was about −3.1 with S = 0.3, −3.2 with the double and −5.2 with the half. The points
# really scatter by 0.3 around the ring. With S = 0.15 each of them is two "standard deviations" off on average, and the
# squared error weighs four times as much. With S = 0.6 the decoder spreads its density too widely.
#
# </details>
#
# And what does `prices` say about a ring, whose covariance has two equal variances of about 2.1: would a *linear* VAE
# with s = 1.5 use its code at all?
#
# <details><summary>Would it?</summary>
#
# No. β s² = 2.25 is more than 2.1, so both numbers would be dead. The ring is explained as noise.
#
# </details>
