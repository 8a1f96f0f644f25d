"""How each model is run on this machine: weights, threads and execution provider, and why."""

from edge.inference.choice import Chosen, Setting, Timing
from edge.inference.memory import Memory
from edge.inference.settle import Ready, remembered, settle

__all__ = ["Chosen", "Memory", "Ready", "Setting", "Timing", "remembered", "settle"]
