"""All enrolled pupils' main numbers, where settings allow: by class and name, with no chance and no order of risk."""

import duckdb
import polars as pl
from xlsxwriter.worksheet import Worksheet

from dropout.publish.chance_words import no_chance_in_words
from dropout.publish.lists.gather import attached_identity
from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook.heights import set_heights
from dropout.publish.lists.workbook.look import Look, fill, page, write_header
from dropout.publish.lists.workbook.words import WorkbookWords
from dropout.publish.numbers import filled
from dropout.resources import sql
from dropout.warehouse.ledger import Run

WHO = ("class_name", "student_id", "family_name", "given_name")
NUMBERS = ("registers_taken", "days_missed", "days_unexcused", "mark_mean", "assessments_missing", "incidents")
WIDTHS = {"class_name": 10, "student_id": 14, "family_name": 18, "given_name": 18, "note": 34}
NUMBER_WIDTH = 14


def pupils_by_school(con: duckdb.DuckDBPyConnection, run: Run) -> dict[str, pl.DataFrame]:
    """School → its enrolled pupils by class and name, all schools in one statement. Reads temp table `this_night`.

    Columns: WHO, NUMBERS (NULL where not known), pseudonym, and what `no_chance_in_words` asks for; of who opted out
    nothing says that no chance was given, for a whole school would read it.
    """
    with attached_identity(con, run.deployment):
        pupils = con.sql(sql("marts/list_pupil")).pl()
    schools = pupils.partition_by("school_id", as_dict=True, include_key=False, maintain_order=True)
    return {str(school): table for (school,), table in schools.items()}


def write_pupils(sheet: Worksheet, school: SchoolList, pupils: pl.DataFrame, words: WorkbookWords, look: Look) -> None:
    """One row per enrolled pupil. A number that is not known is an empty cell; too little data for a chance is said."""
    page(sheet, school, words)
    headers = [getattr(school.words.columns, column) for column in WHO]
    headers += [getattr(words.pupils, column) for column in NUMBERS]
    headers.append(school.words.columns.note)
    write_header(sheet, headers, look)
    widths = [WIDTHS.get(column, NUMBER_WIDTH) for column in (*WHO, *NUMBERS, "note")]
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    numbers = [look.percent if column == "mark_mean" else look.number for column in NUMBERS]
    lines = pupils.select(*WHO, *NUMBERS, _note(pupils, school))
    fill(sheet, lines, [*[look.text] * len(WHO), *numbers, look.said])
    sheet.freeze_panes(1, len(WHO))
    sheet.autofilter(0, 0, pupils.height, len(headers) - 1)
    set_heights(sheet, [headers, *lines.rows()], widths)
    sheet.ignore_errors({"number_stored_as_text": f"A2:B{pupils.height + 1}"})


def _note(pupils: pl.DataFrame, school: SchoolList) -> pl.Expr:
    nameless = filled(school.words.notes.no_identity.format(key="{0}"), pl.col("pseudonym"))
    said = (
        pl.lit(no_chance_in_words(pupils, school.language)),
        pl.when(pl.col("student_id").is_null()).then(nameless),
    )
    return pl.concat_str(said, separator=" ", ignore_nulls=True).replace("", None).alias("note")
