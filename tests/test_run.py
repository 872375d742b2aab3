"""A run survives what happens in one of its steps; and the mistakes of the field are named."""

import math
import pickle
import warnings

import pandas
import pytest
import torch
from torch import nn

from gan_edu import data, ensemble, nets, objectives, training
from gan_edu.recorder import Recorder
from gan_edu.training import GAN, VAE, Doubt, Run, TrainingDiverged, run, train

RING = data.toy.ring()


class Trouble:
    """Raises `error` at the n-th call from now, once."""

    def __init__(self, error=KeyboardInterrupt):
        self.left, self.error = None, error

    def after(self, calls):
        self.left = calls

    def __call__(self, *_):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise self.error


def make_gan(trouble=None, where="discriminator", **settings):
    pair = ensemble.single_nets(lambda: nets.mlp([2, 8, 2]), lambda: nets.mlp([2, 8, 1]), 0)
    gan = GAN(*pair, device="cpu", lr=1e-2, **settings)
    if trouble:
        gan.nets[where].register_forward_hook(lambda *_: trouble())
    return gan


def equal(first, second):
    (mine, of_mine), (theirs, of_theirs) = first.state(), second.state()
    return of_mine == of_theirs and all(torch.equal(mine[key], theirs[key]) for key in mine)


# --- what is interrupted


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
@pytest.mark.parametrize("where, calls", [("generator", 0), ("discriminator", 0), ("discriminator", 1)])
def test_a_step_that_is_cut_off_is_not_counted_and_the_run_goes_on(error, where, calls):
    trouble = Trouble(error)
    gan = make_gan(trouble, where)
    steps = train(gan, RING, 10, progress=False)
    for _ in range(4):
        next(steps)
    trouble.after(calls)
    with pytest.raises(error):
        next(steps)
    assert gan.step == 4 and len(gan.history) == 4
    assert [step.number for step in steps] == [5, 6, 7, 8, 9, 10]
    assert run(gan, RING, 2, progress=False).step == 12


@pytest.mark.parametrize("calls", range(3))
def test_what_was_cut_off_can_be_trained_again_bit_for_bit(calls):
    trouble = Trouble()
    recorder = Recorder(make_gan(trouble, ema=0.9), RING, every=5, states=2)
    recorder._stride = 4
    clean = Recorder(make_gan(Trouble(), ema=0.9), RING).advance(6).model  # hooked too: autograd's rounding
    witness = {}
    for number in range(20):
        witness[recorder.step] = recorder.model.copy()
        if number in (6, 11):
            trouble.after(calls if calls < 2 else 0)
            with pytest.raises(KeyboardInterrupt):
                recorder.train_step("both" if calls < 2 else "discriminator")
            witness[recorder.step] = witness[recorder.step] if number != 6 else clean
        recorder.train_step()
    witness[recorder.step] = recorder.model.copy()
    assert recorder.step == 20
    for step in range(21):
        assert equal(recorder.rewind(step), witness[step]), step


def test_a_half_step_that_is_cut_off_counts_what_was_done():
    trouble = Trouble()
    recorder = Recorder(make_gan(trouble), RING).advance(3)
    halves = recorder.train_halves()
    assert next(halves) == "discriminator" and recorder.step == 4
    trouble.after(0)
    with pytest.raises(KeyboardInterrupt):
        next(halves)
    now = recorder.model.copy()
    recorder.train_step()
    assert recorder.step == 5 and equal(recorder.rewind(4), now)


def test_a_stream_that_is_interrupted_can_be_watched_again():
    trouble = Trouble()
    recorder = Recorder(make_gan(trouble), RING, every=2)
    stream = train(recorder.model, RING, 10, progress=False)
    trouble.after(5)
    with pytest.raises(KeyboardInterrupt):
        for _ in recorder.watch(stream):
            pass
    assert recorder.step == 2
    witness = {step.number: recorder.model.copy() for step in recorder.watch(stream)}
    assert recorder.step == 10 and recorder.recording.steps == [0, 2, 4, 6, 8, 10]
    assert all(equal(recorder.rewind(step), model) for step, model in witness.items())


def test_a_divergence_says_so_each_time_and_counts_nothing():
    gan = make_gan()
    steps = train(gan, RING, 10, progress=False)
    next(steps)
    with torch.no_grad():
        gan.generator[0].weight.fill_(math.nan)
    for _ in range(2):
        with pytest.raises(TrainingDiverged, match="at step 2"):
            next(steps)
    assert gan.step == 1


