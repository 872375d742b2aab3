# %% [markdown]
# # 47 · Which test finds what?
#
# *You have a program, you don't know what is wrong with it, and no single test finds everything. So which tests do you
# need? This chapter lets eight tests judge twenty broken programs, and counts.*
#
# > **You will be able to**
# > - judge a set of tests by breaking a program on purpose (mutation testing)
# > - say what each kind of test finds, and what it can't see
# > - turn a defect that got away into a new test
# > - say when a trained result tells you about a defect, and when it doesn't
# >
# > **Before you start** [46 · Test a GAN](46_test_a_gan.ipynb): programs, tests, red and green.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A test is judged by programs that are *known to be broken*. Each row above the line is a program with one defect, each
# column a test. An orange field means: this test complains about this program. A good set of tests leaves no row of a
# broken program empty, and never blames a program that is right (a *false alarm*).

# %% jupyter={"source_hidden": true}
import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import museum, nets, plotting
from gan_edu.claims import claim, identity
from gan_edu.museum import programs

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first


# %% jupyter={"source_hidden": true}
def matrix(found, columns, lines=()):
    """Draw which test (column) finds which defect (row)."""
    _, ax = plt.subplots(figsize=(6.8, 0.9 + 0.25 * len(found)))
    for row, flags in enumerate(found.values()):
        for column, flag in enumerate(flags):
            color = plotting.FAKE if flag else "0.93"
            ax.add_patch(plt.Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, color=color, linewidth=0))
            ax.text(column, row, "×" if flag else "", ha="center", va="center", color="white", fontsize=12)
    for line in lines:
        ax.axhline(line - 0.5, color="0.3", linewidth=1)
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(found) - 0.5, -0.5), yticks=range(len(found)))
    ax.set_xticks(range(len(columns)), [name.replace(" ", "\n") for name in columns], fontsize=9)
    ax.set_yticklabels(found)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    plt.show()


# %% jupyter={"source_hidden": true}
example = {"a broken program": [1, 0, 0], "another one": [1, 1, 0], "a third": [0, 0, 0], "a right program": [0, 0, 0]}
matrix(example, ["test A", "test B", "test C"], [3])

# %% [markdown]
# In this small example test A finds two of three defects. Test B finds nothing that A doesn't find, and test C finds
# nothing at all. The third program gets away: a question is missing. We now draw the real picture.

# %% [markdown]
# ## 1. Twenty programs, eight tests
#
# All programs play the game of chapter 46: points on a line, in two clusters, and two small networks. They come from
# the [museum](60_museum_of_failures.ipynb), where each can be read. Eleven have a slip in a turn or in a network, nine
# have a wrong loss. (The museum has three more wrong losses, which we left out. One stops at once; the other two
# come back below.)

# %%
learners = {each.name: museum.subject(each) for each in museum.family("learns")}
wrong_losses = [
    "one tensor for both labels",
    "(N, 1) against (N,)",
    "the sigmoid taken twice",
    "labels swapped",
    "the value, not the loss",
    "digits as labels",
    "G helps D",
    "G wants to be found out",
    "a wish without G in it",
]
wishes = {name: programs.turns_of_losses(museum.room(museum.get(name).before)) for name in wrong_losses}
print(len(learners), "slips,", len(wishes), "wrong losses")

