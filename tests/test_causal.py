"""The estimators: against what can be computed by hand, against numbers that others published, and their errors."""

import hashlib

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from gan_edu import causal, data
from gan_edu.data import trials

WAYS = (
    causal.difference,
    causal.outcome_regression,
    causal.weighting,
    causal.doubly_robust,
    causal.matching,
)


def world(n=2000, seed=0, effect=2.0, bend=0.0):
    """Confounded by x₀ (measured); the effect is the same for all."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(n, 2))
    t = (chance.random(n) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    return x, t, effect * t + 3 * x[:, 0] + bend * x[:, 0] ** 2 + x[:, 1] + chance.normal(size=n)


def test_the_experiment_is_the_published_one():
    content = trials.FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == "f2c4953b7f0e3d4723454c28a808922dd9f78b0759770d09e29149420f13f808"
    experiment, survey = data.job_training(), data.job_training("survey")
    assert repr(experiment) == "Trial(185 treated, 260 controls)" and len(survey) == 185 + 15_992
    assert survey.x.shape == (16_177, 8) and survey.x.flags.c_contiguous and len(survey.names) == 8
    assert np.array_equal(experiment.x[experiment.t == 1], survey.x[survey.t == 1])
    with pytest.raises(ValueError, match="controls"):
        data.job_training("psid")


@pytest.mark.parametrize(
    ("controls", "published"),
    [("experiment", (1.79, 1.79, 1.81, 1.80, 2.12)), ("survey", (-8.50, 0.69, 1.18, 1.27, 2.15))],
)
def test_estimates_are_those_of_athey_and_others(controls, published):
    """Athey, Imbens, Metzger & Munro 2024, Table 5, thousands of dollars."""
    trial = data.job_training(controls)
    found = [way(trial.x, trial.t, trial.y) / 1000 for way in WAYS]
    assert np.allclose(found, published, atol=0.0051)


@pytest.mark.parametrize("way", WAYS[1:])
def test_adjusting_finds_the_effect(way):
    found = [way(*world(seed=seed)) for seed in range(4)]
    assert abs(np.mean(found) - 2) < 0.15
    assert np.mean([causal.difference(*world(seed=seed)) for seed in range(4)]) > 4  # the bias is there


def test_one_right_fit_is_enough():
    def wrong(x, y):
        return lambda new: np.full(len(new), y.mean())

    curved = world(20_000, bend=2.0)
    assert abs(causal.outcome_regression(*curved) - 2) > 0.3  # a line is wrong here
    assert abs(causal.doubly_robust(*curved, trim=1) - 2) < 0.2  # right propensity
    assert abs(causal.weighting(*world(20_000), fit=wrong) - 2) > 1  # a wrong propensity
    assert abs(causal.doubly_robust(*world(20_000), treatment=wrong) - 2) < 0.1  # right outcome


def test_fits_are_those_of_scikit_learn():
    x, t, y = world(300)
    line = LinearRegression().fit(x, y).predict(x)
    assert np.allclose(causal.linear(x, y)(x), line)
    weights = np.arange(len(y)) + 1.0
    line = LinearRegression().fit(x, y, weights).predict(x)
    assert np.allclose(causal.linear(x, y, weights)(x), line)
    chances = LogisticRegression(C=1e10, tol=1e-10).fit(x, t).predict_proba(x)[:, 1]
    assert np.allclose(causal.logistic(x, t)(x), chances, atol=1e-4)
    learned = causal.learner(lambda: LogisticRegression(C=1e10, tol=1e-10))(x, t)(x)
    assert np.allclose(learned, chances)


def test_weights_by_hand():
    x, t, y = np.zeros((4, 1)), np.array([1.0, 0, 0, 1]), np.array([10.0, 4, 8, 6])
    e = np.array([0.5, 0.5, 0.2, 0.95])

    def known(x, t):
        return lambda new: e

    assert causal.weighting(x, t, y, fit=known, trim=1) == pytest.approx(8 - (4 + 0.25 * 8) / 1.25)
    assert causal.weighting(x, t, y, fit=known) == pytest.approx(10 - (4 + 0.25 * 8) / 1.25)  # without e = 0.95
    with pytest.raises(ValueError, match="No treated or no untreated"):
        causal.weighting(x, t, y, fit=known, trim=0.4)


def test_matching_by_hand():
    x, t = np.array([[0.0], [1.0], [0.1], [0.1], [5.0]]), np.array([1.0, 1, 0, 0, 0])
    y = np.array([3.0, 4, 1, 2, 9])
    assert causal.matching(x, t, y, corrected=False) == pytest.approx(3.5 - 1.5)  # both at 0.1 are equally near
    assert causal.matching(x, t, y, neighbours=3, corrected=False) == pytest.approx(3.5 - 4)
    line = np.polyfit([0.1, 0.1, 5], [1, 2, 9], 1)[0]
    corrected = 3.5 - 4 - line * (0.5 - 5.2 / 3)
    assert causal.matching(x, t, y, neighbours=3) == pytest.approx(corrected)
    with pytest.raises(ValueError, match="neighbours"):
        causal.matching(x, t, y, neighbours=4)
    order = np.random.default_rng(0).permutation(5)
    assert causal.matching(x[order], t[order], y[order], 2) == pytest.approx(causal.matching(x, t, y, 2))


def test_cross_fitting_judges_no_row_by_itself():
    seen = []

    def remembering(x, y):
        rows = set(x[:, 0])

        def predict(new):
            seen.append(rows & set(new[:, 0]))
            return np.zeros(len(new))

        return predict

    x, t, y = world(60)
    causal.outcome_regression(x, t, y, fit=remembering, folds=3)
    assert len(seen) == 3 and not any(seen)
    causal.outcome_regression(x, t, y, fit=remembering)
    assert seen[-1]
    with pytest.raises(ValueError, match="folds"):
        causal.outcome_regression(x, t, y, folds=0)
    for folds in (0, -1, len(t)):
        with pytest.raises(ValueError, match="folds"):
            causal.propensity(x, t, folds=folds)


def test_cross_fitting_keeps_a_forest_honest():
    """A forest that has seen its rows makes the correction of the doubly robust way too small."""
    fit = causal.learner(lambda: RandomForestRegressor(20, min_samples_leaf=1, random_state=0))
    x, t, y = world(600)
    errors = [y - causal.crossfit(fit, x, y, t == 0, folds) for folds in (1, 4)]
    assert errors[0][t == 0].std() < 0.6 * errors[1][t == 0].std()


def test_bootstrap_gives_the_standard_error_of_a_difference():
    x, t, y = world(400)
    formula = np.sqrt(sum(y[t == v].var() / (t == v).sum() for v in (0, 1)))
    found = causal.bootstrap(causal.difference, x, t, y, times=400).std()
    assert abs(found / formula - 1) < 0.15
    few = causal.bootstrap(causal.difference, x, t, y, times=3, seed=5)
    assert np.array_equal(few, causal.bootstrap(causal.difference, x, t, y, times=3, seed=5))


def test_imbalance():
    x, t = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0], [6.0, 1.0]]), np.array([1.0, 1, 0, 0])
    assert np.allclose(causal.imbalance(x, t), [-4, 0])
    assert np.allclose(causal.imbalance(x, t, weights=[1, 1, 1, 0]), [-3, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, t, y: (x[:, 0], t, y), r"\(N, d\)"),
        (lambda x, t, y: (x, t[:-1], y), "one N"),
        (lambda x, t, y: (x, t * np.nan, y), "gaps"),
        (lambda x, t, y: (x, 2 * t, y), "1 for treated"),
        (lambda x, t, y: (x, 0 * t, y), "both must occur"),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_tables_that_cannot_be_used(way, change, message):
    with pytest.raises(ValueError, match=message):
        way(*change(*world(30)))
