# %% [markdown]
# # Exercises 24 · From autoencoders to VAEs
#
# Clouds, prices, recipes and arcs: four small tools of
# [the chapter](../chapters/24_from_autoencoders_to_vaes.ipynb), written by you. Then they train a VAE, and an
# autoencoder that beats it.
# [Worked solutions](../solutions/24_from_autoencoders_to_vaes.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data, metrics, nets, plotting
from gan_edu.checks import chapter_24 as q

plotting.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1 · A point of the cloud
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# A VAE's encoder has given the middle $\mu$ of each cloud and $\log \sigma^2$, both of shape (N, Z). `noise` of the
# same shape comes from $N(0, I)$. Return one random point of each cloud, (N, Z): the noise is made $\sigma$ wide and
# moved to $\mu$. The encoder has to learn through your function.
#
# **Predict:** what do you get when all of `log_variance` is 0?


# %% answer="draw_code"
def draw_code(mean, log_variance, noise):
    ### BEGIN SOLUTION
    std = torch.exp(log_variance / 2)
    return mean + std * noise
    ### END SOLUTION


# %% check="draw_code" points=2
q.draw_code.check(draw_code)

# %%
# q.draw_code.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ## 2 · Alive or dead?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# What does each *number* of the code cost, on average over the pictures? For one number of one picture the price is
#
# $$\tfrac12 \left(\mu^2 + \sigma^2 - 1 - \log \sigma^2\right).$$
#
# Return the Z mean prices, shape (Z,). A number that costs next to nothing is dead.
#
# **Predict:** a number has $\mu = 3$ for every picture, and $\sigma = 1$. What does it cost? And is it of any use to
# the decoder?


# %% answer="price_per_number"
def price_per_number(mean, log_variance):
    ### BEGIN SOLUTION
    variance = log_variance.exp()
    prices = (mean**2 + variance - 1 - log_variance) / 2  # (N, Z)
    return prices.mean(dim=0)
    ### END SOLUTION


# %% check="price_per_number" points=2
q.price_per_number.check(price_per_number)

# %%
# q.price_per_number.hint()

# %% [markdown]
# So the price tells how far a number is from $N(0, 1)$, which is a little more than how much it says. A constant
# $\mu = 3$ costs 4.5 nats and says nothing, so training would soon bring it to 0.

# %% [markdown]
# ## 3 · A recipe for drawing codes
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# An autoencoder has given you the `codes` of many pictures, (N, Z). They lie anywhere, and they are stretched and
# tilted. Write a function that draws `n` *new* codes, (n, Z), from the Gaussian with the mean and covariance of these.
#
# **Predict:** is it enough to give each number its own mean and standard deviation?


# %% answer="sample_codes"
def sample_codes(codes, n):
    ### BEGIN SOLUTION
    root = torch.linalg.cholesky(torch.cov(codes.T))  # root @ root.T is the covariance
    return codes.mean(dim=0) + torch.randn(n, codes.shape[1]) @ root.T
    ### END SOLUTION


# %% check="sample_codes" points=3
q.sample_codes.check(sample_codes)

# %%
# q.sample_codes.hint()

# %% [markdown]
# ## 4 · On the arc
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# `a` and `b` hold codes, (N, D) each; every code of `a` is as long as its partner in `b`. Return the codes that lie at
# `t` (a number from 0 to 1) on the arcs between them: with the angle $\omega$ between two partners,
#
# $$\frac{\sin((1-t)\,\omega)}{\sin \omega}\, a + \frac{\sin(t\,\omega)}{\sin \omega}\, b.$$
#
# **Predict:** what is the length of the result? And for which `t` would it be enough to take the straight line and
# bring it to the right length?


# %% answer="arc"
def arc(a, b, t):
    ### BEGIN SOLUTION
    cosine = (a * b).sum(dim=1, keepdim=True) / (a.norm(dim=1, keepdim=True) * b.norm(dim=1, keepdim=True))
    angle = torch.acos(cosine)  # (N, 1)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
    ### END SOLUTION


# %% check="arc" points=2
q.arc.check(arc)

# %%
# q.arc.hint()

