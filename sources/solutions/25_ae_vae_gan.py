# %% [markdown]
# # Exercises 25 · AE, VAE, GAN: on equal terms
#
# You write three small tools of [the chapter](../chapters/25_ae_vae_gan.ipynb): a measure of blur, the choice among
# several starts, and the arc between two codes. Then you look for what is unfair in a comparison. Ask for a hint when
# you are stuck. The [worked solutions](../solutions/25_ae_vae_gan.ipynb) are for later.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data, nets, plotting
from gan_edu.checks import chapter_25 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1. Roughness
# *Difficulty ●○○ · importance ●●○ · 10 minutes*
#
# `pictures` has the shape (N, H, W); black is 0. Two pixels are neighbours if they stand side by side, or one above the
# other. Return the roughness of each picture, shape (N,): the sum of the squared differences of all neighbours, divided
# by the sum of all squared pixels of that picture. No picture is all black.
#
# **Predict:** what happens to the roughness if you make a picture twice as bright?


# %% answer="roughness"
def roughness(pictures):
    ### BEGIN SOLUTION
    right = pictures[:, :, 1:] - pictures[:, :, :-1]  # (N, H, W - 1)
    below = pictures[:, 1:, :] - pictures[:, :-1, :]  # (N, H - 1, W)
    edges = right.pow(2).sum(dim=(1, 2)) + below.pow(2).sum(dim=(1, 2))
    return edges / pictures.pow(2).sum(dim=(1, 2))
    ### END SOLUTION


# %% check="roughness" points=2
q.roughness.check(roughness)
### BEGIN HIDDEN TESTS
import torch as _t

_p = _t.zeros(2, 3, 4)
_p[0, 1, 1] = 0.5  # one dot has four neighbours: 4 · ¼ / ¼
_p[1] = 1.0
_p[1, 0, 0] = 0.0  # a hole in a corner: 2 / 11
assert _t.allclose(_t.as_tensor(roughness(_p.clone())).float(), _t.tensor([4.0, 2 / 11]), atol=1e-4)
### END HIDDEN TESTS

# %%
# q.roughness.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# (Nothing: both sums become four times as large.) Which of these is the roughest? Guess first.

# %%
digits = data.images("mnist").tensor(flat=True, low=0.0)
torch.manual_seed(0)
some = digits[:500].view(-1, 28, 28)
kinds = {
    "digits": some,
    "blurred": F.avg_pool2d(some[:, None], 3, stride=1, padding=1)[:, 0],
    "speckled": (some + 0.15 * torch.randn_like(some)).clamp(0, 1),
}
plotting.image_grid({name: 2 * each[:8] - 1 for name, each in kinds.items()}, rows=1)
print({name: round(roughness(each).mean().item(), 1) for name, each in kinds.items()})

