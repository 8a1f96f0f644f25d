"""`lookout outputs`."""
