"""Faces that are drawn on the spot: ellipses and curves in colour, with everything about them known.

They are no people and no photographs: nobody is shown, nothing has to be licensed, and each attribute is true by
construction (and from 28 pixels a side on, each part can be seen). That makes them good for counting: how often has a
picture glasses, and how often does a generator draw some?

    faces = data.faces(1000, size=64, seed=0)
    faces.tensor()                        # (1000, 3, 64, 64) in [-1, 1]
    faces.attributes["glasses"]           # (1000,), True or False
    faces.parts                           # (1000, 64, 64): which part each pixel belongs to, as numbers of PARTS

The same seed gives the same faces, at every size, and a longer set begins with the shorter one. What is asked for by a
share (`glasses`, `smile`, `stripes`, `mark`) changes nothing else: `faces(9, glasses=0)` and `faces(9, glasses=1)` are
nine faces without and with glasses.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_edu.data.image_sets import ImageSet
from gan_edu.settings import SEED, Number, Whole

PARTS = ("background", "shirt", "hair", "skin", "eyes", "mouth", "glasses", "mark")
HAIR = ("black", "brown", "blond", "red", "grey")
STYLES = ("short", "long", "none")
MARK = (0.10, 0.30, 0.95)  # red, green, blue: blue on every skin
STRIPE = 0.25  # period of the stripes, when the picture is 2 wide: 4 pixels of 32, 8 of 64

_TONES = torch.tensor([[0.98, 0.85, 0.75], [0.36, 0.22, 0.15]])  # of skin, from 0 to 1
_HAIRS = torch.tensor([[0.10, 0.09, 0.10], [0.36, 0.20, 0.10], [0.86, 0.70, 0.36], [0.70, 0.28, 0.10], [0.67] * 3])
_STYLE_SHARES = (0.45, 0.85)  # short below the first, long below the second
_AT_ONCE = 2**20  # pixels that are painted together: some tens of megabytes
_DRAWS = 32  # random numbers of each face; more than are used, so that new ones change no old face
_SHARE = Number(0, 1)


@dataclass(frozen=True, eq=False, repr=False)
class Faces(ImageSet):
    """Drawn faces, and what is true of them. As an `ImageSet` it has two classes (without and with glasses), and for
    a split its seed.

    Attributes, beside those of `ImageSet`:
        attributes: name → ``(N,)``. True or False: "glasses", "smile", "stripes" (on the shirt), "mark" (a blue dot on
            a cheek). Whole numbers: "hair" (of HAIR; brows have it where the style is "none"), "style" (of STYLES).
            Numbers: "tone" of the skin, 0 light to 1 dark, and "tilt" of the head in degrees, positive clockwise.
            Places in pixels, from the left and from the top: "mark_x" and "mark_y", where the mark is, or would be.
        parts: uint8 ``(N, S, S)``, numbers of PARTS.
    """

    attributes: dict[str, Tensor]
    parts: Tensor

    def __repr__(self) -> str:
        channels, height, width = self.shape
        return f"Faces({len(self):,} drawn, {channels}×{height}×{width}, {self.split})"


def faces(
    count: int,
    size: int = 64,
    seed: int = 0,
    glasses: float = 0.3,
    smile: float = 0.5,
    stripes: float = 0.5,
    mark: float = 0.0,
) -> Faces:
    """Draw faces.

    Args:
        count: how many, from 1 to 1,000,000.
        size: pixels a side, from 8 to 256. Below 28 some faces lose a mouth, their glasses, the mark or the stripes.
        seed: another seed, other faces: take one for training and another one for testing.
        glasses, smile, stripes, mark: the share of faces that have it, from 0 (none) to 1 (all).

    Raises:
        ValueError: a number is out of its range.
        TypeError: it is no number.
    """
    count, size = Whole(1, 1_000_000).check(count, "count"), Whole(8, 256).check(size, "size")
    seed = SEED.check(seed, "seed")
    asked = {"glasses": glasses, "smile": smile, "stripes": stripes, "mark": mark}
    shares = {name: _SHARE.check(share, name) for name, share in asked.items()}
    u = torch.rand(count, _DRAWS, generator=torch.Generator().manual_seed(seed)).T
    about = _attributes(u, shares)
    pixels = torch.empty(count, 3, size, size, dtype=torch.uint8)
    parts = torch.empty(count, size, size, dtype=torch.uint8)
    at_once = max(1, _AT_ONCE // size**2)
    for first in range(0, count, at_once):
        rows = slice(first, first + at_once)
        painting = _paint({name: value[rows] for name, value in about.items()}, size)
        pixels[rows] = painting.canvas.mul_(255).round_().clamp_(0, 255)
        parts[rows] = painting.parts
    known = ("glasses", "smile", "stripes", "mark", "hair", "style", "tone", "tilt", "mark_x", "mark_y")
    attributes = {name: about[name] for name in known}
    for name in ("mark_x", "mark_y"):
        attributes[name] = (attributes[name] + 1) * size / 2
    labels = about["glasses"].long()
    return Faces("faces", f"seed {seed}", pixels, labels, ("no glasses", "glasses"), attributes, parts)


def _attributes(u: Tensor, shares: dict[str, float]) -> dict[str, Tensor]:
    """What each face is like, from even random numbers (_DRAWS, N). Lengths in units of the head, colours in [0, 1]."""

    def between(low, high, number):
        return low + (high - low) * u[number]

    about = {name: u[number] < share for number, (name, share) in enumerate(shares.items())}
    about |= {"tone": u[4], "hair": (u[5] * len(HAIR)).long(), "tilt": between(-15, 15, 6)}
    about["style"] = (u[7] >= _STYLE_SHARES[0]).long() + (u[7] >= _STYLE_SHARES[1]).long()
    about |= {"x": between(-0.10, 0.10, 8), "y": between(-0.14, -0.04, 9), "scale": between(0.66, 0.78, 10)}
    about |= {"wide": between(0.60, 0.72, 11), "gap": between(0.25, 0.31, 12), "eye": between(0.9, 1.25, 13)}
    about["curve"] = torch.where(about["smile"], between(0.12, 0.22, 14), between(-0.10, 0.02, 14))
    about |= {"mouth": between(0.20, 0.28, 15), "hairline": between(-0.56, -0.36, 16)}
    about["background"] = _rgb(u[17], between(0.1, 0.4, 18), between(0.7, 1.0, 19))
    about["shirt"] = 0.30 + 0.4 * _rgb(u[20], between(0.4, 1.0, 21), torch.ones_like(u[21]))
    about["iris"] = _rgb(between(0.05, 0.62, 22), between(0.4, 0.8, 23), between(0.25, 0.6, 24))
    about["phase"] = u[25]
    side = torch.where(u[26] < 0.5, -1.0, 1.0)
    right, down = side * between(0.30, 0.40, 27), between(0.20, 0.32, 28)  # of the mark, in the head
    angle = about["tilt"] * (math.pi / 180)
    about["mark_x"] = about["x"] + about["scale"] * (right * angle.cos() - down * angle.sin())
    about["mark_y"] = about["y"] + about["scale"] * (right * angle.sin() + down * angle.cos())
    return about


def _rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Colours (N, 3) in [0, 1] from hue, saturation and value (N,), as colorsys.hsv_to_rgb has them."""
    k = (torch.tensor([5.0, 3.0, 1.0]) + 6 * hue[:, None]) % 6
    return value[:, None] * (1 - saturation[:, None] * torch.minimum(k, 4 - k).clamp(0, 1))