def test_a_run_says_where_it_is_and_ends():
    steps = train(make_gan(), RING, 3, progress=False)
    assert isinstance(steps, Run) and iter(steps) is steps
    next(steps)
    assert repr(steps) == "Run(1 of 3 steps, of a GAN at step 1)"
    assert len(list(steps)) == 2 and list(steps) == []


def test_a_bar_is_closed_when_the_loop_is_left_and_after_an_interrupt(monkeypatch):
    import tqdm.auto
    import tqdm.std

    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)
    bars = []
    monkeypatch.setattr(tqdm.auto, "tqdm", lambda **options: bars.append(tqdm.std.tqdm(**options)) or bars[-1])
    for step in train(make_gan(), RING, 100):
        if step.number == 3:
            break
    trouble = Trouble()
    steps = train(make_gan(trouble), RING, 100)
    next(steps)
    trouble.after(0)
    with pytest.raises(KeyboardInterrupt):
        next(steps)
    assert len(bars) == 2 and all(bar.disable for bar in bars)  # closed
    next(steps)
    assert len(bars) == 3 and not bars[-1].disable


# --- what a breaker found


def test_an_interrupt_while_the_average_moves_leaves_a_checkpoint_that_opens(tmp_path):
    gan = make_gan(ema=0.9)
    run(gan, RING, 3, progress=False)
    inner, trouble = gan._average, Trouble()

    def average():
        inner()
        trouble()

    gan._average = average
    trouble.after(0)
    with pytest.raises(KeyboardInterrupt):
        run(gan, RING, 1, progress=False)
    del gan._average
    again = make_gan(ema=0.9)
    again.load(gan.save(tmp_path / "run.safetensors"))
    assert equal(run(again, RING, 3, progress=False), run(gan, RING, 3, progress=False))


def test_a_recorder_that_diverged_saves_what_was_before(tmp_path):
    recorder = Recorder(make_gan(), RING, every=5).advance(20)
    good = recorder.model.copy()
    with torch.no_grad():
        recorder.model.generator[0].weight.fill_(math.nan)
    with pytest.raises(TrainingDiverged):
        recorder.advance(5)
    opened = Recorder.open(recorder.save(tmp_path / "run.npz"), make_gan(), RING)
    assert equal(opened.model, good) and equal(opened.rewind(13), recorder.rewind(13))


def test_marks_of_players_do_not_outlive_the_step_that_failed(tmp_path):
    trouble = Trouble()
    recorder = Recorder(make_gan(trouble), RING, every=100).advance(3)
    trouble.after(0)
    with pytest.raises(KeyboardInterrupt):
        recorder.train_step("generator")
    with pytest.raises(ValueError, match="A step trains"):
        recorder.train_step("nobody")
    witness = {}
    for step in recorder.watch(train(recorder.model, RING, 4, progress=False)):
        witness[step.number] = recorder.model.copy()
    assert all(equal(recorder.rewind(step), model) for step, model in witness.items())
    Recorder.open(recorder.save(tmp_path / "run.npz"), make_gan(), RING)


@pytest.mark.parametrize("steps", [0, 3])
def test_a_change_after_a_step_that_was_cut_off_leaves_the_past_as_it_was(steps):
    trouble = Trouble()
    recorder = Recorder(make_gan(trouble), RING).advance(steps)
    before = recorder.model.copy()
    trouble.after(1)  # D has moved, G hasn't
    with pytest.raises(KeyboardInterrupt):
        recorder.train_step()
    recorder.change(lr=1e-3)
    assert equal(recorder.rewind(steps), before)
    now = recorder.advance(2).model.copy()
    assert equal(recorder.rewind(steps + 2), now)


def test_a_change_that_is_interrupted_changes_nothing(monkeypatch):
    recorder = Recorder(make_gan(), RING).advance(6)
    before, copies = recorder.model.copy(), []
    inner = GAN.copy

    def copy(self, **changes):
        copies.append(1)
        if len(copies) == 2:
            raise KeyboardInterrupt
        return inner(self, **changes)

    monkeypatch.setattr(GAN, "copy", copy)
    with pytest.raises(KeyboardInterrupt):
        recorder.change(lr=1.0)
    monkeypatch.undo()
    assert equal(recorder.model, before) and recorder.model.settings.lr == 1e-2
    assert equal(recorder.rewind(6), before)


