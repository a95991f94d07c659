"""Maps a chunk of the records of an import."""
