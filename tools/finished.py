"""How finished models end their training, and how their files are written: for the scripts that train them."""

import argparse
import time

import torch
from safetensors.torch import save

from gan_edu import models, training
from gan_edu.files import write_atomically


def stairs(model, data, steps, batch):
    """Train two thirds of the steps at the full learning rate, and the last third with a falling one, in ten stairs."""
    training.run(model, data, steps * 2 // 3, batch=batch, progress=False)
    for _ in range(10):
        for optimizer in model.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] *= 0.7
        training.run(model, data, steps // 30, batch=batch, progress=False)
    return model


def write(entry: str, net: torch.nn.Module, start: float, half: bool = True, **facts) -> None:
    """Write a net's weights, in 16 bits if `half`, and what is known of it: `facts`, the CPU seconds since `start`
    (of time.process_time), torch's version and a checksum. entry: its name in models.FINISHED."""
    weights = {
        key: (x.half() if half and x.is_floating_point() else x).contiguous() for key, x in net.state_dict().items()
    }
    seconds = f"{time.process_time() - start:.0f}"
    known = facts | {"seconds": seconds, "torch": torch.__version__.split("+")[0], "sha256": models.checksum(weights)}
    path = models.path(entry)
    write_atomically(path, save(weights, {name: str(value) for name, value in known.items()}))
    path.chmod(0o644)
    print(f"{entry}: {seconds} CPU seconds, {path.stat().st_size / 1e3:.0f} kB", flush=True)


def command(doc: str, train, card) -> None:
    """What a script does when it is called: `train`, unless --card is asked for, then write its `card`."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", action="store_true", help="train nothing, only measure again and write the card")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not options.card:
        train()
    card()


def size(entries) -> float:
    """Megabytes of these entries' files together."""
    return sum(models.path(entry).stat().st_size for entry in entries) / 1e6
