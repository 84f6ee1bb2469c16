"""Building images: what must hold without Go, a C compiler, Debian's tools or a network."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType, ModuleType

import pytest

from localcloud.images import builder
from localcloud.images.archive import ImageConfig, Tree, write_archive
from localcloud.images.builder import IMAGES, ImageBuildError, archive_path, build
from localcloud.images.recipe import HERE, Recipe
from localcloud.images.recipes import mysql, postgres, redis
from localcloud.images.workshop import Workshop

ROOT = Path(__file__).resolve().parents[4]
NAME = "localhost/test/little:1"
CONFIG = ImageConfig(
    user="65532:65532", entrypoint=("/usr/bin/app",), command=("serve",), ports=(8080,), labels={"made": "here"}
)


def a_tree(root: Path) -> Tree:
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/app").write_text("#!/bin/sh\n")
    (root / "usr/bin/app").chmod(0o4755)
    (root / "usr/bin/alias").symlink_to("app")
    (root / "var/data").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/secret").write_text("x")
    (root / "etc/secret").chmod(0o600)
    return Tree(root, owners={"var/data": 65532}, modes={"etc": 0o1777})


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {entry.name: (tar.extractfile(entry) or pytest.fail(entry.name)).read() for entry in tar}


def layer(archive: Path, scratch: Path) -> dict[str, tarfile.TarInfo]:
    path = scratch / "layer.tar"
    path.write_bytes(next(content for name, content in members(archive).items() if name.endswith("layer.tar")))
    with tarfile.open(path) as tar:
        return {entry.name: entry for entry in tar}


# The archive


def test_two_builds_of_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "1.tar", tmp_path / "2.tar"
    write_archive(a_tree(tmp_path / "a"), CONFIG, NAME, first)
    umask = os.umask(0o077)
    try:
        tree = a_tree(tmp_path / "b")
    finally:
        os.umask(umask)
    for path in (tmp_path / "b").rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    write_archive(tree, CONFIG, NAME, second)
    assert first.read_bytes() == second.read_bytes()


def test_any_change_of_the_files_or_the_configuration_gives_another_digest(tmp_path: Path) -> None:
    archives = [tmp_path / f"{number}.tar" for number in range(3)]
    tree = a_tree(tmp_path / "tree")
    write_archive(tree, CONFIG, NAME, archives[0])
    write_archive(tree, ImageConfig(user="1:1"), NAME, archives[1])
    (tree.root / "etc/secret").write_text("y")
    write_archive(tree, CONFIG, NAME, archives[2])
    configs = {json.loads(members(archive)["manifest.json"])[0]["Config"] for archive in archives}
    assert len(configs) == 3


def test_the_archive_is_a_docker_archive_whose_digests_agree(tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    write_archive(a_tree(tmp_path / "tree"), CONFIG, NAME, archive)
    files = members(archive)
    (manifest,) = json.loads(files.pop("manifest.json"))
    assert manifest["RepoTags"] == [NAME]
    config = files.pop(manifest["Config"])
    assert manifest["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    image = json.loads(config)
    diff_ids = [f"sha256:{hashlib.sha256(files.pop(name)).hexdigest()}" for name in manifest["Layers"]]
    assert image["rootfs"] == {"type": "layers", "diff_ids": diff_ids}
    assert len(image["history"]) == len(diff_ids)
    assert files == {}
    assert (image["os"], image["architecture"]) in {("linux", "amd64"), ("linux", "arm64")}
    assert image["config"]["User"] == "65532:65532"
    assert image["config"]["Entrypoint"] == ["/usr/bin/app"]
    assert image["config"]["Cmd"] == ["serve"]
    assert image["config"]["ExposedPorts"] == {"8080/tcp": {}}
    assert image["config"]["StopSignal"] == "SIGTERM"
    assert image["config"]["Labels"] == {"made": "here"}


def test_parents_come_before_their_children_and_owners_and_modes_are_the_recipes(tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    write_archive(a_tree(tmp_path / "tree"), CONFIG, NAME, archive)
    entries = layer(archive, tmp_path)
    assert list(entries) == ["etc", "etc/secret", "usr", "usr/bin", "usr/bin/alias", "usr/bin/app", "var", "var/data"]
    assert {name for name, entry in entries.items() if (entry.uid, entry.gid) != (0, 0)} == {"var/data"}
    assert entries["var/data"].uid == entries["var/data"].gid == 65532
    assert oct(entries["etc"].mode) == "0o1777"
    assert oct(entries["etc/secret"].mode) == "0o644"
    assert entries["usr/bin/alias"].linkname == "app"
    assert {entry.mtime for entry in entries.values()} == {0}
    assert {entry.uname + entry.gname for entry in entries.values()} == {""}


def test_no_file_is_set_uid_or_set_gid_whatever_a_package_brings(tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    write_archive(a_tree(tmp_path / "tree"), CONFIG, NAME, archive)
    entries = layer(archive, tmp_path)
    assert oct(entries["usr/bin/app"].mode) == "0o755"
    assert [name for name, entry in entries.items() if entry.mode & 0o6000] == []


@pytest.mark.parametrize("user", ["", "0:0", "root", "0", "1000", "mysql:mysql", "1000:0", "0:1000"])
def test_an_image_that_would_run_as_root_or_by_a_name_is_refused(user: str) -> None:
    with pytest.raises(ImageBuildError, match="not root"):
        ImageConfig(user=user)


def test_a_socket_or_a_device_in_the_tree_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = a_tree(tmp_path / "tree")
    monkeypatch.chdir(tree.root)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("run")
        with pytest.raises(ImageBuildError, match="/run is neither a file"):
            write_archive(tree, CONFIG, NAME, tmp_path / "image.tar")


def test_an_owner_for_a_path_that_is_not_there_is_a_mistake_of_the_recipe(tmp_path: Path) -> None:
    tree = Tree(a_tree(tmp_path / "tree").root, owners={"var/lib/data": 1})
    with pytest.raises(ImageBuildError, match="var/lib/data"):
        write_archive(tree, CONFIG, NAME, tmp_path / "image.tar")


def test_writing_leaves_no_scratch_file(tmp_path: Path) -> None:
    write_archive(a_tree(tmp_path / "tree"), CONFIG, NAME, tmp_path / "image.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tar", "tree"]


# The cache


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes NAME the only image there is, and lists its builds as they begin."""
    begun: list[str] = []

    def assemble(workshop: Workshop) -> tuple[Tree, ImageConfig]:
        begun.append(workshop.image)
        return a_tree(workshop.scratch / "root"), CONFIG

    recipe = Recipe(name=NAME, description="", assemble=assemble, sources=())
    monkeypatch.setattr(builder, "IMAGES", MappingProxyType({NAME: recipe}))
    return begun


