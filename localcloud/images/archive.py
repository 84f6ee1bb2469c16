"""Writes a directory tree as an image: a docker-archive, which containerd, Docker and Podman all load.

The same tree gives the same bytes on every machine: entries sorted, times at the epoch, owners and modes from the
recipe instead of the disk. So nothing needs root, and the image's digest says whether two images differ.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import stat
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from localcloud.images.errors import ImageBuildError

EPOCH = "1970-01-01T00:00:00Z"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image runs as, unless the pod says otherwise."""

    user: str
    """`uid:gid`, numeric: Kubernetes' `runAsNonRoot` cannot judge names."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)
    ports: tuple[int, ...] = ()
    stop_signal: str = "SIGTERM"
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", self.user):
            raise ImageBuildError(f"image user {self.user!r}: must be `uid:gid` in numbers, and not root")


@dataclass(frozen=True)
class Tree:
    """A root directory, and what its disk cannot say: owners and modes that are not the usual ones.

    Every path not named belongs to root and is 0755 (directories, executables) or 0644; set-uid, set-gid and
    sticky bits are there only where `modes` has them.
    """

    root: Path
    owners: Mapping[str, int] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)


def architecture() -> str:
    """This machine's architecture by the name that images and Debian use for it."""
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise ImageBuildError(f"no images for {machine}: only {' and '.join(_ARCHITECTURES)} are supported")
    return _ARCHITECTURES[machine]


def write_archive(tree: Tree, config: ImageConfig, reference: str, target: Path) -> None:
    """Write `target`, with a scratch file beside it while it works."""
    missing = sorted(path for path in {*tree.owners, *tree.modes} if not os.path.lexists(tree.root / path))
    if missing:
        raise ImageBuildError(f"{reference}: owner or mode given for what is not in the tree: {', '.join(missing)}")
    scratch = target.with_name(target.name + ".layer")
    try:
        with scratch.open("wb") as file:
            digesting = _Digesting(file)
            _write_layer(tree, digesting)
        layer = digesting.hexdigest()
        body = _json(_image(config, layer))
        name = f"{hashlib.sha256(body).hexdigest()}.json"
        manifest = [{"Config": name, "RepoTags": [reference], "Layers": [f"{layer}/layer.tar"]}]
        with target.open("wb") as out, tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
            _add_bytes(archive, "manifest.json", _json(manifest))
            _add_bytes(archive, name, body)
            with scratch.open("rb") as blob:
                entry = _entry(f"{layer}/layer.tar", 0o644)
                entry.size = scratch.stat().st_size
                archive.addfile(entry, blob)
    finally:
        scratch.unlink(missing_ok=True)


def _image(config: ImageConfig, layer: str) -> dict[str, object]:
    return {
        "architecture": architecture(),
        "os": "linux",
        "created": EPOCH,
        "config": {
            "User": config.user,
            "Env": list(config.env),
            "Entrypoint": list(config.entrypoint) or None,
            "Cmd": list(config.command) or None,
            "ExposedPorts": {f"{port}/tcp": {} for port in config.ports},
            "StopSignal": config.stop_signal,
            "WorkingDir": "/",
            "Labels": dict(config.labels),
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created": EPOCH, "created_by": "localcloud/images"}],
    }


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _entry(name: str, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)  # its time is the epoch and its owner root, until told otherwise
    entry.mode = mode
    return entry


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = _entry(name, 0o644)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _write_layer(tree: Tree, out: _Digesting) -> None:
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as layer:
        for path in _walk(tree.root):
            _add(layer, tree, path)


def _walk(root: Path) -> Iterator[Path]:
    """Every path below `root`, parents first, in an order that is the same everywhere."""
    for child in sorted(root.iterdir(), key=lambda path: os.fsencode(path.name)):
        yield child
        if child.is_dir() and not child.is_symlink():
            yield from _walk(child)


def _add(layer: tarfile.TarFile, tree: Tree, path: Path) -> None:
    name = path.relative_to(tree.root).as_posix()
    status = path.lstat()
    entry = _entry(name, tree.modes.get(name, 0o755 if status.st_mode & 0o111 else 0o644))
    entry.uid = entry.gid = tree.owners.get(name, 0)
    if stat.S_ISLNK(status.st_mode):
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
        layer.addfile(entry)
    elif stat.S_ISDIR(status.st_mode):
        entry.type, entry.mode = tarfile.DIRTYPE, tree.modes.get(name, 0o755)
        layer.addfile(entry)
    elif stat.S_ISREG(status.st_mode):
        entry.size = status.st_size
        with path.open("rb") as content:
            layer.addfile(entry, content)
    else:
        raise ImageBuildError(f"/{name} is neither a file, a directory nor a link; images hold nothing else")


class _Digesting(io.RawIOBase):
    """Passes bytes on and knows their SHA-256."""

    def __init__(self, out: IO[bytes]) -> None:
        super().__init__()
        self._out = out
        self._hash = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._hash.update(data)
        return self._out.write(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
