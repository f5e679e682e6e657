"""load: merges checked rows by key, keeping what was known before; one transaction for all of it."""

import duckdb

from dropout.contracts.contract import Contract, load_contracts
from dropout.contracts.ddl import META, create_core, quoted
from dropout.extracts.source import load_source
from dropout.resources import sql
from dropout.warehouse.ledger import Counts, Run


def load(con: duckdb.DuckDBPyConnection, run: Run) -> Counts:
    """Loads all checked deliveries into `core.*`, with their quarantine and rule results. Needs staging attached.

    A key's versions are ordered by (known_at, delivery name, line); each but the last gets the next one's
    `known_at` as its `known_until`. A row that a nightly delivery repeats unchanged is counted and not stored.
    Loading again, in another order or after a crash, gives the same visible history.
    """
    create_core(con)
    counts: Counts = {"loaded": 0, "unchanged": 0, "quarantined": 0, "inferred_absences": 0, "derived_registers": 0}
    con.execute("begin")
    try:
        _deliveries(con)
        staged = {
            str(name)
            for (name,) in con.execute(
                "select table_name from duckdb_tables() where database_name = 'staging' and schema_name = 'checked'"
            ).fetchall()
        }
        for contract in load_contracts().values():
            if contract.table in staged:
                loaded, unchanged = _merge(con, contract)
                counts["loaded"] += loaded
                counts["unchanged"] += unchanged
        counts["derived_registers"] = _statement(con, "core/register_from_attendance", "core.register")
        counts["inferred_absences"] = _infer_absences(con)
        counts["quarantined"] = _keep_findings(con)
        con.execute("update ops.delivery set status = 'loaded' where delivery_no in (select delivery_no from loading)")
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    for table in staged:
        con.execute(f"drop table staging.checked.{quoted(table)}")
    return counts


def _deliveries(con: duckdb.DuckDBPyConnection) -> None:
    """Temp table `loading`: the checked deliveries with their place in the order of versions and their mode."""
    rows = con.execute(
        "select delivery_no, name, source, is_history, delivered_on from ops.delivery where status = 'checked'"
    ).fetchall()
    con.execute(
        "create or replace temp table loading (delivery_no integer, name varchar, mode varchar, is_history boolean, "
        "is_by_event boolean, lag_days integer)"
    )
    for no, name, source_name, is_history, delivered_on in rows:
        source = load_source(source_name)
        con.execute(
            "insert into loading values (?, ?, ?, ?, ?, ?)",
            [no, name, source.attendance_mode, is_history, is_history and delivered_on is None, source.reporting_lag_days],
        )


