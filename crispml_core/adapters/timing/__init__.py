"""The timing log of a process: what it measures, and whom it tells."""
