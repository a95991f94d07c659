"""What every function is deployed with: signatures, CloudEvents, limited storage, HTTP and AWS Lambda adapters."""
