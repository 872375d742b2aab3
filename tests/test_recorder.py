import json
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from gan_edu import data, ensemble, metrics, nets, objectives
from gan_edu.recorder import Frame, PlaneLook, Recorder, Recording, RecordingError, pack_points, unpack_points
from gan_edu.training import GAN, VAE, CheckpointError, TrainingDiverged, train

RING = data.toy.ring()


def make_gan(seed=0, **settings):
    made = ensemble.single_nets(lambda: nets.mlp([2, 16, 2]), lambda: nets.mlp([2, 16, 1]), seed)
    return GAN(*made, seed=seed, device="cpu", **({"lr": 1e-3} | settings))


def make_recorder(steps=0, **options):
    recorder = Recorder(make_gan(), RING, PlaneLook(RING, points=50, resolution=20, coverage_samples=100), **options)
    return recorder.advance(steps) if steps else recorder


def same(first, second):
    return first.arrays.keys() == second.arrays.keys() and all(
        np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays
    )


def states_equal(first, second):
    mine, theirs = first.state()[0], second.state()[0]
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


# --- frames


def test_a_recording_of_any_length_fits_and_keeps_its_ends():
    recording = Recording(limit=10)
    for step in range(1000):
        recording.add(Frame(step, {"x": step}))
        assert len(recording) <= 10
        assert recording.steps[0] == 0 and recording.steps[-1] == step
    gaps = np.diff(recording.steps[:-1])
    assert gaps.max() <= 2 * gaps.min()  # evenly
    assert len(recording) >= 5


def test_it_says_which_frames_had_to_go():
    recording, here = Recording(limit=10), set()
    for step in range(200):
        gone = recording.add(Frame(step, {}))
        assert here.issuperset(gone)
        here = here - set(gone) | {step}
        assert sorted(here) == recording.steps


def test_at_is_the_last_frame_at_or_before():
    recording = Recording()
    with pytest.raises(IndexError, match="empty"):
        recording.at(3)
    for step in (5, 10, 20):
        recording.add(Frame(step, {}))
    assert [recording.at(step).step for step in (0, 5, 9, 10, 19, 99)] == [5, 5, 5, 10, 10, 20]
    with pytest.raises(ValueError, match="order"):
        recording.add(Frame(19, {}))
    recording.add(Frame(20, {"again": 1.0}))
    assert recording.steps == [5, 10, 20] and recording.at(20).values == {"again": 1.0}


def test_columns_are_numbers_over_steps():
    recording = Recording()
    recording.add(Frame(0, {"modes": 1}))
    recording.add(Frame(10, {"modes": 8, "loss_d": 0.5}))
    steps, values = recording.column("loss_d")
    assert steps.tolist() == [10] and values.tolist() == [0.5]
    with pytest.raises(KeyError, match="loss_d, modes"):
        recording.column("loss")


def test_frames_can_not_be_written_to():
    frame = make_recorder(10).recording.at(10)
    with pytest.raises(ValueError, match="read-only"):
        frame.arrays["surface"][0, 0] = 1


def test_points_survive_packing_to_a_ten_thousandth_of_the_plane():
    points = torch.rand(100, 2) * 8 - 4
    assert np.abs(unpack_points(pack_points(points, 2.0), 2.0) - points.numpy()).max() < 2 * 2.0 * 2 / 32767
    far = unpack_points(pack_points(torch.tensor([[1e9, float("nan")]]), 2.0), 2.0)
    assert far.tolist() == [[4.0, 0.0]]


# --- one file


def test_a_recording_comes_back_from_its_file(tmp_path):
    recording = make_recorder(30).recording
    loaded = Recording.load(recording.save(tmp_path / "run.npz"))
    assert loaded.steps == recording.steps and loaded.about == recording.about
    assert loaded.fixed.keys() == recording.fixed.keys()
    assert all(same(a, b) and a.values == b.values for a, b in zip(loaded, recording, strict=True))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", b"no zip at all" * 100])
