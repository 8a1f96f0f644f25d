"""The demo's site and its agent: a process of its own, which does what `lookout run` does for a real site."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import yaml

import edge
from edge.config.broker import BrokerSettings

_FAREWELL_S = 3.0
_LOG_LINES = 12


def demo_site(dataset: Path, folder: Path, broker: BrokerSettings, lang: str) -> Path:
    """Write the demo's site file for this run: with its broker, language and data folder.

    Args:
        dataset: the folder with `site.yaml` and the footage.
        folder: where to write; the agent's data goes below it.
        broker: where events go.
        lang: `zh` or `en`.
    """
    content: dict[str, Any] = yaml.safe_load((dataset / "site.yaml").read_text(encoding="utf-8"))
    content["broker"] = {"host": broker.host, "port": broker.effective_port, "protocol": broker.protocol}
    content["agent"] |= {"lang": lang, "data": str((folder / "agent").absolute())}
    for source in content["sources"]:
        source["url"] = str((dataset / source["url"]).absolute())
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def footage_s(dataset: Path) -> float:
    """Length of the demo's longest recording, seconds."""
    content = yaml.safe_load((dataset / "site.yaml").read_text(encoding="utf-8"))
    lengths = []
    for url in {source["url"] for source in content["sources"]}:
        with av.open(str(dataset / url)) as container:
            lengths.append((container.duration or 0) / av.time_base)
    return max(lengths)


class AgentProcess:
    """`lookout run SITE` with its log in a file; `with AgentProcess(site, log) as agent:`.

    Args:
        site: the site file.
        log: where its log goes.
        options: of `lookout run`.
    """

    def __init__(self, site: Path, log: Path, options: Sequence[str] = ()) -> None:
        self.log = log
        self._command = [sys.executable, "-P", "-m", "edge.demo.child", str(site), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll() if self._process is not None else None

    @property
    def pid(self) -> int:
        """Of the process, once it has been started."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """Have it end as Ctrl-C does; its exit code."""
        process = self._process
        assert process is not None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_FAREWELL_S)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:])

    def __enter__(self) -> Self:
        # The same code as here, also in a checkout that was not installed.
        here = str(Path(edge.__file__).resolve().parents[1])
        paths = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        with self.log.open("wb") as file:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=os.environ | {"PYTHONPATH": paths, "LOOKOUT_DEMO": str(os.getpid())},
                start_new_session=True,  # Ctrl-C is ours to hand on, once,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
