"""The model engineer's line: reads data sets, writes models. The running agent never loads it."""
