# %% [markdown]
# # 13 · Markov chains
#
# *A text is one letter after another. The simplest model of that is a table, counted in a second. It already does what
# a language model does: it predicts the next letter, it writes, and it can be scored on text that it has not seen.*
#
# > **You will be able to**
# > - count the table of a Markov chain, and write text with it
# > - score a text in nats per letter, and say what a perplexity means
# > - predict what a longer memory does on its own text and on new text, and why
# > - say how far the memory of a chain reaches, and where it comes to rest
# > - say which generators can be trained with this score, and why an ordinary GAN can't
# >
# > **Before you start** [12 · classic generative models](12_classic_generative_models.ipynb): maximum likelihood, nats,
# > entropy, held-out data.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# We take the text of this course (a copy that came with the package), in small letters, with a space for everything
# else. Which letter comes after a *q*? After a *t*? After a space?

# %% jupyter={"source_hidden": true}
import math
import random
import re
from collections import Counter

import matplotlib.pyplot as plt
import torch

from gan_edu import data, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)
paragraphs = [re.sub("[^a-z]+", " ", line.lower()).strip() + " " for line in data.prose().splitlines()]
text = "".join(line for number, line in enumerate(paragraphs) if number % 8)  # seven paragraphs in eight
text_test = "".join(paragraphs[::8])  # the others are held out
LETTERS = " abcdefghijklmnopqrstuvwxyz"
SIGNS = ["␣", *LETTERS[1:]]

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(3, 1, figsize=(6.8, 4.2), sharex=True, sharey=True)
for ax, letter in zip(axes, "qt ", strict=True):
    followers = Counter(b for a, b in zip(text, text[1:], strict=False) if a == letter)
    shares = [followers[each] / followers.total() for each in LETTERS]
    ax.bar(SIGNS, shares, color=plotting.NEUTRAL[0])
    ax.set(ylabel=f"after {'␣' if letter == ' ' else letter}", ylim=(0, 1))
axes[2].set(xlabel="the next letter (␣ is a space)")
plt.show()

# %% [markdown]
# Each letter has its own habits. After *q* always comes *u*, after *t* very often *h*, and a word may begin with nearly
# anything. Now put 27 such rows one below the other: 26 letters and the space. That table is a **Markov chain**, and
# you can write with it: look up the row of the present letter, draw the next letter, and go on from there.

# %% [markdown]
# ## 1. A table of letters
#
# In 1913 A. A. Markov counted 20,000 letters of Pushkin's novel in verse *Eugene Onegin*, by hand. He only asked
# whether each was a vowel or a consonant. He wanted to see events that *depend* on each other, and a chain is the
# simplest way to depend: **the next state depends on the present state only.**
#
# **Predict, and say why:** in English, is a vowel more likely after a vowel or after a consonant?

# %%
vowel = [letter in "aeiou" for letter in text if letter != " "]
after = {kind: [b for a, b in zip(vowel, vowel[1:], strict=False) if a == kind] for kind in (True, False)}
share = {kind: sum(next_) / len(next_) for kind, next_ in after.items()}
print(f"vowels after a vowel: {share[True]:.0%}, after a consonant: {share[False]:.0%}")
claim("a vowel is at least three times as likely after a consonant", share[False] > 3 * share[True], measured=share)

# %% [markdown]
# Speech alternates between open and closed sounds, and so do the letters. Markov found the same in Russian.
#
# Now all 27 signs. The **transition table** $P$ has a row for each letter: $P_{ij}$ is the probability that $j$ follows
# $i$. Each row is an unfair die with 27 faces, and maximum likelihood does what it did with the coin of chapter 12. It
# sets each probability to the share in the data: $P_{ij} = n_{ij} / n_i$, where $n_{ij}$ counts how often $j$ came
# after $i$, and $n_i$ is the sum of the row.

# %%
index = torch.tensor([LETTERS.index(letter) for letter in text])
counts = torch.zeros(27, 27).double()
for i, j in zip(index, index.roll(-1), strict=True):  # each letter and the next; the last one, and the first
    counts[i, j] += 1
P = counts / counts.sum(1, keepdim=True)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(5.6, 5.2))
ax.imshow(P, cmap=plotting.DENSITY_CMAP, vmin=0, vmax=0.6)
ax.set_xticks(range(27), SIGNS)
ax.set_yticks(range(27), SIGNS)
ax.tick_params(labelsize=10, length=0)
ax.set(xlabel="next letter", ylabel="this letter")
plt.show()

