"""A body that no list carries, added while declaring. The journey goes on with it as with any other."""
