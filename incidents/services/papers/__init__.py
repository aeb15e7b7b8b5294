"""What is printed: cards, packs, and the task that makes them."""
