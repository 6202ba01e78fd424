"""What other people wrote is run by their own pytest, in test_reports.py."""

collect_ignore = ["authors"]
