"""The card's facts about the version and its data: what it is, what it learned from, what it was judged on, what it looks at."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dropout.features.catalogue import load_catalogue
from dropout.features.words import feature_words
from dropout.model.outcomes import MEANING
from dropout.model.recipe import OUT_OF_FOLD, Recipe, Stage, recipe_for
from dropout.privacy.disclosure import LEAST, NEAREST
from dropout.publish.model_card.document import Block, Code, Prose, Table
from dropout.publish.model_card.numbers import HIDDEN, NOT_RECORDED, counts, written
from dropout.publish.model_card.version import Row, Version
from dropout.publish.model_card.words import CardWords

COUNTS_NOTE = (
    f"Counts under {LEAST}, and one more where a total would give one away, are hidden; others are rounded to {NEAREST}."
)
DIRECTIONS = {1: "more raises the chance (bound)", -1: "more lowers the chance (bound)", 0: "left free"}
TRIALS_SHOWN = 10
HALVES = {"all": "", "a": ", one half of its schools", "b": ", the other half of its schools"}


def model_details(version: Version, words: CardWords, name: str) -> list[Block]:
    """Who, what, when, and the hashes by which it is known again."""
    card = version.card
    target = words.targets.get(version.target)
    facts = {
        "Version": Code(version.version),
        "Made by": name,
        "Status": version.status,
        "Method": words.methods.get(version.method, version.method),
        "Target": Code(version.target),
        "Outcome": target.outcome if target else NOT_RECORDED,
        "Known from": target.known_from if target else NOT_RECORDED,
        "Trained as of": f"{version.trained_as_of}; nothing known later was used",
        "Why": version.why,
        "Recipe": card.get("recipe", NOT_RECORDED),
    }
    hashes = {
        "Trees, SHA-256 of model.txt": card.get("booster_sha256") or "no trees",
        "LightGBM": card.get("lightgbm_version") or "not used",
        "Program": version.code_version or NOT_RECORDED,
        "Settings, SHA-256": version.settings_sha256 or NOT_RECORDED,
    }
    found: list[Block] = [
        _facts("", facts),
        _facts("Hashes", {key: Code(value) for key, value in hashes.items()}),
        _facts("Settings of the training", {key: Code(value) for key, value in sorted((card.get("settings") or {}).items())}),
    ]
    return [block for block in [*found, _search(card.get("search"))] if not isinstance(block, Table) or block.rows]


def _search(search: Mapping[str, Any] | None) -> Block:
    """What a search over the settings tried, the best first, and whether it was taken."""
    title = "Search over the settings"
    if not search:
        return Prose(["None was made."], title=title)
    said = (
        f"Fitted on {', '.join(search['fitted'])}, stopped and compared on {search['stopped_on']}: the best choice gained "
        f"{search['gain']:+.4f} AUC ({search['gain_low']:+.4f} to {search['gain_high']:+.4f}) over the settings as they stood, "
        f"and was {'taken' if search['is_taken'] else 'not taken: the gain is not sure'}."
    )
    cut = " Its time ended before all choices were tried." if search["is_cut_by_time"] else ""
    trials = search["trials"]
    order = sorted(range(len(trials)), key=lambda i: -trials[i]["auc"])
    names = list(trials[0])
    rows = [["as they stood" if i == 0 else str(i), *(f"{trials[i][name]}" for name in names)] for i in order[:TRIALS_SHOWN]]
    return Table(title, ["Trial", *(Code(name) for name in names)], rows, said + cut)


def intended_use(version: Version, words: CardWords) -> list[Block]:
    """What it is for and what it must not be used for, with the share of listed students who stayed, where it was measured."""
    precision = version.find("precision_in_schools", version.subject)
    not_for = list(words.not_for)
    if precision is not None and precision.value is not None and not precision.is_disclosive:
        left, stayed = written(precision.value, "share"), written(1 - precision.value, "share")
        not_for[1] += f" Of those listed on {precision.cohort}, {left} left and {stayed} stayed."
    return [Prose(words.intended_use, is_list=True), Prose(not_for, is_list=True, title="What it must not be used for")]


def factors(version: Version, words: CardWords) -> list[Block]:
    """What its errors may depend on, and what of it was measured."""
    groups = version.groups()
    audited = f"Groups measured here: {', '.join(sorted(groups))}." if groups else "No group of students was measured apart."
    return [Prose([*words.factors, audited], is_list=True)]


def metrics(version: Version, words: CardWords) -> list[Block]:
    """What each metric means; those that were not measured for this version are said to be so."""
    there = {m.metric for m in version.measures if m.value is not None}
    there |= {"auc_random_split"} if version.evaluation.get("auc_random_split") is not None else set()
    rows = [
        [Code(name), says.title, says.meaning if name in there else f"{says.meaning} (Not measured here.)"]
        for name, says in words.metrics.items()
    ]
    note = (
        "Numbers have 3 decimals, shares 1 decimal of a percent, lift 2; the front matter and marts.evaluation have them whole."
    )
    return [Prose([words.metrics_note]), Table("", ["Name", "Title", "Meaning"], rows, note, is_text=True)]


def evaluation_data(version: Version, words: CardWords) -> list[Block]:
    """The cohort that it was judged on."""
    judged = version.evaluation
    if not judged:
        return [Prose([f"There was no evaluation: {version.why}."])]
    so_far = "The outcome seen so far; the cohort was still running." if judged.get("is_outcome_so_far") else "The whole outcome."
    students, left, unknown = (counts([judged.get(key, 0)])[0] for key in ("students", "events", "unknown_exits"))
    facts = {
        "Cohort": judged.get("cohort", NOT_RECORDED),
        "Outcome": so_far,
        "Students": students,
        "Of whom left": left,
        "Exits for an unknown reason": unknown,
        "As-of dates": ", ".join(version.nights()) or NOT_RECORDED,
        "Judged list size": written(version.judged_share, "share") + " of the students" if version.judged_share else NOT_RECORDED,
        "Chances judged on": judged.get("calibration_cohort") or NOT_RECORDED,
    }
    why_not = [Prose([f"It could not be judged: {judged['why_not']}."])] if judged.get("why_not") else []
    note = (
        "Neither the trees that were judged nor their calibration had seen an outcome of this cohort's judged snapshots; "
        f"its students may stand in earlier cohorts too. {COUNTS_NOTE}"
    )
    return [*why_not, _facts("", facts, note)]


def training_data(version: Version, words: CardWords) -> list[Block]:
    """Cohorts, who is in them and who was left out and why, how they were split, and the label's rules."""
    cohorts = [*(version.card.get("cohorts") or []), *([version.card["running"]] if version.card.get("running") else [])]
    if not cohorts:
        return [Prose(["No school year with a known outcome was on record."])]
    heads = {"students": "Students", "snapshots": "Snapshots", "events": "Left", "unknown_exits": "Exits for an unknown reason"}
    if any(c.get("states") for c in cohorts):
        del heads["unknown_exits"]  # the flow has them, hidden where a second small count asks for it
    columns = [counts([c[key] for c in cohorts]) for key in heads]
    rows = [
        [c["school_year"], f"{c['start_date']} to {c['end_date']}", *numbers]
        for c, *numbers in zip(cohorts, *columns, strict=True)
    ]
    head = ["Cohort", "Dates", *heads.values()]
    running = "The last one was still running; it counts what was seen of it. " if version.card.get("running") else ""
    return [
        Table("Cohorts", head, rows, running + COUNTS_NOTE, names=2),
        _flow(cohorts),
        _splits(version.card, cohorts),
        _label_rules(),
    ]


