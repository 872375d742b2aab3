# %% [markdown]
# # 76 · Explanations by counterfactuals
#
# *"Why did the program decide so?" One answer: show what would have to be different for it to decide otherwise. Some of
# these answers are noise, some are pretty, and the pretty ones can name the wrong reason. Here you can check them.*
#
# > **You will be able to**
# > - make counterfactuals by a walk in pixels, by a look-up, in a VAE's codes, and by a generator with an adversary
# > - judge them: by other classifiers, by an outside judge, by how far they move, and by the true reason
# > - test a suspected shortcut by an intervention, and tell that from what is merely seen together
# > - intervene inside a network, with controls that are strong enough
# >
# > **Before you start** [71 · what a generator can't know](71_what_a_generator_cannot_know.ipynb) explains seeing and
# > doing; [24 · from autoencoders to VAEs](24_from_autoencoders_to_vaes.ipynb) explains codes. Helpful, not needed:
# > [74 · a causal GAN](74_causal_gan.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# A small network tells handwritten fours from nines. It calls each digit of the first row a four. **What would have to
# be different for it to say nine?** Below are four answers, and all of them are right: the network says "nine" to each,
# and is sure of it. (Imports and helpers are folded.)

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F

from gan_edu import data, ensemble, models, nets, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
EIGHT = torch.arange(8)[:, None]


def logits(net, x):
    """(8, N, d) → (8, N): above 0 the decision is 1."""
    return net(x)[..., 0]


# %% jupyter={"source_hidden": true}
def small(sizes, first=0):
    """Eight small nets side by side, with seeds first, first + 1, …"""
    made = []
    for seed in range(first, first + 8):
        torch.manual_seed(seed)
        made.append(nets.mlp(sizes))
    return ensemble.stack(made)


# %% jupyter={"source_hidden": true}
def fit(x, y, sizes, steps=250, seed=0):
    """Eight classifiers: x (8, N, d), y (8, N) of zeros and ones. They differ in their starts and batches."""
    net, chance = small(sizes), torch.Generator().manual_seed(seed)
    adam = torch.optim.AdamW(net.parameters(), lr=0.003, weight_decay=0.05)
    for _ in range(steps):
        rows = torch.randint(x.shape[1], (8, 128), generator=chance)
        loss = F.binary_cross_entropy_with_logits(logits(net, x[EIGHT, rows]), y[EIGHT, rows], reduction="none")
        adam.zero_grad()
        loss.mean(dim=1).sum().backward()
        adam.step()
    return net.requires_grad_(False)


# %% jupyter={"source_hidden": true}
def walk(net, wish, make, start, step, pull=0.0, most=300):
    """Uphill from `start`, each row until its logit is 2 on the wished side; make: places → pictures."""
    place = start.clone()
    for _ in range(most):
        place.requires_grad_()
        score = wish * logits(net, make(place))
        going = score.detach() < 2
        if not going.any():
            break
        (slope,) = torch.autograd.grad(score.sum(), place)
        way = slope / slope.norm(dim=-1, keepdim=True).clamp_min(1e-9) - pull * place.detach()
        place = place.detach() + step * way * going[..., None]
    return make(place.detach())


# %% jupyter={"source_hidden": true}
def look_up(net, wish, x, known):
    """For each picture the nearest of the known ones (8, M, d) whose logit is 2 or more on the wished side."""
    found, scores = torch.empty_like(x), logits(net, known)
    for k in range(8):
        usable = wish[k][:, None] * scores[k] >= 2
        found[k] = known[k][torch.cdist(x[k], known[k]).masked_fill(~usable, torch.inf).argmin(dim=1)]
    return found


def percent(share):
    return f"{float(share):.0%}"


# %%
train_set, test_set = data.images("mnist", "train"), data.images("mnist", "test")


def only(images, digit):
    return images.tensor(flat=True, low=0)[images.labels == digit]  # pixels from 0 to 1


def eight(x):
    return x.expand(8, *x.shape)  # the same for all eight


learned = eight(torch.cat([only(train_set, 4), only(train_set, 9)]))
is_nine = eight((torch.arange(2000) >= 1000).float())
readers = fit(learned, is_nine, [784, 32, 1])  # eight of them, which differ in their seeds only

some = eight(only(test_set, 4))
mistaken = (logits(readers, some) > 0).any(dim=0).int()
fours = some[:, mistaken.argsort(stable=True)[:24]]  # the first 24 that all eight read as fours
to_nine = torch.ones(8, 24)

# %%
vae = models.load("mnist", "vae")


def decoded(codes):
    return vae.decode(codes.flatten(0, 1)).sigmoid().reshape(8, -1, 784)


codes = eight(vae.encode(fours[0])[0])
answers = {"pixels": walk(readers, to_nine, lambda x: x.clamp(0, 1), fours, step=0.05)}
answers["nearest nine"] = look_up(readers, to_nine, fours, learned)
nearest = answers["nearest nine"]
answers["blend"] = walk(readers, to_nine, lambda t: fours + t * (nearest - fours), torch.zeros(8, 24, 1), step=0.02)
answers["VAE"] = walk(readers, to_nine, decoded, codes, step=0.1)

# %% jupyter={"source_hidden": true}
shown = {"a four": fours[0], **{name: made[0] for name, made in answers.items()}}
plotting.image_grid({name: 2 * pictures[:9] - 1 for name, pictures in shown.items()}, rows=1)

# %% [markdown]
# Such a picture is a **counterfactual explanation** of a decision: a changed input to which the classifier says
# something else, close to the input that it got (Wachter, Mittelstadt & Russell 2017).
#
# Look at the rows. *Pixels* are fours with a haze that you hardly see. It is an **adversarial example**: it flips the
# decision, and your eye can't read why. The row *VAE* closes some fours on top, and that you understand at once; others
# stay blurred fours. *Nearest nine* is another person's digit. *Blend* fades from the one to the other until the
# decision flips.