def silent(_: str) -> None:
    return


def use(monkeypatch: pytest.MonkeyPatch, assemble: Callable[[Workshop], tuple[Tree, ImageConfig]]) -> None:
    recipe = Recipe(name=NAME, description="", assemble=assemble, sources=())
    monkeypatch.setattr(builder, "IMAGES", MappingProxyType({NAME: recipe}))


def test_an_image_is_built_once_and_found_after_that(tmp_path: Path, builds: list[str]) -> None:
    cache = tmp_path / "cache" / "images"
    first = build(NAME, cache, silent)
    before = first.read_bytes()
    assert build(NAME, cache, silent) == first == archive_path(NAME, cache)
    assert first.read_bytes() == before
    assert builds == [NAME]
    assert [path.name for path in cache.iterdir() if not path.name.endswith(".lock")] == [first.name]


@pytest.mark.parametrize("error", [ImageBuildError("no"), OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_build_that_fails_or_is_interrupted_leaves_nothing(
    error: BaseException, tmp_path: Path, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def assemble(workshop: Workshop) -> tuple[Tree, ImageConfig]:
        a_tree(workshop.scratch / "root")
        raise error

    with monkeypatch.context() as failing:
        use(failing, assemble)
        with pytest.raises((ImageBuildError, KeyboardInterrupt)):
            build(NAME, tmp_path, silent)
        assert [path.name for path in tmp_path.iterdir()] == [".little.lock"]
    assert tarfile.is_tarfile(build(NAME, tmp_path, silent))


INTERRUPTED = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from types import MappingProxyType
    from localcloud.images import builder
    from localcloud.images.recipe import Recipe

    def assemble(workshop):
        (workshop.scratch / "half").write_text("a half-built image")
        print("begun", flush=True)
        workshop.run(["sleep", sys.argv[2]])

    recipe = Recipe(name="localhost/test/little:1", description="", assemble=assemble, sources=())
    builder.IMAGES = MappingProxyType({recipe.name: recipe})
    builder.build(recipe.name, Path(sys.argv[1]), print)
    """
)


def test_a_killed_build_leaves_no_image_and_the_next_waits_for_its_commands_and_clears_up(
    tmp_path: Path, builds: list[str]
) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path), "1.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "begun\n"
        time.sleep(0.2)  # until its command runs
        killed.send_signal(signal.SIGKILL)
    assert not list(tmp_path.glob("*.tar"))
    assert (tmp_path / ".little.building/half").exists()
    said: list[str] = []
    assert tarfile.is_tarfile(build(NAME, tmp_path, said.append))
    assert said[0] == f"waiting for another build of {NAME}"
    assert not (tmp_path / ".little.building").exists()


def test_two_builds_at_a_time_make_one_image(tmp_path: Path, builds: list[str]) -> None:
    script = INTERRUPTED.replace('workshop.run(["sleep", sys.argv[2]])', "import time; time.sleep(1)").replace(
        'print("begun", flush=True)',
        'print("begun", flush=True); (workshop.scratch / "root").mkdir(); '
        "from localcloud.images.archive import ImageConfig, Tree",
    )
    script = script.replace(
        "time.sleep(1)", 'time.sleep(1); return Tree(workshop.scratch / "root"), ImageConfig("1:1")'
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "begun\n"
        archive = build(NAME, tmp_path, silent)
        assert other.wait() == 0
    assert builds == []
    assert json.loads(members(archive)["manifest.json"])[0]["RepoTags"] == [NAME]


def test_archives_that_nobody_asked_for_in_a_month_go_and_younger_ones_stay(tmp_path: Path, builds: list[str]) -> None:
    old, young, other = tmp_path / "little-0.tar", tmp_path / "little-1.tar", tmp_path / "large-0.tar"
    for path in (old, young, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    build(NAME, tmp_path, silent)
    assert [path.exists() for path in (old, young, other)] == [False, True, True]


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path: Path, builds: list[str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImageBuildError) as caught:
        build(NAME, tmp_path / "file", silent)
    assert str(caught.value).startswith(f"{NAME}: cannot build it in {tmp_path}/file: ")
    assert "\n" not in str(caught.value)


def test_an_unknown_image_is_refused_with_the_names_of_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ImageBuildError, match=r"nowhere/app:1: no recipe.*localhost/statefulsets/kubia:1"):
        build("nowhere/app:1", tmp_path, silent)


# The recipes


def test_every_image_says_what_it_is_and_what_it_takes() -> None:
    assert set(IMAGES) == {
        "registry.k8s.io/pause:3.10",
        "localhost/statefulsets/kubia:1",
        "localhost/statefulsets/nginx:1",
        "localhost/statefulsets/mysql:9.7",
        "localhost/statefulsets/redis:8",
        "localhost/statefulsets/postgres:17",
    }
    for name, recipe in IMAGES.items():
        assert name == recipe.name
        assert recipe.description
        assert recipe.commands
        assert recipe.seconds > 0
        assert recipe.megabytes > 0
        assert bool(recipe.suite) == bool(recipe.debian_packages)
        assert all(source.exists() for source in recipe.sources)
    assert len({recipe.short for recipe in IMAGES.values()}) == len(IMAGES)


@pytest.mark.parametrize(
    ("module", "same", "others"),
    [
        (mysql, ["9.7.0-1"], ["9.70.0-1", "10.0.1-1", "8.4.7-1"]),
        (redis, ["5:8.0.2-3+deb13u3", "5:8.2.1-1"], ["5:9.0.0-1", "5:80.0-1", "5:7.2.8-1", "8:7.2.8-1"]),
        (postgres, ["17+278+deb13u1", "17.6-1"], ["18+291", "170+1", "16+257", "1.17-1"]),
    ],
)
def test_when_debian_moves_to_another_series_the_build_refuses_and_says_why(
    module: ModuleType, same: list[str], others: list[str]
) -> None:
    assert module.RECIPE.name.endswith(f":{module.SERIES}")
    for version in same:
        module._check_series(version)
    for version in others:
        with pytest.raises(ImageBuildError) as caught:
            module._check_series(version)
        line = str(caught.value)
        assert line.startswith(f"{module.RECIPE.name}: Debian {module.SUITE} now has ")
        assert f" {version}, this recipe is for {module.SERIES}, " in line


def test_no_server_brings_perl_a_compiler_or_what_only_maintainer_scripts_run() -> None:
    assert {"debconf", "perl", "perl-base"} <= set(mysql.WITHOUT)
    # Debian's tools for several clusters are in Perl, and nothing else of PostgreSQL asks for it.
    assert {"debconf", "libllvm19", "locales", "postgresql-client-common", "postgresql-common"} <= set(postgres.WITHOUT)
    assert {"adduser", "debconf", "init-system-helpers"} <= set(redis.WITHOUT)
    for module in (postgres, redis):
        assert module.RECIPE.without == module.WITHOUT
        assert not set(module.WITHOUT) & set(module.PACKAGES)
        assert "flock" in module.PROGRAMS, "two pods must not work on one claim"


def test_a_recipes_hash_follows_its_sources_and_not_its_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.images.recipe.HERE", tmp_path)
    monkeypatch.setattr("localcloud.images.recipe._SHARED", ("shared.py",))
    (tmp_path / "shared.py").write_text("1")
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.go").write_text("1")
    recipe = Recipe(
        name=NAME, description="", assemble=IMAGES[next(iter(IMAGES))].assemble, sources=(tmp_path / "app",)
    )
    hashes = [recipe.inputs_hash()]
    (tmp_path / "app/main_test.go").write_text("1")
    assert recipe.inputs_hash() == hashes[0]
    for change in ("app/main.go", "shared.py", "app/new.go"):
        (tmp_path / change).write_text("2")
        hashes.append(recipe.inputs_hash())
    (tmp_path / "app/new.go").rename(tmp_path / "app/newer.go")
    hashes.append(recipe.inputs_hash())
    assert len(set(hashes)) == len(hashes)


def test_every_module_that_recipes_share_counts_in_their_hash() -> None:
    from localcloud.images.recipe import _SHARED

    uncounted = {"__init__.py", "builder.py", "errors.py"}  # these decide nothing of an image's content
    assert {path.name for path in HERE.glob("*.py")} - uncounted == set(_SHARED)


def test_kubias_dockerfile_agrees_with_the_offline_recipe() -> None:
    dockerfile = (HERE / "kubia/Dockerfile").read_text()
    stages = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("FROM ")]
    assert all(":" in stage and not stage.endswith(":latest") for stage in stages)
    for line in ("USER 65532:65532", "EXPOSE 8080", "STOPSIGNAL SIGTERM", 'ENTRYPOINT ["/usr/bin/kubia"]'):
        assert line in dockerfile.splitlines()
