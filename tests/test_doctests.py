"""Doctests are run from files, and these are the modules that everybody else imports."""

import pytest

from tests.tools.processes import ROOT, run_python


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "tests", "pickling"),
    [
        ("rnn/batching.py", "tests/rnn/test_sequence_to_sequence.py", "a_batch_is_unpacked"),
        ("viz/scenes/scale.py", "tests/viz/formats/test_side_by_side.py", "pictures_can_be_pickled"),
    ],
)
def test_a_module_given_by_its_path_is_not_imported_twice(module, tests, pickling):
    """What is pickled must be the class that its module's name leads to."""
    ran = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", module, tests, "-k", pickling, cwd=ROOT)
    assert ran.returncode == 0, ran.stdout
