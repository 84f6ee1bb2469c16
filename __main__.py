"""One Pulumi stack: its config read and checked, its workloads registered, their outputs exported."""

import pulumi

from components.config import load
from components.stack import deploy

for name, outputs in deploy(load()).items():
    pulumi.export(name, outputs)
