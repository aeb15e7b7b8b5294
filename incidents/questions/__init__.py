"""What a case is asked after it was declared, by type of incident: data with a version, and how answers are said.

A version is never edited once answered: a change is a new file beside it, and an old sheet renders as it was asked.
"""
