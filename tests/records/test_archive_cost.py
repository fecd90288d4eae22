"""Where the time of a package goes is measured by phases that are there."""

from __future__ import annotations

from benchmarks.packages import measure


def test_the_benchmark_of_packages_times_every_phase_of_a_small_one() -> None:
    for line in measure((2,)):
        assert line["per_minute"] > 0
        assert sum(line["share"].values()) > 0.3
