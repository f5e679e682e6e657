"""The documents for counselors and analysts say what the files hold; their queries run."""

import re
from pathlib import Path

import duckdb
import pytest

from dropout.features.plurals import form_of
from dropout.monitor.night import tonight
from dropout.publish import marts
from dropout.publish.changes.words import changes_of
from dropout.publish.words import words_of
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import step
from tests.publish_district import begun, district, evaluated, protecting, scored

DOCS = Path(__file__).parents[2] / "docs"
HEADINGS = {"en": "## English", "fr": "## Français", "ar": "## العربية"}
ANALYSE = (DOCS / "analyse.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", ANALYSE, flags=re.S)


@pytest.mark.parametrize("language", HEADINGS)
def test_counselors_find_every_column_with_meaning_and_example(language: str) -> None:
    text = (DOCS / "counsel.md").read_text(encoding="utf-8")
    section = text.split(f"\n{HEADINGS[language]}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    assert [row[0].strip() for row in rows] == list(words_of(language).columns.model_dump().values())
    assert all(len(row) == 3 and row[1].strip() for row in rows)
    missing = [row[0] for row in rows if not row[2].strip(" |")]
    assert [name.strip() for name in missing] == [words_of(language).columns.note]  # a note is told in its meaning


def test_examples_are_written_as_the_lists_write_them() -> None:
    text = (DOCS / "counsel.md").read_text(encoding="utf-8")
    for language in HEADINGS:
        chance = words_of(language).chance
        near = form_of(3, chance.near, words_of(language).locale).format(n=3, of=10)
        assert chance.interval.format(chance=near, low=24, high=37) in text
        change = changes_of(language).change.kept_chance.split("{")[0]
        assert change in text


def test_the_dictionary_is_the_one_of_the_marts() -> None:
    written = re.search(r"<!-- dictionary: begin -->\n(.*)<!-- dictionary: end -->", ANALYSE, flags=re.S)
    assert written is not None
    assert written[1].strip() == marts.dictionary().strip()


@pytest.fixture(scope="module")
def analytics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("docs")
    deployment = district(root)
    with connect(deployment) as con:
        scored(con)
        evaluated(con)
        run = begun(con, deployment)
        with step(con, run, "score"):
            pass
        tonight(con, run)
        protecting(con, deployment, root)
        marts.build(con, root / "analytics.duckdb")
        marts.close(con)
    return root / "analytics.duckdb"


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_runs_and_finds_something(query: str, analytics: Path) -> None:
    with duckdb.connect(str(analytics), read_only=True) as con:
        assert con.execute(query).fetchall()


def test_there_are_queries() -> None:
    assert len(QUERIES) >= 6