def features(version: Version) -> list[Block]:
    """What the ranking looks at, and the way each feature is bound."""
    names, directions = version.card.get("features") or [], version.card.get("directions") or []
    if not names:
        return [_bands(version.card.get("bands"))] if version.subject == "absence_rule" else [Prose([NOT_RECORDED.capitalize()])]
    catalogue, concepts = load_catalogue(), feature_words("en").concepts
    rows = []
    for name, direction in zip(names, directions, strict=True):
        feature = catalogue.by_name.get(name)
        known = [concepts[feature.concept], feature.unit, feature.meaning] if feature else [NOT_RECORDED] * 3
        rows.append([Code(name), known[0], known[1], DIRECTIONS[direction], known[2]])
    note = (
        "Bound: the trees cannot contradict it, everything else being equal. Missing values stay missing. "
        "How much each feature counts is not measured."
    )
    return [Table(f"{len(rows)} features", ["Feature", "Concept", "Unit", "Direction", "Meaning"], rows, note, is_text=True)]


def _facts(title: str, facts: Mapping[str, str], note: str = "") -> Table:
    return Table(title, [], [[key, value] for key, value in facts.items()], note, is_text=True)


def _flow(cohorts: Sequence[Row]) -> Block:
    """Students of each cohort by what became of them; the small ones of left, of stayed and of left out hidden apart."""
    title = "Cohort flow: students by what became of them"
    if not any(c.get("states") for c in cohorts):
        return Prose(
            [f"{NOT_RECORDED.capitalize()} by the program that trained it; count it with: dropout labels explain"], title=title
        )
    cells: dict[str, list[str]] = {}
    for cohort in cohorts:
        students = {s["state"]: s["students"] for s in cohort.get("states", [])}
        for outcome in (0, 1, None):
            states = [s for s in students if s in MEANING and MEANING[s][0] == outcome]
            shown = counts([students[s] for s in states])
            for state, count in zip(states, shown, strict=True):
                cells.setdefault(state, ["–"] * len(cohorts))[cohorts.index(cohort)] = count
    words = {0: "stayed", 1: "left", None: "left out"}
    rows = [[MEANING[s][1].removeprefix("left out: "), words[MEANING[s][0]], *cells[s]] for s in MEANING if s in cells]
    note = f"A student whose state changes from one as-of date to the next counts in each. {COUNTS_NOTE}"
    return Table(title, ["What became of them", "Counts as", *(c["school_year"] for c in cohorts)], rows, note, names=2)


