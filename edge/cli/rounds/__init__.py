"""`lookout rounds`."""
