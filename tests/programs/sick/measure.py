"""Numbers for proofs: derivatives by differences, gradients, norms."""

import numpy as np


def backprop(loss, *parameters):
    """Return the gradients of ``loss()``, zero where none arrives."""
    for parameter in parameters:
        parameter.zero_grad()
    loss().backward()
    gradients = [np.zeros(p.shape) if p.grad is None else np.array(p.grad) for p in parameters]
    return gradients if len(gradients) > 1 else gradients[0]


def slope(loss, parameter, direction, step=1e-5):
    """Return the derivative of ``loss()`` as a parameter moves, by central differences."""
    start = parameter.data.copy()
    ends = []
    for sign in (1, -1):
        parameter.data = start + sign * step * direction
        ends.append(loss().item())
    parameter.data = start
    return (ends[0] - ends[1]) / (2 * step)


def gradient_error(loss, *parameters, seed=0):
    """Return the largest relative difference of backpropagation and central differences in random directions."""
    rng, errors = np.random.default_rng(seed), []
    for parameter in parameters:
        gradient = backprop(loss, parameter)
        for _ in range(3):
            direction = rng.normal(size=parameter.shape)
            true = slope(loss, parameter, direction)
            errors.append(abs(np.sum(gradient * direction) - true) / (abs(true) + 1e-7))
    return max(errors)


def assert_gradient(sick_loss, sick_parameters, healthy_loss, healthy_parameters, wrong_by=0.05):
    """Check that the gradient of the one is wrong, and that of the other right."""
    assert gradient_error(sick_loss, *sick_parameters) > wrong_by
    assert gradient_error(healthy_loss, *healthy_parameters) < 1e-4


def norm(array):
    return float(np.linalg.norm(array))


def finite(array):
    return bool(np.isfinite(array).all())


def trained(module, updates, rate):
    """Return ``module.main()`` after plain gradient descent on ``module.parameters``."""
    for _ in range(updates):
        gradients = backprop(module.main, *module.parameters)
        for parameter, gradient in zip(module.parameters, gradients):
            parameter.data = parameter.data - rate * gradient
    return module.main().item()
