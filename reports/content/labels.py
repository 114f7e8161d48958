"""Labels: the fixed English terms and explanations of a report.

Here: names of models, goals, signals and positions as a sponsor reads them, definitions, limits.
Not here: sentences with numbers in them (sentences.py), anything that depends on one report's facts.
"""

from __future__ import annotations

from reports.thresholds import FEWEST_FOR_CONFIDENCE, FEWEST_FOR_RATIOS

MODELS = {
    "first_touch": "First touch",
    "last_touch": "Last touch",
    "last_paid_touch": "Last paid touch",
    "linear": "Linear",
    "time_decay": "Time decay",
    "position_based": "Position-based",
    "j_shaped": "J-shaped",
    "inverse_j": "Inverse J",
    "markov": "Markov",
    "counterfactual": "Counterfactual",
}

MODEL_RULES = {
    "first_touch": "all credit to the first ad of the path",
    "last_touch": "all credit to the last ad of the path",
    "last_paid_touch": "all credit to the last paid ad of the path",
    "linear": "equal credit to every ad of the path",
    "position_based": "40% to the first ad, 40% to the last, 20% shared by those between",
    "j_shaped": "20% to the first ad, 60% to the last, 20% shared by those between",
    "inverse_j": "60% to the first ad, 20% to the last, 20% shared by those between",
    "markov": "credit by how many conversions would be lost without the placement",
    "counterfactual": "credit by how much less likely the conversion would have been without the ad",
}

# What an address stands for, for one and for any other number of them, in the order in which they are told.
ADDRESSES = {
    "household": ("{number} household", "{number} households"),
    "commercial": ("{number} office", "{number} offices"),
    "cellular": ("{number} mobile network address", "{number} mobile network addresses"),
    "data_centre": ("{number} data centre address", "{number} data centre addresses"),
    "unknown": ("{number} address of unknown kind", "{number} addresses of unknown kind"),
}

# A campaign's goal, as the end of "A conversion is ...".
GOALS = {
    "visit": "a visit",
    "lead": "a lead",
    "signup": "a sign-up",
    "install": "an install",
    "trial": "a trial",
    "purchase": "a purchase",
}

SIGNALS = {
    "pixel": "pixel",
    "server": "server call",
    "promo_code": "promo code",
    "vanity_url": "vanity URL",
    "utm": "UTM link",
    "survey": "survey",
}

POSITIONS = {"pre": "pre-roll", "mid": "mid-roll", "post": "post-roll"}

CADENCES = {
    "weekly": "Weekly sponsor report for",
    "monthly": "Monthly sponsor report for",
    "end_of_campaign": "End-of-campaign report for",
}

# The de-duplication windows of PTMG 2.3, section 5.5.
DOWNLOAD_WINDOWS = {
    "calendar_day": "one per listener, episode and UTC calendar day",
    "first_touch": "one per listener and episode in 24 hours from the first request",
    "last_touch": "one per listener and episode until 24 hours pass without a request",
}

# What campaigns can be compared by, in the order in which they are read.
KPIS = {
    "frequency": "Ads per address reached",
    "delivery_rate": "Delivered of booked ads",
    "cpm": "Price per thousand booked ads (CPM)",
    "ecpm": "Cost per thousand delivered ads (eCPM)",
    "conversion_rate": "Households that converted after an ad, of all reached",
    "visitor_rate": "Households that visited after an ad, of all reached",
    "cpv": "Cost per visit (CPV)",
    "cpl": "Cost per lead (CPL)",
    "cpa": "Cost per conversion (CPA)",
    "aov": "Revenue per conversion (AOV)",
    "roas": "Return on ad spend (ROAS)",
    "roi": "Return on investment (ROI)",
}

DEFINITIONS = (
    ("Ads delivered", "Ads whose audio was downloaded as part of a valid download, or that an app reported as played."),
    (
        "Reach",
        "Distinct internet addresses that were delivered at least one ad: of households, offices, mobile networks, and "
        "unknown ones. Reach is counted, never summed.",
    ),
    ("Frequency", "Ads delivered divided by reach."),
    (
        "Conversion",
        "One order or action of the campaign's goal, however many signals reported it. Its credit is shared by the ads "
        "on its path, so a placement can earn a fraction; rounded fractions may miss the total by one digit.",
    ),
    (
        "Return on ad spend (ROAS)",
        "Attributed revenue, after refunds, divided by spend, both of the same ads: since the campaign’s start.",
    ),
    ("Cost per conversion (CPA)", "Spend divided by attributed conversions, both since the campaign’s start."),
    (
        "Spend",
        "The cost of what was delivered: read-in ads on the day they air, inserted ads as they are delivered, up to "
        "the booked cost.",
    ),
    (
        "95% interval",
        "The range in which the true number lies in 95 of 100 cases like this one. A wide range means few households.",
    ),
    (
        "Low confidence",
        f"Fewer than {FEWEST_FOR_CONFIDENCE} conversions. Below {FEWEST_FOR_RATIOS}, ratios are not shown at all.",
    ),
    (
        "Attribution window",
        "The time after an ad in which a conversion can be credited to it. It is counted from the delivery of each ad, "
        "and not from the day on which an episode aired.",
    ),
)


def limits(brand: str) -> tuple[str, ...]:
    """What the numbers do not show. It stands in every report."""
    return (
        f"This report credits ads in {brand}’s shows only; it does not see what other media did.",
        "Attribution is not proof of cause: a household that heard an ad might have bought without it.",
        "An ad counts as delivered when its audio was downloaded; that does not show that it was heard.",
        "Households are told apart by their internet connection, so reach is close to, but not, a count of homes.",
    )
