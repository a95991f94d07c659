"""The catalogue into a file that `import_catalog` reads: records, their formats, and the mapping that explains them."""
