# %% [markdown]
# # Exercises 49 · Bigger
#
# Three small tools for [long and shared runs](../chapters/49_bigger.ipynb): the gradient that several processes agree
# on, the part of the data that each of them takes, and a snapshot that forgets nothing. At the end you answer four
# messages. [Worked solutions](../solutions/49_bigger.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import copy

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from gan_edu import data, nets, plotting
from gan_edu.checks import chapter_49 as q

plotting.use_style()

# %% [markdown]
# ## 1. One gradient from many
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Several processes trained on parts of one batch. Process number $i$ had `sizes[i]` samples, and `gradients[i]` is the
# gradient of the *mean* loss over its own samples. Write the gradient of the mean loss over *all* samples.
#
# `gradients` is a tensor (processes, weights), `sizes` a tensor (processes,) of whole numbers; the result has the shape
# (weights,).
#
# **Predict:** when is it the plain mean of the gradients, which is what DDP computes? (The text below the check tells.)


# %% answer="whole_gradient"
def whole_gradient(gradients, sizes):
    ### BEGIN SOLUTION
    shares = sizes / sizes.sum()
    return (shares[:, None] * gradients).sum(dim=0)
    ### END SOLUTION


# %% check="whole_gradient" points=2
q.whole_gradient.check(whole_gradient)
### BEGIN HIDDEN TESTS
from torch import tensor

mixed = whole_gradient(tensor([[1.0, -2.0, 0.0], [5.0, 2.0, 4.0], [0.0, 0.0, 8.0]]), tensor([2, 1, 1]))
assert mixed.shape == (3,) and (mixed - tensor([1.75, -0.5, 3.0])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.whole_gradient.hint()

# %% [markdown]
# Try it: the last batch of an epoch has 100 samples, 64 for one process and 36 for the other. With unequal parts the
# plain mean is off. With equal parts the two are the same.

# %%
torch.manual_seed(0)
net, x = nets.mlp([2, 16, 1]), data.toy.ring().sample(100, 0)


def mean_gradient(x):
    loss = F.softplus(-net(x)).mean()
    return torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, list(net.parameters()))])


both = torch.stack([mean_gradient(x[:64]), mean_gradient(x[64:])])
whole = mean_gradient(x)
errors = {
    "plain mean": (both.mean(dim=0) - whole).norm() / whole.norm(),
    "yours": (whole_gradient(both, torch.tensor([64, 36])) - whole).norm() / whole.norm(),
}
_, ax = plt.subplots(figsize=(5, 1.6))
ax.barh(list(errors), [100 * error.item() for error in errors.values()], color=plotting.NEUTRAL[0])
ax.set_xlabel("error, in % of the gradient's length")
plt.show()

# %% [markdown]
# ## 2. Each process its own part
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# A data set has `n` samples, and `world` processes share it. Write what process number `rank` (from 0) calls at the
# beginning of epoch `epoch`. Return the indices of its samples (a tensor or a list of `n // world` whole numbers from 0
# to `n - 1`), so that
#
# 1. no sample goes to two processes (the last `n % world` of the order are left out),
# 2. all processes agree without talking: the order of all samples depends on `epoch` and `n` alone,
# 3. every epoch has another, shuffled order,
# 4. the global random numbers of PyTorch stay as they were.
#
# **Predict:** what goes wrong if a process gets one sample more than the others?


# %% answer="my_part"
def my_part(n, epoch, rank, world):
    ### BEGIN SOLUTION
    stream = torch.Generator().manual_seed(epoch)
    order = torch.randperm(n, generator=stream)
    size = n // world
    return order[rank * size : (rank + 1) * size]
    ### END SOLUTION


# %% check="my_part" points=2
q.my_part.check(my_part)
### BEGIN HIDDEN TESTS
for total, crew in ((31, 4), (12, 3)):
    parts = [[int(k) for k in my_part(total, 5, k, crew)] for k in range(crew)]
    assert all(len(part) == total // crew for part in parts)
    assert len({k for part in parts for k in part}) == crew * (total // crew)
    assert parts != [[int(k) for k in my_part(total, 6, k, crew)] for k in range(crew)]
    assert parts == [[int(k) for k in my_part(total, 5, k, crew)] for k in range(crew)]
### END HIDDEN TESTS

# %%
# q.my_part.hint()

# %% [markdown]
# Look at it. (One sample more can make one batch more. A process with one more batch waits for an exchange in which
# nobody takes part any more, and the run hangs.)

# %%
for rank in range(3):
    print(f"process {rank}:  epoch 0 {[int(k) for k in my_part(11, 0, rank, 3)]}")

# %% [markdown]
# ## 3. A snapshot that forgets nothing
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Write `snapshot`: a dictionary with the keys `"net"`, `"optimizer"`, `"stream"` and `"step"`, from which a training
# can go on exactly. The first two hold what `state_dict()` gives, the third what `stream.get_state()` gives (`stream`
# is a `torch.Generator`), the last is the number `step`.
#
# Mind one thing: the training goes on after your snapshot. What you return must still hold the moment *when it was
# taken*.
#
# The check trains a small network, takes your snapshot, trains on, goes back to the snapshot, and trains again. Both
# times the same weights must come out, bit for bit.


# %% answer="snapshot"
def snapshot(net, optimizer, stream, step):
    ### BEGIN SOLUTION
    return {
        "net": copy.deepcopy(net.state_dict()),
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "stream": stream.get_state(),
        "step": step,
    }
    ### END SOLUTION


# %% check="snapshot" points=3
q.snapshot.check(snapshot)
### BEGIN HIDDEN TESTS
import torch as hidden

layer, stream = hidden.nn.Linear(2, 1), hidden.Generator().manual_seed(9)
adam = hidden.optim.Adam(layer.parameters(), lr=0.1)


def step_once():
    adam.zero_grad()
    layer(hidden.randn(4, 2, generator=stream)).square().mean().backward()
    adam.step()
    return layer.weight.detach().clone()


step_once()
taken = snapshot(layer, adam, stream, 1)
after = [step_once() for _ in range(3)][-1]
layer.load_state_dict(taken["net"]), adam.load_state_dict(taken["optimizer"]), stream.set_state(taken["stream"])
assert int(taken["step"]) == 1
assert hidden.equal([step_once() for _ in range(3)][-1], after)
### END HIDDEN TESTS

# %%
# q.snapshot.hint()

# %% [markdown]
# ## 4. Which tool?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "I want to try four learning rates with five seeds each on points in the plane. Shall I set up DDP?"
# 2. "Since I use two GPUs, each step takes as long as before, and the curves look exactly as with one."
# 3. "After each restart our loss jumps. We save G and D."
# 4. "We went from one GPU with a batch of 64 to four GPUs with 64 each, and now the samples are worse."

# %% [markdown] answer="which_tool" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. No. These are twenty small runs that need nothing from each other: the seeds in an ensemble, the rates in processes
#    of joblib, one thread each.
# 2. Both GPUs probably compute the same: one seed for both, so the same pictures and the same noise. The networks must
#    start equal; the data and the noise must differ.
# 3. The optimisers' averages are lost, so Adam starts with steps of full size. Save the optimisers, the average, the
#    random streams and the step as well, and test it by killing a run.
# 4. The whole batch is 256 now, which is another training. Try 16 for each GPU first. And does G have batch norm? It
#    sees a quarter of the batch, so use SyncBatchNorm.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.which_tool.hint()
# q.which_tool.check()
