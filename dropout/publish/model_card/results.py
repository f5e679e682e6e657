"""The card's quantitative analyses: all rankings side by side, then the version's own ranking by date and by group."""

from collections.abc import Sequence

from dropout.privacy.disclosure import LEAST
from dropout.publish.model_card import plots
from dropout.publish.model_card.document import Block, Charts, Prose, Table
from dropout.publish.model_card.numbers import HIDDEN, NOT_MEASURED, cell, counts, written
from dropout.publish.model_card.version import Measure, Version
from dropout.publish.model_card.words import CardWords

SIZES = (0.05, 0.10, 0.19, 0.20)
IN_SCHOOLS = ("auc", "average_precision", "recall_in_schools", "precision_in_schools", "lift_in_schools")
AT_CAPACITY = ("recall_at_capacity", "precision_at_capacity", "lift_at_capacity")
CHANCES = ("brier", "calibration_error")
LEAD_TIME = {0: "found_before_exit_share"} | {n: f"found_{n}_school_days_before_share" for n in (20, 40, 60)}
LEAD = ("lead_time_school_days_median", *LEAD_TIME.values())
REASONS = (
    "reason_stable_share",
    "reasons_before_stability_mean",
    "reasons_mean",
    "without_reason_before_stability_share",
    "without_reason_share",
    "first_reason_agreement_share",
    "going_well_stable_share",
)
ABSTENTION = ("abstained_share", "abstained_left_share", "left_among_abstained_share", "abstained_auc")
BY_NIGHT = ("auc", "recall_in_schools", "precision_in_schools", "calibration_error")
BY_GROUP = (
    "auc",
    "recall_in_schools",
    "precision_in_schools",
    "selection_rate_in_schools",
    "false_positive_rate_in_schools",
    "false_discovery_rate_in_schools",
    "false_omission_rate_in_schools",
    "calibration_gap",
    "calibration_error",
)
APART = "with_sensitive"  # never in force: told in a sentence of its own (fairness.py)
UNKNOWN = "_unknown_as_stayed"


def unitary(version: Version, words: CardWords) -> list[Block]:
    """Everything that is measured over all students together."""
    if not version.measures:
        return [Prose([f"Evaluation: {NOT_MEASURED}. {_why_not(version)}"])]
    share = version.judged_share
    size = "the judged size" if share is None else f"the judged size ({written(share, 'share')} of the students)"
    found: list[Block] = [
        _by_ranking(version, words, f"On the schools' lists of {size}", IN_SCHOOLS),
        *_compared(version, words),
        _by_ranking(version, words, "On lists of the schools' capacity", AT_CAPACITY, note=_capacity(version)),
        *(_by_size(version, words, metric) for metric in ("recall", "precision", "lift")),
        *_sizes_drawn(version, words),
        *_gains(version, words),
        _by_ranking(version, words, "Chances", CHANCES, note=_where(version, CHANCES)),
        *_reliability(version),
        _splits(version, words),
        *_unknown_exits(version, words),
        *_lead_time(version, words),
        _by_ranking(version, words, "Change from one list to the next", ("listed_again_share",)),
        _reasons(version, words),
        _abstention(version, words),
        _nights(version, words),
    ]
    return found


def by_group(version: Version, words: CardWords) -> list[Block]:
    """The version's own ranking, one table per attribute; small groups are left out."""
    found: list[Block] = []
    bars = []
    for attribute, groups in version.shown_groups().items():
        rows = []
        for name in groups:
            value = name.partition("=")[2]
            measures = [version.find(metric, version.subject, group=name) for metric in BY_GROUP]
            rows.append([value, *_sizes(measures), *_cells(measures, BY_GROUP, words)])
            bars += _bar(measures[1], f"{attribute}: {value}")
        hidden = len(version.groups()[attribute]) - len(rows)
        note = f"{hidden} left out: too few left, or stayed, or would give away a group of which that is so." if hidden else ""
        head = [attribute, "Students", "Left", *(words.metrics[m].title for m in BY_GROUP)]
        found.append(Table(f"By {attribute}", head, rows, note) if rows else Prose([note], title=f"By {attribute}"))
    if not found:
        return [Prose([f"By group: {NOT_MEASURED} in this version."])]
    if bars:
        title = "Of those who left, the share that the schools' lists of the judged size held, by group, with 90% interval"
        found.insert(0, Charts([(title, plots.intervals(bars, says=_spoken(title, bars)))]))
    return found


