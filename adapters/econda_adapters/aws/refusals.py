"""Whether AWS says no for good, or only not now."""

from __future__ import annotations

from collections.abc import Callable

from econda_cloud.ports.pool import Answer, Later, Refused

FOR_GOOD = frozenset(
    {
        "ClientException",
        "ValidationException",
        "ValidationError",
        "InvalidParameterValueException",
        "InvalidRequestContentException",
        "ParamValidationError",
        "RequestTooLargeException",
        "ResourceNotFoundException",
        "UnsupportedMediaTypeException",
    }
)
"""Codes of errors that are about the request: it would be refused whenever it is made."""

BUSY_MS = 5_000
"""When to try again what was not taken."""


def for_good(error: Exception) -> bool:
    """Whether an error of a request would come again however often it is made."""
    from botocore.exceptions import ClientError, ParamValidationError

    if isinstance(error, ParamValidationError | LookupError | ValueError):
        return True
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return error.response.get("Error", {}).get("Code") in FOR_GOOD and status < 500


def answered(ask: Callable[[], Answer]) -> Answer:
    """What AWS answers, errors included: those of the request refuse it, those of the world put it off."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return ask()
    except (ClientError, BotoCoreError, LookupError, ValueError, OSError) as error:
        why = f"{type(error).__name__}: {error}"[:1_000]
        return Refused(why) if for_good(error) else Later(why, BUSY_MS)
