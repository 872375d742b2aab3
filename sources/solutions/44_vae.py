# %% [markdown]
# # Exercises 44 · A VAE
#
# Write the loss of [the chapter](../chapters/44_vae.ipynb)'s VAE, find the noise that a squared error hides, and
# measure what a code tells about its picture. At the end your parts train a VAE. [Worked
# solutions](../solutions/44_vae.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch
import torch.nn.functional as F

from gan_edu import data, nets, plotting
from gan_edu.checks import chapter_44 as q

plotting.use_style()

# %% [markdown]
# ## 1. A VAE's loss
# *Difficulty ●○○ · importance ●●● · 10 minutes*
#
# Given are the decoder's logits (N, D), the pictures (N, D) with pixels from 0 to 1, and the encoder's mean and log
# variance, (N, Z) each. Write the loss with coins for pixels, in nats per picture:
#
# $$\frac1N \sum_{n} \Big[ \text{cross-entropy of picture } n + \beta \cdot \tfrac12 \sum_j (\mu_{nj}^2 +
# \sigma_{nj}^2 - 1 - \log \sigma_{nj}^2) \Big]$$
#
# Return one number from which `backward()` can start. It must survive logits of 200.


# %% answer="vae_loss"
def vae_loss(logits, pictures, mean, log_variance, beta):
    ### BEGIN SOLUTION
    rebuilding = F.binary_cross_entropy_with_logits(logits, pictures, reduction="none").sum(dim=1)
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)
    return (rebuilding + beta * kl).mean()
    ### END SOLUTION


# %% check="vae_loss" points=3
q.vae_loss.check(vae_loss)
### BEGIN HIDDEN TESTS
from math import log

from torch import tensor, zeros

coins, code, spread = tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]), tensor([[1.0, -1.0], [2.0, 0.0]]), zeros(2, 2)
assert abs(float(vae_loss(zeros(2, 3), coins, code, spread, 2.0)) - (3 * log(2) + 2 * 1.5)) < 1e-4
assert abs(float(vae_loss(400 * coins - 200, coins, zeros(2, 2), spread, 1.0))) < 1e-4
### END HIDDEN TESTS

# %%
# q.vae_loss.hint()

# %% [markdown]
# ## 2. Which noise is that?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A program minimises
#
# $$\text{error\_weight} \cdot \text{mean squared error over } D \text{ pixels} \;+\; \text{kl\_weight} \cdot
# \text{mean KL over } Z \text{ code numbers} .$$
#
# That is an honest VAE (β = 1, Gaussian pixels), up to a factor. Which standard deviation $s$ do its pixels have?
#
# **Predict:** both weights are 1, and a picture has four times as many pixels. What happens to $s$? (The cell below the
# check answers.)


# %% answer="assumed_noise"
def assumed_noise(error_weight, kl_weight, D, Z):
    ### BEGIN SOLUTION
    return math.sqrt(kl_weight * D / (2 * error_weight * Z))
    ### END SOLUTION


# %% check="assumed_noise" points=2
q.assumed_noise.check(assumed_noise)
### BEGIN HIDDEN TESTS
assert abs(float(assumed_noise(2.0, 1.0, 100, 4)) - 2.5) < 1e-6
assert abs(float(assumed_noise(1.0, 4.0, 50, 1)) - 10.0) < 1e-5
### END HIDDEN TESTS

# %%
# q.assumed_noise.hint()

# %%
{f"{side} × {side}": round(assumed_noise(1, 1, side * side, 100), 2) for side in (7, 14, 28, 56)}

# %% [markdown]
# ## 3. The loss at the best noise
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Gaussian pixels, one $s$ for the whole batch. For given outputs and pictures, (N, D) each, the mean of
#
# $$\frac{\lVert x - g \rVert^2}{2 s^2} + \frac D2 \log (2\pi s^2)$$
#
# over the N pictures depends on $s$. Return its smallest value, as a loss: `backward()` must reach the outputs.


# %% answer="fitted_rebuilding"
def fitted_rebuilding(outputs, pictures):
    ### BEGIN SOLUTION
    s2 = (outputs - pictures).square().mean()
    return outputs.shape[1] / 2 * (1 + (2 * math.pi * s2).log())
    ### END SOLUTION


# %% check="fitted_rebuilding" points=2
q.fitted_rebuilding.check(fitted_rebuilding)
### BEGIN HIDDEN TESTS
from math import log, pi

from torch import tensor

value = fitted_rebuilding(tensor([[1.0, 1.0], [0.0, 4.0]]), tensor([[1.0, 3.0], [0.0, 0.0]]))  # mean squared error 5
assert abs(float(value) - (1 + log(10 * pi))) < 1e-4
### END HIDDEN TESTS

# %%
# q.fitted_rebuilding.hint()

# %% [markdown]
# ## 4. How well does a code tell its picture?
# *Difficulty ●●● · importance ●●○ · 15 minutes*
#
# Section 8 of the chapter has $I$, the mean of $\log q_n(z) - \log \bar q(z)$, where $z$ was drawn from cloud $n$, and
# $\bar q = \frac1N \sum_m q_m$ is the mixture of all clouds.
#
# `log_q` of shape (n, N) holds $\log q_m(z_i)$ for n codes (rows) and N clouds (columns). Code i was drawn from cloud
# `who[i]`. Return the estimate of $I$, one number. The log densities may be as low as −1,000.
#
# **Predict, and say why:** what comes out if all clouds are the same? And if none of them touches another? (The text
# below the check answers.)


