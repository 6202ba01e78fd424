"""The colours stand out from the ground, and colour-blind readers tell them apart."""

import itertools
import re

import numpy as np
import pytest

from viz.formats.style import fill_rules
from viz.palette import DARK, LIGHT, on_dark, ramp

# How people without one kind of cone see, in linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "none": np.eye(3).tolist(),
}


def linear(colour: str) -> np.ndarray:
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson's (2020) perceptual space."""
    lms = np.array(
        [[0.4122215, 0.5363325, 0.0514460], [0.2119035, 0.6806995, 0.1073970], [0.0883025, 0.2817188, 0.6299787]]
    )
    lab = np.array(
        [[0.2104543, 0.7936178, -0.0040720], [1.9779985, -2.4285922, 0.4505937], [0.0259040, 0.7827718, -0.8086758]]
    )
    return lab @ np.cbrt(np.clip(lms @ rgb, 0, None))


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_lines_and_texts_stand_out(theme):
    assert all(contrast(hue, theme.paper) >= 3 for hue in theme.hues)
    assert all(contrast(hue, theme.frame) >= 3 for hue in theme.hues)
    assert contrast(theme.ink, theme.paper) >= 12
    assert contrast(theme.quiet, theme.frame) >= 4.5
    assert contrast(theme.line, theme.frame) >= 3


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_hues_are_told_apart(theme, deficiency):
    perceived = [oklab(np.clip(np.array(DEFICIENCIES[deficiency]) @ linear(hue), 0, 1)) for hue in theme.hues]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(perceived, 2)) > 0.1


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_colour_of_gradients_is_none_of_the_parameters(theme, deficiency):
    seen_as = lambda colour: oklab(np.clip(np.array(DEFICIENCIES[deficiency]) @ linear(colour), 0, 1))
    others = [*theme.hues, theme.line, theme.ink]
    assert min(float(np.linalg.norm(seen_as(theme.gradient) - seen_as(other))) for other in others) > 0.07
    assert contrast(theme.gradient, theme.paper) >= 3
    assert contrast(theme.gradient, theme.frame) >= 3


def test_the_ramp_leaves_the_ground_all_the_way_in_both_themes():
    light = [contrast(ramp(step / 50), LIGHT.paper) for step in range(51)]
    dark = [contrast(on_dark(ramp(step / 50)), DARK.paper) for step in range(51)]
    for contrasts in (light, dark):
        assert all(a < b for a, b in itertools.pairwise(contrasts))
        assert contrasts[-1] > 9
    assert [on_dark(ramp(step / 50)) for step in (0, 50)] == [ramp(0.0, dark=True), ramp(1.0, dark=True)]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("below_zero", [False, True])
def test_numbers_stand_out_from_every_colour_of_the_ramp(theme, below_zero):
    levels = {ramp(step / 50, below_zero=below_zero): f"f{step}" for step in range(51)}
    rules = fill_rules(levels, theme)
    for step in range(51):
        colour = re.search(rf"\.f{step} rect[^{{]*{{fill:(#\w+)", rules)[1]
        ink = re.search(rf"\.f{step} \.l,[^{{]*{{fill:(#\w+)", rules)[1]
        assert contrast(colour, "#" + 2 * ink[1:] if len(ink) == 4 else ink) >= 4.5
