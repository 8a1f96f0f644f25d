"""The results of a batch on disk: one file a recording while it runs, all of them together at its end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from calibration.errors import ConfigError
from edge.agent.folder import read_json, write_whole
from edge.batch.job import lines
from edge.replay import Record

LINES, PARQUET = "results.jsonl", "results.parquet"
_DONE, _BATCH = "done", "batch.json"


class Results:
    """Keeps what is done, over restarts.

    Args:
        folder: made when missing.
        digest: of what decides the results: those of other settings are not mixed with these.

    Raises:
        ConfigError: the folder holds results of other settings, or can not be written.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self._folder = folder
        try:
            (folder / _DONE).mkdir(parents=True, exist_ok=True)
            before = read_json(folder / _BATCH)
            if isinstance(before, dict) and before.get("settings") != digest:
                raise ConfigError(
                    [f"--out {folder}: holds results of other rules or models; choose another folder, or remove it"]
                )
            write_whole(folder / _BATCH, json.dumps({"settings": digest}) + "\n")
        except OSError as error:
            raise ConfigError([f"--out {folder}: can not be written: {error.strerror}"]) from error

    def missing(self, clips: Sequence[str]) -> list[str]:
        """Those that are not done, could not be read, or whose worker failed."""
        return [clip for clip in clips if not self._is_done(clip)]

    def keep(self, clip: str, records: list[Record]) -> None:
        """What a recording came to; on disk when this returns."""
        write_whole(self._path(clip), "".join(lines(records)), durable=True)

    def gather(self, clips: Sequence[str]) -> tuple[Path, Path | None]:
        """Put all together, in the order of the recordings: JSON lines, and Parquet where pyarrow is installed."""
        together = self._folder / LINES
        write_whole(together, "".join("".join(lines(records)) for records in self._records(clips)))
        return together, _write_parquet(
            self._folder / PARQUET, [r for records in self._records(clips) for r in records]
        )

    def _records(self, clips: Sequence[str]) -> Iterator[list[Record]]:
        for clip in clips:
            path = self._path(clip)
            if path.exists():
                yield [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def _is_done(self, clip: str) -> bool:
        path = self._path(clip)
        if not path.exists():
            return False
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return bool(records) and not any("reason" in record for record in records)

    def _path(self, clip: str) -> Path:
        return self._folder / _DONE / f"{hashlib.sha256(clip.encode()).hexdigest()[:24]}.jsonl"


def _write_parquet(path: Path, records: list[Record]) -> Path | None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        return None
    schema = pa.schema(
        [
            ("type", pa.string()), ("clip", pa.string()), ("hazard", pa.string()),
            ("phase", pa.string()), ("incident", pa.string()), ("media_time_s", pa.float64()),
            ("first_seen_s", pa.float64()), ("score", pa.float64()),
            ("bbox", pa.list_(pa.float64())), ("zone", pa.string()), ("rule", pa.string()),
            ("severity", pa.int64()), ("mode", pa.string()), ("drill", pa.bool_()),
            ("frames", pa.int64()), ("inspected", pa.int64()), ("incidents", pa.int64()),
            ("media_s", pa.float64()), ("reason", pa.string()),
        ]
    )  # fmt: skip
    fresh = path.with_name(f".{path.name}.new")
    parquet.write_table(pa.Table.from_pylist(records, schema=schema), fresh)
    fresh.replace(path)
    return path
