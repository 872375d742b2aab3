# %% [markdown]
# # 42 · A convolutional GAN
#
# *Tell both networks which pixels are neighbours, and a GAN draws clothes, roughly, with a quarter of the
# parameters; then find out which of the famous rules for building it can be measured, and which can't.*
#
# > **You will be able to**
# > - compute the size of every map in a convolutional network, down and up again, and check it in code
# > - write a DCGAN by hand, and show that the library's is the same, weight by weight
# > - say what batch norm, the initial weights and LeakyReLU do *exactly*, before anybody speaks of quality
# > - compare such choices by a distance with a floor, baselines and seeds, and live with the answer "no difference"
# > - put an MLP on one side and a convolutional network on the other, and see who wins, and why
# >
# > **Before you start** The losses and the two turns of a step: [41 · an MLP GAN](41_mlp_gan.ipynb). What a
# > discriminator knows: [32 · the optimal discriminator](32_optimal_discriminator.ipynb).
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used by itself): {{gpu_time}}

# %%
import itertools

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, plotting, training
from gan_edu.claims import claim

plotting.use_style()
torch.set_num_threads(1)  # small nets: a second CPU thread would mostly wait for the first
here = device.pick()  # a GPU if there is one, or else the CPU

# %% [markdown]
# ## The idea in a picture
#
# Chapter 41's networks connected every number with every other. Here each number sees only a small window, and all
# places share the same few weights. A stack of such numbers is a **feature map**: small maps in the middle, pictures
# at the ends.


# %%
def stack(ax, x, count, size, color, text):
    scale = size / 28
    for i in reversed(range(min(count, 6))):
        corner = (x + 0.05 * i, -scale / 2 + 0.05 * i)
        ax.add_patch(plt.Rectangle(corner, scale, scale, facecolor="white", edgecolor=color, linewidth=1.6))
    ax.text(x + scale / 2 + 0.03 * min(count, 6), -0.64, text, color=color, ha="center", va="top")
    return x + scale + 1.1


def row(ax, parts, x=0.5):
    for count, size, color, text in parts:
        x = stack(ax, x, count, size, color, text)
        if text != parts[-1][3]:
            ax.annotate(
                "", (x - 0.25, 0), (x - 0.6, 0), arrowprops={"arrowstyle": "->", "linewidth": 2, "color": "0.2"}
            )
    ax.set(xlim=(0, 6), ylim=(-1.05, 0.75), aspect="equal")
    ax.axis("off")


# %%
_, axes = plt.subplots(2, 1, figsize=(6.4, 4.3))
middle = [(16, 7, "16 maps\n7 × 7"), (8, 14, "8 maps\n14 × 14")]
noise, logit, picture = (1, 2, "64 numbers\nof noise"), (1, 2, "1 number:\nreal?"), (1, 28, "1 picture\n28 × 28")
for ax, color, parts, name in [
    (axes[0], plotting.FAKE, [noise, *middle, picture], "generator: ever larger, ever fewer"),
    (axes[1], plotting.DISC, [picture, *reversed(middle), logit], "discriminator: ever smaller, ever more"),
]:
    row(ax, [(count, size, color, text) for count, size, text in parts])
    ax.set_title(name, color=color)
plt.show()

# %% [markdown]
# The two are mirror images. The discriminator asks "is there an edge here, a sleeve there?", each time in fewer and
# wider places. The generator goes the other way: from "a sleeve, about here" to pixels.

# %% [markdown]
# ## 1 · A window that slides
#
# A convolution lays a small window of weights, the **kernel**, on each place of a picture, multiplies and adds. The
# same nine numbers serve everywhere:

# %%
fashion = data.images("fashion_mnist")
clothes = fashion.tensor(device=here)
garment = clothes[:1].cpu()
edges = torch.tensor([[1.0, 0, -1], [1, 0, -1], [1, 0, -1]])  # left minus right
by_torch = F.conv2d(garment, edges.view(1, 1, 3, 3))[0, 0]

by_hand = torch.empty(26, 26)
for row_, column in itertools.product(range(26), range(26)):
    by_hand[row_, column] = (garment[0, 0, row_ : row_ + 3, column : column + 3] * edges).sum()
claim("a convolution is that, and nothing else", by_hand.allclose(by_torch, atol=1e-5))
plotting.image_grid({"picture": garment[0, :, 1:-1, 1:-1], "edges": by_torch[None] / 6})

# %% [markdown]
# (Strictly, a *convolution* turns the kernel round first. Deep learning doesn't, and keeps the name.)
#
# What does the discriminator gain? It needn't learn "edge" 784 times, once for each place. If the picture moves, the
# map moves along, and nothing else changes:

# %%
framed = F.pad(garment, (8, 8, 8, 8), value=-1.0)  # black all around
moved = torch.roll(framed, shifts=(2, 3), dims=(-2, -1))
kernel = torch.randn(8, 1, 5, 5)
here_first, there_first = F.conv2d(framed, kernel), F.conv2d(moved, kernel)
claim(
    "moving the picture moves the map",
    torch.roll(here_first, (2, 3), (-2, -1)).allclose(there_first, atol=1e-4),
)

# %% [markdown]
# (With a stride of 2, as below, that holds only for moves by an even number of pixels.)
#
# A layer from 784 numbers to 16 maps of 14 × 14 needs 2.5 million weights if everything is connected. As a convolution
# with a 4 × 4 window it needs 272. That is the good bargain, and the price: far apart things meet only in later
# layers.

# %%
dense, conv = nn.Linear(784, 16 * 14 * 14), nn.Conv2d(1, 16, 4, stride=2, padding=1)


def size(net):
    return sum(parameter.numel() for parameter in net.parameters())


claim("fully connected: 785 · 3,136 numbers to learn", size(dense) == 785 * 3136 == 2_461_760)
claim("convolution: 16 · (4 · 4 + 1)", size(conv) == 16 * (4 * 4 + 1) == 272)

# %% [markdown]
# ### Down: how large is the next map?
#
# Three numbers decide: the window $k$, the **stride** $s$ (how far it moves at a time) and the **padding** $p$ (rows
# added at each side). From $n$ places in a row a convolution makes
#
# $$ n' = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1 .$$
#
# **Before you run the next cell:** 28 pixels, $k = 5$, $s = 2$, $p = 2$. How many are left? And after three such
# layers?


# %%
def down(n, k, s, p):
    return (n + 2 * p - k) // s + 1


cases = [c for c in itertools.product(range(5, 30), (1, 3, 4, 5), (1, 2, 3), (0, 1, 2)) if c[0] + 2 * c[3] >= c[1]]
sizes = [F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), stride=s, padding=p).shape[-1] for n, k, s, p in cases]
claim(f"the formula holds in all {len(cases)} cases", sizes == [down(*case) for case in cases])
claim("28 → 14 → 7 → 4", [down(28, 5, 2, 2), down(14, 5, 2, 2), down(7, 5, 2, 2)] == [14, 7, 4])

