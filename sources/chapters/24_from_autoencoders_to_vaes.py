# %% [markdown]
# # 24 · From autoencoders to VAEs
#
# *A GAN is one way to make a network draw. Here you meet the other classic one, see with numbers where it still fails,
# and find out what its noise is really good for.*
#
# > **You will be able to**
# > - say what an autoencoder learns, and measure why "just draw a code" fails
# > - explain the two forces in a VAE's loss, and compute what a cloud costs
# > - say which half of its promise a VAE keeps, and check it with the right instrument
# > - explain what β does, and what dead numbers and posterior collapse are
# >
# > **Before you start** [00 · start here](00_start_here.ipynb), and some PyTorch. Formulas stay small here. The theory
# > of the loss (the ELBO) comes in chapter 35, and a VAE in every detail in chapter 44.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used if there is one):
# > {{gpu_time}}

# %% [markdown]
# ## The idea in a picture
#
# An **encoder** turns a picture into a few numbers, its *code*. A **decoder** turns a code into a picture. On the left
# each picture has one point. On the right each has a small cloud, and all clouds are pulled to the middle.

# %% jupyter={"source_hidden": true}
import matplotlib.patheffects as effects
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.patches import Ellipse
from sklearn.decomposition import PCA

from gan_edu import data, device, metrics, nets, objectives, plotting
from gan_edu.claims import claim, identity
from gan_edu.widgets import LatentSpace

plotting.use_style()
torch.set_num_threads(1)  # small nets: a second CPU thread would mostly wait for the first
here = device.pick()  # a GPU if there is one, or else the CPU
mnist, unseen = data.images("mnist"), data.images("mnist", split="test")
x = mnist.tensor(flat=True, low=0.0, device=here)  # (10000, 784): to learn from; black is 0, white is 1
y = unseen.tensor(flat=True, low=0.0, device=here)  # (2000, 784): never used in training

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
# To make *new* pictures we draw a code and decode it. But from where do we draw it? On the left nobody knows which
# codes are in use, and the decoder has never been trained between them. The clouds on the right are meant to cure
# that. Do they? We shall measure it.

# %% [markdown]
# ## 1. Two numbers for a picture
#
# An **autoencoder** (AE) has a simple aim: its output should equal its input. The difficulty is the narrow layer in the
# middle, the *bottleneck*. Here 784 pixels become 200 numbers, then **2 numbers**, then 200, and 784 pixels again.
#
# The decoder gives a logit for each pixel. The loss is the cross-entropy, added up over the 784 pixels. It says how
# surprised the decoder is by the picture that it should have drawn. (The unit is the *nat*: surprise measured with the
# natural logarithm.)


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


@torch.no_grad()
def draw(decoder, z):
    return decoder(z).sigmoid()  # (N, 784) in [0, 1]


# %%
def mismatch(logits, pictures):
    return F.binary_cross_entropy_with_logits(logits, pictures, reduction="sum") / len(pictures)


def learn_points(dim, seed, steps=1000):
    encoder, decoder = make_nets(dim, seed, outputs=dim)
    adam = optimiser(encoder, decoder)
    for batch in batches(seed, steps):
        code = encoder(batch)
        loss = mismatch(decoder(code), batch)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return encoder, decoder


# %% [markdown]
# For comparison we use a method from 1901: principal component analysis, **PCA**. It is the best autoencoder whose two
# halves are linear (it leaves the least squared error), and it needs no training.
#
# **Predict, and say why:** two numbers for a whole digit. Which keeps more of the digit, the network or PCA? And how
# many numbers would PCA need to be as good?

# %%
flat = {seed: learn_points(2, seed) for seed in (0, 1)}


def pca(numbers, pictures):
    fit = PCA(numbers).fit(x.cpu().numpy())
    return torch.tensor(fit.inverse_transform(fit.transform(pictures.cpu().numpy())), dtype=torch.float32)


def error(pictures):
    """Mean squared error of copies of the unseen digits, per pixel."""
    return (pictures - y.cpu()).square().mean().item()


with torch.no_grad():
    copies = {seed: draw(decoder, encoder(y)).cpu() for seed, (encoder, decoder) in flat.items()}
