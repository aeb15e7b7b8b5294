"""French grammar that any page needs."""


def choose_plural(one: str, several: str, number: int) -> str:
    """Return the singular for 0 and 1, as French does, and the plural from 2 on. Placeholders in the two forms stay
    unfilled.
    """
    return one if number < 2 else several
