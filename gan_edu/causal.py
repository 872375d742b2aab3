"""Estimators of an effect from a table of treated and untreated rows, in NumPy: what chapters of part 7 compare.

All estimate the **average effect on the treated**, ATT = E[Y(1) − Y(0) | T = 1], and take a table in three parts:

    x: covariates that were settled before the treatment, (N, d); t: 1 for treated, 0 for others, (N,); y: results, (N,)

Each says in its docstring which assumption it needs beside ignorability (given x, the treatment is as if a coin had
chosen). A *fit* is a function (x, target) → a function x → predictions: `linear`, `logistic`, and whatever `learner`
makes of a model of scikit-learn. Units are those of y. Bad tables raise ValueError, in one sentence.
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Predict = Callable[[Array], Array]
Fit = Callable[[Array, Array], Predict]


def checked(x, t, y) -> tuple[Array, Array, Array]:
    """The table as float64 arrays (N, d), (N,), (N,), or ValueError: lengths, gaps, both treatments, 0 and 1."""
    x, t, y = (np.asarray(each, dtype=float) for each in (x, t, y))
    if x.ndim != 2 or t.ndim != 1 or y.ndim != 1 or not len(x) == len(t) == len(y):
        raise ValueError(f"x, t, y must be (N, d), (N,), (N,) with one N; got {x.shape}, {t.shape}, {y.shape}.")
    if not all(np.isfinite(each).all() for each in (x, t, y)):
        raise ValueError("There are gaps (NaN or infinite) in the table; fill them or leave their rows out first.")
    if not np.isin(t, (0, 1)).all() or t.min() == t.max():
        raise ValueError("t must hold 1 for treated rows and 0 for others, and both must occur.")
    return x, t, y


# --- fits


def linear(x: Array, y: Array, weights: Array | None = None) -> Predict:
    """Least squares with a constant, rows counted by `weights`; columns that say the same share what they explain."""
    mean, std = _scale(x)
    root = np.ones(len(x)) if weights is None else np.sqrt(weights)
    beta = np.linalg.lstsq(_with_constant((x - mean) / std) * root[:, None], y * root, rcond=None)[0]
    return lambda new: _with_constant((new - mean) / std) @ beta


def logistic(x: Array, t: Array, steps: int = 50) -> Predict:
    """Probabilities of a logistic regression with a constant, without a penalty, by Newton's method.

    Where a line separates the two groups no finite fit exists; then the steps stop at probabilities close to 0 and 1.
    """
    mean, std = _scale(x)
    design, beta = _with_constant((x - mean) / std), np.zeros(x.shape[1] + 1)
    for _ in range(steps):
        p = _sigmoid(design @ beta)
        hessian = (design.T * (p * (1 - p))) @ design + 1e-9 * len(x) * np.eye(len(beta))
        step = np.linalg.solve(hessian, design.T @ (t - p))
        beta += step * min(1.0, 5 / (np.abs(step).max() + 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return lambda new: _sigmoid(_with_constant((new - mean) / std) @ beta)


def learner(make: Callable) -> Fit:
    """A fit from a function that makes a model of scikit-learn: `predict_proba` where it has one, or else `predict`."""

    def fit(x, target):
        model = make().fit(x, target)
        if hasattr(model, "predict_proba"):
            return lambda new: model.predict_proba(new)[:, list(model.classes_).index(1)]
        return model.predict

    return fit


def crossfit(fit: Fit, x: Array, target: Array, among: Array, folds: int, seed: int = 0) -> Array:
    """Predictions (N,) for all rows, learned from the rows of the mask `among`.

    folds=1: one fit, which sees its own rows. folds=k: rows are dealt into k parts, and each part is predicted by a fit
    that has not seen it (Chernozhukov et al. 2018).
    """
    if folds == 1:
        return fit(x[among], target[among])(x)
    if folds < 1 or among.sum() < folds:
        raise ValueError(f"folds must be from 1 to the number of rows to learn from, {among.sum()}; got {folds}.")
    part, out = np.empty(len(x), dtype=int), np.empty(len(x))
    chance = np.random.default_rng(seed)
    for group in (among, ~among):  # each part gets its share of both
        part[group] = chance.permutation(np.arange(group.sum()) % folds)
    for k in range(folds):
        out[part == k] = fit(x[among & (part != k)], target[among & (part != k)])(x[part == k])
    return out


def propensity(x, t, fit: Fit = logistic, folds: int = 1, seed: int = 0) -> Array:
    """The fitted probability of treatment of each row, (N,) (Rosenbaum & Rubin 1983).

    folds=k: dealt as `crossfit` does, though with the same seed into other parts than those of an outcome fit.
    """
    x, t, _ = checked(x, t, t)
    if folds == 1:
        return fit(x, t)(x)
    fewest = int(min(t.sum(), (1 - t).sum()))
    if not 1 < folds <= fewest:
        raise ValueError(f"folds must be from 1 to the rows of the smaller group, {fewest}; got {folds}.")
    part, out = np.empty(len(x), dtype=int), np.empty(len(x))
    chance = np.random.default_rng(seed)
    for group in (t == 1, t == 0):
        part[group] = chance.permutation(np.arange(group.sum()) % folds)
    for k in range(folds):
        out[part == k] = fit(x[part != k], t[part != k])(x[part == k])
    return out


# --- estimators of the ATT


def difference(x, t, y) -> float:
    """The difference of the means. Right if a coin chose the treatment; x isn't looked at."""
    _, t, y = checked(x, t, y)
    return float(y[t == 1].mean() - y[t == 0].mean())


