"""Verbs as Prefect tasks: named as the verbs, uncached, given a run and a name, returning counts only."""

import atexit
import os

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from dropout.warehouse.ledger import Counts, Run
from flows.verbs import VERBS, Perform, perform


def as_tasks() -> Perform:
    """A `Perform` that runs each verb as the Prefect task of its name."""
    tasks = {name: task(name=name, cache_policy=NO_CACHE, persist_result=False)(perform) for name in VERBS}

    def do(run: Run, name: str) -> Counts:
        return tasks[name](run, name)

    return do


def publish_counts(run: Run, done: dict[str, Counts]) -> None:
    """A markdown artifact of the run's counts, one line per verb."""
    lines = [f"# {run.kind} {run.as_of}", "", "| step | counts |", "|---|---|"]
    lines += [f"| {name} | {', '.join(f'{k} {v}' for k, v in counts.items())} |" for name, counts in done.items()]
    create_markdown_artifact(markdown="\n".join(lines), key=f"{run.kind}-counts", description="Counts of each step")


def _end_quietly() -> None:
    """Prefect's threads keep DuckDB's module alive past the end, and its binding would then print a page of leak warnings.

    What is written to stderr after the last exit function is dropped.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


atexit.register(_end_quietly)
