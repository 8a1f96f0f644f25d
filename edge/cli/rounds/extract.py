"""`lookout rounds extract`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calibration.errors import ConfigError


def extract(
    bag: Annotated[Path, typer.Argument(metavar="BAG", help="Folder of a ROS 2 bag.", show_default=False)],
    folder: Annotated[Path, typer.Argument(metavar="ROUND", help="Where the round goes.", show_default=False)],
    images: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="The camera's; the only one with pictures if left out.")
    ] = None,
    waypoints: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="The one that names the waypoint (std_msgs/String).")
    ] = None,
) -> None:
    """Take a round out of a ROS 2 bag: up to three pictures of each stop, by the waypoint that a topic names.

    Needs `pip install 'lookout-agent[robots]'`, and no ROS.

    Exit code 0; 2 if it is no bag, lacks a topic, or no picture was taken at a waypoint.

    Example: `lookout rounds extract night.bag rounds/2026-11-25 --images /front/image/compressed`
    """
    from edge.patrol.bags import extract as taken_from
    from edge.patrol.intake import Round

    kept = Round(folder)
    taken_from(bag, kept, images, waypoints)
    if not kept.taken:
        raise ConfigError([f"{bag}: no picture was taken at a waypoint"])
    typer.echo(f"{sum(kept.taken.values())} pictures of {len(kept.taken)} waypoints: {folder}")
