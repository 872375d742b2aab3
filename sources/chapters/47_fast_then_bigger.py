# %% [markdown]
# # 47 · Fast, then bigger
#
# *Training that takes a day gets tried once. Training that takes an hour gets tried until it works. Here you make one
# GAN faster, piece by piece, and each time ask for the price.*
#
# > **You will be able to**
# > - find out where a training step spends its time, and how much any one change could save at best
# > - use a dozen speed-ups, and say for each whether the result stays the same
# > - stop a run anywhere, even with a power cut, and go on as if nothing had happened
# > - train with two processes what one process would have trained, and know what breaks that
# > - decide which of all this to do first on your own machine
# >
# > **Before you start** The training step, from [41 · an MLP GAN](41_mlp_gan.ipynb); R1, from
# > [33 · dynamics](33_dynamics.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used by itself): {{gpu_time}}

# %%
import copy
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim

plotting.use_style()
here = device.pick()  # a GPU if there is one, or else the CPU
images = data.images("fashion_mnist").tensor()  # 10,000 pictures, on the CPU

# %% [markdown]
# ## The idea in a picture
#
# Our patient is a small convolutional GAN on clothes, 64 pictures a step, written as most tutorials write it. The
# step is cut into its parts: wherever it says `yield`, somebody outside may look at a clock.


# %%
def pair(where=here):
    G, D = ensemble.single_nets(nets.DCGANGenerator, nets.DCGANDiscriminator, seed=0)
    return G.to(where), D.to(where)


def plain_step(G, D, opt_g, opt_d, next_batch):
    real = next_batch()
    yield "next batch"
    fake = G(torch.randn(64, 64, device=here))
    loss_d = F.softplus(-D(real)).mean() + F.softplus(D(fake.detach())).mean()
    yield "D's turn: forward"
    opt_d.zero_grad()
    loss_d.backward()
    yield "D's turn: backward"
    opt_d.step()
    yield "D's turn: Adam"
    loss_g = F.softplus(-D(G(torch.randn(64, 64, device=here)))).mean()
    yield "G's turn: forward"
    opt_g.zero_grad()
    loss_g.backward()
    yield "G's turn: backward"
    opt_g.step()
    yield "G's turn: Adam"


# %%
def clock():
    if here.type == "cuda":
        torch.cuda.synchronize()  # a GPU works behind Python's back; wait until it is done
    return time.perf_counter()


def stopwatch(make_step, steps=12):
    """Median seconds of each part of a step; the first two steps only warm up."""
    taken = {}
    for _ in range(steps):
        start = clock()
        for part in make_step():
            now = clock()
            taken.setdefault(part, []).append(now - start)
            start = now
    return {part: float(np.median(seconds[2:])) for part, seconds in taken.items()}


# %%
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images), 64, shuffle=True, drop_last=True)


def endless(loader):
    while True:
        for (batch,) in loader:
            yield batch.to(here)


batches = endless(loader)
G, D = pair()
opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (G, D))
parts = stopwatch(lambda: plain_step(G, D, opt_g, opt_d, lambda: next(batches)))

# %%
_, ax = plt.subplots(figsize=(6.8, 2.6))
colors = {"next": plotting.REAL, "D's": plotting.DISC, "G's": plotting.FAKE}
shares = np.array(list(parts.values())) / sum(parts.values())
ax.barh(list(parts), 100 * shares, color=[colors[part.split()[0]] for part in parts])
ax.invert_yaxis()
ax.set_xlabel("share of a step's time, in % (measured just now)")
plt.show()

# %% [markdown]
# (`D`'s turn begins with the making of fakes, so its first bar holds a pass through `G`. And all of `G`'s turn goes
# through `D`.)
#
# You can only save what you spend. The longest bars are where the time is; making a short bar vanish altogether
# changes next to nothing. That is the whole art, and people forget it all the time.

# %% [markdown]
# ## 1 · Where the time goes
#
# Say a part takes the share $p$ of the time, and you make it $s$ times faster. Then everything together becomes
#
# $$\frac{1}{(1 - p) + p / s}$$
#
# times faster (**Amdahl's law**, 1967).
#
# **Predict:** the optimiser takes 5 % of a step. You find one that is a hundred times faster. How much faster is your
# training? And with an optimiser that takes no time at all?


# %%
def amdahl(p, s):
    return 1 / ((1 - p) + p / s)


times = {"optimiser": 5.0, "the rest": 95.0}
faster = {"optimiser": 5.0 / 100, "the rest": 95.0}
speed_up = sum(times.values()) / sum(faster.values())
claim("the formula is right", abs(speed_up - amdahl(0.05, 100)) < 1e-12)
claim("a hundred times faster there: 5.2 % faster altogether", round(speed_up, 3) == 1.052)
claim("no time at all: 5.3 %", round(amdahl(0.05, float("inf")), 3) == 1.053)

# %% [markdown]
# So measure first. Four rules for a clock that doesn't lie:
#
# 1. **Warm up.** First calls allocate memory and choose algorithms.
# 2. **Wait for the GPU.** It works asynchronously: without `synchronize()` you time how fast Python hands out work.
# 3. **Take turns.** Compare A and B in alternating blocks, in one run, so that whatever else your computer does hits
#    both alike. Report medians.
# 4. **Compare like with like.** Same number of threads, same batch, same result.
#
# `race` does that. Each dot of its picture is one block, relative to the first runner's median:


# %%
ledger = {}


def race(title, runners, blocks=7, steps=4):
    """Let functions take turns; draw times relative to the first one's median; note the last one's in `ledger`."""
    taken = {name: [] for name in runners}
    for _ in range(blocks + 1):
        for name, run in runners.items():
            start = clock()
            for _ in range(steps):
                run()
            taken[name].append(clock() - start)
    first, *_ = taken.values()
    relative = {name: np.array(seconds[1:]) / np.median(first[1:]) for name, seconds in taken.items()}
    ledger[title] = list(relative.values())[-1]
    draw_race(relative)


# %%
def draw_race(relative):
    _, ax = plt.subplots(figsize=(6.8, 0.7 + 0.32 * len(relative)))
    for place, times in enumerate(relative.values()):
        ax.plot(times, np.full(len(times), place), "o", color=plotting.NEUTRAL[0], alpha=0.4, markersize=5)
        ax.plot(np.median(times), place, "|", color=plotting.NEUTRAL[0], markersize=18, markeredgewidth=3)
    ax.axvline(1, color=plotting.THEORY, linestyle=":")
    ax.set_yticks(range(len(relative)), list(relative))
    ax.set(xlim=(0, max(2, *(1.1 * np.median(times) for times in relative.values()))), ylim=(len(relative) - 0.5, -0.5))
    ax.set_xlabel("time, relative to the first (left is faster)")
    plt.show()


