"""The docs are true: commands exist and are described, exit codes are all there, generated pages are as made."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dropout import errors
from dropout.cli import app
from dropout.features.catalogue import load_catalogue
from dropout.features.dictionary import features_page

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
GROUPS = {g.name for g in app.registered_groups}


def test_every_command_is_in_the_docs() -> None:
    text = "\n".join(p.read_text(encoding="utf-8") for p in PAGES)
    undocumented = [c for c in COMMANDS if not re.search(rf"dropout (--\S+ \S+ )?{c}\b|`{c}`", text)]
    assert undocumented == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_the_docs_name_only_commands_that_exist(page: Path) -> None:
    named = set(re.findall(r"^(?:[\d*\s-]*)dropout (?:--\S+ \S+ )?([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= COMMANDS | GROUPS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert len(shown.output.split()) > 12


def test_exit_codes_are_documented_as_they_are() -> None:
    table = dict(re.findall(r"^\| (\d+) \| (\w+) \|", (ROOT / "docs" / "operate.md").read_text(encoding="utf-8"), re.MULTILINE))
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.DropoutError)]
    ours = {str(c.exit_code): c.__name__ for c in classes if c is not errors.DropoutError}
    assert table == ours


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} → {target}"


def test_the_page_of_features_is_as_made() -> None:
    assert (ROOT / "docs" / "features.md").read_text(encoding="utf-8") == features_page()


def test_every_feature_of_the_snapshot_is_declared_and_no_sensitive_one() -> None:
    names = {f.name for f in load_catalogue().features}
    assert not {n for n in names if re.search(r"sex|gender|disab|tongue|language|poverty|scholar|locality|origin|name\b", n)}


def test_the_lock_holds_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://|--(extra-)?index|file:", lock)
    pinned = {line.split("==")[0] for line in lock.splitlines() if "==" in line and not line.startswith(" ")}
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {re.split(r"[<>=]", w)[0].lower() for w in wanted} <= pinned


def test_sql_files_state_their_grain_and_are_one_statement() -> None:
    for path in (ROOT / "sql").rglob("*.sql"):
        if path.parent.name == "migrations":
            continue
        text = path.read_text(encoding="utf-8")
        assert text.startswith("-- "), path.name
        assert ";" not in re.sub(r"--.*|'[^']*'", "", text), path.name
