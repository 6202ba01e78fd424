"""Terminal: the debugger's prompt, one command family a file.

- `terminal`: the loop of questions and answers; `session`: the commands and what they share; `prompt`: typed lines
- `moving`, `stopping`, `seeing`, `diagnosing`: the commands
- `panels`, `arrays`: what is printed
"""