# %% [markdown]
# Times are different on your machine, and tomorrow. So in this chapter they stand only in pictures, measured while
# the chapter ran. What we *claim* are things that don't depend on the machine: how much is computed, how many
# operations are started, and whether the results are the same.
#
# What is inside the bars? A `TorchDispatchMode` sees every operation that PyTorch is asked for, forward and backward.
# This one looks at the clock:

# %% tags=["nbval-ignore-output"]
from torch.utils._python_dispatch import TorchDispatchMode


class OperationClock(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seconds = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        start = clock()
        result = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        self.seconds[name] = self.seconds.get(name, 0.0) + clock() - start
        return result


with OperationClock() as spent:
    for _ in range(3):
        list(plain_step(G, D, opt_g, opt_d, lambda: next(batches)))
for name, seconds in sorted(spent.seconds.items(), key=lambda item: -item[1])[:5]:
    print(f"{100 * seconds / sum(spent.seconds.values()):4.0f} %  {name}")

# %% [markdown]
# `torch.profiler` does this with far more detail, GPU kernels included. Its table and its timeline are worth knowing:
#
# ```python
# with torch.profiler.profile() as profiler:
#     train_for_some_steps()
# print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))
# ```
#
# On a CPU, convolutions and their backward passes lead by far. No trick in Python will change that; only *computing
# less* will, or computing it with fewer bits. On a GPU the picture can be quite different: the arithmetic takes
# microseconds, and starting the operations takes the time. Hence two kinds of cure, and two things to count.

# %% [markdown]
# ## 2 · How much a step must compute
#
# Compute demand is counted in **FLOPs**, floating-point operations; a multiplication and an addition make two. And
# each **operation** that PyTorch is asked for (a matrix product, an addition of two tensors, …) has a price of its
# own, whatever its size: some microseconds of Python and C++, and on a GPU at least one *kernel launch*.
#
# So here is a meter for both:

# %%
from torch.utils.flop_counter import FlopCounterMode, flop_registry


class Meter(TorchDispatchMode):
    """Counts the operations that pass, and their FLOPs by PyTorch's own table."""

    operations = flops = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.operations += 1
        if function.overloadpacket in flop_registry:
            self.flops += flop_registry[function.overloadpacket](*args, **(kwargs or {}), out_val=result)
        return result


def cost(run):
    with Meter() as meter:
        run()
    return meter


# %% [markdown]
# Try it on something that you can count by hand. A linear layer from $n$ to $m$ numbers, for $B$ samples: $B \cdot n
# \cdot m$ products, and as many additions, so $2Bnm$ FLOPs. Backward there are two such products, one for the
# gradient of the weights, and one for the gradient of the inputs. The first layer of a network needs no gradient of
# its inputs.
#
# **Predict:** how much more does forward *and* backward cost than forward alone? Two times? Three?

# %%
B, sizes = 64, [784, 128, 1]
mlp, x = nets.mlp(sizes), torch.randn(B, 784)
layers = [2 * B * n * m for n, m in zip(sizes, sizes[1:], strict=False)]

forward = cost(lambda: mlp(x)).flops
both = cost(lambda: mlp(x).sum().backward()).flops
claim("forward: the sum of 2·B·n·m", forward == sum(layers))
claim("backward: the same for the weights, and for the inputs of all layers but the first",
      both - forward == sum(layers) + sum(layers[1:]))  # fmt: skip

with FlopCounterMode(display=False) as counter:
    mlp(x).sum().backward()
claim("PyTorch's own counter agrees", counter.get_total_flops() == both)

# %% [markdown]
# Three times, if it weren't for the first layer. Remember that as a rule of thumb: *a training step costs three
# forward passes*.
#
# Now the GAN. In the generator's turn, `loss_g.backward()` walks back through the discriminator to reach `G`. On its
# way it also computes the gradients of all of `D`'s *weights*. Nobody uses them: `D`'s next `zero_grad()` throws them
# away. `backward(inputs=…)` says what is wanted:

# %%
G, D = pair()
real, z = images[:64].to(here), torch.randn(64, 64, device=here)


def generators_turn(inputs=None):
    F.softplus(-D(G(z))).mean().backward(inputs=inputs)


everything, wanted = cost(generators_turn), cost(lambda: generators_turn(list(G.parameters())))
forward_d, forward_g = cost(lambda: D(real)).flops, cost(lambda: G(z)).flops
claim("what is saved is exactly one forward pass of D", everything.flops - wanted.flops == forward_d)


# %%
def gradient_of_g(inputs=None):
    copies = copy.deepcopy(G), copy.deepcopy(D)
    for net in copies:
        net.zero_grad()
    inputs = list(copies[0].parameters()) if inputs else None
    F.softplus(-copies[1](copies[0](z))).mean().backward(inputs=inputs)
    return torch.cat([p.grad.flatten() for p in copies[0].parameters()])


all_of_them, only_g = gradient_of_g(), gradient_of_g(True)
claim("and G's gradient is the same (to 0.1 %)", (only_g - all_of_them).norm() < 1e-3 * all_of_them.norm())

# %% [markdown]
# Two more savings of this kind. **`detach()`** in the discriminator's turn isn't only for correctness: without it,
# `backward()` would go on through all of `G`. And the fakes of `D`'s turn, with their graph, can serve for `G`'s turn
# **again**, which saves a forward pass of `G`. (The two turns then share their noise. Each loss is still an honest
# average over random noise; only the two estimates aren't independent.)
#
# **Before you run the next cell:** the plain step draws fakes twice, and computes all gradients. The thrifty one
# doesn't. What share of the FLOPs goes?


# %%
def losses_of_d(real, fake):
    return F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()


def plain():
    losses_of_d(real, G(z).detach()).backward()
    F.softplus(-D(G(z))).mean().backward()


def thrifty():
    fake = G(z)
    losses_of_d(real, fake.detach()).backward()
    F.softplus(-D(fake)).mean().backward(inputs=list(G.parameters()))


def careless():
    losses_of_d(real, G(z)).backward()  # no detach, but the gradients in G are zeroed later
    F.softplus(-D(G(z))).mean().backward()


flops = {step.__name__: cost(step).flops for step in (careless, plain, thrifty)}
claim("thrifty saves one forward pass of each network", flops["plain"] - flops["thrifty"] == forward_d + forward_g)
claim("that is 16 % of the plain step", round(100 * (1 - flops["thrifty"] / flops["plain"])) == 16)
claim("without detach a step costs 16 % more", round(100 * (flops["careless"] / flops["plain"] - 1)) == 16)

# %%
race("no wasted gradients", {step.__name__: step for step in (plain, careless, thrifty)}, blocks=5, steps=2)

# %% [markdown]
# **Price: none.** The gradients are the same. `gan_edu.training` does all three. This kind comes first, always:
# nothing is as fast as what isn't computed.
#
# 🔎 **Try it.** `nets.SubpixelGenerator()` in place of the generator: how many FLOPs, and what share is now `D`'s?

# %% [markdown]
# ## 3 · Data: one tensor, on the device
#
# A `DataLoader` fetches single samples, stacks them to a batch, and can do that in other processes. For a million
# files on a disk that's what you need. For 10,000 small pictures in memory it is a lot of ceremony:
#
# **Predict:** how many operations does it take for one batch of 64? And how many would you need at least?

# %%
stored = images.to(here)  # once
iterator = iter(loader)
by_loader = cost(lambda: next(iterator)).operations
by_index = cost(lambda: stored[torch.randint(len(stored), (64,), device=here)]).operations
claim("the DataLoader: one operation for each sample, and more", by_loader > 64)
claim("one tensor: draw 64 numbers, and look them up", by_index == 2)

# %%
race(
    "data as one tensor",
    {
        "DataLoader": lambda: next(batches),
        "one tensor": lambda: stored[torch.randint(len(stored), (64,), device=here)],
    },
)

# %% [markdown]
# **Price 1: memory.** The set must fit. As `float32`, Fashion-MNIST's 60,000 pictures are 188 MB; as `uint8`, scaled
# to −1 … 1 after the look-up, a quarter of that. (A picture of 256 × 256 in colour has 196,608 bytes: a GPU with
# 24 GB holds some 100,000 of them.)
#
# **Price 2: with replacement.** Each batch is drawn anew, so an "epoch" of $N$ draws doesn't show every picture. Each
# is missed with probability $(1 - 1/N)^N \approx 1/e$:

# %%
N = len(images)
drawn = torch.randint(N, (20, N), generator=device.generator(0))
missed = 1 - torch.tensor([len(row.unique()) for row in drawn]) / N
claim("(1 - 1/N)^N is 1/e to four digits", abs((1 - 1 / N) ** N - np.exp(-1)) < 5e-5)
claim("in each of 20 epochs 36 to 38 % of the pictures are missed", ((missed - 0.368).abs() < 0.01).all(), missed)

# %% [markdown]
# For a GAN this is harmless: it never sees a picture as "done", and its batches are meant to be independent draws. If
# you want every picture once, `torch.randperm(N, device=here)` and slices of it cost no more.
#
# The GPU section of this story is shorter still: a batch that is made on the GPU needn't travel there.

# %% [markdown]
# ## 4 · The optimiser: many small operations
#
# Adam does about ten things with each weight tensor. Written one after the other, that's ten operations for each
# tensor. `foreach=True` does each of the ten for all tensors in one go, `fused=True` does everything in one.
#
# On CUDA, `foreach` is what you get by default; on the CPU it's the plain loop.

# %%
options = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def stepper(options, where):
    G, _ = pair(where)
    for i, parameter in enumerate(G.parameters()):
        parameter.grad = torch.full_like(parameter, 0.1 * (i + 1))
    return G, torch.optim.Adam(G.parameters(), lr=1e-3, **options)


counts, after = {}, {}
for name, option in options.items():
    G, adam = stepper(option, "cpu")
    adam.step()  # the first makes room for its averages
    counts[name] = cost(adam.step).operations
    after[name] = torch.cat([parameter.detach().flatten() for parameter in G.parameters()])

claim("the loop: more than five operations for each of the 8 tensors", counts["loop"] > 5 * 8, measured=counts)
claim("fused: at most 5 in all", counts["fused"] <= 5, measured=counts)
claim("all three give the same weights (to 1e-5)", all(w.allclose(after["loop"], atol=1e-5) for w in after.values()))

# %%
race("fused Adam", {name: stepper(option, here)[1].step for name, option in options.items()}, blocks=11, steps=20)

# %% [markdown]
# **Price: one word.** Rounding may differ in the last digit. But look at the first figure of this chapter again, at
# the bars of Adam, and ask Amdahl what it buys you. For tiny networks a lot, for large ones little.

# %% [markdown]
# ## 5 · Lazy R1: pay every sixteenth time
#
# R1 (chapter 33) adds $\frac{\gamma}{2} E\,\|\nabla_x \ell(x)\|^2$ on real samples to the discriminator's loss. Its
# gradient is a gradient of a gradient, which walks through `D` twice more.
#
# **Lazy** R1 takes the penalty only in every $k$-th step, $k$ times as strong. StyleGAN2 does so with $k = 16$ (Karras
# et al. 2020). Averaged over $k$ steps the loss is the same.


# %%
def step_cost(at_step=0, **settings):
    G, D = pair("cpu")
    gan = training.GAN(G, D, device="cpu", **settings)
    gan.step = at_step
    return cost(lambda: gan.update(lambda: images[:64], measure=False)).flops


without, with_r1 = step_cost(), step_cost(penalties={"r1": 1.0})
between = step_cost(1, penalties={"r1": 1.0}, penalty_every=16)
lazy = (with_r1 + 15 * between) / 16
claim("in between, a lazy step costs what a step without R1 costs", between == without)
claim("R1 costs about three forward passes of D (2.9 to 3.2)", 2.9 < (with_r1 - without) / forward_d < 3.2)
claim("R1 in each step: 27 % on top", round(100 * with_r1 / without) == 127)
claim("in every 16th: 1.7 %", round(1000 * lazy / without) == 1017)

# %% [markdown]
# Sixteen times as cheap. **Price: it isn't the same training any more.** To see what can go wrong, take the smallest
# GAN there is, the Dirac-GAN of chapter 33: one number $\theta$ for the generator, one number $\psi$ for the
# discriminator, the truth at 0, plain gradient steps of size $h = 0.1$, $\gamma = 1$.
#
# The penalty's part of a lazy step multiplies $\psi$ by $1 - h\gamma k$.
#
# **Predict:** for which of $k = 1, 8, 16, 32$ will it arrive at 0?


# %%
def dirac(every, gamma=1.0, h=0.1, steps=1600):
    theta, psi, path = 1.0, 1.0, []
    for step in range(steps):
        penalty = gamma * every * psi if every and step % every == 0 else 0.0
        slope = 1 / (1 + np.exp(np.clip(theta * psi, -50, 50)))  # sigmoid(-θψ)
        theta, psi = theta - h * psi * slope, psi + h * (theta * slope - penalty)
        path.append(abs(theta) + abs(psi))
    return np.clip(path, 1e-6, 1e3)


paths = {"no R1": dirac(0)} | {f"k = {k}": dirac(k) for k in (1, 8, 16, 32)}

# %%
_, ax = plt.subplots(figsize=(6.8, 3))
ax.set_yscale("log")
plotting.curves(np.arange(1600), paths, "step", "distance |θ| + |ψ| (clipped)", ax=ax)
plt.show()
end = {name: path[-200:].max() for name, path in paths.items()}
claim("without R1 it doesn't arrive", end["no R1"] > 0.5)
claim("k = 1, 8 and 16: it does", max(end[f"k = {k}"] for k in (1, 8, 16)) < 0.01, measured=end)
claim("k = 32, where |1 - hγk| = 2.2 > 1: it doesn't", end["k = 32"] > 0.5, measured=end)
claim(
    "sixteen small blows leave 19 % of ψ, one large one 60 %",
    round(0.9**16, 2) == 0.19 and round(abs(1 - 1.6), 2) == 0.6,
)

# %% [markdown]
# The rarer, the harder the blow. At $k = 16$ one blow overshoots, and damps less than sixteen small ones would: it
# arrives, but much later. With $h\gamma k > 2$ it throws $\psi$ further than it was. (Adam limits the size of a
# step, and so softens that; it also mixes rare large gradients and frequent small ones in its averages.)
#
# So look at a real GAN too. Eight seeds on the ring of eight modes, with R1 each time and lazily:

# %%
ring = data.toy.ring()
quality = {}
for name, every in {"R1 each step": 1, "every 16th": 16}.items():
    gans = ensemble.gans(
        lambda: nets.mlp([2, 64, 64, 2]), lambda: nets.mlp([2, 64, 64, 1]), seeds=8,
        penalties={"r1": 1.0}, penalty_every=every, lr=1e-3, betas=(0.0, 0.99),
    )  # fmt: skip
    quality[name] = metrics.mode_coverage(training.run(gans, ring, steps=700, batch=64).sample(2000), ring)

share = {name: found.high_quality.median() for name, found in quality.items()}
claim("all 8 modes in at least 7 of 8 seeds, both ways", all((q.captured == 8).sum() >= 7 for q in quality.values()))
difference = abs(share["R1 each step"] - share["every 16th"])
claim("shares of good samples: medians less than 0.1 apart", difference < 0.1, measured=share)

# %% [markdown]
# Nearly the same. (Print `share`: who is ahead, and would you call that a difference?) StyleGAN2 reports no harm at
# its scale. So it is an experiment that you should repeat for *your* $\gamma$, $k$ and learning rate. (StyleGAN's
# programs make the lazy penalty a step of its own, so `D` gets 17 steps instead of 16; they scale Adam's settings
# for that. Here it stays one step.)

# %% [markdown]
# ## 6 · Half the bits
#
# `float32` has 32 bits. `bfloat16` has the upper half of them: the sign, the same 8 bits of exponent, and only 7 bits
# after the leading one. So the same *range*, about two decimal *digits*, half the memory and half the traffic.
# `float16` splits its bits otherwise: more digits, little range.
#
# **Predict** what these four are:

# %%
bf16, fp16 = torch.bfloat16, torch.float16
claim("bfloat16: 256 + 1 = 256", torch.tensor(256.0, dtype=bf16) + 1 == 256)
claim("a weight of 1, and a step of 0.0002: still 1", torch.tensor(1.0, dtype=bf16) - 2e-4 == 1)
claim("a gradient of 1e-8 is not lost", torch.tensor(1e-8, dtype=bf16) > 0)
claim("in float16 it is", torch.tensor(1e-8, dtype=fp16) == 0)

# %% [markdown]
# The second line says why one doesn't simply keep the *weights* in bfloat16: small steps would be rounded away.
# **Mixed precision** keeps weights, optimiser and sums in `float32` and lets only the products run in bfloat16;
# `torch.autocast` does the sorting. The fourth line is why float16 needs a `GradScaler`, and bfloat16 doesn't.
#
# How wrong do gradients become? Three seeds, the discriminator's loss:


# %%
def gradient(seed, half, real=images[:64]):
    G, D = ensemble.single_nets(nets.DCGANGenerator, nets.DCGANDiscriminator, seed)
    fake = G(torch.randn(64, 64, generator=device.generator(seed))).detach()
    with torch.autocast("cpu", dtype=bf16, enabled=half):
        loss = F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(D.parameters()))])


