"""How packages get into an environment: by uv where it can be had, else by pip, and never any that are not pinned."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.test_environments import DEVELOPERS, pinned

SCRIPT = Path(__file__).parents[3] / "tools/install.sh"
UV = f"uv-{pinned(DEVELOPERS)['uv']}-{platform.system()}-{platform.machine()}"
SAYS = 'printf "%s %s\\n" {name} "$*" >>"$LOG"\n'
PYTHON = (
    "#!/usr/bin/env bash\n"
    + SAYS.format(name="pip")
    + """\
if [[ $* == *" config list" ]]; then
  echo "${PIP_KNOWS:-}"
elif [[ " $* " == *" --target "* ]]; then
  cat "${@: -1}" >>"$LOG"  # the file that it is told to install from
  # It ends in good order, as pip does.
  [ -z "${SLOW:-}" ] || { trap 'exit 0' INT; exec {never}<> <(:); read -r -t 20 -u "$never"; }
  [ -n "${FAKE_UV:-}" ] || { echo 'no uv for this machine' >&2; exit 1; }
  while [ "$1" != --target ]; do shift; done
  mkdir "$2/bin" && printf '%s' "$FAKE_UV" >"$2/bin/uv" && chmod +x "$2/bin/uv"
else
  [ -z "${PIP_FAILS:-}" ] || { echo "$PIP_FAILS" >&2; exit 3; }
fi
"""
)
GOOD_UV = "#!/usr/bin/env bash\n" + SAYS.format(name="uv") + 'env | grep ^UV_ >>"$LOG"\n'
NO_INDEX_UV = GOOD_UV + "echo 'no index' >&2; exit 2\n"


@dataclass(frozen=True)
class Machine:
    """An environment whose Python notes what pip is asked, and a user's cache directory."""

    root: Path

    @property
    def cache(self) -> Path:
        return self.root / "a cache" / "statefulsets"

    def start(self, **variables: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.cache.parent), "LOG": str(self.root / "log")}
        (self.root / "log").write_text("")
        return subprocess.Popen(
            [SCRIPT, self.root / "an env", "pins.txt"],
            env=environment | variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def install(self, **variables: str) -> tuple[int, str]:
        """The exit code, and all that it said."""
        process = self.start(**variables)
        stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout + stderr

    @property
    def log(self) -> list[str]:
        return (self.root / "log").read_text().splitlines()

    @property
    def asked(self) -> list[str]:
        """Who was asked to install the pinned packages, in order."""
        return [line.split()[0] for line in self.log if line.endswith("pins.txt")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    python = tmp_path / "an env/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    return Machine(tmp_path)


def test_uv_is_had_once_by_its_pin_and_installs_what_is_pinned(machine: Machine) -> None:
    for first in (True, False):
        assert machine.install(FAKE_UV=GOOD_UV) == (0, "")
        assert machine.asked == ["uv"]
        installs = [line for line in machine.log if line.startswith(("pip ", "uv ")) and " install " in line]
        assert len(installs) == (2 if first else 1), "it is there the second time"
        assert all("--require-hashes" in line for line in installs)
        pins = [line for line in machine.log if "==" in line]
        assert [pin.split()[0] for pin in pins] == [f"uv=={pinned(DEVELOPERS)['uv']}"] * first
        assert any("--hash=sha256:" in line for line in machine.log) == first
    assert [file.name for file in machine.cache.iterdir()] == [UV]


def test_what_a_user_has_set_for_uv_does_not_move_the_packages_elsewhere(machine: Machine) -> None:
    elsewhere = {"UV_CONFIG_FILE": "uv.toml", "UV_WORKING_DIR": "/other", "UV_LINK_MODE": "symlink"}
    assert machine.install(FAKE_UV=GOOD_UV, UV_HTTP_PROXY="kept", **elsewhere) == (0, "")
    (asked,) = [line for line in machine.log if line.startswith("uv ")]
    assert f"--no-config --quiet --python {machine.root}/an env/bin/python " in asked
    seen = {line.partition("=")[0] for line in machine.log if line.startswith("UV_")}
    assert "UV_HTTP_PROXY" in seen
    assert not seen & elsewhere.keys()


def test_pip_takes_uvs_place_where_uv_cannot_be_had(machine: Machine) -> None:
    assert machine.install() == (0, "")
    assert machine.asked == ["pip"]
    assert list(machine.cache.iterdir()) == []


def test_pip_takes_uvs_place_where_there_is_no_cache_directory(machine: Machine) -> None:
    machine.cache.parent.write_text("a file")
    assert machine.install(FAKE_UV=GOOD_UV) == (0, "")
    assert machine.asked == ["pip"]


def test_pip_takes_uvs_place_where_pip_is_told_of_an_index(machine: Machine) -> None:
    assert machine.install(FAKE_UV=GOOD_UV, PIP_KNOWS="global.index-url='somewhere'") == (0, "")
    assert machine.asked == ["pip"]


def test_pip_takes_uvs_place_where_uv_reaches_no_index_and_says_so(machine: Machine) -> None:
    code, said = machine.install(FAKE_UV=NO_INDEX_UV)
    assert (code, said) == (0, "uv could not install them; pip does, in a minute or so\n")
    assert machine.asked == ["uv", "pip"]


@pytest.mark.parametrize("uv", ["", NO_INDEX_UV])
def test_what_pip_says_is_what_the_user_reads_where_nothing_can_be_installed(machine: Machine, uv: str) -> None:
    code, said = machine.install(FAKE_UV=uv, PIP_FAILS="ERROR: hashes do not match")
    assert (code, said.splitlines()[-1]) == (3, "ERROR: hashes do not match")


def test_ctrl_c_ends_it_and_leaves_nothing_half_done(machine: Machine) -> None:
    process = machine.start(SLOW="1", FAKE_UV=GOOD_UV)
    deadline = time.monotonic() + 30
    while not any("--hash=" in line for line in machine.log):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert machine.asked == []
    assert list(machine.cache.iterdir()) == []