# %% [markdown]
# Read it row by row: white is 0, the darkest blue is 0.6 or more, and each row sums to 1. The three rows of the first
# picture are in it. (We have closed the text to a ring, so that its last letter has a successor, too.)

# %% [markdown]
# ## 2. Let it write
#
# **Predict, and say why:** what will a text look like that is drawn from this table, letter by letter? Compare it with
# letters that are drawn independently of each other, each as often as in the text. Will you find English words?


# %%
def write(row_of, seed, first="t", length=70):
    """Draw letter after letter; row_of(letter) gives the 27 probabilities of the next one."""
    chance, out = random.Random(seed), first
    while len(out) < length:
        out += chance.choices(LETTERS, row_of(out[-1]))[0]
    return out


frequency = counts.sum(1) / counts.sum()
for seed in range(3):
    print("independent:", write(lambda letter: frequency.tolist(), seed))
for seed in range(3):
    print("chain:      ", write(lambda letter: P[LETTERS.index(letter)].tolist(), seed))

# %% [markdown]
# The independent letters are often unpronounceable. Their spaces are as frequent as in the text, but they fall
# anywhere, even two in a row. The chain alternates vowels and consonants, and it has learned after which letters a word
# may end: never after a space, often after an *e* or a *y*. Real words are few and short: the chain can't know how a
# word began two letters ago.

# %% [markdown]
# ## 3. How surprised is it?
#
# The chain is a model with probabilities, so it can be scored: the average of $\log P_{ij}$ over all steps from $i$ to
# $j$ in a text, in nats per letter. On its own text this score is, once more, minus an entropy: each row contributes
# its own entropy, as often as its letter occurs.

# %%
row_entropy = -torch.xlogy(P, P).sum(1)
own_score = torch.xlogy(counts, P).sum() / counts.sum()
identity("own score = minus the mean entropy of the rows", own_score.isclose(-(frequency * row_entropy).sum()))

# %% [markdown]
# So some letters are easy to go on from, and others are hard. **Predict, and say why:** after which of the 27 signs is
# the next one hardest to guess? After which is it easiest?

# %% jupyter={"source_hidden": true}
order = row_entropy.argsort()
_, ax = plt.subplots(figsize=(6.8, 2.8))
ax.bar([SIGNS[i] for i in order], row_entropy[order], color=plotting.NEUTRAL[0])
ax.axhline(math.log(27), color=plotting.THEORY, linestyle="--", linewidth=1.5, label="ln 27: all equally likely")
ax.set(xlabel="this letter", ylabel="entropy of its row\n(nats)", ylim=(0, 4.2))
ax.legend(loc="upper left")
plt.show()

# %%
hardest, q = SIGNS[row_entropy.argmax()], LETTERS.index("q")
claim("the next sign is hardest to guess after a space", hardest == "␣", measured=row_entropy)
claim(
    "after a q it is certain: each of more than 20 was followed by a u",
    counts[q, LETTERS.index("u")] == counts[q].sum() > 20,
)

# %% [markdown]
# After a space a new word begins, and what it will be depends on the words before, of which this chain knows nothing.
# After *q* it is certain: the entropy is 0. After *z* it looks certain, too, but only because this text has five of
# them: what was seen a few times looks surer than it is. No row comes near ln 27 ≈ 3.3 nats, the entropy of a fair die
# with 27 faces.
#
# Nats are hard to imagine. So one takes $e^{-\text{score}}$, the **perplexity**: the model is as unsure about the next
# letter as somebody who throws a fair die with that many faces. Without any knowledge that is 27.
#
# We score text that was held out. A pair of letters may occur there that was never counted, and one such pair would
# make the score minus infinity. So we smooth: $P_{ij} = (n_{ij} + \alpha) / (n_i + 27 \alpha)$, here with
# $\alpha = 0.1$.
#
# **Predict:** the perplexity of a model that knows only how frequent each letter is; and that of the chain?

# %%
smooth = (counts + 0.1) / (counts + 0.1).sum(1, keepdim=True)
test = torch.tensor([LETTERS.index(letter) for letter in text_test])
scores = {
    "nothing known": -math.log(27),
    "frequencies": frequency[test[1:]].log().mean().item(),
    "chain": smooth[test[:-1], test[1:]].log().mean().item(),
}
perplexity = {name: math.exp(-score) for name, score in scores.items()}
for name, value in perplexity.items():
    print(f"{name:14} {scores[name]:.1f} nats per letter, perplexity {value:.0f}")
