"""Questions of chapter 56: straight through, REINFORCE with a baseline, quality and coverage, three abstracts."""

import math

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import NotYet, discussion, question, value_of

# --- straight through


def _letters():
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 1.0]])
    return [
        (torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, -1.0]]), torch.tensor([0, 2]), weights),
        (torch.randn(4, 5), torch.randint(5, (4,)), torch.randn(4, 5)),
    ]


def _forward_and_back(candidate, logits, letters, weights):
    """The value, and the gradient of (value * weights).sum() at the logits."""
    logits = logits.clone().requires_grad_()
    value = value_of(candidate, logits, letters)
    gradient = torch.zeros_like(logits)
    if value.requires_grad and value.shape == weights.shape:
        found = torch.autograd.grad((value * weights).sum(), logits, allow_unused=True)[0]
        gradient = gradient if found is None else found
    return {"value": value.detach(), "gradient at the logits": gradient}


@question(
    "Straight through",
    hints=(
        "Forward it must be a one-hot vector, backward a softmax. Which sum has the value of the one and the gradient "
        "of the other?",
        "x − x.detach() has the value 0, and the gradient of x.",
        "p = logits.softmax(1), and then F.one_hot(letters, number).to(p) + p − p.detach().",
    ),
    insight="The value never feels the softmax. So this gradient belongs to a function that nobody computes; section 2 "
    "shows a case in which it points the wrong way.",
    run=_forward_and_back,
    probes=_letters,
)
def straight_through(logits, letters):
    p = logits.softmax(1)
    return F.one_hot(letters, logits.shape[1]).to(p) + p - p.detach()


@straight_through.misconception("a softmax forward, too. The value must be one-hot, or a blend of letters goes on.")
def _soft_value(logits, letters):
    return logits.softmax(1)


@straight_through.misconception("a one-hot vector without any gradient. The softmax must lend it one.")
def _no_gradient(logits, letters):
    return F.one_hot(letters, logits.shape[1]).float()


@straight_through.misconception("the gradient of the *logits* lent to the letter, not that of their softmax.")
def _through_the_logits(logits, letters):
    return F.one_hot(letters, logits.shape[1]) + logits - logits.detach()


@straight_through.misconception("the .detach() at the wrong one of the two: so the gradient has the wrong sign.")
def _wrong_sign(logits, letters):
    p = logits.softmax(1)
    return F.one_hot(letters, logits.shape[1]) + p.detach() - p


@straight_through.misconception("the one-hot vector *plus* a softmax: what is added must have the value 0.")
def _not_cancelled(logits, letters):
    return F.one_hot(letters, logits.shape[1]) + logits.softmax(1)


@straight_through.misconception("the likeliest letter. Asked for is the letter that was drawn, in `letters`.")
def _likeliest(logits, letters):
    p = logits.softmax(1)
    return F.one_hot(logits.argmax(1), logits.shape[1]) + p - p.detach()


@straight_through.misconception("a logarithm of the softmax behind the letter. Asked for is the softmax.")
def _log_softmax(logits, letters):
    p = logits.log_softmax(1)
    return F.one_hot(letters, logits.shape[1]) + p - p.detach()


# --- REINFORCE with the mean of the others


def _batches():
    return [
        (torch.tensor([-1.0, -2.0, -3.0]), torch.tensor([1.0, 0.0, 0.5])),
        (-3 * torch.rand(6) - 1, torch.rand(6)),
    ]


def _gradients(candidate, log_p, rewards):
    """What backward would leave at both inputs; the rewards come from a net, so they have a graph."""
    log_p, score = log_p.clone().requires_grad_(), rewards.clone().requires_grad_()
    loss = value_of(candidate, log_p, score * 1.0)
    if loss.numel() != 1:
        raise NotYet(
            "one number", f"the shape {tuple(loss.shape)}", looks_like="one loss for each text. Take the mean."
        )
    if not loss.requires_grad:
        raise NotYet("a loss with a gradient", "one without", looks_like="log_p was detached, or left out.")
    found = torch.autograd.grad(loss.sum(), (log_p, score), allow_unused=True)
    zeros = torch.zeros_like(log_p)
    at_log_p, at_score = (zeros if each is None else each for each in found)
    return {"gradient at log_p": at_log_p, "gradient at the rewards": at_score}


def _baseline(rewards):
    return (rewards.sum() - rewards) / (len(rewards) - 1)


@question(
    "REINFORCE, with a baseline",
    hints=(
        "Begin without a baseline: which loss has the gradient −(1/N) Σ rᵢ ∇log pᵢ?",
        "−(r · log_p).mean(), with r.detach(). Now subtract from each reward the mean of the *other* rewards.",
        "others = (rewards.sum() − rewards) / (len(rewards) − 1), then −((rewards − others).detach() * log_p).mean().",
    ),
    insight="If the text's own reward were in its baseline, the baseline would depend on the text, and the gradient "
    "would be too short on average, by a factor of (N − 1)/N. With the others alone it stays unbiased.",
    run=_gradients,
    probes=_batches,
)
def reinforce_loss(log_p, rewards):
    rewards = rewards.detach()
    others = (rewards.sum() - rewards) / (len(rewards) - 1)
    return -((rewards - others) * log_p).mean()


@reinforce_loss.misconception("no baseline. The gradient is right on average, but noisy: subtract the others' mean.")
def _no_baseline(log_p, rewards):
    return -(rewards.detach() * log_p).mean()


