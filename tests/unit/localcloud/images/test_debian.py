"""Taking files out of Debian packages: apt's sources, and stand-ins for apt and dpkg on the PATH."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.images import debian, files
from localcloud.images.errors import ImageBuildError
from localcloud.images.workshop import Workshop


@pytest.fixture(autouse=True)
def no_mirror_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(debian.MIRROR_VARIABLE, raising=False)


def sources(tmp_path: Path, **texts: str) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in texts.items():
        stem, _, kind = name.partition("_")
        place = tmp_path / ("sources.list" if stem == "main" else f"sources.list.d/{stem}.{kind}")
        place.write_text(text)
    return tmp_path


def test_the_mirror_is_read_from_deb822_sources(tmp_path: Path) -> None:
    text = (
        "Types: deb\nURIs: http://vendor.example/apt\nSuites: nodistro\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\n\n"
        "# a comment\nTypes: deb deb-src\nURIs: http://mirror.example/debian\n  http://other.example/debian\n"
        "Suites: bookworm bookworm-updates\nComponents: main contrib\nSigned-By: /usr/share/keyrings/d.gpg\n"
    )
    mirror = debian.find_mirror(sources(tmp_path, debian_sources=text))
    assert mirror == debian.Mirror("http://mirror.example/debian", "/usr/share/keyrings/d.gpg")


def test_the_mirror_is_read_from_one_line_sources(tmp_path: Path) -> None:
    text = (
        "# deb http://commented.example/debian trixie main\n"
        "deb http://security.example/debian-security trixie-security main\n"
        "deb [arch=amd64] http://contrib.example/debian trixie contrib\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main non-free\n"
    )
    mirror = debian.find_mirror(sources(tmp_path, main=text))
    assert mirror == debian.Mirror("http://mirror.example/debian", "/k.gpg")


def test_keys_written_into_the_sources_are_left_to_the_machines_own_trust(tmp_path: Path) -> None:
    text = (
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n AAAA\n"
    )
    assert debian.find_mirror(sources(tmp_path, debian_sources=text)).signed_by is None


def test_the_environment_names_the_mirror_before_the_sources_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(debian.MIRROR_VARIABLE, "http://mine.example/debian")
    assert debian.find_mirror(tmp_path) == debian.Mirror("http://mine.example/debian", str(debian.KEYRING))


def test_a_machine_without_a_debian_mirror_is_told_what_to_set(tmp_path: Path) -> None:
    text = "deb http://mirror.example/ubuntu noble main\n"
    with pytest.raises(ImageBuildError, match="set LOCALCLOUD_DEBIAN_MIRROR"):
        debian.find_mirror(sources(tmp_path, main=text))


# Stand-ins


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    monkeypatch.setenv(debian.MIRROR_VARIABLE, "http://mirror.example/debian")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "bin").mkdir()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    lock = os.open(tmp_path / "lock", os.O_CREAT)
    yield Workshop("localhost/test/app:1", scratch, lambda _: None, lock)
    os.close(lock)


def stand_in(workshop: Workshop, name: str, script: str) -> None:
    path = workshop.scratch.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


APT = """
echo "$@" >> calls
for word; do case "$word" in Dir::Cache::Archives=*) archives="${word#*=}";; esac; last=$word; done
case "$last" in update) ;; *) touch "$archives/app_1%3a2.0-1_amd64.deb" "$archives/lib_3_amd64.deb";; esac
"""
DPKG_DEB = """
tree=$(mktemp -d)
case "$2" in
  *app_*) mkdir -p $tree/usr/bin $tree/usr/share/doc/app $tree/usr/share/man/man1
          echo app > $tree/usr/bin/app; echo c > $tree/usr/share/doc/app/copyright
          echo d > $tree/usr/share/doc/app/README; echo m > $tree/usr/share/man/man1/app.1 ;;
  *lib_*) mkdir -p $tree/lib; echo lib > $tree/lib/lib.so ;;
