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
from localcloud.toolchain import install, vendor
from localcloud.toolchain.catalog import PROVIDER_VERSION
from localcloud.toolchain.install import MANIFEST, SUFFIX_UNFINISHED
from tests.unit.localcloud.fakes import Workbench, fake_vendor, quiet, said

# Shell for the middle of a build.
FAILS = "echo 'no space left' >&2; exit 1"
WAITS = 'echo $$ >"$FAKE_GO/pid"; while [ ! -e "$FAKE_GO/go-on" ]; do /bin/sleep 0.02; done'


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    return Workbench(tmp_path, monkeypatch)


def test_a_build_asks_go_for_the_pinned_module_and_keeps_to_caches_of_its_own(bench: Workbench) -> None:
    bench.install_go()
    tool = bench.tool(ldflags=("-X main.Version=1.2.3",))
    (resolved,) = install.resolve(bench.cache, quiet(), [tool])
    assert resolved.programs == {"etcetera": bench.cache / "bin" / tool.key / "etcetera"}
    (build,) = bench.go_calls()
    assert "-ldflags=-s -w -X main.Version=1.2.3" in build
    assert build.endswith(" .")
    environment = (bench.go / "environment").read_text()
    assert environment == f"{bench.cache}/go/mod|{bench.cache}/go/build|0|off|"
    assert not list((bench.modules / "etcetera").glob("*.json")), "a build leaves the checkout as it was"


def test_a_finished_tool_can_be_run_and_notes_what_it_is(bench: Workbench) -> None:
    bench.install_go()
    tool = bench.tool()
    install.resolve(bench.cache, quiet(), [tool])
    directory = bench.cache / "bin" / tool.key
    assert os.access(directory / "etcetera", os.X_OK)
    manifest = json.loads((directory / MANIFEST).read_text())
    assert manifest == {"etcetera": {"size": 5, "sha256": install.sha256(directory / "etcetera")}}
    assert sorted(path.name for path in directory.iterdir()) == ["etcetera", MANIFEST], "nothing else takes up room"


def test_one_binary_serves_under_each_of_its_names(bench: Workbench) -> None:
    bench.install_go()
    (resolved,) = install.resolve(bench.cache, quiet(), [bench.tool(programs=("kubelet", "kubectl"))])
    assert {path.read_text() for path in resolved.programs.values()} == {"built"}
    assert len({path.stat().st_ino for path in resolved.programs.values()}) == 1, "it is on disk once"


def test_a_file_of_another_module_comes_along(bench: Workbench) -> None:
    bench.install_go()
    source = bench.go / "modules" / "example.org" / "sdk"
    source.mkdir(parents=True)
    (source / "run").write_text("#!/bin/sh\n")
    tool = bench.tool(programs=("etcetera", "etcetera-exec"), copies={"etcetera-exec": ("example.org/sdk", "run")})
    (resolved,) = install.resolve(bench.cache, quiet(), [tool])
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
    install.resolve(bench.cache, quiet(), [tool])
    embedded = json.loads((bench.go / "schema.json").read_text())
    assert embedded == {**schema, "version": PROVIDER_VERSION}
    assert json.loads((bench.go / "terraform-mapping.json").read_text()) == {"name": "kubernetes", "other": 1}


def test_a_stale_embedded_file_of_the_checkout_does_not_get_into_a_build(bench: Workbench) -> None:
    bench.install_go()
    tool = bench.tool()
    (bench.modules / "etcetera" / "stale.json").write_text("{}")
    install.resolve(bench.cache, quiet(), [tool])
    assert not (bench.go / "stale.json").exists()


def test_a_failed_build_says_why_in_a_line_and_leaves_no_tool(bench: Workbench) -> None:
    bench.install_go(during=FAILS)
    with pytest.raises(LocalCloudError, match=r"go .* build .* failed: no space left$") as refusal:
        install.resolve(bench.cache, quiet(), [bench.tool()])
    assert len(str(refusal.value).splitlines()) == 1
    assert bench.finished() == []


def test_go_caches_go_when_all_is_made_and_stay_for_the_next_try_when_a_build_fails(bench: Workbench) -> None:
    bench.install_go(during=f'case "$module" in *broken*) {FAILS};; esac')
    good, broken = bench.tool("good"), bench.tool("broken")
    with pytest.raises(LocalCloudError):
        install.resolve(bench.cache, quiet(), [good, broken])
    assert (bench.cache / "go" / "mod" / "module").exists(), "what was downloaded need not be downloaded again"
    assert bench.finished() == [good.key], "what was finished need not be built again"
    (bench.go / "during").unlink()
    resolved = install.resolve(bench.cache, quiet(), [good, broken])
    assert [each.source for each in resolved] == ["cache", "build"]
    assert not (bench.cache / "go").exists()


