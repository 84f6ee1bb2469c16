"""Preview of 10, 100 and 1,000 volumes and replicas under the recording monitor: what one volume costs in each.

    python -m tools.bench.preview_scale

Only the program's own work is measured, in CPU seconds, without an engine and a provider. It is linear if a volume
costs the same however many there are. A bare program of as many PersistentVolumes shows what the SDK costs by itself.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import pulumi

from components.config.loader import parse
from components.history.made import READ_RESOURCES
from components.kubernetes.objects import KubernetesObject
from components.stack import deploy
from tests.support.recording import record

Program = Callable[[], None]
NO_HISTORY: Final = {READ_RESOURCES: {"name": "bench", "outputs": {}}}
"""What the engine answers about a stack that no `up` has made anything of."""
COUNTS: Final = (10, 100, 1000)
LIMIT: Final = 1.25
"""How much more a volume may cost among ten times as many before this says that growth is not linear."""


def stack(count: int) -> str:
    """The workloads of a stack file: a kubia with `count` replicas, each on a directory of its own, over ten nodes."""
    volumes = [{"name": f"pv-{i}", "node": f"node-{i % 10}", "path": f"/srv/volumes/{i}"} for i in range(count)]
    workload: dict[str, Any] = {
        "kind": "kubia",
        "replicas": count,
        "image": "kubia:1",
        "storage": {"kind": "local", "volumes": volumes},
    }
    return json.dumps({"kubia": workload})


def ours(count: int) -> Program:
    """This project's program with such a stack, its config read and checked as in every run."""
    text, target = stack(count), json.dumps({"context": "bench", "kubeconfig": str(kubeconfig())})

    def program() -> None:
        for name, outputs in deploy(parse(target, text)).items():
            pulumi.export(name, outputs)

    return program


@cache
def kubeconfig() -> Path:
    """A kubeconfig that has the context `bench`, without which the program refuses the stack."""
    with tempfile.NamedTemporaryFile("w", prefix="statefulsets-bench-", suffix=".json", delete=False) as file:
        json.dump({"contexts": [{"name": "bench", "context": {"cluster": "bench"}}]}, file)
    atexit.register(os.unlink, file.name)
    return Path(file.name)


def bare(count: int) -> Program:
    """A bare program with as many PersistentVolumes and nothing else."""

    def program() -> None:
        for i in range(count):
            spec = {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "local": {"path": f"/srv/{i}"}}
            manifest = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"pv-{i}"}, "spec": spec}
            KubernetesObject(f"pv-{i}", manifest)

    return program


def seconds(program: Program, count: int) -> float:
    """CPU seconds of one preview of a program that makes `count` volumes."""
    gc.collect()
    start = time.process_time()
    recorded = record(program, preview=True, calls=NO_HISTORY)
    took = time.process_time() - start
    if len(recorded.of_type("PersistentVolume")) != count:
        raise RuntimeError(f"{count} volumes were asked for, {len(recorded.of_type('PersistentVolume'))} were made")
    return took


def measure(kind: Callable[[int], Program]) -> dict[int, float]:
    """Median CPU seconds by count; the first run, which imports and compiles, is thrown away."""
    seconds(kind(COUNTS[0]), COUNTS[0])
    gc.freeze()  # as the program does when its imports are done
    return {count: statistics.median(seconds(kind(count), count) for _ in range(5)) for count in COUNTS}


def main() -> int:
    """Prints a line for each count. Returns 1 if a volume costs more among many than `LIMIT` allows."""
    took, peer = measure(ours), measure(bare)
    each = {count: took[count] / count for count in COUNTS}
    for count in COUNTS:
        line = f"{count:5} volumes: {took[count]:6.3f} s, {each[count] * 1000:5.2f} ms each"
        print(f"{line}; bare: {peer[count]:6.3f} s, {peer[count] / count * 1000:5.2f} ms each")
    growth = each[COUNTS[-1]] / each[COUNTS[-2]]
    print(f"a volume among {COUNTS[-1]} costs {growth:.2f} of one among {COUNTS[-2]} (linear: at most {LIMIT})")
    return 0 if growth <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
