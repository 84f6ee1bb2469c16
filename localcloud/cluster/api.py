"""The API server, called as the cluster's administrator: the one client for it in the local cluster.

It is the standard library's and no package: `make up` that finds nothing to do must not wait for an import.
"""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import State

PATIENCE = 10.0  # seconds until an answer


def request(
    state: State, method: str, path: str, body: Any = None, content_type: str = "application/json"
) -> tuple[int, Any]:
    """One call: the HTTP status and the answer, decoded where it is JSON and as text where it is not.

    `body`: text, or what JSON is made of. Status 0 and the reason where nothing answers.
    """
    try:
        status, text = _call(state, method, path, body, content_type)
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def _call(state: State, method: str, path: str, body: Any, content_type: str) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=str(state.pki / "ca.crt"))
    context.load_cert_chain(state.pki / "admin.crt", state.pki / "admin.key")
    address = (state.slot.bridge_ip, state.slot.api_port)
    connection = http.client.HTTPSConnection(*address, context=context, timeout=PATIENCE)
    try:
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        connection.request(method, path, body=data, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def items(state: State, path: str) -> list[dict[str, Any]]:
    """The objects of a list. Raises where the API server does not give it."""
    status, answer = request(state, "GET", path)
    if status != 200:
        raise LocalCloudError(f"the API server does not list {path.partition('?')[0]}: {answer}")
    found: list[dict[str, Any]] = answer["items"]
    return found


def ready(state: State) -> bool:
    """Whether the API server answers and is ready for work."""
    return request(state, "GET", "/readyz")[0] == 200
