"""What full files leave out: rows that share their scope, stood when they came, and are not in them, are gone as of their date.

Never on doubt: a file with lines that could not be read, or rows whose key is not known, cannot say who is missing; and
one that leaves out a great part of what stands (`excess`) has been cut short, for all we know.
A full file is remembered with its scope, so that a row which arrives later and is older is judged by it all the same.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from dropout.contracts.contract import Contract
from dropout.contracts.ddl import quoted
from dropout.contracts.rules import row_rules
from dropout.errors import ExtractError
from dropout.extracts.excess import leave_excess
from dropout.extracts.source import load_source
from dropout.extracts.within import SCHOOL, owner_of, placed, scope_columns
from dropout.resources import sql
from dropout.warehouse.ledger import Run, notice

Fill = Callable[..., str]  # statement of sql/core and further parts → the statement for a table
SOURCE = {"source": "VARCHAR"}  # the scope of a file that names no `within`: all rows of its source


@dataclass(frozen=True)
class Scope:
    """Temp table `table`: full files (file_id, delivery_no, known_at, is_new) and the values of `within` they speak of."""

    contract: Contract
    within: tuple[str, ...]
    table: str

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the scope and their types."""
        own = self.contract.columns
        return {name: own[name].type if name in own else "VARCHAR" for name in self.within} or SOURCE

    def parts(self, relation: str) -> dict[str, str]:
        """Parts of a statement that joins `relation` with this scope."""
        equal = " and ".join(f"o.{quoted(name)} = s.{quoted(name)}" for name in self.columns)
        return {"scope": self.table, "rows": placed(self.contract, relation, self.within), "within": equal}


def scopes(con: duckdb.DuckDBPyConnection, run: Run, contract: Contract, first: object) -> list[Scope]:
    """The scopes that matter tonight: those of tonight's full files, and earlier ones that rows arrive too late for.

    `first` is the earliest date of the rows that arrived. Needs temp tables `loading` and `arrived`.
    What a file cannot say on doubt is in no scope, and a notice tells why.
    """
    files = _full_files(con, contract)
    oldest = _oldest(con, contract, first)
    remembered = con.execute(
        "select distinct within from gone.scope where table_name = ? and known_at > ?", [contract.table, oldest]
    ).fetchall()
    kinds = sorted({*files.values(), *(tuple(within) for (within,) in remembered)})
    found = [Scope(contract, within, f"scope_{number}") for number, within in enumerate(kinds)]
    if any(SCHOOL in s.within and SCHOOL not in contract.columns for s in found):
        con.execute(f"create or replace temp table spell as {sql('core/spell').replace('$owner', owner_of(contract))}")
    for scope in found:
        _fill(con, scope, [file_id for file_id, within in files.items() if within == scope.within], oldest)
    if files:
        _leave_doubt(con, run, contract, found, list(files))
        leave_excess(con, run, contract, found)
    return found


