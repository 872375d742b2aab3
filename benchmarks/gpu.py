"""Everything that waits for a GPU, in ten minutes on one.

    python benchmarks/gpu.py                              on a machine with CUDA; call it again, and it goes on
    python benchmarks/gpu.py --parts graphs memory --minutes 3
    python benchmarks/gpu.py --report                     the tables again; nothing runs
    python benchmarks/gpu.py --device cpu --quick --out rehearsal       everything small, without a GPU; no figures

Parts, each with its share of the time: tests (tests/test_one_device.py on the real device), checkpoint (from the GPU to
the CPU and back), graphs (small GANs' steps: gan_edu's, a plain loop's, and that recorded as a CUDA graph), memory
(peaks), ensembles (twenty seeds at once, as benchmarks/ensemble.py), chapters (the seconds of each, noted in
sources/gpu_times.json, as tools/build.py --gpu does), mode_collapse (benchmarks/mode_collapse.py at the papers' length,
as far as it gets: it saves itself, and goes on from there). What a part leaves of its time, the others get.

What is done lies in --out, item by item, and isn't done again. An item that fails is told, and tried again next time.
"""

import argparse
import contextlib
import functools
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import compile as compiling  # noqa: E402, the benchmark beside this one
import ensemble as sixteen  # noqa: E402
import mode_collapse  # noqa: E402

import gan_edu  # noqa: E402
from gan_edu import data, device, ensemble, nets, objectives  # noqa: E402
from gan_edu.files import write_atomically  # noqa: E402
from gan_edu.training import GAN, run, train  # noqa: E402
from tools import build  # noqa: E402

ENVIRONMENT = {**os.environ, "TQDM_DISABLE": "1", "PYTHONPATH": str(ROOT)}  # of other processes
AT_END = contextlib.ExitStack()
SHARES = {
    "tests": 10, "checkpoint": 3, "graphs": 12, "memory": 5, "ensembles": 15, "chapters": 30, "mode_collapse": 25
}  # fmt: skip


def items(part, options):
    """Name → function of the seconds left, which gives a row of the part's table, or None if it wants to go on."""
    return {
        "tests": lambda: {"tests/test_one_device.py": lambda left: tests(options, left)},
        "checkpoint": lambda: {"there and back": lambda left: checkpoint(options)},
        "graphs": lambda: {
            f"{game}{' + R1' * r1}": lambda left, game=game, r1=r1: graphs(options, game, r1)
            for game in compiling.GAMES
            for r1 in (False, True)
        },
        "memory": lambda: {name: lambda left, make=make: memory(options, make) for name, make in MODELS.items()},
        "ensembles": lambda: {name: lambda left, name=name: ensembles(options, name) for name in sixteen.SETTINGS},
        "chapters": lambda: {
            name: lambda left, name=name: chapter(name)
            for kind, name in build.sources(ROOT)
            if kind == "chapters" and options.where.type == "cuda"
        },
        "mode_collapse": lambda: {
            f"{task}, {method}": lambda left, task=task, method=method: collapse(options, task, method, left)
            for task in mode_collapse.TASKS[: 1 if options.quick else None]
            for method in list(mode_collapse.METHODS)[: 1 if options.quick else None]
        },
    }[part]()


# ---- the parts ---------------------------------------------------------------------------------------------------


def tests(options, left):
    real = {"GAN_EDU_REAL_GPU": "1" if options.where.type == "cuda" else ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_one_device.py"]
    command += ["-k", "strict"] if options.quick else []
    ran = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT | real, capture_output=True, text=True, timeout=left)
    if ran.returncode:
        raise RuntimeError(ran.stdout[-3000:])
    return {"passed": int(re.search(r"(\d+) passed", ran.stdout)[1])}


def checkpoint(options):
    """Train, save, load and train on: on the GPU, on the CPU, and on the GPU again."""
    path, ring = options.out / "moved.safetensors", data.toy.ring()
    before, steps = None, 10 if options.quick else 200
    for where in (options.where, torch.device("cpu"), options.where):
        made = ensemble.single_nets(lambda: nets.mlp([2, 64, 64, 2]), lambda: nets.mlp([2, 64, 64, 1]), 0)
        gan = GAN(*made, penalties={"r1": 1.0}, ema=0.99, lr=1e-3, device=where)
        if before is not None:
            gan.load(path)
            assert all(torch.equal(value.cpu(), before[key]) for key, value in gan.generator.state_dict().items())
        run(gan, ring, steps, progress=False).save(path)
        before = {key: value.cpu().clone() for key, value in gan.generator.state_dict().items()}
    path.unlink()
    assert gan.step == 3 * steps
    return {"steps": gan.step, "weights after each move": "the same bits"}