esac
tar -C $tree -cf - .; rm -r $tree
"""


def test_packages_are_unpacked_and_nothing_of_this_machine_is_read_or_changed(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workshop.scratch)
    stand_in(workshop, "apt-get", APT)
    stand_in(workshop, "dpkg-deb", DPKG_DEB)
    root = workshop.scratch / "root"
    versions = debian.unpack(workshop, "trixie", ("app",), root, without=("perl",))
    assert versions == {"app": "1:2.0-1", "lib": "3"}
    assert (root / "usr/bin/app").read_text() == "app\n"
    assert (root / "usr/lib/lib.so").read_text() == "lib\n", "/lib is a link into /usr and stays one"
    assert (root / "lib").is_symlink()
    calls = Path("calls").read_text().splitlines()
    assert [call.split()[-1] for call in calls] == ["update", "app"]
    for call in calls:
        for private in ("Dir::State::Lists", "Dir::State::Status", "Dir::Cache", "Dir::Cache::Archives"):
            assert f"{private}={workshop.scratch}" in call
        assert "Dir::Etc::SourceParts=- " in call
    assert "--download-only" in calls[1]
    assert "http://mirror.example/debian trixie main" in Path("apt/sources.list").read_text()
    assert Path("apt/status").read_text().startswith("Package: perl\nStatus: install ok installed\n")


def test_documentation_goes_and_copyright_stays(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workshop.scratch)
    stand_in(workshop, "apt-get", APT)
    stand_in(workshop, "dpkg-deb", DPKG_DEB)
    root = workshop.scratch / "root"
    debian.unpack(workshop, "trixie", ("app",), root)
    debian.strip(root, "usr/lib/*.so")
    left = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert left == ["usr/bin/app", "usr/share/doc/app/copyright"]


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("echo Reading...; echo 'E: Failed to fetch the index' >&2; exit 100", "E: Failed to fetch the index"),
        (
            "echo ' libc6 : Depends: libx (= 2) but 3 is there'; echo 'E: held broken packages' >&2; exit 100",
            "libc6 : Depends: libx (= 2) but 3 is there",
        ),
        ("exit 3", "exit 3"),
    ],
)
def test_a_failing_apt_is_one_line_that_says_why(workshop: Workshop, script: str, line: str) -> None:
    stand_in(workshop, "apt-get", script)
    with pytest.raises(ImageBuildError) as caught:
        debian.unpack(workshop, "trixie", ("app",), workshop.scratch / "root")
    assert str(caught.value) == f"localhost/test/app:1: `apt-get` failed: {line}"


def test_a_missing_tool_is_one_line_that_names_it(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(workshop.scratch.parent / "bin"))
    with pytest.raises(ImageBuildError, match="`apt-get` is needed to build it and is not on PATH"):
        debian.unpack(workshop, "trixie", ("app",), workshop.scratch / "root")
    with pytest.raises(ImageBuildError, match=r"Go 1\.24 or newer is needed"):
        workshop.go_build(workshop.scratch, workshop.scratch / "app")


def test_a_hanging_tool_is_ended(workshop: Workshop) -> None:
    stand_in(workshop, "apt-get", "exec sleep 30")
    with pytest.raises(ImageBuildError, match="did not end within 0 s"):
        workshop.run(["apt-get"], seconds=0.2)


# Files that every image needs


def test_applets_are_linked_where_no_file_of_the_name_is(workshop: Workshop) -> None:
    root = workshop.scratch / "root"
    files.write(
        root, "usr/bin/busybox", f"#!/bin/sh\nfor applet in {' '.join(files.APPLETS.split())}; do echo $applet; done\n"
    )
    (root / "usr/bin/busybox").chmod(0o755)
    files.write(root, "usr/bin/sort", "real")
    files.busybox(workshop, root)
    assert (root / "usr/bin/nslookup").readlink() == Path("busybox")
    assert (root / "usr/bin/sort").read_text() == "real"
    assert {"true", "sh", "nslookup", "wget", "cat", "ls", "sleep"} <= set(files.APPLETS.split())


def test_a_busybox_without_an_applet_fails_the_build(workshop: Workshop) -> None:
    root = workshop.scratch / "root"
    files.write(root, "usr/bin/busybox", "#!/bin/sh\necho sh\n")
    (root / "usr/bin/busybox").chmod(0o755)
    with pytest.raises(ImageBuildError, match="Debian's busybox has no awk"):
        files.busybox(workshop, root)


def test_the_account_files_hold_root_nobody_and_the_images_user(tmp_path: Path) -> None:
    files.accounts(tmp_path, "mysql", 999, home="/var/lib/mysql")
    lines = (tmp_path / "etc/passwd").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["root", "mysql", "nobody"]
    assert lines[1] == "mysql:x:999:999:mysql:/var/lib/mysql:/usr/sbin/nologin"
    assert "mysql:x:999:" in (tmp_path / "etc/group").read_text().splitlines()


def test_var_run_becomes_the_link_that_debian_makes_at_installation(tmp_path: Path) -> None:
    (tmp_path / "var/run").mkdir(parents=True)
    files.skeleton(tmp_path, "var/data")
    files.skeleton(tmp_path)
    assert (tmp_path / "var/run").readlink() == Path("/run")
    assert (tmp_path / "var/data").is_dir()
