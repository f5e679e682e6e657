"""A change of the key is said in the audit log, once, also when a crash kept it from being said at the time."""

import duckdb

from dropout.privacy import audit
from dropout.settings import Deployment


def tell(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> int:
    """Appends an entry for every key that came into force and of which the log does not know; returns how many."""
    untold = con.execute(
        "select ordinal, key_id, lag(key_id) over (order by ordinal) as before, since, student_count, unnumbered_count "
        "from ops.key qualify not is_told order by ordinal"
    ).fetchall()
    for ordinal, key_id, before, since, students, unnumbered in untold:
        facts: audit.Facts = {
            "key_id": key_id,
            "before": before,
            "since": str(since)[:19],
            "students": students,
            "unnumbered": unnumbered,
        }
        audit.record(con, deployment, "key_rotated", facts=facts)
        con.execute("update ops.key set is_told = true where ordinal = ?", [ordinal])
    return len(untold)


def history(con: duckdb.DuckDBPyConnection) -> list[tuple[str, ...]]:
    """Key id, since when, pupils then, and those without a number, of every key of this deployment; the newest first."""
    query = "select key_id, since, student_count, unnumbered_count, ordinal from ops.key order by ordinal desc"
    return [
        (key_id, str(since)[:19], *(("", "") if ordinal == 1 else (str(students), str(unnumbered))))
        for key_id, since, students, unnumbered, ordinal in con.execute(query).fetchall()
    ]
