"""merge: arrived rows of one table among those that stand, by key; only what is contested is looked at row by row."""

from dataclasses import dataclass
from functools import cached_property
from string import Template

import duckdb

from dropout.contracts.contract import Contract
from dropout.contracts.ddl import META, quoted
from dropout.extracts import deletions
from dropout.resources import sql
from dropout.warehouse.ledger import Run

EPOCH = "date '0001-01-01'"
BITS = 63  # days in a block: what a BIGINT holds beside its sign
# what counts when several things were said of a key on one day: what a full file left out first, then what it
# repeats, then lines in their order
ORDER = "known_at, case when line is not null then 2 when is_row then 1 else 0 end, delivery, line, file_id"


@dataclass(frozen=True)
class Keyed:
    """The parts of a contract that the statements of `sql/core` are filled with.

    A key with one date is packed: its days are bits of blocks of 63, so that a year of a pupil's register is four
    small rows and not two hundred. Packing 30 million rows takes a second, grouping them by key three.
    """

    contract: Contract

    @cached_property
    def dated(self) -> str | None:
        """The one date in the key."""
        dates = [name for name in self.contract.key if self.contract.columns[name].type == "DATE"]
        return dates[0] if len(dates) == 1 else None

    @cached_property
    def parts(self) -> dict[str, str]:
        """Name → SQL for the templates."""
        key = [quoted(name) for name in self.contract.key]
        part = [quoted(name) for name in self.contract.key if name != self.dated]
        days = f"({quoted(self.dated)} - {EPOCH})" if self.dated else ""
        said = [quoted(name) for name in self.contract.warehouse_columns if name not in self.contract.key]
        return {
            "table": self.contract.table,
            "key": ", ".join(key),
            "own": ", ".join(f"o.{name}" for name in key),
            "columns": ", ".join(map(quoted, self.contract.warehouse_columns)),
            "own_columns": ", ".join(f"o.{quoted(name)}" for name in self.contract.warehouse_columns),
            "part": ", ".join(part),
            "block_no": f"{days} // {BITS}" if self.dated else "0",
            "day": f"1::bigint << ({days} % {BITS})::integer" if self.dated else "1::bigint",
            "same_block": " and ".join(f"b.{name} = o.{name}" for name in [*part, "block_no"]),
            "said": ", ".join(said) or "1",
            "same": " and ".join(f"a.{name} is not distinct from o.{name}" for name in said) or "true",
            # what the load inferred gives way to whatever a file says; it is inferred anew where that is due
            "delivered": "o.file_id is not null" if self.contract.table == "attendance" else "true",
            "order": ORDER,
        }

    def sql(self, name: str, **more: str) -> str:
        """The statement `sql/core/<name>.sql` for this table."""
        return Template(sql(f"core/{name}")).substitute(self.parts | more)


@dataclass(frozen=True)
class Arrived:
    """What temp view `arrived` holds: rows, dates and deliveries from first to last."""

    row_count: int
    dates: tuple[object, object]
    deliveries: tuple[object, object]

    @property
    def is_one_lot(self) -> bool:
        """Whether one delivery said all rows at once."""
        return self.dates[0] == self.dates[1] and self.deliveries[0] == self.deliveries[1]


def merge(con: duckdb.DuckDBPyConnection, run: Run, contract: Contract) -> tuple[int, int, int]:
    """Merges `staging.checked.<table>` of the deliveries in temp table `loading`, and what was said to be gone.

    A key's versions are ordered by (known_at, delivery name, line); each but the last gets the next one's
    `known_at`, or that of its deletion, as its `known_until`. Returns the versions stored, the rows that said
    nothing new, and the rows that full files left out.
    """
    keyed, table = Keyed(contract), contract.table
    arrived = _arrived(con, keyed)
    con.execute(f"insert into gone.{table} select g.* from staging.gone.{table} as g semi join loading using (delivery_no)")
    scopes = deletions.scopes(con, run, contract, arrived.dates[0])
    stood = _count(con, f"core.{table}")
    # `check` lets no key through twice that a delivery gave for one day; enrolments are doubled by their exits below
    is_first = arrived.is_one_lot and table != "enrolment" and not (stood or scopes or _count(con, f"gone.{table}"))
    is_contested = not is_first and _contested(con, keyed, scopes)
    left_out, settled = 0, ""
    if is_contested:
        left_out = _events(con, keyed, scopes)
        stood -= _drop_inferred(con, keyed)
        con.execute(f"delete from core.{table} as o using contested as c where {_equal(contract.key)}")
    if not is_first:
        settled = " anti join contested using ({key}) anti join unchanged using ({key})".format(**keyed.parts)
    # no ORDER BY on these inserts: in DuckDB 2.0, an ordered insert of no rows hides those of the next ordered one
    meta = ", ".join(m for m in META if m != "known_until")
    con.execute(f"insert into core.{table} by name select {keyed.parts['columns']}, {meta} from arrived{settled}")
    if is_contested:
        con.execute(f"insert into core.{table} by name {keyed.sql('version')}")
    deletions.remember(con, contract, scopes)
    loaded = _count(con, f"core.{table}") - stood
    return loaded, arrived.row_count - loaded, left_out


