"""The site behind its gateway, and in containers from the files of deploy/."""
