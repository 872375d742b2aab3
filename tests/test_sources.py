"""What `train` takes: tensors, images, Datasets, distributions, DataLoaders, iterables; what resuming means for each.

That runs on tensors and distributions go on bit for bit is in test_checkpoint.py and test_training.py, too.
"""

import numpy as np
import pandas
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from gan_edu import data, ensemble, nets
from gan_edu.recorder import Recorder
from gan_edu.training import GAN, VAE, run, sources, train
from gan_edu.training.sources import batches

POINTS = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))


def make_gan(size=2, **settings):
    pair = ensemble.single_nets(lambda: nets.mlp([2, 8, size]), lambda: nets.mlp([size, 8, 1]), 0)
    return GAN(*pair, device="cpu", **{"lr": 1e-2} | settings)


def noisy_gan(**settings):
    """With dropout, which draws from the model's own stream, as loaders do."""
    pair = ensemble.single_nets(lambda: nets.mlp([2, 8, 2], dropout=0.3), lambda: nets.mlp([2, 8, 1]), 0)
    return GAN(*pair, device="cpu", lr=1e-2, **settings)


def equal(first, second):
    (mine, of_mine), (theirs, of_theirs) = first.state(), second.state()
    return of_mine == of_theirs and all(torch.equal(mine[key], theirs[key]) for key in mine)


def first_batches(source, steps=3, model=None, batch=8):
    """What D sees in the first steps."""
    model, seen = model or make_gan(), []
    inner = model.step_discriminator

    def watched(next_batch, *rest):
        return inner(lambda: seen.append(next_batch()) or seen[-1], *rest)

    model.step_discriminator = watched
    run(model, source, steps, batch=batch, progress=False)
    return seen


class Points(Dataset):
    """The points one by one, as tuples with a label."""

    def __init__(self, points=POINTS, wrap=lambda x, i: (x, i)):
        self.points, self.wrap = points, wrap

    def __len__(self):
        return len(self.points)

    def __getitem__(self, i):
        return self.wrap(self.points[i], i)


class Together(Points):
    def __getitem__(self, i):
        raise AssertionError("one by one is slow")

    def __getitems__(self, places):
        return [(self.points[i], i) for i in places]


class Plain:
    """What isn't derived from torch's Dataset, and behaves like one."""

    def __len__(self):
        return len(POINTS)

    def __getitem__(self, i):
        return POINTS[i]


class Flow(IterableDataset):
    def __iter__(self):
        return iter(POINTS)


# Samples that can be drawn anywhere


@pytest.mark.parametrize(
    "same",
    [
        Points(),
        Together(),
        Plain(),
        TensorDataset(POINTS, torch.arange(40)),
        Subset(Points(torch.cat([POINTS, POINTS])), range(40)),
        POINTS.numpy(),
        POINTS.double(),
        Points(wrap=lambda x, i: x.numpy()),
        Points(wrap=lambda x, i: [x, "label"]),
    ],
    ids=lambda source: type(source).__name__,
)
def test_whatever_holds_the_samples_gives_the_batches_of_a_tensor(same):
    one, other = make_gan(), make_gan()
    run(one, POINTS, 20, batch=8, progress=False)
    run(other, same, 20, batch=8, progress=False)
    assert equal(one, other)


@pytest.mark.parametrize("packing", [1, 2])
def test_a_dataset_trains_an_ensemble_with_a_draw_for_each_seed(packing):
    def make():
        return ensemble.gans(
            lambda: nets.mlp([2, 8, 2]), lambda: nets.mlp([2 * packing, 8, 1]), 3, device="cpu", packing=packing
        )

    one, other = make(), make()
    run(one, POINTS, 5, batch=8, progress=False)
    run(other, Points(), 5, batch=8, progress=False)
    assert equal(one, other)
    with pytest.raises(TypeError, match="An ensemble draws batches for each of its seeds"):
        train(make(), DataLoader(Points()), 1)


@pytest.mark.parametrize("source", [POINTS, Points(), data.toy.ring()], ids=["tensor", "Dataset", "distribution"])
def test_what_can_be_drawn_anywhere_goes_on_bit_for_bit(tmp_path, source):
    whole = run(noisy_gan(ema=0.9), source, 30, batch=8, progress=False)
    part = run(noisy_gan(ema=0.9), source, 13, batch=8, progress=False)
    again = noisy_gan(ema=0.9)
    again.load(part.save(tmp_path / "run.safetensors"))
    assert equal(run(again, source, 17, batch=8, progress=False), whole)


