# %% [markdown]
# # Exercises 31 · The probability toolkit
#
# Five questions about [the chapter](../chapters/31_probability_toolkit.ipynb)'s tools: an average with its error, the
# density of what a generator makes, KL by hand, JS that survives zeros, and four numbers to explain.
# [Worked solutions](../solutions/31_probability_toolkit.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import matplotlib.pyplot as plt
import torch

from gan_edu import plotting
from gan_edu.checks import chapter_31 as q

plotting.use_style()

# %% [markdown]
# ## 1. An average, and its error
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Write `monte_carlo(values)`: from the values $f(x_1), \dots, f(x_N)$, a tensor (N,), the estimate of
# $\mathbb E[f(x)]$ and its **standard error**, the estimated $\sigma/\sqrt N$. Give both, in this order. (For $\sigma$
# take the usual estimate, with $N - 1$.)
#
# **Predict, and say why:** in how many of 1000 repeats does the true value lie within two standard errors of the
# estimate?


# %% answer="monte_carlo"
def monte_carlo(values):
    ### BEGIN SOLUTION
    mean = values.mean()
    error = values.std() / math.sqrt(len(values))
    return mean, error
    ### END SOLUTION


# %% check="monte_carlo" points=2
q.monte_carlo.check(monte_carlo)
### BEGIN HIDDEN TESTS
import torch

_mean, _error = monte_carlo(torch.tensor([3.0, 5.0, 5.0, 11.0]))
assert abs(float(_mean) - 6) < 1e-4 and abs(float(_error) - 3**0.5) < 1e-4
### END HIDDEN TESTS

# %%
# q.monte_carlo.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# Count it. The true value of $\mathbb E[x^2]$ for the standard bell is 1:

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
hits = 0
for _ in range(1000):
    mean, error = monte_carlo(torch.randn(200).square())
    hits += abs(mean - 1) < 2 * error
print(f"{int(hits)} of 1000 within two standard errors")

# %% [markdown]
# About 950 of 1000: a mean of many values is nearly a bell, and a bell has 95 % of its area within two standard
# deviations. (Here it is a little less, because squares have a long tail, and 200 of them are not yet very many.)

# %% [markdown]
# ## 2. The density of what a generator makes
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A generator on the line is a curve $x = G(z)$ that only rises or only falls; the noise is $z \sim N(0, 1)$. You know
# $z$ and the slope $G'(z)$ there. Write `log_density(z, slope)`: the logarithm of the density of the generated values
# at $G(z)$. Both are tensors of one shape; slopes may be negative, never 0.
#
# **Predict, and say why:** a generator stretches everything by the factor 2. Does $\log q$ go up or down, and by how
# much?


# %% answer="log_density"
def log_density(z, slope):
    ### BEGIN SOLUTION
    log_noise = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
    return log_noise - slope.abs().log()
    ### END SOLUTION


# %% check="log_density" points=3
q.log_density.check(log_density)
### BEGIN HIDDEN TESTS
import torch

_got = log_density(torch.tensor([0.3, -1.2]), torch.tensor([-4.0, 0.25]))
assert len(_got) == 2 and abs(float(_got[0]) + 2.3502) < 1e-3 and abs(float(_got[1]) + 0.2526) < 1e-3
### END HIDDEN TESTS

# %%
# q.log_density.hint()

# %% [markdown]
# (The stretch by 2: $\log q$ goes down by $\ln 2$, because the same share lies on twice the length.)
#
# With your function you can draw the density of any such generator without a single sample. This one,
# $G(z) = \sinh(z)$, has wide tails. The histogram is there to check:

# %%
z = torch.linspace(-2.5, 2.5, 301)
made = torch.sinh(torch.randn(200_000))
_, ax = plt.subplots(figsize=(6.8, 3))
near = made[made.abs() < 6]
heights = torch.full_like(near, 1 / (200_000 * 0.1))  # each sample's share of a bar that is 0.1 wide
ax.hist(near, bins=120, range=(-6, 6), weights=heights, color=plotting.FAKE, alpha=0.4, label="samples")
ax.plot(torch.sinh(z), log_density(z, torch.cosh(z)).exp(), color=plotting.THEORY, label="your density")
ax.set(xlabel="x", ylabel="density")
ax.legend()
plt.show()

# %% [markdown]
# ## 3. KL of two bells
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `bell_kl(mean_p, std_p, mean_q, std_q)`: $\mathrm{KL}\big(N(\mu_p, \sigma_p^2) \,\|\, N(\mu_q, \sigma_q^2)\big)$
# in nats, for four tensors of one shape (the standard deviations are positive). Somebody will train a bell with it, so
# gradients must come through.
#
# **Predict, and say why:** which costs more: to believe in a bell that is twice as wide as the truth, or half as wide?


# %% answer="bell_kl"
def bell_kl(mean_p, std_p, mean_q, std_q):
    ### BEGIN SOLUTION
    squares = (std_p**2 + (mean_p - mean_q) ** 2) / std_q**2
    return torch.log(std_q / std_p) + (squares - 1) / 2
    ### END SOLUTION


