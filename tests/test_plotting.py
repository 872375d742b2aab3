import base64
import io
import math
import warnings
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import matplotlib.legend
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb
from nbclient import NotebookClient
from PIL import Image
from torch import nn

from gan_edu import plotting
from gan_edu.data import ImageSet

ROOT = Path(__file__).parents[1]
STEPS = np.arange(1, 101)


@pytest.fixture(autouse=True)
def style():
    backend = matplotlib.get_backend()
    plt.switch_backend("agg")
    with matplotlib.rc_context():
        plotting.use_style()
        yield
    plt.close("all")
    plt.switch_backend(backend)


def ring():
    """Stands in for a toy distribution: a density in the square of half-width 3."""
    return SimpleNamespace(extent=3.0, density=lambda x: torch.exp(-4 * (x.norm(dim=-1) - 2).square()))


def points(count=300, seed=0):
    angle = torch.rand(count, generator=torch.Generator().manual_seed(seed)) * 2 * math.pi
    return 2 * torch.stack([angle.cos(), angle.sin()], dim=1)


def history(seeds=None):
    shape = (len(STEPS),) if seeds is None else (len(STEPS), seeds)
    noise = 0.5 + 0.05 * np.random.default_rng(0).normal(size=(4, *shape))
    names = ("loss_d", "loss_g", "d_real", "d_fake")
    return SimpleNamespace(columns={"step": STEPS} | dict(zip(names, noise, strict=True)))


def digits(count=12):
    return torch.linspace(-1, 1, count * 784).reshape(count, 1, 28, 28)


PICTURES = {
    "image_grid": lambda **on: plotting.image_grid(digits(64), title="Digits", **on),
    "image_grid of blocks": lambda **on: plotting.image_grid({"real": digits(), "a long name for it": digits(7)}, **on),
    "scatter_2d": lambda **on: plotting.scatter_2d(points(), points(seed=1), title="Ring", **on),
    "density_2d": lambda **on: plotting.density_2d(ring(), **on),
    "surface_2d": lambda **on: plotting.surface_2d(lambda x: x[:, :1], 3.0, points(), points(seed=1), **on),
    "curves": lambda **on: plotting.curves(
        torch.arange(5.0), {"saturating": torch.ones(5), "theory": torch.zeros(5)}, "logit", "slope", **on
    ),
    "loss_curves": lambda **on: plotting.loss_curves(history(8), **on),
    "loss_curves of one": lambda **on: plotting.loss_curves(history(), **on),
    "score_curves": lambda **on: plotting.score_curves(history(8), **on),
    "seeds_over_time": lambda **on: plotting.seeds_over_time(
        STEPS, np.ones((100, 8)), "modes", label="captured", reference=(8, "8 modes"), **on
    ),
    "bars_with_floor": lambda **on: plotting.bars_with_floor(
        {"a": [1, 2, 3], "a much longer name than that": [2.0], "c": torch.ones(8), "d": [0]},
        "distance", floor=0.5, baseline=2, **on,
    ),
}  # fmt: skip


# --- what holds for all


def test_no_warning_depends_on_how_fast_the_machine_is(monkeypatch):
    """Finding a legend's best place takes more than a second on a busy one, and matplotlib warns of that."""
    hours = iter(range(0, 10**6, 3600))
    _, ax = plt.subplots()
    ax.plot(STEPS, STEPS, label="a line")
    ax.legend()
    monkeypatch.setattr(matplotlib.legend.time, "perf_counter", lambda: next(hours))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="can be slow"):
            ax.figure.canvas.draw()
        plotting.use_style()
        ax.figure.canvas.draw()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_shown_and_give_nothing(name):
    assert PICTURES[name]() is None
    check_page(plt.gcf())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_drawn_where_one_wants(name):
    figure = plotting.figure()
    ax = figure.subplots()
    assert PICTURES[name](ax=ax) is ax
    assert not plt.get_fignums()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [1, 3, 8])
