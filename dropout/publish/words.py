"""The words of lists and report: `words.yaml`, strictly read. A word that is missing in a language is an error."""

from functools import cache
from pathlib import Path
from typing import Literal

from dropout.errors import SettingsError
from dropout.features.plurals import Forms
from dropout.strict import Strict, read_yaml


class Columns(Strict):
    """Headers of a list; the order of the fields is the order of the columns."""

    list_date: str
    school: str
    class_name: str
    grade: str
    student_id: str
    family_name: str
    given_name: str
    chance: str
    chance_percent: str
    chance_low_percent: str
    chance_high_percent: str
    reason_1: str
    reason_2: str
    reason_3: str
    reason_4: str
    going_well_1: str
    going_well_2: str
    change: str
    numbers_since: str
    last_answer: str
    note: str
    decision: str
    action: str
    action_date: str
    outcome: str
    note_code: str
    remark: str
    reviewer: str


class ChanceWords(Strict):
    """A chance in words: `near` by the plural form of n, `below` and `above` what a hundredth cannot say.

    `within_60_days` adds the horizon where there is one, `interval` the chance's two ends.
    """

    near: Forms
    below: str
    above: str
    within_60_days: str
    interval: str


class UnitWords(Strict):
    """Values that are not plain numbers."""

    flag_yes: str
    flag_no: str
    difference: str
    unknown: str


class NoteWords(Strict):
    """Remarks that a row may need."""

    absence_rule: str
    background: str
    no_identity: str
    no_fresh_data: str


class CheckWords(Strict):
    """The gate's checks."""

    fresh: str
    volume: str
    abstained: str
    churn: str
    drift: str
    groups: str


class ResultWords(Strict):
    """How a check or a step ended."""

    passed: str
    failed: str
    skipped: str
    done: str


class SkipWords(Strict):
    """Why a check was not made."""

    first_publication: str
    long_ago: str
    other_year: str
    other_target: str
    other_method: str
    other_model: str
    recalibrated: str
    few_students: str
    accepted: str


class StageWords(Strict):
    """Where a row was stopped."""

    read: str
    check: str


class RankingWords(Strict):
    """What ranked the students in an evaluation."""

    model: str
    last_season: str
    logistic_regression: str
    absence_rule: str
    abc_flags: str
    school_rate: str


class MetricWords(Strict):
    """What an evaluation measured."""

    auc: str
    recall_at_capacity: str
    precision_at_capacity: str
    calibration_error: str
    unknown_as_stayed: str


class TargetWords(Strict):
    """What is predicted."""

    leaves_by_next_year: str
    leaves_before_period_end: str
    leaves_within_60_days: str


class ReportWords(Strict):
    """Titles and labels of the report."""

    title: str
    subtitle: str
    generation: str
    run: str
    code: str
    speaks_of: str
    model: str
    night: str
    schools: str
    students: str
    scored: str
    abstained: str
    listed: str
    step: str
    status: str
    seconds: str
    gate: str
    gate_not_run: str
    check: str
    found: str
    bound: str
    checks: CheckWords
    results: ResultWords
    skipped: SkipWords
    quality: str
    quality_none: str
    quality_note: str
    quality_stopped: str
    quality_unknown: str
    stage: str
    stages: StageWords
    table: str
    rule: str
    severity: str
    rows: str
    violations: str
    coverage: str
    coverage_note: str
    coverage_none: str
    coverage_axis: str
    school_axis: str
    school: str
    newest: str
    coverage_share: str
    quality_of_lists: str
    quality_of_lists_note: str
    no_evaluation: str
    ranking: str
    rankings: RankingWords
    metrics: MetricWords
    recall_chart: str
    reliability_chart: str
    chance_said: str
    share_left: str
    targets: TargetWords
    hidden: str


class Language(Strict):
    """All words of one language, with how it writes numbers and how its spreadsheets split a CSV."""

    locale: str
    direction: Literal["ltr", "rtl"]
    separator: Literal[",", ";"]
    columns: Columns
    chance: ChanceWords
    units: UnitWords
    notes: NoteWords
    report: ReportWords


class WordsFile(Strict):
    """The layout of words.yaml."""

    en: Language
    fr: Language
    ar: Language


FILE = Path(__file__).with_name("words.yaml")
LANGUAGES = tuple(WordsFile.model_fields)
LIST_COLUMNS = tuple(Columns.model_fields)
ANSWER_COLUMNS = LIST_COLUMNS[LIST_COLUMNS.index("decision") :]  # the counselor's own


@cache
def load_words(path: Path = FILE) -> WordsFile:
    """The words as shipped; raises SettingsError for a missing or unknown word."""
    return read_yaml(path, WordsFile)


def words_of(language: str) -> Language:
    """The words of `language`; raises SettingsError naming the languages there are."""
    if language not in LANGUAGES:
        raise SettingsError(
            f"lists cannot be written in language '{language}'",
            where="dropout.toml: deployment.language, school_languages",
            remedy=f"Choose one of: {', '.join(LANGUAGES)}.",
        )
    words: Language = getattr(load_words(), language)
    return words
