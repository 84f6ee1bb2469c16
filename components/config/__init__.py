"""The stack file as typed values; `load` is the only reader of pulumi.Config."""

from components.config.errors import ConfigError, Problem
from components.config.loader import StackConfig, load, parse
from components.config.target import Target
from components.config.workloads import KINDS, KubiaWorkload, NginxWorkload, Workload

__all__ = [
    "KINDS",
    "ConfigError",
    "KubiaWorkload",
    "NginxWorkload",
    "Problem",
    "StackConfig",
    "Target",
    "Workload",
    "load",
    "parse",
]
