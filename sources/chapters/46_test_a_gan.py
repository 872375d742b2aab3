# %% [markdown]
# # 46 · Test a GAN
#
# *Many defects of a GAN stop nothing and print nothing: the program runs, and the curves look usual. A test that you
# wrote in two minutes can tell you that one of the two networks has never learned.*
#
# > **You will be able to**
# > - write a test that fails on a broken program and passes on the mended one, before you touch the program
# > - find out which network a turn has changed, and which inputs it has used
# > - test a loss by numbers that you know without a computer
# > - look at a batch, at gradients and at samples while a training runs
# >
# > **Before you start** [41 · An MLP GAN](41_mlp_gan.ipynb) builds the two turns line by line.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A GAN program is made of small parts. Each part can be wrong by itself while the others work, and each can be tested
# by itself. The numbers are the sections below.

# %% jupyter={"source_hidden": true}
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, museum, nets, plotting
from gan_edu.claims import claim, identity
from gan_edu.museum import programs

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first


def box(ax, x, y, text, section, color):
    ax.add_patch(plt.Rectangle((x, y), 1.5, 0.8, facecolor="white", edgecolor=color, linewidth=2.5))
    ax.text(x + 0.75, y + 0.4, text, ha="center", va="center", color=color)
    ax.text(x + 1.44, y + 0.76, section, ha="right", va="top", fontsize=9, color="0.35")


# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.3))
box(ax, 0, 1.9, "data", "4", plotting.REAL)
box(ax, 0, 0, "noise", "", "0.35")
box(ax, 2, 0, "generator", "", plotting.FAKE)
box(ax, 4, 1, "discrimi-\nnator", "", plotting.DISC)
box(ax, 6, 1, "losses", "3", plotting.NEUTRAL[0])
box(ax, 4, 2.9, "who learns?", "2", plotting.NEUTRAL[0])
box(ax, 0, 3.2, "what is\nlogged?", "5", plotting.NEUTRAL[1])
arrows = [(1.5, 0.4, 2, 0.4), (3.5, 0.4, 4, 1.2), (1.5, 2.3, 4, 1.6), (5.5, 1.4, 6, 1.4), (6.75, 1.8, 5.5, 3.2)]
for x0, y0, x1, y1 in arrows:
    ax.annotate("", (x1, y1), (x0, y0), arrowprops={"arrowstyle": "->", "linewidth": 2, "color": "0.2"})
for x, y, start in ((4.75, 1.82, 4.75), (2.75, 0.82, 4.2)):
    ax.plot([start, x], [2.9, y], color=plotting.NEUTRAL[0], linestyle=":", marker="v", markevery=[1])
ax.set(xlim=(-0.1, 7.7), ylim=(-0.2, 4.1), aspect="equal")
ax.axis("off")
plt.show()

# %% [markdown]
# You can also train *all of it* and look at the samples. That is a test too, and a bad one: it takes long, it depends
# on luck, and when it fails it doesn't say which box is to blame. The tests of this chapter take a moment each, and
# point at one box.

# %% [markdown]
# ## 1. Red, then green
#
# We begin with one defect in full. The data are points on a line, in two clusters. Both networks are small.

# %%
bce = F.binary_cross_entropy_with_logits
heaps = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5)


def adam(*networks):
    return torch.optim.Adam([p for net in networks for p in net.parameters()], lr=5e-3, betas=(0.5, 0.999))


def new_game(seed=0):
    device.seed_everything(seed)
    G, D = nets.mlp([2, 32, 32, 1]), nets.mlp([1, 32, 32, 1])
    return SimpleNamespace(G=G, D=D, opt_g=adam(G), opt_d=adam(D))


# %% [markdown]
# Here are the two turns, as somebody wrote them. Read the second one slowly.


# %%
def d_turn(game, real, z):
    on_real, on_fake = game.D(real), game.D(game.G(z).detach())
    loss = bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))
    game.opt_d.zero_grad()
    loss.backward()
    game.opt_d.step()
    return loss


