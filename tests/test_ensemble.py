import pytest
import torch
from torch import nn

from gan_edu import ensemble, nets, objectives
from gan_edu.training import GAN, run


class Blob:
    def sample(self, n, generator=None, device=None):
        return torch.randn(n, 2, generator=generator, device=device, dtype=torch.float64) * 0.1 + 1.0


@pytest.fixture(autouse=True)
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


CASES = {
    "plain": ({}, {}, {}),
    "r1 and r2, relativistic, averaged": (
        {},
        {},
        {"penalties": {"r1": 0.1, "r2": 0.1}, "loss": "relativistic", "ema": 0.9},
    ),
    "gradient penalty, two critic steps": (
        {},
        {},
        {"penalties": {"gradient_penalty": 0.1}, "loss": "wasserstein", "discriminator_steps": 2},
    ),
    "zero-centred between": ({}, {}, {"penalties": {"zero_centered": 0.1}, "penalty_every": 2}),
    "spectral norm, hinge": ({}, {"spectral_norm": True}, {"loss": "hinge"}),
    "batch norm in the generator": ({"batch_norm": True}, {}, {"loss": "minimax", "lr": (1e-3, 2e-3)}),
    "packing, with penalties": ({}, {"inputs": 4}, {"packing": 2, "penalties": {"r1": 0.1, "gradient_penalty": 0.1}}),
    "packing, relativistic": ({}, {"inputs": 8}, {"packing": 4, "loss": "relativistic"}),
    "minibatch standard deviation": ({}, {"minibatch_std": True}, {}),
    "minibatch standard deviation, packed, r1": (
        {},
        {"minibatch_std": True, "inputs": 4},
        {"packing": 2, "penalties": {"r1": 0.1}},
    ),
    "unrolled": ({}, {}, {"unroll": 2}),
    "unrolled, with a penalty and spectral norm": (
        {},
        {"spectral_norm": True},
        {"unroll": 1, "penalties": {"r2": 0.1}},
    ),
    "spectral norm with r1": ({}, {"spectral_norm": True}, {"penalties": {"r1": 0.1}}),
}


@pytest.mark.parametrize("case", CASES)
def test_training_together_equals_training_one_by_one(case):
    of_g, of_d, settings = CASES[case]
    of_d = dict(of_d)
    inputs = of_d.pop("inputs", 2)

    def generator():
        return nets.mlp([2, 12, 12, 2], **of_g)

    def discriminator():
        return nets.mlp([inputs, 12, 12, 1], **of_d)

    settings = {"lr": 1e-2, "device": "cpu"} | settings
    together = run(
        ensemble.gans(generator, discriminator, seeds=3, seed=4, **settings), Blob(), 25, batch=16, progress=False
    )
    for i in range(3):
        alone = GAN(*ensemble.single_nets(generator, discriminator, 4 + i), seed=4 + i, **settings)
        run(alone, Blob(), 25, batch=16, progress=False)
        for net, single in (("generator", alone.generator), ("discriminator", alone.discriminator)):
            mine = together.nets[net].unstack(i).state_dict()
            for key, value in single.state_dict().items():
                if "num_batches" not in key:
                    torch.testing.assert_close(mine[key], value, rtol=1e-8, atol=1e-10, msg=f"{net}.{key}, seed {i}")
        for column in ("loss_d", "loss_g", "d_real", "d_fake"):
            batched, one = together.history.columns[column][:, i], alone.history.columns[column]
            torch.testing.assert_close(torch.tensor(batched), torch.tensor(one), rtol=1e-8, atol=1e-10)
        z = torch.randn(4, 2)
        torch.testing.assert_close(
            together.sample(z.expand(3, 4, 2).contiguous())[i], alone.sample(z), rtol=1e-8, atol=1e-10
        )


def test_seeds_do_not_touch_each_other():
    """A broken neighbour: NaN in seed 0's weights must not reach seed 1."""
    gan = ensemble.gans(lambda: nets.mlp([2, 8, 2]), lambda: nets.mlp([2, 8, 1]), seeds=2, device="cpu")
    with torch.no_grad():
        gan.generator.layers[0].weight[0] = torch.nan
    values = gan.update(lambda: gan.draw(lambda g: Blob().sample(8, g)), measure=False)
    assert values["loss_d"].isnan().tolist() == [True, False]
    assert gan.discriminator.layers[0].weight[1].isfinite().all()


