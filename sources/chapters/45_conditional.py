# %% [markdown]
# # 45 · Conditional generation
#
# *A generator that you can ask for a seven, and what to do when the digit that you need is the one that you have least
# of. One of the cures costs a line of code and no training; guess which before you read on.*
#
# > **You will be able to**
# > - turn any GAN and any VAE into one that takes orders, and say what it then learns
# > - find out whether a label is *heard*, and make it heard
# > - test obedience with a judge who took no part, beside quality and variety
# > - derive the projection discriminator, and show a problem that it solves and concatenation can't
# > - handle a rare class with baselines first: what re-weighting, resampling, shifts and generated pictures each do
# >
# > **Before you start** [41 · an MLP GAN](41_mlp_gan.ipynb) and [44 · a VAE](44_vae.ipynb): the same two models, now
# > with labels.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used by itself): {{gpu_time}}

# %%
import copy
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, metrics, nets, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # small nets: a second CPU thread would mostly wait for the first
here = device.pick()  # a GPU if there is one, or else the CPU

# %%
mnist, unseen = data.images("mnist"), data.images("mnist", split="test")
pairs = mnist.pairs(device=here)  # (10000, 794): 784 pixels in -1 … 1, and beside them the class, one-hot
test = unseen.pairs(device=here)

# %% [markdown]
# ## The idea in a picture
#
# A discriminator without labels asks: *is this a digit?* One with labels asks: **do these two belong together?**

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 8, figsize=(6.8, 1.5))
claimed = unseen.labels[:8].clone()
claimed[[1, 4, 6]] = torch.tensor([2, 7, 5])
for ax, row, label, word in zip(axes, test[:8].cpu(), unseen.labels, claimed, strict=False):
    ax.imshow(row[:784].view(28, 28), cmap="gray")
    fits = bool(label == word)
    ax.set_title(f"“{word.item()}”", color=plotting.REAL if fits else plotting.FAKE)
    ax.set_xlabel("real" if fits else "forged", color=plotting.REAL if fits else plotting.FAKE)
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# All eight pictures are real. Three of the *pairs* are forged. That one idea makes every generative model conditional:
# learn pairs.

# %% [markdown]
# ## 1 · A GAN on pairs
#
# A distribution of pairs is $p(x, y) = p(y)\, p(x \mid y)$. We choose the labels of the forgeries ourselves, from the
# same $p(y)$ as in the data. So if the *pairs* can't be told apart, then for each class with $p(y) > 0$ the generator
# draws from $p(x \mid y)$: it obeys. (We draw all ten equally often. MNIST has them nearly, not quite, equally often,
# and we leave it at that; `prior=` would take the true shares.)
#
# Mirza & Osindero (2014) feed the label to both players, beside what they get anyway. By hand:


# %%
def beside(rows, labels, loud=1.0):
    """Rows (N, d) with their one-hot classes behind them: (N, d + 10)."""
    return torch.cat([rows, loud * F.one_hot(labels, 10).to(rows)], dim=1)


def make_nets():
    return nets.mlp([100 + 10, 128, 784], output="tanh"), nets.mlp([784 + 10, 128, 1])


bce = F.binary_cross_entropy_with_logits


def step_by_hand(G, D, opt_g, opt_d, real, labels, z, wishes):
    fake = G(beside(z, wishes))
    on_real, on_fake = D(beside(real, labels)), D(beside(fake.detach(), wishes))
    loss_d = bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    judged = D(beside(fake, wishes))
    loss_g = bce(judged, torch.ones_like(judged))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()


# %% [markdown]
# Nothing in the losses has changed. So the library needs no conditional GAN either: it has pairs.
# `nets.ConditionalGenerator` wraps a generator so that it gives rows of 794 numbers, and draws the class itself, from
# ten more numbers of its noise. The same game? Same weights, same stream, 30 steps in double precision:

# %%
adam = {"betas": (0.0, 0.999)}
device.seed_everything(0)
G, D = (net.double() for net in make_nets())
wrapped = nets.ConditionalGenerator(copy.deepcopy(G)).double()
gan = training.GAN(wrapped, copy.deepcopy(D), lr=(4e-3, 2e-3), seed=0, device="cpu", **adam)
opt_g, opt_d = torch.optim.Adam(G.parameters(), lr=4e-3, **adam), torch.optim.Adam(D.parameters(), lr=2e-3, **adam)
stream, x = device.generator(0), pairs.cpu().double()
for _ in training.train(gan, x, steps=30, batch=64, progress=False):
    rows = x[torch.randint(len(x), (64,), generator=stream)]
    noise = torch.randn(64, 110, generator=stream, dtype=torch.float64)
    step_by_hand(G, D, opt_g, opt_d, rows[:, :784], rows[:, 784:].argmax(1), noise[:, :100], wrapped.labels(noise))

# %%
difference = (G[2].weight - gan.generator.net[2].weight).abs().max()
claim("after 30 steps the generators agree to 8 digits or more", difference < 1e-8, measured=difference)
shares = wrapped.labels(torch.randn(100_000, 110)).bincount(minlength=10) / 100_000
claim("its classes come up equally often (within 0.005)", (shares - 0.1).abs().max() < 0.005, measured=shares)

