"""A large plain file takes the short way into staging, and arrives as by the long one."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from dropout.extracts import whole
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from flows.verbs import perform
from tests.places import BASE, NIGHT, ask, deliver, deployment

HEADER = "student_id,date,session,status,minutes_missed\n"
START = dt.date(2025, 1, 6)
PLAIN = HEADER + "".join(
    f"S{i % 2 + 1},{START + dt.timedelta(i // 2)},day,{'present' if i % 5 else 'late'},\n" for i in range(90)
)
ODD = {
    "plain": PLAIN,
    "another end": PLAIN.replace("\n", "\r\n"),
    "no end": PLAIN.rstrip("\n"),
    "empty lines at the end": PLAIN + "\n\n",
    "bad cells": PLAIN + "S1,x,day,late,\nS1,2025-02-24,day,late,many\nS2,2025-02-25,day,late,5\n",
    "patient cells": PLAIN + "S1, ٢٠٢٥-٠٢-٢٤,day,late,٥\nS1,2025-02-25 ,day,late, 7 \n",
    "an unknown student and none": PLAIN + "S77,2025-02-24,day,late,\n,2025-02-24,day,late,\n",
    "delimiters alone": PLAIN + ",,,,\n" + "S1,2025-02-24,day,late,\n",
    "other spellings": PLAIN
    + "S١,2025-02-24,day,late,٥\n\u200fS1,2025-02-25,day,late,\nS2\t,2025-02-26,\u200fday,late\u200f,\n"
    + "\ufeffS3,2025-02-26,day,,\n",
    "empty cells beyond the last": PLAIN + "S1,2025-02-24,day,late,3,,\n",
    "too many": PLAIN + "S1,2025-02-24,day,late,3,,x\n",
    "too few": PLAIN + "S1,2025-02-24\nS1,2025-02-25,day,late,3\n",
    "a quote": PLAIN + '"S1",2025-02-24,day,late,\n',
    "an empty line": PLAIN + "\nS1,2025-02-24,day,late,\n",
}
STAGED = "select * exclude (row_no, file_id) from staging.arrived.attendance order by all"


def arrived(folder: Path, content: str) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    place = deployment(folder)
    run = Run(place, "test", NIGHT)
    (place.secrets / "hmac.key").write_text("ab" * 32 + "\n")
    perform(run, "land", paths=[deliver(folder, "a", {**BASE, "attendance.csv": content})])
    perform(run, "read")
    with connect(place, attach=("staging",)) as con:
        held = con.execute("select count(*) from duckdb_tables() where schema_name = 'whole'").fetchall()
    perform(run, "check")
    with connect(place, attach=("staging",)) as con:
        rows = con.execute(STAGED).fetchall()
        quarantined = con.execute(
            "select line, rules, row_data from staging.checked.quarantine where table_name = 'attendance' order by all"
        ).fetchall()
    files = ask(place, "select line_count, row_count, reject_count, aside_count from ops.file where file = 'attendance.csv'")
    rejects = ask(place, "select line, column_name, reason from ops.reject order by all")
    return [*rows, *held], quarantined, files, rejects


@pytest.mark.parametrize("case", ODD)
def test_the_short_way_and_the_long_way_lead_to_the_same_rows(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = arrived(tmp_path / "long", ODD[case])
    monkeypatch.setattr(whole, "BYTES_AT_LEAST", 1)
    short = arrived(tmp_path / "short", ODD[case])
    assert long[0].pop() == (0,)
    tables = short[0].pop()
    assert short == long
    goes_short = case not in ("too many", "too few", "a quote", "an empty line")
    assert tables == (3 if goes_short else 2,)  # schools and enrolments are plain files as well


def test_a_whole_file_loads_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "BYTES_AT_LEAST", 1)
    place = deployment(tmp_path)
    run = Run(place, "test", NIGHT)
    perform(run, "land", paths=[deliver(tmp_path, "a", {**BASE, "attendance.csv": ODD["bad cells"]})])
    for verb in ("read", "check", "load"):
        perform(run, verb)
    assert ask(place, "select count(*), min(line), max(line) from core.attendance") == [(91, 2, 94)]