def _arrived(con: duckdb.DuckDBPyConnection, keyed: Keyed) -> Arrived:
    """Temp view `arrived`: the checked rows. History that names no delivery date learns an exit only when it happened."""
    table, columns = keyed.contract.table, keyed.parts["columns"]
    rows = (
        f"select {columns}, c.known_at, c.delivery_no, c.file_id, c.line, l.is_history, l.is_by_event, l.lag_days "
        f"from staging.checked.{table} as c inner join loading as l on c.delivery_no = l.delivery_no"
    )
    if table == "enrolment":
        con.execute(f"create or replace temp table arrived_enrolment as {rows}")
        con.execute(
            "insert into arrived_enrolment select * replace (exit_date + lag_days as known_at) from arrived_enrolment "
            "where is_by_event and exit_date is not null"
        )
        con.execute(
            "update arrived_enrolment set exit_date = null, exit_reason = null "
            "where is_by_event and exit_date is not null and known_at = entry_date + lag_days and exit_date <> entry_date"
        )
        rows = "select * from arrived_enrolment"
    con.execute(f"create or replace temp view arrived as {rows}")
    found = con.execute(
        "select count(*), min(known_at), max(known_at), min(delivery_no), max(delivery_no) from arrived"
    ).fetchone()
    assert found is not None  # an aggregate
    return Arrived(int(found[0]), (found[1], found[2]), (found[3], found[4]))


def _contested(con: duckdb.DuckDBPyConnection, keyed: Keyed, scopes: list[deletions.Scope]) -> bool:
    """Temp tables `contested`, keys whose versions must be ordered anew, and `unchanged`, those that arrived as they stand.

    Returns whether any key is contested.
    """
    key, table = keyed.parts["key"], keyed.contract.table
    con.execute(f"create or replace temp table block as {keyed.sql('block')}")
    con.execute(f"create or replace temp table met as {keyed.sql('met', relation=f'core.{table}')}")
    has_met = bool(_count(con, "met"))
    con.execute(f"create or replace temp table unchanged as {keyed.sql('unchanged') if has_met else 'from met'}")
    found = [
        keyed.sql("repeated"),
        f"select {key} from met anti join unchanged using ({key})",
        f"select {key} from gone.{table} semi join loading using (delivery_no)",
        keyed.sql("met", relation=f"gone.{table}"),
        *(keys for scope in scopes for keys in deletions.contested(keyed.sql, scope)),
    ]
    parts = " union all ".join(f"(select {key} from ({query}))" for query in found)
    con.execute(f"create or replace temp table contested as select distinct {key} from ({parts})")
    return bool(_count(con, "contested"))


def _events(con: duckdb.DuckDBPyConnection, keyed: Keyed, scopes: list[deletions.Scope]) -> int:
    """Temp table `event`: all that was ever said of the contested keys; returns the rows that full files left out."""
    con.execute(f"create or replace temp table event as {keyed.sql('event')}")
    left_out = deletions.cut(con, keyed.sql, keyed.contract, scopes)
    if keyed.contract.table == "attendance":
        con.execute("insert into attendance_gone select distinct student_key, date from event where not is_row")
    return left_out


def _drop_inferred(con: duckdb.DuckDBPyConnection, keyed: Keyed) -> int:
    """How many of the rows about to go were inferred, so that they do not count as loaded or lost."""
    if keyed.parts["delivered"] == "true":
        return 0
    return _count(con, f"core.{keyed.contract.table} semi join contested using ({keyed.parts['key']}) where file_id is null")


def _equal(key: tuple[str, ...]) -> str:
    return " and ".join(f"o.{quoted(k)} = c.{quoted(k)}" for k in key)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