def test_small_multiples(count):
    samples = torch.stack([points(seed=seed) for seed in range(count)])
    assert plotting.small_multiples_2d(samples, ring()) is None
    figure = plt.gcf()
    check_page(figure)
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == [f"seed {seed}" for seed in range(count)]
    assert [text.get_text() for text in figure.legends[0].texts] == ["real density", "generated"]
    own = plotting.figure()
    assert plotting.small_multiples_2d(list(samples), ring(), titles=range(count), figure=own) is own


def check_page(figure):
    """Readable on a projector: not too wide, no small letters, nothing outside, no words on words; and a small file."""
    data = plotting.png(figure)
    figure.canvas.draw()  # afterwards: saving moves some texts
    assert Image.open(io.BytesIO(data)).width <= 7 * figure.dpi
    assert len(data) < 60_000
    renderer = figure.canvas.get_renderer()
    texts = [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text().strip()]
    boxes = {}
    for text in texts:
        axes = text.axes
        if axes is not None and (not axes.get_visible() or not axes.axison):
            continue
        assert text.get_fontsize() >= 11, text
        boxes[text] = text.get_window_extent(renderer)
    page = figure.bbox
    ticks = {tick for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for tick in hidden_ticks(axis)}
    boxes = {text: box for text, box in boxes.items() if text not in ticks}
    for text, box in boxes.items():
        assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1, f"{text} sticks out"
        assert page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1, f"{text} sticks out"
    listed = list(boxes.items())
    for number, (text, box) in enumerate(listed):
        for other, other_box in listed[number + 1 :]:
            assert not overlap(box, other_box), f"{text} lies on {other}"


