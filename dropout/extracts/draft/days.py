"""Headers that are days: a column per day of a register, as a pattern with named groups."""

import re
from collections.abc import Sequence
from itertools import pairwise

from dropout.extracts.draft.spread import Wide
from dropout.extracts.draft.synonyms import ours, tokens

FEWEST = 5  # columns: fewer are no register
SEP = r"[-/._ ]"
YEAR, SHORT_YEAR = r"(?P<year>\d{4})", r"(?P<year>\d{2}|\d{4})"
MONTH, DAY = r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
WEEKDAY = r"(?:[^\W\d_]{1,10}\.?,?[-/_ ]*)?"
MIDNIGHT = r"(?:[ T]00:00(?::00)?)?"
PATTERNS = (
    rf"{WEEKDAY}{YEAR}{SEP}{MONTH}{SEP}{DAY}{MIDNIGHT}",
    rf"{WEEKDAY}{DAY}{SEP}{MONTH}{SEP}{SHORT_YEAR}",
    rf"{WEEKDAY}{MONTH}{SEP}{DAY}{SEP}{SHORT_YEAR}",
    r"(?P<year>20\d{2})(?P<month>\d{2})(?P<day>\d{2})",
    rf"{WEEKDAY}{DAY}{SEP}{MONTH}",
    rf"{WEEKDAY}{MONTH}{SEP}{DAY}",
    rf"(?:[Jj](?:our)?|[Dd](?:ay)?|يوم|اليوم)?[-_. ]*{DAY}",
)
USUAL_FIRST_MONTH = 9


def day_columns(headers: Sequence[str]) -> Wide | None:
    """The columns of `headers` that are days, or None where fewer than five are."""
    plain = [" ".join(h.split()) for h in headers]
    suffix = _session_suffix(plain)
    found = [_matched(f"^{pattern}{suffix}$", plain) for pattern in PATTERNS]
    judged = [(len(hits), _steps(hits), -rank, rank) for rank, hits in enumerate(found) if len(hits) >= FEWEST]
    if not judged:
        return None
    rank = max(judged)[3]
    hits = found[rank]
    if "month" not in PATTERNS[rank] and len(hits) < 0.5 * len(headers) and not re.search(r"\d", "".join(plain[hits[0][0]])):
        return None
    return _described(_tightened(PATTERNS[rank], suffix, hits, plain), hits, PATTERNS[rank])


def _tightened(own: str, suffix: str, hits: list[tuple[int, dict[str, str]]], headers: list[str]) -> str:
    """The pattern without what these headers do not need, so that a person can read it."""
    bare = own.replace(MIDNIGHT, "")
    shorter = [p.replace(WEEKDAY, "") for p in (bare, own)] + [bare, own]
    if own == PATTERNS[-1]:
        starts = {re.match(r"\D*", headers[place])[0] for place, _ in hits}  # type: ignore[index]
        shorter = [re.escape(start) + DAY for start in starts] if len(starts) == 1 else [own]
    separated = [p.replace(SEP, sign) for p in shorter for sign in ("-", "/", "_", r"\.", " ")]
    every = [f"^{p}{end}$" for p in (*separated, *shorter) for end in dict.fromkeys(["", suffix])]
    return next((p for p in every if _matched(p, headers) == hits), f"^{own}{suffix}$")


def _described(pattern: str, hits: list[tuple[int, dict[str, str]]], own: str) -> Wide:
    groups = set(re.compile(own).groupindex)
    months = [int(said["month"]) for _, said in hits if "month" in said]
    questions: list[str] = []
    first = 0
    if "year" not in groups and months:
        first, is_seen = _first_month(months)
        if not is_seen:
            questions.append(
                f"In which month does the school year begin? first_month: {first} is a usual answer, not seen in the headers."
            )
    both = all(int(said["day"]) <= 12 for _, said in hits) and months
    if both and "year" in groups and own.index("year") > own.index("day"):
        questions.append("Day and month of the headers cannot be told apart; they are read in the order of the pattern.")
    has_session = "session" in re.compile(pattern).groupindex
    return Wide(
        table="attendance",
        places=tuple(place for place, _ in hits),
        pattern=pattern,
        gives=frozenset({"date", "status", *(["session"] if has_session else [])}),
        into="status",
        lacking=tuple(part for part in ("year", "month") if part not in groups),
        first_month=first,
        questions=tuple(questions),
    )


def _first_month(months: list[int]) -> tuple[int, bool]:
    """The month in which the school year begins, and whether the headers show it: they run over New Year."""
    in_order = list(dict.fromkeys(months))
    runs_over = any(b < a for a, b in pairwise(in_order))
    return (in_order[0], True) if runs_over else (USUAL_FIRST_MONTH, False)


def _matched(pattern: str, headers: list[str]) -> list[tuple[int, dict[str, str]]]:
    """Places of the headers that fit and are days of a calendar."""
    compiled = re.compile(pattern)
    found = [(place, match.groupdict()) for place, header in enumerate(headers) if (match := compiled.search(header))]
    return [(place, said) for place, said in found if _is_day(said)]


def _is_day(said: dict[str, str]) -> bool:
    return 1 <= int(said["day"]) <= 31 and 1 <= int(said.get("month", "1")) <= 12


def _steps(hits: list[tuple[int, dict[str, str]]]) -> int:
    """Neighbours of which the day is the next one or the same: the right order of day and month has more of them."""
    days = [int(said["day"]) for _, said in hits]
    return sum(0 <= b - a <= 3 for a, b in pairwise(days))


def _session_suffix(headers: list[str]) -> str:
    """Pattern of the words for half days and lessons that follow the days, if they do."""
    lasts = {h.split(" / ")[-1].split()[-1] for h in headers if re.search(r"\d", h) and h.split()}
    found = {last.lstrip("_-") for last in lasts if tokens(last) and not re.match(r"\W*\d", last) and ours("session", last)}
    endings = {m[1] for h in headers if (m := re.search(r"\d[_\- ]([^\W\d_]+)$", h)) and ours("session", m[1])}
    words = sorted(found | endings, key=len, reverse=True)
    return rf"(?:[-_/ ]+(?P<session>{'|'.join(map(re.escape, words))}))?" if words else ""
