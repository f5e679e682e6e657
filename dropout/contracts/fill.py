"""One round of checking in SQL: each table of `staging.read` parted into clean and quarantined rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from dropout.contracts import violations
from dropout.contracts.contract import Contract, load_contracts
from dropout.contracts.ddl import quoted, staging_columns, staging_ddl
from dropout.contracts.rules import Rule, row_rules
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
    _see_arrived(con, contracts)
    rows = [f"select '{c.table}' as table_name, delivery_no, file_id from staging.arrived.{c.table}" for c in contracts]
    source = " union all ".join(rows) or "select ''::varchar as table_name, 0 as delivery_no, 0 as file_id limit 0"
    con.execute(f"create or replace temp table table_file as select distinct * from ({source})")
    con.execute(
        "create or replace temp table tonight as select distinct delivery_no from table_file "
        "union select delivery_no from ops.delivery where status = 'read'"
    )
    con.execute("create or replace temp table refused (delivery_no integer)")
    for name in FINDINGS:
        con.execute(f"create or replace temp table refused_{name} ({_ops_columns(con, name)})")


def _see_arrived(con: duckdb.DuckDBPyConnection, contracts: list[Contract]) -> None:
    """Views `staging.arrived.<table>`: what was read, with `row_no`; large files have a table of their own."""
    con.execute("create schema if not exists staging.arrived")
    whole = con.execute(
        "select view_name from duckdb_views() where database_name = 'staging' and schema_name = 'whole' order by 1"
    ).fetchall()
    for contract in contracts:
        columns = ", ".join(map(quoted, staging_columns(contract)))
        parts = [f"select row_no, {columns} from staging.whole.{quoted(n)}" for (n,) in whole if _is_of(n, contract)]
        if not parts or _count(con, f"select count(*) from staging.read.{contract.table}"):
            parts.append(f"select rowid as row_no, {columns} from staging.read.{contract.table}")
        con.execute(f"create or replace view staging.arrived.{contract.table} as {' union all '.join(parts)}")


def _is_of(view: str, contract: Contract) -> bool:
    """Whether a view of one large file's rows, `<table>_<number>_rows`, is of this table."""
    return view.removesuffix("_rows").rpartition("_")[0] == contract.table


def _ops_columns(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Columns of `ops.<name>` as DDL: in DuckDB 2.0.0 `as select … limit 0` is one of the ways to lose sight of rows."""
    columns = con.execute(
        "select column_name || ' ' || data_type from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'ops' and table_name = ? order by column_index",
        [name],
    ).fetchall()
    return ", ".join(column for (column,) in columns)


def fill(con: duckdb.DuckDBPyConnection, contracts: list[Contract], *, is_trial: bool = False) -> list[Tally]:
    """Makes `staging.checked` anew from what is not refused; rows = clean + quarantined for each table.

    A table of clean rows is a view of what was read without `staging.checked.broken`: nothing is copied.

    Call it once per transaction: DuckDB 2.0.0 cannot commit when a table was made, filled and dropped in it.
    """
    con.execute("drop schema if exists staging.checked cascade")
    con.execute("create schema staging.checked")
    for name in FINDINGS:
        con.execute(f"create table staging.checked.{name} ({_ops_columns(con, name)})")
    con.execute("create table staging.checked.broken (table_name varchar, row_no bigint)")
    for contract in load_contracts().values():
        if contract not in contracts:
            con.execute(staging_ddl(contract, "staging.checked"))
    refused = [number for (number,) in con.execute("from refused order by all").fetchall()]
    tallies = []
    for contract in contracts:
        tallies.append(_fill_table(con, contract, _absent(con, contract, is_trial=is_trial), refused))
    con.execute(f"insert into staging.checked.rule_result {sql('checks/file_result')}")
    return tallies


def _absent(con: duckdb.DuckDBPyConnection, contract: Contract, *, is_trial: bool) -> frozenset[str]:
    """Optional tables that nobody ever delivered: what refers to them cannot be judged. In a trial, required ones too."""
    parents = {reference.to for reference in contract.references}
    return frozenset(
        name
        for name in parents
        if (is_trial or not load_contracts()[name].is_required)
        and not _count(con, f"select (exists (from core.{name}) or exists (from staging.checked.{name}))::int")
    )


def _fill_table(con: duckdb.DuckDBPyConnection, contract: Contract, absent: frozenset[str], refused: list[int]) -> Tally:
    rules = row_rules(contract, absent)
    find_broken(con, contract, rules, refused)
    where = "from broken where len(rules) > 0"
    if _count(con, f"select count(*) {where}"):  # DuckDB 2.0: an ordered insert of no row hides the next large one
        con.execute(f"insert into staging.checked.broken select '{contract.table}', row_no {where}")
    con.execute(f"create view staging.checked.{contract.table} as {violations.clean(contract, refused)}")
    con.execute(f"insert into staging.checked.quarantine {violations.quarantine(contract)}")
    con.execute(f"insert into staging.checked.rule_result {violations.rule_result(contract, rules)}")
    con.execute(f"insert into staging.checked.rule_result {violations.dataset_result(contract)}")
    tally = Tally(
        contract,
        rows=_count(
            con,
            f"select count(*) from staging.arrived.{contract.table} where delivery_no not in (select delivery_no from refused)",
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


def find_broken(con: duckdb.DuckDBPyConnection, contract: Contract, rules: Sequence[Rule], refused: Sequence[int]) -> None:
    """Fills temp table `broken`: see `violations`. Step by step, so that each plan knows how few rows the one before left."""
    con.execute(f"create or replace temp table judged as {violations.judged(contract, rules, refused)}")
    con.execute(f"create or replace temp table crowded as {violations.crowded(contract, refused)}")
    found = "" if _count(con, "select count(*) from crowded") else " limit 0"  # an empty list would be looked for in every row
    con.execute(f"create or replace temp table repeated_key as {violations.repeated_key(contract, refused)}{found}")
    con.execute(f"create or replace temp table broken as {violations.violations(contract, refused)}")


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0
