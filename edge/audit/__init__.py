"""What the parts of Lookout miss, measured on footage with events by eye and on drills."""
