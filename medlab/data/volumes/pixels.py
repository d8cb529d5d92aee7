"""From stored integers to numbers with a unit, one slice after the other."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pydicom
from numpy.typing import ArrayLike, NDArray
from pydicom import uid
from pydicom.pixels import get_decoder

from medlab.data.confidentiality import quiet
from medlab.data.volumes.dicom_objects import no_measurement
from medlab.data.volumes.dicom_slices import NATIVE, UNREADABLE, SliceFile, modality_of, unharmed

INT16 = np.iinfo(np.int16)
EXACT_IN_FLOAT32 = 2**24  # float32 skips whole numbers above
HTJ2K = (uid.HTJ2K, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL)
# What decodes compressed pixels, under licenses as free as medlab's own; pylibjpeg-libjpeg, which pydicom
# would use as well, is GPL-3. The extra `decoders` installs them all.
DECODERS = {
    tuple(uid.JPEGTransferSyntaxes): "python-gdcm",
    tuple(uid.JPEGLSTransferSyntaxes): "pyjpegls",
    (*uid.JPEG2000TransferSyntaxes, *HTJ2K): "pylibjpeg pylibjpeg-openjpeg",
}
# Syntaxes that keep the words of a pixel as they are.
REPACKED = (uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian, uid.RLELossless)
PET_UNITS = {"BQML": "Bq/ml", "GML": "g/ml", "CNTS": "counts", "CPS": "counts/s", "PROPCNTS": "prop. counts"}


def read_pixels(slices: Sequence[SliceFile]) -> NDArray[Any]:
    """Read and rescale the pixels of sorted slices of one size."""
    for file in slices:
        _check_stored(file)
    first = slices[0].facts
    dtype = functools.reduce(np.promote_types, [_pixel_type(file.facts).newbyteorder("=") for file in slices])
    stored = np.empty((len(slices), first["Rows"], first["Columns"]), dtype)
    for plane, file in zip(stored, slices, strict=True):
        plane[...] = _uncompressed(file) if file.offset is not None else _decoded(file)
    slopes, intercepts = (
        [default if file.facts.get(name) is None else file.facts[name] for file in slices]
        for name, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))
    )
    return rescaled(stored, slopes, intercepts)


def rescaled(stored: NDArray[Any], slopes: ArrayLike, intercepts: ArrayLike) -> NDArray[Any]:
    """Return slope * stored + intercept.

    Parameters
    ----------
    stored : integer or float array, shape (Z, Y, X)
        Its memory may be reused for the result.
    slopes, intercepts : float arrays, shape (Z,)

    Returns
    -------
    array : array, shape (Z, Y, X)
        int16 where integers are rescaled by whole numbers and fit; else float32.

    Raises
    ------
    ValueError
        If whole numbers are too large to be exact in float32, others too large for it, or factors unusable.
    """
    factors = np.column_stack([slopes, intercepts]).astype(np.float64)
    if not np.isfinite(factors).all() or not factors[:, 0].all():
        msg = (
            "Slopes and intercepts must be finite, and slopes not 0, got others in the header. It is "
            "damaged: export the images again."
        )
        raise ValueError(msg)
    dtype: type[np.int16 | np.float32] = np.float32
    if stored.dtype.kind in "iu" and (factors == factors.round()).all():
        ends = np.array([[float(plane.min()), float(plane.max())] for plane in stored])
        ends = ends * factors[:, :1] + factors[:, 1:]
        if ends.min() >= INT16.min and ends.max() <= INT16.max:
            dtype = np.int16
        elif max(abs(ends.min()), ends.max()) > EXACT_IN_FLOAT32:
            msg = (
                f"Values must lie within ±{EXACT_IN_FLOAT32:,} to be exact in float32, got "
                f"{ends.min():.0f} to {ends.max():.0f}. Give labels smaller numbers first."
            )
            raise ValueError(msg)
    # Slice by slice, so that what is computed stays in the cache, in the memory of `stored` where it can.
    same_size = stored.dtype.kind in "iuf" and stored.dtype.itemsize == np.dtype(dtype).itemsize
    result = stored.view(dtype) if same_size else np.empty(stored.shape, dtype)
    with np.errstate(over="ignore"):  # looked for below
        for plane, words, (slope, intercept) in zip(result, stored, factors, strict=True):
            plane[...] = words if (slope, intercept) == (1, 0) else words * slope + intercept
    if dtype is np.float32 and not np.isfinite(result).all():
        msg = "Values must fit float32, got larger ones. Divide them by a common factor first, and save."
        raise ValueError(msg)
    return result


def units_of(file: SliceFile) -> str:
    """Return the unit of rescaled values: "HU", "Bq/ml", ..., or "as stored"."""
    modality = modality_of(file)
    if modality == "PT":
        return PET_UNITS.get(str(file.facts.get("Units")), "as stored")
    rescaled_to_hu = file.facts.get("RescaleIntercept") is not None
    rescaled_to_hu &= file.facts.get("RescaleType") in (None, "HU", "US")
    return "HU" if modality == "CT" and rescaled_to_hu and not no_measurement(file) else "as stored"


def _check_stored(file: SliceFile) -> None:
    """Refuse bits that cannot be there, a table of values, and what nothing can decode."""
    facts = file.facts
    allocated, stored, high = _bits(facts)
    if not 0 < stored <= high + 1 <= allocated:
        msg = (
            f"{file.label} must keep its bits within those allocated, got {stored} stored up to bit {high} "
            f"of {allocated}. The header is damaged: export the series again."
        )
        raise ValueError(msg)
    # A codec of the JPEG family has its own precision: what the highest bit then means is not said.
    if high + 1 != stored and file.syntax not in (*NATIVE, *REPACKED):
        msg = (
            f"{file.label} must keep its pixels in the lowest bits where they are compressed, got {stored} "
            f"stored up to bit {high}. Export the series uncompressed."
        )
        raise ValueError(msg)
    if allocated > 16 and file.syntax in uid.JPEGTransferSyntaxes:
        msg = (
            f"{file.label} must have up to 16 bits a pixel in JPEG, got {allocated}. Export the series again."
        )
        raise ValueError(msg)  # GDCM would end the whole process
    if facts.get("ModalityLUTSequence"):
        msg = (
            f"{file.label} must be rescaled by a slope and an intercept, got a table (Modality LUT). "
            "Apply it with pydicom.pixels.apply_modality_lut, and make a Volume of the result."
        )
        raise ValueError(msg)
    if file.offset is None:
        try:
            available = get_decoder(uid.UID(file.syntax)).is_available
        except NotImplementedError:
            available = False
        if not available:
            codec = uid.UID(file.syntax).name
            if codec == file.syntax:
                codec = (
                    f"an unknown method (transfer syntax {codec if uid.UID(codec).is_valid else 'damaged'})"
                )
            msg = (
                f"{file.label} must be uncompressed, or a decoder must be installed, got pixels compressed "
                f"by {codec}. To read them: {_remedy(file)}"
            )
            raise ImportError(msg)


def _remedy(file: SliceFile) -> str:
    """Return the command that installs a decoder."""
    packages = [f"pip install {package}" for syntaxes, package in DECODERS.items() if file.syntax in syntaxes]
    return packages[0] if packages else "export the series uncompressed"


def _uncompressed(file: SliceFile) -> NDArray[Any]:
    """Return the stored pixels, shape (Y, X), read from their place in the file."""
    facts, dtype = file.facts, _pixel_type(file.facts)
    shape = (facts["Rows"], facts["Columns"])
    with unharmed(file.label):
        pixels = np.fromfile(file.path, dtype, shape[0] * shape[1], offset=file.offset or 0).reshape(shape)
    return _stored_bits(pixels, facts)


def _decoded(file: SliceFile) -> NDArray[Any]:
    """Return the stored pixels, shape (Y, X), as pydicom and its plugins decode them."""
    try:
        with quiet():
            dataset = pydicom.dcmread(file.path)
            allocated, _, _ = _bits(file.facts)
            jpeg_of_bytes = file.syntax in uid.JPEGTransferSyntaxes and allocated == 8
            if not (jpeg_of_bytes or file.syntax in REPACKED):
                return np.asarray(dataset.pixel_array)
            # Whole words: decoders take the stored bits to be the lowest ones, and GDCM ends the whole
            # process where JPEG has fewer than all 8.
            dataset.BitsStored, dataset.HighBit = allocated, allocated - 1
            return _stored_bits(dataset.pixel_array, file.facts)
    except (RuntimeError, *UNREADABLE):
        # Or the decoder that is there cannot do this: Pillow, for example, no JPEG of 12 bits.
        msg = (
            f"{file.label} must hold pixels that can be decoded ({uid.UID(file.syntax).name}), got some that "
            f"cannot: they are damaged, or need another decoder. Copy it again from its source, or else: "
            f"{_remedy(file)}."
        )
        raise ValueError(msg) from None


def _pixel_type(facts: Mapping[str, Any]) -> np.dtype[Any]:
    """Return the little-endian integer type in which pixels are stored."""
    sign = "i" if facts.get("PixelRepresentation") else "u"
    return np.dtype(f"<{sign}{facts['BitsAllocated'] // 8}")


def _stored_bits(words: NDArray[Any], facts: Mapping[str, Any]) -> NDArray[Any]:
    """Return the values of whole words, in their memory; around the stored bits may lie overlays."""
    allocated, stored, high = _bits(facts)
    if stored < allocated:
        words <<= allocated - 1 - high
        words >>= allocated - stored  # brings the sign along
    return words


def _bits(facts: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return bits allocated, bits stored and the highest stored bit of a pixel."""
    allocated = facts["BitsAllocated"]
    stored = facts.get("BitsStored") or allocated
    high = facts.get("HighBit")
    return allocated, stored, stored - 1 if high is None else high