# %% [markdown]
# <details><summary>The eleven slips in a turn or a network</summary>
#
# *Nothing applies the gradient*: no `opt_g.step()`. *G's turn moves D*: it steps `opt_d`. *One optimiser for both*: one
# Adam holds all weights. *An optimiser of another network*: `opt_g` holds a `G` that is no longer used. *The thread is
# cut*: `.detach().numpy()` in `G`'s turn. *Frozen before the fakes*: `D` sees the fakes while it is frozen. *An input
# that is ignored*: `D` gets an old batch. *No zero_grad*: `D`'s turn never clears. *G gets D's wish as well*: no detach
# in `D`'s turn, and `G`'s turn doesn't clear. *A layer in a plain list*, *a layer made in forward*: `parameters()`
# doesn't know them.
#
# </details>
# <details><summary>The nine wrong losses</summary>
#
# *One tensor for both labels*: the real logits in both terms. *(N, 1) against (N,)*: chapter 46. *The sigmoid taken
# twice*: sigmoids where logits are wanted. *Labels swapped*: in `D`'s loss. *The value, not the loss*: no minus.
# *Digits as labels*: 7 and 2 in $L_G$. *G helps D*: $L_G$ is $L_D$. *G wants to be found out*: label 0 in $L_G$. *A
# wish without G in it*: $L_G$ holds real logits only.
#
# </details>

# %% [markdown]
# And there must be **right programs**, written in other ways than ours: a test that blames one of them is useless. We
# take three. The second clears its gradients at the *end* of a turn, puts both losses into one tensor, and freezes `D`
# during `G`'s turn (the right moment). The third is the first, written with two loss functions.


# %%
def d_clears_afterwards(game, real, z):
    logits = game.D(torch.cat([real, game.G(z).detach()]))
    labels = torch.cat([torch.ones(len(real), 1), torch.zeros(len(z), 1)])
    loss = 2 * programs.bce(logits, labels)
    loss.backward()
    game.opt_d.step()
    game.opt_d.zero_grad()
    return loss


def g_with_d_frozen(game, z):
    game.D.requires_grad_(False)
    loss = programs.g_turn(game, z)
    game.D.requires_grad_(True)
    return loss


right = programs.program(museum.room())
healthy = {
    "right": right,
    "right, at the end": SimpleNamespace(setup=right.setup, d=d_clears_afterwards, g=g_with_d_frozen),
    "right, by losses": programs.turns_of_losses(museum.room()),
}

# %% [markdown]
# The eight tests:
#
# | Test | Question |
# |---|---|
# | *ten steps* | does it run for ten steps without an error? (a *smoke test*) |
# | *who learns* | does each turn change its own network, and only that? (46) |
# | *inputs matter* | do the learned weights depend on data, fakes and noise? (46) |
# | *nothing stays* | do old gradients make a difference? (46) |
# | *all listed* | is every tensor that a gradient arrives at a parameter of its network? |
# | *known losses* | are the losses $2 \ln 2$ and $\ln 2$ when $D$ says ½? |
# | *D alone* | can $D$ learn the easiest task: real points near ±2, all fakes at 6? |
# | *G alone* | do the points move to the right when $D$ simply likes large numbers, $\ell(x) = x$? |
#
# *Ten steps* needs no explanation. Four others are new. *Known losses* sets `D`'s last layer to 0, so that `D` says ½,
# and looks at what the two turns return. *All listed* walks back through the graph of an output, as `backward()` would.
# At the ends of this graph lie the tensors whose `.grad` it would fill, and each of them must be a parameter that the
# network lists. (A layer in a plain Python list isn't listed, so no optimiser moves it.)


