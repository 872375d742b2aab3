"""Questions of chapter 13: some steps later, a chain's table, its perplexity, where it rests, a loss for melodies."""

import torch

from gan_edu.checks.engine import discussion, question


def _rows(*rows):
    return torch.tensor(rows, dtype=torch.double)


# --- some steps later


@question(
    "Some steps later",
    hints=(
        "Write down what you know now as a row of K probabilities: 1 for the present state, 0 for all others. That is "
        "the answer for 0 steps.",
        "One step: each state passes its probability on, by its own row. State j receives the sum over i of now[i] · "
        "P[i, j], which is now @ P.",
        "Start with torch.eye(len(P), dtype=P.dtype)[state], and multiply with P from the right, `steps` times.",
    ),
    insight="now @ P collects what flows *into* each state, P @ something averages over what a state leads to. The two "
    "look alike and answer different questions.",
    probes=lambda: [
        (_rows([0.9, 0.1], [0.3, 0.7]), 0, 2),
        (_rows([0.2, 0.5, 0.3], [0.6, 0.0, 0.4], [0.1, 0.1, 0.8]), 1, 3),
        (torch.randn(5, 5).double().softmax(1), 4, 1),
        (torch.randn(4, 4).double().softmax(1), 2, 0),
        (_rows([0.0, 1.0], [1.0, 0.0]), 0, 1001),  # marches in step
    ],
)
def after(P, state, steps):
    now = torch.eye(len(P), dtype=P.dtype)[state]
    for _ in range(steps):
        now = now @ P
    return now


@after.misconception(
    "the other side of the table: P @ now instead of now @ P. P[i, j] leads from i to j, so row i says where state i "
    "goes."
)
def _from_the_other_side(P, state, steps):
    return torch.linalg.matrix_power(P, steps)[:, state]


@after.misconception("one step only. Go on from the result, `steps` times.")
def _one_step(P, state, steps):
    return P[state]


@after.misconception(
    "each entry of the table raised to a power. What is meant is P times P times …: the product of matrices, which "
    "adds up over all ways."
)
def _entries_to_the_power(P, state, steps):
    return P[state] ** steps


@after.misconception("perhaps one step too many: after 0 steps the chain is still at `state`.")
def _one_step_too_many(P, state, steps):
    return after.answer(P, state, steps + 1)


@after.misconception("perhaps one step too few: after 1 step the probabilities are the row of `state`.")
def _one_step_too_few(P, state, steps):
    return after.answer(P, state, max(steps - 1, 0))


@after.misconception("a single state, the most probable one. Asked for are the probabilities of all states.")
def _most_probable(P, state, steps):
    return after.answer(P, state, steps).argmax()


@after.misconception("a whole table. Asked for is its row for the present state.")
def _whole_table(P, state, steps):
    return torch.linalg.matrix_power(P, steps)


# --- the table of a Markov chain


def _walk(length, K):
    return torch.randint(K, (length,))


@question(
    "The table of a chain",
    hints=(
        "Count first: how often is state j the one right after state i? A sequence of T states has T - 1 such pairs.",
        "sequence[:-1] and sequence[1:], side by side, are the pairs. Then add α to each count, and only then divide "
        "each row by its sum.",
        "counts = torch.zeros(K, K).double(); for i, j in zip(sequence[:-1], sequence[1:]): counts[i, j] += 1. Then "
        "counts + alpha, divided by its .sum(1, keepdim=True).",
    ),
    insight="α pulls each row towards the uniform one, strongly where there are few data. A state that never occurs "
    "gets a uniform row. (For Bayesians: the mean of the posterior, under a Dirichlet prior with all parameters α.)",
    probes=lambda: [
        (torch.tensor([0, 1, 1, 0, 1]), 2, 1.0),
        (torch.tensor([0, 2, 2, 1, 0, 2, 0, 0]), 3, 0.5),
        (_walk(40, 5), 5, 0.1),
        (torch.tensor([0, 1, 0, 1, 2]), 3, 0.2),
        (torch.tensor([0, 1, 1]), 4, 0.5),  # two states that never occur
    ],
)
def transition_table(sequence, K, alpha):
    counts = torch.zeros(K, K).double()
    for i, j in zip(sequence[:-1], sequence[1:], strict=True):
        counts[i, j] += 1
    return (counts + alpha) / (counts + alpha).sum(1, keepdim=True)


