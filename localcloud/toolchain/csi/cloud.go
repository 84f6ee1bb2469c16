package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud/meta"
	computev1 "google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	"k8s.io/klog/v2"
	gce "sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/gce-cloud-provider/compute"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/parameters"
	"statefulsets/localcloud/toolchain/csi/loop"
)

// standin is where the Compute API's stand-in answers, and the file with the token that it asks for. What is read from
// it beside the driver's own calls is the one thing that Google does not tell: in which file an attached disk lies.
type standin struct{ endpoint, tokenFile string }

// flags asks for both on the command line.
func (s *standin) flags(flags *flag.FlagSet) {
	flags.StringVar(&s.endpoint, "compute-endpoint", "", "the Compute API's address, http://HOST:PORT")
	flags.StringVar(&s.tokenFile, "token-file", "", "the file with the token that the Compute API asks for")
}

// token is read at each use: whoever starts the stand-in anew may have made another one.
func (s standin) token() (string, error) {
	text, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// attachedFile is the file of a disk that is attached to an instance under a device name; empty when none is.
func (s standin) attachedFile(ctx context.Context, project, zone, instance, device string) (string, error) {
	address := fmt.Sprintf("%s/compute/v1/projects/%s/zones/%s/instances/%s", strings.TrimSuffix(s.endpoint, "/"),
		project, zone, instance)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	token, err := s.token()
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", address, response.Status)
	}
	var answer struct {
		Disks []struct{ DeviceName, StandinFile string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("%s: %w", address, err)
	}
	for _, disk := range answer.Disks {
		if disk.DeviceName == device {
			return disk.StandinFile, nil
		}
	}
	return "", nil
}

// compute is Google's API as the controller sees it. A disk that is detached leaves its machine at once, whatever still
// writes to it there: only then may another machine have it.
type compute struct {
	*gce.CloudProvider
	standin standin
}

// DetachDisk takes the disk out of the machine first and out of the API's records second: in the moment in which
// another machine may attach it, the old one cannot write any more.
func (c compute) DetachDisk(ctx context.Context, project, device, zone, instance string) error {
	file, err := c.standin.attachedFile(ctx, project, zone, instance, device)
	if err != nil {
		return err
	}
	if file != "" {
		if err := loop.Pull(file); err != nil {
			return fmt.Errorf("taking disk %s out of %s: %w", device, instance, err)
		}
	}
	klog.Infof("Took disk %s (%s) out of %s", device, file, instance)
	return c.CloudProvider.DetachDisk(ctx, project, device, zone, instance)
}

// The driver takes addresses of disks, machines and snapshots for real only if they begin with https.

func (c compute) ListDisks(ctx context.Context, fields []googleapi.Field) ([]*computev1.Disk, string, error) {
	disks, next, err := c.CloudProvider.ListDisks(ctx, fields)
	for _, disk := range disks {
		secure(&disk.SelfLink)
		for i := range disk.Users {
			secure(&disk.Users[i])
		}
	}
	return disks, next, err
}

func (c compute) ListSnapshots(ctx context.Context, filter string) ([]*computev1.Snapshot, string, error) {
	snapshots, next, err := c.CloudProvider.ListSnapshots(ctx, filter)
	for _, snapshot := range snapshots {
		secureSnapshot(snapshot)
	}
	return snapshots, next, err
}

func (c compute) GetSnapshot(ctx context.Context, project, name string) (*computev1.Snapshot, error) {
	snapshot, err := c.CloudProvider.GetSnapshot(ctx, project, name)
	secureSnapshot(snapshot)
	return snapshot, err
}

func (c compute) CreateSnapshot(
	ctx context.Context, project string, key *meta.Key, name string, wanted parameters.SnapshotParameters,
) (*computev1.Snapshot, error) {
	snapshot, err := c.CloudProvider.CreateSnapshot(ctx, project, key, name, wanted)
	secureSnapshot(snapshot)
	return snapshot, err
}

func secureSnapshot(snapshot *computev1.Snapshot) {
	if snapshot != nil {
		secure(&snapshot.SelfLink)
		secure(&snapshot.SourceDisk)
	}
}

func secure(address *string) { *address = strings.Replace(*address, "http://", "https://", 1) }
