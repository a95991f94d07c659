"""The tests: one folder per context (it leaves with the context), and what belongs to the whole house."""