def _why_not(version: Version) -> str:
    return f"It could not be judged: {version.evaluation['why_not']}." if version.evaluation.get("why_not") else version.why


def _ranked(version: Version, words: CardWords, metrics: Sequence[str]) -> list[tuple[str, str]]:
    """Name and title of each ranking that was evaluated on one of `metrics`, in order."""
    names = [r for r in version.rankings if r != APART and any(version.find(m, r) for m in metrics)]
    return [(name, words.ranking(name, version.subject)) for name in words.in_order(names)]


def _cells(measures: Sequence[Measure | None], metrics: Sequence[str], words: CardWords) -> list[str]:
    return [cell(m, words.metrics[metric].kind) for m, metric in zip(measures, metrics, strict=True)]


def _sizes(measures: Sequence[Measure | None]) -> list[str]:
    """Students and how many left, of the first measure there is."""
    there = next((m for m in measures if m is not None), None)
    return [NOT_MEASURED] * 2 if there is None else [*counts([there.student_count]), *counts([there.event_count])]


def _by_ranking(version: Version, words: CardWords, title: str, metrics: Sequence[str], *, note: str = "") -> Block:
    ranked = _ranked(version, words, metrics)
    if not ranked:
        return Prose([f"{NOT_MEASURED.capitalize()} in this version."], title=title)
    rows = [[said, *_cells([version.find(m, name) for m in metrics], metrics, words)] for name, said in ranked]
    return Table(title, ["Ranking", *(words.metrics[m].title for m in metrics)], rows, note)


def _capacity(version: Version) -> str:
    measure = version.find("recall_at_capacity", version.subject)
    if measure is None or measure.size_share is None:
        return ""
    return f"The capacities add up to {written(measure.size_share, 'share')} of the students."


def _where(version: Version, metrics: Sequence[str]) -> str:
    cohorts = {m.cohort for metric in metrics if (m := version.find(metric, version.subject))}
    return f"Measured on {', '.join(sorted(cohorts))}." if cohorts else ""


def _by_size(version: Version, words: CardWords, metric: str) -> Block:
    titles = {"recall": "found of those who left", "precision": "left of those listed", "lift": "lift"}
    title = f"One list of the district, by its size: {titles[metric]}"
    ranked = _ranked(version, words, (metric,))
    if not ranked:
        return Prose([f"{NOT_MEASURED.capitalize()} in this version."], title=title)
    kind = words.metrics[metric].kind
    rows = [[said, *(cell(version.find(metric, name, size=size), kind) for size in SIZES)] for name, said in ranked]
    return Table(title, ["Ranking", *(f"Top {size:.0%}" for size in SIZES)], rows)


def _compared(version: Version, words: CardWords) -> list[Block]:
    """The rankings at the judged size, drawn."""
    ranked = _ranked(version, words, ("recall_in_schools",))
    bars = [b for name, said in ranked for b in _bar(version.find("recall_in_schools", name), said)]
    title = "Of those who left, the share that the schools' lists of the judged size held, with 90% interval"
    return [Charts([(title, plots.intervals(bars, says=_spoken(title, bars)))])] if bars else []