def lazy_g_turn(game, z):
    on_fake = game.D(game.G(z))
    loss = bce(on_fake, torch.ones_like(on_fake))
    game.opt_g.zero_grad()
    loss.backward()
    return loss


# %% [markdown]
# **Predict, and say why:** what will the two loss curves look like? What would you think if you saw only them?


# %%
def play(game, d, g, steps=300):
    history = {"step": [], "loss_d": [], "loss_g": []}
    for step in range(steps):
        history["step"].append(step)
        history["loss_d"].append(d(game, heaps.sample(64), torch.randn(64, 2)).item())
        history["loss_g"].append(g(game, torch.randn(64, 2)).item())
    return history


def at_the_end(history):
    return {name: sum(values[-50:]) / 50 for name, values in history.items() if name != "step"}


history = play(new_game(), d_turn, lazy_g_turn)
plotting.loss_curves(history)
last = at_the_end(history)
claim("at the end L_D is below 0.2, and L_G above 3", last["loss_d"] < 0.2 and last["loss_g"] > 3, measured=last)

# %% [markdown]
# The discriminator wins, and the reason is not in the curves. The line `game.opt_g.step()` is missing, so the generator
# never moves, and the discriminator has all the time it needs to tell its points from the real ones. From the curves
# you would say "the discriminator is too strong", and try a smaller rate for `D`, a larger one for `G`, another loss.
# None of it can make the generator move.
#
# **A test** asks a question with a yes or a no. Ours is: *which networks has this turn changed?* Copy the weights, let
# the turn run, compare.


# %%
def who_changed(game, turn):
    """The names of the networks of which at least one weight is different after turn()."""
    before = {name: [p.detach().clone() for p in getattr(game, name).parameters()] for name in "GD"}
    turn()
    now = {name: list(getattr(game, name).parameters()) for name in "GD"}
    return {name for name in "GD" if any(not a.equal(b) for a, b in zip(now[name], before[name], strict=True))}


def test_who_learns(program):
    game, real, z = program.setup(), heaps.sample(64, 0), torch.randn(64, 2)
    for name, turn in (("D", lambda: program.d(game, real, z)), ("G", lambda: program.g(game, z))):
        changed = who_changed(game, turn)
        assert changed == {name}, f"{name}'s turn changes {' and '.join(sorted(changed)) or 'nothing'}"


# %% [markdown]
# A **program** is for us a set-up and two turns. `verdict` runs a test on it, and returns the complaint, or `None`:

# %%
verdict = museum.verdict
lazy = SimpleNamespace(setup=new_game, d=d_turn, g=lazy_g_turn)
print(verdict(test_who_learns, lazy))

# %% [markdown]
# Red. One step was enough, and the message names the turn. Only now do we mend the program:


# %%
def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def g_turn(game, z):
    on_fake = game.D(game.G(z))
    return update(game.opt_g, bce(on_fake, torch.ones_like(on_fake)))


def program(setup=new_game, d=d_turn, g=g_turn):
    return SimpleNamespace(setup=setup, d=d, g=g)


claim("mended: the test has nothing to complain of", verdict(test_who_learns, program()) is None)
now = at_the_end(play(new_game(), d_turn, g_turn))
claim("and at the end L_D is above 1, and L_G below 1", now["loss_d"] > 1 and now["loss_g"] < 1, measured=now)

# %% [markdown]
# Green. The order matters: **a test that you have never seen fail may be a test that can't fail.** Red on the broken
# program, green on the mended one, and the test stays in your project.
#
# Did the mending do what it should? We train eight seeds of each for 300 steps, and measure the distance between 2,000
# generated and 2,000 real points (Wasserstein-1: how far a point has to travel on average, if the two sets are paired
# in the cheapest way). The floor is the distance between real points and other real points. (`train_eight` and
# `distance` stand in `gan_edu/museum/programs.py`.)

