"""Questions of chapter 25: roughness, the best of several starts, arcs, reading a comparison."""

import torch
import torch.nn.functional as F

from gan_edu.checks.engine import discussion, question


def _pictures():
    stripes = torch.zeros(1, 4, 6)
    stripes[:, :, ::2] = 1.0  # rough from left to right, smooth from top to bottom
    step = torch.zeros(1, 5, 3)
    step[:, 2:] = 0.5
    return stripes, step


@question(
    "Roughness",
    hints=(
        "Neighbours stand side by side, and one above the other. pictures.diff(dim=…) gives the differences along one "
        "axis: there are two axes, and two tables of differences.",
        "Square the differences, and add them up for each picture by itself: .sum(dim=(1, 2)). Both tables count.",
        "Divide by the ink of the same picture, pictures.square().sum(dim=(1, 2)). The result has shape (N,).",
    ),
    insight="A blurred picture has small differences, a speckled one large ones. Neither is good: the aim is the "
    "roughness of real pictures.",
    probes=lambda: [
        (torch.tensor([[[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.5], [0.5, 1.0]]]),),
        (_pictures()[0],),
        (_pictures()[1],),
        (torch.rand(3, 28, 28),),
        (torch.rand(2, 7, 5) * 255,),
    ],
)
def roughness(pictures):
    across, down = pictures.diff(dim=2).square(), pictures.diff(dim=1).square()
    return (across.sum(dim=(1, 2)) + down.sum(dim=(1, 2))) / pictures.square().sum(dim=(1, 2))


@roughness.misconception("the neighbours of one direction only. Each pixel has some beside it and some below it.")
def _one_direction(pictures):
    return pictures.diff(dim=2).square().sum(dim=(1, 2)) / pictures.square().sum(dim=(1, 2))


@roughness.misconception()
def _one_direction(pictures):
    return pictures.diff(dim=1).square().sum(dim=(1, 2)) / pictures.square().sum(dim=(1, 2))


@roughness.misconception("differences that aren't squared.")
def _not_squared(pictures):
    edges = pictures.diff(dim=2).abs().sum(dim=(1, 2)) + pictures.diff(dim=1).abs().sum(dim=(1, 2))
    return edges / pictures.square().sum(dim=(1, 2))


@roughness.misconception()
def _not_squared(pictures):
    edges = pictures.diff(dim=2).abs().sum(dim=(1, 2)) + pictures.diff(dim=1).abs().sum(dim=(1, 2))
    return edges / pictures.abs().sum(dim=(1, 2))


@roughness.misconception("one number for all pictures together. Each picture gets its own: sum along dim=(1, 2) only.")
def _one_number_for_all(pictures):
    return (pictures.diff(dim=2).square().sum() + pictures.diff(dim=1).square().sum()) / pictures.square().sum()


@roughness.misconception()
def _one_number_for_all(pictures):
    return roughness.answer(pictures).mean()


@roughness.misconception("the division by the ink is missing: then a thick digit is rougher than a thin one.")
def _without_ink(pictures):
    return pictures.diff(dim=2).square().sum(dim=(1, 2)) + pictures.diff(dim=1).square().sum(dim=(1, 2))


@roughness.misconception("a division by the ink that isn't squared. Twice as bright a picture should be equally rough.")
def _ink_not_squared(pictures):
    edges = pictures.diff(dim=2).square().sum(dim=(1, 2)) + pictures.diff(dim=1).square().sum(dim=(1, 2))
    return edges / pictures.sum(dim=(1, 2))


@roughness.misconception(
    "means where sums belong. There are fewer pairs of neighbours than pixels, so the two means don't divide by the "
    "same number."
)
def _means(pictures):
    edges = pictures.diff(dim=2).square().mean(dim=(1, 2)) + pictures.diff(dim=1).square().mean(dim=(1, 2))
    return edges / pictures.square().mean(dim=(1, 2))


@roughness.misconception(
    "neighbours across the edge: roll() puts the last column beside the first. diff() has no such pairs."
)
def _around_the_edge(pictures):
    edges = sum((pictures - pictures.roll(1, dims=d)).square().sum(dim=(1, 2)) for d in (1, 2))
    return edges / pictures.square().sum(dim=(1, 2))


def _starts(starts, pictures, dim):
    return torch.randn(starts, pictures, dim), torch.rand(starts, pictures)


@question(
    "The best of several starts",
    hints=(
        "Which start is the best one for each picture? errors has a row for each start and a column for each picture.",
        "errors.argmin(dim=0) gives N whole numbers: for each picture the number of its best start.",
        "codes[best, torch.arange(N)] takes the code of start best[i] for picture i.",
    ),
    insight="If many starts, and a longer search, all end at about the same error, and the same search succeeds where "
    "codes are known to exist, then the search is probably not what is missing.",
    probes=lambda: [
        (
            torch.tensor([[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], [[-1.0, 0.0], [-2.0, 0.0], [-3.0, 0.0]]]),
            torch.tensor([[0.1, 0.9, 0.3], [0.2, 0.4, 0.8]]),
        ),
        _starts(5, 4, 3),
        _starts(3, 3, 3),
        _starts(1, 2, 4),
    ],
)
def best_codes(codes, errors):
    best = errors.argmin(dim=0)  # (N,)
    return codes[best, torch.arange(codes.shape[1])]


