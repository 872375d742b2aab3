# %% [markdown]
# # 44 · A VAE
#
# *From a blank cell to a variational autoencoder that copies digits and invents new ones. Each line of its loss states
# an assumption. Here you change the assumptions, one at a time, and look at what the pictures say.*
#
# > **You will be able to**
# > - write encoder, decoder, loss and training loop by hand, and show that the library does the same steps
# > - tell copies from draws, measure both, and say what a gap in nats explains, and what it doesn't
# > - say which of a hundred code numbers do any work, and what the others are good for
# > - translate "squared error + KL" into the noise that it assumes, and repair it
# > - report a likelihood honestly: which pixels, which bound, what the encoder saw, how many draws and pictures
# >
# > **Before you start** [24 · from autoencoders to VAEs](24_from_autoencoders_to_vaes.ipynb) for the idea, and some
# > PyTorch. Helpful, not needed: [35 · the ELBO](35_elbo.ipynb) has the mathematics behind sections 8, 10 and 12;
# > leave them out at a first reading if you haven't read it.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used automatically): {{gpu_time}}

# %% [markdown]
# ## The idea in a picture
#
# There are two networks, and two ways through them. To **copy** a picture, go all the way from the left. To **draw** a
# new one, start in the middle, with noise:

# %% jupyter={"source_hidden": true}
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
here = device.pick()  # a GPU if there is one, or else the CPU
mnist, unseen = data.images("mnist"), data.images("mnist", split="test")
x = mnist.tensor(flat=True, low=0.0, device=here)  # (10000, 784): to learn from; black is 0, white is 1
y = unseen.tensor(flat=True, low=0.0, device=here)  # (2000, 784): never used in training


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
# We build it in five steps.

# %% [markdown]
# ## 1. Initialise: two nets
#
# The encoder has one hidden layer and two **heads**. One gives the middle $\mu$ of the cloud, the other $\log
# \sigma^2$, the logarithm of its variance. Why a logarithm? A linear layer can give any number, and a variance must
# be positive.


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
# The decoder ends without an activation. (What it makes of a picture's code is called the **reconstruction**.) Its 784
# outputs are **logits**. Each pixel is a coin that shows white with probability $1/(1 + e^{-\text{logit}})$, the
# sigmoid of the logit. (It is often written σ, too. Here σ is the spread of a cloud.)
#
# ## 2. Encode: a cloud for each picture
#
# The encoder gives a Gaussian $q(z \mid x) = N(\mu, \operatorname{diag} \sigma^2)$, and we draw a code from it:
#
# $$z = \mu + \sigma \varepsilon = \mu + e^{\frac12 \log \sigma^2}\, \varepsilon, \qquad \varepsilon \sim N(0, I) .$$


# %%
def draw_code(mean, log_variance, noise):
    return mean + (0.5 * log_variance).exp() * noise


with torch.no_grad():
    mean, log_variance = encoder(y[:1])
    z = draw_code(mean, log_variance, torch.randn(10_000, 100, device=here))
off = (z.std(dim=0) - (0.5 * log_variance).exp()).abs().max()
identity("10,000 codes of one picture spread by σ (each number, within 0.05)", off < 0.05, measured=off)

# %% [markdown]
# The chance comes from outside, as $\varepsilon$: the **reparameterisation**. So gradients can pass through $\mu$ and
# $\sigma$. Chapter [35](35_elbo.ipynb#4.-A-gradient-through-a-die) shows why this matters.
#
# (The library writes both heads as one layer of 200 outputs, cut in two. It is the same network.)

# %% [markdown]
# ## 3. Decode: 784 coins
#
# **Predict, and say why:** nothing has been learned yet. How many nats should a picture of 784 unbiased coins cost?


# %%
def rebuilding(logits, pictures):
    """-log p(x | z) in nats, summed over pixels: (N,)."""
    return F.binary_cross_entropy_with_logits(logits, pictures, reduction="none").sum(dim=1)


with torch.no_grad():
    newborn = rebuilding(decoder(draw_code(*encoder(y), torch.randn(2000, 100, device=here))), y)
claim("about 784 ln 2 ≈ 543 nats (within 20)", abs(newborn.mean() - 784 * math.log(2)) < 20, measured=newborn.mean())

# %% [markdown]
# A new network has logits near 0, so each pixel is a fair coin, and a fair coin costs $\ln 2$ nats whatever it shows.
#
# If the pixels are really 0 or 1, this is a true $-\log p(x \mid z)$. Ours are grey. What does the cross-entropy mean
# then? Take a grey $x$ as a recipe: for each pixel toss a coin that shows white with probability $x$. The
# logarithm is linear in each tossed pixel $b$, so **on average over the tosses**
#
# $$\mathbb E_{b \sim x}[\log p(b \mid z)] = -\,\text{cross-entropy}(x, \text{logits}) .$$

# %%
with torch.no_grad():
    logits = 3 * torch.randn(784, device=here)
    tossed = torch.bernoulli(y[:1].expand(4000, 784))
    each = rebuilding(logits.expand(4000, 784), tossed)
    grey = rebuilding(logits[None], y[:1])[0]
error = each.std() / math.sqrt(4000)
identity(
    "4,000 tosses agree with grey (4 standard errors)", abs(each.mean() - grey) < 4 * error, measured=(grey, error)
)

# %% [markdown]
# So training on grey pixels is training on all their tosses at once (with an encoder that sees the grey original). It
# is **not** a density of grey pictures: $p^x (1-p)^{1-x}$, integrated over $x$ from 0 to 1, isn't 1. For a fair coin
# it is ½. (Loaiza-Ganem & Cunningham 2019 divide by this area, and get a proper density.)

