# %% [markdown]
# # 25 · AE, VAE, GAN: on equal terms
#
# *Which model draws best? Here three of them get the same decoder, the same data and the same number of steps, and you
# see how much of the answer depends on choices that are often not mentioned.*
#
# > **You will be able to**
# > - compare generative models fairly, and list what still differs
# > - say what averaging the weights does, for each model
# > - read precision, recall and roughness beside a distance
# > - find out whether a search failed, or whether there was nothing to find
# > - walk between two pictures, and say what goes wrong half-way
# >
# > **Before you start** [24 · from autoencoders to VAEs](24_from_autoencoders_to_vaes.ipynb): codes, clouds, the KL,
# > and the Fréchet distance with its floor. [21 · the adversarial game](21_the_adversarial_game.ipynb) for the GAN.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used if there is one):
# > {{gpu_time}}

# %% [markdown]
# ## The idea in a picture
#
# All three models have the same decoder: 16 numbers become a picture. Only its partner differs. In the **AE** and the
# **VAE** an encoder gives it codes of real pictures, and the loss compares pictures. In the **GAN** the decoder is
# called the generator, its codes are noise, and a discriminator says how real the result looks.

# %% jupyter={"source_hidden": true}
import copy
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.mixture import GaussianMixture
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)  # small nets: a second CPU thread would mostly wait for the first

# %% jupyter={"source_hidden": true}
here = device.pick()  # a GPU if there is one, or else the CPU
x = data.images("mnist").tensor(flat=True, low=0.0, device=here)  # (10000, 784): to learn from; black is 0
y = data.images("mnist", split="test").tensor(flat=True, low=0.0, device=here)  # (2000, 784): never used in training

# %% jupyter={"source_hidden": true}
figure, ax = plt.subplots(figsize=(6.8, 3.2))
box = {"boxstyle": "round,pad=0.4", "linewidth": 1.5}
inside = {"ha": "center", "va": "center", "fontsize": 11}
rows = {
    "AE": ("real digit", "encoder", "a point"),
    "VAE": ("real digit", "encoder", "a cloud"),
    "GAN": ("", "", "noise"),
}
for height, (name, (picture, encoder, code)) in zip((2, 1, 0), rows.items(), strict=True):
    ax.text(-0.9, height, name, weight="bold", **inside)
    judge = "discriminator" if name == "GAN" else "compare with the digit"
    places = {0: picture, 1.35: encoder, 2.7: code, 4.05: "decoder", 6.2: judge}
    boxes = {}
    for place, text in places.items():
        if text:
            fill, edge = ("0.9", "black") if text == "decoder" else ("white", plotting.DISC)
            look = box | {"facecolor": fill, "edgecolor": edge}
            boxes[place] = ax.text(place, height, text, bbox=look, **inside).get_bbox_patch()
    for (left, from_box), (right, to_box) in pairwise(boxes.items()):
        arrow = {"arrowstyle": "->", "linewidth": 1.8, "color": "0.3", "shrinkA": 2, "shrinkB": 2}
        ends = {"patchA": from_box, "patchB": to_box}
        ax.annotate("", (right, height), (left, height), arrowprops=arrow | ends)
ax.set(xlim=(-1.2, 7.5), ylim=(-0.5, 2.5))
ax.axis("off")
plt.show()

# %% [markdown]
# After the training only the decoder draws. Where do its codes come from then, and how good are the pictures?

# %% [markdown]
# ## 1. Equal terms
#
# **The same for all:** the decoder and its first weights, 10,000 digits, 1,000 updates with 64 digits each, three
# seeds.
#
# **Not the same:**
#
# - the partner: an encoder, or a discriminator of the encoder's size;
# - the optimiser's settings: AE and VAE use Adam with rate 0.003. The GAN uses 0.004 for the generator and 0.002 for
#   the discriminator, without momentum. These were tried out briefly, for each model;
# - the work: in one update the GAN passes pictures through its networks about twice as often.
#
# One more thing is often forgotten. GANs are usually drawn from an **average of the weights**, and other models often
# from the last ones. The average (EMA) keeps 99 % of itself at each step and takes 1 % of the current weights. So it
# leaves out the jitter of the last steps. We keep both kinds of weights, *for all three models*.


# %% jupyter={"source_hidden": true}
def make_nets(seed, outputs):
    device.seed_everything(seed)
    decoder = nets.mlp([16, 200, 784], activation="relu")  # first: so one seed means one decoder for all models
    return nn.ModuleList([nets.mlp([784, 200, outputs], activation="relu"), decoder]).to(here)


