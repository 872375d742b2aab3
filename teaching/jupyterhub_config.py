"""JupyterHub for a class in one room, on one machine: two learners to try it, then the names of your own.

Start it with `jupyterhub -f jupyterhub_config.py`, in a folder of its own (it keeps its database there). How, and what
was tried: jupyterhub.md. Every learner gets a folder, a copy of the course in it, and a progress of their own.
"""

import os
import shutil
from pathlib import Path

COURSE = Path(os.environ["GAN_EDU_COURSE"])  # the course's folder, where `python3 course.py lab` was called once
PEOPLE = Path(os.environ.get("GAN_EDU_PEOPLE", "people")).resolve()  # one folder for each learner is made here

c = get_config()  # noqa: F821
c.JupyterHub.bind_url = os.environ.get("GAN_EDU_HUB", "http://0.0.0.0:8000")
c.Authenticator.allowed_users = {"ada", "bo"}

# One password for all, and no accounts on the machine: for a try-out and a room that you trust. For anything else take
# the default (accounts of the system), or LTI or OAuth, and a spawner that keeps learners' programs apart.
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["GAN_EDU_PASSWORD"]  # at least eight characters
c.JupyterHub.spawner_class = "simple"  # notebooks run as the user who started the hub
c.SimpleLocalProcessSpawner.home_dir_template = str(PEOPLE / "{username}")

# Torch and JupyterLab are the course's own: each learner's server runs from its .venv.
c.Spawner.cmd = [str(COURSE / ".venv/bin/python"), "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab/tree/chapters/00_start_here.ipynb"
c.Spawner.http_timeout = 120  # seconds; the first start of a class is slow
c.Spawner.environment = {
    "GAN_EDU_STATE": lambda spawner: str(PEOPLE / spawner.user.name / ".progress"),
    "OMP_NUM_THREADS": "1",  # a class shares the cores: one thread for each learner
}
c.JupyterHub.active_server_limit = 30


def copy_course(spawner):
    """A learner's own chapters and exercises; what is there, stays."""
    for name in ("chapters", "exercises", "assets"):
        place = PEOPLE / spawner.user.name / name
        if not place.exists():
            part = place.with_name(f".{name}.part")  # a copy that was cut off is made again
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(COURSE / name, part)
            part.rename(place)


c.Spawner.pre_spawn_hook = copy_course
