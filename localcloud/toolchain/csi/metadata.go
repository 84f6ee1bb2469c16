package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	gce "sigs.k8s.io/gcp-compute-persistent-disk-csi-driver/pkg/gce-cloud-provider/compute"
)

// machine is what a GCE instance knows of itself; the driver's node service asks for it.
type machine struct{ project, zone, name string }

func (m machine) GetZone() string    { return m.zone }
func (m machine) GetProject() string { return m.project }
func (m machine) GetName() string    { return m.name }

// GetMachineType decides how many disks fit: GKE's default type takes 127 besides the one it boots from.
func (m machine) GetMachineType() string { return "e2-standard-2" }

func (m machine) GetValue(_ context.Context, name string) (string, error) {
	return "", fmt.Errorf("this machine has no metadata attribute %q", name)
}

// metadataServer answers the few questions that Google's client libraries ask the metadata server of a machine: who am
// I, and a token for the API. Unlike Google's it is on loopback, where every user of this machine could ask: it answers
// only to whoever knows the secret, which is this process.
func metadataServer(m machine, api standin, secret string) http.Handler {
	answers := map[string]string{
		"instance/zone":      "projects/0/zones/" + m.zone,
		"project/project-id": m.project,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, told, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(told), []byte(secret)) != 1 {
			http.Error(w, "this is not for you", http.StatusForbidden)
			return
		}
		w.Header().Set("Metadata-Flavor", "Google")
		question := strings.TrimPrefix(r.URL.Path, "/computeMetadata/v1/")
		if question == "instance/service-accounts/default/token" {
			token, err := api.token()
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			// One that lasts would be kept when the stand-in has got another: the client asks here before each call.
			_ = json.NewEncoder(w).Encode(map[string]any{
				"access_token": token, "expires_in": 1, "token_type": "Bearer",
			})
			return
		}
		answer, known := answers[question]
		if !known {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, answer)
	})
}

// connect is the driver's own client of the Compute API, pointed at the stand-in.
func connect(ctx context.Context, m machine, api standin) (*gce.CloudProvider, error) {
	endpoint, err := url.Parse(api.endpoint)
	if err != nil {
		return nil, fmt.Errorf("--compute-endpoint %q is not a URL: %w", api.endpoint, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secret := rand.Text()
	go func() { _ = http.Serve(listener, metadataServer(m, api, secret)) }()
	// The user's own Google credentials must never be looked for: the client would take them before this machine's.
	for name, value := range map[string]string{
		// The client libraries put this between "http://" and the path, and Go's HTTP client sends what stands before
		// the @ as Basic authentication.
		"GCE_METADATA_HOST":              "driver:" + secret + "@" + listener.Addr().String(),
		"GOOGLE_APPLICATION_CREDENTIALS": "",
		"CLOUDSDK_CONFIG":                "/nonexistent",
		"HOME":                           "/nonexistent",
	} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	return gce.CreateCloudProvider(ctx, version, "", endpoint, gce.EnvironmentProduction,
		gce.WaitForAttachConfig{}, gce.ListInstancesConfig{}, false, true)
}
