"""What a shift came to: incidents, delays, coverage, drops."""