# %% [markdown]
# ## 2 · The way back up
#
# ### A generator goes up: the decoder
#
# One often reads that a generator uses "a CNN as its decoder". A convolution with stride goes the *wrong way*: it makes
# pictures smaller. A generator needs a layer that undoes that, in size at least. Write the convolution as a matrix $A$,
# from 28 · 28 numbers to 14 · 14. Its transpose $A^\top$ goes from 14 · 14 to 28 · 28. That is the **transposed
# convolution**: instead of reading a window into one number, it writes one number into a window, and adds where windows
# overlap.
#
# $\langle A x, y \rangle = \langle x, A^\top y \rangle$ for all $x$ and $y$ says that it is the transpose:

# %%
kernel = torch.randn(1, 1, 4, 4, dtype=torch.float64)
x, y = torch.randn(1, 1, 28, 28, dtype=torch.float64), torch.randn(1, 1, 14, 14, dtype=torch.float64)
forth = F.conv2d(x, kernel, stride=2, padding=1)
back = F.conv_transpose2d(y, kernel, stride=2, padding=1)
claim("⟨conv(x), y⟩ = ⟨x, transposed(y)⟩", (forth * y).sum().isclose((x * back).sum()))
claim(
    "it is no inverse: forth and back is another picture",
    not F.conv_transpose2d(forth, kernel, stride=2, padding=1).allclose(x),
)

# %% [markdown]
# You know it already: it is what `backward()` does to a convolution. The old name *deconvolution* promises more.
#
# **Predict:** turn the formula round. What comes out of $n$ places, if $n = 7$, $k = 4$, $s = 2$, $p = 1$?
#
# $$ n' = (n - 1)\,s - 2p + k \;(+\; \text{output\_padding}) $$


# %%
def up(n, k, s, p, more=0):
    return (n - 1) * s - 2 * p + k + more


claim("7 → 14 → 28 with k = 4, s = 2, p = 1", [up(7, 4, 2, 1), up(14, 4, 2, 1)] == [14, 28])
several = [n for n in range(5, 30) if down(n, 5, 2, 2) == 4]
claim("7 and 8 both go down to 4 with k = 5, s = 2, p = 2", several == [7, 8])
claim("so the way up has a choice: output_padding", [up(4, 5, 2, 2, more) for more in (0, 1)] == several)

# %% [markdown]
# ## 3 · Checkerboards, and another way up
#
# A window of 3, moved by 2, overlaps its neighbour in every second place. Let all weights be 1, and count how many
# inputs reach each pixel:

# %%
counts = {}
for k, more in [(3, 1), (4, 0)]:
    ones = torch.ones(1, 1, k, k)
    written = F.conv_transpose2d(torch.ones(1, 1, 7, 7), ones, stride=2, padding=1, output_padding=more)
    counts[f"window {k}"] = written[0, :, 1:13, 1:13]
plotting.image_grid(torch.cat(list(counts.values())) / 3 - 1, rows=1, title="window 3 · window 4")
claim("window 3: one, two or four inputs, in a checkerboard", counts["window 3"].unique().tolist() == [1, 2, 4])
claim("window 4: everywhere four", (counts["window 4"] == 4).all())

# %% [markdown]
# Hence the rule "let the stride divide the window", and the 4s in this chapter. It cures the *count*. The weights on
# the four kinds of pixels (even or odd row, even or odd column) still differ, and [room 13 of chapter
# 23](23_mode_collapse.ipynb) found that untrained generators with window 4 make checkerboards, too.
#
# **Sub-pixel convolution** does it in another way: an ordinary convolution makes *four* maps at the small size, and
# `PixelShuffle` interleaves them.
#
# **Predict:** is that another family of layers, or the same in another dress?

# %%
subpixel = nn.Conv2d(1, 4, 3, padding=1, bias=False)
window = torch.zeros(1, 1, 6, 6)
for a, b, i, j in itertools.product((0, 1), (0, 1), range(3), range(3)):
    window[0, 0, a + 4 - 2 * i, b + 4 - 2 * j] = subpixel.weight[2 * a + b, 0, i, j]
x = torch.randn(5, 1, 7, 7)
shuffled = F.pixel_shuffle(subpixel(x), 2)
claim(
    "the same: a transposed convolution with window 6",
    shuffled.allclose(F.conv_transpose2d(x, window, stride=2, padding=2), atol=1e-5),
)

# %% [markdown]
# The same layer, but cheap: all the work is done at the small size. And one can *start* it without a checkerboard:
# give the four maps equal weights, so that each 2 × 2 block begins in one colour (Aitken and others call this ICNR).
#
# How much of a picture is checkerboard? Take its Fourier transform. The share of power in patterns that alternate from
# pixel to pixel, along rows or columns, is the measure of chapter 23:


# %%
def checkerboard(pictures):
    pictures = pictures.cpu().reshape(len(pictures), 28, 28)[:, 4:-4, 4:-4]  # without the border
    power = torch.fft.fft2(pictures - pictures.mean(dim=(-2, -1), keepdim=True)).abs().square()
    fast = power[:, 10, :].sum(-1) + power[:, :, 10].sum(-1) - power[:, 10, 10]
    return (fast.sum() / power.sum()).item()


real_share = checkerboard(clothes[:1000])
claim("clothes have little of it: below 2 %", real_share < 0.02, measured=real_share)

# %% [markdown]
# In section 9 we shall see what of it is left after training.

# %% [markdown]
# ## 4 · A DCGAN by hand
#
# In 2015 Radford, Metz and Chintala published what had worked for them: **DCGAN**, deep convolutional GAN. Ours is cut
# down to 28 × 28 pixels and a few maps, so that it trains in seconds. The generator:


# %%
def make_generator():
    return nn.Sequential(
        nn.Linear(64, 16 * 7 * 7, bias=False),
        nn.Unflatten(1, (16, 7, 7)),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
        nn.Tanh(),
    )


# %% [markdown]
# Why `bias=False` before a batch norm? Batch norm subtracts the mean over the batch, and with it any constant. A bias
# there would be a number that nothing depends on:

# %%
x = torch.randn(32, 8, 5, 5)
norm = nn.BatchNorm2d(8)
claim("adding a constant to each map changes nothing", norm(x + torch.randn(1, 8, 1, 1)).allclose(norm(x), atol=1e-4))