# %% [markdown]
# ## 1. A walk, until the decision flips
#
# Write $f(x)$ for the logit of "nine". Three of the rows come from one idea: **walk uphill on $f$, in small steps, and
# stop at $f = 2$** (88 % sure). They differ in *where* they walk.
#
# - *Pixels*: the place is the picture itself, 784 numbers.
# - *VAE*: the place is a code $z$ of 16 numbers, and the picture is what the finished VAE decodes from it. So each
#   step leads to something that the VAE can draw.
# - *Blend*: the place is one number $t$, the share of the nearest nine.
#
# (`walk` and `look_up` are in the folded cell. The step goes in the direction of the slope, always equally far.)
#
# A fourth way adds a **prior term** to the walk in codes. Codes near 0 are common and far ones rare, so each step is
# also pulled towards 0: with $g$ for the slope, it goes along $g / \|g\| - \lambda z$. We try $\lambda = 0.3$, and a
# strong one, 1. Should this keep the picture more plausible? And a control: the VAE's plain *copy* of the four,
# without any walk.

# %%
answers["VAE, prior"] = walk(readers, to_nine, decoded, codes, step=0.1, pull=0.3)
answers["strong prior"] = walk(readers, to_nine, decoded, codes, step=0.1, pull=1.0)
answers["copy only"] = decoded(codes)

# %% [markdown]
# ## 2. Five judges
#
# 1. **Valid**: does the classifier itself flip?
# 2. **Others**: do the seven *other* classifiers flip as well? They learned from the same pictures, with other seeds.
# 3. **Outside**: does the course's own classifier see a nine? It is a larger, convolutional net that learned ten
#    classes from 60,000 digits; of new ones it reads 99.5 % right.
# 4. **Moved**: how far from the four is it (root of summed squares)?
# 5. **From nines**: how far is it from the closest of 1,000 real nines?
#
# **Predict, and say why:** the haze in the row *pixels* was made for one network. How many of the seven others will it
# fool? And the outside judge?

# %%
outside = models.load("mnist", "classifier")
nines = only(train_set, 9)


def judged(pictures):
    """Shares (valid, others, outside), medians (moved, from nines), and the largest change of a pixel."""
    others = [(logits(readers, pictures.roll(k, 0)) > 0).float().mean() for k in range(1, 8)]
    seen = outside.head(outside(2 * pictures.reshape(-1, 1, 28, 28) - 1)).argmax(dim=1)
    moved, away = (pictures - fours).norm(dim=-1), torch.cdist(pictures, nines.expand(8, -1, -1)).min(dim=-1).values
    shares = [(logits(readers, pictures) > 0).float().mean(), torch.stack(others).mean(), (seen == 9).float().mean()]
    return torch.stack([*shares, moved.median(), away.median(), (pictures - fours).abs().amax(dim=-1).median()])


marks = {name: judged(made) for name, made in answers.items()}
floor = torch.cdist(only(test_set, 9), nines).min(dim=1).values.median()

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
print("               valid  others  outside   moved  from nines")
for name, (own, other, seen, moved, away, _) in marks.items():
    print(f"{name:13s} {percent(own):>6s} {percent(other):>7s} {percent(seen):>8s} {moved:7.1f} {away:11.1f}")
print(f"{'real nines':38s} {'':6s} {floor:4.1f}")

# %%
own, other, seen, moved, away, most = (
    dict(zip(marks, column, strict=True)) for column in torch.stack([*marks.values()]).T
)
claim("pixels: no pixel changes by more than 0.25, in the median", most["pixels"] < 0.25, most)
claim("more than 80 % of the other networks are fooled", other["pixels"] > 0.8, other)
claim("the outside judge sees a nine in less than 10 %", seen["pixels"] < 0.1, seen)
claim("copying alone flips less than 20 %", own["copy only"] < 0.2, own)
claim("blend: the outside judge sees more nines than in either VAE row",
      seen["blend"] > max(seen["VAE"], seen["VAE, prior"]), seen)  # fmt: skip
claim("the prior term changes the VAE's share by less than 25 points", abs(seen["VAE, prior"] - seen["VAE"]) < 0.25)
claim("a strong one lowers it, by more than 5 points", seen["strong prior"] < seen["VAE"] - 0.05, seen)
claim("copying alone moves more than half as far as the VAE's answers", moved["copy only"] > moved["VAE"] / 2, moved)
claim("nearest nine: over 90 %", seen["nearest nine"] > 0.9, seen)
claim("but it moves more than five times as far as pixels", moved["nearest nine"] > 5 * moved["pixels"], moved)

# %% [markdown]
# Two surprises. **The same haze fools nearly all the others.** The outside judge isn't fooled: to it they are fours.
# Why the others? We suspect that they share weaknesses because they learned from the same pictures. Take that away:
# eight networks that learned from 250 pictures *each*, all different. And as a control eight that learned from the
# *same* 250.

# %%
order = torch.randperm(1000, generator=torch.Generator().manual_seed(1)).reshape(8, 125)
own_250 = torch.cat([learned[0][order], learned[0][1000 + order]], dim=1)  # (8, 250, 784): fours, then nines
labels_250 = eight((torch.arange(250) >= 125).float())


def fooled(net):
    """The share of the other networks that say nine to the haze, and to the fours themselves."""
    haze = walk(net, to_nine, lambda x: x.clamp(0, 1), fours, step=0.05)
    return [
        torch.stack([(logits(net, x.roll(k, 0)) > 0).float().mean() for k in range(1, 8)]).mean() for x in (haze, fours)
    ]


transfer = {"own 250": fooled(fit(own_250, labels_250, [784, 32, 1]))}
transfer["same 250"] = fooled(fit(eight(own_250[0]), labels_250, [784, 32, 1]))
claim("same 250: more than 85 % of the others are fooled", transfer["same 250"][0] > 0.85, transfer)
claim("own 250: less than 45 %", transfer["own 250"][0] < 0.45, transfer)
claim("without haze less than 10 % say nine", max(bare for _, bare in transfer.values()) < 0.1, transfer)

# %% [markdown]
# That was it. "Another seed" alone is a weak judge; other *data* make a stronger one here. (In larger nets such
# pictures were found to fool even networks of other shapes and other data: see Goodfellow et al. 2015.)
#
# **And the plain ways win.** With our stop, $f = 2$, the outside judge calls about half of the VAE's pictures nines,
# and most of the blends. A weak prior term changes little, and a strong one makes it worse. Besides, the VAE's
# plain copy, no nine at all, already moves more than half as far. (In the last column
# the blend has an easy game: it is made of one of these nines.)
#
# Which of them *explains* the classifier? None of these five judges can say. With digits nobody knows the reason why
# the network says four. So let us make a world in which we do.

