"""What an image is made from and how: the form that every module of `recipes` fills in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.images.archive import ImageConfig, Tree, architecture
from localcloud.images.workshop import Workshop

HERE = Path(__file__).resolve().parent
_SHARED = ("archive.py", "debian.py", "files.py", "recipe.py", "workshop.py")


@dataclass(frozen=True)
class Recipe:
    """One image."""

    name: str
    """The reference that pods use."""
    description: str
    assemble: Callable[[Workshop], tuple[Tree, ImageConfig]]
    sources: tuple[Path, ...]
    """Files and directories of this repository that decide what is in the image, beside what all recipes share."""
    suite: str | None = None
    """The Debian suite that the packages come from."""
    debian_packages: tuple[str, ...] = ()
    """What is unpacked into the image, with dependencies. Nothing is installed on this machine."""
    commands: tuple[str, ...] = ()
    """What must be on this machine's PATH to build it."""
    seconds: int = 0
    """About how long a build takes: two cores, nothing cached."""
    megabytes: int = 0
    """About how large the archive is."""
    without: tuple[str, ...] = field(default=())
    """Debian packages that others ask for and the image does not need."""

    @property
    def short(self) -> str:
        """The name without registry, path and tag."""
        return self.name.rsplit("/", 1)[-1].partition(":")[0]

    def inputs_hash(self) -> str:
        """Changes when anything in this repository changes that decides what is in the image."""
        digest = hashlib.sha256(architecture().encode())
        files = [path for source in self.sources for path in ([source] if source.is_file() else source.rglob("*"))]
        for path in sorted({*files, *(HERE / name for name in _SHARED)}):
            if path.is_file() and not path.name.endswith(("_test.go", ".pyc")):
                content = path.read_bytes()
                digest.update(f"\0{path.relative_to(HERE).as_posix()}\0{len(content)}\0".encode())
                digest.update(content)
        return digest.hexdigest()[:16]


def package_labels(suite: str, versions: Mapping[str, str]) -> dict[str, str]:
    """Labels that tell which Debian packages an image was made of."""
    listing = " ".join(f"{name}={version}" for name, version in sorted(versions.items()))
    return {"statefulsets.debian.suite": suite, "statefulsets.debian.packages": listing}
