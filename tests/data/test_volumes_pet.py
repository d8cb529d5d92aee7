"""SUV by body weight, from headers made by hand: 70 kg, 350 MBq, a half-life of 6588 s."""

import numpy as np
import pydicom
import pytest

from medlab.data import volumes

HALF_LIFE_S = 6588
FIELDS = {
    "CorrectedImage": ["DECY", "ATTN", "SCAT"],
    "DecayCorrection": "START",
    "PatientWeight": "70",
    "SeriesDate": "20200101",
    "SeriesTime": "104948",
    "AcquisitionDate": "20200101",
    "AcquisitionTime": "104948.00",
}
DRUG = {
    "RadionuclideTotalDose": "350000000",
    "RadionuclideHalfLife": str(HALF_LIFE_S),
    "RadiopharmaceuticalStartTime": "090000",
}


def pet(units="Bq/ml", drug=(), drugs=1, **elements):
    header, item = pydicom.Dataset(), pydicom.Dataset()
    for dataset, fields in ((header, {**FIELDS, **elements}), (item, {**DRUG, **dict(drug)})):
        for name, value in fields.items():
            if value is not None:
                setattr(dataset, name, value)
    header.RadiopharmaceuticalInformationSequence = [item] * drugs
    array = np.full((7, 8, 9), 2500, np.int16)
    return volumes.Volume(array, (3.0, 0.8, 0.7), modality="PT", units=units, header=header)


def test_the_dose_decays_until_the_scan_starts():
    # One half-life after the injection, 175 MBq are left in 70 kg: 2500 Bq/g is 1.
    suv = volumes.suv(pet())
    np.testing.assert_allclose(suv.array, 1.0, rtol=1e-6)
    assert (suv.units, suv.array.dtype) == ("g/ml", np.float32)
    assert suv.notes == ("SUV by body weight (the dose decayed for 109.8 min, half-life 109.8 min).",)


def test_values_that_are_corrected_to_the_injection_need_no_decay():
    suv = volumes.suv(pet(DecayCorrection="ADMIN", SeriesTime=None))
    np.testing.assert_allclose(suv.array, 0.5, rtol=1e-6)


def test_an_injection_before_midnight_is_of_the_day_before():
    suv = volumes.suv(pet(drug={"RadiopharmaceuticalStartTime": "230000"}, SeriesTime="004948"))
    np.testing.assert_allclose(suv.array, 1.0, rtol=1e-6)


def test_a_date_of_injection_comes_before_the_time_alone():
    drug = {"RadiopharmaceuticalStartDateTime": "20191231085948.50+0100"}
    suv = volumes.suv(pet(drug=drug))
    np.testing.assert_allclose(suv.array, 0.5 * 2 ** ((86400 + 6599.5) / HALF_LIFE_S), rtol=1e-5)


def test_a_series_that_was_derived_later_takes_its_time_from_the_acquisition():
    # The mean activity of the frame of 600 s is reached just before its middle, 1 h after the reference.
    elements = {"AcquisitionTime": "114948", "FrameReferenceTime": 3600e3, "ActualFrameDuration": 600e3}
    derived = volumes.suv(pet(SeriesTime="180000", **elements))
    half = 600 / 2 - 600**2 * np.log(2) / HALF_LIFE_S / 24  # the second term of its series
    np.testing.assert_allclose(derived.array, 2 ** (half / HALF_LIFE_S), rtol=1e-6)
    # Measured at once, the time of the series is right as it is, however late the bed is.
    np.testing.assert_allclose(volumes.suv(pet(**elements)).array, 1.0, rtol=1e-6)


def test_suv_stays_suv():
    suv = volumes.suv(pet("g/ml", SUVType="BW"))
    assert (suv.array == 2500).all()
    with pytest.raises(ValueError, match="SUVType must be one of: BW; got 'LBM'"):
        volumes.suv(pet("g/ml", SUVType="LBM"))


