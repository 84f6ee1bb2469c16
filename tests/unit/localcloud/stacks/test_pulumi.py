"""Plain Pulumi, meaning this checkout's cluster only: its state, its passphrase, its locks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from localcloud.host import daemons
from localcloud.host.errors import LocalCloudError
from localcloud.host.paths import Checkout, State
from localcloud.stacks import pulumi, remote
from localcloud.stacks.pulumi import Stack
from localcloud.toolchain import TOOLS, install
from localcloud.toolchain.catalog import PROVIDER_VERSION
from localcloud.toolchain.install import Resolved
from tests.support.places import SLOT
from tests.unit.localcloud.fakes import calls, need, quiet, said, script, with_pulumi

# Keeps a stack as Pulumi's file backend does, and takes a stack file's salt for the passphrase it belongs to.
PULUMI = r"""
printf '%s\n' "$*" >>calls
for last; do :; done
case "$*" in
*--show-secrets*)
  [ -e shown ] || { echo 'error: incorrect passphrase' >&2; exit 1; }
  /bin/cat shown
  ;;
*"config set"*)
  read -r value || [ -n "$value" ]
  while [ "$1" != --config-file ]; do shift; done
  printf '  %s:\n    secure: v1:%s\n' "$last" "$value" >>"$2"
  ;;
*"stack init"*)
  read -r passphrase <"$PULUMI_CONFIG_PASSPHRASE_FILE"
  file="$3/Pulumi.$last.yaml"
  if [ -e "$file" ]; then
    while read -r key value; do
      if [ "$key" = encryptionsalt: ] && [ "$value" != "$passphrase" ]; then
        echo 'error: could not create secrets manager for new stack: incorrect passphrase' >&2
        exit 1
      fi
    done <"$file"
  fi
  printf 'encryptionsalt: %s\n' "$passphrase" >"$file"
  kept="${PULUMI_BACKEND_URL#file://}/.pulumi/stacks/statefulsets"
  /bin/mkdir -p "$kept"
  echo '{}' >"$kept/$last.json"
  ;;
esac
if [ -e during ]; then . ./during; fi
"""
TRACKED = "config:\n  statefulsets:a: b\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with the stacks `local` and `dev`."""
    root = tmp_path / "checkout"
    root.mkdir()
    for name in ("local", "dev"):
        (root / f"Pulumi.{name}.yaml").write_text(TRACKED)
    return root


@pytest.fixture
def checkout(root: Path) -> Checkout:
    return with_pulumi(root, PULUMI)


@pytest.fixture
def state(checkout: Checkout) -> State:
    return checkout.state


@pytest.fixture
def local(checkout: Checkout) -> Stack:
    return Stack.of(checkout, "local")


def prepare(stack: Stack) -> None:
    pulumi.prepare(stack, stack.state.root / "provider")


def inits(root: Path) -> list[str]:
    return [line.rpartition(" stack init ")[2] for line in calls(root)]


def test_a_stack_is_made_once_and_prepared_at_no_cost_after_that(root: Path, checkout: Checkout, local: Stack) -> None:
    prepare(local)
    passphrase = checkout.state.passphrase.read_text()
    prepare(local)
    assert inits(root) == ["local"]
    assert checkout.state.passphrase.read_text() == passphrase, "a new one could not read what the old one encrypted"
    prepare(Stack.of(checkout, "dev"))
    assert checkout.state.passphrase.read_text() == passphrase


def test_the_passphrase_is_long_random_and_for_its_owner_only(state: State, local: Stack) -> None:
    before = os.umask(0)
    try:
        prepare(local)
    finally:
        os.umask(before)
    assert state.passphrase.stat().st_mode & 0o777 == 0o600
    assert len(state.passphrase.read_text()) >= 40
    assert [path.name for path in state.root.glob("passphrase*")] == ["passphrase"]
    first = state.passphrase.read_text()
    state.passphrase.unlink()
    pulumi.make_passphrase(state)
    assert state.passphrase.read_text() != first
    assert state.pulumi_state.stat().st_mode & 0o777 == state.pulumi_home.stat().st_mode & 0o777 == 0o700


def test_a_passphrase_half_written_by_an_interrupted_run_is_not_used(state: State, local: Stack) -> None:
    state.passphrase.with_suffix(".new").write_text("half")
    prepare(local)
    assert len(state.passphrase.read_text()) >= 40


def test_the_engine_finds_the_provider_that_is_at_hand(state: State, local: Stack) -> None:
    plugin = state.pulumi_home / "plugins" / f"resource-kubernetes-v{PROVIDER_VERSION}" / "pulumi-resource-kubernetes"
    for provider in (state.root / "old", state.root / "new"):
        pulumi.prepare(local, provider)
        assert plugin.readlink() == provider


