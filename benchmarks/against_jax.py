"""One step of a small GAN: gan_edu, and the same step as one compiled loop of JAX.

    python benchmarks/against_jax.py --jax PYTHON [--rounds 12] [--autograd]

PYTHON is a Python that has JAX (`pip install jax` into an environment of its own; the course doesn't need it). Points
in the plane (a ring of eight modes), noise of two numbers, two hidden layers on each side, leaky ReLU, non-saturating
loss, Adam; one GAN, and eight at once. Both draw their own data and noise, make the fakes once in a step and measure
both losses. JAX's steps are a `lax.scan`, compiled beforehand, 300 (of eight GANs: 60) in one call, so that Python is
no part of them; ours are what `train` yields, with all that a learner gets: a History, a look for NaN, a place to stop.
They take turns in short blocks, each in a process of its own with one thread. Times are CPU times, the least of all
blocks. On a busy machine Python's share still grows, as others use the processor's caches. --autograd measures a third
one: gan_edu without its written-out steps.
"""

import argparse
import json
import os
import subprocess
import sys
import time

SETTINGS = [(32, 128), (64, 256), (128, 256)]  # units in each hidden layer, batch
SEEDS = [1, 8]
LR, BETAS, SLOPE, EPS = 1e-3, (0.5, 0.999), 0.2, 1e-8
MODES, RADIUS, STD = 8, 2.0, 0.1
STEPS = {1: 300, 8: 60}  # in a block


def gan_edu_blocks(units, batch, seeds, autograd=False):
    """A function that makes one block of steps with gan_edu."""
    import torch

    from gan_edu import data, ensemble, nets
    from gan_edu.training import GAN, fast, train

    torch.set_num_threads(1)
    if autograd:
        fast.FastGAN.of = classmethod(lambda cls, gan: None)

    def generator():
        return nets.mlp([2, units, units, 2])

    def discriminator():
        return nets.mlp([2, units, units, 1])

    settings = dict(loss="non_saturating", lr=LR, betas=BETAS, device="cpu")
    if seeds > 1:
        gan = ensemble.gans(generator, discriminator, seeds=seeds, **settings)
    else:
        gan = GAN(*ensemble.single_nets(generator, discriminator, 0), **settings)
    stream = train(gan, data.toy.ring(MODES, RADIUS, STD), 10**9, batch=batch, progress=False)

    def block():
        for _ in range(STEPS[seeds]):
            next(stream)

    return block