# %%
def leaves(tensor):
    """All tensors that a backward() from here would give a gradient to."""
    found, todo, seen = [], [tensor.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        todo += [parent for parent, _ in node.next_functions]
    return found


net = nets.mlp([2, 32, 32, 1])
identity("3 layers: 3 weights and 3 biases", len(leaves(net(torch.randn(4, 2)))) == 6)

# %% [markdown]
# *D alone* and *G alone* let one player play, against somebody who stands still. The task is so easy that a right
# program with these small networks, at our learning rate of 5e-3, should not fail:


# %%
class AtSix(nn.Module):
    def forward(self, z):
        return torch.full((len(z), 1), 6.0)  # all fakes lie at 6; the real points lie near -2 and 2


def test_d_alone(program, steps=100):
    torch.manual_seed(0)
    game = program.setup()
    game.G = AtSix()
    for step in range(steps):
        loss = program.d(game, programs.heaps.sample(64, step), torch.randn(64, 2))
    right = torch.cat([game.D(programs.heaps.sample(64, 0)) > 0, game.D(torch.full((64, 1), 6.0)) < 0])
    assert right.float().mean() > 0.95, "D can't learn the easiest task"
    assert loss < 0.3, "D is right, and its loss stays large"


# %%
def test_g_alone(program):
    torch.manual_seed(0)
    game = program.setup()
    game.D, z = nn.Linear(1, 1), torch.randn(200, 2)
    game.D.load_state_dict({"weight": torch.ones(1, 1), "bias": torch.zeros(1)})  # D likes large numbers
    before = game.G(z).mean().item()
    for _ in range(30):
        program.g(game, torch.randn(64, 2))
    assert game.G(z).mean() > before + 0.1, "G doesn't go where D says real"


for name, mutant in {"labels swapped": wishes, "G's turn moves D": learners}.items():
    print(f"{name:20}{museum.verdict(test_d_alone, mutant[name])};  {museum.verdict(test_g_alone, mutant[name])}")

# %% [markdown]
# With swapped labels `D` learns the opposite, and *D alone* sees it. Where `G`'s turn moves `D`, the points don't move,
# and *G alone* sees that. Each of the two is blind to the other player's slips: a narrow question gives a clear
# answer, and it needs company.
#
# A fixed number of steps makes a hidden demand on the learning rate. With a smaller rate a right program needs more
# steps, or *D alone* blames it:


# %%
def slow_setup(seed=0):
    game = right.setup(seed)
    game.opt_d.param_groups[0]["lr"] = 5e-4
    return game


slow = SimpleNamespace(setup=slow_setup, d=right.d, g=right.g)
patient = {n: museum.verdict(lambda program, n=n: test_d_alone(program, steps=n), slow) for n in (100, 1000)}
claim("right, with a rate of 5e-4: blamed after 100 steps", patient[100] is not None, measured=patient)
claim("and not after 1,000", patient[1000] is None, measured=patient)

# %% [markdown]
# **Predict, and say why:** is there one test that finds all twenty? Which one finds most? What does *ten steps* find?

# %%
tests = {
    "ten steps": programs.ten_steps,
    "who learns": programs.test_who_learns,
    "inputs matter": programs.test_inputs_matter,
    "nothing stays": programs.test_nothing_stays,
    "all listed": programs.test_all_listed,
    "known losses": programs.test_known_losses,
    "D alone": test_d_alone,
    "G alone": test_g_alone,
}
everyone = {**learners, **wishes, **healthy}
found = {name: [museum.verdict(test, each) is not None for test in tests.values()] for name, each in everyone.items()}
matrix(found, list(tests), [len(learners), len(learners) + len(wishes)])

# %%
table = torch.tensor([found[name] for name in [*learners, *wishes]]).int()  # (20, 8)
claim("no right program is blamed", not any(any(found[name]) for name in healthy))
claim("all twenty run ten steps without an error", table[:, 0].sum() == 0)
claim("no test finds even half of them", table.sum(dim=0).max() < 10, measured=table.sum(dim=0))
names = list(tests)
needed = {names[row.int().argmax()] for row in table if row.sum() == 1}
claim(
    "six tests are each the only one to find some defect",
    needed == {"who learns", "inputs matter", "nothing stays", "all listed", "D alone", "G alone"},
    measured=sorted(needed),
)
missed = [name for name in [*learners, *wishes] if not any(found[name])]
claim("and one defect gets away", missed == ["digits as labels"], measured=missed)
seen = [museum.examine(museum.get(name))[1] for name in wrong_losses]
claim("the two tests of a loss in chapter 46 find all nine wrong losses", all(seen), measured=seen)

# %% [markdown]
# *Ten steps* finds nothing, because we chose programs that don't stop: that is what makes them dangerous. *Inputs
# matter* and *G alone* find most here, seven each, and each misses more than half. They ask different questions. *Who
# learns* compares weights, so it sees a wrong loss only if that loss leaves a network where it was. *Known losses*
# looks at a loss, so it can't see a missing step. And it looks only at $D = ½$, where six of the nine wrong losses have
# the right value. (The tests of chapter 46 take a loss by itself, look elsewhere, too, and find all nine. Here we
# wanted tests that take a whole program.) *D alone* and *G alone* play, and see the direction of learning. Some find
# things by accident: *nothing stays* notices a layer that is made in `forward`, because that layer is random and no two
# games are the same.
#
# This is **mutation testing**: break a program on purpose, and see whether the tests notice. It judges the *tests*, and
# the broken programs are called mutants. A warning belongs to it: *we* chose these twenty. With other mutants the
# columns would have other numbers.

# %% [markdown]
# How few tests would have been enough? With eight tests there are only 255 sets, so we can try them all.
#
# **Predict:** the six that are needed must be in every complete set. Do they suffice?


# %%
def complete(columns):
    """Whether these tests together find all that the eight find."""
    return (table[:, columns].any(dim=1) == table.any(dim=1)).all().item()


sets = [list(columns) for size in range(1, 9) for columns in itertools.combinations(range(8), size)]
fewest = min((columns for columns in sets if complete(columns)), key=len)
print(", ".join(names[column] for column in fewest))
claim("six tests find all that the eight find", len(fewest) == 6, measured=len(fewest))

# %%
left_out = {
    name: programs.turns_of_losses(museum.room(museum.get(name).before))
    for name in ("L_G minus L_D", "the logarithm of 0")
}
red = {name: [key for key, test in tests.items() if museum.verdict(test, each)] for name, each in left_out.items()}
claim(
    "of the losses left out, one is found by known losses alone, one by none of the eight",
    red == {"L_G minus L_D": ["known losses"], "the logarithm of 0": []},
    measured=red,
)

# %% [markdown]
# They do. *Known losses* and *ten steps* find nothing here that the others don't find. Would you throw them away? That
# would be rash, because the answer depends on the mutants. One of the losses that we left out, *L_G minus L_D*, is red
# for *known losses* and for no other of the eight: with it, seven tests would be needed. And both tests are cheap, with
# clear messages: "it stops in line 12" is better news than "`D` can't learn the easiest task". A set of tests is judged
# by what it finds *and* by what it tells.

# %% [markdown]
# ## 2. One gets away, and becomes a test
#
# One program passes all eight tests. In the generator's turn its labels are digits, 7 and 2, taken from the data set.
# **Predict:** why do *known losses* and *G alone* let it pass?
#
# <details><summary>The answer</summary>
#
# At $D = ½$ the loss is $\ln 2$ whatever the labels are: with logit 0, $\operatorname{softplus}(0) - t \cdot 0 = \ln 2$
# for every target $t$. And *G alone* only asks whether the points move to the right. With targets 7 and 2 they do.
#
# </details>
#
# So a question is missing: what does a generator pay that has already fooled `D`? It should pay nearly nothing. We set
# the last layer's weights to 0 and its bias to 10; then `D` says "real" to everything. (With digits as labels the
# generator doesn't pay there, it even *gets* something: its loss is about −35.)


# %%
def test_fooled(program):
    torch.manual_seed(0)
    game = program.setup()
    nn.init.zeros_(game.D[-1].weight)
    nn.init.constant_(game.D[-1].bias, 10.0)
    loss = program.g(game, torch.randn(64, 2))
    assert abs(loss.item()) < 1e-3, "the loss of a generator that has won isn't 0"


print(museum.verdict(test_fooled, wishes["digits as labels"]))
claim("green for all that are right", all(museum.verdict(test_fooled, each) is None for each in healthy.values()))

# %% [markdown]
# That is how a set of tests grows: a defect got through, the missing question becomes a test, and the test stays. It is
# never complete: *the logarithm of 0*, another loss that we left out, passes these nine. It breaks only when a logit is
# very large *and* wrong, and none of the nine goes there. The test of a loss in chapter 46 does.

# %% [markdown]
# ## 3. Would training have told?
#
# Instead of testing, one can wait and look at the result. The right program and ten of the twenty, chosen by us, play
# for 300 steps, with eight seeds each. (*The sigmoid taken twice* has its slip in both turns here.) We measure the
# distance of 2,000 generated points to 2,000 real ones (Wasserstein-1, as in chapter 46).
#
# **Predict, and say why:** which of the defects will leave no trace in the result? Is there any?

# %%
watched = ["one optimiser for both", "digits as labels", "an input that is ignored", "the sigmoid taken twice"]
watched += ["no zero_grad", "G gets D's wish as well", "one tensor for both labels", "G's turn moves D"]
watched += ["labels swapped", "frozen before the fakes"]
old_batch = programs.old_batch.expand(8, 64, 1)  # for the input that is ignored: the same 64 points for all seeds
ignores = SimpleNamespace(d=lambda game, real, z: right.d(game, old_batch, z), g=right.g)
twice = museum.room(museum.get("the sigmoid taken twice").before)  # here in both turns
twice["loss_g"] = lambda real, fake: programs.loss_g(real, fake.sigmoid())
replaced = {"an input that is ignored": ignores, "the sigmoid taken twice": programs.turns_of_losses(twice)}

games = {"right": programs.train_eight(right)}
for name in watched:
    together = name == "one optimiser for both"
    games[name] = programs.train_eight(replaced.get(name, everyone[name]), together=together)
outcome = {name: programs.distance(game) for name, game in games.items()}
untrained = programs.distance(programs.eight())

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 4.2))
for row, (name, each) in enumerate(outcome.items()):
    color = plotting.REAL if name == "right" else plotting.NEUTRAL[0]
    apart = row + torch.linspace(-0.24, 0.24, 8)  # so that no dot hides another
    ax.scatter(each.clamp(max=5), apart, s=34, color=color, alpha=0.6, linewidths=0)
    ax.plot([each.median().clamp(max=5)] * 2, [row - 0.32, row + 0.32], color=color, linewidth=3)
