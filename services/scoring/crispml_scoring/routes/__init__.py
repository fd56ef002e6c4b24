"""The routes of the scoring service, one file per resource; each makes one router."""
