"""What subnormal numbers cost an autoencoder of digits, whose dead units leave them in Adam's averages.

    python benchmarks/subnormal.py                  # about a minute on a quiet machine

The net and the learning rate are those of chapter 24. Both ways train the same weights on the same batches, in one
thread, in turns of 250 steps; printed are CPU milliseconds a step, by turn, and whether the weights end the same.
"""

import argparse
import contextlib
import time
from unittest import mock

import torch
import torch.nn.functional as F

from gan_edu import _optimizers, data, nets

# What is around an optimiser's step.
WAYS = {"as they are": contextlib.nullcontext, "flushed": _optimizers.without_subnormals}


class Training:
    def __init__(self, digits, around):
        torch.manual_seed(0)
        self.digits, self.around = digits, around
        self.net = nets.mlp([784, 200, 16, 200, 784], activation="relu")
        self.adam = torch.optim.Adam(self.net.parameters(), lr=3e-3, fused=True)
        self.chance = torch.Generator().manual_seed(0)

    def turn(self, steps):
        whole, in_adam = time.process_time(), 0.0
        with mock.patch.object(_optimizers, "without_subnormals", self.around):
            for _ in range(steps):
                batch = self.digits[torch.randint(len(self.digits), (64,), generator=self.chance)]
                loss = F.binary_cross_entropy_with_logits(self.net(batch), batch, reduction="sum") / len(batch)
                self.adam.zero_grad()
                loss.backward()
                begun = time.process_time()
                self.adam.step()
                in_adam += time.process_time() - begun
        whole = time.process_time() - whole
        return 1000 * whole / steps, 1000 * in_adam / steps


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--turns", type=int, default=8)
    arguments.add_argument("--steps", type=int, default=250, help="of a turn")
    asked = arguments.parse_args()
    torch.set_num_threads(1)
    digits = (data.images("mnist").tensor().flatten(1) + 1) / 2
    ways = {name: Training(digits, around) for name, around in WAYS.items()}
    print("| steps | " + " | ".join(f"{name}: step | Adam" for name in ways) + " | ratio |")
    print("|---" * (2 + 2 * len(ways)) + "|")
    for number in range(1, asked.turns + 1):
        times = {name: training.turn(asked.steps) for name, training in ways.items()}
        cells = [f"{value:.2f}" for pair in times.values() for value in pair]
        ratio = times["as they are"][0] / times["flushed"][0]
        print(f"| {number * asked.steps} | " + " | ".join([*cells, f"{ratio:.2f}"]) + " |", flush=True)
    kept, flushed = (list(training.net.parameters()) for training in ways.values())
    print("The same weights:", all(map(torch.equal, kept, flushed)))


if __name__ == "__main__":
    main()
