"""Data that ships with the package; each file has its source and licence beside it."""