def test_interrupts_at_one_step_do_not_pile_up():
    trouble = Trouble()
    recorder = Recorder(make_gan(trouble), RING).advance(2)
    for _ in range(10):
        trouble.after(0)
        with pytest.raises(KeyboardInterrupt):
            recorder.train_step()
    recorder.train_step()
    assert len(recorder._snapshots) == 2


def test_halves_of_a_step_that_is_over_are_refused():
    recorder = Recorder(make_gan(), RING)
    for between in (lambda: recorder.train_step("discriminator"), lambda: recorder.change(lr=1e-3)):
        halves = recorder.train_halves()
        next(halves)
        between()
        with pytest.raises(RuntimeError, match="can't be ended"):
            next(halves)


def test_lazy_penalties_and_unrolling_are_the_same_in_halves_and_in_one():
    whole, halves = (
        Recorder(make_gan(unroll=2, penalties={"r1": 1.0}, penalty_every=2), RING) for _ in range(2)
    )  # fmt: skip
    for _ in range(4):
        whole.train_step()
        list(halves.train_halves())
    for one, other in ((whole.model, halves.model), (halves.rewind(3), whole.rewind(3))):
        one.history = other.history  # halves are not recorded there
        assert equal(one, other)


def test_a_recorder_watches_its_own_model_only():
    recorder = Recorder(make_gan(), RING)
    for stream in (train(recorder.model, RING, 5, batch=64), train(recorder.model.copy(), RING, 5)):
        with pytest.raises(ValueError, match="watches its own model, .*with batches of 128"):
            next(recorder.watch(stream))


def test_layers_that_were_put_into_evaluation_mode_stay_there():
    g = nets.mlp([2, 8, 2], batch_norm=True)
    g[1].eval().requires_grad_(False)
    gan = GAN(g, nets.mlp([2, 8, 1]), device="cpu")
    before = g[1].running_mean.clone()
    run(gan, RING, 3, progress=False)
    gan.sample(3)
    assert not g[1].training and g[0].training and torch.equal(before, g[1].running_mean)


def test_looking_at_a_vaes_samples_leaves_its_batch_norm_alone():
    net = nets.VAE(shape=(3,), hidden=(8,))
    net.decoder.insert(1, nn.BatchNorm1d(8))
    vae = VAE(net, log_likelihood="gaussian", device="cpu")
    before = net.decoder[1].running_mean.clone()
    assert vae.sample(1).shape == (1, 3) and vae.sample(2500).shape == (2500, 3)
    assert torch.equal(before, net.decoder[1].running_mean) and net.training


def test_a_loss_or_a_net_that_draws_later_is_reproducible_too():
    def noisy(real, fake):
        return objectives.hinge.generator(real, fake + 0.1 * torch.randn_like(fake))

    def make():
        return make_gan(loss=objectives.Loss("mine", objectives.hinge.discriminator, noisy))

    before = torch.get_rng_state()
    one, other = run(make(), RING, 4, progress=False), make()
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    assert equal(one, run(other, RING, 4, progress=False))


def test_training_works_where_gradients_were_switched_off():
    gan = make_gan(ema=0.9)
    with torch.no_grad():
        run(gan, RING, 2, progress=False)
    assert gan.step == 2


def test_a_copy_of_a_subclass_is_one():
    class Mine(GAN):
        pass

    mine = Mine(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1]), device="cpu")
    assert type(mine.copy()) is Mine


def test_old_kinds_of_weight_norm_can_be_copied_and_recorded():
    d = nets.mlp([2, 8, 1])
    nn.utils.spectral_norm(d[0])
    recorder = Recorder(GAN(nets.mlp([2, 8, 2]), d, device="cpu"), RING).advance(3)
    assert equal(recorder.rewind(3), recorder.model)


