"""Acts on several cases: in bulk, in groups, of several declarations of one incident."""
