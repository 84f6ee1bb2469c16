"""The program of every stack: it reads and checks the config, registers the workloads and exports their outputs."""

import gc

import pulumi

from components.config.loader import load
from components.stack import deploy

gc.freeze()  # the imports' objects live as long as the program, so the collector need not look at them again

for name, outputs in deploy(load()).items():
    pulumi.export(name, outputs)