def test_an_unknown_stack_is_refused_with_the_known_ones(root: Path, checkout: Checkout) -> None:
    with pytest.raises(LocalCloudError, match=r"^no Pulumi\.prod\.yaml here; stacks: dev, local$"):
        Stack.of(checkout, "prod")
    assert calls(root) == []
    assert sorted(path.name for path in root.glob("Pulumi*")) == ["Pulumi.dev.yaml", "Pulumi.local.yaml"]


def test_the_tracked_file_is_only_read_and_pulumi_gets_a_copy_with_the_salt_and_what_was_made(
    state: State, local: Stack
) -> None:
    prepare(local)
    assert local.tracked.read_text() == TRACKED
    copy = yaml.safe_load(local.file.read_text())
    assert copy == {"encryptionsalt": state.passphrase.read_text(), "config": {"statefulsets:a": "b"}}
    assert local.file.stat().st_mode & 0o777 == 0o600
    copy["config"]["statefulsets:made"] = {"secure": "v1:n:made"}
    copy["config"]["statefulsets:typed"] = "with plain pulumi"
    local.file.write_text(yaml.safe_dump(copy))
    local.tracked.write_text("config:\n  statefulsets:a: c\n")
    prepare(local)
    assert local.tracked.read_text() == "config:\n  statefulsets:a: c\n"
    config = yaml.safe_load(local.file.read_text())["config"]
    assert config == {"statefulsets:made": {"secure": "v1:n:made"}, "statefulsets:a": "c"}


def test_secrets_of_a_tracked_file_are_used_and_go_before_those_that_were_made(state: State, local: Stack) -> None:
    """Whoever encrypts his own with this checkout's passphrase, or had them there from before, keeps them."""
    prepare(local)
    copy = yaml.safe_load(local.file.read_text())
    copy["config"] |= {"a:mine": {"secure": "v1:x:made"}, "a:made": {"secure": "v1:x:made"}}
    local.file.write_text(yaml.safe_dump(copy))
    own = {"config": {"a:mine": {"secure": "v1:x:y"}}, "encryptionsalt": state.passphrase.read_text()}
    local.tracked.write_text(yaml.safe_dump(own))
    prepare(local)
    config = yaml.safe_load(local.file.read_text())["config"]
    assert config == {"a:mine": {"secure": "v1:x:y"}, "a:made": {"secure": "v1:x:made"}}


def test_what_was_made_is_encrypted_anew_when_the_tracked_file_gets_secrets_and_a_salt_of_its_own(
    root: Path, local: Stack
) -> None:
    """`pulumi config set --secret` of one password into the tracked file must not change all the others."""
    prepare(local)
    copy = yaml.safe_load(local.file.read_text())
    copy["config"] |= {"a:mine": {"secure": "v1:x:made"}, "a:made": {"secure": "v1:x:made"}}
    local.file.write_text(yaml.safe_dump(copy))
    shown = {"a:mine": "made", "a:made": "it's made", "statefulsets:a": "b"}
    (root / "shown").write_text(json.dumps({key: {"value": value} for key, value in shown.items()}))
    mine = {"a:mine": {"secure": "v1:x:y"}}
    other = {"config": mine, "encryptionsalt": "v1:another"}
    local.tracked.write_text(yaml.safe_dump(other))
    prepare(local)
    want = {**other, "config": {**mine, "a:made": {"secure": "v1:it's made"}}}
    assert yaml.safe_load(local.file.read_text()) == want, "with another salt nobody could read those of before"
    assert not [line for line in calls(root) if "it's made" in line]
    assert sorted(path.name for path in local.file.parent.glob("Pulumi*")) == ["Pulumi.local.yaml"]


def test_secrets_of_a_passphrase_that_is_gone_are_put_aside_and_not_thrown_away(local: Stack) -> None:
    prepare(local)
    copy = yaml.safe_load(local.file.read_text())
    copy["config"]["a:made"] = {"secure": "v1:x:made"}
    local.file.write_text(yaml.safe_dump(copy))
    local.tracked.write_text("config:\n  a:mine:\n    secure: v1:x:y\nencryptionsalt: v1:another\n")
    prepare(local)
    assert "a:made" not in yaml.safe_load(local.file.read_text())["config"]
    assert yaml.safe_load(local.file.with_suffix(".old.yaml").read_text()) == copy


