# %% [markdown]
# # 00 · Start here
#
# *In two minutes you will have trained your first generative adversarial network, and you will know why a single
# training run tells you little.*
#
# > **You will be able to**
# > - train a small GAN, watch it learn, and say what a batch and a training step are
# > - count what a generator has learned, instead of guessing from a picture
# > - say why a result needs several seeds
# > - tell mode collapse from a training that has not settled yet
# > - read a chapter of this course: predict, run, read
# >
# > **Before you start** Nothing but a little Python. No mathematics is needed here.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %% [markdown]
# A notebook is made of *cells*. Grey cells hold code. Click on the first one and press **Shift+Enter** to run it. Go on
# like that from top to bottom, because each cell uses what the cells above it have made.
#
# Some code is *folded*: you see three dots instead. It prepares something or draws a picture, and you need not read it.
# Run it like any other cell. A click on the dots unfolds it.

# %% [markdown]
# ## The idea in a picture
#
# Two networks play against each other.
#
# - The **generator** is a forger. It turns random numbers, the *noise*, into points that should look like real data.
# - The **discriminator** is a detective. It looks at one point and says how likely it is to be real.
#
# The detective learns to recognise forgeries. The forger learns from the detective's answers. Together they are a
# *generative adversarial network*, or **GAN**.
#
# A *network* is a function with many adjustable numbers, its **weights**. To *learn* is to change the weights a little,
# again and again, so that the answers get better. Here are both players before the game begins. Their weights are
# random, so their answers are nonsense:

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first

ring = data.toy.ring()  # the "real data": eight little clouds of points on a circle


def make_generator():
    return nets.mlp([2, 32, 32, 2], activation="tanh")  # two numbers of noise in, one point of the plane out


def make_discriminator():
    return nets.mlp([2, 32, 32, 1], activation="tanh")  # one point in, one number out: real or not?


# %% jupyter={"source_hidden": true}
device.seed_everything(0)
real, noise = ring.sample(400, 0), torch.randn(400, 2)
novices = training.GAN(make_generator(), make_discriminator())

