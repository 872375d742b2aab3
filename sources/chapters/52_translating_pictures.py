# %% [markdown]
# # 52 · Translating pictures
#
# *Edges become clothes, paintings become drawings. Here you find out who decides what such a translation keeps: the
# pairs, the losses, or the form of the network.*
#
# > **You will be able to**
# > - train a network that turns edges into clothes, with and without an adversary, and judge both
# > - beat the adversary with a look-up, and say what that teaches
# > - notice that a network ignores its noise, and make it listen
# > - count how many wrong translations satisfy an adversary *and* a cycle
# > - say what kept the content in a translation without pairs, and why "worth so many pairs" depends on the network
# >
# > **Before you start** [51 · sharper pictures](51_sharper_pictures.ipynb) explains the trade-off between being near to
# > the truth and looking real, [45 · conditional generation](45_conditional.ipynb) a discriminator that sees a
# > condition, [43 · the modern recipe](43_modern_recipe.ipynb) its loss and R1.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU (used automatically): {{gpu_time}}

# %% [markdown]
# ## The idea in a picture
#
# Two translations go through this chapter: edges become clothes, and painted figures become drawn ones. (Imports and
# helpers are folded.)

# %% jupyter={"source_hidden": true}
import copy
import itertools

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, device, ensemble, metrics, nets, objectives, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
here = device.pick()  # a GPU if there is one, or else the CPU
game = objectives.relativistic  # the relativistic loss of chapter 43
S = 14  # pixels a side of the figures


# %% jupyter={"source_hidden": true}
def edges(pictures, threshold=0.5):
    """White where a pixel differs by more than `threshold` from its right or lower neighbour: (N, 1, H, W)."""
    padded = F.pad(pictures, (0, 1, 0, 1), value=-1.0)
    right, below = (padded[..., :-1, 1:] - pictures).abs(), (padded[..., 1:, :-1] - pictures).abs()
    return 2 * (torch.maximum(right, below) > threshold).float() - 1


# %% jupyter={"source_hidden": true}
def shape_of(about, x, y):
    """Distance to a figure's rim, below 0 inside: head, body and one arm."""
    head = torch.hypot(x, y + 0.55) - 0.26
    skirt = torch.maximum((x.abs() - 0.1 - 0.55 * (y + 0.3).clamp(min=0)) * 0.88, (y - 0.25).abs() - 0.5)
    trousers = torch.maximum(x.abs() - 0.34, (y - 0.25).abs() - 0.5)
    trousers = torch.maximum(trousers, -torch.maximum(x.abs() - 0.1, 0.25 - y))  # a gap between the legs
    across, down = x * torch.where(about["right"], 1.0, -1.0) - 0.2, y + 0.15
    nearest = ((across * 0.52 - down * 0.55) / (0.52**2 + 0.55**2)).clamp(0, 1)  # of the points from shoulder to hand
    arm = torch.hypot(across - 0.52 * nearest, down + 0.55 * nearest) - 0.1
    body = torch.where(about["skirt"], skirt, trousers)
    return torch.minimum(torch.minimum(head, body), arm) * about["size"]


# %% jupyter={"source_hidden": true}
def figures(count, seed):
    """Painted figures (N, 196), the same figures as drawings (N, 196), and what is true of them, each (N,)."""
    u = torch.rand(8, count, generator=device.generator(seed))[..., None, None]
    about = {"right": u[0] < 0.5, "skirt": u[1] < 0.5, "size": 0.9 + 0.2 * u[4], "tone": 0.3 + 0.7 * u[5]}
    place = (torch.arange(S) + 0.5) * 2 / S - 1
    x, y = place - 0.24 * (u[2] - 0.5), place[:, None] - 0.12 * (u[3] - 0.5)
    pixels = shape_of(about, x / about["size"], y / about["size"]) * S / 2  # distance in pixels
    painted = 2 * about["tone"] * (0.5 - pixels).clamp(0, 1) - 1
    drawn = 2 * (pixels.abs() - 0.2).clamp(0, 1) - 1
    about = {name: value.flatten().to(here) for name, value in about.items()}
    return painted.flatten(1).to(here), drawn.flatten(1).to(here), about


# %%
clothes = data.images("fashion_mnist").tensor(device=here)
unseen = data.images("fashion_mnist", split="test").tensor(device=here)
painted, drawn, about = figures(500, seed=3)
plotting.image_grid({"edges": edges(unseen[:10]).cpu(), "clothes": unseen[:10].cpu()}, rows=1)
plotting.image_grid({"painted": painted[:10].cpu(), "drawn": drawn[:10].cpu()}, rows=1)

# %% [markdown]
# **Translating** a picture means to show the same thing in another way. Above: from edges to clothes. Below: from a
# painted figure to a drawn one, and back.
#
# Above we have **pairs**: for each picture of edges we know its clothes. A network can learn from them what belongs
# together (sections 1 to 3).
#
# Below we pretend that there are none. There is a heap of paintings, and a heap of drawings of *other* figures. Nobody
# says which belong together. "Style transfer" and "make my photo a cartoon character" are mostly of this kind, for
# nobody can photograph a cartoon character (sections 4 to 7).
#
# The figures are made by a few formulas. So we know the true pairs, and can judge what a network found without them.

# %% [markdown]
# ## 1. Edges to clothes
#
# How we made the edges: a pixel is white if it differs from its right or its lower neighbour by more than a quarter of
# the whole range. That says much about the shape, and little about the shade.
#
# The network is a small **U-Net**. It halves the picture twice, looks at the whole at 7 × 7 pixels, and doubles it
# twice. **Skips** carry the fine lines from the first half directly to the second, so that they needn't pass through
# the narrow middle.


# %%
class UNet(nn.Module):
    """Edges → clothes, (N, 1, 28, 28) both."""

    def __init__(self, c=8):
        super().__init__()
        leaky = nn.LeakyReLU(0.2)
        self.down1 = nn.Sequential(nn.Conv2d(1, c, 4, 2, 1), leaky)  # 14 × 14
        self.down2 = nn.Sequential(nn.Conv2d(c, 2 * c, 4, 2, 1), leaky)  # 7 × 7
        self.whole = nn.Sequential(nn.Flatten(), nets.mlp([98 * c, 64, 98 * c]), leaky)
        self.up1 = nn.Sequential(nn.Conv2d(4 * c, 4 * c, 3, 1, 1), leaky, nn.PixelShuffle(2))
        self.up2 = nn.Sequential(nn.Conv2d(2 * c, 4 * c, 3, 1, 1), leaky, nn.Conv2d(4 * c, 4, 1), nn.PixelShuffle(2))

    def forward(self, edges):
        fine = self.down1(edges)
        coarse = self.down2(fine)
        whole = self.whole(coarse).view_as(coarse)
        up = self.up1(torch.cat([coarse, whole], dim=1))
        return self.up2(torch.cat([up, fine], dim=1)).tanh()


