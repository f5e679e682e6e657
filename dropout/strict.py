"""Data files are read strictly: a key nobody knows is an error that names it and the nearest valid one."""

import difflib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from dropout.errors import SettingsError


class Strict(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Record = TypeVar("Record", bound=BaseModel)


class _UniqueKeys(yaml.SafeLoader):
    """YAML keeps the last of two equal keys in silence; we refuse the file."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        twice = {str(k) for k in keys if keys.count(k) > 1}
        if twice:
            raise yaml.YAMLError(f"key given twice: {', '.join(sorted(twice))} (line {node.start_mark.line + 1})")
        return super().construct_mapping(node, deep=deep)


# as in YAML 1.2: only true and false are truth values. A join is `on` a column, and a register may say "no".
_BOOL = "tag:yaml.org,2002:bool"
_UniqueKeys.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_UniqueKeys.add_implicit_resolver(_BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def read_yaml(path: Path, model: type[Record]) -> Record:
    """The YAML file `path` as a `model`; raises SettingsError naming file and key."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 (a SafeLoader)
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError("cannot be read as YAML", where=str(path), cause=str(error)) from None
    return validate(data, model, where=str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """The TOML file `path` as a dictionary; raises SettingsError naming file and line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("cannot be read as TOML", where=str(path), cause=str(error)) from None


def validate(data: Any, model: type[Record], *, where: str) -> Record:
    """`data` as a `model`; the first violation becomes a SettingsError with the nearest valid key."""
    return validated(lambda: model.model_validate(data), model, where=where)


def validated(make: Callable[[], Record], model: type[Record], *, where: str) -> Record:
    """What `make` returns; pydantic's first complaint becomes a SettingsError."""
    try:
        return make()
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a misspelt key explains a missing one
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        if first["type"] == "extra_forbidden":
            near = _nearest(model, first["loc"])
            remedy = f"Did you mean '{near}'?" if near else "Remove it; `dropout init` writes all keys with comments."
            raise SettingsError(f"unknown key '{key}'", where=where, remedy=remedy) from None
        raise SettingsError(f"key '{key}': {first['msg']}", where=where) from None


def _nearest(model: type[BaseModel], loc: tuple[int | str, ...]) -> str | None:
    """The valid key most like the last part of `loc`, within the record that holds it."""
    wrong, names = str(loc[-1]), _all_keys(model)
    found = difflib.get_close_matches(wrong, names, n=1, cutoff=0.5)
    return found[0] if found else None


def _all_keys(model: type[BaseModel]) -> list[str]:
    keys: list[str] = []
    for name, field in model.model_fields.items():
        keys.append(field.alias or name)
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not model:
                keys.extend(_all_keys(kind))
    return keys
