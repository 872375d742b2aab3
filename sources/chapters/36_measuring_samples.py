# %% [markdown]
# # 36 · Measuring samples
#
# *Everybody's generated pictures look good in their own paper. Here you build the measures that the field uses, test
# each of them on cases in which the right answer is known, and list what each of them cannot see.*
#
# > **You will be able to**
# > - say why likelihood and good samples are two different things, with two counterexamples
# > - compute inception score, Fréchet and kernel distance, precision, recall, density and coverage by hand
# > - predict what each of them gives for a *perfect* generator: its floor
# > - read a table of metrics: which failure does which number miss?
# > - audit a generator for copies of its training set
# >
# > **Before you start** [24 · from autoencoders to VAEs](24_from_autoencoders_to_vaes.ipynb) for why one compares in
# > features and with a floor. Of mathematics: mean, covariance, the KL divergence of chapter 31, and for sections 3 and
# > 4 eigenvalues and the trace.
# >
# > **Minutes** {{read_minutes}} to read · {{run_time}} to run on two CPU cores · GPU: none needed

# %% [markdown]
# ## The idea in a picture
#
# Here are six generators. The first is perfect: it gives real digits that nobody has seen before. We have broken the
# other five on purpose. No network was trained for this: every failure is made of real digits.

# %% jupyter={"source_hidden": true}
import math
import warnings

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.colors import ListedColormap
from sklearn.ensemble import ExtraTreesClassifier
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from gan_edu import data, device, metrics, plotting
from gan_edu.claims import claim, identity

plotting.use_style()
torch.set_num_threads(1)
exact = torch.float64


# %% jupyter={"source_hidden": true}
digits = data.images("mnist")
pixels, labels = digits.tensor(), digits.labels
train, held, pool = pixels[:3000], pixels[3000:6000], pixels[6000:]  # the generators "learned" from train


def pick(images, n, seed, replace=False):
    stream = device.generator(seed)
    if replace:
        return images[torch.randint(len(images), (n,), generator=stream)]
    return images[torch.randperm(len(images), generator=stream)[:n]]


def blur(images, sigma):
    steps = torch.arange(-3.0, 4.0)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = kernel / kernel.sum()
    across = F.conv2d(images + 1, kernel.view(1, 1, 1, 7), padding=(0, 3))
    return F.conv2d(across, kernel.view(1, 1, 7, 1), padding=(3, 0)) - 1


# %% jupyter={"source_hidden": true}
def one_of_each(seed):
    classes = [pick(train[labels[:3000] == digit], 1, 10 * seed + digit) for digit in range(10)]
    return torch.cat(classes)


def noisy(images, sigma, seed):
    return (images + sigma * torch.randn(images.shape, generator=device.generator(seed))).clamp(-1, 1)


generators = {
    "new digits": lambda seed, n=1000: pick(pool, n, seed),
    "collapsed": lambda seed, n=1000: one_of_each(seed).repeat(n // 10, 1, 1, 1),
    "no 8s": lambda seed, n=1000: pick(pool[labels[6000:] != 8], n, seed),
    "blurred": lambda seed, n=1000: blur(pick(pool, n, seed), 0.5),
    "noisy": lambda seed, n=1000: noisy(pick(pool, n, seed), 0.07, seed),
    "memorising": lambda seed, n=1000: pick(train, n, seed),
}
plotting.image_grid({name: make(0, 10) for name, make in generators.items()}, rows=1)

# %% [markdown]
# Blur and noise are mild here. The collapsed generator has ten pictures and prints them for ever. The memorising one
# prints pictures of its training set, each at most once.
#
# **Predict:** which of these failures would you have noticed by eye? And how many could one single number show? The
# table of section 8 will tell.
#
# Three things are not measures. *Looking*: a beautiful picture says nothing about the pictures that are missing, and
# nothing about copies. *The losses* of generator and discriminator: each is measured against an opponent that moves
# (chapter 21 shows a game with perfect losses and useless points). *A discriminator* kept from some training: it has
# learned from the failures of its own opponent, and may miss others; section 7 shows this for a judge of another kind.

# %% [markdown]
# ## 1. Likelihood is something else
#
# A model with a density can be scored by its mean log-likelihood on held-out data. Theory likes this measure: on
# average it is largest for the true density and (up to sets of measure 0) for no other. GANs don't have it. Do they
# miss much? Here are two models, after Theis, van den Oord & Bethge (2016), for data from $p = N(0, I)$ with $d = 64$:
#
# - **A**: with 1 % probability a draw from $p$, with 99 % noise that is three times as wide.
# - **B**: narrow bumps (standard deviation 0.05) on 500 training points, so a memory.
#
# **Predict, and say why:** the log-likelihood of $p$ itself is about −91 nats. How many nats does A lose? And B?

# %%
d = 64
device.seed_everything(0)
seen, unseen = torch.randn(500, d, dtype=exact), torch.randn(500, d, dtype=exact)


def log_normal(x, std):
    return (-0.5 * (x / std) ** 2 - math.log(std) - 0.5 * math.log(2 * math.pi)).sum(-1)


truth = log_normal(unseen, 1.0)
model_a = torch.logaddexp(math.log(0.01) + truth, math.log(0.99) + log_normal(unseen, 3.0))
model_b = log_normal(unseen[:, None] - seen, 0.05).logsumexp(1) - math.log(500)
claim("the truth: about −91 nats (within 2)", abs(truth.mean() + 91) < 2, measured=truth.mean())
lost = (truth - model_a).max()
identity("A loses at most ln 100 ≈ 4.6 nats, at every point", lost <= math.log(100) + 1e-9, measured=lost)
claim("B loses more than 10,000 nats", truth.mean() - model_b.mean() > 10_000, measured=model_b.mean())

# %%
drawn_a = torch.where(torch.rand(2000, 1) < 0.01, 1.0, 3.0) * torch.randn(2000, d, dtype=exact)
drawn_b = seen[torch.randint(500, (2000,))] + 0.05 * torch.randn(2000, d, dtype=exact)
beyond = [(each.norm(dim=1) > 12).double().mean().item() for each in (unseen, drawn_a, drawn_b)]
claim("vectors longer than 12: none of p's samples and none of B's", beyond[0] == beyond[2] == 0, measured=beyond)
claim("but 98 to 100 % of A's samples are longer", beyond[1] > 0.98, measured=beyond)

# %% [markdown]
# A is 99 % noise, and its likelihood hardly minds. The reason is $\log(0.01\,p + \dots) \ge \log p - \ln 100$, which
# holds at every point. And 4.6 nats are little beside 91, and nothing beside the hundreds of nats of a picture. B is
# the opposite: each sample is a real point with a little dust, but its likelihood is the worst of all, because held-out
# points lie far from all of its bumps. (How much it loses depends on their width, here 0.05.)
#
# So neither implies the other. A likelihood says how well a model would *compress* new data. If you want to use
# samples, you need measures of samples.

# %% [markdown]
# ## 2. The inception score
#
# Let a classifier look at each generated picture $x$ and say $p(y \mid x)$, the probability of each class $y$. Two
# things are good signs: it is sure about each picture, and over all pictures it uses every class, in the mean $p(y)$
# (Salimans et al. 2016):
#
# $$\mathrm{IS} = \exp \mathbb E_x\, \mathrm{KL}\big(p(y \mid x) \,\|\, p(y)\big) .$$
#
# This is exp of the **mutual information** of picture and class: the entropy of the class before one sees the picture,
# minus the mean entropy that is left afterwards. (For a coin and a point it was the JSD of chapter 31.) So the score
# lies between 1 and the number of classes. The original uses a network called Inception, for 1,000 classes of
# photographs. For digits we use a network that knows digits.
#
# **Predict, and say why:** which of our six generators gets the highest score?


# %%
def inception_score(probabilities):
    marginal = probabilities.mean(0)
    return (torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, marginal)).sum(1).mean().exp().item()


