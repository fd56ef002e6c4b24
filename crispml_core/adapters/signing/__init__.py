"""Ed25519 keys in PEM files: one private file that signs, folders of public ones that are trusted.

The folder of trusted keys has a folder per environment. What an environment signs itself is
verified with the keys in its own folder; what comes from another one, with those of the other.
"""

from crispml_core.adapters.signing.ed25519 import Ed25519Signer
from crispml_core.adapters.signing.key_files import make_key
from crispml_core.adapters.signing.trusted_keys import TrustedKeys

__all__ = ["Ed25519Signer", "TrustedKeys", "make_key"]