# %% [markdown]
# ## 3. A world whose rule we know
#
# Think of X-ray cards in a hospital, drawn by a program. Each has three parts:
#
# - a **shadow**, the bar below. *The rule: ill means that it is longer than half.*
# - an **organ**, the disc. It tends to be larger where the shadow is longer, and has no say in the rule.
# - a **stamp** in the corner. The ward for the ill stamps its cards, so 95 % of the stamps agree with the *written*
#   diagnosis. And 10 % of the diagnoses are written down wrongly.
#
# (Zech et al. 2018 found real networks for pneumonia that knew the hospital from the picture, and patients of one
# hospital had pneumonia far more often.)


# %% jupyter={"source_hidden": true}
row, column = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
WHERE = {
    "shadow": (row >= 8) & (row < 10),
    "organ": (row < 8) & (column >= 4),
    "stamp": (row >= 1) & (row < 3) & (column >= 1) & (column < 3),
}


def draw(parts):
    length, radius, stamp = (parts[name][:, None, None] for name in WHERE)
    shadow = (length + 1 - column).clamp(0, 1) * (WHERE["shadow"] & (column >= 1))
    organ = (radius + 0.5 - torch.hypot(column - 7.5, row - 3.5)).clamp(0, 1)
    return (shadow + organ + stamp * WHERE["stamp"]).flatten(1)


# %%
def cards(n, seed, lot=False):
    """n cards: parts, noise, pictures (n, 144), diagnoses as written, and the truth. lot: random stamps."""
    chance = torch.Generator().manual_seed(seed)
    (u, e), luck = torch.randn(2, n, generator=chance), torch.rand(3, n, generator=chance)
    ill = u > 0
    written = ill ^ (luck[0] < 0.1)
    stamp = luck[2] < 0.5 if lot else written ^ (luck[1] < 0.05)
    parts = {"shadow": (5.5 + 2 * u).clamp(1, 10), "organ": (1.9 + 0.35 * u + 0.357 * e).clamp(0.8, 3)}
    parts["stamp"] = stamp.float()
    noise = 0.1 * torch.randn(n, 144, generator=chance)
    return parts, noise, draw(parts) + noise, written.float(), ill


# %% [markdown]
# Eight classifiers **A** learn from cards as they come, and eight classifiers **B** from the *same* cards, with the
# same diagnoses, but their stamps are drawn at random. B can't use the stamp: it says nothing.
#
# The drawing program can *intervene*. **do(stamp)** draws a card again with the other stamp, and leaves the rest as it
# is, the noise included. do(shadow) mirrors the length about the middle, do(organ) the size. How often does the
# decision flip?
#
# **Predict, and say why:** A sees shadows *and* stamps. Which one will decide?

# %%
OTHER = {"shadow": lambda v: 11 - v, "organ": lambda v: 3.8 - v, "stamp": lambda v: 1 - v}


def do(parts, name):
    return parts | {name: OTHER[name](parts[name])}


as_come = [cards(2000, seed=100 + k) for k in range(8)]
by_lot = [cards(2000, seed=100 + k, lot=True) for k in range(8)]
seen_cards, lot_cards = (torch.stack([each[2] for each in sets]) for sets in (as_come, by_lot))
diagnoses = torch.stack([each[3] for each in as_come])
A, B = fit(seen_cards, diagnoses, [144, 32, 32, 1]), fit(lot_cards, diagnoses, [144, 32, 32, 1])

# %%
parts, noise, new, wrote, ill = cards(1000, seed=5)
elsewhere = cards(1000, seed=6, lot=True)


def right(net, x, truth):
    return ((logits(net, eight(x)) > 0) == truth).float().mean(dim=1)


def flips(net, name):
    """The share of new cards whose decision changes under do(name): (8,)."""
    changed = draw(do(parts, name)) + noise
    return ((logits(net, eight(changed)) > 0) != (logits(net, eight(new)) > 0)).float().mean(dim=1)


reasons = {label: {name: flips(net, name) for name in WHERE} for label, net in (("A", A), ("B", B))}
scores = {label: (right(net, new, ill), right(net, *elsewhere[2::2])) for label, net in (("A", A), ("B", B))}

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(6.8, 2.6), width_ratios=(1.25, 1), layout="constrained")
blocks = {name: new[ill == (name == "ill")][:4].clamp(0, 1).reshape(-1, 12, 12) for name in ("ill", "well")}
plotting.image_grid({name: 2 * some_cards - 1 for name, some_cards in blocks.items()}, rows=1, ax=axes[0])
for place, name in enumerate(WHERE):
    for shift, label, color in ((-0.13, "A", plotting.FAKE), (0.13, "B", plotting.REAL)):
        values = reasons[label][name]
        axes[1].plot(
            np.full(8, place + shift), values, "o" if label == "A" else "s", color=color, alpha=0.6, markersize=5
        )
axes[1].plot([], [], "o", color=plotting.FAKE, label="A: cards as they come")
axes[1].plot([], [], "s", color=plotting.REAL, label="B: random stamps")
axes[1].set_xticks(range(3), WHERE)
axes[1].set(xlabel="part that is set", ylabel="share that flips", ylim=(-0.05, 1.05), xlim=(-0.5, 2.5))
axes[1].legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.45, 1.3))
plt.show()

# %%
median = {label: {name: v.median() for name, v in each.items()} for label, each in reasons.items()}
claim("A: do(stamp) flips more than 60 %, do(shadow) less than 40 %",
      median["A"]["stamp"] > 0.6 and median["A"]["shadow"] < 0.4, median["A"])  # fmt: skip
claim("B: do(shadow) flips more than 80 %, do(stamp) less than 3 %",
      median["B"]["shadow"] > 0.8 and median["B"]["stamp"] < 0.03, median["B"])  # fmt: skip
