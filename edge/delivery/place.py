"""Where a source stands: copied into every event, so that whoever reads it can send somebody there.

Everything is optional; what is written is checked. The enterprise's 统一社会信用代码 ends in a check character
(GB 32100-2015), so a slip of the pen is found here and not by the platform that refuses the record.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))


def uscc_check_character(first_17: str) -> str:
    """The 18th character of a 统一社会信用代码, from the first 17 (GB 32100-2015, annex)."""
    total = sum(_SYMBOLS.index(symbol) * weight for symbol, weight in zip(first_17, _WEIGHTS, strict=True))
    return _SYMBOLS[-total % 31]


def _checked_uscc(code: str) -> str:
    if len(code) != 18:
        raise ValueError(f"a 统一社会信用代码 has 18 characters, found {len(code)}: {code!r}")
    strangers = sorted(set(code) - set(_SYMBOLS))
    if strangers:
        raise ValueError(
            f"{code!r} contains {', '.join(strangers)}; allowed are digits and capitals without I, O, S, V, Z"
        )
    expected = uscc_check_character(code[:17])
    if code[17] != expected:
        raise ValueError(f"{code!r} ends in {code[17]}, its check character is {expected} (GB 32100-2015)")
    return code


Uscc = Annotated[
    str,
    AfterValidator(_checked_uscc),
    WithJsonSchema({"type": "string", "pattern": f"^[{_SYMBOLS}]{{18}}$"}),
]
"""统一社会信用代码: 18 characters, the last one a check character."""

Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    # A floor or a grid written as a bare number in YAML is still a name.
    model_config = ConfigDict(
        frozen=True, extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Enterprise(_Part):
    """Whose premises."""

    name: Text | None = None
    """Registered name."""
    uscc: Uscc | None = None
    """统一社会信用代码 of 18 characters."""


class Position(_Part):
    """A point on WGS 84, not GCJ-02."""

    lat: float = Field(ge=-90, le=90)
    """Latitude, degrees, north positive."""
    lon: float = Field(ge=-180, le=180)
    """Longitude, degrees, east positive."""
    alt_m: float | None = Field(default=None, ge=-500, le=9000)
    """Height above the ellipsoid, metres."""


class Ellipse(_Part):
    """In which a position lies with 68 %."""

    long_m: Annotated[float, Field(ge=0)]
    """Half of its long axis, m."""
    short_m: Annotated[float, Field(ge=0)]
    """Half of its short axis, m."""
    bearing_deg: Annotated[float, Field(ge=0, le=180)]
    """Of the long axis, clockwise from true north."""


class GroundPosition(_Part):
    """Where a hazard is on the ground, as a camera that moves has seen it; WGS 84, not GCJ-02."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    """Latitude, degrees, north positive."""
    lon: Annotated[float, Field(ge=-180, le=180)]
    """Longitude, degrees, east positive."""
    ellipse_68: Ellipse
    """How far off it may be."""
    distance_m: Annotated[float, Field(ge=0)]
    """From the camera, when it was seen best."""


class Place(_Part):
    """Where a source stands, from the large to the small."""

    enterprise: Enterprise | None = None
    """Whose premises."""
    street: Text | None = None
    """Street or township (街道、乡镇)."""
    grid: Text | None = None
    """Cell of the grid-based administration (网格)."""
    building: Text | None = None
    """Building or area."""
    floor: Text | None = None
    """Floor, as people call it: `2`, `B1`."""
    position: Position | None = None
    """WGS 84 position of the camera."""

    def words(self, floor: str) -> tuple[str, ...]:
        """What a person needs to get there: building and floor, else street and grid.

        Args:
            floor: how a floor that is only a number is written, such as `floor {}`.
        """
        level = self.floor
        if level and level.lstrip("B-").isdigit():
            level = floor.format(level)
        near = tuple(part for part in (self.building, level) if part)
        return near or tuple(part for part in (self.street, self.grid) if part)
