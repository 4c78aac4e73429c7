"""Export rendered videos as pages, slides, handouts, animations and snippets."""
