# %% [markdown]
# # Exercises 42 · A convolutional GAN
#
# Five questions about [the chapter](../chapters/42_convolutional_gan.ipynb): sizes of maps, a transposed convolution
# and a batch norm by hand, a whole generator, and a comparison that somebody is proud of.
# [Worked solutions](../solutions/42_convolutional_gan.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, nets, plotting, training
from gan_edu.checks import chapter_42 as q

plotting.use_style()

# %% [markdown]
# ## 1 · How large is the map?
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Write `map_size(n, kernel, stride, padding, transposed)`: how many places a convolution (`transposed=False`) or a
# transposed convolution (`transposed=True`, without output_padding) makes out of `n` places in a row. A whole number.
#
# **Predict:** 30 places, a window of 3 with stride 3 and no padding. Down? And from there up again?


# %% answer="map_size"
def map_size(n, kernel, stride, padding, transposed):
    ### BEGIN SOLUTION
    if transposed:
        return (n - 1) * stride - 2 * padding + kernel
    return (n + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


# %% check="map_size" points=2
q.map_size.check(map_size)

# %%
# q.map_size.hint()  # remove the first # and run: each run gives one more hint

# %%
map_size(30, 3, 3, 0, False), map_size(10, 3, 3, 0, True)

# %% [markdown]
# ## 2 · Write into windows
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A transposed convolution in one dimension, without padding: `write_windows(y, kernel, stride)` gets inputs `y` of
# shape (n,) and a kernel of shape (k,). Each input writes a multiple of the kernel into a window of the output; windows
# start `stride` places apart. Don't use PyTorch's convolutions; a loop is fine.
#
# **Predict:** `y = [1, 10, 100]`, `kernel = [1, 2, 3]`, stride 2. How long is the result, and what stands in its third
# place?


# %% answer="write_windows"
def write_windows(y, kernel, stride):
    ### BEGIN SOLUTION
    out = y.new_zeros((len(y) - 1) * stride + len(kernel))
    for i in range(len(y)):
        out[i * stride : i * stride + len(kernel)] += y[i] * kernel
    return out
    ### END SOLUTION


# %% check="write_windows" points=3
q.write_windows.check(write_windows)

# %%
# q.write_windows.hint()

# %% [markdown]
# Yours, and PyTorch's:

# %%
y, window = torch.tensor([1.0, 10.0, 100.0]), torch.tensor([1.0, 2.0, 3.0])
print(write_windows(y, window, 2).tolist())
print(F.conv_transpose1d(y.view(1, 1, -1), window.view(1, 1, -1), stride=2).flatten().tolist())

# %% [markdown]
# ## 3 · Batch norm on maps
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `batch_norm(x, eps)` for maps `x` of shape (N, C, H, W), as `nn.BatchNorm2d` computes it while training, before
# its learned scale and shift. Afterwards each of the C maps has mean 0, and variance 1 (up to `eps`).
#
# **Predict:** does it matter for one picture which other pictures are in its batch?


# %% answer="batch_norm"
def batch_norm(x, eps):
    ### BEGIN SOLUTION
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    variance = x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    return (x - mean) / (variance + eps).sqrt()
    ### END SOLUTION


# %% check="batch_norm" points=2
q.batch_norm.check(batch_norm)

# %%
# q.batch_norm.hint()

# %% [markdown]
# ## 4 · A convolutional generator
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# Write `make_generator(noise_dim, maps)`, which returns a network from noise (N, noise_dim) to pictures (N, 1, 28, 28)
# with pixels between −1 and 1:
#
# - noise → 2·maps maps of 7 × 7 → maps maps of 14 × 14 → one picture of 28 × 28
# - batch norm and ReLU behind both hidden layers; neither norm nor ReLU behind the last
#
# **Predict:** where are most of its parameters?


# %% answer="make_generator"
def make_generator(noise_dim, maps):
    ### BEGIN SOLUTION
    return nn.Sequential(
        nn.Linear(noise_dim, 2 * maps * 7 * 7),
        nn.Unflatten(1, (2 * maps, 7, 7)),
        nn.BatchNorm2d(2 * maps),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * maps, maps, 4, stride=2, padding=1),
        nn.BatchNorm2d(maps),
        nn.ReLU(),
        nn.ConvTranspose2d(maps, 1, 4, stride=2, padding=1),
        nn.Tanh(),
    )
    ### END SOLUTION


# %% check="make_generator" points=4
q.make_generator.check(make_generator)

# %%
# q.make_generator.hint()

# %% [markdown]
# Yours at play, 200 steps on clothes, against the library's discriminator:

# %%
torch.manual_seed(0)
gan = training.GAN(make_generator(64, 8), nets.DCGANDiscriminator(8), lr=2e-3, noise_dim=64)
gan = training.run(gan, data.images("fashion_mnist"), steps=200, batch=32)
plotting.image_grid(gan.sample(20), rows=2)

# %% [markdown]
# ## 5 · One seed each
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A report says: "We replaced PyTorch's initial weights by $N(0, 0.02^2)$ and removed the batch norm. After 300 steps
# the Fréchet distance fell from 24.9 to 21.3, and the samples look sharper. Batch norm is harmful, and 0.02 is the
# better start." (The settings are those of section 5 of the chapter.)
#
# Which of this would you believe? What would you do instead, with two hours on a laptop? Five or six sentences.

# %% [markdown] answer="one_seed_each" points=2
# <!-- ### BEGIN SOLUTION -->
# None of it. One run each, and in the chapter three seeds of a single version could be further apart than 3.6.
# Nothing can be said about batch norm, since the initial weights were changed at the same time; and both act like
# another learning rate, which was tuned for neither. There is no floor and no baseline: ten Gaussians, without any
# training, are near 7, so the report compares two bad generators. "Sharper" is about pictures that somebody picked.
#
# I would change one thing at a time, run at least three seeds of each version (200 steps take two seconds, so two hours
# are plenty for eight), try two or three learning rates for each, measure with 1,000 samples against the same real
# pictures, and show every run in one figure with floor and baseline. If the clouds of dots overlap, the result is: no
# difference that we can see.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.one_seed_each.hint()
# q.one_seed_each.check()
