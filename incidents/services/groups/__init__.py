"""Acts on several cases: in bulk, on groups, and on several declarations of one incident."""
