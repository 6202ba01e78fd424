"""Batched translation toy: GRU encoder, GRU decoder with multi-head dot attention and input feeding."""

import numpy as np

import tinygraph as tg

source_vocabulary_size, target_vocabulary_size = 6, 5
embedding_size, hidden_size, number_of_heads = 3, 4, 2
PAD, START = 0, 1

generator = np.random.default_rng(26)


def random_matrix(rows, columns):
    return tg.parameter(generator.normal(0, 1 / np.sqrt(rows), (rows, columns)))


def make_gru_weights(input_size):
    return {name: random_matrix(input_size + hidden_size, hidden_size) for name in ("update", "reset", "candidate")}


source_embedding = random_matrix(source_vocabulary_size, embedding_size)
target_embedding = random_matrix(target_vocabulary_size, embedding_size)
encoder_weights = make_gru_weights(embedding_size)
decoder_weights = make_gru_weights(embedding_size + hidden_size)
combine_weights = random_matrix(2 * hidden_size, hidden_size)
output_weights = random_matrix(hidden_size, target_vocabulary_size)


def gru_step(weights, inputs, hidden):
    both = np.hstack([inputs, hidden])
    update, reset = (tg.sigmoid(both @ weights[gate]) for gate in ("update", "reset"))
    candidate = np.tanh(np.hstack([inputs, reset * hidden]) @ weights["candidate"])
    return hidden + update * (candidate - hidden)


def multi_head_attention(query, memory, padding):
    batch, length, _ = memory.shape
    head_size = hidden_size // number_of_heads
    query_heads = query.reshape(batch, number_of_heads, head_size)
    memory_heads = memory.reshape(batch, length, number_of_heads, head_size)
    scores = np.einsum("bhd,bshd->bhs", query_heads, memory_heads) / np.sqrt(head_size)
    scores = np.where(padding[:, None, :], -1e9, scores)
    return np.einsum("bhs,bshd->bhd", tg.softmax(scores), memory_heads).reshape(batch, hidden_size)


def main():
    source = np.array([[2, 4, 3, 5], [3, 2, 0, 0], [5, 5, 2, 0]])
    target = np.array([[3, 2, 4, 2, 3], [2, 4, 2, 0, 0], [4, 3, 2, 2, 0]])
    batch_size = len(source)

    hidden = np.zeros((batch_size, hidden_size))
    encoder_states = []
    for words in source.T:
        new_hidden = gru_step(encoder_weights, source_embedding[words], hidden)
        hidden = np.where(words[:, None] == PAD, hidden, new_hidden)
        encoder_states.append(hidden)
    memory = np.stack(encoder_states, axis=1)

    attentional = np.zeros((batch_size, hidden_size))
    shifted_target = np.column_stack([np.full(batch_size, START), target[:, :-1]])
    total_loss = 0.0
    for previous_words, words in zip(shifted_target.T, target.T):
        decoder_input = np.hstack([target_embedding[previous_words], attentional])
        hidden = gru_step(decoder_weights, decoder_input, hidden)
        context = multi_head_attention(hidden, memory, source == PAD)
        attentional = np.tanh(np.hstack([context, hidden]) @ combine_weights)
        probabilities = tg.softmax(attentional @ output_weights)[np.arange(batch_size), words]
        total_loss -= np.sum(np.log(probabilities)[words != PAD])
    return total_loss / np.count_nonzero(target)
