"""One thing that is not as it must be, and what to do about it."""

from dataclasses import dataclass

from dropout.errors import DropoutError


@dataclass(frozen=True)
class Finding:
    """`about` is what was looked at; `where` a path below the deployment, never the name of a file that somebody sent."""

    about: str
    where: str
    what: str
    remedy: str


def of_error(about: str, error: DropoutError) -> Finding:
    """An error of ours as a finding."""
    return Finding(about, error.where, f"{error.what} ({error.cause.rstrip('.')})" if error.cause else error.what, error.remedy)