def entropy(p):
    return -torch.xlogy(p, p).sum(-1)


said = {name: metrics.classify(make(0), "mnist").to(exact) for name, make in generators.items()}
scores = {name: inception_score(each) for name, each in said.items()}
each = said["no 8s"]
information = entropy(each.mean(0)) - entropy(each).mean()  # I(x; y) = H(y) - H(y | x)
identity("the score is exp of the mutual information", math.isclose(scores["no 8s"], information.exp(), rel_tol=1e-9))
best = max(scores, key=scores.get)
claim("the highest score goes to the ten pictures, repeated", best == "collapsed", measured=scores)
tens = metrics.classify(torch.cat([one_of_each(seed) for seed in range(40)]), "mnist").to(exact).view(40, 10, 10)
higher = sum(inception_score(ten) > scores["new digits"] for ten in tens)
claim("of 40 such draws of ten, at least 25 score higher than real digits", higher >= 25, measured=higher)

# %% [markdown]
# The ten pictures score higher than *real digits*: the classifier is sure of each, and each class comes equally often.
# (Not each ten do: if the classifier is unsure of one of them, the score falls.) The formula contains no real data at
# all. So it can't say how similar generated pictures are to real ones. (Barratt & Sharma 2018 take the score apart in
# more detail.)
#
# The score also depends on the number of pictures. They are used to estimate $p(y)$, and the entropy of an estimate is
# too small, by about $(K-1)/(2N)$ nats for $K$ classes. **Predict:** by how many per cent is the score of 50 real
# digits too low?

# %%
known = metrics.classify(pool, "mnist").to(exact)
few_digits = sum(inception_score(pick(known, 50, seed)) for seed in range(40)) / 40
lost = 1 - few_digits / inception_score(known)
claim("50 digits score 9 % too low, as 1 − exp(−9 / 100) says (within 3)", abs(lost - 0.086) < 0.03, measured=lost)

# %% [markdown]
# ## 3. The Fréchet distance
#
# Take features of real and of generated pictures, here 64 numbers each. Fit a Gaussian to each of the two sets, and
# take the squared Fréchet distance (Heusel et al. 2017; with Inception's features it is called **FID**):
#
# $$\mathrm{FD} = \lVert \mu_x - \mu_y \rVert^2 + \operatorname{Tr}\!\big(S_x + S_y - 2\,(S_x S_y)^{1/2}\big).$$
#
# The root of a matrix $S$ is a matrix $R$ with $R R = S$. For a symmetric $S$ keep the eigenvectors and take the roots
# of the eigenvalues. Here the root is awkward, since $S_x S_y$ isn't symmetric. But with $R = S_x^{1/2}$ the symmetric
# matrix $R S_y R$ has the same eigenvalues. So the trace of the root is the sum of the roots of these eigenvalues.


# %%
def moments(x):
    middle = x.to(exact).mean(0)
    away = x.to(exact) - middle
    return middle, away.T @ away / (len(x) - 1)


def frechet(x, y):
    (mean_x, cov_x), (mean_y, cov_y) = moments(x), moments(y)
    values, vectors = torch.linalg.eigh(cov_x)
    root = vectors @ values.clamp(min=0).sqrt().diag() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_y @ root).clamp(min=0).sqrt().sum()
    return ((mean_x - mean_y).square().sum() + cov_x.trace() + cov_y.trace() - 2 * cross).item()


# %% jupyter={"source_hidden": true}
class AsTheyAre(nn.Module):
    """Hands our 64 features to torchmetrics, dressed up as 8 × 8 images."""

    num_features = 64

    def forward(self, x):
        return x.flatten(1)


# %% jupyter={"source_hidden": true}
reference = metrics.Reference("mnist", train)
real_features = reference.features  # (3000, 64), in 64 bits
held_features, pool_features = (metrics.features(images, "mnist") for images in (held, pool))
blurred = metrics.features(generators["blurred"](0), "mnist").to(exact)
judge = FrechetInceptionDistance(feature=AsTheyAre(), normalize=True, input_img_size=(1, 8, 8)).set_dtype(exact)
judge.update(real_features.view(-1, 1, 8, 8), real=True)
judge.update(blurred.view(-1, 1, 8, 8), real=False)
theirs, ours = judge.compute().item(), frechet(real_features, blurred)
identity("torchmetrics agrees to five digits", math.isclose(theirs, ours, rel_tol=1e-5), measured=(theirs, ours))
identity(
    "the library gives the same number",
    math.isclose(metrics.frechet_distance(real_features, blurred), ours, rel_tol=1e-9),
)
line = torch.randn(500, 1, dtype=exact), 2 * torch.randn(400, 1, dtype=exact) + 1
by_hand = (line[0].mean() - line[1].mean()) ** 2 + (line[0].std() - line[1].std()) ** 2
identity(
    "on a line: (difference of means)² + (difference of stds)²", math.isclose(frechet(*line), by_hand, rel_tol=1e-9)
)

# %% [markdown]
# It sees means and covariances, and nothing else. So let us fool it: we draw *features* (no pictures) from the one
# Gaussian that has the mean and the covariance of the real features.
#
# **Predict, and say why:** what Fréchet distance do they get? And can a classifier tell them from real ones?

