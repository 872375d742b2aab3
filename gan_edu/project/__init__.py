"""`gan-edu new`: a small project in plain PyTorch, for a folder of pictures or a table. Nothing in it needs gan_edu."""

import json
from pathlib import Path

from gan_edu.files import expanded

HERE = Path(__file__).parent
PICTURES = """
Samples are sheets of pictures in `runs/first`. Of a picture that isn't square the middle square is learned; what is
transparent becomes white. From some hundred pictures expect colours and rough shapes; some thousand that are alike
(faces that look at you, not photographs of everything) give pictures that one recognises. Larger pictures take about
five times as long: `python train.py --size 64 --out runs/large`, and then `python sample.py --out runs/large`.
Pictures are read once, into a file `cache-….npy` beside `data.py`, which may be large; it can be deleted at any time.
"""
TABLE = """
Samples are CSV files in `runs/first`, with those of your columns that can be learned; `train.py` says which can't, and
`data.py` how values are written. From some thousand rows expect good columns and the clearest of their relations.
"""
KINDS = {
    "pictures": {
        "needs": "pillow",
        "minutes": "two minutes on two CPU cores",
        "look": PICTURES,
        "ending": ".png",
        "features": "the features of a small random network",
        "likewise": " and of the same `--size`",
        "example": "picture",
        "other": "python train.py --data FOLDER --size 64           ",
    },
    "table": {
        "needs": "pandas",
        "minutes": "a minute on a CPU core",
        "look": TABLE,
        "ending": ".csv",
        "features": "the numbers that stand for a row",
        "likewise": "",
        "example": "row",
        "other": "python train.py --data OTHER.csv --lr 2e-4        ",
    },
}


def create(folder: str | Path, data: str | Path) -> list[Path]:
    """Write a project for `data`, a folder of pictures or a CSV file, into a new `folder`. Returns its files.

    Raises ValueError where the folder has something in it, or the data are neither; then nothing is written.
    """
    folder, data = expanded(folder).resolve(), expanded(data).resolve()
    try:
        f"{folder}{data}".encode()
    except UnicodeEncodeError:
        raise ValueError(f"The name of {folder} or {data} is no UTF-8: rename it first.") from None
    if not data.exists():
        raise ValueError(f"There is no {data}: --data must be a folder of pictures, or a CSV file.")
    if not data.is_dir() and data.suffix.lower() != ".csv":
        raise ValueError(f"{data} is neither a folder of pictures nor a CSV file (.csv).")
    if data.is_dir() and not any(path.is_file() for path in data.rglob("*")):
        raise ValueError(f"{data} is an empty folder: put pictures into it, or say another --data.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there already, and not empty: choose another name.")
    if data.is_dir() and folder.is_relative_to(data):
        raise ValueError(f"{folder} would lie among its own data: choose a folder outside of {data}.")
    above = next(path for path in folder.parents if path.exists())
    if not above.is_dir():
        raise ValueError(f"{above} is a file, so that no folder can be made in it: choose another name.")
    kind = "pictures" if data.is_dir() else "table"
    # JSON's escapes are Python's too, so that quotes, backslashes and line ends in a path stay what they are.
    path = json.dumps(data.as_posix(), ensure_ascii=False)[1:-1]
    words = KINDS[kind] | {"name": folder.name, "data": path}
    files = [file for place in ("common", kind) for file in (HERE / place).iterdir() if file.is_file()]
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:  # setuptools packs no file whose name starts with a dot
        name = ".gitignore" if file.name == "gitignore" else file.name
        (folder / name).write_text(_filled(file.read_text("utf-8"), words), encoding="utf-8")
    return sorted(folder.iterdir())


def _filled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace("{{" + name + "}}", word)
    return text
