"""dropout.toml becomes one frozen Settings; a mistake names the key and the nearest valid one."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from dropout.deploy import init
from dropout.errors import DeploymentError, SettingsError
from dropout.settings import Settings, load_settings, open_deployment


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[night]\ncapacty = 5", "unknown key 'night.capacty'.*\n.*'capacity'"),
        ("[nigth]\ncapacity = 5", "unknown key 'nigth'.*\n.*'night'"),
        ("[night]\ncapacity = 0", "key 'night.capacity'"),
        ("[night]\ncapacity = 'many'", "key 'night.capacity'"),
        ("[night\n", "cannot be read as TOML"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path / "dropout.toml", text)
    with pytest.raises(SettingsError, match=said) as raised:
        load_settings(path)
    assert str(path) in str(raised.value)


def test_the_written_file_holds_every_key_at_its_default(tmp_path: Path) -> None:
    deployment = init(tmp_path / "d", "generic")
    written = tomllib.loads((deployment.root / "dropout.toml").read_text(encoding="utf-8"))
    default = Settings().model_dump()
    assert {s: set(v) for s, v in written.items()} == {s: set(v) for s, v in default.items()}
    assert {**default, "deployment": written["deployment"]} == written


def test_settings_are_frozen_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "dropout.toml", "[night]\ncapacity = 5\n")
    assert load_settings(path).night.capacity == 5
    monkeypatch.setenv("DROPOUT_NIGHT__CAPACITY", "9")
    settings = load_settings(path)
    assert settings.night.capacity == 9
    with pytest.raises(ValidationError):
        settings.night.capacity = 3  # type: ignore[misc]


def test_init_sets_permissions_and_never_overwrites(tmp_path: Path) -> None:
    root = init(tmp_path / "d", "morocco").root
    assert (root / "secrets").stat().st_mode & 0o777 == 0o700
    assert (root / "secrets" / "hmac.key").stat().st_mode & 0o777 == 0o600
    assert all((root / name).stat().st_mode & 0o077 == 0 for name in ("inbox", "raw", "models", "work"))
    key = (root / "secrets" / "hmac.key").read_text()
    with pytest.raises(DeploymentError, match="is a deployment already"):
        init(root, "morocco")
    assert (root / "secrets" / "hmac.key").read_text() == key


def test_an_unknown_country_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="generic, morocco, oulad"):
        init(tmp_path / "d", "atlantis")


def test_the_deployment_is_found_here_above_or_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DROPOUT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeploymentError, match="no deployment here"):
        open_deployment()
    root = init(tmp_path / "one", "generic").root
    assert open_deployment().root == root
    monkeypatch.chdir(root / "inbox")
    assert open_deployment().root == root
    init(tmp_path / "two", "generic")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeploymentError, match="one, two"):
        open_deployment()
    monkeypatch.setenv("DROPOUT_DIR", str(tmp_path / "two"))
    assert open_deployment().root == tmp_path / "two"
