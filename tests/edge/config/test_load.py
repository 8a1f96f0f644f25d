from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibration.errors import ConfigError
from edge.config import Site, load_site
from edge.model_store import ModelStore
from pipelines.events import Mode
from tests.edge.config.builders import ENV, site, source, write


def faults_of(folder: Path, content: dict[str, Any] | str, store: ModelStore) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_site(write(folder, content), ENV, store)
    return caught.value.faults


def rule(**parts: Any) -> dict[str, Any]:
    """A site with one rule beside the right ones; its path is sources[0].rules[0]."""
    return site(sources=[source(rules=[parts])])


def zone(polygon: Any) -> dict[str, Any]:
    """A site whose first zone is this."""
    return site(sources=[source(zones=[{"name": "yard", "polygon": polygon}])])


def test_a_right_file(tmp_path: Path, store: ModelStore) -> None:
    found = load_site(write(tmp_path, site()), ENV, store)
    assert isinstance(found, Site)
    hall = found.sources[0]
    assert hall.url == "rtsp://admin:s3cret@10.0.0.2/1"
    assert [r.title for r in hall.rules] == ["fire", "restricted_zone:yard"]
    assert (hall.max_gap_s, hall.analysis_fps, hall.interval_s, hall.mode) == (10.0, 5.0, 0.4, Mode.ALARM)
    assert list(hall.zone_map()) == ["yard"]
    assert found.broker.password is not None
    assert found.broker.password.get_secret_value() == "hunter2"


def test_secrets_are_never_shown(tmp_path: Path, store: ModelStore) -> None:
    found = load_site(write(tmp_path, site()), ENV, store)
    assert not any(secret in f"{found!r}{found}" for secret in ENV.values())
    assert found.sources[0].address == "rtsp://***@10.0.0.2/1"


def test_relative_paths_count_from_the_file(tmp_path: Path, store: ModelStore) -> None:
    content = site(
        agent={"data": "state", "name": "a"},
        broker={"tls": {"ca": "certs/ca.pem", "cert": "/etc/own.pem"}},
        sources=[source(url="clips/a.mp4"), source(name="b", url="/srv/b.mp4"), source(name="c")],
    )
    found = load_site(write(tmp_path, content), ENV, store)
    assert found.agent.data == tmp_path / "state"
    assert found.broker.tls is not None
    assert (found.broker.tls.ca, found.broker.tls.cert) == (tmp_path / "certs/ca.pem", Path("/etc/own.pem"))
    assert [s.url for s in found.sources[:2]] == [str(tmp_path / "clips/a.mp4"), "/srv/b.mp4"]
    assert found.sources[2].url.startswith("rtsp://")


def test_a_model_by_path(tmp_path: Path, store: ModelStore) -> None:
    folder = store.load("people").folder
    (tmp_path / "mine").symlink_to(folder)
    content = site(models=[{"name": "flames"}, {"path": "mine", "thresholds": {"person": 0.7}}])
    found = load_site(write(tmp_path, content), ENV, store)
    assert [use.title for use in found.models] == ["flames", "mine"]
    assert found.models[1].where == tmp_path / "mine"


