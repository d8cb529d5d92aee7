from .boxes import Box as Box, read_boxes as read_boxes
from .contours import Finding as Finding, read_contours as read_contours
from .dicom_slices import Series as Series
from .lidc import LidcNodule as LidcNodule, LidcReading as LidcReading, read_lidc as read_lidc
from .masks import split_labels as split_labels
from .pet import suv as suv
from .pictures import planes_picture as planes_picture, slice_picture as slice_picture
from .reading import list_series as list_series, read as read, read_header as read_header
from .resampling import check_same_grid as check_same_grid, resample as resample
from .rtstruct import read_rtstruct as read_rtstruct
from .volume import Volume as Volume
from .writing import (
    SEGMENT_KINDS as SEGMENT_KINDS,
    read_seg as read_seg,
    write_nifti as write_nifti,
    write_seg as write_seg,
)