# %% [markdown]
# The discriminator sees clothes *and* edges, and judges small patches: each of its 49 opinions looks at a window of 10
# × 10 pixels. The logit is their mean. This is pix2pix (Isola et al. 2017) in miniature. Its loss for the generator is
#
# $$\lambda \cdot \text{L1} + \text{adversarial loss}, \qquad \text{L1} = \text{mean absolute error of the pixels} ,$$
#
# with $\lambda = 100$ in the paper. Ours is written as L1 + **weight** · adversarial loss.


# %% jupyter={"source_hidden": true}
class PatchJudge(nn.Module):
    def __init__(self, c=16):
        super().__init__()
        leaky = nn.LeakyReLU(0.2)
        halves = [nn.Conv2d(2, c, 4, 2, 1), leaky, nn.Conv2d(c, 2 * c, 4, 2, 1), leaky]
        self.net = nn.Sequential(*halves, nn.Conv2d(2 * c, 1, 1))

    def forward(self, both):  # clothes and edges, (N, 2, 28, 28)
        return self.net(both).mean(dim=(1, 2, 3))


# %% [markdown]
# The game is that of [chapter 43](43_modern_recipe.ipynb) without R2: the relativistic loss, and R1 (each eighth step,
# eight times as strong).


# %% jupyter={"source_hidden": true}
def judge_step(D, adam, real, fake, with_r1, strength=0.3, dim=0):
    """A step of the discriminator. `with_r1`: with R1, eight times as strong. `dim`: where the pictures are counted."""
    logits = D(torch.cat([real, fake.detach()], dim=dim))
    loss = game.discriminator(*logits.chunk(2, dim=-1)).sum()
    if with_r1:
        x = real.clone().requires_grad_()
        loss = loss + 8 * objectives.zero_centered(D(x), x, strength).sum()
    adam.zero_grad()
    loss.backward()
    adam.step()


# %% jupyter={"source_hidden": true}
def fooled(D, real, fake):
    """The generator's loss. No weight of D gets a gradient by it."""
    D.requires_grad_(False)
    loss = game.generator(D(real), D(fake)).sum()
    D.requires_grad_(True)
    return loss


def adam_of(*players, rate=2e-3, beta=0.0):
    parameters = [p for net in players for p in net.parameters()]
    return torch.optim.Adam(parameters, lr=rate, betas=(beta, 0.99), fused=here.type != "mps")


# %%
lines = edges(clothes)


@device.one_thread()  # the fastest for nets this small
def train(G, D, seed, steps, weight=0.0):
    chance, adam, judge_adam = device.generator(seed), adam_of(G, beta=0.5), adam_of(D, beta=0.5)
    for step in range(steps):
        rows = torch.randint(len(clothes), (32,), generator=chance).to(here)
        real, known = clothes[rows], lines[rows]
        fake = G(known)
        loss = F.l1_loss(fake, real)
        if weight:
            pair, answer = torch.cat([real, known], dim=1), torch.cat([fake, known], dim=1)
            judge_step(D, judge_adam, pair, answer, with_r1=step % 8 == 0)
            loss = loss + weight * fooled(D, pair, answer)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return G


# %% [markdown]
# ## 2. Is the adversary worth it?
#
# Each of three seeds trains with L1 for 200 steps. From there two runs go on for 120 steps, all else equal: L1 only
# (the control), and L1 with an adversary of weight 0.1. (That is ten times as much as in the paper.)
#
# One contestant needs no network. **Look-up** takes the training picture whose edges agree in most pixels, and returns
# *its* clothes. Beside them stand the mean of look-up and L1's answers, and L1's answers *sharpened* by the old filter
# of chapter 51 (unsharp masking).
#
# **Predict, and say why:** who has the smallest L1 error on unseen clothes? Whose answers look most real?

# %%
settings = {"L1": {}, "L1 + adversary": {"weight": 0.1}}
made, asked, truth = {name: [] for name in settings}, edges(unseen[:1000]), unseen[:1000]
with training.progress_bar(3 * 3) as bar:
    for seed in range(3):
        device.seed_everything(seed)
        start = train(UNet().to(here), PatchJudge().to(here), seed, steps=200)
        bar.update()
        for name, options in settings.items():
            G = train(copy.deepcopy(start), PatchJudge().to(here), 100 + seed, 120, **options)
            with torch.no_grad():
                made[name].append(G(asked))
            bar.update()

# %%
nearest = torch.cdist(asked.flatten(1), lines.flatten(1)).argmin(dim=1)
looked_up = clothes[nearest]
made["look-up"] = [looked_up]  # the same for all seeds
made["mean of L1 and look-up"] = [(x + looked_up) / 2 for x in made["L1"]]
blur = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
made["L1, sharpened"] = [(x + 0.5 * (x - blur(x))).clamp(-1, 1) for x in made["L1"]]  # unsharp masking, chapter 51
names = ("L1", "L1 + adversary", "look-up")

# %% jupyter={"source_hidden": true}
shown = {"edges": asked} | {name: made[name][0] for name in names} | {"truth": truth}
plotting.image_grid({name: x[:12].cpu() for name, x in shown.items()}, rows=1)

# %%
reference = metrics.Reference("fashion_mnist", unseen[1000:].cpu())
floor = reference.floor(1000)
scores = {
    name: np.array([(F.l1_loss(x, truth).item(), reference.frechet(x.cpu()) / floor) for x in each]).T
    for name, each in made.items()
}


# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
print("                        L1 error, three seeds     distance / floor")
for name, (error, distance) in scores.items():
    print(f"{name:22s}  " + "  ".join(f"{e:.3f}" for e in error) + "     " + " ".join(f"{d:5.1f}" for d in distance))

# %%
error, distance = ({name: scores[name][i] for name in scores} for i in (0, 1))
claim("the adversary raises the L1 error, in all seeds", (error["L1 + adversary"] > error["L1"]).all(), scores)
nearer = distance["L1 + adversary"] < distance["L1"]
claim("and lowers the distance in features, in all seeds", nearer.all(), scores)

# %%
real = max(distance["look-up"]) < 0.6 * min(distance["L1 + adversary"])
claim("the look-up is nearest in features by far, under 0.6 of the best network", real, scores)
claim("but its L1 error is at least a fifth larger than L1's", min(error["look-up"] / error["L1"]) > 1.2, scores)
both = (distance["mean of L1 and look-up"] < distance["L1 + adversary"]).all()
claim("mixed half and half with L1's answers it beats the adversary in features, in all seeds", both, scores)
cheaper = np.median(error["mean of L1 and look-up"]) <= 1.03 * np.median(error["L1 + adversary"])
claim("and the mixture's L1 error is at most 3 % larger, in the median", cheaper, scores)
gain = {name: np.mean(distance["L1"] - distance[name]) for name in ("L1, sharpened", "L1 + adversary")}
claim(
    "an old filter on L1's answers brings over 40 % of the adversary's gain",
    gain["L1, sharpened"] > 0.4 * gain["L1 + adversary"],
    gain,
)

