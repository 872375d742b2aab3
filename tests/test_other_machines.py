"""Notebooks as other computers would run them: the worlds reach every process, and what fails there is told by name."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import other_machines  # noqa: E402

DRAW = """
import json, pickle, random
import numpy as np, torch
from sklearn.utils import check_random_state
random.seed(5)
np.random.seed(5)
torch.manual_seed(5)
print(json.dumps([
    random.random(), random.Random(5).random(), np.random.rand(), np.random.default_rng(5).random(),
    np.random.default_rng(seed=[5, 6]).random(), np.random.RandomState(5).rand(), check_random_state(5).rand(),
    torch.rand(1).item(), torch.rand(1, generator=torch.Generator().manual_seed(5)).item(),
]))
assert isinstance(check_random_state(None), np.random.RandomState)
assert isinstance(torch.default_generator, torch.Generator)
copied = pickle.loads(pickle.dumps(torch.Generator().manual_seed(5)))
assert torch.rand(1, generator=copied) == torch.rand(1, generator=torch.Generator().manual_seed(5))
"""


def drawn(seed):
    random.seed(seed)
    return [
        random.random(), random.Random(seed).random(), *3 * [None], *2 * [np.random.RandomState(seed).rand()], None,
        torch.rand(1, generator=torch.Generator().manual_seed(seed)).item(),
    ]  # fmt: skip


@pytest.mark.parametrize("shift", ["0", "1000"])
def test_moved_seeds_reach_the_processes_that_a_process_starts(shift):
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DRAW!r}], check=True)"
    env = os.environ | {"GAN_EDU_SHIFT": shift, "PYTHONPATH": str(ROOT / "tools/elsewhere")}
    ran = subprocess.run([sys.executable, "-c", child], env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    mine, wanted = json.loads(ran.stdout), drawn(5 + int(shift))
    assert [a for a, b in zip(mine, wanted, strict=True) if b is not None] == [b for b in wanted if b is not None]
    assert mine[2] == mine[5], "np.random.seed and RandomState"
    assert mine[3] == np.random.default_rng(5 + int(shift)).random()
    assert mine[4] == np.random.default_rng([5 + int(shift), 6 + int(shift)]).random()
    assert mine[7] == mine[8], "PyTorch's own stream"


CELLS = [
    "import subprocess, sys\nimport torch\nfrom gan_edu.claims import claim\n"
    "same = torch.manual_seed(3).initial_seed()",
    "claim('two is two', True)\nclaim('the seed is three', same == 3, measured=same)",
    "code = '''import torch\nfrom gan_edu.claims import claim\n"
    "claim('so it is in the child', torch.manual_seed(3).initial_seed() == 3)'''\n"
    "ran = subprocess.run([sys.executable, '-c', code], check=True, capture_output=True)",
    "print(hash('a hash that is never the same') % 10**6)",
    "assert same == 3, 'here it stops'",
    "print('and goes on')",
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one notebook, with the outputs that it has in this world."""
    root = tmp_path_factory.mktemp("course")
    (root / "sources/chapters").mkdir(parents=True)
    (root / "sources/chapters/41_small.py").write_text("# %%\n")
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    said = {1: "✓ two is two\n✓ the seed is three\n", 3: "0\n", 5: "and goes on\n"}
    for number, text in said.items():
        nb.cells[number].outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    (root / "chapters").mkdir()
    nbformat.write(nb, root / "chapters/41_small.ipynb")
    return root


def test_what_fails_elsewhere_is_told_by_name_and_done_once(course, tmp_path, capsys):
    arguments = ["41", "--worlds", "hash", "shift", "--shifts", "7", "--jobs", "2", "--out", str(tmp_path)]
    other_machines.main(arguments, course)
    told = capsys.readouterr().out
    assert "2 of 2 runs to do" in told and "[2/2] shift-7, chapters/41_small: " in told

    hashed, shifted = (json.loads((tmp_path / w / "chapters-41_small.json").read_text()) for w in ("hash", "shift-7"))
    assert (hashed["claims"], hashed["cells"], hashed["false"], hashed["errors"]) == (3, 6, [], [])
    assert [number for number, _, _ in hashed["other"]] == [4]
    assert [each["text"] for each in shifted["false"]] == ["the seed is three", "so it is in the child"]
    assert shifted["errors"] == [[5, "AssertionError: here it stops"]]

    table = told[told.index("| world") :]
    assert "| hash | 1 | 3 | 0 | 0 | 6 | 1 |" in table and "| shift-7 | 1 | 3 | 2 | 1 | – | – |" in table
    assert "| chapters/41_small | ✗ the seed is three | shift-7: 10 |" in table
    assert "| chapters/41_small | cell 4: other text | hash: " in table and "for “0” |" in table

    other_machines.main(arguments, course)
    again = capsys.readouterr().out
    assert "0 of 2 runs to do" in again and again[again.index("| world") :] == table
    other_machines.main(["--report", "--out", str(tmp_path)], course)
    assert capsys.readouterr().out == table