# %% [markdown]
# ## 2 · Is the label heard?
#
# We train it: 400 steps, two seeds. Then we ask for 100 of each digit. Whether the order was obeyed, a **judge**
# decides who took no part in the training: the course's classifier (it is right about 99 % of real test digits).
#
# **Predict:** in how many of 1,000 cases will we get what we asked for?

# %%
SETTINGS = {"lr": (4e-3, 2e-3), "ema": 0.99, **adam}
orders = torch.arange(10, device=here).repeat(100)
reference = metrics.Reference("mnist", pairs[:5000, :784])


def obeys(pictures, wishes=orders):
    return (metrics.classify(pictures, "mnist").argmax(dim=1) == wishes.cpu()).float().mean().item()


def ask(gan):
    return gan.sample(gan.generator.noise_for(orders))[:, :784]


def train_gan(seed, generator, discriminator, rows=pairs, steps=400):
    device.seed_everything(seed)
    gan = training.GAN(nets.ConditionalGenerator(generator()), discriminator(), seed=seed, **SETTINGS)
    return training.run(gan, rows, steps, batch=64)


# %%
plain = [train_gan(s, lambda: make_nets()[0], lambda: make_nets()[1]) for s in (0, 1)]
heard = [obeys(ask(gan)) for gan in plain]
far = [reference.frechet(ask(gan)) for gan in plain]
plotting.image_grid({str(k): ask(plain[0])[k::10][:10] for k in (0, 1, 7)}, title="asked for a 0, a 1, a 7")

# %%
claim("the judge is right about at least 98 % of real digits", obeys(test[:, :784], unseen.labels) > 0.98)
claim("obedience: 6 to 20 %, where blind chance gives 10 %", 0.06 < min(heard) and max(heard) < 0.2, measured=heard)
claim("and yet both draw: nearer to real digits than 60", max(far) < 60, measured=far)

# %% [markdown]
# It draws, and doesn't listen at all. No bug: *the same steps as the library's*, every label where it belongs. What is
# wrong?
#
# Look at it from the discriminator's first layer. It sees 794 numbers. How much do they change when the *picture* is
# exchanged, and how much when the *label* is?

# %%
shuffled = pairs[torch.randperm(len(pairs), device=here)]
by_picture = (pairs[:, :784] - shuffled[:, :784]).norm(dim=1).mean().item()
by_label = math.sqrt(2)  # two ones change places
claim("another picture: a distance of about 20", 18 < by_picture < 24, measured=by_picture)
claim("another label: 14 times less or so", 11 < by_picture / by_label < 18, measured=by_picture / by_label)

# %% [markdown]
# At birth all 794 numbers have weights of the same size. The label is a whisper in a crowd of 784 pixels. Adam moves
# every weight by about the same amount, so it takes long until the whisper counts. That is our guess; a test is easy.
# Let the label speak up: write 10 instead of 1. (In theory that changes nothing, as a weight could do it. In practice a
# net is what it learns in the time that it has.)


# %%
class Loud(nn.Module):
    """A net on rows whose numbers from `start` on are a one-hot class: multiplied by `by` first."""

    def __init__(self, net, start, by=10.0):
        super().__init__()
        self.net, self.start, self.by, self.noise_dim = net, start, by, start + 10

    def forward(self, rows):
        return self.net(torch.cat([rows[:, : self.start], self.by * rows[:, self.start :]], dim=1))


def loud_generator():
    return Loud(make_nets()[0], 100)


def loud_discriminator():
    return Loud(make_nets()[1], 784)


# %%
loud = [train_gan(s, loud_generator, loud_discriminator) for s in (0, 1, 2)]
device.seed_everything(1)
obeyed = {"as usual": heard, "loud": [obeys(ask(gan)) for gan in loud]}
plotting.image_grid({str(k): ask(loud[0])[k::10][:10] for k in (0, 1, 7)}, title="asked for a 0, a 1, a 7")
claim("all three seeds obey at least twice as often as by chance", min(obeyed["loud"]) > 0.2, measured=obeyed)
claim("and each more often than both quiet ones", min(obeyed["loud"]) > max(heard) + 0.1, measured=obeyed)

# %% [markdown]
# Far from perfect after 400 steps of a tiny net, but it listens. Other ways to the same end: a layer of its own for the
# label before both are joined (as Mirza & Osindero did), a label in *every* layer, or section 4.
#
# (With more time and convolutions obedience is no problem: the finished model that comes with the course,
# `gan_edu.models.load("mnist", "conditional_gan")`, is there to try.)

# %% [markdown]
# ## 3 · Obedience isn't enough
#
# **Predict:** which "generator" obeys in all 1,000 cases, needs no training, and is worthless?