def _splits(card: Row, cohorts: Sequence[Row]) -> Block:
    """What each cohort was used for; from the recipe of that name, or its name alone where this program has another."""
    title, name = "Splits, always forward in time", str(card.get("recipe", NOT_RECORDED))
    running = card["running"]["school_year"] if card.get("running") else None
    recipe = recipe_for([c["school_year"] for c in card.get("cohorts") or []], running)
    if recipe.name != name or not recipe.fits:
        return Prose([f"{name[0].upper()}{name[1:]}."], title=title)
    dates = {c["school_year"]: f"{c['start_date']} to {c['end_date']}" for c in cohorts}
    rows = [[step, says, "; ".join(dates[y] for y in years)] for step, says, years in _steps(recipe)]
    return Table(title, ["Step", "Cohorts", "Dates"], rows, f"{name[0].upper()}{name[1:]}.", is_text=True)


def _steps(recipe: Recipe) -> list[tuple[str, str, list[str]]]:
    """Step, its cohorts in words, and their names."""
    stages = {
        "Its calibration fitted on": recipe.judged_calibrator,
        "Judged on": recipe.judged,
        "Its chances judged on": recipe.judged_calibration,
        "In force: calibration fitted on": recipe.final_calibrator,
    }
    assert recipe.judged is not None
    judged = recipe.fits.get(recipe.judged.booster)
    found = [("Judged model fitted on", ", ".join(judged), judged)] if judged else []
    if not judged:
        found = [
            ("Judged model fitted on", f"{recipe.judged.school_year}, the other folds of students", [recipe.judged.school_year])
        ]
    steps = [(step, _stage(stage), stage.school_years) for step, stage in stages.items() if stage is not None]
    promoted = recipe.fits[recipe.promoted]
    return [*found, *steps[:-1], ("In force: fitted on", ", ".join(promoted), promoted), steps[-1]]


def _stage(stage: Stage) -> str:
    folds = ", scores of folds that had not seen the student" if stage.booster == OUT_OF_FOLD else ""
    return f"{', '.join(stage.school_years)}{HALVES[stage.part]}{folds}"


def _label_rules() -> Block:
    words = {0: "stayed (0)", 1: "left (1)", None: "left out"}
    rows = [[Code(state), words[counts_as], why.removeprefix("left out: ")] for state, (counts_as, why) in MEANING.items()]
    return Table(
        "Rules of the label",
        ["State", "Counts as", "Rule"],
        rows,
        "Before its date an outcome is unknown, never 0.",
        is_text=True,
    )


def _bands(bands: dict[str, Any] | None) -> Block:
    """What each band of the absence rule's score meant in the past."""
    title = "Bands of the absence rule"
    if not bands:
        return Prose(["There is no past to tell what a score means: chances are unknown, and the rule only orders."], title=title)
    edges = [None, *bands["edges"], None]
    rows = [
        [_band(low, high), written(rate, "share"), f"{written(a, 'share')} to {written(b, 'share')}"]
        for (low, high), rate, a, b in zip(pairwise(edges), bands["rates"], bands["low"], bands["high"], strict=True)
    ]
    note = (
        "Score: the share of the year's school days missed, plus 1 for those absent without excuse on a tenth or more of their "
        "last 28 taken registers; -1 where no register was taken. Its features are these two."
    )
    return Table(title, ["Score", "Left", "90% interval"], rows, note)


def _band(low: float | None, high: float | None) -> str:
    if low is None:
        return f"below {high:g}" if high is not None else HIDDEN
    return f"{low:g} or more" if high is None else f"{low:g} to below {high:g}"
