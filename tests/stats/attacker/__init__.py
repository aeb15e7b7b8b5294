"""Whoever wants to know more than is published: it has what is served to everybody, and no code of `stats`.

`served` fetches each release and holds its files against each other, `said` holds the pages against the files,
`knowledge` adds what everybody knows, `system` tries every content that agrees with all of it, `proofs` says what
holds in each of them. Whether what was proved concerns few bodies, only the judge knows (`tests/stats/judge.py`).
"""
