"""Questions of chapter 00, gentle ones: noise, the range of pixels, counting modes, reading loss curves."""

import torch

from gan_edu.checks.engine import NotYet, describe, discussion, question, value_of


@question(
    "Noise for a generator",
    hints=(
        "n vectors of dim numbers each: that is a tensor of shape (n, dim). Every number is a fresh draw.",
        "torch.rand draws uniformly between 0 and 1. Its sister with one letter more draws from the normal "
        "distribution with mean 0 and standard deviation 1.",
        "One line is enough: return torch.randn(…, …)",
    ),
    insight="In many dimensions such vectors all have nearly the same length, √dim: normal noise lives on a thin "
    "shell.",
)
def noise(n, dim):
    return torch.randn(n, dim)


@noise.misconception("uniform numbers, between two bounds. Normal ones have none: torch.randn, with an n.")
def _uniform_instead_of_normal(n, dim):
    return torch.rand(n, dim)


@noise.misconception("swapped axes. One row is one vector: n comes first, then dim.")
def _swapped_axes(n, dim):
    return torch.randn(dim, n)


@noise.misconception("one vector, repeated. A generator would then make n times the same picture: draw n of them.")
def _same_vector_repeated(n, dim):
    return torch.randn(dim).repeat(n, 1)


@noise.misconception(
    "a fixed seed inside the function. Set the seed once, outside, or each batch is trained on the same noise."
)
def _constant_seed(n, dim):
    torch.manual_seed(0)
    return torch.randn(n, dim)


@noise.misconception(
    "NumPy. The numbers are fine, but a PyTorch network takes tensors: torch.randn, or torch.from_numpy around yours."
)
def _numpy_instead_of_tensor(n, dim):
    return torch.randn(n, dim).numpy()


@noise.test
def _(learner):
    few = learner(5, 3)
    if type(few).__module__ == "numpy":
        raise NotYet("a tensor of shape (5, 3)", few, on="n = 5, dim = 3", looks_like="numpy_instead_of_tensor")
    if torch.is_tensor(few) and few.shape == (3, 5):
        raise NotYet("shape (5, 3)", "shape (3, 5)", on="n = 5, dim = 3", looks_like="swapped_axes")
    few = value_of(learner, 5, 3, shape=(5, 3))
    if (few == few[0, 0]).all():
        raise NotYet("15 different numbers", few, on="n = 5, dim = 3")
    if (few == few[0]).all():
        raise NotYet("5 different vectors", few, on="n = 5, dim = 3", looks_like="same_vector_repeated")
    if few.equal(value_of(learner, 5, 3)):
        looks = "constant_seed"
        torch.manual_seed(1)
        before = torch.get_rng_state()
        learner(5, 3)
        if torch.get_rng_state().equal(before):  # nothing was drawn from the stream, and nothing seeded it
            looks = "numbers that were drawn once and kept, or a generator with a fixed seed. Draw anew in each call."
        raise NotYet("new numbers at each call", "twice the same", on="n = 5, dim = 3", looks_like=looks)


@noise.test
def _(learner):
    # 40,000 numbers: the bands below are more than five standard errors wide on each side.
    many = value_of(learner, 20_000, 2, shape=(20_000, 2)).double()
    on = "n = 20000, dim = 2"
    mean, std, largest = many.mean().item(), many.std().item(), many.abs().max().item()
    lengths = many.norm(dim=1)
    if lengths.std() < 1e-3:
        got = f"vectors that all have the length {lengths.mean():.3g}"
        looks = "vectors that were normalised. Normal noise has another length each time: leave the numbers as drawn."
        raise NotYet("vectors of different lengths", got, on=on, looks_like=looks)
    if largest < 3:  # about 108 of 40,000 normal numbers lie beyond 3
        bounds = f"all between {describe(many.min())} and {describe(many.max())}"
        raise NotYet("numbers without bounds", bounds, on=on, looks_like="uniform_instead_of_normal")
    if abs(mean) > 0.03 or abs(std - 1) > 0.03:
        raise NotYet("mean 0 and standard deviation 1", f"mean {mean:.2f} and standard deviation {std:.2f}", on=on)
    within = (many.abs() < 1).double().mean().item()
    if abs(within - 0.6827) > 0.02:
        raise NotYet("68 % of the numbers between -1 and 1", f"{100 * within:.0f} %", on=on)
    if abs(torch.corrcoef(many.T)[0, 1].item()) > 0.05:
        raise NotYet("numbers that have nothing to do with one another", "rows that repeat one number", on=on)


