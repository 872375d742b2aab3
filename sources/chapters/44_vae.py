# %% [markdown]
# # 44 · A VAE
#
# *From a blank cell to a variational autoencoder that copies digits and invents new ones. Each line of its loss states
# an assumption; here you change the assumptions, one at a time, and look at what the pictures say.*
#
# > **You will be able to**
# > - write encoder, decoder, loss and training loop by hand, and show that the library does the same steps
# > - tell copies from draws, measure both against a floor and baselines, and explain the gap between them in nats
# > - say which of a hundred code numbers do any work, and what the others are good for
# > - translate "squared error + KL" into the noise that it assumes, and repair it
# > - report a likelihood honestly: which pixels, which bound, how many draws
# >
# > **Before you start** [24 · from autoencoders to VAEs](24_from_autoencoders_to_vaes.ipynb) for the idea,
# > [35 · the ELBO](35_elbo.ipynb) for the mathematics (both are used here, not repeated), and some PyTorch.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used by itself): {{gpu_time}}

# %%
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # small nets: a second CPU thread would mostly wait for the first
here = device.pick()  # a GPU if there is one, or else the CPU

# %%
mnist, unseen = data.images("mnist"), data.images("mnist", split="test")
x = mnist.tensor(flat=True, low=0.0, device=here)  # (10000, 784): to learn from; black is 0, white is 1
y = unseen.tensor(flat=True, low=0.0, device=here)  # (2000, 784): never used in training

# %% [markdown]
# ## The idea in a picture
#
# Two nets and two ways through them. To **copy** a picture, go all the way from the left. To **draw** a new one, start
# in the middle, with noise:


# %% jupyter={"source_hidden": true}
def box(ax, x, y, text, color, picture=None):
    if picture is not None:
        ax.imshow(picture, cmap="gray", extent=(x, x + 1, y, y + 1))
    ax.add_patch(plt.Rectangle((x, y), 1, 1, fill=False, color=color, linewidth=2.5))
    height, side = (y + 0.5, "center") if picture is None else (y - 0.1, "top")
    ax.text(x + 0.5, height, text, color=color, ha="center", va=side)


_, ax = plt.subplots(figsize=(6.8, 2.9))
box(ax, 0, 1.5, "784 pixels", plotting.REAL, y[11].view(28, 28).cpu())
box(ax, 1.55, 1.5, "en-\ncoder", plotting.DISC)
box(ax, 3.1, 1.5, "cloud:\n100 μ\n100 σ", plotting.DISC)
box(ax, 4.65, 1.5, "code z:\n100\nnumbers", "0.2")
box(ax, 6.2, 1.5, "de-\ncoder", plotting.FAKE)
box(ax, 7.75, 1.5, "784 coins", plotting.FAKE, y[11].view(28, 28).cpu())
ax.text(5.15, -0.05, "N(0, I)", ha="center", va="center", fontsize=13)
ax.annotate("", (5.15, 1.45), (5.15, 0.2), arrowprops={"arrowstyle": "->", "linewidth": 2, "color": "0.2"})
ax.text(5.35, 0.75, "to draw", va="center")
ax.text(4.38, 2.75, "+ chance", ha="center")
for start in (1, 2.55, 4.1, 5.65, 7.2):
    ax.annotate("", (start + 0.55, 2), (start, 2), arrowprops={"arrowstyle": "->", "linewidth": 2, "color": "0.2"})
ax.set(xlim=(-0.1, 8.9), ylim=(-0.4, 3), aspect="equal")
ax.axis("off")
plt.show()

# %% [markdown]
# A program that this course started from sets out to build exactly this, with 100 code numbers, and can't run: among
# other things its decoder makes 7 × 7 pictures in three colours, and nowhere does it draw a picture from noise. We
# build what it meant, in the five steps that its text names.

# %% [markdown]
# ## 1 · Initialise: two nets
#
# The encoder has one hidden layer and two **heads**: one names the middle $\mu$ of the cloud, the other $\log
# \sigma^2$, the logarithm of its variance. Why a logarithm? Because a linear layer gives any number whatever, and a
# variance must be positive.


# %%
class Encoder(nn.Module):
    def __init__(self, dim=100):
        super().__init__()
        self.hidden = nn.Linear(784, 512)
        self.mean, self.log_variance = nn.Linear(512, dim), nn.Linear(512, dim)

    def forward(self, x):
        h = F.relu(self.hidden(x))
        return self.mean(h), self.log_variance(h)


def make_decoder(dim=100):
    return nn.Sequential(nn.Linear(dim, 512), nn.ReLU(), nn.Linear(512, 784))


device.seed_everything(0)
encoder, decoder = Encoder().to(here), make_decoder().to(here)

# %% [markdown]
# The decoder ends without an activation. Its 784 outputs are **logits**: for each pixel a coin, which shows white
# with probability $\sigma(\text{logit})$.
#
# ## 2 · Encode: a cloud for each picture
#
# The encoder names a Gaussian $q(z \mid x) = N(\mu, \operatorname{diag} \sigma^2)$; we draw a code from it:
#
# $$z = \mu + \sigma \varepsilon = \mu + e^{\frac12 \log \sigma^2}\, \varepsilon, \qquad \varepsilon \sim N(0, I) .$$


# %%
def draw_code(mean, log_variance, noise):
    return mean + (0.5 * log_variance).exp() * noise


with torch.no_grad():
    mean, log_variance = encoder(y[:1])
    z = draw_code(mean, log_variance, torch.randn(10_000, 100, device=here))
off = (z.std(dim=0) - (0.5 * log_variance).exp()).abs().max()
claim("10,000 codes of one picture spread by σ (each number, within 0.05)", off < 0.05, measured=off)

