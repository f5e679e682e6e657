"""The whole night on a simulated district, without Prefect: what it publishes, and what it does when something is wrong."""

import csv
import datetime as dt
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dropout.errors import ContractError, LockedError
from dropout.publish.manifest import verify
from dropout.settings import Deployment
from dropout.simulate import judge
from dropout.warehouse.lock import exclusive
from flows.verbs import perform, running
from tests.flows.conftest import NIGHT, District, run_night
from tests.places import ask, deliver

BOUND_TO_A_RUN = {"run"}  # the ledger's own times and run numbers differ between two nights


def published(place: Deployment) -> dict[str, list[tuple[object, ...]]]:
    """Every mart's rows in file order, and every list's bytes, run numbers left out."""
    current = place.published / "current"
    found: dict[str, list[tuple[object, ...]]] = {p.name: [(p.read_bytes(),)] for p in sorted(current.glob("lists/*/*.csv"))}
    with duckdb.connect(str((current / "analytics.duckdb").resolve()), read_only=True) as con:
        for (name,) in con.execute("select table_name from duckdb_tables() where schema_name = 'marts' order by 1").fetchall():
            if name not in BOUND_TO_A_RUN:
                found[name] = con.execute(f"select * from marts.{name}").fetchall()
    return found


def test_lists_are_cut_at_capacity_sorted_and_open_in_a_spreadsheet(made: District) -> None:
    paths = sorted((made.place.published / "current" / "lists").glob("*/*.csv"))
    schools = ask(made.place, "select school_id, max(capacity) from core.school where known_until is null group by all")
    capacity = dict(schools)
    assert len(paths) == len(capacity)
    total = 0
    for path in paths:
        assert path.name == f"{path.parent.name}_{NIGHT}.csv"
        data = path.read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(data.decode("utf-8-sig").splitlines(), delimiter=";"))
        chances = [float(r[rows[0].index("Probabilité (%)")].replace(",", ".")) for r in rows[1:]]
        assert chances == sorted(chances, reverse=True)
        assert len(chances) <= capacity[path.parent.name]
        total += len(chances)
        assert all(len(row) == len(rows[0]) for row in rows)
    assert total == ask(made.place, "select count(*) from night.score where is_listed")[0][0] > 0


def test_a_reason_can_be_checked_in_the_extract(made: District) -> None:
    """Unexcused days of the last 28 registers, counted by hand in the CSV files as they were delivered."""
    question = (
        "select r.student_key, r.value, s.class_id from night.reason r join night.snapshot s using (student_key) "
        "where feature = 'absences_unexcused_28d_count' and direction = 'raises' and reason_rank = 1 "
        "order by r.log_odds desc limit 3"
    )
    with duckdb.connect(str(made.place.identity), read_only=True) as con:
        number = dict(con.execute("select student_key, student_id from student").fetchall())
    listed = ask(made.place, question)
    assert len(listed) == 3
    for key, value, class_id in listed:
        taken: dict[dt.date, bool] = {}
        status: dict[tuple[dt.date, str], str] = {}
        for delivery in made.deliveries:
            if delivery.name <= str(NIGHT) and delivery.name >= "2025-09-01":
                for row in lines(delivery / "appels.csv"):
                    if row["classe"] == class_id and (day := date_of(row["date"])):
                        taken[day] = row["appel_fait"] == "oui"
                for row in lines(delivery / "absences.csv"):
                    if row["code_massar"] == number[key] and (day := date_of(row["date"])):
                        status[day, row["seance"]] = row["statut"]
        last = sorted(day for day, is_taken in taken.items() if is_taken)[-28:]
        share = {"journée": 1.0, "matin": 0.5, "après-midi": 0.5}
        counted = sum(share[s] for (day, s), what in status.items() if day in last and what == "absence non justifiée")
        assert value == pytest.approx(counted)


def lines(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";")
    return [r for r in rows if None not in r and None not in r.values()]


def date_of(text: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, "%d/%m/%Y").date()
    except ValueError:
        return None


def test_the_model_reaches_most_of_what_can_be_reached(made: District) -> None:
    """Tonight's chances against what the simulation's truth says became of the students."""
    question = "select student_key, chance from night.score where target = 'leaves_by_next_year' and chance is not null"
    with duckdb.connect(str(made.place.identity), read_only=True) as con:
        number = dict(con.execute("select student_key, student_id from student").fetchall())
    rows = [(number[k], dt.date(2026, 3, 1), c) for k, c in ask(made.place, question)]
    scored = pl.DataFrame(rows, schema=["student_id", "as_of_date", "chance"], orient="row")
    found = judge(made.truth, scored)
    assert found["events"] > 40
    assert found["share_of_reachable"] > 0.8  # 1,200 students are few; `make prove` holds 0.9 on 12,000


def test_the_same_night_again_publishes_the_same(district: District) -> None:
    before = published(district.place)
    run_night(district.place, NIGHT)
    after = published(district.place)
    assert set(before) == set(after)
    assert [name for name in before if before[name] != after[name]] == []


