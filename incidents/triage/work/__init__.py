"""The work of a centre on its cases: notes, tasks, assignment, hand-over, and text that is not sent yet."""
