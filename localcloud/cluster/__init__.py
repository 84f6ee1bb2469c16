"""The nodes together with the control plane: up, down, outages, and who may speak to whom."""
