"""The analysts' file: every table and column speaks for itself, nobody can be named, the same night gives the same rows."""

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
from tests.publish_district import begun, district, evaluated, protecting, scored


def built(root: Path) -> Path:
    deployment = district(root)
    with connect(deployment) as con:
        scored(con)
        evaluated(con)
        run = begun(con, deployment)
        with step(con, run, "score") as counts:
            counts["students"] = 64
        tonight(con, run)
        protecting(con, deployment, root)
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
        "student_risk", "student_reason", "school_night", "followup", "list_response", "contest", "school_day", "run", "model",
        "evaluation", "group_audit", "recalibration", "data_quality",
    ]  # fmt: skip
    risk = [name for name, *_ in con.execute("describe marts.student_risk").fetchall()]
    assert ",".join(risk) == (
        "student_key,as_of_date,target,school_id,grade_level,school_year,model_version,method,chance,chance_low,chance_high,"
        "is_listed,is_abstained,abstain_reason"
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


def test_no_class_is_named(con: duckdb.DuckDBPyConnection) -> None:
    """School, grade and class together can be three pupils."""
    assert con.execute("from duckdb_columns() where schema_name = 'marts' and column_name like 'class%id'").fetchall() == []


def test_student_risk_of_a_whole_class(con: duckdb.DuckDBPyConnection) -> None:
    # S2 has 12 pupils of grade 7 on no list, places 4…15: one group; chances 0.9 - p/20, mean 0.9 - 9.5/20 = 0.425
    found = con.execute(
        "select distinct school_id, grade_level, chance, chance_low, chance_high, is_listed, is_abstained "
        "from marts.student_risk where school_id = 'S2'"
    ).fetchall()
    assert found == [("S2", 7, 0.425, 0.35, 0.487, False, False)]


def test_student_risk_of_few(con: duckdb.DuckDBPyConnection) -> None:
    # 4 listed in each of S1, S2, S3: 12 of grade 7 without a school, places 0…3, mean 0.9 - 1.5/20 = 0.825
    found = con.execute(
        "select school_id, grade_level, chance, count(*) from marts.student_risk where is_listed group by all"
    ).fetchall()
    assert found == [(None, 7, 0.825, 12)]
    # the one who is abstained from is like nobody else, and is left out: S1 11, S2 and S3 12, S4 16, and the 12 listed
    assert one(con, "select count(*), count(distinct student_key), sum(is_abstained::int) from marts.student_risk") == (63, 63, 0)
    keys = [key for (key,) in con.execute("select student_key from marts.student_risk").fetchall()]
    assert keys == sorted(keys)


def test_student_reason(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select direction, reason_rank, concept, feature, log_odds, value, class_mean, count(*) "
        "from marts.student_reason where is_listed group by all order by direction desc, reason_rank"
    ).fetchall()
    assert rows == [
        ("raises", 1, "attendance_now", "absences_unexcused_28d_count", 0.8, 9.0, 1.25, 12),
        ("raises", 2, "marks", "mark_mean_year_share", 0.4, 0.314, 0.525, 12),
        ("raises", 3, "mobility", "is_late_entry", 0.1, 1.0, None, 12),
        ("lowers", 1, "missing_work", "assessments_missing_share", -0.2, 0.004, 0.1, 12),
    ]


def test_school_night(con: duckdb.DuckDBPyConnection) -> None:
    # S1: 16 pupils are shown as 15 or 20, above any line (10 to 14); 1 and 4 are few
    row = one(
        con,
        "select school_id, enrolled_count in (15, 20), abstained_count, listed_count, capacity, chance_mean, "
        "register_coverage_28d_share, newest_data_date::varchar from marts.school_night where school_id = 'S1'",
    )
    # chances 0.9 - p/20 for p = 0…14, mean 0.9 - 7/20 = 0.55; coverage 0.5 and 0.9 in two classes; a register of 8 March
    assert row == ("S1", True, None, None, 4, 0.55, 0.7, "2025-03-08")


def test_school_day(con: duckdb.DuckDBPyConnection) -> None:
    # two classes of 4 pupils; one register taken, one absent: 8 pupils and 1 of them are few
    columns = "class_count, registers_taken_count, pupil_count, absent_count, late_count"
    assert one(con, f"select {columns} from marts.school_day where school_id = 'S1'") == (2, 1, None, None, None)


def test_run_and_model_and_evaluation(con: duckdb.DuckDBPyConnection) -> None:
    run = one(con, "select run_id, kind, run_status, step, step_status from marts.run")
    assert run == ("r1", "nightly", "running", "score", "done")
    assert one(con, "select version, method, status from marts.model") == ("model-1", "model", "promoted")
    assert one(con, "select count(*), count(distinct ranking) from marts.evaluation") == (40, 4)


def test_data_quality_counts_lines_not_values(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(
        "select stage, table_name, rule, severity, row_count in (495, 500, 900), violation_count "
        "from marts.data_quality order by all"
    ).fetchall()
    # line 9 was rejected for two reasons, line 7 for one of them; 12 broken rows are 10 or 15, or hidden where the line is higher
    shown = rows[0][5]
    assert shown in (10, 15, None)
    assert rows == [
        ("check", "attendance", "student_is_known", "quarantine", True, shown),
        ("check", "grade", "mark_within_maximum", "quarantine", True, 0),
        ("check", "grade", "too_many_broken", "refuse", True, None),
        ("read", "absences.csv", "not_a_date", "reject", True, None),
        ("read", "absences.csv", "unknown_code", "reject", True, None),
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
    with pytest.raises(SettingsError, match=r"sql/analysts/student_risk\.sql.*chance_low"):
        built(tmp_path)


def test_each_statement_is_one_select_that_states_its_grain() -> None:
    for path in sorted([*resource("sql/marts").glob("*.sql"), *resource("sql/analysts").glob("*.sql")]):
        first, *rest = path.read_text(encoding="utf-8").splitlines()
        assert first.startswith("-- one row"), path.name
        assert len(rest) < 80
        assert ";" not in " ".join(rest)
