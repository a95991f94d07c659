"""The shared look: what every page and every error has."""