def test_layers_can_be_frozen_on_the_way(tmp_path):
    gan = run(make_gan(), RING, 3, progress=False)
    whole = gan.save(tmp_path / "run.safetensors")
    gan.generator[0].requires_grad_(False)
    before = gan.generator[0].weight.clone()
    run(gan, RING, 2, progress=False)
    later = run(gan.copy(), RING, 2, progress=False)
    assert torch.equal(later.generator[0].weight, before)
    frozen = make_gan()
    frozen.generator[0].requires_grad_(False)
    frozen = GAN(frozen.generator, frozen.discriminator, device="cpu")
    frozen.load(whole)  # averages of what is frozen here are left out
    assert len(frozen.optimizers["generator"].state) == 2


def test_a_divergence_can_travel_between_processes():
    error = pickle.loads(pickle.dumps(TrainingDiverged(3, {"loss_d": math.nan}, None)))
    assert error.step == 3 and "loss_d = nan" in str(error)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: GAN(nets.mlp([2, 2]), nets.mlp([2, 1]), "hinge"), "Settings are said by name"),
        (lambda: VAE(nets.VAE(), 2.0), "Settings are said by name"),
        (lambda: VAE(nets.mlp([2, 2])), "needs forward.x, noise., decode.z. and latent_dim"),
    ],
)
def test_wrong_arguments_are_told(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_a_vae_has_no_players_and_its_likelihood_gives_one_number_a_sample():
    net, table = nets.VAE(shape=(3,), hidden=(8,)), torch.randn(20, 3)
    recorder = Recorder(VAE(net, log_likelihood="gaussian", device="cpu"), table)
    with pytest.raises(ValueError, match="A VAE has no players"):
        recorder.train_step("generator")
    with pytest.raises(ValueError, match=r"one number for each sample, \(2,\); got \(2, 3\)"):
        train(VAE(net, log_likelihood=lambda out, x: -(out - x).square(), device="cpu"), table, 1)


@pytest.mark.filterwarnings("ignore")
def test_a_change_after_a_divergence_goes_on_from_before_it(tmp_path):
    recorder = Recorder(make_gan(), RING, every=5).advance(20)
    before = recorder.model.copy()
    recorder.change(lr=1e30)
    with pytest.raises(TrainingDiverged):
        recorder.advance(50)
    step = recorder.step
    recorder.change(lr=1e-4)
    assert equal(recorder.rewind(19), before) or recorder.rewind(19).sample(5).isfinite().all()
    recorder.advance(3)
    assert recorder.step == step + 3 and recorder.rewind(step + 2).sample(5).isfinite().all()
    opened = Recorder.open(recorder.save(tmp_path / "run.npz"), make_gan(), RING)
    assert equal(opened.model, recorder.model)


def test_what_nets_draw_is_not_the_noise_that_they_get():
    seen = {}

    class Drawing(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.noise_dim = nn.Linear(2, 2), 2

        def forward(self, z):
            seen["z"], seen["own"] = z.detach().clone(), torch.randn(len(z), 3)
            return self.layer(z) + 0 * seen["own"][:, :2]

    data_ = torch.randn(50, 2)
    run(GAN(Drawing(), nets.mlp([2, 8, 1]), device="cpu"), data_, 1, progress=False)
    own, z = seen["own"].flatten(), seen["z"].flatten()
    assert not any(torch.equal(own[k : k + 50], z[:50]) for k in range(len(own) - 50))


def test_an_interrupt_while_a_step_is_counted_leaves_a_history_that_opens(tmp_path, monkeypatch):
    gan = make_gan()
    run(gan, RING, 2, progress=False)
    inner, trouble = gan.history.add, Trouble()
    monkeypatch.setattr(gan.history, "add", lambda step: (inner(step), trouble()))
    trouble.after(0)
    with pytest.raises(KeyboardInterrupt):
        run(gan, RING, 1, progress=False)
    monkeypatch.undo()
    run(gan, RING, 2, progress=False)
    make_gan().load(gan.save(tmp_path / "run.safetensors"))


def test_a_recorder_watches_its_own_data_only():
    recorder = Recorder(make_gan(), RING)
    with pytest.raises(ValueError, match="on its own data"):
        next(recorder.watch(train(recorder.model, data.toy.grid(), 5)))


def test_a_player_that_is_frozen_whole_on_the_way_rests():
    for player in ("generator", "discriminator"):
        gan = run(make_gan(penalties={"r1": 0.1}), RING, 2, progress=False)
        gan.nets[player].requires_grad_(False)
        before = gan.nets[player][0].weight.clone()
        run(gan, RING, 2, progress=False)
        assert torch.equal(gan.nets[player][0].weight, before) and gan.step == 4


def test_a_save_that_failed_is_not_called_the_last_good_checkpoint(tmp_path, monkeypatch):
    path, gan = tmp_path / "none.safetensors", make_gan()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError):
        gan.save(path)
    monkeypatch.undo()
    with torch.no_grad():
        gan.generator[0].weight.fill_(math.nan)
    with pytest.raises(TrainingDiverged, match="No checkpoint was kept"):
        run(gan, RING, 1, progress=False, checkpoint=path)


# --- checkpoints of a run


def test_a_checkpoint_that_failed_at_the_last_step_stays_due(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    steps = train(make_gan(), RING, 3, progress=False, checkpoint=path)
    next(steps), next(steps)
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        next(steps)
    assert not path.exists()
    monkeypatch.undo()
    assert list(steps) == [] and path.exists()


def test_weights_that_are_no_numbers_at_a_checkpoint_are_a_divergence(tmp_path):
    path = tmp_path / "run.safetensors"
    gan = make_gan()
    with pytest.raises(TrainingDiverged, match="step 6: weights = NaN or infinite. The last good checkpoint is"):
        for step in train(gan, RING, 9, progress=False, checkpoint=path, checkpoint_every=3):
            if step.number == 5:
                gan.generator[2].bias.register_hook(lambda gradient: gradient * math.nan)
    make_gan().load(path)


def test_a_foreign_file_is_not_called_the_last_good_checkpoint(tmp_path):
    path = make_gan().save(tmp_path / "run.safetensors")
    gan = make_gan()
    with torch.no_grad():
        gan.generator[0].weight.fill_(math.nan)
    with pytest.raises(TrainingDiverged, match="No checkpoint was kept"):
        run(gan, RING, 2, progress=False, checkpoint=path)


def test_a_place_that_can_not_be_written_is_told_before_the_first_step(tmp_path):
    gan = make_gan()
    with pytest.raises(OSError, match="is a folder"):
        train(gan, RING, 5, checkpoint=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Nothing can be written"):
        train(gan, RING, 5, checkpoint=tmp_path / "file" / "run.safetensors")
    assert gan.step == 0


# --- what nets draw themselves


class Noisy(nn.Module):
    """Draws its own random numbers, as many nets in the wild do."""

    def __init__(self, functional):
        super().__init__()
        self.layer, self.functional = nn.Linear(2, 1), functional

    def forward(self, x):
        if self.functional:
            return self.layer(nn.functional.dropout(x, 0.5, self.training))
        return self.layer(x + 0.1 * torch.randn_like(x))


@pytest.mark.parametrize("functional", [True, False])
def test_nets_that_draw_random_numbers_resume_exactly_too(tmp_path, functional):
    def make():
        with torch.random.fork_rng():
            torch.manual_seed(3)
            return GAN(nets.mlp([2, 8, 2]), Noisy(functional), device="cpu")

    before = torch.get_rng_state()
    whole = run(make(), RING, 8, progress=False)
    half = run(make(), RING, 5, progress=False)
    assert torch.equal(torch.get_rng_state(), before)  # PyTorch's own stream is left alone
    again = make()
    again.load(half.save(tmp_path / "run.safetensors"))
    torch.rand(5)
    assert equal(run(again, RING, 3, progress=False), whole)


# --- settings


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"lr_g": 1e-3}, TypeError, "There is no setting 'lr_g'. Did you mean 'lr'"),
        ({"penalty": {"r1": 1.0}}, TypeError, "Did you mean 'penalties'"),
        ({"penalties": ["r1"]}, TypeError, r"penalties are names with their weights, for example \{'r1': 1.0\}"),
        ({"penalties": "r1"}, TypeError, "penalties are names with their weights"),
        ({"penalties": {"r1": -1}}, ValueError, "weight of the penalty 'r1' must be a number from 0; got -1"),
        ({"penalties": {"r1": "1"}}, TypeError, "weight of the penalty 'r1' must be a number"),
        ({"penalties": {"R1": 1}}, ValueError, "There is no penalty 'R1'.*Did you mean 'r1'"),
        ({"loss": 7}, ValueError, "There is no loss 7; there are: minimax"),
        ({"loss": "non-saturating"}, ValueError, "Did you mean 'non_saturating'"),
        ({"lr": "1e-3"}, TypeError, "must be a number above 0; got '1e-3'"),
        ({"lr": None}, TypeError, "must be a number above 0; got None"),
        ({"lr": (1e-3,)}, ValueError, "one number or a pair"),
        ({"lr": [1e-3, -1]}, ValueError, "must be a number above 0; got -1"),
        ({"lr": math.nan}, ValueError, "must be a number above 0; got nan"),
        ({"betas": 0.5}, ValueError, r"betas are Adam's two decays, each in \[0, 1\)"),
        ({"betas": (0.5, 1.0)}, ValueError, "betas are Adam's two decays"),
        ({"seed": None}, TypeError, "seed must be a whole number"),
        ({"seed": 1.5}, ValueError, "seed must be a whole number"),
        ({"seed": 2**63}, ValueError, "seed must be a whole number from 0"),
        ({"packing": 1.5}, ValueError, "packing must be a whole number from 1"),
        ({"unroll": 1.5}, ValueError, "unroll must be a whole number from 0"),
        ({"discriminator_steps": 0}, ValueError, "discriminator_steps must be a whole number from 1"),
        ({"penalty_every": True}, TypeError, "penalty_every must be a whole number"),
        ({"ema": 1.0}, ValueError, "ema must be a number from 0 and below 1; got 1.0"),
        ({"mixed_precision": 1}, TypeError, "mixed_precision must be True or False"),
    ],
)
def test_a_setting_that_can_not_be_used_is_told_in_one_sentence_at_construction(settings, error, message):
    with pytest.raises(error, match=message) as caught:
        GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1]), device="cpu", **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("settings", [{"beta": -1}, {"beta": math.nan}, {"lr": 0}, {"log_likelihood": "bernouli"}])