def _counts(sequence, K):
    return torch.bincount(sequence[:-1] * K + sequence[1:], minlength=K * K).view(K, K).double()


@transition_table.misconception(
    "perhaps the number of states taken from the sequence. Some states may not occur in it: the table has K rows all "
    "the same."
)
def _K_from_the_data(sequence, K, alpha):
    return transition_table.answer(sequence, int(sequence.max()) + 1, alpha)


@transition_table.misconception(
    "columns that sum to 1. Row i holds the probabilities of what comes *after* i, so each row sums to 1."
)
def _columns_sum_to_one(sequence, K, alpha):
    counts = _counts(sequence, K) + alpha
    return counts / counts.sum(0, keepdim=True)


@transition_table.misconception(
    "rows and columns swapped: entry (i, j) is the probability that j comes after i, not that it came before."
)
def _transposed(sequence, K, alpha):
    return transition_table.answer(sequence, K, alpha).T


@transition_table.misconception()
def _transposed(sequence, K, alpha):
    return transition_table.answer(sequence.flip(0), K, alpha)


@transition_table.misconception(
    "the share of each pair among *all* pairs. Asked for is a probability *given* the present state: divide each row "
    "by its own sum."
)
def _joint_instead_of_conditional(sequence, K, alpha):
    counts = _counts(sequence, K) + alpha
    return counts / counts.sum()


@transition_table.misconception("no smoothing: α must be added to every count, the zeros included.")
def _no_smoothing(sequence, K, alpha):
    counts = _counts(sequence, K)
    return counts / counts.sum(1, keepdim=True)


@transition_table.misconception(
    "α above the line only. Where it is added to K counts, the sum grows by K · α; else the rows don't sum to 1."
)
def _alpha_not_in_the_sum(sequence, K, alpha):
    counts = _counts(sequence, K)
    return (counts + alpha) / counts.sum(1, keepdim=True)


@transition_table.misconception()
def _alpha_not_in_the_sum(sequence, K, alpha):
    counts = _counts(sequence, K)
    return (counts + alpha) / (counts.sum(1, keepdim=True) + alpha)


@transition_table.misconception(
    "α added to probabilities. Add it to the *counts*: then a row with many data is hardly moved, and an empty one "
    "becomes uniform."
)
def _alpha_added_to_probabilities(sequence, K, alpha):
    counts = _counts(sequence, K)
    P = (counts / counts.sum(1, keepdim=True).clamp_min(1)) + alpha
    return P / P.sum(1, keepdim=True)


@transition_table.misconception("counts. Divide each row by its sum, so that it holds probabilities.")
def _counts_only(sequence, K, alpha):
    return _counts(sequence, K) + alpha


@transition_table.misconception(
    "one pair too many, from the last state back to the first. The chapter closes its text to a ring; this sequence is "
    "open, with T - 1 pairs."
)
def _closed_to_a_ring(sequence, K, alpha):
    return transition_table.answer(torch.cat([sequence, sequence[:1]]), K, alpha)


# --- perplexity


def _long(length):
    P = torch.randn(3, 3).double().softmax(1)
    return P, torch.randint(3, (length,))


@question(
    "Perplexity",
    hints=(
        "Which entry of P belongs to the step from sequence[t] to sequence[t + 1]? A sequence of T states has T - 1 "
        "steps.",
        "P[sequence[:-1], sequence[1:]] picks all of these entries at once. Take logarithms, then the mean: that is "
        "the score. A product of the entries would be 0 for a long sequence.",
        "(-P[sequence[:-1], sequence[1:]].log().mean()).exp()",
    ),
    insight="It is the geometric mean of 1 / P over the steps: a single step with a tiny probability can spoil it. "
    "That is why tables are smoothed before they are scored.",
    probes=lambda: [
        (_rows([0.5, 0.5], [0.25, 0.75]), torch.tensor([0, 1, 1, 0])),
        (torch.randn(4, 4).double().softmax(1), torch.tensor([3, 0, 2, 2, 1, 0, 3])),
        _long(3000),
        (_rows([1.0 - 1e-9, 1e-9], [0.5, 0.5]), torch.tensor([0, 1])),
    ],
)
def perplexity(P, sequence):
    return (-P[sequence[:-1], sequence[1:]].log().mean()).exp()


