"""What list, page, workbook and report say of a suspended model, of an earlier version, and of what families contest."""

import csv
from pathlib import Path
from string import Formatter

import duckdb
import openpyxl
import pytest

from dropout.privacy.disclosure import LEAST
from dropout.publish import charts
from dropout.publish.oversight.words import oversight_words
from dropout.publish.publish import publish
from dropout.publish.words import LANGUAGES, words_of
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.publish_district import NIGHT, TARGET, begun, district, evaluated, scored

SCHOOLS = {"S1": "fr", "S2": "ar", "S3": "en"}  # S4 reads French, and lists nobody
SUSPENDED = {
    "fr": "Le modèle statistique est suspendu depuis le 7 mars 2025",
    "ar": "النموذج الإحصائي موقوف منذ 7 مارس 2025",
    "en": "The statistical model is suspended since March 7, 2025",
}
OLDER = {"fr": "appris le 4 décembre 2024", "ar": "وقد تعلم في 4 دجنبر 2024", "en": "trained on December 4, 2024"}


@pytest.fixture(autouse=True)
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "svg", lambda *chart, **size: "<svg></svg>")


def served(con: duckdb.DuckDBPyConnection, state: str, since: str) -> None:
    con.execute("insert into night.serving values (?, ?, 'model-2', ?, ?, ?)", [NIGHT, TARGET, "model-1", state, since])


def suspended(con: duckdb.DuckDBPyConnection) -> None:
    """As `score` leaves the night: the rule in place of the model, no chance."""
    scored(con, method="absence_rule")
    con.execute(
        "update night.score set chance = null, chance_low = null, chance_high = null, raw = null, model_version = 'model-1'"
    )
    con.execute("insert into ops.suspension values ('model-1', ?, '2025-03-07 10:00', 'unfair', null)", [TARGET])
    served(con, "suspended", "2025-03-07")


def published(tmp_path: Path, *steps: object) -> Deployment:
    deployment = district(tmp_path)
    with connect(deployment) as con:
        evaluated(con)
        for step in steps:
            step(con)  # type: ignore[operator]
        publish(con, begun(con, deployment))
    return deployment


def lines(deployment: Deployment, school: str) -> list[dict[str, str]]:
    """The list's CSV, by the names of the columns."""
    language = words_of(SCHOOLS.get(school, "fr"))
    path = deployment.published / f"current/lists/{school}/{school}_{NIGHT}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=language.separator))
    return [dict(zip(language.columns.model_dump(), row, strict=True)) for row in rows[1:]]


def page(deployment: Deployment, school: str) -> str:
    return (deployment.published / f"current/lists/{school}/{school}_{NIGHT}.html").read_text(encoding="utf-8")


def cells(deployment: Deployment, school: str, sheet: int) -> str:
    book = openpyxl.load_workbook(deployment.published / f"current/lists/{school}/{school}_{NIGHT}.xlsx")
    return "\n".join(str(c) for row in book.worksheets[sheet].iter_rows(values_only=True) for c in row if c is not None)


def test_every_file_of_every_school_says_since_when_the_model_is_suspended(tmp_path: Path) -> None:
    deployment = published(tmp_path, suspended)
    for school, language in SCHOOLS.items():
        said, rule = SUSPENDED[language], words_of(language).notes.absence_rule
        rows = lines(deployment, school)
        assert len(rows) == 4 and all(said in row["note"] for row in rows)
        assert all(row["chance_percent"] == row["chance"] == "" for row in rows)
        assert all(rule not in row["note"] for row in rows)  # "no model did better" would not be true
        for sheet in (0, -1):  # the list, and how to read it
            assert said in cells(deployment, school, sheet)
        assert f'<p class="notice">{said}' in page(deployment, school)
        assert page(deployment, school).count(said) == 1 + 4  # at the head, and on each pupil's sheet
        assert "62" not in cells(deployment, school, -1)  # what the model's test found is not said of the rule


def test_a_list_without_pupils_says_so_too(tmp_path: Path) -> None:
    deployment = published(tmp_path, suspended)
    [row] = lines(deployment, "S4")
    assert row["note"].startswith(SUSPENDED["fr"]) and row["list_date"] == ""
    assert SUSPENDED["fr"] in cells(deployment, "S4", 0) and SUSPENDED["fr"] in page(deployment, "S4")


