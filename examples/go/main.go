// A Redis of any image and a replicated MySQL, from Go. `pulumi package add ../../package` makes the SDK in ./sdks.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"example.com/statefulsets/sdk/go/statefulsets"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		secret := func(account string) pulumi.StringOutput { return config.RequireSecret(ctx, account) }
		cache, err := statefulsets.NewStatefulService(ctx, "cache", &statefulsets.StatefulServiceArgs{
			Image:  pulumi.String("localhost/statefulsets/redis:8"),
			Ports:  []statefulsets.PortArgs{{Name: "redis", Port: 6379}},
			Mounts: []statefulsets.MountArgs{{Path: "/data"}},
			Uid:    pulumi.IntRef(999),
		})
		if err != nil {
			return err
		}
		orders, err := statefulsets.NewReplicatedMySql(ctx, "orders", &statefulsets.ReplicatedMySqlArgs{
			Image:    pulumi.String("localhost/statefulsets/mysql:9.7"),
			Replicas: pulumi.IntRef(2),
			Passwords: statefulsets.MySqlPasswordsArgs{
				Root: secret("root"), Replication: secret("replication"), Clone: secret("clone"),
				Monitor: secret("monitor"), Application: secret("application"),
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("cache", cache.Hosts)
		ctx.Export("mysql", orders.WriteEndpoint)
		return nil
	})
}
