# %% [markdown]
# # 48 · Fast
#
# *If a training takes a day, you will try it once. If it takes an hour, you will try it until it works. In this chapter
# you make one GAN faster, piece by piece, and each time you ask what the speed-up costs.*
#
# > **You will be able to**
# > - find out where a training step spends its time, and how much any one change could save at best
# > - count the arithmetic and the operations of a step
# > - use the speed-ups of sections 2 to 8, and say for each one whether the result stays the same
# > - decide what to do first on your own machine
# >
# > **Before you start** The training step, from [41 · an MLP GAN](41_mlp_gan.ipynb). Helpful, not needed: R1, from [33
# > · dynamics](33_dynamics.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used automatically): {{gpu_time}}

# %% [markdown]
# ## The idea in a picture
#
# Our example is a small convolutional GAN on pictures of clothes. We cut one training step into its parts and measure
# how long each part takes. (Imports and helpers are folded. Click on the three dots to read them.)

# %% jupyter={"source_hidden": true}
import copy
import logging
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
here = device.pick()  # a GPU if there is one, or else the CPU
images = data.images("fashion_mnist").tensor()  # 10,000 pictures, on the CPU

# %% jupyter={"source_hidden": true}
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images), 64, shuffle=True, drop_last=True)


def endless(loader):
    while True:
        for (batch,) in loader:
            yield batch.to(here)


def pair(where=here):
    G, D = ensemble.single_nets(nets.DCGANGenerator, nets.DCGANDiscriminator, seed=0)
    return G.to(where), D.to(where)


def clock():
    if here.type == "cuda":
        torch.cuda.synchronize()  # a GPU works behind Python's back: wait until it is done
    return time.perf_counter()


# %% jupyter={"source_hidden": true}
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


# %% [markdown]
# This is the step, written as many tutorials write it. At each `yield` a stopwatch takes the time:


# %%
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


# %% jupyter={"source_hidden": true}
batches = endless(loader)
G, D = pair()
opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (G, D))
parts = stopwatch(lambda: plain_step(G, D, opt_g, opt_d, lambda: next(batches)))

_, ax = plt.subplots(figsize=(6.8, 2.6))
colors = {"next": plotting.REAL, "D's": plotting.DISC, "G's": plotting.FAKE}
shares = np.array(list(parts.values())) / sum(parts.values())
ax.barh(list(parts), 100 * shares, color=[colors[part.split()[0]] for part in parts])
ax.invert_yaxis()
ax.set_xlabel("share of a step's time, in % (measured just now)")
plt.show()

# %% [markdown]
# (`D`'s turn begins with making the fakes, so its first bar includes a pass through `G`. `G`'s turn goes through `D` as
# well.)
#
# You can only save time where time is spent. The longest bars show where that is. If a short bar disappeared
# completely, almost nothing would change. This sounds obvious, and it is often forgotten.

# %% [markdown]
# ## 1. Where the time goes
#
# Suppose that one part takes the share $p$ of the time, and that you make this part $s$ times faster. Then the whole
# step becomes
#
# $$\frac{1}{(1 - p) + p / s}$$
#
# times faster. This is **Amdahl's law** (1967).
#
# **Predict, and say why:** the optimiser takes 5 % of a step. You find an optimiser that is a hundred times faster. How
# much faster does your training become? And with an optimiser that takes no time at all?


# %%
def amdahl(p, s):
    return 1 / ((1 - p) + p / s)


print(f"100 times faster there: {amdahl(0.05, 100):.3f} times faster altogether")
print(f"no time at all there:   {amdahl(0.05, float('inf')):.3f} times faster altogether")

# %% [markdown]
# Five per cent, in both cases. The reason is the other 95 %: nobody has touched them. So measure first. Four rules help
# to measure well:
#
# 1. **Warm up.** The first calls allocate memory and choose algorithms. Don't count them.
# 2. **Wait for the GPU.** It works asynchronously. Without `synchronize()` you measure how fast Python hands out work.
# 3. **Take turns.** Compare A and B in alternating blocks of one run. Then other programs on your computer disturb both
#    in the same way. Report medians.
# 4. **Compare like with like.** Use the same number of threads, the same batch, and the same result.
#
# The function `race` below follows these rules. In its picture each dot is one block. Times are relative to the median
# of the first runner.

# %% jupyter={"source_hidden": true}
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


# %% jupyter={"source_hidden": true}
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
# Times differ from machine to machine, and from day to day. So in this chapter times appear only in pictures, and each
# picture is measured while the chapter runs. We *claim* only what does not depend on the machine: how much is computed,
# how many operations are started, and whether the results agree.
#
# Which operations take the time? `torch.profiler` tells you in detail, also for the programs on a GPU. This is how you
# call it:
#
# ```python
# with torch.profiler.profile() as profiler:
#     train_for_some_steps()
# print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))
# ```
#
# Below is a tiny profiler of our own. A `TorchDispatchMode` sees every operation that PyTorch is asked for, forward and
# backward, and this one looks at the clock. (It comes from a module whose name begins with an underscore, which means
# that PyTorch may change it. There is no public one yet.)

