"""The shared look: base template, design tokens, icons, error pages."""
