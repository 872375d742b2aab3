# %% [markdown]
# # 60 · A museum of failures
#
# *When a GAN or a VAE doesn't do what it should, somebody has met the same failure before. Here are 88 of them, with
# what you see, what you might take it for, the test that finds it, and the cure.*
#
# > **You will be able to**
# > - find a failure by what you see, and tell it from others that look the same
# > - choose the test that decides between two suspects
# > - read the findings of a training at a glance: losses, held modes, unrest, second opinion, eye test
# > - use the collection from your own code
# >
# > **Before you start** [46 · Test a GAN](46_test_a_gan.ipynb): what a test is.
# > [23 · Mode collapse](23_mode_collapse.ipynb): held modes, and the second opinion.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %% [markdown]
# ## The idea in a picture
#
# **This chapter is a reference.** Read sections 1 to 5 once, to learn how to use it. Section 6 is the collection
# itself: open it when you need it. The bars show how many failures each family has, and how many of them stop with an
# error.

# %% jupyter={"source_hidden": true}
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
from torch import nn

from gan_edu import data, museum, plotting
from gan_edu.claims import claim, identity
from gan_edu.museum import ward

plotting.use_style()
torch.set_num_threads(1)  # these nets are tiny: a second CPU thread would mostly wait for the first

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.6))
for row, key in enumerate(museum.FAMILIES):
    members = museum.family(key)
    loud = sum(each.stops for each in members)
    ax.barh(row, loud, color=plotting.FAKE, label="stops with an error" if row == 0 else None)
    ax.barh(
        row, len(members) - loud, left=loud, color=plotting.NEUTRAL[0], label="silent at first" if row == 0 else None
    )
ax.set(yticks=range(len(museum.FAMILIES)), xlabel="failures")
ax.set_yticklabels([f"{title}" for title, _ in museum.FAMILIES.values()])
ax.invert_yaxis()
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
plt.show()

# %%
code = [each for each in museum.EXHIBITS if each.is_code]
silent = sum(not each.stops for each in code)
identity(f"{len(museum.EXHIBITS)} failures in {len(museum.FAMILIES)} families", len(museum.EXHIBITS) == 88)
claim(
    f"{len(code)} are slips in code, and more than three in four of these are silent", silent > 0.75 * len(code), silent
)

# %% [markdown]
# Silent means: the short try of somebody who writes no test (ten steps, one batch, one picture) doesn't stop. Some of
# these stop later, for instance at the last batch of an epoch. That is why looking at the screen is not enough.

# %% [markdown]
# ## 1. One exhibit
#
# Each failure is an **exhibit** with the same six entries. Here is one:

# %%
print(museum.get("the thread is cut").text())

# %% [markdown]
# - **you see**: what somebody notices who has written no test
# - **looks like**: what it is easily taken for
# - **found by**: the test (chapter 46) or the instrument (section 3)
# - **cure**, and the code **before** and **after**
#
# The code is not only shown. It is run: the broken program must make its test red, and the mended one must make it
# green. This happens for all slips in code, now, on your computer.
#
# **Predict, and say why:** will each test also be green for the mended programs of the *other* exhibits in its family?

# %%
seen, says, green = zip(*(museum.examine(each) for each in code), strict=True)
claim("each broken program is red", all(says))
claim("each mended program is green", not any(green), measured=[e.name for e, g in zip(code, green, strict=True) if g])
told = [each.name for each, what in zip(code, seen, strict=True) if (what is not None) != each.stops]
claim("and without a test you see an error exactly where the exhibit says so", not told, measured=told)

# %% [markdown]
# It should be: all mended programs of a family are right, and a test that is red for a right program is useless
# (chapter 47). For the tests of turns we can ask all pairs at once:

# %%
turns = museum.family("learns")
mended = [museum.subject(each, "after") for each in turns]
names = sorted({each.test for each in turns})
alarms = [name for name in names for one in mended if museum.verdict(museum.programs.TESTS[name], one)]
claim(f"{len(names)} tests, {len(mended)} mended programs: no false alarm", not alarms, measured=alarms)

# %% [markdown]
# ## 2. Search by what you see
#
# `museum.find` gives the exhibits whose texts hold all the words that you type. Suppose that your discriminator's loss
# stands at $2 \ln 2 \approx 1.386$ and does not move.
#
# **Predict:** how many different failures can do that? And which word would you add to the search, to have fewer?

# %%
for each in museum.find("L_D 2 ln 2"):
    print(f"{each.name:30}{museum.FAMILIES[each.family][0]:20}found by {each.test}")

