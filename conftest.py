"""Imports the packages first: pytest would put the module ``tinygraph.graph`` in the place of the function."""

import tinygraph  # noqa: F401
import viz  # noqa: F401
