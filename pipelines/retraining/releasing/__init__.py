"""INT8, the gate, and the released model's folder."""