# %% [markdown]
# ### The discriminator: a CNN that takes both kinds
#
# It gets real and generated pictures, in batches of their own, and gives one number for each. You will read that this
# number is "a probability". In code it had better be a **logit** $\ell$; the probability is $\sigma(\ell)$, and the
# loss does that step itself (chapter 41, section 2).


# %%
def make_discriminator():
    return nn.Sequential(
        nn.Conv2d(1, 8, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 16, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 1),
    )


G, D = make_generator(), make_discriminator()
claim("together 55,386 parameters", size(G) + size(D) == 55_386)
claim("about a quarter of chapter 41's MLP pair", 0.25 < 55_386 / (114_064 + 100_609) < 0.26)

# %% [markdown]
# Send one batch through, layer by layer, and read the shapes. Most errors in convolutional networks are errors in this
# list:

# %%
x = torch.randn(5, 64)
for layer in [*G, *D]:
    before, x = tuple(x.shape[1:]), layer(x)
    if tuple(x.shape[1:]) != before:
        print(f"{type(layer).__name__:16} {before!s:14} → {tuple(x.shape[1:])}")

# %% [markdown]
# ## 5 · Train, and look inside
#
# The loop of chapter 41 serves as it is. For it doesn't care what the networks are made of.


# %%
def step_by_hand(G, D, opt_g, opt_d, real, z):
    fake = G(z)
    loss_d = F.softplus(-D(real)).mean() + F.softplus(D(fake.detach())).mean()  # labels 1 and 0
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()

    loss_g = F.softplus(-D(fake)).mean()  # label 1: the non-saturating loss
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()


def adam(net, lr=2e-3):
    return torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999))


# %% [markdown]
# (The paper's learning rate is ten times smaller, 2e-4. We are in a hurry; section 9 has both.)
#
# **Before you run the next cell:** the MLPs made speckles. What will this one do wrong instead?

# %%
device.seed_everything(0)
G, D = make_generator().to(here), make_discriminator().to(here)
opt_g, opt_d = adam(G), adam(D)
same_noise, film = torch.randn(8, 64, device=here), {}
with training.progress_bar(300) as bar:
    for step in range(301):
        if step in (0, 60, 150, 300):
            film[f"step {step}"] = G(same_noise).detach()
        real = clothes[torch.randint(len(clothes), (32,), device=here)]
        step_by_hand(G, D, opt_g, opt_d, real, torch.randn(32, 64, device=here))
        bar.update()
plotting.image_grid(film)

# %% [markdown]
# First a cloud, then something with outlines, a leg here and a sole there. No speckles now. Instead a **grid** lies
# over everything, the checkerboard of section 3. Small network, few steps, large learning rate, and you see how it is
# built.

# %%
with torch.no_grad():
    forged = G(torch.randn(1000, 64, device=here)).cpu()
grid_share = checkerboard(forged)
claim(
    "more than 1.5 times as much checkerboard as in real pictures", grid_share > 1.5 * real_share, measured=grid_share
)

# %% [markdown]
# Now look at one picture on its way. Each small square is one map:


# %%
def mosaic(maps):
    maps = (maps - maps.amin((-2, -1), keepdim=True)) / (
        maps.amax((-2, -1), keepdim=True) - maps.amin((-2, -1), keepdim=True) + 1e-6
    )
    maps = F.pad(maps, (0, 1, 0, 1), value=1.0)  # a white line between two maps
    columns = 4 if len(maps) > 1 else 1
    return torch.cat([torch.cat(list(row_), dim=-1) for row_ in maps.split(columns)], dim=-2)


@torch.no_grad()
def inside(net, x, wanted):
    found = []
    for number, layer in enumerate(net):
        x = layer(x)
        if number in wanted:
            found.append(mosaic(x[0].cpu()))
    return found, x


# %%
up_maps, forgery = inside(G, same_noise, (3, 6, 8))
down_maps, _ = inside(D, forgery, (1, 3))
panels = [same_noise[0].view(8, 8).cpu(), *up_maps, *down_maps]
titles = ["noise", "G: 16 × 7 × 7", "G: 8 × 14 × 14", "picture", "D: 8 × 14 × 14", "D: 16 × 7 × 7"]
colors = ["0.3", *[plotting.FAKE] * 3, *[plotting.DISC] * 2]
figure, axes = plt.subplots(2, 3, figsize=(6.6, 4.4))
for ax, panel, title, color in zip(axes.flat, panels, titles, colors, strict=True):
    ax.imshow(panel, cmap="gray")
    ax.set_title(title, color=color)
    ax.axis("off")
plt.show()

# %% [markdown]
# At 7 × 7 the generator decides what is where; at 14 × 14 you see the garment, in several versions, and the grid is
# there already. The last layer mixes them. The discriminator's first maps are outlines and areas, its second ones
# coarse answers that no longer look like anything.
#
# How good is it? As in chapter 41: the Fréchet distance in the features of a small classifier of clothes, with the
# **floor** (real against real) and with pictures that need no GAN. *10 means* are the mean pictures of the ten classes,
# a blur each; *1 Gaussian* has the mean and covariance of all pixels, *10 Gaussians* those of each class.
#
# **Predict:** which of them is nearer to the data than our GAN?


# %%
def gaussian(x, n):
    """Samples with the mean and the covariance of x: random mixtures of all its deviations."""
    mixtures = torch.randn(n, len(x)) / (len(x) - 1) ** 0.5
    return (x.mean(dim=0) + mixtures @ (x - x.mean(dim=0))).clamp(-1, 1)


def baselines(images):
    x, y = images.tensor(flat=True), images.labels
    device.seed_everything(0)
    return {
        "10 means": torch.stack([x[y == k].mean(dim=0) for k in range(10)]).repeat(100, 1),
        "1 Gaussian": gaussian(x, 1000),
        "10 Gaussians": torch.cat([gaussian(x[y == k], 100) for k in range(10)]),
    }


# %% tags=["nbval-ignore-output"]
closet = metrics.Reference("fashion_mnist", clothes[:5000])
first = closet.frechet(forged)
simple = {name: closet.frechet(pictures) for name, pictures in baselines(fashion).items()}
print(f"floor {closet.floor(1000):.1f}; " + "; ".join(f"{name} {value:.0f}" for name, value in simple.items()))

# %%
claim("our first DCGAN, after 300 steps: 12 to 45, far from the floor", 12 < first < 45, measured=first)
claim("ten Gaussians are nearer", simple["10 Gaussians"] < first, measured=first)

# %% [markdown]
# Numbers and eyes agree: rough. It is about as far away as one Gaussian or ten blurs, and ten Gaussians are much
# nearer. (They were given the labels.) But 300 batches of 32 are one look at the 10,000 pictures. Keep both in mind
# in the next sections.

