"""What the agents kept for training, made into a data set."""
