from . import intensity as intensity, phantoms as phantoms, volumes as volumes
from .augmentation import Augmentation as Augmentation, augment as augment
from .balancing import (
    class_weights as class_weights,
    oversample as oversample,
    sample_weights as sample_weights,
    undersample as undersample,
)
from .batches import Batches as Batches
from .cleaning import clean as clean, duplicates_across as duplicates_across
from .dataset import Dataset as Dataset, Split as Split, center_crop as center_crop
from .deidentification import deidentify as deidentify, deidentify_files as deidentify_files
from .downloading import data_root as data_root, fetch as fetch, verify as verify
from .exporting import write_folder as write_folder
from .folder import load_folder as load_folder
from .grouping import groups_from_blocks as groups_from_blocks
from .loading import load as load
from .masks import as_segmentation as as_segmentation, load_masks as load_masks, padded as padded
from .nearcopies import near_copies as near_copies
from .normalization import Normalization as Normalization, normalize as normalize
from .registry import describe as describe, registered as registered
from .splitting import stratified_split as stratified_split
from .unlabeled import (
    OneImage as OneImage,
    crop_around as crop_around,
    read_images as read_images,
    read_one as read_one,
    read_series as read_series,
)