# %% tags=["nbval-ignore-output"]
from torch.utils._python_dispatch import TorchDispatchMode


class OperationClock(TorchDispatchMode):
    seconds = {}

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
# On our CPU, convolutions and their backward passes take most of the time. Faster Python won't change that. You have to
# *compute less*, to compute with fewer bits, or to help the convolutions themselves (section 7).
#
# On a GPU it can be different. There the arithmetic of small networks takes microseconds, and *starting* the operations
# takes most of the time. So there are two things to count: arithmetic and operations.

# %% [markdown]
# ## 2. How much a step must compute
#
# The amount of arithmetic (the *compute demand*) is counted in **FLOPs**, floating-point operations. A multiplication
# and an addition make two FLOPs.
#
# The second thing to count is **operations**: a matrix product, a sum of two tensors, and so on. Each of them costs
# some microseconds of Python and C++, whatever its size. On a GPU most operations also start a program on the chip.
# Such a program is called a **kernel** (here neither the notebook's kernel nor the window of a convolution), and to
# start it is a **kernel launch**. Some operations launch nothing, because they only describe the same memory in another
# way: `view`, `t`, `detach`, `expand`. PyTorch calls their results *views*.
#
# This meter counts all three:

# %%
from torch.utils.flop_counter import FlopCounterMode, flop_registry


class Meter(TorchDispatchMode):
    """Counts the operations that pass, those among them that only make a view, and FLOPs by PyTorch's own table."""

    operations = views = flops = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.operations += 1
        self.views += function.is_view
        if function.overloadpacket in flop_registry:
            self.flops += flop_registry[function.overloadpacket](*args, **(kwargs or {}), out_val=result)
        return result


def cost(run):
    with Meter() as meter:
        run()
    return meter


# %% [markdown]
# Let us try it on something that we can count by hand. A linear layer from $n$ to $m$ numbers, for $B$ samples, needs
# $B \cdot n \cdot m$ products and as many additions: $2Bnm$ FLOPs. The backward pass has two such products, one for the
# gradient of the weights and one for the gradient of the inputs. The first layer of a network needs no gradient of its
# inputs.
#
# **Predict, and say why:** how much more do forward *and* backward cost together than forward alone? Two times? Three
# times?

# %%
B, sizes = 64, [784, 128, 1]
mlp, x = nets.mlp(sizes), torch.randn(B, 784)
layers = [2 * B * n * m for n, m in zip(sizes, sizes[1:], strict=False)]

forward, both = cost(lambda: mlp(x)), cost(lambda: mlp(x).sum().backward())
identity("forward: the sum of 2·B·n·m", forward.flops == sum(layers))
identity("backward: the same for the weights, and for the inputs of all layers but the first",
         both.flops - forward.flops == sum(layers) + sum(layers[1:]))  # fmt: skip
claim("more than a third of the operations only make a view", both.views > both.operations / 3, measured=both.views)

with FlopCounterMode(display=False) as counter:
    mlp(x).sum().backward()
identity("PyTorch's own counter agrees", counter.get_total_flops() == both.flops)

# %% [markdown]
# One forward product stands against two backward products, so it would be three times, without the exception for the
# first layer. Here the first layer holds almost all weights, and the factor is close to two. For deep networks it is
# close to three: *a training step costs about three forward passes*.
#
# Now the GAN. In the generator's turn, `loss_g.backward()` goes back through the discriminator to reach `G`. On its way
# it also computes the gradients of all *weights* of `D`. Nobody uses them: the next `zero_grad()` of `D` throws them
# away. With `backward(inputs=…)` you say which gradients you want:

# %%
G, D = pair()
real, z = images[:64].to(here), torch.randn(64, 64, device=here)


def generators_turn(inputs=None):
    F.softplus(-D(G(z))).mean().backward(inputs=inputs)


everything, wanted = cost(generators_turn), cost(lambda: generators_turn(list(G.parameters())))
forward_d, forward_g = cost(lambda: D(real)).flops, cost(lambda: G(z)).flops
identity("what is saved is exactly one forward pass of D", everything.flops - wanted.flops == forward_d)


# %% jupyter={"source_hidden": true}
def gradient_of_g(inputs=None):
    copies = copy.deepcopy(G), copy.deepcopy(D)
    for net in copies:
        net.zero_grad()
    inputs = list(copies[0].parameters()) if inputs else None
    F.softplus(-copies[1](copies[0](z))).mean().backward(inputs=inputs)
    return torch.cat([p.grad.flatten() for p in copies[0].parameters()])


all_of_them, only_g = gradient_of_g(), gradient_of_g(True)
identity("and G's gradient is the same (to 0.1 %)", (only_g - all_of_them).norm() < 1e-3 * all_of_them.norm())

