"""Colours: the words of the language by what they are, a Pygments lexer, a TextMate grammar."""
