"""What the vendor's own release gives is what the vendor's own list of sums names, whole, or it is not installed."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localcloud.host.errors import LocalCloudError
from localcloud.toolchain import install
from localcloud.toolchain.catalog import Release, Tool
from tests.unit.localcloud.fakes import Workbench


class Vendor:
    """A download site on loopback. `files`: path -> content; `promised`: path -> a Content-Length that is a lie."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.promised: dict[str, int] = {}
        self.asked: list[str] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.removeprefix("/")
                vendor.asked.append(path)
                if path.startswith("moved/"):
                    self.send_response(302)
                    self.send_header("Location", f"/{path.removeprefix('moved/')}")
                    self.end_headers()
                    return
                content = vendor.files.get(path)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(vendor.promised.get(path, len(content or b""))))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def offer(self, path: str, content: bytes, sums: str = "SHA256SUMS") -> None:
        """Put a file up and add it to the list of sums, as the vendors write it."""
        self.files[path] = content
        line = f"{hashlib.sha256(content).hexdigest()}  {path.rpartition('/')[2]}\n"
        self.files[sums] = self.files.get(sums, b"") + line.encode()

    def release(self, path: str, members: dict[str, str], sums: str = "SHA256SUMS") -> Release:
        return Release(f"{self.url}/{path}", f"{self.url}/{sums}", members)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    site = Vendor()
    yield site
    site.close()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    return Workbench(tmp_path, monkeypatch, online=True)


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def only(bench: Workbench, tool: Tool) -> install.Resolved:
    (resolved,) = bench.resolve(tool)
    return resolved


def test_the_programs_are_taken_out_of_the_archive_and_nothing_else_is_kept(bench: Workbench, vendor: Vendor) -> None:
    content = archive({"pulumi/pulumi": "the cli", "pulumi/pulumi-watch": "not wanted", "./pulumi/host": "the host"})
    vendor.offer("sdk/pulumi.tar.gz", content)
    wanted = {"pulumi": "pulumi/pulumi", "host": "pulumi/host"}
    tool = bench.tool("pulumi", programs=tuple(wanted), releases=(vendor.release("moved/sdk/pulumi.tar.gz", wanted),))
    resolved = only(bench, tool)
    assert resolved.source == "release"
    assert {name: path.read_text() for name, path in resolved.programs.items()} == {
        "pulumi": "the cli",
        "host": "the host",
    }
    names = sorted(path.name for path in (bench.cache / "bin" / tool.key).iterdir())
    assert names == ["host", install.MANIFEST, "pulumi"]
    assert install.verify(bench.cache, [tool]) == []
    assert only(bench, tool).source == "cache"


def test_bare_programs_with_a_sum_each_and_an_archive_make_one_tool(bench: Workbench, vendor: Vendor) -> None:
    """As Kubernetes publishes its programs, and etcd its archive."""
    for program in ("kubelet", "kubectl"):
        vendor.files[f"bin/{program}"] = program.encode()
        vendor.files[f"bin/{program}.sha256"] = hashlib.sha256(program.encode()).hexdigest().encode()
    vendor.offer("etcd-v3.tar.gz", archive({"etcd-v3/etcd": "etcd"}))
    tool = bench.tool(
        "node",
        programs=("etcd", "kubelet", "kubectl"),
        releases=(
            vendor.release("bin/kubelet", {"kubelet": ""}, "bin/kubelet.sha256"),
            vendor.release("bin/kubectl", {"kubectl": ""}, "bin/kubectl.sha256"),
            vendor.release("etcd-v3.tar.gz", {"etcd": "etcd-v3/etcd"}),
        ),
    )
    resolved = only(bench, tool)
    assert {name: path.read_text() for name, path in resolved.programs.items()} == {
        "etcd": "etcd",
        "kubelet": "kubelet",
        "kubectl": "kubectl",
    }


@pytest.mark.parametrize(
    "listing", ["{sum} *etcetera.tgz\n", "{sum}  etcetera.tgz", "{sum}\n", f"{'0' * 64}  a\n{{sum}}  etcetera.tgz\n"]
)
def test_each_form_of_a_list_of_sums_is_understood(listing: str, bench: Workbench, vendor: Vendor) -> None:
    vendor.offer("etcetera.tgz", archive({"etcetera": "x"}))
    digest = hashlib.sha256(vendor.files["etcetera.tgz"]).hexdigest()
    vendor.files["SHA256SUMS"] = listing.format(sum=digest).encode()
    tool = bench.tool(releases=(vendor.release("etcetera.tgz", {"etcetera": "etcetera"}),))
    assert only(bench, tool).source == "release"


