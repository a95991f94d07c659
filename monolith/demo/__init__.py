"""The demo shop of an empty site: prints drawn by our own code, and the data that sells them."""