def test_go_caches_that_an_interrupted_run_left_behind_go_in_the_next(bench: Workbench) -> None:
    bench.install_go()
    tool = bench.tool()
    install.resolve(bench.cache, quiet(), [tool])
    (bench.cache / "go" / "mod").mkdir(parents=True)  # as if the deletion of 17 GB had been interrupted
    install.resolve(bench.cache, quiet(), [tool])
    assert not (bench.cache / "go").exists()


def test_ctrl_c_in_a_build_leaves_nothing(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.install_go()
    tool = bench.tool()
    real = install.sha256

    def interrupted(path: Path) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "sha256", interrupted)  # the binary is there, its manifest is not yet
    with pytest.raises(KeyboardInterrupt):
        install.resolve(bench.cache, quiet(), [tool])
    assert bench.finished() == []
    monkeypatch.setattr(install, "sha256", real)
    assert install.resolve(bench.cache, quiet(), [tool])[0].source == "build"


def test_a_build_that_is_killed_leaves_nothing_that_would_be_used_and_the_next_one_clears_it(bench: Workbench) -> None:
    bench.install_go(during=WAITS)
    tool = bench.tool()
    run = f"""
from pathlib import Path
from localcloud.host.progress import Progress
from localcloud.toolchain import catalog, install
catalog.MODULES = Path({str(bench.modules)!r})
release = catalog.Release({tool.releases[0].url!r}, {tool.releases[0].sums!r}, {{}})
tool = catalog.Tool("etcetera", "1.2.3", ("etcetera",), ".", seconds=60, megabytes=1, releases=(release,))
install.resolve(Path({str(bench.cache)!r}), Progress(), [tool])
"""
    with subprocess.Popen([sys.executable, "-c", run], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        assert daemons.wait_until(lambda: (bench.go / "pid").exists(), 20)
        process.send_signal(signal.SIGKILL)
        process.wait()
    try:
        (leftover,) = bench.finished()
        assert leftover.endswith(SUFFIX_UNFINISHED)
        assert install.present(tool, bench.cache) is None
    finally:
        (bench.go / "go-on").touch()  # the orphaned Go may end
    orphan = int((bench.go / "pid").read_text())
    assert daemons.wait_until(lambda: not daemons.alive(orphan), 20)
    (resolved,) = install.resolve(bench.cache, quiet(), [tool])
    assert resolved.source == "build"
    assert bench.finished() == [tool.key]


def test_two_at_once_make_a_tool_once_and_the_second_says_that_it_waits(bench: Workbench) -> None:
    bench.install_go(during=WAITS)
    tool = bench.tool()
    first, second = quiet(), quiet()
    sources: dict[str, str] = {}

    def resolve(name: str) -> None:
        progress = first if name == "first" else second
        sources[name] = install.resolve(bench.cache, progress, [tool])[0].source

    threads = [threading.Thread(target=resolve, args=(name,)) for name in ("first", "second")]
    threads[0].start()
    assert daemons.wait_until(lambda: (bench.go / "pid").exists(), 20)
    threads[1].start()
    assert daemons.wait_until(lambda: "waiting" in said(second), 20)
    assert bench.finished()[0].endswith(SUFFIX_UNFINISHED), "the second one leaves the work of the first alone"
    (bench.go / "go-on").touch()
    for thread in threads:
        thread.join(20)
    assert sources == {"first": "build", "second": "cache"}
    assert said(second) == "another checkout is making the same tools; waiting for it\n"
    assert len([call for call in bench.go_calls() if " build " in call]) == 1


def test_no_go_and_no_release_end_in_one_line_that_says_what_to_install(bench: Workbench) -> None:
    with pytest.raises(LocalCloudError) as refusal:
        install.resolve(bench.cache, quiet(), [bench.tool()])
    assert refusal.value.problems == (
        "etcetera 1.2.3: the vendor's release does not answer and Go is not installed to build it; "
        "install Go 1.25 or newer (or Pulumi itself), then run `make up` again",
    )
    assert bench.finished() == []


def test_tools_that_need_no_build_are_got_without_go(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "fetch", fake_vendor({"etcetera": "released"}))
    (resolved,) = install.resolve(bench.cache, quiet(), [bench.tool()])
    assert (resolved.source, resolved.programs["etcetera"].read_text()) == ("release", "released")