# %% [markdown]
# ## 5 · Four statements about one table
# *Difficulty ●●● · importance ●●● · 15 minutes*
#
# Fréchet distances as in the chapter (one seed, 1,000 steps; floor 0.23):
#
# | model | of copies | of draws | recogniser more than 90 % sure of draws |
# |---|---|---|---|
# | AE, codes from N(0, I) | 3.7 | 38 | 29 % |
# | AE, codes from a mixture | 3.7 | 6 | 73 % |
# | VAE, β = 1 | 7 | 22 | 33 % |
# | VAE, β = 20 | 256 | 214 | 100 % |
# | GAN | – | 14 | 41 % |
# | unseen digits | – | 0.3 | 97 % |
#
# Which of these statements does the table support, and which not? Say why, in a sentence or two for each.
#
# 1. "An autoencoder can't generate."
# 2. "The VAE's copies are good, so its decoder is good, so its draws must be good."
# 3. "With β = 20 the VAE draws the clearest digits: the recogniser is surest of them."
# 4. "A GAN is better than a VAE."

# %% [markdown] answer="four_statements" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. Not supported. Drawn from N(0, I) it fails (38), but the same decoder with codes from a mixture is the nearest of
#    all (6). What was missing is a recipe for codes, and that can be fitted after training.
# 2. The first two parts are all right, the third doesn't follow. Copies use codes of real pictures, draws codes from
#    N(0, I); 7 against 22 shows how much that matters. Most of N(0, I) is empty of codes.
# 3. Refuted by the column beside it: a distance of 214 is far worse than anything else. The recogniser has no word for
#    "no digit" and is certain even of a blob. More than the 97 % of real digits isn't better than real.
# 4. At these settings its draws are nearer than the VAE's from N(0, I) (14 against 22). "Better" needs more:
#    several seeds, other budgets, precision and recall, a purpose. A GAN gives no code for a picture, hence the dash.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.four_statements.hint()
# q.four_statements.check()

# %% [markdown]
# ## Your tools at work
#
# `draw_code` and `price_per_number` train a small VAE on 5,000 digits: some seconds.

# %%
digits = data.images("mnist").tensor(flat=True, low=0.0)[:5000]


def train(beta, steps=500):
    torch.manual_seed(0)
    encoder = nets.mlp([784, 128, 16], activation="relu")  # 8 means, 8 log variances
    decoder = nets.mlp([8, 128, 784], activation="relu")
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    for _ in range(steps):
        batch = digits[torch.randint(len(digits), (64,))]
        mean, log_variance = encoder(batch).chunk(2, dim=1)
        logits = decoder(draw_code(mean, log_variance, torch.randn_like(mean)))
        loss = F.binary_cross_entropy_with_logits(logits, batch, reduction="sum") / len(batch)
        loss = loss + beta * price_per_number(mean, log_variance).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        return decoder, *encoder(digits).chunk(2, dim=1)


# %% [markdown]
# **Predict:** how many of the 8 numbers are alive (more than 0.1 nats) at β = 1, and at β = 10?

# %% tags=["nbval-ignore-output"]
vae, strong, plain = train(beta=1), train(beta=10), train(beta=0)
for beta, (_, mean, log_variance) in {1: vae, 10: strong}.items():
    print(f"β = {beta}: {int((price_per_number(mean, log_variance) > 0.1).sum())} of 8 alive")

# %% [markdown]
# And `sample_codes` against $N(0, I)$. At β = 0 the noise dies, and what is left is a plain autoencoder:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    pictures = {
        "VAE, N(0, I)": vae[0](torch.randn(1000, 8)).sigmoid() * 2 - 1,
        "AE, your recipe": plain[0](sample_codes(plain[1], 1000)).sigmoid() * 2 - 1,
    }
    start, end = F.normalize(torch.randn(2, 1, 8), dim=-1) * 8**0.5  # as long as codes usually are
    way = torch.cat([arc(start, end, t) for t in torch.linspace(0, 1, 10).tolist()])
    pictures["VAE, your arc"] = vae[0](way).sigmoid() * 2 - 1
plotting.image_grid({name: each[:10] for name, each in pictures.items()}, rows=1)
reference = metrics.Reference("mnist", 2 * digits - 1)
for name in ("VAE, N(0, I)", "AE, your recipe"):
    print(f"{name}: Fréchet distance {reference.frechet(pictures[name]):.0f}")

# %% [markdown]
# 🔎 **Try it.** Fit the recipe to the VAE's codes as well: `sample_codes(vae[1], 1000)`. Is the order the same with
# more steps? With another seed?
