"""Test input as small ASCII tables, and a warehouse in memory to put them in."""

import datetime as dt

import duckdb

from dropout.contracts.contract import load_contracts
from dropout.contracts.ddl import create_core
from dropout.country import Country, load_country
from dropout.features import snapshot

YEAR_START = dt.date(2024, 9, 1)


FILES = "insert into ops.file (file_id, delivery_no, file, source_file, line_count, row_count, reject_count)"


def rows(text: str) -> list[dict[str, str | None]]:
    """The rows of a table drawn with | between cells; an empty cell is NULL."""
    lines = [line for line in text.strip().splitlines() if set(line.strip()) - set("-+|")]
    header, *body = [[cell.strip() or None for cell in line.strip().split("|")] for line in lines]
    return [dict(zip([str(h) for h in header], cells, strict=True)) for cells in body]


def warehouse(**tables: str) -> duckdb.DuckDBPyConnection:
    """A warehouse in memory with `core` tables filled from ASCII tables; known_at defaults to the event date."""
    con = duckdb.connect()
    con.execute("create schema core")
    create_core(con)
    contracts = load_contracts()
    for table, text in tables.items():
        for row in rows(text):
            event = contracts[table].event_date
            row.setdefault("known_at", row.get(event) if event else "1900-01-01")
            row.setdefault("delivery_no", "1")
            names = ", ".join(f'"{n}"' for n in row)
            con.execute(f"insert into core.{table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))
    return con


def country(**changes: object) -> Country:
    """The generic country: 2024-2025 runs from 1 September to 30 June, census 15 October, five-day week."""
    return load_country("generic").model_copy(update=changes)


def features(con: duckdb.DuckDBPyConnection, as_of: str, student: int = 1, **changes: object) -> dict[str, object]:
    """The snapshot of one student as of a date."""
    snapshot.build(con, [dt.date.fromisoformat(as_of)], country(**changes))
    found = con.execute("select * from snapshot where student_key = ?", [student])
    names = [d[0] for d in found.description or []]
    row = found.fetchone()
    return dict(zip(names, row, strict=True)) if row else {}


def days(first: str, count: int) -> list[dt.date]:
    """The first `count` weekdays from a date on."""
    day, found = dt.date.fromisoformat(first), []
    while len(found) < count:
        if day.isoweekday() <= 5:
            found.append(day)
        day += dt.timedelta(days=1)
    return found


def registers(class_id: str, dates: list[dt.date], *, not_taken: frozenset[dt.date] = frozenset()) -> str:
    """A register table: one session a day, taken but on the days of `not_taken`."""
    lines = [f"{class_id} | {d} | day | {str(d not in not_taken).lower()}" for d in dates]
    return "\n".join(["class_id | date | session | taken", *lines])
