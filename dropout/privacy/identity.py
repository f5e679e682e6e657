"""The identity store: names, numbers, birth dates and phones, in a file of their own."""

import duckdb

from dropout.errors import DeploymentError

COLUMNS = ("student_id", "given_name", "family_name", "birth_date", "guardian_phone")


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables in the attached catalog `identity`, if they are not there: students, and lines that could not be read."""
    con.execute(
        "create table if not exists identity.student (student_key bigint primary key, student_id varchar not null, "
        "given_name varchar, family_name varchar, birth_date date, guardian_phone varchar, known_at date not null)"
    )
    con.execute("create table if not exists identity.reject_line (file_id integer not null, line bigint not null, raw varchar)")


def remember(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Merges temp table `table` (student_key, COLUMNS, known_at) into the store; the newest row of a student stays.

    Returns the number of rows given. Raises DeploymentError if two student numbers share a pseudonym (odds below
    one in a million for a million students).
    """
    clash = con.execute(
        f"select count(*) from {table} as n inner join identity.student as o using (student_key) "
        "where n.student_id <> o.student_id"
    ).fetchone()
    if clash and clash[0]:
        raise DeploymentError("two student numbers share a pseudonym", remedy="Report this; nothing was stored.")
    con.execute(
        f"insert into identity.student by name select student_key, {', '.join(COLUMNS)}, known_at from {table} "
        "qualify row_number() over (partition by student_key order by known_at desc, line desc) = 1 "
        "on conflict do update set "
        + ", ".join(f"{c} = coalesce(excluded.{c}, {c})" for c in COLUMNS[1:])
        + ", known_at = excluded.known_at where excluded.known_at >= identity.student.known_at"
    )
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
