"""Questions of chapter 01, about tools: stopping a training, one device for all, going on from a file, a report."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

from gan_edu import data, nets, training
from gan_edu.checks.engine import NotYet, discussion, question
from gan_edu.checks.probes import known_errors

# --- stopping


def _watch(candidate, first, values, enough):
    """What candidate gives for a training whose steps have these values, and how many steps it has made."""
    made = 0

    def steps():
        nonlocal made
        for number, value in enumerate(values, first):
            made += 1
            yield SimpleNamespace(number=number, value=value)

    returned = candidate(steps(), lambda step: step.value > enough)
    return {"returned": returned, "steps made": made}


@question(
    "Stop when it is good enough",
    hints=(
        "steps makes one training step each time the loop asks for the next. So the loop itself must stop as soon as "
        "good_enough says True.",
        "for step in steps: if good_enough(step): … A return inside a loop ends the loop, too.",
        "Two things can come back: step.number from inside the loop, or None from behind it.",
    ),
    insight="The steps that were not asked for were never made: training.train makes a step only when the loop asks "
    "for one. That is why break stops a training and loses nothing.",
    run=_watch,
    probes=lambda: [
        (1, [0.2, 0.5, 0.9, 0.95, 0.4], 0.8),
        (301, [0.1, 0.3, 0.2, 0.7, 0.1], 0.6),  # a training that goes on from a file
        (1, [0.9, 0.1], 0.8),
        (1, [0.1, 0.2, 0.3], 0.8),  # never good enough
        (1, [], 0.8),
    ],
)
def stop_when(steps, good_enough):
    for step in steps:
        if good_enough(step):
            return step.number
    return None


@stop_when.misconception(
    "a list of all steps first. list(steps) makes every step of the training before the first one is looked at."
)
def _makes_all_steps(steps, good_enough):
    for step in list(steps):
        if good_enough(step):
            return step.number
    return None


@stop_when.misconception()
def _makes_all_steps(steps, good_enough):
    found = [step.number for step in steps if good_enough(step)]
    return found[0] if found else None


@stop_when.misconception()
def _makes_all_steps(steps, good_enough):
    found = None
    for step in steps:
        if found is None and good_enough(step):
            found = step.number
    return found


@stop_when.misconception("the last good step instead of the first. Leave the loop at the first one.")
def _last_good_step(steps, good_enough):
    found = None
    for step in steps:
        if good_enough(step):
            found = step.number
    return found


@stop_when.misconception("one step too many: the training has moved on before the loop is left.")
def _one_step_too_many(steps, good_enough):
    found = None
    for step in steps:
        if found is not None:
            return found
        if good_enough(step):
            found = step.number
    return found


@stop_when.misconception(
    "a count of your own. A training that goes on from a file doesn't begin at step 1: step.number knows."
)
def _counts_from_one(steps, good_enough):
    for number, step in enumerate(steps, 1):
        if good_enough(step):
            return number
    return None


@stop_when.misconception()
def _counts_from_one(steps, good_enough):
    for number, step in enumerate(steps):
        if good_enough(step):
            return number
    return None


@stop_when.misconception("the step itself. Asked for is its number: step.number.")
def _returns_the_step(steps, good_enough):
    return next((step for step in steps if good_enough(step)), None)


@stop_when.misconception("the number of the last step where none was good enough. Then None is asked for.")
def _last_when_never(steps, good_enough):
    number = None
    for step in steps:
        number = step.number
        if good_enough(step):
            break
    return number


@stop_when.misconception("the opposite test: it stops at the first step that is *not* good enough.")
def _stops_when_bad(steps, good_enough):
    return next((step.number for step in steps if not good_enough(step)), None)


# --- one device


def _moved(candidate, model, x):
    """Where candidate puts x, and what is left of it. The device "meta" plays the GPU: it is there on each computer."""
    home = next(model.parameters()).device
    slips = {"meta tensor": "moves_the_model"} | dict.fromkeys(("cuda", "nvidia", "mps"), "asks_for_cuda")
    with known_errors("x on the model's device", slips):
        y = candidate(model, x)
    if next(model.parameters()).device != home:
        raise NotYet(f"a model that stays on {home}", "it has moved", looks_like="moves_the_model")
    if not torch.is_tensor(y):
        return y
    found = {"device": str(y.device), "dtype": str(y.dtype), "shape": str(tuple(y.shape))}
    return found | ({"values": y} if y.device.type == "cpu" else {})


@question(
    "The data to the model",
    hints=(
        "Which parts of a model lie on a device? Its parameters. Ask one of them where it is.",
        "model.parameters() can be walked through only once; next(model.parameters()) gives the first one. Each tensor "
        "has .device.",
        "x.to(device) gives a copy there, or x itself if it is there already.",
    ),
    insight="Code that asks the model where it is runs on a laptop, on a GPU and on the second GPU of a server, "
    "without a change. Code that says .cuda() runs on one of them.",
    run=_moved,
    probes=lambda: [
        (nn.Linear(2, 1, device="meta"), torch.zeros(3, 2)),
        (nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.Tanh()), torch.tensor([[1.0, 2.0], [3.0, 4.0]])),
        (nn.Sequential(nn.Tanh(), nn.Linear(2, 1, bias=False, device="meta")), torch.tensor([7, 1, 3])),  # labels
        (nn.Linear(2, 1, dtype=torch.float64), torch.tensor([2, 9])),
    ],
)
def beside(model, x):
    return x.to(next(model.parameters()).device)


@beside.misconception("x where it was. PyTorch computes only with tensors that lie on one device.")
def _leaves_x_where_it_is(model, x):
    return x


@beside.misconception(
    "the model moved to the data. Asked for is the other way round: move the batch, and leave the model where it is."
)
def _moves_the_model(model, x):
    model.to(x.device)
    return x


@beside.misconception("a device that is written into the code. Not every computer has it: ask the model instead.")
def _asks_for_cuda(model, x):
    return x.to("cuda")


@beside.misconception(
    "a copy that takes the model's kind of numbers, too. Labels are whole numbers and must stay so: .to(….device)."
)
def _changes_the_dtype(model, x):
    return x.to(next(model.parameters()))


# --- going on from a file


def _gan(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pair = nets.mlp([1, 3, 1]), nets.mlp([1, 3, 1])
    return training.GAN(*pair, lr=1e-2, seed=seed, device="cpu")


def _line():
    return data.toy.gaussian_mixture([-2.0, 2.0], std=0.5)


def _state(gan):
    weights = [parameter.detach().flatten() for net in gan.nets.values() for parameter in net.parameters()]
    return {"step": gan.step, "weights": torch.cat(weights)}


def _evening(candidate, total, stored):
    """What candidate makes of a fresh GAN, where a file holds one of so many steps (None: there is no file)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.safetensors"
        if stored is not None:
            training.run(_gan(1), _line(), steps=stored, batch=8, progress=False).save(path)
        slips = {"no checkpoint": "wants_a_file", "steps must": "negative_steps", "steps ": "negative_steps"}
        with known_errors("a GAN", slips):
            gan = candidate(_gan(0), _line(), total, str(path))
        if not isinstance(gan, training.GAN):
            if gan is None or gan is ...:
                return gan
            raise NotYet("the GAN", gan)
        found = {"in memory": _state(gan)}
        if not path.exists():
            raise NotYet(f"the GAN of step {gan.step} in the file", "no file at path", looks_like="saves_nothing")
        kept = _gan(2)
        kept.load(path)
        return found | {"in the file": _state(kept)}


@question(
    "As many steps as are missing",
    hints=(
        "Two questions first: is there a file at path (Path(path).exists(), from pathlib)? And how many steps has the "
        "GAN made that lies in it?",
        "gan.load(path) gives gan the state that the file holds, its number of steps included: gan.step. Missing are "
        "total - gan.step steps; never fewer than 0.",
        "training.run(gan, data, steps=…, checkpoint=path) trains, and saves at the end. gan.save(path) only saves.",
    ),
    insight="Written like this, the same cell starts a run, resumes it after a crash, and does nothing when it is "
    "done: you may run it as often as you like. Long runs are best written so.",
    run=_evening,
    probes=lambda: [(3, None), (5, 2), (3, 3), (2, 4)],
    tol=1e-6,
)
def train_up_to(gan, data, total, path):
    if Path(path).exists():
        gan.load(path)
    missing = max(0, total - gan.step)
    training.run(gan, data, steps=missing, checkpoint=path)
    return gan


@train_up_to.misconception(
    "a training that always starts anew: what the file held is not used, or was written over before it was read. Load "
    "first, and save after the training."
)
def _ignores_the_file(gan, data, total, path):
    return training.run(gan, data, steps=total, checkpoint=path)


@train_up_to.misconception()
def _ignores_the_file(gan, data, total, path):
    gan.save(path)
    gan.load(path)
    return training.run(gan, data, steps=total - gan.step, checkpoint=path)


@train_up_to.misconception(
    "total steps more, instead of the missing ones. After loading, gan.step says how many are done already."
)
def _total_steps_more(gan, data, total, path):
    if Path(path).exists():
        gan.load(path)
    return training.run(gan, data, steps=total, checkpoint=path)


@train_up_to.misconception("a run that isn't saved. Next evening it would be lost.")
def _saves_nothing(gan, data, total, path):
    if Path(path).exists():
        gan.load(path)
    return training.run(gan, data, steps=max(0, total - gan.step))


@train_up_to.misconception("a file that holds the state from before the training. Save after the steps.")
def _saves_before_training(gan, data, total, path):
    if Path(path).exists():
        gan.load(path)
    gan.save(path)
    return training.run(gan, data, steps=max(0, total - gan.step))


@train_up_to.misconception(
    "loading a file that is not there. On the first evening there is none: look before you load."
)
def _wants_a_file(gan, data, total, path):
    gan.load(path)
    return training.run(gan, data, steps=max(0, total - gan.step), checkpoint=path)


@train_up_to.misconception(
    "a negative number of steps, where the file is already further than total. Then there are 0 steps to make."
)
def _negative_steps(gan, data, total, path):
    if Path(path).exists():
        gan.load(path)
    return training.run(gan, data, steps=total - gan.step, checkpoint=path)


# --- asking for help


@discussion(
    "A report that can be answered",
    hints=(
        "Somebody far away reads it. What would they have to type to see what you saw?",
        "Three things make a report: what you did, what you expected, what came instead. And one more: on which "
        "installation.",
        "Which of these could you try yourself first, so that the report gets shorter: a restart, an unchanged copy, "
        "the doctor?",
    ),
)
def bug_report():
    """A report that can be answered says four things.

    What I did, from the beginning: "I opened chapters/21_the_adversarial_game.ipynb, changed nothing, and chose Kernel,
    Restart Kernel and Run All Cells." If it takes changes of mine, the few lines that are needed, copied as text.

    What I expected: "a claim with ✓ below cell 12".

    What came instead: the whole text of the error, copied and not photographed. The last line says what went wrong, and
    the lines above say where.

    On which installation: the block of text at the end of `gan-edu doctor`. It names the system, Python, the packages
    and the device.

    Before sending it, I would try three things. Does it still happen after a restart of the kernel with all cells run
    from the top? Does it happen in an unchanged copy of the notebook? Does the doctor say that something is broken?
    Often one of them is the answer. If not, each of them makes the report shorter, because it rules something out."""
