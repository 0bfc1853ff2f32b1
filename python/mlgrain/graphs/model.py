# SPDX-License-Identifier: GPL-2.0-or-later
"""Models of effective tensors of polycrystals: trained here, applied by the core.

With R the reference estimate, the logarithm of R^-1/2 K R^-1/2 is learned (matrices in Mandel's
notation, so that it is a tensor): its isotropic parts by Gaussian processes of invariant features, the
rest as a linear combination of tensors, with coefficients that depend on the features.
doc/theory_graphs.md has the formulas.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools

import numpy as np

from ..compiled import core
from ..errors import MLGrainError
from ..models import container
from ..models.modelfile import FORMAT, json_text, provenance

PROPERTIES = {3: "conductivity", 6: "stiffness"}
PENALTIES = np.logspace(-7, 1, 17)
FOLDS = 5
SHORTEST, LONGEST = 0.3, 1e3  # length scales of scaled features
MOST_FOR_LENGTHS = 1024  # rows that length scales are found from
NOISE_PRIOR = 1.0  # deviation of the coefficients of the noise's logarithm
LEAST_NOISE = 1e-10  # of the variance of the process, so that covariances can be inverted
LEAST_SQUARE = 1e-8  # beside that of shapes


# ---- matrices ---------------------------------------------------------------------------------------

def mandel(tensors):
    """Of Voigt's notation, [n, 6, 6] or [n, 3, 3]."""
    return tensors * _shear(tensors.shape[-1], np.sqrt(2.0))


def _shear(size, factor):
    rows = np.where(np.arange(size) < 3, 1.0, factor)
    return rows[:, None] * rows


