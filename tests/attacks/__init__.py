"""Seeded campaigns of hostile and odd inputs: small where they run as tests, long by the command line."""