def graphs(options, game, r1):
    """Milliseconds of a step: gan_edu's, a plain loop's, and the plain loop's recorded and played again."""
    make_g, make_d, batch, shape = compiling.GAMES[game]
    real = torch.rand(4 * batch, *shape, device=options.where) * 2 - 1
    gan = GAN(*ensemble.single_nets(make_g, make_d, 0), penalties={"r1": 1.0} if r1 else None, device=options.where)
    stream = train(gan, real, 10**9, batch=batch, progress=False)
    steps = {"gan_edu": lambda: next(stream), "plain": plain_step(game, real, r1)}
    if options.where.type == "cuda":
        steps["CUDA graph"] = recorded(plain_step(game, real, r1, capturable=True))
    taken = {name: [] for name in steps}
    for _ in range(1 + options.blocks):  # the first warms up
        for name, step in steps.items():
            taken[name].append(milliseconds(step, options.steps, options.where))
    found = {name: statistics.median(times[1:]) for name, times in taken.items()}
    row = {f"{name}, ms": round(each, 3) for name, each in found.items()}
    return row | {"plain / graph": round(found["plain"] / found["CUDA graph"], 2) if "CUDA graph" in found else "–"}


def plain_step(game, real, r1, capturable=False):
    """A function that makes one step of both players, with fused Adam, on fakes that both use."""
    make_g, make_d, batch, _ = compiling.GAMES[game]
    G, D = (net.to(real.device) for net in ensemble.single_nets(make_g, make_d, 0))
    g, d = list(G.parameters()), list(D.parameters())
    opt_g, opt_d = (torch.optim.Adam(each, lr=2e-4, fused=True, capturable=capturable) for each in (g, d))

    def step():
        x = real[torch.randint(len(real), (batch,), device=real.device)].requires_grad_(r1)
        fake, on_real = G(torch.randn(batch, G.noise_dim, device=real.device)), D(x).flatten()
        loss = F.softplus(-on_real).mean() + F.softplus(D(fake.detach())).mean()
        if r1:
            loss = loss + objectives.zero_centered(on_real, x, 1.0)
        opt_d.zero_grad()
        loss.backward(inputs=d)
        opt_d.step()
        opt_g.zero_grad()
        F.softplus(-D(fake)).mean().backward(inputs=g)
        opt_g.step()

    return step