# %%
far = {"untrained": programs.distance(programs.eight(new_game))}
for name, each in {"lazy": lazy, "mended": program()}.items():
    far[name] = programs.distance(programs.train_eight(each, each.setup))
floor = (heaps.sample(2000, 2)[:, 0].sort().values - heaps.sample(2000, 1)[:, 0].sort().values).abs().mean().item()
plotting.bars_with_floor(far, "distance to the data", floor=floor)

# %%
claim("lazy: within 1 % as far as untrained, in all 8 seeds", (far["lazy"] / far["untrained"] - 1).abs().max() < 0.01)
claim("mended: less than half as far, in at least 7 of 8", (far["mended"] < 0.5 * far["lazy"]).sum() >= 7, measured=far)

# %% [markdown]
# ## 2. Who learns?
#
# From here on, defects come as **cards**: a broken program, and the test that finds it. Here are four more programs
# that run without an error. Each has one slip.
#
# (In one of them *the thread is cut*. `backward()` follows the graph from the loss back to a network's weights. We call
# it the thread between the two, and some calls cut it.)


# %%
def loss_g(fake):
    return bce(fake, torch.ones_like(fake))


def g_steps_d(game, z):
    return update(game.opt_d, loss_g(game.D(game.G(z))))  # 1: the other network's optimiser


def g_through_numpy(game, z):
    fake = torch.from_numpy(game.G(z).detach().numpy())  # 2: .numpy(), .data, .detach(), .item() all cut the thread
    return update(game.opt_g, loss_g(game.D(fake)))


# %%
def loss_d(real, fake):
    return bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))


def d_frozen_early(game, real, z):
    on_real = game.D(real)
    game.D.requires_grad_(False)  # 3: D is frozen before it sees the fakes
    on_fake = game.D(game.G(z).detach())
    game.D.requires_grad_(True)
    return update(game.opt_d, loss_d(on_real, on_fake))


def d_never_clears(game, real, z):
    loss = loss_d(game.D(real), game.D(game.G(z).detach()))
    loss.backward()  # 4: no zero_grad
    game.opt_d.step()
    return loss


# %% [markdown]
# **Predict, and say why:** which of the four does `test_who_learns` find?

# %%
cards = {
    "no step": lazy,
    "another optimiser": program(g=g_steps_d),
    "the thread is cut": program(g=g_through_numpy),
    "frozen early": program(d=d_frozen_early),
    "no zero_grad": program(d=d_never_clears),
}
for name, each in cards.items():
    print(f"{name:20}{verdict(test_who_learns, each)}")

# %% [markdown]
# It finds the first three lines, so cards 1 and 2 of the four: there the wrong network moves, or none. In card 2 (*the
# thread is cut*) `backward()` raises no error: there *are* weights that get a gradient, those of `D`. The generator's
# weights get none, and `step()` silently skips them.
#
# The last two pass, because `D` does move. So we need two other questions.
#
# **Does the result depend on each input?** Change one input, keep everything else, and look whether the learned weights
# become different. (We make three turns. Adam's first step is nearly the sign of the gradient, so after one turn two
# different inputs could give the same weights.)


# %%
def weights(*networks):
    return torch.cat([p.detach().flatten() for net in networks for p in net.parameters()])


def test_inputs_matter(program):
    def learned(turn, *inputs):
        game = program.setup()
        for _ in range(3):
            getattr(program, turn)(game, *inputs)
        return weights(game.G, game.D)

    real, z = heaps.sample(64, 0), torch.randn(64, 2)
    assert not learned("d", real, z).equal(learned("d", real + 1, z)), "D learns the same from other data"
    assert not learned("d", real, z).equal(learned("d", real, z + 1)), "D learns the same from other fakes"
    assert not learned("g", z).equal(learned("g", z + 1)), "G learns the same from other noise"


