"""Every error that Lookout raises on purpose, drawn as one tree.

    LookoutError
    ├── ConfigError          a site file, a rule or a zone is wrong; lists every fault with its path
    ├── ModelError           a card does not fit its weights, a digest is wrong, a file is missing
    ├── DatasetError         a data set or an export of a labelling tool can not be read or written
    ├── SourceError          a camera, a file or a folder of pictures
    │   ├── SourceGone       for now: the reader tries again with back-off
    │   └── SourceUnusable   for good: it is not a video, its codec is unknown, its address is malformed
    ├── DeliveryError        the outbox or the broker
    │   ├── BrokerRefused    the broker answered no (user, password, version); the reason is in the text
    │   └── OutboxDamaged    the database can not be read; it is set aside, never deleted
    ├── EvidenceError        a picture or a clip could not be made; the alarm goes on without it
    ├── OutputError          a siren, webhook or other local output could not be driven; the alarm goes its way
    └── CommandRefused       what the platform asks for is malformed, unknown, stale, not allowed or makes no sense

The text of an error names the thing, the place, what was found and what is allowed.
"""

from __future__ import annotations


class LookoutError(Exception):
    """Root of the tree: catch this at the edges, and nothing wider."""

    retryable = False


class ConfigError(LookoutError):
    """One or more faults in something a person wrote.

    Args:
        faults: one line each, `path: what was found, what is allowed`.
        where: the file they stand in.
    """

    def __init__(self, faults: list[str], where: str = "") -> None:
        self.faults = faults
        self.where = where
        head = f"{where}: " if where else ""
        count = f"{len(faults)} fault{'s' if len(faults) != 1 else ''}"
        super().__init__(f"{head}{count}\n" + "\n".join(f"  {fault}" for fault in faults))


class ModelError(LookoutError):
    """A model folder that must not be used."""


class DatasetError(LookoutError):
    """Labelled pictures that can not be used as they are."""


class SourceError(LookoutError):
    """Something is wrong with where the frames come from."""


class SourceGone(SourceError):
    """The source may come back."""

    retryable = True


class SourceUnusable(SourceError):
    """Trying again can not help."""


class DeliveryError(LookoutError):
    """Something is wrong on the way to the platform."""

    retryable = True


class BrokerRefused(DeliveryError):
    """The broker answered, and the answer was no."""


class OutboxDamaged(DeliveryError):
    """The outbox file can not be read as a database."""


class EvidenceError(LookoutError):
    """Proof could not be made or kept."""


class CommandFailed(LookoutError):
    """What a platform has asked for was tried and did not work."""


class CommandRefused(LookoutError):
    """A command that changes nothing; the text says why."""


class NoGround(LookoutError):
    """A pixel can not be told a place on the ground; the text says why."""


class NoOffset(LookoutError):
    """Two clocks can not be laid over each other; the text says why."""


class NoLens(LookoutError):
    """Pictures do not tell a lens; the text says why."""


class OutputError(LookoutError):
    """A local output could not be driven."""

    retryable = True