# %% [markdown]
# The program mentioned above writes $\mu \cdot \sigma^2$ instead, without any noise; chapter
# [35](35_elbo.ipynb#4-·-A-gradient-through-a-dice) shows what becomes of the bound then.
#
# (The library writes both heads as one layer of 200 outputs, cut in two. It is the same net.)

# %% [markdown]
# ## 3 · Decode: 784 coins
#
# **Before you run the next cell:** nobody has learned anything yet. How many nats should a picture of 784 unbiased
# coins cost?


# %%
def rebuilding(logits, pictures):
    """-log p(x | z) in nats, summed over pixels: (N,)."""
    return F.binary_cross_entropy_with_logits(logits, pictures, reduction="none").sum(dim=1)


with torch.no_grad():
    newborn = rebuilding(decoder(draw_code(*encoder(y), torch.randn(2000, 100, device=here))), y)
claim("about 784 ln 2 ≈ 543 nats (within 20)", abs(newborn.mean() - 784 * math.log(2)) < 20, measured=newborn.mean())

# %% [markdown]
# If the pixels are really 0 or 1, this is a true $-\log p(x \mid z)$. Ours are grey. What does the cross-entropy mean
# then? Take a grey $x$ as a recipe: *throw* each pixel, white with probability $x$. The logarithm is linear in each
# thrown pixel $b$, so **on average over the throws**
#
# $$\mathbb E_{b \sim x}[\log p(b \mid z)] = -\,\text{cross-entropy}(x, \text{logits}) .$$

# %%
with torch.no_grad():
    logits = 3 * torch.randn(784, device=here)
    thrown = torch.bernoulli(y[:1].expand(4000, 784))
    each = rebuilding(logits.expand(4000, 784), thrown)
    grey = rebuilding(logits[None], y[:1])[0]
error = each.std() / math.sqrt(4000)
claim("4,000 throws agree with grey (4 standard errors)", abs(each.mean() - grey) < 4 * error, measured=(grey, error))

# %% [markdown]
# So training on grey pixels is training on all their throws at once (with an encoder that sees the grey original).
# What it is **not** is a density of grey pictures: $p^x (1-p)^{1-x}$, integrated over $x$ from 0 to 1, isn't 1.
# (Loaiza-Ganem & Cunningham 2019 divide by this area, and get a proper density.)

# %%
places = torch.linspace(0, 1, 100_001, dtype=torch.float64)
area = {p: torch.trapezoid(p**places * (1 - p) ** (1 - places), places).item() for p in (0.5, 0.9)}
claim("the area is ½ for an unbiased coin, and less for others", abs(area[0.5] - 0.5) < 1e-9 and area[0.9] < 0.4)

# %% [markdown]
# ## 4 · Optimise the bound
#
# The loss is minus the evidence lower bound: rebuilding plus price, **summed** over pixels and code numbers, averaged
# over pictures only.
#
# $$\text{loss} = \frac1N \sum_{\text{pictures}} \Big[ \underbrace{-\log p(x \mid z)}_{\text{rebuilding}} +
# \beta \underbrace{\tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2)}_{\text{price: } \mathrm{KL}(q(z|x) \|
# N(0, I))} \Big], \qquad \beta = 1 .$$


