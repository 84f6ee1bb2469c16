"""The stack file that Pulumi is given: the tracked one's copy, with the secrets that were made on this machine.

`make up` needs passwords, and Pulumi keeps them, encrypted, in the file of the stack, with the salt of the passphrase.
The tracked `Pulumi.<stack>.yaml` is only ever read, so that a checkout stays as it was committed. The copy lies with
the cluster's state and is written anew, from the tracked file as it is then, whenever Pulumi is run.

Pulumi reads YAML 1.2 and PyYAML 1.1, in which `on` is a boolean and `12:30:00` a number. So the copy is made of the
file's nodes, as they are written, and of no values; what is wrong with the file stays wrong, for Pulumi to say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from localcloud.host import atomic
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout

SALT = "encryptionsalt"
ENDLESS = 1 << 20  # columns: no line is folded
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it is built in: a tenth of the time, in every run


def document(file: Path) -> dict[str, Any]:
    """A stack file's content; empty where there is no file, or nothing in it. Raises where it is no YAML."""
    if not file.exists():
        return {}
    try:
        found = yaml.load(file.read_text(), LOADER)  # noqa: S506  both are safe
    except yaml.YAMLError as error:
        raise LocalCloudError(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    return found if isinstance(found, dict) else {}


def config(file: Path) -> dict[str, Any]:
    """The `config` of a stack file, in which a file that Pulumi never touched may have nothing."""
    found = document(file).get("config")
    return found if isinstance(found, dict) else {}


def is_secret(value: Any) -> bool:
    """Whether a value of a stack's config is encrypted as a whole."""
    return isinstance(value, dict) and set(value) == {"secure"}


def holds_secrets(value: Any) -> bool:
    """Whether anything in a part of a stack file, however deep, is encrypted."""
    if isinstance(value, dict):
        return is_secret(value) or any(map(holds_secrets, value.values()))
    return isinstance(value, list) and any(map(holds_secrets, value))


def salt_of_own_secrets(tracked: Path) -> str:
    """The salt that a tracked file's own secrets are encrypted with; empty where it holds none.

    A salt alone is not needed: it is left over from a stack whose secrets are gone.
    """
    return str(document(tracked).get(SALT, "")) if holds_secrets(config(tracked)) else ""


def made(tracked: Path, copy: Path) -> dict[str, Any]:
    """The secrets of a copy that its tracked file does not have: config key -> value as it is written."""
    own = config(tracked)
    return {key: value for key, value in config(copy).items() if is_secret(value) and key not in own}


def write(
    tracked: Path, copy: Path, salt: str, secrets: Mapping[str, Any], changes: Mapping[str, Any], *, own: bool
) -> None:
    """Write the copy of a tracked stack file.

    `salt`: that of the stack's passphrase, empty while there is none. `secrets`: those that were made here, encrypted
    with it. `changes`: config keys that the copy has besides, or with another value. `own`: whether the tracked file's
    secrets are this passphrase's; if not, nobody could read them here and they are left out.
    """
    root = _mapping(yaml.compose(tracked.read_text(), LOADER))
    entries = _mapping(next((value for key, value in root.value if key.value == "config"), None))
    taken = [(key, value) for key, value in entries.value if own or not _is_secret_node(value)]
    taken = [(key, value) for key, value in taken if key.value not in changes]
    names = {key.value for key, _ in taken}
    added = {key: value for key, value in secrets.items() if key not in names} | dict(changes)
    config_node = MappingNode(entries.tag, [*_nodes(added).value, *taken], flow_style=False)
    others = [(key, value) for key, value in root.value if key.value not in ("config", SALT)]
    head = _nodes({SALT: salt}).value if salt else []
    tree = MappingNode(root.tag, [*head, *others, (_scalar("config"), config_node)], flow_style=False)
    text = yaml.serialize(tree, Dumper=yaml.SafeDumper, width=ENDLESS, allow_unicode=True)
    if not copy.exists() or copy.read_text() != text:
        atomic.write(copy, text, atomic.SECRET)


def _mapping(node: Node | None) -> MappingNode:
    return node if isinstance(node, MappingNode) else MappingNode("tag:yaml.org,2002:map", [], flow_style=False)


def _nodes(values: Mapping[str, Any]) -> MappingNode:
    return _mapping(yaml.compose(yaml.safe_dump(dict(values), sort_keys=False, width=ENDLESS), LOADER))


def _scalar(text: str) -> ScalarNode:
    return ScalarNode("tag:yaml.org,2002:str", text)


def _is_secret_node(node: Node) -> bool:
    return isinstance(node, MappingNode) and [key.value for key, _ in node.value] == ["secure"]


def require(checkout: Checkout, name: str) -> Path:
    """The tracked file of a stack, or an error that names the stacks there are."""
    file = checkout.stack_file(name)
    if not file.exists():
        raise LocalCloudError(f"no {file.name} here; stacks: {', '.join(checkout.stacks())}")
    return file