# %% [markdown]
# ## 6 · The library's pair is the same
#
# `gan_edu.nets` has this generator and this discriminator. Same number of parameters; are they the same *functions*?
# The library keeps its maps with the channel last in memory (faster on a CPU), so the 784 outputs of the first layer
# come in another order. We hand our weights over, sorted:


# %%
def hand_over(G, D, theirs_g, theirs_d):
    first, last = G[0].weight.data, D[5].weight.data
    theirs_g.project.weight.data = first.view(16, 7, 7, 64).permute(1, 2, 0, 3).reshape(784, 64).clone()
    for mine, its in [(2, 1), (4, 3), (5, 4), (7, 6)]:
        theirs_g.layers[its].load_state_dict(G[mine].state_dict())
    for mine, its in [(0, 0), (2, 2)]:
        theirs_d.layers[its].load_state_dict(D[mine].state_dict())
    theirs_d.layers[5].weight.data = last.view(1, 16, 7, 7).permute(0, 2, 3, 1).reshape(1, 784).clone()
    theirs_d.layers[5].bias.data = D[5].bias.data.clone()


device.seed_everything(1)
G, D = make_generator().double(), make_discriminator().double()
theirs_g, theirs_d = nets.DCGANGenerator(64, 8).double(), nets.DCGANDiscriminator(8).double()
claim("as many parameters", size(G) == size(theirs_g) and size(D) == size(theirs_d))
hand_over(G, D, theirs_g, theirs_d)

# %%
z, x = torch.randn(8, 64, dtype=torch.float64), clothes[:8].double().cpu()
claim("the same pictures from the same noise", G(z).allclose(theirs_g(z), atol=1e-10))
claim("the same logits for the same pictures", D(x).squeeze(1).allclose(theirs_d(x), atol=1e-10))

# %% [markdown]
# Now both train for 20 steps, in double precision, on the same stream of random numbers: ours by `step_by_hand`, theirs
# by `training.train`.
#
# **Predict:** after 20 steps, to how many digits do the pictures agree?

# %%
gan = training.GAN(theirs_g, theirs_d, lr=2e-3, seed=5, device="cpu")  # betas=(0.5, 0.999) is its default
hand_over(G, D, gan.generator, gan.discriminator)
opt_g, opt_d, stream = adam(G), adam(D), device.generator(5)
for _ in training.train(gan, clothes.cpu(), steps=20, batch=16, progress=False):
    real = clothes.cpu()[torch.randint(len(clothes), (16,), generator=stream)].double()
    step_by_hand(G, D, opt_g, opt_d, real, torch.randn(16, 64, generator=stream, dtype=torch.float64))
difference = (G(z) - gan.generator(z)).abs().max()
claim("to eight digits at least", difference < 1e-8, measured=difference)

# %% [markdown]
# So from here on we may say "the library's pair" and mean the thirty lines above.

# %% [markdown]
# ## 7 · How a network starts
#
# The DCGAN paper draws all weights from $N(0, 0.02^2)$, and most programs have copied that number ever since. Why 0.02?
# The paper doesn't say. Here is one reading. A sum of $n$ inputs of size 1, with weights of size $\sigma$, has size
# $\sigma \sqrt n$. After a ReLU, which drops half of the power, the next layer is as large as this one if $\sigma =
# \sqrt{2/n}$ (He and others, 2015). So $\sigma = 0.02$ fits $n = 5000$:

# %%
before = torch.randn(500, 5000)  # what 5,000 units hold before their ReLU
after = before.relu() @ (0.02 * torch.randn(5000, 500))
power = after.square().mean()
claim("5,000 inputs, N(0, 0.02²): as large after the layer as before (±15 %)", 0.85 < power < 1.15, measured=power)

# %% [markdown]
# The paper's widest transposed convolution has 1,024 maps at 4 × 4, and each pixel of its output sees about $1024 \cdot
# 5^2 / 2^2 = 6400$ of their numbers: 0.02 is about right *there*. Ours has 16 maps: $16 \cdot 4^2/2^2 = 64$ inputs.
#
# **Predict:** ours, started with 0.02: how much will its pictures differ from one noise vector to the next? With batch
# norm? Without?


# %%
def spread(net):
    """By how much pixels differ from one noise vector to the next (−1 … 1 is all there is)."""
    return net(torch.randn(500, 64)).std(dim=0).mean().item()


def without_norm(net):
    return nn.Sequential(*[layer for layer in net if not isinstance(layer, nn.BatchNorm2d)])


born = {}
for seed in range(3):
    device.seed_everything(seed)
    for name, change in {"batch norm": lambda net: net, "none": without_norm}.items():
        for start, init in {"default": lambda net: net, "0.02": nets.initialize_normal}.items():
            born.setdefault(f"{name}, {start}", []).append(spread(init(change(make_generator()))))

# %%
print({name: f"{min(values):.1g}" for name, values in born.items()})
claim("no batch norm, 0.02: less than 0.003", max(born["none, 0.02"]) < 0.003, measured=born)
claim("with batch norm: at least 20 times as much", min(born["batch norm, 0.02"]) > 20 * max(born["none, 0.02"]))
claim("PyTorch's own start and batch norm: more than 0.1", min(born["batch norm, default"]) > 0.1, measured=born)

# %% [markdown]
# Without batch norm the noise hardly reaches the picture. Batch norm rescues it, since it is blind to the size of the
# weights before it:
#
# $$ \mathrm{BN}(c\,W x) = \mathrm{BN}(W x) \quad (c > 0), \qquad
# \nabla L (c\,W) = \tfrac1c\, \nabla L (W) $$
#
# (up to the tiny ε inside BN). Only the last layer, which has no norm behind it, feels the 0.02.

# %%
x, target = torch.randn(64, 20), torch.randn(64, 10)
W = torch.randn(20, 10)
slopes, outputs = {}, {}
for c in (1.0, 10.0):
    weight = (c * W).requires_grad_()
    outputs[c] = F.batch_norm(x @ weight, None, None, training=True, eps=1e-12)
    slopes[c] = torch.autograd.grad((outputs[c] - target).square().mean(), weight)[0]
claim("ten times the weights: the same output", outputs[10.0].allclose(outputs[1.0], atol=1e-4))
claim("and a tenth of the gradient", (10 * slopes[10.0]).allclose(slopes[1.0], atol=1e-4))

# %% [markdown]
# What is left of the start, then? Adam moves each weight by about its learning rate, however large the weight is. So
# small weights *turn* faster: with batch norm, a small start acts like a larger learning rate. One more reason why
# settings can't be judged one by one.

