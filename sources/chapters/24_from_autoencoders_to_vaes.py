# %% [markdown]
# # 24 · From autoencoders to VAEs
#
# *A GAN is one way to make a network draw. Here you meet the other classic, find out what its noise is really good
# for, and let the two compete with the very same network: the winner is one that hardly anybody bets on.*
#
# > **You will be able to**
# > - say what an autoencoder learns, and why "just draw a code" fails, in numbers
# > - explain the two forces in a VAE's loss, and what β, dead dimensions and posterior collapse are
# > - walk between two pictures without ending in fog
# > - compare AE, VAE and GAN fairly: one decoder, one data set, one budget, a floor and a baseline
# >
# > **Before you start** [00 · start here](00_start_here.ipynb); some PyTorch. Formulas stay small here; the theory of
# > the loss (the ELBO) will be chapter 35, and a VAE in every detail 44.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used by itself): {{gpu_time}}

# %%
import matplotlib.patheffects as effects
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.patches import Ellipse
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, objectives, plotting, training
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
# An **encoder** squeezes a picture into a few numbers, its *code*. A **decoder** makes a picture of a code. Left, each
# picture has a point; right, each has a little cloud, and all clouds are pulled to the middle.

# %% jupyter={"source_hidden": true}
_, panels = plt.subplots(1, 2, figsize=(6.8, 3.5), sharex=True, sharey=True)
spots = {11: [(-2.3, 1.3), (-0.9, 0.5)], 8: [(2.2, 1.7), (0.9, 0.8)], 6: [(0.9, -2.6), (0.1, -0.9)]}
for panel, ax in enumerate(panels):
    for index, places in spots.items():
        u, v = places[panel]
        ink = torch.zeros(28, 28, 4)
        ink[..., 3] = y[index].view(28, 28).cpu()  # black ink on nothing
        ax.imshow(ink, extent=(u - 0.5, u + 0.5, v + 0.1, v + 1.1), zorder=3)
        if panel:
            ax.add_patch(plt.Circle((u, v), 1.3, color=plotting.DISC, alpha=0.25, linewidth=0))
        ax.plot(u, v, "o", color=plotting.DISC, markersize=7, zorder=4)
    ax.set(xlim=(-3.4, 3.4), ylim=(-3.3, 3.3), aspect="equal", xticks=[], yticks=[])
panels[0].text(-0.2, 0.1, "?", fontsize=26, ha="center", va="center")
panels[1].add_patch(plt.Circle((0, 0), 2.6, fill=False, edgecolor="black", linestyle="--", linewidth=1.5))
panels[0].set(title="autoencoder: points", xlabel="what would a code here decode to?")
panels[1].set(title="variational autoencoder: clouds", xlabel="dashed: where we shall draw codes from")
plt.show()

# %% [markdown]
# To make *new* pictures we draw a code and decode it. But from where? On the left nobody knows which codes are in use,
# and between them the decoder has never been tried. The clouds are meant to cure that. Do they? We shall measure.

# %% [markdown]
# ## 1 · Two numbers for a picture
#
# An **autoencoder** (AE) is the simplest network with an aim of its own: out should come what went in. The trick is
# the narrow waist: here 784 pixels → 200 → **2 numbers** → 200 → 784 pixels.


# %%
def make_nets(dim, seed, outputs):
    device.seed_everything(seed)
    decoder = nets.mlp([dim, 200, 784], activation="relu")  # first: so one seed means one decoder, all chapter long
    encoder = nets.mlp([784, 200, outputs], activation="relu")
    return encoder.to(here), decoder.to(here)


def optimiser(*parts):
    parameters = [parameter for part in parts for parameter in part.parameters()]
    return torch.optim.Adam(parameters, lr=3e-3, fused=here.type != "mps")  # fused: the same steps, faster


def batches(seed, steps):
    stream = device.generator(seed, here)
    for _ in range(steps):
        yield x[torch.randint(len(x), (64,), generator=stream, device=here)]


# %% [markdown]
# The decoder gives a logit for each pixel. We compare by cross-entropy, summed over the 784 pixels: how surprised is
# the decoder, in nats, by the picture that it should have drawn?


# %%
def mismatch(logits, pictures):
    return F.binary_cross_entropy_with_logits(logits, pictures, reduction="sum") / len(pictures)


def learn_points(dim, seed, steps=1000):
    encoder, decoder = make_nets(dim, seed, outputs=dim)
    adam = optimiser(encoder, decoder)
    for batch in batches(seed, steps):
        loss = mismatch(decoder(encoder(batch)), batch)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return encoder, decoder


# %% [markdown]
# For comparison, a method from 1901: **PCA**. Of all autoencoders whose two halves are linear it
# leaves the least squared error, and it needs no training.
#
# **Before you run the next cells:** two numbers for a whole digit. Who keeps more of it, the network or PCA? And how
# many numbers would PCA need to be as good?

# %%
flat = {seed: learn_points(2, seed) for seed in (0, 1)}


def pca(numbers, pictures):
    fit = PCA(numbers).fit(x.cpu().numpy())
    return torch.tensor(fit.inverse_transform(fit.transform(pictures.cpu().numpy())), dtype=torch.float32)


@torch.no_grad()
def draw(decoder, z):
    return decoder(z).sigmoid()  # (N, 784) in [0, 1]


with torch.no_grad():
    copies = {seed: draw(decoder, encoder(y)).cpu() for seed, (encoder, decoder) in flat.items()}
rows = {"unseen digits": y[:10].cpu(), "AE, 2 numbers": copies[0][:10], "PCA, 2 numbers": pca(2, y[:10])}
plotting.image_grid({name: 2 * pictures - 1 for name, pictures in rows.items()}, rows=1)


# %%
def error(pictures):
    """Mean squared error of copies of the unseen digits, per pixel."""
    return (pictures - y.cpu()).square().mean().item()


