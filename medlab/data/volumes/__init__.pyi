from .dicom_slices import Series as Series
from .pictures import planes_picture as planes_picture, slice_picture as slice_picture
from .reading import list_series as list_series, read as read, read_header as read_header
from .resampling import check_same_grid as check_same_grid, resample as resample
from .volume import Volume as Volume
