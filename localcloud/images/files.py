"""Small files that every image needs."""

from __future__ import annotations

from pathlib import Path

from localcloud.images.errors import ImageBuildError
from localcloud.images.workshop import Workshop

APPLETS = """
    awk cat chmod cp cut date dd df dirname du echo env expr false find free grep gunzip gzip head hostname id ip
    kill ln ls mkdir mktemp mount mv nc netstat nslookup pidof ping printf ps pwd readlink realpath rm rmdir sed seq
    sh sha256sum sleep sort stat sync tail tar tee telnet test time timeout top touch tr true uname uniq vi watch wc
    wget which whoami xargs yes
"""


def write(root: Path, path: str, content: str) -> None:
    """Write a text file of the image and the directories above it."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, encoding="utf-8")


def skeleton(root: Path, *more: str) -> None:
    """The directories that a container's runtime and programs expect, and `more`."""
    for directory in ("dev", "etc", "proc", "run", "sys", "tmp", "var/tmp", *more):
        (root / directory).mkdir(parents=True, exist_ok=True)
    run = root / "var/run"
    if run.is_dir() and not run.is_symlink():
        run.rmdir()  # Debian's base-files has it empty, for a maintainer script to replace
    if not run.is_symlink():
        run.symlink_to("/run")


def accounts(root: Path, name: str, uid: int, home: str = "/nonexistent") -> None:
    """The account files: root, nobody, and the one user the image runs as, with a group of the same name and id."""
    shell = "/usr/sbin/nologin"
    people = (("root", 0, "/root"), (name, uid, home), ("nobody", 65534, "/nonexistent"))
    write(
        root,
        "etc/passwd",
        "".join(f"{who}:x:{number}:{number}:{who}:{where}:{shell}\n" for who, number, where in people),
    )
    write(root, "etc/group", "".join(f"{who}:x:{number}:\n" for who, number, _ in people))
    write(root, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")


def busybox(workshop: Workshop, root: Path) -> None:
    """Link each of `APPLETS` that has no file of its own yet to the busybox that lies in the tree."""
    known = workshop.run([root / "usr/bin/busybox", "--list"]).split()
    for applet in APPLETS.split():
        if applet not in known:
            raise ImageBuildError(f"{workshop.image}: Debian's busybox has no {applet}")
        link = root / "usr/bin" / applet
        if not link.exists():
            link.symlink_to("busybox")
