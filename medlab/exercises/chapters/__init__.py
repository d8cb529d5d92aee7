"""The chapters that have exercises: notebook -> module, names of its exercises and of its quiz questions.

The table spares loading every chapter to find one name. chapters/chNN.py holds the checkers,
chapters/chNN.yaml the questions; a test holds both to the table. A name belongs to one chapter only.
"""

from __future__ import annotations

from typing import NamedTuple


class Chapter(NamedTuple):
    """What a chapter's files hold."""

    module: str
    exercises: tuple[str, ...]
    questions: tuple[str, ...]


# In reading order; the key is the notebook's name.
CHAPTERS = {
    "00_start": Chapter(
        "ch00",
        ("gray_of", "batches_per_epoch", "four_outcomes", "decide"),
        ("read_once", "where_they_belong", "what_an_interval_says", "why_a_ceiling", "one_patient"),
    ),
    "01_math": Chapter(
        "ch01",
        (
            "perceptron_and_not",
            "mean_cross_entropy",
            "relu_back",
            "adam_first_step",
            "output_side",
            "receptive_field",
            "half_life_gate",
            "best_judge",
        ),
        (
            "why_a_bend",
            "confident_and_wrong",
            "loss_times_thousand",
            "seen_by_the_second",
            "what_carries",
        ),
    ),
    "02_data": Chapter(
        "ch02",
        ("window_edges", "stored_to_hu", "noise_factor", "scale_like_training", "seen_before"),
        ("ground_glass", "quarter_dose", "order_of_slices", "class_by_class", "above_the_ceiling"),
    ),
    "03_cnn": Chapter(
        "ch03",
        ("kernel_weights", "side_after", "edge_kernel", "mean_pool", "padded_weights"),
        ("what_is_summed", "thirty_by_twenty", "most_weights", "who_chooses", "two_losses"),
    ),
    "04_rnn": Chapter(
        "ch04",
        ("last_state", "attend", "steps_until", "doubling_time_days"),
        ("blind_slice", "fed_back", "forty_steps", "simple_rival", "what_attention_says"),
    ),
    "05_gan": Chapter(
        "ch05",
        ("clouds_found", "walk", "paste", "best_sensitivity"),
        ("who_sees_real", "falling_losses", "distance_alone", "pretty_repair", "silent_test"),
    ),
    "06_lung_screening": Chapter(
        "ch06",
        ("solid_category", "rates", "choose_threshold", "positive_value", "called_back"),
        ("rule_in_use", "no_zoom", "one_in_a_hundred", "what_travels", "other_scanner"),
    ),
    "08_explain": Chapter(
        "ch08",
        ("contributions", "completeness_error", "cam", "mass_inside"),
        ("what_a_map_says", "all_black", "random_and_pretty", "too_good", "who_corrects"),
    ),
}