class _Painting:
    """Pictures on which one layer after the other is painted."""

    def __init__(self, n: int, size: int):
        self.pixel = 2 / size
        self.canvas = torch.zeros(n, 3, size, size)
        self.parts = torch.zeros(n, size, size, dtype=torch.uint8)

    def add(self, part: str, distance: Tensor, color: Tensor) -> None:
        """Paint where `distance` (N, S, S) is below 0, with soft edges a pixel wide; color (N, 3) or (N, 3, S, S)."""
        cover = (0.5 - distance / self.pixel).clamp_(0, 1)
        color = color[:, :, None, None] if color.ndim == 2 else color
        self.canvas += cover[:, None] * (color - self.canvas)
        self.parts.masked_fill_(cover > 0.5, PARTS.index(part))


def _paint(about: dict[str, Tensor], size: int) -> _Painting:
    n = len(about["tone"])
    painting, at = _Painting(n, size), {}
    places = (torch.arange(size) + 0.5) * painting.pixel - 1
    x, y = places.expand(1, size, size), places[:, None].expand(1, size, size)
    for name, value in about.items():
        at[name] = value[:, None, None] if value.ndim == 1 else value
    angle = at["tilt"] * (math.pi / 180)
    along, down = (x - at["x"]) / at["scale"], (y - at["y"]) / at["scale"]
    p, q = along * angle.cos() + down * angle.sin(), down * angle.cos() - along * angle.sin()  # in the head

    def oval(px, py, rx, ry):
        """About the distance (N, S, S) to an ellipse in the head, below 0 inside; px, … numbers or (N, 1, 1)."""
        a, b = (p - px) / rx, (q - py) / ry
        length = torch.hypot(a, b)
        return at["scale"] * length * (length - 1) / (torch.hypot(a / rx, b / ry) + 1e-6)

    def both(draw):
        return torch.minimum(draw(-1.0), draw(1.0))

    skin = _TONES[0] + about["tone"][:, None] * (_TONES[1] - _TONES[0])
    hair, wide, gap, eye = _HAIRS[about["hair"]], at["wide"], at["gap"], at["eye"]
    shade = 1 - 0.12 * (y + 1) / 2
    painting.canvas += about["background"][:, :, None, None] * shade[:, None]
    far = torch.full((1, 1, 1), 9.0)
    painting.add("hair", torch.where(at["style"] == 1, oval(0.0, 0.12, wide + 0.2, 1.08), far), 0.8 * hair)
    painting.add("shirt", torch.hypot((x - at["x"]) / 0.85, (y - 1.15) / 0.5) * 0.6 - 0.6, _shirt(about, x, painting))
    painting.add("skin", oval(0.0, 0.85, 0.26, 0.36), 0.86 * skin)  # the neck
    painting.add("skin", both(lambda side: oval(side * wide, 0.02, 0.09, 0.15)), 0.9 * skin)  # ears
    painting.add("skin", oval(0.0, 0.0, wide, 0.82), skin)
    line = (q - at["hairline"] - 0.55 * p**2) * at["scale"] / (1 + (1.1 * p) ** 2).sqrt()
    top = torch.maximum(line, oval(0.0, -0.04, wide + 0.07, 0.90))
    painting.add("hair", torch.where(at["style"] == 2, far, top), hair)
    painting.add("hair", both(lambda side: oval(side * gap, -0.27, 0.13, 0.032)), 0.7 * hair)  # brows
    white = torch.ones(n, 3)
    painting.add("eyes", both(lambda side: oval(side * gap, -0.08, 0.135 * eye, 0.10 * eye)), 0.97 * white)
    painting.add("eyes", both(lambda side: oval(side * gap, -0.08, 0.075 * eye, 0.08 * eye)), about["iris"])
    painting.add("eyes", both(lambda side: oval(side * gap, -0.08, 0.035 * eye, 0.04 * eye)), 0.05 * white)
    painting.add("skin", oval(0.0, 0.17, 0.06, 0.09), 0.8 * skin)  # the nose
    painting.add("mouth", _mouth(p, q, at), 0.45 * skin + torch.tensor([0.30, 0.05, 0.08]))
    marked = torch.hypot(x - at["mark_x"], y - at["mark_y"]) - 0.115 * at["scale"]
    painting.add("mark", torch.where(at["mark"], marked, far), torch.tensor(MARK).expand(n, 3))
    rims = both(lambda side: oval(side * gap, -0.07, 0.215, 0.195).abs())
    bars = torch.maximum((q + 0.09).abs() * at["scale"], at["scale"] * (p.abs() - wide))  # over the nose, to the ears
    bars = torch.maximum(bars, -both(lambda side: oval(side * gap, -0.07, 0.215, 0.195)))  # not across an eye
    worn = torch.minimum(rims, bars) - 0.027
    painting.add("glasses", torch.where(at["glasses"], worn, far), 0.08 * white)
    return painting


def _mouth(p: Tensor, q: Tensor, at: dict[str, Tensor]) -> Tensor:
    """Distance to a curve whose ends go up (curve > 0) or down, (N, S, S)."""
    place = p / at["mouth"]
    slope = 2 * at["curve"] * place / at["mouth"]
    from_line = (q - 0.44 - at["curve"] * (0.5 - place**2)).abs() / (1 + slope**2).sqrt()
    return at["scale"] * torch.maximum(from_line - 0.045, p.abs() - at["mouth"])


def _shirt(about: dict[str, Tensor], x: Tensor, painting: _Painting) -> Tensor:
    """Colours of the shirts (N, 3, S, S). Stripes have the colour of a plain shirt on average, over each period of
    four pixels or more."""
    wave = torch.sin(2 * math.pi * (x / STRIPE + about["phase"][:, None, None]))
    steep = STRIPE / (2 * math.pi * painting.pixel)
    stripes = about["stripes"][:, None, None] * (2 * steep * wave).clamp(-1, 1)
    return about["shirt"][:, :, None, None] + 0.22 * stripes[:, None]
