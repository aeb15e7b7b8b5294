"""The page that adds a body which no official list contains. The declaration of such a body then continues like any
other.
"""
