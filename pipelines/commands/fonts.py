"""earshot fonts: fonts for more scripts in the PDFs and charts of reports.

Here: the command.
Not here: which fonts they are and how they come (reports/drawing/noto.py).
"""

from __future__ import annotations

import click

from pipelines import console
from pipelines.settings import load_settings
from reports.drawing.noto import fetch_fonts, fetched_fonts


@click.command()
def fonts() -> None:
    """Fetch fonts for Chinese, Japanese, Korean and some hundred more scripts, once for this user.

    Without them, reports are made and sent all the same: the mail's text is whole, and the PDF and the charts show a
    mark for each character that no font has.
    """
    own = load_settings().fonts_path
    if own is not None:
        console.out.print(f"EARSHOT_FONTS names {own}, which is used instead.")
        return
    had = fetched_fonts() is not None
    folder = fetch_fonts(console.out.print)
    console.out.print(f"{'They are' if had else 'Fetched'}: {folder}")
