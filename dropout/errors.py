"""Every error a user can meet: what happened, where, why, and what to do. Never a value of a person."""


class DropoutError(Exception):
    """An error shown without a traceback.

    `what` says what happened; `where` names the file, line and column; `cause` and `remedy` say why
    and what to do next. None of them may hold a value that belongs to a person.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", cause: str = "", remedy: str = "") -> None:
        self.what, self.where, self.cause, self.remedy = what, where, cause, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.cause:
            parts.append(f"Cause: {self.cause}")
        if self.remedy:
            parts.append(f"Remedy: {self.remedy}")
        return "\n".join(parts)


class UnexpectedError(DropoutError):
    """Something went wrong that no error of ours tells; its own text could hold a person's value, and is not repeated."""


class SettingsError(DropoutError):
    """A setting, country pack, contract, source or catalogue file is wrong."""

    exit_code = 10


class DeploymentError(DropoutError):
    """The deployment folder is missing, ambiguous or not whole."""

    exit_code = 11


class LockedError(DropoutError):
    """Another run holds the deployment."""

    exit_code = 12


class UnknownStudentError(DropoutError):
    """Nothing is held under a student number."""

    exit_code = 13


class ExtractError(DropoutError):
    """A delivery or one of its files cannot be read at all; nothing of it was taken."""

    exit_code = 20


class ContractError(DropoutError):
    """A dataset rule failed: the delivery was refused and nothing of it was loaded."""

    exit_code = 21


class HistoryError(DropoutError):
    """There is not enough history or data for this step."""

    exit_code = 30


class ModelError(DropoutError):
    """A model file is missing, altered, or does not fit the data."""

    exit_code = 31


class GateError(DropoutError):
    """The gate kept the last publication."""

    exit_code = 40


class PublishError(DropoutError):
    """A generation could not be built or verified; the last one stays."""

    exit_code = 41


class DisclosureError(DropoutError):
    """What would have been written could point at a pupil; nothing was written."""

    exit_code = 42
