"""`gan-edu new`: a small project in plain PyTorch, for a folder of pictures or a table. Nothing in it needs gan_edu."""

import shutil
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
KINDS = {
    "pictures": {
        "needs": "pillow",
        "look": "\nSamples are sheets of pictures in `runs/first`. Other sizes: `--size 64`, four times as slow.\n",
    },
    "table": {"needs": "pandas", "look": "\nSamples are CSV files in `runs/first`, with the columns of yours.\n"},
}


def create(folder: str | Path, data: str | Path) -> list[Path]:
    """Write a project for `data`, a folder of pictures or a CSV file, into a new `folder`. Returns its files.

    Raises ValueError where the folder has something in it, or the data are neither; then nothing is written.
    """
    folder, data = Path(folder).expanduser(), Path(data).expanduser()
    if not data.exists():
        raise ValueError(f"There is no {data}: --data must be a folder of pictures, or a CSV file.")
    if not data.is_dir() and data.suffix.lower() != ".csv":
        raise ValueError(f"{data} is neither a folder of pictures nor a CSV file (.csv).")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is there already, and not empty: choose another name.")
    kind = "pictures" if data.is_dir() else "table"
    words = KINDS[kind] | {"name": folder.name, "data": data.resolve().as_posix()}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
        made = Path(place) / "project"
        made.mkdir()
        for file in sorted((*(HERE / "common").iterdir(), *(HERE / kind).iterdir())):
            if file.is_file():
                (made / file.name).write_text(_filled(file.read_text("utf-8"), words), encoding="utf-8")
        if folder.exists():
            folder.rmdir()  # it is empty
        shutil.move(made, folder)
    return sorted(folder.iterdir())


def _filled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace("{{" + name + "}}", word)
    return text