# %% [markdown]
# ## 4. Optimise the bound
#
# The loss is minus the evidence lower bound. It has two parts, **summed** over pixels and over code numbers, and
# averaged over pictures only:
#
# $$\text{loss} = \frac1N \sum_{\text{pictures}} \Big[ \underbrace{-\log p(x \mid z)}_{\text{rebuilding}} +
# \beta \underbrace{\tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2)}_{\text{cost of the code: }
# \mathrm{KL}(q(z|x) \| N(0, I))} \Big], \qquad \beta = 1 .$$


# %%
def kl(mean, log_variance):
    """What each number of each code costs, in nats: (N, dim)."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)


def parts(encoder, decoder, pictures, noise):
    mean, log_variance = encoder(pictures)
    logits = decoder(draw_code(mean, log_variance, noise))
    return rebuilding(logits, pictures).mean(), kl(mean, log_variance).sum(dim=1).mean()


# %% [markdown]
# Never trust a formula that you have typed. PyTorch knows both parts under other names:

# %%
with torch.no_grad():
    mean, log_variance = encoder(y)
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    standard = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    coins = torch.distributions.Bernoulli(logits=decoder(mean))
    tossed = torch.bernoulli(y)
kl_right = torch.distributions.kl_divergence(q, standard).allclose(kl(mean, log_variance), atol=1e-5)
identity("cost of the code: as torch.distributions has it", kl_right)
right = (-coins.log_prob(tossed).sum(1)).allclose(rebuilding(decoder(mean), tossed), rtol=1e-4)
identity("rebuilding: as torch.distributions has it", right)

# %% [markdown]
# **One optimiser or two?** Some programs have one Adam for each network. That is fine, as long as each gets the
# gradients of its own network. (In some libraries you hand an optimiser a list of gradients. A typical mistake there
# is to hand the same list to both. Then the decoder's Adam gets the encoder's gradients.) One optimiser for all weights
# is simpler, and it makes the same steps, because Adam treats each weight by itself:


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
identity("after three steps: the same weights, with one Adam and with two", same)

# %% [markdown]
# ## 5. Repeat
#
# Now the loop. The data were loaded once, far above, and stay in memory; only the choice of 64 pictures belongs *into*
# the loop. We take three seeds and 1,000 steps, so each picture is seen about six times.


# %%
def train(seed, steps=1000):
    device.seed_everything(seed)
    encoder, decoder = Encoder().to(here), make_decoder().to(here)
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3, fused=True)  # fused: faster
    history = []
    for _ in range(steps):
        batch = x[torch.randint(len(x), (64,), device=here)]
        rebuilt, cost = parts(encoder, decoder, batch, torch.randn(64, 100, device=here))
        adam.zero_grad()
        (rebuilt + cost).backward()
        adam.step()
        history.append((rebuilt.item(), cost.item()))
        if len(history) == 150:  # for section 9
            young = copy.deepcopy(encoder)
    return encoder, decoder, history, young


# %% [markdown]
# **Predict, and say why:** there are two curves, rebuilding and the cost of the code. The loss is their sum, and it is
# *minimised*. Do both go down?

# %%
seeds = (0, 1, 2)
trained = {seed: train(seed) for seed in seeds}
history = torch.tensor([trained[seed][2] for seed in seeds])  # (3, 1000, 2)

# %% jupyter={"source_hidden": true}
ink = x.mean(dim=0).clamp(1e-3, 1 - 1e-3)  # how often each pixel is white: one coin each, no code at all
independent = rebuilding(ink.logit().expand_as(y), y).mean().item()
_, ax = plt.subplots(figsize=(6.8, 3.5))
curves = {"rebuilding": history[..., 0].T, "cost of the code": history[..., 1].T}
where = (independent, "independent\npixels")
plotting.seeds_over_time(range(1, 1001), curves, "nats per picture", reference=where, ax=ax)
ax.set_ylim(0, 300)
plt.show()

# %%
claim(
    "the cost of the code rises: below 5 nats at first, 18 to 30 in the end",
    history[:, 0, 1].max() < 5 and 18 < history[:, -50:, 1].mean(1).min() < history[:, -50:, 1].mean(1).max() < 30,
    measured=history[:, -50:].mean(1),
)
spike, after = history[:, :20, 1].amax(1), history[:, 30:100, 1].amax(1)
claim(
    "first a spike: within 20 steps it costs more than in all of the steps 30 to 100",
    (spike > after).all(),
    [spike, after],
)
claim("rebuilding falls below 115", history[:, -50:, 0].mean(1).max() < 115)
loss = history.sum(dim=2).mean(dim=0)
claim(
    "the loss still falls: over 1 nat from steps 700 – 800 to the last 100",
    loss[700:800].mean() > loss[-100:].mean() + 1,
)


@torch.no_grad()
def bound(seed, pictures):
    encoder, decoder, *_ = trained[seed]
    return sum(parts(encoder, decoder, pictures, torch.randn(len(pictures), 100, device=here))).item()


elbo = [-bound(seed, y) for seed in seeds]
claim("unseen digits: the bound is 60 nats or more above independent pixels", min(elbo) > 60 - independent, elbo)

# %% [markdown]
# After a short spike the cost of the code goes *up*. The network learns that a nat spent on the code saves several in
# rebuilding. This stops where one more nat saves one nat. With β = 4 it would stop where a nat saves four ([chapter
# 24](24_from_autoencoders_to_vaes.ipynb#6.-β:-how-strong-is-the-pull?) goes through several β).
#
# When should one stop? Watch the bound on *unseen* pictures. (Our loss on the training pictures is still falling when
# we stop. We didn't train on to see how long the bound goes on rising.)

# %% [markdown]
# ## 6. The same in five lines

# %%
vae = training.VAE(nets.VAE((784,), latent_dim=100, hidden=(512,)), beta=1.0, lr=2e-3, seed=0)
for step in training.train(vae, x, steps=100, batch=64):
    if step.number == 100:
        plotting.image_grid(2 * vae.sample(10) - 1, rows=1, title=f"step {step.number}: drawn")

# %% [markdown]
# Is it the same? We give our networks the library's weights and its stream of random numbers, and let both make 40
# steps in double precision. **Predict:** how large is the largest difference among nearly a million weights?


# %% jupyter={"source_hidden": true}
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
    step_with(adam, mine, batch, torch.randn(64, 100, generator=stream, dtype=torch.float64))

# %%
tensors = [(a, b) for a, b in zip(mine, ours(theirs.net), strict=True)]
gap = [(p - q).abs().max().item() for a, b in tensors for p, q in zip(a.parameters(), b.parameters(), strict=True)]
identity("after 40 steps all ten tensors agree to 8 digits or more", len(gap) == 10 and max(gap) < 1e-8, measured=gap)

# %% [markdown]
# ## 7. Copies and draws
#
# Now the two ways of the first picture. A **copy**: encode, take the middle of the cloud, decode. A **draw**: decode a
# fresh $z \sim N(0, I)$. This one line is all it takes to *generate*.


# %%
@torch.no_grad()
def copies(seed, pictures):
    encoder, decoder, *_ = trained[seed]
    return decoder(encoder(pictures)[0]).sigmoid()


@torch.no_grad()
def draws(seed, n=1000):
    return trained[seed][1](torch.randn(n, 100, device=here)).sigmoid()


device.seed_everything(0)
rows = {"unseen digits": y[:10], "copies": copies(0, y[:10]), "draws": draws(0, 10)}
plotting.image_grid({name: 2 * pictures - 1 for name, pictures in rows.items()}, rows=1)

# %% [markdown]
# **Predict:** how many times further from real digits are the draws than the copies? (We use the Fréchet distance in
# the features of a digit classifier, as in chapters 24 and 36, with its floor and two baselines. One is a Gaussian with
# the mean and covariance of the pixels, *cut* to 0 … 1. The other tosses a coin for each pixel. Beside it stand our
# draws, tossed as well, since a picture of means and a tossed one are two different things to the classifier.)

# %%
reference = metrics.Reference("mnist", 2 * x[:5000] - 1)
device.seed_everything(1)
covariance = torch.cov(x.T) + 1e-4 * torch.eye(784, device=here)
blobs = torch.distributions.MultivariateNormal(x.mean(0).cpu(), covariance.cpu()).sample((1000,)).clamp(0, 1)
worlds = {
    "copies": [copies(s, y[:1000]) for s in seeds],
    "draws": [draws(s) for s in seeds],
    "one Gaussian in pixels, cut": [blobs],
    "draws, tossed": [torch.bernoulli(draws(s)) for s in seeds],
    "independent pixels, tossed": [torch.bernoulli(ink.expand(1000, 784))],
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
claim("and nearer than the cut Gaussian", max(distance["draws"]) < distance["one Gaussian in pixels, cut"][0])
coinless = distance["independent pixels, tossed"][0]
claim("tossed: less than half as far away as independent pixels", max(distance["draws, tossed"]) < coinless / 2)
blurred = {s: (copies(s, y) - y).square().mean().item() for s in seeds}
nothing = (x.mean(dim=0) - y).square().mean().item()  # the mean picture as a copy of everything
claim("copies leave less than a third of the mean picture's squared error", max(blurred.values()) < nothing / 3)

# %% [markdown]
# In our runs draws were four to five times as far away as copies. Good copies don't make good draws. If you judge a VAE
# by its copies alone, you judge it as an autoencoder. (A decoder that got the picture itself beside the code would copy
# perfectly, and it would need no code at all.)
#
# Don't praise the draws too much, either: cutting takes almost half of the Gaussian's variance away. Left uncut, with
# numbers below 0 and above 1, it lies only little further away than they (about 30; [chapter 41](41_mlp_gan.ipynb)).
#
# Chapter 24 found one reason in a plane: the clouds together leave places empty where $N(0, I)$ puts codes (drag the
# cross of its widget [LatentSpace](24_from_autoencoders_to_vaes.ipynb#4.-A-cloud-instead-of-a-point) into one). Can we
# put a number on this emptiness here? Only in part.

# %% [markdown]
# ## 8. Ten thousand clouds can't fill the space
#
# The KL of one picture compares *its* cloud $q_n$ with $p = N(0, I)$. For draws it matters whether **all clouds
# together** look like $N(0, I)$: their mixture $\bar q = \frac1N \sum_n q_n$. The two are connected by an equation
# (Hoffman & Johnson 2016) that is exact for any $N$ clouds:
#
# $$\underbrace{\frac1N \sum_n \mathrm{KL}(q_n \,\|\, p)}_{\text{mean cost of a code}} = \underbrace{\frac1N \sum_n
# \mathbb E_{q_n}\!\Big[\log \frac{q_n}{\bar q}\Big]}_{I:\ \text{how well a code tells its picture}} +
# \underbrace{\mathrm{KL}( \bar q \,\|\, p)}_{\text{mismatch with } N(0, I)} .$$
#
# Since $\bar q \ge q_n / N$, each logarithm in $I$ is at most $\log N$. With 10,000 pictures: $\log N \approx 9.2$
# nats. Our codes cost over 20.
#
# **Predict, and say why:** what follows for $\mathrm{KL}(\bar q \,\|\, p)$? And do the clouds overlap?


# %% jupyter={"source_hidden": true}
@torch.no_grad()
def log_clouds(seed, z):
    """log q_m(z) for each code and each of the 10,000 clouds, up to one constant that cancels: (n, 10000)."""
    mean, log_variance = trained[seed][0](x)
    precision = (-log_variance).exp()
    return -0.5 * (z**2 @ precision.T - 2 * z @ (mean * precision).T + (mean**2 * precision + log_variance).sum(1))


@torch.no_grad()
def codes(seed, pictures):
    return draw_code(*trained[seed][0](pictures), torch.randn(len(pictures), 100, device=here))


# %% jupyter={"source_hidden": true}
@torch.no_grad()
def mixture(seed, n=500):
    """Mean KL of all training pictures; from n draws: I, and how often a code's own cloud is the densest there."""
    who = torch.randint(len(x), (n,), device=here)
    log_q = log_clouds(seed, codes(seed, x[who]))
    told = log_q[torch.arange(n, device=here), who] - (log_q.logsumexp(dim=1) - math.log(len(x)))
    cost = kl(*trained[seed][0](x)).sum(1).mean().item()
    return cost, told.mean().item(), (log_q.argmax(dim=1) == who).float().mean().item()


