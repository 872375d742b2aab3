"""The game on the site's first page: it plays the same game as gan_edu, and does what its buttons say."""

import math

import numpy as np
import pytest
import torch
from site_harness import Visit, served

from gan_edu import metrics, nets, objectives
from gan_edu.data import toy
from gan_edu.plane_look import PlaneLook
from gan_edu.training import GAN
from gan_edu.widgets import discriminator_surface
from tools import make_site

BATCH, STEPS = 128, 60
ENGINE = (make_site.ROOT / "sources/site/game/engine.js").read_text(encoding="utf-8")
SESSION = (make_site.ROOT / "sources/site/game/session.js").read_text(encoding="utf-8")
STYLE = (make_site.ROOT / "sources/site/static/site.css").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def engine(browser):
    """A page that holds the engine: engine(expression, argument) → its value."""
    page = browser.new_page()
    page.add_script_tag(content=f"{ENGINE}\n{SESSION}\nconst engine = ganEngine(), {{ Session }} = ganSession(engine);")
    yield page.evaluate
    page.close()


# ---- the same game -----------------------------------------------------------------------------------------------


class Told(GAN):
    """A GAN whose noise, and whose places between real and generated samples, are given."""

    def noise(self, n, training=False):
        return next(self.noises)

    def draw(self, make, training=True):
        return next(self.places)


PLAY = """({ settings, weights, real, noise, between, steps, players }) => {
  const game = new engine.Game({ ...engine.DEFAULTS, ...settings }, engine.DATA.ring());
  game.G.weights.set(weights[0]); game.D.weights.set(weights[1]);
  game.real = () => Float64Array.from(real.shift());
  game.noise = () => Float64Array.from(noise.shift());
  game.between = () => Float64Array.from(between.shift());
  const losses = [];
  for (let i = 0; i < steps; i++) {
    game.step(players[i % players.length]); losses.push([game.values.loss_d, game.values.loss_g]);
  }
  return { weights: [[...game.G.weights], [...game.D.weights]], losses };
}"""


def both(engine, dtype=torch.float32, steps=STEPS, players=("both",), **settings):
    """The same training here and in the browser: weights and losses of both, as arrays. players: who moves, in turn."""
    s = {"loss": "non_saturating", "penalty": "none", "penalty_weight": 1.0, "lr_g": 1e-3, "lr_d": 1e-3} | settings
    s = {"discriminator_steps": 1, "hidden": 32, "layers": 2} | s
    middle, updates = [s["hidden"]] * s["layers"], steps * s["discriminator_steps"]
    g = torch.Generator().manual_seed(7)
    torch.manual_seed(3)
    pair = [nets.mlp([2, *middle, outputs], activation="tanh").to(dtype) for outputs in (2, 1)]
    real = [toy.make("ring").sample(BATCH, g).to(dtype) for _ in range(updates)]
    noise = [torch.randn(BATCH, 2, generator=g, dtype=dtype) for _ in range(updates)]
    between = [torch.rand(BATCH, generator=g, dtype=dtype) for _ in range(updates)]
    weights = [torch.nn.utils.parameters_to_vector(net.parameters()).tolist() for net in pair]
    gan = Told(
        *pair,
        loss=s["loss"],
        penalties=dict.fromkeys(objectives.PENALTY_SETS[s["penalty"]], s["penalty_weight"]),
        lr=(s["lr_g"], s["lr_d"]),
        discriminator_steps=s["discriminator_steps"],
        device="cpu",
        sure=True,
    )
    gan.noises, gan.places, reals = iter(noise), iter(between), iter(real)
    losses = []
    for step in range(steps):
        player, values = players[step % len(players)], {}
        if player == "generator":
            values = gan.step_generator(next(reals))
        else:
            last, fake, values = gan.step_discriminator(lambda: next(reals))
            values |= gan.step_generator(last, fake) if player == "both" else {}
        losses.append([float(values.get(name, math.nan)) for name in ("loss_d", "loss_g")])
    listed = {name: [one.flatten().tolist() for one in given] for name, given in
              (("real", real), ("noise", noise), ("between", between))}  # fmt: skip
    there = engine(PLAY, {"settings": s, "weights": weights, "steps": steps, "players": players} | listed)
    here = [torch.nn.utils.parameters_to_vector(net.parameters()).tolist() for net in pair]
    assert not np.allclose(here[0], weights[0], atol=1e-3) and not np.allclose(here[1], weights[1], atol=1e-3)
    return [np.concatenate(one) for one in (here, there["weights"])], [
        np.array(losses),
        np.array(there["losses"], dtype=float),
    ]