@best_codes.misconception("the worst start of each picture: errors should be small, so argmin.")
def _worst_start(codes, errors):
    return codes[errors.argmax(dim=0), torch.arange(codes.shape[1])]


@best_codes.misconception(
    "one start for all pictures, the best on average. Each picture may have its own best start: argmin along dim=0."
)
def _one_start_for_all(codes, errors):
    return codes[errors.mean(dim=1).argmin()]


@best_codes.misconception("the single best code of all. Asked for is one for each picture, (N, Z).")
def _one_code(codes, errors):
    return codes[errors.min(dim=1).values.argmin(), errors.min(dim=0).values.argmin()]


@best_codes.misconception("the mean over the starts. Two good codes may have nothing good half-way between them.")
def _mean_of_starts(codes, errors):
    return codes.mean(dim=0)


@best_codes.misconception(
    "every best start combined with every picture: codes[best] has the shape (N, N, Z). Name the picture too: "
    "codes[best, torch.arange(N)]."
)
def _picture_not_named(codes, errors):
    return codes[errors.argmin(dim=0)]


@best_codes.misconception("the smallest errors. Asked for are the codes that belong to them.")
def _errors_instead_of_codes(codes, errors):
    return errors.min(dim=0).values


def _pairs(count, dim, length):
    vectors = F.normalize(torch.randn(2, count, dim), dim=-1) * length
    return vectors[0], vectors[1]


@question(
    "On the arc",
    hints=(
        "The cosine similarity of a and b is the cosine of their angle; .acos() gives the angle, one for each pair.",
        "Weights for a and b: at t = 0 they are 1 and 0, at t = 1 they are 0 and 1. On a line they are 1 − t and t; "
        "on the arc they are made of sines.",
        "sin((1 − t) ω) / sin ω and sin(t ω) / sin ω. The angles have shape (N,), the codes (N, D): ω[:, None].",
    ),
    insight="Take two random codes of 16 normal numbers. Half-way between them the line has a length of about 2.8, "
    "and the arc of about 4, a usual length for random codes.",
    probes=lambda: [
        (torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]]), 0.5),
        (*_pairs(3, 16, 4.0), 0.25),
        (*_pairs(5, 3, 0.5), 0.8),
        (*_pairs(2, 8, 3.0), 0.0),
    ],
)
def arc(a, b, t):
    angle = F.cosine_similarity(a, b, dim=1).acos()[:, None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


@arc.misconception("the straight line. Half-way it is too short: compare the lengths of a, b and your result.")
def _straight_line(a, b, t):
    return (1 - t) * a + t * b


@arc.misconception(
    "a point of the line, brought to the right length. It lies on the arc, but (except half-way) not at the right "
    "place: equal steps of t don't give equal angles there."
)
def _line_then_length(a, b, t):
    return F.normalize((1 - t) * a + t * b, dim=1) * a.norm(dim=1, keepdim=True)


@arc.misconception("an arc of length 1. The formula keeps the length of a and b if they aren't normalised.")
def _unit_length(a, b, t):
    a, b = F.normalize(a, dim=1), F.normalize(b, dim=1)
    angle = (a * b).sum(dim=1, keepdim=True).acos()
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


@arc.misconception()
def _unit_length(a, b, t):
    return F.normalize((1 - t) * a + t * b, dim=1)


@arc.misconception("the opposite direction: at t = 0 it should be a, at t = 1 b.")
def _from_b_to_a(a, b, t):
    angle = F.cosine_similarity(a, b, dim=1).acos()[:, None]
    return ((t * angle).sin() * a + ((1 - t) * angle).sin() * b) / angle.sin()


@arc.misconception("the division by sin ω is missing: then even t = 0 doesn't give a back.")
def _no_division(a, b, t):
    angle = F.cosine_similarity(a, b, dim=1).acos()[:, None]
    return ((1 - t) * angle).sin() * a + (t * angle).sin() * b


@arc.misconception("the cosine where the angle belongs: .acos() is missing.")
def _cosine_as_angle(a, b, t):
    angle = F.cosine_similarity(a, b, dim=1)[:, None]
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


@arc.misconception("the dot product of vectors that aren't normalised: divide by both lengths before .acos().")
def _dot_without_lengths(a, b, t):
    angle = (a * b).sum(dim=1, keepdim=True).clamp(-1, 1).acos()
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


@discussion(
    "A fair comparison?",
    hints=(
        "Go through the columns. For each model: what differs from the other one, beside its name?",
        "Which of these differences could bring a smaller distance by itself? How would you find out?",
        "How many seeds are there, and how far apart are they?",
    ),
)
def fair_comparison():
    """Three things differ beside the model: the average of the weights (the GAN has one, the VAE hasn't), the number of
    settings that were tried, and the time per update. Each of them can bring a smaller distance by itself. (The codes
    come from N(0, I) in both columns. A mixture fitted to the VAE's codes would be worth a third column.) In the
    chapter the average alone took the GAN from about the VAE's distance to clearly below it.

    What I would run: the GAN without its average and the VAE with one, the VAE with codes from a mixture, the same
    number of tried settings for both, all of them with several seeds. Then I would also look at a second measure, such
    as precision and recall, or roughness.

    What the table supports is only this: "With these settings, the averaged GAN is nearer to real digits than the VAE
    that is drawn from N(0, I), in three of three seeds." A general "better" is not in it."""
