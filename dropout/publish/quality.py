"""quality: how good the lists are, for the report: each ranking at the schools' capacity, and chances held against what came."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from dropout.publish import charts
from dropout.publish.numbers import decimal, isolated, percent
from dropout.publish.words import Language

Row = dict[str, Any]

# the report's columns → metrics of ops.evaluation
METRICS = {
    "auc": "auc",
    "recall_at_capacity": "recall_at_capacity",
    "precision_at_capacity": "precision_at_capacity",
    "calibration_error": "calibration_error",
    "unknown_as_stayed": "recall_at_capacity_unknown_as_stayed",
}
# mean chance, and share that left, of one group of snapshots; size_share is the share of snapshots up to its end
SAID, LEFT = "reliability_chance", "reliability_left"


def facts(rows: Sequence[Row], target: str, words: Language) -> Row:
    """What the report's last part shows, from rows of marts.evaluation of one version over all as-of dates.

    Keys: rankings (title and values), evaluation_note, recall_chart and reliability_chart (None where not measured).
    """
    found = {(row["ranking"], row["metric"]): row for row in rows}
    ranked = {name: title for name, title in words.report.rankings if (name, "recall_at_capacity") in found}
    if not ranked:
        return {"rankings": [], "evaluation_note": "", "recall_chart": None, "reliability_chart": None}
    bars = [{**found[name, "recall_at_capacity"], "ranking": title} for name, title in ranked.items()]
    said = [{**bar, "said": percent(bar["value"], words.locale)} for bar in bars]
    return {
        "rankings": [
            {"title": title, "values": [_cell(found.get((name, metric)), column, words) for column, metric in METRICS.items()]}
            for name, title in ranked.items()
        ],
        "evaluation_note": words.report.quality_of_lists_note.format(
            cohort=isolated(bars[0]["cohort"]),
            students=decimal(bars[0]["student_count"], words.locale),
            size=percent(bars[0]["size_share"], words.locale),
            target=getattr(words.report.targets, target),
            version=isolated(bars[0]["version"]),
        ),
        "recall_chart": Markup(charts.recall(said, words)),  # noqa: S704 (our own drawing)
        "reliability_chart": _reliability(rows, words),
    }


def _cell(row: Row | None, metric: str, words: Language) -> Row:
    """A measure and its interval; a dash where it was not measured."""
    if row is None or row["value"] is None:
        return {"value": "–", "interval": ""}

    def said(value: float) -> str:
        return decimal(value, words.locale, places=3) if metric == "auc" else percent(value, words.locale)

    known = row["low"] is not None and row["high"] is not None
    return {"value": said(row["value"]), "interval": f"{said(row['low'])} – {said(row['high'])}" if known else ""}


def _reliability(rows: Sequence[Row], words: Language) -> Markup | None:
    """The model's chances held against what came, in the groups that the evaluation made."""
    by_size: dict[float, Row] = {}
    for row in rows:
        if row["ranking"] == "model" and row["metric"] in (SAID, LEFT) and row["value"] is not None:
            by_size.setdefault(row["size_share"], {})["said" if row["metric"] == SAID else "left"] = row["value"]
    points = [point for _, point in sorted(by_size.items()) if len(point) == 2]
    return Markup(charts.reliability(points, words)) if points else None  # noqa: S704 (our own drawing)
