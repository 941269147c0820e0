"""The steps of a deploy. Each can be repeated, and each leaves what the one after it needs, whoever ran it."""