# %% [markdown]
# ## 8 · Leaky or not: what an activation passes on
#
# ReLU is 0 on the left; LeakyReLU(0.2) keeps a fifth. For the generator, what counts is what the discriminator passes
# *back*: where a unit is off, ReLU sends no gradient, LeakyReLU a fifth of it. Where is a ReLU discriminator completely
# silent?

# %%
logit = torch.tensor([-3.0, -1.0, 0.5, 2.0], requires_grad=True)
for name, function in {"ReLU": F.relu, "LeakyReLU": lambda t: F.leaky_relu(t, 0.2), "tanh": torch.tanh}.items():
    (slope,) = torch.autograd.grad(function(logit).sum(), logit)
    print(f"{name:10} slope at -3, -1, 0.5, 2: {[round(s, 3) for s in slope.tolist()]}")


# %% [markdown]
# **Predict:** in an untrained discriminator, which share of the units of its second layer is off on a real picture?
# And the gradient that arrives at the pixels: how much shorter is it with ReLU?


# %%
def discriminator_with(activation):
    return nn.Sequential(
        *[activation() if isinstance(layer, nn.LeakyReLU) else layer for layer in make_discriminator()]
    )


def pixel_gradient(net):
    x = clothes[:200].cpu().requires_grad_()
    off = (net[:3](x) < 0).float().mean().item()
    return off, torch.autograd.grad(net(x).sum(), x)[0].norm().item()


shares, lengths = [], []
for seed in range(8):
    device.seed_everything(seed)
    net = discriminator_with(nn.ReLU)
    leaky_net = nn.Sequential(*[nn.LeakyReLU(0.2) if isinstance(layer, nn.ReLU) else layer for layer in net])
    shares.append(pixel_gradient(net)[0])
    lengths.append(pixel_gradient(net)[1] / pixel_gradient(leaky_net)[1])
claim(
    "same weights, eight seeds: a share between 0.2 and 0.8 is off",
    0.2 < min(shares) and max(shares) < 0.8,
    measured=shares,
)
claim("ReLU: 0.6 to 1.1 of the gradient at the pixels", 0.6 < min(lengths) and max(lengths) < 1.1, measured=lengths)

# %% [markdown]
# Somewhat shorter, no catastrophe. A *dead* unit, off for every picture, would be one; LeakyReLU can't have any.
#
# You may also have read that LeakyReLU (or a deeper network, or Adam) cures the **vanishing gradients of GANs**. That
# is another illness. It sits in the loss: a discriminator that is sure of a fake, at logit −10 say, leaves the
# saturating loss $\log(1 - D)$ a slope of $\sigma(-10)$, whatever its activations are. The non-saturating loss has
# $1 - \sigma(-10)$ ([chapter 32](32_optimal_discriminator.ipynb)).

# %%
sure = torch.tensor(-10.0)
claim("saturating: 0.000045", abs(sure.sigmoid().item() - 4.54e-5) < 1e-7)
claim("non-saturating: 0.99995", abs(1 - sure.sigmoid().item() - 0.99995) < 1e-5)

# %% [markdown]
# ## 9 · What does each choice do to the distance?
#
# Now the question that one really wants to ask. Here is the library's pair with switches:


# %%
def enlarge(maps_in, maps_out, subpixel):
    if subpixel:
        return [nn.Conv2d(maps_in, 4 * maps_out, 3, padding=1), nn.PixelShuffle(2)]
    return [nn.ConvTranspose2d(maps_in, maps_out, 4, stride=2, padding=1)]


def generator(batch_norm=True, subpixel=False):
    norm = (lambda maps: [nn.BatchNorm2d(maps)]) if batch_norm else (lambda maps: [])
    layers = [nn.Linear(64, 784), nn.Unflatten(1, (16, 7, 7)), *norm(16), nn.ReLU()]
    layers += [*enlarge(16, 8, subpixel), *norm(8), nn.ReLU(), *enlarge(8, 1, subpixel), nn.Tanh()]
    return nn.Sequential(*layers)


def discriminator(batch_norm=False, activation=lambda: nn.LeakyReLU(0.2)):
    layers = list(discriminator_with(activation))
    return nn.Sequential(*layers[:3], *([nn.BatchNorm2d(16)] if batch_norm else []), *layers[3:])


# %% [markdown]
# Batch norm in the discriminator makes the pictures of a batch depend on each other. So real and generated pictures
# should go through it in batches of their own, and a gradient penalty for each single picture makes no sense with it.
#
# Six versions, three seeds each, 120 steps. **Predict:** rank them.

# %%
choices = {
    "library's pair": (generator, discriminator),
    "N(0, 0.02²)": (lambda: nets.initialize_normal(generator()), lambda: nets.initialize_normal(discriminator())),
    "batch norm in D too": (generator, lambda: discriminator(batch_norm=True)),
    "no batch norm": (lambda: generator(batch_norm=False), discriminator),
    "ReLU in D": (generator, lambda: discriminator(activation=nn.ReLU)),
    "sub-pixel": (lambda: generator(subpixel=True), discriminator),
}
short, pictures = {}, {}
for name, makers in choices.items():
    for seed in range(3):
        G, D = ensemble.single_nets(*makers, seed)
        gan = training.GAN(G, D, lr=2e-3, noise_dim=64, seed=seed)
        samples = training.run(gan, clothes, steps=120, batch=32).sample(1000).cpu()
        short.setdefault(name, []).append(closet.frechet(samples))
        pictures.setdefault(name, []).append(samples)

# %%
_, ax = plt.subplots(figsize=(6.8, 4))
ax.set_yscale("log")
plotting.bars_with_floor(
    short,
    "Fréchet distance",
    floor=closet.floor(1000),
    baseline=simple["10 means"],
    ax=ax,
    colors=dict.fromkeys(short, plotting.FAKE),
)
ax.set_yticks([0.3, 1, 3, 10, 30, 100], ["0.3", "1", "3", "10", "30", "100"])
plt.show()

# %%
plotting.image_grid({name: each[0][:8] for name, each in pictures.items()})

# %% [markdown]
# The dash-dotted line is *10 means*: after 120 steps all six are about as far away as a blur. They are hardly apart,
# and the seeds of one version differ about as much as the versions do:

# %%
values = {name: torch.tensor(each) for name, each in short.items()}
medians = torch.stack([each.median() for each in values.values()])
spreads = torch.stack([each.max() - each.min() for each in values.values()])
every = torch.cat(list(values.values()))
claim("all 18 runs: between 14 and 90", 14 < every.min() and every.max() < 90, measured=short)
claim(
    "the widest version spans more than half of the range of all medians",
    spreads.max() > 0.5 * (medians.max() - medians.min()),
    measured=short,
)
claim("and more than 4 from its best seed to its worst", spreads.max() > 4, measured=short)
claim("ten Gaussians beat every run, twice over", every.min() > 2 * simple["10 Gaussians"], measured=short)

