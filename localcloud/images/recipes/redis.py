"""Redis: the server and redis-cli of Debian's packages, with busybox to look around with; no configuration, no data.

As with the upstream image the server's user has the number 999 and the data is in /data. Unlike there, Redis's
protected mode is on: a server without a password answers nobody outside its pod.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.images import debian, files
from localcloud.images.archive import ImageConfig, Tree
from localcloud.images.errors import ImageBuildError
from localcloud.images.recipe import HERE, Recipe, package_labels
from localcloud.images.workshop import Workshop

USER = 999
SERIES = "8"
SUITE = "trixie"
PACKAGES = (
    *("redis-server", "busybox-static"),
    "libc-bin",  # the locale C.UTF-8: with a LANG that is not there Redis does not start
    "util-linux",  # flock: two pods must not work on one claim
)
PROGRAMS = ("busybox", "flock", *(f"redis-{name}" for name in ("benchmark", "check-aof", "check-rdb", "cli", "server")))
"""What stays of the packages' programs."""
# For init scripts and maintainer scripts, of which none runs here; for programs of util-linux that go; ciphers of old.
WITHOUT = (
    *("adduser", "base-passwd", "debconf", "init-system-helpers", "openssl-provider-legacy"),
    *("libcap-ng0", "libcrypt1", "libpam-modules", "libpam-runtime", "libpam0g", "libselinux1", "libsqlite3-0"),
    *("libtinfo6", "libudev1"),
)
REMOVED = (
    "etc/redis",  # the configuration of a daemon on a machine of its own
    "etc/pam.d",
    "usr/lib/*/gconv",  # conversions between character sets
    *(f"usr/lib/*/lib{name}.so*" for name in ("blkid", "lastlog2", "mount", "smartcols", "uuid")),  # of util-linux
)


def assemble(workshop: Workshop) -> tuple[Tree, ImageConfig]:
    root = workshop.scratch / "root"
    versions = debian.unpack(workshop, SUITE, PACKAGES, root, WITHOUT)
    _check_series(versions["redis-server"])
    debian.strip(root, *REMOVED, *_other_programs(root))
    files.skeleton(root, "data")
    files.accounts(root, "redis", USER, home="/data")
    files.busybox(workshop, root)
    _check(workshop, root)
    config = ImageConfig(
        user=f"{USER}:{USER}",
        command=("redis-server", "--dir", "/data"),
        ports=(6379,),
        labels=package_labels(SUITE, versions),
    )
    return Tree(root, owners={"data": USER}, modes={"tmp": 0o1777, "var/tmp": 0o1777}), config


def _check_series(version: str) -> None:
    """An older series does not read the files of a newer one: going there must be somebody's decision."""
    if not version.partition(":")[2].startswith(f"{SERIES}."):
        raise ImageBuildError(
            f"{RECIPE.name}: Debian {SUITE} now has Redis {version}, this recipe is for {SERIES}, and an older series "
            f"does not read what a newer one has written: take up the new series in {__name__} and in the stack file"
        )


def _other_programs(root: Path) -> list[str]:
    programs = (path for directory in ("usr/bin", "usr/sbin") for path in (root / directory).iterdir())
    return [str(path.relative_to(root)) for path in programs if path.name not in PROGRAMS]


def _check(workshop: Workshop, root: Path) -> None:
    if missing := [name for name in PROGRAMS if not (root / "usr/bin" / name).exists()]:
        raise ImageBuildError(f"{RECIPE.name}: Debian's packages no longer hold {', '.join(missing)}")
    said = debian.run_inside(workshop, root, "usr/bin/redis-server", "--version")
    if f" v={SERIES}." not in said:
        raise ImageBuildError(f"{RECIPE.name}: redis-server says it is {said.strip()!r}, not {SERIES}")
    debian.run_inside(workshop, root, "usr/bin/redis-cli", "--version")
    debian.run_inside(workshop, root, "usr/bin/flock", "--version")


RECIPE = Recipe(
    name="localhost/statefulsets/redis:8",
    description="Redis 8 from Debian, for pods without root",
    assemble=assemble,
    sources=(HERE / "recipes/redis.py",),
    suite=SUITE,
    debian_packages=PACKAGES,
    without=WITHOUT,
    commands=("apt-get", "dpkg-deb", "tar"),
    seconds=8,
    megabytes=28,
)
