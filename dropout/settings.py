"""`dropout.toml` becomes one frozen `Settings`; a `Deployment` is the folder it stands in."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from dropout.country import Country, load_country
from dropout.errors import DeploymentError
from dropout.strict import Strict, read_toml, validated

FILE_NAME = "dropout.toml"
Share = Annotated[float, Field(ge=0, le=1)]


class DeploymentSettings(Strict):
    """Who runs this, and for which country."""

    name: str = "district"
    country: str = "generic"
    language: str = ""  # of the lists; empty: the country's
    timezone: str = ""  # of the night; empty: the country's
    contact: str = ""  # whom a family may ask; printed on its sheet


class NightSettings(Strict):
    """When the night runs and what a list may hold."""

    cron: str = "0 3 * * 1-6"
    capacity: Annotated[int, Field(ge=1)] = 20  # for schools whose extract names none
    minimum_lift: Annotated[float, Field(ge=0)] = 1.0
    keep_generations: Annotated[int, Field(ge=2)] = 14


class ListSettings(Strict):
    """What a school's files hold beside the list."""

    all_pupils: bool = False  # the workbook's sheet of every enrolled pupil's main numbers, without a chance


class GateSettings(Strict):
    """What keeps tonight's output from being published."""

    fresh_within_days: Annotated[int, Field(ge=1)] = 21
    school_fresh_within_days: Annotated[int, Field(ge=1)] = 14  # behind the newest data of any school
    volume_at_least: Share = 0.6  # of the students of the last publication
    abstained_at_most: Share = 0.5
    listed_again_at_least: Share = 0.2  # of the last list's students who are still enrolled


class IntakeSettings(Strict):
    """What taking in a delivery may cost, and when one is taken."""

    memory_mb: Annotated[int, Field(ge=256)] = 2048  # of DuckDB, beside which Python needs about 500
    file_seconds: Annotated[int, Field(ge=1)] = 3600  # for one file, and for opening one delivery
    settled_seconds: Annotated[int, Field(ge=0)] = 60  # a delivery of the inbox is taken when it was left alone for as long
    done_marker_required: bool = False  # or only when its sender marked it as done
    incomplete: Literal["wait", "partial"] = "wait"  # what lacks something its manifest names
    missing_school: Literal["wait", "partial"] = "partial"  # a night in which an open school sent nothing, while others did
    wait_nights: Annotated[int, Field(ge=0)] = 2  # then it goes in as it is


class ContractSettings(Strict):
    """How much of a delivery may be broken before all of it is refused, and how much a full file may delete."""

    broken_at_most: Share = 0.2
    left_out_at_most: Share = 0.2  # of the rows that a full file speaks for; more, and it deletes nothing until accepted


class ModelSettings(Strict):
    """How a season trains."""

    seed: int = 7
    trees: Annotated[int, Field(ge=1, le=5000)] = 250
    leaves: Annotated[int, Field(ge=2, le=255)] = 8
    depth: Annotated[int, Field(ge=1, le=12)] = 4
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.04
    rows_in_leaf_at_least: Annotated[int, Field(ge=1)] = 200  # snapshots of one student are near copies: leaves need many
    l2: Annotated[float, Field(ge=0)] = 10.0
    feature_share: Annotated[float, Field(gt=0, le=1)] = 0.5  # of the features that each tree may use
    search_trials: Annotated[int, Field(ge=0, le=1000)] = 20  # choices of the above that a season tries, per target; 0: none
    search_seconds: Annotated[int, Field(ge=0)] = 150  # and the time that may take, per target
    resamples: Annotated[int, Field(ge=0, le=100)] = 8  # refits on half of the students; 0: stability of reasons is not measured
    threads: Annotated[int, Field(ge=1)] = 2
    taken_registers_at_least: Annotated[int, Field(ge=0)] = 5  # fewer, and no marks: the model abstains
    group_calibration_gap_at_most: Share = 0.05  # surely beyond it, for any group of students: the model is not promoted
    group_recall_gap_at_most: Share = 0.20  # less of a group's leavers found than of all, surely by more: likewise


