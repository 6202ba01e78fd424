"""Walks through what the example programs have trained: a backward pass, its title, and a tour of it, as a page.

A tour is written for any outcome of the training: its numbers are taken from the recorded pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import rnn
import tinygraph as tg
import viz
from examples import common
from tinygraph.graphs.symbols import raised
from viz.page.contents import Stop
from viz.scenes.text import rounded


class Walk(NamedTuple):
    """A recorded pass, a title, and the stops of a tour, in the order of the pass."""

    trace: tg.Trace
    title: str
    tour: Sequence[Stop]


def page(path: Path, walk: Walk) -> None:
    """Write the page of a walk."""
    viz.export(walk.trace, path, walk.tour, title=walk.title)
    common.wrote(path)


def through_a_name(model: Any, names: Sequence[str], batch: rnn.Batch, of: Sequence[str]) -> Walk:
    """Return the walk through a name that the network is not sure of: which of some languages is it `of`?"""
    xs, languages, lengths = batch
    logits = rnn.predict(model, xs, lengths)
    likely = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    least_sure = np.argsort(likely[np.arange(len(languages)), languages])
    is_right = logits.argmax(axis=1) == languages
    place = next((i for i in least_sure if is_right[i] and lengths[i] >= 8), 0)
    name, language, p = names[place], languages[place], likely[place]
    x = tg.parameter(xs[: len(name), place], name="x")
    trace = tg.trace(rnn.cross_entropy(model(x), language))
    T, other = len(name), np.argsort(p)[-1 - (p.argmax() == language)]
    states = {t: rounded(np.linalg.norm(trace.gradient(trace.node(f"h[{t}]")))) for t in range(1, T + 1)}
    rows = np.linalg.norm(trace.gradient(trace.node("x")), axis=1)
    most, least = int(rows.argmax()) + 1, int(rows.argmin()) + 1
    by_letter = ", ".join(f"{letter} {rounded(row)}" for letter, row in zip(name, rows, strict=True))
    tour: list[Stop] = [
        (
            "L",
            f"{name.title()} is {of[language]}. The network gives that p = {rounded(p[language])}, and "
            f"{of[other]} {rounded(p[other])}. The loss is −log p = {rounded(-np.log(p[language]))}.",
        ),
        (
            "o",
            f"softmax and the logarithm together pass back p − y: {rounded(p[language] - 1)} for "
            f"{of[language]}, {rounded(p[other])} for {of[other]}. All elements add up to 0.",
        ),
        (
            f"h[{T}]",
            f"The answer is read off the last state alone. All that the letters get comes through h{raised(T)}: a "
            f"gradient of norm {states[T]}.",
        ),
        (
            f"x[{T}]",
            "x̄ has a row for each letter: how the loss would change with another one there. The last, "
            f"“{name[-1]}”, gets {rounded(rows[-1])}. Which letter will get most?",
            f"“{name[most - 1]}”, number {most}: {rounded(rows[most - 1])}.",
        ),
        (
            f"h[{(T + 1) // 2}]",
            f"Half-way back the state has a gradient of norm {states[(T + 1) // 2]}. At each letter the gate z says "
            "how much of the state goes on as it is, (1 − z) ⊙ h, and how much is made new.",
        ),
        (
            "h[1]",
            f"{T - 1} letters back the first state has {states[1]}, where the last had {states[T]}.",
        ),
        (
            "x[1]",
            f"x̄ is complete. Letter by letter: {by_letter}. The least depends on “{name[least - 1]}”, number {least}.",
        ),
    ]
    return Walk(trace, f"{name.title()}, letter by letter", tour)


def through_a_sum(model: Any, inputs: np.ndarray, answer: np.ndarray, letters: rnn.Vocabulary) -> Walk:
    """Return the walk through one sum, written with attention to the letters that were read."""
    program = "".join(letters.decode(inputs[:, 0].argmax(axis=-1)))
    x = tg.parameter(inputs, name="x")
    outputs, _ = model(x, rnn.one_hot(answer, len(letters)))
    trace = tg.trace(rnn.cross_entropy(outputs, answer))
    digits, last = letters.decode(answer[:, 0]), len(answer)
    value = lambda name: trace.node(name).data
    context = lambda t: str(trace.step_of(f"c[{t}]"))  # by its step, for the decoder has a bias c, too
    norm = lambda name: rounded(np.linalg.norm(trace.gradient(trace.node(name))))
    α = [value(f"α[{t}]")[:, 0] for t in range(1, last + 1)]
    weights = lambda of_digit: ", ".join(f"{a} {rounded(b)}" for a, b in zip(program, of_digit, strict=True))
    of_state = trace.contributions(f"h[{len(program)}]")
    looked = [term.term for term in of_state if term.node == trace.node("hs")]
    handed = [term.term for term in of_state if term.node != trace.node("hs")]
    of_letters = np.linalg.norm(trace.gradient(trace.node("x"))[:, 0], axis=1)
    tour: list[Stop] = [
        (
            f"L[{last}]",
            f"{program} is {''.join(digits).strip()}. The backward pass begins with what was written last, "
            f"“{digits[-1]}”: its loss is {rounded(value(f'L[{last}]')[0])}.",
        ),
        (
            context(last),
            f"To write “{digits[-1]}” the decoder looked back: c is a mean of the encoder's states with the weights α. "
            f"They are {weights(α[-1])}. Each state receives its weight times the adjoint of c.",
        ),
        (
            f"e[{last}]",
            f"The scores hear little of it: norm {norm(f'e[{last}]')}, where the context had {norm(f'c[{last}]')}. "
            "At which letter did the decoder look most for the first digit?",
            f"At “{program[α[0].argmax()]}”, with the weight {rounded(α[0].max())}.",
        ),
        (context(1), f"The first digit, “{digits[0]}”. Here the weights are {weights(α[0])}."),
        (
            "hs",
            f"hs holds all states of the encoder. It has received {last} terms from the means, one for each digit, and "
            "here comes the last, from all scores together.",
        ),
        (
            f"h[{len(program)}]",
            f"The last state of the encoder is the first of the decoder, too. That way brings a gradient of norm "
            f"{rounded(np.linalg.norm(np.sum(handed, axis=0)))}, the look back {rounded(np.linalg.norm(sum(looked)))}.",
        ),
        (f"x[{len(program)}]", f"The last letter, “{program[-1]}”, is reached: {rounded(of_letters[-1])}."),
        ("x[1]", f"And the first. Letter by letter x̄ has the norms {weights(of_letters)}."),
    ]
    return Walk(trace, f"{program}, letter by letter", tour)


def through_an_order(models: Mapping[str, Any], symbols: np.ndarray, right: np.ndarray) -> Walk:
    """Return the walk through an LSTM and an Elman network that have read the same symbols, of which two count."""
    T, (t, t2) = len(symbols), (np.flatnonzero(symbols[:, 0, 4:].any(axis=1)) + 1).tolist()
    early, late = ("XY"[symbols[place - 1, 0, 5].astype(int)] for place in (t, t2))
    read = {"LSTM": tg.parameter(symbols, name="x"), "Elman": tg.parameter(symbols, name="u")}
    losses = {cell: rnn.cross_entropy(models[cell](x), right) for cell, x in read.items()}
    loss = losses["LSTM"] + losses["Elman"]
    trace = tg.trace(loss)
    of_symbols = {x: np.linalg.norm(trace.gradient(trace.node(x))[:, 0], axis=1) for x in "xu"}
    places = [f"{state}[{k}]" for state in "sh" for k in (t, t2, T)]
    at = {place: np.linalg.norm(trace.gradient(trace.node(place))) for place in places}
    norms = {place: rounded(norm) for place, norm in at.items()}
    norms |= {f"{x}[{k}]": rounded(each[k - 1]) for x, each in of_symbols.items() for k in (t, t2, T)}
    memory, state = (rounded(at[f"{name}[{t}]"] / at[f"{name}[{T}]"]) for name in "sh")
    tour: list[Stop] = [
        (
            "",
            f"Two networks have read the same {T} symbols, of which two count: {early} at t = {t}, {late} at t = {t2}. "
            f"The loss of the LSTM is {rounded(losses['LSTM'].item())}, the other's {rounded(losses['Elman'].item())}.",
        ),
        (f"h[{T}]", f"Elman first. At the end its state has a gradient of norm {norms[f'h[{T}]']}."),
        (
            f"h[{t2}]",
            f"At the {late}, {T - t2} steps back, {norms[f'h[{t2}]']} is left. How much will it be at the {early}?",
            f"{norms[f'h[{t}]']}.",
        ),
        (
            f"u[{t}]",
            f"To the {early} itself comes {norms[f'u[{t}]']}, to the last symbol {norms[f'u[{T}]']}. "
            "An update follows the larger one.",
        ),
        (f"s[{T}]", f"Now the LSTM. At the end its memory has a gradient of norm {norms[f's[{T}]']}."),
        (
            f"s[{t2}]",
            f"At the {late} it is {norms[f's[{t2}]']}. On the straight way from a memory to the one before it the "
            "forget gate is the only factor.",
        ),
        (f"s[{t}]", f"And at the {early}, {T - t} steps back, {norms[f's[{t}]']}."),
        (
            f"x[{t}]",
            f"To the {early} comes {norms[f'x[{t}]']}, to the {late} {norms[f'x[{t2}]']}. Over {T - t} steps the "
            f"gradient of the memory became {memory} times what it was, that of the other's state {state} times.",
        ),
    ]
    return Walk(trace, "Temporal order: Elman and LSTM", tour)
