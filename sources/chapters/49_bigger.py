# %% [markdown]
# # 49 · Bigger
#
# *One day the training that you want no longer fits into an afternoon, or into one process. In this chapter you learn
# to stop it anywhere and go on, to train many networks at once, and to share one training between processes.*
#
# > **You will be able to**
# > - stop a run anywhere, even by a power cut, and go on as if nothing had happened
# > - train eight seeds as one model, with `gan_edu` or with plain PyTorch
# > - try many settings in several processes, on one machine or on many
# > - train with two processes what one process would have trained, and know what breaks this
# > - turn the CPU script into one for GPUs
# >
# > **Before you start** [48 · Fast](48_fast.ipynb), and the training step from
# > [41 · an MLP GAN](41_mlp_gan.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# There are three ways to get more out of your machines. Each answers another need. (A box is a network, a dashed frame
# is a process. Imports and helpers are folded.)

# %% jupyter={"source_hidden": true}
import copy
import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F

from gan_edu import data, device, ensemble, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 3, figsize=(6.8, 2.3))
titles = ["many seeds,\none process", "many settings,\nmany processes", "one training,\nmany processes"]
below = ["section 2", "section 3", "section 4"]
for number, (ax, title, word) in enumerate(zip(axes, titles, below, strict=True)):
    for k in range(4):
        x, y = (k % 2) * 1.4, (k // 2) * 1.2
        ax.add_patch(plt.Rectangle((x + 0.2, y + 0.2), 0.8, 0.6, color=[plotting.DISC, plotting.FAKE][number == 2]))
        if number > 0:
            ax.add_patch(plt.Rectangle((x, y), 1.2, 1, fill=False, edgecolor="0.2", linestyle="--", linewidth=1.5))
    if number == 0:
        ax.add_patch(plt.Rectangle((0, 0), 2.6, 2.2, fill=False, edgecolor="0.2", linestyle="--", linewidth=1.5))
    if number == 2:
        for start, end in (((1.05, 0.5), (1.55, 0.5)), ((1.05, 1.7), (1.55, 1.7)), ((0.6, 0.85), (0.6, 1.35))):
            ax.annotate("", end, start, arrowprops={"arrowstyle": "<->", "linewidth": 2, "color": "0.2"})
    ax.set(xlim=(-0.1, 2.7), ylim=(-0.1, 2.3), aspect="equal", title=title)
    ax.text(1.3, -0.45, word, ha="center")
    ax.axis("off")
plt.show()

# %% [markdown]
# Left: eight seeds of one setting become *one* model with larger tensors. Middle: the runs need nothing from each
# other, so each process takes the next one from a list. Right: every process holds a copy of the *same* networks and
# a part of the batch, and after each step all copies must be equal again. The arrows are that exchange.
#
# All three take long. So we begin with what every long run needs.

# %% [markdown]
# ## 1. When the power goes
#
# A **checkpoint** is a file with everything from which a run could go on. There is a simple and brutal test for it. We
# start a training as a process of its own, let the system kill it half-way, and go on from what lies on the disk.
#
# This is the training. It writes a checkpoint every 50 steps, and it waits at step 130 for its end:

# %%
workshop = tempfile.TemporaryDirectory()  # gone when the notebook's kernel ends
folder = Path(workshop.name)
written = (folder / "power_cut.py").write_text("""
import sys, time
import torch
from gan_edu import data, nets, training

def make():
    torch.manual_seed(0)
    G, D = nets.mlp([2, 64, 64, 2]), nets.mlp([2, 64, 64, 1])
    return training.GAN(G, D, penalties={"r1": 1.0}, penalty_every=16, ema=0.99, lr=1e-3, device="cpu")

if __name__ == "__main__":
    torch.set_num_threads(1)
    for step in training.train(make(), data.toy.ring(), 200, checkpoint=sys.argv[1], checkpoint_every=50):
        if step.number == 130:
            print("step 130", flush=True)
            time.sleep(300)  # so that the cut comes at the same step on every machine
""")
sys.path.insert(0, str(folder))
import power_cut

# %% [markdown]
# `kill()` sends SIGKILL (on Windows, TerminateProcess). The process can't catch it. It ends between two instructions.

# %% jupyter={"source_hidden": true}
root = Path(training.__file__).parents[2]  # where gan_edu lies, so that the child finds it, too
python_path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
child_env = {**os.environ, "PYTHONPATH": python_path, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
saved = folder / "run.safetensors"

# %%
child = subprocess.Popen(
    [sys.executable, str(folder / "power_cut.py"), str(saved)], env=child_env, stdout=subprocess.PIPE, text=True
)
print(child.stdout.readline().strip())
child.kill()
claim("it did not end of its own accord", child.wait(timeout=60) != 0)

# %% [markdown]
# The last checkpoint is from step 100. The thirty steps after it are lost. Now we load it, train the other hundred
# steps, and compare with a run that nobody disturbed.
#
# **Predict, and say why:** how close will the weights be? To two digits, to six, to all?

# %%
with device.threads(1):  # as in the child: with more threads, sums may be rounded in another order
    resumed = power_cut.make()
    resumed.load(saved)
    training.run(resumed, ring := data.toy.ring(), 100, progress=False)
    undisturbed = training.run(power_cut.make(), ring, 200, progress=False)


def same(a, b):
    (mine, _), (its, _) = a.state(), b.state()
    return mine.keys() == its.keys() and all(mine[key].equal(its[key]) for key in mine)


claim("every bit of weights, averages, optimisers and random streams is the same", same(resumed, undisturbed))
claim("and so is the recorded history", resumed.history.to_json() == undisturbed.history.to_json())

# %% [markdown]
# All digits. A training is a calculation: from the same state it gives the same result, if the processor adds in the
# same order. So the checkpoint must hold *all* that changes: both networks, the averaged weights, both optimisers'
# averages, the states of the random streams, the number of the step (lazy R1 depends on it), and the history.
#
# Many programs save only the weights. What happens to such a run? We leave things out on purpose, and measure how far
# the generator moves away from the undisturbed one:

# %% jupyter={"source_hidden": true}
tensors, text = training.read_safetensors(saved)
fresh, _ = power_cut.make().state()
forget = {"nothing": "-", "the optimisers": "optimizer.", "the random streams": "random."}
forget["both"] = tuple(forget.values())[1:]


def weights(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def way(model):  # the generator's weights after each of the next hundred steps
    return torch.stack([weights(model.generator) for _ in training.train(model, ring, 100, progress=False)])


def drift(prefix):
    kept = {key: value for key, value in tensors.items() if not key.startswith(prefix)}
    streams = {key: value for key, value in fresh.items() if key.startswith("random.") and key not in kept}
    model = power_cut.make()
    model.restore(kept | streams, text)
    return (way(model) - truth).norm(dim=1).tolist()


# %% jupyter={"source_hidden": true}
with device.threads(1):
    (whole := power_cut.make()).load(saved)
    truth = way(whole)
    drifts = {f"forgot {name}": drift(prefix) for name, prefix in forget.items()}

_, ax = plt.subplots(figsize=(6.8, 3))
plotting.curves(np.arange(101, 201), drifts, "step", "distance of G's weights", ax=ax)
plt.show()

# %%
final = {name: path[-1] for name, path in drifts.items()}
claim("forgot nothing: distance 0 at every step", max(drifts["forgot nothing"]) == 0)
claim("forgot anything else: another run", min(list(final.values())[1:]) > 0.05, measured=final)
first = {name: path[0] for name, path in drifts.items()}
claim(
    "without the optimisers' memory the first step already differs; without the streams it differs less",
    first["forgot the optimisers"] > first["forgot the random streams"],
    measured=first,
)

# %% [markdown]
# "Another run" is not "a worse run". But it is no longer the run that you began. A stream that is forgotten begins
# anew: this run sees the first hundred batches a second time, with the same noise. Adam without its memory makes
# its first step at full size in every weight, however small the gradient is. This can show as a jump in the loss
# after each restart.
#
# There is one more danger: the power may go *while* the checkpoint is written. So write to another file name, and
# rename the file when all of it is on the disk. A reader then sees the old file or the new one, never a half. If half
# a file turns up all the same, loading should say so:

# %%
half = folder / "half.safetensors"
half.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
try:
    power_cut.make().load(half)
    found = False
except training.CheckpointError:
    found = True
claim("half a checkpoint is recognised", found)

# %% [markdown]
# The same in plain PyTorch, without `gan_edu`, looks like this. Add whatever else changes in your program:
#
# ```python
# state = {"G": G.state_dict(), "D": D.state_dict(), "opt_g": opt_g.state_dict(), "opt_d": opt_d.state_dict(),
#          "average": average.state_dict(), "step": step, "cpu_stream": torch.get_rng_state(),
#          "gpu_streams": torch.cuda.get_rng_state_all()}
# with open("run.pt.new", "wb") as file:
#     torch.save(state, file)
#     file.flush()
#     os.fsync(file.fileno())  # now all of it is on the disk
# os.replace("run.pt.new", "run.pt")  # the old file until now, the new one from now on
#
# state = torch.load("run.pt", weights_only=True)
# G.load_state_dict(state["G"])  # … and so on, each into its place
# ```
#
# `weights_only=True` keeps the file from running code of its own on your machine.

# %% [markdown]
# ## 2. Many seeds at once
#
# You want eight seeds anyway. `gan_edu.ensemble` trains them as *one* model. Its weights, data and losses have one more
# axis, in front, of length $S = 8$. Each linear layer becomes one batched matrix product. No weight is shared and the
# losses are summed, so each GAN gets its own gradient.
#
# **Predict, and say why:** compared with one GAN, how many FLOPs does a step of the eight take? How many operations?

# %% jupyter={"source_hidden": true}
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class Meter(TorchDispatchMode):  # as in chapter 48
    operations = flops = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.operations += not function.is_view
        if function.overloadpacket in flop_registry:
            self.flops += flop_registry[function.overloadpacket](*args, **(kwargs or {}), out_val=result)
        return result


def cost(run):
    with Meter() as meter:
        run()
    return meter


# %%
def g():
    return nets.mlp([2, 64, 64, 2])


def d():
    return nets.mlp([2, 64, 64, 1])


def stream_of(model):
    return training.train(model, ring, 10**9, batch=128, progress=False)


eight = ensemble.gans(g, d, seeds=8, device="cpu")
alone = training.GAN(*ensemble.single_nets(g, d, seed=0), device="cpu")
many, one = stream_of(eight), stream_of(alone)
for stream in (many, one, many, one):
    next(stream)
together, single = cost(lambda: next(many)), cost(lambda: next(one))
print(f"operations: {together.operations} for eight, {single.operations} for one")

# %%
identity("8 times the FLOPs", together.flops == 8 * single.flops)
claim("but less than twice the operations (those that only make a view aside)",
      together.operations < 2 * single.operations, measured=(together.operations, single.operations))  # fmt: skip

# %% [markdown]
# Eight GANs have eight times as much to multiply. Nothing saves that. But in the networks, the losses and the
# optimisers, one operation does for all eight what one operation did for one. What comes on top is mostly that each
# seed draws data and noise of its own. And the results are those of eight single runs:


# %%
def double(make):
    return lambda: make().double()


eight = training.run(ensemble.gans(double(g), double(d), seeds=3, device="cpu"), ring, 20, progress=False)
apart = []
for seed in range(3):
    lone = training.GAN(*ensemble.single_nets(double(g), double(d), seed), seed=seed, device="cpu")
    lone = training.run(lone, ring, 20, progress=False)
    apart.append((weights(eight.generator.unstack(seed)) - weights(lone.generator)).abs().max())
identity("three seeds: the same weights as alone, after 20 steps in double precision (to 1e-10)", max(apart) < 1e-10)

# %% [markdown]
# **What it costs.** All eight must have the same architecture and go in step, and you need memory for eight. The gain
# shrinks as networks grow, because only the *starting* of operations is saved. With one CPU thread, sixteen seeds of
# nets with two hidden layers of 128, batch 256, took nine tenths of the time of sixteen runs
# (`benchmarks/ensemble.py`). Smaller nets gain more.
#
# `gan_edu.ensemble` stacks linear layers only. **Plain PyTorch stacks most other networks, too**, with `torch.func`:
# `vmap` runs a function for all slices of its inputs at once. (A network with dropout needs
# `vmap(…, randomness="different")`. An `if` on a value, or spectral norm, stops with an error.) Here are three
# convolutional discriminators:

# %%
from torch.func import functional_call, stack_module_state, vmap

device.seed_everything(0)
three = [nets.DCGANDiscriminator() for _ in range(3)]
parameters, buffers = stack_module_state(three)  # name → tensor with one more axis in front
skeleton = copy.deepcopy(three[0]).to("meta")  # the layers without their numbers


def judged(parameters, buffers, x):
    return functional_call(skeleton, (parameters, buffers), (x,))


x = torch.randn(3, 16, 1, 28, 28)  # other pictures for each
at_once = vmap(judged)(parameters, buffers, x)
one_by_one = torch.stack([D(part) for D, part in zip(three, x, strict=True)])
identity("the logits of the three are those that each gives alone (to 1e-5)", at_once.allclose(one_by_one, atol=1e-5))
at_once.sum().backward()
shape = tuple(parameters["layers.0.weight"].grad.shape)
identity("and gradients arrive for all three: (3, 32, 1, 4, 4)", shape == (3, 32, 1, 4, 4), measured=shape)

# %% [markdown]
# ## 3. Sweeps: many settings
#
# Many machine hours go into *trying settings*. Such runs don't need each other, so there is nothing to exchange. Run
# several at once. **joblib** takes a function and a list, and starts the
# processes:


# %%
def share_of_good_samples(lr):
    """Eight seeds with this learning rate; runs anywhere, so it imports what it needs."""
    import torch

    from gan_edu import data, ensemble, metrics, nets, training

    torch.set_num_threads(1)
    gans = ensemble.gans(
        lambda: nets.mlp([2, 32, 32, 2]), lambda: nets.mlp([2, 32, 32, 1]), seeds=8,
        lr=lr, betas=(0.0, 0.99), device="cpu",
    )  # fmt: skip
    gans = training.run(gans, data.toy.ring(), 300, batch=64, progress=False)
    return metrics.mode_coverage(gans.sample(1000), data.toy.ring()).high_quality.tolist()


# %%
import joblib

rates = [1e-4, 1e-3, 1e-2]
with joblib.parallel_config(backend="loky", n_jobs=2):
    found = joblib.Parallel()(joblib.delayed(share_of_good_samples)(lr) for lr in rates)
sweep = dict(zip(rates, found, strict=True))

# %%
_, ax = plt.subplots(figsize=(6.8, 3.4))
plotting.bars_with_floor({f"learning rate {lr:g}": each for lr, each in sweep.items()}, "share of good samples", ax=ax)
plt.show()
with device.threads(1):
    claim("a run in another process is the same run, bit for bit", share_of_good_samples(1e-3) == sweep[1e-3])
middle = {lr: float(np.median(each)) for lr, each in sweep.items()}
claim("1e-4 has the lowest median after 300 steps", min(middle, key=middle.get) == 1e-4, measured=middle)

# %% [markdown]
# This is a sweep to show the tool: 300 steps are too few to choose a rate. It has three levels. Settings are spread
# over processes, seeds are inside an ensemble, and each process uses one thread. joblib would take care of the threads
# by itself: it gives each worker its share of the cores. Our line fixes the number, so that the sums are added in the
# same order everywhere. If you start processes by hand, take care of it yourself. Eight processes with eight threads
# each, on eight cores, get in each other's way.
#
# **Dask** takes the same function to several machines. A *scheduler* hands out calls, and *workers* make them. For
# joblib only the `with` line changes. Here is the smallest cluster, one worker, started on your own computer:

# %%
from dask.distributed import Client, LocalCluster

own = {"n_workers": 1, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
with LocalCluster(**own, silence_logs=logging.ERROR) as cluster, Client(cluster):
    with joblib.parallel_config(backend="dask"):
        on_dask = joblib.Parallel()(joblib.delayed(share_of_good_samples)(lr) for lr in rates)
claim("Dask's worker finds the same, bit for bit", on_dask == found)

# %% [markdown]
# For more machines you start `dask scheduler` on one of them and `dask worker first-machine:8786` on each, and then
# write `Client("first-machine:8786")` in place of the cluster. The workers need the same versions of everything. (Bits
# may differ then: another processor may round its sums in another order.)

# %% [markdown]
# ## 4. One training, two processes
#
# Suppose that one run is still too long. Then several processes can share it. Each has a copy of the networks and a
# *part of the batch*. While `backward()` runs, the copies exchange their gradients and take the mean, so all of them
# make the same step. This is **data parallel** training. PyTorch's `DistributedDataParallel` (**DDP**) does the
# exchange, one bucket of gradients after the other, while the rest of the backward pass still computes.
#
# When is this the same as one process with the whole batch? If the loss is a mean over samples, and each of two
# processes gets $B$ of them, then
#
# $$\nabla \frac{1}{2B} \sum_{i=1}^{2B} \ell_i \;=\; \frac12 \Big( \nabla \frac1B \sum_{i=1}^{B} \ell_i \;+\; \nabla
# \frac1B \sum_{i=B+1}^{2B} \ell_i \Big),$$
#
# *provided that $\ell_i$ depends on sample $i$ alone*.
#
# **Predict, and say why:** which of these keep that promise: the non-saturating loss, R1, batch norm?


# %%
def mean_gradient(net, x):
    loss = F.softplus(net(x)).mean()
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(net.parameters()))])


x = torch.randn(64, 2, dtype=torch.float64)
apart = {}
for name, batch_norm in (("without", False), ("with", True)):
    net = nets.mlp([2, 64, 64, 1], batch_norm=batch_norm).double()
    halves = (mean_gradient(net, x[:32]) + mean_gradient(net, x[32:])) / 2
    apart[name] = (halves - mean_gradient(net, x)).abs().max().item()
identity("without batch norm: the mean of the halves is the whole (to 1e-12)", apart["without"] < 1e-12, measured=apart)
claim("with batch norm it isn't", apart["with"] > 1e-5, measured=apart)

# %% [markdown]
# The loss and R1 keep it: both are means of something that each sample has for itself. Batch norm breaks it. It
# subtracts the mean of *its batch*, and half a batch has another mean, so each sample's loss depends on its neighbours.
# (`nn.SyncBatchNorm` exchanges the means between GPUs. Minibatch standard deviation, where `D` is told how much the
# batch varies, and relativistic losses that compare each sample with *all* others couple samples, too. With packing, or
# with the pairs of chapter 43, the loss is a mean over packs or pairs. So it keeps the promise if none is cut in two.)
#
# Now a real training, with two processes on your CPU. For the exchange it uses **gloo**, which works everywhere. DDP
# acts when the `forward` of a wrapped module and a later `backward()` come together. So the whole loss of `D`, R1
# included, goes into one module:

# %%
loss_of_d = """
import torch
from torch import nn
from gan_edu import objectives

class LossOfD(nn.Module):
    def __init__(self, D):
        super().__init__()
        self.D = D

    def forward(self, real, fake):
        real = real.requires_grad_()
        on_real, on_fake = self.D(real).squeeze(1), self.D(fake).squeeze(1)
        loss = objectives.non_saturating.discriminator(on_real, on_fake)
        return loss + objectives.zero_centered(on_real, real, 1.0)  # R1
"""

# %% [markdown]
# And this is the training. With `world=1` it is an ordinary one in one process; we compare with that. All processes
# draw the same batch, and each takes its own part. In `G`'s turn `D` is frozen: it gets no gradients, so none are
# sent.

# %%
loop = """
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel as DDP
from gan_edu import data, nets

def train(rank=0, world=1, batch_norm=False, steps=20, batch=64):
    torch.manual_seed(0)  # the same networks everywhere
    G, D = nets.mlp([2, 64, 64, 2], batch_norm=batch_norm).double(), nets.mlp([2, 64, 64, 1]).double()
    shared = DDP if world > 1 else lambda module: module
    make_fakes, loss_of_d = shared(G), shared(LossOfD(D))
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.0, 0.99)) for net in (G, D))
    stream, mine = torch.Generator().manual_seed(1), slice(rank * batch // world, (rank + 1) * batch // world)
    for _ in range(steps):
        real = data.toy.ring().sample(batch, stream).double()[mine]
        fake = make_fakes(torch.randn(batch, 2, generator=stream, dtype=torch.float64)[mine])
        opt_d.zero_grad()
        loss_of_d(real, fake.detach()).backward()
        opt_d.step()
        D.requires_grad_(False)
        opt_g.zero_grad()
        F.softplus(-D(fake)).mean().backward()
        opt_g.step()
        D.requires_grad_(True)
    return torch.cat([p.detach().flatten() for net in (G, D) for p in net.parameters()])
"""

# %% [markdown]
# `torchrun` (the module `torch.distributed.run`) starts the processes and tells each its number, the **rank**. The
# folded cells hold what each process does first and last, and the options that keep everything on this computer. Two
# time limits see to it that nothing hangs.

# %% jupyter={"source_hidden": true}
main = """
import faulthandler, json, sys
from datetime import timedelta
import torch.distributed as dist

if __name__ == "__main__":
    faulthandler.dump_traceback_later(200, exit=True)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", timeout=timedelta(seconds=120))
    rank, world = dist.get_rank(), dist.get_world_size()
    results = [train(rank, world, batch_norm).tolist() for batch_norm in (False, True)]
    if rank == 0:
        with open(sys.argv[1], "w") as file:
            json.dump(results, file)
    dist.barrier()
    dist.destroy_process_group()
"""
written = (folder / "two.py").write_text(loss_of_d + loop + main)

# %% jupyter={"source_hidden": true}
import socket

import two

# --standalone: one machine, a free port. The other options keep torchrun from asking the network for this computer's
# name, which not every network knows.
network = {"USE_LIBUV": "0"} if sys.platform == "win32" else {}
if sys.platform != "win32":
    loopback = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    network["GLOO_SOCKET_IFNAME"] = loopback[0]
command = [
    *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"),
    *("--nproc-per-node", "2", str(folder / "two.py"), str(folder / "two.json")),
]
ran = subprocess.run(command, env=child_env | network, capture_output=True, text=True, timeout=300)

# %%
claim("both processes ended well", ran.returncode == 0, measured=ran.stderr[-2000:])
results = [torch.tensor(each, dtype=torch.float64) for each in json.loads((folder / "two.json").read_text())]
with device.threads(1):
    whole = [two.train(), two.train(batch_norm=True)]
apart = [(a - b).abs().max().item() for a, b in zip(results, whole, strict=True)]
claim("20 steps, two processes of 32 = one process of 64 (every weight, to 1e-10)", apart[0] < 1e-10, measured=apart)
claim("with batch norm in G: not (weights differ by more than 1e-4)", apart[1] > 1e-4, measured=apart)

# %% [markdown]
# Twenty steps of both players, with R1, and all weights agree to ten digits. In `float32` they would agree at first,
# and then drift apart, because sums in another order are rounded in another way.
#
# **What it costs.** In each step all gradients travel once. Also mind what the equality says: two processes make one
# step of *the whole batch*. If you give each process the old batch, the whole batch is twice as large. That is another
# training, and its learning rate must be looked at again.
#
# **A common mistake:** all processes draw the *same* data or the same noise, because all have the same seed.
# Then the second GPU computes what the first one has computed already.

# %% [markdown]
# ## 5. The same on GPUs
#
# On GPUs the exchange is done by **nccl**. But it isn't enough to change this one word. Each process must take its own
# GPU, put nets and data there, draw noise of its own, and see its own part of the data set. Only one of them saves. (We
# had no second GPU to run this listing on. It is written after PyTorch's documentation; `make_generator`,
# `make_discriminator`, `dataset`, `whole_batch` and `epochs` are yours.)
#
# ```python
# dist.init_process_group("nccl")
# local = int(os.environ["LOCAL_RANK"])              # torchrun sets it: the number on this machine
# rank, world = dist.get_rank(), dist.get_world_size()  # the number among all processes, and how many there are
# torch.cuda.set_device(local)
# where = torch.device("cuda", local)
#
# torch.manual_seed(0)                               # the same networks everywhere
# G = nn.SyncBatchNorm.convert_sync_batchnorm(make_generator()).to(where)
# D = make_discriminator().to(where)
# make_fakes, loss_of_d = DDP(G, device_ids=[local]), DDP(LossOfD(D), device_ids=[local])
# opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.0, 0.99)) for net in (G, D))
# torch.manual_seed(1 + rank)                        # other noise for each process
#
# sampler = DistributedSampler(dataset, shuffle=True, drop_last=True)  # another part for each process
# loader = DataLoader(dataset, whole_batch // world, sampler=sampler, num_workers=4, pin_memory=True, drop_last=True)
# ```

# %% [markdown]
# The loop is the one above, with three additions: a new order of the data for each epoch, the transport to the GPU, and
# saving by one process only:
#
# ```python
# for epoch in range(epochs):
#     sampler.set_epoch(epoch)                       # or else every epoch has the same order
#     for real in loader:
#         real = real.to(where, non_blocking=True)
#         fake = make_fakes(torch.randn(len(real), 64, device=where))
#         ...                                        # both turns, as in section 4
#     if rank == 0:
#         torch.save(state(), "run.pt.new")          # unwrapped: G.state_dict(), not make_fakes.state_dict()
#         os.replace("run.pt.new", "run.pt")
#     dist.barrier()                                 # the others wait until it is on the disk
# dist.destroy_process_group()
# ```
#
# Start it with `torchrun --standalone --nproc-per-node 4 train.py`. On several machines, start the same script on each
# of them: `torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint first-machine:29500 train.py`.
#
# To *resume* exactly, each process needs its own random streams. So let every rank save its own, in a file with its
# rank in the name.

# %% [markdown]
# ## 6. Which of all this?
#
# | You have … | then |
# |---|---|
# | a run of more than an hour | checkpoints, and kill one on purpose |
# | small networks and several seeds | an ensemble, or `vmap` |
# | many settings to try | joblib; on several machines, joblib on Dask |
# | one run of more than a day, already as fast as chapter 48 can make it | DDP, with the whole batch unchanged |
# | a network that doesn't fit on one GPU | more than this chapter: look for FSDP, which also shares the *weights* |
#
# First ask whether you have *one* large training or *many* small ones. Many small ones need no change in the training
# at all. With DDP, keep the whole batch until you have seen the same curves as on one machine. Only then make it
# larger.

# %% [markdown]
# ## Help, I get …
#
# **`torchrun` hangs at the start.** The processes can't find each other. Use `--standalone --local-addr 127.0.0.1` on
# one machine, set `GLOO_SOCKET_IFNAME`, and always give a `timeout`. If it hangs *later*, one process has made fewer
# steps than another, and everybody waits for it.
#
# **`No backend type associated with device type cpu`.** With nccl, something still lies on the CPU: nets or data. Put
# both on `torch.device("cuda", local)`.
#
# **The loss jumps each time I resume.** The state of the optimiser isn't in your checkpoint, or isn't loaded (section
# 1).
#
# **`BrokenProcessPool` or a `PicklingError` from joblib.** The function refers to something that can't be sent: an open
# file, a generator, a model on a GPU. Send numbers, and build models inside.
#
# **`FileNotFoundError` on a second machine.** Workers see their own disk. Put the data on each machine or on a shared
# disk, and give the path as an argument.

# %% [markdown]
# ## Recap
#
# - A checkpoint holds everything that changes. It is good when a killed run goes on bit for bit.
# - Eight seeds as one model have eight times the FLOPs and less than twice the operations. `vmap` does it for most
#   other networks.
# - Runs that don't need each other belong into several processes: joblib on one machine, Dask on many.
# - Two processes equal one with the same whole batch if each sample's loss is its own. Batch norm breaks that.
# - On GPUs each process takes its own device, its own noise, its own data, and only one saves.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why does an ensemble of eight small GANs run faster than eight GANs in a row, though it computes
# just as much?</summary>
#
# It starts less than twice as many operations as one GAN, where eight GANs in a row start eight times as many. For
# small networks, starting takes much of the time.
#
# </details>
#
# <details><summary>Two processes, 64 samples each, DDP. Which single-process batch does this equal, and when does it
# not?</summary>
#
# One of 128 samples, with the same learning rate. Not when samples are coupled (batch norm, minibatch standard
# deviation), when the parts have different sizes, or when both processes draw the same samples.
#
# </details>
#
# <details><summary>You resume from weights and optimisers, but not from the random streams. Is the run wrong?</summary>
#
# It is another run, and nothing stops. But if your program seeds at its start, each restart brings the same batches and
# the same noise again. And you can't compare it bit for bit any more, so you can't tell whether anything else was
# forgotten.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Li et al. 2020, *PyTorch Distributed*](https://arxiv.org/abs/2006.15704): how DDP hides the exchange behind the
#   backward pass
# - [PyTorch's tutorial on DDP](https://docs.pytorch.org/tutorials/intermediate/ddp_tutorial.html): the GPU script from
#   its beginning, with checkpoints
# - [PyTorch's tutorial on model ensembling](https://docs.pytorch.org/tutorials/intermediate/ensembling.html): `vmap`
#   over networks, step by step
# - [PyTorch's notes on reproducibility](https://docs.pytorch.org/docs/stable/notes/randomness.html): what it takes on a
#   GPU to get the same bits twice
# - [joblib's notes on processes and threads](https://joblib.readthedocs.io/en/stable/parallel.html): how it shares the
#   cores between workers

# %% [markdown]
# ## Key terms
#
# {{terms: checkpoint; ensemble of seeds; sweep; data parallel; rank, world size; SyncBatchNorm}}
