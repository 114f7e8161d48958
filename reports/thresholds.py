"""Thresholds: from how much evidence on a number is shown, once for what computes and for what is written about it.

Here: the numbers. Results, sentences, definitions and the SQL that recomputes a report all take them from here.
Not here: what is done where one is not met (stated in each module), limits of layout.
"""

from __future__ import annotations

# Under 5 conversions a ratio is noise and only counts are shown; under 30 its interval is wider than most changes, and
# the number is marked as of low confidence.
FEWEST_FOR_RATIOS = 5
FEWEST_FOR_CONFIDENCE = 30

# Below a fifth of usable addresses, or five conversions, the other addresses are not taken to respond alike.
LEAST_USABLE_SHARE = 0.2
FEWEST_TO_MODEL = 5

# A comparison that could not have found a lift of 30 % finds luck: the smallest detectable lift is shown instead.
LARGEST_DETECTABLE_LIFT = 0.30

# With fewer conversions of a goal, models fitted to all journeys give the totals of the linear model.
FEWEST_TO_FIT = 300

# A median of few campaigns is nearly one of them: five of three sponsors, so that it gives away nobody's number.
FEWEST_PEER_CAMPAIGNS = 5
FEWEST_PEER_SPONSORS = 3