errors, angles = [], []
for seed in range(3):
    exact, rough = gradient(seed, half=False), gradient(seed, half=True)
    errors.append(((rough - exact).norm() / exact.norm()).item())
    angles.append(F.cosine_similarity(exact, rough, dim=0).item())
claim("0.1 % to 3 % of the gradient's length", 1e-3 < min(errors) and max(errors) < 0.03, measured=errors)
claim("the direction is nearly the same (cosine above 0.999)", min(angles) > 0.999, measured=angles)
claim("gradients come as float32, like the weights", rough.dtype == torch.float32)

# %% [markdown]
# Is that much? Compare it with something that nobody worries about: which 64 real pictures happened to be drawn.

# %%
luck = []
for seed in range(3):
    one, other = gradient(seed, False), gradient(seed, False, real=images[64:128])
    luck.append(((other - one).norm() / one.norm()).item())
claim(
    "another batch changes the gradient more than bfloat16 does, each time", min(luck) > 2 * max(errors), measured=luck
)

# %% [markdown]
# **Before you run the next cell:** will it be faster on *your* machine?


# %%
def both_turns(half):
    with torch.autocast(here.type, dtype=bf16, enabled=half):
        fake = G(z)
        loss = losses_of_d(real, fake) + F.softplus(-D(fake)).mean()
    loss.backward()