# Each case: what the file holds, and the one line that is said of it.
FAULTS: list[tuple[dict[str, Any] | str, str]] = [
    # Keys
    (
        site(sites=1),
        "sites: unknown key, did you mean 'site'? allowed: site, agent, broker, models, handling, "
        "commands, upload, require_signed, trusted_keys, outputs, "
        "sources",
    ),
    (rule(rule="fire", severty=3), "sources[0].rules[0].severty: unknown key, did you mean 'severity'?"),
    (rule(rule="fire", zone="yard", dwell_s=3), "sources[0].rules[0].dwell_s: unknown key"),  # another rule's
    ({k: v for k, v in site().items() if k != "broker"}, "broker: missing (the MQTT broker"),
    (site(sources=[{k: v for k, v in source().items() if k != "url"}]), "sources[0].url: missing (`rtsp://"),
    # Kinds of values
    (site(sources={"a": 1}), "sources: found a mapping, expected a list"),
    (site(sources=None), "sources: found nothing, expected a list; leave the key out"),
    (site(sources=[]), "sources: found a list of 0, allowed: at least 1"),
    (site(agent=[1]), "agent: found a list of 1, expected a mapping (key: value)"),
    (site(site={"name": ["a"]}), "site.name: found a list of 1, expected text"),
    (site(broker={"port": "many"}), "broker.port: found 'many', expected a whole number"),
    (site(broker={"port": 1.5}), "broker.port: found 1.5, expected a whole number"),
    (site(broker={"tls": {"verify": "perhaps"}}), "broker.tls.verify: found 'perhaps', expected true or false"),
    (site(sources=[source(max_gap_s="inf")]), "sources[0].max_gap_s: found 'inf', expected a finite number"),
    (site(sources=[source(max_gap_s=".nan")]), "sources[0].max_gap_s: found '.nan', expected a number"),
    ("- a\n- b\n", "site file: found a list of 2, expected a mapping (key: value)"),
    ("just words\n", "site file: found 'just words', expected a mapping (key: value)"),
    # A word where a mapping is expected: the key was left out
    (site(sources=[source(rules=["fire"])]), "sources[0].rules[0]: found 'fire', expected rule: fire"),
    (site(models=["flames", {"name": "people"}]), "models[0]: found 'flames', expected name: flames"),
    (site(broker="mqtt://u:hunter2@h"), "broker: found 'mqtt://***@h', expected a mapping (key: value)"),
    # Ranges and choices
    (rule(rule="fire", severity="high"), "sources[0].rules[0].severity: found 'high', expected a whole number, 1 to 4"),
    (rule(rule="fire", severity=7), "sources[0].rules[0].severity: found 7, allowed: 1 to 4"),
    (site(sources=[source(analysis_fps=0)]), "sources[0].analysis_fps: found 0, allowed: above 0 to 60"),
    (site(agent={"evidence": {"jpeg_quality": 101}}), "agent.evidence.jpeg_quality: found 101, allowed: 30 to 100"),
    (site(agent={"lang": "cn"}), "agent.lang: found 'cn', allowed: zh, en"),
    (
        site(agent={"inference": {"threads": 0}}),
        "agent.inference.threads: found 0: allowed: auto, or a whole number, 1 to 64",
    ),
    (
        site(agent={"inference": {"threads": "all"}}),
        "agent.inference.threads: found 'all': allowed: auto, or a whole number, 1 to 64",
    ),
    (
        site(agent={"inference": {"providers": ["gpu"]}}),
        "agent.inference.providers[0]: found 'gpu', did you mean 'cpu'? allowed: auto, cpu, openvino, cuda, tensorrt, "
        "coreml",
    ),
    (
        site(sources=[source(mode="alert")]),
        "sources[0].mode: found 'alert', did you mean 'alarm'? allowed: alarm, observe",
    ),
    (site(sources=[source(pace="fasst")]), "sources[0].pace: found 'fasst', did you mean 'fast'? allowed: live, fast"),
    (rule(rule="fier"), "sources[0].rules[0].rule: found 'fier', did you mean 'fire'? allowed: fire, smoke,"),
    (rule(zone="yard"), "sources[0].rules[0].rule: missing, allowed: fire, smoke,"),
    (site(site={"name": "plant 7"}), "site.name: found 'plant 7', allowed: text that matches"),
    (site(site={"name": "厂"}), "site.name: found '厂', allowed: text that matches"),  # it is a level of a topic
    (site(sources=[source(name="a/b")]), "sources[0].name: found 'a/b', allowed: letters"),  # it names files
    (site(models=[{"name": "flames", "rules": ["fires"]}]), "models[0].rules[0]: found 'fires', did you mean 'fire'?"),
    # Hours
    (
        rule(rule="fire", hours={"start": "8 o'clock", "end": "09:00"}),
        'hours.start: found "8 o\'clock", expected a time',
    ),
    (rule(rule="fire", hours={"start": "08:00", "end": "09:00", "tz": "Mars"}), "hours.tz: found 'Mars': unknown time"),
    (
        rule(rule="fire", hours={"start": "08:00", "end": "09:00", "days": [8]}),
        "hours.days[0]: found 8, allowed: 1 to 7",
    ),
    # Zones
    (zone([[0, 0], [1, 1]]), "sources[0].zones[0].polygon: a polygon needs at least 3 points, found 2"),
    (zone([[0, 0], [1, 1], [0.5, 0.5]]), "sources[0].zones[0].polygon: a polygon needs an area"),
    (zone([[0, 0], [1, 1], [1, 0], [0, 1]]), "sources[0].zones[0].polygon: its edges cross, found edge 1"),
    (
        zone([[0, 0], [1.2, 0], [1, 1]]),
        "zones[0].polygon: points are shares of the picture from 0 to 1, found [1.2, 0]",
    ),
    (zone([[100, 40], [640, 40], [640, 480]]), "found [100, 40], [640, 40], [640, 480]; pixels, perhaps"),
    (zone([[0, 0, 0], [1, 0], [1, 1]]), "sources[0].zones[0].polygon[0]: found a list of 3, allowed: at most 2"),
    (zone([["a", 0], [1, 0], [1, 1]]), "sources[0].zones[0].polygon[0][0]: found 'a', expected a number"),
    (zone("0,0,1,1"), "sources[0].zones[0].polygon: found '0,0,1,1', expected a list"),
    # Names
    (site(sources=[source(), source()]), "sources[1].name: source 'hall' stands at sources[0].name already"),
    (
        site(sources=[source(zones=[source()["zones"][0]] * 2)]),
        "sources[0].zones[1].name: zone 'yard' stands at sources[0].zones[0].name already",
    ),
    (
        site(sources=[source(rules=[{"rule": "fire"}] * 2)]),
        "sources[0].rules[1]: rule 'fire' stands at sources[0].rules[0]",
    ),
    (site(models=[{"name": "flames"}, {"name": "people"}, {"name": "people"}]), "models[2]: model 'people' stands at"),
    (
        rule(rule="restricted_zone", zone="yrd"),
        "sources[0].rules[0].zone: the source has no zone 'yrd', did you mean 'yard'?",
    ),
    (site(sources=[source(zones=[])]), "sources[0].rules[1].zone: the source has no zone 'yard', it has none"),
    (rule(rule="restricted_zone"), "sources[0].rules[0]: rule restricted_zone needs a zone"),
    # Models
    (site(models=[{"name": "flame"}, {"name": "people"}]), "models[0].name: no model 'flame' in"),
    (site(models=[{"path": "nowhere"}, {"name": "people"}]), "models[0].path:"),
    (site(models=[{}, {"name": "people"}]), "models[0]: a model is given by `name` or by `path`"),
    (site(models=[{"name": "flames"}]), "sources[0].rules[1]: rule 'restricted_zone' needs a model that sees person"),
    (
        site(models=[{"name": "flames", "rules": ["smoke"]}, {"name": "people"}]),
        "none that may serve it does: flames (kept for smoke) sees fire, smoke; people sees person, vehicle",
    ),
    (rule(rule="fire", model="people"), "sources[0].rules[0]: rule 'fire' needs a model that sees fire"),
    (rule(rule="fire", model="flame"), "rules[0].model: the site has no model 'flame', did you mean 'flames'?"),
    (
        rule(rule="restricted_zone", zone="yard", meanings=["machinery"]),
        "rule 'restricted_zone' needs a model that sees machinery",
    ),
    (
        site(models=[{"name": "flames", "thresholds": {"fires": 0.2}}, {"name": "people"}]),
        "models[0].thresholds.fires: model 'flames' has no class 'fires', did you mean 'fire'? allowed: fire, smoke",
    ),
    (
        site(models=[{"name": "flames", "thresholds": {"fire": 1.5}}, {"name": "people"}]),
        "models[0].thresholds.fire: found 1.5, allowed: above 0 to below 1",
    ),
    # Escalation
    (
        rule(rule="fire", severity=3, escalate=[{"after_s": 9, "severity": 2}]),
        "rules[0].escalate[0].severity: found 2, must rise above the rule's own 3, allowed: 4",
    ),
    (
        rule(rule="smoke", severity=1, escalate=[{"after_s": 9, "severity": 2}, {"after_s": 9, "severity": 3}]),
        "rules[0].escalate[1].after_s: found 9, allowed: above 9",
    ),
    (rule(rule="fire", escalate=[{"after_s": 9, "severity": 4}]), "allowed: none above 4: remove the step"),
    # Outputs
    (
        site(
            outputs=[
                {"kind": "webhook", "name": "a", "url": "http://x/"},
                {"kind": "command", "name": "a", "run": ["x"]},
            ]
        ),
        "outputs[1].name: output 'a' stands at outputs[0].name already, names must differ",
    ),
    (
        site(outputs=[{"kind": "webhook", "name": "a", "url": "http://x/", "sources": ["yrd"]}]),
        "outputs[0].sources[0]: the site has no source 'yrd'",
    ),
    (site(outputs=[{"kind": "siren", "name": "a"}]), "outputs[0].kind: found 'siren'"),
    (site(outputs=[{"kind": "webhook", "name": "a", "url": "ftp://x/"}]), "outputs[0].url: found 'ftp://x/'"),
    # Place, drill, broker
    (
        site(sources=[source(place={"enterprise": {"uscc": "91330206MA2DEM0172"}})]),
        "sources[0].place.enterprise.uscc: found '91330206MA2DEM0172': '91330206MA2DEM0172' ends in 2",
    ),
    (
        site(sources=[source(drill={"items": [{"kind": "fire", "at": [1.4, 0.5]}]})]),
        "sources[0].drill.items[0].at[0]: found 1.4, allowed: 0 to 1",
    ),
    (
        site(sources=[source(drill={"items": [{"kind": "fog", "at": [1, 0.5]}]})]),
        "sources[0].drill.items[0].kind: found 'fog', allowed: fire, smoke, obstacle",
    ),
    (site(broker={"password": "x"}), "broker: password without username"),
]


