"""Git: the drivers that it calls, what installs them, history in workflow terms; only this room calls it."""
