"""Forked kernels: each starts fresh, can be interrupted, and ends with its server."""

import os
import sys
import time

import psutil
import pytest

from tests import warm_kernels

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.fixture
def start(monkeypatch, tmp_path):
    kernel = pytest.importorskip("nbval.kernel")
    monkeypatch.setattr(kernel, "start_new_kernel", kernel.start_new_kernel)  # put back afterwards
    server = warm_kernels.installed()
    yield lambda: kernel.start_new_kernel(kernel_name=kernel.CURRENT_ENV_KERNEL_NAME, cwd=tmp_path)
    server.close()


def value(client, code):
    reply = client.execute_interactive(
        f"result = {code}", user_expressions={"value": "result"}, timeout=60, silent=True
    )
    return reply["content"]["user_expressions"]["value"]["data"]["text/plain"]


def ends(pid):
    for _ in range(600):
        if not psutil.pid_exists(pid):
            return True
        time.sleep(0.05)


def test_a_kernel_starts_fresh_is_interrupted_and_shuts_down(start, tmp_path):
    manager, client = start()
    assert value(client, "__import__('os').getcwd()") == repr(str(tmp_path))
    value(client, "globals().__setitem__('mine', 1)")
    drawn = value(client, "__import__('numpy').random.rand()")
    asked = client.execute("import time; time.sleep(600)")
    time.sleep(0.5)
    manager.interrupt_kernel()
    assert client.get_shell_msg(timeout=60)["content"]["ename"] == "KeyboardInterrupt", asked
    pid = manager.provisioner.pid
    client.stop_channels()
    manager.shutdown_kernel()
    assert ends(pid)
    manager, client = start()
    assert value(client, "'mine' in globals()") == "False"
    assert value(client, "__import__('numpy').random.rand()") != drawn
    client.stop_channels()
    manager.shutdown_kernel()


def test_kernels_end_with_their_server(start):
    manager, client = start()
    pid, server = manager.provisioner.pid, psutil.Process(os.getpid()).children()[-1]
    assert psutil.Process(pid).ppid() == server.pid
    client.stop_channels()
    server.kill()
    assert ends(pid)
