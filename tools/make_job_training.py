"""Make gan_edu/data/embedded/job_training.npz from two Stata files of the package causaldata 0.1.5 (MIT licence).

    python tools/make_job_training.py FOLDER

FOLDER holds nsw_mixtape.dta (185 treated and 260 controls of the experiment) and cps_mixtape.dta (15,992 people of the
Current Population Survey). No value is changed, `data_id` is left out; small numbers become
uint8, dollars stay float32.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

TARGET = Path(__file__).resolve().parents[1] / "gan_edu/data/embedded/job_training.npz"
SMALL = ["treat", "age", "educ", "black", "hisp", "marr", "nodegree"]
DOLLARS = ["re74", "re75", "re78"]


def main(folder):
    tables = [pd.read_stata(Path(folder) / f"{name}_mixtape.dta") for name in ("nsw", "cps")]
    small, dollars = (np.concatenate([table[names].to_numpy() for table in tables]).T for names in (SMALL, DOLLARS))
    source = np.repeat([0, 1], [len(table) for table in tables]).astype(np.uint8)  # 0 the experiment, 1 the survey
    assert (small == small.astype(np.uint8)).all() and (dollars == dollars.astype(np.float32)).all()
    arrays = dict(small=small.astype(np.uint8), dollars=dollars.astype(np.float32), source=source)
    np.savez_compressed(TARGET, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})
    print(f"{TARGET.name}: {source.size} rows, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
