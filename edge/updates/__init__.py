"""Another model for a running agent: fetched, checked, tried beside the one in use, and taken back if it fails."""