# %%
gaussian = torch.distributions.MultivariateNormal(*moments(real_features))
fooled, honest, seen_through = [], [], []
for seed in range(5):
    device.seed_everything(seed)
    forged, others = gaussian.sample((1000,)), pick(held_features, 1000, seed)
    fooled.append(frechet(real_features, forged))
    honest.append(frechet(real_features, others))
    seen_through.append(metrics.classifier_two_sample_test(others, forged, seed=seed).accuracy)
within = max(fooled) < 1.5 * max(honest)
claim("Fréchet distance: at most 1.5 times that of other real digits", within, measured=(fooled, honest))
claim(
    "but a fresh classifier is right about more than 80 % of the features",
    min(seen_through) > 0.8,
    measured=seen_through,
)

# %% [markdown]
# Real features form ten clusters. The Gaussian is one shapeless cloud that also fills the gaps. The Fréchet distance
# doesn't notice, because the means and covariances are equal.

# %% [markdown]
# ## 4. Floors: what would a perfect generator get?
#
# Not 0. Means and covariances are estimated from $N$ samples each, and the errors always count as distance. For two
# samples of the *same* normal distribution $N(0, I_d)$, with $N$ much larger than $d$:
#
# $$\mathbb E\,\mathrm{FD} \approx \frac1N \left[ \frac{d(d+1)}2 + 2d \right].$$
#
# Where does this come from? The means differ by noise of variance $2/N$ in each direction: together $2d/N$. For
# covariances near $I$ the trace term is $\frac14 \lVert S_x - S_y \rVert^2$ to second order. The entries of $S_x - S_y$
# have variance $2/N$ off the diagonal and, for normal data, $4/N$ on it: together $\frac14 \cdot \frac2N\, d(d+1)$.
#
# **Predict:** our features have $d = 64$. What is the floor for 1,000 samples? And for 10,000?

# %%
table = {}
for d, n in ((4, 200), (16, 200), (16, 2000), (64, 1000), (64, 4000)):
    device.seed_everything(d + n)
    runs = [frechet(*torch.randn(2, n, d, dtype=exact)) for _ in range(60 if d < 64 else 12)]
    law = (d * (d + 1) / 2 + 2 * d) / n
    table[d, n] = sum(runs) / len(runs) / law
claim(
    "five pairs of d and N: the mean over draws follows the law, within 10 %",
    all(0.9 < each < 1.1 for each in table.values()),
    measured=table,
)
identity("d = 64: 2.208 for N = 1,000", abs(metrics.frechet_expected_floor(64, 1000) - 2.208) < 1e-9)

# %% [markdown]
# With ten times as many samples the floor is a tenth, 0.22.
#
# The law belongs to *normal* data. The variance on the diagonal comes from the fourth moment, $\mathbb E[x^4]$, so
# heavy tails raise the floor and light tails lower it. The lightest tails belong to coins, where each number is ±1.
# Their variance is known without any error. So the diagonal drops out, and $d(d-1)/2 + 2d$ is left:

# %%
d, n = 32, 1000
device.seed_everything(0)
coins = [frechet(*torch.randn(2, n, d, dtype=exact).sign()) for _ in range(40)]
coins = n * sum(coins) / len(coins)
law, lighter = d * (d + 1) / 2 + 2 * d, d * (d - 1) / 2 + 2 * d
claim("coins follow the lighter law, within 2 %", abs(coins / lighter - 1) < 0.02, measured=(coins, lighter, law))
measured_floor = {n: reference.floor(n) for n in (500, 1000, 2000)}
general = {n: metrics.frechet_expected_floor(64, n, len(train), torch.cov(real_features.T)) for n in measured_floor}
claim(
    "real features: 0.6 to 1.6 times the law for a normal with their covariance",
    all(0.6 < measured_floor[n] / general[n] < 1.6 for n in general),
    measured=(measured_floor, general),
)

# %% [markdown]
# (Our features have a far lower floor than 2.2, because few directions hold most of their variance. The library's
# `frechet_expected_floor` knows the law for any covariance.)
#
# **So: never compare two Fréchet distances from different numbers of samples.** Even with equal numbers the floor isn't
# a constant that cancels. It depends on the *generator* (Chong & Forsyth 2020).
#
# **Predict, and say why:** generator A is perfect, $N(0, I_{64})$. B is A with every sample shrunk by 5 %. With 100
# samples of each against 20,000 real ones, whose distance is smaller?

# %%
wins = []
for seed in range(8):
    device.seed_everything(seed)
    real, perfect = torch.randn(20_000, 64, dtype=exact), torch.randn(100, 64, dtype=exact)
    wins.append(frechet(real, 0.95 * perfect) < frechet(real, perfect))
claim("the shrunken generator has the smaller distance in 8 of 8 draws", sum(wins) == 8, measured=wins)

# %% [markdown]
# The worse generator wins. Shrinking moves it away from the truth by only $64 \cdot 0.05^2 = 0.16$. But it also shrinks
# the errors of the estimated covariance, and with so few samples that is worth more. The measure *rewards* a little too
# little variety.
#
# The bias goes like $1/N$, so it can be extrapolated away. Measure at several $N$, draw a straight line over $1/N$, and
# read it off at $1/N = 0$:

# %% jupyter={"source_hidden": true}
sizes = (125, 250, 500, 1000, 2000)
shift = torch.zeros(16, dtype=exact)
shift[0] = 1.0
points, means = [], []
for n in sizes:
    device.seed_everything(n)
    runs = [frechet(torch.randn(n, 16, dtype=exact), torch.randn(n, 16, dtype=exact) + shift) for _ in range(24)]
    points.append(runs)
    means.append(sum(runs) / len(runs))
inverse = torch.tensor([1 / n for n in sizes], dtype=exact)
columns = torch.stack([torch.ones_like(inverse), inverse], dim=1)
start, slope = torch.linalg.lstsq(columns, torch.tensor(means, dtype=exact)[:, None]).solution[:, 0].tolist()

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.4))
for one_over_n, runs in zip(inverse.tolist(), points, strict=True):
    ax.scatter([one_over_n] * len(runs), runs, s=10, color=plotting.NEUTRAL[0], alpha=0.5, linewidths=0)
ax.plot([0, 0.008], [start, start + 0.008 * slope], color=plotting.NEUTRAL[1], label="straight line")
ax.axhline(1, color=plotting.THEORY, linestyle="--", linewidth=1.5, label="the true distance")
ax.set(xlabel="1 / N", ylabel="Fréchet distance", xlim=(-0.0002, 0.0084), ylim=(0.8, 3))
ax.legend(loc="upper left")
plt.show()
claim("at N = 125 the mean is more than double the truth, 1", means[0] > 2, measured=means)
claim("the line hits the truth within 0.1 at 1/N = 0", abs(start - 1) < 0.1, measured=start)

# %% [markdown]
# ## 5. The kernel distance: no floor, and other blind spots
#
# **KID** (Bińkowski et al. 2018) compares *pairs*. With a kernel $k$, here $(x^\top y / d + 1)^3$, which measures how
# similar two samples are, it is the squared **maximum mean discrepancy** (MMD),
#
# $$\mathrm{MMD}^2 = \mathbb E\,k(x, x') + \mathbb E\,k(y, y') - 2\,\mathbb E\,k(x, y),$$
#
# where $x, x'$ are two different real samples and $y, y'$ two generated ones. If one leaves out the pairs of a sample
# with itself, the estimate is *unbiased*: its mean is exactly the true value, for any number of samples.
#
# **Predict:** the distributions are equal, with 100 samples each. What is the mean over many draws? How many values are
# negative?


# %%
def kernel_distance(x, y, unbiased=True):
    def within(z):
        k = (z @ z.T / z.shape[1] + 1) ** 3
        n = len(z)
        return (k.sum() - k.diagonal().sum()) / (n * (n - 1)) if unbiased else k.mean()

    return (within(x) + within(y) - 2 * ((x @ y.T / x.shape[1] + 1) ** 3).mean()).item()


# %%
device.seed_everything(0)
pairs = [torch.randn(2, 100, 16, dtype=exact) for _ in range(400)]
fair, biased = (torch.tensor([kernel_distance(*pair, unbiased=u) for pair in pairs]) for u in (True, False))
error = fair.std() / math.sqrt(len(fair))
claim(
    "unbiased: the mean of 400 values is 0, within 4 standard errors",
    abs(fair.mean()) < 4 * error,
    measured=(fair.mean(), error),
)
claim(
    "30 to 80 % of the values are negative", 0.3 < (fair < 0).double().mean() < 0.8, measured=(fair < 0).double().mean()
)
identity("with self-pairs every single value is positive", biased.min() > 0, measured=biased.min())

# %% jupyter={"source_hidden": true}
few = real_features[:1000]
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # it warns that it keeps all features, and of the std of one split
    kid = KernelInceptionDistance(feature=AsTheyAre(), normalize=True, subsets=1, subset_size=1000).set_dtype(exact)
    kid.update(few.view(-1, 1, 8, 8), real=True)
    kid.update(blurred.view(-1, 1, 8, 8), real=False)
    score = InceptionScore(feature=nn.Flatten(), splits=1)
    score.update(said["no 8s"].clamp(min=1e-30).log().view(-1, 1, 1, 10))  # it wants logits: a softmax undoes the log
    their_kid, their_score = kid.compute()[0].item(), score.compute()[0].item()
ours = kernel_distance(few, blurred)
same = math.isclose(their_kid, ours, rel_tol=1e-5)
identity("torchmetrics' KID agrees to five digits", same, measured=(their_kid, ours))
same = math.isclose(their_score, scores["no 8s"], rel_tol=1e-4)
identity("torchmetrics' inception score agrees to four digits", same, measured=(their_score, scores["no 8s"]))

# %% [markdown]
# The mean is 0, as promised. Where equal distributions give 0 on average, some values must be negative; here it is a
# little more than half of them.
#
# But "unbiased" doesn't mean "sees everything". This kernel is a polynomial of degree 3. So the distance is 0 whenever
# the first three **moments** agree: the means of all numbers, and of all products of two and of three of them.
#
# **Predict, and say why:** take coins, 16 numbers ±1, against $N(0, I_{16})$. Means, covariances and third moments are
# the same. What will KID say? And a classifier?

# %%
device.seed_everything(1)
tosses, bells = torch.randn(40, 500, 16, dtype=exact).sign(), torch.randn(40, 500, 16, dtype=exact)
blind = torch.tensor([kernel_distance(a, b) for a, b in zip(tosses, bells, strict=True)])
error = blind.std() / math.sqrt(len(blind))
claim(
    "coins against bells: KID is 0 on average, within 4 standard errors",
    abs(blind.mean()) < 4 * error,
    measured=(blind.mean(), error),
)
test = metrics.classifier_two_sample_test(tosses[0], bells[0])
claim("a classifier is right about more than 95 % of them", test.accuracy > 0.95, measured=test.accuracy)

# %% [markdown]
# Coins are all equally far from the middle, bells are not. That is a matter of fourth moments, which this kernel
# doesn't contain. The classifier looks at single numbers: they are 1 in size, or they aren't.

# %% [markdown]
# ## 6. Who has neighbours?
#
# One number can't say *what* is wrong. Are there pictures that don't belong, or are pictures missing? So let us count.
# Around each real sample lies a ball that reaches to its $k$-th nearest real neighbour.
#
# | | share of what | counts if |
# |---|---|---|
# | **precision** | generated samples | it lies in some real sample's ball |
# | **recall** | real samples | it lies in some *generated* sample's ball (radii among generated ones) |
# | **density** | generated samples (a mean, no share) | in how many real balls it lies, divided by $k$ |
# | **coverage** | real samples | its ball holds some generated sample |
#
# (Kynkäänniemi et al. 2019 for the first two, Naeem et al. 2020 for the others. Density may exceed 1.) Here are balls
# for $k = 2$. The grey ones hold no generated sample.

# %% jupyter={"source_hidden": true}
device.seed_everything(5)
real, fake = torch.randn(24, 2), torch.randn(14, 2) * 0.5 + torch.tensor([0.9, 0.4])
radii = metrics.neighbour_distances(real, 2)
_, ax = plt.subplots(figsize=(5.2, 4.4))
holds = (torch.cdist(real, fake) <= radii[:, None]).any(1)
for center, radius, covered in zip(real.tolist(), radii.tolist(), holds.tolist(), strict=True):
    color = plotting.REAL if covered else "0.6"
    ax.add_patch(plt.Circle(center, radius, facecolor=color, edgecolor=color, alpha=0.12))
plotting.scatter_2d(real, fake, ax=ax, title="balls to the 2nd neighbour")
ax.set(xlim=(-3.2, 3.2), ylim=(-2.8, 2.8))
plt.show()
shares = metrics.density_coverage(real, fake, 2).coverage
identity("coverage: the share of blue balls", math.isclose(shares, holds.double().mean().item(), rel_tol=1e-9))

