"""What every name of a file stands for and where it is used: what editors, lints and pages ask of a text."""
