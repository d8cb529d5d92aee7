"""PET numbers as standardized uptake values (SUV) by body weight."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from pydicom.valuerep import DA, DT, TM

from medlab import checks
from medlab.data.confidentiality import quiet, stated
from medlab.data.volumes.volume import Volume

PHILIPS = (0x7053, "Philips PET Private Group")


def suv(volume: Volume) -> Volume:
    """Return a PET volume in standardized uptake values by body weight.

    The SUV is the activity of a voxel divided by what it would be if the injected dose, decayed to the time
    that the voxels stand for, were spread evenly over the body: 1 is the average, and a tumor may have 10.

    Parameters
    ----------
    volume : Volume
        PET as `read` returns it, shape (Z, Y, X), in Bq/ml. Values in g/ml already are SUV, and Philips'
        counts become SUV by Philips' own factor, a private element that only ``read(...,
        deidentify=False)`` keeps.

    Returns
    -------
    volume : Volume
        float32, in g/ml; its last note says what it was computed from.

    Raises
    ------
    ValueError
        If the volume is no PET from DICOM, is not corrected for attenuation and decay, or an element that
        the SUV needs is missing or cannot be used; the message names it.

    Notes
    -----
    Source: the vendor-neutral pseudo-code of QIBA (Quantitative Imaging Biomarkers Alliance), "SUV
    calculation". Decay runs from the injection to the start of the scan where DecayCorrection is START, and
    not at all where it is ADMIN. The scan starts at the series time, or, where a series was derived later
    than it was acquired, at the acquisition time less what the frame reference time says. A time of
    injection without a date lies less than a day before the scan.

    Examples
    --------
    A dose of 350 MBq has decayed to half after one half-life: 70 kg with 2500 Bq/ml everywhere hold it all.

    >>> import pydicom
    >>> header, drug = pydicom.Dataset(), pydicom.Dataset()
    >>> header.CorrectedImage, header.DecayCorrection, header.PatientWeight = ["ATTN", "DECY"], "START", 70
    >>> header.SeriesDate = header.AcquisitionDate = "20200101"
    >>> header.SeriesTime = header.AcquisitionTime = "104948"
    >>> drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = 350e6, 6588
    >>> drug.RadiopharmaceuticalStartTime = "090000"
    >>> header.RadiopharmaceuticalInformationSequence = [drug]
    >>> pet = Volume(np.full((1, 1, 2), 2500.0), (3.0, 4.0, 4.0), modality="PT", units="Bq/ml", header=header)
    >>> suv(pet).array.tolist()
    [[[1.0, 1.0]]]
    """
    header: Any = volume.header
    if volume.modality != "PT" or header is None:
        msg = f"SUV needs PET read from DICOM, with its header, got {volume!r}. Read the series of the PET."
        raise ValueError(msg)
    with quiet():
        if missing := {"ATTN", "DECY"} - set(_words(header, "CorrectedImage")):
            msg = f"CorrectedImage must name {' and '.join(sorted(missing))}. Ask for the corrected series."
            raise ValueError(msg)
        if volume.units == "counts":
            factor, how = _philips_factor(header), "by Philips' own factor"
        elif volume.units == "g/ml":
            checks.one_of("SUVType", (_words(header, "SUVType") or ["BW"])[0], ["BW"])
            factor, how = 1.0, "as it was stored"
        else:
            checks.one_of("units of PET", volume.units, ["Bq/ml", "g/ml", "counts"])
            factor, how = _factor(header)
    array = volume.array.astype(np.float32) * np.float32(factor)
    return replace(volume, array=array, units="g/ml", notes=(*volume.notes, f"SUV by body weight {how}."))


def _factor(header: Any) -> tuple[float, str]:
    """Return the weight in g over the dose in Bq that is left at the time of the voxels, and its words."""
    drugs = stated(header, "RadiopharmaceuticalInformationSequence") or []
    if len(drugs) != 1:
        msg = f"RadiopharmaceuticalInformationSequence must hold one injection, got {len(drugs)}."
        raise ValueError(msg)
    weight_g = 1000 * _number(header, "PatientWeight", 0.1, 700)
    dose_bq = _number(drugs[0], "RadionuclideTotalDose", 1e5, 1e11)
    correction = checks.one_of("DecayCorrection", _value(header, "DecayCorrection"), ["START", "ADMIN"])
    if correction == "ADMIN":
        return weight_g / dose_bq, "(values are corrected to the injection)"
    half_life_s = _number(drugs[0], "RadionuclideHalfLife", 10, 1e8)
    decay_s = _decay_s(header, drugs[0], half_life_s)
    words = f"(the dose decayed for {decay_s / 60:.1f} min, half-life {half_life_s / 60:.1f} min)"
    return weight_g / (dose_bq * 2 ** (-decay_s / half_life_s)), words


def _decay_s(header: Any, drug: Any, half_life_s: float) -> float:
    """Return the seconds from the injection to the start of the scan."""
    scan = _moment(header, "SeriesDate", header, "SeriesTime")
    acquired = _moment(header, "AcquisitionDate", header, "AcquisitionTime")
    if scan > acquired:
        # Derived later: the mean activity of the frame was reached at the frame reference time.
        decay = np.log(2) / half_life_s * _number(header, "ActualFrameDuration", 1, 1e8) / 1000
        mean_s = half_life_s / np.log(2) * np.log(decay / -np.expm1(-decay))
        reference_s = _number(header, "FrameReferenceTime", 0, 1e9) / 1000
        scan = acquired + dt.timedelta(seconds=float(mean_s) - reference_s)
    if stated(drug, "RadiopharmaceuticalStartDateTime") is None:
        start = _moment(header, "SeriesDate", drug, "RadiopharmaceuticalStartTime")
        return (scan - start).total_seconds() % 86400  # less than a day, also across midnight
    # With its offset or without: the scanner writes all its times by one clock.
    start = _value(drug, "RadiopharmaceuticalStartDateTime", DT).replace(tzinfo=None)
    name = "RadiopharmaceuticalStartDateTime, in seconds before the scan,"
    return checks.in_range(name, (scan - start).total_seconds(), 0, 1e7)


def _moment(header: Any, date: str, holder: Any, time: str) -> dt.datetime:
    """Return the moment of a date and a time."""
    return dt.datetime.combine(_value(header, date, DA), _value(holder, time, TM))


def _philips_factor(header: Any) -> float:
    """Return what turns Philips' counts into SUV."""
    with contextlib.suppress(KeyError, TypeError, ValueError):
        if 0 < (factor := float(header.private_block(*PHILIPS)[0x00].value)) < np.inf:
            return factor
    msg = (
        "PET in counts (CNTS) needs Philips' private SUV factor (7053,1000), got none. De-identification "
        "removes it: read with deidentify=False, or export the series in Bq/ml."
    )
    raise ValueError(msg)


def _words(holder: Any, keyword: str) -> list[str]:
    value = stated(holder, keyword) or []
    return [value] if isinstance(value, str) else list(value)


def _number(holder: Any, keyword: str, low: float, high: float) -> float:
    return checks.in_range(keyword, _value(holder, keyword, float), low, high)


def _value(holder: Any, keyword: str, convert: Callable[[str], Any] = str) -> Any:
    """Return the value of an element; refuse one that is missing, or is not of its type."""
    value = stated(holder, keyword)
    with contextlib.suppress(TypeError, ValueError):
        if value is not None:
            return convert(str(value))
    msg = f"SUV needs {keyword}, got a header without one that can be used. Ask for the original series."
    raise ValueError(msg)