# %%
ten = torch.stack([test[unseen.labels == k][0, :784] for k in range(10)])
device.seed_everything(2)
candidates = {"as usual": ask(plain[0]), "loud": ask(loud[0]), "one of each": ten.repeat(100, 1)}
candidates["unseen digits"] = torch.cat([test[unseen.labels == k][:100, :784] for k in range(10)])[
    torch.arange(1000).view(10, 100).T.flatten()
]
table = {}
for name, pictures in candidates.items():
    precision, recall = metrics.precision_recall(reference.features[:1000], metrics.features(pictures, "mnist"))
    table[name] = {"obeys": obeys(pictures), "Fréchet": reference.frechet(pictures), "recall": recall}

# %%
_, axes = plt.subplots(1, 3, figsize=(6.8, 2.7), sharey=True)
for ax, measure in zip(axes, ("obeys", "Fréchet", "recall"), strict=True):
    values = [each[measure] for each in table.values()]
    ax.barh(list(table), values, color=["0.6", plotting.FAKE, "0.6", plotting.REAL])
    ax.set_title({"obeys": "obeys (judge)", "Fréchet": "Fréchet distance", "recall": "recall (variety)"}[measure])
    ax.spines["left"].set_visible(False)
axes[0].invert_yaxis()
plt.show()
claim("one of each obeys more often than the GAN", table["one of each"]["obeys"] > table["loud"]["obeys"] + 0.1)
claim("it is even nearer in Fréchet distance", table["one of each"]["Fréchet"] < table["loud"]["Fréchet"])
claim("and misses nearly everything: recall below 0.1", table["one of each"]["recall"] < 0.1, measured=table)
claim(
    "recall of both GANs: below 0.3; of unseen digits: over 0.6",
    max(table["as usual"]["recall"], table["loud"]["recall"]) < 0.3 < 0.6 < table["unseen digits"]["recall"],
    table,
)
claim("the loud GAN is nearer to real digits than the quiet one, too", table["loud"]["Fréchet"] < min(far))

# %% [markdown]
# So a conditional generator needs more than one number: does it obey, is it near, does it draw *everything* that
# belongs to the order? A distance of the whole heap can't see disobedience (shuffle the orders, and it stays the
# same). Obedience can't see that there are only ten pictures, and even the distance hardly minds. Recall does, and it
# says that our little GANs, too, leave most of the digits out. (Look at the zeros of the loud one: brothers, all of
# them.)
#
# The judge has limits, too. He must choose one of ten, so nonsense gets a name as well; and he was trained on the same
# kind of data.

# %% [markdown]
# ## 4 · Projection
#
# What *should* a discriminator of pairs compute? By chapter 32 the best logit is $\log p(x,y) - \log q(x,y)$, with $q$
# for the forgeries. Split both by $p(x, y) = p(x)\, p(y \mid x)$:
#
# $$\log \frac{p(x, y)}{q(x, y)} = \underbrace{\log \frac{p(x)}{q(x)}}_{\text{is it a digit?}} + \underbrace{\log
# \frac{p(y \mid x)}{q(y \mid x)}}_{\text{is it } \textit{this} \text{ digit?}}$$
#
# If both classifiers are softmaxes on common features, $p(y \mid x) \propto e^{v_y^\top \varphi(x)}$ and likewise
# with $u_y$ for $q$, then the second term is $(v_y - u_y)^\top \varphi(x)$ plus something that doesn't depend on $y$.
# So Miyato & Koyama (2018) use
#
# $$\text{logit}(x, y) = \underbrace{e_y^\top \varphi(x)}_{\text{projection}} + \psi(\varphi(x))$$
#
# with a learned vector $e_y$ for each class.
#
# **Predict:** four classes in the plane. Real $x \mid y \sim N(\mu_y, I)$ with $\mu_y$ = east, west, north, south. The
# forger has swapped east with west and north with south. How well can be told apart: by $x$ alone? By $y$ alone? By a
# *linear* layer on both, side by side? By a linear projection?

# %%
device.seed_everything(3)
middles = 2 * torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
y = torch.randint(4, (8000,))
signs = torch.ones(8000, 1)
signs[4000:] = -1  # the second half is forged: the middle of the opposite class
points = signs * middles[y] + torch.randn(8000, 2)
classes, is_real = F.one_hot(y, 4).float(), (signs > 0).float()
looks = {
    "x alone": points,
    "x and y side by side": torch.cat([points, classes], dim=1),
    "projection: x times y": (classes[:, :, None] * points[:, None]).flatten(1),
}


# %%
def told_apart(inputs, net):
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(200):
        optimiser.zero_grad()
        bce(net(inputs[::2]), is_real[::2]).backward()
        optimiser.step()
    return ((net(inputs[1::2]) > 0) == (is_real[1::2] > 0)).float().mean().item()


apart = {name: told_apart(inputs, nn.Linear(inputs.shape[1], 1)) for name, inputs in looks.items()}
apart["side by side, hidden layer"] = told_apart(looks["x and y side by side"], nets.mlp([6, 32, 1]))
best = 0.5 * (1 + math.erf(2 / math.sqrt(2)))  # Φ(2): the best logit is 2 μ_y·x
claim(
    "x alone, and x and y side by side: guessing (45 to 55 %)",
    all(0.45 < apart[name] < 0.55 for name in list(looks)[:2]),
    measured=apart,
)
claim("projection: within 1 % of the best, Φ(2) = 97.7 %", abs(apart["projection: x times y"] - best) < 0.01, apart)
claim("a hidden layer on both: within 2 %", abs(apart["side by side, hidden layer"] - best) < 0.02, measured=apart)

