"""Runs a Pulumi program without an engine and hands back all it asked for.

    def program() -> None:
        Nginx("nginx", NginxArgs(replicas=3))

    recorded = record(program)
    assert recorded.one("StatefulSet").inputs["spec"]["replicas"] == 3

Assertions belong after `record`, on what it returns: inside an `apply` they are skipped whenever the value
is unknown. One that does fail there fails `record` too, awaited or not. Each call has its own event loop,
settings, config and root resource, in a context of its own, so nothing of one program is left for the next.
Outputs belong to their loop: make them inside the program.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime import config as pulumi_config
from pulumi.runtime import settings
from pulumi.runtime.stack import run_in_stack

from tests.support.monitor import Call, ProviderOutputs, RecordingEngine, RecordingMonitor, Resource
from tests.support.wire import masked

Program = Callable[[], Any]


@dataclass(frozen=True)
class Recorded:
    """What one run of a program asked the engine for, in the order it asked."""

    resources: tuple[Resource, ...]
    stack_outputs: Mapping[str, Any]
    """The stack's outputs, in which secrets are marked."""
    calls: tuple[Call, ...] = ()
    """The provider functions that the program called."""
    logs: tuple[tuple[str, str], ...] = ()
    """The severity and the text of each message that the program logged."""
    error: BaseException | None = field(default=None, compare=False)
    """The exception that the program raised, where `record` was called with `raises`."""

    def of_type(self, type_: str) -> tuple[Resource, ...]:
        """All resources of a type, given in full (`kubernetes:core/v1:Service`) or by its class (`Service`)."""
        return tuple(r for r in self.resources if type_ in (r.type, r.type.rpartition(":")[2]))

    def one(self, type_: str, name: str | None = None) -> Resource:
        """The only resource of a type, or its only one with this name. Fails otherwise, and lists all resources."""
        found = [r for r in self.of_type(type_) if name in (None, r.name)]
        if len(found) != 1:
            there = "\n  ".join(f"{r.type} {r.name}" for r in self.resources) or "none"
            wanted = type_ if name is None else f"{type_} {name}"
            raise AssertionError(f"{len(found)} resources are {wanted}; there are:\n  {there}")
        return found[0]

    def children(self, parent: str) -> tuple[Resource, ...]:
        """The resources whose parent has this name."""
        return tuple(r for r in self.resources if r.parent == parent)

    def kubernetes_objects(self) -> tuple[dict[str, Any], ...]:
        """The objects that a cluster would be sent, in which secret texts are masked."""
        found = (r for r in self.resources if r.type.startswith("kubernetes:") and "kind" in r.inputs)
        return tuple(masked(dict(r.inputs)) for r in found)


def record(
    program: Program,
    *,
    config: Mapping[str, Any] | None = None,
    secret_keys: Sequence[str] = (),
    project: str = "statefulsets",
    stack: str = "test",
    preview: bool = False,
    outputs: Mapping[str, ProviderOutputs] | None = None,
    calls: Mapping[str, Mapping[str, Any]] | None = None,
    raises: type[BaseException] | None = None,
) -> Recorded:
    """Runs the program to its end, all outputs resolved, and returns what was recorded.

    config: keys with or without `project:`; anything but a string becomes JSON, as a stack file's values do.
    secret_keys: those keys of config that were set with `--secret`.
    preview: nothing gets an id and no provider answers, so their outputs are unknown.
    outputs: type token -> what its provider adds to the inputs (`id` sets the id), or a function of the
        resource that tells it.
    calls: function token -> its result.
    raises: the program must end with this exception, returned as `.error`; any other comes out here.
    """
    monitor = RecordingMonitor(project, stack, preview, outputs or {}, calls or {})
    engine = RecordingEngine()

    def prepare() -> None:
        fresh = settings.Settings(project, stack, monitor, engine, dry_run=preview, organization="org")
        fresh.callbacks = monitor
        settings.configure(fresh)
        settings.ROOT.set(None)
        values = {_qualified(key, project): _as_text(value) for key, value in (config or {}).items()}
        pulumi_config.set_all_config(values, [_qualified(key, project) for key in secret_keys])

    error = _run(prepare, program, raises)
    if raises is not None and error is None:
        raise AssertionError(f"the program should raise {raises.__name__} and ended well")
    return Recorded(
        resources=tuple(monitor.resources.values()),
        stack_outputs=monitor.stack_outputs,
        calls=tuple(monitor.calls),
        logs=tuple(engine.logs),
        error=error,
    )


def _run(prepare: Callable[[], None], program: Program, expected: type[BaseException] | None) -> BaseException | None:
    """Runs the program. Returns the exception that is expected of it, and raises any other."""
    context = contextvars.copy_context()
    context.run(prepare)
    with asyncio.Runner() as runner:
        try:
            runner.run(_to_the_end(program), context=context)
        except BaseException as error:
            if expected is None or not isinstance(error, expected):
                raise
            return error
    return None


async def _to_the_end(program: Program) -> None:
    loop = asyncio.get_running_loop()
    # One worker, so that requests arrive in the order the program made them.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
    lost: list[BaseException] = []
    loop.set_exception_handler(lambda _, context: _collect(context, lost))
    await run_in_stack(program)
    if stray := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.gather(*stray)
    if lost:
        raise lost[0]


def _collect(context: Mapping[str, Any], lost: list[BaseException]) -> None:
    if error := context.get("exception"):
        lost.append(error)


def _qualified(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
