"""Somebody always hears it: severe incidents drive local outputs, whether the platform can be reached or not."""
