"""What a page shows of a latent space when there is no kernel: a still picture, and small frames for the player."""

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib import patheffects
from matplotlib.figure import Figure

from gan_edu import plotting
from gan_edu.latent.observer import COARSE
from gan_edu.latent.space import DEAD
from gan_edu.recorder import Frame, Recording, unpack_points

# ten colours that differ in lightness too; figures and the map write the class as well
COLOURS = (
    "#1F4E9E", "#E8731A", "#1B8A5A", "#D6338A", "#6B6200", "#38B6E8", "#A071D8", "#8A4B2A", "#222222", "#B5C928",
)  # fmt: skip


def still(recording: Recording) -> Figure:
    """The last frame: codes, what each place decodes to, and the KL divergence of each number."""
    frame, about, fixed = recording.frames[-1], recording.about, recording.fixed
    e, kind = frame.values["extent"], about["kind"]
    kl = frame.arrays.get("kl")
    figure = plotting.figure(plotting.WIDTH, 3.3 if kl is None else 2.75)
    ratios = [1, 1] if kl is None else [1, 1, 0.5]
    axes = figure.subplots(1, len(ratios), width_ratios=ratios)
    ax = axes[0]
    codes = unpack_points(frame.arrays["codes"], e)
    labels = frame.arrays.get("labels", fixed["labels"])
    for k in np.unique(labels):
        ax.scatter(*codes[labels == k].T, s=6, color=COLOURS[k % 10], linewidths=0)
    for k in np.unique(labels) if len(np.unique(labels)) > 1 and not about["conditional"] else ():
        x, y = np.median(codes[labels == k], axis=0)
        glyph = ax.text(x, y, str(k), ha="center", va="center", fontweight="bold", color=COLOURS[k % 10])
        glyph.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])
    angle = np.linspace(0, 2 * np.pi, 100)
    for radius in (1, 2, 3):
        ax.plot(radius * np.cos(angle), radius * np.sin(angle), color="black", linestyle="--", linewidth=0.8)
    what = "noise" if kind == "gan" else "codes of unseen pictures" if about["unseen"] else "codes of pictures"
    ax.set(title=what, xlim=(-e, e), ylim=(-e, e), aspect="equal")
    ax.set(xlabel=f"z[{frame.values['axis_x']:.0f}]", ylabel=f"z[{frame.values['axis_y']:.0f}]")
    atlas = frame.arrays["atlas"]
    atlas = atlas[::2, ::2] if len(atlas) > COARSE else atlas
    n, _, channels, height, width = atlas.shape
    mosaic = atlas[::-1].transpose(0, 3, 1, 4, 2).reshape(n * height, n * width, channels)
    mosaic = (np.round(mosaic / 17) * 17).astype(np.uint8)
    axes[1].imshow(
        mosaic if channels == 3 else mosaic[..., 0], cmap="gray_r" if about["ink"] else "gray", vmin=0, vmax=255
    )
    axes[1].set(title="what each place decodes to", xticks=[], yticks=[])
    if kl is not None:
        bars = axes[2].bar(range(len(kl)), kl, color=plotting.NEUTRAL[0])
        for bar, value in zip(bars, kl, strict=True):
            if value < DEAD:
                axes[2].text(bar.get_x() + bar.get_width() / 2, 0, "dead ", rotation=90, ha="center", va="bottom")
        axes[2].set(title="KL (nats)", xlabel="number", xticks=range(0, len(kl), 1 if len(kl) < 6 else 5))
        axes[2].set_ylim(0, max(0.1, 1.1 * float(kl.max())))
    figure.suptitle(f"{about['title']}, step {frame.step}")
    return figure


def thinned(recording: Recording) -> list[Frame]:
    """Eight frames at most (four in colours), with half as many pixels a side, 16 levels and coarser places."""
    frames = recording.frames
    most = 4 if recording.about["channels"] == 3 else 8
    places = sorted(set(np.linspace(0, len(frames) - 1, min(len(frames), most)).round().astype(int)))
    small = []
    for i in places:
        frame = frames[i]
        atlas = frame.arrays["atlas"]
        if len(frames) > 1 and len(atlas) > COARSE:
            atlas = atlas[::2, ::2]
        arrays = {
            "codes": frame.arrays["codes"][:300] // 64 * 64,
            "spread": frame.arrays["spread"][:300] // 32 * 32,
            "atlas": _halved(atlas) // 17 * 17,
        }
        for name in ("kl", "holes"):
            if name in frame.arrays:
                arrays[name] = frame.arrays[name]
        if "labels" in frame.arrays:
            arrays["labels"] = frame.arrays["labels"][:300]
        small.append(Frame(frame.step, frame.values, arrays))
    return small


def small_fixed(recording: Recording) -> dict[str, np.ndarray]:
    """The constant arrays that go with `thinned` frames."""
    fixed = {"labels": recording.fixed["labels"][:300]}
    if "images" in recording.fixed:
        fixed["images"] = _halved(recording.fixed["images"][:300]) // 17 * 17
    return fixed


def _halved(images: np.ndarray) -> np.ndarray:
    """uint8 (..., H, W) → (..., ⌈H/2⌉, ⌈W/2⌉): means of four pixels."""
    x = torch.as_tensor(images.astype(np.float32)).flatten(0, -3)[:, None]  # each channel alone
    x = F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)[:, 0]
    return x.round().to(torch.uint8).numpy().reshape(*images.shape[:-2], *x.shape[1:])
