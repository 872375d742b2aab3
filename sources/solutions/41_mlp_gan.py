# %% [markdown]
# # Exercises 41 · An MLP GAN
#
# Write every part of [the chapter](../chapters/41_mlp_gan.ipynb)'s GAN yourself: the generator, the two losses, and the
# step that trains both. At the end your own parts play together and make digits.
# [Worked solutions](../solutions/41_mlp_gan.ipynb) are there for later. Ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, plotting
from gan_edu.checks import chapter_41 as q

plotting.use_style()

# %% [markdown]
# ## 1. A generator of two layers
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Noise in, images out: write the class `Generator`. `Generator()` takes noise of shape (N, 100) through a hidden layer
# of 128 numbers, with a LeakyReLU of slope 0.2 after it, to images of shape (N, 784). Both layers have weights and
# biases, and nothing else stands between them. The pixels lie between −1 and 1, whatever the weights are, with a smooth
# function at the end. `Generator(noise_dim, hidden)` does the same with other sizes.
#
# **Predict, and say why:** how many numbers does `Generator()` learn?


# %% answer="Generator"
class Generator(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        ### BEGIN SOLUTION
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(noise_dim, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, 784),
            nn.Tanh(),
        )
        ### END SOLUTION

    def forward(self, z):
        ### BEGIN SOLUTION
        return self.net(z)
        ### END SOLUTION


# %% check="Generator" points=3
q.Generator.check(Generator)
### BEGIN HIDDEN TESTS
import torch as _torch

_net = Generator(12, 20)
_shapes = sorted(tuple(sorted(p.shape)) for p in _net.parameters())
assert _shapes == sorted([(12, 20), (20,), (20, 784), (784,)])
_out = _net(3 * _torch.randn(9, 12, dtype=next(_net.parameters()).dtype))
assert _out.shape == (9, 784) and _out.abs().max() <= 1 and _out.min() < 0 < _out.max()
_out.square().sum().backward()
assert all(p.grad is not None for p in _net.parameters())
### END HIDDEN TESTS

# %%
# q.Generator.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Was your prediction right? There are 101 · 128 + 129 · 784 = 114,064 numbers. What comes out of it, untrained, is grey
# noise:

# %%
generator = Generator()
plotting.image_grid(generator(torch.randn(10, 100)).detach(), rows=1)
sum(parameter.numel() for parameter in generator.parameters())

# %% [markdown]
# ## 2. The discriminator's loss
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# The discriminator $D$ gives a **logit** $\ell$ for each image; $\sigma(\ell)$ is its probability that the image is
# real. It wants to say 1 to real images and 0 to generated ones. Write its binary cross-entropy:
#
# $$-\operatorname{mean} \log \sigma(\ell_\text{real}) \;-\; \operatorname{mean} \log(1 - \sigma(\ell_\text{fake}))$$
#
# Both logits are tensors of one shape, (N,) or (N, 1), for any N. The result is a single number that `backward()` can
# start from. It must not break down when a logit is as large as 120.
#
# **Predict, and say why:** what is the loss when all logits are 0?


# %% answer="discriminator_loss"
def discriminator_loss(real_logits, fake_logits):
    ### BEGIN SOLUTION
    real_loss = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake_loss = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real_loss + fake_loss
    ### END SOLUTION


# %% check="discriminator_loss" points=2
q.discriminator_loss.check(discriminator_loss)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_r, _f = _torch.tensor([[1.5], [-0.25], [70.0]]), _torch.tensor([[0.75], [-2.0], [90.0]])
_want = sum(_math.log1p(_math.exp(-v)) for v in (1.5, -0.25, 70.0)) / 3
_want += sum(_math.log1p(_math.exp(v)) for v in (0.75, -2.0, 90.0)) / 3
assert abs(float(discriminator_loss(_r, _f)) - _want) < 1e-3
_r.requires_grad_(), _f.requires_grad_()
discriminator_loss(_r, _f).backward()
assert _r.grad.any() and _f.grad.any()
### END HIDDEN TESTS

