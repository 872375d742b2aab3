# %% [markdown]
# # Exercises 11 · Why generate
#
# What a generative model does with gaps, what density a sampler has and where it has none, and how many small steps
# make a sample: you write it yourself. [The chapter](../chapters/11_why_generate.ipynb) tells the story; [worked
# solutions](../solutions/11_why_generate.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, nets, plotting
from gan_edu.checks import chapter_11 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1 · A picture with gaps
# *Difficulty ●○○ · importance ●●○ · 8 minutes*
#
# Pictures are rows of zeros and ones, `x` of shape (N, d), but some pixels are covered: `known`, of shape (d,), is
# `True` where a pixel is known, and in the other columns `x` holds NaN. The model is a sheet of coins, `theta` of shape
# (d,). Write `known_score(x, theta, known)`, of shape (N,): the log-probability of what is known of each picture.


# %% answer="known_score"
def known_score(x, theta, known):
    ### BEGIN SOLUTION
    x, theta = x[:, known], theta[known]
    return (x * theta.log() + (1 - x) * (1 - theta).log()).sum(1)
    ### END SOLUTION


# %% check="known_score" points=1
q.known_score.check(known_score)

# %%
# q.known_score.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# At work: which digit is it, if only some rows of it are known? Ten sheets, one for each digit; the share of 2,000
# test digits that are named right.

# %%
mnist, test = data.images("mnist"), data.images("mnist", "test")
digits, unseen = ((images.pixels > 127).flatten(1).double() for images in (mnist, test))
sheets = torch.stack([(digits[mnist.labels == k].sum(0) + 1) / ((mnist.labels == k).sum() + 2) for k in range(10)])
for rows in (2, 6, 10, 14, 28):
    known = torch.arange(784) < 28 * rows  # the uppermost rows
    covered = torch.where(known, unseen, math.nan)
    best = torch.stack([known_score(covered, sheet, known) for sheet in sheets], 1).argmax(1)
    print(f"{rows:2} of 28 rows: {(best == test.labels).double().mean():.2f}")

# %% [markdown]
# ## 2 · The density of a sampler
# *Difficulty ●●○ · importance ●●● · 12 minutes*
#
# A sampler on a line: noise $z \sim N(0, 1)$ goes in, $x = G(z)$ comes out. $G$ takes and gives tensors of shape (N,),
# number by number; it either rises everywhere or falls everywhere. Write `log_density(G, z)`, of shape (N,): the
# logarithm of the density of $x$ at the places $G(z)$.


# %% answer="log_density"
def log_density(G, z):
    ### BEGIN SOLUTION
    z = z.detach().requires_grad_()
    (slope,) = torch.autograd.grad(G(z).sum(), z)
    return (-(z**2) / 2 - 0.5 * math.log(2 * math.pi) - slope.abs().log()).detach()
    ### END SOLUTION


# %% check="log_density" points=2
q.log_density.check(log_density)

# %%
# q.log_density.hint()


# %%
def sampler(z):
    return torch.sinh(1.2 * z) / 2 - z / 4


device.seed_everything(0)
z = torch.linspace(-2.2, 2.2, 300).double()
_, ax = plt.subplots(figsize=(6.8, 2.8))
samples = sampler(torch.randn(100_000).double())
ax.hist(samples.numpy(), bins=200, range=(-4, 4), density=True, color=plotting.FAKE, alpha=0.4, label="samples")
ax.plot(sampler(z), log_density(sampler, z).exp(), color=plotting.THEORY, linestyle="--", linewidth=1.5, label="yours")
ax.set(xlabel="x", ylabel="density", xlim=(-4, 4))
ax.legend()
plt.show()

# %% [markdown]
# ## 3 · How thin is the sheet?
# *Difficulty ●●○ · importance ●●○ · 8 minutes*
#
# `G` is a network from noise `z` of shape (k,) to an output of shape (d,). Write `directions(G, z)`: in how many
# independent directions can the output move when `z` moves a little? (It is a whole number.)


# %% answer="directions"
def directions(G, z):
    ### BEGIN SOLUTION
    return int(torch.linalg.matrix_rank(torch.func.jacrev(G)(z)))
    ### END SOLUTION


# %% check="directions" points=2
q.directions.check(directions)

