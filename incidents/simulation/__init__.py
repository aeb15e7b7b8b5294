"""Invented, believable cases for demonstrations, tests and benchmarks. They never go into a
database with real cases.
"""
