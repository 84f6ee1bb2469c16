"""Another project's program: a Redis whose image another resource names, and a replicated MySQL."""

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace
from statefulsets import ReplicatedMySql, ReplicatedMySqlArgs, StatefulService, StatefulServiceArgs

config = pulumi.Config()
shop = Namespace("shop", metadata={"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}).metadata.name
images = ConfigMap("images", metadata={"namespace": shop}, data={"cache": "localhost/statefulsets/redis:8"}).data

cache = StatefulServiceArgs(
    namespace=shop,
    image=images["cache"],
    ports=[{"name": "redis", "port": 6379}],
    mounts=[{"path": "/data"}],
    uid=999,
    durability="discard",
)

mysql = ReplicatedMySqlArgs(
    namespace=shop,
    image="localhost/statefulsets/mysql:9.7",
    replicas=2,
    durability="discard",
    passwords={
        "root": config.require_secret("root"),
        "replication": config.require_secret("replication"),
        "clone": config.require_secret("clone"),
        "monitor": config.require_secret("monitor"),
        "application": config.require_secret("application"),
    },
)

pulumi.export("cache", StatefulService("cache", cache).hosts)
pulumi.export("mysql", ReplicatedMySql("orders", mysql).write_endpoint)
