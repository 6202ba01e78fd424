"""A stand-in for ``autograd.scipy``: SciPy itself, and its densities written as the formulas they are."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

import tinygraph as tg
from tests.foreign.standin import install

try:
    import scipy.integrate
    import scipy.linalg
    import scipy.special as special
    import scipy.stats

    from tinygraph.ops.special import multigammaln, polygamma
except ImportError:  # then its tests say so
    special = None  # type: ignore[assignment]

ROOT = np.sqrt(2 * np.pi)


def _logsumexp(x: Any, axis: Any = None, b: Any = 1.0, keepdims: bool = False) -> Any:
    return tg.logsumexp(x + np.log(b), axis=axis, keepdims=keepdims)


def _exp_of(log_density: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: np.exp(log_density(*args, **kwargs))


def _chi2_logpdf(x: Any, df: Any) -> Any:
    return (df / 2 - 1) * np.log(x) - x / 2 - df / 2 * np.log(2) - special.gammaln(df / 2)


def _beta_logpdf(x: Any, a: Any, b: Any) -> Any:
    return (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - special.betaln(a, b)


def _gamma_logpdf(x: Any, a: Any) -> Any:
    return (a - 1) * np.log(x) - x - special.gammaln(a)


def _norm_logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    return -(((x - loc) / scale) ** 2) / 2 - np.log(ROOT * scale)


def _norm_cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    return special.ndtr((x - loc) / scale)


def _norm_logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    return special.log_ndtr((x - loc) / scale)


def _t_logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    z = (x - loc) / scale
    normalizer = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - np.log(np.pi * df) / 2 - np.log(scale)
    return normalizer - (df + 1) / 2 * np.log1p(z * z / df)


def _t_cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    return special.stdtr(df, (x - loc) / scale)


def _poisson_logpmf(k: Any, mu: Any) -> Any:
    return k * np.log(mu) - mu - special.gammaln(k + 1)


def _dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    normalizer = special.gammaln(np.sum(alpha)) - np.sum(special.gammaln(alpha))
    return normalizer + np.sum((alpha - 1) * np.log(x))


def _mvn_logpdf(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    deviation = x - mean
    if allow_singular:
        inverse = np.linalg.pinv(cov)
        variances = np.linalg.eigvalsh(cov)
        determinant, rank = np.sum(np.log(variances[variances > 1e-9])), np.sum(variances > 1e-9)
    else:
        inverse, determinant, rank = np.linalg.inv(cov), np.linalg.slogdet(cov)[1], cov.shape[0]
    distance = np.einsum("...i,ij,...j->...", deviation, inverse, deviation)
    return -(distance + determinant + rank * np.log(2 * np.pi)) / 2


def _mvn_entropy(mean: Any, cov: Any) -> Any:
    return (np.linalg.slogdet(cov)[1] + cov.shape[0] * np.log(2 * np.pi * np.e)) / 2 + 0.0 * np.sum(mean)


def _densities() -> dict[str, Any]:
    norm = SimpleNamespace(
        pdf=_exp_of(_norm_logpdf),
        logpdf=_norm_logpdf,
        cdf=_norm_cdf,
        logcdf=_norm_logcdf,
        sf=lambda x, loc=0.0, scale=1.0: _norm_cdf(-x, -loc, scale),
        logsf=lambda x, loc=0.0, scale=1.0: _norm_logcdf(-x, -loc, scale),
    )
    return {
        "norm": norm,
        "chi2": SimpleNamespace(
            pdf=_exp_of(_chi2_logpdf), logpdf=_chi2_logpdf, cdf=lambda x, df: special.gammainc(df / 2, x / 2)
        ),
        "beta": SimpleNamespace(
            pdf=_exp_of(_beta_logpdf), logpdf=_beta_logpdf, cdf=lambda x, a, b: special.betainc(a, b, x)
        ),
        "gamma": SimpleNamespace(
            pdf=_exp_of(_gamma_logpdf), logpdf=_gamma_logpdf, cdf=lambda x, a: special.gammainc(a, x)
        ),
        "t": SimpleNamespace(
            pdf=_exp_of(_t_logpdf),
            logpdf=_t_logpdf,
            cdf=_t_cdf,
            logcdf=lambda *args: np.log(_t_cdf(*args)),
        ),
        "poisson": SimpleNamespace(
            pmf=_exp_of(_poisson_logpmf),
            logpmf=_poisson_logpmf,
            cdf=lambda k, mu: special.gammaincc(np.floor(k + 1), mu),
        ),
        "dirichlet": SimpleNamespace(
            pdf=_exp_of(_dirichlet_logpdf), logpdf=_dirichlet_logpdf, rvs=scipy.stats.dirichlet.rvs
        ),
    }


def _convolve(a: Any, b: Any, axes: Any = None, dot_axes: Any = ((), ()), mode: str = "full") -> Any:
    """Convolve along the pairs of `axes`, contract those of `dot_axes`, and take all combinations of the others."""
    if axes is None:
        axes = (list(range(np.ndim(a))), list(range(np.ndim(b))))
    along, lengths = list(axes[0]), [np.shape(b)[axis] for axis in axes[1]]
    sizes = [np.shape(a)[axis] for axis in along]
    others_a = [i for i in range(np.ndim(a)) if i not in along and i not in dot_axes[0]]
    others_b = [i for i in range(np.ndim(b)) if i not in axes[1] and i not in dot_axes[1]]
    if mode != "valid":
        a = np.pad(a, [(lengths[along.index(i)] - 1,) * 2 if i in along else (0, 0) for i in range(np.ndim(a))])
    windows = np.lib.stride_tricks.sliding_window_view(a, tuple(lengths), tuple(along)) if along else a
    b = np.flip(b, tuple(axes[1])) if along else b
    contracted = ([np.ndim(a) + i for i in range(len(along))] + list(dot_axes[0]), [*axes[1], *dot_axes[1]])
    y = np.tensordot(windows, b, contracted)
    remaining = [i for i in range(np.ndim(a)) if i not in dot_axes[0]]
    first = [remaining.index(i) for i in others_a]
    moved = [remaining.index(i) for i in along]
    y = np.transpose(y, [*first, *range(len(remaining), len(remaining) + len(others_b)), *moved])
    if mode == "same":
        for axis, (size, length) in enumerate(zip(sizes, lengths, strict=True), start=y.ndim - len(along)):
            start = (length - 1) // 2
            y = y[(slice(None),) * axis + (slice(start, start + size),)]
    return y


def install_scipy() -> None:
    """Put the stand-in into `sys.modules`."""
    install("autograd.scipy", {})
    if special is None:
        return
    ours = {"logsumexp": _logsumexp, "polygamma": polygamma, "multigammaln": multigammaln}
    install("autograd.scipy.special", ours, lambda name: getattr(special, name))
    install("autograd.scipy.linalg", {}, lambda name: getattr(scipy.linalg, name))
    install("autograd.scipy.integrate", {}, lambda name: getattr(scipy.integrate, name))
    install("autograd.scipy.signal", {"convolve": _convolve})
    install("autograd.scipy.stats", _densities(), lambda name: getattr(scipy.stats, name))
    normal = {"pdf": _exp_of(_mvn_logpdf), "logpdf": _mvn_logpdf, "entropy": _mvn_entropy}
    install("autograd.scipy.stats.multivariate_normal", normal)
