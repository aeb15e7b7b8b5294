"""What a declarant does after declaring."""