# %% [markdown]
# **The law of coverage.** For equal distributions (with a density, so that no two distances are equal) we can compute
# the mean coverage without any data. A ball is empty if its centre's $k$ nearest neighbours among the $N - 1$ real and
# $M$ generated samples are all real. All orders are equally likely, so
#
# $$\mathbb E\,\text{coverage} = 1 - \prod_{i=0}^{k-1} \frac{N - 1 - i}{N + M - 1 - i} \;\longrightarrow\; 1 - 2^{-k}
# \quad (N = M \to \infty),$$
#
# whatever the distribution and its dimension. With fewer generated than real samples it is less: for $M = rN$ it tends
# to $1 - (1 + r)^{-k}$. The mean density is 1.
#
# **Predict, and say why:** is there such a value for precision and recall? Will they be 1 for a perfect generator?
# (Here and in section 8 $k$ is 3 for these two, and 5 for density and coverage, as in the papers.)

# %%
laws = {}
for d in (2, 16, 64):
    found = []
    for seed in range(8):
        device.seed_everything(seed)
        real, fake = torch.randn(2, 500, d, dtype=exact)
        found.append([*metrics.precision_recall(real, fake), *metrics.density_coverage(real, fake)])
    laws[d] = torch.tensor(found)  # (8 seeds, precision, recall, density, coverage)

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.8, 3.5))
for number, name in enumerate(("precision", "recall", "density", "coverage")):
    middle = [laws[d][:, number].mean() for d in laws]
    ax.plot(range(3), middle, "os^D"[number] + "-", color=plotting.NEUTRAL[number], label=name)
ax.axhline(1 - 2**-5, color=plotting.THEORY, linestyle="--", linewidth=1.5, label="1 − 2⁻⁵")
ax.set(xticks=range(3), xticklabels=[f"d = {d}" for d in laws], ylim=(0.5, 1.1), ylabel="mean, equal distributions")
ax.legend(ncols=2, loc="lower left")
plt.show()
law = metrics.expected_coverage(500, 500, 5)
identity("500 samples of each, k = 5: 1 − 2⁻⁵ = 0.969, within 0.001", abs(law - (1 - 2**-5)) < 0.001, measured=law)
means = {d: each.mean(0) for d, each in laws.items()}
claim(
    "coverage follows it in any dimension, within 0.02",
    all(abs(m[3] - law) < 0.02 for m in means.values()),
    measured=means,
)
claim("density is 1 on average, within 0.12", all(abs(m[2] - 1) < 0.12 for m in means.values()), measured=means)
claim("precision and recall fall below 0.8 in 64 dimensions", (means[64][:2] < 0.8).all(), measured=means[64])

# %% [markdown]
# No. They ask whether a sample lies in *any* ball. How many balls overlap at a place depends on the density, on the
# dimension and on the number of samples, so there is no such law. Here both fall with the dimension (their two lines
# lie on top of each other). So with this $k$ and 500 samples a precision of 0.75 may be perfect, and 0.95 in 64
# dimensions is suspicious: a generator that stays where real samples are dense gets *more* than real data do. Always
# print what real data get, at the same number of samples.
#
# Recall has a weakness of its own. Its balls are drawn around *generated* samples.
#
# **Predict, and say why:** a generator makes one point of $N(0, I_{16})$ again and again (with a little dust). We add
# three outliers. What happens to recall, and to coverage?

# %%
jump = []
for seed in range(8):
    device.seed_everything(seed)
    real = torch.randn(500, 16)
    stuck = torch.randn(1, 16) + 0.01 * torch.randn(500, 16)
    outliers = 8 * F.normalize(torch.randn(3, 16), dim=1)
    with_three = torch.cat([stuck[:-3], outliers])
    before, after = metrics.precision_recall(real, stuck).recall, metrics.precision_recall(real, with_three).recall
    covered = metrics.density_coverage(real, with_three).coverage
    jump.append((before, after, covered))
before, after, covered = torch.tensor(jump).T
claim("one point again and again: recall is at most 0.01", before.max() <= 0.01, measured=before)
claim("with three outliers recall is 0.7 or more, in the median", after.median() >= 0.7, measured=after)
claim("coverage stays below 0.1", covered.max() < 0.1, measured=covered)

# %% [markdown]
# An outlier is far from all other generated samples. So its ball is huge: on average it holds half of the real data,
# and the three together hold nearly all, as a rule. Recall takes these for covered. Coverage draws its balls around
# real samples; an outlier can't enlarge them.

# %% [markdown]
# ## 7. Ask a fresh judge
#
# The **classifier two-sample test** (Lopez-Paz & Oquab 2017) works like this. Real samples get the label 0, generated
# ones the label 1. Train any classifier on one half, and count its right answers on the other half.
#
# If both kinds have the same distribution (and all samples are independent), nothing can be learned. Then each answer
# on the held-out half is a coin: the accuracy is ½ on average, with variance $1/(4n)$ for $n$ answers. The **p-value**
# is the chance that $n$ fair coins give at least so many right answers. If it is small, luck is a poor explanation.
# (The variance is a little less if the classifier prefers one label, because the test holds equally many of both. Then
# the p-value is a little too large, so false alarms are even rarer.)
#
# **Predict:** of 40 tests between equal distributions, how many give a p-value below 0.05?

# %%
tests = []
for seed in range(40):
    device.seed_everything(seed)
    tests.append(metrics.classifier_two_sample_test(*torch.randn(2, 200, 16), seed=seed))
accuracy = torch.tensor([test.accuracy for test in tests], dtype=exact)
spread = math.sqrt(1 / (4 * tests[0].n_test))

# %%
claim(
    "the mean accuracy is ½, within 4 standard errors",
    abs(accuracy.mean() - 0.5) < 4 * spread / math.sqrt(40),
    measured=accuracy.mean(),
)
claim(
    "its standard deviation is as foretold, within a third",
    2 / 3 < accuracy.std() / spread < 4 / 3,
    measured=accuracy.std(),
)
alarms = sum(test.p_value < 0.05 for test in tests)
claim("false alarms: at most 7 of 40 (2 are expected)", alarms <= 7, measured=alarms)

# %% [markdown]
# About one in twenty: by luck a p-value below 0.05 comes in at most 5 of 100 such tests, on average.
#
# What about an *old* judge, one that has learned on another generator's failures? We train such a judge (trees, as in
# the test above) to tell real digits from those of the *collapsed* generator.
#
# **Predict, and say why:** now it meets the *noisy* generator. How many of its pictures does it call generated?

# %%
old, fresh = [], []
for seed in range(5):
    real = pick(held_features, 1000, seed).numpy()
    ten, noise = (metrics.features(generators[name](seed), "mnist").numpy() for name in ("collapsed", "noisy"))
    trees = ExtraTreesClassifier(100, min_samples_leaf=5, random_state=seed).fit([*real, *ten], [0] * 1000 + [1] * 1000)
    old.append((trees.predict(noise) == 1).mean().item())
    fresh.append(metrics.classifier_two_sample_test(real, noise, seed=seed).accuracy)
