"""docs/privacy.md claims nothing that is not there: its commands, tests and years of retention are the program's own."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from dropout.cli import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(test_\w+\.py)::(\w+)`")
COMMAND = re.compile(r"`dropout ([a-z][a-z-]*(?: [a-z][a-z-]*)?)[^`]*`")
OPEN = "not answered: "


def table(heading: str) -> list[tuple[str, str, str]]:
    """The rows of the first table of three columns below `heading`, without its head."""
    section = PAGE.split(f"\n{heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert lines, heading
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines.group().splitlines()[2:]]
    assert all(len(row) == 3 for row in rows), [row for row in rows if len(row) != 3]
    return rows  # type: ignore[return-value]


DUTIES = table("## 4. Duties, and what shows them")
THREATS = table("## 5. Who could attack what")
COMMANDS = sorted(set(COMMAND.findall(PAGE)))
TESTS = sorted(set(TEST.findall(PAGE)))


@cache
def functions(file: str) -> frozenset[str]:
    """The tests of `file`, as pytest finds them: functions at its top level. Empty where there is no such file."""
    paths = list((ROOT / "tests").rglob(file))
    assert len(paths) < 2, f"{file} names two files"
    nodes = [node for path in paths for node in ast.parse(path.read_text(encoding="utf-8")).body]
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def leads_to(words: list[str], command: object) -> bool:
    """Whether `words` are a command below the group `command`, with all words that are needed to run it."""
    if not isinstance(command, TyperGroup):
        return True  # what follows are arguments
    return bool(words) and words[0] in command.commands and leads_to(words[1:], command.commands[words[0]])


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_of_the_page_exists(words: str) -> None:
    assert leads_to(words.split(), typer.main.get_command(app))


@pytest.mark.parametrize(("file", "function"), TESTS)
def test_every_test_of_the_page_exists(file: str, function: str) -> None:
    assert function in functions(file)


def test_the_check_itself_can_fail() -> None:
    command = typer.main.get_command(app)
    assert leads_to(["audit", "verify"], command)
    assert not any(leads_to(words, command) for words in (["audit"], ["audit", "mend"], ["nothing"], []))
    assert "test_the_check_itself_can_fail" in functions("test_privacy_page.py")
    assert not functions("test_nothing_of_that_name.py")


@pytest.mark.parametrize("row", DUTIES, ids=lambda row: row[0])
def test_every_duty_names_a_command_or_a_test(row: tuple[str, str, str]) -> None:
    assert TEST.search(row[2]) or COMMAND.search(row[2])


def test_no_law_of_the_table_was_lost() -> None:
    duties = " ".join(row[0] for row in DUTIES)
    articles = [f"GDPR {n}" for n in ("15", "16", "17", "21", "22", "25", "32", "35")] + [f"AI Act {n}" for n in range(9, 16)]
    asked = [*articles, "09-08 art. 7", "09-08 art. 8", "09-08 art. 9", "09-08 art. 11", "09-08 art. 12", "UNESCO", "Roadmap"]
    assert [name for name in asked if not re.search(rf"{re.escape(name)}\b", duties)] == []


@pytest.mark.parametrize("row", THREATS, ids=lambda row: row[0][:60])
def test_every_threat_names_a_test_or_says_that_it_is_open(row: tuple[str, str, str]) -> None:
    is_open = row[2].startswith(OPEN)
    assert bool(TEST.search(row[2])) != is_open
    if is_open:
        assert len(row[2]) > len(OPEN) + 10  # and says why


def years() -> dict[str, int]:
    """Years of retention by the name of a contract or a setting."""
    found: dict[str, int] = {}
    for path in (ROOT / "data_contracts" / "tables").glob("*.yaml"):
        retention = yaml.safe_load(path.read_text(encoding="utf-8")).get("retention", {})
        found |= {path.stem if name == "years" else f"{path.stem}.{name}": n for name, n in retention.items()}
    template = (ROOT / "dropout" / "dropout.toml.template").read_text(encoding="utf-8")
    return found | {name: int(n) for name, n in re.findall(r"^(\w+_years) = (\d+)", template, re.MULTILINE)}


def test_the_years_are_those_of_contracts_and_settings() -> None:
    rows = PAGE.split("<!-- retention: begin -->")[1].split("<!-- retention: end -->")[0]
    told = {name: int(n) for n, name in re.findall(r"(\d+) years[^|]*\(`([\w.]+)`\) \|", rows)}
    # totals stand for attendance where there is none
    assert told == {name: n for name, n in years().items() if name != "attendance_total"}