@question(
    "Pixels between -1 and 1",
    hints=(
        "Where must 0 go, where 255, and what lies half-way?",
        "uint8 knows only the whole numbers 0 … 255 and starts again at 0 after 255: turn the pixels into floats "
        "before you calculate.",
        "Dividing by 127.5 gives 0 … 2. What is left to do?",
    ),
    insight="A generator that ends in tanh gives numbers between -1 and 1. If real images had another range, the "
    "discriminator could tell them from generated ones without looking at the picture.",
    probes=lambda: [
        torch.tensor([0, 51, 102, 153, 204, 255], dtype=torch.uint8),
        torch.tensor([[60, 90], [100, 129]], dtype=torch.uint8),  # doesn't fill the range
        torch.randint(0, 256, (2, 1, 28, 28), dtype=torch.uint8),
    ],
)
def to_unit_range(pixels):
    return pixels.float() / 127.5 - 1


@to_unit_range.misconception("the range 0 … 1. Stretch it to twice the width, then move it down by 1.")
def _zero_to_one(pixels):
    return pixels / 255


@to_unit_range.misconception("the range -1 … 0: the division by 255 leaves a width of 1, and a width of 2 is needed.")
def _subtracts_one_without_doubling(pixels):
    return pixels / 255 - 1


@to_unit_range.misconception(
    "the range -1 … 0.992. There are 256 values, but the largest is 255, so its half is 127.5."
)
def _divides_by_128(pixels):
    return pixels / 128 - 1


@to_unit_range.misconception(
    "uint8 overflow: 2 · 200 is 144 there, and 0 - 1 is 255. Turn the pixels into floats first: pixels.float()."
)
def _uint8_overflow(pixels):
    return (pixels * 2 - 255) / 255


@to_unit_range.misconception()
def _uint8_overflow(pixels):
    return pixels * 2 / 255 - 1


@to_unit_range.misconception()
def _uint8_overflow(pixels):
    return (pixels - 128) / 128


@to_unit_range.misconception()
def _uint8_overflow(pixels):
    return (pixels - 127) / 127


@to_unit_range.misconception("integer division (//, or a whole-number dtype at the end): all shades of grey are gone.")
def _integer_division(pixels):
    return pixels.float() // 255 * 2 - 1


@to_unit_range.misconception()
def _integer_division(pixels):
    return pixels // 255 * 2 - 1


@to_unit_range.misconception()
def _integer_division(pixels):
    return pixels // 127.5 - 1


@to_unit_range.misconception()
def _integer_division(pixels):
    return (pixels / 127.5 - 1).int()


@to_unit_range.misconception(
    "stretching by the smallest and largest pixel that happen to be there. Then one shade of grey has another value "
    "in each batch: use the fixed 0 and 255."
)
def _stretches_each_batch(pixels):
    low, high = pixels.min().float(), pixels.max().float()
    return (pixels - low) / (high - low) * 2 - 1


@to_unit_range.test
def _(learner):
    pixels = torch.tensor([0, 100, 255], dtype=torch.uint8)
    learner(pixels)
    if pixels.tolist() != [0, 100, 255]:
        raise NotYet("the pixels that came in, unchanged", pixels, on="pixels = [0, 100, 255]", looks_like=_IN_PLACE)


_IN_PLACE = "an operation in place (its name ends with _, or it is +=, *= …) on the caller's own data."


def _ring():
    """Eight modes on a circle of radius 2: (8, 2)."""
    angle = torch.arange(8) * torch.pi / 4
    return 2 * torch.stack([angle.cos(), angle.sin()], dim=1)


