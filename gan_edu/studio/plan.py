"""What `gan-edu train` was asked for, and what it chooses: the nets, the game, and for how long."""

from dataclasses import dataclass

import torch

from gan_edu import ensemble, nets
from gan_edu.settings import Any, Checked, Choice, Either, Flag, Number, Whole, setting
from gan_edu.training import GAN
from gan_edu.training.model import BETAS, SEED

SIZES = tuple(nets.SIDES)
FEW = 5_000  # pictures, below which D could learn them by heart: then what it sees is augmented
HOLD_OUT = 1_000  # pictures, from which on a tenth isn't trained on, to find copies by
MOST_HELD = 1_000  # or about so many
LONG = 2_000  # steps that an average of weights is made for where nobody knows how long the run will be

# chosen, not compared with others; per device and size: maps at half the picture's side, pictures in a batch, steps
CHOICES = {
    "cpu": {28: (32, 64, 3_000), 32: (32, 64, 3_000), 64: (24, 32, 3_000), 128: (16, 16, 3_000)},
    "gpu": {28: (64, 64, 20_000), 32: (64, 64, 20_000), 64: (64, 64, 20_000), 128: (32, 64, 20_000)},
}
SLOPE = {28: 1.0, 32: 1.0, 64: 2.0, 128: 4.0}  # γ of R1: more pixels share one slope


@dataclass(frozen=True)
class Asked(Checked):
    """The options of the command. None: not said."""

    folder: str = setting("", Any(), "the folder of pictures")
    out: str | None = setting(None, Any(), "the folder for what is made")
    size: int | None = setting(None, Either(Choice(SIZES)), "pixels a side")
    grey: bool | None = setting(None, Either(Flag()), "pictures in grey")
    steps: int | None = setting(None, Either(Whole(1)), "steps, altogether")
    minutes: float | None = setting(None, Either(Number(0, 10**6, above=True)), "minutes, in this call")
    augment: bool | None = setting(None, Either(Flag()), "random changes of what the discriminator sees")
    seed: int | None = setting(None, Either(SEED), "of the random numbers")
    device: str | None = setting(None, Any(), "where to compute")
    report_only: bool = setting(False, Flag(), "train nothing")

    def __post_init__(self):
        super().__post_init__()
        if self.steps is not None and self.minutes is not None:
            raise ValueError("Say --steps or --minutes, not both: each says when to stop.")
        if self.report_only and (self.steps or self.minutes):
            raise ValueError("Leave --steps and --minutes out: with --report-only nothing is trained.")


@dataclass(frozen=True)
class Plan(Checked):
    """How a run is trained. It is kept with the run, which goes on with the same, whatever a later version chooses."""

    size: int = setting(32, Choice(SIZES), "pixels a side")
    grey: bool = setting(False, Flag(), "one channel, or three")
    noise_dim: int = setting(64, Whole(1, 10_000), "numbers in the noise")
    channels: int = setting(32, Whole(1, 1_024), "maps at half the picture's side")
    hidden: int = setting(128, Whole(1, 10_000), "units before the discriminator's logit")
    batch: int = setting(64, Whole(2, 10_000), "pictures in a batch")
    lr: float = setting(1e-3, Number(0, 1, above=True), "Adam's learning rate, of both nets")
    betas: tuple[float, float] = setting((0.0, 0.99), BETAS, "decays of Adam's averages")
    r1: float = setting(1.0, Number(0), "weight γ of the gradient penalty R1")
    penalty_every: int = setting(8, Whole(1, 1_000), "steps from one penalty to the next")
    ema: float = setting(0.99, Number(0, 1, below=True), "decay of the average of the generator's weights")
    augment: bool = setting(False, Flag(), "adaptive augmentation of what the discriminator sees")
    held_out: float = setting(0.0, Number(0, 1, below=True), "share of the pictures that aren't trained on")
    seed: int = setting(0, SEED, "of the random numbers")
    steps: int | None = setting(None, Either(Whole(1)), "the goal; None: so long as it was asked for")

    @classmethod
    def choose(cls, asked: Asked, pictures: int, size: int, grey: bool, device: torch.device) -> "Plan":
        """What suits so many pictures of this size on this device."""
        channels, batch, steps = CHOICES["cpu" if device.type == "cpu" else "gpu"][size]
        steps = asked.steps or (None if asked.minutes else steps)
        # an average must forget the untrained net long before the end: half of it after a thirtieth of the run
        memory = min(1_000, max(10, (steps or LONG) // 30))
        return cls(
            size=size,
            grey=grey,
            channels=channels,
            batch=batch,
            r1=SLOPE[size],
            ema=round(0.5 ** (1 / memory), 5),
            augment=pictures < FEW if asked.augment is None else asked.augment,
            held_out=min(0.1, MOST_HELD / pictures) if pictures >= HOLD_OUT else 0.0,
            seed=asked.seed or 0,
            steps=steps,
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        return (1 if self.grey else 3, self.size, self.size)

    def build(self, device: str | torch.device | None = None) -> GAN:
        """The untrained GAN."""
        generator, discriminator = ensemble.single_nets(
            lambda: nets.SubpixelGenerator(self.noise_dim, self.channels, self.shape),
            lambda: nets.DCGANDiscriminator(self.channels, self.hidden, shape=self.shape),
            self.seed,
        )
        return GAN(
            generator,
            discriminator,
            penalties={"r1": self.r1} if self.r1 else None,
            penalty_every=self.penalty_every,
            lr=self.lr,
            betas=self.betas,
            ema=self.ema,
            augment="adaptive" if self.augment else None,
            seed=self.seed,
            device=device,
            sure=True,  # the doubts are about nets and data of one's own
        )


def default_size(device: torch.device) -> int:
    """Pixels a side where nobody says: what gives a result soon."""
    return 32 if device.type == "cpu" else 64
