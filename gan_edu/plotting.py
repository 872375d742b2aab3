"""The course's pictures: one style, the same colours everywhere, seeds side by side.

Each function without `ax` makes a figure, shows it and returns None, so that it may end a cell. With `ax=` (axes of
your own) it draws there and returns them. `small_multiples_2d` needs a whole figure and takes `figure=` likewise.
Arrays may be NumPy's or torch's, on any device. Wrong shapes raise ValueError.

Real data are blue dots, generated ones orange triangles; what the discriminator computes is green; theory and
references are black dashes. D(x) runs from orange (generated) through white (½) to blue (real).
"""

import base64
import functools
import io
import math
import sys
import textwrap
import time
import uuid
import warnings

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation
from PIL import Image

from gan_edu.settings import Number, Whole

REAL = "#0072B2"
FAKE = "#D55E00"
DISC = "#009E73"
THEORY = "#000000"
NEUTRAL = ("#7B4EA3", "#4D4D4D", "#B8860B", "#C2528B", "#8C564B")  # for what has no colour of its own
D_CMAP = LinearSegmentedColormap.from_list("D", [FAKE, "#FFFFFF", REAL])
DENSITY_CMAP = LinearSegmentedColormap.from_list("density", ["#FFFFFF", "#9CCBE5", REAL, "#00334F"])

WIDTH = 6.8  # inches; with the margin that a notebook adds, no figure gets wider than 7
LN2 = math.log(2)
_DASHES = {"color": THEORY, "linestyle": (0, (5, 3)), "linewidth": 1.5}
_LINES = ("-", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
_REAL_POINTS = {"color": REAL, "marker": "o", "s": 9, "linewidths": 0, "alpha": 0.7}
_FAKE_POINTS = {"color": FAKE, "marker": "^", "s": 14, "linewidths": 0, "alpha": 0.8}
_MOST_POINTS, _MOST_STEPS = 2000, 300
_GAP = 2  # pixels between images
_MOST_CLASSES = 12  # in a contact sheet
_HOUSE = {
    "real": REAL,
    "data": REAL,
    "generated": FAKE,
    "fake": FAKE,
    "generator": FAKE,
    "discriminator": DISC,
    "encoder": DISC,
    "critic": DISC,
    "theory": THEORY,
    "exact": THEORY,
    "optimal": THEORY,
    "reference": THEORY,
}


_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": ".15",
    "axes.facecolor": "white",
    "axes.grid": False,
    "axes.labelcolor": ".15",
    "axes.labelsize": 11,
    "axes.linewidth": 1.0,
    "axes.prop_cycle": cycler(color=NEUTRAL),
    "axes.spines.bottom": True,
    "axes.spines.left": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 12,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "figure.figsize": (WIDTH, 3.8),
    "figure.titlesize": 12,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every computer
    "font.size": 11,
    "grid.color": ".8",
    "grid.linestyle": "-",
    "grid.linewidth": 1,
    "image.cmap": "gray",
    "legend.fontsize": 11,
    "legend.frameon": False,
    "legend.title_fontsize": 11,
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "patch.linewidth": 1,
    "savefig.dpi": 100,
    "savefig.facecolor": "white",
    "text.color": ".15",
    **{
        f"{axis}tick.{name}": value
        for axis in "xy"
        for name, value in {
            "color": ".15",
            "direction": "out",
            "labelsize": 11,
            "major.size": 6,
            "major.width": 1.25,
            "minor.size": 4,
            "minor.width": 1,
        }.items()
    },
    "xtick.bottom": True,
    "xtick.top": False,
    "ytick.left": True,
    "ytick.right": False,
}


def use_style():
    """Set the course's style; call it once, at the top of a notebook."""
    plt.rcParams.update(_STYLE)
    # matplotlib says so when a legend's best place took a second to find: on a busy machine that is any legend
    warnings.filterwarnings("ignore", 'Creating legend with loc="best" can be slow', UserWarning)
    shell = _notebook()
    if shell and "inline" in plt.get_backend():
        plt.switch_backend(plt.get_backend())  # loads it now; loaded later, it would undo the next line
        shell.display_formatter.formatters["image/png"].for_type(Figure, png)


