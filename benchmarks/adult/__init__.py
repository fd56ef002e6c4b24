"""The benchmark's model: the UCI Adult data and three pipelines, the same for every server."""