# %%
device.seed_everything(2)
cost, told, recognised = torch.tensor([mixture(seed) for seed in seeds]).T
claim("a code costs over 20 nats on average", cost.min() > 20, measured=cost)
claim("I is above 8.5 nats, of at most 9.21", told.min() > 8.5, measured=told)
claim("in over 90 % its own cloud is the densest of 10,000", recognised.min() > 0.9, measured=recognised)
claim("so KL(all clouds ‖ N(0, I)) is over 11 nats", (cost - told).min() > 11, measured=cost - told)

# %% [markdown]
# The clouds overlap little: $I$ is near its limit, so a code mostly tells *which* of the 10,000 pictures it came from.
# Whenever codes cost more than $\log N$ nats on average, the clouds of $N$ pictures **cannot** fill $N(0, I)$, however
# long you train.
#
# Does that make draws bad? **Predict, and say why:** the codes of *unseen* digits lie between these clouds. Are they
# decoded worse than codes of training digits? (As a third way we draw from one Gaussian that has the mean and the
# covariance of all codes.)


# %%
def over_prior(seed, z):
    """log of the clouds' mean density over that of N(0, I), on average."""
    return (log_clouds(seed, z).logsumexp(dim=1) - math.log(len(x)) + 0.5 * (z**2).sum(1)).mean().item()


