"""Namesakes: values that different loops over time make under one name, as the h of an encoder and of a decoder.

A person tells them apart by where they are made: the function or the class that the loop runs in, what that is
assigned to, or, of loops in one function, the weights: h_enc and h_dec.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..loops.over_time import Run
from ..loops.places import Loop
from ..loops.timeline import Timeline
from ..recording.calls import Call
from ..recording.node import Node
from ..recording.skipped import is_foreign
from ..recording.source import name_at

_SHORT = {"encoder": "enc", "decoder": "dec", "encode": "enc", "decode": "dec", "forward": "fwd", "backward": "bwd"}
_SAYING_NOTHING = frozenset(("call", "forward", "main", "run", "step", "loss", "init", "compute", "get", "do", "self"))
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_Names = Callable[[Node], str | None]


class Namesakes:
    """The words that tell namesakes in a graph apart.

    Parameters
    ----------
    timeline : Timeline
    name_of : function
        Says what the program calls a node.
    """

    def __init__(self, timeline: Timeline, name_of: _Names):
        self._timeline = timeline
        self._name_of = name_of
        self._words: dict[str, dict[Loop, str]] = {}
        if len({loop for place in timeline.visits.places for loop in place.loops}) < 2:
            return
        loops = dict.fromkeys(run.loop for run in dict.fromkeys(timeline.runs) if run is not None and run.loop)
        if len(loops) > 1:
            self._words = self._told_apart()

    def name(self, node: Node, name: str) -> str:
        """Return the `name` of a node, with a word behind it if another loop makes something else of that name."""
        words = self._words.get(name)
        run = self._run(node) if words else None
        word = words.get(run.loop) if words and run is not None and run.loop is not None else None
        return f"{name}_{word}" if word else name

    def _told_apart(self) -> dict[str, dict[Loop, str]]:
        alike: dict[str, dict[Loop, Node]] = {}
        runs: dict[Loop, Run] = {}
        for node in self._first_of_each():
            name, run = self._name_of(node), self._run(node)
            if name and run is not None and run.loop is not None and re.match(r"[^\W\d]", name):
                op = node if node.kind == "op" else self._timeline.reads[node.index][0][0]
                alike.setdefault(name, {}).setdefault(run.loop, op)
                runs.setdefault(run.loop, run)
        words: dict[tuple[Loop, ...], dict[Loop, str]] = {}
        told: dict[str, dict[Loop, str]] = {}
        for name, ops in alike.items():
            loops = tuple(ops)
            if len(loops) > 1 and not _is_bidirectional([runs[loop] for loop in loops]):
                if loops not in words:
                    words[loops] = self._words_of(ops)
                told[name] = words[loops]
        return told

    def _first_of_each(self) -> Iterator[Node]:
        """Yield each op of the cells once, and the leaves that it reads."""
        known: set[int] = set()
        slots = self._timeline.slots
        for node in self._timeline.ops:
            if slots[node.index] not in known and node.pulled is None:
                known.add(slots[node.index])
                yield from (source for source in node.inputs if source.kind in ("input", "constant") and source.shape)
                yield node

    def _run(self, node: Node) -> Run | None:
        """Return the run of the loop over time that makes a node, or reads it, if it is one, or that begins with it."""
        timeline = self._timeline
        run = timeline.runs[node.index]
        if node.kind != "op" and node.kind != "parameter":
            of_readers = {timeline.runs[reader.index] for reader, _ in timeline.reads[node.index]}
            run = of_readers.pop() if len(of_readers) == 1 else None
        elif run is None and (begun := timeline.begun.get(node.index)) is not None:
            run = timeline.runs[begun.precedes]
        return run

    # -- words --------------------------------------------------------------------------------------------------------

    def _words_of(self, ops: dict[Loop, Node]) -> dict[Loop, str]:
        """Return a word for each loop, given an op in it; nothing where there are none that differ."""
        if len({op.scope for op in ops.values()}) == len(ops):
            return {}  # the scopes tell
        chains = {loop: _calls_around(loop, op.call) for loop, op in ops.items()}
        first = next(iter(chains.values()))
        if all(chain == first for chain in chains.values()):
            return self._words_of_weights(tuple(ops))
        depth = next(
            d for d in range(max(map(len, chains.values()))) if len({c[d : d + 1] for c in chains.values()}) > 1
        )
        calls = {loop: chain[depth] for loop, chain in chains.items() if depth < len(chain)}
        if len({call.code for call in calls.values()}) > 1 or len(calls) < len(chains):
            words = _differing({loop: call.code.co_qualname for loop, call in calls.items()})
        else:
            words = _differing({loop: name_at(call.parent, call.lasti) or "" for loop, call in calls.items()})
            if len(words) < len(chains):
                return {}
        return words if len(words) > len(chains) - 2 and len(set(words.values())) == len(words) else {}

    def _words_of_weights(self, loops: Sequence[Loop]) -> dict[Loop, str]:
        """Return words in which the names of the weights that loops use differ: W_enc and W_dec."""
        groups, nodes = self._timeline.groups, self._timeline.nodes
        names: list[set[tuple[str, ...]]] = []
        for loop in loops:
            inside = [number for inner, numbers in groups.inside.items() if loop in inner.chain for number in numbers]
            used = {parameter for number in inside for _, parameter in groups.parameters[number]}
            names.append({_words(self._name_of(nodes[parameter]) or "") for parameter in used})
        pairs: Counter[tuple[str, ...]] = Counter()
        for of_first in names[0]:
            for k in range(len(of_first)):
                around = of_first[:k], of_first[k + 1 :]
                likes = [{n[k] for n in of_loop if (n[:k], n[k + 1 :]) == around} for of_loop in names]
                if all(len(like) == 1 for like in likes) and any(around):
                    pairs[tuple(like.pop() for like in likes)] += 1
        words = next(
            (pair for pair, _ in pairs.most_common() if len(set(pair)) == len(pair) and min(map(len, pair)) > 2), ()
        )
        return {loop: _SHORT.get(word, word) for loop, word in zip(loops, words, strict=False)}


def _is_bidirectional(runs: Sequence[Run]) -> bool:
    """Tell whether loops go through one sequence in both directions: their values have arrows."""
    return len(runs) == 2 and len({run.backward for run in runs}) == 2 and len({(r.first, r.last) for r in runs}) == 1


def _calls_around(loop: Loop, call: Call | None) -> tuple[Call, ...]:
    """Return the calls that led to where a loop runs, outermost first; of other frameworks' none."""
    chain: list[Call] = []
    while call is not None:
        chain.append(call)
        call = call.parent
    inside = next((k for k, c in enumerate(chain) if c.code.co_qualname == loop.function), 0)
    return tuple(c for c in reversed(chain[inside:]) if not is_foreign(c.code.co_filename))


