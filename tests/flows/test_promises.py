"""`make prove`: the numbers of the README on the full simulated district."""

import datetime as dt
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dropout.simulate import judge, simulate
from flows.demo import demo
from tests.places import ask

NIGHT = dt.date(2026, 3, 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_model_reaches_nine_tenths_of_the_reachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    from dropout.settings import open_deployment

    monkeypatch.setattr("dropout.simulate.simulate", lambda folder, **k: simulate(folder, **(k | {"seed": seed})))
    demo(tmp_path / "demo", 12_000)
    place = open_deployment(tmp_path / "demo" / "district")
    with duckdb.connect(str(place.identity), read_only=True) as con:
        number = dict(con.execute("select student_key, student_id from student").fetchall())
    question = "select student_key, chance from night.score where target = 'leaves_by_next_year' and chance is not null"
    rows = [(number[k], dt.date(2026, 3, 1), c) for k, c in ask(place, question)]
    scored = pl.DataFrame(rows, schema=["student_id", "as_of_date", "chance"], orient="row")
    found = judge(tmp_path / "demo" / "simulated" / "truth", scored)
    print(f"seed {seed}: {found}")
    assert found["share_of_reachable"] >= 0.9
