import numpy as np
import pytest
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_48 as q
from gan_edu.checks.engine import NotYet


def stub_one(share, factor):
    raise NotImplementedError()


def stub_turn(generator, discriminator, fake):
    raise NotImplementedError()


def stub_weight(step, gamma, every):
    raise NotImplementedError()


speed_up = Case(
    q.speed_up,
    stub_one,
    right=[
        lambda share, factor: factor / (factor * (1 - share) + share),
        lambda share, factor: torch.tensor(1.0) / (1 - share * (1 - 1 / torch.as_tensor(factor))),
        lambda share, factor: np.reciprocal(1 - share + np.divide(share, factor)),
    ],
    wrong={
        "factor_for_everything": lambda share, factor: factor,
        "mean_of_speed_ups": lambda share, factor: 1 + share * (factor - 1),
        "time_instead_of_speed_up": lambda share, factor: 1 - share + share / factor,
        "part_vanishes": lambda share, factor: float("inf") if share == 1 else 1 / (1 - share) + 0 * factor,
        "share_of_the_rest": lambda share, factor: factor / (factor * share + 1 - share),
    },
    also_wrong=[
        lambda share, factor: share * factor,
        lambda share, factor: None if share else 1.0,
        lambda share: 1.0,
        lambda share, factor: float(np.mean(1 / (1 - share + share / factor))),  # one number for an array
    ],
)


def frozen(generator, discriminator, fake):
    discriminator.requires_grad_(False)
    loss = F.binary_cross_entropy_with_logits(discriminator(fake), torch.ones(len(fake), 1))
    loss.backward()
    discriminator.requires_grad_(True)
    return loss.item()


def by_grad(generator, discriminator, fake):
    loss = -F.logsigmoid(discriminator(fake)).mean()
    parameters = list(generator.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    return loss.detach()


def through_the_fakes(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    (slope,) = torch.autograd.grad(loss, fake, retain_graph=True)
    fake.backward(slope)
    return loss


def turn(end, sign=-1.0, reduce=torch.mean):
    def written(generator, discriminator, fake):
        loss = reduce(F.softplus(sign * discriminator(fake)))
        end(loss, generator, discriminator)
        return loss

    return written


def backward(loss, generator, discriminator):
    loss.backward(inputs=list(generator.parameters()))


def clears_afterwards(loss, generator, discriminator):
    loss.backward()
    for parameter in discriminator.parameters():
        parameter.grad = None


def puts_back(loss, generator, discriminator):
    """D's gradients look untouched, but they were computed."""
    kept = [parameter.grad.clone() for parameter in discriminator.parameters()]
    loss.backward()
    for parameter, gradient in zip(discriminator.parameters(), kept, strict=True):
        parameter.grad = gradient


def updates(loss, generator, discriminator):
    backward(loss, generator, discriminator)
    torch.optim.SGD(generator.parameters(), lr=0.1).step()


def detached(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake.detach())).mean()
    loss.backward()
    return loss


def still_frozen(generator, discriminator, fake):
    for parameter in discriminator.parameters():
        parameter.requires_grad = False
    return turn(lambda loss, g, d: loss.backward())(generator, discriminator, fake)


def moves_discriminator(loss, generator, discriminator):
    backward(loss, generator, discriminator)
    with torch.no_grad():
        next(discriminator.parameters()).add_(1.0)


generator_turn = Case(
    q.generator_turn,
    stub_turn,
    right=[frozen, by_grad, through_the_fakes],
    wrong={
        "no_gradient": [detached, lambda g, d, fake: F.softplus(-d(fake)).mean()],
        "gradients_of_discriminator": [turn(lambda loss, g, d: loss.backward()), turn(puts_back)],
        "gradients_thrown_away": turn(clears_afterwards),
        "left_frozen": still_frozen,
        "swapped_labels": turn(backward, sign=1.0),
        "sum_instead_of_mean": turn(backward, reduce=torch.sum),
        "steps_instead_of_gradient": turn(updates),
        "returns_nothing": lambda g, d, fake: backward(F.softplus(-d(fake)).mean(), g, d),
    },
    also_wrong=[
        turn(moves_discriminator),
        lambda g, d, fake: 2 * turn(backward)(g, d, fake),
        turn(backward, reduce=lambda x: 3 * x.mean()),
        torch.no_grad()(turn(backward)),
        lambda g, d, fake: turn(backward)(g, d.eval(), fake),
        lambda g, d, fake: turn(backward)(g.eval(), d, fake),
    ],
)

penalty_weight = Case(
    q.penalty_weight,
    stub_weight,
    right=[
        lambda step, gamma, every: (step % every == 0) * gamma * every,
        lambda step, gamma, every: torch.tensor(0.0 if step % every else every * gamma),
    ],
    wrong={
        "not_made_stronger": lambda step, gamma, every: 0.0 if step % every else gamma,
        "divided": lambda step, gamma, every: 0.0 if step % every else gamma / every,
        "in_every_step": lambda step, gamma, every: every * gamma,
        "all_other_steps": lambda step, gamma, every: every * gamma if step % every != 0 else 0,
        "counted_from_one": lambda step, gamma, every: 0.0 if (step + 1) % every else gamma * every,
    },
    also_wrong=[lambda step, gamma, every: gamma, lambda step, gamma, every: None if step else 0.0],
)


def test_what_was_spent_is_seen_even_when_the_gradients_are_put_back():
    with pytest.raises(NotYet, match="they were computed"):
        q.generator_turn.check(turn(puts_back))


TestChapter48 = chapter_tests(q, speed_up, generator_turn, penalty_weight)