claim("the old judge calls fewer than 10 % of the noisy digits generated", max(old) < 0.1, measured=old)
claim("a fresh judge is right about more than 70 % of all", min(fresh) > 0.7, measured=fresh)

# %% [markdown]
# It has learned to recognise ten particular pictures. It has never seen noise, so noise doesn't look suspicious to it.
# (This is an extreme case. A judge that has learned on a noise of 0.2 found about three in ten of them when we tried.)
# A discriminator that is kept from a training may well have such limits; we haven't tried one.

# %% [markdown]
# ## 8. Metric × failure
#
# Now the whole table: six generators, five seeds each, 1,000 pictures. As is usual, the reference set is the training
# set of 3,000 digits. Only the classifier gets real digits that nobody has seen. The last column, *copies*, is the
# share of pictures whose nearest neighbour, in pixels, is a training digit and not a held-out one (section 9).
#
# **Before you run:** go through the list of failures, and predict for each column whether it raises the alarm.

# %% jupyter={"source_hidden": true}
columns = ("IS", "Fréchet", "kernel", "precision", "recall", "density", "coverage", "classifier", "copies")
larger_is_worse = {"Fréchet", "kernel", "classifier", "copies"}
head = metrics.classifier("mnist").head
radii_3, radii_5 = (metrics.neighbour_distances(real_features, k) for k in (3, 5))


def nearer_to_train(images):
    """The share of images whose nearest neighbour, in pixels, is a training digit and not a held-out one."""
    to_train, to_held = (torch.cdist(images.flatten(1), each.flatten(1)).amin(1) for each in (train, held))
    return (to_train < to_held).double().mean().item()


# %% jupyter={"source_hidden": true}
ready = {  # generators of digits whose features we have
    "new digits": lambda seed: pick(pool_features, 1000, seed),
    "no 8s": lambda seed: pick(pool_features[labels[6000:] != 8], 1000, seed),
    "memorising": lambda seed: pick(real_features.float(), 1000, seed),
}


def everything(name, seed):
    images = generators[name](seed)
    found = ready[name](seed) if name in ready else metrics.features(images, "mnist")
    others = held_features[pick(torch.arange(3000), 1000, seed)]
    return [
        inception_score(head(found).softmax(1).to(exact)),
        frechet(real_features, found),
        metrics.kernel_distance(real_features, found),
        *metrics.precision_recall(real_features, found, radii=radii_3),
        *metrics.density_coverage(real_features, found, radii=radii_5),
        metrics.classifier_two_sample_test(others, found, seed=seed).accuracy,
        nearer_to_train(images),
    ]


# %%
with torch.no_grad():
    values = {name: torch.tensor([everything(name, s) for s in range(5)]) for name in generators}
normal = values["new digits"]


def verdict(name, column):
    """+1: worse than new digits in every pair of seeds (an alarm); -1: better in every pair; 0: neither."""
    place = columns.index(column)
    sign = 1 if column in larger_is_worse else -1
    mine, theirs = sign * values[name][:, place], sign * normal[:, place]
    return int(mine.min() > theirs.max()) - int(mine.max() < theirs.min())


verdicts = torch.tensor([[verdict(name, column) for column in columns] for name in generators])

# %% jupyter={"source_hidden": true}
_, ax = plt.subplots(figsize=(6.9, 3.6))
ax.imshow(verdicts, cmap=ListedColormap(["#9CCBE5", "#FFFFFF", "#F2B48F"]), vmin=-1, vmax=1, aspect="auto")
for row, name in enumerate(generators):
    for column in range(len(columns)):
        value = values[name][:, column].median()
        text = f"{value:.3f}" if columns[column] == "kernel" else f"{value:.2f}"
        ax.text(column, row, text, ha="center", va="center", fontsize=11)
ax.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
ax.set_yticks(range(len(generators)), generators)
ax.set_title("orange: alarm · white: like new digits · blue: “better than real”")
plt.show()

# %%
middle = {name: dict(zip(columns, each.median(0).values.tolist(), strict=True)) for name, each in values.items()}
new = middle["new digits"]
ten, eights, soft, rough, copied = (middle[name] for name in list(generators)[1:])
claim(
    "collapsed: IS and precision say “better than real”", ten["IS"] > new["IS"] and ten["precision"] > new["precision"]
)
claim("collapsed: but recall and coverage are below 0.05", max(ten["recall"], ten["coverage"]) < 0.05, measured=ten)

# %%
blind = [abs(each["precision"] - new["precision"]) < 0.04 for each in (eights, soft)]
claim(
    "no 8s, and blurred: precision sees neither (within 0.04 of new digits)", all(blind), measured=(eights, soft, new)
)
claim(
    "the Fréchet distance sees both: at least 3 times that of new digits",
    min(eights["Fréchet"], soft["Fréchet"]) > 3 * new["Fréchet"],
)
claim(
    "recall sees both, too: at least 0.05 less than for new digits",
    max(eights["recall"], soft["recall"]) < new["recall"] - 0.05,
)
four = {column: [verdict(name, column) for name in list(generators)[1:5]] for column in columns}
alike = four["Fréchet"] == four["kernel"] == [1, 1, 1, 1]
claim("Fréchet and kernel distance: an alarm for each of the first four failures", alike, measured=four)
claim(
    "no 8s, and blurred: an alarm from recall and coverage, none from precision and density",
    four["recall"][1:3] == four["coverage"][1:3] == [1, 1] and max(four["precision"][1:3] + four["density"][1:3]) < 1,
    measured=four,
)
quick = [four["classifier"][place] for place in (0, 2, 3)]
claim("the classifier: an alarm for the collapsed, blurred and noisy ones", quick == [1, 1, 1], measured=four)
faint = eights["classifier"] - 0.5
claim("it is right about fewer than 60 % when only the 8s are missing", faint < 0.1, measured=eights)

# %%
seen_noise = [verdict("noisy", column) == 1 for column in columns[1:-1]]
claim("noisy: an alarm in all columns between the first and the last", all(seen_noise), measured=verdicts)
place = [verdict("memorising", column) for column in columns]
claim("memorising: the only alarm is in the last column", place.count(1) == 1 and place[-1] == 1, measured=place)
claim(
    "memorising: precision, density and coverage say “better than real”",
    place[3] == place[5] == place[6] == -1,
    measured=place,
)
claim("memorising: so does the Fréchet distance, in the median", copied["Fréchet"] < new["Fréchet"], measured=values)
everywhere = (verdicts[1:] == 1).all(0)
claim("no column is orange for all five failures", not everywhere.any(), measured=verdicts)

