"""Every rule breaks exactly its rows: good rows changed in one place, judged by the SQL pass alone.

Each case is: table, what is changed in its good row, the rules that must be found. The good rows break none.
"""

from collections.abc import Iterator

import duckdb
import pytest

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import create_core, staging_ddl
from dropout.contracts.fill import Tally, arrived_contracts, fill, find_broken, name_tonight
from dropout.contracts.rules import row_rules
from dropout.warehouse.connect import migrate
from tests.contract_cases import CASES, GOOD, PLACE, Row
from tests.tables import FILES


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in memory with a staging file in memory."""
    with duckdb.connect() as con:
        migrate(con)
        create_core(con)
        con.execute("attach ':memory:' as staging")
        con.execute("create schema staging.read")
        con.execute(f"{FILES} select i, i, i || '.csv', 'any', 1, 1, 0 from range(1, 3) as r(i)")
        yield con


@pytest.fixture
def con(warehouse: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The warehouse, empty but for two deliveries, and one good row of every table in staging."""
    warehouse.execute("delete from core.student")
    warehouse.execute("delete from ops.delivery")
    for number, name in ((1, "2025-01-13"), (2, "2025-01-20")):
        warehouse.execute(
            "insert into ops.delivery values (?, ?, ?, 'csv', null, date '2025-01-13', false, 'read', 1, 1, 0)",
            [name, number, name],
        )
    for contract in load_contracts().values():
        warehouse.execute(staging_ddl(contract, "staging.read"))
        put(warehouse, contract.table, GOOD[contract.table])
    return warehouse


def put(con: duckdb.DuckDBPyConnection, table: str, row: Row) -> None:
    """Reads one row into staging; `row` may say where it comes from."""
    full = PLACE | row
    names = ", ".join(f'"{name}"' for name in full)
    con.execute(f"insert into staging.read.{table} ({names}) values ({', '.join('?' for _ in full)})", list(full.values()))


def parted(con: duckdb.DuckDBPyConnection, *tables: str) -> dict[str, Tally]:
    """One round of checking; of `tables` and what they refer to, where some are named."""
    contracts = [c for c in arrived_contracts(con) if not tables or c.table in with_parents(*tables)]
    name_tonight(con, contracts)
    return {tally.contract.table: tally for tally in fill(con, contracts)}


def with_parents(*tables: str) -> set[str]:
    parents = [with_parents(r.to) for table in tables for r in load_contracts()[table].references]
    return {*tables}.union(*parents)


def broken(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    """Row rules of `table` and how many rows broke each, where any did."""
    return dict(
        con.execute(
            "select rule, sum(violation_count)::int from staging.checked.rule_result "
            "where table_name = ? and severity <> 'refuse' and violation_count > 0 group by all",
            [table],
        ).fetchall()
    )


def quarantined(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[int, list[str]]]:
    """Line and rules of every quarantined row."""
    return con.execute(
        "select line, rules from staging.checked.quarantine where table_name = ? order by line", [table]
    ).fetchall()


def test_good_rows_break_nothing(con: duckdb.DuckDBPyConnection) -> None:
    tallies = parted(con)
    assert [(t.rows, t.clean, t.quarantined, t.warned) for t in tallies.values()] == [(1, 1, 0, 0)] * len(GOOD)
    assert con.execute("select count(*) from staging.checked.quarantine").fetchall() == [(0,)]
    assert con.execute("select sum(violation_count) from staging.checked.rule_result").fetchall() == [(0,)]


@pytest.fixture(scope="module")
def judged(warehouse: duckdb.DuckDBPyConnection) -> dict[tuple[str, int], tuple[set[str], set[str]]]:
    """All cases in one round: table and line → the rules that cost the row its place, and its warnings.

    Each case stands on a line of its own and is about a student, school or class of its own, all of them known.
    """
    for contract in load_contracts().values():
        warehouse.execute(staging_ddl(contract, "staging.read"))
    for number, (table, change, _) in enumerate(CASES, start=100):
        known = {"student_key": number, "school_id": f"S{number}", "class_id": f"C{number}"}
        for parent in with_parents(table) - {table}:
            put(warehouse, parent, own(parent, known))
        put(warehouse, table, own(table, known) | {"line": number} | change)
    found: dict[tuple[str, int], tuple[set[str], set[str]]] = {}
    contracts = arrived_contracts(warehouse)
    name_tonight(warehouse, contracts)
    fill(warehouse, contracts)
    for contract in contracts:
        find_broken(warehouse, contract, row_rules(contract), [])
        rows = warehouse.execute(
            f"select r.line, b.rules, b.warnings from broken as b "
            f"inner join staging.read.{contract.table} as r on b.row_no = r.rowid"
        ).fetchall()
        found |= {(contract.table, line): (set(rules), set(warnings)) for line, rules, warnings in rows}
    return found


def own(table: str, known: Row) -> Row:
    """The good row of `table`, about the student, school or class in `known`."""
    return GOOD[table] | {name: value for name, value in known.items() if name in GOOD[table]}


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES, start=100)))
def test_a_rule_breaks_its_row(
    judged: dict[tuple[str, int], tuple[set[str], set[str]]], number: int, case: tuple[str, Row, list[str]]
) -> None:
    table, _, rules = case
    severity = {r.name: r.severity for r in row_rules(load_contracts()[table])}
    costly = {name for name in rules if severity[name] == "quarantine"}
    assert judged.get((table, number), (set(), set())) == (costly, set(rules) - costly)


