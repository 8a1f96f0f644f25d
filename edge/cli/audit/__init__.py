"""The commands `lookout audit …`."""