# %% [markdown]
# Read the table by columns.
#
# - **IS** prefers ten clear pictures to real data.
# - **Fréchet and kernel distance** see everything but the copies here. They don't say *what* is wrong.
# - **Precision and density** look at single pictures and their neighbours. They can't notice a missing class. Nor do
#   they notice this mild blur, since such digits lie among the real ones.
# - **Recall and coverage** notice what is missing, and the blur as well.
# - **The classifier** finds any difference that it can learn from 1,000 examples, and gives it a p-value. The missing
#   8s are a weak one: it is right about hardly more than half.
# - **The memorising generator** looks worse than real digits only in the last column, and better in most others. The
#   reference is the very set that it has copied. And it prints no picture twice; section 9 tries one that does. (For
#   the Fréchet distance there is a law: 1,000 of these 3,000 digits, none twice, have half of the floor of 1,000 new
#   ones.)
# - **The last column** also finds the collapsed generator: its ten pictures come from the training set.
#
# Two numbers, one for each side, and an audit say more than nine averages.

# %% [markdown]
# ## 9. The audit: is it a copy?
#
# A first idea: measure against digits that the generator has *not* seen. We take the memory of 3,000 pictures, and a
# small one of only 300, which must repeat itself. A third one has the 3,000, but draws *at random*: of 1,000 draws
# about 150 are repeats.
#
# **Predict, and say why:** does that unmask the three?

# %%
train_features = real_features.float()
memories = {name: ready[name] for name in ("new digits", "memorising")}
memories["300 new"] = lambda seed: pick(pool_features[:300], 1000, seed, replace=True)  # not the training set's
memories["300 pictures"] = lambda seed: pick(train_features[:300], 1000, seed, replace=True)
memories["at random"] = lambda seed: pick(train_features, 1000, seed, replace=True)
memories["new, at random"] = lambda seed: pick(pool_features[:3000], 1000, seed, replace=True)
held_out, told = {}, {name: values[name][:, columns.index("classifier")] for name in ("new digits", "memorising")}
for name, make in memories.items():
    drawn = [make(seed) for seed in range(5)]
    held_out[name] = sum(frechet(held_features, each) for each in drawn) / 5
    others = [held_features[pick(torch.arange(3000), 1000, seed)] for seed in range(5)]
    if name not in told:
        pairs = enumerate(zip(others, drawn, strict=True))
        told[name] = torch.tensor([metrics.classifier_two_sample_test(*two, seed=s).accuracy for s, two in pairs])

# %%
large, few_new, little, often, _ = (each / held_out["new digits"] for each in list(held_out.values())[1:])
claim("3,000 pictures: no, the mean distance is no larger than that of new digits (by 20 %)", large < 1.2, held_out)
claim("300 pictures: yes, more than 1.5 times that of new digits", little > 1.5, measured=held_out)
few = torch.stack([told["300 pictures"], told["300 new"]])
claim("300 pictures, old or new: the classifier is right about more than 65 %", few.min() > 0.65, measured=told)
right = {name: each.mean().item() for name, each in told.items()}
without = {"at random": right["memorising"], "new, at random": right["new digits"]}
claim(
    "3,000, old or new, at random: on average it is right more often than without repeats",
    all(right[name] > value + 0.01 for name, value in without.items()),
    measured=right,
)
claim("the distance grows less than for 300", often < little, measured=held_out)
claim("but 300 new digits, repeated: more than 1.5 times, too", few_new > 1.5, measured=held_out)

# %% [markdown]
# The large memory can't be unmasked like this. Its pictures are themselves a sample of the true distribution, as good
# as any other, and none comes twice. If it draws at random, the classifier notices the *repeats*: its trees have seen
# in their first half what comes again in the second. The small memory is seen by both measures. But neither is seen
# because it copies: *new* digits with as many repeats are noticed as well, by the same tests.
#
# Being a copy is a *relation to one particular set*. So ask about this relation. Take equally many training and
# held-out pictures. For each generated picture: which of the two sets holds its nearest neighbour? If the generator's
# pictures don't depend on which pictures were used for training, the two sets could be swapped. Then the share of
# "training" is ½ on average. For 1,000 pictures it scatters by at least $1/(2\sqrt{1000}) = 0.016$, and by more, since
# all of them are compared with the same two sets.

# %%
audit = {name: values[name][:, -1] for name in ("new digits", "blurred", "memorising")}
fair = torch.stack([audit["new digits"], audit["blurred"]])
claim("new and blurred digits: a share between 0.42 and 0.58", (fair - 0.5).abs().max() < 0.08, measured=fair)
identity("copies: the share is 1", (audit["memorising"] == 1).all())

# %% [markdown]
# Now the thief disguises the copies. It adds noise to each ($\sigma = 0.2$, three times that of the noisy generator),
# or moves it by two pixels.
#
# **Predict, and say why:** which of the two fools the audit? And if we look for neighbours among the *features* instead
# of the pixels?


# %% jupyter={"source_hidden": true}
def by_features(images):
    found = metrics.features(images, "mnist")
    to_train, to_held = (torch.cdist(found, each.float()).amin(1) for each in (real_features, held_features))
    return (to_train < to_held).double().mean().item()


def moved(images, by=2):
    return F.pad(images[..., by:], (0, by), value=-1.0)


disguises = {"copies": lambda x, s: x, "noise added": lambda x, s: noisy(x, 0.2, s), "moved": lambda x, s: moved(x)}
caught = {}
for name, disguise in disguises.items():
    stolen = [disguise(pick(train, 1000, seed), seed) for seed in range(5)]
    caught[f"{name}, pixels"] = [nearer_to_train(each) for each in stolen]
    caught[f"{name}, features"] = [by_features(each) for each in stolen]
_, ax = plt.subplots(figsize=(6.8, 3.6))
plotting.bars_with_floor(caught, "share nearer to train", ax=ax)
ax.axhline(0.5, color=plotting.THEORY, linestyle="--", linewidth=1.5)
plt.show()

# %%
low = {name: min(each) for name, each in caught.items()}
claim("noise added: pixels catch more than 99 %", low["noise added, pixels"] > 0.99, measured=low)
claim(
    "noise added: features find a share of 0.55 to 0.75 only",
    0.55 < low["noise added, features"] < 0.75,
    measured=caught,
)
claim("moved by two pixels: pixels find a share below 0.6", max(caught["moved, pixels"]) < 0.6, measured=caught)
claim("moved by two pixels: features catch more than 70 %", low["moved, features"] > 0.7, measured=low)