by_network, by_pca = [error(each) for each in copies.values()], {k: error(pca(k, y)) for k in (2, 3, 7)}
claim("both seeds beat PCA with 2 numbers by at least 10 %", max(by_network) < 0.9 * by_pca[2], measured=by_network)
claim("PCA needs more than 3 numbers to be as good…", by_pca[3] > max(by_network), measured=by_pca)
claim("… but 7 are enough", by_pca[7] < min(by_network), measured=by_pca)

# %% [markdown]
# Bending helps, though less than you may have hoped: two bent numbers are worth about four or five straight ones. Look
# at the rows: the AE hits some digits well, and gives fog where two numbers don't suffice.
#
# Two numbers have one great advantage: we can look at all of them. Left, the codes of 2,000 unseen digits; the encoder
# has never been told which digit is which. Right, what the decoder makes of each place of the same plane.


# %%
def draw_codes(ax, codes):
    codes = codes.cpu()
    for digit in range(10):
        mine = codes[unseen.labels == digit]
        ax.scatter(*mine.T, s=5, linewidths=0, color=plt.colormaps["tab10"](digit))
        middle = mine.median(dim=0).values
        outline = [effects.withStroke(linewidth=3, foreground="white")]
        ax.text(*middle, str(digit), weight="bold", fontsize=13, ha="center", va="center", path_effects=outline)
    ax.add_patch(plt.Circle((0, 0), 3, fill=False, edgecolor="black", linestyle="--", linewidth=1.8))


def draw_map(ax, decoder, box, n=13):
    left, right, low, high = box
    rows, columns = torch.linspace(high, low, n), torch.linspace(left, right, n)
    z = torch.cartesian_prod(rows, columns).flip(1).to(here)  # row by row, from the top
    tiles = draw(decoder, z).cpu().view(n, n, 28, 28).permute(0, 2, 1, 3).reshape(28 * n, 28 * n)
    ax.imshow((tiles * 15).round(), cmap="gray", extent=box, aspect="auto")
    ax.add_patch(plt.Circle((0, 0), 3, fill=False, edgecolor="white", linestyle="--", linewidth=1.8))


# %%
def show_plane(codes, decoder, title):
    figure, axes = plt.subplots(1, 2, figsize=(6.8, 3.8), sharex=True, sharey=True)
    (left, low), (right, high) = codes.quantile(0.003, dim=0).tolist(), codes.quantile(0.997, dim=0).tolist()
    box = (min(left, -3.2), max(right, 3.2), min(low, -3.2), max(high, 3.2))
    draw_codes(axes[0], codes)
    draw_map(axes[1], decoder, box)
    axes[0].set(xlim=box[:2], ylim=box[2:], xlabel="first number", ylabel="second number", title="codes of digits")
    axes[1].set(xlabel="first number", title="what is decoded there")
    figure.suptitle(title)
    plt.show()


with torch.no_grad():
    codes = {seed: (encoder(x), encoder(y)) for seed, (encoder, _) in flat.items()}
show_plane(codes[0][1], flat[0][1], "autoencoder, seed 0")

# %% [markdown]
# Each seed gives another landscape (try it). What they share: some kinds of digits lie far out on their own, others are
# crammed together, and there is bare land between. The dashed circle plays a part in a moment.

# %% [markdown]
# ## 2 · Draw a code
#
# Now be a generator: draw two numbers, decode them. From where? The usual choice for random numbers is the standard
# normal $N(0, I)$; the dashed circle holds 98.9 % of its draws.
#
# **Predict:** what share of the digits' codes lies inside that circle?


# %%
def inside(codes):
    return (codes.norm(dim=1) < 3).float().mean().item()


shares = [inside(known) for known, _ in codes.values()]
claim("of normal draws: 98.9 %", abs(inside(torch.randn(100_000, 2)) - 0.989) < 0.003)
claim("of the codes: less than three quarters, in both seeds", max(shares) < 0.75, measured=shares)

# %% [markdown]
# Nobody has told the encoder *where* to put its codes, nor how far apart. It may as well use numbers around 1,000. So
# draw from where the codes are: fit a **Gaussian** to them, their mean and covariance.
#
# A Gaussian is an ellipse, and our codes are none. How many draws land on bare land? Say that a place is **empty**
# if its nearest training code is further away than it is for 95 of 100 *unseen digits*. Then 5 % would be perfect.


# %%
def gaussian_draws(codes, n=1000):
    mean, covariance = codes.mean(dim=0).cpu(), torch.cov(codes.T).cpu()
    return torch.distributions.MultivariateNormal(mean, covariance).sample((n,)).to(here)


def nearest(z, codes):
    return torch.cdist(z, codes).min(dim=1).values


def empty(z, known, fresh):
    return (nearest(z, known) > nearest(fresh, known).quantile(0.95)).float().mean().item()


device.seed_everything(0)
bare = [empty(gaussian_draws(known), known, fresh) for known, fresh in codes.values()]
claim("15 to 40 % of the draws fall into empty places", 0.15 < min(bare) and max(bare) < 0.4, measured=bare)

# %% [markdown]
# So there are **holes**, and one draw in four falls into one. Now look at the right half of the picture again: is there
# anything terrible on the bare land? Hardly. In a plane the decoder goes from one neighbour to the next, and the
# holes are small. The usual story, "autoencoders have holes, so they can't generate", isn't very convincing here.
#
# The plane misleads us. Hardly anybody uses two numbers only.

# %% [markdown]
# ## 3 · Sixteen numbers
#
# The same network with a waist of 16 instead of 2, with three seeds.
#
# **Predict two things:** how much better will its copies be? And its draws, from a Gaussian fitted to the codes?

# %%
seeds = (0, 1, 2)
ae = {seed: learn_points(16, seed) for seed in seeds}
with torch.no_grad():
    ae_codes = {seed: (encoder(x), encoder(y)) for seed, (encoder, _) in ae.items()}

device.seed_everything(1)
made = {"AE: copies": [draw(ae[s][1], ae_codes[s][1][:1000]) for s in seeds]}
made["AE: N(0,I)"] = [draw(ae[s][1], torch.randn(1000, 16, device=here)) for s in seeds]
made["AE: Gaussian"] = [draw(ae[s][1], gaussian_draws(ae_codes[s][0])) for s in seeds]
first = {name: 2 * pictures[0][:10] - 1 for name, pictures in made.items()}
plotting.image_grid({"unseen digits": 2 * y[:10] - 1} | first, rows=1)

