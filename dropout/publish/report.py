"""report: one self-contained page on the night, for operator and analyst. Aggregates only; no pupil is in it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dropout.privacy import disclosure
from dropout.privacy.anonymity import Anonymity
from dropout.publish import charts, group_audit, quality
from dropout.publish.anonymity_words import anonymity_words
from dropout.publish.answers import report as answers
from dropout.publish.numbers import decimal, isolated, percent
from dropout.publish.oversight import report as oversight
from dropout.publish.words import Language, words_of
from dropout.resources import sql
from dropout.warehouse.ledger import Run, code_version

SCHOOLS_SHOWN = 40  # the rest stands in marts.school_night
SHARE_CHECKS = ("volume", "abstained", "churn")
Row = dict[str, Any]


def write(con: duckdb.DuckDBPyConnection, run: Run, path: Path, generation_id: str, anonymity: Sequence[Anonymity] = ()) -> Row:
    """Writes the report to `path`, in the deployment's language, from the catalogs `analytics` and `exact`.

    Counts of students come out of SQL hidden or rounded already (`privacy.disclosure.install`), the same as in the marts.
    Returns the night's totals as they are shown, None where hidden.
    """
    words = words_of(run.deployment.language)
    (method,) = _rows(con, "report_method")
    target = method["list_target"]
    evaluation = _rows(con, "report_evaluation", version=method["model_version"])
    (totals,) = _rows(con, "report_totals")
    facts = {
        "words": words.report,
        "language": run.deployment.language,
        "direction": words.direction,
        "name": run.deployment.settings.deployment.name,
        "date": format_date(run.as_of, "long", locale=words.locale),
        "generation_id": generation_id,
        "run_id": run.run_id,
        "code_version": code_version(),
        "method": method,
        "speaks_of": getattr(words.report.targets, target),
        "totals": totals,
        **_steps(con, run, words),
        "quality": _rows(con, "report_quality"),
        "stopped": _stopped(con, words),
        "answers": answers.facts(con, run.deployment.language),
        "oversight": oversight.facts(con, run.deployment.language),
        **_coverage(con, words),
        "anonymity": anonymity,
        "anonymity_words": anonymity_words(run.deployment.language),
        "least": disclosure.LEAST,
        **quality.facts(evaluation, target, words),
        **group_audit.facts(con, run, words.locale),
    }
    path.write_text(_template(words).render(facts), encoding="utf-8")
    return totals


def _template(words: Language) -> Any:
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["isolated"] = isolated
    environment.filters["number"] = lambda value: decimal(value, words.locale)
    environment.filters["precise"] = lambda value: decimal(value, words.locale, places=2)
    environment.filters["percent"] = lambda value: percent(value, words.locale)
    return environment.get_template("report.html.j2")


def _rows(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> list[Row]:
    cursor = con.execute(sql(f"marts/{name}"), values or None)
    names = [column for (column, *_) in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _stopped(con: duckdb.DuckDBPyConnection, words: Language) -> str:
    """How many of tonight's files were stopped, by source and kind; empty where none was. A file's name can hold a person's."""
    rows = _rows(con, "report_stopped")
    named = [": ".join(filter(None, (row["source"], row["kind"]))) for row in rows]
    kinds = [
        f"{isolated(name) if name else words.report.quality_unknown} ({r['file_count']})"
        for name, r in zip(named, rows, strict=True)
    ]
    count = sum(row["file_count"] for row in rows)
    return words.report.quality_stopped.format(count=decimal(count, words.locale), kinds=", ".join(kinds)) if rows else ""


def _steps(con: duckdb.DuckDBPyConnection, run: Run, words: Language) -> Row:
    """The run's steps, and what the gate said in it; no checks when it was published by hand."""
    steps = _rows(con, "report_step", run_id=run.run_id)
    said = [json.loads(step["counts"]) for step in steps if step["step"] == "gate" and step["step_status"] == "done"]
    last = said[-1] if said else {}
    checks = [
        {"title": title, "is_share": name in SHARE_CHECKS, **last[name]} for name, title in words.report.checks if name in last
    ]
    return {"steps": steps, "checks": checks}


def _coverage(con: duckdb.DuckDBPyConnection, words: Language) -> Row:
    rows = _rows(con, "report_school")
    shares = [row["register_coverage_28d_share"] for row in rows if row["register_coverage_28d_share"] is not None]
    return {
        "schools": rows[:SCHOOLS_SHOWN],
        "coverage_note": words.report.coverage_note.format(
            shown=min(SCHOOLS_SHOWN, len(rows)), all=len(rows), least=disclosure.LEAST, nearest=disclosure.NEAREST
        ),
        "coverage_chart": Markup(charts.coverage(shares, words)) if shares else None,  # noqa: S704 (our own drawing)
    }
