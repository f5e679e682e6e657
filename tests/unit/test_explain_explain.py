"""explain on a promoted model: sums, limits, who is explained, and the rule's reasons."""

import datetime as dt
from pathlib import Path

import pytest

from dropout.errors import HistoryError, ModelError
from dropout.explain.explain import explain
from dropout.features.catalogue import load_catalogue
from dropout.model.score import score
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.model_world import TARGET, after_a_season

NIGHT = dt.date(2024, 12, 2)


def test_sums_limits_and_who_is_explained(tmp_path: Path) -> None:
    made = after_a_season(tmp_path / "d", range(2021, 2025), 1.0, NIGHT)
    with connect(made) as con:
        run = Run(made, "nightly", NIGHT)
        con.execute(
            "update night.snapshot set registers_taken_56d_count = 0, mark_mean_year_share = null where student_key % 50 = 7"
        )
        score(con, run)
        counts = explain(con, run)
        assert counts["reasons"] > 500

        def bad(query: str) -> int:
            return int(con.execute(f"select count(*) from ({query})").fetchall()[0][0])

        sums = "select student_key, target, sum(log_odds) as total from night.concept group by all"
        assert bad(f"select * from night.score join ({sums}) using (student_key, target) where abs(raw - total) > 1e-4") == 0
        assert (
            bad(f"select * from night.score left join ({sums}) using (student_key, target) where is_abstained <> (total is null)")
            == 0
        )
        assert bad("select * from night.reason semi join (from night.score where is_abstained) using (student_key)") == 0
        limit = "case any_value(direction) when 'raises' then 4 when 'lowers' then 2 else 1 end"
        by_student = "from night.reason group by student_key, target, direction"
        assert bad(f"select 1 {by_student} having count(*) > {limit} or max(reason_rank) <> count(*)") == 0
        assert bad("select 1 from night.reason group by student_key, target, direction, concept having count(*) > 1") == 0
        told = "from night.reason where direction <> 'background'"
        assert bad(f"{told} and (value is null or concept in ('background', 'data'))") == 0
        line = "(direction, concept, feature, reason_rank) = ('background', 'background', '', 1) and value is null"
        assert bad(f"from night.reason where (direction = 'background') and not ({line} and class_mean is null)") == 0
        assert bad(f"{told} and (direction = 'raises') <> (log_odds > 0)") == 0
        assert bad("from night.reason where abs(log_odds) < 0.1") == 0
        said = {f for (f,) in con.execute("select distinct feature from night.reason where feature <> ''").fetchall()}
        assert said <= {f.name for f in load_catalogue().features if f.is_reason}
        own = "select r.value from night.reason as r join night.snapshot as n using (student_key)"
        assert bad(f"{own} where r.feature = 'absences_unexcused_28d_count' and r.value <> n.absences_unexcused_28d_count") == 0

        before = con.execute("from night.reason order by all").fetchall()
        explain(con, run)
        assert con.execute("from night.reason order by all").fetchall() == before


def test_recent_absence_of_who_was_twice_as_absent_before_is_all_a_pattern(tmp_path: Path) -> None:
    made = after_a_season(tmp_path / "d", range(2021, 2025), 1.0, NIGHT)
    with connect(made) as con:
        run = Run(made, "nightly", NIGHT)
        con.execute("update night.snapshot set absence_own_past_difference = -absence_share_28d")  # earlier 2 × recent
        score(con, run)
        explain(con, run)
        raising = "select count(*) from night.concept join night.snapshot using (student_key) where absence_share_28d > 0"
        for concept, is_there in (("attendance_now", False), ("attendance_pattern", True)):
            found = con.execute(f"{raising} and concept = ? and log_odds > 1e-6", [concept]).fetchall()[0][0]
            assert (found > 0) == is_there


def test_a_snapshot_that_changed_after_the_score_is_noticed(tmp_path: Path) -> None:
    made = after_a_season(tmp_path / "d", range(2021, 2025), 1.0, NIGHT)
    with connect(made) as con:
        run = Run(made, "nightly", NIGHT)
        with pytest.raises(HistoryError, match="dropout score"):
            explain(con, run)
        score(con, run)
        con.execute("update night.snapshot set mark_mean_year_share = 0.1")
        with pytest.raises(ModelError, match="do not sum"):
            explain(con, run)
        assert con.execute("select count(*) from night.reason").fetchall() == [(0,)]


def test_the_rules_reasons_come_from_its_features(tmp_path: Path) -> None:
    made = after_a_season(tmp_path / "d", range(2021, 2025), 0.0, NIGHT)
    with connect(made) as con:
        run = Run(made, "nightly", NIGHT)
        score(con, run)
        explain(con, run)
        found = con.execute(
            "select distinct feature, log_odds from night.reason where target = ? order by 1", [TARGET]
        ).fetchall()
        assert found == [("absence_share_year", 0.0), ("absences_unexcused_28d_count", 0.0)]
        assert con.execute("select count(*) from night.concept where target = ?", [TARGET]).fetchall() == [(0,)]