class FairnessSettings(Strict):
    """What keeps a list whose errors fall on one group from being published (docs/decisions/0020-group-audit.md)."""

    listed_ratio_at_least: Annotated[float, Field(gt=0, le=1)] = 0.67  # of the places its chances ask for; at most the inverse
    recall_gap_at_most: Share = 0.20  # less of a group's leavers found than of all of its schools, once known
    proxy_auc_at_most: Annotated[float, Field(ge=0.5, le=1)] = 0.75  # of one feature that tells a sensitive attribute: a notice


class PrivacySettings(Strict):
    """What is outside the deployment, and how long the operator's own records are kept."""

    backups: list[str] = []  # where copies lie and how long, in words: told whenever somebody is forgotten
    raw_years: Annotated[int, Field(ge=1)] = 3  # received files, after they arrived
    aside_years: Annotated[int, Field(ge=1)] = 1  # rows in quarantine and lines that could not be read
    lists_years: Annotated[int, Field(ge=1)] = 3  # chances, reasons, and whom lists named
    runs_years: Annotated[int, Field(ge=1)] = 5  # the ledger's runs, steps and notices


class Settings(BaseSettings):
    """All settings of a deployment. Each can be overridden by DROPOUT_<SECTION>__<KEY> in the environment."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="DROPOUT_", env_nested_delimiter="__")

    deployment: DeploymentSettings = DeploymentSettings()
    night: NightSettings = NightSettings()
    lists: ListSettings = ListSettings()
    gate: GateSettings = GateSettings()
    intake: IntakeSettings = IntakeSettings()
    contracts: ContractSettings = ContractSettings()
    model: ModelSettings = ModelSettings()
    fairness: FairnessSettings = FairnessSettings()
    privacy: PrivacySettings = PrivacySettings()
    school_languages: dict[str, str] = {}  # school_id → language of its list, where not the deployment's

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; there are no other sources."""
        return env_settings, init_settings


def load_settings(path: Path) -> Settings:
    """`path` as Settings; an unknown or mistyped key is a SettingsError with the nearest valid one."""
    data = read_toml(path)
    return validated(lambda: Settings(**data), Settings, where=str(path))


@dataclass(frozen=True)
class Deployment:
    """A deployment folder: where everything of one installation lies."""

    root: Path
    settings: Settings

    inbox = property(lambda self: self.root / "inbox")
    raw = property(lambda self: self.root / "raw")
    secrets = property(lambda self: self.root / "secrets")
    models = property(lambda self: self.root / "models")
    published = property(lambda self: self.root / "published")
    work = property(lambda self: self.root / "work")
    warehouse = property(lambda self: self.root / "warehouse.duckdb")
    identity = property(lambda self: self.root / "identity.duckdb")
    staging = property(lambda self: self.root / "work" / "staging.duckdb")

    @cached_property
    def country(self) -> Country:
        """The country pack the settings name; sources in the folder `sources/` come before its own."""
        country = load_country(self.settings.deployment.country)
        own = sorted(str(path) for path in (self.root / "sources").glob("*/source.yaml"))
        return country.model_copy(update={"sources": [*own, *country.sources]})

    @property
    def language(self) -> str:
        """Language of lists where a school has none of its own."""
        return self.settings.deployment.language or self.country.language

    @property
    def timezone(self) -> str:
        """Time zone of the night."""
        return self.settings.deployment.timezone or self.country.timezone


def open_deployment(where: Path | None = None) -> Deployment:
    """The deployment at `where`, else named by DROPOUT_DIR, else this folder, one above it or the only one below it.

    Raises DeploymentError when there is none, or more than one below.
    """
    root = _find(where)
    return Deployment(root.resolve(), load_settings(root / FILE_NAME))


def _find(where: Path | None) -> Path:
    given = where or (Path(os.environ["DROPOUT_DIR"]) if os.environ.get("DROPOUT_DIR") else None)
    if given:
        if (given / FILE_NAME).is_file():
            return given
        raise DeploymentError(f"{given} holds no {FILE_NAME}", remedy=f"Make one with: dropout init {given}")
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    below = sorted(p.parent for p in here.glob(f"*/{FILE_NAME}"))
    if len(below) == 1:
        return below[0]
    if below:
        names = ", ".join(p.name for p in below)
        raise DeploymentError(f"several deployments below this folder: {names}", remedy="Choose one with --dir DIR.")
    raise DeploymentError("no deployment here", remedy="Make one with: dropout init DIR, or name one with --dir DIR.")