claim("held-out text: frequencies alone between 15 and 18", 15 < perplexity["frequencies"] < 18, perplexity)
claim("the chain between 9 and 11.5", 9 < perplexity["chain"] < 11.5, measured=perplexity)

# %% [markdown]
# Frequencies alone bring the 27 down to 16, because *e* and the space are much more common than *z*. Knowing the letter
# before brings it down to about 10.

# %% [markdown]
# ## 4. A longer memory
#
# Let the next letter depend on the last $m$ letters. That is still a Markov chain; its states are strings of $m$
# letters. A table with $27^m$ rows would be mostly empty, so we keep a dictionary of what has been seen.


# %%
def count(text, m):
    """How often each string of m + 1 letters occurs, and each of m."""
    ring = text + text[:m]
    return Counter(ring[i : i + m + 1] for i in range(len(text))), Counter(ring[i : i + m] for i in range(len(text)))


def probability(letter, before, counted, alpha):
    strings, contexts = counted
    return (strings[before + letter] + alpha) / (contexts[before] + 27 * alpha)


# %%
memories, alphas = range(7), (0.5, 0.05, 0.005)
counted = {m: count(text, m) for m in memories}


def loss(text, m, alpha):
    """Minus the score: nats per letter."""
    logs = [math.log(probability(text[i], text[i - m : i], counted[m], alpha)) for i in range(6, len(text))]
    return -sum(logs) / len(logs)


own = [loss(text[-6:] + text, m, 0) for m in memories]  # the ring: nothing here was never seen, so no smoothing
unseen = {alpha: [loss(text_test, m, alpha) for m in memories] for alpha in alphas}

# %% [markdown]
# **Predict, and say why:** the memory grows from 0 to 6 letters. What happens to the loss (minus the score) on the
# text that was counted? And on held-out text? (The smoothing is again a number set by hand, so you will see three.)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4))
ax.plot(memories, own, "o-", color=plotting.NEUTRAL[0], label="text it was fitted to, not smoothed")
for alpha, style in zip(alphas, ("--", "-", ":"), strict=True):
    name = f"text it has not seen, α = {alpha}"
    ax.plot(memories, unseen[alpha], "s" + style, color=plotting.NEUTRAL[2], label=name)
ax.set(xlabel="memory m (letters)", ylabel="loss (nats per letter)", ylim=(0, None))
ax.legend()
plt.show()

# %%
best = {alpha: losses.index(min(losses)) for alpha, losses in unseen.items()}
identity(
    "on its own text, without smoothing, more memory is never worse",
    all(b <= a + 1e-9 for a, b in zip(own, own[1:], strict=False)),
    own,
)
mixed = "".join(random.Random(0).sample(text, len(text)))  # the same letters, shuffled: there is nothing to learn
strings, contexts = count(mixed, 6)
by_heart = -sum(n * math.log(n / contexts[string[:-1]]) for string, n in strings.items()) / len(mixed)
claim("on its own text, the loss falls below 0.1 even where the letters were shuffled", by_heart < 0.1, by_heart)
claim("on unseen text a memory of 2 to 4 letters is best, with each α", all(2 <= m <= 4 for m in best.values()), best)
claim("and a memory of 6 is worse there than one of 3, with each α", all(each[6] > each[3] for each in unseen.values()))

# %% [markdown]
# On its own text more memory can't hurt: a longer memory can do all that a shorter one does, by not looking at the
# oldest letter. Even with shuffled letters, where nothing can be learned, this loss falls nearly to 0. So it says
# nothing about how good a model is.
#
# The unseen text shows it. It is the overfitting of chapter 12 again. With a memory of 6, more than a third of the
# strings of six letters that come up in a new text have been seen once or never. After what was seen *once*, the next
# letter is learned by heart; after what was seen *never*, there is nothing but smoothing.
#
# (The own text was scored without smoothing. With $\alpha = 0.5$ even its loss would rise again from a memory of 4 on:
# so much smoothing outweighs counts of one or two.)
#
# ### What do they write?
#
# **Predict:** from which memory on will there be words? And what can go wrong with a memory of 6?


# %%
def write_long(m, seed, back_off=False, length=75):
    """Like `write`, with the last m letters; `back_off` forgets letters until the rest of them has been seen."""
    chance, out = random.Random(seed), "the ga"
    while len(out) < length:
        k = m
        while back_off and counted[k][1][out[len(out) - k :]] == 0:
            k -= 1
        before = out[len(out) - k :]
        out += chance.choices(LETTERS, [probability(letter, before, counted[k], 0.001) for letter in LETTERS])[0]
    return out[6:]


