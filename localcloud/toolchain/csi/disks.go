package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"k8s.io/klog/v2"
	"k8s.io/mount-utils"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/deviceutils"
	"sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/resizefs"
	"statefulsets/localcloud/toolchain/csi/loop"
)

// onlineForbidden is what resize2fs says where the kernel lets only CAP_SYS_RESOURCE grow a mounted ext4.
const onlineForbidden = "Permission denied to resize filesystem"

// disks are the attached disks of a machine as the driver looks for them: `/dev/disk/by-id/google-NAME` on GCE, made by
// udev; here links in `links` to loop devices, made when they are asked for.
type disks struct {
	deviceutils.DeviceUtils
	standin standin
	machine machine
	files   string
	links   string
	mounter *mount.SafeFormatAndMount

	lock sync.Mutex
	open map[string]*os.File // by device name: what keeps each loop device alive while it is not mounted
}

func (d *disks) GetDiskByIdPaths(device, partition string) []string {
	return []string{filepath.Join(d.links, "google-"+device)} // a disk of ours has no partitions
}

// VerifyDevicePath makes sure that a disk which the API says is attached to this machine is there with its whole size.
func (d *disks) VerifyDevicePath(paths []string, device string) (string, error) {
	d.lock.Lock()
	defer d.lock.Unlock()
	file, err := d.standin.attachedFile(context.Background(), d.machine.project, d.machine.zone, d.machine.name, device)
	if err != nil {
		return "", err
	}
	if file == "" {
		return "", fmt.Errorf("disk %s is not attached to %s", device, d.machine.name)
	}
	if d.files != "" {
		file = filepath.Join(d.files, filepath.Base(file))
	}
	have, err := loop.Of(file)
	if err != nil {
		return "", err
	}
	if held := d.open[device]; held == nil || held.Name() != have {
		d.drop(device)
		if d.open[device], err = loop.Insert(file); err != nil {
			delete(d.open, device)
			return "", fmt.Errorf("disk %s: %w", device, err)
		}
	}
	held := d.open[device]
	if err := loop.Grow(held); err != nil {
		return "", fmt.Errorf("disk %s: size of %s: %w", device, held.Name(), err)
	}
	return paths[0], link(held.Name(), paths[0])
}

// release lets go of a disk that is not mounted any more; its loop device ends with that.
func (d *disks) release(device string) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.drop(device)
}

func (d *disks) drop(device string) {
	if held := d.open[device]; held != nil {
		held.Close()
	}
	delete(d.open, device)
	_ = os.Remove(d.GetDiskByIdPaths(device, "")[0])
}

// link points a symbolic link at a device, whatever it pointed at before.
func link(device, path string) error {
	if have, err := os.Readlink(path); err == nil && have == device {
		return nil
	}
	aside := path + ".new"
	_ = os.Remove(aside)
	if err := os.Symlink(device, aside); err != nil {
		return err
	}
	return os.Rename(aside, path)
}

// Resize grows the file system of a disk that was staged a moment ago. Where the kernel forbids that of a mounted ext4,
// it is taken down once more: no pod has it yet.
func (d *disks) Resize(resizer resizefs.Resizefs, device, point string) (bool, error) {
	resized, err := d.DeviceUtils.Resize(resizer, device, point)
	if err == nil || !strings.Contains(err.Error(), onlineForbidden) {
		return resized, err
	}
	mounts, err := d.mounter.List()
	if err != nil {
		return false, err
	}
	at := slices.IndexFunc(mounts, func(m mount.MountPoint) bool { return m.Path == point })
	if at < 0 {
		return false, fmt.Errorf("%s is not mounted", point)
	}
	klog.Infof("%s: growing the file system of %s while it is not mounted", device, point)
	if err := d.mounter.Unmount(point); err != nil {
		return false, err
	}
	grown := d.growUnmounted(device)
	if err := d.mounter.Mount(device, point, mounts[at].Type, mounts[at].Opts); err != nil {
		return false, errors.Join(grown, err)
	}
	return grown == nil, grown
}

func (d *disks) growUnmounted(device string) error {
	output, err := d.mounter.Exec.Command("e2fsck", "-f", "-p", device).CombinedOutput()
	var exit interface{ ExitStatus() int }
	if err != nil && !(errors.As(err, &exit) && exit.ExitStatus() == 1) { // 1: it found something and mended it
		return fmt.Errorf("e2fsck %s: %w: %s", device, err, output)
	}
	if output, err := d.mounter.Exec.Command("resize2fs", device).CombinedOutput(); err != nil {
		return fmt.Errorf("resize2fs %s: %w: %s", device, err, output)
	}
	return nil
}
