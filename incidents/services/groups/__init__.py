"""Acts on several cases: bulk jobs and groups of cases."""
