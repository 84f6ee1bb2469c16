// The CSI sanity suite of upstream against a driver that runs already (tests/engine/test_csi_sanity.py starts one).
package sanity

import (
	"context"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"github.com/google/uuid"
	"github.com/kubernetes-csi/csi-test/v5/pkg/sanity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const place = "projects/statefulsets-local/zones/europe-west1-b"

// Google's own run of the suite leaves some out, too (test/sanity in the driver's repository).
var skipped = []string{
	// 128 characters; a disk's name has 63 (Compute Engine, "Naming resources"), and a provisioned one 40.
	"maximum-length name",
	// The driver says Internal where the suite wants NotFound.
	"NodeExpandVolume.*should fail when volume is not found",
	// Only Hyperdisk types can be modified, which the stand-in does not have.
	"ModifyVolume",
}

// places makes identifiers of the shape that the driver knows.
type places struct{}

func name() string                                 { return "x" + uuid.NewString()[:8] }
func (places) GenerateUniqueValidVolumeID() string { return place + "/disks/" + name() }
func (places) GenerateUniqueValidNodeID() string   { return place + "/instances/" + name() }
func (places) GenerateInvalidVolumeID() string     { return "no-volume" }
func (places) GenerateInvalidNodeID() string       { return "no-node" }

// lower sends the suite's names as Compute Engine takes them: it knows no capitals, and the suite's have some.
func lower(
	ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, call grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	switch request := request.(type) {
	case *csi.CreateVolumeRequest:
		request.Name = strings.ToLower(request.Name)
	case *csi.CreateSnapshotRequest:
		request.Name = strings.ToLower(request.Name)
	}
	return call(ctx, method, request, reply, connection, options...)
}

// late dials a socket after a moment. The suite looks at a new connection's state and then waits until that changes: for
// a minute and in vain, after which the spec fails, where the connection was made before its first look
// (csi-test 5.3.1, utils.Connect). It has a dialer of its own for addresses of the scheme `unix`, so these have another.
func late(socket string) grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		time.Sleep(time.Second)
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", socket)
	})
}

func TestSanity(t *testing.T) {
	directory, controller, node := os.Getenv("CSI_DIRECTORY"), os.Getenv("CSI_CONTROLLER"), os.Getenv("CSI_NODE")
	if directory == "" || controller == "" || node == "" {
		t.Skip("CSI_DIRECTORY, CSI_CONTROLLER and CSI_NODE name the driver to test")
	}
	if err := flag.Set("ginkgo.skip", strings.Join(skipped, "|")); err != nil {
		t.Fatal(err)
	}
	config := sanity.NewTestConfig()
	plain := grpc.WithTransportCredentials(insecure.NewCredentials())
	config.Address, config.ControllerAddress = "passthrough:///node", "passthrough:///controller"
	config.DialOptions = []grpc.DialOption{plain, late(node)}
	config.ControllerDialOptions = []grpc.DialOption{plain, late(controller), grpc.WithUnaryInterceptor(lower)}
	config.TargetPath, config.StagingPath = filepath.Join(directory, "target"), filepath.Join(directory, "staging")
	config.IDGen = places{}
	config.TestVolumeSize, config.TestVolumeExpandSize = 1<<30, 2<<30
	config.TestVolumeParameters = map[string]string{"type": "pd-balanced"}
	sanity.Test(t, config)
}