# %%
def price(mean, log_variance):
    """What each number of each code costs, in nats: (N, dim)."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)


def parts(encoder, decoder, pictures, noise):
    mean, log_variance = encoder(pictures)
    logits = decoder(draw_code(mean, log_variance, noise))
    return rebuilding(logits, pictures).mean(), price(mean, log_variance).sum(dim=1).mean()


# %% [markdown]
# Never trust a formula that you have typed. PyTorch knows both parts under other names:

# %%
with torch.no_grad():
    mean, log_variance = encoder(y)
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    standard = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    coins = torch.distributions.Bernoulli(logits=decoder(mean))
    thrown = torch.bernoulli(y)
price_right = torch.distributions.kl_divergence(q, standard).allclose(price(mean, log_variance), atol=1e-5)
claim("price: as torch.distributions has it", price_right)
right = (-coins.log_prob(thrown).sum(1)).allclose(rebuilding(decoder(mean), thrown), rtol=1e-4)
claim("rebuilding: as torch.distributions has it", right)

# %% [markdown]
# **One optimiser or two?** The program that we follow has one Adam for each net, which is fine. Then it computes *one*
# list of gradients, the encoder's first and the decoder's behind them, and hands this list to both optimisers, from its
# beginning. **Predict:** what does the decoder's optimiser get?

# %%
players = [*encoder.parameters()], [*decoder.parameters()]
loss = sum(parts(encoder, decoder, x[:64], torch.randn(64, 100, device=here)))
gradients = torch.autograd.grad(loss, [*players[0], *players[1]])
for_decoder = [tuple(g.shape) for g, _ in zip(gradients, players[1], strict=False)]
claim("the *encoder's* gradients: (512, 784) for a weight of shape (512, 100)", for_decoder[0] == (512, 784))
cut = gradients[len(players[0]) :]
claim("cut behind the encoder's part, all fit", all(g.shape == p.shape for g, p in zip(cut, players[1], strict=True)))

# %% [markdown]
# Here the shapes differ and the program stops; with equal shapes it would have learned nonsense quietly. One optimiser
# for all weights is simpler, and makes the same steps: Adam treats each weight by itself.


# %%
def step_with(optimisers, pair, batch, noise):
    loss = sum(parts(*pair, batch, noise))
    for optimiser in optimisers:
        optimiser.zero_grad()
    loss.backward()
    for optimiser in optimisers:
        optimiser.step()


pairs = [copy.deepcopy((encoder, decoder)) for _ in range(2)]
one = [torch.optim.Adam([*pairs[0][0].parameters(), *pairs[0][1].parameters()], lr=2e-3)]
two = [torch.optim.Adam(net.parameters(), lr=2e-3) for net in pairs[1]]
for k in range(3):
    for optimisers, pair in ((one, pairs[0]), (two, pairs[1])):
        step_with(optimisers, pair, x[64 * k : 64 * k + 64], torch.ones(64, 100, device=here))
same = pairs[0][1][0].weight.allclose(pairs[1][1][0].weight, atol=1e-6)
claim("after three steps: the same weights, with one Adam and with two", same)

# %% [markdown]
# ## 5 · Repeat
#
# The loop. The data were loaded once, far above, and stay; each step draws 64 pictures (not all 60,000 of them, read
# from disk again for each pass, as in that program). Three seeds, 1,000 steps: each picture is seen about six times.


# %%
def train(seed, steps=1000):
    device.seed_everything(seed)
    encoder, decoder = Encoder().to(here), make_decoder().to(here)
    weights = [*encoder.parameters(), *decoder.parameters()]
    adam = torch.optim.Adam(weights, lr=2e-3, fused=here.type != "mps")  # fused: the same steps, faster
    history = []
    for _ in range(steps):
        batch = x[torch.randint(len(x), (64,), device=here)]
        rebuilt, cost = parts(encoder, decoder, batch, torch.randn(64, 100, device=here))
        adam.zero_grad()
        (rebuilt + cost).backward()
        adam.step()
        history.append((rebuilt.item(), cost.item()))
    return encoder, decoder, history


# %% [markdown]
# **Predict:** two curves, rebuilding and price. The loss is their sum, and it is *minimised*. Do both go down?

# %%
seeds = (0, 1, 2)
trained = {seed: train(seed) for seed in seeds}
history = torch.tensor([trained[seed][2] for seed in seeds])  # (3, 1000, 2)

# %%
ink = x.mean(dim=0).clamp(1e-3, 1 - 1e-3)  # how often each pixel is white: one coin each, no code at all
independent = rebuilding(ink.logit().expand_as(y), y).mean().item()
_, ax = plt.subplots(figsize=(6.8, 3.5))
curves = {"rebuilding": history[..., 0].T, "price": history[..., 1].T}
where = (independent, "independent\npixels")
plotting.seeds_over_time(range(1, 1001), curves, "nats per picture", reference=where, ax=ax)
ax.set_ylim(0, 300)
plt.show()

# %%
claim(
    "the price rises: below 5 nats at first, 18 to 30 in the end",
    history[:, 0, 1].max() < 5 and 18 < history[:, -50:, 1].mean(1).min() < history[:, -50:, 1].mean(1).max() < 30,
    measured=history[:, -50:].mean(1),
)
claim("rebuilding falls below 115", history[:, -50:, 0].mean(1).max() < 115)
loss = history.sum(dim=2).mean(dim=0)
claim(
    "the loss still falls: over 1 nat from steps 700 – 800 to the last 100",
    loss[700:800].mean() > loss[-100:].mean() + 1,
)


@torch.no_grad()
def bound(seed, pictures):
    encoder, decoder, _ = trained[seed]
    return sum(parts(encoder, decoder, pictures, torch.randn(len(pictures), 100, device=here))).item()


elbo = [-bound(seed, y) for seed in seeds]
claim("unseen digits: the bound is 60 nats or more above independent pixels", min(elbo) > 60 - independent, elbo)

# %% [markdown]
# After a short spike the price goes *up*: the net learns that a nat spent on the code saves several in rebuilding. It
# stops where one more nat saves one nat. With β = 4 it would stop where a nat saves four ([chapter
# 24](24_from_autoencoders_to_vaes.ipynb#6-·-β:-how-strong-is-the-pull?) goes through βs).
#
# "Until the parameters reach the expected level", the text that we follow says. Parameters have no such level. What
# can be watched is the bound on *unseen* pictures; after 1,000 steps ours would go on rising for a
# while.

# %% [markdown]
# ## 6 · The same in five lines

# %%
vae = training.VAE(nets.VAE((784,), latent_dim=100, hidden=(512,)), beta=1.0, lr=2e-3, seed=0)
for step in training.train(vae, x, steps=100, batch=64):
    if step.number == 100:
        plotting.image_grid(2 * vae.sample(10) - 1, rows=1, title=f"step {step.number}: drawn")

# %% [markdown]
# The same game? We give our nets the library's weights and its stream of random numbers, and let both make 40 steps in
# double precision. **Predict:** the largest difference among nearly a million weights?


# %%
def ours(net):
    """Our two nets, with the weights of the library's."""
    encoder, decoder = Encoder().double(), make_decoder().double()
    (first, both), means = (net.encoder[0], net.encoder[2]), slice(0, 100)
    encoder.hidden.load_state_dict(first.state_dict())
    for head, rows in ((encoder.mean, means), (encoder.log_variance, slice(100, 200))):
        head.load_state_dict({"weight": both.weight[rows], "bias": both.bias[rows]})
    decoder.load_state_dict(net.decoder.state_dict())
    return encoder, decoder


device.seed_everything(3)
theirs = training.VAE(nets.VAE((784,), 100, (512,)).double(), lr=2e-3, seed=3, device="cpu")
mine = ours(theirs.net)
adam = [torch.optim.Adam([*mine[0].parameters(), *mine[1].parameters()], lr=2e-3)]
stream, pictures = device.generator(3), x.cpu().double()
for _ in training.train(theirs, pictures, steps=40, batch=64, progress=False):
    batch = pictures[torch.randint(len(pictures), (64,), generator=stream)]
    step_with(adam, mine, batch, torch.randn(64, 100, generator=stream).double())

# %%
size = sum(p.numel() for net in mine for p in net.parameters())
claim("958,424 weights", size == 958_424, measured=size)
gap = (mine[1][2].weight - theirs.net.decoder[2].weight).abs().max()
gap = max(gap, (mine[0].mean.weight - theirs.net.encoder[2].weight[:100]).abs().max())
claim("after 40 steps all agree to 8 digits or more", gap < 1e-8, measured=gap)

