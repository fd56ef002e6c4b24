"""Timings as points of InfluxDB, through its own client."""
