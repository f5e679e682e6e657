"""An attack on the simulated district: who knows five facts of a pupil looks for the one row that is his."""

import stat
from pathlib import Path

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from dropout.cli import app
from dropout.errors import DisclosureError
from dropout.privacy.audit_verify import entries
from dropout.publish.manifest import verify
from dropout.research import extract, levels
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run
from tests.flows.conftest import NIGHT, District

# school, grade, listed or not: rows that do not contradict them. {shown}: what a file says of absences and marks beside them
HITS = """
    with fact as (
        select n.student_key, n.school_id, n.grade_level, s.is_listed, n.absences_unexcused_28d_count::double as absences,
            n.mark_mean_term_share::double as marks
        from night.snapshot as n inner join night.score as s using (student_key, as_of_date)
        where s.target = 'leaves_by_next_year'
    ),
    hit as (
        select f.student_key, count(*) as n
        from fact as f inner join ({shown}) as r
            on coalesce(r.school_id = f.school_id, true) and coalesce(r.grade_level = f.grade_level, true)
            and r.is_listed = f.is_listed and coalesce(abs(r.absences - f.absences) < 1e-6, true)
            and coalesce(abs(r.marks - f.marks) < 1e-6, true)
        group by f.student_key
    )
    select count(*), min(n), count(*) filter (n = 1), count(*) filter (n < 10) from hit
"""
OF_REASONS = """
    select r.school_id, r.grade_level, r.is_listed, max(e.value) filter (e.feature = 'absences_unexcused_28d_count') as absences,
        max(e.value) filter (e.feature = 'mark_mean_term_share') as marks
    from last.marts.student_risk as r left join night.reason as e
        on ('0x' || r.student_key)::bigint = e.student_key and r.target = e.target
    where r.target = 'leaves_by_next_year' group by r.student_key, all
"""
OF_ANALYSTS = """
    select school_id, grade_level, is_listed, null::double as absences, null::double as marks
    from last.marts.student_risk where target = 'leaves_by_next_year'
"""


def hits(place: District, file: str, shown: str) -> tuple[int, int, int, int]:
    """Pupils, fewest rows for one, pupils with one row, pupils with fewer than ten."""
    path = place.place.published / "current" / file
    with connect(place.place) as con:
        con.execute(f"attach '{path}' as last (read_only)")
        (found,) = con.execute(HITS.format(shown=shown)).fetchall()
    return found  # type: ignore[no-any-return]


def test_five_facts_lead_to_nobody(district: District) -> None:
    """In the operator's own file and the exact reasons they do, so the attack works; in the analysts' file they do not."""
    pupils, _, singled_out, few = hits(district, "operator/night.duckdb", OF_REASONS.replace(", all", ", 1, 2, 3"))
    assert singled_out > 0.01 * pupils and few > 0.2 * pupils
    found, fewest, singled_out, few = hits(district, "analytics.duckdb", OF_ANALYSTS)
    assert found > 0.9 * pupils
    assert (singled_out, few) == (0, 0) and fewest >= 10


def test_the_k_anonymity_report_is_part_of_the_manifest(made: District) -> None:
    report = verify((made.place.published / "current").resolve())["k_anonymity"]
    assert [entry["table"] for entry in report] == ["student_risk", "student_reason", "followup"]
    assert all(entry["k"] >= 10 and entry["rows"] > 1000 for entry in report[:2])
    assert (report[2]["k"], report[2]["rows"]) == (None, 0)  # no list has come back yet
    path = (made.place.published / "current" / "operator" / "night.duckdb").resolve()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with duckdb.connect(str(path.parents[1] / "analytics.duckdb"), read_only=True) as con:
        counts = con.execute("select min(absent_count), min(pupil_count) from marts.school_day").fetchall()
    assert min(n for n in counts[0] if n is not None) >= 10


def test_a_research_extract_keeps_k_and_l(district: District, tmp_path: Path) -> None:
    run = Run(district.place, "research", NIGHT)
    folder = tmp_path / "out" / "extract"
    with connect(district.place) as con:
        facts = extract.write(con, run, folder, None)
        with pytest.raises(DisclosureError, match="something already"):
            extract.write(con, run, folder, None)
        keys = {f"{k:015x}" for (k,) in con.execute("select student_key from core.student").fetchall()}
    rows = pl.read_parquet(folder / "pupils.parquet")
    classes = rows.group_by("pupil").agg(pl.col(*extract.QUASI, "outcome").last()).group_by(extract.QUASI).agg(
        pl.len().alias("n"), pl.col("outcome").sum().alias("left")
    )  # fmt: skip
    assert classes["n"].min() == facts.k and facts.k is not None and facts.k >= 10
    rarer = classes.select(pl.min_horizontal("left", pl.col("n") - pl.col("left")))["left"]
    assert int(rarer.min()) >= levels.EACH_OUTCOME_LEAST  # type: ignore[arg-type]
    assert (rarer / classes["n"]).min() >= levels.EACH_OUTCOME_SHARE  # type: ignore[operator]
    assert not set(rows["pupil"]) & keys and not {k[:12] for k in keys} & {p[:12] for p in rows["pupil"]}
    assert not {"school_id", "class_id", "student_key", "birth_year"} & set(rows.columns)
    assert pl.read_csv(folder / "pupils.csv").height == rows.height
    assert verify(folder)["k"] == facts.k
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert not list(folder.parent.glob(".*"))
    sheet = (folder / "DATASHEET.md").read_text(encoding="utf-8")
    assert "| all |" in sheet and f"among {facts.k} or more" in sheet


def test_an_extract_by_command_is_in_the_audit_log(district: District, tmp_path: Path) -> None:
    words = ["research-extract", str(tmp_path / "extract"), "--date", str(NIGHT), "--dir", str(district.place.root)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    facts = verify(tmp_path / "extract")
    [entry] = [e for e in entries(district.place) if e.what == "research_exported"]
    assert entry.facts == {"school_year": facts["school_year"], "k": facts["k"]} and facts["k"] >= 10