GAMES = [{"loss": name} for name in objectives.LOSSES]
GAMES += [{"penalty": name, "penalty_weight": 0.7} for name in objectives.PENALTY_MENU if name != "none"]
GAMES += [{"loss": "wasserstein", "penalty": "gradient penalty", "discriminator_steps": 3, "lr_d": 3e-3}]
GAMES += [{"layers": 0}, {"layers": 1, "hidden": 5, "penalty": "r1"}, {"layers": 4, "hidden": 10, "penalty": "r1 + r2"}]


@pytest.mark.parametrize("settings", GAMES, ids=lambda s: ", ".join(map(str, s.values())))
def test_the_page_plays_the_same_game_as_the_library(engine, settings):
    weights, losses = both(engine, **settings)
    if settings.get("loss") == "relativistic":  # it only sees differences, so that D's last bias follows the rounding
        weights = [each[:-1] for each in weights]
    np.testing.assert_allclose(*weights, atol=1e-4)
    np.testing.assert_allclose(*losses, atol=1e-4)


def test_in_double_precision_the_two_agree_far_longer(engine):
    weights, losses = both(engine, torch.float64, steps=300, penalty="gradient penalty")
    np.testing.assert_allclose(*weights, atol=1e-8)
    np.testing.assert_allclose(*losses, atol=1e-8)


@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
def test_a_player_alone_moves_as_in_the_library(engine, loss):
    players = ("both", "generator", "discriminator", "discriminator", "generator")
    weights, losses = both(engine, torch.float64, steps=40, players=players, loss=loss)
    np.testing.assert_allclose(*[each[:-1] for each in weights], atol=1e-8)
    np.testing.assert_allclose(*losses, atol=1e-8)


LOOK = """(loss) => {
  const game = new engine.Game({ ...engine.DEFAULTS, loss }, engine.DATA.ring());
  for (let i = 0; i < 200; i++) game.step();
  const { values, arrays } = game.look(), listed = {};
  for (const name in arrays) listed[name] = [...arrays[name]];
  return { values, arrays: listed, weights: [[...game.G.weights], [...game.D.weights]],
    noise: [...new engine.Random(0, 5).normals(2000)], real: [...game.plane.sample(500, new engine.Random(0, 4))] };
}"""


@pytest.mark.parametrize("loss", ["non_saturating", "relativistic"])
def test_a_picture_shows_what_the_librarys_shows(engine, loss):
    there = engine(LOOK, loss)
    pair = [nets.mlp([2, 32, 32, outputs], activation="tanh").double() for outputs in (2, 1)]
    for net, weights in zip(pair, there["weights"], strict=True):
        torch.nn.utils.vector_to_parameters(torch.tensor(weights, dtype=torch.float64), net.parameters())
    look = PlaneLook(toy.make("ring"), resolution=50)
    look.real = torch.tensor(there["real"], dtype=torch.float64).reshape(-1, 2)
    look._noise = lambda n, size: torch.tensor(there["noise"], dtype=torch.float64).reshape(n, size)
    values, arrays = look(GAN(*pair, loss=loss, device="cpu", sure=True))
    for name in ("accuracy", "pull", "modes", "high_quality"):
        assert there["values"][name] == pytest.approx(values[name], abs=1e-6), name
    for name, array in arrays.items():
        mine = array.flatten().astype(int)
        assert np.ptp(mine) > 20 and np.abs(np.array(there["arrays"][name]) - mine).max() <= 1, name


