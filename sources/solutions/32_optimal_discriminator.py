# %% [markdown]
# # Exercises 32 · The optimal discriminator
#
# Five questions about [the chapter](../chapters/32_optimal_discriminator.ipynb): what a game is worth, the best logit
# of two Gaussians, how far Adam can help a starving generator, unequal shares, and four sentences to judge.
# [Worked solutions](../solutions/32_optimal_discriminator.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import math

import torch
import torch.nn.functional as F

from gan_edu import data, plotting
from gan_edu.checks import chapter_32 as q

plotting.use_style()

# %% [markdown]
# ## 1. What is the game worth?
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Write `value(logits, log_p, log_q, dx)`: the value $V = \int p \log D + q \log (1 - D)\, dx$ as a sum over a fine grid
# with the step `dx`. All three tensors have the shape (N,): the discriminator's logits at the places of the grid, and
# the logarithms of both densities there. It must stay a number where the discriminator is very sure: logits of ±200.
#
# **Predict, and say why:** what is the value for $D = \frac12$ everywhere, whatever $p$ and $q$ are?


# %% answer="value"
def value(logits, log_p, log_q, dx):
    ### BEGIN SOLUTION
    on_real = (log_p.exp() * F.logsigmoid(logits)).sum() * dx
    on_fake = (log_q.exp() * F.logsigmoid(-logits)).sum() * dx
    return on_real + on_fake
    ### END SOLUTION


# %% check="value" points=3
q.value.check(value)
### BEGIN HIDDEN TESTS
import math

import torch

_x = torch.linspace(-8, 8, 1601, dtype=torch.float64)
_p, _q = (-0.5 * (_x - m) ** 2 - 0.5 * math.log(2 * math.pi) for m in (0.5, -0.5))
assert abs(float(value(_p - _q, _p, _q, 0.01)) + 1.1635) < 1e-3
assert abs(float(value(2 * _x - 1, _p, _q, 0.01)) + 1.4240) < 1e-3
assert abs(float(value(torch.full_like(_x, -300.0), _p, _q, 0.01)) + 300) < 1e-2
### END HIDDEN TESTS

# %%
# q.value.hint()  # remove the first # and run: each run gives one more hint

# %% [markdown]
# ($D = \frac12$ gives $-2 \ln 2 \approx -1.386$: twice the logarithm of ½, because both areas are 1.)
#
# Now use it: how does the value change when a discriminator says the right thing, but a little too timidly or too
# boldly? (Its logits are the best ones times a factor.) Where is the top, and how flat is it?

# %%
grid = torch.linspace(-8, 8, 3201, dtype=torch.float64)
heaps = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5).log_prob(grid[:, None])
noise = data.toy.gaussian_mixture([0.0], std=1.0).log_prob(grid[:, None])
factors = torch.linspace(0, 3, 61)
worth = torch.stack([value(factor * (heaps - noise), heaps, noise, 0.005) for factor in factors])
plotting.curves(factors, {"discriminator": worth}, "factor on the best logits", "value V (nats)")

# %% [markdown]
# The top is at the factor 1, and it is flat: a factor of 0.7 or of 1.4 loses little.

# %% [markdown]
# ## 2. Two Gaussians
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Real points come from $N(\mu_p, \Sigma)$, generated ones from $N(\mu_q, \Sigma)$: two means, *one* covariance. Write
# `gaussian_logit(x, mean_p, mean_q, covariance)`: the logits of the optimal discriminator at places `x` (N, d). The
# means are (d,), the covariance is (d, d).
#
# **Predict, and say why:** where are the places with $D^* = \frac12$, and through which point do they go?


# %% answer="gaussian_logit"
def gaussian_logit(x, mean_p, mean_q, covariance):
    ### BEGIN SOLUTION
    w = torch.linalg.solve(covariance, mean_p - mean_q)
    middle = (mean_p + mean_q) / 2
    return (x - middle) @ w
    ### END SOLUTION


# %% check="gaussian_logit" points=3
q.gaussian_logit.check(gaussian_logit)
### BEGIN HIDDEN TESTS
import torch

_numbers = ([[1.0, 2.0], [0.0, -1.0]], [2.0, 0.0], [0.0, 1.0], [[1.0, 0.5], [0.5, 2.0]])
_got = gaussian_logit(*(torch.tensor(each, dtype=torch.float64) for each in _numbers))
assert len(_got) == 2 and abs(float(_got[0]) + 12 / 7) < 1e-3 and abs(float(_got[1]) + 6 / 7) < 1e-3
### END HIDDEN TESTS

# %%
# q.gaussian_logit.hint()

# %% [markdown]
# (They form a straight line, in more dimensions a plane, through the middle between the two means: there both densities
# are equal.)
#
# ## 3. How far does Adam's help reach?
# *Difficulty ●●● · importance ●●○ · 15 minutes*
#
# A generator has one weight, and this weight moves the logit one to one. The discriminator is sure: the logit is
# $\ell = -5$, or −10, or −25. Suppose that the slope of the loss stays the same for a long time. Then Adam's two
# running means have become the slope $g$ and its square $g^2$, and Adam moves the weight by
#
# $$\mathrm{lr} \cdot \frac{|g|}{\sqrt{g^2} + \varepsilon} .$$
#
# Write `adam_moves(logit, lr, eps)`: how far the weight moves in such a step, for the **saturating** loss and for the
# **non-saturating** one, in this order. `logit` is a float64 tensor of any shape, and so are both results.
#
# **Predict, and say why:** $\varepsilon = 10^{-8}$ is PyTorch's default. At which logit has the saturating step become
# half as long as the other one?