@torch.no_grad()
def decoded(seed, z):
    return reference.frechet(2 * trained[seed][1](z).sigmoid() - 1)


# %%
device.seed_everything(7)
ways = {"training digits": x[5000:6000], "unseen digits": y[:1000]}
found = {name: {s: codes(s, pictures) for s in seeds} for name, pictures in ways.items()}
found["one Gaussian"] = {}
for s in seeds:
    z = codes(s, x)
    root = torch.linalg.cholesky(torch.cov(z.T))
    found["one Gaussian"][s] = z.mean(0) + torch.randn(1000, 100, device=here) @ root.T
bridged = {name: torch.tensor([decoded(s, each[s]) for s in seeds]) for name, each in found.items()}
density = {name: [over_prior(s, found[name][s]) for s in seeds] for name in ways}
apart, drawn = bridged["unseen digits"], torch.tensor(distance["draws"])

# %%
claim(
    "at codes of unseen digits: hardly denser than N(0, I), by less than 2 nats",
    max(density["unseen digits"]) < 2,
    density,
)
claim("decoded nearly as well: at most a fifth further away", (apart < 1.2 * bridged["training digits"]).all(), bridged)
claim("draws from N(0, I): at least twice as far as these", drawn.min() > 2 * apart.max(), [bridged, drawn])
claim(
    "a Gaussian fitted to codes draws nearer, for each seed", (bridged["one Gaussian"] < drawn).all(), [bridged, drawn]
)

# %% [markdown]
# The decoder bridges the gaps between the clouds without trouble: unseen digits lie in them. So the nats say mainly
# that 10,000 clouds are few. (A perfect VAE has this mismatch as well, if its codes cost more than $\log N$.) What
# hurts more here is *where* $N(0, I)$ puts its codes: a single Gaussian, fitted to where the codes really are, draws
# nearer already. A second model can learn that place better. Chapter
# [25](25_ae_vae_gan.ipynb#2.-Who-draws-nearest?) fits a mixture there.

# %% [markdown]
# ## 9. Who does the work?
#
# Each code has a hundred numbers. Here is what each of them costs on average, the costliest first:

# %%
early = {s: trained[s][3] for s in seeds}
with torch.no_grad():
    spectrum = {s: kl(*trained[s][0](y)).mean(dim=0) for s in seeds}
    young = {s: kl(*early[s](y)).mean(dim=0) for s in seeds}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4))
for s in seeds:
    for found, style, label in (
        (spectrum, {"color": plotting.DISC, "linewidth": 1.5}, "1,000 steps, three seeds"),
        (young, {"color": "0.5", "linestyle": ":"}, "150 steps, the same seeds"),
    ):
        height = found[s].sort(descending=True).values.cpu()
        ax.plot(range(1, 101), height, label=label if s == 0 else None, **style)
ax.axhline(0.1, color="black", linestyle="--", linewidth=1.5, label="0.1 nats")
ax.set(yscale="log", xlabel="number of the code, costliest first", ylabel="its cost (nats)")
ax.legend()
plt.show()

# %%
busy = {s: int((each > 0.1).sum()) for s, each in spectrum.items()}
claim("12 to 50 of 100 numbers cost more than 0.1 nats", all(12 <= n <= 50 for n in busy.values()), measured=busy)
then = {s: int((each > 0.1).sum()) for s, each in young.items()}
claim("after 150 steps more were busy, in each seed", all(then[s] > busy[s] for s in seeds), measured=[then, busy])
with torch.no_grad():
    spread = {s: int((trained[s][0](y)[0].var(dim=0) > 0.01).sum()) for s in seeds}
claim("by another rule (μ varies by more than 0.01) 80 or more are active", min(spread.values()) >= 80, measured=spread)

