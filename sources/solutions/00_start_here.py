# %% [markdown]
# # Exercises 00 · Start here
#
# Three small questions after [the chapter](../chapters/00_start_here.ipynb).
#
# Write your code where it says `YOUR CODE HERE`, and remove the line below it. Run the cell, then run the *check*
# below. It says whether your answer is right, and if not, what it looks like. Stuck? Ask for a hint. [Worked
# solutions](../solutions/00_start_here.ipynb) are there too, for later.

# %%
import torch

from gan_edu import data, plotting
from gan_edu.checks import chapter_00 as q

plotting.use_style()

# %% [markdown]
# ## 1. Pixels between −1 and 1
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# An image file stores each pixel as a whole number: 0 is black, 255 is white. Networks learn better from small numbers
# around zero, so GANs are usually trained on pixels between −1 (black) and 1 (white).
#
# Write `to_unit_range(pixels)`. It gets a tensor of type `uint8` (whole numbers from 0 to 255), of any shape. It
# gives a tensor of floats of the same shape: 0 becomes −1, 255 becomes 1, and the rest lies evenly between. The
# tensor that came in stays as it is.


# %% answer="to_unit_range"
def to_unit_range(pixels):
    ### BEGIN SOLUTION
    return pixels.float() / 127.5 - 1
    ### END SOLUTION


# %% check="to_unit_range" points=2
q.to_unit_range.check(to_unit_range)
### BEGIN HIDDEN TESTS
import torch as _torch

_pixels = _torch.tensor([[0, 255, 17], [85, 170, 200]], dtype=_torch.uint8)
_wanted = _torch.tensor([[-1.0, 1.0, 17 / 127.5 - 1], [-1 / 3, 1 / 3, 200 / 127.5 - 1]])
assert _torch.allclose(_torch.as_tensor(to_unit_range(_pixels)).float(), _wanted, atol=1e-2)
assert _pixels[1, 2] == 200 and _torch.as_tensor(to_unit_range(_pixels[:, :1])).shape == (2, 1)
### END HIDDEN TESTS

# %%
# q.to_unit_range.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Does it work on real pictures? With a right answer, this cell shows twenty digits, white on black:

# %%
digits = data.images("mnist")
plotting.image_grid(to_unit_range(torch.as_tensor(digits.pixels[:20])), rows=2)

# %% [markdown]
# ## 2. How many modes are captured?
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
# A mode is **captured** if at least one sample lies within `radius` of it. **Predict, and say why:** how many of the
# three are captured here? Look closely at the sample near the upper left mode.
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
### BEGIN HIDDEN TESTS
import torch as _torch

_modes = _torch.tensor([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [5.0, 5.0]])
_samples = _torch.tensor([[0.3, 0.0], [0.0, -0.3], [5.0, 0.45], [4.6, 5.4], [2.5, 2.5]])
assert [int(captured(_samples, _modes, radius)) for radius in (0.1, 0.4, 0.5, 0.6)] == [0, 1, 2, 3]
### END HIDDEN TESTS

# %%
# q.captured.hint()

# %% [markdown]
# Was your prediction right? Two modes are captured. The sample near the upper left mode is 0.65 to the right of it
# *and* 0.65 above it, so it is $0.65\sqrt 2 \approx 0.92$ away: outside of the circle.

# %%
captured(samples, modes, radius=0.7)

# %% [markdown]
# ## 3. Is the GAN done?
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Each network has a *loss*: a number that it tries to make small. Somebody has trained a GAN and shows you how the
# two losses ran. They have gone flat: the discriminator's loss stays near 2 ln 2 ≈ 1.386, the generator's near ln 2 ≈
# 0.693. These are the losses of a discriminator that says "½: I can't tell" about every sample, real or generated.
#
# "So the generated data can't be told from real data. The GAN is done." What can you conclude, and what not? What
# would you ask to see? Write four or five sentences. Nobody expects the theory of part 3 here.

# %% [markdown] answer="reading_curves" points=2
# <!-- ### BEGIN SOLUTION -->
# What is likely: *this* discriminator, at this moment, says ½ everywhere and gives no information. (It is not certain:
# a loss is an average, and other answers can have the same two averages.) Why it says so, the curves don't tell: there
# may be nothing left to find, or it is a bad detective.
#
# A discriminator that has learned nothing shows the same flat lines, however poor the samples are. Its learning rate
# may be near zero, its network far too small, or a bug may keep it from learning.
#
# I would ask for samples from several seeds, and for the number of held modes where there are modes to count. And I
# would ask for a second opinion: a new discriminator, trained from scratch on some of the finished samples, and tested
# on others. If it tells those from real data, the old one had missed something, and the GAN is not done.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.reading_curves.hint()
# q.reading_curves.check()
