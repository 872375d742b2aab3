# %% [markdown]
# # 62 · Errata
#
# *You have read one thing in an article and another thing in this course. Here you can look up which of the two is
# true, and how you can tell.*
#
# > **You will be able to**
# > - look a sentence, a formula or a line of code up, by its article, its kind or a word
# > - tell three famous slips from the right version by a few lines of code
# > - find the place in the course that shows what is true
# > - judge the next article yourself
# >
# > **Before you start** Nothing. This is a page to look things up in. Helpful, not needed: [60 · A museum of
# > failures](60_museum_of_failures.ipynb) runs the slips in code.
# >
# > **Minutes** {{read_minutes}} to read, the list in section 5 apart · {{run_time}} to run on two CPU cores · GPU: none
# > needed

# %% [markdown]
# ## The idea in a picture
#
# This course began with five Chinese articles about GANs, causal inference and VAEs. We read them line by line, ran
# their code, and noted what is not true or doesn't work: 138 entries. The bars show of what kind they are, and how
# grave.

# %% jupyter={"source_hidden": true}
import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from gan_edu import device, errata, museum, plotting
from gan_edu.claims import claim, identity

plotting.use_style()

# %% jupyter={"source_hidden": true}
shades = {3: plotting.FAKE, 2: "#F0B27A", 1: "#D9D9D9"}
_, ax = plt.subplots(figsize=(6.8, 3.2))
for row, kind in enumerate(errata.KINDS):
    left = 0
    for gravity, shade in shades.items():
        count = sum(each.kind == kind and each.gravity == gravity for each in errata.ENTRIES)
        told = f"{'★' * gravity} {errata.GRAVITY[gravity]}" if row == 0 else None
        ax.barh(row, count, left=left, color=shade, edgecolor="white", label=told)
        ax.text(left + count / 2, row, count, ha="center", va="center")
        left += count
ax.set(yticks=range(len(errata.KINDS)), xlabel="entries")
ax.set_yticklabels(errata.KINDS.values())
ax.invert_yaxis()
ax.legend(loc="upper center", bbox_to_anchor=(0.42, -0.22), ncols=1)
plt.show()

# %%
entries = errata.ENTRIES
identity("138 entries, each number once", len({each.number for each in entries}) == len(entries) == 138)
code = errata.find(kind="code")
identity(f"each of the {len(code)} slips in code has its room in the museum", all(each.rooms for each in code))

# %% [markdown]
# ## 1. How to read it
#
# An entry says where a sentence stands, what it says, what is true, and how you can tell: by a place in this course, by
# a paper, or by looking. Three stars mean that it teaches something false or that the code can't work, one star means
# that it is only imprecise. Whether a sentence is wrong doesn't depend on who says it, so each entry gives you the
# means to check *us*, too. What an article says *rightly* isn't in the list, and that is a lot: the two players, their
# turns, and the noise that goes in are explained in all five of them.
#
# Please don't think little of these articles. They are what many people really read, in their own language and free of
# charge, and they ask the right questions. Writing about a young field without such slips is hard. When the first
# twenty chapters of this course were read by others, they found 34 false sentences in them, and section 4 shows that
# our first list of errata had errata, too.
#
# Here is one entry:

# %%
print(errata.get("E-74").text())

# %% [markdown]
# The line numbers count the lines of the plain text; on a web page they differ. "Line 18 (also S3 5)" means line 18,
# and line 5 of article S3. Each entry also quotes a few words or signs exactly as they stand in the text: search for
# these. (Formulas are quoted as LaTeX. A page shows them typeset; there, look for the sentence around them.) What
# TensorFlow says was noted once, with TensorFlow 2.21 and Keras 3.15. The course itself doesn't need either.

# %% [markdown]
# ## 2. Three of them, run here
#
# Most entries lead to a chapter that shows what is true. Three of the gravest fit into a few lines each.
#
# ### Min and max exchanged
#
# E-35 prints the game as max over G, min over D of $V$. The $V$ is right:
#
# $$V = \mathbb E_x[\log D(x)] + \mathbb E_z[\log(1 - D(G(z)))].$$
#
# **Predict, and say why:** $D$ comes second, so it may answer whatever $G$ has done, and it wants $V$ small. Which $D$
# makes $V$ smallest? Does $G$ have a say in it?

# %%
for y in (0.5, 0.1, 1e-3, 1e-6, 1e-12):
    print(f"D says {y:g} to everything: V = {math.log(y) + math.log(1 - y):.1f}")