def _sizes_drawn(version: Version, words: CardWords) -> list[Block]:
    """Recall and precision by list size, drawn."""
    drawings = []
    for metric, what in (("recall", "found of those who left"), ("precision", "left of those listed")):
        rows = [
            {"ranking": name, "title": said, "x": size, "y": m.value}
            for name, said in _ranked(version, words, (metric,))
            for size in SIZES
            if (m := version.find(metric, name, size=size)) and not m.is_disclosive
        ]
        if rows:
            title = f"One list of the district, by its size: {what}"
            drawn = plots.lines(
                rows, x_title="List size, share of students", y_title=what.capitalize(), is_share_of_students=True,
                says=f"{title}; the table has the numbers.",
            )  # fmt: skip
            drawings.append((title, drawn))
    return [Charts(drawings)] if drawings else []


def _bar(measure: Measure | None, title: str) -> list[dict[str, object]]:
    if measure is None or measure.value is None or measure.is_disclosive:
        return []
    said = written(measure.value, "share")
    return [
        {
            "ranking": measure.ranking,
            "title": title,
            "value": measure.value,
            "low": measure.low,
            "high": measure.high,
            "said": said,
        }
    ]


def _spoken(title: str, bars: Sequence[dict[str, object]]) -> str:
    return f"{title}: " + "; ".join(f"{bar['title']} {bar['said']}" for bar in bars)


def _gains(version: Version, words: CardWords) -> list[Block]:
    """The model minus each other ranking, paired."""
    kinds = {"recall_gain_over_": "the district's list", "recall_in_schools_gain_over_": "the schools' lists"}
    rows = []
    for prefix, lists in kinds.items():
        others = {m.metric.removeprefix(prefix) for m in version.measures if m.metric.startswith(prefix) and m.ranking == "model"}
        for other in words.in_order(list(others)):
            measure = version.find(prefix + other, "model")
            rows.append([words.ranking(other, "model"), lists, cell(measure, "points")])
    title = f"{words.ranking('model', version.subject)} minus each simpler means, in points of recall"
    note = "Paired by resample. To beat a means is to have the whole interval above 0, on both kinds of list."
    return [Table(title, ["Compared with", "On", "Gain"], rows, note, names=2)] if rows else []


def _reliability(version: Version) -> list[Block]:
    """Chances held against what came, in bins of equally many snapshots."""
    title = "Reliability: chance said and share that left"
    said = {m.size_share: m for m in version.measures if m.metric == "reliability_chance" and m.ranking == version.subject}
    left = {m.size_share: m for m in version.measures if m.metric == "reliability_left" and m.ranking == version.subject}
    bins = [(said[s], left[s]) for s in sorted(set(said) & set(left), key=lambda s: s or 0)]
    points = [(a.value, b.value, a.is_disclosive) for a, b in bins if a.value is not None and b.value is not None]
    if not points:
        return [Prose([f"{NOT_MEASURED.capitalize()} for this version's own ranking."], title=title)]
    if any(is_disclosive for *_, is_disclosive in points):
        return [Prose([f"{HIDDEN.capitalize()}: fewer than {LEAST} students left, or stayed."], title=title)]
    pairs = [(a, b) for a, b, _ in points]
    says = f"{title}: " + "; ".join(f"{written(a, 'share')} said, {written(b, 'share')} left" for a, b in pairs)
    rows = [[str(i), written(a, "share"), written(b, "share")] for i, (a, b) in enumerate(pairs, start=1)]
    note = f"Bins of equally many snapshots, the lowest chances first. Measured on {bins[0][0].cohort}."
    drawing = ("Chance said and share that left: on the dashed line is right", plots.reliability(pairs, says=says))
    return [Table(title, ["Bin", "Mean chance said", "Left"], rows, note), Charts([drawing])]


def _splits(version: Version, words: CardWords) -> Block:
    """What a random split would have claimed, beside what holds forward in time."""
    forward, random = version.find("auc", "model"), version.find("auc_random_split", "model")
    claimed = cell(random, "number")
    stored = version.evaluation.get("auc_random_split")
    if random is None and isinstance(stored, float):
        claimed = written(stored, "number")
    rows = [["Whole later cohorts (as judged)", cell(forward, "number")], ["Random split (not to be believed)", claimed]]
    return Table("What a random split would have claimed", ["Split", "AUC"], rows, words.metrics["auc_random_split"].meaning)


