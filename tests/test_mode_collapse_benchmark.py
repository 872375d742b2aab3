"""benchmarks/mode_collapse.py: the settings are those published, runs can be left and taken up, tables are honest."""

import importlib.util
import json
import math
from pathlib import Path

import pytest
import torch

from gan_edu import ensemble

ROOT = Path(__file__).resolve().parents[1]
specification = importlib.util.spec_from_file_location("mode_collapse", ROOT / "benchmarks" / "mode_collapse.py")
bench = importlib.util.module_from_spec(specification)
specification.loader.exec_module(bench)

TINY = {"ring": {"width_g": 6, "width_d": 4, "points": 80, "batch": 10, "samples": 50, "looks": 2, "seeds": 2}}
TINY["grid"] = TINY["ring"]
TINY["stacked"] = {"width_g": 2, "width_d": 2, "points": 40, "batch": 4, "samples": 30, "looks": 1, "seeds": 1}


def tiny(task, method, steps, **changes):
    return bench.settings_of(task, "short", method, **TINY[task] | {"updates_of_d": steps} | changes)


def count(net):
    return sum(p.numel() for p in net.parameters())


# ---------------------------------------------------------------- the paper's setting


def test_ring_and_grid_are_played_as_pacgan_played_them():
    for task in ("ring", "grid"):
        for method, m in (("ns", 1), ("pac2", 2), ("pac3", 3), ("pac4", 4)):
            settings = bench.settings_of(task, "paper", method)
            assert (settings["lr"], settings["betas"], settings["batch"]) == (1e-4, (0.8, 0.999), 100)
            assert (settings["updates_of_d"], settings["seeds"], settings["samples"]) == (400_000, 10, 2_500)
            assert (settings["points"], settings["packing"], settings["loss"]) == (100_000, m, "non_saturating")
            assert settings["simultaneous"] and not settings["penalties"] and not settings["rescaled"]
            # weights, then scale and shift of four batch norms, then the last layer with its bias
            assert count(bench.toy_generator(settings)) == 2 * 400 + 3 * 400**2 + 4 * 2 * 400 + 400 * 2 + 2
            # three maxout layers of 200 units with 5 pieces, each with its bias, and one unit
            layers = (2 * m * 1000 + 1000) + 2 * (200 * 1000 + 1000) + (200 + 1)
            assert count(bench.toy_discriminator(settings)) == layers
    ring, grid = bench.distribution("ring"), bench.distribution("grid")
    torch.testing.assert_close(ring.modes.norm(dim=1), torch.ones(8))
    torch.testing.assert_close(ring.modes[2], torch.tensor([0.0, 1.0]))
    places = {tuple(mode.tolist()) for mode in grid.modes}
    assert places == {(float(x), float(y)) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}
    assert (ring.mode_std, grid.mode_std) == (0.01, 0.05)
    assert bench.rms("grid") == pytest.approx(math.sqrt(8 + 0.05**2))
    assert bench.rms("ring") == pytest.approx(math.sqrt(0.5 + 0.01**2))


def test_stacked_digits_are_played_as_pacgan_played_them():
    settings = bench.settings_of("stacked", "paper", "pac3")
    assert (settings["lr"], settings["betas"], settings["batch"]) == (2e-4, (0.5, 0.999), 64)
    assert settings["updates_of_d"] * settings["batch"] == 50 * 128_000  # 50 epochs
    assert (settings["generator_steps"], settings["samples"], settings["seeds"]) == (2, 26_000, 10)
    generator, discriminator = bench.digit_generator(settings), bench.digit_discriminator(settings)
    kernels = [(512, 256), (256, 128), (128, 64), (64, 3)]
    expected = (100 + 1) * 512 * 4 + sum(25 * i * o + o for i, o in kernels) + 2 * (512 + 256 + 128 + 64)
    assert count(generator) == expected == 4_514_819
    kernels = [(9, 64), (64, 128), (128, 256), (256, 512)]
    expected = sum(25 * i * o + o for i, o in kernels) + 2 * (128 + 256 + 512) + 512 * 4 + 1
    assert count(discriminator) == expected == 4_310_401 + 2 * 4_800
    with torch.no_grad():
        images = generator(torch.zeros(2, 100))
        assert images.shape == (2, 3, 28, 28)
        assert discriminator(torch.zeros(2, 9, 28, 28)).shape == (2, 1)


def test_weights_start_small_and_gradient_penalties_see_samples_one_by_one():
    generator = bench.toy_generator(bench.settings_of("grid", "paper", "ns"))
    assert generator[3].weight.std().item() == pytest.approx(0.02, rel=0.02)
    for method in ("wgan_gp", "hinge_sn", "ns_r1", "rp_r1_r2"):
        net = bench.digit_discriminator(tiny("stacked", method, 5)).eval()
        assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in net)


