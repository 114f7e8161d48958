"""What sponsors see: content, drawing, rendering and delivery; without Dagster."""
