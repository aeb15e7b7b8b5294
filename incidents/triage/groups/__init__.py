"""Cases that are one affair: groups, and several declarations of one incident."""
