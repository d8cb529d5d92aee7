"""Surface distances of masks beside the truth and the mesh reference, on shapes whose surfaces are known.

Each pair of balls, ellipsoids and boxes is put on the grid at several places between the voxels. The truth
comes from points spread over both surfaces. `pymeshmetrics` (Podobnik and Vrtovec 2025) meshes the same
masks; it brings VTK, so it gets an environment of its own, which is made on the first run and kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path
from scipy.spatial import KDTree

from medlab.data.volumes import Volume
from medlab.evaluation import segmentation

REFERENCE = "pymeshmetrics==1.4.1"
ALLOWED = 1.0  # of the largest side of a voxel: each of two masks knows its surface to half of it
SPACINGS_MM = ((1.0, 1.0, 1.0), (1.5, 0.75, 0.75), (3.0, 0.8, 0.7))
PLACES = 5
# Kind; half axes or half sides and center (z, y, x) of both, in mm.
PAIRS = {
    "balls, 16 in 20 mm": ("ball", (8, 8, 8), (0, 0, 0), (10, 10, 10), (0, 0, 0)),
    "ball of 30 mm, moved by 3.7 mm": ("ball", (15, 15, 15), (0, 0, 0), (15, 15, 15), (3, 2, 1)),
    "ellipsoid, grown by a fifth": ("ball", (7, 10, 15), (0, 0, 0), (8.4, 12, 18), (0, 0, 0)),
    "ellipsoid, moved by 4.6 mm": ("ball", (7, 10, 15), (0, 0, 0), (7, 10, 15), (1, 2, 4)),
    "box, 2 mm thicker each way": ("box", (8, 10, 12), (0, 0, 0), (10, 12, 14), (0, 0, 0)),
    "box, moved by 5 mm": ("box", (8, 10, 12), (0, 0, 0), (8, 10, 12), (0, 3, 4)),
}
MESH = """
import json, sys
import numpy as np
from meshmetrics import DistanceMetrics
results = []
with np.load(sys.argv[1]) as masks:
    for i in range(len(masks.files) // 3):
        pair = DistanceMetrics(verbose=False)
        pair.set_input(masks[f"{i} one"], masks[f"{i} two"], spacing=tuple(masks[f"{i} spacing"]))
        results.append([pair.hd(percentile=95), pair.masd()])
print(json.dumps(results))
"""


def surface(kind: str, half: NDArray, n: int = 60_000) -> tuple[NDArray, NDArray]:
    """Return points on a surface around 0 and the area that each stands for."""
    if kind == "box":
        points, areas = [], []
        for axis in range(3):
            side = int(np.sqrt(n / 6))
            steps = np.linspace(-1, 1, 2 * side + 1)[1::2]
            face = np.stack(np.meshgrid([-1.0, 1.0], steps, steps, indexing="ij"), -1).reshape(-1, 3)
            points.append(np.roll(face, axis, axis=1) * half)
            areas.append(np.full(len(face), 4 * np.delete(half, axis).prod() / side**2))
        return np.concatenate(points), np.concatenate(areas)
    turn = np.arange(n) * np.pi * (3 - np.sqrt(5))  # Fibonacci's lattice
    z = 1 - (2 * np.arange(n) + 1) / n
    unit = np.stack([z, np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn)], -1)
    return unit * half, np.linalg.norm(unit / half, axis=1) * half.prod()


def truth(kind: str, *shapes: tuple[float, ...]) -> tuple[float, float]:
    """Return the 95 % Hausdorff and the average distance of two surfaces, in mm."""
    halves, centers = np.array(shapes[::2], float), np.array(shapes[1::2], float)
    sides = [surface(kind, half) for half in halves]
    places = [points + center for (points, _), center in zip(sides, centers, strict=True)]
    worst, means = [], []
    for here in (0, 1):
        apart_mm, areas = KDTree(places[1 - here]).query(places[here])[0], sides[here][1]
        order = apart_mm.argsort()
        share = areas[order].cumsum() / areas.sum()
        worst.append(apart_mm[order[np.searchsorted(share, 0.95)]])
        means.append(np.average(apart_mm, weights=areas))
    return max(worst), float(np.mean(means))


def mask(
    kind: str, half: tuple[float, ...], center: tuple[float, ...], spacing_mm: NDArray, off: NDArray
) -> NDArray:
    """Return the voxels whose centers lie within a shape that is `off` voxels from the grid's center."""
    sides = (2 * 24 / spacing_mm).astype(int)
    axes = [(np.arange(n) - n / 2 + o) * step for n, o, step in zip(sides, off, spacing_mm, strict=True)]
    parts = [(axis - c) / h for axis, c, h in zip(np.ix_(*axes), center, half, strict=True)]
    if kind == "box":
        return np.maximum(np.maximum(abs(parts[0]), abs(parts[1])), abs(parts[2])) <= 1
    return parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2 <= 1


def mesh_python() -> Path:
    """Return the Python of the environment with the mesh reference, made where there is none."""
    folder = user_cache_path("medlab") / REFERENCE.replace("==", "-")
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    test = [python, "-c", "import meshmetrics"]
    if not python.exists() or subprocess.run(test, capture_output=True).returncode:
        print(f"making an environment with {REFERENCE}, once", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", REFERENCE], check=True)
    return python


def main() -> int:
    """Print the errors of medlab and of the mesh reference; return 1 if medlab's are larger than allowed."""
    rng = np.random.default_rng(0)
    cases, arrays = [], {}
    for spacing in SPACINGS_MM:
        for name, (kind, *shapes) in PAIRS.items():
            for _ in range(PLACES):
                off, spacing_mm = rng.uniform(-0.5, 0.5, 3), np.array(spacing)
                one, two = (mask(kind, *shapes[i : i + 2], spacing_mm, off) for i in (0, 2))
                number = len(cases)
                arrays |= {f"{number} one": one, f"{number} two": two, f"{number} spacing": spacing_mm}
                cases.append((spacing, name, Volume(one, spacing), Volume(two, spacing)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "masks.npz"
        np.savez_compressed(path, **arrays)
        done = subprocess.run([mesh_python(), "-c", MESH, path], check=True, capture_output=True, text=True)
    columns = ["hd95_mm", "average_surface_mm"]
    ours = [segmentation.compare(one, two)[columns].to_numpy()[0] for *_, one, two in cases]
    true = {name: truth(*pair) for name, pair in PAIRS.items()}
    expected = np.array([true[name] for _, name, *_ in cases])
    errors = {"medlab": np.array(ours) - expected, "mesh": np.array(json.loads(done.stdout)) - expected}

    print("Truth, and largest errors, of the 95 % Hausdorff and the average distance, in mm:")
    print(f"{'spacing':18s} {'pair':32s} {'truth':>12s} {'medlab':>12s} {'mesh':>12s}")
    for spacing in SPACINGS_MM:
        for name in PAIRS:
            rows = [i for i, case in enumerate(cases) if case[:2] == (spacing, name)]
            cells = [true[name], *(abs(error[rows]).max(axis=0) for error in errors.values())]
            texts = " ".join(f"{f'{hd95:.2f}, {average:.2f}':>12s}" for hd95, average in cells)
            print(f"{' x '.join(map(str, spacing)):18s} {name:32s} {texts}")
    for tool, error in errors.items():
        size, bias = abs(error).mean(axis=0), error.mean(axis=0)
        print(
            f"{tool}: mean error {size[0]:.2f} and {size[1]:.2f} mm, with its sign {bias[0]:+.2f} and "
            f"{bias[1]:+.2f} mm"
        )
    sides_mm = np.array([[max(spacing)] for spacing, *_ in cases])
    worst = float(abs(errors["medlab"] / sides_mm).max())
    words = "reached" if worst <= ALLOWED else "MISSED"
    print(f"medlab's largest error is {worst:.2f} of a voxel's largest side (allowed {ALLOWED}): {words}")
    return int(worst > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