# %% check="bell_kl" points=2
q.bell_kl.check(bell_kl)
### BEGIN HIDDEN TESTS
import torch

_bells = [torch.tensor(v) for v in ([0.2, -1.0], [0.5, 3.0], [1.0, -1.0], [2.0, 1.0])]
_got = bell_kl(*_bells)
assert len(_got) == 2 and abs(float(_got[0]) - 0.9975) < 1e-3 and abs(float(_got[1]) - 2.9014) < 1e-3
### END HIDDEN TESTS

# %%
# q.bell_kl.hint()

# %% [markdown]
# The cost of believing in the wrong width, when the truth has width 1, is KL(truth, belief). Where is this curve steep?
# And why is the other one steep on the other side?

# %%
width = torch.linspace(0.35, 4, 200)
zero, one = torch.zeros(200), torch.ones(200)
cost = {"KL(truth, belief)": bell_kl(zero, one, zero, width), "KL(belief, truth)": bell_kl(zero, width, zero, one)}
plotting.curves(width, cost, "width of the bell that you believe in", "KL (nats)")

# %% [markdown]
# KL(truth, belief): half as wide costs more (0.81 nats against 0.32). Somebody who is too sure is very surprised by all
# that lies far out. The other curve takes its mean over points of the belief. There a wide belief costs more, because
# many of its points lie where the truth has hardly any.

# %% [markdown]
# ## 4. JS that survives zeros
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `jsd(p, q)` for two histograms: tensors (K,) of probabilities that sum to 1, with zeros among them. In nats.
#
# **Predict, and say why:** what is it for two histograms that share no bin? And for `[1, 0]` and `[½, ½]`: more than
# half of that, or less?


# %% answer="jsd"
def jsd(p, q):
    ### BEGIN SOLUTION
    m = (p + q) / 2
    to_p = torch.xlogy(p, p) - torch.xlogy(p, m)  # xlogy: 0 · log 0 is 0
    to_q = torch.xlogy(q, q) - torch.xlogy(q, m)
    return (to_p + to_q).sum() / 2
    ### END SOLUTION


# %% check="jsd" points=3
q.jsd.check(jsd)
### BEGIN HIDDEN TESTS
import torch

_p, _q = torch.tensor([0.5, 0.5, 0.0, 0.0]), torch.tensor([0.0, 0.25, 0.75, 0.0])
assert abs(float(jsd(_p, _q)) - 0.4545) < 1e-3 and abs(float(jsd(_p, _p))) < 1e-5
### END HIDDEN TESTS

# %%
# q.jsd.hint()

# %% [markdown]
# (Without a common bin it is $\ln 2$: a point tells all. For `[1, 0]` and `[½, ½]` it is 0.216, less than half: half of
# the points of the second one lie in the first bin and tell little.)
#
# A warning, with your function. Take two samples of 100 points *from the same bell*, in histograms of more and more
# bins. The true JSD is 0. **Predict, and say why:** what will the estimate say?

# %%
torch.manual_seed(0)
two = torch.randn(200, 2, 100)
bins = [2, 5, 10, 20, 50, 100, 200]
found = torch.stack(
    [torch.stack([jsd(*(one.histc(k, -3, 3) / one.histc(k, -3, 3).sum() for one in pair)) for pair in two]).mean()
     for k in bins]
)  # fmt: skip
plotting.curves(torch.tensor(bins), {"estimate, mean of 200": found}, "bins", "JSD (nats)")

# %% [markdown]
# It goes up: at 200 bins to 0.34, half of the largest value. (With 10,000 bins it would be 0.68, nearly $\ln 2$.) With
# enough bins hardly any bin holds points of both, so any two samples seem to have nothing in common. Such estimates
# from samples are biased, and a discriminator with enough freedom makes the same mistake (chapter 32).
#
# ## 5. Four numbers
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Four people show you a number. What does each mean, and what would you ask?
#
# - **A.** "The average log-likelihood of my model on test data is +2.3. Positive! So there is a bug."
# - **B.** "KL(data, model) is infinite, but the samples look fine."
# - **C.** "Between my model and the data the JSD is 0.69 nats."
# - **D.** "My score is 17.2 from 1,000 samples and 15.9 from 10,000. The model got better overnight."
#
# One or two sentences for each.

# %% [markdown] answer="four_numbers" points=3
# <!-- ### BEGIN SOLUTION -->
# **A** need not be a bug: densities exceed 1 where the values are crowded. In other units of length the number would be
# negative. I would ask for a second model to compare with, in the same units.
#
# **B** happens when the model never generates in some place where data come, however rarely, or when its tails are much
# too thin. Samples can't show what is missing. I would look for the data that surprise the model most.
#
# **C** is ln 2, the largest value: a point shows its origin for sure. Perhaps the two share no place, as with data on
# thin sheets; then the number doesn't say how near they are. If it comes from few samples, it may be all bias.
#
# **D** compares two biases as well as two models. I would compute the score of both with equally many samples, several
# times.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.four_numbers.hint()
# q.four_numbers.check()