def test_the_copy_means_to_pulumi_what_the_tracked_file_means(local: Stack) -> None:
    """Pulumi reads YAML 1.2, in which these are texts; and what it refuses must not vanish before it sees it."""
    text = (
        "environment:\n- shop\nconfig:\n  a:switch: on\n  a:time: 12:30:00\n  a:mode: 0o17\n"
        "  a:twice: 1\n  a:twice: 2\n"
        "  a:text: |\n    two\n    lines\n  a:version: '1.34'\n  a:long: " + "word " * 60 + "end\n"
    )
    local.tracked.write_text(text)
    prepare(local)
    copy = local.file.read_text()
    assert copy.partition("\n")[0].startswith("encryptionsalt: ")
    assert copy.partition("\n")[2] == text


def test_a_stack_file_without_config_gets_one(local: Stack) -> None:
    for text in ("", "config:\n", "# nothing yet\n"):
        local.tracked.write_text(text)
        prepare(local)
        assert yaml.safe_load(local.file.read_text())["config"] == {}


@pytest.mark.parametrize(
    ("torn", "line"), [("", "has no encryptionsalt: it is torn"), ("config:\n  a: [1\n", "is not YAML: ")]
)
def test_a_copy_that_is_torn_is_a_line_and_no_reason_to_make_new_passwords(torn: str, line: str, local: Stack) -> None:
    prepare(local)
    local.file.write_text(torn)
    with pytest.raises(LocalCloudError, match=line) as refusal:
        prepare(local)
    assert len(str(refusal.value).splitlines()) == 1
    assert local.file.read_text() == torn


def test_a_salt_that_fits_the_passphrase_stays(state: State, local: Stack) -> None:
    pulumi.make_passphrase(state)
    text = f"config:\n  a:b:\n    secure: v1:x:y\nencryptionsalt: {state.passphrase.read_text()}\n"
    local.tracked.write_text(text)
    prepare(local)
    assert local.tracked.read_text() == text
    assert yaml.safe_load(local.file.read_text()) == yaml.safe_load(text)


def test_a_salt_of_a_passphrase_that_is_gone_is_not_taken_over(root: Path, state: State, local: Stack) -> None:
    text = "encryptionsalt: v1:of:another\nconfig:\n  a:b: c # secure: no\n"
    local.tracked.write_text(text)
    prepare(local)
    assert local.tracked.read_text() == text
    assert yaml.safe_load(local.file.read_text())["encryptionsalt"] == state.passphrase.read_text()
    assert local.exists
    (state.pulumi_state / ".pulumi" / "stacks" / "statefulsets" / "local.json").unlink()
    state.passphrase.unlink()
    prepare(local)
    assert yaml.safe_load(local.file.read_text())["encryptionsalt"] == state.passphrase.read_text()
    assert inits(root) == ["local"] * 3, "the salt that the copy had, and then a new one"


@pytest.mark.parametrize(
    "secret",
    [
        "  a:b:\n    secure: v1:x:y\n",
        "  a:b:\n    - secure: v1:x:y\n",
        "  a:b:\n    c:\n      secure: v1:x:y\n",
        "  a:b: {secure: v1:x:y}\n",
        "  a:b: [{c: {secure: 'v1:x:y'}}]\n",
        '  {"a:b": {"secure": "v1:x:y"}}\n',
        "  a:b:\n    secure:\n      v1:x:y\n",
    ],
)
def test_secrets_that_this_passphrase_does_not_open_are_refused_and_never_dropped(secret: str, local: Stack) -> None:
    text = f"encryptionsalt: v1:of:another\nconfig:\n{secret}"
    local.tracked.write_text(text)
    with pytest.raises(
        LocalCloudError, match=r"^Pulumi\.local\.yaml holds secrets encrypted with a passphrase"
    ) as refusal:
        prepare(local)
    assert len(str(refusal.value).splitlines()) == 1
    assert local.tracked.read_text() == text
    assert not local.file.exists()


def test_another_failure_of_pulumi_is_one_line_and_touches_no_stack_file(state: State, local: Stack) -> None:
    local.tracked.write_text("encryptionsalt: v1:of:another\n")
    script(state.bin, "pulumi", "echo 'error: no space left on device' >&2; exit 1")
    with pytest.raises(LocalCloudError, match=r"^`pulumi --cwd \S+ stack init local`: error: no space left on device$"):
        prepare(local)
    assert local.tracked.read_text() == "encryptionsalt: v1:of:another\n"


