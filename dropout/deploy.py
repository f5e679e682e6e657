"""init: a deployment folder with commented settings, the right permissions and its own key."""

import os
from pathlib import Path
from string import Template

from dropout.country import load_country
from dropout.errors import DeploymentError
from dropout.privacy.keys import make_key
from dropout.settings import FILE_NAME, Deployment, load_settings

READ_BY_GROUP = 0o750
PRIVATE = ("inbox", "raw", "secrets", "models", "work", "sources")


def init(root: Path, country: str) -> Deployment:
    """Makes the deployment folder `root` for `country`; an existing one is never overwritten.

    Raises DeploymentError when `root` holds a dropout.toml already, SettingsError for an unknown country.
    """
    pack = load_country(country)
    path = root / FILE_NAME
    if path.exists():
        raise DeploymentError(f"{root} is a deployment already", remedy="Choose another folder, or edit its dropout.toml.")
    is_new = not root.exists()
    root.mkdir(parents=True, exist_ok=True)
    if is_new:
        root.chmod(READ_BY_GROUP)  # whatever the umask: whoever reads published/ goes through here
    for name in PRIVATE:
        (root / name).mkdir(mode=0o700, exist_ok=True)
    (root / "published").mkdir(exist_ok=True)
    (root / "published").chmod(READ_BY_GROUP)
    template = Path(__file__).with_name("dropout.toml.template").read_text(encoding="utf-8")
    text = Template(template).substitute(
        name=root.resolve().name,
        country=pack.country,
        language=pack.language,
        timezone=pack.timezone,
        capacity=pack.capacity,
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    deployment = Deployment(root.resolve(), load_settings(path))
    make_key(deployment)
    return deployment