def test_no_other_row_is_broken(judged: dict[tuple[str, int], tuple[set[str], set[str]]]) -> None:
    assert set(judged) == {(table, number) for number, (table, _, rules) in enumerate(CASES, start=100) if rules}


def test_every_rule_has_a_case() -> None:
    tried = {(table, rule) for table, _, rules in CASES for rule in rules}
    there = {(c.table, r.name) for c in load_contracts().values() for r in row_rules(c)}
    assert there - tried == set()


def test_of_two_rows_with_one_key_the_last_stays(con: duckdb.DuckDBPyConnection) -> None:
    put(con, "attendance", GOOD["attendance"] | {"line": 3, "status": "absent_excused", "minutes_missed": None})
    put(con, "attendance", GOOD["attendance"] | {"line": 4, "status": "present", "minutes_missed": 0})
    tally = parted(con, "attendance")["attendance"]
    assert (tally.rows, tally.clean, tally.quarantined) == (3, 1, 2)
    assert quarantined(con, "attendance") == [(2, ["duplicate_key"]), (3, ["duplicate_key"])]
    assert con.execute("select line, status from staging.checked.attendance").fetchall() == [(4, "present")]


def test_of_two_rows_with_one_key_a_broken_one_does_not_win(con: duckdb.DuckDBPyConnection) -> None:
    put(con, "attendance", GOOD["attendance"] | {"line": 3, "status": "ill"})
    parted(con)
    assert quarantined(con, "attendance") == [(3, ["status_not_in_set", "duplicate_key"])]
    assert con.execute("select line from staging.checked.attendance").fetchall() == [(2,)]


def test_the_same_key_in_two_deliveries_is_a_version_and_no_duplicate(con: duckdb.DuckDBPyConnection) -> None:
    put(con, "conduct", GOOD["conduct"] | {"delivery_no": 2, "file_id": 2, "line": 9})
    parted(con)
    assert quarantined(con, "conduct") == []


def test_the_same_key_known_at_another_time_is_a_version_and_no_duplicate(con: duckdb.DuckDBPyConnection) -> None:
    put(con, "attendance", GOOD["attendance"] | {"line": 3, "status": "absent_excused", "known_at": "2025-01-20"})
    assert parted(con, "attendance")["attendance"].clean == 2