def test_philips_counts_need_philips_factor():
    counts = pet("counts")
    with pytest.raises(
        ValueError, match=r"Philips' private SUV factor \(7053,1000\), got none.*deidentify=False"
    ):
        volumes.suv(counts)
    block = counts.header.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.002")
    np.testing.assert_allclose(volumes.suv(counts).array, 5.0, rtol=1e-6)
    counts.header[0x7053, 0x1000].value = "0"
    with pytest.raises(ValueError, match="got none"):
        volumes.suv(counts)


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"PatientWeight": None}, "SUV needs PatientWeight, got a header without one"),
        ({"PatientWeight": "0"}, "SUV needs PatientWeight|PatientWeight must lie"),
        ({"PatientWeight": "7000"}, "PatientWeight must lie between 0.1 and 700"),
        ({"SeriesTime": None}, "SUV needs SeriesTime"),
        ({"SeriesDate": "noon"}, "SUV needs SeriesDate"),
        ({"AcquisitionTime": None}, "SUV needs AcquisitionTime"),
        ({"SeriesTime": "180000"}, "SUV needs ActualFrameDuration"),
        ({"DecayCorrection": "NONE"}, "DecayCorrection must be one of: START, ADMIN; got 'NONE'"),
        ({"DecayCorrection": None}, "SUV needs DecayCorrection"),
        ({"CorrectedImage": ["ATTN"]}, "CorrectedImage must name DECY"),
        ({"CorrectedImage": None}, "CorrectedImage must name ATTN and DECY"),
        ({"drug": {"RadionuclideTotalDose": None}}, "SUV needs RadionuclideTotalDose"),
        ({"drug": {"RadionuclideTotalDose": "350"}}, "RadionuclideTotalDose must lie between 100000 and"),
        ({"drug": {"RadionuclideHalfLife": None}}, "SUV needs RadionuclideHalfLife"),
        ({"drug": {"RadiopharmaceuticalStartTime": None}}, "SUV needs RadiopharmaceuticalStartTime"),
        (
            {"drug": {"RadiopharmaceuticalStartDateTime": "20200101120000"}},
            "RadiopharmaceuticalStartDateTime, in seconds before the scan, must lie between 0 and",
        ),
        ({"drugs": 0}, "RadiopharmaceuticalInformationSequence must hold one injection, got 0"),
        ({"drugs": 2}, "RadiopharmaceuticalInformationSequence must hold one injection, got 2"),
        ({"units": "as stored"}, "units of PET must be one of: Bq/ml, g/ml, counts; got 'as stored'"),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_refuses_what_is_missing_and_names_it(elements, words):
    with pytest.raises(ValueError, match=words):
        volumes.suv(pet(**elements))


def test_refuses_what_is_no_pet_from_dicom():
    array = np.zeros((7, 8, 9))
    with pytest.raises(ValueError, match=r"PET read from DICOM, with its header, got Volume\(CT"):
        volumes.suv(volumes.Volume(array, (3.0, 0.8, 0.7), modality="CT", header=pydicom.Dataset()))
    with pytest.raises(ValueError, match="PET read from DICOM"):
        volumes.suv(volumes.Volume(array, (3.0, 0.8, 0.7), modality="PT"))


def test_de_identification_keeps_what_suv_needs(dicom, folder):
    drug = pydicom.Dataset()
    for name, value in DRUG.items():
        setattr(drug, name, value)
    drug.RadiopharmaceuticalStartDateTime = "19991231090000"
    elements = {**FIELDS, "SeriesDate": "19991231", "AcquisitionDate": "19991231"}
    dicom.write(
        folder,
        np.full(dicom.shape, 2500, np.int16),
        Modality="PT",
        Units="BQML",
        RadiopharmaceuticalInformationSequence=[drug],
        **elements,
    )
    for deidentify in (True, False):
        suv = volumes.suv(volumes.read(folder, deidentify=deidentify))
        np.testing.assert_allclose(suv.array, 1.0, rtol=1e-6)