def loss_of(both, batch, stream):
    """Of an AE (stream is None) or a VAE: chapter 24."""
    code, kl = both[0](batch), 0.0
    if stream is not None:
        mean, log_variance = code.chunk(2, dim=1)
        code = mean + (0.5 * log_variance).exp() * torch.randn(mean.shape, generator=stream, device=here)
        kl = objectives.gaussian_kl(mean, log_variance).mean()
    return F.binary_cross_entropy_with_logits(both[1](code), batch, reduction="sum") / len(batch) + kl


# %%
def learn(seed, variational, steps=1000, decay=0.99):
    """An AE or a VAE, as encoder and decoder: {"last": with its last weights, "averaged": with their average}."""
    both = make_nets(seed, outputs=32 if variational else 16)
    average = copy.deepcopy(both).requires_grad_(False)
    adam = torch.optim.Adam(both.parameters(), lr=3e-3, fused=here.type != "mps")
    order, noise = device.generator(seed, here), device.generator(100 + seed, here) if variational else None
    for step in range(1, steps + 1):
        loss = loss_of(both, x[torch.randint(len(x), (64,), generator=order, device=here)], noise)
        adam.zero_grad()
        loss.backward()
        adam.step()
        share = (1 - decay) / (1 - decay**step)  # 1 at first, soon 0.01: how much the current weights count
        for mine, current in zip(average.parameters(), both.parameters(), strict=True):
            mine.lerp_(current.detach(), share)
    return {"last": both.requires_grad_(False), "averaged": average}


seeds = (0, 1, 2)
models = {"AE": [learn(s, variational=False) for s in seeds], "VAE": [learn(s, variational=True) for s in seeds]}


# %%
def make_generator():
    return nn.Sequential(*nets.mlp([16, 200, 784], activation="relu"), nn.Sigmoid())


def make_discriminator():
    return nets.mlp([784, 200, 1])


gans = ensemble.gans(make_generator, make_discriminator, seeds=3, lr=(4e-3, 2e-3), betas=(0.0, 0.999), ema=0.99)
decoders = [make_nets(s, outputs=16)[1] for s in seeds]
identity(
    "the GAN's generators start with the same weights as the decoders, in every layer",
    all(
        mine.equal(first)
        for s in seeds
        for mine, first in zip(gans.generator.unstack(s).parameters(), decoders[s].parameters(), strict=True)
    ),
)
gans = training.run(gans, x, steps=1000, batch=64)

# %% [markdown]
# ## 2. Who draws nearest?
#
# For VAE and GAN the codes come from $N(0, I)$. An AE has no such distribution, so we fit one to its codes *after* the
# training. We try two: a **Gaussian** (16 means and 136 covariances), and a **mixture** of ten Gaussians (1,529
# numbers; it sees no labels). To be fair the VAE gets a mixture too, fitted to points of its clouds. (Ten is a guess.
# With one seed we tried 2, 5, 20 and 50, too. The AE stays ahead of the VAE, and with more Gaussians both come nearer.)
#
# **Predict, and say why:** the order from nearest to farthest, of AE + Gaussian, AE + mixture, VAE, VAE + mixture and
# GAN. And which of the models needs the averaging most? (The Fréchet distance is the square of a distance: four times
# the number is twice as far.)


# %%
def draw(net, z):
    with torch.no_grad():
        return net(z).sigmoid()  # (N, 784) in [0, 1]


def codes_of(name, kind, seed, pictures):
    """Codes of pictures: the AE's points, or one random point of each of the VAE's clouds."""
    code = models[name][seed][kind][0](pictures)
    if name == "VAE":
        mean, log_variance = code.chunk(2, dim=1)
        code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
    return code


# %%
def gaussian_codes(codes):
    mean, covariance = codes.mean(dim=0).cpu(), torch.cov(codes.T).cpu()
    return torch.distributions.MultivariateNormal(mean, covariance).sample((1000,)).to(here)


def mixture_codes(codes, seed):
    mixture = GaussianMixture(10, reg_covar=1e-4, tol=1e-2, random_state=seed)  # 1e-3 takes longer, and is no nearer
    mixture.fit(codes.cpu().double().numpy())
    return torch.tensor(mixture.sample(1000)[0], dtype=torch.float32, device=here)


