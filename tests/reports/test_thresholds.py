"""Thresholds are stated once: what computes and what is written about it follow the same number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from reports import thresholds

CHECKOUT = Path(__file__).parents[2]

# Other values than the shipped ones, set before anything else is loaded.
FOLLOW = """
from reports import thresholds

thresholds.FEWEST_FOR_RATIOS = 7
thresholds.FEWEST_FOR_CONFIDENCE = 41
thresholds.LEAST_USABLE_SHARE = 0.37
thresholds.FEWEST_TO_MODEL = 6
thresholds.LARGEST_DETECTABLE_LIFT = 0.45
thresholds.FEWEST_TO_FIT = 432

import inspect
from dataclasses import replace

import polars as pl

from assets.attribution import channel_totals
from assets.campaigns.results.incrementality import measure_lift
from assets.campaigns.results.kpis import measure_data_driven
from assets.reporting.tracing.numbers import NUMBERS
from reports.facts.comparisons import Lift
from tests.reports.conftest import make_facts
from reports.compose import compose

text = compose(make_facts()).canonical_json()
definition = {pair.term: pair.text for pair in compose(make_facts()).definitions.pairs}["Low confidence"]
assert "Fewer than 41 conversions. Below 7," in definition, definition
assert "CPA is since the campaign’s start, shown from 7 conversions" in text and "from 5 conversions" not in text, text
assert "at least 5 of at least 3 sponsors" in text
coarse = Lift("Spring", None, causal=True, households=100, base_households=100, smallest=0.8)
assert "has to find 45% to be shown" in compose(make_facts(lifts=(coarse,))).canonical_json()
few = replace(make_facts().now, sample=40)
assert "Low confidence: fewer than 41 conversions" in compose(make_facts(now=few)).canonical_json()
totals = make_facts().model_totals
marked = replace(totals, rows=tuple(replace(row, is_fallback=True) for row in totals.rows))
assert "Fewer than 432 conversions are too few" in compose(make_facts(model_totals=marked)).canonical_json()
assert inspect.signature(channel_totals).parameters["fewest_conversions"].default == 432
assert ">= 7 THEN" in NUMBERS["roas"].value
modelled = NUMBERS["modelled_conversions"].value
assert "ads.usable >= 0.37 * ads.impressions" in modelled and "matched.conversions >= 6" in modelled, modelled

# A sample of six was enough before; a lift that is found from 40 % on was not.
scope = {"tenant_id": ["harbor"], "scope_id": ["spring"]}
answers = {**scope, "model": ["markov"], "conversions": [6.0], "sample": [6], "revenue_minor": [600]}
bounds = ("conversions_lower", "conversions_upper", "revenue_lower", "revenue_upper", "aov_lower", "aov_upper")
answers |= {name: [1.0] for name in bounds} | {"is_fallback": [False]}
delivery = {**scope, "placement_id": ["mid"], "impressions": [100], "usable_impressions": [30]}
delivery |= {"mature_impressions": [100], "clicks": [0]}
spend = {**scope, "spend_minor": [300], "cost_minor": [300], "booked": [100], "expected": [100], "make_good": [0]}
results = measure_data_driven(
    pl.DataFrame({**scope, "currency": ["USD"], "margin": [0.5], "config_version": [1]}),
    pl.DataFrame(delivery),
    pl.DataFrame({**scope, "households": [90], "consumers": [95]}),
    pl.DataFrame({**spend, "delivered": [100]}),
    pl.DataFrame(answers),
)
assert results.filter(kpi="roas")["badge"].item() == "too_few", results
stratum = {"tenant_id": ["harbor"], "campaign_id": ["spring"], "design": ["holdout"], "podcast_id": [None]}
stratum |= {"week": [None], "households": [2000], "responders": [120], "value": [0.0], "squares": [0.0]}
stratum |= {"base_households": [2000], "base_responders": [100], "base_value": [0.0], "base_squares": [0.0]}
(lift,) = measure_lift(pl.DataFrame(stratum))
assert 0.3 < lift["minimum_detectable_lift"] <= 0.45 and lift["is_shown"], lift
"""


def test_results_sentences_and_sql_follow_a_changed_threshold() -> None:
    done = subprocess.run([sys.executable, "-c", FOLLOW], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_documents_state_the_same_numbers() -> None:
    attribution, sponsors, catalogue = (
        " ".join((CHECKOUT / name).read_text().split())
        for name in ("docs/attribution.md", "docs/sponsors.md", "sql/catalogue.toml")
    )
    few, confident = thresholds.FEWEST_FOR_RATIOS, thresholds.FEWEST_FOR_CONFIDENCE
    lift = f"{thresholds.LARGEST_DETECTABLE_LIFT:.0%}".replace("%", " %")
    assert (
        f"Under {few} conversions Earshot shows counts and no ratios; from {few} to {confident - 1} it" in attribution
    )
    assert f"Above {lift} the lift itself is not shown" in attribution
    assert f"Above {lift} we print it instead of the lift" in sponsors
    assert f"minimum detectable lift is at most {lift}" in catalogue
    assert (thresholds.LEAST_USABLE_SHARE, thresholds.FEWEST_TO_MODEL) == (1 / 5, 5)
    assert "at least a fifth of the addresses are usable and five conversions were seen" in attribution
    assert "fewer than a fifth of the ads were at usable addresses or fewer than five" in sponsors
    assert f"fewer than {thresholds.FEWEST_TO_FIT} conversions of your goal" in sponsors
    assert f"Under {thresholds.FEWEST_TO_FIT} conversions" in attribution
    assert (thresholds.FEWEST_PEER_CAMPAIGNS, thresholds.FEWEST_PEER_SPONSORS) == (5, 3)
    assert "at least five campaigns of at least three other sponsors" in sponsors
    assert "unless 5 campaigns of 3 sponsors" in catalogue
