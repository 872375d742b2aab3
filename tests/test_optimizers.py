"""Optimisers leave PyTorch's compiler out until somebody compiles, and do what they did."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEPS = """
import sys, torch
{first}
def trained(kind, after=lambda: None, **options):
    torch.manual_seed(0)
    net, x = torch.nn.Linear(4, 1), torch.randn(8, 4)
    optimizer = kind(net.parameters(), lr=0.1, **options)
    for number in range(4):
        optimizer.zero_grad(set_to_none=number % 2 == 0)
        net(x).square().mean().backward()
        optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
        assert torch.is_grad_enabled()
        if number == 1:
            after()
    return [parameter.tolist() for parameter in net.parameters()]
kinds = [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.RMSprop]
"""
OURS = "import gan_edu.device"


def out(code, first=OURS):
    ran = subprocess.run(
        [sys.executable, "-c", STEPS.format(first=first) + code], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_same_weights_and_a_compiled_step_with_and_without_the_compiler():
    train = "print([trained(kind) for kind in kinds], 'torch._dynamo' in sys.modules)\n"
    load_it_between = "print([trained(kind, lambda: __import__('torch._dynamo')) for kind in kinds])\n"
    step_compiled = """
net, x = torch.nn.Linear(4, 1), torch.ones(8, 4)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
before = net.bias.item()
@torch.compile(backend="eager")
def step():
    optimizer.zero_grad()
    net(x).sum().backward()
    optimizer.step()
step()
step()
assert 'torch._dynamo' in sys.modules
print(round(before - net.bias.item(), 4))
"""
    plain, step = out(train + step_compiled, first="").splitlines()
    ours, ours_between, our_step = out(train + load_it_between + step_compiled).splitlines()
    weights = plain.removesuffix(" True")
    assert [ours, ours_between] == [f"{weights} False", weights]
    assert step == our_step == "1.6"


def test_a_gan_of_the_library_and_one_by_hand_train_without_it():
    code = """
from gan_edu import data, ensemble, nets, training
gans = ensemble.gans(lambda: nets.mlp([2, 8, 2]), lambda: nets.mlp([2, 8, 1]), seeds=2)
training.run(gans, data.toy.ring(), 2, progress=False)
pair = training.GAN(nets.DCGANGenerator(64, 8), nets.DCGANDiscriminator(8), sure=True)
training.run(pair, torch.zeros(8, 1, 28, 28), 2, batch=4, progress=False)
print('torch._dynamo' in sys.modules, 'sympy' in sys.modules)
"""
    assert out(code) == "False False\n"


def test_a_step_without_a_closure_flushes_subnormal_numbers_and_changes_nothing_else():
    adam = """
def adam():
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.Adam([weight], betas=(0.5, 0.999), fused=True)
    for step in range(140):
        weight.grad = torch.full((1,), float(step < 3))
        optimizer.step()
    return weight.item(), optimizer.state[weight]["exp_avg"].item()
print(*adam())
"""
    modes = """
from gan_edu._optimizers import without_subnormals
def subnormal():
    return (torch.tensor([1e-40]) * 1).item() > 0
print(subnormal())
with without_subnormals():
    adam()
    print(subnormal())
print(subnormal())
torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0).step(lambda: print(subnormal()))
try:
    with without_subnormals():
        raise ZeroDivisionError
except ZeroDivisionError:
    print(subnormal())
"""
    weight, average = out(adam, first="").split()
    our_weight, our_average, *kept = out(adam + modes).split()
    assert our_weight == weight and 0 < float(average) < 1.2e-38 and float(our_average) == 0
    assert kept == ["True", "False", "True", "True", "True"]
