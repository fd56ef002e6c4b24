"""The tables: what they are called, what their columns mean, and the migrations that make them.

The types and small rules by which a value becomes a column and back live here too. What asks the
tables is a store, and lives in another room.
"""
