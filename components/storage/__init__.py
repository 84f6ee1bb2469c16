"""Where replicas keep their data: the backends of the stack file, and volumes, disks and directories behind them."""
