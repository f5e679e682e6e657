"""The page of every school of a simulated district says what its reasons say: strip and marks agree with the features."""

import re

import polars as pl

from dropout.monitor.night import tonight
from dropout.publish.lists.strips import known, last_registers
from dropout.publish.publish import publish
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import open_run
from tests.flows.conftest import NIGHT, District, Run

FEATURES = """
select s.student_key, n.registers_taken_28d_count, n.absences_unexcused_28d_count, n.absence_share_28d, n.lateness_share_28d,
    n.mark_mean_term_share
from this_night as t
inner join night.score as s on t.list_target = s.target and s.is_listed and t.as_of_date = s.as_of_date
inner join night.snapshot as n on s.student_key = n.student_key
"""


def test_strips_and_marks_agree_with_the_features_of_every_listed_pupil(district: District, test_run: Run) -> None:
    with connect(district.place) as con:
        tonight(con, test_run)
        found = known(con, test_run)
        features = con.sql(FEATURES).pl()
    assert features.height > 20
    both = features.join(last_registers(found.days), on="student_key", how="left")
    assert both["registers"].null_count() == 0
    taken = pl.col("registers_taken_28d_count")
    missed = pl.col("unexcused") + pl.col("excused")
    apart = both.filter(
        (taken != pl.col("registers"))
        | ((pl.col("absences_unexcused_28d_count") - pl.col("unexcused")).abs() > 1e-4)
        | ((pl.col("absence_share_28d") * taken - missed).abs() > 1e-3)
        | ((pl.col("lateness_share_28d") * taken - pl.col("late")).abs() > 1e-3)
    )
    assert apart.height == 0
    assert both["unexcused"].sum() > 20  # not agreed on nothing
    last = found.marks.filter(pl.col("is_all")).sort("last_date", "term").group_by("student_key").last()
    marks = features.join(last, on="student_key", how="left")
    assert marks.filter((pl.col("mark_mean_term_share") - pl.col("mean_share")).abs() > 1e-6).height == 0
    assert marks.filter(pl.col("mark_mean_term_share").is_null() != pl.col("mean_share").is_null()).height == 0


def test_publish_alone_writes_the_pages_again_byte_for_byte(district: District) -> None:
    lists = district.place.published / "current" / "lists"
    before = {path.name: path.read_bytes() for path in lists.glob("*/*.html")}
    assert len(before) > 1 and any(b"<article" in content for content in before.values())
    with connect(district.place) as con:
        run = Run(district.place, "publish", NIGHT, "again")
        open_run(con, run)
        publish(con, run)
    assert {path.name: path.read_bytes() for path in lists.glob("*/*.html")} == before


def test_a_page_lists_the_pupils_of_its_csv_in_its_order(made: District) -> None:
    for path in (made.place.published / "current" / "lists").glob("*/*.html"):
        table = path.with_suffix(".csv").read_text(encoding="utf-8-sig").splitlines()[1:]
        numbers = re.findall(
            r'<p>[^<]*<bdi>[^<]*</bdi>[^<]*<bdi class="code">([^<]*)</bdi></p>', path.read_text(encoding="utf-8")
        )
        assert len(numbers) == len(table)
        assert all(number in line for number, line in zip(numbers, table, strict=True))
