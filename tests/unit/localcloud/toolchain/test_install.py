"""Which copy of a tool is used: the newest enough on PATH, a whole one of the cache, and never anything else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.host.paths import KUBERNETES_VERSION, ROOT, State
from localcloud.toolchain import catalog, install
from localcloud.toolchain.catalog import TOOLS, Tool
from tests.support.places import SLOT
from tests.unit.localcloud.fakes import Workbench, fake_vendor, script


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    return Workbench(tmp_path, monkeypatch)


def cli(bench: Workbench) -> Tool:
    return bench.tool("pulumi", on_path=("pulumi", "version"), minimum="3.259.0")


def language_host(bench: Workbench) -> Tool:
    name = "pulumi-language-python"
    return bench.tool(name, programs=(name, f"{name}-exec"), on_path=("pulumi", "version"), minimum="3.184.0")


def cached(bench: Workbench, tool: Tool) -> Path:
    """Make a tool by a build; the directory in the cache that holds it."""
    bench.install_go()
    bench.resolve(tool)
    (bench.path / "go").unlink()
    return bench.cache / "bin" / tool.key


@pytest.mark.parametrize(
    ("available", "used"),
    [
        (("PATH", "cache", "release", "build"), "PATH"),
        (("cache", "release", "build"), "cache"),
        (("release", "build"), "release"),
        (("build",), "build"),
    ],
)
def test_the_nearest_source_of_a_tool_wins(available: tuple[str, ...], used: str, bench: Workbench) -> None:
    tool = cli(bench)
    if "cache" in available:
        cached(bench, tool)
    if "PATH" in available:
        bench.install_pulumi()
    if "release" in available:
        bench.fetch = fake_vendor({"pulumi": "released"})
    bench.install_go()
    (resolved,) = bench.resolve(tool)
    assert resolved.source == used
    says = {"PATH": "#!/bin/sh\necho v3.300.0\n", "cache": "built", "release": "released", "build": "built"}
    assert resolved.programs["pulumi"].read_text() == says[used]


@pytest.mark.parametrize("version", ["v3.258.9", "v2.999.0", "v4.0.0", "no number", "v3.300.0; exit 3"])
def test_a_pulumi_on_path_that_is_too_old_of_another_major_or_broken_is_not_used(
    version: str, bench: Workbench
) -> None:
    bench.install_pulumi(version)
    assert install.present(cli(bench), bench.cache) is None


@pytest.mark.parametrize("version", ["v3.259.0", "3.259.1", "v3.1000.0-dev"])
def test_a_pulumi_on_path_that_is_new_enough_is_used(version: str, bench: Workbench) -> None:
    program = bench.install_pulumi(version)
    resolved = install.present(cli(bench), bench.cache)
    assert resolved is not None
    assert resolved.programs == {"pulumi": program}


def test_a_language_host_counts_only_beside_its_command_line(bench: Workbench, tmp_path: Path) -> None:
    tool = language_host(bench)
    for name in tool.programs:
        script(bench.path, name, "exit 0")
    assert install.present(tool, bench.cache) is None, "no pulumi on PATH says how old it is"

    elsewhere = tmp_path / "elsewhere"
    bench.install_pulumi(directory=elsewhere)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{elsewhere}:{bench.path}")
        assert install.present(tool, bench.cache) is None, "that pulumi is of another release"

    bench.install_pulumi()
    resolved = install.present(tool, bench.cache)
    assert resolved is not None
    assert resolved.source == "PATH"
    (bench.path / tool.programs[1]).chmod(0o644)
    assert install.present(tool, bench.cache) is None, "half of it cannot be run"


def test_a_tool_that_must_match_exactly_is_never_taken_from_path(bench: Workbench) -> None:
    script(bench.path, "etcetera", "exit 0")
    bench.install_pulumi()
    assert install.present(bench.tool(), bench.cache) is None
    exact = {tool.name for tool in TOOLS if tool.on_path}
    assert exact == {"pulumi", "pulumi-language-python"}, "all others answer only to the version they are pinned to"


def test_what_make_env_puts_on_path_is_not_taken_for_the_machines_own(bench: Workbench) -> None:
    tool = language_host(bench)
    ours = State(bench.state, SLOT).bin
    bench.install_pulumi(directory=ours)
    for name in tool.programs:
        script(ours, name, "exit 0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{ours}:{bench.path}")
        assert install.present(tool, bench.cache) is None, "an old language host would outlive every new pin"
        theirs = bench.install_pulumi()
        resolved = install.present(cli(bench), bench.cache)
        assert resolved is not None
        assert resolved.programs["pulumi"] == theirs


def break_size(directory: Path) -> None:
    (directory / "etcetera").write_text("cut")


def lose_program(directory: Path) -> None:
    (directory / "etcetera").unlink()


def lose_manifest(directory: Path) -> None:
    (directory / install.MANIFEST).unlink()


def tear_manifest(directory: Path) -> None:
    (directory / install.MANIFEST).write_text('{"etcetera": {"si')


def zero_manifest(directory: Path) -> None:
    (directory / install.MANIFEST).write_bytes(b"\0" * 64)


def empty_manifest(directory: Path) -> None:
    (directory / install.MANIFEST).write_text("{}")


def name_another_program(directory: Path) -> None:
    (directory / "other").write_text("built")
    manifest = json.loads((directory / install.MANIFEST).read_text())
    (directory / install.MANIFEST).write_text(json.dumps({"other": manifest["etcetera"]}))


@pytest.mark.parametrize(
    "spoil",
    [
        break_size,
        lose_program,
        lose_manifest,
        tear_manifest,
        zero_manifest,
        empty_manifest,
        name_another_program,
    ],
)
def test_a_cached_tool_that_is_not_whole_is_made_again(spoil: object, bench: Workbench) -> None:
    assert callable(spoil)
    tool = bench.tool()
    directory = cached(bench, tool)
    assert install.present(tool, bench.cache) is not None
    spoil(directory)
    bench.install_go()
    (resolved,) = bench.resolve(tool)
    assert resolved.source == "build"
    assert resolved.programs["etcetera"].read_text() == "built"
    assert install.verify(bench.cache, [tool]) == []


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go", "inner/inner.go"])
def test_a_changed_pin_or_line_of_code_makes_the_cached_tool_worthless(file: str, bench: Workbench) -> None:
    tool = bench.tool()
    cached(bench, tool)
    (bench.modules / "etcetera" / "inner").mkdir()
    (bench.modules / "etcetera" / file).write_text("changed")
    assert install.present(tool, bench.cache) is None


def test_changed_flags_files_package_or_version_make_the_cached_tool_worthless(bench: Workbench) -> None:
    tool = bench.tool()
    cached(bench, tool)
    for changed in (
        replace(tool, ldflags=("-X main.Version=2",)),
        replace(tool, copies={"exec": ("module", "path")}),
        replace(tool, embeds={"schema.json": ("module", "path")}),
        replace(tool, package="./other"),
        replace(tool, version="1.2.4"),
    ):
        assert install.present(changed, bench.cache) is None, changed


def test_files_that_do_not_go_into_a_build_do_not_spoil_the_cache(bench: Workbench) -> None:
    tool = bench.tool()
    cached(bench, tool)
    (bench.modules / "etcetera" / "schema.json").write_text("{}")  # an embedded file of a former build
    (bench.modules / "etcetera" / "main_test.go").write_text("package main")
    assert install.present(tool, bench.cache) is not None


def test_a_cached_tool_is_used_without_go_network_or_lock(bench: Workbench) -> None:
    tool = bench.tool()
    cached(bench, tool)
    (bench.cache / "lock").unlink()
    (resolved,) = bench.resolve(tool)
    assert resolved.source == "cache"
    assert not (bench.cache / "lock").exists()


def test_doctor_notices_a_changed_byte_and_a_lost_program(bench: Workbench) -> None:
    tool = bench.tool()
    directory = cached(bench, tool)
    assert install.verify(bench.cache, [tool]) == []
    (directory / "etcetera").write_text("bui1t")
    wrong = f"{directory / 'etcetera'} is not what was built; remove {directory} and run `make up`"
    assert install.present(tool, bench.cache) is not None, "its size alone does not tell"
    assert install.verify(bench.cache, [tool]) == [wrong]
    (directory / "etcetera").unlink()
    assert install.verify(bench.cache, [tool]) == [wrong]
    (directory / install.MANIFEST).write_text("torn")
    assert install.verify(bench.cache, [tool]) == [], "it is not used, so there is nothing to report"


def test_the_modules_pin_the_versions_that_the_catalog_names() -> None:
    pins = {
        "node": ("k8s.io/kubernetes", KUBERNETES_VERSION),
        "coredns": ("github.com/coredns/coredns", catalog.COREDNS_VERSION),
        "pulumi": ("github.com/pulumi/pulumi/pkg/v3", catalog.PULUMI_VERSION),
    }
    for name, (module, version) in pins.items():
        text = (catalog.MODULES / name / "go.mod").read_text()
        assert re.search(rf"\b{re.escape(module)} v{re.escape(version)}$|{re.escape(module)} v{version} //", text, re.M)
    etcd = (catalog.MODULES / "node" / "go.mod").read_text()
    assert f"go.etcd.io/etcd/server/v3 v{catalog.ETCD_VERSION}" in etcd, "the vendor's etcd would be another"


def test_the_python_packages_ask_for_the_plugin_that_is_installed() -> None:
    """The engine looks for the very version of the provider that the Python package names, and would download it."""
    pins = dict(re.findall(r"^([a-z-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.M))
    assert pins["pulumi-kubernetes"] == catalog.PROVIDER_VERSION
    assert pins["pulumi"] == catalog.PULUMI_VERSION
