package main

import (
	"context"
	"fmt"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"github.com/kubernetes-csi/csi-lib-utils/connection"
	"github.com/kubernetes-csi/csi-lib-utils/metrics"
	"github.com/kubernetes-csi/csi-lib-utils/rpc"
	"github.com/kubernetes-csi/external-attacher/v4/pkg/attacher"
	attach "github.com/kubernetes-csi/external-attacher/v4/pkg/controller"
	provision "github.com/kubernetes-csi/external-provisioner/v5/pkg/controller"
	resize "github.com/kubernetes-csi/external-resizer/pkg/controller"
	resizecsi "github.com/kubernetes-csi/external-resizer/pkg/csi"
	"github.com/kubernetes-csi/external-resizer/pkg/resizer"
	snapshots "github.com/kubernetes-csi/external-snapshotter/client/v8/clientset/versioned"
	"google.golang.org/grpc"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	csitrans "k8s.io/csi-translation-lib"
	"k8s.io/klog/v2"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/constants"
	provisionlib "sigs.k8s.io/sig-storage-lib-external-provisioner/v11/controller"
)

const (
	resync   = 10 * time.Minute
	workers  = 10
	retryMin = time.Second
	// On GKE 5 minutes; a person in front of a laptop does not wait that long for what was mended meanwhile.
	retryMax = 30 * time.Second
)

// sidecars holds what the three controllers share.
type sidecars struct {
	config    *rest.Config
	client    kubernetes.Interface
	informers informers.SharedInformerFactory
	driver    *grpc.ClientConn
	socket    string
}

// runSidecars starts provisioner, attacher and resizer, set up as GKE's deployment of the driver does.
func runSidecars(ctx context.Context, kubeconfig, socket string) error {
	s := sidecars{socket: socket}
	var err error
	if s.config, err = clientcmd.BuildConfigFromFlags("", kubeconfig); err != nil {
		return err
	}
	s.config.QPS, s.config.Burst = 50, 100
	core := rest.CopyConfig(s.config)
	core.ContentType = runtime.ContentTypeProtobuf
	if s.client, err = kubernetes.NewForConfig(core); err != nil {
		return err
	}
	if s.driver, err = connection.Connect(ctx, socket, metrics.NewCSIMetricsManager(constants.DriverName)); err != nil {
		return fmt.Errorf("the driver on %s: %w", socket, err)
	}
	if err = rpc.ProbeForever(ctx, s.driver, 10*time.Second); err != nil {
		return fmt.Errorf("the driver on %s: %w", socket, err)
	}
	s.informers = informers.NewSharedInformerFactory(s.client, resync)
	var run []func(context.Context)
	for _, prepare := range []func(context.Context) (func(context.Context), error){s.provisioner, s.attacher, s.resizer} {
		ready, err := prepare(ctx)
		if err != nil {
			return err
		}
		run = append(run, ready)
	}
	s.informers.Start(ctx.Done())
	for kind, synced := range s.informers.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("the API server does not list %v", kind)
		}
	}
	for _, start := range run {
		go start(ctx)
	}
	klog.Info("Provisioner, attacher and resizer run")
	return nil
}