# %% [markdown]
# Here the pictures alone are distributed alike, and so are the labels; all is in the *product* of both. A linear layer
# on "both side by side" can't multiply. A hidden layer can, if it learns to.
#
# Does projection beat concatenation on digits? Same size, same settings, same generator:


# %%
class Projection(nn.Module):
    def __init__(self, hidden=128):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(784, hidden), nn.LeakyReLU(0.2))
        self.whatever = nn.Linear(hidden, 1)  # ψ
        self.vectors = nn.Linear(10, hidden, bias=False)  # e_y: a column for each class

    def forward(self, rows):
        phi = self.features(rows[:, :784])
        return self.whatever(phi) + (phi * self.vectors(rows[:, 784:])).sum(dim=1, keepdim=True)


projected = [train_gan(s, loud_generator, Projection) for s in (0, 1)]
device.seed_everything(4)
obeyed["projection"] = [obeys(ask(gan)) for gan in projected]
distance = {"loud": [reference.frechet(ask(gan)) for gan in loud]}
distance["projection"] = [reference.frechet(ask(gan)) for gan in projected]
plotting.bars_with_floor({name: 100 * torch.tensor(each) for name, each in obeyed.items()}, "orders obeyed (%)")

# %%
claim("it obeys, without any loudness in D: more often than both quiet ones", min(obeyed["projection"]) > max(heard))
claim(
    "but draws further from real digits than each loud one, at these settings",
    min(distance["projection"]) > max(distance["loud"]),
    measured=distance,
)

# %% [markdown]
# Projection is heard without a trick: the label multiplies *all* features. Its pictures are worse here, with one
# hidden layer, and settings that chapter 41 had found for another net. In its home, deep convolutional nets with
# spectral norm on ImageNet, it improved clearly on concatenation, and many large conditional GANs since have used it.
# `gan_edu`'s `nets.DCGANDiscriminator(classes=10)` judges by projection.

# %% [markdown]
# ## 5 · A VAE that takes orders
#
# The same with a VAE. Everything in the bound gets the condition $y$ (Sohn et al. 2015 go on to learn the prior, too):
#
# $$\log p(x \mid y) \;\ge\; \mathbb E_{q(z \mid x, y)}[\log p(x \mid z, y)] - \mathrm{KL}(q(z \mid x, y) \,\|\,
# N(0, I)) .$$
#
# So labels go into encoder *and* decoder. We train it with loudness 0 (no label at all: a VAE), 1 and 10.
#
# **Predict:** in which of the three will draws obey? And the same $N(0, I)$ for every class: what does that force the
# code to do?


# %%
class CVAE(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = by
        self.encoder, self.decoder = (nets.mlp(sizes, activation="relu") for sizes in ([794, 200, 32], [26, 200, 784]))

    def encode(self, rows):
        return self.encoder(torch.cat([(rows[:, :784] + 1) / 2, self.by * rows[:, 784:]], dim=1)).chunk(2, dim=1)

    def decode(self, z, labels):
        return self.decoder(beside(z, labels, self.by))

    def loss(self, rows):
        mean, log_variance = self.encode(rows)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        logits, pixels = self.decode(z, rows[:, 784:].argmax(dim=1)), (rows[:, :784] + 1) / 2
        price = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)
        return (bce(logits, pixels, reduction="none").sum(dim=1) + price).mean()

    @torch.no_grad()
    def draw(self, labels):
        return 2 * self.decode(torch.randn(len(labels), 16, device=labels.device), labels).sigmoid() - 1


# %%
def train_cvae(seed, by, rows=pairs, steps=300):
    device.seed_everything(seed)
    net = CVAE(by).to(here)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3, fused=here.type != "mps")
    for _ in range(steps):
        loss = net.loss(rows[torch.randint(len(rows), (64,), device=here)])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


family = {by: [train_cvae(seed, by) for seed in (0, 1)] for by in (0, 1, 10)}
with torch.no_grad():
    bound = {by: [-net.loss(test).item() for net in pair] for by, pair in family.items()}
follows = {by: [obeys(net.draw(orders)) for net in pair] for by, pair in family.items()}
far_vae = {by: [reference.frechet(net.draw(orders)) for net in pair] for by, pair in family.items()}

# %%
claim("loudness 0 and 1: obedience below 30 %", max(follows[0] + follows[1]) < 0.3, measured=follows)
claim("loudness 10: above 50 %", min(follows[10]) > 0.5, measured=follows)
claim(
    "and draws at least 1.5 times as near to real digits as without a label",
    1.5 * max(far_vae[10]) < min(far_vae[0]),
    far_vae,
)