# ---------------------------------------------------------------- the game


@pytest.fixture
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("method", bench.METHODS)
def test_seeds_trained_together_equal_seeds_trained_alone(method, double_precision):
    settings = tiny("grid", method, 10)
    both = bench.game("grid", settings, [3, 4], "cpu")
    batch = bench.ToyPacks("grid", settings, [3, 4], "cpu")
    steps = 12  # into a second epoch
    for both.step in range(1, steps + 1):
        together = both.update(batch, False)
    for i, seed in enumerate((3, 4)):
        pair = ensemble.single_nets(
            lambda: bench.toy_generator(settings), lambda: bench.toy_discriminator(settings), seed
        )
        keys = ("loss", "penalties", "lr", "betas", "discriminator_steps", "packing", "simultaneous", "generator_steps")
        alone = bench.Game(*pair, seed=seed, device="cpu", **{key: settings[key] for key in keys})
        batch = bench.ToyPacks("grid", settings, [seed], "cpu", batched=False)
        for alone.step in range(1, steps + 1):
            values = alone.update(batch, False)
        for name, net in (("generator", alone.generator), ("discriminator", alone.discriminator)):
            mine = both.nets[name].unstack(i).state_dict()
            for key, value in net.state_dict().items():
                if "num_batches" not in key:
                    torch.testing.assert_close(mine[key], value, rtol=1e-8, atol=1e-10)
        for name, value in values.items():
            torch.testing.assert_close(together[name][i], value)


def test_simultaneous_steps_take_both_gradients_before_either_player_moves(double_precision):
    """By hand with plain SGD's stand-in: the gradients of a fresh game, and Adam's first step, which is lr · sign."""
    settings = tiny("ring", "pac2", 10)
    game = bench.game("ring", settings, [0], "cpu")
    twin = bench.game("ring", settings, [0], "cpu")
    real = bench.ToyPacks("ring", settings, [0], "cpu")()
    game.update(lambda: real, False)
    noise = [twin.noise(10, training=True) for _ in range(2)]
    fake = torch.cat([twin.generator(z) for z in noise], dim=-1)  # (1, 10, 4): a pass for each place in the pack
    on_fake = twin.discriminator(fake)
    loss_g = torch.nn.functional.softplus(-on_fake).mean()
    for (name, weight), slope in zip(
        twin.generator.named_parameters(),
        torch.autograd.grad(loss_g, list(twin.generator.parameters()), retain_graph=True),
        strict=True,
    ):
        moved = dict(game.generator.named_parameters())[name]
        torch.testing.assert_close(moved, weight - settings["lr"] * slope / (slope.abs() + 1e-8))
    loss_d = torch.nn.functional.softplus(on_fake).mean()
    loss_d = loss_d + torch.nn.functional.softplus(-twin.discriminator(real.view(1, 10, 4))).mean()
    for (name, weight), slope in zip(
        twin.discriminator.named_parameters(),
        torch.autograd.grad(loss_d, list(twin.discriminator.parameters())),
        strict=True,
    ):
        moved = dict(game.discriminator.named_parameters())[name]
        torch.testing.assert_close(moved, weight - settings["lr"] * slope / (slope.abs() + 1e-8))


def test_on_digits_g_moves_twice_on_the_same_noise():
    settings = tiny("stacked", "pac2", 5)
    game = bench.game("stacked", settings, [0], "cpu")
    assert game.noise(1000).min() < -0.9 and game.noise(1000).abs().max() <= 1
    seen = []
    game.generator.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    moved, step = [], game.optimizers["generator"].step
    game.optimizers["generator"].step = lambda: (moved.append(1), step())
    game.step = 1
    game.update(bench.DigitPacks("stacked", settings, [0], "cpu"), False)
    assert len(moved) == 2
    assert len(seen) == 4 and torch.equal(seen[0], seen[2]) and torch.equal(seen[1], seen[3])
    assert not torch.equal(seen[0], seen[1])


# ---------------------------------------------------------------- data


def test_packs_are_resamplings_of_one_set_and_each_epoch_brings_them_all():
    settings = tiny("ring", "pac3", 5)
    packs = bench.ToyPacks("ring", settings, [0, 1], "cpu")
    first = packs.packs[0].flatten(0, 1).unique(dim=0)
    assert len(first) < 80 and not torch.equal(packs.packs[0], packs.packs[1])
    epoch = torch.cat([packs().view(2, 10, 3, 2) for _ in range(8)], dim=1)
    assert torch.equal(epoch[0].flatten(1).unique(dim=0), packs.packs[0].flatten(1).unique(dim=0))
    third = bench.ToyPacks("ring", settings, [0, 1], "cpu")
    third.drawn = 7
    assert torch.equal(third(), epoch[:, 70:].flatten(1, 2))  # which batch comes depends on `drawn` alone


