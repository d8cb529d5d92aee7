from .reading import list_series as list_series, read as read, read_header as read_header
from .resampling import resample as resample
from .series import Series as Series
from .showing import planes_picture as planes_picture, slice_picture as slice_picture
from .volume import Volume as Volume
