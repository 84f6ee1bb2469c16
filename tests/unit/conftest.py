"""What a shell hands down must not decide how unit tests end."""

from __future__ import annotations

import os
import signal

os.environ.pop("LOCALCLOUD_SLOT", None)  # the addresses that the tests expect are those of slot 0
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as for a job in the background; Ctrl-C is among what is tested
    signal.signal(signal.SIGINT, signal.default_int_handler)