def test_report_and_analysts_file_say_it(tmp_path: Path) -> None:
    deployment = published(tmp_path, suspended)
    report = (deployment.published / "current/report.html").read_text(encoding="utf-8")
    assert "Suspendu depuis le 7 mars 2025\u00a0: \u2068model-1\u2069" in report
    with duckdb.connect(str((deployment.published / "current/analytics.duckdb").resolve()), read_only=True) as con:
        assert con.execute("select status from marts.model where version = 'model-1'").fetchall() == [("suspended",)]
        assert con.execute("select count(chance) from marts.student_risk").fetchall() == [(0,)]


def test_an_earlier_version_is_named(tmp_path: Path) -> None:
    deployment = published(tmp_path, scored, lambda con: served(con, "older", "2024-12-04"))
    for school, language in SCHOOLS.items():
        rows = lines(deployment, school)
        assert all(OLDER[language] in row["note"] and "model-1" in row["note"] for row in rows)
        assert all(row["chance"] for row in rows)  # a model did speak
        assert OLDER[language] in page(deployment, school) and OLDER[language] in cells(deployment, school, -1)
    report = (deployment.published / "current/report.html").read_text(encoding="utf-8")
    assert "Les fichiers de \u2068model-2\u2069 sont abîmés" in report


def test_nothing_is_said_where_the_model_in_force_speaks(tmp_path: Path) -> None:
    deployment = published(tmp_path, scored, lambda con: served(con, "in_force", "2024-09-05"))
    assert all(row["note"] == "" for row in lines(deployment, "S3"))
    assert "suspen" not in page(deployment, "S3") and lines(deployment, "S4") == []


def contested(con: duckdb.DuckDBPyConnection) -> None:
    """Pupils 1 (S1), 17 (S2) and 33 (S3) lead their lists; 34 was answered, 35 contests only after the night."""
    rows = [
        (1, "2025-03-01", "wrong_data", None, None),
        (17, "2025-02-01", "wrong_pupil", None, None),
        (17, "2025-03-01", "disagrees", None, None),  # the newest is told
        (33, "2025-03-10", "unwanted", None, None),
        (34, "2025-03-01", "wrong_data", "2025-03-05", "stands"),
        (35, "2025-03-11", "wrong_data", None, None),
    ]
    con.executemany("insert into ops.contest values (?, ?, ?, ?, ?)", rows)


def test_a_list_says_what_a_family_contests_until_it_is_answered(tmp_path: Path) -> None:
    deployment = published(tmp_path, scored, contested)
    first, *others = lines(deployment, "S1")
    assert "Depuis le 1 mars 2025 la famille conteste ce qui est dit ici\u00a0: les données sont fausses." in first["note"]
    assert not any("conteste" in row["note"] for row in others)
    assert "منذ 1 مارس 2025 تعترض الأسرة على ما ورد هنا: ترى الأسرة الوضع بشكل آخر." in lines(deployment, "S2")[0]["note"]
    english = lines(deployment, "S3")
    assert "they do not want a computed chance" in english[0]["note"]
    assert [row["note"] for row in english[1:3]] == ["", ""]
    assert "conteste" in page(deployment, "S1") and "conteste" in cells(deployment, "S1", 0)


def test_counts_of_contestations_point_at_nobody(tmp_path: Path) -> None:
    """3 of wrong_data are hidden; 12 of disagrees are 10, for 12 is nearer to 10 than to 15; no row is a pupil's."""

    def many(con: duckdb.DuckDBPyConnection) -> None:
        contested(con)
        con.execute("insert into ops.contest select k, date '2025-01-06', 'has_changed', null, null from range(1, 13) as r(k)")

    deployment = published(tmp_path, scored, many)
    with duckdb.connect(str((deployment.published / "current/analytics.duckdb").resolve()), read_only=True) as con:
        found = con.execute("from marts.contest").fetchall()
    assert ("has_changed", None, 10) in found and ("wrong_data", None, None) in found and ("wrong_data", "stands", None) in found
    report = (deployment.published / "current/report.html").read_text(encoding="utf-8")
    table = report.split("Contestations des familles")[1].split("</table>")[0]
    assert str(LEAST) in table.split("</tr>")[2] and "caché" in table  # rows: heading, disagrees, has_changed, …


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_fill_in_the_same_in_every_language(language: str) -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    ours, english = oversight_words(language), oversight_words("en")
    for name, text in english:
        if isinstance(text, str):
            assert fields(text) == fields(getattr(ours, name)), name
