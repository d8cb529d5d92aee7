import numpy as np
import pytest

from medlab.data.phantoms import brock_logit, draw_patients, true_risks

N = 3000


def expected_auc(risk, score):
    """The definition, pair by pair, so that it shares nothing with the package's own."""
    weight = risk[:, None] * (1 - risk)
    wins = (score[:, None] > score) + 0.5 * (score[:, None] == score)
    np.fill_diagonal(weight, 0)
    return (weight * wins).sum() / weight.sum()


@pytest.fixture(scope="module")
def people():
    return draw_patients(N, np.random.default_rng(7))


@pytest.fixture(scope="module")
def risks(people):
    return true_risks(people)


def test_the_brock_logit_of_one_patient_is_the_sum_made_by_hand():
    patient = {
        "age_years": 62,
        "female": 1,
        "family_history": 1,
        "emphysema": 0,
        "upper_lobe": 1,
        "n_nodules": 4,
        "diameter_mm": 6.4,  # (6.4 / 10)^-0.5 = 1 / 0.8 = 1.25
        "nodule_type": 2,
        "spiculated": 1,
    }
    by_hand = 0.2761 + 1.7794 + 0.6011 + 0.2961 + 0.6581 - 5.3854 * 1.25 + 0.7729 - 0.1276 - 0.3296
    assert brock_logit(patient) == pytest.approx(by_hand, abs=1e-12)
    assert by_hand == pytest.approx(-2.80525)


@pytest.mark.parametrize(
    ("variable", "change", "log_odds"),
    [
        ("age_years", 10, 0.287),
        ("female", 1, 0.6011),
        ("family_history", 1, 0.2961),
        ("emphysema", 1, 0.2953),
        ("upper_lobe", 1, 0.6581),
        ("spiculated", 1, 0.7729),
        ("n_nodules", 1, -0.0824),
        ("nodule_type", 1, 0.377),
        ("nodule_type", 2, -0.1276),
    ],
)
def test_each_variable_moves_the_log_odds_by_its_published_coefficient(variable, change, log_odds):
    patient = dict.fromkeys(
        ("female", "family_history", "emphysema", "upper_lobe", "nodule_type", "spiculated"), 0
    )
    patient |= {"age_years": 60, "n_nodules": 1, "diameter_mm": 8.0}
    changed = patient | {variable: patient[variable] + change}
    assert brock_logit(changed) - brock_logit(patient) == pytest.approx(log_odds)


@pytest.mark.parametrize(("scale", "diameters"), [(3.5, (6.0, 12.0)), (1.0, (4.0, 25.0)), (2.0, (5.0, 9.0))])
def test_risk_is_the_brock_log_odds_stretched_and_moved(scale, diameters):
    people = draw_patients(200, np.random.default_rng(1), diameter_mm=diameters)
    risk = true_risks(people, risk_scale=scale, diameter_mm=diameters)["risk"]
    logit = np.log(risk / (1 - risk))
    moved = logit - scale * brock_logit(people)
    assert np.ptp(moved) < 1e-9


@pytest.mark.parametrize("prevalence", [0.05, 0.35, 0.8])
def test_the_mean_risk_is_the_prevalence_asked_for(prevalence):
    people = draw_patients(20_000, np.random.default_rng(3))
    # one standard error is below .0028
    assert true_risks(people, prevalence=prevalence)["risk"].mean() == pytest.approx(prevalence, abs=0.01)


def test_what_a_half_tells_of_the_risk_is_the_mean_over_the_other_half(people, risks):
    others = draw_patients(40_000, np.random.default_rng(11))
    seen = {name: people[name][0] for name in ("diameter_mm", "nodule_type", "spiculated")}
    same_image = true_risks({**others, **{k: np.full(40_000, v) for k, v in seen.items()}})["risk"]
    assert risks["risk_image"][0] == pytest.approx(same_image.mean(), abs=0.01)
    same_person = true_risks(
        {**others, **{k: np.full(40_000, people[k][0]) for k in people if k not in seen}}
    )
    assert risks["risk_clinical"][0] == pytest.approx(same_person["risk"].mean(), abs=0.01)


def test_ceilings_agree_with_labels_drawn_again_and_again(risks):
    """Brute force: draw labels many times and count the pairs that the score puts in order."""
    rng = np.random.default_rng(5)
    few = slice(0, 600)
    risk = risks["risk"][few]
    for name in ("risk_image", "risk_clinical", "risk"):
        score = risks[name][few]
        won = pairs = 0.0
        for _ in range(200):
            malignant = rng.random(len(risk)) < risk
            ill, well = score[malignant], np.sort(score[~malignant])
            won += (
                np.searchsorted(well, ill, "left").sum() / 2 + np.searchsorted(well, ill, "right").sum() / 2
            )
            pairs += len(ill) * len(well)
        assert won / pairs == pytest.approx(expected_auc(risk, score), abs=0.005)


def test_at_the_default_the_image_ceiling_leaves_something_to_learn(people, risks):
    image, clinical, both, diameter = (
        expected_auc(risks["risk"], score)
        for score in (risks["risk_image"], risks["risk_clinical"], risks["risk"], people["diameter_mm"])
    )
    assert 0.80 < image < 0.88
    assert image > diameter + 0.05
    assert both > image + 0.05
    assert 0.70 < clinical < image


def test_at_the_published_strength_diameter_alone_nearly_reaches_the_image_ceiling():
    people = draw_patients(N, np.random.default_rng(7), diameter_mm=(4.0, 25.0))
    risks = true_risks(people, risk_scale=1, diameter_mm=(4.0, 25.0))
    image = expected_auc(risks["risk"], risks["risk_image"])
    assert 0.72 < image < 0.80
    assert image - expected_auc(risks["risk"], people["diameter_mm"]) < 0.03


def test_drawn_variables_stay_in_their_ranges_and_are_independent(people):
    assert people["age_years"].min() >= 50
    assert people["age_years"].max() <= 80
    assert people["n_nodules"].min() == 1
    assert people["diameter_mm"].min() >= 6
    assert people["diameter_mm"].max() <= 12
    assert set(people["nodule_type"]) == {0, 1, 2}
    assert people["spiculated"].mean() == pytest.approx(0.4, abs=0.03)
    correlation = np.corrcoef(np.stack(list(people.values())))
    assert np.abs(correlation - np.eye(len(correlation))).max() < 0.08


def test_refuses_no_patients_at_all():
    with pytest.raises(ValueError, match="n must lie between 1 and infinity, got 0"):
        draw_patients(0, np.random.default_rng(0))


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.2])
def test_refuses_a_prevalence_that_leaves_one_class(people, prevalence):
    with pytest.raises(ValueError, match=r"prevalence must lie strictly between 0 and 1.*share of malignant"):
        true_risks(people, prevalence=prevalence)


def test_refuses_a_risk_scale_out_of_range(people):
    with pytest.raises(ValueError, match=r"risk_scale must lie between 0\.1 and 10, got 0"):
        true_risks(people, risk_scale=0)


@pytest.mark.parametrize(
    ("diameters", "message"),
    [
        ((3.0, 12.0), "diameter_mm must lie between 4 and 25, got 3"),
        ((6.0, 30.0), "diameter_mm must lie between 4 and 25, got 30"),
        ((12.0, 6.0), r"smallest, largest\) in mm, got \(12.0, 6.0\)\. Swap"),
    ],
)
def test_refuses_diameters_that_no_nodule_has(diameters, message):
    with pytest.raises(ValueError, match=message):
        draw_patients(5, np.random.default_rng(0), diameter_mm=diameters)
