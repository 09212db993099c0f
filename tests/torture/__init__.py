"""Long tests of what must never be lost: kills, crowds. The suite holds a small version of each."""
