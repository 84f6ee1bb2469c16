"""A member of `engine: xtrabackup` in a directory: its claim and mounts, the other members as files, and stand-ins for
mysqld, mysql, ncat, xbstream and xtrabackup that behave as the real ones do where the scripts depend on it."""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

SCRIPTS = Path(__file__).parents[5] / "components/kinds/mysql57/scripts"
COMMON = SCRIPTS.parent / "conf/common.cnf"
ACCOUNTS = ("root", "replication", "backup", "monitor", "application")
PASSWORDS = {name: f'it\'s \\ "{name}" %s $(x)' for name in ACCOUNTS}
PRIMARY = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"
FILE, POSITION = "mysql-0-bin.000003", 154

# Every tool that changes anything goes through COUNTED: at the chosen call everything is killed instead of it. What
# runs under `timeout` has a process group of its own, hence the 0.
NOTED = """#!/bin/bash
printf '%s\\n' "${0##*/} $*" >>"$WORLD/argv"
"""
COUNTED = """
exec 8>>"$WORLD/lock" && flock 8
n=$(($(<"$WORLD/calls") + 1))
echo "$n" >"$WORLD/calls.$$" && /bin/mv "$WORLD/calls.$$" "$WORLD/calls"
exec 8>&-
if [[ $n == "$CRASH_AT" ]]; then kill -KILL -- "-$SCRIPT_PID" 0; fi
"""
GETENT = "[[ -e $WORLD/${2%.mysql} || $2 == mysql ]] || exit 2\n"
MYSQLD = """
for option in "$@"; do case $option in --datadir=*) data=${option#*=} ;; esac; done
mkdir "$data" "$data/mysql" && touch "$data/whole"
"""
# A server of its own keeps in `local` what SHOW SLAVE STATUS would say, and in `applied` from where it ever applied.
MYSQL = (
    """
for option in "$@"; do case $option in --host=*) host=${option#*=} ;; esac; done
sql=$(</dev/stdin)
state=$WORLD/local
if [[ ${host:-} ]]; then state=$WORLD/${host%.mysql}; fi
[[ -s $state ]] || { echo "ERROR 2003 (HY000): Can't connect" >&2; exit 1; }
[[ $sql != *"SHOW SLAVE STATUS"* ]] || { cat "$state"; exit; }
"""
    + COUNTED
    + """
printf '%s\\n' "$sql" >>"$WORLD/asked"
field() { sed -n "s/^ *$1: //p" "$state"; }
put() { sed -i "s/^ *$1: .*/ $1: $2/" "$state"; }
if [[ $sql == *"RESET SLAVE ALL"* ]]; then sed -i '/^ /d' "$state"; fi
form="MASTER_HOST = '([^']*)'.*MASTER_LOG_FILE = '([^']*)', MASTER_LOG_POS = ([0-9]+)"
if [[ $sql =~ $form ]]; then
  printf ' Master_Host: %s\\n Slave_IO_Running: No\\n Slave_SQL_Running: No\\n' "${BASH_REMATCH[1]}" >>"$state"
  printf ' Last_IO_Errno: 0\\n Last_SQL_Errno: 0\\n' >>"$state"
  printf ' File: %s\\n Position: %s\\n Master_SSL_Allowed: Yes\\n' "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}" >>"$state"
fi
if [[ $sql == *"START SLAVE"* ]]; then
  [[ $(field Master_Host) ]] || { echo "ERROR 1200 (HY000): The server is not configured as slave" >&2; exit 1; }
  printf '%s %s\\n' "$(field File)" "$(field Position)" >>"$WORLD/applied"
  put Slave_IO_Running Yes
  put Slave_SQL_Running Yes
  put Position $(($(field Position) + 100))
fi
"""
)
# A stream is lines of path and text. A donor whose tool dies closes the connection, and ncat ends with 0 all the same.
NCAT = """
[[ $* != *--listen* ]] || exec /bin/sleep 60
for word in "$@"; do [[ $word != mysql-*.mysql ]] || donor=${word%.mysql}; done
echo "$donor" >>"$WORLD/donors"
[[ ! -e $WORLD/meanwhile ]] || . "$WORLD/meanwhile"
[[ -e $WORLD/stream ]] || { echo "Ncat: Connection refused." >&2; exit 1; }
if [[ -e $WORLD/cut ]]; then
  head -n "$(<"$WORLD/cut")" "$WORLD/stream"
  rm "$WORLD/cut"
else
  cat "$WORLD/stream"
fi
if [[ -e $WORLD/reset ]]; then rm "$WORLD/reset"; exit 1; fi
"""
XBSTREAM = """
if [[ -e $WORLD/full ]]; then rm "$WORLD/full"; cat >/dev/null; exit 1; fi
cd "${@: -1}" || exit 1
while IFS=$'\\t' read -r path text; do mkdir -p "$(dirname "$path")" && printf '%b' "$text" >"$path"; done
"""
XTRABACKUP = """
for option in "$@"; do case $option in --target-dir=*) into=${option#*=} ;; esac; done
[[ $* == *--prepare* ]] || { cat "$WORLD/stream"; exit "$(cat "$WORLD/backup-code" 2>/dev/null || echo 0)"; }
[[ $(<"$into/xtrabackup_checkpoints") == *full-backuped* ]] || { echo "xtrabackup: no backup there" >&2; exit 1; }
touch "$into/whole"
echo "backup_type = full-prepared" >"$into/xtrabackup_checkpoints"
"""


