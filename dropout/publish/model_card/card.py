"""card: the model card of a version, as `model_card.md` and `model_card.html`; the same record gives the same bytes."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dropout.publish.model_card import details, results
from dropout.publish.model_card.document import Code, Document, Prose, Section
from dropout.publish.model_card.fairness import beyond_groups
from dropout.publish.model_card.front_matter import front_matter
from dropout.publish.model_card.markdown import markdown
from dropout.publish.model_card.version import Version, known, on_record
from dropout.publish.model_card.words import card_words
from dropout.settings import Deployment

NAME = "model_card"


def publish(con: duckdb.DuckDBPyConnection, deployment: Deployment, folder: Path, versions: Mapping[str, str | None]) -> int:
    """Writes the cards of the versions that made tonight's chances (target → version) into `folder`.

    The list target's is `model_card.md` and `.html`, another target's `model_card_<target>`. A version that the ledger
    does not hold has no card. Returns how many were written.
    """
    found = {target: on_record(con, version) for target, version in versions.items() if version}
    there = {target: version for target, version in found.items() if version is not None}
    for target, version in there.items():
        is_main = target == deployment.country.list_target
        write(version, deployment, folder, NAME if is_main else f"{NAME}_{target}")
    return len(there)


def write_on_demand(con: duckdb.DuckDBPyConnection, deployment: Deployment, version: str, folder: Path) -> tuple[Path, Path]:
    """Writes the card of any version on record, promoted, retired or refused, into `folder`; returns its two files.

    Raises ModelError when the ledger does not hold `version`.
    """
    found = known(con, version)
    folder.mkdir(parents=True, exist_ok=True)
    return write(found, deployment, folder, f"{NAME}_{found.version}")


def write(version: Version, deployment: Deployment, folder: Path, name: str) -> tuple[Path, Path]:
    """Writes `<name>.md` and `<name>.html`."""
    document = document_of(version, deployment.settings.deployment.name, deployment.settings.deployment.country)
    text, page = folder / f"{name}.md", folder / f"{name}.html"
    text.write_text(markdown(document), encoding="utf-8")
    page.write_text(html(document), encoding="utf-8")
    return text, page


def document_of(version: Version, name: str, country: str) -> Document:
    """The card in the sections of Mitchell et al., Model Cards for Model Reporting, 2019; `name` is the deployment's."""
    words = card_words()
    kind = "The absence rule" if version.subject == "absence_rule" else "A model"
    lead = f"{kind} for the target {version.target.replace('_', ' ')}, {version.status}, trained as of {version.trained_as_of}."
    return Document(
        title=f"Model card: {version.version}",
        lead=f"{lead} {_verdict(version)}",
        front=front_matter(version, words, name=name, country=country),
        sections=[
            Section("Model details", details.model_details(version, words, name)),
            Section("Intended use", details.intended_use(version, words)),
            Section("Factors", details.factors(version, words)),
            Section("Metrics", details.metrics(version, words)),
            Section("Evaluation data", details.evaluation_data(version, words)),
            Section("Training data", details.training_data(version, words)),
            Section("Features", details.features(version), level=3),
            Section("Quantitative analyses", []),
            Section("Unitary results", results.unitary(version, words), level=3),
            Section("Results by group", results.by_group(version, words), level=3),
            Section("Pairs, list sizes and proxies", beyond_groups(version), level=3),
            Section("Ethical considerations", [Prose(words.ethics, is_list=True)]),
            Section("Caveats and recommendations", [Prose(words.caveats, is_list=True)]),
        ],
    )


def html(document: Document) -> str:
    """The document as one page that fetches nothing."""
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.tests["code"] = lambda value: isinstance(value, Code)
    environment.filters["drawing"] = lambda svg: Markup(svg)  # noqa: S704 (our own)
    return environment.get_template("page.html.j2").render(document=document)


def _verdict(version: Version) -> str:
    if version.subject == "absence_rule":
        return f"No model was good enough: {version.why}." if version.evaluation else f"There is no model: {version.why}."
    return f"Refused: {version.why}." if version.status == "refused" else f"In words: {version.why}."
