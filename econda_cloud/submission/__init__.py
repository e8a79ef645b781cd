"""Submission: from an uploaded file to a run, or to an error where its owner looks."""