def test_a_delivery_that_came_before_changes_nothing(district: District) -> None:
    tables = ("attendance", "enrolment", "grade", "student")
    before = {t: ask(district.place, f"select * from core.{t} order by all") for t in tables}
    last = [p for p in district.deliveries if p.name <= str(NIGHT)][-1]
    shutil.copytree(last, district.place.inbox / "again")
    run_night(district.place, NIGHT + dt.timedelta(days=1))
    assert {t: ask(district.place, f"select * from core.{t} order by all") for t in tables} == before
    assert (1,) in ask(district.place, "select again_count from ops.delivery")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"absences.csv": ""}, "empty"),
        ({"absences.csv": "code_massar,date\n1,2\n"}, "missing columns"),
        ({"absences.csv": "code_massar;date;seance;statut;note\nX1;02/03/2026;journée;retard;a\n"}, "renamed: minutes → note"),
        ({"pupils.csv": "a;b\n"}, "no source of 'morocco' knows"),
    ],
)
def test_a_file_that_is_not_what_it_was_stops_alone(district: District, files: dict[str, str | bytes], said: str) -> None:
    """The rest of its delivery is read, the night goes on, and status says what was left out and why."""
    deliver(district.place.inbox, "2026-03-03", {**files, "etablissements.csv": schools(district)})
    run_night(district.place, NIGHT + dt.timedelta(days=1))
    assert ask(district.place, "select status, exit_code from ops.run order by started_at desc limit 1") == [("done", 0)]
    [(text,)] = ask(district.place, "select what || ' ' || coalesce(cause, '') from ops.notice order by noticed_at desc limit 1")
    assert said in text
    found = ask(district.place, "select file, status from ops.file where delivery_no = (select max(delivery_no) from ops.file)")
    assert sorted(found) == sorted([(next(iter(files)), "stopped"), ("etablissements.csv", "read")])


def schools(district: District) -> bytes:
    first = next(p for p in district.deliveries if (p / "etablissements.csv").exists())
    return (first / "etablissements.csv").read_bytes()


def test_a_stopped_file_is_tried_again_when_its_delivery_comes_again(district: District) -> None:
    """Its source may have been mended meanwhile; what was loaded before does not change."""
    before = ask(district.place, "select * from core.school order by all")
    for night in (1, 2):
        deliver(district.place.inbox, "2026-03-03", {"etablissements.csv": schools(district), "pupils.csv": "a;b\n"})
        run_night(district.place, NIGHT + dt.timedelta(days=night))
    found = ask(district.place, "select again_count, arrived_on, status from ops.delivery order by delivery_no desc limit 1")
    assert found == [(1, NIGHT + dt.timedelta(days=2), "loaded")]
    assert ask(district.place, "select * from core.school order by all") == before


def test_bad_data_keeps_yesterdays_publication(district: District) -> None:
    current = (district.place.published / "current").resolve()
    before = published(district.place)
    late = "code_massar;date;seance;statut;minutes\n" + "X1;02/03/2026;journée;retard;5\n" * 30
    deliver(district.place.inbox, "2026-03-03", {"absences.csv": late})
    with pytest.raises(ContractError, match="unknown_student"):
        run_night(district.place, NIGHT + dt.timedelta(days=1))
    assert (district.place.published / "current").resolve() == current
    assert published(district.place) == before
    verify(current)
    assert ask(district.place, "select status, exit_code from ops.run order by started_at desc limit 1") == [("refused", 21)]


def test_stale_data_keeps_yesterdays_publication(district: District) -> None:
    from dropout.errors import GateError

    current = (district.place.published / "current").resolve()
    with pytest.raises(GateError, match="fresh"):
        run_night(district.place, dt.date(2026, 5, 25))
    assert (district.place.published / "current").resolve() == current
    assert ask(district.place, "select status, exit_code from ops.run order by started_at desc limit 1") == [("kept", 40)]


def test_in_the_holidays_the_inbox_is_taken_and_nothing_is_published(district: District) -> None:
    current = (district.place.published / "current").resolve()
    later = [p for p in district.deliveries if str(NIGHT) < p.name <= "2026-07-10"]
    shutil.copytree(later[0], district.place.inbox / later[0].name)
    run_night(district.place, dt.date(2026, 7, 20))
    assert (district.place.published / "current").resolve() == current
    assert ask(district.place, "select status from ops.run order by started_at desc limit 1") == [("done",)]
    assert ask(district.place, "select count(*) from ops.delivery where arrived_on = '2026-07-20' and status = 'loaded'") == [
        (1,)
    ]


def test_one_run_at_a_time(district: District) -> None:
    with exclusive(district.place), pytest.raises(LockedError, match="another run"), running(district.place, "nightly", NIGHT):
        pass


def test_the_season_gives_the_same_model_twice(district: District) -> None:
    """Invariant 10: same data, same settings, same seed → same model file."""
    from flows.verbs import season

    def model() -> list[tuple[object, ...]]:
        return ask(district.place, "select version from ops.model where status = 'promoted' order by 1")

    before = model()
    with running(district.place, "season", NIGHT) as run:
        season(run, perform)
    assert model() == before


def test_no_name_or_number_leaves_the_identity_store_but_in_lists(made: District) -> None:
    with duckdb.connect(str(made.place.identity), read_only=True) as con:
        people = con.execute(
            "select student_id, family_name, guardian_phone from student where length(family_name) > 6 limit 40"
        ).fetchall()
    needles = {str(v).encode() for person in people for v in person if v}
    allowed = {made.place.raw, made.place.identity, *(made.place.published / "generations").glob("*/lists")}
    for path in made.place.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and not any(path == a or a in path.parents for a in allowed):
            data = path.read_bytes()
            assert not [n for n in needles if n in data], path.name
