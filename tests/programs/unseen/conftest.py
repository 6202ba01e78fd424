"""The scripts are run by their test, and not when pytest looks for doctests."""

collect_ignore_glob = ["[sh]*.py"]