def png(figure):
    """The figure as the bytes of a PNG with few colours: a third of the usual size, so that notebooks stay small.

    64 colours where the eye won't notice, 256 for smooth maps. `use_style` has notebooks show all figures this way.
    """
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", facecolor="white")
    image = Image.open(buffer).convert("RGB")
    for colours in (64, 256):
        few = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        if np.abs(np.asarray(few.convert("RGB"), dtype=int) - np.asarray(image, dtype=int)).mean() < 0.8:
            break
    few.save(small, "PNG", optimize=True)
    return small.getvalue()


def figure(width=WIDTH, height=3.8):
    """An empty figure (inches) that no notebook shows by itself: to be filled for `Live`, or saved."""
    return Figure(figsize=(width, height), layout="constrained")


def _tidy(draw):
    """If drawing fails, the half-made figure goes: a notebook would show it below the error."""

    @functools.wraps(draw)
    def drawn(*args, **options):
        before = set(plt.get_fignums())
        try:
            return draw(*args, **options)
        except Exception:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)
            raise

    return drawn


# --- pictures


@_tidy
def image_grid(images, rows=None, title=None, ax=None):
    """Images side by side, -1 black and 1 white.

    images: (N, 1, H, W), (N, H, W) or (N, H·H) with values in [-1, 1], in colour (N, 3, H, W), or a dict of such: a
        labelled block for each.
    rows: rows of images (of each block); by default a square, and ten to a row in blocks.
    """
    if isinstance(images, dict):
        blocks = {name: _pictures(block) for name, block in images.items()}
    else:
        blocks = {"": _pictures(images)}
    if len({block.shape[1:] for block in blocks.values()}) != 1:
        sizes = ", ".join(str(block.shape[1:]) for block in blocks.values())
        raise ValueError(f"All images in a grid must have one size; got {sizes or 'none'}.")

    labelled = isinstance(images, dict)
    columns = max(_columns(len(block), rows, labelled) for block in blocks.values())
    mosaics = [_mosaic(block, columns) for block in blocks.values()]
    seam = np.full((2 * _GAP, *mosaics[0].shape[1:]), np.nan)
    tops, stacked = [], []
    for mosaic in mosaics:
        tops.append(sum(len(part) for part in stacked))
        stacked += [mosaic, seam]
    whole = np.concatenate(stacked[:-1])

    label_width = 1.5 if labelled else 0
    width = min(WIDTH, max(3.0, columns * (0.62 if len(whole) <= 5 * 32 else 0.45) + label_width))
    scale = (width - label_width) / whole.shape[1]
    ax, mine = _axes(ax, width, len(whole) * scale + (0.35 if title else 0.1))
    # 32 levels and no smoothing: the eye sees no difference, and speckled pictures take a third of the space
    levels = np.round(15.5 * (np.clip(whole, -1, 1) + 1)) / 15.5 - 1
    if whole.ndim == 3:
        levels = np.nan_to_num((levels + 1) / 2, nan=1)  # colours go from 0 to 1, and know no gaps
    ax.imshow(levels, cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    if labelled:
        middles = [top + (len(mosaic) - 1) / 2 for top, mosaic in zip(tops, mosaics, strict=True)]
        ax.set_yticks(middles, [_folded(str(name), 14) for name in blocks])
        ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return _done(ax, mine, title=title)


@_tidy
def contact_sheet(images, columns=10, ax=None):
    """Some pictures of each class, evenly spaced in the set's order, so that one sees what one is going to train on.

    images: a `data.ImageSet`, such as `data.folder` returns. Of more than twelve classes the first twelve are shown; of
        one, five rows.
    """
    columns = Whole(1).check(columns, "columns")
    if not callable(getattr(images, "tensor", None)) or not hasattr(images, "classes"):
        raise TypeError(
            f"contact_sheet needs an ImageSet, such as data.folder(…) returns; got {type(images).__name__}."
        )
    places = {k: np.flatnonzero(_numpy(images.labels) == k) for k in range(len(images.classes))}
    places = {k: there for k, there in places.items() if len(there)}
    count = columns if len(places) > 1 else 5 * columns
    blocks = {}
    for k, there in list(places.items())[:_MOST_CLASSES]:
        chosen = there[np.linspace(0, len(there) - 1, min(count, len(there))).round().astype(int)]
        name = images.classes[k]
        blocks[name if name not in blocks else f"{name} ({k})"] = images.tensor(rows=chosen)
    shown = f", of {len(places)} classes" if len(places) > _MOST_CLASSES else ""
    title = f"{sum(map(len, blocks.values())):,} of {len(images):,} in {images.name}{shown}"
    if len(blocks) > 1:
        return image_grid(blocks, rows=1, title=title, ax=ax)
    (block,) = blocks.values()
    return image_grid(block, rows=math.ceil(len(block) / columns), title=title, ax=ax)


@_tidy
def scatter_2d(real, fake=None, ax=None, title=None):
    """Real points (N, 2) as blue dots, generated ones (M, 2) as orange triangles; 2,000 of each at most."""
    ax, mine = _axes(ax, 4.8, 4.6)
    _draw_points(ax, real, fake)
    ax.set_aspect("equal")
    return _done(ax, mine, "$x_1$", "$x_2$", title)


@_tidy
def density_2d(distribution, ax=None, title=None, resolution=150):
    """The exact density of a 2-D distribution (`distribution.density`, `.extent`) as a blue map."""
    ax, mine = _axes(ax, 5.4, 4.3)
    density = _density(distribution, resolution)
    image = ax.imshow(density, cmap=DENSITY_CMAP, vmin=0, **_placed(distribution.extent))
    _colorbar(ax, image, "density p(x) of the real data")
    return _done(ax, mine, "$x_1$", "$x_2$", title)


@_tidy
def surface_2d(logit_fn, extent, real=None, fake=None, ax=None, title=None, resolution=100):
    """What a discriminator says everywhere: D(x) = sigmoid(logit), and the line where it is ½.

    logit_fn: takes points (N, 2), gives logits (N,) or (N, 1); a module is evaluated on its own device.
    extent: draws [-extent, extent]².
    real, fake: points (N, 2) to draw on it.
    """
    import torch

    parameters = list(logit_fn.parameters()) if hasattr(logit_fn, "parameters") else []
    points = _lattice(extent, resolution).to(parameters[0].device if parameters else "cpu")
    with torch.no_grad():
        logits = torch.as_tensor(logit_fn(points))
    if logits.numel() != len(points):
        raise ValueError(
            f"logit_fn must give one logit for each point: for points of shape {tuple(points.shape)} it gave shape "
            f"{tuple(logits.shape)}."
        )
    surface = torch.sigmoid(logits.float()).reshape(resolution, resolution).cpu().numpy()
    ax, mine = _axes(ax, 5.2, 4.8)
    image = ax.imshow(surface, cmap=D_CMAP, vmin=0, vmax=1, **_placed(extent))
    bar = _colorbar(ax, image, None)
    bar.set_ticks([0, 0.5, 1], labels=["D(x) = 0:\ngenerated", "½", "D(x) = 1:\nreal"])
    if surface.min() < 0.5 < surface.max():
        axis = np.linspace(-extent, extent, resolution)
        ax.contour(axis, axis, surface, levels=[0.5], colors=[DISC], linewidths=2)
        ax.plot([], [], color=DISC, linewidth=2, label="D(x) = ½")
    _draw_points(ax, real, fake, edges=True)
    ax.set_xlim(-extent, extent)
    ax.set_ylim(-extent, extent)
    return _done(ax, mine, "$x_1$", "$x_2$", title)


@_tidy
def small_multiples_2d(samples, distribution, titles=None, figure=None):
    """Samples of several seeds, side by side over the real density.

    samples: (S, N, 2), or a list of S arrays (N, 2).
    titles: S texts; by default "seed 0", "seed 1", …
    """
    samples = [_points(each, "each seed's samples") for each in samples]
    titles = [f"seed {seed}" for seed in range(len(samples))] if titles is None else [str(title) for title in titles]
    if not samples or len(titles) != len(samples):
        raise ValueError(f"There must be one title for each seed: got {len(titles)} titles for {len(samples)} seeds.")
    columns = min(4, len(samples))
    rows = math.ceil(len(samples) / columns)
    mine = figure is None
    if mine:
        figure = plt.figure(figsize=(max(3.4, columns * WIDTH / 4), rows * 1.95 + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    density = _density(distribution, 80)
    for ax, points, title in zip(axes, samples, titles, strict=False):
        ax.imshow(density, cmap=DENSITY_CMAP, vmin=0, vmax=1.5 * density.max(), **_placed(distribution.extent))
        points = points[:: math.ceil(len(points) / 500)]
        ax.scatter(*points.T, **{**_FAKE_POINTS, "s": 9})
        ax.set_xlim(-distribution.extent, distribution.extent)
        ax.set_ylim(-distribution.extent, distribution.extent)
        ax.set_title(title)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(True)
    for ax in axes[len(samples) :]:
        ax.set_visible(False)
    handles = [
        Line2D([], [], color=DENSITY_CMAP(0.45), marker="s", linestyle="", markersize=9, label="real density"),
        Line2D([], [], color=FAKE, marker="^", linestyle="", markersize=6, label="generated"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    if not mine:
        return figure
    _show()


# --- curves


@_tidy
def curves(x, ys, xlabel, ylabel, ax=None, title=None, colors=None):
    """Named curves over x.

    ys: name → values (T,). Names that begin with real, generated, generator, discriminator, … get their house colour;
        theory, exact, optimal, reference are black dashes.
    colors: name → colour, where that isn't what you want.
    """
    x = _line(x, "x")
    ax, mine = _axes(ax, WIDTH, 3.8)
    spare = 0
    for number, (name, y) in enumerate(ys.items()):
        y = _line(y, repr(name), like=x)
        color = (colors or {}).get(name) or _house_color(name)
        if color == THEORY:
            ax.plot(x, y, label=name, zorder=3, **_DASHES)
            continue
        if color is None:
            color, spare = NEUTRAL[spare % len(NEUTRAL)], spare + 1
        ax.plot(x, y, label=name, color=color, linestyle=_LINES[number % len(_LINES)])
    return _done(ax, mine, xlabel, ylabel, title)


@_tidy
def loss_curves(history, ax=None, title=None, references=True):
    """Both losses against the step, with the values they have when D says ½ everywhere: ln 2 and 2 ln 2.

    history: a `training.History`, or its columns: "step", "loss_d", "loss_g", each (T,), or (T, S) for S seeds; more
        than 300 steps are drawn as means of a few, and the axis says of how many.
    references: False where the two lines mean nothing (Wasserstein, hinge).
    """
    columns = _columns_of(history, "loss_d", "loss_g")
    ax, mine = _axes(ax, WIDTH, 3.8)
    drawn = [
        _draw_seeds(ax, columns["step"], columns["loss_d"], "discriminator", DISC, "o"),
        _draw_seeds(ax, columns["step"], columns["loss_g"], "generator", FAKE, "^"),
    ]
    xlabel = _explain_seeds(ax, drawn)
    if references:
        _reference(ax, 2 * LN2, "2 ln 2 (D)", "bottom")
        _reference(ax, LN2, "ln 2 (G)", "top", label="where D says ½")
    return _done(ax, mine, xlabel, "loss (nats)", title)


@_tidy
def score_curves(history, ax=None, title=None):
    """D's mean output on real and on generated samples against the step; ½ is "can't tell".

    history: a `training.History`, or its columns: "step", "d_real", "d_fake", each (T,), or (T, S) for S seeds.
    """
    columns = _columns_of(history, "d_real", "d_fake")
    ax, mine = _axes(ax, WIDTH, 3.8)
    drawn = [
        _draw_seeds(ax, columns["step"], columns["d_real"], "on real", REAL, "o"),
        _draw_seeds(ax, columns["step"], columns["d_fake"], "on generated", FAKE, "^"),
    ]
    xlabel = _explain_seeds(ax, drawn)
    _reference(ax, 0.5, "½", "center", label="D can't tell")
    ax.set_ylim(-0.03, 1.03)
    return _done(ax, mine, xlabel, "mean D", title)


@_tidy
def seeds_over_time(steps, values, ylabel, label=None, reference=None, ax=None, title=None, color=None):
    """One thin line for each seed, their median thick.

    values: (T, S), or (T,) for a single run, or a dict of such to compare.
    label: what the values are, for the legend.
    reference: a number to draw as black dashes, or (number, text).
    """
    named = values if isinstance(values, dict) else {label: values}
    if not named:
        raise ValueError("seeds_over_time needs the values of at least one run.")
    ax, mine = _axes(ax, WIDTH, 3.8)
    drawn = []
    for number, (name, each) in enumerate(named.items()):
        chosen = color or _house_color(name) or NEUTRAL[number % len(NEUTRAL)]
        drawn.append(_draw_seeds(ax, steps, each, name, chosen, "os^Dv"[number % 5]))
    xlabel = _explain_seeds(ax, drawn)
    if reference is not None:
        height, text = reference if isinstance(reference, tuple) else (reference, f"{reference:g}")
        _reference(ax, height, text, "center")  # its name stands at its end
    return _done(ax, mine, xlabel, ylabel, title)


@_tidy
def bars_with_floor(
    values, ylabel, floor=None, baseline=None, ax=None, title=None, colors=None, baseline_name="baseline"
):
    """One dot for each seed and a bar at their median, for each named setting.

    values: name → numbers, one for each seed.
    floor: what perfect samples would get (black dashes): nothing can be better than that.
    baseline: what something simple gets (black dots and dashes); baseline_name: what that is, for the legend.
    colors: name → colour.
    """
    if not values or any(np.size(_numpy(each)) == 0 for each in values.values()):
        raise ValueError("bars_with_floor needs at least one number for each name.")
    ax, mine = _axes(ax, WIDTH, 3.8)
    for place, (name, seeds) in enumerate(values.items()):
        seeds = np.sort(_numpy(seeds).ravel())
        color = (colors or {}).get(name, NEUTRAL[0])
        beside = np.linspace(-0.15, 0.15, len(seeds)) if len(seeds) > 1 else np.zeros(1)
        first = place == 0
        dots = {"color": color, "s": 28, "alpha": 0.6, "linewidths": 0}
        ax.scatter(place + beside, seeds, label="one seed" if first else None, **dots)
        middle = np.median(seeds)
        ax.plot([place - 0.28, place + 0.28], [middle, middle], color=color, linewidth=3.5, solid_capstyle="butt",
                label="median" if first else None)  # fmt: skip
    if floor is not None:
        ax.axhline(floor, label=f"floor: {floor:.3g}", **_DASHES)
    if baseline is not None:
        ax.axhline(baseline, label=f"{baseline_name}: {baseline:.3g}", **{**_DASHES, "linestyle": "-."})
    ax.set_xticks(range(len(values)), [_folded(str(name), max(8, 60 // len(values))) for name in values])
    ax.set_xlim(-0.5, len(values) - 0.5)
    return _done(ax, mine, None, ylabel, title)


# --- live


class Live:
    """A picture that is redrawn in place while a cell trains.

        with Live() as live:
            for step in train(gan, data, steps=2000):
                live.draw(lambda: picture(gan))  # a function that makes and returns a `figure()`

    `draw` takes a figure, or a function that makes one and is called only when it is time: at most `rate` times a
    second, and so that drawing takes at most `share` of the time. What was drawn last is drawn in any case, at the end
    of the `with` block or by `finish()`. Outside a notebook nothing is shown; `png` holds the last picture anywhere.
    """

    def __init__(self, rate=4.0, share=0.2):
        self.rate = Number(0, above=True).check(rate, "rate")
        self.share = Number(0, above=True).check(share, "share")
        self.png = None
        self._id = None
        self._waiting = None
        self._not_before = -math.inf

    def draw(self, picture):
        """Draw it now if it is time (returns True), or else keep it for the end (False)."""
        if _clock() < self._not_before:
            self._waiting = picture
            return False
        self._draw(picture)
        return True

    def finish(self):
        """Draw what was asked for last, if that hasn't been drawn."""
        if self._waiting is not None:
            self._draw(self._waiting)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None or issubclass(kind, KeyboardInterrupt):  # after another error, drawing may be what failed
            self.finish()

    def _draw(self, picture):
        start = _clock()
        self._waiting = None
        drawn = picture() if callable(picture) else picture
        if not isinstance(drawn, Figure):
            raise TypeError(
                f"Live.draw needs a matplotlib Figure, or a function that returns one; got {type(drawn).__name__}."
            )
        self.png = png(drawn)
        self._publish()
        took = _clock() - start
        self._not_before = start + max(1 / self.rate, took / self.share)

    def _publish(self):
        if not _notebook():
            return
        from IPython.display import display, update_display

        # The picture alone, without the text that usually goes with it: pictures differ between computers, and
        # notebook tests compare texts.
        data = {"image/png": base64.b64encode(self.png).decode()}
        if self._id is None:
            self._id = uuid.uuid4().hex
            display(data, raw=True, display_id=self._id)
        else:
            update_display(data, raw=True, display_id=self._id)


def _notebook():
    """IPython's shell if this runs in a notebook, or else None."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell if getattr(shell, "kernel", None) is not None else None


def _clock():
    return time.perf_counter()


# --- parts


def _axes(ax, width, height):
    if ax is not None:
        return ax, False
    return plt.subplots(figsize=(width, height), layout="constrained")[1], True


def _done(ax, mine, xlabel=None, ylabel=None, title=None):
    if xlabel:
        ax.set_xlabel(xlabel)
    if ylabel:
        ax.set_ylabel(ylabel)
    if title:
        ax.set_title(title)
    _legend(ax)
    if not mine:
        return ax
    _show()
    return None


def _legend(ax):
    """Below the axes, where it covers no data."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    root = ax.get_figure(root=True)
    lines = max((label.get_text().count("\n") + 1 for label in ax.get_xticklabels()), default=0)
    drop = 0.14 + 0.18 * lines + (0.2 if ax.get_xlabel() else 0)  # inches
    room = ax.get_window_extent().width / root.dpi + 0.5
    fits = max(1, int(room / (0.6 + 0.085 * max(len(label) for label in labels))))
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=ax.transAxes + ScaledTranslation(0, -drop, root.dpi_scale_trans),
        borderaxespad=0,
        ncols=math.ceil(len(handles) / math.ceil(len(handles) / fits)),
        columnspacing=1.2,
        handletextpad=0.5,
        markerscale=1.6 if ax.collections else 1,
    )


def _show():
    if plt.get_backend().lower() != "agg":  # draws into files only: nothing to show
        plt.show()


def _colorbar(ax, image, label):
    return ax.get_figure(root=True).colorbar(image, cax=ax.inset_axes([1.04, 0, 0.05, 1]), label=label)


def _house_color(name):
    words = str(name or "").lower().replace(":", " ").replace(",", " ").split()
    return _HOUSE.get(words[0]) if words else None


def _numpy(values):
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if values.is_floating_point() else values).numpy()
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"Only real numbers can be drawn; got {values.dtype}.")
    return values


def _points(points, what):
    points = _numpy(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"{what} must be points of shape (N, 2); got shape {points.shape}.")
    return points


def _line(values, what, like=None):
    values = _numpy(values)
    if values.ndim != 1:
        raise ValueError(f"{what} must be a row of numbers, shape (T,); got shape {values.shape}.")
    if like is not None and len(values) != len(like):
        raise ValueError(f"{what} has {len(values)} values for {len(like)} places on the x axis.")
    return values


def _pictures(images):
    images = _numpy(images)
    shape = images.shape
    side = math.isqrt(shape[1]) if images.ndim == 2 else 0
    if images.ndim == 4 and shape[1] == 1:
        images = images[:, 0]
    elif images.ndim == 4 and shape[1] == 3:
        images = images.transpose(0, 2, 3, 1)
    elif images.ndim == 2 and side * side == shape[1]:
        images = images.reshape(-1, side, side)
    elif images.ndim != 3:
        raise ValueError(f"images must have shape (N, 1, H, W), (N, 3, H, W), (N, H, W) or (N, H·H); got {shape}.")
    if len(images) == 0:
        raise ValueError("There are no images to draw: N is 0.")
    if np.nanmax(np.abs(images)) > 10:
        raise ValueError(
            f"images must lie between -1 and 1; the largest value is {np.nanmax(images):g}. For pixels 0 … 255: "
            "pixels / 127.5 - 1."
        )
    return np.clip(images.astype(np.float32), -1, 1)


def _columns(count, rows, labelled):
    if rows is not None:
        return math.ceil(count / Whole(1).check(rows, "rows"))
    return min(10, count if labelled or count <= 5 else math.ceil(math.sqrt(count)))


def _mosaic(images, columns, gap=_GAP):
    count, height, width, *channels = images.shape
    rows = math.ceil(count / columns)
    size = (rows * (height + gap) - gap, columns * (width + gap) - gap, *channels)
    mosaic = np.full(size, np.nan, np.float32)
    for number, image in enumerate(images):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        mosaic[top : top + height, left : left + width] = image
    return mosaic


def _lattice(extent, resolution):
    """The points of a square lattice, row by row from below: (resolution², 2)."""
    import torch

    extent = Number(0, above=True).check(extent, "extent")
    axis = torch.linspace(-extent, extent, Whole(2).check(resolution, "resolution"))
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x.reshape(-1), y.reshape(-1)], dim=1)


def _placed(extent):
    return {"extent": (-extent, extent, -extent, extent), "origin": "lower", "aspect": "equal"}


def _density(distribution, resolution):
    density = _numpy(distribution.density(_lattice(distribution.extent, resolution)))
    return density.reshape(resolution, resolution)


def _draw_points(ax, real, fake, edges=False):
    extra = {"linewidths": 0.4, "edgecolors": "white", "alpha": 1} if edges else {}
    for points, style, name in ((real, _REAL_POINTS, "real"), (fake, _FAKE_POINTS, "generated")):
        if points is not None:
            points = _points(points, name)
            shown = points[:: math.ceil(len(points) / _MOST_POINTS) or 1]
            ax.scatter(*shown.T, label=name, **{**style, **extra})


def _columns_of(history, *names):
    columns = getattr(history, "columns", history)
    missing = [name for name in ("step", *names) if name not in columns]
    if missing:
        there = ", ".join(columns) or "nothing: train at least one step first"
        raise ValueError(f"The history lacks {', '.join(missing)}; it holds {there}.")
    return columns


def _draw_seeds(ax, steps, values, label, color, marker):
    steps, values = _line(steps, "steps"), _numpy(values)
    if values.ndim not in (1, 2) or len(values) != len(steps):
        raise ValueError(
            f"values must have shape (T,) or (T, S) with T = {len(steps)}, as many as steps; got {values.shape}."
        )
    if len(steps) == 0:
        raise ValueError("There is nothing to draw yet: train at least one step first.")
    block = math.ceil(len(steps) / _MOST_STEPS)
    steps, values = _block_means(steps, block), _block_means(values, block)
    middle = values
    if values.ndim == 2:
        ax.plot(steps, values, color=color, alpha=0.35, linewidth=0.8)
        middle = _quietly(np.nanmedian, values)
    every = max(1, len(steps) // 8)
    marks = {"marker": marker, "markevery": (every // 2, every), "markersize": 7, "markeredgecolor": "white"}
    ax.plot(steps, middle, color=color, label=label, **marks)
    return (f"median of {values.shape[1]} seeds" if values.ndim == 2 and values.shape[1] > 1 else None), block


def _folded(name, width):
    """The name in lines of at most `width` letters; a name that has line breaks keeps those."""
    return name if "\n" in name else textwrap.fill(name, width)


def _explain_seeds(ax, drawn):
    """What thick and thin mean, once for all that `_draw_seeds` has drawn; gives the x axis its name."""
    for words in sorted({words for words, _ in drawn if words}):
        ax.plot([], [], color="0.45", linewidth=3, label=f"thick: {words}")
    block = max(block for _, block in drawn)
    return "step" if block == 1 else f"step (each point: mean of {block})"


def _block_means(values, block):
    """Means of `block` consecutive values along the first axis; the rest that fills no block has a mean of its own."""
    if block == 1:
        return values
    parts = np.array_split(values.astype(float), range(block, len(values), block))
    return np.stack([_quietly(np.nanmean, part, axis=0) for part in parts])


def _quietly(function, values, axis=1):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where every value is NaN the line has a gap
        return function(values, axis=axis)


def _reference(ax, height, text, where, label=None):
    ax.axhline(height, label=label, **_DASHES)
    ax.text(1.01, height, text, transform=ax.get_yaxis_transform(), va=where, ha="left")
