"""The public journey: three screens whose answers travel in the address, and one post that stores them."""
