"""Registers and absences that follow from attendance, where a system delivers none: docs/design.md has the rule.

What is derived is a function of the rows that stand: it is the same in whatever order deliveries come, it ends when
the rows it follows from are deleted, and it gives way to what a file says.
"""

import duckdb

from dropout.resources import sql
from dropout.warehouse.ledger import Counts

STEPS = ("placement", "affected", "noted")


def derive(con: duckdb.DuckDBPyConnection) -> Counts:
    """Brings derived registers and inferred absences up to date; returns how many of each were added.

    Needs temp tables `file_mode` (file_id, delivery_no, mode, is_new) and `attendance_gone` (student_key, date).
    """
    for name in STEPS:
        con.execute(f"create or replace temp table {name} as {sql(f'core/{name}')}")
    con.execute(f"create or replace temp table derived as {sql('core/register_from_attendance')}")
    return {"derived_registers": _registers(con), "inferred_absences": _absences(con)}


def _registers(con: duckdb.DuckDBPyConnection) -> int:
    """Puts right the derived registers that differ; returns how many rows were added on balance."""
    before = _count(con, "core.register")
    con.execute(f"create or replace temp table differs as {sql('core/register_differs')}")
    con.execute(
        "delete from core.register as r using differs as d where r.file_id is null "
        "and r.class_id = d.class_id and r.date = d.date and r.session = d.session"
    )
    con.execute(
        "insert into core.register by name select * exclude (is_presence) from derived "
        "semi join differs using (class_id, date, session)"
    )
    return _count(con, "core.register") - before


def _absences(con: duckdb.DuckDBPyConnection) -> int:
    """Infers absences anew for the days on which the source notes presence only; returns how many rows were added on balance."""
    if not _count(con, "derived where is_presence"):
        return 0
    before = _count(con, "core.attendance")
    con.execute(f"create or replace temp view expected as {sql('core/expected')}")
    if _count(con, "core.attendance where file_id is null"):
        con.execute(
            "delete from core.attendance as a using expected as x where a.file_id is null "
            "and a.student_key = x.student_key and a.date = x.date and a.session = x.session"
        )
    con.execute(f"insert into core.attendance by name {sql('core/absence_from_presence')}")
    return _count(con, "core.attendance") - before


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
