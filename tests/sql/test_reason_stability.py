"""Where a background line and a reason's stability go: into the analysts' table, and no line into the list's reasons."""

from pathlib import Path

from dropout.monitor.night import tonight
from dropout.resources import sql
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import step
from tests.publish_district import begun, district, evaluated, scored

LINE = (
    "insert into night.reason by name select student_key, as_of_date, target, 'background' as direction, 1 as reason_rank, "
    "'background' as concept, '' as feature, 0.3 as log_odds, 0.875 as stability, 0.1 as log_odds_low, 0.4 as log_odds_high "
    "from night.score where student_key = 1"
)


def test_a_background_line_names_no_feature_and_says_how_it_held(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    with connect(deployment) as con:
        scored(con)
        evaluated(con)
        con.execute(LINE)
        run = begun(con, deployment)
        with step(con, run, "score"):
            pass
        tonight(con, run)
        directions = {d for (d,) in con.execute(f"select distinct direction from ({sql('marts/list_reason')})").fetchall()}
        assert directions == {"raises", "lowers"}
        exact = sql("marts/student_reason")
        rows = con.execute(
            "select concept, feature, log_odds, value, class_mean, stability, log_odds_low, log_odds_high "
            f"from ({exact}) where direction = 'background'"
        ).fetchall()
        unmeasured = con.execute(f"select count(*) from ({exact}) where stability is null").fetchall()
    assert rows == [("background", None, 0.3, None, None, 0.875, 0.1, 0.4)]
    assert unmeasured[0][0] > 100
