"""Sample data: published quotas of real units, synthetic persons, training units, demo accounts."""
