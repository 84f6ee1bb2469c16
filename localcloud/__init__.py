"""GKE on one machine: real Pulumi, a real Kubernetes cluster, and stand-ins only for Google's own API."""
