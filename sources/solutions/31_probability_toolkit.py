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
# ## 1 · An average, and its error
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# Write `monte_carlo(values)`: from the values $f(x_1), \dots, f(x_N)$, a tensor (N,), the estimate of
# $\mathbb E[f(x)]$ and its **standard error**, the estimated $\sigma/\sqrt N$. Give both, in this order. (For $\sigma$
# take the usual estimate, with $N - 1$.)
#
# **Predict:** in how many of 1000 repeats does the true value lie within two standard errors of the estimate?


# %% answer="monte_carlo"
def monte_carlo(values):
    ### BEGIN SOLUTION
    mean = values.mean()
    error = values.std() / math.sqrt(len(values))
    return mean, error
    ### END SOLUTION


# %% check="monte_carlo" points=2
q.monte_carlo.check(monte_carlo)

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
# ## 2 · The density of what a generator makes
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# A generator on the line is a curve $x = G(z)$ that only rises or only falls; the noise is $z \sim N(0, 1)$. You know
# $z$ and the slope $G'(z)$ there. Write `log_density(z, slope)`: the logarithm of the density of the generated values
# at $G(z)$. Both are tensors of one shape; slopes may be negative, never 0.
#
# **Predict:** a generator stretches everything by the factor 2. Does $\log q$ go up or down, and by how much?


# %% answer="log_density"
def log_density(z, slope):
    ### BEGIN SOLUTION
    log_noise = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
    return log_noise - slope.abs().log()
    ### END SOLUTION


# %% check="log_density" points=3
q.log_density.check(log_density)

# %%
# q.log_density.hint()

# %% [markdown]
# With it you can draw the density of any such generator without a single sample. This one, $G(z) = \sinh(z)$, has wide
# tails; the histogram is there to check:

# %%
z = torch.linspace(-2.5, 2.5, 301)
made = torch.sinh(torch.randn(200_000))
_, ax = plt.subplots(figsize=(6.8, 3))
ax.hist(made[made.abs() < 6], bins=120, density=True, color=plotting.FAKE, alpha=0.4, label="samples")
ax.plot(torch.sinh(z), log_density(z, torch.cosh(z)).exp(), color=plotting.THEORY, label="your density")
ax.set(xlabel="x", ylabel="density")
ax.legend()
plt.show()

# %% [markdown]
# ## 3 · KL of two bells
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `bell_kl(mean_p, std_p, mean_q, std_q)`: $\mathrm{KL}\big(N(\mu_p, \sigma_p^2) \,\|\, N(\mu_q, \sigma_q^2)\big)$
# in nats, for four tensors of one shape (the standard deviations are positive).
#
# **Predict:** which costs more: to believe in a bell that is twice as wide as the truth, or half as wide?


# %% answer="bell_kl"
def bell_kl(mean_p, std_p, mean_q, std_q):
    ### BEGIN SOLUTION
    squares = (std_p**2 + (mean_p - mean_q) ** 2) / std_q**2
    return torch.log(std_q / std_p) + (squares - 1) / 2
    ### END SOLUTION


# %% check="bell_kl" points=2
q.bell_kl.check(bell_kl)

# %%
# q.bell_kl.hint()

# %% [markdown]
# The cost of believing in the wrong width, when the truth has width 1. Where is the curve steep?

# %%
width = torch.linspace(0.35, 4, 200)
zero, one = torch.zeros(200), torch.ones(200)
cost = {"KL(truth, belief)": bell_kl(zero, one, zero, width), "KL(belief, truth)": bell_kl(zero, width, zero, one)}
plotting.curves(width, cost, "width of the bell that you believe in", "KL (nats)")

# %% [markdown]
# ## 4 · JS that survives zeros
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `jsd(p, q)` for two histograms: tensors (K,) of probabilities that sum to 1, with zeros among them. In nats.
#
# **Predict:** what is it for two histograms that share no bin, and what for `[1, 0]` and `[½, ½]`: more than half of
# that, or less?


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

# %%
# q.jsd.hint()

# %% [markdown]
# A warning, with your function. Two samples of 100 points *from the same bell*, in histograms of more and more bins.
# The true JSD is 0. What does the estimate say?

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
# With enough bins any two samples seem to have nothing in common. Estimates of divergences from samples are biased, and
# a discriminator with enough freedom makes the same mistake (chapter 32).
#
# ## 5 · Four numbers
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
# **A** need not be a bug: densities exceed 1 where the values are crowded. In other units of length it would be
# negative. I would ask for a second model to compare with, in the same units.
#
# **B** happens when the model never generates in some place where data come, however rarely. Samples can't show what
# is missing. I would look for that place.
#
# **C** is ln 2, the largest value: a point betrays its origin for sure. Perhaps they share no place, as with data on
# thin sheets; then it doesn't say how near they are. If it comes from few samples, it may be all bias.
#
# **D** compares two biases as well as two models. I would compute the score of both with equally many samples, several
# times.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.four_numbers.hint()
# q.four_numbers.check()