# %% [markdown]
# *Distance / floor* is the Fréchet distance of these 1,000 answers to 1,000 other test pictures, in the features of the
# course's classifier, divided by what 1,000 real pictures score. ([Chapter
# 36](36_measuring_samples.ipynb#3.-The-Fréchet-distance) explains it.)
#
# L1 against L1 + adversary is the trade-off of [chapter
# 51](51_sharper_pictures.ipynb#3.-The-trade-off,-and-two-cheap-tricks) once more: a little more error, and nearer in
# features. What the eye sees is mainly a stronger grid (see *Help* below). The old filter, with $k = 0.5$, brings much
# of the gain. (With $k = 2$ it is worse than no filter.) The mean of L1 and look-up beats the adversary by far in
# features. Filter and mean both have about the adversary's L1 error. At this size and length, no adversary is needed.
#
# In features the look-up is three times nearer than the best network. (Trained four times as long, in one seed outside
# this notebook, it was less than one and a half times.) That is no wonder: its answers *are* real pictures. Whether
# they belong to *these* edges, the distance in features doesn't ask. So a distance between heaps of pictures can't
# judge a translation alone. Put an error to the truth beside it, and the look-up, too.

# %% [markdown]
# ## 3. Two answers fit, and the noise is ignored
#
# Edges leave the shade open. A drawn figure leaves its tone open, too: each painted one has a tone from dark to light,
# all equally probable, and the drawing doesn't show it. So an honest translator from *drawn* to *painted* answers each
# time with another tone. It needs **noise** $z$ as a second input.
#
# Does it use the noise? Take pairs, and train $G(\text{drawing}, z)$ in several ways. Measure the **spread**: for one
# drawing, draw $z$ 20 times. How much does the tone vary? The truth is known.
#
# One cure is to reward answers that show which noise was used. A third network $E$ looks at the answer and guesses $z$;
# both $G$ and $E$ are trained to make the guess right (**latent recovery**, as in BicycleGAN, Zhu et al. 2017, where
# only $G$ learns from it):
#
# $$\text{L1} + \text{weight} \cdot \text{adversarial loss} + \text{recovery} \cdot |E(G(\text{drawing}, z)) - z| .$$
#
# Four seeds train side by side, as *stacked* nets: the first axis of each tensor of weights is the seed.


# %%
SEEDS, FLAT, Z = 4, S * S, 4
painted_train, drawn_train, _ = figures(2000, seed=1)  # pairs
drawn_others, others = figures(2000, seed=2)[1:]  # drawings of other figures


def crowd(sizes, first, **options):
    """SEEDS perceptrons side by side, (SEEDS, N, d) → (SEEDS, N, d′), from seeds first, first + 1, …"""
    each = []
    for seed in range(SEEDS):
        device.seed_everything(first + seed)
        each.append(nets.mlp(sizes, **options))
    return ensemble.stack(each).to(here)


# %% jupyter={"source_hidden": true}
class Judges(nn.Module):
    def __init__(self, width, first):
        super().__init__()
        self.net = crowd([width, 64, 1], first)

    def forward(self, x):
        return self.net(x)[..., 0]


# %%
@device.one_thread()
def painters(weight=0.1, pixels=1.0, recovery=0.0, dropout=0.0, use_z=True, steps=300):
    G, E = crowd([FLAT + Z, 64, 64, FLAT], 0, dropout=dropout, output="tanh"), crowd([FLAT, 32, Z], 20)
    D, chance = Judges(2 * FLAT, 40), device.generator(0)
    adam, judge_adam = adam_of(G, E), adam_of(D)
    for step in range(steps):
        rows = torch.randint(len(drawn_train), (SEEDS, 32), generator=chance).to(here)
        z = use_z * torch.randn(SEEDS, 32, Z, generator=chance).to(here)
        real, known = painted_train[rows], drawn_train[rows]
        fake = G(torch.cat([known, z], dim=-1))
        pair, answer = torch.cat([real, known], dim=-1), torch.cat([fake, known], dim=-1)
        loss = pixels * (fake - real).abs().mean(dim=(1, 2)).sum()
        if weight:
            judge_step(D, judge_adam, pair, answer, step % 8 == 0, dim=1)
            loss = loss + weight * fooled(D, pair, answer)
        if recovery:
            loss = loss + recovery * (E(fake) - z).abs().mean(dim=(1, 2)).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return G


# %% jupyter={"source_hidden": true}
inside = (painted > -0.99).float()  # where each test figure is


def tone(pictures):
    """The mean brightness inside each figure."""
    return (pictures * inside).sum(dim=-1) / inside.sum(dim=-1)


@torch.no_grad()
def answers(G, use_z=True, times=20):
    """(times, SEEDS, N, 196)"""
    device.seed_everything(0)
    z = use_z * torch.randn(times, SEEDS, len(drawn), Z).to(here)
    return torch.stack([G(torch.cat([drawn.expand(SEEDS, -1, -1), each], dim=-1)) for each in z])


# %%
ways = {
    "L1": {"weight": 0.0},
    "L1 + adversary": {},
    "adversary alone": {"pixels": 0.0},
    "L1 + recovery": {"weight": 0.0, "recovery": 1.0},
    "L1 + adversary + recovery": {"recovery": 1.0},
    "L1 + dropout, no z": {"weight": 0.0, "dropout": 0.3, "use_z": False},
    "L1 + adversary + dropout, no z": {"dropout": 0.3, "use_z": False},
}

# %% [markdown]
# **Predict, and say why:** which of the first five use the noise? (The last two have no $z$. Their noise is
# **dropout**: a random 30 % of the units is switched off, in use as well. The pix2pix authors chose it because their
# network ignored a $z$.)

# %%
replies = {}
with training.progress_bar(len(ways)) as bar:
    for name, options in ways.items():
        replies[name] = answers(painters(**options), options.get("use_z", True))
        bar.update()
spread = {name: tone(x).std(dim=0).mean(dim=-1).cpu().numpy() for name, x in replies.items()}
off = {name: (x - painted).abs().mean(dim=(0, 2, 3)).cpu().numpy() for name, x in replies.items()}
true_spread = tone(painted).std().item()
rows = {name: replies[name][:8, 0, 0] for name in ("L1 + adversary", "L1 + adversary + recovery")}
plotting.image_grid({"drawing": drawn[:1].repeat(8, 1).cpu()} | {n: x.cpu() for n, x in rows.items()}, rows=1)

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
print(f"true spread of the tone {true_spread:.2f}       spread, four seeds         L1 error (median)")
for name in ways:
    print(f"{name:30s}    " + "  ".join(f"{s:.3f}" for s in spread[name]) + f"      {np.median(off[name]):.3f}")

# %%
deaf = max(spread[name].max() for name in ("L1", "L1 + adversary", "adversary alone"))
claim(
    "L1, L1 + adversary, adversary alone: under 15 % of the true spread, in all seeds",
    deaf < 0.15 * true_spread,
    spread,
)
healed = spread["L1 + adversary + recovery"]
listens = np.median(healed) > 0.45 * true_spread and healed.min() > 0.2 * true_spread
claim("with recovery: a median of over 45 % of it, and over a fifth in all seeds", listens, spread)

