"""`lookout rounds receive`."""

from __future__ import annotations

import re
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from calibration.errors import ConfigError

if TYPE_CHECKING:
    from edge.patrol.intake import AtWaypoints, Round


def receive(
    folder: Annotated[Path, typer.Argument(metavar="ROUND", help="Where this round goes.", show_default=False)],
    http: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Listen for pictures that are posted to /WAYPOINT.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="LOOKOUT_ROUND_TOKEN", help="Who posts has to send it as a bearer.")
    ] = None,
    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="mqtt://HOST/TOPIC", help="Hear pictures there; with --camera, poses that name waypoints."
        ),
    ] = None,
    camera: Annotated[
        str | None, typer.Option(metavar="URL", help="The robot's camera, which films all the time.")
    ] = None,
    idle_s: Annotated[
        float | None, typer.Option(min=1, metavar="S", help="The round is over when nothing has come for so long.")
    ] = None,
) -> None:
    """Take in a robot's round as it walks: pictures by waypoint, over HTTP or MQTT, or of its camera by its poses.

    A message or a post is a picture, or JSON with `waypoint`, `picture` (base64) and `pose`. With `--camera` the
    messages are poses: while one names a `waypoint`, up to three pictures are taken there, a second apart. Ends with
    Ctrl-C, or when nothing has come for `--idle-s`; then `lookout rounds compare` holds it against an earlier one.

    Exit code 0, or 1 if no picture came.

    Example: `lookout rounds receive rounds/2026-11-25 --http 0.0.0.0:8091 --idle-s 600`
    """
    from edge.patrol.intake import AtWaypoints, Round, wait
    from edge.patrol.receivers import http_server, mqtt_client

    _check(folder, http, mqtt, camera)
    kept, stop, last_s = Round(folder), threading.Event(), [time.monotonic()]

    def told(waypoint: str) -> None:
        last_s[0] = time.monotonic()
        typer.echo(f"{waypoint}  {kept.taken[waypoint]}")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    film = AtWaypoints(camera, kept, told) if camera is not None else None
    with ExitStack() as opened:
        if http is not None:
            host, _, port = http.rpartition(":")
            server = opened.enter_context(http_server(host, int(port), kept, token, told))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            opened.callback(server.shutdown)
        if mqtt is not None:
            client = mqtt_client(mqtt, kept, film, told)
            opened.callback(client.loop_stop)
            opened.callback(client.disconnect)
        if film is not None:
            threading.Thread(target=film.film, args=(stop,), daemon=True).start()
        wait(stop, lambda: last_s[0], idle_s)
        stop.set()
    _conclude(kept, film)


def _check(folder: Path, http: str | None, mqtt: str | None, camera: str | None) -> None:
    if http is None and mqtt is None:
        raise ConfigError(["--http HOST:PORT or --mqtt mqtt://HOST/TOPIC: one of them at least"])
    if camera is not None and mqtt is None:
        raise ConfigError(["--camera: its poses come by --mqtt"])
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError([f"{folder}: holds a round already"])
    if http is not None and re.fullmatch(r"[^:/\s]+:\d{1,5}", http) is None:
        raise ConfigError([f"--http {http}: expected HOST:PORT, such as 0.0.0.0:8091"])
    parts = urlsplit(mqtt or "mqtt://host/topic")
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or not parts.path.strip("/"):
        raise ConfigError([f"--mqtt {parts.scheme}://…: expected mqtt://HOST/TOPIC or mqtts://HOST/TOPIC"])


def _conclude(kept: Round, film: AtWaypoints | None) -> None:
    for why, count in kept.refused.items():
        typer.echo(f"lookout: {count} refused: {why}", err=True)
    if film is not None and film.error is not None:
        typer.echo(f"lookout: {film.error}", err=True)
    typer.echo(f"{sum(kept.taken.values())} pictures of {len(kept.taken)} waypoints: {kept.folder}")
    if not kept.taken:
        raise typer.Exit(1)