# %% [markdown]
# **Do old gradients make a difference?** PyTorch *adds* each gradient to what is already in `.grad`. We play two games
# from the same start. In one of them somebody clears all gradients before each turn. A right program does that by
# itself, so it makes no difference there.


# %%
def test_nothing_stays(program):
    games = [program.setup(), program.setup()]
    for step in range(3):
        torch.manual_seed(step)
        real, z = heaps.sample(64, step), torch.randn(2, 64, 2)
        for game, tidy in zip(games, (False, True), strict=True):
            for turn, inputs in ((program.d, (real, z[0])), (program.g, (z[1],))):
                if tidy:
                    game.G.zero_grad()
                    game.D.zero_grad()
                turn(game, *inputs)
    same = weights(games[0].G, games[0].D).allclose(weights(games[1].G, games[1].D), atol=1e-5)
    assert same, "old gradients go into the update"


# %%
tests = {"who learns": test_who_learns, "inputs matter": test_inputs_matter, "nothing stays": test_nothing_stays}
found = {name: [key for key, test in tests.items() if verdict(test, each)] for name, each in cards.items()}
for name, by in found.items():
    print(f"{name:20}{', '.join(by)}")
claim("each of the five cards is found by at least one of the three tests", all(found.values()), measured=found)
claim("none of the three finds all five", all(any(key not in by for by in found.values()) for key in tests))
claim("the right program passes all three", not any(verdict(test, program()) for test in tests.values()))

# %% [markdown]
# The three tests ask three different questions, and so they find different defects. Chapter 47 asks which test finds
# what, with twenty programs. The [museum](60_museum_of_failures.ipynb) has more than seventy cards like these.

# %% [markdown]
# ## 3. What does it want?
#
# If both networks learn, but learn the wrong thing, look at the losses. A loss can be tested *without any network*: it
# takes logits and returns a number, and some of these numbers are known without a computer.
#
# $$L_D = -\operatorname{mean} \log \sigma(\ell_\text{real})
# - \operatorname{mean} \log (1 - \sigma(\ell_\text{fake})), \qquad
# L_G = -\operatorname{mean} \log \sigma(\ell_\text{fake})$$
#
# | logits | $L_D$ | $L_G$ |
# |---|---|---|
# | all 0 ("can't tell") | $2 \ln 2$ | $\ln 2$ |
# | real $+10$, fake $-10$: right, and sure | 0 (below $10^{-4}$) | 10 |
# | real $-10$, fake $+10$: wrong, and sure | 20 | 0 |
# | right and wrong with $\pm 200$ | 0 and 400 | 200 and 0 |
# | all $\pm 10$; one of four real ones, or of four fakes, is wrong | 2.5 | |
#
# The last line asks about one side at a time. A loss that never looks at the fakes can have all the other values, as
# long as each fake logit is minus a real one.
#
# And there is the **direction**: $L_G$ must fall when the logit of a fake grows.


# %%
def near(value, wanted):
    return torch.isfinite(value).item() and abs(value.item() - wanted) < 1e-3 * max(1, abs(wanted))


def test_loss_d(loss):
    at = {w: loss(torch.full((4, 1), float(w)), torch.full((4, 1), -float(w))) for w in (0, 10, -10, 200, -200)}
    assert near(at[0], 2 * math.log(2)), "L_D at logits 0 isn't 2 ln 2"
    assert near(at[10], 0) and near(at[-10], 20), "L_D isn't 0 for a right D, 20 for a wrong one"
    assert near(at[200], 0) and near(at[-200], 400), "L_D breaks down for large logits"
    right, one_wrong = torch.full((4, 1), 10.0), torch.tensor([[-10.0], [10.0], [10.0], [10.0]])
    assert near(loss(one_wrong, -right), 2.5), "L_D isn't 2.5 when D is wrong about one real sample of four"
    assert near(loss(right, -one_wrong), 2.5), "L_D isn't 2.5 when D is wrong about one fake of four"