# %%
# q.discriminator_loss.hint()

# %%
discriminator_loss(torch.zeros(4), torch.zeros(4))

# %% [markdown]
# It is 2 ln 2 ≈ 1.386: a logit of 0 means probability ½, and each of the two halves is then −log ½.

# %% [markdown]
# ## 3. The generator's loss
# *Difficulty ●●○ · importance ●●● · 5 minutes*
#
# The generator wants the discriminator to say 1 to its images. Write its **non-saturating** loss,
# $-\operatorname{mean} \log \sigma(\ell_\text{fake})$. What was asked of the shapes and of large logits holds here too.


# %% answer="generator_loss"
def generator_loss(fake_logits):
    ### BEGIN SOLUTION
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))
    ### END SOLUTION


# %% check="generator_loss" points=2
q.generator_loss.check(generator_loss)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _torch

_logits = _torch.tensor([-3.5, 0.5, 2.5, -80.0], requires_grad=True)
_loss = generator_loss(_logits)
assert abs(_loss.item() - sum(_math.log1p(_math.exp(-v)) for v in (-3.5, 0.5, 2.5, -80.0)) / 4) < 1e-3
_loss.backward()
assert (_logits.grad < 0).all()
### END HIDDEN TESTS

# %%
# q.generator_loss.hint()

# %% [markdown]
# ## 4. One step of training
# *Difficulty ●●● · importance ●●● · 20 minutes*
#
# Now both players learn from one batch. Write `training_step`, in this order:
#
# 1. The discriminator learns: from `real`, and from the fakes that the generator makes of `noise`.
# 2. The generator learns, from what the discriminator, *as it is now*, says about the fakes from the same `noise`.
#
# Each player's loss changes only its own weights: one update each. The optimizers are those of the two nets. Leave the
# nets as they came: in training mode, with all weights free to learn. Return the two losses that were minimised,
# `(loss_d, loss_g)`, as numbers or tensors.
#
# The check calls your step twice, on two tiny nets, and looks at the weights. It uses your losses from above.
#
# **Before you write:** which gradients lie in the discriminator after the generator's `backward()`? What becomes of
# them? (Section 3 of the chapter has the answer.)


# %% answer="training_step"
def training_step(generator, discriminator, optimizer_g, optimizer_d, real, noise):
    ### BEGIN SOLUTION
    fake = generator(noise)
    loss_d = discriminator_loss(discriminator(real), discriminator(fake.detach()))
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()

    loss_g = generator_loss(discriminator(fake))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()
    ### END SOLUTION


# %% check="training_step" points=4
q.training_step.check(training_step)
### BEGIN HIDDEN TESTS
import copy as _copy

import torch as _torch
from torch.nn import functional as _F

_torch.manual_seed(17)
_g, _d = _torch.nn.Linear(3, 2), _torch.nn.Sequential(_torch.nn.Linear(2, 4), _torch.nn.Tanh(), _torch.nn.Linear(4, 1))
_g2, _d2, _real, _noise = _copy.deepcopy(_g), _copy.deepcopy(_d), _torch.randn(6, 2), _torch.randn(6, 3)
training_step(_g, _d, *(_torch.optim.SGD(n.parameters(), lr=0.3) for n in (_g, _d)), _real, _noise)
_loss = _F.softplus(-_d2(_real)).mean() + _F.softplus(_d2(_g2(_noise).detach())).mean()
_slopes = _torch.autograd.grad(_loss, list(_d2.parameters()))
with _torch.no_grad():
    [p.sub_(0.3 * s) for p, s in zip(_d2.parameters(), _slopes, strict=True)]
_slopes = _torch.autograd.grad(_F.softplus(-_d2(_g2(_noise))).mean(), list(_g2.parameters()))
with _torch.no_grad():
    [p.sub_(0.3 * s) for p, s in zip(_g2.parameters(), _slopes, strict=True)]
