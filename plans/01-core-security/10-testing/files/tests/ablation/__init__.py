"""Takes one control at a time out of a copy of the gateway: the control's own tests have to notice."""
