# %% [markdown]
# # Exercises 55 · Sound and moving pictures
#
# Build three tools of [the chapter](../chapters/55_sound.ipynb), and answer four messages. [Worked
# solutions](../solutions/55_sound.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch

from gan_edu import plotting
from gan_edu.checks import chapter_55 as q
from gan_edu.data import sounds

plotting.use_style()

# %% [markdown]
# ## 1. Decibels
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# `strengths` are amplitudes, a tensor of any shape. Return how many decibels they lie above `reference`, an amplitude
# as well, but a plain number. Ten times the amplitude is 20 dB more.


# %% answer="decibels"
def decibels(strengths, reference):
    ### BEGIN SOLUTION
    return 20 * torch.log10(strengths / reference)
    ### END SOLUTION


# %% check="decibels" points=1
q.decibels.check(decibels)
### BEGIN HIDDEN TESTS
from torch import tensor

assert (decibels(tensor([5.0, 0.5, 50.0]), 5.0) - tensor([0.0, -20.0, 20.0])).abs().max() < 1e-3
### END HIDDEN TESTS

# %%
# q.decibels.hint()

# %% [markdown]
# ## 2. What the judge of one period sees
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Given `waves` (N, L) and a whole number `period`, p, return the p slow waves of each: shape (N, p, L // p). Row j
# holds the samples j, j + p, j + 2p, … Samples that fill no whole round at the end are cut off.
#
# **Predict, and say why:** what do the rows look like for a wave that repeats after exactly p samples?


# %% answer="slower_waves"
def slower_waves(waves, period):
    ### BEGIN SOLUTION
    whole = waves[:, : waves.shape[1] - waves.shape[1] % period]
    return whole.reshape(len(waves), -1, period).transpose(1, 2)
    ### END SOLUTION


# %% check="slower_waves" points=2
q.slower_waves.check(slower_waves)
### BEGIN HIDDEN TESTS
from torch import arange, tensor

slow = slower_waves(arange(10.0)[None], 4)
assert slow.shape == (1, 4, 2) and (slow[0] == tensor([[0.0, 4.0], [1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])).all()
### END HIDDEN TESTS

# %%
# q.slower_waves.hint()

# %% [markdown]
# ## 3. The same sound, begun elsewhere
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Given waves `a` and `b`, (N, L) each, return for each pair, (N,), the largest correlation of `a` with `b` over all
# shifts of `b` round the ring: what leaves at the end comes in at the beginning (`b.roll(k, dims=1)`). A correlation
# is at most 1: take off the mean of each wave, and divide by both lengths (norms).
#
# **Predict, and say why:** what does a wave get with itself turned upside down, −a? Is it −1?


# %% answer="best_shift"
def best_shift(a, b):
    ### BEGIN SOLUTION
    a, b = a - a.mean(dim=1, keepdim=True), b - b.mean(dim=1, keepdim=True)
    products = torch.stack([(a * b.roll(k, dims=1)).sum(dim=1) for k in range(a.shape[1])])
    return products.amax(dim=0) / (a.norm(dim=1) * b.norm(dim=1))
    ### END SOLUTION


# %% check="best_shift" points=2
q.best_shift.check(best_shift)
### BEGIN HIDDEN TESTS
from torch import tensor

first = tensor([[3.0, 1.0, 1.0, 1.0], [1.0, 2.0, 4.0, 1.0]])
assert (best_shift(first, 2 * first.roll(3, dims=1) - 1) - 1).abs().max() < 1e-4
assert abs(float(best_shift(first[:1], -first[:1])[0]) - 1 / 3) < 1e-4
### END HIDDEN TESTS

# %%
# q.best_shift.hint()

# %% [markdown]
# ## 4. Four messages
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our vocoder was trained with the squared error of the samples. It is silent. More layers?"
# 2. "The mel error of our vocoder is half that of theirs. So ours sounds better."
# 3. "We added an adversary and a loss on its features, and the sound got better. So the adversary works."
# 4. "Our judge of films averages over single frames. Real and generated films score alike."

# %% [markdown] answer="sound_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. No: silence is the best answer to this loss, where nobody says at which phase the sound begins. Change the loss, to
#    spectra and a judge of waves.
# 2. The mel hardly shows phases. I'd ask for a measure that neither was trained for, for a real row, and for listeners.
# 3. Two things were added. Each alone belongs in the table, and so does a vocoder without any training.
# 4. It can't see time. Frames in random order would score as well, and so would a film that stands still.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.sound_messages.hint()
# q.sound_messages.check()

# %% [markdown]
# ## Your tools at work
#
# A vowel, the same vowel half a period later, and one with the same harmonics in random phases. How alike are they, by
# your `best_shift`? **Predict** all three numbers first: without a shift, with the best one, and for random phases.

# %%
period = 64  # 8000 / 64 = 125 Hz
vowel = sounds.vowels(1, 16 * period, seed=4, words="had", pitch=(125, 125), breath=0).waves
later = vowel.roll(period // 2, dims=1)
spectrum = torch.fft.rfft(vowel)
turned = spectrum * torch.exp(2j * torch.pi * torch.rand(spectrum.shape, generator=torch.Generator().manual_seed(1)))
mixed = torch.fft.irfft(turned, vowel.shape[1])
print(f"without a shift {torch.corrcoef(torch.cat([vowel, later]))[0, 1]:.2f}, best {best_shift(vowel, later)[0]:.2f}")
print(f"random phases: best {best_shift(vowel, mixed)[0]:.2f}")

# %%
slow = slower_waves(vowel, period)[0]
print(f"rows for p = {period}: they vary by {slow.std(dim=1).mean() / vowel.std():.3f} of the level")
levels = decibels(torch.fft.rfft(vowel).abs()[0, 16:-1:16], 1.0)  # of each harmonic
plotting.curves(torch.arange(1, 32) * 0.125, {"harmonics": levels}, "frequency (kHz)", "strength (dB)")

# %% [markdown]
# <details><summary>Compare</summary>
#
# The best shift finds the same vowel, 1.00, whatever the phase of the whole; without it, half a period makes −0.57.
# Random phases of single harmonics can't be undone by a shift: 0.73. And cut into lines of one period of the sound,
# each row stays constant. (A vocoder's judges have periods of a few samples, so this isn't what they do.)
#
# And the wave turned upside down, of exercise 3? It never gets −1 at the best shift. The correlations of a wave with
# itself at all L shifts sum to 0, since its mean was taken off. The one without a shift is 1, so another is below 0;
# with the wave turned upside down that one is above 0. For a sine it is even 1: half a period later, −a is a.
#
# </details>