def test_so_it_is_for_a_vae(settings):
    with pytest.raises(ValueError, match="must be a number|Did you mean 'bernoulli'"):
        VAE(nets.VAE(shape=(4,)), device="cpu", **settings)


@pytest.mark.parametrize(
    "options", [{"batch": 0}, {"batch": -1}, {"batch": 2.0}, {"checkpoint_every": 0}, {"steps": -5}]
)
def test_so_it_is_for_a_run(options):
    name = next(iter(options))
    with pytest.raises(ValueError, match=f"^{name} must be a whole number from [01][ to0-9]*; got"):
        train(make_gan(), RING, **({"steps": 5} | options))
    with pytest.raises(ValueError, match="^steps must be a whole number from 0; got 1000.0"):
        train(make_gan(), RING, 1e3)
    with pytest.raises(TypeError, match="train needs a GAN or a VAE first"):
        train(nets.mlp([2, 1]), RING, 5)


def test_help_shows_the_settings():
    import inspect

    names = list(inspect.signature(GAN).parameters)
    assert names[:2] == ["generator", "discriminator"] and {"loss", "lr", "ema", "seed"} <= set(names)
    assert inspect.signature(GAN).parameters["lr"].default == 2e-4
    assert inspect.signature(VAE).parameters["beta"].default == 1.0