# %%
device.seed_everything(1)
drawn = {}  # (name, kind of weights) → 1,000 pictures for each seed
for kind in ("last", "averaged"):
    noise = [torch.randn(1000, 16, device=here) for _ in seeds]
    codes = {name: [codes_of(name, kind, s, x) for s in seeds] for name in models}
    for name in ("AE", "VAE"):
        decoders = [each[kind][1] for each in models[name]]
        drawn[f"{name} + mixture", kind] = [draw(decoders[s], mixture_codes(codes[name][s], s)) for s in seeds]
    drawn["AE + Gaussian", kind] = [draw(models["AE"][s][kind][1], gaussian_codes(codes["AE"][s])) for s in seeds]
    drawn["VAE", kind] = [draw(models["VAE"][s][kind][1], noise[s]) for s in seeds]
    drawn["GAN", kind] = list(gans.sample(1000, ema=kind == "averaged"))

# %% jupyter={"source_hidden": true}
names = ["AE + mixture", "VAE + mixture", "AE + Gaussian", "GAN", "VAE"]
shown = {name: 2 * drawn[name, "averaged"][0][::100] - 1 for name in names}  # 10 of 1,000: mixtures draw in order
plotting.image_grid({"unseen digits": 2 * y[:10] - 1} | shown, rows=1, title="weights averaged")

# %% jupyter={"source_hidden": true}
reference = metrics.Reference("mnist", 2 * x[:5000] - 1)
floor = reference.floor(1000)
features = {key: [metrics.features(2 * pictures - 1, "mnist") for pictures in each] for key, each in drawn.items()}
far = {key: [metrics.frechet_distance(reference.features, one) for one in each] for key, each in features.items()}


# %% jupyter={"source_hidden": true}


def pairs_of_dots(values, label):
    """For each model: one dot for each seed, open for the last weights and full for the average."""
    _, ax = plt.subplots(figsize=(6.8, 3.9))
    for place, name in enumerate(names):
        color = plotting.FAKE if name == "GAN" else plotting.NEUTRAL[0]
        for kind, side in (("last", -0.18), ("averaged", 0.18)):
            dots = sorted(values[name, kind])
            spread = [place + side + d for d in (-0.07, 0, 0.07)]
            fill = color if kind == "averaged" else "none"
            ax.scatter(spread, dots, s=34, facecolors=fill, edgecolors=color, label=kind if place == 0 else None)
    ax.set(ylabel=label)
    ax.set_xticks(range(len(names)), [name.replace(" + ", " +\n") for name in names])
    return ax


# %% jupyter={"source_hidden": true}
ax = pairs_of_dots(far, "Fréchet distance")
ax.axhline(floor, color="black", linestyle="--", label=f"floor: {floor:.2g}")
ax.set_yscale("log")
ax.set_yticks([0.3, 1, 3, 10, 30], ["0.3", "1", "3", "10", "30"])
ax.figure.legend(loc="outside lower center", ncols=3)
plt.show()


# %%
def low(name, kind="averaged", table=far):
    return min(table[name, kind])


def high(name, kind="averaged", table=far):
    return max(table[name, kind])


# %%
kinds = ("last", "averaged")
claim(
    "AE + mixture is the nearest, in every seed and with both kinds of weights",
    all(high("AE + mixture", kind) < low(name, kind) for kind in kinds for name in names[1:]),
    measured=far,
)
near, next_, *close, last_ = (torch.tensor(far[name, "averaged"]).median() for name in names)
order = near < next_ < min(close) <= max(close) < last_
claim("averaged, the order of the medians is as in the picture (third and fourth aside)", order, measured=far)
gains = {n: [b / a for a, b in zip(far[n, "last"], far[n, "averaged"], strict=True)] for n in names}
changes = [change for name in names if name != "GAN" for change in gains[name]]
claim(
    "averaging brings every GAN nearer, more than any other model in any seed", max(gains["GAN"]) < min(changes), gains
)
claim("no other model gains a fifth from it, in any seed", min(changes) > 0.8, measured=changes)
median = torch.tensor(changes).median()
claim("their median changes by less than 10 %", 0.9 < median < 1.1, measured=changes)
claim("the averaged GAN is nearer than the averaged VAE, in every seed", high("GAN") < low("VAE"), measured=far)
tie = sum(far["GAN", "last"]) / sum(far["VAE", "last"])
claim("with the last weights the two are level: within 15 %, over the three seeds", 0.85 < tie < 1.15, measured=tie)
claim(
    "a mixture lowers the VAE's by at least 25 %", all(high("VAE + mixture", k) < 0.75 * low("VAE", k) for k in kinds)
)
claim("nobody's is below 10 times the floor", all(low(n, k) > 10 * floor for n in names for k in kinds), measured=far)

