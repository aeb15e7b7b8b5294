"""Believable invented cases for demonstrations, tests and benchmarks. Never for a database with real ones."""