ax.axvline(untrained.median(), color=plotting.THEORY, linestyle="--", linewidth=1.5)
ax.text(untrained.median() + 0.05, 0.2, "untrained", va="center")
ax.set(yticks=range(len(outcome)), ylim=(len(outcome) - 0.5, -0.5), xlim=(0, 5.15))
ax.set_yticklabels(outcome)
ax.set_xlabel("distance to the data (more than 5 is drawn at 5); bar: median of 8 seeds")
plt.show()

# %%
nearer = {name: (each[:, None] < outcome["right"]).sum().item() for name, each in outcome.items()}  # of 64 pairs
traceless = ["one optimiser for both", "digits as labels"]
claim("two: nearer than a right one in more than 13 of 64 pairs", min(nearer[n] for n in traceless) > 13, nearer)
claim("the last six: in less than a tenth", max(nearer[n] for n in watched[4:]) < 6.4, measured=nearer)
coin = outcome["the sigmoid taken twice"]
claim("the sigmoid taken twice: a seed below 0.8, and two above 2", coin.min() < 0.8 and (coin > 2).sum() >= 2, coin)
z, two = torch.randn(8, 2000, 2), ("right", "one optimiser for both")
loss_g = {name: F.softplus(-games[name].D(games[name].G(z))).mean(dim=(1, 2)).detach() for name in two}
claim(
    "L_G: with one optimiser for both lower than in any right seed",
    loss_g[two[1]].max() < loss_g["right"].min(),
    loss_g,
)