# %% [markdown]
# Two more savings are of this kind.
#
# **`detach()`** in the discriminator's turn. Without it, `backward()` goes on through all of `G`. That takes time, and
# it leaves gradients in `G`, which must be cleared before `G`'s own turn.
#
# **Use the fakes again.** The fakes of `D`'s turn, with their graph, can serve in `G`'s turn as well. This saves a
# forward pass of `G`. The two turns then share their noise, so the two estimates are no longer independent. And `D` has
# just made a step on these very fakes, so they look a little more fake to it than fresh ones would: the smaller the
# batch, the more.
#
# **Before you run the next cell:** the plain step draws fakes twice and computes all gradients. The thrifty step does
# neither. What share of the FLOPs does it save?


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


# %%
flops = {step.__name__: cost(step).flops for step in (careless, plain, thrifty)}
identity("thrifty saves one forward pass of each network", flops["plain"] - flops["thrifty"] == forward_d + forward_g)
claim("for our networks that is 16 % of the plain step", round(100 * (1 - flops["thrifty"] / flops["plain"])) == 16)
claim("without detach a step costs 16 % more", round(100 * (flops["careless"] / flops["plain"] - 1)) == 16)

# %%
race("no wasted gradients", {step.__name__: step for step in (plain, careless, thrifty)}, blocks=4, steps=1)

# %% [markdown]
# **What it costs: memory.** With the same noise the gradients are those of the plain step. But `G`'s graph now stays in
# memory during `D`'s turn. Every tensor that a backward pass needs is kept until then, and PyTorch lets us count these
# tensors:


# %%
def kept_bytes(run):
    """What the graph of `run` keeps for its backward pass, weights aside, counting each tensor once."""
    found, weights = {}, {p.data_ptr() for net in (G, D) for p in net.parameters()}

    def note(tensor):
        if tensor.data_ptr() not in weights:
            found[tensor.data_ptr()] = max(tensor.nbytes, found.get(tensor.data_ptr(), 0))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        result = run()
    return sum(found.values()), result


by_g, fake = kept_bytes(lambda: G(z))
by_d, loss = kept_bytes(lambda: losses_of_d(real, fake.detach()))
claim(
    "for our networks G's graph keeps about as much as D's turn (0.7 to 1.3 times)",
    0.7 < by_g / by_d < 1.3,
    by_g / by_d,
)

# %% [markdown]
# So during `D`'s turn about twice as much must be kept as in the plain step. With a generator that is much larger than
# its discriminator, this can decide how large a batch fits. If you have the memory, this kind of saving comes first:
# nothing is as fast as what you don't compute. `gan_edu.training` does all three.
#
# 🔎 **Try it.** Put `nets.SubpixelGenerator()` in place of the generator. How many FLOPs does it need, and what part of
# the step is now `D`'s? (The answer may surprise you; chapter 42 explains it.)

# %% [markdown]
# ## 3. Data: one tensor, on the device
#
# A `DataLoader` fetches single samples and stacks them to a batch. It can do so in other processes. For a million files
# on a disk that is what you need. For 10,000 small pictures in memory it does more than necessary:
#
# **Predict:** how many operations does one batch of 64 take? How many would you need at least?

# %%
stored = images.to(here)  # once
iterator = iter(loader)
by_loader = cost(lambda: next(iterator)).operations
by_index = cost(lambda: stored[torch.randint(len(stored), (64,), device=here)]).operations
claim("the DataLoader: at least one operation for each of the 64 samples", by_loader >= 64, measured=by_loader)
claim("one tensor: two operations, draw 64 numbers and look them up", by_index == 2, measured=by_index)

# %%
race(
    "data as one tensor",
    {
        "DataLoader": lambda: next(batches),
        "one tensor": lambda: stored[torch.randint(len(stored), (64,), device=here)],
    },
)

# %% [markdown]
# **It costs memory.** The whole set must fit. As `float32`, the 60,000 pictures of Fashion-MNIST take 188 MB. As
# `uint8`, scaled to −1 … 1 after the look-up, they take a quarter of that. A picture of 256 × 256 in colour has 196,608
# bytes, so a GPU with 24 GB holds about 120,000 of them, if nothing else lies there.
#
# **And it draws with replacement.** Each batch is drawn anew, so $N$ draws don't show every picture. A picture is
# missed with probability $(1 - 1/N)^N \approx 1/e$:

# %%
N = len(images)
drawn = torch.randint(N, (20, N), generator=device.generator(0))
missed = 1 - torch.tensor([len(row.unique()) for row in drawn]) / N
claim(
    "in each of 20 epochs 35.5 to 38 % of the pictures are missed", ((missed > 0.355) & (missed < 0.38)).all(), missed
)

# %% [markdown]
# In a long GAN training this does little harm: a picture that is missed in one epoch comes in another. If you want
# every picture once, use `torch.randperm(N, device=here)` and take slices of it. That takes no more operations.

# %% [markdown]
# ## 4. The optimiser: many small operations
#
# Adam does about ten things with each weight tensor. Written one after the other, that is ten operations for each
# tensor. With `foreach=True` each of the ten is done for all tensors in one go. With `fused=True` one operation does
# everything. On CUDA, `foreach` is the default; on the CPU the plain loop is.

