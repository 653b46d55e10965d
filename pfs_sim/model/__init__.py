"""WHAT A SCENARIO SAYS: one file per noun, each able to state itself as tables."""