# %% [markdown]
# Eight, from three families: losses that compare the wrong things, a missing detach, gradients that nobody clears, a
# sigmoid taken twice, a wrong label. Some stand *at* $2 \ln 2$, others stay above or below it, and *G wants to be found
# out* only mentions the number: a search finds words, and doesn't understand them. Nor are the eight all: *weak
# discriminator* and *blind discriminator* say it in other words, "losses as in the equilibrium".
#
# So the number alone decides nothing. What you *see besides* narrows it down. With the word `modes` two of the eight
# are left, with `equilibrium` two others. Do the points move? Then make a new search, for `points run` or for `never
# change`.
#
# The column *looks like* is the other way in. These are the failures that are taken for a discriminator that is too
# strong:

# %%
print(*(each.name for each in museum.EXHIBITS if "too strong" in each.looks_like), sep="\n")

# %% [markdown]
# In each of these the fault is in the program and not in the learning rate, so another rate doesn't take it away.
# Before you turn a knob, ask which networks learn at all (chapter 46, section 2), what the losses want, and what range
# the data have.

# %% [markdown]
# ## 3. In training
#
# The last family is different: illnesses that show while a GAN is trained. Thirteen of them can be played, with eight
# seeds each, on the ring of chapter 23. (The fourteenth, the checkerboard, needs pictures; it comes at the end of this
# section.) Each has one fault, and the healthy GAN beside them is the **control**. (One fault may be two changes: the
# *strong discriminator* has two other rates, and *no detach* clears its gradients only once in each step.) For each we
# record seven numbers:
#
# | Finding | What it is |
# |---|---|
# | $L_D$, $L_G$, their sum | the losses, mean of the last 50 steps |
# | held | modes with more than a quarter of the points that they deserve |
# | unrest | how far the median point moves in 50 steps, when the same noise is drawn |
# | second opinion | the loss of a *fresh*, healthy D on the patient's own data, after 300 steps; G stands still |
# | eye test | the loss of a *new* discriminator of the patient's kind in an easy task: all fakes in the ring's middle |
#
# **Predict, and say why:** which illnesses will have an $L_D$ like a healthy GAN's?

# %%
wards = {name: ward.examined(name) for name in (None, *ward.NAMES[:4])}

# %% jupyter={"source_hidden": true}
wards |= {name: ward.examined(name) for name in ward.NAMES[4:9]}

# %% jupyter={"source_hidden": true}
wards |= {name: ward.examined(name) for name in ward.NAMES[9:]}


# %% jupyter={"source_hidden": true}
def numbers(name):
    """Losses, their sum, held, unrest, second opinion, eye test: (7, 8)."""
    _, found = wards[name]
    d, g = found["loss of D"], found["loss of G"]
    rest = [found[key] for key in ("modes held", "unrest in 50 steps", "second opinion", "eye test")]
    return torch.stack([d, g, d + g, *rest])


# %% jupyter={"source_hidden": true}
normal = numbers(None)
low, high = normal.min(dim=1).values - 0.05, normal.max(dim=1).values + 0.05
titles = ["$L_D$", "$L_G$", "sum", "held", "unrest", "second\nopinion", "eye\ntest"]
_, ax = plt.subplots(figsize=(6.8, 5.2))
for row, name in enumerate(wards):
    ax.text(-0.6, row, name or "healthy", ha="right", va="center")
    for column, value in enumerate(numbers(name).median(dim=1).values):
        if not low[column] <= value <= high[column]:
            shade = plotting.FAKE if value < low[column] else plotting.NEUTRAL[0]
            ax.add_patch(plt.Rectangle((column - 0.48, row - 0.45), 0.96, 0.9, color=shade, alpha=0.3, linewidth=0))
        ax.text(column, row, f"{value:.2f}" if column != 3 else f"{value:.0f}", ha="center", va="center")
