# %% [markdown]
# # 45 · Conditional generation
#
# *A generator that you can ask for a seven is far more useful than one that draws whatever it likes. It takes one more
# input, and then a surprise: the networks may simply not listen.*
#
# > **You will be able to**
# > - turn any GAN and any VAE into one that takes orders: `G(z, y)`, `D(x, y)`
# > - find out whether a label is heard, and make it heard
# > - test obedience with a judge who took no part, beside quality and coverage
# > - derive the projection discriminator, and show a problem that it solves and a linear layer can't
# > - read conditional batch norm, which brings the label into every layer
# >
# > **Before you start** [41 · an MLP GAN](41_mlp_gan.ipynb) and [44 · a VAE](44_vae.ipynb): the same two models, now
# > with labels.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used automatically): {{gpu_time}}

# %% [markdown]
# ## The idea in a picture
#
# A discriminator without labels asks: *is this a digit?* A discriminator with labels asks: **do these two belong
# together?**

# %% jupyter={"source_hidden": true}
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, metrics, models, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
here = device.pick()  # a GPU if there is one, or else the CPU
mnist, unseen = data.images("mnist"), data.images("mnist", split="test")
x, y = mnist.tensor(flat=True, device=here), mnist.labels.to(here)  # (10000, 784) from -1 to 1, and (10000,) classes
x_test, y_test = unseen.tensor(flat=True, device=here), unseen.labels.to(here)

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 8, figsize=(6.8, 1.5))
claimed = unseen.labels[:8].clone()
claimed[[1, 4, 6]] = torch.tensor([2, 7, 5])
for ax, row, label, word in zip(axes, x_test[:8].cpu(), unseen.labels, claimed, strict=False):
    ax.imshow(row.view(28, 28), cmap="gray")
    fits = bool(label == word)
    ax.set_title(f"“{word.item()}”", color=plotting.REAL if fits else plotting.FAKE)
    ax.set_xlabel("real" if fits else "forged", color=plotting.REAL if fits else plotting.FAKE)
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# All eight pictures are real. Three of the *pairs* are forged. This one idea makes every generative model conditional:
# let it learn pairs.

# %% [markdown]
# ## 1. A GAN on pairs
#
# A distribution of pairs is $p(x, y) = p(y)\, p(x \mid y)$. We choose the labels of the fakes ourselves, with the
# same $p(y)$ as in the data. Suppose now that real and forged *pairs* can't be told apart. Then for each class that
# occurs, the generator draws from $p(x \mid y)$: it obeys. (We draw all ten classes equally often. In MNIST they are
# nearly, not exactly, equally frequent.)
#
# Mirza & Osindero (2014) give the label to both networks, beside their other input. A class is not a number with a
# size, so each class becomes a vector. `nn.Embedding(10, n)` is a table with ten rows of $n$ numbers, one row for
# each class. The rows begin as random numbers from $N(0, 1)$ and are learned like all other weights.


# %%
class Generator(nn.Module):
    def __init__(self, embed):
        super().__init__()
        self.embed = embed
        self.net = nets.mlp([100 + embed.embedding_dim, 128, 784], output="tanh")

    def forward(self, z, y):
        return self.net(torch.cat([z, self.embed(y)], dim=1))


class Discriminator(nn.Module):
    def __init__(self, embed):
        super().__init__()
        self.embed = embed
        self.net = nets.mlp([784 + embed.embedding_dim, 128, 1])

    def forward(self, x, y):
        return self.net(torch.cat([x, self.embed(y)], dim=1))


# %% [markdown]
# The losses stay as they are. Real pictures come with their own labels, and fakes with the labels that we asked for:


# %%
def step(G, D, opt_g, opt_d, x_real, y_real):
    y_fake = torch.randint(10, (len(x_real),), device=here)
    x_fake = G(torch.randn(len(x_real), 100, device=here), y_fake)
    loss_d = F.softplus(-D(x_real, y_real)).mean() + F.softplus(D(x_fake.detach(), y_fake)).mean()
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    loss_g = F.softplus(-D(x_fake, y_fake)).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()


def train(seed, table, make_d, steps=400):
    device.seed_everything(seed)
    G, D = Generator(table()).to(here), make_d().to(here)
    opt_g = torch.optim.Adam(G.parameters(), lr=4e-3, betas=(0.0, 0.999))
    opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.999))
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), device=here)
        step(G, D, opt_g, opt_d, x[rows], y[rows])
    return G


