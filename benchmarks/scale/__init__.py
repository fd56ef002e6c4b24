"""Service times of the scoring process, what a model makes of them, and how near that is."""