# %% [markdown]
# ## 7 · Copies and draws
#
# Now the two ways of the first picture. A **copy**: encode, take the middle of the cloud, decode. A **draw**: decode a
# fresh $z \sim N(0, I)$. That one line is all it takes to *generate*, and it is the line that the program forgot.


# %%
@torch.no_grad()
def copies(seed, pictures):
    encoder, decoder, _ = trained[seed]
    return decoder(encoder(pictures)[0]).sigmoid()


@torch.no_grad()
def draws(seed, n=1000):
    return trained[seed][1](torch.randn(n, 100, device=here)).sigmoid()


device.seed_everything(0)
rows = {"unseen digits": y[:10], "copies": copies(0, y[:10]), "draws": draws(0, 10)}
plotting.image_grid({name: 2 * pictures - 1 for name, pictures in rows.items()}, rows=1)

# %% [markdown]
# **Predict:** how many times further from real digits are the draws than the copies? (Fréchet distance in the features
# of a digit classifier, as in chapters 24 and 36, with its floor and two baselines.)

# %%
reference = metrics.Reference("mnist", 2 * x[:5000] - 1)
device.seed_everything(1)
covariance = torch.cov(x.T) + 1e-4 * torch.eye(784, device=here)
blobs = torch.distributions.MultivariateNormal(x.mean(0).cpu(), covariance.cpu()).sample((1000,)).clamp(0, 1)
worlds = {
    "copies": [copies(s, y[:1000]) for s in seeds],
    "draws": [draws(s) for s in seeds],
    "one Gaussian in pixels": [blobs],
    "coins: independent pixels": [torch.bernoulli(ink.expand(1000, 784))],
}
distance = {name: [reference.frechet(2 * w - 1) for w in each] for name, each in worlds.items()}
_, ax = plt.subplots(figsize=(6.8, 3.6))
plotting.bars_with_floor(distance, "Fréchet distance", floor=reference.floor(1000), ax=ax)
ax.set_yscale("log")
plt.show()

# %%
claim(
    "draws are at least 2.5 times as far away as copies, for each seed",
    min(distance["draws"]) > 2.5 * max(distance["copies"]),
    measured=distance,
)
claim("and nearer than one Gaussian in pixels", max(distance["draws"]) < distance["one Gaussian in pixels"][0])
blurred = {s: (copies(s, y) - y).square().mean().item() for s in seeds}
nothing = (x.mean(dim=0) - y).square().mean().item()  # the mean picture as a copy of everything
claim("copies leave less than a third of the mean picture's squared error", max(blurred.values()) < nothing / 3)

# %% [markdown]
# Good copies don't make good draws: a VAE that is judged by copies alone is judged as an autoencoder.
#
# The explanation below the program that we follow says that it makes pictures of 28 × 28 pixels and is trained on the
# variational bound. As printed it does neither, and it hands the *picture itself* to the decoder, beside the code. Such
# a decoder can copy splendidly and needs no code at all.
#
# Chapter 24 found the reason in a plane: the clouds together leave places empty where $N(0, I)$ puts codes (drag the
# cross of its widget [LatentSpace](24_from_autoencoders_to_vaes.ipynb#4-·-A-cloud-instead-of-a-point) into one).
# Here we can do more than look: we can put a number on the emptiness.

# %% [markdown]
# ## 8 · Ten thousand clouds can't fill the space
#
# The price of one picture compares *its* cloud $q_n$ with $N(0, I)$. What matters for draws is whether **all clouds
# together** look like $N(0, I)$: their mixture $\bar q = \frac1N \sum_n q_n$. The two are tied by an identity
# (Hoffman & Johnson 2016), exact for any $N$ clouds:
#
# $$\underbrace{\frac1N \sum_n \mathrm{KL}(q_n \,\|\, p)}_{\text{mean price}} = \underbrace{\frac1N \sum_n \mathbb
# E_{q_n}\!\Big[\log \frac{q_n}{\bar q}\Big]}_{I:\ \text{how well a code tells its picture}} + \underbrace{\mathrm{KL}(
# \bar q \,\|\, p)}_{\text{what draws suffer from}} .$$
#
# And $\bar q \ge q_n / N$, so each logarithm in $I$ is at most $\log N$. With 10,000 pictures: $\log N \approx 9.2$
# nats. Our price is over 20.
#
# **Predict:** what follows for $\mathrm{KL}(\bar q \,\|\, p)$? And are the clouds far apart, or do they overlap?


# %%
@torch.no_grad()
def mixture(seed, n=500):
    """Mean price of all training pictures, and I from n draws."""
    mean, log_variance = trained[seed][0](x)
    who = torch.randint(len(x), (n,), device=here)
    z = draw_code(mean[who], log_variance[who], torch.randn(n, 100, device=here))
    precision = (-log_variance).exp()
    squares = z**2 @ precision.T - 2 * z @ (mean * precision).T + (mean**2 * precision + log_variance).sum(1)
    log_q = -0.5 * squares  # (n, 10000): log q_m(z), up to one constant that cancels
    own = log_q[torch.arange(n, device=here), who]
    told = own - (log_q.logsumexp(dim=1) - math.log(len(x)))
    return price(mean, log_variance).sum(1).mean().item(), told.mean().item()


device.seed_everything(2)
found = {seed: mixture(seed) for seed in seeds}

# %%
cost, told = (torch.tensor(each) for each in zip(*found.values(), strict=True))
claim("mean price over 18 nats", cost.min() > 18, measured=cost)
claim("I is above 8.5 nats, of at most 9.21", told.min() > 8.5 and told.max() < math.log(10_000) + 1e-3, measured=told)
claim("so KL(all clouds ‖ N(0, I)) is over 9 nats", (cost - told).min() > 9, measured=cost - told)

