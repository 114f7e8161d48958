"""What sponsors see: content, drawing, rendering and delivery; knows no Dagster."""
