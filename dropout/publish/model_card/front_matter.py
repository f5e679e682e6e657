"""The Markdown's front matter: metadata as Hugging Face reads it from a model card.

Source: huggingface/hub-docs, modelcard.md (language, license, library_name, tags, metrics, model-index). Metrics are named
by their ids at hf.co/metrics where there is one. The data set is no data set of the Hub: it stays where it is.
"""

from typing import Any

import yaml

from dropout.publish.model_card.version import Measure, Version
from dropout.publish.model_card.words import CardWords

HUB_METRICS = {"auc": "roc_auc", "brier": "brier_score"}  # ours → theirs
PLAIN = ("auc", "average_precision", "brier", "calibration_error")
OF_LISTS = ("recall_in_schools", "precision_in_schools", "recall_at_capacity", "precision_at_capacity")
TAGS = ["tabular-classification", "education", "school-dropout", "early-warning", "calibrated"]


def front_matter(version: Version, words: CardWords, *, name: str, country: str) -> str:
    """The YAML between the two `---`; results are those of the version's own ranking, unrounded as in `ops.evaluation`."""
    found = [m for metric in (*PLAIN, *OF_LISTS) if (m := version.find(metric, version.subject)) and not m.is_disclosive]
    facts: dict[str, Any] = {
        "language": ["en"],
        "license": "other",
        "license_name": "not-for-redistribution",  # made from children's records; the program itself is Apache-2.0
        **({"library_name": "lightgbm"} if version.subject == "model" else {}),  # the rule has nothing to load
        "pipeline_tag": "tabular-classification",
        "tags": [*TAGS, version.method.replace("_", "-")],
        "metrics": list(dict.fromkeys(_id(m.metric) for m in found)) or ["roc_auc"],
        "model-index": [{"name": version.version, "results": _results(version, words, found, name=name, country=country)}],
    }
    return yaml.safe_dump(facts, sort_keys=False, allow_unicode=True, width=120)


def _results(version: Version, words: CardWords, found: list[Measure], *, name: str, country: str) -> list[dict[str, Any]]:
    """One result per cohort that was measured on."""
    return [
        {
            "task": {"type": "tabular-classification", "name": version.target},
            "dataset": {
                "type": f"school-records-{country}",
                "name": f"{name}, cohort {cohort}",
                "split": "test",
                "args": {"cohort": cohort, "student_group": "all", "as_of_group": "all"},
            },
            "metrics": [_metric(m, words) for m in found if m.cohort == cohort],
        }
        for cohort in dict.fromkeys(m.cohort for m in found)
    ]


def _metric(measure: Measure, words: CardWords) -> dict[str, Any]:
    args = {"metric": measure.metric, "low": measure.low, "high": measure.high, "size_share": measure.size_share}
    return {
        "type": _id(measure.metric),
        "value": measure.value,
        "name": words.metrics[measure.metric].title,
        "args": {key: value for key, value in args.items() if value is not None},
    }


def _id(metric: str) -> str:
    return HUB_METRICS.get(metric, metric.removesuffix("_in_schools").removesuffix("_at_capacity"))
