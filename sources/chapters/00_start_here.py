# %% [markdown]
# # 00 · Start here
#
# *In two minutes you will have trained your first generative adversarial network, and found out how little
# one training run tells.*
#
# > **You will be able to**
# > - train a small GAN and watch it learn
# > - say why a result needs several seeds, and count instead of guessing
# > - read a chapter of this course: predict, run, read
# > - use checks and hints, save a training and resume it, choose a GPU, and help yourself when something breaks
# >
# > **Before you start** Nothing but a little Python. No mathematics is needed here.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %% [markdown]
# A notebook is made of *cells*. Grey ones hold code. Click on the first, press **Shift+Enter**, and go on like that
# from top to bottom: each cell uses what the ones above have made.

# %%
import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first

# %% [markdown]
# ## The idea in a picture
#
# Two networks play against each other. The **generator** is a forger: it turns random noise into points that should
# look like real data. The **discriminator** is a detective: it looks at a point and says how likely it is to be real.
# The detective learns to catch the forger; the forger learns from what gives its forgeries away. That is a
# *generative adversarial network*, a **GAN**.
#
# Here they are before the game begins, both with random weights. (The code of the picture is folded; click on the
# three dots to see it.)

# %%
ring = data.toy.ring()  # the "real data": eight little clouds of points on a circle


def make_generator():
    return nets.mlp([2, 32, 32, 2], activation="tanh")  # two numbers of noise in, one point of the plane out


def make_discriminator():
    return nets.mlp([2, 32, 32, 1], activation="tanh")  # one point in, one number out: real or not?


device.seed_everything(0)
gan = training.GAN(make_generator(), make_discriminator(), lr=2e-3)

# %% jupyter={"source_hidden": true}
real, noise = ring.sample(400, 0), torch.randn(400, 2)