@pytest.mark.parametrize(
    "net, error, message",
    [
        (nn.Linear, TypeError, "must be an nn.Module.*got the class Linear: call it first"),
        (lambda z: z, TypeError, "must be an nn.Module.*got a function"),
        (None, TypeError, "must be an nn.Module"),
    ],
)
def test_what_is_no_net_is_told(net, error, message):
    for pair in ((net, nets.mlp([2, 1])), (nets.mlp([2, 2]), net)):
        with pytest.raises(error, match=message):
            GAN(*pair, device="cpu")


class Gives(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.layer, self.what, self.noise_dim = nn.Linear(2, 2), what, 2

    def forward(self, x):
        return self.what(self.layer(x))


@pytest.mark.parametrize("what", [lambda x: (x, x), lambda x: None, lambda x: x.detach().numpy(), lambda x: 3])
def test_nets_that_return_no_tensor_are_told(what):
    with pytest.raises(TypeError, match="The generator must return a tensor of samples; it returned a"):
        train(GAN(Gives(what), nets.mlp([2, 1]), device="cpu"), RING, 5)
    with pytest.raises(TypeError, match="The discriminator must return a tensor of logits; it returned a"):
        train(GAN(nets.mlp([2, 2]), Gives(what), device="cpu"), RING, 5)


# --- data


def test_data_that_can_not_be_used_are_told():
    table = pandas.DataFrame({"a": [1.0, 2.0], "c": [3.0, 4.0]})
    with pytest.raises(TypeError, match="A DataFrame must be made numbers first"):
        train(make_gan(), table, 1)
    with pytest.raises(TypeError, match="real numbers, and these are complex"):
        train(make_gan(), torch.zeros(5, 2, dtype=torch.complex64), 1)

    class Own:
        def sample(self, n):
            return torch.zeros(n, 2)

    with pytest.raises(TypeError, match=r"Data must have sample\(n, generator\) → \(n, \*features\)"):
        train(make_gan(), Own(), 1)

    class Short(Own):
        def sample(self, n, generator):
            return torch.zeros(2)

    with pytest.raises(ValueError, match=r"sample\(128, generator\) must give a tensor \(128, \*features\)"):
        train(make_gan(), Short(), 1)


# --- the mistakes of the field


def doubts_of(model, samples):
    with pytest.warns(Doubt) as caught:
        train(model, samples, 1, progress=False)
    return " ".join(str(each.message) for each in caught)


@pytest.mark.parametrize("functional", [False, True])
def test_a_discriminator_that_ends_in_a_sigmoid_is_told(functional):
    d = nets.mlp([2, 8, 1], output=None if functional else "sigmoid")
    if functional:
        inner = d.forward
        d.forward = lambda x: torch.sigmoid(inner(x)).view(-1)
    assert "The discriminator ends in a sigmoid" in doubts_of(GAN(nets.mlp([2, 8, 2]), d, device="cpu"), RING)


def pixels(low, high, n=100):
    return low + (high - low) * torch.rand(n, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "samples, output, message",
    [
        (pixels(0, 255), "tanh", r"pixels of 0…255 are scaled by x / 127.5 − 1"),
        ((pixels(0, 255)).to(torch.uint8), "tanh", r"pixels of 0…255 are scaled by x / 127.5 − 1"),
        (pixels(0, 1), "tanh", r"Scale the data by 2 · x − 1"),
        (pixels(0, 255), "sigmoid", r"pixels of 0…255 are scaled by x / 255"),
        (pixels(-1, 1), "sigmoid", r"lie outside what the generator can make|scale the data"),
        (torch.cat([pixels(-1, 1), pixels(0, 255, 1)]), "tanh", "Sample number 100 of 101 lies outside"),
        (torch.cat([pixels(-1, 1), pixels(0, 255, 1)]), None, "Sample number 100 holds numbers up to"),
    ],
)
def test_pixels_in_the_wrong_range_are_told(samples, output, message):
    gan = GAN(nets.mlp([2, 8, 6], output=output), nets.mlp([6, 8, 1]), device="cpu")
    with pytest.warns(Doubt, match=message):
        train(gan, samples, 1, progress=False)


def test_a_gradient_penalty_beside_batch_norm_in_the_discriminator_is_told():
    with pytest.warns(Doubt, match="The penalty r1 .* batch norm in D"):
        GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1], batch_norm=True), penalties={"r1": 1.0}, device="cpu")


