"""Celery in a process with a wall clock of its own.

  python -m tests.faults.stepped_celery HOURS ARGUMENTS…

The wall clock starts HOURS before (negative) or after that of the machine. SIGUSR1 sets it back by STEP, SIGUSR2
forward. Sleeps and the monotonic clock are those of the machine, as when somebody sets the time.
"""

import signal
import sys
import time
from datetime import timedelta

import time_machine
from celery.__main__ import main

STEP = timedelta(hours=2)

if __name__ == "__main__":
    hours = float(sys.argv.pop(1))
    wall_clock = time_machine.travel(time.time() + hours * 3600).start()
    signal.signal(signal.SIGUSR1, lambda *_: wall_clock.shift(-STEP))
    signal.signal(signal.SIGUSR2, lambda *_: wall_clock.shift(STEP))
    main()