@pytest.mark.parametrize(("content", "said"), FAULTS, ids=[said[:60] for _, said in FAULTS])
def test_one_fault_is_one_line(content: dict[str, Any] | str, said: str, tmp_path: Path, store: ModelStore) -> None:
    faults = faults_of(tmp_path, content, store)
    without_lines = [f"{fault.partition(' (line')[0]}: {fault.partition('): ')[2]}" for fault in faults]
    assert len(faults) == 1, "\n".join(faults)
    assert said in without_lines[0]


EIGHT_MISTAKES = """\
site:
  name: workshop
broker:
  host: 127.0.0.1
  usernme: shop
models:
  - name: flames
sources:
  - name: hall
    url: rtsp://10.0.0.2/1
    zones:
      - name: door
        polygon: [[0.1, 0.1], [0.9, 0.9]]
    rules:
      - rule: fire
        severity: 5
      - rule: restricted_zone
        zone: dor
      - rule: smke
  - name: hall
    url: rtsp://admin:${NO_SUCH}@10.0.0.3/1
    pace: quick
    rules: [{rule: fire}]
"""


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path, store: ModelStore) -> None:
    # Faults of the fields, of the environment and between the parts, with the lines as an editor counts them.
    faults = faults_of(tmp_path, EIGHT_MISTAKES, store)
    assert [fault.partition("): ")[0] + ")" for fault in faults] == [
        "broker.usernme (line 5)",
        "sources[0].zones[0].polygon (line 13)",
        "sources[0].rules[0].severity (line 16)",
        "sources[0].rules[1] (line 17)",  # no model sees people
        "sources[0].rules[1].zone (line 18)",
        "sources[0].rules[2].rule (line 19)",
        "sources[1].name (line 20)",
        "sources[1].url (line 21)",
        "sources[1].pace (line 22)",
    ]


