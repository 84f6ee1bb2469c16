"""A tool that is built is whole or not there, whatever ends the build."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from localcloud.host import daemons
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import ROOT
from localcloud.toolchain import drafts, install
from localcloud.toolchain.catalog import PROVIDER_VERSION, Tool
from localcloud.toolchain.install import MANIFEST
from tests.unit.localcloud.fakes import NOWHERE, Workbench, fake_vendor, quiet, said

# Shell for the middle of a build.
FAILS = "echo 'no space left' >&2; exit 1"
# A Go that waits is known by the name of a file, which is there at once and not first without its content.
WAITS = ': >"$FAKE_GO/waiting-$$"; while [ ! -e "$FAKE_GO/go-on" ]; do /bin/sleep 0.02; done'


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    return Workbench(tmp_path, monkeypatch)


def test_a_build_asks_go_for_the_pinned_module_and_keeps_to_caches_of_its_own(bench: Workbench) -> None:
    bench.install_go()
    tool = bench.tool(ldflags=("-X main.Version=1.2.3",))
    (resolved,) = bench.resolve(tool)
    assert resolved.programs == {"etcetera": bench.cache / "bin" / tool.key / "etcetera"}
    (build,) = bench.go_calls()
    assert "-ldflags=-s -w -X main.Version=1.2.3" in build
    assert build.endswith(" .")
    environment = (bench.go / "environment").read_text()
    assert environment == f"{bench.cache}/go/mod|{bench.cache}/go/build|0|off|local||"
    assert not list((bench.modules / "etcetera").glob("*.json")), "a build leaves the checkout as it was"


def test_a_finished_tool_can_be_run_and_notes_what_it_is(bench: Workbench) -> None:
    bench.install_go()
    tool = bench.tool()
    bench.resolve(tool)
    directory = bench.cache / "bin" / tool.key
    assert os.access(directory / "etcetera", os.X_OK)
    manifest = json.loads((directory / MANIFEST).read_text())
    assert manifest == {"etcetera": {"size": 5, "sha256": install.sha256(directory / "etcetera")}}
    assert sorted(path.name for path in directory.iterdir()) == ["etcetera", MANIFEST], "nothing else takes up room"


def test_one_binary_serves_under_each_of_its_names(bench: Workbench) -> None:
    bench.install_go()
    (resolved,) = bench.resolve(bench.tool(programs=("kubelet", "kubectl")))
    assert {path.read_text() for path in resolved.programs.values()} == {"built"}
    assert len({path.stat().st_ino for path in resolved.programs.values()}) == 1, "it is on disk once"


def test_a_file_of_another_module_comes_along(bench: Workbench) -> None:
    bench.install_go()
    source = bench.go / "modules" / "example.org" / "sdk"
    source.mkdir(parents=True)
    (source / "run").write_text("#!/bin/sh\n")
    tool = bench.tool(programs=("etcetera", "etcetera-exec"), copies={"etcetera-exec": ("example.org/sdk", "run")})
    (resolved,) = bench.resolve(tool)
    assert resolved.programs["etcetera-exec"].read_text() == "#!/bin/sh\n"
    assert os.access(resolved.programs["etcetera-exec"], os.X_OK)


def test_the_provider_is_built_with_its_schema_and_the_schema_with_its_version(bench: Workbench) -> None:
    bench.install_go()
    upstream = bench.go / "modules" / "example.org" / "provider"
    upstream.mkdir(parents=True)
    schema = {"name": "kubernetes", "types": {"t": {"name": "kubernetes", "more": 1}}}
    (upstream / "schema.json").write_text(json.dumps(schema, indent=4))
    (upstream / "terraform-mapping.json").write_text('{"name": "kubernetes", "other": 1}')
    tool = bench.tool(
        version=PROVIDER_VERSION,
        embeds={name: ("example.org/provider", name) for name in ("schema.json", "terraform-mapping.json")},
    )
    bench.resolve(tool)
    embedded = json.loads((bench.go / "schema.json").read_text())
    assert embedded == {**schema, "version": PROVIDER_VERSION}
    assert json.loads((bench.go / "terraform-mapping.json").read_text()) == {"name": "kubernetes", "other": 1}


def test_a_stale_embedded_file_of_the_checkout_does_not_get_into_a_build(bench: Workbench) -> None:
    bench.install_go()
    tool = bench.tool()
    (bench.modules / "etcetera" / "stale.json").write_text("{}")
    bench.resolve(tool)
    assert not (bench.go / "stale.json").exists()


def test_a_failed_build_says_why_in_a_line_and_leaves_no_tool(bench: Workbench) -> None:
    bench.install_go(during=FAILS)
    with pytest.raises(LocalCloudError, match=r"go .* build .* failed: no space left$") as refusal:
        bench.resolve(bench.tool())
    assert len(str(refusal.value).splitlines()) == 1
    assert bench.finished() == []


def test_go_caches_go_when_all_is_made_and_stay_for_the_next_try_when_a_build_fails(bench: Workbench) -> None:
    bench.install_go(during=f'case "$module" in *broken*) {FAILS};; esac')
    good, broken = bench.tool("good"), bench.tool("broken")
    with pytest.raises(LocalCloudError):
        bench.resolve(good, broken)
    assert (bench.cache / "go" / "mod" / "module").exists(), "what was downloaded need not be downloaded again"
    assert bench.finished() == [good.key], "what was finished need not be built again"
    (bench.go / "during").unlink()
    resolved = bench.resolve(good, broken)
    assert [each.source for each in resolved] == ["cache", "build"]
    assert not (bench.cache / "go").exists()


def test_go_caches_that_an_interrupted_run_left_behind_go_in_the_next(bench: Workbench) -> None:
    bench.install_go()
    tool = bench.tool()
    bench.resolve(tool)
    (bench.cache / "go" / "mod").mkdir(parents=True)  # as if the deletion of 17 GB had been interrupted
    bench.resolve(tool)
    assert not (bench.cache / "go").exists()


def elsewhere(bench: Workbench, *tools: Tool) -> subprocess.Popen[str]:
    """Make the tools ready in a process of its own."""
    names = [tool.name for tool in tools]
    run = f"""
