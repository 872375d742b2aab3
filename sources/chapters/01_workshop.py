# %% [markdown]
# # 01 · The workshop
#
# *Every chapter uses the same tools. In one tour you try each of them once, and you learn what to do when one fails.*
#
# > **You will be able to**
# > - play with the three widgets, and rewind a training
# > - read what a check says, and ask it for hints
# > - stop a training, save it, and go on later from exactly the same place
# > - choose where to compute: CPU or GPU
# > - get from an error to its cause, and bring the course up to date without losing your work
# >
# > **Before you start** [00 · start here](00_start_here.ipynb). You can also come back to a single section when you
# > need it.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %% [markdown]
# ## The idea in a picture
#
# A training is like a film that is made while you watch. You can stop it at any step and keep it in a file. Tomorrow
# you can go on from exactly the same place, or go on in another direction.
#
# Here a GAN with the networks of chapter 00 learns the ring, with twice the learning rate. After 300 steps it is saved.
# Then there are three futures:

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import torch

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first

# %% jupyter={"source_hidden": true}
import tempfile
from pathlib import Path

ring = data.toy.ring()
desk = tempfile.TemporaryDirectory()  # a folder for this chapter's files; it goes when the kernel stops
some_noise = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0))


def make_gan(**settings):
    pair = ensemble.single_nets(
        lambda: nets.mlp([2, 32, 32, 2], activation="tanh"), lambda: nets.mlp([2, 32, 32, 1], activation="tanh"), seed=0
    )
    return training.GAN(*pair, **{"lr": 4e-3, "device": "cpu"} | settings)


def quality(gan, steps):
    """Train so many steps; the share of points of high quality, each 20 steps."""
    found = []
    for step in training.train(gan, ring, steps, progress=False):
        if step.number % 20 == 0:
            found.append(metrics.mode_coverage(gan.sample(some_noise), ring).high_quality)
    return found


# %% jupyter={"source_hidden": true}
tape = Path(desk.name) / "ring.safetensors"
first = make_gan()
before = quality(first, 300)
first.save(tape)
whole = before + quality(first, 300)  # it simply goes on

twin = make_gan()
twin.load(tape)
resumed = quality(twin, 300)

base = make_gan()
base.load(tape)
other = base.copy(lr=(1e-3, 4e-3))  # the same state, with a slower generator
branch = quality(other, 300)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4))
places = range(20, 601, 20)
ax.plot(places, whole, color="0.6", linewidth=5, label="never stopped")
ax.plot(places[15:], resumed, color=plotting.FAKE, linewidth=1.8, label="loaded from the file, and resumed")
ax.plot(places[15:], branch, color=plotting.DISC, linestyle="--", label="loaded, then with a slower generator")
ax.vlines(300, 0, 0.7, color=plotting.THEORY, linestyle=":", linewidth=1.5)
ax.set(xlabel="step  (dotted: the file is written)", ylabel="share of good points", ylim=(0, 1.02))
ax.legend(loc="upper left")
plt.show()

# %%
identity("resumed or never stopped: the same curve, in every digit", whole[15:] == resumed)
claim("with another learning rate the curve is another one", branch != resumed)

# %% [markdown]
# The orange line lies exactly on the grey one. The file holds everything that changes in a training, so the resumed run
# can't know that it was ever stopped. The green one starts from the same file and goes its own way.
#
# The widgets of section 1 do the same with the mouse. Section 3 does it with three lines of code.

# %% [markdown]
# ## 1. Three windows to play with
#
# A *widget* is a window into a training. You can start it, stop it, rewind it and change it. Part 2 of the course has
# three of them. Have a short look at each; the chapters come back to them.
#
# Press **▶ Play**. After a while, press it again to pause. Then drag the time line below the picture to the left: that
# is the past, and nothing of it is lost. Leave the parts that you don't know yet, such as *losses*, *KL* and *β*, aside
# for now. Part 2 explains them.
#
# The first widget shows what the discriminator says about every place while both networks play (chapter 22):

