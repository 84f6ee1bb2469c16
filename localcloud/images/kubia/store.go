package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// store keeps one file. A write replaces it whole or not at all: readers, a kill -9 and a power cut see the old
// content or the new, never a mixture, and a put that returned nil has reached the disk.
type store struct {
	path string
	// mu orders the rename and the directory's fsync, so that of two puts the one that returns last stays.
	mu sync.Mutex
	// fsync is a field so that tests see the order of the calls and make them fail.
	fsync func(*os.File) error
}

func newStore(path string) *store {
	return &store{path: path, fsync: (*os.File).Sync}
}

func (s *store) dir() string        { return filepath.Dir(s.path) }
func (s *store) tempPrefix() string { return "." + filepath.Base(s.path) + ".tmp-" }

// clean removes what killed writers left behind. Only a process that owns the directory may call it.
func (s *store) clean() error {
	entries, err := os.ReadDir(s.dir())
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() && strings.HasPrefix(entry.Name(), s.tempPrefix()) {
			if err := os.Remove(filepath.Join(s.dir(), entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// open returns the stored file, or fs.ErrNotExist before the first put. The caller sees one version to its end,
// whatever is put meanwhile.
func (s *store) open() (*os.File, error) { return os.Open(s.path) }

// put stores everything body holds; an error from body leaves the stored file alone.
func (s *store) put(body io.Reader) (err error) {
	temp, err := os.CreateTemp(s.dir(), s.tempPrefix())
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		temp.Close()
		if !renamed {
			os.Remove(temp.Name())
		}
	}()
	if err := temp.Chmod(0o640); err != nil { // the pod's fsGroup reads it too, whatever its user
		return err
	}
	if _, err := io.Copy(temp, body); err != nil {
		return err
	}
	if err := s.fsync(temp); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Rename(temp.Name(), s.path); err != nil {
		return err
	}
	renamed = true
	return s.syncDir()
}

func (s *store) syncDir() error {
	dir, err := os.Open(s.dir())
	if err != nil {
		return err
	}
	defer dir.Close()
	return s.fsync(dir)
}

// noSpace tells a full disk or a used-up quota from other failures.
func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
