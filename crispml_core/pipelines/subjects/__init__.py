"""What is held about a person, and making it unreadable."""
