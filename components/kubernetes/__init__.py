"""What Kubernetes defines: objects, derived names, quantities, and the security that every pod of this program has."""
