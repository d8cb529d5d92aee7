"""The networks, and the folder that carries a trained one to where it is used."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    ["gan"],
    submod_attrs={
        "bundle": ["Bundle", "load", "save"],
        "catalog": ["build", "check_shape", "describe", "fitting", "names", "own_options"],
        "cnn": ["article_cnn", "article_cnn_28", "resnet18_28", "screening_cnn"],
        "concepts": ["concept_bottleneck", "correct_concepts"],
        "costs": ["cost"],
        "gradients": ["input_gradients"],
        "prediction": ["predict"],
        "rnn": ["bidirectional_lstm", "cnn_lstm", "gru", "lstm", "simple_rnn"],
    },
)
