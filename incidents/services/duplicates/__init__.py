"""Several declarations of one incident: the merge of their cases, and what a main case takes from its duplicates."""
