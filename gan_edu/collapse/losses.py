"""When a mode is lost, and what the measurements suggest as the cause."""

import copy
from collections import deque

import numpy as np

from gan_edu.collapse.observer import HELD, SCORES
from gan_edu.recorder import Frame, Recording, unpack_points

ADVICE = {  # what may help, by cause
    "strong": "a smaller rate or fewer steps for D, or a penalty",
    "swing": "smaller rates for both, r1 + r2, or a faster D if it is slower than G",
    "ahead": "a larger rate for G, or a smaller one for D",
    "late": "more steps or a larger rate for D",
    "unclear": "",
}


def losses_of_modes(recording: Recording) -> list[dict]:
    """Every loss of a mode in a recording, in order of steps.

    A mode is held when it gets more than a quarter of the points that it deserves. It is lost when it had at least half
    of them in two frames in a row, and later is no longer held. Each loss: seed, mode, step (of the first frame without
    it), held_until (of the last with it), back (the step at which it had half of its points in two frames again, or
    None), cause (a name in ADVICE) and why (in words), d_real, d_fake (D's mean output on real and generated samples
    around then), moved (how far the median point went in about 20 steps, in units of the distance between neighbouring
    modes; None for images and regions). A cause is what measurements suggest, no more.
    """
    return LossLog(recording).events


class LossLog:
    """Follows the frames of a recording, one after the other, and notes each loss of a mode; see `losses_of_modes`.

    It looks at each frame once, so that a recording may drop frames later.
    """

    def __init__(self, recording: Recording):
        self.about, self.truth = recording.about, recording.fixed["truth"].astype(float)
        self.events: list[dict] = []
        self.changed: set[int] = set()  # numbers of the events that are new or have changed since `rows` told them
        self._recent: deque[Frame] = deque(maxlen=40)
        self._open: dict[tuple[int, int], int] = {}
        self._held = self._strong = self._settled = np.zeros((self.about["seeds"], len(self.truth)), dtype=bool)
        for frame in recording:
            self.add(frame)

    def add(self, frame: Frame) -> None:
        """Look at a new frame; one that isn't new is left out."""
        if self._recent and frame.step <= self._recent[-1].step:
            return
        self._recent.append(frame)
        shares = frame.arrays["counts"] / self.about["samples"] / self.truth
        held, strong = shares > HELD, shares >= 0.5
        back = self._strong & strong
        for seed, mode in zip(*np.nonzero(back), strict=True):
            number = self._open.pop((int(seed), int(mode)), None)
            if number is not None:
                self.events[number]["back"] = frame.step
                self.changed.add(number)
        for seed, mode in zip(*np.nonzero(self._held & ~held & self._settled), strict=True):
            number = len(self.events)
            self._open[int(seed), int(mode)] = number
            self.changed.add(number)
            self.events.append(
                {
                    "seed": int(seed) + self.about["first_seed"],
                    "mode": int(mode),
                    "step": frame.step,
                    "held_until": self._recent[-2].step,
                    "back": None,
                    **_cause(list(self._recent), int(seed), self.about),
                }
            )
        # settled: half of its points in two frames in a row, since it was lost
        self._settled = (self._settled | back) & held
        self._held, self._strong = held, strong

    def until(self, step: int, thinned: "LossLog") -> "LossLog":
        """What is known of the frames up to `step`, to go on from there. thinned: what the frames that are left of
        them say, where that is earlier than now."""
        past = copy.copy(self if self._recent[-1].step <= step else thinned)
        back = {"back": None}
        past.events = [
            event | ({} if (event["back"] or 0) <= step else back) for event in self.events if event["step"] <= step
        ]
        places = [(event["seed"] - self.about["first_seed"], event["mode"]) for event in past.events]
        past._open = {place: i for i, place in enumerate(places) if past.events[i]["back"] is None}
        past._recent, past.changed = past._recent.copy(), set()
        return past

    def rows(self, numbers=None) -> list[list]:
        """Events as the view takes them: number, seed from 0, mode, step, back, why, cause."""
        return [
            [number, self.events[number]["seed"] - self.about["first_seed"]]
            + [self.events[number][name] for name in ("mode", "step", "back", "why", "cause")]
            for number in (range(len(self.events)) if numbers is None else sorted(numbers))
        ]

    def seen_in(self, steps: list[int]) -> list[list]:
        """The rows of losses that can be seen at one of these steps."""
        return [
            row for row in self.rows() if any(row[3] <= step and not (row[4] or step + 1) <= step for step in steps)
        ]


def _cause(frames: list[Frame], seed: int, about: dict) -> dict:
    """What the measurements up to the last of these frames suggest."""
    scores = np.stack([frame.arrays["scores"][seed] for frame in frames[-4:]])
    d_real, d_fake = (float(scores[:, SCORES.index(name)].mean()) for name in ("d_real", "d_fake"))
    moved = None
    if "apart" in about:
        earlier = [frame for frame in frames[:-1] if frame.step <= frames[-1].step - 20] or frames[-2:-1]
        there, here = (
            unpack_points(frame.arrays["fake"][seed], about["extent"]) for frame in (earlier[-1], frames[-1])
        )
        moved = float(np.median(np.linalg.norm(here - there, axis=1))) / about["apart"]
    says = f"D says {d_real:.2f} on real, {d_fake:.2f} on generated"
    gap = d_real - d_fake
    if gap > 0.7:
        cause, why = "strong", f"likely D too strong ({says})"
    elif moved is not None and moved > 0.3:
        cause, why = "swing", f"likely steps too large (points swung by {moved:.1f} of the gap between modes)"
    elif gap > 0.15:
        cause, why = "ahead", f"likely G too slow beside D ({says})"
    elif gap < 0.05 and about.get("unit") != "region":  # there a swing, which isn't measured, looks the same
        cause, why = "late", f"likely D too late ({says})"
    else:
        cause, why = "unclear", f"no clear cause ({says})"
    return {"cause": cause, "why": why, "d_real": d_real, "d_fake": d_fake, "moved": moved}