y = torch.tensor([0.5, 0.1, 1e-3, 1e-6, 1e-12], dtype=torch.double)
identity("the surer D is that nothing is real, the smaller V", (torch.diff(y.log() + (1 - y).log()) < 0).all())

# %% [markdown]
# A $D$ that calls *everything* generated, real points included, sends $V$ to $-\infty$. $G$ has no say: it doesn't
# occur in the calculation. So the exchanged game has no solution. In the right order, $D$ makes $V$ large, and then $V$
# has a top: $2\,\mathrm{JSD} - 2 \ln 2$ ([chapter 32](32_optimal_discriminator.ipynb#2.-What-the-game-is-worth)).
#
# ### A generator's loss without the generator
#
# E-108 prints $L_G = -\mathbb E[\log D(x)]$, a mean over *real* points. Ask PyTorch for the slope:

# %%
device.seed_everything(0)
G, D = nn.Linear(2, 2), nn.Linear(2, 1)
real, noise = torch.randn(64, 2) + 3, torch.randn(64, 2)
losses = {"as printed": F.softplus(-D(real)).mean(), "right": F.softplus(-D(G(noise))).mean()}
slopes = {name: torch.autograd.grad(loss, G.weight, allow_unused=True)[0] for name, loss in losses.items()}
identity("as printed: no gradient for G at all", slopes["as printed"] is None)
identity("with D(G(z)): there is one", slopes["right"].abs().sum() > 0)

# %% [markdown]
# (`softplus(-logit)` is $-\log D$.) No training was needed to see it. Ask of every loss: *does the network that shall
# learn occur in it?* Exercise 2 makes a test of that.
#
# ### A hidden common cause
#
# E-03, E-04 and E-26 say three things: causal inference predicts the future from data; data that a GAN generates can
# be used for it; and more or better data make it reliable. Here is a world in which we know the effect, because we
# have made it. A treatment raises the outcome by exactly **1**. But whoever has some hidden cause (a **confounder**: a
# milder illness, say) gets the treatment more often, 9 times of 10 instead of 1 of 10, and has a better outcome
# anyway, by 3.


# %%
def world(n, by_coin=False):
    """Records of n people, (treated, outcome, cause), each (8, n): eight worlds at once."""
    cause = (torch.rand(8, n) < 0.5).float()
    chance = torch.full_like(cause, 0.5) if by_coin else 0.1 + 0.8 * cause
    treated = (torch.rand(8, n) < chance).float()
    return treated, treated + 3 * cause + torch.randn(8, n), cause


def difference(treated, outcome, among=1.0):
    """Mean outcome of the treated minus that of the others, (8,)."""
    yes, no = treated * among, (1 - treated) * among
    return (yes * outcome).sum(1) / yes.sum(1) - (no * outcome).sum(1) / no.sum(1)


# %% [markdown]
# Four people estimate the effect. The first compares treated and untreated people. The second does the same with
# *generated* records: to be generous, we take a perfect generator, which draws rows from exactly the distribution of
# the real ones (by resampling them). The third decides by a **coin** who is treated. The fourth has measured the cause,
# compares people with the same cause, and averages.
#
# **Predict, and say why:** with 300, 3,000, … 300,000 records: who gets to 1?

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
sizes = (300, 3_000, 30_000, 300_000)
found = {name: [] for name in ("treated − others", "the same, generated", "decided by a coin", "same cause compared")}
for n in sizes:
    treated, outcome, cause = world(n)
    rows = torch.randint(n, (8, n))
    coin_treated, coin_outcome, _ = world(n, by_coin=True)
    share = cause.mean(1)
    same = share * difference(treated, outcome, cause) + (1 - share) * difference(treated, outcome, 1 - cause)
    copied = difference(treated.gather(1, rows), outcome.gather(1, rows))
    for name, value in zip(
        found, (difference(treated, outcome), copied, difference(coin_treated, coin_outcome), same), strict=True
    ):
        found[name].append(value)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.8))
marks = dict(zip(found, "o^sD", strict=True))
colors = dict(zip(found, (plotting.REAL, plotting.FAKE, plotting.NEUTRAL[0], plotting.DISC), strict=True))
for shift, (name, values) in enumerate(found.items()):
    for at, eight in enumerate(values):
        where = torch.full((8,), at + 0.14 * (shift - 1.5))
        ax.scatter(where, eight, s=18, marker=marks[name], color=colors[name], label=name if at == 0 else None)
