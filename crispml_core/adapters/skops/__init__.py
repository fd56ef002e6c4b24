"""Fitted pipelines as bytes, in the skops format.

Nothing here may use pickle, and nothing may load a type that `policy` does not permit, even if a
manifest asks for it: whoever can write to the volume must not be able to run code in a service.
"""

from crispml_core.adapters.skops.codec import SkopsModelCodec

__all__ = ["SkopsModelCodec"]
