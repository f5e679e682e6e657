"""held: every row of every table that carries a pupil, whatever tables there are: those with a `student_key`, and two more.

No table is named here: one that is added later is found by its column. Rows set aside by a contract and lines that
could not be read carry the pupil in a text, and have statements of their own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from dropout.access.student import Student
from dropout.contracts.ddl import literal, quoted
from dropout.monitor.night import ANALYTICS, EXACT
from dropout.resources import sql
from dropout.settings import Deployment

KEY = "student_key"


@dataclass(frozen=True)
class Table:
    """The pupil's rows of one table; `place` is where it lies, `name` its schema and name, e.g. `core.attendance`."""

    place: str
    name: str
    rows: pl.DataFrame


@dataclass(frozen=True)
class Held:
    """All tables with rows of the pupil, in order, and databases that could not be opened."""

    student: Student
    tables: tuple[Table, ...] = ()
    unreadable: tuple[str, ...] = field(default=())

    def of(self, name: str, place: str = "warehouse.duckdb") -> pl.DataFrame:
        """The pupil's rows of table `name`; a frame without columns where there are none."""
        return next((t.rows for t in self.tables if (t.name, t.place) == (name, place)), pl.DataFrame())

    @property
    def file_ids(self) -> list[int]:
        """Numbers of the received files that the warehouse's rows came from."""
        named = [t.rows["file_id"] for t in self.tables if "file_id" in t.rows.columns and t.name.startswith(("core.", "ops."))]
        return sorted({int(number) for column in named for number in column.drop_nulls().to_list()})


def gather(con: duckdb.DuckDBPyConnection, deployment: Deployment, student: Student) -> Held:
    """Everything the databases of the deployment hold on `student`: warehouse, identity store, staging, publications.

    Tables without a row of the pupil are left out. Databases are opened read-only, one at a time.
    """
    tables = [*_tables(con, _warehouse(con), deployment.warehouse.name, student), *_told(con, "ops.quarantine", student)]
    unreadable: list[str] = []
    for path in _databases(deployment):
        place = path.relative_to(deployment.root).as_posix()
        try:
            with _opened(con, path) as catalog:
                tables += _tables(con, catalog, place, student)
                if path == deployment.identity:
                    tables += _told(con, "main.reject_line", student, place)
        except duckdb.Error:  # its text may quote a value
            unreadable.append(place)
    return Held(student, tuple(tables), tuple(unreadable))


def _databases(deployment: Deployment) -> list[Path]:
    generations = deployment.published / "generations"
    published = sorted(path for file in (ANALYTICS, EXACT) for path in generations.glob(f"[!.]*/{file}"))
    return [path for path in (deployment.identity, deployment.staging, *published) if path.is_file()]


def _warehouse(con: duckdb.DuckDBPyConnection) -> str:
    [(catalog,)] = con.execute("select current_database()").fetchall()
    return str(catalog)


@contextmanager
def _opened(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[str]:
    """The database at `path`, read-only, as catalog `looked_into`."""
    con.execute(f"attach {literal(path)} as looked_into (read_only)")
    try:
        yield "looked_into"
    finally:
        con.execute("detach looked_into")


def _tables(con: duckdb.DuckDBPyConnection, catalog: str, place: str, student: Student) -> list[Table]:
    """The pupil's rows of every table of `catalog` with a column `student_key`, as a number or in hexadecimal digits."""
    found = []
    for schema, name, kind in con.execute(sql("access/table_with_student"), {"catalog": catalog, "key": KEY}).fetchall():
        wanted = student.student_key if kind == "BIGINT" else student.hexadecimal
        where = f"{quoted(catalog)}.{quoted(schema)}.{quoted(name)}"
        rows = con.sql(f"select * from {where} where {KEY} = $wanted order by all", params={"wanted": wanted}).pl()
        if rows.height:
            found.append(Table(place, f"{schema}.{name}", rows))
    return found


def _told(con: duckdb.DuckDBPyConnection, name: str, student: Student, place: str = "warehouse.duckdb") -> list[Table]:
    """Rows of a table that has the pupil only within a text."""
    statement = {"ops.quarantine": "access/quarantine", "main.reject_line": "access/reject_line"}[name]
    wanted: dict[str, int | str] = {"student_key": student.student_key}
    if name == "main.reject_line":
        wanted = {"student_id": student.student_id}
    rows = con.sql(sql(statement), params=wanted).pl()
    return [Table(place, name, rows)] if rows.height else []
