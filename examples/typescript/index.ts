// A Redis of any image and a replicated MySQL, from TypeScript. `pulumi package add ../../package` makes the SDK in ./sdks.
import * as pulumi from "@pulumi/pulumi";
import * as statefulsets from "@statefulsets/statefulsets";

const config = new pulumi.Config();
const cache = new statefulsets.StatefulService("cache", {
    image: "localhost/statefulsets/redis:8",
    ports: [{ name: "redis", port: 6379 }],
    mounts: [{ path: "/data" }],
    uid: 999,
});
const orders = new statefulsets.ReplicatedMySql("orders", {
    image: "localhost/statefulsets/mysql:9.7",
    replicas: 2,
    passwords: {
        root: config.requireSecret("root"),
        replication: config.requireSecret("replication"),
        clone: config.requireSecret("clone"),
        monitor: config.requireSecret("monitor"),
        application: config.requireSecret("application"),
    },
});
export const cacheHosts = cache.hosts;
export const mysql = orders.writeEndpoint;
