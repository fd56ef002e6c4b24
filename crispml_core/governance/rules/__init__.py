"""What becomes of the rules of a use case: facts, rules and history in, decisions out.

Pure: an evaluation and a dry run over the past call the same functions. Nothing here reads a store,
asks for the time or does what was decided.
"""
