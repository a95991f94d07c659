"""Reading a catalogue from files: sources, formats, mapping, and writing it in batches."""