# %% [markdown]
# ## 2. Is the label heard?
#
# Many programs use a special case of this table: **one-hot** rows, all zeros with a single 1. The table is then the
# identity matrix, and it isn't learned. We try six tables, in both networks: one-hot rows, one-hot rows times 3 and
# times 10, learned rows of 10 and of 50 numbers, and 50 random numbers that aren't learned.
#
# Then we ask for 50 of each digit. A **judge** who took no part in the training says whether we got what we asked for.
# The judge is the course's classifier, and it is right about 99 % of real test digits. On rough pictures it errs much
# more: of real digits with a fifth of the pixels spoiled it recognises only about half (section 3). So 50 % below may
# mean that much more was heard. A deaf generator gets 10 %, by chance; the spoiled digits, about as rough as those
# below and all of them obedient, still get about half.
#
# **Predict, and say why:** in how many of 500 cases will the network with one-hot labels obey? Do you expect a
# difference between the six?


# %%
def one_hot(size=1.0):
    return nn.Embedding.from_pretrained(size * torch.eye(10))  # fixed


def beside(table):
    return lambda: Discriminator(table())


tables = {
    "one-hot": one_hot,
    "one-hot × 3": lambda: one_hot(3.0),
    "one-hot × 10": lambda: one_hot(10.0),
    "Embedding(10, 10)": lambda: nn.Embedding(10, 10),
    "Embedding(10, 50)": lambda: nn.Embedding(10, 50),
    "50 numbers, fixed": lambda: nn.Embedding.from_pretrained(torch.randn(10, 50)),
}
orders = torch.arange(10, device=here).repeat(50)
reference = metrics.Reference("mnist", x[:2000])


def obeys(pictures, wishes=orders):
    return (metrics.classify(pictures, "mnist").argmax(dim=1) == wishes.cpu()).float().mean().item()


@torch.no_grad()
def ask(G):
    return G(torch.randn(len(orders), 100, device=here), orders)


# %%
gans = {name: [train(s, table, beside(table)) for s in (0, 1)] for name, table in tables.items()}
device.seed_everything(9)
answers = {name: [ask(G) for G in pair] for name, pair in gans.items()}
obeyed = {name: [obeys(each) for each in pair] for name, pair in answers.items()}
far = {name: [reference.frechet(each) for each in answers[name]] for name in ("one-hot", "Embedding(10, 50)")}
plotting.image_grid({str(k): answers["one-hot"][0][k::10][:10] for k in (0, 1, 7)}, title="one-hot: 0, 1, 7 ordered")
plotting.image_grid(
    {str(k): answers["Embedding(10, 50)"][0][k::10][:10] for k in (0, 1, 7)}, title="Embedding(10, 50): 0, 1, 7 ordered"
)

# %%
claim("the judge is right about at least 97 % of 1,000 real digits", obeys(x_test[:1000], y_test[:1000]) > 0.97)
claim("one-hot: at most 20 % obeyed, where blind chance gives 10 %", max(obeyed["one-hot"]) < 0.2, measured=obeyed)
claim("and yet it draws: both are nearer to real digits than 60", max(far["one-hot"]) < 60, measured=far)
claim("Embedding(10, 50): at least 30 % obeyed", min(obeyed["Embedding(10, 50)"]) > 0.3, measured=obeyed)

# %% [markdown]
# The network with one-hot labels draws, and it doesn't listen. There is no bug: it has the same steps, the same losses,
# and every label in its place. Why is the other one different?
#
# Look at what the first layer of the discriminator sees. How far does its input move when the *picture* is exchanged,
# and how far when only the *label* is?

# %%
by_picture = (x - x[torch.randperm(len(x), device=here)]).norm(dim=1).mean().item()
device.seed_everything(0)
by_label = {name: torch.pdist(table().weight).mean().item() for name, table in tables.items()}
print(f"another picture: {by_picture:.0f}")
for name, distance in by_label.items():
    print(f"another label, {name:17s}: {distance:4.1f}")

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3))
for number, (name, each) in enumerate(obeyed.items()):
    marker = "s" if name.startswith("one") else "D" if "fixed" in name else "o"
    ax.plot(
        [by_label[name]] * 2, [100 * value for value in each], marker, color=plotting.NEUTRAL[number % 3], label=name
    )
ax.axhline(10, color=plotting.THEORY, linestyle="--")
ax.text(15.5, 11.5, "chance", ha="right")
ax.axvline(by_picture, color="0.7")
ax.text(by_picture - 0.2, 60, "another picture", ha="right", color="0.4")
ax.set(xlabel="distance between the rows of two labels", ylabel="orders obeyed (%)", xlim=(0, 22), ylim=(0, 72))
ax.legend(loc="upper left")
plt.show()

