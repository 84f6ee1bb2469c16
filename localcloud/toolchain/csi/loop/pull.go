package loop

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	"k8s.io/klog/v2"
)

const (
	shutdown       = 0x8004587d // FS_IOC_SHUTDOWN, the same number for ext4 and xfs; _IOR('X', 125, u32)
	withoutFlush   = 2          // what is not in the journal yet is lost, as when a disk is pulled
	loopMajor      = 7
	mountInfoOther = 4 // fields of mountinfo: id, parent, major:minor, root, mount point, ...
)

// Pull takes the disk on a file out of its machine, as Google does when a disk is detached. A file system that is still
// mounted from it (the machine was cut off, and the cluster gave up waiting for it) fails all that follows with an I/O
// error, so that nothing reaches the disk once another machine has it.
//
// What it cannot do: end the writes of a container that has the disk as a raw block device.
func Pull(file string) error {
	name, err := Of(file)
	if err != nil || name == "" {
		return err
	}
	device, err := openDevice(name)
	if err != nil {
		return err
	}
	defer device.Close()
	if err := stopFileSystems(device); err != nil {
		return err
	}
	if err := unix.IoctlSetInt(int(device.Fd()), unix.BLKFLSBUF, 0); err != nil {
		return fmt.Errorf("flushing %s: %w", name, err)
	}
	info, err := unix.IoctlLoopGetStatus64(int(device.Fd()))
	if errors.Is(err, unix.ENXIO) {
		return nil // it ended meanwhile
	} else if err != nil {
		return err
	}
	clear(info.File_name[:])
	copy(info.File_name[:], pulled)
	if err := unix.IoctlLoopSetStatus64(int(device.Fd()), info); err != nil {
		return fmt.Errorf("marking %s: %w", name, err)
	}
	if err := unix.IoctlSetInt(int(device.Fd()), unix.LOOP_CLR_FD, 0); err != nil && !errors.Is(err, unix.ENXIO) {
		return fmt.Errorf("ending %s: %w", name, err)
	}
	return nil
}

// stopFileSystems ends what is mounted from a device, in whichever mount namespace: nodes have their own.
func stopFileSystems(device *os.File) error {
	var stat unix.Stat_t
	if err := unix.Fstat(int(device.Fd()), &stat); err != nil {
		return err
	}
	number := fmt.Sprintf("%d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev))
	namespaces := map[string]bool{}
	processes, err := filepath.Glob("/proc/[0-9]*/ns/mnt")
	if err != nil {
		return err
	}
	for _, link := range processes {
		namespace, err := os.Readlink(link)
		if err != nil || namespaces[namespace] {
			continue // it ended, or another process told
		}
		process := filepath.Dir(filepath.Dir(link))
		points, err := mountedFrom(process, number)
		if err != nil {
			continue
		}
		namespaces[namespace] = true
		for _, point := range points {
			stopped, err := stopFileSystem(filepath.Join(process, "root", point))
			if err != nil {
				return fmt.Errorf("stopping %s, still mounted: %w", point, err)
			}
			if stopped {
				klog.Warningf("%s was still mounted at %s: all further I/O there fails", device.Name(), point)
				return nil // every other mount of it is the same file system
			}
		}
	}
	return nil
}

// mountedFrom lists the mount points of a device (`7:0`) as a process sees them.
func mountedFrom(process, number string) ([]string, error) {
	file, err := os.Open(filepath.Join(process, "mountinfo"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var points []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > mountInfoOther && fields[2] == number {
			points = append(points, unescape(fields[mountInfoOther]))
		}
	}
	return points, lines.Err()
}

// unescape undoes what the kernel does to blanks in mountinfo.
func unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

// stopFileSystem is false when the mount point is gone or hidden.
func stopFileSystem(point string) (bool, error) {
	opened, err := os.OpenFile(point, os.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, nil
	}
	defer opened.Close()
	err = unix.IoctlSetPointerInt(int(opened.Fd()), shutdown, withoutFlush)
	if errors.Is(err, unix.EIO) {
		return true, nil // it is shut down already
	}
	return err == nil, err
}
