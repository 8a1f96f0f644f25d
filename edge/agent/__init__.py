"""The running agent: its threads, their supervisor, its status."""
