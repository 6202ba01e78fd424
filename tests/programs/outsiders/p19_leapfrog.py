"""Learn spring constants of a chain of masses from a trajectory (symplectic integrator)."""

import numpy as np

import tinygraph as tg

DT = 0.1
T_END = 0.6


def make_force(k, eps):
    """Cubic springs between neighbours, both ends on walls."""

    def force(q):
        stretch = np.concatenate([q, np.zeros(1)]) - np.concatenate([np.zeros(1), q])
        tension = k * stretch + eps * stretch**3
        return tension[1:] - tension[:-1]

    return force


def leapfrog(force, q, p, mass):
    t = 0.0
    traj = [q]
    while t < T_END - 1e-9:
        p_half = p + 0.5 * DT * force(q)
        q = q + DT * p_half / mass
        p = p_half + 0.5 * DT * force(q)
        traj.append(q)
        t += DT
    return traj, p


def main():
    mass = np.array([1.0, 2.0, 1.0])
    q0 = np.array([0.5, -0.2, 0.1])
    p0 = np.zeros(3)

    truth, _ = leapfrog(make_force(np.array([2.0, 1.0, 1.5, 0.7]), 0.3), q0, p0, mass)

    log_k = tg.parameter(np.zeros(4))
    eps = tg.parameter(np.array(0.0))
    p_init = tg.parameter(p0 + 0.05)
    guess, p_end = leapfrog(make_force(np.exp(log_k), eps), q0, p_init, mass)

    mse = np.mean(np.stack([np.sum((a - b) ** 2) for a, b in zip(guess, truth)]))
    return mse + 1e-2 * np.sum(p_end**2 / mass)
