"""What the core needs from outside: one Protocol per file, named after its role.

Only Protocols and the small values they pass may enter; an implementation belongs to ``adapters``,
a fake to ``testing``.
"""