def test_loss_g(loss):
    fake = torch.tensor([[-1.0], [0.5]], requires_grad=True)
    assert (torch.autograd.grad(loss(fake), fake)[0] < 0).all(), "L_G doesn't fall when a fake logit grows"
    at = {w: loss(torch.full((4, 1), float(w))) for w in (0, 10, -10, -200)}
    assert near(at[0], math.log(2)), "L_G at logits 0 isn't ln 2"
    assert near(at[10], 0) and near(at[-10], 10), "L_G isn't 0 for a fooled D, 10 for one that is right"
    assert near(at[-200], 200), "L_G breaks down for large logits"


# %%
identity("the right losses pass", verdict(test_loss_d, loss_d) is None and verdict(test_loss_g, loss_g) is None)
print(verdict(test_loss_d, lambda real, fake: 2 * F.softplus(-real).mean()))  # it never looks at the fakes

# %% [markdown]
# ### One defect in full: a shape that fits too well
#
# Somebody puts real and fake logits into one tensor of shape `(2N, 1)`, and writes the labels as a row, of shape
# `(2N,)`. `bce` would refuse that. The formula by hand doesn't:


# %%
def d_by_hand(real, fake):
    logits = torch.cat([real, fake])  # (2N, 1)
    labels = torch.cat([torch.ones(len(real)), torch.zeros(len(fake))])  # (2N,)
    return 2 * (F.softplus(logits) - labels * logits).mean()


# %% [markdown]
# **Predict, and say why:** which shape has `labels * logits`? What will this loss be for a discriminator that is always
# right and very sure? And which discriminator has the smallest loss?

# %%
real, fake = torch.full((4, 1), 10.0), torch.full((4, 1), -10.0)
identity("8 labels times 8 logits: 64 numbers", (torch.ones(8) * torch.cat([real, fake])).shape == (8, 8))
identity("a right and sure discriminator pays 10", near(d_by_hand(real, fake), 10))
identity("one that says ½ to everything pays 2 ln 2", near(d_by_hand(0 * real, 0 * fake), 2 * math.log(2)))
others = [d_by_hand(*(3 * torch.randn(2, 4, 1))) for _ in range(1000)]
identity("and none of a thousand others pays less", min(others) > 2 * math.log(2), measured=min(others))
print(verdict(test_loss_d, d_by_hand))

# %% [markdown]
# A column times a row is a table, so each logit is compared with **every** label. Half of the labels are ones and half
# are zeros, and the best answer to that is ½, at every point. So the discriminator learns to say ½, the loss goes to
# $2 \ln 2$ ("the equilibrium!"), and nothing has been learned.
#
# At logits 0 this loss has the right value, so the first line of the table finds nothing. Each of the others does. So
# **test a loss where the answer is right and where it is wrong, not only in the middle.** Exercise 1 does it for
# eleven broken losses.

# %% [markdown]
# ## 4. What does it see?
#
# A network learns *whatever* it gets. So the next test is a look: print what a batch is, right before the step, and
# compare it with what the generator makes. This is a **probe**.


# %%
def probe(batch):
    x = batch.detach().double()
    low, high, mean, spread = (round(v.item(), 1) + 0.0 for v in (x.min(), x.max(), x.mean(), x.std(dim=0).mean()))
    return f"shape {tuple(x.shape)}, {low} … {high}, mean {mean}, spread {spread}"


def test_same_kind(pair):
    real, fake = pair
    assert real.shape == fake.shape, f"real {tuple(real.shape)}, fake {tuple(fake.shape)}"
    for name, x in (("real", real), ("fake", fake)):
        assert x.min() >= -1 and x.max() <= 1, f"{name} leaves -1 … 1"
    assert real.min() < -0.5, "real never comes near -1"