@pytest.mark.parametrize("listed", ["another sum", "no sum"])
def test_a_download_that_is_not_what_the_list_says_is_refused_and_not_built_around(
    listed: str, bench: Workbench, vendor: Vendor
) -> None:
    bench.install_go()
    content = archive({"etcetera": "evil"})
    vendor.offer("etcetera.tgz", archive({"etcetera": "good"}) if listed == "another sum" else b"")
    vendor.files["etcetera.tgz"] = content
    if listed == "no sum":
        vendor.files["SHA256SUMS"] = b"nothing of it\n"
    want = {"another sum": vendor.files["SHA256SUMS"].decode().split()[0], "no sum": "None"}[listed]
    tool = bench.tool(releases=(vendor.release("etcetera.tgz", {"etcetera": "etcetera"}),))
    with pytest.raises(LocalCloudError) as refusal:
        only(bench, tool)
    have = hashlib.sha256(content).hexdigest()
    assert refusal.value.problems == (
        f"{vendor.url}/etcetera.tgz: SHA-256 is {have}, the vendor's list says {want}; nothing was installed",
    )
    assert bench.finished() == []
    assert bench.go_calls() == []


def test_an_archive_without_the_program_is_refused(bench: Workbench, vendor: Vendor) -> None:
    vendor.offer("etcetera.tgz", archive({"bin/etcetera": "moved"}))
    tool = bench.tool(releases=(vendor.release("etcetera.tgz", {"etcetera": "etcetera"}),))
    with pytest.raises(LocalCloudError, match=r"etcetera\.tgz: no etcetera in the archive$"):
        only(bench, tool)
    assert bench.finished() == []


@pytest.mark.parametrize("missing", ["SHA256SUMS", "etcetera.tgz"])
def test_a_release_that_is_not_there_falls_through_to_the_build(missing: str, bench: Workbench, vendor: Vendor) -> None:
    bench.install_go()
    vendor.offer("etcetera.tgz", archive({"etcetera": "released"}))
    del vendor.files[missing]
    tool = bench.tool(releases=(vendor.release("etcetera.tgz", {"etcetera": "etcetera"}),))
    resolved = only(bench, tool)
    assert (resolved.source, resolved.programs["etcetera"].read_text()) == ("build", "built")
    assert missing in vendor.asked
    names = sorted(path.name for path in (bench.cache / "bin" / tool.key).iterdir())
    assert names == ["etcetera", install.MANIFEST], "nothing of the release is left beside it"


def test_a_tool_that_nobody_publishes_is_built_and_nobody_is_asked(bench: Workbench, vendor: Vendor) -> None:
    bench.install_go()
    assert only(bench, bench.tool(releases=())).source == "build"
    assert vendor.asked == []


def test_a_vendor_that_cannot_be_reached_falls_through_to_the_build(bench: Workbench) -> None:
    bench.install_go()
    assert only(bench, bench.tool()).source == "build"


@pytest.mark.parametrize("trouble", ["cut short", "not there"])
def test_a_download_that_breaks_off_leaves_no_byte_in_the_tool_that_is_built_instead(
    trouble: str, bench: Workbench, vendor: Vendor
) -> None:
    """A bare program is downloaded under its own name: half of it must not pass for the one that was built."""
    bench.install_go()
    programs = ("etcd", "kubelet", "kubectl")
    for program in programs:
        vendor.offer(f"bin/{program}", f"released {program}".encode())
    if trouble == "cut short":
        vendor.promised["bin/kubectl"] = 1 << 20
    else:
        del vendor.files["bin/kubectl"]
    tool = bench.tool("node", programs=programs, releases=tuple(vendor.release(f"bin/{p}", {p: ""}) for p in programs))
    resolved = only(bench, tool)
    assert resolved.source == "build"
    assert {path.read_text() for path in resolved.programs.values()} == {"built"}


def test_a_download_cut_short_is_never_installed(bench: Workbench, vendor: Vendor) -> None:
    content = archive({"etcetera": "x" * 4096})
    vendor.offer("etcetera.tgz", content)
    tool = bench.tool(releases=(vendor.release("etcetera.tgz", {"etcetera": "etcetera"}),))
    vendor.files["etcetera.tgz"] = content[:-20]
    with pytest.raises(LocalCloudError, match="SHA-256 is "):
        only(bench, tool)  # the server says it is whole
    vendor.promised["etcetera.tgz"] = len(content)
    with pytest.raises(LocalCloudError, match="newer is needed to build, there is none on PATH"):
        only(bench, tool)  # the connection ends too early
    assert bench.finished() == []
