"""Measures a preview of the dev stack: in the program's own environment, and in one with everybody's packages.

Pulumi lists all packages of the environment in every preview. The peer is how a checkout was before the program's
environment had nothing but the program's packages in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from localcloud.host.paths import Checkout, cache
from localcloud.stacks import pulumi, standin
from tools.bench.figures import Figure, in_turn
from tools.project import Project, copy_project


def measure(project: Project, say: Callable[[str], None]) -> Iterator[Figure]:
    """Brings the dev stack up with the stand-in in Google's place. The caller stops the cluster."""
    say("dev: bringing the stack up")
    project.must("make", "up", "STACK=dev", "CLOUD=standin")
    stack = standin.stack(Checkout(project.root, project.state, cache()), "dev")
    variables = [f"{name}={value}" for name, value in pulumi.environment(stack.state, project.root).items()]

    def preview(folder: Path) -> None:
        project.must("env", *variables, "pulumi", "preview", "--cwd", str(folder), "--expect-no-changes", *stack.where)

    say("dev: previews without a change")
    crowded = _with_all_packages(project)
    ours, theirs = in_turn(lambda: preview(project.root), lambda: preview(crowded))
    yield Figure("preview of dev without a change", ours, "the same in an environment with all packages", theirs, 1.05)


def _with_all_packages(project: Project) -> Path:
    """A copy of the program in the environment that has the packages of the local cluster and of developers, too."""
    root = copy_project(project.root / "all-packages").root
    described = yaml.safe_load((root / "Pulumi.yaml").read_text())
    described["runtime"]["options"]["virtualenv"] = ".tools"
    (root / "Pulumi.yaml").write_text(yaml.safe_dump(described))
    return root
