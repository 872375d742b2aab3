import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

from gan_edu import ensemble, nets, privacy


@pytest.fixture(scope="module")
def opacus():
    import opacus  # slow to load; it is among what the tests install, so its absence is an error

    return opacus


def make(seed, sizes=(3, 8, 1)):
    torch.manual_seed(seed)
    return nets.mlp(list(sizes))


def by_definition(net, rows, clip):
    """Per-example gradients by torch.func, clipped and added."""
    weights = {name: p.detach() for name, p in net.named_parameters()}
    each = vmap(grad(lambda w, x: F.softplus(-functional_call(net, w, (x[None],))).sum()), (None, 0))(weights, rows)
    length = torch.stack([g.flatten(1).norm(dim=1) for g in each.values()]).norm(dim=0)
    return [torch.einsum("b,b...->...", (clip / length).clamp(max=1), g) for g in each.values()]


@pytest.mark.parametrize("clip", [0.3, 2.0, math.inf])
def test_clipped_sums_are_those_of_the_definition(clip):
    nets_, rows = [make(seed) for seed in range(3)], 3 * torch.randn(3, 6, 3)
    keep = torch.ones(3, 6, dtype=torch.bool)
    keep[0, 4:] = keep[2] = False
    found = privacy.clipped_sum(ensemble.stack(nets_), rows, keep, clip)
    for s, net in enumerate(nets_):
        expected = by_definition(net, rows[s][keep[s]], clip) if keep[s].any() else [0 * p for p in net.parameters()]
        assert all(torch.allclose(a[s], b, atol=1e-5) for a, b in zip(found, expected, strict=True))


def test_opacus_clips_to_the_same_sum(opacus):
    net, rows, clip = make(5), 3 * torch.randn(12, 3), 0.4
    ours = privacy.clipped_sum(ensemble.stack([net]), rows[None], torch.ones(1, 12, dtype=torch.bool), clip)
    first = by_definition(net, rows[:1], math.inf)  # before Opacus hangs its hooks into the net
    wrapped = opacus.GradSampleModule(net, loss_reduction="sum")
    optimizer = opacus.optimizers.DPOptimizer(
        torch.optim.SGD(wrapped.parameters(), lr=1.0), noise_multiplier=0.0, max_grad_norm=clip,
        expected_batch_size=1, loss_reduction="sum")  # fmt: skip
    F.softplus(-wrapped(rows)).sum().backward()
    each = [p.grad_sample for p in wrapped.parameters()]
    assert all(torch.allclose(a[0], b, atol=1e-5) for a, b in zip(each, first, strict=True))
    optimizer.clip_and_accumulate()
    for a, p in zip(ours, wrapped.parameters(), strict=True):
        assert torch.allclose(a[0], p.summed_grad, atol=1e-5)


@pytest.mark.parametrize(
    "rate, noise, steps, delta",
    [(0.01, 1.0, 1500, 1e-5), (256 / 60000, 1.1, 3515, 1e-5), (64 / 445, 1.0, 695, 1e-4), (0.001, 0.4, 1000, 1e-5),
     (0.5, 20.0, 100, 1e-3), (1.0, 4.0, 50, 1e-3)],
)  # fmt: skip
def test_epsilon_is_that_of_opacus(opacus, rate, noise, steps, delta):
    accountant = opacus.accountants.RDPAccountant()
    accountant.history = [(noise, rate, steps)]
    assert privacy.epsilon(rate, noise, steps, delta) == pytest.approx(accountant.get_epsilon(delta), rel=1e-6)


@pytest.mark.parametrize("epochs, figure", [(15, 2.50), (60, 5.06)])
def test_epsilon_of_known_figures(epochs, figure):  # n = 60,000, B = 600
    assert privacy.epsilon(0.01, 1.0, 100 * epochs, 1e-5) == pytest.approx(figure, abs=0.005)


def test_without_sampling_the_divergence_is_the_gaussian_one():
    assert privacy.renyi(1.0, 2.0) == pytest.approx(privacy.ORDERS / 8, rel=1e-9)
    assert (privacy.renyi(0.0, 2.0) == 0).all()


def test_edges_of_epsilon():
    assert privacy.epsilon(0.1, 0.0, 10, 1e-5) == math.inf
    assert privacy.epsilon(0.1, 0.0, 0, 1e-5) == privacy.epsilon(0.0, 0.0, 10, 1e-5) == 0
    more = [privacy.epsilon(0.1, 1.0, steps, 1e-5) for steps in (1, 10, 100)]
    assert more == sorted(more)
    for bad in ({"rate": 1.1}, {"noise": -1}, {"noise": 1e-3}, {"steps": 1.5}, {"delta": 0.0}, {"delta": 1.0}):
        with pytest.raises((ValueError, TypeError)):
            privacy.epsilon(**{"rate": 0.1, "noise": 1.0, "steps": 10, "delta": 1e-5} | bad)


@pytest.mark.parametrize("target", [0.5, 3.0])
def test_noise_for_keeps_its_target(target):
    noise = privacy.noise_for(target, 0.05, 200, 1e-5)
    assert privacy.epsilon(0.05, noise, 200, 1e-5) == pytest.approx(target, rel=1e-3)


def test_no_noise_is_enough_for_an_impossible_target():
    with pytest.raises(ValueError, match="larger ε"):
        privacy.noise_for(1e-6, 0.5, 10_000, 1e-5)


