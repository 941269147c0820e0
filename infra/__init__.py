"""The stack: what is made in AWS, and the same on one machine (`infra.local`)."""
