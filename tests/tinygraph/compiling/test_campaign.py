"""Random programs, compiled, on other arguments than those that were recorded: a small campaign; see `campaign`."""

import pytest

from tests.tinygraph.compiling import campaign
from tests.tinygraph.compiling.backends import needs_numba


@pytest.mark.slow
def test_no_random_program_is_wrong_and_most_are_compiled():
    faults = []
    total = campaign.run(20_000, 4, faults.append)
    tried = total.total() - total[campaign.UNDEFINED]
    assert not total[campaign.WRONG], "\n".join(faults)
    assert total[campaign.COMPILED] >= campaign.SHARE * tried


def test_recurrent_programs_run_in_loops():
    kinds = [campaign.verdict(function, points) for _, function, points in campaign.loops(0, 25)]
    assert all(kind == campaign.COMPILED for kind, _ in kinds), kinds
    assert not any("Error" in report or "does not give" in report for _, report in kinds), kinds
    assert sum("backward loop" in report for _, report in kinds) >= 10


@needs_numba
@pytest.mark.slow
def test_recurrent_programs_with_loops_compiled_by_numba():
    kinds = [campaign.verdict(function, points, "numba") for _, function, points in campaign.loops(40_000, 12)]
    assert all(kind == campaign.COMPILED for kind, _ in kinds), kinds
    assert not any("since with numba" in report for _, report in kinds), kinds
    assert sum("compiled by numba: 2 of 2" in report for _, report in kinds) >= 5