for _net, _wanted in ((_g, _g2), (_d, _d2)):
    assert _net.training and all(p.requires_grad for p in _net.parameters())
    assert all(p.allclose(w, atol=1e-5) for p, w in zip(_net.parameters(), _wanted.parameters(), strict=True))
### END HIDDEN TESTS

# %%
# q.training_step.hint()

# %% [markdown]
# ## 5. Perfect curves, and the wrong data
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# You train this GAN for 100 steps (Adam, learning rate 0.0002). The discriminator's loss comes to about 1.33, the
# generator's to about 0.69: textbook values, 2 ln 2 ≈ 1.386 and ln 2 ≈ 0.693. Wonderful!
#
# Then you find this line in your code. You had put it there to try something out:
#
# ```python
# real_images = torch.rand(2000, 784) * 2 - 1
# ```
#
# There was no digit in the data, only uniform noise. (The last section of this notebook lets you try it: with the
# noise, the losses at step 100 really are about 1.3 and 0.7. With digits they are about 1.0 and 0.6, which looks
# *worse*.)
#
# What may you conclude from the two losses, and what not? How could you have noticed the mistake: before training,
# during it, and after? Write five or six sentences.

# %% [markdown] answer="why_ln2" points=2
# <!-- ### BEGIN SOLUTION -->
# The losses compare two sets of images: those that went in as real, and those that the generator made. Near 2 ln 2 and
# ln 2, this discriminator can hardly tell one set from the other at the moment. The losses don't know what I *meant* to
# put into the first set. They don't say either whether there is nothing to find, or whether the discriminator has only
# just begun to look. After 100 steps I can't exclude that. So I may not conclude that the samples are good, or that
# training is done.
#
# Before: show rows of the very tensor that goes into the training step as pictures, and print its shape, range, mean
# and standard deviation. Digits are mostly black; this was grey from edge to edge.
#
# During: look at samples from fixed noise beside real ones, compare the curves with those of a run that is known to
# work, and train on. If the curves are perfect at step 100 and not at step 600, the opponent was still learning.
#
# After: compare the samples with a test set that was loaded in another way. A classifier of digits would find the
# difference at once.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.why_ln2.hint()
# q.why_ln2.check()

# %% [markdown]
# ## Your GAN at work
#
# Here your four parts train on 2,000 digits, for 300 steps: some seconds. The optimizers are the chapter's, with large
# learning rates for quick results.

# %%
torch.manual_seed(0)
digits = data.images("mnist").tensor(flat=True)[:2000]
generator = Generator()
discriminator = nn.Sequential(nn.Linear(784, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1))
adam_g = torch.optim.Adam(generator.parameters(), lr=4e-3, betas=(0.0, 0.999))
adam_d = torch.optim.Adam(discriminator.parameters(), lr=2e-3, betas=(0.0, 0.999))

# %% tags=["nbval-ignore-output"]
for step in range(1, 301):
    real = digits[torch.randint(len(digits), (128,))]
    losses = training_step(generator, discriminator, adam_g, adam_d, real, torch.randn(128, 100))
    if step % 100 == 0:
        print(f"step {step}: discriminator {float(losses[0]):.2f}, generator {float(losses[1]):.2f}")

# %%
with torch.no_grad():
    made = generator(torch.randn(20, 100))
plotting.image_grid({"real": digits[:20], "your GAN": made})

# %% [markdown]
# Strokes rather than noise, and perhaps a digit or two. 300 steps are few, and an MLP doesn't know which pixels are
# neighbours. Now look at the two losses at step 300: they are near 2 ln 2 and ln 2, and yet you can tell these images
# from real ones at a glance.
#
# 🔎 **Try it.** Run the training cell again for 300 more steps. Or put in the noise of question 5 in place of `digits`,
# with the learning rate named there and `betas=(0.5, 0.999)`, and watch the losses. Would you have noticed?
