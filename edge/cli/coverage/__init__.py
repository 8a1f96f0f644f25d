"""`lookout coverage`."""
