"""The provider's installation, where one PULUMI_HOME finds it and no other."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from localcloud.gce.provider import TOKEN_FILE, VERSION
from localcloud.host import atomic
from localcloud.host.paths import ROOT


def install(home: Path, token: Path) -> Path:
    """Write the plugin into a PULUMI_HOME that is used for the stand-in alone, and return the path of its program.

    `token`: the file with the stand-in's token; the program says where it lies, not what is in it.
    """
    program = home / "plugins" / f"resource-gcp-v{VERSION}" / "pulumi-resource-gcp"
    program.parent.mkdir(parents=True, exist_ok=True)
    own = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", TOKEN_FILE: str(token)}
    environment = " ".join(f"{name}={shlex.quote(value)}" for name, value in own.items())
    command = f"{shlex.quote(sys.executable)} -m localcloud.gce.provider"
    text = f'#!/bin/sh\n# Not Google\'s: the GCE stand-in of localcloud.\n{environment} exec {command} "$@"\n'
    if not program.exists() or program.read_text() != text:
        atomic.write(program, text, 0o755)
    return program