# %% [markdown]
# Whoever had run one seed of each could have "shown" nearly anything. One thing, though, you may have seen in the
# pictures. **Predict:** in which version will checkerboards be rarest? In sub-pixel's?

# %% tags=["nbval-ignore-output"]
boards = {name: torch.tensor([checkerboard(each) for each in pictures[name]]) for name in pictures}
for name, share in boards.items():
    print(f"{name:20} {100 * share.median().item():.0f} %")

# %%
claim(
    "sub-pixel and transposed: both medians above 1.5 times the share in real pictures",
    min(boards["sub-pixel"].median(), boards["library's pair"].median()) > 1.5 * real_share,
    measured=[boards, real_share],
)

# %% [markdown]
# Not in sub-pixel's: started at random, its four maps differ, as section 3 warned. The least have the small initial
# weights, but look at their pictures: these networks still draw flat silhouettes. Three seeds are too few to claim even
# that.
#
# 🔎 **Try it.** Give them 400 steps, and measure again. Or start the sub-pixel layers with four equal maps.

# %% [markdown]
# Would the choices part in a longer run? Here are nine versions after 1,000 steps of batches of 64, three seeds each,
# with our optimiser (`benchmarks/dcgan_choices.py`, too long to run here):
#
# | distance, three seeds | rate 2e-3 |
# |---|---|
# | the library's pair | 20.7, 22.3, 22.5 |
# | N(0, 0.02²) | 21.0, 22.3, 23.8 |
# | batch norm in D too | 17.3, 19.9, 20.1 |
# | batch norm in D too, N(0, 0.02²) | 16.5, 18.4, 19.2 |
# | batch norm in D only | 20.5, 21.4, 23.2 |
# | no batch norm | 22.3, 23.7, 24.5 |
# | no batch norm, N(0, 0.02²) | 21.9, 26.8, 28.6 |
# | ReLU in D | 18.7, 19.0, 24.1 |
# | sub-pixel | 17.9, 19.2, 20.0 |

# %% [markdown]
# Now something shows. Sub-pixel, no better than the others after 120 steps, lies below the library's pair in all
# three seeds. So does batch norm on both sides, and nearest of all is what the paper recommends as a whole: batch
# norm on both sides *and* N(0, 0.02²). The same small start *without* batch norm is at the far end: section 7's
# network whose noise hardly reached the picture.
#
# How sure is that? If nothing differed at all, three runs would lie below three others with a chance of 1 in 20
# (there are 20 ways to choose three of six). With eight versions to compare, *one* such finding would be no news;
# three of them are a hint that is worth eight seeds each. And no choice is fatal. At 28 × 28, with two layers, a GAN
# forgives a lot.

# %% [markdown]
# At the paper's learning rate, 2e-4, we only have the first two rows: 23.8 to 25.8 for the library's pair, 27.2 to
# 29.8 with N(0, 0.02²). If a small start were nothing but a larger learning rate, as section 7 suggests, it should
# have helped there. So that isn't the whole story: the last layer, with no norm behind it, starts all but grey.

# %% [markdown]
# ## 10 · An MLP against a convolutional discriminator
#
# One of the articles that this course started from lets chapter 41's small generator, 100 → 128 → 784, play against a
# convolutional discriminator: three layers of 5 × 5 windows with stride 2 and 64, 128 and 256 maps. Its program can't
# run. What its parts are *for*, and what does that in PyTorch:
#
# | part | what is wrong | what it takes |
# |---|---|---|
# | `generator(z, reuse)` | scopes beside gradient tapes: nobody owns the weights | a module, made once |
# | `discriminator(image, reuse)` | wants a channel axis, gets (N, 28, 28) | `Unflatten` to (N, 1, 28, 28) |
# | `loss(logits, labels)` | right: cross-entropy on logits | `softplus`, as above |
# | `train`, two tapes | one optimiser for both; labels for G come from outside | two optimisers; G's label is 1 |
# | epochs over `dataset` | the same `z` at every step; no data, no scaling | fresh `z`; pixels in −1 … 1 |


# %%
def mlp_generator():
    layers = [nn.Linear(100, 128), nn.LeakyReLU(0.2), nn.Linear(128, 784), nn.Tanh()]
    return nn.Sequential(*layers, nn.Unflatten(1, (1, 28, 28)))


def conv_discriminator(maps=8):
    layers = []
    for i, o in [(1, maps), (maps, 2 * maps), (2 * maps, 4 * maps)]:
        layers += [nn.Conv2d(i, o, 5, stride=2, padding=2), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * maps * 4 * 4, 1))


full = size(conv_discriminator(64))
claim(
    "full size: 1,030,145 parameters in D, nine times the 114,064 of G",
    full == 1_030_145 and 9 < full / size(mlp_generator()) < 9.1,
)

# %% [markdown]
# A generator that doesn't know what neighbours are, against a discriminator that sees nothing else. We take 8, 16 and
# 32 maps, 300 steps, digits, three seeds, and let it happen three times:
#
# - **plain**: the discriminator's learning rate is twice the generator's
# - **with R1**: the same, and the discriminator pays for steepness at real pictures,
#   $\frac{\gamma}{2}\, \mathbb E\, \lVert \nabla_x \ell(x) \rVert^2$, with $\gamma = 10$
#   ([chapter 33](33_dynamics.ipynb))
# - **other rates**: no penalty, but now the generator's rate is four times the discriminator's
#
# "It works" shall mean: nearer to the digits than *one Gaussian*, in every seed.
#
# **Predict:** which of the three reach it?

# %% tags=["nbval-ignore-output"]
mnist = data.images("mnist")
digits = mnist.tensor(device=here)
book = metrics.Reference("mnist", digits[:5000])
rivals = {name: book.frechet(x) for name, x in baselines(mnist).items()}
print(f"floor {book.floor(1000):.1f}; " + "; ".join(f"{name} {value:.0f}" for name, value in rivals.items()))


def play(makers, seed, steps=300, **settings):
    G, D = ensemble.single_nets(*makers, seed)
    gan = training.GAN(G, D, betas=(0.0, 0.999), noise_dim=100, seed=seed, **settings)
    training.run(gan, digits, steps, batch=32)
    samples = gan.sample(1000).cpu()
    end = {key: torch.tensor(gan.history.columns[key][-50:]).mean().item() for key in ("d_real", "d_fake")}
    kinds = (metrics.classify(samples, "mnist").argmax(dim=1).bincount(minlength=10) > 20).sum().item()
    return {"samples": samples, "distance": book.frechet(samples), "kinds": kinds, **end}


