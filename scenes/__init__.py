"""The scenes that rnnviz ships, one in each folder."""