ax.set(xlim=(-3.4, 6.5), ylim=(len(wards) - 0.5, -0.5), xticks=range(7), yticks=[])
ax.set_xticklabels(titles)
ax.xaxis.tick_top()
ax.tick_params(length=0)
ax.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# All numbers are medians over eight seeds. Shaded is what lies outside the range of the eight healthy seeds (widened by
# 0.05 on both sides): orange is lower, violet is higher. So the fields of the column $L_D$ that are *not* shaded answer
# the question. The table is read by **differential diagnosis**, as doctors do: first the group that looks alike, then
# the finding that parts it.
#
# | You see | It may be | Ask next |
# |---|---|---|
# | $L_D$ near $2 \ln 2$, few modes | weak or blind D, momentum, two sigmoids | eye test; then the settings |
# | $L_D$ below $2 \ln 2$, calm, modes missing | strong D, no detach | G's gradient after D's turn |
# | $L_D$ near 0, $L_G$ large | too much detach, wrong range, learning rate | does G move? how far? minimum, maximum |
# | $L_D + L_G < 2 \ln 2$ | wrong label | read the labels |
# | few modes, losses differ by seed | learning rate, no zero_grad | size of the steps; `.grad` of one batch |
# | (nearly) all fine | health, a rare mode, the same noise | count what you can name |

# %%
median = {name: numbers(name).median(dim=1).values for name in wards}
late = ["weak discriminator", "blind discriminator"]
claim(
    "weak and blind: L_D within 0.1 of 2 ln 2, and at most 3 modes held (medians)",
    all(abs(median[n][0] - 2 * math.log(2)) < 0.1 and median[n][3] <= 3 for n in late),
    measured={n: median[n] for n in late},
)
suspects = [*late, "momentum"]
claim(
    "the second opinion tells these two and momentum: median below 1",
    all(median[n][5] < 1 for n in suspects),
    measured={n: median[n][5] for n in suspects},
)
claim("healthy GANs and their second opinion: median above 1.2", median[None][5] > 1.2, measured=median[None][5])
eyes = {name: numbers(name)[6] for name in suspects}
identity("blind: in the eye test no linear logit gets below 2 ln 2 on average (in one batch: 1.25)",
         (eyes["blind discriminator"] > 1.25).all())  # fmt: skip
claim("healthy: all eight fall below 0.2", (normal[6] < 0.2).all(), measured=normal[6])
claim(
    "eye test of weak D: each of the eight is above each of momentum's",
    eyes[late[0]].min() > eyes["momentum"].max(),
    eyes,
)

# %% [markdown]
# The second opinion says *that* something is wrong, and the eye test says whether the discriminator *can* see even an
# easy difference. A linear discriminator can't: the ring and a dot in its middle have the same mean. A linear logit
# that gains at the clouds on one side loses at least as much on the other side, and no linear logit has a lower loss
# than ½ everywhere.
#
# The eye test also parts weak D from momentum. The weak one sees the difference, but it learns slowly: 300 steps are
# few for it, and it stands near 0.4. With momentum it gets to 0. Before you rely on this, read the settings, change one
# thing, and count again.

# %% [markdown]
# Two findings rest on arithmetic. **The sigmoid taken twice** gives $\sigma(\sigma(\ell))$, which lies between ½ and
# 0.73. So the loss can't get below $\ln(1 + e^{-1}) + \ln 2 \approx 1.006$, even in the easiest task.
#
# **The sum of the losses** has a floor. For a fake with logit $\ell$ the discriminator pays $\ln(1 + e^{\ell})$ and the
# generator $\ln(1 + e^{-\ell})$; together that is at least $2 \ln 2$, whatever $\ell$ is. So $L_D + L_G$ clearly below
# $2 \ln 2$ means that a loss isn't what it should be; look at the labels first. This holds under three conditions: both
# losses see the same fakes and the same discriminator (between the two turns it makes one step, so they nearly do), the
# generator's loss is $-\log D$, and $L_D$ is the *sum* of its two halves. Many programs take the mean of the halves.
# Then a right program can have a sum as low as 0.955.

# %%
twice = numbers("two sigmoids")[6]
floor = math.log(1 + 1 / math.e) + math.log(2)
identity("two sigmoids: the eye test stays above its floor", (twice > floor - 1e-4).all(), measured=twice)
claim("after 300 steps each of the eight is above each weak one", twice.min() > eyes["weak discriminator"].max(), twice)
claim("and below each blind one", twice.max() < eyes["blind discriminator"].min(), measured=twice)
both = numbers("wrong label")[2]
claim("wrong label: the losses add up to less than 0.2 in every seed", (both < 0.2).all(), measured=both)
logit = torch.linspace(-5, 5, 10_001, dtype=torch.float64)
halved = (nn.functional.softplus(logit) / 2 + nn.functional.softplus(-logit)).min()
identity("with the mean of the halves: ½ ln 3 + ln 1.5 ≈ 0.955", abs(halved - 0.5 * math.log(3) - math.log(1.5)) < 1e-6)

