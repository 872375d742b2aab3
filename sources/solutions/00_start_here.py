# %% [markdown]
# # Exercises 00 · Start here
#
# Three small questions to get used to checks and hints, after [the chapter](../chapters/00_start_here.ipynb). Stuck?
# Ask for a hint; [worked solutions](../solutions/00_start_here.ipynb) are there too, for later.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import data, plotting
from gan_edu.checks import chapter_00 as q

plotting.use_style()

# %% [markdown]
# ## 1 · Pixels between −1 and 1
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# An image file stores each pixel as a whole number: 0 is black, 255 is white. Networks prefer small numbers around
# zero, so GANs are usually trained on pixels between −1 (black) and 1 (white).
#
# Write `to_unit_range(pixels)`. It gets a tensor of type `uint8`, of any shape, and gives a tensor of floats of the
# same shape: 0 becomes −1, 255 becomes 1, and the rest lies evenly between.


# %% answer="to_unit_range"
def to_unit_range(pixels):
    ### BEGIN SOLUTION
    return pixels.float() / 127.5 - 1
    ### END SOLUTION


# %% check="to_unit_range" points=2
q.to_unit_range.check(to_unit_range)

# %%
# q.to_unit_range.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Does it work on real pictures? Once the check is content, this shows twenty digits, white on black:

# %%
digits = data.images("mnist")
plotting.image_grid(to_unit_range(torch.as_tensor(digits.pixels[:20])), rows=2)

# %% [markdown]
# ## 2 · How many modes are captured?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Five samples (triangles), three modes (crosses), and a circle of radius 0.7 around each mode:

# %%
import matplotlib.pyplot as plt

samples = torch.tensor([[0.1, 0.0], [0.0, 0.2], [2.8, 0.6], [0.65, 3.65], [3.9, 3.4]])
modes = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])

_, ax = plt.subplots(figsize=(5.6, 4.2))
ax.scatter(*samples.T, marker="^", s=60, color=plotting.FAKE, label="samples")
ax.scatter(*modes.T, marker="+", s=120, color="black", label="modes")
for mode in modes:
    ax.add_patch(plt.Circle(mode.tolist(), 0.7, fill=False, edgecolor="black", linestyle="--"))
ax.set(xlim=(-1.2, 4.4), ylim=(-1.2, 4.4), aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# A mode is **captured** if at least one sample lies within `radius` of it. **Predict:** how many of the three are
# captured here? Look closely at the sample near the upper left mode.
#
# Now write `captured(samples, modes, radius)` for any number of samples (N, 2) and modes (K, 2). It gives the number of
# captured modes.


# %% answer="captured"
def captured(samples, modes, radius):
    ### BEGIN SOLUTION
    distances = (samples[:, None] - modes[None]).norm(dim=-1)  # (N, K): from each sample to each mode
    nearest_sample = distances.min(dim=0).values  # (K,): how close the best sample comes to each mode
    return (nearest_sample <= radius).sum()
    ### END SOLUTION


# %% check="captured" points=3
q.captured.check(captured)

# %%
# q.captured.hint()

# %% [markdown]
# Was your prediction right?

# %%
captured(samples, modes, radius=0.7)

# %% [markdown]
# ## 3 · Is the GAN done?
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Somebody has trained a GAN and shows you its two loss curves. They have gone flat: the discriminator's loss stays
# near 2 ln 2 ≈ 1.386, the generator's near ln 2 ≈ 0.693. These happen to be exactly the losses of a
# discriminator that says "½: I can't tell" about every sample, real or generated.
#
# "So the generated data can't be told from real data. The GAN is done." What can you conclude, and what not? What
# would you ask to see? Write four or five sentences. Nobody expects the theory of part 3 here.

# %% [markdown] answer="reading_curves" points=2
# <!-- ### BEGIN SOLUTION -->
# What is certain: *this* discriminator, at this moment, gives no information. Whether that is because there is nothing
# left to find, or because it is a bad detective, the curves don't say.
#
# A discriminator that never learned anything (step 0, a learning rate near zero, far too small a network, a bug that
# cuts off its gradient) also answers ½ to everything, and shows the same flat lines, however poor the samples are.
#
# I would ask for samples from several seeds, for the number of captured modes where there are modes to count, and for a
# second opinion: a new discriminator, trained from scratch on the finished samples. If the new one soon tells them
# apart, the old one had missed something, and the GAN is not done.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.reading_curves.hint()
# q.reading_curves.check()