@pytest.mark.parametrize(
    ("place", "status", "counts"),
    [
        ({"line": 3}, "late", 0),  # the same row again
        ({"line": 3}, "absent_excused", 1),  # two rows of one delivery that contradict each other
    ],
)
def test_a_harmless_repetition_does_not_count_against_the_delivery(
    con: duckdb.DuckDBPyConnection, place: Row, status: str, counts: int
) -> None:
    put(con, "attendance", GOOD["attendance"] | {"status": status} | place)
    assert parted(con, "attendance")["attendance"].quarantined == 1
    assert con.execute(
        "select sum(violation_count)::int from staging.checked.rule_result "
        "where rule = 'too_many_broken' and table_name = 'attendance'"
    ).fetchall() == [(counts,)]


def test_a_student_of_an_earlier_night_is_known(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("insert into core.student (student_key, known_at, delivery_no) values (9, date '2024-09-01', 1)")
    put(con, "attendance", GOOD["attendance"] | {"line": 3, "student_key": 9})
    assert parted(con, "attendance")["attendance"].clean == 2


def test_a_student_whose_own_row_is_broken_is_not_known(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("update staging.read.student set student_key = null")
    parted(con)
    assert broken(con, "attendance") == {"unknown_student": 1}
    assert broken(con, "enrolment") == {"unknown_student": 1}


def test_schools_that_nobody_ever_delivered_are_not_missed(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from staging.read.school")
    assert parted(con)["enrolment"].clean == 1
    names = {r for (r,) in con.execute("select rule from staging.checked.rule_result").fetchall()}
    assert "unknown_school" not in names
    assert "unknown_student" in names


def test_quarantine_keeps_place_rules_and_the_pseudonymous_row(con: duckdb.DuckDBPyConnection) -> None:
    put(con, "grade", GOOD["grade"] | {"line": 7, "assessment_id": "C2", "mark": 21, "assessment_date": "2025-01-14"})
    parted(con)
    found = con.execute("select * from staging.checked.quarantine").fetchall()
    assert len(found) == 1
    assert found[0][:5] == (1, "grade", 1, 7, ["date_in_future", "mark_above_max"])
    row = con.execute('select from_json(?, \'{"mark": "DOUBLE", "student_key": "BIGINT"}\')', [found[0][5]])
    assert row.fetchone() == ({"mark": 21.0, "student_key": 1},)


DATASET_CASES: list[tuple[str, str, str, str, int]] = [
    # table, rule, rows that are good, rows that are not, how many of them
    ("enrolment", "no_class_known", "'A-7-1'", "null", 50),
    ("calendar", "no_school_day", "i % 7 > 0", "false", 60),
    ("calendar", "no_closed_day", "i % 7 > 0", "true", 60),
    ("attendance", "one_status_only", "if(i % 9 = 0, 'late', 'present')", "'late'", 1000),
    ("register", "no_register_taken", "i % 2 = 0", "false", 50),
    ("grade", "all_marks_zero", "i % 20", "0", 100),
]
COLUMN = {
    "no_class_known": "class_id",
    "no_school_day": "is_school_day",
    "no_closed_day": "is_school_day",
    "one_status_only": "status",
    "no_register_taken": "taken",
    "all_marks_zero": "mark",
}


@pytest.mark.parametrize(("table", "rule", "good", "bad", "count"), DATASET_CASES)
def test_a_dataset_rule_looks_at_the_whole_delivery(
    con: duckdb.DuckDBPyConnection, table: str, rule: str, good: str, bad: str, count: int
) -> None:
    def verdict(value: str, rows: int) -> int:
        con.execute(f"delete from staging.read.{table}")
        put(con, table, GOOD[table])
        con.execute(
            f"insert into staging.read.{table} select t.* replace (({value}) as {COLUMN[rule]}) "
            f"from staging.read.{table} as t, range({rows}) as r(i)"
        )
        con.execute(f"delete from staging.read.{table} where rowid = (select min(rowid) from staging.read.{table})")
        parted(con, table)
        found = con.execute(
            "select violation_count from staging.checked.rule_result where table_name = ? and rule = ?", [table, rule]
        ).fetchall()
        return int(found[0][0])

    assert verdict(good, count) == 0
    assert verdict(bad, count) == 1
    assert verdict(bad, count - 1) == 0  # too few rows to tell
