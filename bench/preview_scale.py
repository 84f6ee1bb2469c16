"""Preview of 10, 100 and 1,000 volumes and replicas under the recording monitor: what one volume costs in each.

    python -m bench.preview_scale

The program's own work only, in CPU seconds: no engine, no provider. Linear means that a volume costs the same however
many there are. Beside it stands a bare program of as many PersistentVolumes: what the SDK costs by itself.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import pulumi

from components.config.loader import parse
from components.kubernetes.objects import KubernetesObject
from components.stack import deploy
from tests.support.recording import record

Program = Callable[[], None]
COUNTS: Final = (10, 100, 1000)
LIMIT: Final = 1.25
"""How much more a volume may cost among ten times as many before this says that growth is not linear."""


def stack(count: int) -> str:
    """A kubia with so many replicas, each on a directory of its own, over ten nodes."""
    volumes = [{"name": f"pv-{i}", "node": f"node-{i % 10}", "path": f"/srv/volumes/{i}"} for i in range(count)]
    workload: dict[str, Any] = {
        "kind": "kubia",
        "replicas": count,
        "image": "kubia:1",
        "storage": {"kind": "local", "volumes": volumes},
    }
    return json.dumps({"kubia": workload})


def ours(count: int) -> Program:
    """The program, config and all."""
    text, target = stack(count), json.dumps({"context": "bench"})

    def program() -> None:
        for name, outputs in deploy(parse(target, text)).items():
            pulumi.export(name, outputs)

    return program


def bare(count: int) -> Program:
    """As many volumes and nothing else."""

    def program() -> None:
        for i in range(count):
            spec = {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "local": {"path": f"/srv/{i}"}}
            manifest = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"pv-{i}"}, "spec": spec}
            KubernetesObject(f"pv-{i}", manifest)

    return program


def seconds(program: Program, count: int) -> float:
    """One preview."""
    gc.collect()
    start = time.process_time()
    recorded = record(program, preview=True)
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
    """A line for each count; 1 if a volume gets dearer among many."""
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
