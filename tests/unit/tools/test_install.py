"""How packages get into an environment: by uv where it can be had, else by pip, and never any that are not pinned."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.test_environments import DEVELOPERS, pinned

SCRIPT = Path(__file__).parents[3] / "tools/install.sh"
SAYS = 'printf "%s %s\\n" {name} "$*" >>"$LOG"\n'
PYTHON = (
    "#!/usr/bin/env bash\n"
    + SAYS.format(name="pip")
    + """\
if [[ " $* " == *" --target "* ]]; then
  cat "${@: -1}" >>"$LOG"  # the file that it is told to install from
  [ -n "${UV:-}" ] || { echo 'no uv for this machine' >&2; exit 1; }
  while [ "$1" != --target ]; do shift; done
  mkdir "$2/bin" && printf '%s' "$UV" >"$2/bin/uv" && chmod +x "$2/bin/uv"
else
  [ -z "${PIP_FAILS:-}" ] || { echo "$PIP_FAILS" >&2; exit 3; }
fi
"""
)
GOOD_UV = "#!/usr/bin/env bash\n" + SAYS.format(name="uv")
NO_INDEX_UV = GOOD_UV + "echo 'no index' >&2; exit 2\n"


@dataclass(frozen=True)
class Machine:
    """An environment whose Python notes what pip is asked, and a user's cache directory."""

    root: Path

    @property
    def cache(self) -> Path:
        return self.root / "cache" / "statefulsets"

    def install(self, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.root / "cache"), "LOG": str(self.root / "log")}
        (self.root / "log").write_text("")
        return subprocess.run(
            [SCRIPT, self.root / "env", "pins.txt"], env=environment | variables, text=True, capture_output=True
        )

    @property
    def asked(self) -> list[str]:
        """Who was asked to install the pinned packages, in order."""
        lines = (self.root / "log").read_text().splitlines()
        return [line.split()[0] for line in lines if line.endswith("pins.txt")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    python = tmp_path / "env/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    return Machine(tmp_path)


def test_uv_is_had_once_by_its_pin_and_installs_what_is_pinned_and_nothing_else(machine: Machine) -> None:
    for first in (True, False):
        done = machine.install(UV=GOOD_UV)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert machine.asked == ["uv"]
        log = (machine.root / "log").read_text()
        if first:
            assert f"uv=={pinned(DEVELOPERS)['uv']} " in log
            assert "--hash=sha256:" in log
        else:
            assert "--target" not in log, "it was there"
        assert all("--require-hashes" in line for line in log.splitlines() if line.startswith(("pip ", "uv pip")))
        assert f"--python {machine.root}/env/bin/python" in log
    assert [file.name for file in machine.cache.iterdir()] == [f"uv-{pinned(DEVELOPERS)['uv']}"]


def test_pip_takes_uvs_place_where_uv_cannot_be_had(machine: Machine) -> None:
    done = machine.install()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.asked == ["pip"]
    assert list(machine.cache.iterdir()) == []


def test_pip_takes_uvs_place_where_uv_reaches_no_index(machine: Machine) -> None:
    assert machine.install(UV=NO_INDEX_UV).returncode == 0
    assert machine.asked == ["uv", "pip"]


@pytest.mark.parametrize("uv", ["", NO_INDEX_UV])
def test_what_pip_says_is_what_the_user_reads_where_nothing_can_be_installed(machine: Machine, uv: str) -> None:
    done = machine.install(UV=uv, PIP_FAILS="ERROR: hashes do not match")
    assert (done.returncode, done.stderr.strip()) == (3, "ERROR: hashes do not match")
