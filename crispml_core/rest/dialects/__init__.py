"""The requests and answers of other inference servers, so that their clients work unchanged.

Pure conversions: bytes and plain header values in, checked rows or batches out, and back. They know
no framework and no route. What a dialect says about values ends here; the engine sees records of
the use case only.
"""
