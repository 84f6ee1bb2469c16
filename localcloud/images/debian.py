"""Files out of Debian packages, without installing anything: no root, no chroot, no maintainer scripts.

apt resolves, downloads and verifies against the archive's signature, in a state directory of its own; the packages
are then unpacked into a directory. Packages that an image has no use for (`without`) are declared present to apt,
so that they and what only they need stay away.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.images.archive import architecture
from localcloud.images.errors import ImageBuildError
from localcloud.images.workshop import Workshop

MIRROR_VARIABLE = "LOCALCLOUD_DEBIAN_MIRROR"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SUITES = re.compile(r"^(bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable)$")
_USELESS = """
    etc/apparmor.d etc/cron.daily etc/default etc/init.d etc/logcheck etc/logrotate.d etc/ufw usr/lib/systemd
    usr/share/apport usr/share/bash-completion usr/share/bug usr/share/debianutils usr/share/info
    usr/share/initramfs-tools usr/share/lintian usr/share/locale usr/share/man usr/share/menu
"""


@dataclass(frozen=True)
class Mirror:
    """An address that serves Debian, and the keyring that its machine trusts for it."""

    uri: str
    signed_by: str | None


def find_mirror(apt: Path = Path("/etc/apt")) -> Mirror:
    """The mirror of `LOCALCLOUD_DEBIAN_MIRROR`, else the first Debian one of this machine's own apt sources."""
    if uri := os.environ.get(MIRROR_VARIABLE):
        return Mirror(uri, str(KEYRING))
    for path in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        if path.suffix in {".list", ".sources"} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            for mirror in _one_line(text) if path.suffix == ".list" else _stanzas(text):
                return mirror
    raise ImageBuildError(
        f"no Debian mirror among this machine's apt sources: set {MIRROR_VARIABLE} to one "
        "and install debian-archive-keyring"
    )


def _one_line(text: str) -> Iterator[Mirror]:
    for line in text.splitlines():
        found = re.match(r"^\s*deb\s+(?:\[([^]]*)]\s+)?(\S+)\s+(\S+)\s+(.*)$", line)
        if found and _SUITES.match(found[3]) and "main" in found[4].split():
            signed_by = re.search(r"signed-by=(\S+)", found[1] or "")
            yield Mirror(found[2], signed_by[1] if signed_by else None)


def _stanzas(text: str) -> Iterator[Mirror]:
    """deb822: `Field: value` lines, stanzas parted by blank lines; a value goes on in indented lines."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n[ \t]*\n", kept):
        pairs = re.findall(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        fields = {name.lower(): value.split() for name, value in pairs}
        suites = [suite for suite in fields.get("suites", []) if _SUITES.match(suite)]
        enabled = fields.get("enabled", ["yes"])[0].lower() not in {"no", "false", "0"}
        if enabled and "deb" in fields.get("types", []) and suites and "main" in fields.get("components", []):
            keys = fields.get("signed-by", [])
            yield Mirror(fields["uris"][0], keys[0] if len(keys) == 1 and keys[0].startswith("/") else None)


def unpack(
    workshop: Workshop, suite: str, packages: Sequence[str], root: Path, without: Iterable[str] = ()
) -> dict[str, str]:
    """Unpack `packages` and all they depend on into `root`; return the version of each package unpacked."""
    archives = _download(workshop, suite, packages, without)
    root.mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):  # merged /usr, as Debian has it since 12
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    versions = {}
    for archive in archives:
        name, version = archive.name.split("_")[:2]
        versions[name] = version.replace("%3a", ":")
        payload = workshop.scratch / "payload.tar"
        workshop.run(["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" > "$2"', "sh", archive, payload])
        workshop.run(["tar", "--no-same-owner", "--keep-directory-symlink", "-C", root, "-xf", payload])
        payload.unlink()
    return versions


def _download(workshop: Workshop, suite: str, packages: Sequence[str], without: Iterable[str]) -> list[Path]:
    mirror = find_mirror()
    apt = workshop.scratch / "apt"
    for directory in ("lists/partial", "archives/partial"):
        (apt / directory).mkdir(parents=True)
    options = f"arch={architecture()}" + (f" signed-by={mirror.signed_by}" if mirror.signed_by else "")
    (apt / "sources.list").write_text(f"deb [{options}] {mirror.uri} {suite} main\n", encoding="utf-8")
    (apt / "status").write_text("".join(_present(name) for name in without), encoding="utf-8")
    command = ["apt-get", "-y", "-q", "--no-install-recommends"]
    for option in (
        f"Dir::Etc::SourceList={apt}/sources.list",
        "Dir::Etc::SourceParts=-",
        "Dir::Etc::Preferences=-",
        "Dir::Etc::PreferencesParts=-",
        f"Dir::State::Lists={apt}/lists",
        f"Dir::State::Status={apt}/status",
        f"Dir::State::extended_states={apt}/extended_states",
        f"Dir::Cache={apt}",
        f"Dir::Cache::Archives={apt}/archives",
        f"APT::Architecture={architecture()}",
        "APT::Architectures::=" + architecture(),
        "APT::Sandbox::User=root",
        "APT::Update::Error-Mode=any",
        "Acquire::Languages=none",
        "Acquire::Retries=3",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
    ):
        command += ["-o", option]
    workshop.progress(f"reading Debian {suite}'s package index")
    workshop.run([*command, "update"])
    workshop.progress(f"downloading {packages[0]} and what goes with it")
    workshop.run([*command, "--download-only", "install", *packages])
    return sorted((apt / "archives").glob("*.deb"))


def _present(name: str) -> str:
    return (
        f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture()}\nMulti-Arch: allowed\n"
        f"Version: 9999:0\nMaintainer: nobody\nDescription: not wanted\n\n"
    )


def strip(root: Path, *more: str) -> None:
    """Remove documentation and the like, and `more` (globs); copyright files stay, as the licences ask."""
    paths = [path for pattern in (*_USELESS.split(), "usr/share/doc/*/*", *more) for path in root.glob(pattern)]
    for path in paths:
        if path.name == "copyright" or path.parent.is_symlink():
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def run_inside(workshop: Workshop, root: Path, program: str, *arguments: str) -> str:
    """Run a program of the tree with the tree's own libraries and loader, so that a missing one shows at the build."""
    loader = next(root.glob("usr/lib*/ld-linux-*.so.*"), None)
    if loader is None:
        raise ImageBuildError(f"{workshop.image}: Debian's packages hold no loader for {program}")
    libraries = ":".join(str(path) for path in root.glob("usr/lib/*-linux-gnu"))
    return workshop.run([loader, "--inhibit-cache", "--library-path", libraries, root / program, *arguments])
