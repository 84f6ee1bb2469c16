"""Refusals in the shape in which Google's APIs make them."""

from __future__ import annotations

from typing import Any, Final

CODES: Final = {
    "alreadyExists": 409,
    "authError": 401,
    "conditionNotMet": 412,
    "forbidden": 403,
    "internalError": 500,
    "invalid": 400,
    "lengthRequired": 411,
    "notFound": 404,
    "notImplemented": 501,
    "required": 400,
    "resourceInUseByAnotherResource": 400,
    "unsupportedMediaType": 415,
}
"""Google's words for reasons, and the HTTP status of each."""


class ApiError(Exception):
    """A refusal: `reason` is Google's word for it, which decides the HTTP status."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message, self.code = reason, message, CODES[reason]

    @property
    def body(self) -> dict[str, Any]:
        """The refusal as the JSON object that is answered."""
        return error(self.code, self.reason, self.message)


def error(code: int, reason: str, message: str) -> dict[str, Any]:
    """The JSON object of an error, in Google's shape (Cloud APIs, "HTTP mapping", version 1)."""
    detail = {"message": message, "domain": "global", "reason": reason}
    return {"error": {"code": code, "message": message, "errors": [detail]}}


def not_found(path: str) -> ApiError:
    """The refusal where there is nothing at that path."""
    return ApiError("notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> ApiError:
    """The refusal where something is at that path already."""
    return ApiError("alreadyExists", f"The resource '{path}' already exists")


def invalid(message: str) -> ApiError:
    """The refusal of a value that the API does not take."""
    return ApiError("invalid", message)


def not_implemented(what: str) -> ApiError:
    """The refusal of what Google may have and the stand-in has not: it is named, and never passed over."""
    return ApiError("notImplemented", f"the GCE stand-in does not know {what}; see docs/gce-standin.md")
