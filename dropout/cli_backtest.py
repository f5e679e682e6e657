"""`dropout backtest`: how good the lists of past seasons would have been."""

import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from dropout.errors import DeploymentError
from dropout.settings import open_deployment

if TYPE_CHECKING:
    import pyarrow as pa

    from dropout.backtest.backtest import Shown
    from dropout.backtest.judge import Truth

DATE = "%Y-%m-%d"
DirOption = Annotated[
    Path | None, typer.Option("--dir", "-C", help="Deployment folder; else DROPOUT_DIR, this folder, or the only one below it.")
]
# heading → metric over all nights; the last two are of the lists as cut, so only what was in force has them
COLUMNS = {
    "AUC": "auc",
    "recall at capacity": "recall_at_capacity",
    "precision": "precision_at_capacity",
    "lift": "lift_at_capacity",
    "calibration error": "calibration_error",
    "lead time, school days": "lead_time_school_days_median",
    "listed again": "listed_again_share",
}


def backtest(
    first: Annotated[dt.datetime, typer.Option("--from", formats=[DATE], help="First date to replay.")],
    last: Annotated[dt.datetime, typer.Option("--to", formats=[DATE], help="Last date to replay.")],
    every: Annotated[int, typer.Option(min=1, help="A night on every how manyth day.")] = 28,
    truth: Annotated[
        Path | None, typer.Option(help="Simulated data only: its folder truth/, to judge the true hazard beside the rest.")
    ] = None,
    directory: DirOption = None,
    date: Annotated[
        dt.datetime | None, typer.Option("--date", formats=[DATE], help="Outcomes as known on this date; else today.")
    ] = None,
) -> None:
    """Replay past seasons and nights with what was known then, and judge their lists by what is known now."""
    from dropout.backtest.backtest import Asked
    from dropout.backtest.backtest import backtest as replay_and_judge
    from flows.verbs import running

    asked = Asked(first.date(), last.date(), every)
    if asked.last < asked.first:
        raise typer.BadParameter("it lies before --from", param_hint="--to")
    deployment = open_deployment(directory)
    known_on = date.date() if date else dt.datetime.now(ZoneInfo(deployment.timezone)).date()
    if asked.last > known_on:
        raise typer.BadParameter(f"it lies after {known_on}, the date as of which outcomes are known", param_hint="--to")
    true_risk = _true_risk(truth) if truth else None
    with running(deployment, "backtest", known_on) as run:
        shown = replay_and_judge(run, asked, true_risk)
    _show(shown)


def _true_risk(folder: Path) -> "Truth":
    """The simulation's true risk as a callable: what is replayed never meets it, only the judging does."""
    if not (folder / "path.parquet").is_file():
        raise DeploymentError(
            f"{folder} holds no truth", remedy="Name the folder truth/ that `dropout simulate` wrote beside the deliveries."
        )
    from dropout.simulate import true_risk

    def on(dates: Sequence[dt.date]) -> "pa.Table":
        columns = {"student_id": "student_id", "as_of_date": "as_of_date", "true_risk_by_next_year": "true_risk"}
        return true_risk(folder, dates).select(list(columns)).rename(columns).to_arrow()

    return on


def _show(shown: "Shown") -> None:
    """One line per target, cohort and ranking, over all nights."""
    table = Table("target", "cohort", "ranking", *COLUMNS, title="All nights of each cohort", title_justify="left")
    for target, records in shown.items():
        found = {(r.cohort, r.ranking, r.metric): r.value for r in records if r.as_of_group == "all" and r.student_group == "all"}
        for cohort, ranking in dict.fromkeys((c, name) for c, name, _ in found):
            table.add_row(target, cohort, ranking, *(_said(found.get((cohort, ranking, m))) for m in COLUMNS.values()))
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 200).print(table)


def _said(value: Any) -> str:
    return "" if value is None else f"{value:.3f}" if value < 10 else f"{value:.1f}"
