import random

import numpy as np
import pytest
import torch

from gan_edu import device


def test_the_argument_wins_over_the_environment_and_the_environment_over_the_machine(monkeypatch):
    monkeypatch.setenv("GAN_EDU_DEVICE", "tpu")
    assert device.pick("cpu").type == "cpu"
    with pytest.raises(ValueError, match="'tpu' .from GAN_EDU_DEVICE.; this machine has: .*cpu"):
        device.pick()
    monkeypatch.setenv("GAN_EDU_DEVICE", "cpu")
    assert device.pick().type == "cpu"
    monkeypatch.delenv("GAN_EDU_DEVICE")
    assert device.pick().type == device.available()[0]


def test_the_order_is_cuda_mps_cpu(monkeypatch):
    monkeypatch.delenv("GAN_EDU_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device.available() == ["cuda", "mps", "cpu"] and device.pick().type == "cuda"
    with pytest.raises(ValueError, match="has 1 CUDA device"):
        device.pick("cuda:3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.pick().type == "mps"
    with pytest.raises(ValueError, match="has no 'cuda' device; it has: mps, cpu"):
        device.pick("cuda")


def test_seeding_repeats_every_stream():
    def draw():
        device.seed_everything(7)
        return random.random(), np.random.rand(), torch.rand(1).item()

    assert draw() == draw()
    a, b = device.generator(3), device.generator(3)
    torch.rand(5)
    assert torch.equal(torch.rand(4, generator=a), torch.rand(4, generator=b))


def test_threads_are_given_back_even_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), device.threads(1):
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == before


def test_mixed_precision_changes_nothing_on_the_cpu():
    with device.autocast("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    assert "thread" in device.describe("cpu")


def test_arrays_of_any_order_are_tensors_of_the_same_numbers():
    x = np.arange(12.0).reshape(3, 4)
    for same in (x[::-1][::-1], np.asfortranarray(x), x.astype(">f8"), x[::-1, ::-1].copy()[::-1, ::-1], x.tolist()):
        assert torch.equal(device.tensor_of(same), torch.from_numpy(x))
    assert device.tensor_of(np.array(2.5, ">f4")).shape == ()
    masked = device.tensor_of(np.ma.masked_equal(np.arange(3), 1))
    assert masked.isnan().tolist() == [False, True, False]
    assert device.tensor_of(np.ma.masked_equal(np.arange(3), 9)).tolist() == [0, 1, 2]
