# %% [markdown]
# # Exercises 45 · Conditional generation
#
# Put labels beside rows, write the last step of a projection discriminator, and bring a class into a layer, as in [the
# chapter](../chapters/45_conditional.ipynb). At the end your tools train a conditional GAN. [Worked
# solutions](../solutions/45_conditional.ipynb) are there for later; ask for a hint first.
#
# Write your code where it says `YOUR CODE HERE` (and remove the line below it), run the cell, then run the check.

# %%
import torch
import torch.nn.functional as F

from gan_edu import data, metrics, nets, plotting
from gan_edu.checks import chapter_45 as q

plotting.use_style()

# %% [markdown]
# ## 1. A label beside a row
# *Difficulty ●○○ · importance ●●● · 5 minutes*
#
# `rows` are (N, d) numbers, pixels or noise, `labels` (N,) whole numbers from 0 to `classes` − 1. Return (N, d +
# classes): each row, and behind it its class, one-hot, with `loud` in the place of the 1.


# %% answer="label_rows"
def label_rows(rows, labels, classes, loud):
    ### BEGIN SOLUTION
    one_hot = F.one_hot(labels, classes).to(rows.dtype)
    return torch.cat([rows, loud * one_hot], dim=1)
    ### END SOLUTION


# %% check="label_rows" points=1
q.label_rows.check(label_rows)
### BEGIN HIDDEN TESTS
from torch import tensor

beside = label_rows(tensor([[7.0], [8.0]]), tensor([1, 3]), 4, 5.0)
assert beside.tolist() == [[7.0, 0.0, 5.0, 0.0, 0.0], [8.0, 0.0, 0.0, 0.0, 5.0]]
### END HIDDEN TESTS

# %%
# q.label_rows.hint()

# %% [markdown]
# ## 2. A projection discriminator's last step
# *Difficulty ●●○ · importance ●●○ · 10 minutes*
#
# The features $\varphi$ of N pictures are there already, (N, h). Each of K classes has a vector $e_y$, the rows of
# `vectors`, (K, h). Return the N logits, with `weight` (h,) and `bias` a number:
#
# $$\text{logit} = e_y^\top \varphi + w^\top \varphi + b$$


# %% answer="projection_logit"
def projection_logit(features, labels, vectors, weight, bias):
    ### BEGIN SOLUTION
    about_class = (features * vectors[labels]).sum(dim=1)
    anyway = features @ weight + bias
    return about_class + anyway
    ### END SOLUTION


# %% check="projection_logit" points=2
q.projection_logit.check(projection_logit)
### BEGIN HIDDEN TESTS
from torch import tensor

phi, rows = tensor([[1.0, 2.0], [3.0, -1.0]]), tensor([[1.0, 1.0], [0.0, 2.0], [5.0, 5.0]])
logits = projection_logit(phi, tensor([1, 0]), rows, tensor([0.5, 1.0]), 0.25)
assert logits.shape == (2,) and (logits - tensor([6.75, 2.75])).abs().max() < 1e-5
### END HIDDEN TESTS

# %%
# q.projection_logit.hint()

# %% [markdown]
# ## 3. Conditional batch norm
# *Difficulty ●●○ · importance ●●○ · 15 minutes*
#
# `h` are N samples of C maps, (N, C, H, W), and `labels` (N,) their classes. `scales` and `shifts` are (K, C): a row
# for each of K classes. Normalise each map over *all samples and places*: subtract its mean, and divide by
# $\sqrt{\text{variance} + 10^{-5}}$, with the variance that divides by $n$. Then multiply each sample's maps by the
# scales of its class, and add the shifts. (Write it for training: there are no running averages.)


# %% answer="conditional_batch_norm"
def conditional_batch_norm(h, labels, scales, shifts):
    ### BEGIN SOLUTION
    normal = F.batch_norm(h, None, None, training=True)
    return scales[labels][:, :, None, None] * normal + shifts[labels][:, :, None, None]
    ### END SOLUTION


# %% check="conditional_batch_norm" points=2
q.conditional_batch_norm.check(conditional_batch_norm)
### BEGIN HIDDEN TESTS
from torch import tensor

