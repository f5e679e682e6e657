"""A full file that leaves out far more rows than usually go was perhaps cut short: it deletes nothing until that is accepted."""

from string import Template
from typing import TYPE_CHECKING

import duckdb

from dropout.contracts.contract import Contract
from dropout.contracts.ddl import quoted
from dropout.errors import ExtractError
from dropout.resources import sql
from dropout.warehouse.ledger import Run, notice

if TYPE_CHECKING:
    from dropout.extracts.deletions import Scope

FEW = 20  # rows: a small school may lose a third of a class in a summer


def leave_excess(con: duckdb.DuckDBPyConnection, run: Run, contract: Contract, found: "list[Scope]") -> None:
    """Takes out of tonight's scopes the files that leave out more than `contracts.left_out_at_most` of what stands.

    Their own rows go in; a notice says how many others they would have deleted. What the operator has accepted stays.
    Needs temp view `arrived`.
    """
    at_most = run.deployment.settings.contracts.left_out_at_most
    for scope in found:
        for file_id, delivery_no, standing, left_out in con.execute(_question(contract, scope)).fetchall():
            if left_out <= FEW or left_out <= at_most * standing or _is_accepted(con, contract, delivery_no):
                continue
            con.execute(f"delete from {scope.table} where is_new and file_id = ?", [file_id])
            con.execute("insert into gone.doubted values (?, ?, false)", [delivery_no, contract.table])
            [(place,)] = con.execute(
                "select d.name || '/' || f.file from ops.file as f inner join ops.delivery as d using (delivery_no) "
                "where f.file_id = ?",
                [file_id],
            ).fetchall()
            notice(con, run, "load", _too_much(place, contract, standing, left_out, at_most))


def accept(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Lets the full files that left out too much delete what they leave out, the next night; returns their names.

    It is dated as the file was: what a later file says again stands again.
    """
    waiting = "(delivery_no, source_file) in (select (delivery_no, table_name) from gone.doubted where not is_accepted)"
    if not con.execute("select 1 from duckdb_tables() where schema_name = 'gone' and table_name = 'doubted'").fetchall():
        return []
    names = con.execute(f"select distinct file from ops.file where {waiting} order by 1").fetchall()
    con.execute(
        "update ops.delivery set status = 'read' where status = 'loaded' "
        "and delivery_no in (select delivery_no from gone.doubted where not is_accepted)"
    )
    con.execute("update gone.doubted set is_accepted = true")
    return [str(name) for (name,) in names]


def _question(contract: Contract, scope: "Scope") -> str:
    key = [quoted(name) for name in contract.key]
    parts = {
        "table": contract.table,
        "own": ", ".join(f"o.{name}" for name in key),
        "key": ", ".join(key),
        "same_key": " and ".join(f"s.{name} = n.{name}" for name in key),
    }
    return Template(sql("core/excess")).substitute(parts | scope.parts(f"core.{contract.table}"))


def _is_accepted(con: duckdb.DuckDBPyConnection, contract: Contract, delivery_no: int) -> bool:
    row = con.execute(
        "select 1 from gone.doubted where delivery_no = ? and table_name = ? and is_accepted", [delivery_no, contract.table]
    )
    return row.fetchone() is not None


def _too_much(place: str, contract: Contract, standing: int, left_out: int, at_most: float) -> ExtractError:
    return ExtractError(
        "what this full file leaves out was not deleted",
        where=place,
        cause=f"It leaves out {left_out:,} of the {standing:,} rows of {contract.table} that it speaks for, more than the "
        f"setting contracts.left_out_at_most ({at_most:.0%}) allows; it may have been cut short.",
        remedy="Deliver it again, whole; until then the rows stay. If they are all gone indeed: dropout source accept.",
    )
