"""The databases side by side: what a score costs on each, and what their own drivers reach."""
