package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"os"
)

// maxBody bounds what one POST stores.
const maxBody = 1 << 20

type handler struct {
	host  string
	store *store
	log   *log.Logger
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case r.URL.Path == "/healthz" && read:
		h.health(w)
	case r.URL.Path == "/healthz":
		notAllowed(w, "GET, HEAD")
	case r.URL.Path != "/":
		http.Error(w, "not found", http.StatusNotFound)
	case read:
		h.get(w)
	case r.Method == http.MethodPost:
		h.post(w, r)
	default:
		notAllowed(w, "GET, HEAD, POST")
	}
}

func notAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
}

// health answers 200 while the data directory is there.
func (h *handler) health(w http.ResponseWriter) {
	if _, err := os.Stat(h.store.dir()); err != nil {
		http.Error(w, "no data directory", http.StatusServiceUnavailable)
		return
	}
	plain(w)
	fmt.Fprintln(w, "ok")
}

func plain(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

func (h *handler) get(w http.ResponseWriter) {
	file, err := h.store.open()
	if errors.Is(err, fs.ErrNotExist) {
		plain(w)
		fmt.Fprintf(w, "You've hit %s\nData stored on this pod: No data posted yet\n", h.host)
		return
	}
	if err != nil {
		h.fail(w, http.StatusInternalServerError, "the data cannot be read", err)
		return
	}
	defer file.Close()
	plain(w)
	fmt.Fprintf(w, "You've hit %s\nData stored on this pod: ", h.host)
	if _, err := io.Copy(w, file); err != nil {
		// The status is sent already: cut the connection, so that nobody takes a part for the whole.
		h.log.Printf("sending the data: %v", err)
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintln(w)
}

func (h *handler) post(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > maxBody {
		h.tooLarge(w)
		return
	}
	body := &requestBody{reader: http.MaxBytesReader(w, r.Body, maxBody)}
	err := h.store.put(body)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		h.log.Print("new data has been received and stored")
		plain(w)
		fmt.Fprintf(w, "Data stored on pod %s\n", h.host)
	case errors.As(err, &tooLarge):
		h.tooLarge(w)
	case body.failed:
		h.fail(w, http.StatusBadRequest, "the request's body did not arrive whole", err)
	case noSpace(err):
		h.fail(w, http.StatusInsufficientStorage, "no space left: nothing was stored, the old data is untouched", err)
	default:
		h.fail(w, http.StatusInternalServerError, "the data may not have been stored", err)
	}
}

func (h *handler) tooLarge(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	http.Error(w, fmt.Sprintf("at most %d bytes are stored: nothing was changed", maxBody), http.StatusRequestEntityTooLarge)
}

func (h *handler) fail(w http.ResponseWriter, status int, text string, err error) {
	h.log.Printf("%d: %s: %v", status, text, err)
	http.Error(w, text, status)
}

// requestBody remembers whether reading it failed, to tell the client's failures from the disk's.
type requestBody struct {
	reader io.Reader
	failed bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.reader.Read(p)
	if err != nil && err != io.EOF {
		b.failed = true
	}
	return n, err
}