# %% [markdown]
# With averaged weights the order of the medians is: AE + mixture, VAE + mixture, then AE + Gaussian and GAN close
# together, then VAE.
#
# - **The plain autoencoder wins**, once its codes have a good distribution. Ghosh et al. (2020) found something
#   similar with larger networks. So an AE can generate. What it lacks is a distribution of codes, and that can be
#   fitted afterwards.
# - **Is the GAN better than the VAE?** By this distance it is, with averaged weights. With the last weights the two are
#   level. Only the GAN gains much from averaging. A likely reason: its two networks keep pulling at each other, so its
#   weights never come to rest, while those of an AE or a VAE go down one and the same loss.
# - **Fitted codes help the VAE too.** Codes from a mixture bring it nearer: all clouds together are not $N(0, I)$
#   (chapter 24).
#
# What is a VAE good for, then? You know where its codes will be *before* you look. For each number of a code it says
# how sure it is. And on black-and-white pixels its loss bounds a likelihood, by which whole models can be compared
# (chapters 35 and 44).

# %% [markdown]
# ## 3. Believable, and nothing missing
#
# One distance isn't everything. A model may draw a few digits very well and leave others out. Two numbers separate
# these faults. Around each real digit we draw a ball, in the space of features, that reaches to its third neighbour.
# **Precision** is the share of drawn pictures that lie in such a ball: how many are believable. **Recall** is the
# same with the roles exchanged: the share of real digits that lie in a ball around a drawn one.
#
# **Predict, and say why:** no term of the generator's loss asks for all kinds of digits. Will its recall be the lowest?
# And will averaging change it? (In the picture, open marks are the last weights and full ones the average.)


# %% jupyter={"source_hidden": true}
def both_numbers(features):
    return torch.tensor(metrics.precision_recall(reference.features[:1000], features))


unseen = both_numbers(metrics.features(2 * y[:1000] - 1, "mnist"))
sides = {key: torch.stack([both_numbers(one) for one in each]) for key, each in features.items()}  # (seeds, 2)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.4, 4.4))
ax.scatter(*unseen, s=60, color=plotting.REAL, label="unseen digits")
for number, name in enumerate(names):
    color = plotting.FAKE if name == "GAN" else plotting.NEUTRAL[number]
    for kind, fill in (("last", "none"), ("averaged", color)):  # as above: open for the last weights
        label = name if kind == "averaged" else None
        ax.scatter(*sides[name, kind].T, s=60, facecolors=fill, edgecolors=color, marker="D^vPX"[number], label=label)
ax.set(xlim=(0.3, 1), ylim=(0, 1), xlabel="precision (believable)", ylabel="recall (nothing missing)")
ax.figure.legend(loc="outside lower center", ncols=3)
plt.show()

# %%
others = ("AE + Gaussian", "VAE", "GAN")
claim(
    "AE + mixture is more believable than AE + Gaussian, VAE and GAN, in every seed",
    all(sides["AE + mixture", k][:, 0].min() > max(sides[n, k][:, 0].max() for n in others) for k in kinds),
    measured=sides,
)
claim(
    "in both numbers every model is below unseen digits, in the median",
    all((found.median(dim=0).values < unseen).all() for found in sides.values()),
    measured=sides,
)

# %%
recall = {key: found[:, 1] for key, found in sides.items()}
typical = {key: each.median() for key, each in recall.items()}
claim(
    "with the last weights, the GAN's recall is the lowest of all five, in the median",
    all(typical["GAN", "last"] < typical[name, "last"] for name in names if name != "GAN"),
    measured=recall,
)
claim("averaging raises it in every seed", (recall["GAN", "averaged"] > recall["GAN", "last"]).all(), measured=recall)
gains = {name: (typical[name, "averaged"] / typical[name, "last"]).item() for name in names}
claim("its median grows by more than a half", gains["GAN"] > 1.5, measured=gains)
claim("no other median grows so much", max(gains[name] for name in names if name != "GAN") < 1.5, measured=gains)
noisy = [(pictures + 0.1 * torch.randn_like(pictures)).clamp(0, 1) for pictures in drawn["GAN", "averaged"]]
speckled = torch.stack([both_numbers(metrics.features(2 * pictures - 1, "mnist")) for pictures in noisy])[:, 1]
lower = (speckled < recall["GAN", "averaged"] / 2).all()
claim("a little speckle on the averaged GAN's pictures halves their recall, in every seed", lower, measured=speckled)

