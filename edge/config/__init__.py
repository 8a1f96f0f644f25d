"""The site file: one YAML a site, read into frozen settings or refused with every fault at once."""

from edge.config.load import load_site, parse_site
from edge.config.serving import needs_in_words, serving_model
from edge.config.site import AgentSettings, ModelUse, Site
from edge.config.source import SourceSettings, ZoneSettings

__all__ = [
    "AgentSettings",
    "ModelUse",
    "Site",
    "SourceSettings",
    "ZoneSettings",
    "load_site",
    "needs_in_words",
    "parse_site",
    "serving_model",
]