# %%
part = np.median(spread["L1 + recovery"]) < 0.6 * np.median(healed)
claim("recovery without an adversary brings less: under 0.6 of it, in the median", part, spread)
dropped = [np.median(spread[f"{name} + dropout, no z"]) for name in ("L1", "L1 + adversary")]
claim("dropout and adversary: a median of over a fifth", dropped[1] > true_spread / 5, spread)
claim("dropout without an adversary brings less, under 0.8 of it, in the median", dropped[0] < 0.8 * dropped[1], spread)
price = off["L1 + adversary + recovery"] > off["L1 + adversary"]
claim("recovery beside the adversary costs L1 error, in all seeds", price.all(), off)
lit = (painted + 1) / about["tone"][:, None]  # each figure with tone 1
draw, middle = ((lit * t - 1 - painted).abs().mean().item() for t in (about["tone"].flip(0)[:, None], 0.65))
claim("with the true shape, a random tone costs 0.02 to 0.05 more than the middle one", 0.02 < draw - middle < 0.05)

# %% [markdown]
# The usual explanation is: L1 has one best answer, so the network ignores the noise. It is true that L1 has one best
# answer. But the network that learns from the adversary *alone* ignores the noise as well, although a perfect adversary
# would reward using it. So L1 is not the whole cause, at least for these nets and 300 steps.
#
# With recovery the network uses its noise. Beside the adversary, recovery brings about two thirds of the true spread,
# and dropout about a third. Without the adversary both bring less, about a fifth. (The pix2pix authors saw only little
# variation from dropout.) Look at the last row: the noise also changes the shape, which the drawing had fixed.
#
# Using noise costs L1 error, for an honest draw is farther from the truth than the middle is, here by 0.02 to 0.05.
# (The rest of the price is probably broken shape.) See [chapter
# 51](51_sharper_pictures.ipynb#1.-Two-pictures-fit.-Which-answer-is-best?). Where several answers fit, a low error
# alone is no sign of quality.

# %% [markdown]
# ## 4. Without pairs: count the translations
#
# Now no pairs. Two heaps, of painted figures and of drawn ones. What could tell a network which drawing belongs to a
# painting?
#
# The game of two adversaries (**CycleGAN**, Zhu et al. 2017) has two translators. $P$ draws the painted, $Q$ paints the
# drawn. They are asked for two things:
#
# - **adversary**: the heap of all $P(\text{painted})$ looks like the heap of drawings, and the other way round
# - **cycle**: there and back leads to the same picture, $Q(P(\text{painted})) = \text{painted}$, and the other way
#   round
#
# Before any training, count. Our figures come in four kinds: left or right arm up, skirt or trousers. Forget all else:
# a translator is then a table that gives each painted kind a drawn kind. There are $4^4 = 256$ tables.
#
# **Predict, and say why:** all kinds are equally frequent. How many of the 256 fool a perfect adversary? Of the pairs
# $(P, Q)$ of these, how many return in a cycle? And how many are *right*?

# %%
KINDS = range(4)


def fooling(shares_in, shares_out):
    """All tables with which each drawn kind turns up as often as it should."""
    tables = itertools.product(KINDS, repeat=len(shares_in))
    return [t for t in tables if np.abs(np.bincount(t, shares_in, minlength=4) - shares_out).max() < 1e-9]


def returns(P, Q):
    return all(Q[P[i]] == i for i in KINDS) and all(P[Q[j]] == j for j in KINDS)


even, uneven = np.full(4, 0.25), np.array([0.4, 0.3, 0.2, 0.1])
tables = fooling(even, even)
cycles = [(P, Q) for P in tables for Q in tables if returns(P, Q)]
identity("24 of 256 tables fool a perfect adversary", len(tables) == 24)
identity("of their 576 pairs, 24 return in a cycle", len(cycles) == 24)
identity("with the shares 40, 30, 20, 10 % only the right table fools", fooling(uneven, uneven) == [(0, 1, 2, 3)])

# %% [markdown]
# One of the 24 is right. The other 23 satisfy *both* wishes perfectly. A cycle ties $Q$ to $P$; it doesn't say that $P$
# is right. If you exchange left and right on the way there and again on the way back, you return safely.
#
# What tells them apart must come from elsewhere. If the kinds have different shares, only the right table fools the
# adversary (the last line above). But that no longer helps when a translator can split a kind, for instance into its
# dark and its light figures. And take a **symmetry** of a heap: a change that can be undone, and that leaves the heap
# as a whole as it is. Apply it after $P$, and undo it before $Q$: a perfect pair stays perfect, with the same
# adversarial and cycle losses. Moriakov, Adler & Teuwen (2020) prove this for CycleGAN, and their networks do learn
# such symmetries.
#
# The law behind our heaps has an exact symmetry: the mirror. Left and right arms are equally frequent, and all else is
# symmetric.
#
# There is another trouble. Our paintings have a tone, and drawings have none. Let there be two tones, dark and light:

# %%
eighths = np.full(8, 1 / 8)  # four kinds in two tones
many_to_one = fooling(eighths, even)
identity("2,520 tables from 8 paintings to 4 drawings fool a perfect adversary", len(many_to_one) == 2520)
identity("none of them can be undone: some two paintings share a drawing", all(len(set(t)) < 8 for t in many_to_one))

# %% [markdown]
# The *right* translation forgets the tone. So it can't satisfy the cycle. A translator that does satisfy it has to
# write the tone somewhere into the drawing. Chu, Zhmoginov & Sandler (2017) found that a CycleGAN hides such
# information in faint patterns. Where will ours put it?

# %% [markdown]
# ## 5. Two heaps, and what the losses find
#
# Now train. $P$ and $Q$ are plain perceptrons: each pixel of the answer may depend on each pixel of the question. The
# loss of both translators, with the weights of the paper, 10 for the cycle and (if it is used) 5 for the identity:
#
# $$\text{adversarial} + 10\,\big(|Q(P(a)) - a| + |P(Q(b)) - b|\big) + 5\,\big(|P(b) - b| + |Q(a) - a|\big) .$$
#
# The last part is the **identity loss**: $P$, which makes drawings, should leave a drawing as it is, and $Q$ a
# painting. It is meant to keep colours. Without a cycle there is no need for $Q$, and only $P$ is trained. (`wishes`,
# folded, is this formula.)