# %%
for m in (1, 2, 3, 6):
    for seed in range(3):
        print(f"memory {m}: {write_long(m, seed)}")

# %% [markdown]
# With a memory of 2 short words are frequent, with 3 longer ones appear. With 6 it sounds like this course, but sooner
# or later it **derails**: one unlikely letter is drawn (smoothing allows it), and these six letters have never been
# seen. In such a row all 27 letters are equally likely, so the next one is nonsense, too, and the chain hardly finds
# its way back.
#
# The cure is to **back off**: when the last six letters were never seen, use the last five, or four, and so on.

# %%
for seed in range(3):
    print(f"memory 6, backing off: {write_long(6, seed, back_off=True)}")

# %%
texts = {f"memory {m}": [write_long(m, seed, back_off=True, length=206) for seed in range(20)] for m in (3, 6)}
texts["new text"] = [text_test]


def quotations(length):
    """The share of all strings of so many letters that also stand in the text that was counted."""
    known, shares = {text[i : i + length] for i in range(len(text))}, {}
    for name, written in texts.items():
        strings = [each[i : i + length] for each in written for i in range(len(each) - length + 1)]
        shares[name] = sum(string in known for string in strings) / len(strings)
    return shares


for length in (12, 20):
    shares = ", ".join(f"{name}: {share:.0%}" for name, share in quotations(length).items())
    print(f"quotations among all strings of {length} letters: {shares}")

# %%
quoted = quotations(12)
claim(
    "a memory of 6 quotes at least three times as much as one of 3",
    quoted["memory 6"] > 3 * quoted["memory 3"],
    measured=quoted,
)
claim("and 1.5 times as much as new text does", quoted["memory 6"] > 1.5 * quoted["new text"], measured=quoted)

# %% [markdown]
# A good part of what sounds so good is copied. (Real text repeats itself, too: of the strings of 12 letters in the
# held-out paragraphs, 18 % also stand in the text that was counted. With strings of 20 letters it is 5 % against 3 %:
# the chain copies pieces of one or two words, hardly more.) Claude Shannon drew such samples in 1948, to show what a
# statistical model of language is. A language model of today is trained with the same loss. It remembers thousands of
# words instead of six letters, and a network takes the place of the table, so that it can also say something about
# strings that it has never seen.

# %% [markdown]
# ## 5. How far does the memory reach?
#
# Back to the chain with a memory of one letter. Start it at *q*. After one step it is certainly at *u*.
#
# **Predict, and say why:** at which letter is it after 20 steps? How much of the *q* can still be felt?
#
# We need not draw anything. If a row of numbers `now` says how probable each letter is at present, then one step later
# it is `now @ P`: each letter passes its probability on, by its own row.

# %%
starts = {"start at q": "q", "start at e": "e", "start at a space": " "}
apart = {}
for name, letter in starts.items():
    now = torch.eye(27).double()[LETTERS.index(letter)]  # probability 1 for this letter
    apart[name] = []
    for _ in range(21):
        apart[name].append((now - frequency).abs().sum() / 2)  # how far from the frequencies of the letters: 0 to 1
        now = now @ P

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.2))
for (name, distances), color in zip(apart.items(), plotting.NEUTRAL, strict=False):
    ax.semilogy(distances, "o-", markersize=4, color=color, label=name)
ax.set(xlabel="steps", ylabel="distance from the\nletters' frequencies", xticks=range(0, 21, 4))
ax.legend()
plt.show()

# %%
identity("the frequencies stay as they are: π P = π", (frequency @ P).allclose(frequency))
claim("after 5 steps: closer to them than 0.02, from all three starts", max(d[5] for d in apart.values()) < 0.02, apart)
claim("after 20 steps: closer than one millionth", max(d[20] for d in apart.values()) < 1e-6, measured=apart)

# %% [markdown]
# From each start the chain comes to rest at the same probabilities: the frequencies of the letters in the text. They
# are its **stationary distribution** $\pi$, the one with $\pi P = \pi$. (On our ring that is no accident: as many pairs
# begin with *e* as end with *e*.) After five letters next to nothing of the start is left. So the memory reaches a
# little farther than the one letter in the table, because each letter hands something on, and it fades quickly.
#
# Two conditions together make sure that a chain comes to rest, and both hold here. From each letter one can get to each
# other one (**irreducible**): just read on around the ring. And the chain must not march in step (**aperiodic**): a
# letter that may follow itself, like the *l* in “all”, is enough.

