"""Sources, their lanes, and what is accepted into them."""
