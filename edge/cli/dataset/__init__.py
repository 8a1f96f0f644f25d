"""The commands `lookout dataset …`."""
