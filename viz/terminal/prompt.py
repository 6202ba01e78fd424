"""The prompt of a real terminal: history, completion, key bindings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from .session import Session


class _Words(Completer):
    def __init__(self, session: Session):
        self.session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        last = text.rpartition(" ")[2]
        for word in self.session.complete(text):
            yield Completion(word, -len(last))


def typed(session: Session, prompt: str) -> Iterator[str]:
    """Yield the lines typed at `prompt`, until Ctrl-D; Ctrl-C drops what is typed."""
    reader: PromptSession[str] = PromptSession(
        history=_history(), completer=_Words(session), complete_while_typing=False
    )
    while True:
        try:
            line = reader.prompt(FormattedText([("bold", prompt)]))
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        yield line


def _history() -> History:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    try:
        folder = state / "tinygraph"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "debug_history"
        path.touch()
        return FileHistory(str(path))
    except OSError:
        return InMemoryHistory()
