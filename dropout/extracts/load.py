"""load: merges checked rows by key, keeping what was known before; one transaction for all of it."""

import duckdb

from dropout.contracts.contract import Contract, load_contracts
from dropout.contracts.ddl import create_core, gone_ddl
from dropout.errors import SettingsError
from dropout.extracts.merge import merge
from dropout.extracts.registers import derive
from dropout.extracts.silent import put_off, tell_silent_schools
from dropout.extracts.source import learn, load_source
from dropout.extracts.stopped import settle
from dropout.warehouse.ledger import Counts, Run

COUNTED = ("put_off", "loaded", "unchanged", "deletions", "left_out", "quarantined")


def load(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Loads all checked deliveries into `core.*`, with their quarantine and rule results. Needs staging attached.

    A key's versions are ordered by (known_at, delivery name, line); each but the last gets the next one's
    `known_at` as its `known_until`. A row that a nightly delivery repeats unchanged is counted and not stored.
    A deletion, by a file that names the row or by a full one that leaves it out, closes the version as of its
    date. Loading again, in another order or after a crash, gives the same visible history.

    Counts deliveries put off because a school is missing (`intake.missing_school`); of the others rows loaded,
    unchanged, deletions (rows that say so), left_out (rows that full files left out), quarantined, derived registers,
    inferred absences; and schools of which nothing came while others' data did.
    """
    learn(run.deployment.country)
    create_core(con)
    _gone_there(con)
    counts: Counts = dict.fromkeys(COUNTED, 0)
    con.execute("begin")
    try:
        settle(con, run)
        _deliveries(con)
        staged = _tables(con, "checked")
        counts["put_off"] = put_off(con, run, staged)
        counts["quarantined"] = _keep_findings(con)
        con.execute("create or replace temp table attendance_gone (student_key bigint, date date)")
        for contract in _schools_first():
            if contract.table in staged:
                counts["deletions"] += _count(con, f"staging.gone.{contract.table} semi join loading using (delivery_no)")
                loaded, unchanged, left_out = merge(con, run, contract)
                _record(con, contract)
                counts["loaded"] += loaded
                counts["unchanged"] += unchanged
                counts["left_out"] += left_out
        counts |= derive(con)
        counts["silent_schools"] = tell_silent_schools(con, run, staged)
        con.execute("update ops.delivery set status = 'loaded' where delivery_no in (select delivery_no from loading)")
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("drop schema if exists staging.checked cascade")
    return counts


def _gone_there(con: duckdb.DuckDBPyConnection) -> None:
    """Empty `staging.gone` tables where `read` made none."""
    there = _tables(con, "gone")
    con.execute("create schema if not exists staging.gone")
    for contract in load_contracts().values():
        if contract.table not in there:
            con.execute(gone_ddl(contract, "staging.gone"))


def _tables(con: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
    """Tables and views of a schema of the staging file."""
    names = con.execute(
        "select table_name from duckdb_tables() where database_name = 'staging' and schema_name = $schema union all "
        "select view_name from duckdb_views() where database_name = 'staging' and schema_name = $schema",
        {"schema": schema},
    ).fetchall()
    return {str(name) for (name,) in names}


def _schools_first() -> list[Contract]:
    """All contracts; those that name a school before those whose school is found through them."""
    return sorted(load_contracts().values(), key=lambda contract: "school_id" not in contract.warehouse_columns)


def _deliveries(con: duckdb.DuckDBPyConnection) -> None:
    """Temp tables `loading`: the checked deliveries and when they were known; `file_mode`: how each file notes attendance."""
    rows = con.execute(
        "select delivery_no, source, is_history, delivered_on, arrived_on from ops.delivery where status = 'checked'"
    ).fetchall()
    con.execute(
        "create or replace temp table loading (delivery_no integer, known_at date, is_history boolean, is_by_event boolean, "
        "lag_days integer)"
    )
    for no, source_name, is_history, delivered_on, arrived_on in rows:
        known_at = delivered_on if is_history and delivered_on else arrived_on
        lag_days = load_source(source_name).reporting_lag_days
        con.execute(
            "insert into loading values (?, ?, ?, ?, ?)", [no, known_at, is_history, is_history and not delivered_on, lag_days]
        )
    con.execute("create or replace temp table source_mode (source varchar, mode varchar)")
    unsaid = (
        "select distinct source from ops.delivery semi join (from ops.file where attendance_mode is null) using (delivery_no)"
    )
    for (name,) in con.execute(unsaid).fetchall():
        con.execute("insert into source_mode values (?, ?)", [name, _mode_of(name)])
    con.execute(
        "create or replace temp table file_mode as select f.file_id, f.delivery_no, coalesce(f.attendance_mode, m.mode) as mode, "
        "f.delivery_no in (select delivery_no from loading) as is_new from ops.file as f "
        "inner join ops.delivery as d on f.delivery_no = d.delivery_no left join source_mode as m on d.source = m.source"
    )


def _mode_of(source: str) -> str:
    """The mode of files of an older warehouse, which did not keep it; of a source that is no more, the one that infers least."""
    try:
        return load_source(source).attendance_mode
    except SettingsError:
        return "full"


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _record(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Per delivery: rows read, quarantined and kept; read = quarantined + kept (new, or known already)."""
    con.execute(
        "delete from ops.load_count where table_name = ? and delivery_no in (select delivery_no from loading)", [contract.table]
    )
    con.execute(
        f"""insert into ops.load_count
        with counted as (
            select delivery_no, count(*) as clean, 0 as broken, 0 as stored from staging.checked.{contract.table} group by all
            union all
            select delivery_no, 0, count(*), 0 from ops.quarantine where table_name = $table group by all
            union all
            select delivery_no, 0, 0, count(*) from core.{contract.table} where file_id is not null group by all
        )
        select delivery_no, $table, sum(clean) + sum(broken), sum(broken), sum(clean), greatest(sum(clean) - sum(stored), 0)
        from counted semi join loading using (delivery_no) group by delivery_no having sum(clean) + sum(broken) > 0""",
        {"table": contract.table},
    )


def _keep_findings(con: duckdb.DuckDBPyConnection) -> int:
    """Moves quarantine and rule results of this load into the ledger; returns the quarantined rows."""
    for name in ("quarantine", "rule_result"):
        con.execute(f"delete from ops.{name} where delivery_no in (select delivery_no from loading)")
        con.execute(f"insert into ops.{name} by name select * from staging.checked.{name} semi join loading using (delivery_no)")
    return _count(con, "(from ops.quarantine semi join loading using (delivery_no))")
