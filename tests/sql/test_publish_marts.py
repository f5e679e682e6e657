"""The analysts' file: every table and column speaks for itself, nobody can be named, the same night gives the same rows."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dropout.errors import SettingsError
from dropout.monitor.night import tonight
from dropout.publish import marts
from dropout.resources import resource
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import step
from tests.publish_district import NIGHT, TARGET, begun, district, evaluated, scored


def built(root: Path) -> Path:
    deployment = district(root)
    with connect(deployment) as con:
        scored(con)
        evaluated(con)
        run = begun(con, deployment)
        with step(con, run, "score") as counts:
            counts["students"] = 64
        tonight(con, run)
        marts.build(con, root / "analytics.duckdb")
        marts.close(con)
    return root / "analytics.duckdb"


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(str(built(tmp_path_factory.mktemp("marts"))), read_only=True)
    yield con
    con.close()


def one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    (row,) = con.execute(query).fetchall()
    return tuple(row)


def test_every_table_and_column_has_its_comment(con: duckdb.DuckDBPyConnection) -> None:
    tables = dict(con.execute("select table_name, comment from duckdb_tables() where schema_name = 'marts'").fetchall())
    assert tables == {name: mart.comment for name, mart in marts.load_marts().items()}
    columns = con.execute(
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts' order by all"
    ).fetchall()
    declared = [(name, c, words) for name, mart in marts.load_marts().items() for c, words in mart.columns.items()]
    assert columns == sorted(declared)
    assert all(comment and comment.endswith((".", "?")) for *_, comment in columns)
    assert all(comment.startswith("One row per ") for comment in tables.values())


def test_the_tables_that_were_asked_for(con: duckdb.DuckDBPyConnection) -> None:
    assert list(marts.load_marts()) == [
        "student_risk", "student_reason", "school_night", "followup", "list_response", "contest", "class_day", "run", "model",
        "evaluation", "recalibration", "data_quality",
    ]  # fmt: skip
    risk = [name for name, *_ in con.execute("describe marts.student_risk").fetchall()]
    assert ",".join(risk) == (
        "student_key,as_of_date,target,school_id,grade_level,school_year,model_version,method,chance,chance_low,chance_high,"
        "school_rank,is_listed,is_abstained,abstain_reason"
    )


def test_no_column_could_name_anybody(con: duckdb.DuckDBPyConnection) -> None:
    names = {name for (name,) in con.execute("select column_name from duckdb_columns() where schema_name = 'marts'").fetchall()}
    assert not names & {
        "student_id",
        "birth_date",
        "birth_year",
        "given_name",
        "family_name",
        "guardian_phone",
        "sex",
    }


def test_no_class_stands_beside_a_student(con: duckdb.DuckDBPyConnection) -> None:
    """School, grade and class together can be three pupils; a class's own registers name nobody."""
    tables = "select table_name from duckdb_columns() where schema_name = 'marts' and column_name = "
    assert con.execute(tables + "'class_id'").fetchall() == [("class_day",)]
    assert ("class_day",) not in con.execute(tables + "'student_key'").fetchall()


def test_student_risk(con: duckdb.DuckDBPyConnection) -> None:
    # student 18 (hexadecimal 12): place 1 of S2, chance 0.9 - 1/20
    found = one(
        con,
        "select student_key, as_of_date, target, school_id, grade_level, school_year, model_version, method, round(chance, 4), "
        "round(chance_low, 4), round(chance_high, 4), school_rank, is_listed, is_abstained, abstain_reason "
        "from marts.student_risk where student_key = '000000000000012'",
    )
    expected = (
        "000000000000012",
        NIGHT,
        TARGET,
        "S2",
        7,
        "2024-2025",
        "model-1",
        "model",
        0.85,
        0.775,
        0.912,
        2,
        True,
        False,
        None,
    )
    assert found == expected
    counts = "count(*), count(distinct student_key), sum(is_listed::int), sum(is_abstained::int)"
    assert one(con, f"select {counts} from marts.student_risk") == (64, 64, 12, 1)
    keys = [key for (key,) in con.execute("select student_key from marts.student_risk").fetchall()]
    assert keys == sorted(keys)


