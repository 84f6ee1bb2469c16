"""Who may call the stand-in: nobody's page, nobody who cannot read the token, and nothing but JSON."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from localcloud.gce.http import access, token_file
from tests.support.gce import DISKS, TOKEN, Google, serving
from tests.support.gce_strangers import ask, listeners, read

PORT = 23080
OWN = "127.0.0.1:23080"
BEARER = f"Bearer {TOKEN}"
Headers = list[tuple[str, str]]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
GOOD: Headers = [("Host", OWN), ("Authorization", BEARER), ("Content-Type", "application/json")]


def refused(changed: Headers, method: str = "POST", target: str = DISKS, without: str = "") -> tuple[int, str] | None:
    """The status and reason that refuse a good request with these headers changed; None where it is let in."""
    names = {name for name, _ in changed} | {without}
    headers = HTTPMessage()
    for name, value in [each for each in GOOD if each[0] not in names] + changed:
        headers[name] = value
    refusal = access.refusal(method, target, headers, PORT, TOKEN)
    if refusal is None:
        return None
    assert TOKEN not in refusal.message
    return refusal.code, refusal.body["error"]["errors"][0]["reason"]


@pytest.mark.parametrize(
    "changed",
    [
        [],
        [("Host", "localhost:23080")],
        [("Host", "LocalHost:23080")],
        [("Authorization", f"bearer  {TOKEN} ")],
        [("Content-Length", "2")],
        [("Content-Length", "2"), ("Content-Type", "Application/JSON; charset=UTF-8")],
        [("Content-Length", " 2"), ("Content-Length", "2")],
    ],
)
def test_a_caller_with_the_token_is_let_in(changed: Headers) -> None:
    assert refused(changed) is None


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_call_without_a_body_need_not_say_what_is_in_it(method: str) -> None:
    assert refused([("Content-Length", "0")], method, without="Content-Type") is None
    assert refused([], method, without="Content-Type") is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:23080", "127.0.0.1", "127.0.0.1:23081", f"{OWN}.evil", ""]
)
def test_a_rebound_host_name_is_refused(host: str) -> None:
    assert refused([("Host", host)]) == (403, "forbidden")


def test_a_request_has_one_host() -> None:
    assert refused([], without="Host") == (403, "forbidden")
    assert refused([("Host", OWN), ("Host", "evil.example")]) == (403, "forbidden")
    assert refused([("Host", OWN), ("Host", OWN)]) == (403, "forbidden")


@pytest.mark.parametrize("target", ["http://evil.example/x", f"http://{OWN}/standin/health", "evil.example:443", "*"])
def test_a_whole_address_in_place_of_a_path_is_refused(target: str) -> None:
    assert refused([], "GET", target) == (403, "forbidden")


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", f"http://{OWN}"])
def test_a_page_of_another_origin_is_refused(origin: str, method: str) -> None:
    assert refused([("Origin", origin)], method) == (403, "forbidden")


@pytest.mark.parametrize(
    "changed",
    [
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")],
        [("Authorization", TOKEN)],
        [("Authorization", f"Basic {TOKEN}")],
        [("Authorization", BEARER[:-1])],
        [("Authorization", BEARER + "x")],
        [("Authorization", BEARER.upper())],
        [("Authorization", "Bearer \N{LATIN SMALL LETTER E WITH ACUTE}")],
        [("Authorization", BEARER), ("Authorization", "Bearer x")],
    ],
)
def test_a_caller_without_the_token_is_refused(changed: Headers) -> None:
    assert refused(changed) == (401, "authError")
    assert refused([], "GET", without="Authorization") == (401, "authError")


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "", "application/jsonx"],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_form_is_refused(method: str, kind: str) -> None:
    assert refused([("Content-Type", kind)], method) == (415, "unsupportedMediaType")
    assert refused([("Content-Type", kind), ("Content-Length", "2")], "GET") == (415, "unsupportedMediaType")


def test_a_body_says_what_it_is_and_says_it_once() -> None:
    assert refused([("Content-Length", "2")], without="Content-Type") == (415, "unsupportedMediaType")
    both = [("Content-Type", "application/json"), ("Content-Type", "text/plain"), ("Content-Length", "2")]
    assert refused(both) == (415, "unsupportedMediaType")


@pytest.mark.parametrize("length", ["-1", "+2", "2, 2", "0x2", "", "1e3", "\N{SUPERSCRIPT TWO}", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert refused([("Content-Length", length)]) == (400, "invalid")


def test_two_lengths_and_a_body_without_one_are_refused() -> None:
    assert refused([("Content-Length", "2"), ("Content-Length", "3")]) == (400, "invalid")
    assert refused([("Transfer-Encoding", "chunked")]) == (411, "lengthRequired")
    assert refused([("Transfer-Encoding", "identity"), ("Content-Length", "2")]) == (411, "lengthRequired")


def test_what_is_wrong_first_is_what_is_said() -> None:
    """A stranger learns nothing but that he is one; and a page not even that."""
    assert refused([("Authorization", "x"), ("Content-Type", "text/plain")]) == (401, "authError")
    assert refused([("Authorization", "x"), ("Content-Length", "x")]) == (401, "authError")
    assert refused([("Authorization", "x"), ("Origin", "null")]) == (403, "forbidden")


# Over a connection ---------------------------------------------------------------------------------------------------


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    with serving(tmp_path / "gce") as google:
        yield google


def raw(google: Google, request: str, body: bytes = b"") -> bytes:
    """All that is answered until the server ends the connection, to a request that is sent as it stands.

    In `request`, $ stands for the server's Host and $$ for the token.
    """
    text = request.replace("$$", f"Bearer {TOKEN}").replace("$", f"127.0.0.1:{google.port}").replace("\n", "\r\n")
    with socket.create_connection(("127.0.0.1", google.port), timeout=10) as connection:
        connection.sendall(text.encode() + b"\r\n\r\n" + body)
        answer = b""
        while more := connection.recv(1 << 16):
            answer += more
    assert TOKEN.encode() not in answer
    return answer


def exchange(google: Google, request: str, body: bytes = b"") -> tuple[int, dict[str, str], Any]:
    """What `raw` is answered, as the status, the headers by their names in lower case, and the decoded body."""
    head, _, rest = raw(google, request, body).partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    pairs = (each.partition(": ") for each in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    assert not [name for name in headers if name.startswith("access-control")]
    return int(line.split()[1]), headers, json.loads(rest) if rest else None


def test_the_same_request_is_answered_with_the_token_and_refused_without(google: Google) -> None:
    health = "GET /standin/health HTTP/1.1\nHost: $\nConnection: close"
    assert exchange(google, f"{health}\nAuthorization: $$")[::2] == (200, {"standin": True})
    status, headers, body = exchange(google, health)
    assert (status, headers["www-authenticate"], headers["connection"]) == (401, "Bearer", "close")
    (detail,) = body["error"]["errors"]
    assert (body["error"]["code"], detail["reason"]) == (401, "authError")
    assert "Authorization: Bearer" in detail["message"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("Host: evil.example\nAuthorization: $$", 403),
        ("Host: $\nAuthorization: $$\nOrigin: https://evil.example", 403),
        ("Host: $\nAuthorization: Bearer x", 401),
        ("Host: $\nAuthorization: $$\nContent-Type: text/plain", 415),
        ("Host: $\nAuthorization: $$\nContent-Type: application/json\nTransfer-Encoding: chunked", 411),
    ],
)
def test_a_caller_without_the_token_is_refused_before_its_body_is_read(
    google: Google, changed: str, expected: int
) -> None:
    request = f"POST {DISKS} HTTP/1.1\n{changed}\nContent-Length: 1000000"
    assert exchange(google, request)[0] == expected, "and none of its million bytes was ever sent"


def test_nobody_who_is_refused_is_asked_for_his_body(google: Google) -> None:
    refused = f"POST {DISKS} HTTP/1.1\nHost: $\nExpect: 100-continue\nContent-Length: 2"
    assert raw(google, refused).startswith(b"HTTP/1.1 401 ")
    body = json.dumps({"name": "pv-a", "sizeGb": "1"})
    admitted = f"POST {DISKS} HTTP/1.1\nHost: $\nExpect: 100-continue\nContent-Length: {len(body)}\nConnection: close"
    kind = "Content-Type: application/json"
    answer = raw(google, f"{admitted}\nAuthorization: $$\n{kind}", body.encode())
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


def test_a_body_that_is_refused_is_not_taken_for_the_next_request(google: Google) -> None:
    smuggled = b"DELETE /x HTTP/1.1\r\n\r\n"
    request = f"POST {DISKS} HTTP/1.1\nHost: $\nConnection: keep-alive\nContent-Length: {len(smuggled)}"
    status, headers, _ = exchange(google, request, smuggled)
    assert (status, headers["connection"]) == (401, "close")


def test_whoever_sends_a_long_body_still_reads_why_it_was_refused(google: Google) -> None:
    long = bytes(32 << 20)  # this is more than fits between the two while nobody reads
    assert exchange(google, f"POST {DISKS} HTTP/1.1\nHost: $\nContent-Length: {len(long)}", long)[0] == 401


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "TRACE", "NONSENSE"])
def test_other_methods_are_for_nobody_and_let_no_page_in(google: Google, method: str) -> None:
    page = f"{method} {DISKS} HTTP/1.1\nHost: $\nOrigin: https://evil.example\nAccess-Control-Request-Method: POST"
    assert exchange(google, page)[0] == 403
    status, _, body = exchange(google, f"{method} {DISKS} HTTP/1.1\nHost: $\nAuthorization: $$")
    assert (status, body and body["error"]["code"]) == (501, None if method == "HEAD" else 501)


def test_what_is_no_request_is_refused_in_the_same_shape(google: Google) -> None:
    status, _, body = exchange(google, "GET / / HTTP/1.1\nHost: $")
    assert (status, body["error"]["code"]) == (400, 400)
    assert exchange(google, f"GET {DISKS} HTTP/1.0\nAuthorization: $$")[0] == 403, "without a Host"


def test_links_begin_with_the_address_that_was_called(google: Google) -> None:
    google.disk()
    text = f"GET {DISKS}/pv-a HTTP/1.1\nHost: localhost:{google.port}\nAuthorization: $$\nConnection: close"
    assert exchange(google, text)[2]["selfLink"] == f"http://localhost:{google.port}{DISKS}/pv-a"


def test_what_is_refused_changes_nothing_and_is_in_the_log_without_a_token(
    google: Google, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = Google(google.port, "x" * 43)
    assert wrong.refusal("POST", DISKS, {"name": "pv-a", "sizeGb": "1"})[:2] == (401, "authError")
    assert google.get(DISKS)["items"] == []
    said = capsys.readouterr().err
    assert f'"POST {DISKS} HTTP/1.1" 401' in said
    assert "x" * 43 not in said


@as_root
def test_another_user_of_this_machine_is_refused_and_cannot_read_the_token(google: Google, tmp_path: Path) -> None:
    assert google.port in listeners()
    request = f"GET {DISKS} HTTP/1.1\nHost: 127.0.0.1:{google.port}\nConnection: close"
    refused, taken = ask((google.port, request), (google.port, f"{request}\nAuthorization: Bearer {TOKEN}"))
    assert refused.startswith("HTTP/1.1 401 ")
    assert taken.startswith("HTTP/1.1 200 "), "it is the token that counts, and not who has it"
    file = tmp_path / "made" / "token"
    token_file.ensure(file)
    assert read(file) == "Permission denied"
    file.chmod(0o644)
    assert read(file) == file.read_text(), "it is the file's mode that kept him out"
