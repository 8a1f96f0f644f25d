"""Pure computing: frames in, hazards out. No I/O, no clock, no threads."""
