# %% [markdown]
# # Exercises 42 · A convolutional GAN
#
# Five questions about [the chapter](../chapters/42_convolutional_gan.ipynb): sizes of maps, a transposed convolution
# and a batch norm by hand, a whole generator, and a comparison that somebody is proud of.
# [Worked solutions](../solutions/42_convolutional_gan.ipynb) are there for later. Ask for a hint first.
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
# ## 1. How large is the map?
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Write `map_size(n, kernel, stride, padding, transposed)`: how many places a convolution (`transposed=False`) or a
# transposed convolution (`transposed=True`, without output_padding) makes out of `n` places in a row. A whole number.
#
# **Predict, and say why:** 30 places, a window of 3 with stride 3 and no padding. How many places come out? And how
# many if you go up again from there?


# %% answer="map_size"
def map_size(n, kernel, stride, padding, transposed):
    ### BEGIN SOLUTION
    if transposed:
        return (n - 1) * stride - 2 * padding + kernel
    return (n + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


# %% check="map_size" points=2
q.map_size.check(map_size)
### BEGIN HIDDEN TESTS
import torch as _torch

for _n, _k, _s, _p in ((17, 6, 4, 2), (9, 3, 2, 1), (64, 7, 3, 0), (13, 5, 5, 2)):
    _x, _w = _torch.zeros(1, 1, _n), _torch.zeros(1, 1, _k)
    assert map_size(_n, _k, _s, _p, False) == _torch.conv1d(_x, _w, stride=_s, padding=_p).shape[-1]
    assert map_size(_n, _k, _s, _p, True) == _torch.conv_transpose1d(_x, _w, stride=_s, padding=_p).shape[-1]
### END HIDDEN TESTS

# %%
# q.map_size.hint()  # remove the first # and run: each run gives one more hint

# %%
map_size(30, 3, 3, 0, False), map_size(10, 3, 3, 0, True)

# %% [markdown]
# ## 2. Write into windows
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A transposed convolution in one dimension, without padding: `write_windows(y, kernel, stride)` gets inputs `y` of
# shape (n,) and a kernel of shape (k,). Each input writes a multiple of the kernel into a window of the output; windows
# start `stride` places apart. Don't use PyTorch's convolutions; a loop is fine.
#
# **Predict, and say why:** `y = [1, 10, 100]`, `kernel = [1, 2, 3]`, stride 2. How long is the result, and what stands
# in its third place?


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
### BEGIN HIDDEN TESTS
import torch as _torch

for _n, _k, _s in ((7, 5, 3), (1, 4, 2), (5, 2, 4)):
    _y, _w = _torch.arange(1.0, _n + 1) ** 2, _torch.arange(_k, 0, -1.0)
    _want = _torch.conv_transpose1d(_y.view(1, 1, -1), _w.view(1, 1, -1), stride=_s).flatten()
    assert _torch.as_tensor(write_windows(_y, _w, _s)).allclose(_want)
### END HIDDEN TESTS

# %%
# q.write_windows.hint()

# %% [markdown]
# The result has 2 · 2 + 3 = 7 places. In the third place two windows meet: 1 · 3 + 10 · 1 = 13. Yours, and PyTorch's:

# %%
y, window = torch.tensor([1.0, 10.0, 100.0]), torch.tensor([1.0, 2.0, 3.0])
print(write_windows(y, window, 2).tolist())
print(F.conv_transpose1d(y.view(1, 1, -1), window.view(1, 1, -1), stride=2).flatten().tolist())

# %% [markdown]
# ## 3. Batch norm on maps
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `batch_norm(x, eps)` for maps `x` of shape (N, C, H, W), as `nn.BatchNorm2d` computes it while training, before
# its learned scale and shift. Afterwards each of the C maps has mean 0, and variance 1 (up to `eps`).
#
# **Predict, and say why:** does it matter for one picture which other pictures are in its batch?


# %% answer="batch_norm"
def batch_norm(x, eps):
    ### BEGIN SOLUTION
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    variance = x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    return (x - mean) / (variance + eps).sqrt()
    ### END SOLUTION


# %% check="batch_norm" points=2
q.batch_norm.check(batch_norm)
### BEGIN HIDDEN TESTS
import torch as _torch

_x = _torch.randn(3, 4, 6, 2, generator=_torch.Generator().manual_seed(8)) * 3 - 1
_want = _torch.batch_norm(_x, None, None, None, None, True, 0.1, 0.02, False)
assert _torch.as_tensor(batch_norm(_x.clone(), 0.02)).float().allclose(_want, atol=1e-4)
### END HIDDEN TESTS

# %%
# q.batch_norm.hint()

# %% [markdown]
# ## 4. A convolutional generator
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# Write `make_generator(noise_dim, maps)`, which returns a network from noise (N, noise_dim) to pictures (N, 1, 28, 28)
# with pixels between −1 and 1:
#
# - noise → `2 * maps` feature maps of 7 × 7 → `maps` feature maps of 14 × 14 → one picture of 28 × 28
# - batch norm and ReLU behind both hidden layers; neither norm nor ReLU behind the last
#
# The network comes back in training mode, as PyTorch makes it.
#
# **Predict, and say why:** where are most of its parameters?


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
### BEGIN HIDDEN TESTS
import torch as _torch

_net = make_generator(10, 4)
_out = _net(_torch.randn(7, 10))
assert _out.shape == (7, 1, 28, 28) and _out.abs().max() <= 1 and _net.training
assert sum(isinstance(m, _torch.nn.modules.batchnorm._BatchNorm) for m in _net.modules()) == 2
assert any("Conv" in type(m).__name__ for m in _net.modules())
_out.square().sum().backward()
assert all(p.grad is not None for p in _net.parameters())
### END HIDDEN TESTS

# %%
# q.make_generator.hint()

# %% [markdown]
# Nearly all parameters are in the first layer, because it is fully connected: `noise_dim` · 98 · `maps` weights. Yours
# at play, 200 steps on clothes, against the library's discriminator:

# %%
torch.manual_seed(0)
gan = training.GAN(make_generator(64, 8), nets.DCGANDiscriminator(8), lr=2e-3, noise_dim=64)
gan = training.run(gan, data.images("fashion_mnist"), steps=200, batch=32)
plotting.image_grid(gan.sample(20), rows=2)

# %% [markdown]
# ## 5. One seed each
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A report says: "We replaced PyTorch's initial weights by $N(0, 0.02^2)$ and removed the batch norm. After 300 steps
# the Fréchet distance fell from 24.9 to 21.3, and the samples look sharper. Batch norm is harmful, and 0.02 is the
# better start." (The settings are those of section 5 of the chapter.)
#
# Which of this would you believe? What would you do instead, with two hours on a laptop? Five or six sentences.

# %% [markdown] answer="one_seed_each" points=2
# <!-- ### BEGIN SOLUTION -->
# None of it. There is one run of each, and in the chapter three seeds of a single version were more than 4 apart after
# 120 steps. After 300 steps nobody has measured it, so chance alone may make a difference of 3.6. Nothing can be said
# about batch norm, since the initial weights were changed at the same time, and section 7 shows that the two act on
# each other. The learning rate was tuned for neither. There is no floor and no baseline: ten Gaussians, without any
# training, are near 7, so the report compares two bad generators. "Sharper" is about pictures that somebody picked.
#
# I would change one thing at a time, run three to eight seeds of each version, try two or three learning rates for
# each, measure with 1,000 samples against the same real pictures, and show every run in one figure with floor and
# baseline. If the clouds of dots overlap, the result is: no difference that we can see.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.one_seed_each.hint()
# q.one_seed_each.check()
