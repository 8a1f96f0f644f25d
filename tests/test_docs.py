"""What the pages say is true: their commands run, their files load, their links lead somewhere.

The shell blocks of a page run as one script, in order, in a folder that holds the page's site files. A camera's
address stands for the demo footage, port 1883 for a broker of this test. `lookout watch` goes on in the background;
`lookout run` is stopped by Ctrl-C once the former has shown an alarm.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from edge.config import load_site
from edge.delivery.broker import EmbeddedBroker
from tests.pages import Block, blocks, pages

ROOT = Path(__file__).resolve().parents[1]
ALL = [block for page in pages(ROOT) for block in blocks(page)]
SHELL = {"bash", "sh"}
LANGUAGES = SHELL | {"yaml", "json", "python", "text"}
VARIABLE = re.compile(r"\$\{(\w+)\}")
ALARM = "▲"
PRELUDE = f"""
set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
run_until_alarm() {{
  "$LOOKOUT" "$@" &
  for _ in {{1..120}}; do grep -q {ALARM} watched.txt && break; sleep 0.5; done
  kill -INT $!
  wait $!
}}
lookout() {{
  case "$1" in
    run) run_until_alarm "$@" ;;
    watch) "$LOOKOUT" "$@" >>watched.txt 2>&1 & sleep 3 ;;
    *) "$LOOKOUT" "$@" ;;
  esac
}}
"""


def of(*languages: str) -> list[Block]:
    return [block for block in ALL if block.language in languages and not block.not_run]


def is_site(block: Block) -> bool:
    """A whole site file, not a part of one."""
    content = yaml.safe_load(block.text)
    return isinstance(content, dict) and {"site", "sources"} <= content.keys()


def environment(*texts: str) -> dict[str, str]:
    """This process's environment, with a value for every variable of the texts."""
    return {**dict.fromkeys(VARIABLE.findall("".join(texts)), "secret"), **os.environ}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with EmbeddedBroker() as broker:
        yield broker.port


def clip() -> str:
    return str(next((ROOT / "datasets" / "demo").glob("*.mp4")))


def site_at_hand(block: Block, port: int) -> str:
    """The site with demo footage for its cameras and this test's broker for the platform's."""
    site = yaml.safe_load(block.text)
    site["broker"]["port"] = port
    for source in site["sources"]:
        source["url"] = clip()
    return yaml.safe_dump(site, allow_unicode=True)


def script_of(page: Path, port: int) -> str:
    parts = [f"echo '## {block}' >&2\n{block.text}" for block in of(*SHELL) if block.page == page]
    script = re.sub(r"rtsp://[^\s'\"]+", clip(), "\n".join(parts))
    return PRELUDE + re.sub(r"\b1883\b", str(port), script)


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({block.page for block in of(*SHELL)}), ids=lambda page: page.name)
def test_commands(page: Path, port: int, tmp_path: Path) -> None:
    sites = [block for block in of("yaml") if block.page == page and is_site(block)]
    for block in sites:
        (tmp_path / (block.file_name or "site.yaml")).write_text(site_at_hand(block, port))
    programs = Path(sys.executable).parent
    names = {"LOOKOUT": str(programs / "lookout"), "PATH": f"{programs}:{os.environ['PATH']}"}
    # A session of its own: what a failed block leaves in the background ends with it.
    with subprocess.Popen(
        ["bash", "-c", script_of(page, port)],
        cwd=tmp_path,
        env={**environment(*(block.text for block in sites)), **names},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 0, output
    watched = tmp_path / "watched.txt"
    if watched.exists():
        assert ALARM in watched.read_text(), f"{output}\nwatch: {watched.read_text()}"


@pytest.mark.parametrize("block", of("json", "python"), ids=str)
def test_json_and_python(block: Block, tmp_path: Path) -> None:
    if block.language == "json":
        json.loads(block.text)
        return
    command = [sys.executable, "-W", "error", "-c", block.text]
    names = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=tmp_path, env=names, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_site_files(block: Block, tmp_path: Path) -> None:
    if is_site(block):
        path = tmp_path / (block.file_name or "site.yaml")
        path.write_text(block.text)
        assert load_site(path, environment(block.text)).sources


@pytest.mark.parametrize("block", ALL, ids=str)
def test_every_block_says_what_it_is(block: Block) -> None:
    assert block.language in LANGUAGES, f"allowed: {', '.join(sorted(LANGUAGES))}"


@pytest.mark.parametrize("page", pages(ROOT), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing
