"""Proof: the packets, pictures and clips of an alarm."""