# %%
options = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def stepper(options, where):
    G, _ = pair(where)
    for i, parameter in enumerate(G.parameters()):
        parameter.grad = torch.full_like(parameter, 0.1 * (i + 1))
    return G, torch.optim.Adam(G.parameters(), lr=1e-3, **options)


counts, after = {}, {}
for name, option in options.items():
    G_, adam = stepper(option, "cpu")
    adam.step()  # the first makes room for its averages
    counts[name] = cost(adam.step).operations
    after[name] = torch.cat([parameter.detach().flatten() for parameter in G_.parameters()])

claim("the loop: more than five operations for each of the 8 tensors", counts["loop"] > 5 * 8, measured=counts)
claim("fused: at most 5 in all", counts["fused"] <= 5, measured=counts)
identity("all three give the same weights (to 1e-5)", all(w.allclose(after["loop"], atol=1e-5) for w in after.values()))

# %%
race("fused Adam", {name: stepper(option, here)[1].step for name, option in options.items()}, blocks=11, steps=20)

# %% [markdown]
# **It costs one word.** Rounding may differ in the last digit. But look at the first figure of this chapter again, at
# the bars of Adam, and ask Amdahl what you can win. For tiny networks it is a lot, for large ones little.

# %% [markdown]
# ## 5. Lazy R1: pay every sixteenth time
#
# R1 (chapter 33) adds $\frac{\gamma}{2} E\,\|\nabla_x \ell(x)\|^2$ on real samples to the discriminator's loss. Its
# gradient is a gradient of a gradient: a way back to the inputs (about as much work as one forward pass), and a way
# back through that (about two more).
#
# **Lazy** R1 takes the penalty only in every $k$-th step, and makes it $k$ times as strong. StyleGAN2 does so with
# $k = 16$ (Karras et al. 2020). Averaged over $k$ steps the loss is the same.


# %%
def step_cost(at_step=0, **settings):
    G, D = pair("cpu")
    gan = training.GAN(G, D, device="cpu", **settings)
    gan.step = at_step
    return cost(lambda: gan.update(lambda: images[:64], measure=False)).flops


without, with_r1 = step_cost(), step_cost(penalties={"r1": 1.0})
between = step_cost(1, penalties={"r1": 1.0}, penalty_every=16)
lazy = (with_r1 + 15 * between) / 16
identity("in between, a lazy step costs what a step without R1 costs", between == without)
claim("R1 costs about three forward passes of D (2.9 to 3.2)", 2.9 < (with_r1 - without) / forward_d < 3.2)
claim("for our networks: 27 % on top in each step", round(100 * with_r1 / without) == 127)
claim("in every 16th: 1.7 %", round(1000 * lazy / without) == 1017)

# %% [markdown]
# The penalty now costs a sixteenth. But **it is no longer the same training.** To see what can happen, take the
# smallest GAN there is, the Dirac-GAN of chapter 33. It has one number $\theta$ for the generator and one number $\psi$
# for the discriminator. The truth is at 0. We make plain gradient steps of size $h = 0.1$, at first with $\gamma = 1$.
# The penalty's part of a lazy step then multiplies $\psi$ by $1 - h\gamma k$.
#
# **Predict, and say why:** for which of $k = 1, 8, 16, 32$ will it arrive at 0? And is lazy R1 faster or slower than R1
# in each step?


# %%
def dirac(every, gamma=1.0, h=0.1, steps=1600):
    theta, psi, path = 1.0, 1.0, []
    for step in range(steps):
        penalty = gamma * every * psi if every and step % every == 0 else 0.0
        slope = 1 / (1 + np.exp(-np.clip(theta * psi, -50, 50)))  # sigmoid(θψ)
        theta, psi = theta + h * psi * slope, psi - h * (theta * slope + penalty)
        path.append(abs(theta) + abs(psi))
    return np.clip(path, 1e-6, 1e3)


paths = {"no R1": dirac(0)} | {f"k = {k}": dirac(k) for k in (1, 8, 16, 32)}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3))
ax.set_yscale("log")
plotting.curves(np.arange(1600), paths, "step", "distance |θ| + |ψ| (clipped)", ax=ax)
plt.show()

# %%
end = {name: path[-200:].max() for name, path in paths.items()}
claim("without R1 it doesn't arrive", end["no R1"] > 0.5)
claim("k = 1, 8 and 16: it does", max(end[f"k = {k}"] for k in (1, 8, 16)) < 0.01, measured=end)
claim("k = 32, where |1 - hγk| = 2.2 > 1: it doesn't", end["k = 32"] > 0.5, measured=end)


def arrival(every, gamma):
    """The number of steps until the distance stays below 0.001."""
    return int(np.nonzero(dirac(every, gamma) > 1e-3)[0][-1]) + 1


