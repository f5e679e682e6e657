"""The date formats of a column: all that occur, and whether day and month can be told apart."""

import re
from collections import Counter
from dataclasses import dataclass, field

import duckdb

from dropout.contracts.ddl import literal
from dropout.extracts.draft.columns import latin

S = r"([-/. ])"
SHAPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), formats)
    for pattern, formats in (
        (rf"\d{{4}}{S}\d{{1,2}}\1\d{{1,2}}", ("%Y{s}%m{s}%d",)),
        (rf"(?:19|20)\d{{2}}{S}\d{{1,2}}", ("%Y{s}%m",)),
        (rf"\d{{1,2}}{S}(?:19|20)\d{{2}}", ("%m{s}%Y",)),
        (rf"\d{{1,2}}{S}\d{{1,2}}\1\d{{4}}", ("%d{s}%m{s}%Y", "%m{s}%d{s}%Y")),
        (rf"\d{{1,2}}{S}\d{{1,2}}\1\d{{2}}", ("%d{s}%m{s}%y", "%m{s}%d{s}%y", "%y{s}%m{s}%d")),
        (r"\d{8}", ("%Y%m%d", "%d%m%Y")),
        (rf"\d{{1,2}}{S}[A-Za-z]{{3,9}}\1\d{{4}}", ("%d{s}%b{s}%Y", "%d{s}%B{s}%Y")),
        (rf"\d{{1,2}}{S}[A-Za-z]{{3,9}}\1\d{{2}}", ("%d{s}%b{s}%y", "%d{s}%B{s}%y")),
        (r"[A-Za-z]{3,9} \d{1,2}, \d{4}", ("%b %d, %Y", "%B %d, %Y")),
    )
)
TIME = re.compile(r"(?P<gap>[ T])\d{1,2}:\d{2}(?P<seconds>:\d{2})?(?P<part>\.\d+)?(?P<half> ?[AaPp][Mm])?(?P<zone>Z)?$")
SPREAD = 3  # a reading whose days lie this much closer together is the likelier one


@dataclass
class DateGuess:
    """Formats that together read a column, with their rows; `questions` are what the values leave open."""

    rows: dict[str, int] = field(default_factory=dict)
    filled: int = 0
    questions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)  # orders, such as dmy, that some value shows to be the only one

    @property
    def formats(self) -> list[str]:
        """The formats, the commonest first."""
        return list(self.rows)

    @property
    def read(self) -> int:
        """Rows that a format reads."""
        return sum(self.rows.values())

    @property
    def share(self) -> float:
        """Share of the filled rows that are dates."""
        return self.read / self.filled if self.filled else 0.0


@dataclass(frozen=True)
class Habit:
    """The order of day and month where values do not tell, and whether other dates of the same files showed it."""

    is_month_first: bool = False
    is_shown: bool = False


def guess_dates(con: duckdb.DuckDBPyConnection, values: Counter[str], habit: Habit) -> DateGuess:
    """The formats that read `values` (text → rows)."""
    guess = DateGuess(filled=values.total())
    groups: dict[tuple[str, ...], Counter[str]] = {}
    for text, count in values.items():
        if candidates := _candidates(latin(text)):
            groups.setdefault(candidates, Counter())[latin(text)] += count
    for candidates, texts in sorted(groups.items(), key=lambda item: -item[1].total()):
        _settle(guess, {f: days for f in candidates if (days := _read(con, f, texts))}, texts, habit)
    return guess


def _candidates(text: str) -> tuple[str, ...]:
    """Formats of the shape of `text`; none when it is no date."""
    timed = TIME.search(text)
    day, tail = (text[: timed.start()], _time_format(timed)) if timed else (text, "")
    for shape, formats in SHAPES:
        if found := shape.fullmatch(day):
            separator = found[1] if found.groups() else ""
            return tuple(f.replace("{s}", separator) + tail for f in formats)
    return ()


def _time_format(found: re.Match[str]) -> str:
    clock = "%I:%M" if found["half"] else "%H:%M"
    seconds = (":%S" if found["seconds"] else "") + (".%f" if found["part"] else "")
    half = (" %p" if " " in found["half"] else "%p") if found["half"] else ""
    return f"{found['gap']}{clock}{seconds}{half}{found['zone'] or ''}"


def _settle(guess: DateGuess, reads: dict[str, dict[str, int]], texts: Counter[str], habit: Habit) -> None:
    """Adds the format of one shape to `guess`, and the question it leaves. `reads`: what each candidate makes of the texts."""
    if not reads:
        return
    counts = {f: sum(texts[t] for t in days) for f, days in reads.items()}
    tied = [f for f in reads if counts[f] == max(counts.values())]
    best = _likelier(tied, reads, habit)
    guess.rows[best] = counts[best]
    rival = next((f for f in tied if reads[f] != reads[best]), "")
    if rival and not (habit.is_shown and "/" in best):
        guess.questions.append(
            f"{counts[best]:,} dates can be read as {_words(best)} and as {_words(rival)}; taken as {_words(best)}. Is that so?"
        )
    elif rival:
        guess.notes.append(
            f"Day and month cannot be told apart here; taken as {_words(best)}, as in the other dates of these files."
        )
    others = {f: set(days) - set(reads[best]) for f, days in reads.items() if _order(f) != _order(best)}
    for other, texts_of_it in others.items():
        if count := sum(texts[t] for t in texts_of_it):
            guess.questions.append(
                f"{counts[best]:,} dates are read as {_words(best)}; {count:,} fit only {_words(other)}, and become rejects. "
                "Which order holds, or are the two mixed?"
            )
    if not rival and not any(others.values()) and _order(best) in ("dmy", "mdy"):
        guess.settled.add(_order(best))


def _likelier(tied: list[str], reads: dict[str, dict[str, int]], habit: Habit) -> str:
    """Of formats that read as much: the one whose days lie much closer together, else by habit; a year comes last or first."""
    usual = sorted(tied, key=lambda f: (_order(f)[0] == "y", (_order(f)[0] == "m") != (habit.is_month_first and "/" in f)))
    spans = {f: max(reads[f].values()) - min(reads[f].values()) + 1 for f in tied}
    closest = min(usual, key=lambda f: spans[f])
    return closest if spans[closest] * SPREAD <= spans[usual[0]] else usual[0]


def _order(date_format: str) -> str:
    return "".join(re.findall(r"%([dmyYbB])", date_format)).lower().replace("b", "m")


def _words(date_format: str) -> str:
    names = {"d": "day", "m": "month", "y": "year"}
    return "-".join(names[part] for part in _order(date_format))


def _read(con: duckdb.DuckDBPyConnection, date_format: str, texts: Counter[str]) -> dict[str, int]:
    """Days since 1970 of the texts that the format reads, as the reader would."""
    rows = con.execute(
        "select t, d - date '1970-01-01' from (select unnest(?::varchar[]) as t, "
        f"try_strptime(t, {literal(date_format)})::date as d) where d between date '1900-01-01' and date '2100-12-31'",
        [list(texts)],
    ).fetchall()
    return {str(text): int(day) for text, day in rows}
