"""Synthetic flights: a camera over a ground that is known, to measure against."""
