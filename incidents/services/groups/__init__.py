"""Acts on several cases: bulk jobs, groups of cases, and the merge of two declarations of one incident."""
