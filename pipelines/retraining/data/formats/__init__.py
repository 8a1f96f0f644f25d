"""Formats of labelling tools: each module reads one into a data set, and writes one."""
