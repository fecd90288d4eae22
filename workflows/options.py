"""All timeouts and retry policies, each with its reason."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

DECISION_TIMEOUT = timedelta(seconds=10)
"""One transaction and a document: far above what it takes (milliseconds), below what a person would wait for
twice. A worker that died in the middle is noticed after this, and the retry finds what was committed."""

DECISION_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=30),
)
"""A fault (database away, disk full) is tried again without end: the command is acknowledged and must not be
lost. Business refusals are results and are never retried."""

ALARM_FLOOR = timedelta(seconds=1)
"""An alarm in the past still waits this long, so that a clock that does not move cannot spin."""

SWEEP_TIMEOUT = timedelta(minutes=15)
"""One attempt of the nightly monitors: seconds for a city, some minutes where thousands of cases are opened."""

SWEEP_HEARTBEAT = timedelta(minutes=2)
"""A worker that died in the middle is noticed after this; reading the whole register gives no sign of life."""

SWEEP_LIMIT = timedelta(hours=12)
"""A run that cannot be done by then gives up: the next night looks at the register as it is then."""

RECONCILE_LIMIT = timedelta(minutes=50)
"""A comparison that cannot be done by then gives up: the next hour's looks at everything again."""
