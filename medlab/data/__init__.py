"""What goes in: simulated cohorts, registered sets and folders, made ready for a network."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    ["intensity", "phantoms", "volumes"],
    {
        "augmentation": ["Augmentation", "augment"],
        "balancing": ["class_weights", "oversample", "sample_weights", "undersample"],
        "batches": ["Batches"],
        "cleaning": ["clean", "duplicates_across"],
        "dataset": ["Dataset", "Split", "center_crop"],
        "deidentification": ["deidentify", "deidentify_files"],
        "downloading": ["data_root", "fetch", "verify"],
        "folder": ["load_folder"],
        "grouping": ["groups_from_blocks"],
        "loading": ["load"],
        "normalization": ["Normalization", "normalize"],
        "registry": ["describe", "registered"],
        "splitting": ["stratified_split"],
    },
)