# %% [markdown]
# The generator ends in `tanh`, so its pixels lie in −1 … 1. The data come from a file, and may have been loaded in
# three ways. **Predict:** which two of them does the test refuse, and with which sentence?

# %%
device.seed_everything(0)
mnist = data.images("mnist")
fake = torch.tanh(2 * torch.randn(500, 784))
real = mnist.tensor(flat=True)[:500]
loaded = {"-1 … 1": real, "0 … 1": mnist.tensor(flat=True, low=0.0)[:500], "0 … 255": (127.5 * (real + 1)).round()}
print("fake:   ", probe(fake))
for name, batch in loaded.items():
    print(f"{name:9}{probe(batch)}\n         {verdict(test_same_kind, (batch, fake))}")
right = [name for name, batch in loaded.items() if verdict(test_same_kind, (batch, fake)) is None]
claim("only the first has the generator's range", right == ["-1 … 1"], measured=right)

# %% [markdown]
# Data in 0 … 1 lie *inside* of the generator's range, so nothing looks wrong at first; the lower half of the range is
# simply never used. [Chapter 41](41_mlp_gan.ipynb#7.-Two-runs-with-perfect-losses) trains such a GAN: its losses look
# perfect.
#
# Two more looks cost nothing. Draw one real batch as a picture. And run **a whole epoch of a data set whose size is no
# multiple of the batch**: a program with `torch.ones(32, 1)` in it stops at the last, shorter batch, perhaps after an
# hour.

# %% [markdown]
# ## 5. While it runs: what to log
#
# Tests come before the training. A **log** is what you keep while it runs, so that you can look back when something
# goes wrong. Five things have proved useful:
#
# | Log | Why |
# |---|---|
# | both losses | NaN is an error; a loss near 0, or far above $2 \ln 2$, is a reason to look closer |
# | mean of $D(x)$ on real, and on fake samples | roughly what the losses say, in a unit that you can read: 0 to 1 |
# | the norm of each network's gradient | 0: this network gets nothing; a jump to a hundred times as much is a warning |
# | a grid of samples, always from the same noise | shows what moves and what stands still |
# | a distance to held-out data, with its floor | the only number of the five that says how *good* it is |


# %%
def gradient_norm(network):
    gradients = [p.grad.norm() for p in network.parameters() if p.grad is not None]
    return torch.stack(gradients).norm().item() if gradients else 0.0


def logged(program, steps=150, every=5):
    game, rows, frames = program.setup(), [], []
    torch.manual_seed(1)
    fixed = torch.randn(12, 2)
    for step in range(steps):
        real, z = heaps.sample(64), torch.randn(64, 2)
        loss_of_d, norm_d = program.d(game, real, z).item(), gradient_norm(game.D)
        loss_of_g, norm_g = program.g(game, torch.randn(64, 2)).item(), gradient_norm(game.G)
        if step % every == 0:
            with torch.no_grad():
                opinions = [game.D(x).sigmoid().mean().item() for x in (real, game.G(z))]
                frames.append(game.G(fixed)[:, 0])
            rows.append([step, loss_of_d, loss_of_g, *opinions, norm_d, norm_g])
    return torch.tensor(rows), torch.stack(frames)


# %% [markdown]
# We log two programs: the right one, and the one in which `G` gets no gradient because the thread is cut.
#
# **Predict, and say why:** we draw the mean of `D`, the gradient norms, and twelve points made from fixed noise. In
# which of these three will the two programs differ?

# %%
logs = {"right": logged(program()), "thread cut": logged(program(g=g_through_numpy))}

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(2, 3, figsize=(6.8, 4.6), sharex=True, sharey="col")
for row, (name, (table, frames)) in enumerate(logs.items()):
    x = table[:, 0]
    axes[row, 0].plot(x, table[:, 3], color=plotting.REAL, label="D(real)")
    axes[row, 0].plot(x, table[:, 4], color=plotting.FAKE, label="D(fake)")
    axes[row, 1].plot(x, table[:, 5], color=plotting.DISC, label="D")
    axes[row, 1].plot(x, table[:, 6], color=plotting.FAKE, label="G")
    axes[row, 2].plot(x, frames, color=plotting.FAKE, linewidth=1)
    axes[row, 0].set(ylabel=name, ylim=(0, 1))
