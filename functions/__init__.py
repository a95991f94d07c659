"""Asynchronous jobs as plain functions: no Django, nothing of this repository, each deployable alone."""
