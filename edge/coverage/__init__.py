"""Which views could have been seen, all the time: silence is never reported as safe."""
