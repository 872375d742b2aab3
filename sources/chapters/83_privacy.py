# %% [markdown]
# # 83 · Privacy
#
# *A generator makes people who don't exist, from people who do. Here you find out who was in its table, see which tools
# stop that and which don't, and learn what a promise with a number, ε, is worth.*
#
# > **You will be able to**
# > - measure how much a GAN has learned by heart
# > - attack it: say who was in the training set, and how sure you may be
# > - tell what encryption, de-identification and federated learning protect, and what they don't
# > - train a discriminator with DP-SGD, and count the ε that it costs
# > - catch a program that breaks its promise
# >
# > **Before you start** [41 · an MLP GAN](41_mlp_gan.ipynb); the copy audit is in [59 · your own
# > data](59_your_own_data.ipynb#4.-New?-The-copy-audit).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · no GPU needed

# %% [markdown]
# ## The idea in a picture
#
# We train nine small GANs on handwritten digits of 10 × 10 pixels: three of them see 50 digits, three 500, three 5,000.
# All else is equal: nets, batches of 32, 1,000 steps. (Imports and plotting are folded.)

# %% jupyter={"source_hidden": true}
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from sklearn.metrics import roc_auc_score, roc_curve
from torch.func import functional_call, grad, vmap

from gan_edu import data, ensemble, metrics, nets, plotting, privacy
from gan_edu.claims import claim, identity
from gan_edu.data import toy
from gan_edu.training.run import progress_bar

plotting.use_style()
PURPLE, GREY, GOLD = plotting.NEUTRAL[:3]


def train_on(gans, x, rows, batch, steps, seed=0):
    """Stacked GANs, each on its own rows (a list of indices of x)."""
    stream, seeds = torch.Generator().manual_seed(seed), torch.arange(len(rows))[:, None]
    counts = torch.tensor([len(each) for each in rows])[:, None]
    padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    with progress_bar(steps) as bar:
        for _ in range(steps):
            chosen = (torch.rand(len(rows), batch, generator=stream) * counts).long()
            gans.update(lambda places=padded[seeds, chosen]: x[places], measure=False)
            bar.update()
    return gans


