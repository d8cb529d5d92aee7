"""How much memory is free, on each backend's GPU and without one."""

from types import SimpleNamespace

import pytest

from medlab.evaluation.attribution import network_layers


@pytest.fixture
def machine(monkeypatch):
    """Pretend to be on a backend, with a GPU of 10 GB of which 4 are taken."""

    def pretend(backend, gpus=("a GPU",), **modules):
        monkeypatch.setattr(network_layers.backend, "name", lambda: backend)
        monkeypatch.setattr(network_layers.backend, "gpus", lambda: list(gpus))
        monkeypatch.setattr(network_layers.importlib, "import_module", lambda name: modules[name])
        monkeypatch.setattr(
            network_layers.psutil, "virtual_memory", lambda: SimpleNamespace(available=3_000_000_000)
        )

    return pretend


def cuda(available=True):
    return SimpleNamespace(
        cuda=SimpleNamespace(
            mem_get_info=lambda: (6_000_000_000, 10_000_000_000), is_available=lambda: available
        )
    )


def test_without_a_gpu_it_is_the_machines(machine):
    machine("tensorflow", gpus=())
    assert network_layers.free_bytes() == 3_000_000_000


def test_torch_and_jax_say_it_themselves(machine):
    machine("torch", torch=cuda())
    assert network_layers.free_bytes() == 6_000_000_000
    stats = {"bytes_limit": 8_000_000_000, "bytes_in_use": 1_000_000_000}
    machine("jax", jax=SimpleNamespace(devices=lambda: [SimpleNamespace(memory_stats=lambda: stats)]))
    assert network_layers.free_bytes() == 7_000_000_000
    machine("jax", jax=SimpleNamespace(devices=lambda: [SimpleNamespace(memory_stats=lambda: None)]))
    assert network_layers.free_bytes() == 3_000_000_000


def test_tensorflow_knows_what_it_took_and_torch_what_there_is(machine):
    taken = {"current": 4_000_000_000}
    config = SimpleNamespace(experimental=SimpleNamespace(get_memory_info=lambda gpu: taken))
    machine("tensorflow", tensorflow=SimpleNamespace(config=config), torch=cuda())
    assert network_layers.free_bytes() == 6_000_000_000
    # torch's CPU build beside TensorFlow on a GPU: 4 GiB are taken for granted, a quarter of one at least.
    machine("tensorflow", tensorflow=SimpleNamespace(config=config), torch=cuda(available=False))
    assert network_layers.free_bytes() == (4 << 30) - 4_000_000_000
    taken["current"] = 5_000_000_000
    assert network_layers.free_bytes() == 1 << 28
