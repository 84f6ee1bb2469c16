// Package loop makes disks of files: a loop device is put into a machine when its disk is attached, and pulled out of it
// when the disk is detached.
package loop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A disk in a machine is a loop device on its file. The kernel drops the device when nobody has it open or mounted any
// more (autoclear): a power cut of a node, which ends its processes and mounts, leaves none behind.

// pulled marks a device whose disk was taken out while somebody still had it mounted; it is nobody's disk any more.
const pulled = "pulled"

// Of is the loop device on a file, as `/dev/loopN`; empty when there is none. Files are told apart by device and
// inode, for the name that the kernel shows depends on who asks.
func Of(file string) (string, error) {
	var want unix.Stat_t
	if err := unix.Stat(file, &want); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	found, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return "", err
	}
	for _, entry := range found {
		device := "/dev/" + strings.Split(entry, "/")[3]
		opened, err := openDevice(device)
		if err != nil {
			continue // it ended while we looked
		}
		info, err := unix.IoctlLoopGetStatus64(int(opened.Fd()))
		opened.Close()
		if err == nil && info.Device == want.Dev && info.Inode == want.Ino && nameOf(info) != pulled {
			return device, nil
		}
	}
	return "", nil
}

func nameOf(info *unix.LoopInfo64) string { return unix.ByteSliceToString(info.File_name[:]) }

// Insert makes a file a loop device, and answers it open: it lives as long as somebody has it open or mounted.
// A file that has one already gets no second one: two would not see each other's writes.
func Insert(file string) (*os.File, error) {
	backing, err := os.OpenFile(file, os.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer backing.Close()
	for range 20 { // another process may take the free number, or the device may end, while we look
		device, err := Of(file)
		if err != nil {
			return nil, err
		}
		if device == "" {
			opened, err := configure(backing)
			if errors.Is(err, unix.EBUSY) {
				continue
			}
			return opened, err
		}
		opened, err := openDevice(device)
		if err != nil {
			return nil, err
		}
		if again, err := Of(file); err == nil && again == device {
			return opened, nil
		}
		opened.Close()
	}
	return nil, fmt.Errorf("no loop device for %s: others take each free one first", file)
}

func configure(backing *os.File) (*os.File, error) {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("this machine has no loop devices: %w", err)
	}
	defer control.Close()
	number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return nil, fmt.Errorf("no free loop device: %w", err)
	}
	opened, err := openDevice("/dev/loop" + strconv.Itoa(number))
	if err != nil {
		return nil, err
	}
	config := unix.LoopConfig{Fd: uint32(backing.Fd())}
	copy(config.Info.File_name[:len(config.Info.File_name)-1], filepath.Base(backing.Name()))
	// Direct, or each page would be held twice; where the file system under the file cannot, through its cache.
	for _, flags := range []uint32{unix.LO_FLAGS_AUTOCLEAR | unix.LO_FLAGS_DIRECT_IO, unix.LO_FLAGS_AUTOCLEAR} {
		config.Info.Flags = flags
		if err = unix.IoctlLoopConfigure(int(opened.Fd()), &config); !errors.Is(err, unix.EINVAL) {
			break
		}
	}
	if err != nil {
		opened.Close()
		return nil, err
	}
	return opened, nil
}

// Grow tells the kernel that the file under a device has become larger.
func Grow(device *os.File) error {
	return unix.IoctlSetInt(int(device.Fd()), unix.LOOP_SET_CAPACITY, 0)
}

func openDevice(device string) (*os.File, error) {
	if err := makeNode(device); err != nil {
		return nil, err
	}
	return os.OpenFile(device, os.O_RDWR|unix.O_CLOEXEC, 0)
}

// makeNode makes a device's file where /dev is a plain directory (in a container): the kernel makes none there.
func makeNode(device string) error {
	if _, err := os.Stat(device); err == nil {
		return nil
	}
	number, err := strconv.Atoi(strings.TrimPrefix(device, "/dev/loop"))
	if err != nil {
		return err
	}
	err = unix.Mknod(device, unix.S_IFBLK|0o600, int(unix.Mkdev(7, uint32(number))))
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}
