"""Labels: the fixed terms and explanations of a report, as messages in English.

Here: names of models, goals, signals and positions as a sponsor reads them, definitions, limits. They are printed
through `Formatter.say`, in the reader's language.
Not here: sentences with numbers in them (sentences.py), anything that depends on one report's facts.
"""

from __future__ import annotations

from reports.wording.catalogues import counted, message

MODELS = {
    "first_touch": message("First touch"),
    "last_touch": message("Last touch"),
    "last_paid_touch": message("Last paid touch"),
    "linear": message("Linear"),
    "time_decay": message("Time decay"),
    "position_based": message("Position-based"),
    "j_shaped": message("J-shaped"),
    "inverse_j": message("Inverse J"),
    "markov": message("Markov"),
    "counterfactual": message("Counterfactual"),
}

MODEL_RULES = {
    "first_touch": message("all credit to the first ad of the path"),
    "last_touch": message("all credit to the last ad of the path"),
    "last_paid_touch": message("all credit to the last paid ad of the path"),
    "linear": message("equal credit to every ad of the path"),
    "position_based": message("40% to the first ad, 40% to the last, 20% shared by those between"),
    "j_shaped": message("20% to the first ad, 60% to the last, 20% shared by those between"),
    "inverse_j": message("60% to the first ad, 20% to the last, 20% shared by those between"),
    "markov": message("credit by how many conversions would be lost without the placement"),
    "counterfactual": message("credit by how much less likely the conversion would have been without the ad"),
}

# What an address stands for, for one and for any other number of them, in the order in which they are told.
ADDRESSES = {
    "household": counted("{number} household", "{number} households"),
    "commercial": counted("{number} office", "{number} offices"),
    "cellular": counted("{number} mobile network address", "{number} mobile network addresses"),
    "data_centre": counted("{number} data centre address", "{number} data centre addresses"),
    "unknown": counted("{number} address of unknown kind", "{number} addresses of unknown kind"),
}

# A campaign's goal, as the end of "A conversion is ...".
GOALS = {
    "visit": message("a visit"),
    "lead": message("a lead"),
    "signup": message("a sign-up"),
    "install": message("an install"),
    "trial": message("a trial"),
    "purchase": message("a purchase"),
}

SIGNALS = {
    "pixel": message("pixel"),
    "server": message("server call"),
    "promo_code": message("promo code"),
    "vanity_url": message("vanity URL"),
    "utm": message("UTM link"),
    "survey": message("survey"),
}

POSITIONS = {"pre": message("pre-roll"), "mid": message("mid-roll"), "post": message("post-roll")}

CADENCES = {
    "weekly": message("Weekly sponsor report for"),
    "monthly": message("Monthly sponsor report for"),
    "end_of_campaign": message("End-of-campaign report for"),
}

# Why a recipient gets a report: of one campaign, or of all. Each whole, because words bend by what they stand beside.
REASONS = {
    "weekly": message(
        "You get this weekly report because {sponsor} runs your campaign {campaign} with {brand} and named this "
        "address for it."
    ),
    "monthly": message(
        "You get this monthly report because {sponsor} runs your campaign {campaign} with {brand} and named this "
        "address for it."
    ),
    "end_of_campaign": message(
        "You get this final report because {sponsor} runs your campaign {campaign} with {brand} and named this address "
        "for it."
    ),
}
REASONS_FOR_ALL = {
    "weekly": message(
        "You get this weekly report because {sponsor} runs your campaigns with {brand} and named this address for it."
    ),
    "monthly": message(
        "You get this monthly report because {sponsor} runs your campaigns with {brand} and named this address for it."
    ),
    "end_of_campaign": message(
        "You get this final report because {sponsor} runs your campaigns with {brand} and named this address for it."
    ),
}

# The de-duplication windows of PTMG 2.3, section 5.5.
DOWNLOAD_WINDOWS = {
    "calendar_day": message("one per listener, episode and UTC calendar day"),
    "first_touch": message("one per listener and episode in 24 hours from the first request"),
    "last_touch": message("one per listener and episode until 24 hours pass without a request"),
}

# What campaigns can be compared by, in the order in which they are read.
KPIS = {
    "frequency": message("Ads per address reached"),
    "delivery_rate": message("Delivered of booked ads"),
    "cpm": message("Price per thousand booked ads (CPM)"),
    "ecpm": message("Cost per thousand delivered ads (eCPM)"),
    "conversion_rate": message("Households that converted after an ad, of all reached"),
    "visitor_rate": message("Households that visited after an ad, of all reached"),
    "cpv": message("Cost per visit (CPV)"),
    "cpl": message("Cost per lead (CPL)"),
    "cpa": message("Cost per conversion (CPA)"),
    "aov": message("Revenue per conversion (AOV)"),
    "roas": message("Return on ad spend (ROAS)"),
    "roi": message("Return on investment (ROI)"),
}

# What was folded together, because it stands for few households.
OTHER_SHOW, OTHER_ROWS = message("Other"), message("Other (few households)")

DEFINITIONS = (
    (
        message("Ads delivered"),
        message("Ads whose audio was downloaded as part of a valid download, or that an app reported as played."),
    ),
    (
        message("Reach"),
        message(
            "Distinct internet addresses that were delivered at least one ad: of households, offices, mobile networks, "
            "and unknown ones. Reach is counted, never summed."
        ),
    ),
    (message("Frequency"), message("Ads delivered divided by reach.")),
    (
        message("Conversion"),
        message(
            "One order or action of the campaign's goal, however many signals reported it. Its credit is shared by the "
            "ads on its path, so a placement can earn a fraction; rounded fractions may miss the total by one digit."
        ),
    ),
    (
        message("Return on ad spend (ROAS)"),
        message(
            "Attributed revenue, after refunds, divided by spend, both of the same ads: since the campaign’s start."
        ),
    ),
    (
        message("Cost per conversion (CPA)"),
        message("Spend divided by attributed conversions, both since the campaign’s start."),
    ),
    (
        message("Spend"),
        message(
            "The cost of what was delivered: read-in ads on the day they air, inserted ads as they are delivered, up "
            "to the booked cost."
        ),
    ),
    (
        message("95% interval"),
        message(
            "The range in which the true number lies in 95 of 100 cases like this one. A wide range means few "
            "households."
        ),
    ),
    (
        message("Low confidence"),
        message("Fewer than {confident} conversions. Below {fewest}, ratios are not shown at all."),
    ),
    (
        message("Attribution window"),
        message(
            "The time after an ad in which a conversion can be credited to it. It is counted from the delivery of each "
            "ad, and not from the day on which an episode aired."
        ),
    ),
)

# What the numbers do not show. It stands in every report.
LIMITS = (
    message("This report credits ads in {brand}’s shows only; it does not see what other media did."),
    message("Attribution is not proof of cause: a household that heard an ad might have bought without it."),
    message("An ad counts as delivered when its audio was downloaded; that does not show that it was heard."),
    message("Households are told apart by their internet connection, so reach is close to, but not, a count of homes."),
)