# %% [markdown]
# ## 2. The best of several starts
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A search for codes was started several times for each of N pictures. `codes` holds what it found, shape (starts, N,
# Z), and `errors` how far the decoded pictures are from their targets, shape (starts, N). Return for each picture the
# code of its best start, shape (N, Z).
#
# **Before you write:** may two pictures have different best starts?


# %% answer="best_codes"
def best_codes(codes, errors):
    ### BEGIN SOLUTION
    winner = errors.argmin(dim=0)  # for each picture the number of its best start
    pictures = torch.arange(codes.shape[1])
    return codes[winner, pictures]
    ### END SOLUTION


# %% check="best_codes" points=2
q.best_codes.check(best_codes)
### BEGIN HIDDEN TESTS
import torch as _t

_codes = _t.arange(24.0).view(3, 4, 2)  # start s, picture i: 8 s + 2 i, and one more
_errors = _t.tensor([[0.5, 0.2, 0.9, 0.1], [0.4, 0.3, 0.8, 0.2], [0.6, 0.1, 0.7, 0.3]])
_right = _t.tensor([[8.0, 9.0], [18.0, 19.0], [20.0, 21.0], [6.0, 7.0]])
assert _t.equal(_t.as_tensor(best_codes(_codes, _errors)).float(), _right)
### END HIDDEN TESTS

# %%
# q.best_codes.hint()

# %% [markdown]
# (Two pictures may have different best starts. So one start for all of them is not enough.)
#
# ## 3. On the arc
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# `a` and `b` hold codes, (N, D) each. Every code of `a` is as long as its partner in `b`, and no two partners lie on
# one line through 0. Return the codes that lie at `t` (a number from 0 to 1) on the arcs between them. With the angle
# $\omega$ between two partners, this is
#
# $$\frac{\sin((1-t)\,\omega)}{\sin \omega}\, a + \frac{\sin(t\,\omega)}{\sin \omega}\, b.$$
#
# **Predict:** what is the length of the result? And for which `t` would it be enough to take the point of the straight
# line and bring it to the right length?


# %% answer="arc"
def arc(a, b, t):
    ### BEGIN SOLUTION
    cosine = (a * b).sum(dim=1, keepdim=True) / (a.norm(dim=1, keepdim=True) * b.norm(dim=1, keepdim=True))
    angle = torch.acos(cosine)  # (N, 1)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
    ### END SOLUTION


# %% check="arc" points=2
q.arc.check(arc)
### BEGIN HIDDEN TESTS
import math as _math

import torch as _t

_a, _b = _t.tensor([[3.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), _t.tensor([[0.0, 0.0, 3.0], [_math.sqrt(3) / 2, 0.0, -0.5]])
_right = [
    [3 * _math.cos(_math.pi / 6), 0.0, 3 * _math.sin(_math.pi / 6)],
    [_math.sin(2 * _math.pi / 9), 0.0, _math.cos(2 * _math.pi / 9)],
]
assert _t.allclose(_t.as_tensor(arc(_a, _b, 1 / 3)).float(), _t.tensor(_right), atol=1e-4)
### END HIDDEN TESTS


# %%
# q.arc.hint()

# %% [markdown]
# (The result is as long as $a$ and $b$. And the stretched line is enough for $t = ½$ and, of course, at both ends.)
#
# ## 4. A fair comparison?
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# A report says: "The GAN is better than the VAE, at equal steps." It shows this table (Fréchet distances of draws,
# three seeds; floor 0.23):
#
# | | VAE | GAN |
# |---|---|---|
# | decoder | 16 → 200 → 784 | 16 → 200 → 784 |
# | steps | 1,000 | 1,000 |
# | time of a step | 1 | about 2 |
# | settings tried before | 1 | 12 |
# | weights used for drawing | the last ones | an average |
# | codes from | N(0, I) | N(0, I) |
# | distance | 20.9, 22.2, 21.0 | 14.4, 14.1, 15.2 |
#
# What differs between the two columns besides the model? Which runs would you ask for? And which statement *does* the
# table support?

# %% [markdown] answer="fair_comparison" points=3
# <!-- ### BEGIN SOLUTION -->
# Besides the model there are three differences: only the GAN's weights are averaged, twelve settings were tried for
# it and one for the VAE, and its steps take twice as long. I would ask for the GAN without the average, the VAE with
# one, and the same number of tried settings or the same time for both, again with several seeds. A mixture fitted to
# the VAE's codes would be worth a row too.
#
# Supported: with these settings the averaged GAN is nearer than the VAE from N(0, I) in all three seeds. "Better" in
# general is not supported. One distance says nothing about missing digits or blur.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.fair_comparison.hint()
# q.fair_comparison.check()

# %% [markdown]
# ## Your tools at work
#
# A small autoencoder learns 2,000 digits, for two seconds. Then we *search* a code for each of 40 of them: six starts,
# 150 steps each, and your function takes the best. **Predict:** will the search find codes as good as the encoder's?

# %%
torch.manual_seed(0)
encoder = nets.mlp([784, 128, 8], activation="relu")
decoder = nets.mlp([8, 128, 784], activation="relu")
adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
for _ in range(500):
    batch = digits[torch.randint(2000, (64,))]
    loss = F.binary_cross_entropy_with_logits(decoder(encoder(batch)), batch)
    adam.zero_grad()
    loss.backward()
    adam.step()
decoder.requires_grad_(False)

# %% tags=["nbval-ignore-output"]
target = digits[:40]
own = encoder(digits[:2000]).detach()
z = (torch.randn(6, 40, 8) * own.std(dim=0) + own.mean(dim=0)).requires_grad_()  # starts where codes are
adam = torch.optim.Adam([z], lr=0.2)
for _ in range(150):
    errors = (decoder(z).sigmoid() - target).square().mean(dim=-1)  # (6, 40)
    adam.zero_grad()
    errors.sum().backward()
    adam.step()
found = best_codes(z.detach(), errors.detach())
for name, code in {"encoder": own[:40], "search": found, "first start": z[0].detach()}.items():
    print(f"{name}: error {(decoder(code).sigmoid() - target).square().mean():.3f}")

# %% [markdown]
# For an autoencoder the search finds codes at least as good as the encoder's, because codes for these pictures exist.
# One start alone is a little worse. (In the chapter you do the same with a GAN, where they need not exist.) Now walk
# on your arc:

# %%
start, end = own[[1]] - own.mean(dim=0), own[[5]] - own.mean(dim=0)
length = (start.norm() + end.norm()) / 2
start, end = F.normalize(start) * length, F.normalize(end) * length  # the arc wants two codes of one length
way = torch.cat([arc(start, end, t) for t in torch.linspace(0, 1, 10).tolist()]) + own.mean(dim=0)
plotting.image_grid({"your arc": 2 * decoder(way).sigmoid() - 1}, rows=1)
