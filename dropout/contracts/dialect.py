"""SQLAlchemy's way into DuckDB, as much as Great Expectations needs: reading, on a connection already open.

The published DuckDB dialects break 30 of Great Expectations' 35 core expectations on SQLAlchemy 2.1: results
are read after the connection was given back, reflection asks for PostgreSQL's own catalog, and regexes are
refused for a dialect it does not know. This one answers on the pipeline's own connection, so temporary views
and rows that are not committed yet can be judged as well.
"""

from types import SimpleNamespace
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, registry
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect
from sqlalchemy.pool import StaticPool

URL = "duckdb+ours://"
registry.register("duckdb.ours", __name__, "DuckDBDialect")
_TYPES = {
    "BIGINT": sa.BIGINT,
    "BOOLEAN": sa.BOOLEAN,
    "DATE": sa.DATE,
    "DOUBLE": sa.DOUBLE,
    "INTEGER": sa.INTEGER,
    "TIMESTAMP": sa.TIMESTAMP,
    "VARCHAR": sa.VARCHAR,
}


def engine_options(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Arguments of `create_engine` that make it use `con`, which stays open and keeps its transaction."""
    return {"creator": lambda: _Connection(con), "poolclass": StaticPool}


class _Cursor:
    """Fetches at once: the next statement on a DuckDB connection would end a result that is still open."""

    arraysize = 1

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._rows: list[tuple[Any, ...]] = []
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: tuple[Any, ...] = ()) -> None:
        done = self._con.execute(statement, list(parameters))
        self.description = [tuple(column) for column in done.description] if done.description else None
        self._rows = done.fetchall() if self.description else []

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.fetchmany(len(self._rows))

    def close(self) -> None:
        """Keeps the rows: Great Expectations reads them after the connection was given back."""


class _Connection:
    """The pipeline's connection; its transaction and its end belong to the pipeline."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def cursor(self) -> _Cursor:
        return _Cursor(self._con)

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...


class _Compiler(PGCompiler):
    """DuckDB's `~` matches the whole text; PostgreSQL's, which Great Expectations writes, searches in it."""

    def visit_custom_op_binary(self, element: Any, operator: Any, **kw: Any) -> str:
        if operator.opstring not in ("~", "!~"):
            return str(super().visit_custom_op_binary(element, operator, **kw))  # type: ignore[no-untyped-call]
        found = f"regexp_matches({self.process(element.left, **kw)}, {self.process(element.right, **kw)})"
        return found if operator.opstring == "~" else f"not {found}"


class DuckDBDialect(PGDialect):
    """PostgreSQL's dialect with DuckDB's parameters, reflection and regexes."""

    name = "duckdb"
    driver = "ours"
    paramstyle = default_paramstyle = "numeric_dollar"
    statement_compiler = _Compiler
    supports_statement_cache = True
    supports_server_side_cursors = False

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)  # type: ignore[no-untyped-call]
        self.dialect = postgresql.dialect  # where Great Expectations looks for a dialect whose regexes it knows

    @classmethod
    def import_dbapi(cls) -> Any:
        """What SQLAlchemy wants to know of a database driver."""
        return SimpleNamespace(paramstyle=cls.paramstyle, Error=duckdb.Error)

    def initialize(self, connection: sa.Connection) -> None:
        """Asks nothing: PostgreSQL's settings do not exist here."""

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> list[Any]:
        """Names and types as DuckDB's catalog has them, temporary tables and views included."""
        rows = connection.exec_driver_sql(
            "select column_name, data_type, is_nullable from duckdb_columns() "
            "where table_name = $1 and schema_name = coalesce($2, 'main') order by column_index",
            (str(table_name), schema),
        )
        return [
            {
                "name": name,
                "type": _TYPES.get(kind, sa.types.NullType)(),
                "nullable": nullable,
                "default": None,
            }
            for name, kind, nullable in rows
        ]