def test_the_environment_means_this_checkouts_cluster_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("KUBECONFIG", "/root/.kube/production")
    state = State(tmp_path / "a state", SLOT)
    found = pulumi.environment(state, tmp_path)
    assert found["PATH"].split(":")[0] == str(state.bin)
    assert found["PATH"].endswith(":/usr/bin:/bin")
    assert found["KUBECONFIG"] == str(state.kubeconfig)
    assert found["PULUMI_HOME"] == str(state.pulumi_home)
    assert urllib.parse.unquote(found["PULUMI_BACKEND_URL"]) == f"file://{state.pulumi_state}"
    assert " " not in found["PULUMI_BACKEND_URL"]
    assert found["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(state.passphrase)
    assert found["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert not [name for name in found if name.startswith(("AWS_", "GOOGLE_"))]


def test_up_runs_the_real_thing_in_the_checkout_and_a_failure_is_one_line(
    root: Path, checkout: Checkout, local: Stack
) -> None:
    pulumi.up(local, quiet())
    assert calls(root) == [f"up --yes --stack local --config-file {local.file}"]
    (root / "during").write_text("exit 255")
    dev = Stack.of(checkout, "dev")
    with pytest.raises(LocalCloudError) as refusal:
        pulumi.preview(dev, quiet())
    assert refusal.value.problems == ("`pulumi preview` of stack dev failed (exit 255); the reason is above",)
    assert calls(root)[1:] == [f"preview --stack dev --config-file {dev.file}"]


def test_destroying_a_stack_that_was_never_up_does_nothing(root: Path, local: Stack) -> None:
    pulumi.destroy(local, quiet())
    assert calls(root) == []
    prepare(local)
    pulumi.destroy(local, quiet())
    assert calls(root)[1:] == [f"destroy --yes --skip-preview --stack local --config-file {local.file}"]


def test_ctrl_c_waits_until_pulumi_has_ended_in_its_own_way(root: Path, local: Stack) -> None:
    (root / "during").write_text(f"{need('sleep')} 0.1; kill -INT $PPID; {need('sleep')} 0.4; : >finished")
    with pytest.raises(KeyboardInterrupt):
        pulumi.up(local, quiet())
    assert (root / "finished").exists(), "its state would not hold what it made"


def test_ctrl_c_does_not_kill_the_pulumi_of_a_real_cluster_either(
    root: Path, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "Pulumi.dev.yaml").write_text("config: {}\n")
    (root / "during").write_text(f"{need('sleep')} 0.1; kill -INT $PPID; {need('sleep')} 0.4; : >finished")
    pulumi = next(tool for tool in TOOLS if tool.name == "pulumi")
    resolved = [Resolved(pulumi, {"pulumi": checkout.state.bin / "pulumi"}, "cache")]
    monkeypatch.setattr(install, "resolve", lambda cache, progress, tools: resolved)
    with pytest.raises(KeyboardInterrupt):
        remote.operate(checkout, "dev", "up", True, quiet())
    assert calls(root) == ["up --yes --stack dev"]
    assert (root / "finished").exists()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is called pulumi, and lives until its input ends."""
    program = script(tmp_path / "engine", "pulumi", "read -r line")
    with subprocess.Popen([program], stdin=subprocess.PIPE) as process:
        assert daemons.wait_until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "pulumi\n", 10, 0.01)
        yield process


def lock(state: State, content: str, name: str = "local") -> Path:
    directory = state.pulumi_state / ".pulumi" / "locks" / "organization" / "statefulsets" / name
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "lock.json"
    file.write_text(content)
    return file


def held_by(pid: int, host: str | None = None) -> str:
    return json.dumps({"pid": pid, "username": "root", "hostname": host or socket.gethostname(), "timestamp": "now"})


def test_the_lock_of_a_killed_engine_is_cleared_and_named(
    state: State, local: Stack, engine: subprocess.Popen[bytes]
) -> None:
    left = lock(state, held_by(engine.pid))
    others = lock(state, held_by(engine.pid), "dev")
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    progress = quiet()
    pulumi.up(local, progress)
    assert not left.exists()
    assert others.exists(), "only of the stack that is asked for"
    assert said(progress) == f"clearing the lock of a `pulumi` that died (pid {engine.pid})\n"


def test_the_lock_of_an_engine_that_works_is_kept(state: State, local: Stack, engine: subprocess.Popen[bytes]) -> None:
    held = lock(state, held_by(engine.pid))
    pulumi.up(local, quiet())
    assert held.exists()


def test_a_number_that_another_program_has_got_since_does_not_keep_the_lock(state: State, local: Stack) -> None:
    left = lock(state, held_by(os.getpid()))
    pulumi.up(local, quiet())
    assert not left.exists()


@pytest.mark.parametrize("content", [held_by(1 << 30, "another-machine"), "{}", "", '{"pid": "x", "hostname": "%s"}'])
def test_a_lock_that_cannot_be_judged_from_here_is_left_to_pulumi(content: str, state: State, local: Stack) -> None:
    held = lock(state, content.replace("%s", socket.gethostname()))
    pulumi.up(local, quiet())
    assert held.exists()
