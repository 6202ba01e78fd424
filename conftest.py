"""Doctests use Hypothesis too, by the same profile."""

import tests.conftest  # noqa: F401
