"""Web pages of what asv has measured, which open without a network."""