@pytest.mark.parametrize("name", [*toy.NAMES, "drawn"])
def test_the_data_are_those_of_the_library(engine, name):
    lines = [[[0.0, 0.0], [1.0, 0.5], [1.0, 0.5004], [1.5, -1.0]], [[-1.2, 1.0]]]
    known = toy.make(name) if name != "drawn" else toy.drawn([np.array(line) for line in lines], 0.1)
    drawn = f"engine.drawn({lines}, 0.1)" if name == "drawn" else f"engine.DATA.{name}()"
    there = engine(
        f"""() => {{ const plane = {drawn}, e = plane.extent, tick = (i) => (i + 0.5) / 50 * 2 * e - e;
        const density = Array.from({{ length: 2500 }}, (_, i) => plane.density(tick(i % 50), tick(Math.floor(i / 50))));
        const points = [...plane.sample(20000, new engine.Random(1))];
        return {{ extent: e, density, modes: plane.modes, points }}; }}"""
    )
    assert math.isclose(there["extent"], known.extent, rel_tol=1e-6)
    ticks = (torch.arange(50) + 0.5) / 50 * 2 * known.extent - known.extent
    density = known.density(torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)).flatten().numpy()
    np.testing.assert_allclose(there["density"], density, atol=2e-5 * density.max())
    assert (there["modes"] is None) == (known.modes is None)
    if known.modes is not None:
        np.testing.assert_allclose(there["modes"], known.modes, atol=1e-6)
    # points: as many in each sixteenth of the plane as the library's
    edges = np.linspace(-known.extent, known.extent, 5)
    theirs, ours = np.array(there["points"]).reshape(-1, 2), known.sample(20_000, 0).numpy()
    counts = [np.histogram2d(*points.T, bins=[edges, edges])[0] for points in (theirs, ours)]
    assert np.abs(counts[0] - counts[1]).max() < 5 * np.sqrt(2 * 20_000 * 0.25)
    assert np.abs(counts[0] - counts[1]).sum() < 0.05 * 20_000


def test_random_numbers_are_spread_as_they_should(engine):
    uniform, normal = engine(
        "() => { const r = new engine.Random(5); return [[...r.uniforms(40000)], [...r.normals(40000)]]; }"
    )
    assert 0 < min(uniform) and max(uniform) < 1 and abs(np.mean(uniform) - 0.5) < 0.01
    assert (
        abs(np.mean(normal)) < 0.02 and abs(np.std(normal) - 1) < 0.02 and abs(np.mean(np.power(normal, 4)) - 3) < 0.2
    )
    assert abs(np.corrcoef(uniform[:-1], uniform[1:])[0, 1]) < 0.02
    first = engine("() => [0, 1, 2].map((seed) => [...new engine.Random(seed).uniforms(3)])")
    assert first == engine("() => [0, 1, 2].map((seed) => [...new engine.Random(seed).uniforms(3)])")
    assert len({tuple(one) for one in first}) == 3


def test_a_game_begins_as_pytorchs_nets_and_draws_anew_each_time(engine):
    sizes, layers, drawn = engine(
        """() => { const game = new engine.Game({ ...engine.DEFAULTS, hidden: 100 }, engine.DATA.ring());
        const nets = [game.G, game.D], draw = () => ["real", "noise", "between"].map((name) => [...game[name](50)]);
        const layers = nets.flatMap((net) => net.layers.map(({ inputs, w, b }) => [inputs, [...w], [...b]]));
        return [nets.map((net) => net.sizes), layers, [draw(), draw()]]; }"""
    )
    assert sizes == [[2, 100, 100, 2], [2, 100, 100, 1]]
    for inputs, weights, biases in layers:
        both = np.abs([*weights, *biases]) * math.sqrt(inputs)
        assert both.max() <= 1 and abs(both.mean() - 0.5) < 2 / math.sqrt(len(both))
    seen = np.concatenate([np.concatenate(one) for one in drawn] + [weights for _, weights, _ in layers])
    assert len(np.unique(seen)) == len(seen)


