"""Models as the widget shows them: one that trains, or one that is finished. Both know their settings and observer."""

from torch import nn

from gan_edu.latent.observer import COARSE, FINE, LatentObserver
from gan_edu.latent.recipe import LatentSettings, new_model, training_rows
from gan_edu.recorder import Frame, Recorder, Recording


class Learning:
    """A recorder of a model that trains; everything else is the recorder's."""

    def __init__(self, recorder: Recorder, observer: LatentObserver, settings: LatentSettings):
        self.recorder, self.observer, self.settings = recorder, observer, settings

    @classmethod
    def begin(cls, settings: LatentSettings, view: dict, device=None) -> "Learning":
        """From nothing. view: what is drawn, see `LatentObserver`."""
        model, pictures = new_model(settings, device), settings.pictures
        title = f"{settings.title}, training"
        observer = LatentObserver(pictures, view, model, COARSE, title, settings.seed, False, settings.is_own)
        rows = training_rows(model, pictures)
        return cls(Recorder(model, rows, observer, batch=settings.batch, every=20, limit=120), observer, settings)

    def change(self, settings: LatentSettings) -> None:
        """Go on with what of these settings a model can take up while it trains."""
        self.recorder.change(**settings.of_model)
        self.settings = settings

    def branch(self, step: int, settings: LatentSettings | None = None) -> "Learning":
        """Another one that goes on from `step`, with other settings."""
        settings = settings or self.settings
        return Learning(self.recorder.branch(step, **settings.of_model), self.observer, settings)

    def __getattr__(self, name: str):
        if name == "recorder":  # of a copy that is being made
            raise AttributeError(name)
        return getattr(self.recorder, name)


class Finished:
    """A run that is over: a net as it is, with a recording of one frame. Steps do nothing."""

    every = 10

    def __init__(self, net: nn.Module, settings: LatentSettings, view: dict, title: str, step: int = 0):
        self.model, self.settings, self.step = net, settings, step
        self.observer = LatentObserver(settings.pictures, view, net, FINE, title, own=settings.is_own)
        self.recording = Recording(4, self.observer.fixed, self.observer.about)
        self.capture()

    def train_step(self, player: str = "both") -> None:
        pass

    def capture(self) -> list[int]:
        values, arrays = self.observer(self.model)
        return self.recording.add(Frame(self.step, values, arrays))
