from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.delivery.place import Enterprise, Place, Position, uscc_check_character

SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize(
    "code",
    [
        "91350100M000100Y43",  # the example that the standard prints
        "914403001922038216",  # digits alone
        "9144030071526726XG",  # ends in a letter
        "91330100799655058B",
    ],
)
def test_codes_in_public_registers_are_accepted(code: str) -> None:
    assert Enterprise(uscc=code).uscc == code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("91350100M000100Y44", "check character is 3"),  # the last one mistyped
        ("91350100M000010Y43", "check character"),  # two neighbours exchanged
        ("91350100M000100Y4", "18 characters, found 17"),
        ("91350100M000100Y433", "18 characters, found 19"),
        ("91350100I000100Y43", "contains I"),  # I is no symbol of the code
        ("91350100m000100y43", "contains m, y"),
        ("", "found 0"),
    ],
)
def test_a_slip_of_the_pen_is_found(code: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Enterprise(uscc=code)


@given(st.text(SYMBOLS, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from(SYMBOLS))
def test_every_single_wrong_symbol_is_found(first_17: str, at: int, symbol: str) -> None:
    wrong = first_17[:at] + symbol + first_17[at + 1 :]
    same = uscc_check_character(wrong) == uscc_check_character(first_17)
    assert same == (wrong == first_17)


def test_a_bare_number_in_yaml_is_a_name() -> None:
    assert Place.model_validate({"floor": 2, "grid": 7}) == Place(floor="2", grid="7")
    assert Enterprise.model_validate({"uscc": 914403001922038216}).uscc == "914403001922038216"


@pytest.mark.parametrize(
    "position",
    [{"lat": 91, "lon": 0}, {"lat": 0, "lon": 180.5}, {"lat": 26}, {"lat": float("nan"), "lon": 0}],
)
def test_positions_off_the_globe_are_refused(position: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Position.model_validate(position)


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="buidling"):
        Place.model_validate({"buidling": "3"})


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(building="Warehouse 3", floor="2"), ("Warehouse 3", "floor 2")),
        (Place(building="Warehouse 3", floor="B1"), ("Warehouse 3", "floor B1")),
        (Place(building="A", floor="mezzanine"), ("A", "mezzanine")),  # says itself what it is
        (Place(street="East St", grid="7"), ("East St", "7")),
        (Place(street="East St", building="A"), ("A",)),  # the near is enough
        (Place(), ()),
    ],
)
def test_words_lead_a_person_there(place: Place, words: tuple[str, ...]) -> None:
    assert place.words("floor {}") == words
