"""The catalogue as a page: docs/features.md is made by this, and a test compares."""

from dropout.features.catalogue import load_catalogue
from dropout.features.words import feature_words

_DIRECTION = {1: "more raises it", -1: "more lowers it", 0: "left free"}


def features_page() -> str:
    """Markdown: every feature by concept, with unit, direction, and whether a reason may speak of it."""
    catalogue, words = load_catalogue(), feature_words("en")
    lines = [
        "# Features",
        "",
        "Made from `dropout/features/catalogue.yaml`. A snapshot holds NULL where a feature is not known; that is no reason.",
        "“School days” are days on which the class's register was taken. The model is bound to the direction given.",
    ]
    for concept in catalogue.concepts.values():
        lines += ["", f"## {words.concepts[concept.name]} (`{concept.name}`)", ""]
        if concept.name == "data":
            lines += ["Not in the model: these say whether there is enough to go by.", ""]
        elif not concept.is_changeable:
            lines += ["In the model, and never a reason: nobody can change it.", ""]
        lines += ["| feature | unit | chance | reason | meaning |", "|---|---|---|---|---|"]
        for feature in catalogue.features:
            if feature.concept == concept.name:
                direction = _DIRECTION[feature.direction] if feature.role == "model" else "–"
                reason = "yes" if feature.is_reason and concept.is_changeable else ""
                lines.append(f"| `{feature.name}` | {feature.unit} | {direction} | {reason} | {feature.meaning} |")
    return "\n".join(lines) + "\n"
