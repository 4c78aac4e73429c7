"""The storyboards that rnnviz ships, one a file."""