claim("do(organ) flips less than 10 % in each network", max(v["organ"].max() for v in reasons.values()) < 0.1, reasons)
as_written = {label: right(net, new, wrote == 1).median() for label, net in (("A", A), ("B", B))}
claim("on cards as they come A agrees with the written diagnoses in over 90 %, B in less",
      as_written["A"] > 0.9 and as_written["B"] < as_written["A"] - 0.03, as_written)  # fmt: skip
claim("with the truth B agrees more often, by over 3 points",
      scores["B"][0].median() > scores["A"][0].median() + 0.03, scores)  # fmt: skip
claim("with random stamps, A is right for less than 70 %, B for over 90 %",
      scores["A"][1].median() < 0.7 and scores["B"][1].median() > 0.9, scores)  # fmt: skip

# %% [markdown]
# That is our truth. **A** decides by the stamp, though it could have used the shadow: the diagnoses agree with the
# rule in 90 %, and with the stamp in 95 %. This is called a **shortcut**. On new cards of the same hospital you don't
# notice: written diagnoses are all that it has, and with these A agrees more often than B. Elsewhere, where stamps
# mean nothing, A is lost. **B** decides by the shadow. (Mirroring flips B in 90 % and not in all: some shadows lie
# near the middle.)

# %% [markdown]
# ## 4. What do the explanations name?
#
# Now forget the program for a moment. You have the classifier and cards as they come, and you ask for counterfactuals
# of 100 new cards. What will a reader see change? We say that a part **visibly changes** if its *ink*, the sum of its
# pixels, changes by more than one standard deviation of that ink over the cards. (For the stamp that is about half of
# it.)
#
# **Predict:** which parts change in the nearest card with the other decision, for A, and for B?

# %%
INK = torch.stack([place.float().flatten() for place in WHERE.values()])  # (3, 144)
usual = (seen_cards @ INK.T).std(dim=1, keepdim=True)  # (8, 1, 3)
asked = eight(cards(100, seed=7)[2])


def wish_of(net):
    return -logits(net, asked).sign()


def changes(pictures, cut=1.0):
    """The share of counterfactuals in which each part visibly changes: (8, 3)."""
    return (((pictures - asked) @ INK.T).abs() > cut * usual).float().mean(dim=1)


def nothing(pictures):
    """The share in which no part visibly changes, in the median of the networks."""
    return (((pictures - asked) @ INK.T).abs() <= usual).all(dim=-1).float().mean(dim=1).median()


# %% jupyter={"source_hidden": true}
def agreed(net, pictures):
    """Valid for its own network, and for the seven others of its kind."""
    wish = wish_of(net)
    flipped = [logits(net, pictures.roll(k, 0)).sign() == wish.roll(k, 0) for k in range(8)]
    return flipped[0].float().mean(), torch.stack(flipped[1:]).float().mean()


def plain(net):
    wish = wish_of(net)
    return {
        "pixels": walk(net, wish, lambda x: x, asked, step=0.05),
        "nearest card": look_up(net, wish, asked, seen_cards),
    }


told = {"A": plain(A), "B": plain(B)}

# %%
plain_changes = {
    label: {way: changes(x).median(dim=0).values for way, x in ways.items()} for label, ways in told.items()
}
agree = [(each[0]["shadow"] > 5.5) == (each[0]["stamp"] == 1) for each in as_come]
typical = torch.stack([pictures[rows][:1600] for pictures, rows in zip(seen_cards, agree, strict=True)])
unusual = changes(look_up(B, wish_of(B), asked, typical)).median(dim=0).values
claim("pixels: no part visibly changes, for A and B", max(v["pixels"].max() for v in plain_changes.values()) < 0.02)
shadow, _, stamp = plain_changes["A"]["nearest card"]
claim("nearest card, A: the stamp changes in over 50 %, the shadow in less than 20 %", stamp > 0.5 and shadow < 0.2)
shadow, _, stamp = plain_changes["B"]["nearest card"]
claim("nearest card, B: the shadow in over 25 %, the stamp in less than 10 %", shadow > 0.25 and stamp < 0.1)
claim("B: in over 40 % no part visibly changes", nothing(told["B"]["nearest card"]) > 0.4)
claim("among cards without exceptions B's stamp changes in over half", unusual[2] > 0.5, unusual)

# %% [markdown]
# Where the look-up names a part, it is mostly the right one: the stamp for A, the shadow for B. But for B it often
# names none. Why not both for B, as stamps and shadows go together? Among 2,000 cards there are *exceptions*, long
# shadows without a stamp. The stamp is four bright pixels, so a card with the same stamp is nearer. In a pile without
# exceptions (the last claim) B's stamp changes most of the time.
#
# The walk in pixels is a riddle to the eye again: it flips everything, and nothing changes that you could see. But we
# know where the parts are, so a program can measure the haze: its mean square per pixel, in each part. **Predict:**
# does that tell A from B?


# %%
def strongest(way):
    """Per pixel, where does it change most? The shares of shadow, organ and stamp, for A and B."""
    most = {k: ((told[k][way] - asked).square() @ INK.T / INK.sum(dim=1)).argmax(dim=-1).flatten() for k in "AB"}
    return {k: torch.bincount(v, minlength=3) / len(v) for k, v in most.items()}


haze = strongest("pixels")
claim("A's haze is strongest in the stamp, in over 90 %", haze["A"][2] > 0.9, haze)
claim("B's haze is strongest in the shadow, in over 85 %", haze["B"][0] > 0.85, haze)

# %% [markdown]
# It does: each network is pushed at the part that it uses. But one needs a ruler, and must know the parts beforehand.
# With the digits we had none.

# %% [markdown]
# ## 5. With and without an adversary
#
# Can a GAN do better? Train a generator $R$ that *explains*: it sees the card and the wished decision $w = \pm 1$, and
# gives a change, $x' = x + R(x, w)$. Three losses:
#
# $$\underbrace{\max(0,\, 3 - w f(x'))}_{\text{flip}} + \underbrace{0.02 \, \|x' - x\|_1}_{\text{change little}} +
# \underbrace{a \cdot \big(-\log D(x')\big)}_{\text{look like a card}}$$
#
# The discriminator $D$ tells real cards from changed ones. (The 3 leaves room: most new cards then pass 2.) Nemirovsky
# et al. (2020) proposed such a generator, and call it a *residual GAN*. We train it with the weight $a = 1$, and
# without adversary ($a = 0$).
#
# **Predict, and say why:** B ignores the stamp. In what share of B's explanations will the stamp change, with $a = 0$
# and with $a = 1$?


