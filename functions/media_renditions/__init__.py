"""Makes the renditions of one picture."""
