"""The work of a centre on its cases: notes, tasks, assignment, hand-over, guides, message templates, unsent text."""