# %% [markdown]
# At first all numbers work a little. Then the work moves to a few, which do it well. So "how many are **active**"
# depends on when you look, and on where you draw the line. (The other rule, the variance of $\mu$ over the pictures,
# is that of Burda et al. 2015.)
#
# Are the quiet ones useless? **Predict, and say why:** we put 0 in place of all of them and rebuild. How many nats are
# lost? Then we do it to the busy ones instead. And what if we put in fresh noise, and not 0?


# %%
@torch.no_grad()
def lost_without(seed, quiet, size=0.0):
    """Nats lost in rebuilding with `size` · noise in place of the quiet (or the busy) numbers, and what these cost."""
    encoder, decoder, *_ = trained[seed]
    noise = torch.randn(2, len(y), 100, device=here)
    z = draw_code(*encoder(y), noise[0])
    replaced = (spectrum[seed] <= 0.1) == quiet
    plain, mixed = (rebuilding(decoder(each), y).mean() for each in (z, torch.where(replaced, size * noise[1], z)))
    return (mixed - plain).item(), spectrum[seed][replaced].sum().item()


device.seed_everything(3)
quiet, loud, noisy = (
    torch.tensor([lost_without(s, *each) for s in seeds]) for each in ((True,), (False,), (True, 1.0))
)

# %%
claim("0 for the quiet ones: 1 to 8 nats worse", 1 < quiet[:, 0].min() < quiet[:, 0].max() < 8, measured=quiet)
ratio = quiet[:, 0] / quiet[:, 1]
claim("that is 0.6 to 2.2 times what they cost", 0.6 < ratio.min() < ratio.max() < 2.2, measured=ratio)
claim("0 for the busy ones: more than 60 nats worse", loud[:, 0].min() > 60, measured=loud)
claim("fresh noise for the quiet ones does more harm than 0", (noisy[:, 0] > quiet[:, 0]).all(), [noisy, quiet])

# %% [markdown]
# Quiet doesn't mean dead: without them the pictures get a few nats worse. But they cost about as much: for each nat
# that they cost, they save about 1 to 1.6 nats in our three seeds. (Fresh noise does more harm, because the decoder
# listens to it. So it would overrate them.) A report like "76 of 100 units have collapsed" would be wrong. Here is what
# the costliest number, the third, and a quiet one do to a picture:

# %%
with torch.no_grad():
    order = spectrum[0].argsort(descending=True)
    middle = trained[0][0](y[11:12])[0]
    films = {}
    for name, rank in (("costliest", 0), ("third", 2), ("quiet (60th)", 59)):
        z = middle.repeat(9, 1)
        z[:, order[rank]] = torch.linspace(-3, 3, 9, device=here)
        films[name] = trained[0][1](z).sigmoid()
plotting.image_grid({name: 2 * film - 1 for name, film in films.items()}, rows=1)
change = {name: (film[-1] - film[0]).norm().item() for name, film in films.items()}
claim(
    "the costliest moves the picture at least three times as far as the quiet one",
    change["costliest"] > 3 * change["quiet (60th)"],
    measured=change,
)

# %% [markdown]
# ## 10. What a squared error assumes
#
# Many programs have another loss: the squared error, *averaged* over 784 pixels, plus the KL, *averaged* over 100
# numbers. What do they assume? A squared error means that pixels are Gaussian with some noise $s$:
#
# $$-\log p(x \mid z) = \frac{\lVert x - g(z) \rVert^2}{2 s^2} + 392 \log (2 \pi s^2) .$$
#
# Compare $\lVert x - g \rVert^2 / 784 + \mathrm{KL} / 100$ with $\lVert x - g \rVert^2 / (2 s^2) + \mathrm{KL}$. The
# two are the same up to a factor of 100 if $s^2 = 784 / 200 = 3.92$. So this model believes that a camera adds noise
# of **1.98** to pixels that lie between 0 and 1.
#
# Plain sums mean $s^2 = ½$, so $s = 0.71$. And the best $s$? For given networks the formula is smallest at $s^2 =$ mean
# squared error, so the loss can simply use that (Rybkin et al. 2021):


# %%
def squared_error(outputs, pictures, s=None):
    """-log p(x | z) with Gaussian pixels, (N,); s=None: the best s for this batch."""
    errors = (outputs - pictures).square()
    s2 = errors.mean().detach() if s is None else torch.tensor(s**2)
    return errors.sum(dim=1) / (2 * s2) + 392 * (2 * math.pi * s2).log()


outputs, pictures = torch.rand(2, 50, 784)
best = squared_error(outputs, pictures).mean()
others = [squared_error(outputs, pictures, s).mean() for s in (0.2, 0.3, 0.4, 0.41, 0.45, 0.6)]
identity("no other s gives a smaller loss", best <= min(others) + 0.01, measured=(best, others))

# %% [markdown]
# We train five small VAEs (200 hidden units, 250 steps, two seeds). Only the rebuilding differs, and in the last one β.
#
# **Predict, and say why:** how many nats will the code cost with $s = 1.98$? And what will the draws look like?

# %%
AVERAGES = "averages: s\u00a0=\u00a01.98"  # \u00a0 is a blank at which no line breaks
losses = {
    AVERAGES: (lambda out, batch: squared_error(out, batch, math.sqrt(3.92)), 1.0),
    "sums: s\u00a0=\u00a00.71": (lambda out, batch: squared_error(out, batch, math.sqrt(0.5)), 1.0),
    "the best s": (squared_error, 1.0),
    "coins": (rebuilding, 1.0),
    "coins, β\u00a0=\u00a04": (rebuilding, 4.0),
}


# %%
def small_vae(loss, beta, seed, steps=250):
    device.seed_everything(seed)
    net = nets.VAE((784,), 100, hidden=(200,)).to(here)
    with torch.no_grad():  # begin at the mean picture, so that nobody needs to learn it
        net.decoder[-1].bias.copy_(ink.logit() if loss is rebuilding else ink)
    vae = training.VAE(net, beta=beta, lr=2e-3, log_likelihood=lambda out, batch: -loss(out, batch), seed=seed)
    return training.run(vae, x, steps, batch=64).net


