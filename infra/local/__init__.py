"""The local cloud: the real app over moto behind a strict S3 front."""
