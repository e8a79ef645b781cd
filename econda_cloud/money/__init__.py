"""Money: typed amounts, prices and what an attempt costs."""