maps = tensor([0.0, 2.0, 4.0, 6.0]).view(2, 1, 1, 2)  # mean 3, variance 5
out = conditional_batch_norm(maps, tensor([1, 0]), tensor([[2.0], [1.0]]), tensor([[10.0], [0.0]])).flatten()
wanted = tensor([-3.0, -1.0, 2.0, 6.0]) / 5**0.5 + tensor([0.0, 0.0, 10.0, 10.0])
assert (out - wanted).abs().max() < 1e-3
### END HIDDEN TESTS

# %%
# q.conditional_batch_norm.hint()

# %% [markdown]
# ## 4. Four messages
# *Difficulty ●●○ · importance ●●● · 15 minutes*
#
# What do you answer, in two or three sentences each?
#
# 1. "Our GAN makes perfect eights: a classifier recognises 100 % of them."
# 2. "My conditional GAN draws fine digits, but only one in ten is the digit that I asked for. I shall train ten times
#    as long."
# 3. "The Fréchet distance of our conditional GAN is as low as that of the unconditional one, so it obeys."
# 4. "In our data 90 % are sevens. We ask for all ten digits equally often in training. Now the samples are bad."

# %% [markdown] answer="conditional_messages" points=3
# <!-- ### BEGIN SOLUTION -->
# 1. It shows that the pictures pass for eights. One eight copied a thousand times passes as well. I'd ask how varied
#    they are, and how near to the training eights.
# 2. One in ten is what chance gives, so the label isn't heard: one number among hundreds of pixels. I'd make it larger
#    first, because that is quick, and then look at distance, coverage and the pictures, too. More steps may help. (If
#    it were *never* the right digit, the label would be heard, and the classes would be in another order.)
# 3. The distance of all pictures together doesn't change when the orders are shuffled. I'd ask a classifier, or measure
#    each class by itself.
# 4. Then the label alone tells real from forged in nine of ten cases, so the discriminator hardly needs the pictures.
#    The forged labels must have the shares of the real ones, or both must be evened out.
# <!-- ### END SOLUTION -->

# %% [markdown]
# When you have written yours, compare it with a model answer. There are hints, too:

# %%
# q.conditional_messages.hint()
# q.conditional_messages.check()

# %% [markdown]
# ## Your tools at work
#
# A small conditional GAN with your `label_rows` in both networks, 300 steps: a few seconds. First quiet, then loud.

# %%
mnist = data.images("mnist")
x, y, orders = mnist.tensor(flat=True), mnist.labels, torch.arange(10).repeat(50)


def train(loud, steps=300):
    torch.manual_seed(0)
    G, D = nets.mlp([74, 128, 784], output="tanh"), nets.mlp([794, 128, 1])
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=lr, betas=(0.0, 0.99)) for net, lr in ((G, 4e-3), (D, 2e-3)))
    for _ in range(steps):
        rows, asked = torch.randint(len(x), (64,)), torch.randint(10, (64,))
        fake = G(label_rows(torch.randn(64, 64), asked, 10, loud))
        on_real, on_fake = D(label_rows(x[rows], y[rows], 10, loud)), D(label_rows(fake.detach(), asked, 10, loud))
        opt_d.zero_grad()
        (F.softplus(-on_real).mean() + F.softplus(on_fake).mean()).backward()
        opt_d.step()
        opt_g.zero_grad()
        F.softplus(-D(label_rows(fake, asked, 10, loud))).mean().backward()
        opt_g.step()
    with torch.no_grad():
        return G(label_rows(torch.randn(500, 64), orders, 10, loud))


# %% [markdown]
# **Predict:** how often does each of the two obey?

# %% tags=["nbval-ignore-output"]
for loud in (1.0, 10.0):
    pictures = train(loud)
    obeyed = (metrics.classify(pictures, "mnist").argmax(dim=1) == orders).float().mean()
    print(f"loud = {loud:g}: {obeyed:.0%} of 500 orders obeyed")
plotting.image_grid(pictures[:20], rows=2, title="loud: orders 0 … 9, twice")

# %% [markdown]
# 🔎 **Try it.** Make only one of the two networks loud. Which one must hear the label? (Section 2 of the chapter
# answers.)
