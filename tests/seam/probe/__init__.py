"""A Django app for tests with real processes: two jobs that leave notes, and a short lease."""