# %% answer="told"
def told(log_q, who):
    ### BEGIN SOLUTION
    n, N = log_q.shape
    own = log_q[torch.arange(n), who]
    mixture = log_q.logsumexp(dim=1) - math.log(N)
    return (own - mixture).mean()
    ### END SOLUTION


# %% check="told" points=3
q.told.check(told)
### BEGIN HIDDEN TESTS
from math import log

from torch import full, tensor

assert abs(float(told(full((3, 5), -700.0), tensor([0, 4, 2])))) < 1e-3
far = tensor([[-900.0, -2000.0, -3000.0, -4000.0], [-5000.0, -4000.0, -3000.0, -1500.0]])
assert abs(float(told(far, tensor([0, 3]))) - log(4)) < 1e-3
assert abs(float(told(far, tensor([1, 3]))) - (log(4) - 550)) < 1e-2
### END HIDDEN TESTS

# %%
# q.told.hint()

# %% [markdown]
# If all clouds are the same, each is equal to the mixture, and every difference is 0. If none touches another, the
# mixture at a code is the code's own cloud divided by N, and the difference is $\log N$.

# %% [markdown]
# ## 5. Read a report
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# From six reports about VAEs on MNIST. What do you answer, in two or three sentences each?
#
# 1. "Our generator is excellent: its reconstructions have a squared error of only 0.001."
# 2. "We reach a log-likelihood of +700 nats. Earlier work with binarised digits had −90."
# 3. "76 of 100 code numbers have collapsed, so 24 of them would have been much better."
# 4. "Our $L_{5000}$ is −97, their ELBO is −100. We win."
# 5. "We use mean squared error plus mean KL, as everybody does, but all our samples look like one grey digit."
# 6. "Our loss has fallen below minus a million after 80 steps. Splendid progress!"

# %% [markdown] answer="report" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. That is about copies. A plain autoencoder copies even better and can't generate. I'd ask for draws from N(0, I),
#    measured against a floor and a baseline, over seeds.
# 2. Coins have probabilities, so their log-likelihood is never positive. +700 must be a density of grey pixels, or a
#    mistake. The two numbers measure different things in different units.
# 3. By which line, and after how many steps? Put 0 in their place and see what gets worse. As they cost almost
#    nothing, leaving them out can't gain much.
# 4. L with many draws is higher than the ELBO for any model. Same k, same binarisation, same pictures, please.
# 5. Averages: for 784 pixels and, say, 100 numbers this assumes a noise of 1.98 on pixels between 0 and 1. The mean
#    picture is the right answer to that. Sum instead, and fit the noise.
# 6. A loss without a bottom: the KL probably has the wrong sign, and codes are rewarded for being far away. I'd test it
#    at mean 0 and variance 1, where it must be 0, and somewhere else, where it must be positive. (Or
#    pixels lie between −1 and 1.)
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.report.hint()
# q.report.check()

# %% [markdown]
# ## Your tools at work
#
# A small VAE on 2,000 digits, 300 steps with your loss: a few seconds.

# %%
torch.manual_seed(0)
x = data.images("mnist").tensor(flat=True, low=0.0)[:2000]
net = nets.VAE((784,), latent_dim=20, hidden=(200,))
adam = torch.optim.Adam(net.parameters(), lr=3e-3)
for _ in range(300):
    batch = x[torch.randint(len(x), (64,))]
    logits, mean, log_variance = net(batch, torch.randn(64, 20))
    loss = vae_loss(logits, batch, mean, log_variance, beta=1.0)
    adam.zero_grad()
    loss.backward()
    adam.step()

# %%
with torch.no_grad():
    rows = {"real": x[:10], "copies": net.decode(net.encode(x[:10])[0]).sigmoid()}
    rows["draws"] = net.decode(torch.randn(10, 20)).sigmoid()
plotting.image_grid({name: 2 * pictures - 1 for name, pictures in rows.items()}, rows=1)

# %% [markdown]
# **Predict:** with 2,000 pictures a code can tell at most $\log 2000 \approx 7.6$ nats. How many does it tell, and how
# many does it cost?

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    mean, log_variance = net.encode(x)
    who = torch.arange(0, 2000, 10)
    z = torch.normal(mean[who], (log_variance[who] / 2).exp())
    clouds = torch.distributions.Normal(mean, (log_variance / 2).exp())
    log_q = clouds.log_prob(z[:, None]).sum(dim=-1)  # (200, 2000)
    cost = torch.distributions.kl_divergence(clouds, torch.distributions.Normal(0.0, 1.0)).sum(1).mean()
print(f"cost {cost:.1f} nats, told {told(log_q, who):.2f} of at most {math.log(2000):.2f}")

# %% [markdown]
# The difference is $\mathrm{KL}(\bar q \,\|\, N(0, I))$. Part of it is only that 2,000 clouds are few. It doesn't say
# how good the draws are: for that, look at the third row again.
#
# 🔎 **Try it.** With β = 4 the codes spend fewer nats. What happens to the two numbers, to the copies, to the draws?
# Guess first.