# %%
from gan_edu.widgets import DiscriminatorSurface, LatentSpace, ModeCollapse

DiscriminatorSurface("ring", seed=1)

# %% [markdown]
# **Predict, and say why:** pause it, and press **Step D** ten times. This trains the discriminator alone. What will
# move: the coloured map, the orange points, or both?
#
# Try it. Then let us check it in code. A `Run` makes single steps, of both players or of one of them:

# %%
gan = make_gan()
points = gan.sample(some_noise)
map_before = gan.logits(points).detach()

run = training.Run(gan, ring)
for _ in range(10):
    run.step("discriminator")

identity(
    "after ten turns of the discriminator alone, the points are where they were", gan.sample(some_noise).equal(points)
)
claim("its opinion of these points has changed at all of them", (gan.logits(points) != map_before).all())

# %% [markdown]
# Only the map moves. A turn of the discriminator changes the discriminator's weights, and the points depend on the
# generator's weights alone. The points wait until it is their turn.
#
# 🔎 **Try it.** Tick *gradient* in the widget. The arrows show where each generated point wants to go. Then press
# **Step G** and see whether the points follow them.
#
# The second widget shows eight seeds of one setting. It counts the modes that each of them holds, as you did in
# chapter 00 (it returns in chapter 23):

# %%
ModeCollapse("ring", seeds=8)

# %% [markdown]
# The third belongs to another kind of generative model, the *variational autoencoder*. It lays digits out on a map.
# Drag a point across the map, and see what it stands for (chapter 24):

# %%
LatentSpace("vae")

# %% [markdown]
# A widget lives as long as its kernel, the Python program behind the notebook. When you open the notebook on another
# day, you see a picture of it, or a recording that plays. Run its cell, and it comes alive again.
#
# In front of a class: **A⁺** makes the letters larger, the space bar plays and pauses, and the arrow keys walk through
# time.

# %% [markdown]
# ## 2. Checks and hints
#
# Each chapter has exercises. Each answer has a *check*, which tells you not only *whether* it is wrong but *how*.
# Take this small question:
#
# > Write `noise(n, dim)`: n vectors of dim numbers each, drawn from the normal distribution with mean 0 and standard
# > deviation 1.
#
# In an exercise you would call `q.noise.check(noise)`. Here a folded helper, `show`, does it. It prints the outcome and
# keeps *Run All Cells* going.

# %% jupyter={"source_hidden": true}
from gan_edu.checks import chapter_00 as q
from gan_edu.checks.engine import NotDone


def show(answer):
    try:
        q.noise.check(answer)
    except NotDone as outcome:
        print(outcome)


# %% [markdown]
# **First outcome: nothing has been written yet.** That is no error, and the check says so:


# %%
def noise_stub(n, dim): ...


show(noise_stub)

# %% [markdown]
# **Second outcome: not yet.** *Predict:* what is wrong with this answer?


# %% tags=["nbval-ignore-output"]
def noise_first_try(n, dim):
    return torch.rand(n, dim)


show(noise_first_try)

# %% [markdown]
# `torch.rand` draws uniformly between 0 and 1. The normal distribution has no bounds. The check says what it
# expected, what came, on which input, and which misunderstanding this looks like.
#
# If that is not enough, ask for a hint. Each call gives one that tells more:

# %%
q.noise.hint()
q.noise.hint()

# %% [markdown]
# **Third outcome: right**, and one thing more to know:


# %%
def noise_second_try(n, dim):
    return torch.randn(n, dim)


show(noise_second_try)

# %% [markdown]
# When you are stuck for good, `q.noise.solution()` shows one way to write it. There are also open questions. No
# program can judge those, so their check shows a model answer to compare with yours.
#
# What you have solved is remembered in a small file on your computer, and nowhere else. Here is your map. One
# question is solved already, because you have just seen its answer.

