"""The report of a run, report.html: samples over time, losses, measures with floors, neighbours, what to do next."""

import datetime
import io
import math
import platform
import shlex
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

import gan_edu
from gan_edu import files, gallery, metrics, plotting
from gan_edu.studio import measures, page
from gan_edu.studio.page import Markup, code, paragraph
from gan_edu.studio.plan import FEW, HOLD_OUT, SIZES
from gan_edu.studio.run import COLUMNS, GAP, MOST_COPIED, SHOWN, Studio

REPORT, FILM = "report.html", "film.gif"
SHOWN_REAL = 36
MOMENTS, IN_A_ROW = 6, 8  # in "samples over time"
MOST_FILM = 700_000  # bytes of the film in the page
WON = 0.8  # what D says of real pictures, less what it says of samples, from which on the game is too uneven
ENDED = {"finished": "; finished", "stopped": "; stopped by hand", "diverged": "; diverged", "reported": ""}
COURSE = "chapters/{}.ipynb"


def write(studio: Studio, outcome: str) -> Path:
    """Measure, draw and write the report; returns its path. Raises OSError.

    outcome: "finished", "stopped", "diverged" or "reported".
    """
    step = studio.gan.step
    title = f"{studio.pictures.name} after {step:,} step{'' if step == 1 else 's'}"
    frames = _frames(studio)
    measured = measures.measure(studio)
    content = page.page(
        title,
        _head(studio, title, outcome),
        _found(studio),
        _over_time(studio, frames),
        _losses(studio),
        _measured(measured),
        _nearest(studio, measured),
        _settings(studio),
        _in_python(studio),
        _next(studio, outcome),
    )
    return files.write_atomically(studio.out / REPORT, content)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _scale(studio: Studio) -> int:
    """Pixels of the page for one of a picture."""
    return 2 if studio.plan.size < 64 else 1


# -- sections --------------------------------------------------------------------------------------------------------
def _head(studio: Studio, title: str, outcome: str) -> Markup:
    count, plan = len(studio.pictures), studio.plan
    real = studio.pictures.tensor(rows=np.linspace(0, count - 1, min(count, SHOWN_REAL)).round().astype(int))
    samples = page.pixels(
        gallery.grid(studio.samples(), COLUMNS, GAP), f"{SHOWN} samples of the generator in a grid", _scale(studio)
    )
    pictures = page.pixels(
        gallery.grid(real, COLUMNS, GAP), f"{len(real)} pictures of the folder in a grid", _scale(studio)
    )
    ended = "; after the minutes asked for" if outcome == "finished" and studio.unfinished else ENDED[outcome]
    summary = (
        f"A GAN that learned from {len(studio.trained_on):,} {'grey' if plan.grey else 'coloured'} pictures of "
        f"{plan.size} × {plan.size} pixels, in {_duration(studio.record.seconds)} of training{ended}. "
        f"{datetime.date.today():%d %B %Y}."
    )
    return page.element(
        "header",
        page.element("h1", title),
        page.element("p", summary, class_="quiet"),
        page.row(
            page.figure(samples, "Samples: none of them was chosen"),
            page.figure(pictures, "Pictures of the folder, evenly spaced"),
        ),
    )


def _found(studio: Studio) -> Markup:
    named = {line[:14].strip(): line[14:] for line in studio.pictures.report.splitlines()[1:]}
    hidden = {"cache", "grey", "modes"} | ({"classes"} if len(studio.pictures.classes) == 1 else set())
    return page.section(
        "What was found in the folder",
        page.facts({name: said for name, said in named.items() if name not in hidden}),
        *(paragraph(note) for note in studio.notes),
    )


def _over_time(studio: Studio, frames: dict[int, np.ndarray]) -> Markup:
    if len(frames) < 2:
        return page.section("Samples over time", paragraph("There is one moment only so far."))
    steps = np.array(list(frames))
    # evenly spaced in the logarithm: most happens at first
    wanted = np.geomspace(max(1, steps[1]), steps[-1], MOMENTS - 1)
    chosen = sorted({int(steps[0]), *(int(steps[np.abs(steps - each).argmin()]) for each in wanted)})
    rows = [
        page.figure(
            page.pixels(
                gallery.grid(frames[step][:IN_A_ROW], IN_A_ROW, GAP),
                f"{IN_A_ROW} samples after {step} steps",
                _scale(studio),
            ),
            f"after {step:,} steps",
        )
        for step in chosen
    ]
    return page.section(
        "Samples over time",
        paragraph(
            "The same noise each time, so that one sees what becomes of a sample. The generator's weights are averaged "
            "over the last steps."
        ),
        page.row(*rows),
        _film(studio, frames),
    )