rows = {"unseen digits": y[:10].cpu(), "AE, 2 numbers": copies[0][:10], "PCA, 2 numbers": pca(2, y[:10])}
plotting.image_grid({name: 2 * pictures - 1 for name, pictures in rows.items()}, rows=1)

# %%
by_network, by_pca = [error(each) for each in copies.values()], {k: error(pca(k, y)) for k in (2, 3, 7)}
claim("both seeds beat PCA with 2 numbers by at least 10 %", max(by_network) < 0.9 * by_pca[2], measured=by_network)
claim("PCA needs more than 3 numbers to be as good…", by_pca[3] > max(by_network), measured=by_pca)
claim("… and 7 are enough", by_pca[7] < min(by_network), measured=by_pca)

# %% [markdown]
# The network wins, because it can bend. PCA can only use a flat plane through the space of pictures, and digits don't
# lie on a plane. The gain is smaller than you may have hoped: two numbers of the network are worth between four and
# seven of PCA. In the rows above, the AE hits some digits well. Others become fog, because two numbers are not enough
# for them.
#
# Two numbers have one great advantage: we can look at all of them. Below, left: the codes of 2,000 unseen digits. (The
# encoder has never been told which digit is which.) Right: what the decoder makes of each place of the same plane.


# %% jupyter={"source_hidden": true}
def draw_codes(ax, codes):
    codes = codes.cpu()
    for digit in range(10):
        mine = codes[unseen.labels == digit]
        ax.scatter(*mine.T, s=5, linewidths=0, color=plt.colormaps["tab10"](digit), label=str(digit))
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


# %% jupyter={"source_hidden": true}
def show_plane(codes, decoder, title):
    figure, axes = plt.subplots(1, 2, figsize=(6.8, 3.8), sharex=True, sharey=True)
    (left, low), (right, high) = codes.quantile(0.003, dim=0).tolist(), codes.quantile(0.997, dim=0).tolist()
    box = (min(left, -3.2), max(right, 3.2), min(low, -3.2), max(high, 3.2))
    draw_codes(axes[0], codes)
    draw_map(axes[1], decoder, box)
    axes[0].set(xlim=box[:2], ylim=box[2:], xlabel="first number", ylabel="second number", title="codes of digits")
    axes[1].set(xlabel="first number", title="what is decoded there")
    named = axes[0].get_legend_handles_labels()
    figure.legend(*named, loc="outside lower center", ncols=10, markerscale=3, handletextpad=0, columnspacing=1)
    figure.suptitle(title)
    plt.show()


with torch.no_grad():
    codes = {seed: (encoder(x), encoder(y)) for seed, (encoder, _) in flat.items()}
show_plane(codes[0][1], flat[0][1], "autoencoder, seed 0")

# %% [markdown]
# Each seed gives another map (try it). In this one the ones lie far out on their own, and most others overlap near the
# middle. Between them are places with no code at all. The dashed circle will be used in a moment.

# %% [markdown]
# ## 2. Draw a code
#
# Now be a generator: draw two numbers and decode them. From where do you draw? The usual choice for random numbers is
# the standard normal distribution $N(0, I)$. The dashed circle holds 98.9 % of its draws.
#
# **Predict, and say why:** what share of the digits' codes lies inside that circle?


# %%
def inside(codes):
    return (codes.norm(dim=1) < 3).float().mean().item()


shares = [inside(known) for known, _ in codes.values()]
claim("less than three quarters of the codes lie inside, in both seeds", max(shares) < 0.75, measured=shares)

# %% [markdown]
# In our run it is only about 57 of 100. The reason: nobody has told the encoder *where* to put its codes, nor how far
# apart. Codes around 1,000 would serve it just as well. So let us draw from where the codes are: we fit a **Gaussian**
# to them, with their mean and covariance (how each two numbers vary together; chapter 12).
#
# The Gaussian has the shape of an ellipse, and our codes don't. How many of its draws land where no codes are? We
# measure how far the code of each *unseen digit* is from its nearest training code. For 95 of 100 digits it is less
# than some distance $r$. We call a place **empty** if no training code lies within $r$ of it. Of perfect draws, 5 %
# would be in empty places.


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
# So there are **holes**, and about one draw in four falls into one. Now look again at the right half of the picture.
# What is decoded in the holes is not terrible. In a plane the holes are small, and the decoder passes smoothly from
# one neighbour to the next. If this were all, holes would hardly be a reason against autoencoders.
#
# But the plane misleads us. In practice hardly anybody uses only two numbers.

