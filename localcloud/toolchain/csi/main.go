// The storage side of GKE in one static binary: Google's own Persistent Disk CSI driver with the upstream provisioner,
// attacher and resizer. Only what Google runs is stood in for: the Compute API (another process), the machine's
// metadata, and the disk that appears in a machine when it is attached (a loop device).
//
// It is started under the name of the program, or with that name as its first argument (`csi csi-node --help`).
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/klog/v2"
)

// Set by the build, so that the driver tells the same version as on GKE.
var version = "unknown"

var programs = map[string]func([]string) error{
	"csi-controller": controller,
	"csi-node":       node,
}

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if programs[name] == nil && len(arguments) > 0 {
		name, arguments = arguments[0], arguments[1:]
	}
	program, known := programs[name]
	if !known {
		fmt.Fprintln(os.Stderr, "usage: csi PROGRAM [FLAGS]; PROGRAM is csi-controller or csi-node")
		os.Exit(2)
	}
	if err := program(arguments); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// logging adds klog's flags to a program's own; everything goes to standard error.
func logging(flags *flag.FlagSet) {
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "true")
	_ = flags.Set("v", "4")
}

// ended waits until the program is asked to end.
func ended() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
}
