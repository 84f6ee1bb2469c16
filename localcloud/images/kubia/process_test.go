package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The tests below run the program itself: this test binary, told by its environment to be kubia.
func TestMain(m *testing.M) {
	if os.Getenv("KUBIA_TEST_MAIN") == "" {
		os.Exit(m.Run())
	}
	if dir := os.Getenv("KUBIA_TEST_TMPFS"); dir != "" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
			fmt.Fprintln(os.Stderr, "mount:", err)
			os.Exit(99)
		}
	}
	main()
}

type process struct {
	*exec.Cmd
	url string
	log *bytes.Buffer // safe to read after wait
	end chan error
}

// start runs kubia on a free port and returns once it serves.
func start(t *testing.T, dir string, change func(*exec.Cmd)) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "kubia.txt"), "--grace", "5s")
	cmd.Env = append(os.Environ(), "KUBIA_TEST_MAIN=1")
	if change != nil {
		change(cmd)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: cmd, log: &bytes.Buffer{}, end: make(chan error, 1)}
	lines := bufio.NewReader(stderr)
	first, _ := lines.ReadString('\n')
	go func() {
		_, _ = io.Copy(p.log, lines)
		p.end <- cmd.Wait()
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	_, address, found := strings.Cut(strings.TrimSpace(first), " on ")
	if !found {
		t.Fatalf("kubia did not start: %s", first)
	}
	p.url = "http://" + address + "/"
	return p
}

func (p *process) post(client *http.Client, body string) (int, error) {
	response, err := client.Post(p.url, "text/plain", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// sealed returns a text that tells its number, is long enough to be torn, and proves that it is whole.
func sealed(writer, number int) string {
	text := fmt.Sprintf("%d %d %s", writer, number, strings.Repeat(strconv.Itoa(number%10), 30_000+number*7%60_000))
	sum := sha256.Sum256([]byte(text))
	return text + " " + hex.EncodeToString(sum[:])
}

func unseal(t *testing.T, data string) (writer, number int) {
	t.Helper()
	cut := strings.LastIndexByte(data, ' ')
	if cut < 0 {
		t.Fatalf("torn: %d bytes", len(data))
	}
	if sum := sha256.Sum256([]byte(data[:cut])); hex.EncodeToString(sum[:]) != data[cut+1:] {
		t.Fatalf("torn: %d bytes that start with %.20q", len(data), data)
	}
	if _, err := fmt.Sscanf(data, "%d %d", &writer, &number); err != nil {
		t.Fatal(err)
	}
	return writer, number
}

func TestKillDashNineNeverTearsTheFileNorLosesAnAcknowledgedWrite(t *testing.T) {
	dir := t.TempDir()
	const writers = 4
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	var next, total [writers]atomic.Int64
	for round := range rounds {
		p := start(t, dir, nil)
		var wait sync.WaitGroup
		for writer := range writers {
			wait.Add(1)
			go func() {
				defer wait.Done()
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for {
					number := int(next[writer].Load()) + 1
					status, err := p.post(client, sealed(writer, number))
					if err != nil {
						return // killed; the write may or may not be there
					}
					if status != http.StatusOK {
						t.Errorf("status %d", status)
						return
					}
					next[writer].Store(int64(number))
					total[writer].Add(1)
				}
			}()
		}
		time.Sleep(time.Duration(40+round*17) * time.Millisecond)
		_ = p.Process.Kill()
		wait.Wait()
		<-p.end
		data, err := os.ReadFile(filepath.Join(dir, "kubia.txt"))
		if err != nil {
			t.Fatal(err)
		}
		writer, number := unseal(t, string(data))
		// Of each writer, a later write follows an acknowledged one: finding an earlier one means a lost write.
		if acknowledged := int(next[writer].Load()); number < acknowledged {
			t.Fatalf("writer %d had write %d acknowledged, the file holds %d", writer, acknowledged, number)
		}
	}
	var sum int64
	for i := range total {
		sum += total[i].Load()
	}
	if sum < int64(rounds) {
		t.Fatalf("only %d writes in %d rounds prove nothing", sum, rounds)
	}
	p := start(t, dir, nil) // clears what the killed ones left
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Fatalf("left behind: %v", entries)
	}
	_ = p.Process.Kill()
	t.Logf("%d acknowledged writes, %d kills", sum, rounds)
}

func TestAFullTmpfsIs507AndKeepsTheOldData(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, "KUBIA_TEST_TMPFS="+dir)
		// A mount namespace of its own: the tmpfs goes with the process. Unshareflags also makes / private in it.
		attributes := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		if os.Getuid() != 0 {
			attributes = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
			}
		}
		cmd.SysProcAttr = attributes
	})
	for _, step := range []struct {
		size, status int
	}{{10_000, 200}, {200_000, 507}, {30_000, 200}, {60_000, 507}} {
		status, err := p.post(http.DefaultClient, strings.Repeat("x", step.size))
		if err != nil || status != step.status {
			t.Fatalf("%d bytes: got %d %v, want %d", step.size, status, err, step.status)
		}
	}
	response, err := http.Get(p.url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if got := strings.Count(string(body), "x"); got != 30_000 {
		t.Fatalf("%d bytes are stored, want 30000", got)
	}
}