# %%
identity(
    "too much detach: G's weights haven't changed at all",
    (wards["too much detach"][1]["change of G's weights"] == 0).all(),
)
claim("wrong range: they have", (wards["wrong range"][1]["change of G's weights"] > 0).all())
points = wards["wrong range"][0].points[-1]
claim("and more than half of its points stick to the walls", (points.abs().amax(dim=-1) > 0.95).float().mean() > 0.5)
stray = {name: wards[name][0].gradients for name in ("no detach", "strong discriminator")}
identity(
    "no detach: G has a gradient after D's turn; strong D: it has none",
    stray["no detach"] > stray["strong discriminator"],
)
held = {name or "healthy": numbers(name)[3] for name in ("same noise", None)}
claim("the same noise: at least 6 of 8 hold 7 or 8 modes", (held["same noise"] >= 7).sum() >= 6, measured=held)
claim("healthy GANs: at least 6 of 8 as well", (held["healthy"] >= 7).sum() >= 6, measured=held)
calm = (numbers("same noise")[4][:, None] < normal[4]).sum()
claim("the same noise: calmer than a healthy one in at least 56 of 64 pairs", calm >= 56, measured=calm)

# %% [markdown]
# The last one is a **false trail**. Somebody draws the noise once, before the loop, and uses the same 128 vectors in
# all 600 steps. It is a slip, and in this world it does no harm that we saw. (The points move less than those of
# healthy GANs. Probably 128 vectors cover a plane of noise well enough for so smooth a generator; we haven't tried
# fewer.) Mend it, of course. But don't stop searching when you have found *a* slip. **The cure must show in the
# count**, or you have cured something else.
#
# Now the pictures with **checkerboards**. A transposed convolution writes each input into a window of the output, and
# windows overlap. It is often said that a kernel divisible by the stride avoids the pattern. We measure how much of an
# untrained generator's variance alternates from pixel to pixel.
#
# **Predict, and say why:** is a kernel of 4 enough? And what share does pure white noise have? (It is the baseline.)


# %% jupyter={"source_hidden": true}
def checkerboard_share(pictures):
    power = torch.fft.fft2(pictures - pictures.mean(dim=(-2, -1), keepdim=True)).abs().square()
    half = pictures.shape[-1] // 2
    fast = power[..., half, :].sum(-1) + power[..., :, half].sum(-1) - power[..., half, half]
    return (fast / power.sum(dim=(-2, -1))).mean().item()


def untrained(upsample, seed):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Unflatten(1, (32, 7, 7)), nn.ReLU(), upsample(32, 16), nn.ReLU(), upsample(16, 1))
    return net(torch.randn(64, 32 * 49))[..., 4:-4, 4:-4].detach()  # without the border


# %%
layers = {
    "transposed, kernel 3": lambda i, o: nn.ConvTranspose2d(i, o, 3, stride=2, padding=1, output_padding=1),
    "transposed, kernel 4": lambda i, o: nn.ConvTranspose2d(i, o, 4, stride=2, padding=1),
    "sub-pixel": lambda i, o: nn.Sequential(nn.Conv2d(i, 4 * o, 3, padding=1), nn.PixelShuffle(2)),
    "enlarge, then convolve": lambda i, o: nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(i, o, 3, padding=1)),
}
share = {name: [checkerboard_share(untrained(layer, seed)) for seed in range(8)] for name, layer in layers.items()}
digits = checkerboard_share(data.images("mnist").tensor()[:500])
white = checkerboard_share(torch.randn(500, 1, 20, 20))
_, ax = plt.subplots(figsize=(6.8, 3.4))
plotting.bars_with_floor(share, "share of alternating patterns", baseline=white, ax=ax)
ax.tick_params(axis="x", labelsize=8.5)
plt.show()

# %%
medians = {name: torch.tensor(each).median().item() for name, each in share.items()}
claim("the first three: the median is above white noise", min(list(medians.values())[:3]) > white, measured=medians)
claim("white noise: 8 to 12 %", 0.08 < white < 0.12, measured=white)
claim("enlarge, then convolve: below 5 % in all eight", max(share["enlarge, then convolve"]) < 0.05, measured=share)
claim("handwritten digits: below 1 %", digits < 0.01, measured=digits)

# %% [markdown]
# White noise has about 10 %, because 39 of the 399 frequencies of a picture of 20 × 20 alternate. A kernel of 4 is not
# enough. It gives each output pixel equally many inputs, but four neighbouring pixels get theirs through different
# weights, and before training these are random. Of these four, only enlarging first makes neighbours alike from the
# start. Training can unlearn the pattern; how far, we haven't measured here.

