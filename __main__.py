"""One Pulumi stack: its config read and checked, its workloads registered, their outputs exported."""

import gc

import pulumi

from components.config.loader import load
from components.stack import deploy

gc.freeze()  # what the imports made lives as long as the program: the collector need not go through it again

for name, outputs in deploy(load()).items():
    pulumi.export(name, outputs)
