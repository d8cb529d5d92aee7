"""Training on masks: losses by hand, then that it learns, resumes and refuses."""

import numpy as np
import pytest

from medlab import evaluation, models, training
from medlab.data import Dataset, Split
from medlab.training.losses import Overlap
from medlab.training.validation import Validation

pytestmark = pytest.mark.slow

MASKS = np.array([[[0, 1], [1, 0]], [[0, 0], [0, 1]]])
PROBABILITIES = np.array([[[0.1, 0.9], [0.5, 0.5]], [[0.0, 0.0], [0.0, 0.5]]])  # of class 1


def loss(kind, masks=MASKS, foreground=PROBABILITIES):
    told = np.stack([1 - foreground, foreground], axis=-1).astype(np.float32)
    return float(Overlap(kind)(masks, told))


def test_dice_by_hand():
    """Three pixels of class 1 with 0.9, 0.5 and 0.5 of it: 2 * 1.9 / (3 + 2.5)."""
    assert loss("dice") == pytest.approx(1 - 2 * 1.9 / (3 + 2.5), rel=1e-5)


def test_cross_entropy_is_added_by_hand():
    true = [0.9, 0.9, 0.5, 0.5, 1, 1, 1, 0.5]
    assert loss("dice_cross_entropy") == pytest.approx(loss("dice") - np.log(true).mean(), rel=1e-4)


def test_tversky_counts_what_is_missed_more_than_what_is_too_much():
    """1.9 are found, 1.1 missed and 0.6 too much."""
    assert loss("tversky") == pytest.approx(1 - 1.9 / (1.9 + 0.7 * 1.1 + 0.3 * 0.6), rel=1e-5)
    half = np.zeros((1, 4), int)
    half[0, :2] = 1
    missed, too_much = np.eye(4)[[0]], np.ones((1, 4)) * [1, 1, 1, 0]
    assert loss("tversky", half, missed) > loss("tversky", half, too_much)


def test_a_perfect_answer_has_no_loss_and_a_class_that_is_not_there_gives_one():
    assert loss("dice_cross_entropy", MASKS, MASKS.astype(float)) == pytest.approx(0, abs=1e-4)
    assert loss("dice", np.zeros((1, 2), int), np.array([[0.2, 0.2]])) == 1


def bright(rng, count, shape=(16, 20), extent=None):
    """Images of noise, each with a brighter box that is the mask."""
    images, masks = (
        rng.integers(0, 100, (count, *shape, 1)).astype(np.uint8),
        np.zeros((count, *shape), np.uint8),
    )
    for mask in masks:
        first = [rng.integers(0, side - 6) for side in shape]
        mask[tuple(slice(a, a + 6) for a in first)] = 1
    images[..., 0] += 80 * masks
    return Split(images, masks, attributes={"extent": np.tile(extent or shape, (count, 1))})


def dataset_of(rng, **options):
    parts = [bright(rng, count, **options) for count in (48, 8, 8)]
    return Dataset("boxes", *parts, "segmentation", ("background", "box"))


def fitted(dataset, width=4, patch=None, **options):
    model = models.build("unet", dataset, width=width, patch=patch, seed=1)
    return training.fit(
        model, dataset, **{"epochs": 6, "batch_size": 8, "progress": False, "seed": 1, **options}
    )


def test_a_unet_learns_boxes(rng):
    run = fitted(dataset_of(rng), width=8, epochs=12, learning_rate=0.01)
    columns = ["epoch", "loss", "val_loss", "val_dice", "learning_rate", "seconds"]
    assert list(run.history.columns) == columns
    assert run.history["val_dice"].max() > 0.9
    assert run.history["val_dice"].iloc[run.best_epoch - 1] == run.history["val_dice"].max()
    assert run.options["loss"] == "dice_cross_entropy"
    assert "val_dice" in repr(run)


def test_patches_of_volumes_are_learned_and_whole_volumes_predicted(rng):
    dataset = dataset_of(rng, shape=(9, 18, 17))
    run = fitted(dataset, patch=(8, 12, 16), epochs=3, loss="dice")
    assert run.predict(dataset.test.images[:2]).shape == (2, 9, 18, 17, 2)
    assert len(run.history) == 3