def _differing(names: dict[Loop, str]) -> dict[Loop, str]:
    """Return the words in which names differ, shortened.

    >>> a, b = Loop(None), Loop(None)
    >>> list(_differing({a: "run_encoder", b: "run_decoder"}).values())
    ['enc', 'dec']
    >>> list(_differing({a: "Encoder.encode", b: "AttentionDecoder.loss"}).values())
    ['enc', 'dec']
    """
    words = {loop: _words(name) for loop, name in names.items()}
    shared = set.intersection(*map(set, words.values())) if len(words) > 1 else set()
    told: dict[Loop, str] = {}
    for loop, of_loop in words.items():
        own = [word for word in of_loop if word not in shared]
        short = [_SHORT[word] for word in own if _SHORT.get(word) in ("enc", "dec")]
        own = [_SHORT.get(word, word) for word in own if word not in _SAYING_NOTHING]
        if short or own:
            told[loop] = short[0] if short else "_".join(own)
    return told


def _words(name: str) -> tuple[str, ...]:
    """Return the words in a name, in small letters.

    >>> _words("AttentionDecoder.loss"), _words("W_enc")
    (('attention', 'decoder', 'loss'), ('w', 'enc'))
    """
    parts: Iterable[str] = (word.lower() for word in _WORDS.findall(re.sub(r"<\w+>", "", name)))
    return tuple(parts)
