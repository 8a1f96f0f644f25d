"""Patrols: what a moving camera saw, where, and what it did not look at."""