class World:
    """A member's claim and mounts as directories, and the files by which the stand-ins are told what to do."""

    def __init__(self, root: Path, ordinal: int = 0) -> None:
        root.mkdir(exist_ok=True)
        self.root, self.claim, self.ordinal = root, root / "claim", ordinal
        self.data = self.claim / "mysql"
        for name in ("claim", "claim/mysql", "run", "conf", "settings", "accounts", "history", "bin", "scripts"):
            (root / name).mkdir()
        for name, password in PASSWORDS.items():
            (root / "accounts" / name).write_text(password)
        for name in ("primary.cnf", "replica.cnf"):
            (root / "settings" / name).write_text(f"# {name}\n")
        for script in SCRIPTS.iterdir():
            shutil.copy(script, root / "scripts")
        shutil.copy(COMMON, root / "scripts")
        (root / "scripts/replicas").write_text("3")
        (root / "calls").write_text("0\n")
        self.streams(f"{FILE}\\t{POSITION}\\n")
        for name, text in {"getent": GETENT, "mysql": MYSQL}.items():
            self.tool(name, NOTED + text)
        for name, text in {"mysqld": MYSQLD, "ncat": NCAT, "xbstream": XBSTREAM, "xtrabackup": XTRABACKUP}.items():
            self.tool(name, NOTED + COUNTED + text)
        self.tool("sleep", "#!/bin/bash\nexec /bin/sleep 0.01\n")
        for name in ("mv", "rm", "cp", "sync", "date", "mkdir", "touch"):
            self.tool(name, f'{NOTED}{COUNTED}exec {shutil.which(name)} "$@"\n')

    def tool(self, name: str, text: str) -> None:
        (self.root / "bin" / name).write_text(text)
        (self.root / "bin" / name).chmod(0o755)

    def streams(self, binlog_info: str = "", slave_info: str = "") -> None:
        """What a donor's backup consists of, in the order in which XtraBackup sends it."""
        files = {"ibdata1": "pages", "mysql/user.frm": "table", "shop/t.ibd": "rows"}
        files |= {"xtrabackup_slave_info": slave_info} if slave_info else {}
        files |= {"xtrabackup_binlog_info": binlog_info} if binlog_info else {}
        files |= {"xtrabackup_checkpoints": "backup_type = full-backuped\\n", "xtrabackup_info": "uuid = x\\n"}
        (self.root / "stream").write_text("".join(f"{path}\t{text}\n" for path, text in files.items()))

    def primary(self, uuid: str = PRIMARY) -> None:
        (self.root / "mysql-0").write_text(f"uuid: {uuid}\n")

    def replica(self, ordinal: int, **fields: object) -> None:
        """Another member, which replicates and has applied all that it received."""
        state = {"Master_Host": "mysql-0.mysql", "Master_UUID": PRIMARY, "Slave_IO_Running": "Yes"}
        position = {"Master_Log_File": FILE, "Read_Master_Log_Pos": 900}
        applied = {"Relay_Master_Log_File": FILE, "Exec_Master_Log_Pos": 900, "Slave_SQL_Running": "Yes"}
        lines = [f"  {key}: {value}\n" for key, value in {**state, **position, **applied, **fields}.items()]
        (self.root / f"mysql-{ordinal}").write_text("".join(["uuid: of itself\n", *lines]))

    def copied(self, root: Path) -> World:
        """A copy of this member, as it is now, in another directory."""
        shutil.copytree(self.root, root)
        other = copy.copy(self)
        other.root, other.claim, other.data = root, root / "claim", root / "claim/mysql"
        return other

    def run(self, script: str, crash_at: int = 0, until: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a script to its end, or until it says `until`, for a script that would wait for ever."""
        places = {"RUN": "run", "CONF": "conf", "SETTINGS": "settings", "ACCOUNTS": "accounts", "HISTORY": "history"}
        places |= {"CLAIM": "claim", "SCRIPTS": "scripts", "WORLD": ""}
        # The init containers see the claim, the others its subdirectory.
        places |= {"DATA": "claim/mysql"} if script in ("replicate.sh", "sidecar.sh", "backup.sh") else {}
        variables = {
            **{variable: str(self.root / place) for variable, place in places.items()},
            **{"CRASH_AT": str(crash_at), "POD": f"mysql-{self.ordinal}", "WORKLOAD": "mysql", "DURABILITY": "keep"},
            **{"DATABASE": "my_app", "APPLICATION": "app"},
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
        }
        command = ["bash", "-c", f'export SCRIPT_PID=$$; exec bash "{self.root / "scripts" / script}"']
        out, err = self.root / "out", self.root / "err"
        with out.open("w") as to, err.open("w") as errors:
            process = subprocess.Popen(command, env=variables, stdout=to, stderr=errors, start_new_session=True)
        deadline = time.monotonic() + 60
        try:
            while process.poll() is None and not (until and until in err.read_text()):
                assert time.monotonic() < deadline, f"{script} never came to {until or 'its end'}: {err.read_text()}"
                time.sleep(0.005)
        finally:
            # What a script leaves running ends with it in a pod, whose first process it is.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return subprocess.CompletedProcess(command, process.wait(), out.read_text(), err.read_text())

    def must(self, script: str) -> str:
        done = self.run(script)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def start(self, crash_at: int = 0, until: str | None = None) -> str:
        """Runs what fills the claim at a pod's start, the last part of init-mysql and clone-mysql, until one fails."""
        (self.root / "calls").write_text("0\n")
        said = ""
        for script in ("first.sh", "clone.sh") if self.ordinal == 0 else ("clone.sh",):
            done = self.run(script, crash_at, until)
            said += done.stderr
            if done.returncode != 0:
                break
        return said

    @property
    def calls(self) -> int:
        return int((self.root / "calls").read_text())

    def text(self, name: str) -> str:
        """The text that a stand-in noted in a file."""
        file = self.root / name
        return file.read_text() if file.exists() else ""

    @property
    def whole(self) -> bool:
        """Whether the data are whole, where there are any."""
        return not (self.data / "mysql").exists() or (self.data / "whole").exists()
