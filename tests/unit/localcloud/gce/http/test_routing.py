"""The router: the first route that fits answers, and what no route takes is refused by name."""

from __future__ import annotations

import re

import pytest

from localcloud.gce.http.errors import ApiError
from localcloud.gce.http.routing import ANY_METHOD, Call, Request, Route, Router, dispatch
from localcloud.gce.store import Record


def shown(service: str, call: Call) -> Record:
    return {"service": service, "prefix": call.prefix, "path": call.path, **call.parts}


def named(service: str, call: Call) -> Record:
    return {"last": call.method}


ROUTES = (
    Route("GET", "shelves/{shelf}/books", shown, ("filter",)),
    Route("GET", "shelves/{shelf}/books/{book}", shown),
    Route("PUT", "shelves/{shelf}/a.b", shown, None),
    Route(ANY_METHOD, "shelves/{shelf}/books/{book}", named),
)
LIBRARY = Router("library", r"/v[12]/", ROUTES, "/v1/")
OWN = Router("own", "", (Route("GET", "/health", shown),))


def ask(method: str, path: str, **query: str) -> Record:
    return dispatch((LIBRARY, OWN), Request(method, path, query, {}, "http://127.0.0.1:1"))


def test_a_name_in_braces_is_one_word_of_the_path() -> None:
    found = ask("GET", "/v2/shelves/red one/books/\N{EURO SIGN}")
    where = {"service": "library", "prefix": "/v2/", "path": "shelves/red one/books/\N{EURO SIGN}"}
    assert found == {**where, "shelf": "red one", "book": "\N{EURO SIGN}"}
    assert ask("PUT", "/v1/shelves/s/a.b")["shelf"] == "s"


def test_the_first_route_that_fits_answers() -> None:
    assert "last" not in ask("GET", "/v1/shelves/s/books/b")
    assert ask("DELETE", "/v1/shelves/s/books/b") == {"last": "DELETE"}


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", "/v1/shelves/s", "GET /v1/shelves/s"),
        ("GET", "/v2/shelves/s", "GET /v1/shelves/s"),
        ("GET", "/v1/shelves//books", "GET /v1/shelves//books"),
        ("GET", "/v1/shelves/s/books/", "GET /v1/shelves/s/books/"),
        ("POST", "/v1/shelves/s/books", "POST /v1/shelves/s/books"),
        ("PUT", "/v1/shelves/s/aXb", "PUT /v1/shelves/s/aXb"),
        ("GET", "/v3/shelves/s/books", "GET /v3/shelves/s/books"),
        ("POST", "/health", "POST /health"),
    ],
)
def test_what_no_route_takes_is_refused_by_name(method: str, path: str, said: str) -> None:
    with pytest.raises(ApiError, match=f"does not know {re.escape(said)};") as refusal:
        ask(method, path)
    assert refusal.value.reason == "notImplemented"


def test_a_query_parameter_is_refused_by_name_unless_the_route_knows_it_or_looks_at_none() -> None:
    assert ask("GET", "/v1/shelves/s/books", filter="x")
    assert ask("PUT", "/v1/shelves/s/a.b", whatever="x")
    with pytest.raises(ApiError, match="the query parameter 'a' of shelves/s/books;"):
        ask("GET", "/v1/shelves/s/books", filter="x", b="", a="")
