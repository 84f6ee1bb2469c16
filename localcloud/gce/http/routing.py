"""Where a call leads: tables of routes, each a method and a path, and the one router that reads them.

A service (Compute Engine, Cloud SQL, the stand-in's own paths) is a table of functions. A router binds a table to what
these functions work on and to the prefix of the service's paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from localcloud.gce.http.errors import not_implemented
from localcloud.gce.store import Record

ANY_METHOD: Final = ""
"""The method of a route that takes every method which no route before it takes."""
S = TypeVar("S")


@dataclass(frozen=True)
class Request:
    """One HTTP request whose caller has been let in: `path` is decoded, and `body` is the JSON value in it."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    base: str
    """The address that was called, such as `http://127.0.0.1:23080`: links in the answer begin with it."""


@dataclass(frozen=True)
class Call:
    """A request on its way to the function that a route names for it."""

    request: Request
    prefix: str
    """The beginning of the path that leads to the service, such as `/compute/v1/`."""
    path: str
    """The path behind the prefix, such as `projects/P/zones/Z/disks`."""
    parts: Mapping[str, str]
    """What stands in the path where the route's template has a name in braces."""

    @property
    def method(self) -> str:
        """The HTTP method, in capital letters."""
        return self.request.method

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters; of one that is given twice the last value counts."""
        return self.request.query

    @property
    def body(self) -> Any:
        """The JSON value that was sent; `{}` where none was."""
        return self.request.body


@dataclass(frozen=True)
class Route(Generic[S]):
    """A method, a path, and the function that answers them, which gets the service that it works on and the call.

    `template` is the path behind the service's prefix. A name in braces stands for one word of the path: `{zone}` in
    `projects/{project}/zones/{zone}` takes anything without a slash.
    """

    method: str
    template: str
    run: Callable[[S, Call], Record]
    query: Collection[str] | None = ()
    """The query parameters that the route knows; others are refused by name. With None nobody looks at them."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The regular expression that the whole path behind the prefix has to match."""
        words = re.split(r"\{(\w+)\}", self.template)
        return re.compile("".join(f"(?P<{w}>[^/]+)" if odd % 2 else re.escape(w) for odd, w in enumerate(words)))


class Router(Generic[S]):
    """One service's routes, of which the first that fits a request's method and path answers it."""

    def __init__(self, service: S, prefix: str, routes: Sequence[Route[S]], named: str = "") -> None:
        """`prefix` is a regular expression for the beginning of the paths; `named` is how refusals write it."""
        self._service, self._prefix, self._routes, self._named = service, re.compile(prefix), routes, named

    def takes(self, path: str) -> bool:
        """Whether a path is one of this service's, whatever there is at it."""
        return self._prefix.match(path) is not None

    def answer(self, request: Request) -> Record:
        """What the request is answered; raises ApiError, with `notImplemented` for what no route takes."""
        found = self._prefix.match(request.path)
        prefix = found[0] if found else ""
        path = request.path[len(prefix) :]
        for route in self._routes:
            words = route.pattern.fullmatch(path)
            if words and route.method in (ANY_METHOD, request.method):
                _refuse_unknown(route, request.query, path)
                return route.run(self._service, Call(request, prefix, path, words.groupdict()))
        raise not_implemented(f"{request.method} {self._named}{path}")


def dispatch(routers: Sequence[Router[Any]], request: Request) -> Record:
    """The answer of the first service whose path it is, of which the last takes every path; raises ApiError."""
    return next(router for router in routers if router.takes(request.path)).answer(request)


def _refuse_unknown(route: Route[Any], query: Collection[str], path: str) -> None:
    unknown = sorted(set(query) - set(route.query)) if route.query is not None else []
    if unknown:
        raise not_implemented(f"the query parameter '{unknown[0]}' of {path}")