# %% jupyter={"source_hidden": true}
def judge_step(D, adam, real, fake, penalise):
    loss = (F.softplus(-D(real)) + F.softplus(D(fake))).mean(dim=(1, 2)).sum()
    if penalise:  # R1, every fourth step
        x = real.clone().requires_grad_()
        (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
        loss = loss + 0.2 * slope.square().sum(dim=-1).mean(dim=1).sum()
    adam.zero_grad()
    loss.backward()
    adam.step()


def explainer_loss(net, D, x, made, wish, weight):
    loss = 0.02 * (made - x).abs().sum(dim=-1).mean(dim=1) + F.relu(3 - wish * logits(net, made)).mean(dim=1)
    if weight:
        loss = loss + weight * F.softplus(-D(made)).mean(dim=(1, 2))
    return loss.sum()


# %%
def explained(net, known, shown, weight, steps=900, seed=3):
    """Eight generators, practising on known; D is shown others. What they make of the asked cards: (8, 100, 144)."""
    R, D = small([145, 64, 144], first=70), small([144, 64, 1], first=90)
    adam, adam_d = (torch.optim.Adam(n.parameters(), lr, (0.0, 0.99)) for n, lr in ((R, 0.002), (D, 0.004)))
    chance, wishes = torch.Generator().manual_seed(seed), -logits(net, known).sign()
    for step in range(steps):
        adam.param_groups[0]["lr"] = 0.002 * min(1, 2 - 2 * step / steps)
        rows, others = torch.randint(2000, (2, 64), generator=chance)
        x, wish = known[:, rows], wishes[:, rows]
        made = x + R(torch.cat([x, wish[..., None]], dim=-1))
        if weight:
            D.requires_grad_(True)
            judge_step(D, adam_d, shown[:, others], made.detach(), penalise=step % 4 == 0)
            D.requires_grad_(False)
        adam.zero_grad()
        explainer_loss(net, D, x, made, wish, weight).backward()
        adam.step()
    with torch.no_grad():
        return asked + R(torch.cat([asked, wish_of(net)[..., None]], dim=-1))


# %%
for label, net in (("A", A), ("B", B)):
    told[label]["no adversary"] = explained(net, seen_cards, seen_cards, weight=0)
    told[label]["adversary"] = explained(net, seen_cards, seen_cards, weight=1)

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(6.8, 4.4), layout="constrained")
for ax, (label, ways) in zip(axes, told.items(), strict=True):
    blocks = {"card": asked[1, 2:7]} | {way: x[1, 2:7] for way, x in ways.items()}
    title = "A: the stamp decides" if label == "A" else "B: the shadow decides"
    plotting.image_grid(
        {k: 2 * v.clamp(0, 1).reshape(-1, 12, 12) - 1 for k, v in blocks.items()}, rows=1, ax=ax, title=title
    )
axes[1].set_yticks([])
fig.get_layout_engine().set(wspace=0.06)
plt.show()

# %% jupyter={"source_hidden": true}
LOOK = {"pixels": "x", "nearest card": "s", "no adversary": "v", "adversary": "o"}
COLORS = dict(zip(LOOK, [plotting.NEUTRAL[1], plotting.REAL, plotting.FAKE, plotting.FAKE], strict=True))
fig, axes = plt.subplots(1, 2, figsize=(6.8, 2.9), sharey=True, layout="constrained")
for ax, (label, ways) in zip(axes, told.items(), strict=True):
    for place, (way, x) in enumerate(ways.items()):
        values = changes(x)[:, 2]
        ax.plot(
            values,
            place + np.linspace(-0.2, 0.2, 8),
            LOOK[way],
            color=COLORS[way],
            markersize=6,
        )
    ax.axvline(float(median[label]["stamp"]), color="black", linestyle="--", label="truth: do(stamp) flips")
    ax.set(title=label, xlim=(-0.05, 1.05))
axes[0].set_yticks(range(4), told["A"])
axes[0].invert_yaxis()
fig.supxlabel("share of explanations in which the stamp visibly changes (a mark: one network)", fontsize=10)
axes[1].legend(fontsize=9, loc="center right", bbox_to_anchor=(1.02, 0.62))
plt.show()

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
print("                    valid  others    shadow  organ  stamp   visibly change (median)   nothing does")
for label, net in (("A", A), ("B", B)):
    for way, x in told[label].items():
        own, other = agreed(net, x)
        parts_row = "".join(f"{percent(v):>7s}" for v in changes(x).median(dim=0).values)
        print(f"{label} {way:16s} {percent(own):>6s} {percent(other):>7s}   {parts_row}{percent(nothing(x)):>32s}")

# %%
stamp = {label: {way: changes(x)[:, 2].median() for way, x in ways.items()} for label, ways in told.items()}
trust = {label: {way: agreed(net, told[label][way])[1] for way in told[label]} for label, net in (("A", A), ("B", B))}
in_b = changes(told["B"]["adversary"]).median(dim=0).values
claim("all flip over 95 %", min(agreed(n, x)[0] for n, k in ((A, "A"), (B, "B")) for x in told[k].values()) > 0.95)
claim(
    "without adversary nothing visibly changes in over 95 %", min(nothing(told[k]["no adversary"]) for k in "AB") > 0.95
)
claim("with it, in less than 50 %", max(nothing(told[k]["adversary"]) for k in "AB") < 0.5)
claim("A's others follow in less than 30 % without, in over 80 % with it",
      trust["A"]["no adversary"] < 0.3 and trust["A"]["adversary"] > 0.8, trust)  # fmt: skip
claim("B's others: in over 50 % without it, in over 70 % with it",
      trust["B"]["no adversary"] > 0.5 and trust["B"]["adversary"] > 0.7, trust)  # fmt: skip