# %% [markdown]
# ## 3. Sixteen numbers
#
# We train the same network with a bottleneck of 16 instead of 2, with three seeds.
#
# **Predict, and say why:** how much better will its copies be? And its draws, from a Gaussian fitted to the codes?

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
# The copies are fine now. The draws are strokes, but few of them are digits. We want a number for that. A network that
# recognises digits turns each picture into 64 numbers, its *features*. The **Fréchet distance** compares the mean and
# the spread of these features, of real digits and of drawn ones; smaller is nearer. (The number is the square of a
# distance, as usual: four times the number is twice as far. Chapter 36 looks at it closely.)
#
# A distance alone says little. We add a **floor**, the distance of real digits from other real digits, and a
# **baseline** that needs no network at all, a Gaussian in *pixels*.

# %% jupyter={"source_hidden": true}
reference = metrics.Reference("mnist", 2 * x[:5000] - 1)
floor = reference.floor(1000)
in_pixels = gaussian_draws(x + 0.01 * torch.randn_like(x)).clamp(0, 1)  # a little noise: some pixels never vary
baseline = reference.frechet(2 * in_pixels - 1)
distance = {name: [reference.frechet(2 * pictures - 1) for pictures in each] for name, each in made.items()}
plotting.bars_with_floor(distance, "Fréchet distance", floor=floor, baseline=baseline)

# %%
deep_error = [error(draw(ae[s][1], ae_codes[s][1]).cpu()) for s in seeds]
claim("copies: 16 numbers leave less than 40 % of the error of 2", max(deep_error) < 0.4 * min(by_network))
copied, blind, fitted = distance.values()
claim("draws from the Gaussian: at least 2.5 times the number of copies", min(fitted) > 2.5 * max(copied))
claim("draws from N(0, I): at least 1.5 times the number of those", min(blind) > 1.5 * max(fitted), measured=distance)
device.seed_everything(2)
bare = [empty(gaussian_draws(known), known, fresh) for known, fresh in ae_codes.values()]
claim("now more than half of the Gaussian's draws fall into empty places", min(bare) > 0.5, measured=bare)
flat_far = [reference.frechet(2 * draw(flat[s][1], gaussian_draws(codes[s][0])) - 1) for s in flat]
claim("with 2 numbers, the Gaussian's draws had twice the number or more", min(flat_far) > 2 * max(fitted), flat_far)

# %% [markdown]
# With more numbers the draws get better, and the copies get better much faster. Now the draws stay far behind them. Is
# that because so many draws fall into empty places? **Predict:** if we take only draws that don't, how near will they
# be?


# %%
def by_place(decoder, z, known, fresh):
    """Fréchet distances of 1,000 draws from empty places, and of 1,000 others."""
    lonely = nearest(z, known) > nearest(fresh, known).quantile(0.95)
    return [reference.frechet(2 * draw(decoder, z[part][:1000]) - 1) for part in (lonely, ~lonely)]


parts = [by_place(ae[s][1], gaussian_draws(ae_codes[s][0], 6000), *ae_codes[s]) for s in seeds]
claim("draws from the other places are hardly nearer, or not at all", all(b > 0.85 * a for a, b in parts), parts)

# %% [markdown]
# Emptiness shows *that* the Gaussian has another shape than the codes. (The dimension alone doesn't do it: perfect
# draws would get 5 % here too, because we compare with unseen digits.) But it doesn't explain the bad pictures: the
# draws from the other places are hardly nearer to real digits. The Gaussian has the wrong *shape* there, too. (Chapter
# 25 tries a better one.)
#
# So an autoencoder learns a decoder, and it learns which codes belong to the data. It does not learn the third thing
# that a generator needs: a simple way to *draw* a code.