# %% [markdown]
# The clouds hardly overlap: from a code one can nearly always tell *which* of the 10,000 pictures it came from. And
# whenever codes cost more than $\log N$ nats on average, the clouds of $N$ pictures **cannot** fill $N(0, I)$,
# however long you train. The rest, 14 nats or so here, must be bridged by the decoder, which was never trained there.
#
# (This is about the clouds of the training pictures. Those of *all* possible digits may well lie closer: more data
# raise the ceiling.) Cures: a cheaper code, more data, or a second model that learns where the clouds are; chapter
# [24](24_from_autoencoders_to_vaes.ipynb#7-·-Twins) fits a mixture there.

# %% [markdown]
# ## 9 · Who does the work?
#
# A hundred numbers in each code. Here is what each of them pays on average, the dearest first:

# %%
early = {s: train(s, steps=150)[0] for s in seeds}
with torch.no_grad():
    spectrum = {s: price(*trained[s][0](y)).mean(dim=0) for s in seeds}
    young = {s: price(*early[s](y)).mean(dim=0) for s in seeds}
_, ax = plt.subplots(figsize=(6.8, 3.4))
for s in seeds:
    ax.plot(
        range(1, 101),
        spectrum[s].sort(descending=True).values.cpu(),
        color=plotting.DISC,
        linewidth=1.5,
        label="1,000 steps, three seeds" if s == 0 else None,
    )
    ax.plot(
        range(1, 101),
        young[s].sort(descending=True).values.cpu(),
        color="0.5",
        linestyle=":",
        label="150 steps, the same seeds" if s == 0 else None,
    )
ax.axhline(0.1, color="black", linestyle="--", linewidth=1.5, label="0.1 nats")
ax.set(yscale="log", xlabel="number of the code, dearest first", ylabel="its price (nats)")
ax.legend()
plt.show()

# %%
busy = {s: int((each > 0.1).sum()) for s, each in spectrum.items()}
claim("12 to 50 of 100 numbers pay more than 0.1 nats", all(12 <= n <= 50 for n in busy.values()), measured=busy)
then = {s: int((each > 0.1).sum()) for s, each in young.items()}
claim("early in training more were busy: after 150 steps over 45, in each seed", min(then.values()) > 45, measured=then)
with torch.no_grad():
    spread = {s: int((trained[s][0](y)[0].var(dim=0) > 0.01).sum()) for s in seeds}
claim("by another rule (μ varies by more than 0.01) 80 or more are active", min(spread.values()) >= 80, measured=spread)

# %% [markdown]
# First everybody works a little; then the work is drawn to a few, who do it well. So "how many are **active**" depends
# on when you look, and on where you draw the line. (The other rule, the variance of $\mu$ over the pictures, is that of
# Burda et al. 2015.)
#
# Are the quiet ones useless? **Predict:** we replace all of them, nearly 80, by fresh noise and rebuild. Then we do
# it to the busy ones instead.


# %%
@torch.no_grad()
def rebuilt_with_noise(seed, quiet):
    encoder, decoder, _ = trained[seed]
    noise = torch.randn(2, len(y), 100, device=here)
    z = draw_code(*encoder(y), noise[0])
    replaced = (spectrum[seed] <= 0.1) == quiet
    plain, mixed = (rebuilding(decoder(each), y).mean() for each in (z, torch.where(replaced, noise[1], z)))
    return (mixed - plain).item(), spectrum[seed][replaced].sum().item()


device.seed_everything(3)
quiet, loud = (torch.tensor([rebuilt_with_noise(s, each) for s in seeds]) for each in (True, False))

# %%
claim("without the quiet ones: 1 to 15 nats worse", 1 < quiet[:, 0].min() < quiet[:, 0].max() < 15, measured=quiet)
claim("without the busy ones: more than 150 nats worse", loud[:, 0].min() > 150, measured=loud)
claim("the quiet ones still save more than they cost", (quiet[:, 0] > quiet[:, 1]).all(), measured=quiet)

# %% [markdown]
# Quiet isn't dead: together they save a few nats, and cost fewer. "76 of 100 units have collapsed" would be the wrong
# report. Here is what the dearest number, the third, and a quiet one do to a picture:

# %%
with torch.no_grad():
    order = spectrum[0].argsort(descending=True)
    middle = trained[0][0](y[11:12])[0]
    films = {}
    for name, rank in (("dearest", 0), ("third", 2), ("quiet (60th)", 59)):
        z = middle.repeat(9, 1)
        z[:, order[rank]] = torch.linspace(-3, 3, 9, device=here)
        films[name] = trained[0][1](z).sigmoid()
plotting.image_grid({name: 2 * film - 1 for name, film in films.items()}, rows=1)
change = {name: (film[-1] - film[0]).norm().item() for name, film in films.items()}
claim(
    "the dearest moves the picture at least three times as far as the quiet one",
    change["dearest"] > 3 * change["quiet (60th)"],
    measured=change,
)

# %% [markdown]
# ## 10 · What a squared error assumes
#
# The program we follow has another loss: squared error, *averaged* over 784 pixels, plus prices *averaged* over 100
# numbers (with a wrong sign; that comes next). A squared error means that pixels are Gaussian with some noise $s$:
#
# $$-\log p(x \mid z) = \frac{\lVert x - g(z) \rVert^2}{2 s^2} + 392 \log (2 \pi s^2) .$$
#
# Compare $\lVert x - g \rVert^2 / 784 + \mathrm{KL} / 100$ with $\lVert x - g \rVert^2 / (2 s^2) + \mathrm{KL}$: the
# same up to a factor of 100 if $s^2 = 784 / 200 = 3.92$. Pixels lie between 0 and 1, and this model believes that the
# camera adds noise of **1.98** to each.
#
# The usual variant, plain sums, means $s^2 = ½$, $s = 0.71$. And the best $s$? For given nets the formula is smallest
# at $s^2 = $ mean squared error, so the loss can simply use that (Rybkin et al. 2021):