claim("A: with the adversary the stamp changes in over 80 %", stamp["A"]["adversary"] > 0.8, stamp)
claim("B, which ignores the stamp: in over 45 % as well", stamp["B"]["adversary"] > 0.45, stamp)
claim("and the shadow in over 35 %", in_b[0] > 0.35, in_b)

# %% [markdown]
# Without the adversary the generator has learned to attack: it flips everything, and nothing changes that has a name.
# Do the other networks agree? Hardly for A, and mostly for B. So agreement alone proves little. **The adversary makes
# the change visible**: now parts of the card change that you can name, and most other networks agree. (Real cards they
# aren't quite: see the grey remains in the last row. In the table each column has a median of its own, so a row need
# not add up to 100 %.)
#
# For B the shadow comes and goes, and that is right. But a **stamp** does so, too, and here even more often. A reader
# would write in the report: "it looks at the shadow and the stamp". It doesn't look at the stamp; do(stamp) flips one
# decision in a hundred.

# %% [markdown]
# Why the stamp? In the cards as they come it goes with the shadow, and they enter twice: $D$ sees them, so a long
# shadow without a stamp looks false to it; and $R$ practises on them, so it could learn "wish ill: add a stamp". Take
# these causes away *one at a time*: give only $D$, or only $R$, cards with random stamps. **Predict** which matters.

# %%
explainers = {"as before": told["B"]["adversary"], "D's cards random": explained(B, seen_cards, lot_cards, weight=1)}
explainers["R's cards random"] = explained(B, lot_cards, seen_cards, weight=1)
has, ill_wished = (asked @ INK.T)[..., 2] > 2, wish_of(B) > 0


def brightness(x, rows):
    return ((x @ INK.T)[..., 2] / 4)[rows].mean()  # of the stamp's four pixels


visible = {name: changes(x).median(dim=0).values for name, x in explainers.items()}
half = {name: changes(x, 0.5)[:, 2].median() for name, x in explainers.items()}
added = {name: brightness(x, ~has & ill_wished) for name, x in explainers.items()}

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
print("B, wish ill: mean brightness of the stamp, from 0 (missing) and from 1 (there already), to:")
for name, x in explainers.items():
    print(f"{name:18s} others {percent(agreed(B, x)[1])}, stamp changes by half a standard deviation in "
          f"{percent(half[name])}   0 to {added[name]:.1f}   1 to {brightness(x, has & ill_wished):.1f}")  # fmt: skip

# %%
claim("D's cards random: the stamp changes by half a standard deviation in less than 40 %",
      half["D's cards random"] < 0.4, half)  # fmt: skip
claim("R's cards random: more often, by over 10 points", half["R's cards random"] > half["D's cards random"] + 0.1)
fainter = min(added["as before"], added["R's cards random"])
claim("missing stamps get a quarter bright at least", fainter > 0.25, added)
claim("and more than 1.5 times as bright as with random cards for D", fainter > 1.5 * added["D's cards random"], added)
claim("D's cards random: the shadow visibly changes in over 35 %", visible["D's cards random"][0] > 0.35, visible)
claim("and the other networks agree in over 70 %", agreed(B, explainers["D's cards random"])[1] > 0.7)

# %% [markdown]
# Show $D$ random stamps, and the stamp mostly stays as it is, while the shadow still changes. Give only $R$ random
# stamps, and it still comes, though more weakly. So it is mainly the adversary's data, with some help of $R$'s. (How
# much depends on the training: after 300 steps the stamp comes only where *both* see cards as they come.) What makes
# an explanation *look like the data* also brings along what merely *goes together* in the data. **Correlated
# attributes mislead.**
#
# Compare the winners for B. The look-up needs no training, mostly names the shadow or nothing, and the other networks
# agree. The generator whose $D$ saw random stamps does about as well. (It aims at a logit of 3, though, and the
# look-up at 2.)

# %% [markdown]
# ## 6. Seen together, or decided by?
#
# So the GAN's reports on A and on B both name the stamp. What tells them apart is the *intervention*. For A and B, two
# numbers:
#
# - **seen**: the share called ill among cards *with* a stamp, minus that among cards without;
# - **done**: the share called ill when *all* cards get a stamp, minus that when none gets one.
#
# **Predict both numbers for B.**

# %%
stamped = parts["stamp"] == 1


def called_ill(net, pictures, rows=slice(None)):
    return (logits(net, eight(pictures)) > 0)[:, rows].float().mean(dim=1)


def seen_and_done(net):
    seen = called_ill(net, new, stamped) - called_ill(net, new, ~stamped)
    everyone, nobody = (draw(parts | {"stamp": torch.full((1000,), v)}) + noise for v in (1.0, 0.0))
    return seen.median(), (called_ill(net, everyone) - called_ill(net, nobody)).median()


seen_a, done_a = seen_and_done(A)
seen_b, done_b = seen_and_done(B)
claim("A: seen over 0.85, done over 0.6", seen_a > 0.85 and done_a > 0.6, (seen_a, done_a))
claim("B: seen over 0.55, done within 0.05 of 0", seen_b > 0.55 and abs(done_b) < 0.05, (seen_b, done_b))
identity(
    "do(stamp) makes nobody ill: the shadow is the same", torch.equal(do(parts, "stamp")["shadow"], parts["shadow"])
)

# %% [markdown]
# B calls stamped cards ill far more often: they *are* ill more often. That is conditioning, and says nothing about what
# B uses. Only the second number does. Three sentences to keep apart:
#
# 1. *Stamped cards are called ill more often.* Seeing. True for A and for B.
# 2. *If we set the stamp, the network says ill more often.* Doing, **to the classifier**. True for A only.
# 3. *If we stamp people, they fall ill.* Doing, **to the world**. False; nobody's shadow grows.
#
# A counterfactual explanation can at best help you to sentence 2. It is about the **classifier, not the world**. And it
# is a suggestion: it says where to look. The test is to change that one thing, alone. In the drawn world the program
# does it. In a real one you need scissors: swap the stamp, photograph again. (Or cover it; section 7 shows that the
# paint's colour matters.)