# %% [markdown]
# Draws got much *nearer*, although they are judged as one heap, without labels. Is the model better, or does it just
# know more? The bound tells. Without the label, the CVAE is a model of $x$, too: $p(x) = \sum_y p(y)\, p(x \mid y) \ge
# p(y)\, p(x \mid y)$ for any one $y$. So with ten equally likely classes
#
# $$\log p(x) \;\ge\; \log p(x \mid y) - \log 10 ,$$
#
# and we must subtract no more than $\log 10 \approx 2.3$ nats for what the label gave away.

# %%
without = [each - math.log(10) for each in bound[10]]
claim(
    "minus 2.3 nats, the CVAE's bound on unseen digits is still the better one, in each pairing",
    min(without) > max(bound[0]),
    measured={"CVAE - log 10": without, "VAE": bound[0]},
)

# %% [markdown]
# ## 6 · Same noise, other order
#
# If the label says *which* digit, what is left for the noise? Each column has one code, each row one order:

# %%
device.seed_everything(5)
net, wishes = family[10][0], torch.tensor([2, 3, 5, 8, 9], device=here)
z = torch.randn(1, 16, device=here).repeat(5, 1), torch.randn(10, 16, device=here)
with torch.no_grad():
    rows = {str(k.item()): 2 * net.decode(z[1], k.repeat(10)).sigmoid() - 1 for k in wishes}
plotting.image_grid(rows, rows=1)

# %% [markdown]
# **Predict:** we encode unseen digits, and decode the same code with a *wrong* label. Does the picture follow the code
# (the old digit) or the order (the new one)? For loudness 1 and 10?

# %%
device.seed_everything(6)
others = (unseen.labels.to(here) + torch.randint(1, 10, (len(test),), device=here)) % 10
swapped = {}
with torch.no_grad():
    for by in (1, 10):
        pictures = [2 * net.decode(net.encode(test)[0], others).sigmoid() - 1 for net in family[by]]
        swapped[by] = [(obeys(p, others), obeys(p, unseen.labels)) for p in pictures]
claim("loud: the new order wins, in more than half of all cases", min(new for new, _ in swapped[10]) > 0.5, swapped)
claim("quiet: the old digit wins over the new", all(old > new for new, old in swapped[1]), measured=swapped)

# %% [markdown]
# In the quiet one the *code* says which digit it is, so nothing is left for the label to say. In the loud one the
# code carries what remains: slant, width, thickness. Nobody has told it to. Paying for class information in the code
# would be a waste, when the label brings it for nothing.

# %% [markdown]
# ## 7 · A rare class: do nothing, and three cheap cures
#
# You have 300 pictures of each digit, but only **ten eights**. A classifier trained on that will nearly never say "8".
# A question that the course's articles answer with three words, *resampling, augmentation, weighting*; let us see what
# each does. On the test set eights are as frequent as other digits, so that $p(y)$ has **changed**.
#
# 1. **Re-weighting**: an eight counts 30 times as much in the loss.
# 2. **Resampling**: eights are drawn 30 times as often.
# 3. **Shifting the answer**: train as if nothing were, then subtract $\log p(y)$ of the training data from each
#    class's logit. By Bayes, $p(y \mid x) / p(y) \propto p(x \mid y)$: what the classifier would say if all classes
#    were equally frequent (Menon et al. 2021 and others before).
#
# **Predict:** which of the three finds the most eights?

# %%
RARE, SEEDS = 8, range(5)


def scarce(seed, rare=10, common=300):
    """Rows of pairs with few eights; which ones depends on the seed."""
    chance, chosen = device.generator(seed), []
    for k in range(10):
        mine = (mnist.labels == k).nonzero()[:, 0]
        chosen.append(mine[torch.randperm(len(mine), generator=chance)][: rare if k == RARE else common])
    return pairs[torch.cat(chosen).to(here)]


def even(rows):
    """For each row the chance to be drawn, so that all classes come equally often."""
    return (rows[:, 784:] / rows[:, 784:].sum(dim=0).clamp(min=1)).sum(dim=1)


# %%
def classifier(rows, seed, weights=None, chances=None, change=None, steps=250):
    device.seed_everything(seed)
    net = nets.mlp([784, 64, 10], activation="relu").to(here)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3, fused=here.type != "mps")
    chances = torch.ones(len(rows), device=here) if chances is None else chances
    weights = torch.ones(10, device=here) if weights is None else weights
    for _ in range(steps):
        batch = rows[torch.multinomial(chances, 64, replacement=True)]
        pictures, labels = batch[:, :784], batch[:, 784:].argmax(dim=1)
        logits = net(pictures if change is None else change(pictures))
        loss = (weights[labels] * F.cross_entropy(logits, labels, reduction="none")).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


@torch.no_grad()
def judge(net, minus=0.0):
    """Recall of the rare class, and accuracy on the other nine, on unseen digits."""
    right = (net(test[:, :784]) - minus).argmax(dim=1).cpu() == unseen.labels
    rare = unseen.labels == RARE
    return right[rare].float().mean().item(), right[~rare].float().mean().item()


