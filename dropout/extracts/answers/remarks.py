"""Free text of counselors: it stays in the identity store, by student and list, and comes back on the next list alone."""

import duckdb


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Makes `identity.remark` in the attached store (a file of mode 0600), if it is not there.

    One row per student and list: the newest remark, with the date from which it was known.
    """
    con.execute(
        "create table if not exists identity.remark (student_key bigint not null, list_date date not null, "
        "remark varchar not null, known_at date not null, primary key (student_key, list_date))"
    )


def keep(con: duckdb.DuckDBPyConnection, known_at: str) -> int:
    """Keeps the remarks of temp table `derived` (file_id, line, student_id, list_date, remark) about students of the register.

    `known_at` is SQL for the date of the remark, given its list's date as `event_date`. A newer one replaces an older;
    of one date the one read last stays. Returns the remarks kept; what of them is whose is said nowhere else.
    """
    known_at = known_at.replace("event_date", "d.list_date")
    row = con.execute(
        f"""insert into identity.remark
        select s.student_key, d.list_date, d.remark, {known_at} as known_at
        from derived as d inner join identity.student as s on d.student_id = s.student_id
        where d.remark is not null and d.list_date is not null
        qualify row_number() over (partition by s.student_key, d.list_date order by d.file_id desc, d.line desc) = 1
        on conflict do update set remark = excluded.remark, known_at = excluded.known_at
        where excluded.known_at >= identity.remark.known_at"""
    ).fetchone()
    return int(row[0]) if row else 0
