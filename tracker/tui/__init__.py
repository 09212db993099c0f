"""The terminal interface: a thin shell over ``tracker.service``. It shows and asks; it decides nothing."""