# %%
settings = {
    "plain": {"lr": (1e-3, 2e-3)},
    "with R1": {"lr": (1e-3, 2e-3), "penalties": {"r1": 10.0}, "penalty_every": 4},
    "other rates": {"lr": (4e-3, 1e-3)},
}
pair = (mlp_generator, conv_discriminator)
games = {name: [play(pair, seed, **each) for seed in range(3)] for name, each in settings.items()}
plotting.image_grid({name: each[0]["samples"][:8] for name, each in games.items()})


# %%
def of(key, games):
    return {name: torch.tensor([game[key] for game in each]) for name, each in games.items()}


far, on_real, on_fake = of("distance", games), of("d_real", games), of("d_fake", games)
kinds = of("kinds", games)
claim(
    "plain: D says more than 0.8 to real digits and less than 0.2 to forged ones, in every seed",
    on_real["plain"].min() > 0.8 and on_fake["plain"].max() < 0.2,
    measured=[on_real, on_fake],
)
claim("plain: further away than one Gaussian, and at most two kinds of digits",
      far["plain"].min() > rivals["1 Gaussian"] and kinds["plain"].max() <= 2, measured=[far, kinds])  # fmt: skip
claim("with R1 no seed of D is that sure", on_real["with R1"].max() < 0.75 and on_fake["with R1"].min() > 0.25)
claim("and each is nearer than every plain one", far["with R1"].max() < far["plain"].min(), measured=far)
claim("other rates: every seed works", far["other rates"].max() < rivals["1 Gaussian"], measured=far)
claim("with at least four kinds of digits", kinds["other rates"].min() >= 4, measured=kinds)

# %% [markdown]
# Played plainly, the discriminator wins at once: it knows nine in ten, and the generator draws one and the same smear
# for every noise vector. That's the failure that we expected. R1 forbids the discriminator to be so sure, and the same
# generator gets to strokes, about as near as one Gaussian after these few steps.
#
# The third row is the surprise. No penalty, only other learning rates, and it is the best of the three. So "an MLP
# can't play against a convolutional discriminator" is wrong, and "R1 is needed" is too. What decides is the
# *balance*, and there are several ways to it. We tried a handful of rates and three strengths of R1 on one seed before
# we wrote this; a better tuned R1 might well win.
#
# And in the long run, with settings near the article's: batches of 128, both rates 2e-4, a quarter of its maps, one
# seed each (`benchmarks/article_systems.py`, about two minutes of one core for each line):
#
# | 3,500 steps | distance | kinds of digits | D on real | D on forged |
# |---|---|---|---|---|
# | plain | 63.5 | 2 | 0.99 | 0.01 |
# | with R1, γ = 1 | 20.4 | 8 | 0.74 | 0.29 |
#
# There R1 makes all the difference.

# %% [markdown]
# ## 11 · A convolutional generator against an MLP
#
# Another of the articles has it the other way round: a generator 100 → 256 → 512 → 7·7·256 that should end in a 28 × 28
# picture, and an MLP 784 → 512 → 256 → 1 as discriminator. Its program can't run either:
#
# | part | what is wrong | what it takes |
# |---|---|---|
# | `generator_model` | ends in 7 × 7 × 3: nothing enlarges it | two transposed convolutions, 7 → 14 → 28, one channel |
# | `discriminator_model` | fine in itself; ReLU, no dropout | leaky ReLU, dropout, a logit |
# | optimisers, noise | two are made, none is used | one for each network |
# | 1,000 "epochs" | no real picture ever; fakes labelled *real* | real → 1, fake → 0 |
# | "train the generator" | trains the discriminator once more | G's loss through D, G's optimiser |
# | the explanation | "generates 28 × 28 pictures": it would not | what you see below |
#
# And an "epoch" there is one batch of 128:

# %%
claim("1,000 batches of 128 are about two epochs of MNIST's 60,000", 2 < 1000 * 128 / 60_000 < 2.2)


