"""Files and packages of a program: found, locked, bundled."""