race("bfloat16", {"float32": lambda: both_turns(False), "bfloat16": lambda: both_turns(True)}, blocks=5, steps=2)

# %% [markdown]
# Could be either. A CPU that has instructions for bfloat16 products (AVX-512 BF16, AMX, newer ARM) may gain; one that
# hasn't must convert back and forth, and may well be slower than before. On GPUs with tensor cores large
# products gain most, and tiny ones nothing. So `gan_edu`'s `mixed_precision=True` turns it on for CUDA devices only.
#
# **Price: accuracy**, in places you should know: sums over many numbers, losses, and R1, which is a gradient of a
# rounded gradient. If a run in mixed precision diverges, compute the penalty outside `autocast` first.

# %% [markdown]
# ## 7 · The order in memory
#
# A batch of maps has four axes, $(N, C, H, W)$. Memory has one. PyTorch's usual order puts each map in one piece;
# **channels last** puts the channels of a pixel side by side. Convolutions multiply channels, so many of their kernels
# (cuDNN's on tensor cores, oneDNN's on CPUs) like that better. *Shapes stay as they were*: only the strides change, the
# number of places to the next element along each axis.

# %%
maps = torch.randn(64, 32, 14, 14)
last = maps.to(memory_format=torch.channels_last)
claim("same shape, same numbers", last.shape == maps.shape and last.equal(maps))
claim("usual order: the next channel is 14·14 places away", maps.stride() == (32 * 14 * 14, 14 * 14, 14, 1))
claim("channels last: 1 place", last.stride() == (32 * 14 * 14, 1, 14 * 32, 32))