# %% jupyter={"source_hidden": true}
class Plain(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.net = crowd([FLAT, 64, 64, FLAT], first, output="tanh")

    def forward(self, x):
        return self.net(x)


# %% jupyter={"source_hidden": true}
def mean_gap(x, y):
    """The mean absolute difference, summed over the seeds."""
    return (x - y).abs().mean(dim=(1, 2)).sum()


def wishes(P, Q, D_drawn, D_painted, a, b, drawing, painting, adversary, cycle, same):
    """The translators' loss, from paintings a and drawings b, (SEEDS, N, 196). Q may be None."""
    loss = adversary * fooled(D_drawn, b, drawing) if adversary else torch.zeros((), device=here)
    if same:
        loss = loss + same * mean_gap(P(b), b)
    if Q is None:  # without a cycle P is alone
        return loss
    if adversary:
        loss = loss + adversary * fooled(D_painted, a, painting)
    loss = loss + cycle * (mean_gap(Q(drawing), a) + mean_gap(P(painting), b))
    if same:
        loss = loss + same * mean_gap(Q(a), a)
    return loss


# %%
@device.one_thread()
def translators(a_heap, b_heap, kind=Plain, adversary=1.0, cycle=10.0, same=0.0, pairs=None, steps=300):
    P, Q, D_drawn, D_painted = kind(0), kind(20) if cycle else None, Judges(FLAT, 40), Judges(FLAT, 60)
    adam = adam_of(P, Q) if cycle else adam_of(P)
    judge_adam, chance = [adam_of(D_drawn), adam_of(D_painted)], device.generator(0)
    for step in range(steps):
        rows = [torch.randint(len(heap), (SEEDS, 32), generator=chance).to(here) for heap in (a_heap, b_heap)]
        a, b = a_heap[rows[0]], b_heap[rows[1]]
        drawing, painting = P(a), Q(b) if cycle else None
        if adversary:
            judge_step(D_drawn, judge_adam[0], b, drawing, step % 8 == 0, 1.0, dim=1)
        if adversary and cycle:
            judge_step(D_painted, judge_adam[1], a, painting, step % 8 == 0, 1.0, dim=1)
        loss = wishes(P, Q, D_drawn, D_painted, a, b, drawing, painting, adversary, cycle, same)
        if pairs:
            loss = loss + 10 * mean_gap(P(pairs[0]), pairs[1])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return P, Q


# %% [markdown]
# How do we judge? By the true drawing of each test figure, which no training has seen: the L1 error. And by content: a
# linear **reader** learned from true drawings to tell the raised arm and the body. It reads the translations.

# %% jupyter={"source_hidden": true}
truths = torch.stack([about["right"], about["skirt"]], dim=1)
asked_for = torch.stack([others["right"], others["skirt"]], dim=1).float() * 2 - 1
ones = torch.ones(len(drawn_others), 1, device=here)
table = torch.cat([drawn_others, ones], dim=1)
weights = torch.linalg.solve(table.T @ table + 20 * torch.eye(FLAT + 1, device=here), table.T @ asked_for)


def read(drawings):
    """(…, 196) → (…, 2): right arm up? A skirt?"""
    return drawings @ weights[:-1] + weights[-1] > 0


claim("the reader is right for at least 99 % of true drawings", (read(drawn) == truths).float().mean() > 0.99)


# %% jupyter={"source_hidden": true}
def correlation(x, y):
    """Of each row of x (SEEDS, N) with y (N,); 0 where x never changes."""
    return [np.corrcoef(row, y)[0, 1] if row.std() > 0 else 0.0 for row in x.float().cpu().numpy()]


@torch.no_grad()
def verdict(P, Q, sign=1.0):
    """Six measures of each seed, (6, SEEDS), two of them missing without Q; and the first seed's drawings.

    sign: 1 for ink, −1 for chalk.
    """
    drawing, tones = P(painted.expand(SEEDS, -1, -1)), about["tone"].cpu().numpy()
    kinds, gap, tone_back = read(sign * drawing), [np.nan] * SEEDS, [np.nan] * SEEDS
    if Q is not None:
        back = Q(drawing)
        gap, tone_back = (back - painted).abs().mean(dim=(1, 2)).tolist(), correlation(tone(back), tones)
    error = (drawing - sign * drawn).abs().mean(dim=(1, 2)).tolist()
    kept, told = (kinds == truths).float().mean(dim=1).T.tolist(), correlation(kinds[..., 1], tones)
    return np.array([error, gap, *kept, tone_back, told]), drawing[0].cpu()


# %% [markdown]
# Five trainings with *ink*, black lines on white paper. And one with *chalk*: the same drawings, white lines on black.
# Nothing else differs.
#
# **Predict, and say why:** which keep the arm and the body? What will the identity loss change, in ink and in chalk?

# %%
runs = {
    "adversary": {"cycle": 0.0},
    "cycle": {"adversary": 0.0},
    "both": {},
    "identity alone": {"adversary": 0.0, "cycle": 0.0, "same": 5.0},
    "both + identity": {"same": 5.0},
    "both + identity, chalk": {"same": 5.0},
}
found, seen = {}, {}
with training.progress_bar(len(runs)) as bar:
    for name, options in runs.items():
        sign = -1.0 if "chalk" in name else 1.0  # chalk is the negative of ink
        found[name], seen[name] = verdict(*translators(painted_train, sign * drawn_others, **options), sign)
        bar.update()

# %% jupyter={"source_hidden": true}
rows = {"painted": painted.cpu()} | {name: seen[name] for name in runs}
rows["true drawing"] = drawn.cpu()
plotting.image_grid({name: x[:12] for name, x in rows.items()}, rows=1)


# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
def show(names):
    heads = ("L1 error", "after a cycle", "arm right", "body right", "tone is back", "body ~ tone")
    print("smallest … largest of four seeds\n" + " " * 24 + "".join(f"{head:15s}" for head in heads).rstrip())
    for name in names:
        cells = ["  –" if np.isnan(row[0]) else f"{min(row):5.2f} …{max(row):5.2f}" for row in found[name]]
        print(f"{name:23s}" + "".join(f"{cell:15s}" for cell in cells).rstrip())


show(runs)

# %%
constant = (drawn_others.median(dim=0).values - drawn).abs().mean().item()
identical = found["both + identity"]
wrong = min(found[name][0].min() for name in ("adversary", "cycle"))
claim(
    "adversary or cycle alone: worse than one fixed drawing for all, in all seeds", wrong > constant, (constant, found)
)
kept = np.minimum(found["both"][2], found["both"][3])
claim("both: no seed keeps arm and body in 9 of 10 figures", kept.max() < 0.9, found["both"])
wrong_arm = identical[2].max() < 0.4 and np.median(identical[2]) < 0.1
claim("with identity, in ink: the wrong arm for 60 %, in all seeds, and for 90 % in the median", wrong_arm, identical)
lone = found["identity alone"][2].max()
claim("identity alone, in ink: the wrong arm for 60 %, in all seeds", lone < 0.4, found)
claim("in chalk: the right arm for 95 %, in all seeds", found["both + identity, chalk"][2].min() > 0.95, found)

# %%
both = ("both", "both + identity", "both + identity, chalk")
blank = (painted_train.median(dim=0).values - painted).abs().mean().item()
closed = max(found[name][1].max() for name in both)
claim("yet there and back 'both' return: under 0.7 of a fixed painting's error", closed < 0.7 * blank, (blank, found))
returned = min(found[name][4].min() for name in both)
claim("and the tone comes back: correlation over 0.7, in all seeds", returned > 0.7, found)
body = found["both + identity, chalk"][3].max()
claim("in chalk the body is wrong for over half of the figures, in all seeds", body < 0.5, found)
sides = identical[5].min() > 0.3 and found["both + identity, chalk"][5].max() < -0.3
claim("the body tells the tone: in ink light figures get skirts, in chalk trousers, in all seeds", sides, found)
claim(
    "with an adversary and no cycle it does, too, in at least one of four seeds",
    (np.abs(found["adversary"][5]) > 0.4).any(),
    found,
)

# %% [markdown]
# *Arm right* and *body right* are shares of figures. *Tone is back* is the correlation of the tone after there and back
# with the tone before. *body ~ tone* is the correlation of "this drawing has a skirt" with the tone of its painting.
# In the true drawings it is about 0.
#
# There and back, the rows with "both" return, also in tone: their error is about half of what one fixed painting for
# all has. And yet the translations are wrong, as section 4 warned.

# %% [markdown]
# - **The arm.** In ink with the identity loss each seed preferred the mirror. In chalk, each found the right arm.
#   The losses are the same; only the colours differ. Without the identity loss, it is a mixture (in chalk, too, which
#   we ran outside this notebook). The identity loss alone, without adversary and cycle, prefers the mirror in ink, too,
#   although its answers are grey blots and no drawings.
# - **The tone.** With the identity loss light figures got skirts in ink, and trousers in chalk. Without it, some seeds
#   did the one and some the other. So the body, which we call content, carries the tone. With a cycle that is useful:
#   $Q$ can read it there. But the cycle isn't its only cause: the body follows the tone in some seeds with the
#   adversary alone, and in all four with the identity loss alone. (As far as a linear reader can tell from blots.)

# %% [markdown]
# Why the mirror? The identity loss teaches $P$ to leave the pixels of drawings as they are, and $P$ does so with
# paintings, too, as far as the other losses let it. A painted arm is bright. Left bright in ink, its place looks like
# empty paper: no arm there. On the other side the dark background looks like ink: an arm. That is the mirrored
# drawing. Check it without any network:

# %%
mirrored = drawn.view(-1, S, S).flip(-1).flatten(1)
ink_gap = [(painted - x).abs().mean().item() for x in (drawn, mirrored)]
chalk_gap = [(painted + x).abs().mean().item() for x in (drawn, mirrored)]
claim("in ink a painting is nearer to the mirrored drawing than to its own", ink_gap[1] < ink_gap[0], ink_gap)
claim("in chalk it is nearer to its own", chalk_gap[0] < chalk_gap[1], chalk_gap)

# %% [markdown]
# So the rule that picked the arm was: *change the pixels as little as possible*. Where the rule is right, it looks like
# understanding, although in chalk the *body* is wrong for most figures. Where it is wrong, neither adversary nor cycle
# notices.

# %% [markdown]
# ## 6. A network that can't move an arm
#
# The translators of the CycleGAN paper are convolutional, and a convolution looks around each pixel. Take this to the
# extreme: a **local** translator answers for each pixel from the 5 × 5 pixels around it, everywhere by the same rule.
# Such a network cannot lift the other arm: what it draws on the left must come from what is there.
#
# **Predict, and say why:** which content will it keep, with an adversary alone, and no cycle?


# %%
class Local(nn.Module):
    """One small perceptron, 25 → 16 → 1, for each pixel's window of 5 × 5."""

    def __init__(self, first):
        super().__init__()
        self.net = crowd([25, 16, 1], first, output="tanh")

    def forward(self, x):
        framed = F.pad(x.reshape(-1, 1, S, S), (2, 2, 2, 2), mode="replicate")
        windows = F.unfold(framed, 5).mT.reshape(len(x), -1, 25)
        return self.net(windows).view_as(x)


# %%
name = "local, adversary"
found[name], seen[name] = verdict(*translators(painted_train, drawn_others, Local, cycle=0.0))
rows = {"painted": painted.cpu(), name: seen[name], "true drawing": drawn.cpu()}
plotting.image_grid({name: x[:12] for name, x in rows.items()}, rows=1)

# %% tags=["nbval-ignore-output"]
show(("adversary", "local, adversary"))

# %%
alone = found["local, adversary"]
claim(
    "local, adversary alone: the right arm for at least 95 % of the figures, in all seeds", alone[2].min() > 0.95, alone
)
claim("and the right body for at least 80 %", alone[3].min() > 0.8, alone)
claim("its L1 error is below that of the fixed drawing, in all seeds", alone[0].max() < constant, alone)

# %% [markdown]
# The content is kept, with an adversary *alone*. The same loss with plain perceptrons lost it. So what made the
# difference is the **form of the network**: it is local, has one rule for all pixels, and 433 weights instead of about
# 29,500. (Which of these did it, we haven't tested.) Galanti, Wolf & Benaim (2018) argue in this direction: among all
# translations that fit, small networks find simple ones, and simple ones tend to be those that we mean.
#
# So before you say that a cycle kept the content, run the adversary alone. 🔎 **Try it:** call `translators` with
# `Local` and `cycle=10.0`. Do the drawings become better or worse, and where does the tone go?
#
# <details><summary>Compare</summary>
#
# Ours became worse: the L1 error was 0.41 to 0.43 in three seeds, and 0.83 in one. The figures are filled, and how dark
# they are tells the tone. (One seed drew them bright on grey.)
#
# </details>

# %% [markdown]
# ## 7. How many pairs is that worth?
#
# Suppose that somebody draws a few of our figures by hand: $n$ true pairs. The plainest of all methods is a plain
# perceptron that learns from these by L1, without adversary and cycle. **Predict:** from how many pairs on does it beat
# what we got without any?
#
# Beside it stand methods that nobody trains:
#
# - the **fixed drawing**: each pixel's median over all drawings
# - **look-up**: the nearest drawing, pixel by pixel
# - **matched moments**: shift and stretch each pixel to the mean and the spread of the drawings
# - the best **linear** map between two bell curves with the heaps' means and covariances (optimal transport; for bell
#   curves it has a formula)
# - the **edge rule** of section 1, in black on white, with its threshold of 0.5, and with 0.2


# %% jupyter={"source_hidden": true}
@device.one_thread()
def paired(n, kind=Plain, steps=300):
    P, chance = kind(0), device.generator(0)
    adam = adam_of(P)
    own = few_pairs(n)
    for _ in range(steps):
        rows = torch.randint(n, (32,), generator=chance).to(here)
        loss = mean_gap(P(own[0][:, rows]), own[1][:, rows])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return P


# %% jupyter={"source_hidden": true}
def few_pairs(n):
    """Other pairs for each seed: (SEEDS, n, 196) twice."""
    a, b, _ = figures(SEEDS * n, seed=9)
    return a.view(SEEDS, n, FLAT), b.view(SEEDS, n, FLAT)


def error_of(P):
    with torch.no_grad():
        return (P(painted.expand(SEEDS, -1, -1)) - drawn).abs().mean(dim=(1, 2)).cpu().numpy()


counts = (4, 16, 64, 256)
by_pairs = {n: error_of(paired(n)) for n in counts}
local_pairs = {n: error_of(paired(n, Local)) for n in (4, 64)}

# %% jupyter={"source_hidden": true}
a_mean, b_mean = painted_train.mean(dim=0), drawn_others.mean(dim=0)


def power(matrix, exponent):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=1e-4) ** exponent @ vectors.T