func TestSigtermFinishesTheRunningRequestRefusesNewOnesAndExitsZero(t *testing.T) {
	p := start(t, t.TempDir(), nil)
	address := strings.Trim(p.url, "htp:/")
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: kubia\r\nContent-Length: 10\r\n\r\nhalf.")
	time.Sleep(100 * time.Millisecond)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	refused := false
	for range 100 {
		extra, err := net.Dial("tcp", address)
		if refused = err != nil; refused {
			break
		}
		extra.Close()
		time.Sleep(10 * time.Millisecond)
	}
	if !refused {
		t.Fatal("still accepts after SIGTERM")
	}
	fmt.Fprint(connection, "half.")
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("the running request got %v, %v", response, err)
	}
	select {
	case err := <-p.end:
		if err != nil {
			t.Fatalf("%v\n%s", err, p.log)
		}
	case <-time.After(4 * time.Second):
		t.Fatal("did not exit")
	}
}

func TestIdleConnectionsDoNotHoldUpTheExit(t *testing.T) {
	p := start(t, t.TempDir(), nil)
	if status, err := p.post(http.DefaultClient, "x"); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	begun := time.Now()
	_ = p.Process.Signal(syscall.SIGTERM)
	if err := <-p.end; err != nil || time.Since(begun) > 2*time.Second {
		t.Fatalf("%v after %s", err, time.Since(begun))
	}
}

func TestMistakesOnTheCommandLineAreOneLineAndAStatus(t *testing.T) {
	for _, test := range []struct {
		args   []string
		status int
		text   string
	}{
		{[]string{"fly"}, 2, `unknown command "fly"`},
		{[]string{"serve", "extra"}, 2, `unexpected argument "extra"`},
		{[]string{"--data", "/nowhere/kubia.txt", "--listen", "127.0.0.1:0"}, 1, "cannot use the data directory /nowhere"},
		{[]string{"--data", t.TempDir() + "/kubia.txt", "--listen", "127.0.0.1:-1"}, 1, "cannot listen on"},
		{[]string{"lookup"}, 2, "usage"},
		{[]string{"lookup", "no-such-name.invalid"}, 1, "no-such-name.invalid"},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(context.Background(), test.args, &stdout, &stderr); status != test.status || !strings.Contains(stderr.String(), test.text) {
			t.Errorf("%v: %d %s", test.args, status, &stderr)
		}
	}
}

func TestLookupPrintsEachAddressOnce(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run(context.Background(), []string{"lookup", "127.0.0.1"}, &stdout, &stderr); status != 0 || stdout.String() != "127.0.0.1\n" {
		t.Fatalf("%d %s%s", status, &stdout, &stderr)
	}
}