def test_what_is_counted_is_what_the_library_counts(engine):
    points, found = engine(
        """() => { const game = new engine.Game(engine.DEFAULTS, engine.DATA.ring());
        const made = game.plane.sample(400, new engine.Random(2)).map((v, i) => v + 0.15 * Math.sin(i));
        return [[...made], game.coverage(made)]; }"""
    )
    known = metrics.mode_coverage(torch.tensor(points).reshape(-1, 2), toy.make("ring"))
    assert found == {"modes": int(known.captured), "high_quality": pytest.approx(float(known.high_quality), abs=1e-6)}
    assert 0.1 < found["high_quality"] < 0.95


# ---- what stands behind the buttons ------------------------------------------------------------------------------

HEARD = """const sent = [], session = new Session((message) => sent.push(message), () => clock);
  const state = (run = 0) => [...session.runs[run].game.G.weights].join();
  const said = () => sent.filter((one) => one.name === "message").at(-1)?.value;"""


def behind(engine, code):
    return engine(f"() => {{ let clock = 0; {HEARD} {code} }}")


def test_a_seed_gives_the_same_run_and_the_past_is_trained_again(engine):
    again, past = behind(
        engine,
        """const go = (n) => { for (let i = 0; i < n; i++) session.train("both"); };
        go(130); session.train("generator"); const there = state(); go(300); const end = state();
        const back = [...session.runs[0].rewind(131).G.weights].join() === there;
        session.hear({ kind: "reset" }); go(130); session.train("generator"); go(300);
        return [state() === end, back];""",
    )
    assert again and past


def test_the_past_is_trained_again_with_the_settings_and_players_of_then(engine):
    wrong, stride, few, alike = behind(
        engine,
        """const whole = (game) => [...game.G.weights, ...game.D.weights].join(), past = {};
        const go = (n, player = "both") => {
          for (let i = 0; i < n; i++) { session.train(player); past[run.game.number] = whole(run.game); }
        };
        session.hear({ kind: "choose", name: "hidden", value: 4 });
        const [run] = session.runs, looked = [120, 150, 151, 153, 200, 253, 254, 400, 454, 455, 475];
        go(150); session.hear({ kind: "choose", name: "lr_g", value: 0.01 }); go(3, "generator"); go(100);
        for (let i = 0; i < 60; i++) session.hear({ kind: "choose", name: "lr_d", value: 1e-3 + i * 1e-5 });
        session.hear({ kind: "choose", name: "penalty", value: "gradient penalty" });
        go(200); go(2, "discriminator"); go(20);
        const wrong = (one) => looked.filter((n) => n <= one.game.number && whole(one.rewind(n)) !== past[n]);
        const other = run.branch(460, session.settings);
        return [[wrong(run), wrong(other)], run.stride, run.snapshots.length, whole(other.game) === past[460]];""",
    )
    assert wrong == [[], []] and stride == 200 and few < 10 and alike


def test_a_step_that_is_gone_already_cannot_be_branched_from(engine):
    numbers = behind(
        engine,
        """for (let i = 0; i < 30; i++) session.train("both");
        session.hear({ kind: "reset" }); session.hear({ kind: "branch", step: 30 });
        return session.runs.map((run) => run.game.number);""",
    )
    assert numbers == [0, 0]


def test_a_drawing_stays_where_it_was_drawn(engine):
    extents, inside, parts = behind(
        engine,
        """const e = session.runs[0].game.plane.extent;
        const strokes = [[[0, 0], [0.1, 0]], [[9 * e, 0]], [[0, e / 2], [0, 3 * e], [0, -2 * e]]];
        session.hear({ kind: "draw", strokes });
        const { plane } = session.runs[0].game;
        session.hear({ kind: "draw", strokes: [[[0, 0]]] });
        const inside = plane.parts.flat().every((v) => Math.abs(v) <= e);
        return [[e, plane.extent, session.runs[0].game.plane.extent], inside, plane.parts.length];""",
    )
    assert len(set(extents)) == 1 and inside and parts == 2