a_cov, b_cov = (torch.cov(x.T).cpu().double() for x in (painted_train, drawn_others))
half, back_half = power(a_cov, 0.5), power(a_cov, -0.5)
linear = (back_half @ power(half @ b_cov @ half, 0.5) @ back_half).float().to(here)
stretch = drawn_others.std(dim=0) / (painted_train.std(dim=0) + 1e-3)
untrained = {
    "fixed drawing": drawn_others.median(dim=0).values.expand_as(drawn),
    "look-up": drawn_others[torch.cdist(painted, drawn_others).argmin(dim=1)],
    "matched moments": ((painted - a_mean) * stretch + b_mean).clamp(-1, 1),
    "linear": ((painted - a_mean) @ linear + b_mean).clamp(-1, 1),
    "edge rule, 0.5": -edges(painted.view(-1, 1, S, S)).flatten(1),
    "edge rule, 0.2": -edges(painted.view(-1, 1, S, S), 0.2).flatten(1),
}
plain_errors = {name: (x - drawn).abs().mean().item() for name, x in untrained.items()}
kept_arm = {name: (read(x)[:, 0] == truths[:, 0]).float().mean().item() for name, x in untrained.items()}

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
for name in untrained:
    print(f"{name:16s} L1 error {plain_errors[name]:.2f}   arm right in {kept_arm[name]:4.0%}")
