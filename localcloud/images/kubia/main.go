// Kubia keeps one text per pod, on that pod's own disk, and tells which pod answered.
//
//	kubia [serve] [--listen :8080] [--data /var/data/kubia.txt] [--grace 25s]
//	kubia lookup NAME
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const usage = `usage:
  kubia [serve] [--listen ADDRESS] [--data FILE] [--grace DURATION]   serve the pod's data
  kubia lookup NAME                                                   print the addresses of a DNS name
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	switch command {
	case "serve":
		return serve(ctx, args, stderr)
	case "lookup":
		return lookup(ctx, args, stdout, stderr)
	case "help":
		fmt.Fprint(stdout, usage)
		return 0
	default:
		fmt.Fprintf(stderr, "kubia: unknown command %q\n%s", command, usage)
		return 2
	}
}

func env(name, fallback string) string {
	if value, set := os.LookupEnv(name); set {
		return value
	}
	return fallback
}

func serve(ctx context.Context, args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	listen := flags.String("listen", env("KUBIA_LISTEN", ":8080"), "address to listen on")
	data := flags.String("data", env("KUBIA_DATA", "/var/data/kubia.txt"), "file that holds the data")
	// Under Kubernetes' default of 30 s, over what the timeouts below leave a running request.
	grace := flags.Duration("grace", 25*time.Second, "longest time to finish running requests after SIGTERM")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "kubia: unexpected argument %q\n%s", flags.Arg(0), usage)
		return 2
	}
	logger := log.New(stderr, "", log.LstdFlags|log.LUTC)
	host, err := os.Hostname()
	if err != nil {
		logger.Printf("no host name: %v", err)
		return 1
	}
	kept := newStore(*data)
	if err := kept.clean(); err != nil {
		logger.Printf("cannot use the data directory %s: %v", filepath.Dir(*data), err)
		return 1
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		logger.Printf("cannot listen on %s: %v", *listen, err)
		return 1
	}
	logger.Printf("%s serves %s on %s", host, *data, listener.Addr())
	server := &http.Server{
		Handler:           &handler{host: host, store: kept, log: logger},
		ErrorLog:          logger,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	return serveUntilDone(ctx, server, listener, *grace, logger)
}

// serveUntilDone serves until ctx ends, then closes the listener and lets running requests finish.
func serveUntilDone(ctx context.Context, server *http.Server, listener net.Listener, grace time.Duration, logger *log.Logger) int {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		logger.Printf("stopped serving: %v", err)
		return 1
	case <-ctx.Done():
	}
	logger.Printf("stopping: no new connections, running requests have %s", grace)
	deadline, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		logger.Printf("requests were still running after %s and were cut", grace)
		return 1
	}
	return 0
}
