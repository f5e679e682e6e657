"""The catalogue: every feature and concept, declared once; order, monotone constraints and docs follow from it.

Their words are in translations/, read by words.py.
"""

from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from dropout.errors import SettingsError
from dropout.strict import Strict, read_yaml

Unit = Literal["share", "count", "days", "years", "flag", "difference"]


class Concept(Strict):
    """What a counselor can talk about: several features that say one thing.

    Concepts of one `theme` look at the same records; a concept without one is a theme of its own.
    """

    name: str
    theme: str = ""
    is_changeable: bool


class Feature(Strict):
    """One column of a snapshot. `direction`: +1 more raises the chance of leaving, -1 lowers it, 0 left free.

    `points` is the way its words point where the model is left free: +1 speaks of more than others, -1 of less.
    `has_praise`: what it says can also go well, and its translations have words for that.
    """

    name: str
    concept: str
    unit: Unit
    direction: Literal[-1, 0, 1]
    points: Literal[-1, 0, 1] = 0
    role: Literal["model", "abstain"] = "model"
    meaning: str
    is_reason: bool = False
    has_praise: bool = False

    @property
    def worse(self) -> int:
        """+1 where the words speak of more than others, -1 of less."""
        return self.direction or self.points

    @model_validator(mode="after")
    def _a_reason_points(self) -> "Feature":
        if self.is_reason and not self.worse:
            raise ValueError(f"feature '{self.name}' is a reason and says neither direction nor points")
        if self.has_praise and not self.is_reason:
            raise ValueError(f"feature '{self.name}' has praise and is no reason")
        return self


class CatalogueFile(Strict):
    """The layout of catalogue.yaml."""

    concepts: list[Concept]
    features: list[Feature]


class Catalogue:
    """Features in model order and concepts by name."""

    def __init__(self, file: CatalogueFile) -> None:
        self.features = tuple(file.features)
        self.concepts = {c.name: c for c in file.concepts}

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        """Features by column name."""
        return {f.name: f for f in self.features}

    @cached_property
    def model_features(self) -> tuple[Feature, ...]:
        """The features a model may use, in the order of its columns."""
        return tuple(f for f in self.features if f.role == "model")


@cache
def load_catalogue(path: Path | None = None) -> Catalogue:
    """The catalogue as shipped, or the one at `path`; raises SettingsError for an unknown key or a concept nobody declared."""
    path = path or Path(__file__).with_name("catalogue.yaml")
    file = read_yaml(path, CatalogueFile)
    known = {c.name for c in file.concepts}
    unknown = sorted({f.concept for f in file.features} - known)
    if unknown:
        raise SettingsError(f"features name unknown concepts: {', '.join(unknown)}", where=path.name)
    return Catalogue(file)
