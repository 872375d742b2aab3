"""Questions of chapter 49: many gradients as one, each process's part of the data, snapshots, which tool."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.engine import NotYet, discussion, question

# --- one gradient from many


def _gradient_probes():
    return [
        (torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.tensor([3, 1])),
        (torch.tensor([[2.0, -1.0, 0.5]]), torch.tensor([7])),
        (torch.randn(4, 5), torch.tensor([64, 64, 64, 16])),
        (torch.randn(3, 2), torch.tensor([8, 8, 8])),
    ]


@question(
    "One gradient from many",
    hints=(
        "Each gradient is a mean over n samples. Times n, it is a sum. What do you do with the sums?",
        "(sizes[:, None] * gradients).sum(dim=0) is the gradient of the sum over all samples.",
        "Divide that by the number of all samples, sizes.sum().",
    ),
    insight="With equal sizes it is the plain mean, and DDP computes the plain mean whatever the sizes are. So if the "
    "last parts are unequal, the samples of the smaller part count too much, and those of the larger too little. "
    "drop_last=True avoids this.",
    probes=_gradient_probes,
)
def whole_gradient(gradients, sizes):
    return (sizes[:, None] * gradients).sum(dim=0) / sizes.sum()


@whole_gradient.misconception("the plain mean: each *process* counts the same. Each *sample* should.")
def _plain_mean(gradients, sizes):
    return gradients.mean(dim=0)


@whole_gradient.misconception("the plain sum of the means: with more processes it would grow.")
def _plain_sum(gradients, sizes):
    return gradients.sum(dim=0)


@whole_gradient.misconception("the gradient of the *sum* over all samples. Divide by their number.")
def _sum_over_samples(gradients, sizes):
    return (sizes[:, None] * gradients).sum(dim=0)


@whole_gradient.misconception("a sum weighted by sizes, divided by the number of processes instead of samples.")
def _divided_by_processes(gradients, sizes):
    return (sizes[:, None] * gradients).mean(dim=0)


@whole_gradient.misconception("weights the wrong way round: small parts count more in it than large ones.")
def _weights_upside_down(gradients, sizes):
    weights = 1 / sizes
    return (weights[:, None] * gradients).sum(dim=0) / weights.sum()


@whole_gradient.misconception("a mean over the wrong axis: over the weights, where the processes should be.")
def _mean_over_wrong_axis(gradients, sizes):
    return (sizes[:, None] * gradients).sum(dim=1) / sizes.sum()


# --- each process's part


@question(
    "Each process its own part",
    hints=(
        "First an order of all n samples that every process finds by itself: a permutation whose seed depends on the "
        "epoch and on nothing else. Use a stream of your own: torch.Generator().manual_seed(epoch).",
        "torch.randperm(n, generator=stream) is the same in every process. Each has n // world samples: which ones?",
        "size = n // world, and then order[rank * size : (rank + 1) * size].",
    ),
    insight="The processes never talk about who takes what. It is enough that all compute the same order and that each "
    "knows its number. DistributedSampler with drop_last=True does nearly the same, and set_epoch hands it the epoch.",
    probes=None,
)
def my_part(n, epoch, rank, world):
    stream = torch.Generator().manual_seed(epoch)
    order = torch.randperm(n, generator=stream)
    size = n // world
    return order[rank * size : (rank + 1) * size]


@my_part.misconception("the same samples for every process. The second GPU would compute what the first has computed.")
def _same_for_all(n, epoch, rank, world):
    return my_part.answer(n, epoch, 0, world)


@my_part.misconception("the same part in every epoch. The order should change with the epoch.")
def _same_in_every_epoch(n, epoch, rank, world):
    return my_part.answer(n, 0, rank, world)


@my_part.misconception(
    "an order of its own for each process, so that some samples go to two of them and others to none. The seed must "
    "not depend on the rank."
)
def _own_order(n, epoch, rank, world):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(1000 * rank + epoch))
    return order[: n // world]


@my_part.misconception(
    "parts of different sizes. A process with more samples makes more steps, and waits for the others for ever."
)
def _different_sizes(n, epoch, rank, world):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(epoch))
    return order[rank::world]


@my_part.misconception(
    "the global random numbers: torch.manual_seed would also reset the noise of the generator, in each epoch. Use a "
    "stream of your own."
)
def _global_seed(n, epoch, rank, world):
    torch.manual_seed(epoch)
    return torch.randperm(n)[rank * (n // world) : (rank + 1) * (n // world)]


@my_part.misconception(
    "another order at each call: without a seed no two processes agree on the order, so some samples come twice."
)
def _no_seed(n, epoch, rank, world):
    return torch.randperm(n)[rank * (n // world) : (rank + 1) * (n // world)]


@my_part.misconception("an order that isn't shuffled: the parts are neighbours in the data, epoch after epoch.")
def _not_shuffled(n, epoch, rank, world):
    return torch.arange(n)[rank * (n // world) : (rank + 1) * (n // world)]


def _numbers(learner, n, epoch, rank, world):
    part = learner(n, epoch, rank, world)
    on = f"n = {n}, epoch = {epoch}, rank = {rank}, world = {world}"
    if part is None:
        raise NotYet("sample numbers", "None: is there a return?", on=on)
    if torch.is_tensor(part) and part.is_floating_point():
        raise NotYet("whole numbers", "floats", on=on)
    part = [int(number) for number in part]
    if any(not 0 <= number < n for number in part):
        raise NotYet(f"numbers from 0 to {n - 1}", f"{min(part)} … {max(part)}", on=on)
    return part


@my_part.test
def _(learner):
    for n, world in ((40, 4), (23, 3), (10, 1)):
        before = torch.get_rng_state()
        epochs = [[_numbers(learner, n, epoch, rank, world) for rank in range(world)] for epoch in (3, 4)]
        disturbed = not torch.equal(before, torch.get_rng_state())
        on = f"n = {n}, world = {world}"
        if any(_numbers(learner, n, 3, rank, world) != part for rank, part in enumerate(epochs[0])):
            raise NotYet("the same part when asked again", "another one", on=on, looks_like="no_seed")
        if disturbed:
            raise NotYet("global random numbers as they were", "others", on=on, looks_like="global_seed")
        for parts in epochs:
            if world > 1 and all(part == parts[0] for part in parts):
                raise NotYet("other samples for each rank", "the same", on=on, looks_like="same_for_all")
            sizes = [len(part) for part in parts]
            if len(set(sizes)) > 1:
                raise NotYet(f"{n // world} samples for each rank", sizes, on=on, looks_like="different_sizes")
            if sizes[0] != n // world:
                raise NotYet(f"{n // world} samples for each rank", f"{sizes[0]} for each", on=on)
            if len({number for part in parts for number in part}) < sum(sizes):
                twice = any(len(set(part)) < len(part) for part in parts)
                raise NotYet("no sample twice", "some come twice", on=on, looks_like=None if twice else "own_order")
        flat = [[number for part in parts for number in part] for parts in epochs]
        if flat[0] == sorted(flat[0]) or all(part == sorted(part) for part in epochs[0]):
            raise NotYet("a shuffled order", "sorted numbers", on=on, looks_like="not_shuffled")
        if flat[0] == flat[1]:
            raise NotYet("another order in another epoch", "the same", on=on, looks_like="same_in_every_epoch")


# --- a snapshot


def _trainer():
    """A small net, its optimiser, its stream of data, and a function that trains from one step number to another."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        net = nn.Sequential(nn.Linear(2, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    stream = torch.Generator().manual_seed(5)

    def train(first, last):
        for step in range(first, last):
            x = torch.randn(8, 2, generator=stream)
            loss = F.softplus(-net(x)).mean() + _lazy(step) * net(x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return net, optimizer, stream, train


def _lazy(step, weight=0.01, every=4):
    return weight * every if step % every == 0 else 0.0


_FORGOTTEN = {
    "net": "forgets_net",
    "optimizer": "forgets_optimizer",
    "stream": "forgets_stream",
    "step": "forgets_step",
}


def _went_on(make, first, last):
    """The weights at step `last` when everything but the snapshot of step `first` is lost."""
    net, optimizer, stream, train = _trainer()
    train(0, first)
    taken = make(net, optimizer, stream, first)
    train(first, last)
    if not isinstance(taken, dict):
        raise NotYet("a dictionary", "nothing (None): is there a return?" if taken is None else taken)
    for key, name in _FORGOTTEN.items():
        if key not in taken:
            raise NotYet(f"the keys {', '.join(_FORGOTTEN)}", f"no {key!r}", looks_like=name)
        if taken[key] is {"net": net, "optimizer": optimizer}.get(key):
            raise NotYet(f"what {key}.state_dict() gives", f"the {key} itself", looks_like="objects_instead_of_states")
    if not torch.is_tensor(taken["stream"]):
        seed = isinstance(taken["stream"], int)
        name = "seed_instead_of_state" if seed else "objects_instead_of_states"
        raise NotYet("what stream.get_state() gives", "a seed" if seed else "another object", looks_like=name)
    net, optimizer, stream, train = _trainer()  # as after a new start
    net.load_state_dict(taken["net"])
    optimizer.load_state_dict(taken["optimizer"])
    stream.set_state(taken["stream"])
    train(int(taken["step"]), last)
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


@question(
    "A snapshot that forgets nothing",
    hints=(
        "What changes while it trains? Four things, one for each key.",
        "net.state_dict() doesn't copy: it hands out the very tensors that the next step will change. The optimizer's "
        "does the same.",
        "copy.deepcopy(net.state_dict()), and the same for the optimizer. stream.get_state() is a copy already.",
    ),
    insight="A file on the disk is always a copy. Live tensors do harm in memory: whoever keeps “the best weights so "
    "far” without a copy ends up with the last ones.",
    probes=lambda: [(6, 11), (9, 17)],
    run=_went_on,
    tol=1e-7,
)
def snapshot(net, optimizer, stream, step):
    return {
        "net": copy.deepcopy(net.state_dict()),
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "stream": stream.get_state(),
        "step": step,
    }


@snapshot.misconception(
    "live tensors: state_dict() hands out the net's and the optimizer's own ones, and the training went on in them. "
    "Copy them deeply."
)
def _live_states(net, optimizer, stream, step):
    return {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "stream": stream.get_state(),
        "step": step,
    }


@snapshot.misconception(
    "the net's live tensors: state_dict() hands out its own ones, and the training went on in them."
)
def _live_weights(net, optimizer, stream, step):
    return {**snapshot.answer(net, optimizer, stream, step), "net": net.state_dict()}


@snapshot.misconception(
    "the optimizer's live tensors: its averages change in place, too, so copy them as deeply as the net's."
)
def _live_averages(net, optimizer, stream, step):
    return {**snapshot.answer(net, optimizer, stream, step), "optimizer": optimizer.state_dict()}


@snapshot.misconception("an optimizer that starts anew: Adam's averages are part of the state.")
def _fresh_optimizer(net, optimizer, stream, step):
    fresh = {**optimizer.state_dict(), "state": {}}
    return {**snapshot.answer(net, optimizer, stream, step), "optimizer": fresh}


@snapshot.misconception("another step number: the next step to do is `step`, and a lazy penalty depends on it.")
def _next_step(net, optimizer, stream, step):
    return {**snapshot.answer(net, optimizer, stream, step), "step": step + 1}


@snapshot.misconception("a step number that starts at 0 again: lazy penalties and schedules depend on it.")
def _step_zero(net, optimizer, stream, step):
    return {**snapshot.answer(net, optimizer, stream, step), "step": 0}


@snapshot.misconception("the seed. It says where the stream *began*; get_state() says where it is now.")
def _seed_instead_of_state(net, optimizer, stream, step):
    return {**snapshot.answer(net, optimizer, stream, step), "stream": stream.initial_seed()}


@snapshot.misconception("the objects themselves, which live on and change. Keep copies of their states.")
def _objects_instead_of_states(net, optimizer, stream, step):
    return {"net": net, "optimizer": optimizer, "stream": stream, "step": step}


def _without(key):
    def forgetful(net, optimizer, stream, step):
        everything = snapshot.answer(net, optimizer, stream, step)
        return {name: value for name, value in everything.items() if name != key}

    forgetful.__name__ = _FORGOTTEN[key]
    return forgetful


snapshot.misconception("the weights forgotten. Without them nothing of the training is left.")(_without("net"))
snapshot.misconception("the optimizer forgotten: Adam would take a first step of full size in every weight.")(
    _without("optimizer")
)
snapshot.misconception("the stream forgotten: the second run would see other data than the first.")(_without("stream"))
snapshot.misconception("the step number forgotten: lazy penalties and schedules depend on it.")(_without("step"))


@snapshot.test
def _(learner):
    """Going on from it is what an undisturbed training does, to the last bit."""
    net, _optimizer, _stream, train = _trainer()
    train(0, 17)
    undisturbed = torch.cat([parameter.detach().flatten() for parameter in net.parameters()])
    if not torch.equal(_went_on(learner, 9, 17), undisturbed):
        raise NotYet("the same weights, bit for bit", "nearly the same", looks_like="rounded on the way: other dtypes?")


# --- open


@discussion(
    "Which tool?",
    hints=(
        "For each: is it one large training, or are there many small ones? Do they need anything from each other?",
        "For the second: what must be the same in both processes, and what must differ?",
    ),
)
def which_tool():
    """1. Twenty runs that don't need each other: joblib over the learning rates, the five seeds of each as an ensemble,
    one thread for each process. With a second machine, Dask. DDP would be of no use: no run is too long.

    2. Probably both processes have the same seed, so both draw the same pictures and the same noise. Then the mean of
    two equal gradients is that gradient, and the second GPU adds nothing. Networks must start equal. Data and noise
    must differ: seed + rank for the noise, a DistributedSampler for the pictures.

    3. The checkpoint lacks something: the optimisers' state first of all, then the average, the random streams, the
    step. Test it: kill a short run on purpose, resume, and compare bit for bit with an undisturbed one.

    4. The whole batch is now four times as large, so this is another training. Compare first with 16 samples for each
    process. And batch norm in the generator sees a quarter of the batch: convert it to SyncBatchNorm."""
