"""A school's list as an XLSX file: the list, who left it, how to read it and, where asked for, all pupils' numbers."""

import datetime as dt
import io

import polars as pl
from xlsxwriter import Workbook

from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook.guide_sheet import write_guide
from dropout.publish.lists.workbook.list_sheet import AnswerWords, write_left, write_list
from dropout.publish.lists.workbook.look import look_of, printable
from dropout.publish.lists.workbook.pupil_sheet import write_pupils
from dropout.publish.lists.workbook.words import workbook_words

# In memory the parts of the file are stamped 1980-01-01, on disk with the time of the clock.
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def content(school: SchoolList, answers: AnswerWords, pupils: pl.DataFrame | None = None) -> bytes:
    """The file's bytes; the same list gives the same bytes.

    `answers` are the words that answer columns offer, in the school's language; `pupils` what `pupils_by_school`
    gives for the school, or None for no such sheet. A school without fresh data gets a notice on the first sheet
    and no numbers, which would look like tonight's.
    """
    words = workbook_words(school.language)
    shown = None if school.silent_since else pupils
    file = io.BytesIO()
    book = Workbook(file, OPTIONS)
    book.set_properties({"title": printable(school.school), "created": dt.datetime.combine(school.day, dt.time())})
    look = look_of(book, words, school.words.direction)
    write_list(book.add_worksheet(words.sheets.list), school, words, look, answers)
    if school.left.height:
        write_left(book.add_worksheet(words.sheets.left), school, words, look)
    write_guide(book.add_worksheet(words.sheets.guide), school, words, look, answers, with_pupils=shown is not None)
    if shown is not None:
        write_pupils(book.add_worksheet(words.sheets.pupils), school, shown, words, look)
    book.close()
    return file.getvalue()