def _steps(P, sequence):
    return P[sequence[:-1], sequence[1:]]


@perplexity.misconception("the score itself, or the loss. The perplexity is e to the power of minus the score.")
def _no_exponential(P, sequence):
    return -_steps(P, sequence).log().mean()


@perplexity.misconception()
def _no_exponential(P, sequence):
    return _steps(P, sequence).log().mean()


@perplexity.misconception("a missing minus: e to the power of *minus* the score. A perplexity is at least 1.")
def _missing_minus(P, sequence):
    return _steps(P, sequence).log().mean().exp()


@perplexity.misconception(
    "bits and nats mixed: a natural logarithm goes with e to the power, a logarithm to base 2 with 2 to the power."
)
def _mixed_bases(P, sequence):
    return 2 ** -_steps(P, sequence).log().mean()


@perplexity.misconception()
def _mixed_bases(P, sequence):
    return (-_steps(P, sequence).log2().mean()).exp()


@perplexity.misconception(
    "a mean of probabilities, or of 1 / P. The probabilities of the steps are multiplied, so it is their *logarithms* "
    "that are averaged."
)
def _mean_without_logarithm(P, sequence):
    return 1 / _steps(P, sequence).mean()


@perplexity.misconception()
def _mean_without_logarithm(P, sequence):
    return (1 / _steps(P, sequence)).mean()


@perplexity.misconception("a sum of logarithms where their mean belongs: per step, not for the whole sequence.")
def _sum_of_logarithms(P, sequence):
    return (-_steps(P, sequence).log().sum()).exp()


@perplexity.misconception(
    "the product of all probabilities before the root or the logarithm. For a long sequence it is 0 for a computer: "
    "take logarithms first."
)
def _underflow(P, sequence):
    return _steps(P, sequence).prod() ** (-1 / (len(sequence) - 1))


@perplexity.misconception("divided by T. A sequence of T states has T - 1 steps, and the first state is given.")
def _divided_by_T(P, sequence):
    return (-_steps(P, sequence).log().sum() / len(sequence)).exp()


@perplexity.misconception(
    "rows and columns swapped: P[i, j] leads from i to j, so the present state picks the row and the next one the "
    "column."
)
def _swapped(P, sequence):
    return (-P[sequence[1:], sequence[:-1]].log().mean()).exp()


@perplexity.misconception("perhaps one step too many, from the last state back to the first. The sequence is open.")
def _closed_to_a_ring(P, sequence):
    return perplexity.answer(P, torch.cat([sequence, sequence[:1]]))


@perplexity.misconception(
    "the entropy of the table. Asked for is how well it predicts *this* sequence: only the steps that occur count."
)
def _entropy_of_the_table(P, sequence):
    return (-torch.xlogy(P, P).sum(1).mean()).exp()


@perplexity.misconception()
def _entropy_of_the_table(P, sequence):
    return torch.xlogy(P, P).sum(1).mul(-1).mean().exp()


# --- where it rests


@question(
    "Where a chain rests",
    hints=(
        "π P = π, and its entries sum to 1. π stands on the *left* of P: it is a row, and each entry of the product "
        "collects what flows into one state.",
        "torch.linalg.eig(A) gives eigenvectors on the right, A v = λ v. Which matrix A has your π as such a vector? "
        "Take the one whose eigenvalue is 1, and divide it by its sum. Or without eigenvectors: π P = π and sum π = 1 "
        "are linear equations. Put the rows of P.T - I and a row of ones into one matrix, and solve with "
        "torch.linalg.lstsq. (Powers of P would do for many chains, not for all.)",
        "values, vectors = torch.linalg.eig(P.T); v = vectors[:, (values - 1).abs().argmin()].real; v / v.sum().",
    ),
    insight="A chain that marches in step never comes to rest, and its π is still the share of time that it spends in "
    "each state. For that it need not be aperiodic; it is enough that each state can be reached from each other one.",
    probes=lambda: [
        (torch.tensor([[0.9, 0.1], [0.3, 0.7]], dtype=torch.double),),
        (torch.tensor([[0.2, 0.5, 0.3], [0.6, 0.0, 0.4], [0.1, 0.1, 0.8]], dtype=torch.double),),
        (torch.rand(5, 5).double().softmax(1),),
        (torch.tensor([[0.0, 0.3, 0.7], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], dtype=torch.double),),
    ],
)
def stationary(P):
    values, vectors = torch.linalg.eig(P.T)
    v = vectors[:, (values - 1).abs().argmin()].real
    return v / v.sum()


