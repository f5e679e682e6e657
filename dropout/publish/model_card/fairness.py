"""The card on groups beyond one attribute: pairs, list sizes, the cost of leaving attributes out, proxies, acceptances."""

from collections.abc import Sequence
from itertools import groupby

from dropout.publish.model_card.document import Block, Code, Prose, Table
from dropout.publish.model_card.numbers import NOT_MEASURED, cell, written
from dropout.publish.model_card.version import Measure, Version

PAIRS_SHOWN = 10
WITH_SENSITIVE = "with_sensitive"
RECALL_GAP = "recall_in_schools_gap"
PROXY, FEATURE = "proxy_auc", "proxy_feature_auc"


def beyond_groups(version: Version) -> list[Block]:
    """What of this was measured; a version of before has less of it, and says so."""
    gaps = [m for m in version.measures if m.metric == RECALL_GAP and m.ranking == version.subject and m.as_of_group == "all"]
    return [
        *_outside(version),
        _pairs(version, gaps),
        _sizes(version, gaps),
        _cost(version),
        _proxies(version),
        *_accepted(version),
    ]


def _outside(version: Version) -> list[Block]:
    found = version.evaluation.get("groups_out_of_bounds")
    return [Prose([*found], is_list=True, title="Out of bounds")] if found else []


def _pairs(version: Version, gaps: Sequence[Measure]) -> Block:
    """Pairs of groups that the lists found least of; without counts, which together would give small ones away."""
    title = "Pairs of groups that the lists of the judged size found least of"
    pairs = [m for m in gaps if "+" in m.student_group and m.value is not None and not m.is_disclosive]
    if not pairs:
        return Prose(["No pair of groups was large enough to be measured."], title=title)
    worst = sorted(pairs, key=lambda m: (m.value or 0, m.student_group))[:PAIRS_SHOWN]
    rows = [[m.student_group.replace("+", ", "), *_of_pair(version, m)] for m in worst]
    head = ["Pair", "Found, minus that of all", "Found of those who left", "Listed of those who stayed", "Calibration gap"]
    return Table(
        title, head, rows, f"{len(pairs)} pairs were measured: of 200 students or more, of whom 30 left and as many stayed."
    )


def _of_pair(version: Version, gap: Measure) -> list[str]:
    subject, group = version.subject, gap.student_group
    found, false = (version.find(name, subject, group=group) for name in ("recall_in_schools", "false_positive_rate_in_schools"))
    chances = version.find("calibration_gap", subject, group=group)
    return [cell(gap, "points"), cell(found, "share"), cell(false, "share"), cell(chances, "points")]


def _sizes(version: Version, gaps: Sequence[Measure]) -> Block:
    """The group found least, by list size, and the sizes at which none is out of bounds."""
    title = "Over list sizes"
    single = sorted((m for m in gaps if "+" not in m.student_group and m.size_share is not None), key=lambda m: m.size_share or 0)
    if not single or "safe_sizes" not in version.evaluation:
        return Prose([f"{NOT_MEASURED.capitalize()}."], title=title)
    rows = []
    for size, there in groupby(single, key=lambda m: m.size_share):
        shown = [m for m in there if m.value is not None and not m.is_disclosive]
        if shown and size is not None:
            least = min(shown, key=lambda m: (m.value or 0, m.student_group))
            rows.append([written(size, "share"), least.student_group, cell(least, "points")])
    safe = version.evaluation["safe_sizes"]
    said = ", ".join(f"{s:.0%}" for s in safe)
    note = (
        f"No group or pair is out of bounds on lists of {said} of the students." if safe else "At no size are all within bounds."
    )
    return Table(title, ["List size", "Group found least", "Found, minus that of all"], rows, note, names=2)


def _cost(version: Version) -> Block:
    """A sentence on what the model would gain by sensitive attributes, which it never gets."""
    title = "What leaving sensitive attributes out costs"
    measures = {m.metric: m for m in version.measures if m.ranking == WITH_SENSITIVE and m.student_group == "all"}
    auc, gain = measures.get("auc"), measures.get("recall_in_schools_gain_over_model")
    if auc is None or gain is None:
        return Prose([f"{NOT_MEASURED.capitalize()}: no such attribute is on record."], title=title)
    own = version.find("auc", "model")
    more = measures.get("auc_gain_over_model")
    said = (
        f"Trained on the same cohorts with sex, home, disability, scholarship and first language beside the features, "
        f"the AUC was {cell(auc, 'number')} in place of {cell(own, 'number')}, a difference of {cell(more, 'number')}; "
        f"the schools' lists of the judged size found {cell(gain, 'points')} more or less of those who left. "
        f"{_gaps(version)}That model is never in force."
    )
    return Prose([said], title=title)


def _gaps(version: Version) -> str:
    """The widest gap of recall of a single group, with and without."""
    least = []
    for ranking in (WITH_SENSITIVE, "model"):
        found = [
            m
            for m in version.measures
            if m.metric == RECALL_GAP and m.ranking == ranking and m.as_of_group == "all" and "+" not in m.student_group
            and m.value is not None and not m.is_disclosive and _is_judged(version, m)
        ]  # fmt: skip
        least.append(min(found, key=lambda m: (m.value or 0, m.student_group), default=None))
    if None in least:
        return ""
    with_them, without = (f"{cell(m, 'points')} ({m.student_group})" for m in least if m is not None)
    return f"The group found least was {with_them} from the recall of all, in place of {without}. "


def _is_judged(version: Version, measure: Measure) -> bool:
    share = version.judged_share
    return share is not None and measure.size_share is not None and abs(measure.size_share - share) < 1e-6


def _proxies(version: Version) -> Block:
    """How well sensitive attributes can be told from the features."""
    title = "How well sensitive attributes can be told from the features"
    told = [m for m in version.measures if m.metric == PROXY and m.value is not None and not m.is_disclosive]
    if not told:
        return Prose([f"{NOT_MEASURED.capitalize()}: no such attribute is on record."], title=title)
    flagged = set(version.evaluation.get("proxies_flagged") or [])
    rows = []
    for measure in sorted(told, key=lambda m: -(m.value or 0)):
        group = measure.student_group
        alone = [m for m in version.measures if m.metric == FEATURE and m.student_group == group]
        best = sorted(alone, key=lambda m: (-(m.value or 0), m.ranking))
        said = [f"{m.ranking} {m.value:.3f}{' (flagged)' if f'{group}: {m.ranking}' in flagged else ''}" for m in best]
        rows.append([Code(group), cell(measure, "number"), "; ".join(said)])
    note = (
        "AUC of a small model that guesses the attribute's commonest word from all features, cross-validated; then of the "
        "features that do so best alone. 0.5 is chance. What can be told can also be used: read the groups' errors."
    )
    return Table(title, ["Attribute", "From all features", "From one"], rows, note, is_text=True)


def _accepted(version: Version) -> list[Block]:
    """Nights on which the operator published though a group was out of bounds."""
    if not version.accepted:
        return []
    said = [f"{a['as_of_date']}: {a['student_groups']}. Accepted by {a['who']}: {a['reason']}" for a in version.accepted]
    return [Prose(said, is_list=True, title="Published though out of bounds, by decision of the operator")]
