"""Sample data: sample_data/."""
