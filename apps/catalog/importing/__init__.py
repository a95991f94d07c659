"""Reading a catalogue from files: sources, formats, mapping, and writing it in batches."""

from django.utils.translation import gettext, ngettext

from functions.catalog_import_chunk import words

words.speak(gettext, ngettext)
