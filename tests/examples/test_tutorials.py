"""Each tutorial's transcript is what its session prints today: words exactly, numbers to their last shown digits.

``python -m tests.examples.test_tutorials`` writes the transcripts anew, from the commands in them.
"""

import pytest

from tests.tools.processes import ROOT, run_python
from tests.tools.quoted import assert_same, links

TUTORIALS = sorted((ROOT / "examples" / "tutorials").glob("*.py"))
PROMPT = "(tinygraph) "
CULPRITS = {
    "misplaced_diagonal": "recur: the rule for h",
    "forgotten_transpose": "project: the rule for x",
    "vanishing": "vanishing: ×0.4",
    "exploding": "exploding: ×1.7",
    "log_of_zero": "the first value that is not finite",
    "forgetful_lstm": "f 1 1.368 0.1199",  # of what is remembered the gates let an eighth pass
    "detached_state": "cut: no gradient passes from time step 9 back: h.detach()",
}


def session(script, commands):
    ran = run_python(script.name, cwd=script.parent, stdin="\n".join(commands) + "\n", COLUMNS="80")
    assert ran.returncode == 0, ran.stderr
    return "\n".join(line.rstrip() for line in ran.stdout.splitlines()) + "\n"


def typed(transcript):
    return [line.removeprefix(PROMPT) for line in transcript.splitlines() if line.startswith(PROMPT.strip())]


@pytest.mark.slow
@pytest.mark.parametrize("script", TUTORIALS, ids=lambda path: path.stem)
def test_the_transcript_is_what_happens(script):
    if "import torch" in script.read_text(encoding="utf-8"):
        pytest.importorskip("torch", reason="torch is not installed")
    expected = script.with_suffix(".txt").read_text(encoding="utf-8")
    printed = session(script, typed(expected))
    assert_same(printed, expected)
    assert CULPRITS[script.stem] in " ".join(printed.split())


def test_every_tutorial_has_a_culprit():
    assert {script.stem for script in TUTORIALS} == set(CULPRITS)


def test_the_index_leads_to_every_tutorial_and_its_transcript():
    index = ROOT / "examples" / "tutorials" / "README.md"
    wanted = {path.with_suffix(suffix).name for path in TUTORIALS for suffix in (".py", ".txt")}
    assert wanted <= set(links(index.read_text("utf-8")))


if __name__ == "__main__":
    for each in TUTORIALS:
        transcript = each.with_suffix(".txt")
        transcript.write_text(session(each, typed(transcript.read_text(encoding="utf-8"))), encoding="utf-8")
