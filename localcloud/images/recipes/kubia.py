"""kubia: the app of `localcloud/images/kubia`, and busybox to look around with."""

from __future__ import annotations

from localcloud.images import debian, files
from localcloud.images.archive import ImageConfig, Tree
from localcloud.images.recipe import HERE, Recipe, package_labels
from localcloud.images.workshop import Workshop

NONROOT = 65532
SUITE = "trixie"
PACKAGES = ("busybox-static",)


def assemble(workshop: Workshop) -> tuple[Tree, ImageConfig]:
    root = workshop.scratch / "root"
    versions = debian.unpack(workshop, SUITE, PACKAGES, root)
    debian.strip(root)
    workshop.progress("compiling kubia")
    workshop.go_build(HERE / "kubia", root / "usr/bin/kubia")
    files.skeleton(root, "var/data")
    files.busybox(workshop, root)
    files.accounts(root, "nonroot", NONROOT)
    config = ImageConfig(
        user=f"{NONROOT}:{NONROOT}",
        entrypoint=("/usr/bin/kubia",),
        ports=(8080,),
        labels=package_labels(SUITE, versions),
    )
    return Tree(root, owners={"var/data": NONROOT}, modes={"tmp": 0o1777, "var/tmp": 0o1777}), config


RECIPE = Recipe(
    name="localhost/statefulsets/kubia:1",
    description="kubia: keeps one text per pod and tells which pod answered",
    assemble=assemble,
    sources=(HERE / "recipes/kubia.py", HERE / "kubia"),
    suite=SUITE,
    debian_packages=PACKAGES,
    commands=("apt-get", "dpkg-deb", "go", "tar"),
    seconds=20,
    megabytes=8,
)