# %%
fixed = obeyed["one-hot × 10"] + obeyed["50 numbers, fixed"]
large = min(obeyed["Embedding(10, 50)"] + fixed)
between = obeyed["one-hot × 3"] + obeyed["Embedding(10, 10)"]
claim("the two tables in between are below the three large ones", max(between) < large, measured=obeyed)
claim("and on average above one-hot", sum(between) / 4 > sum(obeyed["one-hot"]) / 2 + 0.02, measured=obeyed)
claim("large rows that aren't learned are heard, too: over 25 %", min(fixed) > 0.25, measured=obeyed)

# %% [markdown]
# In our runs small rows are hardly heard, and large rows are. Learning them isn't necessary: both fixed tables with
# large rows are heard, too. (Size isn't all, though: rows of 50 numbers are smaller than those times 10, and they are
# heard no less.) A one-hot label moves the input by 1.4, a picture moves it by about 20. At birth all inputs have
# weights of the same size, so the label is a whisper in a crowd of 784 pixels. In theory one large weight could make up
# for it. In practice a network is what it learns in the time that it has.
#
# Which of the two networks must hear the label? **Predict,** then look: we use one-hot × 10 in one network only, and
# plain one-hot in the other. As a second control, plain one-hot labels get four times as many steps.

# %%
loud, quiet = tables["one-hot × 10"], tables["one-hot"]
controls = {
    "only G": [train(s, loud, beside(quiet)) for s in (0, 1)],
    "only D": [train(s, quiet, beside(loud)) for s in (0, 1)],
    "4 × longer": [train(0, quiet, beside(quiet), steps=1600)],
}
controlled = {name: [obeys(ask(G)) for G in each] for name, each in controls.items()}

# %% tags=["nbval-ignore-output"]
for name, each in controlled.items():
    print(f"{name:10s}", "  ".join(f"{100 * value:3.0f} %" for value in each))

# %%
claim(
    "× 10 in G only: at most 30 %, and less than in D only",
    max(controlled["only G"]) < min(0.3, *controlled["only D"]),
    measured=controlled,
)
claim("× 10 in D only: over 25 %", min(controlled["only D"]) > 0.25, measured=controlled)
claim("plain one-hot, four times as long: over 30 % (one seed)", controlled["4 × longer"][0] > 0.3, measured=controlled)

# %% [markdown]
# It is the discriminator that must hear. If `D` doesn't compare picture and label, nothing ever tells `G` to obey,
# however clearly `G` hears the order. And with four times as many steps, plain one-hot labels were heard, too (this
# is a single seed). So a label in small rows isn't lost. It is heard *later*.
#
# So when a conditional GAN disobeys, look at `D` first. More steps may help. Larger rows are quick to try (but section
# 4 shows that they can be too large). Other remedies are a layer of its own for the label before both are joined (as
# Mirza & Osindero did), and projection (section 4). Section 5 is about `G` alone, and doesn't cure a deaf `D`.

# %% [markdown]
# ## 3. Obedience isn't enough
#
# **Predict:** which "generator" obeys in nearly all of 500 cases, needs no training, and is worthless?
#
# (As a control we *spoil* 500 different unseen digits: one pixel in five becomes black or white at random.)

# %%
ten = torch.stack([x_test[y_test == k][0] for k in range(10)])
device.seed_everything(2)
candidates = {"one-hot": answers["one-hot"][0], "Embedding(10, 50)": answers["Embedding(10, 50)"][0]}
candidates["one of each"] = ten.repeat(50, 1)
fresh = torch.stack([x_test[y_test == k][:50] for k in range(10)], dim=1).flatten(0, 1)
dots = torch.randint_like(fresh, 2) * 2 - 1
candidates["unseen, spoiled"] = torch.where(torch.rand_like(fresh) < 0.2, dots, fresh)
candidates["unseen digits"] = fresh
table = {}
for name, pictures in candidates.items():
    covered = metrics.density_coverage(reference.features[:1000], metrics.features(pictures, "mnist")).coverage
    table[name] = {"obeys": obeys(pictures), "Fréchet": reference.frechet(pictures), "coverage": covered}

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 3, figsize=(6.8, 2.7), sharey=True)
titles = {"obeys": "obeys (judge)", "Fréchet": "Fréchet distance", "coverage": "coverage"}
for ax, (measure, title) in zip(axes, titles.items(), strict=True):
    values = [each[measure] for each in table.values()]
    bars = ax.barh(list(table), values, color=[plotting.FAKE, plotting.FAKE, "0.6", "0.6", plotting.REAL])
    ax.bar_label(bars, [f"{value:.1f}" if measure == "Fréchet" else f"{value:.2f}" for value in values], padding=2)
    ax.margins(x=0.3)
    ax.set_title(title)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
