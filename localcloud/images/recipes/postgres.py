"""PostgreSQL: Debian's server and client programs, bash, busybox, flock, and an entry script that makes the first data.

The entry script takes the environment variables of the upstream image, and the server's user has the number 999 as
there; but the data of a first start is whole or not there: see `localcloud/images/postgres/entrypoint.sh`. LLVM stays
away (160 MB): the server finds no compiler for queries and does without.
"""

from __future__ import annotations

import re
from pathlib import Path

from localcloud.images import debian, files
from localcloud.images.archive import ImageConfig, Tree
from localcloud.images.errors import ImageBuildError
from localcloud.images.recipe import HERE, Recipe, package_labels
from localcloud.images.workshop import Workshop

USER = 999
SERIES = "17"
SUITE = "trixie"
PACKAGES = (
    *("postgresql", "postgresql-client", "bash", "busybox-static"),
    "libc-bin",  # the locale C.UTF-8
    "libnss-wrapper",  # a name for users that /etc/passwd does not have
    "tini",  # process 1
    "util-linux",  # flock: two pods must not work on one claim
)
PROGRAMS = ("bash", "busybox", "flock", "getent", "locale", "tini")
"""What stays of the programs in /usr/bin and /usr/sbin; PostgreSQL's own are elsewhere and get links there."""
# Perl scripts that manage several clusters on a machine, and for maintainer scripts, of which none runs here; the
# compiler of queries; for programs of util-linux that go; password files and ciphers of old.
WITHOUT = (
    *("postgresql-common", "postgresql-client-common", "ssl-cert", "locales", "sensible-utils", "readline-common"),
    *("base-files", "debconf", "debianutils", "libdb5.3t64", "libsasl2-modules-db", "openssl-provider-legacy"),
    *("libllvm19", "libcrypt1", "libpam-modules", "libpam-runtime", "libselinux1", "libsqlite3-0", "libudev1"),
)
REMOVED = (
    *("etc/pam.d", "etc/skel", "usr/share/postgresql/*/man"),
    *("usr/lib/*/cmake", "usr/lib/*/pkgconfig", "usr/share/gcc", "usr/share/gdb"),
    "usr/lib/*/gconv",  # conversions between character sets of old; postgres has its own
    *(f"usr/lib/postgresql/*/lib/{name}" for name in ("bitcode", "llvmjit*", "pgxs", "sepgsql.so")),
    *(f"usr/lib/*/lib{name}.so*" for name in ("blkid", "lastlog2", "mount", "smartcols")),  # of util-linux
)
HOME = "var/lib/postgresql"
SERVER = f"usr/lib/postgresql/{SERIES}/bin"
NEEDED = (
    *(f"usr/bin/{name}" for name in PROGRAMS),
    *(
        f"{SERVER}/{name}"
        for name in ("initdb", "pg_basebackup", "pg_ctl", "pg_dump", "pg_isready", "postgres", "psql")
    ),
    *("usr/lib/locale/C.utf8/LC_CTYPE", f"usr/share/postgresql/{SERIES}/postgres.bki"),
)
ENTRYPOINT = "usr/local/bin/docker-entrypoint.sh"  # upstream's name for it


def assemble(workshop: Workshop) -> tuple[Tree, ImageConfig]:
    root = workshop.scratch / "root"
    versions = debian.unpack(workshop, SUITE, PACKAGES, root, WITHOUT)
    _check_series(versions["postgresql"])
    debian.strip(root, *REMOVED, *_other_programs(root))
    owned = ("run/postgresql", HOME, f"{HOME}/data")
    files.skeleton(root, *owned)
    files.accounts(root, "postgres", USER, home=f"/{HOME}")
    files.write(root, ENTRYPOINT, (HERE / "postgres/entrypoint.sh").read_text(encoding="utf-8"))
    (root / ENTRYPOINT).chmod(0o755)
    _check(workshop, root)
    for program in (root / SERVER).iterdir():  # Debian has links to its Perl scripts there
        (root / "usr/bin" / program.name).symlink_to(f"/{SERVER}/{program.name}")
    files.busybox(workshop, root)
    config = ImageConfig(
        user=f"{USER}:{USER}",
        entrypoint=(ENTRYPOINT.rpartition("/")[2],),
        command=("postgres",),
        env=(*ImageConfig.env, f"PGDATA=/{HOME}/data/pgdata", "LANG=C.UTF-8"),
        ports=(5432,),
        stop_signal="SIGINT",  # ends sessions and writes a checkpoint; SIGTERM would wait for clients to go
        labels=package_labels(SUITE, versions),
    )
    modes = {"tmp": 0o1777, "var/tmp": 0o1777, f"{HOME}/data": 0o700}
    return Tree(root, owners=dict.fromkeys(owned, USER), modes=modes), config


def _check_series(version: str) -> None:
    """No series opens the data of another: going there takes a dump or pg_upgrade, and somebody's decision."""
    if not re.match(rf"{SERIES}\D", version):
        raise ImageBuildError(
            f"{RECIPE.name}: Debian {SUITE} now has PostgreSQL {version}, this recipe is for {SERIES}, and no series "
            f"opens the data of another: take up the new series in {__name__} and in the stack file"
        )


def _other_programs(root: Path) -> list[str]:
    programs = (path for directory in ("usr/bin", "usr/sbin") for path in (root / directory).iterdir())
    return [str(path.relative_to(root)) for path in programs if path.name not in PROGRAMS]


def _check(workshop: Workshop, root: Path) -> None:
    if missing := [path for path in NEEDED if not (root / path).exists()]:
        raise ImageBuildError(f"{RECIPE.name}: Debian's packages no longer hold {', '.join(missing)}")
    said = debian.run_inside(workshop, root, f"{SERVER}/postgres", "--version")
    if f" {SERIES}." not in said:
        raise ImageBuildError(f"{RECIPE.name}: postgres says it is {said.strip()!r}, not {SERIES}")
    for program in (f"{SERVER}/initdb", f"{SERVER}/psql", "usr/bin/bash", "usr/bin/flock"):
        debian.run_inside(workshop, root, program, "--version")


RECIPE = Recipe(
    name="localhost/statefulsets/postgres:17",
    description="PostgreSQL 17 from Debian, with an entry script whose first start can be killed at any point",
    assemble=assemble,
    sources=(HERE / "recipes/postgres.py", HERE / "postgres"),
    suite=SUITE,
    debian_packages=PACKAGES,
    without=WITHOUT,
    commands=("apt-get", "dpkg-deb", "tar"),
    seconds=12,
    megabytes=92,
)
