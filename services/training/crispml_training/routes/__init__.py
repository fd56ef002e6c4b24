"""The routes of the training service, one file per resource; each makes one router."""