def recorded(step):
    """The step as a CUDA graph; see chapter 48."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def milliseconds(step, steps, where):
    start = time.perf_counter()
    for _ in range(steps):
        step()
    if where.type == "cuda":
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start) / steps


def dcgan(channels, where, **settings):
    return GAN(nets.DCGANGenerator(64, channels), nets.DCGANDiscriminator(channels), device=where, **settings)


R1 = {"penalties": {"r1": 1.0}}
MODELS = {  # name: function of the device, gives a model, a shape of samples, and a batch
    "100-128-784, batch 128": lambda where: (
        GAN(nets.mlp([100, 128, 784], output="tanh"), nets.mlp([784, 128, 1]), device=where), (784,), 128
    ),
    "DCGAN, 32 channels, batch 64": lambda where: (dcgan(32, where), (1, 28, 28), 64),
    "DCGAN, 32 channels, batch 64 + R1": lambda where: (dcgan(32, where, **R1), (1, 28, 28), 64),
    "DCGAN, 128 channels, batch 256 + R1": lambda where: (dcgan(128, where, **R1), (1, 28, 28), 256),
    "20 of 2-128-128, batch 256 + R1": lambda where: (
        ensemble.gans(sixteen.generator, sixteen.discriminator, seeds=20, device=where, **R1), (2,), 256
    ),
}  # fmt: skip


def memory(options, make):
    """The most that PyTorch held at once during five steps, data included."""
    on_gpu = options.where.type == "cuda"
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    model, shape, batch = make(options.where)
    steps, batch = (1, 8) if options.quick else (5, batch)
    run(model, torch.rand(1000, *shape) * 2 - 1, steps, batch=batch, progress=False)
    return {"peak, MiB": round((torch.cuda.max_memory_allocated() - before) / 2**20, 1) if on_gpu else "–"}


def ensembles(options, name):
    """Milliseconds for a step of one seed, and ratios; columns as in benchmarks/ensemble.py."""
    seeds, batch = (2, 16) if options.quick else (20, 256)
    sizes = SimpleNamespace(seeds=seeds, batch=batch, blocks=options.blocks, steps=options.steps)
    *times, from_one, from_loop = sixteen.row(sixteen.SETTINGS[name], sizes, options.where)
    columns = ("one alone", "one after another", f"{seeds} at once", "alone / at once", "after another / at once")
    return dict(
        zip(columns, [*(round(each, 3) for each in times), round(from_one, 2), round(from_loop, 2)], strict=True)
    )


def chapter(name):
    """Seconds of a chapter on this GPU, noted for the box at its top as tools/build.py --gpu does."""
    nb = build.fresh(ROOT, "chapters", name)
    seconds = round(room().run(nb, ROOT / "chapters", f"chapters/{name}"), 1)
    build.note_gpu_time(ROOT, name, torch.cuda.get_device_name(), seconds)
    return {"seconds": seconds}


@functools.cache
def room():
    """One for all chapters: in each new one Matplotlib lists the fonts again."""
    return AT_END.enter_context(build.CleanRoom(ROOT, device="cuda"))


def collapse(options, task, method, left):
    """Mean ± standard error over seeds at the end, once the whole length is done."""
    out = options.out / "mode_collapse"
    command = [sys.executable, str(HERE / "mode_collapse.py"), "--task", task, "--methods", method, "--out", str(out)]
    command += [
        "--device",
        options.where.type,
        "--save-every",
        "15",
        "--setting",
        "short" if options.quick else "paper",
    ]
    command += ["--steps", "20", "--seeds", "2"] if options.quick else []
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=left, env=ENVIRONMENT)
    except subprocess.TimeoutExpired:
        return None
    if ran.returncode:
        raise RuntimeError(ran.stderr[-3000:])
    found = json.loads((out / f"{'short' if options.quick else 'paper'}_{task}_{method}.json").read_text("utf-8"))
    runs, error = found["runs"], mode_collapse.mean_and_error
    row = {"modes": error(runs["modes"], 1), "reverse KL": error(runs["reverse_kl"], 2)}
    if "high_quality" in runs:
        row["high quality, %"] = error(runs["high_quality"], 1, 100)
    return row | {"seeds": len(found["seeds"]), "minutes": round(found["seconds"] / 60, 1)}


# ---- one after the other -----------------------------------------------------------------------------------------


def measure(options, record):
    """Do what isn't done, part by part, until each part's time is up. Returns the names of the items that failed."""
    deadline, failed = time.monotonic() + 60 * options.minutes, []
    parts = [part for part in SHARES if part in options.parts]
    for number, part in enumerate(parts):
        share = SHARES[part] / sum(SHARES[each] for each in parts[number:])
        end = time.monotonic() + share * (deadline - time.monotonic())
        done = record["parts"].setdefault(part, {})
        for name, work in items(part, options).items():
            left = end - time.monotonic()
            if name in done or left <= 0:
                continue
            start = time.monotonic()
            try:
                row = work(left)
            except Exception as error:  # one that fails must not cost the time of the others
                failed.append(f"{part}, {name}")
                print(f"{part}, {name} FAILED: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                continue
            if row is not None:
                done[name] = row
                write_atomically(options.out / "gpu.json", json.dumps(record, indent=1, ensure_ascii=False).encode())
            print(f"{part}, {name}: {time.monotonic() - start:.0f} s{' so far' if row is None else ''}", flush=True)
        missing = len(items(part, options).keys() - done.keys())
        print(f"{part}: {f'{missing} to do' if missing else 'done'}", flush=True)
    return failed


def report(record):
    """The tables, as Markdown."""
    lines = [f"{record['made']['device']}; PyTorch {record['made']['torch']}, gan_edu {record['made']['gan_edu']}"]
    for part, rows in record["parts"].items():
        if rows:
            columns = list(dict.fromkeys(column for row in rows.values() for column in row))
            lines += ["", f"**{part}**", "", f"| | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
            lines += [f"| {name} | {' | '.join(str(row.get(c, '–')) for c in columns)} |" for name, row in rows.items()]
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=SHARES, default=list(SHARES), metavar="PART")
    parser.add_argument("--minutes", type=float, default=9.0, help="for all parts together")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="as little as shows that everything works")
    parser.add_argument("--out", type=Path, default=HERE / "recorded/gpu", help="folder of results")
    parser.add_argument("--report", action="store_true", help="print the tables of --out, measure nothing")
    options = parser.parse_args(arguments)
    options.blocks, options.steps = (1, 1) if options.quick else (9, 20)
    path = options.out / "gpu.json"
    record = json.loads(path.read_text("utf-8")) if path.exists() else {"made": {}, "parts": {}}
    failed = []
    try:
        if not options.report:
            options.where = device.pick(options.device)
            made = {"device": device.describe(options.where), "quick": options.quick, "torch": torch.__version__}
            made |= {"gan_edu": gan_edu.__version__, "commit": mode_collapse.commit()}
            if record["made"] and any(record["made"][key] != made[key] for key in ("device", "quick", "torch")):
                raise ValueError(f"{options.out} holds results of {record['made']}; choose another --out.")
            record["made"] = made
            with AT_END, device.threads(1):  # the CPU only hands out work
                failed = measure(options, record)
        if not record["made"]:
            raise ValueError(f"There are no results in {options.out} yet.")
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    print(f"\n{report(record)}")
    if failed:
        parser.exit(1, f"failed: {'; '.join(failed)}\n")


if __name__ == "__main__":
    main()