func (s sidecars) provisioner(ctx context.Context) (func(context.Context), error) {
	translator := csitrans.New()
	inTree, err := inTreeName(translator)
	if err != nil {
		return nil, err
	}
	plugin, capabilities, err := provision.GetDriverCapabilities(s.driver, callTimeout)
	if err != nil {
		return nil, err
	}
	snapshotClient, err := snapshots.NewForConfig(s.config)
	if err != nil {
		return nil, err
	}
	core, storage := s.informers.Core().V1(), s.informers.Storage().V1()
	claims, nodes := core.PersistentVolumeClaims(), core.Nodes().Lister()
	provisioner := provision.NewCSIProvisioner(
		s.client, callTimeout, fmt.Sprintf("%d-%s", time.Now().UnixMilli(), constants.DriverName), "pvc", -1,
		s.driver, snapshotClient, constants.DriverName, plugin, capabilities, inTree,
		false, // strict topology
		true,  // topology of claims that bind at once
		translator, storage.StorageClasses().Lister(), storage.CSINodes().Lister(), nodes, claims.Lister(),
		storage.VolumeAttachments().Lister(), nil,
		true,   // the claim's name and namespace go into the disk's description
		"ext4", // the file system where the class names none
		nil,
		true, // ReadOnlyMany volumes are attached read-only
		true, // no change of volume mode by way of a snapshot
	)
	limiter := func() workqueue.TypedRateLimiter[any] {
		return workqueue.NewTypedItemExponentialFailureRateLimiter[any](retryMin, retryMax)
	}
	control := provisionlib.NewProvisionController(ctx, s.client, constants.DriverName, provisioner,
		provisionlib.LeaderElection(false), provisionlib.FailedProvisionThreshold(0), provisionlib.FailedDeleteThreshold(0),
		provisionlib.RateLimiter(limiter()), provisionlib.Threadiness(workers),
		provisionlib.CreateProvisionedPVLimiter(limiter()), provisionlib.ClaimsInformer(claims.Informer()),
		provisionlib.NodesLister(nodes), provisionlib.AddFinalizer(true),
		provisionlib.AdditionalProvisionerNames([]string{inTree}),
	)
	cloning := provision.NewCloningProtectionController(s.client, claims.Lister(), claims.Informer(),
		workqueue.NewRateLimitingQueue(limiter()), capabilities)
	return func(ctx context.Context) {
		if cloning != nil {
			go cloning.Run(ctx, 1)
		}
		control.Run(ctx)
	}, nil
}

func (s sidecars) attacher(ctx context.Context) (func(context.Context), error) {
	capabilities, err := rpc.GetControllerCapabilities(ctx, s.driver)
	if err != nil {
		return nil, err
	}
	core, storage := s.informers.Core().V1(), s.informers.Storage().V1()
	timeout := callTimeout
	handler := attach.NewCSIHandler(s.client, constants.DriverName, attacher.NewAttacher(s.driver),
		attacher.NewVolumeLister(s.driver, 0), core.PersistentVolumes().Lister(), storage.CSINodes().Lister(),
		storage.VolumeAttachments().Lister(), &timeout,
		capabilities[csi.ControllerServiceCapability_RPC_PUBLISH_READONLY],
		capabilities[csi.ControllerServiceCapability_RPC_SINGLE_NODE_MULTI_WRITER], csitrans.New(), "ext4")
	limiter := func() workqueue.TypedRateLimiter[string] {
		return workqueue.NewTypedItemExponentialFailureRateLimiter[string](retryMin, retryMax)
	}
	control := attach.NewCSIAttachController(klog.Background(), s.client, constants.DriverName, handler,
		storage.VolumeAttachments(), core.PersistentVolumes(), limiter(), limiter(),
		capabilities[csi.ControllerServiceCapability_RPC_LIST_VOLUMES_PUBLISHED_NODES], time.Minute)
	return func(ctx context.Context) { control.Run(ctx, workers, nil) }, nil
}

func (s sidecars) resizer(ctx context.Context) (func(context.Context), error) {
	client, err := resizecsi.New(ctx, s.socket, callTimeout, metrics.NewCSIMetricsManager(constants.DriverName))
	if err != nil {
		return nil, err
	}
	csiResizer, err := resizer.NewResizerFromClient(client, callTimeout, s.client, constants.DriverName)
	if err != nil {
		return nil, err
	}
	control := resize.NewResizeController(constants.DriverName, csiResizer, s.client, resync, s.informers,
		workqueue.NewTypedItemExponentialFailureRateLimiter[string](retryMin, retryMax), false, retryMax)
	return func(ctx context.Context) { control.Run(workers, ctx) }, nil
}
