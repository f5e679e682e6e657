"""Which deliveries of the inbox wait for what they lack, and for how many nights."""

import datetime as dt

import duckdb

SCHOOLS = "schools that sent nothing"  # in place of a delivery: for these, all of a night's deliveries can wait


def nights_found(con: duckdb.DuckDBPyConnection, place: str, night: dt.date) -> int:
    """Remembers that the delivery at `place` is incomplete tonight; returns how many nights found it so, this one included."""
    con.execute(
        "insert into ops.waiting values (?, ?, ?, 1) on conflict (place) do update set "
        "night_count = night_count + (last_on <> excluded.last_on)::integer, last_on = excluded.last_on",
        [place, night, night],
    )
    row = con.execute("select night_count from ops.waiting where place = ?", [place]).fetchone()
    assert row is not None
    return int(row[0])


def forget_others(con: duckdb.DuckDBPyConnection, places: list[str]) -> None:
    """Forgets every delivery but those that wait at `places`: it went in, or was taken away."""
    con.execute("delete from ops.waiting where not list_contains(?::varchar[], place)", [[*places, SCHOOLS]])


def forget(con: duckdb.DuckDBPyConnection, place: str) -> None:
    """Forgets what waited at `place`: it went in."""
    con.execute("delete from ops.waiting where place = ?", [place])