def test_penalties_are_those_of_each_seed_alone():
    stacked = ensemble.stack([nets.mlp([2, 8, 1]) for _ in range(3)])
    x = torch.randn(3, 5, 2, requires_grad=True)
    together = objectives.zero_centered(stacked(x).squeeze(-1), x, 1.0)
    for i in range(3):
        xi = x[i].detach().requires_grad_()
        alone = objectives.zero_centered(stacked.unstack(i)(xi).squeeze(-1), xi, 1.0)
        torch.testing.assert_close(together[i], alone)


def test_stack_and_unstack_are_inverse():
    originals = [nets.mlp([3, 5, 2], batch_norm=True, output="tanh") for _ in range(4)]
    stacked = ensemble.stack(originals)
    assert stacked.seeds == 4 and stacked.noise_dim == 3
    for i, net in enumerate(originals):
        for mine, theirs in zip(stacked.unstack(i).parameters(), net.parameters(), strict=True):
            assert torch.equal(mine, theirs)
    with pytest.raises(IndexError, match="0 to 3"):
        stacked.unstack(4)


def test_the_noise_of_hand_written_nets_is_found_as_for_a_single_gan():
    def generator():
        return nn.Sequential(nn.Linear(7, 4), nn.ReLU(), nn.Linear(4, 2))

    gan = ensemble.gans(generator, lambda: nets.mlp([2, 4, 1]), seeds=2, device="cpu")
    assert gan.noise_dim == GAN(generator(), nets.mlp([2, 4, 1]), device="cpu").noise_dim == 7


def test_what_cannot_be_stacked_is_said():
    with pytest.raises(ValueError, match="Conv2d can't be stacked; these can: Linear"):
        ensemble.stack([nn.Sequential(nn.Conv2d(1, 1, 3))] * 2)
    with pytest.raises(ValueError, match="one architecture"):
        ensemble.stack([nets.mlp([2, 8, 2]), nets.mlp([2, 9, 2])])
    with pytest.raises(ValueError, match="different numbers of layers"):
        ensemble.stack([nets.mlp([2, 8, 2]), nets.mlp([2, 8, 8, 2])])
    with pytest.raises(ValueError, match="nn.Sequential"):
        ensemble.stack([nets.DCGANGenerator()])
    with pytest.raises(ValueError, match=r"2 stacked nets take \(2, N, d\); got \(5, 3\)"):
        ensemble.stack([nets.mlp([3, 2])] * 2)(torch.zeros(5, 3))
    make, net = lambda: nets.mlp([2, 1]), nets.mlp([2, 2])
    for options in ({"seeds": 0}, {"seeds": 1.5}, {"seeds": True}, {"seed": "x"}, {"seed": None}):
        with pytest.raises((TypeError, ValueError), match="must be a whole number"):
            ensemble.gans(lambda: nets.mlp([2, 2]), make, **options)
    with pytest.raises(TypeError, match="make_generator must be a function that makes a net.*got the net itself"):
        ensemble.gans(net, make)
    with pytest.raises(TypeError, match="make_discriminator must be a function.*got a int"):
        ensemble.gans(lambda: nets.mlp([2, 2]), 7)
    with pytest.raises(ValueError, match="make_generator gives the same net twice"):
        ensemble.gans(lambda: net, make)
    ensemble.gans(lambda: net, make, seeds=1)


def test_maxout_takes_the_largest_of_neighbours_and_stacks():
    assert nets.Maxout(3)(torch.tensor([[1.0, 5, 2, -3, -4, -9]])).tolist() == [[5, -3]]
    originals = [nn.Sequential(nn.Linear(2, 12), nets.Maxout(3), nn.Linear(4, 1)) for _ in range(3)]
    stacked, x = ensemble.stack(originals), torch.randn(3, 5, 2)
    for i, net in enumerate(originals):
        torch.testing.assert_close(stacked(x)[i], net(x[i]))
    # a unit is the largest of linear functions, so convex along any segment
    a, b = torch.randn(2, 50, 2)
    units = originals[0][:2]
    assert (units((a + b) / 2) <= (units(a) + units(b)) / 2 + 1e-12).all()
    with pytest.raises(ValueError, match="one architecture"):
        ensemble.stack([nn.Sequential(nn.Linear(2, 12), nets.Maxout(pieces)) for pieces in (3, 4)])
