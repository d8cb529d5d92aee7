"""What a type checker says to somebody who uses medlab."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# The end of each revealed type, where Keras' networks are Any.
PUBLIC = {
    "data.load": "-> medlab.data.dataset.Dataset",
    "data.load_folder": "-> medlab.data.dataset.Dataset",
    "volumes.read": "-> medlab.data.volumes.volume.Volume",
    "models.build": "-> Any",
    "models.load": "-> medlab.models.bundle.Bundle",
    "training.fit": "-> medlab.training.run.Run",
    "training.TrainSession": "-> medlab.training.session.TrainSession",
    "training.gan.GAN": "-> medlab.training.gan.gan.GAN",
    "evaluation.evaluate": "-> medlab.evaluation.evaluations.Evaluation",
    "evaluation.attribute": "-> medlab.evaluation.attribution.attribution_maps.Attribution",
    "evaluation.bootstrap": "-> tuple[float, float]",
    "evidence.deletion": "-> medlab.evaluation.evidence.deletion_curves.Curves",
    "generation.judge": "-> medlab.evaluation.generation.judgment.Judgment",
    "reports.run_report": "fallback=medlab.reports.report_runner.ReportResult]",
    "TrainingPanel": "-> medlab_widgets.training_panel.TrainingPanel",
}
USER = """from medlab import data, evaluation, models, reports, training
from medlab.data import volumes
from medlab.evaluation import evidence, generation
from medlab_widgets import TrainingPanel

"""


@pytest.fixture(scope="module")
def revealed(tmp_path_factory):
    """What mypy reveals in an empty folder, without this project's configuration."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "user.py").write_text(USER + "".join(f"reveal_type({name})\n" for name in PUBLIC))
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "user.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    types = re.findall(r'Revealed type is "(.*)"', checked.stdout)
    return dict(zip(PUBLIC, types, strict=True))


@pytest.mark.parametrize("name", PUBLIC)
def test_a_type_checker_sees_what_public_functions_take_and_return(revealed, name):
    assert revealed[name].startswith("def (")
    assert revealed[name].endswith(PUBLIC[name])
    assert not re.search(r"\b(dataset|attribution|run|evaluation|volume): Any\b", revealed[name])