# %% [markdown]
# ## 7. Inside the network
#
# The same question can be asked of a network's parts: not which pixel, but which *activation* carries the stamp? Take
# pairs of cards, as they are and under do(stamp). In the first hidden layer the network computes 32 numbers $h$ for
# the one and $h'$ for the other. Their mean difference (from other cards, stamped minus not) is a direction $d$ of
# length 1. **Patch** it: move $h$ along $d$ only, as far as $h'$ lies,
#
# $$h + \big((h' - h) \cdot d\big) \, d,$$
#
# and let the rest of the network go on. If decisions flip as under do(stamp), this direction carries it. Controls:
# random directions, the *same push* along random directions, the difference between two random cards, the direction of
# the shadow, and all of $h' - h$ *but* $d$. And single units: for each network the one that flips most on other cards.
#
# **Predict:** which control will come closest?


# %%
def hidden(net, x):
    return net.layers[1](net.layers[0](eight(x)))


def goes_on(net, h):
    for layer in net.layers[2:]:
        h = layer(h)
    return h[..., 0] > 0


# %%
def pair(name, cards_, net=A):
    return hidden(net, cards_[2]), hidden(net, draw(do(cards_[0], name)) + cards_[1])


def direction(name, cards_, net=A):
    h, changed = pair(name, cards_, net)
    more = (OTHER[name](cards_[0][name]) - cards_[0][name]).sign()[:, None]  # +1 where the part grows
    return F.normalize(((changed - h) * more).mean(dim=1, keepdim=True), dim=-1)


def along(difference, d):
    return (difference * d).sum(dim=-1, keepdim=True) * d


# %% jupyter={"source_hidden": true}
probe, fresh = cards(1000, seed=8, lot=True), elsewhere
d, d_shadow = direction("stamp", probe), direction("shadow", probe)
h, changed = pair("stamp", fresh)


def flipped_by(new_h):
    return (goes_on(A, new_h) != goes_on(A, h)).float().mean(dim=1)


chance = torch.Generator().manual_seed(4)
lots = F.normalize(torch.randn(20, 8, 1, 32, generator=chance), dim=-1)
one, two = torch.randint(1000, (2, 20), generator=chance)
of_two = [
    F.normalize(hidden(A, probe[2][i : i + 1]) - hidden(A, probe[2][j : j + 1]), dim=-1)
    for i, j in zip(one, two, strict=True)
]
push = ((changed - h) * d).sum(dim=-1, keepdim=True)

# %%
found = {"all of it": flipped_by(changed), "stamp direction": flipped_by(h + along(changed - h, d))}
found["shadow direction"] = flipped_by(h + along(changed - h, d_shadow))
found["two random cards"] = torch.stack([flipped_by(h + along(changed - h, r)) for r in of_two]).mean(dim=0)
found["random, same push"] = torch.stack([flipped_by(h + push * r) for r in lots]).mean(dim=0)
found["random"] = torch.stack([flipped_by(h + along(changed - h, r)) for r in lots]).mean(dim=0)

# %% jupyter={"source_hidden": true}
h_probe, changed_probe = pair("stamp", probe)
before, units = goes_on(A, h_probe), []
for unit in range(32):
    only_one = h_probe.clone()
    only_one[..., unit] = changed_probe[..., unit]
    units.append((goes_on(A, only_one) != before).float().mean(dim=1))
best = torch.stack(units).argmax(dim=0)  # (8,), chosen on other cards
one_hot = F.one_hot(best, 32)[:, None].float()
found["best single unit"] = flipped_by(h + (changed - h) * one_hot)
found["all but direction"] = flipped_by(changed - along(changed - h, d))

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
for place, (name, values) in enumerate(found.items()):
    color = plotting.FAKE if name == "stamp direction" else plotting.NEUTRAL[1]
    ax.plot(values, np.full(8, place), "o", color=color, alpha=0.6, markersize=6)
ax.set_yticks(range(len(found)), found)
ax.invert_yaxis()
ax.set(xlabel="decisions of A that flip (a dot: one network)", xlim=(-0.03, 1))
plt.show()

# %%
middle = {name: values.median() for name, values in found.items()}
whole, one_way = middle["all of it"], middle["stamp direction"]
claim("the layer's change flips over 60 %, one direction as many, within 5 points",
      min(whole, one_way) > 0.6 and abs(whole - one_way) < 0.05, middle)  # fmt: skip
claim("all the rest of the change: less than 10 %", middle["all but direction"] < 0.1, middle)
claim("random directions: less than 10 %", middle["random"] < 0.1, middle)
claim("with the same push: less than 20 %, but more than without",
      middle["random"] < middle["random, same push"] < 0.2, middle)  # fmt: skip
claim("two random cards: over 15 %", middle["two random cards"] > 0.15, middle)
claim("the shadow's direction: over half", middle["shadow direction"] > 0.5, middle)
claim("the best single unit: less than 25 %", middle["best single unit"] < 0.25, middle)
alike = (d * d_shadow).sum(dim=-1).flatten()
alike_b = (direction("stamp", probe, B) * direction("shadow", probe, B)).sum(dim=-1).flatten()
claim("stamp's and shadow's directions: cosine over 0.8 in A", alike.median() > 0.8, alike)
claim("in B between -0.4 and 0.4 (medians)", abs(alike_b.median()) < 0.4, alike_b)

# %% [markdown]
# Against random directions the result looks marvellous. Against *strong* controls less so: the shadow's direction
# flips more than half, and the difference between two cards picked at random far more than a random direction. (Real
# cards differ in shadows and stamps, so that control isn't independent.) In A the two directions are nearly one; in B,
# which ignores the stamp, they aren't. A's layer collects evidence for "ill", and both parts write it to nearly the
# same place. So "this direction carries the stamp" is true, and "it carries *only* the stamp" is not. No single unit
# is the stamp's unit.
#
# Can we then cure A by *removing* that direction (each card gets the mean there)? And with a better knife, which
# takes the stamp's part along $d$ and leaves what lies along the shadow's direction? **Predict**, and compare with
# something plain: paint the corner grey, or black.

# %%
h_fresh, mean = hidden(A, fresh[2]), hidden(A, probe[2]).mean(dim=1, keepdim=True)
reader = torch.linalg.pinv(torch.cat([d, d_shadow], dim=1).mT)[:, :1]  # (8, 1, 32): 1 along d, 0 along the shadow's
of_stamp = ((h_fresh - mean) * reader).sum(dim=-1, keepdim=True) * d


