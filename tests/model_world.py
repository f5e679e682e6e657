"""A small district for the tests of model and explain: snapshots and outcomes drawn from a known chance.

It stands in for `features.snapshot.build` and `labels.label.build`, so that these tests fail for these rooms alone.
"""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from dropout.country import Country
from dropout.features.catalogue import load_catalogue
from dropout.labels.label import HORIZON_DAYS
from dropout.model import calibrate, evaluate, first_year, history, promote, train
from dropout.model.cohort import matures_on, snapshot_dates
from dropout.privacy.keys import make_key
from dropout.settings import Deployment, Settings
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run

KEYS = ("student_key", "as_of_date", "school_year", "school_id", "class_id", "grade_level")
TARGET = "leaves_by_next_year"


def deployment(folder: Path, **model: Any) -> Deployment:
    """A deployment of the generic country with a small model and its own key."""
    made = Deployment(folder, _settings(**model))
    made.models.mkdir(parents=True)
    make_key(made)
    return made


def _settings(**model: Any) -> Settings:
    small = {"trees": 30, "threads": 1, "search_trials": 0, **model}
    return Settings(deployment={"country": "generic"}, night={"capacity": 6}, model=small)


class World:
    """`students` per year in `schools` schools; `signal` scales how much the features say about leaving.

    With `is_dated` there are also the as-of dates of a first school year, and the label within 60 days is by exit date.
    """

    def __init__(
        self, made: Deployment, years: range, *, students: int = 400, schools: int = 8, signal: float = 1.0, seed: int = 1,
        is_dated: bool = False,
    ) -> None:  # fmt: skip
        self.deployment, self.country, self.is_dated = made, made.country, is_dated
        random = np.random.default_rng(seed)
        parts = [self._year(random, y, students, schools, signal) for y in self.country.years(years.start, years.stop - 1)]
        self.rows = pa.concat_tables(parts)

    def _year(self, random: np.random.Generator, year: Any, students: int, schools: int, signal: float) -> pa.Table:
        dates = snapshot_dates(self.country, year)
        if self.is_dated:
            dates = sorted({*dates, *first_year.as_of_dates(self.country, year)})
        propensity = random.normal(size=students)  # to be absent
        ability = random.normal(size=students)
        true = 1 / (1 + np.exp(2.2 - signal * (0.8 * propensity - 1.6 * ability)))
        leaves = random.random(students) < true
        exit_day = random.integers(20, 320, students)
        table: dict[str, Any] = {name: [] for name in (*KEYS, "leaves", "exit_date", "true_chance")}
        features = {f.name: [] for f in load_catalogue().features}
        key = np.arange(students) + 1_000_000 * year.start_date.year
        school = np.arange(students) % schools
        for i, date in enumerate(dates):
            here = ~(leaves & (exit_day < (date - year.start_date).days))
            n = int(here.sum())
            rate = 1 / (1 + np.exp(2.2 - propensity[here])) * (0.8 + 0.05 * i)
            unexcused = random.binomial(28, np.minimum(rate, 0.95)).astype(float)
            marks = 0.55 + 0.12 * ability[here] + random.normal(0, 0.05, n)
            known = {
                "absences_unexcused_28d_count": unexcused,
                "registers_taken_28d_count": np.full(n, 28.0),
                "registers_taken_56d_count": np.full(n, 50.0),
                "absence_share_28d": np.minimum(unexcused / 28 + 0.02, 1),
                "absence_share_year": np.clip(rate + random.normal(0, 0.02, n), 0, 1),
                "mark_mean_year_share": np.where(random.random(n) < 0.1, np.nan, marks),
                "marks_failing_count": np.floor(np.clip((0.6 - marks) * 12, 0, 8)),
                "incidents_year_count": random.poisson(0.2, n).astype(float),
                "year_elapsed_share": np.full(n, (date - year.start_date).days / 300),
            }
            for name, column in features.items():
                column.append(known.get(name, np.full(n, np.nan)))
            table["student_key"].append(key[here])
            table["as_of_date"].append(np.full(n, np.datetime64(date)))
            table["school_year"].append(np.full(n, year.school_year, dtype=object))
            table["school_id"].append(np.array([f"S{s}" for s in school[here]], dtype=object))
            table["class_id"].append(
                np.array([f"C{k % 2}-{s}" for k, s in zip(key[here] // 8, school[here], strict=True)], dtype=object)
            )
            table["grade_level"].append(np.full(n, 7))
            table["leaves"].append(leaves[here])
            table["exit_date"].append(np.datetime64(year.start_date) + exit_day[here])
            table["true_chance"].append(true[here])
        columns = {name: pa.array(np.concatenate(parts)) for name, parts in table.items()}
        columns |= {n: pa.array(np.concatenate(p), pa.float32(), from_pandas=True) for n, p in features.items()}
        return pa.table(columns)

    def stands_in(self, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
        """Puts this world behind the names that `history` calls, and its enrolments and schools into the warehouse."""
        con.register("world_rows", self.rows)
        con.execute("create or replace table world as select * from world_rows")
        con.execute(
            "create or replace table core.enrolment as select distinct student_key, school_id, school_year, "
            "min(as_of_date) over (partition by school_year) as known_at, null::date as known_until, null as exit_reason "
            "from world"
        )
        con.execute(
            "create or replace table core.school as select distinct school_id, null::integer as capacity, "
            "if(school_id < 'S4', 'rural', 'urban') as locality, date '2000-01-01' as known_at, null::date as known_until "
            "from world"
        )
        con.execute(
            "create or replace table core.student as select distinct student_key, "
            "if(student_key // 8 % 2 = 0, 'female', 'male') as sex, null::varchar as home_locality, "
            "null::boolean as disability, "
            "student_key % 3 = 0 as scholarship, null::varchar as mother_tongue, "
            "date '2000-01-01' as known_at, null::date as known_until "
            "from world"
        )
        monkeypatch.setattr(history.snapshot, "build", self.build_snapshot)
        monkeypatch.setattr(history.label, "build", self.build_label)

    def build_snapshot(self, con: duckdb.DuckDBPyConnection, dates: list[dt.date], country: Country) -> None:
        """As features.snapshot.build."""
        columns = ", ".join((*KEYS, *(f.name for f in load_catalogue().features)))
        con.execute(
            f"create or replace temp table snapshot as select {columns} from world where as_of_date in (select unnest(?))",
            [dates],
        )

    def build_label(self, con: duckdb.DuckDBPyConnection, target: Any, known_on: dt.date, country: Country) -> None:
        """As labels.label.build: an exit counts from its date on; nobody leaves without one."""
        con.execute(
            "create or replace temp table exit_after as select student_key, as_of_date, exit_date as dropout_date "
            "from snapshot join world using (student_key, as_of_date) where leaves and exit_date <= $known::date",
            {"known": known_on},
        )
        if self.is_dated and target in HORIZON_DAYS:
            self._build_dated_label(con, target, known_on, country)
            return
        first = con.execute("select coalesce(min(as_of_date), date '2000-09-01') from snapshot").fetchall()[0]
        year = next(y for y in country.years(1990, 2100) if y.start_date <= first[0] <= y.end_date)
        con.execute(
            "create or replace temp table label as select s.student_key, s.as_of_date, $target as target, "
            "case when $matures::date <= $known::date then w.leaves::double end as label, "
            "case when $matures::date <= $known::date then 'stayed' else 'not_mature' end as state, false as is_unknown_exit, "
            "false as is_returned, "
            "$matures::date as matures_on, w.leaves and w.exit_date <= $known::date as left_so_far "
            "from snapshot as s join world as w using (student_key, as_of_date)",
            {"target": target, "matures": matures_on(country, target, year), "known": known_on},
        )

    def _build_dated_label(self, con: duckdb.DuckDBPyConnection, target: Any, known_on: dt.date, country: Country) -> None:
        """An exit within the horizon of each row, known from its date on; NULL until horizon and lag are over."""
        con.execute(
            "create or replace temp table label as with j as ("
            "select student_key, as_of_date, leaves and exit_date <= $known::date and exit_date > as_of_date as will_leave, "
            "exit_date, as_of_date + $days::integer as ends_on from world semi join snapshot using (student_key, as_of_date)) "
            "select student_key, as_of_date, $target as target, "
            "if(ends_on + $lag::integer <= $known::date, (will_leave and exit_date <= ends_on)::double, null) as label, "
            "if(ends_on + $lag::integer <= $known::date, 'stayed', 'not_mature') as state, false as is_unknown_exit, "
            "false as is_returned, "
            "ends_on + $lag::integer as matures_on, will_leave as left_so_far from j",
            {"target": target, "known": known_on, "days": HORIZON_DAYS[target], "lag": country.label_lag_days},
        )

    def tonight(self, con: duckdb.DuckDBPyConnection, run: Run) -> None:
        """`night.snapshot` as of `run.as_of`, which must be one of the world's dates."""
        self.build_snapshot(con, [run.as_of], self.country)
        con.execute("create or replace table night.snapshot as select * from snapshot order by student_key")


_MADE: dict[tuple[int, int, float], Path] = {}


def after_a_season(folder: Path, years: range, signal: float, night: dt.date) -> Deployment:
    """A deployment in `folder` whose season has run and whose snapshot of `night` stands; made once, then copied."""
    key = (years.start, years.stop, signal)
    if key not in _MADE:
        _MADE[key] = folder.parent / f"{years.start}-{years.stop}-{signal}"
        made = deployment(_MADE[key])
        with pytest.MonkeyPatch.context() as patch, connect(made) as con:
            patch.setattr(promote, "try_in_child", lambda folder: None)
            world, run = World(made, years, students=900, signal=signal), Run(made, "season", night)
            world.stands_in(con, patch)
            for verb in (train.train, calibrate.calibrate, evaluate.evaluate, promote.promote):
                verb(con, run)
            world.tonight(con, run)
    shutil.copytree(_MADE[key], folder)
    return Deployment(folder, _settings())
