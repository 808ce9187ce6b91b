"""What `platformctl` says when something goes wrong, and how it ends then."""

from dataclasses import dataclass
from pathlib import Path

import typer

from app.commands import BROKEN, FAILED, MISCONFIGURED, UNAVAILABLE, WRONG_USAGE


@dataclass(frozen=True)
class Failure:
    """Why a command ends: a stable code, one sentence, and the exit code."""

    code: str
    message: str
    exit_code: int = FAILED


def explain(error: Exception) -> Failure | None:  # noqa: C901, PLR0911, PLR0912 - a table
    """What went wrong on purpose or outside of us; None for a defect of ours."""
    import sqlite3

    from alembic.util import CommandError
    from asyncpg import PostgresError
    from pydantic import ValidationError
    from sqlalchemy.exc import DBAPIError

    from app.core.errors import ModuleError, PlatformError, Unavailable
    from app.core.validation import findings, summary
    from app.settings import SettingsError, variable_name

    database = f"The database ({variable_name('database.url')})"
    match error:
        case SettingsError():
            return Failure("settings.invalid", str(error), MISCONFIGURED)
        case Unavailable(code="database.unavailable", reason=reason):
            words = f"{database} does not answer: {reason}."
            return Failure(error.code, words, UNAVAILABLE)
        case Unavailable(code="database.forbidden", reason=reason):
            hint = "Run this as the role that owns the tables, or see `platformctl db grants`."
            return Failure(error.code, f"{database} refuses it: {reason}. {hint}")
        case Unavailable(code="database.busy" | "database.too_slow"):
            return Failure(error.code, error.message, UNAVAILABLE)
        case PlatformError():
            return Failure(error.code, error.message)
        case ModuleError():
            return Failure("module.invalid", str(error))
        case ValidationError():
            return Failure("input.invalid", summary(findings(error.errors(include_url=False))))
        case CommandError():
            return Failure("database.revision.unknown", f"The schema stays as it is: {error}.")
        case OSError(filename=str() as path):
            if not _is_of_data(path):
                return Failure("file.unusable", f"{path}: {error.strerror}.")
            where = f"{variable_name('data_dir')} says where data live"
            return Failure("file.unusable", f"{path}: {error.strerror}; {where}.", MISCONFIGURED)
        case DBAPIError() | sqlite3.Error() | PostgresError() | OSError():
            broken = getattr(error, "orig", None) or error
            words = f"{database} does not answer: {broken}."
            return Failure("database.unavailable", words, UNAVAILABLE)
        case typer.Abort():
            return Failure("cli.aborted", "Nothing was done.")
        case _ if hasattr(error, "format_message"):
            return Failure("cli.usage", error.format_message(), WRONG_USAGE)
    return None


def unexpected(error: Exception) -> Failure:
    """What is said of a defect of ours; the log has it with its traceback."""
    import structlog

    from app.bootstrap import build_errors, build_registry
    from app.core.log import configure

    if not structlog.is_configured():
        configure(level="info", as_json=False)
    errors = build_errors(build_registry())
    errors.publish(error, event="cli.panic")
    errors.flush()
    return Failure("internal", "Something went wrong on our side; the log says where.", BROKEN)


def _is_of_data(path: str) -> bool:
    """Whether a file or folder is one that the settings name."""
    from app.settings import load_settings

    data = load_settings().data_dir.resolve()
    return data == Path(path).resolve() or data in Path(path).resolve().parents