def painted(grey):
    corner = fresh[2].clone()
    corner[:, WHERE["stamp"].flatten()] = grey  # 1 is a stamp's ink
    return right(A, corner, fresh[4])


cures = {
    "as it is": right(A, fresh[2], fresh[4]),
    "direction removed": (goes_on(A, h_fresh - along(h_fresh - mean, d)) == fresh[4]).float().mean(dim=1),
    "better knife": (goes_on(A, h_fresh - of_stamp) == fresh[4]).float().mean(dim=1),
    "corner grey": painted(0.5),
    "corner black": painted(0.0),
    "B": right(B, fresh[2], fresh[4]),
}

# %%
cured = {name: values.median() for name, values in cures.items()}
claim("random stamps: A is right for less than 70 %", cured["as it is"] < 0.7, cured)
claim("with the direction removed for even less", cured["direction removed"] < cured["as it is"] - 0.02, cured)
claim("with the better knife for over 75 %", cured["better knife"] > 0.75, cured)
claim("a grey corner is better still: over 80 %", cured["corner grey"] > max(0.8, cured["better knife"]), cured)
claim("a black corner is not: less than 75 %", cured["corner black"] < 0.75, cured)
claim("B is best", cured["B"] > cured["corner grey"], cured)

# %% [markdown]
# The plain cut makes it *worse* than doing nothing: stamp and shadow have nearly the same direction, so the cut takes
# most of both. The better knife helps, but one must know the shadow's direction to guide it. With a grey corner A reads
# shadows quite well; it had learned both. But covering isn't neutral: to A, "no stamp" is evidence as well, so the
# paint must lie between the two. The best remedy is B's: better data.

# %% [markdown]
# ## What all this does not show
#
# - **That adversaries make bad explanations.** Ours copied a correlation. Shown data without it, it mostly doesn't.
# - **That all weights do so.** The game hangs on $a$ beside 0.02. Try `weight=0.3`: does any part visibly change?
# - **That the nearest example always wins.** It did on simple cards with 2,000 to choose from, and exceptions among
#   them. With large photographs the nearest one is far away.
# - **That a haze is meaningless.** The classifier uses something there. In a picture without known parts we can't
#   read it.
# - **How large networks work.** Ours have one or two hidden layers, and a planted reason. In larger ones directions are
#   harder to find, and controls matter more.

# %% [markdown]
# ## Help, I get …
#
# ### The walk never stops
# Some rows don't reach a logit of 2: the prior pulls back harder than the slope pushes, or clamped pixels have no
# slope. Lower `pull`, or count these rows as invalid. Don't drop them quietly.
#
# ### My counterfactual differs although I changed nothing
# A VAE's copy of a picture isn't the picture. Compare with the copy, too (section 1's control).
#
# ### All explanations look alike, whatever the classifier
# Then they explain the data. Try a classifier that wasn't trained, or one with another known reason, as B is for A.

# %% [markdown]
# ### do(stamp) changes other things as well
# The same noise must be used twice. Draw it once, and add it to both pictures.
#
# ### Random directions do nothing, so my direction is special
# In a layer of many numbers a random direction is nearly at right angles to all that matters. Take controls of the
# same push, and directions between real activations.

# %% [markdown]
# ## Recap
#
# - A counterfactual explanation shows a nearby input with another decision. In pixels that is an adversarial example.
# - Judge by more than validity: outside judges, distance, and above all the true reason, where you can know it.
# - Other seeds on the same data share weaknesses. They are weak judges.
# - What makes a counterfactual plausible, a prior or an adversary, also copies correlations, so it may name what the
#   classifier ignores. The nearest real example is a strong rival.
# - The test of a suspected reason is an intervention on it alone. It tells about the classifier, not about the world.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>An adversarial example flips the decision. Why is it no good explanation?</summary>
#
# It is valid and near. But by eye nobody can read from it *what* the classifier used, and to other judges nothing has
# changed. (Where the parts are known, measuring it helps.)
#
# </details>
#
# <details><summary>Patients with a stamp are called ill more often. Does the classifier use the stamp?</summary>
#
# It can't be told from that: B does so, too, and ignores it. Set the stamp and leave the rest, then count.
#
# </details>
#
# <details><summary>The explainer's pictures change hair and glasses together. What do you do next?</summary>
#
# Change each alone: glasses on and off on the same heads, hair likewise. The decision that flips tells.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Wachter, Mittelstadt & Russell 2017, Counterfactual Explanations without Opening the Black
#   Box](https://arxiv.org/abs/1711.00399): the idea, and its objective.
# - [Goodfellow, Shlens & Szegedy 2015, Explaining and Harnessing Adversarial
#   Examples](https://arxiv.org/abs/1412.6572): why a haze flips a network, and why it transfers.
# - [Nemirovsky et al. 2020, CounteRGAN](https://arxiv.org/abs/2009.05199): the residual GAN of section 5.
# - [Lang et al. 2021, Explaining in Style](https://arxiv.org/abs/2104.13369): a StyleGAN trained with the classifier,
#   which is given, in the loop.
# - [Sauer & Geiger 2021, Counterfactual Generative Networks](https://arxiv.org/abs/2101.06046): shape, texture and
#   background by separate generators, to free classifiers from shortcuts.
# - [Zech et al. 2018](https://doi.org/10.1371/journal.pmed.1002683): networks for pneumonia that know the hospital.
#   [Geirhos et al. 2020](https://arxiv.org/abs/2004.07780): shortcuts in general.
# - [Adebayo et al. 2018, Sanity Checks for Saliency Maps](https://arxiv.org/abs/1810.03292): does an explanation change
#   when the network does?
# - [Mueller et al. 2024, The Quest for the Right Mediator](https://arxiv.org/abs/2408.01416): interventions on
#   activations, a history and a survey.

# %% [markdown]
# ## Key terms
#
# {{terms: counterfactual explanation; adversarial example; shortcut (of a classifier); prior term; residual GAN;
# intervention, do(·); activation patching}}