def test_what_if_changes_the_right_run_alone(engine):
    seen = behind(
        engine,
        """for (let i = 0; i < 60; i++) session.train("both");
        session.hear({ kind: "branch", step: 20 });
        const start = session.runs.map((run) => run.game.number), same = state(0) === state(1);
        session.hear({ kind: "choose", name: "lr_g", value: 0.05 });
        for (let i = 0; i < 10; i++) session.train("both");
        const rates = session.runs.map((run) => run.game.settings.lr_g), parted = state(0) !== state(1);
        session.hear({ kind: "keep", run: 0 });
        return { start, same, rates, parted, left: session.runs.length, rate: session.settings.lr_g };""",
    )
    assert seen == {"start": [20, 20], "same": True, "rates": [1e-3, 0.05], "parted": True, "left": 1, "rate": 1e-3}
    assert (
        behind(
            engine, 'session.hear({ kind: "branch", step: 0 }); session.hear({ kind: "keep", run: 1 }); return said();'
        )
        == ""
    )


def test_a_step_in_slow_motion_is_a_step(engine):
    parts, same, number = behind(
        engine,
        """session.train("both"); session.train("both"); const two = state(); session.hear({ kind: "reset" });
        session.hear({ kind: "slow", on: true }); session.hear({ kind: "play" }); sent.length = 0;
        session.work(); session.work(); session.work(); session.work();
        const parts = sent.filter((one) => one.content?.phase).map((one) => one.content.phase.line);
        session.hear({ kind: "pause" }); session.hear({ kind: "step", player: "both" });
        return [parts, state() === two, session.runs[0].game.number];""",
    )
    assert parts == [0, 1, 2, 3] and same and number == 2


def test_frames_stay_few_and_hold_the_first_and_the_last(engine):
    most, steps, number, wanted = behind(
        engine,
        """let most = 0;
        const small = { step: 0 }, run = session.runs[0];
        run.game.look = function () { return { step: this.number, values: {}, arrays: {} }; };
        for (let i = 0; i < 5000; i++) { run.game.number++; run.capture(); most = Math.max(most, run.frames.length); }
        sent.length = 0; session.hear({ kind: "want", run: 0, steps: [0, 1] });
        return [most, run.frames.map((frame) => frame.step), run.game.number, sent.length];""",
    )
    assert most <= 301 and steps[0] == 0 and steps[-1] == number == 5000 and len(steps) > 100
    assert np.diff(steps[:-1]).max() <= 2 * np.diff(steps[:-1]).min() and wanted >= 1


@pytest.mark.parametrize(
    "message, said",
    [
        ({"kind": "choose", "name": "lr_g", "value": -1}, "learning rate must be a number from"),
        ({"kind": "choose", "name": "seed", "value": 1.5}, "seed must be a whole number"),
        ({"kind": "choose", "name": "hidden", "value": None}, "units of a layer must be a whole number"),
        ({"kind": "choose", "name": "data", "value": "faces"}, "no data faces"),
        ({"kind": "draw", "strokes": []}, "Nothing is drawn yet"),
    ],
)
def test_what_cannot_be_used_is_said_and_loses_nothing(engine, message, said):
    error, same = engine(
        f"""(message) => {{ let clock = 0; {HEARD} session.train("both"); const before = state(); let error = "";
        try {{ session.hear(message); }} catch (raised) {{ error = raised.message; }}
        return [error, state() === before && session.runs[0].game.number === 1]; }}""",
        message,
    )
    assert said in error and same


def test_a_training_that_diverges_stops_says_so_and_can_go_on(engine):
    said, playing, finite, number = behind(
        engine,
        """session.choose("loss", "wasserstein"); session.play(true);
        for (let i = 0; i < 20; i++) session.train("both");
        session.runs[0].game.G.weights[3] = NaN; session.runs[0].snapshots = session.runs[0].snapshots.slice(0, 2);
        session.train("both");
        const run = session.runs[0]; return [said(), session.playing, run.game.finite, run.game.number];""",
    )
    assert "diverged: in step 21" in said and not playing and finite and number == 20


