"""What the platform asks for: checked, obeyed once, answered."""
