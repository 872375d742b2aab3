# %% [markdown]
# # Exercises 01 · The workshop
#
# Four small questions about tools, after [the chapter](../chapters/01_workshop.ipynb): stop a training, move data to
# the model, go on from a file, and write a report. [Worked solutions](../solutions/01_workshop.ipynb) are there for
# later. Ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import tempfile
from pathlib import Path

import torch
from torch import nn

from gan_edu import data, ensemble, metrics, nets, training
from gan_edu.checks import chapter_01 as q

torch.set_num_threads(1)

# %% [markdown]
# ## 1. Stop when it is good enough
# *Difficulty ●○○ · importance ●●○ · 5 minutes*
#
# `training.train(…)` gives one training step after another. Each step has a `number`.
#
# Write `stop_when(steps, good_enough)`. `steps` is such a training, and `good_enough(step)` gives True or False. Stop
# at the first step that is good enough, and give its number. If the training ends before, give `None`.
#
# **Predict, and say why:** would it be fine to make a list of all steps first, and then to search the list?


# %% answer="stop_when"
def stop_when(steps, good_enough):
    ### BEGIN SOLUTION
    for step in steps:
        if good_enough(step):
            return step.number
    return None
    ### END SOLUTION


# %% check="stop_when" points=1
q.stop_when.check(stop_when)
### BEGIN HIDDEN TESTS
from types import SimpleNamespace as _Step

_made = []
_stream = (_made.append(n) or _Step(number=n) for n in range(41, 50))
assert stop_when(_stream, lambda step: step.number % 4 == 0) == 44 and _made == [41, 42, 43, 44]
assert stop_when(iter([_Step(number=7)]), lambda step: False) is None
### END HIDDEN TESTS

# %%
# q.stop_when.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Here it stops a GAN as soon as nine of ten points are good. (A list of all steps would first have made all 2,000.)


# %%
def make_gan():
    pair = ensemble.single_nets(
        lambda: nets.mlp([2, 32, 32, 2], activation="tanh"), lambda: nets.mlp([2, 32, 32, 1], activation="tanh"), seed=0
    )
    return training.GAN(*pair, lr=4e-3, device="cpu")


ring, gan = data.toy.ring(), make_gan()


def nine_of_ten_are_good(step):
    return step.number % 50 == 0 and metrics.mode_coverage(gan.sample(1000), ring).high_quality > 0.9


# %% tags=["nbval-ignore-output"]
stop_when(training.train(gan, ring, steps=2000, progress=False), nine_of_ten_are_good)

# %% [markdown]
# ## 2. The data to the model
# *Difficulty ●●○ · importance ●●● · 5 minutes*
#
# A batch lies on the CPU, the model perhaps on a GPU. Write `beside(model, x)`: it gives `x` on the device where the
# `model` is. The model stays where it is. The numbers in `x` stay as they are, and so does their kind: labels are whole
# numbers and must not become floats.
#
# The model can be any module with weights, on any device.


# %% answer="beside"
def beside(model, x):
    ### BEGIN SOLUTION
    return x.to(next(model.parameters()).device)
    ### END SOLUTION


# %% check="beside" points=1
q.beside.check(beside)
### BEGIN HIDDEN TESTS
import torch as _torch

_model, _x = _torch.nn.Conv2d(1, 2, 3, device="meta"), _torch.arange(6).reshape(2, 3)
assert beside(_model, _x).device.type == "meta" and next(_model.parameters()).device.type == "meta"
assert beside(_torch.nn.Linear(1, 1), _x).equal(_torch.arange(6).reshape(2, 3))
### END HIDDEN TESTS

# %%
# q.beside.hint()

# %% [markdown]
# Here the model is on PyTorch's device "meta", which stands in for a GPU. Without `beside`, PyTorch would refuse to
# compute this:

# %%
far_away = nn.Linear(2, 1, device="meta")
far_away(beside(far_away, torch.zeros(4, 2))).shape

# %% [markdown]
# ## 3. As many steps as are missing
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# A long run takes several evenings. You want *one* cell that you run each evening, and after each crash. Write
# `train_up_to(gan, data, total, path)`:
#
# - `gan` is new and untrained. If there is a file at `path`, go on from that file.
# - Train until `gan.step` is `total`. If the file is already that far, or further, make no step.
# - At the end the file at `path` holds what is in `gan`. Return `gan`.
#
# You need `gan.load(path)`, `gan.save(path)`, `gan.step` and `training.run(gan, data, steps=…)`.


# %% answer="train_up_to"
def train_up_to(gan, data, total, path):
    ### BEGIN SOLUTION
    if Path(path).exists():
        gan.load(path)
    missing = max(0, total - gan.step)
    training.run(gan, data, steps=missing, checkpoint=path)
    return gan
    ### END SOLUTION


# %% check="train_up_to" points=3
q.train_up_to.check(train_up_to)
### BEGIN HIDDEN TESTS
import tempfile as _tempfile

import torch as _torch

from gan_edu import data as _data
from gan_edu import nets as _nets
from gan_edu import training as _training


def _small(seed):
    _torch.manual_seed(seed)
    return _training.GAN(_nets.mlp([2, 4, 2]), _nets.mlp([2, 4, 1]), seed=seed, device="cpu")


with _tempfile.TemporaryDirectory() as _folder:
    _path, _ring = f"{_folder}/a.safetensors", _data.toy.ring()
    _one = _training.run(_small(3), _ring, steps=7, progress=False)
    train_up_to(_small(3), _ring, 4, _path)
    _two, _three = train_up_to(_small(8), _ring, 7, _path), _small(9)
    _three.load(_path)
    assert _two.step == _three.step == 7
    for _a, _b, _c in zip(*(g.generator.parameters() for g in (_one, _two, _three)), strict=True):
        assert _torch.equal(_a, _b) and _torch.equal(_a, _c)
    assert train_up_to(_small(8), _ring, 5, _path).step == 7
### END HIDDEN TESTS

# %%
# q.train_up_to.hint()

# %% [markdown]
# Three evenings. Each begins with a new GAN, as after a restart. The last one finds that nothing is left to do:

# %%
with tempfile.TemporaryDirectory() as folder:
    for total in (100, 300, 300):
        gan = train_up_to(make_gan(), ring, total, f"{folder}/run.safetensors")
        print(f"the run is at step {gan.step}")

# %% [markdown]
# ## 4. A report that can be answered
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A friend writes: "Chapter 21 doesn't work on my computer. Help!" You can't answer that.
#
# What would you have to know? Write down what a good report says, and what your friend should try *before* sending
# it. Five or six sentences.

# %% [markdown] answer="bug_report" points=2
# <!-- ### BEGIN SOLUTION -->
# A good report says what I did, from the beginning, so that somebody else can do the same. It says what I expected and
# what came instead, with the whole text of the error, copied as text. And it says on which installation: the block of
# text at the end of `gan-edu doctor`.
#
# Before sending it, I would restart the kernel and run all cells, try an unchanged copy of the notebook, and read
# what the doctor finds broken. Often one of these is the answer. If not, each of them rules something out.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.bug_report.hint()
# q.bug_report.check()