def test_stacked_digits_lie_in_the_range_asked_for():
    packs = bench.DigitPacks("stacked", tiny("stacked", "pac2", 5), [0], "cpu")
    batch = packs()
    assert batch.shape == (8, 3, 28, 28) and batch.min() == 0 and batch.max() == 1
    assert bench.DigitPacks("stacked", tiny("stacked", "ns_r1", 5), [0], "cpu")().min() == -1


# ---------------------------------------------------------------- measuring


def test_classes_become_modes_and_kl():
    each = torch.cartesian_prod(*[torch.arange(10)] * 3)
    found = bench.of_classes(each)
    assert found["modes"] == [1000] and found["reverse_kl"][0] == pytest.approx(0, abs=1e-9)
    one = bench.of_classes(torch.full((50, 3), 7))
    assert one["modes"] == [1] and one["reverse_kl"][0] == pytest.approx(math.log(1000))


def test_points_spread_evenly_hit_modes_by_chance():
    found = bench.even_noise("grid", 2_500)
    chance = 25 * math.pi * 0.15**2 / 8.3**2  # area of the modes' discs in the square
    assert found.high_quality.mean().item() == pytest.approx(chance, abs=0.003)
    assert found.captured.double().mean() > 20


def test_the_classifier_sees_what_was_stacked():
    pixels = bench.digits(False)[:300]
    labels = torch.cat([bench.data.images("mnist").labels])[:300].view(100, 3)
    images = pixels.view(100, 3, 28, 28).float() / 255
    for found in (bench.look_at_digits(images, False), bench.look_at_digits(images * 2 - 1, True)):
        assert abs(found["modes"][0] - bench.of_classes(labels)["modes"][0]) <= 3


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize("task", ["ring", "stacked"])
@pytest.mark.parametrize("method", bench.METHODS)
def test_every_method_runs_its_steps_and_leaves_a_result(task, method, tmp_path):
    changes = TINY[task] | {"updates_of_d": 10}
    result = bench.run(task, "short", method, tmp_path, "cpu", progress=False, **changes)
    assert [path.name for path in tmp_path.iterdir()] == [f"short_{task}_{method}.json"]  # no state is left behind
    assert json.loads((tmp_path / f"short_{task}_{method}.json").read_text()) == json.loads(json.dumps(result))
    assert result["seeds"] == list(range(changes["seeds"])) and "diverged" not in result
    per_update = result["settings"]["discriminator_steps"]
    assert result["looks"][0][-1]["step"] == 10 // per_update
    for values in result["runs"].values():
        assert len(values) == changes["seeds"]
    assert all(0 <= modes <= 1000 for modes in result["runs"]["modes"])


@pytest.mark.parametrize(("task", "method"), [("grid", "wgan_gp"), ("ring", "pac3"), ("stacked", "pac2")])
def test_a_run_taken_up_again_equals_one_that_was_not_stopped(task, method, tmp_path):
    settings = tiny(task, method, 15)
    seeds = list(range(settings["seeds"]))
    whole = bench.play(task, settings, seeds, tmp_path / "whole.safetensors")
    stopped = tmp_path / "stopped.safetensors"
    bench.play(task, settings, seeds, stopped, stop_at=2)
    again = bench.play(task, settings, seeds, stopped)
    assert again.step == whole.step == 15 // settings["discriminator_steps"]
    mine, theirs = again.state()[0], whole.state()[0]
    assert mine.keys() == theirs.keys()
    for key, value in theirs.items():
        assert torch.equal(mine[key], value), key
    assert again.about["looks"] == whole.about["looks"]


def test_a_finished_run_is_not_repeated_and_other_settings_are_refused(tmp_path, monkeypatch):
    changes = TINY["ring"] | {"updates_of_d": 6}
    first = bench.run("ring", "short", "ns", tmp_path, "cpu", progress=False, **changes)
    monkeypatch.setattr(bench, "play", lambda *a, **k: pytest.fail("trained again"))
    assert bench.run("ring", "short", "ns", tmp_path, "cpu", progress=False, **changes)["runs"] == first["runs"]
    with pytest.raises(bench.OtherSettings, match=r"other settings \(updates_of_d 6 there, 8 here\): choose"):
        bench.run("ring", "short", "ns", tmp_path, "cpu", progress=False, **changes | {"updates_of_d": 8})


def test_a_state_of_other_settings_is_refused(tmp_path):
    bench.play("ring", tiny("ring", "ns", 6), [0, 1], tmp_path / "state.safetensors", stop_at=2)
    with pytest.raises(bench.OtherSettings, match="lr 0.001 there, 0.1 here"):
        bench.play("ring", tiny("ring", "ns", 6, lr=0.1), [0, 1], tmp_path / "state.safetensors")