# %% [markdown]
# ## 4. A cloud instead of a point
#
# The **variational autoencoder** (VAE) came in December 2013 (Kingma & Welling) and January 2014 (Rezende, Mohamed &
# Wierstra), half a year before the first GAN. It changes two things.
#
# 1. The encoder gives a **cloud** for each picture: a mean $\mu$ and a width $\sigma$ for each number. The decoder
#    gets a random point of it, $z = \mu + \sigma\,\varepsilon$ with $\varepsilon \sim N(0, I)$. So codes that are
#    near to each other must mean similar pictures. The field's name for the cloud is the *approximate posterior*.
# 2. Each cloud **costs** something: its distance from $N(0, I)$, which is called the *prior*. The distance is the
#    Kullback–Leibler divergence (KL), in nats, added up over the numbers of the code:
#
# $$\mathrm{KL} = \tfrac12 \sum_j \left(\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2\right)$$
#
# (Why just this cost? Because with it, for black-and-white pixels, the whole loss becomes a bound on the probability of
# the data. Chapter 35 shows that.)


# %%
def cost(mean, log_variance):
    """What each number of each code costs, in nats: (N, dim)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


mean, log_variance = torch.randn(5, 16), torch.randn(5, 16)
cloud = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
textbook = torch.distributions.kl_divergence(cloud, torch.distributions.Normal(0.0, 1.0))
identity("the formula is PyTorch's divergence", cost(mean, log_variance).allclose(textbook, atol=1e-5))
by_library = objectives.gaussian_kl(mean, log_variance)
identity("and, added up, the library's", cost(mean, log_variance).sum(1).allclose(by_library, atol=1e-4))

# %% [markdown]
# **Predict, and say why:** which cloud costs more, one of width 1 that lies three units from the middle, or one in the
# middle that is only 0.01 wide?

# %%
away, thin = cost(torch.tensor([3.0, 0.0]), torch.tensor([1.0, 0.01]).square().log()).tolist()
print(f"three units away: {away:.1f} nats, 0.01 wide: {thin:.1f} nats")

# %% [markdown]
# They cost about the same. Distance costs through $\mu^2$, and precision costs through $-\log \sigma^2$. Only $N(0,
# 1)$ itself is free. So two forces act on each cloud. To be copied well, a picture wants a small cloud, far from all
# others. To cost little, its cloud wants to be $N(0, I)$, like everybody else's. A factor **β** in front of the KL
# says how strong the second force is. The VAE has β = 1. (Section 6 tries other values.)


# %%
def learn_clouds(dim, seed, beta=1.0, steps=1000):
    encoder, decoder = make_nets(dim, seed, outputs=2 * dim)
    adam = optimiser(encoder, decoder)
    stream = device.generator(100 + seed, here)
    for batch in batches(seed, steps):
        mean, log_variance = encoder(batch).chunk(2, dim=1)
        noise = torch.randn(mean.shape, generator=stream, device=here)
        code = mean + (0.5 * log_variance).exp() * noise
        loss = mismatch(decoder(code), batch) + beta * cost(mean, log_variance).sum(dim=1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return encoder, decoder


@torch.no_grad()
def clouds(encoder, pictures):
    return encoder(pictures).chunk(2, dim=1)  # means and log variances, (N, dim) each


def points_of(mean, log_variance):
    """One random point of each cloud."""
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


# %% [markdown]
# (The encoder gives $\log \sigma^2$, because that may be any number, while $\sigma$ must be positive. Hence `exp` of
# the half.)
#
# First in the plane. **Before you run the next cell:** how will the map of section 1 change?

# %%
flat_vae = {seed: learn_clouds(2, seed) for seed in (0, 1)}
show_plane(clouds(flat_vae[0][0], y)[0], flat_vae[0][1], "VAE, seed 0: the middle of each cloud")

# %%
known = {seed: clouds(encoder, x) for seed, (encoder, _) in flat_vae.items()}
device.seed_everything(7)
shares = [inside(points_of(*each)) for each in known.values()]
claim("more than three quarters of the clouds' points lie inside", min(shares) > 0.75, measured=shares)
widths = [(0.5 * log_variance).exp().mean().item() for _, log_variance in known.values()]
claim("the clouds are 0.05 to 0.2 wide on average", 0.05 < min(widths) and max(widths) < 0.2, measured=widths)
flat_error = [error(draw(flat_vae[s][1], clouds(flat_vae[s][0], y)[0]).cpu()) for s in (0, 1)]
more = [a / b for a, b in zip(flat_error, by_network, strict=True)]
claim("its copies have at most 15 % more error than the AE's, in both seeds", max(more) < 1.15, measured=more)

# %% [markdown]
# The cost has brought the clouds into the circle: nearly nine of ten of their points lie inside. And the copies have
# hardly suffered. Here are some of the clouds. Each ellipse is two standard deviations wide to each side:

# %% jupyter={"source_hidden": true}
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
# **With your own hands.** The next cell trains another VAE of this kind for 200 steps and shows its plane. Drag the
# cross, and see what each place decodes to. Press **▶ Play** to train on. Drag the time line back to the first steps,
# when the digits were not yet apart. (After 200 steps the codes lie nearly on a line: only one of the two numbers is in
# use. The bars show what each number costs. The circles have radius 1, 2 and 3.) The menu *model* holds trained ones:
# an autoencoder, other values of β, a GAN.

# %%
LatentSpace("vae", train=True).run(200)

# %% [markdown]
# ## 5. Does the VAE keep its promise?
#
# Now the VAE with 16 numbers, and the question that counts. Codes from $N(0, I)$ were useless for the AE.
#
# **Predict, and say why:** will the VAE's draws from $N(0, I)$ be as near to real digits as its own copies are?

# %%
vae = {seed: learn_clouds(16, seed) for seed in seeds}
vae_codes = {seed: (clouds(encoder, x), clouds(encoder, y)) for seed, (encoder, _) in vae.items()}

device.seed_everything(3)
made["VAE: copies"] = [draw(vae[s][1], vae_codes[s][1][0][:1000]) for s in seeds]
made["VAE: from clouds"] = [draw(vae[s][1], points_of(*vae_codes[s][1])[:1000]) for s in seeds]
made["VAE: N(0,I)"] = [draw(vae[s][1], torch.randn(1000, 16, device=here)) for s in seeds]
second = {name: 2 * made[name][0][:10] - 1 for name in ("VAE: copies", "VAE: from clouds", "VAE: N(0,I)")}
plotting.image_grid({"unseen digits": 2 * y[:10] - 1} | second, rows=1)

# %% jupyter={"source_hidden": true}
for name in second:
    distance[name] = [reference.frechet(2 * pictures - 1) for pictures in made[name]]
plotting.bars_with_floor(distance, "Fréchet distance", floor=floor, baseline=baseline)

# %%
blind, from_middles, from_clouds = (distance[f"VAE: {way}"] for way in ("N(0,I)", "copies", "from clouds"))
claim(
    "from N(0, I), each VAE is nearer than each AE, by a fifth at least",
    max(blind) < 0.8 * min(distance["AE: N(0,I)"]),
    measured=distance,
)
claim(
    "a random point of a picture's cloud is as good as its middle: within 30 %, over the three seeds",
    0.7 < sum(from_clouds) / sum(from_middles) < 1.3,
    measured=distance,
)
claim("but draws have at least twice the number of copies", min(blind) > 2 * max(from_middles), measured=distance)

# %% [markdown]
# So the promise is only half kept. The cost has put the codes where we draw: you can draw from a VAE without asking
# first where its codes are. And a random point *of a cloud* decodes about as well as its middle. So the trouble must
# lie in *which* codes are drawn. How much of $N(0, I)$ is empty, measured as in section 2?
#
# Take care with the instrument. A draw of $N(0, I)$ contains noise, and so does a point of a cloud. The *middle* of a
# cloud contains none. So we compare draws with **points** of the clouds.

# %%
device.seed_everything(4)
bare_vae, with_middles = [], []
for known, fresh in vae_codes.values():
    z = torch.randn(1000, 16, device=here)
    bare_vae.append(empty(z, points_of(*known), points_of(*fresh)))
    with_middles.append(empty(z, known[0], fresh[0]))
claim("20 to 60 % of N(0, I) is empty of clouds", 0.2 < min(bare_vae) and max(bare_vae) < 0.6, measured=bare_vae)
claim("in the AE's Gaussian more was empty, in every seed", min(bare) > max(bare_vae), measured=[bare, bare_vae])
claim("measured with middles, it would seem to be more than half", min(with_middles) > 0.5, measured=with_middles)
parts = []
for s, (known, fresh) in vae_codes.items():
    z = torch.randn(6000, 16, device=here)
    parts.append(by_place(vae[s][1], z, points_of(*known), points_of(*fresh)))
claim("draws from the other places are no nearer", all(b > 0.95 * a for a, b in parts), measured=parts)

# %% [markdown]
# Between 20 and 60 % is empty. In the AE's Gaussian it was more than half. That is better, and still far from
# the 5 % of perfect draws. But here, too, draws from the other places are no nearer. So we know that $N(0, I)$ is not
# the distribution of the codes, and not yet which difference hurts. The cost pulls each cloud towards $N(0, I)$, but to
# be copied well a picture needs a small cloud of its own. All clouds *together* have another shape than $N(0, I)$.
# (Chapter 44 shows how much is left. The field calls the mixture of all clouds the *aggregate posterior*, and this gap
# its mismatch with the prior.)
#
# The last line is a warning. With the middles, the same test says "more than half" for the VAE, too. It would have
# measured the missing noise and not the missing codes.
#
# And did you notice the dots of "AE: Gaussian"? They lie *below* those of "VAE: N(0,I)", although more of that Gaussian
# is empty. Chapter 25 starts from there.

# %% [markdown]
# ## 6. β: how strong is the pull?
#
# The factor β in front of the KL is a choice. We try four: 0 (noise, but no pull), 1 (the VAE), 4 and 20, with two
# seeds each.
#
# **Predict, and say why:** at β = 0 the noise is still there, and each cloud may choose its width freely. Which width
# will it choose? And what will a VAE with β = 20 draw?

# %% jupyter={"source_hidden": true}
family = {beta: [learn_clouds(16, seed, beta) for seed in (0, 1)] for beta in (0, 4, 20)}
family[1] = [vae[0], vae[1]]
family = dict(sorted(family.items()))

report = {}
for beta, pair in family.items():
    found = [clouds(encoder, y) for encoder, _ in pair]
    device.seed_everything(5)
    report[beta] = {
        "error": [error(draw(decoder, mean).cpu()) for (_, decoder), (mean, _) in zip(pair, found, strict=True)],
        "nats": torch.stack([cost(*cloud).mean(dim=0) for cloud in found]).cpu(),  # (2, 16)
        "width": torch.stack([(0.5 * cloud[1]).exp().mean() for cloud in found]).cpu(),
        "drawn": [draw(decoder, torch.randn(1000, 16, device=here)) for _, decoder in pair],
    }

# %% jupyter={"source_hidden": true}
_, (ax, bars) = plt.subplots(1, 2, figsize=(6.8, 3.6))
for number, (beta, each) in enumerate(report.items()):
    color = plotting.NEUTRAL[number]
    ax.plot(each["nats"].sum(dim=1), each["error"], "os^Dv"[number], color=color, markersize=8)
    nats = each["nats"][0].sort(descending=True).values
    bars.plot(range(1, 17), nats, "os^Dv"[number], linestyle="-", linewidth=1, color=color, label=f"β = {beta:g}")
ax.set(xscale="log", xlabel="cost of a code (nats)", ylabel="squared error of copies")
bars.set(yscale="log", ylim=(1e-3, 60), xlabel="the 16 numbers, most expensive first", ylabel="cost of each (nats)")
bars.axhline(0.1, color="black", linestyle="--", linewidth=1.5)
ax.figure.legend(loc="outside lower center", ncols=4)
plt.show()
names = {f"β = {beta:g}": each["drawn"][0][:10] for beta, each in report.items()}
plotting.image_grid({name: 2 * pictures - 1 for name, pictures in names.items()}, rows=1)

# %%
error_of = {beta: sum(each["error"]) / 2 for beta, each in report.items()}
nats_of = {beta: each["nats"].sum(dim=1).mean().item() for beta, each in report.items()}
alive = {beta: (each["nats"] > 0.1).sum(dim=1).tolist() for beta, each in report.items()}
claim("β = 0: the clouds shrink to less than 0.02", report[0]["width"].max() < 0.02, measured=report[0]["width"])
claim("each larger β makes the code cost less", list(nats_of.values()) == sorted(nats_of.values(), reverse=True))
claim(
    "from 1 to 4 to 20: much worse copies each time",
    error_of[20] > 1.5 * error_of[4] > 2 * error_of[1],
    measured=error_of,
)
claim("β = 1: all 16 numbers are alive (over 0.1 nats)", min(alive[1]) == 16, measured=alive)
claim("β = 4: 5 to 13 are alive", all(5 <= n <= 13 for n in alive[4]), measured=alive)
claim("β = 20: at most 3 are alive", max(alive[20]) <= 3, measured=alive)

# %% [markdown]
# - **β = 0.** The cloud becomes a point. Noise only disturbs the copies, so the encoder makes it harmless: it makes the
#   clouds small. (They also lie farther out than with β = 1, but so do the AE's codes, which know no noise.) Noise
#   alone doesn't make a VAE. The *cost* keeps the clouds wide, and near the middle.
# - **β = 1.** The codes cost less and the copies are somewhat worse (left panel, from right to left).
# - **β = 4.** About half of the numbers cost less than 0.1 nats (below the dashed line). They are nearly $N(0, 1)$ for
#   nearly every picture, so the decoder learns to ignore them. They are **dead**.
# - **β = 20.** Nearly all are dead. This is **posterior collapse**: every picture gets nearly the same cloud, and the
#   VAE draws nearly the same blob again and again.
#
# **A trap.** We could ask the recogniser how sure it is of its answer. **Predict:** for which β is it most often more
# than 90 % sure of the draws?

# %%
sure = {
    beta: [(metrics.classify(2 * d - 1, "mnist").amax(1) > 0.9).float().mean().item() for d in each["drawn"]]
    for beta, each in report.items()
}
far = {beta: [reference.frechet(2 * d - 1) for d in each["drawn"]] for beta, each in report.items()}
claim("β = 20: it is sure of more than 90 % of the draws", min(sure[20]) > 0.9, measured=sure)
claim("β = 1: it is sure of less than half", max(sure[1]) < 0.5, measured=sure)
claim(
    "in Fréchet distance β = 20 is the worst: three times the number", min(far[20]) > 3 * max(far[0] + far[1] + far[4])
)
claim("and β = 1 is the nearest of these four", max(far[1]) < 0.8 * min(far[0] + far[4]), measured=far)

# %% [markdown]
# The draws for β = 20 are grey blobs, and the recogniser is certain of nearly all of them. It must name one of ten
# digits; it has no answer "none". So confidence is no measure of quality.
#
# By distance β = 1 draws best of these four. The pull brings the codes to where we draw, and it removes information
# from them. If you want single numbers with a *meaning* (slant, thickness), β alone will not give you that: Locatello
# et al. (2019) show that without labels or other hints nothing in such a loss can single them out.

# %% [markdown]
# ## What all this does not show
#
# - **That it is so everywhere.** These are small, fully connected networks (MLPs), small digits, and 1,000 steps.
# - **That 16 is the right number.** Copies get better with more numbers, and the room between codes grows.
# - **That the features see everything.** They see what a recogniser of digits needs. A distance in them says nothing
#   about, for instance, the thickness of strokes if the recogniser ignores it.
#
# 🔎 **Try it:** train the 16 numbers for 4,000 steps, with a third of the learning rate (it stands in `optimiser`).
# Write down first what you expect, for copies and for draws.
#
# <details><summary>What we saw</summary>
#
# With seed 0, in Fréchet distance: the AE's copies went from 3.7 to 3.1, and its draws from the Gaussian from 13.6 to
# 12.5. The VAE's copies went from 7.0 to 4.8, and its draws from $N(0, I)$ from 21.6 to 17.3. All are nearer, and draws
# stay far behind copies.
#
# </details>

# %% [markdown]
# ## Help, I get …
#
# ### A negative loss that falls and falls
# Your pixels lie between −1 and 1. This cross-entropy needs 0 … 1: `.tensor(low=0.0)`. The library's `training.VAE`
# refuses such data with a `ValueError`.
#
# ### The same grey blob for every code, and a KL of 0
# This is *posterior collapse*: every picture gets the same cloud. The usual reason is a cross-entropy that is
# *averaged* over the pixels, beside a KL that is added up. That makes β 784 times too large. Add both up over a
# picture.
#
# ### `nan` after some steps
# `log_variance` grew very large, and its `exp` overflowed. Use a smaller learning rate, or
# `log_variance.clamp(-10, 10)`.

# %% [markdown]
# ### Beautiful copies, draws like static
# You drew from $N(0, I)$ and the codes are elsewhere. Look at their mean and standard deviation. In a VAE: β is very
# small, or the noise was forgotten. In an AE this is normal; fit a distribution to the codes (section 2, and chapter
# 25).
#
# ### `RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x32 and 16x200)`
# The encoder gives 32 numbers, mean *and* log variance of 16. Cut them apart: `encoder(x).chunk(2, dim=1)`.

# %% [markdown]
# ## Recap
#
# - An autoencoder learns to copy through a bottleneck. It learns codes, but no way to draw new ones.
# - More numbers make copies much better, and draws too, but less so. In 16 dimensions a fitted Gaussian has not the
#   shape of the codes.
# - A VAE gives each picture a cloud. Each cloud costs its KL from the prior $N(0, I)$: being far away costs, and being
#   precise costs.
# - From $N(0, I)$ a VAE draws better than an AE, but not as well as it copies: the clouds, taken together, are not
#   $N(0, I)$.
# - A larger β gives cheaper codes and worse copies. Too large a β kills the numbers of the code, up to posterior
#   collapse.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>What would the encoder do with the noise if clouds cost nothing?</summary>
#
# It would make it harmless in one of two ways: very small clouds, or codes very far apart. With the KL both cost:
# precision through $-\log\sigma^2$, distance through $\mu^2$.
#
# </details>
#
# <details><summary>Perfect copies: do they prove that a VAE is a good generator?</summary>
#
# No. Copies test the decoder on codes of real pictures. Draws use codes from $N(0, I)$, and the clouds of all pictures
# together have another shape. Measure the distance of draws, with that of copies and a floor beside it.
#
# </details>
#
# <details><summary>Why may one not compare draws of N(0, I) with the middles of the clouds?</summary>
#
# A draw contains noise, a middle doesn't. In 16 dimensions this noise alone makes a distance, so the draws look far
# from all codes even where the clouds cover them. Compare draws with points of clouds.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Kingma & Welling 2013, Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114): the VAE; its appendix B
#   derives the cost that we use here.
# - [Rezende, Mohamed & Wierstra 2014, Stochastic Backpropagation](https://arxiv.org/abs/1401.4082): the same idea,
#   found independently at the same time.
# - [Kingma & Welling 2019, An Introduction to Variational Autoencoders](https://arxiv.org/abs/1906.02691): a patient
#   book of a hundred pages by the authors of the first.
# - [Burgess et al. 2018, Understanding disentangling in β-VAE](https://arxiv.org/abs/1804.03599): β as a limit on what
#   a code may carry.
# - [Locatello et al. 2019, Challenging Common Assumptions](https://arxiv.org/abs/1811.12359): why meaningful single
#   numbers don't come for free.

# %% [markdown]
# ## Key terms
#
# {{terms: autoencoder (AE); encoder, decoder; latent code, latent space; variational autoencoder (VAE); prior;
# approximate posterior; Kullback–Leibler divergence (KL); posterior collapse}}