family = {name: [small_vae(*each, seed) for seed in (0, 1)] for name, each in losses.items()}

# %% jupyter={"source_hidden": true}
report, shown = {}, {}
for name, pair in family.items():
    pixels = torch.sigmoid if name.startswith("coins") else lambda out: out.clamp(0, 1)
    device.seed_everything(4)
    with torch.no_grad():
        clouds = [net.encode(y) for net in pair]
        copied = [pixels(net.decode(mean)) for net, (mean, _) in zip(pair, clouds, strict=True)]
        drawn = [pixels(net.decode(torch.randn(1000, 100, device=here))) for net in pair]
    report[name] = {
        "cost": [objectives.gaussian_kl(*cloud).mean().item() for cloud in clouds],
        "error": [(each - y).square().mean().item() for each in copied],
        "draws": [reference.frechet(2 * each - 1) for each in drawn],
    }
    if name.startswith("coins"):
        report[name]["tossed"] = [reference.frechet(2 * torch.bernoulli(each) - 1) for each in drawn]
    shown[name] = 2 * drawn[0][:10] - 1
plotting.image_grid(shown, rows=1)

# %% jupyter={"source_hidden": true}
blur = reference.frechet((2 * ink - 1).expand(1000, 784))
figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.8), sharey=True, width_ratios=(5, 2.4))
plotting.bars_with_floor(
    {name: each["draws"] for name, each in report.items()},
    "Fréchet distance of draws",
    baseline=blur,
    baseline_name="the mean picture",
    ax=left,
    title="means of pixels",
)
plotting.bars_with_floor(
    {name: each["tossed"] for name, each in report.items() if "tossed" in each},
    "",
    baseline=coinless,
    baseline_name="independent pixels",
    ax=right,
    title="tossed",
)
left.set_ylim(0, None)
plt.show()

# %%
averages, sums, fitted, coined, strong = report.values()
claim(
    "s = 1.98: codes cost less than 0.1 nats, and copies are the mean picture (within 3 %)",
    max(averages["cost"]) < 0.1 and min(averages["error"]) > 0.97 * nothing,
    measured=averages,
)
claim("s = 0.71: under 10 nats; best s: over 20", max(sums["cost"]) < 10 and min(fitted["cost"]) > 20)
claim(
    "draws: the best s and the coins are nearer than s = 0.71, and that is nearer than s = 1.98, in both seeds",
    max(fitted["draws"] + coined["draws"]) < min(sums["draws"]) and max(sums["draws"]) < min(averages["draws"]),
    measured=report,
)
claim(
    "β = 4: at most half the cost of β = 1, and worse copies",
    max(strong["cost"]) < 0.5 * min(coined["cost"]) and min(strong["error"]) > max(coined["error"]),
    measured=report,
)
# %%
claim(
    "means: s = 1.98 is where the mean picture is (within 10 %)",
    max(abs(d / blur - 1) for d in averages["draws"]) < 0.1,
)
claim(
    "and the others are nearer", max(max(each["draws"]) for each in (sums, fitted, coined, strong)) < 0.9 * blur, report
)
claim("tossed: nearer than coins without a code", max(coined["tossed"] + strong["tossed"]) < coinless, measured=report)

# %% [markdown]
# On the left all pictures are *means* of pixels, and all but those with $s = 1.98$ are nearer than the mean picture. On
# the right all are tossed, and the codes help as well. (Never compare a mean with a tossed picture. Then all five on
# the left would look worse than independent pixels on the right.) This ranks how far each has come after 250 steps, by
# its means, and not how good it gets.
#
# **With averages nothing is learned.** This is complete posterior collapse: every copy and every draw is the mean
# picture. It is no bug. With a noise of 1.98 there is hardly anything to gain by a code. By the rule of chapter
# [35](35_elbo.ipynb#6.-Collapse-lives-in-the-likelihood) (exact for linear VAEs) an axis of the data is worth a code
# only if its variance exceeds $s^2$:

# %%
axes = torch.linalg.eigvalsh(torch.cov(x.T.cpu().double())).flip(0)  # variances along PCA's axes
alive = {s2: int((axes > s2).sum()) for s2 in (3.92, 0.5)}
worth = 0.5 * (axes[0] / 3.92 - 1 - (axes[0] / 3.92).log())
claim("s² = 3.92: one axis of 784, and it would gain less than 0.05 nats", alive[3.92] == 1 and worth < 0.05)
claim("s² = ½: about two dozen", 18 <= alive[0.5] <= 30, measured=alive)

# %% [markdown]
# An honest draw from the model isn't a mean. It adds the noise, or tosses the coins. Then you can't overlook what has
# been assumed:

# %%
device.seed_everything(5)
with torch.no_grad():
    z = torch.randn(10, 100, device=here)
    honest = {"coins, tossed": torch.bernoulli(family["coins"][0].decode(z).sigmoid())}
    for name, s in (("the best s", math.sqrt(report["the best s"]["error"][0])), (AVERAGES, 1.98)):
        honest[f"{name}, with noise"] = family[name][0].decode(z) + s * torch.randn(10, 784, device=here)
outside = (honest[f"{AVERAGES}, with noise"] - 0.5).abs() > 0.5
plotting.image_grid({name: (2 * each - 1).clamp(-1, 1) for name, each in honest.items()}, rows=1)
claim("s = 1.98: more than 7 of 10 pixels aren't even between 0 and 1", outside.float().mean() > 0.7)

# %% [markdown]
# Which is better, the best $s$ or the coins? We don't rank them. With other seeds their order after 250 steps
# changed, and short runs rank by speed anyway. 🔎 **Try it:** put `steps=1000` into `small_vae`, and look whether the
# order changes.
#
# Their *likelihoods* can't be compared at all. Coins speak of probabilities of tossed pictures, Gaussians of densities
# of grey ones.