@reinforce_loss.misconception("the mean of *all* rewards as the baseline. A text's own reward must stay out of it.")
def _own_reward(log_p, rewards):
    rewards = rewards.detach()
    return -((rewards - rewards.mean()) * log_p).mean()


@reinforce_loss.misconception("the wrong sign: an optimiser goes down, and rewards should go up.")
def _sign(log_p, rewards):
    rewards = rewards.detach()
    return ((rewards - _baseline(rewards)) * log_p).mean()


@reinforce_loss.misconception("a gradient that flows into the rewards as well. Detach them: only log_p may get one.")
def _not_detached(log_p, rewards):
    return -((rewards - _baseline(rewards)) * log_p).mean()


@reinforce_loss.misconception("probabilities where their logarithms belong. log_p is a logarithm already.")
def _probabilities(log_p, rewards):
    rewards = rewards.detach()
    return -((rewards - _baseline(rewards)) * log_p.exp()).mean()


@reinforce_loss.misconception(
    "the sum over the batch. Asked for is the mean: a batch twice as large shouldn't pull twice as hard."
)
def _sum(log_p, rewards):
    rewards = rewards.detach()
    return -((rewards - _baseline(rewards)) * log_p).sum()


@reinforce_loss.misconception("the sum of the others as the baseline. Divide it by how many they are, N − 1.")
def _sum_of_others(log_p, rewards):
    rewards = rewards.detach()
    return -((rewards - (rewards.sum() - rewards)) * log_p).mean()


@reinforce_loss.misconception("the others' sum divided by N. They are N − 1.")
def _divided_by_all(log_p, rewards):
    rewards = rewards.detach()
    return -((rewards - (rewards.sum() - rewards) / len(rewards)) * log_p).mean()


# --- quality and coverage


def _sources():
    return [
        (torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.25, 0.25, 0.5])),
        (torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.9, 0.06, 0.04])),
        (torch.randn(6).softmax(0), torch.randn(6).softmax(0)),
    ]


@question(
    "Quality and coverage, exactly",
    hints=(
        "Who draws the letters, and who is surprised? Each of the two numbers has another one for each role.",
        "The mean of a surprise is a sum: the probability with which a letter is drawn, times minus the logarithm of "
        "the probability that the other one gives it.",
        "entropy = −(oracle * oracle.log()).sum(). Quality: −(model * oracle.log()).sum() − entropy. Coverage: the "
        "same with the two exchanged in the first sum.",
    ),
    insight="Coverage is KL(oracle ‖ model), so it is never below 0. Quality is KL(model ‖ oracle) plus the model's "
    "entropy less the oracle's: whoever writes with less variety than the oracle can bring it below 0.",
    probes=_sources,
)
def two_axes(oracle, model):
    entropy = -(oracle * oracle.log()).sum()
    quality = -(model * oracle.log()).sum() - entropy
    coverage = -(oracle * model.log()).sum() - entropy
    return quality, coverage


def _surprise(drawn, asked):
    return -(drawn * asked.log()).sum()


@two_axes.misconception("the two exchanged: quality judges the *model's* letters, and it comes first.")
def _exchanged(oracle, model):
    return two_axes.answer(oracle, model)[::-1]


@two_axes.misconception("no floor: the oracle's entropy is still in both, so the oracle itself wouldn't get 0, 0.")
def _no_floor(oracle, model):
    return _surprise(model, oracle), _surprise(oracle, model)


@two_axes.misconception("the *model's* entropy taken off the quality. The floor is the oracle's, in both numbers.")
def _own_entropy(oracle, model):
    return _surprise(model, oracle) - _surprise(model, model), _surprise(oracle, model) - _surprise(oracle, oracle)


@two_axes.misconception("the model's entropy taken off *both* numbers. The floor is the oracle's.")
def _models_floor(oracle, model):
    floor = _surprise(model, model)
    return _surprise(model, oracle) - floor, _surprise(oracle, model) - floor


@two_axes.misconception("bits. Nats are asked for: natural logarithms.")
def _bits(oracle, model):
    return tuple(each / math.log(2) for each in two_axes.answer(oracle, model))


@two_axes.misconception("the logarithm, not *minus* the logarithm. A surprise is never negative.")
def _sign(oracle, model):
    return tuple(-each for each in two_axes.answer(oracle, model))


@two_axes.misconception("means over the list of letters. A letter counts as often as it is drawn: a weighted sum.")
def _means(oracle, model):
    return tuple(each / len(oracle) for each in two_axes.answer(oracle, model))


# --- three abstracts


@discussion(
    "Three abstracts",
    hints=(
        "Which of quality and coverage (or diversity) was measured? Which knob of the baseline was left at 1?",
        "Where is the row for real text that was held out? For a model that copies?",
    ),
)
def three_abstracts():
    """1. Quality alone. A lower temperature of the baseline raises BLEU as well, at no cost. Draw its whole curve, and
    compare at equal diversity.

    2. Below the oracle's entropy per letter no honest copy of the oracle can come: real texts score exactly that on
    average. So it writes likelier texts than the oracle itself does, which means fewer different ones. How surprised
    is it by new texts?

    3. Self-BLEU says how much the samples are like each other. Texts from the training set are as unlike each other as
    real ones are. Ask how surprised the model is by held-out texts, and how long the strings are that it quotes."""
