"""Drawing: charts, colours and typefaces."""
