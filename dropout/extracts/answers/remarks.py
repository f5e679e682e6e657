"""Free text of counselors, and who they are: both stay in the identity store, by student and list, for the next list alone."""

import duckdb

PRIVATE = ("remark", "reviewer")  # columns of a list that go into the identity store and nowhere else


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Makes `identity.remark` in the attached store (a file of mode 0600), if it is not there; one of before gets its new column.

    One row per student and list: the newest remark, NULL where none was written, who answered last (initials or a role,
    as written; NULL where it was not said), and the date from which both were known.
    """
    con.execute(
        "create table if not exists identity.remark (student_key bigint not null, list_date date not null, "
        "remark varchar, reviewer varchar, known_at date not null, primary key (student_key, list_date))"
    )
    con.execute("alter table identity.remark add column if not exists reviewer varchar")
    con.execute("alter table identity.remark alter column remark drop not null")


def keep(con: duckdb.DuckDBPyConnection, known_at: str) -> int:
    """Keeps remarks and initials of temp table `derived` about students of the register; see followup.sql for its columns.

    `known_at` is SQL for the date of the answer, given its list's date as `event_date`. A newer remark replaces an older one,
    and a line without a remark takes none back; of one date the one read last stays. The initials are those of the newest
    answer, none if it has none: an answer must not stand under another's name. Returns the rows kept; what of
    them is whose is said nowhere else.
    """
    known_at = known_at.replace("event_date", "d.list_date")
    row = con.execute(
        f"""insert into identity.remark by name
        with said as (
            select
                s.student_key, d.list_date, {known_at} as known_at,
                last(d.remark order by d.file_id, d.line) filter (d.remark is not null) as remark,
                last(d.reviewer order by d.file_id, d.line) as reviewer
            from derived as d inner join identity.student as s on d.student_id = s.student_id
            where d.list_date is not null and (d.remark is not null or d.left_out is null or d.left_out = 'answered again below')
            group by s.student_key, d.list_date
        )
        select n.student_key, n.list_date, n.remark, n.reviewer, n.known_at
        from said as n left join identity.remark as o on n.student_key = o.student_key and n.list_date = o.list_date
        where coalesce(n.remark, n.reviewer, o.reviewer) is not null
        on conflict do update set
            remark = coalesce(excluded.remark, identity.remark.remark), reviewer = excluded.reviewer, known_at = excluded.known_at
        where excluded.known_at >= identity.remark.known_at"""
    ).fetchone()
    return int(row[0]) if row else 0