# %%
sets = [scarce(seed) for seed in SEEDS]
usual = [classifier(rows, s) for s, rows in zip(SEEDS, sets, strict=True)]
log_share = [(rows[:, 784:].mean(dim=0)).log() for rows in sets]
found = {"do nothing": [judge(net) for net in usual]}
found["answer shifted"] = [judge(net, minus) for net, minus in zip(usual, log_share, strict=True)]
found["re-weighted"] = [
    judge(classifier(rows, s, weights=0.1 / rows[:, 784:].mean(dim=0))) for s, rows in zip(SEEDS, sets, strict=True)
]
found["resampled"] = [judge(classifier(rows, s, chances=even(rows))) for s, rows in zip(SEEDS, sets, strict=True)]
found["300 real 8s"] = [judge(classifier(scarce(s, rare=300), s)) for s in SEEDS]


# %%
def recall_of(name):
    return torch.tensor(found[name])[:, 0]


middle = {name: recall_of(name).median().item() for name in found}
claim("do nothing: a median of at most 15 % of the eights", middle["do nothing"] < 0.15, found)
claim("median of re-weighting, of resampling: over 30 %", min(middle["re-weighted"], middle["resampled"]) > 0.3, middle)
best = max(middle["re-weighted"], middle["resampled"])
claim(
    "shifting the answer: with these five sets, the highest median of the three",
    middle["answer shifted"] > best,
    middle,
)
claim("300 real eights: over 70 %", middle["300 real 8s"] > 0.7, middle)

# %% [markdown]
# The cure without any training finds many. The network *had* learned what an eight looks like, from ten pictures. It
# only never dared to say so, because in its world an eight was a bet of 1 to 270.
#
# (Which of the three finds most hangs on *which* ten eights one has. Five sets are few: try `SEEDS = range(5, 10)`, and
# don't be surprised if the order changes.)
#
# Re-weighting and resampling have the same aim, on average even the same gradient (up to a factor); they differ in
# their noise. Their effect fades as a net learns its training data by heart (Byrd & Lipton 2019): once each training
# picture is right, no weight changes anything much.

# %% [markdown]
# ## 8 · Data augmentation: shifts, and generated eights
#
# Three more cures, all of which *make* data:
#
# 4. **Shifts**: each picture, each time, is moved by up to two pixels. Alone, and together with resampling.
# 5. A **conditional GAN**, trained on these 2,710 pictures, classes evened out, is asked for 290 eights.
# 6. A **CVAE** likewise.
#
# (A GAN without labels would be no cure: at its best it draws eights as often as the data hold them, once in 271.)
#
# The generators know no more eights than you do: ten. What they can add is what an eight has in common with other
# digits: strokes, slant, thickness.
#
# **Predict:** rank them by eights found, with re-weighting among them.


# %%
def moved(pictures):
    framed = F.pad(pictures.view(-1, 28, 28), (2, 2, 2, 2), value=-1.0)  # a black frame, 32 × 32
    windows = framed.unfold(1, 28, 1).unfold(2, 28, 1)  # (N, 5, 5, 28, 28): all places of a 28 × 28 window
    down, right = torch.randint(5, (2, len(pictures)), device=here)
    return windows[torch.arange(len(pictures), device=here), down, right].flatten(1)


found["shifts"] = [judge(classifier(rows, s, change=moved)) for s, rows in zip(SEEDS, sets, strict=True)]
found["resampled + shifts"] = [
    judge(classifier(rows, s, chances=even(rows), change=moved)) for s, rows in zip(SEEDS, sets, strict=True)
]


# %%
def evened(rows):
    """All common pictures, and each rare one thirty times."""
    rare = rows[:, 784 + RARE] > 0
    return torch.cat([rows[~rare], rows[rare].repeat(30, 1)])


eights = torch.full((290,), RARE, device=here)
made, shown = {"+ GAN's 8s": [], "+ CVAE's 8s": []}, {}
for seed, rows in zip(SEEDS, sets, strict=True):
    gan = train_gan(seed, loud_generator, loud_discriminator, evened(rows), steps=300)
    made["+ GAN's 8s"].append(gan.sample(gan.generator.noise_for(eights))[:, :784])
    made["+ CVAE's 8s"].append(train_cvae(seed, 10, evened(rows)).draw(eights))
for name, each in made.items():
    more = [torch.cat([rows, beside(new, eights)]) for rows, new in zip(sets, each, strict=True)]
    found[name] = [judge(classifier(rows, s)) for s, rows in zip(SEEDS, more, strict=True)]

# %%
ten_eights = sets[0][sets[0][:, 784 + RARE] > 0][:, :784]
shown = {"all ten real 8s": ten_eights} | {name.removeprefix("+ "): each[0][:10] for name, each in made.items()}
plotting.image_grid(shown, rows=1)

# %%
order = sorted(found, key=lambda name: torch.tensor(found[name])[:, 0].median().item())
_, ax = plt.subplots(figsize=(6.8, 4.2))
for place, name in enumerate(order):
    recall, rest = (100 * torch.tensor(found[name])).T
    generated = name.startswith("+")
    color = plotting.FAKE if generated else plotting.REAL if name == "300 real 8s" else "0.35"
    ax.plot(recall, [place] * 5, "^" if generated else "o", color=color, alpha=0.6, markersize=7)
    ax.plot([recall.median()] * 2, [place - 0.3, place + 0.3], color=color, linewidth=3)
    ax.text(104, place, f"{rest.median():.0f} %", va="center")
