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


class ApiError(Exception):
    """A refusal: `reason` is Google's word for it, which decides the HTTP status."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message, self.code = reason, message, CODES[reason]

    @property
    def body(self) -> dict[str, Any]:
        """As it is answered."""
        return error(self.code, self.reason, self.message)


def error(code: int, reason: str, message: str) -> dict[str, Any]:
    """Google's error JSON (Cloud APIs, "HTTP mapping", version 1)."""
    detail = {"message": message, "domain": "global", "reason": reason}
    return {"error": {"code": code, "message": message, "errors": [detail]}}


def not_found(path: str) -> ApiError:
    """Nothing of that name."""
    return ApiError("notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> ApiError:
    """The name is taken."""
    return ApiError("alreadyExists", f"The resource '{path}' already exists")


def invalid(message: str) -> ApiError:
    """A value that the API does not take."""
    return ApiError("invalid", message)


def not_implemented(what: str) -> ApiError:
    """Google has it and the stand-in does not: said by name, never passed over."""
    return ApiError("notImplemented", f"the GCE stand-in does not know {what}; see docs/gce-standin.md")