def test_a_dataset_that_flips_by_chance_goes_on_bit_for_bit_too(tmp_path):
    flipping = Points(wrap=lambda x, i: x * torch.where(torch.rand(()) < 0.5, -1.0, 1.0))
    torch.manual_seed(1)
    whole = run(make_gan(), flipping, 20, batch=8, progress=False)
    torch.manual_seed(2)  # of no consequence: the model has a stream of its own
    part = run(make_gan(), flipping, 9, batch=8, progress=False)
    again = make_gan()
    again.load(part.save(tmp_path / "run.safetensors"))
    assert equal(run(again, flipping, 11, batch=8, progress=False), whole)
    theirs = torch.get_rng_state()
    run(again, flipping, 3, batch=8, progress=False)
    assert torch.equal(torch.get_rng_state(), theirs), "the learner's own stream has moved"


def test_a_recorder_rewinds_on_a_dataset_and_not_on_an_iterable():
    recorder = Recorder(make_gan(), Points(), every=5, states=2, batch=8).advance(20)
    assert equal(recorder.rewind(13), Recorder(make_gan(), POINTS, batch=8).advance(13).model)
    for source in (DataLoader(Points()), [POINTS], Flow()):
        with pytest.raises(TypeError, match="A recorder trains again from earlier steps, and an iterable"):
            Recorder(make_gan(), source)


# Images


def image_set(count=50, channels=3, size=6):
    g = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, size, size, channels), generator=g, dtype=torch.uint8).permute(0, 3, 1, 2)
    return data.ImageSet("mine/", "all", pixels, torch.zeros(count, dtype=torch.int64), (".",))


class Colours(nn.Module):
    """The smallest pair of nets for pictures (3, 6, 6)."""

    noise_dim = 4

    def __init__(self, judge):
        super().__init__()
        self.judge, self.layer = judge, nn.Linear(108 if judge else 4, 1 if judge else 108)

    def forward(self, x):
        return self.layer(x.flatten(1)) if self.judge else self.layer(x).tanh().unflatten(1, (3, 6, 6))


