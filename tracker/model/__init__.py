"""The vocabulary: frozen data and pure functions. Nothing here reads a file, a clock or git."""