def test_one_bad_picture_among_many_stops_a_vae():
    x = pixels(0, 1, 500)
    x[7] = 255.0
    with pytest.raises(ValueError, match=r"pixels in \[0, 1\].*1 of 500 samples hold others, the first is number 7"):
        train(VAE(nets.VAE(shape=(6,), hidden=(8,)), device="cpu"), x, 1)


@pytest.mark.filterwarnings("error::gan_edu.training.Doubt")
def test_what_is_right_or_meant_is_not_doubted():
    train(GAN(nets.mlp([2, 8, 6], output="tanh"), nets.mlp([6, 8, 1]), device="cpu"), pixels(-1, 1), 1)
    train(GAN(nets.mlp([2, 8, 6]), nets.mlp([6, 8, 1], batch_norm=True), device="cpu"), pixels(-3, 3), 1)
    train(make_gan(), RING, 1)
    digits = data.images("mnist").tensor(flat=True)
    train(GAN(nets.mlp([2, 8, 784], output="tanh"), nets.mlp([784, 8, 1]), device="cpu"), digits, 1)
    wrong = GAN(
        nets.mlp([2, 8, 6], output="tanh"), nets.mlp([6, 8, 1], output="sigmoid", batch_norm=True),
        penalties={"r1": 1.0}, sure=True, device="cpu",
    )  # fmt: skip
    train(wrong, pixels(0, 255), 1)
    assert not wrong.doubts and not wrong.copy(lr=1e-3).doubts


