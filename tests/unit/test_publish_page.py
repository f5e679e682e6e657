"""A school's page: structure for eye, keyboard and ear; nothing from outside; no name breaks it; the same bytes twice."""

import datetime as dt
import re
from html import unescape
from html.parser import HTMLParser

import polars as pl
import pytest

from dropout.extracts.answers.words import answer_words
from dropout.publish.lists import attendance_strip, marks_plot, page
from dropout.publish.lists.attendance_strip import Grid, week_of
from dropout.publish.lists.drawings import Drawn
from dropout.publish.lists.gather import SCHEMA
from dropout.publish.lists.page_words import page_words_of
from dropout.publish.words import LANGUAGES, words_of
from tests.page_school import DAY, drawings, marks, pupil_days, school_list

EN = words_of("en")


class Parsed(HTMLParser):
    """Every open tag with its attributes, and whether all that were opened were closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.S)))


def html_of(language: str = "en", **given: object) -> str:
    return page.content(school_list(language, **given), drawings(language), 0.5).decode()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def english() -> str:
    return html_of()


@pytest.mark.parametrize("language", LANGUAGES)
def test_structure_for_keyboard_and_screen_reader(language: str) -> None:
    parsed = Parsed(html_of(language))
    assert parsed.open == []
    assert parsed.all("html") == [{"lang": language, "dir": "rtl" if language == "ar" else "ltr"}]
    assert len(parsed.all("main")) == len(parsed.all("h1")) == len(parsed.all("title")) == 1
    ids = [attrs["id"] for _, attrs in parsed.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    # links: one that skips to the list, one from each row to its sheet, and one back from each sheet; all lead somewhere
    links = [attrs["href"] for attrs in parsed.all("a")]
    assert links == ["#list", "#p1", "#p2", "#p3", "#p4", *["#list"] * 4]
    used = [attrs["href"] for attrs in parsed.all("use")]
    labels = [attrs["aria-labelledby"] for _, attrs in parsed.tags if "aria-labelledby" in attrs]
    assert {link[1:] for link in links + used} | set(labels) <= set(ids)
    # tables: 7 columns of the list and 3 of those who left (no number is known here), and a header for each of 4 rows and 1
    assert [attrs["scope"] for attrs in parsed.all("th")] == ["col"] * 7 + ["row"] * 4 + ["col"] * 3 + ["row"]
    # each drawing either says its numbers or is passed over
    images = [attrs for attrs in parsed.all("svg") if attrs.get("role") == "img"]
    assert len(images) == 8 and all(re.search(r"\d", attrs["aria-label"]) for attrs in images)
    assert all(attrs.get("aria-hidden") == "true" for attrs in parsed.all("svg") if attrs not in images)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_comes_from_outside_and_no_script_runs(language: str) -> None:
    html = html_of(language)
    parsed = Parsed(html)
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in parsed.tags}
    assert not re.search(r"https?:|url\(|@import|//|\ssrc=|javascript:", re.sub(r"&lt;.*?&gt;", "", html))
    assert not [name for _, attrs in parsed.tags for name in attrs if name.startswith("on")]
    policy = next(attrs["content"] for attrs in parsed.all("meta") if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_hostile_names_are_text(english: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in english and "<script" not in english
    assert "&#34;onload=&#39;x&#39;" in english
    assert "{{ 7*7 }}" in english
    assert "École &lt;1&gt; &amp; &#34;2&#34;" in english
    assert "&amp; &lt;b&gt;more&lt;/b&gt;" in english
    assert "subject &lt;01&gt; of many" in english  # in the drawing too
    # in the style: quote, bracket and stroke as codes, so that neither string nor style ends
    assert 'content: "\\2068 École \\3c 1\\3e  \\26  \\22 2\\22 \\2069  \\b7  List of March 10\\2c  2025"' in english
    assert english.count("</style>") == 1


def test_names_and_numbers_keep_their_own_direction() -> None:
    html = html_of("ar")
    assert "<bdi>بنعلي فاطمة الزهراء</bdi>" in html
    assert '<bdi class="code">N001</bdi>' in html
    assert not re.search(r"[٠-٩]", html)


def test_what_a_page_says_of_a_pupil(english: str) -> None:
    sheet = text_of(english[english.index('<article class="sheet" id="p2"') : english.index('<article class="sheet" id="p3"')])
    for words in (
        "Class 3AC-2",
        "Student number N002",
        "about 7 in 10",
        "Why on the list",
        "What goes well",
        "still on the list",
    ):
        assert words in sheet
    for words in (
        "8 → 11.5",
        "Last answer 12 March",
        "will act already known disagree not at this school",
        "2/4",
        "March 10, 2025",
    ):
        assert words in sheet
    assert "Of 20 pupils on last year" in english and "a statistical model compared them" in english
    assert "Gone &lt;i&gt;" in english and "chance fell" in english


def test_a_silent_school_ranks_nobody() -> None:
    html = html_of(silent_since=dt.date(2025, 2, 1))
    assert "No data has come from this school since February 1, 2025." in html
    assert "<article" not in html and "N001" not in html and "about 7 in 10" not in html


def test_an_empty_list_says_that_nobody_is_on_it() -> None:
    nobody = pl.DataFrame(schema=SCHEMA)
    html = page.content(school_list(table=nobody, keys=(), left=nobody), Drawn(), 0.5).decode()
    assert "Nobody is on the list tonight." in html
    assert Parsed(html).open == [] and "<table" not in html


def test_a_pupil_of_whom_nothing_can_be_drawn_or_named() -> None:
    table = school_list(pupils=1).table.with_columns(
        *(pl.lit(None, dtype=pl.String).alias(c) for c in ("student_id", "family_name", "given_name", "reason_1", "class_name")),
        *(pl.lit(None, dtype=pl.String).alias(c) for c in ("reason_2", "reason_3", "reason_4", "going_well_1", "going_well_2")),
        note=pl.lit("ask the operator for pupil 00a"),
    )
    text = text_of(page.content(school_list(table=table, keys=(1,)), Drawn(), 0.5).decode())
    for words in (
        "No daily register of this pupil",
        "No mark of this year",
        "pupil 00a",
        "No single number",
        "Nothing stands out",
    ):
        assert words in text
    assert "None" not in text


def test_the_same_list_gives_the_same_bytes() -> None:
    assert html_of("fr") == html_of("fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_boxes_to_tick_say_what_the_list_offers(language: str) -> None:
    html = html_of(language, pupils=1)
    boxes = re.findall(r'<li><span class="box"></span>(.*?)</li>', html)
    assert [unescape(box) for box in boxes] == list(answer_words(language)["decision"].values())
    # who answers signs behind the remark
    assert re.findall(r'<li class="(\w+)"><span>', html)[-2:] == ["remark", "reviewer"]


# ── the strip ──

WEEK = [dt.date(2025, 3, 3) + dt.timedelta(days=n) for n in range(6)]  # Monday to Saturday before DAY


def strip(table: pl.DataFrame, language: str = "en") -> dict[str, str]:
    words = words_of(language)
    grid = Grid(dt.date(2024, 9, 2), DAY, (1, 2, 3, 4, 5, 6), words.direction == "rtl")
    (row,) = attendance_strip.draw(table, grid, words, page_words_of(language).attendance).to_dicts()
    return row


def test_each_kind_of_day_has_its_shape() -> None:
    drawn = strip(pupil_days(1, ["present", "unexcused", "excused", "late", "not_taken", "elsewhere"], WEEK))
    # DAY's week is the 18th and last column; the week before is the 17th: x = 34 + 16 * 10 + 1 = 195; rows from y = 11 + 1 = 12
    assert drawn["open"] == "M195 12h8v8h-8z"
    assert drawn["noted"] == "M195 22h8v8h-8zM195 32h8v8h-8zM195 36l4-4M195 40l8-8M199 40l4-4M195 42h8v8h-8z"
    assert drawn["full"] == "M195 30h8v-8h-8zM195 42v8h8zM196 55h6v2h-6z"
    assert drawn["away"] == "M195 62h8v8h-8z"


def test_an_arabic_strip_begins_at_the_right() -> None:
    # the newest week is leftmost (x = 1), so the week before stands at x = 11
    assert strip(pupil_days(1, ["present"], WEEK[:1]), "ar")["open"] == "M11 12h8v8h-8z"


def test_a_part_of_a_day_fills_a_part_of_its_cell() -> None:
    half = pupil_days(1, ["unexcused", "excused"], WEEK[:2]).with_columns(
        absent_share=0.5, unexcused_share=pl.col("unexcused_share") / 2
    )
    drawn = strip(half)
    assert drawn["full"] == "M195 20h8v-4h-8z"  # half of 8
    assert drawn["noted"].endswith("M195 22h8v8h-8zM195 30l8-8")  # one stroke, not three
    # 0.5 unexcused; excused are 0.5 - 0.5 on the first day and 0.5 - 0 on the second
    assert drawn["strip_last"] == "Last 2 days with a register, from Mar 3 on: 0.5 without excuse, 0.5 excused, 0 late."


def test_what_is_heard_counts_the_days_and_names_their_dates() -> None:
    drawn = strip(pupil_days(1, ["present", "unexcused", "unexcused", "late", "not_taken", "present"], WEEK))
    assert drawn["strip_says"] == (
        "School days from November 11, 2024 to March 10, 2025. present: 2; absent without excuse: 2 (Mar 4, Mar 5); "
        "absent with excuse: 0; late or left early: 1 (Mar 6); register not taken: 1."
    )


def test_the_window_below_the_strip_is_28_registers_not_28_days() -> None:
    dates = [DAY - dt.timedelta(days=n) for n in range(60, -1, -1)]
    dates = [d for d in dates if d.isoweekday() < 7]
    # from the newest back: 3 registers not taken, 27 present, 1 unexcused, and 2 unexcused that lie before the last 28 taken
    states = ["unexcused", "unexcused", "unexcused", *["present"] * 27, *["not_taken"] * 3]
    drawn = strip(pupil_days(1, states, dates[-33:]))
    assert drawn["strip_last"].startswith("Last 28 days with a register") and ": 1 without excuse" in drawn["strip_last"]


@pytest.mark.parametrize(
    ("school_days", "seen", "rows"),
    [
        ([1, 2, 3, 4, 5, 6], [], (1, 2, 3, 4, 5, 6)),
        ([7, 1, 2, 3, 4], [], (7, 1, 2, 3, 4)),  # Sunday to Thursday
        ([1, 2, 3, 4, 5], [6], (1, 2, 3, 4, 5, 6)),  # a Saturday that was made up for
        ([1, 2, 3, 4, 5, 6, 7], [], (1, 2, 3, 4, 5, 6, 7)),
    ],
)
def test_the_week_begins_after_the_weekend(school_days: list[int], seen: list[int], rows: tuple[int, ...]) -> None:
    assert week_of(school_days, seen) == rows


def test_days_without_school_are_dots_up_to_tonight_and_not_before_the_year() -> None:
    frame = attendance_strip.frame(Grid(dt.date(2025, 3, 6), DAY, (1, 2, 3, 4, 5, 6), False), EN)
    # Thursday 6, Friday 7, Saturday 8 and Monday 10 March
    assert frame.dots == "M199 46h0M199 56h0M199 66h0M209 16h0"
    assert [text for _, _, text in frame.weekdays] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]


# ── the plot ──


def test_marks_stand_with_pupil_and_class_in_numbers() -> None:
    (drawn,) = marks_plot.draw(marks(1, subjects=1, terms=2), EN, page_words_of("en").marks, 0.5).to_dicts()
    # two terms: pitch (232 - 78) / 2 = 77, track 77 - 34 - 3 = 40 from x = 81;
    # all subjects 20 % → 81 + 8, middle of row 0 at 11 + 5
    assert drawn["pupil"].startswith("M89 16h0")
    assert drawn["class_mean"] == "M103 13v6M103 23v6"  # 81 + 0.55 * 40, first term only: the second has no class mean
    assert drawn["marks_says"] == (
        "Marks in percent of the maximum; class average in brackets. T1: All subjects 20 (55), subject <01> of many 23 (55); "
        "T2: All subjects 20, subject <01> of many 23."
    )
    assert drawn["marks_height"] == 31 and drawn["marks_more"] < 0
    assert drawn["pupil_said"].count(">20<") == 2 and drawn["class_said"].count(">55<") == 2


def test_of_many_subjects_and_terms_the_weakest_and_the_last_are_shown() -> None:
    (drawn,) = marks_plot.draw(marks(1, subjects=11, terms=4), EN, page_words_of("en").marks, 0.5).to_dicts()
    assert "T1" not in drawn["terms"] and all(f">T{t}<" in drawn["terms"] for t in (2, 3, 4))
    assert drawn["marks_more"] == 2
    assert "&lt;09&gt;" in drawn["subjects"] and "&lt;10&gt;" not in drawn["subjects"]


def test_an_arabic_plot_is_mirrored() -> None:
    (drawn,) = marks_plot.draw(marks(1, subjects=1, terms=2), words_of("ar"), page_words_of("ar").marks, 0.5).to_dicts()
    assert drawn["pupil"].startswith("M143 16h0")  # 232 - 89
    assert "كل المواد" in drawn["marks_says"]