def _full_files(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[int, tuple[str, ...]]:
    """Tonight's full files of the table, and the columns of their scope."""
    rows = con.execute(
        "select f.file_id, f.file, f.source from ops.file as f semi join loading using (delivery_no) "
        "where f.contents = 'snapshot' and f.source_file = ? and f.status = 'read' order by f.file_id",
        [contract.table],
    ).fetchall()
    found = {}
    for file_id, file, source in rows:
        kind = next((k for k in load_source(source).kinds_for(file) if k.table == contract.table), None)
        if kind:
            found[file_id] = scope_columns(contract, kind.within, f"{source}: {kind.pattern}")
    return found


def _oldest(con: duckdb.DuckDBPyConnection, contract: Contract, first: object) -> object:
    """The earliest date of rows and deletions; a full file that is not later than that has nothing to say to them."""
    row = con.execute(
        f"select least(?::date, min(known_at)) from gone.{contract.table} semi join loading using (delivery_no)", [first]
    ).fetchone()
    return row[0] if row else None


def _fill(con: duckdb.DuckDBPyConnection, scope: Scope, files: list[int], oldest: object) -> None:
    """Makes the temp table of a scope: tonight's full files, and the remembered ones that are later than `oldest`."""
    columns = ", ".join(map(quoted, scope.columns))
    known = " and ".join(f"{quoted(name)} is not null" for name in scope.columns)
    con.execute("create or replace temp table full_file as select unnest(?::integer[]) as file_id", [files])
    fresh = sql("core/scope").replace("$rows", placed(scope.contract, "arrived", scope.within))
    fresh = fresh.replace("$within", columns).replace("$known", known)
    cast = ", ".join(f"value[{place}]::{kind} as {quoted(n)}" for place, (n, kind) in enumerate(scope.columns.items(), 1))
    con.execute(
        f"create or replace temp table {scope.table} as "
        f"select f.file_id, f.delivery_no, l.known_at, true as is_new, {columns} "
        f"from ({fresh}) as f inner join loading as l on f.delivery_no = l.delivery_no union all "
        f"select file_id, delivery_no, known_at, false as is_new, {cast} from gone.scope "
        "where table_name = ? and within = ?::varchar[] and known_at > ?",
        [scope.contract.table, list(scope.within), oldest],
    )


def _leave_doubt(con: duckdb.DuckDBPyConnection, run: Run, contract: Contract, found: list[Scope], files: list[int]) -> None:
    """Takes out of tonight's scopes what is in doubt, and says so file by file.

    The scope of a doubtful file is in doubt for every file of its delivery; a stopped one could have held anything.
    """
    con.execute("create or replace temp table full_file as select unnest(?::integer[]) as file_id", [files])
    doubts = con.execute(sql("core/doubt"), {"table": contract.table, "rules": _rules_of_the_key(contract)}).fetchall()
    for file_id, delivery_no, place, why, is_everything in doubts:
        for scope in found:
            shared = " and ".join(f"s.{quoted(name)} = d.{quoted(name)}" for name in scope.columns)
            con.execute(
                f"delete from {scope.table} as s "
                f"using (select distinct * from {scope.table} where is_new and file_id = $file) as d "
                f"where s.is_new and s.delivery_no = $delivery and {shared}",
                {"file": file_id, "delivery": delivery_no},
            )
            if is_everything:
                con.execute(f"delete from {scope.table} where is_new and delivery_no = ?", [delivery_no])
        error = ExtractError(
            "what this full file leaves out was not deleted",
            where=place,
            cause=why,
            remedy="Correct what is wrong and deliver it again, whole; until then the rows stay.",
        )
        notice(con, run, "load", error)


def _rules_of_the_key(contract: Contract) -> list[str]:
    """Row rules that judge a column of the key: of a row that breaks one, the real key is not known.

    A reference is none of them: who is in no student file has a number all the same.
    """
    references = {reference.name for reference in contract.references}
    rules = [rule for rule in row_rules(contract) if rule.name not in references]
    return [rule.name for rule in rules if set(re.findall(r"\w+", rule.holds)) & set(contract.key)]


def contested(fill: Fill, scope: Scope) -> list[str]:
    """Queries for the keys whose versions a scope may change: those left out, and those that arrived too late for it."""
    return [
        fill("left_out", **scope.parts(f"core.{scope.contract.table}")),
        fill("overtaken", **scope.parts("arrived")),
    ]


def cut(con: duckdb.DuckDBPyConnection, fill: Fill, contract: Contract, found: list[Scope]) -> int:
    """Adds to temp table `event` the deletions that follow from the scopes, and keeps them; returns how many."""
    standing = f"(select * from core.{contract.table} semi join contested using ({', '.join(map(quoted, contract.key))}))"
    for scope in found:
        con.execute(f"insert into event by name {fill('restated', **scope.parts(standing))}")
    count = 0
    for scope in found:
        of_row = ", ".join(
            f"try_cast(row_data->>'$.{name}' as {contract.columns[name].type}) as {quoted(name)}" for name in contract.key
        )
        con.execute(f"create or replace temp table quarantined as {fill('quarantined', key_of_row=of_row, scope=scope.table)}")
        con.execute(f"create or replace temp table cut as {fill('cut', **scope.parts('standing'))}")
        con.execute(f"insert into gone.{contract.table} by name from cut")
        con.execute("insert into event by name select *, false as is_row, false as is_history, '' as delivery from cut")
        row = con.execute("select count(*) from cut").fetchone()
        count += int(row[0]) if row else 0
    return count


def remember(con: duckdb.DuckDBPyConnection, contract: Contract, found: list[Scope]) -> None:
    """Keeps tonight's scopes, so that rows which arrive later and are older are judged by them."""
    for scope in found:
        value = ", ".join(f"{quoted(name)}::varchar" for name in scope.columns)
        con.execute(
            f"insert into gone.scope select file_id, delivery_no, ?, known_at, ?, [{value}] from {scope.table} where is_new",
            [contract.table, list(scope.within)],
        )