figure, axes = plt.subplots(1, 3, figsize=(6.8, 3.1), sharex=True, sharey=True)
axes[0].scatter(*noise.T, s=8, color="0.45")
axes[1].scatter(*real.T, s=8, color=plotting.REAL)
axes[1].scatter(*gan.sample(noise).cpu().T, s=12, color=plotting.FAKE, marker="^")
plotting.surface_2d(gan.discriminator, ring.extent, ax=axes[2])
for ax, title in zip(axes, ["1. noise goes in", "2. forged points\ncome out", "3. the detective\njudges"], strict=True):
    ax.set(title=title, xlabel="", ylabel="", aspect="equal", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
plt.show()

# %% [markdown]
# Left, the noise. In the middle, what the generator makes of it (orange triangles) beside the real points (blue dots):
# a smudge that resembles nothing. On the right, what the discriminator thinks of each place $x$, as a number $D(x)$
# from 0 to 1: blue means "a point here would be real", orange "generated", white "I can't tell". It has no idea yet
# either. These colours stay the same all through the course.

# %% [markdown]
# ## 1 · Is everything ready?
#
# The doctor examines Python, the packages, the data, JupyterLab and the disk. It says what is broken, and what to do
# about it:

# %% tags=["nbval-ignore-output"]
from gan_edu.cli import examine

broken = [finding for finding in examine() if finding.ok is False]
print(*broken or ["All is well."], sep="\n")

# %%
digits = data.images("mnist")
claim(
    "PyTorch can compute, and 10,000 handwritten digits are here", torch.ones(2, 2).sum() == 4 and len(digits) == 10_000
)

# %% [markdown]
# A line that starts with **✓** is a *claim*: a sentence about an experiment that your computer has just checked.
# You will meet them in all chapters; more about them in section 7.

# %% [markdown]
# ## 2 · Your first GAN
#
# Now the two networks learn, in turns: at each step the discriminator sees 128 real and 128 forged points and gets a
# little better at telling them apart; then the generator changes a little, so that its points look more real to it.
# 1,500 such steps take a few seconds.
#
# **Before you run the next cell:** what will the orange smudge do? Will it grow evenly, jump from cloud to cloud, or
# split in eight?


# %%
def picture():
    figure = plotting.figure(5.2, 4.8)
    axes = figure.subplots()
    plotting.surface_2d(gan.discriminator, ring.extent, real, gan.sample(noise), ax=axes, title=f"step {gan.step}")
    return figure


with plotting.Live(share=0.5) as live:
    for _ in training.train(gan, ring, steps=1500, progress=False):
        live.draw(picture)

# %% [markdown]
# That was a GAN being trained. Run the cell again if you like: it goes on from where it stopped. (To start anew, run
# the cell that makes `gan`, too.)
#
# Now look honestly. There are triangles on the clouds: good. There are also some on the way from one cloud to the next,
# where no real point ever lies. The generator lays one sheet of rubber, the noise, over eight islands; it can stretch
# the sheet thin between them, but not tear it.
#
# And the map has turned pale at the clouds: there the discriminator can't tell any more.

# %%
opinion = gan.logits(real.to(gan.device)).sigmoid()
claim("D(x) lies between 0.3 and 0.7 at nine of ten real points", (abs(opinion - 0.5) < 0.2).float().mean() > 0.9)

# %% [markdown]
# ## 3 · Count, don't guess
#
# "Looks good" is no result. Let us count. A **mode** is one of the eight clouds. We draw 2,500 points from the
# generator and call a point *of high quality* if it lies within three standard deviations of the nearest mode; a mode
# is *captured* if at least one such point belongs to it.

# %% tags=["nbval-ignore-output"]
metrics.mode_coverage(gan.sample(2500), ring)

# %% [markdown]
# Is that share of high quality much, or little? A ruler must be tried on something that we know.
#
# **Predict:** what share would 2,500 *real* points get: all of them?

# %%
truth = metrics.mode_coverage(ring.sample(2500, seed_or_generator=1), ring)
claim(
    "even real points score only 98 to 99.8 % (and capture 8 of 8 modes)",
    truth.captured == 8 and 0.98 < truth.high_quality < 0.998,
    measured=truth,
)

# %% [markdown]
# Not all: about one real point in ninety lies further out than three standard deviations. So 99 % is the top of this
# scale. Your generator is somewhat below: those are the points on the way between the clouds.
#
# Note what the ruler does not see: one good point of 2,500 is enough to capture a mode, and that is generous.

# %% [markdown]
# ## 4 · Eight seeds, side by side
#
# You have seen one run. Networks start from random weights and see random data; with another **seed** for that
# randomness another run comes out. So we train eight GANs with the same settings and eight seeds, all in one batched
# model, which takes hardly longer than one GAN.
#
# **Predict:** in how many of the eight will the ring be complete, all eight modes captured?


# %%
def train_eight(lr):
    gans = ensemble.gans(make_generator, make_discriminator, seeds=8, lr=lr)
    training.run(gans, ring, steps=1500)
    samples = gans.sample(2500)
    coverage = metrics.mode_coverage(samples, ring)
    titles = [f"{count} of 8 modes" for count in coverage.captured.tolist()]
    plotting.small_multiples_2d(samples, ring, titles)
    return coverage


same = train_eight(lr=2e-3)

# %%
claim("at least 7 of the 8 rings are complete", (same.captured == 8).sum() >= 7, measured=same.captured)
claim(
    "in every run 60 to 97 % of the points are of high quality: good, and never as good as real ones",
    ((same.high_quality > 0.6) & (same.high_quality < 0.97)).all(),
    measured=same.high_quality,
)

# %% [markdown]
# The eight agree: these settings work, and a single run would have told you so.
#
# Now change **one** number: the generator learns ten times faster than before (`lr` holds the generator's learning
# rate, then the discriminator's).
#
# **Predict again:** how many complete rings this time? And how different will the eight be from each other?

# %%
hasty = train_eight(lr=(2e-2, 2e-3))

# %%
claim("at most half of the rings are complete", (hasty.captured == 8).sum() <= 4, measured=hasty.captured)
claim(
    "the luckiest run has captured at least two modes more than the unluckiest",
    hasty.captured.max() - hasty.captured.min() >= 2,
    measured=hasty.captured,
)

# %% [markdown]
# Same networks, same data, same settings, and one run finds many modes while its neighbour sits on a few. When a
# generator gives up part of the data like that, one speaks of **mode collapse**.
#
# Imagine that you had run only one of these eight. What you would have written about these settings depends on which.
# That is why this course shows seeds side by side, and why its claims speak about several.
#
# 🔎 **Try it.** Give the generator three times the first learning rate: `train_eight((6e-3, 2e-3))`. Where between the
# two pictures do you expect to land?

# %% [markdown]
# ## 5 · The same game, with pictures
#
# A point of the plane is two numbers, a handwritten digit of 28 × 28 pixels is 784. The game stays the same; the
# networks get wider, and two helpers join them (`penalties`, `ema`: part 3 explains both). These digits are real, from
# the MNIST collection:

# %%
plotting.image_grid(digits.tensor()[:10], rows=1)

# %% [markdown]
# **Before you run the next cell:** a thousand steps take a few seconds. What will you see at the end: grey fog,
# strokes, or digits that you can read?

# %%
device.seed_everything(0)
painter = training.GAN(
    nets.mlp([64, 256, 784], output="tanh"), nets.mlp([784, 256, 1]), lr=1e-3, penalties={"r1": 1.0}, ema=0.99
)
some_noise = torch.randn(20, 64)


def painting():
    figure = plotting.figure(5.2, 1.5)
    plotting.image_grid(painter.sample(some_noise), rows=2, title=f"step {painter.step}", ax=figure.subplots())
    return figure


with plotting.Live() as live:
    for _ in training.train(painter, digits.tensor(flat=True), steps=1000, batch=64, progress=False):
        live.draw(painting)

# %% [markdown]
# Speckled, and some are half-way between two digits. But nobody had told it what a digit is. Which ones can you read?
#
# Counting is harder here: there are no neat clouds. So we ask a small network that was trained to recognise digits:

# %%
called = metrics.classify(painter.sample(500), "mnist").argmax(dim=1).bincount(minlength=10)
claim("of 500 generated pictures, each of at least 8 digits gets some", (called > 0).sum() >= 8, measured=called)
claim("but more than a quarter are called an 8", called[8] > 125, measured=called)

# %% [markdown]
# In the real data every digit is a tenth. Does the generator love eights?
#
# **Predict:** what does the recogniser call pictures of pure grey noise?

# %%
fog = 0.6 * torch.rand(200, 784) - 1
claim(
    "it calls at least 190 of 200 pictures of noise an 8", (metrics.classify(fog, "mnist").argmax(1) == 8).sum() >= 190
)

# %% [markdown]
# It has to choose one of ten digits, and fog is an 8 to it. So all those eights tell as much about the ruler as about
# the generator: some of its pictures are still fog. And this was *one* run; you know by now what that is worth.

# %% [markdown]
# ## 6 · Three windows to play with
#
# Pictures that move tell more than pictures. Part 2 of the course has three *widgets*: windows into a training that
# you can start, stop, rewind and change. Have a look at each; the chapters come back to them. Press **▶ Play**, then
# drag the time line below the picture to the left: that is the past, and nothing of it is lost. (In a notebook that
# has only been opened you see a still picture; run the cell, and it comes alive.)
#
# The first shows what the discriminator says about every place while the two nets play (chapter 22):

# %%
from gan_edu.widgets import DiscriminatorSurface, LatentSpace, ModeCollapse

DiscriminatorSurface("ring", seed=1)

# %% [markdown]
# 🔎 **Try it.** Tick *pull*: the arrows show where each generated point wants to go. Pause, and press **Step D** ten
# times: who moves, and who waits?
#
# The second shows eight seeds of one setting and counts what each has captured, as you did in section 4 (chapter 23):

# %%
ModeCollapse("ring", seeds=8)

# %% [markdown]
# The third belongs to another kind of generative model, the *variational autoencoder*. It lays all digits out on a map.
# Drag a point across the map and see what it stands for (chapter 24):

# %%
LatentSpace("vae")

# %% [markdown]
# ## 7 · How to read a chapter
#
# You have just done it. The rhythm is always the same:
#
# 1. **Predict.** Stop at **Before you run** and **Predict**, and say your guess aloud or write it down. A wrong guess
#    teaches most.
# 2. **Run.** Shift+Enter. While a cell computes, it shows `[*]`.
# 3. **Read** what happened, right below. Where the text is in doubt, it says so.
#
# 🔎 **Try it** marks an experiment of your own. To keep the chapter as it was, work in a copy
# (*File → Save Notebook As…*).
#
# Pictures and numbers on your computer may differ from the stored ones. Claims are made wide enough to hold all the
# same. And when one is false, it says so. This is how that looks:

# %%
try:
    claim("17 is an even number", 17 % 2 == 0, measured=17)
except AssertionError as failure:
    print(failure)

# %% [markdown]
# (`try` … `except` only keeps the notebook going.) Usually a false claim stops the run. If you have changed nothing and
# one of ours fails, that is a bug: please report it.

# %% [markdown]
# ## 8 · Checks and hints
#
# Each chapter has exercises, and a check for each answer, which tells you *how* it is wrong. Take this small question:
#
# > Write `noise(n, dim)`: n vectors of dim numbers each, drawn from a normal distribution.
#
# In an exercise you would call `q.noise.check(noise)`. Here a helper keeps "Run All" going:

# %%
from gan_edu.checks import chapter_00 as q
from gan_edu.checks.engine import NotDone


def show(answer):
    try:
        q.noise.check(answer)
    except NotDone as outcome:
        print(outcome)


# %% [markdown]
# First outcome: nothing has been written yet. That is no error, and it says so:


# %%
def noise_stub(n, dim): ...


show(noise_stub)

# %% [markdown]
# Second outcome: not yet. **Predict:** what is wrong with this answer?


# %%
def noise_first_try(n, dim):
    return torch.rand(n, dim)


show(noise_first_try)

# %% [markdown]
# You see what was expected, what came, on which input, and which misunderstanding that looks like. If that is not
# enough, ask for a hint. Each call gives one that tells more:

# %%
q.noise.hint()
q.noise.hint()

# %% [markdown]
# Third outcome: right, and one thing more to know:


# %%
def noise_second_try(n, dim):
    return torch.randn(n, dim)


show(noise_second_try)

# %% [markdown]
# When you are stuck for good, `q.noise.solution()` shows one way to write it. Open questions, for discussion, show a
# model answer to compare with yours.
#
# What you have solved is remembered in a small file on your computer, and nowhere else. The last cell of this chapter
# shows it as a map.

# %% [markdown]
# ## 9 · Stop, save, go on
#
# A training is a loop over steps. To stop it, leave the loop: `break` in the code, or the **■** button above the
# notebook. What has been learned stays in `gan`. To keep it for tomorrow takes three lines:

# %%
import tempfile

with tempfile.TemporaryDirectory() as folder:  # yours would be a folder that stays
    gan.save(f"{folder}/ring.safetensors")
    twin = training.GAN(make_generator(), make_discriminator(), lr=2e-3)
    twin.load(f"{folder}/ring.safetensors")

# %% [markdown]
# The file holds everything that changes in training: weights, the optimisers' memory, random numbers, the history.
#
# **Predict:** we train `gan` and its `twin` 100 steps further, each on its own. Will they still make the same points?

# %%
for model in (gan, twin):
    training.run(model, ring, steps=100)
claim("100 steps later the two still agree, bit for bit", torch.equal(gan.sample(noise), twin.sample(noise)))

# %% [markdown]
# For long runs, let the loop do the saving: `training.train(…, checkpoint="run.safetensors")`. If the computer goes
# down, you lose at most 1,000 steps.

# %% [markdown]
# ## 10 · Your GPU, if you have one
#
# All code uses the best device by itself: an NVIDIA GPU (CUDA), else an Apple GPU (MPS), else the CPU. This is yours:

# %% tags=["nbval-ignore-output"]
print(device.describe())

# %%
claim("the CPU can always be asked for", device.pick("cpu").type == "cpu")

# %% [markdown]
# To choose another one:
#
# - for everything: set the environment variable `GAN_EDU_DEVICE` before you start, as in
#   `GAN_EDU_DEVICE=cpu python3 course.py lab`
# - for one model: `training.GAN(…, device="cpu")`
#
# Don't expect wonders in this chapter: its networks are so small that a GPU spends most of its time waiting for the
# next instruction. Larger networks, such as the convolutional ones of part 4, are where it pays.

# %% [markdown]
# ## Where to go from here
#
# **You want to learn GANs.** Solve the three exercises of this chapter, then follow the links at the end of each
# chapter. The number says the part: 1 background, 2 concepts, 3 mathematics, 4 code, 5 applications, 6 questions and
# answers. In a hurry? Concepts and code can be read without the mathematics. Which chapters are there already, says the
# map in the [README](../README.md).
#
# **You teach a class.** Run a chapter before the lesson: its box says how long that takes. Zoom the browser until the
# last row can read it (Ctrl and +), and choose *View → Appearance → Presentation Mode*. Ask for a show of hands at
# each prediction. `exercises/` are nbgrader assignments, made from `solutions/`; the README says more.
#
# **You want to change or add something.** Chapters are built from plain text in `sources/`: see
# [CONTRIBUTING](../CONTRIBUTING.md).

# %% [markdown]
# ## Help, I get …
#
# ### `ModuleNotFoundError: No module named 'gan_edu'`
# The notebook runs in another Python than the course's. Start it with `python3 course.py lab` (Windows:
# `py course.py lab`), and choose *Kernel → Change Kernel…*, then
# *Python 3 (ipykernel)*.
#
# ### `NameError: name 'ring' is not defined`
# A cell above has not been run, or the kernel was restarted. *Run → Run All Above Selected Cell* mends it.
#
# ### `[*]` that doesn't go away
# The cell is still computing, or waits for one above. Press **■** to interrupt it. If that doesn't help:
# *Kernel → Restart Kernel…*, then run the cells again.

# %% [markdown]
# ### `CUDA out of memory`, or another error that names CUDA
# Close other programs and notebooks that use the GPU, or go on without it: stop JupyterLab and start it with
# `GAN_EDU_DEVICE=cpu`.
#
# ### something else that is not listed here
# Open a terminal (*File → New → Terminal*) and call `gan-edu doctor`. It examines the whole installation, tells what
# to do about each thing that is broken, and ends with a block of text to paste into a bug report. If all else fails,
# delete the folder `.venv` and call `python3 course.py lab` again: nothing of yours lies in there.

# %% [markdown]
# ## Recap
#
# - A GAN is a game: the generator turns noise into forgeries, the discriminator tells them from real data.
# - One run says little. The same settings may give a complete ring or a few modes, depending on the seed.
# - Count instead of guessing, and try your ruler on real data first: the top of the scale need not be 100 %.
# - Predict, run, read; **✓** is a statement that your computer has just checked.
# - Checks tell you which misunderstanding an answer looks like; `gan-edu doctor` helps when something breaks.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A friend's GAN captures all eight modes. “Good settings!” What do you ask?</summary>
#
# How many seeds were run, and what did the others look like? With the hasty generator of section 4 a single run may
# look fine too. And: was this the only picture, or the one that was picked?
#
# </details>
#
# <details><summary>Your generator has 97 % of its points near a mode. How far from perfect is that?</summary>
#
# Two points of a hundred, not three: on this ring real points get about 99 %. But a generator can have 97 % near *one*
# mode. Look at the captured modes as well.
#
# </details>
#
# <details><summary>“Run All” in an exercise stops at a text that starts with ○. Is it broken?</summary>
#
# No. That check has found the stub still in place: not attempted yet. It stops the run so that nobody, neither you
# nor a teacher's grading program, takes the exercise for done.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Goodfellow et al. 2014, *Generative Adversarial Nets*](https://arxiv.org/abs/1406.2661): the paper that started it;
#   forger and detective are in its introduction
# - [Kahng et al. 2018, *GAN Lab*](https://arxiv.org/abs/1809.01587): how a GAN on points of the plane can be watched
#   and taught, in the browser
# - [Lucic et al. 2018, *Are GANs Created Equal?*](https://arxiv.org/abs/1711.10337): what is left of the differences
#   between methods when every one of them gets many runs
# - [JupyterLab's documentation](https://jupyterlab.readthedocs.io/): the menus, shortcuts and panels around this
#   notebook, with pictures

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | generative adversarial network (GAN) | 生成对抗网络 | a generator and a discriminator trained against each other |
# | generator | 生成器 | turns noise into samples |
# | discriminator | 判别器 | says how likely a sample is to be real |
# | noise | 噪声 | the random numbers that a generator starts from |
# | mode | 模态 | one of the clouds (peaks) of a distribution |
# | mode collapse | 模式崩溃 | the generator gives up part of the data |
# | seed | 随机种子 | fixes the random numbers of a run |
# | learning rate | 学习率 | how large a step each update takes |
# | checkpoint | 检查点 | a file from which a training can go on |

# %% [markdown]
# And here is your map. One question is solved already: you have just seen its answer.

# %% tags=["nbval-ignore-output"]
from gan_edu import checks

checks.show_progress()
