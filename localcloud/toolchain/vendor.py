"""The vendor's own releases, checked against the vendor's own list of SHA-256 sums."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.host.errors import LocalCloudError
from localcloud.host.progress import Progress
from localcloud.toolchain.catalog import Release, Tool

if TYPE_CHECKING:
    import httpx


def fetch(tool: Tool, work: Path, progress: Progress) -> bool:
    """Put every program of the tool into `work`; False if a release does not answer, or there is none.

    A download that does answer but is not what the vendor's list says is an error, never a reason to go on.
    """
    if not tool.releases:
        return False
    import httpx  # slow to import, and seldom needed

    with httpx.Client(timeout=httpx.Timeout(60, connect=5), follow_redirects=True) as client:
        try:
            for release in tool.releases:
                sums = client.get(release.sums)
                if sums.status_code != httpx.codes.OK:
                    return False
                with progress.step(tool.name, f"fetching {tool.name} {tool.version}"):
                    archive = _download(client, release, work)
                    _check(archive, release, sums.text)
                    _take_out(archive, release, work)
        except httpx.HTTPError:
            return False
    return True


def _download(client: httpx.Client, release: Release, work: Path) -> Path:
    archive = work / release.url.rpartition("/")[2]
    with client.stream("GET", release.url) as response, archive.open("wb") as file:
        response.raise_for_status()
        for chunk in response.iter_bytes(1 << 20):
            file.write(chunk)
    return archive


def _check(archive: Path, release: Release, sums: str) -> None:
    from localcloud.toolchain.install import sha256

    have = sha256(archive)
    listed = {name.lstrip("*"): digest for digest, name in re.findall(r"([0-9a-f]{64})\s+(\S+)", sums)}
    want = listed.get(archive.name) or (sums.strip() if re.fullmatch(r"[0-9a-f]{64}", sums.strip()) else None)
    if want != have:
        raise LocalCloudError(f"{release.url}: SHA-256 is {have}, the vendor's list says {want}; nothing was installed")


def _take_out(archive: Path, release: Release, work: Path) -> None:
    for program, member in release.members.items():
        if not member:
            continue  # the download is the program
        with tarfile.open(archive) as tar:
            source = next((m for m in tar.getmembers() if m.name.removeprefix("./") == member and m.isfile()), None)
            content = tar.extractfile(source) if source else None
            if content is None:
                raise LocalCloudError(f"{release.url}: no {member} in the archive")
            with (work / program).open("wb") as file:
                shutil.copyfileobj(content, file)
    if any(release.members.values()):
        archive.unlink()