def conv_generator(maps=16):
    return nn.Sequential(
        *[nn.Linear(100, 256), nn.ReLU(), nn.Linear(256, 512), nn.BatchNorm1d(512), nn.ReLU()],
        *[nn.Linear(512, 49 * maps), nn.BatchNorm1d(49 * maps), nn.ReLU(), nn.Unflatten(1, (maps, 7, 7))],
        *[nn.ConvTranspose2d(maps, maps // 2, 4, stride=2, padding=1), nn.BatchNorm2d(maps // 2), nn.ReLU()],
        *[nn.ConvTranspose2d(maps // 2, 1, 4, stride=2, padding=1), nn.Tanh()],
    )


def mlp_discriminator():
    layers = [nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Dropout(0.3), nn.Linear(512, 256), nn.LeakyReLU(0.2)]
    return nn.Sequential(nn.Flatten(), *layers, nn.Dropout(0.3), nn.Linear(256, 1))


# %% [markdown]
# First the shapes, since they were the undoing of the original. What does the discriminator say to a 7 × 7 × 3 picture?

# %%
try:
    mlp_discriminator()(torch.zeros(2, 3, 7, 7))
    said = "nothing"
except RuntimeError as error:
    said = str(error)
claim("it refuses: 147 numbers don't fit 784", "147" in said and "784" in said, measured=said)
claim("ours makes 28 × 28", conv_generator()(torch.randn(2, 100)).shape == (2, 1, 28, 28))
claim("with 256 maps as in the article: 7,145,345 parameters", size(conv_generator(256)) == 7_145_345)

# %% [markdown]
# Sixteen maps instead of 256, and the rates with which the MLP of section 10 did well.
#
# **Predict:** this discriminator has 530,000 parameters and can't tell neighbours from strangers. Who wins?

# %%
games["conv against MLP"] = [play((conv_generator, mlp_discriminator), seed, lr=(4e-3, 1e-3)) for seed in range(3)]
plotting.image_grid({f"seed {seed}": game["samples"][:8] for seed, game in enumerate(games["conv against MLP"])})

# %%
last = "conv against MLP"
far, on_real, on_fake, kinds = (of(key, games) for key in ("distance", "d_real", "d_fake", "kinds"))
claim("every seed works: nearer than one Gaussian", far[last].max() < rivals["1 Gaussian"], measured=far)
claim("with at least four kinds of digits", kinds[last].min() >= 4, measured=kinds)
claim(
    "D's means lie within 0.1 of ½: 0.52 on real, 0.51 on forged digits, about",
    (on_real[last] - 0.5).abs().max() < 0.1 and (on_fake[last] - 0.5).abs().max() < 0.1,
    measured=[on_real[last], on_fake[last]],
)

# %%
medians = {name: values.median() for name, values in far.items()}
ratio = medians[last] / medians["other rates"]
claim("the medians of the last two are within a factor of 1.6", 1 / 1.6 < ratio < 1.6, measured=medians)
_, ax = plt.subplots(figsize=(6.8, 3.8))
ax.set_yscale("log")
plotting.bars_with_floor(
    {name: values.tolist() for name, values in far.items()},
    "Fréchet distance (digits)",
    floor=book.floor(1000),
    baseline=rivals["1 Gaussian"],
    ax=ax,
    colors=dict.fromkeys(far, plotting.FAKE),
)
ax.set_yticks([0.3, 1, 3, 10, 30, 100], ["0.3", "1", "3", "10", "30", "100"])
plt.show()

# %% [markdown]
# Nobody wins, and that is what you want: the generator knows about neighbours, and the discriminator, blind to them,
# can be fooled for long. Its pictures are smooth where those of the MLP generator are speckled. The number hardly sees
# it: our classifier doesn't mind speckles that don't change the digit.
#
# And $D = ½$ proves nothing by itself, you remember (chapter 41, section 7). It is a good sign *together* with the
# distance.
#
# At full length (`benchmarks/article_systems.py`: 64 maps, batches of 128, both rates 2e-4, one seed):
#
# | steps | distance | kinds of digits | D on real | D on forged |
# |---|---|---|---|---|
# | 400 | 357 | 1 | 0.69 | 0.42 |
# | 1,200 | 30.8 | 8 | 0.56 | 0.44 |
# | 2,000 | 16.0 | 10 | 0.54 | 0.47 |
#
# With the usual rates it needs patience: after 400 steps it is much further away than ten blurs.

# %% [markdown]
# ## What all this does not show
#
# - **That DCGAN's rules are useless.** The paper is about deeper networks on 64 × 64 colour pictures.
#   We looked at two layers and short runs.
# - **Which choice is best.** One learning rate for all versions is a test of the versions *at that rate*.
# - **How good such a network can get.** With 32 maps, all 60,000 pictures, R1 and an average of the weights it came to
#   2.5 in two minutes (`benchmarks/README.md`). Chapter 43 shows the recipe.
# - **What the features don't see.** Speckles and checkerboards hardly count for our classifier. We had to measure the
#   checkerboards apart.

# %% [markdown]
# ## Help, I get …
#
# ### `… expected input[1, 32, 28, 28] to have 1 channels, but got 32 channels instead`
# The channel axis is missing: pictures are (N, 1, 28, 28), not (N, 28, 28). `x.unsqueeze(1)` adds it.
#
# ### Pictures of 27, 29 or 30 pixels
# A window, stride or padding that doesn't double the size. Compute it: $(n - 1)s - 2p + k$. For $s = 2$ take $k = 4,
# p = 1$.
#
# ### `mat1 and mat2 shapes cannot be multiplied`
# The linear layer behind `Flatten` expects another number. Send one batch through, layer by layer, as in section 4.
#
# ### A regular pattern of dots or stripes
# A window that the stride doesn't divide, or large random weights at the start (section 9). Compare its share with that
# of *real* pictures before you call it an artefact.
#
# ### Fine while training, worse with `G.eval()`
# In `eval()` batch norm uses running averages of earlier batches. After few steps, or at a high learning rate, they lag
# behind the weights. Sample in `train()` mode, or train longer with a smaller rate at the end.

# %% [markdown]
# ## Recap
#
# - A convolution shares its weights between places; its size is $\lfloor (n + 2p - k)/s \rfloor + 1$. The transposed
#   one goes back up: $(n - 1)s - 2p + k$.
# - Most bugs are shapes. Print them once, layer by layer.
# - Batch norm is blind to the size and the bias of what comes before it. Without it, small
#   initial weights let hardly any noise through.
# - In a short run the distance can't tell DCGAN's choices apart; after 1,000 steps the paper's recipe was nearest, by
#   little. Ten Gaussians beat them all.
# - Who wins is a matter of balance: the same MLP generator lost, survived with R1, and did best with other rates.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Why is a transposed convolution not the inverse of a convolution?</summary>
#
# A convolution with stride throws information away: 784 numbers become 196. The transpose goes from 196 to 784, with
# the same weights, but it can't know what was lost. It undoes the *shape*, not the values.
#
# </details>
#
# <details><summary>Ten times larger weights before a batch norm: what changes?</summary>
#
# Nothing in the output. The gradient for these weights becomes a tenth, and so each step of Adam, which has always
# about the same length, turns them ten times less.
#
# </details>
#
# <details><summary>Somebody shows that ReLU in D gives 28.5 and LeakyReLU 26.9. What do you say?</summary>
#
# That seeds of one and the same version differ by more than that (section 9). And I ask for floor and baselines.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Radford, Metz and Chintala 2015, DCGAN](https://arxiv.org/abs/1511.06434): a page of rules that a whole field
#   copied, and arithmetic with faces.
# - [Dumoulin and Visin 2016, A guide to convolution arithmetic](https://arxiv.org/abs/1603.07285): every formula of
#   sections 1 and 2, with pictures that move in its repository.
# - [Odena and others 2016, Deconvolution and checkerboard artifacts](https://distill.pub/2016/deconv-checkerboard/):
#   where the patterns come from; try its sliders.
# - [Shi and others 2016, Is the deconvolution layer the same as a convolutional
#   layer?](https://arxiv.org/abs/1609.07009): the equality of section 3, by those who proposed sub-pixel convolution.
# - [Aitken and others 2017, Checkerboard artifact free sub-pixel convolution](https://arxiv.org/abs/1707.02937): the
#   start with equal maps.
# - [He and others 2015, Delving deep into rectifiers](https://arxiv.org/abs/1502.01852): where the $\sqrt{2/n}$ of
#   section 7 comes from, and for which networks.
# - [Mescheder and others 2018, Which training methods for GANs do actually
#   converge?](https://arxiv.org/abs/1801.04406): R1, and why it calms the game.

# %% [markdown]
# ## Key terms
#
# | English | 中文 | Meaning |
# |---|---|---|
# | convolution | 卷积 | one small window of weights, applied in every place |
# | feature map | 特征图 | what one kernel gives, place by place |
# | stride, padding | 步幅、填充 | how far the window moves; what is added at the edges |
# | transposed convolution | 转置卷积 | writes into windows instead of reading them; makes maps larger |
# | sub-pixel convolution | 亚像素卷积 | four small maps, interleaved into one of twice the size |
# | checkerboard artefact | 棋盘效应 | a pattern that alternates from pixel to pixel |
# | batch normalisation | 批归一化 | gives each map mean 0 and variance 1 over the batch |
# | initialisation | 初始化 | from which random weights training starts |
# | gradient penalty (R1) | 梯度惩罚 | makes the discriminator pay for steepness at real pictures |
