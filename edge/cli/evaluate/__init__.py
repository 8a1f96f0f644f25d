"""The commands `lookout evaluate …`."""
