# %% [markdown]
# # Exercises 24 · From autoencoders to VAEs
#
# You write three small tools of [the chapter](../chapters/24_from_autoencoders_to_vaes.ipynb): a point of a cloud,
# what a cloud costs, and new codes for an autoencoder. Then your tools train a VAE and an autoencoder, and you
# compare them. Ask for a hint when you are stuck. The [worked
# solutions](../solutions/24_from_autoencoders_to_vaes.ipynb) are for later.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data, metrics, nets, plotting
from gan_edu.checks import chapter_24 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. A point of the cloud
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# A VAE's encoder has given the middle $\mu$ of each cloud and $\log \sigma^2$, both of shape (N, Z). `noise` has the
# same shape and comes from $N(0, I)$. Return one random point of each cloud, (N, Z): make the noise $\sigma$ wide and
# move it to $\mu$. The encoder has to learn through your function.
#
# **Predict:** what do you get when all of `log_variance` is 0?


# %% answer="draw_code"
def draw_code(mean, log_variance, noise):
    ### BEGIN SOLUTION
    std = torch.exp(log_variance / 2)
    return mean + std * noise
    ### END SOLUTION


# %% check="draw_code" points=2
q.draw_code.check(draw_code)
### BEGIN HIDDEN TESTS
import torch as _t

_mean, _log = _t.tensor([[1.0, -2.0, 0.0]]), _t.tensor([[0.0, 1.3862944, -1.3862944]])  # σ = 1, 2, ½
_mean.requires_grad_()
_code = draw_code(_mean, _log, _t.tensor([[3.0, -1.0, 4.0]]))
assert _t.allclose(_code, _t.tensor([[4.0, -4.0, 2.0]]), atol=1e-4)
_code.sum().backward()
assert _t.allclose(_mean.grad, _t.ones(1, 3))
### END HIDDEN TESTS

# %%
# q.draw_code.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# (If all of `log_variance` is 0, each width is 1, and you get `mean + noise`.)
#
# ## 2. Alive or dead?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# What does each *number* of the code cost, on average over the pictures? One number of one picture costs
#
# $$\tfrac12 \left(\mu^2 + \sigma^2 - 1 - \log \sigma^2\right).$$
#
# Return the Z mean costs, shape (Z,). A number that costs next to nothing is dead. (The function will also be used in a
# loss, so gradients must pass.)
#
# **Predict:** a number has $\mu = 3$ for every picture, and $\sigma = 1$. What does it cost? And is it of any use to
# the decoder?


# %% answer="price_per_number"
def price_per_number(mean, log_variance):
    ### BEGIN SOLUTION
    variance = log_variance.exp()
    costs = (mean**2 + variance - 1 - log_variance) / 2  # (N, Z)
    return costs.mean(dim=0)
    ### END SOLUTION


# %% check="price_per_number" points=2
q.price_per_number.check(price_per_number)
### BEGIN HIDDEN TESTS
import torch as _t

_mean = _t.tensor([[2.0, 0.0], [0.0, 0.0], [4.0, 0.0]], requires_grad=True)
_costs = price_per_number(_mean, _t.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, -1.3862944]]))
assert _t.allclose(_costs, _t.tensor([10 / 3, (0.25 - 1 + 1.3862944) / 6]), atol=1e-4)
_costs.sum().backward()
assert _t.allclose(_mean.grad[:, 0], _t.tensor([2 / 3, 0.0, 4 / 3]), atol=1e-4)
### END HIDDEN TESTS

# %%
# q.price_per_number.hint()

# %% [markdown]
# The answer to the prediction: 4.5 nats, and it is of no use. A number that is always 3 says nothing about the
# picture. So the cost tells how far a number is from $N(0, 1)$, not how much it says. Training would soon bring this
# number to 0.

# %% [markdown]
# ## 3. Drawing new codes
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# An autoencoder has given you the `codes` of many pictures, (N, Z). They may lie anywhere, stretched and tilted.
# Write a function that draws `n` *new* codes, (n, Z), from the Gaussian with their mean and covariance.
#
# **Predict:** is it enough to give each number its own mean and standard deviation?


# %% answer="sample_codes"
def sample_codes(codes, n):
    ### BEGIN SOLUTION
    root = torch.linalg.cholesky(torch.cov(codes.T))  # root @ root.T is the covariance
    return codes.mean(dim=0) + torch.randn(n, codes.shape[1]) @ root.T
    ### END SOLUTION


# %% check="sample_codes" points=3
q.sample_codes.check(sample_codes)
### BEGIN HIDDEN TESTS
import torch as _t