def outcome_regression(x, t, y, fit: Fit = linear, folds: int = 1, seed: int = 0) -> float:
    """Mean over the treated of y − m(x), with m fitted to the untreated. Needs m to be right where the treated are."""
    x, t, y = checked(x, t, y)
    without = crossfit(fit, x, y, t == 0, folds, seed)
    return float((y - without)[t == 1].mean())


def weighting(x, t, y, fit: Fit = logistic, trim: float = 0.9, folds: int = 1, seed: int = 0) -> float:
    """Mean of the treated minus the mean of the untreated with weights e / (1 − e), which sum to 1 (Hájek).

    Needs the propensity e(x) to be right, and below 1. Rows with e > trim are left out, treated ones as well, so that
    the answer is about the others: Athey, Imbens, Metzger & Munro (2024) use 0.9.
    """
    x, t, y = checked(x, t, y)
    e = propensity(x, t, fit, folds, seed)
    t, y, e = _trimmed(trim, e, t, y, e)
    return float(y[t == 1].mean() - np.average(y, weights=_odds(t, e)))


def doubly_robust(
    x, t, y, outcome: Fit = linear, treatment: Fit = logistic, trim: float = 0.9, folds: int = 1, seed: int = 0
) -> float:
    """Outcome regression, corrected by the weighted mean of its errors on the untreated (AIPW for the ATT).

    Right if *one* of the two fits is right (Robins, Rotnitzky & Zhao 1994, for means with missing values). `folds`
    above 1 lets flexible fits be used without judging their own training rows.
    """
    x, t, y = checked(x, t, y)
    e = propensity(x, t, treatment, folds, seed)
    errors = y - crossfit(outcome, x, y, t == 0, folds, seed)
    t, errors, e = _trimmed(trim, e, t, errors, e)
    return float(errors[t == 1].mean() - np.average(errors, weights=_odds(t, e)))


def matching(x, t, y, neighbours: int = 1, corrected: bool = True) -> float:
    """Each treated row against the mean of its nearest untreated rows; distances in standard deviations of x.

    Rows that are equally near all count, and a row may serve several times. corrected: the difference in x that is left
    within a pair is taken out by a line, fitted to the matched untreated rows (Abadie & Imbens 2011). Needs a near row
    for each treated one.
    """
    from scipy.spatial.distance import cdist

    x, t, y = checked(x, t, y)
    one, zero = t == 1, t == 0
    if not 1 <= neighbours <= zero.sum():
        raise ValueError(f"neighbours must be from 1 to the number of untreated rows; got {neighbours}.")
    mean, std = _scale(x)
    scaled = (x - mean) / std
    partners, served = [], np.zeros(zero.sum())  # the mean result and covariates of each one's partners; their weights
    for part in np.array_split(scaled[one], np.ceil(one.sum() / 500)):
        far = cdist(part, scaled[zero])
        limit = np.partition(far, neighbours - 1, axis=1)[:, neighbours - 1 : neighbours]
        weights = (far <= limit + 1e-9).astype(float)
        weights /= weights.sum(axis=1, keepdims=True)
        partners.append(weights @ np.column_stack([y[zero], x[zero]]))
        served += weights.sum(axis=0)
    partners = np.concatenate(partners)
    without = partners[:, 0]
    if corrected:
        used = served > 0
        line = linear(x[zero][used], y[zero][used], served[used])
        without = without + line(x[one]) - line(partners[:, 1:])
    return float((y[one] - without).mean())


# --- how sure, and how alike


def bootstrap(estimator: Callable, x, t, y, times: int = 100, seed: int = 0) -> Array:
    """The estimates (times,) from tables drawn with replacement, treated and untreated rows each for themselves.

    Their standard deviation is a standard error (Efron 1979). For matching it is known to fail (Abadie & Imbens 2008).
    """
    x, t, y = checked(x, t, y)
    chance = np.random.default_rng(seed)
    groups = [np.flatnonzero(t == value) for value in (1, 0)]
    draws = (np.concatenate([chance.choice(group, len(group)) for group in groups]) for _ in range(times))
    return np.array([estimator(x[rows], t[rows], y[rows]) for rows in draws])


def imbalance(x, t, weights=None) -> Array:
    """Standardised differences of the means (d,): treated minus untreated, the latter with `weights` (N,) if given.

    The unit is √((s₁² + s₀²) / 2) of the two groups without weights, so that before and after can be compared.
    """
    x, t, _ = checked(x, t, t)
    w = np.ones(len(t)) if weights is None else np.asarray(weights, dtype=float)
    one, zero = t == 1, t == 0
    unit = np.sqrt((x[one].var(axis=0) + x[zero].var(axis=0)) / 2)
    gap = x[one].mean(axis=0) - np.average(x[zero], axis=0, weights=w[zero])
    return np.divide(gap, unit, out=np.zeros_like(gap), where=unit > 0)


# --- parts


def _with_constant(x):
    return np.column_stack([np.ones(len(x)), x])


def _scale(x):
    std = x.std(axis=0)
    return x.mean(axis=0), np.where(std > 0, std, 1.0)


def _sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -35, 35)))


def _odds(t, e):
    return (1 - t) * e / (1 - e)


def _trimmed(trim, e, t, *columns):
    keep = e <= trim
    if not (t[keep] == 1).any() or not (t[keep] == 0).any():
        raise ValueError(f"No treated or no untreated rows are left with a propensity of at most {trim}.")
    return t[keep], *(column[keep] for column in columns)
