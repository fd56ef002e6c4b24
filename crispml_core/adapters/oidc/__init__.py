"""An OpenID provider: its keys, and who asks with a token that it signed."""