print("\nL1 error of paired regression, four seeds")
for form, table in (("plain", by_pairs), ("local", local_pairs)):
    for n, error in table.items():
        print(f"{form}, {n:3d} pairs  " + "  ".join(f"{e:.2f}" for e in error))

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 4))
middles = [np.median(by_pairs[n]) for n in counts]
ax.plot(counts, [by_pairs[n] for n in counts], color=plotting.REAL, alpha=0.3, linewidth=1)
ax.plot(counts, middles, "o-", color=plotting.REAL, label="plain network, n pairs")
local = [np.median(error) for error in local_pairs.values()]
ax.plot([4, 64], local, "s--", color=plotting.NEUTRAL[2], label="local network, n pairs")
heights = {
    "both + identity, plain": (np.median(identical[0]), plotting.FAKE, ":"),
    "adversary, local": (np.median(found["local, adversary"][0]), plotting.FAKE, "-"),
    "fixed drawing": (plain_errors["fixed drawing"], plotting.NEUTRAL[1], "--"),
    "edge rule, 0.2": (plain_errors["edge rule, 0.2"], plotting.NEUTRAL[0], "-."),
}
for label, (height, color, line) in heights.items():
    ax.axhline(height, color=color, linestyle=line, label=label)
ax.set(
    xscale="log", xlabel="pairs n (thin: seeds, thick: median)", ylabel="L1 error to the true drawing", ylim=(0, None)
)
ax.set_xticks(counts, [str(n) for n in counts])
ax.minorticks_off()
ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %%
best = np.median(found["local, adversary"][0])
worth = np.median(by_pairs[4]) > best > np.median(by_pairs[64])
claim("local, adversary alone: better than plain with 4 pairs, worse than with 64 (medians)", worth, (best, by_pairs))
less = identical[0].min() > by_pairs[4].max()
claim("plain, both + identity: worse than 4 pairs, in all seeds", less, (found, by_pairs))

# %%
cheap = min(plain_errors[name] for name in ("linear", "look-up", "matched moments"))
claim("linear, look-up, matched moments: worse than the fixed drawing", cheap > constant, plain_errors)
mirror = max(kept_arm[name] for name in ("linear", "look-up", "matched moments")) < 0.1
claim("and they have the wrong arm for nine of ten figures", mirror, kept_arm)
same_form = np.median(local_pairs[64]) > best - 0.04
claim("the local network with 64 pairs isn't better than without by 0.04 (medians)", same_form, (best, local_pairs))
sharp, coarse = plain_errors["edge rule, 0.2"], plain_errors["edge rule, 0.5"]
claim("the edge rule beats the fixed drawing at 0.2, but not at 0.5", sharp < constant < coarse, plain_errors)
kept = min(kept_arm["edge rule, 0.2"], kept_arm["edge rule, 0.5"])
claim("at both it keeps nine of ten arms", kept > 0.9, kept_arm)

# %% [markdown]
# The best translator without pairs was worth more than 4 pairs of a plain perceptron, and less than 64 (in the figure
# less than 16). But its form differs, too. The *same* local network, given pairs and 300 steps, isn't clearly better
# with 64 than without any. (It isn't fully trained then. With 1,000 steps, outside this notebook, its error was 0.16 to
# 0.19; without pairs, after 1,200 steps, it was 0.16 to 0.22.) So "worth so many pairs" belongs to two networks and to
# a length of training.
#
# The edge rule beats the fixed drawing with a threshold of 0.2. We found this one by looking at true pairs; with the
# 0.5 of section 1 it loses. It keeps the arm with both. The CycleGAN with plain perceptrons and the identity loss was
# worth less than no pairs: the fixed drawing has a smaller error. And the mirror isn't a fault of networks only.
# Look-up, matched moments and the linear map get the wrong arm as well.
#
# What if we *mix*: four pairs, and the heaps? The pairs can break the symmetry, and the heaps show what drawings look
# like. **Predict:** what does the adversary add to the cycle?

# %%
four = few_pairs(4)
mixed = {"4 pairs": by_pairs[4]}
for name, options in {
    "4 pairs, adversary": {"cycle": 0.0},
    "4 pairs, cycle": {"adversary": 0.0},
    "4 pairs, adversary, cycle": {},
}.items():
    mixed[name] = error_of(translators(painted_train, drawn_others, pairs=four, **options)[0])

# %% jupyter={"source_hidden": true} tags=["nbval-ignore-output"]
for name, error in mixed.items():
    print(f"{name:28s} L1 error " + "  ".join(f"{e:.2f}" for e in error))

# %%
middle = {name: np.median(error) for name, error in mixed.items()}
helped = middle["4 pairs, adversary, cycle"] < middle["4 pairs"] - 0.05
claim("with four pairs, adversary and cycle together lower the median error by over 0.05", helped, mixed)
gains = middle["4 pairs, adversary, cycle"] < middle["4 pairs, cycle"] - 0.03
claim("it is lower than with the cycle alone, by over 0.03", gains, mixed)

