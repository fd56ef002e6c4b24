"""Bundles as files: a tar archive without freedom.

What a member is called, how large it is and what it holds decide every byte. So an archive that
anybody else made differs and is refused, whatever it tries: links, devices, absolute paths, sparse
files and extended headers cannot be said in this form. Meaning is the business of the pipelines.
"""

from crispml_core.adapters.bundles.tar import TarBundles as TarBundles
