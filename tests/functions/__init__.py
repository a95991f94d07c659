"""Functions here, behind the CloudEvents adapter and behind the Lambda adapter."""
