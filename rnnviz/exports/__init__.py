"""Videos on their way into a lecture: pages, slides and handouts."""