# %% [markdown]
# Four pairs, two heaps, adversary and cycle do better than four pairs alone, and the adversary adds much to the cycle.
# How much the cycle adds to the adversary, four seeds can't tell. In three other sets of four seeds, outside this
# notebook, it lowered the median error by 0.07, by 0.04 and by almost nothing. If you plan a translation of your own,
# try to get some pairs. They also let you *notice* a mirror.

# %% [markdown]
# ## 8. Which famous picture makers are GANs?
#
# A sharp or stylish picture is no sign of a GAN. Ask how the system was *trained*: was there a discriminator?
#
# | system | what makes the picture | a GAN? |
# |---|---|---|
# | [Neural style](https://arxiv.org/abs/1508.06576) (2015) | changes *one* picture until its features fit | no |
# | [pix2pix](https://arxiv.org/abs/1611.07004) (2016/17) | learns from pairs: L1 and an adversary | yes |
# | [CycleGAN](https://arxiv.org/abs/1703.10593) (2017) | learns from two heaps: adversaries and a cycle | yes |
# | SRGAN (2017), ESRGAN (2018) | a regression plus an adversary | yes |
# | StyleGAN (2018) | a generator against a discriminator | yes |
# | [DALL·E](https://arxiv.org/abs/2102.12092) (2021) | a transformer writes 32 × 32 tokens, a VAE draws them | no |
# | [DALL·E 2](https://arxiv.org/abs/2204.06125) (2022) | diffusion, from a CLIP embedding of the picture | no |
# | [Latent diffusion](https://arxiv.org/abs/2112.10752) (2022) | diffusion; its autoencoder had an adversary | partly |
# | [GigaGAN](https://arxiv.org/abs/2303.05511) (2023) | a generator from text, against discriminators | yes |
#
# A *token* is the number of a picture's small piece in a code book. A *transformer* writes the next one from all
# before. *CLIP* is a network that puts pictures, and the words for them, at near places of one space: their
# *embeddings*.
#
# So adversaries are also used inside other systems, to keep details sharp.

# %% [markdown]
# **Style transfer.** Neural style (Gatys et al.) is no GAN: nothing is trained but the pixels of one picture, so that
# some features of a ready-made classifier match those of a photograph and their correlations match those of a painting.
# Style transfer *with* GANs is a translation without pairs. The experiment is that of sections 5 to 7: nobody has told
# the network what is style and what is content.
#
# **Virtual characters**, such as a cartoon face that looks like you, ask for a translation, too: our figures, painted
# and drawn, are such characters. Whether one *is* like you, no loss of this chapter measures. Somebody has to say what
# must be kept, and check it, as our reader did with arm and body. When what is to be kept matters, as in a scan
# ([chapter 51](51_sharper_pictures.ipynb#4.-Marks-that-were-never-there)), judge by true pairs or not at all.

# %% [markdown]
# ## What all this does not show
#
# - **That CycleGAN fails on photographs.** Our translators are tiny, and train for seconds. Large convolutional ones
#   kept content and became famous for it.
# - **That adversaries need no cycle.** Our local network was so narrow that it had little choice.
# - **How the results change with weights and learning rates.** We used one of each in each section. Only the 10 and the
#   5 of section 5 are a paper's.

# %% [markdown]
# ## Help, I get …
#
# ### All translations look alike
# The discriminator wins or the generator collapsed. Is the discriminator's input joined with the condition, in the same
# order for real and generated? Start from a regression, if you have pairs.
#
# ### The colours are inverted, or left and right exchanged
# A symmetry that your losses can't see. Look at ten translations beside their originals in *each* run. A few pairs, or
# a narrower network, can break it.
#
# ### A pattern of small squares
# Layers that enlarge make it: transposed convolutions whose windows overlap unevenly, and `PixelShuffle`, whose four
# kinds of pixels have weights of their own. Our U-Net shows it. [Chapter 42](42_convolutional_gan.ipynb) has other ways
# to enlarge.

# %% [markdown]
# ### `Sizes of tensors must match` in the U-Net
# A skip joins maps of equal height and width. With sides that can't be halved twice, 30 for instance, they differ. Pad
# the pictures first.
#
# ### The cycle loss is nearly 0, and the translations are bad
# That is possible, as section 5 shows. A small cycle loss says only that $Q$ undoes $P$.

# %% [markdown]
# ## Recap
#
# - With pairs, training with L1 alone came nearest to the truth (in the median). An adversary brought answers nearer in
#   features, at a cost in L1. There a look-up is nearest of all, and its mean with L1's answers beats the adversary at
#   about the same L1 error.
# - Our translators ignored their noise, with L1 and without, until something rewarded its use. Recovering the noise, or
#   dropout, helps, most beside an adversary.
# - Without pairs, a symmetry of the data turns a perfect translation into a wrong one with the same adversarial and
#   cycle losses. A cycle doesn't rule it out, and what the other side lacks must be stored somewhere.
# - What picked the arm here was the identity loss (for better or worse). What kept arm and body was the form of the
#   network.
# - Judge by held-back pairs and by content, over seeds, beside a fixed answer. A few true pairs are worth much.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>A colleague's CycleGAN has a cycle loss of almost 0. Is the translation right?</summary>
#
# Nobody knows. In section 4, 24 tables lead there and back without any loss, and 23 of them are wrong. Ask for some
# true pairs, or for attributes that can be read on both sides.
#
# </details>
#
# <details><summary>Why can't the right translation of our figures satisfy the cycle?</summary>
#
# The drawing doesn't show the tone. From the right drawing alone nobody can paint the figure in its own tone again.
#
# </details>
#
# <details><summary>A translator with an adversary has a larger L1 error than one without. Is it worse?</summary>
#
# It depends on what you need. Where several answers fit, an honest draw has a larger error than the middle. Measure
# both, and look whether the answers vary as the truth does.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial
#   Networks](https://arxiv.org/abs/1611.07004): pix2pix, and noise that is ignored.
# - [Zhu et al. 2017, Unpaired Image-to-Image Translation](https://arxiv.org/abs/1703.10593): CycleGAN, and
#   what its losses do one by one.
# - [Zhu et al. 2017, Toward Multimodal Image-to-Image Translation](https://arxiv.org/abs/1711.11586): BicycleGAN, many
#   answers to one question.
# - [Chu, Zhmoginov & Sandler 2017, CycleGAN, a Master of Steganography](https://arxiv.org/abs/1712.02950): where a
#   cycle hides what it needs.
# - [Galanti, Wolf & Benaim 2018, The Role of Minimal Complexity Functions](https://arxiv.org/abs/1709.00074): why the
#   right translation is found at all.
# - [Moriakov, Adler & Teuwen 2020, Kernel of CycleGAN](https://arxiv.org/abs/2001.09061): which symmetries the losses
#   can't see, with proofs.

# %% [markdown]
# ## Key terms
#
# {{terms: image-to-image translation; style transfer; skip (connection); cycle consistency; identity loss; latent
# recovery}}