ax.text(104, len(order) - 0.3, "others", va="center")
ax.set(yticks=range(len(order)), yticklabels=order, xlim=(-3, 102), xlabel="eights found (%); bar: median of 5 seeds")
plt.show()

# %% [markdown]
# ## 9 · Who wins?

# %%
middle = {name: recall_of(name).median().item() for name in found}
made_best = max(middle["+ GAN's 8s"], middle["+ CVAE's 8s"])
claim(
    "generated eights help: either median is at least 10 points above doing nothing",
    min(middle["+ GAN's 8s"], middle["+ CVAE's 8s"]) > middle["do nothing"] + 0.1,
    middle,
)
claim("the median of re-weighting is above both", made_best < middle["re-weighted"], middle)
claim("shifting the answer: at least 5 points more than either", middle["answer shifted"] > made_best + 0.05, middle)
claim("shifts alone: no eights (at most 5 %)", recall_of("shifts").max() < 0.05, found)
claim(
    "resampling with shifts: at least 5 points more than resampling alone",
    middle["resampled + shifts"] > middle["resampled"] + 0.05,
    middle,
)

# %% [markdown]
# Plainly: **plain re-weighting wins** against generated eights. Its median is above that of both generators, and it
# costs nothing. A subtraction costs even less, and beats them, too.
#
# And the shifts? They bring in something *true* that the ten pictures don't show: a moved eight is an eight. Together
# with resampling they find more eights, and none without it.
#
# Is finding more eights worth it? The right column says what it costs on the other nine digits. To be fair, we should
# compare at equal cost. Shifting the answer by $\tau \log p(y)$ gives a whole curve, for free:

# %%
taus = torch.linspace(0, 1.6, 17)
curve = torch.tensor([[judge(net, t * minus) for net, minus in zip(usual, log_share, strict=True)] for t in taus])
_, ax = plt.subplots(figsize=(6.8, 4))
ax.plot(*(100 * curve.mean(dim=1)).T, color="black", linestyle="--", label="answer shifted by τ")
spots = {"re-weighted": "s", "resampled": "D", "resampled + shifts": "v", "+ GAN's 8s": "^", "+ CVAE's 8s": "P"}
for number, (name, marker) in enumerate(spots.items()):
    color = plotting.FAKE if name.startswith("+") else plotting.NEUTRAL[number]
    ax.plot(*(100 * torch.tensor(found[name]).mean(dim=0)), marker, color=color, markersize=9, label=name)
ax.plot(*(100 * torch.tensor(found["300 real 8s"]).mean(dim=0)), "*", color=plotting.REAL, ms=14, label="300 real 8s")
ax.set(xlabel="eights found (%), mean of 5 seeds", ylabel="right on the other nine (%)", ylim=(78, 94))
ax.legend(loc="lower left", fontsize=10)
plt.show()


# %%
def above_the_curve(name):
    """By how much a cure is right more often on the other nine than the curve, at equally many eights found."""
    recall, rest = torch.tensor(found[name]).mean(dim=0).tolist()
    return rest - np.interp(recall, *curve.mean(dim=1).T.numpy())


gains = {name: above_the_curve(name) for name in (*spots, "300 real 8s")}
real = gains.pop("300 real 8s")
claim("no cure lies more than 2 points above the free curve", max(gains.values()) < 0.02, measured=gains)
claim("300 real eights do lie above it, higher than any cure", real > max(0.005, *gains.values()), (real, gains))

# %% [markdown]
# None of the cures lifts us clearly off the curve: mostly they choose another *place* on it. Only real eights do.
# Before you generate data for a rare class, draw this curve on held-out data; it takes a minute.
#
# Look at the eights themselves once more. The judge takes nearly every one of the CVAE's for an eight. **Predict:** are
# they *new*?

# %%
nearest = {}
for name, each in {**made, "unseen 8s": [test[unseen.labels == RARE][:, :784]] * 5}.items():
    tens = [rows[rows[:, 784 + RARE] > 0][:, :784] for rows in sets]
    nearest[name] = torch.stack(
        [torch.cdist(new, old).min(dim=1).values.mean() for new, old in zip(each, tens, strict=True)]
    )
believed = torch.tensor([obeys(each, eights) for each in made["+ CVAE's 8s"]])
claim("the judge calls over 90 % of the CVAE's eights an 8", believed.min() > 0.9, measured=believed)
claim(
    "each seed: they lie nearer to the ten training eights than unseen eights do",
    (nearest["+ CVAE's 8s"] < nearest["unseen 8s"]).all(),
    measured=nearest,
)

# %% [markdown]
# Believable, and near-copies of ten pictures. Obedience (section 2), likeness and *usefulness* are three different
# things. Ravuri & Vinyals (2019) saw it on ImageNet: a classifier that learned from nothing but the samples of
# BigGAN-deep, a GAN with splendid pictures, came out 27.9 % worse (top-1 accuracy) than one that learned from real
# data.