def colour_gan(dtype=torch.float32):
    torch.manual_seed(0)
    return GAN(Colours(False).to(dtype), Colours(True).to(dtype), device="cpu", lr=1e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_images_that_do_not_fit_in_memory_give_the_same_run_bit_for_bit(monkeypatch, dtype):
    images = image_set()
    whole = run(colour_gan(dtype), images, 10, batch=8, progress=False)
    assert equal(run(colour_gan(dtype), images.tensor(), 10, batch=8, progress=False), whole)
    monkeypatch.setattr(sources, "WHOLE", 1000)
    monkeypatch.setattr(data.ImageSet, "tensor", watched := Watched(data.ImageSet.tensor))
    assert equal(run(colour_gan(dtype), images, 10, batch=8, progress=False), whole)
    assert watched.largest == 8, "more than a batch was made numbers"


class Watched:
    def __init__(self, inner):
        self.inner, self.largest = inner, 0

    def __get__(self, owner, kind=None):
        def tensor(*args, **options):
            x = self.inner(owner, *args, **options)
            self.largest = max(self.largest, len(x))
            return x

        return tensor


def test_an_ensemble_takes_images_in_parts_as_well(monkeypatch):
    images = image_set(channels=1, size=2)
    images = data.ImageSet("mine/", "all", images.pixels[:, 0], images.labels, (".",))  # (N, 2, 2), as MNIST has
    model = ensemble.gans(lambda: nets.mlp([2, 8, 4]), lambda: nets.mlp([4, 8, 1]), 2, device="cpu")
    whole = sources.batches(model.copy(), images, 8)()
    monkeypatch.setattr(sources, "WHOLE", 0)
    parts = sources.batches(model.copy(), images, 8)()
    assert whole.shape == (2, 8, 1, 2, 2) and torch.equal(whole, parts)


@pytest.mark.parametrize("whole", [0, 2**29])
def test_a_vae_gets_its_pixels_from_0_to_1(monkeypatch, whole):
    monkeypatch.setattr(sources, "WHOLE", whole)
    bernoulli = VAE(nets.VAE(shape=(3, 6, 6), hidden=(8,)), device="cpu")
    gaussian = VAE(nets.VAE(shape=(3, 6, 6), hidden=(8,)), log_likelihood="gaussian", device="cpu")
    assert sources.batches(bernoulli, image_set(), 100)().min() == 0
    assert sources.batches(gaussian, image_set(), 100)().min() == -1
    run(bernoulli, image_set(), 3, progress=False)


# Iterables


def test_a_loader_gives_its_own_batches_in_its_order_and_begins_again():
    seen = first_batches(DataLoader(Points(), batch_size=16), steps=7, batch=3)
    assert [len(x) for x in seen] == [16, 16, 8, 16, 16, 8, 16]
    assert torch.equal(torch.cat(seen[:3]), POINTS) and torch.equal(torch.cat(seen[3:6]), POINTS)


@pytest.mark.parametrize(
    "iterable",
    [
        [POINTS[:16], POINTS[16:]],
        (POINTS[:16].double(), POINTS[16:].numpy()),
        [(POINTS[:16], "labels"), [POINTS[16:], "labels"]],
        DataLoader(TensorDataset(POINTS, torch.arange(40)), sampler=range(40), batch_size=16),
        DataLoader(Points(), batch_size=16, num_workers=1),
    ],
)
def test_batches_come_alone_or_with_labels_from_any_iterable(iterable):
    seen = first_batches(iterable)
    assert torch.equal(torch.cat(seen)[:40], POINTS) and all(x.dtype == torch.float32 for x in seen)


def test_a_stream_of_samples_is_made_into_batches():
    seen = first_batches(Flow(), batch=16)
    assert [len(x) for x in seen] == [16, 16, 8] and torch.equal(torch.cat(seen), POINTS)


def test_a_generator_is_used_up_and_no_batch_is_lost():
    def some(count):
        for number in range(count):
            yield torch.full((4, 2), float(number))

    seen = first_batches(some(3))
    assert [x[0, 0].item() for x in seen] == [0, 1, 2]
    stream = some(10)
    first_batches(stream, steps=2)
    assert [x[0, 0].item() for x in first_batches(stream, steps=2)] == [2, 3]
    gan = make_gan()
    steps = train(gan, some(3), 10, progress=False)
    with pytest.raises(ValueError, match="The generator ended after 3 batches and can't begin again: train for fewer"):
        for _ in steps:
            pass
    assert gan.step == 3 and len(gan.history) == 3


def test_data_without_end_stream(monkeypatch):
    def endless():
        g = torch.Generator().manual_seed(0)
        while True:
            yield torch.randn(8, 2, generator=g)

    assert run(make_gan(), endless(), 50, progress=False).step == 50


def test_several_updates_of_d_take_several_batches():
    gan = make_gan(discriminator_steps=3)
    seen = []
    run(gan, (seen.append(k) or torch.zeros(4, 2) + k for k in range(100)), 4, progress=False)
    assert len(seen) == 12


def test_the_order_of_a_loader_comes_from_the_models_seed_and_is_new_in_each_pass_and_call():
    loader = DataLoader(Points(), batch_size=20, shuffle=True)
    torch.manual_seed(1)
    one = first_batches(loader, steps=4, model=make_gan(seed=5))
    torch.manual_seed(2)
    gan = make_gan(seed=5)
    theirs = torch.get_rng_state()
    other = first_batches(loader, steps=4, model=gan)
    assert torch.equal(torch.get_rng_state(), theirs)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(torch.cat(one[:2]), torch.cat(one[2:]))
    del gan.step_discriminator
    assert not torch.equal(first_batches(loader, steps=1, model=gan)[0], one[0]), "each call begins alike"
    assert not torch.equal(first_batches(loader, steps=1, model=make_gan(seed=6))[0], one[0])


# What resuming means for an iterable: the model goes on bit for bit, and a new pass begins.


def test_a_resumed_run_on_an_iterable_begins_a_new_pass_and_always_the_same_one(tmp_path):
    for loader in (DataLoader(Points(), batch_size=8, shuffle=True), list(POINTS.split(8))):
        part = run(noisy_gan(), loader, 3, progress=False)
        path = part.save(tmp_path / "run.safetensors")
        seen, ends = [], []
        for _ in range(2):
            again = noisy_gan()
            again.load(path)
            seen.append(torch.cat(first_batches(loader, steps=5, model=again)))
            del again.step_discriminator
            ends.append(again)
        assert equal(*ends) and torch.equal(*seen)
        key = lambda x: sorted(map(tuple, x.tolist()))  # noqa: E731
        assert key(seen[0]) == key(POINTS), "not one whole pass"


def test_what_was_drawn_besides_goes_on_bit_for_bit(tmp_path):
    """With batches that are all alike there is nothing but the model."""
    loader = [POINTS[:8]] * 5
    whole = run(noisy_gan(ema=0.9), loader, 20, progress=False)
    part = run(noisy_gan(ema=0.9), loader, 13, progress=False)
    again = noisy_gan(ema=0.9)
    again.load(part.save(tmp_path / "run.safetensors"))
    assert equal(run(again, loader, 7, progress=False), whole)


def test_after_an_interrupt_a_run_goes_on_with_the_next_batch():
    gan, seen, left = make_gan(), [], [2]

    def stop(*_):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    gan.generator.register_forward_hook(stop)
    left[0] = 6  # after the trial, in some step
    steps = train(gan, (seen.append(k) or torch.zeros(4, 2) + k for k in range(10)), 6, progress=False)
    with pytest.raises(KeyboardInterrupt):
        list(steps)
    before = gan.step
    assert 0 < before < 6
    list(steps)
    assert gan.step == 6 and seen == list(range(7))


# What doesn't fit, in one sentence


class Sized:
    def __len__(self):
        return 0

    def __getitem__(self, i):
        raise IndexError(i)


@pytest.mark.parametrize(
    "source, error, words",
    [
        (12, TypeError, r"Train on a tensor \(N, ...\), an ImageSet.*DataLoader.*; got int"),
        (None, TypeError, "got NoneType"),
        (lambda: POINTS, TypeError, "got function"),
        ({"x": POINTS}, TypeError, "got dict"),
        ("pictures", TypeError, r"Train on the data, not on a name: data.folder\('pictures'\)"),
        (pandas.DataFrame({"a": [1.0, 2.0]}), TypeError, r"A DataFrame must be made numbers first: data.table\(…\)"),
        (pandas.Series([1.0, 2.0]), TypeError, "A Series must be made numbers first"),
        (np.array(["a", "b"]), TypeError, "The data must be a tensor or an array of numbers.*got ndarray of <U1"),
        (torch.zeros(5), ValueError, r"Training data must be \(N, features...\) with N ≥ 1; got shape \(5,\)"),
        ([], ValueError, "The list holds no batch"),
        (DataLoader([]), ValueError, "The DataLoader holds no batch"),
        (iter([]), ValueError, "The list_iterator holds no batch"),
        (
            [1, 2],
            TypeError,
            "Batch 1 must be a tensor or an array of numbers, or a tuple that begins with one; got int",
        ),
        ([{"x": POINTS, "y": 1}], TypeError, "got dict with 'x', 'y'"),
        ([None], TypeError, "Batch 1 must be a tensor.*got NoneType"),
        (["a.png"], TypeError, "got str"),
        ([POINTS[0]], ValueError, r"Batches must be \(n, features...\) with n ≥ 1; number 1 has shape \(2,\)"),
        ([torch.zeros(0, 2)], ValueError, r"number 1 has shape \(0, 2\)"),
        ([torch.zeros(4, 3)], ValueError, r"samples of shape \(2,\), the data have \(3,\)"),
        ([POINTS.to(torch.complex64)], TypeError, "Batch 1 must hold real numbers, and these are complex"),
        ([torch.full((4, 2), torch.nan)], ValueError, "Batch 1 holds NaN or infinite values"),
        (Sized(), ValueError, r"The Sized is empty"),
        (Points(wrap=lambda x, i: {"x": x}), TypeError, "Item [0-9]+ must be a tensor.*got dict with 'x'"),
        (Points(wrap=lambda x, i: x[: 1 + i % 2]), ValueError, r"All items must have one shape .*has \([12],\)"),
        (Points(wrap=lambda x, i: x[0]), ValueError, r"item [0-9]+ has \(\)"),
        (Points(wrap=lambda x, i: x * torch.nan), ValueError, "Item [0-9]+ holds NaN or infinite values"),
        (POINTS.to_sparse(), TypeError, "The data must be an ordinary tensor.*this one is sparse_coo"),
        (POINTS.to_sparse_csr(), TypeError, "The data must be an ordinary tensor.*this one is sparse_csr"),
        (POINTS.to("meta"), TypeError, "The data must be an ordinary tensor.*without numbers"),
        (torch.nested.nested_tensor([POINTS, POINTS]), TypeError, "The data must be an ordinary tensor.*nested"),
        ([POINTS.to_sparse()], TypeError, "Batch 1 must be an ordinary tensor.*sparse_coo"),
        (np.ma.masked_less(POINTS.numpy(), 0), ValueError, "hold [0-9]+ NaN"),
        (Points(wrap=lambda x, i: torch.zeros(3)), ValueError, r"the data have \(3,\)"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_does_not_fit_is_told_before_the_first_step(source, error, words):
    gan = make_gan()
    with pytest.raises(error, match=words) as caught:
        train(gan, source, 5)
    assert "\n" not in str(caught.value) and gan.step == 0


def test_numbers_in_any_order_of_memory_are_the_same_numbers():
    gan, arrays = make_gan(), POINTS.numpy()
    wanted = batches(make_gan(), POINTS, 8)()
    for same in (arrays[::-1][::-1], np.asfortranarray(arrays), arrays[::-1, ::-1].copy()[::-1, ::-1]):
        assert torch.equal(batches(make_gan(), same, 8)(), wanted)
    assert torch.equal(batches(make_gan(), arrays.astype(">f4"), 8)(), wanted)
    assert torch.equal(batches(gan, arrays[::-1], 8)(), batches(make_gan(), POINTS.flip(0), 8)())


def test_an_item_that_is_no_number_is_told_when_it_comes_and_costs_nothing():
    gan = make_gan()
    calls = []

    def later(x, i):
        calls.append(i)
        return x * torch.nan if len(calls) > 300 else x

    steps = train(gan, Points(wrap=later), 500, batch=4, progress=False)
    with pytest.raises(ValueError, match="^Item [0-9]+ holds NaN or infinite values"):
        list(steps)
    assert gan.step > 10 and all(weights.isfinite().all() for weights in gan.generator.parameters())


@pytest.mark.parametrize(
    "later, words",
    [
        (torch.zeros(4, 3), r"samples of one shape, and number 3 has \(3,\), not \(2,\)"),
        (torch.full((4, 2), torch.inf), "Batch 3 holds NaN or infinite values"),
        ("a", "Batch 3 must be a tensor"),
        (torch.zeros(0, 2), "number 3 has shape"),
    ],
)
def test_what_stops_fitting_later_is_told_with_its_number_and_costs_nothing(later, words):
    gan = make_gan()
    steps = train(gan, [POINTS, POINTS, later, POINTS], 5, progress=False)
    with pytest.raises((TypeError, ValueError), match=words):
        list(steps)
    assert gan.step == 2


def test_a_dataset_without_a_length_is_told():
    class Endless(Dataset):
        def __getitem__(self, i):
            return POINTS[i]

    with pytest.raises(TypeError, match="needs __len__ and __getitem__, and this Endless has no length"):
        train(make_gan(), Endless(), 1)


def test_an_error_inside_a_dataset_comes_out_as_it_is():
    def broken(x, i):
        raise OSError("picture 7 is gone")

    with pytest.raises(OSError, match="picture 7 is gone"):
        train(make_gan(), Points(wrap=broken), 1)


def test_packs_and_the_range_of_pixels_are_checked_on_the_first_batch():
    pair = nets.mlp([2, 8, 2]), nets.mlp([6, 8, 1])
    with pytest.raises(ValueError, match="Packs of 3 need a batch of a multiple of 3 samples; got 40"):
        train(GAN(*pair, packing=3, device="cpu"), [POINTS], 1)
    gan = GAN(nets.mlp([2, 8, 2], output="tanh"), nets.mlp([2, 8, 1]), device="cpu")
    with pytest.warns(UserWarning, match="x / 127.5 − 1"):
        train(gan, [torch.full((4, 2), 200, dtype=torch.uint8)], 1)
    with pytest.raises(ValueError, match=r"pixels in \[0, 1\]"):
        train(VAE(nets.VAE(shape=(2,), hidden=(4,)), device="cpu"), DataLoader(Points(POINTS - 5), 8), 1)


def test_tables_and_series_are_trained_on_as_they_are():
    frame = pandas.DataFrame({"a": np.arange(50) % 7, "b": ["x", "y", "z", "z", "z"] * 10})
    table = data.table(frame)
    gan = run(make_gan(size=4), table, 3, progress=False)
    assert list(table.decode(gan.sample(5)).columns) == ["a", "b"]
    series = data.series(np.sin(np.arange(100)), length=4)
    run(make_gan(size=4), series.tensor(flat=True), 3, progress=False)
    with pytest.raises(ValueError, match=r"the data have \(1, 4\)"):
        train(make_gan(size=4), series, 1)