def test_student_reason(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select direction, reason_rank, concept, feature, round(log_odds, 2), round(value, 3), class_mean "
        "from marts.student_reason where student_key = '000000000000001' order by direction desc, reason_rank"
    ).fetchall()
    assert rows == [
        ("raises", 1, "attendance_now", "absences_unexcused_28d_count", 0.8, 9.0, 1.25),
        ("raises", 2, "marks", "mark_mean_year_share", 0.4, 0.314, 0.5251),
        ("raises", 3, "mobility", "is_late_entry", 0.1, 1.0, None),
        ("lowers", 1, "missing_work", "assessments_missing_share", -0.2, 0.004, 0.1),
    ]


def test_school_night(con: duckdb.DuckDBPyConnection) -> None:
    # S1: 16 students, place 15 abstains; chances 0.9 - p/20 for p = 0…14, mean 0.9 - 7/20 = 0.55;
    # two classes with coverage 0.5 and 0.9; newest record: a register taken on 8 March in class S1-0
    row = one(
        con,
        "select school_id, enrolled_count, scored_count, abstained_count, listed_count, capacity, round(chance_mean, 4), "
        "round(register_coverage_28d_share, 4), newest_data_date::varchar from marts.school_night where school_id = 'S1'",
    )
    assert row == ("S1", 16, 15, 1, 4, 4, 0.55, 0.7, "2025-03-08")
    assert one(con, "select count(*), sum(listed_count) from marts.school_night") == (4, 12)


def test_run_and_model_and_evaluation(con: duckdb.DuckDBPyConnection) -> None:
    run = one(con, "select run_id, kind, run_status, step, step_status, counts from marts.run")
    assert run[:5] == ("r1", "nightly", "running", "score", "done")
    assert json.loads(str(run[5])) == {"students": 64}
    assert one(con, "select version, method, status from marts.model") == ("model-1", "model", "promoted")
    assert one(con, "select count(*), count(distinct ranking) from marts.evaluation") == (40, 4)


def test_data_quality_counts_lines_not_values(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("select stage, table_name, rule, severity, row_count, violation_count from marts.data_quality").fetchall()
    # line 9 was rejected for two reasons, line 7 for one of them
    assert sorted(rows) == [
        ("check", "attendance", "student_is_known", "quarantine", 497, 12),
        ("check", "grade", "mark_within_maximum", "quarantine", 900, 0),
        ("check", "grade", "too_many_broken", "refuse", 900, 4),
        ("read", "absences.csv", "not_a_date", "reject", 500, 2),
        ("read", "absences.csv", "unknown_code", "reject", 500, 1),
    ]


def test_the_same_night_gives_the_same_rows(tmp_path: Path) -> None:
    first, second = built(tmp_path / "a"), built(tmp_path / "b")
    with duckdb.connect() as con:
        con.execute(f"attach '{first}' as a (read_only); attach '{second}' as b (read_only)")
        for name in ("student_risk", "student_reason", "school_night", "model", "evaluation", "data_quality"):
            a, b = (con.execute(f"from {side}.marts.{name}").fetchall() for side in "ab")
            assert a == b, name  # order included


def test_clients_of_duckdb_1_5_can_read_the_file(con: duckdb.DuckDBPyConnection) -> None:
    (tags,) = one(con, "select tags from duckdb_databases() where database_name = 'analytics'")
    assert isinstance(tags, dict)
    assert tags["storage_version"].startswith("v1.5")


def test_a_column_without_a_comment_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = marts.load_marts()
    less = {c: words for c, words in declared["student_risk"].columns.items() if c != "chance_low"}
    monkeypatch.setattr(marts, "load_marts", lambda: {"student_risk": marts.Mart(comment="One row.", columns=less)})
    with pytest.raises(SettingsError, match=r"sql/marts/student_risk\.sql.*chance_low"):
        built(tmp_path)


def test_each_statement_is_one_select_that_states_its_grain() -> None:
    for path in sorted(resource("sql/marts").glob("*.sql")):
        first, *rest = path.read_text(encoding="utf-8").splitlines()
        assert first.startswith("-- one row"), path.name
        assert len(rest) < 80
        assert ";" not in " ".join(rest)
