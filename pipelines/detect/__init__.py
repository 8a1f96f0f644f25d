"""ONNX models: what the card says, and nothing hard-coded."""

from pipelines.detect.card import Card, CardClass, CardInput, parse_card
from pipelines.detect.detector import WHOLE, Detector

__all__ = ["WHOLE", "Card", "CardClass", "CardInput", "Detector", "parse_card"]