steps = {gamma: [arrival(k, gamma) for k in (1, 8, 16)] for gamma in (1.0, 0.5)}
claim("γ = 1: k = 1 arrives before k = 8, and k = 8 before k = 16", steps[1.0] == sorted(steps[1.0]), measured=steps)
claim("γ = ½: the other way round", steps[0.5] == sorted(steps[0.5], reverse=True), measured=steps)

# %% [markdown]
# One thing is sure: with $h\gamma k > 2$ a lazy step throws $\psi$ further away than it was. That is why $k = 32$
# doesn't arrive. Below that, lazy may be slower *or faster*. One large step is not $k$ small ones: with $k = 8$ and
# $\gamma = 1$ it leaves 20 % of $\psi$, and eight small ones leave $0.9^8 \approx 43$ %. But how much is left doesn't
# say who arrives first. At $\gamma = 1$ the penalty in each step is just strong enough to stop the swinging (the two
# eigenvalues of the game near 0 are equal), and each other way takes longer. At $\gamma = ½$ it is too weak for that,
# and the lazy game wins. (Adam limits the size of a step, which softens this. Adam also mixes rare large gradients and
# frequent small ones in its averages.)
#
# Now a real GAN. Eight seeds on the ring of eight modes, with R1 in each step and lazily:

# %%
ring = data.toy.ring()
quality = {}
ways = {"no R1": ({}, 1), "R1 each step": ({"r1": 1.0}, 1), "every 16th": ({"r1": 1.0}, 16)}
for name, (penalties, every) in ways.items():
    gans = ensemble.gans(
        lambda: nets.mlp([2, 64, 64, 2]), lambda: nets.mlp([2, 64, 64, 1]), seeds=8,
        penalties=penalties, penalty_every=every, lr=1e-3, betas=(0.0, 0.99),
    )  # fmt: skip
    quality[name] = metrics.mode_coverage(training.run(gans, ring, steps=700, batch=64).sample(2000), ring)

share = {name: found.high_quality.median() for name, found in quality.items()}
claim(
    "all 8 modes in at least 7 of 8 seeds, each way, without R1 as well",
    all((q.captured == 8).sum() >= 7 for q in quality.values()),
)
difference = abs(share["R1 each step"] - share["every 16th"])
claim("shares of good samples, with R1: medians less than 0.1 apart", difference < 0.1, measured=share)

# %% [markdown]
# At this $\gamma$, this $k$ and this learning rate we see no harm. But the run without R1 finds all modes, too: in so
# short a run this ring doesn't need R1, and so it can't show what a lazy one costs. StyleGAN2 reports no harm at its
# scale. Neither of the two tells you about *your* settings, so repeat the experiment for them. (StyleGAN's programs
# make the lazy penalty a step of its own, so that `D` gets 17 steps instead of 16, and they adapt Adam's settings to
# that. Here it stays one step.)

# %% [markdown]
# ## 6. Half the bits
#
# `float32` has 32 bits. `bfloat16` keeps the upper half of them: the sign, the same 8 bits of exponent, and only 7 bits
# after the leading one. So it has the same *range*, but only about two decimal *digits*. It takes half the memory.
# `float16` divides its 16 bits in another way: it has more digits and less range.
#
# **Predict** these four results:
#
# | | in | result? |
# |---|---|---|
# | 256 + 1 | bfloat16 | |
# | a weight of 1, and a step of −0.0002 | bfloat16 | |
# | a gradient of 1e-8 | bfloat16 | |
# | a gradient of 1e-8 | float16 | |

# %%
bf16, fp16 = torch.bfloat16, torch.float16
identity("bfloat16: 256 + 1 = 256", torch.tensor(256.0, dtype=bf16) + 1 == 256)
identity("bfloat16: the weight is still 1", torch.tensor(1.0, dtype=bf16) - 2e-4 == 1)
identity("bfloat16: the gradient is not lost", torch.tensor(1e-8, dtype=bf16) > 0)
identity("float16: it is rounded to 0", torch.tensor(1e-8, dtype=fp16) == 0)

# %% [markdown]
# Too few digits is the reason for the first two, too little range for the last. The second line says why one doesn't
# simply keep the *weights* in bfloat16: small steps would be rounded away. **Mixed precision** keeps weights and
# optimiser in `float32` and lets only the large products run in bfloat16; `torch.autocast` decides which. The last line
# is why float16 needs a `GradScaler`, which multiplies the loss by a large number, and bfloat16 doesn't.
#
# How wrong do the gradients become? Here is the discriminator's loss, for three pairs of untrained networks:


# %%
def gradient(seed, half, real=images[:64]):
    G, D = ensemble.single_nets(nets.DCGANGenerator, nets.DCGANDiscriminator, seed)
    fake = G(torch.randn(64, 64, generator=device.generator(seed))).detach()
    with torch.autocast("cpu", dtype=bf16, enabled=half):
        on_real, on_fake = D(real), D(fake)
    loss = F.softplus(-on_real.float()).mean() + F.softplus(on_fake.float()).mean()
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(D.parameters()))])


