"""group_audit: the report's part on groups of pupils: places against chances, over the last publications, and known outcomes."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from dropout.errors import SettingsError
from dropout.fairness.accept import acceptance
from dropout.publish.numbers import decimal, isolated, percent
from dropout.resources import sql
from dropout.strict import Strict, read_yaml
from dropout.warehouse.ledger import Run

FILE = Path(__file__).with_name("group_audit.yaml")
PUBLICATIONS = 5  # whose numbers stand side by side
RATIO = "listed_ratio"
Row = dict[str, Any]


class GroupWords(Strict):
    """The words of this part in one language; `attributes` and `values` name what stands in `student_group`."""

    title: str
    note: str
    none: str
    accepted: str
    group: str
    everyone: str
    selection_rate: str
    chance_mean: str
    abstained_share: str
    listed_ratio: str
    listed_ratio_in_district: str
    over_time: str
    outcomes: str
    recall: str
    recall_gap: str
    false_positive_rate: str
    false_discovery_rate: str
    false_omission_rate: str
    out_of_bounds: str
    attributes: dict[str, str]
    values: dict[str, str]

    def named(self, student_group: str) -> str:
        """`sex=female+locality=rural` in words; a value without a word (a region, a language) as it is."""
        if student_group == "all":
            return self.everyone
        parts = [part.partition("=") for part in student_group.split("+")]
        return ", ".join(f"{self.attributes.get(a, a)}: {isolated(self._value(a, v))}" for a, _, v in parts)

    def _value(self, attribute: str, value: str) -> str:
        return self.values.get(f"{attribute}={value}", self.values.get(value, value))


class GroupWordsFile(Strict):
    """The layout of group_audit.yaml."""

    en: GroupWords
    fr: GroupWords
    ar: GroupWords


@cache
def group_words(language: str) -> GroupWords:
    """The words of `language`; raises SettingsError for a missing or unknown one, or for a language there is not."""
    file = read_yaml(FILE, GroupWordsFile)
    if language not in GroupWordsFile.model_fields:
        raise SettingsError(f"the report's part on groups has no language '{language}'", where=FILE.name)
    words: GroupWords = getattr(file, language)
    return words


def facts(con: duckdb.DuckDBPyConnection, run: Run, locale: str) -> Row:
    """What `group_audit.html.j2` shows, from the marts attached as catalog `analytics`; shares and ratios as text."""
    words, rows = group_words(run.deployment.language), _rows(con)
    given = acceptance(con, run.as_of)
    tonight = [row for row in rows if row["as_of_date"] == run.as_of]
    lists, outcomes = ([row for row in tonight if row["kind"] == kind] for kind in ("lists", "outcomes"))
    said = {
        "share": lambda row: percent(row["value"], locale),
        "ratio": lambda row: _with_interval(row, lambda n: decimal(n, locale, places=2)),
        "rate": lambda row: _with_interval(row, lambda n: percent(n, locale)),
    }
    of_lists = {name: "share" for name in ("selection_rate", "chance_mean", "abstained_share")}
    of_lists |= {RATIO: "ratio", "listed_ratio_in_district": "ratio"}
    of_outcomes = {
        name: "rate" for name in ("recall", "recall_gap", "false_positive_rate", "false_discovery_rate", "false_omission_rate")
    }
    dates = sorted({row["as_of_date"] for row in rows}, reverse=True)
    return {
        "groups": {
            "words": words,
            "accepted": words.accepted.format(who=isolated(given.who), reason=isolated(given.reason)) if given else "",
            "lists": _table(lists, of_lists, said, words),
            "list_columns": [getattr(words, name) for name in of_lists],
            "dates": [str(date) for date in dates] if len(dates) > 1 else [],
            "over_time": _over_time(rows, dates, locale, words),
            "outcomes": _table(outcomes, of_outcomes, said, words),
            "outcome_columns": [getattr(words, name) for name in of_outcomes],
            "outcomes_title": words.outcomes.format(date=outcomes[0]["measured_on"]) if outcomes else "",
        }
    }


def _rows(con: duckdb.DuckDBPyConnection) -> list[Row]:
    cursor = con.execute(sql("marts/report_group"), {"publications": PUBLICATIONS})
    names = [column for (column, *_) in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _table(rows: list[Row], metrics: Mapping[str, str], said: Mapping[str, Callable[[Row], str]], words: GroupWords) -> list[Row]:
    """A line per group: its name, a cell per metric, and whether it is out of bounds."""
    found = {(row["student_group"], row["metric"]): row for row in rows}
    outside = {row["student_group"] for row in rows if row["is_out_of_bounds"]}
    return [
        {
            "name": words.named(group),
            "cells": [_cell(found.get((group, metric)), said[kind]) for metric, kind in metrics.items()],
            "is_out": group in outside,
        }
        for group in dict.fromkeys(row["student_group"] for row in rows)
    ]


def _over_time(rows: list[Row], dates: list[dt.date], locale: str, words: GroupWords) -> list[Row]:
    """The ratio of places of each group, a column per publication."""
    ratios = {(r["student_group"], r["as_of_date"]): r for r in rows if r["metric"] == RATIO and r["student_group"] != "all"}
    groups = dict.fromkeys(sorted(group for group, _ in ratios))

    def said(row: Row) -> str:
        return decimal(row["value"], locale, places=2)

    cells = {g: [_cell(ratios.get((g, date)), said) for date in dates] for g in groups}
    outside = {g for g in groups if (row := ratios.get((g, dates[0]))) and row["is_out_of_bounds"]}
    return [{"name": words.named(g), "cells": cells[g], "is_out": g in outside} for g in groups]


def _cell(row: Row | None, said: Callable[[Row], str]) -> str:
    return "–" if row is None or row["value"] is None else said(row)


def _with_interval(row: Row, said: Callable[[float], str]) -> str:
    known = row["low"] is not None and row["high"] is not None
    return f"{said(row['value'])} ({said(row['low'])} – {said(row['high'])})" if known else said(row["value"])
