"""Errors a user meets: each names the argument, what came and what to do."""

from __future__ import annotations


class FacewrightError(Exception):
    """Base of every error raised on purpose; ``str(error)`` is one clear line."""

    #: Process exit status of the command line for this kind of error.
    exit_code = 1


class InputError(FacewrightError, ValueError):
    """Something the caller gave is wrong: a file, an array, an option."""

    exit_code = 2


class NoFaceError(InputError):
    """A picture in which no face was found."""

    exit_code = 3


class BackendError(FacewrightError):
    """A backend that is absent, of another protocol version, or failing."""

    exit_code = 4


class OutputError(FacewrightError, OSError):
    """A result that could not be written (disk full, no permission)."""

    exit_code = 5


class CancelledError(FacewrightError):
    """Work that its caller called off."""

    exit_code = 130
