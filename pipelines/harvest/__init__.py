"""Which frames a model could learn from, and what is written beside each: pure, like all of `pipelines`."""

from pipelines.harvest.find import FOLDER, NOTES, PICTURE, VERDICTS, Claim, Find, KeptPicture, Proposal, Why, worth
from pipelines.harvest.keeper import Keeper
from pipelines.harvest.verdicts import Verdict, Verdicts, parse_verdicts

__all__ = [
    "FOLDER",
    "NOTES",
    "PICTURE",
    "VERDICTS",
    "Claim",
    "Find",
    "Keeper",
    "KeptPicture",
    "Proposal",
    "Verdict",
    "Verdicts",
    "Why",
    "parse_verdicts",
    "worth",
]
