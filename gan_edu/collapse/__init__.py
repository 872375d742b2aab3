"""Mode collapse: data whose modes can be counted, ensembles that learn them, losses of modes, sweeps of settings.

The widget `gan_edu.widgets.ModeCollapse` is a shell around all this.
"""

from gan_edu.collapse.distributions import DATA, Digits, Plane, modes_of
from gan_edu.collapse.losses import ADVICE, LossLog, losses_of_modes
from gan_edu.collapse.observer import HELD, SCORES, CollapseObserver
from gan_edu.collapse.recipe import OF_DISCRIMINATOR, REMEDIES, CollapseSettings, EnsembleRun, Makers
from gan_edu.collapse.sweep import SWEEPS, Sweep

__all__ = [
    "ADVICE", "DATA", "HELD", "OF_DISCRIMINATOR", "REMEDIES", "SCORES", "SWEEPS", "CollapseObserver",
    "CollapseSettings", "Digits", "EnsembleRun", "LossLog", "Makers", "Plane", "Sweep", "losses_of_modes", "modes_of",
]  # fmt: skip
