"""The prose of a card and what its measures mean: `words.yaml`, strictly read."""

from functools import cache
from pathlib import Path

from dropout.publish.model_card.numbers import Kind
from dropout.strict import Strict, read_yaml

FILE = Path(__file__).with_name("words.yaml")


class MetricWords(Strict):
    """A metric of `ops.evaluation`: its title, how its numbers are written, and what it means."""

    title: str
    kind: Kind
    meaning: str


class TargetWords(Strict):
    """What is predicted, and from when it is known."""

    outcome: str
    known_from: str


class CardWords(Strict):
    """The layout of words.yaml."""

    targets: dict[str, TargetWords]
    rankings: dict[str, str]  # in the order of the tables
    refused_model: str
    methods: dict[str, str]
    metrics: dict[str, MetricWords]
    intended_use: list[str]
    not_for: list[str]
    factors: list[str]
    metrics_note: str
    ethics: list[str]
    caveats: list[str]

    def ranking(self, name: str, subject: str) -> str:
        """Title of a ranking; in the card of the absence rule, `model` is the one that was refused."""
        if name == "model" and subject != "model":
            return self.refused_model
        return self.rankings.get(name, name.replace("_", " "))

    def in_order(self, names: list[str]) -> list[str]:
        """Rankings in the order of the tables; those without a title last."""
        order = list(self.rankings)
        return sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n))


@cache
def card_words() -> CardWords:
    """The words as shipped; raises SettingsError for a missing or unknown one."""
    return read_yaml(FILE, CardWords)