axes[0].invert_yaxis()
plt.show()

# %%
copies = table["one of each"]
both = [table[name] for name in ("one-hot", "Embedding(10, 50)")]
claim("one of each obeys more often than both GANs", all(copies["obeys"] > gan["obeys"] + 0.1 for gan in both), table)
claim("it is even nearer in Fréchet distance", all(copies["Fréchet"] < gan["Fréchet"] for gan in both), measured=table)
covers = {name: each["coverage"] for name, each in table.items()}
goal = covers.pop("unseen digits")
claim(
    "but the ten, both GANs and spoiled digits cover less than a fifth of what unseen digits do",
    max(covers.values()) < goal / 5,
    table,
)
claim("which is over 60 %", goal > 0.6, measured=table)

# %%
spoiled = table["unseen, spoiled"]["obeys"]
claim("the judge recognises between 35 and 65 % of the spoiled digits", 0.35 < spoiled < 0.65, measured=table)
eights = (metrics.classify(candidates["unseen, spoiled"], "mnist").argmax(dim=1) == 8).float().mean().item()
claim("and it calls over 35 % of them an 8, where 10 % are", eights > 0.35, measured=eights)

# %% [markdown]
# Ten real pictures, each repeated fifty times, beat both GANs in obedience and in distance. So a conditional generator
# needs three numbers: does it obey, is it near, and does it draw *everything* that belongs to the order?
#
# A distance of all pictures together can't see disobedience: shuffle the orders, and it stays the same. Obedience
# can't see that there are only ten pictures. **Coverage** can: it is the share of real digits that have a drawn one
# nearby ([chapter 36](36_measuring_samples.ipynb)). It says that ten pictures are few. For our GANs it can't say why it
# is low: a rough picture is near no real digit, however varied the pictures are. The spoiled digits are all different,
# and their coverage is low, too. That variety is missing as well, you see with your eyes: the zeros of `Embedding(10,
# 50)` are much alike. Only the unseen digits are good in all three.
#
# The judge has limits. It must choose one of ten classes, so nonsense gets a name as well: it calls
# about half of the spoiled digits an 8.

# %% [markdown]
# ## 4. Projection
#
# What *should* a discriminator of pairs compute? By chapter 32 the best logit is $\log p(x,y) - \log q(x,y)$, where $q$
# is the distribution of the fakes. Split both by $p(x, y) = p(x)\, p(y \mid x)$:
#
# $$\log \frac{p(x, y)}{q(x, y)} = \underbrace{\log \frac{p(x)}{q(x)}}_{\text{is it a digit?}} + \underbrace{\log
# \frac{p(y \mid x)}{q(y \mid x)}}_{\text{is it } \textit{this} \text{ digit?}}$$
#
# Suppose that both $p(y \mid x)$ and $q(y \mid x)$ are softmax classifiers on common features $\varphi(x)$, with
# vectors $v_y$ and $u_y$ and no biases. Then the second term is $(v_y - u_y)^\top \varphi(x)$, plus something that
# doesn't depend on $y$. So Miyato & Koyama (2018) use
#
# $$\text{logit}(x, y) = \underbrace{e_y^\top \varphi(x)}_{\text{projection}} + \psi(\varphi(x))$$
#
# with a learned vector $e_y$ for each class. The label *multiplies* the features, where before it stood beside them.

# %% [markdown]
# **Predict, and say why.** There are four classes in the plane. Real points are $x \mid y \sim N(\mu_y, I)$ with
# $\mu_y$ in the east, west, north, south. The generator has swapped east with west and north with south. How well can
# fakes be recognised from $x$ alone? By a *linear* layer on $x$ and $y$ side by side? By a linear projection?

# %%
device.seed_everything(3)
middles = 2 * torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
which = torch.randint(4, (8000,))
signs = torch.ones(8000, 1)
signs[4000:] = -1  # the second half is forged: the middle of the opposite class
points = signs * middles[which] + torch.randn(8000, 2)
classes, is_real = F.one_hot(which, 4).float(), (signs > 0).float()
looks = {
    "x alone": points,
    "x and y side by side": torch.cat([points, classes], dim=1),
    "projection: x times y": (classes[:, :, None] * points[:, None]).flatten(1),
}


# %%
def told_apart(inputs, net):
    """Loss and accuracy on the points that were not used for training."""
    bce, optimiser = F.binary_cross_entropy_with_logits, torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(200):
        optimiser.zero_grad()
        bce(net(inputs[::2]), is_real[::2]).backward()
        optimiser.step()
    logits = net(inputs[1::2]).detach()
    return bce(logits, is_real[1::2]).item(), ((logits > 0) == (is_real[1::2] > 0)).float().mean().item()


