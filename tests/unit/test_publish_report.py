"""The report: one page, nothing from outside, nobody in it, in the deployment's language."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dropout.monitor.gate import gate
from dropout.publish import charts
from dropout.publish.publish import publish
from dropout.publish.words import words_of
from dropout.warehouse.connect import connect
from dropout.warehouse.ledger import step
from tests.publish_district import NIGHT, begun, district, evaluated, scored


def page(root: Path, language: str = "en", *, is_gated: bool = True, is_evaluated: bool = True, night: str = "") -> str:
    deployment = district(root, deployment={"name": "Académie <d'essai>", "country": "morocco", "language": language})
    with connect(deployment) as con:
        scored(con)
        if is_evaluated:
            evaluated(con)
        if night:
            con.execute(night)
        run = begun(con, deployment)
        if is_gated:
            with step(con, run, "gate") as counts:
                counts.update(gate(con, run))
        publish(con, run)
    return (deployment.published / "current" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page(tmp_path_factory.mktemp("en"))


class Tags(HTMLParser):
    """Open tags, and every attribute that could fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [
            f"{name}={value}" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "action", "data")
        ]
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.S)))


def test_the_page_is_well_formed_and_fetches_nothing(english: str) -> None:
    tags = Tags()
    tags.feed(english)
    assert tags.open == []
    assert tags.links == []
    assert "<script" not in english and "<link" not in english and "@import" not in english and "url(" not in english
    assert set(re.findall(r"https?://[^\"]+", english)) == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_nobody_is_in_it(english: str) -> None:
    for word in ("Prénom", "HYPERLINK", "J1000000", "00123", "بنعلي", "2011-05-06", "000000000000001"):
        assert word not in english


def test_names_of_the_deployment_are_escaped(english: str) -> None:
    assert "Académie &lt;d&#39;essai&gt;" in english


def test_numbers_of_the_night(english: str) -> None:
    text = text_of(english)
    assert "The night of March 10, 2025" in text
    # 64 and 63 pupils are rounded to 5; the one who abstains is hidden, and 12 listed are below this cell's line (10 to 14)
    assert "4 schools 65 pupils enrolled 65 with a chance hidden without, too little data hidden on the lists" in text
    assert "2025-03-10-r1" in text and "Model, model-1" in text


def test_checks_are_told_with_found_and_bound(english: str) -> None:
    text = text_of(english)
    assert "Newest record, days before the last school day 2 21 passed" in text
    assert "Share of pupils without a chance 2% 50% passed" in text
    assert "listed again – – skipped (first publication, nothing to compare with)" in text


def test_a_publication_by_hand_says_that_nothing_was_checked(tmp_path: Path) -> None:
    text = text_of(page(tmp_path, is_gated=False, is_evaluated=False))
    assert "The checks were not run for this publication" in text
    assert "No evaluation is recorded for the method in use." in text
    assert "Every line of the last delivery could be read, and no row broke a rule." in text


STOPPED = f"""
insert into ops.delivery (delivery_id, delivery_no, name, source, arrived_on, is_history, status, file_count, byte_count)
values
('cd34', 2, 'b', 'sijill', date '{NIGHT}', false, 'loaded', 3, 1),
('ef56', 3, 'c', 'sijill',
 date '{NIGHT}', false, 'refused', 1, 1);
insert into ops.file (file_id, delivery_no, file, source_file, line_count, row_count, reject_count, source, status) values
(901, 2, 'Salma Elidrissi.csv', '', 0, 0, 0, null, 'stopped'), (902, 2, 'a.csv', 'attendance', 9, 0, 0, 'sijill', 'stopped'),
(903, 2, 'b.csv', 'grade', 9, 9, 0, 'sijill', 'read'), (904, 3, 'c.csv', 'attendance', 9, 0, 0, 'sijill', 'stopped')
"""


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Nothing of them was loaded: \u2068sijill: attendance\u2069 (2), known to no source (1)."),
        ("fr", "cette nuit\u00a0: 3. Rien n&#39;en a été chargé\u00a0: \u2068sijill: attendance\u2069 (2), inconnus"),
        ("ar", "ملفات أوقفت هذه الليلة: 3."),
    ],
)  # fmt: skip
def test_files_that_were_stopped_are_told_whatever_the_last_delivery_was(tmp_path: Path, language: str, said: str) -> None:
    html = page(tmp_path, language, is_evaluated=False, night=STOPPED)
    assert said in html
    assert words_of(language).report.quality_none not in html  # type: ignore[arg-type]
    assert "Salma" not in html


def test_data_quality_and_coverage(english: str) -> None:
    text = text_of(english)
    assert "read absences.csv not_a_date reject 500 hidden" in text
    assert "check attendance student_is_known quarantine 495 10" in text
    assert "mark_within_maximum" not in text  # no row broke it
    assert "too_many_broken" not in text  # a rule that refuses deliveries, and did not refuse this one
    # 16 pupils are shown as 15; 0 or 1 abstained and 4 listed are hidden
    assert "S1 70% 15 hidden hidden 2025-03-08" in text


def test_the_model_stands_beside_the_three_baselines(english: str) -> None:
    text = text_of(english)
    assert "Model 0.81 0.78 – 0.84 62% 59% – 65% 34% 31% – 37%" in text
    for ranking in ("Absence rule", "Flags: attendance, conduct, marks", "School only"):
        assert f"{ranking} 0." in text
    assert "Measured on \u20682023-2024\u2069 (12,000 pupils)" in text
    assert english.count("<svg ") == 3  # coverage, recall at capacity, reliability
    assert "var(--ink)" in english and "aria-hidden" in english


def test_each_of_six_rankings_has_a_bar_of_its_own_colour(english: str) -> None:
    titles = [title for _, title in words_of("en").report.rankings]
    rows = [{"ranking": title, "value": 0.5, "low": 0.4, "high": 0.6, "said": "50%"} for title in titles]
    drawn = charts.recall(rows, words_of("en"))
    colours = [f"var(--series-{n})" for n in range(1, 7)]
    assert len(titles) == 6 and all(drawn.count(f'fill="{c}"') == 1 for c in colours)
    # light, dark and on paper
    assert all(english.count(f"--series-{n}: #") == 3 for n in range(1, 7))


@pytest.mark.parametrize(
    ("language", "direction", "words"),
    [
        ("fr", "ltr", ("La nuit du 10 mars 2025", "12\u202f000 élèves", "62\u00a0%")),
        ("ar", "rtl", ("ليلة 10 مارس 2025", "12.000", "62%")),
    ],
)
def test_in_the_language_of_the_deployment(tmp_path: Path, language: str, direction: str, words: tuple[str, ...]) -> None:
    html = page(tmp_path, language)
    assert f'<html lang="{language}" dir="{direction}">' in html
    for word in words:
        assert word in html
    assert not re.search(r"[٠-٩]", html)
    assert "The night" not in html and "hidden" not in text_of(html)


def test_the_report_is_of_tonight(english: str) -> None:
    assert NIGHT.isoformat() in english