# %% tags=["nbval-ignore-output"]
from gan_edu import checks

checks.show_progress()

# %% [markdown]
# ## 3. Stop, save, resume
#
# **Stop.** A training is a loop over steps. Each time the loop asks for the next step, one is made. To stop, leave
# the loop with `break`:

# %%
gan = make_gan()
for step in training.train(gan, ring, steps=1_000_000, progress=False):
    if step.number == 200:
        break
identity("a million steps were allowed, 200 were made", gan.step == 200)

# %% [markdown]
# The button **■** above the notebook does the same from outside: it interrupts the cell. In both cases, what has been
# learned stays in `gan`.
#
# **Save and resume.** To keep it for tomorrow takes three lines. Tomorrow you make a GAN with the same networks, and
# load the file into it.
#
# **Predict, and say why:** we load the file into a `twin` and train both 100 steps further, each on its own. Training
# draws random data and random noise. Will the two still make the same points?

# %%
gan.save(Path(desk.name) / "evening.safetensors")
twin = make_gan()
twin.load(Path(desk.name) / "evening.safetensors")

for model in (gan, twin):
    training.run(model, ring, steps=100)
identity(
    "100 steps later the two still agree, bit for bit", torch.equal(gan.sample(some_noise), twin.sample(some_noise))
)

# %% [markdown]
# They do. "Random" numbers come from a stream that is computed, and the file holds the place in that stream. It also
# holds the weights and the memory of both *optimisers*. (An optimiser is the part that changes a network's weights in
# each step.) And it holds the history of the *losses*: a loss is the number that a player tries to make small. With the
# weights alone the twin would *not* have made the same steps:

# %%
partial = make_gan()
partial.generator.load_state_dict(gan.generator.state_dict())
partial.discriminator.load_state_dict(gan.discriminator.state_dict())
start = torch.equal(gan.sample(some_noise), partial.sample(some_noise))
for model in (gan, partial):
    training.run(model, ring, steps=1)
end = torch.equal(gan.sample(some_noise), partial.sample(some_noise))
claim("with the weights alone: the same points at first, other points after one more step", start and not end)

# %% [markdown]
# **Long runs** should save themselves: `training.train(…, checkpoint="run.safetensors")` writes the file every 1,000
# steps and at the end. If the computer goes down, you lose at most 1,000 steps. In exercise 3 you write a cell that
# starts such a run, or resumes it, whichever is needed.
#
# On another kind of processor the last digits of a sum may differ, and such small differences can grow. So a resumed
# run is exact on the same computer. On another one it starts from the same state, and may drift away from the first run
# (chapter 41 shows how).

# %% [markdown]
# ## 4. CPU or GPU?
#
# The course uses the best *device* by itself: an NVIDIA GPU (CUDA), else an Apple GPU (MPS), else the processor
# (CPU). This is yours:

# %% tags=["nbval-ignore-output"]
print(device.describe())

# %% [markdown]
# To choose another one:
#
# - for everything: set the environment variable `GAN_EDU_DEVICE` before you start, as in
#   `GAN_EDU_DEVICE=cpu python3 course.py lab` (Windows, in PowerShell: first `$env:GAN_EDU_DEVICE = "cpu"`, then
#   `py course.py lab`)
# - for one model: `training.GAN(…, device="cpu")`
#
# A *tensor* is PyTorch's array of numbers: a single number, a list, a table, or more. PyTorch computes only with
# tensors that lie on *one* device. What comes from `gan.sample` lies on the GAN's device. Points that you have made
# yourself lie on the CPU, until you move them.
#
# **Predict, and say why:** we ask the GAN's discriminator about points on another device. (We take PyTorch's device
# "meta", which stands in for a GPU and is there on every computer.) Will PyTorch move them, compute wrong numbers, or
# refuse?

# %%
elsewhere = ring.sample(5, 0).to("meta")
try:
    gan.logits(elsewhere)
    refused = False
except (RuntimeError, NotImplementedError):
    refused = True
