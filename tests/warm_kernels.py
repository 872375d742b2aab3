"""Kernels that need not import torch: forks of one process that has imported it, for each of pytest's workers.

Starting Python with torch, SciPy and Matplotlib takes seconds of processor time, and about a hundred notebooks are run.
Such a kernel differs from one that starts by itself only in what has been imported; `tools/build.py`, where the stored
outputs come from, starts kernels as JupyterLab does. Linux only: elsewhere forking is not safe, or not there.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
from unittest import mock

IMPORTED = (
    "ipykernel.kernelapp",
    "ipywidgets",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "torch",
    "torch.func",
)


def installed():
    """Let nbval, in this process, start its kernels here. Returns the server, or None on other systems."""
    if sys.platform != "linux":
        return None
    import nbval.kernel
    from jupyter_client.provisioning import local_provisioner

    server, start = Server(), nbval.kernel.start_new_kernel

    def start_warm(*arguments, **options):
        with mock.patch.object(local_provisioner, "launch_kernel", server.launch):
            return start(*arguments, **options)

    nbval.kernel.start_new_kernel = start_warm
    return server


class Server:
    """The process that forks, started by the first kernel that is asked for."""

    process = None

    def launch(self, command, env, cwd, **_):
        """What jupyter_client.launcher.launch_kernel does; `command` is [python, "-m", "ipykernel_launcher", …]."""
        if self.process is None:
            settings = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # as a kernel sets it
            self.process = subprocess.Popen(
                [sys.executable, "-P", __file__],
                env=settings,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        wanted = {"arguments": command[3:], "environment": dict(env), "folder": os.fspath(cwd)}
        print(json.dumps(wanted), file=self.process.stdin, flush=True)
        return Kernel(int(self.process.stdout.readline()))

    def close(self):
        if self.process is not None:
            self.process.communicate()


class Kernel:
    """Of a forked kernel what jupyter_client uses of a subprocess.Popen; how it ended is not known."""

    stdin = stdout = stderr = None

    def __init__(self, pid):
        self.pid, self.descriptor = pid, os.pidfd_open(pid)

    def poll(self):
        return 0 if select.select([self.descriptor], [], [], 0)[0] else None

    def wait(self, timeout=None):
        select.select([self.descriptor], [], [], timeout)

    def send_signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.descriptor, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def __del__(self):
        os.close(self.descriptor)


def serve():
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # what is imported stays; no kernel's garbage collector need look through it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system forgets kernels that have ended
    answers = sys.stdout
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            become_a_kernel(**json.loads(line))
        with contextlib.suppress(OSError):  # the kernel has done it itself, or has ended
            os.setpgid(pid, pid)
        print(pid, file=answers, flush=True)


def become_a_kernel(arguments, environment, folder):
    os.setpgid(0, 0)  # signals for a kernel are for its whole group
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.modules["numpy"].random.seed()  # a fork has its parent's state; Python's own random sees to that itself
    sys.argv = ["ipykernel_launcher", *arguments]
    try:
        sys.modules["ipykernel.kernelapp"].launch_new_instance(parent_handle=os.getppid())  # it ends with the server
    finally:
        os._exit(0)


if __name__ == "__main__":
    serve()
