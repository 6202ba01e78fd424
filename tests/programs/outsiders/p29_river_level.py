# River level: AR(1) level plus drift observed through a scalar Kalman filter.
# The gauge sometimes fails (nan).
import numpy as np

import tinygraph as tg

gauge = np.array([2.1, 2.4, np.nan, 2.9, np.nan, np.nan, 3.1, 2.8])
rain = np.array([0.0, 0.5, 1.2, 0.0, 0.0, 0.3, 0.0, 0.0])

phi = tg.parameter(np.array(0.9))
mu = tg.parameter(np.array(2.5))
theta_rain = tg.parameter(np.array([0.3, 0.1]))  # today, yesterday
log_sigma_eta = tg.parameter(np.array(-1.0))
log_sigma_eps = tg.parameter(np.array(-1.5))


def filter_gauge(y, r):
    var_eta = np.exp(2 * log_sigma_eta)
    var_eps = np.exp(2 * log_sigma_eps)
    a = mu
    P = var_eta / (1 - phi**2)  # stationary
    innovations, variances = [], []
    for k in range(len(y)):
        if k > 0:
            a = mu + phi * (a - mu) + np.dot(theta_rain, [r[k], r[k - 1]])
            P = phi**2 * P + var_eta
        if np.isnan(y[k]):
            continue
        nu = y[k] - a
        F = P + var_eps
        kappa = P / F
        a = a + kappa * nu
        P = (1 - kappa) * P
        innovations.append(nu)
        variances.append(F)
    return np.stack(innovations), np.stack(variances)


def main():
    nu, F = filter_gauge(gauge, rain)
    return 0.5 * np.sum(np.log(2 * np.pi * F) + nu**2 / F)