@pytest.mark.parametrize("how", ["slow motion", "unseen", "alone"])
def test_a_divergence_leaves_no_trace_in_the_past(engine, how):
    first, steps, playing, exact, shown = behind(
        engine,
        f"""const how = "{how}", work = (n) => {{ for (let i = 0; i < n; i++) session.work(); }};
        for (let i = 0; i < 5; i++) session.train("both");
        session.show(); session.slow = how === "slow motion"; session.seen = false; sent.length = 0;
        if (how !== "alone") session.hear({{ kind: "play" }});
        if (session.slow) work(4);
        session.runs[0].game.G.weights[3] = NaN;
        how === "alone" ? session.hear({{ kind: "step", player: "generator" }}) : work(session.slow ? 2 : 1);
        const [run] = session.runs, shown = sent.filter((one) => one.content?.kind === "frame").at(-1)?.content;
        const first = run.game.number, steps = run.frames.map((frame) => frame.step), {{ playing }} = session;
        session.hear({{ kind: "slow", on: false }});
        for (let i = 0; i < 5; i++) session.train("both");
        const exact = [...run.rewind(10).G.weights].join() === state();
        return [first, steps, playing, exact, [shown?.step, shown?.phase ?? null]];""",
    )
    assert first == 5 and steps == [0, 5]
    assert not playing and exact and shown == [5, None]


