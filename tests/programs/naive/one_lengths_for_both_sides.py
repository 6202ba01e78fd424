"""Translation: both sides are padded, and the one `lengths` that fit takes is that of the sources.

Reads: ValueError: the lengths [6 5 ... 4 4] are those of the inputs, of 6 time steps, and the 9 outputs are sequences
of their own: give the lengths of the targets, too, as (inputs, targets, lengths, target_lengths)
"""

import numpy as np

import rnn

END, WORDS = 0, 8
rng = np.random.default_rng(0)
sources = [rng.integers(1, WORDS, n) for n in rng.integers(2, 7, 40)]
targets = [[*reversed(s), *[7] * (i % 3), END] for i, s in enumerate(sources)]

src, lengths = rnn.pad([rnn.one_hot(s, WORDS) for s in sources])
tgt, _ = rnn.pad(targets)
model = rnn.EncoderDecoder(
    rnn.GRUCell(WORDS, 24, rng=0),
    rnn.Decoder(rnn.GRUCell(WORDS, 24, rng=1), WORDS, rng=2),
)
rnn.fit(model, (src, tgt, lengths), loss=rnn.cross_entropy, epochs=2, quiet=True)
