package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"google.golang.org/grpc"
	"k8s.io/klog/v2"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/constants"
)

// registrar answers the kubelet's question which driver there is and on which socket it listens: the work of
// node-driver-registrar.
type registrar struct{ socket string }

func (r registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: constants.DriverName, Endpoint: r.socket,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (r registrar) NotifyRegistrationStatus(
	_ context.Context, status *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	if !status.PluginRegistered {
		// The kubelet asks once a start of the plugin: it gets another one.
		klog.Errorf("The kubelet refused the driver: %s", status.Error)
		os.Exit(1)
	}
	klog.Info("The kubelet registered the driver")
	return &registration.RegistrationStatusResponse{}, nil
}

// register serves the kubelet's registration protocol on `path`, for a driver that listens on `socket`.
func register(path, socket string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err // of a run before this one
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("registering with the kubelet: %w", err)
	}
	server := grpc.NewServer()
	registration.RegisterRegistrationServer(server, registrar{socket})
	go func() {
		if err := server.Serve(listener); err != nil {
			klog.Fatalf("Registering with the kubelet: %v", err)
		}
	}()
	return nil
}
