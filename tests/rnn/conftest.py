"""Examples are slow the first time that a library is loaded: no deadline for a single one."""

from hypothesis import settings

settings.register_profile("rnn", deadline=None)
settings.load_profile("rnn")
