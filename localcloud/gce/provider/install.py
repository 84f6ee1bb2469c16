"""Puts the provider where one PULUMI_HOME finds it, and no other."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from localcloud import atomic
from localcloud.gce.provider import VERSION
from localcloud.layout import ROOT


def install(home: Path) -> Path:
    """Write the plugin into a PULUMI_HOME that is used for the stand-in alone; returns the program."""
    program = home / "plugins" / f"resource-gcp-v{VERSION}" / "pulumi-resource-gcp"
    program.parent.mkdir(parents=True, exist_ok=True)
    environment = f"PYTHONPATH={shlex.quote(str(ROOT))} PYTHONSAFEPATH=1"
    command = f"{shlex.quote(sys.executable)} -m localcloud.gce.provider"
    text = f'#!/bin/sh\n# Not Google\'s: the GCE stand-in of localcloud.\n{environment} exec {command} "$@"\n'
    if not program.exists() or program.read_text() != text:
        atomic.write(program, text, 0o755)
    return program
