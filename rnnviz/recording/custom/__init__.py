"""Recording a recurrence that someone wrote: the user names the states, all else is found."""
