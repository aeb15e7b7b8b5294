"""The questionnaire that follows a declaration, by type of incident, and the formatting of its answers.

The questions are data with a version. A version never changes once somebody has answered it. A change is a new file,
and an old answer sheet is displayed with the version in which it was filled in.
"""