# %%
def net(where):
    device.seed_everything(0)
    layers = [nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(64, 64, 3, 1, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers).to(where)


usual, ordered = net("cpu"), net("cpu").to(memory_format=torch.channels_last)
claim("the same result, to 1e-4", usual(maps).allclose(ordered(last), atol=1e-4))
claim("and it comes out in the order that went in", ordered(last).is_contiguous(memory_format=torch.channels_last))
claim("but flatten() wants the usual order, and copies everything", last.flatten(1).data_ptr() != last.data_ptr())

usual, ordered = net(here), net(here).to(memory_format=torch.channels_last)
x, y = maps.to(here), last.to(here)
runners = {"usual": lambda: usual(x).sum().backward(), "channels last": lambda: ordered(y).sum().backward()}
race("channels last", runners)

# %% [markdown]
# **Price: one line, and care.** A single layer that isn't made for it puts everything back, and the gain is gone;
# `flatten` in front of a linear layer is the usual culprit. `gan_edu` orders its convolutional networks this way by
# itself, and `nets.ToRows` flattens them without a copy. With one input channel, or few, there is little to gain.

# %% [markdown]
# ## 8 · Compile, and CUDA graphs
#
# So far Python asked for each operation by itself. `torch.compile(f)` watches one call of `f`, writes down the
# **graph** of its operations, and builds new code for it, in which several small ones are melted into one. It needs a
# C++ compiler on CPUs, or Triton on GPUs, and takes from seconds to minutes before the first result. It pays if the
# steps then are faster, and the run is long enough to earn the wait back.
#
# But the first half, the watching, is quick, and shows what you need to know. Our "compiler" only counts:

# %%
torch._logging.set_logs(dynamo=logging.ERROR)  # it would advise us on what we do wrong on purpose


def graphs_of(function, *arguments):
    found = []

    def counting(graph, _):
        found.append(sum(node.op.startswith("call") for node in graph.graph.nodes))
        return graph.forward

    torch._dynamo.reset()
    torch.compile(function, backend=counting)(*arguments)
    return found


judge, points = nets.mlp([2, 64, 64, 1]), torch.randn(16, 2)


def loss(x):
    return F.softplus(-judge(x)).mean()


def curious(x):
    value = F.softplus(-judge(x)).mean()
    if value.item() > 100:  # just to be sure
        value = value / 2
    return value + judge(x).square().mean()


claim("one loss, one graph", len(graphs_of(loss, points)) == 1)
claim("a look at a number in the middle cuts it in two", len(graphs_of(curious, points)) == 2)

# %% [markdown]
# An `.item()`, a `print`, an `if` on a value: there the compiler has to give up, run Python, and begin anew. On a GPU
# the same line makes the whole machine wait, compiled or not. So collect losses as tensors, and look at them now and
# then.
#
# For GANs there's one more catch. R1 needs a gradient of a gradient:

# %% tags=["nbval-ignore-output"]
compiled = torch.compile(judge, backend="aot_eager")  # watches forward and backward; needs no C++ compiler
x = points.clone().requires_grad_()
try:
    (slope,) = torch.autograd.grad(compiled(x).sum(), x, create_graph=True)
    slope.square().sum().backward()
    print("This version of PyTorch does it.")
except RuntimeError as error:
    print(f"refused: {str(error).splitlines()[0]}")

# %% [markdown]
# If your version refuses: compile the networks for the ordinary passes, keep the uncompiled `D` for the penalty (they
# share their weights), and take the penalty lazily.
#
# And the real thing? **Predict** for two CPU cores: by how much do three GANs of this course gain?
#
# | `benchmarks/compile.py`, no penalty | eager / compiled | first step |
# |---|---|---|
# | points in the plane, 2-64-64 | 0.67 | 13 s |
# | pictures as rows, 100-128-784 | 0.82 | 5 s |
# | DCGAN, 32 and 64 channels | 0.79 | 16 s |
#
# They lose: below 1 means *slower*. Our guess: there is little to melt together in nets that consist of a few large
# products, and each call of a compiled function first checks whether its graph still fits. On a GPU, with many small
# operations, it may be another story; we haven't measured that yet. Try your own: set `try_it = True`. It needs a
# compiler, and some patience:

# %% tags=["nbval-ignore-output"]
try_it = False

if try_it:
    torch._dynamo.reset()
    slow, quick = loss, torch.compile(loss)
    start = clock()
    quick(points)
    print(f"the first call took {clock() - start:.0f} s")
    race("torch.compile", {"eager": lambda: slow(points).backward(), "compiled": lambda: quick(points).backward()})
else:
    print("not tried")

# %% [markdown]
# **CUDA graphs** go one step further on NVIDIA's GPUs: the GPU records a whole training step, all its kernels with all
# their addresses, and plays it again at a single command. That removes nearly all cost of starting operations, so it
# helps most where networks are small. **Price: everything must stand still.** Same shapes, same memory, no `.item()`,
# no `if`; new batches are copied into the old place; Adam needs `capturable=True`. PyTorch's convenient
# `make_graphed_callables` doesn't do double backward (its documentation says so), so with R1 one records the whole
# step, as here:


# %%
def recorded_step(G, D):
    params_g, params_d = list(G.parameters()), list(D.parameters())
    opt_g, opt_d = (torch.optim.Adam(p, lr=2e-4, capturable=True) for p in (params_g, params_d))

    def step():
        real = stored[torch.randint(len(stored), (64,), device=here)]
        fake = G(torch.randn(64, 64, device=here))
        opt_d.zero_grad(set_to_none=True)
        (F.softplus(-D(real)).mean() + F.softplus(D(fake.detach())).mean()).backward()
        opt_d.step()
        opt_g.zero_grad(set_to_none=True)
        F.softplus(-D(fake)).mean().backward(inputs=params_g)
        opt_g.step()

    side = torch.cuda.Stream()  # warm up beside the main stream, as CUDA graphs ask for
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return step, graph.replay


# %% tags=["nbval-ignore-output"]
if here.type == "cuda":
    eager, replay = recorded_step(*pair())
    race("CUDA graph", {"eager": eager, "replayed": replay}, steps=20)
else:
    print("No GPU here: no figures recorded yet.")

# %% [markdown]
# On a machine with a GPU this cell measures. We have no figures of our own for it yet, so we print none.

# %% [markdown]
# ## 9 · Many at once
#
# You want eight seeds anyway. `gan_edu.ensemble` trains them as *one* model, whose weights, data and losses carry a
# leading axis $S$: each linear layer becomes one batched matrix product. No weight is shared, the losses are summed,
# and so the gradient of each GAN is its own.
#
# **Predict:** compared with one GAN, how many FLOPs does a step of the eight take, and how many operations?


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
claim("8 times the FLOPs, exactly", together.flops == 8 * single.flops)
claim("but less than twice the operations", together.operations < 2 * single.operations)


# %%
def weights(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def double(make):
    return lambda: make().double()


eight = training.run(ensemble.gans(double(g), double(d), seeds=3, device="cpu"), ring, 20, progress=False)
for seed in range(3):
    lone = training.GAN(*ensemble.single_nets(double(g), double(d), seed), seed=seed, device="cpu")
    lone = training.run(lone, ring, 20, progress=False)
    claim(
        f"seed {seed}: the same weights as alone, after 20 steps in double precision, to 1e-10",
        weights(eight.generator.unstack(seed)).allclose(weights(lone.generator), atol=1e-10),
    )

# %%
row = [stream_of(training.GAN(*ensemble.single_nets(g, d, seed), seed=seed)) for seed in range(8)]
batched = stream_of(ensemble.gans(g, d, seeds=8))


def one_after_another():
    for stream in row:
        next(stream)


race("eight seeds at once", {"one after another": one_after_another, "ensemble": lambda: next(batched)})

# %% [markdown]
# **Price:** memory for eight; all eight must have one architecture and go in step; and here only networks of linear
# layers can be stacked. The larger the networks, the smaller the gain: it saves *starting* operations, no arithmetic.
# `benchmarks/ensemble.py` measures it for sixteen seeds.

# %% [markdown]
# ## 10 · When the power goes
#
# A long run needs **checkpoints**: everything from which it could go on. A good test is simple and brutal. We start a
# training as a process of its own, let the system kill it half-way, without a chance to say goodbye, and go on from
# what lies on the disk.

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
# `kill()` sends SIGKILL (on Windows, TerminateProcess). The process can't catch it; it is gone between two
# instructions.

# %%
root = Path(training.__file__).parents[1]  # where gan_edu lies, so that the child finds it, too
python_path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
child_env = {**os.environ, "PYTHONPATH": python_path, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
saved = folder / "run.safetensors"

child = subprocess.Popen(
    [sys.executable, str(folder / "power_cut.py"), str(saved)], env=child_env, stdout=subprocess.PIPE, text=True
)
print(child.stdout.readline().strip())
child.kill()
claim("it did not end of its own accord", child.wait(timeout=60) != 0)

# %% [markdown]
# The last checkpoint is from step 100; the thirty steps after it are lost. Now we load it, train the other hundred,
# and compare with a run that nobody disturbed.
#
# **Predict:** how close will the weights be? To two digits, six, all?

# %%
with device.threads(1):  # as in the child: with more threads, sums may be rounded in another order
    resumed = power_cut.make()
    resumed.load(saved)
    claim("the checkpoint is from step 100", resumed.step == 100)
    training.run(resumed, ring, 100, progress=False)
    undisturbed = training.run(power_cut.make(), ring, 200, progress=False)


def same(a, b):
    (mine, _), (its, _) = a.state(), b.state()
    return mine.keys() == its.keys() and all(mine[key].equal(its[key]) for key in mine)


claim("every bit of weights, averages, optimisers and random streams is the same", same(resumed, undisturbed))
claim("and so is the recorded history", resumed.history.to_json() == undisturbed.history.to_json())

# %% [markdown]
# That works because the checkpoint holds *all* that changes: both networks, the averaged weights, both optimisers'
# averages, the states of the random streams, the step's number (lazy R1 and the ramp of the average depend on it).
#
# Many programs save only weights. What becomes of the run then? We leave things out on purpose, and measure how far
# the generator drifts from the undisturbed one:

# %%
tensors, text = training.read_safetensors(saved)
fresh, _ = power_cut.make().state()
forget = {"nothing": "-", "the optimisers": "optimizer.", "the random streams": "random."}
forget["both"] = tuple(forget.values())[1:]


def drift(prefix):
    kept = {key: value for key, value in tensors.items() if not key.startswith(prefix)}
    streams = {key: value for key, value in fresh.items() if key.startswith("random.") and key not in kept}
    model, truth = power_cut.make(), power_cut.make()
    model.restore(kept | streams, text)
    truth.load(saved)
    runs = zip(*(training.train(run, ring, 100, progress=False) for run in (model, truth)), strict=True)
    return [(weights(model.generator) - weights(truth.generator)).norm().item() for _ in runs]


with device.threads(1):
    drifts = {f"forgot {name}": drift(prefix) for name, prefix in forget.items()}

# %%
_, ax = plt.subplots(figsize=(6.8, 3))
plotting.curves(np.arange(101, 201), drifts, "step", "distance of G's weights", ax=ax)
plt.show()
final = {name: path[-1] for name, path in drifts.items()}
claim("forgot nothing: distance 0 at every step", max(drifts["forgot nothing"]) == 0)
claim("forgot anything else: another run", min(list(final.values())[1:]) > 0.05, measured=final)
first = {name: path[0] for name, path in drifts.items()}
claim("without Adam's memory, the very first step goes astray", first["forgot the optimisers"] > 0.01, measured=first)

# %% [markdown]
# "Another run" isn't "a worse run". But it is no longer the one you can explain, and Adam without its memory takes a
# first step of full size in every weight, whatever the gradient: often seen as a jump in the loss after each restart.
#
# One more danger: power may go *while* the checkpoint is written. So write to another name, and rename when all is on
# the disk. A reader then sees the old file or the new one, never half of one. And if half a file turns up in some other
# way, loading should say so, rather than go on with rubbish:

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
# ## 11 · More than one process
#
# What doesn't fit into one machine's day can be shared: each process has a copy of the networks, and a *part of the
# batch*. After `backward()` the copies exchange their gradients and take the mean, so that all of them make the same
# step. This is **data parallel** training; PyTorch's `DistributedDataParallel` (DDP) does the exchange.
#
# When is this the same as one process with the whole batch? If the loss is a mean over samples, and $B$ samples go to
# each of two processes, then
#
# $$\nabla \frac{1}{2B} \sum_{i=1}^{2B} \ell_i \;=\; \frac12 \Big( \nabla \frac1B \sum_{i=1}^{B} \ell_i \;+\; \nabla
# \frac1B \sum_{i=B+1}^{2B} \ell_i \Big),$$
#
# *provided that $\ell_i$ depends on sample $i$ alone*.
#
# **Predict:** which of these keep that promise: the non-saturating loss, R1, batch norm?


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
claim("without batch norm: the mean of the halves is the whole (to 1e-12)", apart["without"] < 1e-12, measured=apart)
claim("with batch norm it isn't", apart["with"] > 1e-5, measured=apart)

# %% [markdown]
# Batch norm subtracts the mean of *its batch*, and half a batch has another mean. Each sample's loss then depends on
# its neighbours. (On GPUs, `nn.SyncBatchNorm` exchanges the means too; minibatch standard deviation and packing couple
# samples in the same way. R1 is a mean over samples of something that each has for itself, so it is safe.)
#
# Now for real. The script below is what you would run on a cluster. For the exchange it uses **gloo**, which works on
# any CPU; on GPUs you would write `nccl`. DDP acts when a wrapped module's `forward` and a later `backward()` come
# together, so `D`'s whole loss, R1 included, goes into one module.

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
# The training itself. With `world=1` it is an ordinary one, in one process; that's what we compare with. All processes
# draw the same batch, and each takes its own part. In `G`'s turn `D` is frozen: no gradients of `D`, so none to send.

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
# And what each process does. Two lines see to it that nothing hangs: a time limit for messages, and one for everything.

# %%
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
# %% [markdown]
# `torchrun` (the module `torch.distributed.run`) starts the processes and tells each its number. `--standalone` means
# one machine, and picks a free port. `--local-addr 127.0.0.1` and the name of the loopback interface keep it from
# asking the network for this computer's name, which not every network knows.

# %%
import socket

import two

network = {"USE_LIBUV": "0"} if sys.platform == "win32" else {}
if sys.platform != "win32":
    loopback = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    network["GLOO_SOCKET_IFNAME"] = loopback[0]
command = [
    *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"),
    *("--nproc-per-node", "2", str(folder / "two.py"), str(folder / "two.json")),
]
ran = subprocess.run(command, env=child_env | network, capture_output=True, text=True, timeout=300)
claim("both processes ended well", ran.returncode == 0, measured=ran.stderr[-2000:])

# %%
results = [torch.tensor(each, dtype=torch.float64) for each in json.loads((folder / "two.json").read_text())]
with device.threads(1):
    whole = [two.train(), two.train(batch_norm=True)]
apart = [(a - b).abs().max().item() for a, b in zip(results, whole, strict=True)]
claim("20 steps, two processes of 32 = one process of 64 (every weight, to 1e-10)", apart[0] < 1e-10, measured=apart)
claim("with batch norm in G: not (weights differ by more than 1e-4)", apart[1] > 1e-4, measured=apart)

# %% [markdown]
# Twenty steps of both players, with R1, and all weights agree to ten digits. In `float32` they would agree to about
# six at first, and then drift apart, as in section 5 of chapter 41: sums in another order are rounded otherwise.
#
# **Price.** Each step sends all gradients around once. And mind what the equality says: two processes make one step of
# *twice the batch*, in the time of one. If you give each process the old batch, you train with another batch size, and
# the learning rate has to be looked at again. Also, all processes must draw *different* parts of the data: the same
# seed in each, and your second GPU computes the same gradient as the first.
#
# On several machines, the same script is started on each of them:
# `torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint first-machine:29500 two.py …`

# %% [markdown]
# ## 12 · Sweeps
#
# Most machine hours go into *trying settings*, and those runs don't need each other. Then there is nothing to exchange,
# and no reason to make one run faster: run several. **joblib** does it with a function and a list.


# %%
def share_of_good_samples(lr):
    """Eight seeds with this learning rate; runs anywhere, so it imports what it needs."""
    import torch

    from gan_edu import data, ensemble, metrics, nets, training

    torch.set_num_threads(1)  # one for each process: they'd fight for the cores otherwise
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
plotting.bars_with_floor({f"{lr:g}": each for lr, each in sweep.items()}, "share of good samples")
with device.threads(1):
    claim("a run in another process is the same run, bit for bit", share_of_good_samples(1e-3) == sweep[1e-3])
middle = {lr: float(np.median(each)) for lr, each in sweep.items()}
claim("1e-4 is too slow for 300 steps: the lowest median", min(middle, key=middle.get) == 1e-4, measured=middle)

# %% [markdown]
# Note what is being parallelised: settings over processes, seeds inside an ensemble, and one thread for each process.
# Eight processes with eight threads each on eight cores are a classic: they are often slower than one alone.
#
# **Dask** takes the same function to several machines: a *scheduler* hands out calls, *workers* make them. For joblib
# only the `with` line changes. Here is a cluster of two workers, started on the spot, on your own computer:

# %%
from dask.distributed import Client, LocalCluster

own = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
with LocalCluster(**own, silence_logs=logging.ERROR) as cluster, Client(cluster):
    with joblib.parallel_config(backend="dask"):
        on_dask = joblib.Parallel()(joblib.delayed(share_of_good_samples)(lr) for lr in rates)
claim("Dask's workers find the same, bit for bit", on_dask == found)

# %% [markdown]
# For more machines you start `dask scheduler` on one of them and `dask worker first-machine:8786` on each, and then
# write `Client("first-machine:8786")` in place of the cluster. The workers need the same versions of everything. (Bits
# may differ then: another processor rounds its sums in another order.)

# %% [markdown]
# ## 13 · Faster, and still right?
#
# Here is what this machine made of it while the chapter ran, each relative to the plain way in its own section. Yours
# will look different: that is why the notebook measures.

# %%
_, ax = plt.subplots(figsize=(6.8, 0.8 + 0.34 * len(ledger)))
for place, times in enumerate(ledger.values()):
    gain = 1 / np.median(times)
    ax.barh(place, gain - 1, left=1, color=plotting.DISC if gain > 1 else plotting.FAKE)
ax.axvline(1, color=plotting.THEORY, linestyle="--")
ax.set_yticks(range(len(ledger)), list(ledger))
ax.set(xscale="log", xlabel="times faster, of the part that it concerns (dashed: no gain)")
ax.set_xticks([0.5, 1, 2, 5, 10, 20], ["½", "1", "2", "5", "10", "20"])
ax.invert_yaxis()
plt.show()

# %% [markdown]
# Don't compare the bars with each other: "data as one tensor" is a gain on a short bar of the first figure, and "no
# wasted gradients" on the whole step. And efficiency is only half: is the result still *accurate*?
#
# | Speed-up | Is the result the same? | How we know |
# |---|---|---|
# | no wasted gradients, fakes used again | same gradients; the two turns share noise | section 2 |
# | one tensor | same distribution of batches, with replacement | section 3 |
# | fused Adam, channels last | up to rounding | sections 4, 7 |
# | ensembles, joblib | as each run alone | sections 9, 12 |
# | DDP, same whole batch | up to rounding, unless samples are coupled | section 11 |
# | checkpoint and resume | bit for bit | section 10 |
# | lazy R1 | *no*: another training, nearly as good over eight seeds here | section 5 |
# | bfloat16 | *no*: gradients off by up to 3 % | section 6 |
# | larger batch, higher rate, smaller network | *no*: measure quality | your own |
#
# Everything that is "no" needs a measurement of quality, over seeds, against time.

# %% [markdown]
# ## 14 · Training is slow: what first?
#
# What you want isn't steps per second, but *good samples sooner*. So the largest gains are often not in this chapter
# at all. In chapter 41, two learning rates and a missing momentum did in 600 steps what the usual settings did in
# 6,000. In our benchmark of two convolutional GANs (`benchmarks/README.md`, on two CPU cores) one recipe made about
# a fifth *fewer* steps in its first 15 seconds, and had half the Fréchet distance of the other.
#
# | If … | then first |
# |---|---|
# | you haven't tuned learning rates, β, R1, EMA | do that, on a small network, at low resolution (chapter 43) |
# | you don't know where time goes | the first figure of this chapter, for your step |
# | "next batch" is a long bar | one tensor; or more loader workers, smaller files |
# | `D`'s and `G`'s bars are long, GPU fully busy | waste nothing, lazy R1, mixed precision, channels last |
# | the bars are long and the GPU is idle | no `.item()`, fused optimiser, larger batch, compile, CUDA graphs |
# | you need several seeds or settings | ensembles, then joblib or Dask |
# | one run still takes more than a day | checkpoints first, then DDP |

# %% [markdown]
# **A laptop with the power of a phone.** Small networks, 28 × 28 or points in the plane, one thread for networks of a
# few hundred units (`device.threads(1)`), the thrifty step, lazy R1. Judge with few seeds, then let eight run
# overnight, with checkpoints. Leave bfloat16 and compiling alone until you have measured them.
#
# **One GPU.** Data there as one tensor; never ask it for a number in the loop; mixed precision; then see whether it's
# busy (`nvidia-smi`). If it isn't, your networks are too small for it: take a larger batch, an ensemble, compile, or
# record a CUDA graph. Rented by the hour, a GPU that waits costs as much as one that works.
#
# **Several machines.** First ask whether you have *one* large training or *many* small ones. Many: joblib on Dask, no
# change in the training at all. One: DDP with a fixed whole batch until you have seen the same curves as on one
# machine; only then make the batch larger.
#
# And when something gets faster, check that it still learns the same thing. That's what the claims are for.

# %% [markdown]
# ## Help, I get …
#
# **`RuntimeError: CUDA out of memory`** Halve the batch. Loading data as `uint8`, mixed precision and fewer seeds in an
# ensemble help too. A history of losses that still carry their graphs is the sneaky cause: append `loss.detach()`.
#
# **My GPU is no faster than my CPU.** For networks of a few hundred units that is normal: starting operations takes
# longer than doing them. Count the operations, and see section 9.
#
# **`torchrun` hangs at the start.** Processes can't find each other. Use `--standalone --local-addr 127.0.0.1` on one
# machine, set `GLOO_SOCKET_IFNAME`, and always a `timeout`. If it hangs *later*, one process made another number of
# steps than its sibling, and everybody waits for it.
#
# **The loss jumps each time I resume.** The optimiser's state isn't in your checkpoint, or not loaded. Section 10.
#
# **`BrokenProcessPool` or a `PicklingError` from joblib.** The function refers to something that can't be sent: an open
# file, a generator, a model on a GPU. Send numbers, build models inside.

# %% [markdown]
# ## Recap
#
# - Measure first: a part that takes 5 % can't give you more than 5.3 %.
# - Two things cost: arithmetic (FLOPs) and starting operations. Small networks pay for the second.
# - Not computing beats computing faster: no gradients nobody wants, fakes used again, R1 lazily.
# - A checkpoint holds everything that changes, and is good when a killed run goes on bit for bit.
# - Two processes equal one with twice the batch when each sample's loss is its own. Batch norm breaks that.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>D's turn takes 60 % of a step. bfloat16 makes it twice as fast. And the whole step?</summary>
#
# 1 / (0.4 + 0.6 / 2) = 1.43 times as fast.
#
# </details>
#
# <details><summary>Why does an ensemble of eight small GANs run faster than eight times one, if it computes just as
# much?</summary>
#
# It starts about as many operations as one GAN, each eight times as large. For small networks starting is what takes
# the time.
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

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Karras et al. 2020, *Analyzing and Improving the Image Quality of StyleGAN*](https://arxiv.org/abs/1912.04958):
#   lazy regularisation, with the reasons
# - [Li et al. 2020, *PyTorch Distributed*](https://arxiv.org/abs/2006.15704): how DDP hides the exchange behind the
#   backward pass
# - [Micikevicius et al. 2018, *Mixed Precision Training*](https://arxiv.org/abs/1710.03740): which numbers may be
#   rounded, and which may not
# - [PyTorch's performance tuning guide](https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html): a long
#   list; measure before you believe
# - [PyTorch's notes on reproducibility](https://docs.pytorch.org/docs/stable/notes/randomness.html): what it takes on a
#   GPU to get the same bits twice

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | FLOPs | 浮点运算次数 | floating-point operations; a multiplication and an addition make two |
# | profiler | 性能分析器 | a program that says where the time goes |
# | Amdahl's law | 阿姆达尔定律 | what a faster part can do for the whole |
# | kernel launch | 核函数启动 | starting one operation on a GPU; takes microseconds, whatever its size |
# | mixed precision | 混合精度 | products with few bits, weights and sums with many |
# | lazy regularisation | 惰性正则化 | a penalty every k-th step, k times as strong |
# | checkpoint | 检查点 | everything from which a run can go on |
# | data parallel | 数据并行 | each process has all weights and a part of the batch |
