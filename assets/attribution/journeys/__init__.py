"""Journeys: data-driven models, fitted to all journeys, those without a conversion too."""
