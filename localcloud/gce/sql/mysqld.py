"""The mysqld that runs behind Cloud SQL instances, where this machine has one. Nothing is downloaded or built for it.

It runs in a mount namespace, with a root of its own and as nobody's account, so that it sees its instance's folder (at
/mnt) and the image it comes from, and nothing of the host's.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localcloud.host.errors import LocalCloudError
from localcloud.images.builder import archive_path

IMAGE: Final = "localhost/statefulsets/mysql:9.7"
OLDEST: Final = (8, 0, 26)
"""The oldest version that is taken: older ones lack statements used here, such as CHANGE REPLICATION SOURCE."""
ACCOUNT: Final = 999
"""The number of the user and group that mysqld runs as, which is that of the image's own account."""
INSIDE: Final = "/mnt"
"""The path under which mysqld sees its instance's folder."""
_START = (
    f'mount --bind "$1" "$2{INSIDE}" && root=$2 && shift 2 && exec chroot --userspec={ACCOUNT}:{ACCOUNT} "$root" "$@"'
)


@dataclass(frozen=True)
class Engine:
    """A mysqld: its root directory, its path in there, and what it is in words."""

    root: Path
    program: str
    told: str

    def command(self, folder: Path, *options: str, namespace: Path | None = None) -> list[str]:
        """The command line of a mysqld on an instance's folder, whose `my.cnf` configures it.

        With `namespace`, the file of a network namespace, it runs in that.
        """
        enter = ["nsenter", f"--net={namespace}"] if namespace else []
        program = [self.program, f"--defaults-file={INSIDE}/my.cnf", *options]
        return [*enter, "unshare", "--mount", "sh", "-c", _START, "sh", str(folder), str(self.root), *program]


