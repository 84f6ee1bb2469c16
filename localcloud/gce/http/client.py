"""Calls to the stand-in, or to whatever answers at the same paths.

This needs the standard library only: `make up` waits for it to be imported.
"""

from __future__ import annotations

import http.client
import json
import urllib.parse
from typing import Any

PATIENCE = 60.0
"""How many seconds a call may take: a large snapshot is copied before the answer."""


class RefusedError(Exception):
    """A refusal by the API: the HTTP status, Google's word for the reason, and the message."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"Error {code}: {message}, {reason}")
        self.code, self.reason, self.message = code, reason, message


def request(base: str, method: str, path: str, body: Any = None, patience: float = PATIENCE, *, token: str) -> Any:
    """Make one call and return the JSON value that is answered.

    `base` ends with a slash and `path` follows it; `patience` is in seconds. Raises RefusedError where the API refuses,
    and OSError where no answer comes, or none in JSON.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=patience)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, url.path + urllib.parse.quote(path, "/?=&"), data, headers)
        response = connection.getresponse()
        answer = json.loads(response.read() or b"null")
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"{base} is not the stand-in: {error}") from None
    finally:
        connection.close()
    if response.status >= 400:
        said = (answer or {}).get("error", {})
        details = said.get("errors") or [{}]
        raise RefusedError(response.status, details[0].get("reason", ""), said.get("message", ""))
    return answer
