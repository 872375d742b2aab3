"""What a page shows of mode collapse when there is no kernel: a still picture, and small frames for the player."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gan_edu import plotting
from gan_edu.collapse.observer import SCORES
from gan_edu.recorder import Frame, Recording, unpack_points


def still(recordings: list[Recording], names: list[str]) -> Figure:
    """The last frames, seed by seed, and how many modes were held all along."""
    seeds = int(recordings[0].about["seeds"])
    columns = min(seeds, 4 if len(recordings) == 1 else 8)
    rows = -(-seeds // columns)
    side = plotting.WIDTH / max(columns, 4)
    height = len(recordings) * rows * (side + 0.3) + 2.1
    figure = plotting.figure(plotting.WIDTH, height)
    parts = figure.subfigures(len(recordings) + 1, 1, height_ratios=[rows * (side + 0.3)] * len(recordings) + [2.1])
    for part, recording, name in zip(parts, recordings, names, strict=False):
        axes = part.subplots(rows, columns, squeeze=False).ravel()
        frame, about = recording.frames[-1], recording.about
        part.suptitle(f"{name or about['data']}: step {frame.step}", fontsize=10)
        for i, ax in enumerate(axes):
            ax.set(xticks=[], yticks=[])
            if i >= seeds:
                ax.set_visible(False)
                continue
            held = int(frame.arrays["scores"][i, SCORES.index("held")])
            ax.set_title(f"seed {i + about['first_seed']}: {held} of {about['modes']}", fontsize=8)
            _draw(ax, recording, frame, i)
    ax = parts[-1].subplots()
    for recording, name, colour in zip(recordings, names, (plotting.FAKE, plotting.NEUTRAL[0]), strict=False):
        steps, middle = recording.column("held")
        low, high = (recording.column(f"held_{side}")[1] for side in ("low", "high"))
        ax.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
        dot = "o" if len(steps) == 1 else ""  # a single step has no line
        ax.plot(steps, middle, dot + "-", color=colour, label=name or "median over the seeds; band: lowest to highest")
    modes = recordings[0].about["modes"]
    ax.set(xlabel="step", ylabel=f"{recordings[0].about.get('unit', 'mode')}s held", ylim=(-0.05 * modes, modes * 1.05))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    if all(len(recording.frames) == 1 for recording in recordings):
        ax.set_xticks([recordings[0].frames[0].step])
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.32), ncols=2, fontsize=8)  # below: it covers no line
    return figure


def thinned(recording: Recording) -> list[Frame]:
    """A few frames, with fewer and coarser points or pixels."""
    frames = recording.frames
    digits = recording.about["world"] == "digits"
    places = sorted(set(np.linspace(0, len(frames) - 1, min(len(frames), 12 if digits else 20)).round().astype(int)))
    small = []
    for i in places:
        frame = frames[i]
        fake = frame.arrays["fake"]
        # two pixels of a panel are as fine as anyone sees; 16 greys are enough for a stamp
        fake = fake[:, :9] // 16 * 16 if digits else (fake[:, :100] // 512 * 2).astype(np.int8)
        arrays = {"fake": fake, "counts": frame.arrays["counts"], "scores": np.round(frame.arrays["scores"], 2)}
        small.append(Frame(frame.step, frame.values, arrays))
    return small


def _draw(ax, recording: Recording, frame: Frame, seed: int) -> None:
    """One seed of a frame, for the still."""
    fake = frame.arrays["fake"][seed]
    if recording.about["world"] == "digits":
        side = int(len(fake) ** 0.5)
        tiles = fake[: side * side].reshape(side, side, 16, 16).transpose(0, 2, 1, 3).reshape(side * 16, -1)
        ax.imshow(tiles, cmap="gray", vmin=0, vmax=255)
        return
    e = recording.about["extent"]
    ax.scatter(*unpack_points(recording.fixed["real"], e).T, s=4, color=plotting.REAL, alpha=0.35, linewidths=0)
    ax.scatter(*unpack_points(fake, e).T, s=6, color=plotting.FAKE, marker="^", linewidths=0)
    ax.set(xlim=(-e, e), ylim=(-e, e), aspect="equal")
