"""Derivatives without any rule."""


def slope(f, h=1e-3):
    """Return the derivative of a function of one number at 0: central differences, extrapolated twice."""
    differences = [(f(h / k) - f(-h / k)) / (2 * h / k) for k in (1, 2, 4)]
    once = [(4 * fine - coarse) / 3 for coarse, fine in zip(differences, differences[1:], strict=False)]
    return (16 * once[1] - once[0]) / 15
