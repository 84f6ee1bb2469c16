package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"
)

// lookup prints the addresses of a DNS name, one a line and in order. Names are completed by the search list of
// the pod's resolv.conf: `kubia lookup kubia` lists the pods behind the headless Service of the pod's namespace.
func lookup(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 || args[0] == "" || args[0][0] == '-' {
		fmt.Fprint(stderr, usage)
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	resolver := &net.Resolver{PreferGo: true} // reads resolv.conf itself: no libc is in the image
	addresses, err := resolver.LookupNetIP(ctx, "ip", args[0])
	if err != nil {
		var missing *net.DNSError
		if errors.As(err, &missing) && missing.IsNotFound {
			fmt.Fprintf(stderr, "kubia: no address for %s\n", args[0])
		} else {
			fmt.Fprintf(stderr, "kubia: looking up %s: %v\n", args[0], err)
		}
		return 1
	}
	for i, address := range addresses {
		addresses[i] = address.Unmap()
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	for _, address := range slices.Compact(addresses) {
		fmt.Fprintln(stdout, address)
	}
	return 0
}
