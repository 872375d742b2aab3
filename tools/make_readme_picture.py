"""Draw assets/eight_seeds.png for the README: four seeds with good settings, four with one number changed.

    python tools/make_readme_picture.py

The nets and settings are those of section 4 in chapter 00, trained anew; about ten seconds. On another computer the
rings differ in detail, because rounding does.
"""

from pathlib import Path

import matplotlib
import torch

from gan_edu import ensemble, metrics, nets, plotting, training
from gan_edu.data import toy

PICTURE = Path(__file__).resolve().parents[1] / "assets" / "eight_seeds.png"
SEEDS = 4


def samples(ring, lr):
    """2,500 points from each of four GANs: (4, 2500, 2)."""
    gans = ensemble.gans(
        lambda: nets.mlp([2, 32, 32, 2], activation="tanh"),
        lambda: nets.mlp([2, 32, 32, 1], activation="tanh"),
        seeds=SEEDS,
        lr=lr,
        device="cpu",
    )
    return training.run(gans, ring, steps=1500, progress=False).sample(2500)


def main():
    matplotlib.use("Agg")
    plotting.use_style()
    torch.set_num_threads(1)
    ring = toy.ring()
    points = torch.cat([samples(ring, lr=2e-3), samples(ring, lr=(2e-2, 2e-3))])
    captured = metrics.mode_coverage(points, ring).captured.tolist()
    titles = [f"seed {number % SEEDS}: {count} of 8" for number, count in enumerate(captured)]
    figure = plotting.small_multiples_2d(points, ring, titles, figure=plotting.figure(6.8, 4.3))
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=150)
    print(f"{PICTURE.name}: {captured} of 8 modes captured, {PICTURE.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
