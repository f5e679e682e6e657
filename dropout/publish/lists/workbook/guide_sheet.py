"""The sheet `how to read this`: what the list is, what it is not, how to answer, and whom to ask."""

from xlsxwriter.worksheet import Worksheet

from dropout.publish.lists.school_list import SchoolList
from dropout.publish.lists.workbook.heights import set_heights
from dropout.publish.lists.workbook.list_sheet import AnswerWords
from dropout.publish.lists.workbook.look import Look, page, put
from dropout.publish.lists.workbook.words import WorkbookWords

HEADING_WIDTH, PROSE_WIDTH = 26, 86  # together one portrait page without shrinking much


def write_guide(
    sheet: Worksheet, school: SchoolList, words: WorkbookWords, look: Look, answers: AnswerWords, *, with_pupils: bool
) -> None:
    """Titles at the side, one paragraph each; the answers' words below what is said of answers."""
    page(sheet, school, words, landscape=False)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, HEADING_WIDTH)
    sheet.set_column(1, 1, PROSE_WIDTH)
    put(sheet, 0, 0, words.guide.title, look.title)
    sheet.set_row(0, 24)
    said = _paragraphs(school, words, answers, with_pupils=with_pupils)
    set_heights(sheet, said, [HEADING_WIDTH, PROSE_WIDTH], first=1, after=1)
    for row, (heading, text) in enumerate(said, start=1):
        put(sheet, row, 0, heading, look.heading)
        put(sheet, row, 1, text, look.prose)


def _paragraphs(school: SchoolList, words: WorkbookWords, answers: AnswerWords, *, with_pupils: bool) -> list[tuple[str, str]]:
    guide, columns = words.guide, school.words.columns
    method = school.words.notes.absence_rule if school.method == "absence_rule" else guide.method_model
    said: list[tuple[str, str]] = [(guide.is_title, guide.is_text), (guide.is_not_title, guide.is_not_text)]
    if school.table["chance"].null_count() < school.table.height:
        said.append((guide.chance_title, guide.chance_text))
    if school.precision:
        said.append((guide.precision_title, school.precision))
    said += [(guide.method_title, school.how_ranked(method)), (guide.start_title, guide.start_text)]
    said += [(guide.columns_title, guide.columns_text), (guide.answer_title, guide.answer_text)]
    said += [(getattr(columns, column), " · ".join(offered.values())) for column, offered in answers.items()]
    if with_pupils:
        said.append((guide.pupils_title, guide.pupils_text))
    return [*said, (guide.ask_title, guide.ask_text)]