# %% [markdown]
# We compare each broken seed with each right one: 64 pairs. Two defects leave no clear trace in the distance: broken
# and right seeds are mixed. (13 pairs or fewer would be rare by chance.) The losses do tell of *one optimiser
# for both*. `G`'s step moves `D`, too, so $L_G$ settles near 0.4, and with the right program near 0.7.
#
# With a third defect, *an input that is ignored*, it depends on which 64 points are the old ones. Here seven of eight
# seeds are mixed with the right ones, and one is worse than an untrained generator. With one of five other batches it
# was farther away in 63 of 64 pairs.
#
# We can guess why there is so little to see (we haven't tested it): 64 old points often describe two clusters well
# enough; larger labels push harder, and Adam rescales the push; and what one optimiser does to `D` in `G`'s turn, `D`
# repairs in its own.
# Elsewhere they may hurt: 64 *pictures* can be learned by heart.
#
# *The sigmoid taken twice* depends on the seed. One run alone would have told you that it works, or that
# GANs don't.
#
# So results can't replace tests. And tests can't replace results:


# %%
def straight_setup(seed=0):
    game = right.setup(seed)
    game.G = nets.mlp([2, 1])
    game.opt_g = programs.adam(game.G)
    return game


straight = SimpleNamespace(setup=straight_setup, d=right.d, g=right.g)
complaints = [museum.verdict(test, straight) for test in (*tests.values(), test_fooled)]
claim("a G without hidden layers passes all nine tests", complaints == [None] * 9, measured=complaints)
far = programs.distance(programs.train_eight(right, straight_setup))
claim("it is farther from the data than the right one in at least 60 of 64 pairs",
      (far[:, None] > outcome["right"]).sum() >= 60, measured=far)  # fmt: skip

