"""The card of a model: `model.json`, everything there is to know about it and needed to use it but the trees."""

from typing import Literal

from dropout.country import Target
from dropout.model.baselines import Bands
from dropout.model.booster import Golden
from dropout.model.calibrator import Calibrator
from dropout.model.evaluation import Evaluation
from dropout.model.recipe import Cohort
from dropout.model.search import Search
from dropout.settings import ModelSettings
from dropout.strict import Strict

Method = Literal["model", "absence_rule"]


class Card(Strict):
    """A promoted model, or the absence rule where none was promoted. `bands` is None where rates are unknown."""

    version: str
    target: Target
    method: Method
    why: str
    trained_as_of: str
    latest_mature: str | None
    recipe: str
    cohorts: list[Cohort]
    running: Cohort | None
    evaluation: Evaluation | None
    settings: ModelSettings
    search: Search | None = None
    bands: Bands | None
    features: list[str] = []
    directions: list[int] = []
    calibrator: Calibrator | None = None
    booster_sha256: str = ""
    refits: list[str] = []  # sha256 of each; none where stability of reasons was not measured
    lightgbm_version: str = ""
    golden: Golden | None = None
    kept: str = ""  # of a refused model: the version that stayed in force instead
