"""How good a model is, on pictures and on clips, and the thresholds that follow."""