# ---- in the page -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("game")
    (folder / "game.js").write_text(make_site.game(make_site.ROOT), encoding="utf-8")
    page = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Game</title><link rel="icon" href="data:,">'
    page += "<style>{}</style><main>{}</main>"
    inside = '<h1>Game</h1><div id="gan-game"></div><script src="game.js" defer></script>'
    (folder / "index.html").write_text(page.format(STYLE, inside), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def base(folder):
    with served(folder) as address:
        yield address


@pytest.fixture
def game(browser, base):
    one = Visit(browser, base, "index.html", viewport={"width": 1280, "height": 900})
    one.root = one.page.locator(".gan-edu-live")
    one.root.wait_for()
    one.page.wait_for_function("() => document.querySelector('.gan-edu')?.dataset.painted > 0")
    yield one
    assert one.wrong == [] and one.outside == []
    one.close()


def step_of(game):
    return int(game.root.get_attribute("data-step"))


def wait_for_step(game, least):
    game.page.wait_for_function(f"() => document.querySelector('.gan-edu').dataset.step >= {least}", timeout=60_000)


def test_it_plays_pauses_and_looks_back(game):
    picture = "one => one.querySelector('canvas').toDataURL()"
    game.root.get_by_role("button", name="Play").click()
    wait_for_step(game, 100)
    game.root.get_by_role("button", name="Pause").click()
    game.root.get_by_role("button", name="Play").wait_for()
    game.page.wait_for_timeout(300)
    rested, last = step_of(game), game.root.evaluate(picture)
    game.page.wait_for_timeout(300)
    assert step_of(game) == rested >= 100
    game.root.get_by_label("Time line: training step shown").press("Home")
    game.page.wait_for_function("() => document.querySelector('.gan-edu').dataset.step === '0'")
    assert game.root.evaluate(picture) != last
    assert "modes captured" in game.root.locator(".under").inner_text()


def test_own_data_are_drawn_and_learned(game):
    game.root.get_by_role("button", name="Draw data").click()
    box = game.root.locator("canvas").first.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    game.page.mouse.move(middle[0] - 80, middle[1])
    game.page.mouse.down()
    game.page.mouse.move(middle[0] + 80, middle[1] - 60, steps=8)
    game.page.mouse.up()
    game.root.get_by_role("button", name="Train on my drawing").click()
    game.page.wait_for_function("() => document.querySelector('.game select').value === 'drawn'")
    game.root.get_by_role("button", name="Play").click()
    wait_for_step(game, 20)


def test_a_finger_draws_and_does_not_scroll(browser, base):
    one = Visit(browser, base, "index.html", viewport={"width": 360, "height": 600}, has_touch=True)
    one.page.wait_for_function("() => document.querySelector('.gan-edu')?.dataset.painted > 0")
    one.page.get_by_role("button", name="Draw data").click()
    canvas = one.page.locator(".gan-edu canvas").first
    canvas.scroll_into_view_if_needed()
    box, before = canvas.bounding_box(), one.page.evaluate("scrollY")
    one.page.evaluate(
        "() => { window.drawn = 0; "
        "document.querySelector('.gan-edu canvas').addEventListener('pointerup', () => drawn++); }"
    )
    finger, x, y = one.context.new_cdp_session(one.page), box["x"] + 60, box["y"] + box["height"] - 20
    for i in range(12):
        touch = {"type": "touchMove" if i else "touchStart", "touchPoints": [{"x": x + 5 * i, "y": y - 10 * i}]}
        finger.send("Input.dispatchTouchEvent", touch)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    one.page.wait_for_function("() => drawn === 1", timeout=5000)  # a finger that scrolls ends in pointercancel
    assert one.page.evaluate("scrollY") == before
    one.close()


def test_settings_are_followed_and_nonsense_is_refused(game):
    rate = game.root.get_by_label("lr of G")
    rate.fill("fast")
    rate.press("Enter")
    game.page.wait_for_function("() => /must be a number/.test(document.querySelector('.message').textContent)")
    assert rate.input_value() == "0.001"
    game.root.get_by_label("penalty", exact=True).select_option("r1")
    game.root.get_by_label("weight").wait_for()
    game.root.get_by_role("button", name="New seed").click()
    game.page.wait_for_function("() => [...document.querySelectorAll('.game input')].at(-1).value === '1'")
    game.root.get_by_role("button", name="Step", exact=True).click()
    wait_for_step(game, 1)
    game.root.get_by_role("button", name="What if from here").click()
    game.root.get_by_role("button", name="Keep the right run").wait_for()
    assert game.root.locator("figure").count() == 2


def test_a_hidden_page_does_not_train(game):
    game.root.get_by_role("button", name="Play").click()
    wait_for_step(game, 10)
    hide = "(on) => { Object.defineProperty(document, 'hidden', { value: on, configurable: true }); " \
        "document.dispatchEvent(new Event('visibilitychange')); }"  # fmt: skip
    game.page.evaluate(hide, True)
    game.root.get_by_role("button", name="Play").wait_for()
    game.page.evaluate(hide, False)
    game.root.get_by_role("button", name="Pause").wait_for()


def test_a_key_held_down_makes_no_queue(game):
    for name, value in (("D steps", "20"), ("layers", "5")):
        field = game.root.get_by_label(name, exact=True)
        field.select_option(value) if name == "layers" else field.fill(value)
        field.press("Enter")
    game.root.focus()
    game.page.evaluate(
        "() => { const one = document.querySelector('.gan-edu-live'); for (let i = 0; i < 50; i++) "
        "one.dispatchEvent(new KeyboardEvent('keydown', { key: 's', bubbles: true })); }"
    )
    wait_for_step(game, 1)
    game.root.get_by_role("button", name="Reset").click()
    game.page.wait_for_function("() => document.querySelector('.gan-edu').dataset.step === '0'", timeout=10_000)
    game.page.wait_for_timeout(500)
    assert step_of(game) == 0
    game.root.get_by_role("button", name="Step", exact=True).click()
    wait_for_step(game, 1)


def test_a_browser_without_workers_says_so(browser, base):
    page = browser.new_page()
    page.add_init_script("window.Worker = class { constructor() { throw new Error('no') } }")
    page.goto(base + "index.html")
    page.get_by_text("This browser can't train here.").wait_for()
    page.close()


def test_nobody_is_kept_out(game):
    assert game.kept_out() == []


def test_its_settings_begin_as_the_widgets_do(engine):
    defaults, widget = engine("() => engine.DEFAULTS"), discriminator_surface.Settings().to_dict()
    assert {name: value for name, value in defaults.items() if widget.get(name) != value} == {"hidden": 32, "layers": 2}
    assert engine("() => [Object.keys(engine.DATA), Object.keys(engine.LOSSES), Object.keys(engine.PENALTIES)]") == [
        [*toy.NAMES], [*objectives.LOSSES], [*objectives.PENALTY_MENU]
    ]  # fmt: skip


def test_it_plays_from_a_folder_without_a_server(browser, folder):
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => document.querySelector('.gan-edu').dataset.step >= 10", timeout=60_000)
    page.close()