def hidden_ticks(axis):
    """Labels of ticks beyond the axis limits: they exist, and are not drawn."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-6 * (high - low)
    for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
        if not low - slack <= tick.get_loc() <= high + slack:
            yield from (tick.label1, tick.label2)


def overlap(a, b):
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1


@pytest.mark.parametrize("name", [name for name in PICTURES if not name.startswith("image_grid")])
def test_axes_are_named_and_colours_explained(name):
    PICTURES[name]()
    ax = plt.gcf().axes[0]
    assert ax.get_ylabel() and (ax.get_xlabel() or name == "bars_with_floor")
    if name == "density_2d":
        assert any("density" in text.get_text() for text in plt.gcf().findobj(matplotlib.text.Text))
    else:
        assert ax.get_legend() is not None


def legend_of(ax):
    return {
        text.get_text(): handle
        for text, handle in zip(ax.get_legend().texts, ax.get_legend().legend_handles, strict=True)
    }


# --- colours and shapes


def test_the_house_colours():
    assert (plotting.REAL, plotting.FAKE, plotting.DISC) == ("#0072B2", "#D55E00", "#009E73")
    assert to_hex(plotting.D_CMAP(0.0)).upper() == plotting.FAKE
    assert to_hex(plotting.D_CMAP(1.0)).upper() == plotting.REAL
    assert min(plotting.D_CMAP(0.5)[:3]) > 0.98
    assert matplotlib.rcParams["figure.facecolor"] == "white" and not matplotlib.rcParams["axes.spines.top"]


def test_real_and_generated_differ_in_colour_and_shape():
    plotting.scatter_2d(points(), points(seed=1))
    real, fake = plt.gca().collections
    assert (real.get_label(), fake.get_label()) == ("real", "generated")
    np.testing.assert_allclose(real.get_facecolor()[0, :3], to_rgb(plotting.REAL))
    np.testing.assert_allclose(fake.get_facecolor()[0, :3], to_rgb(plotting.FAKE))
    assert real.get_paths()[0].vertices.shape != fake.get_paths()[0].vertices.shape
    assert len(real.get_offsets()) == 300


def test_many_points_are_thinned():
    plotting.scatter_2d(np.zeros((50_000, 2)))
    assert 1000 <= len(plt.gca().collections[0].get_offsets()) <= 2000


def test_loss_curves_draw_both_equilibrium_values():
    plotting.loss_curves(history(8))
    ax = plt.gca()
    dashed = [line for line in ax.lines if to_hex(line.get_color()) == "#000000"]
    assert sorted(line.get_ydata()[0] for line in dashed) == pytest.approx([math.log(2), 2 * math.log(2)])
    assert all(line.get_linestyle() != "-" for line in dashed)
    assert {text.get_text() for text in ax.texts} == {"ln 2 (G)", "2 ln 2 (D)"}
    shown = legend_of(ax)
    assert set(shown) == {"discriminator", "generator", "thick: median of 8 seeds", "where D says ½"}
    assert to_hex(shown["discriminator"].get_color()).upper() == plotting.DISC
    assert to_hex(shown["generator"].get_color()).upper() == plotting.FAKE
    assert shown["discriminator"].get_marker() != shown["generator"].get_marker()


def test_references_can_be_left_out():
    plotting.loss_curves(history(), references=False)
    assert not plt.gca().texts and set(legend_of(plt.gca())) == {"discriminator", "generator"}


def test_seeds_are_thin_and_their_median_is_thick():
    values = np.random.default_rng(0).normal(size=(100, 5))
    values[3] = np.nan
    plotting.seeds_over_time(STEPS, values, "modes", label="captured")
    lines = plt.gca().lines
    thin, thick = lines[:5], lines[5]
    assert all(line.get_linewidth() < 1 for line in thin) and thick.get_linewidth() >= 2
    np.testing.assert_allclose(thick.get_ydata(), np.median(values, axis=1))
    assert plt.gca().get_xlabel() == "step"


def test_long_runs_are_drawn_as_means_and_say_so():
    steps = np.arange(1000)
    plotting.seeds_over_time(steps, np.stack([steps, steps], axis=1), "x")
    line = plt.gca().lines[0]
    np.testing.assert_allclose(line.get_xdata(), np.arange(250) * 4 + 1.5)
    np.testing.assert_allclose(line.get_ydata(), line.get_xdata())
    assert plt.gca().get_xlabel() == "step (each point: mean of 4)"
    plt.close("all")
    plotting.seeds_over_time(np.arange(1001), np.arange(1001), "x")
    assert plt.gca().lines[0].get_ydata()[-1] == 1000


def test_curves_know_the_house_names():
    x = np.arange(3.0)
    plotting.curves(
        x, {"real data": x, "generated": x, "theory: x": x, "sum": x, "mine": x}, "x", "y", colors={"mine": "red"}
    )
    colors = {name: to_hex(line.get_color()).upper() for name, line in legend_of(plt.gca()).items()}
    assert colors["real data"] == plotting.REAL and colors["generated"] == plotting.FAKE
    assert colors["theory: x"] == "#000000" and colors["mine"] == "#FF0000"
    assert colors["sum"] in plotting.NEUTRAL
    dashes = [line._dash_pattern for line in plt.gca().lines]
    assert dashes[2][1] is not None and all(other != dashes[2] for other in dashes[:2] + dashes[3:])


def test_bars_show_each_seed_the_median_and_the_floor():
    plotting.bars_with_floor({"a": [3.0, 1.0, 8.0], "b": [5.0]}, "FD", floor=0.25, baseline=4)
    ax = plt.gca()
    assert sorted(ax.collections[0].get_offsets()[:, 1]) == [1, 3, 8]
    assert set(legend_of(ax)) == {"one seed", "median", "floor: 0.25", "baseline: 4"}
    assert [line.get_ydata()[0] for line in ax.lines] == [3, 5, 0.25, 4]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]


def test_surface_shows_what_the_discriminator_says():
    class Right(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(100.0))

        def forward(self, x):
            assert not torch.is_grad_enabled()
            return self.scale * x[:, :1]

    plotting.surface_2d(Right(), 2.0)
    ax = plt.gca()
    picture = ax.images[0].get_array()
    assert ax.images[0].get_cmap() is plotting.D_CMAP and ax.images[0].get_clim() == (0, 1)
    assert picture[:, 60:].min() > 0.99 and picture[:, :40].max() < 0.01  # x to the right
    line = ax.collections[0].get_paths()[0].vertices
    assert np.abs(line[:, 0]).max() < 0.05 and to_hex(ax.collections[0].get_edgecolor()[0]).upper() == plotting.DISC
    assert "D(x) = ½" in legend_of(ax)


def test_surface_up_is_up():
    plotting.surface_2d(lambda x: 100 * x[:, 1], 2.0)
    image = plt.gca().images[0]
    assert image.origin == "lower" and image.get_array()[60:].min() > 0.99


@pytest.mark.filterwarnings("error")
def test_a_discriminator_that_says_the_same_everywhere_has_no_line():
    plotting.surface_2d(lambda x: x[:, 0] * 0 + 1, 2.0)
    assert not plt.gca().collections and plt.gca().get_legend() is None


def test_density_is_placed_where_it_is():
    narrow = SimpleNamespace(extent=3.0, density=lambda x: torch.exp(-((x - torch.tensor([2.0, 1.0])) ** 2).sum(-1)))
    plotting.density_2d(narrow)
    picture = plt.gca().images[0].get_array()
    row, column = np.unravel_index(picture.argmax(), picture.shape)
    assert column / (picture.shape[1] - 1) * 6 - 3 == pytest.approx(2, abs=0.05)
    assert row / (picture.shape[0] - 1) * 6 - 3 == pytest.approx(1, abs=0.05)


# --- images


def grid_array():
    return plt.gca().images[0].get_array()


@pytest.mark.parametrize("shape", [(12, 1, 28, 28), (12, 28, 28), (12, 784)])
def test_images_come_in_three_shapes(shape):
    plotting.image_grid(digits().reshape(shape), rows=3)
    grid = grid_array()
    assert grid.shape == (3 * 30 - 2, 4 * 30 - 2)
    seventh = grid[30:58, 60:88]  # row 1, column 2
    np.testing.assert_allclose(seventh, digits()[6, 0], atol=1 / 31 + 1e-6)  # half the step between two of 32 greys
    assert plt.gca().images[0].get_clim() == (-1, 1)
    assert len(np.unique(grid.compressed())) == 32 and grid.min() == -1 and grid.max() == 1


def test_blocks_are_labelled_rows():
    plotting.image_grid({"real": digits(10), "VAE": digits(4)})
    ax = plt.gca()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["real", "VAE"]
    assert ax.get_yticks().tolist() == [13.5, 45.5]
    assert grid_array().shape == (28 + 4 + 28, 10 * 30 - 2)
    assert np.ma.getmaskarray(grid_array())[40, -1]  # the shorter row ends in nothing


def test_images_in_colour_keep_it():
    red = torch.tensor([1.0, -1, -1]).reshape(1, 3, 1, 1).expand(3, 3, 4, 4)
    plotting.image_grid({"red": red, "blue": red.flip(1)[:2]})
    grid = grid_array()
    assert grid.shape == (4 + 4 + 4, 3 * 6 - 2, 3)
    assert grid[0, 0].tolist() == [1, 0, 0] and grid[-1, 0].tolist() == [0, 0, 1]
    assert grid[-1, -1].tolist() == grid[5, 0].tolist() == [1, 1, 1]  # what is no picture is white


def image_set(counts, channels=3, classes=None):
    labels = torch.cat([torch.full((count,), k) for k, count in enumerate(counts)])
    pixels = torch.arange(len(labels)).reshape(-1, 1, 1, 1).expand(-1, channels, 4, 4).to(torch.uint8)
    return ImageSet("mine/", "all", pixels, labels, classes or tuple(f"class {k}" for k in range(len(counts))))


def test_a_contact_sheet_shows_each_class_from_its_first_to_its_last():
    plotting.contact_sheet(image_set([30, 0, 4, 1]), columns=3)
    ax = plt.gca()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["class 0", "class 2", "class 3"]
    assert ax.get_title() == "7 of 35 in mine/"
    grid = grid_array()
    assert grid.shape == (3 * 4 + 2 * 4, 3 * 6 - 2, 3)
    level = [round(round(15.5 * 2 * k / 255) / 31, 6) for k in (0, 14, 29)]  # of 32
    np.testing.assert_allclose(grid[0, ::6, 0], level, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_contact_sheet_of_one_class_and_of_many(channels):
    plotting.contact_sheet(image_set([7], channels), columns=3)
    assert grid_array().shape[:2] == (3 * 6 - 2, 3 * 6 - 2) and plt.gca().get_title() == "7 of 7 in mine/"
    plotting.contact_sheet(image_set([2] * 40, channels), ax=plt.figure().add_subplot())
    assert plt.gca().get_title() == "24 of 80 in mine/, of 40 classes" and len(plt.gca().get_yticklabels()) == 12
    plotting.contact_sheet(image_set([2, 2], channels, classes=("a", "a")))
    assert [label.get_text() for label in plt.gca().get_yticklabels()] == ["a", "a (1)"]


def test_outputs_of_a_net_may_overshoot_a_little():
    plotting.image_grid(torch.full((1, 2, 2), 1.5, requires_grad=True))
    assert grid_array().max() == 1


# --- what is refused


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plotting.image_grid(torch.zeros(28, 28)), r"\(N, 1, H, W\).*got \(28, 28\)"),
        (lambda: plotting.image_grid(torch.zeros(2, 2, 4, 4)), r"got \(2, 2, 4, 4\)"),
        (lambda: plotting.image_grid(torch.zeros(0, 28, 28)), "no images"),
        (lambda: plotting.image_grid(torch.full((2, 4, 4), 255, dtype=torch.uint8)), r"pixels / 127.5 - 1"),
        (lambda: plotting.image_grid({"a": torch.zeros(2, 4, 4), "b": torch.zeros(2, 5, 5)}), "one size"),
        (lambda: plotting.image_grid({}), "one size"),
        (lambda: plotting.scatter_2d(torch.zeros(3)), r"real must be points of shape \(N, 2\); got shape \(3,\)"),
        (lambda: plotting.scatter_2d(None, torch.zeros(3, 3)), r"generated must be points"),
        (lambda: plotting.surface_2d(lambda x: x, 2.0), r"one logit for each point.*\(20000|10000, 2\)"),
        (lambda: plotting.small_multiples_2d(torch.zeros(2, 5, 2), ring(), titles=["a"]), "1 titles for 2 seeds"),
        (lambda: plotting.small_multiples_2d([], ring()), "0 seeds"),
        (lambda: plotting.curves(np.arange(3), {"a": np.arange(4)}, "x", "y"), "'a' has 4 values for 3 places"),
        (lambda: plotting.curves(np.zeros((3, 2)), {}, "x", "y"), r"x must be a row of numbers.*\(3, 2\)"),
        (lambda: plotting.loss_curves({"step": [1]}), "lacks loss_d, loss_g; it holds step"),
        (lambda: plotting.score_curves({}), "train at least one step"),
        (lambda: plotting.seeds_over_time(STEPS, np.zeros((8, 100)), "y"), r"T = 100.*got \(8, 100\)"),
        (lambda: plotting.bars_with_floor({}, "y"), "at least one number"),
        (lambda: plotting.bars_with_floor({"a": []}, "y"), "at least one number"),
    ],
)
def test_wrong_shapes_raise_one_clear_sentence(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()
    assert not plt.get_fignums(), "an empty figure is left"


# --- live


class Clock:
    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(plotting, "_clock", lambda: self.now)

    def picture(self, takes, log):
        def draw():
            self.now += takes
            log.append(self.now)
            return plotting.figure(1, 1)

        return draw


def test_live_keeps_its_rate(monkeypatch):
    clock, log = Clock(monkeypatch), []
    with plotting.Live(rate=2) as live:
        for _ in range(1000):
            live.draw(clock.picture(0.0, log))
            clock.now += 0.01
    assert 20 <= len(log) <= 22  # ten seconds, twice a second, and the last


@pytest.mark.parametrize("share", [0.2, 0.05])
def test_live_spends_little_of_the_time(monkeypatch, share):
    clock, log = Clock(monkeypatch), []
    live, start = plotting.Live(rate=100, share=share), clock.now
    for _ in range(1000):
        live.draw(clock.picture(0.3, log))
        clock.now += 0.01
    assert len(log) > 1 and 0.3 * (len(log) - 1) <= share * (clock.now - start)


def test_live_always_draws_the_last(monkeypatch):
    clock, log = Clock(monkeypatch), []
    with plotting.Live() as live:
        assert live.draw(clock.picture(1.0, log)) is True
        assert live.draw(clock.picture(1.0, log)) is False and live.draw(clock.picture(1.0, log)) is False
        assert len(log) == 1
    assert len(log) == 2
    live.finish()
    assert len(log) == 2
    assert live.png.startswith(b"\x89PNG")


def test_live_draws_the_last_when_stopped_but_not_after_an_error(monkeypatch):
    for error, count in ((KeyboardInterrupt, 2), (ValueError, 1)):
        clock, log = Clock(monkeypatch), []
        with pytest.raises(error), plotting.Live() as live:
            live.draw(clock.picture(1.0, log))
            live.draw(clock.picture(1.0, log))
            raise error
        assert len(log) == count


def test_live_takes_figures_and_nothing_else():
    live = plotting.Live()
    assert live.draw(plotting.figure()) and not plt.get_fignums()
    with pytest.raises(TypeError, match="got NoneType"):
        plotting.Live().draw(lambda: None)


CELLS = [
    "from gan_edu import plotting\nplotting.use_style()\nimport numpy as np",
    "plotting.curves(np.arange(3.0), {'a': np.arange(3.0)}, 'x', 'y')",
    "with plotting.Live(rate=1000, share=1) as live:\n"
    "    for width in (1, 2, 3):\n"
    "        live.draw(plotting.figure(width, 1))",
]


def test_in_a_notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    style, shown, live = (cell.outputs for cell in notebook.cells)
    assert style == []
    # One picture, and no value of the cell beside it; with the palette that keeps notebooks small.
    assert [(part.output_type, sorted(part.data)) for part in shown] == [("display_data", ["image/png", "text/plain"])]
    assert shown[0].data["text/plain"].startswith("<Figure size")
    assert Image.open(io.BytesIO(base64.b64decode(shown[0].data["image/png"]))).mode == "P"
    # Three drawings in one place, a picture without words; the last one stays.
    assert [(part.output_type, sorted(part.data)) for part in live] == [("display_data", ["image/png"])]
    picture = Image.open(io.BytesIO(base64.b64decode(live[0].data["image/png"])))
    assert picture.mode == "P"


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plotting.image_grid(torch.zeros(4, 8, 8), rows=0), "rows must be a whole number from 1; got 0"),
        (lambda: plotting.image_grid(torch.zeros(4, 8, 8), rows=1.5), "rows must be a whole number"),
        (lambda: plotting.image_grid(torch.zeros(4, 8, 8) + 1j), "Only real numbers can be drawn; got complex64"),
        (lambda: plotting.Live(rate=0), "rate must be a number above 0; got 0"),
        (lambda: plotting.Live(share=-1), "share must be a number above 0"),
        (lambda: plotting.loss_curves({"step": [], "loss_d": [], "loss_g": []}), "nothing to draw yet"),
        (lambda: plotting.score_curves({"step": [], "d_real": [], "d_fake": []}), "nothing to draw yet"),
        (lambda: plotting.seeds_over_time([], [], "y"), "nothing to draw yet"),
        (lambda: plotting.seeds_over_time([1], {}, "y"), "at least one run"),
        (lambda: plotting.seeds_over_time([1], ["a"], "y"), "Only real numbers"),
        (lambda: plotting.density_2d(ring(), resolution=0), "resolution must be a whole number from 2; got 0"),
        (lambda: plotting.surface_2d(lambda x: x[:, 0], 0), "extent must be a number above 0; got 0"),
        (lambda: plotting.contact_sheet(torch.zeros(2, 3, 4, 4)), "needs an ImageSet, .*got Tensor"),
        (lambda: plotting.contact_sheet(image_set([3]), columns=0), "columns must be a whole number from 1; got 0"),
    ],
)
def test_what_can_not_be_drawn_is_said_in_one_sentence(draw, words):
    with pytest.raises((TypeError, ValueError), match=words) as caught:
        draw()
    assert "\n" not in str(caught.value) and not plt.get_fignums()
