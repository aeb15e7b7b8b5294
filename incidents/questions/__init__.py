"""The questionnaire that follows a declaration, by type of incident, and the formatting of its answers.

The questions are data with a version. A version never changes once somebody has answered it: a change is a new file
beside it, and an old answer sheet is displayed with its own version.
"""
