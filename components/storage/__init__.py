"""Where replicas keep their data: the storage backends, and the volumes, disks and directories that they make."""