def version_of(program: Sequence[str]) -> tuple[int, ...]:
    """The version that a command line of mysqld tells, as (major, minor, patch); raises LocalCloudError."""
    done = subprocess.run([*program, "--no-defaults", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\bVer (\d+)\.(\d+)\.(\d+)", done.stdout)
    if found is None:
        raise LocalCloudError(f"{program[-1]} does not tell its version: {(done.stderr or done.stdout).strip()}")
    return tuple(map(int, found.groups()))


def find(
    folder: Path,
    images: Path,
    path: str | None = None,
    version_of: Callable[[Sequence[str]], tuple[int, ...]] = version_of,
) -> Engine | str:
    """The best mysqld of this machine, or in words why there is none.

    The image's comes first: from its archive in `images`, unpacked once below `folder`; else one that was unpacked
    before. Then one on PATH (`path` in its stead). Raises LocalCloudError, OSError or TarError where the one that
    comes first cannot be used.
    """
    archive = archive_path(IMAGE, images)
    unpacked = folder / archive.stem
    if archive.is_file() and not unpacked.exists():
        unpack(archive, unpacked)
    before = sorted(folder.glob(f"{archive.stem.partition('-')[0]}-*"), key=lambda each: each.stat().st_mtime)
    for root in [unpacked] if unpacked.exists() else before[-1:]:
        version = version_of(["chroot", f"--userspec={ACCOUNT}:{ACCOUNT}", str(root), "/usr/sbin/mysqld"])
        return Engine(root, "/usr/sbin/mysqld", f"mysqld {_text(version)} of {IMAGE}")
    program = shutil.which("mysqld", path=path)
    if program is None:
        return f"{IMAGE} is not built, and there is no mysqld on PATH"
    version = version_of([program])
    if version < OLDEST:
        return f"{IMAGE} is not built, and {program} is {_text(version)}, older than {_text(OLDEST)}"
    return Engine(Path("/"), program, f"mysqld {_text(version)} of {program}")


def unpack(archive: Path, target: Path) -> None:
    """Unpack an image's archive, whole or not at all. Its layers must delete nothing of each other, as ours do not."""
    aside = target.with_name(f".{target.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o755)
    with tarfile.open(archive) as outer:
        manifest = outer.extractfile("manifest.json")
        for layer in json.load(manifest)[0]["Layers"] if manifest else ():
            with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                inner.extractall(aside, filter="tar", numeric_owner=True)
    (aside / INSIDE.strip("/")).mkdir(exist_ok=True)
    aside.rename(target)


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


# What an instance's my.cnf says -------------------------------------------------------------------------------------

OURS: Final[Mapping[str, str]] = {
    "datadir": f"{INSIDE}/data",
    "socket": f"{INSIDE}/run/mysqld.sock",
    "pid_file": f"{INSIDE}/run/mysqld.pid",
    "tmpdir": f"{INSIDE}/scratch",
    "secure_file_priv": "NULL",
    "port": "3306",
    "mysqlx": "OFF",
    "skip_name_resolve": "ON",
    "partial_revokes": "ON",
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON",
    "plugin_load_add": "mysql_clone.so",
    "ssl_ca": f"{INSIDE}/tls/ca.pem",
    "ssl_cert": f"{INSIDE}/tls/server.pem",
    "ssl_key": f"{INSIDE}/tls/server.key",
    "ssl_crl": f"{INSIDE}/tls/revoked.pem",
}
"""The settings of every server, which no flag may change."""
MODEST: Final[Mapping[str, str]] = {
    "performance_schema": "OFF",
    "innodb_buffer_pool_size": "64M",
    "innodb_log_buffer_size": "4M",
    "innodb_redo_log_capacity": "32M",
    "temptable_max_ram": "16M",
    "table_open_cache": "400",
}
"""Settings that suit a laptop, where flags say nothing else: each instance takes some 200 MB of memory."""
_NOT_FOR_FLAGS = "|".join(
    (
        r".*(dir|directory|directories|_file|_path|_socket|_load|_load_add)",
        r"(ssl|admin|loose|bind|server|report|mysqlx|initialize|defaults)(_.*)?",
        r"tls_(?!version$).*|skip_(?!show_database$).*|log_error(?!_verbosity$).*",
        r"log_bin(_index|_basename)?|skip_log_bin|relay_log(_index|_basename)?",
        r"(super_)?read_only|require_secure_transport|user|chroot|daemonize",
    )
)
"""A pattern of flags that are about paths, addresses and keys, or that other settings of the instance decide."""


def refused_flag(name: str) -> bool:
    """Whether an instance's owner may not set a flag, as it would change which files or addresses mysqld has."""
    return name in OURS or not re.fullmatch(r"[a-z][a-z0-9_]*", name) or bool(re.fullmatch(_NOT_FOR_FLAGS, name))


def configuration(settings: Mapping[str, object], number: int, addresses: list[str], replica: bool) -> str:
    """The text of an instance's my.cnf, for its settings in the API and the addresses that it listens on."""
    backups = settings.get("backupConfiguration") or {}
    ip = settings.get("ipConfiguration") or {}
    assert isinstance(backups, dict) and isinstance(ip, dict)  # noqa: S101, PT018  for mypy
    flags = settings.get("databaseFlags") or []
    assert isinstance(flags, list)  # noqa: S101
    given = {each["name"]: each["value"].replace("\n", " ") for each in flags}
    days = int(backups.get("transactionLogRetentionDays", 7))
    encrypted = ip.get("sslMode", "").startswith(("ENCRYPTED", "TRUSTED"))
    lines = {
        **MODEST,
        "binlog_expire_logs_seconds": str(days * 86400),
        **given,
        **OURS,
        "server_id": str(number),
        "bind_address": ",".join(addresses),
        "require_secure_transport": "ON" if encrypted else "OFF",
        "super_read_only": "ON" if replica else "OFF",
    }
    logged = f"log_bin = {INSIDE}/data/binlog" if backups.get("binaryLogEnabled") else "skip_log_bin"
    return "\n".join(["[mysqld]", *(f"{name} = {value}" for name, value in lines.items()), logged]) + "\n"
