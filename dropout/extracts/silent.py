"""Schools that were open yesterday and of which tonight's deliveries brought nothing, while others' data came."""

import datetime as dt

import duckdb

from dropout.errors import ExtractError
from dropout.resources import sql
from dropout.warehouse.ledger import Run, notice

ACTIVITY = {"attendance": "student_key", "attendance_total": "student_key", "grade": "student_key", "register": "class_id"}
NAMED = 20  # schools that a notice names; the rest are counted


def tell_silent_schools(con: duckdb.DuckDBPyConnection, run: Run, staged: set[str]) -> int:
    """Writes a notice that names them; returns how many. History is no night's delivery and tells nothing here.

    Needs temp table `loading` and the tables `staged` of `staging.checked`. A school without a calendar is not missed.
    """
    days = {"yesterday": run.as_of - dt.timedelta(days=1), "as_of": run.as_of}
    if not con.execute(
        "select exists (from core.calendar where date = $yesterday and is_school_day)", {"yesterday": days["yesterday"]}
    ).fetchall()[0][0]:
        return 0
    for column in ("student_key", "class_id"):
        rows = [
            f"select {column} from staging.checked.{table} as c inner join loading as l on c.delivery_no = l.delivery_no "
            "where not l.is_history"
            for table, owner in ACTIVITY.items()
            if owner == column and table in staged
        ]
        union = " union all ".join(rows) or f"select null as {column} limit 0"
        con.execute(f"create or replace temp table brought_{column.split('_')[0]} as select distinct {column} from ({union})")
    schools = [str(school) for (school,) in con.execute(sql("core/silent_school"), days).fetchall()]
    if schools:
        more = f" and {len(schools) - NAMED} more" if len(schools) > NAMED else ""
        error = ExtractError(
            f"{len(schools)} schools were open on {days['yesterday']} and sent nothing, while others did",
            where=", ".join(schools[:NAMED]) + more,
            cause="Their files are missing from tonight's deliveries, or hold no attendance, register, mark or total.",
            remedy="Ask these schools for their extracts; until they come, their lists rest on what was known before.",
        )
        notice(con, run, "load", error)
    return len(schools)
