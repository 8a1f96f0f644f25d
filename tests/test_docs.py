"""What the pages say is true: their commands run, their files load, their links lead somewhere.

The bash blocks of a page run as one script, in order, in a folder that holds the page's named YAML blocks. A camera's
address stands for the demo footage, port 1883 for a broker of this test. `lookout run` is stopped after some seconds,
`lookout watch` goes on in the background; what it saw can be asked of afterwards.
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
from edge.delivery.broker import EmbeddedBroker

from tests.pages import Block, blocks, pages

ROOT = Path(__file__).resolve().parents[1]
ALL = [block for page in pages(ROOT) for block in blocks(page)]
LANGUAGES = {"bash", "yaml", "json", "python", "text"}
RUN_S = 25
PRELUDE = f"""
set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
lookout() {{
  case "$1" in
    run) timeout --signal=INT {RUN_S} "$LOOKOUT" "$@" || [[ $? == 124 ]] ;;
    watch) "$LOOKOUT" "$@" >>watched.txt 2>&1 & sleep 3 ;;
    *) "$LOOKOUT" "$@" ;;
  esac
}}
"""


def of(language: str) -> list[Block]:
    return [block for block in ALL if block.language == language and not block.not_run]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with EmbeddedBroker() as broker:
        yield broker.port


def at_hand(text: str, port: int) -> str:
    """The text with demo footage for the camera and this test's broker for the platform's."""
    clip = next((ROOT / "datasets" / "demo").glob("*.mp4"))
    text = re.sub(r"rtsp://[^\s'\"]+", str(clip), text)
    return re.sub(r"\b1883\b", str(port), text)


def script_of(page: Path, port: int) -> str:
    parts = [f"echo '## {block}' >&2\n{block.text}" for block in of("bash") if block.page == page]
    return PRELUDE + at_hand("\n".join(parts), port)


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({block.page for block in of("bash")}), ids=lambda page: page.name)
def test_commands(page: Path, port: int, tmp_path: Path) -> None:
    for block in of("yaml"):
        if block.page == page and block.file_name:
            (tmp_path / block.file_name).write_text(at_hand(block.text, port))
    programs = Path(sys.executable).parent
    environment = {**os.environ, "LOOKOUT": str(programs / "lookout"), "PATH": f"{programs}:{os.environ['PATH']}"}
    script = ["bash", "-c", script_of(page, port)]
    # A session of its own: what a failed block leaves in the background ends with it.
    with subprocess.Popen(
        script,
        cwd=tmp_path,
        env=environment,
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
        assert "restricted_zone" in watched.read_text(), f"{output}\nwatch: {watched.read_text()}"


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python(block: Block, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", block.text]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_site_files(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.config import load_site

    content = yaml.safe_load(block.text)
    if not isinstance(content, dict) or "sources" not in content or "site" not in content:
        return  # a part of a site file, or another kind of file: it parses
    path = tmp_path / (block.file_name or "site.yaml")
    path.write_text(block.text)
    secrets = dict.fromkeys(re.findall(r"\$\{(\w+)", block.text), "secret")
    assert load_site(path, {**os.environ, **secrets}).sources


@pytest.mark.parametrize("block", ALL, ids=str)
def test_every_block_says_what_it_is(block: Block) -> None:
    assert block.language in LANGUAGES, f"allowed: {', '.join(sorted(LANGUAGES))}"


@pytest.mark.parametrize("page", pages(ROOT), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing
