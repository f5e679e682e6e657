"""sheet: one page for a pupil's family, in plain words: what is held, what was computed, who saw it, how to disagree."""

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dropout.access import hand_out
from dropout.access.access import acts
from dropout.access.facts import Facts, Row, facts, reasons
from dropout.access.held import Held, gather
from dropout.access.student import pseudonym_of, unknown
from dropout.access.words import SheetWords, counted, sheet_words
from dropout.privacy import audit
from dropout.publish.chance_words import chance_in_words
from dropout.publish.numbers import isolated
from dropout.publish.oversight.notices import sheet_lines
from dropout.publish.reasons import LOWERS, RAISES
from dropout.publish.words import Language, words_of
from dropout.settings import Deployment


class Writer:
    """Numbers, dates and names as the sheet's language writes them."""

    def __init__(self, language: str) -> None:
        self.name = language
        self.words: SheetWords = sheet_words(language)
        self.language: Language = words_of(language)

    def date(self, value: dt.date) -> str:
        """`value` in full."""
        return isolated(format_date(value, "long", locale=self.language.locale))

    def count(self, number: int, noun: str) -> str:
        """`number` of `noun` (a field of `Nouns`) in words."""
        return counted(number, getattr(self.words.nouns, noun), self.language.locale)

    def period(self, pattern: str, row: Row, **more: str) -> str:
        """`pattern` with `first` and `last` of a row as dates."""
        return pattern.format(first=self.date(row["first"]), last=self.date(row["last"]), **more)


def write(
    con: duckdb.DuckDBPyConnection, deployment: Deployment, number: str, language: str = "", wanted: Path | None = None
) -> Path:
    """Writes the sheet of student number `number` to a new file (0600), and an entry to the audit log before it.

    `language` is one of the languages of lists; empty: the deployment's. Raises UnknownStudentError when no table
    holds the pupil, SettingsError for a language there is none of, DeploymentError when the place is taken or open.
    """
    writer = Writer(language or deployment.language)
    path = hand_out.place(deployment, wanted, f"sheet-{writer.name}.html")
    student = pseudonym_of(con, deployment, number)
    held = gather(con, deployment, student)
    if not held.tables:
        raise unknown()
    page = render(con, deployment, held, writer)
    audit.record(con, deployment, "sheet_written", student_key=student.student_key, facts={"language": writer.name})
    hand_out.write_file(path, page)
    return path


def render(con: duckdb.DuckDBPyConnection, deployment: Deployment, held: Held, writer: Writer) -> str:
    """The page."""
    today = dt.datetime.now(ZoneInfo(deployment.timezone)).date()
    found = facts(con, deployment, held, today)
    names = [found.identity.get(name) for name in ("given_name", "family_name")]
    name = " ".join(part for part in names if part)
    return str(
        _template(writer).render(
            words=writer.words,
            language=writer.name,
            direction=writer.language.direction,
            name=name or writer.words.nobody,
            today=today,
            student_id=held.student.student_id,
            facts=found,
            rows=_held_rows(found, writer),
            computed=_computed(con, held, found, writer),
            sources=[(_kind(row["source_file"], writer), _times(row, writer)) for row in found.sources],
            lists=[(row["school"], _on_lists(row, writer)) for row in found.lists],
            oversight=sheet_lines(con, held.student.student_key, found.as_of, writer.name),
            acts=_acts(con, deployment, held, writer),
            kept=writer.words.kept.generations.format(lists=writer.count(deployment.settings.night.keep_generations, "list")),
            authority=_authority(deployment, writer),
            contact=deployment.settings.deployment.contact,
            authority_contact=deployment.country.rights.contact if deployment.country.rights else "",
        )
    )


def _template(writer: Writer) -> Any:
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["isolated"] = isolated
    environment.filters["date"] = writer.date
    return environment.get_template("sheet.html.j2")


def _held_rows(found: Facts, writer: Writer) -> list[tuple[str, list[str]]]:
    """What is kept: a title and lines of text per kind."""
    words = writer.words.held
    named = [title for field, title in words.identity if found.identity.get(field) is not None]
    rows = [(words.person, [writer.words.separator.join(named)])] if named else []
    if found.details:
        rows.append(
            (words.details_title, [writer.words.separator.join(words.details[d] for d in found.details), words.details_note])
        )
    rows += [(words.school, [_spell(row, writer) for row in found.spells])] if found.spells else []
    rows += [(words.attendance.format(year=isolated(row["school_year"])), _attendance(row, writer)) for row in found.attendance]
    rows += [(words.marks.format(year=isolated(row["school_year"])), _marks(row, writer)) for row in found.marks]
    rows += [(_kind(row["kind"], writer), [_other(row, writer)]) for row in found.kinds]
    for count, title, note in (
        (found.earlier_count, words.earlier, words.earlier_note),
        (found.aside_count, words.aside, words.aside_note),
    ):
        if count:
            rows.append((title, [note.format(entries=writer.count(count, "entry"))]))
    return rows


