"""ONNX models: what the card says, and nothing hard-coded."""

from pipelines.detect.card import Card, CardClass, CardInput, parse_card
from pipelines.detect.detector import WHOLE, Detector, Seen
from pipelines.detect.packing import Request

__all__ = ["WHOLE", "Card", "CardClass", "CardInput", "Detector", "Request", "Seen", "parse_card"]