from pathlib import Path
from localcloud.host.progress import Progress
from localcloud.toolchain import catalog, install
modules, tools = Path({str(bench.modules)!r}), []
for name in {names!r}:
    release = catalog.Release(f"{NOWHERE}/{{name}}.tar.gz", "{NOWHERE}/sums.txt", {{name: name}})
    tools.append(catalog.Tool(name, "1.2.3", (name,), ".", 60, 1, (release,), modules=modules))
install.resolve(Path({str(bench.cache)!r}), Progress(), tools, fetch=lambda *args: False)
"""
    return subprocess.Popen([sys.executable, "-c", run], cwd=ROOT, stderr=subprocess.PIPE, text=True)


def waiting(bench: Workbench) -> list[int]:
    """The processes of Go that came to wait, those that were ended since too."""
    return [int(path.name.removeprefix("waiting-")) for path in bench.go.glob("waiting-*")]


def ended(bench: Workbench) -> bool:
    """Whether each Go that was waiting is gone."""
    pids = waiting(bench)
    return bool(pids) and not any(daemons.alive(pid) for pid in pids)


def test_ctrl_c_in_a_build_ends_it_and_leaves_nothing(bench: Workbench) -> None:
    bench.install_go(during=WAITS)
    tool = bench.tool()
    with elsewhere(bench, tool) as process:
        assert daemons.wait_until(lambda: bool(waiting(bench)), 20)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT
    assert ended(bench)
    assert bench.finished() == []
    (bench.go / "go-on").touch()
    assert bench.resolve(tool)[0].source == "build"


def test_a_build_that_is_killed_leaves_nothing_that_would_be_used_and_the_next_one_clears_it(bench: Workbench) -> None:
    bench.install_go(during=WAITS)
    tool = bench.tool()
    with elsewhere(bench, tool) as process:
        assert daemons.wait_until(lambda: bool(waiting(bench)), 20)
        process.send_signal(signal.SIGKILL)
        process.wait()
    try:
        (leftover,) = bench.finished()
        assert leftover.endswith(drafts.SUFFIX)
        assert install.present(tool, bench.cache) is None
    finally:
        (bench.go / "go-on").touch()  # the orphaned Go may end
    assert daemons.wait_until(lambda: ended(bench), 20)
    (resolved,) = bench.resolve(tool)
    assert resolved.source == "build"
    assert bench.finished() == [tool.key]


def only(name: str) -> str:
    """Shell by which the tool of this name waits, and no other."""
    return f'case "$module" in *{name}*) {WAITS};; esac'


def test_the_next_tool_begins_before_the_one_that_is_linked_is_finished(bench: Workbench) -> None:
    # The first one's linker waits until the second one is compiled, which would never be if it waited in turn.
    seen = 'while [ ! -e "$FAKE_GO/second" ]; do /bin/sleep 0.02; done'
    bench.install_go(
        linking=f'case "$module" in *first*) {seen};; esac',
        during='case "$module" in *second*) : >"$FAKE_GO/second";; esac',
    )
    resolved = bench.resolve(bench.tool("first"), bench.tool("second"))
    assert [each.source for each in resolved] == ["build", "build"]


def test_no_two_are_compiled_at_a_time(bench: Workbench) -> None:
    """They share packages: the second would compile what the first is about to leave in the cache."""
    alone = '/bin/mkdir "$FAKE_GO/compiling" || exit 9; /bin/sleep 0.1; /bin/rmdir "$FAKE_GO/compiling"'
    bench.install_go(during=alone)
    resolved = bench.resolve(*(bench.tool(name) for name in ("first", "second", "third")))
    assert [each.source for each in resolved] == ["build"] * 3


@pytest.mark.parametrize("failing", ["first", "second"])
def test_when_one_of_two_fails_the_other_ends_and_one_error_says_why(failing: str, bench: Workbench) -> None:
    """The first one is linked, the second one compiled: each waits for ever unless it is the one that fails."""
    fails = f'until /bin/ls "$FAKE_GO"/waiting-* >/dev/null 2>&1; do /bin/sleep 0.02; done; {FAILS}'
    first, second = (fails, WAITS) if failing == "first" else (WAITS, fails)
    bench.install_go(
        linking=f'case "$module" in *first*) {first};; esac',
        during=f'case "$module" in *second*) {second};; esac',
    )
    progress = quiet()
    with pytest.raises(LocalCloudError, match=rf"^`\S+/go -C \S+/{failing}-.* failed: no space left$"):
        bench.resolve(bench.tool("first"), bench.tool("second"), bench.tool("third"), progress=progress)
    assert ended(bench), "no process goes on"
    assert bench.finished() == []
    assert "third" not in said(progress)
    assert len(bench.go_calls()) == 2


def test_ctrl_c_while_two_are_made_ends_both(bench: Workbench) -> None:
    bench.install_go(linking=only("first"), during=only("second"))
    with elsewhere(bench, bench.tool("first"), bench.tool("second")) as process:
        assert daemons.wait_until(lambda: len(waiting(bench)) == 2, 20)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT
    assert ended(bench)
    assert bench.finished() == []


def test_two_at_once_make_a_tool_once_and_the_second_says_that_it_waits(bench: Workbench) -> None:
    bench.install_go(during=WAITS)
    tool = bench.tool()
    first, second = quiet(), quiet()
    sources: dict[str, str] = {}

    def resolve(name: str) -> None:
        progress = first if name == "first" else second
        sources[name] = bench.resolve(tool, progress=progress)[0].source

    threads = [threading.Thread(target=resolve, args=(name,)) for name in ("first", "second")]
    threads[0].start()
    assert daemons.wait_until(lambda: bool(waiting(bench)), 20)
    threads[1].start()
    assert daemons.wait_until(lambda: "waiting" in said(second), 20)
    assert bench.finished()[0].endswith(drafts.SUFFIX), "the second one leaves the work of the first alone"
    (bench.go / "go-on").touch()
    for thread in threads:
        thread.join(20)
    assert sources == {"first": "build", "second": "cache"}
    assert said(second) == "another checkout is making the same tools; waiting for it\n"
    assert len(bench.go_calls()) == 1


def test_tools_that_need_no_build_are_got_without_go(bench: Workbench) -> None:
    bench.fetch = fake_vendor({"etcetera": "released"})
    (resolved,) = bench.resolve(bench.tool())
    assert (resolved.source, resolved.programs["etcetera"].read_text()) == ("release", "released")