# %% [markdown]
# The copies are fine now. The draws are not: strokes, but few digits. A number for that: the **Fréchet distance** to
# real digits, in the inner features of a network that recognises digits (chapter 36 takes it apart; smaller is
# nearer). It needs a floor, what real digits get, and a baseline that needs no network at all: a Gaussian in *pixels*.

# %%
reference = metrics.Reference("mnist", 2 * x[:5000] - 1)
floor = reference.floor(1000)
in_pixels = gaussian_draws(x + 0.01 * torch.randn_like(x)).clamp(0, 1)  # a little noise: some pixels never vary
baseline = reference.frechet(2 * in_pixels - 1)
distance = {name: [reference.frechet(2 * pictures - 1) for pictures in each] for name, each in made.items()}
plotting.bars_with_floor(distance, "Fréchet distance", floor=floor, baseline=baseline)

# %%
deep_error = [error(draw(ae[s][1], ae_codes[s][1]).cpu()) for s in seeds]
claim("copies: 16 numbers leave less than 40 % of the error of 2", max(deep_error) < 0.4 * min(by_network))
claim("and at most 70 % of PCA's with 16", max(deep_error) < 0.7 * error(pca(16, y)), measured=deep_error)
copied, blind, fitted = distance.values()
claim("draws from the Gaussian: at least 2.5 times as far away as copies", min(fitted) > 2.5 * max(copied))
claim("draws from N(0, I): at least 1.5 times as far as those", min(blind) > 1.5 * max(fitted), measured=distance)

# %%
device.seed_everything(2)
bare = [empty(gaussian_draws(known), known, fresh) for known, fresh in ae_codes.values()]
claim("now more than half of the Gaussian's draws fall into empty places", min(bare) > 0.5, measured=bare)

# %% [markdown]
# *That* is the trouble: with more numbers copies get better and draws don't keep up. In a plane, 10,000 codes lie
# close together; in 16 dimensions they are lost. A Gaussian around them is mostly hole.
#
# So an autoencoder learns two of the three things that a generator needs: a decoder, and which codes belong to the
# data. It learns no simple recipe for *drawing* a code.

# %% [markdown]
# ## 4 · A cloud instead of a point
#
# The **variational autoencoder** (VAE: Kingma & Welling, December 2013; Rezende, Mohamed & Wierstra, January 2014)
# changes two things.
#
# 1. The encoder names a **cloud**, a mean $\mu$ and a spread $\sigma$ for each number, and the decoder gets a random
#    point of it: $z = \mu + \sigma\,\varepsilon$ with $\varepsilon \sim N(0, I)$. So neighbouring codes must mean
#    similar pictures.
# 2. Each cloud **pays for its distance** from $N(0, I)$. The price is the Kullback–Leibler divergence, in nats,
#    summed over the numbers of the code:
#
# $$\mathrm{KL} = \tfrac12 \sum_j \left(\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2\right)$$
#
# (Why this price and no other: chapter 35.)