def test_the_error_names_the_file(tmp_path: Path, store: ModelStore) -> None:
    with pytest.raises(ConfigError) as caught:
        load_site(write(tmp_path, "a: 1"), ENV, store)
    assert str(caught.value).startswith(f"{tmp_path / 'site.yaml'}: ")


@pytest.mark.parametrize(
    "content",
    [
        site(broker={"host": "h", "username": "u", "password": ["hunter2"]}),  # the wrong kind of value
        site(broker={"host": "h", "username": 7, "password": "hunter2", "nothing": 1}),
        site(sources=[source(url=["rtsp://admin:hunter2@h/"])]),
        site(sources=[source(url="rtsp://admin:hunter2@h/", rules=[])]),
        site(site={"name": "${MQTT_PASSWORD} !"}),  # shown as written
        site(broker={"password": "hunter2"}),
    ],
)
def test_faults_show_no_secrets(content: dict[str, Any], tmp_path: Path, store: ModelStore) -> None:
    faults = faults_of(tmp_path, content, store)
    assert not any("hunter2" in fault for fault in faults)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_bytes("name: 车间".encode("gbk")), "UTF-8"),
        (lambda path: path.write_text(""), "empty"),
    ],
)
def test_what_is_no_site_file(make: Any, said: str, tmp_path: Path, store: ModelStore) -> None:
    make(tmp_path / "site.yaml")
    with pytest.raises(ConfigError, match=said):
        load_site(tmp_path / "site.yaml", ENV, store)


