"""Write medlab/data/sets/medmnist.json from MedMNIST's published package and the published results.

    python scripts/make_registry.py --published published.csv [--wheel medmnist-3.0.2-py3-none-any.whl]

URLs, MD5s, licenses, sizes, tasks and label names are read from `info.py` of the wheel, without importing
it. `published.csv` has the columns dataset, method, auc, acc, checked_against_a_second_copy: Tables 3 and 4
of Yang et al. 2023 (doi 10.1038/s41597-022-01721-8), transcribed. Without `--published`, the rows that the
registry holds already are kept. What neither knows is written below, each with its reason. The rows
written by hand, medlab/data/sets/NAME.yaml, are not touched.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

MEDMNIST = "medmnist==3.0.2"
REGISTRY = Path(__file__).parents[1] / "medlab" / "data" / "sets" / "medmnist.json"
CITATION = (
    "Yang J, Shi R, Wei D, Liu Z, Zhao L, Ke B, Pfister H, Ni B. MedMNIST v2 - A large-scale lightweight "
    "benchmark for 2D and 3D biomedical image classification. Scientific Data 10, 41 (2023). "
    "doi 10.1038/s41597-022-01721-8. Cite the source data as well: https://medmnist.com"
)
TASKS = {
    "binary-class": "binary",
    "multi-class": "multiclass",
    "multi-label, binary-class": "multilabel",
    # Grades are classes in order; accuracy and AUC treat them as classes, as the published rows do.
    "ordinal-regression": "multiclass",
}

BOTH = ["left-right", "up-down"]
LEFT_RIGHT = ["left-right"]
NO_SIDE = "No up, down, left or right: cells and tissue lie as they fell on the slide."
HEART = (
    "The label would survive, but a mirrored chest has its heart on the wrong side, as hardly any film has."
)
ORGANS = "A mirror image turns a left kidney into a right one, and the label names the side."
# Measured by `medlab data audit` on the official files; tests/data/test_nearcopies.py measures them again.
NO_COPIES = {"test in train": 0, "test in val": 0, "val in train": 0}
HAND_WRITTEN: dict[str, dict[str, Any]] = {
    "pathmnist": {
        "modality": "histology (H&E)",
        "flips": BOTH,
        "rotation_deg": 180,
        "flip_reason": NO_SIDE,
        "label_meaning": "The tissue that fills a patch of a colorectal cancer slide; not a diagnosis of the "
        "patient. The test patches come from another clinical center.",
    },
    "chestmnist": {
        "modality": "chest X-ray, frontal",
        "flips": [],
        "rotation_deg": 10,
        "flip_reason": HEART,
        "label_meaning": "Findings that a program read out of the radiologists' reports, several or none for "
        "each film; some are wrong, and a missing label does not exclude the finding.",
    },
    "dermamnist": {
        "modality": "dermatoscopy",
        "flips": BOTH,
        "rotation_deg": 180,
        "flip_reason": "The camera may be held at any angle, and a lesion has no side.",
        "label_meaning": "One of seven diagnoses of a pigmented skin lesion.",
        "split_by": "image",
    },
    "octmnist": {
        "modality": "optical coherence tomography (retina)",
        "flips": LEFT_RIGHT,
        "rotation_deg": 10,
        "flip_reason": "Left and right eyes mirror each other. Up-down images do not: the retina's layers "
        "have an order.",
        "label_meaning": "Diagnosis seen in one OCT section of the retina. Training classes are unequal, "
        "the test set holds 250 images of each.",
    },
    "pneumoniamnist": {
        "modality": "chest X-ray, frontal, children",
        "flips": [],
        "rotation_deg": 10,
        "flip_reason": HEART,
        "positive_class": 1,
        "label_meaning": "Pneumonia, bacterial or viral, against normal, in children. The test set is the "
        "source's own, with a larger share of normal films than training.",
        "near_copies": {
            "28": {
                "fingerprint": "53fb593fc5f4e0d1",
                "test in train": 0,
                "test in val": 0,
                "val in train": 8,
            },
        },
    },
    "retinamnist": {
        "modality": "fundus photograph",
        "flips": LEFT_RIGHT,
        "rotation_deg": 15,
        "flip_reason": "Left and right eyes mirror each other. Up-down images do not: the vessels' arcs "
        "and the disc have their places.",
        "label_meaning": "Grade of diabetic retinopathy, 0 to 4, in order. Treated here as five classes, as "
        "the published results do: a grade missed by one counts like one missed by four.",
    },
    "breastmnist": {
        "modality": "ultrasound, breast",
        "flips": LEFT_RIGHT,
        "rotation_deg": 10,
        "flip_reason": "The label names no side. Up-down images do not: the skin is above, and shadows "
        "fall away from the probe.",
        "positive_class": 0,
        "label_meaning": "Class 0 is malignant and is the positive class; class 1 joins normal and benign.",
        "split_by": "image",
        "near_copies": {
            "28": {
                "fingerprint": "50ed39eff4e044ad",
                "test in train": 48,
                "test in val": 7,
                "val in train": 30,
            },
        },
    },
    "bloodmnist": {
        "modality": "blood smear microscopy",
        "flips": BOTH,
        "rotation_deg": 180,
        "flip_reason": NO_SIDE,
        "label_meaning": "Kind of a single normal blood cell, of people without infection or blood disease.",
    },
    "tissuemnist": {
        "modality": "fluorescence microscopy, kidney cortex",
        "flips": BOTH,
        "rotation_deg": 180,
        "flip_reason": NO_SIDE,
        "label_meaning": "Kind of a kidney cortex cell. All cells come from three specimens; whether the "
        "splits divide them is not stated.",
    },
    **{
        name: {
            "modality": f"CT, {plane}",
            "flips": [],
            "rotation_deg": 10,
            "flip_reason": ORGANS,
            "label_meaning": "The organ in the crop's center, with its side.",
            "split_by": "CT scan",
        }
        for name, plane in {
            "organamnist": "abdominal window, axial slice",
            "organcmnist": "abdominal window, coronal slice",
            "organsmnist": "abdominal window, sagittal slice",
            "organmnist3d": "volume",
        }.items()
    },
    "nodulemnist3d": {
        "modality": "CT, chest, volume",
        "flips": BOTH,
        "rotation_deg": 180,
        "flip_reason": "A crop around a nodule: malignancy does not depend on the side or the angle.",
        "positive_class": 1,
        "spacing_mm": {"28": 1.0},
        "label_meaning": "Readers' impression of malignancy, 4 or 5 against 1 or 2 of 5, not histology; "
        "nodules rated 3 were left out, which makes the task easier than the clinic's.",
    },
    "adrenalmnist3d": {
        "modality": "CT, abdomen, shape mask",
        "flips": LEFT_RIGHT,
        "rotation_deg": 10,
        "flip_reason": "Glands of both sides carry the same labels. Up-down images do not: no gland "
        "stands on its head.",
        "positive_class": 1,
        "spacing_mm": {"28": 64 / 28},
        "label_meaning": "Normal gland against adrenal mass (named hyperplasia); the image is the gland's "
        "shape, not its gray values.",
        "split_by": "patient",
    },
    "fracturemnist3d": {
        "modality": "CT, rib, volume",
        "flips": LEFT_RIGHT,
        "rotation_deg": 15,
        "flip_reason": "Ribs of both sides carry the same labels. Up-down images do not: ribs slope "
        "downwards.",
        "spacing_mm": {"28": 64 / 28},
        "label_meaning": "Kind of a rib fracture; there are no unbroken ribs, and segmental fractures were "
        "left out.",
    },
    "vesselmnist3d": {
        "modality": "MR angiography, brain, vessel shape",
        "flips": BOTH,
        "rotation_deg": 180,
        "flip_reason": "A vessel segment cut from its tree has no side and no angle.",
        "positive_class": 1,
        "label_meaning": "Vessel segment with an aneurysm against one without; shapes, not gray values. All "
        "come from 103 vessel trees, and whether a tree lies in several splits is not known.",
        "near_copies": {
            "28": {"fingerprint": "412ec0aa51ea4cc5", **NO_COPIES},
            "64": {"fingerprint": "3de5d5dcd266c089", **NO_COPIES},
        },
    },
    "synapsemnist3d": {
        "modality": "electron microscopy, volume",
        "flips": BOTH,
        "rotation_deg": 180,
        "flip_reason": NO_SIDE,
        "positive_class": 1,
        "spacing_mm": {"28": 0.001024 / 28},
        "label_meaning": "Excitatory against inhibitory synapse; all are of one neuron of one rat.",
    },
}


def read_info(wheel: Path) -> dict[str, dict[str, Any]]:
    """Return the literal INFO of the wheel's info.py; nothing of it is executed."""
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read("medmnist/info.py").decode())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "INFO":
            return ast.literal_eval(node.value)
    msg = f"{wheel} must assign INFO in medmnist/info.py, found none."
    raise ValueError(msg)


