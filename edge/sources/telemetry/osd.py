"""DJI's Cloud API (1.11): the `osd` messages of an aircraft, as they come over MQTT, twice in four seconds."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calibration.pose import Above, Accuracy, Attitude, Pose, PoseClock

_PAYLOAD = re.compile(r"\d+-\d+-\d+")  # type-subtype-gimbalindex
_ABOVE_TAKEOFF = Accuracy(height_m=8.0)
_EARLIEST_MS = 1e12  # a clock that was never set


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class _Gimbal(_Part):
    gimbal_pitch: Annotated[float, Field(ge=-180, le=180)]
    gimbal_yaw: float
    gimbal_roll: float = 0.0


class _State(_Part):
    latitude: float | None = None
    longitude: float | None = None
    height: float | None = None  # above the ellipsoid
    elevation: float | None = None  # above take-off


class _Message(_Part):
    timestamp: Annotated[float, Field(ge=_EARLIEST_MS)]
    data: dict[str, Any]


def parse_osd(content: dict[str, Any]) -> Pose:
    """The pose in one message.

    The camera's attitude is the gimbal's, not the aircraft's (`attitude_head`); a message without one has none.

    Args:
        content: the JSON object of the message.

    Raises:
        ValueError: it is none; the text names the place.
    """
    try:
        message = _Message.model_validate(content)
        state = _State.model_validate(message.data)
        gimbals = [_Gimbal.model_validate(part) for name, part in message.data.items() if _is_gimbal(name, part)]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    fix = state.latitude is not None and state.longitude is not None and (state.latitude, state.longitude) != (0, 0)
    gimbal = gimbals[0] if gimbals else None
    return Pose(
        time_s=message.timestamp / 1000,
        clock=PoseClock.UTC,
        latitude_deg=state.latitude if fix else None,
        longitude_deg=state.longitude if fix else None,
        altitude_m=state.height,
        height_m=state.elevation,
        height_above=Above.TAKEOFF if state.elevation is not None else Above.GROUND,
        attitude=_attitude(gimbal) if gimbal is not None else None,
        accuracy=_ABOVE_TAKEOFF,
    )


def _is_gimbal(name: str, part: object) -> bool:
    return bool(_PAYLOAD.fullmatch(name)) and isinstance(part, dict) and "gimbal_pitch" in part


def _attitude(gimbal: _Gimbal) -> Attitude:
    pitch = gimbal.gimbal_pitch
    return Attitude(gimbal.gimbal_yaw, max(-90.0, pitch) if pitch > -90.5 else pitch, gimbal.gimbal_roll)
