"""Stopped at twenty random moments and gone on with: to the last bit what an uninterrupted training gives."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak

SCRIPT = """
import sys
import tensorflow as tf
tf.config.experimental.enable_op_determinism()
sys.path.insert(0, sys.argv[1])
from test_session import *
rng = np.random.default_rng(0)
data = Dataset("spots", spots(rng, 128), spots(rng, 20), spots(rng, 20), "binary", ("dark", "spot"), 1)
whole = training.fit(network(data), data, **OPTIONS)
for number, batch in enumerate(np.random.default_rng(7).integers(1, 23, 20)):
    background = session(data, f"{sys.argv[2]}/{number}")
    background.callbacks = [At(int(batch), background.stop)]
    background.start().wait()
    background.callbacks = []
    if background.state == "stopped":
        background.resume().wait()
    run = background.result()
    assert run.history["loss"].tolist() == whole.history["loss"].tolist(), (batch, run.history, whole.history)
    for weight, expected in zip(run.model.get_weights(), whole.model.get_weights(), strict=True):
        assert np.array_equal(weight, expected), batch
"""


def test_at_twenty_random_moments(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
