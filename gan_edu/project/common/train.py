"""Train a GAN. Ctrl-C stops it after the step under way; the same command goes on where it was.

python train.py                                   the data that `gan-edu new` was told; see --help
{{other}}other data, other settings
torchrun --nproc-per-node 2 train.py              several GPUs (or CPU processes)
tensorboard --logdir runs                         losses (and pictures), if tensorboard is installed
"""

import argparse
import contextlib
import copy
import functools
import os
import random
import signal
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from checkpoint import restore, save
from data import BATCH, DATA, STEPS, load, save_samples
from metric import frechet_distance
from nets import Discriminator, Generator
from tqdm import tqdm

RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))  # set by torchrun


def settings(arguments=None):
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", default=DATA, help="where the data are")
    parser.add_argument("--size", type=int, default=32, help="of pictures: height and width, 16, 32, 64 or 128")
    parser.add_argument("--out", default="runs/first", help="folder for the checkpoint, samples and curves")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of both networks, altogether")
    parser.add_argument("--batch", type=int, default=BATCH, help="real examples a step, for each process")
    parser.add_argument("--accumulate", type=int, default=1, help="parts in which a batch is computed, to save memory")
    parser.add_argument("--lr", type=float, default=5e-4, help="learning rate of both networks")
    parser.add_argument("--r1", type=float, default=0.1, help="weight of the gradient penalty on real examples")
    parser.add_argument("--ema", type=float, default=0.995, help="how slowly the averaged generator follows")
    parser.add_argument("--noise", type=int, default=64, help="dimensions of the noise")
    parser.add_argument("--width", type=int, default=32, help="size of the networks")
    parser.add_argument("--every", type=int, default=250, help="steps between two samples and checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(arguments)
    if min(args.steps, args.every, args.noise, args.width, args.accumulate) < 1:
        parser.error("--steps, --every, --noise, --width and --accumulate must be 1 or more")
    if args.batch % args.accumulate or args.batch // args.accumulate < 2:
        parser.error("--accumulate must divide --batch into parts of 2 examples or more")
    args.processes = WORLD
    return args


def stream(*numbers):
    """Random numbers that depend on these numbers alone: a resumed run draws what the first would have drawn."""
    return torch.Generator().manual_seed(random.Random(repr(numbers)).getrandbits(63))


@functools.lru_cache(2)
def order(seed, epoch, n):
    return torch.randperm(n, generator=stream(seed, 1, epoch))


def real_batch(data, number, args):
    """Batch `number` of an endless row of shuffled epochs."""
    places = torch.arange(number * args.batch, (number + 1) * args.batch)
    epochs = places // len(data)
    chosen = [order(args.seed, int(e), len(data))[places[epochs == e] % len(data)] for e in epochs.unique()]
    return data.take(torch.cat(chosen)).to(args.device)


def mixed_precision(args):
    """bfloat16 on GPUs that compute with it; older ones (T4, V100) would only imitate it, and slowly."""
    good = args.device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast("cuda", torch.bfloat16) if good else contextlib.nullcontext()


def update(optimizer):
    """One step with the mean gradient of all processes."""
    if WORLD > 1:
        for group in optimizer.param_groups:
            for weight in group["params"]:
                dist.all_reduce(weight.grad)
                weight.grad /= WORLD
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def play(state, data, step, args):
    """One step of the discriminator, then one of the generator. Returns their losses."""
    G, D = state["G"], state["D"]
    real = real_batch(data, step * WORLD + RANK, args)
    noise = torch.randn(args.batch, args.noise, generator=stream(args.seed, 2, step, RANK)).to(args.device)
    parts = list(zip(real.chunk(args.accumulate), noise.chunk(args.accumulate), strict=True))
    loss_d = loss_g = 0.0
    for x, z in parts:
        with mixed_precision(args):
            fake = G(z).detach()
            loss = F.softplus(-D(x)).mean() + F.softplus(D(fake)).mean()
        if args.r1:  # in full precision: squares of small gradients
            x = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
            loss = loss + args.r1 / 2 * slope.square().flatten(1).sum(1).mean()
        (loss / len(parts)).backward()
        loss_d += loss.item() / len(parts)
    update(state["opt_D"])
    for _, z in parts:
        with mixed_precision(args):
            loss = F.softplus(-D(G(z))).mean()
        (loss / len(parts)).backward()
        loss_g += loss.item() / len(parts)
    state["opt_D"].zero_grad(set_to_none=True)  # the generator's turn left gradients in D
    update(state["opt_G"])
    with torch.no_grad():
        keep = min(args.ema, (step + 1) / (step + 10))  # at first it keeps little: the start is worth nothing
        for mean, new in zip(state["mean_G"].state_dict().values(), G.state_dict().values(), strict=True):
            mean.copy_(new if not mean.is_floating_point() else torch.lerp(new, mean, keep))
    return {"D": loss_d, "G": loss_g}


def new_state(spec, args):
    torch.manual_seed(args.seed)  # the same weights in all processes
    G, D = Generator(spec, args.noise, args.width).to(args.device), Discriminator(spec, args.width).to(args.device)
    adam = functools.partial(torch.optim.Adam, lr=args.lr, betas=(0.0, 0.99))
    return {"G": G, "D": D, "mean_G": copy.deepcopy(G).eval(), "opt_G": adam(G.parameters()),
            "opt_D": adam(D.parameters())}  # fmt: skip


def look(state, spec, args, name, rows=64):
    noise = torch.randn(rows, args.noise, generator=stream(args.seed, 3)).to(args.device)
    with torch.no_grad():
        return save_samples(state["mean_G"](noise).float().cpu(), spec, Path(args.out) / name)


def load_once(args):
    """Process 0 reads the files, and says what it leaves out. The others wait, and then take its cache in silence."""
    if RANK == 0:
        data, spec = load(args.data, args.size)
    if WORLD > 1:
        dist.barrier()
    if RANK > 0:
        with contextlib.redirect_stdout(None):
            data, spec = load(args.data, args.size)
    return data, spec


def main(arguments=None):
    args = settings(arguments)
    if WORLD > 1:
        on_gpu = args.device.startswith("cuda")
        args.device = f"cuda:{os.environ['LOCAL_RANK']}" if on_gpu else "cpu"
        if on_gpu:
            torch.cuda.set_device(args.device)
        dist.init_process_group("nccl" if on_gpu else "gloo", timeout=timedelta(hours=2))  # to read data can take long
    Path(args.out).mkdir(parents=True, exist_ok=True)
    data, spec = load_once(args)
    state = new_state(spec, args)
    start, stop, writer = restore(state, spec, args), [], None
    stopping = False
    if RANK == 0:
        print(f"{len(data)} examples, on {args.device}")
        if start >= args.steps:
            print(f"{args.out} has {start} steps already: nothing to train. Give more --steps, or another --out.")
        with contextlib.suppress(ImportError):
            from torch.utils.tensorboard import SummaryWriter

            writer = SummaryWriter(args.out, purge_step=start + 1)

    def stop_soon(*_):
        stop.append(True)
        signal.signal(signal.SIGINT, before)  # a second Ctrl-C stops at once

    before = signal.signal(signal.SIGINT, stop_soon)
    bar = tqdm(range(start, args.steps), initial=start, total=args.steps, disable=RANK > 0)
    for step in bar:
        losses = play(state, data, step, args)
        bar.set_postfix({name: f"{loss:.2f}" for name, loss in losses.items()}, refresh=False)
        stopping = torch.tensor(float(bool(stop)))
        if WORLD > 1:  # all processes stop after the same step
            stopping = stopping.to(args.device)
            dist.all_reduce(stopping)
        if writer and (step + 1) % 10 == 0:
            for name, loss in losses.items():
                writer.add_scalar(f"loss/{name}", loss, step + 1)
        if stopping or step + 1 == args.steps or (step + 1) % args.every == 0:
            if not all(weight.isfinite().all() for net in "GD" for weight in state[net].parameters()):
                raise SystemExit("The weights became NaN and are not saved: choose a smaller --lr in another --out.")
            if RANK == 0:
                save(state, spec, step + 1, args)
                grid = look(state, spec, args, f"samples_{step + 1:06d}")
                if writer and grid is not None:
                    writer.add_image("samples", grid, step + 1)
        if stopping:
            if RANK == 0:
                tqdm.write(f"Stopped after step {step + 1}. The same command goes on.")
            break
    signal.signal(signal.SIGINT, before)
    if RANK == 0 and not stopping:
        made, floor = frechet_distance(state["mean_G"], data, spec, args)
        print(f"Fréchet distance of the averaged generator: {made:.3f}; of two halves of the data: {floor:.3f}")
        if writer:
            writer.add_scalar("frechet", made, max(start, args.steps))
    if writer:
        writer.close()
    if WORLD > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