def test_new_models_are_told_too_and_the_warning_names_the_learners_own_line(recwarn):
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")  # Python's own filter, which tells of each place once
        for _ in range(3):
            run(GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1], output="sigmoid"), device="cpu"), RING, 1, progress=False)
        GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1], batch_norm=True), penalties={"r1": 1.0}, device="cpu")
    assert len(caught) == 4 and {each.filename for each in caught} == {__file__}


def test_a_copy_is_told_of_what_is_new():
    gan = GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1], batch_norm=True), device="cpu")
    with pytest.warns(Doubt, match="batch norm in D"):
        gan.copy(penalties={"r1": 1.0})


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
def test_a_part_of_the_pictures_in_another_unit_is_told_and_heavy_tails_are_not(share):
    g = torch.Generator().manual_seed(0)
    x = pixels(-1, 1, 100)
    x[: int(100 * share)] = pixels(0, 255, int(100 * share))
    gan = GAN(nets.mlp([2, 8, 6]), nets.mlp([6, 8, 1]), device="cpu")
    with pytest.warns(Doubt, match="in another unit"):
        train(gan, x, 1)
    normal, chi = torch.randn(5000, 6, generator=g), torch.randn(5000, 1, 2, generator=g).square().sum(-1) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for heavy in (normal / chi.sqrt(), (1.5 * normal).exp(), torch.rand(5000, 6, generator=g) ** (-1 / 1.5)):
            train(gan.copy(), heavy, 1)


def test_a_doubt_is_told_once_for_each_model():
    gan = GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1], output="sigmoid"), device="cpu")
    with pytest.warns(Doubt) as caught:
        for _ in range(3):
            run(gan, RING, 1, progress=False)
        run(gan.copy(), RING, 1, progress=False)
    assert len(caught) == len(gan.doubts) == 1


# --- mixed precision, and VAEs on tables


def test_mixed_precision_is_for_the_nets_alone(monkeypatch):
    """Losses, penalties, backward passes and Adam get 32 bits, as PyTorch advises; tried with the CPU's autocast."""
    monkeypatch.setattr(
        training.gan.devices, "autocast", lambda device, on: torch.autocast("cpu", dtype=torch.bfloat16, enabled=on)
    )
    seen = []

    def game(function):
        def watched(*logits):
            seen.append((torch.is_autocast_enabled("cpu"), *(x.dtype for x in logits if x is not None)))
            return function(*logits)

        return watched

    hinge = objectives.hinge
    loss = objectives.Loss("mine", game(hinge.discriminator), game(hinge.generator))
    inside = []
    gan = make_gan(loss=loss, mixed_precision=True, penalties={"r1": 1.0})
    gan.discriminator[0].register_forward_hook(lambda *_: inside.append(torch.is_autocast_enabled("cpu")))
    gan.discriminator[0].weight.register_hook(lambda g: inside.append(not torch.is_autocast_enabled("cpu")))
    run(gan, RING, 2, progress=False)
    assert len(seen) == 4 and all(row == (False, *[torch.float32] * (len(row) - 1)) for row in seen)
    assert len(inside) > 6 and all(inside)
    assert all(p.grad.dtype == torch.float32 for p in gan.discriminator.parameters())


def test_a_gaussian_vae_learns_a_table_and_samples_numbers_of_its_size():
    g = torch.Generator().manual_seed(0)
    table = torch.randn(500, 3, generator=g) @ torch.tensor([[1.0, 2, 0], [0, 1, 3], [0, 0, 1]]) + 5
    for likelihood in ("gaussian", objectives.gaussian_log_likelihood, objectives.LIKELIHOODS["gaussian"]):
        vae = VAE(nets.VAE(shape=(3,), hidden=(32,)), log_likelihood=likelihood, lr=1e-2, device="cpu")
        run(vae, table, 300, progress=False)
        x = vae.sample(500)
        assert (x.mean(0) - table.mean(0)).abs().max() < 1
        assert x.std(0).max() > 1