# %% [markdown]
# ## 4. Mended, and still ill?
#
# You find the slip, you mend it, and you go on training. Nothing gets better. Was it the wrong slip?
#
# **Predict, and say why:** two patients are mended after 600 steps, and both go on for 600 more, with the same weights.
# (Their optimisers begin anew, without memory, and so do the random streams.) One had too much momentum, the other a
# discriminator that was too strong. Who recovers? The controls make the same new start: a healthy GAN, and both
# patients *untreated*. And if a scar is left, which network carries it? The treated strong D goes on twice more, once
# with a *new* discriminator, and once with a new generator.

# %%
patients, later = {"momentum": "momentum", "strong D": "strong discriminator"}, {}
for name, ill in {"healthy": None, **patients}.items():
    if ill:
        later[f"{name}, untreated"] = ward.play(ill, after=wards[ill][0]).held[-1]
    later[f"{name}, treated" if ill else name] = ward.play(None, after=wards[ill][0]).held[-1]
old, new = wards["strong discriminator"][0].gan.nets, ward.admit(5).nets
for short, part in {"D": "discriminator", "G": "generator"}.items():  # one network of the patient is exchanged
    half_new = SimpleNamespace(gan=SimpleNamespace(nets={**old, part: new[part]}))
    later[f"strong D, treated, new {short}"] = ward.play(None, after=half_new).held[-1]
_, ax = plt.subplots(figsize=(6.8, 3.8))
plotting.bars_with_floor(later, "modes held 600 steps later", ax=ax)
ax.set_xticklabels([name.replace(", ", "\n") for name in later], fontsize=9)
plt.show()

# %%
more = {name: int((later[f"{name}, treated"] > later[f"{name}, untreated"]).sum()) for name in patients}
claim("healthy: the median seed holds 7 or 8", later["healthy"].median() >= 7, measured=later)
claim("momentum, treated: it does, too", later["momentum, treated"].median() >= 7, measured=later)
claim("and it holds more than the untreated one in at least 7 of 8 seeds", more["momentum"] >= 7, measured=later)
claim("strong D, treated: more than the untreated one in at most 5 of 8", more["strong D"] <= 5, measured=later)
strong = later["strong D, treated"]
claim("and at least 5 of 8 still hold 6 modes or fewer", (strong <= 6).sum() >= 5, measured=strong)
new_d, new_g = later["strong D, treated, new D"], later["strong D, treated, new G"]
claim("new D: at least 4 of 8 still hold 6 or fewer", (new_d <= 6).sum() >= 4, measured=new_d)
claim("new G, old D: at least 6 of 8 hold 3 or fewer", (new_g <= 3).sum() >= 6, measured=new_g)

# %% [markdown]
# The treatment helps the one with momentum, and changes little for the other. The first generator had a discriminator
# that was late. Perhaps it had nothing to unlearn; two examples suggest a pattern and don't prove it.
#
# Where is the scar of the second patient? Not in the discriminator alone: with a new one, most seeds still miss modes.
# Not in the generator alone either: a new one holds only one to three modes when it meets the old discriminator. Both
# networks carry it. With two new networks we have the healthy GAN of section 3, which holds nearly all modes after 600
# steps.
#
# The practical lesson: **test a mended program from a new start, with new weights for both networks.** "I have mended
# the slip, and it didn't help"
# may be a scar.

# %% [markdown]
# ## 5. Diagnose the patient
#
# Here is a new arrival, and nobody says what it has. It is played now, on your computer. Green is the discriminator,
# orange the generator, the dashed line $2 \ln 2$. Losses above 3 are drawn at 3. Three more findings stand in the list:
# how far the points lie from the ring's middle, how far G's weights have moved since the start, and whether G has a
# gradient right after D's turn.

# %%
from gan_edu.checks import chapter_60 as q

q.bedside("X")

# %% [markdown]
# **Predict:** which of the thirteen is it? Name one finding that speaks for your answer, and one illness with the same
# losses that you can rule out.
#
# <details><summary>The answer</summary>
#
# *Too much detach*. The discriminator's loss is near 0 and the generator's is large, as with the wrong range. But the
# generator's weights haven't changed at all: it has never got a gradient. With the wrong range it does get one, and its
# points have moved, to the walls.
#
# </details>
#
# Four more patients wait in the exercises, and their checks tell why a wrong diagnosis doesn't fit the findings.

