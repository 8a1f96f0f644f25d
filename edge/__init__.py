"""The running agent: everything that touches the world (cameras, disk, network, clock, people)."""