def _unknown_exits(version: Version, words: CardWords) -> list[Block]:
    metrics = ("auc", "recall_in_schools", "precision_in_schools", "recall_at_capacity", "calibration_error")
    ranked = _ranked(version, words, [m + UNKNOWN for m in metrics])
    title = "If exits for an unknown reason had stayed"
    if not ranked:
        none = version.evaluation.get("unknown_exits") == 0
        return [Prose(["No exit for an unknown reason was judged." if none else f"{NOT_MEASURED.capitalize()}."], title=title)]
    rows = [[said, *_cells([version.find(m + UNKNOWN, name) for m in metrics], metrics, words)] for name, said in ranked]
    heads = [
        words.metrics[m].title + (" (capacity)" if m.endswith("capacity") else " (judged size)" if m.endswith("schools") else "")
        for m in metrics
    ]
    return [Table(title, ["Ranking", *heads], rows, "The other end of the band: everywhere else they count as left.")]


def _lead_time(version: Version, words: CardWords) -> list[Block]:
    table = _by_ranking(version, words, "Lead time, in school days before the exit", LEAD)
    rows = [
        {"ranking": name, "title": said, "x": days, "y": m.value}
        for name, said in _ranked(version, words, LEAD)
        for days, metric in LEAD_TIME.items()
        if (m := version.find(metric, name)) and not m.is_disclosive
    ]
    if not rows:
        return [table]
    title = "Found at least so many school days before the exit, of those who left"
    drawn = plots.lines(
        rows, x_title="School days before the exit", y_title="Found", is_share_of_students=False,
        says=f"{title}; the table has the numbers.",
    )  # fmt: skip
    return [table, Charts([(title, drawn)])]


def _reasons(version: Version, words: CardWords) -> Block:
    """Whether reasons hold when the judged model is fitted again on halves of its students."""
    title = "Stability of reasons, on lists of the schools' capacity"
    rows = [[words.metrics[m].title, cell(found, words.metrics[m].kind)] for m in REASONS if (found := version.find(m, "model"))]
    if not rows:
        return Prose([f"{NOT_MEASURED.capitalize()} in this version."], title=title)
    return Table(title, ["Measure", "Value"], rows, "A reason that does not hold in four of five refits is not said.")


def _abstention(version: Version, words: CardWords) -> Block:
    """On whom the night abstains, and what became of them; hidden where these, or those of them who left, are few."""
    title = "Abstention"
    measures = [version.find(m, version.subject) for m in ABSTENTION]
    if not any(measures):
        return Prose([f"{NOT_MEASURED.capitalize()} in this version."], title=title)
    cells = _cells(measures, ABSTENTION, words)
    share, among = measures[0], measures[2]
    few = (share is not None and (share.value or 0) * share.student_count < LEAST) or (
        among is not None and (among.value or 0) * among.event_count < LEAST
    )
    if few:
        cells[1:] = [NOT_MEASURED if m is None else HIDDEN for m in measures[1:]]
    rows = [[words.metrics[m].title, found] for m, found in zip(ABSTENTION, cells, strict=True)]
    return Table(title, ["Measure", "Value"], rows)


def _nights(version: Version, words: CardWords) -> Block:
    """The version's own ranking by as-of date."""
    title = f"{words.ranking(version.subject, version.subject)} by as-of date"
    found = [(n, [version.find(m, version.subject, as_of=n) for m in BY_NIGHT]) for n in version.nights()]
    rows = [[night, *_sizes(measures), *_cells(measures, BY_NIGHT, words)] for night, measures in found if any(measures)]
    if not rows:
        return Prose([f"{NOT_MEASURED.capitalize()} in this version."], title=title)
    return Table(title, ["As of", "Students", "Left", *(words.metrics[m].title for m in BY_NIGHT)], rows)