errors, angles = [], []
for seed in range(3):
    exact, rough = gradient(seed, half=False), gradient(seed, half=True)
    errors.append(((rough - exact).norm() / exact.norm()).item())
    angles.append(F.cosine_similarity(exact, rough, dim=0).item())
claim("0.1 % to 3 % of the gradient's length", 1e-3 < min(errors) and max(errors) < 0.03, measured=errors)
claim("the direction is nearly the same (cosine above 0.999)", min(angles) > 0.999, measured=angles)
identity("gradients come as float32, like the weights", rough.dtype == torch.float32)

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
# So a single step is hardly disturbed. But the chance of the batch averages out over many steps. We haven't shown that
# the rounding does, nor that a trained pair is like an untrained one.
#
# Note how the function is written. Only the two networks run inside `autocast`. The logits are made `float32` again
# before the loss, and the backward pass runs outside, as PyTorch's documentation advises.
#
# **Before you run the next cell:** will bfloat16 be faster on *your* machine? What does that depend on?


# %%
def both_turns(half):
    with torch.autocast(here.type, dtype=bf16, enabled=half):
        fake = G(z)
        on_real, on_fake = D(real), D(fake)
    logits_real, logits_fake = on_real.float(), on_fake.float()
    (F.softplus(-logits_real).mean() + F.softplus(logits_fake).mean() + F.softplus(-logits_fake).mean()).backward()


race("bfloat16", {"float32": lambda: both_turns(False), "bfloat16": lambda: both_turns(True)}, blocks=4, steps=1)

# %% [markdown]
# It depends on the instructions that your processor has. A CPU with products in bfloat16 (AVX-512 BF16, AMX, newer ARM)
# may gain. Without them it must convert back and forth, and may well be slower than before. On GPUs with tensor cores
# large products gain most, and tiny ones nothing. So `mixed_precision=True` of `gan_edu` acts on CUDA devices only.
#
# **It costs accuracy.** Mind long sums, losses, and R1, which is the gradient of a rounded gradient. If a run in mixed
# precision diverges, first compute the penalty without `autocast`.

# %% [markdown]
# ## 7. The order in memory
#
# A batch of maps has four axes, $(N, C, H, W)$, but memory has only one. PyTorch's usual order stores each map in one
# piece. **Channels last** stores the channels of a pixel side by side. Convolutions multiply channels, so many of their
# programs (cuDNN's on tensor cores, oneDNN's on CPUs) run faster that way. The *shape* stays the same. Only the
# *strides* change: the number of places from one element to the next along each axis.

# %%
maps = torch.randn(64, 32, 14, 14)
last = maps.to(memory_format=torch.channels_last)
identity("same shape, same numbers", last.shape == maps.shape and last.equal(maps))
identity("usual order: the next channel is 14·14 places away", maps.stride() == (32 * 14 * 14, 14 * 14, 14, 1))
identity("channels last: 1 place", last.stride() == (32 * 14 * 14, 1, 14 * 32, 32))
identity("flatten() wants the usual order, and copies everything", last.flatten(1).data_ptr() != last.data_ptr())


