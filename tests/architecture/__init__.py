"""The rules of the house, each seen to fail on a planted violation."""