def function(f, matrices):
    """f of symmetric matrices [..., n, n]."""
    values, vectors = np.linalg.eigh(matrices)
    return (vectors * f(values)[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def isotropic(size):
    """[parts, n, n] projections: tr(P_k A)/tr(P_k P_k) is part k of A, sum_k part_k P_k what is
    isotropic of it; one for conductivities, bulk and shear for stiffnesses."""
    if size == 3:
        return np.eye(3)[None]
    bulk = np.zeros((6, 6))
    bulk[:3, :3] = 1.0 / 3.0
    return np.stack([bulk, np.eye(6) - bulk])


def split(matrices):
    """(parts [n, k], rest [n, size, size])"""
    projections = isotropic(matrices.shape[-1])
    parts = np.einsum("nij,kij->nk", matrices, projections) / np.einsum("kij,kij->k", projections,
                                                                        projections)
    return parts, matrices - np.einsum("nk,kij->nij", parts, projections)


# ---- what is learned from ---------------------------------------------------------------------------

@dataclasses.dataclass
class Rows:
    """Polycrystals as a model sees them, with the tensors that it is to give.

    features    float64 [n, features]
    shapes      float64 [n, shapes, size, size]
    references  float64 [n, size, size] Mandel's notation
    tensors     float64 [n, size, size] Voigt's notation
    """

    features: np.ndarray
    shapes: np.ndarray
    references: np.ndarray
    tensors: np.ndarray

    def __len__(self):
        return len(self.features)

    def some(self, chosen):
        return Rows(self.features[chosen], self.shapes[chosen], self.references[chosen],
                    self.tensors[chosen])

    def joined(self, others):
        """With the rows of others behind it."""
        fields = [field.name for field in dataclasses.fields(self)]
        return Rows(*(np.concatenate([getattr(rows, name) for rows in (self, *others)])
                      for name in fields))

    def residuals(self):
        """(parts [n, k], rest [n, size, size]) of what is to be added to the logarithm."""
        root = function(lambda values: values ** -0.5, self.references)
        return split(function(np.log, root @ mandel(self.tensors) @ root))

    def tensors_of(self, parts, rest):
        """The tensors with such residuals."""
        size = self.references.shape[-1]
        logarithm = rest + np.einsum("nk,kij->nij", parts, isotropic(size))
        root = function(np.sqrt, self.references)
        return (root @ function(np.exp, logarithm) @ root) * _shear(size, np.sqrt(0.5))


def names(size):
    """Of the features, for conductivities (3) or stiffnesses (6)."""
    return core().graph_feature_names(size)


def _seen(sample):
    return core().graph_features(sample.polycrystal(0).arrays())


def rows_of(samples, progress=None, processes=1):
    """Rows of all Samples, seen on several processes."""
    count, found = len(samples.numbers), []
    if not count:
        raise MLGrainError("there are no samples")
    with contextlib.ExitStack() as stack:
        each = map
        if processes > 1:
            pool = stack.enter_context(concurrent.futures.ProcessPoolExecutor(processes))
            each = functools.partial(pool.map, chunksize=8)
        for row, one in enumerate(each(_seen, (samples.some([k]) for k in range(count))), 1):
            found.append(one)
            if progress:
                progress(row, count)
    return Rows(*(np.array(column) for column in zip(*found)), samples.tensors)


# ---- training ---------------------------------------------------------------------------------------

def _kernel(rows, others, length, amplitude):
    one, other = rows / length, others / length
    square = (one ** 2).sum(axis=1)[:, None] + (other ** 2).sum(axis=1) - 2.0 * one @ other.T
    return amplitude ** 2 * np.exp(-0.5 * np.maximum(square, 0.0))


def with_one(scaled):
    """[n, 1 + features]"""
    return np.concatenate([np.ones((len(scaled), 1)), scaled], axis=1)


def within(scaled, rows):
    """Scaled features kept within those of the training rows."""
    return np.clip(scaled, rows.min(axis=0), rows.max(axis=0))


def noise_variance(noise, scaled, rows):
    """[n] of rows with these scaled features: exp(noise_0 + sum_f noise_f z_f), z kept within those of the
    training rows."""
    return np.exp(with_one(within(scaled, rows)) @ noise)


def _loss(parameters, rows, target):
    """Minus the logarithm of the marginal likelihood and of the prior, with its derivatives by the
    logarithms of lengths and amplitude and by the coefficients of the noise. Rasmussen and Williams,
    section 5.4.1; noise that depends on the row: P. W. Goldberg, C. K. I. Williams, C. M. Bishop, NIPS
    10 (1997) 493, here with a linear function in the place of a second process."""
    from scipy.linalg import cho_factor, lapack

    count = rows.shape[1]
    length, amplitude = np.exp(parameters[:count]), np.exp(parameters[count])
    noise, one = parameters[count + 1:], with_one(rows)
    kernel, variance = _kernel(rows, rows, length, amplitude), np.exp(one @ noise)
    covariance = kernel + np.diag(variance + LEAST_NOISE * amplitude ** 2)
    try:
        factor, _ = cho_factor(covariance, lower=True)
    except np.linalg.LinAlgError:
        return 1e10, np.zeros(len(parameters))
    inverse = lapack.dpotri(factor, lower=1)[0]
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = inverse @ target
    loss = 0.5 * target @ weights + np.log(np.diagonal(factor)).sum() \
        + 0.5 * np.sum((noise[1:] / NOISE_PRIOR) ** 2)
    by_covariance = inverse - np.outer(weights, weights)  # twice the derivative
    by_kernel = by_covariance * kernel
    scaled = rows / length
    by_length = by_kernel.sum(axis=1) @ scaled ** 2 - np.sum(scaled * (by_kernel @ scaled), axis=0)
    by_amplitude = by_kernel.sum() + LEAST_NOISE * amplitude ** 2 * np.trace(by_covariance)
    by_noise = 0.5 * one.T @ (np.diagonal(by_covariance) * variance)
    by_noise[1:] += noise[1:] / NOISE_PRIOR ** 2
    return loss, np.concatenate([by_length, [by_amplitude], by_noise])


def fit_process(scaled, target, seed=0, starts=0):
    """(length [features], amplitude, noise [1 + features], constant) of greatest marginal likelihood;
    from MOST_FOR_LENGTHS rows at random if there are more. `starts`: how often the search begins anew
    with lengths at random."""
    from scipy.optimize import minimize

    count, random = scaled.shape[1], np.random.default_rng(seed)
    constant, deviation = target.mean(), target.std() or 1.0
    some = random.permutation(len(scaled))[:MOST_FOR_LENGTHS]
    rows, known = scaled[some], (target[some] - constant) / deviation
    limits = [(np.log(SHORTEST), np.log(LONGEST))] * count + [(-2.3, 4.6), (-18.0, 1.0)]
    best = None
    for start in range(starts + 1):
        lengths = random.uniform(0.0, 3.0, count) if start else np.full(count, np.log(5.0))
        at = np.concatenate([lengths, [0.0, np.log(1e-3)], np.zeros(count)])
        # First with the same noise in all rows, since others are many minima.
        for slope in (0.0, 4.0):
            found = minimize(_loss, at, (rows, known), jac=True, method="L-BFGS-B",
                             bounds=limits + [(-slope, slope)] * count,
                             options={"maxiter": 300, "maxcor": 20})
            at = found.x
        if best is None or found.fun < best.fun:
            best = found
    noise = best.x[count + 1:].copy()
    noise[0] += 2.0 * np.log(deviation)
    return np.exp(best.x[:count]), deviation * np.exp(best.x[count]), noise, constant


def _inverse_factor(scaled, length, amplitude, noise):
    """Upper U, U U^T the inverse of the covariances of rows with noise."""
    import scipy.linalg

    covariance = _kernel(scaled, scaled, length, amplitude)
    covariance[np.diag_indices(len(scaled))] += noise_variance(noise, scaled, scaled) \
        + LEAST_NOISE * amplitude ** 2
    lower = np.linalg.cholesky(covariance)
    return np.triu(scipy.linalg.solve_triangular(lower, np.eye(len(lower)), lower=True).T)


def gaussian_mean(scaled, target, others, length, amplitude, noise, constant):
    """What a process that knows targets of scaled rows says of others."""
    factor = _inverse_factor(scaled, length, amplitude, noise)
    return constant + _kernel(others, scaled, length, amplitude) @ (factor @ (factor.T
                                                                              @ (target - constant)))


def _process(scaled, target, seed, starts):
    length, amplitude, noise, constant = fit_process(scaled, target, seed, starts)
    factor = _inverse_factor(scaled, length, amplitude, noise)
    return length, amplitude, noise, constant, factor @ (factor.T @ (target - constant)), factor


def fit_shapes(scaled, shapes, rest, seed=0):
    """(coefficients [shapes, 1 + features], noise [2 + features], factor [terms, terms]): a ridge
    regression, its penalty by cross-validation. What is left of a diagonal element has the variance
    exp(noise . rest_basis), and rows weigh by one over this; coefficients have the covariance U U^T, U the
    factor, upper triangular."""
    columns = np.einsum("nf,nkij->nijkf", with_one(scaled), shapes).reshape(len(scaled), rest[0].size, -1)
    deviation = np.sqrt(np.mean(columns ** 2, axis=(0, 1)))
    # Shapes that are none in all samples are rounding errors, which are others elsewhere.
    deviation = np.where(deviation > 1e-9 * deviation.max(), deviation, np.inf)
    columns = columns / deviation
    flat, size, basis = rest.reshape(len(rest), -1), rest.shape[-1], rest_basis(scaled, shapes)
    weight = np.ones(len(rest))
    fold = np.random.default_rng(seed).permutation(len(rest)) % FOLDS
    for _ in range(3):
        penalty, left = _validated(columns, flat, weight, fold)
        diagonal = np.diagonal(left.reshape(-1, size, size), axis1=1, axis2=2)
        noise = fit_noise(basis, np.mean(diagonal ** 2, axis=1))
        weight = np.exp(-basis @ noise)
        variance = 1.0 / weight.mean()  # of a row that weighs 1
        weight *= variance
    solution = _ridge(columns, flat, weight, [penalty])[0]
    factor = np.sqrt(variance * size ** 2 / _independent(size)) * _posterior(columns, weight, penalty)
    return (solution / deviation).reshape(shapes.shape[1], -1), noise, factor / deviation[:, None]


def _independent(size):
    """Elements of a symmetric matrix without isotropic parts."""
    return size * (size + 1) // 2 - len(isotropic(size))


def _posterior(columns, weight, penalty):
    """Upper U, U U^T the covariance of coefficients if rows that weigh 1 have the variance 1."""
    import scipy.linalg

    matrix = (columns * np.sqrt(weight)[:, None, None]).reshape(-1, columns.shape[-1])
    lower = np.linalg.cholesky(matrix.T @ matrix + penalty * len(matrix) * np.eye(matrix.shape[1]))
    return np.triu(scipy.linalg.solve_triangular(lower, np.eye(len(lower)), lower=True).T)


def rest_basis(scaled, shapes):
    """[n, 2 + features]: 1, the scaled features, and the logarithm of the mean square of the shapes."""
    square = np.sum(shapes ** 2, axis=(2, 3)).mean(axis=1)
    return np.column_stack([with_one(scaled), np.log(square + LEAST_SQUARE)])


def fit_noise(basis, squares):
    """Coefficients of log variance of greatest likelihood, of numbers with these squares [n]; all but the
    first have the prior NOISE_PRIOR."""
    from scipy.optimize import minimize

    scale = squares.mean() or 1.0

    def loss(noise):
        over = squares / scale * np.exp(-basis @ noise)
        by_noise = 0.5 * basis.T @ (1.0 - over)
        by_noise[1:] += noise[1:] / NOISE_PRIOR ** 2
        return 0.5 * np.sum(basis @ noise + over) + 0.5 * np.sum((noise[1:] / NOISE_PRIOR) ** 2), by_noise

    found = minimize(loss, np.zeros(basis.shape[1]), jac=True, method="L-BFGS-B",
                     bounds=[(-40.0, 40.0)] + [(-4.0, 4.0)] * (basis.shape[1] - 1)).x
    found[0] += np.log(scale)
    return found


def _validated(columns, target, weight, fold):
    """The penalty of least error in cross-validation, and what it leaves there."""
    left = np.zeros((len(PENALTIES), *target.shape))
    for k in range(FOLDS):
        out = fold == k
        for p, solution in enumerate(_ridge(columns[~out], target[~out], weight[~out], PENALTIES)):
            left[p, out] = target[out] - columns[out] @ solution
    best = int(np.argmin(np.mean(weight[:, None] * left ** 2, axis=(1, 2))))
    return PENALTIES[best], left[best]


def _ridge(columns, target, weight, penalties):
    root = np.sqrt(weight)
    matrix = (columns * root[:, None, None]).reshape(-1, columns.shape[-1])
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    projected = vectors.T @ (matrix.T @ (target * root[:, None]).reshape(-1))
    return [vectors @ (projected / (np.maximum(values, 0) + penalty * len(matrix)))
            for penalty in penalties]


@dataclasses.dataclass
class PolycrystalModel:
    """The tensors of doc/model_format.md, kind polycrystal, under their own names."""

    size: int
    rows: np.ndarray
    length: np.ndarray
    amplitude: np.ndarray
    noise: np.ndarray
    constant: np.ndarray
    weights: np.ndarray
    factor: np.ndarray
    shapes: np.ndarray
    shape_noise: np.ndarray
    shape_factor: np.ndarray
    feature_shift: np.ndarray
    feature_scale: np.ndarray
    feature_range: np.ndarray
    metadata: dict

    @classmethod
    def fit(cls, rows, seed=0, starts=0, metadata=None):
        """From Rows; `starts`: how often the search for length scales begins anew elsewhere."""
        if len(rows) < 2 * FOLDS:
            raise MLGrainError(f"{len(rows)} samples are too few to learn from")
        size = rows.references.shape[-1]
        shift, scale = rows.features.mean(axis=0), rows.features.std(axis=0)
        scale = np.where(scale > 1e-9, scale, 1.0)
        scaled = (rows.features - shift) / scale
        parts, rest = rows.residuals()
        columns = {name: [] for name in ("length", "amplitude", "noise", "constant", "weights",
                                         "factor")}
        for target in parts.T:
            for name, value in zip(columns, _process(scaled, target, seed, starts)):
                columns[name].append(value)
        shapes, noise, factor = fit_shapes(scaled, rows.shapes, rest, seed)
        # A little wider: features that are the same in all samples differ by rounding elsewhere.
        slack = 1e-5 * np.maximum(1.0, np.abs(rows.features).max(axis=0))
        limits = np.stack([rows.features.min(axis=0) - slack,
                           rows.features.max(axis=0) + slack]).astype(np.float32)
        return cls(size, scaled, **{name: np.array(value) for name, value in columns.items()},
                   shapes=shapes, shape_noise=noise, shape_factor=factor, feature_shift=shift,
                   feature_scale=scale, feature_range=limits,
                   metadata=dict(metadata or {}, **provenance(seed, "Gaussian process, ridge"),
                                 training_rows=str(len(rows))))

    def predict(self, rows):
        """(tensors [n, size, size], errors [n]) of Rows: what the core gives, with NumPy."""
        scaled = (rows.features - self.feature_shift) / self.feature_scale
        parts, variances = [], []
        for p in range(len(self.constant)):
            kernel = _kernel(scaled, self.rows, self.length[p], self.amplitude[p])
            parts.append(self.constant[p] + kernel @ self.weights[p])
            known = np.sum((kernel @ self.factor[p]) ** 2, axis=1)
            variances.append(np.maximum(self.amplitude[p] ** 2 - known, 0.0)
                             + noise_variance(self.noise[p], scaled, self.rows))
        rest = np.einsum("nf,kf,nkij->nij", with_one(scaled), self.shapes, rows.shapes,
                         optimize=True)
        error = np.sqrt(np.mean(variances, axis=0) + self.rest_variance(scaled, rows.shapes))
        return rows.tensors_of(np.array(parts).T, rest), error

    def rest_variance(self, scaled, shapes):
        """[n] of what the regression leaves of diagonal elements, features being kept within those of the
        training rows, and of what isn't known of its coefficients."""
        columns = np.einsum("nf,nkij->nijkf", with_one(scaled), shapes).reshape(
            len(scaled), self.size ** 2, -1)
        # Of all elements together, which doesn't change when the sample is turned, that of a diagonal one.
        part = (self.size - len(isotropic(self.size))) / (self.size * _independent(self.size))
        return np.exp(rest_basis(within(scaled, self.rows), shapes) @ self.shape_noise) \
            + part * np.sum((columns @ self.shape_factor) ** 2, axis=(1, 2))

    def save(self, path):
        arrays = ("rows", "length", "amplitude", "noise", "constant", "weights", "factor", "shapes",
                  "shape_noise", "shape_factor", "feature_shift", "feature_scale")
        tensors = {name: np.asarray(getattr(self, name), np.float64) for name in arrays}
        tensors["feature_range"] = self.feature_range
        metadata = dict(self.metadata, kind="polycrystal", property=PROPERTIES[self.size],
                        features=json_text(list(names(self.size))), **FORMAT)
        container.write(path, tensors, metadata)


@dataclasses.dataclass(frozen=True)
class Prediction:
    """tensor [n, n]; error: the standard deviation to be expected of the logarithm of a component;
    is_outside: a feature is beyond those of the training set."""

    tensor: np.ndarray
    error: float
    is_outside: bool


class Predictor:
    """A model file, applied to Polycrystals by the core."""

    def __init__(self, path):
        self._model = core().GraphModel(str(path))
        self.size = self._model.size()

    def predict(self, polycrystal):
        return Prediction(*self._model.predict(polycrystal.arrays()))
