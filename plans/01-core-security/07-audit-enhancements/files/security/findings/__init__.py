"""What is looked for in an installation, by subject."""