figure, axes = plt.subplots(1, 3, figsize=(6.8, 3.1), sharex=True, sharey=True)
axes[0].scatter(*noise.T, s=8, color="0.45")
axes[1].scatter(*real.T, s=8, color=plotting.REAL)
axes[1].scatter(*novices.sample(noise).cpu().T, s=12, color=plotting.FAKE, marker="^")
plotting.surface_2d(novices.discriminator, ring.extent, ax=axes[2])
for ax, title in zip(
    axes, ["1. noise goes in", "2. generated points\ncome out", "3. the discriminator\njudges"], strict=True
):
    ax.set(title=title, xlabel="", ylabel="", aspect="equal", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
plt.show()

# %% [markdown]
# - **Left:** the noise.
# - **Middle:** what the generator makes of it (orange triangles), beside the real points (blue dots). So far it makes a
#   smudge that looks like nothing.
# - **Right:** what the discriminator thinks of each place $x$. Its answer is a number $D(x)$ from 0 to 1. Blue means "a
#   point here would be real", orange means "generated", and white means "I can't tell". It knows nothing yet either.
#
# These colours stay the same in the whole course.

# %% [markdown]
# ## 1. Is everything ready?
#
# The next cell calls the *doctor*. It examines Python, the packages, the data, JupyterLab and the disk. If something
# is broken, it says what, and what to do about it.

# %% tags=["nbval-ignore-output"]
from gan_edu.cli import examine

broken = [finding for finding in examine() if finding.ok is False]
print(*broken or ["All is well."], sep="\n")

# %%
digits = data.images("mnist")
identity(
    "PyTorch can compute, and 10,000 handwritten digits are here", torch.ones(2, 2).sum() == 4 and len(digits) == 10_000
)

# %% [markdown]
# The sign **≡** stands before a sentence that *must* be true: because of arithmetic, because of a theorem, or because
# we built it that way. Your computer has checked it all the same. If it fails, something is broken.
#
# Soon you will meet another sign, **✓**. It stands before a *claim*: something that an experiment has just shown, and
# that might have come out otherwise.

# %% [markdown]
# ## 2. Your first GAN
#
# This cell makes two new networks, and a GAN that holds both. The number `lr` is the **learning rate**. It says how
# large a change each update may make.

# %%
device.seed_everything(0)
gan = training.GAN(make_generator(), make_discriminator(), lr=2e-3)

# %% [markdown]
# Networks learn in small steps, from a few examples at a time:
#
# - A **batch** is the group of examples that a network sees at once. Here it is 128 real points and 128 generated ones.
#   Each step draws new ones.
# - A **training step** has two turns. First the discriminator looks at the batch and changes its weights a little, so
#   that it tells real from generated a bit better. Then the generator changes its weights a little, so that the
#   discriminator finds its points a bit more real.
#
# We make 1,500 such steps. That takes a few seconds.
#
# **Predict, and say why:** what will the orange smudge do? Will it grow evenly like a balloon, jump from cloud to
# cloud, or spread first and gather at the clouds later?


# %%
def picture():
    figure = plotting.figure(5.2, 4.8)
    axes = figure.subplots()
    plotting.surface_2d(gan.discriminator, ring.extent, real, gan.sample(noise), ax=axes, title=f"step {gan.step}")
    return figure


film = {}
with plotting.Live(share=0.5) as live:
    for step in training.train(gan, ring, steps=1500, progress=False):
        live.draw(picture)
        if step.number in (1, 50, 100, 200, 300, 500, 1000, 1500):
            film[step.number] = gan.sample(noise)

# %% [markdown]
# You have just seen a GAN learn. (If you run the cell again, it goes on from where it stopped. To start anew, run the
# cell that makes `gan` first.) It went fast, so here are eight moments of it. The darker the blue, the more frequent
# real points are there. (The legend calls that *density*.)

# %%
plotting.small_multiples_2d(list(film.values()), ring, [f"step {number}" for number in film])

# %% [markdown]
# It spreads first and gathers later. Soon the points cover the whole plane, and go further out than the data. Then they
# draw together to a thin line through the clouds. At the end, most of them sit on the clouds.
#
# The likely reason is in what the discriminator has seen. At first it knows only that the smudge is not real, so other
# places look better to the generator. Then it sees generated points everywhere, also between the clouds, and learns
# that these are not real either. In the end only the clouds are left.
#
# Now look at the result honestly. There are triangles on the clouds: good. There are also some between one cloud and
# the next, where no real point ever lies. The generator maps the noise like one sheet of rubber. It can stretch the
# sheet thin between two clouds, but it cannot tear it.
#
# And in the coloured map, the clouds have turned pale. The discriminator can't tell real from generated there any more.
# Let us check that:


# %%
def opinion(points):
    return gan.logits(points.to(gan.device)).sigmoid()


def undecided(points):
    return (abs(opinion(points) - 0.5) < 0.1).float().mean()  # the share of places where D(x) is near ½


axis = torch.linspace(-2.5, 2.5, 100)
far = torch.cartesian_prod(axis, axis)  # a grid over the whole map
far = far[torch.cdist(far, ring.modes).amin(1) > 0.5]  # without the clouds and all that lies near them
middle = opinion(torch.zeros(1, 2)).item()
claim("D(x) lies between 0.4 and 0.6 at nine of ten real points", undecided(real) > 0.9, measured=undecided(real))
claim("but at fewer than eight of ten places far from all clouds", undecided(far) < 0.8, measured=undecided(far))
claim("and in the middle of the ring, where no real point lies, it is below 0.2", middle < 0.2, measured=middle)

# %% [markdown]
# There it is, the sign ✓: these claims could have failed. Look at them together. A discriminator that has learned
# nothing says about ½ everywhere. This one doesn't: it is sure about the middle. At the clouds it says about ½ although
# it has learned, for the generated points there look too much like real ones.
#
# (The map is pale in other places as well, such as outside the ring. So “pale” alone is no sign of a cloud.)
#
# ## 3. Count, don't guess
#
# "Looks good" is not a result. Let us count.
#
# A **mode** is one of the eight clouds. We draw 2,500 points from the generator. A point is *of high quality* if it
# lies within three standard deviations of the nearest mode. (The standard deviation says how wide a cloud is. Here it
# is 0.1, so within 0.3.) A mode is *captured* if at least one such point belongs to it.

# %% tags=["nbval-ignore-output"]
metrics.mode_coverage(gan.sample(2500), ring)

# %% [markdown]
# (Leave the last number, *reverse KL*, aside. It says how unevenly the good points are spread over the modes, and 0 is
# even.)
#
# Is that share of high quality large or small? Before we trust a score, we try it on something that we know: real
# points.
#
# **Predict, and say why:** what share of 2,500 *real* points will be of high quality? All of them?

# %%
truth = metrics.mode_coverage(ring.sample(2500, seed_or_generator=1), ring)
claim(
    "of real points, too, only 98 to 99.8 % are of high quality (and they capture 8 of 8 modes)",
    truth.captured == 8 and 0.98 < truth.high_quality < 0.998,
    measured=truth,
)

# %% [markdown]
# Not all of them. Each cloud is a normal distribution, a bell curve in the plane, and that has no edge: about one point
# in ninety lies further out than three standard deviations. So 99 % is what real points reach. (More would be no
# better: it would mean clouds that are too narrow.) Your generator is somewhat below that, and some of its points lie
# between the clouds.
#
# The other number, captured modes, is generous. A single good point among 2,500 is enough to capture a mode. So always
# read the two numbers together.

# %% [markdown]
# ## 4. Eight seeds, side by side
#
# You have seen one run. Its networks started from random weights, and they saw random data. A **seed** is the number
# from which the computer makes all these random numbers. The same seed gives the same run again; another seed gives
# another run.
#
# So we train eight GANs that differ in nothing but the seed. They train together, as one large model. Above each
# picture you will see how many modes it has captured, and what share of its points is of high quality. (Both count
# 2,500 points; 500 of them are drawn.)
#
# **Predict:** in how many of the eight will the ring be complete, with all eight modes captured?


# %%
def train_eight(lr, steps=1500):
    gans = ensemble.gans(make_generator, make_discriminator, seeds=8, lr=lr)
    training.run(gans, ring, steps=steps)
    return gans


def show(gans):
    samples = gans.sample(2500)
    coverage = metrics.mode_coverage(samples, ring)
    both = zip(coverage.captured.tolist(), coverage.high_quality.tolist(), strict=True)
    titles = [f"{count} modes,\n{100 * share:.0f} % good" for count, share in both]
    plotting.small_multiples_2d(samples, ring, titles)
    return coverage


same = show(train_eight(lr=2e-3))

# %%
claim("at least 7 of the 8 rings are complete", (same.captured == 8).sum() >= 7, measured=same.captured)
claim(
    "in every run 60 to 97 % of the points are of high quality: good, and never as good as real ones",
    ((same.high_quality > 0.6) & (same.high_quality < 0.97)).all(),
    measured=same.high_quality,
)

# %% [markdown]
# The eight agree. With these settings, a single run would have told you the truth.
#
# ### One number changed
#
# Now the generator learns ten times faster than before. (`lr` holds two numbers here: the generator's learning rate,
# then the discriminator's.)
#
# **Predict, and say why:** how many complete rings this time? And how much will the eight differ from each other?

# %%
hasty_gans = train_eight(lr=(2e-2, 2e-3), steps=1000)
before = metrics.mode_coverage(hasty_gans.sample(2500), ring).captured
hasty = show(training.run(hasty_gans, ring, steps=500))
again = metrics.mode_coverage(hasty_gans.sample(2500), ring).captured  # the same GANs, other points

# %%
claim("at most half of the rings are complete", (hasty.captured == 8).sum() <= 4, measured=hasty.captured)
claim(
    "the luckiest run has captured at least two modes more than the unluckiest",
    hasty.captured.max() - hasty.captured.min() >= 2,
    measured=hasty.captured,
)
claim(
    "in at least 5 of the 8 runs, less than half of the points are good",
    (hasty.high_quality < 0.5).sum() >= 5,
    measured=hasty.high_quality,
)
claim(
    "500 steps before, at least 3 of the 8 runs had captured another number of modes",
    (before != hasty.captured).sum() >= 3,
    measured=(before, hasty.captured),
)
claim(
    "chance alone, a second sample of the same GANs, changes that number in fewer runs",
    (again != hasty.captured).sum() < (before != hasty.captured).sum(),
    measured=(again, hasty.captured),
)

# %% [markdown]
# Same networks, same data, same settings, and yet one run has found most modes while another has found a few. And these
# numbers are only a snapshot. The points keep swinging past the clouds, so at another step the same runs give other
# numbers. In most runs fewer than half of the points are good: “captured” counts the modes that a few points happen to
# touch. (In the picture stored here, the third run is different at this moment: nearly all its points are on two
# clouds.) These trainings have **not settled**.
#
# Imagine that you had run only one of these eight. What you would have written about these settings depends on which
# one. That is why this course shows seeds side by side, and why its claims speak about several.
#
# 🔎 **Try it.** Give the generator three times the first learning rate: `show(train_eight((6e-3, 2e-3)))`. Where
# between the two pictures do you expect to land?

# %% [markdown]
# ### Mode collapse
#
# A generator can also settle, and still miss part of the data. Again we change one number. This time the
# *discriminator* is the fast one: it learns five times faster than the generator.
#
# "Captured" is too generous to see what happens. So we say that a mode is **held** if more than a quarter of its fair
# share of points lies on it. Only points of high quality count. Each of the eight modes deserves an eighth of the
# points, so a quarter of that is one point in 32.
#
# We look twice, after 1,000 steps and after 1,500.
#
# **Predict, and say why:** does a quick detective make a better forger? How many modes will be held, and will it be the
# same ones at both looks?


# %%
def modes_held(gans):
    samples = gans.sample(2500)
    return samples, metrics.mode_coverage(samples, ring).counts > 2500 / 32  # (8 seeds, 8 modes): True where held


strict = train_eight(lr=(2e-3, 1e-2), steps=1000)
_, early = modes_held(strict)
training.run(strict, ring, steps=500)
samples, late = modes_held(strict)
plotting.small_multiples_2d(samples, ring, [f"{count} modes held" for count in late.sum(dim=1).tolist()])

# %%
found = metrics.mode_coverage(samples, ring)
held = late.sum(dim=1)
claim("in every run, more than two thirds of the points are good", (found.high_quality > 2 / 3).all(), measured=found)
claim("at least 5 of the 8 runs hold only 3 to 7 of the 8 modes", ((held > 2) & (held < 8)).sum() >= 5, measured=held)
claim(
    "at least 5 runs hold the very same modes as 500 steps before, and not all of them",
    ((early == late).all(dim=1) & (held < 8)).sum() >= 5,
    measured=(early.sum(dim=1), held),
)
claim(
    "yet by the generous count the median run has captured 7 or 8",
    found.captured.median() >= 7,
    measured=found.captured,
)
claim(
    "of the eight GANs at equal rates, at least 6 hold all eight modes",
    ((same.counts > 2500 / 32).sum(dim=1) == 8).sum() >= 6,
    measured=same.counts,
)

# %% [markdown]
# Most of the points are good. But most runs leave out some modes, and at both looks, 500 steps apart, they are the same
# ones. When a generator gives up part of the data like that, one speaks of **mode collapse**. At equal rates, nearly
# all runs held all eight modes. A quick detective alone does not make a good forger.
#
# Why it happens, and what helps, is the subject of chapter 23. For now, remember three things to look at: how many
# modes are held, how good the points are, and whether both stay the same while the training goes on.

# %% [markdown]
# ## 5. The same game, with pictures
#
# A point of the plane is two numbers. A handwritten digit of 28 × 28 pixels is 784 numbers. The game stays the same;
# only the networks get wider.
#
# Two helpers join them: `penalties` keeps the discriminator from becoming too steep, and `ema` averages the generator's
# weights over the last steps. Part 3 explains both.
#
# These digits are real. They come from the MNIST collection:

# %%
plotting.image_grid(digits.tensor()[:10], rows=1)

# %% [markdown]
# **Before you run the next cell:** we make a thousand steps with batches of 64 pictures, which takes a few seconds.
# What will you see at the end: grey fog, strokes, or digits that you can read?

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
# The pictures are speckled, and some are half-way between two digits. Yet you can read several of them, and nobody has
# told the generator what a digit is.
#
# Counting is harder here, because there are no neat clouds. So we ask a judge: a small network that was trained to
# recognise digits, and that knows nothing of this GAN.

# %%
called = metrics.classify(painter.sample(500), "mnist").argmax(dim=1).bincount(minlength=10)
claim("of 500 generated pictures, each of at least 8 digits gets some", (called > 0).sum() >= 8, measured=called)
claim("but more than a quarter are called an 8", called[8] > 125, measured=called)

# %% [markdown]
# In the real data, each digit makes up about a tenth. Does this generator love eights? Before we say so, we try the
# ruler on something that we know. This time it is pictures of nothing but dark grey noise.
#
# **Predict, and say why:** what will the judge call pictures of noise?

# %%
fog = 0.6 * torch.rand(200, 784) - 1
darker = 0.15 * torch.rand(200, 784) - 1
eights = (metrics.classify(fog, "mnist").argmax(1) == 8).sum()
ones = (metrics.classify(darker, "mnist").argmax(1) == 1).sum()
claim("it calls at least 190 of 200 pictures of this noise an 8", eights >= 190, measured=eights)
claim("but at least 190 of 200 pictures of darker noise a 1", ones >= 190, measured=ones)

# %% [markdown]
# It calls nearly all of them an 8, and much darker noise a 1. The judge must choose one of ten digits, because “none of
# these” is not among its answers. It was never shown noise, and what it says there is an accident of its training.
#
# So we can't tell from this count how many of those eights are eights, and how many are just unclear pictures. And it
# was *one* run: you know by now what that is worth.

# %% [markdown]
# ## 6. How to read this course
#
# You have just done it. The rhythm is always the same:
#
# 1. **Predict.** Stop at **Predict** and **Before you run**. Say your guess aloud, or write it down, and give a
#    reason. A wrong guess teaches most.
# 2. **Run.** Press Shift+Enter. While a cell computes, it shows `[*]`.
# 3. **Read** what happened, right below. The answer to the question is there, and the reason. Where the text is in
#    doubt, it says so.
#
# 🔎 **Try it** marks an experiment of your own. To keep the chapter as it was, work in a copy
# (*File → Save Notebook As…*).
#
# A chapter is made for one sitting. Its first box says how many minutes it takes to read.

# %% [markdown]
# ### ✓ and ≡
#
# - **✓** marks a *claim*. It is what an experiment showed, and it might have come out otherwise.
# - **≡** marks what holds by algebra, by a theorem or by construction. There the program is tested, not the world.
#
# Pictures and numbers on your computer may differ a little from those that are stored here. Claims leave enough room
# for that. When a claim is false, it says so, and the run stops there. This is how it looks (`try` … `except` only
# keeps the notebook going):

# %%
try:
    claim("the generator with the tenfold learning rate gave eight complete rings", (hasty.captured == 8).all())
except AssertionError as failure:
    print(failure)

# %% [markdown]
# If you have changed nothing and one of our claims fails, that is a bug in the course. Please report it; chapter 01
# says how.
#
# ### Your way through the course
#
# The first digit of a chapter is its part: 1 background, 2 concepts, 3 mathematics, 4 code, 5 applications, 6 questions
# and answers, 7 cause and effect, 8 more applications. An arrow goes from a chapter to those that need it:
#
# ![The chapters as boxes in columns, chapter 00 at the left. Arrows lead from each chapter to those that need
# it.](../assets/course_map.png)

# %% [markdown]
# Three ways through it:
#
# {{paths}}
#
# - **You want to learn GANs.** Solve the exercises of this chapter. Then visit [01 · the workshop](01_workshop.ipynb),
#   which shows you the tools. After that, follow the links at the end of each chapter. Is PyTorch new to you? Then do
#   its own [*Learn the Basics*](https://docs.pytorch.org/tutorials/beginner/basics/intro.html), up to *Optimization*,
#   before chapter 11 or 21, whichever you read first.
# - **You are in a hurry.** Read parts 2 and 4. They can be understood without the mathematics of part 3.
# - **You look for something.** `gan-edu ask "mode collapse"`, in a terminal, says where the course speaks of it.
# - **You teach, or you want to change something.** The last section of
#   [01 · the workshop](01_workshop.ipynb) is for you.

# %% [markdown]
# ## Help, I get …
#
# ### `ModuleNotFoundError: No module named 'gan_edu'`
# The notebook runs in another Python than the course's. Start JupyterLab with `python3 course.py lab` (Windows:
# `py course.py lab`). Then choose *Kernel → Change Kernel…* and *Python 3 (ipykernel)*.
#
# ### `NameError: name 'ring' is not defined`
# A cell above has not been run, or the kernel was restarted. Choose *Run → Run All Above Selected Cell*.
#
# ### `[*]` that doesn't go away
# The cell is still computing, or it waits for one above it. Press **■** above the notebook to interrupt it. If that
# doesn't help, choose *Kernel → Restart Kernel…*, and run the cells again.

# %% [markdown]
# ### `ClaimFailed: ✗ …`
# A claim is false on your computer. Below it stands what was measured. Did you change a number, or run a cell twice?
# *Kernel → Restart Kernel and Run All Cells…* shows whether it stays false. If it does, please report it.
#
# ### something else
# Section 5 of [01 · the workshop](01_workshop.ipynb) leads you from the error to its cause. The shortest way: open a
# terminal (*File → New → Terminal*) and call `gan-edu doctor`.

# %% [markdown]
# ## Recap
#
# - A GAN is a game: the generator turns noise into samples, and the discriminator tells them from real data.
# - In each training step both learn a little, in turns, from one small batch.
# - One run says little. Run several seeds, and count instead of guessing.
# - Try your ruler on something that you know: even real data need not score 100 %.
# - A generator has collapsed when its points are good, it has settled, and part of the data is missing.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A friend's GAN has captured all eight modes. “Good settings!” What do you ask?</summary>
#
# How many seeds were run? How did the others look? How many points lie on each mode? One good point is enough to
# capture a mode, so a collapsed generator can have captured all eight. And was this the only picture, or the one that
# was picked?
#
# </details>
#
# <details><summary>Your generator has 97 % of its points near a mode. How far from perfect is that?</summary>
#
# About two points in a hundred, not three: on this ring, real points reach about 99 %. But a generator can have 97 % of
# its points near *one* mode. So look at the held modes as well.
#
# </details>
#
# <details><summary>A sentence stands after ≡, another one after ✓. Which of them could a new experiment
# refute?</summary>
#
# The one after ✓. Other seeds, other settings or other data may give another result. What stands after ≡ follows from
# algebra or from how the program is built. If it fails, the program has a bug.
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
#   its introduction tells the idea with counterfeiters and the police
# - [Kahng et al. 2018, *GAN Lab*](https://arxiv.org/abs/1809.01587): how a GAN on points of the plane can be watched
#   and taught, in the browser
# - [Lucic et al. 2018, *Are GANs Created Equal?*](https://arxiv.org/abs/1711.10337): what is left of the differences
#   between methods when every one of them gets many runs

# %% [markdown]
# ## Key terms
#
# {{terms: generative adversarial network (GAN); network; weights; generator; discriminator; noise; batch; training
# step; mode; mode collapse; seed; learning rate}}
