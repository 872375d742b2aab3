import copy
from collections import OrderedDict

import numpy as np
import torch
from checks_cases import Case, chapter_tests

from gan_edu.checks import chapter_49 as q


def stub_part(n, epoch, rank, world):
    raise NotImplementedError()


def stub_snapshot(net, optimizer, stream, step):
    raise NotImplementedError()


def stub_gradient(gradients, sizes):
    raise NotImplementedError()


def order_of(n, epoch):
    return torch.randperm(n, generator=torch.Generator().manual_seed(epoch))


def dealt_out(n, epoch, rank, world):
    return order_of(n, epoch)[rank::world][: n // world]


def by_numpy(n, epoch, rank, world):
    order = np.random.default_rng(epoch).permutation(n)
    return order[: n // world * world].reshape(world, -1)[rank]


def as_a_list(n, epoch, rank, world):
    import random

    order = list(range(n))
    random.Random(epoch).shuffle(order)
    return order[rank * (n // world) : (rank + 1) * (n // world)]


my_part = Case(
    q.my_part,
    stub_part,
    right=[dealt_out, by_numpy, as_a_list, lambda *given: q.my_part.answer(*given).to(torch.int32)],
    wrong={
        "same_for_all": lambda n, epoch, rank, world: order_of(n, epoch)[: n // world],
        "same_in_every_epoch": lambda n, epoch, rank, world: dealt_out(n, 0, rank, world),
        "own_order": lambda n, epoch, rank, world: order_of(n, 100 * epoch + rank)[: n // world],
        "different_sizes": lambda n, epoch, rank, world: order_of(n, epoch).tensor_split(world)[rank],
        "no_seed": lambda n, epoch, rank, world: torch.randperm(n)[rank::world][: n // world],
        "not_shuffled": lambda n, epoch, rank, world: torch.arange(n)[rank::world][: n // world],
    },
    also_wrong=[
        lambda n, epoch, rank, world: order_of(n, epoch)[rank::world][: n // world - 1],
        lambda n, epoch, rank, world: dealt_out(n, epoch, rank, world) + 1,
        lambda n, epoch, rank, world: dealt_out(n, epoch, rank, world).float(),
        lambda n, epoch, rank, world: None if rank else dealt_out(n, epoch, rank, world),
        lambda n, epoch, rank, world: torch.randint(n, (n // world,), generator=torch.Generator().manual_seed(rank)),
    ],
)


def cloned(net, optimizer, stream, step):
    state = optimizer.state_dict()
    averages = {
        i: {name: value.clone() if torch.is_tensor(value) else value for name, value in slots.items()}
        for i, slots in state["state"].items()
    }
    return {
        "net": {name: value.clone() for name, value in net.state_dict().items()},
        "optimizer": {"state": averages, "param_groups": state["param_groups"]},
        "stream": stream.get_state().clone(),
        "step": torch.tensor(step),
    }


def all_at_once(net, optimizer, stream, step):
    return copy.deepcopy(
        OrderedDict(
            net=net.state_dict(), optimizer=optimizer.state_dict(), stream=stream.get_state(), step=step, more="text"
        )
    )


def but(**changes):
    """The right snapshot with something else under some keys."""

    def made(net, optimizer, stream, step):
        right = q.snapshot.answer(net, optimizer, stream, step)
        return right | {key: change(net, optimizer, stream, step) for key, change in changes.items()}

    return made


def without(key):
    def made(*state):
        return {name: value for name, value in all_at_once(*state).items() if name != key}

    return made


snapshot = Case(
    q.snapshot,
    stub_snapshot,
    right=[cloned, all_at_once],
    wrong={
        "live_states": lambda net, optimizer, stream, step: dict(
            net=net.state_dict(), optimizer=optimizer.state_dict(), stream=stream.get_state(), step=step
        ),
        "live_weights": [but(net=lambda net, *_: dict(net.state_dict())), but(net=lambda net, *_: net.state_dict())],
        "live_averages": but(optimizer=lambda net, optimizer, *_: dict(optimizer.state_dict())),
        "fresh_optimizer": but(optimizer=lambda net, *_: torch.optim.Adam(net.parameters(), lr=1e-2).state_dict()),
        "next_step": but(step=lambda *state: state[-1] + 1),
        "step_zero": but(step=lambda *_: 0),
        "seed_instead_of_state": but(stream=lambda net, optimizer, stream, step: stream.initial_seed()),
        "objects_instead_of_states": [
            but(stream=lambda net, optimizer, stream, step: stream),
            but(net=lambda net, *_: net),
        ],
        "forgets_net": without("net"),
        "forgets_optimizer": without("optimizer"),
        "forgets_stream": without("stream"),
        "forgets_step": without("step"),
    },
    also_wrong=[
        lambda net, optimizer, stream, step: (net.state_dict(), step),
        lambda net, optimizer, stream, step: None if step else {},
        but(net=lambda net, *_: {name: value.half() for name, value in net.state_dict().items()}),
    ],
    namespace={"copy": copy},
)

whole_gradient = Case(
    q.whole_gradient,
    stub_gradient,
    right=[
        lambda gradients, sizes: sizes.to(gradients.dtype) @ gradients / sizes.sum(),
        lambda gradients, sizes: torch.einsum("p,pw->w", sizes / sizes.sum(), gradients),
        lambda gradients, sizes: sum(n * g for n, g in zip(sizes, gradients, strict=True)) / sizes.sum(),
    ],
    wrong={
        "plain_mean": lambda gradients, sizes: gradients.sum(dim=0) / len(sizes),
        "plain_sum": lambda gradients, sizes: gradients.sum(dim=0),
        "sum_over_samples": lambda gradients, sizes: sizes.to(gradients.dtype) @ gradients,
        "divided_by_processes": lambda gradients, sizes: (sizes[:, None] * gradients).mean(dim=0),
        "weights_upside_down": lambda gradients, sizes: (1 / sizes) @ gradients / (1 / sizes).sum(),
        "mean_over_wrong_axis": lambda gradients, sizes: (sizes[:, None] * gradients).sum(1) / sizes.sum(),
    },
    also_wrong=[
        lambda gradients, sizes: gradients[0],
        lambda gradients, sizes: -(sizes[:, None] * gradients).sum(0) / sizes.sum(),
        lambda gradients, sizes: (sizes * gradients).sum(),
    ],
)


def test_the_snapshot_of_the_answer_goes_on_as_if_undisturbed():
    net, _optimizer, _stream, train = q._trainer()
    train(0, 17)
    undisturbed = torch.cat([parameter.detach().flatten() for parameter in net.parameters()])
    assert torch.equal(q._went_on(q.snapshot.answer, 9, 17), undisturbed)


TestChapter49 = chapter_tests(q, whole_gradient, my_part, snapshot)
