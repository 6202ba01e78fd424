"""Diagnosing: what is wrong with a recorded pass, as plain functions of traces that return plain data."""
