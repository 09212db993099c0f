"""One module for each family of commands; imported when its command is called."""