def test_broken_files_are_named(tmp_path, content):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="run.npz is damaged or no recording"):
        Recording.load(path)
    with pytest.raises(FileNotFoundError, match="no recording"):
        Recording.load(tmp_path / "other.npz")


def test_files_with_code_or_of_others_are_refused(tmp_path):
    np.savez(tmp_path / "evil.npz", head=np.array([{"format": "gan_edu recording 1"}], dtype=object))
    np.savez(tmp_path / "other.npz", head=np.frombuffer(json.dumps({"format": "x"}).encode(), dtype=np.uint8))
    for name in ("evil.npz", "other.npz"):
        with pytest.raises(RecordingError):
            Recording.load(tmp_path / name)


def test_saving_fails_whole(tmp_path, monkeypatch):
    path = make_recorder(10).recording.save(tmp_path / "run.npz")
    before = path.read_bytes()
    recording = make_recorder(20).recording
    monkeypatch.setattr("os.replace", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        recording.save(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["run.npz"]


# --- training and recording


def test_recording_changes_no_training():
    recorder = make_recorder(every=3)
    recorder.advance(20)
    plain = make_gan()
    for _ in train(plain, RING, 20, progress=False):
        pass
    assert states_equal(plain, recorder.model)
    assert recorder.recording.steps == [0, 3, 6, 9, 12, 15, 18, 20]


def test_somebody_elses_stream_is_recorded_too():
    recorder = make_recorder()
    numbers = [step.number for step in recorder.watch(train(recorder.model, RING, 25, progress=False))]
    assert numbers == list(range(1, 26)) and recorder.recording.steps == [0, 10, 20]


@pytest.mark.parametrize("step", [0, 7, 20, 33, 60])
def test_every_step_can_be_flown_again(step):
    recorder = make_recorder(states=2)
    recorder._stride = 5  # so that kept states are thinned
    witness = {}
    for _ in range(60):
        witness[recorder.step] = recorder.model.copy()
        player = {13: "discriminator", 14: "generator", 30: "discriminator"}.get(recorder.step, "both")
        recorder.train_step(player)
        if recorder.step == 25:
            recorder.change(lr=5e-3, loss="hinge")
    witness[recorder.step] = recorder.model.copy()
    assert states_equal(recorder.rewind(step), witness[step])
    assert len(recorder._snapshots) <= 2 + 3
    for wrong in (-1, 61):
        with pytest.raises(ValueError, match="from step 0 to 60"):
            recorder.rewind(wrong)


def test_halves_make_a_whole_and_can_be_left_in_between():
    whole, parts = make_recorder(5), make_recorder(5)
    whole.train_step()
    assert list(parts.train_halves()) == ["discriminator", "generator"]
    assert states_equal(whole.model, parts.model) and parts.step == 6
    next(parts.train_halves())  # left after the discriminator
    left = parts.model.copy()
    parts.train_step()
    assert states_equal(parts.rewind(7), left)


def test_a_player_alone_leaves_the_other_where_it_is():
    recorder = make_recorder(5)
    for player, rests in (("discriminator", "generator"), ("generator", "discriminator")):
        before = recorder.model.copy()
        recorder.train_step(player)
        pairs = zip(recorder.model.nets[rests].parameters(), before.nets[rests].parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
        pairs = zip(recorder.model.nets[player].parameters(), before.nets[player].parameters(), strict=True)
        assert not all(torch.equal(a, b) for a, b in pairs)
    with pytest.raises(ValueError, match="'both'"):
        recorder.train_step("nobody")


def test_branches_share_the_past_and_not_the_future():
    recorder = make_recorder(40)
    again, other = recorder.branch(20), recorder.branch(20, lr=1e-2)
    again.advance(20), other.advance(20)
    for past in (0, 10, 20):
        assert same(other.recording.at(past), recorder.recording.at(past))
    assert all(same(a, b) for a, b in zip(again.recording, recorder.recording, strict=True))
    assert not same(other.recording.at(40), recorder.recording.at(40))
    assert recorder.step == 40 and len(recorder.recording) == 5  # the first run has not noticed
    assert states_equal(other.rewind(10), recorder.rewind(10))
    deeper = other.branch(30)
    assert states_equal(deeper.model, other.rewind(30)) and not states_equal(deeper.model, recorder.rewind(30))


def test_a_change_that_is_refused_changes_nothing():
    recorder = make_recorder(10)
    with pytest.raises(ValueError, match="learning rate"):
        recorder.change(lr=-1)
    assert states_equal(recorder.advance(5).model, make_recorder(15).model)


def test_what_came_before_a_divergence_is_kept():
    recorder = make_recorder(20)
    with torch.no_grad():
        next(recorder.model.generator.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingDiverged):
        recorder.advance(5)
    assert recorder.recording.steps == [0, 10, 20]
    assert recorder.rewind(20).sample(5).isfinite().all()


def test_a_recorder_goes_on_and_branches_from_its_file(tmp_path):
    recorder = make_recorder(25, every=5)
    recorder.train_step("discriminator")
    recorder.change(loss="hinge", lr=(1e-3, 5e-4), ema=0.9)
    recorder.advance(14)
    opened = Recorder.open(recorder.save(tmp_path / "run.npz"), make_gan(seed=7), RING, recorder.look)
    assert states_equal(opened.model, recorder.model) and opened.recording.steps == recorder.recording.steps
    for step in (3, 26, 33):
        assert states_equal(opened.rewind(step), recorder.rewind(step))
    assert states_equal(opened.advance(10).model, recorder.advance(10).model)
    assert states_equal(opened.branch(30, lr=1e-2).advance(5).model, recorder.branch(30, lr=1e-2).advance(5).model)
    assert Recording.load(tmp_path / "run.npz").steps[-1] == 40


def test_what_can_not_go_on_is_told(tmp_path):
    recorder = make_recorder(5)
    frames = recorder.recording.save(tmp_path / "frames.npz")
    with pytest.raises(RecordingError, match="frames only"):
        Recorder.open(frames, make_gan(), RING)
    whole = recorder.save(tmp_path / "run.npz")
    other = GAN(nets.mlp([2, 8, 2]), nets.mlp([2, 8, 1]), device="cpu")
    with pytest.raises(CheckpointError, match="another architecture"):
        Recorder.open(whole, other, RING)
    whole.write_bytes(whole.read_bytes()[:-3000])
    with pytest.raises(RecordingError, match="damaged"):
        Recorder.open(whole, make_gan(), RING)
    recorder.change(loss=objectives.Loss("mine", objectives.hinge.discriminator, objectives.hinge.generator))
    with pytest.raises(ValueError, match="loss of your own"):
        recorder.save(tmp_path / "own.npz")


def test_a_recording_whose_discriminator_changed_is_opened_with_both(tmp_path):
    recorder = make_recorder(20)
    deeper = ensemble.single_nets(nn.Identity, lambda: nets.mlp([2, 8, 8, 1]), 0)[1]
    recorder.change(discriminator=deeper)
    recorder.advance(10)
    path = recorder.save(tmp_path / "run.npz")
    after = make_gan().copy(discriminator=nets.mlp([2, 8, 8, 1]))
    opened = Recorder.open(path, [make_gan(), after], RING, recorder.look)
    for step in (7, 20, 26):
        assert states_equal(opened.rewind(step), recorder.rewind(step))
    assert states_equal(opened.advance(5).model, recorder.advance(5).model)
    late = Recorder.open(path, after, RING, recorder.look)  # what came before the change can't be trained again
    assert states_equal(late.rewind(26), opened.rewind(26)) and late.recording.steps[0] == 0
    with pytest.raises(ValueError, match="from step 20 to 30"):
        late.rewind(7)
    with pytest.raises(CheckpointError, match="another architecture"):
        Recorder.open(path, make_gan(), RING)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_a_recording_of_a_vae_goes_on_too(tmp_path, likelihood):
    def make(seed):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return VAE(nets.VAE(shape=(3,), hidden=(8,)), beta=2.0, log_likelihood=likelihood, device="cpu")

    table = torch.rand(40, 3, generator=torch.Generator().manual_seed(0))
    recorder = Recorder(make(0), table, every=5).advance(12)
    opened = Recorder.open(recorder.save(tmp_path / "run.npz"), make(1), table)
    assert states_equal(opened.advance(5).model, recorder.advance(5).model)
    assert states_equal(opened.rewind(8), recorder.rewind(8)) and opened.model.beta == 2.0


def test_a_loss_of_ones_own_under_a_known_name_is_not_saved_as_the_known_one(tmp_path):
    recorder = make_recorder(2)
    recorder.change(loss=objectives.Loss("hinge", objectives.hinge.discriminator, objectives.wasserstein.generator))
    with pytest.raises(ValueError, match="loss of your own"):
        recorder.save(tmp_path / "own.npz")


ALTERED = {
    "batch 0": lambda head: head.update(batch=0),
    "stride 0": lambda head: head.update(stride=0),
    "every 0": lambda head: head.update(every=0),
    "limit 0": lambda head: head.update(limit=0),
    "a gap in words": lambda head: head.update(gap="x"),
    "no snapshots": lambda head: head.update(states=[]),
    "snapshots of another kind": lambda head: head.update(states=7),
    "no settings": lambda head: head["states"][0].pop("settings"),
    "an unknown setting": lambda head: head["states"][0]["settings"].update(magic=1),
    "a setting out of range": lambda head: head["states"][0]["settings"].update(lr=-1),
    "other players": lambda head: head.update(alone={"3": "nobody"}),
    "frames out of order": lambda head: head["frames"].reverse(),
    "a frame of the past": lambda head: head["frames"][0].update(step=-1),
    "a frame in words": lambda head: head["frames"][0].update(step="x"),
    "values in words": lambda head: head["frames"][0].update(values={"loss": "x"}),
    "an array that isn't there": lambda head: head["frames"][0].update(arrays=["secret"]),
    "a frame of the future": lambda head: head["frames"][-1].update(step=900),
    "a huge setting": lambda head: head["states"][0]["settings"].update(lr=10**400),
    "a huge batch": lambda head: head.update(batch=10**12),
    "packs that don't fit": lambda head: head["states"][-1]["settings"].update(packing=1000),
    "a broken snapshot": lambda head: head["states"][0]["text"].update(history="x"),
    "snapshots out of order": lambda head: head["states"].reverse(),
    "another format": lambda head: head.update(format="gan_edu recording 99"),
    "a list": lambda head: head.update(about=3),
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_recording_that_was_altered_is_refused_in_a_sentence(tmp_path, what):
    recorder = make_recorder(10, every=5)
    recorder.change(lr=1e-3)
    path = recorder.advance(10).save(tmp_path / "run.npz")
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    head = json.loads(arrays["head"].tobytes())
    ALTERED[what](head)
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    np.savez(path, **arrays)
    with pytest.raises((RecordingError, CheckpointError), match="run.npz is damaged"):
        Recorder.open(path, make_gan(), RING)


HUGE = b"{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000,), }"


@pytest.mark.parametrize("header", [HUGE, b"{'descr': ["])
def test_headers_that_lie_are_refused(tmp_path, header):
    path = tmp_path / "run.npz"
    header = header.ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("head.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(RecordingError, match="run.npz is damaged or no recording"):
        Recording.load(path)


def test_what_could_not_be_opened_is_not_saved(tmp_path, monkeypatch):
    recorder = make_recorder(3)
    path = recorder.save(tmp_path / "run.npz")
    before = path.read_bytes()
    monkeypatch.setattr("gan_edu.recording.LARGEST", 20_000)
    with pytest.raises(ValueError, match="fewer `states`"):
        recorder.save(path)
    assert path.read_bytes() == before


def test_what_opens_a_recording_is_checked(tmp_path):
    path = make_recorder(3, states=7).save(tmp_path / "run.npz")
    for nothing in ([], None, [7]):
        with pytest.raises(TypeError, match="needs a model, or a list of models"):
            Recorder.open(path, nothing, RING)
    with pytest.raises(CheckpointError, match="holds a GAN, and this is a VAE"):
        Recorder.open(path, VAE(nets.VAE(shape=(2,), hidden=(8,)), device="cpu"), RING)
    assert Recorder.open(path, make_gan(), RING).states == 7


def test_a_frame_keeps_numbers_of_its_own():
    mine = np.zeros(3)
    frame = Frame(0, {"x": np.float32(1), "y": torch.tensor(2.0)}, {"a": mine})
    mine += 1
    assert frame.arrays["a"].tolist() == [0, 0, 0] and json.dumps(frame.values) == '{"x": 1.0, "y": 2.0}'
    with pytest.raises(TypeError, match="must hold numbers"):
        Frame(0, {}, {"a": np.array([object()])})


def test_a_file_that_would_unpack_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_edu.recording.LARGEST", 2**20)
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("head.npy", bytes(2**20 + 1))
    assert path.stat().st_size < 2**12
    with pytest.raises(RecordingError, match="would unpack to more than 1 MB"):
        Recording.load(path)


# --- what a frame of the plane shows


def test_the_frame_shows_what_the_nets_say():
    look = PlaneLook(RING, points=50, resolution=20, coverage_samples=100)
    gan = make_gan()
    values, arrays = look(gan)
    e = RING.extent
    x = torch.tensor([[(7 + 0.5) / 20 * 2 * e - e, (3 + 0.5) / 20 * 2 * e - e]])  # column 7, row 3
    assert abs(arrays["surface"][3, 7] - 255 * gan.logits(x).sigmoid().item()) <= 0.5
    fake = torch.tensor(unpack_points(arrays["fake"], e), dtype=torch.float32).requires_grad_()
    downhill = -torch.autograd.grad(gan.loss.generator(None, gan.logits(fake)) * len(fake), fake)[0]
    assert values["pull"] == pytest.approx(downhill.norm(dim=1).mean().item(), rel=1e-3)
    cosine = torch.nn.functional.cosine_similarity(downhill, torch.tensor(arrays["pull"], dtype=torch.float32))
    assert cosine.median() > 0.99
    real = unpack_points(look.fixed["real"], e)
    right = (gan.logits(torch.tensor(real, dtype=torch.float32)) > 0).float().mean()
    right = (right + (gan.logits(fake) < 0).float().mean()) / 2
    assert values["accuracy"] == pytest.approx(right.item(), abs=0.021)
    assert values["modes"] == metrics.mode_coverage(gan.sample(look._noise(100, 2)), RING).captured
    assert arrays["warp"].shape == (441, 2)
    assert look.fixed["density"].max() == pytest.approx(RING.density(RING.modes).max().item(), rel=0.4)


def test_a_frame_of_the_widgets_size_is_below_20_kib():
    values, arrays = PlaneLook(RING)(make_gan())
    assert sum(array.nbytes for array in arrays.values()) <= 20 * 1024
    assert arrays["surface"].shape == (100, 100) and len(arrays["fake"]) + len(PlaneLook(RING).real) == 1000


@pytest.mark.parametrize("loss", ["relativistic", "wasserstein"])
def test_any_loss_can_be_looked_at(loss):
    values, _ = PlaneLook(RING, points=20, resolution=10)(make_gan(loss=loss))
    assert np.isfinite(list(values.values())).all()
