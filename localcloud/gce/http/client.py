"""Calls to the stand-in, or to whatever answers at the same paths: standard library only, as `make up` waits for it."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from typing import Any

PATIENCE = 60.0  # seconds: a large snapshot is copied before the answer


class RefusedError(Exception):
    """What the API answered instead: HTTP status, Google's reason and its message."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"Error {code}: {message}, {reason}")
        self.code, self.reason, self.message = code, reason, message


def request(base: str, method: str, path: str, body: Any = None, patience: float = PATIENCE, *, token: str) -> Any:
    """One call; `base` ends with a slash and `path` follows it. Raises RefusedError; OSError without an answer."""
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