# %%
def squared_error(outputs, pictures, s=None):
    """-log p(x | z) with Gaussian pixels, (N,); s=None: the best s for this batch."""
    errors = (outputs - pictures).square()
    s2 = errors.mean().detach() if s is None else torch.tensor(s**2)
    return errors.sum(dim=1) / (2 * s2) + 392 * (2 * math.pi * s2).log()


outputs, pictures = torch.rand(2, 50, 784)
best = squared_error(outputs, pictures).mean()
others = [squared_error(outputs, pictures, s).mean() for s in (0.2, 0.3, 0.4, 0.41, 0.45, 0.6)]
claim("no other s gives a smaller loss", best <= min(others) + 0.01, measured=(best, others))

# %% [markdown]
# Five small VAEs (200 hidden units, 250 steps, two seeds). Only the rebuilding differs, and in the last one β.
#
# **Predict:** how many nats will the code cost with $s = 1.98$? And what will its draws look like?

# %%
losses = {
    "averages: s = 1.98": (lambda out, batch: squared_error(out, batch, math.sqrt(3.92)), 1.0),
    "sums: s = 0.71": (lambda out, batch: squared_error(out, batch, math.sqrt(0.5)), 1.0),
    "the best s": (squared_error, 1.0),
    "coins": (rebuilding, 1.0),
    "coins, β = 4": (rebuilding, 4.0),
}


def small_vae(loss, beta, seed, steps=250):
    device.seed_everything(seed)
    net = nets.VAE((784,), 100, hidden=(200,)).to(here)
    net.decoder[-1].bias.data = ink.logit() if loss is rebuilding else ink.clone()  # nobody need learn the mean picture
    vae = training.VAE(net, beta, lr=2e-3, log_likelihood=lambda out, batch: -loss(out, batch), seed=seed)
    return training.run(vae, x, steps, batch=64).net


family = {name: [small_vae(*each, seed) for seed in (0, 1)] for name, each in losses.items()}

# %%
report, shown = {}, {}
for name, pair in family.items():
    pixels = torch.sigmoid if name.startswith("coins") else lambda out: out.clamp(0, 1)
    device.seed_everything(4)
    with torch.no_grad():
        clouds = [net.encode(y) for net in pair]
        copied = [pixels(net.decode(mean)) for net, (mean, _) in zip(pair, clouds, strict=True)]
        drawn = [pixels(net.decode(torch.randn(1000, 100, device=here))) for net in pair]
    report[name] = {
        "price": [objectives.gaussian_kl(*cloud).mean().item() for cloud in clouds],
        "error": [(each - y).square().mean().item() for each in copied],
        "draws": [reference.frechet(2 * each - 1) for each in drawn],
    }
    shown[name] = 2 * drawn[0][:10] - 1
plotting.image_grid(shown, rows=1)

# %%
plotting.bars_with_floor({name: each["draws"] for name, each in report.items()}, "Fréchet distance of draws")

# %%
averages, sums, fitted, coined, strong = report.values()
claim(
    "s = 1.98: codes cost less than 0.1 nats, and copies are the mean picture (within 3 %)",
    max(averages["price"]) < 0.1 and min(averages["error"]) > 0.97 * nothing,
    measured=averages,
)
claim("s = 0.71: under 10 nats; best s: over 20", max(sums["price"]) < 10 and min(fitted["price"]) > 20)
claim(
    "draws: the best s beats the coins (so far), 0.71 and 1.98, in this order, in both seeds",
    max(fitted["draws"]) < min(coined["draws"])
    and max(coined["draws"]) < min(sums["draws"])
    and max(sums["draws"]) < min(averages["draws"]),
    measured=report,
)
claim(
    "β = 4: at most half the price of β = 1, and worse copies",
    max(strong["price"]) < 0.5 * min(coined["price"]) and min(strong["error"]) > max(coined["error"]),
    measured=report,
)

# %% [markdown]
# **With averages nothing is learned**: complete posterior collapse, every copy and every draw is the mean picture. No
# bug, no bad luck: for noise of 1.98 there is hardly anything to gain by a code. By the rule of chapter
# [35](35_elbo.ipynb#6-·-Collapse-lives-in-the-likelihood) (exact for linear VAEs) an axis is worth a code only if its
# variance exceeds $s^2$:

# %%
axes = torch.linalg.eigvalsh(torch.cov(x.T.cpu())).flip(0)  # variances along PCA's axes
alive = {s2: int((axes > s2).sum()) for s2 in (3.92, 0.5)}
worth = 0.5 * (axes[0] / 3.92 - 1 - (axes[0] / 3.92).log())
claim("s² = 3.92: one axis of 784, and it would gain less than 0.05 nats", alive[3.92] == 1 and worth < 0.05)
claim("s² = ½: about two dozen", 18 <= alive[0.5] <= 30, measured=alive)

# %% [markdown]
# What we show as "draws" are the *means* of the pixels. A draw that takes the model at its word adds the noise, or
# throws the coins. Then nobody could overlook what has been assumed:

# %%
device.seed_everything(5)
with torch.no_grad():
    z = torch.randn(10, 100, device=here)
    at_word = {"coins, thrown": torch.bernoulli(family["coins"][0].decode(z).sigmoid())}
    for name, s in (("the best s", math.sqrt(report["the best s"]["error"][0])), ("averages: s = 1.98", 1.98)):
        at_word[f"{name}, with noise"] = family[name][0].decode(z) + s * torch.randn(10, 784, device=here)
outside = (at_word["averages: s = 1.98, with noise"] - 0.5).abs() > 0.5
plotting.image_grid({name: (2 * each - 1).clamp(-1, 1) for name, each in at_word.items()}, rows=1)
claim("s = 1.98: more than 7 of 10 pixels aren't even between 0 and 1", outside.float().mean() > 0.7)