# %% jupyter={"source_hidden": true}
def net(where):
    device.seed_everything(0)
    layers = [nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(64, 64, 3, 1, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers).to(where)


usual, ordered = net("cpu"), net("cpu").to(memory_format=torch.channels_last)
identity("two convolutions: the same result, to 1e-4", usual(maps).allclose(ordered(last), atol=1e-4))
claim("and it comes out in the order that went in", ordered(last).is_contiguous(memory_format=torch.channels_last))

usual, ordered = net(here), net(here).to(memory_format=torch.channels_last)
x, y = maps.to(here), last.to(here)
runners = {"usual": lambda: usual(x).sum().backward(), "channels last": lambda: ordered(y).sum().backward()}
race("channels last", runners, blocks=5, steps=2)

# %% [markdown]
# **It costs one line, and care.** A single layer that isn't made for it puts everything back into the usual order,
# and the gain is gone. Often that layer is the `flatten` in front of a linear layer. `gan_edu` orders its
# convolutional networks this way by itself, and `nets.ToRows` flattens without a copy. With few input channels there
# is little to gain.

# %% [markdown]
# ## 8. Compile, and CUDA graphs
#
# So far Python has asked for each operation by itself (PyTorch calls this *eager*). `torch.compile(f)` works in another
# way. It watches one call of `f`, writes down the **graph** of its operations, and builds new code, in which several
# small operations become one. It needs a C++ compiler on CPUs, or Triton on GPUs. The first result takes seconds or
# minutes. So it pays only if the later steps are faster, and if the run is long enough.
#
# The first half of this, the watching, is quick. It also shows what you need to know. Our "compiler" only counts
# graphs:

# %%
torch._logging.set_logs(dynamo=logging.ERROR)  # it would advise us on what we do wrong on purpose


def graphs_of(function, *arguments):
    found = []

    def counting(graph, _):
        found.append(graph)
        return graph.forward

    torch.compiler.reset()
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
# At an `.item()`, a `print`, or an `if` on a value the compiler has to stop, let Python run, and begin again. On a GPU
# such a line also makes the whole machine wait, compiled or not. So collect losses as tensors, and look at them every
# hundred steps.
#
# For GANs there is one more problem. R1 needs a gradient of a gradient:

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
# If your version refuses: compile the networks for the ordinary passes, keep the uncompiled `D` for the penalty (both
# share their weights), and take the penalty lazily.
#
# What does the real compiler gain? **Predict** for two CPU cores and three GANs of this course, then look:
#
# <details><summary>What we measured (`benchmarks/compile.py`, two threads, no penalty)</summary>
#
# | networks | time eager / time compiled |
# |---|---|
# | points in the plane, 2-64-64 | 0.67 |
# | pictures as rows, 100-128-784 | 0.82 |
# | DCGAN, 32 and 64 channels | 0.79 |
#
# Below 1 means *slower*: all three lose. The first step took 5 to 16 seconds. (The very first compilation in a process
# takes longest, because it also starts the compiler. So don't compare first steps of one process.)
#
# </details>
#
# We guess at the reason: these nets consist of a few products with little in between, so there is little to join. And
# each call of a compiled function first checks whether its graph still fits. We have not tested this guess, and we have
# no measurements on a GPU yet.

# %% [markdown]
# Try your own machine with `try_it = True`. It takes a compiler and some patience. On a GPU try `torch.compile(loss,
# mode="reduce-overhead")` as well: it lets the compiler use CUDA graphs, which come next. (`mode="max-autotune"`
# searches longer for the fastest programs.)

# %% tags=["nbval-ignore-output"]
try_it = False

if try_it:
    torch.compiler.reset()
    slow, quick = loss, torch.compile(loss)
    start = clock()
    quick(points)
    print(f"the first call took {clock() - start:.0f} s")
    race("torch.compile", {"eager": lambda: slow(points).backward(), "compiled": lambda: quick(points).backward()})
else:
    print("not tried")

# %% [markdown]
# **CUDA graphs** go one step further on NVIDIA's GPUs. The GPU records a whole training step, with all its kernels and
# all their addresses, and plays it again at a single command. This removes nearly all the time for starting operations,
# so it helps most where networks are small.
#
# **It costs flexibility.** Shapes and memory must stay as they are. No `.item()` and no `if` on a value are allowed.
# New batches are copied into the old place, and Adam needs `capturable=True`. PyTorch's convenient
# `make_graphed_callables` doesn't do double backward (its documentation says so). With R1 one records the whole step
# by hand. The folded cell shows how to record a step (without R1, to keep it short).


# %% jupyter={"source_hidden": true}
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
    _, replay = recorded_step(*pair())
    eager, _ = recorded_step(*pair())  # networks and optimisers of its own
    race("CUDA graph", {"eager": eager, "replayed": replay}, steps=20)
else:
    print("No GPU here. On a machine with one, this cell measures.")

# %% [markdown]
# ## 9. Faster, and still right?
#
# This is what our machine made of it while the chapter ran. Each bar is relative to the plain way in its own section.
# Yours will look different; that is why the notebook measures.

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 0.8 + 0.34 * len(ledger)))
for place, times in enumerate(ledger.values()):
    gain = 1 / np.median(times)
    ax.barh(place, gain - 1, left=1, color=plotting.DISC if gain > 1 else plotting.FAKE)
ax.axvline(1, color=plotting.THEORY, linestyle="--")
ax.set_yticks(range(len(ledger)), list(ledger))
ax.set(xscale="log", xlabel="times faster, of the part that it concerns (dashed: no gain)")
ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
ax.invert_yaxis()
plt.show()

# %% [markdown]
# Don't compare the bars with each other. "data as one tensor" is a gain on a short bar of the first figure, "no wasted
# gradients" is a gain on the whole step.
#
# Speed is only half of the question. Is the result still *accurate*?
#
# | Speed-up | Is the result the same? | How we know |
# |---|---|---|
# | no wasted gradients | the same gradients | section 2 |
# | fakes used again | nearly: `G` is judged on fakes that `D` has just seen | section 2 |
# | one tensor | batches with replacement | section 3 |
# | fused Adam, channels last | up to rounding | sections 4, 7 |
# | lazy R1 | *no*: another training; our ring needs no R1, so it can't show the harm | section 5 |
# | bfloat16 | *no*: gradients of untrained nets off by up to 3 % | section 6 |
# | larger batch, higher rate, smaller network | *no* | measure it |
#
# Everything with a "no" needs a measurement of quality against time, over several seeds.