apart = {name: told_apart(inputs, nn.Linear(inputs.shape[1], 1)) for name, inputs in looks.items()}
apart["side by side, hidden layer"] = told_apart(looks["x and y side by side"], nets.mlp([6, 32, 1]))
best = 0.5 * (1 + math.erf(2 / math.sqrt(2)))  # Φ(2): the best logit is 2 μ_y·x

# %%
claim(
    "x alone, or x and y side by side: no better than always saying ½ (loss within 0.01 of ln 2)",
    all(abs(apart[name][0] - math.log(2)) < 0.01 for name in list(looks)[:2]),
    measured=apart,
)
claim(
    "projection: accuracy within 1 % of the best, Φ(2) = 97.7 %", abs(apart["projection: x times y"][1] - best) < 0.01
)
claim("a hidden layer on both: within 2 %", abs(apart["side by side, hidden layer"][1] - best) < 0.02, measured=apart)

# %% [markdown]
# The real and the forged points alone are distributed alike, and so are the labels. Everything lies in the *product* of
# both, and a linear layer on both side by side can't multiply. A hidden layer can, if it learns to.
#
# Now the digits. The generator is the one with `Embedding(10, 50)`. The vectors $e_y$ come from an `nn.Embedding` as
# well. Its rows begin as $N(0, 1)$, so we try that, and the same times 0.1:


# %%
class Projection(nn.Module):
    def __init__(self, size, hidden=128):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(784, hidden), nn.LeakyReLU(0.2))  # φ
        self.whatever = nn.Linear(hidden, 1)  # ψ
        self.embed = nn.Embedding(10, hidden)  # e_y
        nn.init.normal_(self.embed.weight, std=size)

    def forward(self, x, y):
        phi = self.features(x)
        return self.whatever(phi) + (self.embed(y) * phi).sum(dim=1, keepdim=True)


def projected(size):
    return [train(s, tables["Embedding(10, 50)"], lambda: Projection(size)) for s in (0, 1)]


with_projection = {size: [ask(G) for G in projected(size)] for size in (1.0, 0.1)}
heard = {size: [obeys(each) for each in pair] for size, pair in with_projection.items()}
distance = {size: [reference.frechet(each) for each in pair] for size, pair in with_projection.items()}

# %%
claim("vectors from N(0, 1): chance, and no digits (Fréchet over 100)",
      max(heard[1.0]) < 0.15 and min(distance[1.0]) > 100, measured=(heard, distance))  # fmt: skip
claim(
    "a tenth of that: more obedience than from one-hot labels",
    min(heard[0.1]) > max(obeyed["one-hot"]),
    (heard, obeyed),
)
claim(
    "but further from real digits than Embedding(10, 50) beside the picture, at these settings",
    min(distance[0.1]) > max(far["Embedding(10, 50)"]),
    measured=(distance, far),
)

# %% [markdown]
# With vectors from $N(0, 1)$ the projection is a sum of 128 products, about 4 in size at birth, while $\psi$ has about
# 0.1. In our runs nothing is learned then. With smaller vectors the label is heard. The pictures are worse here, with
# one hidden layer and with settings that chapter 41 had found for another network. So the size of the label matters in
# *this* design, too.
#
# In deep convolutional nets with spectral norm, on ImageNet, projection improved clearly on labels beside the picture
# (Miyato & Koyama 2018), and many large conditional GANs have used it since. Spectral norm also takes care of the size.

# %% [markdown]
# ## 5. A label in every layer: conditional batch norm
#
# So far the generator hears its order once, at the entrance. In large convolutional generators the order comes into
# *every* layer. **Conditional batch norm** normalises as usual, and then scales and shifts each map by numbers that
# belong to the class:


# %%
class ConditionalBatchNorm(nn.Module):
    def __init__(self, maps, classes=10):
        super().__init__()
        self.norm = nn.BatchNorm2d(maps, affine=False)  # mean 0, variance 1 for each map
        self.scale, self.shift = nn.Embedding(classes, maps), nn.Embedding(classes, maps)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, h, y):
        return self.scale(y)[:, :, None, None] * self.norm(h) + self.shift(y)[:, :, None, None]


class ConvGenerator(nn.Module):
    def __init__(self, maps=32):
        super().__init__()
        self.first, self.norm1 = nn.Linear(64, 2 * maps * 49), ConditionalBatchNorm(2 * maps)
        self.up, self.norm2 = nn.ConvTranspose2d(2 * maps, maps, 4, 2, 1), ConditionalBatchNorm(maps)
        self.last = nn.ConvTranspose2d(maps, 1, 4, 2, 1)

    def forward(self, z, y):
        h = F.relu(self.norm1(self.first(z).unflatten(1, (-1, 7, 7)), y))
        h = F.relu(self.norm2(self.up(h), y))
        return self.last(h).tanh()


