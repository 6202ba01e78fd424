"""Maximum likelihood fit of a constant-velocity Kalman filter."""

from dataclasses import dataclass, field

import numpy as np

import tinygraph as tg


@dataclass
class KalmanModel:
    F: np.ndarray = field(default_factory=lambda: np.array([[1.0, 1.0], [0.0, 1.0]]))
    H: np.ndarray = field(default_factory=lambda: np.eye(2))
    log_q: object = field(default_factory=lambda: tg.parameter(np.array([-1.0, -2.0])))
    log_r: object = field(default_factory=lambda: tg.parameter(np.array([0.0, 0.0])))
    B: object = field(default_factory=lambda: tg.parameter(np.array([0.1, 0.3])))

    def predict(self, m, P, u):
        m = self.F @ m + self.B * u
        P = self.F @ P @ self.F.T + np.exp(self.log_q) * np.eye(2)
        return m, P

    def update(self, m, P, z):
        R = np.exp(self.log_r) * np.eye(2)
        v = z - self.H @ m
        S = self.H @ P @ self.H.T + R
        S_inv = np.linalg.inv(S)
        K = P @ self.H.T @ S_inv
        m = m + K @ v
        P = (np.eye(2) - K @ self.H) @ P
        nll = 0.5 * (v @ S_inv @ v + np.log(np.linalg.det(S)) + 2 * np.log(2 * np.pi))
        return m, P, nll


def simulate(n, seed):
    rng = np.random.default_rng(seed)
    u = rng.choice([-1.0, 0.0, 1.0], size=n)
    x, zs = np.zeros(2), []
    for k in range(n):
        x = np.array([x[0] + x[1], x[1] + 0.4 * u[k]])
        zs.append(x + 0.5 * rng.normal(size=2))
    return np.array(zs), u


def main():
    model = KalmanModel()
    zs, us = simulate(6, seed=11)
    m, P = np.zeros(2), np.eye(2)
    total = 0.0
    for z, u in zip(zs, us):
        m, P = model.predict(m, P, u)
        m, P, nll = model.update(m, P, z)
        total += nll
    return total / len(zs)
