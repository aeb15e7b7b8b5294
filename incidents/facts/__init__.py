"""The facts of a declaration, each described once for the forms, the API, the answer sheets and the erasing of
cases.
"""
