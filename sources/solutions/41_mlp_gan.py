# %% [markdown]
# # Exercises 41 · An MLP GAN
#
# Write every part of [the chapter](../chapters/41_mlp_gan.ipynb)'s GAN yourself: the generator, the two losses, the
# step that trains both. At the end your own parts are put together and make digits.
# [Worked solutions](../solutions/41_mlp_gan.ipynb) are there for later; ask for a hint first.
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
# ## 1 · A generator of two layers
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Noise in, images out: write the class `Generator`. `Generator()` takes noise of shape (N, 100) through a hidden layer
# of 128 numbers, with a LeakyReLU of slope 0.2 after it, to images of shape (N, 784). Their pixels lie between −1 and
# 1, whatever the weights are. `Generator(noise_dim, hidden)` does the same with other sizes.
#
# **Predict:** how many numbers does `Generator()` learn? Weights and biases of both layers count.


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

# %%
# q.Generator.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Was your prediction right? What comes out of it, untrained, is grey noise:

# %%
generator = Generator()
plotting.image_grid(generator(torch.randn(10, 100)).detach(), rows=1)
sum(parameter.numel() for parameter in generator.parameters())

# %% [markdown]
# ## 2 · The discriminator's loss
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
# **Predict:** what is the loss when all logits are 0?


# %% answer="discriminator_loss"
def discriminator_loss(real_logits, fake_logits):
    ### BEGIN SOLUTION
    real_loss = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake_loss = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real_loss + fake_loss
    ### END SOLUTION


# %% check="discriminator_loss" points=2
q.discriminator_loss.check(discriminator_loss)

# %%
# q.discriminator_loss.hint()

# %%
discriminator_loss(torch.zeros(4), torch.zeros(4))

# %% [markdown]
# ## 3 · The generator's loss
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

# %%
# q.generator_loss.hint()

# %% [markdown]
# ## 4 · One step of training
# *Difficulty ●●● · importance ●●● · 20 minutes*
#
# Now both learn from one batch. Write `training_step`, in this order:
#
# 1. The discriminator learns: from `real`, and from the fakes that the generator makes of `noise`.
# 2. The generator learns, from what the discriminator, *as it is now*, says about the fakes from the same `noise`.
#
# Each player's loss changes only its own weights: one update each. The optimizers are those of the two nets. Return
# the two losses that were minimised, `(loss_d, loss_g)`, as numbers or tensors.
#
# The check calls your step twice, on two tiny nets, and looks at the weights. It uses your losses from above.
#
# **Before you write:** which gradients lie in the discriminator after the generator's `backward()`? What becomes of
# them?


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

# %%
# q.training_step.hint()

# %% [markdown]
# ## 5 · Perfect curves, and the wrong data
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
# There was no digit in the data, only uniform noise. (This is measured: six seeds gave 1.30 to 1.35 and 0.66 to 0.71.
# With digits, the same code gives about 0.98 and 0.57, which looks *worse*.)
#
# What may you conclude from the two losses, and what not? How could you have noticed the mistake: before training,
# during it, and after? Write five or six sentences.

# %% [markdown] answer="why_ln2" points=2
# <!-- ### BEGIN SOLUTION -->
# The losses compare two heaps of images: those that went in as real, and those that the generator made. Near 2 ln 2 and
# ln 2, this discriminator can hardly tell one heap from the other now. The losses don't know what I *meant*
# to put into the first heap. They don't say either whether there is nothing to find, or whether the discriminator has
# only just begun to look: after 100 steps I can't exclude that. So I may not conclude that the samples are good, or
# that training is done.
#
# Before: show rows of the very tensor that goes into the training step as pictures, and print its shape, range, mean
# and standard deviation. Digits are mostly black; this was grey from edge to edge.
#
# During: look at samples from fixed noise beside real ones, compare the curves with those of a run that is known to
# work, and train on. Curves that are perfect at step 100 and not at step 600 show an opponent that was still learning.
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
# Strokes, rather than noise, and perhaps a digit or two. 300 steps are few, and an MLP doesn't know which pixels are
# neighbours. Now look at the two losses at step 300: how far are they from 2 ln 2 and ln 2? And how long do *you* need
# to tell these images from real ones?
#
# 🔎 **Try it.** Run the training cell again: 300 more steps. Or put in the noise of question 5 in place of `digits`,
# with the learning rates named there, and watch the losses: would you have noticed?
