"""Django's MySQL backend, which waits for no server that is known to be away."""