def test_seeds_of_stacked_digits_that_are_done_stay_done(tmp_path):
    changes = TINY["stacked"] | {"updates_of_d": 2}
    one = bench.run("stacked", "short", "ns", tmp_path, "cpu", progress=False, **changes)
    two = bench.run("stacked", "short", "ns", tmp_path, "cpu", progress=False, **changes | {"seeds": 2})
    assert two["seeds"] == [0, 1]
    assert two["looks"][0] == json.loads(json.dumps(one["looks"][0]))


def test_a_run_that_diverges_is_recorded_as_such(tmp_path):
    result = bench.run("ring", "short", "ns", tmp_path, "cpu", progress=False, **TINY["ring"], updates_of_d=4, lr=1e30)
    assert "diverged at step" in result["diverged"][0]["why"] and result["runs"]["modes"] == [None, None]
    assert "NS-GAN (diverged: 2)" in bench.report(tmp_path)


# ---------------------------------------------------------------- tables


def test_the_report_prints_our_rows_beside_the_published_ones(tmp_path, capsys):
    for task, method in (("grid", "pac2"), ("grid", "ns"), ("stacked", "ns")):
        bench.run(task, "short", method, tmp_path, "cpu", progress=False, **TINY[task] | {"updates_of_d": 2})
    bench.main(["--report", "--out", str(tmp_path)])
    text = capsys.readouterr().out
    assert "**Grid, short setting: not comparable with the published columns.**" in text
    assert "updates of D 2 (paper: 400,000); seeds 2 (paper: 10); learning rate 0.001 (paper: 0.0001)" in text
    assert "digits to stack 12,000 (paper: 70,000)" in text
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| ")}
    assert rows["PacGAN2"].endswith("| 23.8 ± 0.7, 91.3 ± 0.8 %, 0.13 ± 0.04 | – |")
    assert rows["ALI"].startswith("| ALI | – |") and "16, 5.4" in rows["ALI"]  # the last table's: digits
    assert text.index("| NS-GAN |") < text.index("| PacGAN2 |")
    assert "17.3 ± 0.8, 94.8 ± 0.7 %, 0.70 ± 0.07 | 3.3, 0.5 %" in text
    assert rows["points spread evenly"].count("–") == 5
    assert "| exact samples | 25 | 98.89 | 0.2400 |" in text  # (25 - 1) / (2 · 50)
    assert "1712.04086" in text and "1705.07761" in text
    widths = {line.count("|") for line in text.split("**Stacked")[0].splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_a_run_at_full_length_says_so():
    settings = json.loads(json.dumps(bench.settings_of("grid", "paper", "ns")))
    result = {"task": "grid", "method": "ns", "settings": settings, "seeds": list(range(10))}
    assert bench.differences([result]) == []
    result["settings"] = settings | {"updates_of_d": 20_000}
    assert bench.differences([result]) == ["updates of D 20,000 (paper: 400,000)"]


def test_means_have_their_standard_errors():
    assert bench.mean_and_error([1, 2, 3], 2) == "2.00 ± 0.58"  # deviation 1, divided by √3
    assert bench.mean_and_error([0.5, None, 0.7], 1, 100) == "60.0 ± 10.0 (in 2 of 3 runs)"
    assert bench.mean_and_error([None], 1) == "–"


def test_recorded_results_can_be_printed_and_are_those_of_this_script():
    folder = ROOT / "benchmarks" / "recorded" / "mode_collapse"
    text = bench.report(folder)
    assert all(f"**{task.capitalize()}, short setting: not comparable" in text for task in bench.TASKS)
    for path in folder.glob("short_*.json"):
        stored = json.loads(path.read_text())
        settings = bench.settings_of(stored["task"], "short", stored["method"], seeds=stored["settings"]["seeds"])
        if "full_mnist" in settings:
            settings["full_mnist"] = stored["settings"]["full_mnist"]
        assert stored["settings"] == json.loads(json.dumps(settings)), path.name
        assert len(stored["seeds"]) == len(stored["runs"]["modes"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--methods", "nss"], "There is no method 'nss'; there are: ns, pac2, "),
        (["--task", "rings"], "There is no task 'rings'; there are: ring, grid, stacked. Did you mean 'ring'?"),
        (["--setting", "long"], "There is no setting 'long'; there are: paper, short."),
        (["--steps", "3"], "wgan_gp needs at least 5 step(s) and one seed."),
    ],
)
def test_a_wrong_name_gives_one_clear_sentence(arguments, sentence, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        bench.main([*arguments, "--out", str(tmp_path)])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(sentence) and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_without_results_is_said(tmp_path, capsys):
    with pytest.raises(SystemExit):
        bench.main(["--report", "--out", str(tmp_path)])
    assert "There are no results in" in capsys.readouterr().err