# %%
def price(mean, log_variance):
    """What each number of each code costs, in nats: (N, dim)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


mean, log_variance = torch.randn(5, 16), torch.randn(5, 16)
cloud = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
textbook = torch.distributions.kl_divergence(cloud, torch.distributions.Normal(0.0, 1.0))
claim("the formula is PyTorch's divergence", price(mean, log_variance).allclose(textbook, atol=1e-5))
claim(
    "and, summed, the library's",
    price(mean, log_variance).sum(1).allclose(objectives.gaussian_kl(mean, log_variance), atol=1e-4),
)

# %% [markdown]
# **Predict:** which is dearer, a cloud of the right width three units away from the middle, or one in the middle that
# is only 0.01 wide?

# %%
zero = torch.tensor(0.0)
claim("three units away: 4.5 nats", price(zero + 3, zero).isclose(torch.tensor(4.5)))
claim("0.01 wide: 4.1 nats", price(zero, 2 * torch.tensor(0.01).log()).isclose(torch.tensor(4.105), atol=0.001))
claim("N(0, 1) itself is free", price(zero, zero) == 0)

# %% [markdown]
# About the same. Being far away is dear, and so is being *precise*. Two forces, then: to be copied well, a picture
# wants a small cloud far from all others. To be cheap, it wants to be $N(0, I)$, like everybody else. A factor **β**
# says how strong the pull is; the VAE has β = 1.


# %%
def learn_clouds(dim, seed, beta=1.0, steps=1000):
    encoder, decoder = make_nets(dim, seed, outputs=2 * dim)
    adam = optimiser(encoder, decoder)
    stream = device.generator(100 + seed, here)
    for batch in batches(seed, steps):
        mean, log_variance = encoder(batch).chunk(2, dim=1)
        noise = torch.randn(mean.shape, generator=stream, device=here)
        logits = decoder(mean + (0.5 * log_variance).exp() * noise)
        loss = mismatch(logits, batch) + beta * price(mean, log_variance).sum(dim=1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return encoder, decoder


@torch.no_grad()
def clouds(encoder, pictures):
    return encoder(pictures).chunk(2, dim=1)  # means and log variances, (N, dim) each


# %% [markdown]
# (The encoder gives $\log \sigma^2$, which may be any number; $\sigma$ must be positive. Hence `exp` of the half.)
#
# First in the plane. **Before you run the next cell:** what will become of the landscape?

# %%
flat_vae = {seed: learn_clouds(2, seed) for seed in (0, 1)}
show_plane(clouds(flat_vae[0][0], y)[0], flat_vae[0][1], "VAE, seed 0: the middle of each cloud")

# %%
known = {seed: clouds(encoder, x) for seed, (encoder, _) in flat_vae.items()}
shares = [inside(mean) for mean, _ in known.values()]
widths = [(0.5 * log_variance).exp().mean().item() for _, log_variance in known.values()]
claim("more than 80 % of the codes lie inside the circle", min(shares) > 0.8, measured=shares)
claim("a typical cloud is 0.05 to 0.2 wide", 0.05 < min(widths) and max(widths) < 0.2, measured=widths)
flat_error = [error(draw(flat_vae[s][1], clouds(flat_vae[s][0], y)[0]).cpu()) for s in (0, 1)]
claim("copies are as good as the AE's, within 10 %", abs(sum(flat_error) / sum(by_network) - 1) < 0.1)

# %% [markdown]
# It has been gathered into the circle, and copies are no worse for it.
#
# Here are some of the clouds (each ellipse: two standard deviations):

# %%
_, ax = plt.subplots(figsize=(5.4, 4.6))
means, log_variances = (each[:80].cpu() for each in clouds(flat_vae[0][0], y))
for middle, spread, digit in zip(means, (0.5 * log_variances).exp(), unseen.labels.tolist(), strict=False):
    color = plt.colormaps["tab10"](digit)
    ax.add_patch(Ellipse(middle, *(4 * spread), color=color, alpha=0.45, linewidth=0))
    ax.text(*middle, str(digit), fontsize=11, ha="center", va="center")
ax.add_patch(plt.Circle((0, 0), 3, fill=False, edgecolor="black", linestyle="--", linewidth=1.8))
ax.set(xlim=(-3.9, 3.9), ylim=(-3.5, 3.5), aspect="equal", xlabel="first number", ylabel="second number")
ax.set_title("80 clouds of one VAE")
plt.show()

# %% [markdown]
# Small clouds where it matters which digit it is, larger ones where neighbours look alike.
#
# **With your own hands.** The next cell trains another VAE of this kind for 200 steps and shows its plane. Drag the
# cross, and see what each place decodes to. Press **▶ Play** to train on; drag the time line back to the first steps,
# when all digits still lay in one heap. The menu *model* holds trained ones: an autoencoder, other βs, a GAN.

# %%
from gan_edu.widgets import LatentSpace

LatentSpace("vae", train=True).run(200)

# %% [markdown]
# Now 16 numbers, and the question that counts. The AE couldn't be drawn from by $N(0, I)$.
#
# **Predict:** will the VAE's draws be as near to real digits as its own copies are?

# %%
vae = {seed: learn_clouds(16, seed) for seed in seeds}
vae_codes = {seed: (clouds(encoder, x), clouds(encoder, y)) for seed, (encoder, _) in vae.items()}


def points_of(mean, log_variance):
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


device.seed_everything(3)
made["VAE: copies"] = [draw(vae[s][1], vae_codes[s][1][0][:1000]) for s in seeds]
made["VAE: from clouds"] = [draw(vae[s][1], points_of(*vae_codes[s][1])[:1000]) for s in seeds]
made["VAE: N(0,I)"] = [draw(vae[s][1], torch.randn(1000, 16, device=here)) for s in seeds]
second = {name: 2 * made[name][0][:10] - 1 for name in ("VAE: copies", "VAE: from clouds", "VAE: N(0,I)")}
plotting.image_grid({"unseen digits": 2 * y[:10] - 1} | second, rows=1)

# %%
for name in second:
    distance[name] = [reference.frechet(2 * pictures - 1) for pictures in made[name]]
plotting.bars_with_floor(distance, "Fréchet distance", floor=floor, baseline=baseline)

# %%
claim(
    "drawn blindly from N(0, I), each VAE is nearer than each AE, by a fifth at least",
    max(distance["VAE: N(0,I)"]) < 0.8 * min(distance["AE: N(0,I)"]),
    measured=distance,
)
claim(
    "a random point of a picture's cloud is as good as its middle (within 30 %)",
    abs(sum(distance["VAE: from clouds"]) / sum(distance["VAE: copies"]) - 1) < 0.3,
    measured=distance,
)
claim(
    "but draws are at least twice as far away as copies",
    min(distance["VAE: N(0,I)"]) > 2 * max(distance["VAE: copies"]),
    measured=distance,
)

# %% [markdown]
# So the promise is kept by half. The pull has put the codes where we draw: no VAE needs to be asked where its codes
# are. And every point *of a cloud* decodes well. But between the clouds…

# %%
device.seed_everything(4)
bare = [empty(torch.randn(1000, 16, device=here), known, fresh) for (known, _), (fresh, _) in vae_codes.values()]
claim("more than half of N(0, I) is still empty of codes", min(bare) > 0.5, measured=bare)

# %% [markdown]
# … there is bare land, about as much as in the autoencoder! The clouds *together* don't fill $N(0, I)$. Each one is
# pulled towards it by itself, and that is not the same. (The field's name for this gap: the mismatch between the prior
# and the *aggregate posterior*.)
#
# And did you notice the dots of "AE: Gaussian"? They lie *below* the VAE's. Keep that for section 7.

# %% [markdown]
# ## 5 · Between two digits
#
# Codes let us walk from one picture to another. Take the straight line between two codes, decode ten points of it. The
# simplest rival is a cross-fade of the pixels.
#
# In 16 dimensions there is another way. Random codes nearly all have a length near $\sqrt{16} = 4$; the middle of two
# has only $\sqrt 8 \approx 2.8$. The **arc** of a great circle keeps the length. With the angle $\omega$ between $a$
# and $b$:
#
# $$\mathrm{arc}(t) = \frac{\sin((1-t)\,\omega)}{\sin \omega}\, a + \frac{\sin(t\,\omega)}{\sin \omega}\, b$$


# %%
def line(a, b, t):
    return (1 - t) * a + t * b


def arc(a, b, t):
    angle = F.cosine_similarity(a, b, dim=-1).clamp(-0.999, 0.999).acos()[..., None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


a, b = torch.randn(2, 1000, 16)
lengths = {"line": line(a, b, 0.5).norm(dim=1).mean(), "arc": arc(a, b, 0.5).norm(dim=1).mean()}
claim("half-way: length 2.7 to 2.9 on the line", 2.7 < lengths["line"] < 2.9, measured=lengths)
claim("and 3.8 to 4.1 on the arc", 3.8 < lengths["arc"] < 4.1, measured=lengths)

# %% [markdown]
# **Before you run:** which of the four ways from a 7 to a 0 will show digits all along? Above the pictures stands what
# the recogniser calls them; it must choose one of ten, so it will.

# %%
start, end = 11, 6  # a 7 and a 0
t = torch.linspace(0, 1, 10, device=here)[:, None]
plane_codes, deep_codes = clouds(flat_vae[0][0], y)[0], vae_codes[0][1][0]
films = {
    "cross-fade": line(y[start], y[end], t),
    "2 numbers, line": draw(flat_vae[0][1], line(plane_codes[start], plane_codes[end], t)),
    "16 numbers, line": draw(vae[0][1], line(deep_codes[start], deep_codes[end], t)),
    "16 numbers, arc": draw(vae[0][1], arc(deep_codes[start].expand(10, -1), deep_codes[end].expand(10, -1), t)),
}
_, axes = plt.subplots(4, 1, figsize=(6.8, 4.3))
for ax, (name, film) in zip(axes, films.items(), strict=True):
    called = metrics.classify(2 * film - 1, "mnist").argmax(dim=1).tolist()
    plotting.image_grid({name: 2 * film - 1}, rows=1, ax=ax, title=" → ".join(map(str, called)))
plt.show()

# %% [markdown]
# In the cross-fade one digit shines through the other, and two numbers can't even hold the ends. But one walk is an
# anecdote. So 1,000 pairs of unseen digits, and the picture half-way, for three seeds:

# %%
halfway = {"cross-fade": [reference.frechet(2 * line(y[:1000], y[1000:], 0.5) - 1)]}
for name, way in {"VAE, line": line, "VAE, arc": arc}.items():
    middles = [draw(vae[s][1], way(vae_codes[s][1][0][:1000], vae_codes[s][1][0][1000:], 0.5)) for s in seeds]
    halfway[name] = [reference.frechet(2 * pictures - 1) for pictures in middles]
plotting.bars_with_floor(halfway, "Fréchet distance, half-way", floor=floor)

# %%
claim(
    "for each seed the middle of the arc is at least 30 % nearer to real digits than that of the line",
    all(on_arc < 0.7 * on_line for on_arc, on_line in zip(halfway["VAE, arc"], halfway["VAE, line"], strict=True)),
    measured=halfway,
)
claim("and both beat the cross-fade", max(halfway["VAE, line"] + halfway["VAE, arc"]) < halfway["cross-fade"][0])

# %% [markdown]
# Why does the line do so badly? "It crosses a hole", many would say. **Predict:** which middles lie nearer to known
# codes, those of the line or those of the arc?


# %%
def grey(pictures):
    return ((pictures > 0.1) & (pictures < 0.9)).float().mean().item()


for s in seeds:
    known, fresh = vae_codes[s][0][0], vae_codes[s][1][0]
    on_line, on_arc = (way(fresh[:1000], fresh[1000:], 0.5) for way in (line, arc))
    near = [nearest(middles, known).mean().item() for middles in (on_line, on_arc)]
    claim(f"seed {s}: the line's middles lie nearer to known codes", near[0] < near[1], measured=near)
    fog = [grey(draw(vae[s][1], middles)) for middles in (on_line, on_arc)]
    claim("but at least 12 % more of their pixels are grey", fog[0] > 1.12 * fog[1], measured=fog)

# %% [markdown]
# No hole! Near the middle there are plenty of codes. But pictures there are foggier. Our reading: a code of length 2.8
# is what a picture gets that might be several things, and what the decoder draws for it is something of each.
#
# None of this means that half-way between a 7 and a 0 there *is* a digit. A recogniser's label along the way is no
# proof either: it has no word for "neither".

# %% [markdown]
# ## 6 · β: how strong is the pull?
#
# Four strengths: 0 (noise, but no pull), 1 (the VAE), 4 and 20.
#
# **Predict:** at β = 0 the noise is still there, and each cloud may choose its width freely. Which width will it
# choose? And what will a VAE with β = 20 draw?

# %%
family = {beta: [learn_clouds(16, seed, beta) for seed in (0, 1)] for beta in (0, 4, 20)}
family[1] = [vae[0], vae[1]]
family = dict(sorted(family.items()))

report = {}
for beta, pair in family.items():
    found = [clouds(encoder, y) for encoder, _ in pair]
    device.seed_everything(5)
    report[beta] = {
        "error": [error(draw(decoder, mean).cpu()) for (_, decoder), (mean, _) in zip(pair, found, strict=True)],
        "nats": torch.stack([price(*cloud).mean(dim=0) for cloud in found]).cpu(),  # (2, 16)
        "width": torch.stack([(0.5 * cloud[1]).exp().mean() for cloud in found]).cpu(),
        "drawn": [draw(decoder, torch.randn(1000, 16, device=here)) for _, decoder in pair],
    }

# %%
_, (ax, bars) = plt.subplots(1, 2, figsize=(6.8, 3.6))
for number, (beta, each) in enumerate(report.items()):
    color = plotting.NEUTRAL[number]
    ax.plot(each["nats"].sum(dim=1), each["error"], "os^Dv"[number], color=color, markersize=8)
    nats = each["nats"][0].sort(descending=True).values
    bars.plot(range(1, 17), nats, "os^Dv"[number], linestyle="-", linewidth=1, color=color, label=f"β = {beta:g}")
ax.set(xscale="log", xlabel="price of a code (nats)", ylabel="squared error of copies")
bars.set(yscale="log", ylim=(1e-3, 60), xlabel="number of the code, dearest first", ylabel="its price (nats)")
bars.axhline(0.1, color="black", linestyle="--", linewidth=1.5)
ax.figure.legend(loc="outside lower center", ncols=4)
plt.show()

# %%
error_of = {beta: sum(each["error"]) / 2 for beta, each in report.items()}
nats_of = {beta: each["nats"].sum(dim=1).mean().item() for beta, each in report.items()}
alive = {beta: (each["nats"] > 0.1).sum(dim=1).tolist() for beta, each in report.items()}
claim("β = 0: the clouds shrink to less than 0.02", report[0]["width"].max() < 0.02, measured=report[0]["width"])
claim("each larger β: a cheaper code", list(nats_of.values()) == sorted(nats_of.values(), reverse=True))
claim("from β = 1 on: much worse copies", error_of[20] > 1.8 * error_of[4] > 2.5 * error_of[1], measured=error_of)
claim("β = 1: all 16 numbers are alive (over 0.1 nats)", min(alive[1]) == 16, measured=alive)
claim("β = 4: 5 to 13 are; β = 20: at most 3", all(5 <= n <= 13 for n in alive[4]) and max(alive[20]) <= 3)

# %% [markdown]
# - **β = 0.** Free to choose, a cloud chooses to be a point. Noise alone makes no VAE: an encoder can always
#   shout over it by putting codes far apart. It is the *price* that keeps clouds wide.
# - **β = 1.** Cheaper codes, somewhat worse copies: left panel, from right to left.
# - **β = 4.** About half of the numbers pay less than 0.1 nats (below the dashed line). They are $N(0, 1)$ whatever the
#   picture is; the decoder ignores them. They are **dead**.
# - **β = 20.** Nearly all are dead: **posterior collapse**. Any picture gets the same cloud.

# %%
names = {f"β = {beta:g}": each["drawn"][0][:10] for beta, each in report.items()}
plotting.image_grid({name: 2 * pictures - 1 for name, pictures in names.items()}, rows=1)

# %% [markdown]
# **A trap.** We could ask the recogniser how sure it is. **Predict:** on the draws of which β is it most often more
# than 90 % sure of its answer?

# %%
sure = {
    beta: [(metrics.classify(2 * d - 1, "mnist").amax(1) > 0.9).float().mean().item() for d in each["drawn"]]
    for beta, each in report.items()
}
far = {beta: [reference.frechet(2 * d - 1) for d in each["drawn"]] for beta, each in report.items()}
claim("β = 20 wins: it is sure of more than 90 %", min(sure[20]) > 0.9, measured=sure)
claim("of the VAE's draws (β = 1) it is sure of less than half", max(sure[1]) < 0.5, measured=sure)
claim("in Fréchet distance β = 20 is the worst, by three times", min(far[20]) > 3 * max(far[0] + far[1] + far[4]))
claim("and β = 1 beats both 0 and 4", max(far[1]) < 0.8 * min(far[0] + far[4]), measured=far)

# %% [markdown]
# Grey blobs, and the recogniser is certain of nearly every one. Confidence is no measure of quality.
#
# Which β draws best, by distance? Of these four, 1: the pull brings codes to where we draw, and takes from them what
# they say. Whoever wants *meaningful* single numbers should not put all hope in β either:
# Locatello et al. (2019) have shown that without labels or other hints nothing can single them out.

# %% [markdown]
# ## 7 · Twins
#
# AE, VAE and GAN, as fair as we can make it: the same decoder, born with the same weights, the same 10,000 digits,
# 1,000 updates with 64 pictures each. In the GAN the decoder is the **generator**; instead of an encoder it has a
# discriminator of the encoder's size. Each has its usual optimiser settings, briefly tried out.


# %%
def make_generator():
    return nn.Sequential(*nets.mlp([16, 200, 784], activation="relu"), nn.Sigmoid())


def make_discriminator():
    return nets.mlp([784, 200, 1])


gans = ensemble.gans(make_generator, make_discriminator, seeds=3, lr=(4e-3, 2e-3), betas=(0.0, 0.999), ema=0.99)
newborn = [make_nets(16, s, outputs=16)[1][0].weight.cpu() for s in seeds]
claim("born with the same weights", all(gans.generator.layers[0].weight[s].cpu().equal(newborn[s]) for s in seeds))
gans = training.run(gans, x, steps=1000, batch=64)

# %% [markdown]
# How do we draw from the AE? Its codes need a recipe, so we give it two, both fitted in a second *after* training: the
# **Gaussian** of section 3 (16 means, 136 covariances), and a **mixture** of ten of them, 1,529 numbers, which sees no
# labels. To be fair, the VAE gets the mixture, too.
#
# **Predict the order**, from nearest to furthest: AE + Gaussian, AE + mixture, VAE, VAE + mixture, GAN. Write it down!


# %%
def mixture_draws(codes, seed):
    mixture = GaussianMixture(10, reg_covar=1e-4, random_state=seed).fit(codes.cpu().double().numpy())
    return torch.tensor(mixture.sample(1000)[0], dtype=torch.float32, device=here)


twins = {"AE + Gaussian": made["AE: Gaussian"], "VAE": made["VAE: N(0,I)"], "GAN": list(gans.sample(1000))}
twins["AE + mixture"] = [draw(ae[s][1], mixture_draws(ae_codes[s][0], s)) for s in seeds]
twins["VAE + mixture"] = [draw(vae[s][1], mixture_draws(vae_codes[s][0][0], s)) for s in seeds]
plotting.image_grid({name: 2 * pictures[0][::60][:10] - 1 for name, pictures in twins.items()}, rows=1)

# %%
reached = {name: [reference.frechet(2 * pictures - 1) for pictures in each] for name, each in twins.items()}
reached = dict(sorted(reached.items(), key=lambda item: sum(item[1])))
_, ax = plt.subplots(figsize=(6.8, 3.9))
ax.set_yscale("log")
plotting.bars_with_floor(
    reached, "Fréchet distance", floor=floor, baseline=baseline, ax=ax, colors={"GAN": plotting.FAKE}
)
ax.set_yticks([0.3, 1, 3, 10, 30], ["0.3", "1", "3", "10", "30"])
plt.show()

# %%
claim(
    "AE + mixture is the nearest in every seed: by at least 30 % to any GAN, VAE or AE + Gaussian",
    max(reached["AE + mixture"]) < 0.7 * min(reached["GAN"] + reached["VAE"] + reached["AE + Gaussian"]),
    measured=reached,
)
claim("AE + Gaussian beats the VAE in every seed", max(reached["AE + Gaussian"]) < min(reached["VAE"]))
claim("GAN, too", max(reached["GAN"]) < min(reached["VAE"]), measured=reached)
claim("the mixture brings the VAE at least 30 % nearer", max(reached["VAE + mixture"]) < 0.7 * min(reached["VAE"]))
claim("nobody comes nearer than 10 times the floor", min(reached["AE + mixture"]) > 10 * floor)
claim("everybody beats the Gaussian in pixels", max(reached["VAE"]) < 0.7 * baseline, measured=reached)

# %% [markdown]
# The plain autoencoder wins, once somebody has looked where its codes are. So much for "autoencoders can't generate"!
# Ghosh et al. (2020) found the same with larger networks: what a code needs is a recipe, and it can be fitted
# afterwards.
#
# What is the VAE good for, then? It *promises* where codes will be before you look; it knows how sure it is about each
# number; and its loss bounds a likelihood, by which whole models can be compared (35, 44). Blurrier copies
# are part of the price.
#
# One distance isn't everything. **Precision**: the share of generated pictures that lie among real ones; **recall**:
# the share of real pictures that lie among generated ones.

# %%
real_features = reference.features[:1000]
twins["unseen digits"] = [y[:1000]]
sides = {}
for name, each in twins.items():
    found = [metrics.precision_recall(real_features, metrics.features(2 * pictures - 1, "mnist")) for pictures in each]
    sides[name] = torch.tensor(found)

_, ax = plt.subplots(figsize=(6.4, 4))
for number, (name, found) in enumerate(sides.items()):
    color = {"GAN": plotting.FAKE, "unseen digits": plotting.REAL}.get(name, (*plotting.NEUTRAL, "0.4")[number])
    ax.scatter(*found.T, s=60, color=color, marker="os^DvP"[number], label=name)
ax.set(xlim=(0.3, 1), ylim=(0, 1), xlabel="precision (believable)", ylabel="recall (nothing missing)")
ax.figure.legend(loc="outside lower center", ncols=3)
plt.show()

# %%
middle = {name: found.median(dim=0).values for name, found in sides.items()}
claim(
    "AE + mixture is more believable than AE + Gaussian and GAN, in every seed",
    sides["AE + mixture"][:, 0].min() > max(sides["AE + Gaussian"][:, 0].max(), sides["GAN"][:, 0].max()),
    measured=sides,
)
claim(
    "in both, everybody is below real digits",
    all((m < middle["unseen digits"]).all() for m in list(middle.values())[:-1]),
)

# %% [markdown]
# Read recall with care: it jumps from seed to seed. It asks whether a real digit lies in the neighbourhood of *some*
# generated one, and odd pictures, far from all others, have wide neighbourhoods (more on this in chapter 36).

# %% [markdown]
# ## 8 · Blur, and the missing encoder
#
# VAEs are known for **blur**, GANs for sharp pictures. Let us measure it. *Roughness*: how much neighbouring pixels
# differ (squared), compared with the ink (squared). Too small is blurred, too large is speckled.
#
# **Predict:** who comes nearest to real digits?


# %%
def roughness(pictures):
    x = pictures.view(-1, 28, 28)
    edges = x.diff(dim=1).square().sum(dim=(1, 2)) + x.diff(dim=2).square().sum(dim=(1, 2))
    return (edges / x.square().sum(dim=(1, 2))).mean().item()


device.seed_everything(6)
rough = {"β = 4": report[4]["drawn"], "VAE": twins["VAE"], "AE + Gaussian": twins["AE + Gaussian"], "GAN": twins["GAN"]}
rough |= {"GAN, not averaged": list(gans.sample(1000, ema=False)), "VAE, as coins": map(torch.bernoulli, twins["VAE"])}
rough = {name: [roughness(pictures) for pictures in each] for name, each in rough.items()}
real_roughness = roughness(y)
_, ax = plt.subplots(figsize=(6.8, 3.8))
plotting.bars_with_floor(rough, "roughness", ax=ax, colors={name: plotting.FAKE for name in rough if "GAN" in name})
ax.axhline(real_roughness, color=plotting.REAL, linewidth=2)
ax.text(-0.45, real_roughness + 0.04, "real digits", color=plotting.REAL)
plt.show()

# %%
low, high = (lambda name: min(rough[name])), (lambda name: max(rough[name]))
claim(
    "β = 4 is more blurred than the VAE, that more than the AE, that more than the GAN",
    high("β = 4") < low("VAE") and high("VAE") < low("AE + Gaussian") and high("AE + Gaussian") < low("GAN"),
    measured=rough,
)
claim("the GAN is within 20 % of real digits", 0.8 < low("GAN") / real_roughness < high("GAN") / real_roughness < 1.2)
claim("the VAE lacks more than a third", high("VAE") < 0.67 * real_roughness, measured=rough)

# %% [markdown]
# The rumour is true here. A decoder that can't know the exact stroke does best by drawing the *mean* of all that it
# could be, and a mean of strokes is a blur; wide clouds leave more to average. The discriminator, on the contrary,
# would spot a blur at once.
#
# Strictly speaking, we have shown the VAE's *means*, as everybody does (`training.VAE.sample` as well). The model
# itself says that each pixel is a coin with that probability. Throw the coins ("as coins"), and you get speckles.
#
# **The other way round.** Give AE and VAE a picture, and they give its code in one pass. A GAN has no encoder. We can
# only *search* for a code, by gradient descent, from several starts:

# %%
target, G = y[:60], gans.nets["average"].unstack(0).to(here).requires_grad_(False)
z = torch.randn(4, 60, 16, generator=device.generator(0)).to(here).requires_grad_()  # four starts for each picture
adam = torch.optim.Adam([z], lr=0.1)
for _ in range(200):
    wrong = (G(z) - target).square().mean(dim=-1)  # (4, 60)
    adam.zero_grad()
    wrong.sum().backward()
    adam.step()
best = wrong.detach().min(dim=0)
recovered = G(z.detach())[best.indices, torch.arange(60, device=here)]

# %%
by_encoder = draw(vae[0][1], vae_codes[0][1][0][:60])
plotting.image_grid(
    {
        name: 2 * p[:10] - 1
        for name, p in {"digits": target, "VAE, encoder": by_encoder, "GAN, search": recovered}.items()
    },
    rows=1,
)
one_pass = (by_encoder - target).square().mean().item()
claim(
    "the search leaves at least 20 % more error than the VAE's encoder",
    best.values.mean() > 1.2 * one_pass,
    measured={"search": best.values.mean(), "encoder": one_pass},
)

# %% [markdown]
# 200 steps with four starts each, and it is worse than one pass of an encoder. Either the search got stuck, or this
# GAN can't draw those digits at all. It was never asked to: a GAN must make *some* believable pictures, an autoencoder
# must remember *every* one.

# %% [markdown]
# ## What all this does not show
#
# - **That this is the order everywhere.** 1,000 steps, MLPs, small digits. 🔎 **Try it:** raise the steps to 8,000,
#   with learning rates a third as large. Bet first: who gains most?
# - **Which model is best.** Precision, recall, a code for each picture, a likelihood: you choose what you need.
# - **That the features see everything.** They see what a recogniser of digits needs.
#
# Three sentences that you will read elsewhere:
#
# - *"From GANs to VAEs"*: the VAE came first, by half a year (arXiv, December 2013 and June 2014).
# - *"GANs balance generating and encoding"*: a GAN has no encoder. Its typical faults aren't blur either, but missing
#   modes and restless training.
# - *"VAEs are interpretable"*: nothing in the loss asks for it.
#
# Today both live on, often in one system: an autoencoder with a slight pull and a discriminator's help against blur
# makes the codes, and a diffusion model learns the recipe for drawing them.

# %% [markdown]
# ## Help, I get …
#
# ### A negative loss that falls and falls
# Pixels between −1 and 1. This cross-entropy needs 0 … 1: `.tensor(low=0.0)`. The library's `training.VAE` refuses such
# data with a `ValueError`.
#
# ### The same grey blob for every code, and a KL of 0
# Posterior collapse. The usual reason is no deep theory: a cross-entropy *averaged* over pixels beside a summed KL
# makes β 784 times too large. Sum both over a picture.
#
# ### `nan` after some steps
# `log_variance` ran away, and `exp` of it overflowed. A smaller learning rate, or `log_variance.clamp(-10, 10)`.

# %% [markdown]
# ### Beautiful copies, draws like static
# You drew from $N(0, I)$ and the codes are elsewhere: look at their mean and standard deviation. In a VAE: β very
# small, or the noise forgotten. In an AE that is normal; fit a recipe to the codes.
#
# ### `RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x32 and 16x200)`
# The encoder gives 32 numbers, mean *and* log variance of 16. Cut them: `encoder(x).chunk(2, dim=1)`.

# %% [markdown]
# ## Recap
#
# - An autoencoder learns to copy through a narrow waist. It learns codes, and no recipe for drawing them.
# - A VAE gives each picture a cloud and charges for its distance from $N(0, I)$. Noise without that price is shouted
#   over.
# - In 16 dimensions most of $N(0, I)$ is empty of codes, in the VAE as well. Between two codes, walk on the arc.
# - β trades copies for cheap codes. Too much of it kills numbers one by one, up to posterior collapse.
# - Twins: an autoencoder with a fitted mixture drew best, the GAN sharpest; the VAE, drawn from $N(0, I)$, was the most
#   blurred.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why can't an encoder make the noise harmless when β is 1, as it does when β is 0?</summary>
#
# It has two ways: small clouds, or codes that are far apart. Both cost: precision through $-\log\sigma^2$, distance
# through $\mu^2$. At β = 0 both are free.
#
# </details>
#
# <details><summary>A number of the code has a KL of 0.001 nats on average. May you remove it?</summary>
#
# Nearly. Its cloud is $N(0, 1)$ whatever the picture, so it tells the decoder nothing, and the decoder has learned to
# ignore it. Check it: copies shouldn't change when you replace that number by noise.
#
# </details>
#
# <details><summary>Perfect reconstructions: proof that a VAE is a good generator?</summary>
#
# Copies show the decoder on codes of real pictures. Draws use codes from $N(0, I)$, most of which lie where no picture
# has its cloud. Ask for the distance of draws, with copies and a floor beside it.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Kingma & Welling 2013, Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114): the VAE; appendix B has
#   the price that we pay here.
# - [Rezende, Mohamed & Wierstra 2014, Stochastic Backpropagation](https://arxiv.org/abs/1401.4082): the same idea,
#   found independently at the same time.
# - [Kingma & Welling 2019, An Introduction to Variational Autoencoders](https://arxiv.org/abs/1906.02691): a patient
#   book of a hundred pages by the same authors.
# - [Ghosh et al. 2020, From Variational to Deterministic Autoencoders](https://arxiv.org/abs/1903.12436): why a plain
#   autoencoder with a fitted recipe can beat a VAE.
# - [Burgess et al. 2018, Understanding disentangling in β-VAE](https://arxiv.org/abs/1804.03599): β as a limit on what
#   a code may carry.
# - [White 2016, Sampling Generative Networks](https://arxiv.org/abs/1609.04468): the case for arcs instead of lines.
# - [Locatello et al. 2019, Challenging Common Assumptions](https://arxiv.org/abs/1811.12359): why meaningful single
#   numbers don't come for free.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | autoencoder (AE) | 自编码器 | a network that copies its input through a narrow waist |
# | encoder, decoder | 编码器、解码器 | picture to code; code to picture |
# | latent code, latent space | 隐变量、隐空间 | the numbers at the waist, and the space of all such numbers |
# | variational autoencoder (VAE) | 变分自编码器 | an autoencoder with clouds for points, pulled towards a prior |
# | prior | 先验分布 | what codes are drawn from before any picture is seen, here $N(0, I)$ |
# | Kullback–Leibler divergence (KL) | KL 散度 | here: what a cloud pays for differing from the prior, in nats |
# | posterior collapse | 后验坍塌 | every picture gets the prior as its cloud; the code says nothing |
# | interpolation | 插值 | the way from one code to another |
