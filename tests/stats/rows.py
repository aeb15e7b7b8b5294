"""Rows of a table of figures, as a page writes them."""


def format_row(label: str, *figures: int | str) -> str:
    cells = "".join(f'<td class="number">{figure}</td>' for figure in figures)
    return f'<tr><th scope="row">{label}</th>{cells}</tr>'


def format_two_years(label: str, *pairs: tuple[int | str, int | str]) -> str:
    """Return a row in which each figure of the year is followed by that of the year before."""
    cells = "".join(f'<td class="number">{now}</td><td class="number before">{then}</td>' for now, then in pairs)
    return f'<tr><th scope="row">{label}</th>{cells}</tr>'