for ax, title in zip(axes[0], ("mean of D", "gradient norm", "the same 12 points"), strict=True):
    ax.set_title(title)
for ax in axes[1]:
    ax.set_xlabel("step")
for ax in axes[1, :2]:
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28))
plt.show()

# %%
table, frames = logs["thread cut"]
identity("thread cut: the norm of G's gradient is 0 at every look", (table[:, 6] == 0).all())
identity("and the film of fixed noise stands still", (frames == frames[0]).all())
claim("right: G's norm is above 0 at every look", (logs["right"][0][:, 6] > 0).all())
apart = {name: (each[-1, 3] - each[-1, 4]).item() for name, (each, _) in logs.items()}
claim(
    "D's means are more than 0.8 apart at the end; in the right program less than 0.3",
    apart["thread cut"] > 0.8 and abs(apart["right"]) < 0.3,
    measured=apart,
)

# %% [markdown]
# They differ in all three, but the panels don't say the same. $D(\text{real})$ and $D(\text{fake})$ part, as with any
# discriminator that wins. The gradient norm and the film name the cause: the generator gets nothing, and nothing moves.
# (Where `step()` is missing, the gradient is there, and the film stands still all the same.)
#
# ### A watchman for NaN
#
# When a loss is NaN, the layer where it began is long past. A *hook* is a function that PyTorch calls whenever a layer
# has computed something. A hook behind each layer stops at the first one whose output isn't finite. (It sees layers
# only: a logarithm in your *loss* has no hook.)


# %%
def watch_for_nan(net):
    """Stop at the first layer with an output that isn't finite. Returns the hooks: call .remove() on each."""

    def watch(name):
        def look(module, inputs, output):
            assert output.isfinite().all(), f"layer {name} ({type(module).__name__}) gives something that isn't finite"

        return look

    layers = [(name, layer) for name, layer in net.named_modules() if not list(layer.children())]
    return [layer.register_forward_hook(watch(name)) for name, layer in layers]


class Log(nn.Module):
    def forward(self, x):
        return x.log()


# %%
suspect = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), Log(), nn.Linear(8, 1))
hooks = watch_for_nan(suspect)
complaint = verdict(suspect, torch.randn(5, 4))
print(complaint)
claim("it names the culprit, not a later victim", complaint == "layer 2 (Log) gives something that isn't finite")

# %% [markdown]
# (`torch.autograd.set_detect_anomaly(True)` does something similar for the way back. It is slow, so switch it on only
# while you search.)

# %% [markdown]
# ## 6. The checklist
#
# Go in this order, because each step relies on those before it. When a step is red, mend it, and start again at step 1.
#
# | | Ask | How |
# |---|---|---|
# | 1 | Does it run in a fresh kernel? | *Restart and run all* |
# | 2 | What is in a batch? Is it what the generator can make? | `probe`, and one batch as a picture |
# | 3 | Do the parts fit, with a batch of 5? | shapes; chapter 47, section 4 |
# | 4 | Do the losses have their known values, in the middle *and* outside? | `test_loss_d`, `test_loss_g` |
# | 5 | Who learns in which turn, and from what? | `who_changed`, `test_inputs_matter`, `test_nothing_stays` |
# | 6 | The same seed, the same run? | run twice, compare |
# | 7 | A short run: does anything move, is anything infinite? | the log, `watch_for_nan` |
# | 8 | A long run, several seeds, a distance with a floor | `train_eight`, `distance` |
#
# Put such functions into a file `test_gan.py`. Then `pytest` runs all that are called `test_…` whenever you ask it to.
# There a test takes no argument: call our function `check_who_learns`, and write
# `def test_turns(): check_who_learns(program())`.
#
# A test finds a defect. It doesn't say how much the defect hurts, and a green program is right only in what was asked.
# Chapter 47 measures both.