# %%
digits = torch.cat([data.images("mnist", split).tensor() for split in ("train", "test")])
digits = F.avg_pool2d(digits[:, :, 4:24, 4:24], 2).flatten(1)  # (12,000, 100)
sizes = [50, 500, 5000]
some = torch.Generator().manual_seed(0)
shuffled = [torch.randperm(len(digits), generator=some) for _ in range(9)]
trained_on = [order[: sizes[j // 3]] for j, order in enumerate(shuffled)]
unseen = [order[5000 : 5000 + sizes[j // 3]] for j, order in enumerate(shuffled)]
gans = ensemble.gans(
    lambda: nets.mlp([16, 64, 64, 100], output="tanh"), lambda: nets.mlp([100, 64, 64, 1]),
    seeds=9, lr=(2e-3, 4e-3), betas=(0.5, 0.99))  # fmt: skip
fakes = train_on(gans, digits, trained_on, batch=32, steps=1000).sample(200)

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(2, 1, figsize=(6.8, 2.7), layout="constrained")
for ax, j in zip(axes, (0, 6), strict=True):
    mine = fakes[j][:12]
    pairs = torch.cat([mine, digits[trained_on[j]][metrics.nearest(mine, digits[trained_on[j]]).index[:, 0]]])
    plotting.image_grid(pairs.view(-1, 1, 10, 10), rows=2, ax=ax, title=f"{sizes[j // 3]:,} training digits")
    ax.text(-0.01, 0.75, "generated", transform=ax.transAxes, ha="right", va="center", fontsize=10)
    ax.text(-0.01, 0.25, "nearest\ntraining digit", transform=ax.transAxes, ha="right", va="center", fontsize=10)
plt.show()

# %% [markdown]
# Above: with 50 digits, most generated ones have a training digit below that is nearly the same. Below: with 5,000,
# the nearest one is only similar. (The one above also shows few of its 50: [chapter
# 23](23_mode_collapse.ipynb) is about that.) Replace "digit" by "face" or "patient" and you know what this chapter is
# about.
#
# ## 1. Learned by heart
#
# Two measures. For the **generator**, the copy audit: take as many unseen digits as training digits. For which share
# of the generated ones is the nearest digit a training digit? Without copying, ½. For the **discriminator**: does it
# give training digits larger logits than unseen ones? The **AUC** is the chance that of one training digit and one
# unseen digit the first has the larger logit. Again ½ means: nothing.
#
# **Predict, and say why:** how do both numbers change from 50 to 500 to 5,000?


# %%
def auc(members, others):
    labels = np.repeat([1, 0], [len(members), len(others)])
    return roc_auc_score(labels, np.concatenate([members, others]))


copied, told = {n: [] for n in sizes}, {n: [] for n in sizes}
with torch.no_grad():
    logits = gans.discriminator(digits.expand(9, -1, -1)).squeeze(2).numpy()
for j in range(9):
    n = sizes[j // 3]
    copied[n].append(metrics.copy_audit(fakes[j], digits[trained_on[j]], digits[unseen[j]]).share)
    told[n].append(auc(logits[j][trained_on[j]], logits[j][unseen[j]]))

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 2, figsize=(6.8, 3.2), layout="constrained")
for ax, values, label in ((axes[0], copied, "share nearer to training"), (axes[1], told, "AUC of D's logit")):
    plotting.bars_with_floor({f"{n:,} digits": values[n] for n in sizes}, label, floor=0.5, ax=ax)
    ax.set(ylim=(0.3, 1.02))
plt.show()

# %%
median = {n: (float(np.median(copied[n])), float(np.median(told[n]))) for n in sizes}
claim("50 digits: in the median more than 65 % lie nearer to training", median[50][0] > 0.65, copied)
claim("50 digits: D's AUC is above 0.7 in the median", median[50][1] > 0.7, told)
claim("500 digits: D's AUC is between 0.505 and 0.6", 0.505 < median[500][1] < 0.6, told)
claim("500 digits: the audit finds little, a share of 0.4 to 0.7", 0.4 < median[500][0] < 0.7, copied)
claim("5,000 digits: D's AUC is within 0.02 of a half", abs(median[5000][1] - 0.5) < 0.02, told)

# %% [markdown]
# With 50 digits most samples lie nearer to training digits, and the discriminator knows who it has seen. With 500 the
# discriminator knows a little; with 5,000 no trace of that is left *on average*. For the audit both are too little to
# see: its dots jump by 0.1 from seed to seed. Equal steps are not equal visits: each of the 50 digits was seen 640
# times, each of the 5,000 about 6 times. A larger table is learned by heart, too, if one trains longer: with 500 digits
# and 4,000 steps six GANs had an AUC of 0.69 to 0.82, and shares of 0.60 to 0.69. And an average over 5,000 says
# nothing about *one* unusual digit.

# %% [markdown]
# ## 2. Who was in the table?
#
# Now people. The table is real: 442 patients with diabetes, ten measurements (age, sex, body mass, blood pressure, six
# values of their blood) and how the illness went on ([Efron et al. 2004](https://doi.org/10.1214/009053604000000067)).
# Take 100 of them. For each a coin decides whether the hospital has its row. It trains a GAN on its rows and hands out
# *samples only*. You know one patient's row. Is it inside? That is a **membership inference** attack. Being in the
# table may be the secret itself.
#
# **The plain attack**: if generated rows lie near this row, say yes. But some rows are typical: they lie near every
# generator's samples. Two ways to allow for that: compare with how near the 342 **other patients** are, which needs no
# GAN; or with **shadow models**, GANs of your own that have not seen this patient (after Chen et al. 2020 and Carlini
# et al. 2022, simplified). To test it, we train 24 GANs, each with its own coins. Each is the hospital once; the others
# that have not seen the patient are the shadows. (They share about half of their other rows with the hospital: this
# attacker is given much.)

# %%
table = load_diabetes(scaled=False)
patients = np.column_stack([table.data, table.target])
patients = torch.tensor((patients - patients.mean(0)) / patients.std(0)).float()
order = torch.randperm(442, generator=some)
patients, others = patients[order[:100]], patients[order[100:]]
member = torch.rand(24, 100, generator=some) < 0.5  # a coin for each patient and each hospital
halves = [row.nonzero()[:, 0] for row in member]
hospitals = ensemble.gans(
    lambda: nets.mlp([8, 32, 32, 11]), lambda: nets.mlp([11, 32, 32, 1]), seeds=24, lr=(2e-3, 4e-3), betas=(0.5, 0.99)
)
rows = train_on(hospitals, patients, halves, batch=16, steps=2000).sample(1000)  # fmt: skip

# %% [markdown]
# *How near* is minus the mean log-distance to the five nearest of 1,000 generated rows. For comparison, somebody who
# stole the discriminator looks at its logit; with shadow models, too, for else the contest would be unequal.
#
# Two rates say how good an attack is. The **false positive rate** (FPR): which share of the people outside does it
# accuse? The **true positive rate** (TPR): which share of those inside does it find?


# %%
def nearness(to):
    return -torch.cdist(patients.expand(len(to), -1, -1), to).topk(5, largest=False).values.log().mean(2)


def by_shadows(scores):
    """The mean score of a patient with the other GANs that have not seen it, for each hospital."""
    mean = torch.zeros_like(scores)
    for j in range(24):
        shadows = ~member & (torch.arange(24) != j)[:, None]
        mean[j] = (scores * shadows).sum(0) / shadows.sum(0).clamp(min=1)  # 0 for one whom all the others have seen
    return mean


# %%
near = nearness(rows)  # (24 hospitals, 100 patients)
with torch.no_grad():
    logit = hospitals.discriminator(patients.expand(24, -1, -1)).squeeze(2)
logit = logit - logit.mean(1)[:, None]
attacks = {
    "samples, plain": near,
    "samples, other patients": near - nearness(others[None]),
    "samples, shadow models": near - by_shadows(near),
    "D's logit": logit,
    "D's logit, shadow models": logit - by_shadows(logit),
}
curves = {name: roc_curve(member.flatten(), score.flatten()) for name, score in attacks.items()}
found = {name: float(np.interp(0.01, curve[0], curve[1])) for name, curve in curves.items()}
areas = {name: auc(score[member], score[~member]) for name, score in attacks.items()}

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
_, ax = plt.subplots(figsize=(6.0, 3.8), layout="constrained")
looks = ((GREY, "-."), (GOLD, "--"), (PURPLE, "-"), (plotting.DISC, ":"), (plotting.DISC, "-"))
looks = dict(zip(attacks, looks, strict=True))
for name, (fpr, tpr, _) in curves.items():
    ax.plot(fpr, tpr, looks[name][1], color=looks[name][0], linewidth=2.2, label=name)
chance = np.geomspace(1e-3, 1)
ax.plot(chance, chance, color="black", linestyle="--", linewidth=1.3, label="guessing")
ax.axvline(0.01, color="0.8", linewidth=1)
ax.set(xscale="log", yscale="log", xlim=(1e-3, 1), ylim=(1e-3, 1.1))
ax.set(xlabel="false alarms among patients outside (FPR)", ylabel="found among those inside (TPR)")
ax.legend(fontsize=8, loc="lower right")
plt.show()
for name in attacks:
    print(f"{name:26s} AUC {areas[name]:.2f}   TPR at 1 % false alarms {found[name]:.2f}")

# %%
plain, _, shadow, stolen, _ = found.values()
at_5 = {name: float(np.interp(0.05, curve[0], curve[1])) for name, curve in curves.items()}
claim("plain: at 1 % false alarms it finds 3 to 25 % of those inside", 0.03 < plain < 0.25, found)
claim("at 5 % shadow models find more", at_5["samples, shadow models"] > at_5["samples, plain"], at_5)
claim("and have a larger AUC", areas["samples, shadow models"] > areas["samples, plain"] + 0.02, areas)
claim("D's logit has by far the largest AUC", areas["D's logit"] > areas["samples, shadow models"] + 0.08, areas)
claim("but at 1 % it finds no more than shadow models do", stolen < shadow, found)

# %% [markdown]
# Both axes are logarithmic, because the left end matters. Who accuses somebody needs few false alarms. The **TPR at
# an FPR of 1 %** says how many members are found by somebody who accuses one in a hundred innocents. The AUC averages
# over all rates: by AUC the stolen discriminator is far ahead, but at 1 % it isn't. So report both, and the low end
# first.
#
# And note: the first three attacks got *samples only*, 1,000 rows that all look like fine synthetic data.

# %% [markdown]
# **The last digits** depend on your processor: 2,000 steps of a GAN amplify the smallest rounding error. On four kinds,
# and in 70 runs with numbers changed by about a millionth, the AUC of the plain attack was 0.65 to 0.69, of shadow
# models 0.72 to 0.76, of D's logit 0.82 to 0.91. At 1 % shadow models found 12 to 25 %, in all but two of the 70 more
# than the plain attack.
#
# **Are shadow models needed?** Comparing with the *other patients*, without any GAN, finds nearly as many at 1 % (14 to
# 23 % in those 70; in three other draws of patients 14 to 18 % against 17 to 22 %). It gives about two fifths of what
# shadow models add to the AUC (in those draws 54, 56 and 77 %).
#
# **Another draw of patients?** In six, with 2,000 steps, the order was the same: at 1 % shadow models found 15 to 22 %,
# the plain attack 6 to 17 %, D's logit 1 to 7 %. In a seventh, with *1,200* steps, it turned round: 5, 5 and 8 %.
# (Patients and steps differ there, so we can't say which did it.)

# %% [markdown]
# ## 3. Three tools for other jobs
#
# **Encryption** makes a file unreadable without its key. To train, one has to decrypt. Below: a one-time pad, the
# strongest there is.

# %%
pixels = ((digits[trained_on[0]] + 1) * 127.5).round().to(torch.uint8)
key = torch.randint(0, 256, pixels.shape, generator=some, dtype=torch.uint8)
stolen_file = pixels ^ key
alike = np.corrcoef(pixels.flatten(), stolen_file.flatten())[0, 1]
claim("its job: the stolen file has no correlation with the digits (below 0.06)", abs(alike) < 0.06, alike)
identity("not its job: training gets the very same digits", torch.equal(stolen_file ^ key, pixels))

# %% [markdown]
# So the generator of the first picture, with its copies, is what comes out of an encrypted training set, too. The same
# holds for computing on encrypted numbers: whoever may read the *result* reads what it tells.
#
# **De-identification** removes names and makes the rest coarse. A table is **k-anonymous** if each row shares its
# quasi-identifiers (what others may know: age, district) with at least k − 1 others (Sweeney 2002). We make a
# register: 400 people, age, one of four districts, an illness that depends on both. Then ages become decades, and
# groups of fewer than five people are left out.

# %%
lots = np.random.default_rng(0)
age, district = lots.integers(20, 80, 400), lots.integers(0, 4, 400)
typical = (age // 20 + district) % 4  # what most people of this age and district have
illness = np.where(lots.random(400) < 0.85, typical, lots.integers(0, 4, 400))
group = age // 10 * 4 + district
count = np.bincount(group)
kept = count[group] >= 5
same = {g: len(set(illness[group == g])) == 1 for g in np.unique(group[kept])}
exposed = np.mean([same[g] for g in group[kept]])
identity("its job: with age and district nobody is narrowed down to fewer than five", count[group[kept]].min() >= 5)
people = np.arange(400)
guess = [np.bincount(illness[(group == group[i]) & (people != i)]).argmax() for i in people[kept]]  # from the others
right = np.mean(guess == illness[kept])
blind = np.bincount(illness[kept]).max() / kept.sum()
print(f"whole group has one illness: {exposed:.0%} of the people")
print(f"a neighbour who knows age and district guesses {right:.0%} right; without them {blind:.0%}")
claim("not its job: a neighbour is right for more than 75 %", right > 0.75, right)
claim("without the table's groups for less than 45 %", blind < 0.45, blind)
claim("for some the whole group has one illness, so all is told", exposed > 0, exposed)

# %% [markdown]
# Nobody's row was found, and the illness is told all the same, and where the whole group has the same one, with
# certainty (the *homogeneity* attack, Machanavajjhala et al. 2007). A second table that is 5-anonymous, too, may cut
# the group in two. (That part of the guess is not a leak but knowledge about *groups*: it would be right for somebody
# who isn't in the table. ε, below, speaks about what comes from one's own row.)
#
# **Federated learning** leaves the rows where they are and sends gradients. **Predict, and say why:** a clinic sends
# the gradient of one patient's loss. What can be read from it?

# %%
torch.manual_seed(0)
clinic = nets.mlp([11, 32, 32, 1])
loss = F.softplus(-clinic(patients[:1])).sum()
weight, bias = torch.autograd.grad(loss, [clinic[0].weight, clinic[0].bias])
unit = bias.abs().argmax()
read = weight[unit] / bias[unit]
print("patient:", np.round(patients[0, :5].numpy(), 3), "\nread:   ", np.round(read[:5].numpy(), 3))
identity("one row of the gradient, divided by one number, is the patient", torch.allclose(read, patients[0], atol=1e-4))

# %% [markdown]
# In $h = Wx + b$ the gradient for $W$ is $\delta x^\top$, and for $b$ it is $\delta$: divide, and you have $x$. With
# more rows it is a weighted sum of them, which is harder to read, but not safe (Zhu et al. 2019). Its job is that rows
# are not *collected*.
#
# | tool | its job | what it doesn't do |
# |---|---|---|
# | encryption | files and lines that are stolen | what a trained generator tells |
# | de-identification | finding a row by what others know | one illness in a whole group, a second table |
# | federated learning | no collection in one place | gradients and generators that tell |
# | differential privacy | how much *any* result depends on one row | rules about groups, stolen files |

# %% [markdown]
# ## 4. A promise with a number
#
# Train twice, with your row and without it. Both times chance plays a part. **Differential privacy** (Dwork et al.
# 2006) promises for *every* table, *every* row, and *every* event:
#
# $$P(\text{event} \mid \text{with the row}) \le e^{\varepsilon}\, P(\text{event} \mid \text{without}) + \delta ,$$
#
# and the same with both exchanged. Take as event "the attack says yes". The left side is its TPR, the right one holds
# its FPR. So $\text{TPR} \le e^{\varepsilon} \text{FPR} + \delta$, for every attack, also for those that nobody has
# found yet. Exchanged, and with the event "it says no": $1 - \text{FPR} \le e^{\varepsilon} (1 - \text{TPR}) + \delta$,
# so that nobody finds *all* with few alarms. The lines below are the smaller of both. $\delta$ is, roughly, the chance
# that the promise fails; it should be far smaller than one over the number of rows.

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
rate = np.geomspace(1e-3, 1, 200)
for eps, line in ((1, "-"), (3, "-."), (10, ":")):
    most = np.minimum(np.exp(eps) * rate + 1e-3, 1 - np.exp(-eps) * np.maximum(1 - rate - 1e-3, 0))
    ax.plot(rate, most, line, color="black", label=f"ε = {eps}: at most")
fpr, tpr, _ = curves["samples, shadow models"]
ax.plot(fpr, tpr, color=PURPLE, linewidth=2.2, label="our attack, without ε")
ax.axvline(0.01, color="0.8", linewidth=1)
ax.set(xscale="log", yscale="log", xlim=(1e-3, 1), ylim=(1e-3, 1.1), xlabel="FPR", ylabel="TPR")
ax.legend(fontsize=9, loc="lower right")
plt.show()
for eps in (1, 3, 10):
    most = min(math.exp(eps) * 0.01 + 1e-3, 1 - math.exp(-eps) * 0.989)
    print(f"ε = {eps:2d}: at 1 % false alarms at most {most:.3%} are found")

# %% [markdown]
# With ε = 1 an attack with 1 % false alarms finds at most 3 %; with ε = 3, 20 %. With ε = 10 practically all: such an
# ε promises little against the worst case. (Attacks are often far below the line. That is an observation, and no
# promise.)
#
# ### DP-SGD
#
# How does one keep such a promise? By noise in the gradients: *differentially private stochastic gradient descent*,
# **DP-SGD**. The generator never sees a row: it only hears the discriminator. So it is enough to make the
# **discriminator's** gradient private; what is computed from it costs nothing more (**post-processing**). For the same
# reason the loss on fakes needs no protection. Only the part of the *real* rows does (Abadi et al. 2016):
#
# 1. Draw each row for the batch with probability q, for itself.
# 2. Compute the gradient of *each row*, and scale it down to a length of at most C: **clip**. Now no row can move the
#    sum by more than C.
# 3. Add noise with standard deviation σ·C to the sum, so that this move drowns.


# %%
def clipped_gradients(net, x, clip):
    """The sum over rows of clipped gradients of softplus(-D(row)), as {name: tensor}."""

    def loss(weights, row):
        return F.softplus(-functional_call(net, weights, (row[None],))).sum()

    weights = {name: p.detach() for name, p in net.named_parameters()}
    each = vmap(grad(loss), in_dims=(None, 0))(weights, x)  # {name: (rows, …)}
    length = torch.stack([g.flatten(1).norm(dim=1) for g in each.values()]).norm(dim=0)
    factor = (clip / length).clamp(max=1)
    return {name: torch.tensordot(factor, g, dims=1) for name, g in each.items()}, length


totals, length = clipped_gradients(clinic, patients[:60], clip=0.5)
print(f"lengths before: {length.min():.2f} to {length.max():.2f}")

# %% [markdown]
# The length is that of *all* parameters together. Clip rows and then add; to add and then clip is another thing
# (section 6). For plain linear layers the library does the same faster and for many nets at once:

# %%
fast = privacy.clipped_sum(ensemble.stack([clinic]), patients[None, :60], torch.ones(1, 60, dtype=torch.bool), 0.5)
close = [torch.allclose(a[0], b, atol=1e-5) for a, b in zip(fast, totals.values(), strict=True)]
identity("the library's sums are the same to 1e-5", all(close))
claim("some of the 60 rows are clipped", (length > 0.5).any(), length)

# %% [markdown]
# In practice use [Opacus](https://opacus.ai). A test of this course compares: its gradients of each row and its clipped
# sums agree with ours to 1e-5, and the ε of its accountant "rdp" to six digits. (Without that word it takes another,
# "prv", which finds a somewhat different ε. We don't load it here, for its import alone takes some seconds.)
#
# ```python
# engine = opacus.PrivacyEngine(accountant="rdp")
# D, optimizer, loader = engine.make_private(
#     module=D, optimizer=optimizer, data_loader=loader, noise_multiplier=1.0, max_grad_norm=1.0)
# engine.get_epsilon(delta=1e-5)
# ```
#
# This is for one net that sees real rows only. In a GAN, D's gradient on fakes and the generator's way back through D
# must be kept apart from it, as `privacy.train` does.
#
# **No batch norm** in a private discriminator: it mixes the rows of a batch, so that no gradient belongs to one row.
# (Opacus refuses it, and so do we.) Leave **gradient penalties** on real rows out, too: they are one more way from rows
# to weights, which would have to be clipped with the rest.

# %% [markdown]
# ### The accountant
#
# Each step spends a little. An **accountant** adds up what T steps spend, from q, σ, T and δ alone. Ours first asks how
# far apart *one* step's results lie, with the row and without it. It measures that by a **Rényi divergence**, a
# relative of the KL divergence ([chapter 31](31_probability_toolkit.ipynb)): 0 if both are the same, and larger the
# better one can tell them apart. Such divergences simply add up over steps. So the accountant computes one by an
# integral (Mironov et al. 2019), multiplies by T, and turns the sum into ε.
#
# **Predict, and say why:** the same recipe, σ = 1, 20 passes over the data with batches of 64, δ = 1 / (10 n). How does
# ε change with the number of rows n?

# %%
spent = {}
for n in (100, 445, 2000, 10_000, 60_000, 1_000_000):
    spent[n] = privacy.epsilon(rate=64 / n, noise=1.0, steps=20 * n // 64, delta=0.1 / n)
    need = privacy.noise_for(1.0, rate=64 / n, steps=20 * n // 64, delta=0.1 / n)
    print(f"n = {n:9,}   ε = {spent[n]:5.2f}   noise for ε = 1: σ = {need:5.2f}")
digit_set = privacy.epsilon(rate=0.01, noise=1.0, steps=1500, delta=1e-5)
identity("n = 60,000, batches of 600, 15 passes, δ = 1e-5: ε = 2.50", abs(digit_set - 2.50) < 0.01)
identity("in our table ε falls with every n", (np.diff(list(spent.values())) < 0).all())
identity("with 100 rows it is above 15, with a million below 1", spent[100] > 15 and spent[1_000_000] < 1)

# %% [markdown]
# **Small tables can't have a small ε** at this noise: each row is in many batches, and counts for much in each. One
# can add noise until ε is 1. But noise of σ clips sits in *each* of P parameters, so it is about σ√P clips long,
# while all 64 clipped gradients together are at most 64 clips long. What does that cost?
#
# **Keep the random numbers secret.** The promise speaks about somebody who doesn't know them. Whoever knows the
# program *and its seed* makes the same noise, subtracts it, and has the clipped sums. Here all seeds are published,
# so that you get our pictures; so nothing here is private. In earnest take a seed from Python's `secrets` and tell
# nobody, or better a cryptographic generator, for batches and noise (Opacus: `secure_mode=True`). The last digits of
# floating-point noise tell something, too (Mironov 2012).

# %% [markdown]
# ## 5. What ε costs
#
# Homes on a map, in three towns. Tables of 500 and 5,000 homes; no noise, ε = 10, ε = 1; five seeds: 30 GANs at once,
# all with clipping, 800 steps, batches of 64. (With 400 even those without noise were hardly nearer than the blob
# below, so a cost could not be seen. The steps were chosen by the GANs without noise alone.) Quality is a distance:
# look at the map from 32 sides, and take the mean distance between sorted real and generated points (a **sliced
# Wasserstein distance**). Lower is better; what two samples of real homes score is the **floor**.
#
# Two plain baselines, with the same ε and δ = 0. The **grid**: count homes in 20 × 20 cells, add **Laplace noise** (its
# density falls as $e^{-|x|/s}$) of size s = 1/ε to each count, draw homes from the cells. One home changes a single
# count, by 1.
#
# The **blob**: *one* Gaussian, from a noisy count and five noisy sums ($x, y, x^2, y^2, xy$), so without any town.
#
# **Predict, and say why:** where does ε = 1 hurt? Who wins, the GAN or the grid? And can the GAN beat a blob?

# %%
towns = toy.gaussian_mixture([[-1.2, -1.0], [1.2, -0.8], [0.2, 1.2]], std=0.3, weights=[0.5, 0.3, 0.2])
map_sizes, levels, seeds, steps = (500, 5000), (math.inf, 10, 1), 5, 800
sweep = [(n, eps, seed) for n in map_sizes for eps in levels for seed in range(seeds)]
maps = [towns.sample(n, torch.Generator().manual_seed(seed)) for n, _, seed in sweep]
noise = {
    (n, eps): 0.0 if eps == math.inf else privacy.noise_for(eps, 64 / n, steps, 0.1 / n)
    for n in map_sizes for eps in levels
}  # fmt: skip
private = ensemble.gans(
    lambda: nets.mlp([8, 32, 32, 2]), lambda: nets.mlp([2, 32, 32, 1]),
    seeds=len(sweep), lr=(2e-3, 5e-3), betas=(0.5, 0.99), ema=0.99)  # fmt: skip
privacy.train(private, maps, 64, [noise[n, eps] for n, eps, _ in sweep], clip=1.0, steps=steps)
made = private.sample(2000)

# %% jupyter={"source_hidden": true}
angles = torch.linspace(0, math.pi, 33)[:-1]
sides = torch.stack([angles.cos(), angles.sin()])
fresh = towns.sample(2000, torch.Generator().manual_seed(99))


def sliced(points):
    return ((points @ sides).sort(0).values - (fresh @ sides).sort(0).values).abs().mean().item()


def grid(points, eps, seed, cells=20, edge=3.0):
    """2,000 points from noisy counts of cells."""
    lots = np.random.default_rng(seed)
    x, y = points.clamp(-edge, edge).numpy().T
    counts = np.histogram2d(x, y, bins=cells, range=[(-edge, edge)] * 2)[0]
    counts = np.maximum(counts + (lots.laplace(scale=1 / eps, size=counts.shape) if eps < math.inf else 0), 0)
    cell = lots.choice(cells**2, 2000, p=(counts / counts.sum()).ravel())
    corners = np.stack(np.divmod(cell, cells), axis=1)
    return torch.tensor((corners + lots.random((2000, 2))) * 2 * edge / cells - edge).float()


# %% jupyter={"source_hidden": true}
def blob(points, eps, seed, edge=3.0):
    """2,000 points from one Gaussian, made of a noisy count and five noisy sums: a map without any town."""
    lots, (x, y) = np.random.default_rng(seed), points.clamp(-edge, edge).double().numpy().T
    sums = np.array([len(x), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()])
    most = 1 + 2 * edge + 3 * edge**2  # one home changes all six together by no more
    n, a, b, aa, bb, ab = sums + (lots.laplace(scale=most / eps, size=6) if eps < math.inf else 0)
    a, b = a / n, b / n
    size, way = np.linalg.eigh([[aa / n - a * a, ab / n - a * b], [ab / n - a * b, bb / n - b * b]])
    drawn = lots.standard_normal((2000, 2)) * np.sqrt(size.clip(1e-3)) @ way.T
    return torch.tensor(drawn + [a, b]).float()


cost, blob_cost, grid_cost = ({(n, eps): [] for n in map_sizes for eps in levels} for _ in range(3))
for (n, eps, seed), points, homes in zip(sweep, made, maps, strict=True):
    cost[n, eps].append(sliced(points))
    blob_cost[n, eps].append(sliced(blob(homes, eps, seed)))
    grid_cost[n, eps].append(sliced(grid(homes, eps, seed)))
floor = np.mean([sliced(towns.sample(2000, torch.Generator().manual_seed(seed))) for seed in range(10)])

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(2, 3, figsize=(6.4, 4.3), layout="constrained", sharex=True, sharey=True)
for j, (n, eps, seed) in enumerate(sweep):
    if seed == 0:
        ax = axes[map_sizes.index(n), levels.index(eps)]
        ax.scatter(*fresh[:400].T, s=4, color=plotting.REAL, alpha=0.4, linewidths=0)
        ax.scatter(*made[j][:400].T, s=6, marker="^", color=plotting.FAKE, alpha=0.6, linewidths=0)
        name = "without noise" if eps == math.inf else f"ε = {eps}"
        ax.set_title(f"{n:,} homes, {name}", fontsize=10)
        ax.set(xlim=(-3, 3), ylim=(-3, 3))
for ax in axes[1]:
    ax.set_xlabel("east")
for ax in axes[:, 0]:
    ax.set_ylabel("north")
plt.show()

# %% tags=["nbval-ignore-output"]
weights = sum(p[0].numel() for p in private.discriminator.parameters())
print(f"median distance of 5 (floor {floor:.2f})     σ   length of the noise   GAN  blob  grid")
for n, eps in cost:
    name, sigma = "no noise" if eps == math.inf else f"ε = {eps}", noise[n, eps]
    medians = "  ".join(f"{np.median(each[n, eps]):.2f}" for each in (cost, blob_cost, grid_cost))
    print(f"{n:6,} homes, {name:9s} {sigma:20.2f} {sigma * weights**0.5 / 64:15.2f} clips   {medians}")

# %%
middle = {key: float(np.median(value)) for key, value in cost.items()}
simple = {key: float(np.median(value)) for key, value in grid_cost.items()}
far = {n: middle[n, 1] / middle[n, math.inf] for n in map_sizes}  # how many times as far
claim("500 homes: ε = 1 at least 1.5 times as far as without noise", middle[500, 1] > 1.5 * middle[500, math.inf], cost)
claim("5,000 homes: fewer times as far than with 500", far[5000] < far[500], far)
claim(
    "without noise the GAN is nearer than a blob, for both",
    all(middle[n, math.inf] < np.median(blob_cost[n, math.inf]) for n in map_sizes), [cost, blob_cost],
)  # fmt: skip
claim("500 homes, ε = 1: one blob is nearer than the GAN", np.median(blob_cost[500, 1]) < middle[500, 1], blob_cost)
claim("the grid is nearer than the GAN in all six", all(simple[key] < middle[key] for key in cost), [cost, grid_cost])

# %% [markdown]
# With 500 homes ε = 1 destroys the towns: the GAN is more than six times as far as without noise. With 5,000 it costs
# less, 1.6 times, but not little: the GAN that was clearly better than a blob is now hardly better than one. (With
# all seeds moved by 1,000: 5.2 and 2.6 times.) What counts is σ, and n buys it: (500 homes, ε = 10) and (5,000 homes,
# ε = 1) have nearly the same σ, and lie near each other. So "ε = 1" has no price of its own: the price depends on n.
#
# And the grid beats the GAN everywhere, by far; with 500 homes and ε = 1 so does a blob of six numbers. On a map
# there is no reason for a GAN. With eleven columns, 20 parts of each would give $20^{11}$ cells, nearly all empty.
# *There* simple ways for tables (noisy two-column counts) are the rivals that a private GAN has to beat.

# %% [markdown]
# **PATE** (*private aggregation of teacher ensembles*) goes another way (PATE-GAN, Jordon et al. 2019): split the
# table, train a teacher discriminator on each part, and let the student hear only their *votes*, with noise. Each row
# has been seen by one teacher only, so it can change one vote in each poll. The accountant counts votes.

# %% [markdown]
# ## 6. An audit
#
# "Trained with ε = 1", says a program. Does it keep that? Ganev et al. (2024) looked at six public PATE-GAN programs:
# *all* leaked more than they claimed, by bugs. And a broken program runs, and even gives nicer samples.
#
# The promise itself is the test. Take a table and one strange row (a **canary**: here a typing error such as (30, −30),
# of four the one with the longest gradient). Run often with it and without, and attack. The promise says $\varepsilon
# \ge \ln \frac{\text{TPR} - \delta}{\text{FPR}}$: each attack gives a **lower bound**. `privacy.at_least` takes for
# both rates the careful end of a 95 % interval (the method is that of Jagielski et al. 2020).
#
# The attacker sees what the promise covers: ten noisy gradients of a discriminator. (Here it stands still; the promise
# would cover a moving one, too.) He knows all other homes, and so he looks in directions in which the canary stands out
# from them: for a spread S of what he sees without it and the canary's gradient g, that is $S^{-1} g$. We take two, S
# for little noise and for much. Three programs:


# %%
def noise_off(net, rows, keep, clip, noise, batch, generator):  # somebody was looking for an error
    return privacy.private_gradient(net, rows, keep, clip, 0 * noise, batch, generator)


def clip_late(net, rows, keep, clip, noise, batch, generator):  # the mean is clipped, not each row
    means = [g / batch.view(-1, *[1] * (g.ndim - 1)) for g in privacy.clipped_sum(net, rows, keep)]
    length = torch.stack([g.flatten(1).norm(dim=1) for g in means]).norm(dim=0)
    factor, size = (clip / length).clamp(max=1), noise * clip / batch
    shaped = [[v.view(-1, *[1] * (g.ndim - 1)) for v in (factor, size)] for g in means]
    return [g * f + s * torch.randn(g.shape, generator=generator) for g, (f, s) in zip(means, shaped, strict=True)]


homes = towns.sample(100, torch.Generator().manual_seed(3))
slips = torch.tensor([[30.0, 30.0], [30.0, -30.0], [-30.0, 30.0], [-30.0, -30.0]])
claimed = {"rate": 0.25, "steps": 10, "delta": 1e-3}
sigma = privacy.noise_for(1.0, **claimed)
print(f"for ε = 1 the program adds noise of σ = {sigma:.2f}")


# %%
def each(net, points, clip):
    """The gradient of each point by itself, clipped: (points, weights)."""
    count, keep = len(points), torch.ones(len(points), 1, dtype=torch.bool)
    found = privacy.clipped_sum(ensemble.stack([net] * count), points[:, None], keep, clip)
    return torch.cat([g.flatten(1) for g in found], dim=1).double()


# %%
def look(gradient, seed, runs=1000):
    """What the attacker sees in `runs` runs with the canary, and in as many without it."""
    torch.manual_seed(seed)
    one = nets.mlp([2, 8, 1])
    canary = slips[each(one, slips, math.inf).norm(dim=1).argmax()]
    table, alone = torch.cat([homes, canary[None]]), torch.cat([each(one, homes, 1.0), each(one, canary[None], 1.0)])
    spread, whole = alone[:100].T @ alone[:100] / 4, torch.eye(alone.shape[1])
    directions = torch.stack([torch.linalg.solve(spread + v * whole, alone[100]) for v in (1e-3, sigma**2)], 1).float()
    net, stream = ensemble.stack([one] * runs), torch.Generator().manual_seed(seed)
    values, seen = [torch.full((runs,), v) for v in (sigma, 25.0)], []
    for count in (101, 100):
        total = torch.zeros(runs, 2)
        for _ in range(claimed["steps"]):
            places, keep = privacy.drawn(torch.full((runs,), count), torch.full((runs,), claimed["rate"]), 60, stream)
            released = gradient(net, table[places], keep, 1.0, *values, stream)
            total += torch.cat([g.flatten(1) for g in released], dim=1) @ directions
        seen.append(total.detach())
    return seen


# %%
def bound(inside, outside):
    """Direction and threshold are chosen on the first half of the runs, and the bound comes from the second."""
    half, best = len(inside) // 2, (-1.0, 0, 0.0)
    for k in (0, 1):
        for cut in outside[:half, k].quantile(torch.linspace(0.5, 1, 50)):
            counts = [int((part[:half, k] > cut).sum()) for part in (inside, outside)]
            best = max(best, (privacy.at_least(counts[0], half, counts[1], half, 1e-3), k, float(cut)))
    hits, alarms = (int((part[half:, best[1]] > best[2]).sum()) for part in (inside, outside))
    return privacy.at_least(hits, half, alarms, half, 1e-3)


# %% [markdown]
# **Predict, and say why:** what will the audit prove about each of them? How large can its answer be, with 500 runs?

# %%
programs = {"as promised": privacy.private_gradient, "noise off": noise_off, "clipped late": clip_late}
seen = {name: [look(program, seed) for seed in range(3)] for name, program in programs.items()}
proved = {name: [bound(*each) for each in runs] for name, runs in seen.items()}

# %% jupyter={"source_hidden": true}
fig, axes = plt.subplots(1, 3, figsize=(6.8, 2.9), layout="constrained")
for ax, (name, runs) in zip(axes, seen.items(), strict=True):
    inside, outside = (each[:, int(name != "noise off")].numpy() for each in runs[0])
    edges = np.linspace(min(inside.min(), outside.min()), max(inside.max(), outside.max()), 31)
    ax.hist(outside, edges, color=GREY, alpha=0.6, label="without")
    ax.hist(inside, edges, color=PURPLE, histtype="step", linewidth=2, label="with canary")
    ax.set_title(f"{name}: ε ≥ {proved[name][0]:.1f}", fontsize=11)
    ax.set(xlabel="what the attacker sees", xticks=[])
axes[0].set_ylabel("runs")
axes[2].legend(fontsize=9)
plt.show()

# %%
most = privacy.at_least(500, 500, 0, 500, 1e-3)
print("proved, three nets:", {name: [round(v, 1) for v in values] for name, values in proved.items()})
print(f"the most that 500 runs can prove: {most:.1f}")
claim("as promised: no bound above 1", max(proved["as promised"]) <= 1, proved)
claim("noise off: more than 1 proved, for all three nets", min(proved["noise off"]) > 1, proved)
claim("clipped late: more than 1 proved, for all three nets", min(proved["clipped late"]) > 1, proved)

# %% [markdown]
# Both broken programs are convicted, with the same seeds with which nothing is proved about the right one: 0.0 of the
# 1.0 that it promises. (Against that much noise our attack is weak, so this says little for the program.) The bound
# has a ceiling: with 500 runs of each kind even a perfect attack proves no more than 4.9. *Clipped late* has noise,
# and the noise even has the right size for a row that is clipped. But the strange row isn't.
#
# **An audit can't acquit.** "At least 0.2" doesn't mean 0.2, and not that 1 is right: another canary or attack may
# find more. A proof gives an upper bound, an audit a lower one; only if they cross, something is broken.

# %% [markdown]
# ## What all this does not show
#
# - **That 5,000 digits are safe.** They passed two average tests after 1,000 steps.
# - **That ε = 1 is right for you.** ε counts *one row*. For somebody with ten rows, or a family, ε is ten times as
#   large, and δ grows still faster (for k rows up to $k\,e^{(k-1)\varepsilon}$ times, here 81,000): nothing is left.
# - **That these programs keep it.** Their seeds stand in this notebook (section 4).
# - **Choices outside the program.** We tried learning rates on these maps; with secret data each try spends, too.
# - **That the promise covers batches from a shuffled table.** The accountant counts rows drawn one by one.

# %% [markdown]
# ## Help, I get …
#
# ### `A StackedBatchNorm is no plain linear layer`
# Batch norm mixes rows. Take it out, or use layer norm or group norm with Opacus. (`privacy.train` also refuses other
# losses, penalties, unrolling and packing: there real rows would reach the generator past the noise, or be ignored.)
#
# ### ε is infinite
# The noise is 0, or nobody passed it on. Print it.
#
# ### My private GAN makes a cloud of noise
# The noise on the mean is about σ√P / batch clips long, with P parameters in D; the mean of clipped gradients is at
# most 1 clip long. Is the noise longer? Larger batches, fewer steps, a smaller D, a larger ε, or more rows.
#
# ### My attack finds nothing, so we're safe?
# Attack a GAN that is surely overfitted first (50 rows, long training). If you find nothing there, the attack is
# broken.
#
# ### Two accountants disagree
# Compare what they call noise (of the sum or of the mean, in units of C or not), the rate, whether a neighbour has one
# row more or one *replaced*, and δ.

# %% [markdown]
# ## Recap
#
# - Small tables are learned by heart: first the discriminator knows them, then the generator copies.
# - Judge an attack at few false alarms, on more than one draw of people. Typical rows lie near every generator's
#   samples; shadow models, or simply other people's rows, allow for that.
# - Encryption, de-identification and federated learning do other jobs. None limits what a generator tells.
# - (ε, δ) bounds every attack: $\text{TPR} \le e^{\varepsilon} \text{FPR} + \delta$. DP-SGD on the discriminator's real
#   rows keeps it: clip each row, add secret noise, count. What ε costs depends on n, and a noisy table of counts may be
#   better.
# - Programs break promises unnoticed. An audit proves a lower bound on ε; it convicts, and never acquits.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>"Our data are encrypted, so the generator may be published." Where is the slip?</summary>
#
# Encryption guards the file. The generator was trained on decrypted rows and may copy them.
#
# </details>
#
# <details><summary>Why does the generator need no noise of its own?</summary>
#
# It learns only from the discriminator, which is private already. Whatever is computed from a private result, without
# looking at the rows again, is as private.
#
# </details>
#
# <details><summary>A vendor says ε = 1, and your audit proves ε ≥ 0.3. Is the vendor right?</summary>
#
# Nothing speaks against it, and nothing proves it. With ε ≥ 1.7 the vendor would be wrong.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Abadi et al. 2016, Deep Learning with Differential Privacy](https://arxiv.org/abs/1607.00133): where DP-SGD and
#   its first accountant come from.
# - [Mironov, Talwar & Zhang 2019, Rényi Differential Privacy of the Sampled Gaussian
#   Mechanism](https://arxiv.org/abs/1908.10530): the integral that our accountant computes.
# - [Carlini et al. 2022, Membership Inference Attacks From First Principles](https://arxiv.org/abs/2112.03570): why
#   attacks are judged at few false alarms, and the full attack with shadow models.
# - [Ganev et al. 2024, The Elusive Pursuit of Reproducing PATE-GAN](https://arxiv.org/abs/2406.13985): six public
#   programs, attacked: how audits find bugs.
# - [Jordon et al. 2019, PATE-GAN](https://openreview.net/forum?id=S1zk9iRqF7), and [Hayes et al. 2017,
#   LOGAN](https://arxiv.org/abs/1705.07663): attacks on GANs, the stolen discriminator among them.
# - [Chen et al. 2020, GAN-Leaks](https://arxiv.org/abs/1909.03935): nearness of samples, calibrated by other models.
# - [Jagielski, Ullman & Oprea 2020, Auditing Differentially Private Machine
#   Learning](https://arxiv.org/abs/2006.07709): the audit of section 6.
# - [Zhu et al. 2019, Deep Leakage from Gradients](https://arxiv.org/abs/1906.08935): what gradients of batches tell.
# - [Sweeney 2002, k-anonymity](https://doi.org/10.1142/S0218488502001648): the definition, and why names aren't all.
# - [Machanavajjhala et al. 2007, ℓ-Diversity](https://doi.org/10.1145/1217299.1217302): the homogeneity attack, and
#   what k-anonymity lacks.

# %% [markdown]
# ## Key terms
#
# {{terms: membership inference; shadow model; k-anonymity; federated learning; differential privacy; DP-SGD; privacy
# accountant; canary}}
