"""Lookout beside three other loops: the same clips, the same model, the same rules, the same cores."""