# %% [markdown]
# With its last weights the GAN's recall is the lowest. But is it missing digits? Averaging raises the number a lot, and
# an average of weights can hardly add digits that the generator can't draw. Speckle alone can do it, as the last claim
# shows: it moves pictures away from real ones, so that no real digit lies near them. The next section looks at speckle.
#
# So read recall with care. It jumps from seed to seed, and with each new set of draws. And an odd picture, far from all
# others, has a large ball around it, so odd pictures can *raise* recall (chapter 36).

# %% [markdown]
# ## 4. Blur and speckle
#
# People say that VAEs blur and that GANs are sharp. Let us measure it. *Roughness* is the sum of the squared
# differences between neighbouring pixels, divided by the sum of the squared pixels. Too small means blurred, too
# large means speckled.
#
# **Predict, and say why:** which model comes nearest to real digits? And what will averaging do to the GAN?


# %%
def roughness(pictures):
    x = pictures.view(-1, 28, 28)
    edges = x.diff(dim=1).square().sum(dim=(1, 2)) + x.diff(dim=2).square().sum(dim=(1, 2))
    return (edges / x.square().sum(dim=(1, 2))).mean().item()


rough = {key: [roughness(pictures) for pictures in each] for key, each in drawn.items()}
goal = roughness(y)

# %% jupyter={"source_hidden": true}
ax = pairs_of_dots(rough, "roughness")
ax.axhline(goal, color=plotting.REAL, linewidth=2, label="real digits")
ax.set_ylim(0, None)
ax.figure.legend(loc="outside lower center", ncols=3)
plt.show()

# %%
claim(
    "the VAE is at least a third too smooth, averaged or not", all(high("VAE", k, rough) < 0.67 * goal for k in kinds)
)
by_ae = [high(name, kind, rough) for name in ("AE + mixture", "AE + Gaussian") for kind in kinds]
claim("the AE at least a fifth, with codes from either", max(by_ae) < 0.8 * goal, measured=[by_ae, goal])
claim("the GAN's last weights are at least 15 % too rough", low("GAN", "last", rough) > 1.15 * goal, measured=rough)
claim("the averaged GAN is within 20 %", 0.8 * goal < low("GAN", table=rough) and high("GAN", table=rough) < 1.2 * goal)

# %% [markdown]
# AE and VAE err towards blur, the GAN towards speckle. Averaging the weights makes the GAN's pictures smoother, and by
# this number they land near real digits. But in one number, blur and speckle can cancel. So we count something that
# bright speckle makes and blur hardly does: *lone pixels*. They are brighter than ½, and at most one of their eight
# neighbours is. (Weak speckle escapes this count, and very faint strokes add to it.)


# %%
def lone_pixels(pictures):
    """How many there are in a picture, on average."""
    lit = (pictures.view(-1, 1, 28, 28) > 0.5).float()
    around = 9 * F.avg_pool2d(lit, 3, stride=1, padding=1)  # the pixel itself and its eight neighbours
    return (lit * (around < 2.5)).sum(dim=(1, 2, 3)).mean().item()


lone = {kind: [lone_pixels(pictures) for pictures in drawn["GAN", kind]] for kind in kinds}
less = [b / a for a, b in zip(lone["last"], lone["averaged"], strict=True)]
claim("averaging removes more than half of the GAN's lone pixels, in every seed", max(less) < 0.5, measured=lone)
left = min(lone["averaged"]) / lone_pixels(y)
claim("what is left is more than three times as many as in real digits, in every seed", left > 3, measured=left)

# %% [markdown]
# So most of the *bright* specks go when the weights are averaged. They seem to come from the weights' jitter. Some
# stay: look for them in the GAN's row in section 2.
#
# Why the blur? A decoder that can't know the exact stroke has the smallest loss if it draws the *mean* of all strokes
# that it could be. A mean of strokes is a blur. And a discriminator? We can ask it what it thinks of blurred digits:

# %%
blurred = F.avg_pool2d(y.view(-1, 1, 28, 28), 3, stride=1, padding=1).view(-1, 784)
speckled = (y + 0.15 * torch.randn_like(y)).clamp(0, 1)
with torch.no_grad():
    sharp, *damaged = (gans.logits(each.expand(3, -1, -1)).flatten(1) for each in (y, blurred, speckled))