def test_a_resumed_training_sees_the_same_patches(rng, tmp_path):
    dataset = dataset_of(rng)
    options = {"patch": (8, 12), "epochs": 3}

    class Stop(__import__("keras").callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(dataset, checkpoint=tmp_path, callbacks=[Stop()], **options)
    whole, resumed = fitted(dataset, **options), fitted(dataset, checkpoint=tmp_path, resume=True, **options)
    np.testing.assert_allclose(
        resumed.predict(dataset.test.images), whole.predict(dataset.test.images), atol=1e-5
    )


def test_the_dice_of_validation_is_over_all_voxels_and_leaves_out_the_padding(rng):
    """Of 2 images, 8 pixels of class 1 inside; 4 of them are found, none is too much: 2 * 4 / (8 + 4)."""
    masks = np.zeros((2, 4, 6), np.uint8)
    masks[0, :2, :3] = 1
    masks[1, 0, :2] = 1
    split = Split(np.zeros((2, 4, 6, 1), np.uint8), masks, attributes={"extent": np.array([[3, 4], [3, 4]])})
    validation = Validation(Dataset("m", split, split, split, "segmentation", ("a", "b")))
    told = np.zeros((2, 4, 6, 2))
    told[..., 0] = 1
    told[0, :2, :2] = 0, 1
    told[:, 3] = 0, 1  # in the padding: not counted
    assert validation.score(told) == pytest.approx(2 * 4 / (8 + 4))


def test_a_short_segmentation_does_not_average_back_to_its_first_weights(rng):
    """48 images in batches of 16, 10 epochs: 30 steps."""
    dataset = dataset_of(rng)
    assert training.Settings(epochs=10).resolve(dataset).averaging == pytest.approx(1 - 10 / 30)
    assert training.Settings(epochs=500).resolve(dataset).averaging == 0.98
    assert training.Settings(epochs=10, averaging=0).resolve(dataset).averaging == 0


# --- refusals


def test_masks_without_foreground_cannot_choose_an_epoch(rng):
    empty = Split(np.zeros((2, 4, 6, 1), np.uint8), np.zeros((2, 4, 6), np.uint8))
    with pytest.raises(ValueError, match=r"val cannot be used to choose the best epoch: 2 masks, all empty"):
        Validation(Dataset("m", empty, empty, empty, "segmentation", ("a", "b")))


def test_a_loss_or_a_balance_that_the_task_does_not_have_is_refused(rng, make_spots):
    with pytest.raises(ValueError, match=r"loss must be 'auto' for binary data, got 'dice'"):
        training.Settings(loss="dice").resolve(make_spots())
    with pytest.raises(ValueError, match=r"balance must be none for segmentation data, got 'focal'"):
        training.Settings(balance="focal").resolve(dataset_of(rng))
    with pytest.raises(ValueError, match=r"patches must be 1 for a network that sees whole images, got 2"):
        training.fit(models.build("unet", dataset_of(rng)), dataset_of(rng), patches=2, progress=False)
    with pytest.raises(ValueError, match=r"loss must be one of: auto, .*got 'dise'"):
        training.Settings(loss="dise")


def test_a_network_that_answers_for_the_whole_image_is_refused(rng):
    dataset = dataset_of(rng)
    with pytest.raises(ValueError, match=r"shape \(N, .*, 2\) for segmentation data, got \(8, 1\) .*unet"):
        training.fit(models.screening_cnn((16, 20, 1)), dataset, progress=False)


def test_measures_of_whole_images_are_refused(rng, tmp_path):
    dataset = dataset_of(rng)
    with pytest.raises(ValueError, match=r"got segmentation data\. Use evaluation\.segmentation"):
        evaluation.evaluate(lambda images: images, dataset)
    bundle = models.Bundle(None, {"task": "segmentation"})
    with pytest.raises(ValueError, match=r"got a segmentation network\. Use bundle\.predict"):
        evaluation.score(bundle, dataset.test.images)
