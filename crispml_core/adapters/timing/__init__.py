"""Timing logs that need no other system."""
