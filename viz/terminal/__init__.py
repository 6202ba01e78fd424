"""Terminal: the debugger's prompt, one command family a file.

- `terminal`: the loop of questions and answers; `prompt`: typed lines
- `session`: the table of commands, and what they share
- `moving`, `stopping`, `seeing`, `contributing`, `diagnosing`, `flowing`, `picturing`, `changing`: the commands
- `panels`, `contribution_table`, `arrays`: what is printed
"""
