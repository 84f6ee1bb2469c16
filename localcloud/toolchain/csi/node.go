package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/common"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/constants"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/deviceutils"
	driver "sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/gce-pd-csi-driver"
	mountmanager "sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/mount-manager"
)

// nodeServer is the driver's node service on a machine whose disks are loop devices.
type nodeServer struct {
	*driver.GCENodeServer
	disks *disks
}

// NodeUnstageVolume also takes away the device, which on GCE only detaching does: kept, it would outlive the node.
func (n nodeServer) NodeUnstageVolume(
	ctx context.Context, request *csi.NodeUnstageVolumeRequest,
) (*csi.NodeUnstageVolumeResponse, error) {
	response, err := n.GCENodeServer.NodeUnstageVolume(ctx, request)
	if err != nil {
		return nil, err
	}
	if _, key, err := common.VolumeIDToKey(request.GetVolumeId()); err == nil {
		if device, err := common.GetDeviceName(key); err == nil {
			n.disks.release(device)
		}
	}
	return response, nil
}

// NodeExpandVolume says it in the way that the kubelet understands when a file system can only grow unmounted: it stops
// trying, and the claim says that its pod has to start again.
func (n nodeServer) NodeExpandVolume(
	ctx context.Context, request *csi.NodeExpandVolumeRequest,
) (*csi.NodeExpandVolumeResponse, error) {
	response, err := n.GCENodeServer.NodeExpandVolume(ctx, request)
	if err != nil && strings.Contains(err.Error(), onlineForbidden) {
		return nil, status.Errorf(codes.FailedPrecondition, "the disk has its new size, the ext4 on it grows when its "+
			"pod starts next: this machine lacks CAP_SYS_RESOURCE, which growing a mounted ext4 takes (%v)", err)
	}
	return response, err
}

// node runs the driver's node service beside a kubelet, and registers it there.
func node(arguments []string) error {
	flags := flag.NewFlagSet("csi-node", flag.ExitOnError)
	logging(flags)
	var (
		m       machine
		api     standin
		kubelet = flags.String("kubelet", "/var/lib/kubelet", "the kubelet's directory")
		files   = flags.String("disks", "", "where the files of disks are seen from here; empty: where the stand-in says")
		links   = flags.String("links", "/run/csi/by-id", "where links to the attached disks are made")
	)
	api.flags(flags)
	flags.StringVar(&m.name, "instance", "", "name of this machine in the Compute API")
	flags.StringVar(&m.zone, "zone", "", "the zone it is in")
	flags.StringVar(&m.project, "project", "", "the project it is in")
	_ = flags.Parse(arguments)

	plugin := filepath.Join(*kubelet, "plugins", constants.DriverName)
	registry := filepath.Join(*kubelet, "plugins_registry")
	for _, directory := range []string{plugin, registry, *links} {
		if err := os.MkdirAll(directory, 0o750); err != nil {
			return err
		}
	}
	mounter, err := mountmanager.NewSafeMounter(1, time.Minute)
	if err != nil {
		return err
	}
	attached := &disks{
		DeviceUtils: deviceutils.NewDeviceUtils(), standin: api, machine: m, files: *files, links: *links,
		mounter: mounter, open: map[string]*os.File{},
	}
	gceDriver := driver.GetGCEDriver()
	server := driver.NewNodeServer(gceDriver, mounter, attached, m, mountmanager.NewStatter(mounter),
		&driver.NodeServerArgs{EnableDeviceInUseCheck: true, DeviceInUseTimeout: 30 * time.Second, SysfsPath: "/sys"}).
		WithSerializedFormatAndMount(time.Minute, 1)
	identity := driver.NewIdentityServer(gceDriver)
	if err := gceDriver.SetupGCEDriver(constants.DriverName, version, nil, nil, identity, nil, server); err != nil {
		return err
	}
	socket := filepath.Join(plugin, "csi.sock")
	grpcServer := driver.NewNonBlockingGRPCServer(false, nil)
	grpcServer.Start("unix:"+socket, identity, nil, nodeServer{server, attached})
	if err := register(filepath.Join(registry, constants.DriverName+"-reg.sock"), socket); err != nil {
		return err
	}
	ended()
	return nil
}
