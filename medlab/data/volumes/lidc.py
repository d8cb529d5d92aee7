"""Nodules of LIDC-IDRI: what up to four readers outlined, where they agree, and how they rated."""

import contextlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from defusedxml import DefusedXmlException, ElementTree
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from medlab import checks
from medlab.data.volumes.masks import Slices, fill_outline, mask_like, refuse_missing
from medlab.data.volumes.reading import existing
from medlab.data.volumes.volume import Volume

Outlined = tuple[int, int | None, NDArray[np.int64]]  # the reader, a rating, and places in the flat volume


@dataclass(frozen=True)
class LidcNodule:
    """One nodule of 3 mm or more.

    Attributes
    ----------
    label : int
        Its number in the map of labels, from 1.
    readers : tuple of int
        Who outlined it, from 0.
    malignancy : tuple of int
        A rating of each outline, from 1 (highly unlikely) to 5 (highly suspicious): opinions, no diagnosis.
    voxels : tuple of int arrays, each of shape (N,)
        What each reader outlined, as places in the flattened volume (`numpy.ravel_multi_index`).
    """

    label: int
    readers: tuple[int, ...]
    malignancy: tuple[int, ...]
    voxels: tuple[NDArray[np.int64], ...]

    @property
    def median_malignancy(self) -> float:
        """Median of the ratings; NaN where nobody rated."""
        return float(np.median(self.malignancy)) if self.malignancy else float("nan")


@dataclass(frozen=True)
class LidcReading:
    """What the readers of one CT marked.

    Attributes
    ----------
    labels : Volume of uint16
        Consensus, shape (Z, Y, X): 0 or the label of a nodule.
    nodules : tuple of LidcNodule
    small, non_nodules : int arrays, shape (N, 4)
        Reader, z, y and x of each mark: nodules of less than 3 mm, and others that are no nodules.
    n_readers : int
    """

    labels: Volume
    nodules: tuple[LidcNodule, ...]
    small: NDArray[np.int64]
    non_nodules: NDArray[np.int64]
    n_readers: int


def read_lidc(
    path: str | Path,
    volume: Volume,
    *,
    consensus: float = 0.5,
    allow_missing: bool = False,
    salt: str | None = None,
) -> LidcReading:
    """Read the readers' XML of LIDC-IDRI on the grid of its CT.

    A reader's outline consists of the first pixels outside of the nodule, so it is filled without its edge;
    outlines with inclusion FALSE are taken out in the same way. Outlines of different readers that share a
    voxel are one nodule.

    Parameters
    ----------
    path : path of an XML file
    volume : Volume
        The CT that was read, from DICOM; shape (Z, Y, X).
    consensus : float in (0, 1]
        Share of the readers who outlined a nodule that must have a voxel inside. Readers who did not
        outline it do not count; `LidcNodule.readers` says who did.
    allow_missing : bool
        Leave out marks on slices that the volume does not have; a note counts them.
    salt : str or None
        As it was given to `read`.

    Returns
    -------
    reading : LidcReading

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If the file is none of LIDC's, the volume does not know the UIDs of its slices, or a mark lies on no
        slice of it.

    Notes
    -----
    Sources: Armato et al. 2011, doi 10.1118/1.3528204; McNitt-Gray et al. 2007, doi
    10.1016/j.acra.2007.07.021. The consensus of half of the readers is that of pylidc (Hancock and Magnan
    2016, doi 10.1117/1.JMI.3.4.044504).

    Examples
    --------
    ``read_lidc("069.xml", volume).nodules[0].median_malignancy`` is 5.0 for a suspicious nodule.
    """
    checks.in_range("consensus", consensus, 1e-6, 1)
    slices = Slices(volume, salt)
    sessions = parse_xml(path, "LidcReadMessage", "The file").findall("{*}readingSession")
    outlined: list[Outlined] = []
    points: dict[bool, list[tuple[int, ...]]] = {True: [], False: []}
    places = []
    for reader, session in enumerate(sessions):
        for mark in [*session.findall("{*}unblindedReadNodule"), *session.findall("{*}nonNodule")]:
            regions = mark.findall("{*}roi") or [mark]
            is_small = all(len(region.findall("{*}edgeMap")) < 3 for region in regions)
            planes: dict[int, NDArray[np.bool_]] = {}
            for region in sorted(regions, key=_is_hole):  # holes last
                places.append(z := slices.find((region.findtext("{*}imageSOP_UID") or "").strip()))
                if z is not None and is_small:
                    points[regions[0] is not mark].append((reader, z, *_points(region)[0].tolist()))
                elif z is not None:
                    plane = planes.setdefault(z, np.zeros(volume.shape[1:], dtype=bool))
                    inside = fill_outline(plane, _points(region), with_edge=False)
                    plane[inside] = not _is_hole(region)
            if planes:
                rating = (mark.findtext("{*}characteristics/{*}malignancy") or "0").strip()
                checks.one_of("malignancy of a nodule", rating, list("012345"))  # 0: not rated
                whole = np.zeros(volume.shape, dtype=bool)
                whole[list(planes)] = list(planes.values())
                outlined.append((reader, int(rating) or None, np.flatnonzero(whole)))
    notes = refuse_missing(places.count(None), len(places), "mark of a reader", allow_missing)
    labels, nodules = _agreed(outlined, volume, consensus)
    small, others = (np.array(points[kind], dtype=np.int64).reshape(-1, 4) for kind in (True, False))
    return LidcReading(mask_like(volume, labels, notes), nodules, small, others, len(sessions))