# %% [markdown]
# ## 11. A convolutional VAE
#
# For pictures one usually takes convolutions. Only the two networks change. Encoder: stride 2, 28 → 14 → 7. Decoder:
# the way back. `training.VAE` takes any network with `encode`, `decode`, `forward` and `latent_dim`:


# %%
class ConvVAE(nn.Module):
    def __init__(self, latent_dim=32, maps=16):
        super().__init__()
        self.latent_dim = latent_dim
        down = [nn.Conv2d(1, maps, 4, 2, 1), nn.ReLU(), nn.Conv2d(maps, 2 * maps, 4, 2, 1), nn.ReLU()]
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(2 * maps * 49, 2 * latent_dim))
        up = [nn.ConvTranspose2d(2 * maps, maps, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(maps, 1, 4, 2, 1)]
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 2 * maps * 49), nn.ReLU(), nn.Unflatten(1, (2 * maps, 7, 7)), *up
        )

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=1)

    def decode(self, z):
        return self.decoder(z)

    def forward(self, x, noise):
        mean, log_variance = self.encode(x)
        return self.decode(draw_code(mean, log_variance, noise)), mean, log_variance


# %% [markdown]
# **Predict:** the network of section 1 has 958,424 weights. How many has this one: more, or fewer?

# %%
device.seed_everything(0)
conv = training.VAE(ConvVAE(), lr=2e-3, seed=0)
training.run(conv, mnist.tensor(low=0.0, device=here), steps=300, batch=64)
size = sum(p.numel() for p in conv.net.parameters())
claim("it has less than a fifth of the weights", size < 958_424 / 5, measured=size)

with torch.no_grad():
    logits, mean, log_variance = conv.net(y.view(-1, 1, 28, 28), torch.randn(2000, 32, device=here))
    reached = -(rebuilding(logits.flatten(1), y) + kl(mean, log_variance).sum(1)).mean().item()
    copied = conv.net.decode(conv.net.encode(y[:10].view(-1, 1, 28, 28))[0]).sigmoid().flatten(1)
above = reached + independent
claim("after 300 steps its bound on unseen digits is 40 nats or more above independent pixels", above > 40, above)
rows = {"unseen digits": y[:10], "copies": copied, "draws": conv.sample(10).flatten(1)}
plotting.image_grid({name: 2 * pictures - 1 for name, pictures in rows.items()}, rows=1)

# %% [markdown]
# Fewer. A convolution uses the same few weights at every place: the four of them have only 17,000. Nearly all other
# weights sit in two linear layers, and the shorter code (32 numbers in place of 100) keeps those small. (A convolution
# does more arithmetic with each weight, so a step isn't cheaper.) The formulas of this chapter hold as before: the
# bound, copies and draws, the assumed noise. We have not compared the two at equal time, so this is no ranking.

# %% [markdown]
# ## 12. An honest likelihood
#
# How good is our VAE, in one number that others can compare with theirs? Four things must be said.
#
# 1. **Which pixels.** We toss each pixel of a test picture once, white with probability $x$, and keep the result $b$.
# 2. **How many pictures.** Digits differ, so a mean over 100 of them has a standard error.
# 3. **Which bound.** $L_k = \mathbb E \log \frac1k \sum_i w_i$ with the **importance weights** $w_i = p(b, z_i) /
#    q(z_i)$ rises with $k$ towards $\log p(b)$ (Burda et al. 2015; [chapter
#    35](35_elbo.ipynb#7.-More-draws,-a-tighter-bound) proves the order).
# 4. **Which $q$.** The encoder was trained on grey pictures. It may look at the grey original, or at the tossed
#    picture.
#
# **Predict, and say why:** which of the two gives the better bound? It has *never seen* a tossed picture.


# %%
@torch.no_grad()
def bounds(seed, seen, pictures, k=256):
    """L_1, L_2, L_4, … of each picture, (9, N), from the same k draws; q looks at `seen`."""
    encoder, decoder, *_ = trained[seed]
    mean, log_variance = encoder(seen)
    noise = torch.randn(k, *mean.shape, device=here)
    z = draw_code(mean, log_variance, noise)
    fit = torch.stack([-rebuilding(decoder(codes), pictures) for codes in z])  # (k, N)
    log_w = fit + 0.5 * (noise**2 - z**2 + log_variance).sum(dim=-1)  # log p(b|z) + log p(z) - log q(z)
    found = []
    for power in range(int(math.log2(k)) + 1):
        blocks = log_w.view(-1, 2**power, len(pictures))
        found.append((blocks.logsumexp(dim=1) - power * math.log(2)).mean(dim=0))
    return torch.stack(found).cpu()


device.seed_everything(6)
target = torch.bernoulli(y[:100])
each_digit = {  # (9, 3, 100): k, seed, digit
    name: torch.stack([bounds(s, seen, target) for s in seeds], dim=1)
    for name, seen in (("q sees the grey picture", y[:100]), ("q sees the tossed picture", target))
}
heights = {name: found.mean(dim=2) for name, found in each_digit.items()}

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4))
for number, (name, found) in enumerate(heights.items()):
    ax.plot([2**i for i in range(9)], found, "os"[number] + "-", color=plotting.NEUTRAL[number], ms=5, lw=1)
    ax.plot([], [], "os"[number] + "-", color=plotting.NEUTRAL[number], label=name)
ax.set(xscale="log", xlabel="draws per picture, k", ylabel="bound (nats)", title="three seeds, 100 unseen digits")
ax.set_xticks([1, 4, 16, 64, 256], ["1 (ELBO)", "4", "16", "64", "256"])
ax.legend()
plt.show()

