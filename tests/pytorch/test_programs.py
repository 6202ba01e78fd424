"""Programs in the styles that torch users write: left alone, agreed with, drawn, folded and stepped through."""

import warnings

import pytest

pytest.importorskip("torch", reason="torch is not installed")

from tests.pytorch.corpus import PROGRAMS, examine

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# whose kernels add up in another order when they are called one by one
ROUNDED = {
    *("seq2seq_attention", "word_language_model", "word_classifier", "sentiment_packed", "pos_tagger", "bilstm_crf"),
    *("transformer_language_model", "translation_transformer", "maml_by_hand", "maml_func", "per_sample_gradients"),
}
ALTERED = {"hooks_and_tying"}  # a hook of the program's halves an adjoint
NARROW = {"mixed_precision"}  # adds up in bfloat16


def test_there_are_enough():
    assert len(PROGRAMS) >= 40


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        row = examine(path)
    limit = 1e-6 if path.stem in ROUNDED else 2e-2 if path.stem in NARROW else 0.0
    assert row.gap <= limit
    assert row.inside <= (1.0 if path.stem in ALTERED else max(limit, 1e-6))