# Keys and values that the loader knows, mixed with ones that it does not.
_WORDS = st.sampled_from(
    [*Site.model_fields, "name", "url", "rules", "rule", "zones", "polygon", "hours", "<<", "drill"]
)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), _WORDS,
    st.sampled_from(["fire", "yard", "${A}", "${", "$${x}", "22:00", "1e999", "0x1F", "~", "*a", "&a b", "!x y"]),
)  # fmt: skip
_TREES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.one_of(_WORDS, st.text(max_size=5)), inner, max_size=4)
    ),
    max_leaves=12,
)


def _loads_or_says_why(folder: Path, content: bytes, store: ModelStore) -> None:
    path = folder / "site.yaml"
    path.write_bytes(content)
    try:
        load_site(path, {"A": "a"}, store)
    except ConfigError as error:
        refusal = error
    else:
        return
    assert refusal.faults
    str(refusal).encode()  # can be printed anywhere


_RANDOM = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_RANDOM
@given(part=st.sampled_from(list(Site.model_fields)), tree=_TREES)
def test_any_values_load_or_are_refused(part: str, tree: Any, tmp_path: Path, store: ModelStore) -> None:
    _loads_or_says_why(tmp_path, yaml.safe_dump(site(**{part: tree}), allow_unicode=True).encode(), store)


@_RANDOM
@given(tree=_TREES, key=st.sampled_from(["rules", "zones", "place", "hours", "drill", "url", "name", "max_gap_s"]))
def test_any_source_loads_or_is_refused(tree: Any, key: str, tmp_path: Path, store: ModelStore) -> None:
    _loads_or_says_why(tmp_path, yaml.safe_dump(site(sources=[source(**{key: tree})])).encode(), store)


@_RANDOM
@given(content=st.binary(max_size=60) | st.text(alphabet="ab:-[]{}&*!<>?|#'\" \n\t%@", max_size=40).map(str.encode))
def test_any_bytes_load_or_are_refused(content: bytes, tmp_path: Path, store: ModelStore) -> None:
    _loads_or_says_why(tmp_path, content, store)