# %% [markdown]
# **A trap.** In the figure the Gaussian with its best $s$ draws nearer than the coins. Is it the better choice? That is
# the order after 250 steps, and short runs rank by speed. 🔎 **Try it:** put `steps=1000` into `small_vae` (it takes a
# quarter of a minute more), and look whether the order stays.
#
# And whose *likelihood* is best? Coins and Gaussians can't be compared there: one speaks of probabilities of thrown
# pictures, the other of densities of grey ones.
#
# ## 11 · A price with the wrong sign
#
# The printed loss has one more surprise. Its last term is, for each code number,
#
# $$\tfrac12 \log \sigma^2 - \tfrac12 \big(1 - \log(I^2) + \mu^2 + \sigma^2\big),$$
#
# with $I$ the identity matrix. **Predict** two things: the value of $\log(I^2)$ off the diagonal; and, with that part
# left out, where *minimising* this sends $\mu$ and $\sigma$.

# %%
printed = torch.eye(100).square().log()
claim(
    "9,900 of the 10,000 entries are -∞, so the printed loss is -∞ whatever the nets do", printed.isinf().sum() == 9900
)
mean, log_variance = torch.randn(2, 1000, 100)
upside_down = 0.5 * log_variance - 0.5 * (1 + mean**2 + log_variance.exp())
claim("without it: minus the price, minus 1", upside_down.allclose(-price(mean, log_variance) - 1, atol=1e-5))