# %%
# q.directions.hint()

# %% [markdown]
# **Predict:** for a generator with 100 numbers of noise and 784 pixels, and for one with a layer of 10 in between?

# %%
device.seed_everything(0)
for layers in ([100, 128, 784], [100, 10, 784]):
    G = nets.mlp(layers, activation="tanh").double()
    print(layers, "→", directions(G, torch.randn(100).double()), "directions of 784")

# %% [markdown]
# ## 4 · From noise to a sample
# *Difficulty ●●○ · importance ●●○ · 12 minutes*
#
# `denoise(x, sigma)` says what the data was on average, given that `x` is data with noise of width `sigma` on top.
# Write `sample_by_denoising(denoise, x, sigmas)`: start from the noise `x` and go through the shrinking widths in the
# tensor `sigmas`. Each step from one width to the next keeps the denoiser's answer, and of the rest `x − answer` only
# the share that makes the noise as wide as the next one of `sigmas`. Return the last `x`; leave the given one as it
# was.


# %% answer="sample_by_denoising"
def sample_by_denoising(denoise, x, sigmas):
    ### BEGIN SOLUTION
    for now, after in zip(sigmas[:-1], sigmas[1:], strict=True):
        answer = denoise(x, now)
        x = answer + after / now * (x - answer)
    return x
    ### END SOLUTION


# %% check="sample_by_denoising" points=2
q.sample_by_denoising.check(sample_by_denoising)

# %%
# q.sample_by_denoising.hint()

# %% [markdown]
# Here it samples real pictures: the data are 500 shoes and trousers themselves, and their denoiser is a formula, an
# average of all 500, weighted by how probable each is under the noise. Such a perfect denoiser of its *training set*...
# what will it generate?

# %%
fashion = data.images("fashion_mnist")
pictures = fashion.tensor(flat=True).double()[(fashion.labels == 1) | (fashion.labels == 7)][:500]


def denoise(x, sigma):
    return (-torch.cdist(x, pictures).square() / (2 * sigma**2)).softmax(1) @ pictures


device.seed_everything(0)
noise = 30 * torch.randn(10, 784).double()
new = {}
for steps in (1, 5, 30):
    widths = torch.linspace(30 ** (1 / 7), 0.05 ** (1 / 7), steps).double() ** 7
    widths = torch.cat([widths, torch.zeros(1).double()])
    new[f"{steps} step{'s' if steps > 1 else ''}"] = sample_by_denoising(denoise, noise, widths)
plotting.image_grid({name: images.clamp(-1, 1) for name, images in new.items()})
nearest = torch.cdist(new["30 steps"], pictures).amin(1)
print("distance to the nearest training picture, at most:", f"{nearest.max():.2f}")

# %% [markdown]
# Copies. The exact denoiser of a finite set of pictures leads back to these pictures: that a trained network generates
# *new* ones comes from what it can't represent exactly. Generalisation is a property of the network, here as in a GAN.
#
# ## 5 · Dead, or at work?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A friend says: “It is 2026. Diffusion models have won, nobody needs GANs any more, so why learn about them?”
#
# What is right about this, and what is wrong? What would you want to know about a project before choosing a kind of
# model? Write five or six sentences, and name your sources.

# %% [markdown] answer="dead_or_at_work" points=2
# <!-- ### BEGIN SOLUTION -->
# It is right that diffusion and autoregressive models have become the usual way to make pictures from text since 2021:
# they train without a game and cover the data better (Dhariwal and Nichol 2021). But a GAN needs one pass for a sample,
# and that decides where speed counts, as in vocoders (HiFi-GAN). Recent GANs reach FIDs beside those of diffusion
# models with many passes (R3GAN, GAT), and a discriminator works inside others: in the autoencoders of latent diffusion
# (VQGAN) and in distillation to few steps (ADD, DMD2). Before choosing I would ask for the time per sample, for how
# much variety matters, whether a likelihood is needed, and how many data there are, and then compare on my own data.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.dead_or_at_work.hint()
# q.dead_or_at_work.check()

# %% [markdown]
# 🔎 **Try it.** In question 4, blur each training picture with a little noise (add $0.3^2$ to $\sigma^2$ in the
# formula). What does the model generate now, and is that new?
