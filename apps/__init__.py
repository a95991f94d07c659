"""The bounded contexts, one package each."""
