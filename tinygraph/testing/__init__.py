"""Gradient tests by property."""

from .check import GradientError, Report, check_gradients
from .sketch import sketch
