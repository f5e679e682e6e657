"""One round of checking in SQL: each table of `staging.read` parted into clean and quarantined rows."""

from dataclasses import dataclass

import duckdb

from dropout.contracts import violations
from dropout.contracts.contract import Contract, load_contracts
from dropout.contracts.ddl import staging_ddl
from dropout.contracts.rules import row_rules
from dropout.errors import ContractError
from dropout.resources import sql

FINDINGS = ("quarantine", "rule_result")  # staged as ops.* has them; load moves them there


@dataclass(frozen=True)
class Tally:
    """What became of one table's rows; `warned` rows stay among the clean ones."""

    contract: Contract
    rows: int
    clean: int
    quarantined: int
    warned: int


def arrived_contracts(con: duckdb.DuckDBPyConnection) -> list[Contract]:
    """Contracts of the tables that stand in `staging.read`, parents first."""
    tables = con.execute(
        "select table_name from duckdb_tables() where database_name = 'staging' and schema_name = 'read'"
    ).fetchall()
    names = {name for (name,) in tables}
    return [contract for contract in load_contracts().values() if contract.table in names]


def name_tonight(con: duckdb.DuckDBPyConnection, contracts: list[Contract]) -> None:
    """Temporary tables: tonight's deliveries, those refused (none yet) with what was found, which file fed what."""
    rows = [f"select '{c.table}' as table_name, delivery_no, file_id from staging.read.{c.table}" for c in contracts]
    source = " union all ".join(rows) or "select ''::varchar as table_name, 0 as delivery_no, 0 as file_id limit 0"
    con.execute(f"create or replace temp table table_file as select distinct * from ({source})")
    con.execute(
        "create or replace temp table tonight as select distinct delivery_no from table_file "
        "union select delivery_no from ops.delivery where status = 'read'"
    )
    con.execute("create or replace temp table refused (delivery_no integer)")
    for name in FINDINGS:
        con.execute(f"create or replace temp table refused_{name} ({_ops_columns(con, name)})")


def _ops_columns(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Columns of `ops.<name>` as DDL: in DuckDB 2.0.0 `as select … limit 0` is one of the ways to lose sight of rows."""
    columns = con.execute(
        "select column_name || ' ' || data_type from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'ops' and table_name = ? order by column_index",
        [name],
    ).fetchall()
    return ", ".join(column for (column,) in columns)


def fill(con: duckdb.DuckDBPyConnection, contracts: list[Contract]) -> list[Tally]:
    """Makes `staging.checked` anew from what is not refused; rows = clean + quarantined for each table.

    Call it once per transaction: DuckDB 2.0.0 cannot commit when a table was made, filled and dropped in it.
    """
    con.execute("drop schema if exists staging.checked cascade")
    con.execute("create schema staging.checked")
    for name in FINDINGS:
        con.execute(f"create table staging.checked.{name} ({_ops_columns(con, name)})")
    for contract in load_contracts().values():
        con.execute(staging_ddl(contract, "staging.checked"))
    tallies = [_fill_table(con, contract, _absent(con, contract)) for contract in contracts]
    con.execute(f"insert into staging.checked.rule_result {sql('checks/file_result')}")
    return tallies


def _absent(con: duckdb.DuckDBPyConnection, contract: Contract) -> frozenset[str]:
    """Optional tables that nobody ever delivered: what refers to them cannot be judged."""
    parents = {reference.to for reference in contract.references}
    return frozenset(
        name
        for name in parents
        if not load_contracts()[name].is_required
        and not _count(con, f"select (exists (from core.{name}) or exists (from staging.checked.{name}))::int")
    )


def _fill_table(con: duckdb.DuckDBPyConnection, contract: Contract, absent: frozenset[str]) -> Tally:
    rules = row_rules(contract, absent)
    con.execute(f"create or replace temp table broken as {violations.violations(contract, rules)}")
    con.execute(f"insert into staging.checked.{contract.table} {violations.clean(contract)}")
    con.execute(f"insert into staging.checked.quarantine {violations.quarantine(contract)}")
    con.execute(f"insert into staging.checked.rule_result {violations.rule_result(contract, rules)}")
    con.execute(f"insert into staging.checked.rule_result {violations.dataset_result(contract)}")
    tally = Tally(
        contract,
        rows=_count(
            con,
            f"select count(*) from staging.read.{contract.table} where delivery_no not in (select delivery_no from refused)",
        ),
        clean=_count(con, f"select count(*) from staging.checked.{contract.table}"),
        quarantined=_count(con, f"select count(*) from staging.checked.quarantine where table_name = '{contract.table}'"),
        warned=_count(con, "select count(*) from broken where len(warnings) > 0"),
    )
    if tally.rows != tally.clean + tally.quarantined:
        raise ContractError(
            f"{tally.rows} rows became {tally.clean} clean and {tally.quarantined} quarantined ones",
            where=contract.table,
            remedy="This is a defect of the program: report it with this message. Nothing was loaded.",
        )
    return tally


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0
