"""Who may call the stand-in at all, which is decided before a request's body is read and whatever it asks for.

It listens on loopback, where every user of this machine and every page in a browser on it can send something. A page's
request says its Origin; one whose name was made to mean 127.0.0.1 (DNS rebinding) has that name as Host; a form is not
JSON; and none of them, nor another user, can read the token.
"""

from __future__ import annotations

import hmac
import re
from email.message import Message
from typing import Final

from localcloud.gce.http.errors import ApiError, invalid

CHANGING: Final = {"POST", "PUT", "PATCH", "DELETE"}
JSON: Final = "application/json"
LENGTH: Final = re.compile(r"[0-9]{1,15}", re.ASCII)


def refusal(method: str, target: str, headers: Message, port: int, token: str) -> ApiError | None:
    """What is wrong with a request to the server on `port`; None when its caller may go on."""
    return (
        _foreign_host(target, headers, port)
        or _foreign_page(headers)
        or _stranger(headers, token)
        or _unclear_length(headers)
        or _other_content(method, headers)
    )


def _foreign_host(target: str, headers: Message, port: int) -> ApiError | None:
    own = (f"127.0.0.1:{port}", f"localhost:{port}")
    hosts = _values(headers, "Host")
    if len(hosts) != 1 or hosts[0].lower() not in own:
        return ApiError("forbidden", f"The GCE stand-in answers at {' and '.join(own)} only: call it by one of these")
    if not target.startswith("/"):  # a whole address names a server, which would count in place of Host
        return ApiError("forbidden", f"The GCE stand-in is no proxy: ask http://{own[0]} for a path")
    return None


def _foreign_page(headers: Message) -> ApiError | None:
    if "Origin" in headers:
        return ApiError("forbidden", "The GCE stand-in serves no pages and takes calls of none: leave Origin away")
    return None


def _stranger(headers: Message, token: str) -> ApiError | None:
    given = [value.partition(" ") for value in _values(headers, "Authorization")]
    if len(given) == 1 and given[0][0].lower() == "bearer":
        told = given[0][2].strip().encode(errors="replace")
        if hmac.compare_digest(told, token.encode()):  # the comparison takes as long wherever they differ
            return None
    message = "The GCE stand-in wants `Authorization: Bearer TOKEN`: the token of .localcloud/gce/token"
    return ApiError("authError", f"{message}, which only its owner can read")


def _unclear_length(headers: Message) -> ApiError | None:
    if "Transfer-Encoding" in headers:
        return ApiError("lengthRequired", "The GCE stand-in takes no Transfer-Encoding: say Content-Length")
    lengths = set(_values(headers, "Content-Length"))
    if len(lengths) > 1 or not all(LENGTH.fullmatch(each) for each in lengths):
        return invalid("Content-Length is one number of bytes, in digits")
    return None


def _other_content(method: str, headers: Message) -> ApiError | None:
    types = _values(headers, "Content-Type")
    has_body = any(int(each) for each in _values(headers, "Content-Length"))
    if not has_body and not (types and method in CHANGING):
        return None
    if [each.partition(";")[0].strip().lower() for each in types] == [JSON]:
        return None
    return ApiError("unsupportedMediaType", f"The GCE stand-in takes bodies of JSON only: say `Content-Type: {JSON}`")


def _values(headers: Message, name: str) -> list[str]:
    """Every value that a header has, without the white space around."""
    return [str(value).strip(" \t") for value in headers.get_all(name, [])]