# %%
grey, tossed = heights.values()
identity("each curve rises at every doubling", (grey.diff(dim=0) > 0).all() and (tossed.diff(dim=0) > 0).all())
claim("L₂₅₆ is 5 to 14 nats above the ELBO", 5 < (grey[-1] - grey[0]).min() and (grey[-1] - grey[0]).max() < 14)
claim("looking at the tossed picture is better, for each seed, at k = 1", (tossed[0] > grey[0] + 0.5).all())
left = (tossed[-1] - grey[-1]).abs()
claim(
    "at k = 256 less of that is left, for each seed",
    (left < tossed[0] - grey[0]).all(),
    measured=[left, tossed[0] - grey[0]],
)

# %% tags=["nbval-ignore-output"]
best = each_digit["q sees the tossed picture"][-1].mean(dim=0)  # of each digit, over the seeds
print(f"L₂₅₆, q sees the tossed picture: {best.mean():.1f} ± {best.std() / 10:.1f} nats (a standard error over digits)")
print(f"three seeds, on the same digits: within {tossed[-1].max() - tossed[-1].min():.1f} nats")

# %% [markdown]
# The tossed picture *is* what has to be explained, so it helps to see it. And the two curves come closer: both run
# towards the same $\log p(b)$, which belongs to the decoder alone. At $k = 1$ you see as much of $q$ as of the model.
#
# An honest line reads: *"MNIST, 28 × 28, pixels tossed once, q sees the tossed picture: $L_{256} \approx -106 \pm 3$
# nats (100 test digits, one standard error; three seeds on the same digits lie within a nat); trained on 10,000 digits
# for 1,000 steps."* All seeds are measured on the same digits. Another hundred could move all three by several nats.
# Don't set this beside published numbers. Those usually come from six times the data, far more steps, and often $k =
# 5000$.

# %% [markdown]
# ## What all this does not show
#
# - **That our settings are good.** They are quick. The training loss is still falling when we stop.
# - **That coins are the right pixels.** We compared after 250 steps, in the features of one classifier.
# - **That a VAE blurs by nature.** Ours has independent pixels given the code, and small networks. Deep hierarchical
#   VAEs draw fine faces (Vahdat & Kautz 2020).
# - **That anything here is "interpretable".** The costliest number changes something visible. That is all we have seen.

# %% [markdown]
# ## Help, I get …
#
# ### Every draw is the same grey blur
# Posterior collapse. Print the KL: is it near 0? Then the noise or β is too large. Often this is hidden in a `mean`
# (section 10). Sum over pixels and code numbers.
#
# ### `nan` after a while, or a loss of minus a million
# Look at the sign of the KL first. It must be 0 for $\mu = 0, \sigma = 1$, and positive anywhere else. With the wrong
# sign codes are *rewarded* for being far away, and there is no bottom. Then look at the range of the pixels. Coins with
# targets below 0 have no bottom either, and `…_with_logits` doesn't complain. Then lower the learning rate.

# %% [markdown]
# ### Negative pixels, or a `binary_cross_entropy` that complains about targets
# Two ranges are mixed. Coins want pixels in 0 … 1 and a decoder *without* `tanh`. The range −1 … 1 belongs to the GAN
# of chapter 41.
#
# ### Wonderful copies, noise for draws
# The KL was forgotten, or β is far too small: it is an autoencoder now. Or you draw from another distribution than the
# one that the KL pulls towards.
#
# ### A loss of 0.2 where others report 100
# Averaged instead of summed. Multiply by 784 to see nats per picture, and check what happened to the KL.

# %% [markdown]
# ## Recap
#
# - Encoder: $\mu$ and $\log\sigma^2$. Code: $\mu + \sigma\varepsilon$. Decoder: logits. Loss: *sums* of cross-entropy
#   and KL. To draw: decode $N(0, I)$.
# - Copies are near, draws are not. $N$ clouds that cost more than $\log N$ can't fill $N(0, I)$; that alone doesn't
#   make draws bad.
# - As training goes on, the work gathers in a few code numbers. The quiet ones save about what they cost, or a little
#   more.
# - A squared error states a noise. Averages (over 784 pixels and 100 numbers) state one of 1.98, and nothing is
#   learned. Let the data say $s$.
# - A likelihood needs its pixels, its bound with its $q$ and its $k$, and how many pictures. Compare means with means,
#   and tossed pictures with tossed ones.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Your KL rises during training, although it is part of the loss. Is something wrong?</summary>
#
# No. It starts near 0 because the encoder says nothing. Each nat that it spends saves more than a nat in rebuilding,
# until that is no longer so.
#
# </details>
#
# <details><summary>A colleague doubles the pictures to 56 × 56 and keeps "mean squared error + mean KL". What
# changes?</summary>
#
# The noise that it assumes doubles: $s^2 = D / (2 Z)$ for $D$ pixels and $Z$ code numbers. But there are four times as
# many pixels, and the two cancel: a mean doesn't change when each pixel stands there four times. So nothing changes,
# and nothing is learned, as before. With sums, codes become worth more.
#
# </details>
#
# <details><summary>With a million training pictures, could codes of 25 nats fill the prior?</summary>
#
# No: $\log 10^6 \approx 13.8$, so at least 11 nats of mismatch remain for the clouds of the training pictures. (A
# perfect model has them, too. They don't say that draws are bad.)
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
#   its appendix B has the KL.
# - [Rybkin, Daniilidis & Levine 2021, Simple and Effective VAE Training with Calibrated
#   Decoders](https://arxiv.org/abs/2006.13202): what a squared error assumes, and the best $s$ in one line.
# - [Hoffman & Johnson 2016, ELBO surgery](http://approximateinference.org/accepted/HoffmanJohnson2016.pdf): the
#   equation of section 8, and what it says about priors.
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
# {{terms: encoder, decoder; reparameterisation; reconstruction; prior sample; active unit; aggregate posterior;
# binarisation; importance-weighted bound}}
