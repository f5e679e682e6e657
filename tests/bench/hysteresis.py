"""How far chances move from night to night, and what a margin at the cut costs and saves (docs/decisions/0018-hysteresis.md).

    python -m tests.bench.hysteresis demo/district 2025-01-06 2025-03-29

Replays every school night between the dates in a copy, with the model that a season of the first date gives, and cuts its
lists with several margins. Outcomes are those known by now; every event is taken as known the day after it, as from a
daily delivery. Takes some minutes.
"""

import datetime as dt
import sys
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np

from dropout.backtest.judge import label_nights
from dropout.backtest.replay import Replay, _season, days
from dropout.backtest.scratch import copied
from dropout.country import Target
from dropout.features import snapshot
from dropout.model import evaluate
from dropout.model.baselines import LISTED_FROM, absence_rule
from dropout.model.cut import cut
from dropout.model.frame import Bools, Floats, Frame, Ints
from dropout.model.night import tonight
from dropout.model.registry import load_on, promoted
from dropout.model.score import in_force
from dropout.settings import open_deployment
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import Run

TARGET: Target = "leaves_by_next_year"
EVENTS = {"attendance": "date", "register": "date", "grade": "assessment_date", "conduct": "date"}
MARGINS = {"model": (0, 0.05, 0.1, 0.2, 0.3, 0.5), "absence_rule": (0, 0.002, 0.005, 0.01, 0.02)}
Night = tuple[Frame, dict[str, Floats], dict[str, Bools], Floats]  # rows, what each ranks by, who is worth a place, capacity


def main(folder: str, first: str, last: str) -> None:
    """Prints, per ranking, the quantiles of a listed student's move in one night, and a line per margin."""
    dates = list(days(dt.date.fromisoformat(first), dt.date.fromisoformat(last)))
    with copied(open_deployment(Path(folder))) as copy, connect(copy) as con:
        _known_next_day(con)
        _season(con, Run(copy, "bench", dates[0]), Replay())
        nights = [_night(con, Run(copy, "bench", d)) for d in dates if d.isoweekday() in copy.country.school_days]
        labels = _labels(con, Run(copy, "bench", dt.datetime.now(dt.UTC).date()), nights)
    for ranking, margins in MARGINS.items():
        _print_moves(ranking, nights)
        print("margin  precision  recall  again  new  back  ever")
        for margin in margins:
            _print_margin(ranking, margin, nights, labels)


def _known_next_day(con: duckdb.DuckDBPyConnection) -> None:
    for table, date in EVENTS.items():
        con.execute(
            f"update core.{table} set known_at = {date} + 1 where {date} + 1 < known_at "
            f"and (known_until is null or known_until > {date} + 1)"
        )


def _night(con: duckdb.DuckDBPyConnection, run: Run) -> Night:
    snapshot.snapshot(con, run)
    kept = "student_key, as_of_date, school_year, school_id, grade_level, $target as target from night.snapshot"
    con.execute(f"create table if not exists night.replayed as select {kept} limit 0", {"target": TARGET})
    con.execute(f"insert into night.replayed select {kept}", {"target": TARGET})
    rows, settings = tonight(con, run.as_of), run.deployment.settings
    said = in_force(rows, load_on(con, run.deployment, promoted(con, TARGET) or "", run.as_of), settings)
    known, rule = ~rows.is_thin(settings.model.taken_registers_at_least), absence_rule(rows)
    least = settings.night.minimum_lift * said.chance[known].mean()
    worth = {"model": known & (said.chance >= least), "absence_rule": known & (rule >= LISTED_FROM)}
    return rows, {"model": said.by, "absence_rule": rule}, worth, evaluate.capacities(con, run)(rows)


def _labels(con: duckdb.DuckDBPyConnection, run: Run, nights: list[Night]) -> list[Floats]:
    """Per night the outcome of each row: 1 left, 0 did not, NaN unknown."""
    found = {}
    for year in sorted({str(rows.school_year[0]) for rows, *_ in nights}):
        label_nights(con, {"target": TARGET, "school_year": year}, run.as_of, run.deployment.country)
        for date in con.execute("select distinct as_of_date from label").fetchall():
            ordered = con.execute("select label from label where as_of_date = ? order by student_key", date)
            found[np.datetime64(date[0])] = np.ma.filled(ordered.fetchnumpy()["label"], np.nan)
    return [found[rows.as_of_date[0]] for rows, *_ in nights]


def _print_moves(ranking: str, nights: list[Night]) -> None:
    """Quantiles of how far a listed student's score moves from one night to the next."""
    moves = []
    for (rows, by, worth, capacity), (later, later_by, *_) in pairwise(nights):
        nobody = np.zeros(len(rows), dtype=np.bool_)
        listed = cut(by[ranking], rows, worth[ranking], nobody, capacity, 0.0)
        _, one, two = np.intersect1d(rows.student_key[listed], later.student_key, return_indices=True)
        moves.append(np.abs(later_by[ranking][two] - by[ranking][listed][one]))
    quantiles = np.quantile(np.concatenate(moves), (0.5, 0.75, 0.9, 0.95))
    print(f"{ranking}: a listed student moves by", *(f"{q:.4f}" for q in quantiles), "(50, 75, 90, 95 %)")


def _print_margin(ranking: str, margin: float, nights: list[Night], labels: list[Floats]) -> None:
    """Precision, recall, listed again of those still enrolled, share new, returns to a list, students on any list."""
    last: Ints = np.array([], dtype=np.int64)
    ever, rates, back = last, [], 0
    for (rows, by, worth, capacity), label in zip(nights, labels, strict=True):
        listed = cut(by[ranking], rows, worth[ranking], np.isin(rows.student_key, last), capacity, margin)
        now, left = rows.student_key[listed], np.nansum(label)
        enrolled = np.isin(last, rows.student_key)
        new = ~np.isin(now, last)
        again = np.isin(last[enrolled], now).mean() if len(last) else np.nan
        rates.append((np.nanmean(label[listed]), np.nansum(label[listed]) / left, again, new.mean() if len(last) else np.nan))
        back += int(np.isin(now[new], ever).sum())
        ever, last = np.union1d(ever, now), now
    print(f"{margin:<6}", *(f"{rate:.4f}" for rate in np.nanmean(rates, axis=0)), back, len(ever))


if __name__ == "__main__":
    main(*sys.argv[1:])
