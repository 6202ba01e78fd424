"""Terminal: the debugger's prompt, one command family a file.

- `terminal`: the loop of questions and answers; `prompt`: typed lines
- `session`: the table of commands, and what they share
- the commands: `moving`, `stopping`, `seeing`, `frames`, `contributing`, `diagnosing`, `causes`, `verifying`,
  `forward`, `flowing`, `picturing`, `changing`
- `panels`, `contribution_table`, `arrays`: what is printed
"""
