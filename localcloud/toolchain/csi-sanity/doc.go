// Package sanity runs upstream's CSI sanity suite; see sanity_test.go.
package sanity
