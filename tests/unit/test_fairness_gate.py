"""A district in which one group is made to be missed: the gate keeps the last list, the operator may accept, and it is kept."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from dropout.cli import app
from dropout.errors import GateError
from dropout.fairness.accept import accept, acceptance
from dropout.fairness.audit import audit
from dropout.monitor.gate import gate
from dropout.privacy.audit import log_path, read_line
from dropout.publish.model_card.card import document_of
from dropout.publish.model_card.markdown import markdown
from dropout.publish.model_card.version import known
from dropout.publish.publish import publish
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.publish_district import NIGHT, TARGET, begun, district, evaluated, scored

NEXT = NIGHT + dt.timedelta(days=1)
SCHOOLS = 40


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return district(tmp_path, deployment={"name": "Essai", "country": "morocco", "language": "en"})


def published(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    """Forty schools of sixteen students, every second one a girl, and one published night: four are listed in each but S4."""
    con.execute(
        "create or replace temp table more as select k, 'S' || ((k - 1) // 16 + 1) as school_id, "
        "'C' || (k - 1) // 16 as class_id from range(65, $end) as r(k)",
        {"end": 16 * SCHOOLS + 1},
    )
    meta = "date '2024-09-10' as known_at, 1 as delivery_no, 1 as file_id, 2 as line"
    con.execute(
        "insert into core.school by name select distinct school_id, school_id as school_name, 'Nord' as region, "
        f"'urban' as locality, 'lower_secondary' as level, 4 as capacity, {meta} from more"
    )
    con.execute(
        "insert into core.enrolment by name select k as student_key, school_id, '2024-2025' as school_year, "
        f"7 as grade_level, class_id, date '2024-09-05' as entry_date, {meta} from more"
    )
    con.execute(
        "insert into core.student by name select k as student_key, if(k % 2 = 0, 'female', 'male') as sex, "
        f"k % 3 = 0 as scholarship, {meta} from range(1, $end) as r(k)",
        {"end": 16 * SCHOOLS + 1},
    )
    scored(con)
    evaluated(con)
    publish(con, begun(con, deployment))


@pytest.fixture
def con(deployment: Deployment) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse after a published night."""
    with connect(deployment) as con:
        published(con, deployment)
        yield con


