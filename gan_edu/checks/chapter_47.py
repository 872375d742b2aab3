"""Questions of chapter 47: Amdahl's law, a turn without waste, lazy weights, snapshots, many gradients as one."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.engine import NotYet, discussion, question

# --- what a speed-up is worth


@question(
    "What is a speed-up worth?",
    hints=(
        "Take a step of 1 second. The part took `share` of it. How many seconds does it take now? And the rest?",
        "The new time is (1 - share) + share / factor.",
        "How many times faster: old time / new time, and the old time was 1.",
    ),
    insight="With a share of one half nothing on earth makes the whole twice as fast: even a factor without end gives "
    "1 / (1 - share). So look for the large share first, and for the large factor second.",
    probes=lambda: [(0.5, 10.0), (0.05, 100.0), (0.6, 2.0), (1.0, 3.0), (0.0, 7.0)],
)
def speed_up(share, factor):
    return 1 / ((1 - share) + share / factor)


@speed_up.misconception("the factor itself: but only `share` of the step got faster, the rest takes as long as before.")
def _factor_for_everything(share, factor):
    return factor


@speed_up.misconception(
    "a mean of the speed-ups, weighted by time. Speed-ups don't add; the *times* do. Add those first."
)
def _mean_of_speed_ups(share, factor):
    return (1 - share) + share * factor


@speed_up.misconception("the new time. The question is how many times faster: the old time divided by the new one.")
def _time_instead_of_speed_up(share, factor):
    return (1 - share) + share / factor


@speed_up.misconception("the part gone altogether. It still takes share / factor.")
def _part_vanishes(share, factor):
    return 1 / (1 - share) if share < 1 else float("inf")


@speed_up.misconception("share and rest exchanged: it is the part with the share `share` that gets faster.")
def _share_of_the_rest(share, factor):
    return 1 / (share + (1 - share) / factor)


# --- the generator's turn


def _players():
    generator = nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(0.2), nn.Linear(8, 2))
    discriminator = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    return generator, discriminator, torch.randn(16, 3)


@question(
    "A turn without waste",
    hints=(
        "After a plain loss.backward(), look at discriminator[0].weight.grad: there it is, and nobody will use it.",
        "There must be a gradient *through* the discriminator, down to the fakes. What nobody wants are the gradients "
        "of its weights.",
        "loss.backward(inputs=[…]) computes gradients for the tensors in the list alone. Or switch requires_grad of "
        "the discriminator's weights off, and on again afterwards.",
    ),
    insight="What you have saved is one of three parts of the discriminator's work in this turn: forward, the gradient "
    "of its inputs (needed), the gradient of its weights (not needed).",
    probes=None,
)
def generator_turn(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward(inputs=list(generator.parameters()))
    return loss


@generator_turn.misconception(
    "a detach(), no_grad() or .item() on the way: the generator has learned nothing. The gradient must travel "
    "through the discriminator."
)
def _no_gradient(generator, discriminator, fake):
    return F.softplus(-discriminator(fake.detach())).mean()


@generator_turn.misconception(
    "a plain backward(): it also filled (or added to) the .grad of the discriminator's weights. Say inputs=…, or "
    "freeze the discriminator for this turn."
)
def _gradients_of_discriminator(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward()
    return loss


@generator_turn.misconception(
    "gradients of the discriminator that are computed first and deleted afterwards. The time is spent all the "
    "same; and the gradients that were there before are gone, too."
)
def _gradients_thrown_away(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward()
    discriminator.zero_grad()
    return loss


@generator_turn.misconception(
    "a discriminator that stays frozen: its weights have requires_grad = False now. Switch it on again, or it "
    "will never learn another thing."
)
def _left_frozen(generator, discriminator, fake):
    discriminator.requires_grad_(False)
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward()
    return loss


@generator_turn.misconception(
    "the loss of a generator that wants to be found out: softplus(+logit). It must be softplus(-logit)."
)
def _swapped_labels(generator, discriminator, fake):
    loss = F.softplus(discriminator(fake)).mean()
    loss.backward(inputs=list(generator.parameters()))
    return loss


@generator_turn.misconception(
    "a sum over the samples: with twice the batch the gradient would be twice as long. Take the mean."
)
def _sum_instead_of_mean(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).sum()
    loss.backward(inputs=list(generator.parameters()))
    return loss


@generator_turn.misconception("an update of the weights. There is no optimiser here; leave the gradients in .grad.")
def _steps_instead_of_gradient(generator, discriminator, fake):
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward(inputs=list(generator.parameters()))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter -= 1e-3 * parameter.grad
    return loss


@generator_turn.misconception("nothing came back. The gradients are there; now return the loss, too.")
def _returns_nothing(generator, discriminator, fake):
    generator_turn.answer(generator, discriminator, fake)


def _gradients(net):
    return [None if p.grad is None else p.grad.clone() for p in net.parameters()]


def _alike(mine, its, tol=1e-5):
    return all(a is not None and torch.allclose(a, b, rtol=1e-4, atol=tol) for a, b in zip(mine, its, strict=True))


@generator_turn.test
def _(learner):
    generator, discriminator, z = _players()
    wanted, wanted_d = copy.deepcopy(generator), copy.deepcopy(discriminator)
    loss = generator_turn.answer(wanted, wanted_d, wanted(z)).item()
    other, other_d = copy.deepcopy(generator), copy.deepcopy(discriminator)
    _swapped_labels(other, other_d, other(z))

    for parameter in discriminator.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)  # left over from the discriminator's own turn
    before, weights = copy.deepcopy(generator.state_dict()), copy.deepcopy(discriminator.state_dict())
    computed = []  # gradients of the discriminator's weights, seen where autograd makes them
    hooks = [p.register_hook(lambda gradient: computed.append(gradient)) for p in discriminator.parameters()]
    try:
        returned = learner(generator, discriminator, generator(z))
    finally:
        for hook in hooks:
            hook.remove()

    left = [p.grad for p in discriminator.parameters()]
    untouched = all(gradient is not None and bool((gradient == 0.5).all()) for gradient in left)
    mine, its = _gradients(generator), _gradients(wanted)
    if all(gradient is None or not gradient.any() for gradient in mine):
        raise NotYet("a gradient in every weight of the generator", "none there", looks_like="no_gradient")
    if not all(p.requires_grad for p in discriminator.parameters()):
        raise NotYet("a discriminator that can still learn", "requires_grad is off", looks_like="left_frozen")
    if computed or not untouched:
        gone = all(gradient is None or not gradient.any() for gradient in left)
        raise NotYet(
            "the discriminator's .grad as it was, and none of its gradients computed",
            "they were cleared" if gone else "they were computed" if computed else "they were changed",
            looks_like="gradients_thrown_away" if gone else "gradients_of_discriminator" if computed else None,
        )
    if any(not torch.equal(value, before[name]) for name, value in generator.state_dict().items()):
        raise NotYet("the generator's weights as they were", "they moved", looks_like="steps_instead_of_gradient")
    if any(not torch.equal(value, weights[name]) for name, value in discriminator.state_dict().items()):
        raise NotYet("the discriminator's weights as they were", "they moved")
    if not _alike(mine, its):
        if _alike([g / len(z) for g in mine if g is not None], [g for g in its]):
            raise NotYet(
                "the gradient of the mean", "16 times as much, for 16 samples", looks_like="sum_instead_of_mean"
            )
        name = "swapped_labels" if _alike(mine, _gradients(other)) else None
        raise NotYet("the gradient of softplus(-logit).mean()", "another gradient", looks_like=name)
    if returned is None:
        raise NotYet("the loss", "None", looks_like="returns_nothing")
    returned = returned.detach() if torch.is_tensor(returned) else returned
    if abs(float(returned) - loss) > 1e-4:
        raise NotYet(f"the loss, {loss:.4f}", float(returned))


# --- lazy penalty


@question(
    "The weight of a lazy penalty",
    hints=(
        "step % every is 0 in steps 0, every, 2·every, …",
        "Out of `every` steps one has the penalty. How strong must that one be, so that together they count as much as "
        "`every` steps with gamma each?",
        "gamma * every if step % every == 0 else 0.0",
    ),
    insight="The average is right, the noise is not: one blow of strength 16 instead of 16 of strength 1. With plain "
    "gradient steps of size h a blow of h·gamma·every > 2 even throws the Dirac-GAN's discriminator out.",
    probes=lambda: [(32, 1.0, 16), (33, 1.0, 16), (0, 2.0, 4), (3, 2.0, 4), (5, 0.1, 1), (12, 10.0, 8), (15, 1.0, 16)],
)
def penalty_weight(step, gamma, every):
    return gamma * every if step % every == 0 else 0.0


@penalty_weight.misconception("gamma itself in the lazy steps: then on average the penalty is `every` times too weak.")
def _not_made_stronger(step, gamma, every):
    return gamma if step % every == 0 else 0.0


@penalty_weight.misconception("gamma divided by `every`. The penalty comes *rarer*, so each time it must be stronger.")
def _divided(step, gamma, every):
    return gamma / every if step % every == 0 else 0.0


@penalty_weight.misconception("a penalty in every step: then nothing is saved, and it is `every` times too strong.")
def _in_every_step(step, gamma, every):
    return gamma * every


@penalty_weight.misconception(
    "the wrong steps: all *but* those that were asked for. step % every is 0 in the lazy ones."
)
def _all_other_steps(step, gamma, every):
    return gamma * every if step % every else 0.0


@penalty_weight.misconception("steps counted from 1: the question asks for 0, every, 2·every, …")
def _counted_from_one(step, gamma, every):
    return gamma * every if (step + 1) % every == 0 else 0.0


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
            loss = F.softplus(-net(x)).mean() + penalty_weight.answer(step, 0.01, 4) * net(x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return net, optimizer, stream, train


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
        "copy.deepcopy(net.state_dict()), and the same for the optimizer. stream.get_state() gives a copy by itself.",
    ),
    insight="A file on the disk is a copy by nature, so live tensors bite in memory only: in “keep the best weights so "
    "far”, where the best weights silently turn into the last ones.",
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


snapshot.misconception("the weights forgotten, and they are what it is all about.")(_without("net"))
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
        "From a mean over n samples back to the sum: times n. What do you do with the sums?",
        "(sizes[:, None] * gradients).sum(dim=0) is the gradient of the sum over all samples.",
        "Divide that by the number of all samples, sizes.sum().",
    ),
    insight="With equal sizes it is the plain mean, which is what DDP computes whatever the sizes are. So with a small "
    "last batch on one process DDP gives its samples too much weight; drop_last=True avoids the question.",
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


# --- open


@discussion(
    "What first?",
    hints=(
        "What would Amdahl say to each of the bars?",
        "How large are 50,000 pictures of 64 × 64 in colour, one byte for each number?",
        "What does it cost to lose day five of seven? And what does a print of a GPU's number do?",
    ),
)
def what_first():
    """
    Checkpoints first, with everything in them, tried out by killing a short run: a lost week is the slowest step.
    Then the longest bar, the data: 614 MB as uint8 fit on the GPU as one tensor; at most 1 / 0.55 = 1.8 times faster.
    Lazy R1 saves up to 9 of 100 ms, but is another training: compare quality over a few seeds.
    No .item() in each step; look at the losses every hundred steps.
    torch.compile concerns 40 of 100 ms: 1.15 times faster today, about 1.4 times after the other changes. So later.
    And the learning rates, before all that: good samples sooner is the aim, not more steps per second.
    """
