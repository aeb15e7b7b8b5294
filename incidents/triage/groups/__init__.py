"""Cases with a common cause: the pages of groups of cases."""
