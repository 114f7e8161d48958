"""Journeys: models that learn from all journeys, those without a conversion too."""