def parse_xml(path: str | Path, root: str, label: str) -> Any:
    """Return the root of an XML file that bears a certain name."""
    try:
        tree: Any = ElementTree.parse(existing(path)).getroot()
    except (ElementTree.ParseError, DefusedXmlException, LookupError, ValueError):  # or its encoding
        tree = None
    if tree is None or tree.tag.rpartition("}")[2] != root:
        msg = f"{label} must be whole XML whose root is {root}, without entities; got another. Copy it again."
        raise ValueError(msg)
    return tree


def _points(region: Any) -> NDArray[np.int64]:
    """Return the points of an outline, or the place of a mark, shape (N, 2), order (y, x), in pixels."""
    found = region.findall("{*}edgeMap") or region.findall("{*}locus")
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        if found:
            return np.array([[int(point.findtext(f"{{*}}{axis}Coord")) for axis in "yx"] for point in found])
    msg = "A mark of a reader must have points in whole pixels, got others. Copy the file again."
    raise ValueError(msg)


def _is_hole(region: Any) -> bool:
    return (region.findtext("{*}inclusion") or "TRUE").strip().upper() == "FALSE"


def _agreed(
    outlined: list[Outlined], volume: Volume, consensus: float
) -> tuple[NDArray[np.uint16], tuple[LidcNodule, ...]]:
    """Return the map of labels and the nodules."""
    touching = np.eye(len(outlined), dtype=bool)
    for i, k in itertools.combinations(range(len(outlined)), 2):
        touching[i, k] = np.intersect1d(outlined[i][2], outlined[k][2]).size > 0
    count, groups = connected_components(touching, directed=False) if outlined else (0, np.zeros(0))
    labels = np.zeros(volume.shape, dtype=np.uint16)
    nodules = []
    for label in range(1, count + 1):
        members = [outlined[i] for i in np.flatnonzero(groups == label - 1)]
        readers = sorted({reader for reader, _, _ in members})
        # One vote a reader, who may have outlined in two parts what others saw as one.
        voxels = [np.unique(np.concatenate([v for r, _, v in members if r == reader])) for reader in readers]
        places, votes = np.unique(np.concatenate(voxels), return_counts=True)
        labels.ravel()[places[votes >= consensus * len(readers) - 1e-9]] = label
        ratings = tuple(rating for _, rating, _ in members if rating is not None)
        nodules.append(LidcNodule(label, tuple(readers), ratings, tuple(voxels)))
    return labels, tuple(nodules)