# %% [markdown]
# ## 6. The collection
#
# Click on a name to open it. To search, use `museum.find("…")` as in section 2; the search of your browser (Ctrl+F)
# finds only what is open. Tests with the name `test_…` stand in `gan_edu/museum/programs.py`.
#
# ### Does it run?

# %% jupyter={"source_hidden": true}
museum.show("runs")

# %% [markdown]
# The first test of this family is **Restart and run all**: the program in a fresh room. In a notebook a program may run
# today because a name is left over from a cell that you deleted an hour ago. `ruff check` finds unknown names without
# running anything.
#
# ### Who learns?

# %% jupyter={"source_hidden": true}
museum.show("learns")

# %% [markdown]
# ### What does it want?

# %% jupyter={"source_hidden": true}
museum.show("losses")

# %% [markdown]
# ### What does it see?

# %% jupyter={"source_hidden": true}
museum.show("data")

# %% [markdown]
# ### Do the parts fit?

# %% jupyter={"source_hidden": true}
museum.show("shapes")

# %% [markdown]
# ### Noise, chance and memory

# %% jupyter={"source_hidden": true}
museum.show("chance")

# %% [markdown]
# ### A VAE has its own

# %% jupyter={"source_hidden": true}
museum.show("vae")

# %% [markdown]
# ### In training
#
# Here *before* and *after* are the arguments of the play in section 3.

# %% jupyter={"source_hidden": true}
museum.show("training")

# %% [markdown]
# ## Help, I get …
#
# ### `RuntimeError: Trying to backward through the graph a second time`
# The fakes were not detached in the discriminator's turn (exhibit *no detach*). With `retain_graph=True` the message
# goes away, and the fault stays.
#
# ### losses that stand still near 1.39 and 0.69
# The GAN may be healthy, or its discriminator is late, is blind, or has two sigmoids. Section 3: second opinion, then
# eye test.

# %% [markdown]
# ### a sum of losses below 1.386
# If $L_D$ is the sum of its two halves and $L_G$ is $-\log D$, one of the losses is wrong. Look at the labels first
# (section 3).
#
# ### nothing that fits my failure
# Make the program smaller until it is about one thing: one batch, one turn, one layer. Then ask what *must* be true
# there, and write a test for it (chapter 46).
#
# ### `ValueError: There is no exhibit …`
# `museum.get` wants the exact name; the message proposes the nearest one. `museum.find` takes any words. Two exhibits
# are called *no zero_grad*: `museum.get("no zero_grad", "training")` gives the second.

# %% [markdown]
# ## Recap
#
# - An exhibit says what you see, what it looks like, which test finds it, and the cure; its code is run.
# - Different faults share their symptoms, so a test stands between symptom and cure.
# - The second opinion says that something is wrong; the eye test, whether the discriminator sees an easy difference.
# - A slip may be harmless; the cure must show in the count, over seeds.
# - A mended program is tested from a new start, with new weights for both networks.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>$L_D = 0.02$ and $L_G = 7$. Which exhibits can it be, and what do you ask first?</summary>
#
# Too much detach, a thread that is cut, a wrong range, a missing step, a learning rate that is far too high, or a very
# strong discriminator, for instance. Ask first whether the generator's weights change at all, and then whether its
# range reaches the data.
#
# </details>
#
# <details><summary>Why is the second opinion of the rare mode measured against its own data?</summary>
#
# Because the question is whether the generator makes what it was shown. Against the balanced ring even a perfect
# generator of the rare world would look ill: it rightly makes few points in that cloud.
#
# </details>
#
# <details><summary>Which finding would you log in every training, if only one more than the losses?</summary>
#
# The unrest, or a grid of fixed noise, which shows the same: it costs little, and it separates generators that run
# from those that are calm and from those that don't move at all.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Humbatova et al. 2019, Taxonomy of Real Faults in Deep Learning Systems](https://arxiv.org/abs/1910.11015): a
#   collection that was made from 1,059 artefacts of real projects and 20 interviews
# - [Odena et al. 2016, *Deconvolution and checkerboard artifacts*](https://distill.pub/2016/deconv-checkerboard/):
#   checkerboards, with pictures that you can play with
# - [Mescheder et al. 2018, *Which training methods for GANs do actually converge?*](https://arxiv.org/abs/1801.04406):
#   why the game swings, and what can be proved about it
# - [Karpathy 2019, A Recipe for Training Neural Networks](https://karpathy.github.io/2019/04/25/recipe/): an order of
#   steps in which many of these failures are met early

# %% [markdown]
# ## Key terms
#
# {{terms: symptom; differential diagnosis; label; checkerboard artefact; control}}
