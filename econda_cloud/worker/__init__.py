"""The worker: runs attempts anywhere and reports."""