# %%
def wrong_way(seed, deep=-1e6, most=200):
    """Train on squared error + the wrong price until the loss is below `deep`: steps, loss, error of copies."""
    device.seed_everything(seed)
    net = nets.VAE((784,), 100, hidden=(512,)).to(here)
    adam, steps, loss = torch.optim.Adam(net.parameters(), lr=1e-3), 0, torch.tensor(0.0)
    while loss > deep and steps < most:
        batch = x[torch.randint(len(x), (64,), device=here)]
        logits, mean, log_variance = net(batch, torch.randn(64, 100, device=here))
        loss = (logits.sigmoid() - batch).square().mean() + (-price(mean, log_variance) - 1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        steps += 1
    with torch.no_grad():
        return steps, loss.item(), (net.decode(net.encode(y)[0]).sigmoid() - y).square().mean().item()


ends = torch.tensor([wrong_way(seed) for seed in seeds])

# %%
claim("the loss falls below minus a million in fewer than 100 steps, three seeds of three", ends[:, 0].max() < 100)
claim("and the copies are worse than the mean picture", ends[:, 2].min() > nothing, measured=ends)

# %% [markdown]
# A loss that dives like this looks like splendid progress. It has no bottom: codes are *paid* for being far away. The
# cheapest test is the one of chapter 35: a price must be 0 for $\mu = 0, \sigma = 1$, and positive anywhere else.

# %% [markdown]
# ## 12 · An honest likelihood
#
# How good is our VAE, in one number that others can compare with theirs? Three things must be said.
#
# 1. **Which pixels.** We throw each test picture once, white with probability $x$, and keep the result.
# 2. **Which bound.** $L_k = \mathbb E \log \frac1k \sum_i w_i$, $w = p(b, z) / q(z)$, rises with $k$ towards $\log
#    p(b)$ (Burda et al. 2015; [chapter 35](35_elbo.ipynb#7-·-More-draws,-a-tighter-bound) proves the order).
# 3. **Which $q$.** Any will do that is positive where $p(b, z)$ is. The encoder was trained on grey pictures. It may
#    look at the grey original, or at the thrown picture.
#
# **Predict:** which of the two gives the better bound? It has *never seen* a thrown picture.


# %%
@torch.no_grad()
def bounds(seed, seen, pictures, k=256):
    """L_1, L_2, L_4, … from the same k draws for each picture; q looks at `seen`."""
    encoder, decoder, _ = trained[seed]
    mean, log_variance = encoder(seen)
    noise = torch.randn(k, *mean.shape, device=here)
    z = draw_code(mean, log_variance, noise)
    fit = torch.stack([-rebuilding(decoder(codes), pictures) for codes in z])  # (k, N)
    log_w = fit + 0.5 * (noise**2 - z**2 + log_variance).sum(dim=-1)  # log p(b|z) + log p(z) - log q(z)
    found = []
    for power in range(int(math.log2(k)) + 1):
        blocks = log_w.view(-1, 2**power, len(pictures))
        found.append((blocks.logsumexp(dim=1) - power * math.log(2)).mean().item())
    return found


device.seed_everything(6)
target = torch.bernoulli(y[:100])
heights = {
    name: torch.tensor([bounds(s, seen, target) for s in seeds]).T
    for name, seen in (("q sees the grey picture", y[:100]), ("q sees the thrown picture", target))
}

# %%
_, ax = plt.subplots(figsize=(6.8, 3.4))
for number, (name, found) in enumerate(heights.items()):
    ax.plot([2**i for i in range(9)], found, "os"[number] + "-", color=plotting.NEUTRAL[number], ms=5, lw=1)
    ax.plot([], [], "os"[number] + "-", color=plotting.NEUTRAL[number], label=name)
ax.set(xscale="log", xlabel="weights averaged, k", ylabel="bound (nats)", title="three seeds, 100 unseen digits")
ax.set_xticks([1, 4, 16, 64, 256], ["1 (ELBO)", "4", "16", "64", "256"])
ax.legend()
plt.show()

# %%
grey, thrown = heights.values()
claim("each curve rises at every doubling", (grey.diff(dim=0) > 0).all() and (thrown.diff(dim=0) > 0).all())
claim("L₂₅₆ is 5 to 14 nats above the ELBO", 5 < (grey[-1] - grey[0]).min() and (grey[-1] - grey[0]).max() < 14)
claim("looking at the thrown picture is better, for each seed, at k = 1", (thrown[0] > grey[0] + 0.5).all())
fewer = (thrown[-1] - grey[-1]).abs().max()
claim("at k = 256 less of that is left than at k = 1", fewer < (thrown[0] - grey[0]).max(), measured=fewer)

# %% [markdown]
# The thrown picture *is* what has to be explained, so it helps to see it, trained for or not. And the two curves close
# up: both run towards the same $\log p(b)$, which belongs to the decoder alone. What you see at $k = 1$ is as much a
# statement about $q$ as about the model.
#
# So an honest line reads: *"MNIST, 28 × 28, pixels thrown once; $L_{256}$ on 100 test digits, three seeds; trained on
# 10,000 digits for 1,000 steps."* Don't set it beside published numbers: those usually have six times the data, far
# more steps, and often $k = 5000$.

# %% [markdown]
# ## What all this does not show
#
# - **That our settings are good.** They are quick. The bound is still rising when we stop, and the number of busy code
#   numbers still falling.
# - **That coins are the right pixels.** In section 10 we compared after 250 steps, in the features of one classifier.
# - **That a VAE blurs by nature.** Ours has independent pixels given the code, and small nets. Deep hierarchical VAEs
#   draw fine faces (Vahdat & Kautz 2020).
# - **That anything here is "interpretable".** The dearest number changes something visible; that's all we have seen.

# %% [markdown]
# ## Help, I get …
#
# ### Every draw is the same grey blur
# Posterior collapse. Print the price: near 0? Then the noise is too large or β is, usually hidden in a `mean` (section
# 10). Sum over pixels and code numbers.
#
# ### `nan` after a while
# $e^{\log\sigma^2}$ has overflowed. Look at the sign of the price first (section 11), then lower the learning rate; a
# `clamp` of the log variance to, say, −10 … 10 is a bandage.

# %% [markdown]
# ### Negative pixels, or a `binary_cross_entropy` that complains about targets
# Two ranges are mixed. Coins want pixels in 0 … 1 and a decoder *without* `tanh`; −1 … 1 belongs to chapter 41's GAN.
#
# ### Wonderful copies, static for draws
# Price forgotten, or β far too small: it is an autoencoder now. Or you draw from another distribution than the one
# that the price pulls towards.
#
# ### A loss of 0.2 where others report 100
# Averaged instead of summed. Multiply by 784 to see nats per picture, and check what happened to the price.

# %% [markdown]
# ## Recap
#
# - Encoder: $\mu$ and $\log\sigma^2$. Code: $\mu + \sigma\varepsilon$. Decoder: logits. Loss: *sums* of cross-entropy
#   and price. To draw: decode $N(0, I)$.
# - Copies are near, draws are not: $N$ clouds that cost more than $\log N$ can't fill $N(0, I)$.
# - The work gathers in a few code numbers as training goes on; the quiet ones still pay for themselves.
# - A squared error states a noise. Averages state one of 1.98, and nothing is learned. Let the data say $s$.
# - A likelihood needs its pixels, its bound, its $k$.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Your price rises during training, although it's part of the loss. Is something wrong?</summary>
#
# No. It starts near 0 because the encoder says nothing. Each nat that it spends saves more than a nat in rebuilding,
# until that is no longer so.
#
# </details>
#
# <details><summary>A colleague doubles the pictures to 56 × 56 and keeps "mean squared error + mean KL". What
# changes?</summary>
#
# The noise that it assumes: $s^2 = D / (2 Z)$ for $D$ pixels and $Z$ code numbers is now four times as large, so codes
# are worth even less. With sums and a learned $s$ nothing of the kind happens.
#
# </details>
#
# <details><summary>With a million training pictures, could codes of 25 nats fill the prior?</summary>
#
# No: $\log 10^6 \approx 13.8$, so at least 11 nats of mismatch remain for the clouds of the training pictures.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Kingma & Welling 2013, Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114): the model that we built;
#   its appendix B has the price.
# - [Rybkin, Daniilidis & Levine 2021, Simple and Effective VAE Training with Calibrated
#   Decoders](https://arxiv.org/abs/2006.13202): what a squared error assumes, and the best $s$ in one line.
# - [Hoffman & Johnson 2016, ELBO surgery](http://approximateinference.org/accepted/HoffmanJohnson2016.pdf): the
#   identity of section 8, and what it says about priors.
# - [Loaiza-Ganem & Cunningham 2019, The continuous Bernoulli](https://arxiv.org/abs/1907.06845): how to make coins a
#   density of grey pixels.
# - [Burda, Grosse & Salakhutdinov 2015, Importance Weighted Autoencoders](https://arxiv.org/abs/1509.00519): the bounds
#   of section 12, and active units.
# - [Lucas, Tucker, Grosse & Norouzi 2019, Don't Blame the ELBO!](https://arxiv.org/abs/1911.02469): where collapse
#   comes from, proved for linear VAEs.
# - [Vahdat & Kautz 2020, NVAE](https://arxiv.org/abs/2007.03898): how far VAEs can go.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | encoder, decoder | 编码器、解码器 | picture to cloud; code to picture |
# | reparameterisation | 重参数化 | $z = \mu + \sigma\varepsilon$, with chance from outside |
# | reconstruction | 重构 | a copy: encode, then decode |
# | prior sample | 先验采样 | a draw: decode $z \sim N(0, I)$ |
# | active unit | 活跃单元 | a code number that carries something, by a line one has to draw |
# | aggregate posterior | 聚合后验 | the mixture of all clouds, $\frac1N \sum_n q(z \mid x_n)$ |
# | binarisation | 二值化 | grey pixels thrown as coins: once, or anew each time |
# | importance-weighted bound | 重要性加权下界 | $L_k$: more draws, a tighter bound |
