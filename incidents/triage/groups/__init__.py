"""Cases with a common cause: groups of cases, and several declarations of one incident."""