# %% [markdown]
# ## 10. Training is slow: what first?
#
# You don't want steps per second. You want *good samples sooner*. So the largest gain may lie outside of this chapter.
# In our benchmark of two convolutional GANs (`benchmarks/README.md`: one seed, two CPU cores) one recipe made a
# quarter *fewer* steps in 51 seconds, and reached less than half the Fréchet distance of the other. The two differ in
# several things at once: the nets, the learning rate, how often R1 is taken, and the average. (And the better recipe
# had been chosen by the same test images.) So choosing these well can give more than faster steps. The benchmark
# doesn't tell you which of them made the difference.
#
# | If … | then first |
# |---|---|
# | you haven't tuned learning rates, β, R1, EMA | do that, on a small network, at low resolution (chapter 43) |
# | you don't know where time goes | the first figure of this chapter, for your step |
# | "next batch" is a long bar | one tensor; or more loader workers, smaller files |
# | the bars of `D` and `G` are long, and the GPU computes | waste nothing, lazy R1, mixed precision, channels last |
# | the bars are long, and the GPU waits | no `.item()`, fused optimiser, larger batch, compile, CUDA graphs |
# | you need several seeds or settings, or one run takes more than a day | chapter 49 |

# %% [markdown]
# **How do I know whether the GPU computes or waits?** `nvidia-smi` shows a "utilisation": the share of time in which
# *at least one* kernel ran. A low number proves that the GPU waits, perhaps for your data. A high number proves
# nothing: an endless row of tiny kernels shows 90 % on a nearly idle chip. Two better tests are `torch.profiler`, and
# a step with twice the batch. If the larger step takes as long as before, the chip was waiting.
#
# **A small computer.** Take small networks: pictures of 28 × 28, or points in the plane. Use one CPU thread for
# networks of fewer than a hundred units (`with device.threads(1):`) and PyTorch's default for larger ones. Use the
# thrifty step and lazy R1. Judge with few seeds first, then let eight run over night. Try bfloat16 and compiling last,
# and measure.
#
# **One GPU.** Put the data there as one tensor. Never ask for a number inside the loop. Use mixed precision. Then test
# whether the GPU waits. If it does, your networks are too small for it: take a larger batch, an ensemble of seeds,
# compile, or record a CUDA graph.
#
# When something gets faster, always check that it still learns the same.

# %% [markdown]
# ## Help, I get …
#
# **`RuntimeError: CUDA out of memory`** Halve the batch. Data as `uint8` and mixed precision help too. A hidden cause
# is a list of losses that still hold their graphs: append `loss.detach()`.
#
# **My GPU is no faster than my CPU.** For networks of a few hundred units this is normal: starting operations takes
# longer than doing them. Count the operations (section 2).
#
# **The same code is twice as fast in the second run.** The first run paid for the warm-up: memory, choice of
# algorithms, compilation. Leave the first steps out (section 1).
#
# **`torch.compile` compiles again and again.** When a shape or a Python number changes for the first time, that costs
# one more compilation; after that our version of PyTorch treats it as a variable. Another kind of value costs one
# compilation each time that it is new: give it no text, such as `"step 17"`, that differs in each step.
# `TORCH_LOGS=recompiles` names the reason.
#
# **A step takes 1 ms, and the loop 10 ms.** Either you timed a GPU without `synchronize()`, and measured how fast
# Python hands out work. Or the time goes into what stands beside the step: the next batch, logging, pictures. Time
# these too (section 1).

# %% [markdown]
# ## Recap
#
# - Measure first: a part that takes 5 % can't give you more than 5.3 %.
# - Two things take time: arithmetic (FLOPs) and starting operations. Small networks mostly pay for the second.
# - The best saving is not to compute: no gradients that nobody wants, fakes used again, R1 lazily.
# - Every speed-up costs something: memory, accuracy, flexibility, or another training. Ask for it each time.
# - Good samples sooner is the aim. A better recipe may give more than a faster step.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>D's turn takes 60 % of a step. bfloat16 makes it twice as fast. And the whole step?</summary>
#
# 1 / (0.4 + 0.6 / 2) = 1.43 times as fast.
#
# </details>
#
# <details><summary>`nvidia-smi` shows 95 % utilisation. Can your training still be made much faster?</summary>
#
# Perhaps. The number only says that nearly always *some* kernel ran. If the kernels are tiny, most of the chip is idle.
# Double the batch, and see whether a step takes longer.
#
# </details>
#
# <details><summary>Why is R1 every 16th step not simply the same as R1 in each step, if the average is the
# same?</summary>
#
# One large step is not sixteen small ones. On the Dirac-GAN it arrives later with $\gamma = 1$ and earlier with $\gamma
# = ½$, and beyond $h\gamma k = 2$ it throws the discriminator away from the solution.
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
# - [Micikevicius et al. 2018, *Mixed Precision Training*](https://arxiv.org/abs/1710.03740): which numbers may be
#   rounded, and which may not
# - [PyTorch's performance tuning guide](https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html): a long
#   list; measure before you believe
# - [PyTorch's automatic mixed precision examples](https://docs.pytorch.org/docs/stable/notes/amp_examples.html): what
#   belongs inside `autocast`, and what doesn't, with gradient penalties among the examples

# %% [markdown]
# ## Key terms
#
# {{terms: FLOPs; profiler; Amdahl's law; kernel launch; view; mixed precision; lazy regularisation}}
