"""What every part of /api/ shares, set by dotted path in REST_FRAMEWORK: contexts know Django REST Framework only."""