# %% [markdown]
# ## Help, I get …
#
# ### `RuntimeError: Trying to backward through the graph a second time`
# The same `fake` went into both turns, without `.detach()` in `D`'s turn. Detach there. `retain_graph=True` only makes
# the message go away; if gradients are then cleared once for both turns, `G` also gets the gradient of `D`'s loss.
#
# ### `RuntimeError: element 0 of tensors does not require grad`
# Nothing that can learn is left between the inputs and the loss: `.item()`, `.numpy()`, `.detach()`, `no_grad`, or a
# frozen network. Print `x.requires_grad` after each line, and look where True becomes False.

# %% [markdown]
# ### `ValueError: optimizer got an empty parameter list`
# The network's layers stand in a plain list or dictionary, or are made in `forward`. If *some* layers are registered,
# the message doesn't come, and the others never learn.
#
# ### a loss of `nan`
# Use `watch_for_nan` (section 5). If it finds nothing, the loss itself is to blame: test it with large logits (section
# 3). The usual places: a logarithm after a sigmoid, a division by a standard deviation that is 0, a learning rate that
# is far too large.
#
# ### a test that is red today, and green tomorrow
# It depends on chance. Seed it. If it compares statistics, give it more samples or a wider band. Never run it "until it
# passes".

# %% [markdown]
# ## Recap
#
# - Red first, then green: a test that you have never seen fail may be unable to fail.
# - Three questions about a turn: who is changed, does each input matter, do old gradients matter?
# - A loss has known values. Test it where the answer is right, wrong, and wrong about one side, not only at ½.
# - Look at a batch, real and generated, before the first step.
# - Log losses, D(real) and D(fake), gradient norms, a film of fixed noise, and a distance with a floor.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>L_D stands at 1.386. What can that mean?</summary>
#
# A perfect generator; a loss that compares $(N, 1)$ with $(N,)$; one tensor of logits for both terms; a discriminator
# that is always late. The number alone decides nothing. The test of the loss and a fresh discriminator do.
#
# </details>
#
# <details><summary>Your test passes on the broken program. What now?</summary>
#
# Good news: you know it before you have mended anything. The test asks the wrong question. Make it red first, then
# mend.
#
# </details>
#
# <details><summary>The gradient norm of G is 0 at every step. Which three slips can do that?</summary>
#
# The thread between `G` and the loss is cut (`.detach()`, `.numpy()`, `no_grad`). The generator's loss doesn't contain
# the fakes. Or it is one that is flat where the discriminator is sure, so that the gradient is rounded to 0 (chapter
# 32). Also check *when* you measure: a right program may clear its gradients at the end of a turn.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Karpathy 2019, A Recipe for Training Neural Networks](https://karpathy.github.io/2019/04/25/recipe/): why training
#   fails silently, and a careful order of steps; checking the loss at the start comes from there
# - [Humbatova et al. 2019, Taxonomy of Real Faults in Deep Learning Systems](https://arxiv.org/abs/1910.11015): 1,059
#   artefacts from GitHub and Stack Overflow and 20 interviews; which faults people really make
# - [PyTorch: Frequently Asked Questions](https://docs.pytorch.org/docs/stable/notes/faq.html): the history that holds
#   graphs, and other ways to run out of memory
# - [Goodfellow et al. 2014, Generative Adversarial Nets](https://arxiv.org/abs/1406.2661): the two turns and the two
#   losses, as a page to compare a program with

# %% [markdown]
# ## Key terms
#
# {{terms: defect, bug; silent failure; unit test; log; gradient norm; hook; checklist}}