# %% [markdown]
# ## 6. The same score as a loss
#
# For a table, counting gives the best score at once. A network has no such shortcut, so it is trained by gradient
# descent, with minus the score as its loss: **for each step, minus the log-probability of what really came next.** That
# is how language models are trained.
#
# Can a GAN be trained like that? Call the letter at place $t$ of a text $x_t$. The loss needs the number
# $p(x_t \mid x_{t-1})$. A generator that turns noise into a whole sample in one go has no such number: it gives a
# sample, and nobody knows how probable that sample was. (A generator that writes letter by letter has one.
# [SeqGAN](https://arxiv.org/abs/1609.05473) is such a GAN for text, and its generator is first trained with exactly
# this loss, before the game begins.)
#
# You may meet the name “Markov chain loss” for $\frac1N \sum_n \sum_t \log p(x_t^{(n)} \mid x_{t-1}^{(n)})$, where
# $x^{(n)}$ is the $n$-th of $N$ real sequences. That is this score, summed over the steps of each sequence and averaged
# over the sequences. As a loss it needs a minus, and it belongs to models that have these probabilities. The losses
# that GANs use follow in chapters 21, 32 and 34.

# %% [markdown]
# ## Help, I get …
#
# ### a score of `-inf`, or `ValueError: math domain error`
# Some step in the new text was never counted, so its probability is 0. Smooth: add a small $\alpha$ to each count.
#
# ### rows with `nan`
# A letter that never occurs has a row of zeros, and 0/0 is `nan`. Smoothing mends that, too.
#
# ### rows that don't sum to 1
# Divide by the sum of the *row*: `counts.sum(1, keepdim=True)`. Without `keepdim=True`, each column is divided instead.

# %% [markdown]
# ### text that turns into nonsense and stays there
# The chain has reached a string that it has never seen. Back off to a shorter memory, or draw only from what was seen.
#
# ### a chain that never comes to rest
# It marches in step, for example between two groups of states. Average over time instead. (If it does come to rest, but
# at another place for each start, then some states can't be reached from others. Look at the table's zeros.)

# %% [markdown]
# ## Recap
#
# - A Markov chain is a table: for each state, the probabilities of the next one. Counting is maximum likelihood.
# - Its score is the mean log-probability of what came next. The perplexity $e^{-\text{score}}$ is the size of an
#   equally uncertain die.
# - Without smoothing, more memory is never worse on the text that was counted; on new text there is a best memory. Long
#   memories quote.
# - The influence of the first letter fades within a few steps; the chain comes to rest at its stationary distribution.
# - Minus the score is the loss of sequence models. It needs probabilities, which an ordinary GAN doesn't have.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A model gives each letter of a text the probability 1/8. What is its perplexity?</summary>
#
# The perplexity is 8: the model is as unsure as a fair die with eight faces. (Its score is ln(1/8) ≈ −2.08 nats.)
#
# </details>
#
# <details><summary>A chain has a loss of 0.8 on its own text and of 2.6 on new text. Which do you report?</summary>
#
# The loss on new text. The other one praises what has been learned by heart. Then try a shorter memory.
#
# </details>
#
# <details><summary>A chain starts at “q”. Which letter is the most probable after 100 steps?</summary>
#
# The space, since it is the most frequent sign of the text. After so many steps the start no longer matters.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [A. A. Markov 1913, translated 2006](https://doi.org/10.1017/S0269889706001074): the first chain, counted by hand in
#   a novel in verse.
# - [Shannon 1948, *A Mathematical Theory of Communication*](https://doi.org/10.1002/j.1538-7305.1948.tb01338.x):
#   entropy, and samples of English with longer and longer memory.
# - [Chen and Goodman 1999, *An empirical study of smoothing techniques for language
#   modeling*](https://doi.org/10.1006/csla.1999.0128): what to do about strings that were never seen, compared with
#   care.
# - [Yu and others 2017, *SeqGAN*](https://arxiv.org/abs/1609.05473): a GAN whose generator writes word by word, and why
#   that is difficult.

# %% [markdown]
# ## Key terms
#
# {{terms: Markov chain; transition table; perplexity; held-out text; smoothing; back-off; stationary distribution;
# irreducible; aperiodic}}