# %% answer="adam_moves"
def adam_moves(logit, lr, eps):
    ### BEGIN SOLUTION
    moves = []
    for slope in (torch.sigmoid(logit), torch.sigmoid(-logit)):
        moves.append(lr * slope / (slope + eps))
    return tuple(moves)
    ### END SOLUTION


# %% check="adam_moves" points=3
q.adam_moves.check(adam_moves)
### BEGIN HIDDEN TESTS
import torch

_weak, _strong = adam_moves(torch.tensor([-6.0, -20.0, 2.0], dtype=torch.float64), 0.1, 1e-6)
assert abs(float(_weak[0]) - 0.1) < 1e-3 and abs(float(_weak[1]) - 2.057e-4) < 1e-6
assert all(abs(float(each) - 0.1) < 1e-4 for each in _strong)
### END HIDDEN TESTS

# %%
# q.adam_moves.hint()

# %% [markdown]
# Here it is with PyTorch's own optimiser beside it. Where does the saturating curve leave the other one?

# %%
logits = torch.linspace(-30, 5, 71, dtype=torch.float64)
saturating, non_saturating = adam_moves(logits, lr=1e-3, eps=1e-8)


def torch_moves(logit, steps=50):
    """What torch.optim.Adam really does with the saturating slope at this logit."""
    weight = torch.zeros((), dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([weight], lr=1e-3)
    for _ in range(steps):
        before = weight.item()
        weight.grad = -torch.sigmoid(logit)  # the same slope, again and again
        adam.step()
    return abs(weight.item() - before)


both = {"saturating": saturating, "non-saturating": non_saturating}
both["exact: torch.optim.Adam"] = torch.tensor([torch_moves(one) for one in logits])
plotting.curves(logits, both, "logit of a fake", "how far Adam moves")

# %% [markdown]
# Near $\ln 10^{-8} \approx -18.4$: there the slope is as large as $\varepsilon$, so $g/(g + \varepsilon) = \frac12$.
# With 16-bit numbers (half precision) the end comes sooner: what is below $3 \cdot 10^{-8}$ is rounded to 0, and no
# optimiser can enlarge a 0.
#
# ## 4. Unequal shares
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# Somebody's batches have `n_real` real points and `n_fake` generated ones, and the loss is *one* mean over all of them.
# Write `optimal_logit(log_p, log_q, n_real, n_fake)`: the logit of the discriminator that is best for this loss. The
# first two are tensors of one shape, the others are whole numbers.
#
# **Predict, and say why:** what does it say where $p = q$, if there are three real points for each generated one?


# %% answer="optimal_logit"
def optimal_logit(log_p, log_q, n_real, n_fake):
    ### BEGIN SOLUTION
    return log_p - log_q + math.log(n_real / n_fake)
    ### END SOLUTION


# %% check="optimal_logit" points=2
q.optimal_logit.check(optimal_logit)
### BEGIN HIDDEN TESTS
import torch

_got = optimal_logit(torch.tensor([-2.0, -700.0]), torch.tensor([-1.0, -703.0]), 2, 5)
assert len(_got) == 2 and abs(float(_got[0]) + 1.9163) < 1e-3 and abs(float(_got[1]) - 2.0837) < 1e-3
### END HIDDEN TESTS

# %%
# q.optimal_logit.hint()

# %% [markdown]
# (It says $D = \frac34$: of four points that come by there, three are real.)
#
# ## 5. Four sentences
# *Difficulty ●●○ · importance ●●● · 10 minutes*
#
# Four sentences about GANs. Which are true, and what is wrong with the others?
#
# - **A.** "The better the generated samples, the smaller the discriminator's loss."
# - **B.** "If the generator does its job perfectly, $\log(1 - D(G(z)))$ gets flat, so one uses $-\log D(G(z))$."
# - **C.** "The discriminator's loss is $2 \ln 2$, so the generator has learned the distribution."
# - **D.** "Vanishing gradients are solved by deeper networks, leaky ReLU and Adam."
#
# One or two sentences for each. Where an experiment of the chapter speaks about it, say which.

# %% [markdown] answer="four_sentences" points=3
# <!-- ### BEGIN SOLUTION -->
# **A** is the wrong way round. Better samples make $p$ and $q$ more alike, and even the best discriminator's loss,
# $2 \ln 2 - 2\,\mathrm{JSD}$, goes *up*. A small loss means that the discriminator is winning. (Sections 2 and 4.)
#
# **B** has the right cure and the wrong reason. The slope with respect to the logit is $-D$: flat where $D(G(z))$ is
# near 0. That is a generator that is recognised, not one that is perfect. (At $D = \frac12$ both slopes are
# $-\frac12$.)
#
# **C** proves nothing: every loss gives a lower bound of the JSD, and this one says "at least 0". Blind discriminators
# have this loss, too. I would ask a fresh, stronger discriminator.
#
# **D**: in section 7 deeper discriminators were surer after as many steps, and the saturating arrows shorter. Adam does
# make short gradients long, down to its ε and to the rounding error, so it hides the problem. The cause is the
# saturating loss together with a discriminator that is nearly perfect. Other losses, or a discriminator that is kept
# gentle, treat the cause.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.four_sentences.hint()
# q.four_sentences.check()
