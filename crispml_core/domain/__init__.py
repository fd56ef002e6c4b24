"""Values and rules of CrispML: use cases, data, versions, scores, labels, reports, runs.

Everything here is plain Python and the standard library, so that the client and the command line
stay light. No framework, no file, no database and no data frame may enter; a value that needs one
belongs to ``tables``.
"""
