"""Sliders from the fields of `Augmentation`, samples that the copied code makes again, then refusals."""

import re
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from medlab.data import Augmentation
from medlab.data.augmentation import change
from medlab_widgets import AugmentationPlayground, augmentation_playground

IMAGES = np.arange(4 * 6 * 7, dtype=np.uint8).reshape(4, 6, 7, 1)
SETTINGS = Augmentation(True, 40, 0.2, 0.1, 0.1, ("up-down",), 0.2, 0.2, 1.5)


def test_the_controls_stand_where_the_augmentation_stands():
    playground = AugmentationPlayground(IMAGES, SETTINGS, seed=3)
    assert playground.augmentation == SETTINGS
    assert playground.controls["rotation_deg"].max == 180
    assert playground.controls["noise"].max == 1.5
    assert AugmentationPlayground(IMAGES).augmentation == Augmentation()


def test_a_new_field_has_its_control_by_itself(monkeypatch):
    @dataclass(frozen=True)
    class More(Augmentation):
        gamma: float = change(0.0, 0.4)
        swap: bool = change(False)

    monkeypatch.setattr(augmentation_playground, "Augmentation", More)
    playground = AugmentationPlayground(IMAGES)
    playground.controls["gamma"].value = 0.3
    assert playground.controls["gamma"].max == 0.4
    assert playground.augmentation == More(gamma=0.3)
    with pytest.raises(ValueError, match=r"gamma must lie between 0 and 0.4, got 0.5"):
        More(gamma=0.5)


@pytest.mark.parametrize("kind", ["dataset", "images", "image"])
def test_the_copied_code_makes_the_same_images(kind, dataset):
    given = {"dataset": dataset, "images": IMAGES, "image": IMAGES[2]}[kind]
    playground = AugmentationPlayground(given)
    for name, value in {"zoom": 0.3, "left-right": True, "noise": 0.2, "seed": 5}.items():
        playground.controls[name].value = value
    if kind != "image":
        playground.controls["image"].value = 2
    names = {"dataset": given, "images": given}
    exec(playground._code.text, names)
    np.testing.assert_array_equal(names["changed"], playground.samples)
    assert len(playground.samples) == 8
    assert playground.samples.std(axis=0).max() > 0


def test_the_original_stands_in_the_middle_and_keeps_its_grays():
    playground = AugmentationPlayground(IMAGES, Augmentation(contrast=1), seed=1)
    np.testing.assert_array_equal(playground._tiles[1, 1, 1:-1, 1:-1], IMAGES[0])
    colors = np.random.default_rng(0).normal(size=(2, 5, 6, 3))
    playground = AugmentationPlayground(colors)
    spread = 255 * (colors[0] - colors.min()) / np.ptp(colors)
    np.testing.assert_allclose(playground._tiles[1, 1, 1:-1, 1:-1], spread, atol=0.51)
    assert playground.picture().to_png()


def test_what_the_facts_speak_against_is_said_and_taken_back(dataset):
    facts = replace(dataset, spacing_mm=(0.7, 0.7), flips=("up-down",), simulated=True)
    playground = AugmentationPlayground(facts)
    assert playground.augmentation == Augmentation.for_dataset(facts)
    assert playground.status.problem == ""
    playground.controls["left-right"].value = True
    playground.controls["zoom"].value = 0.2
    assert playground.status.problem == (
        "Zoom: size in mm carries meaning here. Flips: side carries meaning here."
    )
    playground.controls["left-right"].value = False
    playground.controls["zoom"].value = 0
    assert playground.status.problem == ""
    assert "SIMULATED image 0" in playground.status.text
    assert 'alt="&lt;AugmentationPlayground: In the middle SIMULATED image 0' in playground._html.value


def test_every_control_has_a_name_and_readers_are_told_what_is_seen():
    playground = AugmentationPlayground(IMAGES, SETTINGS)
    words = [control.description for control in playground.controls.values()]
    assert len(set(words)) == len(words) == len(fields(Augmentation)) + 3  # image, seed, two flips
    assert re.search("rotation", " ".join(words))
    assert len(playground.picture().to_png()) < 60_000


@pytest.mark.parametrize("shape", [(6, 7), (2, 3, 6, 7, 1), (0, 6, 7, 1), (6, 7, 2), (4, 6, 7, 5)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"images must have shape \(N, H, W, C\) or \(H, W, C\)"):
        AugmentationPlayground(np.zeros(shape))


def test_nan_and_a_wrong_seed_are_refused():
    with pytest.raises(ValueError, match="images must hold finite numbers"):
        AugmentationPlayground(np.full((6, 7, 1), np.nan))
    with pytest.raises(ValueError, match="seed must lie between"):
        AugmentationPlayground(IMAGES, seed=-1)
