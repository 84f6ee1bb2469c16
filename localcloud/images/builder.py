"""Builds the local stacks' images without Docker and without a registry: `build(name, cache, progress)`.

An archive is kept under its image's name and a hash of everything in this repository that decides its content, so a
change of a recipe or of kubia's code makes a new one, and another checkout finds what this one built. Debian's
packages are the newest of their suite at the time of the build; to get newer ones, remove the archive.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from localcloud.images.archive import write_archive
from localcloud.images.errors import ImageBuildError
from localcloud.images.recipe import Recipe
from localcloud.images.recipes import kubia, mysql, nginx, pause, postgres, redis
from localcloud.images.workshop import Workshop
from localcloud.toolchain import golang

__all__ = ["IMAGES", "ImageBuildError", "archive_path", "build"]

IMAGES: Mapping[str, Recipe] = MappingProxyType(
    {module.RECIPE.name: module.RECIPE for module in (pause, kubia, nginx, mysql, redis, postgres)}
)
"""Every image that can be built here, by the reference that pods use."""

_UNUSED_DAYS = 30


def archive_path(name: str, cache: Path) -> Path:
    """Where `build` leaves the archive; if it is there, `build` returns at once."""
    recipe = _recipe(name)
    return cache / f"{recipe.short}-{recipe.inputs_hash()}.tar"


def build(
    name: str, cache: Path, progress: Callable[[str], None], go: Callable[[str], Path | None] = golang.on_path
) -> Path:
    """Return the docker-archive of an image of `IMAGES`, building it if it is not in `cache`.

    `go` gets a Go of at least the version that it is given, for images that hold a program of ours.

    Interrupted at any point it leaves no archive, and the next build clears what it left. Two builds of one image
    at a time wait for each other. Raises `ImageBuildError`, one line.
    """
    recipe = _recipe(name)
    target = archive_path(name, cache)
    if _in_use(target):
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f".{recipe.short}.lock", lambda: progress(f"waiting for another build of {name}")) as lock:
            if not _in_use(target):
                _build(recipe, target, Workshop(name, cache / f".{recipe.short}.building", progress, lock, go))
    except OSError as error:
        raise ImageBuildError(f"{name}: cannot build it in {cache}: {error}") from error
    return target


def _recipe(name: str) -> Recipe:
    if name not in IMAGES:
        raise ImageBuildError(f"{name}: no recipe for this image; there are recipes for {', '.join(IMAGES)}")
    return IMAGES[name]


def _build(recipe: Recipe, target: Path, workshop: Workshop) -> None:
    _remove(workshop.scratch)
    workshop.scratch.mkdir()
    try:
        tree, config = recipe.assemble(workshop)
        workshop.progress("writing the archive")
        aside = workshop.scratch / target.name
        write_archive(tree, config, recipe.name, aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(target)
        _sync_directory(target.parent)
    finally:
        _remove(workshop.scratch)
    for old in target.parent.glob(f"{recipe.short}-*.tar"):
        if time.time() - old.stat().st_mtime > _UNUSED_DAYS * 86400:
            old.unlink()


def _in_use(target: Path) -> bool:
    """Whether the archive is there; if so, note that it is still wanted."""
    if not target.is_file():
        return False
    with suppress(OSError):  # a cache that is only readable serves as well
        os.utime(target)
    return True


@contextmanager
def _locked(path: Path, on_wait: Callable[[], object]) -> Iterator[int]:
    """Hold a lock that ends with the last process that has it open, however that ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _remove(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
