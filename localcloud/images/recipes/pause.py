"""pause: the process that holds a pod's namespaces."""

from __future__ import annotations

import shutil
from pathlib import Path

from localcloud.images.archive import ImageConfig, Tree
from localcloud.images.errors import ImageBuildError
from localcloud.images.recipe import HERE, Recipe
from localcloud.images.workshop import Workshop

USER = 65535  # as upstream's


def assemble(workshop: Workshop) -> tuple[Tree, ImageConfig]:
    root = workshop.scratch / "root"
    root.mkdir()
    _compile(workshop, root / "pause")
    return Tree(root), ImageConfig(user=f"{USER}:{USER}", entrypoint=("/pause",))


def _compile(workshop: Workshop, target: Path) -> None:
    """With the C compiler where there is one (0.8 MB), else with Go (1.4 MB)."""
    if compiler := shutil.which("gcc"):
        flags = ["-Os", "-static", "-s", "-Wl,--build-id=none", "-Wall", "-Werror"]
        try:
            workshop.run([compiler, *flags, "-o", target, HERE / "pause/pause.c"])
        except ImageBuildError as error:
            workshop.progress(f"{error}; compiling pause with Go instead")
        else:
            return
    workshop.go_build(HERE / "pause", target)


RECIPE = Recipe(
    name="registry.k8s.io/pause:3.10",
    description="pause: holds each pod's namespaces",
    assemble=assemble,
    sources=(HERE / "recipes/pause.py", HERE / "pause"),
    commands=("gcc or go",),
    seconds=2,
    megabytes=1,
)