def _merge(con: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[int, int]:
    """Merges `staging.checked.<table>`; returns the versions stored and the rows that said nothing new."""
    table, key = contract.table, ", ".join(quoted(k) for k in contract.key)
    columns = ", ".join(quoted(c) for c in contract.warehouse_columns)
    meta = ", ".join(m for m in META if m != "known_until")
    _arrived(con, contract, columns)
    before = _count(con, f"core.{table}")
    arrived = _count(con, "arrived")
    # no ORDER BY on these inserts: in DuckDB 2.0, an ordered insert of no rows hides those of the next ordered one
    con.execute(
        f"create or replace temp table version as select {columns}, {meta}, is_history from arrived union all by name "
        f"select {columns}, {meta}, false as is_history from core.{table} as o semi join arrived using ({key})"
    )
    con.execute(f"create or replace temp table contested as select {key} from version group by {key} having count(*) > 1")
    con.execute(f"delete from core.{table} as o using contested as c where {_equal(contract.key, 'o', 'c')}")
    con.execute(
        f"insert into core.{table} by name select v.* exclude (is_history), null::date as known_until "
        f"from version as v anti join contested using ({key})"
    )
    said = ", ".join(f"v.{quoted(c)}" for c in contract.warehouse_columns if c not in contract.key) or "1"
    place = ", ".join(f"v.{quoted(k)}" for k in contract.key)
    ordered = f"partition by {place} order by v.known_at, coalesce(d.name, ''), v.line"
    con.execute(
        f"""insert into core.{table} by name
        with version_order as (
            select v.*, row({said}) as said, row_number() over ({ordered}) as version_no
            from version as v semi join contested using ({key}) left join ops.delivery as d on v.delivery_no = d.delivery_no
        ),
        news as (
            select * from version_order
            qualify is_history or lag(said) over (partition by {key} order by version_no) is distinct from said
        )
        select * exclude (said, version_no, is_history),
            lead(known_at) over (partition by {key} order by version_no) as known_until
        from news"""
    )
    loaded = _count(con, f"core.{table}") - before
    _record(con, contract, arrived, loaded)
    return loaded, arrived - loaded


def _arrived(con: duckdb.DuckDBPyConnection, contract: Contract, columns: str) -> None:
    """Temp table `arrived`: the checked rows. History that names no delivery date learns an exit only when it happened."""
    con.execute(
        f"create or replace temp table arrived as select {columns}, c.known_at, c.delivery_no, c.file_id, c.line, l.is_history, "
        f"l.is_by_event, l.lag_days from staging.checked.{contract.table} as c "
        "inner join loading as l on c.delivery_no = l.delivery_no"
    )
    if contract.table == "enrolment":
        con.execute(
            "insert into arrived select * replace (exit_date + lag_days as known_at) from arrived "
            "where is_by_event and exit_date is not null"
        )
        con.execute(
            "update arrived set exit_date = null, exit_reason = null "
            "where is_by_event and exit_date is not null and known_at = entry_date + lag_days and exit_date <> entry_date"
        )


def _equal(key: tuple[str, ...], left: str, right: str) -> str:
    return " and ".join(f"{left}.{quoted(k)} = {right}.{quoted(k)}" for k in key)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _record(con: duckdb.DuckDBPyConnection, contract: Contract, arrived: int, loaded: int) -> None:
    """Per delivery: rows read, quarantined and kept; read = quarantined + kept (new, or known already)."""
    con.execute(
        "delete from ops.load_count where table_name = ? and delivery_no in (select delivery_no from loading)", [contract.table]
    )
    con.execute(
        f"""insert into ops.load_count
        with counted as (
            select delivery_no, count(*) as clean, 0 as broken, 0 as stored from staging.checked.{contract.table} group by all
            union all
            select delivery_no, 0, count(*), 0 from staging.checked.quarantine where table_name = $table group by all
            union all
            select delivery_no, 0, 0, count(*) from core.{contract.table} group by all
        )
        select delivery_no, $table, sum(clean) + sum(broken), sum(broken), sum(clean), greatest(sum(clean) - sum(stored), 0)
        from counted semi join loading using (delivery_no) group by delivery_no having sum(clean) + sum(broken) > 0""",
        {"table": contract.table},
    )


def _statement(con: duckdb.DuckDBPyConnection, name: str, target: str) -> int:
    """Inserts the rows of a statement of `sql/core`; returns how many."""
    before = _count(con, target)
    con.execute(f"insert into {target} by name {sql(name)}")
    return _count(con, target) - before


def _infer_absences(con: duckdb.DuckDBPyConnection) -> int:
    """Presence-only attendance: who was enrolled and not seen on an open day was absent."""
    return _statement(con, "core/absence_from_presence", "core.attendance")


def _keep_findings(con: duckdb.DuckDBPyConnection) -> int:
    """Moves quarantine and rule results of this load into the ledger; returns the quarantined rows."""
    for name in ("quarantine", "rule_result"):
        con.execute(f"delete from ops.{name} where delivery_no in (select delivery_no from loading)")
        con.execute(f"insert into ops.{name} by name select * from staging.checked.{name} semi join loading using (delivery_no)")
    return _count(con, "(from ops.quarantine semi join loading using (delivery_no))")
