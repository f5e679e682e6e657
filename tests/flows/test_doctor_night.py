"""After a real night the doctor finds nothing, whatever the umask; a night after a rotation says what it would have said."""

import csv
import datetime as dt
import os
import shutil
from pathlib import Path

from dropout.doctor.examine import examine
from dropout.monitor.night import current
from dropout.rekey.rotate import rotate
from dropout.settings import Deployment
from tests.flows.conftest import NIGHT, District, run_night

NEXT = NIGHT + dt.timedelta(days=7)


def listed(place: Deployment) -> dict[str, list[tuple[str, ...]]]:
    """Every list: its lines, by student number, since of pupils with one chance the lower pseudonym comes first."""
    now = current(place)
    assert now
    assert now.as_of == NEXT
    found = {}
    for path in sorted((now.folder / "lists").glob("*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found[path.name] = sorted(tuple(line) for line in csv.reader(file, delimiter=";"))
    return found


def test_a_night_leaves_nothing_to_be_done_whatever_the_umask(district: District) -> None:
    assert examine(district.place).findings == ()
    umask = os.umask(0)
    try:
        run_night(district.place, NEXT)
        assert os.umask(0) == 0  # a run gives back the umask that it found
    finally:
        os.umask(umask)
    assert examine(district.place).findings == ()


def test_a_night_after_a_rotation_says_what_it_would_have_said(district: District, tmp_path: Path) -> None:
    shutil.copytree(district.place.root, tmp_path / "rotated", symlinks=True)
    rotated = Deployment(tmp_path / "rotated", district.place.settings)
    done = rotate(rotated)
    assert done.unsealed == ()
    assert done.models >= 1
    assert examine(rotated).findings == ()
    run_night(district.place, NEXT)
    run_night(rotated, NEXT)
    assert listed(rotated) == listed(district.place)
    assert examine(rotated).findings == ()
