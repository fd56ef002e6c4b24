"""How use cases come in: the loader, and the tabular use case that needs a YAML file only.

Whatever knows about one business belongs to a use case outside the core; built-in ones come through
the same door.
"""
