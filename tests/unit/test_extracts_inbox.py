"""The inbox: what is still being written waits, what a manifest misses waits or goes in, and the rest of the night goes on."""

import datetime as dt
import hashlib
import os
import time
from pathlib import Path

import pytest

from dropout.errors import ExtractError
from dropout.settings import Deployment
from dropout.warehouse.ledger import Counts, Run
from flows.verbs import perform
from tests.places import NIGHT, SCHOOL, STUDENT, ask, deliver, deployment

ROWS = len(SCHOOL.splitlines()) - 1


def land(place: Deployment, night: dt.date = NIGHT) -> Counts:
    return perform(Run(place, "test", night), "land")


def said(place: Deployment) -> list[str]:
    return [f"{what}; {cause}" for what, cause in ask(place, "select what, cause from ops.notice order by noticed_at")]


def long_ago(path: Path) -> None:
    """A change one hour before; the inbox also looks at when the file system saw a file last, so the test's clock runs ahead."""
    for entry in [path, *path.rglob("*")]:
        os.utime(entry, (time.time() - 3600,) * 2)


def test_what_was_just_written_waits_and_is_taken_when_it_is_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = deployment(tmp_path, settled_seconds=60)
    deliver(place.inbox, "d", {"school.csv": SCHOOL})
    assert land(place) == {"landed": 0, "again": 0, "waiting": 1, "refused": 0}
    assert said(place)[0].startswith("still being written")
    now = time.time()
    monkeypatch.setattr("dropout.extracts.land.time.time", lambda: now + 61)
    assert land(place)["landed"] == 1


def test_a_marker_lets_it_in_at_once_and_is_no_data(tmp_path: Path) -> None:
    place = deployment(tmp_path, settled_seconds=3600)
    deliver(place.inbox, "d", {"school.csv": SCHOOL})
    (place.inbox / "d.done").touch()
    deliver(place.inbox, "e", {"school.csv": SCHOOL + "B,Sud\n", ".done": ""})
    assert land(place)["landed"] == 2
    assert list(place.inbox.iterdir()) == []
    assert [p.name for p in place.raw.rglob("*") if p.is_file()] == ["school.csv", "school.csv"]


def test_where_markers_are_required_quiet_is_not_enough(tmp_path: Path) -> None:
    place = deployment(tmp_path, done_marker_required=True)
    long_ago(deliver(place.inbox, "d", {"school.csv": SCHOOL}))
    assert land(place)["waiting"] == 1
    (place.inbox / "d.done").touch()
    assert land(place)["landed"] == 1


def test_partly_copied_names_are_not_looked_at(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    for name in ("school.csv.part", ".school.csv.swp", "~$school.xlsx", "school.csv.crdownload"):
        (place.inbox / name).write_text("x")
    assert land(place) == {"landed": 0, "again": 0, "waiting": 0, "refused": 0}


def manifest(**changes: str) -> str:
    told = {"rows": str(ROWS), "sha256": hashlib.sha256(SCHOOL.encode()).hexdigest()} | changes
    return f"file,rows,sha256\nschool.csv,{told['rows']},{told['sha256']}\n"


@pytest.mark.parametrize(
    ("text", "lack"),
    [
        (manifest(rows="7"), "school.csv has 1 rows instead of 7"),
        (manifest(sha256="0" * 64), "school.csv has another sha256"),
        (manifest() + "student.csv,2,\n", "student.csv is not there"),
        (manifest(rows="many"), "the manifest cannot be understood"),
    ],
)
def test_a_delivery_that_lacks_what_its_manifest_says_waits_its_nights_and_then_goes_in(
    tmp_path: Path, text: str, lack: str
) -> None:
    place = deployment(tmp_path, wait_nights=2)
    deliver(place.inbox, "d", {"school.csv": SCHOOL, "manifest.csv": text})
    for night in (1, 2):
        assert land(place, NIGHT + dt.timedelta(days=night))["waiting"] == 1
    assert all(lack in text for text in said(place))
    assert land(place, NIGHT + dt.timedelta(days=2))["waiting"] == 1  # the same night again is no night more
    assert land(place, NIGHT + dt.timedelta(days=3))["landed"] == 1
    assert ask(place, "select remedy from ops.notice order by noticed_at desc limit 1")[0][0].startswith("It goes in as it is")


@pytest.mark.parametrize("title", ["Direction provinciale", "Liste des absences;;;\n\n", "قائمة"])
def test_lines_above_the_header_are_no_rows(tmp_path: Path, title: str) -> None:
    place = deployment(tmp_path)
    text = f"{title}\nExport of 3 March\n{SCHOOL}"
    deliver(place.inbox, "d", {"school.csv": text, "manifest.csv": f"file,rows\nschool.csv,{ROWS}\n"})
    assert land(place)["landed"] == 1
    deliver(
        place.inbox,
        "e",
        {"school.csv": text.replace("3 March", "4 March"), "manifest.csv": f"file,rows\nschool.csv,{ROWS + 2}\n"},
    )
    assert land(place)["waiting"] == 1
    assert f"school.csv has {ROWS} rows instead of {ROWS + 2}" in said(place)[0]


def test_a_delivery_that_is_as_its_manifest_says_goes_in(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    deliver(place.inbox, "d", {"school.csv": SCHOOL, "manifest.csv": manifest()})
    assert land(place)["landed"] == 1
    assert said(place) == []
    assert [p.name for p in place.raw.rglob("*") if p.is_file()] == ["school.csv"]


def test_where_the_settings_say_so_what_is_there_goes_in_at_once(tmp_path: Path) -> None:
    place = deployment(tmp_path, incomplete="partial")
    deliver(place.inbox, "d", {"school.csv": SCHOOL, "manifest.csv": manifest() + "student.csv,2,\n"})
    assert land(place)["landed"] == 1
    assert "student.csv is not there" in said(place)[0]


def test_the_rest_completes_what_waited(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    folder = deliver(place.inbox, "d", {"school.csv": SCHOOL, "manifest.csv": manifest() + "student.csv,2,\n"})
    assert land(place)["waiting"] == 1
    (folder / "student.csv").write_text(STUDENT)
    assert land(place, NIGHT + dt.timedelta(days=1))["landed"] == 1
    assert ask(place, "select count(*) from ops.waiting") == [(0,)]


def test_one_bad_delivery_stays_and_the_others_go_in(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    (place.inbox / "bad.zip").write_bytes(b"PK\x03\x04 and no more")
    deliver(place.inbox, "lunch", {"menu.docx": "x"})
    deliver(place.inbox, "good", {"school.csv": SCHOOL})
    assert land(place) == {"landed": 1, "again": 0, "waiting": 0, "refused": 2}
    assert sorted(p.name for p in place.inbox.iterdir()) == ["bad.zip", "lunch"]
    assert ask(place, "select count(*) from ops.notice") == [(2,)]


def test_whoever_loads_by_hand_is_told_at_once_what_is_missing(tmp_path: Path) -> None:
    place = deployment(tmp_path)
    folder = deliver(tmp_path, "d", {"school.csv": SCHOOL, "manifest.csv": manifest(rows="7")})
    with pytest.raises(ExtractError, match="the delivery is incomplete"):
        perform(Run(place, "test", NIGHT), "land", paths=[folder], as_history=True)
