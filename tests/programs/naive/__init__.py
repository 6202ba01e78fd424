"""Training scripts as people write them who have not read the documentation: each says what its author then reads."""
