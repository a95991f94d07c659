"""The seam: contracts, bindings, messages, events and jobs."""