claim("PyTorch refuses", refused)

# %% [markdown]
# It refuses. Moving data costs time, so PyTorch does not do it in silence. (There are a few exceptions: a single
# number, which is a tensor without dimensions, and a tensor of indices may come from the CPU.) On a real GPU, the
# message says *Expected all tensors to be on the same device*. The cure is `x.to(gan.device)`. Exercise 2 is about
# that.
#
# Don't expect wonders of a GPU in the first chapters. Their networks are so small that a GPU mostly waits for its next
# instruction. Larger networks, such as the convolutional ones of part 4, are where it pays.

# %% [markdown]
# ## 5. When something fails
#
# <!-- *Also asked as:* kernel died; the kernel appears to have died; kernel restarting; 内核挂了; 内核崩溃 -->
#
# Errors are normal. Read them from the bottom: the **last line** says *what* is wrong. The lines above it say
# *where*; look for the one that is your own code.
#
# **Predict:** this GAN makes points of the plane. What will the course say when we hand it digits of 784 pixels?

# %%
digits = data.images("mnist").tensor(flat=True)
try:
    training.run(make_gan(), digits, steps=1)
except ValueError as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# The sentence names both shapes, and how to mend it. Most mistakes with the library end in a sentence like this one,
# before any training is lost.
#
# Some mistakes are not errors, because somebody might mean them. Then the course only warns:

# %%
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # here we print what it would say
    doubtful = training.GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1], output="sigmoid"), device="cpu")
    training.run(doubtful, ring, steps=1)
print(*doubtful.doubts, sep="\n")

# %% [markdown]
# Do read warnings. This is a common mistake with GANs, and training goes on without any error. (The *sigmoid* turns any
# number, the *logit*, into a probability. Chapter 21 explains both.)
#
# When a message doesn't help, go down this list. Each step takes longer than the one above it.
#
# 1. **Run the cells above.** *Run → Run All Above Selected Cell*.
# 2. **Start afresh.** *Kernel → Restart Kernel and Run All Cells…* Often a variable was left over from an earlier try.
#    (“The kernel appears to have died”: the memory was full, most often. Close other notebooks, take fewer pictures or
#    a smaller batch, and begin at the top. Saved files are still there.)
# 3. **Compare with the original.** Does an unchanged copy of the notebook fail as well?
# 4. **Ask the doctor.** Open a terminal (*File → New → Terminal*) and call `gan-edu doctor`. It examines the whole
#    installation and says what to do.
# 5. **Install anew.** Close JupyterLab, because its program lies in the folder `.venv`. Delete this folder (none of
#    your own files are in it), and call `python3 course.py lab` again (Windows: `py course.py lab`).
# 6. **Report it.** The doctor's output ends with a block of text for that. Exercise 4 is about good reports.

# %% [markdown]
# ### What is where
#
# | what | where | may it be deleted? |
# |---|---|---|
# | notebooks, with your changes | `chapters/`, `exercises/` | only if you don't need your changes |
# | what you have saved | where you said, in `gan.save(…)` | if you don't need it |
# | which questions are solved | a small file of your own; the doctor says where | yes, then the map is empty again |
# | the installed packages | `.venv` | yes, the next start installs them again |

# %% [markdown]
# ## 6. The newest version
#
# The course gets better: errors are mended, chapters are added. If you got it with `git clone`, one command in a
# terminal, in the course's folder, fetches the newest version (Windows: `py course.py update`):
#
# ```
# python3 course.py update
# ```
#
# Save your notebooks first. Your own work is kept. If you have changed a notebook that the new version changes too,
# yours gets another name and stays beside the new one. For example, `21_the_adversarial_game.ipynb` becomes
# `21_the_adversarial_game.mine-2026-11-28.ipynb`. The command says which files it has renamed. All others stay as
# they are.
#
# A downloaded ZIP file can't be updated in place. Download the newest one into a folder of its own, and copy your
# notebooks into it under other names.
#
# 🔎 **Try it.** Call the command now. If there is nothing new, it says "The course is up to date." and changes nothing.