def _film(studio: Studio, frames: dict[int, np.ndarray]) -> Markup:
    """The film, in a file of its own and in the page; shorter and smaller until it fits."""
    count = {28: 16, 32: 16, 64: 9, 128: 4}[studio.plan.size]
    steps, path = list(frames), studio.out / FILM
    for most in (60, 40, 25, 12):
        chosen = [steps[k] for k in sorted(set(np.linspace(0, len(steps) - 1, min(most, len(steps))).astype(int)))]
        shown = [frames[step][:count] for step in chosen]
        gallery.save_film(path, [*shown, *[shown[-1]] * 8], fps=8, gap=GAP)  # the last frame stays for a second
        if path.stat().st_size <= MOST_FILM:
            break
    still = gallery.grid(shown[-1], gap=GAP)
    buffer = io.BytesIO()
    still.save(buffer, "PNG", optimize=True)
    alt = f"A film: {count} samples from step {chosen[0]} to step {chosen[-1]}"
    picture = page.film(path.read_bytes(), buffer.getvalue(), alt, _scale(studio) * still.width)
    caption = f"A film of {len(chosen)} moments, from step {chosen[0]:,} to step {chosen[-1]:,} ({FILM})"
    return page.row(page.figure(picture, caption))


def _frames(studio: Studio) -> dict[int, np.ndarray]:
    """Step → its samples (SHOWN, S, S) or (SHOWN, 3, S, S), bytes; files that are damaged or of others are left out."""
    channels, side, _ = studio.plan.shape
    mode, pitch = "L" if channels == 1 else "RGB", side + GAP
    rows = SHOWN // COLUMNS
    frames = {}
    for step, path in studio.moments().items():
        try:
            with Image.open(path, formats=("PNG",)) as picture:
                if picture.size != (COLUMNS * pitch - GAP, rows * pitch - GAP):
                    continue
                grid = np.asarray(picture.convert(mode))
        except (OSError, SyntaxError, ValueError, UnidentifiedImageError):
            continue
        places = [(k // COLUMNS * pitch, k % COLUMNS * pitch) for k in range(SHOWN)]
        tiles = np.stack([grid[top : top + side, left : left + side] for top, left in places])
        frames[step] = tiles if channels == 1 else tiles.transpose(0, 3, 1, 2)
    if studio.gan.step not in frames:  # the end, which needn't be a moment at which samples are kept
        now = ((studio.samples().clamp(-1, 1) + 1) * 127.5).round().byte().numpy()
        frames[studio.gan.step] = now[:, 0] if channels == 1 else now
    return frames


def _losses(studio: Studio) -> Markup:
    history = studio.gan.history
    if len(history) < 2:
        return page.section("The game", paragraph("Too few steps so far for a curve."))
    columns = history.columns
    last = max(1, len(history) // 10)
    loss_d, loss_g = (columns[name][-last:].mean() for name in ("loss_d", "loss_g"))
    with matplotlib.rc_context():
        plotting.use_style()
        matplotlib.rcParams["savefig.dpi"] = 150
        drawn = []
        for draw, alt in (
            (
                plotting.loss_curves,
                f"Losses of discriminator and generator against the step, with lines at 2 ln 2 and at ln 2. At the end "
                f"the discriminator's is {loss_d:.2f}, the generator's {loss_g:.2f}.",
            ),
            (
                plotting.score_curves,
                "What the discriminator says of real and of generated pictures, on average, against the step, with a "
                "line at one half.",
            ),
        ):
            figure = plotting.figure(4.8, 3.6)
            draw(history, ax=figure.subplots())
            drawn.append(page.image(plotting.png(figure), "png", alt, 480, "drawn"))
    said = []
    if studio.plan.augment:
        said.append(
            paragraph(
                f"Augmentation: the probability of each change is {studio.gan.augmentation.p:.2f} now. It rises while "
                "the discriminator knows the training pictures too well."
            )
        )
    return page.section(
        "The game",
        page.row(
            page.figure(drawn[0], "The losses (without the penalty)"),
            page.figure(drawn[1], "What the discriminator says, 0 to 1"),
        ),
        paragraph(
            "A discriminator that can't tell says ½ of every picture. Then its loss is 2 ln 2 ≈ 1.39, and that of the "
            "generator is ln 2 ≈ 0.69. Losses say how even the game is. How good the samples are, they don't say."
        ),
        *said,
    )


def _digits(value: float, count: int = 3) -> str:
    """So many digits that say something: 12.3, 0.0123, 1,234. No powers of ten."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{count}g}")  # 999.9 has four digits before the point
    places = max(0, count - 1 - math.floor(math.log10(abs(rounded))))
    return f"{value:,.{places}f}"


def _measured(measured: measures.Measures) -> Markup:
    judge, tables = measured.classifier, []
    for (report, among), of in zip(
        measured.reports, ("a net with random weights", "a classifier of the folder's classes"), strict=False
    ):
        equal = metrics.expected_coverage(report.n_real, report.n_fake)
        rows = [
            ("Fréchet distance", "smaller is better", _digits(report.frechet), _digits(report.floor)),
            (
                "kernel distance",
                "0 is best, a little less is chance",
                _digits(report.kernel),
                f"0 ± {_digits(report.scatter, 2)}",
            ),
            ("precision", "share of samples that lie among real pictures", f"{report.precision:.2f}", f"{among:.2f}"),
            ("recall", "share of real pictures that lie among samples", f"{report.recall:.2f}", f"{among:.2f}"),
            ("density", "how crowded by real pictures it is around a sample", f"{report.density:.2f}", "1.00"),
            ("coverage", "share of real pictures with a sample nearby", f"{report.coverage:.2f}", f"{equal:.2f}"),
        ]
        if report.classes is not None:
            gone = f"; not {', '.join(report.missing[:5])}" if report.missing else ""
            rows.append(("classes", f"that are among the samples{gone}", str(report.classes), str(report.n_classes)))
        named = [(page.name(what, meaning), *numbers) for what, meaning, *numbers in rows]
        caption = (
            f"{report.n_fake:,} samples against {report.n_real:,} training pictures, in {report.dim} features of {of}"
        )
        tables.append(page.table(("measure", "samples", "real pictures"), named, caption))
    if judge is not None:
        tables.append(
            paragraph(
                f"The classifier is right on {judge.accuracy:.0%} of pictures that it wasn't trained on, and guessing "
                f"would be on {judge.guessing:.0%}. The more often it is right, the more its features say."
                + (
                    " It knows the pictures that it was trained with: as they are few, even new real ones would be "
                    "farther from them than the table's last column says."
                    if measured.reports[-1][0].n_real < measures.KNOWN
                    else ""
                )
            )
        )
    return page.section(
        "How good are the samples?",
        paragraph(
            "Pictures are compared by features: numbers that a net computes from each. The column “real pictures” is "
            "the floor: about what as many new real pictures would have; nearer to it is better. Read the rows "
            "together: samples that are all alike can have a high precision and density, and then recall and coverage "
            "are low. Don't compare these numbers with those of other features, or of another number of pictures."
        ),
        *tables,
        *map(paragraph, measured.notes),
    )


def _nearest(studio: Studio, measured: measures.Measures) -> Markup:
    near = measured.neighbours
    if near is None:
        return page.section("Are samples copies?", paragraph("That wasn't measured."))
    columns = 1 + near.pictures.shape[1]
    rows = []
    for sample, pictures, names in zip(near.samples, near.pictures, near.files, strict=True):
        grid = gallery.grid(torch.cat([sample[None], pictures]), columns, 4)
        alt = f"A sample, and beside it the {columns - 1} training pictures nearest to it: {', '.join(names)}"
        rows.append(page.figure(page.pixels(grid, alt, _scale(studio)), f"nearest: {names[0]}"))
    said = [
        f"Median distance from a sample to its nearest training picture: {near.of_samples:.3g}; from a training "
        f"picture to the nearest other one: {near.of_training:.3g}. If the first is much smaller, samples may be "
        "copies, or blurred pictures, which are a little like all others: look at the rows above."
    ]
    if near.audit is not None:
        audit = near.audit
        scatter = (audit.expected * (1 - audit.expected) / len(audit.index)) ** 0.5
        said.append(
            f"The copy audit: {len(studio.held_out):,} pictures weren't trained on. Of {len(audit.index):,} samples, "
            f"{audit.share:.1%} have their nearest picture among those that were trained on. If training had left no "
            f"trace, it would be {audit.expected:.1%}, give or take {scatter:.1%} or more. A share well above that "
            "says that samples copy training pictures."
        )
    else:
        why = f"{HOLD_OUT:,} pictures are needed to spare some"
        if len(studio.pictures) >= HOLD_OUT:
            why = (
                f"this run was begun with fewer than {HOLD_OUT:,}, and goes on so: a run with another --out spares some"
            )
        if studio.pictures.pixels.numel() > MOST_COPIED:
            why = "these pictures are too many to be divided"
        said.append(f"There is no copy audit: it takes pictures that weren't trained on, and {why}.")
    return page.section(
        "Are samples copies?",
        paragraph(
            "Left in each row a sample, then the training pictures nearest to it, in the features of a net with random "
            f"weights. {near.searched:,} pictures were searched. Of {measures.JUDGED} samples these {len(rows)} have "
            "the nearest neighbours."
        ),
        page.row(*rows),
        *map(paragraph, said),
    )


def _settings(studio: Studio) -> Markup:
    plan = studio.plan
    named = studio.described() | {
        "game": f"non-saturating loss, R1 with γ = {plan.r1:g} at each {plan.penalty_every}th step",
        "optimiser": f"Adam, learning rate {plan.lr:g}, β = {plan.betas}; average of weights with decay {plan.ema:g}",
        "seed": str(plan.seed),
        "a step takes": f"{1000 * studio.record.seconds / studio.gan.step:,.0f} milliseconds, on average",
        "versions": f"gan-edu {gan_edu.__version__}, PyTorch {torch.__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}",
    }
    return page.section("Settings", page.facts(named), paragraph("What was chosen stands in ", code("run.json"), "."))


def _in_python(studio: Studio) -> Markup:
    lines = (
        "from gan_edu import gallery, studio\n"
        f"gan = studio.load({str(studio.out)!r})\n"
        'gallery.save_grid("new.png", gan.sample(64))'
    )
    return page.section(
        "The model in Python",
        page.program(lines),
        paragraph("Call Python in the folder in which you called ", code("gan-edu"), "."),
    )


def _next(studio: Studio, outcome: str) -> Markup:
    plan, todo = studio.plan, []
    if outcome == "diverged":
        todo.append("Training diverged. Try another seed or smaller pictures, each with an --out of its own.")
    elif studio.unfinished:
        todo.append(Markup(f"Go on, up to {plan.steps:,} steps: {code(studio.again())}"))
    else:
        longer = code(studio.longer())
        todo.append(Markup(f"Train longer: {longer}. Do the samples still change in the last rows above?"))
    last = {name: values[-max(1, len(values) // 10) :].mean() for name, values in studio.gan.history.columns.items()}
    if last["d_real"] - last["d_fake"] > WON:
        todo.append(
            f"The discriminator can tell: it says {last['d_real']:.2f} of real pictures and {last['d_fake']:.2f} of "
            "samples, on average. Then the generator learns little. More pictures help, or smaller ones."
        )
    if len(studio.trained_on) < FEW:
        todo.append(
            "More pictures help most, and pictures that are alike: faces that look at you, one kind of flower, and not "
            "photographs of everything."
        )
    larger = [size for size in SIZES if size > plan.size and size != 28]
    if larger:
        todo.append(Markup(f"Larger pictures: {code(studio.anew(str(larger[0]), size=larger[0]))}"))
    todo.append(
        Markup(
            f"What the numbers mean: {code(COURSE.format('36_measuring_samples'))}. What the settings do: "
            f"{code(COURSE.format('43_modern_recipe'))}. What can go wrong: "
            f"{code(COURSE.format('60_museum_of_failures'))}."
        )
    )
    project = f"gan-edu new NAME --data {shlex.quote(str(studio.asked.folder))}"
    todo.append(Markup(f"A program of your own for these pictures: {code(project)}"))
    return page.section("What next?", page.bullets(todo))