# %% [markdown]
# ## What all this does not show
#
# - **That generated data never help.** Ten pictures, tiny nets, 250 steps of training. A generator that knows *other*
#   data (trained on millions of pictures, say) brings in something new; ours can't.
# - **That shifting the answer is always right.** It assumes that only the class shares change between training and use,
#   and that the logits are honest probabilities. After long training they are overconfident.
# - **That recall is what you want.** What does a missed eight cost, and a false one? The curve shows what's on offer;
#   the choice is yours.
# - **That loudness 10 is a law.** It matched 784 pixels between −1 and 1.

# %% [markdown]
# ## Help, I get …
#
# ### Ten good digits, in random order
# The label isn't heard. Count obedience with a classifier. Then: louder labels, a layer of their own, projection. And
# check that *both* players get it.
#
# ### All sevens look the same
# The generator ignores its noise: collapse within a class. Look at recall, or at the spread of `G(z, 7)` over `z`. The
# CVAE: is the price near 0?

# %% [markdown]
# ### `RuntimeError: one_hot is only applicable to index tensor of type LongTensor`
# Labels as floats. `labels.long()`. In the other direction the one-hot rows must become floats before `torch.cat`.
#
# ### A discriminator that is always right, from the first step
# The real labels are one-hot, the forged ones something else: floats like 0.1, another loudness, another order of the
# columns. Look at one row of each.
#
# ### Weighted cross-entropy, and the loss is suddenly small or huge
# `weight=` divides by the sum of the weights *in the batch*, so that a batch with one eight counts differently from one
# without. Scale so that the mean weight over the data is 1, as section 7 does.

# %% [markdown]
# ## Recap
#
# - A conditional model learns pairs. Losses and training stay as they are; labels go into *both* nets.
# - A label must be heard: one-hot beside 784 pixels is a whisper. Ten times as loud, and a GAN and a VAE obeyed.
# - Obedience, distance, variety: three numbers. Ten real pictures win the first and lose the last.
# - Projection multiplies label and features. It solves what a linear layer on both side by side can't.
# - For a rare class: first re-weight, or shift the answer. Both found more eights than two generators' pictures did.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why must forged pairs have the same class shares as real ones?</summary>
#
# Otherwise the label alone gives a forgery away, and the discriminator learns shares instead of pictures. If the data
# are uneven, draw the forged labels unevenly, too (`prior=`), or even out both.
#
# </details>
#
# <details><summary>A conditional GAN has a Fréchet distance of 3. Does it obey?</summary>
#
# That can't be said. Shuffle the orders among its pictures, and the distance stays exactly the same.
#
# </details>
#
# <details><summary>Test and training data have equal shares of eights, 0.4 %. Should you shift the answer?</summary>
#
# Not for accuracy: then the unshifted answer is the best bet. Shift if a missed eight is dearer than a false one, by
# the ratio of the two costs.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Mirza & Osindero 2014, Conditional Generative Adversarial Nets](https://arxiv.org/abs/1411.1784): labels for both
#   players, on these digits, five months after the first GAN.
# - [Miyato & Koyama 2018, cGANs with Projection Discriminator](https://arxiv.org/abs/1802.05637): section 4, with the
#   derivation in full.
# - [Sohn, Lee & Yan 2015, Learning Structured Output Representation using Deep Conditional Generative
#   Models](https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models):
#   the CVAE, for much harder conditions than a class.
# - [Menon et al. 2021, Long-tail Learning via Logit Adjustment](https://arxiv.org/abs/2007.07314): the shifted answer,
#   why it is right, and how to train with it.
# - [Byrd & Lipton 2019, What is the Effect of Importance Weighting in Deep
#   Learning?](https://arxiv.org/abs/1812.03372): how the effect of weights fades while a net trains on.
# - [Mariani et al. 2018, BAGAN](https://arxiv.org/abs/1803.09655): a GAN made for rare classes, which learns from all
#   classes at once.
# - [Ravuri & Vinyals 2019, Classification Accuracy Score](https://arxiv.org/abs/1905.10887): judge a conditional
#   generator by what a classifier learns from it.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | conditional GAN (cGAN) | 条件生成对抗网络 | a GAN on pairs of a picture and its condition |
# | one-hot | 独热编码 | a class as a row of zeros with a single one |
# | projection discriminator | 投影判别器 | logit = product of a class vector with the features, plus a rest |
# | conditional VAE (CVAE) | 条件变分自编码器 | a VAE whose encoder and decoder get the condition |
# | class imbalance | 类别不平衡 | some classes are much rarer than others |
# | re-weighting | 重加权 | rare samples count more in the loss |
# | resampling | 重采样 | rare samples are drawn more often |
# | data augmentation | 数据增强 | more training data, by changes that keep the class, or by a generator |
# | logit adjustment | 对数几率校正 | subtracting $\log p(y)$, so that all classes count as equally frequent |
# | recall | 召回率 | the share of true eights that are found |
