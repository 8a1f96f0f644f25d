"""Labelled pictures: brought in, checked for leaks, split, looked at, written out."""
