"""The container image, built and used for real."""