# %% [markdown]
# ## 7. For teachers and authors
#
# **You teach a class.** Run a chapter before the lesson; its box says how long that takes. Zoom the browser until the
# last row can read it (Ctrl and +), and choose *View → Appearance → Presentation Mode*. Ask for a show of hands at
# each prediction. *File → Save and Export Notebook As → HTML* makes a page in which the widgets' recordings play
# without a kernel. The notebooks in `exercises/` are nbgrader assignments, made from `solutions/`. The
# [README](../README.md) says more.
#
# **You want to change or add something.** Chapters are built from plain text in `sources/`:
# [CONTRIBUTING](../CONTRIBUTING.md) says how.

# %% [markdown]
# ## Help, I get …
#
# ### "Error displaying widget: model not found"
# The widget's kernel is gone, for instance because the notebook was closed yesterday. Run the cell again.
#
# ### `RuntimeError: Expected all tensors to be on the same device`
# Something lies on the CPU and something else on the GPU. Move the data: `x.to(gan.device)`.
#
# ### `CUDA out of memory`, or another error that names CUDA
# Close other programs and notebooks that use the GPU. Or go on without it: stop JupyterLab, and start it with
# `GAN_EDU_DEVICE=cpu`.

# %% [markdown]
# ### `CheckpointError: … of another architecture`
# The file belongs to a GAN with other networks. Make the networks exactly as they were when you saved: the same
# sizes, and the same number of seeds. The message names what differs.
#
# ### a text that starts with ○, and *Run All Cells* stops there
# That check has found the stub still in place: "not attempted yet". It stops on purpose, so that nobody takes the
# exercise for done. Write your answer, run its cell, then the check.

# %% [markdown]
# ## Recap
#
# - Widgets show a training that you can rewind, make single steps with, and send in another direction. After a restart,
#   run their cell again.
# - A check says how an answer is wrong. Hints tell more with each call, and `solution()` shows one way.
# - Leave the loop to stop. `save` and `load` go on from exactly the same place, because the file holds more than
#   weights.
# - All tensors must be on one device: ask the model where it is, and move the data there.
# - Read errors from the last line. Then: run above, restart, compare, doctor, install anew, report.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>You saved only the weights of both networks. Why is the resumed training another one?</summary>
#
# The optimisers have a memory (averages of earlier gradients, the slopes that tell how to change each weight). Data and
# noise come from a stream of random numbers. Both start anew. The result may be just as good, but it is another run.
#
# </details>
#
# <details><summary>A cell shows [*] for minutes. What do you try, in this order?</summary>
#
# First wait a moment: the box at the top says how long the chapter takes. Then ■, which interrupts the cell and keeps
# all variables. Then *Kernel → Restart Kernel…*, which loses them.
#
# </details>
#
# <details><summary>“Run All” in an exercise stops at a text that starts with ○. Is it broken?</summary>
#
# No. That check has found the stub still in place. It stops the run so that nobody, neither you nor a teacher's grading
# program, takes the exercise for done.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [JupyterLab's documentation](https://jupyterlab.readthedocs.io/): the menus, shortcuts and panels around this
#   notebook, with pictures
# - [PyTorch, *Saving and Loading Models*](https://docs.pytorch.org/tutorials/beginner/saving_loading_models.html):
#   the same in plain PyTorch, and what a checkpoint should hold
# - [Safetensors' documentation](https://huggingface.co/docs/safetensors/index): the file format used here, and why
#   opening such a file can't run foreign code
# - [PyTorch, *Reproducibility*](https://docs.pytorch.org/docs/stable/notes/randomness.html): what can differ between
#   two runs with the same seed, and between two computers

# %% [markdown]
# ## Key terms
#
# {{terms: kernel; widget; checkpoint; resume; tensor; optimiser; loss; device; stub}}