def missed(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> None:
    """Girls lose their places: the four boys with the highest chances are listed, whatever the girls' are."""
    scored(con, as_of)
    con.execute(
        "update night.score set is_listed = student_key % 2 = 1 and coalesce(school_rank <= 8, false) and school_id <> 'S4' "
        "where as_of_date = ?",
        [as_of],
    )


def test_even_lists_pass(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    scored(con, NEXT)
    checks = gate(con, begun(con, deployment, NEXT, "r-even"))
    assert (checks["groups"]["status"], checks["groups"]["found"]) == ("passed", 0)


def test_a_missed_group_keeps_the_last_list_and_the_operator_gets_its_numbers(
    con: duckdb.DuckDBPyConnection, deployment: Deployment
) -> None:
    missed(con, NEXT)
    current = (deployment.published / "current").resolve()
    with pytest.raises(GateError) as caught:
        gate(con, begun(con, deployment, NEXT, "r-missed"))
    text = str(caught.value)
    assert "sex=female: 0.00 times the places that its chances ask for (0.00 to 0.00)" in text
    assert "--accept-audit" in text and "the last publication stays" in text
    # nor does it pass by hand
    with pytest.raises(GateError, match="out of bounds"):
        publish(con, begun(con, deployment, NEXT, "r-by-hand"))
    assert (deployment.published / "current").resolve() == current


def test_an_accepted_audit_publishes_and_is_told(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    missed(con, NEXT)
    accept(con, NEXT, "The boys' school lost\n its roof")
    run = begun(con, deployment, NEXT, "r-accepted")
    checks = gate(con, run)
    assert (checks["groups"]["status"], checks["groups"]["why"]) == ("skipped", "accepted")
    publish(con, run)
    now = deployment.published / "current"
    assert now.resolve().name.startswith(str(NEXT))
    report = (now / "report.html").read_text(encoding="utf-8")
    assert "The boys&#39; school lost its roof" in report
    card = (now / "model_card.md").read_text(encoding="utf-8")
    assert f"{NEXT}: sex=female" in card and "lost its roof" in card
    kept = con.execute("select student_groups, reason, who from ops.audit_acceptance").fetchall()
    entry = next(e for line in log_path(deployment).read_bytes().splitlines() if (e := read_line(line)) and e.what == "accepted")
    assert entry.facts["reason"] == "The boys' school lost its roof" and entry.facts["groups"] == len(kept[0][0].split(", "))
    assert kept[0][0].startswith("sex=female") and kept[0][1] == "The boys' school lost its roof" and kept[0][2]


def test_the_command_publishes_what_is_accepted(deployment: Deployment) -> None:
    with connect(deployment) as con:
        published(con, deployment)
        missed(con, NEXT)
    toml = '[deployment]\nname = "Essai"\ncountry = "morocco"\nlanguage = "en"\n'
    (deployment.root / "dropout.toml").write_text(toml, encoding="utf-8")
    command = ["publish", "-C", str(deployment.root), "--date", str(NEXT)]
    held = CliRunner().invoke(app, command)
    assert isinstance(held.exception, GateError)
    assert (deployment.published / "current").resolve().name.startswith(str(NIGHT))
    done = CliRunner().invoke(app, [*command, "--accept-audit", "the roof"])
    assert done.exit_code == 0, done.exception
    assert (deployment.published / "current").resolve().name.startswith(str(NEXT))


def test_an_acceptance_counts_for_its_date_only(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    accept(con, NIGHT, "for that night")
    missed(con, NEXT)
    assert acceptance(con, NEXT) is None
    with pytest.raises(GateError):
        publish(con, begun(con, deployment, NEXT, "r-other"))


def test_an_acceptance_needs_a_reason(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(GateError, match="a reason is needed"):
        accept(con, NEXT, " \n ")


def test_the_analysts_file_holds_no_small_group_and_the_last_publications(
    con: duckdb.DuckDBPyConnection, deployment: Deployment
) -> None:
    scored(con, NEXT)
    publish(con, begun(con, deployment, NEXT, "r-next"))
    with duckdb.connect(str(deployment.published / "current" / "analytics.duckdb"), read_only=True) as file:
        rows = file.execute("select distinct as_of_date, student_group from marts.group_audit order by all").fetchall()
        counts = file.execute("select student_count, event_count from marts.group_audit").fetchall()
    groups = {group for _, group in rows}
    assert {date for date, _ in rows} == {NIGHT, NEXT}
    assert {"all", "sex=female", "sex=male", "scholarship=true", "scholarship=false"} <= groups
    assert all(n is None or (n >= 10 and n % 5 == 0) for pair in counts for n in pair)
    report = (deployment.published / "current" / "report.html").read_text(encoding="utf-8")
    assert "Sex: \u2068girls\u2069" in report and str(NIGHT) in report


def test_measuring_again_gives_the_same_rows(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    run = begun(con, deployment, NIGHT, "r-again")
    first = con.execute("from ops.list_audit order by all").fetchall()
    assert first and not audit(con, run, TARGET).outside
    assert con.execute("from ops.list_audit order by all").fetchall() == first


def test_lists_whose_outcomes_have_come_are_held_against_them(con: duckdb.DuckDBPyConnection, deployment: Deployment) -> None:
    """Lists within 60 days: in June it is known who of March's students left by then, and girls were passed over."""
    soon, june = "leaves_within_60_days", dt.date(2025, 6, 10)
    con.execute("delete from night.score")
    missed(con, NIGHT)
    con.execute("update night.score set target = ?", [soon])
    # four girls and four boys of each school left in April: those with the highest chances
    con.execute(
        "update core.enrolment set exit_date = date '2025-04-10', exit_reason = 'dropped_out' where (student_key - 1) % 16 < 8"
    )
    con.execute(
        "insert into night.score by name select * replace (date '2025-06-10' as as_of_date, "
        "coalesce(school_rank <= 4, false) and school_id <> 'S4' as is_listed) from night.score"
    )
    found = audit(con, begun(con, deployment, june, "r-june"), soon)
    kept = con.execute(
        "select metric, value from ops.list_audit where kind = 'outcomes' and student_group = 'sex=female' and measured_on = ?",
        [NIGHT],
    ).fetchall()
    # of the girls who left none was listed. Listed were four boys of eight who left, so of all 4 of 8
    girls = dict(kept)
    assert girls["recall"] == 0
    assert girls["false_omission_rate"] == pytest.approx(1 / 2)
    assert "sex=female" in found.groups
    assert girls["recall_gap"] == pytest.approx(-1 / 2, abs=0.02)  # S4 lists nobody, and S1 has one abstained from
    assert any("leavers found by the lists of 2025-03-10" in said for said in found.outside)


def test_the_card_of_a_version_without_any_audit_says_so(con: duckdb.DuckDBPyConnection) -> None:
    text = markdown(document_of(known(con, "model-1"), "Essai", "morocco"))
    assert "No pair of groups was large enough to be measured." in text
    assert "Not measured: no such attribute is on record." in text
