"""MySQL: the server and client binaries of Debian's mysql-server, bash and coreutils; no data and no entry script.

/var/lib/mysql is empty: initialising it (`mysqld --initialize-insecure` and what follows) is the pod's own affair.
Configuration goes to /etc/mysql/conf.d, as with the upstream image, and the server's user has the same number, 999.
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
SERIES = "9.7"
SUITE = "sid"  # Debian has MySQL nowhere else
PACKAGES = (
    *("mysql-server-core", "mysql-client-core"),
    *("bash", "coreutils", "dash", "findutils", "grep", "hostname", "mawk", "openssl", "sed", "tar"),
    "util-linux",  # flock: two pods must not work on one claim
)
# For maintainer scripts and Perl scripts, of which none runs here; password files and ciphers of old.
WITHOUT = (
    *("base-passwd", "debconf", "perl", "perl-base"),
    *("libdb5.3t64", "libsasl2-modules-db", "openssl-provider-legacy"),
)
# Mostly 7 MB each: for MyISAM tables, key rings and the sign-in services of clouds.
REMOVED = (
    "usr/lib/*/gconv",  # conversions between character sets of old; mysqld has its own
    *(f"usr/bin/{name}" for name in ("myisam_ftdump", "myisamchk", "myisamlog", "myisampack")),
    *(f"usr/bin/{name}" for name in ("mysql_migrate_keyring", "mysql_secure_installation", "perror")),
    *(
        f"usr/lib/mysql/plugin/authentication_{name}_client.so"
        for name in ("kerberos", "oci", "openid_connect", "webauthn")
    ),
    *(f"usr/lib/mysql/plugin/{name}.so" for name in ("component_telemetry", "telemetry_client")),
)
NEEDED = (
    *("usr/sbin/mysqld", "usr/bin/mysql", "usr/bin/mysqladmin", "usr/bin/mysqlbinlog", "usr/bin/mysqldump"),
    *("usr/bin/bash", "usr/bin/openssl", "usr/bin/true", "usr/bin/sh", "usr/bin/awk", "usr/bin/flock"),
    *(f"usr/lib/mysql/plugin/{name}.so" for name in ("mysql_clone", "semisync_source", "semisync_replica")),
)
DEFAULTS = """\
[mysqld]
datadir = /var/lib/mysql
socket = /run/mysqld/mysqld.sock
pid-file = /run/mysqld/mysqld.pid
secure-file-priv = /var/lib/mysql-files

[client]
socket = /run/mysqld/mysqld.sock

!includedir /etc/mysql/conf.d/
"""


def assemble(workshop: Workshop) -> tuple[Tree, ImageConfig]:
    root = workshop.scratch / "root"
    versions = debian.unpack(workshop, SUITE, PACKAGES, root, WITHOUT)
    _check_series(versions["mysql-server-core"])
    debian.strip(root, *REMOVED)
    owned = ("run/mysqld", "var/lib/mysql", "var/lib/mysql-files")
    files.skeleton(root, *owned, "etc/mysql/conf.d")
    files.accounts(root, "mysql", USER, home="/var/lib/mysql")
    files.write(root, "etc/mysql/my.cnf", DEFAULTS)
    (root / "usr/bin/awk").symlink_to("mawk")  # Debian leaves this link to a maintainer script
    _check(workshop, root)
    config = ImageConfig(
        user=f"{USER}:{USER}",
        command=("mysqld",),
        ports=(3306,),
        labels=package_labels(SUITE, versions),
    )
    modes = {"tmp": 0o1777, "var/tmp": 0o1777, "var/lib/mysql": 0o750, "var/lib/mysql-files": 0o750}
    return Tree(root, owners=dict.fromkeys(owned, USER), modes=modes), config


def _check_series(version: str) -> None:
    """A newer series upgrades the data it finds, for good: that must be somebody's decision."""
    if not version.startswith(f"{SERIES}."):
        raise ImageBuildError(
            f"{RECIPE.name}: Debian {SUITE} now has MySQL {version}, this recipe is for {SERIES}, and data a newer "
            f"series has opened cannot go back: take up the new series in {__name__} and in the stack file"
        )


def _check(workshop: Workshop, root: Path) -> None:
    if missing := [path for path in NEEDED if not (root / path).exists()]:
        raise ImageBuildError(f"{RECIPE.name}: Debian's packages no longer hold {', '.join(missing)}")
    said = debian.run_inside(workshop, root, "usr/sbin/mysqld", "--no-defaults", "--version")
    if not re.search(rf"\b{re.escape(SERIES)}\.\d+", said):
        raise ImageBuildError(f"{RECIPE.name}: mysqld says it is {said.strip()!r}, not {SERIES}")


RECIPE = Recipe(
    name="localhost/statefulsets/mysql:9.7",
    description="MySQL 9.7 from Debian, with the clone and semi-synchronous replication plugins",
    assemble=assemble,
    sources=(HERE / "recipes/mysql.py",),
    suite=SUITE,
    debian_packages=PACKAGES,
    commands=("apt-get", "dpkg-deb", "tar"),
    seconds=12,
    megabytes=281,
)
