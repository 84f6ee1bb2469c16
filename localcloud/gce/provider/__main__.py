"""The program that the engine starts: it prints its port and serves until it is killed."""

from __future__ import annotations

import os
import sys
from concurrent import futures

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.gce.provider import TOKEN_FILE
from localcloud.gce.provider.servicer import Provider

LARGEST_MESSAGE = 400 << 20
"""How many bytes a message may have, which is the same for Pulumi's own providers."""


def main() -> None:
    """Run `pulumi-resource-gcp ENGINE`, where ENGINE is the address to which log lines go."""
    options = [(f"grpc.max_{way}_message_length", LARGEST_MESSAGE) for way in ("send", "receive")]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    engine = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    provider = Provider(engine, os.environ.get(TOKEN_FILE, ""))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
