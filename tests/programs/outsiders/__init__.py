"""Recurrent and sequential models as thirty different people would write them, each with its equations beside it."""