def _kind(table: str, writer: Writer) -> str:
    """Title of one of our tables; a kind of file of a source's own keeps its name."""
    return writer.words.kinds.get(table, table)


def _spell(row: Row, writer: Writer) -> str:
    words = writer.words.held
    dates = {"first": row["first_date"], "last": row["last_date"]}
    when = writer.period(words.from_to, dates) if row["last_date"] else words.from_on.format(first=writer.date(row["first_date"]))
    where = [isolated(row["school"])]
    where += [words.class_name.format(class_name=isolated(row["class_id"]))] if row["class_id"] else []
    return writer.words.separator.join([*where, when])


def _attendance(row: Row, writer: Writer) -> list[str]:
    words = writer.words.held
    pattern = words.attendance_days if row["is_by_register"] else words.attendance_no_register
    dates = {"first": row["first_date"], "last": row["last_date"]}
    absent = {name: writer.count(row[f"{name}_count"], "day") for name in ("unexcused", "excused", "late")}
    return [writer.period(pattern, dates, days=writer.count(row["day_count"], "day")), words.attendance_absent.format(**absent)]


def _marks(row: Row, writer: Writer) -> list[str]:
    words = writer.words.held
    marks, subjects = writer.count(row["mark_count"], "mark"), writer.count(row["subject_count"], "subject")
    lines = [words.marks_count.format(marks=marks, subjects=subjects)]
    if row["missing_count"]:
        lines.append(words.marks_missing.format(missing=writer.count(row["missing_count"], "assessment")))
    return lines


def _other(row: Row, writer: Writer) -> str:
    words, entries = writer.words.held, writer.count(row["count"], "entry")
    if row["first"] is None:
        return words.other_undated.format(entries=entries)
    return writer.period(words.other_on if row["first"] == row["last"] else words.other, row, entries=entries)


def _times(row: Row, writer: Writer) -> str:
    words = writer.words.sources
    return writer.period(words.once if row["count"] == 1 else words.times, row, times=writer.count(row["count"], "time"))


def _on_lists(row: Row, writer: Writer) -> str:
    words, lists = writer.words.seen, writer.count(row["count"], "list")
    return writer.period(words.on_several if row["count"] > 1 else words.on_one, row, lists=lists)


def _computed(con: duckdb.DuckDBPyConnection, held: Held, found: Facts, writer: Writer) -> Row:
    """The newest chances in words, reasons in the order of a list, and how often a chance was computed."""
    words = writer.words.computed
    if found.as_of is None:
        return {"chances": [(None, words.never)], "nights": "", "as_of": "", "raises": [], "lowers": []}
    target = found.chances[0]["target"]
    said = reasons(con, held, found.as_of, target, writer.name)
    return {
        "as_of": words.as_of.format(date=writer.date(found.as_of)),
        "chances": [(words.targets[row["target"]], _chance(row, writer)) for row in found.chances],
        "raises": [text for rank in range(1, RAISES + 1) if (text := said.get(f"reason_{rank}"))],
        "lowers": [text for rank in range(1, LOWERS + 1) if (text := said.get(f"going_well_{rank}"))],
        "nights": words.nights.format(nights=writer.count(found.night_count, "night"), first=writer.date(found.first_night))
        if found.first_night
        else "",
    }


def _chance(row: Row, writer: Writer) -> str:
    """One chance in words; that there is none, and why, where it was not computed."""
    if row["is_abstained"]:
        return writer.words.computed.abstained
    if row["chance"] is None:
        return writer.words.computed.by_rule
    frame = pl.DataFrame({name: [row[name]] for name in ("chance", "chance_low", "chance_high")}, schema_overrides=_FLOATS)
    return str(frame.select(chance_in_words(writer.language, row["target"]).alias("said"))["said"][0])


_FLOATS = dict.fromkeys(("chance", "chance_low", "chance_high"), pl.Float64)


def _acts(con: duckdb.DuckDBPyConnection, deployment: Deployment, held: Held, writer: Writer) -> list[tuple[str, str]]:
    """Copies and sheets made before, with their dates; the same on one day is told once."""
    told = writer.words.seen.act
    mine = [act for act in acts(con, deployment, held.student) if act["what"] in told]
    return list(dict.fromkeys((writer.date(dt.date.fromisoformat(act["time"][:10])), told[act["what"]]) for act in mine))


def _authority(deployment: Deployment, writer: Writer) -> str:
    rights, words = deployment.country.rights, writer.words.rights
    if rights is None or writer.name not in rights.authority:
        return words.authority_unnamed
    return words.authority.format(authority=isolated(rights.authority[writer.name]), law=isolated(rights.law[writer.name]))