# %%
places = (torch.arange(2000) + 0.5) / 2000
data = programs.heaps.sample(200_000, 3)[:, 0].quantile(places)
gaussians = [
    (s * torch.distributions.Normal(0.0, 1.0).icdf(places) - data).abs().mean() for s in torch.arange(1, 3, 0.02)
]
claim("the best Gaussian is 0.73 away from the data", abs(min(gaussians) - 0.73) < 0.02, measured=min(gaussians))
claim("at least 7 of 8 right ones are nearer", (outcome["right"] < min(gaussians)).sum() >= 7, outcome["right"])

# %% [markdown]
# A straight map of Gaussian noise is a Gaussian, and two clusters are not one Gaussian. The best of all Gaussians is
# 0.73 away, however long you train. This is no slip but an unlucky choice. **Tests ask whether the program does what
# you meant. Whether that is a good idea is another question.**

# %% [markdown]
# ## 4. Four questions to a pair of networks
#
# Some tests need no training at all. They ask whether a generator and a discriminator fit together, and to the data.
#
# | Question | How |
# |---|---|
# | **Contract**: same shape as the real samples, one logit each? | a batch of five |
# | **No crosstalk**: does output 0 depend on input 0, and on no other? | the gradient of output 0 |
# | **Reach**: can $G$ alone learn four given pictures by heart? | 300 steps with a squared error |
# | **Birth**: does the noise reach the output, before any training? | the spread over 500 noises |
#
# The museum's family *Do the parts fit?* has six pairs of networks for pictures of 8 × 8 pixels, each with one defect.
# Somebody who doesn't test tries *one* picture, `D(G(torch.randn(1, 4)))`.
#
# **Predict, and say why:** which of the six stop with an error when one picture is tried?

# %%
questions = ["contract", "no_crosstalk", "reach", "birth"]
asked = {"one picture": programs.one_picture} | {name: programs.TESTS[f"test_{name}"] for name in questions}


def answers(exhibit, which="before"):
    return [museum.verdict(test, museum.subject(exhibit, which)) is not None for test in asked.values()]


pairs = {each.name: answers(each) for each in museum.family("shapes")}
pairs["a right pair"] = answers(museum.get("no axis for the channels"), "after")
matrix(pairs, [name.replace("_", " ") for name in asked], [6])

