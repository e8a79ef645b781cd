"""What an error of AWS means for one submission: never, or not now."""

from __future__ import annotations

from collections.abc import Container

from econda_cloud.ports.pool import Later, Refused

THROTTLED_MS = 1_000
OUTAGE_MS = 5_000
TOO_MANY = 429


def answer_to(error: Exception, refusals: Container[str]) -> Refused | Later:
    """`Refused` for errors with a code of `refusals` and for whatever fails on our side of the wire because of what is
    asked; `Later` for throttling, time-outs, services that are away, missing rights, and codes that nobody knows.
    """
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    match error:
        case ClientError():
            found = error.response.get("Error", {})
            code, words = str(found.get("Code", "")), f"{found.get('Code')}: {found.get('Message')}"
            if code in refusals:
                return Refused(words)
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            throttled = status == TOO_MANY or "Throttl" in code or "TooManyRequests" in code
            return Later(words, THROTTLED_MS if throttled else OUTAGE_MS)
        case ParamValidationError():
            return Refused(f"it cannot be asked for: {error}")
        case BotoCoreError() | OSError():
            return Later(f"{type(error).__name__}: {error}", OUTAGE_MS)
        case _:
            # It would fail the same way again, and must not stop the submissions beside it.
            return Refused(f"{type(error).__name__}: {error}")


def why_away(error: Exception) -> str:
    """The words for something that could not be asked."""
    return answer_to(error, ()).why