def test_records_of_other_code_count_for_nothing(course):
    path = course / "chapters/41_small.ipynb"
    before = other_machines.fingerprint(course, path)
    (course / "gan_edu").mkdir()
    (course / "gan_edu/new.py").write_text("x = 1\n")
    assert other_machines.fingerprint(course, path) != before


def test_a_world_limits_what_torch_uses_of_the_processor():
    code = "import torch; print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())"
    for world, capability, threads in (("sse", "DEFAULT", "1"), ("threads-4", None, "4")):
        env = os.environ | dict.fromkeys(other_machines.THREADS, "1") | other_machines.WORLDS[world]
        ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        found = ran.stdout.split()
        assert found[1] == threads and capability in (None, found[0])


def test_busy_loops_end():
    with pytest.raises(KeyError), other_machines.busy(2) as running:
        assert all(process.poll() is None for process in running)
        raise KeyError
    assert len(running) == 2 and all(process.poll() is not None for process in running)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--worlds", "mars"], "no world 'mars'; there are: threads-1"), (["99"], "no source is called '99'")],
)
def test_wrong_words_are_explained(course, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit):
        other_machines.main([*arguments, "--out", str(tmp_path)], course)
    assert message in capsys.readouterr().err


def test_no_notebook_lists_the_fonts_while_its_output_is_compared(tmp_path):
    """Matplotlib does that once for each computer, and says so if it takes more than five seconds."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--collect-only", "-q", "-p", "no:cacheprovider"]
    env = os.environ | {"MPLCONFIGDIR": str(tmp_path)}
    subprocess.run([*command, "tests/test_text.py"], cwd=ROOT, env=env, capture_output=True, check=True)
    assert list(tmp_path.glob("fontlist*.json"))


def test_no_records_no_report(tmp_path):
    with pytest.raises(ValueError, match="no records"):
        other_machines.report(tmp_path)


BROKEN = """
import json, torch
from gan_edu import data
from gan_edu.claims import claim, identity

weight = torch.zeros(1, requires_grad=True)
adam = torch.optim.Adam([weight], lr=0.1)
torch.optim.lr_scheduler.LinearLR(adam)  # asks an optimiser's step for more than to be called
for _ in range(20):
    adam.zero_grad()
    loss = (weight - 1).square().sum()
    loss.backward()
    adam.step()
points, digits = data.toy.ring().sample(100, 0), data.images("mnist", "test")
near = (points.norm(dim=1) - 2).abs().max() < 1
ink = (digits.tensor(low=0.0)[digits.labels == 1].mean() - digits.tensor(low=0.0).mean()).abs()
claim("training goes down", loss.item() < 0.9)
claim("it moves", weight.item() != 0)
claim("points of the ring", near)
claim("ones have less ink", ink > 0.02)
claim("nothing can refute this", True)
identity("a square is no less than 0", loss >= 0)
"""


def test_broken_worlds_refute_what_an_experiment_found(tmp_path):
    found = {}
    for world in ("none", *other_machines.BROKEN):
        claims = tmp_path / world
        env = os.environ | other_machines.BROKEN.get(world, {}) | {"GAN_EDU_CLAIMS": str(claims)}
        env["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tools/elsewhere"), str(ROOT)])
        ran = subprocess.run([sys.executable, "-c", BROKEN], env=env, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        made = [json.loads(line) for line in claims.read_text("utf-8").splitlines()]
        found[world] = {each["text"] for each in made if not each["holds"]}
    assert found == {
        "none": set(),
        "untrained": {"training goes down", "it moves"},
        "upwards": {"training goes down"},
        "strangers": {"points of the ring", "ones have less ink"},
    }


def test_claims_that_no_broken_world_refutes_are_listed():
    errors = {"untrained": ["cell 7"], "upwards": []}

    def record(world, held, *false):
        told = [{"sign": sign, "text": text, "why": ""} for sign, text in false]
        return {"world": world, "notebook": "chapters/x", "held": held, "false": told, "errors": errors[world]}

    table = other_machines.report_broken(
        [
            record("untrained", ["idle", "data"], ("✓", "falls")),
            record("upwards", ["idle"], ("✓", "data"), ("≡", "sum")),
        ]
    )
    assert table.splitlines()[-1] == "| chapters/x | 3 | 2 | 1: idle | 1: sum | untrained: 1 |"