_t.manual_seed(5)
_shape = _t.tensor([[1.0, 0.0, 0.0, 0.0], [2.0, 0.3, 0.0, 0.0], [0.0, -1.0, 1.0, 0.0], [0.5, 0.0, 0.2, 2.0]])
_codes = (_t.rand(4000, 4) - 0.5) @ _shape.T + _t.tensor([10.0, 0.0, -5.0, 1.0])
_drawn = _t.as_tensor(sample_codes(_codes, 30_000)).float()
assert _drawn.shape == (30_000, 4)
_white = _t.linalg.inv(_t.linalg.cholesky(_t.cov(_codes.T)))
_z = (_drawn - _codes.mean(0)) @ _white.T
assert _z.mean(0).abs().max() < 0.06 and (_t.cov(_z.T) - _t.eye(4)).abs().max() < 0.08
assert (_z.pow(4).mean(0) - 3).abs().max() < 0.5  # normal, though the codes aren't
### END HIDDEN TESTS

# %%
# q.sample_codes.hint()

# %% [markdown]
# (It is not enough. The numbers of a code go together, and a standard deviation for each doesn't know how. The
# covariance does.)
#
# ## 4. Three statements about one table
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Fréchet distances as in the chapter (one seed, 1,000 steps; floor 0.23):
#
# | model | of copies | of draws | recogniser more than 90 % sure of draws |
# |---|---|---|---|
# | AE, codes from N(0, I) | 3.7 | 38 | 29 % |
# | AE, codes from a Gaussian | 3.7 | 14 | 36 % |
# | VAE, β = 1 | 7 | 22 | 33 % |
# | VAE, β = 20 | 256 | 214 | 100 % |
# | unseen digits | – | 0.3 | 97 % |
#
# Which of these statements does the table support, and which not? Say why, in a sentence or two for each.
#
# 1. "An autoencoder can't generate."
# 2. "The VAE's copies are good, so its decoder is good, so its draws must be good."
# 3. "With β = 20 the VAE draws the clearest digits: the recogniser is surest of them."

# %% [markdown] answer="three_statements" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. Not supported. Drawn from N(0, I) it fails (38). But the same decoder with codes from a Gaussian is nearer than the
#    VAE (14 against 22). What was missing is a distribution for the codes, and that can be fitted after training.
# 2. The first two parts are all right, the third doesn't follow. Copies use codes of real pictures, draws use codes
#    from N(0, I). 7 against 22 shows how much that matters: all clouds together are not N(0, I).
# 3. Refuted by the column beside it: a distance of 214 is far worse than anything else. The recogniser has no word for
#    "no digit" and is certain even of a blob. More than the 97 % of real digits isn't better than real.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.three_statements.hint()
# q.three_statements.check()

# %% [markdown]
# ## Your tools at work
#
# `draw_code` and `price_per_number` train small VAEs on 5,000 digits. It takes some seconds.

# %%
digits = data.images("mnist").tensor(flat=True, low=0.0)[:5000]


def train(beta, steps=500):
    torch.manual_seed(0)
    encoder = nets.mlp([784, 128, 16], activation="relu")  # 8 means, 8 log variances
    decoder = nets.mlp([8, 128, 784], activation="relu")
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    for _ in range(steps):
        batch = digits[torch.randint(len(digits), (64,))]
        mean, log_variance = encoder(batch).chunk(2, dim=1)
        logits = decoder(draw_code(mean, log_variance, torch.randn_like(mean)))
        loss = F.binary_cross_entropy_with_logits(logits, batch, reduction="sum") / len(batch)
        loss = loss + beta * price_per_number(mean, log_variance).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        return decoder, *encoder(digits).chunk(2, dim=1)


# %% [markdown]
# **Predict:** how many of the 8 numbers are alive (more than 0.1 nats) at β = 1, and at β = 10?

# %% tags=["nbval-ignore-output"]
vae, strong, plain = train(beta=1), train(beta=10), train(beta=0)
for beta, (_, mean, log_variance) in {1: vae, 10: strong}.items():
    print(f"β = {beta}: {int((price_per_number(mean, log_variance) > 0.1).sum())} of 8 alive")

# %% [markdown]
# And `sample_codes` against $N(0, I)$. At β = 0 the clouds become points, and what is left is a plain autoencoder:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    pictures = {
        "VAE, N(0, I)": vae[0](torch.randn(1000, 8)).sigmoid() * 2 - 1,
        "AE, your codes": plain[0](sample_codes(plain[1], 1000)).sigmoid() * 2 - 1,
    }
plotting.image_grid({name: each[:10] for name, each in pictures.items()}, rows=1)
reference = metrics.Reference("mnist", 2 * digits - 1)
for name in pictures:
    print(f"{name}: Fréchet distance {reference.frechet(pictures[name]):.0f}")

# %% [markdown]
# 🔎 **Try it.** Draw codes for the VAE as well: `sample_codes(vae[1], 1000)`. Then train all of them with more steps,
# and with another seed, and write down first which order you expect.
