"""marts: the analysts' file, built as a new DuckDB file that clients of DuckDB 1.5 can open."""

from functools import cache
from pathlib import Path

import duckdb
from pydantic import RootModel

from dropout.contracts.ddl import literal, quoted
from dropout.errors import SettingsError
from dropout.privacy.anonymity import Anonymity, counted, required
from dropout.privacy.disclosure import LEAST
from dropout.resources import sql
from dropout.strict import Strict, read_yaml
from dropout.warehouse.ledger import Counts
from dropout.warehouse.store import transaction

FILE = Path(__file__).with_name("marts.yaml")
CATALOG = "analytics"
STORAGE = "v1.5.0"  # oldest client that must open the file; 1.5 cannot read what 2.0 writes by default
# table of single pupils → temp table that says what may be shown of each row, and what an outsider may know of a pupil
CLASSES = {"student_risk": "pupil_class", "student_reason": "reason_class", "followup": "answer_class"}
QUASI_IDENTIFIERS = {
    "student_risk": [
        "target", "school_id", "grade_level", "school_year", "is_listed", "is_abstained", "abstain_reason", "chance",
        "chance_low", "chance_high",
    ],
    "student_reason": ["target", "is_listed", "direction", "concept", "feature", "value", "class_mean", "log_odds", "stability"],
    "followup": ["list_month", "is_listed", "decision", "action", "outcome", "coarsened", "days_to_answer_mean"],
}  # fmt: skip
# tables in which a student can have several rows alike → where students are counted; the last column is a mean made there
SEVERAL_ROWS = {"followup": "(from answer_class where is_shown)"}


class Mart(Strict):
    """One table of the analysts' file: its comment and its columns' comments, in column order."""

    comment: str
    columns: dict[str, str]


class Marts(RootModel[dict[str, Mart]]):
    """The layout of marts.yaml."""


@cache
def load_marts(path: Path = FILE) -> dict[str, Mart]:
    """Name → mart, in the order in which they are built; the statement of each is `sql/analysts/<name>.sql`."""
    return read_yaml(path, Marts).root


def build(con: duckdb.DuckDBPyConnection, path: Path) -> Counts:
    """Writes every mart to the new file `path`, attached as catalog `analytics`; the caller detaches it.

    Reads temp table `this_night`, catalog `exact` and the macros of `privacy.disclosure`. Rows lie in key order, so the
    same night gives the same tables. Returns rows per mart. Raises SettingsError when a table's columns and its comments
    differ.
    """
    for name in CLASSES.values():
        con.execute(f"create or replace temp table {name} as {sql(f'analysts/{name}')}", {"k": LEAST})
    con.execute(f"attach {literal(path)} as {CATALOG} (storage_version '{STORAGE}')")
    counts: Counts = {}
    with transaction(con):  # each of 70 comments would wait for the disk by itself
        con.execute(f"create schema {CATALOG}.marts")
        for name, mart in load_marts().items():
            table = f"{CATALOG}.marts.{quoted(name)}"
            statement = sql(f"analysts/{name}")
            row = con.execute(f"create table {table} as {statement}", {"k": LEAST} if "$k" in statement else None).fetchone()
            counts[name] = row[0] if row else 0
            _comment(con, table, name, mart)
    return counts


def _comment(con: duckdb.DuckDBPyConnection, table: str, name: str, mart: Mart) -> None:
    columns = [c for (c, *_) in con.execute(f"describe {table}").fetchall()]
    if columns != list(mart.columns):
        raise SettingsError(
            f"columns of sql/analysts/{name}.sql and their comments differ: "
            + ", ".join(sorted(set(columns) ^ set(mart.columns)) or ["their order"]),
            where="dropout/publish/marts.yaml",
        )
    con.execute(f"comment on table {table} is {literal(mart.comment)}")
    for column, words in mart.columns.items():
        con.execute(f"comment on column {table}.{quoted(column)} is {literal(words)}")


def anonymity(con: duckdb.DuckDBPyConnection) -> list[Anonymity]:
    """The k-anonymity report of the attached file, one entry per table of single pupils, counted on the table as it is.

    Raises DisclosureError when a class is smaller than LEAST.
    """
    found = []
    for table, classes in CLASSES.items():
        quasi = QUASI_IDENTIFIERS[table]
        k = required(con, f"{CATALOG}.marts.{table}", quasi, table=f"marts.{table}")
        if table in SEVERAL_ROWS:
            k = required(con, SEVERAL_ROWS[table], quasi[:-1], table=f"marts.{table}", person="student_key")
        ((shown, generalised, left_out),) = con.execute(sql(f"analysts/{classes}_counts")).fetchall()
        few = {"rows_generalised": counted(generalised), "rows_left_out": counted(left_out)}
        found.append(Anonymity(table=table, quasi_identifiers=quasi, k=k, rows=shown, **few))
    return found


def close(con: duckdb.DuckDBPyConnection) -> None:
    """Brings all of the file to disk and lets go of it."""
    con.execute(f"checkpoint {CATALOG}")
    con.execute(f"detach {CATALOG}")


def abandon(con: duckdb.DuckDBPyConnection) -> None:
    """Lets go of a half-written file, if it is attached; a full disk has made it unusable, so nothing is written."""
    names = {n for (n,) in con.execute("select database_name from duckdb_databases()").fetchall()}
    if CATALOG in names:
        con.execute(f"detach {CATALOG}")


def dictionary() -> str:
    """The marts as Markdown, one table each: what docs/analyse.md shows between its markers."""
    parts = []
    for name, mart in load_marts().items():
        rows = "\n".join(f"| `{column}` | {words} |" for column, words in mart.columns.items())
        parts.append(f"### marts.{name}\n\n{mart.comment}\n\n| column | meaning |\n|---|---|\n{rows}\n")
    return "\n".join(parts)
