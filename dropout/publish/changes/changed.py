"""What changed since each school's last list: who is new, still there, back or gone and why; main numbers then and now."""

import duckdb
import polars as pl

from dropout.contracts.ddl import create_core
from dropout.model.cut import KEPT_LOG_ODDS
from dropout.model.earlier import earlier_lists
from dropout.resources import sql
from dropout.warehouse.ledger import Run

STEPS = {"last_stay": "list_stay", "list_acted_on": "list_acted_on", "list_change": "list_change"}
NOISE = KEPT_LOG_ODDS  # a chance has changed when its log-odds moved by more than they do from night to night


def changed(con: duckdb.DuckDBPyConnection, run: Run) -> pl.DataFrame:
    """One row per school and student on tonight's list or on the school's last one; a school's rows stand together.

    Reads temp table `this_night`; leaves the same rows as temp table `list_change`. `state`: first (the school had no
    list in this school year), added, kept, back (on an earlier list of the year, not on the last) or left. `why`, of
    who left: transferred, left_school, finished, no_data, ranked_anew (another model or rule than then), followed_up
    (the chance fell, and an action of this stay came back), risk_fell, others_first. A stay is a run of lists without a
    gap; `first_date` and `last_date` are its ends, `chance_then` is of its first list (state back: of its last).
    `compared_date` is the stay's newest list that is a week old, else its first; `<number>_then` are of that night.
    `is_said_elsewhere`: the school's newest answer was that the student is not there, which takes nobody off a list.
    Chances and numbers of a student who is no longer in the school are NULL.
    """
    create_core(con)  # an older warehouse may lack follow-ups
    earlier_lists(con, run)
    for table, name in STEPS.items():
        given = {"noise": NOISE} if table == "list_change" else {}
        con.execute(f"create or replace temp table {table} as {sql(f'marts/{name}')}", given)
    rows: pl.DataFrame = con.table("list_change").pl()
    return rows