# %% jupyter={"source_hidden": true}
some = [pick(train, 1000, seed) for seed in range(5)]
before, *after = (metrics.features(each, "mnist") for each in (some[0], noisy(some[0], 0.2, 0), moved(some[0])))
by_noise, by_shift = ((each - before).norm(dim=1).median() for each in after)
claim("in the features the shift moves a digit 0.4 to 0.6 times as far as the noise", 0.4 < by_shift / by_noise < 0.6)
mild = [by_features(noisy(each, 0.07, seed)) for seed, each in enumerate(some)]
claim("a milder noise, 0.07: features catch more than 85 %", min(mild) > 0.85, measured=mild)
small_step = [nearer_to_train(moved(each, 1)) for each in some]
claim("moved by one pixel: pixels find a share above 0.7", min(small_step) > 0.7, measured=small_step)

# %% [markdown]
# Noise hardly changes which picture is nearest in pixels, but it disturbs the features. A shift by two pixels changes
# many of a digit's pixels, but its features only about half as much as the noise does. Each space has its own blind
# spot, and how large it is depends on the disguise: with a noise of 0.07 the features still catch most copies, and a
# shift by one pixel leaves the pixels a share above 0.7. So look in both, and look at the nearest pairs with your own
# eyes.
#
# Two limits. A share near ½ doesn't prove that nothing was copied: one stolen picture among a thousand doesn't move it.
# And a share a little above ½ isn't theft yet. Every trained generator depends on its training set a little. How much
# is too much, no test decides. Chapter 55 will be about what can be *promised*.

# %% [markdown]
# ## 10. How to report
#
# 1. Use the same number of samples for all, and say what real data get at that number.
# 2. Name the features, their version and the reference set. Never put numbers from two different ones side by side.
# 3. Do several training runs, and show all of them. Check that differences exceed those between runs.
# 4. Give one number for each side (precision with recall, or density with coverage), one overall, and an audit.
# 5. Measure what it is for: train on generated, test on real data, if that is the purpose.
# 6. Show pictures, chosen by chance and not by you.

# %% [markdown]
# ## What all this does not show
#
# - **That the features see what you see.** Ours know ten digits. Features made for other pictures may miss what matters
#   to people. Stein et al. (2023) asked people: no usual metric agreed closely with them, and features of other
#   networks than Inception were better suited.
# - **That these results hold for other failures.** A stronger blur (σ = 1) alarms precision as well.
# - **That a low distance means a good generator.** It is low in these features, on this set, at this number.

# %% [markdown]
# ## Help, I get …
#
# ### A Fréchet distance that is negative, or `nan`
# Around −1e-8 it is rounding. If it is larger, or `nan`, perhaps a root of $S_x S_y$ was taken as if it were symmetric.
# Or there are too few samples: with $N \le d$ the covariances are singular. Use the symmetric form and more samples.
#
# ### A KID below 0
# That is what an unbiased estimate of 0 does now and then. Don't clip it. Report mean and standard deviation over
# subsets.
#
# ### Another FID than the paper's
# Features, resizing, number of samples, reference set and pixel range must all be the same. One difference is enough.

# %% [markdown]
# ### A precision or recall of 0 in spite of fine pictures
# Perhaps the features come from two different networks, or one set lies in [0, 1] and the other in [−1, 1]. Measure
# real against real first.
#
# ### `IndexError: Dimension out of range` or a shape error from torchmetrics
# It wants images, (N, C, H, W). For your own features pass a module that flattens, as in section 3 (folded cell), and
# give it `num_features`.

# %% [markdown]
# ## Recap
#
# - Likelihood and samples are different things: 99 % noise costs only 4.6 nats.
# - The inception score never sees real data. The Fréchet distance sees means and covariances, and has a floor like
#   $1/N$. The kernel distance has no floor, and sees three moments.
# - Coverage of equal distributions is about $1 - 2^{-k}$ for equally many samples of both, in any dimension. Precision
#   and recall aren't 1.
# - No single number noticed all five failures. Use two sides, one overall number, and an audit.
# - Against held-out data a memory of many pictures looks as good as new ones, if it prints none twice. Repeats, and a
#   small memory, are noticed. Whether something is a *copy*, only neighbours in the training set and in held-out data
#   tell.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Paper A: FID 4.1 with 50,000 samples. Paper B: FID 5.0 with 10,000. Who is better?</summary>
#
# Unknown. Fewer samples raise the distance, whatever the generator. Ask for the same number, or extrapolate over 1/N.
#
# </details>
#
# <details><summary>Your precision is 0.98, and real data get 0.86. Is that a success?</summary>
#
# Be suspicious. A generator that stays where real samples are dense, or that copies them, gets more than real data get.
# Look at recall or coverage, and at the audit.
#
# </details>
#
# <details><summary>Which single number would you take if you had to choose a checkpoint during training?</summary>
#
# A Fréchet or kernel distance to *held-out* data, with the same number of samples each time: it sees quality and
# variety. For the final report take another measure or other data, since the chosen checkpoint has been lucky in this
# one.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Theis, van den Oord & Bethge 2016, A note on the evaluation of generative
#   models](https://arxiv.org/abs/1511.01844): likelihood, samples and Parzen windows are largely independent.
# - [Salimans et al. 2016, Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498): where the inception
#   score comes from.
# - [Barratt & Sharma 2018, A Note on the Inception Score](https://arxiv.org/abs/1801.01973): what is wrong with it.
# - [Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule](https://arxiv.org/abs/1706.08500): the paper
#   that brought FID, in its section on experiments.
# - [Chong & Forsyth 2020, Effectively Unbiased FID and Inception Score](https://arxiv.org/abs/1911.07023): the bias
#   depends on the generator, and how to extrapolate it away.
# - [Bińkowski et al. 2018, Demystifying MMD GANs](https://arxiv.org/abs/1801.01401): KID, and the bias of FID.
# - [Kynkäänniemi et al. 2019, Improved Precision and Recall](https://arxiv.org/abs/1904.06991): the two shares by
#   neighbours.
# - [Naeem et al. 2020, Reliable Fidelity and Diversity Metrics](https://arxiv.org/abs/2002.09797): density, coverage,
#   and their values for equal distributions.
# - [Lopez-Paz & Oquab 2017, Revisiting Classifier Two-Sample Tests](https://arxiv.org/abs/1610.06545): the fresh judge,
#   its law under equality, and its use for GANs.
# - [Stein et al. 2023, Exposing flaws of generative model evaluation metrics](https://arxiv.org/abs/2306.04675): people
#   as judges of the judges, and memorisation.

# %% [markdown]
# ## Key terms
#
# {{terms: mutual information; inception score (IS); Fréchet distance (FID); kernel (inception) distance (KID);
# precision and recall; density and coverage; fresh judge (classifier two-sample test); p-value; floor; memorisation}}