# %% [markdown]
# **Predict:** at birth, do two orders with the same noise give different pictures?

# %%
device.seed_everything(0)
conv, z = ConvGenerator(), torch.randn(8, 64)
two, nine = (conv(z, torch.full((8,), k)) for k in (2, 9))
identity("pictures of 28 × 28", two.shape == (8, 1, 28, 28))
identity("at birth the class changes nothing: all scales are 1, all shifts 0", two.equal(nine))
two.square().sum().backward()
reached = conv.norm1.scale.weight.grad.abs().sum(dim=1) > 0
identity(
    "and only the rows of the class that was asked for get a gradient", reached.tolist() == [k == 2 for k in range(10)]
)

# %% [markdown]
# It starts as ordinary batch norm, and each class learns its own scales and shifts. Such a generator trains for
# minutes on a CPU, so we don't do it here. The course brings a finished convolutional model, trained for 3,900 steps.
# It has the class beside the noise (no conditional batch norm) and a projection discriminator:

# %%
finished = models.load("mnist", "conditional_gan")
device.seed_everything(1)
with torch.no_grad():
    drawn = finished(finished.noise_for(orders.cpu()))[:, :784]
plotting.image_grid({str(k): drawn[k::10][:10] for k in (0, 1, 7)}, title="finished model: 0, 1, 7 ordered")
claim("it obeys in at least 95 % of 500 cases", obeys(drawn) > 0.95)

# %% [markdown]
# ## 6. A VAE that takes orders
#
# The same works with a VAE; it is then called a **CVAE**. Encoder and decoder get the condition $y$. The prior stays
# $N(0, I)$, the same for every class (Sohn et al. 2015 go on to learn a prior for each condition):
#
# $$\log p(x \mid y) \;\ge\; \mathbb E_{q(z \mid x, y)}[\log p(x \mid z, y)] - \mathrm{KL}(q(z \mid x, y) \,\|\,
# N(0, I)) .$$
#
# So labels go into encoder *and* decoder. We train it with three tables: one-hot × 0 (no label at all: a VAE), × 1 and
# × 10.
#
# **Predict, and say why:** in which of the three will draws obey? And if the prior is $N(0, I)$ for every class, what
# does that mean for the code?


# %%
class CVAE(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = one_hot(size)
        self.encoder, self.decoder = (nets.mlp(sizes, activation="relu") for sizes in ([794, 200, 32], [26, 200, 784]))

    def encode(self, x, y):
        return self.encoder(torch.cat([(x + 1) / 2, self.embed(y)], dim=1)).chunk(2, dim=1)

    def decode(self, z, y):
        return self.decoder(torch.cat([z, self.embed(y)], dim=1))

    def loss(self, x, y):
        mean, log_variance = self.encode(x, y)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        rebuilt = F.binary_cross_entropy_with_logits(self.decode(z, y), (x + 1) / 2, reduction="none").sum(dim=1)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)
        return (rebuilt + kl).mean()

    @torch.no_grad()
    def draw(self, y):
        return 2 * self.decode(torch.randn(len(y), 16, device=y.device), y).sigmoid() - 1