def jax_blocks(units, batch, seeds):
    """A function that makes one block of steps with JAX."""
    import jax
    import jax.numpy as jnp

    def net(layers, x):
        for weight, bias in layers[:-1]:
            x = jax.nn.leaky_relu(x @ weight + bias, SLOPE)
        weight, bias = layers[-1]
        return x @ weight + bias

    def layers(key, sizes):
        made = []
        for inputs, outputs in zip(sizes, sizes[1:], strict=False):
            key, of_weight, of_bias = jax.random.split(key, 3)
            edge = inputs**-0.5
            weight = jax.random.uniform(of_weight, (inputs, outputs), minval=-edge, maxval=edge)
            made.append((weight, jax.random.uniform(of_bias, (outputs,), minval=-edge, maxval=edge)))
        return made

    angle = jnp.arange(MODES) * (2 * jnp.pi / MODES)
    means = RADIUS * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)

    def adam(weights, slopes, first, second, t):
        b1, b2 = BETAS
        first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, first, slopes)
        second = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, second, slopes)
        weights = jax.tree.map(
            lambda w, m, v: w - LR * (m / (1 - b1**t)) / (jnp.sqrt(v / (1 - b2**t)) + EPS), weights, first, second
        )
        return weights, first, second

    def step(state, _):
        g, d, adam_g, adam_d, t, key = state
        t = t + 1
        key, which, where, what = jax.random.split(key, 4)
        real = means[jax.random.randint(which, (batch,), 0, MODES)] + STD * jax.random.normal(where, (batch, 2))
        noise = jax.random.normal(what, (batch, 2))
        fake, back_to_g = jax.vjp(lambda g: net(g, noise), g)

        def loss_d(d):
            logits = net(d, jnp.concatenate([real, fake]))[:, 0]
            return jax.nn.softplus(-logits[:batch]).mean() + jax.nn.softplus(logits[batch:]).mean()

        def loss_g(fake):
            return jax.nn.softplus(-net(d, fake)[:, 0]).mean()

        of_d, slopes = jax.value_and_grad(loss_d)(d)
        d, *adam_d = adam(d, slopes, *adam_d, t)
        of_g, at_fakes = jax.value_and_grad(loss_g)(fake)
        g, *adam_g = adam(g, *back_to_g(at_fakes), *adam_g, t)
        return (g, d, adam_g, adam_d, t, key), (of_d, of_g)

    def start(seed):
        of_g, of_d, key = jax.random.split(jax.random.key(seed), 3)
        g, d = layers(of_g, [2, units, units, 2]), layers(of_d, [2, units, units, 1])
        zeros = [jax.tree.map(jnp.zeros_like, net) for net in (g, g, d, d)]
        return g, d, zeros[:2], zeros[2:], jnp.float32(0), key

    def steps(state):
        return jax.lax.scan(step, state, None, length=STEPS[seeds])

    state = start(0) if seeds == 1 else jax.vmap(start)(jnp.arange(seeds))
    run = jax.jit(steps if seeds == 1 else jax.vmap(steps))

    def block():
        nonlocal state
        state, losses = run(state)
        jax.block_until_ready(losses)

    return block


def work(which):
    """In a process of its own: for each line of input, units, batch and seeds, answer with CPU seconds of a step."""
    import functools

    makers = {"jax": jax_blocks, "gan_edu": gan_edu_blocks}
    make = makers.get(which, functools.partial(gan_edu_blocks, autograd=True))
    made = {}
    for line in sys.stdin:
        setting = tuple(json.loads(line))
        if setting not in made:
            made[setting] = make(*setting)
            made[setting]()  # compiles, warms up
        start = time.process_time()
        made[setting]()
        print((time.process_time() - start) / STEPS[setting[2]], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jax", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--autograd", action="store_true")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(options.work)
    one_thread = {
        "OMP_NUM_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    }
    names = ["jax", "gan_edu"] + ["autograd"] * options.autograd
    workers = {
        name: subprocess.Popen(
            [options.jax if name == "jax" else sys.executable, __file__, "--work", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | one_thread,
        )
        for name in names
    }

    def seconds(name, setting):
        workers[name].stdin.write(json.dumps(setting) + "\n")
        workers[name].stdin.flush()
        return float(workers[name].stdout.readline())

    versions = subprocess.run(
        [options.jax, "-c", "import jax; print(jax.__version__)"], capture_output=True, text=True, check=True
    ).stdout.strip()
    import torch

    print(
        f"PyTorch {torch.__version__}, JAX {versions}, {os.cpu_count()} cores, one thread each; CPU ms a step, least "
        f"of {options.rounds} blocks; load {os.getloadavg()[0]:.1f} at the start\n"
    )
    print(f"| GANs at once | hidden units | batch | {' | '.join(names)} | gan_edu / JAX |")
    print("|---" * (len(names) + 4) + "|")
    for seeds in SEEDS:
        for units, batch in SETTINGS:
            taken = {name: [] for name in names}
            for _ in range(options.rounds):
                for name, found in taken.items():
                    found.append(1000 * seconds(name, (units, batch, seeds)))
            least = {name: min(found) for name, found in taken.items()}
            columns = " | ".join(f"{least[name]:.2f}" for name in names)
            print(f"| {seeds} | {units} | {batch} | {columns} | {least['gan_edu'] / least['jax']:.2f} |", flush=True)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()


if __name__ == "__main__":
    main()
