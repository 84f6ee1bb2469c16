package loop

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const gib = 1 << 30

// disk is a sparse file of one GiB.
func disk(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("loop devices need root")
	}
	file := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, gib); err != nil {
		t.Fatal(err)
	}
	return file
}

func insert(t *testing.T, file string) *os.File {
	t.Helper()
	device, err := Insert(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { device.Close() })
	return device
}

func run(t *testing.T, command ...string) string {
	t.Helper()
	output, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", command, err, output)
	}
	return strings.TrimSpace(string(output))
}

func mounted(t *testing.T, device *os.File, kind string) string {
	t.Helper()
	point := t.TempDir()
	options := map[string]string{"xfs": "nouuid", "ext4": "defaults"}[kind] // as the driver mounts them
	run(t, "mount", "-t", kind, "-o", options, device.Name(), point)
	t.Cleanup(func() { _ = exec.Command("umount", point).Run() })
	return point
}

func gone(t *testing.T, file string) {
	t.Helper()
	for range 100 {
		if device, err := Of(file); err != nil {
			t.Fatal(err)
		} else if device == "" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the device is still there")
}

func TestADeviceEndsWithTheLastWhoHasIt(t *testing.T) {
	file := disk(t)
	device := insert(t, file)
	run(t, "mkfs.ext4", "-q", device.Name())
	point := mounted(t, device, "ext4")
	device.Close()
	if have, err := Of(file); err != nil || have != device.Name() {
		t.Fatalf("mounted, and yet %q, %v", have, err)
	}
	run(t, "umount", point)
	gone(t, file)
}

func TestAFileGetsNoSecondDevice(t *testing.T) {
	file := disk(t)
	first, second := insert(t, file), insert(t, file)
	if first.Name() != second.Name() {
		t.Fatalf("%s and %s", first.Name(), second.Name())
	}
	other := filepath.Join(filepath.Dir(file), "hard-link.img")
	if err := os.Link(file, other); err != nil {
		t.Fatal(err)
	}
	if third := insert(t, other); third.Name() != first.Name() {
		t.Fatalf("under another name %s, not %s", third.Name(), first.Name())
	}
}

func TestADeviceGrowsWithItsFile(t *testing.T) {
	file := disk(t)
	device := insert(t, file)
	if err := os.Truncate(file, 2*gib); err != nil {
		t.Fatal(err)
	}
	if err := Grow(device); err != nil {
		t.Fatal(err)
	}
	if size := run(t, "blockdev", "--getsize64", device.Name()); size != "2147483648" {
		t.Fatal(size)
	}
}

func TestADiskThatIsPulledOutTakesNoMoreWritesAndLosesNoneOfThoseBefore(t *testing.T) {
	for _, kind := range []string{"ext4", "xfs"} {
		t.Run(kind, func(t *testing.T) {
			file := disk(t)
			device := insert(t, file)
			run(t, "mkfs."+kind, device.Name())
			point := mounted(t, device, kind)
			kept := filepath.Join(point, "kept")
			if err := os.WriteFile(kept, []byte("before"), 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, "sync", kept)
			if err := Pull(file); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(point, "late"), []byte("after"), 0o600); err == nil {
				run(t, "sync", point)
				t.Fatal("the old machine still writes")
			}
			gone(t, file)

			again := insert(t, file) // in another machine, while the first still has it mounted
			if again.Name() == device.Name() {
				t.Fatal("the second machine got the first one's device")
			}
			elsewhere := mounted(t, again, kind)
			if text, err := os.ReadFile(filepath.Join(elsewhere, "kept")); err != nil || string(text) != "before" {
				t.Fatalf("%q, %v", text, err)
			}
			if _, err := os.Stat(filepath.Join(elsewhere, "late")); !os.IsNotExist(err) {
				t.Fatalf("what was written afterwards is there: %v", err)
			}
			if err := os.WriteFile(filepath.Join(elsewhere, "new"), []byte("new"), 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestADiskThatNobodyHasIsPulledOutWithoutAWord(t *testing.T) {
	file := disk(t)
	if err := Pull(file); err != nil {
		t.Fatal(err)
	}
	device := insert(t, file)
	if err := Pull(file); err != nil {
		t.Fatal(err)
	}
	device.Close()
	gone(t, file)
}

func TestAMountPointWithBlanksIsFound(t *testing.T) {
	if got := unescape(`/a\040b\011c\134d`); got != "/a b\tc\\d" {
		t.Fatalf("%q", got)
	}
}