ax.axhline(1, color=plotting.THEORY, linestyle=(0, (5, 3)), label="the true effect")
ax.set(xticks=range(4), xlabel="records", ylabel="estimated effect", ylim=(0, 4.6))
ax.set_xticklabels([f"{n:,}" for n in sizes])
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
plt.show()

# %%
last = {name: values[-1] for name, values in found.items()}
wrong, right = list(found)[:2], list(found)[2:]
claim(
    "300,000 records: treated − others gives 3.4, real or generated (within 0.05, eight worlds)",
    all((last[name] - 3.4).abs().max() < 0.05 for name in wrong),
    measured=last,
)
claim("coin, and same cause: 1 (within 0.05)", all((last[name] - 1).abs().max() < 0.05 for name in right), last)
spread = {name: values[0].std() / values[-1].std() for name, values in found.items()}
claim(
    "a thousand times more data: the wrong ones scatter at least 5 times less",
    min(spread[n] for n in wrong) > 5,
    spread,
)

# %% [markdown]
# The wrong answer isn't uncertain. It is 3.4, and a thousand times more data only make it more precise: $1 + 3 \cdot
# (0.9 - 0.1) = 3.4$. A perfect generator hands on the same 3.4. What helped was no better data of the same kind. It
# was an *experiment*, or *knowledge* about what causes what. (Without the knowledge you can't even choose the right
# comparison: from treatment and outcome alone, this world and one whose true effect is 3.4 can look the same. [Chapter
# 71](71_what_a_generator_cannot_know.ipynb#3.-Many-stories,-one-table) tells five such stories of one table.)

# %% [markdown]
# ## 3. Look something up
#
# `errata.find` gives the entries that hold all your words, English or Chinese. `kind`, `article` and `gravity` narrow
# it down, and `by="gravity"` puts the gravest first:

# %%
for each in errata.find("entropy"):
    print(each.number, each.stars, each.article, each.says)

# %%
for each in errata.find(kind="advice", gravity=3, by="gravity"):
    print(each.number, each.article, each.says)

# %% [markdown]
# `errata.find("梯度消失")` works with words of the articles' questions, too (not with whole sentences: the list quotes
# only a few words of each), and `errata.get("E-35")` gives one entry. All of it is a table, `gan_edu/errata.csv`: open
# it in a spreadsheet to sort it in any other way.
#
# For slips in **code**, the list names rooms of the museum in chapter 60. There the slip is run in PyTorch, with a test
# that finds it. (The articles use TensorFlow. Where PyTorch doesn't know the slip itself, the room shows the nearest
# one that it knows.) From a room back to the articles:

# %%
room = museum.get("one tensor for both labels")
print(room.name, "–", *(f"{number}, {errata.get(number).article}" for number in room.errata))

# %% [markdown]
# ## 4. Our own errata
#
# Our first list was written before the chapters. Some of its corrections were wrong or too simple themselves: when the
# chapters measured it, something else came out, or when we looked a source up again. The list in section 5 says what
# was measured.
#
# | Entry | Our first list said | What the course found |
# |---|---|---|
# | E-49 | Adam can't help against a faded gradient | on a ring it did: the saturating loss starved no more ([32]) |
# | E-46 | such a pair needs a penalty, or other networks | with a smaller D more steps or a fast G did ([42]) |
# | E-96 | these networks don't learn, even in a right loop | they start late: 6–7 digits after 2,000 steps ([41]) |
# | E-98 | a higher rate breaks the game | in one game a faster generator made it work ([42]) |
# | E-37 | steps at once converge worse than steps in turns | it depends on the penalty ([33]) |
# | E-44 | with the same noise again, only a table is learned | no harm that we saw, in one small world ([60]) |
# | E-73 | with one guess 27.9 % lost, with five 41.6 % | with one guess 41.6 %, with five 27.9 % ([11]) |
# | E-132 | a GAN's samples are sharp | ours are too rough: speckle is the opposite fault ([25]) |
#
# [11]: 11_why_generate.ipynb#3.-What-for?
# [25]: 25_ae_vae_gan.ipynb#4.-Blur-and-speckle
# [32]: 32_optimal_discriminator.ipynb#5.-Which-gradient-does-the-generator-get?
# [33]: 33_dynamics.ipynb#5.-Taking-turns
# [41]: 41_mlp_gan.ipynb#8.-A-deeper-generator
# [42]: 42_convolutional_gan.ipynb#10.-An-MLP-against-a-convolutional-discriminator
# [60]: 60_museum_of_failures.ipynb#3.-In-training
#
# (The numbers in brackets are chapters. The 6–7 digits of E-96 are from `benchmarks/README.md`, two seeds; the chapter
# tells of variants. The printed pair of E-46, with its wide D, we haven't played; with 16, 32 and 64 maps and slow
# rates only the penalty worked in 3,500 steps, one seed. E-73 counts pictures that a classifier names rightly: 42.7
# instead of 73.1 %, and with five guesses 65.9 instead of 91.5 %. We had the figures from the abstract, which doesn't
# agree with the table.)
#
# The pattern is worth more than the rows. Most of our sentences were *general*: can't, needs, breaks. The course
# measured a case in which it is otherwise. When you write the next list, write the case beside the sentence.