@stationary.misconception(
    "the eigenvector on the right of P. Rows sum to 1, so that one is always constant: it says nothing. π stands on "
    "the left: take P.T."
)
def _right_eigenvector(P):
    return torch.full((len(P),), 1 / len(P)).double()


@stationary.misconception()
def _right_eigenvector(P):
    return torch.full((len(P),), len(P) ** -0.5).double()


@stationary.misconception()
def _right_eigenvector(P):
    return -torch.full((len(P),), len(P) ** -0.5).double()


@stationary.misconception()
def _right_eigenvector(P):
    values, vectors = torch.linalg.eig(P)
    return vectors[:, (values - 1).abs().argmin()].real


@stationary.misconception(
    "a vector of length 1, as eigenvectors come. Probabilities must *sum* to 1: divide by the sum (which also mends "
    "the sign)."
)
def _not_divided_by_sum(P):
    values, vectors = torch.linalg.eig(P.T)
    return vectors[:, (values - 1).abs().argmin()].real


@stationary.misconception()
def _not_divided_by_sum(P):
    return stationary.answer(P) / stationary.answer(P).norm()


@stationary.misconception(
    "a high power of P. It works only for chains that don't march in step: one that is at state 0 every second time "
    "goes on like that for ever, and P has a π all the same."
)
def _powers_of_a_periodic_chain(P):
    return torch.linalg.matrix_power(P, 1000)[0]


@stationary.misconception()
def _powers_of_a_periodic_chain(P):
    return torch.linalg.matrix_power(P, 1001)[0]


@stationary.misconception()
def _powers_of_a_periodic_chain(P):
    return torch.linalg.matrix_power(P, 1000).mean(0)


@stationary.misconception()
def _powers_of_a_periodic_chain(P):
    return torch.linalg.matrix_power(P, 1001).mean(0)


@stationary.misconception(
    "the average of the rows: where the chain is after one step from a random state. It must be the same after any "
    "number of steps."
)
def _mean_of_rows(P):
    return P.mean(0)


@stationary.misconception("where the chain stays: the diagonal of P. The question is where it *is*, in the long run.")
def _diagonal(P):
    return P.diagonal() / P.diagonal().sum()


@stationary.misconception("a table. Asked for is one probability for each state: a vector.")
def _a_table(P):
    return torch.linalg.matrix_power(P, 1000)


@stationary.misconception()
def _a_table(P):
    return stationary.answer(P).expand(len(P), -1)


# --- a loss for melodies


@discussion(
    "A loss for melodies",
    hints=(
        "Say what the formula computes, for a chain whose table you know. When is it large, when small?",
        "What would a program have to know about this generator to compute the number? Does it know that?",
        "Three things: the sign, who could use it, and what could do the job in a GAN instead.",
    ),
)
def melodies():
    """The formula is the log-likelihood of the real melodies under a Markov chain, averaged over N of them. It is large
    (near 0) when the chain gives high probabilities to the steps that the melodies take.

    If p is a table that was counted before, the generator doesn't occur in the formula. Its gradient is zero, with
    either sign, and the generator learns nothing from it. If p itself is trained, the formula needs a minus, because a
    loss is made small. Without it, training teaches that what the real melodies do is impossible, and the number falls
    without end.

    With the minus it is a good and common loss for a model that *has* probabilities p(x_t | x_{t-1}): counting
    minimises it for a table, gradient descent for a network. With a longer memory it is what language models are
    trained with. Nothing in it is adversarial.

    A generator that turns noise into a melody in one go can't compute it, because it has no p(x_t | x_{t-1}): how
    probable it makes a given melody is not known. (A generator that writes note by note can: SeqGAN's does, before its
    game begins.) One could fit a chain to real melodies and score generated ones with it. But a melody of nothing but
    the most usual steps would score best: that is a check on neighbours, and no goal.

    So the friend could train a sequence model by maximum likelihood, without a game, or let the discriminator look at
    whole melodies: that is how a GAN learns what belongs together."""
