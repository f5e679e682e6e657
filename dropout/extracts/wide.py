"""Wide layouts: a column per day, subject or month becomes a row of its own."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from dropout.contracts.ddl import literal
from dropout.errors import ExtractError
from dropout.extracts.header import wide_places
from dropout.extracts.normal import normal, normal_sql
from dropout.extracts.sheet import Sheet
from dropout.extracts.source import DATE_PARTS, YEAR_START, SourceFile, folded

Alike = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Long:
    """`relation`: columns line, c0 …, then `k` (which record of the line) and one text column per target; `records` a line.

    `cells` says where a column of ours is found in it: its own cell, or what the header said of it.
    """

    relation: str
    records: int
    cells: dict[str, str]


def unpivoted(sheet: Sheet, kind: SourceFile, around: Mapping[str, str], where: str) -> Long:
    """The rows of a wide sheet; records that say nothing are left out. `around`: what path and upper lines told.

    Raises ExtractError when two columns of file `where` speak of the same thing.
    """
    assert kind.unpivot is not None
    parts = {folded(text): column for text, column in kind.unpivot.parts.items()}
    records: dict[tuple[tuple[str, str], ...], dict[str, int]] = {}
    seen: dict[tuple[Alike, str], int] = {}
    for place, groups in wide_places(sheet.header, kind).items():
        target = parts.get(folded(groups.pop("part", ""))) if parts else kind.unpivot.into
        if target:
            key = tuple(sorted(groups.items()))
            _verify_once(seen, (_alike(groups, kind, around), target), place, sheet.header, where)
            records.setdefault(key, {})[target] = place
    said = [_said(dict(key), kind, around) for key in records]
    targets = [kind.unpivot.into] if kind.unpivot.into else list(dict.fromkeys(kind.unpivot.parts.values()))
    lists = ", ".join(
        f"unnest([{', '.join(_cell(r.get(t), t, kind) for r in records.values())}]) as w{i}" for i, t in enumerate(targets)
    )
    anything = " or ".join(f"w{i} is not null" for i in range(len(targets)))
    relation = f"select * from (select *, unnest(range({len(records)})) as k, {lists} from ({sheet.numbered()})) where {anything}"
    names = list(dict.fromkeys(name for one in said for name in one))
    cells = {name: f"([{', '.join(literal(one[name]) for one in said)}])[k + 1]" for name in names}
    return Long(relation, len(records), cells | {t: f"w{i}" for i, t in enumerate(targets)})


def _alike(groups: dict[str, str], kind: SourceFile, around: Mapping[str, str]) -> Alike:
    """What a header says, however it is spelled: 1/9 and 01/09 are one day."""
    return tuple(sorted((name, folded(text)) for name, text in _said(groups, kind, around).items()))


def _verify_once(seen: dict[tuple[Alike, str], int], what: tuple[Alike, str], place: int, header: list[str], where: str) -> None:
    first = seen.setdefault(what, place)
    if first != place:
        raise ExtractError(
            f"two columns speak of the same: '{header[first].strip()[:40]}', column {first + 1}, and column {place + 1}",
            where=where,
            remedy="Name each column once; nobody can tell which of the two is right.",
        )


def _cell(place: int | None, target: str, kind: SourceFile) -> str:
    if place is None:
        return "null::varchar"
    empty = ", ".join(literal(normal(word)) for word in ["", *kind.empty.get(target, [])])
    return f"case when {normal_sql(f'c{place}')} in ({empty}) then null else c{place} end"


def _said(groups: dict[str, str], kind: SourceFile, around: Mapping[str, str]) -> dict[str, str]:
    """Values of our columns that one header tells; a date as ISO text, or as it is written where it is none."""
    said = {name: text.strip() for name, text in groups.items() if name not in DATE_PARTS}
    dated = kind.dated(groups)
    if dated:
        date = _date({**around, **groups}, kind)
        said |= dict(zip(dated, month_of(date) if len(dated) > 1 else [date], strict=True))
    return said


def month_of(date: str) -> tuple[str, str]:
    """First and last day of the month of an ISO date; other text is no date twice."""
    try:
        first = dt.date.fromisoformat(date).replace(day=1)
    except ValueError:
        return date, date
    return first.isoformat(), ((first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)).isoformat()


def _date(found: Mapping[str, str], kind: SourceFile) -> str:
    assert kind.unpivot is not None
    found = {name: normal(text) for name, text in found.items()}
    if "date" in found:
        for pattern in kind.date_formats or []:
            try:
                return dt.datetime.strptime(found["date"].strip(), pattern).date().isoformat()
            except ValueError:
                continue
        return found["date"]
    try:
        words = {folded(word): number for word, number in kind.unpivot.months.items()}
        month = words.get(folded(found.get("month", "1"))) or int(found.get("month", "1"))
        day = int(found.get("day", "1"))
        if "year" in found:
            year = full_year(found["year"])
        else:
            year = full_year(found.get(YEAR_START) or found["school_year"][:4]) + (month < kind.unpivot.first_month)
        return dt.date(year, month, day).isoformat()
    except (ValueError, KeyError):
        return " ".join(found.get(part, "") for part in ("day", "month", "year")).strip() or "?"


def full_year(text: str) -> int:
    """A calendar year of two or four digits: 22 is 2022. Raises ValueError for anything else."""
    number = int(text)
    return number + 2000 if number < 100 else number
