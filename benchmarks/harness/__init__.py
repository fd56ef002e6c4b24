"""The parts of the benchmark: environments, servers, load, measurements, and the report."""
