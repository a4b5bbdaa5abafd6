# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors a user meets: ``str(error)`` is one clear line with the remedy."""

from __future__ import annotations


class AddonError(Exception):
    """Base of every error raised on purpose."""

    #: Process exit status of the command line for this kind of error.
    exit_code = 1


class InputError(AddonError):
    """Something the user gave is wrong: a file, an option, a scene."""

    exit_code = 2


class NoFaceError(InputError):
    """A photograph in which no face was found."""

    exit_code = 3


class BackendError(AddonError):
    """A backend that is absent, of another protocol version, or failing."""

    exit_code = 4


class BackendGoneError(BackendError):
    """A backend that went away or is too busy: the same call may succeed later."""


class SubjectUnknownError(BackendError):
    """The backend does not know the subject (any more): capture it again."""


class OutputError(AddonError):
    """A result that could not be written."""

    exit_code = 5


class Cancelled(AddonError):  # noqa: N818 - not a fault
    """The user asked to stop."""

    exit_code = 130