def read_published(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the table by data set."""
    published: dict[str, list[dict[str, Any]]] = {}
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            published.setdefault(row["dataset"], []).append(
                {
                    "method": row["method"],
                    "auc": float(row["auc"]),
                    "acc": float(row["acc"]),
                    "checked_against_a_second_copy": row["checked_against_a_second_copy"] == "yes",
                }
            )
    return published


def record(name: str, info: dict[str, Any], published: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one data set's entry."""
    sizes = [28, *sorted(int(key[4:]) for key in info if key.startswith("url_"))]
    suffix = {size: "" if size == 28 else f"_{size}" for size in sizes}
    task = TASKS[info["task"]]
    return {
        "title": info["python_class"],
        "description": info["description"],
        "task": task,
        "class_names": [info["label"][str(code)] for code in range(len(info["label"]))],
        "channels": info["n_channels"],
        "dimensions": 3 if name.endswith("3d") else 2,
        "sizes": sizes,
        "files": {
            str(size): {"url": info[f"url{suffix[size]}"], "md5": info[f"MD5{suffix[size]}"]}
            for size in sizes
        },
        "split_sizes": info["n_samples"],
        "license": info["license"],
        "citation": CITATION,
        "source": f"MedMNIST ({MEDMNIST.replace('==', ' ')}), official split",
        "positive_class": None,
        "spacing_mm": {},
        "published": published,
        "simulated": False,
        **HAND_WRITTEN[name],
    }


def main() -> None:
    """Read, merge, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=Path, help=f"wheel of {MEDMNIST}; downloaded if not given")
    parser.add_argument("--published", type=Path, help="table of published results; kept if not given")
    given = parser.parse_args()
    if given.published:
        published = read_published(given.published)
    else:
        published = {name: entry["published"] for name, entry in json.loads(REGISTRY.read_text()).items()}
    with tempfile.TemporaryDirectory() as folder:
        wheel = given.wheel
        if wheel is None:
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, MEDMNIST]
            subprocess.run(pip, check=True)
            wheel = next(Path(folder).glob("*.whl"))
        info = read_info(wheel)
    registry = {name: record(name, entry, published.get(name, [])) for name, entry in info.items()}
    REGISTRY.write_text(json.dumps(registry, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{REGISTRY}: {len(registry)} data sets")


if __name__ == "__main__":
    main()