def _scenes():
    """(samples, modes, radius): a scene small enough to draw by hand first, then rings with known captures."""
    few = torch.tensor([[0.1, 0.0], [0.0, 0.2], [2.8, 0.6], [0.65, 3.65], [9.0, 9.0]])
    modes = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    near = _ring()[[0, 0, 0, 3, 5]] + 0.05 * torch.randn(5, 2)
    corner = _ring()[6:7] + torch.tensor([[0.25, 0.25]])  # 0.35 away: 0.125 squared
    return [
        (few, modes, 0.7),
        (torch.cat([near, corner, torch.zeros(1, 2)]), _ring(), 0.3),
        (torch.tensor([[0.9, 0.0], [2.0, 3.0]]), modes, 1.2),  # within 1.2, and farther than 0.7
        (_ring().repeat(3, 1), _ring(), 0.3),
        (torch.full((4, 2), 50.0), _ring(), 0.3),
    ]


@question(
    "How many modes are captured?",
    hints=(
        "Take it in two steps: which sample is near which mode (a table of True and False), then what it says of each "
        "mode.",
        "torch.cdist(samples, modes) gives all distances: one row for each sample, one column for each mode.",
        "A mode is captured if there is any True in its column: .any(dim=0). The number of True is their .sum().",
    ),
    insight="Samples far from every mode don't lower this number: a generator can capture all modes and still be poor. "
    "That is why the share of samples near a mode is reported beside it.",
    probes=_scenes,
)
def captured(samples, modes, radius):
    near = torch.cdist(samples, modes) <= radius  # (samples, modes)
    return near.any(dim=0).sum()


@captured.misconception(
    "counting samples that are near a mode: a mode with three of them counts three times. Ask each mode, along the "
    "other axis, whether it has any."
)
def _counts_samples(samples, modes, radius):
    return (torch.cdist(samples, modes) <= radius).any(dim=1).sum()


@captured.misconception()
def _counts_samples(samples, modes, radius):
    return (torch.cdist(samples, modes) <= radius).sum()


@captured.misconception(
    "counting each sample's nearest mode, however far it is. A sample far from everything captures nothing."
)
def _ignores_distance(samples, modes, radius):
    return torch.cdist(samples, modes).argmin(dim=1).unique().numel()


@captured.misconception("asking that all samples be near a mode. One is enough: any, not all.")
def _all_instead_of_any(samples, modes, radius):
    return (torch.cdist(samples, modes) <= radius).all(dim=0).sum()


@captured.misconception("squared distances compared with the radius. Take the root, or square the radius too.")
def _squared_distance(samples, modes, radius):
    return ((samples[:, None] - modes).square().sum(-1) <= radius).any(dim=0).sum()


@captured.misconception("a radius of your own instead of the one that was given: use the argument radius.")
def _own_radius(samples, modes, radius):
    return (torch.cdist(samples, modes) <= 0.7).any(dim=0).sum()


@captured.misconception(
    "a square around each mode instead of a circle: each coordinate on its own may be within reach."
)
def _square_instead_of_circle(samples, modes, radius):
    return ((samples[:, None] - modes).abs() <= radius).all(-1).any(dim=0).sum()


@captured.misconception("a table of the modes (True where one is captured) instead of their number: a sum is missing.")
def _not_summed(samples, modes, radius):
    return (torch.cdist(samples, modes) <= radius).any(dim=0)


@discussion(
    "The losses stand at 2 ln 2 and ln 2. Is the GAN done?",
    hints=(
        "The question says it: this discriminator answers ½ to everything. Good samples are one reason for that. Which "
        "other reasons can there be?",
        "What would you see at the very first step, before anything has been learned?",
        "What would a fresh discriminator, trained on some of the samples, say about others?",
    ),
)
def reading_curves():
    """These are the losses of a discriminator that says ½ everywhere (chapter 21 computes them). You can conclude:
    probably this discriminator, now, tells nothing apart. It isn't certain, because a loss is an average. With D(x) =
    0.675 at each real sample, 0.8005 at one half of the generated ones and 0.312 at the other half, the two losses are
    the same, and this discriminator names three samples in four right.

    You can't conclude that the samples are good. A discriminator says ½ everywhere when the generated data match the
    real data and it has learned all there is to learn: then the game has ended in a draw. It also says ½ when it has
    not learned anything yet (step 0), is too small, or learns too slowly. All of these look alike in the curves, and a
    generator that has collapsed can hide behind any of them.

    What helps: look at samples of several seeds, count modes, and train a fresh discriminator on some samples, and test
    it on others. If it does better than ½ there, they are not there yet. The other way round, losses away from these
    lines don't mean failure: a generator may improve while its loss grows, because its opponent improves too."""
