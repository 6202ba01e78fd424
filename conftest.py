"""Imports the packages first: pytest would put the module ``tinygraph.graph`` in the place of the function."""

import tests.conftest  # noqa: F401 - doctests use Hypothesis too, by the same profile
import tinygraph  # noqa: F401
import viz  # noqa: F401
