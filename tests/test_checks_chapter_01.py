import copy
import itertools
import os
from pathlib import Path

import torch
from checks_cases import Case, chapter_tests

from gan_edu import training
from gan_edu.checks import chapter_01 as q


def stop_stub(steps, good_enough):
    # YOUR CODE HERE
    raise NotImplementedError()


def with_break(steps, good_enough):
    number = None
    for step in steps:
        if good_enough(step):
            number = step.number
            break
    return number


def with_while(training_steps, is_good):
    training_steps = iter(training_steps)
    while (step := next(training_steps, None)) is not None:
        if is_good(step):
            return torch.tensor(step.number)


def off_by_one(steps, good_enough):
    found = with_break(steps, good_enough)
    return None if found is None else found + 1


stop_when = Case(
    q.stop_when,
    stop_stub,
    right=[
        with_break,
        with_while,
        lambda steps, good: next((step.number for step in steps if good(step)), None),
        lambda steps, good: next(map(lambda step: step.number, filter(good, steps)), None),
    ],
    wrong={
        "makes_all_steps": lambda steps, good: next((s.number for s in tuple(steps) if good(s)), None),
        "last_good_step": lambda steps, good: ([s.number for s in steps if good(s)] or [None])[-1],
        "counts_from_one": lambda steps, good: next((n for n, s in enumerate(steps, 1) if good(s)), None),
        "returns_the_step": lambda steps, good: next(filter(good, steps), None),
        "stops_when_bad": lambda steps, good: next((s.number for s in itertools.filterfalse(good, steps)), None),
    },
    also_wrong=[
        off_by_one,
        lambda steps, good: next(s.number for s in steps if good(s)),
        lambda steps, good: 3,
        lambda steps: 1,
    ],
)


def beside_stub(model, x):
    # YOUR CODE HERE
    raise NotImplementedError()


def by_state(model, x):
    home = list(model.state_dict().values())[0].device
    return torch.empty_like(x, device=home).copy_(x)


def by_loop(model, x):
    for parameter in model.parameters():
        return x.clone().to(device=parameter.device)


beside = Case(
    q.beside,
    beside_stub,
    right=[
        by_state,
        by_loop,
        lambda model, x: x.to([*model.parameters()][-1].device, non_blocking=True),
        lambda model, x: x if x.device == next(model.parameters()).device else x.to(next(model.parameters()).device),
    ],
    wrong={
        "leaves_x_where_it_is": [lambda model, x: x.cpu(), lambda model, x: x.clone()],
        "moves_the_model": lambda model, x: (model.cpu(), x)[1],
        "asks_for_cuda": [lambda model, x: x.cuda(), lambda model, x: x.to("cuda:0")],
        "changes_the_dtype": lambda model, x: x.type_as(next(model.parameters())),
    },
    also_wrong=[
        lambda model, x: model(x),
        lambda model, x: x.to(model.device),
        lambda model, x: next(model.parameters()).device,
        lambda model, x: x.to("meta"),
        lambda model, x: (x + 1).to(next(model.parameters()).device),
    ],
)


def up_to_stub(gan, data, total, path):
    # YOUR CODE HERE
    raise NotImplementedError()


def step_by_step(gan, data, total, path):
    if os.path.isfile(path):
        gan.load(path)
    if gan.step < total:
        for _ in training.train(gan, data, steps=total - gan.step, progress=False):
            pass
    gan.save(path)
    return gan


def with_try(gan, data, total, path):
    try:
        gan.load(path)
    except FileNotFoundError:
        pass
    for step in training.train(gan, data, 10**6, progress=False) if gan.step < total else ():
        if step.number >= total:
            break
    gan.save(Path(path))
    return gan


def other_settings(gan, data, total, path):
    return step_by_step(copy.deepcopy(gan).copy(lr=1.0), data, total, path)


train_up_to = Case(
    q.train_up_to,
    up_to_stub,
    right=[step_by_step, with_try],
    wrong={
        "ignores_the_file": lambda gan, data, total, path: (training.run(gan, data, steps=total).save(path), gan)[1],
        "total_steps_more": lambda gan, data, total, path: training.run(
            (os.path.exists(path) and gan.load(path), gan)[1], data, steps=total, checkpoint=path
        ),
        "saves_nothing": lambda gan, data, total, path: (step_by_step(gan, data, total, path), os.remove(path))[0],
        "wants_a_file": lambda gan, data, total, path: (gan.load(path), gan)[1],
    },
    also_wrong=[
        other_settings,
        lambda gan, data, total, path: (step_by_step(gan, data, total, path), total)[1],
        lambda gan, data, total, path: (gan.save(path), gan)[1],
        lambda gan, data, total: gan,
    ],
    namespace={"training": training, "Path": Path},
)

TestChapter01 = chapter_tests(q, stop_when, beside, train_up_to)
