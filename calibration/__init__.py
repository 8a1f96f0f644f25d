"""What ties a model to one place: geometry, zones, thresholds. Imports nothing of Lookout's."""