# %%
broken = torch.tensor([flags for name, flags in pairs.items() if name != "a right pair"])
claim("one picture finds one of the six", broken[:, 0].sum() == 1, measured=broken[:, 0])
claim("the four questions together find all six", broken[:, 1:].any(dim=1).all(), measured=broken)
claim("the right pair passes everything", not any(pairs["a right pair"]))

# %% [markdown]
# Only the pair whose pictures have the wrong size stops by itself. *No axis for the channels* runs with one picture,
# for a subtle reason: `Conv2d` takes a three-dimensional tensor as **one** picture with channels, and a batch of one
# looks like one channel. So try your networks with a batch of 5: not of 1, and not of a number that is also the number
# of channels or pixels.

# %% [markdown]
# ## What this chapter does not show
#
# - **That these are the defects that people make.** We chose them. Humbatova and others (below) have asked developers.
# - **That a red program makes bad samples.** Two or three defects left no clear trace in the distance, in this world,
#   after 300 steps.
# - **How tests behave with large networks.** Ours are quick because the networks are tiny. Make the sizes arguments,
#   and test the same code with small ones.

# %% [markdown]
# ## Help, I get …
#
# ### a test that blames a right program
# It asks for more than the question promises: an exact floating-point number, a returned value, gradients that are left
# somewhere, or success within a number of steps that is too small for this learning rate. Ask for the property, with a
# tolerance.
#
# ### a test that passes on every mutant
# It compares nothing, or it returns `False` instead of raising an error. Write `assert`.

# %% [markdown]
# ### different results of the same test
# Something in it is random and not seeded. Seed at the start of the test, not outside of it.
#
# ### `RuntimeError: One of the differentiated Tensors appears to not have been used in the graph`
# The output doesn't depend on that input at all. In a test of dependence that *is* the finding; use
# `allow_unused=True` and look for `None`.
#
# ### tests that take minutes
# They train. Ask the same question of a smaller network, or for three steps; keep one long test for the night.

# %% [markdown]
# ## Recap
#
# - Tests are judged by broken programs (mutants) that they must find, and by right ones that they must not blame.
# - No test found even half of the defects: six of these eight were each the only one to find some defect.
# - A defect that gets away becomes a new test.
# - A result tells less than one hopes: two or three defects left no clear trace, others depended on chance.
# - And a program that passes every test may still be a bad idea.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Your tests find 19 of 20 mutants. Is your program right with 95 % probability?</summary>
#
# No. The number says how well the tests find *these* mutants. How probable each defect is in your program, and whether
# its defect resembles a mutant at all, nobody has measured.
#
# </details>
#
# <details><summary>Which test would you drop, if you could keep seven of the eight?</summary>
#
# *Ten steps*: a program that stops at once makes most of the others red too. *Known losses* isn't needed for these
# twenty either, but with another mutant it was (section 1), and its message is clear.
#
# </details>
#
# <details><summary>Why must each right program be written in another way?</summary>
#
# Because a test can be too strict without anybody noticing: it may ask for the way something is written, and not for
# what it does. Only a right program that is written differently shows that.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Humbatova et al. 2021, DeepCrime](https://doi.org/10.1145/3460319.3464825): mutation testing for deep learning,
#   with 24 ways to break a program, taken from real faults
# - [Humbatova et al. 2019, Taxonomy of Real Faults in Deep Learning Systems](https://arxiv.org/abs/1910.11015): which
#   faults developers have really met
# - [Jia and Harman 2011, An Analysis and Survey of the Development of Mutation
#   Testing](https://doi.org/10.1109/TSE.2010.62): where the idea comes from, and what is known about it
# - [PyTorch: Reproducibility](https://docs.pytorch.org/docs/stable/notes/randomness.html): what a seed fixes, and why
#   runs may differ between versions and machines all the same

# %% [markdown]
# ## Key terms
#
# {{terms: mutation testing; mutant; false alarm; computation graph; smoke test}}