falls = [sharp - each for each in damaged]
worse = [(fall > 0).float().mean(1) for fall in falls]
claim("each of the three finds at least 9 of 10 digits less real when they are blurred", (worse[0] > 0.9).all(), worse)
claim("and when they are speckled", (worse[1] > 0.9).all(), measured=worse)
harder = falls[1].mean(1) > falls[0].mean(1)
claim("for this speckle the logit falls further, in all three", harder.all(), [fall.mean(1) for fall in falls])

# %% [markdown]
# So the generator's loss punishes blur, and speckle too. For AE and VAE the mean is the best answer where the stroke is
# uncertain. For this GAN it isn't, and that fits a GAN that doesn't blur. But it can't be the whole reason: this
# speckle costs even more, and the GAN speckles all the same.
#
# (We have shown the VAE's *means*, as nearly everybody does. The model itself says that each pixel is a coin with that
# probability. If you toss the coins, you get speckles too.)

# %% [markdown]
# ## 5. From a picture back to a code
#
# AE and VAE consist of an encoder and a decoder: they give the code of a picture in one pass. An ordinary GAN has no
# encoder. Its generator is only the second half, from code to picture. (BiGAN and ALI train an encoder in addition.)
# For a given picture one can only *search* for a code (**inversion**), by gradient descent, from several starts.
#
# **Predict, and say why:** will the search come as near to a given unseen digit as the VAE's encoder does?


# %%
def search(decode, target, starts=4, steps=200):
    """The smallest squared error that was found for each target, by gradient descent on codes."""
    z = torch.randn(starts, len(target), 16, generator=device.generator(0)).to(here).requires_grad_()
    adam = torch.optim.Adam([z], lr=0.1, fused=here.type != "mps")
    for _ in range(steps):
        wrong = (decode(z) - target).square().mean(dim=-1)  # (starts, N)
        adam.zero_grad()
        wrong.sum().backward()
        adam.step()
    best = wrong.detach().min(dim=0)
    return best.values.mean().item(), decode(z.detach())[best.indices, torch.arange(len(target), device=here)]


# %%
target = y[:40]
generator = gans.nets["average"].unstack(0).to(here).requires_grad_(False)
encoder, decoder = models["VAE"][0]["averaged"]
by_encoder = draw(decoder, encoder(target).chunk(2, dim=1)[0])
one_pass = (by_encoder - target).square().mean().item()
by_search, recovered = search(generator, target)
claim("the search leaves at least 20 % more error than the encoder", by_search > 1.2 * one_pass, [by_search, one_pass])

# %% jupyter={"source_hidden": true}
ways = {"digits": target, "VAE, encoder": by_encoder, "GAN, search": recovered}
plotting.image_grid({name: 2 * pictures[:10] - 1 for name, pictures in ways.items()}, rows=1)

# %% [markdown]
# There are two possible reasons. Perhaps the search got stuck. Or this GAN can't draw those digits at all. Three
# controls help to decide between them. The search must find pictures that *this GAN* has drawn, because their codes
# exist. The same search in the *VAE's decoder* should do as well as the encoder. And a longer search in the GAN, with
# twice as many starts and steps, should help if the first one had too little time or bad luck with its starts.

# %%
own = generator(torch.randn(40, 16, generator=device.generator(1)).to(here))
its_own, _ = search(generator, own)
claim("of its own pictures, less than a tenth of that error is left", its_own < by_search / 10, [its_own, by_search])
control, _ = search(lambda z: decoder(z).sigmoid(), target)
longer, _ = search(generator, target, starts=8, steps=400)
claim(
    "in the VAE's decoder the search is as good as the encoder, or at most 2 % worse",
    control < 1.02 * one_pass,
    measured=[control, one_pass],
)
claim("in the GAN a search four times as large gains less than 8 %", longer > 0.92 * by_search, [longer, by_search])

# %% [markdown]
# The search works where there is something to find, and a longer one finds hardly more. So most likely this GAN can't
# draw these digits any better. It was never asked to. A GAN must make *some* believable pictures. An autoencoder must
# remember *every* one.

# %% [markdown]
# ## 6. Between two digits
#
# Codes let us walk from one picture to another (**interpolation**). We take the straight line between two codes and
# decode ten points of it. For comparison: a cross-fade of the pixels.
#
# In 16 dimensions there is another way. Random codes have lengths around $\sqrt{16} = 4$ (84 of 100 lie between 3 and
# 5). The point half-way between two of them has only about $\sqrt 8 \approx 2.8$. The **arc** of a great circle keeps
# the length, if both are equally long (ours are so roughly). With the angle $\omega$ between $a$ and $b$:
#
# $$\mathrm{arc}(t) = \frac{\sin((1-t)\,\omega)}{\sin \omega}\, a + \frac{\sin(t\,\omega)}{\sin \omega}\, b$$


