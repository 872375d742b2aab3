"""`gan-edu train FOLDER`: from a folder of pictures to samples and a report, with settings that are chosen for you.

    plan        what is chosen: the nets, the game, and for how long, by the number of pictures, their size, the device
    run         training that survives interrupts, kills and full disks; what a run's folder holds
    measures    how good samples are, with floors; which training pictures are nearest to them
    report      all of that as one file of HTML
    page        the pieces of such a file

In Python a run opens again by `load`:

    from gan_edu import gallery, studio

    gan = studio.load("runs/pets")
    gallery.save_grid("new.png", gan.sample(64))
"""

from gan_edu.studio.command import train
from gan_edu.studio.plan import Asked, Plan
from gan_edu.studio.record import Refused
from gan_edu.studio.run import load

__all__ = ["Asked", "Plan", "Refused", "load", "train"]
