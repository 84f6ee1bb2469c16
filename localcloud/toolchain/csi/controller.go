package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	csitrans "k8s.io/csi-translation-lib"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/constants"
	driver "sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/gce-pd-csi-driver"
)

// callTimeout is for one call of the driver; GKE's own deployment gives provisioner and attacher as much.
const callTimeout = 250 * time.Second

// controller runs the driver's controller service and, unless there is no cluster, the three controllers that upstream
// puts beside it in containers of their own; here they share a process, for the memory's sake.
func controller(arguments []string) error {
	flags := flag.NewFlagSet("csi-controller", flag.ExitOnError)
	logging(flags)
	var (
		m          machine
		api        standin
		socket     = flags.String("socket", "", "where the driver listens")
		backoff    = flags.Duration("backoff", 200*time.Millisecond, "how long a machine rests after a call that failed")
		kubeconfig = flags.String("kubeconfig", "", "the cluster's; empty: the driver alone, without a cluster")
	)
	api.flags(flags)
	flags.StringVar(&m.project, "project", "", "the project in which disks are made")
	flags.StringVar(&m.zone, "zone", "", "a zone of the region in which they are made")
	_ = flags.Parse(arguments)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := serveController(ctx, m, api, *socket, *backoff); err != nil {
		return err
	}
	if *kubeconfig != "" {
		if err := runSidecars(ctx, *kubeconfig, *socket); err != nil {
			return err
		}
	}
	ended()
	return nil
}

func serveController(ctx context.Context, m machine, api standin, socket string, backoff time.Duration) error {
	provider, err := connect(ctx, m, api)
	if err != nil {
		return fmt.Errorf("the Compute API at %s: %w", api.endpoint, err)
	}
	gceDriver := driver.GetGCEDriver()
	server := driver.NewControllerServer(gceDriver, compute{provider, api},
		backoff, retryMax, nil, false, false,
		driver.MultiZoneVolumeHandleConfig{}, driver.ListVolumesConfig{}, driver.ProvisionableDisksConfig{}, false,
		&driver.GCEControllerServerArgs{})
	identity := driver.NewIdentityServer(gceDriver)
	if err := gceDriver.SetupGCEDriver(constants.DriverName, version, nil, nil, identity, server, nil); err != nil {
		return err
	}
	driver.NewNonBlockingGRPCServer(false, nil).Start("unix:"+socket, identity, server, nil)
	return nil
}

// inTreeName is what StorageClasses and volumes from before CSI call the driver (kubernetes.io/gce-pd).
func inTreeName(translator csitrans.CSITranslator) (string, error) {
	name, err := translator.GetInTreeNameFromCSIName(constants.DriverName)
	return strings.TrimSpace(name), err
}
