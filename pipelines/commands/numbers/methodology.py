"""earshot methodology: how a tenant's numbers are made, on one page.

Here: the command.
Not here: the text of the page (assets/methods/methodology.py).
"""

from __future__ import annotations

from pathlib import Path

import click

from assets.methods.publishing import publish_methodologies
from pipelines import console, runtime
from pipelines.settings import load_settings
from sql.values import Scope


@click.command()
@click.option("--tenant", required=True, metavar="SLUG", help="Whose numbers.")
@click.option("--format", "spelling", type=click.Choice(["md", "html"]), default="md", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; the screen by default.")
def methodology(tenant: str, spelling: str, output: Path | None) -> None:
    """Write the methodology page of a tenant, made of the configuration in force. A new version of it is kept."""
    settings = load_settings()
    measured = runtime.measurement(settings)
    with runtime.open_warehouse(settings) as warehouse:
        scope = Scope((warehouse.tenant_id(tenant),))
        [page] = publish_methodologies(warehouse, scope, measured.rules, measured.ranges, measured.keyring)
    text = page.methodology.html if spelling == "html" else page.methodology.markdown
    if output is None:
        console.page(text)
        return
    console.write_output(output, text)
    news = ", kept as a new version" if page.is_new else ""
    console.out.print(f"{output}: methodology {page.methodology.version} of {page.slug}{news}")
