"""How much it takes to score at a rate: processes, memory, writes and storage.

Pure functions over measured service times: a queue of groups, and what follows from it. Nothing
here measures, asks a service, or knows what a machine costs.
"""