# %% [markdown]
# ## 5. The list
#
# Click on a line to open it. It is all here, also without a kernel.
#
# ### S0 · GANs and causal inference

# %% jupyter={"source_hidden": true}
errata.show("S0")

# %% [markdown]
# ### S1 · GANs, basics and applications

# %% jupyter={"source_hidden": true}
errata.show("S1")

# %% [markdown]
# ### S2 · Generative models and GANs

# %% jupyter={"source_hidden": true}
errata.show("S2")

# %% [markdown]
# ### S3 · Probability and statistics behind GANs

# %% jupyter={"source_hidden": true}
errata.show("S3")

# %% [markdown]
# ### S4 · From GANs to VAEs

# %% jupyter={"source_hidden": true}
errata.show("S4")

# %% [markdown]
# ## Help, I get …
#
# ### a sentence that isn't in the list
# That doesn't say that it is right. The list quotes only a few words of each sentence, so a search can miss it: try
# *one* word, in English, too, and look through its article in section 5 by the line. Many sentences occur in several
# articles. If it really isn't there, we noticed nothing, and may have overlooked something: test it as below.
#
# ### two sources that contradict each other, and neither is in the list
# Ask what would have to come out differently if one of them were right, and make it small: one batch, one number, one
# formula at one place (chapter 46). Section 2 does this three times.
#
# ### an entry that I think is wrong
# Then look at its last column, run what it names, and tell us. Section 4 is the place for it.

# %% [markdown]
# ### another error message than the list gives
# Messages change with the version. What stays is the slip: look for its room in the museum.
#
# ### `ValueError: There is no entry …`
# Numbers are written with two digits or more, `E-07` and not `E-7`; three have a letter behind them (`E-46b`). The
# message proposes near ones.

# %% [markdown]
# ## Recap
#
# - 138 entries: where it stands, what is true, and how one can tell.
# - A formula is tested by an extreme case, a loss by its gradient, a program by one step.
# - A question about an action needs an experiment or knowledge; more data of the same kind make a wrong answer surer.
# - Each slip in code is run in the museum, with the test that finds it.
# - Corrections need correcting, too: write the case beside the sentence.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Someone says: “D's loss is tiny, so our generator is excellent.” What is true?</summary>
#
# E-74. If it is tiny on *new* points, D tells real from generated with ease, so the generated points are bad: with
# good ones the best D is near $2 \ln 2$. (On points that D has trained with, it may only know the real ones by heart.)
#
# </details>
#
# <details><summary>How can you tell, without training, that a printed loss of the generator is wrong?</summary>
#
# Ask for its gradient with respect to the generator's weights, or to the logits of generated points. If there is none,
# nothing can be learned from it. And it must fall when these logits rise.
#
# </details>
#
# <details><summary>A paper is cited for a number, and the citation is right. What may still be wrong?</summary>
#
# The number may come from the abstract and differ from the table; it may hold for one setting; or a later version of
# the paper corrects it. Open the table, and say which version you read.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Goodfellow et al. 2014](https://arxiv.org/abs/1406.2661): the game itself; its section 3 settles most entries on
#   formulas of GANs
# - [Kingma & Welling 2013](https://arxiv.org/abs/1312.6114): the bound and the noise from outside, by those who found
#   them
# - [Hernán, Hsu & Healy 2019](https://arxiv.org/abs/1804.10846): description, prediction and cause told apart, in
#   plain words
# - [Theis et al. 2016](https://arxiv.org/abs/1511.01844): why measures of generative models need not agree with each
#   other

# %% [markdown]
# ## Key terms
#
# {{terms: erratum, errata; mode collapse; evidence lower bound (ELBO); confounder}}