def test_each_row_is_drawn_for_itself():
    sizes, rate, seen = torch.tensor([10, 30]), torch.tensor([0.3, 0.1]), torch.zeros(2, 30)
    stream, counts = torch.Generator().manual_seed(0), []
    for _ in range(2000):
        places, keep = privacy.drawn(sizes, rate, 40, stream)
        assert all(len(set(row[k].tolist())) == int(k.sum()) for row, k in zip(places, keep, strict=True))
        seen.scatter_add_(1, places, keep.float())
        counts.append(keep.sum(1))
    assert (seen[0, 10:] == 0).all()
    assert (seen[0, :10] / 2000 - 0.3).abs().max() < 0.05 and (seen[1] / 2000 - 0.1).abs().max() < 0.04
    variance = torch.stack(counts).float().var(0)
    assert torch.allclose(variance, torch.tensor([2.1, 2.7]), rtol=0.15)  # binomial


def test_the_noise_has_its_size():
    net, keep = ensemble.stack([make(s) for s in range(200)]), torch.zeros(200, 4, dtype=torch.bool)
    batch, noise, stream = torch.full((200,), 5.0), torch.full((200,), 3.0), torch.Generator().manual_seed(1)
    found = privacy.private_gradient(net, torch.zeros(200, 4, 3), keep, 0.5, noise, batch, stream)
    assert torch.cat([g.flatten() for g in found]).std().item() == pytest.approx(3.0 * 0.5 / 5, rel=0.05)


def test_nets_that_mix_rows_are_refused():
    mixing = ensemble.stack([nets.mlp([3, 8, 1], batch_norm=True)])
    with pytest.raises(ValueError, match="no plain linear layer"):
        privacy.clipped_sum(mixing, torch.randn(1, 4, 3), torch.ones(1, 4, dtype=torch.bool), 1.0)


def test_training_changes_both_nets_and_repeats_itself():
    def trained():
        gans = ensemble.gans(lambda: nets.mlp([2, 8, 3]), lambda: nets.mlp([3, 8, 1]), seeds=2)
        before = [p.detach().clone() for net in (gans.generator, gans.discriminator) for p in net.parameters()]
        tables = [torch.randn(n, 3, generator=torch.Generator().manual_seed(n)) for n in (20, 50)]
        privacy.train(gans, tables, 8, [0.0, 1.0], 1.0, 5, progress=False)
        after = [p for net in (gans.generator, gans.discriminator) for p in net.parameters()]
        assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
        return after

    assert all(torch.equal(a, b) for a, b in zip(trained(), trained(), strict=True))


def test_a_batch_must_be_smaller_than_a_table():
    gans = ensemble.gans(lambda: nets.mlp([2, 8, 3]), lambda: nets.mlp([3, 8, 1]), seeds=1)
    with pytest.raises(ValueError, match="smaller than each table"):
        privacy.train(gans, [torch.randn(8, 3)], 8, [1.0], 1.0, 5)


@pytest.mark.parametrize(
    "settings",
    [{"loss": "relativistic"}, {"loss": "wasserstein"}, {"loss": "hinge"}, {"loss": "minimax"}, {"unroll": 1},
     {"penalties": {"r1": 1.0}}, {"packing": 2}, {"discriminator_steps": 2}, {"mixed_precision": True}],
)  # fmt: skip
def test_settings_that_break_the_promise_are_refused(settings):
    width = 3 * settings.get("packing", 1)
    gans = ensemble.gans(lambda: nets.mlp([2, 8, 3]), lambda: nets.mlp([width, 8, 1]), seeds=1, sure=True, **settings)
    before = [p.detach().clone() for p in gans.discriminator.parameters()]
    with pytest.raises(ValueError, match=f"can't take {next(iter(settings))}.*keeps its promise"):
        privacy.train(gans, [torch.randn(20, 3)], 8, [1.0], 1.0, 5, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(before, gans.discriminator.parameters(), strict=True))


def test_the_generator_hears_of_rows_through_the_discriminator_alone():
    def trained(shift):
        gans = ensemble.gans(lambda: nets.mlp([2, 8, 3]), lambda: nets.mlp([3, 8, 1]), seeds=1)

        def deaf(net, *_):  # a discriminator that learns nothing from the rows
            return [torch.zeros_like(p) for p in net.parameters()]

        table = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)) + shift
        privacy.train(gans, [table], 8, [1.0], 1.0, 5, gradient=deaf, progress=False)
        return list(gans.generator.parameters())

    assert all(torch.equal(a, b) for a, b in zip(trained(0.0), trained(100.0), strict=True))


def test_an_audit_proves_no_more_than_is_there():
    chance, epsilon = np.random.default_rng(0), 1.0
    alarms, hits = chance.binomial(300, 0.1, 400), chance.binomial(300, 0.1 * math.e, 400)
    bounds = [privacy.at_least(int(h), 300, int(a), 300, 0.0) for h, a in zip(hits, alarms, strict=True)]
    assert np.mean(np.array(bounds) > epsilon) < 0.05 and np.median(bounds) > 0.2
    assert privacy.at_least(500, 500, 0, 500, 1e-3) == pytest.approx(4.9, abs=0.02)
    assert privacy.at_least(0, 10, 0, 10, 0.0) == privacy.at_least(5, 500, 5, 500, 1e-5) == 0
    with pytest.raises(ValueError, match="can't have said yes"):
        privacy.at_least(11, 10, 0, 10, 0.0)
