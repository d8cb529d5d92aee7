"""Each kernelspec on a real kernel: its backend, one epoch, Tab, an interrupt, a kill that is survived."""

import pytest

from medlab.cli import kernels

pytestmark = pytest.mark.slow


@pytest.fixture
def body(spots_source):
    """What the cell of a training makes."""
    return f"""
from medlab import models
{spots_source}
data = spots_dataset()
model = models.build("screening_cnn", data, width=8, seed=0)
"""


@pytest.fixture(params=["tensorflow", "torch", "jax"])
def spec(request, own_home):
    """Install the kernel for this account, as for a clone; return kernel and backend."""
    kernels.install_one(request.param, user=True)
    return f"medlab-{request.param}", request.param


def test_a_kernel_trains_completes_is_interrupted_and_killed(spec, body, open_page, tmp_path):
    kernel, backend = spec
    page = open_page(kernel)
    assert page.run("%medlab backend") == f"Keras runs on {backend}\n"
    for typed, wanted in {
        "%medlab data show breast": "breastmnist",
        "%medlab slice v --window medi": "mediastinum",
        "%medlab explain m x --method grad_c": "grad_cam",
        "%medlab report classification -p optim": "optimizer=",
        "%%medlab train --ep": "--epochs",
    }.items():
        assert page.complete(typed) == [wanted]
    assert page.run("import keras; print(keras.config.backend())").endswith(f"{backend}\n")

    printed = page.run(f"%%medlab train --epochs 1 --plain --checkpoint {tmp_path}/first\n{body}", 120)
    assert "epoch   1 of 1" in printed
    assert page.run("print(run.backend, len(run.history))") == f"{backend} 1\n"
    assert "convolution" in " ".join(page.complete("%medlab explain model x --layer "))
    printed = page.run("%medlab explain run data.test.images[1] --method saliency")
    assert "<application/vnd.medlab+json image/png text/html text/plain>" in printed
    assert page.run("%medlab status") == "<application/vnd.medlab+json text/html text/plain>"

    sent = page.begin(f"%%medlab train --epochs 500 --plain --checkpoint {tmp_path}/second\n{body}")
    page.wait_until(lambda: list((tmp_path / "second").glob("state.npz")), "checkpoint")
    page.interrupt()
    printed = page.finish(sent)
    assert "KeyboardInterrupt" in printed
    assert "training stopped, epoch" in printed
    assert page.run("print(session.state)") == "stopped\n"

    page.begin(f"%%medlab train --epochs 500 --plain --resume {tmp_path}/second\n{body}")
    page.wait_until(lambda: list((tmp_path / "second").glob("state.npz")), "checkpoint")
    page.kill()

    again = open_page(kernel)
    printed = again.run(f"%%medlab train --epochs 500 --plain --checkpoint {tmp_path}/second\n{body}", 120)
    assert "UsageError: a checkpoint of" in printed
    assert f"%%medlab train --resume {tmp_path}/second" in printed
    sent = again.begin(f"%%medlab train --epochs 500 --panel --resume {tmp_path}/second\n{body}")
    printed = again.finish(sent, 120)
    assert "application/vnd.jupyter.widget-view+json" in printed  # the cell is over, the training is not
    assert again.run("%medlab pause").startswith("training")
    again.run("%medlab stop")
    assert again.run("print(session.state, len(session.snapshot()['rows']) > 0)") == "stopped True\n"
    again.run("%medlab resume")
    again.run("%medlab stop")
    assert "epoch" in again.run("print(session)")


def test_a_panel_is_offered_where_somebody_looks_and_lines_elsewhere(body, open_page):
    kernels.install_one("tensorflow", user=True)
    page = open_page("medlab-tensorflow")
    printed = page.run(f"%%medlab train --epochs 2\n{body}", 120, front_end=False)
    assert printed.count("epoch ") == 2
    printed = page.run(f"%%medlab train --epochs 2\n{body}", 120)
    assert "widget-view" in printed
    page.run("session.wait()")
    assert page.run("print(session.state)") == "done\n"
