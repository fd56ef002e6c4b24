"""The server: which address is which page, who may enter, and what every answer carries."""
