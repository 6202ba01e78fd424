"""Programs written for PyTorch, and the same line by line here: what is the same line stands at the same place."""
