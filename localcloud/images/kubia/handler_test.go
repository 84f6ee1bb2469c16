package main

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
)

func newHandler(t *testing.T) *handler {
	t.Helper()
	return &handler{host: "kubia-0", store: newStore(filepath.Join(t.TempDir(), "kubia.txt")), log: log.New(io.Discard, "", 0)}
}

func do(h http.Handler, method, path string, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, body))
	return w
}

func check(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || (body != "" && w.Body.String() != body) {
		t.Fatalf("got %d %q, want %d %q", w.Code, w.Body, status, body)
	}
}

// onlyData fails when anything but the data file lies in the data directory.
func onlyData(t *testing.T, h *handler) {
	t.Helper()
	entries, err := os.ReadDir(h.store.dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != "kubia.txt" {
			t.Fatalf("%s was left behind", entry.Name())
		}
	}
}

func TestAnswersLikeKubiaPet(t *testing.T) {
	h := newHandler(t)
	check(t, do(h, "GET", "/", nil), 200, "You've hit kubia-0\nData stored on this pod: No data posted yet\n")
	check(t, do(h, "POST", "/", strings.NewReader("Hey there!")), 200, "Data stored on pod kubia-0\n")
	check(t, do(h, "GET", "/", nil), 200, "You've hit kubia-0\nData stored on this pod: Hey there!\n")
	onlyData(t, h)
}

func TestPostReplacesTheOldDataAndMayBeEmptyOrBinary(t *testing.T) {
	h := newHandler(t)
	for _, body := range []string{"a long first text", "short", "", "\x00\xff\n\n"} {
		check(t, do(h, "POST", "/", strings.NewReader(body)), 200, "")
		check(t, do(h, "GET", "/", nil), 200, "You've hit kubia-0\nData stored on this pod: "+body+"\n")
	}
}

func TestOtherMethodsAndPathsAreRefused(t *testing.T) {
	h := newHandler(t)
	for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		w := do(h, method, "/", strings.NewReader("x"))
		check(t, w, 405, "")
		if w.Header().Get("Allow") != "GET, HEAD, POST" {
			t.Fatalf("Allow: %q", w.Header().Get("Allow"))
		}
	}
	check(t, do(h, "POST", "/healthz", strings.NewReader("x")), 405, "")
	check(t, do(h, "GET", "/kubia.txt", nil), 404, "")
	check(t, do(h, "POST", "/other", strings.NewReader("x")), 404, "")
	check(t, do(h, "GET", "/", nil), 200, "You've hit kubia-0\nData stored on this pod: No data posted yet\n")
}

func TestHealthFollowsTheDataDirectory(t *testing.T) {
	h := newHandler(t)
	check(t, do(h, "GET", "/healthz", nil), 200, "ok\n")
	h.store.path = "/nowhere/kubia.txt"
	check(t, do(h, "GET", "/healthz", nil), 503, "")
}

func TestABodyOfTheLimitIsStoredAndOneByteMoreIs413(t *testing.T) {
	h := newHandler(t)
	check(t, do(h, "POST", "/", bytes.NewReader(make([]byte, maxBody))), 200, "")
	check(t, do(h, "POST", "/", strings.NewReader("old")), 200, "")
	check(t, do(h, "POST", "/", bytes.NewReader(make([]byte, maxBody+1))), 413, "")
	chunked := struct{ io.Reader }{bytes.NewReader(make([]byte, maxBody+1))} // no Content-Length
	check(t, do(h, "POST", "/", chunked), 413, "")
	check(t, do(h, "GET", "/", nil), 200, "You've hit kubia-0\nData stored on this pod: old\n")
	onlyData(t, h)
}

func TestABodyCutShortStoresNothing(t *testing.T) {
	h := newHandler(t)
	check(t, do(h, "POST", "/", strings.NewReader("old")), 200, "")
	cut := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF))
	check(t, do(h, "POST", "/", cut), 400, "")
	check(t, do(h, "GET", "/", nil), 200, "You've hit kubia-0\nData stored on this pod: old\n")
	onlyData(t, h)
}

func TestAFullDiskIs507AndKeepsTheOldData(t *testing.T) {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		h := newHandler(t)
		check(t, do(h, "POST", "/", strings.NewReader("old")), 200, "")
		h.store.fsync = func(f *os.File) error { return &os.PathError{Op: "sync", Path: f.Name(), Err: full} }
		check(t, do(h, "POST", "/", strings.NewReader("new")), 507, "")
		check(t, do(h, "GET", "/", nil), 200, "You've hit kubia-0\nData stored on this pod: old\n")
		onlyData(t, h)
	}
}

func TestABrokenDiskIs500AndNot507(t *testing.T) {
	h := newHandler(t)
	h.store.fsync = func(*os.File) error { return syscall.EIO }
	check(t, do(h, "POST", "/", strings.NewReader("new")), 500, "")
	check(t, do(h, "GET", "/", nil), 200, "You've hit kubia-0\nData stored on this pod: No data posted yet\n")
}

func TestTheFileIsSyncedBeforeTheRenameAndTheDirectoryAfter(t *testing.T) {
	s := newStore(filepath.Join(t.TempDir(), "kubia.txt"))
	var calls []string
	s.fsync = func(f *os.File) error {
		_, err := os.Stat(s.path)
		state := "present"
		if errors.Is(err, os.ErrNotExist) {
			state = "absent"
		}
		calls = append(calls, strings.TrimRight(strings.TrimPrefix(f.Name(), s.dir()), "0123456789")+" "+state)
		return f.Sync()
	}
	if err := s.put(strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(calls, []string{"/.kubia.txt.tmp- absent", " present"}) {
		t.Fatalf("synced %q", calls)
	}
}

func TestAReaderSeesOneVersionWhileOthersWrite(t *testing.T) {
	h := newHandler(t)
	text := func(c string) string { return strings.Repeat(c, 200_000) }
	check(t, do(h, "POST", "/", strings.NewReader(text("a"))), 200, "")
	var writers sync.WaitGroup
	for _, c := range []string{"b", "c"} {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for range 20 {
				do(h, "POST", "/", strings.NewReader(text(c)))
			}
		}()
	}
	for range 50 {
		data := strings.TrimPrefix(do(h, "GET", "/", nil).Body.String(), "You've hit kubia-0\nData stored on this pod: ")
		if data != text(data[:1])+"\n" {
			t.Fatal("a torn read")
		}
	}
	writers.Wait()
	onlyData(t, h)
}

func TestCleanRemovesOnlyWhatKilledWritersLeft(t *testing.T) {
	s := newStore(filepath.Join(t.TempDir(), "kubia.txt"))
	for _, name := range []string{".kubia.txt.tmp-123", "kubia.txt", "mine", "lost+found"} {
		if err := os.WriteFile(filepath.Join(s.dir(), name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.clean(); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(s.dir())
	if len(entries) != 3 {
		t.Fatalf("left: %v", entries)
	}
}
