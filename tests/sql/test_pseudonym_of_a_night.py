"""The pseudonym of the analysts' file is another in each publication, and never the warehouse's."""

import datetime as dt
from pathlib import Path

import duckdb

from dropout.publish.publish import publish
from dropout.settings import Deployment
from dropout.warehouse.connect import connect
from tests.publish_district import NIGHT, begun, district, scored


def keys(deployment: Deployment, as_of: dt.date, run_id: str) -> list[str]:
    with connect(deployment) as con:
        scored(con, as_of)
        publish(con, begun(con, deployment, as_of, run_id))
    with duckdb.connect(str(deployment.published / "current" / "analytics.duckdb"), read_only=True) as con:
        return [key for (key,) in con.execute("select student_key from marts.student_risk").fetchall()]


def test_nobody_is_followed_over_the_nights(tmp_path: Path) -> None:
    deployment = district(tmp_path)
    first, again = keys(deployment, NIGHT, "r1"), keys(deployment, NIGHT, "r2")
    second = keys(deployment, NIGHT + dt.timedelta(days=1), "r3")
    lasting = [f"{k:015x}" for k in range(1, 65)]  # the district's students have the keys 1…64
    assert len(first) == len(set(first)) == 63  # one is like nobody else, and left out
    assert first == again  # the same night gives the same file
    assert not set(first) & set(second) and not set(first) & set(lasting)
    # and the order of rows tells nothing either
    assert first == sorted(first) and second == sorted(second)