# %% jupyter={"source_hidden": true}
def train_cvae(seed, size, steps=300):
    device.seed_everything(seed)
    net = CVAE(size).to(here)
    optimiser = torch.optim.Adam((p for p in net.parameters() if p.requires_grad), lr=2e-3)
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), device=here)
        loss = net.loss(x[rows], y[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


# %%
family = {size: [train_cvae(seed, size) for seed in (0, 1)] for size in (0, 1, 10)}
with torch.no_grad():
    bound = {size: [-net.loss(x_test, y_test).item() for net in pair] for size, pair in family.items()}
follows = {size: [obeys(net.draw(orders)) for net in pair] for size, pair in family.items()}
far_vae = {size: [reference.frechet(net.draw(orders)) for net in family[size]] for size in (0, 10)}

# %%
claim("× 0 and × 1: at most 30 % obeyed", max(follows[0] + follows[1]) < 0.3, measured=follows)
claim("× 10: more than half obeyed", min(follows[10]) > 0.5, measured=follows)
later = obeys(train_cvae(0, 1, steps=1200).draw(orders))
claim(
    "× 1, four times as long (one seed): obeys more often than both before", later > max(follows[1]), [later, follows]
)
claim(
    "and draws at least 1.5 times as near to real digits as without a label",
    1.5 * max(far_vae[10]) < min(far_vae[0]),
    far_vae,
)

# %% [markdown]
# Again the size of the label decides *how soon* it is heard: with four times as many steps × 1 obeys more often, too.
# And with × 10 the draws came much *nearer* to real digits, although they are judged all
# together, without labels. Is the model better, or does it only know more? The bound tells. Without the label, the CVAE
# is a model of $x$, too: $p(x) = \sum_y p(y)\, p(x \mid y) \ge p(y)\, p(x \mid y)$ for any one $y$. So with ten equally
# likely classes
#
# $$\log p(x) \;\ge\; \log p(x \mid y) - \log 10 .$$
#
# We must subtract no more than $\log 10 \approx 2.3$ nats for what the label gave away.

# %%
without = [each - math.log(10) for each in bound[10]]
claim(
    "minus 2.3 nats, the CVAE's bound on unseen digits is still the better one, in each pairing",
    min(without) > max(bound[0]),
    measured={"CVAE - log 10": without, "VAE": bound[0]},
)

# %% [markdown]
# ## 7. Same noise, other order
#
# If the label says *which* digit, what is left for the code? Each column below has one code, each row one order:

# %%
device.seed_everything(5)
net, wishes = family[10][0], torch.tensor([2, 3, 5, 8, 9], device=here)
codes = torch.randn(10, 16, device=here)
with torch.no_grad():
    rows = {str(k.item()): 2 * net.decode(codes, k.repeat(10)).sigmoid() - 1 for k in wishes}
plotting.image_grid(rows, rows=1)

# %% [markdown]
# **Predict, and say why:** we encode unseen digits, and decode the same code with a *wrong* label. Does the picture
# follow the code (the old digit) or the order (the new one)? For × 1, and for × 10?

# %%
device.seed_everything(6)
some, old = x_test[:500], y_test[:500]
new = (old + torch.randint(1, 10, (500,), device=here)) % 10
swapped = {}
with torch.no_grad():
    for size in (1, 10):
        pictures = [2 * net.decode(net.encode(some, old)[0], new).sigmoid() - 1 for net in family[size]]
        called = [metrics.classify(each, "mnist").argmax(dim=1).to(here) for each in pictures]
        swapped[size] = [((each == new).float().mean().item(), (each == old).float().mean().item()) for each in called]
claim(
    "× 10: the new order wins, in more than half of all cases",
    min(follows_new for follows_new, _ in swapped[10]) > 0.5,
    swapped,
)
claim(
    "× 1: the old digit wins over the new",
    all(follows_old > follows_new for follows_new, follows_old in swapped[1]),
    measured=swapped,
)

# %% [markdown]
# With × 1 the *code* still says which digit it is, after these 300 steps. With × 10 the code mostly carries
# the rest, such as slant, width and thickness. Nobody has told it to. But every nat in the code costs a nat, and the
# label brings the class for nothing. So it would be a waste to have the class in the code as well. This is also what
# the prior asks for: it is the same for every class, so a code that fits it well says nothing about the class.

# %% [markdown]
# ## 8. The same in the library
#
# `gan_edu` has no conditional GAN of its own. Its `training.GAN` plays with *rows*, and a pair is a row too: 784
# pixels, and behind them the one-hot class. `nets.ConditionalGenerator` wraps any generator that takes noise with a
# class beside it. It draws the class itself, from ten more numbers of noise, and hands it through to the output. That
# is unusual (in other people's code you will meet `G(z, y)`), but losses, penalties, averages and checkpoints then
# work unchanged. (The class has size 1 here, so by section 2 it is heard late. Chapter 50 multiplies it by 10.)

# %%
device.seed_everything(0)
generator = nets.ConditionalGenerator(nets.mlp([100 + 10, 128, 784], output="tanh"))
gan = training.GAN(generator, nets.mlp([784 + 10, 128, 1]), lr=(4e-3, 2e-3), betas=(0.0, 0.999), ema=0.99, seed=0)
training.run(gan, mnist.pairs(device=here), steps=50, batch=64)
sevens = gan.sample(gan.generator.noise_for(torch.full((4,), 7)))
identity("rows of 784 pixels and 10 class numbers", sevens.shape == (4, 794))
identity("and the class is the one that was asked for", bool((sevens[:, 784:].argmax(dim=1) == 7).all()))

# %% [markdown]
# The same game as ours? Take the same weights and the same stream of random numbers, and make 10 steps in double
# precision. `G` and `D` are the one-hot networks of section 1:

# %% jupyter={"source_hidden": true}
device.seed_everything(0)
G, D = Generator(one_hot()).double(), Discriminator(one_hot()).double()
wrapped = nets.ConditionalGenerator(copy.deepcopy(G.net)).double()
adam = {"betas": (0.0, 0.999)}
twin = training.GAN(wrapped, copy.deepcopy(D.net), lr=(4e-3, 2e-3), seed=0, device="cpu", **adam)
opt_g, opt_d = (
    torch.optim.Adam(G.net.parameters(), lr=4e-3, **adam),
    torch.optim.Adam(D.net.parameters(), lr=2e-3, **adam),
)
stream, pairs = device.generator(0), mnist.pairs().double()
for _ in training.train(twin, pairs, steps=10, batch=64, progress=False):
    rows = pairs[torch.randint(len(pairs), (64,), generator=stream)]
    noise = torch.randn(64, 110, generator=stream, dtype=torch.float64)
    asked, real, labels = wrapped.labels(noise), rows[:, :784], rows[:, 784:].argmax(1)
    fake = G(noise[:, :100], asked)
    opt_d.zero_grad()
    (F.softplus(-D(real, labels)).mean() + F.softplus(D(fake.detach(), asked)).mean()).backward()
    opt_d.step()
    opt_g.zero_grad()
    F.softplus(-D(fake, asked)).mean().backward()
    opt_g.step()

# %%
difference = (G.net[2].weight - twin.generator.net[2].weight).abs().max()
identity("after 10 steps the generators agree to 8 digits or more", difference < 1e-8, measured=difference)

# %% [markdown]
# ## What all this does not show
#
# - **That × 10 or 50 numbers are a law.** They fitted 784 pixels between −1 and 1, and 400 steps. With four
#   times the steps, one-hot labels were heard, too.
# - **That projection is worse.** We tried two sizes, in a network with one hidden layer.
# - **That two seeds are enough for small differences.** The gaps that we claim are large.

# %% [markdown]
# ## Help, I get …
#
# ### Good digits, in random order
# The label isn't heard. Count obedience with a classifier. Then look at the discriminator: compare how far a label
# and a picture move its input.
#
# ### All sevens look the same
# The generator ignores its noise: collapse within a class. Look at coverage, or at the spread of `G(z, 7)` over `z`. In
# a CVAE: is the code's cost near 0?

# %% [markdown]
# ### `IndexError: index out of range in self`, from an embedding
# A label is larger than the table. `nn.Embedding(10, …)` takes 0 to 9. Labels that start at 1 are the usual reason.
#
# ### `RuntimeError: Expected tensor for argument #1 'indices' to have … scalar types: Long, Int`
# Labels as floats. Use `labels.long()`. In the other direction, one-hot rows must become floats before `torch.cat`.
#
# ### A discriminator that is always right, from the first step
# The real labels and the forged labels differ in form: another size, another order of the columns, floats like 0.1. Or
# their shares differ. Look at one row of each.

# %% [markdown]
# ## Recap
#
# - A conditional model learns pairs. The losses stay as they are, and the label goes into *both* networks.
# - A label must be heard, above all by the discriminator. In our runs, labels in small rows were heard much later.
# - Obedience, distance, coverage: three numbers. Ten real pictures look good in the first two. The third shows that
#   they are only ten. For rough pictures it is low in any case.
# - Projection multiplies label and features. It solves what a linear layer on both side by side can't.
# - Conditional batch norm gives each class its own scales and shifts, in every layer.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why must forged pairs have the same class shares as real ones?</summary>
#
# Otherwise the label alone gives a forgery away, and the discriminator learns shares instead of pictures. If the data
# are uneven, draw the forged labels unevenly, too, or even out both.
#
# </details>
#
# <details><summary>A conditional GAN has a Fréchet distance of 3. Does it obey?</summary>
#
# You can't tell. Shuffle the orders among its pictures, and the distance stays exactly the same.
#
# </details>
#
# <details><summary>Your `D` takes 3 × 256 × 256 pixels and a one-hot label, side by side. What do you expect?</summary>
#
# The whisper gets fainter: other pictures move the input by hundreds, another label by 1.4. Use projection, or
# much larger rows for the label in `D`, and count obedience early.
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
# - [Brock, Donahue & Simonyan 2019, Large Scale GAN Training](https://arxiv.org/abs/1809.11096): BigGAN, with
#   conditional batch norm and projection at full size.
# - [Sohn, Lee & Yan 2015, Learning Structured Output Representation using Deep Conditional Generative
#   Models](https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models):
#   the CVAE, for much harder conditions than a class.

# %% [markdown]
# ## Key terms
#
# {{terms: conditional GAN (cGAN); embedding; one-hot; projection discriminator; conditional batch norm; conditional
# VAE (CVAE)}}