# %%
def line(a, b, t):
    return (1 - t) * a + t * b


def arc(a, b, t):
    angle = F.cosine_similarity(a, b, dim=-1).clamp(-0.999, 0.999).acos()[..., None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


middles = [models["VAE"][s]["averaged"][0](y).chunk(2, dim=1)[0] for s in seeds]  # of the clouds of unseen digits

# %% [markdown]
# **Before you run:** which of the three ways from a 7 to a 0 shows digits all along? The title says, in the same order,
# what the recogniser calls the ten pictures. (It must choose one of ten, so it always names one.)

# %% jupyter={"source_hidden": true}
start, end = 11, 6  # a 7 and a 0
t = torch.linspace(0, 1, 10, device=here)[:, None]
a, b = middles[0][start].expand(10, -1), middles[0][end].expand(10, -1)
films = {
    "cross-fade": line(y[start], y[end], t),
    "line": draw(decoder, line(a, b, t)),
    "arc": draw(decoder, arc(a, b, t)),
}
_, axes = plt.subplots(3, 1, figsize=(6.8, 3.3))
for ax, (name, film) in zip(axes, films.items(), strict=True):
    called = metrics.classify(2 * film - 1, "mnist").argmax(dim=1).tolist()
    plotting.image_grid({name: 2 * film - 1}, rows=1, ax=ax, title=" → ".join(map(str, called)))
plt.show()

# %% [markdown]
# In the cross-fade one digit shines through the other. The two walks look much like each other, and in the middle
# neither shows a clear digit. But one walk proves nothing. So we take 1,000 pairs of unseen digits, and the picture
# half-way, for three seeds.
#
# Half-way the two ways differ in one thing only. Both points lie in the *same direction*, that of $a + b$, and the
# line's point is shorter. So there is a test of "the length does it": take codes of real digits, *no* way between two,
# and shorten them just as much.

# %%
halfway = {name: [] for name in ("codes of digits", "the same, shortened", "line", "arc")}
for s in seeds:
    net, first, second = models["VAE"][s]["averaged"][1], middles[s][:1000], middles[s][1000:]
    on_line, on_arc = line(first, second, 0.5), arc(first, second, 0.5)
    shorter = on_line.norm(dim=1).mean() / on_arc.norm(dim=1).mean()
    for name, code in zip(halfway, (first, shorter * first, on_line, on_arc), strict=True):
        halfway[name].append(reference.frechet(2 * draw(net, code) - 1))
fade = reference.frechet(2 * line(y[:1000], y[1000:], 0.5) - 1)
plotting.bars_with_floor(halfway, "Fréchet distance", floor=floor, baseline=fade)

# %%
claim(
    "half-way, the arc's distance from real digits is at least 30 % smaller than the line's, in every seed",
    all(on_arc < 0.7 * on_line for on_arc, on_line in zip(halfway["arc"], halfway["line"], strict=True)),
    measured=halfway,
)
claim(
    "both are nearer than a cross-fade (the baseline)", max(halfway["line"] + halfway["arc"]) < fade, measured=halfway
)
claim(
    "codes of digits get worse by shortening alone: at least 1.5 times the number",
    all(b > 1.5 * a for a, b in zip(halfway["codes of digits"], halfway["the same, shortened"], strict=True)),
    measured=halfway,
)

# %% [markdown]
# So shortness alone makes the pictures worse. Does the line cross a hole, a place without codes? **Predict:** which
# half-way points lie in empty places (chapter 24) more often, those of the line or those of the arc?

# %%
shares = {"line": [], "arc": []}
for s in seeds:
    known = models["VAE"][s]["averaged"][0](x).chunk(2, dim=1)[0]
    limit = torch.cdist(middles[s], known).amin(dim=1).quantile(0.95)  # only 5 of 100 unseen digits lie further away
    for name, way in (("line", line), ("arc", arc)):
        z = way(middles[s][:1000], middles[s][1000:], 0.5)
        shares[name].append((torch.cdist(z, known).amin(dim=1) > limit).float().mean().item())
claim(
    "fewer of the line's points lie in empty places, in every seed",
    all(on_line < on_arc for on_line, on_arc in zip(shares["line"], shares["arc"], strict=True)),
    measured=shares,
)

# %% tags=["nbval-ignore-output"]
print({name: [f"{share:.0%}" for share in each] for name, each in shares.items()})

# %% [markdown]
# The measure of chapter 24 finds fewer empty places on the line than on the arc. So holes, as that measure sees them,
# don't explain why the line is worse. But this is no proof that there are none: in 16 dimensions a short code is nearer
# to nearly all codes, even if all of them lie on a hollow shell. Our reading: a short code is what a picture gets that
# might be several things, and the decoder draws something of each.
#
# None of this means that half-way between a 7 and a 0 there *is* a digit.

# %% [markdown]
# ## What all this does not show
#
# - **That this is the order everywhere.** These are small, fully connected networks (MLPs), small digits, and 1,000
#   steps. 🔎 **Try it:** raise the steps to 4,000, with learning rates a third as large. Write down the order that you
#   expect first. (We did it with our three seeds. The order stayed: AE + mixture 5, VAE + mixture 8, AE + Gaussian 12,
#   GAN 16, VAE 17, with averaged weights. With the last weights VAE and GAN change places: 18 and 22.)
# - **That the settings are equally good.** Each model got a short trial of settings. More trials might change the
#   order of two that lie close together.
# - **Which model is best.** Precision, recall, a code for each picture, a likelihood: it depends on what you need.
#
# Today AE and GAN often work in one system. An autoencoder, with a weak pull and with a discriminator against blur,
# makes the codes. A diffusion model then learns their distribution.

# %% [markdown]
# ## Help, I get …
#
# ### An average that is worse than the last weights
# Its decay is too near 1 for so few steps, so it still contains the first weights. Or batch norm's running statistics
# were not copied along. With decay 0.99 the average covers about the last 100 steps.
#
# ### A Fréchet distance in the thousands
# The pictures have another range than the reference: 0 … 1 against −1 … 1. Write `2 * pictures - 1`.
#
# ### A search that doesn't move
# `z` doesn't ask for gradients, or the decoder runs under `no_grad`. Freeze the *weights* (`requires_grad_(False)`),
# and call `z.requires_grad_()`.

# %% [markdown]
# ### `nan` on the arc
# Two codes with the same direction have the angle 0, and the formula divides by sin 0. Clamp the cosine to ±0.999.
#
# ### `ValueError` from `GaussianMixture`: ill-defined covariance
# A number of the code hardly varies, or there are fewer codes than a component needs. Raise `reg_covar`, use fewer
# components, or leave that number out.

# %% [markdown]
# ## Recap
#
# - A fair comparison lists what is equal and what isn't: partner, settings, work, *and the averaging of weights*.
# - An autoencoder with a mixture fitted to its codes drew nearest of all.
# - By Fréchet distance, the averaged GAN beat the VAE. Without averaging the two were level.
# - AE and VAE err towards blur and the GAN towards speckle; averaging takes most of the bright specks away.
# - An ordinary GAN has no encoder. Controls can tell a failed search from a picture that the generator can't draw.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A table compares an averaged GAN with a VAE's last weights. What do you ask for?</summary>
#
# For both with and both without the average, with several seeds. Otherwise the average may be the whole difference.
#
# </details>
#
# <details><summary>High precision and low recall: what does the model do?</summary>
#
# What it draws is believable, but a part of the real pictures is missing from it. A GAN that has collapsed to a few
# digits looks like that.
#
# </details>
#
# <details><summary>Why is a mixture fitted after the training no cheating?</summary>
#
# It sees only training codes, and the VAE got one too. But it belongs to the model then: say so, and count its numbers.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Ghosh et al. 2020, From Variational to Deterministic Autoencoders](https://arxiv.org/abs/1903.12436): why a plain
#   autoencoder with a distribution fitted to its codes can draw as well as a VAE, or better.
# - [White 2016, Sampling Generative Networks](https://arxiv.org/abs/1609.04468): the case for arcs instead of lines.
# - [Kynkäänniemi et al. 2019, Improved Precision and Recall Metric](https://arxiv.org/abs/1904.06991): the two
#   numbers of section 3.
# - [Donahue, Krähenbühl & Darrell 2017, Adversarial Feature Learning](https://arxiv.org/abs/1605.09782): BiGAN, a GAN
#   that learns an encoder too.
# - [Yazıcı et al. 2019, The Unusual Effectiveness of Averaging in GAN Training](https://arxiv.org/abs/1806.04498): what
#   averaging the weights does for GANs.

# %% [markdown]
# ## Key terms
#
# {{terms: averaging of weights (EMA); Gaussian mixture; precision, recall; blur; inversion; interpolation}}
