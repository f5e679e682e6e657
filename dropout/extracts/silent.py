"""Schools that were open yesterday and of which tonight's deliveries brought nothing, while others' data came.

A school stays silent, over weekends too, until a delivery brings something of it: `night.silent_school` remembers.
"""

import datetime as dt

import duckdb

from dropout.errors import ExtractError
from dropout.extracts import waiting
from dropout.resources import sql
from dropout.warehouse.ledger import Run, notice

ACTIVITY = {"attendance": "student_key", "attendance_total": "student_key", "grade": "student_key", "register": "class_id"}
NAMED = 20  # schools that a notice names; the rest are counted


def put_off(con: duckdb.DuckDBPyConnection, run: Run, staged: set[str]) -> int:
    """Puts tonight's deliveries off to the next night where a school is missing and the settings say to wait.

    Takes them out of temp table `loading`; they are read again the next night. After `intake.wait_nights` they go in
    as they are. Returns how many were put off.
    """
    rule = run.deployment.settings.intake
    schools = silent_schools(con, run, staged) if rule.missing_school == "wait" else []
    night = waiting.nights_found(con, waiting.SCHOOLS, run.as_of) if schools else 0
    if not schools or night > rule.wait_nights:
        waiting.forget(con, waiting.SCHOOLS)
        return 0
    notice(con, run, "load", _missing(run, schools, f"Tonight's deliveries wait; this is night {night} of {rule.wait_nights}."))
    mine = "delivery_no in (select delivery_no from loading where not is_history)"
    row = con.execute(f"update ops.delivery set status = 'landed' where {mine}").fetchone()
    con.execute("delete from loading where not is_history")
    return int(row[0]) if row else 0


def tell_silent_schools(con: duckdb.DuckDBPyConnection, run: Run, staged: set[str]) -> int:
    """Writes a notice that names the silent schools, and remembers them; returns how many. Needs what `silent_schools` needs."""
    schools = silent_schools(con, run, staged)
    if schools:
        then = "Until they come, their lists say that no data came, and rank nobody."
        notice(con, run, "load", _missing(run, schools, then))
    _remember(con, run, staged, schools)
    return len(schools)


def _remember(con: duckdb.DuckDBPyConnection, run: Run, staged: set[str], schools: list[str]) -> None:
    """Keeps in `night.silent_school` which schools are silent since which day, and forgets those of which something came."""
    con.execute("create table if not exists night.silent_school (school_id varchar primary key, since date not null)")
    _brought(con, staged, "true")
    con.execute(f"delete from night.silent_school where school_id in ({sql('core/brought_school')})")
    since = run.as_of - dt.timedelta(days=1)
    con.execute("insert or ignore into night.silent_school select unnest(?::varchar[]), ?", [schools, since])


def silent_schools(con: duckdb.DuckDBPyConnection, run: Run, staged: set[str]) -> list[str]:
    """The schools. History is no night's delivery and tells nothing here; a school without a calendar is not missed.

    Needs temp table `loading` and the tables `staged` of `staging.checked`.
    """
    days = {"yesterday": run.as_of - dt.timedelta(days=1), "as_of": run.as_of}
    if not con.execute(
        "select exists (from core.calendar where date = $yesterday and is_school_day)", {"yesterday": days["yesterday"]}
    ).fetchall()[0][0]:
        return []
    _brought(con, staged, "not l.is_history")
    return [str(school) for (school,) in con.execute(sql("core/silent_school"), days).fetchall()]


def _brought(con: duckdb.DuckDBPyConnection, staged: set[str], which: str) -> None:
    """Temp tables `brought_student` and `brought_class`: of whom tonight's deliveries say what happened at school."""
    for column in ("student_key", "class_id"):
        rows = [
            f"select {column} from staging.checked.{table} as c inner join loading as l on c.delivery_no = l.delivery_no "
            f"where {which}"
            for table, owner in ACTIVITY.items()
            if owner == column and table in staged
        ]
        union = " union all ".join(rows) or f"select null as {column} limit 0"
        con.execute(f"create or replace temp table brought_{column.split('_')[0]} as select distinct {column} from ({union})")


def _missing(run: Run, schools: list[str], then: str) -> ExtractError:
    more = f" and {len(schools) - NAMED} more" if len(schools) > NAMED else ""
    return ExtractError(
        f"{len(schools)} schools were open on {run.as_of - dt.timedelta(days=1)} and sent nothing, while others did",
        where=", ".join(schools[:NAMED]) + more,
        cause="Their files are missing from tonight's deliveries, or hold no attendance, register, mark or total.",
        remedy=f"Ask these schools for their extracts. {then}",
    )
